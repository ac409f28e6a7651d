//! What the form is told.

use std::collections::BTreeMap;

use serde::Serialize;
use specta::Type;
use tunnel_manager::paste::{Note, Paste};

use super::clash::{Clash, With};
use crate::view::{DraftView, InvalidView};

/// What a pasted text says.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasteView {
    /// At least one; what the text does not say is empty.
    tunnels: Vec<DraftView>,
    /// What was left out or guessed.
    notes: Vec<NoteView>,
}

/// Something to know about what was read.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoteView {
    /// Stable name.
    code: &'static str,
    /// What the sentence names, each value under its name: for other languages.
    facts: BTreeMap<&'static str, String>,
    /// One sentence.
    what: String,
    /// In the text, from 1.
    line: u32,
    /// In characters, from 1.
    column: u32,
}

/// What is wrong with what is typed.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckView {
    /// Rules that are broken.
    pub(super) wrong: Vec<InvalidView>,
    /// Who else has the port; only where no rule is broken.
    pub(super) clash: Option<ClashView>,
}

/// Somebody else has the local port, or nobody can have it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClashView {
    /// Who.
    with: WithView,
    /// A port that is free.
    free: Option<u16>,
}

/// Who has a port.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum WithView {
    /// Another saved tunnel.
    Tunnel { name: String },
    /// A program, where the system tells which.
    Process { name: String, pid: u32 },
    /// A program that the system does not name.
    Unknown,
    /// Nobody can listen there, as this sentence says.
    Nobody { why: String },
}

impl From<Paste> for PasteView {
    fn from(paste: Paste) -> Self {
        Self {
            tunnels: paste.tunnels.into_iter().map(DraftView::from).collect(),
            notes: paste.notes.iter().map(NoteView::from).collect(),
        }
    }
}

impl From<&Note> for NoteView {
    fn from(note: &Note) -> Self {
        Self {
            code: note.notice.code(),
            facts: note.notice.names().all(),
            what: note.notice.to_string(),
            line: note.place.line,
            column: note.place.column,
        }
    }
}

impl From<Clash> for ClashView {
    fn from(clash: Clash) -> Self {
        let with = match clash.with {
            With::Tunnel(name) => WithView::Tunnel { name },
            With::Process(Some(holder)) => WithView::Process {
                name: holder.name,
                pid: holder.pid,
            },
            With::Process(None) => WithView::Unknown,
            With::Nobody(why) => WithView::Nobody { why },
        };
        Self {
            with,
            free: clash.free,
        }
    }
}
