//! What the service does by itself: resuming, timers, credentials, counters.

use std::time::{Duration, Instant};

use serde_json::json;
use ssm_message::MessageType;
use ssm_sim::{
    ApiFault, Credentials, Operation, Refusal, ResumeWhileConnected, SessionGone, Settings,
    Simulator, TerminatedBy,
};
use tokio_tungstenite::tungstenite;

use crate::support::{
    Answer, Channel, PSH, SYN, Signer, TARGET, call, call_as, dial, echo, frame, patiently,
    resume_session, start, start_port_session,
};

/// Longer than the fault lasts that a test makes, and than a test's own work by far.
const SHORT: Duration = Duration::from_millis(300);

async fn resume(sim: &Simulator) -> Answer {
    let session = sim.sessions().remove(0).id;
    call(
        sim,
        "AmazonSSM.ResumeSession",
        &json!({"SessionId": session}),
    )
    .await
}

#[tokio::test]
async fn a_resume_while_connected_leaves_the_old_channel_until_a_new_one_opens() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut old = Channel::to_port(&sim, port).await;
    let session = sim.sessions().remove(0).id;
    let ticket = resume_session(&sim, &session).await;
    assert!(!ticket.token.is_empty());
    old.output([frame(SYN, 3, &[]), frame(PSH, 3, b"still")].concat())
        .await;
    assert_eq!(old.read_frame().await.2, "still");
    let _new = Channel::open(&sim, &ticket).await;
    assert_eq!(old.expect_end().await.unwrap().0, 1000);
    patiently(sim.wait_for(|_, stats| stats.closes.get(&1000) == Some(&1))).await;
    assert_eq!(sim.sessions()[0].websockets, 2);
    sim.stop().await;
}

#[tokio::test]
async fn a_resume_while_connected_may_be_refused() {
    let mut settings = Settings::default();
    settings.gateway.resume_while_connected = ResumeWhileConnected::Refused;
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    let refused = resume(&sim).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "ValidationException")
    );
    channel
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"on")].concat())
        .await;
    assert_eq!(channel.read_frame().await.2, "on");
    // Without its WebSocket, it may be resumed.
    sim.faults().reset();
    patiently(sim.wait_for(|sessions, _| !sessions[0].client_connected)).await;
    assert_eq!(resume(&sim).await.status, 200);
    assert_eq!(sim.stats().breaks, 1);
    sim.stop().await;
}

#[tokio::test]
async fn a_resume_while_connected_may_close_the_old_channel_at_once() {
    let sim = start(Settings::default()).await;
    sim.faults()
        .resume_while_connected(ResumeWhileConnected::Closes);
    let mut channel = Channel::to_port(&sim, 80).await;
    let answer = resume(&sim).await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.json()["TokenValue"], "");
    assert_eq!(channel.expect_end().await.unwrap().0, 1000);
    sim.stop().await;
}

#[tokio::test]
async fn a_session_that_is_over_is_said_to_be_in_each_form() {
    let sim = start(Settings::default()).await;
    let mut channel = Channel::to_port(&sim, 80).await;
    sim.faults().session_lost();
    assert_eq!(channel.expect_end().await, None);
    let session = sim.sessions().remove(0);
    assert_eq!(session.terminated_by, Some(TerminatedBy::Fault));
    assert!(sim.living_sessions().is_empty());
    let empty = resume(&sim).await;
    assert_eq!(
        (empty.status, &empty.json()["TokenValue"]),
        (200, &json!(""))
    );
    sim.faults().session_gone(SessionGone::Terminated);
    let refused = resume(&sim).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("terminated"), "{}", refused.text);
    sim.faults().session_gone(SessionGone::DoesNotExist);
    assert_eq!(resume(&sim).await.code(), "DoesNotExistException");
    sim.stop().await;
}

