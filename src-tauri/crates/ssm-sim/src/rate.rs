//! Counts data messages by the second.

use std::time::Duration;

use tokio::time::Instant;

use crate::settings::RateLimit;

const SECOND: Duration = Duration::from_secs(1);

/// Seconds that begin with the first message after a pause.
#[derive(Debug, Default)]
pub(crate) struct RateMeter {
    second_began: Option<Instant>,
    in_this_second: u32,
    /// Whole seconds in a row that were above the limit.
    too_fast_for: u32,
}

impl RateMeter {
    /// Counts a message. Returns how many there were in this second, and whether the side has
    /// been above the limit for longer than it may.
    pub(crate) fn count(&mut self, now: Instant, limit: Option<RateLimit>) -> (u32, bool) {
        let elapsed = self
            .second_began
            .map_or(Duration::MAX, |began| now.duration_since(began));
        if elapsed >= SECOND {
            let was_too_fast =
                limit.is_some_and(|limit| self.in_this_second > limit.messages_per_second);
            self.too_fast_for = match was_too_fast {
                true if elapsed < 2 * SECOND => self.too_fast_for + 1,
                true | false => 0,
            };
            self.second_began = Some(now);
            self.in_this_second = 0;
        }
        self.in_this_second += 1;
        let tripped = limit.is_some_and(|limit| {
            let above_now = self.in_this_second > limit.messages_per_second;
            self.too_fast_for >= limit.seconds && (limit.seconds > 0 || above_now)
        });
        if tripped {
            self.too_fast_for = 0;
        }
        (self.in_this_second, tripped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(per_second: u32, seconds: u32) -> bool {
        let limit = Some(RateLimit::default());
        let start = Instant::now();
        let mut meter = RateMeter::default();
        (0..per_second * seconds).any(|n| meter.count(start + SECOND * n / per_second, limit).1)
    }

    #[test]
    fn a_side_above_the_limit_for_more_than_two_seconds_is_caught() {
        assert!(run(1100, 4));
    }

    #[test]
    fn a_side_above_the_limit_for_two_seconds_is_not() {
        assert!(!run(1100, 2));
    }

    #[test]
    fn a_side_below_the_limit_is_never_caught() {
        assert!(!run(950, 10));
    }

    #[test]
    fn with_no_second_of_patience_the_first_message_too_many_is_caught() {
        let limit = Some(RateLimit {
            messages_per_second: 2,
            seconds: 0,
        });
        let now = Instant::now();
        let mut meter = RateMeter::default();
        let caught = [(); 3].map(|()| meter.count(now, limit).1);
        assert_eq!(caught, [false, false, true]);
    }

    #[test]
    fn without_a_limit_nobody_is_caught() {
        let start = Instant::now();
        let mut meter = RateMeter::default();
        assert!((0..50_000).all(|n| !meter.count(start + SECOND * n / 10_000, None).1));
    }
}
