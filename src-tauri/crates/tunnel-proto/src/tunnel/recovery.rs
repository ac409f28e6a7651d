//! From a loss to the next WebSocket, or the next session.

use std::time::{Duration, Instant};

use super::drops::OpenDrop;
use super::{Action, Event, Grant, HEALING, Loss, Purpose, Tunnel};
use crate::backoff::{Backoff, LONGEST, jitter};
use crate::evidence::{Asked, Cause, ClosedBy, Happening, Renewal};
use crate::slot::{Ending, Health, Lacks, Outage, Phase, Renewing, Slot, Step, Up};
use crate::{Close, Deadline, Failure, Illness, Load, Next, Problem, SessionKey, Vitals};

/// A WebSocket that lived shorter than this is not resumed without a pause when the one before
/// was lost a short while ago.
const SHORT_LIFE: Duration = Duration::from_secs(1);

/// A WebSocket that lived so long worked, though nothing had to get through: a tunnel that
/// nobody uses. One that ended because no sign of life came did not.
const PROVEN_LIFE: Duration = Duration::from_secs(10);

/// While a connection waits, attempts are made at least so often within the time for which it
/// does: one that begins just before the service is back is followed by another in time.
const PAUSES_IN_A_WAIT: u32 = 3;

/// No pause is shortened below this for a short wait: a program that connects again and again
/// must not have the service asked as often.
const LEAST_LONGEST: Duration = Duration::from_secs(10);

/// The pause before a session that was refused for good is asked for again, while others carry
/// the tunnel: permissions and targets change by the day, and nobody waits for it.
const SELDOM: Duration = Duration::from_secs(30 * 60);

