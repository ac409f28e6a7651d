//! Trouble that goes on: told once it has lasted, and when it is over.

use tokio::time::Instant;
use tunnel_manager::tunnel::{Outlook, Problem, RenewedBy, SIGN_IN_PROBE};

use super::starting::A_MOMENT;
use super::{CONNECTING, Narrator, outlook};
use crate::output::problem_sentence;
use crate::words::{self, one_line};

/// The tunnel is not up, or not well.
#[derive(Debug)]
pub(super) struct Trouble {
    /// When it is to be told, if it has not passed by then.
    due: Instant,
    /// What is to be told.
    telling: Telling,
    /// The news that was told of it last.
    pub(super) told: Option<String>,
    /// A drop has told how it ended.
    pub(super) ended: bool,
    /// What the user was asked to mend. Once he has, it is the reason that is told until the
    /// next answer comes, and no news.
    pub(super) asked_for: Option<Problem>,
}

/// What is told of trouble.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    /// What makes it news: the same is not told twice.
    pub(super) news: String,
    /// What is said of it: since when, and how it began.
    pub(super) line: String,
    /// When it is tried again; `None` where that is not said of it.
    pub(super) next: Option<NextAttempt>,
    /// For whom it is so, and until when.
    pub(super) outlook: Outlook,
}

/// When a session is tried to be had again: Unix milliseconds; `None` while that is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct NextAttempt(pub(super) Option<u64>);

/// The beginning of trouble that has not been told.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    /// Why a WebSocket is gone.
    lost: Option<&'static str>,
    /// Why a session could not go on, and how many connections were lost with it.
    replaced: Option<(String, u32)>,
}

impl Beginning {
    pub(super) fn lost(&mut self, cause: &'static str) {
        self.lost = Some(cause);
    }

    pub(super) fn replaced(&mut self, problem: &Problem, connections: u32) {
        let before = self.replaced.take().map_or(0, |(_, lost)| lost);
        let lost = before.saturating_add(connections);
        self.replaced = Some((one_line(&problem.what), lost));
    }

    /// What is wrong, after how it began.
    pub(super) fn then(&self, problem: &Problem) -> String {
        let replaced = self.replaced.as_ref();
        let begin = [self.lost, replaced.map(|(why, _)| why.as_str())];
        let begin = begin.into_iter().flatten();
        let mut parts: Vec<_> = begin
            .filter(|why| *why != problem.what)
            .map(str::to_owned)
            .collect();
        parts.extend(replaced.and_then(|(_, lost)| connections_lost(*lost)));
        parts.push(problem_sentence(problem));
        parts.join(" ")
    }
}

/// How many connections were lost, as a sentence, if any were.
pub(super) fn connections_lost(lost: u32) -> Option<String> {
    match lost {
        0 => None,
        lost => {
            let connections = words::count(lost.into(), "connection was", "connections were");
            Some(format!("{connections} lost."))
        }
    }
}

impl Narrator {
    pub(super) fn trouble_due(&self) -> Option<Instant> {
        self.trouble
            .as_ref()
            .filter(|trouble| !trouble.ended && trouble.is_news())
            .map(|trouble| trouble.due)
    }

    pub(super) fn tell_trouble(&mut self, now: Instant) -> Option<String> {
        if self.trouble_due()? > now {
            return None;
        }
        let trouble = self.trouble.as_mut()?;
        trouble.told = Some(trouble.telling.news.clone());
        self.beginning = Beginning::default();
        // It was part of that.
        if let Some(replacing) = &mut self.replacing {
            replacing.told = true;
        }
        let Telling {
            news: _,
            line,
            next,
            outlook,
        } = trouble.telling.clone();
        let next = next.map_or_else(String::new, |NextAttempt(next)| {
            format!(" {}", self.next_words(now, next))
        });
        Some(format!("{line}{next}{}", outlook::words(&outlook)))
    }

    /// Ends what was told of trouble; says so in the words given.
    pub(super) fn end_trouble(&mut self, words: &str) -> Option<String> {
        self.outage = None;
        self.beginning = Beginning::default();
        let trouble = self.trouble.take()?;
        trouble.told.is_some().then(|| words.to_owned())
    }

    /// The user was told to mend something.
    pub(super) fn waits_for(&mut self, problem: &Problem) {
        if let Some(trouble) = &mut self.trouble {
            trouble.asked_for = Some(problem.clone());
        }
    }

    pub(super) fn has_run(&self) -> bool {
        self.trouble
            .as_ref()
            .is_some_and(|trouble| trouble.telling.news != CONNECTING)
    }

    /// Takes in trouble that is to be told at `due` if it has not passed by then.
    pub(super) fn trouble(
        &mut self,
        now: Instant,
        due: Instant,
        telling: Telling,
    ) -> Option<String> {
        match &mut self.trouble {
            Some(trouble) => {
                // After something was told, what follows may pass as soon as it came.
                trouble.due = match trouble.told {
                    Some(_) if !trouble.is_news() => due.min(now + A_MOMENT),
                    Some(_) | None => trouble.due.min(due),
                };
                trouble.telling = telling;
                trouble.ended = false;
            }
            None => {
                self.trouble = Some(Trouble {
                    due,
                    telling,
                    told: None,
                    ended: false,
                    asked_for: None,
                });
            }
        }
        self.tell_trouble(now)
    }
}

impl Trouble {
    fn is_news(&self) -> bool {
        self.told.as_ref() != Some(&self.telling.news)
    }
}

/// When credentials are looked at again that only the user can renew: a sentence with a space
/// before it, or nothing for those that no look can renew.
pub(super) fn looks_again(renewed_by: RenewedBy) -> String {
    match renewed_by {
        RenewedBy::SignIn => {
            let every = SIGN_IN_PROBE.as_secs();
            format!(
                " New ones are looked for every {every} s, and as soon as the AWS files change."
            )
        }
        RenewedBy::Restart => String::new(),
    }
}
