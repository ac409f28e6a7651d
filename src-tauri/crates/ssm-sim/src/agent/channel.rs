//! The agent's reliability: numbering, acknowledging, resending, with all its weaknesses
//! (docs/protocol.md, section 3).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use ssm_message::payload::{Acknowledgement, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PAYLOAD_OFFSET, PayloadType};
use tokio::time::Instant;

use super::version;
use crate::random::Random;
use crate::session::{Passing, unix_millis};

/// Bytes that may wait in the reorder buffer, whatever the number of messages allows.
const MOST_BUFFERED: usize = 128 * 1024 * 1024;

const FIRST_TIMEOUT: Duration = Duration::from_millis(200);
const FIRST_ROUND_TRIP: f64 = 0.1;
const LONGEST_TIMEOUT: f64 = 1.0;
const GRANULARITY: f64 = 0.01;

/// What a numbered message is to the channel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The next one: to be processed, and acknowledged if that works.
    Next,
    /// Acknowledged and kept for later.
    Early,
    /// Processed long ago; acknowledged again.
    Duplicate,
    /// No room for it: not acknowledged.
    NoRoom,
}

pub(super) struct Channel {
    random: Random,
    capacity: usize,
    next_sequence: i64,
    outgoing: VecDeque<Outgoing>,
    expected: i64,
    early: BTreeMap<i64, Message>,
    early_bytes: usize,
    /// Seconds.
    round_trip: f64,
    variation: f64,
    timeout: Duration,
    /// The gateway said that nobody listens.
    pub(super) paused: bool,
}

struct Outgoing {
    sequence: i64,
    passing: Passing,
    last_sent: Instant,
}

impl Channel {
    pub(super) fn new(agent_version: &str, random: Random) -> Self {
        // Old versions keep a tenth.
        let capacity = if version::is_above(agent_version, "3.1.1511.0") {
            100_000
        } else {
            10_000
        };
        Self {
            random,
            capacity,
            next_sequence: 0,
            outgoing: VecDeque::new(),
            expected: 0,
            early: BTreeMap::new(),
            early_bytes: 0,
            round_trip: FIRST_ROUND_TRIP,
            variation: 0.0,
            timeout: FIRST_TIMEOUT,
            paused: false,
        }
    }

    pub(super) fn unacknowledged(&self) -> usize {
        self.outgoing.len()
    }

    /// Numbers a payload and keeps it until it is acknowledged, if there is room: beyond the
    /// capacity a message is sent once and forgotten. Returns what to send now; nothing while
    /// paused.
    pub(super) fn send(
        &mut self,
        now: Instant,
        payload_type: PayloadType,
        payload: Bytes,
    ) -> Option<Passing> {
        if payload.is_empty() {
            return None;
        }
        let flags = if self.next_sequence == 0 {
            Flags::SYN
        } else {
            Flags::NONE
        };
        let message = Message {
            message_type: MessageType::OutputStreamData,
            schema_version: 1,
            created_date: unix_millis(),
            sequence_number: self.next_sequence,
            flags,
            message_id: self.random.uuid(),
            payload_type,
            payload,
        };
        let passing = pass(message);
        if self.outgoing.len() < self.capacity {
            self.outgoing.push_back(Outgoing {
                sequence: self.next_sequence,
                passing: passing.clone(),
                last_sent: now,
            });
        }
        self.next_sequence += 1;
        (!self.paused).then_some(passing)
    }

    /// Returns the oldest message if it is older than its timeout, and only ever that one.
    pub(super) fn resend(&mut self, now: Instant) -> Option<Passing> {
        if self.paused {
            return None;
        }
        let oldest = self.outgoing.front_mut()?;
        if now.duration_since(oldest.last_sent) <= self.timeout {
            return None;
        }
        oldest.last_sent = now;
        Some(oldest.passing.clone())
    }

    /// Takes an acknowledgement. Measures the round trip since the last time it was sent,
    /// resent or not.
    pub(super) fn acknowledged(&mut self, now: Instant, sequence: i64) {
        let found = self
            .outgoing
            .binary_search_by_key(&sequence, |outgoing| outgoing.sequence);
        let Some(outgoing) = found.ok().and_then(|at| self.outgoing.remove(at)) else {
            return;
        };
        let measured = now.duration_since(outgoing.last_sent).as_secs_f64();
        self.variation = 0.75 * self.variation + 0.25 * (self.round_trip - measured).abs();
        self.round_trip = 0.875 * self.round_trip + 0.125 * measured;
        let timeout = self.round_trip + GRANULARITY.max(4.0 * self.variation);
        self.timeout = Duration::from_secs_f64(timeout.min(LONGEST_TIMEOUT));
    }

    /// Says what a numbered message is, and keeps it if it is early.
    pub(super) fn arrived(&mut self, message: &Message) -> Arrival {
        let sequence = message.sequence_number;
        if sequence == self.expected {
            return Arrival::Next;
        }
        if sequence < self.expected {
            return Arrival::Duplicate;
        }
        if self.early.contains_key(&sequence) {
            return Arrival::Early;
        }
        let bytes = self.early_bytes + message.payload.len();
        if self.early.len() >= self.capacity || bytes > MOST_BUFFERED {
            return Arrival::NoRoom;
        }
        self.early_bytes = bytes;
        self.early.insert(sequence, message.clone());
        Arrival::Early
    }

    /// The expected message is processed; the next is expected now.
    pub(super) fn processed(&mut self) {
        self.expected += 1;
    }

