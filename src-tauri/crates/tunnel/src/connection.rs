//! One local connection: a task that moves bytes between a socket and its session's task.

mod credit;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tracing::Instrument as _;
use tunnel_proto::ConnectionId;

use self::credit::{Credit, ReaderCredit};
use crate::listen::Local;
use crate::local_peer::{LocalPeers, Peer};
use crate::look::{FarEnd, SeenConnection};

/// Chunks that may wait for the local writer before the session keeps them instead.
const WRITE_QUEUE: usize = 64;

/// How long a local side may go on sending after its destination has closed. What it sends is
/// dropped; closing at once would reset the connection and could destroy an answer that it
/// has not read yet.
const DRAIN: Duration = Duration::from_secs(10);

/// From a local connection to its session's task.
#[derive(Debug)]
pub(crate) enum FromConnection {
    /// Bytes for the destination.
    Data(ConnectionId, Bytes),
    /// The local side has nothing more to say.
    EndOfFile(ConnectionId),
    /// The local side is wholly gone.
    Gone(ConnectionId),
    /// The local side takes bytes again.
    Drained(ConnectionId),
}

/// From the session's task to a local connection.
#[derive(Debug)]
enum ToConnection {
    Data(Bytes),
    /// The destination has closed: pass that on when everything is written.
    Finish,
}

/// The session task's end of a connection. Dropping it resets the local connection.
#[derive(Debug)]
pub(crate) struct Connection {
    queue: mpsc::Sender<ToConnection>,
    credit: Credit,
    /// The writer is to say when its queue has room again.
    starved: Arc<AtomicBool>,
    /// What those who look at the tunnel are told.
    seen: SeenConnection,
    _task: AbortOnDrop,
}

#[derive(Debug)]
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    /// Starts the task of a connection. `capacity` is what the session takes of it at first.
    pub(crate) fn start(
        id: ConnectionId,
        local: Local,
        capacity: usize,
        inbox: mpsc::Sender<FromConnection>,
        peers: LocalPeers,
    ) -> Self {
        let (queue, commands) = mpsc::channel(WRITE_QUEUE);
        let seen = SeenConnection::begin(id, FarEnd::of(&local));
        let credit = Credit::new(capacity);
        let starved = Arc::new(AtomicBool::new(false));
        let pump = Pump {
            id,
            inbox,
            commands,
            credit: credit.of_reader(),
            starved: Arc::clone(&starved),
        };
        let span = tracing::error_span!("connection", key = %id);
        let task = match local {
            Local::Tcp(stream) => tokio::spawn(pump.run_tcp(stream, peers).instrument(span)),
            Local::Unix(stream) => {
                let run = async move {
                    let (reader, writer) = stream.into_split();
                    // A Unix socket tells a full close from a half close by itself: a later
                    // write fails at once. There is no peer to look up.
                    pump.run(reader, writer, std::future::pending()).await;
                };
                tokio::spawn(run.instrument(span))
            }
            Local::Stream(reader, writer) => {
                let run = async move {
                    pump.run(reader, writer, std::future::pending()).await;
                };
                tokio::spawn(run.instrument(span))
            }
        };
        Self {
            queue,
            credit,
            starved,
            seen,
            _task: AbortOnDrop(task.abort_handle()),
        }
    }

    /// Counts bytes that the session took from the connection.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.credit.take(bytes);
        self.seen.bytes_up += bytes as u64;
    }

    /// Counts bytes that the connection was given.
    pub(crate) fn count_down(&mut self, bytes: usize) {
        self.seen.bytes_down += bytes as u64;
    }

    /// The connection as it is seen from outside.
    pub(crate) fn seen(&self) -> SeenConnection {
        self.seen
    }

    /// Lets the local reader read as much as the session has room for.
    pub(crate) fn settle(&mut self, room: usize) {
        self.credit.settle(room);
    }

    /// Says whether [`write`](Self::write) has room. If not, [`FromConnection::Drained`]
    /// follows when it has.
    pub(crate) fn can_write(&self) -> bool {
        if self.queue.capacity() > 0 {
            return true;
        }
        self.starved.store(true, Ordering::SeqCst);
        // The writer may have emptied the queue before it could see the mark.
        self.queue.capacity() > 0
    }

    /// Queues bytes for the local side. Only after [`can_write`](Self::can_write).
    pub(crate) fn write(&self, data: Bytes) {
        // A closed queue means that the task is about to say Gone.
        let _ = self.queue.try_send(ToConnection::Data(data));
    }

    /// Passes the destination's end of file on, behind everything that was written, and lets
    /// the connection end by itself.
    pub(crate) fn finish(self) {
        let Self {
            queue, _task: task, ..
        } = self;
        tokio::spawn(async move {
            if queue.send(ToConnection::Finish).await.is_ok() {
                queue.closed().await;
            }
            drop(task);
        });
    }
}

