//! The history for people.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tunnel_manager::tunnel::{Happening, State};
use tunnel_manager::{Entry, Reading};

use super::History;
use super::events::about;
use super::sums::{by_tunnel, sum};
use super::told::told_by_drops;
use crate::words::{count, one_line};

/// Under the clock's column.
const INDENT: &str = "          ";

impl History {
    pub(super) fn sentences(&self, reading: &Reading, since: u64, zone: &TimeZone) -> Vec<String> {
        let told = told_by_drops(&reading.entries);
        let mut shown: Vec<_> = reading
            .entries
            .iter()
            .zip(states_before(&reading.entries))
            .filter(|(entry, _)| self.shows(entry, since) && is_news(entry) && !told.tell(entry))
            .collect();
        shown.sort_by_key(|(entry, _)| began(entry));
        let mut lines = Vec::new();
        let mut last_day = String::new();
        for (entry, before) in shown {
            let (day, clock) = local(began(entry), zone);
            if day != last_day {
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.push(day.clone());
                last_day = day;
            }
            let name = one_line(&entry.tunnel.name);
            let mut said = about(&entry.record.what, before).into_iter();
            let first = said.next().unwrap_or_default();
            lines.push(format!("{clock}  {name}: {first}"));
            lines.extend(said.map(|more| format!("{INDENT}{more}")));
        }
        if lines.is_empty() {
            let which = if self.drops {
                "lost connection"
            } else {
                "event"
            };
            let of = match &self.tunnel {
                Some(tunnel) => format!(" of a tunnel with \"{tunnel}\" in its name"),
                None => String::new(),
            };
            let last = as_asked(self.since);
            lines.push(format!("No {which}{of} is recorded in the last {last}."));
        }
        let summaries = by_tunnel(&reading.entries, since);
        if !summaries.is_empty() {
            lines.push(String::new());
        }
        for (name, day, summary) in self.days_of(reading, since) {
            lines.push(format!(
                "{day} (UTC), {}: {}.",
                one_line(name),
                sum(&summary)
            ));
        }
        for (name, summary) in summaries {
            lines.push(format!("{}: {}.", one_line(name), sum(&summary)));
        }
        if reading.left_out > 0 {
            lines.push(format!(
                "{} could not be kept: too many came, or the disk had no room.",
                count(reading.left_out, "record", "records")
            ));
        }
        if reading.unreadable > 0 {
            lines.push(format!(
                "{} of the history can't be read.",
                count(reading.unreadable, "line", "lines")
            ));
        }
        lines
    }
}

/// The state that each entry's run was in when it came; that of its own end is passed over, which
/// says nothing of why.
fn states_before(entries: &[Entry]) -> Vec<Option<&State>> {
    let mut last = HashMap::new();
    let mut before = Vec::with_capacity(entries.len());
    for entry in entries {
        let run = entry.tunnel.run.map(|run| run.to_string());
        before.push(last.get(&run).copied());
        if let Happening::State { state, .. } = &entry.record.what
            && !matches!(state, State::Stopping)
        {
            last.insert(run, state);
        }
    }
    before
}

/// What is carried is told by the sums.
fn is_news(entry: &Entry) -> bool {
    !matches!(entry.record.what, Happening::Carried { .. })
}

/// When what an entry tells began: a drop is recorded at its end.
fn began(entry: &Entry) -> u64 {
    match &entry.record.what {
        Happening::Drop(lost) => lost.close.at.min(entry.record.at),
        Happening::State { .. }
        | Happening::Renewed(_)
        | Happening::TurnedAway(_)
        | Happening::Unreached { .. }
        | Happening::LeftBehind { .. }
        | Happening::EndedLate { .. }
        | Happening::Slept { .. }
        | Happening::Target(_)
        | Happening::Carried { .. } => entry.record.at,
    }
}

/// The day and the time of day.
fn local(unix_ms: u64, zone: &TimeZone) -> (String, String) {
    let timestamp = i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or_default();
    let local = timestamp.to_zoned(zone.clone());
    let day = local.strftime("%A %-d %B %Y").to_string();
    (day, local.strftime("%H:%M:%S").to_string())
}

/// A length of time as it can be asked for: in one unit.
fn as_asked(since: Duration) -> String {
    let minutes = since.as_secs() / 60;
    match (minutes % 60, minutes % (24 * 60)) {
        (0, 0) if minutes > 24 * 60 => format!("{} d", minutes / (24 * 60)),
        (0, _) => format!("{} h", minutes / 60),
        (_, _) => format!("{minutes} min"),
    }
}
