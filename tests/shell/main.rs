//! The desktop shell with what surrounds it on Linux: a display and a message bus of its own,
//! and on the bus a panel with a tray, or none.
//!
//! The tests need Xvfb and a message bus, which `npm test` installs, and are therefore not among
//! those of a plain `cargo test`: `npm test -- --only shell` runs them.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't even be set up fails"
)]

mod desktop;
mod item;
mod notifications;
mod panel;
mod start;
mod tray;
mod window;
mod x11;

use std::time::Duration;

use tokio::time::timeout;

/// Only a hanging test ever waits as long.
const PATIENCE: Duration = Duration::from_secs(60);

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it hangs")
}
