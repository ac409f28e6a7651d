//! Connections whose bytes are known in advance, at both ends.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// What one connection is to carry. The first bytes that it sends say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bytes from the local side behind the head.
    pub(crate) up: u64,
    /// Bytes from the destination.
    pub(crate) down: u64,
    /// Bytes that are said in one go.
    pub(crate) chunk: u64,
    /// The pause after each chunk, both ways.
    pub(crate) pause: Duration,
}

pub(crate) const HEAD: usize = 32;

/// What is taken from a plan without pauses in one go.
const CHUNK: u64 = 8 * 1024;

impl Plan {
    /// As fast as it goes.
    pub(crate) const fn bulk(up: u64, down: u64) -> Self {
        Self::paced(up, down, CHUNK, Duration::ZERO)
    }

    /// `chunk` bytes each way, a pause, and so on.
    pub(crate) const fn paced(up: u64, down: u64, chunk: u64, pause: Duration) -> Self {
        Self {
            up,
            down,
            chunk,
            pause,
        }
    }

    /// A question and its answer.
    pub(crate) const fn echo() -> Self {
        Self::bulk(100, 100)
    }

    pub(crate) fn head(self) -> Bytes {
        let mut head = BytesMut::with_capacity(HEAD);
        head.put_u64(self.up);
        head.put_u64(self.down);
        head.put_u64(self.chunk);
        head.put_u64(self.pause.as_micros() as u64);
        head.freeze()
    }

    pub(crate) fn from_head(mut head: &[u8]) -> Self {
        Self {
            up: head.get_u64(),
            down: head.get_u64(),
            chunk: head.get_u64(),
            pause: Duration::from_micros(head.get_u64()),
        }
    }
}

/// A prime, far above what is ever lost or doubled in one piece: shifted bytes never fit.
const PERIOD: usize = 262_139;

/// Every stream's bytes, over and over; one direction begins elsewhere than the other. Twice
/// as long as the period, so that any piece of up to a period is in it in one go.
fn pattern() -> &'static [u8] {
    static PATTERN: OnceLock<Vec<u8>> = OnceLock::new();
    PATTERN.get_or_init(|| {
        let once =
            (0..PERIOD as u64).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8);
        once.clone().chain(once).collect()
    })
}

/// The next bytes at `at`, at most `most`.
fn piece(salt: u64, at: u64, most: u64) -> &'static [u8] {
    let from = ((at + salt) % PERIOD as u64) as usize;
    &pattern()[from..from + (most as usize).min(PERIOD)]
}

const UP: u64 = 1;
const DOWN: u64 = 100_000;

/// Makes the bytes of one direction, in order.
#[derive(Debug)]
pub(crate) struct Source {
    salt: u64,
    at: u64,
    end: u64,
    chunk: u64,
    pause: Duration,
    next_at: Instant,
}

impl Source {
    pub(crate) fn up(plan: Plan, now: Instant) -> Self {
        Self::new(UP, plan.up, plan, now)
    }

    pub(crate) fn down(plan: Plan, now: Instant) -> Self {
        Self::new(DOWN, plan.down, plan, now)
    }

    fn new(salt: u64, end: u64, plan: Plan, now: Instant) -> Self {
        Self {
            salt,
            at: 0,
            end,
            chunk: plan.chunk,
            pause: plan.pause,
            next_at: now,
        }
    }

    /// The next bytes, at most `most`.
    pub(crate) fn take(&mut self, now: Instant, most: usize) -> Option<Bytes> {
        let count = (self.end - self.at).min(most as u64).min(self.chunk);
        if count == 0 || now < self.next_at {
            return None;
        }
        let bytes = Bytes::from_static(piece(self.salt, self.at, count));
        self.at += count;
        self.next_at = now + self.pause;
        Some(bytes)
    }

    /// When it has something to say after a pause.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        (!self.is_done() && self.next_at > now).then_some(self.next_at)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at == self.end
    }
}

/// Checks the bytes of one direction.
#[derive(Debug)]
pub(crate) struct Sink {
    salt: u64,
    at: u64,
    end: u64,
}

impl Sink {
    pub(crate) fn up(plan: Plan) -> Self {
        Self {
            salt: UP,
            at: 0,
            end: plan.up,
        }
    }

    pub(crate) fn down(plan: Plan) -> Self {
        Self {
            salt: DOWN,
            at: 0,
            end: plan.down,
        }
    }

    /// Takes what came.
    ///
    /// # Panics
    /// A byte is wrong, doubled, missing or too many.
    pub(crate) fn accept(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let right = piece(self.salt, self.at, bytes.len() as u64);
            let (came, rest) = bytes.split_at(right.len());
            assert!(came == right, "other bytes than those at {}", self.at);
            self.at += came.len() as u64;
            bytes = rest;
        }
        assert!(self.at <= self.end, "more than {} bytes came", self.end);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at == self.end
    }
}
