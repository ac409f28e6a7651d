//! smux version 1, the server's side, and a connection for each stream (docs/protocol.md,
//! section 5).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::dial::Destination;
use super::{Event, Wires};
use crate::service::Service;

const VERSION: u8 = 1;
const HEADER: usize = 8;
const SYN: u8 = 0;
const FIN: u8 = 1;
const PSH: u8 = 2;
const NOP: u8 = 3;

/// The most that the agent puts into one frame.
const LARGEST_FRAME: usize = 32_768;

/// The bytes are not smux; there is no way to find the next frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// A frame of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Frame {
    Syn(u32),
    Fin(u32),
    Psh(u32, Bytes),
    Nop,
}

/// Writes a frame without data, or with up to 65,535 bytes of it.
fn frame(command: u8, stream: u32, data: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEADER + data.len());
    frame.put_u8(VERSION);
    frame.put_u8(command);
    frame.put_u16_le(u16::try_from(data.len()).unwrap_or(u16::MAX));
    frame.put_u32_le(stream);
    frame.put_slice(data);
    frame.freeze()
}

pub(super) fn fin(stream: u32) -> Bytes {
    frame(FIN, stream, &[])
}

pub(super) fn nop() -> Bytes {
    frame(NOP, 0, &[])
}

/// Cuts the byte stream into frames.
#[derive(Debug, Default)]
struct Parser {
    buffer: BytesMut,
}

impl Parser {
    fn next(&mut self) -> Result<Option<Frame>, Broken> {
        let Some(mut header) = self.buffer.get(..HEADER) else {
            return Ok(None);
        };
        if header.get_u8() != VERSION {
            return Err(Broken);
        }
        let command = header.get_u8();
        let length = usize::from(header.get_u16_le());
        let stream = header.get_u32_le();
        if command > NOP || (command != PSH && length > 0) {
            return Err(Broken);
        }
        if self.buffer.len() < HEADER + length {
            return Ok(None);
        }
        self.buffer.advance(HEADER);
        let data = self.buffer.split_to(length).freeze();
        Ok(Some(match command {
            SYN => Frame::Syn(stream),
            FIN => Frame::Fin(stream),
            PSH => Frame::Psh(stream, data),
            _ => Frame::Nop,
        }))
    }
}

/// The one bucket of bytes that all streams of a session share.
#[derive(Debug)]
pub(super) struct Bucket {
    free: AtomicI64,
    returned: Notify,
}

impl Bucket {
    pub(super) fn new(size: usize) -> Arc<Self> {
        Arc::new(Self {
            free: AtomicI64::new(i64::try_from(size).unwrap_or(i64::MAX)),
            returned: Notify::new(),
        })
    }

    /// Says whether the session may be read on.
    pub(super) fn has_room(&self) -> bool {
        self.free.load(Ordering::Acquire) > 0
    }

    /// Waits until some bytes were taken by a destination.
    pub(super) async fn room(&self) {
        let returned = self.returned.notified();
        if !self.has_room() {
            returned.await;
        }
    }
}

/// Data for a destination; it is in the bucket until it is dropped.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) data: Bytes,
    bucket: Arc<Bucket>,
}

impl Chunk {
    pub(super) fn new(data: Bytes, bucket: &Arc<Bucket>) -> Self {
        bucket.free.fetch_sub(size(&data), Ordering::AcqRel);
        Self {
            data,
            bucket: Arc::clone(bucket),
        }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let size = size(&self.data);
        self.bucket.free.fetch_add(size, Ordering::AcqRel);
        self.bucket.returned.notify_one();
    }
}

fn size(data: &Bytes) -> i64 {
    i64::try_from(data.len()).unwrap_or(i64::MAX)
}

pub(super) struct Mux {
    parser: Parser,
    bucket: Arc<Bucket>,
    /// The way to each stream's destination; `None` after the client's FIN.
    streams: HashMap<u32, Option<mpsc::UnboundedSender<Chunk>>>,
    accepted: mpsc::UnboundedSender<Accepted>,
    broken: bool,
    _ends_with_the_session: DropGuard,
}

/// A stream that waits for its destination to be dialled.
struct Accepted {
    stream: u32,
    from_client: mpsc::UnboundedReceiver<Chunk>,
}

impl Mux {
    pub(super) fn new(
        service: &Arc<Service>,
        wires: Wires,
        destination: Destination,
        bucket: Arc<Bucket>,
    ) -> Self {
        let (accepted, to_dial) = mpsc::unbounded_channel();
        let end = CancellationToken::new();
        let dialling = Dialling {
            service: Arc::clone(service),
            wires,
            destination,
            end: end.clone(),
        };
        service.spawn(dialling.run(to_dial));
        Self {
            parser: Parser::default(),
            bucket,
            streams: HashMap::new(),
            accepted,
            broken: false,
            _ends_with_the_session: end.drop_guard(),
        }
    }

    /// Takes session data. After a framing error, all that follows is swallowed.
    pub(super) fn input(&mut self, data: &[u8]) -> Result<(), Broken> {
        if self.broken {
            return Ok(());
        }
        self.parser.buffer.extend_from_slice(data);
        loop {
            match self.parser.next() {
                Ok(None) => return Ok(()),
                Ok(Some(frame)) => self.take(frame),
                Err(broken) => {
                    self.broken = true;
                    return Err(broken);
                }
            }
        }
    }

