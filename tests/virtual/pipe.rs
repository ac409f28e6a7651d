//! One direction of a WebSocket: in order, with latency, and gone with everything in it when
//! the connection breaks.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// What goes over a WebSocket.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// What opens the channel. The model believes every token.
    Text,
    Binary(Bytes),
    Ping,
    Pong,
    Close(u16, &'static str),
}

#[derive(Debug, Default)]
pub(crate) struct Pipe {
    queue: VecDeque<(Instant, Item)>,
    /// Nothing arrives before that: the connection is a black hole, and TCP resends later.
    held_until: Option<Instant>,
    /// Nothing arrives any more: the way that it went over is no more.
    cut: bool,
}

impl Pipe {
    /// Sends; later items never overtake earlier ones.
    pub(crate) fn push(&mut self, now: Instant, latency: Duration, item: Item) {
        if self.cut {
            return;
        }
        let earliest = self.queue.back().map_or(now, |(at, _)| *at);
        self.queue.push_back(((now + latency).max(earliest), item));
    }

    /// How much is on its way.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Holds everything until then.
    pub(crate) fn hold(&mut self, until: Instant) {
        self.held_until = self.held_until.max(Some(until));
    }

    /// Lets nothing arrive any more.
    pub(crate) fn cut(&mut self) {
        self.cut = true;
        self.queue.clear();
    }

    /// Whether the other end could be told of anything now.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        !self.cut && self.held_until.is_none_or(|until| until <= now)
    }

    /// What has arrived.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Item> {
        if self.due()? > now {
            return None;
        }
        self.queue.pop_front().map(|(_, item)| item)
    }

    /// When the next item arrives.
    pub(crate) fn due(&self) -> Option<Instant> {
        let (at, _) = self.queue.front()?;
        Some(self.held_until.map_or(*at, |until| until.max(*at)))
    }
}
