//! The files of the log: one a day, so many days, each with a bound, and all of them with one.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};

use super::format::LogFormat;
use super::keeper::Keeper;
use super::keeping::{ALL_BYTES, Keeping};
use crate::history::Day;

/// Bytes that this process writes in one day: what a day at `debug` may take, and a bound for one
/// at `trace`.
const DAY_BYTES: u64 = 32 * 1024 * 1024;

/// Lines that may wait for the disk. Of more, those that come are lost: no tunnel waits for a log.
const WAITING_MOST: usize = 16 * 1024;

/// Bytes that a process writes before it looks again how many there are.
const LOOK_EACH: u64 = 64 * 1024;

/// What is kept free for processes that have looked and not written yet: sixteen of them.
const RESERVE: u64 = 16 * LOOK_EACH;

/// Ends the log: when it goes, what was kept back of floods is counted, and what waits is written.
#[derive(Debug)]
pub struct LogGuard {
    keeper: Keeper,
    /// Writes what waits as it is dropped. Files may be begun later than the program.
    files: Arc<Mutex<Option<WorkerGuard>>>,
}

impl LogGuard {
    pub(super) const fn new(keeper: Keeper, files: Arc<Mutex<Option<WorkerGuard>>>) -> Self {
        Self { keeper, files }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.keeper.finish();
        // Whoever can begin them may outlive this.
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        drop(files.take());
    }
}

/// Opens the files of a program in the folder, which is made if need be: `PROGRAM.DATE.log`, or
/// `PROGRAM.DATE.json.log`, since a file has one format whatever other processes write. Of both the last `days` are kept, and of all programs' files [`ALL_BYTES`].
pub(super) fn open(
    folder: &Path,
    program: &str,
    days: u16,
    format: LogFormat,
) -> io::Result<(NonBlocking, WorkerGuard)> {
    make_folder(folder)?;
    let keeping = Keeping {
        folder: folder.to_owned(),
        program: program.to_owned(),
        days: days.max(1),
        most: ALL_BYTES - RESERVE,
    };
    keeping.room(today());
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(program)
        .filename_suffix(suffix(format))
        .build(folder)
        .map_err(io::Error::other)?;
    close_to_others(folder, program);
    let of_whom = (folder.to_owned(), program.to_owned());
    let surroundings = Surroundings {
        today,
        room: move |today| keeping.room(today),
        begun: move || close_to_others(&of_whom.0, &of_whom.1),
    };
    let bounded = Bounded::new(files, DAY_BYTES, surroundings);
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_MOST)
        .lossy(true)
        .thread_name("log")
        .finish(bounded);
    Ok((writer, guard))
}

/// What a file's name ends with.
const fn suffix(format: LogFormat) -> &'static str {
    match format {
        LogFormat::Text => "log",
        LogFormat::Json => "json.log",
    }
}

fn today() -> Day {
    Day::of(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default())
}

/// For its owner alone: a log tells of hosts and accounts.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Lets nobody but their owner read the files of a program: the library that makes them leaves that to
/// the process' mask. Until then it is the folder that keeps others out.
fn close_to_others(folder: &Path, program: &str) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let ours = listed.filter(|entry| {
            let name = entry.file_name();
            name.to_str().is_some_and(|name| name.starts_with(program))
        });
        for entry in ours {
            // One that is gone is read by nobody.
            let _ = std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, program);
}

/// Writes so much a day, and no more than there is room for in the folder; says once that it is enough,
/// and begins anew with the next day.
#[derive(Debug)]
struct Bounded<W, D, R, B> {
    inner: W,
    most: u64,
    around: Surroundings<D, R, B>,
    day: Day,
    written: u64,
    /// Bytes that may be written before the next look at the folder.
    allowed: u64,
    is_told: bool,
}

/// What a writer asks and tells.
#[derive(Debug)]
struct Surroundings<D, R, B> {
    today: D,
    /// Keeps the folder within its bounds on this day, and says how many bytes there is room for.
    room: R,
    /// Called when the first line of a day is written.
    begun: B,
}

impl<W: Write, D: Fn() -> Day, R: FnMut(Day) -> u64, B: Fn()> Bounded<W, D, R, B> {
    fn new(inner: W, most: u64, around: Surroundings<D, R, B>) -> Self {
        let day = (around.today)();
        Self {
            inner,
            most,
            around,
            day,
            written: 0,
            allowed: 0,
            is_told: false,
        }
    }

    /// Whether so many bytes more may be written.
    fn has_room(&mut self, length: u64) -> bool {
        // Today's files do not go, so what was full stays so.
        if self.is_told || self.written.saturating_add(length) > self.most {
            return false;
        }
        if length > self.allowed {
            self.allowed = (self.around.room)(self.day).min(LOOK_EACH.max(length));
        }
        length <= self.allowed
    }
}

