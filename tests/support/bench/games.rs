//! What is played over one tunnel, and how long it takes.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Measure, milliseconds};
use crate::process::Process;
use crate::{digest, download, upload};

/// Streams of the transfers that go side by side, and workers.
const MANY: usize = 8;

const ECHOES: usize = 200;

/// How long connections are opened and closed, in each of both ways.
const OPENING: Duration = Duration::from_secs(3);

const OBJECTS: u64 = 109;
const PAGE_CONNECTIONS: usize = 6;

/// An upload carries so many times what a download does: at 14 MB/s it would be over before its messages
/// have grown to their full size.
const UPLOAD_TIMES: u64 = 4;

/// Longer than any game takes at the slowest of all programs.
const PATIENCE: Duration = Duration::from_secs(600);

/// One tunnel to play over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Games {
    address: SocketAddr,
    bulk: u64,
}

impl Games {
    pub(super) fn new(address: SocketAddr, bulk: u64) -> Self {
        Self { address, bulk }
    }

    /// Plays all of them, one after the other.
    pub(super) async fn play(
        self,
        process: &Process,
    ) -> Result<Vec<(Measure, f64)>, Box<dyn Error>> {
        timeout(PATIENCE, self.all(process)).await?
    }

    async fn all(self, process: &Process) -> Result<Vec<(Measure, f64)>, Box<dyn Error>> {
        let mut measured = Vec::new();
        let idle = self.echoes(ECHOES).await?;
        measured.push((Measure::Echo, quantile(&idle, 0.5)));
        measured.push((Measure::EchoTail, quantile(&idle, 0.99)));
        for workers in [1, MANY] {
            let rate = self.connections(workers).await?;
            measured.push((Measure::Connections(workers), rate));
        }
        measured.push((Measure::Page, milliseconds(self.page().await?)));

        let before = process.figures();
        for streams in [1, MANY] {
            let rate = self.transfers(streams, Way::Down).await?;
            measured.push((Measure::Download(streams), rate));
        }
        let between = process.figures();
        for streams in [1, MANY] {
            let rate = self.transfers(streams, Way::Up).await?;
            measured.push((Measure::Upload(streams), rate));
        }
        let after = process.figures();
        measured.push((
            Measure::EchoBesideDownload,
            self.echoes_beside_a_download().await?,
        ));
        if let (Some(before), Some(between), Some(after)) = (before, between, after) {
            let down = between.cpu.saturating_sub(before.cpu).as_secs_f64();
            let up = after.cpu.saturating_sub(between.cpu).as_secs_f64();
            for (measure, cpu, way) in [
                (Measure::CpuDown, down, Way::Down),
                (Measure::CpuUp, up, Way::Up),
            ] {
                // Once over one connection, once over many.
                let gigabytes = self.bytes(way) as f64 * 2.0 / 1e9;
                measured.push((measure, cpu / gigabytes));
            }
        }
        if let Some(figures) = process.figures() {
            measured.push((Measure::Resident, figures.peak_kib as f64 * 1024.0 / 1e6));
        }
        Ok(measured)
    }

    /// How long each of so many echoes on one connection takes, in ms.
    async fn echoes(self, count: usize) -> io::Result<Vec<f64>> {
        let mut stream = self.echo_connection(u64::MAX).await?;
        let mut took = Vec::with_capacity(count);
        for _ in 0..count {
            took.push(milliseconds(one_echo(&mut stream).await?));
        }
        Ok(took)
    }

    /// The median echo while a download goes on, in ms.
    async fn echoes_beside_a_download(self) -> io::Result<f64> {
        let mut bulk = TcpStream::connect(self.address).await?;
        bulk.write_u8(b'D').await?;
        bulk.write_u64(self.bulk).await?;
        // It is under way.
        let mut first = vec![0; 64 * 1024];
        bulk.read_exact(&mut first).await?;
        let mut rest = tokio::spawn(async move {
            let mut buffer = vec![0; 64 * 1024];
            while bulk.read(&mut buffer).await? > 0 {}
            Ok::<_, io::Error>(())
        });
        let mut stream = self.echo_connection(u64::MAX).await?;
        let mut took = Vec::new();
        loop {
            tokio::select! {
                ended = &mut rest => {
                    ended.map_err(io::Error::other)??;
                    return Ok(quantile(&took, 0.5));
                }
                echo = one_echo(&mut stream) => took.push(milliseconds(echo?)),
            }
        }
    }

    /// Connections a second that are opened, used for one byte and closed.
    async fn connections(self, workers: usize) -> io::Result<f64> {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..workers {
            tasks.spawn(async move {
                let mut count = 0_u32;
                while began.elapsed() < OPENING {
                    let mut stream = self.echo_connection(1).await?;
                    one_echo(&mut stream).await?;
                    if stream.read(&mut [0]).await? != 0 {
                        return Err(changed("more came than was sent"));
                    }
                    count += 1;
                }
                Ok(count)
            });
        }
        let mut all = 0;
        while let Some(count) = tasks.join_next().await {
            all += count.map_err(io::Error::other)??;
        }
        Ok(f64::from(all) / began.elapsed().as_secs_f64())
    }

    /// How long a page takes, as a browser fetches one: objects of 2 to 32 KB, 1.8 MB together.
    async fn page(self) -> io::Result<Duration> {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for connection in 0..PAGE_CONNECTIONS {
            tasks.spawn(async move {
                let mut stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream.write_u8(b'P').await?;
                let mut buffer = vec![0; 64 * 1024];
                for object in (0..OBJECTS).skip(connection).step_by(PAGE_CONNECTIONS) {
                    let size = 2_000 + object * 7_919 % 30_000;
                    stream.write_u64(size).await?;
                    let size = usize::try_from(size).unwrap_or(usize::MAX);
                    stream.read_exact(&mut buffer[..size]).await?;
                }
                Ok::<_, io::Error>(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(began.elapsed())
    }

    /// MB/s of so many transfers side by side; every byte is looked at.
    async fn transfers(self, streams: usize, way: Way) -> io::Result<f64> {
        let each = self.bytes(way) / streams as u64;
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..streams {
            tasks.spawn(async move {
                let mut stream = TcpStream::connect(self.address).await?;
                match way {
                    Way::Down => download(&mut stream, each).await,
                    Way::Up => upload(&mut stream, each).await,
                }
            });
        }
        let expected = digest(each);
        while let Some(came) = tasks.join_next().await {
            if came.map_err(io::Error::other)?? != expected {
                return Err(changed("bytes arrived changed"));
            }
        }
        Ok((each * streams as u64) as f64 / 1e6 / began.elapsed().as_secs_f64())
    }

    fn bytes(self, way: Way) -> u64 {
        match way {
            Way::Down => self.bulk,
            Way::Up => self.bulk.saturating_mul(UPLOAD_TIMES),
        }
    }

    /// A connection on which so many bytes come back.
    async fn echo_connection(self, bytes: u64) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut question = [b'E'; 9];
        question[1..].copy_from_slice(&bytes.to_be_bytes());
        stream.write_all(&question).await?;
        Ok(stream)
    }
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Down,
    Up,
}

async fn one_echo(stream: &mut TcpStream) -> io::Result<Duration> {
    let began = Instant::now();
    stream.write_u8(0x5A).await?;
    match stream.read_u8().await? {
        0x5A => Ok(began.elapsed()),
        _ => Err(changed("another byte came back")),
    }
}

fn changed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The value below which this share of all lies; not a number if there is none.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    // Between nought and the last index.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let at = (last * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
