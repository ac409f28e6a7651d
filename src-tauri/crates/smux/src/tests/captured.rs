//! What the reference client and agent said to each other.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

use super::pair::Pair;
use crate::{Command, Config, Event, HEADER_LENGTH, Mux, Role, StreamId};

const MUX: &str = include_str!("../../../../../tests/fixtures/wire/mux.all.jsonl");

/// Returns the payloads of the data messages that `side` sent, in sequence order, each once.
fn payloads(side: &str, message_type: &str) -> Vec<Bytes> {
    let mut next = 0;
    let mut payloads = Vec::new();
    for line in MUX.lines() {
        let captured: serde_json::Value = serde_json::from_str(line).unwrap();
        if captured["op"] != "binary" || captured["side"] != side || captured["dir"] != "from" {
            continue;
        }
        let message = STANDARD.decode(captured["b64"].as_str().unwrap()).unwrap();
        let named = String::from_utf8_lossy(&message[4..36]).into_owned();
        let sequence = i64::from_be_bytes(message[48..56].try_into().unwrap());
        if named.trim_matches([' ', '\0']) != message_type || sequence != next {
            continue;
        }
        next += 1;
        // Payload type 1 is Output.
        if message[112..116] == [0, 0, 0, 1] {
            payloads.push(Bytes::copy_from_slice(&message[120..]));
        }
    }
    assert!(payloads.len() > 5, "{} payloads", payloads.len());
    payloads
}

fn frames(payloads: &[Bytes]) -> Vec<(Command, StreamId, usize)> {
    let stream = payloads.concat();
    let mut rest = &stream[..];
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (header, after) = rest.split_first_chunk::<HEADER_LENGTH>().unwrap();
        let header = crate::frame::Header::decode(*header).unwrap();
        let length = usize::from(header.length);
        frames.push((header.command, header.id, length));
        rest = &after[length..];
    }
    frames
}

/// The repeated pattern that the capture's connections carried.
fn pattern(len: usize) -> Vec<u8> {
    let mut x: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut bytes = Vec::new();
    while bytes.len() < len {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes.extend_from_slice(&x.to_be_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn take_all(mux: &mut Mux, payloads: Vec<Bytes>) -> (Vec<Event>, Vec<(StreamId, Vec<u8>)>) {
    let mut events = Vec::new();
    let mut received: Vec<(StreamId, Vec<u8>)> = Vec::new();
    for payload in payloads {
        mux.handle_input(Instant::now(), payload).unwrap();
        while let Some(event) = mux.poll_event() {
            events.push(event);
            if let Event::Readable(id) = event {
                let mut data = Vec::new();
                while let Some(piece) = mux.read(id) {
                    data.extend_from_slice(&piece);
                }
                match received.iter_mut().find(|(known, _)| *known == id) {
                    Some((_, all)) => all.extend_from_slice(&data),
                    None => received.push((id, data)),
                }
            }
        }
    }
    (events, received)
}

#[test]
fn what_the_reference_client_sent_opens_feeds_and_closes_its_streams() {
    let mut server = Mux::new(Role::Server, Config::default());
    let (events, received) = take_all(&mut server, payloads("client", "input_stream_data"));
    for id in [3, 5, 7].map(StreamId::new) {
        assert!(events.contains(&Event::Opened(id)), "{id}: {events:?}");
    }
    let bytes = |id| {
        received
            .iter()
            .find(|(known, _)| *known == StreamId::new(id))
    };
    let (_, echo) = bytes(3).unwrap();
    assert_eq!(*echo, [b"Ehello, ", &pattern(3000)[..]].concat());
    // The upload's command and length come before its data.
    let (_, upload) = bytes(5).unwrap();
    assert_eq!(upload[18..], pattern(5000));
}

#[test]
fn what_the_reference_agent_sent_is_read_by_the_streams_that_are_open() {
    let mut pair = Pair::new(Config::default());
    let ids = [pair.open(), pair.open(), pair.open()];
    let mux = &mut pair.client.mux;
    let mut out = BytesMut::new();
    while mux.poll_transmit(pair.now, &mut out, 1024) > 0 {}
    let (events, received) = take_all(mux, payloads("agent", "output_stream_data"));
    let [(first, echo), (second, download), ..] = &received[..] else {
        unreachable!("two streams carry data");
    };
    assert_eq!([*first, *second], ids[..2]);
    assert_eq!(*echo, [b"hello, ", &pattern(3000)[..]].concat());
    assert_eq!(download[..5000], pattern(5000));
    assert!(events.contains(&Event::Finished(ids[0])));
}

#[test]
fn every_captured_frame_is_one_that_version_1_knows() {
    let up = frames(&payloads("client", "input_stream_data"));
    let down = frames(&payloads("agent", "output_stream_data"));
    assert!(up.iter().any(|f| f.0 == Command::Syn));
    assert!(down.iter().all(|f| f.0 != Command::Syn));
    assert!(down.iter().any(|f| f.0 == Command::Fin));
}
