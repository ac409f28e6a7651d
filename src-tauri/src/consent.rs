//! How tunnels are started: those to production only when the user says so in the window.

use tauri::{AppHandle, Manager as _};
use tunnel_manager::{Manager, ManagerError, ProfileId};

use crate::shell::Shell;

/// Starts a tunnel; one that leads to production is asked about in the window instead.
pub(crate) async fn connect(
    app: &AppHandle,
    manager: &Manager,
    id: ProfileId,
) -> Result<(), ManagerError> {
    match manager.connect(id).await {
        Err(ManagerError::NeedsConsent(id)) => {
            app.state::<Shell>().ask_for_consent(app, id);
            Ok(())
        }
        done => done,
    }
}
