//! Frames from the socket.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use ssm_message::payload::{Acknowledgement, ChannelClosed, Flag, JsonPayload as _};
use ssm_message::{Message, MessageType, PayloadType};

use super::{DataChannel, Phase};
use crate::handshake::Handshake;
use crate::receive::Place;
use crate::send::Content;
use crate::{BadFrame, Error, Event, FrameKind, Way};

/// The most characters kept of a text for the user.
const MAX_TEXT: usize = 2_048;

impl DataChannel {
    pub(super) fn input(&mut self, now: Instant, frame: Bytes) -> Result<(), Error> {
        match self.phase {
            Phase::Handshaking(_) | Phase::Established(_) => {}
            Phase::Failed | Phase::Closed => return Ok(()),
        }
        let length = frame.len();
        let decoded = Message::decode(&frame);
        // Lets an encrypted payload be decrypted in place.
        drop(frame);
        let message = match decoded {
            Ok(message) => message,
            Err(error) => {
                self.recorder
                    .other(now, Way::In, FrameKind::Invalid, length);
                self.bad_frame(error.into());
                return Ok(());
            }
        };
        match message.message_type {
            // The number that it names is not known yet.
            MessageType::Acknowledge => {}
            MessageType::OutputStreamData
            | MessageType::ChannelClosed
            | MessageType::StartPublication
            | MessageType::PausePublication
            | MessageType::InputStreamData
            | MessageType::AgentSessionState => {
                self.recorder.came(now, &message, message.sequence_number);
            }
        }
        match message.message_type {
            MessageType::OutputStreamData => {
                self.resume(now);
                self.last_traffic = Some(now);
                self.numbered(now, message)
            }
            MessageType::Acknowledge => {
                self.resume(now);
                self.last_traffic = Some(now);
                if message.created_date > 0 {
                    let now_ms = self.clock.unix_ms(now);
                    self.ages.note(now_ms, message.created_date);
                }
                self.acknowledged(now, &message);
                Ok(())
            }
            MessageType::ChannelClosed => {
                self.channel_closed(&message);
                Ok(())
            }
            MessageType::StartPublication => {
                self.resume(now);
                Ok(())
            }
            MessageType::PausePublication => {
                self.pause(now);
                Ok(())
            }
            // Neither goes to a client.
            MessageType::InputStreamData | MessageType::AgentSessionState => {
                self.counters.ignored += 1;
                Ok(())
            }
        }
    }

    /// Puts a numbered message in its place. It is acknowledged when it is accepted: then it
    /// counts and is delivered once, whatever becomes of the acknowledgement.
    fn numbered(&mut self, now: Instant, message: Message) -> Result<(), Error> {
        let Message {
            sequence_number: number,
            message_id: id,
            created_date,
            payload_type,
            payload,
            ..
        } = message;
        // Nought: the agent does not say.
        let age = (created_date > 0).then(|| {
            let now_ms = self.clock.unix_ms(now);
            self.ages.age(now_ms, created_date, number)
        });
        if self.acknowledging.is_full() {
            self.counters.refused += 1;
            return Ok(());
        }
        match self.receiver.place(number, payload.len()) {
            Place::Next => {
                self.accepted(payload.len());
                self.age = age;
                self.deliver(now, number, payload_type, payload)?;
                self.receiver.accept_next(now);
                self.acknowledging.push(number, id);
            }
            Place::Ahead => {
                if self.receiver.keep(now, number, payload_type, &payload) {
                    self.accepted(payload.len());
                    self.acknowledging.push(number, id);
                } else {
                    self.counters.refused += 1;
                }
            }
            Place::Again => {
                self.counters.duplicates += 1;
                self.acknowledging.push(number, id);
            }
            Place::NoRoom => {
                self.counters.refused += 1;
                self.receiver.refuse(number);
            }
        }
        Ok(())
    }

    /// Delivers the expected message if it came early.
    pub(super) fn deliver_next(&mut self, now: Instant) -> Result<bool, Error> {
        if !self.is_ready() {
            return Ok(false);
        }
        let Some((number, payload_type, payload)) = self.receiver.take_next(now) else {
            return Ok(false);
        };
        self.deliver(now, number, payload_type, payload)?;
        Ok(true)
    }

    fn accepted(&mut self, payload: usize) {
        self.counters.messages_received += 1;
        self.counters.bytes_received += u64::try_from(payload).unwrap_or(u64::MAX);
    }

