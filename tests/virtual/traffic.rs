//! Connections whose bytes are known in advance, at both ends.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// What one connection is to carry. The first 16 bytes that it sends say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bytes from the local side behind the head.
    pub(crate) up: u64,
    /// Bytes from the destination.
    pub(crate) down: u64,
}

pub(crate) const HEAD: usize = 16;

/// What is taken from a plan in one go.
const CHUNK: u64 = 8 * 1024;

impl Plan {
    pub(crate) fn head(self) -> Bytes {
        let mut head = BytesMut::with_capacity(HEAD);
        head.put_u64(self.up);
        head.put_u64(self.down);
        head.freeze()
    }

    pub(crate) fn from_head(mut head: &[u8]) -> Self {
        Self {
            up: head.get_u64(),
            down: head.get_u64(),
        }
    }
}

/// The byte at `at` of the stream that goes one way.
fn byte(salt: u64, at: u64) -> u8 {
    // A long period that is no power of two: shifted or doubled bytes never fit.
    let mixed = (at.wrapping_add(salt)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 56) as u8 ^ (at % 251) as u8
}

/// Makes the bytes of one direction, in order.
#[derive(Debug)]
pub(crate) struct Source {
    salt: u64,
    at: u64,
    end: u64,
}

impl Source {
    pub(crate) fn up(plan: Plan) -> Self {
        Self {
            salt: 1,
            at: 0,
            end: plan.up,
        }
    }

    pub(crate) fn down(plan: Plan) -> Self {
        Self {
            salt: 2,
            at: 0,
            end: plan.down,
        }
    }

    /// The next bytes, at most `most`.
    pub(crate) fn take(&mut self, most: usize) -> Option<Bytes> {
        let count = (self.end - self.at).min(most as u64).min(CHUNK);
        if count == 0 {
            return None;
        }
        let bytes = (self.at..self.at + count)
            .map(|at| byte(self.salt, at))
            .collect::<Vec<_>>();
        self.at += count;
        Some(bytes.into())
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
            salt: 1,
            at: 0,
            end: plan.up,
        }
    }

    pub(crate) fn down(plan: Plan) -> Self {
        Self {
            salt: 2,
            at: 0,
            end: plan.down,
        }
    }

    /// Takes what came.
    ///
    /// # Panics
    /// A byte is wrong, doubled, missing or too many.
    pub(crate) fn accept(&mut self, bytes: &[u8]) {
        for came in bytes {
            assert!(self.at < self.end, "more than {} bytes came", self.end);
            assert_eq!(
                *came,
                byte(self.salt, self.at),
                "byte {} is another one",
                self.at
            );
            self.at += 1;
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at == self.end
    }
}
