//! The log for its page: the last records and those that come, while the page is open; and how much is
//! logged, switched while everything runs.

#![expect(
    clippy::needless_pass_by_value,
    reason = "commands get their state and arguments by value"
)]

pub(crate) mod view;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tauri::State;
use tauri::async_runtime::{JoinHandle, spawn};
use tauri::ipc::Channel;
use tokio::sync::watch;
use tokio::time::sleep;
use tunnel_manager::log::{Levels, Log, LogLevel, LogRing};
use tunnel_manager::tunnel::{Problem, ProblemKind};
use tunnel_manager::{Manager, SettingsState};

use crate::view::RefusalView;
use view::{LevelView, LogView, LogsView};

/// As for the overview: nobody reads faster.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends the last records through the channel, and then those that come, at most once in 250 ms, until
/// another page asks, or none.
#[tauri::command]
#[specta::specta]
pub(crate) fn subscribe_logs(logs: State<'_, Logs>, on_logs: Channel<LogsView>) {
    let (ring, levels) = (logs.log.ring.clone(), logs.log.levels.clone());
    let folder = logs.log.folder.as_ref();
    let folder = folder.map(|folder| folder.display().to_string());
    let switched = levels.switched();
    logs.show_on(Some(spawn(follow(ring, levels, folder, switched, on_logs))));
}

/// Nobody looks at the log any more.
#[tauri::command]
#[specta::specta]
pub(crate) fn unsubscribe_logs(logs: State<'_, Logs>) {
    logs.show_on(None);
}

/// Switches how much is logged of a tunnel, by its id, until the program ends; none takes back what was
/// its own.
#[tauri::command]
#[specta::specta]
pub(crate) fn set_tunnel_log_level(
    logs: State<'_, Logs>,
    manager: State<'_, Manager>,
    id: String,
    level: Option<LevelView>,
) -> Result<(), RefusalView> {
    let name = {
        let overview = manager.overview();
        let overview = overview.borrow();
        let mut tunnels = overview.tunnels.iter();
        let status = tunnels.find(|status| status.profile.id.to_string() == id);
        status.map(|status| status.profile.name.clone())
    };
    let name = name.ok_or_else(|| RefusalView::bad_id(&id))?;
    logs.set_tunnel(&name, level.map(Into::into))
}

/// Opens the folder of the log's files. The window can't name another.
#[tauri::command]
#[specta::specta]
pub(crate) fn open_log_folder(logs: State<'_, Logs>) -> Result<(), RefusalView> {
    let Some(folder) = &logs.log.folder else {
        return Err(RefusalView::told(&no_folder()));
    };
    tauri_plugin_opener::open_path(folder, None::<&str>)
        .map_err(|error| RefusalView::told(&not_opened().with_details(error.to_string())))
}

/// The log, and who looks at it.
pub(crate) struct Logs {
    log: Log,
    page: Mutex<Option<JoinHandle<()>>>,
}

impl Logs {
    pub(crate) fn new(log: Log) -> Self {
        Self {
            log,
            page: Mutex::new(None),
        }
    }

    fn set_tunnel(&self, name: &str, level: Option<LogLevel>) -> Result<(), RefusalView> {
        if !self.log.levels.set_tunnel(name, level) {
            return Err(RefusalView::told(&too_many()));
        }
        Ok(())
    }

    fn show_on(&self, task: Option<JoinHandle<()>>) {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *page, task) {
            old.abort();
        }
    }
}

/// Lets the level of the settings count whenever it is another.
pub(crate) async fn follow_settings(levels: Levels, mut settings: watch::Receiver<SettingsState>) {
    loop {
        let wanted = settings.borrow_and_update().settings.log_level;
        if levels.all() != wanted {
            levels.set_all(wanted);
        }
        if settings.changed().await.is_err() {
            return;
        }
    }
}

async fn follow(
    ring: LogRing,
    levels: Levels,
    folder: Option<String>,
    mut switched: watch::Receiver<u64>,
    channel: Channel<LogsView>,
) {
    let mut last = ring.last();
    let mut sent = 0;
    loop {
        last.mark_unchanged();
        switched.mark_unchanged();
        let records = ring.after(sent);
        sent = records.last().map_or(sent, |record| record.number);
        let tunnels = levels.tunnels().into_iter();
        let view = LogsView {
            records: records
                .iter()
                .map(|record| LogView::from(&**record))
                .collect(),
            tunnels: tunnels.map(|(name, level)| (name, level.into())).collect(),
            folder: folder.clone(),
        };
        if channel.send(view).is_err() {
            // The window is gone.
            return;
        }
        sleep(PAUSE).await;
        let told = tokio::select! {
            told = last.changed() => told,
            told = switched.changed() => told,
        };
        if told.is_err() {
            return;
        }
    }
}

fn too_many() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "too-many-log-levels",
        "Too many tunnels have a log level of their own.",
        "Take it back from another tunnel first.",
    )
}

fn no_folder() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "no-log-folder",
        "No files are written: the log's folder can't be made.",
        "Check who may write to the state folder, then start Culvert again.",
    )
}

fn not_opened() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "log-folder-not-opened",
        "The log's folder could not be opened.",
        "Open it yourself.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_levels_than_there_is_room_for_are_refused_in_words() {
        let logs = Logs::new(Log::default());
        for number in 0..tunnel_manager::log::TUNNELS_MOST {
            let name = number.to_string();
            logs.set_tunnel(&name, Some(LogLevel::Debug)).expect("room");
        }
        let refused = logs.set_tunnel("one more", Some(LogLevel::Debug));
        let refusal = serde_json::to_value(refused.expect_err("refused")).expect("JSON");
        assert_eq!(refusal["problem"]["code"], "too-many-log-levels");
        logs.set_tunnel("0", None).expect("taken back");
        logs.set_tunnel("one more", Some(LogLevel::Debug))
            .expect("room");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_page_is_told_at_once_and_when_levels_are_switched() {
        let logs = Logs::new(Log::default());
        let (channel, told) = crate::fixtures::channel();
        let (ring, levels) = (logs.log.ring.clone(), logs.log.levels.clone());
        let switched = levels.switched();
        let task = tokio::spawn(follow(ring, levels, None, switched, channel));
        let next = || {
            let wait = Duration::from_secs(20);
            tokio::task::block_in_place(|| told.recv_timeout(wait)).expect("told")
        };
        assert_eq!(next()["records"], serde_json::json!([]));
        logs.set_tunnel("db", Some(LogLevel::Trace)).expect("room");
        assert_eq!(next()["tunnels"], serde_json::json!({ "db": "trace" }));
        task.abort();
    }

    #[tokio::test]
    async fn the_level_of_the_settings_counts_without_a_restart() {
        let levels = Levels::default();
        let (sender, settings) = watch::channel(SettingsState::default());
        let task = tokio::spawn(follow_settings(levels.clone(), settings));
        sender.send_modify(|state| state.settings.log_level = LogLevel::Debug);
        drop(sender);
        task.await.expect("it ends");
        assert_eq!(levels.all(), LogLevel::Debug);
    }
}
