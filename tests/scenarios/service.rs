//! The service is not as one would like it: it refuses, hangs, limits, and drops.

use std::time::Duration;

use culvert_tests::{Rig, digest, download, echo, exchange, impatient, upload};
use ssm_sim::{Action, ApiFault, Direction, Operation, Publication, RateLimit, Refusal, Settings};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tunnel::{PoolSize, State, TunnelConfig};

use crate::transfer::fast;

/// How often in a row the service fails.
const FAILURES: u32 = 30;

fn error(code: &str, status: u16) -> ApiFault {
    ApiFault::Error {
        code: code.to_owned(),
        message: "not now".to_owned(),
        status,
    }
}

fn bye() -> Action {
    Action::Close {
        code: 1000,
        reason: "Bye".to_owned(),
    }
}

/// Tries at once whenever the tunnel waits for its next attempt: the pauses grow to 30 s, and
/// their length is no matter here.
fn hurry(rig: &Rig) -> impl Future<Output = ()> {
    let mut snapshot = rig.tunnel.snapshot();
    let tunnel = &rig.tunnel;
    async move {
        loop {
            let waits = snapshot.wait_for(|snapshot| {
                matches!(
                    snapshot.state,
                    State::Reconnecting {
                        next_attempt: Some(_),
                        ..
                    }
                )
            });
            if waits.await.is_err() {
                return;
            }
            tunnel.try_now();
            if snapshot.changed().await.is_err() {
                return;
            }
        }
    }
}

