//! The files of the ledger: blocking, for a thread that may wait for the disk.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Started;

/// How long a session can live at most: the longest maximum duration that an account can set
/// is 1,440 minutes (docs/protocol.md, section 3), and one that nobody uses ends by its idle
/// timeout long before.
pub(super) const AGE_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// Lines after which a file is written anew with the living sessions alone: a process that
/// holds its tunnels for months would fill it with what is over.
const LINES_MOST: usize = 256;

/// A larger file was not written by a ledger.
const SIZE_MOST: u64 = 4 << 20;

/// Files that are looked into at one start, each of which takes a descriptor until it is done
/// with. Others wait for the next start.
const CLAIMS_MOST: usize = 64;

/// Files that are looked into by a survey: one for each process.
const SURVEYED_MOST: usize = 1024;

/// Attempts to make the file: between its making and its lock, another process' sweep may take
/// it for one that was left behind.
const ATTEMPTS: usize = 3;

/// What files in use are called; what is called otherwise is about to be.
const SUFFIX: &str = ".jsonl";
const UNFINISHED: &str = ".new";

/// One line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(super) enum Line {
    /// A session was started.
    Started(Box<Started>),
    /// A session is over.
    Ended {
        /// Which.
        session_id: String,
    },
}

/// The file of this process.
pub(super) struct Book {
    folder: PathBuf,
    own: String,
    /// Files that were made; none has the name of an earlier one.
    made: usize,
    /// What the file says, or should.
    living: BTreeMap<String, Started>,
    /// There is none while no session lives.
    file: Option<Open>,
    /// It has been told that the disk can't be written to.
    told: bool,
}

struct Open {
    path: PathBuf,
    /// Locked for as long as it is open.
    file: File,
    lines: usize,
}

impl Book {
    pub(super) fn new(folder: PathBuf, own: String) -> Self {
        Self {
            folder,
            own,
            made: 0,
            living: BTreeMap::new(),
            file: None,
            told: false,
        }
    }

    /// Takes a line in and brings it to the disk.
    pub(super) fn write(&mut self, line: &Line) {
        let new = match line {
            Line::Started(started) => self
                .living
                .insert(started.session_id.clone(), Started::clone(started))
                .is_none(),
            Line::Ended { session_id } => self.living.remove(session_id).is_some(),
        };
        if !new {
            return;
        }
        match self.bring(line) {
            Ok(()) => self.told = false,
            Err(error) => {
                // What it holds is no longer the truth; the next line tries another.
                self.close();
                if !self.told {
                    let folder = self.folder.display();
                    tracing::warn!(%error, %folder, "living sessions can't be noted on disk");
                    self.told = true;
                }
            }
        }
    }

    fn bring(&mut self, line: &Line) -> io::Result<()> {
        if self.living.is_empty() {
            self.close();
            return Ok(());
        }
        match &mut self.file {
            Some(open) if open.lines < LINES_MOST => {
                append(&mut open.file, [line])?;
                open.lines += 1;
            }
            Some(_) | None => {
                let open = self.make()?;
                // The old one goes only now: at any moment one of them tells all.
                self.close();
                self.file = Some(open);
            }
        }
        Ok(())
    }

    /// Makes a file with all that live. It is locked before it has its name.
    fn make(&mut self) -> io::Result<Open> {
        make_folder(&self.folder)?;
        let mut attempts = 1;
        loop {
            match self.try_make() {
                Err(error) if attempts < ATTEMPTS && error.kind() == io::ErrorKind::NotFound => {
                    attempts += 1;
                }
                made => return made,
            }
        }
    }

    fn try_make(&mut self) -> io::Result<Open> {
        self.made += 1;
        let name = format!("{}-{}", self.own, self.made);
        let unfinished = self.folder.join(format!("{name}{UNFINISHED}"));
        let path = self.folder.join(format!("{name}{SUFFIX}"));
        let mut file = create(&unfinished)?;
        // On a file system without locks nobody else gets one either, so nothing is swept.
        if let Err(error) = file.lock() {
            tracing::debug!(%error, "the file system has no locks");
        }
        let lines = self
            .living
            .values()
            .cloned()
            .map(|started| Line::Started(Box::new(started)));
        let lines: Vec<_> = lines.collect();
        write(&mut file, &lines)?;
        // The name first: a crash of the process alone takes nothing that was written.
        fs::rename(&unfinished, &path)?;
        file.sync_data()?;
        Ok(Open {
            path,
            file,
            lines: lines.len(),
        })
    }

    fn close(&mut self) {
        if let Some(open) = self.file.take() {
            remove(&open.path);
        }
    }
}

impl Drop for Book {
    /// What lives on belongs to nobody any more; the file stays and tells.
    fn drop(&mut self) {
        if self.living.is_empty() {
            self.close();
        }
    }
}

/// A file of a process that is dead. It is ours for as long as this lives.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    file: File,
    /// Sessions that may still live.
    pub(super) ghosts: Vec<Started>,
}

