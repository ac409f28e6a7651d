//! What a drop's record tells already.

use std::collections::{HashMap, HashSet};

use tunnel_manager::Entry;
use tunnel_manager::tunnel::{DropEnd, DropRecord, Happening, State};

/// The times in which a drop tells all that happened to its run.
pub(super) struct ToldByDrops<'a>(HashMap<Option<String>, Vec<Told<'a>>>);

/// What one drop tells.
struct Told<'a> {
    from: u64,
    until: u64,
    /// The codes of what was wrong meanwhile.
    codes: HashSet<&'a str>,
}

pub(super) fn told_by_drops(entries: &[Entry]) -> ToldByDrops<'_> {
    let mut told: HashMap<_, Vec<_>> = HashMap::new();
    for entry in entries {
        if let Happening::Drop(lost) = &entry.record.what {
            let of_run = told.entry(one_run(entry)).or_default();
            of_run.push(Told {
                from: lost.close.at,
                until: entry.record.at,
                codes: codes(lost),
            });
        }
    }
    ToldByDrops(told)
}

impl ToldByDrops<'_> {
    /// Says whether an entry is only the beginning or the end of a drop.
    pub(super) fn tell(&self, entry: &Entry) -> bool {
        let Happening::State { state, .. } = &entry.record.what else {
            return false;
        };
        let at = entry.record.at;
        let of_run = self.0.get(&one_run(entry));
        let mut meanwhile = of_run
            .into_iter()
            .flatten()
            .filter(|told| (told.from..=told.until).contains(&at));
        match state {
            State::Reconnecting { .. } | State::Up { .. } => meanwhile.next().is_some(),
            // While one session is being resumed, others may be ill by themselves.
            State::Degraded { problem, .. } => {
                meanwhile.any(|told| told.codes.contains(problem.code.as_str()))
            }
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::NeedsSignIn { .. }
            | State::Stopping
            | State::Failed { .. } => false,
        }
    }
}

/// The codes of all that was wrong while a drop went on.
fn codes(lost: &DropRecord) -> HashSet<&str> {
    let attempts = lost.attempts.iter();
    let refused = attempts.filter_map(|alike| alike.problem.as_ref());
    let end = match &lost.end {
        DropEnd::Replaced { problem } | DropEnd::GivenUp { problem } => Some(problem),
        DropEnd::Resumed | DropEnd::Stopped | DropEnd::LetGo => None,
    };
    let codes = refused.chain(end).map(|problem| problem.code.as_str());
    codes.chain(Some(lost.close.problem_code())).collect()
}

fn one_run(entry: &Entry) -> Option<String> {
    entry.tunnel.run.map(|run| run.to_string())
}
