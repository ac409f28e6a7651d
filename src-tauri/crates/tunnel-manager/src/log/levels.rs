//! How much is logged: one level for all, and others for single tunnels, switched while they run.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;
use tracing::Level;
use tracing::level_filters::LevelFilter;

/// Tunnels with a level of their own: more than anybody looks at.
pub const TUNNELS_MOST: usize = 64;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LogLevel {
    /// What the user loses.
    Error,
    /// What heals by itself, besides.
    Warn,
    /// Changes of state, besides. As usual.
    #[default]
    Info,
    /// What one needs to follow a session, besides.
    Debug,
    /// Every message, besides.
    Trace,
}

impl LogLevel {
    /// All of them, the quietest first.
    pub const ALL: [Self; 5] = [
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// Its name in files and for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// The level of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    pub(super) const fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warn,
            Level::INFO => Self::Info,
            Level::DEBUG => Self::Debug,
            Level::TRACE => Self::Trace,
        }
    }
}

/// The levels that count now. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    chosen: Arc<RwLock<Chosen>>,
    /// Rises when one is switched.
    switched: watch::Sender<u64>,
}

#[derive(Debug, Clone, Default)]
struct Chosen {
    all: LogLevel,
    tunnels: BTreeMap<String, LogLevel>,
}

impl Levels {
    /// The level for all.
    pub fn all(&self) -> LogLevel {
        self.read(|chosen| chosen.all)
    }

    /// The tunnels that have a level of their own, by name.
    pub fn tunnels(&self) -> BTreeMap<String, LogLevel> {
        self.read(|chosen| chosen.tunnels.clone())
    }

    /// Switches the level for all. It counts at once.
    pub fn set_all(&self, level: LogLevel) {
        self.change(|chosen| chosen.all = level);
    }

    /// Gives a tunnel a level of its own, or takes it back. It counts at once, and until this
    /// process ends. Says whether there is room: 64 tunnels may have one.
    pub fn set_tunnel(&self, tunnel: &str, level: Option<LogLevel>) -> bool {
        let mut has_room = true;
        self.change(|chosen| match level {
            None => {
                chosen.tunnels.remove(tunnel);
            }
            Some(level) => {
                has_room =
                    chosen.tunnels.contains_key(tunnel) || chosen.tunnels.len() < TUNNELS_MOST;
                if has_room {
                    chosen.tunnels.insert(tunnel.to_owned(), level);
                }
            }
        });
        has_room
    }

    /// Changes when a level is switched, by whomever.
    pub fn switched(&self) -> watch::Receiver<u64> {
        self.switched.subscribe()
    }

    /// Whether something of this level is logged of this tunnel, or of none.
    pub(super) fn wants(&self, level: LogLevel, tunnel: Option<&str>) -> bool {
        self.read(|chosen| {
            let own = tunnel.and_then(|name| chosen.tunnels.get(name));
            level <= *own.unwrap_or(&chosen.all)
        })
    }

    /// What is logged of any tunnel.
    pub(super) fn highest(&self) -> LogLevel {
        self.read(|chosen| {
            let own = chosen.tunnels.values().copied().max();
            own.map_or(chosen.all, |own| own.max(chosen.all))
        })
    }

    fn read<T>(&self, look: impl FnOnce(&Chosen) -> T) -> T {
        look(&self.chosen.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Chosen)) {
        change(&mut self.chosen.write().unwrap_or_else(PoisonError::into_inner));
        // What was found to be logged by nobody is asked about again.
        tracing::callsite::rebuild_interest_cache();
        self.switched
            .send_modify(|times| *times = times.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tunnel_may_tell_more_or_less_than_others() {
        let levels = Levels::default();
        assert!(levels.wants(LogLevel::Info, Some("a")));
        assert!(!levels.wants(LogLevel::Debug, Some("a")));
        assert!(levels.set_tunnel("a", Some(LogLevel::Debug)));
        assert!(levels.set_tunnel("b", Some(LogLevel::Error)));
        assert!(levels.wants(LogLevel::Debug, Some("a")));
        assert!(!levels.wants(LogLevel::Warn, Some("b")));
        assert!(!levels.wants(LogLevel::Debug, None));
        assert_eq!(levels.highest(), LogLevel::Debug);
        levels.set_tunnel("a", None);
        assert!(!levels.wants(LogLevel::Debug, Some("a")));
        assert_eq!(levels.highest(), LogLevel::Info);
    }

    #[test]
    fn names_are_read_as_they_are_written_and_no_others() {
        for level in LogLevel::ALL {
            assert_eq!(LogLevel::of_name(level.name()), Some(level));
        }
        assert_eq!(LogLevel::of_name("INFO"), None);
        assert_eq!(LogLevel::of_name("off"), None);
    }

    #[test]
    fn the_number_of_tunnels_with_a_level_of_their_own_is_bounded() {
        let levels = Levels::default();
        for number in 0..TUNNELS_MOST {
            assert!(levels.set_tunnel(&number.to_string(), Some(LogLevel::Trace)));
        }
        assert!(!levels.set_tunnel("one more", Some(LogLevel::Trace)));
        assert!(levels.set_tunnel("0", Some(LogLevel::Info)));
        assert_eq!(levels.tunnels().len(), TUNNELS_MOST);
    }
}