impl Claim {
    /// Notes the ends of its ghosts; removes the file when none is left.
    pub(super) fn settle(mut self, ended: &HashSet<String>) {
        self.ghosts
            .retain(|ghost| !ended.contains(&ghost.session_id));
        if self.ghosts.is_empty() {
            return remove(&self.path);
        }
        let lines: Vec<_> = ended
            .iter()
            .map(|session_id| Line::Ended {
                session_id: session_id.clone(),
            })
            .collect();
        if let Err(error) = append(&mut self.file, &lines) {
            // They are ended once more at the next start, which does no harm.
            tracing::debug!(%error, "the end of sessions can't be noted");
        }
    }
}

/// A session that some process has noted and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The session, and what it takes to end it.
    pub session: Started,
    /// Whether the process that had started it lives, frozen or not.
    pub is_held: bool,
}

/// Looks into the files of all processes, and leaves them as they are.
pub(super) fn survey(folder: &Path, now: u64) -> Vec<Noted> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let finished = paths.filter(|path| path.to_str().is_some_and(|path| path.ends_with(SUFFIX)));
    let mut noted = Vec::new();
    for path in finished.take(SURVEYED_MOST) {
        let Ok(mut file) = File::open(&path) else {
            continue;
        };
        // Shared, so that two who look do not take each other for the owner. Let go when the
        // file is closed, at once.
        let is_held = file.try_lock_shared().is_err();
        let mut bytes = Vec::new();
        if (&mut file).take(SIZE_MOST).read_to_end(&mut bytes).is_err() {
            continue;
        }
        let sessions = ghosts(&bytes, now).into_iter();
        noted.extend(sessions.map(|session| Noted { session, is_held }));
    }
    // While its process writes its file anew, and after it died at that, a session is in two.
    noted.sort_by(|a, b| {
        let by_id = a.session.session_id.cmp(&b.session.session_id);
        by_id.then(b.is_held.cmp(&a.is_held))
    });
    noted.dedup_by(|a, b| a.session.session_id == b.session.session_id);
    noted
}

/// Takes over the files of dead processes. Those that hold nothing any more are removed.
pub(super) fn claim(folder: &Path, own: &str, now: u64) -> Vec<Claim> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::info!(%error, folder = %folder.display(), "left sessions can't be looked for");
            }
            return Vec::new();
        }
    };
    let mut claims = Vec::new();
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if claims.len() == CLAIMS_MOST {
            break;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.filter(|name| !name.starts_with(own)) else {
            continue;
        };
        let finished = name.ends_with(SUFFIX);
        if !finished && !name.ends_with(UNFINISHED) {
            continue;
        }
        match claim_one(&path, now) {
            Ok(Some(claim)) if finished && !claim.ghosts.is_empty() => claims.push(claim),
            Ok(Some(_)) => remove(&path),
            Ok(None) => {}
            Err(error) => {
                tracing::info!(%error, path = %path.display(), "left sessions can't be read");
            }
        }
    }
    claims
}

/// `None` if its process lives, or another one is at it.
fn claim_one(path: &Path, now: u64) -> io::Result<Option<Claim>> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    // A lock that can't be had, whatever for, may be somebody's who lives.
    if file.try_lock().is_err() {
        return Ok(None);
    }
    // Somebody may have removed it between our opening and our locking.
    if !path.try_exists()? {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    (&mut file).take(SIZE_MOST).read_to_end(&mut bytes)?;
    Ok(Some(Claim {
        path: path.to_owned(),
        file,
        ghosts: ghosts(&bytes, now),
    }))
}

/// The sessions that were started, not ended, and may live, oldest first. Lines that can't be
/// read are passed over: a crash may have torn the last one.
pub(super) fn ghosts(bytes: &[u8], now: u64) -> Vec<Started> {
    let mut living = BTreeMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Line::Started(started)) => {
                living.insert(started.session_id.clone(), *started);
            }
            Ok(Line::Ended { session_id }) => {
                living.remove(&session_id);
            }
            Err(_) => {}
        }
    }
    // A start far in the future is one of a clock that was wrong: nothing can be told of it.
    let may_live = |started: &Started| Duration::from_millis(started.at.abs_diff(now)) <= AGE_MOST;
    let mut ghosts: Vec<_> = living.into_values().filter(may_live).collect();
    ghosts.sort_by_key(|ghost| ghost.at);
    ghosts
}

/// Appends lines and brings them to the disk.
fn append<'a>(file: &mut File, lines: impl IntoIterator<Item = &'a Line>) -> io::Result<()> {
    write(file, lines)?;
    file.sync_data()
}

/// Appends lines in one write.
fn write<'a>(file: &mut File, lines: impl IntoIterator<Item = &'a Line>) -> io::Result<()> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line)?);
        text.push('\n');
    }
    file.write_all(text.as_bytes())
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(%error, path = %path.display(), "can't be removed");
    }
}

/// Names of profiles and targets' sessions are nobody else's business.
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

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).open(path)
}
