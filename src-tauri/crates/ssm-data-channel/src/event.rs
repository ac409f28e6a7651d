//! What comes out of a channel.

use std::fmt;

use bytes::Bytes;
use ssm_message::payload::Flag;

use crate::{BadFrame, Error, HandshakeStep, LearnedRate};

/// Something for the channel's owner.
#[derive(Debug)]
pub enum Event {
    /// The handshake is complete: data may be sent. Before any data.
    Established,
    /// Bytes of the session: in order, each once. Never empty.
    Data(Bytes),
    /// Bytes of standard error, from sessions that keep it apart.
    StdErr(Bytes),
    /// The exit code, as text, from sessions that have one.
    ExitCode(Bytes),
    /// The session must be encrypted: call KMS `GenerateDataKey` and give the answer to
    /// [`handle_data_key`](crate::DataChannel::handle_data_key) or
    /// [`handle_data_key_failed`](crate::DataChannel::handle_data_key_failed).
    DataKeyNeeded {
        /// The KMS key that the account has set.
        key_id: String,
    },
    /// The gateway says that the agent's side is not there. Nothing is sent until it is back.
    Paused,
    /// The agent's side is back after [`Paused`](Self::Paused).
    Started,
    /// The agent could not reach the destination. It does not say for which connection.
    ConnectToPortError,
    /// The service ended the session. Nothing is sent after this.
    ChannelClosed {
        /// Why, in the service's words; often empty.
        output: String,
    },
    /// A flag sent with [`send_flag`](crate::DataChannel::send_flag) arrived.
    FlagAcknowledged(Flag),
    /// Messages with more than so many bytes of payload killed the channel, as it seems.
    /// Remember it for this target as [`Config::max_payload`](crate::Config::max_payload). If
    /// the message arrives on a later socket after all, another such event takes it back: the
    /// last one counts.
    PayloadLimit(usize),
    /// The channel was paused or cut soon after a high rate, or has borne a lowered one for long:
    /// from now on so many messages a second go out at most. Remember the last one for this target as
    /// [`Config::learned_rate`](crate::Config::learned_rate).
    RateLimit(LearnedRate),
    /// The agent did not do its part of the handshake in time. The session is over.
    HandshakeTimedOut(HandshakeStep),
    /// The session is over for this reason. What [`poll_transmit`] still has to say explains it
    /// to the agent.
    ///
    /// [`poll_transmit`]: crate::DataChannel::poll_transmit
    Failed(Error),
    /// A frame was dropped unacknowledged. Worth a line in a log, nothing more.
    BadFrame(BadFrame),
}

/// A WebSocket message to send.
#[derive(Clone, PartialEq, Eq)]
pub enum Transmit {
    /// A text message: the opening one, which holds the token.
    Text(String),
    /// A binary message.
    Binary(Bytes),
}

/// Shows lengths only: the text holds a secret, the frames hold the user's data.
impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(frame) => write!(f, "Binary({} bytes)", frame.len()),
        }
    }
}

/// How a WebSocket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketEnd {
    /// The gateway closed it with 1000, as it does about once an hour: nobody is to blame.
    Orderly,
    /// Any other way: another close code, a reset, silence.
    Broken,
}

/// Names what a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerReason {
    /// The handshake's present step takes too long
    /// ([`Config::handshake_timeout`](crate::Config::handshake_timeout)).
    Handshake,
    /// No acknowledgement for a retransmission timeout (RFC 6298): the oldest messages go
    /// again.
    Retransmission,
    /// Later messages were acknowledged and an earlier one not: past this moment that is not
    /// reordering any more (RFC 8985), and it goes again.
    LossDetection,
    /// The rate limit lets the next message out: call
    /// [`poll_transmit`](crate::DataChannel::poll_transmit) and
    /// [`send_budget`](crate::DataChannel::send_budget).
    Pacing,
}