    /// Does what a message says, now that its turn has come.
    fn deliver(
        &mut self,
        now: Instant,
        number: i64,
        payload_type: PayloadType,
        payload: Bytes,
    ) -> Result<(), Error> {
        match payload_type {
            PayloadType::Output => self.stream(number, payload_type, payload, Event::Data),
            PayloadType::StdErr => self.stream(number, payload_type, payload, Event::StdErr),
            PayloadType::ExitCode => self.stream(number, payload_type, payload, Event::ExitCode),
            PayloadType::HandshakeRequest => self.handshake_request(now, &payload),
            PayloadType::HandshakeComplete => self.handshake_complete(&payload),
            PayloadType::EncChallengeRequest => self.challenge(now, &payload),
            PayloadType::Flag => {
                match Flag::decode(&payload) {
                    Ok(Flag::ConnectToPortError) => {
                        self.events.push_back(Event::ConnectToPortError);
                    }
                    // The others go to agents, and new ones mean nothing yet.
                    Ok(Flag::DisconnectToPort | Flag::TerminateSession) | Err(_) => {
                        self.counters.ignored += 1;
                    }
                }
                Ok(())
            }
            PayloadType::Error
            | PayloadType::Size
            | PayloadType::Parameter
            | PayloadType::HandshakeResponse
            | PayloadType::EncChallengeResponse
            | PayloadType::Other(_) => {
                self.counters.ignored += 1;
                Ok(())
            }
        }
    }

    /// Delivers bytes of the session, decrypted if it is encrypted.
    fn stream(
        &mut self,
        number: i64,
        payload_type: PayloadType,
        payload: Bytes,
        event: fn(Bytes) -> Event,
    ) -> Result<(), Error> {
        match &self.phase {
            Phase::Handshaking(Handshake::Request) => self.establish_without_handshake(),
            // An agent starts its end of the stream after HandshakeComplete. What comes
            // before might even be in the clear.
            Phase::Handshaking(handshake) => {
                return Err(Error::HandshakeOutOfOrder {
                    step: Some(handshake.step()),
                    payload_type,
                });
            }
            Phase::Established(_) => {}
            Phase::Failed | Phase::Closed => return Ok(()),
        }
        let bytes = match &self.cipher {
            Some(cipher) => cipher.decrypt(payload).ok_or(Error::Undecryptable {
                sequence_number: number,
            })?,
            None => payload,
        };
        if !bytes.is_empty() {
            self.events.push_back(event(bytes));
        }
        Ok(())
    }

    fn acknowledged(&mut self, now: Instant, message: &Message) {
        let acknowledgement = match Acknowledgement::decode(&message.payload) {
            Ok(acknowledgement) => acknowledgement,
            Err(error) => {
                let length = message.payload.len();
                self.recorder
                    .other(now, Way::In, FrameKind::Invalid, length);
                self.bad_frame(BadFrame::Acknowledgement(Arc::new(error)));
                return;
            }
        };
        self.recorder
            .came(now, message, acknowledgement.sequence_number);
        if acknowledgement.message_type != Some(MessageType::InputStreamData) {
            self.counters.ignored += 1;
            return;
        }
        let number = acknowledgement.sequence_number;
        let Some(settled) = self
            .sender
            .acknowledge(now, number, acknowledgement.message_id)
        else {
            // Of a message that was sent twice, or of none.
            self.counters.ignored += 1;
            return;
        };
        self.counters.acknowledgements_received += 1;
        self.bear_rate();
        match settled.content {
            Content::Flag(flag) => self.events.push_back(Event::FlagAcknowledged(flag)),
            Content::Handshake | Content::Data => {}
        }
        if let Some(size) = settled.payload_limit {
            self.events.push_back(Event::PayloadLimit(size));
        }
    }

    fn channel_closed(&mut self, message: &Message) {
        // Whatever the body is, the session is over.
        let output = ChannelClosed::decode(&message.payload)
            .map(|closed| shortened(closed.output))
            .unwrap_or_default();
        self.events.push_back(Event::ChannelClosed { output });
        self.close();
    }

    fn pause(&mut self, now: Instant) {
        let Some(link) = self.link.as_mut() else {
            return;
        };
        if !std::mem::replace(&mut link.paused, true) {
            self.wants_budget = false;
            self.events.push_back(Event::Paused);
            self.blame_rate(now);
        }
    }

    /// Ends a pause: by the gateway's word, or by any sign of life of the agent.
    fn resume(&mut self, now: Instant) {
        let Some(link) = self.link.as_mut() else {
            return;
        };
        if std::mem::replace(&mut link.paused, false) {
            self.events.push_back(Event::Started);
            self.sender.resumed(now);
        }
    }

    fn bad_frame(&mut self, bad: BadFrame) {
        self.counters.bad_frames += 1;
        self.events.push_back(Event::BadFrame(bad));
    }
}

/// Cuts a text of the far side to a length that can be shown.
pub(super) fn shortened(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(at);
    }
    text
}
