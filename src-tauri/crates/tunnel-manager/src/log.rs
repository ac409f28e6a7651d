//! The log of both programs, for whoever looks for a fault.

use std::io;

use tracing::{Level, Metadata};
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
/// and everybody's errors) to standard error. Once a process.
///
/// Of libraries nothing below `info` is logged, whatever is asked for: the SDK writes whole
/// answers at `trace`, and those hold session tokens and keys.
pub fn to_stderr() {
    let wanted = EnvFilter::try_from_env("CULVERT_LOG").unwrap_or_else(|_| by_default());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(wanted)
        .with(filter_fn(may_be_seen))
        .with(lines)
        .init();
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
