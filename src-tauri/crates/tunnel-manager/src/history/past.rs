//! What became of one tunnel: the last day as a strip, and its drops of the last week.

use std::io;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tunnel_proto::{DropRecord, Happening};

use super::day::Day;
use super::strip::Strip;
use super::{History, Reading, Summary, read};
use crate::profile::ProfileId;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Drops that are told of one by one: more than anybody reads.
const DROPS_MOST: usize = 100;

/// What became of one tunnel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// When that was found out, Unix milliseconds.
    pub at: u64,
    /// The 24 hours until then.
    pub day: Strip,
    /// WebSockets that were lost in the seven days until then, the newest first: at most 100.
    pub drops: Vec<LostSocket>,
    /// How many there were.
    pub drops_total: usize,
    /// How many of them were in the last 24 hours.
    pub drops_day: usize,
    /// What each of the seven days (UTC) came to of which something is recorded, oldest first.
    pub days: Vec<(String, Summary)>,
}

/// A WebSocket that was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSocket {
    /// When it was known what became of it, Unix milliseconds.
    pub at: u64,
    /// What.
    pub record: DropRecord,
}

impl Past {
    /// What became of a tunnel until `now` (Unix milliseconds), from what is kept of it. `on` says
    /// whether it is started in this process.
    pub fn of(reading: Reading, now: u64, on: bool) -> Self {
        let a_day_ago = now.saturating_sub(DAY_MS);
        let day = Strip::of(&reading.entries, a_day_ago, now, on);
        let six_days_ago = Day::of(now.saturating_sub(6 * DAY_MS)).bounds().0;
        let days = Summary::days(&reading.entries, six_days_ago);
        let newest_first = reading.entries.into_iter().rev();
        let mut drops: Vec<_> = newest_first
            .filter_map(|entry| match entry.record.what {
                Happening::Drop(record) => Some(LostSocket {
                    at: entry.record.at,
                    record: *record,
                }),
                Happening::State { .. }
                | Happening::Renewed(_)
                | Happening::Target(_)
                | Happening::TurnedAway(_)
                | Happening::Unreached { .. }
                | Happening::LeftBehind { .. }
                | Happening::Slept { .. }
                | Happening::EndedLate { .. }
                | Happening::Carried { .. } => None,
            })
            .collect();
        let drops_total = drops.len();
        let drops_day = drops.iter().filter(|lost| lost.at >= a_day_ago).count();
        drops.truncate(DROPS_MOST);
        Self {
            at: now,
            day,
            drops,
            drops_total,
            drops_day,
            days,
        }
    }
}

impl History {
    /// Changes when something new is kept, of whichever tunnel. Its sender is gone, at once or
    /// later, where nothing is kept.
    pub fn recorded(&self) -> watch::Receiver<u64> {
        match &self.inner {
            Some(inner) => inner.recorded.clone(),
            None => watch::channel(0).1,
        }
    }

    /// Reads what became of a saved tunnel until `now` (Unix milliseconds), in this process and
    /// all others of the user. `on` says whether it is started in this one. Reads beside the
    /// runtime's threads.
    ///
    /// # Errors
    ///
    /// What is kept is there and can't be read.
    pub async fn past(&self, id: ProfileId, now: u64, on: bool) -> io::Result<Past> {
        let Some(inner) = &self.inner else {
            return Ok(Past::of(Reading::default(), now, on));
        };
        let folder = inner.folder.clone();
        let since = now.saturating_sub(7 * DAY_MS);
        let pending = inner.counting.pending(now);
        let reading = spawn_blocking(move || {
            let reading = read(&folder, since, pending, |tunnel| tunnel.id == Some(id))?;
            Ok(Past::of(reading, now, on))
        });
        // It is cancelled only with the runtime.
        reading.await.unwrap_or_else(|error| Err(error.into()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use tempfile::TempDir;
    use tunnel_proto::{Cause, Close, ClosedBy, DropEnd, Record, State, Vitals};

    use super::super::{Condition, TunnelName};
    use super::*;

    pub(in crate::history) fn lost(at: u64) -> Record {
        let record = DropRecord {
            session_id: None,
            closed_by: ClosedBy::Gateway,
            close: Close {
                at,
                code: Some(1000),
                reason: String::new(),
            },
            socket_age_ms: 0,
            vitals: Vitals::default(),
            connections: 0,
            attempts: Vec::new(),
            attempts_left_out: 0,
            lasted_ms: 1,
            survived: 0,
            end: DropEnd::Resumed,
            what: "The gateway closed it.".to_owned(),
            remedy: String::new(),
        };
        Record {
            at,
            what: Happening::Drop(Box::new(record)),
        }
    }

    #[tokio::test]
    async fn the_past_of_a_tunnel_is_its_own_the_newest_first_and_bounded() {
        const NOW: u64 = 1_795_262_400_000;
        let home = TempDir::new().unwrap();
        let history = History::open(home.path());
        let (ours, theirs) = (ProfileId::random(), ProfileId::random());
        let name = TunnelName::new(Some(ours), "db");
        let mut recorded = history.recorded();
        for at in 0..150 {
            history.record(&name, &lost(NOW - 2 * DAY_MS + at * DAY_MS / 100));
        }
        history.record(&TunnelName::new(Some(theirs), "other"), &lost(NOW - 1));
        let up = Happening::State {
            state: State::Up { since: 0 },
            cause: Cause::Established,
        };
        history.record(
            &name,
            &Record {
                at: NOW - DAY_MS / 2,
                what: up,
            },
        );
        recorded.wait_for(|count| *count == 152).await.unwrap();

        let past = history.past(ours, NOW, true).await.unwrap();
        assert_eq!((past.drops.len(), past.drops_total), (100, 150));
        assert_eq!(past.drops_day, 50);
        assert!(past.drops.is_sorted_by(|one, next| one.at >= next.at));
        let conditions: Vec<_> = past.day.segments.iter().map(|one| one.condition).collect();
        assert_eq!(conditions, [Condition::Off, Condition::Up]);

        let stranger = history.past(ProfileId::random(), NOW, false).await.unwrap();
        assert!(stranger.drops.is_empty());
    }

    #[tokio::test]
    async fn where_nothing_is_kept_the_past_is_empty() {
        let past = History::none()
            .past(ProfileId::random(), DAY_MS, true)
            .await
            .unwrap();
        assert_eq!((past.drops_total, past.day.up_ms), (0, 0));
    }
}
