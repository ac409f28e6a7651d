//! A recorded session once more: what came then comes again at the same times, in virtual time, to
//! the engine as it is now. What it makes of that is told step by step.
//!
//! A recording has no payloads, so what carried something carries NOP frames of the multiplexer
//! here, of the same lengths. The engine sends what it sends by itself: acknowledgements, what is
//! sent again, pings; new data is handed to it when it went out then. Of a recording that does not
//! begin with its session, the handshake is made up.

mod far_end;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ssm_data_channel::{FrameKind, SocketEnd, Way};
use ssm_message::{MessageType, PayloadType};

use self::far_end::{FarEnd, header_of};
use crate::{Clock, ConnectionId, RecordedFrame, Recording, Session, SessionConfig, SessionEvent};
use crate::{Problem, Transmit};

/// Bytes of a frame of the multiplexer that carries nothing (docs/protocol.md, section 5).
const EMPTY_FRAME: usize = 8;

/// What became of a recorded session when it was played again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// What the engine said, in order.
    pub steps: Vec<Step>,
    /// With which code it ended the session; `None` if it did not.
    pub outcome: Option<String>,
    /// What went out and came in the recording.
    pub recorded: Sums,
    /// What went out and came when it was played.
    pub played: Sums,
    /// Messages that the engine held back though they went out then.
    pub held_back: u32,
    /// Messages that came and that it did not acknowledge though it did then.
    pub unacknowledged: u32,
}

/// Something that the engine said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When, in microseconds after the recording's first frame.
    pub us: u64,
    /// What.
    pub what: String,
}

/// Numbers of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Numbered messages that went out for the first time.
    pub sent: u32,
    /// Those that went again.
    pub sent_again: u32,
    /// Acknowledgements that went out.
    pub acknowledged: u32,
    /// Pings and other signs of life, both ways.
    pub pings: u32,
}

impl Replayed {
    /// Says whether the engine does now what it did then: it ends the session for the same
    /// reason or not at all, holds nothing back that went out, and acknowledges what it
    /// acknowledged.
    pub fn agrees(&self, recording: &Recording) -> bool {
        self.outcome == recording.outcome && self.held_back == 0 && self.unacknowledged == 0
    }
}

/// Plays a recording. `now` is when virtual time begins; any moment will do.
pub fn replay(recording: &Recording, now: Instant) -> Replayed {
    Player::new(recording, now).play(recording)
}

struct Player {
    session: Session,
    far_end: FarEnd,
    begun: Instant,
    now: Instant,
    is_connected: bool,
    /// The handshake is in the recording.
    is_whole: bool,
    connection: Option<ConnectionId>,
    /// Our numbers of the messages that went out, by the recorded ones.
    numbers: HashMap<i64, i64>,
    /// What came has been accepted from this number on.
    base: Option<i64>,
    /// Numbers that came in the recording and were acknowledged there, and are here.
    owed: HashSet<i64>,
    replayed: Replayed,
}

impl Player {
    fn new(recording: &Recording, now: Instant) -> Self {
        let clock = Clock {
            origin: now,
            unix_ms_at_origin: recording.began,
        };
        let mut config = SessionConfig::default();
        // What went out then fits now, whatever the engine has learned of the way.
        config.channel.initial_payload = config.channel.max_payload;
        config.channel.message_rate = NonZeroU32::MAX;
        config.mux.max_streams = recording.frames.len() + 1;
        Self {
            // Nothing is encrypted here: any seed is good enough.
            session: Session::new(config, clock, [0; 32]),
            far_end: FarEnd::default(),
            begun: now,
            now,
            is_connected: false,
            is_whole: recording.frames.iter().any(is_handshake_request),
            connection: None,
            numbers: HashMap::new(),
            base: None,
            owed: HashSet::new(),
            replayed: Replayed::default(),
        }
    }

    fn play(mut self, recording: &Recording) -> Replayed {
        self.sum_up(recording);
        if !self.is_whole {
            self.shake_hands();
        }
        for frame in &recording.frames {
            self.run_until(frame.us);
            self.frame(frame);
            self.drain();
        }
        self.run_until(recording.until);
        self.replayed.unacknowledged = u32::try_from(self.owed.len()).unwrap_or(u32::MAX);
        self.replayed.outcome = self.session.outcome().map(|problem| problem.code.clone());
        self.replayed
    }

