//! What the agent asks for, and what we answer (docs/protocol.md, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};
use ssm_message::payload::{
    EncryptionChallenge, HandshakeRequest, HandshakeResponse, JsonPayload, KmsEncryptionRequest,
    KmsEncryptionResult, ProcessedClientAction, RequestedClientAction, SessionTypeRequest,
};

use crate::cipher::Cipher;
use crate::random::Random;
use crate::{AgentVersion, Error, SessionKind};

/// The most bytes of a handshake message. Real ones have a few hundred; the answer repeats
/// parts of the request, so this bounds it too.
const MAX_LENGTH: usize = 16 * 1024;

/// What the handshake waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandshakeStep {
    /// The agent's first message.
    Request,
    /// The caller's data key, after [`Event::DataKeyNeeded`](crate::Event::DataKeyNeeded).
    DataKey,
    /// The agent's encryption challenge, or its word that the handshake is complete.
    Complete,
}

/// Where the handshake is.
///
/// ```text
///            HandshakeRequest                    HandshakeComplete
/// Request ──────────────────────────▶ Answered ────────────────────▶ established
///    │                                ▲  │  ▲
///    │ HandshakeRequest, asks for KMS │  └──┘ EncChallengeRequest
///    └───────────▶ DataKey ───────────┘
///                          handle_data_key
/// ```
///
/// An Output message in `Request` establishes the session as the shell of an agent that knows
/// no handshake, as the reference client has it. Such an agent can't forward ports.
#[derive(Debug)]
pub(crate) enum Handshake {
    /// Nothing came yet.
    Request,
    /// The request is answered once there is a data key.
    DataKey(Offer),
    /// The answer is on its way.
    Answered(Answered),
}

impl Handshake {
    pub(crate) fn step(&self) -> HandshakeStep {
        match self {
            Self::Request => HandshakeStep::Request,
            Self::DataKey(_) => HandshakeStep::DataKey,
            Self::Answered(_) => HandshakeStep::Complete,
        }
    }
}

/// What is settled by the answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) agent_version: AgentVersion,
    /// `None` if the agent named no session type.
    pub(crate) kind: Option<SessionKind>,
}

/// A HandshakeRequest, understood.
#[derive(Debug)]
pub(crate) struct Offer {
    agent_version: AgentVersion,
    kind: Option<SessionKind>,
    key_id: Option<String>,
    refusal: Option<Error>,
    actions: Vec<Action>,
}

#[derive(Debug)]
struct Action {
    action_type: String,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Done,
    Failed(String),
    Unsupported,
    /// Depends on the data key.
    NeedsKey,
}

/// The data key, as far as the answer needs it.
pub(crate) enum KeyResult<'a> {
    /// Nobody asked for one.
    NotNeeded,
    /// The key, encrypted under the KMS key.
    Ciphertext(&'a [u8]),
    /// Why there is none.
    Failed(String),
}

impl Offer {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Error> {
        let request: HandshakeRequest = decode(payload)?;
        let mut offer = Self {
            agent_version: AgentVersion::parse(&request.agent_version),
            kind: None,
            key_id: None,
            refusal: None,
            actions: Vec::new(),
        };
        for action in request.requested_client_actions {
            let outcome = match action.action_type.as_str() {
                RequestedClientAction::SESSION_TYPE => offer.session_type(&action),
                RequestedClientAction::KMS_ENCRYPTION => offer.kms_encryption(&action),
                _ => Outcome::Unsupported,
            };
            offer.actions.push(Action {
                action_type: action.action_type,
                outcome,
            });
        }
        Ok(offer)
    }

    /// The KMS key to ask for, unless the offer is refused anyway.
    pub(crate) fn key_id(&self) -> Option<&str> {
        match self.refusal {
            None => self.key_id.as_deref(),
            Some(_) => None,
        }
    }

