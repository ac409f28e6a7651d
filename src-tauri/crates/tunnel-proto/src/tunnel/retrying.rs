//! What follows when something was refused: the next attempt, when, and how long that goes on.

use std::time::{Duration, Instant};

use super::{Action, Purpose, Tunnel};
use crate::backoff::{Backoff, LONGEST, jitter};
use crate::slot::{Lacks, Outage, Phase, Slot, Step};
use crate::{Deadline, Failure, Next, Problem};

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
    /// Decides what follows a request that failed.
    pub(super) fn handle_failure(
        &mut self,
        now: Instant,
        at: usize,
        step: Step,
        mut failure: Failure,
    ) {
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
    pub(super) fn give_up_slot(&mut self, now: Instant, at: usize, outage: Outage) {
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

    /// Until when it is tried, if nothing answers: to the end of every session's budget, or of the
    /// step of an attempt that ends first, where that is later. `None` if it does not end by time
    /// alone.
    pub(super) fn tried_until(&self) -> Option<Deadline> {
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
        // Past the budget, the first attempt that fails is the last.
        let live = self.slots.iter().filter(|slot| slot.is_live());
        let step = live.filter_map(Slot::step_end).min();
        let at = step.map_or(at, |step| at.max(step));
        let then = self.then_without_a_session(problem);
        Some(Deadline { at, then })
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
