//! How long the machine has slept: the difference between a clock that stops while it sleeps and
//! one that does not.

use std::time::{Duration, Instant};

#[cfg(any(not(unix), test))]
use super::{LOOK, NOTICEABLE};

/// Tells the time that the machine has slept since this was made.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct SleepClock {
    began: Reading,
    /// Clocks are read one after the other: a process that was stopped in between reads too much
    /// or too little once, and time asleep can't shrink.
    asleep: Duration,
}

#[cfg(unix)]
impl SleepClock {
    pub(super) fn new() -> Self {
        Self {
            began: Reading::now(),
            asleep: Duration::ZERO,
        }
    }

    pub(super) fn asleep(&mut self) -> Duration {
        let asleep = asleep_between(self.began, Reading::now());
        self.asleep = self.asleep.max(asleep);
        self.asleep
    }
}

/// Tells the time that the machine has slept since this was made, if it is asked every 5 s.
///
/// On Windows the monotonic clock goes on while the machine sleeps (`QueryPerformanceCounter`),
/// and the clock that stops can't be read without `unsafe`. So a look that comes much too late
/// tells of a sleep, or of a process that was stopped, which is the same to its connections.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct SleepClock {
    looked: Instant,
    asleep: Duration,
}

#[cfg(not(unix))]
impl SleepClock {
    pub(super) fn new() -> Self {
        Self {
            looked: Instant::now(),
            asleep: Duration::ZERO,
        }
    }

    pub(super) fn asleep(&mut self) -> Duration {
        let now = Instant::now();
        self.asleep += overslept(now.duration_since(self.looked));
        self.looked = now;
        self.asleep
    }
}

/// What a time between two looks has too much.
#[cfg(any(not(unix), test))]
fn overslept(since_the_last: Duration) -> Duration {
    let late = since_the_last.saturating_sub(LOOK);
    if late >= NOTICEABLE {
        late
    } else {
        Duration::ZERO
    }
}

/// One look at both clocks.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// Stops while the machine sleeps: `CLOCK_MONOTONIC` on Linux, `CLOCK_UPTIME_RAW` on macOS.
    running: Instant,
    /// Does not stop.
    all: Duration,
}

#[cfg(unix)]
fn asleep_between(from: Reading, to: Reading) -> Duration {
    let all = to.all.saturating_sub(from.all);
    all.saturating_sub(to.running.duration_since(from.running))
}

#[cfg(unix)]
impl Reading {
    fn now() -> Self {
        use rustix::time::{ClockId, clock_gettime};

        #[cfg(target_os = "linux")]
        const ALL: ClockId = ClockId::Boottime;
        // clock_gettime(3) of macOS: "will continue to increment while the system is asleep".
        #[cfg(not(target_os = "linux"))]
        const ALL: ClockId = ClockId::Monotonic;

        // The clock that stops is read last: being interrupted here looks like less sleep.
        let all = Duration::try_from(clock_gettime(ALL)).unwrap_or_default();
        Self {
            running: Instant::now(),
            all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_comes_much_too_late_tells_of_a_sleep() {
        let hour = Duration::from_secs(3600);
        assert_eq!(overslept(hour + LOOK), hour);
        assert_eq!(overslept(LOOK + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(overslept(Duration::from_secs(1)), Duration::ZERO);
    }

    #[cfg(unix)]
    #[test]
    fn time_asleep_is_what_one_clock_is_ahead_of_the_other() {
        let running = Instant::now();
        let from = Reading {
            running,
            all: Duration::from_secs(100),
        };
        let to = Reading {
            running: running + Duration::from_secs(10),
            all: Duration::from_secs(8 * 3600 + 110),
        };
        assert_eq!(asleep_between(from, to), Duration::from_secs(8 * 3600));
    }

    #[cfg(unix)]
    #[test]
    fn a_machine_that_was_busy_has_not_slept() {
        let running = Instant::now();
        let from = Reading {
            running,
            all: Duration::from_secs(100),
        };
        let to = Reading {
            running: running + Duration::from_secs(90),
            all: Duration::from_secs(189),
        };
        assert_eq!(asleep_between(from, to), Duration::ZERO);
    }
}