    /// Answers every action in the order asked, and says whether the session can go on.
    pub(crate) fn answer(
        self,
        client_version: &str,
        key: KeyResult<'_>,
    ) -> (Bytes, Result<Answered, Error>) {
        let mut errors = Vec::new();
        let mut processed = Vec::with_capacity(self.actions.len());
        for action in self.actions {
            let (status, result, error) = action.process(&key);
            if !error.is_empty() {
                errors.push(error.clone());
            }
            processed.push(ProcessedClientAction {
                action_type: action.action_type,
                action_status: status,
                action_result: result,
                error,
            });
        }
        let response = HandshakeResponse {
            client_version: client_version.into(),
            processed_client_actions: processed,
            errors: (!errors.is_empty()).then_some(errors),
        };
        let settled = match (self.refusal, key) {
            (Some(refusal), _) => Err(refusal),
            (None, KeyResult::Failed(why)) => Err(Error::DataKeyFailed(why)),
            (None, KeyResult::NotNeeded | KeyResult::Ciphertext(_)) => Ok(Answered {
                agent_version: self.agent_version,
                kind: self.kind,
            }),
        };
        (response.encode(), settled)
    }

    fn session_type(&mut self, action: &RequestedClientAction) -> Outcome {
        let request: SessionTypeRequest = match action.parameters() {
            Ok(request) => request,
            Err(error) => {
                let outcome = Outcome::Failed(error.to_string());
                self.refuse(error.into());
                return outcome;
            }
        };
        let name = request.session_type.clone();
        match SessionKind::of(request, self.agent_version) {
            Some(kind) => {
                self.kind = Some(kind);
                Outcome::Done
            }
            None => {
                let error = Error::UnknownSessionType(name);
                let outcome = Outcome::Failed(error.to_string());
                self.refuse(error);
                outcome
            }
        }
    }

    fn kms_encryption(&mut self, action: &RequestedClientAction) -> Outcome {
        let request: KmsEncryptionRequest = match action.parameters() {
            Ok(request) => request,
            Err(error) => {
                let outcome = Outcome::Failed(error.to_string());
                self.refuse(error.into());
                return outcome;
            }
        };
        match &self.key_id {
            Some(earlier) if *earlier != request.kms_key_id => {
                let error = Error::DataKeyFailed("the agent names two KMS keys".into());
                let outcome = Outcome::Failed(error.to_string());
                self.refuse(error);
                outcome
            }
            Some(_) | None => {
                self.key_id = Some(request.kms_key_id);
                Outcome::NeedsKey
            }
        }
    }

    fn refuse(&mut self, error: Error) {
        self.refusal.get_or_insert(error);
    }
}

impl Action {
    /// Returns status, result and error text.
    fn process(&self, key: &KeyResult<'_>) -> (u32, Option<Box<RawValue>>, String) {
        let failed = |why: &str| (ProcessedClientAction::FAILED, None, why.to_owned());
        match &self.outcome {
            Outcome::Done => (ProcessedClientAction::SUCCESS, None, String::new()),
            Outcome::Failed(why) => failed(why),
            Outcome::Unsupported => (
                ProcessedClientAction::UNSUPPORTED,
                None,
                format!("the action {} is not supported", self.action_type),
            ),
            Outcome::NeedsKey => match key {
                KeyResult::Ciphertext(ciphertext) => match kms_result(ciphertext) {
                    Some(result) => (ProcessedClientAction::SUCCESS, Some(result), String::new()),
                    None => failed("the data key can't be written"),
                },
                KeyResult::Failed(why) => failed(why),
                // The whole offer is refused, so nobody asked for a key.
                KeyResult::NotNeeded => failed("the session is refused"),
            },
        }
    }
}

fn kms_result(ciphertext: &[u8]) -> Option<Box<RawValue>> {
    to_raw_value(&KmsEncryptionResult {
        kms_cipher_text_key: STANDARD.encode(ciphertext),
        kms_cipher_text_hash: String::new(),
    })
    .ok()
}

