//! Opening the user's browser.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

/// A launcher that still runs after this has become the browser, or waits for it.
const LAUNCHES_WITHIN: Duration = Duration::from_secs(3);

/// How a page is opened.
#[derive(Debug, Clone)]
pub(crate) enum Browser {
    /// As the system does it.
    System,
    /// Not at all: nobody would see it.
    Absent,
}

impl Browser {
    /// The user's own, where there is a screen to show it on.
    pub(crate) fn of_system() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let screen = !cfg!(all(unix, not(target_os = "macos")))
            || ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"]
                .into_iter()
                .any(set);
        // On a Mac or a Windows machine at the other end of ssh, it would open over there.
        if screen && !(set("SSH_CONNECTION") && !set("DISPLAY") && !set("BROWSER")) {
            Self::System
        } else {
            Self::Absent
        }
    }

    /// Whether there is one, as far as can be told without opening it.
    pub(crate) const fn is_there(&self) -> bool {
        match self {
            Self::Absent => false,
            Self::System => true,
        }
    }

    /// Opens a page. Says whether that has worked, as far as can be told: there is no word from
    /// the browser itself.
    pub(crate) async fn open(&self, page: &Url) -> bool {
        let commands = match self {
            Self::Absent => return false,
            Self::System => open::commands(page.as_str()),
        };
        for command in commands {
            let mut command = Command::from(command);
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let Ok(mut child) = command.spawn() else {
                continue;
            };
            match timeout(LAUNCHES_WITHIN, child.wait()).await {
                Ok(Ok(status)) if status.success() => return true,
                Ok(Ok(_) | Err(_)) => {}
                Err(_) => return true,
            }
        }
        false
    }
}
