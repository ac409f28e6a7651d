use std::num::NonZeroU32;

use bytes::{BufMut as _, Bytes};
use ssm_message::payload::Flag;
use ssm_message::{Message, MessageType, OpenDataChannel, PayloadType};

use super::rig::{Rig, acknowledgement_of, control, ms};
use crate::{Config, Error, Event, TimerReason, Transmit};

fn pause() -> Bytes {
    control(MessageType::PausePublication, Bytes::new())
}

fn start() -> Bytes {
    control(MessageType::StartPublication, Bytes::new())
}

#[test]
fn handshake_answers_flags_and_data_share_one_counter_from_zero() {
    let mut rig = Rig::connected(Config::default());
    rig.output(
        0,
        PayloadType::HandshakeRequest,
        super::rig::MUX_REQUEST.as_bytes(),
    );
    rig.output(
        1,
        PayloadType::HandshakeComplete,
        super::rig::COMPLETE.as_bytes(),
    );
    rig.send(b"data");
    rig.flag(Flag::DisconnectToPort);
    rig.send(b"more");
    let sent: Vec<_> = rig
        .sent()
        .iter()
        .map(|message| (message.sequence_number, message.payload_type))
        .collect();
    assert_eq!(
        sent,
        [
            (0, PayloadType::HandshakeResponse),
            (1, PayloadType::Output),
            (2, PayloadType::Flag),
            (3, PayloadType::Output),
        ]
    );
}

#[test]
fn the_opening_text_comes_first_with_the_same_client_and_a_new_request() {
    let mut rig = Rig::established(Config::default());
    let mut open = || {
        rig.reconnect();
        let Some(Transmit::Text(text)) = rig.channel.poll_transmit(rig.now) else {
            panic!("not the opening text");
        };
        OpenDataChannel::decode_for_test(&text)
    };
    let (first, second) = (open(), open());
    assert_eq!(first.0, rig.channel.client_id().to_string());
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1);
    assert_eq!(first.2, "token 2");
}

trait DecodeForTest {
    /// Client id, request id, token.
    fn decode_for_test(text: &str) -> (String, String, String);
}

impl DecodeForTest for OpenDataChannel {
    fn decode_for_test(text: &str) -> (String, String, String) {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let field = |name: &str| json[name].as_str().unwrap().to_owned();
        (field("ClientId"), field("RequestId"), field("TokenValue"))
    }
}

#[test]
fn a_new_socket_resends_everything_unacknowledged_in_order_and_to_the_byte() {
    let mut rig = Rig::established(Config::default());
    let first = rig.send_all();
    rig.input(acknowledgement_of(&first[3]));
    rig.now += ms(5_000);
    rig.reconnect();
    let mut expected = first;
    expected.remove(3);
    assert_eq!(rig.sent(), expected);
    let stats = rig.channel.stats();
    assert_eq!(stats.retransmissions, expected.len() as u64);
}

#[test]
fn what_was_never_sent_waits_for_a_socket() {
    let mut rig = Rig::established(Config::default());
    rig.channel
        .handle_disconnected(rig.now, crate::SocketEnd::Broken);
    assert_eq!(rig.channel.send_budget(rig.now), None);
    rig.send(b"taken before anyone knew");
    assert!(rig.frames().is_empty());
    assert_eq!(rig.channel.poll_timeout(), None);
    rig.channel
        .handle_connected(rig.now, "planted-token".into());
    assert_eq!(rig.sent_numbers(), [1]);
    assert_eq!(rig.channel.stats().retransmissions, 0);
}

#[test]
fn there_is_no_budget_before_the_handshake_is_complete() {
    let mut rig = Rig::connected(Config::default());
    assert_eq!(rig.channel.send_budget(rig.now), None);
    rig.output(
        0,
        PayloadType::HandshakeRequest,
        super::rig::MUX_REQUEST.as_bytes(),
    );
    assert_eq!(rig.channel.send_budget(rig.now), None);
    assert!(!rig.channel.send_flag(rig.now, Flag::TerminateSession));
    let mut message = rig.channel.start_message(1);
    message.payload_mut().put_slice(b"x");
    assert!(matches!(
        rig.channel.send(rig.now, message),
        Err(Error::NotEstablished)
    ));
    rig.output(
        1,
        PayloadType::HandshakeComplete,
        super::rig::COMPLETE.as_bytes(),
    );
    assert_eq!(rig.channel.send_budget(rig.now), Some(1_024));
}

