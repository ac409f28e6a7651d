use bytes::{Bytes, BytesMut};
use ssm_message::payload::{Flag, JsonPayload as _};
use ssm_message::{DecodeError, MessageType, PayloadType};

use super::rig::{Rig, acknowledgement_of, control, from_agent, ms};
use crate::{BadFrame, Config, Event};

const OUTPUT: PayloadType = PayloadType::Output;

#[test]
fn messages_are_acknowledged_in_order_out_of_order_and_again() {
    let mut rig = Rig::established(Config::default());
    rig.output(2, OUTPUT, b"a");
    assert_eq!(rig.acknowledged(), [2]);
    rig.output(4, OUTPUT, b"c");
    assert_eq!(rig.acknowledged(), [4]);
    rig.output(4, OUTPUT, b"c");
    rig.output(2, OUTPUT, b"a");
    rig.output(0, OUTPUT, b"?");
    assert_eq!(rig.acknowledged(), [4, 2, 0]);
    assert_eq!(rig.data(), b"a");
    rig.output(3, OUTPUT, b"b");
    assert_eq!(rig.acknowledged(), [3]);
    assert_eq!(rig.data(), b"bc");
    assert_eq!(rig.channel.stats().duplicates, 3);
}

#[test]
fn a_message_is_delivered_once_even_if_its_acknowledgement_is_never_sent() {
    let mut rig = Rig::established(Config::default());
    rig.output(2, OUTPUT, b"once");
    rig.reconnect();
    rig.output(2, OUTPUT, b"once");
    assert_eq!(rig.data(), b"once");
    // The one that the old socket did not take, and the one for the duplicate.
    assert_eq!(rig.acknowledged()[2..], [2, 2]);
}

#[test]
fn a_new_socket_repeats_the_last_acknowledgements() {
    let mut rig = Rig::established(Config::default());
    rig.output(2, OUTPUT, b"a");
    assert_eq!(rig.acknowledged(), [2]);
    rig.reconnect();
    assert_eq!(rig.acknowledged(), [0, 1, 2]);
}

#[test]
fn what_came_early_survives_a_new_socket() {
    let mut rig = Rig::established(Config::default());
    rig.output(3, OUTPUT, b"b");
    rig.reconnect();
    assert_eq!(rig.channel.stats().reordered, 1);
    rig.output(2, OUTPUT, b"a");
    assert_eq!(rig.data(), b"ab");
}

