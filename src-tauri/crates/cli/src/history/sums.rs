//! What it comes to.

use std::collections::BTreeMap;

use tunnel_manager::{Entry, Reading, Summary};

use super::History;
use crate::words::{bytes, count, one_line, percent, span};

/// What each tunnel of which something is recorded since then comes to, in the order of names.
pub(super) fn by_tunnel(entries: &[Entry], since: u64) -> BTreeMap<&str, Summary> {
    let of = apart(entries, since).into_iter();
    of.map(|(name, entries)| (name, Summary::of(entries, since)))
        .collect()
}

impl History {
    /// What each day (UTC) of each tunnel comes to, if that was asked for.
    pub(super) fn days_of<'a>(
        &self,
        reading: &'a Reading,
        since: u64,
    ) -> Vec<(&'a str, String, Summary)> {
        if !self.days {
            return Vec::new();
        }
        let of = apart(&reading.entries, since).into_iter();
        of.flat_map(|(name, entries)| {
            let days = Summary::days(entries, since).into_iter();
            days.map(move |(day, summary)| (name, day, summary))
        })
        .collect()
    }
}

/// The entries of each tunnel of which something is recorded since then.
fn apart(entries: &[Entry], since: u64) -> BTreeMap<&str, Vec<&Entry>> {
    let mut of: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        of.entry(entry.tunnel.name.as_str())
            .or_default()
            .push(entry);
    }
    of.retain(|_, entries| entries.iter().any(|entry| entry.record.at >= since));
    of
}

pub(super) fn sum(summary: &Summary) -> String {
    let mut parts = Vec::new();
    let never_up = summary.why_not_up.as_ref().filter(|_| !summary.was_up);
    if never_up.is_some() {
        parts.push("never up in that time".to_owned());
    } else if let Some(share) = share(summary) {
        parts.push(share);
    }
    match summary.drops {
        // What was never up has lost nothing.
        0 if never_up.is_some() => {}
        0 => parts.push("no drops".to_owned()),
        drops => parts.push(format!(
            "{} ({})",
            count(drops.into(), "drop", "drops"),
            summary.causes()
        )),
    }
    if summary.not_resumed > 0 {
        parts.push(format!("{} not resumed", summary.not_resumed));
    }
    if summary.renewals > 0 {
        parts.push(count(summary.renewals.into(), "renewal", "renewals"));
    }
    if summary.drops + summary.renewals > 0 {
        parts.push(format!("longest gap {}", span(summary.longest_gap_ms)));
        if summary.carried_through > 0 {
            let carried = count(summary.carried_through, "connection", "connections");
            parts.push(format!("{carried} carried through"));
        }
        parts.push(match summary.connections_lost {
            0 => "no connection lost".to_owned(),
            lost => format!("{} lost", count(lost, "connection", "connections")),
        });
    }
    if summary.turned_away > 0 {
        let turned_away = count(summary.turned_away, "connection", "connections");
        parts.push(format!("{turned_away} closed because there was no session"));
    }
    if summary.bytes_up + summary.bytes_down > 0 {
        let (up, down) = (bytes(summary.bytes_up), bytes(summary.bytes_down));
        parts.push(format!("{up} sent and {down} received"));
    }
    let sum = parts.join(", ");
    match never_up {
        Some(problem) => format!("{sum}. {}", one_line(&problem.what).trim_end_matches('.')),
        None => sum,
    }
}

/// Too short a time says nothing about a tunnel.
const SHARE_LEAST_MS: u64 = 60_000;

fn share(summary: &Summary) -> Option<String> {
    if summary.wanted_ms < SHARE_LEAST_MS {
        return None;
    }
    let wanted = span(summary.wanted_ms);
    let up = percent(summary.up_ms, summary.wanted_ms);
    let degraded = match summary.degraded_ms {
        0 => String::new(),
        degraded => format!(" and degraded {}", percent(degraded, summary.wanted_ms)),
    };
    Some(format!(
        "up {up}{degraded} of the {wanted} that are recorded"
    ))
}
