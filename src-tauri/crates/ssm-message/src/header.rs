//! The fixed header: its layout, and the closed sets of its type fields.

use std::fmt;

/// `HeaderLength` of every message that is written: the bytes between that field and
/// `PayloadLength` (docs/protocol.md, section 2).
pub const HEADER_LENGTH: u32 = 116;

/// Where the payload starts in a message whose header has [`HEADER_LENGTH`].
pub const PAYLOAD_OFFSET: usize = HEADER_LENGTH as usize + 4;

/// The most bytes that a payload may have.
///
/// Agents send 1,024, the gateway was seen to pass 32 KiB; a mebibyte leaves room for both and
/// bounds what a hostile frame can make us keep.
pub const MAX_PAYLOAD_LENGTH: usize = 1024 * 1024;

/// Where each field of the header starts.
pub(crate) mod offset {
    pub(crate) const HEADER_LENGTH: usize = 0;
    pub(crate) const MESSAGE_TYPE: usize = 4;
    pub(crate) const SCHEMA_VERSION: usize = 36;
    pub(crate) const CREATED_DATE: usize = 40;
    pub(crate) const SEQUENCE_NUMBER: usize = 48;
    pub(crate) const FLAGS: usize = 56;
    pub(crate) const MESSAGE_ID: usize = 64;
    pub(crate) const PAYLOAD_DIGEST: usize = 80;
    pub(crate) const PAYLOAD_TYPE: usize = 112;
}

/// Names what a message is, and so which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// Client to agent, numbered.
    InputStreamData,
    /// Agent to client, numbered.
    OutputStreamData,
    /// Both ways: one numbered message arrived.
    Acknowledge,
    /// To the client: the session is over; the body says why.
    ChannelClosed,
    /// Gateway to either side: the other side is there, send.
    StartPublication,
    /// Gateway to either side: the other side is not there, wait.
    PausePublication,
    /// Agent to gateway: the session's state. A client never sees it.
    AgentSessionState,
}

impl MessageType {
    /// Every message type.
    pub const ALL: [Self; 7] = [
        Self::InputStreamData,
        Self::OutputStreamData,
        Self::Acknowledge,
        Self::ChannelClosed,
        Self::StartPublication,
        Self::PausePublication,
        Self::AgentSessionState,
    ];

    /// Returns the name that stands on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InputStreamData => "input_stream_data",
            Self::OutputStreamData => "output_stream_data",
            Self::Acknowledge => "acknowledge",
            Self::ChannelClosed => "channel_closed",
            Self::StartPublication => "start_publication",
            Self::PausePublication => "pause_publication",
            Self::AgentSessionState => "agent_session_state",
        }
    }

    /// Returns the type that has this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Says whether lengths and digest of such a message mean anything: those of the
    /// gateway's two publication messages do not (docs/protocol.md, section 3).
    pub(crate) const fn is_validated(self) -> bool {
        match self {
            Self::StartPublication | Self::PausePublication => false,
            Self::InputStreamData
            | Self::OutputStreamData
            | Self::Acknowledge
            | Self::ChannelClosed
            | Self::AgentSessionState => true,
        }
    }

    /// Says whether a payload length that differs from the frame is an error. It is one for
    /// numbered data; the service's control messages are known to get it wrong.
    pub(crate) const fn has_exact_length(self) -> bool {
        match self {
            Self::InputStreamData | Self::OutputStreamData => true,
            Self::Acknowledge
            | Self::ChannelClosed
            | Self::StartPublication
            | Self::PausePublication
            | Self::AgentSessionState => false,
        }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Names what a payload holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayloadType {
    /// Bytes of the session: smux frames, one TCP connection, or a standard stream.
    Output,
    /// An error text.
    Error,
    /// A terminal's size.
    Size,
    /// A document parameter.
    Parameter,
    /// [`HandshakeRequest`](crate::payload::HandshakeRequest).
    HandshakeRequest,
    /// [`HandshakeResponse`](crate::payload::HandshakeResponse).
    HandshakeResponse,
    /// [`HandshakeComplete`](crate::payload::HandshakeComplete).
    HandshakeComplete,
    /// [`EncryptionChallenge`](crate::payload::EncryptionChallenge), asked by the agent.
    EncChallengeRequest,
    /// [`EncryptionChallenge`](crate::payload::EncryptionChallenge), answered by the client.
    EncChallengeResponse,
    /// [`Flag`](crate::payload::Flag).
    Flag,
    /// Standard error of a session that keeps it apart.
    StdErr,
    /// Exit code of a session that keeps it apart.
    ExitCode,
    /// A number that this crate gives no meaning: 0 where the type says it all, 261 in some
    /// `channel_closed` messages.
    Other(u32),
}

impl PayloadType {
    /// Returns the number that stands on the wire.
    pub const fn to_wire(self) -> u32 {
        match self {
            Self::Output => 1,
            Self::Error => 2,
            Self::Size => 3,
            Self::Parameter => 4,
            Self::HandshakeRequest => 5,
            Self::HandshakeResponse => 6,
            Self::HandshakeComplete => 7,
            Self::EncChallengeRequest => 8,
            Self::EncChallengeResponse => 9,
            Self::Flag => 10,
            Self::StdErr => 11,
            Self::ExitCode => 12,
            Self::Other(number) => number,
        }
    }

    /// Returns the type with this number; never fails, because what an unknown one means for
    /// the channel depends on the message that carries it.
    pub const fn from_wire(number: u32) -> Self {
        match number {
            1 => Self::Output,
            2 => Self::Error,
            3 => Self::Size,
            4 => Self::Parameter,
            5 => Self::HandshakeRequest,
            6 => Self::HandshakeResponse,
            7 => Self::HandshakeComplete,
            8 => Self::EncChallengeRequest,
            9 => Self::EncChallengeResponse,
            10 => Self::Flag,
            11 => Self::StdErr,
            12 => Self::ExitCode,
            number => Self::Other(number),
        }
    }
}

/// The header's flag bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u64);

impl Flags {
    /// No bit set: every client message with a number, and the agent's but for its first.
    pub const NONE: Self = Self(0);
    /// First message of a stream; the agent sets it on its sequence number 0.
    pub const SYN: Self = Self(1);
    /// Last message of a stream.
    pub const FIN: Self = Self(2);
    /// What acknowledgements carry.
    pub const SYN_FIN: Self = Self(3);

    /// Says whether every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
