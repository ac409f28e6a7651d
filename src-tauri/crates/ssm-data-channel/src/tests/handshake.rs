use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ssm_message::payload::{HandshakeResponse, JsonPayload as _, ProcessedClientAction};
use ssm_message::{Message, MessageType, PayloadType};

use super::rig::{COMPLETE, MUX_REQUEST, Rig, from_agent, ms};
use crate::{AgentVersion, Config, Error, Event, HandshakeStep, SessionKind, TimerReason};

const MUX: &str = include_str!("../../../../../tests/fixtures/wire/mux.all.jsonl");
const BASIC: &str = include_str!("../../../../../tests/fixtures/wire/basic.all.jsonl");

/// The frames that a captured client received, or sent.
fn captured(lines: &str, direction: &str) -> Vec<Bytes> {
    lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| {
            line["side"] == "client" && line["dir"] == direction && line["op"] == "binary"
        })
        .map(|line| {
            STANDARD
                .decode(line["b64"].as_str().unwrap())
                .unwrap()
                .into()
        })
        .collect()
}

fn numbered(frames: &[Bytes], message_type: MessageType) -> Vec<Message> {
    frames
        .iter()
        .map(|frame| Message::decode(frame).unwrap())
        .filter(|message| message.message_type == message_type)
        .collect()
}

/// Feeds what a captured client received; returns the rig and the handshake's answer.
fn replay(lines: &str) -> (Rig, Message, Vec<u8>) {
    let mut rig = Rig::connected(Config {
        client_version: "1.2.677.0".into(),
        ..Config::default()
    });
    let mut answer = None;
    let mut data = Vec::new();
    for frame in captured(lines, "to") {
        rig.input(frame);
        answer = answer.or(rig.sent().into_iter().next());
        for event in rig.events() {
            if let Event::Data(bytes) = event {
                data.extend_from_slice(&bytes);
            }
        }
    }
    (rig, answer.unwrap(), data)
}

#[test]
fn captured_handshakes_are_answered_as_the_reference_client_did() {
    for lines in [MUX, BASIC] {
        let (rig, ours, data) = replay(lines);
        let sent = captured(lines, "from");
        let theirs = numbered(&sent, MessageType::InputStreamData);
        let expected = Message {
            created_date: ours.created_date,
            message_id: ours.message_id,
            ..theirs[0].clone()
        };
        assert_eq!(ours, expected);

        let received = numbered(&captured(lines, "to"), MessageType::OutputStreamData);
        let expected: Vec<u8> = received
            .iter()
            .filter(|message| message.payload_type == PayloadType::Output)
            .flat_map(|message| message.payload.clone())
            .collect();
        assert_eq!(data, expected);
        assert_eq!(rig.channel.stats().bad_frames, 0);
    }
}

#[test]
fn the_agents_version_decides_between_smux_and_basic_mode() {
    for (lines, expected) in [(MUX, true), (BASIC, false)] {
        let (rig, ..) = replay(lines);
        let established = rig.channel.established().unwrap();
        let SessionKind::Port { mux, properties } = &established.kind else {
            panic!("{established:?}");
        };
        assert_eq!(*mux, expected);
        assert_eq!(established.features.mux, expected);
        assert_eq!(properties.port_number.as_deref(), Some("9911"));
    }
}

#[test]
fn the_handshake_settles_version_features_and_message() {
    let rig = Rig::established(Config::default());
    let established = rig.channel.established().unwrap();
    assert_eq!(established.agent_version, AgentVersion::new([3, 3, 0, 0]));
    assert_eq!(established.customer_message, "hello");
    assert!(established.features.terminate_flag);
    assert!(!established.features.smux_keepalive_needed);
    assert!(!established.encrypted);
}

