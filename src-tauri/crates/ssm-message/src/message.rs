//! One binary message: header and payload.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::header::offset;
use crate::{
    DecodeError, Flags, HEADER_LENGTH, MAX_PAYLOAD_LENGTH, MessageType, PAYLOAD_OFFSET, PayloadType,
};

/// A binary message of the data channel, without what its encoding adds (lengths and digest).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What the message is.
    pub message_type: MessageType,
    /// 1 in everything seen so far; not checked.
    pub schema_version: u32,
    /// When the message was made, Unix time in milliseconds.
    pub created_date: u64,
    /// Counts from 0 in each direction for stream data; 0 elsewhere. Never negative in a
    /// decoded message.
    pub sequence_number: i64,
    /// The flag bits.
    pub flags: Flags,
    /// Names the message; an acknowledgement repeats it.
    pub message_id: Uuid,
    /// What the payload holds.
    pub payload_type: PayloadType,
    /// The payload as it is on the wire (so perhaps encrypted).
    pub payload: Bytes,
}

impl Message {
    /// Decodes one WebSocket frame. The payload shares the frame's memory.
    ///
    /// Length fields are trusted only within the frame's bounds, and the digest is checked,
    /// but for `start_publication` and `pause_publication`, which carry wrong ones; these two
    /// get an empty payload if theirs can't be told.
    ///
    /// # Errors
    /// Each way in which a frame can be bad is its own [`DecodeError`].
    pub fn decode(frame: &Bytes) -> Result<Self, DecodeError> {
        if frame.len() < PAYLOAD_OFFSET {
            return Err(DecodeError::TooShort {
                expected: PAYLOAD_OFFSET,
                got: frame.len(),
            });
        }
        let message_type =
            decode_message_type(&frame[offset::MESSAGE_TYPE..offset::SCHEMA_VERSION])?;
        let payload = split_payload(frame, message_type)?;

        let schema_version = (&frame[offset::SCHEMA_VERSION..]).get_u32();
        let created_date = (&frame[offset::CREATED_DATE..]).get_u64();
        let sequence_number = (&frame[offset::SEQUENCE_NUMBER..]).get_i64();
        let flags = Flags((&frame[offset::FLAGS..]).get_u64());
        let message_id = decode_message_id(&frame[offset::MESSAGE_ID..]);
        let payload_type = PayloadType::from_wire((&frame[offset::PAYLOAD_TYPE..]).get_u32());

        if sequence_number < 0 {
            return Err(DecodeError::NegativeSequenceNumber(sequence_number));
        }
        if message_type.is_validated() {
            let digest = &frame[offset::PAYLOAD_DIGEST..offset::PAYLOAD_TYPE];
            if Sha256::digest(&payload).as_slice() != digest {
                return Err(DecodeError::Digest { message_type });
            }
        }
        Ok(Self {
            message_type,
            schema_version,
            created_date,
            sequence_number,
            flags,
            message_id,
            payload_type,
            payload,
        })
    }

    /// Encodes the message as one WebSocket frame: the payload is copied once, into it.
    pub fn encode(&self) -> Bytes {
        let mut builder = MessageBuilder::with_capacity(self.payload.len());
        builder.payload_mut().put_slice(&self.payload);
        builder.finish(self)
    }
}

/// A frame under construction whose payload is written in place, so that data from several
/// sources becomes one message with one copy.
///
/// Room for the header is kept in front; [`finish`](Self::finish) fills it in.
#[derive(Debug)]
pub struct MessageBuilder {
    frame: BytesMut,
}

impl MessageBuilder {
    /// Starts a frame with room for `payload` bytes of payload; it grows if that is too few.
    pub fn with_capacity(payload: usize) -> Self {
        let mut frame = BytesMut::with_capacity(PAYLOAD_OFFSET + payload);
        frame.put_bytes(0, PAYLOAD_OFFSET);
        Self { frame }
    }

    /// The buffer to append payload to. What stands in it already (the header's room) must
    /// stay.
    pub fn payload_mut(&mut self) -> &mut BytesMut {
        &mut self.frame
    }

    /// Bytes of payload so far.
    pub fn payload_len(&self) -> usize {
        self.frame.len().saturating_sub(PAYLOAD_OFFSET)
    }

    /// Writes the header (all fields of `header` but its payload, which is not looked at) and
    /// returns the frame.
    pub fn finish(mut self, header: &Message) -> Bytes {
        let payload_length = self.payload_len();
        debug_assert!(
            payload_length <= MAX_PAYLOAD_LENGTH,
            "payload of {payload_length} bytes"
        );
        let digest = Sha256::digest(&self.frame[PAYLOAD_OFFSET..]);
        let mut at = &mut self.frame[..PAYLOAD_OFFSET];
        at.put_u32(HEADER_LENGTH);
        let name = header.message_type.name().as_bytes();
        at.put_slice(name);
        at.put_bytes(
            b' ',
            offset::SCHEMA_VERSION - offset::MESSAGE_TYPE - name.len(),
        );
        at.put_u32(header.schema_version);
        at.put_u64(header.created_date);
        at.put_i64(header.sequence_number);
        at.put_u64(header.flags.0);
        let (most, least) = header.message_id.as_u64_pair();
        at.put_u64(least);
        at.put_u64(most);
        at.put_slice(&digest);
        at.put_u32(header.payload_type.to_wire());
        at.put_u32(u32::try_from(payload_length).unwrap_or(u32::MAX));
        self.frame.freeze()
    }
}

fn decode_message_type(field: &[u8]) -> Result<MessageType, DecodeError> {
    if !field.is_ascii() {
        return Err(DecodeError::MessageTypeText);
    }
    let text = std::str::from_utf8(field).map_err(|_| DecodeError::MessageTypeText)?;
    // Some writers pad with spaces, some with NULs.
    let name = text.trim_matches(['\0', ' ']);
    MessageType::from_name(name).ok_or_else(|| DecodeError::UnknownMessageType(name.to_owned()))
}

/// Finds the payload: `HeaderLength` says where its length stands, directly before it.
fn split_payload(frame: &Bytes, message_type: MessageType) -> Result<Bytes, DecodeError> {
    let said = (&frame[offset::HEADER_LENGTH..]).get_u32();
    let most = frame.len() - 4;
    let length_at = match usize::try_from(said) {
        Ok(at) if (HEADER_LENGTH as usize..=most).contains(&at) => at,
        _ if !message_type.is_validated() => return Ok(Bytes::new()),
        _ => {
            return Err(DecodeError::HeaderLength {
                least: HEADER_LENGTH as usize,
                most,
                got: said,
            });
        }
    };
    let payload = frame.slice(length_at + 4..);
    if payload.len() > MAX_PAYLOAD_LENGTH {
        return Err(DecodeError::PayloadTooLarge {
            most: MAX_PAYLOAD_LENGTH,
            got: payload.len(),
        });
    }
    let expected = (&frame[length_at..]).get_u32();
    if message_type.has_exact_length() && usize::try_from(expected) != Ok(payload.len()) {
        return Err(DecodeError::PayloadLength {
            expected,
            got: payload.len(),
        });
    }
    Ok(payload)
}

/// The halves of the UUID are swapped on the wire: the least significant one comes first.
fn decode_message_id(mut field: &[u8]) -> Uuid {
    let least = field.get_u64();
    let most = field.get_u64();
    Uuid::from_u64_pair(most, least)
}
