//! A client and a server joined by a pipe without loss, in virtual time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use crate::{Config, Event, Mux, Role, StreamId};

pub(super) const LIMIT: usize = 1024;

/// Makes `len` bytes that differ from place to place and from seed to seed.
pub(super) fn pattern(seed: usize, len: usize) -> Bytes {
    (0..len)
        .map(|n| u8::try_from((n * 31 + n / 251 + seed * 97) % 256).unwrap())
        .collect()
}

pub(super) struct Side {
    pub(super) mux: Mux,
    /// Every event so far.
    pub(super) events: Vec<Event>,
    /// What was read, by stream.
    pub(super) received: BTreeMap<StreamId, Vec<u8>>,
}

impl Side {
    fn new(role: Role, config: Config) -> Self {
        Self {
            mux: Mux::new(role, config),
            events: Vec::new(),
            received: BTreeMap::new(),
        }
    }

    /// Takes the events, and reads what is readable when `reads` says so.
    pub(super) fn drain(&mut self, reads: impl Fn(StreamId) -> bool) {
        while let Some(event) = self.mux.poll_event() {
            self.events.push(event);
            if let Event::Readable(id) = event
                && reads(id)
            {
                self.read(id);
            }
        }
    }

    pub(super) fn read(&mut self, id: StreamId) -> usize {
        let received = self.received.entry(id).or_default();
        let before = received.len();
        while let Some(piece) = self.mux.read(id) {
            assert!(!piece.is_empty());
            received.extend_from_slice(&piece);
        }
        received.len() - before
    }

    pub(super) fn received(&self, id: StreamId) -> &[u8] {
        self.received.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn has(&self, event: Event) -> bool {
        self.events.contains(&event)
    }

    /// Returns all that is to be sent, in frames of at most `limit`.
    pub(super) fn output(&mut self, now: Instant, limit: usize) -> Bytes {
        let mut out = BytesMut::new();
        loop {
            let appended = self.mux.poll_transmit(now, &mut out, limit);
            assert!(appended <= limit);
            if appended == 0 {
                assert_eq!(self.mux.pending_bytes(), 0);
                return out.freeze();
            }
        }
    }
}

pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) client: Side,
    pub(super) server: Side,
}

impl Pair {
    pub(super) fn new(config: Config) -> Self {
        Self {
            now: Instant::now(),
            client: Side::new(Role::Client, config.clone()),
            server: Side::new(Role::Server, config),
        }
    }

    pub(super) fn open(&mut self) -> StreamId {
        self.client.mux.open(self.now).unwrap()
    }

    /// Moves everything in both directions until nothing is left to move.
    pub(super) fn run(&mut self) {
        loop {
            let up = self.client.output(self.now, LIMIT);
            let down = self.server.output(self.now, LIMIT);
            if up.is_empty() && down.is_empty() {
                return;
            }
            for message in chunks(&up) {
                self.server.mux.handle_input(self.now, message).unwrap();
                self.server.drain(|_| true);
            }
            for message in chunks(&down) {
                self.client.mux.handle_input(self.now, message).unwrap();
                self.client.drain(|_| true);
            }
            self.client.drain(|_| true);
            self.server.drain(|_| true);
        }
    }

    pub(super) fn wait(&mut self, time: Duration) {
        self.now += time;
        self.client.mux.handle_timeout(self.now);
        self.server.mux.handle_timeout(self.now);
        self.run();
    }

    pub(super) fn say(&mut self, id: StreamId, data: &'static [u8]) {
        self.client
            .mux
            .write(self.now, id, Bytes::from_static(data))
            .unwrap();
        self.run();
    }

    pub(super) fn answer(&mut self, id: StreamId, data: &'static [u8]) {
        self.server
            .mux
            .write(self.now, id, Bytes::from_static(data))
            .unwrap();
        self.run();
    }
}

/// Cuts a byte stream into messages of their own.
pub(super) fn chunks(data: &Bytes) -> impl Iterator<Item = Bytes> {
    data.chunks(LIMIT)
        .map(Bytes::copy_from_slice)
        .collect::<Vec<_>>()
        .into_iter()
}
