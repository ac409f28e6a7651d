//! Attempts at a session, counted while they are in vain.

use std::time::Duration;

use tokio::time::Instant;
use tunnel_manager::tunnel::{NETWORK_DOWN, Problem, ProblemKind};

use super::{Narrator, PATIENCE, Stage, millis};
use crate::output::problem_sentence;
use crate::words;

/// An attempt that is due sooner is made at once, as far as a reader can tell.
const AT_ONCE_MS: u64 = 1_000;

/// How often a long outage is told again.
const STILL: Duration = Duration::from_secs(60);

/// Attempts at a session that have not led to one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempts {
    /// When it began, Unix milliseconds.
    since: u64,
    /// The one that is under way or comes next.
    count: u32,
    /// Unix milliseconds; `None` while one is under way.
    next: Option<u64>,
    lacks: Lacks,
    /// When they are told again, if they are still in vain.
    pub(super) due: Instant,
}

/// What an outage waits for. Only what the service itself keeps from being up is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lacks {
    /// The machine has no network, and nothing is tried.
    Network,
    /// The way to AWS.
    Way,
    /// Anything else.
    Service,
}

impl Attempts {
    /// How many have been made, or are under way.
    fn made(self) -> u32 {
        match self.next {
            Some(_) => self.count.saturating_sub(1),
            None => self.count,
        }
    }
}

impl Lacks {
    pub(super) fn of(problem: &Problem) -> Self {
        match problem.kind {
            ProblemKind::Network if problem.code == NETWORK_DOWN => Self::Network,
            ProblemKind::Network => Self::Way,
            ProblemKind::Settings
            | ProblemKind::Listen
            | ProblemKind::Credentials
            | ProblemKind::Permission
            | ProblemKind::Target
            | ProblemKind::Service
            | ProblemKind::Protocol => Self::Service,
        }
    }
}

impl Narrator {
    /// What the tunnel has tried before it was given up: the beginning of the last sentence.
    /// `None` if that was told at once.
    /// `endpoint` is where the calls went.
    pub(crate) fn gave_up(&self, now: Instant, endpoint: Option<&str>) -> Option<String> {
        let outage = self.outage?;
        let made = Some(outage.made()).filter(|made| *made > 1)?;
        let lasted = words::span(self.unix_ms(now).saturating_sub(outage.since));
        let calls = endpoint.map(|endpoint| format!(" with calls to {endpoint}"));
        let calls = calls.unwrap_or_default();
        Some(format!(
            "gave up after {lasted} and {made} attempts{calls}: "
        ))
    }

    /// The outage that goes on, if people know of it.
    pub(super) fn told_outage(&self) -> Option<Attempts> {
        let trouble = self.trouble.as_ref()?;
        match self.stage {
            Stage::Running if trouble.told.is_some() && !trouble.ended => self.outage,
            Stage::Running | Stage::Starting { .. } => None,
        }
    }

    /// Tells how far an outage has come that goes on.
    pub(super) fn tell_outage(&mut self, now: Instant) -> Option<String> {
        let told = self.told_outage().filter(|outage| outage.due <= now)?;
        if let Some(outage) = &mut self.outage {
            outage.due = now + STILL;
        }
        let lasted = words::span(self.unix_ms(now).saturating_sub(told.since));
        if told.lacks == Lacks::Network {
            return Some(format!("still without a network after {lasted}."));
        }
        let attempts = words::count(told.made().into(), "attempt", "attempts");
        let next = self.next_words(now, told.next);
        let until = match told.lacks {
            // The time without a way to the service is not known here.
            Lacks::Network | Lacks::Way => String::new(),
            Lacks::Service => {
                let end = told.since.saturating_add(millis(self.budget));
                format!(" It is tried until {} at least.", words::clock(end))
            }
        };
        Some(format!(
            "still reconnecting after {lasted}, {attempts} so far. {next}{until}"
        ))
    }

    /// Notes an attempt at a session.
    pub(super) fn note_attempt(
        &mut self,
        now: Instant,
        since: u64,
        count: u32,
        next: Option<u64>,
        lacks: Lacks,
    ) {
        // The time that the user took to sign in is no attempt's.
        let asked = self.trouble.as_ref().and_then(|one| one.asked_for.as_ref());
        let since = asked.map_or(since, |_| self.unix_ms(now));
        let outage = self.outage.get_or_insert(Attempts {
            since,
            count,
            next,
            lacks,
            due: now + STILL,
        });
        // One of a session that was begun later is no news of those that failed for longer.
        if outage.count <= count {
            outage.count = count;
            outage.next = next;
        }
        outage.lacks = lacks;
    }

    /// Notes a cause of there being no session, now that the tunnel was up.
    pub(super) fn handle_reconnecting(
        &mut self,
        now: Instant,
        problem: &Problem,
    ) -> Option<String> {
        let asked_for = self.trouble.as_ref().and_then(|one| one.asked_for.as_ref());
        if asked_for == Some(problem) {
            return None;
        }
        let budget = words::span(millis(self.budget));
        let goes_on = match Lacks::of(problem) {
            // What is wrong says that it goes on when that is over.
            Lacks::Network => String::new(),
            Lacks::Way => {
                format!(" It is tried for up to {budget}, not counting time without a way to AWS.")
            }
            Lacks::Service => format!(" It is tried for up to {budget}."),
        };
        let sentence = format!("reconnecting: {}{goes_on}", problem_sentence(problem));
        self.trouble(now, now + PATIENCE, sentence)
    }

    pub(super) fn next_words(&self, now: Instant, next_attempt: Option<u64>) -> String {
        let unix_ms = self.unix_ms(now);
        match next_attempt.map(|at| at.saturating_sub(unix_ms)) {
            None => "It is being tried again.".to_owned(),
            Some(..AT_ONCE_MS) => "It is tried again at once.".to_owned(),
            Some(pause) => format!("Next attempt in {}.", words::span(pause)),
        }
    }
}
