//! Starting and stopping the service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::error::StartError;
use crate::faults::Faults;
use crate::http;
use crate::link::{Breaker, Link, carry};
use crate::random::Random;
use crate::service::{Caller, Service};
use crate::session::SessionView;
use crate::settings::{Credentials, Settings, Target};
use crate::stats::Stats;

/// Room between the network's end and the service's, each way.
const PIPE: usize = 64 * 1024;

/// How soon the next connection is accepted after one could not be.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);

/// A running simulated service. It ends when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    service: Arc<Service>,
    faults: Faults,
}

impl Simulator {
    /// Listens, and serves in tasks of the current tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] if the address is not loopback or can't be listened on.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let wanted = settings.listen;
        if !wanted.ip().is_loopback() {
            return Err(StartError::NotLoopback(wanted));
        }
        let failed = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let service = Arc::new(Service::new(settings, address));
        service.spawn(accept(Arc::clone(&service), listener));
        let faults = Faults::new(Arc::clone(&service));
        Ok(Self { service, faults })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.service.address
    }

    /// What to give a client as endpoint URL of SSM (and of KMS).
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.service.address)
    }

    /// Returns access key, secret key and session token that are accepted; any region is.
    pub fn credentials(&self) -> (String, String, Option<String>) {
        let credentials = self.service.settings.credentials.clone();
        (
            credentials.access_key,
            credentials.secret_key,
            credentials.session_token,
        )
    }

    /// Accepts further credentials from now on, such as those that somebody has just handed out.
    pub fn accept(&self, credentials: Credentials) {
        self.service.accept(credentials);
    }

    /// Returns who has signed the requests so far, upgrades included, in their order; the first
    /// thousand.
    pub fn callers(&self) -> Vec<Caller> {
        self.service.callers()
    }

    /// Returns the handle that makes things go wrong.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Replaces the managed nodes, as when instances are launched and terminated. Sessions that
    /// are open to one that is gone live on until a fault ends them.
    pub fn set_nodes(&self, nodes: Vec<Target>) {
        self.service.set_nodes(nodes);
    }

    /// Returns all sessions in the order of their start, those that are over included.
    pub fn sessions(&self) -> Vec<SessionView> {
        self.service
            .sessions()
            .iter()
            .map(|session| session.view())
            .collect()
    }

    /// Returns the sessions that are not over: after a tunnel's orderly end, none of its own.
    pub fn living_sessions(&self) -> Vec<SessionView> {
        let mut sessions = self.sessions();
        sessions.retain(|session| session.terminated_by.is_none());
        sessions
    }

    /// Returns what was counted since the start.
    pub fn stats(&self) -> Stats {
        self.service.with_stats(|stats| stats.clone())
    }

    /// Waits until the sessions and counters are as wanted, which is asked after each event
    /// (a call, a channel opened or ended, a handshake, a connection; not after each
    /// message). Returns the sessions at that moment.
    pub async fn wait_for(
        &self,
        mut wanted: impl FnMut(&[SessionView], &Stats) -> bool,
    ) -> Vec<SessionView> {
        let mut changes: watch::Receiver<()> = self.service.changes();
        loop {
            changes.mark_unchanged();
            let sessions = self.sessions();
            if wanted(&sessions, &self.stats()) || changes.changed().await.is_err() {
                return sessions;
            }
        }
    }

    /// Ends everything and waits until it has ended.
    pub async fn stop(self) {
        self.service.shut_down();
        self.service.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.service.shut_down();
    }
}

async fn accept(service: Arc<Service>, listener: TcpListener) {
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                // A connection that was gone before it was accepted, or too many open files:
                // then others must end first.
                tracing::debug!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        // Small messages must not wait for each other; without it, it only gets slower.
        let _ = socket.set_nodelay(true);
        service.with_stats(|stats| stats.connections += 1);
        let breaker = Breaker::default();
        let (near, far) = tokio::io::duplex(PIPE);
        let random = Random::new(service.with_random(Random::next));
        let (link, ended) = (service.link(), breaker.clone());
        service.spawn(async move {
            // Whoever makes faults must be able to end them.
            let link = match asks_for_control(&socket).await {
                true => watch::Sender::new(Link::default()).subscribe(),
                false => link,
            };
            carry(socket, near, link, ended, random).await;
        });
        service.spawn(http::serve(Arc::clone(&service), far, breaker));
    }
}

/// Whether the first request of a connection is one for faults, which come in one piece with their
/// first line. Waits for the first bytes.
async fn asks_for_control(socket: &TcpStream) -> bool {
    let mut begin = [0; CONTROL_MOST];
    match socket.peek(&mut begin).await {
        Ok(read) => {
            let begin = begin.get(..read).unwrap_or_default();
            CONTROL.iter().any(|line| begin.starts_with(line))
        }
        // It is gone, which the one who carries it finds as well.
        Err(_) => false,
    }
}

/// How requests for faults begin.
const CONTROL: [&[u8]; 2] = [b"POST /control/", b"GET /control/"];

const CONTROL_MOST: usize = 14;
