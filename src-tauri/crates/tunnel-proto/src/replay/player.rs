//! The engine, as it is played a recording.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ssm_data_channel::{FrameKind, RECORDED_FRAMES, SocketEnd, Way};
use ssm_message::{MessageType, PayloadType};

use super::far_end::{FarEnd, header_of};
use super::{Replayed, Resent, Step};
use crate::{
    Clock, ConnectionId, Problem, RecordedFrame, Recording, Session, SessionEvent, Transmit,
};

/// Bytes of a frame of the multiplexer that carries nothing (docs/protocol.md, section 5).
const EMPTY_FRAME: usize = 8;

/// By how much a recorded time may be earlier than the real one: times are cut to microseconds, and
/// two of them are compared.
const CUT: Duration = Duration::from_micros(2);

/// No message carries more.
const MOST: usize = 16 * 1024 - 2 * EMPTY_FRAME;

/// No recording is longer: a session that does nothing but to ping each 300 s fills one in it.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// No session has more timers ring in the time of a recording: 900 messages a second need one each, for
/// some seconds.
const RINGS_MOST: u32 = 500_000;

pub(super) struct Player {
    session: Session,
    far_end: FarEnd,
    begun: Instant,
    now: Instant,
    /// How much later than it is due the shell notices a timer.
    wakes: Duration,
    is_connected: bool,
    /// The handshake is in the recording.
    is_whole: bool,
    /// The engine knows all that it knew then.
    is_exact: bool,
    connection: Option<ConnectionId>,
    /// Our numbers of the messages that went out, by the recorded ones.
    numbers: HashMap<i64, i64>,
    /// How often messages went in the recording, by their recorded numbers.
    went: BTreeMap<i64, u32>,
    /// The same up to where it is played, by our numbers.
    went_so_far: HashMap<i64, u32>,
    /// How often they went now, by our numbers.
    goes: HashMap<i64, u32>,
    /// Timers that were noticed late: where in the recording, and when the first of them was due.
    late: VecDeque<(usize, Instant)>,
    /// Where it is recorded that the WebSocket took nothing, and since when.
    full: VecDeque<(usize, Instant)>,
    /// It takes nothing at this moment.
    is_full: bool,
    /// When timers were noticed late the last time.
    late_at: Option<u64>,
    /// Timers that may still ring: a recording from elsewhere may say anything, and has an end.
    rings: u32,
    /// What came has been accepted from this number on.
    base: Option<i64>,
    /// Numbers that came in the recording and were acknowledged there, and are not yet here.
    owed: HashSet<i64>,
    /// How often numbers that came were acknowledged here, less how often in the recording so far.
    ahead: HashMap<i64, i64>,
    /// The same of pings that went out.
    pings_ahead: i64,
    replayed: Replayed,
}

/// What the engine is to send next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// A message, by our number.
    Message(i64),
    /// An acknowledgement, by the recorded number.
    Acknowledgement(i64),
    Ping,
}

impl Player {
    pub(super) fn new(recording: &Recording, now: Instant, wakes: Duration) -> Self {
        let clock = Clock {
            origin: now,
            unix_ms_at_origin: recording.began,
        };
        let is_whole = recording.left_out == 0 || recording.frames.iter().any(is_handshake_request);
        let is_exact = recording.left_out == 0 && !recording.frames.iter().any(is_encrypted);
        let mut config = recording.settings.config();
        // How many bytes the path carries was found out then, with all that waited for it. What went
        // out then fits now.
        config.channel.initial_window = config.channel.window_bytes;
        if !is_exact {
            config.channel.initial_payload = config.channel.max_payload;
        }
        // NOP frames are in the recording.
        config.mux.keepalive = None;
        config.mux.max_streams = recording.frames.len() + 1;
        Self {
            // Nothing is encrypted here: any seed is good enough.
            session: Session::new(config, clock, [0; 32]),
            far_end: FarEnd::default(),
            begun: now,
            now,
            wakes,
            is_connected: false,
            is_whole,
            is_exact,
            connection: None,
            numbers: HashMap::new(),
            went: BTreeMap::new(),
            went_so_far: HashMap::new(),
            goes: HashMap::new(),
            late: since(recording, FrameKind::Late, now),
            full: since(recording, FrameKind::Full, now),
            is_full: false,
            late_at: None,
            rings: RINGS_MOST,
            // What a session begins with may come in another order.
            base: (recording.left_out == 0).then_some(0),
            owed: HashSet::new(),
            ahead: HashMap::new(),
            pings_ahead: 0,
            replayed: Replayed::default(),
        }
    }

