//! How much a session carries, coarsely.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Long enough that one page or one query's answer is no bulk, short enough to act on.
const WINDOW: Duration = Duration::from_secs(1);

/// A quarter of what an agent sends in a second at full speed (docs/protocol.md, section 3):
/// a connection beside this much waits noticeably.
const BULK: u64 = 256 * 1024;

/// Below this a window is light: far enough below [`BULK`] that one and the same transfer is
/// not now the one and now the other.
const LIGHT: u64 = 64 * 1024;

/// Light windows in a row after which a session is light again: a transfer may pause.
const LIGHT_WINDOWS: u8 = 3;

/// How long the driver lets a download gather before it reads on. An agent sends a message of 1 KiB each
/// millisecond (docs/protocol.md, section 3), and each that is read, acknowledged and handed on by itself
/// costs four calls of the system; gathered, four messages share them (docs/performance.md, "What a
/// download costs"). An echo on the same session waits for 225 ms beside a download in any case.
const GATHER: Duration = Duration::from_millis(4);

/// How much a session carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Load {
    /// Nothing, or what a person or a query makes.
    #[default]
    Light,
    /// A transfer that others would have to wait for.
    Bulk,
}

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// Measures in windows. A light session has no timer: its window begins with the first byte
/// after the last one's end. A NOP's eight bytes are far below anything that counts.
#[derive(Debug)]
pub(super) struct Meter {
    state: State,
    /// What the window has carried so far.
    volume: Volume,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Light {
        /// When the window began; `None` before the first byte.
        window: Option<Instant>,
    },
    Bulk {
        window: Instant,
        /// Light windows up to now.
        light: u8,
        /// What the window before carried.
        before: Volume,
    },
}

