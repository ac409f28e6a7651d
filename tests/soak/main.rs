//! The soak: a tunnel under load both ways for a long time, while the gateway closes all the time.
//!
//! `npm run soak -- --minutes 60`

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use culvert_tests::soak::{self, Plan};

const USAGE: &str = "soak [--minutes N] [--program PATH]";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("soak: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool, Box<dyn Error>> {
    let mut minutes = 60;
    let mut program = beside_this_one()?;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match name.as_str() {
            "--minutes" => minutes = value.parse::<u64>().map_err(|_| USAGE)?.max(1),
            "--program" => program = PathBuf::from(value),
            _ => return Err(USAGE.into()),
        }
    }
    let outcome = soak::run(Plan::new(program, Duration::from_secs(minutes * 60)), say).await?;
    say(&outcome.to_string());
    Ok(outcome.faults.is_empty())
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
