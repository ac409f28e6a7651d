//! `culvert status`: how the tunnels are that run now, whichever program runs them.

use clap::Args as ClapArgs;
use serde::Serialize;
use tunnel_manager::TunnelFigures;
use tunnel_manager::control::{Answer, Asked, Question, ask};
use tunnel_manager::tunnel::{State, unix_ms_now};

use crate::exit::Exit;
use crate::output::{json, problem_sentence, say};
use crate::table;
use crate::words::{bytes, one_line, span};

#[derive(Debug, ClapArgs)]
pub(crate) struct Status {
    /// Those whose names begin so; all if left out
    names: Vec<String>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// A line of JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Line<'a> {
    Tunnel {
        pid: u32,
        program: &'a str,
        version: &'a str,
        #[serde(flatten)]
        figures: &'a TunnelFigures,
    },
    /// A program that runs and does not answer.
    Unanswered { pid: u32 },
}

/// Asks every program of the user that runs tunnels, and prints what they answer.
pub(crate) async fn run(status: &Status) -> Exit {
    let Asked { answers, silent } = ask(Question::Status).await;
    let wanted = |figures: &&TunnelFigures| {
        let name = figures.tunnel.name.to_lowercase();
        let mut names = status.names.iter();
        status.names.is_empty() || names.any(|begin| name.starts_with(&begin.to_lowercase()))
    };
    let of = |answer: &Answer| -> Vec<TunnelFigures> {
        answer.tunnels.iter().filter(wanted).cloned().collect()
    };
    if status.json {
        for answer in &answers {
            for figures in &of(answer) {
                json(&Line::Tunnel {
                    pid: answer.pid,
                    program: &answer.program,
                    version: &answer.version,
                    figures,
                });
            }
        }
        for pid in silent {
            json(&Line::Unanswered { pid });
        }
        return Exit::Success;
    }
    let found: Vec<(&Answer, TunnelFigures)> = answers
        .iter()
        .flat_map(|answer| of(answer).into_iter().map(move |one| (answer, one)))
        .collect();
    match (found.as_slice(), silent.as_slice()) {
        ([], []) => say("No such tunnel runs now."),
        ([], _) => {}
        (found, _) => show(found),
    }
    for pid in silent {
        say(&format!(
            "A program of Culvert, process {pid}, runs and does not answer: its tunnels are not told."
        ));
    }
    Exit::Success
}

fn show(found: &[(&Answer, TunnelFigures)]) {
    let now = unix_ms_now();
    let rows: Vec<_> = found
        .iter()
        .map(|(from, one)| row(from, one, now))
        .collect();
    let headings = [
        "TUNNEL", "STATE", "FOR", "ADDRESS", "CONNS", "RTT", "UP", "DOWN", "DROPS", "PROCESS",
    ];
    for line in table::lines(headings, &rows) {
        say(&line);
    }
    for (_, one) in found {
        if let Some(why) = why(&one.snapshot.state) {
            say(&format!("{}: {why}", one_line(&one.tunnel.name)));
        }
    }
}

fn row(from: &Answer, figures: &TunnelFigures, now: u64) -> [String; 10] {
    let snapshot = &figures.snapshot;
    let (word, since) = state(&snapshot.state);
    let waiting = match snapshot.waiting {
        0 => String::new(),
        waiting => format!("+{waiting}"),
    };
    let drops: u64 = figures.drops.values().sum();
    [
        figures.tunnel.name.clone(),
        word.to_owned(),
        since.map_or_else(String::new, |since| span(now.saturating_sub(since))),
        snapshot.addresses.first().cloned().unwrap_or_default(),
        format!("{}{waiting}", snapshot.connections),
        snapshot
            .round_trip_ms
            .map_or_else(String::new, |ms| format!("{ms} ms")),
        bytes(snapshot.bytes_up),
        bytes(snapshot.bytes_down),
        drops.to_string(),
        format!("{} {}", from.program, from.pid),
    ]
}

/// What a tunnel does, in a word, and since when.
fn state(state: &State) -> (&'static str, Option<u64>) {
    match state {
        State::Off => ("off", None),
        State::Listening => ("listening", None),
        State::Connecting { since } => ("connecting", Some(*since)),
        State::Up { since } => ("up", Some(*since)),
        State::Degraded { since, .. } => ("degraded", Some(*since)),
        State::Reconnecting { since, .. } => ("reconnecting", Some(*since)),
        State::NeedsSignIn { since, .. } => ("needs sign-in", Some(*since)),
        State::Stopping => ("stopping", None),
        State::Failed { since, .. } => ("failed", Some(*since)),
    }
}

/// What is wrong.
fn why(state: &State) -> Option<String> {
    match state {
        State::Degraded { problem, .. }
        | State::Reconnecting { problem, .. }
        | State::NeedsSignIn { problem, .. }
        | State::Failed { problem, .. } => Some(problem_sentence(problem)),
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Stopping => None,
    }
}
