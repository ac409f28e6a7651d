//! The log of both programs, for whoever looks for a fault: its files, its last records in memory, and
//! what environment variables ask for besides. `docs/log.md` has the rules of the levels.

mod files;
mod flood;
mod format;
mod keeper;
mod keeping;
mod levels;
mod record;
mod ring;
mod switch;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::traces::Traces;

pub use files::LogGuard;
pub use format::LogFormat;
pub use levels::{Levels, LogLevel, TUNNELS_MOST};
pub use record::LogRecord;
pub use ring::{LogRing, RECORDS_MOST};
use switch::Begun;
pub use switch::{LogSwitch, SwitchError};

/// Our own crates, whose log lines hold no secret at any level.
const OURS: [&str; 10] = [
    "aws_access",
    "culvert",
    "culvert_desktop",
    "smux",
    "ssm_data_channel",
    "ssm_message",
    "ssm_sim",
    "tunnel",
    "tunnel_manager",
    "tunnel_proto",
];

/// The log of this process. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// How much is logged.
    pub levels: Levels,
    /// The last records.
    pub ring: LogRing,
    /// The folder of its files; none where none are written.
    pub folder: Option<PathBuf>,
    /// Switches how much is logged of one tunnel.
    pub switch: LogSwitch,
}

/// The files that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFiles {
    /// None.
    Nowhere,
    /// One a day in the log folder of this user, of which so many are kept, in this format.
    Days(u16, LogFormat),
}

/// Begins the log of this program. Once a process.
///
/// What the levels want is kept in memory, and written into `files`. Besides, what `CULVERT_LOG` asks
/// for (the syntax is that of `RUST_LOG`; by default our warnings and everybody's errors) goes into the
/// file that `CULVERT_LOG_FILE` names, or else to standard error. With a file, standard error gets what
/// it gets by default.
///
/// Of libraries nothing below `info` is logged, whatever is asked for: the SDK writes whole
/// answers at `trace`, and those hold session tokens and keys.
pub fn init(program: &str, files: LogFiles, level: LogLevel) -> (Log, LogGuard) {
    let wanted = EnvFilter::try_from_env("CULVERT_LOG").unwrap_or_else(|_| by_default());
    let file = match std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => open(Path::new(&path)).map(Some),
        None => Ok(None),
    };
    let (to_file, to_stderr, failed) = match file {
        Ok(Some(file)) => (Some((file, wanted)), by_default(), None),
        Ok(None) => (None, wanted, None),
        Err(error) => (None, wanted, Some(error)),
    };
    let file_lines = to_file.map(|(file, wanted)| {
        tracing_subscriber::fmt::layer()
            .with_writer(Mutex::new(file))
            .with_ansi(false)
            .with_filter(wanted)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_filter(to_stderr);
    let (days, format) = match files {
        LogFiles::Nowhere => (None, LogFormat::default()),
        LogFiles::Days(days, format) => (Some(days), format),
    };
    let (folder, writer, worker, unwritten) = daily(program, days, format);
    let (levels, ring) = (Levels::default(), LogRing::default());
    let keeper = keeper::Keeper::new(levels.clone(), ring.clone(), writer, format);
    let worker = Arc::new(Mutex::new(worker));
    let begun = Begun::new(program, keeper.clone(), Arc::clone(&worker));
    let log = Log {
        switch: LogSwitch::new(levels.clone(), begun),
        levels,
        ring,
        folder,
    };
    let guard = LogGuard::new(keeper.clone(), worker);
    tracing_subscriber::registry()
        .with(keeper::layer(keeper))
        .with(filter_fn(may_be_seen))
        .with(file_lines)
        .with(lines)
        .init();
    log.levels.set_all(level);
    if let Some(error) = failed {
        tracing::warn!(%error, "{FILE_VARIABLE} names a file that can't be written");
    }
    if let Some(error) = unwritten {
        tracing::warn!(%error, "the log can't be written into its folder");
    }
    (log, guard)
}

type Daily = (
    Option<PathBuf>,
    Option<NonBlocking>,
    Option<WorkerGuard>,
    Option<io::Error>,
);

fn daily(program: &str, days: Option<u16>, format: LogFormat) -> Daily {
    let nothing = |error| (None, None, None, error);
    let Some(days) = days else {
        return nothing(None);
    };
    // A system without a home folder is told of by those who keep more there.
    let Some(folder) = Traces::folder_of_user().map(|state| state.join(LOG_FOLDER)) else {
        return nothing(None);
    };
    match files::open(&folder, program, days, format) {
        Ok((writer, worker)) => (Some(folder), Some(writer), Some(worker), None),
        Err(error) => nothing(Some(error)),
    }
}

/// Where the log's files lie in that of what the program keeps.
pub(crate) const LOG_FOLDER: &str = "log";

/// Names a file to append the log to.
pub(crate) const FILE_VARIABLE: &str = "CULVERT_LOG_FILE";

/// For its owner alone: a log tells of hosts and accounts.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What libraries warn of, the program says in a sentence of its own.
fn by_default() -> EnvFilter {
    let ours = OURS.map(|name| format!("{name}=warn")).join(",");
    EnvFilter::new(format!("error,{ours}"))
}

fn may_be_seen(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || is_ours(metadata.target())
}

fn is_ours(target: &str) -> bool {
    let name = target.split_once("::").map_or(target, |(name, _)| name);
    OURS.contains(&name)
}
