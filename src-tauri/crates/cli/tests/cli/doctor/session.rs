//! A real session, made to fail for each reason that only a start can show.

use ssm_sim::{ApiFault, HandshakeVariation, Operation};

use super::*;

/// What a real session comes to at this service.
async fn opened(world: &World) -> Report {
    reported(doctor(world, &world.sim.endpoint_url(), &["--session"])).await
}

fn with_handshake(handshake: HandshakeVariation) -> Settings {
    Settings {
        handshake,
        ..fast()
    }
}

fn refusal(code: &str, message: &str) -> ApiFault {
    ApiFault::Error {
        code: code.to_owned(),
        message: message.to_owned(),
        status: 400,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_session_is_opened_and_closed_only_when_it_is_asked_for() {
    let world = World::start().await;
    let report = opened(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says("session", "ok", &["was ended", "3.3.0.0"]);
    let sessions = world.sim.sessions();
    assert_eq!(sessions.len(), 1);
    assert_eq!(world.living_sessions(), 0);
    assert_eq!(sessions[0].connections, 0, "the destination was dialled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_agent_breaks_the_protocol_fails_and_is_ended() {
    let world = World::start_with(with_handshake(HandshakeVariation::Garbage)).await;
    let report = opened(&world).await;
    assert_eq!(report.code, Some(17), "{report:#?}");
    report.advises(
        "session",
        "failed",
        "handshake-malformed",
        &["agent's handshake"],
        &["report it, with the log"],
    );
    report.all_else_is_fine(&["session"]);
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_the_plugin_for_ports_is_to_be_updated() {
    let world = World::start_with(with_handshake(HandshakeVariation::NoPlugin)).await;
    let report = opened(&world).await;
    assert_eq!(report.code, Some(14), "{report:#?}");
    report.advises(
        "session",
        "failed",
        "plugin-unsupported",
        &["does not have the plugin Port"],
        &["Update the target's SSM agent", "2.3.672.0"],
    );
    let details = report.of("session")["details"].as_str().unwrap();
    assert!(
        details.contains("Plugin with name Port is not supported"),
        "the raw text: {details}"
    );
    report.all_else_is_fine(&["session"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_key_that_may_not_be_used_where_an_agent_wants_it_fails_the_session() {
    let settings = Settings {
        kms_key_id: Some("0123-4567".to_owned()),
        ..fast()
    };
    let world = World::start_with(settings).await;
    world.sim.faults().deny(Deny::action("kms:GenerateDataKey"));
    let report = opened(&world).await;
    assert_eq!(report.code, Some(13), "{report:#?}");
    report.advises(
        "session",
        "failed",
        "access-denied",
        &["kms:GenerateDataKey", "0123-4567"],
        &["kms:GenerateDataKey"],
    );
    assert_eq!(world.living_sessions(), 0);

    world.sim.faults().clear();
    let disabled = refusal("DisabledException", "0123-4567 is disabled.");
    world
        .sim
        .faults()
        .fail_api(Operation::GenerateDataKey, disabled, None);
    let report = opened(&world).await;
    assert_eq!(report.code, Some(13), "{report:#?}");
    report.advises(
        "session",
        "failed",
        "kms-key-unusable",
        &["0123-4567"],
        &["is enabled", "kms:GenerateDataKey"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_as_many_sessions_as_it_may_have_is_told_to_end_some() {
    let world = World::start().await;
    let full = refusal("LimitExceededException", "You have reached the limit.");
    world
        .sim
        .faults()
        .fail_api(Operation::StartSession, full, None);
    let report = examined(&world).await;
    report.advises(
        "start-session",
        "failed",
        "session-limit",
        &["as many sessions as it may"],
        &["End sessions", "culvert doctor --sweep"],
    );
    let details = report.of("start-session")["details"].as_str().unwrap();
    let raw = "LimitExceededException (HTTP 400): You have reached the limit.";
    assert!(details.starts_with(raw), "{details}");
    report.all_else_is_fine(&["start-session"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_the_service_does_not_take_and_a_target_that_it_does_not_reach_are_verdicts()
 {
    let world = World::start().await;
    for (code, told, what, advice, exit) in [
        (
            "InvalidDocument",
            "invalid-document",
            "AWS-StartPortForwardingSession",
            "document's name",
            10,
        ),
        (
            "TargetNotConnected",
            "target-not-connected",
            TARGET,
            "agent is up",
            14,
        ),
    ] {
        let refused = refusal(code, "No.");
        world
            .sim
            .faults()
            .fail_api(Operation::StartSession, refused, None);
        let report = examined(&world).await;
        assert_eq!(report.code, Some(exit), "{report:#?}");
        report.advises("start-session", "failed", told, &[what], &[advice]);
        report.all_else_is_fine(&["start-session"]);
        // A real session says the same.
        let report = opened(&world).await;
        report.advises("session", "failed", told, &[what], &[advice]);
        world.sim.faults().clear();
    }
}