#[test]
fn an_endless_customer_message_is_cut() {
    let mut rig = Rig::connected(Config::default());
    rig.output(0, PayloadType::HandshakeRequest, MUX_REQUEST.as_bytes());
    let complete = format!(r#"{{"CustomerMessage":"{}"}}"#, "ä".repeat(5_000));
    rig.output(1, PayloadType::HandshakeComplete, complete.as_bytes());
    let established = rig.channel.established().unwrap();
    assert_eq!(established.customer_message.chars().count(), 2_048);
}

#[test]
fn a_handshake_that_comes_out_of_order_and_twice_is_done_once() {
    let mut rig = Rig::connected(Config::default());
    rig.output(2, PayloadType::Output, b"x");
    rig.output(1, PayloadType::HandshakeComplete, COMPLETE.as_bytes());
    assert!(rig.events().is_empty());
    rig.output(0, PayloadType::HandshakeRequest, MUX_REQUEST.as_bytes());
    rig.output(0, PayloadType::HandshakeRequest, MUX_REQUEST.as_bytes());
    rig.output(1, PayloadType::HandshakeComplete, COMPLETE.as_bytes());
    assert!(matches!(
        rig.events()[..],
        [Event::Established, Event::Data(_)]
    ));
    assert_eq!(rig.sent_numbers(), [0]);
}

#[test]
fn output_without_a_handshake_is_the_shell_of_an_old_agent() {
    let mut rig = Rig::connected(Config::default());
    rig.output(0, PayloadType::Output, b"$ ");
    assert!(matches!(
        rig.events()[..],
        [Event::Established, Event::Data(_)]
    ));
    let established = rig.channel.established().unwrap();
    assert_eq!(
        established.kind,
        SessionKind::Other("Standard_Stream".into())
    );
    assert!(!established.features.terminate_flag);
}

fn error_after(frames: &[(PayloadType, &str)]) -> Error {
    let mut rig = Rig::connected(Config::default());
    let (last, before) = frames.split_last().unwrap();
    let mut number = 0;
    for (payload_type, payload) in before {
        rig.output(number, *payload_type, payload.as_bytes());
        number += 1;
    }
    rig.frames();
    let frame = from_agent(number, last.0, last.1.as_bytes());
    let error = rig.channel.handle_input(rig.now, frame).unwrap_err();
    assert!(rig.frames().is_empty(), "something was sent after {error}");
    assert_eq!(rig.channel.poll_timeout(), None);
    error
}

#[test]
fn a_broken_handshake_ends_the_session_with_a_code_and_without_an_acknowledgement() {
    use PayloadType::{EncChallengeRequest, HandshakeComplete, HandshakeRequest, Output};
    let request = (HandshakeRequest, MUX_REQUEST);
    let complete = (HandshakeComplete, COMPLETE);
    let no_type = (
        HandshakeRequest,
        r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":null}"#,
    );
    let cases: &[(&[(PayloadType, &str)], &str)] = &[
        (&[(HandshakeRequest, "<html>")], "handshake-malformed"),
        (&[request, (HandshakeComplete, "{")], "handshake-malformed"),
        (&[complete], "handshake-out-of-order"),
        (&[request, request], "handshake-out-of-order"),
        (&[request, (Output, "early")], "handshake-out-of-order"),
        (&[request, complete, request], "handshake-out-of-order"),
        (&[request, complete, complete], "handshake-out-of-order"),
        (
            &[request, complete, (EncChallengeRequest, "{}")],
            "handshake-out-of-order",
        ),
        (&[(EncChallengeRequest, "{}")], "challenge-without-key"),
        (
            &[request, (EncChallengeRequest, r#"{"Challenge":"AAAA"}"#)],
            "challenge-without-key",
        ),
        (&[no_type, complete], "session-type-missing"),
    ];
    for (frames, code) in cases {
        assert_eq!(error_after(frames).code(), *code, "{frames:?}");
    }
}

#[test]
fn an_unknown_session_type_is_answered_and_then_fails() {
    let mut rig = Rig::connected(Config::default());
    let request = MUX_REQUEST.replace(r#""Port""#, r#""Telepathy""#);
    rig.output(0, PayloadType::HandshakeRequest, request.as_bytes());
    assert!(matches!(
        &rig.events()[..],
        [Event::Failed(Error::UnknownSessionType(name))] if name == "Telepathy"
    ));
    let answer = rig.sent().pop().unwrap();
    let body = HandshakeResponse::decode(&answer.payload).unwrap();
    let action = &body.processed_client_actions[0];
    assert_eq!(action.action_status, ProcessedClientAction::FAILED);
    assert!(action.error.contains("Telepathy"));
}

#[test]
fn each_step_of_the_handshake_has_its_time() {
    let mut rig = Rig::connected(Config::default());
    let (at, reason) = rig.channel.poll_timeout().unwrap();
    assert_eq!((at, reason), (rig.now + ms(15_000), TimerReason::Handshake));
    rig.run(ms(14_999));
    rig.output(0, PayloadType::HandshakeRequest, MUX_REQUEST.as_bytes());
    rig.run(ms(14_999));
    assert!(rig.events().is_empty());
    rig.run(ms(1));
    assert!(matches!(
        rig.events()[..],
        [Event::HandshakeTimedOut(HandshakeStep::Complete)]
    ));
    assert!(rig.frames().is_empty());
}

#[test]
fn a_silent_agent_times_out() {
    let mut rig = Rig::connected(Config::default());
    rig.run(ms(15_000));
    assert!(matches!(
        rig.events()[..],
        [Event::HandshakeTimedOut(HandshakeStep::Request)]
    ));
}

#[test]
fn without_a_socket_the_handshakes_time_stands_still() {
    let mut rig = Rig::connected(Config::default());
    rig.output(0, PayloadType::HandshakeRequest, MUX_REQUEST.as_bytes());
    rig.frames();
    rig.channel
        .handle_disconnected(rig.now, crate::SocketEnd::Broken);
    assert_eq!(rig.channel.poll_timeout(), None);
    rig.now += ms(60_000);
    rig.channel
        .handle_connected(rig.now, "planted-token".into());
    assert_eq!(rig.sent_numbers(), [0]);
    rig.run(ms(14_000));
    rig.output(1, PayloadType::HandshakeComplete, COMPLETE.as_bytes());
    assert!(matches!(rig.events()[..], [Event::Established]));
}
