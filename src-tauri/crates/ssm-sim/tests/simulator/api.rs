//! The API: signatures, shapes of answers and errors.

use crate::support::{
    PORT_DOCUMENT, Signer, TARGET, call, call_as, request, resume_session, start,
    start_port_session,
};
use serde_json::{Value, json};
use ssm_sim::{
    ApiFault, Credentials, Operation, Settings, Simulator, StartError, Target, TerminatedBy,
};

fn port_session(target: &str) -> Value {
    json!({"Target": target, "DocumentName": PORT_DOCUMENT, "Parameters": {"portNumber": ["80"]}})
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let settings = Settings {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..Settings::default()
    };
    let refused = Simulator::start(settings).await;
    assert!(matches!(refused, Err(StartError::NotLoopback(_))));
}

#[tokio::test]
async fn a_signed_start_session_gets_id_url_and_token() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    assert!(ticket.url.starts_with(&format!(
        "ws://{}/v1/data-channel/{}?role=publish_subscribe",
        sim.address(),
        ticket.session
    )));
    assert!(!ticket.token.is_empty() && !ticket.url.contains(&ticket.token));
    let session = sim.sessions().remove(0);
    assert_eq!((session.target.as_str(), session.websockets), (TARGET, 0));
    assert_eq!(session.parameters["portNumber"], "80");
    assert_eq!(sim.stats().api_calls["StartSession"], 1);
    sim.stop().await;
}

#[tokio::test]
async fn wrong_secret_key_token_and_clock_are_refused_as_aws_does() {
    let settings = Settings {
        credentials: Credentials {
            session_token: Some("session-token".to_owned()),
            ..Credentials::default()
        },
        ..Settings::default()
    };
    let sim = start(settings).await;
    let good = Signer::of(&sim);
    let change = |change: fn(&mut Signer)| {
        let mut signer = good.clone();
        change(&mut signer);
        signer
    };
    let cases = [
        (good.clone(), ""),
        (change(|s| s.clock_offset = -240), ""),
        (
            change(|s| s.secret_key.push('x')),
            "InvalidSignatureException",
        ),
        (
            change(|s| s.clock_offset = -400),
            "InvalidSignatureException",
        ),
        (
            change(|s| s.clock_offset = 400),
            "InvalidSignatureException",
        ),
        (
            change(|s| s.access_key.push('X')),
            "UnrecognizedClientException",
        ),
        (
            change(|s| s.session_token = None),
            "UnrecognizedClientException",
        ),
    ];
    for (signer, code) in cases {
        let answer = call_as(
            &sim,
            &signer,
            "AmazonSSM.StartSession",
            &port_session(TARGET),
        )
        .await;
        assert_eq!(answer.code(), code, "{signer:?}");
        assert_eq!(answer.status, if code.is_empty() { 200 } else { 400 });
    }
    let unsigned = [(
        "X-Amz-Target".to_owned(),
        "AmazonSSM.StartSession".to_owned(),
    )];
    let answer = request(&sim, "POST", "/", &unsigned, "{}").await;
    assert_eq!(answer.code(), "MissingAuthenticationTokenException");
    sim.faults().expire_credentials(true);
    let answer = call(&sim, "AmazonSSM.StartSession", &port_session(TARGET)).await;
    assert_eq!(answer.code(), "ExpiredTokenException");
    sim.stop().await;
}

