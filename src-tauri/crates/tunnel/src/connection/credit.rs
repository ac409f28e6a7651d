//! How far a local side is read.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::Semaphore;

/// What one read takes at most. Large enough that a bulk upload costs few wake-ups.
const READ_SIZE: usize = 32 * 1024;

/// What one read can take at least before there is a new buffer: pieces share one, so that none has to be
/// copied into memory of its own, and all but an eighth of it is used up by them.
const READ_LEAST: usize = READ_SIZE / 8;

/// The session task's end of the bytes that a local reader may hand over.
#[derive(Debug)]
pub(super) struct Credit {
    permits: Arc<Semaphore>,
    /// What it may still hand over, and what it has handed over and was not taken yet.
    granted: usize,
}

/// The reader's end of it.
#[derive(Debug)]
pub(super) struct ReaderCredit(Arc<Semaphore>);

impl Credit {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(bytes)),
            granted: bytes,
        }
    }

    pub(super) fn of_reader(&self) -> ReaderCredit {
        ReaderCredit(Arc::clone(&self.permits))
    }

    /// Counts bytes that were taken.
    pub(super) fn take(&mut self, bytes: usize) {
        self.granted = self.granted.saturating_sub(bytes);
    }

    /// Gives credit for as much as there is room for. What was given before stays, also when there is
    /// less room by now: the reader may be at it.
    pub(super) fn settle(&mut self, room: usize) {
        let more = room.saturating_sub(self.granted);
        if more > 0 {
            self.granted += more;
            self.permits.add_permits(more);
        }
    }
}

impl ReaderCredit {
    /// Reads the next piece, as far as the credit goes; an empty one is the end of file.
    pub(super) async fn read(
        &self,
        reader: &mut (impl AsyncRead + Unpin),
        buffer: &mut BytesMut,
    ) -> io::Result<Bytes> {
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        // Without credit nothing is read: the local side feels it in its own send window.
        drop(self.0.acquire().await.map_err(closed)?);
        if buffer.capacity() < READ_LEAST {
            buffer.reserve(READ_SIZE);
        }
        let most = self.0.available_permits().clamp(1, READ_SIZE);
        let count = reader.take(most as u64).read_buf(buffer).await?;
        let permits = u32::try_from(count).unwrap_or(u32::MAX);
        if let Ok(permit) = self.0.acquire_many(permits).await {
            permit.forget();
        }
        Ok(buffer.split().freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads until so many bytes have come.
    async fn read(credit: &ReaderCredit, reader: &mut &[u8], bytes: usize) {
        let mut buffer = BytesMut::new();
        let before = reader.len();
        while before - reader.len() < bytes {
            credit.read(reader, &mut buffer).await.unwrap();
        }
        assert_eq!(before - reader.len(), bytes);
    }

    #[tokio::test]
    async fn a_local_side_is_read_no_further_than_there_is_room_as_that_changes() {
        let mut local = &[7; 1_000_000][..];
        let mut credit = Credit::new(5_000);
        let reader = credit.of_reader();
        read(&reader, &mut local, 5_000).await;
        // There is no room yet for more than what was read and not taken.
        credit.settle(4_000);
        assert_eq!(reader.0.available_permits(), 0);
        credit.take(5_000);
        // There is less room now than before, and then more.
        credit.settle(1_000);
        credit.settle(800);
        read(&reader, &mut local, 1_000).await;
        credit.take(1_000);
        credit.settle(200_000);
        read(&reader, &mut local, 200_000).await;
        assert_eq!(reader.0.available_permits(), 0);
    }

    #[tokio::test]
    async fn pieces_that_follow_each_other_are_not_copied_and_share_their_memory() {
        let mut local = &[7; 100_000][..];
        let credit = Credit::new(1);
        let reader = credit.of_reader();
        let mut buffer = BytesMut::new();
        let mut buffers = 1;
        let mut before = reader.read(&mut local, &mut buffer).await.unwrap();
        for _ in 1..60_000 {
            credit.permits.add_permits(1);
            let piece = reader.read(&mut local, &mut buffer).await.unwrap();
            if piece.as_ptr() != before.as_ptr().wrapping_add(1) {
                buffers += 1;
            }
            before = piece;
        }
        assert!(buffers <= 3, "{buffers} buffers");
    }
}