    /// Counts what is recorded, and notes what was acknowledged.
    fn sum_up(&mut self, recording: &Recording) {
        let mut sent = HashSet::new();
        let mut came = HashSet::new();
        let sums = &mut self.replayed.recorded;
        for frame in &recording.frames {
            match (frame.way, frame.kind) {
                (Way::Out, FrameKind::Message(MessageType::InputStreamData)) => {
                    match sent.insert(frame.sequence) {
                        true => sums.sent += 1,
                        false => sums.sent_again += 1,
                    }
                }
                (Way::Out, FrameKind::Message(MessageType::Acknowledge)) => {
                    sums.acknowledged += 1;
                    if came.contains(&frame.sequence) {
                        self.owed.insert(frame.sequence);
                    }
                }
                (Way::In, FrameKind::Message(MessageType::OutputStreamData)) => {
                    came.insert(frame.sequence);
                }
                (_, FrameKind::Ping) => sums.pings += 1,
                (
                    _,
                    FrameKind::Opened
                    | FrameKind::Closed
                    | FrameKind::Broken
                    | FrameKind::Opening
                    | FrameKind::Message(_)
                    | FrameKind::Invalid,
                ) => {}
            }
        }
    }

    /// Brings a session to where the recording begins.
    fn shake_hands(&mut self) {
        self.connect();
        for frame in self.far_end.handshake() {
            self.session.handle_input(self.now, frame);
            self.drain();
            for acknowledgement in self.far_end.acknowledgements() {
                self.session.handle_input(self.now, acknowledgement);
                self.drain();
            }
        }
    }

    fn connect(&mut self) {
        if !self.is_connected {
            self.is_connected = true;
            self.session.handle_connected(self.now, String::new());
            self.drain();
        }
    }

    /// Lets time pass, with what is due on the way.
    fn run_until(&mut self, us: u64) {
        let at = self.begun + Duration::from_micros(us).min(LONGEST);
        while let Some((due, _)) = self.session.poll_timeout().filter(|(due, _)| *due <= at) {
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
            self.drain();
        }
        self.now = self.now.max(at);
    }

    fn frame(&mut self, frame: &RecordedFrame) {
        match (frame.way, frame.kind) {
            (_, FrameKind::Opened) => {
                // Of one that replaces another, the end of that may be forgotten.
                self.is_connected = false;
                self.connect();
            }
            (_, FrameKind::Closed) => self.disconnect(SocketEnd::Orderly),
            (_, FrameKind::Broken) => self.disconnect(SocketEnd::Broken),
            (Way::In, FrameKind::Ping) => {
                self.replayed.played.pings += 1;
                self.session.handle_life(self.now);
            }
            (Way::In, FrameKind::Invalid) => {
                self.session
                    .handle_input(self.now, Bytes::from_static(b"?"));
            }
            (Way::In, FrameKind::Message(message_type)) => self.came(frame, message_type),
            (Way::Out, FrameKind::Message(MessageType::InputStreamData)) => self.went(frame),
            // The engine does so by itself.
            (Way::Out, FrameKind::Message(_) | FrameKind::Invalid | FrameKind::Ping)
            | (_, FrameKind::Opening) => {}
        }
    }

    fn disconnect(&mut self, end: SocketEnd) {
        self.is_connected = false;
        self.session.handle_disconnected(self.now, end);
    }

    fn came(&mut self, frame: &RecordedFrame, message_type: MessageType) {
        let made = match message_type {
            MessageType::OutputStreamData => {
                let base = *self.base.get_or_insert(frame.sequence);
                let Some(offset) = frame.sequence.checked_sub(base).filter(|it| *it >= 0) else {
                    // Of the time before the recording.
                    self.owed.remove(&frame.sequence);
                    return;
                };
                self.far_end.came(frame, offset, self.is_whole)
            }
            MessageType::Acknowledge => {
                let number = self.numbers.get(&frame.sequence);
                number.and_then(|number| self.far_end.acknowledgement(*number))
            }
            MessageType::ChannelClosed
            | MessageType::StartPublication
            | MessageType::PausePublication
            | MessageType::InputStreamData
            | MessageType::AgentSessionState => Some(self.far_end.other(message_type)),
        };
        if let Some(made) = made {
            self.session.handle_input(self.now, made);
        }
    }

