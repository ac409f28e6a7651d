//! Tauri's tray, for macOS and Windows; on Linux there is nothing in here.
//!
//! It is a crate of its own because Tauri's bundler looks for the feature `tray-icon` in the shell's
//! manifest, for whatever system it is asked for there, and then has the Linux packages depend on
//! libayatana-appindicator. On Linux the tray is the shell's own, and nothing loads that library.

#[cfg(not(target_os = "linux"))]
pub use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
