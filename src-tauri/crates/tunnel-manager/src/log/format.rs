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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::log::LogLevel;

    /// What is said first, and next.
    fn records(format: LogFormat, texts: [&str; 2]) -> String {
        let line = |(number, text): (u64, &str), level, part, values, connection: Option<&str>| {
            let record = LogRecord {
                number,
                at: 1_796_026_224_123 + number,
                level,
                part,
                tunnel: Some("Orders \"eu\"".to_owned()),
                session: Some("1".to_owned()),
                text: text.to_owned(),
            };
            let said = Said {
                message: text.to_owned(),
                values,
                connection: connection.map(str::to_owned),
            };
            format.line(&record, &said)
        };
        let [first, next] = texts;
        let mut values = Map::new();
        values.insert("code".to_owned(), json!(1006));
        values.insert("reason".to_owned(), json!("Bye"));
        line((0, first), LogLevel::Info, "tunnel::driver", values, None)
            + &line(
                (1, next),
                LogLevel::Debug,
                "tunnel::driver::calls",
                Map::new(),
                Some("7"),
            )
    }

    /// Redaction is tested with these lines: what is cut by the end of one must be found.
    #[test]
    fn redaction_is_tested_with_lines_as_they_are_written() {
        assert_eq!(
            records(LogFormat::Text, ["FIRST", "SECOND code=1006 clean=false"]),
            include_str!("../../../redact/tests/log/text.log")
        );
        assert_eq!(
            records(LogFormat::Json, ["FIRST", "SECOND"]),
            include_str!("../../../redact/tests/log/json.log")
        );
    }

    #[test]
    fn redaction_is_tested_with_lines_of_the_console_as_they_are_written() {
        use std::io::Write;
        use std::sync::{Arc, Mutex, PoisonError};

        use tracing_subscriber::fmt::format::Writer;
        use tracing_subscriber::fmt::time::FormatTime;

        #[derive(Clone, Default)]
        struct Out(Arc<Mutex<Vec<u8>>>);

        impl Write for Out {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .write(bytes)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        struct Then;

        impl FormatTime for Then {
            fn format_time(&self, to: &mut Writer<'_>) -> std::fmt::Result {
                to.write_str("2026-11-30T08:10:24.123456Z")
            }
        }

        let out = Out::default();
        let to = out.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_timer(Then)
            .with_writer(move || to.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let tunnel = tracing::error_span!("tunnel", name = %"Orders eu");
            let _tunnel = tunnel.enter();
            let session = tracing::error_span!("session", key = %1, id = "x");
            let _session = session.enter();
            tracing::info!(target: "tunnel::driver", "FIRST");
            tracing::debug!(target: "tunnel::driver::calls", "SECOND");
        });
        let written = out.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(
            String::from_utf8_lossy(&written),
            include_str!("../../../redact/tests/log/console.log")
        );
    }
}