/// How often the credentials are looked at again while the user has to sign in. It costs no
/// prompt and no request that can be refused twice: an expired login fails locally.
pub const SIGN_IN_PROBE: Duration = Duration::from_secs(60);

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

    pub(super) fn handle_degraded(
        &mut self,
        now: Instant,
        key: SessionKey,
        illness: Option<Illness>,
    ) -> Cause {
        if let Some(up) = self.slot(key).and_then(Slot::up_mut) {
            up.health = match (illness, &up.health) {
                (Some(illness), _) => Health::Ill(illness),
                (None, Health::Well { since }) => Health::Well { since: *since },
                (None, Health::Ill(_)) => Health::Well { since: now },
            };
        }
        Cause::Health
    }

    /// Decides what follows a request that failed.
    fn handle_failure(&mut self, now: Instant, at: usize, step: Step, mut failure: Failure) {
        if step == Step::Start {
            match self.try_next_candidate(now, at, failure) {
                Some(last) => failure = last,
                None => return,
            }
        }
        let Failure { next, problem } = failure;
        if self.is_surplus(at) {
            return self.refuse_growth(now, at);
        }
        let fresh = self.outage(now, problem.clone());
        let slot = &mut self.slots[at];
        let mut outage = match slot.take_outage() {
            Some(outage) => Outage {
                problem: problem.clone(),
                ..outage
            },
            None => fresh,
        };
        outage.lacks = lacks(next);
        outage.credentials_refused &= !are_credentials_good(next);
        let was_up = self.has_been_up;
        match next {
            // It takes as long as it takes. What the service has taken before stays taken: one that
            // refuses now and hangs then would be tried for ever.
            Next::AwaitNetwork if was_up => outage.counted_from = now,
            Next::AwaitNetwork
            | Next::Retry
            | Next::NewSession
            | Next::AwaitTarget
            | Next::AwaitSettings
            | Next::NewCredentials
            | Next::SignIn
            | Next::Restart
            | Next::Stop => outage.charge(now),
        }
        match (next, step) {
            (Next::Retry | Next::AwaitNetwork, step) => self.retry(now, at, step, outage),
            // Whoever saves the settings has done so soon.
            (Next::AwaitTarget | Next::AwaitSettings, step) if was_up => {
                self.retry(now, at, step, outage);
            }
            // Credentials are asked for anew with each attempt: one more tells whether the
            // source has newer ones.
            (Next::NewCredentials, step) if !outage.credentials_refused => {
                outage.credentials_refused = true;
                self.retry(now, at, step, outage);
            }
            (Next::NewCredentials | Next::SignIn, step) => {
                outage.lacks = Lacks::SignIn;
                self.slots[at].phase = Phase::AwaitingSignIn {
                    outage,
                    probe: Some(now + SIGN_IN_PROBE),
                    step,
                };
            }
            (Next::Restart, step) => {
                self.slots[at].phase = Phase::AwaitingSignIn {
                    outage,
                    probe: None,
                    step,
                };
            }
            (Next::AwaitTarget | Next::AwaitSettings | Next::Stop, Step::Resume) if !was_up => {
                self.give_up(now, problem);
            }
            // There is no use in resuming it: the next step is another session.
            (
                Next::NewSession | Next::AwaitTarget | Next::AwaitSettings | Next::Stop,
                Step::Resume,
            ) => {
                let slot = &self.slots[at];
                // The service answers again: what was waited for while it did not is over.
                let backoff = if slot.established.is_some() {
                    Backoff::default()
                } else {
                    outage.backoff
                };
                let (key, outage) = (slot.key, Outage { backoff, ..outage });
                self.replace(now, key, problem, Some(outage));
            }
            (Next::NewSession, Step::Start) => self.retry(now, at, Step::Start, outage),
            (Next::AwaitTarget | Next::AwaitSettings | Next::Stop, Step::Start) => {
                self.give_up_slot(now, at, outage);
            }
        }
    }

    /// Waits for the next attempt, as long as the budget lasts.
    pub(super) fn retry(&mut self, now: Instant, at: usize, step: Step, mut outage: Outage) {
        if self.is_held() {
            self.slots[at].phase = Phase::Held { outage, step };
            return;
        }
        let others = || {
            self.others(at)
                .any(|slot| slot.is_live() && self.has_time(now, slot.outage()))
        };
        if !self.has_time(now, Some(&outage)) && !others() {
            return self.give_up(now, outage.problem);
        }
        let longest = self.longest_pause();
        let until = now + outage.backoff.next(&mut self.random, longest);
        outage.attempt = outage.attempt.saturating_add(1);
        self.slots[at].phase = Phase::Waiting {
            outage,
            until,
            step,
        };
    }

    /// How long a pause may be: a connection that waits shall not be closed in one that began
    /// while the service was away and ends long after it is back.
    fn longest_pause(&self) -> Duration {
        if self.waiting.is_empty() {
            LONGEST
        } else {
            (self.policy.wait_limit / PAUSES_IN_A_WAIT).clamp(LEAST_LONGEST, LONGEST)
        }
    }

    /// A connection waits from now on: pauses that are too long for that are drawn anew. Those
    /// of what is asked for seldom, for nobody's sake, stay.
    pub(super) fn hurry(&mut self, now: Instant) {
        let longest = self.longest_pause();
        for slot in &mut self.slots {
            if let Phase::Waiting { until, .. } = &mut slot.phase
                && (now + longest..=now + LONGEST).contains(until)
            {
                *until = now + jitter(longest, &mut self.random);
            }
        }
    }

    /// Nothing can be done for this slot; the tunnel goes on while others carry it, or are
    /// being resumed.
    fn give_up_slot(&mut self, now: Instant, at: usize, outage: Outage) {
        let live = |slot: &Slot| {
            slot.is_live() && slot.session_id.is_some() && self.has_time(now, slot.outage())
        };
        if self.others(at).any(live) {
            // What is refused now may be allowed later; the pool asks again, seldom.
            let until = now + SELDOM;
            self.slots[at].phase = Phase::Waiting {
                outage,
                until,
                step: Step::Start,
            };
        } else {
            self.give_up(now, outage.problem);
        }
    }

    /// Whether an outage, if there is one, is within its budget.
    fn has_time(&self, now: Instant, outage: Option<&Outage>) -> bool {
        outage.is_none_or(|outage| outage.taken(now) < self.budget())
    }

    /// How long an outage may last.
    fn budget(&self) -> Duration {
        if self.has_been_up {
            self.policy.retry_budget
        } else {
            self.policy.start_budget
        }
    }

    /// When the budget of every session ends, so that an attempt that fails is the last. `None`
    /// if it does not by time alone.
    pub(super) fn budget_end(&self) -> Option<Deadline> {
        if self.is_held() {
            return None;
        }
        let mut last: Option<(Instant, &Problem)> = None;
        for slot in self.slots.iter().filter(|slot| slot.is_live()) {
            let outage = slot.outage()?;
            match slot.phase {
                Phase::Held { .. } | Phase::AwaitingSignIn { .. } => return None,
                Phase::Starting { .. }
                | Phase::Resuming { .. }
                | Phase::Dialling { .. }
                | Phase::Handshaking { .. }
                | Phase::Up(_)
                | Phase::Waiting { .. }
                | Phase::Ending(_) => {}
            }
            match outage.lacks {
                Lacks::Network if self.has_been_up => return None,
                Lacks::SignIn | Lacks::Restart => return None,
                Lacks::Network | Lacks::Settings | Lacks::Nothing => {}
            }
            let left = self.budget().saturating_sub(outage.spent);
            let at = outage.counted_from.checked_add(left)?;
            if last.is_none_or(|(latest, _)| latest < at) {
                last = Some((at, &outage.problem));
            }
        }
        let (at, problem) = last?;
        let then = self.then_without_a_session(problem);
        Some(Deadline { at, then })
    }

    /// Starts an attempt now, unless there is no use in it before the network is back.
    pub(super) fn attempt(&mut self, now: Instant, at: usize, step: Step, outage: Outage) {
        if self.is_held() {
            self.slots[at].phase = Phase::Held { outage, step };
        } else {
            self.ask(now, at, step, outage);
        }
    }

    /// Starts an attempt now.
    pub(super) fn ask(&mut self, now: Instant, at: usize, step: Step, mut outage: Outage) {
        let slot = &mut self.slots[at];
        if let Phase::AwaitingSignIn { .. } = slot.phase {
            // The time that the user took is not the service's.
            outage.count_anew(now);
        }
        slot.asks(now);
        match (step, &slot.session_id) {
            (Step::Resume, Some(session_id)) => {
                self.actions
                    .push_back(Action::Resume(slot.key, session_id.clone()));
                slot.phase = Phase::Resuming {
                    outage,
                    purpose: Purpose::Connect,
                };
            }
            (Step::Start, _) | (Step::Resume, None) => {
                self.actions.push_back(Action::Start(slot.key));
                slot.phase = Phase::Starting {
                    outage: Some(outage),
                };
            }
        }
    }

    /// Gives a session up and starts another in its place: at once if it worked for a while,
    /// otherwise after a pause, so that one that does not even come up is not replaced in a
    /// tight loop.
    fn replace(&mut self, now: Instant, key: SessionKey, problem: Problem, outage: Option<Outage>) {
        let Some((failed, at)) = self.succeed(now, key, &problem) else {
            return;
        };
        let fresh = self.outage(now, problem.clone());
        match outage {
            None if failed.established.is_some() => self.attempt(now, at, Step::Start, fresh),
            None => self.retry(now, at, Step::Start, fresh),
            Some(outage) => {
                self.retry(now, at, Step::Start, Outage { problem, ..outage });
            }
        }
    }

    /// Drops a session and makes a slot for another. Gives what is left of the one, and where
    /// the other is; `None` if there is nothing to replace.
    fn succeed(
        &mut self,
        now: Instant,
        key: SessionKey,
        problem: &Problem,
    ) -> Option<(Slot, usize)> {
        let at = self.position(key)?;
        if !self.slots[at].is_live() {
            self.handle_flag_done(key);
            return None;
        }
        let mut slot = self.slots.remove(at);
        self.actions.push_back(Action::Discard(key));
        let session_id = slot.session_id.take();
        if let Some(session_id) = session_id.clone() {
            self.actions.push_back(Action::Abandon(session_id));
        }
        self.replacements = self.replacements.saturating_add(1);
        let drop_of = slot.drop.as_ref().and_then(|drop| drop.session_id());
        self.events.push_back(Event::Replaced {
            drop_of: drop_of.cloned(),
            session: key,
            session_id,
            connections: slot.connections(),
            problem: problem.clone(),
        });
        let pending = slot.pending();
        let drop = slot.drop.take().map(|mut drop| {
            if let Some((asked, asked_at)) = pending {
                drop.unanswered(now, asked, asked_at);
            }
            drop.replaced(problem);
            drop
        });
        let new_key = self.next_key();
        let mut new = Slot::new(new_key, now, None);
        new.drop = drop;
        // Nothing is asked for it yet.
        new.is_answered = true;
        self.go_on_from(&slot, problem, &mut new);
        self.slots.push(new);
        Some((slot, self.slots.len() - 1))
    }

    fn open_drop(&mut self, now: Instant, at: usize, loss: &Loss, socket_age: Duration) {
        let slot = &mut self.slots[at];
        let id = slot.session_id.clone();
        let connections = slot.connections();
        let drop = || Box::new(OpenDrop::new(now, id, loss, socket_age, connections));
        slot.drop.get_or_insert_with(drop);
    }

    fn note_answer(&mut self, now: Instant, at: usize, asked: Asked, failure: Option<&Failure>) {
        let slot = &mut self.slots[at];
        slot.is_answered = true;
        if let Some(drop) = &mut slot.drop {
            let problem = failure.map(|failure| failure.problem.clone());
            drop.answered(now, asked, slot.asked_at, problem);
        }
    }

    pub(super) fn outage(&self, now: Instant, problem: Problem) -> Outage {
        Outage {
            since: self.clock.unix_ms(now),
            counted_from: now,
            spent: Duration::ZERO,
            attempt: 1,
            backoff: Backoff::default(),
            problem,
            credentials_refused: false,
            lacks: Lacks::Nothing,
        }
    }

    /// Every slot but this.
    pub(super) fn others(&self, at: usize) -> impl Iterator<Item = &Slot> {
        let slots = self.slots.iter().enumerate();
        slots
            .filter(move |(other, _)| *other != at)
            .map(|(_, slot)| slot)
    }
}

