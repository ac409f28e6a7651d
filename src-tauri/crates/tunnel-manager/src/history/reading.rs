//! Reads the history.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::day::Day;
use super::diary::{Bounds, Gap, days};
use super::{Entry, TunnelName, pending};

/// What was read of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// What is kept, oldest first.
    pub entries: Vec<Entry>,
    /// Records that could not be kept: the day's file was full, or the disk.
    pub left_out: u64,
    /// Lines that can't be read: torn by a crash, or of another version.
    pub unreadable: u64,
}

/// Reads what happened to the tunnels that are wanted since a time (Unix milliseconds). There
/// need be no history: then there is nothing in it. `told` is what processes that live say is not
/// among its records yet ([`History::pending`](super::History::pending)). Blocks.
///
/// # Errors
/// The folder or a file is there and can't be read.
pub(crate) fn read(
    folder: &Path,
    since: u64,
    told: Vec<Entry>,
    wanted: impl Fn(&TunnelName) -> bool,
) -> io::Result<Reading> {
    let mut reading = Reading::default();
    let mut files = days(folder)?;
    files.retain(|(day, _)| *day >= Day::of(since));
    files.sort();
    for (_, path) in files {
        let mut bytes = Vec::new();
        match File::open(&path) {
            // A line more than the bound may be there when several processes write at once.
            Ok(file) => file
                .take(2 * Bounds::default().day)
                .read_to_end(&mut bytes)?,
            // It has become too old in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        take_in(&mut reading, &bytes, since, &wanted);
    }
    pending::add(folder, &mut reading.entries, told, |entry| {
        entry.record.at >= since && wanted(&entry.tunnel)
    });
    // Several processes write, and each notices things in its own time.
    reading.entries.sort_by_key(|entry| entry.record.at);
    Ok(reading)
}

fn take_in(reading: &mut Reading, bytes: &[u8], since: u64, wanted: impl Fn(&TunnelName) -> bool) {
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter(|line| !line.is_empty()) {
        if let Ok(entry) = serde_json::from_slice::<Entry>(line) {
            if entry.record.at >= since && wanted(&entry.tunnel) {
                reading.entries.push(entry);
            }
        } else if let Ok(gap) = serde_json::from_slice::<Gap>(line) {
            if gap.at >= since {
                reading.left_out += gap.left_out;
            }
        } else {
            reading.unreadable += 1;
        }
    }
}
