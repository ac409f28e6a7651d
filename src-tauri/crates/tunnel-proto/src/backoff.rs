//! How long to wait between attempts.

use std::time::Duration;

use rand_core::Rng;

/// The shortest upper bound of a delay: the first retry after a failed attempt.
const FIRST: Duration = Duration::from_millis(200);

/// The longest upper bound of a delay. A user who watches should not wait longer than this for
/// a service that is back.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);

/// Exponential backoff with full jitter: each delay is drawn evenly between zero and a bound
/// that doubles from 200 ms to 30 s, so that many tunnels that lost the same gateway spread
/// their attempts (AWS Architecture Blog, "Exponential Backoff And Jitter").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// Counts one more failed attempt and returns how long to wait before the next, where no
    /// bound is above `longest`.
    pub(crate) fn next(&mut self, random: &mut impl Rng, longest: Duration) -> Duration {
        let bound = FIRST
            .saturating_mul(1 << self.attempts.min(16))
            .min(longest);
        self.attempts = self.attempts.saturating_add(1);
        jitter(bound, random)
    }
}

/// A time between zero and a bound, each as likely as the other.
pub(crate) fn jitter(bound: Duration, random: &mut impl Rng) -> Duration {
    let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random.next_u64() % micros.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha12Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn delays_stay_below_a_bound_that_doubles_up_to_half_a_minute() {
        for seed in 0..100 {
            let mut random = ChaCha12Rng::seed_from_u64(seed);
            let mut backoff = Backoff::default();
            let mut bound = FIRST;
            for _ in 0..40 {
                assert!(backoff.next(&mut random, LONGEST) <= bound);
                bound = (bound * 2).min(LONGEST);
            }
        }
    }

    #[test]
    fn where_somebody_waits_no_delay_is_longer_than_he_can_bear() {
        let mut random = ChaCha12Rng::seed_from_u64(7);
        let longest = Duration::from_secs(10);
        let mut backoff = Backoff { attempts: 20 };
        let mut delays = (0..200).map(|_| backoff.next(&mut random, longest));
        assert!(delays.all(|delay| delay <= longest));
    }

    #[test]
    fn delays_use_the_whole_range() {
        let mut random = ChaCha12Rng::seed_from_u64(7);
        let delays: Vec<_> = (0..200)
            .map(|_| Backoff { attempts: 20 }.next(&mut random, LONGEST))
            .collect();
        assert!(delays.iter().any(|delay| *delay < LONGEST / 10));
        assert!(delays.iter().any(|delay| *delay > LONGEST * 9 / 10));
    }
}
