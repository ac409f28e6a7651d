//! Why a tunnel is not up yet.

use std::time::Duration;

use tokio::time::Instant;
use tunnel_manager::tunnel::{Outlook, Problem};

use super::{Narrator, Stage, outlook};
use crate::output::problem_sentence;

/// How long a reason for not being up yet may pass by itself, or end the program, before it is
/// told: refused credentials are asked for once more at once, and one sentence is enough then.
pub(super) const A_MOMENT: Duration = Duration::from_millis(500);

/// Different reasons for not coming up that are told, each once. There are not so many.
const REASONS_MOST: usize = 32;

/// Why a tunnel is not up yet.
#[derive(Debug)]
pub(super) struct Reason {
    /// When it is to be told: before, it may be over, or the program ends with it.
    pub(super) due: Instant,
    sentence: String,
    /// Unix milliseconds.
    next_attempt: Option<u64>,
    /// Who waits, and until when it is tried.
    outlook: Outlook,
}

impl Narrator {
    /// Notes why the tunnel is not up yet. Each reason is told once.
    pub(super) fn handle_reason(
        &mut self,
        now: Instant,
        problem: &Problem,
        next_attempt: Option<u64>,
        outlook: &Outlook,
    ) -> Option<String> {
        self.trouble = None;
        let sentence = problem_sentence(problem);
        match &mut self.stage {
            Stage::Starting {
                reason: Some(reason),
                ..
            } if reason.sentence == sentence => {
                reason.next_attempt = next_attempt;
                reason.outlook = *outlook;
                None
            }
            Stage::Starting { told, reason } => {
                let new = !told.contains(&sentence) && told.len() < REASONS_MOST;
                let new = new.then(|| Reason {
                    due: now + A_MOMENT,
                    sentence,
                    next_attempt,
                    outlook: *outlook,
                });
                let before = std::mem::replace(reason, new);
                before.map(|before| self.say_reason(now, before))
            }
            Stage::Running => None,
        }
    }

    /// Tells why the tunnel is not up yet, once that has been so for a moment.
    pub(super) fn tell_reason(&mut self, now: Instant) -> Option<String> {
        let Stage::Starting { reason, .. } = &mut self.stage else {
            return None;
        };
        let reason = reason.take_if(|reason| reason.due <= now)?;
        Some(self.say_reason(now, reason))
    }

    fn say_reason(&mut self, now: Instant, reason: Reason) -> String {
        let Reason {
            sentence,
            next_attempt,
            outlook,
            ..
        } = reason;
        let next = self.next_words(now, next_attempt);
        let outlook = outlook::words(&outlook);
        let line = format!("not up yet: {sentence} {next}{outlook}");
        if let Stage::Starting { told, .. } = &mut self.stage {
            told.insert(sentence);
        }
        line
    }
}
