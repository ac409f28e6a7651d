//! What WebKitGTK leaves running when the window is gone.
//!
//! The window's web process ends with it. WebKit's network process does not: it takes 30 MB until the
//! next window comes, which here may be days. It is ended, and WebKit starts another for the next
//! window, as it does after one that has crashed.

use std::time::Duration;

use procfs::process::all_processes;
use rustix::process::{Pid, Signal, kill_process};
use tauri::async_runtime::spawn;
use tauri::{AppHandle, Manager as _};
use tokio::time::sleep;

use crate::window::LABEL;

/// So long after it was closed, a window that was closed by mistake is open again.
const UNUSED_FOR: Duration = Duration::from_secs(10);

/// The name of WebKit's network process, of which Linux keeps 15 characters.
const NETWORK_PROCESS: &str = "WebKitNetworkPr";

/// Ends what no window needs any more, if none has been opened by then.
pub(crate) fn end_unused(app: &AppHandle) {
    let app = app.clone();
    spawn(async move {
        sleep(UNUSED_FOR).await;
        let there = app.clone();
        // Windows are made on that thread: none comes in between.
        let asked = app.run_on_main_thread(move || {
            if there.get_webview_window(LABEL).is_none() {
                end_network_process();
            }
        });
        if let Err(error) = asked {
            tracing::debug!(%error, "the program ends");
        }
    });
}

fn end_network_process() {
    let Ok(processes) = all_processes() else {
        return;
    };
    let own = std::process::id();
    for process in processes.flatten() {
        let Ok(stat) = process.stat() else { continue };
        // A child keeps its number until it was waited for: nobody else can have it.
        if u32::try_from(stat.ppid) != Ok(own) || stat.comm != NETWORK_PROCESS {
            continue;
        }
        if let Some(pid) = Pid::from_raw(stat.pid)
            && let Err(error) = kill_process(pid, Signal::TERM)
        {
            tracing::debug!(%error, "WebKit's network process could not be ended");
        }
    }
}
