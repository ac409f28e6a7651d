use std::collections::VecDeque;
use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

/// Bytes of the blocks that small pieces are copied into: large enough that a reader gets
/// plenty in one piece, small enough not to matter when a stream holds just one.
const BLOCK: usize = 64 * 1024;

/// Pieces below this are copied: bookkeeping and the memory that a slice keeps would cost more.
pub(crate) const SMALL: usize = 512;

/// A queue of bytes that keeps large pieces as they are and collects small ones in blocks.
///
/// `cost` is what the bytes are charged with: their number, but for a lone slice the length of
/// the input that it keeps in memory.
#[derive(Default)]
pub(crate) struct ByteQueue {
    chunks: VecDeque<Bytes>,
    /// Follows the last chunk.
    block: BytesMut,
    len: usize,
    /// What the one chunk costs beyond its length, when it is a slice of something larger.
    excess: usize,
}

impl ByteQueue {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn cost(&self) -> usize {
        self.len + self.excess
    }

    /// Appends a piece of which the memory is used up by it and its neighbours: kept as it is, unless
    /// it is small and waits behind others.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if piece.len() < SMALL && !self.is_empty() {
            self.copy(&piece);
        } else {
            self.seal();
            self.len += piece.len();
            self.chunks.push_back(piece);
        }
    }

    /// Appends a piece of an input of `source` bytes: kept as it is only as long as nothing
    /// else waits, so that a backlog does not keep every message that it came in.
    pub(crate) fn push_slice(&mut self, piece: Bytes, source: usize) {
        if self.is_empty() && piece.len() >= SMALL {
            self.len = piece.len();
            self.excess = source.saturating_sub(piece.len());
            self.chunks.push_back(piece);
            return;
        }
        self.own_first();
        self.copy(&piece);
    }

    /// Takes the oldest piece.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        let piece = match self.chunks.pop_front() {
            Some(chunk) => chunk,
            None if self.block.is_empty() => return None,
            None => std::mem::take(&mut self.block).freeze(),
        };
        self.len -= piece.len();
        self.excess = 0;
        Some(piece)
    }

    /// Moves the oldest `count` bytes (or all, when there are fewer) to the end of `out`.
    pub(crate) fn move_to(&mut self, out: &mut BytesMut, count: usize) {
        let mut left = count;
        while left > 0 {
            if let Some(chunk) = self.chunks.front_mut() {
                let part = left.min(chunk.len());
                out.extend_from_slice(&chunk[..part]);
                chunk.advance(part);
                if chunk.is_empty() {
                    self.chunks.pop_front();
                }
                self.len -= part;
                left -= part;
            } else if self.block.is_empty() {
                return;
            } else {
                let part = left.min(self.block.len());
                out.extend_from_slice(&self.block[..part]);
                self.block.advance(part);
                self.len -= part;
                left -= part;
            }
        }
    }

    /// Drops everything, memory included.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Copies `piece` into the block behind the last chunk.
    fn copy(&mut self, piece: &[u8]) {
        if self.block.len() + piece.len() > BLOCK {
            self.seal();
        }
        self.block.extend_from_slice(piece);
        self.len += piece.len();
    }

    /// Makes the block a chunk, so that something can be put behind it.
    fn seal(&mut self) {
        if !self.block.is_empty() {
            self.chunks
                .push_back(std::mem::take(&mut self.block).freeze());
        }
    }

    /// Copies a lone slice of a message into memory of our own, and lets the message go.
    fn own_first(&mut self) {
        if self.excess > 0
            && let Some(slice) = self.chunks.pop_front()
        {
            self.len -= slice.len();
            self.excess = 0;
            self.copy(&slice);
        }
    }
}

// Users' data has no place in a log.
impl fmt::Debug for ByteQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteQueue")
            .field("len", &self.len)
            .field("cost", &self.cost())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(queue: &mut ByteQueue) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = queue.pop() {
            assert!(!piece.is_empty());
            all.extend_from_slice(&piece);
        }
        assert_eq!((queue.len(), queue.cost()), (0, 0));
        all
    }

    #[test]
    fn a_lone_large_slice_is_not_copied_and_costs_what_it_keeps() {
        let message = Bytes::from(vec![7; 4096]);
        let slice = message.slice(8..2048);
        let mut queue = ByteQueue::default();
        queue.push_slice(slice.clone(), message.len());
        assert_eq!((queue.len(), queue.cost()), (2040, 4096));
        let read = queue.pop().unwrap();
        assert_eq!(read.as_ptr(), slice.as_ptr());
        assert_eq!(queue.cost(), 0);
    }

    #[test]
    fn a_backlog_lets_go_of_the_messages_it_came_in() {
        let message = Bytes::from(vec![7; 2048]);
        let mut queue = ByteQueue::default();
        queue.push_slice(message.slice(8..1024), message.len());
        queue.push_slice(message.slice(1032..), message.len());
        assert!(message.is_unique());
        assert_eq!(queue.cost(), queue.len());
        assert_eq!(drained(&mut queue), message[..2032]);
    }

    #[test]
    fn a_small_piece_is_copied_only_when_it_waits_behind_others() {
        let piece = Bytes::from(vec![7; 20]);
        let mut queue = ByteQueue::default();
        queue.push(piece.clone());
        queue.push(piece.clone());
        queue.push(piece.clone());
        assert_eq!(queue.pop().unwrap().as_ptr(), piece.as_ptr());
        assert_eq!(queue.pop().unwrap(), [7; 40][..]);
    }

    #[test]
    fn many_tiny_pieces_become_few_large_ones() {
        let mut queue = ByteQueue::default();
        let mut expected = Vec::new();
        for n in 0..100_000_u32 {
            let [byte, ..] = n.to_le_bytes();
            queue.push_slice(Bytes::from(vec![byte; 1]), 1024);
            expected.push(byte);
        }
        assert!(queue.chunks.len() <= 100_000 / BLOCK + 1);
        assert_eq!(drained(&mut queue), expected);
    }

    #[test]
    fn small_and_large_pieces_keep_their_order() {
        let mut queue = ByteQueue::default();
        let mut expected = Vec::new();
        for size in [1, 600, 3, 511, 512, 70_000, 2, 65_535, 9] {
            let piece = vec![u8::try_from(expected.len() % 251).unwrap(); size];
            expected.extend_from_slice(&piece);
            queue.push(piece.into());
        }
        let mut out = BytesMut::new();
        for count in [0, 1, 599, 2000, 100_000] {
            queue.move_to(&mut out, count);
        }
        out.extend_from_slice(&drained(&mut queue));
        assert_eq!(out, expected);
    }
}
