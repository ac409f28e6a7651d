//! Whether a window can be opened at all.

/// There is no display to open a window on.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no display to open a window on: neither WAYLAND_DISPLAY nor DISPLAY is set. \
     Without one, use the command line: culvert forward, or culvert demo."
)]
pub(crate) struct NoDisplay;

/// Asks for a display before the window's toolkit does, which would panic without one.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) fn check() -> Result<(), NoDisplay> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("WAYLAND_DISPLAY") || is_set("DISPLAY") {
        Ok(())
    } else {
        Err(NoDisplay)
    }
}

/// Elsewhere there always is one.
#[cfg(not(all(unix, not(target_os = "macos"))))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(crate) fn check() -> Result<(), NoDisplay> {
    Ok(())
}
