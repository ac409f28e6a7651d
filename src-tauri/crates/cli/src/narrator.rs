//! What a person is told while a tunnel runs: each lost connection in one line when it is over,
//! trouble that goes on, once it does, and what keeps it from coming up at all.

mod flood;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_access::AccessError;
use tokio::time::Instant;
use tunnel_manager::tunnel::{
    DropEnd, DropRecord, Happening, NETWORK_DOWN, Problem, ProblemKind, SIGN_IN_PROBE, State,
    TunnelEvent, TurnedAway,
};

use self::flood::{Floods, Line, Sort};
use crate::output::problem_sentence;
use crate::words;

/// How long trouble may last before it is told. The gateway's hourly close is over in a second,
/// and one line when it is over says all of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a reason for not being up yet may pass by itself, or end the program, before it is
/// told: refused credentials are asked for once more at once, and one sentence is enough then.
const A_MOMENT: Duration = Duration::from_millis(500);

/// An attempt that is due sooner is made at once, as far as a reader can tell.
const AT_ONCE_MS: u64 = 1_000;

/// How often a long outage is told again.
const STILL: Duration = Duration::from_secs(60);

/// What is said of a first start that takes long. The line that it listens is its end.
const CONNECTING: &str = "still connecting: AWS has not answered yet.";

/// Different reasons for not coming up that are told, each once. There are not so many.
const REASONS_MOST: usize = 32;

/// Sessions that are remembered as left behind; those beyond are told, too, but not at the end.
const LEFT_MOST: usize = 1_000;

/// Says what is worth a line, and when.
#[derive(Debug)]
pub(crate) struct Narrator {
    /// A moment, and what time it is then in Unix milliseconds: states tell the time.
    origin: (Instant, u64),
    stage: Stage,
    trouble: Option<Trouble>,
    /// The last thing that was told beside it: people need not read the same twice in a row.
    notice: String,
    floods: Floods,
    /// How long failing attempts are repeated once the tunnel was up.
    budget: Duration,
    /// The attempts of the outage that goes on.
    outage: Option<Attempts>,
    /// Sessions that live on at the service although they are not wanted, and why.
    left: BTreeMap<String, Problem>,
}

#[derive(Debug)]
enum Stage {
    /// It has not been up.
    Starting {
        /// What was told of the reasons.
        told: BTreeSet<String>,
        /// The latest that was not.
        reason: Option<Reason>,
    },
    /// It has been up, or waits for a first connection.
    Running,
}

/// Why a tunnel is not up yet.
#[derive(Debug)]
struct Reason {
    /// When it is to be told: before, it may be over, or the program ends with it.
    due: Instant,
    sentence: String,
    /// Unix milliseconds.
    next_attempt: Option<u64>,
}

/// Attempts at a session that have not led to one.
#[derive(Debug, Clone, Copy)]
struct Attempts {
    /// When it began, Unix milliseconds.
    since: u64,
    /// The one that is under way or comes next.
    count: u32,
    /// Unix milliseconds; `None` while one is under way.
    next: Option<u64>,
    lacks: Lacks,
    /// When they are told again, if they are still in vain.
    due: Instant,
}

