//! What goes in and out of a session.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use ssm_data_channel::{LearnedRate, TimerReason as ChannelTimer, Transmit as ChannelTransmit};

use super::{Load, SessionConfig};
use crate::{Illness, Problem};

/// Names one connection of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub(crate) u32);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
/// What is to be sent on the session's WebSocket.
#[derive(Clone, PartialEq, Eq)]
pub enum Transmit {
    /// A text frame. It holds the token: never to be logged.
    Text(String),
    /// A binary frame.
    Binary(Bytes),
    /// A ping.
    Ping,
}

/// Leaves the text out: it holds the token.
impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text"),
            Self::Binary(frame) => f.debug_tuple("Binary").field(&frame.len()).finish(),
            Self::Ping => f.write_str("Ping"),
        }
    }
}

/// What a session has to say.
#[derive(Debug)]
pub enum SessionEvent {
    /// The handshake is done: connections may be opened.
    Established(Facts),
    /// Answer with [`Session::handle_data_key`](super::Session::handle_data_key).
    DataKeyNeeded {
        /// The key under which a data key is to be generated.
        key_id: String,
    },
    /// [`Session::read`](super::Session::read) has something.
    Readable(ConnectionId),
    /// [`Session::send_capacity`](super::Session::send_capacity) has grown: half of what may be read
    /// ahead is free.
    Writable(ConnectionId),
    /// The destination has closed; what it said before can still be read.
    Finished(ConnectionId),
    /// The destination could not be reached.
    ConnectFailed(ConnectionId),
    /// The connection was given up on our side.
    Reset(ConnectionId, ResetCause),
    /// Nothing is left of the connection.
    Closed(ConnectionId),
    /// The agent has acknowledged that the session ends.
    EndConfirmed,
    /// No sign of life within the deadline: the WebSocket is to be dropped.
    PathDead {
        /// How long nothing came.
        silence: Duration,
    },
    /// The worst of what is wrong with the session now is this, or nothing is wrong any more.
    /// Said on change only; the loss of a WebSocket ends it all.
    Degraded(Option<Illness>),
    /// The session can't go on. Said once, with what [`outcome`](super::Session::outcome) says
    /// from then on.
    Over(Problem),
    /// The moment that [`await_quiet`](super::Session::await_quiet) asked for is now.
    Quiet,
    /// That moment did not come in time.
    NotQuiet,
    /// How much the session carries has changed. It begins with [`Load::Light`], on each
    /// WebSocket anew: what goes on over a loss is told again.
    Load(Load),
    /// Something the user should know.
    Notice(Problem),
    /// Something about the way to this target that its next sessions should start with.
    Learned(Learned),
}

/// What a session has found out about the way to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// Messages with more payload than this kill the channel; bytes.
    PayloadLimit(usize),
    /// More messages a second than this may do so. More are tried when this was borne for long.
    MessageRate(LearnedRate),
}

impl Learned {
    /// Makes the settings of the next sessions heed it. What is learned later counts.
    pub fn apply(self, config: &mut SessionConfig) {
        match self {
            Self::PayloadLimit(bytes) => config.channel.max_payload = bytes,
            Self::MessageRate(rate) => config.channel.learned_rate = Some(rate),
        }
    }
}

/// Why a connection was given up on our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetCause {
    /// Its reader was too slow, and others share the session with it.
    SlowReader,
}

/// What the handshake told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The agent's version, as it wrote it.
    pub agent_version: String,
    /// The session carries one connection at a time.
    pub serial: bool,
    /// A text of the account's owner for the user; not empty.
    pub customer_message: Option<String>,
    /// The agent understands the flag that ends a session.
    pub terminate_flag: bool,
}

/// Why [`Session::handle_timeout`](super::Session::handle_timeout) wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionTimer {
    /// The data channel: retransmission, pacing, handshake.
    Channel(ChannelTimer),
    /// The multiplexer: half-closed streams, keepalive.
    Mux(smux::TimerReason),
    /// A half-closed or leaving connection of a session without multiplexer.
    Serial,
    /// The ping, or its deadline.
    Keepalive,
    /// Messages are missing without progress
    /// ([`SessionConfig::stall_after`]).
    Stalled,
    /// Messages have been missing for too long ([`SessionConfig::jam_after`]).
    Jammed,
    /// The agent has been away for too long
    /// ([`SessionConfig::agent_patience`]).
    AgentGone,
    /// A gap that is being filled is old enough to be told, or has been closed for long enough.
    CatchingUp,
    /// Nothing has been read for too long of what a closed gap has set free.
    Backlog,
    /// The quiet moment that is awaited, or the end of the patience with it.
    Quiet,
    /// The end of a window in which the load is measured.
    Load,
}

impl From<ChannelTransmit> for Transmit {
    fn from(transmit: ChannelTransmit) -> Self {
        match transmit {
            ChannelTransmit::Text(text) => Self::Text(text),
            ChannelTransmit::Binary(frame) => Self::Binary(frame),
        }
    }
}
