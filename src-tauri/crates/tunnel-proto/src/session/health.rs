//! What is wrong with a session whose WebSocket is up: the agent is away, the gateway does not
//! answer, messages stay missing or come back slowly; and when that has gone on for too long.

use std::time::{Duration, Instant};

use super::catching_up::{CatchingUp, Gap, Noticed};
use super::healing::{Healing, Hopeless};
use super::problem::Reason;
use super::{SessionConfig, SessionTimer};
use crate::{Deadline, Then};

/// How much later than it was due the end of a patience may be noticed. Beyond that this
/// process did not run (stopped, starved, suspended without a word), and what it did not hear
/// meanwhile says nothing: the patience starts anew. Well above what a busy machine delays a
/// timer by.
const NOTICED_LATE: Duration = Duration::from_secs(2);

/// The least time that a WebSocket has for progress: several round trips of any path that can
/// carry a session. One that lives shorter shows nothing of the agent.
const LEAST_CHANCE: Duration = Duration::from_secs(1);

/// Keeps the reasons for a degraded session, and the clocks that end a hopeless one.
#[derive(Debug)]
pub(super) struct Health {
    stall_after: Duration,
    jam_after: Duration,
    agent_patience: Duration,
    /// Since when the clocks may run; `None` while they may not.
    watched: Option<Instant>,
    /// Since when the gateway has been saying that the agent is not there.
    away: Option<Instant>,
    /// Until when an answer to a ping may still come that takes unusually long.
    no_pong: Option<Instant>,
    trial: Trial,
    /// What was endured on WebSockets that are gone.
    endured: Endured,
    catching_up: CatchingUp,
    healing: Healing,
    /// What the user was told last.
    told: Option<Ill>,
}

/// What is wrong, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ill {
    pub(super) reason: Reason,
    pub(super) until: Option<Deadline>,
}

/// What is waited for, and how long it may still take. Any progress, and anything that stops
/// the clocks, leads back to the beginning; but what one WebSocket has endured without progress
/// counts on the next one ([`Endured`]).
///
/// ```text
///          something is missing       stall_after        a frame comes         jam_after in all
///   Idle ────────────────────▶ Counting ─────▶ Doubted ─────────────▶ Stalled ───┐
///     │                                                                          ▼     a frame comes
///     └──────────────────────▶ Counting ──────────── agent_patience ────────▶ Proving ───────────▶ over
///          the agent is away
/// ```
///
/// Whether the path or the agent is to blame for what is missing is not said before it is known:
/// a stall is one only if the gateway answers meanwhile.
///
/// A session is not given up for what may be the path's fault: when the patience is over, a
/// frame must still come. If none does, the ping's deadline ends the WebSocket, not the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    Idle,
    Counting {
        cause: Cause,
        since: Instant,
    },
    /// Messages have been missing for long enough to ask whether the path lives.
    Doubted {
        since: Instant,
        asked: Instant,
    },
    /// It does.
    Stalled {
        since: Instant,
    },
    Proving {
        cause: Cause,
        since: Instant,
        asked: Instant,
    },
}

/// For how long the same things have been missing on WebSockets that lived and are gone: a stuck
/// agent does not get 30 s anew with each of them.
#[derive(Debug, Clone, Copy, Default)]
struct Endured {
    /// [`Signs::missing_since`] then.
    missing_since: Option<Instant>,
    time: Duration,
    /// How long the last of them lived.
    last: Option<Duration>,
}

impl Endured {
    /// How long the next WebSocket has for progress whatever was endured before: what is missing
    /// is sent again on it at once. Half of what the last one lived, so that one that is cut
    /// early, too, comes to a judgement.
    fn chance(&self, usual: Duration) -> Duration {
        let half = self.last.map_or(usual, |lived| lived / 2);
        half.max(LEAST_CHANCE).min(usual)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Messages or acknowledgements stay missing.
    Missing,
    AgentAway,
}

/// What the session sees at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs {
    /// A WebSocket is up and read, the session is established, and the machine is awake.
    pub(super) watched: bool,
    /// Until when an answer to a ping may still come that takes unusually long.
    pub(super) no_pong: Option<Instant>,
    /// Since when something has been missing without any progress.
    pub(super) missing_since: Option<Instant>,
    /// Messages of the agent's that wait behind a missing one.
    pub(super) gap: Option<Gap>,
    /// When the last frame came.
    pub(super) last_frame: Option<Instant>,
}

