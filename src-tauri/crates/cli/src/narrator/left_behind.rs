//! Sessions that live on at the service although they are not wanted.

use tunnel_manager::tunnel::{Happening, Problem, ProblemKind, START_UNANSWERED, TunnelEvent};

use super::Narrator;
use crate::output::problem_sentence;
use crate::words;

/// Sessions that are remembered as left behind; those beyond are told, too, but not at the end.
const LEFT_MOST: usize = 1_000;

impl Narrator {
    /// Takes in what happened while the tunnel was being stopped; returns whether it is about what
    /// stays behind.
    pub(crate) fn handle_last(&mut self, event: &TunnelEvent) -> bool {
        match event {
            TunnelEvent::Record(record) => match &record.what {
                Happening::LeftBehind {
                    session_id,
                    problem,
                } => {
                    self.leave(session_id, problem);
                    true
                }
                Happening::EndedLate { session_id } => {
                    self.left.remove(session_id);
                    true
                }
                Happening::State { .. }
                | Happening::Drop(_)
                | Happening::Renewed(_)
                | Happening::Target(_)
                | Happening::Unreached { .. }
                | Happening::Slept { .. }
                | Happening::Carried { .. }
                | Happening::TurnedAway(_) => false,
            },
            TunnelEvent::Notice(problem) if problem.code == START_UNANSWERED => {
                self.unanswered = Some(problem.clone());
                true
            }
            TunnelEvent::State(_)
            | TunnelEvent::Lost { .. }
            | TunnelEvent::Replaced { .. }
            | TunnelEvent::Rested(_)
            | TunnelEvent::Notice(_) => false,
        }
    }

    /// What is to be said when the program ends: what was held back, and what stays behind.
    /// `noted` says whether the next start knows of it.
    pub(crate) fn last_words(&mut self, noted: bool) -> Vec<String> {
        let mut words = self.floods.flush();
        words.extend(self.unanswered.take().map(|why| problem_sentence(&why)));
        if let Some((_, problem)) = self.left.last_key_value() {
            let count = u64::try_from(self.left.len()).unwrap_or(u64::MAX);
            let sessions = words::count(count, "session is", "sessions are");
            // What is not allowed now is no more allowed at the next start.
            let then = if noted && problem.kind != ProblemKind::Permission {
                "The next start of Culvert ends what is left."
            } else {
                "The service ends what is left by its idle timeout."
            };
            let why = without_remedy(problem);
            words.push(format!("{sessions} left open at the service. {why} {then}"));
        }
        words
    }

    pub(super) fn leave(&mut self, session_id: &str, problem: &Problem) {
        if self.left.len() < LEFT_MOST {
            self.left.insert(session_id.to_owned(), problem.clone());
        }
    }
}

/// What went wrong, where there is nothing for the reader to do.
pub(super) fn without_remedy(problem: &Problem) -> String {
    problem_sentence(&Problem {
        remedy: String::new(),
        ..problem.clone()
    })
}
