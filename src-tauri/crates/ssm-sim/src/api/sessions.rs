//! ResumeSession and TerminateSession.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::start::admission;
use crate::service::Service;
use crate::session::TerminatedBy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    session_id: String,
}

/// A session that is over is answered with nothing but its id (docs/protocol.md, section 3).
pub(super) fn resume_session(service: &Arc<Service>, input: &Input) -> Result<Value, ApiError> {
    let session = service
        .session(&input.session_id)
        .ok_or_else(|| unknown(&input.session_id))?;
    if session.is_over() {
        return Ok(json!({"SessionId": session.id, "StreamUrl": "", "TokenValue": ""}));
    }
    Ok(admission(service, &session, true))
}

pub(super) fn terminate_session(service: &Arc<Service>, input: &Input) -> Result<Value, ApiError> {
    let session = service
        .session(&input.session_id)
        .ok_or_else(|| unknown(&input.session_id))?;
    session.end(service, TerminatedBy::Api, "");
    Ok(json!({"SessionId": session.id}))
}

fn unknown(id: &str) -> ApiError {
    ApiError::new(
        "DoesNotExistException",
        format!("Session with id {id} does not exist."),
    )
}
