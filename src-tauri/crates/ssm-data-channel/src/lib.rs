//! The client's side of the Session Manager data channel, without I/O.
//!
//! [`DataChannel`] does what lies between a WebSocket and the bytes of a session: the
//! handshake, numbering, acknowledging, resending, pacing, payload sizes and encryption
//! (docs/protocol.md, sections 1 to 4). It knows no socket, no clock and no source of
//! randomness: time comes in with each call, randomness as a seed.
//!
//! # The drive loop
//!
//! 1. Open a WebSocket, call [`handle_connected`](DataChannel::handle_connected) with its token.
//! 2. After every call of a `handle_*` method: take events with
//!    [`poll_event`](DataChannel::poll_event) until there is none, and what came early and has
//!    its turn now with [`deliver_waiting`](DataChannel::deliver_waiting), as fast as there is
//!    room for it; while there is data to send
//!    and [`send_budget`](DataChannel::send_budget) answers, fill a message from
//!    [`start_message`](DataChannel::start_message) and [`send`](DataChannel::send) it; take
//!    what is to go out with [`poll_transmit`](DataChannel::poll_transmit) until there is none;
//!    then ask [`poll_timeout`](DataChannel::poll_timeout) when to call
//!    [`handle_timeout`](DataChannel::handle_timeout).
//! 3. When the socket is lost, call [`handle_disconnected`](DataChannel::handle_disconnected),
//!    and start again at 1 with the token of a resume: nothing else is lost with it.
//!
//! Events may be taken late, but transmits must not be held back while the socket takes them:
//! round trips are measured from `poll_transmit`.

mod age;
mod channel;
mod cipher;
mod config;
mod error;
mod event;
mod handshake;
mod random;
mod receive;
mod recorder;
mod send;
mod session;
mod stats;
mod version;

pub use channel::DataChannel;
pub use cipher::DataKey;
pub use config::{CLIENT_VERSION, Clock, Config};
pub use error::{BadFrame, Error};
pub use event::{Event, SocketEnd, TimerReason, Transmit};
pub use handshake::HandshakeStep;
pub use receive::ReorderMemory;
pub use recorder::{FrameHeader, FrameKind, RECORDED_FRAMES, Way};
pub use send::LearnedRate;
pub use session::{AgentFeatures, Established, SessionKind};
pub use ssm_message::payload::{Flag, PortProperties};
pub use ssm_message::{DecodeError, MessageBuilder, Uuid};
pub use stats::Stats;
pub use version::AgentVersion;

#[cfg(test)]
mod tests;
