//! How long a gap will take to heal, by the rate at which what is missing comes.

use std::time::{Duration, Instant};

use super::catching_up::Gap;

/// Over how long the rate is measured: a hundred of the agent's resends.
const WINDOW: Duration = Duration::from_secs(10);

/// How much later than its end a window may be noticed. Beyond that this process did not run,
/// and the rate means nothing.
const NOTICED_LATE: Duration = Duration::from_secs(2);

/// Windows in a row that must say the same: a path may be slow for one.
const WINDOWS: u8 = 2;

/// Measures in windows, while there is a gap.
#[derive(Debug)]
pub(super) struct Healing {
    patience: Duration,
    window: Option<Window>,
    /// When the gap will be closed.
    estimate: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    since: Instant,
    /// [`Gap::late`] when it began.
    late: u64,
    /// Windows before it after which it would have taken too long.
    hopeless: u8,
}

/// A gap that will not be closed within the patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hopeless {
    /// Messages that are missing.
    pub(super) missing: u64,
    /// How long they would take to come.
    pub(super) left: Duration,
}

impl Healing {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            window: None,
            estimate: None,
        }
    }

    /// When the gap will be closed: as was expected at first, or by the rate of the last window
    /// in which something came.
    pub(super) fn estimate(&self) -> Option<Instant> {
        self.estimate
    }

    /// What is expected before a rate has been measured; `None` forgets what was.
    pub(super) fn expect(&mut self, estimate: Option<Instant>) {
        self.estimate = estimate.and(self.estimate).or(estimate);
    }

    /// The WebSocket is gone, or a new one is there, or it is not read: the measuring starts
    /// anew.
    pub(super) fn reset(&mut self) {
        self.window = None;
        self.estimate = None;
    }

    /// Looks at the gap, and says so when it is hopeless. A gap in which nothing comes at all
    /// is a stall, which has its own clock.
    pub(super) fn review(&mut self, now: Instant, gap: Option<Gap>) -> Option<Hopeless> {
        let Some(gap) = gap else {
            self.window = None;
            return None;
        };
        let next = |hopeless| Window {
            since: now,
            late: gap.late,
            hopeless,
        };
        let window = *self.window.get_or_insert(next(0));
        let took = now.saturating_duration_since(window.since);
        if took < WINDOW {
            return None;
        }
        let came = gap.late.saturating_sub(window.late);
        if came == 0 || took > WINDOW + NOTICED_LATE {
            self.window = Some(next(0));
            return None;
        }
        let left = took.as_secs_f64() * gap.missing as f64 / came as f64;
        let left = Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX);
        self.note_estimate(now.checked_add(left));
        let hopeless = if left > self.patience {
            window.hopeless + 1
        } else {
            0
        };
        self.window = Some(next(hopeless));
        (hopeless >= WINDOWS).then_some(Hopeless {
            missing: gap.missing,
            left,
        })
    }

    /// One that differs but a little from the last is no news.
    fn note_estimate(&mut self, estimate: Option<Instant>) {
        let (Some(old), Some(new)) = (self.estimate, estimate) else {
            self.estimate = estimate;
            return;
        };
        let apart = old.max(new).saturating_duration_since(old.min(new));
        if apart > WINDOW / 2 {
            self.estimate = estimate;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(600);
    const TICK: Duration = Duration::from_millis(100);

    /// Lets one message of `missing` come each 100 ms, until it is hopeless.
    fn run(healing: &mut Healing, start: Instant, missing: u64) -> Option<(Duration, Hopeless)> {
        for late in 0..=missing {
            let now = start + TICK * u32::try_from(late).unwrap();
            let gap = Gap {
                held: 10,
                missing: missing - late,
                late,
                since: now,
            };
            let gap = Some(gap).filter(|_| late < missing);
            if let Some(hopeless) = healing.review(now, gap) {
                return Some((now - start, hopeless));
            }
        }
        None
    }

    #[test]
    fn a_gap_that_heals_within_the_patience_is_left_to_heal() {
        let mut healing = Healing::new(PATIENCE);
        assert_eq!(run(&mut healing, Instant::now(), 6_000), None);
        assert_eq!(healing.window.map(|window| window.since), None);
    }

    #[test]
    fn a_gap_that_would_take_longer_is_hopeless_after_two_windows() {
        let mut healing = Healing::new(PATIENCE);
        let (after, hopeless) = run(&mut healing, Instant::now(), 30_000).unwrap();
        assert_eq!(after, WINDOW * 2);
        assert_eq!(hopeless.missing, 29_800);
        assert_eq!(hopeless.left.as_secs(), 2_980);
    }

    #[test]
    fn a_gap_in_which_nothing_comes_and_a_window_that_ends_late_say_nothing() {
        let start = Instant::now();
        let mut healing = Healing::new(PATIENCE);
        let mut late = 0;
        for windows in 0..10 {
            // Nothing in every second window; the others end far too late.
            let now = start + WINDOW * (windows / 2) + WINDOW * 2 * windows.div_ceil(2);
            late += u64::from(windows % 2);
            let gap = Gap {
                held: 10,
                missing: 1_000_000,
                late,
                since: now,
            };
            assert_eq!(healing.review(now, Some(gap)), None);
        }
    }
}
