//! The tray on Linux: a StatusNotifierItem with a `com.canonical.dbusmenu` on the session's bus.

use std::sync::atomic::{AtomicBool, Ordering};

use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{Handle, MenuItem, OfflineReason, Status, ToolTip, TrayMethods as _};
use tokio::sync::{mpsc, watch};

use super::Host;
use super::icons::{Panel, icon};
use super::menu::{Act, Item, Sign, TrayView};
use super::panel;
use crate::markup::escaped;

/// The tray while it is shown.
pub(super) struct Tray(Handle<NotifierItem>);

impl Tray {
    /// Shows it; where there is no tray now, as soon as there is one. None without a bus.
    pub(super) async fn start(
        _app: &tauri::AppHandle,
        view: &TrayView,
        acts: mpsc::Sender<Act>,
        host: watch::Sender<Host>,
    ) -> Option<Self> {
        let item = NotifierItem {
            view: view.clone(),
            panel: panel::USUAL,
            acts,
            host: host.clone(),
            said_absent: AtomicBool::new(false),
        };
        match item.assume_sni_available(true).spawn().await {
            Ok(handle) => {
                // Had there been none, it would have been told by now.
                host.send_if_modified(|host| {
                    let unknown = *host == Host::Unknown;
                    if unknown {
                        *host = Host::There;
                    }
                    unknown
                });
                tauri::async_runtime::spawn(follow_panel(handle.clone()));
                Some(Self(handle))
            }
            Err(error) => {
                tracing::warn!(%error, "there is no tray icon");
                host.send_replace(if let ksni::Error::Dbus(_) = error {
                    Host::NoBus
                } else {
                    Host::Absent
                });
                None
            }
        }
    }

    pub(super) async fn show(&mut self, view: &TrayView) {
        let view = view.clone();
        self.0.update(move |item| item.view = view).await;
    }
}

/// Keeps the icon readable when the desktop changes between dark and light.
async fn follow_panel(tray: Handle<NotifierItem>) {
    let (sender, mut panels) = watch::channel(panel::USUAL);
    let followed = tauri::async_runtime::spawn(async move {
        if let Err(error) = panel::follow(sender).await {
            tracing::debug!(%error, "the desktop does not say whether it is dark");
        }
    });
    while panels.changed().await.is_ok() {
        let panel = *panels.borrow_and_update();
        if tray.update(|item| item.panel = panel).await.is_none() {
            break;
        }
    }
    followed.abort();
}

struct NotifierItem {
    view: TrayView,
    panel: Panel,
    acts: mpsc::Sender<Act>,
    host: watch::Sender<Host>,
    /// Panels come and go when they are updated; one sentence is enough.
    said_absent: AtomicBool,
}

impl NotifierItem {
    fn choose(&self, act: Act) {
        if self.acts.try_send(act).is_err() {
            tracing::warn!("the tray is clicked faster than its wishes are done");
        }
    }
}

impl ksni::Tray for NotifierItem {
    fn id(&self) -> String {
        "culvert".to_owned()
    }

    fn title(&self) -> String {
        "Culvert".to_owned()
    }

    fn status(&self) -> Status {
        match self.view.sign {
            Sign::NeedsSignIn | Sign::Failed => Status::NeedsAttention,
            Sign::Off | Sign::Up | Sign::Connecting | Sign::Degraded | Sign::Reconnecting => {
                Status::Active
            }
        }
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        icon(self.view.sign, self.panel)
            .iter()
            .filter_map(pixmap)
            .collect()
    }

    // Some panels show nothing while there is no other one.
    fn attention_icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.icon_pixmap()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: "Culvert".to_owned(),
            description: escaped(&self.view.tooltip),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view.menu.iter().map(line).collect()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.choose(Act::Open);
    }

    fn watcher_online(&self) {
        self.host.send_replace(Host::There);
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.host.send_replace(Host::Absent);
        if !self.said_absent.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "this desktop shows no tray icons: start Culvert again to see its window"
            );
        }
        // It waits for one.
        true
    }
}

