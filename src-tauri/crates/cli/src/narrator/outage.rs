//! Attempts at a session, counted while they are in vain.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use tunnel_manager::tunnel::{NETWORK_DOWN, Outlook, Problem, ProblemKind};

use super::trouble::{NextAttempt, Telling};
use super::{Narrator, PATIENCE, Stage, outlook};
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
    /// For whom, and until when.
    outlook: Outlook,
    /// When they are told again, if they are still in vain.
    pub(super) due: Instant,
}

/// What was tried before a tunnel was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GaveUp<'a> {
    /// How long it was tried, milliseconds.
    pub(crate) lasted_ms: u64,
    /// How often.
    pub(crate) attempts: u32,
    /// Where the calls went, if calls were what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<&'a str>,
}

impl fmt::Display for GaveUp<'_> {
    /// The beginning of the last sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lasted = words::span(self.lasted_ms);
        write!(f, "gave up after {lasted} and {} attempts", self.attempts)?;
        if let Some(endpoint) = self.endpoint {
            write!(f, " with calls to {endpoint}")?;
        }
        f.write_str(": ")
    }
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
    /// What the tunnel has tried before it was given up for that reason; `None` if that was told at
    /// once. `endpoint` is where the calls went.
    pub(crate) fn gave_up<'a>(
        &self,
        now: Instant,
        problem: &Problem,
        endpoint: Option<&'a str>,
    ) -> Option<GaveUp<'a>> {
        let outage = self.outage?;
        let attempts = Some(outage.made()).filter(|made| *made > 1)?;
        let since = match self.stage {
            // Nobody cares when the first attempt failed that he has waited for.
            Stage::Starting { .. } => self.origin.1,
            Stage::Running => outage.since,
        };
        let lasted_ms = self.unix_ms(now).saturating_sub(since);
        let endpoint = endpoint.filter(|_| is_about_calls(problem.kind));
        Some(GaveUp {
            lasted_ms,
            attempts,
            endpoint,
        })
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
            let outlook = outlook::words(&told.outlook);
            return Some(format!("still without a network after {lasted}.{outlook}"));
        }
        let attempts = words::count(told.made().into(), "attempt", "attempts");
        let next = self.next_words(now, told.next);
        let outlook = outlook::words(&told.outlook);
        Some(format!(
            "still reconnecting after {lasted}, {attempts} so far. {next}{outlook}"
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
        outlook: Outlook,
    ) {
        // The time that the user took to sign in is no attempt's.
        let asked = self.trouble.as_ref().and_then(|one| one.asked_for.as_ref());
        let since = asked.map_or(since, |_| self.unix_ms(now));
        let outage = self.outage.get_or_insert(Attempts {
            since,
            count,
            next,
            lacks,
            outlook,
            due: now + STILL,
        });
        // One of a session that was begun later is no news of those that failed for longer.
        if outage.count <= count {
            outage.count = count;
            outage.next = next;
        }
        outage.lacks = lacks;
        outage.outlook = outlook;
    }

    /// Notes a cause of there being no session, now that the tunnel was up.
    pub(super) fn handle_reconnecting(
        &mut self,
        now: Instant,
        since: u64,
        problem: &Problem,
        next: Option<NextAttempt>,
        outlook: &Outlook,
    ) -> Option<String> {
        let asked_for = self.trouble.as_ref().and_then(|one| one.asked_for.as_ref());
        if asked_for == Some(problem) {
            return None;
        }
        let lacks = Lacks::of(problem);
        // Time alone does not end what is no fault of the service.
        let goes_on = match (outlook.until, lacks) {
            (Some(_), _) | (None, Lacks::Network | Lacks::Service) => "",
            (None, Lacks::Way) => " It is tried for as long as it takes.",
        };
        let (since, what) = (words::clock(since), self.beginning.then(problem));
        let telling = Telling {
            news: format!("reconnecting: {}", problem_sentence(problem)),
            line: format!("reconnecting since {since}: {what}{goes_on}"),
            next: match lacks {
                Lacks::Network => None,
                Lacks::Way | Lacks::Service => next,
            },
            outlook: *outlook,
        };
        self.trouble(now, now + PATIENCE, telling)
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

/// Whether what went wrong is about calls to AWS, not about what is behind them.
fn is_about_calls(kind: ProblemKind) -> bool {
    match kind {
        ProblemKind::Credentials
        | ProblemKind::Permission
        | ProblemKind::Network
        | ProblemKind::Service => true,
        ProblemKind::Settings
        | ProblemKind::Listen
        | ProblemKind::Target
        | ProblemKind::Protocol => false,
    }
}
