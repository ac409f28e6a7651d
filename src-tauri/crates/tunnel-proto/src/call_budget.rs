//! How many API calls may be made, and when: a bucket of calls that fills again with time.

use std::time::{Duration, Instant};

/// A token bucket over API calls, sans-IO. First come, first served: nobody who asks later is
/// given an earlier time.
///
/// It is kept as one instant (the generic cell rate algorithm, ITU-T I.371 annex A), so it needs
/// no memory for those who wait, and no timer of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallBudget {
    /// What one call costs.
    period: Duration,
    /// How far ahead of time a burst may run: that of all its calls but the first.
    tolerance: Duration,
    /// When the bucket is full again. In the past or `None`: it is full now.
    full_at: Option<Instant>,
}

impl CallBudget {
    /// Gives a full bucket of `burst` calls that fills by `per_second`. Zero counts as one in
    /// both: a bucket that never gives anything would stop its tunnels for ever.
    pub fn new(burst: u32, per_second: u32) -> Self {
        let period = Duration::from_secs(1) / per_second.max(1);
        Self {
            period,
            tolerance: period.saturating_mul(burst.max(1) - 1),
            full_at: None,
        }
    }

    /// Tells when a call could be made that was asked for now. Takes nothing.
    pub fn ready_at(&self, now: Instant) -> Instant {
        self.full_at
            .and_then(|full_at| full_at.checked_sub(self.tolerance))
            .map_or(now, |at| at.max(now))
    }

    /// Takes a call out of the bucket and tells when it may be made: now, or later if the bucket
    /// is empty. What was taken stays taken: who may change his mind while he waits asks
    /// [`ready_at`](Self::ready_at), waits, and reserves then.
    pub fn reserve(&mut self, now: Instant) -> Instant {
        let at = self.ready_at(now);
        self.full_at = Some(self.full_at.map_or(now, |full_at| full_at.max(now)) + self.period);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, times: impl IntoIterator<Item = Instant>) -> Vec<u128> {
        times
            .into_iter()
            .map(|at| at.duration_since(start).as_millis())
            .collect()
    }

    #[test]
    fn a_burst_goes_at_once_and_what_is_more_at_the_rate() {
        let now = Instant::now();
        let mut budget = CallBudget::new(3, 5);
        let times = after(now, (0..6).map(|_| budget.reserve(now)));
        assert_eq!(times, [0, 0, 0, 200, 400, 600]);
    }

    #[test]
    fn two_hundred_calls_at_once_are_spread_over_38_seconds_in_their_order() {
        let now = Instant::now();
        let mut budget = CallBudget::new(10, 5);
        let times = after(now, (0..200).map(|_| budget.reserve(now)));
        assert!(times.is_sorted());
        assert_eq!(times.iter().filter(|ms| **ms == 0).count(), 10);
        assert_eq!(times.last(), Some(&38_000));
    }

    #[test]
    fn no_second_has_more_than_a_burst_and_the_rate() {
        let start = Instant::now();
        let mut budget = CallBudget::new(10, 5);
        // Asked for at uneven times, sometimes with long rests.
        let mut now = start;
        let mut times = Vec::new();
        for n in 0..400_u64 {
            now += Duration::from_millis(if n % 50 == 0 { 4_000 } else { n * 37 % 90 });
            times.push(budget.reserve(now));
        }
        for (n, first) in times.iter().enumerate() {
            let window = *first + Duration::from_secs(1);
            let inside = times[n..].iter().take_while(|at| **at < window).count();
            assert!(inside <= 15, "{inside} calls in a second");
        }
    }

    #[test]
    fn a_rest_fills_the_bucket_but_not_beyond_its_burst() {
        let start = Instant::now();
        let mut budget = CallBudget::new(2, 1);
        for _ in 0..4 {
            budget.reserve(start);
        }
        let later = start + Duration::from_secs(3600);
        let times = after(later, (0..4).map(|_| budget.reserve(later)));
        assert_eq!(times, [0, 0, 1000, 2000]);
    }

    #[test]
    fn a_rest_shorter_than_the_debt_gives_back_only_its_share() {
        let start = Instant::now();
        let mut budget = CallBudget::new(2, 1);
        for _ in 0..4 {
            budget.reserve(start);
        }
        let later = start + Duration::from_secs(1);
        assert_eq!(budget.reserve(later), start + Duration::from_secs(3));
    }

    #[test]
    fn asking_when_takes_nothing() {
        let now = Instant::now();
        let mut budget = CallBudget::new(1, 1);
        for _ in 0..5 {
            assert_eq!(budget.ready_at(now), now);
        }
        assert_eq!(budget.reserve(now), now);
        assert_eq!(budget.ready_at(now), now + Duration::from_secs(1));
    }

    #[test]
    fn a_budget_of_nothing_still_gives_one_call_a_second() {
        let now = Instant::now();
        let mut budget = CallBudget::new(0, 0);
        let times = after(now, (0..3).map(|_| budget.reserve(now)));
        assert_eq!(times, [0, 1000, 2000]);
    }
}
