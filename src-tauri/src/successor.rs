//! A start that comes while the program ends: what runs opens nothing any more, so the program is
//! started anew for it as soon as it has ended.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tauri::process::current_binary;
use tauri::{AppHandle, Manager as _};

/// With which arguments the program is started when it has ended; none where nobody has asked for it.
#[derive(Debug, Default)]
pub(crate) struct Successor(Mutex<Option<Vec<OsString>>>);

impl Successor {
    /// Keeps what the last start that came was given.
    pub(crate) fn ask(&self, given: Vec<OsString>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
    }

    fn take(&self) -> Option<Vec<OsString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Starts the program anew, if that was asked for: the last thing that is done.
pub(crate) fn start(app: &AppHandle) {
    // From here on a start is the first again, and asks nobody.
    tauri_plugin_single_instance::destroy(app);
    let asked = app.try_state::<Successor>();
    let Some(given) = asked.and_then(|successor| successor.take()) else {
        return;
    };
    let started = current_binary(&app.env()).and_then(|program| {
        Command::new(program)
            .args(given)
            .stdin(Stdio::null())
            .spawn()
    });
    if let Err(error) = started {
        tracing::warn!(%error, "the program could not be started again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_start_that_came_counts_and_only_once() {
        let successor = Successor::default();
        assert_eq!(successor.take(), None);
        successor.ask(vec!["--hidden".into()]);
        successor.ask(Vec::new());
        assert_eq!(successor.take(), Some(Vec::new()));
        assert_eq!(successor.take(), None);
    }
}
