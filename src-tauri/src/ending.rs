//! The end of the program: no session and no process stays behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Manager as _, RunEvent};
use tokio::time::timeout;
use tunnel_manager::Manager;

use crate::window;

/// How long sessions may take to end at the service before the program ends without them; a
/// logout waits for little more.
const PATIENCE: Duration = Duration::from_secs(3);

/// Ends every tunnel, once, before the program ends.
pub(crate) struct Ending {
    manager: Manager,
    begun: AtomicBool,
}

impl Ending {
    pub(crate) fn new(manager: Manager) -> Self {
        Self {
            manager,
            begun: AtomicBool::new(false),
        }
    }

    /// Whether nothing is opened any more.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Stops all tunnels in the background and then exits. Later calls do nothing.
    fn begin(&self, app: &AppHandle) {
        if self.begun.swap(true, Ordering::Relaxed) {
            return;
        }
        window::remember_place(app);
        let (manager, app) = (self.manager.clone(), app.clone());
        tauri::async_runtime::spawn(async move {
            if timeout(PATIENCE, manager.stop_all()).await.is_err() {
                tracing::warn!("some sessions did not end in time");
            }
            app.exit(0);
        });
    }
}

/// Ends the program once the tunnels are off, without asking.
pub(crate) fn begin(app: &AppHandle) {
    app.state::<Ending>().begin(app);
}

/// Holds back the end that follows the last window's: the program goes on without one.
pub(crate) fn handle(event: &RunEvent) {
    if let RunEvent::ExitRequested {
        api, code: None, ..
    } = event
    {
        api.prevent_exit();
    }
}

/// Ends in the same way when the system or a terminal asks for it.
#[cfg(unix)]
pub(crate) fn on_signal(app: &AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};

    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let asked = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        );
        let (Ok(mut terminate), Ok(mut interrupt)) = asked else {
            tracing::warn!("signals can't be handled: they will end the program at once");
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        begin(&app);
    });
}

/// Elsewhere the system ends the program.
#[cfg(not(unix))]
pub(crate) fn on_signal(_app: &AppHandle) {}
