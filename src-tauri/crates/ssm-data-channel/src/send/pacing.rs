//! The gateway's message rate, kept (docs/protocol.md, section 3, the gateway's limits).

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Below this rate nothing is gained by going lower: it is a tenth of what everyone may.
const LEAST_RATE: u32 = 100;

/// A pause or a cut this soon after a high rate is put down to it.
const BLAME_WITHIN: Duration = Duration::from_secs(3);

/// A high rate that was borne this long is not to blame for what comes later. The gateway was
/// seen to act after about two seconds.
const BORNE_AFTER: Duration = Duration::from_secs(10);

/// A lowered rate that was borne this long is raised by a step, since sockets are closed for other
/// reasons too. A time in which little is sent counts as well. Each time that the rate has to be
/// lowered this doubles, so that a gateway that means it cuts ever less often; the next session
/// begins with it anew.
const RAISE_AFTER: Duration = Duration::from_secs(60);

const RAISE_AFTER_MOST: Duration = Duration::from_secs(60 * 60);

const SECOND: Duration = Duration::from_secs(1);

/// A token bucket over numbered messages, kept as the time at which it will be full again (so
/// there is nothing to refill). Holds a tenth of a second's worth, so that no second sees more
/// than 1.1 times the rate.
#[derive(Debug)]
pub(crate) struct Pacer {
    rate: NonZeroU32,
    /// What was configured: the rate is never above it.
    ceiling: NonZeroU32,
    /// How long a lowered rate has to be borne until it is raised.
    raise_after: Duration,
    /// Since when it is; `None` before its first acknowledgement.
    borne_since: Option<Instant>,
    /// Between two messages at this rate.
    interval: Duration,
    /// How far ahead of its schedule a burst may run.
    burst: Duration,
    /// When the next message would be due if none ran ahead.
    schedule: Option<Instant>,
    /// Above this many messages a second the rate is high. It is half of what was configured,
    /// whatever was learned: sockets are closed for other reasons too, and below that
    /// the rate is not among them.
    high: u32,
    meter: Meter,
}

impl Pacer {
    /// Begins with the rate that was learned of the way, if that is below the configured one.
    pub(crate) fn new(configured: NonZeroU32, learned: Option<NonZeroU32>) -> Self {
        let rate = learned.map_or(configured, |learned| learned.min(configured));
        Self {
            rate,
            ceiling: configured,
            raise_after: RAISE_AFTER,
            borne_since: None,
            interval: interval(rate),
            burst: burst(rate),
            schedule: None,
            high: configured.get() / 2,
            meter: Meter::default(),
        }
    }

    pub(crate) fn rate(&self) -> NonZeroU32 {
        self.rate
    }

    /// How many messages may go out at `now`.
    pub(crate) fn available(&self, now: Instant) -> usize {
        let ahead = self
            .schedule
            .map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        let Some(left) = self.burst.checked_sub(ahead) else {
            return 0;
        };
        let more = left.as_nanos() / self.interval.as_nanos().max(1);
        usize::try_from(more)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    }

    /// When at least one message may go out; `None` if one always could.
    pub(crate) fn ready_at(&self) -> Option<Instant> {
        self.schedule.and_then(|due| due.checked_sub(self.burst))
    }

    /// Counts one message that goes out at `now`.
    pub(crate) fn take(&mut self, now: Instant) {
        let due = self.schedule.map_or(now, |due| due.max(now));
        self.schedule = due.checked_add(self.interval);
        self.meter.count(now, self.high);
    }

    /// Lowers the rate if what happened at `now` may be its fault; returns the new one.
    pub(crate) fn blame(&mut self, now: Instant) -> Option<NonZeroU32> {
        if !self.meter.is_suspect(now) {
            return None;
        }
        let lower = (self.rate.get() / 10 * 7).max(LEAST_RATE);
        let rate = NonZeroU32::new(lower).filter(|lower| *lower < self.rate)?;
        self.set_rate(rate);
        self.raise_after = (self.raise_after * 2).min(RAISE_AFTER_MOST);
        // One cause is blamed once.
        self.meter = Meter::default();
        Some(rate)
    }

    /// Something was acknowledged at `now`: raises a lowered rate by a step if it was borne for
    /// long enough; returns the new one.
    pub(crate) fn bear(&mut self, now: Instant) -> Option<NonZeroU32> {
        if self.rate >= self.ceiling {
            return None;
        }
        let since = *self.borne_since.get_or_insert(now);
        if now.saturating_duration_since(since) < self.raise_after {
            return None;
        }
        let higher = NonZeroU32::new(self.rate.get() / 7 * 10)?.max(self.rate.saturating_add(1));
        self.set_rate(higher.min(self.ceiling));
        self.borne_since = Some(now);
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: NonZeroU32) {
        self.rate = rate;
        self.interval = interval(rate);
        self.burst = burst(rate);
        self.borne_since = None;
    }
}

/// Between two messages at a rate.
fn interval(rate: NonZeroU32) -> Duration {
    SECOND / rate.get()
}

/// How far ahead of its schedule a burst at a rate may run: a tenth of a second.
fn burst(rate: NonZeroU32) -> Duration {
    interval(rate) * (rate.get() / 10).saturating_sub(1)
}

/// Knows whether the rate was high of late. Counts in windows of up to a second.
#[derive(Debug, Default)]
struct Meter {
    window: Option<(Instant, u32)>,
    high: Option<High>,
}

#[derive(Debug, Clone, Copy)]
struct High {
    first: Instant,
    last: Instant,
}

