//! The handshake's steps (docs/protocol.md, section 4).

use std::mem;
use std::time::Instant;

use bytes::Bytes;
use ssm_message::PayloadType;
use ssm_message::payload::HandshakeComplete;

use super::input::shortened;
use super::{DataChannel, Phase};
use crate::cipher::Cipher;
use crate::handshake::{Answered, Handshake, KeyResult, Offer, answer_challenge, decode};
use crate::send::Content;
use crate::{
    AgentFeatures, AgentVersion, DataKey, Error, Established, Event, HandshakeStep, SessionKind,
};

impl DataChannel {
    pub(super) fn handshake_request(&mut self, now: Instant, payload: &[u8]) -> Result<(), Error> {
        match &self.phase {
            Phase::Handshaking(Handshake::Request) => {}
            Phase::Handshaking(_) | Phase::Established(_) => {
                return Err(self.out_of_order(PayloadType::HandshakeRequest));
            }
            Phase::Failed | Phase::Closed => return Ok(()),
        }
        let offer = Offer::decode(payload)?;
        match offer.key_id() {
            Some(key_id) => {
                self.events.push_back(Event::DataKeyNeeded {
                    key_id: key_id.into(),
                });
                self.phase = Phase::Handshaking(Handshake::DataKey(offer));
                self.restart_handshake_timer(now);
            }
            None => self.answer(now, offer, KeyResult::NotNeeded),
        }
        Ok(())
    }

    pub(super) fn take_data_key(&mut self, now: Instant, key: &DataKey) -> Result<(), Error> {
        let offer = self.take_offer().ok_or(Error::DataKeyUnexpected)?;
        match Cipher::new(key) {
            Ok(cipher) => {
                self.cipher = Some(cipher);
                self.answer(now, offer, KeyResult::Ciphertext(&key.ciphertext));
                Ok(())
            }
            Err(error) => {
                let why = error.to_string();
                self.queue_answer(now, offer, KeyResult::Failed(why)).ok();
                self.phase = Phase::Failed;
                self.handshake_until = None;
                Err(error)
            }
        }
    }

    pub(super) fn refuse_data_key(&mut self, now: Instant, why: String) {
        if let Some(offer) = self.take_offer() {
            self.answer(now, offer, KeyResult::Failed(why));
        }
    }

    pub(super) fn challenge(&mut self, now: Instant, payload: &[u8]) -> Result<(), Error> {
        match &self.phase {
            Phase::Handshaking(Handshake::Answered(_)) => {}
            Phase::Handshaking(Handshake::Request | Handshake::DataKey(_)) => {
                return Err(Error::ChallengeWithoutKey);
            }
            Phase::Established(_) => {
                return Err(self.out_of_order(PayloadType::EncChallengeRequest));
            }
            Phase::Failed | Phase::Closed => return Ok(()),
        }
        let cipher = self.cipher.as_ref().ok_or(Error::ChallengeWithoutKey)?;
        let answer = answer_challenge(payload, cipher, &mut self.random)?;
        self.queue_payload(
            now,
            PayloadType::EncChallengeResponse,
            &answer,
            Content::Handshake,
        );
        self.restart_handshake_timer(now);
        Ok(())
    }

    pub(super) fn handshake_complete(&mut self, payload: &[u8]) -> Result<(), Error> {
        let Phase::Handshaking(Handshake::Answered(answered)) = &mut self.phase else {
            return match self.phase {
                Phase::Handshaking(_) | Phase::Established(_) => {
                    Err(self.out_of_order(PayloadType::HandshakeComplete))
                }
                Phase::Failed | Phase::Closed => Ok(()),
            };
        };
        let complete: HandshakeComplete = decode(payload)?;
        let kind = answered.kind.take().ok_or(Error::SessionTypeMissing)?;
        let agent_version = answered.agent_version;
        self.establish(agent_version, kind, complete.customer_message);
        Ok(())
    }

    /// Establishes the session of an agent that sends output at once.
    pub(super) fn establish_without_handshake(&mut self) {
        let kind = SessionKind::Other(SessionKind::SHELL.into());
        self.establish(AgentVersion::default(), kind, String::new());
    }

    fn establish(&mut self, agent_version: AgentVersion, kind: SessionKind, message: String) {
        self.phase = Phase::Established(Established {
            agent_version,
            features: AgentFeatures::of(agent_version, &kind),
            kind,
            customer_message: shortened(message),
            encrypted: self.cipher.is_some(),
        });
        self.handshake_until = None;
        self.events.push_back(Event::Established);
    }

    /// Answers the agent; after a refusal the session is over.
    fn answer(&mut self, now: Instant, offer: Offer, key: KeyResult<'_>) {
        match self.queue_answer(now, offer, key) {
            Ok(answered) => {
                self.phase = Phase::Handshaking(Handshake::Answered(answered));
            }
            Err(refusal) => {
                self.events.push_back(Event::Failed(refusal));
                self.phase = Phase::Failed;
            }
        }
        self.restart_handshake_timer(now);
    }

    fn queue_answer(
        &mut self,
        now: Instant,
        offer: Offer,
        key: KeyResult<'_>,
    ) -> Result<Answered, Error> {
        let (body, settled): (Bytes, _) = offer.answer(&self.config.client_version, key);
        self.queue_payload(
            now,
            PayloadType::HandshakeResponse,
            &body,
            Content::Handshake,
        );
        settled
    }

    /// Takes the offer that waits for a data key. The caller sets the next phase.
    fn take_offer(&mut self) -> Option<Offer> {
        match mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Handshaking(Handshake::DataKey(offer)) => Some(offer),
            other @ (Phase::Handshaking(Handshake::Request | Handshake::Answered(_))
            | Phase::Established(_)
            | Phase::Failed
            | Phase::Closed) => {
                self.phase = other;
                None
            }
        }
    }

    fn out_of_order(&self, payload_type: PayloadType) -> Error {
        let step: Option<HandshakeStep> = match &self.phase {
            Phase::Handshaking(handshake) => Some(handshake.step()),
            Phase::Established(_) | Phase::Failed | Phase::Closed => None,
        };
        Error::HandshakeOutOfOrder { step, payload_type }
    }
}