/// What a failure lacks that has to come from elsewhere.
fn lacks(next: Next) -> Lacks {
    match next {
        Next::SignIn => Lacks::SignIn,
        Next::Restart => Lacks::Restart,
        Next::AwaitSettings => Lacks::Settings,
        Next::AwaitNetwork => Lacks::Network,
        // Their source may have others without a person.
        Next::NewCredentials | Next::Retry | Next::NewSession | Next::AwaitTarget | Next::Stop => {
            Lacks::Nothing
        }
    }
}

/// Whether a failure shows that the service took the credentials: if it refuses them later, those
/// are others, and their source is worth another question.
fn are_credentials_good(next: Next) -> bool {
    match next {
        Next::Retry | Next::NewSession | Next::AwaitTarget | Next::Stop => true,
        // The service was not asked, or it refused them.
        Next::AwaitNetwork
        | Next::AwaitSettings
        | Next::NewCredentials
        | Next::SignIn
        | Next::Restart => false,
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

/// Whether a WebSocket over which nothing had to get through has shown that it works.
fn has_lived(closed_by: ClosedBy, lived: Duration) -> bool {
    match closed_by {
        ClosedBy::Deadline => false,
        ClosedBy::Gateway | ClosedBy::Network | ClosedBy::Renewal | ClosedBy::SessionEnd => {
            lived >= PROVEN_LIFE
        }
    }
}
