//! One writer at a time: a lock file beside the profile file, held while it is read, changed and
//! replaced.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A writer needs milliseconds. One that takes longer is frozen, or its disk is.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Between two attempts: nobody notices, and it costs nothing.
const PAUSE: Duration = Duration::from_millis(10);

/// What became of the wish for the lock.
#[derive(Debug)]
pub(crate) enum Lock {
    /// Nobody else writes for as long as this lives.
    Held {
        /// The system takes the lock away when it is closed, by a crash, too.
        _file: File,
    },
    /// The file system knows no locks. The change is made all the same: it is read anew and
    /// replaced as a whole.
    Unknown,
    /// Somebody else has it, and does not let go.
    Busy,
}

/// Takes the lock, waiting for it at most so long.
///
/// # Errors
/// The lock file can't be opened.
pub(super) fn take(path: &Path, patience: Duration) -> io::Result<Lock> {
    let file = open(path)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock::Held { _file: file }),
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "the file system has no locks");
                return Ok(Lock::Unknown);
            }
            Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => return Ok(Lock::Busy),
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
        }
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_lock_is_had_by_one_at_a_time_and_comes_free_with_its_holder() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("lock");
        let take = || take(&path, Duration::ZERO).expect("a file");
        let first = take();
        assert!(matches!(first, Lock::Held { .. }), "{first:?}");
        assert!(matches!(take(), Lock::Busy));
        drop(first);
        assert!(matches!(take(), Lock::Held { .. }));
    }
}