#[tokio::test]
async fn an_operation_fails_for_a_time_and_then_works() {
    let sim = start(Settings::default()).await;
    start_port_session(&sim, 80).await;
    let throttled = ApiFault::Error {
        code: "ThrottlingException".to_owned(),
        message: "Rate exceeded".to_owned(),
        status: 400,
    };
    sim.faults().fail_api(
        Operation::ResumeSession,
        throttled,
        Duration::from_secs(3600),
    );
    for _ in 0..3 {
        assert_eq!(resume(&sim).await.code(), "ThrottlingException");
    }
    let began = Instant::now();
    sim.faults()
        .fail_api(Operation::ResumeSession, ApiFault::Hang, SHORT);
    assert_eq!(resume(&sim).await.status, 200);
    assert!(began.elapsed() >= SHORT);
    assert_eq!(resume(&sim).await.status, 200);
    let began = Instant::now();
    let late = ApiFault::Late { milliseconds: 50 };
    sim.faults()
        .fail_api(Operation::ResumeSession, late, Some(1));
    assert_eq!(resume(&sim).await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert_eq!(sim.stats().calls(Operation::ResumeSession), 6);
    sim.stop().await;
}

#[tokio::test]
async fn upgrades_are_refused_for_a_time_and_then_let_through() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    let began = Instant::now();
    sim.faults().refuse_upgrades(Refusal::status(503), SHORT);
    let mut refused = 0;
    loop {
        match dial(&Signer::of(&sim), &ticket.url).await {
            Ok(_) => break,
            Err(tungstenite::Error::Http(answer)) if answer.status() == 503 => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(began.elapsed() >= SHORT);
    let stats = sim.stats();
    assert_eq!((stats.upgrades_refused, stats.upgrades), (refused, 1));
    assert!(refused > 0);
    sim.stop().await;
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_or_old() {
    let limit = Some(Duration::from_millis(1));
    for idle in [true, false] {
        let sim = start(Settings::default()).await;
        let mut channel = Channel::to_port(&sim, 80).await;
        let by = if idle {
            sim.faults().idle_timeout(limit);
            TerminatedBy::IdleTimeout
        } else {
            sim.faults().max_duration(limit);
            TerminatedBy::MaxDuration
        };
        channel.expect_control(MessageType::ChannelClosed).await;
        assert_eq!(channel.expect_end().await.unwrap().0, 1000);
        assert_eq!(sim.sessions()[0].terminated_by, Some(by));
        sim.stop().await;
    }
}

#[tokio::test]
async fn data_keeps_a_session_from_being_idle() {
    let sim = start(Settings {
        idle_timeout: Some(Duration::from_millis(500)),
        ..Settings::default()
    })
    .await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 3, &[])).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1200) {
        channel.output(frame(PSH, 3, b"busy")).await;
        assert_eq!(channel.read_frame().await.2, "busy");
    }
    assert_eq!(sim.living_sessions().len(), 1);
    let ended = |by: Option<TerminatedBy>| by == Some(TerminatedBy::IdleTimeout);
    patiently(sim.wait_for(|sessions, _| ended(sessions[0].terminated_by))).await;
    sim.stop().await;
}

#[tokio::test]
async fn an_agent_that_was_started_again_has_forgotten_its_session() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.settle().await;
    sim.faults().agent_lost();
    channel.expect_control(MessageType::PausePublication).await;
    // Bringing agents back does not bring back what this one has forgotten.
    sim.faults().agent_back();
    let session = sim.sessions().remove(0);
    assert!(!session.agent_connected && session.terminated_by.is_none());
    channel.resume(&sim, &session.id).await;
    channel.output(frame(SYN, 3, &[])).await;
    let status = json!({"Target": TARGET});
    let answer = call(&sim, "AmazonSSM.GetConnectionStatus", &status).await;
    assert_eq!(answer.json()["Status"], "connected");
    // Its timers are the service's own.
    sim.faults().idle_timeout(Some(Duration::from_millis(1)));
    patiently(sim.wait_for(|sessions, _| sessions[0].terminated_by.is_some())).await;
    // The node takes another session.
    sim.faults().clear();
    let mut channel = Channel::to_port(&sim, port).await;
    channel
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"new")].concat())
        .await;
    assert_eq!(channel.read_frame().await.2, "new");
    sim.stop().await;
}

#[tokio::test]
async fn one_key_expires_and_the_next_one_is_good() {
    let next = Credentials {
        access_key: "AKIASIMULATED0000002".to_owned(),
        secret_key: "planted-secret/key/of/the/next/hour00000".to_owned(),
        session_token: Some("next".to_owned()),
    };
    let sim = start(Settings {
        more_credentials: vec![next.clone()],
        ..Settings::default()
    })
    .await;
    let first = Signer::of(&sim);
    let second = Signer {
        access_key: next.access_key,
        secret_key: next.secret_key,
        session_token: next.session_token,
        ..first.clone()
    };
    let status = json!({"Target": TARGET});
    let operation = "AmazonSSM.GetConnectionStatus";
    sim.faults()
        .expire_key(&first.access_key, Duration::from_secs(3600));
    assert_eq!(call_as(&sim, &first, operation, &status).await.status, 200);
    sim.faults().expire_key(&first.access_key, Duration::ZERO);
    let refused = call_as(&sim, &first, operation, &status).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "ExpiredTokenException")
    );
    assert_eq!(call_as(&sim, &second, operation, &status).await.status, 200);
    let ticket = start_port_session_as(&sim, &second).await;
    let refused = dial(&first, &ticket).await;
    assert!(matches!(refused, Err(tungstenite::Error::Http(answer)) if answer.status() == 403));
    dial(&second, &ticket).await.unwrap();
    sim.stop().await;
}

async fn start_port_session_as(sim: &Simulator, signer: &Signer) -> String {
    let body = json!({"Target": TARGET, "DocumentName": crate::support::PORT_DOCUMENT});
    let answer = call_as(sim, signer, "AmazonSSM.StartSession", &body).await;
    answer.json()["StreamUrl"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_left_behind_can_be_counted() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    start_port_session(&sim, 80).await;
    assert_eq!(sim.living_sessions().len(), 2);
    call(
        &sim,
        "AmazonSSM.TerminateSession",
        &json!({"SessionId": ticket.session}),
    )
    .await;
    let living = sim.living_sessions();
    assert_eq!(living.len(), 1);
    assert_ne!(living[0].id, ticket.session);
    assert_eq!(sim.stats().calls(Operation::TerminateSession), 1);
    let state = crate::support::request(&sim, "GET", "/control/state", &[], "").await;
    assert_eq!(state.json()["living_sessions"], 1);
    sim.stop().await;
}