#[tokio::test]
async fn bad_requests_to_start_a_session_get_their_own_errors() {
    let settings = Settings {
        targets: vec![Target::offline("i-0ff")],
        ..Settings::default()
    };
    let sim = start(settings).await;
    let with = |name: &str, value: Value| {
        let mut body = port_session(TARGET);
        body[name] = value;
        body
    };
    let cases = [
        (port_session("i-0ff"), "TargetNotConnected"),
        (port_session("not-a-node"), "TargetNotConnected"),
        (port_session(&"x".repeat(401)), "ValidationException"),
        (with("Reason", json!("")), "ValidationException"),
        (
            with("Reason", json!("r".repeat(257))),
            "ValidationException",
        ),
        (with("DocumentName", json!("Nope")), "InvalidDocument"),
        (
            with("Parameters", json!({"portNumber": ["http"]})),
            "InvalidParameters",
        ),
        (
            json!({"DocumentName": PORT_DOCUMENT}),
            "ValidationException",
        ),
    ];
    for (body, code) in cases {
        let answer = call(&sim, "AmazonSSM.StartSession", &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, code),
            "{body}"
        );
    }
    let answer = call(&sim, "AmazonSSM.MakeCoffee", &json!({})).await;
    assert_eq!(answer.code(), "UnknownOperationException");
    assert!(sim.sessions().is_empty());
    sim.stop().await;
}

#[tokio::test]
async fn a_terminated_session_is_resumed_with_nothing() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    let resumed = resume_session(&sim, &ticket.session).await;
    assert!(!resumed.token.is_empty() && resumed.token != ticket.token);
    let id = json!({"SessionId": ticket.session});
    let answer = call(&sim, "AmazonSSM.TerminateSession", &id).await;
    assert_eq!(answer.json(), id);
    let resumed = resume_session(&sim, &ticket.session).await;
    assert_eq!((resumed.token.as_str(), resumed.url.as_str()), ("", ""));
    let session = sim.sessions().remove(0);
    assert_eq!(session.terminated_by, Some(TerminatedBy::Api));
    assert_eq!(session.resumes, 1);
    let unknown = json!({"SessionId": "nobody-1"});
    for operation in ["AmazonSSM.ResumeSession", "AmazonSSM.TerminateSession"] {
        let answer = call(&sim, operation, &unknown).await;
        assert_eq!(answer.code(), "DoesNotExistException");
    }
    sim.stop().await;
}

#[tokio::test]
async fn sessions_are_listed_by_state_target_and_page() {
    let sim = start(Settings::default()).await;
    let first = start_port_session(&sim, 80).await;
    let second = start_port_session(&sim, 81).await;
    let end = json!({"SessionId": first.session});
    call(&sim, "AmazonSSM.TerminateSession", &end).await;
    let list = async |body: Value| {
        let answer = call(&sim, "AmazonSSM.DescribeSessions", &body).await.json();
        let ids = answer["Sessions"].as_array().unwrap().iter();
        let ids: Vec<String> = ids
            .map(|row| row["SessionId"].as_str().unwrap().to_owned())
            .collect();
        (ids, answer["NextToken"].as_str().map(str::to_owned))
    };
    let active = list(json!({"State": "Active"})).await;
    assert_eq!(active, (vec![second.session.clone()], None));
    let history = list(json!({"State": "History"})).await;
    assert_eq!(history, (vec![first.session.clone()], None));
    let other = json!({"State": "Active", "Filters": [{"key": "Target", "value": "i-1"}]});
    assert!(list(other).await.0.is_empty());
    let third = start_port_session(&sim, 82).await;
    let (page, next) = list(json!({"State": "Active", "MaxResults": 1})).await;
    assert_eq!(page, [third.session]);
    let (page, next) = list(json!({"State": "Active", "MaxResults": 1, "NextToken": next})).await;
    assert_eq!((page, next), (vec![second.session], None));
    let answer = call(&sim, "AmazonSSM.DescribeSessions", &json!({"State": "?"})).await;
    assert_eq!(answer.code(), "ValidationException");
    sim.stop().await;
}

