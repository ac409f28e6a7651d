//! GetDocument, for the account's preferences.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use crate::service::Service;

/// The document that holds the account's preferences for sessions.
const PREFERENCES: &str = "SSM-SessionManagerRunShell";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    pub(super) name: String,
}

/// Answers with the preferences, if the account has set any. It encrypts sessions with the key
/// that is set for them.
pub(super) fn get_document(service: &Arc<Service>, input: &Input) -> Result<Value, ApiError> {
    let settings = &service.settings;
    let is_set = settings.preferences.is_some() || settings.kms_key_id.is_some();
    if input.name != PREFERENCES || !is_set {
        return Err(ApiError::new(
            "InvalidDocument",
            format!("Document with name {} does not exist.", input.name),
        ));
    }
    let set = settings.preferences.unwrap_or_default();
    let minutes = |minutes: Option<u32>| minutes.map(|m| m.to_string()).unwrap_or_default();
    let content = json!({
        "schemaVersion": "1.0",
        "description": "Document to hold regional settings for Session Manager",
        "sessionType": "Standard_Stream",
        "inputs": {
            "idleSessionTimeout": minutes(set.idle_minutes),
            "maxSessionDuration": minutes(set.most_minutes),
            "kmsKeyId": settings.kms_key_id.as_deref().unwrap_or_default(),
            "runAsEnabled": false,
        },
    });
    Ok(json!({
        "Name": PREFERENCES,
        "DocumentVersion": "1",
        "DocumentType": "Session",
        "DocumentFormat": "JSON",
        "Content": content.to_string(),
        "Status": "Active",
    }))
}
