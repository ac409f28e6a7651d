//! The page that a person reads first, and can paste into an issue.

use std::collections::BTreeMap;

use tunnel_proto::State;

use super::Raw;
use super::day_time::{span, utc};
use super::troubles::{self, cause_of, state_of};
use crate::history::{Entry, Reading, Summary};
use crate::words::{bytes, percent};

/// Lines that are told for each tunnel, the newest.
const LINES_MOST: usize = 100;

/// Writes it.
pub(super) fn markdown(reading: &Reading, since: u64, files: &[Raw]) -> String {
    let mut page = format!("# Culvert: what happened since {}\n\n", utc(since));
    if let Some(about) = files.iter().find(|file| file.path == "about.txt") {
        for line in about.text.lines().take(6) {
            page.push_str(&format!("* {line}\n"));
        }
        page.push('\n');
    }
    let mut of: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &reading.entries {
        of.entry(entry.tunnel.name.as_str())
            .or_default()
            .push(entry);
    }
    of.retain(|_, entries| entries.iter().any(|entry| entry.record.at >= since));
    if of.is_empty() {
        page.push_str("Nothing is recorded of that time.\n");
    }
    for (name, entries) in of {
        tunnel(&mut page, name, &entries, since);
    }
    doctor(&mut page, files);
    page
}

fn tunnel(page: &mut String, name: &str, entries: &[&Entry], since: u64) {
    let sum = Summary::of(entries.iter().copied(), since);
    page.push_str(&format!("## {name}\n\n"));
    page.push_str(&format!(
        "{}, {}, longest gap {}, {} lost, {} turned away; up {} of {} that are recorded.\n\n",
        counted(sum.drops.into(), "drop"),
        counted(sum.renewals.into(), "renewal"),
        span(sum.longest_gap_ms),
        counted(sum.connections_lost, "connection"),
        sum.turned_away,
        span(sum.up_ms),
        span(sum.wanted_ms)
    ));
    // Of a run that goes on nothing is added up after its last record.
    let mut states = entries.iter().rev();
    let last = states.find_map(|entry| Some((entry.record.at, state_of(entry)?)));
    if let Some((at, state)) = last {
        let open = match (is_trouble(state), cause_of(state)) {
            (true, Some(cause)) => format!(" **Nothing says that this is over: {cause}.**"),
            (true, None) => " **Nothing says that this is over.**".to_owned(),
            (false, _) => String::new(),
        };
        let state = state.to_string();
        page.push_str(&format!(
            "The last state that is recorded, since {}: {}.{open}\n\n",
            utc(at),
            state.trim_end_matches('.')
        ));
    }
    days(page, entries, since);
    let mut lines = troubles::lines(entries, since);
    let left_out = lines.len().saturating_sub(LINES_MOST);
    lines.drain(..left_out);
    if left_out > 0 {
        page.push_str(&format!("({left_out} earlier lines are left out.)\n\n"));
    }
    for line in lines {
        page.push_str(&format!("* {line}\n"));
    }
    page.push('\n');
}

/// Whether a tunnel does not carry what it should: drops are recorded when they are over, so this
/// is all that tells of the present one.
fn is_trouble(state: &State) -> bool {
    match state {
        State::Degraded { .. } | State::Reconnecting { .. } | State::NeedsSignIn { .. } => true,
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Stopping
        | State::Failed { .. } => false,
    }
}

/// What each day comes to.
fn days(page: &mut String, entries: &[&Entry], since: u64) {
    page.push_str(
        "| day (UTC) | up | drops | longest gap | carried through | sent | received |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (day, sum) in Summary::days(entries.iter().copied(), since) {
        let up = match sum.wanted_ms {
            0 => "not wanted".to_owned(),
            wanted => percent(sum.up_ms, wanted),
        };
        let drops = match sum.drops {
            0 => "none".to_owned(),
            drops => format!("{drops}: {}", sum.causes()),
        };
        page.push_str(&format!(
            "| {day} | {up} | {drops} | {} | {} | {} | {} |\n",
            span(sum.longest_gap_ms),
            counted(sum.carried_through, "connection"),
            bytes(sum.bytes_up),
            bytes(sum.bytes_down)
        ));
    }
    page.push('\n');
}

/// `1 drop`, `3 drops`.
pub(super) fn counted(count: u64, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// What the doctor has found wrong.
fn doctor(page: &mut String, files: &[Raw]) {
    let Some(found) = files.iter().find(|file| file.path == "doctor.jsonl") else {
        return;
    };
    page.push_str("## The doctor\n\n");
    let mut all_well = true;
    for line in found.text.lines() {
        let Ok(check) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        let of = |key: &str| {
            check
                .get(key)
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
        };
        if matches!(of("verdict"), "failed" | "warning") {
            all_well = false;
            page.push_str(&format!(
                "* {}: **{}** ({}). {} {}\n",
                of("check"),
                of("verdict"),
                of("code"),
                of("what"),
                of("remedy")
            ));
        }
    }
    if all_well {
        page.push_str("It has found nothing wrong.\n");
    }
}

#[cfg(test)]
mod tests {
    use tunnel_proto::{Cause, Happening, Outlook, Problem, ProblemKind, Record};

    use super::*;
    use crate::history::TunnelName;

    const BEGIN: u64 = 1_764_500_000_000;

    #[test]
    fn what_a_tunnel_that_goes_on_does_now_is_told_since_nothing_is_added_up_for_it() {
        let told = |at, state| Entry {
            tunnel: TunnelName::new(None, "orders"),
            record: Record {
                at,
                what: Happening::State {
                    state,
                    cause: Cause::Stopped,
                },
            },
        };
        let reading = Reading {
            entries: vec![
                told(BEGIN, State::Listening),
                told(BEGIN + 149, State::Up { since: BEGIN + 149 }),
            ],
            ..Reading::default()
        };
        let page = markdown(&reading, BEGIN, &[]);
        let last = format!(
            "The last state that is recorded, since {}: up.",
            utc(BEGIN + 149)
        );
        assert!(page.contains(&last), "{page}");
        assert!(!page.contains("is over"), "{page}");
    }

    #[test]
    fn an_outage_that_is_not_over_is_told_although_drops_are_recorded_at_their_end() {
        let state = State::Reconnecting {
            since: BEGIN,
            attempt: 3,
            problem: Problem::new(
                ProblemKind::Network,
                "network-timeout",
                "Nobody answers.",
                "",
            ),
            next_attempt: None,
            outlook: Outlook::default(),
        };
        let reading = Reading {
            entries: vec![Entry {
                tunnel: TunnelName::new(None, "orders"),
                record: Record {
                    at: BEGIN,
                    what: Happening::State {
                        state,
                        cause: Cause::Stopped,
                    },
                },
            }],
            ..Reading::default()
        };
        let page = markdown(&reading, BEGIN, &[]);
        let told = format!(
            "since {}: reconnecting, attempt 3: network-timeout, Nobody answers. **Nothing says that this is over.**",
            utc(BEGIN)
        );
        assert!(page.contains(&told), "{page}");
    }
}
