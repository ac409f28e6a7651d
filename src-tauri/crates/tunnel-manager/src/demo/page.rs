//! The web page at the far end of the demo tunnel.
//!
//! Its own few lines of HTTP: one page, and one answer that never ends, by which the page shows
//! that a connection lives through a cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

const BODY: &str = include_str!("page.html");

/// A browser uses six at a time; more than a few of them are a mistake.
const CONNECTIONS_MOST: usize = 64;
/// Bytes of a request's head; browsers send well under 2 KiB.
const HEAD_MOST: u64 = 16 << 10;
/// How long a kept connection may say nothing.
const IDLE_MOST: Duration = Duration::from_secs(60);
/// One tick is enough to see, and seldom enough to cost nothing.
const TICK: Duration = Duration::from_secs(1);
/// What is counted for a chart: four times a second, 4 KB/s. A count fits into one message: an agent sends ten a second
/// again of those that were lost, and whoever watches waits for them.
const FLOW_PAUSE: Duration = Duration::from_millis(250);
const FLOW_FILLER: usize = 950;

/// A server on 127.0.0.1; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Page {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Page {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(serve(listener));
        Ok(Self { address, task })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MOST));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(async move {
                    // A connection that breaks is the browser's business.
                    answer(stream).await.ok();
                    drop(place);
                });
            }
            // Out of file descriptors, most likely: wait for some to be closed.
            Err(_) => tokio::time::sleep(TICK).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(path) = timeout(IDLE_MOST, read_request(&mut stream)).await?? else {
            return Ok(());
        };
        let (status, kind, body) = match path.as_str() {
            "/" => ("200 OK", "text/html; charset=utf-8", BODY),
            "/ticks" => return write_counts(&mut stream, TICK, 0).await,
            super::FLOW => return write_counts(&mut stream, FLOW_PAUSE, FLOW_FILLER).await,
            _ => ("404 Not Found", "text/plain", "Nothing here.\n"),
        };
        write_whole(&mut stream, status, kind, body).await?;
    }
}

/// Reads the head of a GET request and returns its path; `None` when there is no further one,
/// or none that this server understands.
async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut head = stream.take(HEAD_MOST);
    let mut line = String::new();
    head.read_line(&mut line).await?;
    let mut words = line.split_ascii_whitespace();
    let (Some("GET"), Some(path)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let path = path.to_owned();
    loop {
        line.clear();
        if head.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line.trim_end().is_empty() {
            return Ok(Some(path));
        }
    }
}

async fn write_whole(
    stream: &mut BufReader<TcpStream>,
    status: &str,
    kind: &str,
    body: &str,
) -> io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await
}

/// Counts until the browser goes: server-sent events (HTML standard, section 9.2), each with so
/// many bytes more in a comment.
async fn write_counts(
    stream: &mut BufReader<TcpStream>,
    pause: Duration,
    filler: usize,
) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                cache-control: no-store\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let comment = if filler == 0 {
        String::new()
    } else {
        format!(":{}\n", "-".repeat(filler))
    };
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = 0_u64;
    loop {
        ticks.tick().await;
        count += 1;
        stream
            .write_all(format!("{comment}data: {count}\n\n").as_bytes())
            .await?;
        stream.flush().await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn connect(page: &Page) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(page.address()).await.expect("listens"))
    }

    #[tokio::test]
    async fn a_connection_carries_several_requests() {
        let page = Page::start().await.expect("loopback");
        let mut stream = connect(&page).await;
        for (path, status) in [("/", "200 OK"), ("/else", "404 Not Found"), ("/", "200 OK")] {
            let request = format!("GET {path} HTTP/1.1\r\nhost: demo\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("sent");
            let mut line = String::new();
            stream.read_line(&mut line).await.expect("answered");
            assert_eq!(line.trim_end(), format!("HTTP/1.1 {status}"));
            let mut length = 0;
            while !line.trim_end().is_empty() {
                line.clear();
                stream.read_line(&mut line).await.expect("answered");
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim_end().parse().expect("a number");
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.expect("whole");
            assert!(status != "200 OK" || body == BODY.as_bytes());
        }
    }

    #[tokio::test]
    async fn the_ticks_count() {
        let page = Page::start().await.expect("loopback");
        let mut stream = connect(&page).await;
        stream
            .write_all(b"GET /ticks HTTP/1.1\r\n\r\n")
            .await
            .expect("sent");
        let mut line = String::new();
        while !line.starts_with("data: ") {
            line.clear();
            assert_ne!(stream.read_line(&mut line).await.expect("answered"), 0);
        }
        assert_eq!(line.trim_end(), "data: 1");
    }

    #[tokio::test]
    async fn nonsense_and_endless_heads_end_the_connection() {
        let page = Page::start().await.expect("loopback");
        for request in [
            b"\x16\x03\x01 tls?\r\n\r\n".to_vec(),
            [b'G'; 20 << 10].to_vec(),
        ] {
            let mut stream = connect(&page).await;
            // It may close before all of it is sent.
            stream.write_all(&request).await.ok();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.ok();
            assert_eq!(rest, b"");
        }
    }
}