    pub(super) fn play(mut self, recording: &Recording) -> Replayed {
        self.sum_up(recording);
        if !self.is_whole {
            self.shake_hands();
        }
        for (place, frame) in recording.frames.iter().enumerate() {
            for those in [&mut self.late, &mut self.full] {
                while those.front().is_some_and(|(of, _)| *of < place) {
                    those.pop_front();
                }
            }
            self.pass_until(frame.us);
            self.frame(frame);
            self.events();
        }
        self.late.clear();
        self.pass_until(recording.until);
        // The end that is recorded may have been noticed at the last moment.
        if recording.outcome.is_some() {
            while self.session.outcome().is_none() {
                while self.take().is_some() {}
                if self.session.outcome().is_some() || !self.wake() {
                    break;
                }
            }
        }
        self.events();
        self.replayed.unacknowledged = u32::try_from(self.owed.len()).unwrap_or(u32::MAX);
        self.replayed.outcome = self.session.outcome().map(|problem| problem.code.clone());
        self.replayed.resent = self.is_exact.then(|| self.resent());
        self.replayed
    }

    /// Counts what is recorded, and notes what was acknowledged.
    fn sum_up(&mut self, recording: &Recording) {
        let mut came = HashSet::new();
        let sums = &mut self.replayed.recorded;
        for frame in &recording.frames {
            match (frame.way, frame.kind) {
                (Way::Out, FrameKind::Message(MessageType::InputStreamData)) => {
                    let times = self.went.entry(frame.sequence).or_default();
                    *times += 1;
                    match times {
                        1 => sums.sent += 1,
                        _ => sums.sent_again += 1,
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
                    | FrameKind::Sleep
                    | FrameKind::Check
                    | FrameKind::Late
                    | FrameKind::Full
                    | FrameKind::Message(_)
                    | FrameKind::Invalid,
                ) => {}
            }
        }
    }

    /// Which messages went again more or less often than then.
    fn resent(&self) -> Vec<Resent> {
        let of = |(sequence, went): (&i64, &u32)| {
            let number = self.numbers.get(sequence)?;
            let goes = self.goes.get(number).copied().unwrap_or(0);
            (goes != *went).then_some(Resent {
                sequence: *sequence,
                recorded: went.saturating_sub(1),
                played: goes.saturating_sub(1),
            })
        };
        self.went.iter().filter_map(of).collect()
    }

    /// Brings a session to where the recording begins.
    fn shake_hands(&mut self) {
        self.connect();
        for frame in self.far_end.handshake() {
            self.session.handle_input(self.now, frame);
            while self.take().is_some() {}
            for acknowledgement in self.far_end.acknowledgements() {
                self.session.handle_input(self.now, acknowledgement);
                while self.take().is_some() {}
            }
        }
    }

    fn connect(&mut self) {
        if !self.is_connected {
            self.is_connected = true;
            self.session.handle_connected(self.now, String::new());
        }
    }

    /// Lets time pass, with what must have been noticed on the way, and what the engine sends then.
    fn pass_until(&mut self, us: u64) {
        if self.late_at == Some(us) {
            return;
        }
        let at = self.begun + Duration::from_micros(us).min(LONGEST);
        let noticed = at.checked_sub(self.wakes).unwrap_or(self.begun);
        let late = self.late.front().map(|(_, due)| *due);
        let is_noticed = |due: Instant| due <= noticed && late.is_none_or(|late| due + CUT < late);
        while let Some(due) = self.due().filter(|due| is_noticed(*due)) {
            self.ring(due);
            let full = self.full.front().map(|(_, since)| *since);
            if !self.is_full && full.is_none_or(|since| self.now + CUT < since) {
                while self.take().is_some() {}
            }
        }
        self.now = self.now.max(at);
    }

    /// Has the engine notice a timer that is due now. Says whether there was one.
    fn wake(&mut self) -> bool {
        let due = self.due().filter(|due| *due <= self.now + CUT);
        if let Some(due) = due {
            self.ring(due);
        }
        due.is_some()
    }

    fn due(&self) -> Option<Instant> {
        let due = self.session.poll_timeout().map(|(due, _)| due);
        due.filter(|_| self.rings > 0)
    }

    fn ring(&mut self, due: Instant) {
        self.rings -= 1;
        self.now = self.now.max(due);
        self.session.handle_timeout(self.now);
    }

    fn frame(&mut self, frame: &RecordedFrame) {
        // It takes something again, or another one does.
        let is_of_socket = match frame.kind {
            FrameKind::Message(_) | FrameKind::Opening | FrameKind::Ping => frame.way == Way::Out,
            FrameKind::Opened | FrameKind::Closed | FrameKind::Broken => true,
            FrameKind::Invalid
            | FrameKind::Sleep
            | FrameKind::Check
            | FrameKind::Late
            | FrameKind::Full => false,
        };
        self.is_full &= !is_of_socket;
        match (frame.way, frame.kind) {
            (_, FrameKind::Opened) => {
                // Of one that replaces another, the end of that may be forgotten.
                self.is_connected = false;
                self.connect();
            }
            (_, FrameKind::Closed) => self.disconnect(SocketEnd::Orderly),
            (_, FrameKind::Broken) => self.disconnect(SocketEnd::Broken),
            (_, FrameKind::Sleep) => self.session.handle_sleep(self.now),
            (_, FrameKind::Check) => self.session.check_path(self.now),
            // What came at that moment was looked at before the timers.
            (_, FrameKind::Late) => self.late_at = Some(frame.us),
            (_, FrameKind::Full) => self.is_full = true,
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
            (Way::Out, FrameKind::Message(MessageType::Acknowledge)) => {
                let named = frame.sequence;
                let ahead = self.ahead.entry(named).or_default();
                *ahead -= 1;
                if *ahead < 0 && self.base.is_some_and(|base| named >= base) {
                    self.expect(Sent::Acknowledgement(named));
                }
            }
            (Way::Out, FrameKind::Ping) => {
                self.pings_ahead -= 1;
                if self.pings_ahead < 0 {
                    self.expect(Sent::Ping);
                }
            }
            // The engine does so by itself.
            (Way::Out, FrameKind::Message(_) | FrameKind::Invalid) | (_, FrameKind::Opening) => {}
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

    /// A message went out: the engine gets something to send, if it is new, and has to send it.
    fn went(&mut self, frame: &RecordedFrame) {
        if let Some(number) = self.numbers.get(&frame.sequence) {
            self.expect(Sent::Message(*number));
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
        self.numbers.insert(frame.sequence, number);
        self.expect(Sent::Message(number));
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

    /// Something went out at this moment: takes what the engine has to send until it is there. If it is
    /// not, a timer that is due may be what it waits for.
    fn expect(&mut self, wanted: Sent) {
        // What it has sent at a timer before is no news.
        if let Sent::Message(number) = wanted {
            let went = self.went_so_far.entry(number).or_default();
            *went += 1;
            if self.goes.get(&number).is_some_and(|goes| goes >= went) {
                return;
            }
        }
        for _ in 0..2 * RECORDED_FRAMES {
            match self.take() {
                Some(sent) if sent == wanted => return,
                Some(_) => {}
                None if self.wake() => {}
                None => break,
            }
        }
        // A time that was cut may be too early for what is counted in less than microseconds.
        self.now += CUT;
        while self.take().is_some_and(|sent| sent != wanted) {}
    }

    /// Takes the next numbered message, acknowledgement or ping that the engine has to send.
    fn take(&mut self) -> Option<Sent> {
        loop {
            let transmit = self.session.poll_transmit(self.now)?;
            self.events();
            match transmit {
                Transmit::Binary(frame) => {
                    if let Some(sent) = self.heard(&frame) {
                        return Some(sent);
                    }
                }
                Transmit::Ping => {
                    self.replayed.played.pings += 1;
                    self.pings_ahead += 1;
                    return Some(Sent::Ping);
                }
                Transmit::Text(_) => {}
            }
        }
    }

    fn heard(&mut self, frame: &Bytes) -> Option<Sent> {
        let header = header_of(frame)?;
        match header.message_type {
            MessageType::Acknowledge => {
                let offset = self.far_end.offset_of(frame, self.is_whole)?;
                let named = self.base.unwrap_or_default() + offset;
                self.replayed.played.acknowledged += 1;
                self.owed.remove(&named);
                *self.ahead.entry(named).or_default() += 1;
                Some(Sent::Acknowledgement(named))
            }
            MessageType::InputStreamData => {
                let number = header.number;
                *self.goes.entry(number).or_default() += 1;
                match self.far_end.hear(header) {
                    true => self.replayed.played.sent += 1,
                    false => self.replayed.played.sent_again += 1,
                }
                Some(Sent::Message(number))
            }
            MessageType::OutputStreamData
            | MessageType::ChannelClosed
            | MessageType::StartPublication
            | MessageType::PausePublication
            | MessageType::AgentSessionState => None,
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

/// Where something that lasts is recorded, and since when it is so.
fn since(recording: &Recording, kind: FrameKind, begun: Instant) -> VecDeque<(usize, Instant)> {
    let frames = recording.frames.iter().enumerate();
    let those = frames.filter(|(_, frame)| frame.kind == kind);
    let when = |frame: &RecordedFrame| {
        let time = Duration::from_micros(u64::try_from(frame.sequence).unwrap_or(0));
        let at = begun + Duration::from_micros(frame.us).min(LONGEST);
        at.checked_sub(time).unwrap_or(begun)
    };
    those.map(|(place, frame)| (place, when(frame))).collect()
}

fn is_handshake_request(frame: &RecordedFrame) -> bool {
    is_of(frame, PayloadType::HandshakeRequest)
}

fn is_encrypted(frame: &RecordedFrame) -> bool {
    is_of(frame, PayloadType::EncChallengeRequest)
}

fn is_of(frame: &RecordedFrame, payload: PayloadType) -> bool {
    frame.way == Way::In
        && frame.kind == FrameKind::Message(MessageType::OutputStreamData)
        && PayloadType::from_wire(frame.payload) == payload
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
