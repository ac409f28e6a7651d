//! How much of the log stays on the disk: the files of so many days, and so many bytes of all programs
//! together. tracing-appender counts files, and takes one program's for another's whose name begins alike.

use std::fs;
use std::path::{Path, PathBuf};

use crate::history::Day;

/// Bytes of all files in the log's folder, whichever program and process has written them: eight days
/// at `debug` of a window that is never closed.
pub(super) const ALL_BYTES: u64 = 256 * 1024 * 1024;

/// What keeps the log's folder within its bounds.
#[derive(Debug, Clone)]
pub(super) struct Keeping {
    pub(super) folder: PathBuf,
    /// The program whose files have an age.
    pub(super) program: String,
    /// Days of that program's files, today among them.
    pub(super) days: u16,
    /// Bytes of all programs' files.
    pub(super) most: u64,
}

/// A day's file of a program.
#[derive(Debug)]
struct DayFile {
    path: PathBuf,
    program: String,
    day: Day,
    bytes: u64,
}

impl Keeping {
    /// Removes the program's files that are too old, then the oldest of all programs as long as there
    /// are too many bytes. Files of today are not touched: somebody writes them. Says how many bytes
    /// there is still room for.
    pub(super) fn room(&self, today: Day) -> u64 {
        let mut files = files(&self.folder);
        // A clock that was wrong for a while wrote days to come: what is furthest goes first.
        files.sort_by_key(|file| std::cmp::Reverse(file.day.distance(today)));
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        for file in files.iter().filter(|file| file.day != today) {
            let age = file.day.distance(today);
            let is_old =
                file.program == self.program && file.day < today && age >= u64::from(self.days);
            // What another process has removed meanwhile is gone as well.
            if (is_old || bytes > self.most) && !fails(fs::remove_file(&file.path)) {
                bytes -= file.bytes;
            }
        }
        self.most.saturating_sub(bytes)
    }
}

fn fails(removed: std::io::Result<()>) -> bool {
    removed.is_err_and(|error| error.kind() != std::io::ErrorKind::NotFound)
}

/// The log's files: `PROGRAM.2026-11-30.log`, `PROGRAM.2026-11-30.json.log`. What is called otherwise is somebody else's.
fn files(folder: &Path) -> Vec<DayFile> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = listed.filter_map(|entry| {
        let name = entry.file_name();
        let (program, day) = plain(name.to_str()?)?.rsplit_once('.')?;
        let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(DayFile {
            path: entry.path(),
            program: program.to_owned(),
            day: Day::read(day)?,
            bytes: about.len(),
        })
    });
    ours.collect()
}

/// The name without what says that it is a log, and in which format.
fn plain(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".log")?;
    Some(name.strip_suffix(".json").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with files of so many bytes.
    fn folder(files: &[(&str, usize)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            fs::write(folder.path().join(name), vec![b'x'; *bytes]).expect("written");
        }
        folder
    }

    fn left(folder: &Path) -> Vec<String> {
        let listed = fs::read_dir(folder).expect("there").flatten();
        let mut names: Vec<_> = listed
            .map(|entry| entry.file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    }

    fn room(folder: &Path, days: u16, most: u64) -> u64 {
        let keeping = Keeping {
            folder: folder.to_owned(),
            program: "culvert".to_owned(),
            days,
            most,
        };
        keeping.room(Day::read("2026-11-30").expect("a day"))
    }

    #[test]
    fn the_oldest_files_of_all_programs_go_until_the_rest_has_room_and_todays_stay() {
        let folder = folder(&[
            ("culvert.2026-11-28.log", 40),
            ("culvert-desktop.2026-11-27.log", 40),
            ("culvert-desktop.2026-11-29.log", 40),
            ("culvert-desktop.2026-11-30.log", 40),
            ("culvert.2026-11-30.log", 10),
            ("notes.log", 1000),
        ]);
        assert_eq!(room(folder.path(), 90, 100), 10);
        let expected = [
            "culvert-desktop.2026-11-29.log",
            "culvert-desktop.2026-11-30.log",
            "culvert.2026-11-30.log",
            "notes.log",
        ];
        assert_eq!(left(folder.path()), expected);
        assert_eq!(room(folder.path(), 90, 30), 0, "of today nothing goes");
        assert_eq!(left(folder.path()).len(), 3);
    }

    #[test]
    fn days_count_for_the_programs_own_files_alone() {
        let folder = folder(&[
            ("culvert-desktop.2026-09-01.log", 1),
            ("culvert.2026-11-23.log", 1),
            ("culvert.2026-11-24.log", 1),
            ("culvert.2027-01-01.log", 1),
            ("culvert.somewhen.log", 1),
        ]);
        assert_eq!(room(folder.path(), 7, 100), 97);
        let expected = [
            "culvert-desktop.2026-09-01.log",
            "culvert.2026-11-24.log",
            "culvert.2027-01-01.log",
            "culvert.somewhen.log",
        ];
        assert_eq!(left(folder.path()), expected);
        assert_eq!(room(folder.path(), 7, 1), 0);
        assert_eq!(
            left(folder.path()),
            ["culvert.2026-11-24.log", "culvert.somewhen.log"]
        );
    }

    #[test]
    fn where_there_is_no_folder_there_is_room() {
        let folder = folder(&[]);
        assert_eq!(room(&folder.path().join("none"), 7, 100), 100);
    }
}
