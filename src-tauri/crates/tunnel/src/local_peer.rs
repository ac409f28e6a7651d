//! Whether the program at the other end of a local connection has closed it altogether.
//!
//! TCP says "nothing more from me" in the same way for `shutdown(SHUT_WR)` and for `close`. The
//! difference matters: after the former the answer is awaited, after the latter the
//! destination should hear of it at once. For a peer on this machine the kernel knows: a
//! socket that no process holds any more has no inode.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

/// The pause between two looks at the kernel's table, which is long on a busy machine.
const SCAN_PAUSE: Duration = Duration::from_millis(25);

/// The first pause before the same peer is looked up again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause before the same peer is looked up again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Look-ups that may wait for the next scan.
const QUEUE: usize = 64;

/// The far end of a local connection, as the kernel's table names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Peer {
    /// The peer's own address.
    pub(crate) address: SocketAddr,
    /// Our address, its remote one.
    pub(crate) remote: SocketAddr,
}

impl Peer {
    /// The peer of a connection within this machine; `None` for one from elsewhere, whose
    /// socket no table here shows.
    pub(crate) fn of(stream: &TcpStream) -> Option<Self> {
        let address = canonical(stream.peer_addr().ok()?);
        let remote = canonical(stream.local_addr().ok()?);
        address
            .ip()
            .is_loopback()
            .then_some(Self { address, remote })
    }
}

/// Writes an IPv4 address that came through an IPv6 socket as what it is.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Looks peers up: many wait for one scan of the kernel's table.
#[derive(Debug, Clone)]
pub(crate) struct LocalPeers {
    questions: mpsc::Sender<(Peer, oneshot::Sender<bool>)>,
}

impl LocalPeers {
    /// Starts the task that scans; it ends when the last handle is dropped.
    pub(crate) fn start() -> Self {
        let (questions, queue) = mpsc::channel(QUEUE);
        tokio::spawn(scan_on_demand(queue));
        Self { questions }
    }

    /// Waits until no process holds the peer's socket any more. Never returns where the
    /// system does not tell.
    pub(crate) async fn gone(self, peer: Peer) {
        let mut pause = FIRST_PAUSE;
        while !self.is_gone(peer).await {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Says whether no process holds the peer's socket any more; where the system does not tell,
    /// it counts as held.
    pub(crate) async fn is_gone(&self, peer: Peer) -> bool {
        let (reply, answer) = oneshot::channel();
        if self.questions.send((peer, reply)).await.is_err() {
            return false;
        }
        answer.await.unwrap_or(false)
    }
}

async fn scan_on_demand(mut queue: mpsc::Receiver<(Peer, oneshot::Sender<bool>)>) {
    let mut questions = Vec::new();
    while queue.recv_many(&mut questions, QUEUE).await > 0 {
        let held = tokio::task::spawn_blocking(held_sockets)
            .await
            .ok()
            .flatten();
        for (peer, reply) in questions.drain(..) {
            let gone = held.as_ref().is_some_and(|held| !held.contains(&peer));
            // Who asked may have lost interest.
            let _ = reply.send(gone);
        }
        sleep(SCAN_PAUSE).await;
    }
}

/// Every TCP socket of this machine that a process holds; `None` where the system does not
/// tell.
#[cfg(target_os = "linux")]
fn held_sockets() -> Option<HashSet<Peer>> {
    let four = procfs::net::tcp().ok()?;
    let six = procfs::net::tcp6().unwrap_or_default();
    let held = four
        .into_iter()
        .chain(six)
        .filter(|entry| entry.inode != 0)
        .map(|entry| Peer {
            address: canonical(entry.local_address),
            remote: canonical(entry.remote_address),
        });
    Some(held.collect())
}

/// Elsewhere the multiplexer's own patience decides (see the crate `smux`).
#[cfg(not(target_os = "linux"))]
fn held_sockets() -> Option<HashSet<Peer>> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_peer_is_gone_after_close_and_not_after_shutdown() {
        use tokio::io::AsyncWriteExt as _;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let peer = Peer::of(&server).unwrap();
        let peers = LocalPeers::start();

        assert!(!peers.is_gone(peer).await);
        client.shutdown().await.unwrap();
        assert!(!peers.is_gone(peer).await);
        drop(client);
        peers.gone(peer).await;
    }
}
