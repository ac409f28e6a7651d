//! What the window can ask for. Each command is one request to the manager.

#![expect(
    clippy::needless_pass_by_value,
    reason = "commands get their state by value"
)]

use std::net::SocketAddr;

use tauri::ipc::Channel;
use tauri::{AppHandle, State};
use tunnel_manager::{Consent, Manager, ManagerError, ProfileId, RemovalId};

use crate::consent;
use crate::details::view::DetailsView;
use crate::details::{DetailsUpdates, rdp};
use crate::downloads::save_for_user;
use crate::preferences::Preferences;
use crate::preferences::view::{KeyView, SettingsView};
use crate::shell::Shell;
use crate::shell::view::{AnswerView, ShellView};
use crate::updates::Updates;
use crate::view::{DraftView, OverviewView, RefilingView, RefusalView};

/// Sends the overview through the channel, now and whenever it changes. A later subscription
/// replaces an earlier one.
#[tauri::command]
#[specta::specta]
pub(crate) fn subscribe(updates: State<'_, Updates>, on_overview: Channel<OverviewView>) {
    updates.subscribe(on_overview);
}

/// Sends what the program round the window asks through the channel, now and whenever it changes.
#[tauri::command]
#[specta::specta]
pub(crate) fn subscribe_shell(shell: State<'_, Shell>, on_shell: Channel<ShellView>) {
    shell.subscribe(on_shell);
}

/// Sends a tunnel's details through the channel, now and whenever something of them changes, until
/// another tunnel's are asked for, or none.
#[tauri::command]
#[specta::specta]
pub(crate) fn subscribe_tunnel(
    details: State<'_, DetailsUpdates>,
    id: String,
    on_details: Channel<DetailsView>,
) -> Result<(), RefusalView> {
    details.subscribe(parse(&id)?, on_details);
    Ok(())
}

/// Sends no details any more.
#[tauri::command]
#[specta::specta]
pub(crate) fn unsubscribe_tunnel(details: State<'_, DetailsUpdates>) {
    details.end();
}

/// Opens the address at which a tunnel listens in the browser, over TLS if it is `secure`. The
/// window can't name another address.
#[tauri::command]
#[specta::specta]
pub(crate) fn open_tunnel(
    manager: State<'_, Manager>,
    id: String,
    secure: bool,
) -> Result<(), RefusalView> {
    let (_, address) = listening(&manager, parse(&id)?)?;
    let scheme = if secure { "https" } else { "http" };
    let url = format!("{scheme}://{address}/");
    tauri_plugin_opener::open_url(&url, None::<&str>)
        .map_err(|error| RefusalView::no_browser(&url, &error))
}

/// Saves a file for remote desktop clients among the user's downloads, and answers its path.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_rdp_file(
    app: AppHandle,
    manager: State<'_, Manager>,
    id: String,
) -> Result<String, RefusalView> {
    let (name, address) = listening(&manager, parse(&id)?)?;
    save_for_user(&app, rdp::stem(&name), "rdp", rdp::text(&address)).await
}

/// The name of a tunnel, and the first TCP address at which it listens.
fn listening(manager: &Manager, id: ProfileId) -> Result<(String, String), RefusalView> {
    let overview = manager.overview();
    let overview = overview.borrow();
    let tunnel = overview.tunnels.iter().find(|one| one.profile.id == id);
    let tunnel = tunnel.ok_or_else(|| RefusalView::bad_id(&id.to_string()))?;
    let addresses = tunnel.snapshot.addresses.iter();
    let mut tcp = addresses.filter(|address| address.parse::<SocketAddr>().is_ok());
    let address = tcp.next().ok_or_else(RefusalView::not_listening)?;
    Ok((tunnel.profile.name.clone(), address.clone()))
}

/// Sends the program's settings through the channel, now and whenever they change.
#[tauri::command]
#[specta::specta]
pub(crate) fn subscribe_settings(
    preferences: State<'_, Preferences>,
    on_settings: Channel<SettingsView>,
) {
    preferences.subscribe(on_settings);
}

/// Changes a setting and saves it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn change_setting(
    preferences: State<'_, Preferences>,
    key: KeyView,
    value: String,
) -> Result<(), RefusalView> {
    preferences.change(key, value).await
}

/// Switches the start at login on or off.
#[tauri::command]
#[specta::specta]
pub(crate) fn set_autostart(
    preferences: State<'_, Preferences>,
    on: bool,
) -> Result<(), RefusalView> {
    preferences.set_autostart(on)
}

/// Answers what is being asked.
#[tauri::command]
#[specta::specta]
pub(crate) fn answer_question(app: AppHandle, shell: State<'_, Shell>, answer: AnswerView) {
    shell.answer(&app, answer);
}

/// Ends the program; asks first if that would break connections.
#[tauri::command]
#[specta::specta]
pub(crate) fn quit(app: AppHandle, shell: State<'_, Shell>) {
    shell.quit(&app);
}

/// Saves a new tunnel and answers its id.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_tunnel(
    manager: State<'_, Manager>,
    draft: DraftView,
) -> Result<String, RefusalView> {
    Ok(manager.add(draft.into()).await?.to_string())
}

