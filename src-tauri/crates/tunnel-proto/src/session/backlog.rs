//! Messages that a gap held back and that are set free all at once when it closes: more than
//! any reader's buffer should hold, so they wait for the readers.

use std::time::{Duration, Instant};

/// Unread bytes up to which more is delivered: enough to keep any reader busy, far below what
/// the multiplexer lets one keep.
const ROOM: usize = 1024 * 1024;

/// How long nothing must have been read before the backlog stops waiting: its reader has
/// stopped, and the multiplexer makes it pay, not those beside it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether readers keep up with a backlog.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// What was unread at the last look.
    unread: usize,
    /// Since when the readers have been waited for without any reading; `None` while they are
    /// not.
    waits_since: Option<Instant>,
}

impl Backlog {
    /// Whether the next message of a backlog may be delivered, with so many bytes unread.
    pub(super) fn may_go_on(&mut self, now: Instant, unread: usize) -> bool {
        let read = unread < self.unread;
        self.unread = unread;
        if unread < ROOM {
            self.waits_since = None;
            return true;
        }
        match self.waits_since {
            Some(since) if !read => now.saturating_duration_since(since) >= PATIENCE,
            Some(_) | None => {
                self.waits_since = Some(now);
                false
            }
        }
    }

    /// There is no backlog.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// When [`may_go_on`](Self::may_go_on) would come to something else by time alone.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        Some(self.waits_since? + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_waits_for_as_long_as_something_is_read() {
        let mut now = Instant::now();
        let mut backlog = Backlog::default();
        assert!(backlog.may_go_on(now, ROOM - 1));
        assert_eq!(backlog.poll_timeout(), None);
        for read in 0..100 {
            assert!(!backlog.may_go_on(now, 2 * ROOM - read));
            now += PATIENCE - Duration::from_millis(1);
            assert!(!backlog.may_go_on(now, 2 * ROOM - read));
        }
        now += Duration::from_millis(1);
        assert_eq!(backlog.poll_timeout(), Some(now));
        assert!(backlog.may_go_on(now, 2 * ROOM - 99));
        // Its own messages are no reading.
        assert!(backlog.may_go_on(now, 2 * ROOM));
        assert!(!backlog.may_go_on(now, ROOM));
        assert!(backlog.may_go_on(now, ROOM - 1));
    }
}
