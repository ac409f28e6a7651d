//! A gap that closes slowly: the reference agent sends one lost message again every 100 ms, so
//! what came behind a gap of any size waits for long (docs/protocol.md, section 3).

use std::time::{Duration, Instant};

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
    Behind {
        /// Messages that were held when it was noticed.
        held: usize,
    },
    Filled {
        since: Instant,
        held: usize,
    },
}

/// The messages that wait behind a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// How many.
    pub(super) held: usize,
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
                    Self::Behind { held: gap.held }
                } else {
                    Self::Held { since, advanced }
                }
            }
            (Self::Behind { held }, Some(_)) | (Self::Filled { held, .. }, Some(_)) => {
                Self::Behind { held }
            }
            (Self::Behind { held }, None) => Self::Filled { since: now, held },
            (Self::Filled { since, .. }, None)
                if now.saturating_duration_since(since) >= OVER_AFTER =>
            {
                Self::Even
            }
            (filled @ Self::Filled { .. }, None) => filled,
        };
    }

    /// How many messages were held when it was noticed; `None` while there is nothing to say.
    pub(super) fn held(self) -> Option<usize> {
        match self {
            Self::Even | Self::Held { .. } => None,
            Self::Behind { held } | Self::Filled { held, .. } => Some(held),
        }
    }

    /// When [`review`](Self::review) would come to something else by time alone.
    pub(super) fn poll_timeout(self) -> Option<Instant> {
        match self {
            // Without an advance, time alone makes it a stall.
            Self::Even | Self::Held { advanced: None, .. } | Self::Behind { .. } => None,
            Self::Held {
                since,
                advanced: Some(_),
            } => Some(since + TOLD_AFTER),
            Self::Filled { since, .. } => Some(since + OVER_AFTER),
        }
    }
}
