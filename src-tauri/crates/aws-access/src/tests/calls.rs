//! What the calls send, and what they make of good answers.

use std::collections::BTreeMap;

use serde_json::json;
use url::Url;

use super::server::{Answer, Server, access, settings};
use crate::{Access, AccessError, StartSession};

pub(super) fn request() -> StartSession {
    StartSession {
        target: "i-0123456789abcdef0".to_owned(),
        document: "AWS-StartPortForwardingSession".to_owned(),
        parameters: BTreeMap::from([("portNumber".to_owned(), vec!["5432".to_owned()])]),
        reason: Some("a test".to_owned()),
    }
}

#[tokio::test]
async fn start_session_sends_target_document_parameters_and_reason() {
    let server = Server::http(Answer::grant()).await;
    let grant = access(&server)
        .await
        .start_session(&request())
        .await
        .unwrap();
    assert_eq!(grant.session_id, "alice-0123");
    assert_eq!(grant.token.expose(), "planted-token");
    assert_eq!(grant.stream_url.path(), "/v1/data-channel/alice-0123");
    let asked = server.last();
    assert_eq!(asked.headers["x-amz-target"], "AmazonSSM.StartSession");
    assert_eq!(
        asked.headers["x-amz-security-token"],
        "planted-session-token"
    );
    let authorization = asked.headers["authorization"].to_str().unwrap();
    assert!(
        authorization.contains("AKIAIOSFODNN7EXAMPLE"),
        "{authorization}"
    );
    assert!(
        authorization.contains("/eu-central-1/ssm/aws4_request"),
        "{authorization}"
    );
    assert_eq!(
        asked.body,
        json!({
            "Target": "i-0123456789abcdef0",
            "DocumentName": "AWS-StartPortForwardingSession",
            "Parameters": { "portNumber": ["5432"] },
            "Reason": "a test",
        })
    );
}

#[tokio::test]
async fn resume_session_gets_another_token() {
    let server = Server::http(Answer::grant()).await;
    let grant = access(&server)
        .await
        .resume_session("alice-0123")
        .await
        .unwrap();
    assert_eq!(grant.token.expose(), "planted-token");
    assert_eq!(
        server.last().headers["x-amz-target"],
        "AmazonSSM.ResumeSession"
    );
    assert_eq!(server.last().body, json!({ "SessionId": "alice-0123" }));
}

