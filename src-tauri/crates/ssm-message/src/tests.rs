//! Captured traffic, hostile frames, and round trips of whatever fits the types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::payload::{
    Acknowledgement, AgentSessionState, Flag, HandshakeComplete, HandshakeRequest,
    HandshakeResponse, JsonPayload, PortProperties, RequestedClientAction, SessionTypeRequest,
};
use crate::{
    DecodeError, Flags, MAX_PAYLOAD_LENGTH, Message, MessageType, OpenDataChannel, PAYLOAD_OFFSET,
    PayloadError, PayloadType, Uuid,
};

const MUX: &str = include_str!("../../../../tests/fixtures/wire/mux.all.jsonl");
const BASIC: &str = include_str!("../../../../tests/fixtures/wire/basic.all.jsonl");

#[derive(Deserialize)]
struct Captured {
    op: String,
    side: String,
    b64: String,
}

fn captured() -> impl Iterator<Item = (Captured, Bytes)> {
    MUX.lines().chain(BASIC.lines()).map(|line| {
        let captured: Captured = serde_json::from_str(line).unwrap();
        let bytes = STANDARD.decode(&captured.b64).unwrap().into();
        (captured, bytes)
    })
}

fn data(payload: &'static [u8]) -> Message {
    Message {
        message_type: MessageType::OutputStreamData,
        schema_version: 1,
        created_date: 1_795_224_505_089,
        sequence_number: 42,
        flags: Flags::NONE,
        message_id: Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff),
        payload_type: PayloadType::Output,
        payload: Bytes::from_static(payload),
    }
}

fn patched(message: &Message, at: usize, bytes: &[u8]) -> Bytes {
    let mut frame = BytesMut::from(&message.encode()[..]);
    frame[at..at + bytes.len()].copy_from_slice(bytes);
    frame.freeze()
}

#[test]
fn every_captured_frame_decodes_and_encodes_to_the_same_bytes() {
    let mut frames = 0;
    for (_, frame) in captured().filter(|(captured, _)| captured.op == "binary") {
        let message = Message::decode(&frame).unwrap();
        assert_eq!(message.encode(), frame);
        frames += 1;
    }
    assert!(frames > 100, "only {frames} frames in the fixtures");
}

#[test]
fn every_captured_json_body_encodes_to_the_same_bytes() {
    let mut bodies = 0;
    for (_, frame) in captured().filter(|(captured, _)| captured.op == "binary") {
        let message = Message::decode(&frame).unwrap();
        let payload = &message.payload;
        let again = match (message.message_type, message.payload_type) {
            (MessageType::Acknowledge, _) => Acknowledgement::decode(payload).unwrap().encode(),
            (MessageType::AgentSessionState, _) => {
                AgentSessionState::decode(payload).unwrap().encode()
            }
            (_, PayloadType::HandshakeRequest) => {
                HandshakeRequest::decode(payload).unwrap().encode()
            }
            (_, PayloadType::HandshakeResponse) => {
                HandshakeResponse::decode(payload).unwrap().encode()
            }
            (_, PayloadType::HandshakeComplete) => {
                HandshakeComplete::decode(payload).unwrap().encode()
            }
            (_, PayloadType::Flag) => Flag::decode(payload).unwrap().encode(),
            _ => continue,
        };
        assert_eq!(&again, payload);
        bodies += 1;
    }
    assert!(bodies > 50, "only {bodies} bodies in the fixtures");
}

#[test]
fn the_captured_open_message_encodes_to_the_same_text() {
    let opens: Vec<_> = captured()
        .filter(|(captured, _)| captured.op == "text" && captured.side == "client")
        .collect();
    assert_eq!(opens.len(), 2);
    for (_, text) in opens {
        let open: OpenDataChannel = serde_json::from_slice(&text).unwrap();
        assert_eq!(open.encode().as_bytes(), text);
    }
}

#[test]
fn the_open_message_does_not_show_its_token() {
    let open = OpenDataChannel {
        message_schema_version: OpenDataChannel::SCHEMA_VERSION.into(),
        request_id: Uuid::from_u128(1),
        token_value: "planted-secret".into(),
        client_id: Uuid::from_u128(2),
        client_version: "1.2.0.0".into(),
    };
    assert!(!format!("{open:?}").contains("planted-secret"));
}

