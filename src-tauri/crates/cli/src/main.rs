//! `culvert`: Session Manager port forwards that stay up, without a window.
//!
//! Called under the name `session-manager-plugin` it stands in for the AWS CLI's plugin
//! (docs/protocol.md, section 8).

mod account;
mod args;
mod demo;
mod diagnose;
mod doctor;
mod ending;
mod exchange;
mod exit;
mod forward;
mod history;
mod hosts;
mod iam_policy;
mod import;
mod keys;
mod keys_for_now;
mod list;
mod log_level;
#[cfg(test)]
mod manual;
mod narrator;
mod output;
mod plugin;
mod production;
mod profiles;
mod reach;
mod replay;
mod saved;
mod sign_in;
mod status;
mod stop;
mod table;
mod targets;
mod terminal;
mod witness;
mod words;

use std::path::Path;
use std::process::ExitCode;

use tunnel_manager::log::{self, LogFiles, LogFormat, LogGuard, LogLevel, LogSwitch};

use crate::args::{Args, Command};
use crate::exit::Exit;
use crate::output::Output;

/// Threads that move bytes. One carries 1 GB/s (docs/performance.md), far more than the service's message
/// rate lets through; of two, each hands what it has read to the other, which costs more than reading it.
const WORKERS: usize = 1;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let exit = if is_plugin(arguments.first().map(Path::new)) {
        let arguments = arguments
            .iter()
            .skip(1)
            .map(|argument| argument.to_string_lossy().into());
        run(plugin::run(arguments.collect()))
    } else {
        match Args::read(&arguments) {
            Ok(args) => {
                let (log, _guard) = begin_log(args.log, args.log_format);
                run(dispatch(args.command, log))
            }
            Err(error) => {
                // Help and version come this way, too; clap knows which stream they belong to.
                let _ = error.print();
                if error.use_stderr() {
                    Exit::Usage
                } else {
                    Exit::Success
                }
            }
        }
    };
    exit.into()
}

/// Files are written where that is asked for, now or by `culvert log-level`: a command leaves nothing
/// behind by itself.
fn begin_log(level: Option<LogLevel>, format: Option<LogFormat>) -> (LogSwitch, LogGuard) {
    let files = level.map_or(LogFiles::Nowhere, |_| {
        LogFiles::Days(LOG_DAYS, format.unwrap_or_default())
    });
    let (log, guard) = log::init("culvert", files, level.unwrap_or_default());
    (log.switch, guard)
}

/// Days of the command line's log that are kept.
const LOG_DAYS: u16 = 7;

async fn dispatch(command: Command, log: LogSwitch) -> Exit {
    match command {
        Command::Forward(forward) => {
            let output = Output::new(forward.json);
            forward::forward(forward, log, output).await
        }
        Command::Import(import) => import::run(&import),
        Command::Export(wanted) => exchange::export(&wanted),
        Command::List(list) => list::run(&list),
        Command::Remove(remove) => list::remove(&remove),
        Command::Stream(stream) => forward::stream(stream, log).await,
        Command::Demo(demo) => demo::run(Output::new(demo.json)).await,
        Command::History(history) => history::run(&history).await,
        Command::Doctor(wanted) => doctor::run(wanted).await,
        Command::Status(wanted) => status::run(&wanted).await,
        Command::LogLevel(wanted) => log_level::run(&wanted).await,
        Command::Replay(wanted) => replay::run(&wanted),
        Command::Diagnose(wanted) => diagnose::run(wanted).await,
        Command::IamPolicy(wanted) => iam_policy::run(wanted).await,
        Command::Profiles(wanted) => profiles::run(&wanted).await,
        Command::Targets(targets) => targets::run(targets).await,
        Command::Hosts(hosts) => hosts::run(hosts).await,
        Command::Keys(keys) => keys::run(keys).await,
        Command::SignIn(sign_in) => sign_in::run(sign_in).await,
    }
}

fn run(command: impl Future<Output = Exit>) -> Exit {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(command);
            // Reading standard input blocks a thread that nobody can wake.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            output::complain(&format!("the system gives no threads: {error}"));
            Exit::Failure
        }
    }
}

/// Says whether the program was called as the AWS CLI's plugin.
fn is_plugin(program: Option<&Path>) -> bool {
    program
        .and_then(Path::file_stem)
        .is_some_and(|name| name == "session-manager-plugin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_name_decides_whether_it_is_the_plugin() {
        assert!(is_plugin(Some(Path::new("session-manager-plugin"))));
        assert!(is_plugin(Some(Path::new(
            "/usr/local/bin/session-manager-plugin"
        ))));
        assert!(!is_plugin(Some(Path::new("/usr/bin/culvert"))));
        assert!(!is_plugin(None));
    }
}