impl Meter {
    fn count(&mut self, now: Instant, threshold: u32) {
        let (start, count) = match self.window {
            Some((start, count)) if now.saturating_duration_since(start) < SECOND => {
                (start, count.saturating_add(1))
            }
            Some(_) | None => (now, 1),
        };
        self.window = Some((start, count));
        if count > threshold {
            let first = match self.high {
                Some(high) if now.saturating_duration_since(high.last) <= BLAME_WITHIN => {
                    high.first
                }
                Some(_) | None => now,
            };
            self.high = Some(High { first, last: now });
        }
    }

    fn is_suspect(&self, now: Instant) -> bool {
        self.high.is_some_and(|high| {
            now.saturating_duration_since(high.last) <= BLAME_WITHIN
                && high.last.saturating_duration_since(high.first) < BORNE_AFTER
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer(rate: u32) -> Pacer {
        Pacer::new(NonZeroU32::new(rate).unwrap(), None)
    }

    /// Sends as fast as it may for so long; returns how many went out.
    fn run(pacer: &mut Pacer, from: Instant, time: Duration) -> usize {
        let mut now = from;
        let mut sent = 0;
        while now < from + time {
            for _ in 0..pacer.available(now) {
                pacer.take(now);
                sent += 1;
            }
            now = pacer.ready_at().unwrap().max(now);
        }
        sent
    }

    #[test]
    fn a_burst_is_a_tenth_of_a_second_and_then_the_rate_holds() {
        let now = Instant::now();
        let mut pacer = pacer(900);
        assert_eq!(pacer.available(now), 90);
        let sent = run(&mut pacer, now, SECOND);
        assert!((985..=990).contains(&sent), "{sent}");
        let sent = run(&mut pacer, now + SECOND, SECOND);
        assert!((895..=901).contains(&sent), "{sent}");
    }

    #[test]
    fn a_rate_under_ten_still_lets_single_messages_out() {
        let now = Instant::now();
        let mut pacer = pacer(1);
        assert_eq!(pacer.available(now), 1);
        pacer.take(now);
        assert_eq!(pacer.available(now), 0);
        assert_eq!(pacer.ready_at(), Some(now + SECOND));
    }

    #[test]
    fn trouble_soon_after_a_high_rate_lowers_it() {
        let now = Instant::now();
        let mut pacer = pacer(900);
        run(&mut pacer, now, 2 * SECOND);
        let lower = pacer.blame(now + 4 * SECOND).unwrap();
        assert_eq!(lower.get(), 630);
        // One cause is blamed once.
        assert_eq!(pacer.blame(now + 4 * SECOND), None);
    }

    #[test]
    fn trouble_later_or_after_a_low_rate_does_not() {
        let now = Instant::now();
        let mut busy = pacer(900);
        run(&mut busy, now, 2 * SECOND);
        assert_eq!(busy.blame(now + 6 * SECOND), None);

        let mut idle = pacer(900);
        for second in 0..4 {
            for _ in 0..400 {
                idle.take(now + second * SECOND);
            }
        }
        assert_eq!(idle.blame(now + 3 * SECOND), None);
    }

    #[test]
    fn a_rate_that_was_borne_for_long_is_not_to_blame() {
        let now = Instant::now();
        let mut pacer = pacer(900);
        run(&mut pacer, now, 40 * SECOND);
        assert_eq!(pacer.blame(now + 40 * SECOND), None);
    }

    #[test]
    fn what_was_learned_is_where_the_next_begins_and_lowers_no_further_than_one_alone() {
        // As if each cut began another session.
        let configured = NonZeroU32::new(900).unwrap();
        let (mut now, mut learned) = (Instant::now(), None);
        for _ in 0..20 {
            let mut pacer = Pacer::new(configured, learned);
            run(&mut pacer, now, 2 * SECOND);
            now += 2 * SECOND;
            learned = pacer.blame(now).or(learned);
            now += 10 * SECOND;
        }
        assert_eq!(learned.map(NonZeroU32::get), Some(308));
    }

    #[test]
    fn a_lowered_rate_that_is_borne_comes_back_step_by_step_and_later_each_time() {
        let mut now = Instant::now();
        let mut pacer = pacer(900);
        for minutes in [2, 4, 8] {
            run(&mut pacer, now, 2 * SECOND);
            now += 2 * SECOND;
            assert_eq!(pacer.blame(now).map(NonZeroU32::get), Some(630));
            // The first acknowledgement begins the time.
            assert_eq!(pacer.bear(now), None);
            now += minutes * 60 * SECOND;
            assert_eq!(pacer.bear(now - SECOND), None);
            assert_eq!(pacer.bear(now).map(NonZeroU32::get), Some(900));
            assert_eq!(pacer.bear(now + 3_600 * SECOND), None);
        }
        let mut learned = Pacer::new(NonZeroU32::new(900).unwrap(), NonZeroU32::new(308));
        let mut rates = Vec::new();
        for _ in 0..6 {
            rates.extend(learned.bear(now).map(NonZeroU32::get));
            now += RAISE_AFTER;
        }
        assert_eq!(rates, [440, 620, 880, 900]);
    }

    #[test]
    fn the_rate_is_not_lowered_for_ever() {
        // 441 and a first burst of 44 are still high, 308 is not.
        for (configured, lowest) in [(900, 308), (120, LEAST_RATE), (50, 50)] {
            let mut now = Instant::now();
            let mut pacer = pacer(configured);
            for _ in 0..20 {
                run(&mut pacer, now, 2 * SECOND);
                now += 2 * SECOND;
                pacer.blame(now);
                now += 10 * SECOND;
            }
            assert_eq!(pacer.rate().get(), lowest);
        }
    }
}
