//! Tunnels that go from one user to another: read from a file and compared before any of it counts,
//! and saved as a file to give away.

mod view;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tauri::{AppHandle, State};
use tunnel_manager::exchange::{self, Choice, Difference, Offer};
use tunnel_manager::{Manager, Overview, Profile, ProfileId};
use tunnel_proto::{Problem, ProblemKind};

use crate::commands::parse_all;
use crate::downloads::save_for_user;
use crate::view::RefusalView;
use view::{ChoiceView, ImportView};

/// What exported tunnels are called.
const FILE_STEM: &str = "Culvert tunnels";

/// The file that was read last, as it was compared with the saved tunnels: what is chosen is chosen of
/// what was shown.
#[derive(Default)]
pub(crate) struct Imports(Mutex<Option<Import>>);

struct Import {
    number: u32,
    offers: Vec<Offer>,
}

impl Imports {
    /// Keeps what a file offers in the place of an earlier one's, and numbers it.
    fn keep(&self, offers: Vec<Offer>) -> u32 {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = current.as_ref().map_or(1, |old| old.number.wrapping_add(1));
        *current = Some(Import { number, offers });
        number
    }

    /// What was chosen of the file of this number; none if another was read since, or it has not as
    /// many tunnels.
    fn choose(&self, number: u32, choices: &[Choice]) -> Option<Vec<(Offer, Choice)>> {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let import = current.as_ref().filter(|import| import.number == number)?;
        if import.offers.len() != choices.len() {
            return None;
        }
        let offers = import.offers.iter().cloned();
        Some(offers.zip(choices.iter().copied()).collect())
    }
}

/// Reads a file of tunnels, `name` being what the user calls it, and compares it with the saved ones.
/// Nothing is saved.
#[tauri::command]
#[specta::specta]
pub(crate) async fn read_import(
    manager: State<'_, Manager>,
    imports: State<'_, Imports>,
    name: String,
    text: String,
) -> Result<ImportView, RefusalView> {
    let offered = read(&name, &text)?;
    let offers = manager.compare(offered).await?;
    let number = imports.keep(offers.clone());
    Ok(ImportView::new(number, &offers))
}

/// Saves what was chosen of the file of this number: one choice for each of its tunnels.
#[tauri::command]
#[specta::specta]
pub(crate) async fn merge_import(
    manager: State<'_, Manager>,
    imports: State<'_, Imports>,
    number: u32,
    choices: Vec<ChoiceView>,
) -> Result<(), RefusalView> {
    let choices: Vec<_> = choices.into_iter().map(Choice::from).collect();
    let chosen = imports.choose(number, &choices);
    let chosen = chosen.ok_or_else(|| RefusalView::told(&read_anew()))?;
    Ok(manager.merge(chosen).await?)
}

/// Saves these tunnels as a file among the user's downloads, and answers its path.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_tunnels(
    app: AppHandle,
    manager: State<'_, Manager>,
    ids: Vec<String>,
) -> Result<String, RefusalView> {
    let ids = parse_all(&ids)?;
    let profiles = chosen(&manager.overview().borrow(), &ids);
    if profiles.is_empty() {
        return Err(RefusalView::told(&nothing_to_export()));
    }
    let text = exchange::export(&profiles);
    save_for_user(&app, FILE_STEM.to_owned(), "toml", text).await
}

/// Reads a file whose name somebody else may have chosen.
fn read(name: &str, text: &str) -> Result<Vec<Profile>, RefusalView> {
    let shown: String = name
        .chars()
        .filter(|each| !each.is_control())
        .take(80)
        .collect();
    exchange::read(Path::new(&shown), text).map_err(|error| RefusalView::told(&error.problem()))
}

/// The saved ones among these, in the order of the list.
fn chosen(overview: &Overview, ids: &[ProfileId]) -> Vec<Profile> {
    let tunnels = overview.tunnels.iter();
    tunnels
        .filter(|tunnel| !tunnel.demo && ids.contains(&tunnel.profile.id))
        .map(|tunnel| Profile::clone(&tunnel.profile))
        .collect()
}

/// Whether tunnels of the file are saved unless the user chooses otherwise.
fn usual(difference: &Difference) -> ChoiceView {
    exchange::usual_choice(difference).into()
}

fn read_anew() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "import-outdated",
        "Another file was read in the meantime.",
        "Choose the file again.",
    )
}

fn nothing_to_export() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "nothing-to-export",
        "There is no saved tunnel among these.",
        "Select tunnels that are saved: the demo is not.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{overview, tunnel, up};

    fn offers(name: &str) -> Vec<Offer> {
        let profile = Profile::clone(&tunnel(name, up()).profile);
        exchange::compare(&[], vec![profile])
    }

    #[test]
    fn what_is_chosen_is_chosen_of_what_was_shown_last() {
        let imports = Imports::default();
        assert!(imports.choose(0, &[]).is_none(), "nothing was read");
        let first = imports.keep(offers("a"));
        let second = imports.keep(offers("b"));
        assert!(imports.choose(first, &[Choice::Take]).is_none());
        assert!(imports.choose(second, &[]).is_none());
        assert!(imports.choose(second, &[Choice::Take; 2]).is_none());
        let chosen = imports.choose(second, &[Choice::Leave]).expect("as shown");
        assert_eq!(chosen[0].0.profile.name, "b");
        assert_eq!(chosen[0].1, Choice::Leave);
    }

    #[test]
    fn a_file_that_is_wrong_is_told_with_its_place() {
        let refusal =
            read("their\n.toml", "version = 2\n[[tunnel]]\nname = 7\n").expect_err("wrong");
        let told = serde_json::to_value(refusal).expect("JSON");
        let what = told["problem"]["what"].as_str().expect("a sentence");
        assert!(
            what.contains("their.toml") && what.contains("line 3"),
            "{what}"
        );
    }

    #[test]
    fn the_demo_is_not_exported_and_what_is_comes_in_the_lists_order() {
        let (a, mut b, c) = (tunnel("a", up()), tunnel("b", up()), tunnel("c", up()));
        b.demo = true;
        let ids = [c.profile.id, b.profile.id, a.profile.id];
        let exported = chosen(&overview(vec![a, b, c]), &ids);
        let names: Vec<_> = exported.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["a", "c"]);
    }
}
