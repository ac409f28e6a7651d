//! When a tunnel to production closes by itself. Times are Unix milliseconds and come from outside.

use std::sync::Arc;
use std::time::Duration;

use tunnel::unix_ms_now;

use crate::overview::Closes;

/// How long before it closes that is said: time enough to end what one is at, or to keep it open.
const WARNING: Duration = Duration::from_secs(5 * 60);

/// How often the clock is looked at: timers stand still while the machine sleeps, and the time that
/// is left does not.
const LOOK: Duration = Duration::from_secs(30);

/// Tells the time as Unix milliseconds.
pub(crate) type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's wall clock: it goes on while the machine sleeps.
pub(crate) fn wall_clock() -> Clock {
    Arc::new(unix_ms_now)
}

/// The time that one start of a tunnel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    after: Duration,
    at: u64,
}

impl Closing {
    /// One that begins now, and is over after so long.
    pub fn new(after: Duration, now: u64) -> Self {
        Self {
            after,
            at: now.saturating_add(millis(after)),
        }
    }

    /// Begins anew: all of the time is left again.
    pub fn keep_open(&mut self, now: u64) {
        *self = Self::new(self.after, now);
    }

    /// How much time there is from the beginning.
    pub const fn after(&self) -> Duration {
        self.after
    }

    /// Says whether the tunnel is to be closed.
    pub const fn is_due(&self, now: u64) -> bool {
        now >= self.at
    }

    /// What is told of it now. The warning comes 5 min before; at half time of what lasts less than
    /// 10 min.
    pub fn told(&self, now: u64) -> Closes {
        Closes {
            at: self.at,
            is_soon: now >= self.warns_at(),
        }
    }

    /// For how long nothing of it changes, 30 s at most; then it is to be looked at again.
    pub fn rests(&self, now: u64) -> Duration {
        let next = match now < self.warns_at() {
            true => self.warns_at(),
            false => self.at,
        };
        Duration::from_millis(next.saturating_sub(now)).min(LOOK)
    }

    fn warns_at(&self) -> u64 {
        self.at.saturating_sub(millis(WARNING.min(self.after / 2)))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn closing(minutes: u64) -> Closing {
        Closing::new(Duration::from_secs(minutes * 60), 0)
    }

    #[test]
    fn it_warns_five_minutes_before_and_then_is_due() {
        let closing = closing(60);
        let told = |now| closing.told(now * MINUTE);
        assert_eq!(
            told(54),
            Closes {
                at: 60 * MINUTE,
                is_soon: false
            }
        );
        assert_eq!(
            told(55),
            Closes {
                at: 60 * MINUTE,
                is_soon: true
            }
        );
        assert!(!closing.is_due(60 * MINUTE - 1));
        assert!(closing.is_due(60 * MINUTE));
    }

    #[test]
    fn a_short_time_warns_at_its_half() {
        let closing = closing(2);
        assert!(!closing.told(MINUTE - 1).is_soon);
        assert!(closing.told(MINUTE).is_soon);
    }

    #[test]
    fn kept_open_it_has_all_its_time_again() {
        let mut closing = closing(60);
        closing.keep_open(58 * MINUTE);
        assert_eq!(
            closing.told(58 * MINUTE),
            Closes {
                at: 118 * MINUTE,
                is_soon: false
            }
        );
    }

    #[test]
    fn the_clock_is_looked_at_when_something_changes_and_at_least_twice_a_minute() {
        let closing = closing(60);
        assert_eq!(closing.rests(0), LOOK);
        assert_eq!(closing.rests(55 * MINUTE - 7), Duration::from_millis(7));
        assert_eq!(closing.rests(60 * MINUTE - 9), Duration::from_millis(9));
        assert_eq!(closing.rests(60 * MINUTE), Duration::ZERO);
    }
}
