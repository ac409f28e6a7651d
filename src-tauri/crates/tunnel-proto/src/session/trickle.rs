//! A gap that nothing follows: what was lost is the last that the agent had to say, so nothing
//! waits behind it, and the messages come in order, old and one by one.

use std::time::{Duration, Instant};

/// How much older than usual such a message is: far more than a slow path makes them, and more
/// than one that was lost once.
const OLD: Duration = Duration::from_secs(5);

/// Messages closer together than this were held on the way, not sent again one by one.
const APART: Duration = Duration::from_millis(50);

/// After how long without another one it is over: more than the longest timeout of an agent
/// (docs/protocol.md, section 3).
const OVER: Duration = Duration::from_secs(2);

/// How many make one: the last that was missing of a gap comes alone.
const FEW: u32 = 2;

/// Old messages that come one by one.
#[derive(Debug, Default)]
pub(super) struct Trickle {
    last: Option<Instant>,
    /// How many have come so, in a row.
    count: u32,
}

impl Trickle {
    /// The WebSocket is gone, or a new one is there.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The expected message has come, so old.
    pub(super) fn handle_message(&mut self, now: Instant, age: Duration) {
        let apart = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= APART);
        if age < OLD || !apart {
            self.count = 0;
        } else {
            self.count = self.count.saturating_add(1);
        }
        self.last = (age >= OLD).then_some(now);
    }

    /// When the last of them came, while there are some.
    pub(super) fn since(&mut self, now: Instant) -> Option<Instant> {
        if self.poll_timeout().is_some_and(|over| over <= now) {
            self.reset();
        }
        self.last.filter(|_| self.count >= FEW)
    }

    /// When it is over, if none comes.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.last
            .filter(|_| self.count >= FEW)
            .map(|last| last + OVER)
    }
}
