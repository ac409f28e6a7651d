//! The wire codec of the Session Manager data channel.
//!
//! A data channel carries one text message, [`OpenDataChannel`], and after it binary
//! messages, each a [`Message`]: a 116-byte header and a payload (docs/protocol.md, section 2).
//! What a payload means depends on its [`MessageType`] and [`PayloadType`]; the JSON bodies
//! are in [`payload`].
//!
//! The crate is pure: no I/O, no clock, no randomness. Payloads are never copied: decoding
//! slices the frame, encoding writes a payload once, into the frame that goes out.
//!
//! ```
//! use bytes::Bytes;
//! use ssm_message::{Flags, Message, MessageType, PayloadType, Uuid};
//!
//! let message = Message {
//!     message_type: MessageType::InputStreamData,
//!     schema_version: 1,
//!     created_date: 1_795_224_505_089,
//!     sequence_number: 0,
//!     flags: Flags::NONE,
//!     message_id: Uuid::from_u128(7),
//!     payload_type: PayloadType::Output,
//!     payload: Bytes::from_static(b"\n"),
//! };
//! let frame = message.encode();
//! assert_eq!(Message::decode(&frame)?, message);
//! # Ok::<(), ssm_message::DecodeError>(())
//! ```

mod error;
mod header;
mod message;
mod open;
pub mod payload;

pub use error::{DecodeError, PayloadError};
pub use header::{
    Flags, HEADER_LENGTH, MAX_PAYLOAD_LENGTH, MessageType, PAYLOAD_OFFSET, PayloadType,
};
pub use message::{Message, MessageBuilder};
pub use open::OpenDataChannel;
pub use uuid::Uuid;

#[cfg(test)]
mod tests;
