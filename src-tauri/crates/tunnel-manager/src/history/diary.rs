//! The files of the history: blocking, for a thread that may wait for the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use tunnel_proto::Happening;

use super::day::Day;
use super::{Entry, pending};

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Days before this one.
    pub(super) days: u64,
    /// Bytes a day: some 7,000 drops, which is one in twelve seconds all day.
    pub(super) day: u64,
    /// Bytes in all: what nobody misses on a disk, and four days of the worst.
    pub(super) all: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            days: 7,
            day: 4 << 20,
            all: 16 << 20,
        }
    }
}

/// Kept free in each file for saying what is not in it.
const RESERVE: u64 = 4 << 10;

/// Why records were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reason {
    /// The day's file is full.
    DayFull,
    /// They came faster than they could be written.
    TooFast,
    /// The disk could not be written to.
    Disk,
}

/// A line that says what is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gap {
    /// When it was noticed last, Unix milliseconds.
    pub(super) at: u64,
    /// How many records are missing.
    pub(super) left_out: u64,
    /// Why.
    pub(super) because: Reason,
}

/// The files of all days.
#[derive(Debug)]
pub(super) struct Diary {
    folder: PathBuf,
    bounds: Bounds,
    today: Option<(Day, File)>,
    /// What is left out and not said yet.
    gaps: Gaps,
    /// It has been told that the disk can't be written to.
    told: bool,
}

#[derive(Debug, Default)]
struct Gaps {
    day_full: u64,
    too_fast: u64,
    disk: u64,
    /// Records that did not fit into today's file, said or not.
    day_full_today: u64,
}

impl Gaps {
    fn of(&mut self, reason: Reason) -> &mut u64 {
        match reason {
            Reason::DayFull => &mut self.day_full,
            Reason::TooFast => &mut self.too_fast,
            Reason::Disk => &mut self.disk,
        }
    }
}

impl Diary {
    pub(super) fn new(folder: PathBuf, bounds: Bounds) -> Self {
        Self {
            folder,
            bounds,
            today: None,
            gaps: Gaps::default(),
            told: false,
        }
    }

    /// Counts records that will never come.
    pub(super) fn leave_out(&mut self, reason: Reason, count: u64) {
        *self.gaps.of(reason) += count;
    }

