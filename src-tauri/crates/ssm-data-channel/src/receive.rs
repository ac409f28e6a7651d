//! The agent's messages put back in order.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use ssm_message::PayloadType;

/// Where a numbered message belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the expected one.
    Next,
    /// It must wait for earlier ones; there is room.
    Ahead,
    /// It was accepted before.
    Again,
    /// It would have to wait and there is no room.
    NoRoom,
}

/// Knows which number is next and keeps what came too early, within bounds.
#[derive(Debug)]
pub(crate) struct Receiver {
    expected: i64,
    early: BTreeMap<i64, (PayloadType, Bytes)>,
    early_bytes: usize,
    most_messages: usize,
    most_bytes: usize,
    gap_since: Option<Instant>,
}

impl Receiver {
    pub(crate) fn new(most_messages: usize, most_bytes: usize) -> Self {
        Self {
            expected: 0,
            early: BTreeMap::new(),
            early_bytes: 0,
            most_messages,
            most_bytes,
            gap_since: None,
        }
    }

    pub(crate) fn place(&self, number: i64, length: usize) -> Place {
        if number == self.expected {
            Place::Next
        } else if number < self.expected || self.early.contains_key(&number) {
            Place::Again
        } else if self.early.len() < self.most_messages
            && self.early_bytes.saturating_add(length) <= self.most_bytes
        {
            Place::Ahead
        } else {
            Place::NoRoom
        }
    }

    /// Keeps a message whose place is [`Place::Ahead`].
    pub(crate) fn keep(
        &mut self,
        now: Instant,
        number: i64,
        payload_type: PayloadType,
        payload: Bytes,
    ) {
        self.early_bytes += payload.len();
        self.early.insert(number, (payload_type, payload));
        self.gap_since.get_or_insert(now);
    }

    /// Counts the expected message as accepted.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.expected = self.expected.saturating_add(1);
        // What is still missing has been so since now at the latest; an agent that fills
        // one gap after the other is slow, but not stuck.
        self.gap_since = (!self.early.is_empty()).then_some(now);
    }

    /// Takes the expected message out of those that came early, if it is there.
    pub(crate) fn take_next(&mut self) -> Option<(i64, PayloadType, Bytes)> {
        let (payload_type, payload) = self.early.remove(&self.expected)?;
        self.early_bytes -= payload.len();
        Some((self.expected, payload_type, payload))
    }

    pub(crate) fn waiting(&self) -> usize {
        self.early.len()
    }

    pub(crate) fn gap_since(&self) -> Option<Instant> {
        self.gap_since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(receiver: &mut Receiver, now: Instant, number: i64) {
        receiver.keep(now, number, PayloadType::Output, Bytes::from_static(b"ab"));
    }

    #[test]
    fn messages_that_came_early_are_bounded_in_number_and_bytes() {
        let now = Instant::now();
        let mut receiver = Receiver::new(2, 5);
        assert_eq!(receiver.place(1, 6), Place::NoRoom);
        keep(&mut receiver, now, 1);
        assert_eq!(receiver.place(2, 3), Place::Ahead);
        assert_eq!(receiver.place(2, 4), Place::NoRoom);
        keep(&mut receiver, now, 3);
        assert_eq!(receiver.place(2, 0), Place::NoRoom);
        assert_eq!(receiver.place(3, 0), Place::Again);
        assert_eq!(receiver.place(0, 1_000), Place::Next);
    }

    #[test]
    fn a_gap_is_as_old_as_the_last_progress() {
        let start = Instant::now();
        let later = start + std::time::Duration::from_secs(1);
        let mut receiver = Receiver::new(10, 10);
        keep(&mut receiver, start, 1);
        keep(&mut receiver, later, 3);
        assert_eq!(receiver.gap_since(), Some(start));
        receiver.advance(later);
        assert_eq!(receiver.take_next().unwrap().0, 1);
        receiver.advance(later);
        assert!(receiver.take_next().is_none());
        assert_eq!(receiver.gap_since(), Some(later));
        receiver.advance(later);
        assert_eq!(receiver.take_next().unwrap().0, 3);
        receiver.advance(later);
        assert_eq!(receiver.gap_since(), None);
        assert_eq!(receiver.place(3, 0), Place::Again);
    }

    #[test]
    fn the_highest_number_is_no_special_case() {
        let mut receiver = Receiver::new(10, 10);
        keep(&mut receiver, Instant::now(), i64::MAX);
        assert_eq!(receiver.place(i64::MAX, 0), Place::Again);
    }
}