/// Decodes a handshake body that is not larger than any real one.
pub(crate) fn decode<T: JsonPayload>(payload: &[u8]) -> Result<T, Error> {
    if payload.len() > MAX_LENGTH {
        return Err(Error::HandshakeTooLarge {
            most: MAX_LENGTH,
            got: payload.len(),
        });
    }
    Ok(T::decode(payload)?)
}

/// Answers an encryption challenge: what one key opens, sealed with the other.
pub(crate) fn answer_challenge(
    payload: &[u8],
    cipher: &Cipher,
    random: &mut Random,
) -> Result<Bytes, Error> {
    let request: EncryptionChallenge = decode(payload)?;
    let sealed = STANDARD
        .decode(&request.challenge)
        .map_err(|_| Error::ChallengeUndecryptable)?;
    let opened = cipher
        .decrypt(sealed.into())
        .ok_or(Error::ChallengeUndecryptable)?;
    let answer = cipher.encrypt(random.nonce(), &opened)?;
    Ok(EncryptionChallenge {
        challenge: STANDARD.encode(answer),
    }
    .encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(actions: &str) -> Offer {
        let request =
            format!(r#"{{"AgentVersion":"3.3.0.0","RequestedClientActions":[{actions}]}}"#);
        Offer::decode(request.as_bytes()).unwrap()
    }

    const PORT: &str = r#"{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"1","type":"LocalPortForwarding"}}}"#;
    const KMS: &str = r#"{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"key"}}"#;

    #[test]
    fn an_unknown_action_is_unsupported_and_the_session_goes_on() {
        let offer = offer(&format!(r#"{PORT},{{"ActionType":"Dance"}}"#));
        let (body, settled) = offer.answer("1.2.3.4", KeyResult::NotNeeded);
        assert_eq!(
            body,
            &br#"{"ClientVersion":"1.2.3.4","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""},{"ActionType":"Dance","ActionStatus":3,"ActionResult":null,"Error":"the action Dance is not supported"}],"Errors":["the action Dance is not supported"]}"#[..]
        );
        assert!(matches!(
            settled.unwrap().kind,
            Some(SessionKind::Port { mux: true, .. })
        ));
    }

    #[test]
    fn an_unknown_session_type_fails_as_the_reference_client_has_it() {
        let offer =
            offer(r#"{"ActionType":"SessionType","ActionParameters":{"SessionType":"Telepathy"}}"#);
        let (body, settled) = offer.answer("1.2.3.4", KeyResult::NotNeeded);
        let body = HandshakeResponse::decode(&body).unwrap();
        assert_eq!(body.processed_client_actions[0].action_status, 2);
        assert!(matches!(settled, Err(Error::UnknownSessionType(name)) if name == "Telepathy"));
    }

    #[test]
    fn no_key_is_asked_for_when_the_offer_is_refused_anyway() {
        let offer = offer(&format!(
            r#"{KMS},{{"ActionType":"SessionType","ActionParameters":7}}"#
        ));
        assert_eq!(offer.key_id(), None);
        let (body, settled) = offer.answer("1.2.3.4", KeyResult::NotNeeded);
        let body = HandshakeResponse::decode(&body).unwrap();
        assert_eq!(body.processed_client_actions[0].action_status, 2);
        assert!(matches!(settled, Err(Error::HandshakeMalformed(_))));
    }

    #[test]
    fn two_different_keys_are_refused_and_the_same_twice_is_borne() {
        assert_eq!(offer(&format!("{KMS},{KMS}")).key_id(), Some("key"));
        let other = KMS.replace(r#":"key""#, r#":"other""#);
        assert_eq!(offer(&format!("{KMS},{other}")).key_id(), None);
    }

    #[test]
    fn a_huge_request_is_an_error_before_it_is_read() {
        assert!(matches!(
            Offer::decode(&vec![b' '; MAX_LENGTH + 1]),
            Err(Error::HandshakeTooLarge { .. })
        ));
    }
}
