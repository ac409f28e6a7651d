//! The API as a client calls it: AWS JSON 1.1 over HTTP, signed.

mod describe;
mod documents;
mod identity;
mod keys;
mod policy;
mod sessions;
mod start;

pub(crate) use start::{PORT, REMOTE_HOST};

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::http::request::Parts;
use policy::{ACCOUNT, Asked};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::faults::{ApiFault, Limited, Operation};
use crate::service::Service;

/// An answer: status and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// An error in the shape of AWS.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }
}

/// Calls one operation and says how it went.
pub(crate) async fn call(service: &Arc<Service>, request: &Parts, body: &[u8]) -> Answer {
    match dispatch(service, request, body).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(code = error.code, message = error.message, "API error");
            service.with_stats(|stats| {
                *stats.api_errors.entry(error.code.clone()).or_default() += 1;
            });
            if identity::is_asked(body) {
                return identity::failure(&error);
            }
            Answer {
                status: error.status,
                content_type: "application/x-amz-json-1.1",
                body: json!({"__type": error.code, "message": error.message}).to_string(),
            }
        }
    }
}

async fn dispatch(
    service: &Arc<Service>,
    request: &Parts,
    body: &[u8],
) -> Result<Answer, ApiError> {
    let target = request
        .headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (operation, signing_name) = find(target)
        .or_else(|| identity::is_asked(body).then_some((Operation::GetCallerIdentity, "sts")))
        .ok_or_else(|| ApiError::new("UnknownOperationException", "The operation is unknown."))?;
    service.with_stats(|stats| {
        *stats
            .api_calls
            .entry(operation.name().to_owned())
            .or_default() += 1;
    });
    service.note_change();

    // A fault stands for trouble anywhere on the way, so it comes first.
    if let Some(answer) = fault(service, operation).await? {
        return Ok(answer);
    }
    service
        .verify(request, body, signing_name)
        .map_err(|error| ApiError {
            status: error.status(),
            ..ApiError::new(error.code(), error.to_string())
        })?;

    let asked = Asked::new(service, request);
    let answer = match operation {
        Operation::StartSession => start::start_session(service, &asked, &input(body)?)?,
        Operation::ResumeSession => {
            let input: sessions::Input = input(body)?;
            asked.allow("ssm:ResumeSession", &[asked.session(&input.session_id)])?;
            sessions::resume_session(service, &input)?
        }
        Operation::TerminateSession => {
            let input: sessions::Input = input(body)?;
            asked.allow("ssm:TerminateSession", &[asked.session(&input.session_id)])?;
            sessions::terminate_session(service, &input)?
        }
        Operation::DescribeSessions => {
            asked.allow("ssm:DescribeSessions", &[asked.arn("ssm", ACCOUNT, "*")])?;
            describe::describe_sessions(service, &input(body)?)?
        }
        Operation::GetConnectionStatus => {
            let all = [asked.arn("ssm", ACCOUNT, "*")];
            asked.allow("ssm:GetConnectionStatus", &all)?;
            describe::get_connection_status(service, &input(body)?)
        }
        Operation::DescribeInstanceInformation => {
            let all = [asked.arn("ssm", ACCOUNT, "*")];
            asked.allow("ssm:DescribeInstanceInformation", &all)?;
            describe::describe_instance_information(service, &input(body)?)?
        }
        Operation::GenerateDataKey => {
            let input: keys::Input = input(body)?;
            let key = asked.arn("kms", ACCOUNT, &format!("key/{}", input.key_id));
            asked.allow("kms:GenerateDataKey", &[key])?;
            keys::generate_data_key(service, &input)?
        }
        Operation::GetDocument => {
            let input: documents::Input = input(body)?;
            asked.allow("ssm:GetDocument", &[asked.document(&input.name)])?;
            documents::get_document(service, &input)?
        }
        // Needs no permission.
        Operation::GetCallerIdentity => return Ok(identity::answer()),
    };
    Ok(Answer {
        status: 200,
        content_type: "application/x-amz-json-1.1",
        body: answer.to_string(),
    })
}

fn find(target: &str) -> Option<(Operation, &'static str)> {
    let (prefix, name) = target.split_once('.')?;
    let operation = Operation::ALL
        .into_iter()
        .find(|operation| operation.name() == name)?;
    let (expected, signing_name) = match operation {
        Operation::GenerateDataKey => ("TrentService", "kms"),
        Operation::StartSession
        | Operation::ResumeSession
        | Operation::TerminateSession
        | Operation::DescribeSessions
        | Operation::GetConnectionStatus
        | Operation::DescribeInstanceInformation
        | Operation::GetDocument => ("AmazonSSM", "ssm"),
        // It is found by its body.
        Operation::GetCallerIdentity => return None,
    };
    (prefix == expected).then_some((operation, signing_name))
}

async fn fault(service: &Service, operation: Operation) -> Result<Option<Answer>, ApiError> {
    let mut changes = service.changes();
    let take = || {
        service.with_faults_quietly(|faults| faults.api.get_mut(&operation)?.take(Instant::now()))
    };
    match take() {
        None => Ok(None),
        Some(ApiFault::Error {
            code,
            message,
            status,
        }) => Err(ApiError {
            status,
            code,
            message,
        }),
        Some(ApiFault::Html) => Ok(Some(Answer {
            status: 200,
            content_type: "text/html",
            body: crate::http::PORTAL.to_owned(),
        })),
        Some(ApiFault::Late { milliseconds }) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Ok(None)
        }
        Some(ApiFault::Hang) => {
            // Until the fault is lifted or over, or the client gives up and this call is
            // dropped.
            loop {
                let fault = service
                    .with_faults_quietly(|faults| faults.api.get(&operation).map(Limited::end));
                match fault {
                    None => return Ok(None),
                    Some(Some(end)) if end <= Instant::now() => return Ok(None),
                    Some(end) => tokio::select! {
                        changed = changes.changed() => if changed.is_err() { return Ok(None) },
                        () = at(end) => {}
                    },
                }
            }
        }
    }
}

/// Waits until then, or for ever.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Reads an operation's input.
fn input<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        let code = match error.classify() {
            serde_json::error::Category::Data => "ValidationException",
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof => "SerializationException",
        };
        ApiError::new(code, error.to_string())
    })
}

/// A time as AWS JSON has it: seconds since 1970, with a fraction.
fn epoch(time: SystemTime) -> Value {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    json!(since.as_millis() as f64 / 1000.0)
}

/// One page of a list, and the token of the next one.
fn page<T>(
    all: Vec<T>,
    most: Option<usize>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let from = match token {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| ApiError::new("InvalidNextToken", "The specified token isn't valid."))?,
    };
    let most = most.unwrap_or(50).clamp(1, 200);
    let total = all.len();
    let rows: Vec<T> = all.into_iter().skip(from).take(most).collect();
    let next = from.saturating_add(rows.len());
    Ok((rows, (next < total).then(|| next.to_string())))
}
