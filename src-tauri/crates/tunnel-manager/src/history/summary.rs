//! What a stretch of history comes to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use tunnel_proto::{DropEnd, Happening, Problem, State};
use uuid::Uuid;

use super::Entry;
use super::day::Day;
use crate::bundle::{Course, DropCause};

/// Days that are looked at one by one though nothing is recorded of some: more than are kept.
const DAYS_MOST: u64 = 31;

/// What the history of one tunnel comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// WebSockets that were lost.
    pub drops: u32,
    /// The same by what each was.
    pub drops_by_cause: BTreeMap<DropCause, u32>,
    /// Of those: such that the session could not be resumed.
    pub not_resumed: u32,
    /// WebSockets that were renewed ahead of time.
    pub renewals: u32,
    /// The longest time in which no connection of a session could go on, milliseconds.
    pub longest_gap_ms: u64,
    /// Local connections that did not live through a drop.
    pub connections_lost: u64,
    /// Local connections that lived through a drop or a renewal, counted at each.
    pub carried_through: u64,
    /// Local connections that were closed without having been carried.
    pub turned_away: u64,
    /// Payload from local connections to the destination, bytes, as far as is recorded.
    pub bytes_up: u64,
    /// Payload from the destination to local connections, bytes, as far as is recorded.
    pub bytes_down: u64,
    /// How long the tunnel was up, milliseconds, as far as is recorded.
    pub up_ms: u64,
    /// How long it was degraded, milliseconds, as far as is recorded: it carried connections, and
    /// not all of them as it should.
    pub degraded_ms: u64,
    /// Whether it was up at any time since then, or degraded.
    pub was_up: bool,
    /// If it was not: why, as far as is known.
    pub why_not_up: Option<Problem>,
    /// How long it was wanted to be up, milliseconds, as far as is recorded.
    pub wanted_ms: u64,
}

