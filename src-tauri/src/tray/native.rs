//! The tray on macOS and Windows, by Tauri.

use std::sync::{Arc, Mutex, PoisonError};

use native_tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Manager as _, Theme, Wry};
use tokio::sync::{mpsc, watch};

use super::Host;
use super::icons::{Panel, icon};
use super::menu::{Act, Item, Sign, TrayView};

/// The tray while it is shown.
pub(super) struct Tray {
    app: AppHandle,
    icon: TrayIcon,
    /// What the lines of the menu do: a line's id is its place here.
    acts: Arc<Mutex<Vec<Act>>>,
}

impl Tray {
    /// Shows it. None if the system refuses.
    #[expect(clippy::unused_async, reason = "the same signature everywhere")]
    pub(super) async fn start(
        app: &AppHandle,
        view: &TrayView,
        acts: mpsc::Sender<Act>,
        host: watch::Sender<Host>,
    ) -> Option<Self> {
        match Self::build(app, view, acts) {
            Ok(tray) => {
                host.send_replace(Host::There);
                Some(tray)
            }
            Err(error) => {
                tracing::warn!(%error, "there is no tray icon");
                host.send_replace(Host::Absent);
                None
            }
        }
    }

    fn build(app: &AppHandle, view: &TrayView, sender: mpsc::Sender<Act>) -> tauri::Result<Self> {
        let mut acts = Vec::new();
        let menu = menu(app, &view.menu, &mut acts)?;
        let acts = Arc::new(Mutex::new(acts));
        let (of_menu, clicks) = (Arc::clone(&acts), sender.clone());
        let icon = TrayIconBuilder::with_id("culvert")
            .icon(image(app, view.sign))
            // macOS draws it in the colour of its bar.
            .icon_as_template(cfg!(target_os = "macos"))
            .tooltip(&view.tooltip)
            .menu(&menu)
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_menu_event(move |_, event| {
                let acts = of_menu.lock().unwrap_or_else(PoisonError::into_inner);
                let chosen = event.id().as_ref().parse().ok();
                if let Some(act) = chosen.and_then(|at: usize| acts.get(at)) {
                    choose(&sender, act.clone());
                }
            })
            .on_tray_icon_event(move |_, event| {
                if let TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                } = event
                    && !cfg!(target_os = "macos")
                {
                    choose(&clicks, Act::Open);
                }
            })
            .build(app)?;
        Ok(Self {
            app: app.clone(),
            icon,
            acts,
        })
    }

    #[expect(clippy::unused_async, reason = "the same signature everywhere")]
    pub(super) async fn show(&mut self, view: &TrayView) {
        if let Err(error) = self.change(view) {
            tracing::warn!(%error, "the tray icon could not be changed");
        }
    }

    fn change(&self, view: &TrayView) -> tauri::Result<()> {
        let mut acts = Vec::new();
        let menu = menu(&self.app, &view.menu, &mut acts)?;
        *self.acts.lock().unwrap_or_else(PoisonError::into_inner) = acts;
        self.icon.set_menu(Some(menu))?;
        self.icon.set_tooltip(Some(&view.tooltip))?;
        self.icon.set_icon(Some(image(&self.app, view.sign)))?;
        self.icon.set_icon_as_template(cfg!(target_os = "macos"))
    }
}

fn choose(acts: &mpsc::Sender<Act>, act: Act) {
    if acts.try_send(act).is_err() {
        tracing::warn!("the tray is clicked faster than its wishes are done");
    }
}

fn image(app: &AppHandle, sign: Sign) -> Image<'static> {
    let [_, large] = icon(sign, panel(app));
    large
}

/// The windows' theme is the best hint at the taskbar's. On macOS only the shape counts.
fn panel(app: &AppHandle) -> Panel {
    let window = app.get_webview_window(crate::window::LABEL);
    match window.and_then(|window| window.theme().ok()) {
        Some(Theme::Light) => Panel::Light,
        // Tauri may come to know more themes.
        Some(_) | None => Panel::Dark,
    }
}

fn menu(app: &AppHandle, items: &[Item], acts: &mut Vec<Act>) -> tauri::Result<Menu<Wry>> {
    let lines = lines(app, items, acts)?;
    let lines: Vec<_> = lines.iter().map(AsRef::as_ref).collect();
    Menu::with_items(app, &lines)
}

fn lines(
    app: &AppHandle,
    items: &[Item],
    acts: &mut Vec<Act>,
) -> tauri::Result<Vec<Box<dyn IsMenuItem<Wry>>>> {
    items.iter().map(|item| line(app, item, acts)).collect()
}

fn line(
    app: &AppHandle,
    item: &Item,
    acts: &mut Vec<Act>,
) -> tauri::Result<Box<dyn IsMenuItem<Wry>>> {
    let mut id = |act: &Act| {
        acts.push(act.clone());
        (acts.len() - 1).to_string()
    };
    // A single ampersand would mark the next character as the line's key.
    let text = |label: &str| label.replace('&', "&&");
    Ok(match item {
        Item::Plain {
            label,
            enabled,
            act,
        } => {
            let (id, text) = (id(act), text(label));
            Box::new(MenuItem::with_id(app, id, text, *enabled, None::<&str>)?)
        }
        Item::Switch { label, on, act } => {
            let (id, text) = (id(act), text(label));
            Box::new(CheckMenuItem::with_id(
                app,
                id,
                text,
                true,
                *on,
                None::<&str>,
            )?)
        }
        Item::More { label, items } => {
            let inner = lines(app, items, acts)?;
            let inner: Vec<_> = inner.iter().map(AsRef::as_ref).collect();
            Box::new(Submenu::with_items(app, text(label), true, &inner)?)
        }
        Item::Line => Box::new(PredefinedMenuItem::separator(app)?),
    })
}
