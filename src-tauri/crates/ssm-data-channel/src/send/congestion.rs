//! How much may be under way at once: what the path carries, and a queue of 20 ms.

use std::time::{Duration, Instant};

/// The queue before the narrowest place of the path that bulk aims at: what a new small message waits
/// for, and enough to keep that place busy. It is more for a moment after the path has changed, and over
/// less than about 0.8 MB/s, where [`LEAST`] alone takes longer.
const QUEUE: Duration = Duration::from_millis(20);

/// Below this a queue counts as none, since timers and a loaded machine make as much: the path may
/// carry much more.
const NO_QUEUE: Duration = Duration::from_millis(5);

/// To begin with: the reference client's 1,024 bytes a millisecond over a round trip of 120 ms, and
/// more than the burst that the message rate lets out at the least payload.
pub(crate) const INITIAL: usize = 128 * 1024;

/// The least: other traffic may fill a queue that no restraint of ours empties. It is a message of the
/// size that each path is known to bear: 64 KB/s over a round trip of 250 ms.
const LEAST: usize = 16 * 1024;

/// The least while it is to run empty: a message under way, and the next.
const EMPTYING: usize = 2 * 1024;

/// A window that was let run empty grows by this part of what is acknowledged: what is still under way
/// comes in bunches, at the path's full rate, so all of it would make a queue anew.
const REFILL: usize = 4;

/// Round trips that are looked at for a decision. The quickest of them counts: most of what makes
/// the others longer is no queue. At 900 messages a second they come within 18 ms.
const SAMPLES: u32 = 16;

/// Round trips that are all longer count as a queue of ours only after so long: what a mobile network
/// or a busy agent holds back mostly comes and goes sooner.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long the quickest round trip is taken for that of the empty path: paths change. As long as
/// BBR believes its own (draft-ietf-ccwg-bbr, MinRTTFilterLen).
const BELIEVED: Duration = Duration::from_secs(10);

/// How long a turn is taken for what the path carries: several turns of a long path. For as long, one
/// that got slower may have a longer queue.
const CARRIED: Duration = Duration::from_secs(5);

/// The window of unacknowledged bytes.
///
/// The round trip of the path without a queue is the quickest of late; what the present one takes
/// longer is queued: in the system's buffer of the socket, before the narrowest place of the path, or
/// before an agent that waits for its destination. With the window at `bytes`, a queue of
/// [`QUEUE`] has it at `bytes * (empty + QUEUE) / present`, which holds whatever the rate is (the
/// idea of TCP Vegas; like it, this takes no loss for a sign, since there is none above TCP). Round
/// trips also vary for other reasons, so it does not become smaller than what was carried of late
/// needs over the empty path.
///
/// ```text
///             what was under way is acknowledged        16 round trips are known
/// Settling ────────────────────────────────▶ Measuring ───────────────────────┐
///    ▲                                                                        │
///    └────────────────────────────────────────────────────────────────────────┘
///                       the window grows, shrinks or stays
/// ```
///
/// Only a window that was full is changed. Every ten seconds a full one is let run empty for one such
/// turn, and filled again in another, or its own queue would be taken for the path.
#[derive(Debug)]
pub(crate) struct CongestionWindow {
    bytes: usize,
    /// Up to here it grows with what is acknowledged: at once would be a burst, and a queue.
    aim: usize,
    /// By which part of what is acknowledged: what was let run empty is filled again gently.
    part: usize,
    most: usize,
    growth: Growth,
    empty: Option<Empty>,
    /// The turn of late that carried the most.
    carried: Option<Carried>,
    /// When this turn began, with the decision of the last.
    began: Option<Instant>,
    /// Bytes acknowledged in this turn.
    acknowledged: usize,
    turn: Turn,
    demand: Demand,
    emptying: Emptying,
}

/// By what the window grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// To twice of it (TCP's slow start): nothing is known of the path yet, or it has become another one.
    Doubled,
    /// By a quarter: it was too large once.
    Quarter,
}

/// Whether the window bounded what went out in this turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// All that there was had room.
    Less,
    /// Something had no room.
    Full,
}

