//! What it comes to.

use std::collections::BTreeMap;

use tunnel_manager::{Entry, Summary};

use crate::words::{count, span};

/// What each tunnel of which something is recorded since then comes to, in the order of names.
pub(super) fn by_tunnel(entries: &[Entry], since: u64) -> BTreeMap<&str, Summary> {
    let mut of: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        of.entry(entry.tunnel.name.as_str())
            .or_default()
            .push(entry);
    }
    of.retain(|_, entries| entries.iter().any(|entry| entry.record.at >= since));
    of.into_iter()
        .map(|(name, entries)| (name, Summary::of(entries, since)))
        .collect()
}

pub(super) fn sum(summary: &Summary) -> String {
    let mut parts = Vec::new();
    if let Some(share) = share(summary) {
        parts.push(share);
    }
    let many = |number: u32, words: &str| (number > 0).then(|| format!("{number} {words}"));
    let by: Vec<_> = [
        many(summary.by_gateway, "by the gateway"),
        many(summary.by_network, "broken on the way"),
        many(summary.by_deadline, "for lack of an answer"),
        many(summary.by_renewal, "while renewing"),
        many(summary.by_session_end, "with the session's end"),
    ]
    .into_iter()
    .flatten()
    .collect();
    parts.push(match summary.drops {
        0 => "no drops".to_owned(),
        drops => format!(
            "{} ({})",
            count(drops.into(), "drop", "drops"),
            by.join(", ")
        ),
    });
    if summary.not_resumed > 0 {
        parts.push(format!("{} not resumed", summary.not_resumed));
    }
    if summary.renewals > 0 {
        parts.push(count(summary.renewals.into(), "renewal", "renewals"));
    }
    if summary.drops + summary.renewals > 0 {
        parts.push(format!("longest gap {}", span(summary.longest_gap_ms)));
        parts.push(match summary.connections_lost {
            0 => "no connection lost".to_owned(),
            lost => format!("{} lost", count(lost, "connection", "connections")),
        });
    }
    if summary.turned_away > 0 {
        let turned_away = count(summary.turned_away, "connection", "connections");
        parts.push(format!("{turned_away} closed for want of a session"));
    }
    parts.join(", ")
}

/// Too short a time says nothing about a tunnel.
const SHARE_LEAST_MS: u64 = 60_000;

fn share(summary: &Summary) -> Option<String> {
    if summary.wanted_ms < SHARE_LEAST_MS {
        return None;
    }
    // In hundredths of a percent, rounded down: 100 % is only what is all of it.
    let share = u128::from(summary.up_ms) * 10_000 / u128::from(summary.wanted_ms);
    let (whole, hundredths) = (share / 100, share % 100);
    let wanted = span(summary.wanted_ms);
    Some(match hundredths {
        0 => format!("up {whole} % of the {wanted} that are recorded"),
        hundredths => format!("up {whole}.{hundredths:02} % of the {wanted} that are recorded"),
    })
}
