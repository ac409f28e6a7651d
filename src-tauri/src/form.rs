//! What the form of a tunnel asks while it is filled in: what a pasted command says, and whether what
//! is typed can work. Nothing is saved here.

mod clash;
pub(crate) mod view;

use tauri::State;
use tunnel_manager::tunnel::can_listen;
use tunnel_manager::{Draft, Manager, ProfileId, paste};

use crate::view::{DraftView, InvalidView, RefusalView};
use clash::Clash;
use view::{CheckView, PasteView};

/// Reads a pasted command or address as tunnels. Runs nothing.
#[expect(
    clippy::needless_pass_by_value,
    reason = "commands get their arguments by value"
)]
#[tauri::command]
#[specta::specta]
pub(crate) fn read_paste(text: String) -> Result<PasteView, RefusalView> {
    match paste::parse(&text) {
        Ok(read) => Ok(read.into()),
        Err(error) => Err(RefusalView::told(&error.problem())),
    }
}

/// Says what is wrong with settings as they are typed, and who has their port. `id` is the tunnel's
/// own, if it is saved.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_draft(
    manager: State<'_, Manager>,
    id: Option<String>,
    draft: DraftView,
) -> Result<CheckView, RefusalView> {
    let own = id.and_then(|id| id.parse::<ProfileId>().ok());
    let checked = Draft::from(draft).check(own.unwrap_or_else(ProfileId::random));
    let profile = match checked {
        Ok(profile) => profile,
        Err(wrong) => {
            return Ok(CheckView {
                wrong: wrong.iter().map(InvalidView::from).collect(),
                clash: None,
            });
        }
    };
    let overview = manager.overview().borrow().clone();
    let clash = match Clash::with_saved(&profile, &overview) {
        Some(clash) => Some(clash),
        // What it holds itself is no other's.
        None if own.is_some_and(|own| clash::runs(own, &overview)) => None,
        None => {
            let taken = can_listen(&profile.tunnel_config().listen).await;
            taken
                .err()
                .map(|error| Clash::with_machine(&error, &overview))
        }
    };
    Ok(CheckView {
        wrong: Vec::new(),
        clash: clash.map(Into::into),
    })
}
