//! What a tunnel says that it does.

use std::time::Instant;

use super::retrying::SIGN_IN_PROBE;
use super::surroundings::{Network, network_down};
use super::{Intent, Tunnel, TunnelTimer};
use crate::slot::{Lacks, Outage, Phase, Slot};
use crate::{Deadline, Illness, Outlook, Problem, RenewedBy, Start, State, Until};

impl Tunnel {
    /// The tunnel's public state.
    pub fn state(&self) -> State {
        match &self.intent {
            Intent::Run => self.running_state(),
            Intent::Stop { .. } => State::Stopping,
            Intent::Over(state) => state.clone(),
        }
    }

    fn running_state(&self) -> State {
        if let Some(since) = self.up_since {
            return self.up_state(since);
        }
        let lazy = matches!(self.policy.start, Start::Lazy { .. });
        if lazy && self.live() == 0 {
            return self.listening_state();
        }
        // The slot that comes back first speaks for the tunnel; one that is being started for
        // the first time has nothing to say. One that waits for a person does so unless another
        // is tried before the credentials were looked at twice more: longer than any backoff, so
        // that two do not take turns, and sooner than what is asked for seldom. One for which
        // looking is in vain does so before all that only wait.
        let out = self.slots.iter().filter(|slot| slot.outage().is_some());
        let next = out.min_by_key(|slot| match &slot.phase {
            Phase::AwaitingSignIn { probe, .. } => (true, probe.map(|probe| probe + SIGN_IN_PROBE)),
            Phase::Waiting { until, .. } => (true, Some(*until)),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Up(_)
            | Phase::Held { .. }
            | Phase::Ending(_) => (false, None),
        });
        let Some((slot, outage)) = next.and_then(|slot| Some((slot, slot.outage()?))) else {
            return State::Connecting {
                since: self.started,
            };
        };
        let since = outage.since;
        let problem = outage.problem.clone();
        let needs_sign_in = |probe: Option<Instant>| State::NeedsSignIn {
            since,
            next_attempt: probe.map(|probe| self.clock.unix_ms(probe)),
            renewed_by: renewed_by(outage),
            problem: problem.clone(),
            outlook: self.outlook(self.connections(), None),
        };
        let (next_attempt, problem) = match &slot.phase {
            Phase::AwaitingSignIn { probe, .. } => return needs_sign_in(*probe),
            // The credentials are looked at: before that is answered, nothing is known that is new.
            Phase::Starting { .. } | Phase::Resuming { .. }
                if matches!(outage.lacks, Lacks::SignIn | Lacks::Restart) =>
            {
                return needs_sign_in(None);
            }
            Phase::Waiting { until, .. } => (Some(self.clock.unix_ms(*until)), problem),
            Phase::Held { .. } => match self.network {
                Network::Down => (None, network_down()),
                Network::Up => (None, problem),
            },
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Up(_)
            | Phase::Ending(_) => (None, problem),
        };
        State::Reconnecting {
            since,
            attempt: outage.attempt,
            next_attempt,
            problem,
            outlook: self.outlook(self.connections(), self.tried_until()),
        }
    }

    /// The state of a lazy tunnel that has no session.
    fn listening_state(&self) -> State {
        match (self.network, self.waiting.front()) {
            // Nothing is tried before the network is back.
            (Network::Down, Some(first)) if self.is_held() => State::Reconnecting {
                since: self.clock.unix_ms(first.since),
                attempt: 1,
                next_attempt: None,
                problem: network_down(),
                outlook: self.outlook(0, None),
            },
            (Network::Up | Network::Down, _) => State::Listening,
        }
    }

    fn up_state(&self, since: u64) -> State {
        match self.degradation() {
            Some(Degradation {
                session_id,
                illness: Illness { problem, until },
                held,
            }) => State::Degraded {
                since: self.degraded_since.unwrap_or(since),
                problem,
                session_id,
                others: self.well(),
                outlook: self.outlook(held, until),
            },
            None => State::Up { since },
        }
    }

    /// Sessions that serve new connections as if nothing were wrong.
    fn well(&self) -> u32 {
        let ups = self.slots.iter().filter_map(Slot::up);
        match self.network {
            Network::Down => 0,
            Network::Up => {
                let well = ups.filter(|up| up.illness().is_none()).count();
                u32::try_from(well).unwrap_or(u32::MAX)
            }
        }
    }

    /// For whom it is, and until when, as long as that is to come.
    fn outlook(&self, held: u32, until: Option<Deadline>) -> Outlook {
        let until = until.filter(|until| self.now < until.at);
        Outlook {
            held,
            waiting: u32::try_from(self.waiting.len()).unwrap_or(u32::MAX),
            until: until.map(|Deadline { at, then }| Until {
                at: self.clock.unix_ms(at),
                then,
            }),
        }
    }

    /// When what was told of the end is past, and is told no longer.
    pub(super) fn lapse(&self) -> Option<(Instant, TunnelTimer)> {
        let (State::Degraded { outlook, .. } | State::Reconnecting { outlook, .. }) = &self.told
        else {
            return None;
        };
        outlook.until?;
        let until = match self.up_since {
            Some(_) => self.degradation()?.illness.until,
            None => self.tried_until(),
        };
        let until = until.filter(|until| self.now < until.at)?;
        Some((until.at, TunnelTimer::Lapse))
    }

