//! How much may be under way at once: what the path carries, and a queue of 20 ms.

use std::time::{Duration, Instant};

/// The queue that bulk may make before the narrowest place of the path: what a new small message
/// waits for at most, and enough to keep that place busy.
const QUEUE: Duration = Duration::from_millis(20);

/// Below this a queue counts as none: the path may carry much more.
const NO_QUEUE: Duration = Duration::from_millis(5);

/// To begin with: the reference client's 1,024 bytes a millisecond over a round trip of 120 ms, and
/// more than the burst that the message rate lets out at the least payload.
const INITIAL: usize = 128 * 1024;

/// The least: other traffic may fill a queue that no restraint of ours empties.
const LEAST: usize = 16 * 1024;

/// The least while it is to run empty: a message under way, and the next.
const EMPTYING: usize = 2 * 1024;

/// A window that was let run empty grows by this part of what is acknowledged.
const REFILL: usize = 4;

/// Round trips that are looked at for a decision. The quickest of them counts: most of what makes
/// the others longer is no queue.
const SAMPLES: u32 = 16;

/// How long the quickest round trip is taken for that of the empty path: paths change. As long as
/// BBR believes its own (draft-ietf-ccwg-bbr, MinRTTFilterLen).
const BELIEVED: Duration = Duration::from_secs(10);