    fn take(&mut self, frame: Frame) {
        match frame {
            Frame::Syn(stream) => {
                if self.streams.contains_key(&stream) {
                    return;
                }
                let (to_destination, from_client) = mpsc::unbounded_channel();
                self.streams.insert(stream, Some(to_destination));
                let accepted = Accepted {
                    stream,
                    from_client,
                };
                // The dialling task lives as long as this mux.
                let _ = self.accepted.send(accepted);
            }
            Frame::Psh(stream, data) => {
                if let Some(Some(to_destination)) = self.streams.get(&stream) {
                    // A stream that has just ended takes nothing; the data is dropped.
                    let _ = to_destination.send(Chunk::new(data, &self.bucket));
                }
            }
            Frame::Fin(stream) => {
                if let Some(to_destination) = self.streams.get_mut(&stream) {
                    *to_destination = None;
                }
            }
            Frame::Nop => {}
        }
    }

    /// The stream has ended on this side: what still comes for it is dropped.
    pub(super) fn ended(&mut self, stream: u32) {
        self.streams.remove(&stream);
    }

    pub(super) fn has_streams(&self) -> bool {
        !self.streams.is_empty()
    }
}

/// Dials for one stream after the other, as the agent's accept loop does: a destination that
/// hangs delays the next stream.
struct Dialling {
    service: Arc<Service>,
    wires: Wires,
    destination: Destination,
    end: CancellationToken,
}

impl Dialling {
    async fn run(self, mut to_dial: mpsc::UnboundedReceiver<Accepted>) {
        while let Some(accepted) = to_dial.recv().await {
            let dialled = tokio::select! {
                () = self.end.cancelled() => return,
                dialled = self.destination.dial() => dialled,
            };
            let stream = accepted.stream;
            match dialled {
                Ok(socket) => {
                    self.wires.event(Event::Connected);
                    let wires = self.wires.clone();
                    let end = self.end.clone();
                    self.service.spawn(async move {
                        tokio::select! {
                            () = end.cancelled() => {}
                            () = transfer(socket, accepted, wires) => {}
                        }
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, stream, "destination refused");
                    self.wires.event(Event::DialFailed(stream));
                }
            }
        }
    }
}

/// Carries both ways until one ends; then the other does, too.
async fn transfer(socket: TcpStream, accepted: Accepted, wires: Wires) {
    let Accepted {
        stream,
        from_client,
    } = accepted;
    let (read, write) = socket.into_split();
    let client_ended = CancellationToken::new();
    let up = async {
        upload(from_client, write).await;
        client_ended.cancel();
        // The destination's socket is closed by the end of the other direction.
        std::future::pending::<()>().await;
    };
    let down = download(read, stream, &wires, &client_ended);
    tokio::select! {
        () = up => {}
        () = down => {}
    }
    wires.output(fin(stream)).await;
    wires.event(Event::StreamEnded(stream));
}

async fn upload(mut from_client: mpsc::UnboundedReceiver<Chunk>, mut write: OwnedWriteHalf) {
    while let Some(chunk) = from_client.recv().await {
        let data = chunk.data.clone();
        // It leaves the bucket when it is read, not when the destination has taken it.
        drop(chunk);
        if write.write_all(&data).await.is_err() {
            break;
        }
    }
    // Forgotten, so that closing sends one FIN for both directions, when both are dropped.
    write.forget();
}

async fn download(
    mut read: OwnedReadHalf,
    stream: u32,
    wires: &Wires,
    client_ended: &CancellationToken,
) {
    let mut buffer = vec![0; LARGEST_FRAME];
    loop {
        let count = tokio::select! {
            biased;
            () = client_ended.cancelled() => return,
            count = read.read(&mut buffer) => count,
        };
        match count {
            Ok(0) | Err(_) => return,
            Ok(count) => {
                let data = buffer.get(..count).unwrap_or_default();
                wires.output(frame(PSH, stream, data)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(parser: &mut Parser, data: &[u8]) -> Result<Vec<Frame>, Broken> {
        let mut frames = Vec::new();
        for byte in data {
            parser.buffer.put_u8(*byte);
            while let Some(frame) = parser.next()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    #[test]
    fn frames_are_found_wherever_the_bytes_are_cut() {
        let mut bytes = Vec::new();
        for each in [frame(SYN, 3, &[]), frame(PSH, 3, b"hello"), nop(), fin(3)] {
            bytes.extend_from_slice(&each);
        }
        let expected = [
            Frame::Syn(3),
            Frame::Psh(3, Bytes::from_static(b"hello")),
            Frame::Nop,
            Frame::Fin(3),
        ];
        assert_eq!(all(&mut Parser::default(), &bytes).unwrap(), expected);
    }

    #[test]
    fn the_length_and_the_stream_are_little_endian() {
        let bytes = frame(PSH, 0x0102_0304, &[7; 258]);
        assert_eq!(bytes[..8], [1, 2, 2, 1, 4, 3, 2, 1]);
    }

    #[test]
    fn what_is_not_smux_breaks_the_stream() {
        for bad in [
            &[2, 0, 0, 0, 3, 0, 0, 0][..],
            &[1, 4, 0, 0, 3, 0, 0, 0],
            &[1, 0, 1, 0, 3, 0, 0, 0],
        ] {
            assert_eq!(all(&mut Parser::default(), bad), Err(Broken), "{bad:?}");
        }
    }

    #[test]
    fn a_chunk_is_in_the_bucket_until_it_is_dropped() {
        let bucket = Bucket::new(10);
        let chunk = Chunk::new(Bytes::from_static(&[0; 10]), &bucket);
        assert!(!bucket.has_room());
        drop(chunk);
        assert!(bucket.has_room());
    }
}
