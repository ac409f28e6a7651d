//! `culvert history`: what happened to the tunnels, oldest first.

mod events;
mod json;
mod sums;
mod text;
mod told;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args as ClapArgs;
use jiff::tz::TimeZone;
use tunnel_manager::control::{Question, ask};
use tunnel_manager::tunnel::{Happening, Problem, ProblemKind};
use tunnel_manager::{Entry, Traces, TunnelName};

use crate::exit::Exit;
use crate::output::{Output, say};

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
    /// Also what each day (UTC) comes to
    #[arg(long)]
    days: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs `culvert history`.
pub(crate) async fn run(history: &History) -> Exit {
    let output = Output::new(history.json);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let since = now.saturating_sub(history.since);
    let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    // What a tunnel that runs has carried lately is known to its program alone.
    let asked = ask(Question::Status).await;
    // What was before says how it was when the time in question began.
    let reading = match Traces::read_history(0, asked.pending(), |tunnel| history.wants(tunnel)) {
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
    for pid in asked.silent {
        match output {
            Output::Text => say(&format!(
                "A program of Culvert, process {pid}, runs and does not answer: what it has carried \
                 in the last half hour may be missing."
            )),
            Output::Json => json::unanswered(pid),
        }
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
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Slept { .. }
            | Happening::Carried { .. }
            | Happening::Target(_) => false,
        };
        entry.record.at >= since && (drop || !self.drops)
    }
}

/// Reads `30m`, `24h`, `7d`.
pub(crate) fn since(text: &str) -> Result<Duration, String> {
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
