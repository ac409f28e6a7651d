//! The agent's side of the handshake (docs/protocol.md, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};
use ssm_message::payload::{
    EncryptionChallenge, HandshakeComplete, HandshakeRequest, HandshakeResponse, JsonPayload as _,
    KmsEncryptionRequest, KmsEncryptionResult, PortProperties, ProcessedClientAction,
    RequestedClientAction, SessionTypeRequest,
};
use tokio::time::Instant;

use super::cipher::Cipher;
use crate::api::{PORT, REMOTE_HOST};
use crate::random::Random;
use crate::service::Service;
use crate::session::Session;
use crate::settings::{HandshakeVariation, Settings};

/// The `type` of sessions that may use smux.
pub(super) const LOCAL_PORT_FORWARDING: &str = "LocalPortForwarding";

/// How far the handshake is.
///
/// ```text
/// Waiting ──a client opens the channel──▶ Requested ──response──▶ Complete
///                                             │                      ▲
///                                             └─response, KMS─▶ Challenged
/// ```
pub(super) enum Handshake {
    Waiting,
    Requested {
        began: Instant,
        step: Instant,
    },
    Challenged {
        began: Instant,
        step: Instant,
        challenge: Vec<u8>,
        client_version: String,
    },
    Complete,
}

impl Handshake {
    pub(super) fn is_complete(&self) -> bool {
        match self {
            Self::Complete => true,
            Self::Waiting | Self::Requested { .. } | Self::Challenged { .. } => false,
        }
    }

    /// When the step under way began, and what to say if it takes too long.
    pub(super) fn step(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Waiting | Self::Complete => None,
            Self::Requested { step, .. } => Some((
                *step,
                "Handshake timed out. Please ensure that you have the latest version of the session manager plugin.",
            )),
            Self::Challenged { step, .. } => {
                Some((*step, "Timed out waiting for encryption challenge."))
            }
        }
    }
}

/// The properties that the session's document gives.
pub(super) fn properties(session: &Session) -> PortProperties {
    let parameter = |name: &str| session.parameters.get(name).cloned();
    let forwards = session.document == PORT || session.document == REMOTE_HOST;
    PortProperties {
        host: parameter("host"),
        local_port_number: parameter("localPortNumber"),
        port_number: parameter("portNumber"),
        kind: forwards.then(|| LOCAL_PORT_FORWARDING.to_owned()),
    }
}

