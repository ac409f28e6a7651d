//! Notifications of macOS and Windows. A click shows what the system shows on a click.

use tauri::async_runtime::spawn_blocking;
use tokio::sync::mpsc;

use super::policy::{Kind, Notice};
use crate::speech::Speech;
use crate::tray::Act;

/// The way to the system's notifications.
pub(super) struct Desktop;

impl Desktop {
    pub(super) fn new(_acts: mpsc::Sender<Act>) -> Self {
        Self
    }

    /// It has no buttons, so nothing but the notice itself speaks.
    pub(super) async fn show(&mut self, notice: Notice, _speech: Speech) {
        let shown = spawn_blocking(move || {
            notify_rust::Notification::new()
                .appname("Culvert")
                .summary(&notice.title)
                .body(&notice.body)
                .show()
                .map(drop)
        });
        match shown.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "no notification could be shown"),
            Err(error) => tracing::debug!(%error, "no notification could be shown"),
        }
    }

    /// These systems keep what was told.
    #[expect(clippy::unused_async, reason = "the same signature everywhere")]
    pub(super) async fn withdraw(&mut self, _kind: Kind) {}
}
