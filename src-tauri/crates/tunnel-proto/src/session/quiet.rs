//! Waiting for a moment at which a WebSocket can be renewed without anybody noticing.

use std::time::{Duration, Instant};

/// How long nothing must have moved. Longer than the pause between the messages of one
/// transfer, which the agent sends at least every few milliseconds, so that no answer is cut in
/// two; short enough that a busy day has such moments.
const SILENCE: Duration = Duration::from_millis(250);

/// Whether somebody waits for a quiet moment. Only then does quiet have a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quiet {
    NotAwaited,
    Awaited {
        /// When the patience ends; `None`: never.
        until: Option<Instant>,
    },
}

/// How the wait has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Quiet,
    PatienceOver,
}

impl Quiet {
    /// Waits from now on. A patience beyond the end of the clock never ends.
    pub(super) fn start(&mut self, now: Instant, patience: Option<Duration>) {
        *self = Self::Awaited {
            until: patience.and_then(|patience| now.checked_add(patience)),
        };
    }

    pub(super) fn cancel(&mut self) {
        *self = Self::NotAwaited;
    }

    pub(super) fn is_awaited(self) -> bool {
        match self {
            Self::NotAwaited => false,
            Self::Awaited { .. } => true,
        }
    }

    /// `still_since` is when something last moved, if nothing is under way now. Ends the wait
    /// when it returns something.
    pub(super) fn review(&mut self, now: Instant, still_since: Option<Instant>) -> Option<Outcome> {
        let Self::Awaited { until } = *self else {
            return None;
        };
        let outcome = if still_since.is_some_and(|since| since + SILENCE <= now) {
            Outcome::Quiet
        } else if until.is_some_and(|until| until <= now) {
            Outcome::PatienceOver
        } else {
            return None;
        };
        self.cancel();
        Some(outcome)
    }

    pub(super) fn poll_timeout(self, still_since: Option<Instant>) -> Option<Instant> {
        let Self::Awaited { until } = self else {
            return None;
        };
        let quiet = still_since.map(|since| since + SILENCE);
        [quiet, until].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn quiet_is_told_once_and_only_to_who_waits() {
        let now = Instant::now();
        let mut quiet = Quiet::NotAwaited;
        assert_eq!(quiet.review(now + SECOND, Some(now)), None);
        assert_eq!(quiet.poll_timeout(Some(now)), None);
        quiet.start(now, None);
        assert_eq!(quiet.review(now, Some(now)), None);
        assert_eq!(quiet.poll_timeout(Some(now)), Some(now + SILENCE));
        assert_eq!(quiet.review(now + SILENCE, Some(now)), Some(Outcome::Quiet));
        assert_eq!(quiet.review(now + SECOND, Some(now)), None);
        assert_eq!(quiet.poll_timeout(Some(now)), None);
    }

    #[test]
    fn patience_ends_where_something_is_always_under_way() {
        let now = Instant::now();
        let mut quiet = Quiet::NotAwaited;
        quiet.start(now, Some(SECOND));
        assert_eq!(quiet.review(now + SILENCE, None), None);
        assert_eq!(quiet.poll_timeout(None), Some(now + SECOND));
        assert_eq!(
            quiet.review(now + SECOND, None),
            Some(Outcome::PatienceOver)
        );
        assert_eq!(quiet.poll_timeout(None), None);
    }

    #[test]
    fn endless_patience_has_no_timer_while_something_is_under_way() {
        let now = Instant::now();
        let mut quiet = Quiet::NotAwaited;
        for patience in [None, Some(Duration::MAX)] {
            quiet.start(now, patience);
            assert_eq!(quiet.poll_timeout(None), None);
            assert_eq!(quiet.review(now + SECOND * 9_999, None), None);
        }
    }
}
