//! The network between the client and the service: each accepted connection passes through it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::random::Random;

/// What a black hole does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlackHole {
    /// They arrive when it ends, as if TCP had resent them.
    #[default]
    Hold,
    /// They are gone, and with them the connections that carried them: those stay silent.
    Swallow,
}

/// Whether bytes pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hole {
    None,
    Of(BlackHole),
}

/// What the network is like at the moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    /// One way.
    pub(crate) latency: Duration,
    pub(crate) jitter: Duration,
    /// Bytes a second, each way of each connection.
    pub(crate) bandwidth: Option<u64>,
    pub(crate) hole: Hole,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            bandwidth: None,
            hole: Hole::None,
        }
    }
}

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// Chunks that may be on their way in one direction: 4 MiB, room for a fast and long path.
const ON_THE_WAY: usize = 256;

/// How long a client may keep a connection that the service has closed.
const LINGER: Duration = Duration::from_secs(5);

/// Ends one TCP connection in the ways that a peer can see.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker {
    reset: CancellationToken,
    drop: CancellationToken,
}

impl Breaker {
    /// Sends RST.
    pub(crate) fn reset(&self) {
        self.reset.cancel();
    }

    /// Says whether one of these was asked for: then nothing passes any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.reset.is_cancelled() || self.drop.is_cancelled()
    }

    /// Sends FIN, without anything that was still on its way.
    pub(crate) fn drop_connection(&self) {
        self.drop.cancel();
    }
}

/// Carries bytes between the socket and the service until both are done with each other.
pub(crate) async fn carry(
    mut socket: TcpStream,
    service: DuplexStream,
    link: watch::Receiver<Link>,
    breaker: Breaker,
    mut random: Random,
) {
    let reset = {
        let (socket_read, socket_write) = socket.split();
        let (service_read, service_write) = tokio::io::split(service);
        let second = Random::new(random.next());
        // Swallowed in one direction, a connection is dead in both.
        let dead = AtomicBool::new(false);
        let up = one_way(socket_read, service_write, link.clone(), random, &dead);
        let down = one_way(service_read, socket_write, link, second, &dead);
        let both = async {
            tokio::pin!(up, down);
            tokio::select! {
                () = &mut up => down.await,
                () = &mut down => {
                    // The service is done; a client that isn't gets a moment to see that.
                    let _ = timeout(LINGER, up).await;
                }
            }
        };
        tokio::select! {
            biased;
            () = breaker.reset.cancelled() => true,
            () = breaker.drop.cancelled() => false,
            () = both => false,
        }
    };
    if reset && let Err(error) = socket.set_zero_linger() {
        tracing::debug!(%error, "a connection can't be reset, it is closed");
    }
}

async fn one_way<R, W>(
    from: R,
    to: W,
    link: watch::Receiver<Link>,
    random: Random,
    dead: &AtomicBool,
) where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (sender, receiver) = mpsc::channel(ON_THE_WAY);
    let reading: Pin<Box<_>> = Box::pin(read(from, sender, link.clone(), random));
    let writing = Box::pin(write(to, receiver, link, dead));
    tokio::select! {
        // A writer that can't go on ends the direction; a reader at its end lets the
        // writer finish.
        () = async { tokio::join!(reading, std::future::pending::<()>()); } => {}
        () = writing => {}
    }
}

/// A chunk and when it arrives at the far side.
type Travelling = (Instant, Bytes);

async fn read<R: AsyncRead + Unpin>(
    mut from: R,
    sender: mpsc::Sender<Travelling>,
    link: watch::Receiver<Link>,
    mut random: Random,
) {
    let mut buffer = BytesMut::new();
    let mut latest = Instant::now();
    loop {
        buffer.reserve(CHUNK);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let Link {
            latency, jitter, ..
        } = *link.borrow();
        let due = Instant::now() + latency + jitter.mul_f64(random.fraction());
        // TCP keeps order whatever single packets do.
        latest = latest.max(due);
        if sender
            .send((latest, buffer.split().freeze()))
            .await
            .is_err()
        {
            return;
        }
    }
}

async fn write<W: AsyncWrite + Unpin>(
    mut to: W,
    mut receiver: mpsc::Receiver<Travelling>,
    mut link: watch::Receiver<Link>,
    dead: &AtomicBool,
) {
    let mut free_at = Instant::now();
    while let Some((due, chunk)) = receiver.recv().await {
        if due > Instant::now() {
            sleep_until(due).await;
        }
        loop {
            let hole = link.borrow_and_update().hole;
            match hole {
                Hole::None => break,
                Hole::Of(BlackHole::Swallow) => {
                    dead.store(true, Ordering::Relaxed);
                    break;
                }
                Hole::Of(BlackHole::Hold) => {
                    if link.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
        // A byte stream with a gap in it can't go on.
        if dead.load(Ordering::Relaxed) {
            continue;
        }
        let bandwidth = link.borrow().bandwidth;
        if let Some(rate) = bandwidth.filter(|rate| *rate > 0) {
            let micros = (chunk.len() as u64).saturating_mul(1_000_000) / rate;
            free_at = free_at.max(Instant::now()) + Duration::from_micros(micros);
            sleep_until(free_at).await;
        }
        if to.write_all(&chunk).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
    // Nothing to do about a peer that is gone already.
    let _ = to.shutdown().await;
}
