//! The far end of a session that is played again.

use std::collections::HashMap;

use bytes::Bytes;
use ssm_message::payload::{Acknowledgement, HandshakeComplete, JsonPayload as _};
use ssm_message::{
    Flags, MAX_PAYLOAD_LENGTH, Message, MessageType, PAYLOAD_OFFSET, PayloadType, Uuid,
};

use crate::RecordedFrame;

/// Messages of a handshake that was made up.
const HANDSHAKE: i64 = 2;

/// A request that any session for a port could begin with.
const REQUEST: &str = r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"1","type":"LocalPortForwarding"}}}]}"#;

/// A frame of the multiplexer that carries nothing: version, command, length, stream.
const NOP: [u8; 8] = [1, 3, 0, 0, 0, 0, 0, 0];

/// What the agent would say.
#[derive(Debug, Default)]
pub(super) struct FarEnd {
    /// Ids of the engine's messages, by their numbers.
    heard: HashMap<i64, Uuid>,
    /// The number of its next one.
    next: i64,
    ids: u128,
}

/// What is looked at of the engine's messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) message_type: MessageType,
    pub(super) number: i64,
    id: Uuid,
}

impl FarEnd {
    /// What a session begins with.
    pub(super) fn handshake(&mut self) -> [Bytes; 2] {
        [
            self.numbered(0, PayloadType::HandshakeRequest, request()),
            self.numbered(1, PayloadType::HandshakeComplete, complete()),
        ]
    }

    /// A recorded message that came, which is `offset` after the first recorded one.
    pub(super) fn came(
        &mut self,
        frame: &RecordedFrame,
        offset: i64,
        is_whole: bool,
    ) -> Option<Bytes> {
        let number = match is_whole {
            true => offset,
            false => offset.checked_add(HANDSHAKE)?,
        };
        let length = usize::try_from(frame.length).ok()?;
        let payload_type = PayloadType::from_wire(frame.payload);
        let payload = match payload_type {
            PayloadType::HandshakeRequest => request(),
            PayloadType::HandshakeComplete => complete(),
            PayloadType::Output => nothing(length),
            PayloadType::Flag => Bytes::from_static(&[0, 0, 0, 3]),
            // What it held is not known; it takes its place.
            PayloadType::EncChallengeRequest
            | PayloadType::Error
            | PayloadType::Size
            | PayloadType::Parameter
            | PayloadType::HandshakeResponse
            | PayloadType::EncChallengeResponse
            | PayloadType::StdErr
            | PayloadType::ExitCode
            | PayloadType::Other(_) => {
                return Some(self.numbered(number, PayloadType::Size, Bytes::new()));
            }
        };
        Some(self.numbered(number, payload_type, payload))
    }

    /// Acknowledges a message of the engine's, if it was heard.
    pub(super) fn acknowledgement(&mut self, number: i64) -> Option<Bytes> {
        let id = *self.heard.get(&number)?;
        let payload = Acknowledgement {
            message_type: Some(MessageType::InputStreamData),
            message_id: id,
            sequence_number: number,
            is_sequential_message: true,
        }
        .encode();
        Some(self.message(MessageType::Acknowledge, 0, PayloadType::Other(0), payload))
    }

    /// Acknowledges all that was heard.
    pub(super) fn acknowledgements(&mut self) -> Vec<Bytes> {
        let numbers: Vec<i64> = self.heard.keys().copied().collect();
        numbers
            .into_iter()
            .filter_map(|number| self.acknowledgement(number))
            .collect()
    }

    /// A message that says it all by its type.
    pub(super) fn other(&mut self, message_type: MessageType) -> Bytes {
        self.message(message_type, 0, PayloadType::Other(0), Bytes::new())
    }

    /// Takes a numbered message of the engine's. Says whether it is new.
    pub(super) fn hear(&mut self, header: Header) -> bool {
        self.next = self.next.max(header.number.saturating_add(1));
        self.heard.insert(header.number, header.id).is_none()
    }

    pub(super) fn has_heard(&self, number: i64) -> bool {
        self.heard.contains_key(&number)
    }

    /// The number of the engine's next message.
    pub(super) fn next_of_engine(&self) -> i64 {
        self.next
    }

    /// Which of the recorded messages an acknowledgement of the engine's names.
    pub(super) fn offset_of(&self, frame: &Bytes, is_whole: bool) -> Option<i64> {
        let named = Acknowledgement::decode(frame.get(PAYLOAD_OFFSET..)?).ok()?;
        let offset = match is_whole {
            true => named.sequence_number,
            false => named.sequence_number - HANDSHAKE,
        };
        (offset >= 0).then_some(offset)
    }

    fn numbered(&mut self, number: i64, payload_type: PayloadType, payload: Bytes) -> Bytes {
        self.message(MessageType::OutputStreamData, number, payload_type, payload)
    }

    fn message(
        &mut self,
        message_type: MessageType,
        sequence_number: i64,
        payload_type: PayloadType,
        payload: Bytes,
    ) -> Bytes {
        self.ids += 1;
        Message {
            message_type,
            schema_version: 1,
            // Nought: it does not say when it was made, which is not recorded.
            created_date: 0,
            sequence_number,
            flags: Flags::NONE,
            message_id: Uuid::from_u128(self.ids),
            payload_type,
            payload,
        }
        .encode()
    }
}

/// Reads the header of a message of the engine's.
pub(super) fn header_of(frame: &Bytes) -> Option<Header> {
    let message = Message::decode(frame).ok()?;
    Some(Header {
        message_type: message.message_type,
        number: message.sequence_number,
        id: message.message_id,
    })
}

fn request() -> Bytes {
    Bytes::from_static(REQUEST.as_bytes())
}

fn complete() -> Bytes {
    HandshakeComplete {
        handshake_time_to_complete: 1,
        customer_message: String::new(),
    }
    .encode()
}

/// A payload of whole frames that carry nothing, of this length or a little more.
fn nothing(length: usize) -> Bytes {
    let length = length.clamp(1, MAX_PAYLOAD_LENGTH);
    NOP.repeat(length.div_ceil(NOP.len())).into()
}
