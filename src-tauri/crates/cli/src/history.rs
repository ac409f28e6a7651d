//! `culvert history`: what happened to the tunnels, oldest first.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args as ClapArgs;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tunnel_manager::tunnel::{
    Asked, Attempts, Cause, ClosedBy, DropRecord, Happening, Problem, ProblemKind, Renewal, State,
};
use tunnel_manager::{Entry, Reading, Summary, Traces, TunnelName};

use crate::exit::Exit;
use crate::output::{Output, problem_sentence, say};
use crate::words::{close, cost, count, one_line, span, turned_away_line};

/// Under the clock's column.
const INDENT: &str = "          ";

#[derive(Debug, ClapArgs)]
pub(crate) struct History {
    /// Only tunnels that have this in their name, or as their id
    tunnel: Option<String>,
    /// How far back: 30m, 24h, 7d. A week is kept
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = since)]
    since: Duration,
    /// Only connections to the gateway that were lost
    #[arg(long)]
    drops: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs `culvert history`.
pub(crate) fn run(history: &History) -> Exit {
    let output = Output::new(history.json);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let since = now.saturating_sub(history.since);
    let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    // What was before says how it was when the time in question began.
    let reading = match Traces::read_history(0, |tunnel| history.wants(tunnel)) {
        Ok(reading) => reading,
        Err((path, error)) => {
            let problem = unreadable(&path, &error);
            output.failed(&problem);
            return Exit::from(&problem);
        }
    };
    let text = match output {
        Output::Text => history.sentences(&reading, since, &TimeZone::system()),
        Output::Json => history.objects(&reading, since),
    };
    for line in text {
        say(&line);
    }
    Exit::Success
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "history-unreadable",
        format!("The history in {} can't be read.", path.display()),
        "Check who may read the folder.",
    )
    .with_details(error.to_string())
}

/// A line of JSON beside those of the history itself.
#[derive(Debug, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line<'a> {
    Summary {
        name: &'a str,
        since: u64,
        #[serde(flatten)]
        summary: Summary,
    },
    Gaps {
        left_out: u64,
        unreadable: u64,
    },
}

impl History {
    fn wants(&self, tunnel: &TunnelName) -> bool {
        let Some(wanted) = &self.tunnel else {
            return true;
        };
        let name = tunnel.name.to_lowercase();
        name.contains(&wanted.to_lowercase())
            || tunnel
                .id
                .is_some_and(|id| id.to_string().eq_ignore_ascii_case(wanted))
    }

    /// Whether an entry is among what was asked for.
    fn shows(&self, entry: &Entry, since: u64) -> bool {
        let drop = match entry.record.what {
            Happening::Drop(_) => true,
            Happening::State { .. }
            | Happening::Renewed(_)
            | Happening::TurnedAway(_)
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Target(_) => false,
        };
        entry.record.at >= since && (drop || !self.drops)
    }

    fn objects(&self, reading: &Reading, since: u64) -> Vec<String> {
        let entries = reading.entries.iter();
        let entries = entries.filter(|entry| self.shows(entry, since));
        let mut lines: Vec<_> = entries.filter_map(|entry| json(&entry)).collect();
        let summaries = by_tunnel(&reading.entries, since);
        lines.extend(summaries.into_iter().filter_map(|(name, summary)| {
            json(&Line::Summary {
                name,
                since,
                summary,
            })
        }));
        let (left_out, unreadable) = (reading.left_out, reading.unreadable);
        if left_out + unreadable > 0 {
            lines.extend(json(&Line::Gaps {
                left_out,
                unreadable,
            }));
        }
        lines
    }

