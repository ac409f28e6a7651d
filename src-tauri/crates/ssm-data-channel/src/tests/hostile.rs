use bytes::Bytes;
use proptest::prelude::*;
use ssm_message::payload::Flag;
use ssm_message::{Flags, Message, MessageType, PayloadType, Uuid};

use super::rig::{Rig, ms};
use crate::{Config, DataKey};

/// What the outside may do to a channel.
#[derive(Debug, Clone)]
enum Act {
    Frame(Vec<u8>),
    Message(usize, i64, u32, Vec<u8>),
    Json(usize, i64, u32, &'static str),
    Pass(u64),
    Reconnect,
    Send(usize),
    Flag,
    Key(usize),
    NoKey,
}

const BODIES: [&str; 10] = [
    super::rig::MUX_REQUEST,
    super::rig::COMPLETE,
    r#"{"AgentVersion":"","RequestedClientActions":[{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":""}}]}"#,
    r#"{"AgentVersion":"9","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":[]}]}"#,
    r#"{"AgentVersion":"9","RequestedClientActions":[{"ActionType":"","ActionParameters":null}]}"#,
    r#"{"Challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
    r#"{"AcknowledgedMessageType":"input_stream_data","AcknowledgedMessageId":"00000000-0000-0000-0000-000000000000","AcknowledgedMessageSequenceNumber":-1}"#,
    r#"{"Output":7}"#,
    "null",
    "",
];

fn act() -> impl Strategy<Value = Act> {
    let numbers = prop_oneof![8 => 0..6_i64, 1 => Just(i64::MAX), 1 => Just(i64::MIN)];
    let types = 0..MessageType::ALL.len();
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        2 => bytes.clone().prop_map(Act::Frame),
        4 => (types.clone(), numbers.clone(), 0..14_u32, bytes)
            .prop_map(|(kind, number, payload, bytes)| Act::Message(kind, number, payload, bytes)),
        8 => (types, numbers, 0..14_u32, proptest::sample::select(&BODIES[..]))
            .prop_map(|(kind, number, payload, body)| Act::Json(kind, number, payload, body)),
        2 => (0..20_000_u64).prop_map(Act::Pass),
        1 => Just(Act::Reconnect),
        2 => (0..20_000_usize).prop_map(Act::Send),
        1 => Just(Act::Flag),
        1 => (0..100_usize).prop_map(Act::Key),
        1 => Just(Act::NoKey),
    ]
}

fn frame(kind: usize, number: i64, payload_type: u32, payload: &[u8]) -> Bytes {
    Message {
        message_type: MessageType::ALL[kind],
        schema_version: 1,
        created_date: 0,
        sequence_number: number,
        flags: Flags::NONE,
        message_id: Uuid::nil(),
        payload_type: PayloadType::from_wire(payload_type),
        payload: Bytes::copy_from_slice(payload),
    }
    .encode()
}

fn perform(rig: &mut Rig, act: Act) {
    match act {
        Act::Frame(bytes) => drop(rig.channel.handle_input(rig.now, bytes.into())),
        Act::Message(kind, number, payload_type, payload) => {
            let frame = frame(kind, number, payload_type, &payload);
            drop(rig.channel.handle_input(rig.now, frame));
        }
        Act::Json(kind, number, payload_type, body) => {
            let frame = frame(kind, number, payload_type, body.as_bytes());
            drop(rig.channel.handle_input(rig.now, frame));
        }
        Act::Pass(time) => drop(rig.run(ms(time))),
        Act::Reconnect => rig.reconnect(),
        Act::Send(length) => {
            let mut message = rig.channel.start_message(length);
            message.payload_mut().extend_from_slice(&vec![0; length]);
            drop(rig.channel.send(rig.now, message));
        }
        Act::Flag => {
            rig.channel.send_flag(rig.now, Flag::DisconnectToPort);
        }
        Act::Key(length) => {
            let key = DataKey {
                plaintext: vec![0; if length < 80 { 64 } else { length }],
                ciphertext: vec![0; length],
            };
            drop(rig.channel.handle_data_key(rig.now, key));
        }
        Act::NoKey => rig.channel.handle_data_key_failed(rig.now, "no".into()),
    }
}

proptest! {
    #[test]
    fn nothing_from_outside_makes_a_channel_panic_or_spin(
        established in any::<bool>(), acts in proptest::collection::vec(act(), 0..60),
    ) {
        let mut rig = if established {
            Rig::established(Config::default())
        } else {
            Rig::connected(Config::default())
        };
        for act in acts {
            perform(&mut rig, act);
            rig.events();
            rig.frames();
            rig.channel.send_budget(rig.now);
            // Whatever is due now is done by one call.
            rig.channel.handle_timeout(rig.now);
            rig.frames();
            if let Some((at, reason)) = rig.channel.poll_timeout() {
                prop_assert!(at > rig.now, "{:?} is due again", reason);
            }
        }
    }
}
