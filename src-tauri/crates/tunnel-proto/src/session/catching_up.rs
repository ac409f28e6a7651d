//! A gap that closes slowly: the reference agent sends one lost message again every 100 ms, so
//! what came behind a gap of any size waits for long (docs/protocol.md, section 3).

use std::time::{Duration, Instant};

/// The agent's pause between two messages that it sends again (docs/protocol.md, section 3).
const RESEND_PAUSE: Duration = Duration::from_millis(100);

/// How long messages must have been held before it is said. A few lost messages are sent again
/// within less, and nobody would notice.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// How long nothing must have been held before it is over: ten of the agent's resends. While a
/// path loses a message now and then, one gap follows the other.
const OVER_AFTER: Duration = Duration::from_secs(1);

/// Whether the agent's messages arrive behind a gap that is being filled.
///
/// ```text
///         messages are held            for 1 s, and some have come
///   Even ──────────────────▶ Held ─────────────────────────────────▶ Behind ◀──┐
///    ▲ ▲     none is held      │                     none is held       │      │ held again
///    │ └───────────────────────┘                                        ▼      │
///    └──────────────────────────── for 1 s ───────────────────────── Filled ───┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CatchingUp {
    Even,
    Held {
        since: Instant,
        /// The last of those that were missing came then.
        advanced: Option<Instant>,
    },
    Behind(Noticed),
    Filled {
        since: Instant,
        noticed: Noticed,
    },
}

/// How things stood when it was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noticed {
    /// Messages that were held.
    pub(super) held: usize,
    /// Messages that were missing.
    pub(super) missing: u64,
    pub(super) at: Instant,
}

impl Noticed {
    /// When what was missing then has come again at the agent's pace; `None` if it is not known
    /// how much that was.
    pub(super) fn estimate(self) -> Option<Instant> {
        self.at.checked_add(self.takes()?)
    }

    /// How long what was missing then takes at the agent's pace.
    pub(super) fn takes(self) -> Option<Duration> {
        let missing = u32::try_from(self.missing).unwrap_or(u32::MAX);
        (missing > 0).then(|| RESEND_PAUSE.saturating_mul(missing))
    }
}

/// The messages that wait behind a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// How many.
    pub(super) held: usize,
    /// How many are missing before the newest; nought where nothing has come behind what was
    /// lost.
    pub(super) missing: u64,
    /// How many have come after a later one, since the session began.
    pub(super) late: u64,
    /// When the gap opened, or one of the missing last came.
    pub(super) since: Instant,
}

impl CatchingUp {
    /// The WebSocket is gone, or a new one is there: the clocks start anew.
    pub(super) fn reset(&mut self) {
        *self = Self::Even;
    }

    /// Looks at what is held now.
    pub(super) fn review(&mut self, now: Instant, gap: Option<Gap>) {
        *self = match (*self, gap) {
            (Self::Even, None) | (Self::Held { .. }, None) => Self::Even,
            (Self::Even, Some(_)) => Self::Held {
                since: now,
                advanced: None,
            },
            (Self::Held { since, .. }, Some(gap)) => {
                let advanced = Some(gap.since).filter(|at| *at > since);
                if advanced.is_some() && now.saturating_duration_since(since) >= TOLD_AFTER {
                    Self::Behind(Noticed {
                        held: gap.held,
                        missing: gap.missing,
                        at: now,
                    })
                } else {
                    Self::Held { since, advanced }
                }
            }
            (Self::Behind(noticed), Some(_)) | (Self::Filled { noticed, .. }, Some(_)) => {
                Self::Behind(noticed)
            }
            (Self::Behind(noticed), None) => Self::Filled {
                since: now,
                noticed,
            },
            (Self::Filled { since, .. }, None)
                if now.saturating_duration_since(since) >= OVER_AFTER =>
            {
                Self::Even
            }
            (filled @ Self::Filled { .. }, None) => filled,
        };
    }

    /// How things stood when it was noticed; `None` while there is nothing to say.
    pub(super) fn noticed(self) -> Option<Noticed> {
        match self {
            Self::Even | Self::Held { .. } => None,
            Self::Behind(noticed) | Self::Filled { noticed, .. } => Some(noticed),
        }
    }

    /// When [`review`](Self::review) would come to something else by time alone.
    pub(super) fn poll_timeout(self) -> Option<Instant> {
        match self {
            // Without an advance, time alone makes it a stall.
            Self::Even | Self::Held { advanced: None, .. } | Self::Behind(_) => None,
            Self::Held {
                since,
                advanced: Some(_),
            } => Some(since + TOLD_AFTER),
            Self::Filled { since, .. } => Some(since + OVER_AFTER),
        }
    }
}