    fn sentences(&self, reading: &Reading, since: u64, zone: &TimeZone) -> Vec<String> {
        let told = told_by_drops(&reading.entries);
        let mut shown: Vec<_> = reading
            .entries
            .iter()
            .filter(|entry| self.shows(entry, since) && !told.tell(entry))
            .collect();
        shown.sort_by_key(|entry| began(entry));
        let mut lines = Vec::new();
        let mut last_day = String::new();
        for entry in shown {
            let (day, clock) = local(began(entry), zone);
            if day != last_day {
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.push(day.clone());
                last_day = day;
            }
            let name = one_line(&entry.tunnel.name);
            let mut said = about(&entry.record.what).into_iter();
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

/// The time in which a drop tells all that happened to its run.
struct ToldByDrops(HashMap<Option<String>, Vec<(u64, u64)>>);

fn told_by_drops(entries: &[Entry]) -> ToldByDrops {
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
    fn tell(&self, entry: &Entry) -> bool {
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

/// When what an entry tells began: a drop is recorded at its end.
fn began(entry: &Entry) -> u64 {
    match &entry.record.what {
        Happening::Drop(lost) => lost.close.at.min(entry.record.at),
        Happening::State { .. }
        | Happening::Renewed(_)
        | Happening::TurnedAway(_)
        | Happening::LeftBehind { .. }
        | Happening::EndedLate { .. }
        | Happening::Target(_) => entry.record.at,
    }
}

/// What each tunnel of which something is recorded since then comes to, in the order of names.
fn by_tunnel(entries: &[Entry], since: u64) -> BTreeMap<&str, Summary> {
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

fn sum(summary: &Summary) -> String {
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

/// What happened, in lines; the first stands behind the tunnel's name.
fn about(what: &Happening) -> Vec<String> {
    match what {
        Happening::State { state, cause } => vec![state_line(state, *cause)],
        Happening::Drop(lost) => drop_lines(lost),
        Happening::Renewed(renewal) => vec![renewal_line(renewal)],
        Happening::TurnedAway(turned_away) => vec![turned_away_line(turned_away)],
        Happening::LeftBehind {
            session_id,
            problem,
        } => vec![
            format!(
                "The session {} could not be ended at the service.",
                one_line(session_id)
            ),
            problem_sentence(problem),
        ],
        Happening::EndedLate { session_id } => vec![format!(
            "The session {} is ended at the service after all.",
            one_line(session_id)
        )],
        Happening::Target(choice) => vec![one_line(&choice.what())],
    }
}

fn state_line(state: &State, cause: Cause) -> String {
    let because = |what: &str| format!("{what} ({})", cause_words(cause));
    let with = |what: &str, problem: &Problem| format!("{what}: {}", problem_sentence(problem));
    match state {
        State::Off => because("off"),
        State::Listening => because("listening for a first connection"),
        State::Connecting { .. } => because("connecting"),
        State::Up { .. } => because("up"),
        State::Stopping => because("stopping"),
        State::Degraded { problem, .. } => with("degraded", problem),
        State::Reconnecting { problem, .. } => with("reconnecting", problem),
        State::NeedsSignIn { problem, .. } => with("needs sign-in", problem),
        State::Failed { problem, .. } => with("failed", problem),
    }
}

fn cause_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Started => "it was started",
        Cause::Connection => "a connection came",
        Cause::Idle => "no connection for a while",
        Cause::Established => "a session is established",
        Cause::Resumed => "the session is resumed",
        Cause::Lost => "the connection to the gateway was lost",
        Cause::SessionOver => "a session is over",
        Cause::Refused => "a request was refused",
        Cause::Health => "the health of a session has changed",
        Cause::Network => "the network has changed",
        Cause::Power => "the machine sleeps or wakes",
        Cause::TriedNow => "an attempt was asked for",
        Cause::Timer => "the next attempt was due",
        Cause::Stopped => "it was stopped",
    }
}

fn renewal_line(renewal: &Renewal) -> String {
    let gap = match renewal.gap_ms {
        0 => "without a gap".to_owned(),
        gap => format!("with a gap of {}", span(gap)),
    };
    let age = span(renewal.socket_age_ms);
    let connections = count(renewal.connections.into(), "connection", "connections");
    format!("renewed after {age}, {gap}; {connections} lived on")
}

fn drop_lines(lost: &DropRecord) -> Vec<String> {
    let mut lines = vec![lost.what.clone(), cost(lost), circumstances(lost)];
    if !lost.attempts.is_empty() {
        lines.push(attempts(lost));
    }
    if !lost.remedy.is_empty() {
        lines.push(one_line(&lost.remedy));
    }
    lines
}

/// Who closed, with which code, and how it was at that moment.
fn circumstances(lost: &DropRecord) -> String {
    let by = match lost.closed_by {
        ClosedBy::Gateway => "closed by the gateway",
        ClosedBy::Network => "broken on the way",
        ClosedBy::Deadline => "given up by Culvert for lack of an answer",
        ClosedBy::Renewal => "left by Culvert to renew it",
        ClosedBy::SessionEnd => "left by Culvert with the session's end",
    };
    let vitals = &lost.vitals;
    let last_frame = vitals
        .last_frame_ms
        .map(|age| format!("last frame {} before", span(age)));
    let round_trip = vitals
        .round_trip_ms
        .map(|ms| format!("round trip {}", span(ms.into())));
    let parts = [
        Some(format!("{by} at {}", span(lost.socket_age_ms))),
        Some(close(&lost.close)),
        last_frame,
        round_trip,
        Some(format!("{} unacknowledged", vitals.unacknowledged)),
        Some(format!("{} held back for order", vitals.held)),
        lost.session_id
            .as_ref()
            .map(|id| format!("session {}", one_line(id))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn attempts(lost: &DropRecord) -> String {
    let left_out = lost.attempts_left_out;
    let before = (left_out > 0).then(|| count(left_out.into(), "other before", "others before"));
    let kinds = lost.attempts.iter().map(alike);
    before
        .into_iter()
        .chain(kinds)
        .collect::<Vec<_>>()
        .join("; ")
}

fn alike(attempts: &Attempts) -> String {
    let asked = match attempts.asked {
        Asked::StartSession => "StartSession",
        Asked::ResumeSession => "ResumeSession",
        Asked::Upgrade => "WebSocket",
    };
    let came = match &attempts.problem {
        None => "granted",
        Some(problem) => problem.code.as_str(),
    };
    let took = span(attempts.took_ms);
    let (first, last) = (span(attempts.first_after_ms), span(attempts.last_after_ms));
    match attempts.count {
        1 => format!("{asked} after {last}: {came} within {took}"),
        many => {
            format!("{asked}: {many} × {came}, after {first} to {last}, the last within {took}")
        }
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

fn json(line: &impl Serialize) -> Option<String> {
    serde_json::to_string(line).ok()
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

/// Reads `30m`, `24h`, `7d`.
fn since(text: &str) -> Result<Duration, String> {
    let wrong = || "give a number and a unit, such as 30m, 24h or 7d".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "m" | "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = number.checked_mul(seconds).ok_or_else(wrong)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests;
