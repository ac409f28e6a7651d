use crate::frame::{Command, StreamId};

/// Says how the peer's byte stream is not smux version 1.
///
/// Each of these is final: the borders of the frames are lost, or the peer breaks the rules.
/// The session has to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A frame does not begin with the version.
    #[error("a frame begins with version {got}, not {expected}")]
    Version {
        /// [`VERSION`](crate::VERSION).
        expected: u8,
        /// What the frame begins with.
        got: u8,
    },
    /// A frame has a command that version 1 does not know.
    #[error("the command {got} is unknown, {expected} is the last one")]
    UnknownCommand {
        /// The highest command that there is.
        expected: u8,
        /// What the frame says.
        got: u8,
    },
    /// A frame that carries no data says that it does.
    #[error("a {command} frame has the length {got}, not {expected}")]
    Length {
        /// The command of the frame.
        command: Command,
        /// Always 0.
        expected: u16,
        /// What the frame says.
        got: u16,
    },
    /// The peer opened a stream that is open.
    #[error("the peer opened stream {0}, which is open")]
    DuplicateStream(StreamId),
    /// The peer opens streams faster than they can be refused.
    #[error("the peer has {got} refused streams that it was not told of yet, at most {most}")]
    TooManyRefused {
        /// The number accepted, [`Config::max_streams`](crate::Config::max_streams).
        most: usize,
        /// The number with this one.
        got: usize,
    },
}

impl Error {
    /// Returns a short name for logs, reports and matching outside this program. It never
    /// changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Version { .. } => "version",
            Self::UnknownCommand { .. } => "unknown_command",
            Self::Length { .. } => "frame_length",
            Self::DuplicateStream(_) => "duplicate_stream",
            Self::TooManyRefused { .. } => "too_many_refused",
        }
    }
}

/// Says why a stream could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// All stream ids were used: the session has to be replaced.
    #[error("the stream ids of this session are used up")]
    IdsExhausted,
    /// As many streams as are allowed are there: try again after [`Closed`](crate::Event::Closed).
    #[error("{got} streams are open, at most {most}")]
    TooManyStreams {
        /// The number allowed, [`Config::max_streams`](crate::Config::max_streams).
        most: usize,
        /// The number there are.
        got: usize,
    },
    /// Only [`Role::Client`](crate::Role::Client) opens streams.
    #[error("a server opens no streams")]
    ServerRole,
}

/// Says why data was not taken. None of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The data is more than [`send_capacity`](crate::Mux::send_capacity): try again after
    /// [`Writable`](crate::Event::Writable).
    #[error("the stream takes {most} bytes now, not {got}")]
    Capacity {
        /// What the stream takes now.
        most: usize,
        /// What was offered.
        got: usize,
    },
    /// No such stream: it was never opened or is forgotten.
    #[error("there is no stream {0}")]
    UnknownStream(StreamId),
    /// The local side closed the stream or its writing half, or the stream was reset.
    #[error("stream {0} is closed for writing")]
    WriteClosed(StreamId),
    /// The peer's FIN is here: it takes nothing more.
    #[error("the peer has closed stream {0}")]
    PeerClosed(StreamId),
}
