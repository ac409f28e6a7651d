//! The bodies of payloads that are not plain bytes: JSON, and the four-byte flag.
//!
//! Field order is that of the reference pair, so that what is encoded here is the same to the
//! byte. Bodies are read leniently (an unknown field is passed over, a list may be `null`),
//! because both peers are free to add to them.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{MessageType, PayloadError};

/// A body that is a JSON object.
pub trait JsonPayload: Serialize + DeserializeOwned {
    /// The body's name in docs/protocol.md, for errors.
    const NAME: &'static str;

    /// Decodes a payload.
    ///
    /// # Errors
    /// [`PayloadError::Json`] if it is not the JSON that this body has.
    fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        serde_json::from_slice(payload).map_err(|source| PayloadError::Json {
            what: Self::NAME,
            source,
        })
    }

    /// Encodes the body as a payload.
    fn encode(&self) -> Bytes {
        let mut payload = BytesMut::new();
        self.encode_into(&mut payload);
        payload.freeze()
    }

    /// Appends the encoded body to a payload that is written in place.
    fn encode_into(&self, payload: &mut BytesMut) {
        let written = serde_json::to_writer(payload.writer(), self);
        // No maps with odd keys, no failing `Serialize` of our own, and the buffer grows.
        debug_assert!(written.is_ok(), "{}: {written:?}", Self::NAME);
    }
}

/// Says that one numbered message arrived. Never cumulative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Acknowledgement {
    /// The acknowledged message's type; `None` for one that nobody knows.
    #[serde(rename = "AcknowledgedMessageType", with = "type_name")]
    pub message_type: Option<MessageType>,
    /// The acknowledged message's id.
    #[serde(rename = "AcknowledgedMessageId")]
    pub message_id: Uuid,
    /// The acknowledged message's number.
    #[serde(rename = "AcknowledgedMessageSequenceNumber")]
    pub sequence_number: i64,
    /// Always `true`.
    #[serde(default)]
    pub is_sequential_message: bool,
}

impl JsonPayload for Acknowledgement {
    const NAME: &'static str = "acknowledge";
}

/// A message type by its name. One is read for each message sent and written for each that came,
/// so it costs no allocation.
mod type_name {
    use std::fmt;

    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    use crate::MessageType;

    pub(super) fn serialize<S: Serializer>(
        message_type: &Option<MessageType>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(message_type.map_or("", MessageType::name))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<MessageType>, D::Error> {
        deserializer.deserialize_str(Name)
    }

    struct Name;

    impl Visitor<'_> for Name {
        type Value = Option<MessageType>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a message type")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
            Ok(MessageType::from_name(name))
        }
    }
}

/// The agent's first message: who it is, and what it wants done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeRequest {
    /// Gates features (docs/protocol.md, section 4).
    pub agent_version: String,
    /// What the client is asked to do, in order.
    #[serde(deserialize_with = "null_is_default")]
    pub requested_client_actions: Vec<RequestedClientAction>,
}

impl JsonPayload for HandshakeRequest {
    const NAME: &'static str = "HandshakeRequest";
}

/// One thing that the agent asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestedClientAction {
    /// `SessionType`, `KMSEncryption`, or something newer than this crate.
    pub action_type: String,
    /// What they are depends on the type: [`SessionTypeRequest`] or [`KmsEncryptionRequest`].
    #[serde(default)]
    pub action_parameters: Option<Box<RawValue>>,
}

impl RequestedClientAction {
    /// [`action_type`](Self::action_type) of a [`SessionTypeRequest`].
    pub const SESSION_TYPE: &'static str = "SessionType";
    /// [`action_type`](Self::action_type) of a [`KmsEncryptionRequest`].
    pub const KMS_ENCRYPTION: &'static str = "KMSEncryption";

    /// Decodes the parameters as those of the action that the type names.
    ///
    /// # Errors
    /// [`PayloadError::Json`] if they are missing or something else.
    pub fn parameters<T: JsonPayload>(&self) -> Result<T, PayloadError> {
        let text = self
            .action_parameters
            .as_deref()
            .map_or("null", RawValue::get);
        T::decode(text.as_bytes())
    }
}

/// Parameters of the action `SessionType`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionTypeRequest {
    /// `Port`, `Standard_Stream`, `InteractiveCommands`, `NonInteractiveCommands`.
    pub session_type: String,
    /// The properties of a port session, absent in others.
    #[serde(default)]
    pub properties: Option<PortProperties>,
}

impl JsonPayload for SessionTypeRequest {
    const NAME: &'static str = "SessionType action";
}

/// Properties of a port session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortProperties {
    /// The host that the target dials; its own loopback if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The client's port. Means nothing to either side by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_port_number: Option<String>,
    /// The port that the target dials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_number: Option<String>,
    /// `LocalPortForwarding` in sessions that may use smux.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Parameters of the action `KMSEncryption`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsEncryptionRequest {
    /// The key under which `GenerateDataKey` is to be called.
    #[serde(rename = "KMSKeyId")]
    pub kms_key_id: String,
}

