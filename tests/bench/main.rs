//! Measures `culvert`, and other programs beside it, through a simulated service.
//!
//! `npm run bench -- --plugin PATH`; without a plugin, culvert with one session is what the others are compared with.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use culvert_tests::bench::{self, Client, Kind, Plan};

const USAGE: &str = "bench [--rounds N] [--round-trips MS,MS,…] [--megabytes N] [--plugin PATH] [--program PATH] [--json FILE]";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut program = beside_this_one()?;
    let mut plugin = None;
    let mut json = None;
    let mut rounds = 3;
    let mut megabytes = 8;
    let mut round_trips = vec![0, 20, 80];
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match name.as_str() {
            "--rounds" => rounds = value.parse::<usize>().map_err(|_| USAGE)?.max(1),
            "--megabytes" => megabytes = value.parse::<u64>().map_err(|_| USAGE)?.clamp(1, 4_096),
            "--round-trips" => {
                round_trips = value
                    .split(',')
                    .map(|time| time.parse().map_err(|_| USAGE))
                    .collect::<Result<_, _>>()?;
            }
            "--plugin" => plugin = Some(PathBuf::from(value)),
            "--program" => program = PathBuf::from(value),
            "--json" => json = Some(PathBuf::from(value)),
            _ => return Err(USAGE.into()),
        }
    }
    let culvert = |name: &str, options: &[&str]| Client {
        name: name.to_owned(),
        program: program.clone(),
        kind: Kind::Culvert(options.iter().map(|&option| option.to_owned()).collect()),
    };
    let mut clients = vec![
        culvert("culvert", &[]),
        culvert("culvert, 8 sessions", &["--sessions", "8"]),
        culvert("culvert, 1 session", &["--sessions", "1"]),
    ];
    clients.extend(plugin.map(|program| Client {
        name: "plugin".to_owned(),
        program,
        kind: Kind::Plugin,
    }));
    let plan = Plan {
        clients,
        round_trips: round_trips.into_iter().map(Duration::from_millis).collect(),
        rounds,
        bulk: megabytes * 1_000_000,
    };
    let report = bench::run(&plan, say).await?;
    say(&report.to_string());
    if let Some(file) = json {
        std::fs::write(file, report.json().to_string())?;
    }
    Ok(())
}

/// Cargo puts all programs into one directory.
fn beside_this_one() -> Result<PathBuf, Box<dyn Error>> {
    let name = format!("culvert{}", std::env::consts::EXE_SUFFIX);
    Ok(std::env::current_exe()?.with_file_name(name))
}

fn say(line: &str) {
    // Who closes standard output still gets the exit code.
    let _ = writeln!(std::io::stdout(), "{line}");
}
