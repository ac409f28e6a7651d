//! What happened to the tunnels, kept on disk for a week: each change of state with its cause,
//! each WebSocket that was lost and what it cost.
//!
//! JSON lines, one file a day (UTC). Each line goes out in one appending write, so that any
//! number of processes share a file, and a crash costs one line at most.

mod carried;
mod day;
mod diary;
mod past;
mod pending;
mod reading;
mod recent;
mod strip;
mod summary;
mod way;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tunnel::{Destination, TunnelConfig, TunnelEvent, events, unix_ms_now};
use tunnel_proto::{Happening, Record};
use uuid::Uuid;

use crate::profile::ProfileId;
use crate::recordings::Recorder;
pub use carried::Payload;
use carried::{KEPT_EACH, pause};
pub(crate) use day::Day;
use diary::{Bounds, Diary, Reason};
pub use past::{LostSocket, Past};
use pending::Counting;
pub use reading::Reading;
pub(crate) use reading::read;
pub use recent::Recent;
pub use strip::{Condition, Segment, Strip};
pub use summary::Summary;
pub use way::Way;

/// Records that may wait for the disk. A tunnel in trouble makes a few a second; only a disk
/// that hangs lets so many wait, and then they are counted.
const QUEUE_MOST: usize = 1024;

/// How long the end of a program waits for its last records to reach the disk.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Which tunnel a record is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TunnelName {
    /// The saved tunnel, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ProfileId>,
    /// What the user calls it; `target → destination` if it has no name.
    pub name: String,
    /// One start of the tunnel: two processes may run tunnels of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Uuid>,
    /// From where to where it leads. Earlier versions did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Box<Way>>,
}

impl TunnelName {
    /// Names a tunnel that starts now.
    pub fn new(id: Option<ProfileId>, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            run: Some(Uuid::new_v4()),
            way: None,
        }
    }

    /// The same with what the settings of this run say.
    #[must_use]
    pub fn leading(self, config: &TunnelConfig) -> Self {
        Self {
            way: Some(Box::new(Way::of(config))),
            ..self
        }
    }

    /// Names a tunnel that nobody has saved.
    pub fn of_unsaved(config: &TunnelConfig) -> Self {
        // A tunnel that was given no name is called as its target.
        let target = &config.target.to_string();
        if config.name != *target {
            return Self::new(None, config.name.clone()).leading(config);
        }
        let name = match &config.destination {
            Destination::Port(port) | Destination::Stream { port } => format!("{target} → {port}"),
            Destination::RemoteHost { host, port } => format!("{target} → {host}:{port}"),
            Destination::Document { name, parameters } => {
                let of = |key: &str| parameters.get(key).and_then(|values| values.first());
                match (of("host"), of("portNumber")) {
                    (Some(host), Some(port)) => format!("{target} → {host}:{port}"),
                    (None, Some(port)) => format!("{target} → {port}"),
                    (_, None) => format!("{target} → {name}"),
                }
            }
        };
        Self::new(None, name).leading(config)
    }
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Whose.
    pub tunnel: TunnelName,
    /// What happened, and when.
    #[serde(flatten)]
    pub record: Record,
}

/// The history of this process' tunnels. A clone is the same one.
///
/// Writing is done by a thread of its own: no call waits for the disk. A disk that is full or
/// can't be written to is told once in the log, and nothing else comes of it. What could not be
/// kept is counted, and the count is kept as soon as there is room.
#[derive(Clone, Default)]
pub struct History {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    folder: PathBuf,
    orders: SyncSender<Order>,
    /// Records that found no room in a queue.
    missed: Arc<AtomicU64>,
    /// How many records have reached the disk, or failed to.
    recorded: watch::Receiver<u64>,
    /// The tunnels whose payload is counted.
    counting: Counting,
}

enum Order {
    Write(Box<Entry>),
    /// What a tunnel has carried and what is not among the records.
    Keep(Box<Entry>),
    /// Answers when everything before is on disk.
    Settle(oneshot::Sender<()>),
}

impl History {
    /// A history that keeps nothing.
    pub fn none() -> Self {
        Self { inner: None }
    }