/// Whether the window is let run empty.
#[derive(Debug, Clone, Copy)]
enum Emptying {
    No,
    /// For this turn. Then it is what it was before.
    Runs {
        before: usize,
    },
    /// It was in the last turn: what is under way in this one lies unevenly, and tells nothing.
    Refills,
}

/// The round trip of the path without a queue, and when it was seen.
#[derive(Debug, Clone, Copy)]
struct Empty {
    rtt: Duration,
    seen: Instant,
}

/// What a turn carried, and when it ended.
#[derive(Debug, Clone, Copy)]
struct Carried {
    bytes: usize,
    time: Duration,
    seen: Instant,
}

impl Carried {
    /// What is carried in another time at the same rate.
    fn within(&self, time: Duration) -> usize {
        scaled(self.bytes, time, self.time).unwrap_or(0)
    }
}

#[derive(Debug, Clone, Copy)]
enum Turn {
    /// Until this message or a later one is acknowledged: those before it went out before the
    /// last change. Meanwhile the window comes to its aim.
    Settling { until: i64 },
    /// Round trips of messages from this one on, and the size of the message with the least.
    Measuring {
        from: i64,
        since: Instant,
        samples: u32,
        least: Duration,
        payload: usize,
    },
}

impl CongestionWindow {
    /// A window of at most so many bytes.
    pub(crate) fn new(initial: usize, most: usize) -> Self {
        Self {
            bytes: initial.min(most),
            aim: initial.min(most),
            part: 1,
            most,
            growth: Growth::Doubled,
            empty: None,
            carried: None,
            began: None,
            acknowledged: 0,
            turn: Turn::Settling { until: 0 },
            demand: Demand::Less,
            emptying: Emptying::No,
        }
    }

    /// Bytes that may be unacknowledged now.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes note that something had no room.
    pub(crate) fn full(&mut self) {
        self.demand = Demand::Full;
    }

    /// Takes note that a message of so many bytes is acknowledged, with the round trip if it is known,
    /// and of the number that the next message will have.
    pub(crate) fn acknowledged(
        &mut self,
        now: Instant,
        (number, payload): (i64, usize),
        next: i64,
        rtt: Option<Duration>,
    ) {
        self.bytes = self.bytes.saturating_add(payload / self.part).min(self.aim);
        self.acknowledged = self.acknowledged.saturating_add(payload);
        if let Some(rtt) = rtt
            && self.empty.is_none_or(|empty| rtt <= empty.rtt)
        {
            self.empty = Some(Empty { rtt, seen: now });
        }
        match &mut self.turn {
            Turn::Settling { until } if number >= *until && self.bytes == self.aim => {
                self.turn = Turn::Measuring {
                    from: next,
                    since: now,
                    samples: 0,
                    least: Duration::MAX,
                    payload: 0,
                };
            }
            Turn::Settling { .. } => {}
            Turn::Measuring {
                from,
                since,
                samples,
                least,
                payload: of_least,
            } => {
                let Some(rtt) = rtt.filter(|_| number >= *from) else {
                    return;
                };
                if rtt < *least {
                    (*least, *of_least) = (rtt, payload);
                }
                *samples = samples.saturating_add(1);
                let (present, payload) = (*least, *of_least);
                let is_long = self
                    .empty
                    .is_some_and(|empty| present > empty.rtt.saturating_add(QUEUE));
                let may_pass = is_long && now.saturating_duration_since(*since) < PATIENCE;
                if *samples >= SAMPLES && !may_pass {
                    self.measure(now);
                    self.decide(now, present, payload);
                    self.turn = Turn::Settling { until: next };
                    self.demand = Demand::Less;
                }
            }
        }
    }

    /// A new socket: its path may be another one, and what was measured is void. The size stays, since
    /// it mostly is the same: the service closes each socket once an hour.
    pub(crate) fn connected(&mut self, next: i64) {
        if let Emptying::Runs { before } = self.emptying {
            self.aim = before;
        }
        self.emptying = Emptying::No;
        self.part = 1;
        self.empty = None;
        self.carried = None;
        self.began = None;
        self.turn = Turn::Settling { until: next };
        self.demand = Demand::Less;
    }

