//! The far end of one session in memory, for what is measured of the engine alone. What it costs
//! is small, or can be made beforehand: it looks at nothing but the headers of what comes.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use ssm_data_channel::Uuid;
use ssm_message::payload::{Acknowledgement, HandshakeComplete, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PayloadType};
use tunnel_proto::{Clock, ConnectionId, Session, SessionConfig, SessionEvent, Transmit, Vitals};

/// Bytes of payload in each message, the engine's most.
pub(crate) const PAYLOAD: usize = 16 * 1024;

/// Bytes of a connection's data in it.
pub(crate) const DATA: usize = PAYLOAD - SMUX_HEADER;

/// Of a smux frame (docs/protocol.md, section 4).
const SMUX_HEADER: usize = 8;
const SMUX_VERSION: u8 = 1;
const SMUX_PUSH: u8 = 2;
const FIRST_STREAM: u32 = 3;

pub(crate) const UNIX_MS: u64 = 1_700_000_000_000;

const REQUEST: &str = r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"80","type":"LocalPortForwarding"}}}]}"#;

/// A session with one connection, and its far end.
#[derive(Debug)]
pub(crate) struct Pair {
    session: Session,
    connection: ConnectionId,
    far_end: FarEnd,
    now: Instant,
}

#[derive(Debug, Default)]
pub(crate) struct FarEnd {
    next_number: i64,
    ids: u128,
}

impl Pair {
    /// Makes a session that is established and has one connection. No message rate holds it
    /// back.
    ///
    /// # Panics
    /// If the engine does not get there.
    pub(crate) fn new() -> Self {
        Self::with(true)
    }

    /// The same, with a flight recorder or without.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub(crate) fn with(recorded: bool) -> Self {
        let now = Instant::now();
        let clock = Clock {
            origin: now,
            unix_ms_at_origin: UNIX_MS,
        };
        let mut config = SessionConfig::default();
        config.channel.initial_payload = config.channel.max_payload;
        config.channel.message_rate = NonZeroU32::MAX;
        if !recorded {
            config.channel.recorded_frames = 0;
        }
        let mut session = Session::new(config, clock, [7; 32]);
        let mut far_end = FarEnd::default();
        session.handle_connected(now, "token".into());
        for message in far_end.handshake() {
            session.handle_input(now, message);
            let mut sent = Vec::new();
            drain(&mut session, now, &mut sent);
            for acknowledgement in far_end.acknowledgements(&sent) {
                session.handle_input(now, acknowledgement);
            }
        }
        let Some(connection) = session.open(now) else {
            unreachable!("the session is established");
        };
        Self {
            session,
            connection,
            far_end,
            now,
        }
    }

    /// The engine takes `data` for the connection, and everything that it sends is put into
    /// `sent`.
    pub(crate) fn send(&mut self, data: Bytes, sent: &mut Vec<Bytes>) {
        self.tick();
        self.session.write(self.now, self.connection, data);
        drain(&mut self.session, self.now, sent);
        self.forget_events();
    }

    /// The far end's acknowledgements of what the engine sent.
    pub(crate) fn acknowledgements(&mut self, sent: &[Bytes]) -> Vec<Bytes> {
        self.far_end.acknowledgements(sent)
    }

    /// The engine gets an acknowledgement, and sends what it has waited to send.
    pub(crate) fn settle(&mut self, acknowledgement: Bytes, sent: &mut Vec<Bytes>) {
        self.tick();
        self.session.handle_input(self.now, acknowledgement);
        drain(&mut self.session, self.now, sent);
        self.forget_events();
    }

    /// Messages as the agent would send them for the connection, of [`PAYLOAD`] bytes each,
    /// that follow those made before.
    pub(crate) fn messages(&mut self, count: usize) -> Vec<Bytes> {
        (0..count)
            .map(|_| {
                let mut frame = BytesMut::with_capacity(PAYLOAD);
                frame.put_u8(SMUX_VERSION);
                frame.put_u8(SMUX_PUSH);
                frame.put_u16_le(u16::try_from(DATA).unwrap_or(u16::MAX));
                frame.put_u32_le(FIRST_STREAM);
                frame.put_bytes(0xA5, DATA);
                self.far_end.numbered(PayloadType::Output, frame.freeze())
            })
            .collect()
    }

    /// The engine gets one of these messages, its reader what is in it, and the far end its
    /// acknowledgement. Returns how many bytes were read.
    pub(crate) fn download(&mut self, message: Bytes) -> usize {
        self.tick();
        self.session.handle_input(self.now, message);
        let mut read = 0;
        while let Some(piece) = self.session.read(self.now, self.connection) {
            read += piece.len();
        }
        while self.session.poll_transmit(self.now).is_some() {}
        self.forget_events();
        read
    }

    /// How the session stands.
    #[allow(dead_code, reason = "not all of those who include this file read it")]
    pub(crate) fn vitals(&self) -> Vitals {
        self.session.vitals(self.now)
    }

    fn forget_events(&mut self) {
        while let Some(event) = self.session.poll_event() {
            assert!(!matches!(event, SessionEvent::Over(_)), "{event:?}");
        }
    }

    /// Time goes on, so that the pacer has something to give.
    fn tick(&mut self) {
        self.now += Duration::from_micros(1);
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}