    /// The history in this folder, which is made when there is something to keep, for its owner
    /// alone. Removes what is older than a week.
    ///
    /// On a system that gives no thread it is [`none`](Self::none), and the log says so.
    pub fn open(folder: &Path) -> Self {
        Self::open_at(folder, Bounds::default(), unix_ms_now)
    }

    /// `clock` gives Unix milliseconds. It is asked for what no record tells the time of.
    fn open_at(folder: &Path, bounds: Bounds, clock: impl Fn() -> u64 + Send + 'static) -> Self {
        let mut diary = Diary::new(folder.to_owned(), bounds);
        let (orders, queue) = sync_channel(QUEUE_MOST);
        let missed = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&missed);
        let (written, recorded) = watch::channel(0);
        let thread = std::thread::Builder::new().name("history".to_owned());
        let started = thread.spawn(move || {
            diary.prune(clock());
            keep(&mut diary, &queue, &counted, &written, clock);
        });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread: what happens is not kept");
            return Self::none();
        }
        Self {
            inner: Some(Arc::new(Inner {
                folder: folder.to_owned(),
                orders,
                missed,
                recorded,
                counting: Counting::default(),
            })),
        }
    }

    /// Keeps a record. Never waits.
    pub fn record(&self, tunnel: &TunnelName, record: &Record) {
        let Some(inner) = &self.inner else { return };
        let entry = Entry {
            tunnel: tunnel.clone(),
            record: record.clone(),
        };
        if inner
            .orders
            .try_send(Order::Write(Box::new(entry)))
            .is_err()
        {
            self.missed(1);
        }
    }

    /// What the tunnels of this process have carried until now (Unix milliseconds) and what is not
    /// among the records yet, as entries of the same kind: one for each that runs.
    pub fn pending(&self, now: u64) -> Vec<Entry> {
        match &self.inner {
            Some(inner) => inner.counting.pending(now),
            None => Vec::new(),
        }
    }

    /// Keeps what is not among the records, until it is. Never waits.
    fn keep(&self, pending: Entry) {
        if let Some(inner) = &self.inner {
            // A queue that is full belongs to a disk that hangs; the next minute tries again.
            let _ = inner.orders.try_send(Order::Keep(Box::new(pending)));
        }
    }

    /// Counts records that nobody could give to [`record`](Self::record).
    pub fn missed(&self, count: u64) {
        if let Some(inner) = &self.inner {
            inner.missed.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Keeps what is told of a tunnel, and what it carries, until the tunnel is gone. `carried` says
    /// how much that is since its start.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn follow(
        &self,
        tunnel: TunnelName,
        events: events::Receiver,
        carried: impl Fn() -> Payload + Send + Sync + 'static,
    ) -> Following {
        self.follow_at(tunnel, events, carried, unix_ms_now)
    }

    fn follow_at(
        &self,
        tunnel: TunnelName,
        mut events: events::Receiver,
        carried: impl Fn() -> Payload + Send + Sync + 'static,
        clock: impl Fn() -> u64 + Send + 'static,
    ) -> Following {
        let history = self.clone();
        let counting = match &self.inner {
            Some(inner) => inner.counting.clone(),
            None => Counting::default(),
        };
        let counted = counting.enter(tunnel.clone(), clock(), carried);
        let task = tokio::spawn(async move {
            let mut due = Instant::now() + pause(clock());
            let mut kept_due = Instant::now() + KEPT_EACH;
            let mut kept = None;
            loop {
                let event = tokio::select! {
                    event = events.recv() => Some(event),
                    () = sleep_until(due.min(kept_due)) => None,
                };
                let is_over = matches!(event, Some(Err(RecvError::Closed)));
                let now = clock();
                if is_over || due <= Instant::now() || counted.is_another_day(now) {
                    if let Some(record) = counted.record(now) {
                        history.record(&tunnel, &record);
                    }
                    due = Instant::now() + pause(now);
                    kept = None;
                }
                if kept_due <= Instant::now() {
                    kept_due = Instant::now() + KEPT_EACH;
                    let pending = counted.pending(now);
                    // An idle tunnel leaves the disk alone.
                    if !is_nothing(&pending) && kept.as_ref() != Some(&pending.record.what) {
                        kept = Some(pending.record.what.clone());
                        history.keep(pending);
                    }
                }
                match event {
                    Some(Ok(event)) => {
                        if let Some(record) = recorded(&event) {
                            history.record(&tunnel, record);
                        }
                    }
                    Some(Err(RecvError::Lagged(count))) => history.missed(count),
                    Some(Err(RecvError::Closed)) => break,
                    None => {}
                }
            }
            counting.leave(&counted);
        });
        Following {
            task,
            history: self.clone(),
            recorder: None,
        }
    }

    /// Waits until what was recorded before is on disk, or can't be brought there. A disk may
    /// hang: whoever can't wait for ever puts a limit round it.
    pub async fn settled(&self) {
        let Some(inner) = &self.inner else { return };
        let (answer, settled) = oneshot::channel();
        // A queue that is full belongs to a disk that hangs; there is nothing to wait for.
        if inner.orders.try_send(Order::Settle(answer)).is_ok() {
            let _ = settled.await;
        }
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.inner.as_ref().map(|inner| &inner.folder);
        f.debug_tuple("History").field(&folder).finish()
    }
}

