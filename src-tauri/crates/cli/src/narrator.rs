//! What a person is told while a tunnel runs: each lost connection in one line when it is over,
//! trouble that goes on, once it does, and what keeps it from coming up at all.

mod flood;
mod left_behind;
mod outage;
mod outlook;
mod replacing;
mod resting;
mod starting;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;
use tunnel_manager::tunnel::{
    ClosedBy, DropEnd, DropRecord, Happening, Outlook, Problem, State, TunnelEvent, TurnedAway,
};

use self::flood::{Floods, Line, Sort};
use self::left_behind::without_remedy;
pub(crate) use self::outage::GaveUp;
use self::outage::{Attempts, Lacks};
use self::replacing::Replacing;
use self::resting::Resting;
use self::starting::Reason;
use self::trouble::{Beginning, NextAttempt, Telling, Trouble, looks_again};
use crate::output::problem_sentence;
use crate::words;

/// How long trouble may last before it is told. The gateway's hourly close is over in a second,
/// and one line when it is over says all of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is said of a first start that takes long. The line that it listens is its end.
const CONNECTING: &str = "still connecting: AWS, or the target behind it, has not answered yet.";

/// Says what is worth a line, and when.
#[derive(Debug)]
pub(crate) struct Narrator {
    /// A moment, and what time it is then in Unix milliseconds: states tell the time.
    origin: (Instant, u64),
    stage: Stage,
    trouble: Option<Trouble>,
    /// How it began.
    beginning: Beginning,
    replacing: Option<Replacing>,
    /// A session carries connections.
    carried: bool,
    floods: Floods,
    /// A lazy tunnel is giving a session up.
    resting: Option<Resting>,
    /// The attempts of the outage that goes on.
    outage: Option<Attempts>,
    /// Sessions that live on at the service although they are not wanted, and why.
    left: BTreeMap<String, Problem>,
    /// The service had not answered yet whether it starts a session, when the program ended.
    unanswered: Option<Problem>,
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

impl Narrator {
    /// Makes one for a tunnel that is being started; `unix_ms` is the time now.
    pub(crate) fn new(now: Instant, unix_ms: u64) -> Self {
        Self {
            origin: (now, unix_ms),
            stage: Stage::Starting {
                told: BTreeSet::new(),
                reason: None,
            },
            trouble: None,
            beginning: Beginning::default(),
            replacing: None,
            carried: false,
            floods: Floods::default(),
            resting: None,
            outage: None,
            left: BTreeMap::new(),
            unanswered: None,
        }
    }

    /// Takes in what happened; returns the line to print, if any.
    pub(crate) fn handle(&mut self, now: Instant, event: &TunnelEvent) -> Option<String> {
        match event {
            TunnelEvent::State(state) => self.handle_state(now, state),
            TunnelEvent::Record(record) => self.handle_record(now, &record.what),
            TunnelEvent::Notice(problem) => {
                let line = Line {
                    text: problem_sentence(problem),
                    lost: 0,
                    clock: words::clock(self.unix_ms(now)),
                };
                self.floods.line(now, Sort::of_notice(problem), line)
            }
            // What it costs follows, and that it listens: one line tells all of it.
            TunnelEvent::Rested(problem) => {
                self.resting = Some(Resting::new(problem));
                None
            }
            // The record of the drop tells both, if it is over soon.
            TunnelEvent::Lost {
                close,
                closed_by,
                socket_age,
                ..
            } => {
                // That of a session that was ended is as it is meant to be.
                if *closed_by != ClosedBy::SessionEnd {
                    self.beginning.lost(close.cause(*socket_age, *closed_by));
                }
                None
            }
            TunnelEvent::Replaced {
                problem,
                connections,
                drop_of,
                session_id: _,
            } => {
                self.beginning.replaced(problem, *connections);
                match (&self.stage, drop_of) {
                    // It is the reason that is told.
                    (Stage::Starting { .. }, _) => {}
                    // It has never carried anything, and no record tells its end.
                    (Stage::Running, None) => {}
                    (Stage::Running, Some(place)) => {
                        self.note_replaced(now, place, problem, *connections);
                    }
                }
                None
            }
        }
    }

    /// Some of what happened was not heard: what would have ended with it is forgotten.
    pub(crate) fn missed(&mut self) {
        self.replacing = None;
    }

    /// When [`handle_due`](Self::handle_due) has something to say.
    pub(crate) fn due(&self) -> Option<Instant> {
        let reason_due = match &self.stage {
            Stage::Starting { reason, .. } => reason.as_ref().map(|reason| reason.due),
            Stage::Running => None,
        };
        let still_due = self.told_outage().map(|outage| outage.due);
        let replacing_due = self.replacing_due();
        let dues = [self.floods.due(), reason_due, self.trouble_due()];
        dues.into_iter()
            .chain([still_due, replacing_due])
            .flatten()
            .min()
    }

    /// Tells what is due: trouble that has not passed, the sum of what came too fast.
    pub(crate) fn handle_due(&mut self, now: Instant) -> Option<String> {
        self.tell_trouble(now)
            .or_else(|| self.tell_reason(now))
            .or_else(|| self.tell_outage(now))
            .or_else(|| self.tell_replacing(now))
            .or_else(|| self.floods.handle_due(now))
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
            // A renewal is no news, nor is a sleep, nor what is carried; states, and what does not reach
            // the destination, are told as they come.
            Happening::Renewed(_)
            | Happening::Carried { .. }
            | Happening::Slept { .. }
            | Happening::State { .. }
            | Happening::Unreached { .. } => None,
        }
    }

