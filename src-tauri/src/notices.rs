//! Notifications: what is worth one is decided in [`policy`], what it says is in [`words`].
//!
//! On Linux they go to the desktop's server over D-Bus, and a click leads to the tunnel;
//! elsewhere a crate for it hands them to the system.

#[cfg(not(target_os = "linux"))]
mod native;
mod policy;
#[cfg(target_os = "linux")]
mod server;
mod words;

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use tauri::{AppHandle, Manager as _};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tunnel_manager::{Overview, ProfileId, Restless, SettingsState};

use crate::speech::Speech;
use crate::tray::Act;
use crate::window;
#[cfg(not(target_os = "linux"))]
use native::Desktop;
use policy::{Notices, Order};
#[cfg(target_os = "linux")]
use server::Desktop;

/// Between two looks at the tunnels: news wait for seconds anyway.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells what is worth it for as long as the program runs. Clicks on notifications go to `acts`.
pub(crate) async fn run(
    app: AppHandle,
    mut overview: watch::Receiver<Overview>,
    mut unrest: watch::Receiver<BTreeMap<ProfileId, Restless>>,
    settings: watch::Receiver<SettingsState>,
    acts: mpsc::Sender<Act>,
) {
    let begun = Instant::now();
    let mut notices = Notices::default();
    let mut desktop = Desktop::new(acts);
    loop {
        let wishes = settings.borrow().settings.clone();
        let speech = Speech::of(&wishes);
        notices.speak(speech);
        let orders = notices.update(
            begun.elapsed(),
            &overview.borrow_and_update(),
            &unrest.borrow_and_update(),
            &wishes,
        );
        for order in orders {
            match order {
                // Whoever looks at the window sees it there.
                Order::Show(_) if is_looked_at(&app) => {}
                Order::Show(notice) => desktop.show(notice, speech).await,
                Order::Withdraw(kind) => desktop.withdraw(kind).await,
            }
        }
        sleep(PAUSE).await;
        let due = async {
            match notices.next() {
                Some(next) => sleep_until(begun + next).await,
                None => pending().await,
            }
        };
        tokio::select! {
            changed = overview.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = news(&mut unrest) => {}
            () = due => {}
        }
    }
}

/// Waits until something of it has changed; for ever if nobody tells any more.
async fn news(unrest: &mut watch::Receiver<BTreeMap<ProfileId, Restless>>) {
    if unrest.changed().await.is_err() {
        pending::<()>().await;
    }
}

fn is_looked_at(app: &AppHandle) -> bool {
    let window = app.get_webview_window(window::LABEL);
    window.is_some_and(|window| window.is_focused().unwrap_or(false))
}
