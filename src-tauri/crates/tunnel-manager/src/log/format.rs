//! How a record is written into a file.

use serde::Serialize;
use serde_json::{Map, Value};

use super::record::{LogRecord, time};

/// How records are written into the log's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// A line for people: time, level, part, tunnel and session, what is said, its values.
    #[default]
    Text,
    /// An object of JSON a line, with the values apart.
    Json,
}

impl LogFormat {
    /// As it stands in settings and options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Text, Self::Json]
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(name))
    }

    /// The record's line, with its end.
    pub(super) fn line(self, record: &LogRecord, said: &Said) -> String {
        let line = match self {
            Self::Text => record.to_string(),
            // A record is made of texts and numbers: it can always be written.
            Self::Json => serde_json::to_string(&Line::of(record, said)).unwrap_or_default(),
        };
        line + "\n"
    }
}

/// What a record says, with its values apart.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) message: String,
    pub(super) values: Map<String, Value>,
    pub(super) connection: Option<String>,
}

/// The spans stand first, as fields of their own.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    level: &'static str,
    part: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tunnel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    values: &'a Map<String, Value>,
}

impl<'a> Line<'a> {
    fn of(record: &'a LogRecord, said: &'a Said) -> Self {
        Self {
            at: time(record.at),
            level: record.level.name(),
            part: record.part,
            tunnel: record.tunnel.as_deref(),
            session: record.session.as_deref(),
            connection: said.connection.as_deref(),
            message: &said.message,
            values: &said.values,
        }
    }
}
