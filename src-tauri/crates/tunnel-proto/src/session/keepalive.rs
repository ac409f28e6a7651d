//! Whether the path to the gateway is alive.

use std::time::{Duration, Instant};

use super::inflow::Inflow;

/// How long a regular ping may go unanswered before that is worth telling: many round trips of
/// any path that can carry a session, and well before the patience ends.
const LATE_AFTER: Duration = Duration::from_secs(3);

/// How long the answer may take after a wake or a change of network. The old path is then as
/// likely gone as not, and somebody waits: long enough for one lost packet (TCP's first
/// retransmission comes after a second at most, RFC 6298) and a slow mobile network, no longer.
const CHECK_PATIENCE: Duration = Duration::from_secs(3);

/// How long after a wake or a change of network a message says nothing of the path: it may have
/// lain in the socket's buffer, or have been on its way when the path was lost. Only the answer
/// to the ping is believed sooner.
const BACKLOG: Duration = Duration::from_millis(500);

/// How long nothing may come in the middle of a download before the gateway is asked: several
/// pauses of an agent that waits for acknowledgements (1 s at most, docs/protocol.md, section 3).
/// What gets lost before a dead path is noticed comes again at ten messages a second.
const BULK_SILENCE: Duration = Duration::from_secs(2);

/// WebSocket pings after a time without inbound frames, and a deadline for a sign of life.
///
/// Any inbound frame counts as life, so a busy channel is never pinged; but one that may have been
/// on its way before a check says nothing of what is checked. TCP's own keepalive
/// does not reset the idle timers of application load balancers; pings do (docs/protocol.md,
/// section 3).
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Duration,
    patience: Duration,
    inflow: Inflow,
    state: State,
}

/// ```text
///         interval, 2 s in a download,
///              or asked                   3 s               patience
///   ┌─▶ Quiet ───────────────────▶ Asked ─────▶ Late ──────────────────▶ Dead
///   │     ▲                          │ │          │                       ▲
///   │     └── any frame ─────────────┴─┼──────────┘                       │
///   │                                  └──────── patience of a check ─────┘
/// connected
///   │     every state but Down and Dead ── the machine sleeps ──▶ Asleep ── check ──▶ Asked
///  Down ◀── disconnected ── every state
/// ```
#[derive(Debug, Clone, Copy)]
enum State {
    /// There is no WebSocket.
    Down,
    /// The last sign of life is recent enough. A ping that is due then wants no answer.
    Quiet { heard: Instant, ping: Ping },
    /// The machine sleeps, or is about to: nothing is sent and nothing expected.
    Asleep,
    /// An answer is expected.
    Asked {
        ping: Ping,
        /// From when on a message is as good as an answer.
        believed_from: Instant,
        late_at: Instant,
        until: Instant,
    },
    /// The answer takes unusually long.
    Late { ping: Ping, until: Instant },
    /// Nothing came within the deadline, which was then. Said once: this WebSocket does not come
    /// back.
    Dead { until: Instant },
}

#[derive(Debug, Clone, Copy)]
enum Ping {
    /// It has not been taken to be sent yet.
    Due,
    Taken,
}

impl State {
    fn heard(now: Instant) -> Self {
        Self::Quiet {
            heard: now,
            ping: Ping::Taken,
        }
    }
}

impl Keepalive {
    pub(super) fn new(interval: Duration, patience: Duration) -> Self {
        Self {
            interval,
            patience,
            inflow: Inflow::default(),
            state: State::Down,
        }
    }

    pub(super) fn handle_connected(&mut self, now: Instant) {
        self.inflow = Inflow::default();
        self.state = State::heard(now);
    }

    pub(super) fn handle_disconnected(&mut self) {
        self.state = State::Down;
    }

