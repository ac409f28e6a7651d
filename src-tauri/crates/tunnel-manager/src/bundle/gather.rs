//! What lies on the disk: the history, the sessions that live, logs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tunnel_proto::Happening;

use super::chosen::Chosen;
use super::lines::Wanted;
use super::notes::{self, Whose};
use super::{Gathered, Lack, Raw};
use crate::history::Entry;
use crate::log::{FILE_VARIABLE, LOG_FOLDER};
use crate::traces::Traces;

/// How much of the history is told, the newest, bytes.
const HISTORY_MOST: usize = 1 << 20;

/// How much of each log is told, its end, bytes.
const LOG_MOST: u64 = 256 << 10;

/// How much of each log is looked through for what is wanted of it, its end, bytes.
const SEARCHED_MOST: u64 = 8 << 20;

/// How many logs are told, the newest.
const LOGS_MOST: usize = 4;

/// Of how many processes the notes about sessions are looked through, the newest.
const SESSIONS_FILES_MOST: usize = 32;

/// How much of the notes about sessions of each is told, bytes.
const SESSIONS_MOST: u64 = 64 << 10;

/// Where they lie in the bundle.
const LOGS: &str = "logs";

/// What the developer's file is called there.
const DEVELOPER: &str = "logs/developer.log";

/// Reads it; `pending` is what is not in the history yet. What finds no time until then is told. Blocks.
pub(super) fn all(chosen: &Chosen, since: u64, pending: Vec<Entry>, until: Instant) -> Gathered {
    let mut gathered = Gathered::default();
    // Of the others is learned what must not be told of them by the log.
    match Traces::read_history(0, pending, |_| true) {
        Ok(mut reading) => {
            for entry in &reading.entries {
                gathered.named.entry(entry);
            }
            reading.entries.retain(|entry| chosen.wants(&entry.tunnel));
            gathered.reading = reading;
        }
        Err((path, error)) => gathered.lacks.push(Lack::unread(&path, &error)),
    }
    history(&mut gathered, since);
    let names = names(chosen, &gathered);
    let folder = Traces::folder_of_user();
    if let Some(folder) = &folder {
        let entries = gathered.reading.entries.iter();
        let of = names.clone().map(|names| Whose {
            names,
            sessions: entries.filter_map(session_of).map(str::to_owned).collect(),
        });
        let folder = folder.join("sessions");
        for path in newest(&folder, SESSIONS_FILES_MOST, 0, &mut gathered.lacks) {
            if Instant::now() > until {
                gathered
                    .lacks
                    .push(Lack::late(&in_bundle("sessions", &path)));
                continue;
            }
            sessions(&mut gathered, &path, of.as_ref(), since);
        }
    }
    let logs = folder.map_or_else(Vec::new, |folder| {
        let folder = folder.join(LOG_FOLDER);
        newest(&folder, LOGS_MOST, since, &mut gathered.lacks)
    });
    let mut logs: Vec<LogFile> = logs.into_iter().map(LogFile::new).collect();
    let of_developer = std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty());
    logs.extend(of_developer.map(|path| LogFile::of_developer(path.into())));
    let wanted = Wanted::new(names, since);
    for file in logs {
        if Instant::now() > until {
            gathered.lacks.push(Lack::late(&file.in_bundle));
            continue;
        }
        log(&mut gathered, file, &wanted);
    }
    gathered
}

/// What the chosen tunnels are called in the log and in notes of sessions; `None` for all.
fn names(chosen: &Chosen, gathered: &Gathered) -> Option<BTreeSet<String>> {
    let mut names: BTreeSet<String> = chosen.names()?.collect();
    for Entry { tunnel, .. } in &gathered.reading.entries {
        // A tunnel may have had another name at that time.
        names.insert(tunnel.name.clone());
        // Versions before this called one that was never saved by its target in the log.
        if let (None, Some(way)) = (tunnel.id, &tunnel.way) {
            names.insert(way.target.clone());
        }
    }
    Some(names)
}

/// The session that an entry is about.
fn session_of(entry: &Entry) -> Option<&str> {
    match &entry.record.what {
        Happening::Drop(lost) => lost.session_id.as_deref(),
        Happening::Renewed(renewal) => renewal.session_id.as_deref(),
        Happening::LeftBehind { session_id, .. } | Happening::EndedLate { session_id } => {
            Some(session_id)
        }
        Happening::State { .. }
        | Happening::Target(_)
        | Happening::TurnedAway(_)
        | Happening::Unreached { .. }
        | Happening::Slept { .. }
        | Happening::Carried { .. } => None,
    }
}

