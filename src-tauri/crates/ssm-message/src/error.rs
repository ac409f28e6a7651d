use crate::{MessageType, PayloadType};

/// Says in which way a frame is not a message.
///
/// None of these can be repaired by reading on: the frame is dropped unacknowledged. Whether
/// the channel can go on is for its owner to say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The frame ends before its fixed header and payload length do.
    #[error("the frame has {got} bytes, a message has at least {expected}")]
    TooShort {
        /// Bytes that a message has at least.
        expected: usize,
        /// Bytes in the frame.
        got: usize,
    },
    /// `HeaderLength` is less than the fixed fields need, or points past the frame.
    #[error("the header length says {got}, at least {least} and at most {most} is possible")]
    HeaderLength {
        /// The least that holds the fixed fields.
        least: usize,
        /// The most that lies within this frame.
        most: usize,
        /// What the frame says.
        got: u32,
    },
    /// `PayloadLength` differs from what the frame holds.
    #[error("the payload length says {expected}, the frame holds {got}")]
    PayloadLength {
        /// What the frame says.
        expected: u32,
        /// Bytes behind the header.
        got: usize,
    },
    /// The payload is larger than any peer of ours sends.
    #[error("the payload has {got} bytes, at most {most} are accepted")]
    PayloadTooLarge {
        /// [`MAX_PAYLOAD_LENGTH`](crate::MAX_PAYLOAD_LENGTH).
        most: usize,
        /// Bytes in the payload.
        got: usize,
    },
    /// `MessageType` is not ASCII text.
    #[error("the message type is not ASCII text")]
    MessageTypeText,
    /// `MessageType` is none that this crate knows.
    #[error("the message type {0:?} is unknown")]
    UnknownMessageType(String),
    /// `SequenceNumber` is negative.
    #[error("the sequence number {0} is negative")]
    NegativeSequenceNumber(i64),
    /// `PayloadDigest` is not the SHA-256 of the payload.
    #[error(
        "the payload of a {message_type} message does not have the digest that its header says"
    )]
    Digest {
        /// The type of the message.
        message_type: MessageType,
    },
}

/// Says why a payload is not the body that its type promises.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The body is not the JSON that this payload type has.
    #[error("the {what} payload is not the JSON it should be")]
    Json {
        /// The body's name in docs/protocol.md.
        what: &'static str,
        /// Where and how the JSON differs.
        source: serde_json::Error,
    },
    /// A flag payload is not four bytes long.
    #[error("a flag payload has 4 bytes, this one has {0}")]
    FlagLength(usize),
    /// The flag is none that this crate knows.
    #[error("the flag {0} is unknown")]
    UnknownFlag(u32),
    /// The payload has another type than the one asked for.
    #[error("the payload type is {got:?}, not {expected:?}")]
    WrongType {
        /// The type asked for.
        expected: PayloadType,
        /// The type of the message.
        got: PayloadType,
    },
}
