//! What can end a session, and what makes one frame worthless.

use std::sync::Arc;

use ssm_message::{DecodeError, PayloadError, PayloadType};

use crate::HandshakeStep;

/// Says why a data channel can't go on or can't do what it was asked to.
///
/// After every error the session is over, but for [`DataKeyUnexpected`](Self::DataKeyUnexpected)
/// and those of [`DataChannel::send`](crate::DataChannel::send): end it at the service and start
/// another, or tell the user, as the variant's line says.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A handshake message does not have the body it should: another session may do better.
    #[error("the agent's handshake can't be read")]
    HandshakeMalformed(#[source] Arc<PayloadError>),
    /// A handshake message is larger than any real one.
    #[error("a handshake message of the agent has {got} bytes, at most {most} are accepted")]
    HandshakeTooLarge {
        /// Bytes accepted.
        most: usize,
        /// Bytes in the message.
        got: usize,
    },
    /// A message came where the handshake has no place for it.
    #[error("the agent sent {payload_type:?} out of the handshake's order")]
    HandshakeOutOfOrder {
        /// What the handshake was waiting for; `None` when it was complete.
        step: Option<HandshakeStep>,
        /// What came.
        payload_type: PayloadType,
    },
    /// The handshake ended without a session type.
    #[error("the agent did not say what kind of session this is")]
    SessionTypeMissing,
    /// The session is of a kind that this client does not know: the document is wrong for it.
    #[error("the session is of the unknown kind {0:?}")]
    UnknownSessionType(String),
    /// The session must be encrypted and the data key could not be had: the user's access to
    /// the KMS key is the thing to look at.
    #[error("the session must be encrypted, and there is no data key: {0}")]
    DataKeyFailed(String),
    /// The data key has the wrong length.
    #[error("the data key has {got} bytes instead of {expected}")]
    DataKeyLength {
        /// Bytes that it must have.
        expected: usize,
        /// Bytes that it has.
        got: usize,
    },
    /// A data key was given that nobody asked for: a bug of the caller.
    #[error("there is no use for a data key now")]
    DataKeyUnexpected,
    /// The agent wants proof of a key that was never agreed.
    #[error("the agent sent an encryption challenge, but no key was agreed")]
    ChallengeWithoutKey,
    /// The agent's challenge does not open with the agreed key.
    #[error("the agent's encryption challenge can't be decrypted")]
    ChallengeUndecryptable,
    /// Data that must be encrypted is not, or with another key, or was changed on the way.
    #[error("message {sequence_number} of the agent can't be decrypted")]
    Undecryptable {
        /// The message's number.
        sequence_number: i64,
    },
    /// The cipher refused a message of ours.
    #[error("a message could not be encrypted")]
    Encryption,
    /// A message larger than the channel bears was sent, and one socket after another died of
    /// it: the session must be replaced, and kept to the size that [`Event::PayloadLimit`] said.
    ///
    /// [`Event::PayloadLimit`]: crate::Event::PayloadLimit
    #[error("the channel was cut again and again over a message of {size} bytes")]
    PayloadRefused {
        /// Bytes of payload in the message.
        size: usize,
    },
    /// [`DataChannel::send`](crate::DataChannel::send) was called while data can't be sent at
    /// all: before the handshake is complete, or after the end.
    #[error("the channel does not take data")]
    NotEstablished,
    /// The send window is full.
    #[error("{messages} messages are unacknowledged, no more are taken")]
    WindowFull {
        /// How many.
        messages: usize,
    },
    /// The message is larger than any budget was.
    #[error("the message has {got} bytes of payload, at most {most} are possible")]
    PayloadTooLarge {
        /// Bytes possible.
        most: usize,
        /// Bytes in the message.
        got: usize,
    },
}

impl Error {
    /// Returns a short name for logs, reports and matching outside this program. It never
    /// changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::HandshakeMalformed(_) => "handshake-malformed",
            Self::HandshakeTooLarge { .. } => "handshake-too-large",
            Self::HandshakeOutOfOrder { .. } => "handshake-out-of-order",
            Self::SessionTypeMissing => "session-type-missing",
            Self::UnknownSessionType(_) => "session-type-unknown",
            Self::DataKeyFailed(_) => "data-key-failed",
            Self::DataKeyLength { .. } => "data-key-length",
            Self::DataKeyUnexpected => "data-key-unexpected",
            Self::ChallengeWithoutKey => "challenge-without-key",
            Self::ChallengeUndecryptable => "challenge-undecryptable",
            Self::Undecryptable { .. } => "undecryptable",
            Self::Encryption => "encryption",
            Self::PayloadRefused { .. } => "payload-refused",
            Self::NotEstablished => "not-established",
            Self::WindowFull { .. } => "window-full",
            Self::PayloadTooLarge { .. } => "payload-too-large",
        }
    }
}

impl From<PayloadError> for Error {
    fn from(source: PayloadError) -> Self {
        Self::HandshakeMalformed(Arc::new(source))
    }
}

/// Says why one frame was dropped. The channel goes on: if the frame was a damaged message, the
/// agent sends it again.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BadFrame {
    /// The frame is not a message.
    #[error(transparent)]
    Message(#[from] DecodeError),
    /// An acknowledgement can't be read.
    #[error(transparent)]
    Acknowledgement(Arc<PayloadError>),
}