/// What a look at the session has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    GoOn,
    /// Ping, so that it shows whose fault it is.
    Ask,
    /// Messages have stayed missing for too long.
    Jammed,
    /// What is missing would take too long to come.
    Hopeless(Hopeless),
    /// The agent has been away for too long.
    AgentGone,
}

impl Health {
    pub(super) fn new(config: &SessionConfig) -> Self {
        Self {
            stall_after: config.stall_after,
            jam_after: config.jam_after,
            agent_patience: config.agent_patience,
            watched: None,
            away: None,
            no_pong: None,
            trial: Trial::Idle,
            endured: Endured::default(),
            catching_up: CatchingUp::Even,
            healing: Healing::new(config.heal_patience),
            told: None,
        }
    }

    /// The gateway says that the agent is not there.
    pub(super) fn handle_agent_away(&mut self, now: Instant) {
        self.away.get_or_insert(now);
    }

    /// The agent is there again. What was missing has not had a chance to come before now.
    pub(super) fn handle_agent_back(&mut self, now: Instant) {
        self.away = None;
        self.watched = self.watched.map(|_| now);
    }

    /// The WebSocket is gone, at that age. From `sure_until` on it may have been the path's fault
    /// that nothing came.
    pub(super) fn handle_disconnected(&mut self, age: Duration, sure_until: Instant) {
        if let Some((Cause::Missing, since)) = self.trial.subject() {
            self.endured.time += sure_until.saturating_duration_since(since);
            self.endured.last = Some(age);
        }
        self.trial = Trial::Idle;
        self.reset();
    }

    /// The WebSocket is gone, or a new one is there: the next one's gateway says anew whether
    /// the agent is there, and all clocks start anew.
    pub(super) fn reset(&mut self) {
        self.away = None;
        self.watched = None;
        self.catching_up.reset();
        self.healing.reset();
    }

    /// Looks at how things stand. To be called whenever something happened.
    pub(super) fn review(&mut self, now: Instant, signs: Signs) -> Verdict {
        self.no_pong = signs.no_pong;
        if self.endured.missing_since != signs.missing_since {
            self.endured = Endured {
                missing_since: signs.missing_since,
                ..Endured::default()
            };
        }
        if signs.watched {
            self.watched.get_or_insert(now);
            self.catching_up.review(now, signs.gap);
            let noticed = self.catching_up.noticed();
            self.healing.expect(noticed.and_then(Noticed::estimate));
            if let Some(hopeless) = self.healing.review(now, signs.gap) {
                return Verdict::Hopeless(hopeless);
            }
        } else {
            self.watched = None;
            self.healing.reset();
        }
        let Some((cause, since)) = self.subject(signs.missing_since) else {
            self.trial = Trial::Idle;
            return Verdict::GoOn;
        };
        if self.trial.subject() != Some((cause, since)) {
            self.trial = Trial::Counting { cause, since };
        }
        if let Some((due, _)) = self.trial_end()
            && due <= now
        {
            if now.saturating_duration_since(due) > NOTICED_LATE {
                self.watched = Some(now);
                self.trial = Trial::Counting { cause, since: now };
                return Verdict::GoOn;
            }
            return self.move_on(now);
        }
        match self.trial {
            Trial::Proving { cause, asked, .. } if signs.last_frame >= Some(asked) => match cause {
                Cause::Missing => Verdict::Jammed,
                Cause::AgentAway => Verdict::AgentGone,
            },
            Trial::Doubted { since, asked } if signs.last_frame >= Some(asked) => {
                self.trial = Trial::Stalled { since };
                Verdict::GoOn
            }
            Trial::Proving { .. }
            | Trial::Idle
            | Trial::Counting { .. }
            | Trial::Doubted { .. }
            | Trial::Stalled { .. } => Verdict::GoOn,
        }
    }

    /// Returns the worst reason, or `None`, if that is news.
    pub(super) fn poll_news(&mut self) -> Option<Option<Ill>> {
        let worst = self.worst();
        (std::mem::replace(&mut self.told, worst) != worst).then_some(worst)
    }