    /// A frame of so many bytes came in.
    pub(super) fn handle_frame(&mut self, now: Instant, bytes: usize) {
        self.inflow.count(now, bytes);
        match self.state {
            State::Asked { believed_from, .. } if now < believed_from => {}
            State::Down
            | State::Quiet { .. }
            | State::Asleep
            | State::Asked { .. }
            | State::Late { .. }
            | State::Dead { .. } => self.handle_life(now),
        }
    }

    /// The gateway answered a ping, or sent one.
    pub(super) fn handle_life(&mut self, now: Instant) {
        match self.state {
            State::Quiet { .. } | State::Asked { .. } | State::Late { .. } => {
                self.state = State::heard(now);
            }
            State::Down | State::Asleep | State::Dead { .. } => {}
        }
    }

    /// Nothing is read now, so silence says nothing. What watches the way for idle connections
    /// hears a ping as usual; an answer to it is not expected.
    pub(super) fn handle_unread(&mut self, now: Instant) {
        match self.state {
            State::Quiet { heard, .. } if now < self.ping_due(heard) => {}
            State::Asked {
                ping: Ping::Taken, ..
            }
            | State::Late {
                ping: Ping::Taken, ..
            } => self.state = State::heard(now),
            State::Quiet { .. } | State::Asked { .. } | State::Late { .. } => {
                self.state = State::Quiet {
                    heard: now,
                    ping: Ping::Due,
                };
            }
            State::Down | State::Asleep | State::Dead { .. } => {}
        }
    }

    /// The machine is about to sleep: this WebSocket is not pinged and has no deadline until
    /// [`check`](Self::check). The next one knows nothing of it.
    pub(super) fn handle_sleep(&mut self) {
        match self.state {
            State::Quiet { .. } | State::Asked { .. } | State::Late { .. } => {
                self.state = State::Asleep;
            }
            State::Down | State::Asleep | State::Dead { .. } => {}
        }
    }

    /// Ends a sleep, and wants an answer within [`CHECK_PATIENCE`]. One that is expected sooner
    /// is not expected later for it.
    pub(super) fn check(&mut self, now: Instant) {
        let soon = now + CHECK_PATIENCE;
        self.state = match self.state {
            State::Quiet { .. } | State::Asleep => State::Asked {
                ping: Ping::Due,
                believed_from: now + BACKLOG,
                late_at: now + LATE_AFTER,
                until: soon,
            },
            // The ping that is out may have gone the old way.
            State::Asked { late_at, until, .. } if until > soon => State::Asked {
                ping: Ping::Due,
                believed_from: now + BACKLOG,
                late_at,
                until: soon,
            },
            State::Late { until, .. } if until > soon => State::Late {
                ping: Ping::Due,
                until: soon,
            },
            State::Asked { .. } | State::Late { .. } | State::Down | State::Dead { .. } => {
                self.state
            }
        };
    }

    /// Wants an answer within the usual patience, unless one is expected already.
    pub(super) fn ask(&mut self, now: Instant) {
        match self.state {
            State::Quiet { .. } => {
                self.state = State::Asked {
                    ping: Ping::Due,
                    believed_from: now,
                    late_at: now + LATE_AFTER,
                    until: now + self.patience,
                };
            }
            State::Down
            | State::Asleep
            | State::Asked { .. }
            | State::Late { .. }
            | State::Dead { .. } => {}
        }
    }

