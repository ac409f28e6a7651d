//! Local listeners: addresses, ports that are taken, Unix sockets where the system has them.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::{TcpListener, TcpStream};

use crate::local_peer::Peer;
use crate::program::Holder;
use crate::{BindAddress, Listen, Problem, ProblemKind};

#[cfg(not(unix))]
use self::elsewhere::SocketListener;
#[cfg(not(unix))]
pub(crate) use self::elsewhere::SocketStream;
#[cfg(unix)]
use self::unix::SocketListener;
#[cfg(unix)]
pub(crate) use self::unix::SocketStream;

/// How often a free port is drawn again because it is free for one family only.
const PAIR_TRIES: usize = 16;

/// How many ports after a taken one are tried for the offer.
const OFFER_RANGE: u16 = 200;

/// The pause after an accept that failed for want of resources. Trying again at once would
/// only burn the processor that could free them.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a tunnel can't listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Somebody else has the port. Take [`next_free`](Self::PortInUse::next_free), or end the
    /// holder.
    #[error("port {} is in use{}", address.port(), by(holder.as_ref()))]
    PortInUse {
        /// The address that is taken.
        address: SocketAddr,
        /// Who has it, when the system tells.
        holder: Option<Holder>,
        /// The next port that is free on this address.
        next_free: Option<u16>,
    },
    /// The port is one that only the administrator may use.
    #[error("port {} needs administrator rights", address.port())]
    Privileged {
        /// The address.
        address: SocketAddr,
    },
    /// The address is none of this machine's.
    #[error("{address} is not an address of this machine")]
    NoSuchAddress {
        /// The address.
        address: IpAddr,
    },
    /// A file is in the socket's place, or another process listens on it.
    #[error("{} is in use", path.display())]
    PathInUse {
        /// The socket's path.
        path: PathBuf,
    },
    /// Anything else that the system says.
    #[error("can't listen on {place}")]
    Other {
        /// The address or path.
        place: String,
        /// What the system said.
        source: io::Error,
    },
}

fn by(holder: Option<&Holder>) -> String {
    holder
        .map(|holder| format!(" by {holder}"))
        .unwrap_or_default()
}

impl ListenError {
    /// The error for people and programs.
    pub fn problem(&self) -> Problem {
        let what = format!("Culvert can't listen: {self}.");
        match self {
            Self::PortInUse {
                address,
                holder,
                next_free,
            } => {
                let remedy = match next_free {
                    Some(port) => format!("End that program, or use port {port}, which is free."),
                    None => "End that program, or use another port.".to_owned(),
                };
                let mut problem = Problem::new(ProblemKind::Listen, "port-in-use", what, remedy)
                    .with_fact("port", &address.port());
                if let Some(holder) = holder {
                    problem = problem.with_fact("holder", &holder);
                }
                if let Some(port) = next_free {
                    problem = problem.with_fact("free", &port);
                }
                problem
            }
            Self::Privileged { address } => Problem::new(
                ProblemKind::Listen,
                "port-privileged",
                what,
                "Use a port from 1024 up.",
            )
            .with_fact("port", &address.port()),
            Self::NoSuchAddress { address } => Problem::new(
                ProblemKind::Listen,
                "address-unavailable",
                what,
                "Use localhost, 0.0.0.0 or an address of this machine.",
            )
            .with_fact("address", &address),
            Self::PathInUse { path } => Problem::new(
                ProblemKind::Listen,
                "socket-in-use",
                what,
                "End the program that listens there, or use another path.",
            )
            .with_fact("path", &path.display()),
            Self::Other { place, source } => Problem::new(
                ProblemKind::Listen,
                "listen-failed",
                what,
                "Use another address or port.",
            )
            .with_details(source.to_string())
            .with_fact("place", &place),
        }
    }
}

/// A local connection.
pub(crate) enum Local {
    Tcp(TcpStream),
    Unix(SocketStream),
    /// A pair of streams that nobody had to accept: standard input and output.
    Stream(
        Box<dyn AsyncRead + Send + Unpin>,
        Box<dyn AsyncWrite + Send + Unpin>,
    ),
}

/// A local connection that no session has carried yet.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) local: Local,
    /// When it was accepted. It waits from then on, however often it is placed anew.
    pub(crate) since: Instant,
}

