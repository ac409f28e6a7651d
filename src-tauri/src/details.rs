//! One tunnel seen closely, for the page that shows it: what the window is told, and how often.
//! Nothing of it is found out while no such page is open.

pub(crate) mod days;
pub(crate) mod rdp;
pub(crate) mod view;

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tunnel_manager::tunnel::unix_ms_now;
use tunnel_manager::{History, Manager, Overview, Past, ProfileId, TunnelStatus, Unrest};

use crate::reading::{DAY_MOVES, earliest, recording};
use view::DetailsView;

/// As for the overview: nobody reads numbers that change more often.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends the details of one tunnel to the page that asked for them last.
pub(crate) struct DetailsUpdates {
    manager: Manager,
    history: History,
    unrest: Unrest,
    /// The task that sends; another page replaces it.
    sender: Mutex<Option<JoinHandle<()>>>,
}

impl DetailsUpdates {
    pub(crate) fn new(manager: Manager, history: History, unrest: Unrest) -> Self {
        Self {
            unrest,
            manager,
            history,
            sender: Mutex::new(None),
        }
    }

    /// Sends a tunnel's details as they are, and then when something of them has changed, at most
    /// once in 250 ms, until the page is closed or the tunnel is gone.
    pub(crate) fn subscribe(&self, id: ProfileId, channel: Channel<DetailsView>) {
        let follower = Follower {
            id,
            manager: self.manager.clone(),
            history: self.history.clone(),
            unrest: self.unrest.clone(),
        };
        self.replace(Some(tauri::async_runtime::spawn(follower.run(channel))));
    }

    /// Nobody looks any more.
    pub(crate) fn end(&self) {
        self.replace(None);
    }

    fn replace(&self, task: Option<JoinHandle<()>>) {
        let mut current = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *current, task) {
            old.abort();
        }
    }
}

struct Follower {
    id: ProfileId,
    manager: Manager,
    history: History,
    unrest: Unrest,
}

/// What became of the tunnel, as it was read last.
struct Read {
    past: io::Result<Past>,
    /// The tunnel was started then.
    on: bool,
    /// It is read again at this time at the latest.
    until: Instant,
    /// It is not read again before.
    earliest: Instant,
}

impl Follower {
    async fn run(self, channel: Channel<DetailsView>) {
        let mut overview = self.manager.overview();
        let mut recorded = self.history.recorded();
        let mut unrest = self.unrest.told();
        let mut read: Option<Read> = None;
        loop {
            let Some(status) = status_of(self.id, &overview.borrow_and_update()) else {
                return;
            };
            let on = !status.snapshot.state.is_over();
            let fresh = match read {
                Some(read) if read.on == on && Instant::now() < read.until => read,
                Some(_) | None => {
                    recorded.mark_unchanged();
                    self.read(on).await
                }
            };
            let closely = self.manager.look(self.id).await.unwrap_or_default();
            let now = unix_ms_now();
            let restless = unrest.borrow_and_update().get(&self.id).cloned();
            let restless = restless.filter(|restless| restless.is_so(now));
            let view = DetailsView::new(now, &status, &closely, &fresh.past, restless);
            let (until, earliest) = (fresh.until, fresh.earliest);
            read = Some(fresh);
            if channel.send(view).is_err() {
                // The window is gone.
                return;
            }
            sleep(PAUSE).await;
            tokio::select! {
                // A tunnel that changes all the time must not keep the history from being read.
                biased;
                () = recording(&mut recorded, earliest) => read = None,
                changed = change(&mut overview, &status) => if changed.is_err() {
                    return;
                },
                Ok(()) = unrest.changed() => {}
                () = sleep_until(until) => {}
            }
        }
    }

    async fn read(&self, on: bool) -> Read {
        let began = Instant::now();
        let past = self.history.past(self.id, unix_ms_now(), on).await;
        Read {
            past,
            on,
            until: began + DAY_MOVES,
            earliest: earliest(began),
        }
    }
}

/// Waits until the tunnel is another than it was, or gone.
async fn change(
    overview: &mut watch::Receiver<Overview>,
    was: &TunnelStatus,
) -> Result<(), watch::error::RecvError> {
    let is_same = |overview: &Overview| overview.tunnels.contains(was);
    overview.wait_for(|overview| !is_same(overview)).await?;
    Ok(())
}

fn status_of(id: ProfileId, overview: &Overview) -> Option<TunnelStatus> {
    let mut tunnels = overview.tunnels.iter();
    tunnels.find(|status| status.profile.id == id).cloned()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tauri::ipc::InvokeResponseBody;
    use tunnel_manager::tunnel::Edits;
    use tunnel_manager::{Draft, SessionManager, Store, Traces};
    use tunnel_proto::{Cause, Happening, Record, State};

    use super::*;

    /// A channel whose messages are read here.
    fn channel() -> (Channel<DetailsView>, mpsc::Receiver<serde_json::Value>) {
        let (sender, messages) = mpsc::channel();
        let channel = Channel::new(move |body| {
            let InvokeResponseBody::Json(text) = body else {
                return Ok(());
            };
            sender.send(serde_json::from_str(&text)?).ok();
            Ok(())
        });
        (channel, messages)
    }

    async fn follower(folder: &std::path::Path) -> Follower {
        let engine = SessionManager::default();
        let manager = Manager::start(Store::in_folder(folder), engine, Edits::default());
        let draft = Draft {
            name: "db".to_owned(),
            target: "i-0123456789abcdef0".to_owned(),
            remote_port: 5432,
            ..Draft::default()
        };
        let id = manager.add(draft).await.expect("added");
        // The answer may come before the overview has it.
        let is_there = |overview: &Overview| status_of(id, overview).is_some();
        let mut overview = manager.overview();
        overview.wait_for(is_there).await.expect("a manager");
        let history = Traces::in_folder(&folder.join("state")).history;
        Follower {
            id,
            manager,
            history,
            unrest: Unrest::default(),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_page_is_told_at_once_and_again_when_something_was_recorded() {
        let folder = tempfile::tempdir().expect("a folder");
        let follower = follower(folder.path()).await;
        let (history, id) = (follower.history.clone(), follower.id);
        let (channel, messages) = channel();
        let task = tokio::spawn(follower.run(channel));
        let next = || {
            let wait = Duration::from_secs(20);
            tokio::task::block_in_place(|| messages.recv_timeout(wait)).expect("told")
        };
        let first = next();
        assert_eq!(first["tunnel"], id.to_string());
        assert_eq!(first["past"]["day"][0]["condition"], "off");

        let up = Record {
            at: unix_ms_now(),
            what: Happening::State {
                state: State::Listening,
                cause: Cause::Started,
            },
        };
        let name = tunnel_manager::TunnelName::new(Some(id), "db");
        history.record(&name, &up);
        let second = next();
        let day = second["past"]["day"].as_array().expect("a list");
        assert_eq!(day.last().expect("one")["condition"], "unknown");
        task.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_tunnel_that_is_off_the_page_is_told_when_the_day_has_moved_and_not_between() {
        let folder = tempfile::tempdir().expect("a folder");
        let follower = Follower {
            history: History::none(),
            ..follower(folder.path()).await
        };
        let manager = follower.manager.clone();
        let id = follower.id;
        let (channel, messages) = channel();
        let task = tokio::spawn(follower.run(channel));
        sleep(Duration::from_secs(3600)).await;
        let told = messages.try_iter().count();
        assert!((14..=16).contains(&told), "{told} in an hour");
        manager.remove(vec![id]).await.expect("there");
        task.await.expect("it ends with the tunnel");
    }
}
