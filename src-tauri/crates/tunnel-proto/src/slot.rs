//! One place of the session pool: a session's life as the policy sees it.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::evidence::Asked;
use crate::tunnel::drops::OpenDrop;
use crate::{Grant, Illness, Load, PassedOver, Problem, Purpose};

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
    /// When the handshake was completed: from then on a new WebSocket is all that a resume needs.
    pub(crate) established: Option<Instant>,
    /// That moment for people, Unix milliseconds: what comes between then and now may be a sleep.
    pub(crate) established_at: Option<u64>,
    usage: Usage,
    pub(crate) phase: Phase,
    /// When it was begun.
    pub(crate) begun_at: Instant,
    /// The drop that is going on, and what is known of it so far.
    pub(crate) drop: Option<Box<OpenDrop>>,
    /// When the request that is under way was made, or the handshake begun.
    pub(crate) asked_at: Instant,
    /// It has been answered, or there was none.
    pub(crate) is_answered: bool,
    /// At which of the tunnel's targets it is started.
    pub(crate) candidate: usize,
    /// The targets before that, and why they could not be used.
    pub(crate) passed_over: Vec<PassedOver>,
    /// One of them may come back.
    pub(crate) hopes: bool,
}

/// Who uses a session.
#[derive(Debug, Clone, Copy)]
enum Usage {
    /// No connection does, since then.
    Idle { since: Instant },
    /// So many connections were placed here and have not ended, the latest one then.
    Carries {
        connections: NonZeroU32,
        latest: Instant,
    },
}

/// Where a session is in its life.
///
/// ```text
///            grant             open               handshake done
///  Starting ───────▶ Dialling ──────▶ Handshaking ──────────────▶ Up ◀─┐ renewed
///     │                ▲  │ refused         │ lost                │ └──┘ (see Renewing)
///     │ failed         │  ▼                 ▼                     ▼ lost
///     │       grant    │ Waiting ◀────────────────────────────────┘
///     │   ┌────────────┘  │  ▲     (the first resume starts at once)
///     ▼   │     time      ▼  │ failed
///  Waiting{Start}        Resuming
///
///  Waiting ── network gone, machine sleeps ──▶ Held ── it is back ──▶ the same again, at once
///  Starting, Resuming ── credentials are gone ──▶ AwaitingSignIn ── signed in ──▶ the same again
///  any ── the session is over ──▶ the slot goes, a new one is Starting
///  any ── stop, or no longer needed ──▶ Ending (flag) ──▶ Ending (TerminateSession) ──▶ the slot goes
/// ```
#[derive(Debug)]
pub(crate) enum Phase {
    /// StartSession is under way.
    Starting { outage: Option<Outage> },
    /// ResumeSession is under way.
    Resuming {
        outage: Outage,
        /// What it was asked for. A renewal was asked for while the session had a WebSocket.
        purpose: Purpose,
    },
    /// The WebSocket is being opened.
    Dialling { outage: Option<Outage> },
    /// The WebSocket of a new session is open, the agent's handshake is not done.
    Handshaking { outage: Option<Outage> },
    /// Connections can be carried.
    Up(Up),
    /// A pause before the next attempt.
    Waiting {
        outage: Outage,
        until: Instant,
        step: Step,
    },
    /// No attempt before the machine has a network again, or is awake.
    Held { outage: Outage, step: Step },
    /// Nothing can be done before the user has signed in.
    AwaitingSignIn {
        outage: Outage,
        /// When the credentials are looked at again; `None` if that is in vain.
        probe: Option<Instant>,
        step: Step,
    },
    /// The session is being ended at the service.
    Ending(Ending),
}

/// A session that can carry connections.
#[derive(Debug)]
pub(crate) struct Up {
    /// Since when its present WebSocket is open, or the handshake on it done.
    pub(crate) since: Instant,
    /// How long the machine has slept since, which `Instant`s do not count.
    pub(crate) asleep: Duration,
    /// The outage before, until the session was healthy for long enough to forget it.
    pub(crate) healing: Option<Outage>,
    pub(crate) health: Health,
    /// What it carries.
    pub(crate) load: Load,
    /// How far the renewal of its WebSocket is.
    pub(crate) renewing: Renewing,
}

/// How a session is that can carry connections.
#[derive(Debug)]
pub(crate) enum Health {
    /// Nothing has been wrong with it since then.
    Well { since: Instant },
    /// What is wrong with it although it lives.
    Ill(Illness),
}

