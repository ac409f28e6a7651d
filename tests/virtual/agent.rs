//! The far end of one session: reliability with the reference agent's manners, and
//! destinations that play their part of each connection's plan.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use smux::{Mux, Role, StreamId};
use ssm_message::payload::{Acknowledgement, Flag, HandshakeComplete, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PayloadType, Uuid};

use crate::traffic::{HEAD, Plan, Sink, Source};

/// How the agent behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Reference,
    /// It sends what it has to say once: what is lost stays missing.
    NeverResends,
    /// A destination does not read: nothing is taken in, acknowledged or said any more.
    Stuck,
}

/// What the agent puts into one message, and how long it sleeps after it.
const PAYLOAD: usize = 1024;
const PACE: Duration = Duration::from_millis(1);

/// How often it looks whether its oldest message must go again.
const RESEND_PERIOD: Duration = Duration::from_millis(100);

/// How old that one must be: at first, and at most.
const FIRST_TIMEOUT: Duration = Duration::from_millis(200);
const LONGEST_TIMEOUT: f64 = 1.0;

/// Messages that it keeps until they are acknowledged; what is beyond is sent once.
const KEPT: usize = 100_000;

/// What its wall clock shows when the world begins, in Unix milliseconds: not what ours does.
const WALL_CLOCK: u64 = 1_700_000_000_000;

const REQUEST: &str = r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"80","type":"LocalPortForwarding"}}}]}"#;

#[derive(Debug)]
pub(crate) struct Agent {
    ids: u128,
    next_number: i64,
    expected: i64,
    early: BTreeMap<i64, Message>,
    unacknowledged: BTreeMap<i64, (Bytes, Instant)>,
    /// Seconds: the smoothed round trip and its variation.
    round_trip: f64,
    variation: f64,
    timeout: Duration,
    start: Instant,
    out: VecDeque<Bytes>,
    mux: Mux,
    destinations: BTreeMap<StreamId, Destination>,
    stage: Stage,
    paused: bool,
    /// The gateway takes nothing from it: what is for the client waits.
    pub(crate) blocked: bool,
    awake_at: Instant,
    next_look: Instant,
    pub(crate) manner: Manner,
    /// Bytes that destinations have got: when, and how many.
    pub(crate) delivered: Vec<(Instant, usize)>,
    /// Messages that went again.
    pub(crate) resent: u32,
    /// The client asked for the session's end.
    pub(crate) ended: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    Requested,
    Complete,
}

#[derive(Debug)]
struct Destination {
    head: BytesMut,
    game: Option<(Source, Sink)>,
    closed: bool,
}

