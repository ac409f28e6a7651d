//! What lies on the disk: the history, the sessions that live, logs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Gathered, Raw};
use crate::history::TunnelName;
use crate::log::FILE_VARIABLE;
use crate::profile::Profile;
use crate::traces::Traces;

/// How much of the history is told, the newest, bytes.
const HISTORY_MOST: usize = 1 << 20;

/// How much of each log is told, its end, bytes.
const LOG_MOST: u64 = 256 << 10;

/// How many logs are told, the newest.
const LOGS_MOST: usize = 4;

/// How much of the notes about sessions is told, bytes.
const SESSIONS_MOST: u64 = 64 << 10;

/// Where logs lie under the state folder.
const LOG_FOLDER: &str = "log";

/// Where they lie in the bundle.
const LOGS: &str = "logs";

/// Reads it. Blocks.
pub(super) fn all(tunnels: Option<&[Profile]>, since: u64) -> Gathered {
    let mut gathered = Gathered::default();
    let wanted = |tunnel: &TunnelName| {
        tunnels.is_none_or(|tunnels| tunnels.iter().any(|profile| tunnel.id == Some(profile.id)))
    };
    // Of the others is learned what must not be told of them by the log.
    match Traces::read_history(0, |_| true) {
        Ok(mut reading) => {
            for entry in &reading.entries {
                gathered.named.entry(entry);
            }
            reading.entries.retain(|entry| wanted(&entry.tunnel));
            gathered.reading = reading;
        }
        Err((path, error)) => gathered.lacks.push(unread(&path, &error)),
    }
    history(&mut gathered, since);
    let folder = Traces::folder_of_user();
    if let Some(folder) = &folder {
        for path in newest(&folder.join("sessions"), LOGS_MOST, &mut gathered.lacks) {
            tail(&mut gathered, &path, "sessions", SESSIONS_MOST);
        }
    }
    let mut logs = folder.map_or_else(Vec::new, |folder| {
        newest(&folder.join(LOG_FOLDER), LOGS_MOST, &mut gathered.lacks)
    });
    logs.extend(
        std::env::var_os(FILE_VARIABLE)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from),
    );
    for path in logs {
        tail(&mut gathered, &path, LOGS, LOG_MOST);
    }
    gathered
}

/// The newest lines of the history that find room.
fn history(gathered: &mut Gathered, since: u64) {
    let entries = gathered.reading.entries.iter().rev();
    let wanted = entries.filter(|entry| entry.record.at >= since);
    let mut lines = Vec::new();
    let (mut size, mut left_out) = (0, 0);
    for line in wanted.filter_map(|entry| serde_json::to_string(entry).ok()) {
        size += line.len() + 1;
        if size > HISTORY_MOST {
            left_out += 1;
        } else {
            lines.push(line);
        }
    }
    lines.reverse();
    if left_out > 0 {
        gathered.lacks.push(format!(
            "{left_out} records of the history are left out, the oldest: they found no room."
        ));
    }
    let reading = &gathered.reading;
    if reading.left_out + reading.unreadable > 0 {
        gathered.lacks.push(format!(
            "{} records of the history were never kept, and {} lines of it can't be read.",
            reading.left_out, reading.unreadable
        ));
    }
    gathered.files.push(Raw {
        path: "history.jsonl".to_owned(),
        text: lines.join("\n") + "\n",
    });
}

/// The files of a folder that were changed last, newest first.
fn newest(folder: &Path, most: usize, lacks: &mut Vec<String>) -> Vec<PathBuf> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            lacks.push(unread(folder, &error));
            return Vec::new();
        }
    };
    let mut files: Vec<(SystemTime, PathBuf)> = listed
        .flatten()
        .filter_map(|entry| {
            let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((about.modified().ok()?, entry.path()))
        })
        .collect();
    files.sort_by(|one, other| other.cmp(one));
    files.truncate(most);
    files.into_iter().map(|(_, path)| path).collect()
}

/// Takes the end of a file.
fn tail(gathered: &mut Gathered, path: &Path, folder: &str, most: u64) {
    let name = path.file_name().unwrap_or(OsStr::new("log"));
    match end_of(path, most) {
        Ok(text) => gathered.files.push(Raw {
            path: format!("{folder}/{}", name.to_string_lossy()),
            text,
        }),
        Err(error) => gathered.lacks.push(unread(path, &error)),
    }
}

fn end_of(path: &Path, most: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(most);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // The first line of a part may be half a secret.
    Ok(match (skipped, text.split_once('\n')) {
        (0, _) => text,
        (_, Some((_, rest))) => rest.to_owned(),
        (_, None) => String::new(),
    })
}

fn unread(path: &Path, error: &io::Error) -> String {
    format!("{} can't be read: {error}.", path.display())
}