/// How far the renewal of a WebSocket is.
///
/// ```text
///  Due ── time ──▶ Quiet ── quiet ──▶ Resuming ── grant ──▶ Dialling ── open ──▶ Taking ──▶ Due
///   ▲                                  │  │                    │                   │
///   └──────── failed, not quiet ───────┴──│────────────────────┴───────────────────┘
///                                         │ refused while connected
///                                         ▼
///                                    QuietToClose ── quiet ──▶ closed, and resumed as if lost
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewing {
    /// It is not renewed: it is switched off, or the account does not allow it.
    Off,
    /// Nothing is to be done until then.
    Due { at: Instant },
    /// The next quiet moment is awaited.
    Quiet,
    /// ResumeSession is under way, and the WebSocket goes on meanwhile.
    Resuming,
    /// The new WebSocket is being opened.
    Dialling,
    /// The new WebSocket is open, and is taken as soon as nothing is on its way on the old one.
    Taking,
    /// The service does not renew what is connected: at the next quiet moment the WebSocket is
    /// closed, and the session resumed.
    QuietToClose,
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

/// How long a call for a session may take, credentials included (the default of
/// `AccessSettings::api_timeout` of `aws-access`). Who makes it ends it; this says until when.
pub const CALL_LIMIT: Duration = Duration::from_secs(10);

/// How long opening a WebSocket may take, all steps together. As long as a call; a slow link needs
/// a second or two for its four or five round trips. Who opens it ends it.
pub const DIAL_LIMIT: Duration = Duration::from_secs(10);

/// How long a step of the handshake may take: as long as the agent waits
/// (docs/protocol.md). The session ends it.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(15);

/// The next attempt's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Start,
    Resume,
}

/// A time in which a session could not be used.
#[derive(Debug, Clone)]
pub(crate) struct Outage {
    /// When it began, Unix milliseconds.
    pub(crate) since: u64,
    /// From when on its time counts against the budget: its begin, or when what costs nothing
    /// (no network, sleep) was over.
    pub(crate) counted_from: Instant,
    /// What outages shortly before it have taken of the budget.
    pub(crate) spent: Duration,
    /// The attempt that is under way or comes next, from 1.
    pub(crate) attempt: u32,
    pub(crate) backoff: Backoff,
    /// The latest cause.
    pub(crate) problem: Problem,
    /// The credentials were refused in it, and have been asked for once more since.
    pub(crate) credentials_refused: bool,
    /// What the last attempt lacked that has to come from elsewhere.
    pub(crate) lacks: Lacks,
}

/// What an attempt lacked that has to come from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacks {
    /// Nothing that is known.
    Nothing,
    /// Credentials that are good.
    SignIn,
    /// The same, and no look at them finds any while this program runs.
    Restart,
    /// Settings that can be read.
    Settings,
    /// A way to the service.
    Network,
}

impl Up {
    /// How old the WebSocket is. The gateway counts the time asleep, too.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
            .saturating_add(self.asleep)
    }

    /// What is wrong with the session.
    pub(crate) fn illness(&self) -> Option<&Illness> {
        match &self.health {
            Health::Well { .. } => None,
            Health::Ill(illness) => Some(illness),
        }
    }

    /// Since when nothing has been wrong with it.
    pub(crate) fn well_since(&self) -> Option<Instant> {
        match self.health {
            Health::Well { since } => Some(since),
            Health::Ill(_) => None,
        }
    }
}

impl Outage {
    /// What it has taken of the budget in time.
    pub(crate) fn taken(&self, now: Instant) -> Duration {
        self.spent
            .saturating_add(now.saturating_duration_since(self.counted_from))
    }

    /// What it has taken up to now stays taken, whatever comes next.
    pub(crate) fn charge(&mut self, now: Instant) {
        self.spent = self.taken(now);
        self.counted_from = now;
    }

    /// Forgets what was counted: the next attempt is one of new conditions.
    pub(crate) fn count_anew(&mut self, now: Instant) {
        self.counted_from = now;
        self.spent = Duration::ZERO;
        self.backoff = Backoff::default();
    }
}

impl Slot {
    pub(crate) fn new(key: SessionKey, now: Instant, outage: Option<Outage>) -> Self {
        Self {
            key,
            session_id: None,
            established: None,
            established_at: None,
            usage: Usage::Idle { since: now },
            phase: Phase::Starting { outage },
            begun_at: now,
            drop: None,
            asked_at: now,
            is_answered: false,
            candidate: 0,
            passed_over: Vec::new(),
            hopes: false,
        }
    }

    /// Connections that were placed here and have not ended.
    pub(crate) fn connections(&self) -> u32 {
        match self.usage {
            Usage::Idle { .. } => 0,
            Usage::Carries { connections, .. } => connections.get(),
        }
    }

