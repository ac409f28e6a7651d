//! What was asked for a session is answered, until it is up.

use std::time::{Duration, Instant};

use super::{Action, Grant, Purpose, Tunnel};
use crate::evidence::{Asked, Cause, ClosedBy, Happening, Renewal};
use crate::slot::{Ending, Health, Phase, Renewing, Step, Up};
use crate::{Failure, Load, Next, SessionKey};

impl Tunnel {
    pub(super) fn handle_granted(
        &mut self,
        now: Instant,
        key: SessionKey,
        result: Result<Grant, Failure>,
    ) -> Cause {
        let Some(at) = self.position(key) else {
            // The slot was given up meanwhile: what was granted must not be left behind.
            if let Ok(grant) = result {
                self.actions.push_back(Action::Abandon(grant.session_id));
            }
            return Cause::Refused;
        };
        let slot = &mut self.slots[at];
        let (step, purpose) = match &slot.phase {
            Phase::Starting { .. } => (Step::Start, Purpose::Connect),
            Phase::Resuming { purpose, .. } => (Step::Resume, *purpose),
            Phase::Up(Up {
                renewing: Renewing::Resuming,
                ..
            }) => return self.handle_renewal_granted(now, at, result),
            Phase::Ending(Ending::Grant) => {
                self.end_granted(at, result);
                return Cause::Stopped;
            }
            Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Up(_)
            | Phase::Waiting { .. }
            | Phase::Held { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(Ending::Flag { .. } | Ending::Terminate) => return Cause::Refused,
        };
        let asked = match step {
            Step::Start => Asked::StartSession,
            Step::Resume => Asked::ResumeSession,
        };
        self.note_answer(now, at, asked, result.as_ref().err());
        match result {
            Ok(grant) => {
                let slot = &mut self.slots[at];
                slot.accept(&grant);
                let mut outage = slot.take_outage();
                if let Some(outage) = &mut outage {
                    outage.credentials_refused = false;
                }
                slot.phase = Phase::Dialling { outage };
                slot.asks(now);
                self.actions
                    .push_back(Action::Dial(key, grant, Purpose::Connect));
            }
            Err(failure) if purpose == Purpose::Renew && is_last_word(failure.next) => {
                // It was refused while the session was connected, and that is over.
                if let Some(outage) = self.slots[at].take_outage() {
                    self.attempt(now, at, Step::Resume, outage);
                }
            }
            // The service does not know yet that we have closed it.
            Err(failure) if failure.next == Next::Stop && self.is_just_closed(now, at) => {
                let fresh = self.outage(now, failure.problem);
                let outage = self.slots[at].take_outage().unwrap_or(fresh);
                self.retry(now, at, Step::Resume, outage);
            }
            Err(failure) => self.handle_failure(now, at, step, failure),
        }
        Cause::Refused
    }

    /// Our own order of calls is none of the service's time.
    pub(super) fn handle_asked(&mut self, key: SessionKey, at: Instant) -> Cause {
        if let Some(slot) = self.slot(key) {
            slot.asked_at = slot.asked_at.max(at);
        }
        Cause::Refused
    }

    pub(super) fn handle_dialled(
        &mut self,
        now: Instant,
        key: SessionKey,
        result: Result<(), Failure>,
    ) -> Cause {
        let Some(at) = self.position(key) else {
            return Cause::Refused;
        };
        match &self.slots[at].phase {
            Phase::Dialling { .. } => {}
            Phase::Up(Up {
                renewing: Renewing::Dialling,
                ..
            }) => return self.handle_renewal_dialled(now, at, result),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Handshaking { .. }
            | Phase::Up(_)
            | Phase::Waiting { .. }
            | Phase::Held { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(_) => return Cause::Refused,
        }
        self.note_answer(now, at, Asked::Upgrade, result.as_ref().err());
        let slot = &mut self.slots[at];
        match result {
            Ok(()) if slot.established.is_some() => self.come_up(now, at),
            Ok(()) => {
                let outage = slot.take_outage();
                slot.phase = Phase::Handshaking { outage };
                slot.asked_at = now;
            }
            // A token is good for one WebSocket and for a short time: ask for a new one.
            Err(failure) => {
                self.handle_failure(now, at, Step::Resume, failure);
                return Cause::Refused;
            }
        }
        Cause::Resumed
    }

    pub(super) fn handle_established(&mut self, now: Instant, key: SessionKey) -> Cause {
        let Some(at) = self.position(key) else {
            return Cause::Established;
        };
        let unix_ms = self.clock.unix_ms(now);
        let slot = &mut self.slots[at];
        slot.established.get_or_insert(now);
        slot.established_at.get_or_insert(unix_ms);
        self.start_took = Some(now.saturating_duration_since(slot.begun_at));
        if let Phase::Handshaking { .. } = self.slots[at].phase {
            self.come_up(now, at);
        }
        self.has_been_up = true;
        self.rest = None;
        Cause::Established
    }

    /// A WebSocket of an established session is there: connections can go on.
    pub(super) fn come_up(&mut self, now: Instant, at: usize) {
        let renewing = self.renewal_of(now);
        let slot = &mut self.slots[at];
        slot.phase = Phase::Up(Up {
            since: now,
            asleep: Duration::ZERO,
            healing: slot.take_outage(),
            health: Health::Well { since: now },
            load: Load::default(),
            renewing,
        });
        self.tell_of_sleep(at);
        let slot = &mut self.slots[at];
        let Some(drop) = slot.drop.take() else { return };
        let connections = slot.connections();
        let (session_id, closed_by) = (slot.session_id.clone(), drop.closed_by());
        let (gap, socket_age_ms) = (
            now.saturating_duration_since(drop.lost()),
            drop.socket_age_ms(),
        );
        let what = if closed_by == ClosedBy::Renewal && !drop.is_replaced() {
            self.renewals = self.renewals.saturating_add(1);
            Happening::Renewed(Renewal {
                session_id,
                socket_age_ms,
                gap_ms: super::drops::millis(gap),
                connections,
            })
        } else {
            if !drop.is_replaced() {
                self.reconnects = self.reconnects.saturating_add(1);
            }
            Happening::Drop(Box::new(drop.over(now, connections)))
        };
        self.record(now, what);
    }

    fn note_answer(&mut self, now: Instant, at: usize, asked: Asked, failure: Option<&Failure>) {
        let slot = &mut self.slots[at];
        slot.is_answered = true;
        if let Some(drop) = &mut slot.drop {
            let problem = failure.map(|failure| failure.problem.clone());
            drop.answered(now, asked, slot.asked_at, problem);
        }
    }
}

/// Whether an answer to ResumeSession ends the session.
fn is_last_word(next: Next) -> bool {
    match next {
        Next::NewSession | Next::Stop => true,
        Next::Retry
        | Next::AwaitNetwork
        | Next::AwaitTarget
        | Next::AwaitSettings
        | Next::NewCredentials
        | Next::SignIn
        | Next::Restart => false,
    }
}
