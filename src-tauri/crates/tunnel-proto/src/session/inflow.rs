//! Whether much was coming in a moment ago: then silence is more than a pause of a person.

use std::time::{Duration, Instant};

/// Over how long what comes in is added up.
const WINDOW: Duration = Duration::from_secs(1);

/// So many bytes in a window are a transfer: a quarter of what an agent sends in a second at full
/// speed (docs/protocol.md, section 3), and more than the acknowledgements of an upload are.
const BULK: usize = 256 * 1024;

/// Bytes that come in.
#[derive(Debug, Default)]
pub(super) struct Inflow {
    /// When the present window began.
    window: Option<Instant>,
    bytes: usize,
    /// When there last was a transfer.
    bulk: Option<Instant>,
}

impl Inflow {
    pub(super) fn count(&mut self, now: Instant, bytes: usize) {
        if self.window.is_none_or(|window| window + WINDOW <= now) {
            self.window = Some(now);
            self.bytes = 0;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes >= BULK {
            self.bulk = Some(now);
        }
    }

    /// Says whether a transfer was going on up to then.
    pub(super) fn was_bulk(&self, then: Instant) -> bool {
        self.bulk.is_some_and(|bulk| then <= bulk + WINDOW)
    }
}
