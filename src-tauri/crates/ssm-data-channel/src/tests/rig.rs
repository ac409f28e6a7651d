//! A channel, a clock, and the frames that an agent would send.

use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes};
use ssm_message::payload::{Acknowledgement, Flag, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PayloadType, Uuid};

use crate::{Clock, Config, DataChannel, Event, Transmit};

pub(super) const MUX_REQUEST: &str = r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"9911","type":"LocalPortForwarding"}}}]}"#;
pub(super) const COMPLETE: &str = r#"{"HandshakeTimeToComplete":1,"CustomerMessage":"hello"}"#;

pub(super) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A message of the agent.
pub(super) fn from_agent(number: i64, payload_type: PayloadType, payload: &[u8]) -> Bytes {
    Message {
        message_type: MessageType::OutputStreamData,
        schema_version: 1,
        created_date: 0,
        sequence_number: number,
        flags: Flags::NONE,
        message_id: agent_id(number),
        payload_type,
        payload: Bytes::copy_from_slice(payload),
    }
    .encode()
}

/// A message of another type.
pub(super) fn control(message_type: MessageType, payload: Bytes) -> Bytes {
    Message {
        message_type,
        schema_version: 1,
        created_date: 0,
        sequence_number: 0,
        flags: Flags::SYN_FIN,
        message_id: Uuid::nil(),
        payload_type: PayloadType::Other(0),
        payload,
    }
    .encode()
}

pub(super) fn acknowledgement_of(message: &Message) -> Bytes {
    let body = Acknowledgement {
        message_type: Some(message.message_type),
        message_id: message.message_id,
        sequence_number: message.sequence_number,
        is_sequential_message: true,
    };
    control(MessageType::Acknowledge, body.encode())
}

pub(super) fn agent_id(number: i64) -> Uuid {
    Uuid::from_u128(u128::try_from(number).unwrap() + 1_000)
}

pub(super) struct Rig {
    pub(super) channel: DataChannel,
    pub(super) now: Instant,
}

impl Rig {
    /// A channel on an open socket, before the handshake.
    pub(super) fn connected(config: Config) -> Self {
        let now = Instant::now();
        let clock = Clock {
            origin: now,
            unix_ms_at_origin: 1_795_224_505_089,
        };
        let mut channel = DataChannel::new(config, clock, [7; 32]);
        channel.handle_connected(now, "planted-token".into());
        let mut rig = Self { channel, now };
        assert!(matches!(rig.transmit(), Some(Transmit::Text(_))));
        rig
    }

    /// A channel that is established, its answer in the handshake acknowledged after 20 ms.
    pub(super) fn established(config: Config) -> Self {
        let mut rig = Self::connected(config);
        rig.output(0, PayloadType::HandshakeRequest, MUX_REQUEST.as_bytes());
        let answer = rig.sent().pop().unwrap();
        rig.now += ms(20);
        rig.input(acknowledgement_of(&answer));
        rig.output(1, PayloadType::HandshakeComplete, COMPLETE.as_bytes());
        assert!(matches!(rig.events()[..], [Event::Established]));
        assert!(rig.sent().is_empty());
        rig
    }

    pub(super) fn input(&mut self, frame: Bytes) {
        self.channel.handle_input(self.now, frame).unwrap();
        while self.channel.deliver_waiting(self.now).unwrap() {}
    }

    /// Has the agent send a numbered message.
    pub(super) fn output(&mut self, number: i64, payload_type: PayloadType, payload: &[u8]) {
        self.input(from_agent(number, payload_type, payload));
    }

    pub(super) fn transmit(&mut self) -> Option<Transmit> {
        self.channel.poll_transmit(self.now)
    }

    /// Takes everything that may go out now.
    pub(super) fn frames(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(transmit) = self.transmit() {
            match transmit {
                Transmit::Binary(frame) => messages.push(Message::decode(&frame).unwrap()),
                Transmit::Text(_) => {}
            }
        }
        messages
    }

    /// Takes everything that may go out now; returns the numbered messages.
    pub(super) fn sent(&mut self) -> Vec<Message> {
        let mut messages = self.frames();
        messages.retain(|message| message.message_type == MessageType::InputStreamData);
        messages
    }

    /// Takes everything that may go out now; returns the numbers of the numbered messages.
    pub(super) fn sent_numbers(&mut self) -> Vec<i64> {
        let sent = self.sent();
        sent.iter().map(|message| message.sequence_number).collect()
    }

    /// Takes everything that may go out now; returns the numbers acknowledged.
    pub(super) fn acknowledged(&mut self) -> Vec<i64> {
        self.frames()
            .iter()
            .filter(|message| message.message_type == MessageType::Acknowledge)
            .map(|message| {
                let body = Acknowledgement::decode(&message.payload).unwrap();
                assert_eq!(body.message_type, Some(MessageType::OutputStreamData));
                assert_eq!(body.message_id, agent_id(body.sequence_number));
                assert_eq!(message.flags, Flags::SYN_FIN);
                body.sequence_number
            })
            .collect()
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.channel.poll_event()).collect()
    }

    /// Takes the events; returns the bytes delivered.
    pub(super) fn data(&mut self) -> Vec<u8> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Data(bytes) => Some(bytes),
                _ => None,
            })
            .flatten()
            .collect()
    }

    /// Queues one message, whatever the budget.
    pub(super) fn send(&mut self, payload: &[u8]) {
        let mut message = self.channel.start_message(payload.len());
        message.payload_mut().put_slice(payload);
        self.channel.send(self.now, message).unwrap();
    }

    /// Sends as many full messages as there is budget for now.
    pub(super) fn send_all(&mut self) -> Vec<Message> {
        let mut sent = Vec::new();
        while let Some(budget) = self.channel.send_budget(self.now) {
            self.send(&vec![b'x'; budget]);
            sent.append(&mut self.sent());
        }
        sent
    }

    /// Sends and has acknowledged full messages until one of more than 1,024 bytes is out;
    /// returns that one.
    pub(super) fn send_until_larger(&mut self) -> Message {
        loop {
            for message in self.send_all() {
                if message.payload.len() > 1_024 {
                    return message;
                }
                self.input(acknowledgement_of(&message));
            }
            self.now += ms(50);
        }
    }

    /// Lets the channel's timers run for so long; returns the numbers of what went out.
    pub(super) fn run(&mut self, time: Duration) -> Vec<i64> {
        let end = self.now + time;
        let mut numbers = self.sent_numbers();
        let mut timers = 0;
        while let Some((at, _)) = self.channel.poll_timeout()
            && at <= end
        {
            self.now = self.now.max(at);
            self.channel.handle_timeout(self.now);
            timers += 1;
            assert!(timers < 100_000, "a timer fires for ever");
            numbers.append(&mut self.sent_numbers());
        }
        self.now = end;
        numbers
    }

    pub(super) fn reconnect(&mut self) {
        self.channel
            .handle_disconnected(self.now, crate::SocketEnd::Broken);
        self.channel.handle_connected(self.now, "token 2".into());
    }

    pub(super) fn flag(&mut self, flag: Flag) {
        assert!(self.channel.send_flag(self.now, flag));
    }
}
