//! Connections that come while there is no session, and what becomes of their clients meanwhile.

use std::net::Ipv4Addr;

use culvert_tests::{Rig, digest, download, impatient};
use ssm_sim::{ApiFault, Operation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tunnel::{Destination, Snapshot, State};

use crate::transfer::fast;

fn is_reconnecting(snapshot: &Snapshot) -> bool {
    matches!(snapshot.state, State::Reconnecting { .. })
}

/// Takes the tunnel's session away until [`give_back`].
async fn take_away(rig: &Rig) {
    let fault = ApiFault::Error {
        code: "InternalServerError".to_owned(),
        message: "not now".to_owned(),
        status: 500,
    };
    let faults = rig.sim.faults();
    faults.fail_api(Operation::ResumeSession, fault, None);
    faults.close(1000, "Bye");
    rig.wait_for(is_reconnecting).await.unwrap();
}

fn give_back(rig: &Rig) {
    rig.sim.faults().clear_api(Operation::ResumeSession);
    rig.tunnel.try_now();
}

/// A connection that waits for a session, and has asked already.
async fn parked(rig: &Rig, waiting: u32, question: &[u8]) -> TcpStream {
    let mut stream = rig.connect().await.unwrap();
    stream.write_all(question).await.unwrap();
    rig.wait_for(|snapshot| snapshot.waiting == waiting)
        .await
        .unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_is_not_dialled_for_a_client_that_is_gone_when_the_session_is_back() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = |config: &mut tunnel::TunnelConfig| config.destination = Destination::Port(port);
    let rig = Rig::start_with(fast(), to).await.unwrap();
    take_away(&rig).await;
    let gone = parked(&rig, 1, b"gone").await;
    let stays = parked(&rig, 2, b"here").await;
    drop(gone);
    give_back(&rig);
    // The first in the queue would be the first to be dialled for.
    let (mut far, _) = impatient(listener.accept()).await.unwrap().unwrap();
    let mut question = [0; 4];
    impatient(far.read_exact(&mut question))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&question, b"here");
    // On whichever session: those that come together get one each.
    let one = |sessions: &[ssm_sim::SessionView]| {
        sessions
            .iter()
            .map(|session| session.connections)
            .sum::<u64>()
            == 1
    };
    impatient(rig.sim.wait_for(|sessions, _| one(sessions)))
        .await
        .unwrap();
    drop(stays);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_only_shut_its_write_side_is_answered_when_the_session_is_back() {
    const COUNT: u64 = 100_000;
    let rig = Rig::start(fast()).await.unwrap();
    take_away(&rig).await;
    let mut question = [b'D'; 9];
    question[1..].copy_from_slice(&COUNT.to_be_bytes());
    let mut stream = parked(&rig, 1, &question).await;
    stream.shutdown().await.unwrap();
    give_back(&rig);
    let mut answer = Vec::new();
    impatient(stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.len() as u64, COUNT);
    // It came whole, and the tunnel serves the next one.
    let mut stream = rig.connect().await.unwrap();
    let came = impatient(download(&mut stream, COUNT)).await.unwrap();
    assert_eq!(came.unwrap(), digest(COUNT));
    rig.stop().await;
}