#[test]
fn a_payload_shares_the_memory_of_its_frame() {
    let frame = data(b"payload").encode();
    let payload = Message::decode(&frame).unwrap().payload;
    assert_eq!(payload.as_ptr(), frame[PAYLOAD_OFFSET..].as_ptr());
}

#[test]
fn a_message_type_may_be_padded_with_spaces_or_nuls() {
    let message = data(b"x");
    let mut field = [0; 32];
    field[..18].copy_from_slice(b"output_stream_data");
    assert_eq!(Message::decode(&patched(&message, 4, &field)), Ok(message));
}

#[test]
fn a_header_may_be_longer_than_the_known_fields() {
    let message = data(b"x");
    let known = message.encode();
    let mut frame = BytesMut::from(&known[..116]);
    frame[..4].copy_from_slice(&120_u32.to_be_bytes());
    frame.extend_from_slice(b"more");
    frame.extend_from_slice(&known[116..]);
    assert_eq!(Message::decode(&frame.freeze()), Ok(message));
}

#[test]
fn a_header_length_out_of_bounds_is_an_error_of_its_own() {
    for got in [0, 3, 115, 118, u32::MAX] {
        let frame = patched(&data(b"x"), 0, &got.to_be_bytes());
        let expected = DecodeError::HeaderLength {
            least: 116,
            most: 117,
            got,
        };
        assert_eq!(Message::decode(&frame), Err(expected));
    }
}

#[test]
fn a_frame_shorter_than_its_header_is_too_short() {
    for length in 0..PAYLOAD_OFFSET {
        let frame = data(b"").encode().slice(..length);
        let expected = DecodeError::TooShort {
            expected: PAYLOAD_OFFSET,
            got: length,
        };
        assert_eq!(Message::decode(&frame), Err(expected));
    }
}

#[test]
fn a_wrong_payload_length_is_an_error_in_data_and_borne_in_control_messages() {
    let mut message = data(b"{}");
    let wrong = 77_u32.to_be_bytes();
    let expected = DecodeError::PayloadLength {
        expected: 77,
        got: 2,
    };
    assert_eq!(
        Message::decode(&patched(&message, 116, &wrong)),
        Err(expected)
    );

    message.message_type = MessageType::ChannelClosed;
    message.payload_type = PayloadType::Other(261);
    assert_eq!(
        Message::decode(&patched(&message, 116, &wrong)),
        Ok(message)
    );
}

#[test]
fn a_wrong_digest_is_an_error_but_in_publication_messages() {
    for message_type in MessageType::ALL {
        let mut message = data(b"payload");
        message.message_type = message_type;
        let decoded = Message::decode(&patched(&message, 80, &[0; 32]));
        match message_type {
            MessageType::StartPublication | MessageType::PausePublication => {
                assert_eq!(decoded, Ok(message));
            }
            MessageType::InputStreamData
            | MessageType::OutputStreamData
            | MessageType::Acknowledge
            | MessageType::ChannelClosed
            | MessageType::AgentSessionState => {
                assert_eq!(decoded, Err(DecodeError::Digest { message_type }));
            }
        }
    }
}

#[test]
fn a_publication_message_with_wild_lengths_has_an_empty_payload() {
    let mut message = data(b"");
    message.message_type = MessageType::PausePublication;
    let decoded = Message::decode(&patched(&message, 0, &u32::MAX.to_be_bytes())).unwrap();
    assert_eq!(decoded.message_type, MessageType::PausePublication);
    assert!(decoded.payload.is_empty());
}

#[test]
fn an_unknown_message_type_is_named() {
    let mut field = [b' '; 32];
    field[..7].copy_from_slice(b"gossip_");
    let decoded = Message::decode(&patched(&data(b""), 4, &field));
    assert_eq!(
        decoded,
        Err(DecodeError::UnknownMessageType("gossip_".into()))
    );

    let decoded = Message::decode(&patched(&data(b""), 4, &[0xff; 32]));
    assert_eq!(decoded, Err(DecodeError::MessageTypeText));
}

#[test]
fn a_negative_sequence_number_is_an_error() {
    let mut message = data(b"");
    message.sequence_number = -1;
    let expected = DecodeError::NegativeSequenceNumber(-1);
    assert_eq!(Message::decode(&message.encode()), Err(expected));
}

