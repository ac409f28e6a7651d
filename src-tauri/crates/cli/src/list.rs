//! `culvert list` and `culvert remove`: the saved tunnels.

use clap::Args as ClapArgs;
use serde::Serialize;
use tunnel_manager::tunnel::Problem;
use tunnel_manager::{CredentialSource, Draft, Profile};

use crate::exit::Exit;
use crate::output::{Output, json, say};
use crate::saved::{self, Object, leads_to, listens_at};
use crate::table;
use crate::words::one_line;

#[derive(Debug, ClapArgs)]
pub(crate) struct List {
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Remove {
    /// The tunnel's whole name, or its id
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Line {
    Tunnel(Object),
}

/// Runs `culvert list`.
pub(crate) fn run(list: &List) -> Exit {
    let output = Output::new(list.json);
    let read = saved::store().and_then(|store| store.read().map_err(|error| error.problem()));
    let profiles = match read {
        Ok(profiles) => profiles,
        Err(problem) => return failed(output, &problem),
    };
    match output {
        Output::Text if profiles.is_empty() => {
            say("No tunnel is saved. Save one with culvert import, or in the window.");
        }
        Output::Text => {
            for line in table(&profiles) {
                say(&line);
            }
        }
        Output::Json => {
            for profile in &profiles {
                json(&Line::Tunnel(Object::new(
                    Some(profile.id),
                    Draft::from(profile),
                )));
            }
        }
    }
    Exit::Success
}

/// Runs `culvert remove`.
pub(crate) fn remove(remove: &Remove) -> Exit {
    match try_remove(&remove.name) {
        Ok(name) => {
            say(&format!("removed {}", one_line(&name)));
            Exit::Success
        }
        Err(problem) => failed(Output::Text, &problem),
    }
}

fn try_remove(wanted: &str) -> Result<String, Problem> {
    let mut found = Ok(wanted.to_owned());
    let updated = saved::store()?.update(|profiles| {
        let one = saved::find_exactly(profiles, wanted).map(|one| (one.id, one.name.clone()));
        if let Ok((id, _)) = &one {
            profiles.retain(|profile| profile.id != *id);
        }
        found = one.map(|(_, name)| name);
    });
    updated.map_err(|error| error.problem())?;
    found
}

pub(crate) fn failed(output: Output, problem: &Problem) -> Exit {
    output.failed(problem);
    Exit::from(problem)
}

/// A line a tunnel, in columns.
fn table(profiles: &[Profile]) -> Vec<String> {
    let titles = [
        "NAME",
        "LISTENS AT",
        "LEADS TO",
        "THROUGH",
        "PROFILE",
        "REGION",
        "GROUP",
        "MARK",
    ];
    let row = |profile: &Profile| {
        [
            profile.name.clone(),
            listens_at(profile),
            leads_to(&profile.destination),
            profile.target.to_string(),
            match &profile.credentials {
                CredentialSource::Chain => String::new(),
                CredentialSource::Profile(name) => name.clone(),
                CredentialSource::Keys(name) => format!("(keys {name})"),
            },
            profile.region.clone().unwrap_or_default(),
            profile.filing.group.clone().unwrap_or_default(),
            match profile.production {
                Some(_) => "production".to_owned(),
                None => String::new(),
            },
        ]
    };
    let rows: Vec<_> = profiles.iter().map(row).collect();
    table::lines(titles, &rows)
}