impl Agent {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            ids: 0,
            next_number: 0,
            expected: 0,
            early: BTreeMap::new(),
            unacknowledged: BTreeMap::new(),
            round_trip: 0.1,
            variation: 0.0,
            timeout: FIRST_TIMEOUT,
            start: now,
            out: VecDeque::new(),
            mux: Mux::new(Role::Server, smux::Config::default()),
            destinations: BTreeMap::new(),
            stage: Stage::Idle,
            paused: false,
            blocked: false,
            awake_at: now,
            next_look: now + RESEND_PERIOD,
            manner: Manner::Reference,
            delivered: Vec::new(),
            resent: 0,
            ended: false,
        }
    }

    /// The client's channel is open: the first time the handshake begins.
    pub(crate) fn client_arrived(&mut self, now: Instant) {
        self.paused = false;
        if self.stage == Stage::Idle {
            self.stage = Stage::Requested;
            self.send(
                now,
                PayloadType::HandshakeRequest,
                Bytes::from_static(REQUEST.as_bytes()),
            );
        }
    }

    /// The gateway says that nobody is there.
    pub(crate) fn pause(&mut self) {
        self.paused = true;
    }

    /// Messages that are not acknowledged, those on their way included.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.unacknowledged.len()
    }

    pub(crate) fn handle_frame(&mut self, now: Instant, frame: &Bytes) {
        if self.manner == Manner::Stuck {
            return;
        }
        // What was damaged on the way is passed over.
        let Ok(message) = Message::decode(frame) else {
            return;
        };
        self.paused = false;
        match message.message_type {
            MessageType::Acknowledge => {
                let number = Acknowledgement::decode(&message.payload)
                    .unwrap()
                    .sequence_number;
                if let Some((_, sent)) = self.unacknowledged.remove(&number) {
                    self.measure(now - sent);
                }
            }
            MessageType::InputStreamData => {
                let number = message.sequence_number;
                self.acknowledge(now, &message);
                if number >= self.expected {
                    self.early.insert(number, message);
                }
                while let Some(message) = self.early.remove(&self.expected) {
                    self.expected += 1;
                    self.process(now, &message);
                }
            }
            MessageType::OutputStreamData
            | MessageType::ChannelClosed
            | MessageType::StartPublication
            | MessageType::PausePublication
            | MessageType::AgentSessionState => panic!("a client sent {}", message.message_type),
        }
        self.play(now);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.next_look <= now {
            self.next_look = now + RESEND_PERIOD;
            if !self.paused
                && !self.blocked
                && self.manner == Manner::Reference
                && let Some(mut oldest) = self.unacknowledged.first_entry()
                && let (frame, sent) = oldest.get_mut()
                && now >= *sent + self.timeout
            {
                *sent = now;
                self.resent += 1;
                self.out.push_back(frame.clone());
            }
        }
        self.mux.handle_timeout(now);
        self.play(now);
    }

    pub(crate) fn poll_frame(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let speaks = !self.paused && !self.blocked && self.manner != Manner::Stuck;
        // It looks every 100 ms; the moments at which it finds nothing can be left out.
        let look = self.unacknowledged.values().next().filter(|_| speaks);
        let look = look
            .filter(|_| self.manner == Manner::Reference)
            .map(|(_, sent)| self.next_look.max(*sent + self.timeout));
        let send = (self.mux.pending_bytes() > 0 && speaks).then_some(self.awake_at);
        let mux = self.mux.poll_timeout().map(|(at, _)| at);
        let destinations = self.destinations.values();
        let said = destinations
            .filter_map(|destination| destination.game.as_ref()?.0.due(now))
            .min();
        [look, send, mux, said].into_iter().flatten().min()
    }

    fn process(&mut self, now: Instant, message: &Message) {
        match message.payload_type {
            PayloadType::HandshakeResponse => {
                let complete = HandshakeComplete {
                    handshake_time_to_complete: 1,
                    customer_message: String::new(),
                };
                self.stage = Stage::Complete;
                self.send(now, PayloadType::HandshakeComplete, complete.encode());
            }
            PayloadType::Output => {
                assert_eq!(
                    self.stage,
                    Stage::Complete,
                    "data came before the handshake's end"
                );
                self.mux.handle_input(now, message.payload.clone()).unwrap();
            }
            PayloadType::Flag => {
                assert_eq!(
                    Flag::decode(&message.payload).unwrap(),
                    Flag::TerminateSession
                );
                self.ended = true;
            }
            PayloadType::Error
            | PayloadType::Size
            | PayloadType::Parameter
            | PayloadType::HandshakeRequest
            | PayloadType::HandshakeComplete
            | PayloadType::EncChallengeRequest
            | PayloadType::EncChallengeResponse
            | PayloadType::StdErr
            | PayloadType::ExitCode
            | PayloadType::Other(_) => panic!("a client sent {:?}", message.payload_type),
        }
    }

    /// Lets the destinations do their part, and sends one message if the pace allows it.
    fn play(&mut self, now: Instant) {
        while let Some(event) = self.mux.poll_event() {
            match event {
                smux::Event::Opened(id) => {
                    self.destinations.insert(
                        id,
                        Destination {
                            head: BytesMut::new(),
                            game: None,
                            closed: false,
                        },
                    );
                }
                smux::Event::Closed(id) => {
                    self.destinations.remove(&id);
                }
                // The agent closes both directions when the client's side ends.
                smux::Event::Finished(id) | smux::Event::Reset { id, .. } => {
                    self.mux.close(now, id);
                }
                smux::Event::Readable(_) | smux::Event::Writable(_) => {}
            }
        }
        if self.manner == Manner::Stuck {
            return;
        }
        for (id, destination) in &mut self.destinations {
            let came = destination.play(now, *id, &mut self.mux);
            if came > 0 {
                self.delivered.push((now, came));
            }
        }
        if !self.paused && !self.blocked && self.awake_at <= now && self.mux.pending_bytes() > 0 {
            let mut payload = BytesMut::new();
            self.mux.poll_transmit(now, &mut payload, PAYLOAD);
            self.awake_at = now + PACE;
            self.send(now, PayloadType::Output, payload.freeze());
        }
    }

    fn send(&mut self, now: Instant, payload_type: PayloadType, payload: Bytes) {
        let number = self.next_number;
        self.next_number += 1;
        let flags = if number == 0 { Flags::SYN } else { Flags::NONE };
        let frame = self.message(
            now,
            MessageType::OutputStreamData,
            number,
            flags,
            payload_type,
            payload,
        );
        if self.unacknowledged.len() < KEPT {
            self.unacknowledged.insert(number, (frame.clone(), now));
        }
        self.out.push_back(frame);
    }

    /// Learns how long to wait for an acknowledgement, from every one, of messages that were
    /// sent twice as well.
    fn measure(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        self.variation = 0.75 * self.variation + 0.25 * (self.round_trip - took).abs();
        self.round_trip = 0.875 * self.round_trip + 0.125 * took;
        let timeout = self.round_trip + (4.0 * self.variation).max(0.01);
        self.timeout = Duration::from_secs_f64(timeout.min(LONGEST_TIMEOUT));
    }

    fn acknowledge(&mut self, now: Instant, message: &Message) {
        let body = Acknowledgement {
            message_type: Some(message.message_type),
            message_id: message.message_id,
            sequence_number: message.sequence_number,
            is_sequential_message: true,
        };
        let frame = self.message(
            now,
            MessageType::Acknowledge,
            0,
            Flags::SYN_FIN,
            PayloadType::Other(0),
            body.encode(),
        );
        self.out.push_back(frame);
    }

    fn message(
        &mut self,
        now: Instant,
        message_type: MessageType,
        sequence_number: i64,
        flags: Flags,
        payload_type: PayloadType,
        payload: Bytes,
    ) -> Bytes {
        self.ids += 1;
        let message = Message {
            message_type,
            schema_version: 1,
            created_date: WALL_CLOCK + (now - self.start).as_millis() as u64,
            sequence_number,
            flags,
            message_id: Uuid::from_u128(self.ids),
            payload_type,
            payload,
        };
        message.encode()
    }
}

impl Destination {
    /// Returns how many bytes came.
    fn play(&mut self, now: Instant, id: StreamId, mux: &mut Mux) -> usize {
        let mut came = 0;
        while let Some(data) = mux.read(id) {
            came += data.len();
            let mut data = &data[..];
            if self.game.is_none() {
                let missing = HEAD - self.head.len();
                let (head, rest) = data.split_at(missing.min(data.len()));
                self.head.extend_from_slice(head);
                data = rest;
                if self.head.len() < HEAD {
                    continue;
                }
                let plan = Plan::from_head(&self.head);
                self.game = Some((Source::down(plan, now), Sink::up(plan)));
            }
            if let Some((_, sink)) = &mut self.game {
                sink.accept(data);
            }
        }
        let Some((source, sink)) = &mut self.game else {
            return came;
        };
        while let Some(data) = source.take(now, mux.send_capacity(id)) {
            mux.write(now, id, data).unwrap();
        }
        if source.is_done() && sink.is_done() && !self.closed {
            self.closed = true;
            mux.close(now, id);
        }
        came
    }
}