    /// Returns whether the path has just turned out to be dead.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> bool {
        match self.state {
            State::Quiet { heard, .. } if self.ping_due(heard) <= now => {
                self.ask(now);
                false
            }
            State::Asked { until, .. } | State::Late { until, .. } if until <= now => {
                self.state = State::Dead { until };
                true
            }
            State::Asked {
                ping,
                late_at,
                until,
                ..
            } if late_at <= now => {
                self.state = State::Late { ping, until };
                false
            }
            State::Down
            | State::Quiet { .. }
            | State::Asleep
            | State::Asked { .. }
            | State::Late { .. }
            | State::Dead { .. } => false,
        }
    }

    /// Returns whether a ping is to be sent now.
    pub(super) fn poll_ping(&mut self) -> bool {
        match &mut self.state {
            State::Quiet { ping, .. } | State::Asked { ping, .. } | State::Late { ping, .. } => {
                matches!(std::mem::replace(ping, Ping::Taken), Ping::Due)
            }
            State::Down | State::Asleep | State::Dead { .. } => false,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Quiet { heard, .. } => Some(self.ping_due(heard)),
            State::Asked { late_at, until, .. } => Some(late_at.min(until)),
            State::Late { until, .. } => Some(until),
            State::Down | State::Asleep | State::Dead { .. } => None,
        }
    }

    /// When a ping is due if nothing has come since then. The answer to one that was due early
    /// comes too late to be part of the download, so there is one such ping in each silence.
    fn ping_due(&self, heard: Instant) -> Instant {
        if self.inflow.was_bulk(heard) {
            heard + self.interval.min(BULK_SILENCE)
        } else {
            heard + self.interval
        }
    }

    /// Says whether a ping is out, or was not answered.
    pub(super) fn is_answer_due(&self) -> bool {
        match self.state {
            State::Asked { .. } | State::Late { .. } | State::Dead { .. } => true,
            State::Down | State::Asleep | State::Quiet { .. } => false,
        }
    }

    pub(super) fn is_asleep(&self) -> bool {
        match self.state {
            State::Asleep => true,
            State::Down
            | State::Quiet { .. }
            | State::Asked { .. }
            | State::Late { .. }
            | State::Dead { .. } => false,
        }
    }

    /// Until when an answer may still come that takes unusually long; one that did not come at
    /// all could do so until then. `None` while none takes long.
    pub(super) fn late_until(&self) -> Option<Instant> {
        match self.state {
            State::Late { until, .. } | State::Dead { until } => Some(until),
            State::Down | State::Quiet { .. } | State::Asleep | State::Asked { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(20);
    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn a_silent_path_is_pinged_once_and_dead_within_half_a_minute() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        assert!(!keepalive.poll_ping());
        assert_eq!(keepalive.poll_timeout(), Some(start + INTERVAL));

        assert!(!keepalive.handle_timeout(start + INTERVAL));
        assert!(keepalive.poll_ping());
        assert!(!keepalive.poll_ping());
        assert!(keepalive.handle_timeout(start + INTERVAL + PATIENCE));
        assert!(!keepalive.handle_timeout(start + INTERVAL + PATIENCE * 2));
        assert_eq!(keepalive.poll_timeout(), None);
    }

    #[test]
    fn any_frame_is_life() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.handle_timeout(start + INTERVAL);
        assert!(keepalive.poll_ping());
        let heard = start + INTERVAL + PATIENCE / 2;
        keepalive.handle_life(heard);
        assert!(!keepalive.handle_timeout(start + INTERVAL + PATIENCE));
        assert_eq!(keepalive.poll_timeout(), Some(heard + INTERVAL));
    }

    #[test]
    fn while_nothing_is_read_pings_go_on_and_no_answer_is_expected() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        let mut now = start;
        for _ in 0..10 {
            now += INTERVAL;
            assert_eq!(keepalive.poll_timeout(), Some(now));
            keepalive.handle_unread(now - Duration::from_secs(1));
            assert!(!keepalive.poll_ping());
            keepalive.handle_unread(now);
            assert!(!keepalive.handle_timeout(now));
            assert!(keepalive.poll_ping());
            assert!(!keepalive.poll_ping());
            assert!(!keepalive.is_answer_due());
        }
        // Once it is read, the next silence is one as any other.
        now += INTERVAL;
        keepalive.handle_timeout(now);
        assert!(keepalive.poll_ping());
        assert!(keepalive.is_answer_due());
        // A ping that has gone out is not sent twice, nor its answer awaited.
        keepalive.handle_unread(now + PATIENCE);
        assert!(!keepalive.handle_timeout(now + PATIENCE));
        assert!(!keepalive.poll_ping());
    }

    #[test]
    fn a_ping_that_cannot_even_be_sent_is_no_life() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.handle_timeout(start + INTERVAL);
        assert!(keepalive.handle_timeout(start + INTERVAL + PATIENCE));
    }

    #[test]
    fn nothing_is_due_without_a_websocket() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        assert_eq!(keepalive.poll_timeout(), None);
        keepalive.handle_connected(start);
        keepalive.handle_disconnected();
        keepalive.handle_life(start);
        assert!(!keepalive.handle_timeout(start + INTERVAL * 9));
        assert_eq!(keepalive.poll_timeout(), None);
    }

    #[test]
    fn a_silence_in_a_download_is_asked_about_after_two_seconds_and_once() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        let mut now = start;
        for _ in 0..500 {
            now += Duration::from_millis(10);
            keepalive.handle_frame(now, 10_000);
            assert!(!keepalive.handle_timeout(now));
            assert!(!keepalive.poll_ping());
        }
        assert_eq!(keepalive.poll_timeout(), Some(now + BULK_SILENCE));
        now += BULK_SILENCE;
        keepalive.handle_timeout(now);
        assert!(keepalive.poll_ping());
        // Answered at once: what follows is a pause as any other.
        keepalive.handle_life(now);
        assert_eq!(keepalive.poll_timeout(), Some(now + INTERVAL));
        keepalive.handle_frame(now, 100);
        assert_eq!(keepalive.poll_timeout(), Some(now + INTERVAL));
        keepalive.handle_timeout(now + INTERVAL);
        assert!(keepalive.poll_ping());
        assert!(keepalive.handle_timeout(now + INTERVAL + PATIENCE));
    }

    #[test]
    fn a_trickle_and_what_came_on_another_websocket_are_no_download() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        let mut now = start;
        for _ in 0..500 {
            now += Duration::from_millis(10);
            keepalive.handle_frame(now, 1_000);
        }
        assert_eq!(keepalive.poll_timeout(), Some(now + INTERVAL));
        keepalive.handle_frame(now, 1_000_000);
        assert_eq!(keepalive.poll_timeout(), Some(now + BULK_SILENCE));
        keepalive.handle_disconnected();
        keepalive.handle_connected(now);
        assert_eq!(keepalive.poll_timeout(), Some(now + INTERVAL));
    }

    #[test]
    fn a_shorter_keepalive_and_a_sleep_stand_above_a_download() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut keepalive = Keepalive::new(second, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.handle_frame(start, 1_000_000);
        assert_eq!(keepalive.poll_timeout(), Some(start + second));
        keepalive.handle_sleep();
        assert_eq!(keepalive.poll_timeout(), None);
        keepalive.handle_timeout(start + INTERVAL);
        assert!(!keepalive.poll_ping());
    }

    #[test]
    fn a_check_asks_at_once_and_wants_an_answer_within_three_seconds() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.check(start);
        assert!(keepalive.poll_ping());
        // Another one while it is out changes nothing.
        keepalive.check(start + CHECK_PATIENCE / 2);
        assert!(!keepalive.poll_ping());
        assert_eq!(keepalive.poll_timeout(), Some(start + CHECK_PATIENCE));
        assert!(keepalive.handle_timeout(start + CHECK_PATIENCE));
    }

    #[test]
    fn a_check_brings_the_deadline_of_a_regular_ping_forward_but_never_back() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        let asked = start + INTERVAL;
        keepalive.handle_timeout(asked);
        assert!(keepalive.poll_ping());
        keepalive.check(asked + Duration::from_secs(1));
        assert!(keepalive.poll_ping());
        assert!(!keepalive.handle_timeout(asked + LATE_AFTER));
        assert!(keepalive.late_until().is_some());
        assert!(keepalive.handle_timeout(asked + Duration::from_secs(4)));

        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.handle_timeout(asked);
        keepalive.handle_timeout(asked + LATE_AFTER);
        keepalive.check(asked + PATIENCE - Duration::from_secs(1));
        assert_eq!(keepalive.poll_timeout(), Some(asked + PATIENCE));
    }

    #[test]
    fn an_answer_to_a_check_in_time_is_all_it_takes() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.check(start);
        keepalive.handle_life(start + CHECK_PATIENCE / 2);
        assert!(!keepalive.handle_timeout(start + CHECK_PATIENCE));
        assert_eq!(keepalive.late_until(), None);
    }

    #[test]
    fn what_was_on_its_way_before_a_check_is_no_answer_to_it() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.handle_sleep();
        let wake = start + INTERVAL * 1_000;
        keepalive.check(wake);
        assert!(keepalive.poll_ping());
        keepalive.handle_frame(wake, 100);
        keepalive.handle_frame(wake + BACKLOG / 2, 100);
        assert_eq!(keepalive.poll_timeout(), Some(wake + CHECK_PATIENCE));
        assert!(keepalive.handle_timeout(wake + CHECK_PATIENCE));

        // The ping's answer is one as soon as it comes, and so is what was sent after the check.
        for believed in [
            |keepalive: &mut Keepalive, wake| keepalive.handle_life(wake),
            |keepalive: &mut Keepalive, wake| keepalive.handle_frame(wake + BACKLOG, 100),
        ] {
            let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
            keepalive.handle_connected(start);
            keepalive.check(wake);
            believed(&mut keepalive, wake);
            assert!(!keepalive.handle_timeout(wake + CHECK_PATIENCE));
            assert!(!keepalive.is_answer_due());
        }
    }

    #[test]
    fn nothing_is_asked_and_nothing_expected_in_a_sleep() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.handle_timeout(start + INTERVAL);
        keepalive.handle_sleep();
        // What still comes in does not end it.
        keepalive.handle_life(start + INTERVAL);
        keepalive.ask(start + INTERVAL);
        assert!(!keepalive.poll_ping());
        assert_eq!(keepalive.poll_timeout(), None);
        let wake = start + INTERVAL * 1_000;
        assert!(!keepalive.handle_timeout(wake));
        assert!(!keepalive.poll_ping());
        keepalive.check(wake);
        assert!(keepalive.poll_ping());
        assert_eq!(keepalive.poll_timeout(), Some(wake + CHECK_PATIENCE));
    }

    #[test]
    fn a_sleep_ends_with_its_websocket_and_a_check_without_one_does_nothing() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.handle_sleep();
        assert_eq!(keepalive.poll_timeout(), None);
        keepalive.handle_disconnected();
        keepalive.handle_sleep();
        keepalive.check(start);
        assert!(!keepalive.poll_ping());
        assert_eq!(keepalive.poll_timeout(), None);
        keepalive.handle_connected(start);
        assert_eq!(keepalive.poll_timeout(), Some(start + INTERVAL));
    }

    #[test]
    fn an_answer_is_late_after_three_seconds_and_life_ends_that() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        let asked = start + INTERVAL;
        keepalive.handle_timeout(asked);
        assert_eq!(keepalive.poll_timeout(), Some(asked + LATE_AFTER));
        assert_eq!(keepalive.late_until(), None);
        keepalive.handle_timeout(asked + LATE_AFTER);
        assert!(keepalive.late_until().is_some());
        assert_eq!(keepalive.poll_timeout(), Some(asked + PATIENCE));
        keepalive.handle_life(asked + LATE_AFTER);
        assert_eq!(keepalive.late_until(), None);
    }

    #[test]
    fn a_dead_path_is_told_once_whatever_still_comes_from_it() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, PATIENCE);
        keepalive.handle_connected(start);
        keepalive.check(start);
        assert!(keepalive.handle_timeout(start + CHECK_PATIENCE));
        keepalive.handle_life(start + CHECK_PATIENCE);
        keepalive.check(start + CHECK_PATIENCE);
        assert!(!keepalive.handle_timeout(start + INTERVAL * 9));
        assert_eq!(keepalive.poll_timeout(), None);
    }
}
