//! Files and folders that others write: that they change, not what is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, timeout, timeout_at};

/// A program that writes a file does so in several steps; a sign-in writes two or three files.
const SETTLES: Duration = Duration::from_millis(300);

/// What is written without a pause is looked at all the same, after so long.
const SETTLES_MOST: Duration = Duration::from_secs(2);

/// Entries of a folder that are looked at: a bound for a folder that is something else.
const ENTRIES: usize = 1024;

/// Tells when files have changed, or may have. A clone hears the same.
///
/// Default: files that never change.
#[derive(Debug, Clone)]
pub struct Edits {
    rings: watch::Receiver<u64>,
    /// Keeps those without a watch from ending.
    _hand: Option<Arc<watch::Sender<u64>>>,
    /// What watches; ends with the last clone.
    _task: Arc<JoinSet<()>>,
}

impl Edits {
    /// Watches these files, whether or not they are there. Tells once when it has begun to, for
    /// whoever read them before; a file is told of when 300 ms have passed without a change, or
    /// 2 s with. Where nothing can be watched, that is in the log, and nothing is told.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn of(files: Vec<PathBuf>) -> Self {
        let (sender, rings) = watch::channel(0);
        let places = Places {
            files,
            folders: Vec::new(),
        };
        let mut task = JoinSet::new();
        task.spawn(async move {
            // A folder may lie on a network that is down.
            match spawn_blocking(move || Watched::start(places)).await {
                Ok(Ok(watched)) => {
                    ring(&sender);
                    follow(watched, || ring(&sender)).await;
                }
                Ok(Err(error)) => tracing::info!(%error, "files can't be watched"),
                // The runtime ends.
                Err(_) => {}
            }
        });
        Self {
            rings,
            _hand: None,
            _task: Arc::new(task),
        }
    }

    /// Edits that are told by hand, for tests and simulations.
    pub fn by_hand() -> (Self, EditsControl) {
        let (sender, rings) = watch::channel(0);
        let hand = Arc::new(sender);
        let edits = Self {
            rings,
            _hand: Some(Arc::clone(&hand)),
            _task: Arc::default(),
        };
        (edits, EditsControl(hand))
    }

    /// Waits for the next change; several that were not waited for are one. Returns never where
    /// nothing is watched. Loses nothing if it is dropped before it is done.
    pub async fn next(&mut self) {
        if self.rings.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Default for Edits {
    fn default() -> Self {
        Self::by_hand().0
    }
}

/// The hand that tells of [`Edits::by_hand`].
#[derive(Debug, Clone)]
pub struct EditsControl(Arc<watch::Sender<u64>>);

impl EditsControl {
    /// Changes a file.
    pub fn edit(&self) {
        ring(&self.0);
    }
}

fn ring(bell: &watch::Sender<u64>) {
    bell.send_modify(|rings| *rings = rings.wrapping_add(1));
}

/// What to watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// Files, there or not.
    pub(super) files: Vec<PathBuf>,
    /// Folders in which every file counts, there or not.
    pub(super) folders: Vec<PathBuf>,
}

impl Places {
    /// The folders to watch: those of the files and the folders, or what there is above them. A
    /// file that is a link is watched at its end as well.
    pub(super) fn watched(&self) -> BTreeSet<PathBuf> {
        let mut folders = BTreeSet::new();
        for file in self.files.iter().cloned().chain(self.ends()) {
            folders.extend(file.parent().and_then(nearest));
        }
        folders.extend(self.folders.iter().filter_map(|folder| nearest(folder)));
        folders
    }

    /// The names by which an event may be known.
    pub(super) fn names(&self) -> Names {
        let paths = self.files.iter().chain(&self.folders).cloned();
        let folders = self.folders.iter().filter_map(|folder| folder.file_name());
        Names {
            on_the_way: paths
                .chain(self.ends())
                .flat_map(|path| path.iter().map(OsString::from).collect::<Vec<_>>())
                .collect(),
            folders: folders.map(OsString::from).collect(),
        }
    }

    /// Where the files lie that are links.
    fn ends(&self) -> impl Iterator<Item = PathBuf> {
        self.files
            .iter()
            .filter_map(|file| file.canonicalize().ok())
    }

    /// What can be seen of the files from outside.
    fn look(&self) -> Fingerprint {
        let mut seen = Fingerprint::new();
        for file in &self.files {
            seen.extend(outside(file));
        }
        for folder in &self.folders {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            let entries = entries.flatten().take(ENTRIES);
            seen.extend(entries.filter_map(|entry| outside(&entry.path())));
        }
        seen
    }
}

/// Time of change and length of each file.
type Fingerprint = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

fn outside(path: &Path) -> Option<(PathBuf, (Option<SystemTime>, u64))> {
    let about = std::fs::metadata(path).ok()?;
    Some((path.to_owned(), (about.modified().ok(), about.len())))
}

