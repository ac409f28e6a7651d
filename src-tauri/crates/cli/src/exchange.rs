//! `culvert export`, and `culvert import` of a file of tunnels.

use std::fs;
use std::path::Path;

use clap::Args as ClapArgs;
use serde::Serialize;
use tunnel_manager::exchange::{self, Change, Choice, Difference, Offer};
use tunnel_manager::tunnel::{Problem, ProblemKind};
use tunnel_manager::{Profile, ProfileId};

use crate::exit::Exit;
use crate::list::failed;
use crate::output::{Output, json, say};
use crate::saved;
use crate::words::one_line;

#[derive(Debug, ClapArgs)]
pub(crate) struct Export {
    /// Those of this group alone
    #[arg(long)]
    group: Option<String>,
    /// Whole names or ids; all saved tunnels if left out
    names: Vec<String>,
}

/// A line for programs.
#[derive(Debug, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line<'a> {
    Offer {
        name: &'a str,
        id: ProfileId,
        difference: &'static str,
        changes: Vec<ChangeLine<'a>>,
        done: &'static str,
    },
}

#[derive(Debug, Serialize)]
struct ChangeLine<'a> {
    field: &'static str,
    from: &'a str,
    to: &'a str,
}

/// Runs `culvert export`: the file goes to standard output.
pub(crate) fn export(export: &Export) -> Exit {
    match chosen(export) {
        Ok(profiles) => {
            say(exchange::export(&profiles).trim_end());
            Exit::Success
        }
        Err(problem) => failed(Output::Text, &problem),
    }
}

fn chosen(export: &Export) -> Result<Vec<Profile>, Problem> {
    let saved = saved::store()?.read().map_err(|error| error.problem())?;
    let mut wanted = Vec::new();
    for name in &export.names {
        wanted.push(saved::find_exactly(&saved, name)?.id);
    }
    let is_wanted = |profile: &Profile| {
        let named = wanted.is_empty() || wanted.contains(&profile.id);
        let grouped = export.group.is_none() || profile.filing.group == export.group;
        named && grouped
    };
    let profiles: Vec<_> = saved.into_iter().filter(is_wanted).collect();
    if profiles.is_empty() {
        return Err(Problem::new(
            ProblemKind::Settings,
            "nothing-to-export",
            "No saved tunnel is meant by that.",
            "See culvert list.",
        ));
    }
    Ok(profiles)
}

/// What `culvert import` does with tunnels that are not new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// They are left as they are.
    Leave,
    /// They take the settings of the file.
    Replace,
    /// The file's are saved beside them.
    Beside,
}

/// Says whether an import is of a file of tunnels, and not of a command or an address.
pub(crate) fn file(text: &[String]) -> Option<&Path> {
    let [one] = text else { return None };
    let path = Path::new(one);
    let is_toml = path.extension().is_some_and(|end| end == "toml");
    is_toml.then_some(path)
}

/// Runs `culvert import FILE.toml`.
pub(crate) fn import(output: Output, path: &Path, existing: Existing, dry_run: bool) -> Exit {
    match merge(path, existing, dry_run) {
        Ok(chosen) => {
            for (offer, choice) in &chosen {
                tell(output, offer, *choice, dry_run);
            }
            Exit::Success
        }
        Err(problem) => failed(output, &problem),
    }
}

fn merge(path: &Path, existing: Existing, dry_run: bool) -> Result<Vec<(Offer, Choice)>, Problem> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let offered = exchange::read(path, &text).map_err(|error| error.problem())?;
    let store = saved::store()?;
    let choose = |saved: &[Profile]| -> Vec<_> {
        let offers = exchange::compare(saved, offered.clone()).into_iter();
        offers
            .map(|offer| {
                let choice = choice(&offer.difference, existing);
                (offer, choice)
            })
            .collect()
    };
    if dry_run {
        return Ok(choose(&store.read().map_err(|error| error.problem())?));
    }
    let mut chosen = Vec::new();
    let saved = store.update(|saved| {
        chosen = choose(saved);
        exchange::merge(saved, &chosen);
    });
    saved.map_err(|error| error.problem())?;
    Ok(chosen)
}

const fn choice(difference: &Difference, existing: Existing) -> Choice {
    match (difference, existing) {
        (Difference::New | Difference::Same, _) | (_, Existing::Leave) => {
            exchange::usual_choice(difference)
        }
        (Difference::Changed(_) | Difference::Clash { .. }, Existing::Replace) => Choice::Take,
        (Difference::Changed(_) | Difference::Clash { .. }, Existing::Beside) => Choice::Beside,
    }
}

fn tell(output: Output, offer: &Offer, choice: Choice, dry_run: bool) {
    let (difference, changes): (_, &[Change]) = match &offer.difference {
        Difference::New => ("new", &[]),
        Difference::Same => ("same", &[]),
        Difference::Changed(changes) => ("changed", changes),
        Difference::Clash { changes, .. } => ("clash", changes),
    };
    let name = &offer.profile.name;
    match output {
        Output::Text => {
            let what = match &offer.difference {
                Difference::New => "is new",
                Difference::Same => "is saved as it is",
                Difference::Changed(_) => "is saved with other settings",
                Difference::Clash { .. } => "is the name of another saved tunnel",
            };
            let done = match (choice, dry_run) {
                (Choice::Leave, _) if changes.is_empty() => "",
                (Choice::Leave, _) => {
                    ": left as it is; --replace takes the file's, --beside adds it"
                }
                (Choice::Take | Choice::Beside, true) => ": not saved (--dry-run)",
                (Choice::Take, false) => ": saved",
                (Choice::Beside, false) => ": saved beside it",
            };
            say(&format!("{} {what}{done}", one_line(name)));
            for Change { field, from, to } in changes {
                let or_usual = |text: &str| match text {
                    "" => "(as usual)".to_owned(),
                    text => one_line(text),
                };
                say(&format!(
                    "  {}: {} -> {}",
                    field.key(),
                    or_usual(from),
                    or_usual(to)
                ));
            }
        }
        Output::Json => json(&Line::Offer {
            name,
            id: offer.profile.id,
            difference,
            changes: changes
                .iter()
                .map(|change| ChangeLine {
                    field: change.field.key(),
                    from: &change.from,
                    to: &change.to,
                })
                .collect(),
            done: match (choice, dry_run) {
                (Choice::Leave, _) | (_, true) => "nothing",
                (Choice::Take, false) => "saved",
                (Choice::Beside, false) => "savedBeside",
            },
        }),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "file-unreadable",
        format!("{} could not be read.", path.display()),
        "Check the path, and who may read the file.",
    )
    .with_details(error.to_string())
}
