//! The tray: an icon that shows the worst state, and a menu for what is done most.
//!
//! [`menu`] says what it shows. How it is shown differs: on Linux as a StatusNotifierItem over
//! D-Bus, by a crate that needs no library of the desktop's, elsewhere by Tauri.

mod icons;
mod menu;
#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(target_os = "linux")]
mod notifier_item;
#[cfg(target_os = "linux")]
mod panel;
mod words;

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tunnel_manager::{Overview, SettingsState};

use crate::speech::Speech;
use menu::TrayView;
pub(crate) use menu::{Act, is_on, shortened, starts_with_all};
#[cfg(not(target_os = "linux"))]
use native as shown;
#[cfg(target_os = "linux")]
use notifier_item as shown;

/// Between two changes of what is shown: nobody sees more, and each costs the panel a drawing.
const PAUSE: Duration = Duration::from_millis(250);

/// Acts that may wait; each is one of a person.
pub(crate) const ACTS_MOST: usize = 16;

/// Whether there is a tray in which the icon can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "other systems need no bus")
)]
pub(crate) enum Host {
    /// It is not known yet.
    Unknown,
    /// There is one.
    There,
    /// There is none, at least for now.
    Absent,
    /// There can't be one, and a second start would not find this one either.
    NoBus,
}

/// Shows the tray for as long as the program runs. What is chosen goes to `acts`; `host` is told
/// whether anybody can see it.
pub(crate) async fn run(
    app: tauri::AppHandle,
    mut overview: watch::Receiver<Overview>,
    mut settings: watch::Receiver<SettingsState>,
    acts: mpsc::Sender<Act>,
    host: watch::Sender<Host>,
) {
    let mut speech = Speech::of(&settings.borrow_and_update().settings);
    let mut view = TrayView::of(&overview.borrow_and_update(), speech);
    let Some(mut tray) = shown::Tray::start(&app, &view, acts, host).await else {
        return;
    };
    loop {
        sleep(PAUSE).await;
        let changed = tokio::select! {
            changed = overview.changed() => changed,
            changed = settings.changed() => {
                speech = Speech::of(&settings.borrow_and_update().settings);
                changed
            }
        };
        if changed.is_err() {
            return;
        }
        let next = TrayView::of(&overview.borrow_and_update(), speech);
        if next != view {
            tray.show(&next).await;
            view = next;
        }
    }
}
