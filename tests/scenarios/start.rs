//! Tunnels that can't start say why, and those that stop leave nothing behind.

use std::time::Duration;

use culvert_tests::{Destination, Rig, impatient, is_up};
use ssm_sim::{ApiFault, Deny, Operation, PingStatus, Refusal, Settings, Simulator, Target};
use tunnel::{PoolSize, ProblemKind, TargetSpec, Tunnel, TunnelConfig, TunnelPolicy};

use crate::transfer::fast;

/// Starts a tunnel that can't come up and returns why.
async fn refusal(sim: &Simulator, change: impl FnOnce(&mut TunnelConfig)) -> tunnel::Problem {
    let destination = Destination::start().await.unwrap();
    let mut config = Rig::config(sim, &destination);
    config.policy = TunnelPolicy {
        start_budget: Duration::ZERO,
        ..TunnelPolicy::default()
    };
    change(&mut config);
    let tunnel = Tunnel::start(config).await.unwrap();
    let problem = is_up(&tunnel).await.unwrap_err();
    assert!(tunnel.snapshot().borrow().addresses.is_empty());
    tunnel.stop().await;
    problem
}

fn error(code: &str, status: u16) -> ApiFault {
    ApiFault::Error {
        code: code.to_owned(),
        message: "as the test wants".to_owned(),
        status,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_keys_are_denied_is_not_started_again_and_again() {
    let settings = Settings {
        kms_key_id: Some("alias/sessions".to_owned()),
        ..fast()
    };
    let sim = Simulator::start(settings).await.unwrap();
    sim.faults().deny(Deny::action("kms:GenerateDataKey"));
    let plentiful = |config: &mut TunnelConfig| {
        config.policy.start_budget = Duration::from_secs(3600);
    };
    let problem = impatient(refusal(&sim, plentiful)).await.unwrap();
    assert_eq!(problem.code, "access-denied");
    assert_eq!(problem.kind, ProblemKind::Permission);
    assert!(
        problem.what.contains("kms:GenerateDataKey"),
        "{}",
        problem.what
    );
    assert_eq!(sim.stats().calls(Operation::StartSession), 1);
    assert_eq!(sim.stats().calls(Operation::TerminateSession), 1);
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_of_the_service_has_its_code() {
    let sim = Simulator::start(fast()).await.unwrap();
    let cases = [
        (
            error("AccessDeniedException", 400),
            "access-denied",
            ProblemKind::Permission,
        ),
        (
            error("TargetNotConnected", 400),
            "target-not-connected",
            ProblemKind::Target,
        ),
        (
            error("InvalidDocument", 400),
            "invalid-document",
            ProblemKind::Settings,
        ),
        (
            error("ExpiredTokenException", 400),
            "expired-token",
            ProblemKind::Credentials,
        ),
        (
            error("ThrottlingException", 400),
            "throttled",
            ProblemKind::Service,
        ),
        (
            error("InternalServerError", 500),
            "service-error",
            ProblemKind::Service,
        ),
        (ApiFault::Html, "captive-portal", ProblemKind::Network),
    ];
    for (fault, code, kind) in cases {
        sim.faults().fail_api(Operation::StartSession, fault, None);
        let problem = refusal(&sim, |_| {}).await;
        assert_eq!(
            (problem.code.as_str(), problem.kind),
            (code, kind),
            "{problem:?}"
        );
        assert!(
            !problem.what.is_empty() && !problem.remedy.is_empty(),
            "{problem:?}"
        );
        sim.faults().clear_api(Operation::StartSession);
    }
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_not_connected_is_named() {
    let target = "i-0aaaaaaaaaaaaaaaa";
    let node = Target {
        ping: PingStatus::ConnectionLost,
        ..Target::online(target)
    };
    let settings = Settings {
        targets: vec![node],
        ..fast()
    };
    let sim = Simulator::start(settings).await.unwrap();
    let problem = refusal(&sim, |config| config.target = TargetSpec::of_id(target)).await;
    assert_eq!(problem.code, "target-not-connected");
    assert!(problem.what.contains(target), "{problem:?}");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_is_refused_or_answered_with_a_page_is_told_in_words() {
    let sim = Simulator::start(fast()).await.unwrap();
    let page = "<html>not a WebSocket</html>";
    for answer in [
        Refusal::status(403),
        Refusal::status(500),
        Refusal::of_somebody_else(200, page),
        Refusal::of_somebody_else(403, page),
    ] {
        sim.faults().refuse_upgrades(answer, None);
        let problem = refusal(&sim, |_| {}).await;
        assert!(
            !problem.what.is_empty() && !problem.remedy.is_empty(),
            "{problem:?}"
        );
        sim.faults().accept_upgrades();
    }
    let left = sim
        .sessions()
        .into_iter()
        .filter(|session| session.terminated_by.is_none());
    assert_eq!(left.count(), 0, "sessions were left behind");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_url_that_is_no_websocket_is_told_in_words() {
    let sim = Simulator::start(fast()).await.unwrap();
    for url in [
        "http://127.0.0.1/x",
        "not a url",
        "wss://",
        "ftp://127.0.0.1/",
    ] {
        sim.faults().stream_url(Some(url));
        let problem = refusal(&sim, |_| {}).await;
        assert!(
            !problem.what.is_empty() && !problem.remedy.is_empty(),
            "{problem:?}"
        );
    }
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_the_session_at_the_service_and_frees_the_port() {
    let rig = Rig::start(fast()).await.unwrap();
    let address = rig.address;
    let (sim, destination) = (rig.sim, rig.destination);
    impatient(rig.tunnel.stop()).await.unwrap();
    let over = |sessions: &[ssm_sim::SessionView]| {
        sessions
            .iter()
            .all(|session| session.terminated_by.is_some())
    };
    impatient(sim.wait_for(|sessions, _| over(sessions)))
        .await
        .unwrap();
    assert!(tokio::net::TcpListener::bind(address).await.is_ok());
    drop(destination);
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_has_given_up_frees_its_port_by_itself() {
    let sim = Simulator::start(fast()).await.unwrap();
    let destination = Destination::start().await.unwrap();
    // Chosen here: the tunnel says nothing about it any more once it has given up.
    let chosen = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = chosen.local_addr().unwrap();
    drop(chosen);
    let denied = error("AccessDeniedException", 400);
    sim.faults().fail_api(Operation::StartSession, denied, None);
    let mut config = Rig::config(&sim, &destination);
    config.listen.port = address.port();
    let tunnel = Tunnel::start(config).await.unwrap();
    assert!(is_up(&tunnel).await.is_err());
    let freed = async {
        while tokio::net::TcpListener::bind(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    impatient(freed).await.unwrap();
    tunnel.stop().await;
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_without_the_agent_ends_the_session_by_the_api() {
    let rig = Rig::start(fast()).await.unwrap();
    rig.sim.faults().agent_gone();
    impatient(rig.tunnel.stop()).await.unwrap();
    assert_eq!(rig.sim.stats().api_calls.get("TerminateSession"), Some(&1));
    rig.sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_it_is_stopped_each_session_is_ended_once() {
    let two = |config: &mut TunnelConfig| config.policy.sessions = PoolSize::fixed(2);
    let rig = Rig::start_with(fast(), two).await.unwrap();
    rig.wait_for(|snapshot| snapshot.sessions == 2)
        .await
        .unwrap();
    // Without an agent that could confirm the flag, it takes the API.
    rig.sim.faults().agent_gone();
    let (one, other) = impatient(async { tokio::join!(rig.tunnel.stop(), rig.tunnel.stop()) })
        .await
        .unwrap();
    let later = impatient(rig.tunnel.stop()).await.unwrap();
    assert_eq!((&one, &one), (&other, &later));
    assert!(rig.sim.living_sessions().is_empty());
    assert_eq!(rig.sim.stats().calls(Operation::TerminateSession), 2);
    rig.sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_found_before_a_session_is_started() {
    let sim = Simulator::start(fast()).await.unwrap();
    let destination = Destination::start().await.unwrap();
    let mut config = Rig::config(&sim, &destination);
    config.listen.port = destination.port();
    let problem = Tunnel::start(config).await.unwrap_err().problem();
    assert_eq!(problem.code, "port-in-use");
    assert!(sim.sessions().is_empty());
    sim.stop().await;
}