/// A tunnel whose history is kept.
#[derive(Debug)]
pub struct Following {
    task: JoinHandle<()>,
    history: History,
    recorder: Option<Recorder>,
}

impl Following {
    pub(crate) fn with_recorder(self, recorder: Recorder) -> Self {
        Self {
            recorder: Some(recorder),
            ..self
        }
    }

    /// Keeps what the tunnel's flight recorders hold: to be asked before its stop, after which there
    /// is nothing to ask. None where nothing is kept.
    pub fn recorder(&self) -> Option<Recorder> {
        self.recorder.clone()
    }

    /// Waits until the last that the tunnel had to say is on disk: to be called after its stop,
    /// for it waits until the tunnel is gone. Takes 2 s at most.
    pub async fn finished(self) {
        let Self {
            task,
            history,
            recorder: _,
        } = self;
        let last_words = async {
            let _ = task.await;
            history.settled().await;
        };
        let _ = timeout(LAST_WORDS, last_words).await;
    }
}

/// Whether nothing was carried.
fn is_nothing(pending: &Entry) -> bool {
    matches!(
        pending.record.what,
        Happening::Carried {
            bytes_up: 0,
            bytes_down: 0
        }
    )
}

/// What of an event is kept.
fn recorded(event: &TunnelEvent) -> Option<&Record> {
    match event {
        TunnelEvent::Record(record) => Some(record),
        TunnelEvent::State(_)
        | TunnelEvent::Lost { .. }
        | TunnelEvent::Replaced { .. }
        | TunnelEvent::Rested(_)
        | TunnelEvent::Notice(_) => None,
    }
}

/// Writes what comes until the last clone of the history is gone.
fn keep(
    diary: &mut Diary,
    queue: &Receiver<Order>,
    missed: &AtomicU64,
    written: &watch::Sender<u64>,
    clock: impl Fn() -> u64,
) {
    for order in queue {
        diary.leave_out(Reason::TooFast, missed.swap(0, Ordering::Relaxed));
        match order {
            Order::Write(entry) => {
                diary.write(&entry);
                diary.close(&entry);
                written.send_modify(|count| *count = count.wrapping_add(1));
            }
            Order::Keep(pending) => diary.keep_pending(&pending),
            Order::Settle(answer) => {
                diary.say_gaps(clock());
                // Whoever waited may have gone.
                let _ = answer.send(());
            }
        }
    }
    diary.leave_out(Reason::TooFast, missed.swap(0, Ordering::Relaxed));
    diary.say_gaps(clock());
}

/// The day of a time in Unix milliseconds, UTC: `2026-11-30`.
pub(crate) fn day_text(unix_ms: u64) -> String {
    Day::of(unix_ms).to_string()
}

#[cfg(test)]
mod tests;