#[test]
fn a_payload_over_the_limit_is_an_error_before_it_is_hashed() {
    let mut frame = BytesMut::from(&data(b"").encode()[..]);
    frame.resize(PAYLOAD_OFFSET + MAX_PAYLOAD_LENGTH + 1, 0);
    let decoded = Message::decode(&frame.freeze());
    let expected = DecodeError::PayloadTooLarge {
        most: MAX_PAYLOAD_LENGTH,
        got: MAX_PAYLOAD_LENGTH + 1,
    };
    assert_eq!(decoded, Err(expected));
}

#[test]
fn a_flag_is_four_bytes_with_a_known_number() {
    assert!(matches!(
        Flag::decode(&[0, 0, 0, 3]),
        Ok(Flag::ConnectToPortError)
    ));
    assert!(matches!(
        Flag::decode(&[0, 0, 0, 9]),
        Err(PayloadError::UnknownFlag(9))
    ));
    assert!(matches!(
        Flag::decode(&[3]),
        Err(PayloadError::FlagLength(1))
    ));
}

#[test]
fn a_handshake_request_is_read_with_lists_that_are_null_and_actions_that_are_new() {
    let request = HandshakeRequest::decode(
        br#"{"AgentVersion":"9.9","RequestedClientActions":null,"Extra":1}"#,
    )
    .unwrap();
    assert!(request.requested_client_actions.is_empty());

    let request = HandshakeRequest::decode(
        br#"{"AgentVersion":"9.9","RequestedClientActions":[{"ActionType":"Dance","ActionParameters":[1]},
            {"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"host":"db","portNumber":"1","type":"LocalPortForwarding"}}}]}"#,
    )
    .unwrap();
    let [dance, session_type] = &request.requested_client_actions[..] else {
        panic!()
    };
    assert!(dance.parameters::<SessionTypeRequest>().is_err());
    assert_eq!(
        session_type.action_type,
        RequestedClientAction::SESSION_TYPE
    );
    let properties = PortProperties {
        host: Some("db".into()),
        local_port_number: None,
        port_number: Some("1".into()),
        kind: Some("LocalPortForwarding".into()),
    };
    assert_eq!(
        session_type.parameters::<SessionTypeRequest>().unwrap(),
        SessionTypeRequest {
            session_type: "Port".into(),
            properties: Some(properties)
        }
    );
}

#[test]
fn a_body_that_is_not_json_is_an_error_that_names_it() {
    let error = Acknowledgement::decode(b"<html>").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the acknowledge payload is not the JSON it should be"
    );
}

fn any_message() -> impl Strategy<Value = Message> {
    (
        0..MessageType::ALL.len(),
        any::<u32>(),
        any::<u64>(),
        0..=i64::MAX,
        any::<u64>(),
        any::<u128>(),
        any::<u32>(),
        proptest::collection::vec(any::<u8>(), 0..3000),
    )
        .prop_map(
            |(
                kind,
                schema_version,
                created_date,
                sequence_number,
                flags,
                id,
                payload_type,
                payload,
            )| {
                Message {
                    message_type: MessageType::ALL[kind],
                    schema_version,
                    created_date,
                    sequence_number,
                    flags: Flags(flags),
                    message_id: Uuid::from_u128(id),
                    payload_type: PayloadType::from_wire(payload_type),
                    payload: payload.into(),
                }
            },
        )
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(message in any_message()) {
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Message::decode(&bytes.into());
    }

    #[test]
    fn a_changed_byte_is_never_taken_for_the_same_message(
        message in any_message(), at in any::<proptest::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut frame = BytesMut::from(&message.encode()[..]);
        let at = at.index(frame.len());
        frame[at] ^= flip;
        let publication = matches!(
            message.message_type,
            MessageType::StartPublication | MessageType::PausePublication
        );
        // Padding may change its kind, and what is not validated may be anything.
        if !publication && !(4..36).contains(&at) && !(116..120).contains(&at) {
            prop_assert_ne!(Message::decode(&frame.freeze()), Ok(message));
        }
    }
}

#[test]
fn the_digest_is_that_of_the_payload_on_the_wire() {
    let frame = data(b"abc").encode();
    assert_eq!(&frame[80..112], Sha256::digest(b"abc").as_slice());
}