#[test]
fn a_full_window_takes_nothing_and_drops_nothing() {
    let mut rig = Rig::established(Config {
        window_messages: 10,
        ..Config::default()
    });
    let sent = rig.send_all();
    assert_eq!(sent.len(), 10);
    rig.now += ms(1_000);
    assert_eq!(rig.channel.send_budget(rig.now), None);
    let mut message = rig.channel.start_message(1);
    message.payload_mut().put_slice(b"x");
    assert!(matches!(
        rig.channel.send(rig.now, message),
        Err(Error::WindowFull { messages: 10 })
    ));
    // An acknowledgement in the middle frees no number, that of the oldest does.
    rig.input(acknowledgement_of(&sent[1]));
    assert_eq!(rig.channel.send_budget(rig.now), None);
    rig.input(acknowledgement_of(&sent[0]));
    assert_eq!(rig.send_all().len(), 2);
}

#[test]
fn the_window_is_bounded_in_bytes_too() {
    let mut rig = Rig::established(Config {
        window_bytes: 5_000,
        ..Config::default()
    });
    assert_eq!(rig.send_all().len(), 4);
    assert_eq!(rig.channel.stats().unacknowledged_bytes, 4_096);
}

#[test]
fn a_message_larger_than_any_budget_is_refused() {
    let mut rig = Rig::established(Config::default());
    let mut message = rig.channel.start_message(1);
    message.payload_mut().put_bytes(b'x', 16 * 1024 + 1);
    assert!(matches!(
        rig.channel.send(rig.now, message),
        Err(Error::PayloadTooLarge {
            most: 16_384,
            got: 16_385
        })
    ));
}

#[test]
fn without_budget_the_pacing_timer_says_when_to_ask_again() {
    let mut rig = Rig::established(Config::default());
    rig.send_all();
    let (at, reason) = rig.channel.poll_timeout().unwrap();
    assert_eq!(reason, TimerReason::Pacing);
    assert!(at > rig.now && at <= rig.now + ms(2));
    rig.now = at;
    rig.channel.handle_timeout(at);
    assert!(rig.channel.send_budget(at).is_some());
}

/// A socket that is full takes nothing, so `poll_transmit` is not called. What waits for the socket
/// must not have a timer that is due: a driver that obeys it would never rest.
#[test]
fn messages_that_wait_for_a_full_socket_have_no_timer_that_is_due() {
    let mut rig = Rig::established(Config::default());
    for message in rig.send_all() {
        rig.input(acknowledgement_of(&message));
    }
    rig.now += ms(500);
    rig.send_all();
    // All of them go again with another socket, which is full at once.
    rig.now += ms(500);
    rig.reconnect();
    for _ in 0..50 {
        let Some((at, _)) = rig.channel.poll_timeout() else {
            break;
        };
        assert!(at > rig.now, "a timer that is due");
        rig.now = at;
        rig.channel.handle_timeout(at);
    }
    assert_eq!(rig.sent().len(), 90);
}

#[test]
fn a_budget_that_what_is_sent_again_uses_up_first_has_no_timer_that_is_due() {
    let mut rig = Rig::established(Config::default());
    let sent = rig.send_all();
    // Twenty are lost. Just before that is known, the budget is used up and asked for once more.
    for message in &sent[20..] {
        rig.input(acknowledgement_of(message));
    }
    loop {
        let (at, reason) = rig.channel.poll_timeout().unwrap();
        rig.now = at;
        if reason == TimerReason::LossDetection {
            break;
        }
        rig.channel.handle_timeout(at);
    }
    rig.send_all();
    rig.channel.handle_timeout(rig.now);
    // The socket is full before they can go again.
    for _ in 0..50 {
        let Some((at, _)) = rig.channel.poll_timeout() else {
            break;
        };
        assert!(at > rig.now, "a timer that is due");
        rig.now = at;
        rig.channel.handle_timeout(at);
    }
    // It takes something again: the lost ones first.
    assert!(rig.sent().len() >= 20);
    assert!(rig.channel.send_budget(rig.now).is_some());
}

