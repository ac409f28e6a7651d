//! One place of the session pool: a session's life as the policy sees it.

use std::time::Instant;

use crate::backoff::Backoff;
use crate::{Grant, Problem};

/// Names one session of a tunnel. A session that replaces another has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(pub(crate) u32);

impl std::fmt::Display for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A session and what is being done about it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) key: SessionKey,
    /// Known from the answer to StartSession on.
    pub(crate) session_id: Option<String>,
    /// The handshake was completed: a new WebSocket is all that a resume needs.
    pub(crate) established: bool,
    /// Connections that were placed here and have not ended.
    pub(crate) connections: u32,
    pub(crate) phase: Phase,
}

/// Where a session is in its life.
///
/// ```text
///            grant             open               handshake done
///  Starting ───────▶ Dialling ──────▶ Handshaking ──────────────▶ Up
///     │                ▲  │ refused         │ lost                │ lost
///     │ failed         │  ▼                 ▼                     ▼
///     │       grant    │ Waiting ◀────────────────────────────────┘
///     │   ┌────────────┘  │  ▲     (the first resume starts at once)
///     ▼   │     time      ▼  │ failed
///  Waiting{Start}        Resuming
///
///  Starting, Resuming ── credentials are gone ──▶ AwaitingSignIn ── signed in ──▶ the same again
///  any ── the session is over ──▶ the slot goes, a new one is Starting
///  any ── stop ──▶ Ending (flag) ──▶ Ending (TerminateSession) ──▶ the slot goes
/// ```
#[derive(Debug)]
pub(crate) enum Phase {
    /// StartSession is under way.
    Starting { outage: Option<Outage> },
    /// ResumeSession is under way.
    Resuming { outage: Outage },
    /// The WebSocket is being opened.
    Dialling { outage: Option<Outage> },
    /// The WebSocket of a new session is open, the agent's handshake is not done.
    Handshaking { outage: Option<Outage> },
    /// Connections can be carried.
    Up {
        since: Instant,
        /// The outage before, until the session was healthy for long enough to forget it.
        healing: Option<Outage>,
        /// What is wrong with the session although it lives.
        degraded: Option<Problem>,
    },
    /// A pause before the next attempt.
    Waiting {
        outage: Outage,
        until: Instant,
        step: Step,
    },
    /// Nothing can be done before the user has signed in.
    AwaitingSignIn {
        outage: Outage,
        probe: Instant,
        step: Step,
    },
    /// The tunnel stops: the session is being ended at the service.
    Ending(Ending),
}

/// How far the end of a session has come.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The agent was sent the flag; its acknowledgement is awaited until then.
    Flag { until: Instant },
    /// StartSession was under way when the tunnel was stopped: its answer is awaited.
    Grant,
    /// TerminateSession is under way.
    Terminate,
}

/// The next attempt's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Start,
    Resume,
}

/// A time in which a session could not be used.
#[derive(Debug, Clone)]
pub(crate) struct Outage {
    pub(crate) since: Instant,
    /// The attempt that is under way or comes next, from 1.
    pub(crate) attempt: u32,
    pub(crate) backoff: Backoff,
    /// The latest cause.
    pub(crate) problem: Problem,
}

impl Outage {
    pub(crate) fn new(since: Instant, problem: Problem) -> Self {
        Self {
            since,
            attempt: 1,
            backoff: Backoff::default(),
            problem,
        }
    }
}

impl Slot {
    pub(crate) fn new(key: SessionKey, outage: Option<Outage>) -> Self {
        Self {
            key,
            session_id: None,
            established: false,
            connections: 0,
            phase: Phase::Starting { outage },
        }
    }

    /// The outage that the session is in, if it is in one.
    pub(crate) fn outage(&self) -> Option<&Outage> {
        match &self.phase {
            Phase::Starting { outage }
            | Phase::Dialling { outage }
            | Phase::Handshaking { outage } => outage.as_ref(),
            Phase::Resuming { outage }
            | Phase::Waiting { outage, .. }
            | Phase::AwaitingSignIn { outage, .. } => Some(outage),
            Phase::Up { .. } | Phase::Ending(_) => None,
        }
    }

    /// Takes the outage out of a phase that is about to be replaced, an old one that is
    /// still healing included.
    pub(crate) fn take_outage(&mut self) -> Option<Outage> {
        match &mut self.phase {
            Phase::Starting { outage }
            | Phase::Dialling { outage }
            | Phase::Handshaking { outage }
            | Phase::Up {
                healing: outage, ..
            } => outage.take(),
            Phase::Resuming { outage }
            | Phase::Waiting { outage, .. }
            | Phase::AwaitingSignIn { outage, .. } => Some(outage.clone()),
            Phase::Ending(_) => None,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up { .. })
    }

    /// Says whether new connections should come here.
    pub(crate) fn is_healthy(&self) -> bool {
        matches!(self.phase, Phase::Up { degraded: None, .. })
    }

    pub(crate) fn accept(&mut self, grant: &Grant) {
        self.session_id = Some(grant.session_id.clone());
    }
}