impl Summary {
    /// Adds up the entries of one tunnel, oldest first, from `since` on (Unix milliseconds).
    /// Earlier ones only say how it was then.
    ///
    /// Of a run whose end is not recorded, for it goes on or has crashed, the time after its
    /// last record is not counted: nothing is known of it. A program that runs and is asked tells one of
    /// now ([`History::pending`](super::History::pending)).
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>, since: u64) -> Self {
        Self::between(entries, since, u64::MAX)
    }

    /// What each day (UTC) comes to of which something is known, from `since` on, oldest first:
    /// `2026-11-30` and so on. Of a day without a record the states before and after it tell.
    pub fn days<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
        since: u64,
    ) -> Vec<(String, Self)> {
        let entries: Vec<&Entry> = entries.into_iter().collect();
        let times = entries.iter().map(|entry| entry.record.at);
        let told: BTreeSet<Day> = times.filter(|at| *at >= since).map(Day::of).collect();
        let first = entries
            .first()
            .map(|entry| Day::of(entry.record.at.max(since)));
        let range = first.zip(told.last().copied());
        // A clock that was wrong for a while may have told of another year.
        let between = range.filter(|(first, last)| first.distance(*last) < DAYS_MOST);
        let mut days = told.clone();
        days.extend(
            between
                .into_iter()
                .flat_map(|(first, last)| first.until(last)),
        );
        let of = |day: Day| {
            let (begin, end) = day.bounds();
            let summary = Self::between(entries.iter().copied(), begin.max(since), end);
            let is_known = told.contains(&day) || summary.wanted_ms > 0;
            is_known.then(|| (day.to_string(), summary))
        };
        days.into_iter().filter_map(of).collect()
    }

    /// The same until a time, which is not part of it.
    fn between<'a>(entries: impl IntoIterator<Item = &'a Entry>, since: u64, until: u64) -> Self {
        let mut summary = Self::default();
        let mut runs: HashMap<Option<Uuid>, Span> = HashMap::new();
        let entries: Vec<&Entry> = entries.into_iter().collect();
        let course = Course::of(entries.iter().copied());
        for entry in entries {
            let at = entry.record.at;
            let run = runs.entry(entry.tunnel.run).or_insert(Span {
                from: at,
                phase: Phase::Unknown,
            });
            // However often it was told in between: each stretch is counted once.
            let known = at.min(until).saturating_sub(run.from.max(since));
            match run.phase {
                Phase::Unknown | Phase::Resting => {}
                Phase::Up => {
                    summary.up_ms += known;
                    summary.wanted_ms += known;
                }
                Phase::Degraded => {
                    summary.degraded_ms += known;
                    summary.wanted_ms += known;
                }
                Phase::Down => summary.wanted_ms += known,
            }
            summary.was_up |= known > 0 && run.phase.carries();
            run.from = run.from.max(at);
            if at >= until {
                // It has only told how long the state before has lasted.
                continue;
            }
            match &entry.record.what {
                Happening::State { state, cause: _ } => {
                    run.phase = phase(state);
                    summary.was_up |= at >= since && run.phase.carries();
                    if let Some(problem) = problem(state).filter(|_| at >= since) {
                        summary.why_not_up = Some(problem.clone());
                    }
                }
                Happening::Drop(lost) if at >= since => {
                    summary.drops += 1;
                    let cause = course.cause(entry.tunnel.run, lost, at);
                    *summary.drops_by_cause.entry(cause).or_default() += 1;
                    match lost.end {
                        DropEnd::Resumed | DropEnd::LetGo => {}
                        DropEnd::Replaced { .. } | DropEnd::GivenUp { .. } | DropEnd::Stopped => {
                            summary.not_resumed += 1;
                        }
                    }
                    summary.longest_gap_ms = summary.longest_gap_ms.max(lost.lasted_ms);
                    summary.carried_through += u64::from(lost.survived);
                    summary.connections_lost +=
                        u64::from(lost.connections.saturating_sub(lost.survived));
                }
                Happening::Renewed(renewal) if at >= since => {
                    summary.renewals += 1;
                    summary.carried_through += u64::from(renewal.connections);
                    summary.longest_gap_ms = summary.longest_gap_ms.max(renewal.gap_ms);
                }
                Happening::TurnedAway(turned_away) if at >= since => {
                    summary.turned_away += u64::from(turned_away.count);
                }
                Happening::Carried {
                    bytes_up,
                    bytes_down,
                } if at >= since => {
                    summary.bytes_up = summary.bytes_up.saturating_add(*bytes_up);
                    summary.bytes_down = summary.bytes_down.saturating_add(*bytes_down);
                }
                Happening::Drop(_)
                | Happening::Renewed(_)
                | Happening::TurnedAway(_)
                | Happening::Unreached { .. }
                | Happening::LeftBehind { .. }
                | Happening::EndedLate { .. }
                | Happening::Slept { .. }
                | Happening::Carried { .. }
                | Happening::Target(_) => {}
            }
        }
        if summary.was_up {
            summary.why_not_up = None;
        }
        summary
    }

    /// The drops by cause in words: `2 hourly close, 1 black hole`.
    pub fn causes(&self) -> String {
        let counted = self.drops_by_cause.iter();
        let told = counted.map(|(cause, count)| format!("{count} {}", cause.brief()));
        told.collect::<Vec<_>>().join(", ")
    }
}

/// What is known of one start of a tunnel.
struct Span {
    /// Since when.
    from: u64,
    phase: Phase,
}

/// How a tunnel was for a while.
enum Phase {
    Unknown,
    /// Off, or waiting for a first connection.
    Resting,
    Up,
    /// Up, and not well for all connections.
    Degraded,
    /// Wanted to be up, and was not.
    Down,
}

impl Phase {
    fn carries(&self) -> bool {
        match self {
            Self::Up | Self::Degraded => true,
            Self::Unknown | Self::Resting | Self::Down => false,
        }
    }
}

fn phase(state: &State) -> Phase {
    match state {
        State::Up { .. } => Phase::Up,
        State::Degraded { .. } => Phase::Degraded,
        State::Connecting { .. } | State::Reconnecting { .. } | State::NeedsSignIn { .. } => {
            Phase::Down
        }
        State::Off | State::Listening | State::Stopping | State::Failed { .. } => Phase::Resting,
    }
}

/// Why a tunnel in that state is not up.
fn problem(state: &State) -> Option<&Problem> {
    match state {
        State::Reconnecting { problem, .. }
        | State::NeedsSignIn { problem, .. }
        | State::Failed { problem, .. } => Some(problem),
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Degraded { .. }
        | State::Stopping => None,
    }
}