#[test]
fn a_lowered_rate_that_is_borne_is_raised_and_told() {
    let mut rig = Rig::established(Config::default());
    busy(&mut rig);
    rig.reconnect();
    assert!(matches!(rig.events()[..], [Event::RateLimit(learned)] if learned.rate.get() == 630));
    // An idle time shows nothing.
    for _ in 0..2 {
        for message in rig.send_all() {
            rig.input(acknowledgement_of(&message));
        }
        rig.now += ms(130_000);
    }
    assert!(rig.events().is_empty());
    for _ in 0..125 * 20 {
        for message in rig.send_all() {
            rig.input(acknowledgement_of(&message));
        }
        rig.now += ms(50);
    }
    assert!(matches!(rig.events()[..], [Event::RateLimit(learned)] if learned.rate.get() == 900));
}

#[test]
fn an_idle_channel_has_no_timer() {
    let rig = Rig::established(Config::default());
    assert_eq!(rig.channel.poll_timeout(), None);
}

#[test]
fn a_timeout_resends_more_than_the_head_the_same_to_the_byte_and_backs_off() {
    let mut rig = Rig::established(Config::default());
    let first = rig.send_all();
    assert_eq!(first.len(), 90);
    // One round trip of 20 ms was measured: the least timeout counts.
    let (at, reason) = {
        rig.channel.handle_timeout(rig.now + ms(100));
        rig.channel.poll_timeout().unwrap()
    };
    assert_eq!(
        (at, reason),
        (rig.now + ms(200), TimerReason::Retransmission)
    );
    rig.now = at;
    rig.channel.handle_timeout(at);
    assert_eq!(rig.sent(), first[..64]);
    // Twice as long until the next one, which resends half as much, and so on to the head.
    let (next, _) = rig.channel.poll_timeout().unwrap();
    assert_eq!(next, at + ms(400));
    let mut bursts = Vec::new();
    for _ in 0..7 {
        let (at, _) = rig.channel.poll_timeout().unwrap();
        rig.now = at;
        rig.channel.handle_timeout(at);
        bursts.push(rig.sent().len());
    }
    assert_eq!(bursts, [32, 16, 8, 4, 2, 1, 1]);
}

#[test]
fn nothing_is_measured_from_a_message_that_was_sent_twice() {
    let mut rig = Rig::established(Config::default());
    assert_eq!(rig.channel.rtt(), Some(ms(20)));
    rig.send(b"x");
    let message = rig.sent().pop().unwrap();
    assert_eq!(rig.run(ms(250)), [message.sequence_number]);
    rig.input(acknowledgement_of(&message));
    assert_eq!(rig.channel.rtt(), Some(ms(20)));
}

#[test]
fn a_message_overtaken_by_acknowledgements_goes_again_after_the_reordering_window() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"lost");
    rig.send(b"arrives");
    let sent = rig.sent();
    rig.now += ms(20);
    rig.input(acknowledgement_of(&sent[1]));
    assert!(rig.sent().is_empty());
    let (at, reason) = rig.channel.poll_timeout().unwrap();
    assert_eq!((at, reason), (rig.now + ms(10), TimerReason::LossDetection));
    rig.now = at;
    rig.channel.handle_timeout(at);
    assert_eq!(rig.sent(), sent[..1]);
}

#[test]
fn a_message_that_is_overtaken_and_then_acknowledged_does_not_go_again() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"a");
    rig.send(b"b");
    let sent = rig.sent();
    rig.now += ms(20);
    rig.input(acknowledgement_of(&sent[1]));
    rig.now += ms(5);
    rig.input(acknowledgement_of(&sent[0]));
    assert!(rig.run(ms(10_000)).is_empty());
}

#[test]
fn a_message_that_the_agent_leaves_unacknowledged_goes_again_ever_more_rarely() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"not ready");
    let head = rig.sent().pop().unwrap().sequence_number;
    let mut again = 0;
    for _ in 0..100 {
        rig.send(b"later");
        let sent = rig.sent();
        rig.now += ms(20);
        for message in sent.iter().filter(|sent| sent.sequence_number != head) {
            rig.input(acknowledgement_of(message));
        }
        let resent = rig.run(ms(0));
        again += resent.iter().filter(|number| **number == head).count();
    }
    assert!((3..=10).contains(&again), "{again} times in two seconds");
}