fn line(item: &Item) -> MenuItem<NotifierItem> {
    match item {
        Item::Plain {
            label,
            enabled,
            act,
        } => {
            let act = act.clone();
            StandardItem {
                label: without_mnemonic(label),
                enabled: *enabled,
                activate: Box::new(move |tray: &mut NotifierItem| tray.choose(act.clone())),
                ..StandardItem::default()
            }
            .into()
        }
        Item::Switch { label, on, act } => {
            let act = act.clone();
            CheckmarkItem {
                label: without_mnemonic(label),
                checked: *on,
                activate: Box::new(move |tray: &mut NotifierItem| tray.choose(act.clone())),
                ..CheckmarkItem::default()
            }
            .into()
        }
        Item::More { label, items } => SubMenu {
            label: without_mnemonic(label),
            submenu: items.iter().map(line).collect(),
            ..SubMenu::default()
        }
        .into(),
        Item::Line => MenuItem::Separator,
    }
}

/// From red, green, blue, alpha to the protocol's alpha, red, green, blue.
fn pixmap(image: &tauri::image::Image<'_>) -> Option<ksni::Icon> {
    let pixels = image.rgba().chunks_exact(4);
    Some(ksni::Icon {
        width: image.width().try_into().ok()?,
        height: image.height().try_into().ok()?,
        data: pixels.flat_map(|p| [p[3], p[0], p[1], p[2]]).collect(),
    })
}

/// A single underscore would mark the next character as the line's key.
fn without_mnemonic(label: &str) -> String {
    label.replace('_', "__")
}

#[cfg(test)]
mod tests {
    use ksni::Tray as _;

    use super::*;
    use crate::fixtures::{overview, tunnel, up};
    use crate::speech::Speech;

    #[test]
    fn a_name_is_shown_as_it_is() {
        let tunnels = vec![tunnel("a_b <i>&", crate::fixtures::failed())];
        let view = TrayView::of(&overview(tunnels), Speech::English);
        let (acts, _acts) = mpsc::channel(1);
        let (host, _host) = watch::channel(Host::Unknown);
        let item = NotifierItem {
            view,
            panel: Panel::Dark,
            acts,
            host,
            said_absent: AtomicBool::new(false),
        };
        assert!(item.tool_tip().description.ends_with("a_b &lt;i&gt;&amp;"));
        let menu = item.menu();
        let MenuItem::Checkmark(first) = &menu[0] else {
            panic!("the tunnel");
        };
        assert_eq!(first.label, "a__b <i>& (failed)");
        assert_eq!(item.status(), Status::NeedsAttention);
    }

    #[test]
    fn every_state_has_an_icon_of_its_own_on_either_panel() {
        let signs = [
            Sign::Off,
            Sign::Up,
            Sign::Connecting,
            Sign::Degraded,
            Sign::Reconnecting,
            Sign::NeedsSignIn,
            Sign::Failed,
        ];
        let mut seen = std::collections::HashSet::new();
        for sign in signs {
            for panel in [Panel::Dark, Panel::Light] {
                let pixmaps: Vec<_> = icon(sign, panel).iter().filter_map(pixmap).collect();
                let sizes: Vec<_> = pixmaps
                    .iter()
                    .map(|icon| (icon.width, icon.height))
                    .collect();
                assert_eq!(sizes, [(22, 22), (44, 44)]);
                assert!(pixmaps.iter().all(
                    |icon| usize::try_from(icon.width * icon.height * 4) == Ok(icon.data.len())
                ));
                assert!(
                    pixmaps.into_iter().all(|icon| seen.insert(icon.data)),
                    "{sign:?}"
                );
            }
        }
    }

    #[test]
    fn a_click_on_the_icon_opens_the_window() {
        let (acts, mut chosen) = mpsc::channel(1);
        let (host, _host) = watch::channel(Host::Unknown);
        let mut item = NotifierItem {
            view: TrayView::of(&overview(vec![tunnel("A", up())]), Speech::English),
            panel: Panel::Dark,
            acts,
            host,
            said_absent: AtomicBool::new(false),
        };
        item.activate(0, 0);
        assert_eq!(chosen.try_recv(), Ok(Act::Open));
        // Nobody takes the second: the panel is not held up by that.
        item.activate(0, 0);
        item.activate(0, 0);
    }
}
