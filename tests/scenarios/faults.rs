//! The service misbehaves; the connections live on, and each byte comes once and in order.

use std::time::Duration;

use culvert_tests::{Rig, digest, download, echo, exchange, impatient, upload};
use ssm_sim::{Action, ApiFault, BlackHole, Direction, MessageFaults, Operation, Refusal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tunnel::State;

use crate::transfer::fast;

const COUNT: u64 = 3 * 1024 * 1024;

fn bye() -> Action {
    Action::Close {
        code: 1000,
        reason: "Bye".to_owned(),
    }
}

/// Notices a dead path in well under a second.
fn quick_pings(config: &mut tunnel::TunnelConfig) {
    config.session.ping_interval = Duration::from_millis(300);
    config.session.ping_patience = Duration::from_millis(300);
}

/// Every way in which the client's WebSocket can end in the middle of a transfer.
fn cuts() -> [Action; 3] {
    [bye(), Action::Reset, Action::Drop]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_in_mid_download_loses_and_doubles_nothing() {
    let rig = Rig::start(fast()).await.unwrap();
    for action in cuts() {
        let mut stream = rig.connect().await.unwrap();
        let half = rig
            .sim
            .faults()
            .cut_after(Direction::ToClient, COUNT / 2, action);
        assert_eq!(
            impatient(download(&mut stream, COUNT))
                .await
                .unwrap()
                .unwrap(),
            digest(COUNT)
        );
        assert!(half.happened().await);
    }
    let snapshot = rig.snapshot();
    assert!(snapshot.reconnects >= 3, "{snapshot:?}");
    assert_eq!(snapshot.replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_in_mid_upload_loses_and_doubles_nothing() {
    let rig = Rig::start(fast()).await.unwrap();
    for action in cuts() {
        let mut stream = rig.connect().await.unwrap();
        let half = rig
            .sim
            .faults()
            .cut_after(Direction::ToAgent, COUNT / 2, action);
        assert_eq!(
            impatient(upload(&mut stream, COUNT))
                .await
                .unwrap()
                .unwrap(),
            digest(COUNT)
        );
        assert!(half.happened().await);
    }
    assert_eq!(rig.snapshot().replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_close_is_told_with_code_and_reason() {
    let rig = Rig::start(fast()).await.unwrap();
    rig.sim.faults().close(1000, "Bye");
    let snapshot = rig
        .wait_for(|snapshot| snapshot.reconnects == 1)
        .await
        .unwrap();
    let close = snapshot.last_close.unwrap();
    assert_eq!((close.code, close.reason.as_str()), (Some(1000), "Bye"));
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(echo(&mut stream, b"alive").await.unwrap(), b"alive");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_resets_under_traffic_both_ways_lose_nothing() {
    const COUNT: u64 = 1024 * 1024;
    let rig = Rig::start(fast()).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    // All are set before the transfer, so a test that stands still for a while misses none.
    let resets: Vec<_> = (1..=8)
        .map(|nth| {
            rig.sim
                .faults()
                .cut_after(Direction::ToClient, nth * 100_000, Action::Reset)
        })
        .collect();
    let both = impatient(exchange(&mut stream, COUNT)).await.unwrap();
    let both = both
        .map_err(|error| format!("{error}: {:?}", rig.snapshot()))
        .unwrap();
    assert_eq!(both, (digest(COUNT), digest(COUNT)));
    for reset in resets {
        assert!(reset.happened().await);
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_doubled_and_reordered_messages_are_borne() {
    let rig = Rig::start(fast()).await.unwrap();
    let faults = MessageFaults {
        loss: 2.0,
        duplicates: 2.0,
        reordering: 5.0,
    };
    rig.sim.faults().messages(Direction::ToAgent, faults);
    rig.sim.faults().messages(Direction::ToClient, faults);
    let mut stream = rig.connect().await.unwrap();
    let both = impatient(exchange(&mut stream, 512 * 1024))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(both, (digest(512 * 1024), digest(512 * 1024)));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_path_is_noticed_and_the_connection_lives_on() {
    let rig = Rig::start_with(fast(), quick_pings).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(echo_some(&mut stream, b"before").await, b"before");
    rig.sim.faults().freeze();
    let snapshot = rig
        .wait_for(|snapshot| snapshot.last_close.is_some())
        .await
        .unwrap();
    let close = snapshot.last_close.unwrap();
    assert_eq!(close.code, None);
    assert!(close.reason.starts_with("no answer"), "{close:?}");
    rig.sim.faults().thaw();
    rig.wait_for(|snapshot| matches!(snapshot.state, State::Up { .. }))
        .await
        .unwrap();
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(echo(&mut stream, b"after").await.unwrap(), b"after");
    rig.stop().await;
}

async fn echo_some(stream: &mut tokio::net::TcpStream, bytes: &[u8]) -> Vec<u8> {
    impatient(echo(stream, bytes)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn resumes_that_fail_are_retried_while_new_connections_wait() {
    let rig = Rig::start(fast()).await.unwrap();
    let fault = ApiFault::Error {
        code: "InternalServerError".to_owned(),
        message: "try again".to_owned(),
        status: 500,
    };
    rig.sim
        .faults()
        .fail_api(Operation::ResumeSession, fault, Some(3));
    rig.sim.faults().close(1000, "Bye");
    rig.wait_for(|snapshot| matches!(snapshot.state, State::Reconnecting { .. }))
        .await
        .unwrap();
    // Accepted while there is no session: it waits, and is served.
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(echo_some(&mut stream, b"waited").await, b"waited");
    assert_eq!(rig.snapshot().replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_upgrades_are_retried_with_new_tokens() {
    let rig = Rig::start(fast()).await.unwrap();
    rig.sim
        .faults()
        .refuse_upgrades(Refusal::status(500), Some(2));
    rig.sim.faults().reset();
    rig.wait_for(|snapshot| snapshot.reconnects == 1)
        .await
        .unwrap();
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(echo_some(&mut stream, b"again").await, b"again");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_service_ended_is_replaced_and_the_port_stays() {
    let rig = Rig::start(fast()).await.unwrap();
    let mut old = rig.connect().await.unwrap();
    assert_eq!(echo_some(&mut old, b"before").await, b"before");
    let mut cut = rig.connect().await.unwrap();
    cut.write_u8(b'E').await.unwrap();
    cut.write_u64(8).await.unwrap();
    cut.write_all(b"half").await.unwrap();
    let mut half = [0; 4];
    impatient(cut.read_exact(&mut half)).await.unwrap().unwrap();
    rig.sim.faults().channel_closed("terminated by the test");
    let snapshot = rig
        .wait_for(|snapshot| snapshot.replacements == 1)
        .await
        .unwrap();
    assert!(!snapshot.addresses.is_empty());
    // What the end of the session has cut has no orderly end, and is counted no more.
    let end = impatient(cut.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(end.kind(), std::io::ErrorKind::ConnectionReset);
    rig.wait_for(|snapshot| snapshot.connections == 0)
        .await
        .unwrap();
    let mut new = rig.connect().await.unwrap();
    assert_eq!(echo_some(&mut new, b"after").await, b"after");
    let sessions = rig.sim.sessions();
    assert_eq!(sessions.len(), 2);
    assert!(sessions[0].terminated_by.is_some());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_swallowed_on_the_way_come_again() {
    let rig = Rig::start_with(fast(), quick_pings).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    let hole = Action::BlackHole {
        kind: BlackHole::Swallow,
        milliseconds: Some(1_000),
    };
    let cut = rig
        .sim
        .faults()
        .cut_after(Direction::ToAgent, COUNT / 2, hole);
    assert_eq!(
        impatient(upload(&mut stream, COUNT))
            .await
            .unwrap()
            .unwrap(),
        digest(COUNT)
    );
    assert!(cut.happened().await);
    rig.stop().await;
}
