//! What the service's errors mean.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::calls::request;
use super::server::{Answer, Server, access};
use crate::{AccessError, Next};

#[derive(Debug, Clone, Copy)]
enum Method {
    Start,
    Resume,
    Terminate,
}

async fn fails(method: Method, answer: Answer) -> AccessError {
    let server = Server::http(answer).await;
    let access = access(&server).await;
    let error = match method {
        Method::Start => access.start_session(&request()).await.unwrap_err(),
        Method::Resume => access.resume_session("alice-0123").await.unwrap_err(),
        Method::Terminate => access.terminate_session("alice-0123").await.unwrap_err(),
    };
    assert_eq!(server.asked.lock().unwrap().len(), 1, "a call is made once");
    error
}

#[tokio::test]
async fn no_remedy_promises_another_attempt_which_only_the_policy_knows_of() {
    for (status, code) in [(400, "ThrottlingException"), (500, "InternalServerError")] {
        let error = fails(Method::Start, Answer::error(status, code, "m")).await;
        assert!(!error.remedy().contains("again"), "{}", error.remedy());
    }
}

#[tokio::test]
async fn a_denial_names_the_action() {
    let error = fails(
        Method::Resume,
        Answer::error(400, "AccessDeniedException", "no"),
    )
    .await;
    assert_eq!(
        error.what(),
        "The credentials do not allow ssm:ResumeSession."
    );
}

#[tokio::test]
async fn a_terminated_session_is_over_whatever_the_code() {
    let answer = Answer::error(400, "ValidationException", "Session is already terminated");
    let error = fails(Method::Resume, answer).await;
    assert_eq!(error.code(), "session-over");
}

#[tokio::test]
async fn a_resume_refused_for_the_sessions_state_does_not_say_that_it_is_over() {
    let answer = Answer::error(
        400,
        "ValidationException",
        "Session is not in a valid state",
    );
    // It may be that the session is connected: that is no reason to give it up.
    let error = fails(Method::Resume, answer).await;
    assert_eq!(
        (error.code(), error.next()),
        ("invalid-request", Next::Stop)
    );
}

#[tokio::test]
async fn another_fault_of_a_request_to_end_a_session_is_told() {
    let answer = Answer::error(400, "ValidationException", "SessionId is too long");
    let error = fails(Method::Terminate, answer).await;
    assert_eq!(error.code(), "invalid-request");
}

#[tokio::test]
async fn a_target_that_is_called_terminated_is_not_an_ended_session() {
    let answer = Answer::error(400, "TargetNotConnected", "i-0123 is terminated");
    assert_eq!(
        fails(Method::Start, answer).await.code(),
        "target-not-connected"
    );
}

#[tokio::test]
async fn a_refused_signature_with_a_distant_date_is_the_clocks_fault() {
    let refused = async |answer| {
        let server = Server::http(answer).await;
        let access = access(&server).await;
        access.start_session(&request()).await.unwrap_err()
    };
    for (offset, word) in [(3600, "behind"), (-3600_i64, "ahead")] {
        let theirs = DateTime::from(SystemTime::now()).secs() + offset;
        let date = DateTime::from_secs(theirs).fmt(Format::HttpDate).unwrap();
        let mut answer = Answer::error(400, "RequestTimeTooSkewed", "Signature expired");
        answer.headers.push(("date", date.clone()));
        let error = refused(answer).await;
        assert_eq!(error.code(), "clock-skew");
        assert!(error.what().contains(word), "{}", error.what());
        assert_eq!(error.next(), Next::Retry);
        // What was signed with AWS's time is refused for another reason.
        let mut answer = Answer::error(400, "InvalidSignatureException", "It does not match");
        answer.headers.push(("date", date));
        assert_eq!(refused(answer).await.code(), "invalid-credentials");
    }
}

#[tokio::test]
async fn what_is_refused_for_the_clock_alone_is_signed_anew_with_the_time_of_aws_once() {
    let mut answer = Answer::error(400, "InvalidSignatureException", "Signature expired");
    answer
        .headers
        .push(("date", "Tue, 01 Jan 2030 00:00:00 GMT".to_owned()));
    let server = Server::http(answer).await;
    let access = access(&server).await;
    access.start_session(&request()).await.unwrap_err();
    // Whichever service it was that has told the time: the next call begins with it.
    access.caller().await.unwrap_err();
    let asked = server.asked.lock().unwrap();
    let dates = asked.iter().map(|asked| &asked.headers["x-amz-date"]);
    let by_aws: Vec<_> = dates
        .map(|date| date.to_str().unwrap().starts_with("20300101T00"))
        .collect();
    assert_eq!(by_aws, [false, true, true]);
}

#[tokio::test]
async fn a_web_page_is_not_taken_for_the_service() {
    // A captive portal, or a proxy that forbids; but behind a 503 may be the service itself.
    for (status, code, next) in [
        (200, "captive-portal", Next::AwaitNetwork),
        (302, "captive-portal", Next::AwaitNetwork),
        (403, "captive-portal", Next::AwaitNetwork),
        (511, "captive-portal", Next::AwaitNetwork),
        (503, "service-error", Next::Retry),
    ] {
        let error = fails(Method::Resume, Answer::html(status)).await;
        assert_eq!(error.code(), code, "{status}");
        assert_eq!(error.next(), next, "{status}");
        assert!(
            error.details().contains("Welcome to the hotel"),
            "{}",
            error.details()
        );
    }
}

#[tokio::test]
async fn a_session_is_not_over_because_somebody_else_answers_with_nothing() {
    for body in ["", "{}"] {
        let answer = Answer {
            status: 200,
            body: body.to_owned(),
            ..Answer::default()
        };
        let error = fails(Method::Resume, answer).await;
        assert_eq!(error.code(), "captive-portal");
        assert_eq!(error.next(), Next::AwaitNetwork);
    }
}

#[tokio::test]
async fn an_error_without_a_code_tells_the_status() {
    let error = fails(
        Method::Start,
        Answer {
            status: 502,
            ..Answer::default()
        },
    )
    .await;
    assert_eq!(error.code(), "service-error");
    assert_eq!(error.next(), Next::Retry);
    assert!(error.what().contains("502"), "{}", error.what());
}

#[tokio::test]
async fn an_empty_refusal_is_the_services_only_with_the_id_of_the_request() {
    for status in [403, 404] {
        let empty = |headers| Answer {
            status,
            headers,
            ..Answer::default()
        };
        let error = fails(Method::Start, empty(Vec::new())).await;
        assert_eq!(error.code(), "captive-portal");
        let told = format!("HTTP {status}, with nothing in it");
        assert_eq!(error.details(), told);
        let id = ("x-amzn-requestid", "r-1".to_owned());
        let error = fails(Method::Start, empty(vec![id])).await;
        assert_eq!(error.code(), "service-error");
        assert!(error.remedy().len() > 40, "{}", error.remedy());
    }
}

#[tokio::test]
async fn a_throttled_answer_is_not_tried_again_here() {
    let answer = Answer::error(429, "ThrottlingException", "Rate exceeded");
    let begun = tokio::time::Instant::now();
    assert_eq!(fails(Method::Start, answer).await.next(), Next::Retry);
    assert!(begun.elapsed() < Duration::from_secs(60));
}
