//! What lies on the disk: the history, the sessions that live, logs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::lines::Wanted;
use super::{Gathered, Raw};
use crate::history::TunnelName;
use crate::log::{FILE_VARIABLE, LOG_FOLDER};
use crate::profile::Profile;
use crate::traces::Traces;

/// How much of the history is told, the newest, bytes.
const HISTORY_MOST: usize = 1 << 20;

/// How much of each log is told, its end, bytes.
const LOG_MOST: u64 = 256 << 10;

/// How much of each log is looked through for lines of chosen tunnels, its end, bytes.
const SEARCHED_MOST: u64 = 8 << 20;

/// How many logs are told, the newest.
const LOGS_MOST: usize = 4;

/// How much of the notes about sessions is told, bytes.
const SESSIONS_MOST: u64 = 64 << 10;

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
            tail(&mut gathered, &path, "sessions", SESSIONS_MOST, None);
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
    // A tunnel may have had another name at that time.
    let past = gathered.reading.entries.iter();
    let past = past.map(|entry| entry.tunnel.name.clone());
    let lines = tunnels.map(|tunnels| {
        let now = tunnels.iter().map(|profile| profile.name.clone());
        Wanted::of(now.chain(past))
    });
    for path in logs {
        tail(&mut gathered, &path, LOGS, LOG_MOST, lines.as_ref());
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

/// Takes the end of a file, or of what is wanted of it.
fn tail(gathered: &mut Gathered, path: &Path, folder: &str, most: u64, wanted: Option<&Wanted>) {
    let name = path.file_name().unwrap_or(OsStr::new("log"));
    let in_bundle = format!("{folder}/{}", name.to_string_lossy());
    let read = match wanted {
        None => end_of(path, most),
        Some(wanted) => end_of(path, SEARCHED_MOST).map(|text| {
            let (text, left_out) = wanted.lines_of(&text);
            if left_out > 0 {
                gathered.lacks.push(format!(
                    "{left_out} lines are left out of {in_bundle}: they are of tunnels that were not chosen."
                ));
            }
            end_of_text(text, most)
        }),
    };
    match read {
        Ok(text) => gathered.files.push(Raw {
            path: in_bundle,
            text,
        }),
        Err(error) => gathered.lacks.push(unread(path, &error)),
    }
}

/// The last lines of a text that find room.
fn end_of_text(text: String, most: u64) -> String {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let Some(skipped) = text.len().checked_sub(most).filter(|skipped| *skipped > 0) else {
        return text;
    };
    let bytes = text.as_bytes();
    let whole = bytes.iter().skip(skipped).position(|byte| *byte == b'\n');
    let from = whole.map_or(text.len(), |at| skipped + at + 1);
    text.get(from..).unwrap_or_default().to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_the_last_whole_lines_are_told() {
        let text = "one\ntwo\nthree\n".to_owned();
        assert_eq!(end_of_text(text.clone(), 14), text);
        assert_eq!(end_of_text(text.clone(), 13), "two\nthree\n");
        assert_eq!(end_of_text(text.clone(), 6), "");
        assert_eq!(end_of_text(text, 7), "three\n");
    }

    #[test]
    fn of_a_log_the_lines_of_other_tunnels_are_left_out_and_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("culvert.2026-11-30.log");
        let of = |name: &str| format!("2026-11-30T08:10:24.123Z  INFO tunnel {name:?}: up\n");
        let text = of("theirs").repeat(3) + &of("ours") + &of("theirs");
        fs::write(&path, text).expect("written");
        let mut gathered = Gathered::default();
        let wanted = Wanted::of(["ours".to_owned()]);
        tail(&mut gathered, &path, LOGS, LOG_MOST, Some(&wanted));
        assert_eq!(gathered.files[0].text, of("ours"));
        let lack = "4 lines are left out of logs/culvert.2026-11-30.log: they are of tunnels that were not chosen.";
        assert_eq!(gathered.lacks, [lack]);
        tail(&mut gathered, &path, LOGS, LOG_MOST, None);
        assert_eq!(gathered.files[1].text.lines().count(), 5);
        assert_eq!(gathered.lacks.len(), 1);
    }
}
