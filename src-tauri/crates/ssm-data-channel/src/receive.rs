//! The agent's messages put back in order.

mod memory;
mod store;

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use ssm_message::PayloadType;

pub use self::memory::ReorderMemory;
use self::store::{Kept, Store};

/// What keeping one message costs beside its payload: its entry in a map whose nodes are half
/// full.
const ENTRY: usize = 112;

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

/// Knows which number is next and keeps what came too early, within a bound.
#[derive(Debug)]
pub(crate) struct Receiver {
    expected: i64,
    /// The highest number that ever came, whatever became of it; -1 before the first.
    newest: i64,
    early: BTreeMap<i64, Early>,
    store: Store,
    most_bytes: usize,
    gap_since: Option<Instant>,
    late: u64,
    outgrown: bool,
}

#[derive(Debug)]
struct Early {
    payload_type: PayloadType,
    payload: Kept,
}

impl Receiver {
    /// Makes one whose waiting messages take at most so much of their own, and what is beyond
    /// the first chunks from the shared memory.
    pub(crate) fn new(most_bytes: usize, shared: ReorderMemory) -> Self {
        Self {
            expected: 0,
            newest: -1,
            early: BTreeMap::new(),
            store: Store::new(shared),
            most_bytes,
            gap_since: None,
            late: 0,
            outgrown: false,
        }
    }

    pub(crate) fn place(&self, number: i64, length: usize) -> Place {
        if number < self.expected || self.early.contains_key(&number) {
            Place::Again
        } else if number == self.expected {
            Place::Next
        } else if self.bytes_with(length) <= self.most_bytes {
            Place::Ahead
        } else {
            Place::NoRoom
        }
    }

    /// Keeps a copy of a message whose place is [`Place::Ahead`]. Returns whether there was
    /// memory for it; if not, it is refused.
    pub(crate) fn keep(
        &mut self,
        now: Instant,
        number: i64,
        payload_type: PayloadType,
        payload: &[u8],
    ) -> bool {
        let Some(payload) = self.store.put(payload) else {
            self.refuse(number);
            return false;
        };
        self.note(number);
        let early = Early {
            payload_type,
            payload,
        };
        self.early.insert(number, early);
        if !self.is_ready() {
            self.gap_since.get_or_insert(now);
        }
        true
    }

    /// Takes note of a message whose place is [`Place::NoRoom`].
    pub(crate) fn refuse(&mut self, number: i64) {
        self.newest = self.newest.max(number);
        self.outgrown = true;
    }

    /// Counts the expected message, which has come, as accepted.
    pub(crate) fn accept_next(&mut self, now: Instant) {
        self.note(self.expected);
        self.advance(now);
    }

    /// Whether the expected message came early and its turn is now.
    pub(crate) fn is_ready(&self) -> bool {
        self.early
            .first_key_value()
            .is_some_and(|(number, _)| *number == self.expected)
    }

    /// Takes the expected message out of those that came early, if it is there, and counts it
    /// as accepted.
    pub(crate) fn take_next(&mut self, now: Instant) -> Option<(i64, PayloadType, Bytes)> {
        let number = self.expected;
        let early = self.early.remove(&number)?;
        let payload = self.store.take(&early.payload);
        self.advance(now);
        Some((number, early.payload_type, payload))
    }

    pub(crate) fn waiting(&self) -> usize {
        self.early.len()
    }

