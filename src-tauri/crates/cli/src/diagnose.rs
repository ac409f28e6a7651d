//! `culvert diagnose`: one file with all that can be told of a trouble, and nothing that must not be
//! told.

mod preview;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args as ClapArgs;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tunnel_manager::bundle::{
    BundleError, Cancel, ChosenTunnel, Collection, Deadline, Request, Stage, Written,
};
use tunnel_manager::doctor::{Examination, Tunnels};
use tunnel_manager::tunnel::{Environment, Problem, ProblemKind};
use tunnel_manager::{Profile, SettingsKeeper, Traces};

use crate::exit::Exit;
use crate::history::since;
use crate::output::{Output, complain, json, say};
use crate::saved;
use crate::stop::StopSignals;

#[derive(Debug, ClapArgs)]
pub(crate) struct Diagnose {
    /// Tunnels, by their names, the begin of them, or their ids: saved ones, and those that run or
    /// have left a record though they were never saved; all that happened if left out
    names: Vec<String>,
    /// How far back: 30m, 24h, 7d. A week is kept
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = since)]
    since: Duration,
    /// Where to write; culvert-diagnose-TIME.zip in this folder if left out. Nothing is overwritten
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show what would be in it, and write nothing; --preview says the same
    #[arg(long, alias = "preview")]
    dry_run: bool,
    /// Replace the names of tunnels as well
    #[arg(long)]
    hide_names: bool,
    /// Make none of the doctor's checks, so that nothing is sent to anybody
    #[arg(long)]
    no_checks: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// A line of JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Line<'a> {
    Stage { stage: Stage },
    Written(&'a Written),
}

/// Collects, shows what there is, and writes it. A signal ends it, and leaves nothing.
pub(crate) async fn run(wanted: Diagnose) -> Exit {
    let output = Output::new(wanted.json);
    let Ok(mut signals) = StopSignals::new() else {
        return crate::forward::no_signals(output);
    };
    let cancel = Cancel::default();
    let stopper = cancel.clone();
    // Ends with the runtime.
    tokio::spawn(async move {
        signals.recv().await;
        stopper.cancel();
    });
    let deadline = Deadline::begin(&cancel);
    match Box::pin(diagnose(&wanted, &deadline)).await {
        Ok(()) => Exit::Success,
        Err(Failure::Problem(problem)) => {
            output.failed(&problem);
            Exit::from(&problem)
        }
        Err(Failure::Bundle(BundleError::Cancelled)) => {
            complain("Cancelled. Nothing was written.");
            Exit::Failure
        }
        Err(Failure::Bundle(error)) => {
            output.failed(&problem_of(&error));
            Exit::Failure
        }
    }
}

/// Why there is no bundle.
#[derive(Debug)]
enum Failure {
    Problem(Problem),
    Bundle(BundleError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}

async fn diagnose(wanted: &Diagnose, deadline: &Deadline) -> Result<(), Failure> {
    let told = |stage| match wanted.json {
        true => json(&Line::Stage { stage }),
        false => complain(stage_words(stage)),
    };
    let collection = Collection::begin(told, deadline).await?;
    let chosen = match wanted.names.as_slice() {
        [] => None,
        names => {
            let unsaved = collection.unsaved().await?;
            let found = names.iter().map(|name| saved::find_also(name, &unsaved));
            Some(found.collect::<Result<Vec<_>, _>>()?)
        }
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let request = Request {
        since: now.saturating_sub(crate::words::millis(wanted.since)),
        now,
        hides_names: wanted.hide_names,
        examination: (!wanted.no_checks).then(|| examination(chosen.as_deref())),
        program: format!("culvert {}", env!("CARGO_PKG_VERSION")),
        tunnels: chosen,
    };
    let bundle = Box::pin(collection.collect(request)).await?;
    preview::show(&bundle, wanted.json);
    if wanted.dry_run {
        return Ok(());
    }
    told(Stage::Writing);
    let path = wanted.output.clone().unwrap_or_else(|| default_name(now));
    let written = bundle.write_by(path, deadline).await?;
    match wanted.json {
        true => json(&Line::Written(&written)),
        false => {
            say(&format!("Written: {}", written.path.display()));
            say(&format!("SHA-256: {}", written.sha256));
            if !written.flushed {
                say(
                    "It is there, but a power cut may still take it: its folder can't be flushed to the disk.",
                );
            }
            say("Look at it before you give it away: summary.md in it is what to read first.");
        }
    }
    Ok(())
}

/// One tunnel thoroughly, more or all of them briefly.
fn examination(chosen: Option<&[ChosenTunnel]>) -> Examination {
    let saved = || saved::store().and_then(|store| store.read().map_err(|e| e.problem()));
    let profiles = match chosen {
        Some(chosen) => chosen.iter().filter_map(profile).collect(),
        // That they can't be read is a line of the bundle.
        None => saved().unwrap_or_default(),
    };
    let settings = SettingsKeeper::in_config_folder().ok();
    let mut tunnels: Vec<_> = profiles.iter().map(Profile::tunnel_config).collect();
    if let Some(settings) = settings {
        for tunnel in &mut tunnels {
            settings.settings().reach(&mut tunnel.access);
        }
    }
    let tunnels = match (tunnels.pop(), tunnels.is_empty()) {
        (Some(one), true) => Tunnels::One(Box::new(one)),
        (last, _) => {
            tunnels.extend(last);
            Tunnels::All(tunnels)
        }
    };
    Examination {
        access: None,
        tunnels,
        // The collection asks the programs that run.
        running: Vec::new(),
        sweep: false,
        session: false,
        ledger: Traces::of_user().ledger,
        calls: Environment::system().call_budget().clone(),
    }
}

/// Of one that was never saved nobody knows the settings any more.
fn profile(chosen: &ChosenTunnel) -> Option<Profile> {
    match chosen {
        ChosenTunnel::Saved(profile) => Some(Profile::clone(profile)),
        ChosenTunnel::Unsaved(_) => None,
    }
}

fn default_name(now: u64) -> PathBuf {
    let time = i64::try_from(now)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let time = time.unwrap_or_default().to_zoned(TimeZone::UTC);
    format!("culvert-diagnose-{}.zip", time.strftime("%Y%m%d-%H%M%S")).into()
}

fn stage_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Reading => "Reading the history and logs …",
        Stage::Checking => "The doctor makes its checks, for 5 s at most …",
        Stage::Redacting => "Replacing secrets and names …",
        Stage::Writing => "Writing …",
    }
}

fn problem_of(error: &BundleError) -> Problem {
    let (code, what, remedy) = match error {
        BundleError::Exists(path) => (
            "file-exists",
            format!("{} is there already.", path.display()),
            "Give another name with --output.",
        ),
        BundleError::Write { path, source } => (
            "bundle-unwritten",
            format!("{} can't be written: {source}.", path.display()),
            "Give a file in a folder that is there and can be written to with --output.",
        ),
        BundleError::Redact(_) | BundleError::Lost(_) | BundleError::Cancelled => (
            "bundle-failed",
            format!("There is no bundle: {error}."),
            "Nothing was written. Please report this.",
        ),
    };
    Problem::new(ProblemKind::Settings, code, what, remedy)
}
