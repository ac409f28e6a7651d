//! What the machine goes through: no network, sleep.

use std::time::Duration;

use culvert_tests::{Rig, echo, impatient};
use ssm_sim::{ApiFault, BlackHole, Operation, TerminatedBy};
use tunnel::events::Receiver;
use tunnel::{Environment, Happening, Snapshot, State, TunnelConfig, TunnelEvent};

use crate::transfer::fast;

/// A hole in which the check after a wake is swallowed, and that is over before anything is asked
/// of the service.
const HOLE: Duration = Duration::from_secs(2);

/// So long that only the check after a wake can find out.
const PING_INTERVAL: Duration = Duration::from_secs(3_600);

async fn carries(rig: &Rig) {
    let mut stream = rig.connect().await.unwrap();
    let back = impatient(echo(&mut stream, b"alive")).await.unwrap();
    assert_eq!(back.unwrap(), b"alive");
}

fn waits_for_network(snapshot: &Snapshot) -> bool {
    matches!(&snapshot.state, State::Reconnecting { problem, .. } if problem.code == "network-down")
}

// Linux takes this address, which is no loopback address by its looks, for the machine itself.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_of_the_service_before_the_network_is_back() {
    let (environment, control) = Environment::by_hand();
    let elsewhere = |config: &mut TunnelConfig| {
        let endpoint = config.access.endpoint_url.take().unwrap();
        config.access.endpoint_url = Some(endpoint.replace("127.0.0.1", "0.0.0.0").into());
        config.environment = environment;
    };
    let rig = Rig::start_with(fast(), elsewhere).await.unwrap();
    control.network_down();
    rig.wait_for(|snapshot| matches!(snapshot.state, State::Degraded { .. }))
        .await
        .unwrap();
    // Whoever asks all the same has asked once too often in the end.
    let faults = rig.sim.faults();
    let fault = ApiFault::Error {
        code: "InternalServerError".to_owned(),
        message: "not now".to_owned(),
        status: 500,
    };
    faults.fail_api(Operation::ResumeSession, fault, None);
    faults.reset();
    rig.wait_for(waits_for_network).await.unwrap();
    let mut parked = rig.connect().await.unwrap();
    rig.wait_for(|snapshot| snapshot.waiting == 1)
        .await
        .unwrap();
    faults.clear_api(Operation::ResumeSession);
    control.network_up();
    let back = impatient(echo(&mut parked, b"parked")).await.unwrap();
    assert_eq!(back.unwrap(), b"parked");
    let snapshot = rig.snapshot();
    assert_eq!(
        (snapshot.reconnects, snapshot.replacements),
        (1, 0),
        "{snapshot:?}"
    );
    assert_eq!(rig.sim.stats().calls(Operation::ResumeSession), 1);
    rig.stop().await;
}

