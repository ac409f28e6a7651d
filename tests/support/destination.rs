//! A destination that sends, takes and echoes bytes, and the local side's half of each game.
//!
//! A client says what it wants in nine bytes, a letter and a number:
//!
//! | | |
//! | --- | --- |
//! | `D` n | n bytes of the pattern come back, then the end |
//! | `U` n | n bytes are taken, their digest comes back, then the end |
//! | `X` n | both at once; the digest comes behind the pattern |
//! | `E` n | n bytes are echoed as they come, then the end |
//! | `P` n | n bytes of the pattern come back; then the next number may come, as a page is fetched |
//! | `R` n | as `X`, with a seed behind the number that makes the pattern another one; then the next number may come |

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::kept;

const CHUNK: usize = 16 * 1024;

/// A server on loopback; it ends when it is dropped.
#[derive(Debug)]
pub struct Destination {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Destination {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Destination {
    /// Listens on a free port.
    ///
    /// # Errors
    /// What the system says.
    pub async fn start() -> io::Result<Self> {
        kept::log();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that breaks off is its own test's business.
                tokio::spawn(async move { serve(stream).await.ok() });
            }
        });
        Ok(Self { address, task })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let game = stream.read_u8().await?;
    let count = stream.read_u64().await?;
    let (mut reader, mut writer) = stream.split();
    match game {
        b'D' => send(&mut writer, count).await?,
        b'U' => {
            let digest = take(&mut reader, count).await?;
            writer.write_all(&digest).await?;
        }
        b'P' => return pages(&mut stream, count).await,
        b'R' => return rounds(&mut stream, count).await,
        b'X' => {
            let (sent, digest) = tokio::join!(send(&mut writer, count), take(&mut reader, count));
            sent?;
            writer.write_all(&digest?).await?;
        }
        _ => {
            tokio::io::copy(&mut reader.take(count), &mut writer).await?;
        }
    }
    writer.shutdown().await
}

/// Sends one object after the other until the client is gone.
async fn pages(stream: &mut TcpStream, first: u64) -> io::Result<()> {
    let mut count = first;
    loop {
        send(stream, count).await?;
        count = match stream.read_u64().await {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
    }
}

/// Plays rounds until the client is gone.
async fn rounds(stream: &mut TcpStream, first: u64) -> io::Result<()> {
    let mut count = first;
    loop {
        let seed = stream.read_u64().await?;
        let (mut reader, mut writer) = stream.split();
        let (sent, digest) = tokio::join!(
            send_from(Pattern::seeded(seed), &mut writer, count),
            take(&mut reader, count)
        );
        sent?;
        writer.write_all(&digest?).await?;
        count = match stream.read_u64().await {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
    }
}

/// Bytes that never repeat within any length that a test uses: xorshift64.
#[derive(Debug, Clone)]
pub struct Pattern(u64);

impl Default for Pattern {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Pattern {
    /// Another pattern for each seed.
    pub fn seeded(seed: u64) -> Self {
        // Never zero, which xorshift does not leave.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Fills `bytes` with what comes next. Only the last call may give a length that is no
    /// multiple of eight.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for word in bytes.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            word.copy_from_slice(&self.0.to_be_bytes()[..word.len()]);
        }
    }
}

/// The digest of the pattern's first `count` bytes.
pub fn digest(count: u64) -> [u8; 32] {
    digest_of(Pattern::default(), count)
}

fn digest_of(pattern: Pattern, count: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    for_each_chunk(pattern, count, |chunk| hash.update(chunk));
    hash.finalize().into()
}

fn for_each_chunk(mut pattern: Pattern, count: u64, mut each: impl FnMut(&[u8])) {
    let mut buffer = [0; CHUNK];
    let mut left = count;
    while left > 0 {
        let part = &mut buffer[..usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
        pattern.fill(part);
        each(part);
        left -= part.len() as u64;
    }
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), count: u64) -> io::Result<()> {
    send_from(Pattern::default(), writer, count).await
}

async fn send_from(
    mut pattern: Pattern,
    writer: &mut (impl AsyncWrite + Unpin),
    count: u64,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut left = count;
    while left > 0 {
        let part = &mut buffer[..usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
        pattern.fill(part);
        writer.write_all(part).await?;
        left -= part.len() as u64;
    }
    writer.flush().await
}

async fn take(reader: &mut (impl AsyncRead + Unpin), count: u64) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut left = count;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let got = reader.read(&mut buffer[..most]).await?;
        if got == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("{left} of {count} bytes are missing"),
            ));
        }
        hash.update(&buffer[..got]);
        left -= got as u64;
    }
    Ok(hash.finalize().into())
}

