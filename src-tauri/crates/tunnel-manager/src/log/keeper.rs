//! What takes each record of this process, and gives it to the files and to whoever looks.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, registry};

use super::flood::{Flood, Kept};
use super::format::{LogFormat, Said};
use super::record::Text;
use super::{Levels, LogLevel, LogRecord, LogRing, is_ours};

/// Takes records: those of our own crates as the levels say, of others what is an error. A clone is the
/// same.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    levels: Levels,
    ring: LogRing,
    /// `None` before there is one to write to.
    file: Arc<Mutex<Option<NonBlocking>>>,
    format: LogFormat,
    flood: Arc<Mutex<Flood<Kind>>>,
    begun: Instant,
}

/// What makes lines alike: where in the program they come from, and of which tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    place: Identifier,
    level: LogLevel,
    part: &'static str,
    tunnel: Option<String>,
}

/// Which records are taken, before they are put together.
pub(super) struct Wanted(pub(super) Levels);

/// The name of the tunnel whose span it is.
struct OfTunnel(String);

/// The key of the session whose span it is.
struct OfSession(String);

/// The number of the connection whose span it is.
struct OfConnection(String);

impl Keeper {
    pub(super) fn new(
        levels: Levels,
        ring: LogRing,
        file: Option<NonBlocking>,
        format: LogFormat,
    ) -> Self {
        Self {
            format,
            levels,
            ring,
            file: Arc::new(Mutex::new(file)),
            flood: Arc::new(Mutex::new(Flood::new())),
            begun: Instant::now(),
        }
    }

    pub(super) const fn format(&self) -> LogFormat {
        self.format
    }