/// The connection task's state.
struct Pump {
    id: ConnectionId,
    inbox: mpsc::Sender<FromConnection>,
    commands: mpsc::Receiver<ToConnection>,
    credit: ReaderCredit,
    starved: Arc<AtomicBool>,
}

/// How the writing direction ended.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    /// Everything, and the end of file.
    Finished,
    /// The session dropped the connection.
    Dropped,
}

impl Pump {
    async fn run_tcp(self, mut stream: TcpStream, peers: LocalPeers) {
        // Small packets of interactive protocols must not wait for others.
        let _ = stream.set_nodelay(true);
        let peer = Peer::of(&stream);
        // Whatever ends this task otherwise than by `finish` is an abort: the local side
        // should see a reset, not the orderly end of a stream that was cut short.
        let _ = stream.set_zero_linger();
        let gone = async move {
            match peer {
                Some(peer) => peers.gone(peer).await,
                None => std::future::pending().await,
            }
        };
        // Borrowed halves: owned ones send an end of file when they are dropped, which the local
        // side would see before the reset.
        let (reader, writer) = stream.split();
        if self.run(reader, writer, gone).await {
            let _ = socket2::SockRef::from(&stream).set_linger(None);
        }
    }

    /// Moves bytes both ways until the connection is over. Returns whether it ended in order.
    async fn run<R, W>(
        mut self,
        mut reader: R,
        mut writer: W,
        peer_gone: impl Future<Output = ()>,
    ) -> bool
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (id, inbox) = (self.id, self.inbox.clone());
        let written = {
            let mut reading = pin!(read_side(id, &mut reader, &self.inbox, &self.credit));
            let mut writing = pin!(write_side(
                id,
                &mut writer,
                &mut self.commands,
                &self.starved,
                &self.inbox
            ));
            tokio::select! {
                read = &mut reading => match read {
                    Ok(()) => tokio::select! {
                        written = &mut writing => written,
                        () = peer_gone => Err(io::ErrorKind::ConnectionReset.into()),
                    },
                    Err(error) => Err(error),
                },
                written = &mut writing => written,
            }
        };
        match written {
            Ok(Written::Finished) => {
                // Only now may the local side see an orderly end.
                let _ = tokio::time::timeout(DRAIN, discard(&mut reader)).await;
                true
            }
            Ok(Written::Dropped) => false,
            Err(error) => {
                tracing::debug!(%error, "the local side is gone");
                let _ = inbox.send(FromConnection::Gone(id)).await;
                false
            }
        }
    }
}

/// Reads until the end of file, as far as the session's credit goes.
async fn read_side(
    id: ConnectionId,
    reader: &mut (impl AsyncRead + Unpin),
    inbox: &mpsc::Sender<FromConnection>,
    credit: &ReaderCredit,
) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
    loop {
        let data = credit.read(reader, &mut buffer).await?;
        let is_end = data.is_empty();
        let message = match is_end {
            true => FromConnection::EndOfFile(id),
            false => FromConnection::Data(id, data),
        };
        inbox.send(message).await.map_err(|_| closed())?;
        if is_end {
            return Ok(());
        }
    }
}

/// Writes what the session queues.
async fn write_side(
    id: ConnectionId,
    writer: &mut (impl AsyncWrite + Unpin),
    commands: &mut mpsc::Receiver<ToConnection>,
    starved: &AtomicBool,
    inbox: &mpsc::Sender<FromConnection>,
) -> io::Result<Written> {
    let mut batch = Vec::with_capacity(WRITE_QUEUE);
    loop {
        if commands.recv_many(&mut batch, WRITE_QUEUE).await == 0 {
            return Ok(Written::Dropped);
        }
        let mut finish = false;
        let mut chunks = Vec::with_capacity(batch.len());
        for command in batch.drain(..) {
            match command {
                ToConnection::Data(data) => chunks.push(data),
                ToConnection::Finish => finish = true,
            }
        }
        write_all(writer, &chunks).await?;
        writer.flush().await?;
        if finish {
            writer.shutdown().await?;
            return Ok(Written::Finished);
        }
        if starved.swap(false, Ordering::SeqCst) {
            let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
            inbox
                .send(FromConnection::Drained(id))
                .await
                .map_err(closed)?;
        }
    }
}

/// Writes all chunks with as few system calls as the writer allows.
async fn write_all(writer: &mut (impl AsyncWrite + Unpin), chunks: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<_> = chunks.iter().map(|chunk| io::IoSlice::new(chunk)).collect();
    let mut rest = &mut slices[..];
    io::IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        let count = writer.write_vectored(rest).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        io::IoSlice::advance_slices(&mut rest, count);
    }
    Ok(())
}

async fn discard(reader: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = [0; 4096];
    while matches!(reader.read(&mut buffer).await, Ok(1..)) {}
}
