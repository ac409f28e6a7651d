//! How many sessions there are: none before they are needed, more beside a transfer.

use std::time::Duration;

use culvert_tests::{Destination, Rig, echo, impatient, round};
use ssm_sim::{Operation, SessionView, Simulator};
use tokio::net::TcpStream;
use tunnel::{Snapshot, Start, State, Tunnel};

use crate::transfer::fast;

/// How long nobody must use a lazy tunnel until its sessions are ended.
const IDLE: Duration = Duration::from_millis(300);

fn all_over(sessions: &[SessionView]) -> bool {
    sessions
        .iter()
        .all(|session| session.terminated_by.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lazy_tunnel_has_a_session_only_while_it_is_used() {
    let sim = Simulator::start(fast()).await.unwrap();
    let destination = Destination::start().await.unwrap();
    let mut config = Rig::config(&sim, &destination);
    config.policy.start = Start::Lazy { idle: IDLE };
    let tunnel = Tunnel::start(config).await.unwrap();
    let mut snapshot = tunnel.snapshot();
    let is_listening = |snapshot: &Snapshot| snapshot.state == State::Listening;
    for used in 0..3_u64 {
        impatient(snapshot.wait_for(is_listening))
            .await
            .unwrap()
            .unwrap();
        let stats = sim.stats();
        assert_eq!(stats.calls(Operation::StartSession), used);
        assert!(all_over(&sim.sessions()));
        let address = tunnel.snapshot().borrow().addresses[0].clone();
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let back = impatient(echo(&mut stream, b"awake")).await.unwrap();
        assert_eq!(back.unwrap(), b"awake");
        assert_eq!(sim.living_sessions().len(), 1);
        drop(stream);
        impatient(sim.wait_for(|sessions, _| all_over(sessions)))
            .await
            .unwrap();
    }
    tunnel.stop().await;
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_transfer_another_session_carries_new_connections() {
    let rig = Rig::start(fast()).await.unwrap();
    assert_eq!(rig.snapshot().sessions, 1);
    let mut bulk = rig.connect().await.unwrap();
    let transfer = tokio::spawn(async move {
        for seed in 0.. {
            round(&mut bulk, seed == 0, 1024 * 1024, seed)
                .await
                .unwrap();
        }
    });
    rig.wait_for(|snapshot| snapshot.sessions == 2)
        .await
        .unwrap();
    let mut stream = rig.connect().await.unwrap();
    let back = impatient(echo(&mut stream, b"beside")).await.unwrap();
    assert_eq!(back.unwrap(), b"beside");
    let sessions = rig.sim.sessions();
    let carried: Vec<_> = sessions.iter().map(|session| session.connections).collect();
    assert_eq!(carried, [1, 1]);
    assert!(!transfer.is_finished());
    transfer.abort();
    rig.stop().await;
}
