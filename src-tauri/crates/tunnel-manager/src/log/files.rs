//! The files of the log: one a day, so many days, each with a bound.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};

/// Bytes that this process writes in one day: what a day at `debug` may take, and a bound for one
/// at `trace`.
const DAY_BYTES: u64 = 32 * 1024 * 1024;

/// Lines that may wait for the disk. Of more, those that come are lost: no tunnel waits for a log.
const WAITING_MOST: usize = 16 * 1024;

const DAY_SECONDS: u64 = 24 * 3600;

/// Ends the writing of files: what waits is written when it goes.
#[derive(Debug)]
pub struct LogGuard(#[expect(dead_code, reason = "held for its end")] Option<WorkerGuard>);

impl LogGuard {
    pub(super) const fn of_nothing() -> Self {
        Self(None)
    }
}

/// Opens the files of a program in the folder, which is made if need be: `PROGRAM.DATE.log`, of which
/// the last `days` are kept.
pub(super) fn open(folder: &Path, program: &str, days: u16) -> io::Result<(NonBlocking, LogGuard)> {
    make_folder(folder)?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(program)
        .filename_suffix("log")
        .max_log_files(days.max(1).into())
        .build(folder)
        .map_err(io::Error::other)?;
    close_to_others(folder, program);
    let of_whom = (folder.to_owned(), program.to_owned());
    let bounded = Bounded::new(
        files,
        DAY_BYTES,
        || u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default() / DAY_SECONDS,
        move || close_to_others(&of_whom.0, &of_whom.1),
    );
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_MOST)
        .lossy(true)
        .thread_name("log")
        .finish(bounded);
    Ok((writer, LogGuard(Some(guard))))
}

/// The folder of the log in that of what the program keeps.
pub(super) fn folder_in(state: &Path) -> PathBuf {
    state.join("log")
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

/// Writes so much a day, says once that it is enough, and begins anew with the next day.
#[derive(Debug)]
struct Bounded<W, D, B> {
    inner: W,
    most: u64,
    day_now: D,
    /// Called when the first line of a day is written.
    begun: B,
    day: u64,
    written: u64,
    is_told: bool,
}

impl<W: Write, D: Fn() -> u64, B: Fn()> Bounded<W, D, B> {
    fn new(inner: W, most: u64, day_now: D, begun: B) -> Self {
        let day = day_now();
        Self {
            inner,
            most,
            day_now,
            begun,
            day,
            written: 0,
            is_told: false,
        }
    }
}

impl<W: Write, D: Fn() -> u64, B: Fn()> Write for Bounded<W, D, B> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let day = (self.day_now)();
        let is_new = day != self.day;
        if is_new {
            (self.day, self.written, self.is_told) = (day, 0, false);
        }
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.written.saturating_add(length) <= self.most {
            self.written += length;
            self.inner.write_all(line)?;
        } else if !self.is_told {
            self.is_told = true;
            self.inner
                .write_all(b"The log is full for today: the rest of it is not written.\n")?;
        }
        if is_new {
            (self.begun)();
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
        let day = Cell::new(1);
        let begun = Cell::new(0);
        let mut file = Bounded::new(Vec::new(), 10, || day.get(), || begun.set(begun.get() + 1));
        for _ in 0..5 {
            file.write_all(b"12345").expect("written");
        }
        let text = String::from_utf8(file.inner.clone()).expect("text");
        assert_eq!(
            text,
            "1234512345The log is full for today: the rest of it is not written.\n"
        );
        day.set(2);
        file.write_all(b"a new day\n").expect("written");
        assert!(file.inner.ends_with(b"a new day\n"));
        assert_eq!(begun.get(), 1);
    }

    #[test]
    fn files_are_for_their_owner_and_named_by_program_and_day() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("state/log");
        let (mut writer, guard) = open(&log, "culvert", 3).expect("opened");
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
