//! What is chosen in the tray is done here, one wish after the other.

use arboard::Clipboard;
use tauri::async_runtime::spawn_blocking;
use tauri::{AppHandle, Manager as _};
use tokio::sync::mpsc;
use tunnel_manager::{Manager, ManagerError, ProfileId, TunnelStatus};

use crate::consent;
use crate::shell::Shell;
use crate::tray::{Act, is_on, starts_with_all};
use crate::window;

/// Does what comes until nothing can come any more.
pub(crate) async fn serve(app: AppHandle, manager: Manager, mut acts: mpsc::Receiver<Act>) {
    // Kept: under X11 what was copied is gone with the program that offers it.
    let mut clipboard = None;
    while let Some(act) = acts.recv().await {
        match act {
            Act::Connect(id) => tell(consent::connect(&app, &manager, id).await),
            Act::Disconnect(id) => tell(manager.disconnect(id).await),
            Act::ConnectAll => connect_all(&manager).await,
            Act::DisconnectAll => disconnect_all(&manager).await,
            Act::Copy(text) => clipboard = copy(clipboard, text).await,
            Act::Open => {
                window::show(&app);
            }
            Act::Show(id) => {
                app.state::<Shell>().select(id);
                window::show(&app);
            }
            Act::SignIn(id) => {
                app.state::<Shell>().sign_in(id);
                window::show(&app);
            }
            Act::KeepOpen(id) => tell(manager.keep_open(id).await),
            Act::Quit => app.state::<Shell>().quit(&app),
        }
    }
}

/// Starts every saved tunnel that is off, but those to production, which are started one by one;
/// the demo is nobody's work.
async fn connect_all(manager: &Manager) {
    let off = |tunnel: &TunnelStatus| !is_on(&tunnel.snapshot.state) && starts_with_all(tunnel);
    for id in those(manager, off) {
        tell(manager.connect(id).await);
    }
}

async fn disconnect_all(manager: &Manager) {
    for id in those(manager, |tunnel| is_on(&tunnel.snapshot.state)) {
        tell(manager.disconnect(id).await);
    }
}

/// The tunnels that are as wanted now.
fn those(manager: &Manager, wanted: impl Fn(&TunnelStatus) -> bool) -> Vec<ProfileId> {
    let overview = manager.overview();
    let overview = overview.borrow();
    let tunnels = overview.tunnels.iter().filter(|tunnel| wanted(tunnel));
    tunnels.map(|tunnel| tunnel.profile.id).collect()
}

/// The menu may be older than the tunnels: what is no longer there is no trouble.
fn tell(done: Result<(), ManagerError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "what was chosen in the tray could not be done");
    }
}

async fn copy(clipboard: Option<Clipboard>, text: String) -> Option<Clipboard> {
    // It talks with the display, which may take its time.
    let copied = spawn_blocking(move || {
        let mut clipboard = clipboard.map_or_else(Clipboard::new, Ok)?;
        clipboard.set_text(text)?;
        Ok::<_, arboard::Error>(clipboard)
    });
    match copied.await {
        Ok(Ok(clipboard)) => Some(clipboard),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the address could not be copied");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "the address could not be copied");
            None
        }
    }
}