    /// Since when it has carried no connection; `None` while it carries some.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        match self.usage {
            Usage::Idle { since } => Some(since),
            Usage::Carries { .. } => None,
        }
    }

    /// When the latest connection was placed here; `None` while it carries none.
    pub(crate) fn latest_connection(&self) -> Option<Instant> {
        match self.usage {
            Usage::Idle { .. } => None,
            Usage::Carries { latest, .. } => Some(latest),
        }
    }

    /// What it carries, if it can carry connections. A session without a connection carries nothing,
    /// whatever went over it a moment ago.
    pub(crate) fn load(&self) -> Option<Load> {
        let up = self.up()?;
        match self.usage {
            Usage::Idle { .. } => Some(Load::Light),
            Usage::Carries { .. } => Some(up.load),
        }
    }

    /// A connection is placed here.
    pub(crate) fn take_connection(&mut self, now: Instant) {
        let connections = match self.usage {
            Usage::Idle { .. } => NonZeroU32::MIN,
            Usage::Carries { connections, .. } => connections.saturating_add(1),
        };
        self.usage = Usage::Carries {
            connections,
            latest: now,
        };
    }

    /// A connection has ended. Nothing happens if there is none.
    pub(crate) fn end_connection(&mut self, now: Instant) {
        if let Usage::Carries {
            connections,
            latest,
        } = self.usage
        {
            self.usage = match NonZeroU32::new(connections.get() - 1) {
                Some(connections) => Usage::Carries {
                    connections,
                    latest,
                },
                None => Usage::Idle { since: now },
            };
        }
    }

    /// The outage that the session is in, if it is in one.
    pub(crate) fn outage(&self) -> Option<&Outage> {
        match &self.phase {
            Phase::Starting { outage }
            | Phase::Dialling { outage }
            | Phase::Handshaking { outage } => outage.as_ref(),
            Phase::Resuming { outage, .. }
            | Phase::Waiting { outage, .. }
            | Phase::Held { outage, .. }
            | Phase::AwaitingSignIn { outage, .. } => Some(outage),
            Phase::Up(_) | Phase::Ending(_) => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn outage_mut(&mut self) -> Option<&mut Outage> {
        match &mut self.phase {
            Phase::Starting { outage }
            | Phase::Dialling { outage }
            | Phase::Handshaking { outage } => outage.as_mut(),
            Phase::Resuming { outage, .. }
            | Phase::Waiting { outage, .. }
            | Phase::Held { outage, .. }
            | Phase::AwaitingSignIn { outage, .. } => Some(outage),
            Phase::Up(_) | Phase::Ending(_) => None,
        }
    }

    /// Takes the outage out of a phase that is about to be replaced, an old one that is
    /// still healing included.
    pub(crate) fn take_outage(&mut self) -> Option<Outage> {
        match &mut self.phase {
            Phase::Starting { outage }
            | Phase::Dialling { outage }
            | Phase::Handshaking { outage }
            | Phase::Up(Up {
                healing: outage, ..
            }) => outage.take(),
            Phase::Resuming { outage, .. }
            | Phase::Waiting { outage, .. }
            | Phase::Held { outage, .. }
            | Phase::AwaitingSignIn { outage, .. } => Some(outage.clone()),
            Phase::Ending(_) => None,
        }
    }

    /// A request is made for it.
    pub(crate) fn asks(&mut self, now: Instant) {
        self.asked_at = now;
        self.is_answered = false;
    }

    /// What was asked for it and is not answered, and when it was asked.
    pub(crate) fn pending(&self) -> Option<(Asked, Instant)> {
        let asked = match &self.phase {
            Phase::Starting { .. } => Asked::StartSession,
            Phase::Resuming { .. } => Asked::ResumeSession,
            Phase::Dialling { .. } => Asked::Upgrade,
            Phase::Handshaking { .. }
            | Phase::Up(_)
            | Phase::Waiting { .. }
            | Phase::Held { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(_) => return None,
        };
        (!self.is_answered).then_some((asked, self.asked_at))
    }

    /// When the step of an attempt ends that is under way, or that comes next, if nothing answers;
    /// `None` where no step is.
    pub(crate) fn step_end(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Starting { .. } | Phase::Resuming { .. } => Some(self.asked_at + CALL_LIMIT),
            Phase::Dialling { .. } => Some(self.asked_at + DIAL_LIMIT),
            Phase::Handshaking { .. } => Some(self.asked_at + HANDSHAKE_LIMIT),
            Phase::Waiting { until, .. } => Some(*until + CALL_LIMIT),
            Phase::Up(_) | Phase::Held { .. } | Phase::AwaitingSignIn { .. } | Phase::Ending(_) => {
                None
            }
        }
    }

    /// The session while it can carry connections.
    pub(crate) fn up(&self) -> Option<&Up> {
        match &self.phase {
            Phase::Up(up) => Some(up),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Waiting { .. }
            | Phase::Held { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(_) => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn up_mut(&mut self) -> Option<&mut Up> {
        match &mut self.phase {
            Phase::Up(up) => Some(up),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Waiting { .. }
            | Phase::Held { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(_) => None,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.up().is_some()
    }

    /// Says whether the session is not on its way out.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.phase, Phase::Ending(_))
    }

    /// Says whether it is being started for the first time, and nothing has gone wrong.
    pub(crate) fn is_coming(&self) -> bool {
        matches!(
            self.phase,
            Phase::Starting { outage: None }
                | Phase::Dialling { outage: None }
                | Phase::Handshaking { outage: None }
        )
    }

    pub(crate) fn accept(&mut self, grant: &Grant) {
        self.session_id = Some(grant.session_id.clone());
    }
}
