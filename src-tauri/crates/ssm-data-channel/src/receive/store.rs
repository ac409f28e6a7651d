//! Payloads that wait, packed.
//!
//! A gap of a thousand messages makes a hundred thousand wait. Slices of the socket's buffers
//! would keep those buffers alive with whatever else is in them, and a hundred thousand small
//! allocations would leave the heap in pieces. So the payloads are copied into a few large
//! chunks, each of which is freed as a whole: what is counted is what is taken from the system.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::ReorderMemory;

/// The first chunk's size: a gap of a few messages needs no more.
const LEAST_CHUNK: usize = 16 * 1024;

/// The largest chunk, but for a payload that is larger still: allocations of this size are
/// mapped apart from the heap, and go back to the system when they are freed.
const MOST_CHUNK: usize = 256 * 1024;

/// Memory that is a store's own: no other session's gap takes it.
const OWN: usize = 1024 * 1024;

/// The chunks, the newest of which is filled.
#[derive(Debug)]
pub(super) struct Store {
    chunks: BTreeMap<u64, Chunk>,
    next: u64,
    bytes: usize,
    shared: ReorderMemory,
}

#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    /// Payloads in it that were not taken yet.
    left: usize,
    /// Bytes of it that are the shared memory's.
    shared: usize,
}

/// Where a payload is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept {
    Nowhere,
    In { chunk: u64, from: usize, to: usize },
}

impl Store {
    pub(super) fn new(shared: ReorderMemory) -> Self {
        Self {
            chunks: BTreeMap::new(),
            next: 0,
            bytes: 0,
            shared,
        }
    }

    /// Keeps a copy, unless the shared memory has no room for another chunk.
    pub(super) fn put(&mut self, payload: &[u8]) -> Option<Kept> {
        if payload.is_empty() {
            return Some(Kept::Nowhere);
        }
        let growth = self.growth(payload.len());
        if growth > 0 {
            let shared = if self.bytes + growth > OWN { growth } else { 0 };
            if !self.shared.take(shared) {
                return None;
            }
            let bytes = Vec::with_capacity(growth);
            self.bytes += bytes.capacity();
            let chunk = Chunk {
                bytes,
                left: 0,
                shared,
            };
            self.chunks.insert(self.next, chunk);
            self.next += 1;
        }
        let mut last = self.chunks.last_entry()?;
        let number = *last.key();
        let chunk = last.get_mut();
        let from = chunk.bytes.len();
        chunk.bytes.extend_from_slice(payload);
        chunk.left += 1;
        Some(Kept::In {
            chunk: number,
            from,
            to: chunk.bytes.len(),
        })
    }

    /// Gives a payload out, and the memory back if it was the chunk's last.
    pub(super) fn take(&mut self, kept: &Kept) -> Bytes {
        let (number, from, to) = match kept {
            Kept::Nowhere => return Bytes::new(),
            Kept::In { chunk, from, to } => (*chunk, *from, *to),
        };
        let Some(chunk) = self.chunks.get_mut(&number) else {
            return Bytes::new();
        };
        let payload = Bytes::copy_from_slice(chunk.bytes.get(from..to).unwrap_or_default());
        chunk.left -= 1;
        if chunk.left == 0 {
            self.bytes -= chunk.bytes.capacity();
            self.shared.give(chunk.shared);
            self.chunks.remove(&number);
        }
        payload
    }

    /// Memory that the chunks take; bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How much more they would take with a payload of this length.
    pub(super) fn growth(&self, length: usize) -> usize {
        let room = self
            .chunks
            .last_key_value()
            .map_or(0, |(_, chunk)| chunk.bytes.capacity() - chunk.bytes.len());
        if length <= room {
            0
        } else {
            self.chunk_for(length)
        }
    }

    /// As much as there is already, so that few messages take little and many take few chunks.
    fn chunk_for(&self, length: usize) -> usize {
        self.bytes.clamp(LEAST_CHUNK, MOST_CHUNK).max(length)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        for chunk in self.chunks.values() {
            self.shared.give(chunk.shared);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Store {
        Store::new(ReorderMemory::default())
    }

    #[test]
    fn what_was_put_is_taken_whatever_the_order_and_nothing_is_left() {
        let mut store = store();
        let payloads: Vec<Vec<u8>> = (0..3_000_usize)
            .map(|number| vec![number.to_le_bytes()[0]; number * 7 % 1_500])
            .chain([vec![1; MOST_CHUNK + 1]])
            .collect();
        let mut kept: Vec<_> = payloads
            .iter()
            .map(|payload| (payload, store.put(payload).unwrap()))
            .collect();
        let sum: usize = payloads.iter().map(Vec::len).sum();
        assert!(store.bytes() >= sum, "{} of {sum}", store.bytes());
        assert!(store.bytes() < sum + sum / 4, "{} of {sum}", store.bytes());
        while !kept.is_empty() {
            let (payload, place) = kept.swap_remove(kept.len() / 3);
            assert_eq!(store.take(&place)[..], payload[..]);
        }
        assert_eq!(store.bytes(), 0);
        assert!(store.chunks.is_empty());
    }

    #[test]
    fn one_small_payload_takes_little() {
        let mut store = store();
        assert_eq!(store.growth(10), LEAST_CHUNK);
        let kept = store.put(b"0123456789").unwrap();
        assert_eq!((store.bytes(), store.growth(10)), (LEAST_CHUNK, 0));
        store.take(&kept);
        assert_eq!(store.bytes(), 0);
    }
}