    /// Writes from now on.
    pub(super) fn write_to(&self, file: NonBlocking) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }

    fn take(&self, record: LogRecord, said: &Said) {
        let record = self.ring.push(record);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut *file {
            let line = self.format.line(&record, said);
            // It only queues the line; what finds no room is lost.
            file.write_all(line.as_bytes()).ok();
        }
    }

    /// Tells how many lines were kept back, and says whether this one is told.
    fn admits(&self, kind: Kind, said: &str) -> bool {
        let now = self.begun.elapsed();
        let (over, admitted) = {
            let mut flood = self.flood.lock().unwrap_or_else(PoisonError::into_inner);
            (flood.over(now), flood.admits(kind, said, now))
        };
        self.tell_kept(over);
        admitted
    }

    /// Tells how many lines were kept back: at the end, when no other record brings it out.
    pub(super) fn finish(&self) {
        let rest = {
            let mut flood = self.flood.lock().unwrap_or_else(PoisonError::into_inner);
            flood.rest()
        };
        self.tell_kept(rest);
    }

    fn tell_kept(&self, all: Vec<Kept<Kind>>) {
        for Kept { kind, count, said } in all {
            let text = format!("{count} more lines within a minute are not written: {said:?}");
            let said = Said {
                message: text.clone(),
                ..Said::default()
            };
            let record = LogRecord {
                number: 0,
                at: now_ms(),
                level: kind.level,
                part: kind.part,
                tunnel: kind.tunnel,
                session: None,
                text,
            };
            self.take(record, &said);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Keeper {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        match span.name() {
            "tunnel" => {
                if let Some(name) = value(attributes, "name") {
                    span.extensions_mut().insert(OfTunnel(name));
                }
            }
            "session" => {
                if let Some(key) = value(attributes, "key") {
                    span.extensions_mut().insert(OfSession(key));
                }
            }
            "connection" => {
                if let Some(key) = value(attributes, "key") {
                    span.extensions_mut().insert(OfConnection(key));
                }
            }
            _ => {}
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let level = LogLevel::from(*metadata.level());
        let (mut tunnel, mut session, mut connection) = (None, None, None);
        for span in context.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            tunnel = tunnel.or_else(|| extensions.get().map(|OfTunnel(name)| name.clone()));
            session = session.or_else(|| extensions.get().map(|OfSession(key)| key.clone()));
            connection =
                connection.or_else(|| extensions.get().map(|OfConnection(key)| key.clone()));
        }
        let part = metadata.target();
        if is_ours(part) && !self.levels.wants(level, tunnel.as_deref()) {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        // Whoever asks for every message gets every message.
        let is_held_up = level <= LogLevel::Info && {
            let kind = Kind {
                place: metadata.callsite(),
                level,
                part,
                tunnel: tunnel.clone(),
            };
            !self.admits(kind, text.message())
        };
        if is_held_up {
            return;
        }
        if let Some(connection) = connection {
            text.of_connection(connection);
        }
        let session = session.or_else(|| text.session());
        let (text, said) = text.finish();
        let record = LogRecord {
            number: 0,
            at: now_ms(),
            level,
            part,
            tunnel,
            session,
            text,
        };
        self.take(record, &said);
    }
}

impl<S> Filter<S> for Wanted {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.may_want(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.may_want(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Spans say whose a record is, and are errors.
        Some(self.0.highest().filter().max(LevelFilter::ERROR))
    }
}

impl Wanted {
    fn may_want(&self, metadata: &Metadata<'_>) -> bool {
        let level = LogLevel::from(*metadata.level());
        if is_ours(metadata.target()) {
            level <= self.0.highest()
        } else {
            level == LogLevel::Error
        }
    }
}

/// A value of a span as a text.
fn value(attributes: &Attributes<'_>, name: &'static str) -> Option<String> {
    let mut found = Value { name, value: None };
    attributes.record(&mut found);
    found.value
}

struct Value {
    name: &'static str,
    value: Option<String>,
}

impl Visit for Value {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == self.name {
            self.value = Some(format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.name {
            self.value = Some(value.to_owned());
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A layer of records that the levels want.
pub(super) fn layer(keeper: Keeper) -> impl Layer<registry::Registry> {
    let wanted = Wanted(keeper.levels.clone());
    keeper.with_filter(wanted)
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// What is taken while `log` says something.
    fn taken(levels: &Levels, log: impl FnOnce()) -> Vec<String> {
        let ring = LogRing::default();
        let keeper = Keeper::new(levels.clone(), ring.clone(), None, LogFormat::Text);
        let subscriber = registry().with(layer(keeper));
        tracing::subscriber::with_default(subscriber, log);
        let records = ring.after(0).into_iter();
        let told = |record: &LogRecord| {
            let tunnel = record.tunnel.as_deref().unwrap_or("-");
            let session = record.session.as_deref().unwrap_or("-");
            format!(
                "{} {tunnel} {session}: {}",
                record.level.name(),
                record.text
            )
        };
        records.map(|record| told(&record)).collect()
    }

    #[test]
    fn a_record_says_its_tunnel_and_session_and_its_values() {
        let told = taken(&Levels::default(), || {
            let tunnel = tracing::error_span!("tunnel", name = %"db");
            let _tunnel = tunnel.enter();
            tracing::info!(session = %"s0", "up");
            let session = tracing::error_span!("session", key = %"s1", id = "i");
            let _session = session.enter();
            tracing::warn!(code = 1006, reason = "cut", "the WebSocket is gone");
            let connection = tracing::error_span!("connection", key = 7);
            let _connection = connection.enter();
            tracing::info!(code = Some(1001), nothing = None::<u32>, "over");
        });
        let gone = "warn db s1: the WebSocket is gone code=1006 reason=\"cut\"";
        let over = "info db s1: over code=1001 connection=7";
        assert_eq!(told, ["info db s0: up", gone, over]);
    }

    #[test]
    fn as_json_a_record_is_one_line_with_its_spans_and_its_values_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = std::fs::File::create(folder.path().join("log")).expect("a file");
        let (writer, guard) = NonBlocking::new(file);
        let keeper = Keeper::new(
            Levels::default(),
            LogRing::default(),
            Some(writer),
            LogFormat::Json,
        );
        let subscriber = registry().with(layer(keeper));
        tracing::subscriber::with_default(subscriber, || {
            let tunnel = tracing::error_span!("tunnel", name = %"db \"one\"");
            let _tunnel = tunnel.enter();
            tracing::info!(session = %"s0", "up");
            let session = tracing::error_span!("session", key = %"s1");
            let _session = session.enter();
            let connection = tracing::error_span!("connection", key = 7);
            let _connection = connection.enter();
            let none = None::<u32>;
            tracing::warn!(code = 1006, clean = false, reason = "cut\nhere", by = ?none, "gone");
            for _ in 0..11 {
                tracing::info!("flood");
            }
        });
        // Its end is that of the writing.
        drop(guard);
        let text = std::fs::read_to_string(folder.path().join("log")).expect("written");
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 12, "{text}");
        assert_eq!(lines[0]["tunnel"], "db \"one\"");
        assert_eq!(lines[0]["session"], "s0");
        assert_eq!(lines[0]["message"], "up");
        assert_eq!(lines[0].get("values"), None);
        assert_eq!(lines[1]["level"], "warn");
        assert_eq!(lines[1]["session"], "s1");
        assert_eq!(lines[1]["connection"], "7");
        let values = serde_json::json!({
            "code": 1006, "clean": false, "reason": "cut here", "by": "None",
        });
        assert_eq!(lines[1]["values"], values);
        let at = lines[1]["at"].as_str().expect("a time");
        at.parse::<jiff::Timestamp>().expect("as RFC 3339 has it");
    }

    #[test]
    fn a_level_counts_at_once_and_for_one_tunnel_alone() {
        let levels = Levels::default();
        let say = || {
            for name in ["a", "b"] {
                let tunnel = tracing::error_span!("tunnel", %name);
                let _tunnel = tunnel.enter();
                tracing::debug!("a detail");
            }
            tracing::debug!("of none");
        };
        let told = taken(&levels, || {
            say();
            levels.set_tunnel("b", Some(LogLevel::Debug));
            say();
            levels.set_all(LogLevel::Debug);
            levels.set_tunnel("b", Some(LogLevel::Info));
            say();
        });
        let expected = [
            "debug b -: a detail",
            "debug a -: a detail",
            "debug - -: of none",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_flood_is_held_up_but_not_what_was_asked_for_by_level() {
        let levels = Levels::default();
        let told = taken(&levels, || {
            for _ in 0..50 {
                tracing::info!("the same");
            }
        });
        assert_eq!(told.len(), 10);
        levels.set_all(LogLevel::Debug);
        let told = taken(&levels, || {
            for _ in 0..50 {
                tracing::debug!("the same");
            }
        });
        assert_eq!(told.len(), 50);
    }

    #[test]
    fn what_was_kept_back_of_a_flood_is_told_at_the_end_with_what_it_says() {
        let ring = LogRing::default();
        let keeper = Keeper::new(Levels::default(), ring.clone(), None, LogFormat::Text);
        let subscriber = registry().with(layer(keeper.clone()));
        tracing::subscriber::with_default(subscriber, || {
            for code in 0..13 {
                tracing::info!(code, "the same");
            }
        });
        keeper.finish();
        keeper.finish();
        let records = ring.after(0);
        let last = &records.last().expect("told").text;
        assert_eq!(
            (records.len(), last.as_str()),
            (
                11,
                "3 more lines within a minute are not written: \"the same\""
            )
        );
    }

    #[test]
    fn of_libraries_errors_alone_are_taken() {
        let levels = Levels::default();
        levels.set_all(LogLevel::Trace);
        let told = taken(&levels, || {
            tracing::warn!(target: "hyper::client", "a warning");
            tracing::error!(target: "hyper::client", "an error");
            tracing::trace!(target: "tunnel::driver", "ours");
        });
        assert_eq!(told, ["error - -: an error", "trace - -: ours"]);
    }
}