#[test]
fn a_pause_holds_data_and_resending_back_and_not_acknowledgements() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"out");
    let sent = rig.sent();
    rig.input(pause());
    rig.input(pause());
    assert!(rig.channel.is_paused());
    assert!(matches!(rig.events()[..], [Event::Paused]));
    assert_eq!(rig.channel.send_budget(rig.now), None);
    assert_eq!(rig.channel.poll_timeout(), None);
    assert!(rig.run(ms(5_000)).is_empty());

    rig.input(start());
    assert!(matches!(rig.events()[..], [Event::Started]));
    // Overdue by now.
    assert_eq!(rig.sent(), sent);
    assert!(rig.channel.send_budget(rig.now).is_some());
}

#[test]
fn after_a_short_pause_nothing_is_resent_early() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"out");
    rig.sent();
    rig.input(pause());
    rig.now += ms(50);
    rig.input(start());
    assert!(rig.sent().is_empty());
}

#[test]
fn any_sign_of_life_ends_a_pause() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"a");
    let message = rig.sent().pop().unwrap();
    rig.input(pause());
    rig.input(acknowledgement_of(&message));
    assert!(!rig.channel.is_paused());
    rig.input(pause());
    rig.output(2, PayloadType::Output, b"x");
    assert!(!rig.channel.is_paused());
    assert_eq!(rig.acknowledged(), [2]);
    rig.input(pause());
    rig.reconnect();
    assert!(!rig.channel.is_paused());
}

#[test]
fn pause_and_start_may_be_the_first_messages_of_all() {
    for first in [pause(), start()] {
        let mut rig = Rig::connected(Config::default());
        rig.input(first);
        rig.output(
            0,
            PayloadType::HandshakeRequest,
            super::rig::MUX_REQUEST.as_bytes(),
        );
        assert_eq!(rig.sent_numbers(), [0]);
    }
}

/// Sends at the full rate for two seconds, everything acknowledged.
fn busy(rig: &mut Rig) {
    for _ in 0..40 {
        for message in rig.send_all() {
            rig.input(acknowledgement_of(&message));
        }
        rig.now += ms(50);
    }
    assert!(rig.events().is_empty());
}

#[test]
fn a_pause_soon_after_a_high_rate_lowers_the_rate() {
    let mut rig = Rig::established(Config::default());
    busy(&mut rig);
    rig.input(pause());
    let lower = NonZeroU32::new(630).unwrap();
    assert!(matches!(
        rig.events()[..],
        [Event::Paused, Event::RateLimit(learned)] if learned.rate == lower
    ));
    assert_eq!(rig.channel.stats().message_rate, lower);
}

#[test]
fn a_cut_soon_after_a_high_rate_lowers_the_rate() {
    let mut rig = Rig::established(Config::default());
    busy(&mut rig);
    rig.reconnect();
    assert!(matches!(rig.events()[..], [Event::RateLimit(_)]));
}

#[test]
fn a_close_in_order_lowers_nothing() {
    let mut rig = Rig::established(Config::default());
    busy(&mut rig);
    rig.channel
        .handle_disconnected(rig.now, crate::SocketEnd::Orderly);
    assert!(rig.events().is_empty());
}

#[test]
fn a_cut_of_a_quiet_channel_lowers_nothing() {
    let mut rig = Rig::established(Config::default());
    busy(&mut rig);
    rig.now += ms(5_000);
    rig.reconnect();
    assert!(rig.events().is_empty());
}

#[test]
fn a_channel_that_dies_of_a_large_message_is_reported_and_goes_back() {
    let mut rig = Rig::established(Config::default());
    let large = rig.send_until_larger();
    assert_eq!(large.payload.len(), 4_096);
    rig.now += ms(1_000);
    rig.reconnect();
    assert!(matches!(rig.events()[..], [Event::PayloadLimit(1_024)]));
    // It has a number, so it goes again as it was.
    let sent = rig.sent();
    assert_eq!(sent.first(), Some(&large));
    for other in &sent[1..] {
        rig.input(acknowledgement_of(other));
    }
    assert_eq!(rig.channel.stats().proven_payload, 1_024);

    // Again and again, for almost a minute. What is smaller arrives.
    for _ in 0..12 {
        rig.send(b"small");
        for small in rig.sent() {
            rig.input(acknowledgement_of(&small));
        }
        rig.now += ms(4_900);
        rig.reconnect();
        assert!(rig.events().is_empty());
        assert_eq!(rig.sent().first(), Some(&large));
    }
    rig.now += ms(4_900);
    rig.channel
        .handle_disconnected(rig.now, crate::SocketEnd::Broken);
    assert!(matches!(
        rig.events()[..],
        [Event::Failed(Error::PayloadRefused { size: 4_096 })]
    ));
    assert_eq!(rig.channel.send_budget(rig.now), None);
}

