//! One record of the log, and the line that it is.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

use super::LogLevel;
use super::format::Said;

/// Characters of a record's text: what is longer is cut.
const TEXT_MOST: usize = 4096;

/// A record of the log. Holds no secret: what could be one has a type that can't be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Tells it from others of this process. Numbers only grow.
    pub number: u64,
    /// Unix milliseconds.
    pub at: u64,
    /// How much it matters.
    pub level: LogLevel,
    /// The part of the program that says it.
    pub part: &'static str,
    /// The name of the tunnel that it is about, if it is about one.
    pub tunnel: Option<String>,
    /// The key of the session in that tunnel, if it is about one.
    pub session: Option<String>,
    /// What is said, with its values, in one line.
    pub text: String,
}

/// As in the files: `2026-11-30T08:10:24.123Z  WARN tunnel "db" s1: the WebSocket is gone code=1006`.
impl fmt::Display for LogRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {:>5} {}",
            time(self.at),
            self.level.name().to_uppercase(),
            self.part
        )?;
        if let Some(tunnel) = &self.tunnel {
            write!(f, " {tunnel:?}")?;
        }
        if let Some(session) = &self.session {
            write!(f, " {session}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// Unix milliseconds as they are written, in UTC.
pub(super) fn time(ms: u64) -> String {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    format!("{at:.3}")
}

/// Puts a record's text together: what it says, then its values.
#[derive(Debug, Default)]
pub(super) struct Text {
    message: String,
    values: String,
    /// The same values, apart.
    apart: Map<String, Value>,
    connection: Option<String>,
    /// The session that it is about, where it says so itself.
    session: Option<String>,
}

impl Text {
    /// The session that it says it is about.
    pub(super) fn session(&self) -> Option<String> {
        self.session.as_deref().map(plain)
    }

    /// What it says, without its values.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The connection that it is about.
    pub(super) fn of_connection(&mut self, key: String) {
        // Writing into a text can't fail.
        let _ = write!(self.values, " connection={key}");
        self.connection = Some(key);
    }

    /// What it says in one line, and the same with its values apart.
    pub(super) fn finish(self) -> (String, Said) {
        let said = Said {
            message: plain(&self.message),
            values: self.apart,
            connection: self.connection,
        };
        let all = match (self.message.is_empty(), self.values.is_empty()) {
            (false, false) => format!("{} {}", self.message, self.values.trim_start()),
            (false, true) => self.message,
            (true, _) => self.values.trim_start().to_owned(),
        };
        (plain(&all), said)
    }

    fn keep(&mut self, field: &Field, value: impl Into<Value>) {
        self.apart.insert(field.name().to_owned(), value.into());
    }

    fn number(&mut self, field: &Field, shown: impl fmt::Display, value: impl Into<Value>) {
        let _ = match field.name() {
            "message" => write!(self.message, "{shown}"),
            "session" => write!(self.session.insert(String::new()), "{shown}"),
            name => {
                self.keep(field, value);
                write!(self.values, " {name}={shown}")
            }
        };
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a text can't fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "session" => write!(self.session.insert(String::new()), "{value:?}"),
            name => {
                let shown = format!("{value:?}");
                self.keep(field, plain(&shown));
                write!(self.values, " {name}={shown}")
            }
        };
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, value, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = match field.name() {
            "message" => self.message.write_str(value),
            "session" => self.session.insert(String::new()).write_str(value),
            name => {
                self.keep(field, plain(value));
                write!(self.values, " {name}={value:?}")
            }
        };
    }
}

/// One line, whatever was in it, that steers no terminal; cut where it is too long.
fn plain(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(TEXT_MOST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(TEXT_MOST).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_whatever_is_in_it() {
        let record = LogRecord {
            number: 1,
            at: 1_800_000_000_123,
            level: LogLevel::Warn,
            part: "tunnel",
            tunnel: Some("a\n\"b".to_owned()),
            session: Some("s1".to_owned()),
            text: plain("gone\r\n\u{1b}[2Jcode=1006"),
        };
        assert_eq!(
            record.to_string(),
            "2027-01-15T08:00:00.123Z  WARN tunnel \"a\\n\\\"b\" s1: gone   [2Jcode=1006"
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = plain(&"x".repeat(TEXT_MOST + 1));
        assert_eq!(text.chars().count(), TEXT_MOST + 1);
        assert!(text.ends_with('…'));
        assert!(!plain(&"x".repeat(TEXT_MOST)).ends_with('…'));
    }
}
