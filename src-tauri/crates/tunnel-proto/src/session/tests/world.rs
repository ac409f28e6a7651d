//! A session, time, and the agent's side of its numbers.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ssm_message::payload::{Acknowledgement, ChannelClosed, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PayloadType};
use uuid::Uuid;

use super::super::*;

/// What makes a port session forward TCP.
pub(super) const FORWARDING: &str = r#""type":"LocalPortForwarding","#;

pub(super) const FIN: u8 = 1;
pub(super) const PSH: u8 = 2;

pub(super) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(super) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A smux frame of the agent (docs/protocol.md, section 5).
pub(super) fn frame(command: u8, id: ConnectionId, data: &[u8]) -> Bytes {
    let length = u16::try_from(data.len()).unwrap();
    let mut frame = vec![1, command];
    frame.extend(length.to_le_bytes());
    frame.extend(id.0.to_le_bytes());
    frame.extend(data);
    frame.into()
}

/// What an event is, in short: a problem's code stands for it.
pub(super) fn short(event: &SessionEvent) -> String {
    match event {
        SessionEvent::Degraded(Some(illness)) => format!("degraded: {}", illness.problem.code),
        SessionEvent::Degraded(None) => "fine".to_owned(),
        SessionEvent::Over(problem) => format!("over: {}", problem.code),
        SessionEvent::Notice(problem) => format!("notice: {}", problem.code),
        SessionEvent::PathDead { .. } => "path dead".to_owned(),
        SessionEvent::Quiet => "quiet".to_owned(),
        SessionEvent::NotQuiet => "not quiet".to_owned(),
        SessionEvent::Load(Load::Light) => "light".to_owned(),
        SessionEvent::Load(Load::Bulk) => "bulk".to_owned(),
        other => format!("{other:?}"),
    }
}

pub(super) struct World {
    pub(super) session: Session,
    pub(super) now: Instant,
    start: Instant,
    /// Messages that the agent has sent.
    pub(super) sent: i64,
    /// The agent acknowledges at once.
    pub(super) acknowledges: bool,
    /// The gateway answers pings at once.
    pub(super) answers_pings: bool,
    pub(super) pings: usize,
    /// Messages of ours that were not acknowledged, each as often as it came.
    pub(super) unanswered: Vec<Message>,
    /// Payloads of all messages of ours, each as often as it came.
    pub(super) payloads: Vec<Bytes>,
    events: Vec<SessionEvent>,
}

impl World {
    /// A session with a multiplexer.
    pub(super) fn multiplexed() -> Self {
        Self::with(SessionConfig::default())
    }

    pub(super) fn with(config: SessionConfig) -> Self {
        Self::established(config, "3.3.0.0", FORWARDING)
    }

    /// A session that is a raw stream: its port has no type.
    pub(super) fn raw() -> Self {
        Self::established(SessionConfig::default(), "3.3.0.0", "")
    }

    /// A session with an agent that needs NOPs.
    pub(super) fn old(config: SessionConfig) -> (Self, Vec<String>) {
        let mut world = Self::before_handshake(config);
        world.handshake("3.1.1511.0", FORWARDING);
        let said = world.said();
        (world, said)
    }

    fn established(config: SessionConfig, agent: &str, port_type: &str) -> Self {
        let mut world = Self::before_handshake(config);
        world.handshake(agent, port_type);
        let events = world.events();
        assert!(
            matches!(events[..], [SessionEvent::Established(_)]),
            "{events:?}"
        );
        world
    }

    pub(super) fn before_handshake(config: SessionConfig) -> Self {
        let now = Instant::now();
        let clock = Clock {
            origin: now,
            unix_ms_at_origin: 0,
        };
        let mut world = Self {
            session: Session::new(config, clock, [7; 32]),
            now,
            start: now,
            sent: 0,
            acknowledges: true,
            answers_pings: true,
            pings: 0,
            unanswered: Vec::new(),
            payloads: Vec::new(),
            events: Vec::new(),
        };
        world.connect();
        world
    }

    pub(super) fn handshake(&mut self, agent: &str, port_type: &str) {
        let request = format!(
            r#"{{"AgentVersion":"{agent}","RequestedClientActions":[{{"ActionType":"SessionType","ActionParameters":{{"SessionType":"Port","Properties":{{{port_type}"portNumber":"80"}}}}}}]}}"#
        );
        self.say(PayloadType::HandshakeRequest, request.into());
        let complete = r#"{"HandshakeTimeToComplete":1,"CustomerMessage":""}"#;
        self.say(PayloadType::HandshakeComplete, complete.into());
    }

    pub(super) fn connect(&mut self) {
        self.session
            .handle_connected(self.now, "planted-token".to_owned());
        self.settle();
    }