#[test]
fn a_large_message_is_not_blamed_where_nothing_arrives() {
    let mut rig = Rig::established(Config::default());
    let large = rig.send_until_larger();
    for _ in 0..30 {
        rig.send(b"small");
        let numbers = rig.run(ms(4_900));
        assert!(numbers.contains(&large.sequence_number), "{numbers:?}");
        rig.reconnect();
    }
    assert!(matches!(rig.events()[..], [Event::PayloadLimit(1_024)]));
}

#[test]
fn a_message_of_which_several_sockets_died_goes_once_the_others_have_arrived() {
    let mut rig = Rig::established(Config::default());
    let large = rig.send_until_larger();
    for _ in 0..3 {
        rig.now += ms(100);
        rig.reconnect();
        assert_eq!(rig.sent().first(), Some(&large));
    }
    for other in rig.send_all() {
        rig.input(acknowledgement_of(&other));
    }
    rig.now += ms(100);
    rig.reconnect();
    let others = rig.sent();
    assert!(!others.is_empty() && !others.contains(&large));
    rig.now += ms(50);
    for other in &others {
        rig.input(acknowledgement_of(other));
    }
    assert_eq!(rig.run(ms(1_000)).first(), Some(&large.sequence_number));

    // Nor does it wait for ever for what does not arrive.
    rig.send(b"small");
    rig.frames();
    rig.reconnect();
    assert!(!rig.sent().contains(&large));
    let numbers = rig.run(ms(5_000));
    assert!(numbers.contains(&large.sequence_number), "{numbers:?}");
}

#[test]
fn a_large_message_that_arrives_after_a_death_clears_its_size() {
    let mut rig = Rig::established(Config::default());
    let large = rig.send_until_larger();
    rig.now += ms(1_000);
    rig.reconnect();
    assert!(matches!(rig.events()[..], [Event::PayloadLimit(1_024)]));
    assert_eq!(rig.sent().first(), Some(&large));
    rig.input(acknowledgement_of(&large));
    assert!(matches!(rig.events()[..], [Event::PayloadLimit(16_384)]));
    assert_eq!(rig.channel.stats().proven_payload, 4_096);
}

#[test]
fn bulk_grows_to_sixteen_kibibytes() {
    let mut rig = Rig::established(Config::default());
    for _ in 0..100 {
        for message in rig.send_all() {
            rig.input(acknowledgement_of(&message));
        }
        rig.now += ms(20);
    }
    assert_eq!(rig.channel.send_budget(rig.now), Some(16_384));
}

#[test]
fn a_flag_is_reported_when_it_arrived() {
    let mut rig = Rig::established(Config::default());
    rig.flag(Flag::TerminateSession);
    let message: Message = rig.sent().pop().unwrap();
    assert_eq!(message.payload, Flag::TerminateSession.encode());
    rig.input(acknowledgement_of(&message));
    assert!(matches!(
        rig.events()[..],
        [Event::FlagAcknowledged(Flag::TerminateSession)]
    ));
}

#[test]
fn a_flag_goes_out_although_the_window_is_full() {
    let mut rig = Rig::established(Config {
        window_messages: 2,
        ..Config::default()
    });
    rig.send_all();
    rig.flag(Flag::TerminateSession);
    assert_eq!(rig.sent_numbers(), [3]);
    for _ in 1..64 {
        rig.flag(Flag::DisconnectToPort);
    }
    assert!(!rig.channel.send_flag(rig.now, Flag::DisconnectToPort));
}

#[test]
fn an_empty_message_takes_no_number() {
    let mut rig = Rig::established(Config::default());
    rig.send(b"");
    rig.send(b"x");
    assert_eq!(rig.sent_numbers(), [1]);
}

#[test]
fn the_token_and_the_payload_are_not_shown() {
    let mut rig = Rig::established(Config::default());
    rig.channel
        .handle_connected(rig.now, "planted-secret".into());
    assert!(!format!("{:?}", rig.channel).contains("planted-secret"));
    let transmit = rig.transmit().unwrap();
    assert!(matches!(transmit, Transmit::Text(_)));
    assert!(!format!("{transmit:?}").contains("planted-secret"));
}
