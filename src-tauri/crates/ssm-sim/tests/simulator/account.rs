//! What the account allows and has set, and what time it is there.

use crate::support::{
    PORT_DOCUMENT, Signer, TARGET, call, call_as, request, start, start_port_session,
};
use serde_json::{Value, json};
use ssm_sim::{Deny, Preferences, Settings};

fn port_session(target: &str, document: &str) -> Value {
    json!({"Target": target, "DocumentName": document, "Parameters": {"portNumber": ["80"]}})
}

#[tokio::test]
async fn a_denied_action_names_itself_the_resource_and_why() {
    let sim = start(Settings::default()).await;
    let ask = async |target: &str, document: &str| {
        call(
            &sim,
            "AmazonSSM.StartSession",
            &port_session(target, document),
        )
        .await
    };
    sim.faults().deny(Deny {
        on: Some(TARGET.to_owned()),
        ..Deny::action("ssm:StartSession")
    });
    let answer = ask(TARGET, PORT_DOCUMENT).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "AccessDeniedException")
    );
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    let resource = format!("arn:aws:ec2:eu-central-1:123456789012:instance/{TARGET}");
    assert!(
        message.contains(&format!(
            "to perform: ssm:StartSession on resource: {resource} because"
        )),
        "{message}"
    );
    assert_eq!(ask("i-0aaaaaaaaaaaaaaaa", PORT_DOCUMENT).await.status, 200);

    sim.faults().clear();
    sim.faults().deny(Deny {
        on: Some(":document/".to_owned()),
        except: Some("document/AWS-".to_owned()),
        explicit: true,
        ..Deny::action("ssm:StartSession")
    });
    assert_eq!(ask(TARGET, PORT_DOCUMENT).await.status, 200);
    let answer = ask(TARGET, "Ours").await;
    assert!(
        answer
            .text
            .contains("123456789012:document/Ours with an explicit deny"),
        "{answer:?}"
    );
    sim.faults().clear();
    assert_eq!(ask(TARGET, "Ours").await.code(), "InvalidDocument");
    sim.stop().await;
}