    /// Keeps one entry, in the file of its own day.
    pub(super) fn write(&mut self, entry: &Entry) {
        let at = entry.record.at;
        // Nothing in it can fail to be JSON.
        let Ok(line) = serde_json::to_string(entry) else {
            return;
        };
        match self.try_write(at, &line) {
            Ok(true) => {
                self.told = false;
                self.say(at, &[Reason::TooFast, Reason::Disk]);
            }
            Ok(false) => {
                self.gaps.day_full += 1;
                self.gaps.day_full_today += 1;
                // Said at the 1st, the 10th, the 100th …: a crash must not take it all along,
                // and the file must not fill with such lines.
                if is_power_of_ten(self.gaps.day_full_today) {
                    self.say(at, &[Reason::DayFull]);
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Keeps what a tunnel has carried and what is not among the records.
    pub(super) fn keep_pending(&mut self, entry: &Entry) {
        let kept = make_folder(&self.folder).and_then(|()| pending::write(&self.folder, entry));
        if let Err(error) = kept {
            self.tell(&error);
        }
    }

    /// What a record of that kind tells need not be kept apart any more.
    pub(super) fn close(&self, entry: &Entry) {
        if matches!(entry.record.what, Happening::Carried { .. }) {
            pending::remove(&self.folder, entry);
        }
    }

    /// Writes down what is left out and not said yet.
    pub(super) fn say_gaps(&mut self, now: u64) {
        self.say(now, &[Reason::DayFull, Reason::TooFast, Reason::Disk]);
    }

    /// Removes files that are too old, and those that are too much.
    pub(super) fn prune(&self, now: u64) {
        pending::prune(&self.folder, now, self.bounds.days);
        let today = Day::of(now);
        let mut files = days(&self.folder).unwrap_or_default();
        // A clock that was wrong for a while wrote days to come: the nearest are kept longest.
        files.sort_by_key(|(day, _)| day.distance(today));
        let mut room = self.bounds.all.saturating_sub(self.bounds.day);
        for (day, path) in files {
            if day == today {
                continue;
            }
            let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            let too_old = day < today && day.distance(today) > self.bounds.days;
            if too_old || bytes > room {
                // What a second process has removed meanwhile is gone as well.
                if let Err(error) = fs::remove_file(&path)
                    && error.kind() != io::ErrorKind::NotFound
                {
                    tracing::debug!(%error, path = %path.display(), "can't be removed");
                }
                continue;
            }
            room -= bytes;
        }
    }

    /// Says whether there was room for it.
    fn try_write(&mut self, at: u64, line: &str) -> io::Result<bool> {
        let bound = self.bounds.day.saturating_sub(RESERVE);
        append(self.file(at)?, line, bound)
    }

    fn say(&mut self, at: u64, reasons: &[Reason]) {
        for &because in reasons {
            let left_out = std::mem::take(self.gaps.of(because));
            if left_out == 0 {
                continue;
            }
            let gap = Gap {
                at,
                left_out,
                because,
            };
            let bound = self.bounds.day;
            let said = serde_json::to_string(&gap)
                .map_err(io::Error::from)
                .and_then(|line| append(self.file(at)?, &line, bound));
            match said {
                Ok(true) => {}
                Ok(false) => *self.gaps.of(because) += left_out,
                Err(error) => {
                    *self.gaps.of(because) += left_out;
                    self.tell(&error);
                }
            }
        }
    }

    /// The file of the day of `at`.
    fn file(&mut self, at: u64) -> io::Result<&mut File> {
        let day = Day::of(at);
        if self.today.as_ref().is_none_or(|(today, _)| *today != day) {
            if let Some((yesterday, _)) = self.today.take() {
                self.gaps.day_full_today = 0;
                if yesterday < day {
                    self.prune(at);
                }
            }
            make_folder(&self.folder)?;
            let path = self.folder.join(format!("{day}.jsonl"));
            self.today = Some((day, open(&path)?));
        }
        match &mut self.today {
            Some((_, file)) => Ok(file),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn fail(&mut self, error: &io::Error) {
        self.gaps.disk += 1;
        self.tell(error);
    }

    fn tell(&mut self, error: &io::Error) {
        // Perhaps the folder was removed: the next one opens it anew.
        self.today = None;
        if !self.told {
            let folder = self.folder.display();
            tracing::warn!(%error, %folder, "what happens can't be kept on disk");
            self.told = true;
        }
    }
}

/// Appends a line in one write, unless the file would have more than `bound` bytes then.
fn append(file: &mut File, line: &str, bound: u64) -> io::Result<bool> {
    let before = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if before > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    // A line that was torn by a crash or a full disk must not take this one with it.
    let text = if last == *b"\n" {
        format!("{line}\n")
    } else {
        format!("\n{line}\n")
    };
    if before + text.len() as u64 > bound {
        return Ok(false);
    }
    if file.write(text.as_bytes())? == text.len() {
        Ok(true)
    } else {
        Err(io::ErrorKind::WriteZero.into())
    }
}

/// The history's files, in no order; none when there is no folder.
pub(super) fn days(folder: &Path) -> io::Result<Vec<(Day, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let day = name
            .and_then(|name| name.strip_suffix(".jsonl"))
            .and_then(Day::read);
        files.extend(day.map(|day| (day, path)));
    }
    Ok(files)
}

fn is_power_of_ten(count: u64) -> bool {
    count
        .checked_ilog10()
        .is_some_and(|digits| 10_u64.pow(digits) == count)
}

/// Which hosts somebody reaches, and when, is nobody else's business.
#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