// As above: an address that is no loopback address by its looks.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_waited_for_over_the_old_network_is_asked_for_over_the_new_one() {
    let (environment, control) = Environment::by_hand();
    let elsewhere = |config: &mut TunnelConfig| {
        let endpoint = config.access.endpoint_url.take().unwrap();
        config.access.endpoint_url = Some(endpoint.replace("127.0.0.1", "0.0.0.0").into());
        // Far longer than the test has patience for: no deadline asks again.
        config.access.api_timeout = Duration::from_secs(3_600);
        config.environment = environment;
    };
    let rig = Rig::start_with(fast(), elsewhere).await.unwrap();
    let faults = rig.sim.faults();
    faults.fail_api(Operation::ResumeSession, ApiFault::Hang, Some(1));
    faults.reset();
    let asked = rig
        .sim
        .wait_for(|_, stats| stats.calls(Operation::ResumeSession) == 1);
    impatient(asked).await.unwrap();
    control.network_changed();
    rig.wait_for(|snapshot| snapshot.reconnects == 1)
        .await
        .unwrap();
    carries(&rig).await;
    assert_eq!(rig.sim.stats().calls(Operation::ResumeSession), 2);
    assert_eq!(rig.snapshot().replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_was_lost_in_a_sleep_is_checked_at_the_wake_and_left() {
    let (environment, control) = Environment::by_hand();
    let by_hand = |config: &mut TunnelConfig| {
        config.environment = environment;
        config.session.ping_interval = PING_INTERVAL;
        // An hour old, it would be renewed as well: whichever comes first.
        config.policy.renew_after = None;
    };
    let rig = Rig::start_with(fast(), by_hand).await.unwrap();
    carries(&rig).await;
    control.sleep();
    rig.sim.faults().black_hole(BlackHole::Swallow, Some(HOLE));
    control.wake(Duration::from_secs(3_600));
    let snapshot = rig
        .wait_for(|snapshot| snapshot.last_close.is_some())
        .await
        .unwrap();
    let close = snapshot.last_close.unwrap();
    assert!(close.reason.starts_with("no answer"), "{close:?}");
    let snapshot = rig
        .wait_for(|snapshot| snapshot.reconnects == 1)
        .await
        .unwrap();
    assert_eq!(snapshot.replacements, 0, "{snapshot:?}");
    carries(&rig).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_by_minutes_keeps_no_tunnel_down() {
    let rig = Rig::start(fast()).await.unwrap();
    let faults = rig.sim.faults();
    for ahead in [420, -420] {
        faults.clock(ahead);
        faults.reset();
        let before = rig.snapshot().reconnects;
        rig.wait_for(|snapshot| {
            snapshot.reconnects > before && matches!(snapshot.state, State::Up { .. })
        })
        .await
        .unwrap();
        carries(&rig).await;
    }
    assert_eq!(rig.snapshot().replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_could_not_be_ended_is_ended_later() {
    let (environment, control) = Environment::by_hand();
    let by_hand = |config: &mut TunnelConfig| config.environment = environment;
    let rig = Rig::start_with(fast(), by_hand).await.unwrap();
    let mut events = rig.tunnel.events();
    let faults = rig.sim.faults();
    let fault = ApiFault::Error {
        code: "InternalServerError".to_owned(),
        message: "not now".to_owned(),
        status: 500,
    };
    faults.fail_api(Operation::TerminateSession, fault, None);
    faults.agent_lost();
    let gone = ApiFault::Error {
        code: "DoesNotExistException".to_owned(),
        message: "no such session".to_owned(),
        status: 400,
    };
    faults.fail_api(Operation::ResumeSession, gone, Some(1));
    faults.reset();
    let left = told(&mut events, |what| {
        if let Happening::LeftBehind { session_id, .. } = what {
            return Some(session_id.clone());
        }
        None
    })
    .await;
    assert_eq!(left, rig.sim.sessions()[0].id);
    faults.clear_api(Operation::TerminateSession);
    // Not at the wake alone: but that is the only one of its times that does not take a minute.
    control.wake(Duration::from_secs(1));
    let ended = told(&mut events, |what| {
        if let Happening::EndedLate { session_id } = what {
            return Some(session_id.clone());
        }
        None
    })
    .await;
    assert_eq!(ended, left);
    assert_eq!(rig.sim.sessions()[0].terminated_by, Some(TerminatedBy::Api));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_a_tunnel_left_is_ended_when_the_tunnel_is_gone() {
    let (environment, control) = Environment::by_hand();
    let of_tunnel = environment.clone();
    let by_hand = |config: &mut TunnelConfig| config.environment = of_tunnel;
    let Rig { sim, tunnel, .. } = Rig::start_with(fast(), by_hand).await.unwrap();
    let faults = sim.faults();
    faults.freeze();
    let fault = ApiFault::Error {
        code: "InternalServerError".to_owned(),
        message: "not now".to_owned(),
        status: 500,
    };
    faults.fail_api(Operation::TerminateSession, fault, None);
    tunnel.stop().await;
    drop(tunnel);
    assert_eq!(sim.sessions()[0].terminated_by, None);
    faults.clear_api(Operation::TerminateSession);
    control.wake(Duration::from_secs(1));
    let ended = sim.wait_for(|sessions, _| sessions[0].terminated_by == Some(TerminatedBy::Api));
    impatient(ended).await.unwrap();
    drop(environment);
    sim.stop().await;
}

/// Waits until something is kept of the tunnel's life.
async fn told<T>(events: &mut Receiver, wanted: impl Fn(&Happening) -> Option<T>) -> T {
    let told = async {
        loop {
            if let TunnelEvent::Record(record) = events.recv().await.unwrap()
                && let Some(told) = wanted(&record.what)
            {
                return told;
            }
        }
    };
    impatient(told).await.unwrap()
}
