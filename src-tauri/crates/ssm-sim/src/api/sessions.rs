//! ResumeSession and TerminateSession.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::start::admission;
use crate::service::Service;
use crate::session::TerminatedBy;
use crate::settings::{ResumeWhileConnected, SessionGone};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    pub(super) session_id: String,
}

/// A session that is over is answered as the settings say (docs/protocol.md, section 3), by
/// default with nothing but its id.
pub(super) fn resume_session(service: &Arc<Service>, input: &Input) -> Result<Value, ApiError> {
    let session = service
        .session(&input.session_id)
        .ok_or_else(|| unknown(&input.session_id))?;
    if session.is_over() {
        return match service.session_gone() {
            SessionGone::EmptyToken => {
                Ok(json!({"SessionId": session.id, "StreamUrl": "", "TokenValue": ""}))
            }
            SessionGone::Terminated => Err(ApiError::validation("Session is already terminated.")),
            SessionGone::DoesNotExist => Err(unknown(&session.id)),
        };
    }
    if session.is_client_connected() {
        match service.resume_while_connected() {
            ResumeWhileConnected::Allowed => {}
            ResumeWhileConnected::Refused => {
                return Err(ApiError::validation("Session is not in a valid state"));
            }
            ResumeWhileConnected::Closes => session.close_client(1000, "resumed elsewhere"),
        }
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
