//! What the window is told, and how often.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::sync::watch;
use tokio::time::sleep;
use tunnel_manager::Overview;

use crate::view::OverviewView;

/// Nobody reads numbers that change more than four times a second, and each change costs the
/// window a layout.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends the overview to the window that asked for it last.
pub(crate) struct Updates {
    overview: watch::Receiver<Overview>,
    /// The task that sends; a window that is loaded anew replaces it.
    sender: Mutex<Option<JoinHandle<()>>>,
}

impl Updates {
    pub(crate) fn new(overview: watch::Receiver<Overview>) -> Self {
        Self {
            overview,
            sender: Mutex::new(None),
        }
    }

    /// Sends the overview as it is, and then each change, at most one in 250 ms.
    pub(crate) fn subscribe(&self, channel: Channel<OverviewView>) {
        let sender = tauri::async_runtime::spawn(send(self.overview.clone(), channel));
        let mut current = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = current.replace(sender) {
            old.abort();
        }
    }
}

async fn send(mut overview: watch::Receiver<Overview>, channel: Channel<OverviewView>) {
    loop {
        let view = OverviewView::from(&*overview.borrow_and_update());
        if channel.send(view).is_err() {
            // The window is gone.
            return;
        }
        sleep(PAUSE).await;
        if overview.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::{Instant, advance};

    use super::*;

    /// A channel that counts what it is sent.
    fn counting() -> (Channel<OverviewView>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let channel = Channel::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        (channel, count)
    }

    #[tokio::test(start_paused = true)]
    async fn the_window_is_told_at_once_and_then_at_most_four_times_a_second() {
        let (changes, overview) = watch::channel(Overview::default());
        let (channel, count) = counting();
        let task = tokio::spawn(send(overview, channel));
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            changes.send_modify(|_| {});
            advance(Duration::from_millis(10)).await;
            tokio::task::yield_now().await;
        }
        let sent = count.load(Ordering::Relaxed);
        assert!((38..=41).contains(&sent), "{sent}");
        task.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_manager_costs_nothing() {
        let (changes, overview) = watch::channel(Overview::default());
        let (channel, count) = counting();
        let task = tokio::spawn(send(overview, channel));
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(count.load(Ordering::Relaxed), 1);
        drop(changes);
        task.await.expect("it ends with the manager");
    }
}