#[tokio::test]
async fn sessions_and_keys_are_denied_by_their_arns() {
    let settings = Settings {
        kms_key_id: Some("a-key".to_owned()),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let ticket = start_port_session(&sim, 80).await;
    for (action, operation, body, arn) in [
        (
            "ssm:ResumeSession",
            "AmazonSSM.ResumeSession",
            json!({"SessionId": ticket.session}),
            "session/simulated-",
        ),
        (
            "ssm:TerminateSession",
            "AmazonSSM.TerminateSession",
            json!({"SessionId": ticket.session}),
            "session/simulated-",
        ),
        (
            "kms:GenerateDataKey",
            "TrentService.GenerateDataKey",
            json!({"KeyId": "a-key"}),
            "key/a-key",
        ),
        (
            "ssm:DescribeSessions",
            "AmazonSSM.DescribeSessions",
            json!({"State": "Active"}),
            ":*",
        ),
        (
            "ssm:DescribeInstanceInformation",
            "AmazonSSM.DescribeInstanceInformation",
            json!({}),
            ":*",
        ),
        (
            "ssm:GetDocument",
            "AmazonSSM.GetDocument",
            json!({"Name": "SSM-SessionManagerRunShell"}),
            "document/SSM-",
        ),
    ] {
        assert_eq!(
            call(
                &sim,
                "AmazonSSM.GetConnectionStatus",
                &json!({"Target": TARGET})
            )
            .await
            .status,
            200
        );
        sim.faults().deny(Deny::action(action));
        let answer = call(&sim, operation, &body).await;
        assert_eq!(answer.code(), "AccessDeniedException", "{action}");
        assert!(answer.text.contains(arn), "{answer:?}");
    }
    assert_eq!(sim.living_sessions().len(), 1);
    sim.stop().await;
}

#[tokio::test]
async fn a_dry_run_makes_no_key() {
    let settings = Settings {
        kms_key_id: Some("a-key".to_owned()),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let ask = async |key: &str| {
        let body = json!({"KeyId": key, "NumberOfBytes": 64, "DryRun": true});
        call(&sim, "TrentService.GenerateDataKey", &body)
            .await
            .code()
    };
    assert_eq!(ask("a-key").await, "DryRunOperationException");
    assert_eq!(ask("another").await, "NotFoundException");
    sim.stop().await;
}

#[tokio::test]
async fn the_preferences_are_a_document_if_there_are_any() {
    let body = json!({"Name": "SSM-SessionManagerRunShell"});
    let sim = start(Settings::default()).await;
    assert_eq!(
        call(&sim, "AmazonSSM.GetDocument", &body).await.code(),
        "InvalidDocument"
    );
    sim.stop().await;

    let settings = Settings {
        preferences: Some(Preferences {
            idle_minutes: Some(7),
            most_minutes: None,
        }),
        kms_key_id: Some("a-key".to_owned()),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let answer = call(&sim, "AmazonSSM.GetDocument", &body).await.json();
    let content: Value = serde_json::from_str(answer["Content"].as_str().unwrap()).unwrap();
    assert_eq!(content["inputs"]["idleSessionTimeout"], "7");
    assert_eq!(content["inputs"]["maxSessionDuration"], "");
    assert_eq!(content["inputs"]["kmsKeyId"], "a-key");
    let other = call(&sim, "AmazonSSM.GetDocument", &json!({"Name": "Other"})).await;
    assert_eq!(other.code(), "InvalidDocument");
    sim.stop().await;
}

#[tokio::test]
async fn sessions_are_found_by_their_owner_and_nodes_by_their_ids() {
    let sim = start(Settings::default()).await;
    start_port_session(&sim, 80).await;
    let owned = async |owner: &str| {
        let filters = json!([{"key": "Owner", "value": owner}]);
        let body = json!({"State": "Active", "Filters": filters});
        let answer = call(&sim, "AmazonSSM.DescribeSessions", &body).await.json();
        answer["Sessions"].as_array().unwrap().len()
    };
    assert_eq!(
        owned("arn:aws:sts::123456789012:assumed-role/Simulated/person").await,
        1
    );
    assert_eq!(owned("arn:aws:iam::123456789012:user/another").await, 0);

    let nodes = async |ids: &[&str]| {
        let body = json!({"Filters": [{"Key": "InstanceIds", "Values": ids}]});
        let answer = call(&sim, "AmazonSSM.DescribeInstanceInformation", &body)
            .await
            .json();
        answer["InstanceInformationList"].clone()
    };
    let found = nodes(&[TARGET, "no-node"]).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["InstanceId"], TARGET);
    assert_eq!(found[0]["AgentVersion"], "3.3.0.0");
    sim.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_ahead_shows_in_dates_and_refuses_signatures() {
    let sim = start(Settings::default()).await;
    let status = async |offset: i64| {
        let mut signer = Signer::of(&sim);
        signer.clock_offset = offset;
        let body = json!({"Target": TARGET});
        call_as(&sim, &signer, "AmazonSSM.GetConnectionStatus", &body).await
    };
    let answer = request(&sim, "POST", "/control/clock", &[], r#"{"seconds": 420}"#).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = status(0).await;
    assert_eq!(answer.code(), "InvalidSignatureException");
    assert_eq!(status(420).await.status, 200);
    sim.stop().await;
}

#[tokio::test]
async fn denials_can_be_asked_for_by_http() {
    let sim = start(Settings::default()).await;
    let deny = r#"{"action": "ssm:GetDocument", "explicit": true}"#;
    assert_eq!(
        request(&sim, "POST", "/control/deny", &[], deny)
            .await
            .status,
        200
    );
    let body = json!({"Name": "SSM-SessionManagerRunShell"});
    let answer = call(&sim, "AmazonSSM.GetDocument", &body).await;
    assert!(answer.text.contains("explicit deny"), "{answer:?}");
    assert_eq!(
        request(&sim, "POST", "/control/deny", &[], "{}")
            .await
            .status,
        400
    );
    sim.stop().await;
}
