//! `culvert log-level`: how much is logged of a tunnel that runs, switched without a restart.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use serde::Serialize;
use tunnel_manager::control::{Answer, Asked, LogSwitched, Question, ask};
use tunnel_manager::log::LogLevel;
use tunnel_manager::tunnel::{Problem, ProblemKind};

use crate::exit::Exit;
use crate::output::{Output, json, say};
use crate::words::one_line;

#[derive(Debug, ClapArgs)]
pub(crate) struct LogLevelOf {
    /// The tunnel, by its name or the begin of it, as culvert status has it
    tunnel: String,
    /// How much: error, warn, info, debug or trace; default is as much as of the others
    #[arg(value_parser = level)]
    level: Wanted,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// As much as of the other tunnels.
    Default,
    Level(LogLevel),
}

/// A line of JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Line<'a> {
    LogLevel {
        tunnel: &'a str,
        level: &'a str,
        pid: u32,
        program: &'a str,
        folder: Option<PathBuf>,
    },
}

fn level(text: &str) -> Result<Wanted, &'static str> {
    match (text, LogLevel::of_name(text)) {
        ("default", _) => Ok(Wanted::Default),
        (_, Some(level)) => Ok(Wanted::Level(level)),
        (_, None) => Err("it must be error, warn, info, debug, trace or default"),
    }
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Level(level) => level.name(),
        }
    }

    fn level(self) -> Option<LogLevel> {
        match self {
            Self::Default => None,
            Self::Level(level) => Some(level),
        }
    }
}

/// Switches it in each program that runs the tunnel, until that program ends.
pub(crate) async fn run(wanted: &LogLevelOf) -> Exit {
    match switch(wanted).await {
        Ok(()) => Exit::Success,
        Err(problem) => {
            Output::new(wanted.json).failed(&problem);
            Exit::from(&problem)
        }
    }
}

async fn switch(wanted: &LogLevelOf) -> Result<(), Problem> {
    let running = ask(Question::Status).await;
    let tunnel = choose(&names(&running), &wanted.tunnel, &running.silent)?;
    let question = Question::LogLevel(wanted.level.level(), tunnel.clone());
    let mut is_done = false;
    let mut refused = None;
    for answer in ask(question).await.answers {
        match &answer.log {
            Some(LogSwitched::Done { folder }) => {
                is_done = true;
                tell(wanted, &tunnel, &answer, folder.clone());
            }
            Some(LogSwitched::Refused { why }) => refused = Some(why.clone()),
            // A program of an earlier version has not understood it.
            Some(LogSwitched::NotHere) | None => {}
        }
    }
    match (is_done, refused) {
        (true, None) => Ok(()),
        (_, Some(why)) => Err(Problem::new(
            ProblemKind::Settings,
            "log-level-refused",
            format!("How much is logged of {tunnel} is not switched everywhere: {why}."),
            "Take the level of another tunnel back with: culvert log-level TUNNEL default.",
        )),
        (false, None) => Err(Problem::new(
            ProblemKind::Settings,
            "log-level-unheard",
            format!("No program that runs {tunnel} has switched how much it logs."),
            "It may have ended, or be of an earlier version: see culvert status.",
        )),
    }
}

fn tell(wanted: &LogLevelOf, tunnel: &str, by: &Answer, folder: Option<PathBuf>) {
    let (level, pid, program) = (wanted.level.name(), by.pid, by.program.as_str());
    if wanted.json {
        return json(&Line::LogLevel {
            tunnel,
            level,
            pid,
            program,
            folder,
        });
    }
    let place = folder.map_or_else(String::new, |folder| format!(", in {}", folder.display()));
    let tunnel = one_line(tunnel);
    say(&match wanted.level {
        Wanted::Default => {
            format!("{tunnel}: as much is logged as of other tunnels ({program} {pid}).")
        }
        Wanted::Level(_) => {
            format!("{tunnel}: logged at {level} until {program} {pid} ends{place}.")
        }
    });
}

fn names(running: &Asked) -> BTreeSet<String> {
    let of = running.answers.iter();
    let tunnels = of.flat_map(|answer| answer.tunnels.iter());
    tunnels.map(|figures| figures.tunnel.name.clone()).collect()
}

/// The tunnel that is meant: the one of exactly this name; else the only one whose name begins so, when
/// capitals do not count.
fn choose(names: &BTreeSet<String>, wanted: &str, silent: &[u32]) -> Result<String, Problem> {
    if let Some(name) = names.get(wanted) {
        return Ok(name.clone());
    }
    let lower = wanted.to_lowercase();
    let begins =
        |name: &&String| !lower.trim().is_empty() && name.to_lowercase().starts_with(&lower);
    let found: Vec<&String> = names.iter().filter(begins).collect();
    match found.as_slice() {
        [name] => Ok((*name).clone()),
        [] => Err(Problem::new(
            ProblemKind::Settings,
            "tunnel-not-running",
            match silent {
                [] => format!("No tunnel {wanted} runs now."),
                _ => format!("No tunnel {wanted} runs in a program that answers."),
            },
            "See culvert status.",
        )),
        several => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            Err(Problem::new(
                ProblemKind::Settings,
                "ambiguous-tunnel",
                format!(
                    "Several tunnels are meant by {wanted}: {}.",
                    names.join(", ")
                ),
                "Give the whole name.",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_is_meant_by_its_name_or_the_only_begin_and_by_nothing_none() {
        let names = ["Orders", "Orders 2", "Billing"].map(str::to_owned).into();
        let code = |wanted| choose(&names, wanted, &[]).map_err(|problem| problem.code);
        assert_eq!(code("Orders"), Ok("Orders".to_owned()));
        assert_eq!(code("bil"), Ok("Billing".to_owned()));
        assert_eq!(code("ord"), Err("ambiguous-tunnel".to_owned()));
        assert_eq!(code(""), Err("tunnel-not-running".to_owned()));
        assert_eq!(code("x"), Err("tunnel-not-running".to_owned()));
    }
}