/// What an outage waits for. Only what the service itself keeps from being up is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lacks {
    /// The machine has no network, and nothing is tried.
    Network,
    /// The way to AWS.
    Way,
    /// Anything else.
    Service,
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
    /// What the user was asked to mend. Once he has, it is the reason that is told until the
    /// next answer comes, and no news.
    asked_for: Option<Problem>,
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
    fn of(problem: &Problem) -> Self {
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
    /// Makes one for a tunnel that is being started; `unix_ms` is the time now, `budget` how long
    /// failing attempts are repeated once it was up.
    pub(crate) fn new(now: Instant, unix_ms: u64, budget: Duration) -> Self {
        Self {
            origin: (now, unix_ms),
            stage: Stage::Starting {
                told: BTreeSet::new(),
                reason: None,
            },
            trouble: None,
            notice: String::new(),
            floods: Floods::default(),
            budget,
            outage: None,
            left: BTreeMap::new(),
        }
    }

    /// Takes in what happened; returns the line to print, if any.
    pub(crate) fn handle(&mut self, now: Instant, event: &TunnelEvent) -> Option<String> {
        match event {
            TunnelEvent::State(state) => self.handle_state(now, state),
            TunnelEvent::Record(record) => self.handle_record(now, &record.what),
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
        let reason_due = match &self.stage {
            Stage::Starting { reason, .. } => reason.as_ref().map(|reason| reason.due),
            Stage::Running => None,
        };
        let still_due = self.told_outage().map(|outage| outage.due);
        [self.floods.due(), reason_due, self.trouble_due(), still_due]
            .into_iter()
            .flatten()
            .min()
    }

    /// Tells what is due: trouble that has not passed, the sum of what came too fast.
    pub(crate) fn handle_due(&mut self, now: Instant) -> Option<String> {
        self.tell_trouble(now)
            .or_else(|| self.tell_reason(now))
            .or_else(|| self.tell_outage(now))
            .or_else(|| self.floods.handle_due(now))
    }

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
                | Happening::TurnedAway(_) => false,
            },
            TunnelEvent::State(_)
            | TunnelEvent::Lost { .. }
            | TunnelEvent::Replaced { .. }
            | TunnelEvent::Notice(_) => false,
        }
    }

    /// What is to be said when the program ends: what was held back, and what stays behind.
    /// `noted` says whether the next start knows of it.
    pub(crate) fn last_words(&mut self, noted: bool) -> Vec<String> {
        let mut words = self.floods.flush();
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

    fn handle_record(&mut self, now: Instant, what: &Happening) -> Option<String> {
        match what {
            Happening::Drop(lost) => self.handle_drop(now, lost),
            Happening::TurnedAway(turned_away) => self.handle_turned_away(now, turned_away),
            Happening::LeftBehind {
                session_id,
                problem,
            } => {
                self.leave(session_id, problem);
                let why = without_remedy(problem);
                Some(format!(
                    "A session could not be ended at the service; it is tried again. {why}"
                ))
            }
            Happening::EndedLate { session_id } => {
                self.left.remove(session_id);
                Some("A session that was left open at the service is ended.".to_owned())
            }
            // Which node it is belongs to what was asked for: at once.
            Happening::Target(choice) => Some(words::one_line(&choice.what())),
            // A renewal is no news, and states are told as they come.
            Happening::Renewed(_) | Happening::State { .. } => None,
        }
    }

    fn handle_drop(&mut self, now: Instant, lost: &DropRecord) -> Option<String> {
        let over = match lost.end {
            DropEnd::Resumed | DropEnd::Replaced { .. } => true,
            DropEnd::GivenUp { .. } | DropEnd::Stopped => false,
            // Nobody has noticed.
            DropEnd::LetGo => return None,
        };
        if let Some(trouble) = &mut self.trouble {
            trouble.ended |= over;
        }
        match self.stage {
            Stage::Starting { .. } => None,
            Stage::Running => {
                let connections = lost.connections.saturating_sub(lost.survived);
                let line = Line {
                    text: words::drop_line(lost),
                    lost: connections.into(),
                    clock: words::clock(self.unix_ms(now)),
                };
                self.floods.line(now, Sort::of_drop(lost), line)
            }
        }
    }

    fn handle_turned_away(&mut self, now: Instant, turned_away: &TurnedAway) -> Option<String> {
        let line = Line {
            text: words::turned_away_line(turned_away),
            lost: turned_away.count.into(),
            clock: words::clock(self.unix_ms(now)),
        };
        self.floods
            .line(now, Sort::of_turned_away(turned_away), line)
    }

    fn leave(&mut self, session_id: &str, problem: &Problem) {
        if self.left.len() < LEFT_MOST {
            self.left.insert(session_id.to_owned(), problem.clone());
        }
    }

    fn trouble_due(&self) -> Option<Instant> {
        self.trouble
            .as_ref()
            .filter(|trouble| !trouble.ended && trouble.told.as_ref() != Some(&trouble.sentence))
            .map(|trouble| trouble.due)
    }

    fn tell_trouble(&mut self, now: Instant) -> Option<String> {
        if self.trouble_due()? > now {
            return None;
        }
        let trouble = self.trouble.as_mut()?;
        trouble.told = Some(trouble.sentence.clone());
        trouble.told.clone()
    }

    /// The outage that goes on, if people know of it.
    fn told_outage(&self) -> Option<Attempts> {
        let trouble = self.trouble.as_ref()?;
        match self.stage {
            Stage::Running if trouble.told.is_some() && !trouble.ended => self.outage,
            Stage::Running | Stage::Starting { .. } => None,
        }
    }

    /// Tells how far an outage has come that goes on.
    fn tell_outage(&mut self, now: Instant) -> Option<String> {
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
    fn note_attempt(
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

    fn next_words(&self, now: Instant, next_attempt: Option<u64>) -> String {
        let unix_ms = self.unix_ms(now);
        match next_attempt.map(|at| at.saturating_sub(unix_ms)) {
            None => "It is being tried again.".to_owned(),
            Some(..AT_ONCE_MS) => "It is tried again at once.".to_owned(),
            Some(pause) => format!("Next attempt in {}.", words::span(pause)),
        }
    }

    fn unix_ms(&self, now: Instant) -> u64 {
        let (origin, unix_ms) = self.origin;
        unix_ms.saturating_add(millis(now.saturating_duration_since(origin)))
    }

    /// Ends what was told of trouble; says so in the words given.
    fn end_trouble(&mut self, words: &str) -> Option<String> {
        self.outage = None;
        let trouble = self.trouble.take()?;
        trouble.told.is_some().then(|| words.to_owned())
    }

    fn handle_state(&mut self, now: Instant, state: &State) -> Option<String> {
        match state {
            State::Up { .. } => {
                self.stage = Stage::Running;
                // A bad state that was told is followed by its end, whatever the drop says.
                let waited = self.has_run();
                let end = self.end_trouble("up");
                end.filter(|_| waited)
            }
            State::Degraded { problem, .. } => {
                self.stage = Stage::Running;
                self.outage = None;
                let sentence = format!("degraded: {}", problem_sentence(problem));
                self.trouble(now, now + PATIENCE, sentence)
            }
            State::Reconnecting {
                problem,
                next_attempt,
                attempt,
                since,
            } => {
                let lacks = Lacks::of(problem);
                self.note_attempt(now, *since, *attempt, *next_attempt, lacks);
                match self.stage {
                    Stage::Starting { .. } => self.handle_reason(now, problem, *next_attempt),
                    Stage::Running => self.handle_reconnecting(now, problem),
                }
            }
            // Only the user can help: at once. At the start, the program ends with it.
            State::NeedsSignIn { problem, .. } => match self.stage {
                Stage::Starting { .. } => None,
                Stage::Running => {
                    let sentence = format!(
                        "needs sign-in: {}{}",
                        problem_sentence(problem),
                        looks_again(problem)
                    );
                    // The time that the user takes is no attempt's.
                    self.outage = None;
                    let told = self.trouble(now, now, sentence);
                    self.waits_for(problem);
                    told
                }
            },
            State::Connecting { .. } => match self.stage {
                // Somebody has just typed the command, and looks at a silent terminal.
                Stage::Starting { .. } => self.trouble(now, now + PATIENCE, CONNECTING.to_owned()),
                // What was told ends when it is up.
                Stage::Running => None,
            },
            State::Listening => {
                self.stage = Stage::Running;
                self.end_trouble("listening: the next connection starts a session")
            }
            State::Off | State::Stopping | State::Failed { .. } => {
                self.trouble = None;
                None
            }
        }
    }

    /// Notes why the tunnel is not up yet. Each reason is told once.
    fn handle_reason(
        &mut self,
        now: Instant,
        problem: &Problem,
        next_attempt: Option<u64>,
    ) -> Option<String> {
        self.trouble = None;
        let sentence = problem_sentence(problem);
        match &mut self.stage {
            Stage::Starting {
                reason: Some(reason),
                ..
            } if reason.sentence == sentence => {
                reason.next_attempt = next_attempt;
                None
            }
            Stage::Starting { told, reason } => {
                let new = !told.contains(&sentence) && told.len() < REASONS_MOST;
                let new = new.then(|| Reason {
                    due: now + A_MOMENT,
                    sentence,
                    next_attempt,
                });
                let before = std::mem::replace(reason, new);
                before.map(|before| self.say_reason(now, before))
            }
            Stage::Running => None,
        }
    }

    /// Tells why the tunnel is not up yet, once that has been so for a moment.
    fn tell_reason(&mut self, now: Instant) -> Option<String> {
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
            ..
        } = reason;
        let next = self.next_words(now, next_attempt);
        let line = format!("not up yet: {sentence} {next}");
        if let Stage::Starting { told, .. } = &mut self.stage {
            told.insert(sentence);
        }
        line
    }

    /// Notes a cause of there being no session, now that the tunnel was up.
    fn handle_reconnecting(&mut self, now: Instant, problem: &Problem) -> Option<String> {
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

    /// The user was told to mend something.
    fn waits_for(&mut self, problem: &Problem) {
        if let Some(trouble) = &mut self.trouble {
            trouble.asked_for = Some(problem.clone());
        }
    }

    fn has_run(&self) -> bool {
        self.trouble
            .as_ref()
            .is_some_and(|trouble| trouble.sentence != CONNECTING)
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
                    asked_for: None,
                });
            }
        }
        self.tell_trouble(now)
    }
}

/// When credentials are looked at again that only the user can renew: a sentence with a space
/// before it, or nothing for those that no look can renew.
fn looks_again(problem: &Problem) -> String {
    if problem.code == AccessError::EXPIRED_ENVIRONMENT {
        return String::new();
    }
    let every = SIGN_IN_PROBE.as_secs();
    format!(" It looks again every {every} s, and as soon as the AWS files change.")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What went wrong, where there is nothing for the reader to do.
fn without_remedy(problem: &Problem) -> String {
    problem_sentence(&Problem {
        remedy: String::new(),
        ..problem.clone()
    })
}

#[cfg(test)]
mod tests;