impl<W: Write, D: Fn() -> Day, R: FnMut(Day) -> u64, B: Fn()> Write for Bounded<W, D, R, B> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let day = (self.around.today)();
        let is_new = day != self.day;
        if is_new {
            (self.day, self.written, self.allowed, self.is_told) = (day, 0, 0, false);
        }
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.has_room(length) {
            self.written += length;
            self.allowed -= length;
            self.inner.write_all(line)?;
        } else if !self.is_told {
            self.is_told = true;
            self.inner
                .write_all(b"The log is full for today: the rest of it is not written.\n")?;
        }
        if is_new {
            (self.around.begun)();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_day_has_a_bound_that_is_told_once_and_the_next_day_begins_anew() {
        let day = Cell::new(Day::of(0));
        let begun = Cell::new(0);
        let around = Surroundings {
            today: || day.get(),
            room: |_| u64::MAX,
            begun: || begun.set(begun.get() + 1),
        };
        let mut file = Bounded::new(Vec::new(), 10, around);
        for _ in 0..5 {
            file.write_all(b"12345").expect("written");
        }
        let text = String::from_utf8(file.inner.clone()).expect("text");
        assert_eq!(
            text,
            "1234512345The log is full for today: the rest of it is not written.\n"
        );
        day.set(Day::of(24 * 60 * 60 * 1000));
        file.write_all(b"a new day\n").expect("written");
        assert!(file.inner.ends_with(b"a new day\n"));
        assert_eq!(begun.get(), 1);
    }

    #[test]
    fn processes_that_write_at_once_stay_within_one_bound_and_the_oldest_files_go_for_them() {
        const MOST: u64 = 1024 * 1024;
        let folder = tempfile::tempdir().expect("a folder");
        let old = folder.path().join("culvert-desktop.2026-01-01.log");
        std::fs::write(&old, vec![b'x'; 600 * 1024]).expect("written");
        let today = today();
        let keeping = Keeping {
            folder: folder.path().to_owned(),
            program: "culvert".to_owned(),
            days: 7,
            most: MOST - RESERVE / 2,
        };
        let path = folder.path().join(format!("culvert.{today}.log"));
        let mut processes: Vec<_> = (0..4)
            .map(|_| {
                let mut options = std::fs::OpenOptions::new();
                let file = options.append(true).create(true).open(&path);
                let keeping = keeping.clone();
                let around = Surroundings {
                    today: move || today,
                    room: move |today| keeping.room(today),
                    begun: || {},
                };
                Bounded::new(file.expect("opened"), DAY_BYTES, around)
            })
            .collect();
        let line = [b'y'; 1024];
        for _ in 0..1024 {
            for process in &mut processes {
                process.write_all(&line).expect("written");
            }
        }
        let size = std::fs::metadata(&path).expect("there").len();
        assert!(!old.exists(), "the oldest goes first");
        assert!(size <= MOST, "{size}");
        assert!(size >= MOST / 4, "{size}: there was room for more");
        let text = std::fs::read_to_string(&path).expect("read");
        let told = text.matches("The log is full for today").count();
        assert_eq!(told, processes.len());
    }

    #[test]
    fn a_program_does_not_remove_the_files_of_one_whose_name_begins_alike() {
        let folder = tempfile::tempdir().expect("a folder");
        let theirs = folder.path().join("culvert-desktop.2026-01-01.log");
        std::fs::write(&theirs, "theirs").expect("written");
        let ours = folder.path().join("culvert.2026-01-01.log");
        std::fs::write(&ours, "ours").expect("written");
        drop(open(folder.path(), "culvert", 1, LogFormat::Text).expect("opened"));
        assert!(theirs.exists() && !ours.exists());
    }

    #[test]
    fn processes_that_write_in_two_formats_write_two_files_and_both_have_an_age() {
        let folder = tempfile::tempdir().expect("a folder");
        for old in ["culvert.2026-01-01.log", "culvert.2026-01-01.json.log"] {
            std::fs::write(folder.path().join(old), "old").expect("written");
        }
        for (format, line) in [(LogFormat::Text, "a line\n"), (LogFormat::Json, "{}\n")] {
            let (mut writer, guard) = open(folder.path(), "culvert", 3, format).expect("opened");
            writer.write_all(line.as_bytes()).expect("written");
            drop(guard);
        }
        let listed = std::fs::read_dir(folder.path()).expect("there");
        let mut texts: Vec<_> = listed
            .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("read"))
            .collect();
        texts.sort();
        assert_eq!(texts, ["a line\n", "{}\n"]);
    }

    #[test]
    fn files_are_for_their_owner_and_named_by_program_and_day() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("state/log");
        let (mut writer, guard) = open(&log, "culvert", 3, LogFormat::Text).expect("opened");
        writer.write_all(b"a line\n").expect("written");
        drop(guard);
        let names: Vec<_> = std::fs::read_dir(&log)
            .expect("there")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("text")
            })
            .collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(names[0].starts_with("culvert.20") && names[0].ends_with(".log"));
        let text = std::fs::read_to_string(log.join(&names[0])).expect("read");
        assert_eq!(text, "a line\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| {
                let about = std::fs::metadata(path).expect("there");
                about.permissions().mode() & 0o777
            };
            assert_eq!(mode(&log), 0o700);
            assert_eq!(mode(&log.join(&names[0])), 0o600);
        }
    }
}