/// A transfer of one MiB each way, cut in its middle.
async fn cut_in_the_middle(rig: &Rig) -> JoinHandle<()> {
    const COUNT: u64 = 1024 * 1024;
    let mut stream = rig.connect().await.unwrap();
    let faults = rig.sim.faults();
    let cut = faults.cut_after(Direction::ToClient, COUNT / 2, bye());
    let transfer = tokio::spawn(async move {
        let both = exchange(&mut stream, COUNT).await.unwrap();
        assert_eq!(both, (digest(COUNT), digest(COUNT)));
    });
    assert!(impatient(cut.happened()).await.unwrap());
    transfer
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_failures_of_resume_session_in_a_row_are_borne() {
    for fault in [
        error("InternalServerError", 500),
        error("ThrottlingException", 400),
    ] {
        // One session, so that the calls can be counted.
        let one = |config: &mut TunnelConfig| config.policy.sessions = PoolSize::fixed(1);
        let rig = Rig::start_with(fast(), one).await.unwrap();
        rig.sim
            .faults()
            .fail_api(Operation::ResumeSession, fault, Some(FAILURES));
        let transfer = cut_in_the_middle(&rig).await;
        rig.wait_for(|snapshot| matches!(snapshot.state, State::Reconnecting { .. }))
            .await
            .unwrap();
        let held = async {
            tokio::select! {
                () = hurry(&rig) => {}
                done = transfer => done.unwrap(),
            }
        };
        impatient(held).await.unwrap();
        let calls = rig.sim.stats().calls(Operation::ResumeSession);
        assert_eq!(calls, u64::from(FAILURES) + 1);
        assert_eq!(rig.snapshot().replacements, 0);
        assert_eq!(rig.sim.sessions().len(), 1);
        rig.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_session_that_hangs_is_given_up_and_asked_again() {
    let rig = Rig::start(fast()).await.unwrap();
    rig.sim
        .faults()
        .fail_api(Operation::ResumeSession, ApiFault::Hang, Some(1));
    let transfer = cut_in_the_middle(&rig).await;
    let asked_again = rig
        .sim
        .wait_for(|_, stats| stats.calls(Operation::ResumeSession) == 2);
    impatient(asked_again).await.unwrap();
    impatient(transfer).await.unwrap().unwrap();
    assert_eq!(rig.snapshot().replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrades_that_are_refused_for_a_while_are_tried_again_until_one_is_not() {
    for status in [500, 429] {
        let rig = Rig::start(fast()).await.unwrap();
        rig.sim
            .faults()
            .refuse_upgrades(Refusal::status(status), Duration::from_millis(1500));
        let transfer = cut_in_the_middle(&rig).await;
        let refused = rig.wait_for(|snapshot| matches!(snapshot.state, State::Reconnecting { .. }));
        refused.await.unwrap();
        impatient(transfer).await.unwrap().unwrap();
        assert!(rig.sim.stats().upgrades_refused >= 1);
        assert_eq!(rig.snapshot().replacements, 0);
        rig.stop().await;
    }
}

/// The strictest form of the limit: the first message above 1,000 in a second trips it. What is
/// sent again after a close counts as well.
#[tokio::test(flavor = "multi_thread")]
async fn full_speed_both_ways_with_closes_never_trips_the_gateways_limit() {
    const UP: u64 = 24 * 1024 * 1024;
    const DOWN: u64 = 2 * 1024 * 1024;
    let mut settings = Settings::default();
    settings.gateway.rate_limit = Some(RateLimit {
        messages_per_second: 1000,
        seconds: 0,
    });
    let rig = Rig::start(settings).await.unwrap();
    let faults = rig.sim.faults();
    let cuts = [UP / 3, UP / 3 * 2].map(|at| faults.cut_after(Direction::ToAgent, at, bye()));
    let mut up = rig.connect().await.unwrap();
    let mut down = rig.connect().await.unwrap();
    let chatter = chatter(rig.connect().await.unwrap());
    let (up, down) =
        impatient(async { tokio::join!(upload(&mut up, UP), download(&mut down, DOWN)) })
            .await
            .unwrap();
    assert_eq!(up.unwrap(), digest(UP));
    assert_eq!(down.unwrap(), digest(DOWN));
    for cut in cuts {
        assert!(cut.happened().await);
    }
    chatter.abort();
    let stats = rig.sim.stats();
    assert_eq!(stats.rate_limit_trips, 0, "{stats:?}");
    assert!(stats.from_clients.most_a_second <= 1000, "{stats:?}");
    assert!(stats.from_agents.most_a_second <= 1000, "{stats:?}");
    // It was at speed: otherwise this test says nothing.
    assert!(stats.from_clients.data_messages > 1000, "{stats:?}");
    rig.stop().await;
}

/// Single bytes to and fro for as long as it lives.
fn chatter(mut stream: TcpStream) -> JoinHandle<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    tokio::spawn(async move {
        stream.write_u8(b'E').await.unwrap();
        stream.write_u64(u64::MAX).await.unwrap();
        loop {
            stream.write_u8(7).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), 7);
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_messages_to_an_absent_client_no_byte_is_lost() {
    for publication in [Publication::Drop, Publication::Hold, Publication::Pause] {
        let mut settings = fast();
        settings.gateway.publication = publication;
        let rig = Rig::start(settings).await.unwrap();
        for action in [bye(), Action::Reset, Action::Drop] {
            const COUNT: u64 = 1024 * 1024;
            let faults = rig.sim.faults();
            let cuts = [Direction::ToAgent, Direction::ToClient]
                .map(|direction| faults.cut_after(direction, COUNT / 2, action.clone()));
            let mut stream = rig.connect().await.unwrap();
            let both = impatient(exchange(&mut stream, COUNT)).await.unwrap();
            let both = both.map_err(|error| format!("{publication:?}: {error}"));
            assert_eq!(both.unwrap(), (digest(COUNT), digest(COUNT)));
            for cut in cuts {
                assert!(cut.happened().await);
            }
        }
        assert_eq!(rig.snapshot().replacements, 0, "{publication:?}");
        rig.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_messages_to_an_absent_agent_no_byte_is_lost() {
    for publication in [Publication::Drop, Publication::Hold, Publication::Pause] {
        const COUNT: u64 = 1024 * 1024;
        let mut settings = fast();
        settings.gateway.publication = publication;
        let rig = Rig::start(settings).await.unwrap();
        let faults = rig.sim.faults();
        let mut quiet = rig.connect().await.unwrap();
        let mut stream = rig.connect().await.unwrap();
        let gone = faults.cut_after(Direction::ToAgent, COUNT / 2, Action::AgentGone);
        let transfer = tokio::spawn(async move { exchange(&mut stream, COUNT).await });
        assert!(impatient(gone.happened()).await.unwrap());
        // Away for long enough that all is sent into the void that will be: its being away is
        // what is tested.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!transfer.is_finished());
        faults.agent_back();
        let both = impatient(transfer).await.unwrap().unwrap();
        let both = both.map_err(|error| format!("{publication:?}: {error}"));
        assert_eq!(both.unwrap(), (digest(COUNT), digest(COUNT)));
        let back = impatient(echo(&mut quiet, b"quiet")).await.unwrap();
        assert_eq!(back.unwrap(), b"quiet", "{publication:?}");
        assert_eq!(rig.snapshot().replacements, 0, "{publication:?}");
        rig.stop().await;
    }
}
