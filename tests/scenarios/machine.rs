//! What the machine goes through: no network, sleep.

use std::time::Duration;

use culvert_tests::{Rig, echo, impatient};
use ssm_sim::{ApiFault, BlackHole, Operation};
use tunnel::{Environment, Snapshot, State, TunnelConfig};

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
        config.access.endpoint_url = Some(endpoint.replace("127.0.0.1", "0.0.0.0"));
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
