//! The window: there is one, or none. One that is closed is gone, with its web view and the
//! memory that takes; it is made anew when it is wanted.

use tauri::webview::NewWindowResponse;
use tauri::{
    AppHandle, Manager as _, PhysicalPosition, PhysicalSize, Url, WebviewWindow,
    WebviewWindowBuilder, WindowEvent,
};

use crate::preferences::Preferences;
use crate::remembered::{Frame, fit};
use crate::shell::{Closing, Shell};

/// The window's label in `tauri.conf.json`.
pub(crate) const LABEL: &str = "main";

/// Brings the window to the front; makes it if there is none. False if that did not work.
pub(crate) fn show(app: &AppHandle) -> bool {
    let shown = match app.get_webview_window(LABEL) {
        Some(window) => window
            .unminimize()
            .and_then(|()| window.show())
            .and_then(|()| window.set_focus()),
        None => make(app),
    };
    if let Err(error) = &shown {
        tracing::warn!(%error, "the window could not be shown");
    }
    shown.is_ok()
}

/// Closes the window, without asking.
pub(crate) fn close(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        remember(&window);
        if let Err(error) = window.destroy() {
            tracing::warn!(%error, "the window could not be closed");
        }
    }
}

/// Keeps where the window is, for the next start.
pub(crate) fn remember_place(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        remember(&window);
    }
}

/// Decides what becomes of a window whose user wants to close it.
pub(crate) fn handle(app: &AppHandle, event: &WindowEvent) {
    #[cfg(target_os = "linux")]
    if let WindowEvent::Destroyed = event {
        crate::web_processes::end_unused(app);
    }
    let WindowEvent::CloseRequested { api, .. } = event else {
        return;
    };
    let shell = app.state::<Shell>();
    match shell.close() {
        Closing::Hide => remember_place(app),
        Closing::Explain(_) => api.prevent_close(),
        Closing::Quit => {
            api.prevent_close();
            shell.quit(app);
        }
    }
}

fn make(app: &AppHandle) -> tauri::Result<()> {
    let windows = &app.config().app.windows;
    for config in windows.iter().filter(|window| window.label == LABEL) {
        // Seen only once it is in its place.
        let window = WebviewWindowBuilder::from_config(app, config)?
            .visible(false)
            // Whatever runs in the page: it leads to no other, here or in another window, and saves nothing.
            .on_navigation(is_ours)
            .on_new_window(|_, _| NewWindowResponse::Deny)
            .on_download(|_, _| false)
            .build()?;
        place(&window)?;
        let settings = app.state::<Preferences>().keeper().settings();
        zoom(&window, settings.zoom);
        window.show()?;
        window.set_focus()?;
    }
    Ok(())
}

/// Whether an address is one of our pages, which are inside the binary (Vite's server has them for
/// those who work on them).
fn is_ours(url: &Url) -> bool {
    match (url.scheme(), url.host_str()) {
        ("tauri", Some("localhost")) => true,
        // What a web view of Windows calls the same.
        ("http" | "https", Some("tauri.localhost")) => cfg!(windows),
        ("http", Some("localhost")) => {
            cfg!(not(feature = "custom-protocol")) && url.port() == Some(1420)
        }
        _ => false,
    }
}

/// Sets the size of everything in the window, in percent.
pub(crate) fn zoom(window: &WebviewWindow, percent: u16) {
    if let Err(error) = window.set_zoom(f64::from(percent) / 100.0) {
        tracing::warn!(%error, "the size of the pages could not be set");
    }
}

fn place(window: &WebviewWindow) -> tauri::Result<()> {
    let remembered = window.state::<Shell>().remembered();
    if let Some(frame) = remembered.frame {
        let displays = window.available_monitors()?;
        let displays: Vec<_> = displays
            .iter()
            .map(|display| Frame {
                x: display.position().x,
                y: display.position().y,
                width: display.size().width,
                height: display.size().height,
            })
            .collect();
        let (position, (width, height)) = fit(frame, &displays);
        window.set_size(PhysicalSize::new(width, height))?;
        if let Some((x, y)) = position {
            window.set_position(PhysicalPosition::new(x, y))?;
        }
    }
    if remembered.maximized {
        window.maximize()?;
    }
    Ok(())
}

fn remember(window: &WebviewWindow) {
    let frame = || {
        let (position, size) = (window.outer_position()?, window.inner_size()?);
        Ok::<_, tauri::Error>(Frame {
            x: position.x,
            y: position.y,
            width: size.width,
            height: size.height,
        })
    };
    let maximized = window.is_maximized().unwrap_or(false);
    let frame = frame().ok().filter(|_| !maximized);
    window.state::<Shell>().remember(|remembered| {
        remembered.maximized = maximized;
        // One that fills its display comes back to where it was before.
        remembered.frame = frame.or(remembered.frame);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shows_its_own_pages_and_no_others() {
        let ours = |text: &str| is_ours(&Url::parse(text).expect("an address"));
        assert!(ours("tauri://localhost"));
        assert!(ours("tauri://localhost/index.html#a"));
        for other in [
            "tauri://evil/",
            "https://example.com/",
            "http://127.0.0.1:8080/",
            "https://tauri.localhost.example.com/",
            "http://localhost:1421/",
            "file:///etc/passwd",
            "data:text/html,hello",
            "javascript:alert(1)",
            "about:blank",
            "culvert://connect/Orders",
        ] {
            assert!(!ours(other), "{other}");
        }
    }

    #[test]
    fn the_pages_get_nothing_from_elsewhere_and_reach_nothing_but_the_shell() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tauri.conf.json");
        let config = std::fs::read_to_string(file).expect("there");
        let config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
        let app = &config["app"];
        assert_eq!(app["withGlobalTauri"], false);
        let security = &app["security"];
        assert_eq!(security["dangerousDisableAssetCspModification"], false);
        assert_eq!(security["freezePrototype"], true);
        assert!(security["assetProtocol"].is_null(), "off without a word");
        let policy = security["csp"].as_str().expect("a policy");
        let rules: std::collections::BTreeMap<_, _> = policy
            .split("; ")
            .filter_map(|rule| rule.split_once(' '))
            .collect();
        // What is not named here is not to be had at all.
        assert_eq!(rules.get("default-src"), Some(&"'none'"));
        assert_eq!(rules.get("script-src"), Some(&"'self'"));
        assert_eq!(rules.get("style-src"), Some(&"'self'"));
        assert_eq!(rules.get("connect-src"), Some(&"ipc: http://ipc.localhost"));
        for none in ["base-uri", "form-action", "frame-ancestors"] {
            assert_eq!(rules.get(none), Some(&"'none'"), "{none}");
        }
        assert_eq!(rules.len(), 7, "{policy}");
    }
}