impl Local {
    /// Closes a connection that nobody takes. A reset says so; an end would say that somebody
    /// took it and had nothing to say.
    pub(crate) fn refuse(self) {
        match self {
            Self::Tcp(stream) => {
                let _ = stream.set_zero_linger();
            }
            Self::Unix(_) | Self::Stream(..) => {}
        }
    }
}

/// What can be seen of the program at the other end of a connection without reading from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It may say more.
    There,
    /// It has nothing more to say. Whether it waits for an answer or has closed the connection
    /// altogether, only the kernel's table of its sockets tells, if that shows this peer.
    SaysNoMore(Option<Peer>),
    /// It does not listen any more.
    Gone,
}

impl Local {
    /// Looks at the other end, as far as its events have come in. Takes no byte.
    pub(crate) fn presence(&self) -> Presence {
        let both = Interest::READABLE | Interest::WRITABLE;
        let ready = match self {
            Self::Tcp(stream) => stream.ready(both).now_or_never(),
            Self::Unix(stream) => stream.ready(both).now_or_never(),
            Self::Stream(..) => None,
        };
        match ready {
            // Nothing has been heard of it yet.
            None => Presence::There,
            Some(Err(_)) => Presence::Gone,
            Some(Ok(ready)) if ready.is_write_closed() => Presence::Gone,
            Some(Ok(ready)) if ready.is_read_closed() => Presence::SaysNoMore(match self {
                Self::Tcp(stream) => Peer::of(stream),
                // A Unix socket whose peer is gone is closed in both directions.
                Self::Unix(_) | Self::Stream(..) => None,
            }),
            Some(Ok(_)) => Presence::There,
        }
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp(_) => "Tcp",
            Self::Unix(_) => "Unix",
            Self::Stream(..) => "Stream",
        })
    }
}

/// One open listener.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener, SocketAddr),
    Unix(SocketListener),
}

