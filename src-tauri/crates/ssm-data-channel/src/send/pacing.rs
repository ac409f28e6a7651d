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

/// A lowered rate that was sent at for so long and borne is raised by a step, since sockets are
/// closed for other reasons too. Only seconds in which it was nearly used up count: an idle time
/// shows nothing. Each time that the rate has to be lowered this doubles, so that a gateway that
/// means it cuts ever less often, in the next sessions, too.
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
    /// For how long it has been.
    borne: Borne,
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
    pub(crate) fn new(configured: NonZeroU32, learned: Option<LearnedRate>) -> Self {
        let rate = learned.map_or(configured, |learned| learned.rate.min(configured));
        let raise_after = learned.map_or(RAISE_AFTER, |learned| learned.raise_after);
        Self {
            rate,
            ceiling: configured,
            raise_after: raise_after.clamp(RAISE_AFTER, RAISE_AFTER_MOST),
            borne: Borne::default(),
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
        self.borne.count(now, self.rate);
    }

    /// Lowers the rate if what happened at `now` may be its fault; returns the new one.
    pub(crate) fn blame(&mut self, now: Instant) -> Option<LearnedRate> {
        if !self.meter.is_suspect(now) {
            return None;
        }
        let lower = (self.rate.get() / 10 * 7).max(LEAST_RATE);
        let rate = NonZeroU32::new(lower).filter(|lower| *lower < self.rate)?;
        self.set_rate(rate);
        self.raise_after = (self.raise_after * 2).min(RAISE_AFTER_MOST);
        // One cause is blamed once.
        self.meter = Meter::default();
        Some(self.learned())
    }

    /// Something was acknowledged: raises a lowered rate by a step if it was borne for long
    /// enough; returns the new one.
    pub(crate) fn bear(&mut self) -> Option<LearnedRate> {
        if self.rate >= self.ceiling || self.borne.time < self.raise_after {
            return None;
        }
        let higher = NonZeroU32::new(self.rate.get() / 7 * 10)?.max(self.rate.saturating_add(1));
        self.set_rate(higher.min(self.ceiling));
        Some(self.learned())
    }

    /// What the next session of this way is to begin with.
    fn learned(&self) -> LearnedRate {
        LearnedRate {
            rate: self.rate,
            raise_after: self.raise_after,
        }
    }

    fn set_rate(&mut self, rate: NonZeroU32) {
        self.rate = rate;
        self.interval = interval(rate);
        self.burst = burst(rate);
        self.borne = Borne::default();
    }
}

/// What was learned of the rate that a way to a target bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearnedRate {
    /// Messages a second that it bears, as far as is known.
    pub rate: NonZeroU32,
    /// For how long so many have to be sent and borne until more are tried: 1 min to 1 h, more
    /// each time that the rate had to be lowered. What is outside of that is brought within it.
    pub raise_after: Duration,
}

/// For how long a rate was nearly used up. Counts in windows of a second.
#[derive(Debug, Default)]
struct Borne {
    time: Duration,
    window: Option<(Instant, u32)>,
}

impl Borne {
    fn count(&mut self, now: Instant, rate: NonZeroU32) {
        match &mut self.window {
            Some((start, count)) if now.saturating_duration_since(*start) < SECOND => {
                *count = count.saturating_add(1);
            }
            Some((_, count)) if *count >= nearly(rate) => {
                self.time = self.time.saturating_add(SECOND);
                self.window = Some((now, 1));
            }
            Some(_) | None => self.window = Some((now, 1)),
        }
    }
}

/// So many messages in a second use a rate up, or nearly so: three quarters.
fn nearly(rate: NonZeroU32) -> u32 {
    rate.get() - rate.get() / 4
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
        assert_eq!(lower.rate.get(), 630);
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
        let learned = learned.unwrap();
        assert_eq!(learned.rate.get(), 308);
        // Lowered three times, each in a session of its own.
        assert_eq!(learned.raise_after, RAISE_AFTER * 8);
    }

    /// Sends as fast as it may until the rate is raised; returns how long that took, to a second.
    fn until_raised(pacer: &mut Pacer, now: &mut Instant) -> (u64, u32) {
        for seconds in 1..10_000 {
            run(pacer, *now, SECOND);
            *now += SECOND;
            if let Some(learned) = pacer.bear() {
                return (seconds, learned.rate.get());
            }
        }
        panic!("it is not raised");
    }

    #[test]
    fn a_lowered_rate_that_is_borne_comes_back_step_by_step_and_later_each_time() {
        let mut now = Instant::now();
        let mut pacer = pacer(900);
        for minutes in [2, 4, 8] {
            run(&mut pacer, now, 2 * SECOND);
            now += 2 * SECOND;
            let learned = pacer.blame(now).unwrap();
            assert_eq!(learned.rate.get(), 630);
            assert_eq!(learned.raise_after, minutes * 60 * SECOND);
            let (seconds, rate) = until_raised(&mut pacer, &mut now);
            let due = u64::from(minutes) * 60;
            assert!((due..due + 10).contains(&seconds), "{seconds}");
            assert_eq!(rate, 900);
            assert_eq!(pacer.bear(), None);
            now += 10 * SECOND;
        }
        let learned = LearnedRate {
            rate: NonZeroU32::new(308).unwrap(),
            raise_after: RAISE_AFTER,
        };
        let mut pacer = Pacer::new(NonZeroU32::new(900).unwrap(), Some(learned));
        let rates = [(); 4].map(|()| until_raised(&mut pacer, &mut now).1);
        assert_eq!(rates, [440, 620, 880, 900]);
    }

    #[test]
    fn a_lowered_rate_is_not_raised_by_a_time_in_which_little_was_sent() {
        let mut now = Instant::now();
        let mut pacer = pacer(900);
        run(&mut pacer, now, 2 * SECOND);
        now += 2 * SECOND;
        pacer.blame(now).unwrap();
        for _ in 0..100_000 {
            pacer.take(now);
            assert_eq!(pacer.bear(), None);
            now += SECOND / 10;
        }
        // Half of it, with pauses, is none of it either.
        for _ in 0..1_000 {
            run(&mut pacer, now, SECOND / 3);
            now += SECOND;
            assert_eq!(pacer.bear(), None);
        }
    }

    #[test]
    fn a_successor_is_as_patient_with_a_learned_rate_as_the_session_that_learned_it() {
        let mut now = Instant::now();
        let learned = LearnedRate {
            rate: NonZeroU32::new(630).unwrap(),
            raise_after: 8 * RAISE_AFTER,
        };
        let mut pacer = Pacer::new(NonZeroU32::new(900).unwrap(), Some(learned));
        let (seconds, _) = until_raised(&mut pacer, &mut now);
        assert!(seconds >= 8 * 60, "{seconds}");
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
