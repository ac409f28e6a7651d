//! Sleep and wake of the machine.
//!
//! That the machine has slept is told by two clocks: one that stops meanwhile and one that does
//! not. No wall clock is asked, so setting one changes nothing. *When* to compare them:
//!
//! * Linux: the kernel says so, by a timer that it cancels on each wake (see `power/linux.rs`). That
//!   costs nothing while nothing happens, and sees every kind of suspend. logind says beforehand
//!   (feature `logind`) that the machine is about to sleep; its word for the
//!   wake is taken as well, but not relied upon: a suspend past logind has none, and a bus may be
//!   gone.
//! * macOS and Windows, and a Linux without such timers: every 5 s.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use self::clock::SleepClock;
use super::conditions::Board;

mod clock;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(all(target_os = "linux", feature = "logind"))]
mod logind;

/// The time between two looks at the clocks where nothing tells of a wake. Rare enough to be
/// nothing beside a tunnel's own keepalive, and soon enough beside the pong's deadline of 10 s.
const LOOK: Duration = Duration::from_secs(5);

/// A sleep that was not announced counts from here on. Below it a connection has hardly noticed,
/// and a busy machine's late timers must not be taken for a sleep.
const NOTICEABLE: Duration = Duration::from_secs(2);

/// The time that the process may run after "about to sleep" before that word is taken for lost.
/// logind itself waits 5 s at most for those who delay it; a tunnel that waits for a wake that
/// nobody announces would be dead.
const SOON_ASLEEP: Duration = Duration::from_secs(30);

/// What may tell of sleep and wake.
#[cfg_attr(
    not(all(target_os = "linux", feature = "logind")),
    allow(dead_code, reason = "only logind says more than to look")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notice {
    /// The machine is about to sleep.
    AboutToSleep,
    /// It has woken, or did not go to sleep after all.
    Woken,
    /// It may have slept: the clocks know.
    Look,
}

/// What follows for those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Sleep,
    Wake { slept: Duration },
}

/// What is known about the machine's sleep.
///
/// ```text
///          AboutToSleep
///  Awake ───────────────▶ AboutToSleep
///    ▲ ◀──────────────────┘   Woken, a Look that finds a sleep, or no sleep within 30 s
///    └─┘ a Look or Woken that finds a sleep
/// ```
#[derive(Debug)]
struct Sleeper {
    /// When the word "about to sleep" came, if no wake was seen since.
    announced: Option<Instant>,
    /// The time asleep, in all, that is accounted for.
    accounted: Duration,
}

impl Sleeper {
    fn new(asleep: Duration) -> Self {
        Self {
            announced: None,
            accounted: asleep,
        }
    }

    /// Takes a notice, with the time asleep so far.
    fn handle(&mut self, now: Instant, notice: Notice, asleep: Duration) -> Option<Change> {
        let slept = asleep.saturating_sub(self.accounted);
        let wakes = match notice {
            Notice::AboutToSleep => {
                return match self.announced.replace(now) {
                    None => Some(Change::Sleep),
                    Some(_) => None,
                };
            }
            Notice::Woken => self.announced.is_some() || slept >= NOTICEABLE,
            Notice::Look => slept >= NOTICEABLE || self.deadline().is_some_and(|end| now >= end),
        };
        if !wakes {
            return None;
        }
        self.announced = None;
        self.accounted = asleep.max(self.accounted);
        Some(Change::Wake { slept })
    }

    /// When to look at the latest, whatever is told. The clock that this is of stops while the
    /// machine sleeps.
    fn deadline(&self) -> Option<Instant> {
        self.announced.map(|at| at + SOON_ASLEEP)
    }
}