    pub(super) fn disconnect(&mut self) {
        self.session
            .handle_disconnected(self.now, SocketEnd::Broken);
    }

    /// The agent sends a numbered message.
    pub(super) fn say(&mut self, payload_type: PayloadType, payload: Bytes) {
        let number = self.sent;
        self.sent += 1;
        self.say_number(number, payload_type, payload);
    }

    pub(super) fn say_number(&mut self, number: i64, payload_type: PayloadType, payload: Bytes) {
        self.receive(MessageType::OutputStreamData, number, payload_type, payload);
    }

    /// The gateway sends a message without a number.
    pub(super) fn control(&mut self, message_type: MessageType) {
        self.receive(message_type, 0, PayloadType::Other(0), Bytes::new());
    }

    /// A message that was made some time ago comes now.
    pub(super) fn say_old(&mut self, made: Instant) {
        let number = self.sent;
        self.sent += 1;
        let now = std::mem::replace(&mut self.now, made);
        let frame = self.frame(
            MessageType::OutputStreamData,
            number,
            PayloadType::Other(99),
            Bytes::new(),
        );
        self.now = now;
        self.session.handle_input(now, frame);
    }

    fn receive(
        &mut self,
        message_type: MessageType,
        sequence_number: i64,
        payload_type: PayloadType,
        payload: Bytes,
    ) {
        let frame = self.frame(message_type, sequence_number, payload_type, payload);
        self.session.handle_input(self.now, frame);
    }

    fn frame(
        &self,
        message_type: MessageType,
        sequence_number: i64,
        payload_type: PayloadType,
        payload: Bytes,
    ) -> Bytes {
        let message = Message {
            message_type,
            schema_version: 1,
            // Another clock than ours.
            created_date: 1_000_000 + u64::try_from((self.now - self.start).as_millis()).unwrap(),
            sequence_number,
            flags: Flags::NONE,
            message_id: Uuid::from_u128(u128::try_from(sequence_number).unwrap() + 1),
            payload_type,
            payload,
        };
        message.encode()
    }

    /// The service ends the session.
    pub(super) fn close_channel(&mut self) {
        let closed = ChannelClosed::default().encode();
        self.receive(MessageType::ChannelClosed, 0, PayloadType::Other(0), closed);
    }

    /// The agent acknowledges a message of ours.
    pub(super) fn acknowledge(&mut self, message: &Message) {
        let acknowledgement = Acknowledgement {
            message_type: Some(message.message_type),
            message_id: message.message_id,
            sequence_number: message.sequence_number,
            is_sequential_message: true,
        };
        self.receive(
            MessageType::Acknowledge,
            0,
            PayloadType::Other(0),
            acknowledgement.encode(),
        );
    }

    /// A local connection says something.
    pub(super) fn write(&mut self, id: ConnectionId, data: Vec<u8>) {
        self.session.write(self.now, id, data.into());
        self.settle();
    }

    /// Takes what the session has to send and to say, until there is nothing.
    pub(super) fn settle(&mut self) {
        while let Some(transmit) = self.session.poll_transmit(self.now) {
            match transmit {
                Transmit::Text(_) => {}
                Transmit::Ping => {
                    self.pings += 1;
                    if self.answers_pings {
                        self.session.handle_life(self.now);
                    }
                }
                Transmit::Binary(frame) => {
                    let message = Message::decode(&frame).unwrap();
                    if message.message_type != MessageType::InputStreamData {
                        continue;
                    }
                    self.payloads.push(message.payload.clone());
                    if self.acknowledges {
                        self.acknowledge(&message);
                    } else {
                        self.unanswered.push(message);
                    }
                }
            }
        }
        self.events
            .extend(std::iter::from_fn(|| self.session.poll_event()));
    }

    /// Lets time pass, and the session do what is due.
    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        let mut standing_still = 0;
        loop {
            self.settle();
            let Some((at, timer)) = self.session.poll_timeout().filter(|(at, _)| *at <= end) else {
                break;
            };
            standing_still = if at > self.now { 0 } else { standing_still + 1 };
            assert!(standing_still < 100, "time stands still: {timer:?}");
            self.now = self.now.max(at);
            self.session.handle_timeout(self.now);
        }
        self.now = end;
    }

    pub(super) fn events(&mut self) -> Vec<SessionEvent> {
        self.settle();
        std::mem::take(&mut self.events)
    }

    /// What has happened, in short.
    pub(super) fn said(&mut self) -> Vec<String> {
        self.events().iter().map(short).collect()
    }

    pub(super) fn timer(&self) -> Option<SessionTimer> {
        self.session.poll_timeout().map(|(_, timer)| timer)
    }
}