impl FarEnd {
    /// What the agent says before anything else.
    pub(crate) fn handshake(&mut self) -> [Bytes; 2] {
        let complete = HandshakeComplete {
            handshake_time_to_complete: 1,
            customer_message: String::new(),
        };
        [
            self.numbered(PayloadType::HandshakeRequest, REQUEST.into()),
            self.numbered(PayloadType::HandshakeComplete, complete.encode()),
        ]
    }

    pub(crate) fn acknowledgements(&mut self, sent: &[Bytes]) -> Vec<Bytes> {
        sent.iter()
            .filter_map(|frame| {
                let (number, id) = data_message(frame)?;
                let payload = Acknowledgement {
                    message_type: Some(MessageType::InputStreamData),
                    message_id: id,
                    sequence_number: number,
                    is_sequential_message: true,
                }
                .encode();
                Some(self.message(MessageType::Acknowledge, 0, PayloadType::Other(0), payload))
            })
            .collect()
    }

    pub(crate) fn numbered(&mut self, payload_type: PayloadType, payload: Bytes) -> Bytes {
        let number = self.next_number;
        self.next_number += 1;
        self.message(MessageType::OutputStreamData, number, payload_type, payload)
    }

    fn message(
        &mut self,
        message_type: MessageType,
        sequence_number: i64,
        payload_type: PayloadType,
        payload: Bytes,
    ) -> Bytes {
        self.ids += 1;
        let message = Message {
            message_type,
            schema_version: 1,
            created_date: UNIX_MS,
            sequence_number,
            flags: Flags::NONE,
            message_id: Uuid::from_u128(self.ids),
            payload_type,
            payload,
        };
        let frame = message.encode();
        // A WebSocket hands out parts of a buffer that is shared already.
        drop(frame.clone());
        frame
    }
}

/// Takes all that goes out.
fn drain(session: &mut Session, now: Instant, sent: &mut Vec<Bytes>) {
    while let Some(transmit) = session.poll_transmit(now) {
        if let Transmit::Binary(frame) = transmit {
            sent.push(frame);
        }
    }
}

/// The number and the id of a message with stream data; `None` for others. Only the header is
/// read (docs/protocol.md, section 2): the digest would cost as much as the engine itself.
fn data_message(frame: &[u8]) -> Option<(i64, Uuid)> {
    let name = MessageType::InputStreamData.name().as_bytes();
    if !frame.get(4..36)?.starts_with(name) {
        return None;
    }
    let number = i64::from_be_bytes(frame.get(48..56)?.try_into().ok()?);
    let least = u64::from_be_bytes(frame.get(64..72)?.try_into().ok()?);
    let most = u64::from_be_bytes(frame.get(72..80)?.try_into().ok()?);
    Some((number, Uuid::from_u64_pair(most, least)))
}
