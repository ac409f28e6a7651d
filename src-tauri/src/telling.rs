//! Who is told something for as long as the window wants to hear it.

use std::sync::{Mutex, PoisonError};

use tauri::async_runtime::JoinHandle;

/// The task that tells the window something. A window that is loaded or opened anew asks anew, and
/// would leave a task behind each time.
#[derive(Default)]
pub(crate) struct Teller(Mutex<Option<JoinHandle<()>>>);

impl Teller {
    /// Ends the task that told so far; `None` tells nobody from now on.
    pub(crate) fn replace(&self, task: Option<JoinHandle<()>>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *current, task) {
            old.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tauri::async_runtime::spawn;
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn whoever_asks_anew_leaves_no_task_behind() {
        let teller = Teller::default();
        let (held, mut lives) = mpsc::channel::<()>(1);
        teller.replace(Some(spawn(async move {
            let _held = held;
            pending::<()>().await;
        })));
        teller.replace(Some(spawn(pending())));
        assert_eq!(lives.recv().await, None, "what the first task held is gone");
        teller.replace(None);
    }
}
