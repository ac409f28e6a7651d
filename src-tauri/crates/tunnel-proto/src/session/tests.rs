//! A session with an agent that is written here by hand.

use std::num::NonZeroU32;

use ssm_message::payload::{ChannelClosed, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PayloadType};
use uuid::Uuid;

use super::*;

/// An established session, and the agent's side of its numbers.
struct World {
    session: Session,
    now: Instant,
    sent: i64,
}

impl World {
    /// A session with a multiplexer.
    fn multiplexed() -> Self {
        Self::established(r#""type":"LocalPortForwarding","#)
    }

    /// A session that is a raw stream: its port has no type.
    fn raw() -> Self {
        Self::established("")
    }

    fn established(port_type: &str) -> Self {
        let now = Instant::now();
        let clock = Clock {
            origin: now,
            unix_ms_at_origin: 0,
        };
        let session = Session::new(SessionConfig::default(), clock, [7; 32]);
        let mut world = Self {
            session,
            now,
            sent: 0,
        };
        world.session.handle_connected(now, "token".to_owned());
        let request = format!(
            r#"{{"AgentVersion":"3.3.0.0","RequestedClientActions":[{{"ActionType":"SessionType","ActionParameters":{{"SessionType":"Port","Properties":{{{port_type}"portNumber":"80"}}}}}}]}}"#
        );
        world.say(PayloadType::HandshakeRequest, request.into());
        let complete = r#"{"HandshakeTimeToComplete":1,"CustomerMessage":""}"#;
        world.say(PayloadType::HandshakeComplete, complete.into());
        let events = world.events();
        assert!(
            matches!(events[..], [SessionEvent::Established(_)]),
            "{events:?}"
        );
        world
    }

    /// The agent sends a numbered message.
    fn say(&mut self, payload_type: PayloadType, payload: Bytes) {
        let sequence_number = self.sent;
        self.sent += 1;
        let kind = MessageType::OutputStreamData;
        self.receive(kind, sequence_number, payload_type, payload);
    }

    fn receive(
        &mut self,
        message_type: MessageType,
        sequence_number: i64,
        payload_type: PayloadType,
        payload: Bytes,
    ) {
        let message = Message {
            message_type,
            schema_version: 1,
            created_date: 0,
            sequence_number,
            flags: Flags::NONE,
            message_id: Uuid::from_u128(u128::try_from(sequence_number).unwrap() + 1),
            payload_type,
            payload,
        };
        self.session.handle_input(self.now, message.encode());
    }

    /// The service ends the session.
    fn close_channel(&mut self) {
        let closed = ChannelClosed::default().encode();
        self.receive(MessageType::ChannelClosed, 0, PayloadType::Other(0), closed);
    }

    fn events(&mut self) -> Vec<SessionEvent> {
        while self.session.poll_transmit(self.now).is_some() {}
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }
}

/// A smux frame of the agent (docs/protocol.md, section 5).
fn frame(command: u8, id: ConnectionId, data: &[u8]) -> Bytes {
    let length = u16::try_from(data.len()).unwrap();
    let mut frame = vec![1, command];
    frame.extend(length.to_le_bytes());
    frame.extend(id.0.to_le_bytes());
    frame.extend(data);
    frame.into()
}

const FIN: u8 = 1;
const PSH: u8 = 2;

#[test]
fn what_was_learned_holds_for_the_next_sessions() {
    let mut config = SessionConfig::default();
    Learned::PayloadLimit(1_024).apply(&mut config);
    assert_eq!(config.channel.max_payload, 1_024);
    // It was a coincidence after all.
    Learned::PayloadLimit(16_384).apply(&mut config);
    assert_eq!(config.channel.max_payload, 16_384);
    Learned::MessageRate(NonZeroU32::MIN).apply(&mut config);
    assert_eq!(config.channel.message_rate, NonZeroU32::MIN);
}

#[test]
fn what_came_before_the_sessions_end_is_read_and_what_it_cut_has_no_orderly_end() {
    let mut world = World::multiplexed();
    let whole = world.session.open(world.now).unwrap();
    let cut = world.session.open(world.now).unwrap();
    world.say(PayloadType::Output, frame(PSH, whole, b"whole"));
    world.say(PayloadType::Output, frame(FIN, whole, b""));
    world.say(PayloadType::Output, frame(PSH, cut, b"half"));
    world.close_channel();
    let events = world.events();
    let over = |event: &SessionEvent| matches!(event, SessionEvent::Over(_));
    assert_eq!(events.iter().filter(|event| over(event)).count(), 1);
    for id in [whole, cut] {
        let readable =
            |event: &SessionEvent| matches!(event, SessionEvent::Readable(of) if *of == id);
        assert!(events.iter().any(readable), "{events:?}");
    }

    let World { session, now, .. } = &mut world;
    assert_eq!(session.read(whole).unwrap(), "whole");
    assert!(session.is_finished(whole));
    assert_eq!(session.read(cut).unwrap(), "half");
    assert!(!session.is_finished(cut));
    assert_eq!(session.open(*now), None);
}

#[test]
fn a_raw_stream_ends_with_its_session() {
    let mut world = World::raw();
    let id = world.session.open(world.now).unwrap();
    world.say(PayloadType::Output, Bytes::from_static(b"bye"));
    world.close_channel();
    let session = &mut world.session;
    assert!(!session.is_finished(id));
    assert_eq!(session.read(id).unwrap(), "bye");
    assert!(session.is_finished(id));
}

#[test]
fn bytes_for_a_destination_that_has_closed_do_not_cost_its_answer() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    world.say(PayloadType::Output, frame(PSH, id, b"answer"));
    world.say(PayloadType::Output, frame(FIN, id, b""));
    let World { session, now, .. } = &mut world;
    session.write(*now, id, Bytes::from_static(b"too late"));
    assert_eq!(session.read(id).unwrap(), "answer");
    assert!(session.is_finished(id));
}

#[test]
fn a_refusal_that_was_for_a_connection_that_is_gone_is_not_anothers() {
    let mut world = World::multiplexed();
    let gone = world.session.open(world.now).unwrap();
    let other = world.session.open(world.now).unwrap();
    world.events();
    world.session.close(world.now, gone);
    let refusal = Flag::ConnectToPortError.encode();
    world.say(PayloadType::Flag, refusal);
    world.say(PayloadType::Output, frame(FIN, gone, b""));
    let events = world.events();
    assert!(
        matches!(events[..], [SessionEvent::Closed(id)] if id == gone),
        "{events:?}"
    );
    world.say(PayloadType::Output, frame(FIN, other, b""));
    let events = world.events();
    assert!(
        matches!(events[..], [SessionEvent::Finished(id)] if id == other),
        "{events:?}"
    );
}
