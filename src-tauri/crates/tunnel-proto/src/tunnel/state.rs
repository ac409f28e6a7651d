//! What a tunnel says that it does.

use super::surroundings::{Network, network_down};
use super::{Intent, Tunnel};
use crate::slot::{Lacks, Phase, Slot};
use crate::{Problem, Start, State};

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
        // the first time has nothing to say.
        let out = self.slots.iter().filter(|slot| slot.outage().is_some());
        let next = out.min_by_key(|slot| match &slot.phase {
            Phase::AwaitingSignIn { .. } => (1, None),
            Phase::Waiting { until, .. } => (0, Some(*until)),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Up(_)
            | Phase::Held { .. }
            | Phase::Ending(_) => (0, None),
        });
        let Some((slot, outage)) = next.and_then(|slot| Some((slot, slot.outage()?))) else {
            return State::Connecting {
                since: self.started,
            };
        };
        let since = outage.since;
        let problem = outage.problem.clone();
        let (next_attempt, problem) = match &slot.phase {
            Phase::AwaitingSignIn { probe, .. } => {
                return State::NeedsSignIn {
                    since,
                    next_attempt: Some(self.clock.unix_ms(*probe)),
                    problem,
                };
            }
            // The credentials are looked at: before that is answered, nothing is known that is new.
            Phase::Starting { .. } | Phase::Resuming { .. } if outage.lacks == Lacks::SignIn => {
                return State::NeedsSignIn {
                    since,
                    next_attempt: None,
                    problem,
                };
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
            },
            (Network::Up | Network::Down, _) => State::Listening,
        }
    }

    fn up_state(&self, since: u64) -> State {
        match self.degradation() {
            Some(problem) => State::Degraded {
                since: self.degraded_since.unwrap_or(since),
                problem,
            },
            None => State::Up { since },
        }
    }

    /// What is wrong although there are sessions that can carry connections.
    pub(super) fn degradation(&self) -> Option<Problem> {
        let ups = || self.slots.iter().filter_map(Slot::up);
        match self.network {
            // The WebSocket may outlive it; what is sent now goes nowhere.
            Network::Down => Some(network_down()),
            Network::Up => self.ill_with_connections().or_else(|| {
                if ups().any(|up| up.degraded.is_none()) {
                    return None;
                }
                ups().find_map(|up| up.degraded.clone())
            }),
        }
    }

    /// What is wrong with the session that is ill and carries the most connections. That others
    /// are well is of use to new connections alone: these can't leave theirs.
    fn ill_with_connections(&self) -> Option<Problem> {
        let ill = self.slots.iter().filter(|slot| slot.connections > 0);
        let ill = ill.filter_map(|slot| Some((slot.connections, illness(slot)?)));
        ill.max_by_key(|(connections, _)| *connections)
            .map(|(_, problem)| problem)
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

/// What is wrong with a session that carries connections, and how many wait for it.
///
/// They are counted when it began, for nothing is placed on such a session while another is
/// well, and a number that changes with each connection that ends would be told as news.
fn illness(slot: &Slot) -> Option<Problem> {
    if let Some(up) = slot.up() {
        return up.degraded.clone();
    }
    let problem = slot.outage()?.problem.clone();
    let held = slot
        .drop
        .as_ref()
        .map_or(slot.connections, |drop| drop.connections());
    Some(with_held(problem, held))
}

/// Says, beside what is wrong with a session, how many connections it held up when that began.
pub(super) fn with_held(mut problem: Problem, connections: u32) -> Problem {
    match connections {
        0 => return problem,
        1 => problem.what.push_str(" 1 connection waits for it."),
        more => {
            let waiting = format!(" {more} connections wait for it.");
            problem.what.push_str(&waiting);
        }
    }
    problem
}

/// Whether two states tell a reader the same, but for the number and time of attempts.
pub(super) fn is_same_news(one: &State, other: &State) -> bool {
    match (one, other) {
        (
            State::Reconnecting { since, problem, .. },
            State::Reconnecting {
                since: other_since,
                problem: other_problem,
                ..
            },
        )
        | (
            State::NeedsSignIn { since, problem, .. },
            State::NeedsSignIn {
                since: other_since,
                problem: other_problem,
                ..
            },
        ) => since == other_since && problem.code == other_problem.code,
        _ => one == other,
    }
}
