//! What follows when a WebSocket, or a session, is lost.

use std::time::{Duration, Instant};

use super::drops::OpenDrop;
use super::{Event, HEALING, Loss, Purpose, Tunnel};
use crate::evidence::{Cause, ClosedBy};
use crate::slot::{Ending, Outage, Phase, Renewing, Step};
use crate::{Close, Failure, Next, Problem, SessionKey, Vitals};

/// A WebSocket that lived shorter than this is not resumed without a pause when the one before
/// was lost a short while ago.
const SHORT_LIFE: Duration = Duration::from_secs(1);

/// A WebSocket that lived so long worked, though nothing had to get through: a tunnel that
/// nobody uses. One that ended because no sign of life came did not.
const PROVEN_LIFE: Duration = Duration::from_secs(10);

impl Tunnel {
    pub(super) fn handle_lost(&mut self, now: Instant, key: SessionKey, loss: Loss) -> Cause {
        // The last words of a session that was given up are nobody's business any more.
        let Some(at) = self.position(key) else {
            return Cause::Lost;
        };
        let loss = Loss {
            close: Close {
                at: self.clock.unix_ms(now),
                ..loss.close
            },
            ..loss
        };
        let slot = &self.slots[at];
        // Whoever ended it first decides the cause: the gateway closes what the agent was told to end.
        let closed_by = if slot.is_live() {
            loss.closed_by
        } else {
            ClosedBy::SessionEnd
        };
        let loss = Loss { closed_by, ..loss };
        let socket_age = slot.up().map_or(Duration::ZERO, |up| up.age(now));
        self.last_close = Some(loss.close.clone());
        self.events.push_back(Event::Lost {
            session: key,
            close: loss.close.clone(),
            closed_by: loss.closed_by,
            socket_age,
        });
        match &slot.phase {
            Phase::Up(_) | Phase::Handshaking { .. } => {
                self.open_drop(now, at, &loss, socket_age);
                self.follow_loss(now, at, &loss);
                match loss.closed_by {
                    // Those of the other sessions go the same way, as a rule.
                    ClosedBy::Deadline => self.check_paths(),
                    ClosedBy::Gateway
                    | ClosedBy::Network
                    | ClosedBy::Renewal
                    | ClosedBy::SessionEnd => {}
                }
            }
            // The flag may not have arrived.
            Phase::Ending(Ending::Flag { .. }) => self.terminate(at),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Waiting { .. }
            | Phase::Held { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(Ending::Grant | Ending::Terminate) => {}
        }
        Cause::Lost
    }

    /// What follows the loss of the WebSocket that was in use.
    fn follow_loss(&mut self, now: Instant, at: usize, loss: &Loss) {
        if self.is_surplus(at) {
            return self.drop_session(now, at);
        }
        let (since, age, renewing) = match self.slots[at].up() {
            Some(up) => (up.since, up.age(now), up.renewing),
            None => (now, Duration::ZERO, Renewing::Off),
        };
        let lived = now.saturating_duration_since(since);
        let fresh = self.outage(now, loss.close.problem(age, loss.closed_by));
        let slot = &mut self.slots[at];
        let (outage, at_once) = match slot.take_outage() {
            None => (fresh, true),
            // It broke again soon, but something got through: it works, if badly. A long pause
            // would only slow the bytes down; none at all would call the service as fast as it
            // cuts. The time that it worked for pays back what the outages took of the budget.
            Some(before) if loss.progressed || has_lived(loss.closed_by, lived) => {
                let spent = before.taken(since).saturating_sub(lived);
                (Outage { spent, ..fresh }, lived >= SHORT_LIFE)
            }
            // It broke again before anything got through: the budget in time runs on.
            Some(before) => {
                let Outage { problem, since, .. } = fresh;
                let outage = Outage {
                    problem,
                    since,
                    ..before
                };
                (outage, false)
            }
        };
        match renewing {
            // What the renewal has asked for is what is needed now.
            Renewing::Resuming => {
                slot.phase = Phase::Resuming {
                    outage,
                    purpose: Purpose::Renew,
                };
            }
            Renewing::Dialling | Renewing::Taking => {
                let outage = Some(outage);
                slot.phase = Phase::Dialling { outage };
            }
            Renewing::Off | Renewing::Due { .. } | Renewing::Quiet | Renewing::QuietToClose => {
                if at_once {
                    self.attempt(now, at, Step::Resume, outage);
                } else {
                    self.retry(now, at, Step::Resume, outage);
                }
            }
        }
    }

    pub(super) fn handle_over(
        &mut self,
        now: Instant,
        key: SessionKey,
        problem: Problem,
        vitals: Vitals,
    ) -> Cause {
        let Some(at) = self.position(key) else {
            return Cause::SessionOver;
        };
        let worked = self.slots[at].is_up();
        if self.is_surplus(at) {
            // Nobody loses anything by it, and nobody needs another in its place.
            if worked {
                self.drop_session(now, at);
            } else {
                self.refuse_growth(now, at);
            }
            return Cause::SessionOver;
        }
        let slot = &mut self.slots[at];
        if slot.drop.is_none()
            && let Phase::Up(up) = &slot.phase
        {
            let age = up.age(now);
            let close = Close {
                at: self.clock.unix_ms(now),
                code: None,
                reason: problem.code.clone(),
            };
            let loss = Loss {
                close,
                closed_by: ClosedBy::SessionEnd,
                progressed: true,
                vitals,
            };
            self.open_drop(now, at, &loss, age);
        }
        let slot = &mut self.slots[at];
        // One that lived shortly and took the place of another that did is no repair: the pauses
        // go on growing. The time that it worked for pays back what the outages took.
        let proven = slot
            .established
            .is_some_and(|since| HEALING <= now.saturating_duration_since(since));
        let lived = slot.up().map(|up| (up.since, proven));
        let outage = match (lived, slot.take_outage()) {
            (Some((_, true)), _) => None,
            (Some((since, false)), Some(before)) => {
                let lived = now.saturating_duration_since(since);
                let spent = before.taken(since).saturating_sub(lived);
                Some(Outage {
                    counted_from: now,
                    spent,
                    ..before
                })
            }
            (Some(_) | None, outage) => outage,
        };
        self.replace(now, key, problem, outage);
        Cause::SessionOver
    }

    /// What a session needs to come up is refused. If nothing but a change of permissions helps,
    /// the next session would be refused it, too.
    pub(super) fn handle_refused(
        &mut self,
        now: Instant,
        key: SessionKey,
        failure: Failure,
    ) -> Cause {
        let Failure { next, problem } = failure;
        let is_final = match next {
            Next::Stop => true,
            Next::Retry
            | Next::AwaitNetwork
            | Next::NewSession
            | Next::AwaitTarget
            | Next::AwaitSettings
            | Next::NewCredentials
            | Next::SignIn
            | Next::Restart => false,
        };
        let is_surplus = self.position(key).is_some_and(|at| self.is_surplus(at));
        if !is_final || is_surplus {
            return self.handle_over(now, key, problem, Vitals::default());
        }
        if let Some((_, at)) = self.succeed(now, key, &problem) {
            let outage = self.outage(now, problem);
            self.give_up_slot(now, at, outage);
        }
        Cause::SessionOver
    }

    pub(super) fn open_drop(&mut self, now: Instant, at: usize, loss: &Loss, socket_age: Duration) {
        let slot = &mut self.slots[at];
        let id = slot.session_id.clone();
        let connections = slot.connections();
        let drop = || Box::new(OpenDrop::new(now, id, loss, socket_age, connections));
        slot.drop.get_or_insert_with(drop);
    }
}

/// Whether a WebSocket over which nothing had to get through has shown that it works.
fn has_lived(closed_by: ClosedBy, lived: Duration) -> bool {
    match closed_by {
        ClosedBy::Deadline => false,
        ClosedBy::Gateway | ClosedBy::Network | ClosedBy::Renewal | ClosedBy::SessionEnd => {
            lived >= PROVEN_LIFE
        }
    }
}