/// How an agent begins.
pub(super) enum Opening {
    /// With a HandshakeRequest.
    Request(Bytes),
    /// It ends the session with these words.
    End(&'static str),
    /// Not at all.
    Silence,
}

/// What an agent says that does not have the plugin of a session's document (docs/protocol.md,
/// section 4).
const NO_PLUGIN: &str = "Plugin with name Port is not supported by this version of ssm agent, \
     please update to latest version. Step name: Port";

/// Builds what the agent begins with.
pub(super) fn opening(settings: &Settings, session: &Session) -> Opening {
    let mut session_type = "Port";
    let mut more = None;
    match settings.handshake {
        HandshakeVariation::Plain => {}
        HandshakeVariation::UnknownAction => {
            more = Some(RequestedClientAction {
                action_type: "FutureAction".to_owned(),
                action_parameters: raw(&serde_json::json!({"Level": 1})),
            });
        }
        HandshakeVariation::UnknownSessionType => session_type = "FutureSession",
        HandshakeVariation::Garbage => {
            return Opening::Request(Bytes::from_static(b"{\"AgentVersion\":"));
        }
        HandshakeVariation::Silent => return Opening::Silence,
        HandshakeVariation::NoPlugin => return Opening::End(NO_PLUGIN),
    }
    let mut actions = vec![RequestedClientAction {
        action_type: RequestedClientAction::SESSION_TYPE.to_owned(),
        action_parameters: raw(&SessionTypeRequest {
            session_type: session_type.to_owned(),
            properties: Some(properties(session)),
        }),
    }];
    if let Some(key) = &settings.kms_key_id {
        actions.push(RequestedClientAction {
            action_type: RequestedClientAction::KMS_ENCRYPTION.to_owned(),
            action_parameters: raw(&KmsEncryptionRequest {
                kms_key_id: key.clone(),
            }),
        });
    }
    actions.extend(more);
    let request = HandshakeRequest {
        agent_version: session.agent.version.clone(),
        requested_client_actions: actions,
    };
    Opening::Request(request.encode())
}

/// Reads the client's answer: its version, and the cipher if there is to be one. The error
/// ends the session with its text.
pub(super) fn response(
    service: &Service,
    session: &Session,
    payload: &[u8],
) -> Result<(String, Option<Cipher>), String> {
    let response = HandshakeResponse::decode(payload).map_err(|error| error.to_string())?;
    let mut cipher = None;
    for action in &response.processed_client_actions {
        if action.action_status != ProcessedClientAction::SUCCESS {
            return Err(format!(
                "{} failed on client with status {} error: {}",
                action.action_type, action.action_status, action.error
            ));
        }
        if action.action_type == RequestedClientAction::KMS_ENCRYPTION {
            cipher = Some(data_key(service, session, action)?);
        }
    }
    if service.settings.kms_key_id.is_some() && cipher.is_none() {
        return Err("the client did not set up encryption".to_owned());
    }
    Ok((response.client_version, cipher))
}

/// Decrypts the data key that the client got, as KMS would for the agent.
fn data_key(
    service: &Service,
    session: &Session,
    action: &ProcessedClientAction,
) -> Result<Cipher, String> {
    let result = action
        .action_result
        .as_deref()
        .map_or("null", RawValue::get);
    let result =
        KmsEncryptionResult::decode(result.as_bytes()).map_err(|error| error.to_string())?;
    let failed = |why: &str| format!("Fetching data key failed: {why}");
    let ciphertext = STANDARD
        .decode(&result.kms_cipher_text_key)
        .map_err(|_| failed("the ciphertext is not base64"))?;
    let key = service
        .data_key(&ciphertext)
        .ok_or_else(|| failed("InvalidCiphertextException"))?;
    let has = |name: &str, value: &str| key.context.get(name).is_some_and(|text| text == value);
    if key.context.len() != 2
        || !has("aws:ssm:SessionId", &session.id)
        || !has("aws:ssm:TargetId", &session.target)
    {
        return Err(failed("the encryption context is another one"));
    }
    Cipher::new(&key.plaintext).ok_or_else(|| failed("the key has not 64 bytes"))
}

/// Makes a challenge: what the client must find, and the payload that asks for it.
pub(super) fn challenge(random: &mut Random, cipher: &Cipher) -> Option<(Vec<u8>, Bytes)> {
    let challenge = random.bytes(64);
    let sealed = cipher.encrypt(random, &challenge)?;
    let body = EncryptionChallenge {
        challenge: STANDARD.encode(sealed),
    };
    Some((challenge, body.encode()))
}

/// Checks the client's answer to the challenge.
pub(super) fn is_met(cipher: &Cipher, challenge: &[u8], payload: &[u8]) -> bool {
    EncryptionChallenge::decode(payload)
        .ok()
        .and_then(|answer| STANDARD.decode(answer.challenge).ok())
        .and_then(|sealed| cipher.decrypt(&sealed))
        .is_some_and(|answer| answer == challenge)
}

pub(super) fn complete(settings: &Settings, began: Instant) -> Bytes {
    let mut message = settings.customer_message.clone();
    if settings.kms_key_id.is_some() {
        message.push_str("This session is encrypted using AWS KMS.");
    }
    let complete = HandshakeComplete {
        handshake_time_to_complete: i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX),
        customer_message: message,
    };
    complete.encode()
}

fn raw(value: &impl serde::Serialize) -> Option<Box<RawValue>> {
    to_raw_value(value).ok()
}
