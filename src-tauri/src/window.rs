//! The window: there is one, or none.

use tauri::{AppHandle, Manager as _, WebviewWindowBuilder};

/// The window's label in `tauri.conf.json`.
pub(crate) const LABEL: &str = "main";

/// Brings the window to the front; makes it if there is none.
pub(crate) fn show(app: &AppHandle) {
    let shown = match app.get_webview_window(LABEL) {
        Some(window) => window
            .unminimize()
            .and_then(|()| window.show())
            .and_then(|()| window.set_focus()),
        None => make(app),
    };
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be shown");
    }
}

fn make(app: &AppHandle) -> tauri::Result<()> {
    let windows = &app.config().app.windows;
    for config in windows.iter().filter(|window| window.label == LABEL) {
        WebviewWindowBuilder::from_config(app, config)?.build()?;
    }
    Ok(())
}