#[tokio::test]
async fn a_resume_without_a_token_means_that_the_session_is_over() {
    for body in [
        json!({}),
        json!({ "SessionId": "s", "StreamUrl": "wss://h/", "TokenValue": "" }),
    ] {
        let server = Server::http(Answer::json(200, &body)).await;
        let error = access(&server).await.resume_session("s").await.unwrap_err();
        assert!(
            matches!(error, AccessError::SessionOver { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_start_without_a_token_or_with_a_bad_url_is_an_error() {
    for body in [
        json!({}),
        json!({ "SessionId": "s" }),
        json!({ "SessionId": "s", "TokenValue": "t", "StreamUrl": "not a url" }),
    ] {
        let server = Server::http(Answer::json(200, &body)).await;
        let error = access(&server)
            .await
            .start_session(&request())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "unparsable-answer", "{body}");
    }
}

#[tokio::test]
async fn ending_a_session_that_has_ended_succeeds() {
    let answers = [
        Answer::error(400, "DoesNotExistException", "gone"),
        Answer::error(
            400,
            "ValidationException",
            "Session is not in a valid state",
        ),
    ];
    for answer in answers {
        let server = Server::http(answer).await;
        access(&server)
            .await
            .terminate_session("alice-0123")
            .await
            .unwrap();
        assert_eq!(
            server.last().headers["x-amz-target"],
            "AmazonSSM.TerminateSession"
        );
    }
}

#[tokio::test]
async fn a_data_key_is_bound_to_session_and_target() {
    // 64 bytes of zero, and "cipher", in base64.
    let answer = json!({ "KeyId": "k", "Plaintext": format!("{}==", "A".repeat(86)), "CiphertextBlob": "Y2lwaGVy" });
    let server = Server::http(Answer::json(200, &answer)).await;
    let key = access(&server)
        .await
        .generate_data_key("k", "alice-0123", "i-0123")
        .await
        .unwrap();
    assert_eq!(*key.plaintext, [0; 64]);
    assert_eq!(key.ciphertext, b"cipher");
    let asked = server.last();
    assert_eq!(
        asked.headers["x-amz-target"],
        "TrentService.GenerateDataKey"
    );
    assert_eq!(
        asked.body,
        json!({
            "KeyId": "k",
            "NumberOfBytes": 64,
            "EncryptionContext": { "aws:ssm:SessionId": "alice-0123", "aws:ssm:TargetId": "i-0123" },
        })
    );
    assert!(!format!("{key:?}").contains("0, 0"));
}

#[tokio::test]
async fn a_data_key_of_another_length_is_refused() {
    let answer = json!({ "Plaintext": "AAAA", "CiphertextBlob": "Y2lwaGVy" });
    let server = Server::http(Answer::json(200, &answer)).await;
    let error = access(&server)
        .await
        .generate_data_key("k", "s", "t")
        .await
        .unwrap_err();
    assert_eq!(error.code(), "unparsable-answer");
}

#[tokio::test]
async fn a_presigned_url_is_not_signed_again() {
    let access = Access::load(settings("http://127.0.0.1:9".to_owned()))
        .await
        .unwrap();
    let url = Url::parse("wss://h.example/x?X-Amz-Signature=abc").unwrap();
    assert!(access.sign_upgrade(&url).await.unwrap().is_empty());
    let url = Url::parse("wss://h.example/x?role=publish_subscribe").unwrap();
    let headers = access.sign_upgrade(&url).await.unwrap();
    assert_eq!(headers["x-amz-security-token"], "planted-session-token");
}

#[tokio::test]
async fn where_the_clock_is_wrong_an_upgrade_is_signed_with_the_time_of_aws() {
    let mut answer = Answer::grant();
    answer
        .headers
        .push(("date", "Tue, 01 Jan 2030 00:00:00 GMT".to_owned()));
    let server = Server::http(answer).await;
    let access = access(&server).await;
    let url = Url::parse("wss://h.example/x?role=publish_subscribe").unwrap();
    let date = async || access.sign_upgrade(&url).await.unwrap()["x-amz-date"].clone();
    assert!(!date().await.to_str().unwrap().starts_with("2030"));
    access.start_session(&request()).await.unwrap();
    let by_aws = date().await;
    let by_aws = by_aws.to_str().unwrap();
    assert!(by_aws.starts_with("20300101T00"), "{by_aws}");
}

#[tokio::test]
async fn somebody_elses_date_is_not_taken_for_the_time() {
    let mut answer = Answer::html(503);
    answer
        .headers
        .push(("date", "Tue, 01 Jan 2030 00:00:00 GMT".to_owned()));
    let server = Server::http(answer).await;
    let access = access(&server).await;
    access.start_session(&request()).await.unwrap_err();
    let url = Url::parse("wss://h.example/x?role=publish_subscribe").unwrap();
    let headers = access.sign_upgrade(&url).await.unwrap();
    let date = headers["x-amz-date"].to_str().unwrap();
    assert!(!date.starts_with("2030"), "{date}");
}

#[tokio::test]
async fn an_answer_that_is_longer_than_any_is_not_read_to_its_end() {
    let answer = |padding: usize| {
        let mut answer = Answer::grant();
        answer.body.push_str(&" ".repeat(padding));
        answer
    };
    let server = Server::http(answer(1 << 20)).await;
    access(&server)
        .await
        .start_session(&request())
        .await
        .unwrap();
    let server = Server::http(answer(33 << 20)).await;
    let error = access(&server)
        .await
        .start_session(&request())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "unparsable-answer", "{error:?}");
}

#[tokio::test]
async fn a_target_that_is_no_id_is_told_how_a_name_is_written() {
    let server = Server::http(Answer::error(400, "TargetNotConnected", "no")).await;
    let mut wanted = request();
    wanted.target = "bastion".into();
    let error = access(&server)
        .await
        .start_session(&wanted)
        .await
        .unwrap_err();
    assert!(
        error.remedy().contains("name:bastion"),
        "{}",
        error.remedy()
    );
}

#[tokio::test]
async fn no_secret_shows_in_debug_output() {
    let server = Server::http(Answer::grant()).await;
    let access = access(&server).await;
    let grant = access.start_session(&request()).await.unwrap();
    let text = format!("{grant:?} {access:?} {:?}", settings(String::new()));
    for secret in ["planted-token", "wJalrXUtnFEMI", "planted-session-token"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn a_grant_is_printed_without_what_lets_somebody_in() {
    let url = "wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/alice-0123\
        ?role=publish_subscribe&X-Amz-Signature=planted-signature";
    let answer = Answer::json(
        200,
        &serde_json::json!({
            "SessionId": "alice-0123",
            "StreamUrl": url,
            "TokenValue": "planted-token",
        }),
    );
    let server = Server::http(answer).await;
    let grant = access(&server)
        .await
        .resume_session("alice-0123")
        .await
        .unwrap();
    assert_eq!(grant.stream_url.as_str(), url, "whole");
    let printed = format!("{grant:?} {grant:#?}");
    assert!(!printed.contains("planted-"), "{printed}");
    for word in ["alice-0123", "ssmmessages.eu-central-1.amazonaws.com"] {
        assert!(printed.contains(word), "{printed}");
    }
}
