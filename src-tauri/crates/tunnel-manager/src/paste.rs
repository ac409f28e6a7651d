//! A tunnel from what somebody pastes: an `aws ssm start-session` command, an `ssh -L` command,
//! or the address of a database.
//!
//! Nothing is run and nothing is read from disk: text goes in, tunnels come out, with notes of
//! what was left out or guessed. Secrets in the text (passwords in addresses, keys in
//! assignments) are in none of these.

mod address;
mod aws;
mod command;
mod dialect;
mod error;
mod lex;
mod note;
mod parameters;
mod scope;
mod source;
mod ssh;

pub use error::{Fault, PasteError};
pub use note::{Note, Notice};

use std::collections::HashSet;

use crate::profile::Draft;
use lex::{Part, Word};
use source::Source;

/// Longer than any command that people paste, and short enough to be read in a moment, in bytes.
pub const TEXT_MOST: usize = 64 * 1024;

/// More tunnels than this from one text are nobody's wish.
const TUNNELS_MOST: usize = 100;

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paste {
    /// The tunnels, at least one, in the order of the text. What the text does not tell is empty
    /// in them, the target above all; [`Draft::check`] says what is missing.
    pub tunnels: Vec<Draft>,
    /// What was left out or guessed, in the order in which it was found.
    pub notes: Vec<Note>,
}

/// A place in the text that was pasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Counts from 1.
    pub line: u32,
    /// Counts characters from 1.
    pub column: u32,
}

/// Reads a text as a command of bash or its kin, of PowerShell or of cmd.exe, or as addresses.
///
/// # Errors
///
/// A [`PasteError`], which says where in the text: also for what can't be known from a text,
/// such as the value of a variable.
pub fn parse(text: &str) -> Result<Paste, PasteError> {
    let source = Source::new(text)?;
    let addresses = address::lines(&source);
    let found = if addresses.is_empty() {
        command::read(&source)?
    } else {
        address::read(addresses)?
    };
    Ok(found.into_paste(source.notes()))
}

/// Reads the words of one command, which a shell has taken apart already: what stands behind
/// `culvert import` without quotes round it. Columns count as if one blank were between two words.
///
/// # Errors
///
/// As for [`parse`].
pub fn parse_words(words: &[impl AsRef<str>]) -> Result<Paste, PasteError> {
    if let [text] = words {
        return parse(text.as_ref());
    }
    let mut column = 1;
    let mut notes = Vec::new();
    let mut read = Vec::with_capacity(words.len());
    for word in words {
        let word = word.as_ref();
        let source = Source::of_argument(word, Place { line: 1, column })?;
        notes.extend(source.notes());
        let text = source.chars().iter().collect();
        read.push(Word {
            place: source.place(0),
            parts: vec![Part::Text(text)],
        });
        let length = u32::try_from(word.chars().count()).unwrap_or(u32::MAX);
        column = column.saturating_add(length).saturating_add(1);
    }
    Ok(command::read_words(&read)?.into_paste(notes))
}

/// What was found so far.
#[derive(Default)]
struct Found {
    tunnels: Vec<Draft>,
    notes: Vec<Note>,
}

impl Found {
    fn note(&mut self, place: Place, notice: Notice) {
        self.notes.push(Note { notice, place });
    }

    fn into_paste(self, mut notes: Vec<Note>) -> Paste {
        notes.extend(self.notes);
        // The same note once: twenty options of a kind are one thing to know.
        let mut seen = HashSet::new();
        notes.retain(|note| seen.insert(note.notice.clone()));
        let mut tunnels = self.tunnels;
        for draft in &mut tunnels {
            draft.name = suggested_name(draft);
        }
        Paste { tunnels, notes }
    }

    fn add(&mut self, place: Place, draft: Draft) -> Result<(), PasteError> {
        if self.tunnels.len() == TUNNELS_MOST {
            return Err(Fault::TooMany { most: TUNNELS_MOST }.at(place));
        }
        self.tunnels.push(draft);
        Ok(())
    }
}

/// The destination, as people call a tunnel that they have given no name.
fn suggested_name(draft: &Draft) -> String {
    let host = draft.remote_host.as_deref().unwrap_or(&draft.target);
    let host: String = host.chars().filter(|c| !c.is_control()).take(90).collect();
    match (host.as_str(), draft.remote_port) {
        ("", 0) => "tunnel".to_owned(),
        ("", port) => format!("port {port}"),
        (host, 0) => host.to_owned(),
        (host, port) if host.contains(':') => format!("[{host}]:{port}"),
        (host, port) => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