impl JsonPayload for KmsEncryptionRequest {
    const NAME: &'static str = "KMSEncryption action";
}

/// The client's answer to a [`HandshakeRequest`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeResponse {
    /// The version whose behaviour the client promises.
    pub client_version: String,
    /// One answer for each requested action, in order.
    #[serde(deserialize_with = "null_is_default")]
    pub processed_client_actions: Vec<ProcessedClientAction>,
    /// `None` is `null` on the wire, as the reference client writes it.
    #[serde(default)]
    pub errors: Option<Vec<String>>,
}

impl JsonPayload for HandshakeResponse {
    const NAME: &'static str = "HandshakeResponse";
}

/// What became of one requested action.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProcessedClientAction {
    /// The requested action's type.
    pub action_type: String,
    /// 1 done, 2 failed, 3 not supported: see the constants.
    pub action_status: u32,
    /// `null`, or for `KMSEncryption` a [`KmsEncryptionResult`].
    #[serde(default)]
    pub action_result: Option<Box<RawValue>>,
    /// Why it failed; empty otherwise.
    #[serde(default)]
    pub error: String,
}

impl ProcessedClientAction {
    /// Status: the action was done.
    pub const SUCCESS: u32 = 1;
    /// Status: the action failed.
    pub const FAILED: u32 = 2;
    /// Status: the client does not know such an action.
    pub const UNSUPPORTED: u32 = 3;
}

/// Result of the action `KMSEncryption`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsEncryptionResult {
    /// The data key, encrypted under the KMS key, in base64.
    #[serde(rename = "KMSCipherTextKey")]
    pub kms_cipher_text_key: String,
    /// A hash of the key, in base64; the reference client leaves it empty.
    #[serde(rename = "KMSCipherTextHash", default)]
    pub kms_cipher_text_hash: String,
}

impl JsonPayload for KmsEncryptionResult {
    const NAME: &'static str = "KMSEncryption result";
}

/// The agent's last handshake message: data may flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeComplete {
    /// How long the handshake took, in nanoseconds.
    #[serde(default)]
    pub handshake_time_to_complete: i64,
    /// A text of the account's owner for the user.
    #[serde(default)]
    pub customer_message: String,
}

impl JsonPayload for HandshakeComplete {
    const NAME: &'static str = "HandshakeComplete";
}

/// Body of both encryption challenge payloads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EncryptionChallenge {
    /// Encrypted bytes, in base64.
    pub challenge: String,
}

impl JsonPayload for EncryptionChallenge {
    const NAME: &'static str = "EncryptionChallenge";
}

/// Body of `channel_closed`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChannelClosed {
    /// Names this message.
    pub message_id: String,
    /// When it was made, as text.
    pub created_date: String,
    /// The wire's own name for the far side of a session.
    pub destination_id: String,
    /// The session that is over.
    pub session_id: String,
    /// "channel_closed".
    pub message_type: String,
    /// 1.
    pub schema_version: u32,
    /// Why, in words; often empty.
    pub output: String,
}

impl JsonPayload for ChannelClosed {
    const NAME: &'static str = "channel_closed";
}

/// Body of `agent_session_state`, which only gateways and agents exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentSessionState {
    /// 1.
    pub schema_version: u32,
    /// `Connected` or `Terminating`.
    pub session_state: String,
    /// The session.
    pub session_id: String,
}

impl JsonPayload for AgentSessionState {
    const NAME: &'static str = "agent_session_state";
}

/// Payload of type [`Flag`](crate::PayloadType::Flag).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Client to agent, basic mode: the local connection ended.
    DisconnectToPort,
    /// Client to agent: end the session.
    TerminateSession,
    /// Agent to client: the destination could not be dialled. Names no stream.
    ConnectToPortError,
}

impl Flag {
    /// Decodes a flag payload.
    ///
    /// # Errors
    /// [`PayloadError::FlagLength`] if it is not four bytes, [`PayloadError::UnknownFlag`] if
    /// the number means nothing.
    pub fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        let bytes: [u8; 4] = payload
            .try_into()
            .map_err(|_| PayloadError::FlagLength(payload.len()))?;
        match u32::from_be_bytes(bytes) {
            1 => Ok(Self::DisconnectToPort),
            2 => Ok(Self::TerminateSession),
            3 => Ok(Self::ConnectToPortError),
            unknown => Err(PayloadError::UnknownFlag(unknown)),
        }
    }

    /// Encodes the flag as a payload.
    pub fn encode(self) -> Bytes {
        let number: u32 = match self {
            Self::DisconnectToPort => 1,
            Self::TerminateSession => 2,
            Self::ConnectToPortError => 3,
        };
        let mut payload = Vec::with_capacity(4);
        payload.put_u32(number);
        payload.into()
    }
}

/// The reference pair writes `null` for an empty list.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
