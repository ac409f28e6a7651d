//! The window: there is one, or none. One that is closed is gone, with its web view and the
//! memory that takes; it is made anew when it is wanted.

use tauri::{
    AppHandle, Manager as _, PhysicalPosition, PhysicalSize, WebviewWindow, WebviewWindowBuilder,
    WindowEvent,
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
            .build()?;
        place(&window)?;
        let settings = app.state::<Preferences>().keeper().settings();
        zoom(&window, settings.zoom);
        window.show()?;
        window.set_focus()?;
    }
    Ok(())
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
