//! What the page of the log is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::log::{LogLevel, LogRecord};

/// What is new in the log.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogsView {
    /// Those that were not sent to this page yet, the oldest first.
    pub(super) records: Vec<LogView>,
    /// The tunnels that have a level of their own, by name.
    pub(super) tunnels: BTreeMap<String, LevelView>,
    /// The folder of the files; none where none are written.
    pub(super) folder: Option<String>,
}

/// A record of the log.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogView {
    /// Tells it from others; it only grows.
    number: u64,
    /// Unix milliseconds.
    at: u64,
    level: LevelView,
    /// The part of the program that says it.
    part: String,
    /// The name of the tunnel that it is about.
    tunnel: Option<String>,
    /// The session in it.
    session: Option<String>,
    /// One line.
    text: String,
    /// The whole line as the files have it.
    line: String,
}

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LevelView {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<&LogRecord> for LogView {
    fn from(record: &LogRecord) -> Self {
        Self {
            number: record.number,
            at: record.at,
            level: record.level.into(),
            part: record.part.to_owned(),
            tunnel: record.tunnel.clone(),
            session: record.session.clone(),
            text: record.text.clone(),
            line: record.to_string(),
        }
    }
}

impl From<LogLevel> for LevelView {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::Error,
            LogLevel::Warn => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
            LogLevel::Trace => Self::Trace,
        }
    }
}

impl From<LevelView> for LogLevel {
    fn from(level: LevelView) -> Self {
        match level {
            LevelView::Error => Self::Error,
            LevelView::Warn => Self::Warn,
            LevelView::Info => Self::Info,
            LevelView::Debug => Self::Debug,
            LevelView::Trace => Self::Trace,
        }
    }
}