/// Follows sleep and wake on the board, for as long as it is polled.
pub(super) async fn watch(board: Arc<Board>) {
    let clock = SleepClock::new();
    #[cfg(target_os = "linux")]
    {
        #[cfg(feature = "logind")]
        let announcements = logind::announcements().await;
        #[cfg(not(feature = "logind"))]
        let announcements = stream::pending::<Notice>();
        match linux::wakes() {
            Ok(wakes) => follow(&board, clock, stream::select(announcements, wakes)).await,
            Err(error) => {
                tracing::info!(%error, "the kernel does not tell of wakes: looking every 5 s");
                follow(&board, clock, stream::select(announcements, looks())).await;
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    follow(&board, clock, looks()).await;
}

/// A look every 5 s.
fn looks() -> impl Stream<Item = Notice> {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    stream::unfold(ticks, |mut ticks| async {
        ticks.tick().await;
        Some((Notice::Look, ticks))
    })
}

async fn follow(board: &Board, mut clock: SleepClock, notices: impl Stream<Item = Notice>) {
    let mut notices = pin!(notices);
    let mut sleeper = Sleeper::new(clock.asleep());
    loop {
        let notice = match sleeper.deadline() {
            None => notices.next().await,
            Some(end) => tokio::select! {
                notice = notices.next() => notice,
                () = sleep_until(end) => Some(Notice::Look),
            },
        };
        let Some(notice) = notice else {
            break;
        };
        match sleeper.handle(Instant::now(), notice, clock.asleep()) {
            None => {}
            Some(Change::Sleep) => {
                tracing::info!("the machine is about to sleep");
                board.sleep();
            }
            Some(Change::Wake { slept }) => {
                tracing::info!(slept_s = slept.as_secs(), "the machine has woken");
                board.wake(slept);
            }
        }
    }
    tracing::info!("sleep of the machine is no longer told by the system");
    if sleeper.announced.is_some() {
        board.wake(Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Power;

    const HOUR: Duration = Duration::from_secs(3600);

    fn wake(slept: Duration) -> Option<Change> {
        Some(Change::Wake { slept })
    }

    #[test]
    fn an_announced_sleep_is_told_once_with_the_time_asleep() {
        let now = Instant::now();
        let mut sleeper = Sleeper::new(HOUR);
        let told = sleeper.handle(now, Notice::AboutToSleep, HOUR);
        assert_eq!(told, Some(Change::Sleep));
        assert_eq!(sleeper.handle(now, Notice::AboutToSleep, HOUR), None);
        assert_eq!(sleeper.handle(now, Notice::Woken, 9 * HOUR), wake(8 * HOUR));
        // The kernel's notice of the same wake comes after logind's, or before it.
        assert_eq!(sleeper.handle(now, Notice::Look, 9 * HOUR), None);
        assert_eq!(sleeper.handle(now, Notice::Woken, 9 * HOUR), None);
    }

    #[test]
    fn a_wake_that_was_not_announced_is_seen_by_the_clocks() {
        let now = Instant::now();
        let mut sleeper = Sleeper::new(Duration::ZERO);
        sleeper.handle(now, Notice::AboutToSleep, Duration::ZERO);
        assert_eq!(sleeper.handle(now, Notice::Look, HOUR), wake(HOUR));
        assert_eq!(sleeper.handle(now, Notice::Woken, HOUR), None);
    }

    #[test]
    fn a_sleep_that_nothing_announced_is_seen_from_2_s_on() {
        let now = Instant::now();
        let mut sleeper = Sleeper::new(Duration::ZERO);
        let short = NOTICEABLE - Duration::from_millis(1);
        assert_eq!(sleeper.handle(now, Notice::Look, short), None);
        assert_eq!(
            sleeper.handle(now, Notice::Look, NOTICEABLE),
            wake(NOTICEABLE)
        );
        assert_eq!(sleeper.handle(now, Notice::Look, NOTICEABLE), None);
    }

    #[test]
    fn a_clock_that_was_set_wakes_nobody() {
        // Setting the wall clock makes the kernel's timer ring; the clocks that count have not
        // moved against each other.
        let now = Instant::now();
        let mut sleeper = Sleeper::new(HOUR);
        assert_eq!(sleeper.handle(now, Notice::Look, HOUR), None);
        assert_eq!(
            sleeper.handle(now, Notice::Look, HOUR - Duration::from_secs(9)),
            None
        );
    }

    #[test]
    fn a_sleep_that_was_called_off_ends_without_time_asleep() {
        let now = Instant::now();
        let mut sleeper = Sleeper::new(HOUR);
        sleeper.handle(now, Notice::AboutToSleep, HOUR);
        assert_eq!(
            sleeper.handle(now, Notice::Woken, HOUR),
            wake(Duration::ZERO)
        );
        assert_eq!(sleeper.handle(now, Notice::Woken, HOUR), None);
    }

    #[test]
    fn a_word_of_sleep_without_a_sleep_is_forgotten_after_30_s() {
        let now = Instant::now();
        let mut sleeper = Sleeper::new(HOUR);
        sleeper.handle(now, Notice::AboutToSleep, HOUR);
        let end = sleeper.deadline().unwrap();
        let before = end.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(sleeper.handle(before, Notice::Look, HOUR), None);
        assert_eq!(
            sleeper.handle(end, Notice::Look, HOUR),
            wake(Duration::ZERO)
        );
        assert_eq!(sleeper.deadline(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_board_shows_a_lost_wake_as_awake_again() {
        let board = Board::new();
        let mut watcher = board.watch();
        let notices = stream::iter([Notice::AboutToSleep]).chain(stream::pending());
        let follow = follow(&board, SleepClock::new(), notices);
        let seen = async {
            watcher.changed().await.unwrap();
            let power = watcher.borrow_and_update().power;
            assert!(matches!(power, Power::Sleeping { .. }), "{power:?}");
            watcher.changed().await.unwrap();
            let power = watcher.borrow_and_update().power;
            assert!(matches!(power, Power::Awake { wakes: 1, .. }), "{power:?}");
        };
        tokio::select! {
            () = follow => panic!("the notices have no end"),
            () = seen => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_tells_of_a_wake_the_clocks_are_compared_every_5_s() {
        let start = Instant::now();
        let looks: Vec<_> = looks().take(3).map(|_| start.elapsed()).collect().await;
        assert_eq!(looks, [Duration::ZERO, LOOK, 2 * LOOK]);
    }
}
