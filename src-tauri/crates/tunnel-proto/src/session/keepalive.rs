//! Whether the path to the gateway is alive.

use std::time::{Duration, Instant};

/// WebSocket pings after a time without inbound frames, and a deadline for a sign of life.
///
/// Any inbound frame counts as life, so a busy channel is never pinged. TCP's own keepalive
/// does not reset the idle timers of application load balancers; pings do (docs/protocol.md,
/// section 3).
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Duration,
    patience: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// There is no WebSocket.
    Down,
    /// The last sign of life is recent enough.
    Quiet { heard: Instant },
    /// The interval is over and the ping has not been taken to be sent yet.
    Due { since: Instant },
    /// A ping is out.
    Awaiting { since: Instant },
    /// Nothing came within the deadline; said once.
    Dead,
}

impl Keepalive {
    pub(super) fn new(interval: Duration, patience: Duration) -> Self {
        Self {
            interval,
            patience,
            state: State::Down,
        }
    }

    pub(super) fn handle_connected(&mut self, now: Instant) {
        self.state = State::Quiet { heard: now };
    }

    pub(super) fn handle_disconnected(&mut self) {
        self.state = State::Down;
    }

    /// Any frame came in, a pong included.
    pub(super) fn handle_life(&mut self, now: Instant) {
        match self.state {
            State::Down => {}
            State::Quiet { .. } | State::Due { .. } | State::Awaiting { .. } | State::Dead => {
                self.state = State::Quiet { heard: now };
            }
        }
    }

    /// Returns whether the path has just turned out to be dead.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> bool {
        match self.state {
            State::Quiet { heard } if heard + self.interval <= now => {
                self.state = State::Due { since: now };
                false
            }
            State::Due { since } | State::Awaiting { since } if since + self.patience <= now => {
                self.state = State::Dead;
                true
            }
            State::Down
            | State::Quiet { .. }
            | State::Due { .. }
            | State::Awaiting { .. }
            | State::Dead => false,
        }
    }

    /// Returns whether a ping is to be sent now.
    pub(super) fn poll_ping(&mut self) -> bool {
        match self.state {
            State::Due { since } => {
                self.state = State::Awaiting { since };
                true
            }
            State::Down | State::Quiet { .. } | State::Awaiting { .. } | State::Dead => false,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Quiet { heard } => Some(heard + self.interval),
            State::Due { since } | State::Awaiting { since } => Some(since + self.patience),
            State::Down | State::Dead => None,
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
}
