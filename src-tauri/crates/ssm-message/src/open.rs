//! The first message of every WebSocket, the only one that is text.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Opens the data channel: shows the token of StartSession or ResumeSession
/// (docs/protocol.md, section 1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OpenDataChannel {
    /// "1.0".
    pub message_schema_version: String,
    /// New for each WebSocket.
    pub request_id: Uuid,
    /// The secret. It may go nowhere but here.
    pub token_value: String,
    /// The same for the life of a session.
    pub client_id: Uuid,
    /// The version whose behaviour the client promises; gates features of the agent.
    pub client_version: String,
}

impl OpenDataChannel {
    /// The `MessageSchemaVersion` of every data channel.
    pub const SCHEMA_VERSION: &'static str = "1.0";

    /// Encodes the message as the text of one WebSocket frame.
    pub fn encode(&self) -> String {
        // Strings and UUIDs always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Leaves the token out.
impl fmt::Debug for OpenDataChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenDataChannel")
            .field("message_schema_version", &self.message_schema_version)
            .field("request_id", &self.request_id)
            .field("token_value", &"[redacted]")
            .field("client_id", &self.client_id)
            .field("client_version", &self.client_version)
            .finish()
    }
}
