//! Round trips and the retransmission timeout (RFC 6298).

use std::time::Duration;

/// The timeout before the first round trip was measured (RFC 6298, section 2.1).
const INITIAL: Duration = Duration::from_secs(1);

/// The least timeout. RFC 6298 says a second, for acknowledgements that are held back up to
/// 500 ms; agents acknowledge at once.
const LEAST: Duration = Duration::from_millis(200);

/// The most, backed off or not: a tunnel whose path is back should notice soon.
const MOST: Duration = Duration::from_secs(10);

/// The most that backing off makes of it: a session counts as jammed after 30 s
/// (docs/protocol.md, section 3), and must not do so for one lost try of two or three.
const BACKED_OFF_MOST: Duration = Duration::from_secs(5);

/// The clock's granularity, G in RFC 6298.
const GRANULARITY: Duration = Duration::from_millis(1);

/// Estimates the round trip from messages that were sent once (Karn's rule is its caller's to
/// keep).
#[derive(Debug)]
pub(crate) struct RoundTrip {
    estimate: Option<Estimate>,
    backed_off: u32,
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    smoothed: Duration,
    variation: Duration,
    latest: Duration,
    least: Duration,
}

impl RoundTrip {
    pub(crate) fn new() -> Self {
        Self {
            estimate: None,
            backed_off: 0,
        }
    }

    pub(crate) fn sample(&mut self, rtt: Duration) {
        self.estimate = Some(match self.estimate {
            None => Estimate {
                smoothed: rtt,
                variation: rtt / 2,
                latest: rtt,
                least: rtt,
            },
            Some(old) => Estimate {
                variation: old.variation * 3 / 4 + old.smoothed.abs_diff(rtt) / 4,
                smoothed: old.smoothed * 7 / 8 + rtt / 8,
                latest: rtt,
                least: old.least.min(rtt),
            },
        });
    }

    /// Something was acknowledged: the path works, so the timeout is the estimated one again.
    pub(crate) fn progressed(&mut self) {
        self.backed_off = 0;
    }

    /// Doubles the timeout (RFC 6298, section 5.5).
    pub(crate) fn back_off(&mut self) {
        self.backed_off = self.backed_off.saturating_add(1);
    }

    /// How many timeouts there were since the last progress.
    pub(crate) fn timeouts(&self) -> u32 {
        self.backed_off
    }

    /// The retransmission timeout.
    pub(crate) fn timeout(&self) -> Duration {
        let base = self.estimate.map_or(INITIAL, |estimate| {
            estimate.smoothed + (estimate.variation * 4).max(GRANULARITY)
        });
        let base = base.clamp(LEAST, MOST);
        let factor = 2_u32.saturating_pow(self.backed_off);
        base.saturating_mul(factor).min(BACKED_OFF_MOST.max(base))
    }

    pub(crate) fn smoothed(&self) -> Option<Duration> {
        self.estimate.map(|estimate| estimate.smoothed)
    }

    /// What a round trip takes now, to be on the safe side of the estimates.
    pub(crate) fn current(&self) -> Duration {
        self.estimate
            .map_or(INITIAL, |estimate| estimate.smoothed.max(estimate.latest))
    }

    /// The quickest round trip ever.
    pub(crate) fn least(&self) -> Duration {
        self.estimate.map_or(INITIAL, |estimate| estimate.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_first_sample_sets_the_timeout_to_three_times_itself() {
        let mut round_trip = RoundTrip::new();
        assert_eq!(round_trip.timeout(), ms(1_000));
        round_trip.sample(ms(400));
        assert_eq!(round_trip.timeout(), ms(1_200));
        assert_eq!(round_trip.smoothed(), Some(ms(400)));
    }

    #[test]
    fn later_samples_are_smoothed() {
        let mut round_trip = RoundTrip::new();
        round_trip.sample(ms(400));
        round_trip.sample(ms(800));
        // variation: 200 * 3/4 + 400 / 4 = 250; smoothed: 400 * 7/8 + 100 = 450
        assert_eq!(round_trip.timeout(), ms(1_450));
    }

    #[test]
    fn the_timeout_stays_within_its_bounds() {
        let mut round_trip = RoundTrip::new();
        round_trip.sample(ms(1));
        assert_eq!(round_trip.timeout(), LEAST);
        round_trip.sample(ms(100_000));
        assert_eq!(round_trip.timeout(), MOST);
    }

    #[test]
    fn each_timeout_doubles_the_next_and_progress_ends_that() {
        let mut round_trip = RoundTrip::new();
        for expected in [1_000, 2_000, 4_000, 5_000, 5_000] {
            assert_eq!(round_trip.timeout(), ms(expected));
            round_trip.back_off();
        }
        for _ in 0..100 {
            round_trip.back_off();
        }
        assert_eq!(round_trip.timeout(), BACKED_OFF_MOST);
        round_trip.progressed();
        assert_eq!(round_trip.timeout(), ms(1_000));
    }

    #[test]
    fn backing_off_never_goes_below_what_a_slow_path_needs() {
        let mut round_trip = RoundTrip::new();
        round_trip.sample(ms(2_500));
        round_trip.back_off();
        assert_eq!(round_trip.timeout(), ms(7_500));
    }
}
