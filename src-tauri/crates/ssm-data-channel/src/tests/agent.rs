//! An agent with the manners of docs/protocol.md, section 3: written from that text, apart from
//! the client's code.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ssm_message::payload::{Acknowledgement, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PayloadType, Uuid};

use super::rig::{COMPLETE, MUX_REQUEST, acknowledgement_of, ms};

struct Unacknowledged {
    frame: Bytes,
    number: i64,
    id: Uuid,
    sent: Instant,
}

pub(super) struct Agent {
    expected: i64,
    early: BTreeMap<i64, Message>,
    next: i64,
    outgoing: VecDeque<Unacknowledged>,
    complete: bool,
    /// Bytes that the far end of the tunnel has still to say.
    pub(super) to_say: VecDeque<u8>,
    /// Bytes that arrived for the far end.
    pub(super) heard: Vec<u8>,
    /// Until then, data is not acknowledged: the port is not connected yet.
    pub(super) not_ready_until: Option<Instant>,
    paused: bool,
    next_send: Instant,
    next_check: Instant,
    rtt: Duration,
    variation: Duration,
    timeout: Duration,
    out: Vec<Bytes>,
}

impl Agent {
    pub(super) fn new(now: Instant) -> Self {
        let mut agent = Self {
            expected: 0,
            early: BTreeMap::new(),
            next: 0,
            outgoing: VecDeque::new(),
            complete: false,
            to_say: VecDeque::new(),
            heard: Vec::new(),
            not_ready_until: None,
            paused: false,
            next_send: now,
            next_check: now + ms(100),
            rtt: ms(100),
            variation: ms(0),
            timeout: ms(200),
            out: Vec::new(),
        };
        agent.say(now, PayloadType::HandshakeRequest, MUX_REQUEST.as_bytes());
        agent
    }

    pub(super) fn is_settled(&self) -> bool {
        self.outgoing.is_empty() && self.to_say.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.out)
    }

    pub(super) fn next_timer(&self) -> Instant {
        if self.complete && !self.paused && !self.to_say.is_empty() {
            self.next_send.min(self.next_check)
        } else {
            self.next_check
        }
    }

    pub(super) fn timer(&mut self, now: Instant) {
        if self.complete && !self.paused && !self.to_say.is_empty() && self.next_send <= now {
            let length = self.to_say.len().min(1_024);
            let payload: Vec<u8> = self.to_say.drain(..length).collect();
            self.say(now, PayloadType::Output, &payload);
            self.next_send = now + ms(1);
        }
        if self.next_check <= now {
            self.next_check = now + ms(100);
            // Only the oldest one, and only if it is old enough.
            if !self.paused
                && let Some(oldest) = self.outgoing.front_mut()
                && now - oldest.sent > self.timeout
            {
                oldest.sent = now;
                self.out.push(oldest.frame.clone());
            }
        }
    }

    pub(super) fn input(&mut self, now: Instant, frame: &Bytes) {
        let Ok(message) = Message::decode(frame) else {
            return;
        };
        match message.message_type {
            MessageType::Acknowledge => {
                self.paused = false;
                let body = Acknowledgement::decode(&message.payload).unwrap();
                self.acknowledged(now, &body);
            }
            MessageType::InputStreamData => {
                self.paused = false;
                self.numbered(now, message);
            }
            MessageType::PausePublication => self.paused = true,
            MessageType::StartPublication => self.paused = false,
            other => panic!("a client sent {other}"),
        }
    }

    fn acknowledged(&mut self, now: Instant, body: &Acknowledgement) {
        let position = self
            .outgoing
            .iter()
            .position(|message| message.number == body.sequence_number);
        let Some(position) = position else { return };
        let message = self.outgoing.remove(position).unwrap();
        assert_eq!(message.id, body.message_id);
        let rtt = now - message.sent;
        self.variation = self.variation * 3 / 4 + self.rtt.abs_diff(rtt) / 4;
        self.rtt = self.rtt * 7 / 8 + rtt / 8;
        self.timeout = (self.rtt + (self.variation * 4).max(ms(10))).min(ms(1_000));
    }

    fn numbered(&mut self, now: Instant, message: Message) {
        let number = message.sequence_number;
        if number > self.expected {
            if self.early.len() < 10_000 {
                self.out.push(acknowledgement_of(&message));
                self.early.insert(number, message);
            }
            return;
        }
        if number == self.expected {
            if !self.process(now, &message) {
                return;
            }
            self.expected += 1;
        }
        self.out.push(acknowledgement_of(&message));
        while let Some(message) = self.early.remove(&self.expected) {
            // What was acknowledged already is not refused any more.
            self.not_ready_until = None;
            assert!(self.process(now, &message));
            self.expected += 1;
        }
    }

    /// Returns whether the message could be processed.
    fn process(&mut self, now: Instant, message: &Message) -> bool {
        match message.payload_type {
            PayloadType::HandshakeResponse => {
                self.say(now, PayloadType::HandshakeComplete, COMPLETE.as_bytes());
                self.complete = true;
            }
            // Acknowledged and dropped, so the client must not send any.
            PayloadType::Output => {
                assert!(self.complete, "data before the handshake was complete");
                if self.not_ready_until.is_some_and(|until| until > now) {
                    return false;
                }
                self.heard.extend_from_slice(&message.payload);
            }
            other => panic!("a client sent {other:?}"),
        }
        true
    }

    fn say(&mut self, now: Instant, payload_type: PayloadType, payload: &[u8]) {
        let number = self.next;
        let id = Uuid::from_u128(0xa9e47 << 64 | u128::try_from(number).unwrap());
        let frame = Message {
            message_type: MessageType::OutputStreamData,
            schema_version: 1,
            created_date: 0,
            sequence_number: number,
            flags: if number == 0 { Flags::SYN } else { Flags::NONE },
            message_id: id,
            payload_type,
            payload: Bytes::copy_from_slice(payload),
        }
        .encode();
        self.next += 1;
        if !self.paused {
            self.out.push(frame.clone());
        }
        self.outgoing.push_back(Unacknowledged {
            frame,
            number,
            id,
            sent: now,
        });
    }
}