    fn handle_drop(&mut self, now: Instant, lost: &DropRecord) -> Option<String> {
        // Nobody had noticed: what comes later begins with something else.
        if self.trouble.is_none() {
            self.beginning = Beginning::default();
        }
        if let Some(resting) = &mut self.resting {
            resting.closed(lost.connections.saturating_sub(lost.survived));
            self.note_replacement(lost);
            return None;
        }
        let over = match lost.end {
            DropEnd::Resumed | DropEnd::Replaced { .. } => true,
            DropEnd::GivenUp { .. } | DropEnd::Stopped => false,
            // Nobody has noticed.
            DropEnd::LetGo => return None,
        };
        let mut known = self.note_replacement(lost);
        if let Some(trouble) = &mut self.trouble {
            trouble.ended |= over;
            known |= over && trouble.told.is_some();
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
                // Who knows of its begin waits for its end.
                if known {
                    return Some(line.text);
                }
                self.floods.line(now, Sort::of_drop(lost), line)
            }
        }
    }

    fn handle_turned_away(&mut self, now: Instant, turned_away: &TurnedAway) -> Option<String> {
        if let Some(resting) = &mut self.resting {
            resting.closed(turned_away.count);
            return None;
        }
        let line = Line {
            text: words::turned_away_line(turned_away),
            lost: turned_away.count.into(),
            clock: words::clock(self.unix_ms(now)),
        };
        self.floods
            .line(now, Sort::of_turned_away(turned_away), line)
    }

    fn unix_ms(&self, now: Instant) -> u64 {
        let (origin, unix_ms) = self.origin;
        unix_ms.saturating_add(millis(now.saturating_duration_since(origin)))
    }

    fn handle_state(&mut self, now: Instant, state: &State) -> Option<String> {
        self.carried = match state {
            State::Up { .. } | State::Degraded { .. } => true,
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Reconnecting { .. }
            | State::NeedsSignIn { .. }
            | State::Stopping
            | State::Failed { .. } => false,
        };
        match state {
            State::Up { .. } => {
                self.stage = Stage::Running;
                // A bad state that was told is followed by its end, whatever the drop says.
                let waited = self.has_run();
                let end = self.end_trouble("up");
                end.filter(|_| waited)
            }
            State::Degraded {
                since,
                problem,
                session_id,
                others,
                outlook,
            } => {
                self.stage = Stage::Running;
                self.outage = None;
                let (since, what) = (words::clock(*since), self.beginning.then(problem));
                let session = session_id.as_deref().map_or_else(String::new, |id| {
                    format!(", session {}", words::one_line(id))
                });
                let others = match others {
                    0 => "",
                    1 => " New connections use another session.",
                    2.. => " New connections use the other sessions.",
                };
                let telling = Telling {
                    news: format!("degraded: {}", problem_sentence(problem)),
                    line: format!("degraded since {since}{session}: {what}{others}"),
                    next: None,
                    outlook: *outlook,
                };
                self.trouble(now, now + PATIENCE, telling)
            }
            State::Reconnecting {
                problem,
                next_attempt,
                attempt,
                since,
                outlook,
            } => {
                let lacks = Lacks::of(problem);
                self.note_attempt(now, *since, *attempt, *next_attempt, lacks, *outlook);
                match self.stage {
                    Stage::Starting { .. } => {
                        self.handle_reason(now, problem, *next_attempt, outlook)
                    }
                    Stage::Running => {
                        // While the first is under way, the reason says what is being done.
                        let next = match (attempt, next_attempt) {
                            (1, None) => None,
                            (_, next) => Some(NextAttempt(*next)),
                        };
                        self.handle_reconnecting(now, *since, problem, next, outlook)
                    }
                }
            }
            // Only the user can help: at once. At the start, the program ends with it.
            State::NeedsSignIn {
                problem,
                outlook,
                renewed_by,
                ..
            } => match self.stage {
                Stage::Starting { .. } => None,
                Stage::Running => {
                    let news = format!(
                        "needs sign-in: {}{}",
                        problem_sentence(problem),
                        looks_again(*renewed_by)
                    );
                    // The time that the user takes is no attempt's.
                    self.outage = None;
                    let telling = Telling {
                        line: news.clone(),
                        news,
                        next: None,
                        outlook: *outlook,
                    };
                    let told = self.trouble(now, now, telling);
                    self.waits_for(problem);
                    told
                }
            },
            State::Connecting { .. } => match self.stage {
                // Somebody has just typed the command, and looks at a silent terminal.
                Stage::Starting { .. } => {
                    let telling = Telling {
                        news: CONNECTING.to_owned(),
                        line: CONNECTING.to_owned(),
                        next: None,
                        outlook: Outlook::default(),
                    };
                    self.trouble(now, now + PATIENCE, telling)
                }
                // What was told ends when it is up.
                Stage::Running => None,
            },
            State::Listening => {
                self.stage = Stage::Running;
                let end = self.end_trouble("listening: the next connection starts a session");
                match self.resting.take() {
                    Some(resting) => self.tell_rest(now, resting),
                    None => end,
                }
            }
            State::Off | State::Stopping | State::Failed { .. } => {
                self.trouble = None;
                None
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
