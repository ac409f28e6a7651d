//! The end of sessions, and of the tunnel.

use std::time::{Duration, Instant};

use super::drops::OpenDrop;
use super::{Action, Event, Grant, Intent, Tunnel, Waiting};
use crate::backoff::{Backoff, LONGEST};
use crate::evidence::{Cause, DropRecord, Happening, Refusal};
use crate::slot::{Ending, Phase};
use crate::{Failure, Problem, ProblemKind, SessionKey, Start, State, Then};

/// How long the agent has to acknowledge the flag that ends a session.
const FLAG_PATIENCE: Duration = Duration::from_millis(500);

/// How long stopping may take altogether: an answer to StartSession is waited for that long.
pub const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// A lazy tunnel's time between a session that could not be had and the next that is wanted.
#[derive(Debug)]
pub(super) struct Rest {
    /// Before that, none is started.
    pub(super) until: Instant,
    /// How long the next rest is, if that one can't be had either.
    backoff: Backoff,
    /// Why it could not be had.
    pub(super) problem: Problem,
}

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
        self.flush_unreached(now);
        for at in (0..self.slots.len()).rev() {
            self.close_drop(now, at, OpenDrop::stopped);
            self.end_session(now, at);
        }
        Cause::Stopped
    }

    /// Ends a session at the service that the tunnel does not need any more.
    pub(super) fn let_go(&mut self, now: Instant, at: usize) {
        self.close_drop(now, at, OpenDrop::let_go);
        self.end_session(now, at);
    }

    fn end_session(&mut self, now: Instant, at: usize) {
        let slot = &mut self.slots[at];
        match &slot.phase {
            Phase::Ending(_) => {}
            Phase::Up(_) => {
                slot.phase = Phase::Ending(Ending::Flag {
                    until: now + FLAG_PATIENCE,
                });
                self.actions.push_back(Action::SendEnd(slot.key));
            }
            Phase::Starting { .. } => slot.phase = Phase::Ending(Ending::Grant),
            Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Waiting { .. }
            | Phase::Held { .. }
            | Phase::AwaitingSignIn { .. } => self.terminate(at),
        }
    }

    /// Drops a session that nobody uses without a word to its agent, which can't be reached.
    pub(super) fn drop_session(&mut self, now: Instant, at: usize) {
        self.close_drop(now, at, OpenDrop::let_go);
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

    /// Closes the connections that wait; returns since when they did.
    fn reject_waiting(&mut self) -> Vec<Instant> {
        let waiting = std::mem::take(&mut self.waiting);
        let reject = |waiting: Waiting| {
            self.actions.push_back(Action::Reject(waiting.request));
            waiting.since
        };
        waiting.into_iter().map(reject).collect()
    }

    fn close_drop(&mut self, now: Instant, at: usize, end: fn(OpenDrop, Instant) -> DropRecord) {
        let pending = self.slots[at].pending();
        if let Some(mut drop) = self.slots[at].drop.take() {
            if let Some((asked, asked_at)) = pending {
                drop.unanswered(now, asked, asked_at);
            }
            let what = Happening::Drop(Box::new(end(*drop, now)));
            self.record(now, what);
        }
    }

    /// No session can be had. A lazy tunnel listens again, and the next connection may find that
    /// what was wrong is mended; but if settings were refused before any session was there, they
    /// have to be changed first. Any other tunnel is given up.
    pub(super) fn give_up(&mut self, now: Instant, problem: Problem) {
        match self.then_without_a_session(&problem) {
            Then::Listening => self.listen_again(now, problem),
            Then::GivenUp | Then::Resumed | Then::Replaced | Then::CaughtUp => {
                self.fail(now, problem);
            }
        }
    }

    /// What happens when no session can be had for that reason.
    pub(super) fn then_without_a_session(&self, problem: &Problem) -> Then {
        let settings = !self.has_been_up && problem.kind == ProblemKind::Settings;
        match self.policy.start {
            Start::Lazy { .. } if !settings => Then::Listening,
            Start::Lazy { .. } | Start::AtOnce => Then::GivenUp,
        }
    }

    fn listen_again(&mut self, now: Instant, problem: Problem) {
        // Why comes before what follows from it.
        self.events.push_back(Event::Rested(problem.clone()));
        self.clear(now, &problem);
        let mut backoff = self
            .rest
            .take()
            .map(|rest| rest.backoff)
            .unwrap_or_default();
        let until = now + backoff.next(&mut self.random, LONGEST);
        self.rest = Some(Rest {
            until,
            backoff,
            problem,
        });
    }

    fn fail(&mut self, now: Instant, problem: Problem) {
        self.clear(now, &problem);
        let since = self.clock.unix_ms(now);
        self.intent = Intent::Over(State::Failed {
            since,
            problem: problem.clone(),
        });
        self.events.push_back(Event::Failed(problem));
    }

    /// Leaves nothing behind at the service or in the driver.
    fn clear(&mut self, now: Instant, problem: &Problem) {
        let since = self.reject_waiting();
        self.flush_unreached(now);
        self.turned_away(now, since, Refusal::NoSession, Some(problem.clone()));
        for slot in std::mem::take(&mut self.slots) {
            let pending = slot.pending();
            self.actions.push_back(Action::Discard(slot.key));
            if let Some(session_id) = slot.session_id {
                self.actions.push_back(Action::Abandon(session_id));
            }
            if let Some(mut drop) = slot.drop {
                if let Some((asked, asked_at)) = pending {
                    drop.unanswered(now, asked, asked_at);
                }
                let record = drop.given_up(now, problem.clone());
                self.record(now, Happening::Drop(Box::new(record)));
            }
        }
    }
}