    /// What the turn carried that ends now.
    fn measure(&mut self, now: Instant) {
        if let Some(began) = self.began {
            let turn = Carried {
                bytes: self.acknowledged,
                time: now.saturating_duration_since(began),
                seen: now,
            };
            let is_most = self.carried.is_none_or(|most| {
                now.saturating_duration_since(most.seen) > CARRIED
                    || turn.bytes >= most.within(turn.time)
            });
            if is_most {
                self.carried = Some(turn);
            }
        }
        self.began = Some(now);
        self.acknowledged = 0;
    }

    /// What the window is to be, now that the quickest round trip of a turn is known.
    fn decide(&mut self, now: Instant, present: Duration, payload: usize) {
        let seen = Empty {
            rtt: present,
            seen: now,
        };
        let empty = self.empty.unwrap_or(seen);
        match self.emptying {
            Emptying::No => {}
            Emptying::Runs { before } => {
                self.emptying = Emptying::Refills;
                self.aim = before;
                self.part = REFILL;
                // Another path, or one with the queue of others: what was learned of it is void.
                if present > empty.rtt.saturating_add(QUEUE) {
                    self.growth = Growth::Doubled;
                }
                self.empty = Some(seen);
                return;
            }
            Emptying::Refills => {
                self.emptying = Emptying::No;
                return;
            }
        }
        // Over a very slow path a turn takes longer than that.
        let believed = BELIEVED.max(present.saturating_mul(SAMPLES));
        let is_believed = now.saturating_duration_since(empty.seen) <= believed;
        // Nothing to empty: it began after a pause, and has yet to find what the path carries.
        let is_beginning = self.growth == Growth::Doubled
            && self.bytes < self.most
            && present < empty.rtt.saturating_add(QUEUE / 2);
        match (self.demand, is_believed || is_beginning) {
            (Demand::Full, true) => self.adjust(empty.rtt, present, payload),
            (Demand::Full, false) => {
                // More than our own queue: what is taken for the empty path may have had one.
                self.emptying = Emptying::Runs { before: self.bytes };
                let full = present.saturating_add(QUEUE);
                let queued = (3 * QUEUE).min(present / 2);
                let aim = empty.rtt.min(present.saturating_sub(queued));
                self.scale(aim, full, EMPTYING);
            }
            // The queue, if there is one, is not ours.
            (Demand::Less, _) if !is_believed => self.empty = Some(seen),
            (Demand::Less, _) => {}
        }
    }

    fn adjust(&mut self, empty: Duration, present: Duration, payload: usize) {
        let queue = present.saturating_sub(empty);
        // Not a queue: a large message itself takes longer than the small one that found the path
        // empty. On a full path that is the part of the round trip that it is of the window.
        let parts = u32::try_from(self.bytes / payload.max(1)).unwrap_or(u32::MAX);
        let itself = present / parts.max(1);
        if queue < NO_QUEUE.max(itself.min(QUEUE / 2)) {
            self.grow();
        } else if queue < QUEUE / 2 {
            self.scale(empty.saturating_add(QUEUE * 3 / 4), present, LEAST);
        } else if queue > QUEUE {
            self.growth = Growth::Quarter;
            // By half at most: one turn of long round trips may have been chance.
            let aim = empty.saturating_add(QUEUE * 3 / 4);
            let carried = self.carried.map_or(0, |most| most.within(aim));
            let least = LEAST.max(carried.min(self.bytes));
            self.scale(aim.max(present / 2), present, least);
        }
    }

    fn grow(&mut self) {
        let by = match self.growth {
            Growth::Doubled => self.bytes,
            Growth::Quarter => self.bytes / 4,
        };
        self.aim = self.bytes.saturating_add(by).min(self.most);
        self.part = 1;
    }

    /// Makes it larger or smaller as one time is than another, but not smaller than so many bytes.
    fn scale(&mut self, to: Duration, from: Duration, least: usize) {
        let bytes = scaled(self.bytes, to, from).unwrap_or(self.bytes);
        self.aim = bytes.clamp(least.min(self.most), self.most);
        self.bytes = self.bytes.min(self.aim);
        self.part = 1;
    }
}

