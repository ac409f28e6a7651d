//! Asking the programs that run: each that runs tunnels listens at a Unix socket of its own, named
//! by its process id, in a folder for its owner alone. One question a connection, a word on a line;
//! the answer is one JSON document, and the end. All that can be changed this way is how much is logged.
//!
//! Systems without Unix sockets have none of this: there a program answers for itself alone.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::path::PathBuf;

use directories::BaseDirs;
use serde::{Deserialize, Serialize};

use crate::history::Entry;
use crate::log::LogLevel;
use crate::roll::{TunnelFigures, TunnelRecordings};
use crate::traces::{STATE_DIR_VARIABLE, Traces};

#[cfg(not(unix))]
pub use elsewhere::{Listening, ask, ask_within};
#[cfg(unix)]
pub use unix::{Listening, ask, ask_within};

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// How its tunnels are.
    Status,
    /// What the flight recorders of its tunnels hold.
    Recordings,
    /// To log so much of a tunnel until the program ends; `None` is as of the others. The tunnel is
    /// named by its whole name.
    LogLevel(Option<LogLevel>, String),
}

/// What as much is logged of as of all others is called.
const NO_LEVEL: &str = "default";

#[cfg_attr(not(unix), allow(dead_code, reason = "nobody is asked there"))]
impl Question {
    /// As it is asked: on one line.
    fn line(&self) -> String {
        match self {
            Self::Status => "status\n".to_owned(),
            Self::Recordings => "recordings\n".to_owned(),
            Self::LogLevel(level, tunnel) => {
                let level = level.map_or(NO_LEVEL, LogLevel::name);
                format!("log-level {level} {tunnel}\n")
            }
        }
    }

    /// Reads it; `None` for what a later version asks, perhaps.
    fn read(line: &str) -> Option<Self> {
        match line {
            "status" => return Some(Self::Status),
            "recordings" => return Some(Self::Recordings),
            _ => {}
        }
        let (level, tunnel) = line.strip_prefix("log-level ")?.split_once(' ')?;
        let level = match level {
            NO_LEVEL => None,
            name => Some(LogLevel::of_name(name)?),
        };
        Some(Self::LogLevel(level, tunnel.to_owned()))
    }
}

/// What came of a wish to log more or less of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum LogSwitched {
    /// It is done. The folder of the log, where one is written.
    Done {
        /// The folder.
        folder: Option<PathBuf>,
    },
    /// No tunnel of this name runs there.
    NotHere,
    /// It could not be done.
    Refused {
        /// Why.
        why: String,
    },
}

/// What came of asking all programs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// What was answered, in the order of the process ids.
    pub answers: Vec<Answer>,
    /// The process ids of those that live and have given no answer that can be understood: stopped,
    /// hanging, or of another version. In their order.
    pub silent: Vec<u32>,
}

impl Asked {
    /// What all of them have carried that is not in the history yet.
    pub fn pending(&self) -> Vec<Entry> {
        let of = self.answers.iter();
        of.flat_map(|answer| answer.pending.clone()).collect()
    }
}

/// What a program answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Its process id.
    pub pid: u32,
    /// Its name: `culvert` or `culvert-desktop`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// How its tunnels are; empty if something else was asked.
    #[serde(default)]
    pub tunnels: Vec<TunnelFigures>,
    /// What they have carried and what is not in the history yet, as records of it; empty if something
    /// else was asked.
    #[serde(default)]
    pub pending: Vec<Entry>,
    /// What came of switching how much is logged; `None` if something else was asked.
    #[serde(default)]
    pub log: Option<LogSwitched>,
    /// What was recorded of them; empty if something else was asked.
    #[serde(default)]
    pub recordings: Vec<TunnelRecordings>,
}

/// Where the sockets lie: the system's folder for such things, which is emptied at the end of a
/// login; beside the history where there is none, or where that is put elsewhere.
fn folder() -> Option<PathBuf> {
    let elsewhere = std::env::var_os(STATE_DIR_VARIABLE).is_some_and(|name| !name.is_empty());
    let of_system =
        BaseDirs::new().and_then(|dirs| dirs.runtime_dir().map(|dir| dir.join("culvert")));
    match of_system.filter(|_| !elsewhere) {
        Some(folder) => Some(folder),
        None => Traces::folder_of_user().map(|folder| folder.join("run")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_as_it_was_meant_and_nothing_else_is() {
        let name = "Orders → db 5432".to_owned();
        for question in [
            Question::Status,
            Question::Recordings,
            Question::LogLevel(Some(LogLevel::Debug), name.clone()),
            Question::LogLevel(None, name),
        ] {
            let line = question.line();
            let line = line.strip_suffix('\n').expect("a line");
            assert_eq!(Question::read(line), Some(question));
        }
        for line in [
            "",
            "stop",
            "log-level",
            "log-level loud Orders",
            "log-level debug",
        ] {
            assert_eq!(Question::read(line), None, "{line}");
        }
    }
}