impl Listener {
    /// Waits for the next connection. Errors that one connection or a moment causes are
    /// passed over.
    pub(crate) async fn accept(&self) -> Local {
        loop {
            let accepted = match self {
                Self::Tcp(listener, _) => listener
                    .accept()
                    .await
                    .map(|(stream, _)| Local::Tcp(stream)),
                Self::Unix(listener) => listener.accept().await.map(Local::Unix),
            };
            match accepted {
                Ok(local) => return local,
                Err(error) => {
                    tracing::warn!(%error, "a local connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// The TCP port, if it has one.
    pub(crate) fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(_, address) => Some(address.port()),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(_, address) => address.fmt(f),
            Self::Unix(listener) => listener.fmt(f),
        }
    }
}

/// Tries to listen there, and stops at once.
///
/// # Errors
/// Why it can't.
pub async fn can_listen(listen: &Listen) -> Result<(), ListenError> {
    bind(listen).await.map(drop)
}

/// Opens the listeners that `listen` asks for.
pub(crate) async fn bind(listen: &Listen) -> Result<Vec<Listener>, ListenError> {
    match &listen.address {
        BindAddress::Localhost => bind_localhost(listen.port).await,
        BindAddress::Ip(address) => Ok(vec![bind_tcp((*address, listen.port).into()).await?]),
        BindAddress::Unix(path) => Ok(vec![Listener::Unix(SocketListener::bind(path).await?)]),
    }
}

async fn bind_localhost(port: u16) -> Result<Vec<Listener>, ListenError> {
    for _ in 0..PAIR_TRIES {
        let first = bind_tcp((Ipv4Addr::LOCALHOST, port).into()).await?;
        let chosen = first.port().unwrap_or(port);
        match bind_tcp((Ipv6Addr::LOCALHOST, chosen).into()).await {
            Ok(second) => return Ok(vec![first, second]),
            Err(ListenError::PortInUse { .. }) if port == 0 => {}
            Err(error @ ListenError::PortInUse { .. }) => return Err(error),
            // A machine without IPv6: nobody will come that way.
            Err(_) => return Ok(vec![first]),
        }
    }
    Ok(vec![bind_tcp((Ipv4Addr::LOCALHOST, port).into()).await?])
}

async fn bind_tcp(address: SocketAddr) -> Result<Listener, ListenError> {
    let error = match TcpListener::bind(address).await {
        Ok(listener) => {
            let bound = listener.local_addr().unwrap_or(address);
            return Ok(Listener::Tcp(listener, bound));
        }
        Err(error) => error,
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the system's list of errors grows"
    )]
    Err(match error.kind() {
        io::ErrorKind::AddrInUse => {
            let port = address.port();
            ListenError::PortInUse {
                address,
                holder: tokio::task::spawn_blocking(move || holder_of(port))
                    .await
                    .ok()
                    .flatten(),
                next_free: next_free(address).await,
            }
        }
        io::ErrorKind::PermissionDenied => ListenError::Privileged { address },
        io::ErrorKind::AddrNotAvailable => ListenError::NoSuchAddress {
            address: address.ip(),
        },
        _ => ListenError::Other {
            place: address.to_string(),
            source: error,
        },
    })
}

fn holder_of(port: u16) -> Option<Holder> {
    let process = listeners::get_process_by_port(port, listeners::Protocol::TCP).ok()?;
    let file = Path::new(&process.path);
    Some(Holder::new(process.pid, process.name, file))
}

async fn next_free(taken: SocketAddr) -> Option<u16> {
    let from = taken.port().checked_add(1)?;
    for port in from..=from.saturating_add(OFFER_RANGE) {
        if TcpListener::bind((taken.ip(), port)).await.is_ok() {
            return Some(port);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    fn localhost(port: u16) -> Listen {
        Listen {
            address: BindAddress::Localhost,
            port,
        }
    }

    #[tokio::test]
    async fn localhost_listens_on_the_same_port_of_both_families() {
        let listeners = bind(&localhost(0)).await.unwrap();
        let port = listeners[0].port().unwrap();
        assert_ne!(port, 0);
        assert_eq!(listeners[0].to_string(), format!("127.0.0.1:{port}"));
        if let Some(second) = listeners.get(1) {
            assert_eq!(second.to_string(), format!("[::1]:{port}"));
        }
    }

    #[tokio::test]
    async fn a_taken_port_names_its_holder_and_the_next_free_one() {
        let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = bind(&localhost(port)).await.unwrap_err();
        let ListenError::PortInUse {
            address,
            holder: Some(holder),
            next_free: Some(next),
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(address.port(), port);
        assert_eq!(holder.pid, std::process::id());
        assert!(*next > port);
        let problem = error.problem();
        assert_eq!(problem.code, "port-in-use");
        assert!(problem.what.contains(&holder.name), "{problem:?}");
        assert!(problem.remedy.contains(&next.to_string()), "{problem:?}");
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_refused_in_words() {
        let address = "192.0.2.1".parse().unwrap();
        let listen = Listen {
            address: BindAddress::Ip(address),
            port: 0,
        };
        let error = bind(&listen).await.unwrap_err();
        assert!(
            matches!(error, ListenError::NoSuchAddress { .. }),
            "{error:?}"
        );
    }

    /// A client, and our end of its connection.
    async fn tcp_pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        (client.unwrap(), accepted.unwrap().0)
    }

    /// Waits until the end of what the client says has come in. Reads nothing.
    async fn hear_the_end(stream: &TcpStream) {
        while !stream
            .ready(Interest::READABLE)
            .await
            .unwrap()
            .is_read_closed()
        {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_client_that_has_said_something_is_there() {
        let (mut client, ours) = tcp_pair().await;
        client.write_all(b"hello").await.unwrap();
        ours.readable().await.unwrap();
        assert_eq!(Local::Tcp(ours).presence(), Presence::There);
    }

    #[tokio::test]
    async fn the_end_behind_unread_bytes_is_seen_and_the_bytes_stay() {
        let (mut client, ours) = tcp_pair().await;
        client.write_all(b"request").await.unwrap();
        client.shutdown().await.unwrap();
        hear_the_end(&ours).await;
        let peer = Peer::of(&ours);
        assert!(peer.is_some());
        let local = Local::Tcp(ours);
        assert_eq!(local.presence(), Presence::SaysNoMore(peer));
        let Local::Tcp(ours) = local else {
            unreachable!()
        };
        let mut bytes = [0; 16];
        assert_eq!(ours.try_read(&mut bytes).unwrap(), 7);
    }

    #[tokio::test]
    async fn a_client_that_resets_is_gone() {
        let (client, ours) = tcp_pair().await;
        client.set_zero_linger().unwrap();
        drop(client);
        hear_the_end(&ours).await;
        assert_eq!(Local::Tcp(ours).presence(), Presence::Gone);
    }
}
