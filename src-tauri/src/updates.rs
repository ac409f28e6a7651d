//! What the window is told, and how often.

use std::collections::HashMap;
use std::time::Duration;

use tauri::ipc::Channel;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tunnel_manager::tunnel::unix_ms_now;
use tunnel_manager::{History, Overview, ProfileId, Recent};

use crate::reading::{DAY_MOVES, earliest, recording};
use crate::telling::Teller;
use crate::view::OverviewView;

/// Nobody reads numbers that change more than four times a second, and each change costs the
/// window a layout.
const PAUSE: Duration = Duration::from_millis(250);

/// What became of each tunnel, as it was read last; none where it is not known.
type Recents = Option<HashMap<ProfileId, Recent>>;

/// Sends the overview to the window that asked for it last.
pub(crate) struct Updates {
    overview: watch::Receiver<Overview>,
    history: History,
    sender: Teller,
}

impl Updates {
    pub(crate) fn new(overview: watch::Receiver<Overview>, history: History) -> Self {
        Self {
            overview,
            history,
            sender: Teller::default(),
        }
    }

    /// Sends the overview as it is, and then each change, at most one in 250 ms.
    pub(crate) fn subscribe(&self, channel: Channel<OverviewView>) {
        let overview = self.overview.clone();
        let history = self.history.clone();
        let sender = tauri::async_runtime::spawn(async move {
            let (told, recents) = watch::channel(None);
            tokio::select! {
                () = send(overview, recents, channel) => {}
                // It reads for as long as there is a window.
                () = read(history, told) => {}
            }
        });
        self.sender.replace(Some(sender));
    }
}

async fn send(
    mut overview: watch::Receiver<Overview>,
    mut recents: watch::Receiver<Recents>,
    channel: Channel<OverviewView>,
) {
    loop {
        let view = {
            let recents = recents.borrow_and_update();
            OverviewView::new(&overview.borrow_and_update(), recents.as_ref())
        };
        if channel.send(view).is_err() {
            // The window is gone.
            return;
        }
        sleep(PAUSE).await;
        let changed = tokio::select! {
            changed = overview.changed() => changed,
            changed = recents.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

/// Reads what became of the tunnels, and again when something was recorded, for ever.
async fn read(history: History, told: watch::Sender<Recents>) {
    let mut recorded = history.recorded();
    loop {
        let began = Instant::now();
        recorded.mark_unchanged();
        match history.recent(unix_ms_now()).await {
            Ok(recents) => told.send_if_modified(|known| {
                let changed = *known != recents;
                *known = recents;
                changed
            }),
            // The page of a tunnel says so; here what was read before is the best that there is.
            Err(error) => {
                tracing::debug!(%error, "the history can't be read");
                false
            }
        };
        tokio::select! {
            () = recording(&mut recorded, earliest(began)) => {}
            () = sleep_until(began + DAY_MOVES) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::advance;
    use tunnel_manager::Traces;
    use tunnel_proto::{Cause, Happening, Record, State};

    use super::*;
    use crate::fixtures::{overview, tunnel, up};

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
        let (records, recents) = watch::channel(None);
        let (channel, count) = counting();
        let task = tokio::spawn(send(overview, recents, channel));
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            changes.send_modify(|_| {});
            records.send_modify(|_| {});
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
        let (_told, recents) = watch::channel(None);
        let (channel, count) = counting();
        let task = tokio::spawn(send(overview, recents, channel));
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(count.load(Ordering::Relaxed), 1);
        drop(changes);
        task.await.expect("it ends with the manager");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_recorded_of_a_tunnel_is_told_soon() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = Traces::in_folder(folder.path()).history;
        let status = tunnel("db", up());
        let id = status.profile.id;
        let (told, mut recents) = watch::channel(None);
        let task = tokio::spawn(read(history.clone(), told));
        let is_read = |recents: &Recents| recents.is_some();
        recents.wait_for(is_read).await.expect("it reads on");
        let at = unix_ms_now();
        let name = tunnel_manager::TunnelName::new(Some(id), "db");
        let state = State::Listening;
        let cause = Cause::Started;
        let what = Happening::State { state, cause };
        history.record(&name, &Record { at, what });
        let is_used = |recents: &Recents| {
            let recent = recents.as_ref().and_then(|all| all.get(&id));
            recent.and_then(|recent| recent.last_used) == Some(at)
        };
        recents.wait_for(is_used).await.expect("it reads on");
        let view = OverviewView::new(&overview(vec![status]), recents.borrow().as_ref());
        let told = serde_json::to_value(view).expect("JSON");
        assert_eq!(told["tunnels"][0]["lastUsed"], at);
        assert_eq!(told["tunnels"][0]["dropsDay"], 0);
        task.abort();
    }

    #[test]
    fn where_nothing_is_kept_no_drops_are_counted() {
        let view = OverviewView::new(&overview(vec![tunnel("db", up())]), None);
        let told = serde_json::to_value(view).expect("JSON");
        assert!(told["tunnels"][0]["dropsDay"].is_null());
    }
}
