//! A new WebSocket ahead of the gateway's close, whatever the service makes of a ResumeSession
//! while the old one is open.

use std::time::Duration;

use culvert_tests::{Rig, impatient, round};
use ssm_sim::{Operation, ResumeWhileConnected};
use tokio::net::TcpStream;
use tunnel::{PoolSize, Snapshot, State, TunnelConfig};

use crate::transfer::fast;

/// At which age a WebSocket is renewed here; 50 min by default.
const AGE: Duration = Duration::from_secs(1);

/// Bytes that go each way between two renewals.
const ROUND: u64 = 200_000;

fn soon(config: &mut TunnelConfig) {
    config.policy.renew_after = Some(AGE);
    config.policy.sessions = PoolSize::fixed(1);
}

/// Has one connection and a quiet one live through two new WebSockets; returns how the tunnel is
/// then.
async fn lives_on(choice: ResumeWhileConnected, fresh: fn(&Snapshot) -> u32) -> Snapshot {
    let mut settings = fast();
    settings.gateway.resume_while_connected = choice;
    let rig = Rig::start_with(settings, soon).await.unwrap();
    let mut busy = rig.connect().await.unwrap();
    let mut quiet = rig.connect().await.unwrap();
    round_of(&rig, &mut quiet, true, 100).await;
    for seed in 0..3 {
        round_of(&rig, &mut busy, seed == 0, seed).await;
        if seed < 2 {
            // Between two rounds nothing moves.
            let wanted = u32::try_from(seed).unwrap() + 1;
            rig.wait_for(|snapshot| {
                fresh(snapshot) >= wanted && matches!(snapshot.state, State::Up { .. })
            })
            .await
            .unwrap();
        }
    }
    round_of(&rig, &mut quiet, false, 101).await;
    let snapshot = rig.snapshot();
    let sessions = rig.sim.sessions();
    assert_eq!(sessions.len(), 1, "{snapshot:?}");
    assert!(sessions[0].websockets >= 3, "{:?}", sessions[0]);
    assert!(rig.sim.stats().calls(Operation::ResumeSession) >= 2);
    assert_eq!(snapshot.replacements, 0, "{snapshot:?}");
    assert_eq!(snapshot.connections, 2, "{snapshot:?}");
    rig.stop().await;
    snapshot
}

async fn round_of(rig: &Rig, stream: &mut TcpStream, is_first: bool, seed: u64) {
    let played = impatient(round(stream, is_first, ROUND, seed)).await;
    let played = played.unwrap();
    played
        .map_err(|error| format!("{error}: {:?}", rig.snapshot()))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_allows_it_renews_without_a_reconnect() {
    let snapshot = lives_on(ResumeWhileConnected::Allowed, |snapshot| snapshot.renewals).await;
    assert_eq!(snapshot.reconnects, 0, "{snapshot:?}");
    assert_eq!(snapshot.last_close, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_it_is_asked_after_a_close_of_ours_at_a_quiet_moment() {
    let snapshot = lives_on(ResumeWhileConnected::Refused, |snapshot| snapshot.renewals).await;
    assert_eq!(snapshot.reconnects, 0, "{snapshot:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_closes_the_old_websocket_makes_a_reconnect_of_it() {
    let fresh = |snapshot: &Snapshot| snapshot.reconnects + snapshot.renewals;
    let snapshot = lives_on(ResumeWhileConnected::Closes, fresh).await;
    let close = snapshot.last_close.unwrap();
    assert_eq!(close.reason, "resumed elsewhere");
}