#[test]
fn without_room_to_wait_a_message_is_not_acknowledged() {
    let mut rig = Rig::established(Config {
        // One chunk and two entries.
        reorder_bytes: 16 * 1024 + 224,
        ..Config::default()
    });
    for number in 3..8 {
        assert!(!rig.channel.is_outgrown() || number > 5);
        rig.output(number, OUTPUT, b"x");
    }
    assert!(rig.channel.is_outgrown());
    assert_eq!(rig.channel.stats().missing, 4);
    assert_eq!(rig.acknowledged(), [3, 4]);
    assert_eq!(rig.channel.stats().refused, 3);
    for number in 2..8 {
        rig.output(number, OUTPUT, b"y");
    }
    assert_eq!(rig.data(), b"yxxyyy");
    assert_eq!(rig.acknowledged(), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_damaged_message_is_reported_and_not_acknowledged() {
    let mut rig = Rig::established(Config::default());
    let good = from_agent(2, OUTPUT, b"data");
    let mut bad = BytesMut::from(&good[..]);
    bad[120] ^= 1;
    rig.input(bad.freeze());
    rig.input(Bytes::from_static(b"garbage"));
    assert!(rig.acknowledged().is_empty());
    assert!(matches!(
        rig.events()[..],
        [
            Event::BadFrame(BadFrame::Message(DecodeError::Digest { .. })),
            Event::BadFrame(BadFrame::Message(DecodeError::TooShort { .. }))
        ]
    ));
    assert_eq!(rig.channel.stats().bad_frames, 2);
    rig.input(good);
    assert_eq!(rig.data(), b"data");
}

#[test]
fn acknowledgements_are_neither_paced_nor_behind_data() {
    let mut rig = Rig::established(Config::default());
    rig.send_all();
    rig.send(b"waits for the rate");
    rig.output(2, OUTPUT, b"x");
    assert_eq!(rig.frames().len(), 1);

    rig.now += ms(1_000);
    rig.output(3, OUTPUT, b"x");
    let types: Vec<_> = rig.frames().iter().map(|m| m.message_type).collect();
    assert_eq!(
        types[..2],
        [MessageType::Acknowledge, MessageType::InputStreamData]
    );
}

#[test]
fn the_gap_that_others_wait_behind_is_timed() {
    let mut rig = Rig::established(Config::default());
    assert_eq!(rig.channel.stats().reorder_gap_since, None);
    let start = rig.now;
    rig.output(3, OUTPUT, b"x");
    rig.now += ms(500);
    rig.output(4, OUTPUT, b"x");
    assert_eq!(rig.channel.stats().reorder_gap_since, Some(start));
}

#[test]
fn a_single_line_feed_is_delivered_as_it_is() {
    let mut rig = Rig::established(Config::default());
    rig.output(2, OUTPUT, b"\n");
    assert_eq!(rig.data(), b"\n");
}

#[test]
fn standard_error_exit_code_and_a_refused_port_are_events() {
    let mut rig = Rig::established(Config::default());
    rig.output(2, PayloadType::StdErr, b"oops");
    rig.output(3, PayloadType::ExitCode, b"1");
    rig.output(4, PayloadType::Flag, &Flag::ConnectToPortError.encode());
    let events = rig.events();
    assert!(matches!(&events[0], Event::StdErr(bytes) if bytes == "oops"));
    assert!(matches!(&events[1], Event::ExitCode(bytes) if bytes == "1"));
    assert!(matches!(events[2], Event::ConnectToPortError));
}

#[test]
fn what_means_nothing_to_a_client_is_acknowledged_and_passed_over() {
    let mut rig = Rig::established(Config::default());
    rig.output(2, PayloadType::Size, b"{}");
    rig.output(3, PayloadType::Other(4_711), b"?");
    rig.output(4, PayloadType::Flag, &[0, 0, 0, 99]);
    assert_eq!(rig.acknowledged(), [2, 3, 4]);
    rig.input(control(MessageType::AgentSessionState, Bytes::new()));
    rig.input(control(MessageType::InputStreamData, Bytes::new()));
    assert!(rig.frames().is_empty());
    assert!(rig.events().is_empty());
    assert_eq!(rig.channel.stats().ignored, 5);
}

#[test]
fn after_channel_closed_nothing_is_sent() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"too late");
    rig.output(2, OUTPUT, b"x");
    rig.data();
    let body = ssm_message::payload::ChannelClosed {
        output: "ended by an administrator".into(),
        ..Default::default()
    };
    rig.input(control(MessageType::ChannelClosed, body.encode()));
    assert!(matches!(
        &rig.events()[..],
        [Event::ChannelClosed { output }] if output == "ended by an administrator"
    ));
    assert!(rig.frames().is_empty());
    rig.output(3, OUTPUT, b"x");
    rig.reconnect();
    assert!(rig.frames().is_empty());
    assert!(rig.events().is_empty());
    assert!(rig.channel.established().is_none());
    assert_eq!(rig.channel.poll_timeout(), None);
}

#[test]
fn channel_closed_without_a_body_that_can_be_read_closes_as_well() {
    let mut rig = Rig::connected(Config::default());
    rig.input(control(
        MessageType::ChannelClosed,
        Bytes::from_static(b"<html>"),
    ));
    assert!(matches!(
        &rig.events()[..],
        [Event::ChannelClosed { output }] if output.is_empty()
    ));
}

#[test]
fn an_acknowledgement_counts_only_with_the_right_type_number_and_id() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"a");
    rig.send(b"b");
    let [a, b] = &rig.sent()[..] else { panic!() };
    let mut wrong_id = a.clone();
    wrong_id.message_id = b.message_id;
    let mut wrong_type = a.clone();
    wrong_type.message_type = MessageType::OutputStreamData;
    for number in [-1, 0, 1_000, i64::MIN, i64::MAX] {
        let mut wrong_number = a.clone();
        wrong_number.sequence_number = number;
        rig.input(acknowledgement_of(&wrong_number));
    }
    rig.input(acknowledgement_of(&wrong_id));
    rig.input(acknowledgement_of(&wrong_type));
    assert_eq!(rig.channel.unacknowledged(), 2);
    rig.input(control(MessageType::Acknowledge, Bytes::from_static(b"[]")));
    assert!(matches!(
        rig.events()[..],
        [Event::BadFrame(BadFrame::Acknowledgement(_))]
    ));
    rig.input(acknowledgement_of(b));
    rig.input(acknowledgement_of(b));
    rig.input(acknowledgement_of(a));
    assert_eq!(rig.channel.unacknowledged(), 0);
}