#[tokio::test]
async fn nodes_and_their_connection_are_described() {
    let settings = Settings {
        targets: vec![Target::online("mi-1"), Target::offline("i-2")],
        unlisted_targets: None,
        ..Settings::default()
    };
    let sim = start(settings).await;
    for (target, status) in [
        ("mi-1", "connected"),
        ("i-2", "notconnected"),
        ("i-3", "notconnected"),
        ("bastion", "notconnected"),
    ] {
        let body = json!({"Target": target});
        let answer = call(&sim, "AmazonSSM.GetConnectionStatus", &body).await;
        assert_eq!(answer.json(), json!({"Target": target, "Status": status}));
    }
    let operation = "AmazonSSM.DescribeInstanceInformation";
    let all = call(&sim, operation, &json!({})).await.json();
    let rows = all["InstanceInformationList"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["ResourceType"], "ManagedInstance");
    assert_eq!(rows[1]["PingStatus"], "ConnectionLost");
    let filter = json!({"Filters": [{"Key": "PingStatus", "Values": ["Online"]}]});
    let some = call(&sim, operation, &filter).await.json();
    assert_eq!(some["InstanceInformationList"].as_array().unwrap().len(), 1);
    sim.stop().await;
}

#[tokio::test]
async fn a_data_key_is_made_for_the_sessions_key_only() {
    let settings = Settings {
        kms_key_id: Some("key-1".to_owned()),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let operation = "TrentService.GenerateDataKey";
    let body = json!({"KeyId": "key-1", "NumberOfBytes": 64, "EncryptionContext": {"a": "b"}});
    let answer = call(&sim, operation, &body).await.json();
    assert_eq!(answer["Plaintext"].as_str().unwrap().len(), 88);
    assert_ne!(answer["Plaintext"], answer["CiphertextBlob"]);
    let other = call(&sim, operation, &json!({"KeyId": "key-2"})).await;
    assert_eq!(other.code(), "NotFoundException");
    sim.stop().await;
}

#[tokio::test]
async fn an_operation_fails_as_often_as_asked() {
    let sim = start(Settings::default()).await;
    let fault = ApiFault::Error {
        code: "ThrottlingException".to_owned(),
        message: "Rate exceeded".to_owned(),
        status: 400,
    };
    sim.faults()
        .fail_api(Operation::StartSession, fault, Some(2));
    for expected in ["ThrottlingException", "ThrottlingException", ""] {
        let answer = call(&sim, "AmazonSSM.StartSession", &port_session(TARGET)).await;
        assert_eq!(answer.code(), expected);
    }
    sim.faults()
        .fail_api(Operation::StartSession, ApiFault::Html, None);
    let answer = call(&sim, "AmazonSSM.StartSession", &port_session(TARGET)).await;
    assert!(answer.status == 200 && answer.text.contains("<html>"));
    assert_eq!(sim.stats().api_errors["ThrottlingException"], 2);
    sim.stop().await;
}

#[tokio::test]
async fn a_hanging_operation_is_answered_when_the_fault_is_lifted() {
    let sim = start(Settings::default()).await;
    let operation = Operation::StartSession;
    sim.faults().fail_api(operation, ApiFault::Hang, None);
    let body = port_session(TARGET);
    let calling = call(&sim, "AmazonSSM.StartSession", &body);
    let lifting = async {
        sim.wait_for(|_, stats| stats.api_calls.contains_key("StartSession"))
            .await;
        assert!(sim.sessions().is_empty());
        sim.faults().clear_api(operation);
    };
    let (answer, ()) = tokio::join!(calling, lifting);
    assert_eq!(answer.status, 200);
    sim.stop().await;
}

#[tokio::test]
async fn faults_can_be_made_and_looked_at_by_http() {
    let sim = start(Settings::default()).await;
    let fault = json!({
        "operation": "StartSession",
        "fault": {"kind": "error", "code": "AccessDeniedException"},
    });
    let answer = request(&sim, "POST", "/control/fail-api", &[], &fault.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = call(&sim, "AmazonSSM.StartSession", &port_session(TARGET)).await;
    assert_eq!(answer.code(), "AccessDeniedException");
    assert_eq!(
        request(&sim, "POST", "/control/clear", &[], "")
            .await
            .status,
        200
    );
    start_port_session(&sim, 80).await;
    let state = request(&sim, "GET", "/control/state", &[], "").await.json();
    assert_eq!(state["sessions"][0]["target"], TARGET);
    assert_eq!(state["stats"]["api_calls"]["StartSession"], 2);
    let bodies = [
        ("close", r#"{"code": 1001, "reason": "away"}"#),
        ("reset", "{}"),
        ("drop", ""),
        ("channel-closed", r#"{"output": "over"}"#),
        ("black-hole", r#"{"kind": "hold", "milliseconds": 0}"#),
        ("end-black-hole", ""),
        ("freeze", ""),
        ("thaw", ""),
        ("latency", r#"{"milliseconds": 0}"#),
        ("jitter", r#"{"milliseconds": 0}"#),
        ("bandwidth", r#"{"bytes_per_second": null}"#),
        ("messages", r#"{"direction": "to_agent", "loss": 1.5}"#),
        (
            "lose-next",
            r#"{"direction": "to_client", "message_type": "acknowledge", "count": 1}"#,
        ),
        (
            "cut-after",
            r#"{"direction": "to_client", "bytes": 9, "then": {"action": "reset"}}"#,
        ),
        ("refuse-upgrades", r#"{"status": 403, "times": 1}"#),
        ("accept-upgrades", ""),
        ("stream-url", r#"{"url": "nonsense"}"#),
        ("expire-tokens", ""),
        ("expire-credentials", "{}"),
        ("agent-gone", ""),
        ("agent-back", ""),
        ("garbage-frame", ""),
        ("clear-api", r#"{"operation": "StartSession"}"#),
        (
            "fail-api",
            r#"{"operation": "ResumeSession", "fault": {"kind": "late", "milliseconds": 9}, "milliseconds": 9}"#,
        ),
        (
            "expire-key",
            r#"{"access_key": "AKIA1", "milliseconds": 5}"#,
        ),
        ("resume-while-connected", r#"{"choice": "refused"}"#),
        ("session-gone", r#"{"choice": "terminated"}"#),
        ("idle-timeout", r#"{"milliseconds": 60000}"#),
        ("max-duration", r#"{"milliseconds": null}"#),
        ("agent-lost", ""),
        ("session-lost", ""),
    ];
    for (verb, body) in bodies {
        let answer = request(&sim, "POST", &format!("/control/{verb}"), &[], body).await;
        assert_eq!(answer.status, 200, "{verb}: {}", answer.text);
    }
    let bad = request(&sim, "POST", "/control/latency", &[], "soon").await;
    assert_eq!(bad.status, 400);
    let both = r#"{"status": 500, "times": 1, "milliseconds": 1}"#;
    let bad = request(&sim, "POST", "/control/refuse-upgrades", &[], both).await;
    assert_eq!(bad.status, 400);
    let unknown = request(&sim, "POST", "/control/explode", &[], "{}").await;
    assert_eq!(unknown.status, 404);
    sim.stop().await;
}

#[tokio::test]
async fn a_black_hole_does_not_swallow_the_request_that_ends_it() {
    let sim = Simulator::start(Settings::default()).await.unwrap();
    for kind in ["swallow", "hold"] {
        let hole = format!(r#"{{"kind": "{kind}"}}"#);
        let control = |verb: &str, body: String| {
            let path = format!("/control/{verb}");
            let sim = &sim;
            async move { request(sim, "POST", &path, &[], &body).await.status }
        };
        assert_eq!(control("black-hole", hole).await, 200);
        let state = request(&sim, "GET", "/control/state", &[], "").await;
        assert_eq!(state.status, 200);
        assert_eq!(control("end-black-hole", String::new()).await, 200);
        // Everything else passes again.
        assert_eq!(request(&sim, "GET", "/", &[], "").await.status, 404);
    }
    sim.stop().await;
}
