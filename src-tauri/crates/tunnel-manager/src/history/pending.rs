//! What tunnels that run have carried and what is not among the records yet: told at once to whoever
//! asks, and kept on disk each minute, a file a run, so that a crash loses no more.
//!
//! Records of it would fill the history: a tunnel that is used all day makes a thousand such files of
//! 400 bytes, one in the place of the other.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tunnel_proto::{Happening, Record};
use uuid::Uuid;

use super::carried::{Payload, Tally};
use super::{Entry, TunnelName};

/// What the files' names end with.
const SUFFIX: &str = "carried";

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
    let new = path.with_extension("new");
    fs::write(&new, serde_json::to_vec(entry)?)?;
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
    for path in paths(folder) {
        let changed = fs::metadata(&path).and_then(|about| about.modified());
        let is_old = changed.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > kept));
        if is_old {
            // Another process may have done so.
            let _ = fs::remove_file(path);
        }
    }
}

fn paths(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = listed.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|end| end == SUFFIX))
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
    for path in paths(folder).take(READ_MOST) {
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
