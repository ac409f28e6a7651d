//! Asking the programs that run: each that runs tunnels listens at a Unix socket of its own, named
//! by its process id, in a folder for its owner alone. One question a connection, a word on a line;
//! the answer is one JSON document, and the end. Nothing can be changed this way.
//!
//! Systems without Unix sockets have none of this: there a program answers for itself alone.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::path::PathBuf;

use directories::BaseDirs;
use serde::{Deserialize, Serialize};

use crate::roll::{TunnelFigures, TunnelRecordings};
use crate::traces::{STATE_DIR_VARIABLE, Traces};

#[cfg(not(unix))]
pub use elsewhere::{Listening, ask};
#[cfg(unix)]
pub use unix::{Listening, ask};

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// How its tunnels are.
    Status,
    /// What the flight recorders of its tunnels hold.
    Recordings,
}

impl Question {
    #[cfg_attr(not(unix), allow(dead_code, reason = "nobody is asked there"))]
    const fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Recordings => "recordings",
        }
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
