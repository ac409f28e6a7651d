//! A file that is replaced as a whole: whoever is killed meanwhile, or finds the disk full, leaves
//! the old one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How the name of a file ends that is being written.
const UNDER_WAY: &str = ".tmp";

/// Puts these bytes in the place of what a file holds, and makes the folder if there is none.
///
/// # Errors
/// What the system says. The file is as it was then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fill(path, |file| file.write_all(bytes))
}

/// Removes what processes have left beside a file that were killed while they replaced it. Nobody
/// may be replacing it now.
pub fn remove_leftovers(path: &Path) {
    for left in leftovers(path) {
        if let Err(error) = fs::remove_file(&left) {
            tracing::debug!(%error, path = %left.display(), "what a killed process left stays");
        }
    }
}

/// What lies beside a file of those that were to take its place.
pub(super) fn leftovers(path: &Path) -> Vec<PathBuf> {
    let path = place(path);
    let prefix = prefix(&path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(UNDER_WAY.as_bytes())
        })
        .map(|entry| entry.path())
        .collect()
}

/// How the name of a file begins that is to take the place of this one: it tells whose it is.
fn prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// Where a file really lies: people who keep their settings elsewhere link to them, and the link must stay.
fn place(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Writes a new file beside the old one and puts it in its place, so that a crash or a full
/// disk leaves either the old or the new one, whole.
fn fill(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let path = place(path);
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    // Readable by its owner alone: hosts and account names are nobody else's business.
    let mut file = tempfile::Builder::new()
        .prefix(&prefix(&path))
        .suffix(UNDER_WAY)
        .tempfile_in(folder)?;
    write(&mut file)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    sync_folder(folder)
}

#[cfg(unix)]
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// A rename is only kept over a power cut once its folder is on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_disk_that_is_full_half_way_leaves_the_old_file_whole_and_nothing_else() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("tunnels.toml");
        replace(&path, b"old").expect("written");
        let full = fill(&path, |file| {
            file.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(
            full.map_err(|error| error.kind()),
            Err(io::ErrorKind::StorageFull)
        );
        assert_eq!(fs::read(&path).expect("there"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("tunnels.toml");
        replace(&path, b"saved").expect("written");
        // The process is killed in the middle: what it has begun stays.
        let killed = fill(&path, |_| {
            for left in leftovers(&path) {
                fs::copy(&left, folder.path().join(".tunnels.toml.Killed.tmp"))?;
            }
            Err(io::ErrorKind::Interrupted.into())
        });
        assert!(killed.is_err());
        assert_eq!(leftovers(&path).len(), 1, "it knows its own by name");
        let others = [".tunnels.toml.swp", ".settings.toml.abc.tmp", "notes.tmp"];
        for name in others {
            fs::write(folder.path().join(name), "theirs").expect("written");
        }
        remove_leftovers(&path);
        assert_eq!(leftovers(&path), Vec::<PathBuf>::new());
        assert_eq!(fs::read(&path).expect("there"), b"saved");
        for name in others {
            assert!(folder.path().join(name).exists(), "{name}");
        }
    }
}