    /// Whether something is wrong although there are sessions that can carry connections.
    pub(super) fn is_degraded(&self) -> bool {
        self.degradation().is_some()
    }

    /// What is wrong although there are sessions that can carry connections.
    fn degradation(&self) -> Option<Degradation> {
        let (slot, illness) = match self.network {
            // The WebSocket may outlive it; what is sent now goes nowhere.
            Network::Down => {
                return Some(Degradation {
                    session_id: None,
                    illness: Illness {
                        problem: network_down(),
                        until: None,
                    },
                    held: self.connections(),
                });
            }
            Network::Up => self.ill_with_connections().or_else(|| {
                let ups = || {
                    self.slots
                        .iter()
                        .filter_map(|slot| Some((slot, slot.up()?)))
                };
                if ups().any(|(_, up)| up.illness().is_none()) {
                    return None;
                }
                ups().find_map(|(slot, up)| Some((slot, up.illness()?.clone())))
            })?,
        };
        let ill = self.slots.iter().filter(|slot| illness_of(slot).is_some());
        let held = ill
            .map(|slot| slot.connections())
            .fold(0, u32::saturating_add);
        Some(Degradation {
            session_id: slot.session_id.clone(),
            illness,
            held,
        })
    }

    /// The session that is ill and carries the most connections. That others are well is of use
    /// to new connections alone: these can't leave theirs.
    fn ill_with_connections(&self) -> Option<(&Slot, Illness)> {
        let ill = self.slots.iter().filter(|slot| slot.connections() > 0);
        let ill = ill.filter_map(|slot| Some((slot, illness_of(slot)?)));
        ill.max_by_key(|(slot, _)| slot.connections())
    }

    /// Why there is no session, as far as is known.
    pub(super) fn trouble(&self) -> Option<Problem> {
        match self.running_state() {
            State::Reconnecting { problem, .. } | State::NeedsSignIn { problem, .. } => {
                Some(problem)
            }
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Degraded { .. }
            | State::Stopping
            | State::Failed { .. } => None,
        }
    }
}

/// What is wrong with a tunnel that carries connections.
struct Degradation {
    /// With which session; `None`: with all.
    session_id: Option<String>,
    illness: Illness,
    /// Connections that can't go on as they should.
    held: u32,
}

/// What gives credentials again that are lacking.
fn renewed_by(outage: &Outage) -> RenewedBy {
    match outage.lacks {
        Lacks::Restart => RenewedBy::Restart,
        Lacks::SignIn | Lacks::Settings | Lacks::Network | Lacks::Nothing => RenewedBy::SignIn,
    }
}

/// What is wrong with a session.
fn illness_of(slot: &Slot) -> Option<Illness> {
    match slot.up() {
        Some(up) => up.illness().cloned(),
        // It is tried for as long as others carry the tunnel.
        None => slot.outage().map(|outage| Illness {
            problem: outage.problem.clone(),
            until: None,
        }),
    }
}

/// How much another state of a tunnel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing: it is the same.
    None,
    /// How many connections it is about, or until when it lasts.
    Outlook,
    /// The number or the time of an attempt.
    Attempt,
    /// Something else.
    State,
}

/// What the state that a tunnel is in now tells a reader of the one that was told last.
pub(super) fn news(told: &State, state: &State) -> News {
    if told == state {
        return News::None;
    }
    match (told, state) {
        (
            State::Degraded { since, problem, .. },
            State::Degraded {
                since: now_since,
                problem: now_problem,
                ..
            },
        ) if since == now_since && problem == now_problem => News::Outlook,
        (
            State::Reconnecting {
                since,
                problem,
                attempt,
                next_attempt,
                outlook: _,
            },
            State::Reconnecting {
                since: now_since,
                problem: now_problem,
                attempt: now_attempt,
                next_attempt: now_next_attempt,
                outlook: _,
            },
        ) if since == now_since && problem.code == now_problem.code => {
            let same =
                (problem, attempt, next_attempt) == (now_problem, now_attempt, now_next_attempt);
            if same { News::Outlook } else { News::Attempt }
        }
        (
            State::NeedsSignIn {
                since,
                problem,
                next_attempt,
                renewed_by,
                outlook: _,
            },
            State::NeedsSignIn {
                since: now_since,
                problem: now_problem,
                next_attempt: now_next_attempt,
                renewed_by: now_renewed_by,
                outlook: _,
            },
        ) if (since, &problem.code, renewed_by)
            == (now_since, &now_problem.code, now_renewed_by) =>
        {
            let same = (problem, next_attempt) == (now_problem, now_next_attempt);
            if same { News::Outlook } else { News::Attempt }
        }
        (
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Degraded { .. }
            | State::Reconnecting { .. }
            | State::NeedsSignIn { .. }
            | State::Stopping
            | State::Failed { .. },
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Degraded { .. }
            | State::Reconnecting { .. }
            | State::NeedsSignIn { .. }
            | State::Stopping
            | State::Failed { .. },
        ) => News::State,
    }
}
