//! What a drop's record tells already.

use std::collections::HashMap;

use tunnel_manager::Entry;
use tunnel_manager::tunnel::{Happening, State};

/// The time in which a drop tells all that happened to its run.
pub(super) struct ToldByDrops(HashMap<Option<String>, Vec<(u64, u64)>>);

pub(super) fn told_by_drops(entries: &[Entry]) -> ToldByDrops {
    let mut told: HashMap<_, Vec<_>> = HashMap::new();
    for entry in entries {
        if let Happening::Drop(lost) = &entry.record.what {
            let times = told.entry(one_run(entry)).or_default();
            times.push((lost.close.at, entry.record.at));
        }
    }
    ToldByDrops(told)
}

impl ToldByDrops {
    /// Says whether an entry is only the beginning or the end of a drop.
    pub(super) fn tell(&self, entry: &Entry) -> bool {
        let at = entry.record.at;
        let of_drops = match &entry.record.what {
            Happening::State { state, .. } => match state {
                State::Reconnecting { .. } | State::Up { .. } => true,
                State::Off
                | State::Listening
                | State::Connecting { .. }
                | State::Degraded { .. }
                | State::NeedsSignIn { .. }
                | State::Stopping
                | State::Failed { .. } => false,
            },
            Happening::Drop(_)
            | Happening::Renewed(_)
            | Happening::TurnedAway(_)
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Target(_) => false,
        };
        of_drops
            && self.0.get(&one_run(entry)).is_some_and(|times| {
                times
                    .iter()
                    .any(|(from, until)| (*from..=*until).contains(&at))
            })
    }
}

fn one_run(entry: &Entry) -> Option<String> {
    entry.tunnel.run.map(|run| run.to_string())
}