/// The folder, or the nearest above it that exists. Not the root: nothing of ours will appear
/// there, and everything else is below it.
fn nearest(folder: &Path) -> Option<PathBuf> {
    let found = folder.ancestors().find(|folder| folder.is_dir())?;
    found.parent().map(|_| found.to_owned())
}

/// Tells each change, for as long as it is polled.
pub(super) async fn follow(mut watched: Watched, mut tell: impl FnMut()) {
    loop {
        settled(&watched.alarm).await;
        // A home directory may lie on a network that is down.
        let look = spawn_blocking(move || {
            let differs = watched.look_again();
            (watched, differs)
        });
        // Ends with the runtime.
        let Ok((then, differs)) = look.await else {
            return;
        };
        watched = then;
        if differs {
            tell();
        }
    }
}

/// Waits for the alarm, and then until it is silent.
async fn settled(alarm: &Notify) {
    alarm.notified().await;
    let silence = async { while timeout(SETTLES, alarm.notified()).await.is_ok() {} };
    // Either end is as good.
    timeout_at(Instant::now() + SETTLES_MOST, silence)
        .await
        .ok();
}

/// The watch of the folders, and what was last seen in them.
pub(super) struct Watched {
    pub(super) places: Places,
    watcher: RecommendedWatcher,
    /// Rings when there may be something to see.
    alarm: Arc<Notify>,
    seen: Fingerprint,
}

impl Watched {
    pub(super) fn start(places: Places) -> notify::Result<Self> {
        let names = places.names();
        let alarm = Arc::new(Notify::new());
        let bell = Arc::clone(&alarm);
        let hear = move |event: notify::Result<Event>| {
            // An error is news as well: events may be lost.
            if event.map_or(true, |event| concerns(&event, &names)) {
                bell.notify_one();
            }
        };
        let mut watched = Self {
            places,
            watcher: RecommendedWatcher::new(hear, Config::default())?,
            alarm,
            seen: Fingerprint::new(),
        };
        watched.look_again();
        Ok(watched)
    }

    /// Tells whether a file has changed since the last look.
    ///
    /// First it watches what there is to watch now: a folder may be new, or be another one of
    /// the same name. What appears after that rings again; what came before it is seen.
    pub(super) fn look_again(&mut self) -> bool {
        for folder in self.places.watched() {
            if let Err(error) = self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                tracing::debug!(%error, "a folder can't be watched");
            }
        }
        let now = self.places.look();
        let differs = now != self.seen;
        self.seen = now;
        differs
    }
}

/// Names, and not paths, since a system may tell of a file by another path than it was asked for.
/// An event that has none of them is of something else: a home directory without `.aws` is
/// watched too, and busy.
pub(super) struct Names {
    /// Of each file and all that it lies in.
    on_the_way: BTreeSet<OsString>,
    /// Of the folders in which every file counts.
    folders: BTreeSet<OsString>,
}

/// Whether an event may be of the files. Reading is none: tunnels read them all the time.
pub(super) fn concerns(event: &Event, names: &Names) -> bool {
    let named = |path: Option<&Path>, names: &BTreeSet<OsString>| {
        let name = path.and_then(Path::file_name);
        name.is_some_and(|name| names.contains(name))
    };
    let near = |path: &PathBuf| {
        named(Some(path), &names.on_the_way) || named(path.parent(), &names.folders)
    };
    match event.kind {
        EventKind::Access(_) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => {
            event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(near)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;
    use tokio::time::sleep;

    use super::*;

    /// How long after its first ring an alarm counts as silent that rings so often, so far apart.
    async fn settles(rings: u32, apart: Duration) -> Duration {
        let alarm = Arc::new(Notify::new());
        let bell = Arc::clone(&alarm);
        let begun = Instant::now();
        tokio::spawn(async move {
            for _ in 0..rings {
                bell.notify_one();
                sleep(apart).await;
            }
        });
        settled(&alarm).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_written_in_steps_is_looked_at_when_it_is_done() {
        let apart = Duration::from_millis(100);
        assert_eq!(settles(1, apart).await, SETTLES);
        assert_eq!(settles(5, apart).await, 4 * apart + SETTLES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_written_all_the_time_is_looked_at_all_the_same() {
        assert_eq!(
            settles(1000, Duration::from_millis(100)).await,
            SETTLES_MOST
        );
    }

    #[tokio::test]
    async fn a_file_is_told_of_when_its_watch_begins_and_when_it_changes() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("not").join("yet").join("tunnels.toml");
        let mut edits = Edits::of(vec![file.clone()]);
        let mut next = async || {
            let told = timeout(Duration::from_secs(10), edits.next()).await;
            told.expect("it is told");
        };
        next().await;
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "a").unwrap();
        next().await;
        fs::write(&file, "ab").unwrap();
        next().await;
        fs::remove_file(&file).unwrap();
        next().await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_watched_never_changes() {
        let mut edits = Edits::default();
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(timeout(day, edits.next()).await.is_err());
        let (mut edits, hand) = Edits::by_hand();
        hand.edit();
        hand.edit();
        edits.next().await;
        assert!(timeout(day, edits.next()).await.is_err());
    }
}
