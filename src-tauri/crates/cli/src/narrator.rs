//! What a person is told while a tunnel runs: each lost connection in one line when it is over,
//! and trouble that goes on, once it does.

use std::time::Duration;

use tokio::time::Instant;
use tunnel_manager::tunnel::{DropEnd, Happening, State, TunnelEvent};

use crate::output::problem_sentence;
use crate::words;

/// How long trouble may last before it is told. The gateway's hourly close is over in a second,
/// and one line when it is over says all of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Says what is worth a line, and when.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    trouble: Option<Trouble>,
    /// The last thing that was told beside it: people need not read the same twice in a row.
    notice: String,
}

/// The tunnel is not up, or not well.
#[derive(Debug)]
struct Trouble {
    /// When it is to be told, if it has not passed by then.
    due: Instant,
    /// What is to be told.
    sentence: String,
    /// What was told of it last.
    told: Option<String>,
    /// A drop has told how it ended.
    ended: bool,
}

impl Narrator {
    /// Takes in what happened; returns the line to print, if any.
    pub(crate) fn handle(&mut self, now: Instant, event: &TunnelEvent) -> Option<String> {
        match event {
            TunnelEvent::State(state) => self.handle_state(now, state),
            TunnelEvent::Record(record) => match &record.what {
                Happening::Drop(lost) => {
                    let over = match lost.end {
                        DropEnd::Resumed | DropEnd::Replaced { .. } => true,
                        DropEnd::GivenUp { .. } | DropEnd::Stopped => false,
                    };
                    if let Some(trouble) = &mut self.trouble {
                        trouble.ended |= over;
                    }
                    Some(words::drop_line(lost))
                }
                // A renewal is no news, and states are told above.
                Happening::Renewed(_) | Happening::State { .. } => None,
            },
            TunnelEvent::Notice(problem) => {
                let sentence = problem_sentence(problem);
                (sentence != self.notice).then(|| {
                    self.notice.clone_from(&sentence);
                    sentence
                })
            }
            // The record of the drop tells both, once it is over.
            TunnelEvent::Lost { .. } | TunnelEvent::Replaced { .. } => None,
        }
    }

    /// When [`handle_due`](Self::handle_due) has something to say.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.trouble
            .as_ref()
            .filter(|trouble| !trouble.ended && trouble.told.as_ref() != Some(&trouble.sentence))
            .map(|trouble| trouble.due)
    }

    /// Tells trouble that has not passed.
    pub(crate) fn handle_due(&mut self, now: Instant) -> Option<String> {
        if self.due()? > now {
            return None;
        }
        let trouble = self.trouble.as_mut()?;
        trouble.told = Some(trouble.sentence.clone());
        trouble.told.clone()
    }

    fn handle_state(&mut self, now: Instant, state: &State) -> Option<String> {
        match state {
            State::Up { .. } => {
                let trouble = self.trouble.take()?;
                (trouble.told.is_some() && !trouble.ended).then(|| "up".to_owned())
            }
            State::Degraded { problem, .. } => {
                let sentence = format!("degraded: {}", problem_sentence(problem));
                self.trouble(now, now + PATIENCE, sentence)
            }
            State::Reconnecting { problem, .. } => {
                let sentence = format!("reconnecting: {}", problem_sentence(problem));
                self.trouble(now, now + PATIENCE, sentence)
            }
            // Only the user can help: at once.
            State::NeedsSignIn { problem, .. } => {
                let sentence = format!("needs sign-in: {}", problem_sentence(problem));
                self.trouble(now, now, sentence)
            }
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Stopping
            | State::Failed { .. } => {
                self.trouble = None;
                None
            }
        }
    }

    fn trouble(&mut self, now: Instant, due: Instant, sentence: String) -> Option<String> {
        match &mut self.trouble {
            Some(trouble) => {
                trouble.due = trouble.due.min(due);
                trouble.sentence = sentence;
                trouble.ended = false;
            }
            None => {
                self.trouble = Some(Trouble {
                    due,
                    sentence,
                    told: None,
                    ended: false,
                });
            }
        }
        self.handle_due(now)
    }
}

#[cfg(test)]
mod tests {
    use tunnel_manager::tunnel::{Problem, ProblemKind, Record};

    use super::*;
    use crate::words::tests::resumed;

    fn reconnecting(attempt: u32, what: &str) -> TunnelEvent {
        TunnelEvent::State(State::Reconnecting {
            since: 0,
            attempt,
            next_attempt: None,
            problem: Problem::new(ProblemKind::Network, "x", what, ""),
        })
    }

    fn up() -> TunnelEvent {
        TunnelEvent::State(State::Up { since: 0 })
    }

    fn dropped() -> TunnelEvent {
        TunnelEvent::Record(Box::new(Record {
            at: 0,
            what: Happening::Drop(Box::new(resumed())),
        }))
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_drop_that_is_over_soon_is_one_line() {
        let (mut narrator, now) = (Narrator::default(), Instant::now());
        assert_eq!(narrator.handle(now, &reconnecting(1, "Gone.")), None);
        assert_eq!(narrator.handle_due(now + seconds(2)), None);
        let line = narrator.handle(now + seconds(2), &dropped()).unwrap();
        assert!(line.contains("3 of 3 connections lived on"), "{line}");
        assert_eq!(narrator.handle(now + seconds(2), &up()), None);
        assert_eq!(narrator.due(), None);
    }

    #[test]
    fn an_outage_is_told_once_when_it_lasts_and_again_when_its_reason_changes() {
        let (mut narrator, now) = (Narrator::default(), Instant::now());
        assert_eq!(narrator.handle(now, &reconnecting(1, "Gone.")), None);
        let due = narrator.due().unwrap();
        assert_eq!(due, now + PATIENCE);
        let told = narrator.handle_due(due);
        assert_eq!(told.as_deref(), Some("reconnecting: Gone."));
        assert_eq!(narrator.handle_due(due + seconds(60)), None);
        for attempt in 2..50 {
            let again = reconnecting(attempt, "Gone.");
            assert_eq!(narrator.handle(due + seconds(60), &again), None);
        }
        let other = narrator.handle(due + seconds(61), &reconnecting(50, "Throttled."));
        assert_eq!(other.as_deref(), Some("reconnecting: Throttled."));
        assert!(narrator.handle(due + seconds(70), &dropped()).is_some());
        assert_eq!(narrator.handle(due + seconds(70), &up()), None);
    }

    #[test]
    fn trouble_that_was_told_and_passed_without_a_drop_ends_with_up() {
        let (mut narrator, now) = (Narrator::default(), Instant::now());
        let problem = Problem::new(ProblemKind::Network, "x", "No answer.", "");
        let degraded = TunnelEvent::State(State::Degraded { since: 0, problem });
        assert_eq!(narrator.handle(now, &degraded), None);
        assert!(narrator.handle_due(now + PATIENCE).is_some());
        let end = narrator.handle(now + seconds(9), &up());
        assert_eq!(end.as_deref(), Some("up"));
        assert_eq!(narrator.handle(now + seconds(10), &up()), None);
    }

    #[test]
    fn what_only_the_user_can_mend_is_told_at_once() {
        let (mut narrator, now) = (Narrator::default(), Instant::now());
        let problem = Problem::new(ProblemKind::Credentials, "x", "Expired.", "Sign in.");
        let state = TunnelEvent::State(State::NeedsSignIn { since: 0, problem });
        let told = narrator.handle(now, &state);
        assert_eq!(told.as_deref(), Some("needs sign-in: Expired. Sign in."));
        assert_eq!(narrator.handle(now, &state), None);
    }
}
