//! Standard streams that tell when they have ended.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// Passes bytes on. Its witness wakes when it has been read to its end, or shut down, or let
/// go, which its user does after the last byte.
#[derive(Debug)]
pub(crate) struct Witnessed<W> {
    inner: W,
    /// Wakes the witness.
    open: Option<oneshot::Sender<()>>,
}

/// Waits for the end of a [`Witnessed`] stream; an error if it was let go before.
pub(crate) type Witness = oneshot::Receiver<()>;

impl<W> Witnessed<W> {
    pub(crate) fn new(inner: W) -> (Self, Witness) {
        let (open, witness) = oneshot::channel();
        let open = Some(open);
        (Self { inner, open }, witness)
    }

    fn tell(&mut self) {
        if let Some(open) = self.open.take() {
            // A witness that is gone need not know.
            let _ = open.send(());
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Witnessed<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = (buffer.filled().len(), buffer.remaining());
        let done = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = done
            && before.1 > 0
            && buffer.filled().len() == before.0
        {
            self.tell();
        }
        done
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Witnessed<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.inner).poll_shutdown(cx);
        if done.is_ready() {
            self.tell();
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn the_witness_wakes_at_the_end_of_what_is_read_and_not_before() {
        let (mut reader, mut witness) = Witnessed::new(&b"ab"[..]);
        let mut two = [0; 2];
        reader.read_exact(&mut two).await.unwrap();
        let early = witness.try_recv();
        assert_eq!(early, Err(oneshot::error::TryRecvError::Empty));
        assert_eq!(reader.read(&mut two).await.unwrap(), 0);
        assert_eq!(witness.await, Ok(()));
    }

    #[tokio::test]
    async fn the_witness_wakes_at_the_end_and_not_before() {
        let (mut writer, mut witness) = Witnessed::new(Vec::new());
        writer.write_all(b"last words").await.unwrap();
        let early = witness.try_recv();
        assert_eq!(early, Err(oneshot::error::TryRecvError::Empty));
        writer.shutdown().await.unwrap();
        assert_eq!(witness.await, Ok(()));
        assert_eq!(writer.inner, b"last words");
    }

    #[tokio::test]
    async fn the_witness_wakes_when_the_writer_is_let_go() {
        let (writer, witness) = Witnessed::new(tokio::io::sink());
        drop(writer);
        assert!(witness.await.is_err());
    }
}