/// Saves other settings of a tunnel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn update_tunnel(
    manager: State<'_, Manager>,
    id: String,
    draft: DraftView,
) -> Result<(), RefusalView> {
    Ok(manager.update(parse(&id)?, draft.into()).await?)
}

/// Forgets tunnels, after stopping them, and answers the number by which they can be put back.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_tunnels(
    manager: State<'_, Manager>,
    ids: Vec<String>,
) -> Result<u32, RefusalView> {
    let RemovalId(removal) = manager.remove(parse_all(&ids)?).await?;
    Ok(removal)
}

/// Puts back what was removed under this number.
#[tauri::command]
#[specta::specta]
pub(crate) async fn restore_tunnels(
    manager: State<'_, Manager>,
    removal: u32,
) -> Result<(), RefusalView> {
    Ok(manager.restore(RemovalId(removal)).await?)
}

/// Moves a tunnel to before another one or, without one, to the end.
#[tauri::command]
#[specta::specta]
pub(crate) async fn move_tunnel(
    manager: State<'_, Manager>,
    id: String,
    before: Option<String>,
) -> Result<(), RefusalView> {
    let before = before.as_deref().map(parse).transpose()?;
    Ok(manager.move_to(parse(&id)?, before).await?)
}

/// Files tunnels under a group, with a tag, or as favourites, all in the same way.
#[tauri::command]
#[specta::specta]
pub(crate) async fn refile_tunnels(
    manager: State<'_, Manager>,
    ids: Vec<String>,
    to: RefilingView,
) -> Result<(), RefusalView> {
    Ok(manager.refile(parse_all(&ids)?, to.into()).await?)
}

/// Starts a tunnel. Asks first where it leads to production.
#[tauri::command]
#[specta::specta]
pub(crate) async fn connect_tunnel(
    app: AppHandle,
    manager: State<'_, Manager>,
    id: String,
) -> Result<(), RefusalView> {
    Ok(consent::connect(&app, &manager, parse(&id)?).await?)
}

/// Starts a tunnel to production: the user was asked, and says so.
#[tauri::command]
#[specta::specta]
pub(crate) async fn connect_production(
    manager: State<'_, Manager>,
    shell: State<'_, Shell>,
    id: String,
    reason: Option<String>,
) -> Result<(), RefusalView> {
    let id = parse(&id)?;
    manager.connect_with(id, Consent { reason }).await?;
    shell.has_consent(id);
    Ok(())
}

/// Gives a tunnel that is about to close by itself all of its time again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn keep_tunnel_open(
    manager: State<'_, Manager>,
    id: String,
) -> Result<(), RefusalView> {
    Ok(manager.keep_open(parse(&id)?).await?)
}

/// Stops a tunnel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn disconnect_tunnel(
    manager: State<'_, Manager>,
    id: String,
) -> Result<(), RefusalView> {
    Ok(manager.disconnect(parse(&id)?).await?)
}

/// Lets a tunnel try at once what it waits for.
#[tauri::command]
#[specta::specta]
pub(crate) async fn try_tunnel_now(
    manager: State<'_, Manager>,
    id: String,
) -> Result<(), RefusalView> {
    Ok(manager.try_now(parse(&id)?).await?)
}

/// Reads the profile file again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn reload_tunnels(manager: State<'_, Manager>) -> Result<(), RefusalView> {
    Ok(manager.reload().await?)
}

/// Starts the demo tunnel and answers its id.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_demo(manager: State<'_, Manager>) -> Result<String, RefusalView> {
    Ok(manager.start_demo().await?.to_string())
}

/// Opens the demo tunnel's page in the browser. The window can't name another address.
#[tauri::command]
#[specta::specta]
pub(crate) fn open_demo_page(manager: State<'_, Manager>) -> Result<(), RefusalView> {
    let address = {
        let overview = manager.overview();
        let overview = overview.borrow();
        let demo = overview.tunnels.iter().find(|tunnel| tunnel.demo);
        demo.and_then(|demo| demo.snapshot.addresses.first().cloned())
    };
    let Some(address) = address else {
        return Ok(());
    };
    let url = format!("http://{address}/");
    tauri_plugin_opener::open_url(&url, None::<&str>)
        .map_err(|error| RefusalView::no_browser(&url, &error))
}

/// More than anybody has; each is looked for among all.
const TUNNELS_MOST: usize = 10_000;

pub(crate) fn parse_all(ids: &[String]) -> Result<Vec<ProfileId>, RefusalView> {
    match ids.get(TUNNELS_MOST) {
        Some(one_too_many) => Err(RefusalView::bad_id(one_too_many)),
        None => ids.iter().map(|id| parse(id)).collect(),
    }
}

fn parse(id: &str) -> Result<ProfileId, RefusalView> {
    id.parse().map_err(|_| RefusalView::bad_id(id))
}

impl From<ManagerError> for RefusalView {
    fn from(error: ManagerError) -> Self {
        Self::new(&error)
    }
}
