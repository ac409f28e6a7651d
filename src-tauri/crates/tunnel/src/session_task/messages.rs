//! What is said to a session's task, and what it says.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use tokio::sync::{mpsc, oneshot};
use tunnel_proto::{
    Clock, DataKey, Facts, Illness, Learned, Load, Loss, Problem, Recording, SessionKey, Vitals,
};

use crate::dial::Socket;
use crate::listen::Caller;
use crate::local_peer::LocalPeers;
use crate::look::Seen;
use crate::route::Route;

/// Sent to a session's task.
#[derive(Debug)]
pub(crate) enum ToSession {
    /// A WebSocket, and the token that opens the channel on it.
    Socket(Box<Socket>, Token),
    /// A WebSocket that takes the place of the present one at a quiet moment.
    Renewal(Box<Socket>, Token),
    /// Say when nothing is on its way.
    AwaitQuiet,
    /// Close the WebSocket in order, and say nothing of it.
    Close,
    /// Find out whether the WebSocket still works.
    CheckPath,
    /// The machine is about to sleep.
    Sleep,
    /// A local connection to carry.
    Connect(Caller),
    /// The answer to [`Report::DataKeyNeeded`].
    DataKey(Result<DataKey, Problem>),
    /// Ask the agent to end the session.
    SendEnd,
    /// Say how the session and its connections are.
    Look(oneshot::Sender<Seen>),
    /// Say which frames went and came.
    Record(oneshot::Sender<Recording>),
    /// End the task, its WebSocket and its connections.
    Discard,
}

/// What opens the data channel. Secret.
pub(crate) struct Token(pub(crate) String);

/// Leaves the secret out.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Said by a session's task.
#[derive(Debug)]
pub(crate) enum Report {
    Established(Facts),
    DataKeyNeeded {
        key_id: String,
    },
    Lost(Loss),
    Over(Problem, Vitals),
    Degraded(Option<Illness>),
    Load(Load),
    /// Nothing is on its way.
    Quiet(Vitals),
    /// The WebSocket of a renewal is in use.
    Renewed,
    /// It was dropped.
    RenewalMissed,
    /// The agent has acknowledged that the session ends, or can't be told.
    FlagDone,
    Notice(Problem),
    /// The target could not connect to the destination for a connection.
    Unreached(Problem),
    /// The tunnel's next sessions should know this.
    Learned(Learned),
    /// A connection has ended.
    Finished,
    /// A connection that was placed on the session could not begin on it.
    Unopened(Caller, Unopened),
    /// The figures have changed.
    Figures,
}

/// Why a connection could not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// The session is over, which the tunnel hears at about the same time.
    Over,
    /// It carries as many as it can.
    Full,
}

/// Figures of a tunnel, summed over its sessions.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) bytes_up: AtomicU64,
    pub(crate) bytes_down: AtomicU64,
    /// Milliseconds; `u32::MAX` while it is not known.
    pub(crate) round_trip_ms: AtomicU32,
}

/// What a session's task needs of its tunnel.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) reports: mpsc::Sender<(SessionKey, Report)>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) peers: LocalPeers,
    pub(crate) clock: Clock,
    pub(crate) route: Arc<Route>,
}