/// Takes the notes of sessions of a process.
fn sessions(gathered: &mut Gathered, path: &Path, of: Option<&Whose>, since: u64) {
    match end_of(path, SESSIONS_MOST) {
        Ok(End { text, skipped }) => {
            if skipped > 0 {
                gathered
                    .lacks
                    .push(Lack::cut(&in_bundle("sessions", path), SESSIONS_MOST));
            }
            let (text, tunnels) = notes::wanted(&text, of, since);
            for tunnel in tunnels {
                gathered.named.name(tunnel);
            }
            if !text.is_empty() {
                let path = in_bundle("sessions", path);
                gathered.files.push(Raw { path, text });
            }
        }
        Err(error) => gathered.lacks.push(Lack::unread(path, &error)),
    }
}

/// A file of a log.
struct LogFile {
    path: PathBuf,
    /// What it is called in the bundle.
    in_bundle: String,
    whose: LogOwner,
}

/// Who has chosen where a log's file lies.
enum LogOwner {
    Culvert,
    /// `CULVERT_LOG_FILE` names it.
    Developer,
}

impl LogFile {
    fn new(path: PathBuf) -> Self {
        Self {
            in_bundle: in_bundle(LOGS, &path),
            whose: LogOwner::Culvert,
            path,
        }
    }

    /// The one that `CULVERT_LOG_FILE` names: its name was somebody's choice, and tells something.
    fn of_developer(path: PathBuf) -> Self {
        Self {
            path,
            in_bundle: DEVELOPER.to_owned(),
            whose: LogOwner::Developer,
        }
    }
}

/// Takes what is wanted of a log, its end.
fn log(gathered: &mut Gathered, file: LogFile, wanted: &Wanted) {
    let LogFile {
        path,
        in_bundle,
        whose,
    } = file;
    match end_of(&path, SEARCHED_MOST) {
        Ok(End { text, skipped }) => {
            let (text, left_out) = wanted.lines_of(&text);
            if left_out > 0 {
                gathered
                    .lacks
                    .push(Lack::lines_of_others(left_out, &in_bundle));
            }
            let most = usize::try_from(LOG_MOST).unwrap_or(usize::MAX);
            if skipped > 0 || text.len() > most {
                gathered.lacks.push(Lack::cut(&in_bundle, LOG_MOST));
            }
            let text = end_of_text(text, LOG_MOST);
            if !text.is_empty() {
                let path = in_bundle;
                gathered.files.push(Raw { path, text });
            }
        }
        Err(error) => gathered.lacks.push(match whose {
            LogOwner::Culvert => Lack::unread(&path, &error),
            LogOwner::Developer => Lack::developer_log_unread(FILE_VARIABLE, &error),
        }),
    }
}

fn in_bundle(folder: &str, path: &Path) -> String {
    let name = path.file_name().unwrap_or(OsStr::new("log"));
    format!("{folder}/{}", name.to_string_lossy())
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
        gathered.lacks.push(Lack::oldest_records(left_out));
    }
    let reading = &gathered.reading;
    if reading.left_out + reading.unreadable > 0 {
        let lack = Lack::history(reading.left_out, reading.unreadable);
        gathered.lacks.push(lack);
    }
    gathered.files.push(Raw {
        path: "history.jsonl".to_owned(),
        text: lines.join("\n") + "\n",
    });
}

/// The files of a folder that were changed last, and since a time (Unix milliseconds), newest first.
fn newest(folder: &Path, most: usize, since: u64, lacks: &mut Vec<Lack>) -> Vec<PathBuf> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            lacks.push(Lack::unread(folder, &error));
            return Vec::new();
        }
    };
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(since);
    let mut files: Vec<(SystemTime, PathBuf)> = listed
        .flatten()
        .filter_map(|entry| {
            let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((about.modified().ok()?, entry.path()))
        })
        .filter(|(changed, _)| *changed >= since)
        .collect();
    files.sort_by(|one, other| other.cmp(one));
    let left_out = files.len().saturating_sub(most) as u64;
    if left_out > 0 {
        lacks.push(Lack::oldest_files(left_out, folder, most));
    }
    files.truncate(most);
    files.into_iter().map(|(_, path)| path).collect()
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

