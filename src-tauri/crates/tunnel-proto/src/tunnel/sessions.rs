//! How each session of the pool stands, for those who look at one tunnel closely. Made when it is
//! asked for: nothing is kept for it but the time of the first handshake.

use std::time::{Duration, Instant};

use super::Tunnel;
use crate::slot::{Phase, Renewing, Slot, Up};
use crate::{Problem, SessionKey};

/// One session of a tunnel at one moment. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStatus {
    /// Names it within its tunnel.
    pub key: SessionKey,
    /// Names it at the service; `None` before StartSession was answered.
    pub session_id: Option<String>,
    /// What it does.
    pub state: SessionState,
    /// When its first handshake was completed; `None` before.
    pub established: Option<u64>,
    /// Since when its present WebSocket is in use; `None` while it has none.
    pub socket_since: Option<u64>,
    /// When it gets another WebSocket.
    pub renewal: RenewalOutlook,
    /// Connections that were placed on it and have not ended.
    pub connections: u32,
}

/// What a session does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// It is being started, and nothing has gone wrong.
    Starting,
    /// It carries connections.
    Up,
    /// It carries connections, but something is wrong with it.
    Degraded(Problem),
    /// It is being resumed or replaced.
    Reconnecting {
        /// When the next attempt is made; `None` while one is under way, and while none can be.
        next_attempt: Option<u64>,
        /// Why.
        problem: Problem,
    },
    /// Nothing can be done before the user has signed in.
    NeedsSignIn(Problem),
    /// It is being ended.
    Ending,
}

/// When a session gets another WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenewalOutlook {
    /// It has none, or keeps the one that it has until the gateway closes it.
    None,
    /// At the first quiet moment from then on.
    Due(u64),
    /// At the next quiet moment.
    AtQuiet,
    /// Now.
    UnderWay,
}

impl Tunnel {
    /// How its sessions stand, the oldest first: at most [`SESSIONS_MOST`] of them live, besides
    /// those that are on their way out.
    ///
    /// [`SESSIONS_MOST`]: crate::SESSIONS_MOST
    pub fn sessions(&self, now: Instant) -> impl Iterator<Item = SessionStatus> + '_ {
        self.slots.iter().map(move |slot| self.status(now, slot))
    }

    fn status(&self, now: Instant, slot: &Slot) -> SessionStatus {
        // What is past is counted back from now: `Instant`s do not count the time asleep.
        let ago = |age: Duration| {
            let now = self.clock.unix_ms(now);
            now.saturating_sub(super::drops::millis(age))
        };
        SessionStatus {
            key: slot.key,
            session_id: slot.session_id.clone(),
            state: self.session_state(slot),
            established: slot.established_at,
            socket_since: slot.up().map(|up| ago(up.age(now))),
            renewal: slot
                .up()
                .map_or(RenewalOutlook::None, |up| self.renewal_outlook(up)),
            connections: slot.connections(),
        }
    }

    fn session_state(&self, slot: &Slot) -> SessionState {
        let reconnecting = |problem: &Problem, next: Option<Instant>| SessionState::Reconnecting {
            next_attempt: next.map(|at| self.clock.unix_ms(at)),
            problem: problem.clone(),
        };
        match &slot.phase {
            Phase::Starting { outage }
            | Phase::Dialling { outage }
            | Phase::Handshaking { outage } => match outage {
                None => SessionState::Starting,
                Some(outage) => reconnecting(&outage.problem, None),
            },
            Phase::Resuming { outage, .. } | Phase::Held { outage, .. } => {
                reconnecting(&outage.problem, None)
            }
            Phase::Waiting { outage, until, .. } => reconnecting(&outage.problem, Some(*until)),
            Phase::AwaitingSignIn { outage, .. } => {
                SessionState::NeedsSignIn(outage.problem.clone())
            }
            Phase::Up(up) => match up.illness() {
                None => SessionState::Up,
                Some(illness) => SessionState::Degraded(illness.problem.clone()),
            },
            Phase::Ending(_) => SessionState::Ending,
        }
    }

    fn renewal_outlook(&self, up: &Up) -> RenewalOutlook {
        match up.renewing {
            Renewing::Off => RenewalOutlook::None,
            Renewing::Due { at } => RenewalOutlook::Due(self.clock.unix_ms(at)),
            Renewing::Quiet | Renewing::QuietToClose => RenewalOutlook::AtQuiet,
            Renewing::Resuming | Renewing::Dialling | Renewing::Taking => RenewalOutlook::UnderWay,
        }
    }
}