async fn ask(stream: &mut TcpStream, game: u8, count: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut question = [game; 9];
    question[1..].copy_from_slice(&count.to_be_bytes());
    stream.write_all(&question).await
}

/// Downloads, and returns the digest of what came; more bytes than asked for are an error.
///
/// # Errors
/// What the local socket says, or that the wrong number of bytes came.
pub async fn download(stream: &mut TcpStream, count: u64) -> io::Result<[u8; 32]> {
    ask(stream, b'D', count).await?;
    let digest = take(stream, count).await?;
    end(stream).await?;
    Ok(digest)
}

/// Uploads, and returns the digest of what arrived.
///
/// # Errors
/// What the local socket says, or that the wrong number of bytes came back.
pub async fn upload(stream: &mut TcpStream, count: u64) -> io::Result<[u8; 32]> {
    ask(stream, b'U', count).await?;
    send(stream, count).await?;
    let mut digest = [0; 32];
    stream.read_exact(&mut digest).await?;
    end(stream).await?;
    Ok(digest)
}

/// Downloads and uploads at once; returns the digests of what came and of what arrived.
///
/// # Errors
/// What the local socket says, or that the wrong number of bytes came.
pub async fn exchange(stream: &mut TcpStream, count: u64) -> io::Result<([u8; 32], [u8; 32])> {
    ask(stream, b'X', count).await?;
    let (mut reader, mut writer) = stream.split();
    let (sent, came) = tokio::join!(send(&mut writer, count), take(&mut reader, count));
    sent?;
    let mut arrived = [0; 32];
    stream.read_exact(&mut arrived).await?;
    end(stream).await?;
    Ok((came?, arrived))
}

/// Plays one round of many on the same connection: bytes of another pattern for each seed, both
/// ways at once. `is_first` on a new connection.
///
/// # Errors
/// What the local socket says, or that other bytes came than were sent.
pub async fn round(
    stream: &mut TcpStream,
    is_first: bool,
    count: u64,
    seed: u64,
) -> io::Result<()> {
    if is_first {
        stream.set_nodelay(true)?;
        stream.write_u8(b'R').await?;
    }
    stream.write_u64(count).await?;
    stream.write_u64(seed).await?;
    let (mut reader, mut writer) = stream.split();
    let (sent, came) = tokio::join!(
        send_from(Pattern::seeded(!seed), &mut writer, count),
        take(&mut reader, count)
    );
    sent?;
    let mut arrived = [0; 32];
    stream.read_exact(&mut arrived).await?;
    let wrong = |what: &str| {
        let text = format!("other bytes {what} than were sent, seed {seed}");
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    };
    if came? != digest_of(Pattern::seeded(seed), count) {
        return wrong("came");
    }
    if arrived != digest_of(Pattern::seeded(!seed), count) {
        return wrong("arrived");
    }
    Ok(())
}

/// Sends `bytes` and returns as many that came back.
///
/// # Errors
/// What the local socket says.
pub async fn echo(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    ask(stream, b'E', bytes.len() as u64).await?;
    let (mut reader, mut writer) = stream.split();
    let mut back = vec![0; bytes.len()];
    let (sent, came) = tokio::join!(writer.write_all(bytes), reader.read_exact(&mut back));
    sent?;
    came?;
    Ok(back)
}

async fn end(stream: &mut TcpStream) -> io::Result<()> {
    match stream.read(&mut [0; 1]).await? {
        0 => Ok(()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "more came than was asked for",
        )),
    }
}
