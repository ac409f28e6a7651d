//! The log of both programs, for whoever looks for a fault.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing::{Level, Metadata};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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

/// Logs what `CULVERT_LOG` asks for (the syntax is that of `RUST_LOG`; by default our warnings
/// and everybody's errors): into the file that `CULVERT_LOG_FILE` names, or else to standard
/// error. With a file, standard error gets what it gets by default. Once a process.
///
/// Of libraries nothing below `info` is logged, whatever is asked for: the SDK writes whole
/// answers at `trace`, and those hold session tokens and keys.
pub fn init() {
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
    tracing_subscriber::registry()
        .with(filter_fn(may_be_seen))
        .with(file_lines)
        .with(lines)
        .init();
    if let Some(error) = failed {
        tracing::warn!(%error, "{FILE_VARIABLE} names a file that can't be written");
    }
}

/// Names a file to append the log to.
const FILE_VARIABLE: &str = "CULVERT_LOG_FILE";

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
    let target = metadata.target();
    let name = target.split_once("::").map_or(target, |(name, _)| name);
    *metadata.level() <= Level::INFO || OURS.contains(&name)
}