/// The end of a file.
struct End {
    text: String,
    /// Bytes before it.
    skipped: u64,
}

fn end_of(path: &Path, most: u64) -> io::Result<End> {
    // A pipe would be waited for until somebody writes to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(most);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // The first line of a part may be half a secret.
    let text = match (skipped, text.split_once('\n')) {
        (0, _) => text,
        (_, Some((_, rest))) => rest.to_owned(),
        (_, None) => String::new(),
    };
    Ok(End { text, skipped })
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
    fn what_is_left_out_for_its_size_or_its_age_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..3 {
            fs::write(folder.path().join(format!("{number}.log")), "x\n").expect("written");
        }
        let mut lacks = Vec::new();
        assert_eq!(newest(folder.path(), 3, 0, &mut lacks).len(), 3);
        assert!(lacks.is_empty(), "{lacks:?}");
        assert_eq!(newest(folder.path(), 1, 0, &mut lacks).len(), 1);
        assert!(
            lacks[0].what.starts_with("2 files are left out of "),
            "{lacks:?}"
        );

        let path = folder.path().join("culvert.2026-11-30.log");
        let line = "2026-11-30T08:10:24.123Z  INFO tunnel \"ours\": up\n";
        fs::write(&path, line.repeat(10_000)).expect("written");
        let mut gathered = Gathered::default();
        log(&mut gathered, LogFile::new(path), &Wanted::new(None, 0));
        assert_eq!(gathered.lacks.len(), 1);
        assert_eq!(
            gathered.lacks[0].what,
            "logs/culvert.2026-11-30.log has the last 256 KiB alone: there is more of it."
        );
    }

    #[test]
    fn a_log_whose_name_somebody_has_chosen_is_called_otherwise() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("geheimprojekt.txt");
        let file = || LogFile::of_developer(path.clone());
        let mut gathered = Gathered::default();
        log(&mut gathered, file(), &Wanted::new(None, 0));
        let lack = &gathered.lacks[0].what;
        assert!(lack.starts_with("The file that CULVERT_LOG_FILE names can't be read: "));
        assert!(!lack.contains("geheim"), "{lack}");
        fs::write(&path, "2026-11-30T08:10:24.123Z  INFO tunnel: up\n").expect("written");
        log(&mut gathered, file(), &Wanted::new(None, 0));
        assert_eq!(gathered.files[0].path, "logs/developer.log");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let error = end_of(Path::new("/dev/zero"), 10).err().expect("no file");
        assert_eq!(error.to_string(), "it is no file");
    }

    #[test]
    fn of_a_log_the_lines_of_other_tunnels_are_left_out_and_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("culvert.2026-11-30.log");
        let of = |name: &str| format!("2026-11-30T08:10:24.123Z  INFO tunnel {name:?}: up\n");
        let text = of("theirs").repeat(3) + &of("ours") + &of("theirs");
        fs::write(&path, text).expect("written");
        let mut gathered = Gathered::default();
        let ours = ["ours".to_owned()];
        log(
            &mut gathered,
            LogFile::new(path.clone()),
            &Wanted::new(Some(ours.into()), 0),
        );
        assert_eq!(gathered.files[0].text, of("ours"));
        let lack = "4 lines are left out of logs/culvert.2026-11-30.log: they are of tunnels that were not chosen.";
        assert_eq!(gathered.lacks[0].what, lack);
        assert_eq!(gathered.lacks.len(), 1);
        log(
            &mut gathered,
            LogFile::new(path.clone()),
            &Wanted::new(None, 0),
        );
        assert_eq!(gathered.files[1].text.lines().count(), 5);
        assert_eq!(gathered.lacks.len(), 1);
        // One is one line.
        fs::write(&path, of("ours") + &of("theirs")).expect("written");
        let ours = ["ours".to_owned()];
        log(
            &mut gathered,
            LogFile::new(path.clone()),
            &Wanted::new(Some(ours.into()), 0),
        );
        assert!(gathered.lacks[1].what.starts_with("1 line is left out of"));
        // What is older than asked for makes no file.
        log(
            &mut gathered,
            LogFile::new(path),
            &Wanted::new(None, 1_900_000_000_000),
        );
        assert_eq!(gathered.files.len(), 3);
    }
}
