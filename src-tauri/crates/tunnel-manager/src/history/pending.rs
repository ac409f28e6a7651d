//! What tunnels that run have carried and what is not among the records yet: told at once to whoever
//! asks, and kept on disk each minute, a file a run, so that a crash loses no more.
//!
//! Records of it would fill the history: a tunnel that is used all day makes a thousand such files of
//! 400 bytes, one in the place of the other.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tunnel_proto::{Happening, Record};
use uuid::Uuid;

use super::carried::{Payload, Tally};
use super::{Entry, TunnelName};

/// What the files' names end with.
const SUFFIX: &str = "carried";

/// What the name of a file ends with that is being written.
const NEW: &str = "new";

/// Whoever writes one does so within a moment: what is older was left behind, unless its process stands still.
const NEW_KEPT: Duration = Duration::from_secs(60 * 60);

/// Files that are read: of so many runs within a week that a crash has ended.
const READ_MOST: usize = 1024;

/// A larger file was not written by a history, bytes.
const SIZE_MOST: u64 = 16 << 10;

/// The tunnels of this process whose payload is counted. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Counting(Arc<Mutex<Vec<Arc<Counted>>>>);

/// One of them.
pub(super) struct Counted {
    tunnel: TunnelName,
    tally: Mutex<Tally>,
    carried: Box<dyn Fn() -> Payload + Send + Sync>,
}

impl Counting {
    /// Counts what a tunnel carries that has just been started, until it is left. `carried` says how
    /// much that is since its start.
    pub(super) fn enter(
        &self,
        tunnel: TunnelName,
        now: u64,
        carried: impl Fn() -> Payload + Send + Sync + 'static,
    ) -> Arc<Counted> {
        let counted = Arc::new(Counted {
            tunnel,
            tally: Mutex::new(Tally::new(now)),
            carried: Box::new(carried),
        });
        self.all().push(Arc::clone(&counted));
        counted
    }

    pub(super) fn leave(&self, counted: &Arc<Counted>) {
        self.all().retain(|one| !Arc::ptr_eq(one, counted));
    }

    /// What each has carried that is not among the records, be it nothing: that it runs is told, too.
    pub(super) fn pending(&self, now: u64) -> Vec<Entry> {
        let all = self.all().clone();
        all.iter().map(|counted| counted.pending(now)).collect()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Counted>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    pub(super) fn is_another_day(&self, now: u64) -> bool {
        self.tally().is_another_day(now)
    }

    /// The record of what is not written down yet, which counts as written down from now on.
    pub(super) fn record(&self, now: u64) -> Option<Record> {
        let carried = (self.carried)();
        self.tally().record(now, carried)
    }

    /// The same as an entry, and nothing counts as written down.
    pub(super) fn pending(&self, now: u64) -> Entry {
        let carried = (self.carried)();
        let record = self.tally().pending(now, carried);
        let tunnel = self.tunnel.clone();
        Entry { tunnel, record }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counted").field(&self.tunnel).finish()
    }
}

/// Writes what a run has carried, in the place of what was written of it before.
pub(super) fn write(folder: &Path, entry: &Entry) -> io::Result<()> {
    let Some(path) = path_of(folder, entry.tunnel.run) else {
        return Ok(());
    };
    let new = path.with_extension(NEW);
    let mut file = File::create(&new)?;
    // Held until it has its name, so that nobody takes it for one that was left behind. Where there are no
    // locks, its age alone says so.
    let _ = file.lock();
    file.write_all(&serde_json::to_vec(entry)?)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
    }
    fs::rename(new, path)
}

/// It is among the records.
pub(super) fn remove(folder: &Path, entry: &Entry) {
    if let Some(path) = path_of(folder, entry.tunnel.run) {
        // There is none of a tunnel that has carried nothing for long.
        let _ = fs::remove_file(path);
    }
}

fn path_of(folder: &Path, run: Option<Uuid>) -> Option<PathBuf> {
    Some(folder.join(format!("{}.{SUFFIX}", run?)))
}

/// Removes what was written before so many days and never became a record: its process was killed.
pub(super) fn prune(folder: &Path, now: u64, days: u64) {
    let kept = Duration::from_secs(days * 24 * 60 * 60);
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now);
    let is_older = |path: &Path, kept: Duration| {
        let changed = fs::metadata(path).and_then(|about| about.modified());
        changed.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > kept))
    };
    for path in paths(folder, SUFFIX).filter(|path| is_older(path, kept)) {
        // Another process may have done so.
        let _ = fs::remove_file(path);
    }
    for path in paths(folder, NEW).filter(|path| is_older(path, NEW_KEPT)) {
        // A process that lives, be it asleep, holds what it writes.
        let held = File::open(&path).map(|file| file.try_lock().is_ok().then_some(file));
        if let Ok(Some(_held)) = held {
            let _ = fs::remove_file(path);
        }
    }
}

/// The files of runs whose names end so; what is called otherwise is somebody else's.
fn paths(folder: &Path, suffix: &'static str) -> impl Iterator<Item = PathBuf> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = listed.map(|entry| entry.path());
    paths.filter(move |path| {
        let of_run = path.file_stem().and_then(|name| name.to_str());
        let is_run = of_run.is_some_and(|name| Uuid::try_parse(name).is_ok());
        is_run && path.extension().is_some_and(|end| end == suffix)
    })
}

/// Adds to the entries what is pending: what processes that live have told (`told`), and what lies on the
/// disk of the others. Of a run of which as new a record is among the entries, that has been counted.
pub(super) fn add(
    folder: &Path,
    entries: &mut Vec<Entry>,
    told: Vec<Entry>,
    wanted: impl Fn(&Entry) -> bool,
) {
    let mut pending = told;
    for path in paths(folder, SUFFIX).take(READ_MOST) {
        let is_small = fs::metadata(&path).is_ok_and(|about| about.len() <= SIZE_MOST);
        let text = is_small.then(|| fs::read(&path).ok()).flatten();
        let left: Option<Entry> = text.and_then(|text| serde_json::from_slice(&text).ok());
        let mut others = pending.iter();
        if let Some(left) = left
            && !others.any(|told| told.tunnel.run == left.tunnel.run)
        {
            pending.push(left);
        }
    }
    for one in pending {
        let is_counted = entries.iter().any(|entry| {
            matches!(entry.record.what, Happening::Carried { .. })
                && entry.tunnel.run == one.tunnel.run
                && entry.record.at >= one.record.at
        });
        if wanted(&one) && !is_counted {
            entries.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_program_left_half_written_goes_and_what_a_living_one_writes_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |run: u128| {
            folder
                .path()
                .join(format!("{}.{NEW}", Uuid::from_u128(run)))
        };
        let write = |path: &Path, at: SystemTime| {
            let file = File::create(path).expect("made");
            file.set_modified(at).expect("set");
            file
        };
        let now = SystemTime::now();
        let old = now - 2 * NEW_KEPT;
        let (left, held, fresh) = (path(1), path(2), path(3));
        let others = folder.path().join("notes.new");
        write(&left, old);
        write(&others, old);
        write(&fresh, now);
        let writing = write(&held, old);
        writing.lock().expect("held");
        let now = now.duration_since(SystemTime::UNIX_EPOCH);
        let now = u64::try_from(now.expect("after 1970").as_millis()).expect("fits");
        prune(folder.path(), now, 7);
        assert!(!left.exists());
        assert!(held.exists() && fresh.exists() && others.exists());
        drop(writing);
        prune(folder.path(), now, 7);
        assert!(!held.exists());
    }
}
