//! The program's settings, as the window shows and changes them.

pub(crate) mod view;

use tauri::ipc::Channel;
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;
use tunnel_manager::{SettingsKeeper, SettingsState};

use crate::autostart::Autostart;
use crate::telling::Teller;
use crate::view::RefusalView;
use crate::window;
use view::{KeyView, SettingsView};

/// The settings, and the start at login, which is the system's.
pub(crate) struct Preferences {
    keeper: SettingsKeeper,
    autostart: Autostart,
    /// Rings when the start at login was changed.
    autostart_changed: watch::Sender<()>,
    /// Tells the window.
    teller: Teller,
}

impl Preferences {
    pub(crate) fn new(keeper: SettingsKeeper, autostart: Autostart) -> Self {
        Self {
            keeper,
            autostart,
            autostart_changed: watch::Sender::default(),
            teller: Teller::default(),
        }
    }

    pub(crate) fn keeper(&self) -> &SettingsKeeper {
        &self.keeper
    }

    /// Sends the settings, now and whenever they change. A later subscription replaces an earlier one.
    pub(crate) fn subscribe(&self, channel: Channel<SettingsView>) {
        let mut state = self.keeper.state();
        let mut changed = self.autostart_changed.subscribe();
        let (autostart, path) = (self.autostart.clone(), self.keeper.path().to_owned());
        let task = tauri::async_runtime::spawn(async move {
            loop {
                let view = SettingsView::of(&state.borrow_and_update(), autostart.is_on(), &path);
                if channel.send(view).is_err() {
                    return;
                }
                let lives = tokio::select! {
                    settings = state.changed() => settings.is_ok(),
                    autostart = changed.changed() => autostart.is_ok(),
                };
                if !lives {
                    return;
                }
            }
        });
        self.teller.replace(Some(task));
    }

    /// Changes a setting.
    pub(crate) async fn change(&self, key: KeyView, text: String) -> Result<(), RefusalView> {
        let changed = self.keeper.change(key.into(), text).await;
        changed.map_err(|error| RefusalView::of_problem(&error.problem()))
    }

    /// Switches the start at login on or off.
    pub(crate) fn set_autostart(&self, on: bool) -> Result<(), RefusalView> {
        let set = self.autostart.set(on);
        self.autostart_changed.send_replace(());
        set.map_err(|error| RefusalView::no_autostart(&error))
    }
}

/// Lets the window follow those settings that are not its pages' matter, for as long as the
/// program runs.
pub(crate) async fn follow(app: AppHandle, mut state: watch::Receiver<SettingsState>) {
    loop {
        let zoom = state.borrow_and_update().settings.zoom;
        if let Some(window) = app.get_webview_window(window::LABEL) {
            window::zoom(&window, zoom);
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}