    /// A message went out: the engine gets something to send, if it is new.
    fn went(&mut self, frame: &RecordedFrame) {
        if self.numbers.contains_key(&frame.sequence) {
            return;
        }
        let number = match PayloadType::from_wire(frame.payload) {
            PayloadType::Output => {
                let number = self.far_end.next_of_engine();
                self.give(usize::try_from(frame.length).unwrap_or(usize::MAX));
                number
            }
            PayloadType::Flag => {
                let number = self.far_end.next_of_engine();
                self.session.send_end(self.now);
                number
            }
            // The engine answers the handshake by itself, before or now.
            PayloadType::HandshakeResponse => 0,
            PayloadType::Error
            | PayloadType::Size
            | PayloadType::Parameter
            | PayloadType::HandshakeRequest
            | PayloadType::HandshakeComplete
            | PayloadType::EncChallengeRequest
            | PayloadType::EncChallengeResponse
            | PayloadType::StdErr
            | PayloadType::ExitCode
            | PayloadType::Other(_) => return,
        };
        self.drain();
        self.numbers.insert(frame.sequence, number);
        if !self.far_end.has_heard(number) {
            self.replayed.held_back += 1;
        }
    }

    /// Gives the engine something of which it makes one message of about this length.
    fn give(&mut self, length: usize) {
        let data = match (self.connection, length) {
            // A frame that opens something, or ends it.
            (Some(_), ..=EMPTY_FRAME) => {
                self.session.open(self.now);
                return;
            }
            (None, _) => {
                self.connection = self.session.open(self.now);
                length.saturating_sub(2 * EMPTY_FRAME)
            }
            (Some(_), _) => length - EMPTY_FRAME,
        };
        if let Some(connection) = self.connection.filter(|_| data > 0) {
            let data = Bytes::from(vec![0; data.min(MOST)]);
            self.session.write(self.now, connection, data);
        }
    }

    /// Takes all that the engine has to say.
    fn drain(&mut self) {
        loop {
            let transmit = self.session.poll_transmit(self.now);
            self.events();
            match transmit {
                Some(Transmit::Binary(frame)) => self.heard(&frame),
                Some(Transmit::Ping) => self.replayed.played.pings += 1,
                Some(Transmit::Text(_)) => {}
                None => return,
            }
        }
    }

    fn heard(&mut self, frame: &Bytes) {
        let Some(header) = header_of(frame) else {
            return;
        };
        match header.message_type {
            MessageType::Acknowledge => {
                if let Some(offset) = self.far_end.offset_of(frame, self.is_whole) {
                    self.replayed.played.acknowledged += 1;
                    self.owed.remove(&(self.base.unwrap_or_default() + offset));
                }
            }
            MessageType::InputStreamData => match self.far_end.hear(header) {
                true => self.replayed.played.sent += 1,
                false => self.replayed.played.sent_again += 1,
            },
            MessageType::OutputStreamData
            | MessageType::ChannelClosed
            | MessageType::StartPublication
            | MessageType::PausePublication
            | MessageType::AgentSessionState => {}
        }
    }

    fn events(&mut self) {
        while let Some(event) = self.session.poll_event() {
            let Some(what) = words(&event) else {
                continue;
            };
            let us = self.now.saturating_duration_since(self.begun).as_micros();
            self.replayed.steps.push(Step {
                us: u64::try_from(us).unwrap_or(u64::MAX),
                what,
            });
        }
    }
}

/// No message carries more.
const MOST: usize = 16 * 1024 - 2 * EMPTY_FRAME;

/// No recording is longer: a session that does nothing but to ping each 300 s fills one in it.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn is_handshake_request(frame: &RecordedFrame) -> bool {
    frame.way == Way::In
        && frame.kind == FrameKind::Message(MessageType::OutputStreamData)
        && PayloadType::from_wire(frame.payload) == PayloadType::HandshakeRequest
}

/// What is worth a line.
fn words(event: &SessionEvent) -> Option<String> {
    let of = |what: &str, problem: &Problem| format!("{what}: {} ({})", problem.what, problem.code);
    Some(match event {
        SessionEvent::Established(_) => "the handshake is done".to_owned(),
        SessionEvent::PathDead { silence } => {
            format!(
                "no sign of life for {} ms: the WebSocket is given up",
                silence.as_millis()
            )
        }
        SessionEvent::Degraded(Some(illness)) => of("degraded", &illness.problem),
        SessionEvent::Degraded(None) => "well again".to_owned(),
        SessionEvent::Over(problem) => of("over", problem),
        SessionEvent::Notice(problem) => of("notice", problem),
        SessionEvent::EndConfirmed => "the agent knows that the session ends".to_owned(),
        SessionEvent::Learned(_)
        | SessionEvent::Load(_)
        | SessionEvent::Quiet
        | SessionEvent::NotQuiet
        | SessionEvent::DataKeyNeeded { .. }
        | SessionEvent::Readable(_)
        | SessionEvent::Writable(_)
        | SessionEvent::Finished(_)
        | SessionEvent::ConnectFailed(_)
        | SessionEvent::Reset(..)
        | SessionEvent::Closed(_) => return None,
    })
}