    pub(super) fn poll_timeout(&self) -> Option<(Instant, SessionTimer)> {
        let catching_up = self.catching_up.poll_timeout();
        let catching_up = catching_up.filter(|_| self.watched.is_some());
        [
            self.trial_end(),
            catching_up.map(|at| (at, SessionTimer::CatchingUp)),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at)
    }

    /// A later one may be but a consequence of an earlier one.
    fn worst(&self) -> Option<Ill> {
        let stalled_since = match self.trial {
            Trial::Stalled { since }
            | Trial::Proving {
                cause: Cause::Missing,
                since,
                ..
            } => Some(since),
            Trial::Proving {
                cause: Cause::AgentAway,
                ..
            }
            | Trial::Idle
            | Trial::Counting { .. }
            | Trial::Doubted { .. } => None,
        };
        let (reason, at, then) = if self.away.is_some() {
            let since = self.subject(None).map(|(_, since)| since);
            let at = since.and_then(|since| since.checked_add(self.agent_patience));
            (Reason::AgentAway, at, Then::Replaced)
        } else if let Some(until) = self.no_pong {
            (Reason::NoPong, Some(until), Then::Resumed)
        } else if let Some(since) = stalled_since {
            let at = since.checked_add(self.jam_patience());
            (Reason::Stalled(self.stall_after), at, Then::Replaced)
        } else {
            let noticed = self.catching_up.noticed()?;
            let at = self.healing.estimate();
            (Reason::CatchingUp(noticed), at, Then::CaughtUp)
        };
        Some(Ill {
            reason,
            until: at.map(|at| Deadline { at, then }),
        })
    }

    /// How long what is missing on this WebSocket may stay missing.
    fn jam_patience(&self) -> Duration {
        let left = self.jam_after.saturating_sub(self.endured.time);
        left.max(self.endured.chance(self.stall_after))
    }

    /// What is waited for, and since when.
    fn subject(&self, missing_since: Option<Instant>) -> Option<(Cause, Instant)> {
        let watched = self.watched?;
        // While the agent is away, nothing can be missing.
        let (cause, since) = match self.away {
            Some(away) => (Cause::AgentAway, away),
            None => (Cause::Missing, missing_since?),
        };
        Some((cause, since.max(watched)))
    }

    /// When the present stage of the trial ends. A patience beyond the end of the clock never
    /// does.
    fn trial_end(&self) -> Option<(Instant, SessionTimer)> {
        let (since, patience, timer) = match self.trial {
            Trial::Counting {
                cause: Cause::Missing,
                since,
            } => {
                let doubted = self.stall_after.min(self.jam_patience());
                (since, doubted, SessionTimer::Stalled)
            }
            Trial::Counting {
                cause: Cause::AgentAway,
                since,
            } => (since, self.agent_patience, SessionTimer::AgentGone),
            Trial::Stalled { since } => (since, self.jam_patience(), SessionTimer::Jammed),
            // The ping has its own deadline.
            Trial::Idle | Trial::Doubted { .. } | Trial::Proving { .. } => return None,
        };
        Some((since.checked_add(patience)?, timer))
    }

    /// The present stage of the trial is over.
    fn move_on(&mut self, now: Instant) -> Verdict {
        let (cause, since) = match self.trial {
            Trial::Counting {
                cause: Cause::Missing,
                since,
            } => {
                self.trial = Trial::Doubted { since, asked: now };
                return Verdict::Ask;
            }
            Trial::Counting {
                cause: cause @ Cause::AgentAway,
                since,
            } => (cause, since),
            Trial::Stalled { since } => (Cause::Missing, since),
            Trial::Idle | Trial::Doubted { .. } | Trial::Proving { .. } => return Verdict::GoOn,
        };
        self.trial = Trial::Proving {
            cause,
            since,
            asked: now,
        };
        Verdict::Ask
    }
}

impl Trial {
    fn subject(self) -> Option<(Cause, Instant)> {
        match self {
            Self::Idle => None,
            Self::Counting { cause, since } | Self::Proving { cause, since, .. } => {
                Some((cause, since))
            }
            Self::Doubted { since, .. } | Self::Stalled { since } => Some((Cause::Missing, since)),
        }
    }
}
