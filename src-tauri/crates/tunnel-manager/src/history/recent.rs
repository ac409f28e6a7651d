//! What of all tunnels' past stands in a list of them.

use std::collections::HashMap;
use std::io;

use tokio::task::spawn_blocking;
use tunnel_proto::Happening;

use super::{Entry, History, read};
use crate::profile::ProfileId;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What became of one tunnel, in two figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recent {
    /// WebSockets that were lost in the last 24 hours: as many as [`Past::drops_day`](super::Past)
    /// says.
    pub drops_day: u32,
    /// When it was started, stopped or changed its state last, Unix milliseconds; none if that was
    /// more than seven days ago.
    pub last_used: Option<u64>,
}

impl Recent {
    /// What became of each saved tunnel until `now` (Unix milliseconds), from what is kept of them.
    pub fn of_all<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
        now: u64,
    ) -> HashMap<ProfileId, Self> {
        let a_day_ago = now.saturating_sub(DAY_MS);
        let mut all: HashMap<ProfileId, Self> = HashMap::new();
        for entry in entries {
            let Some(id) = entry.tunnel.id else { continue };
            let recent = all.entry(id).or_default();
            match &entry.record.what {
                Happening::State { .. } => {
                    recent.last_used = recent.last_used.max(Some(entry.record.at));
                }
                Happening::Drop(_) if entry.record.at >= a_day_ago => recent.drops_day += 1,
                Happening::Drop(_)
                | Happening::Renewed(_)
                | Happening::Target(_)
                | Happening::TurnedAway(_)
                | Happening::Unreached { .. }
                | Happening::LeftBehind { .. }
                | Happening::Slept { .. }
                | Happening::EndedLate { .. }
                | Happening::Carried { .. } => {}
            }
        }
        all
    }
}

impl History {
    /// Reads what became of all saved tunnels until `now` (Unix milliseconds), in this process and
    /// all others of the user; `None` where nothing is kept. Reads beside the runtime's threads.
    ///
    /// # Errors
    ///
    /// What is kept is there and can't be read.
    pub async fn recent(&self, now: u64) -> io::Result<Option<HashMap<ProfileId, Recent>>> {
        let Some(inner) = &self.inner else {
            return Ok(None);
        };
        let folder = inner.folder.clone();
        let since = now.saturating_sub(7 * DAY_MS);
        let reading = spawn_blocking(move || {
            let reading = read(&folder, since, Vec::new(), |tunnel| tunnel.id.is_some())?;
            Ok(Some(Recent::of_all(&reading.entries, now)))
        });
        // It is cancelled only with the runtime.
        reading.await.unwrap_or_else(|error| Err(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use tunnel_proto::{Cause, Record, State};

    use super::super::TunnelName;
    use super::super::past::tests::lost;
    use super::*;

    const NOW: u64 = 1_795_262_400_000;

    fn listening(at: u64) -> Record {
        let what = Happening::State {
            state: State::Listening,
            cause: Cause::Started,
        };
        Record { at, what }
    }

    #[tokio::test]
    async fn drops_of_the_last_day_and_the_last_use_are_told_of_each_saved_tunnel() {
        let home = TempDir::new().unwrap();
        let history = History::open(home.path());
        let (ours, theirs) = (ProfileId::random(), ProfileId::random());
        let name = TunnelName::new(Some(ours), "db");
        let mut recorded = history.recorded();
        for at in [NOW - 2 * DAY_MS, NOW - DAY_MS / 2, NOW - 1_000] {
            history.record(&name, &lost(at));
        }
        history.record(&name, &listening(NOW - 3 * DAY_MS));
        history.record(&name, &listening(NOW - 2 * DAY_MS));
        history.record(&TunnelName::new(Some(theirs), "web"), &listening(NOW - 5));
        history.record(&TunnelName::new(None, "unsaved"), &lost(NOW - 5));
        recorded.wait_for(|count| *count == 7).await.unwrap();

        let all = history.recent(NOW).await.unwrap().unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[&ours].drops_day, 2);
        assert_eq!(all[&ours].last_used, Some(NOW - 2 * DAY_MS));
        let only_used = Recent {
            drops_day: 0,
            last_used: Some(NOW - 5),
        };
        assert_eq!(all[&theirs], only_used);
        let past = history.past(ours, NOW, false).await.unwrap();
        assert_eq!(past.drops_day, 2, "the details say the same");
    }

    #[tokio::test]
    async fn where_nothing_is_kept_nothing_is_told() {
        assert_eq!(History::none().recent(NOW).await.unwrap(), None);
    }
}