    /// Returns the expected message if it came early.
    pub(super) fn next_early(&mut self) -> Option<Message> {
        let message = self.early.remove(&self.expected)?;
        self.early_bytes -= message.payload.len();
        Some(message)
    }

    /// Puts back what [`next_early`](Self::next_early) gave and could not be processed yet.
    pub(super) fn put_back(&mut self, message: Message) {
        self.early_bytes += message.payload.len();
        self.early.insert(message.sequence_number, message);
    }

    /// Makes the acknowledgement of a message.
    pub(super) fn acknowledge(&mut self, message: &Message) -> Passing {
        let body = Acknowledgement {
            message_type: Some(message.message_type),
            message_id: message.message_id,
            sequence_number: message.sequence_number,
            is_sequential_message: true,
        };
        pass(Message {
            message_type: MessageType::Acknowledge,
            schema_version: 1,
            created_date: unix_millis(),
            sequence_number: 0,
            flags: Flags::SYN_FIN,
            message_id: self.random.uuid(),
            payload_type: PayloadType::Other(0),
            payload: body.encode(),
        })
    }
}

/// Encodes a message; its payload then shares the frame's memory.
fn pass(mut message: Message) -> Passing {
    let frame = message.encode();
    message.payload = frame.slice(PAYLOAD_OFFSET..);
    Passing { message, frame }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel() -> Channel {
        Channel::new("3.3.0.0", Random::new(3))
    }

    fn input(sequence: i64) -> Message {
        Message {
            message_type: MessageType::InputStreamData,
            schema_version: 1,
            created_date: 0,
            sequence_number: sequence,
            flags: Flags::NONE,
            message_id: Random::new(5).uuid(),
            payload_type: PayloadType::Output,
            payload: Bytes::from_static(b"data"),
        }
    }

    fn output(channel: &mut Channel, now: Instant) -> i64 {
        let sent = channel.send(now, PayloadType::Output, Bytes::from_static(b"x"));
        sent.unwrap().message.sequence_number
    }

    #[test]
    fn only_the_first_message_carries_the_syn_flag_and_numbers_count_up() {
        let (mut channel, now) = (channel(), Instant::now());
        let first = channel.send(now, PayloadType::Output, Bytes::from_static(b"x"));
        assert_eq!(first.unwrap().message.flags, Flags::SYN);
        let second = channel.send(now, PayloadType::Output, Bytes::from_static(b"x"));
        assert_eq!(second.unwrap().message.flags, Flags::NONE);
        assert_eq!(output(&mut channel, now), 2);
        assert!(
            channel
                .send(now, PayloadType::Output, Bytes::new())
                .is_none()
        );
    }

    #[test]
    fn only_the_oldest_message_is_resent_and_only_after_its_timeout() {
        let (mut channel, now) = (channel(), Instant::now());
        output(&mut channel, now);
        output(&mut channel, now);
        assert!(channel.resend(now + Duration::from_millis(200)).is_none());
        let later = now + Duration::from_millis(201);
        assert_eq!(channel.resend(later).unwrap().message.sequence_number, 0);
        assert!(channel.resend(later).is_none());
        channel.acknowledged(later, 0);
        let again = channel.resend(later + Duration::from_secs(2)).unwrap();
        assert_eq!(again.message.sequence_number, 1);
    }

    #[test]
    fn a_paused_channel_keeps_numbering_and_sends_nothing() {
        let (mut channel, now) = (channel(), Instant::now());
        channel.paused = true;
        assert!(
            channel
                .send(now, PayloadType::Output, Bytes::from_static(b"x"))
                .is_none()
        );
        assert!(channel.resend(now + Duration::from_secs(9)).is_none());
        channel.paused = false;
        assert!(channel.resend(now + Duration::from_secs(9)).is_some());
        assert_eq!(output(&mut channel, now), 1);
    }

    #[test]
    fn the_timeout_never_exceeds_a_second() {
        let (mut channel, now) = (channel(), Instant::now());
        output(&mut channel, now);
        channel.acknowledged(now + Duration::from_secs(60), 0);
        assert_eq!(channel.timeout, Duration::from_secs(1));
    }

    #[test]
    fn messages_are_told_apart_by_their_number() {
        let mut channel = channel();
        assert_eq!(channel.arrived(&input(0)), Arrival::Next);
        assert_eq!(channel.arrived(&input(2)), Arrival::Early);
        channel.processed();
        assert_eq!(channel.arrived(&input(0)), Arrival::Duplicate);
        assert_eq!(channel.next_early(), None);
        assert_eq!(channel.arrived(&input(1)), Arrival::Next);
        channel.processed();
        assert_eq!(channel.next_early().unwrap().sequence_number, 2);
    }

    #[test]
    fn a_full_reorder_buffer_takes_nothing_more() {
        let mut channel = Channel::new("3.0.0.0", Random::new(1));
        for sequence in 1..=10_000 {
            assert_eq!(channel.arrived(&input(sequence)), Arrival::Early);
        }
        assert_eq!(channel.arrived(&input(10_001)), Arrival::NoRoom);
        assert_eq!(channel.arrived(&input(7)), Arrival::Early);
    }

    #[test]
    fn beyond_its_capacity_a_message_is_sent_once_and_forgotten() {
        let (mut channel, now) = (Channel::new("3.0.0.0", Random::new(1)), Instant::now());
        for _ in 0..10_001 {
            output(&mut channel, now);
        }
        assert_eq!(channel.unacknowledged(), 10_000);
    }
}