/// So many bytes times one time over another; `None` if that is zero.
fn scaled(bytes: usize, to: Duration, from: Duration) -> Option<usize> {
    (bytes as u128)
        .saturating_mul(to.as_nanos())
        .checked_div(from.as_nanos())
        .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A path with a narrowest place, and somebody who always has more to send over it.
    struct Path {
        window: CongestionWindow,
        /// Bytes a second that the narrowest place carries.
        rate: f64,
        /// Without a queue.
        rtt: Duration,
        /// What every message waits for whatever we do: the queue of others.
        others: Duration,
        /// Acknowledgements are held back by up to the first of these, for as long as the other
        /// equally.
        varies: (Duration, Duration),
        began: Instant,
        now: Instant,
        /// Until when the narrowest place is busy with what is queued.
        busy_until: Instant,
        /// When each message's acknowledgement comes, when it went, and how large it is.
        under_way: VecDeque<(Instant, Instant, usize)>,
        next: i64,
        acknowledged: i64,
        held: usize,
    }

    impl Path {
        fn new(rate: f64, rtt: Duration) -> Self {
            let now = Instant::now();
            Self {
                window: CongestionWindow::new(INITIAL, 4 << 20),
                rate,
                rtt,
                others: Duration::ZERO,
                varies: (Duration::ZERO, ms(1)),
                began: now,
                now,
                busy_until: now,
                under_way: VecDeque::new(),
                next: 0,
                acknowledged: 0,
                held: 0,
            }
        }

        /// How long what passes the narrowest place then is held back: by chance, and the same in
        /// each run.
        fn held_back(&self, passed: Instant) -> Duration {
            let (most, every) = self.varies;
            let period = (passed - self.began).as_nanos() / every.as_nanos();
            let mut chance = u64::try_from(period).expect("a short test") ^ 0x9e37_79b9;
            for _ in 0..8 {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
            }
            most * u32::try_from(chance % 1_000).expect("below 1,000") / 1_000
        }

        /// Sends for so long; returns the bytes a second that arrived, and the longest queue of ours.
        fn send(&mut self, time: Duration) -> (f64, Duration) {
            let began = self.now;
            let (mut bytes, mut longest) = (0, Duration::ZERO);
            while self.now - began < time {
                let size = (self.window.bytes() / 4).clamp(1024, 16 * 1024);
                while self.held + size <= self.window.bytes() {
                    let start = self.busy_until.max(self.now);
                    longest = longest.max(start - self.now);
                    self.busy_until = start + Duration::from_secs_f64(size as f64 / self.rate);
                    let held_back = self.held_back(self.busy_until);
                    let arrives = self.busy_until + self.rtt + self.others + held_back;
                    // In order.
                    let before = self
                        .under_way
                        .back()
                        .map_or(arrives, |(before, ..)| *before);
                    let arrives = arrives.max(before);
                    self.under_way.push_back((arrives, self.now, size));
                    self.next += 1;
                    self.held += size;
                }
                self.window.full();
                let (arrives, sent, size) = self.under_way.pop_front().expect("something");
                self.now = arrives;
                self.held -= size;
                bytes += size;
                let rtt = Some(arrives - sent);
                self.window
                    .acknowledged(self.now, (self.acknowledged, size), self.next, rtt);
                self.acknowledged += 1;
            }
            let rate = bytes as f64 / (self.now - began).as_secs_f64();
            (rate, longest)
        }
    }

    #[test]
    fn a_slow_uplink_is_kept_busy_with_a_short_queue() {
        for (rate, rtt) in [(1e6, ms(2)), (1e6, ms(30)), (3e6, ms(80)), (5e6, ms(250))] {
            let mut path = Path::new(rate, rtt);
            path.send(Duration::from_secs(25));
            for _ in 0..3 {
                let (carried, longest) = path.send(Duration::from_secs(10));
                assert!(carried > 0.93 * rate, "{carried} of {rate} at {rtt:?}");
                assert!(longest <= 2 * QUEUE, "{longest:?} at {rate} and {rtt:?}");
            }
        }
    }

    #[test]
    fn a_fast_path_is_used_up_within_seconds() {
        for rtt in [ms(1), ms(20), ms(80), ms(200)] {
            let mut path = Path::new(14e6, rtt);
            path.send(Duration::from_secs(5));
            let (carried, _) = path.send(Duration::from_secs(5));
            assert!(carried > 0.9 * 14e6, "{carried} at {rtt:?}");
        }
    }

    #[test]
    fn a_path_that_gets_slower_has_a_short_queue_again_within_half_a_minute() {
        let mut path = Path::new(10e6, ms(40));
        path.send(Duration::from_secs(10));
        path.rate = 1e6;
        path.send(Duration::from_secs(25));
        let (carried, longest) = path.send(Duration::from_secs(5));
        assert!(carried > 0.93e6, "{carried}");
        assert!(longest <= 2 * QUEUE, "{longest:?}");
    }

    #[test]
    fn a_path_that_gets_longer_carries_as_much_as_before_within_seconds() {
        let mut path = Path::new(5e6, ms(20));
        path.send(Duration::from_secs(10));
        path.rtt = ms(150);
        path.send(Duration::from_secs(15));
        let (carried, _) = path.send(Duration::from_secs(5));
        assert!(carried > 0.9 * 5e6, "{carried}");
    }

    #[test]
    fn the_queue_of_others_is_not_waited_out_for_ever() {
        let mut path = Path::new(2e6, ms(20));
        path.send(Duration::from_secs(10));
        path.others = ms(300);
        path.send(Duration::from_secs(15));
        let (carried, _) = path.send(Duration::from_secs(5));
        assert!(carried > 0.9 * 2e6, "{carried}");
    }

    #[test]
    fn round_trips_that_vary_do_not_starve_it() {
        for every in [10, 30, 100, 500, 3_000] {
            let mut path = Path::new(5e6, ms(40));
            path.varies = (ms(50), ms(every));
            path.send(Duration::from_secs(10));
            for _ in 0..5 {
                let (carried, _) = path.send(Duration::from_secs(20));
                assert!(carried > 0.7 * 5e6, "{carried}, different every {every} ms");
            }
        }
    }

    #[test]
    fn bulk_after_a_pause_does_not_begin_by_running_empty() {
        let mut path = Path::new(14e6, ms(250));
        path.window
            .acknowledged(path.now, (0, 100), 1, Some(path.rtt));
        (path.acknowledged, path.next) = (1, 1);
        path.now += Duration::from_secs(15);
        path.send(Duration::from_secs(5));
        let (carried, _) = path.send(Duration::from_secs(4));
        assert!(carried > 0.9 * 14e6, "{carried}");
    }

    #[test]
    fn over_a_long_path_a_large_message_is_no_queue() {
        let mut path = Path::new(2e6, ms(300));
        path.window
            .acknowledged(path.now, (0, 100), 1, Some(path.rtt));
        (path.acknowledged, path.next) = (1, 1);
        path.send(Duration::from_secs(6));
        let (carried, _) = path.send(Duration::from_secs(3));
        assert!(carried > 0.9 * 2e6, "{carried}");
    }

    #[test]
    fn a_very_slow_uplink_has_no_more_queued_than_the_least_window() {
        let mut path = Path::new(20e3, ms(40));
        path.send(Duration::from_secs(200));
        let (carried, longest) = path.send(Duration::from_secs(100));
        assert!(carried > 0.93 * 20e3, "{carried}");
        let least = Duration::from_secs_f64(LEAST as f64 / 20e3);
        assert!(longest <= 2 * least, "{longest:?}");
    }

    #[test]
    fn a_window_that_was_never_full_does_not_change() {
        let now = Instant::now();
        let mut window = CongestionWindow::new(INITIAL, 4 << 20);
        for number in 0..1_000 {
            let rtt = ms(if number < 100 { 10 } else { 500 });
            window.acknowledged(now, (number, 1_024), number + 1, Some(rtt));
        }
        assert_eq!(window.bytes(), INITIAL);
    }

    #[test]
    fn a_small_configured_window_is_kept_to() {
        let mut path = Path::new(1e6, ms(10));
        path.window = CongestionWindow::new(INITIAL, 8 * 1024);
        path.send(Duration::from_secs(5));
        assert_eq!(path.window.bytes(), 8 * 1024);
    }
}