    /// Memory that those which wait take; bytes.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.store.bytes() + ENTRY * self.early.len()
    }

    /// How many messages are missing before the newest that ever came.
    pub(crate) fn missing(&self) -> u64 {
        let numbers = i128::from(self.newest) - i128::from(self.expected) + 1;
        let waiting = u64::try_from(self.early.len()).unwrap_or(u64::MAX);
        u64::try_from(numbers).map_or(0, |numbers| numbers.saturating_sub(waiting))
    }

    /// How many messages were accepted after a later one had come.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    pub(crate) fn gap_since(&self) -> Option<Instant> {
        self.gap_since
    }

    /// Whether a message ever had to be refused for want of room.
    pub(crate) fn is_outgrown(&self) -> bool {
        self.outgrown
    }

    fn advance(&mut self, now: Instant) {
        self.expected = self.expected.saturating_add(1);
        // What is still missing has been so since now at the latest; an agent that fills
        // one gap after the other is slow, but not stuck.
        self.gap_since = (!self.early.is_empty() && !self.is_ready()).then_some(now);
    }

    fn note(&mut self, number: i64) {
        if number < self.newest {
            self.late = self.late.saturating_add(1);
        }
        self.newest = self.newest.max(number);
    }

    /// What would be taken if a payload of this length were kept as well.
    fn bytes_with(&self, length: usize) -> usize {
        self.waiting_bytes()
            .saturating_add(ENTRY)
            .saturating_add(self.store.growth(length))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const OUTPUT: PayloadType = PayloadType::Output;

    fn keep(receiver: &mut Receiver, now: Instant, number: i64) {
        assert_eq!(receiver.place(number, 2), Place::Ahead);
        assert!(receiver.keep(now, number, OUTPUT, b"ab"));
    }

    fn receiver(most_bytes: usize) -> Receiver {
        Receiver::new(most_bytes, ReorderMemory::default())
    }

    #[test]
    fn the_memory_of_messages_that_came_early_is_bounded_and_given_back() {
        let now = Instant::now();
        let most = 1024 * 1024;
        let mut receiver = receiver(most);
        let mut kept = 0;
        while receiver.place(kept + 1, 1024) == Place::Ahead {
            kept += 1;
            assert!(receiver.keep(now, kept, OUTPUT, &[7; 1024]));
            assert!(receiver.waiting_bytes() <= most);
        }
        assert!(kept * 1024 > most as i64 / 2, "{kept}");
        assert_eq!(receiver.place(kept + 1, 1024), Place::NoRoom);
        assert!(!receiver.is_outgrown());
        receiver.refuse(kept + 1);
        assert!(receiver.is_outgrown());
        assert_eq!(receiver.place(kept, 1024), Place::Again);
        assert_eq!(receiver.place(0, most), Place::Next);
        receiver.accept_next(now);
        while let Some((_, _, payload)) = receiver.take_next(now) {
            assert_eq!(payload[..], [7; 1024]);
        }
        assert_eq!(receiver.waiting_bytes(), 0);
        assert_eq!(receiver.missing(), 1);
    }

    #[test]
    fn what_several_share_is_bounded_together_and_given_back() {
        const MIB: usize = 1024 * 1024;
        let now = Instant::now();
        let shared = ReorderMemory::new(3 * MIB);
        let mut receivers = [(); 2].map(|()| Receiver::new(64 * MIB, shared.clone()));
        let mut kept = 0;
        while receivers
            .iter_mut()
            .all(|receiver| receiver.keep(now, kept + 1, OUTPUT, &[7; 1024]))
        {
            kept += 1;
        }
        assert!(shared.left() < MIB, "{}", shared.left());
        let taken: usize = receivers.iter().map(Receiver::waiting_bytes).sum();
        assert!(taken > 3 * MIB && taken < 6 * MIB, "{taken}");
        let [mut first, second] = receivers;
        assert!(first.is_outgrown());
        // A small gap has memory of its own.
        let mut third = Receiver::new(MIB, shared.clone());
        keep(&mut third, now, 1);
        let left = shared.left();
        drop(second);
        assert!(shared.left() > left + MIB, "{}", shared.left());
        first.accept_next(now);
        while first.take_next(now).is_some() {}
        assert_eq!(shared.left(), 3 * MIB);
    }

    #[test]
    fn messages_without_payload_are_bounded_too() {
        let mut receiver = receiver(ENTRY * 3);
        for number in 1..=3 {
            assert_eq!(receiver.place(number, 0), Place::Ahead);
            assert!(receiver.keep(Instant::now(), number, OUTPUT, b""));
        }
        assert_eq!(receiver.place(4, 0), Place::NoRoom);
    }

    #[test]
    fn a_gap_is_as_old_as_the_last_progress() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let mut receiver = receiver(1_000_000);
        keep(&mut receiver, start, 1);
        keep(&mut receiver, later, 3);
        assert_eq!(receiver.gap_since(), Some(start));
        receiver.accept_next(later);
        // Nothing is missing before the one whose turn it is.
        assert_eq!(receiver.gap_since(), None);
        assert_eq!(receiver.take_next(later).unwrap().0, 1);
        assert!(receiver.take_next(later).is_none());
        assert_eq!(receiver.gap_since(), Some(later));
        receiver.accept_next(later);
        assert_eq!(receiver.take_next(later).unwrap().0, 3);
        assert_eq!(receiver.gap_since(), None);
        assert_eq!(receiver.place(3, 0), Place::Again);
    }

    #[test]
    fn what_is_missing_and_what_came_late_is_counted() {
        let now = Instant::now();
        let mut receiver = receiver(1_000_000);
        receiver.accept_next(now);
        assert_eq!((receiver.missing(), receiver.late()), (0, 0));
        keep(&mut receiver, now, 5);
        keep(&mut receiver, now, 6);
        assert_eq!((receiver.missing(), receiver.late()), (4, 0));
        keep(&mut receiver, now, 3);
        receiver.accept_next(now);
        assert_eq!((receiver.missing(), receiver.late()), (2, 2));
        assert_eq!(receiver.place(5, 2), Place::Again);
    }

    #[test]
    fn the_highest_number_is_no_special_case() {
        let mut receiver = receiver(1_000_000);
        keep(&mut receiver, Instant::now(), i64::MAX);
        assert_eq!(receiver.place(i64::MAX, 0), Place::Again);
        assert_eq!(receiver.missing(), i64::MAX as u64);
    }
}
