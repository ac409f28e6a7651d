//! What a bundle lacks, and why.

use std::fmt::Display;
use std::path::Path;

use redact::{RedactError, Redactor};
use tunnel_proto::Named;

/// Something that could not be had, or did not find room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// Stable name for programs, such as `bundle-file-late`.
    pub code: &'static str,
    /// One sentence.
    pub what: String,
    /// What the sentence names, for whoever says it in another language. `one` is there where what
    /// is counted is a single thing.
    pub facts: Named,
}

impl Lack {
    fn new<const N: usize>(
        code: &'static str,
        what: String,
        facts: [(&'static str, String); N],
    ) -> Self {
        Self {
            code,
            what,
            facts: facts.into(),
        }
    }

    /// The same where a single thing is counted.
    fn of_one(mut self, count: u64) -> Self {
        if count == 1 {
            self.facts.insert("one", String::new());
        }
        self
    }

    pub(super) fn unread(place: &Path, error: &impl Display) -> Self {
        let place = place.display().to_string();
        let what = format!("{place} can't be read: {error}.");
        let facts = [("place", place), ("error", error.to_string())];
        Self::new("bundle-unread", what, facts)
    }

    /// The file that an environment variable names: its own name tells something.
    pub(super) fn developer_log_unread(variable: &str, error: &impl Display) -> Self {
        let what = format!("The file that {variable} names can't be read: {error}.");
        let facts = [
            ("variable", variable.to_owned()),
            ("error", error.to_string()),
        ];
        Self::new("bundle-developer-log-unread", what, facts)
    }

    pub(super) fn saved_unread(why: &str) -> Self {
        let what = format!("The saved tunnels can't be read: {why}");
        Self::new("bundle-saved-unread", what, [("error", why.to_owned())])
    }

    /// The disk has not answered.
    pub(super) fn disk_silent() -> Self {
        let what = "The history, notes of sessions, and logs could not be read in time: the disk does \
                    not answer.";
        Self::new("bundle-disk-silent", what.to_owned(), [])
    }

    /// A file that was not read.
    pub(super) fn late(file: &str) -> Self {
        let what = format!("{file} is left out: there was no time to read it.");
        Self::new("bundle-file-late", what, [("file", file.to_owned())])
    }

    /// A file for which there was no room, or no time to redact it.
    pub(super) fn no_room(file: &str) -> Self {
        let what = format!("{file} is left out: it found no room or time.");
        Self::new("bundle-file-no-room", what, [("file", file.to_owned())])
    }

    /// Of a file only its end is there, so many bytes.
    pub(super) fn cut(file: &str, most: u64) -> Self {
        let most = (most >> 10).to_string();
        let what = format!("{file} has the last {most} KiB alone: there is more of it.");
        let facts = [("file", file.to_owned()), ("most", most)];
        Self::new("bundle-file-cut", what, facts)
    }

    /// Lines about tunnels that were not chosen.
    pub(super) fn lines_of_others(count: u64, file: &str) -> Self {
        let what = match count {
            1 => format!("1 line is left out of {file}: it is of a tunnel that was not chosen."),
            more => format!(
                "{more} lines are left out of {file}: they are of tunnels that were not chosen."
            ),
        };
        let facts = [("count", count.to_string()), ("file", file.to_owned())];
        Self::new("bundle-lines-of-others", what, facts).of_one(count)
    }

    /// The oldest files of a folder.
    pub(super) fn oldest_files(count: u64, folder: &Path, most: usize) -> Self {
        let folder = folder.display().to_string();
        let what = format!(
            "{} left out of {folder}, the oldest: at most {most} are told.",
            counted(count, "file is", "files are")
        );
        let facts = [
            ("count", count.to_string()),
            ("folder", folder),
            ("most", most.to_string()),
        ];
        Self::new("bundle-oldest-files", what, facts).of_one(count)
    }

    /// The oldest records of the history.
    pub(super) fn oldest_records(count: u64) -> Self {
        let what = format!(
            "{} left out of the history, the oldest: no room was found.",
            counted(count, "record is", "records are")
        );
        let facts = [("count", count.to_string())];
        Self::new("bundle-oldest-records", what, facts).of_one(count)
    }

    /// What the history itself lacks.
    pub(super) fn history(left_out: u64, unreadable: u64) -> Self {
        let what = format!(
            "{} never kept in the history, and {} of it can't be read.",
            counted(left_out, "record was", "records were"),
            counted(unreadable, "line", "lines")
        );
        let facts = [
            ("records", left_out.to_string()),
            ("lines", unreadable.to_string()),
        ];
        Self::new("bundle-history-lacks", what, facts)
    }

    /// A program that runs and says nothing.
    pub(super) fn silent_program(pid: u32) -> Self {
        let what = format!(
            "The program of Culvert with the process id {pid} runs and does not answer: how its \
             tunnels are now, and what was recorded of their sessions, is not told."
        );
        Self::new("bundle-program-silent", what, [("pid", pid.to_string())])
    }

    pub(super) fn recordings_unread(count: usize) -> Self {
        let what = format!("Recordings of sessions that can't be read: {count}.");
        Self::new(
            "bundle-recordings-unread",
            what,
            [("count", count.to_string())],
        )
    }

    pub(super) fn recordings_no_room(count: usize) -> Self {
        let what =
            format!("Recordings of sessions that are left out, since they found no room: {count}.");
        Self::new(
            "bundle-recordings-no-room",
            what,
            [("count", count.to_string())],
        )
    }

    /// The doctor had so many seconds, and was not done.
    pub(super) fn doctor_late(seconds: f64) -> Self {
        let seconds = format!("{seconds:.1}");
        let what = format!(
            "The doctor was not done after {seconds} s: the checks behind the last one in \
             doctor.jsonl are not known."
        );
        Self::new("bundle-doctor-late", what, [("seconds", seconds)])
    }

    /// Nothing of what was gathered can be handed out.
    pub(super) fn redaction_late() -> Self {
        let what = "Nothing that was collected is in here: it could not be redacted in time. Collect \
                    again when the machine has less to do, or with a shorter --since.";
        Self::new("bundle-redaction-late", what.to_owned(), [])
    }

    /// The same without what nobody else may know; its sentence has been redacted already.
    pub(super) fn redacted(
        mut self,
        what: String,
        redactor: &mut Redactor,
    ) -> Result<Self, RedactError> {
        self.what = what;
        for (name, value) in self.facts.all() {
            self.facts.insert(name, redactor.text(&value)?);
        }
        Ok(self)
    }
}

/// `1 record was`, `3 records were`.
fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