/// The window of unacknowledged bytes.
///
/// The round trip of the path without a queue is the quickest of late; what the present one takes
/// longer is queued: in the system's buffer of the socket, before the narrowest place of the path, or
/// before an agent that waits for its destination. With the window at `bytes`, a queue of
/// [`QUEUE`] has it at `bytes * (empty + QUEUE) / present`, which holds whatever the rate is (the
/// idea of TCP Vegas; like it, this takes no loss for a sign, since there is none above TCP).
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
/// turn, or its own queue would be taken for the path.
#[derive(Debug)]
pub(crate) struct CongestionWindow {
    bytes: usize,
    /// Up to here it grows with what is acknowledged: at once would be a burst, and a queue.
    aim: usize,
    /// By which part of what is acknowledged: what was let run empty is filled again gently.
    part: usize,
    most: usize,
    /// By what it grows: doubled until it was too large once, then by a quarter.
    is_slow_start: bool,
    empty: Option<Empty>,
    turn: Turn,
    /// Something had no room in this turn.
    was_full: bool,
    emptying: Emptying,
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

#[derive(Debug, Clone, Copy)]
enum Turn {
    /// Until this message or a later one is acknowledged: those before it went out before the
    /// last change. Meanwhile the window comes to its aim.
    Settling { until: i64 },
    /// Round trips of messages from this one on.
    Measuring {
        from: i64,
        samples: u32,
        least: Duration,
    },
}

impl CongestionWindow {
    /// A window of at most so many bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            bytes: INITIAL.min(most),
            aim: INITIAL.min(most),
            part: 1,
            most,
            is_slow_start: true,
            empty: None,
            turn: Turn::Settling { until: 0 },
            was_full: false,
            emptying: Emptying::No,
        }
    }

    /// Bytes that may be unacknowledged now.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes note that something had no room.
    pub(crate) fn full(&mut self) {
        self.was_full = true;
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
        if let Some(rtt) = rtt
            && self.empty.is_none_or(|empty| rtt <= empty.rtt)
        {
            self.empty = Some(Empty { rtt, seen: now });
        }
        match &mut self.turn {
            Turn::Settling { until } if number >= *until && self.bytes == self.aim => {
                self.turn = Turn::Measuring {
                    from: next,
                    samples: 0,
                    least: Duration::MAX,
                };
            }
            Turn::Settling { .. } => {}
            Turn::Measuring {
                from,
                samples,
                least,
            } => {
                let Some(rtt) = rtt.filter(|_| number >= *from) else {
                    return;
                };
                *least = rtt.min(*least);
                *samples += 1;
                if *samples == SAMPLES {
                    let present = *least;
                    self.decide(now, present);
                    self.turn = Turn::Settling { until: next };
                    self.was_full = false;
                }
            }
        }
    }

    /// A new socket: its path may be another one.
    pub(crate) fn connected(&mut self, next: i64) {
        if let Emptying::Runs { before } = self.emptying {
            self.aim = before;
        }
        self.emptying = Emptying::No;
        self.part = 1;
        self.empty = None;
        self.turn = Turn::Settling { until: next };
        self.was_full = false;
    }

    /// What the window is to be, now that the quickest round trip of a turn is known.
    fn decide(&mut self, now: Instant, present: Duration) {
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
                self.is_slow_start |= present > empty.rtt.saturating_add(QUEUE);
                self.empty = Some(seen);
                return;
            }
            Emptying::Refills => {
                self.emptying = Emptying::No;
                return;
            }
        }
        let is_believed = now.saturating_duration_since(empty.seen) <= BELIEVED;
        match (self.was_full, is_believed) {
            (true, true) => self.adjust(empty.rtt, present),
            (true, false) => {
                // More than our own queue: what is taken for the empty path may have had one.
                self.emptying = Emptying::Runs { before: self.bytes };
                let full = present.saturating_add(QUEUE);
                let queued = (3 * QUEUE).min(present / 2);
                let aim = empty.rtt.min(present.saturating_sub(queued));
                self.scale(aim, full, EMPTYING);
            }
            (false, true) => {}
            // The queue, if there is one, is not ours.
            (false, false) => self.empty = Some(seen),
        }
    }

    fn adjust(&mut self, empty: Duration, present: Duration) {
        let queue = present.saturating_sub(empty);
        if queue < NO_QUEUE {
            self.grow();
        } else if queue < QUEUE / 2 {
            self.scale(empty.saturating_add(QUEUE * 3 / 4), present, LEAST);
        } else if queue > QUEUE {
            self.is_slow_start = false;
            // By half at most: one turn of long round trips may have been chance.
            let aim = empty.saturating_add(QUEUE * 3 / 4).max(present / 2);
            self.scale(aim, present, LEAST);
        }
    }

    fn grow(&mut self) {
        let by = if self.is_slow_start {
            self.bytes
        } else {
            self.bytes / 4
        };
        self.aim = self.bytes.saturating_add(by).min(self.most);
        self.part = 1;
    }

    /// Makes it larger or smaller as one time is than another, but not smaller than so many bytes.
    fn scale(&mut self, to: Duration, from: Duration, least: usize) {
        let bytes = (self.bytes as u128)
            .saturating_mul(to.as_nanos())
            .checked_div(from.as_nanos())
            .map_or(self.bytes, |bytes| {
                usize::try_from(bytes).unwrap_or(self.most)
            });
        self.aim = bytes.clamp(least.min(self.most), self.most);
        self.bytes = self.bytes.min(self.aim);
        self.part = 1;
    }
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
                window: CongestionWindow::new(4 << 20),
                rate,
                rtt,
                others: Duration::ZERO,
                now,
                busy_until: now,
                under_way: VecDeque::new(),
                next: 0,
                acknowledged: 0,
                held: 0,
            }
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
                    let arrives = self.busy_until + self.rtt + self.others;
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
    fn a_window_that_was_never_full_does_not_change() {
        let now = Instant::now();
        let mut window = CongestionWindow::new(4 << 20);
        for number in 0..1_000 {
            let rtt = ms(if number < 100 { 10 } else { 500 });
            window.acknowledged(now, (number, 1_024), number + 1, Some(rtt));
        }
        assert_eq!(window.bytes(), INITIAL);
    }

    #[test]
    fn a_small_configured_window_is_kept_to() {
        let mut path = Path::new(1e6, ms(10));
        path.window = CongestionWindow::new(8 * 1024);
        path.send(Duration::from_secs(5));
        assert_eq!(path.window.bytes(), 8 * 1024);
    }
}
