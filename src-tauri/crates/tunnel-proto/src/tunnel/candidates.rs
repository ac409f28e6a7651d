//! Which of a tunnel's targets a session is started at: in their order, the next one when one
//! can't be used.

use std::time::Instant;

use super::{Action, Tunnel};
use crate::evidence::Happening;
use crate::slot::{Phase, Slot};
use crate::{
    Candidate, Choice, Failure, Next, PassedOver, Problem, ProblemKind, SessionKey, TargetSpec,
};

impl Tunnel {
    /// Says where sessions may be started; before the first is. Without it there is one target
    /// that needs no name.
    pub fn set_targets(&mut self, targets: &TargetSpec) {
        self.candidates = targets.candidates().to_vec();
    }

    /// The candidate at which this session is to be started now: asked for with each
    /// [`Action::Start`]. `None` if none was ever set.
    pub fn candidate(&self, key: SessionKey) -> Option<&Candidate> {
        let slot = self.slots.iter().find(|slot| slot.key == key);
        self.candidates.get(slot.map_or(0, |slot| slot.candidate))
    }

    /// The node that was chosen last.
    pub fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }

    /// StartSession was granted at this node.
    pub(super) fn handle_chosen(&mut self, now: Instant, key: SessionKey, choice: Choice) {
        let Some(slot) = self.slot(key) else { return };
        let choice = Choice {
            // Kept: if the agent there never answers, the next one has been passed over for more.
            passed_over: slot.passed_over.clone(),
            ..choice
        };
        // Each of a pool's sessions has its own; told is what is new.
        if self.choice.as_ref() != Some(&choice) {
            self.record(now, Happening::Target(Box::new(choice.clone())));
            self.choice = Some(choice);
        }
    }

    /// Starts at the next candidate, at once, if the failure is one of this candidate. If it was
    /// the last, what is left is the failure of all of them; the next attempt begins with the
    /// first.
    pub(super) fn try_next_candidate(
        &mut self,
        now: Instant,
        at: usize,
        failure: Failure,
    ) -> Option<Failure> {
        let is_held = self.is_held();
        let slot = &mut self.slots[at];
        if !is_of_target(&failure) || is_held {
            begin_with_the_first(slot);
            return Some(failure);
        }
        let passed_over = PassedOver {
            candidate: text(&self.candidates, slot.candidate),
            problem: failure.problem.clone(),
        };
        if slot.candidate + 1 < self.candidates.len() {
            slot.passed_over.push(passed_over);
            slot.hopes |= failure.next == Next::AwaitTarget;
            slot.candidate += 1;
            slot.asks(now);
            slot.phase = Phase::Starting {
                outage: slot.take_outage(),
            };
            self.actions.push_back(Action::Start(slot.key));
            return None;
        }
        let mut tried = std::mem::take(&mut slot.passed_over);
        let hopes = slot.hopes;
        begin_with_the_first(slot);
        if tried.is_empty() {
            return Some(failure);
        }
        tried.push(passed_over);
        Some(Failure {
            // One of them may come back.
            next: if hopes {
                Next::AwaitTarget
            } else {
                failure.next
            },
            problem: none_of(&tried),
        })
    }

    /// The session never came up and another takes its place: at the next candidate, if it was
    /// this one's fault.
    pub(super) fn go_on_from(&self, failed: &Slot, problem: &Problem, new: &mut Slot) {
        let is_its_fault = failed.established.is_none() && problem.kind == ProblemKind::Target;
        if is_its_fault && failed.candidate + 1 < self.candidates.len() {
            new.candidate = failed.candidate + 1;
            // Its agent may answer another time.
            new.hopes = true;
            new.passed_over.clone_from(&failed.passed_over);
            new.passed_over.push(PassedOver {
                candidate: text(&self.candidates, failed.candidate),
                problem: problem.clone(),
            });
        }
    }
}

/// The next attempt begins with the first candidate.
fn begin_with_the_first(slot: &mut Slot) {
    slot.candidate = 0;
    slot.passed_over.clear();
    slot.hopes = false;
}

fn text(candidates: &[Candidate], at: usize) -> String {
    candidates
        .get(at)
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Whether another target may do where this one does not: it is away, or the account does not
/// allow a session to it.
fn is_of_target(failure: &Failure) -> bool {
    let is_final = match failure.next {
        Next::AwaitTarget | Next::Stop => true,
        Next::Retry
        | Next::AwaitNetwork
        | Next::AwaitSettings
        | Next::NewSession
        | Next::NewCredentials
        | Next::SignIn
        | Next::Restart => false,
    };
    let is_of_it = match failure.problem.kind {
        ProblemKind::Target | ProblemKind::Permission => true,
        ProblemKind::Settings
        | ProblemKind::Listen
        | ProblemKind::Credentials
        | ProblemKind::Network
        | ProblemKind::Service
        | ProblemKind::Protocol => false,
    };
    is_final && is_of_it
}

fn none_of(tried: &[PassedOver]) -> Problem {
    let mut what = format!("None of the {} targets can be used.", tried.len());
    for PassedOver { candidate, problem } in tried {
        what.push_str(&format!(" {candidate}: {}", problem.what));
    }
    let all_denied = tried
        .iter()
        .all(|one| one.problem.kind == ProblemKind::Permission);
    let kind = if all_denied {
        ProblemKind::Permission
    } else {
        ProblemKind::Target
    };
    let remedy = tried.first().map(|one| one.problem.remedy.clone());
    let details: Vec<_> = tried
        .iter()
        .map(|one| one.problem.details.as_str())
        .filter(|details| !details.is_empty())
        .collect();
    Problem::new(kind, "no-target", what, remedy.unwrap_or_default())
        .with_details(details.join("; "))
        .with_fact("count", &tried.len())
}
