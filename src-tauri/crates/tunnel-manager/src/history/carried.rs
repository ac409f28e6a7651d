//! How much a tunnel carries, written down often enough that each day has its own.
//!
//! What is not written down yet is kept beside the records (`pending.rs`).

use std::time::Duration;

use tunnel_proto::{Happening, Record};

use super::Day;

/// So long at most nothing is written down of what is carried: more records would only fill the history.
const EACH: Duration = Duration::from_secs(30 * 60);

/// So often what is not written down yet is kept, if it is more than before: a crash loses as much.
pub(super) const KEPT_EACH: Duration = Duration::from_secs(60);

/// Payload since a tunnel was started, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Payload {
    /// From local connections to the destination.
    pub up: u64,
    /// From the destination to local connections.
    pub down: u64,
}

/// What of a tunnel's payload is written down. Times are Unix milliseconds.
#[derive(Debug)]
pub(super) struct Tally {
    written: Payload,
    day: Day,
}

impl Tally {
    /// That of a tunnel which has just been started.
    pub(super) fn new(now: u64) -> Self {
        Self {
            written: Payload::default(),
            day: Day::of(now),
        }
    }

    /// The record of what is not written down yet; `None` if that is nothing.
    ///
    /// After midnight, by which it was due, it is that of the day before: nearly all of it is.
    pub(super) fn record(&mut self, now: u64, carried: Payload) -> Option<Record> {
        let at = match self.is_another_day(now) {
            true => self.day.bounds().1.saturating_sub(1),
            false => now,
        };
        self.day = Day::of(now);
        let bytes_up = carried.up.saturating_sub(self.written.up);
        let bytes_down = carried.down.saturating_sub(self.written.down);
        self.written = carried;
        let what = Happening::Carried {
            bytes_up,
            bytes_down,
        };
        (bytes_up > 0 || bytes_down > 0).then_some(Record { at, what })
    }

    /// What is not written down yet, as a record of `now`: also if that is nothing.
    pub(super) fn pending(&self, now: u64, carried: Payload) -> Record {
        let bytes_up = carried.up.saturating_sub(self.written.up);
        let bytes_down = carried.down.saturating_sub(self.written.down);
        let what = Happening::Carried {
            bytes_up,
            bytes_down,
        };
        Record { at: now, what }
    }

    /// Whether another day has begun.
    pub(super) fn is_another_day(&self, now: u64) -> bool {
        Day::of(now) > self.day
    }
}

/// How long until the next record is due: half an hour, or the time until midnight.
pub(super) fn pause(now: u64) -> Duration {
    let (_, midnight) = Day::of(now).bounds();
    EACH.min(Duration::from_millis(midnight.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noon of 21 November 2026, UTC.
    const NOON: u64 = 1_795_262_400_000;
    const HOUR: u64 = 60 * 60 * 1000;

    fn told(record: Option<Record>) -> Option<(u64, u64, u64)> {
        let record = record?;
        let Happening::Carried {
            bytes_up,
            bytes_down,
        } = record.what
        else {
            panic!("{record:?}");
        };
        Some((record.at, bytes_up, bytes_down))
    }

    #[test]
    fn what_was_carried_is_written_down_once_and_on_its_own_day() {
        let mut tally = Tally::new(NOON);
        assert_eq!(tally.record(NOON + 1, Payload::default()), None);
        let ten = Payload { up: 10, down: 1 };
        assert_eq!(told(tally.record(NOON + 2, ten)), Some((NOON + 2, 10, 1)));
        assert_eq!(tally.record(NOON + 3, ten), None);
        let more = Payload { up: 12, down: 1 };
        let midnight = NOON + 12 * HOUR;
        assert!(!tally.is_another_day(midnight - 1) && tally.is_another_day(midnight));
        assert_eq!(
            told(tally.record(midnight, more)),
            Some((midnight - 1, 2, 0))
        );
        let last = Payload { up: 12, down: 9 };
        assert_eq!(told(tally.record(midnight, last)), Some((midnight, 0, 8)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_no_harm() {
        let mut tally = Tally::new(NOON);
        let carried = Payload { up: 1, down: 0 };
        assert_eq!(
            told(tally.record(NOON - 24 * HOUR, carried)),
            Some((NOON - 24 * HOUR, 1, 0))
        );
    }

    #[test]
    fn it_is_due_each_half_hour_and_at_midnight() {
        assert_eq!(pause(NOON), EACH);
        let left = Duration::from_millis(1);
        assert_eq!(pause(NOON + 12 * HOUR - 1), left);
        assert_eq!(pause(NOON + 12 * HOUR), EACH);
    }
}