/// Payload bytes each way.
#[derive(Debug, Clone, Copy, Default)]
struct Volume {
    up: u64,
    down: u64,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            state: State::Light { window: None },
            volume: Volume::default(),
        }
    }

    pub(super) fn load(&self) -> Load {
        match self.state {
            State::Light { .. } => Load::Light,
            State::Bulk { .. } => Load::Bulk,
        }
    }

    /// Counts payload. Returns what the load is now, if that is news.
    pub(super) fn count(
        &mut self,
        now: Instant,
        direction: Direction,
        bytes: usize,
    ) -> Option<Load> {
        let lighter = self.handle_timeout(now);
        if let State::Light { window } = self.state
            && window.is_none_or(|window| window + WINDOW <= now)
        {
            self.restart(State::Light { window: Some(now) });
        }
        let sum = match direction {
            Direction::Up => &mut self.volume.up,
            Direction::Down => &mut self.volume.down,
        };
        *sum = sum.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if *sum < BULK {
            return lighter;
        }
        match &mut self.state {
            State::Bulk { .. } => None,
            State::Light { window } => {
                self.state = State::Bulk {
                    window: window.unwrap_or(now),
                    light: 0,
                    before: Volume::default(),
                };
                // What became lighter in the same moment is not worth telling.
                lighter.is_none().then_some(Load::Bulk)
            }
        }
    }

    /// Ends the windows that are over. Returns what the load is now, if that is news.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<Load> {
        while let State::Bulk { window, light, .. } = self.state
            && window + WINDOW <= now
        {
            let light = if self.volume.up < LIGHT && self.volume.down < LIGHT {
                light + 1
            } else {
                0
            };
            if light == LIGHT_WINDOWS {
                self.restart(State::Light { window: None });
                return Some(Load::Light);
            }
            self.restart(State::Bulk {
                window: window + WINDOW,
                light,
                before: self.volume,
            });
        }
        None
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Light { .. } => None,
            State::Bulk { window, .. } => Some(window + WINDOW),
        }
    }

    fn restart(&mut self, state: State) {
        self.state = state;
        self.volume = Volume::default();
    }

    /// How long the driver lets what comes gather: `None` unless it is a download, and nothing else.
    /// Beside an upload, and what is written by hand, acknowledgements are wanted at once.
    pub(super) fn gather(&self) -> Option<Duration> {
        match self.state {
            State::Light { .. } => None,
            State::Bulk { before, .. } => {
                let download = BULK <= self.volume.down.max(before.down);
                let upload = LIGHT <= self.volume.up.max(before.up);
                (download && !upload).then_some(GATHER)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    #[test]
    fn a_transfer_is_bulk_as_soon_as_a_window_holds_enough_of_one_direction() {
        let now = Instant::now();
        let mut meter = Meter::new();
        assert_eq!(meter.count(now, Direction::Up, 255 * KIB), None);
        assert_eq!(meter.count(now, Direction::Down, 255 * KIB), None);
        assert_eq!(meter.count(now, Direction::Down, KIB), Some(Load::Bulk));
        assert_eq!(meter.count(now, Direction::Down, 999 * KIB), None);
    }

    #[test]
    fn the_same_bytes_over_more_than_a_window_are_light_and_need_no_timer() {
        let mut now = Instant::now();
        let mut meter = Meter::new();
        for _ in 0..20 {
            assert_eq!(meter.count(now, Direction::Up, 255 * KIB), None);
            assert_eq!(meter.poll_timeout(), None);
            now += WINDOW;
        }
    }

    #[test]
    fn bulk_is_light_again_after_three_light_windows_in_a_row() {
        let start = Instant::now();
        let mut meter = Meter::new();
        assert_eq!(
            meter.count(start, Direction::Up, 256 * KIB),
            Some(Load::Bulk)
        );
        // The first window itself, then two light ones, and one that is not.
        for seconds in 1..=3 {
            assert_eq!(meter.handle_timeout(start + WINDOW * seconds), None);
        }
        meter.count(start + WINDOW * 3, Direction::Down, 64 * KIB);
        for seconds in 4..=6 {
            assert_eq!(meter.poll_timeout(), Some(start + WINDOW * seconds));
            assert_eq!(meter.handle_timeout(start + WINDOW * seconds), None);
        }
        assert_eq!(meter.handle_timeout(start + WINDOW * 7), Some(Load::Light));
        assert_eq!(meter.poll_timeout(), None);
    }

    #[test]
    fn a_timer_that_rings_late_counts_the_windows_that_passed() {
        let start = Instant::now();
        let mut meter = Meter::new();
        meter.count(start, Direction::Up, 256 * KIB);
        assert_eq!(
            meter.handle_timeout(start + WINDOW * 1_000_000),
            Some(Load::Light)
        );
    }

    #[test]
    fn a_download_alone_is_let_gather_from_its_first_full_window_to_its_last() {
        let start = Instant::now();
        let mut meter = Meter::new();
        meter.count(start, Direction::Down, 255 * KIB);
        assert_eq!(meter.gather(), None);
        meter.count(start, Direction::Down, KIB);
        assert_eq!(meter.gather(), Some(GATHER));
        meter.handle_timeout(start + WINDOW);
        meter.count(start + WINDOW, Direction::Down, KIB);
        assert_eq!(meter.gather(), Some(GATHER));
        // A question is one, an upload is not.
        meter.count(start + WINDOW, Direction::Up, KIB);
        assert_eq!(meter.gather(), Some(GATHER));
        meter.count(start + WINDOW, Direction::Up, 63 * KIB);
        assert_eq!(meter.gather(), None);
        meter.handle_timeout(start + WINDOW * 2);
        assert_eq!(meter.gather(), None);
        meter.handle_timeout(start + WINDOW * 3);
        assert_eq!(meter.gather(), None);
    }

    #[test]
    fn an_upload_is_never_let_gather() {
        let start = Instant::now();
        let mut meter = Meter::new();
        meter.count(start, Direction::Up, 999 * KIB);
        assert_eq!(meter.gather(), None);
        meter.count(start, Direction::Down, 63 * KIB);
        assert_eq!(meter.gather(), None);
    }

    #[test]
    fn nops_alone_never_count() {
        let mut now = Instant::now();
        let mut meter = Meter::new();
        for _ in 0..10_000 {
            assert_eq!(meter.count(now, Direction::Up, 8), None);
            assert_eq!(meter.poll_timeout(), None);
            now += Duration::from_secs(10);
        }
    }
}
