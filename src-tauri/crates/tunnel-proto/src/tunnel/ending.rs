//! The end of sessions, and of the tunnel.

use std::time::{Duration, Instant};

use super::{Action, Event, Grant, Intent, Tunnel};
use crate::evidence::{Cause, Happening};
use crate::slot::{Ending, Phase};
use crate::{Failure, Problem, SessionKey, State};

/// How long the agent has to acknowledge the flag that ends a session.
const FLAG_PATIENCE: Duration = Duration::from_millis(500);

/// How long stopping may take altogether.
pub(super) const STOP_PATIENCE: Duration = Duration::from_secs(3);

impl Tunnel {
    pub(super) fn handle_stop(&mut self, now: Instant) -> Cause {
        match self.intent {
            Intent::Run => {}
            Intent::Stop { .. } | Intent::Over(_) => return Cause::Stopped,
        }
        self.intent = Intent::Stop {
            deadline: now + STOP_PATIENCE,
        };
        self.reject_waiting();
        for at in (0..self.slots.len()).rev() {
            self.end_session(now, at);
        }
        Cause::Stopped
    }

    /// Ends a session at the service: the tunnel stops, or does not need it any more.
    pub(super) fn end_session(&mut self, now: Instant, at: usize) {
        self.close_drop(now, at);
        let slot = &mut self.slots[at];
        match (&slot.phase, &slot.session_id) {
            (Phase::Ending(_), _) => {}
            (Phase::Up(_), Some(_)) => {
                slot.phase = Phase::Ending(Ending::Flag {
                    until: now + FLAG_PATIENCE,
                });
                self.actions.push_back(Action::SendEnd(slot.key));
            }
            (Phase::Starting { .. }, _) => slot.phase = Phase::Ending(Ending::Grant),
            (_, Some(_)) => self.terminate(at),
            (_, None) => self.remove(at),
        }
    }

    /// Drops a session that nobody uses without a word to its agent, which can't be reached.
    pub(super) fn drop_session(&mut self, now: Instant, at: usize) {
        self.close_drop(now, at);
        let slot = self.slots.remove(at);
        self.actions.push_back(Action::Discard(slot.key));
        if let Some(session_id) = slot.session_id {
            self.actions.push_back(Action::Abandon(session_id));
        }
    }

    pub(super) fn end_granted(&mut self, at: usize, result: Result<Grant, Failure>) {
        match result {
            Ok(grant) => {
                self.slots[at].accept(&grant);
                self.terminate(at);
            }
            Err(_) => self.remove(at),
        }
    }

    /// The agent has heard, or never will. Either way the service is told as well: an agent
    /// that acknowledges the flag has been seen not to end.
    pub(super) fn handle_flag_done(&mut self, key: SessionKey) -> Cause {
        if let Some(at) = self.position(key)
            && matches!(self.slots[at].phase, Phase::Ending(Ending::Flag { .. }))
        {
            self.terminate(at);
        }
        Cause::Stopped
    }

    pub(super) fn handle_terminated(&mut self, key: SessionKey) -> Cause {
        if let Some(at) = self.position(key)
            && !self.slots[at].is_live()
        {
            self.remove(at);
        }
        Cause::Stopped
    }

    pub(super) fn terminate(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        match &slot.session_id {
            Some(session_id) => {
                self.actions
                    .push_back(Action::Terminate(slot.key, session_id.clone()));
                slot.phase = Phase::Ending(Ending::Terminate);
            }
            None => self.remove(at),
        }
    }

    fn remove(&mut self, at: usize) {
        let slot = self.slots.remove(at);
        self.actions.push_back(Action::Discard(slot.key));
    }

    fn reject_waiting(&mut self) {
        for waiting in self.waiting.drain(..) {
            self.actions.push_back(Action::Reject(waiting.request));
        }
    }

    fn close_drop(&mut self, now: Instant, at: usize) {
        if let Some(drop) = self.slots[at].drop.take() {
            let what = Happening::Drop(Box::new(drop.stopped(now)));
            self.record(now, what);
        }
    }

    /// Gives the tunnel up: nothing is left behind at the service or in the driver.
    pub(super) fn fail(&mut self, now: Instant, problem: Problem) {
        self.reject_waiting();
        for slot in std::mem::take(&mut self.slots) {
            self.actions.push_back(Action::Discard(slot.key));
            if let Some(session_id) = slot.session_id {
                self.actions.push_back(Action::Abandon(session_id));
            }
            if let Some(drop) = slot.drop {
                let record = drop.given_up(now, problem.clone());
                self.record(now, Happening::Drop(Box::new(record)));
            }
        }
        let since = self.clock.unix_ms(now);
        self.intent = Intent::Over(State::Failed {
            since,
            problem: problem.clone(),
        });
        self.events.push_back(Event::Failed(problem));
    }
}
