//! Connections at work: some for the whole time, others that come and go.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::{digest, download, exchange, round, upload};

/// Connections that carry bytes both ways for the whole time.
const LONG_LIVED: u64 = 3;

/// Connections that come and go, at a time.
const SHORT_LIVED: u64 = 2;

/// Bytes of one round of a long-lived connection, each way.
const ROUND: u64 = 512 * 1024;

/// Whatever takes longer stands still.
const PATIENCE: Duration = Duration::from_secs(90);

/// Faults that are kept; after so many, going on tells nothing new.
const MOST_FAULTS: usize = 20;

/// How long a person takes between two keys: often enough that each close meets some.
const KEYSTROKES: Duration = Duration::from_millis(50);

/// What is under way, and what came of it so far.
#[derive(Debug, Default)]
pub(super) struct Load {
    stopped: AtomicBool,
    up: AtomicU64,
    down: AtomicU64,
    short: AtomicU64,
    slowest_echo_ms: AtomicU64,
    faults: Mutex<Vec<String>>,
}

impl Load {
    /// Starts everything; each task ends after [`stop`](Self::stop), with its work done.
    pub(super) fn start(self: &Arc<Self>, address: SocketAddr) -> Vec<JoinHandle<()>> {
        let mut tasks = Vec::new();
        for worker in 0..LONG_LIVED {
            let load = Arc::clone(self);
            tasks.push(tokio::spawn(async move {
                load.long_lived(address, worker << 32).await;
            }));
        }
        for worker in 0..SHORT_LIVED {
            let load = Arc::clone(self);
            tasks.push(tokio::spawn(async move {
                load.short_lived(address, worker).await;
            }));
        }
        let load = Arc::clone(self);
        tasks.push(tokio::spawn(async move {
            let typed = load.keystrokes(address).await;
            load.lost("the connection that echoes", typed);
        }));
        tasks
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed) && !self.is_hopeless()
    }

    async fn long_lived(&self, address: SocketAddr, first_seed: u64) {
        let mut seed = first_seed;
        while self.goes_on() {
            let connection = async {
                let mut stream = TcpStream::connect(address).await?;
                let mut is_first = true;
                while self.goes_on() {
                    seed += 1;
                    patiently(round(&mut stream, is_first, ROUND, seed)).await?;
                    is_first = false;
                    self.up.fetch_add(ROUND, Ordering::Relaxed);
                    self.down.fetch_add(ROUND, Ordering::Relaxed);
                }
                Ok(())
            };
            self.lost("a long-lived connection", connection.await);
        }
    }

    async fn short_lived(&self, address: SocketAddr, worker: u64) {
        let mut turn = worker;
        while self.goes_on() {
            turn += 1;
            let came_and_went = self.one_short(address, turn).await;
            self.short.fetch_add(1, Ordering::Relaxed);
            self.lost("a short connection", came_and_went);
        }
    }

    async fn one_short(&self, address: SocketAddr, turn: u64) -> io::Result<()> {
        let mut stream = TcpStream::connect(address).await?;
        let count = 1 + turn * 7919 % (96 * 1024);
        let (up, down) = match turn % 3 {
            0 => {
                let came = patiently(download(&mut stream, count)).await?;
                (0, Some(came))
            }
            1 => {
                let arrived = patiently(upload(&mut stream, count)).await?;
                (count, Some(arrived))
            }
            _ => {
                let (came, arrived) = patiently(exchange(&mut stream, count)).await?;
                (count, (came == arrived).then_some(came))
            }
        };
        if down != Some(digest(count)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{count} bytes arrived changed"),
            ));
        }
        self.up.fetch_add(up, Ordering::Relaxed);
        self.down
            .fetch_add(if turn % 3 == 1 { 0 } else { count }, Ordering::Relaxed);
        Ok(())
    }

    /// Single bytes to and fro, as a person types, for the whole time.
    async fn keystrokes(&self, address: SocketAddr) -> io::Result<()> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream.write_u8(b'E').await?;
        stream.write_u64(u64::MAX).await?;
        let mut keys = tokio::time::interval(KEYSTROKES);
        let mut number: u32 = 0;
        while self.goes_on() {
            keys.tick().await;
            number = number.wrapping_add(1);
            let began = Instant::now();
            stream.write_u32(number).await?;
            let back = patiently(stream.read_u32()).await?;
            if back != number {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{back} came back for {number}"),
                ));
            }
            let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.slowest_echo_ms.fetch_max(took, Ordering::Relaxed);
        }
        Ok(())
    }

    fn lost(&self, what: &str, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            self.fault(format!("{what} was lost: {error}"));
        }
    }

    pub(super) fn fault(&self, fault: String) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() < MOST_FAULTS {
            faults.push(fault);
        }
    }

    pub(super) fn faults(&self) -> Vec<String> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.clone()
    }

    pub(super) fn is_hopeless(&self) -> bool {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.len() >= MOST_FAULTS
    }

    pub(super) fn up(&self) -> u64 {
        self.up.load(Ordering::Relaxed)
    }

    pub(super) fn down(&self) -> u64 {
        self.down.load(Ordering::Relaxed)
    }

    pub(super) fn short_connections(&self) -> u64 {
        self.short.load(Ordering::Relaxed)
    }

    pub(super) fn slowest_echo(&self) -> Duration {
        Duration::from_millis(self.slowest_echo_ms.load(Ordering::Relaxed))
    }

    /// All of it in a few words.
    pub(super) fn line(&self) -> String {
        format!(
            "{:.1} MB up, {:.1} MB down, {} short connections, slowest echo {} ms, {} faults",
            super::megabytes(self.up()),
            super::megabytes(self.down()),
            self.short_connections(),
            self.slowest_echo().as_millis(),
            self.faults().len()
        )
    }
}

async fn patiently<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match timeout(PATIENCE, future).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("it stood still for {} s", PATIENCE.as_secs()),
        )),
    }
}
