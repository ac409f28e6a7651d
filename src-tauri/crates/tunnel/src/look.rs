//! A close look at one tunnel: its sessions, its live connections, and the programs behind them.
//! Made when somebody asks, beside the tasks that move bytes; those only count.

mod programs;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tunnel_proto::{ConnectionId, SessionStatus, Vitals};

use crate::listen::Local;
use crate::local_peer::{Peer, canonical};
use crate::program::Holder;
use crate::unix_ms;
pub(crate) use programs::Programs;

/// Connections that are told of one by one: more than anybody reads.
pub(crate) const CONNECTIONS_MOST: usize = 200;

/// How long the sessions' tasks may take to answer. One that is at work does so in no time; one
/// that hangs must not keep the others from being seen.
const PATIENCE: Duration = Duration::from_millis(200);

/// A tunnel seen closely, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// Its sessions, the oldest first.
    pub sessions: Vec<SessionDetails>,
    /// Its connections, the newest first: at most 200.
    pub connections: Vec<ConnectionDetails>,
}

/// One session of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDetails {
    /// What the policy says of it.
    pub status: SessionStatus,
    /// The node that it was started at, once that is known.
    pub node: Option<String>,
    /// Its figures; `None` before it has a WebSocket.
    pub vitals: Option<Vitals>,
    /// Payload bytes from its connections since it was started.
    pub bytes_up: u64,
    /// Payload bytes to its connections since it was started.
    pub bytes_down: u64,
}

/// One local connection that is carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionDetails {
    /// The session that carries it.
    pub session_id: Option<String>,
    /// Its number in that session.
    pub id: ConnectionId,
    /// Since when, Unix milliseconds.
    pub since: u64,
    /// Payload bytes to the destination.
    pub bytes_up: u64,
    /// Payload bytes from the destination.
    pub bytes_down: u64,
    /// The address that it comes from; `None` for one that came by a Unix socket or a pipe.
    pub peer: Option<SocketAddr>,
    /// The program that opened it, when the system tells.
    pub program: Option<Holder>,
}

/// What a session's task says of itself.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) vitals: Vitals,
    pub(crate) bytes_up: u64,
    pub(crate) bytes_down: u64,
    /// The newest first.
    pub(crate) connections: Vec<SeenConnection>,
}

/// What a connection is known by. Kept up to date on the hot path: two additions, no memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenConnection {
    pub(crate) id: ConnectionId,
    pub(crate) since: u64,
    pub(crate) far_end: FarEnd,
    pub(crate) bytes_up: u64,
    pub(crate) bytes_down: u64,
}

/// Where a local connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FarEnd {
    /// A program on this machine.
    Here(Peer),
    /// Another machine.
    Elsewhere(SocketAddr),
    /// A Unix socket, by a process that the kernel may name.
    Unix(Option<u32>),
    /// Nobody knows.
    Unknown,
}

/// A session that was asked how it is.
pub(crate) struct Asked {
    pub(crate) status: SessionStatus,
    pub(crate) node: Option<String>,
    pub(crate) heard: oneshot::Receiver<Seen>,
}

impl FarEnd {
    /// The far end of a connection that was just accepted.
    pub(crate) fn of(local: &Local) -> Self {
        match local {
            Local::Tcp(stream) => match (Peer::of(stream), stream.peer_addr()) {
                (Some(peer), _) => Self::Here(peer),
                (None, Ok(address)) => Self::Elsewhere(canonical(address)),
                (None, Err(_)) => Self::Unknown,
            },
            Local::Unix(stream) => Self::Unix(stream.process()),
            Local::Stream(..) => Self::Unknown,
        }
    }

    pub(crate) fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Here(peer) => Some(peer.address),
            Self::Elsewhere(address) => Some(address),
            Self::Unix(_) | Self::Unknown => None,
        }
    }
}

impl SeenConnection {
    /// A connection that begins now.
    pub(crate) fn begin(id: ConnectionId, far_end: FarEnd) -> Self {
        Self {
            id,
            since: unix_ms(SystemTime::now()),
            far_end,
            bytes_up: 0,
            bytes_down: 0,
        }
    }
}

/// The newest of these, the newest first.
pub(crate) fn newest(mut connections: Vec<SeenConnection>, most: usize) -> Vec<SeenConnection> {
    connections.sort_by_key(|one| std::cmp::Reverse((one.since, one.id)));
    connections.truncate(most);
    connections
}

impl Details {
    /// Puts together what the sessions' tasks say, and finds the programs behind the connections.
    pub(crate) async fn gather(asked: Vec<Asked>, programs: &Programs) -> Self {
        let deadline = Instant::now() + PATIENCE;
        let mut sessions = Vec::with_capacity(asked.len());
        let mut connections = Vec::new();
        for Asked {
            status,
            node,
            heard,
        } in asked
        {
            let seen = timeout_at(deadline, heard).await.ok().and_then(Result::ok);
            let id = &status.session_id;
            if let Some(seen) = &seen {
                connections.extend(seen.connections.iter().map(|one| (*one, id.clone())));
            }
            sessions.push(SessionDetails {
                vitals: seen.as_ref().map(|seen| seen.vitals.clone()),
                bytes_up: seen.as_ref().map_or(0, |seen| seen.bytes_up),
                bytes_down: seen.as_ref().map_or(0, |seen| seen.bytes_down),
                status,
                node,
            });
        }
        connections.sort_by_key(|(one, _)| std::cmp::Reverse((one.since, one.id)));
        connections.truncate(CONNECTIONS_MOST);
        let far_ends: Vec<_> = connections.iter().map(|(one, _)| one.far_end).collect();
        let found = programs.of(&far_ends).await;
        let connections = connections.into_iter().zip(found);
        let connections = connections.map(|((one, session_id), program)| ConnectionDetails {
            session_id,
            id: one.id,
            since: one.since,
            bytes_up: one.bytes_up,
            bytes_down: one.bytes_down,
            peer: one.far_end.address(),
            program,
        });
        Self {
            sessions,
            connections: connections.collect(),
        }
    }
}
