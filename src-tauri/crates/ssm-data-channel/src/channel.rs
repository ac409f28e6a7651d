//! The machine itself: what comes in, what goes out, and when.

mod acknowledging;
mod handshaking;
mod input;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes};
use ssm_message::payload::{Flag, JsonPayload as _};
use ssm_message::{
    Flags, Message, MessageBuilder, MessageType, OpenDataChannel, PAYLOAD_OFFSET, PayloadType,
};
use uuid::Uuid;

use crate::age::Ages;
use crate::cipher::{Cipher, NONCE_LENGTH, OVERHEAD, TAG_LENGTH};
use crate::handshake::Handshake;
use crate::random::Random;
use crate::receive::Receiver;
use crate::recorder::Recorder;
use crate::send::{Content, Sender, Verdict};
use crate::stats::Counters;
use crate::{
    Clock, Config, DataKey, Error, Established, Event, FrameHeader, FrameKind, SocketEnd, Stats,
    TimerReason, Transmit, Way,
};
use acknowledging::Acknowledging;

/// Bytes that an acknowledgement's body takes at most: its JSON with the longest number.
const ACKNOWLEDGEMENT: usize = 195;

/// `SchemaVersion` of every message of ours.
const SCHEMA_VERSION: u32 = 1;

/// The client's end of one session's data channel, over all its sockets.
///
/// See the crate's documentation for the order of calls.
pub struct DataChannel {
    config: Config,
    clock: Clock,
    random: Random,
    client_id: Uuid,
    phase: Phase,
    link: Option<Link>,
    sender: Sender,
    receiver: Receiver,
    acknowledging: Acknowledging,
    ages: Ages,
    /// Of the last message that came in its turn, until it was taken.
    age: Option<Duration>,
    cipher: Option<Cipher>,
    /// When the handshake's present step has taken too long; only while a socket is up.
    handshake_until: Option<Instant>,
    /// The caller has data and only the rate limit holds it back.
    wants_budget: bool,
    /// When a numbered message or an acknowledgement last came or went.
    last_traffic: Option<Instant>,
    events: VecDeque<Event>,
    counters: Counters,
    recorder: Recorder,
}

/// Where the session is. A lost socket changes nothing here.
///
/// ```text
///             HandshakeComplete, or data without one
/// Handshaking ──────────────────────────────────────▶ Established
///     │   │                                            │  │
///     │   │ the answer to the agent is a refusal,      │  │
///     │   │ or messages above a size are refused       │  │
///     │   └───────────────▶ Failed ◀───────────────────┘  │
///     │ timeout,              │                           │ channel_closed,
///     │ channel_closed, Err   ▼                           │ Err
///     └──────────────────▶ Closed ◀───────────────────────┘
/// ```
enum Phase {
    Handshaking(Handshake),
    Established(Established),
    /// Over. What was queued still goes out, to tell the agent why.
    Failed,
    /// Over. Nothing goes out.
    Closed,
}

/// An open WebSocket.
#[derive(Debug, Default)]
struct Link {
    /// The opening message, until it was taken.
    opening: Option<OpenDataChannel>,
    /// The gateway says that the agent's side is not there.
    paused: bool,
}

impl DataChannel {
    /// Makes a channel for a new session. It does nothing until
    /// [`handle_connected`](Self::handle_connected).
    ///
    /// `seed` makes message ids, the client id and the nonces of encryption: it must come from
    /// the operating system and serve this one channel.
    pub fn new(config: Config, clock: Clock, seed: [u8; 32]) -> Self {
        let mut random = Random::new(seed);
        Self {
            client_id: random.uuid(),
            random,
            phase: Phase::Handshaking(Handshake::Request),
            link: None,
            sender: Sender::new(&config),
            receiver: Receiver::new(config.reorder_bytes, config.reorder_memory.clone()),
            acknowledging: Acknowledging::new(),
            ages: Ages::default(),
            age: None,
            cipher: None,
            handshake_until: None,
            wants_budget: false,
            last_traffic: None,
            events: VecDeque::new(),
            counters: Counters::default(),
            recorder: Recorder::new(config.recorded_frames),
            config,
            clock,
        }
    }

    /// Takes note of a new WebSocket. The next transmit opens the channel on it with `token`;
    /// then everything unacknowledged goes again at once, in order, paced.
    pub fn handle_connected(&mut self, now: Instant, token: String) {
        if self.link.is_some() {
            self.handle_disconnected(now, SocketEnd::Orderly);
        }
        match self.phase {
            Phase::Handshaking(_) | Phase::Established(_) => {}
            Phase::Failed | Phase::Closed => return,
        }
        self.recorder.other(now, Way::Out, FrameKind::Opened, 0);
        self.link = Some(Link {
            opening: Some(OpenDataChannel {
                message_schema_version: OpenDataChannel::SCHEMA_VERSION.into(),
                request_id: self.random.uuid(),
                token_value: token,
                client_id: self.client_id,
                client_version: self.config.client_version.clone(),
            }),
            paused: false,
        });
        self.acknowledging.repeat_recent();
        self.sender.connected(now);
        self.restart_handshake_timer(now);
    }

    /// Takes note that the WebSocket is gone. Counters, unacknowledged messages, messages that
    /// came early and the cipher live on.
    ///
    /// The moment and the way matter: what went out just before may be to blame
    /// ([`Event::PayloadLimit`], [`Event::RateLimit`]), unless the socket was closed in order.
    pub fn handle_disconnected(&mut self, now: Instant, end: SocketEnd) {
        if self.link.take().is_none() {
            return;
        }
        let kind = match end {
            SocketEnd::Orderly => FrameKind::Closed,
            SocketEnd::Broken => FrameKind::Broken,
        };
        self.recorder.other(now, Way::In, kind, 0);
        self.handshake_until = None;
        self.wants_budget = false;
        match self.phase {
            Phase::Handshaking(_) | Phase::Established(_) => {}
            Phase::Failed | Phase::Closed => return,
        }
        match end {
            SocketEnd::Orderly => return,
            SocketEnd::Broken => {}
        }
        match self.sender.size.disconnected(now) {
            Some(Verdict::Limit(size)) => self.events.push_back(Event::PayloadLimit(size)),
            Some(Verdict::Refused(size)) => {
                self.events
                    .push_back(Event::Failed(Error::PayloadRefused { size }));
                self.phase = Phase::Failed;
            }
            None => self.blame_rate(now),
        }
    }

    /// Takes a binary WebSocket message.
    ///
    /// A frame that is no valid message is dropped unacknowledged, counted, and reported as
    /// [`Event::BadFrame`].
    ///
    /// # Errors
    /// Whatever ends the session; nothing goes out after it, and no event repeats it.
    pub fn handle_input(&mut self, now: Instant, frame: Bytes) -> Result<(), Error> {
        let handled = self.input(now, frame);
        if handled.is_err() {
            self.close();
        }
        handled
    }

    /// Delivers one message that came early and whose turn it is now.
    ///
    /// Returns whether there was one. They are not delivered by themselves: a large gap that
    /// closes sets free far more at once than a reader may have room for. Until there is none
    /// ([`is_ready`](Self::is_ready)), hand in nothing more.
    ///
    /// # Errors
    /// As [`handle_input`](Self::handle_input).
    pub fn deliver_waiting(&mut self, now: Instant) -> Result<bool, Error> {
        let delivered = self.deliver_next(now);
        if delivered.is_err() {
            self.close();
        }
        delivered
    }

    /// Says whether [`deliver_waiting`](Self::deliver_waiting) has something.
    pub fn is_ready(&self) -> bool {
        match self.phase {
            Phase::Handshaking(_) | Phase::Established(_) => self.receiver.is_ready(),
            Phase::Failed | Phase::Closed => false,
        }
    }

    /// Takes the data key that [`Event::DataKeyNeeded`] asked for, and answers the agent.
    ///
    /// # Errors
    /// [`Error::DataKeyUnexpected`] if none is awaited, which changes nothing;
    /// [`Error::DataKeyLength`] if it is not 64 bytes long: the session is over then, once the
    /// agent was told.
    pub fn handle_data_key(&mut self, now: Instant, key: DataKey) -> Result<(), Error> {
        let taken = self.take_data_key(now, &key);
        // The key is wiped here; the cipher holds what is needed.
        drop(key);
        taken
    }

    /// Takes note that there is no data key. The agent is told, and the session is over: it
    /// must be encrypted.
    pub fn handle_data_key_failed(&mut self, now: Instant, why: String) {
        self.refuse_data_key(now, why);
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.handshake_until.is_some_and(|until| until <= now)
            && let Phase::Handshaking(handshake) = &self.phase
        {
            let step = handshake.step();
            self.events.push_back(Event::HandshakeTimedOut(step));
            self.close();
        }
        if self.may_send() {
            self.sender.handle_timeout(now);
        }
        // Said once: what is sent again goes first, and may have to wait for the socket.
        if self.sender.paced_until().is_none_or(|until| until <= now) {
            self.wants_budget = false;
        }
    }

    /// Returns the next WebSocket message to send, if there is one that may go now.
    ///
    /// Call it until it returns `None`, as long as the socket takes messages.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        let link = self.link.as_mut()?;
        match self.phase {
            Phase::Handshaking(_) | Phase::Established(_) | Phase::Failed => {}
            Phase::Closed => return None,
        }
        if let Some(opening) = link.opening.take() {
            self.recorder.other(now, Way::Out, FrameKind::Opening, 0);
            return Some(Transmit::Text(opening.encode()));
        }
        if let Some(acknowledgement) = self.acknowledging.take(now) {
            self.counters.acknowledgements_sent += 1;
            self.last_traffic = Some(now);
            let header = Message {
                message_type: MessageType::Acknowledge,
                flags: Flags::SYN_FIN,
                ..self.header(now, PayloadType::Other(0))
            };
            let mut message = MessageBuilder::with_capacity(ACKNOWLEDGEMENT);
            acknowledgement.encode_into(message.payload_mut());
            let length = message.payload_len();
            self.recorder
                .acknowledgement(now, acknowledgement.sequence_number, length);
            return Some(Transmit::Binary(message.finish(&header)));
        }
        if !self.may_send() {
            return None;
        }
        let outbound = self.sender.take(now)?;
        self.last_traffic = Some(now);
        self.recorder.data(
            now,
            outbound.number,
            outbound.payload_type,
            outbound.payload,
        );
        Some(Transmit::Binary(outbound.frame))
    }

    /// Returns the next event, in the order in which they happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout) at the latest, and what
    /// for. Ask again after every other call.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerReason)> {
        let handshake = self
            .handshake_until
            .map(|until| (until, TimerReason::Handshake));
        let sending = if self.may_send() {
            self.sender.timeout()
        } else {
            None
        };
        let budget = if self.wants_budget {
            self.sender
                .paced_until()
                .map(|until| (until, TimerReason::Pacing))
        } else {
            None
        };
        [handshake, sending, budget].into_iter().flatten().min()
    }

    /// Returns how many bytes of payload one new message may carry now. `None` while there is
    /// no socket, the handshake is not complete, the channel is paused, the window is full, or
    /// the rate is used up; for the last, [`poll_timeout`](Self::poll_timeout) says when to ask
    /// again, for the others an input or event changes it.
    ///
    /// A message that uses all of it counts as bulk, and bulk makes the budget grow. How many bytes
    /// fit in the window hangs on the path: what it carries, and a queue of about 20 ms.
    pub fn send_budget(&mut self, now: Instant) -> Option<usize> {
        self.wants_budget = false;
        match self.phase {
            Phase::Established(_) => {}
            Phase::Handshaking(_) | Phase::Failed | Phase::Closed => return None,
        }
        let limit = self.sender.payload_limit();
        if !self.may_send() || !self.sender.has_room(limit) {
            return None;
        }
        if !self.sender.may_go_out(now) {
            self.wants_budget = true;
            return None;
        }
        Some(limit.saturating_sub(self.overhead()))
    }

    /// Returns how many bytes of payload may be unacknowledged at once now: what the path is found to
    /// carry, or what the window began with.
    pub fn window_bytes(&self) -> usize {
        self.sender.window_bytes()
    }

    /// Starts a message for [`send`](Self::send), with room for so many bytes of payload: append the
    /// payload to it, at most as much as [`send_budget`](Self::send_budget) said. A message is kept
    /// until it is acknowledged, with all its room, so give about what there is to send.
    pub fn start_message(&self, bytes: usize) -> MessageBuilder {
        let mut message = MessageBuilder::with_capacity(bytes.saturating_add(self.overhead()));
        if self.cipher.is_some() {
            message.payload_mut().put_bytes(0, NONCE_LENGTH);
        }
        message
    }

    /// Numbers a message from [`start_message`](Self::start_message), encrypts it in place and
    /// queues it. It is kept until it is acknowledged, over any number of sockets. A message
    /// without payload is passed over.
    ///
    /// # Errors
    /// None if [`send_budget`](Self::send_budget) answered directly before and its answer was
    /// kept to. Else [`Error::NotEstablished`], [`Error::WindowFull`],
    /// [`Error::PayloadTooLarge`]; [`Error::Encryption`] is never expected. The message is lost
    /// then, and the channel as it was.
    pub fn send(&mut self, now: Instant, mut message: MessageBuilder) -> Result<(), Error> {
        match self.phase {
            Phase::Established(_) => {}
            Phase::Handshaking(_) | Phase::Failed | Phase::Closed => {
                return Err(Error::NotEstablished);
            }
        }
        let sealed = match self.cipher {
            Some(_) => message.payload_len().saturating_add(TAG_LENGTH),
            None => message.payload_len(),
        };
        if sealed <= self.overhead() {
            return Ok(());
        }
        let most = self.sender.size.most();
        if sealed > most {
            return Err(Error::PayloadTooLarge { most, got: sealed });
        }
        if !self.sender.has_room(sealed) {
            return Err(Error::WindowFull {
                messages: self.sender.unacknowledged(),
            });
        }
        if let Some(cipher) = &self.cipher {
            let nonce = self.random.nonce();
            cipher.encrypt_in_place(nonce, message.payload_mut(), PAYLOAD_OFFSET)?;
        }
        self.queue(now, PayloadType::Output, message, Content::Data);
        Ok(())
    }

    /// Queues a flag behind the data sent so far. [`Event::FlagAcknowledged`] says when it
    /// arrived.
    ///
    /// Returns whether it was queued: not before the handshake is complete (the agent would
    /// drop it), not after the end, and not while 64 flags are unacknowledged.
    pub fn send_flag(&mut self, now: Instant, flag: Flag) -> bool {
        let established = match self.phase {
            Phase::Established(_) => true,
            Phase::Handshaking(_) | Phase::Failed | Phase::Closed => false,
        };
        if !established || !self.sender.has_room_for_flag() {
            return false;
        }
        let payload = flag.encode();
        self.queue_payload(now, PayloadType::Flag, &payload, Content::Flag(flag));
        true
    }

    /// Returns what the handshake settled, while the session is established.
    pub fn established(&self) -> Option<&Established> {
        match &self.phase {
            Phase::Established(established) => Some(established),
            Phase::Handshaking(_) | Phase::Failed | Phase::Closed => None,
        }
    }

    /// Returns the smoothed round trip to the agent, if one was measured.
    pub fn rtt(&self) -> Option<Duration> {
        self.sender.rtt()
    }

    /// Returns the counters and the present state of both directions.
    pub fn stats(&self) -> Stats {
        Stats {
            messages_sent: self.sender.messages,
            bytes_sent: self.sender.bytes,
            retransmissions: self.sender.retransmissions,
            acknowledgements_sent: self.counters.acknowledgements_sent,
            acknowledgements_received: self.counters.acknowledgements_received,
            messages_received: self.counters.messages_received,
            bytes_received: self.counters.bytes_received,
            duplicates: self.counters.duplicates,
            refused: self.counters.refused,
            bad_frames: self.counters.bad_frames,
            ignored: self.counters.ignored,
            unacknowledged: self.sender.unacknowledged(),
            unacknowledged_bytes: self.sender.unacknowledged_bytes(),
            oldest_unacknowledged: self.sender.oldest(),
            reordered: self.receiver.waiting(),
            reordered_bytes: self.receiver.waiting_bytes(),
            missing: self.receiver.missing(),
            late: self.receiver.late(),
            reorder_gap_since: self.receiver.gap_since(),
            proven_payload: self.sender.size.proven(),
            message_rate: self.sender.rate(),
        }
    }

    /// Says whether the gateway paused the channel: the agent's side is not there.
    pub fn is_paused(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.paused)
    }

    /// Returns how many messages of ours are unacknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.sender.unacknowledged()
    }

    /// Returns since when something of ours is unacknowledged without any new acknowledgement;
    /// `None` while everything is acknowledged. Sending again is no progress.
    pub fn unanswered_since(&self) -> Option<Instant> {
        self.sender.unanswered_since()
    }

    /// Returns since when messages have been waiting for an earlier one without any that was
    /// missing having come; `None` while none waits.
    pub fn gap_since(&self) -> Option<Instant> {
        self.receiver.gap_since()
    }

    /// Says whether messages that wait behind a gap have outgrown
    /// [`Config::reorder_bytes`]: what came beyond is missing as well, and an agent that goes
    /// on at full speed will never catch up.
    pub fn is_outgrown(&self) -> bool {
        self.receiver.is_outgrown()
    }

    /// Returns how old the last message was that came in its turn, once: how much longer it was
    /// under way than the fastest of the agent's. One that is sent again keeps its age, so this
    /// tells a gap behind which nothing has come.
    pub fn take_age(&mut self) -> Option<Duration> {
        self.age.take()
    }

    /// Returns when a numbered message or an acknowledgement last came or went.
    pub fn last_traffic(&self) -> Option<Instant> {
        self.last_traffic
    }

    /// Says whether nothing is known to be under way: everything of ours is acknowledged, no
    /// message of the agent's is missing, and no acknowledgement waits to go out.
    pub fn is_settled(&self) -> bool {
        self.sender.unacknowledged() == 0
            && self.receiver.waiting() == 0
            && self.acknowledging.is_empty()
    }

    /// Returns the headers of the last frames, oldest first, at most
    /// [`RECORDED_FRAMES`](crate::RECORDED_FRAMES).
    pub fn recorded_frames(&self) -> impl Iterator<Item = FrameHeader> + Clone {
        self.recorder.frames()
    }

    /// Returns how many frames before those are forgotten.
    pub fn forgotten_frames(&self) -> u64 {
        self.recorder.left_out()
    }

    /// Takes note of a sign of life that is no message: it is recorded, and changes nothing.
    pub fn record_ping(&mut self, now: Instant, way: Way) {
        self.recorder.other(now, way, FrameKind::Ping, 0);
    }

    /// Takes note that the machine is about to sleep: it is recorded, and changes nothing.
    pub fn record_sleep(&mut self, now: Instant) {
        self.recorder.other(now, Way::Out, FrameKind::Sleep, 0);
    }

    /// Takes note that somebody asks whether the path lives: it is recorded, and changes nothing.
    pub fn record_check(&mut self, now: Instant) {
        self.recorder.other(now, Way::Out, FrameKind::Check, 0);
    }

    /// Takes note that a timer was noticed so much later than it was due: it is recorded, and changes
    /// nothing.
    pub fn record_late(&mut self, now: Instant, by: Duration) {
        self.recorder.lasting(now, FrameKind::Late, by);
    }

    /// Takes note that nobody has been able to send what there is for so long: it is recorded, and
    /// changes nothing.
    pub fn record_full(&mut self, now: Instant, time: Duration) {
        self.recorder.lasting(now, FrameKind::Full, time);
    }

    /// Returns the clock that was given.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Returns the id that stands for this client in the session.
    pub fn client_id(&self) -> Uuid {
        self.client_id
    }

    /// Says whether numbered messages may go out, but for the rate.
    fn may_send(&self) -> bool {
        let open = match self.phase {
            Phase::Handshaking(_) | Phase::Established(_) | Phase::Failed => true,
            Phase::Closed => false,
        };
        open && self.link.as_ref().is_some_and(|link| !link.paused)
    }

    /// Bytes that encryption adds to a payload.
    fn overhead(&self) -> usize {
        match self.cipher {
            Some(_) => OVERHEAD,
            None => 0,
        }
    }

    fn queue_payload(
        &mut self,
        now: Instant,
        payload_type: PayloadType,
        payload: &[u8],
        content: Content,
    ) {
        let mut message = MessageBuilder::with_capacity(payload.len());
        message.payload_mut().put_slice(payload);
        self.queue(now, payload_type, message, content);
    }

    /// Numbers a message and keeps it until it is acknowledged. Everything numbered goes
    /// through here: there is one counter (docs/protocol.md, section 2).
    fn queue(
        &mut self,
        now: Instant,
        payload_type: PayloadType,
        message: MessageBuilder,
        content: Content,
    ) {
        let header = Message {
            sequence_number: self.sender.next_number(),
            ..self.header(now, payload_type)
        };
        let payload = message.payload_len();
        let frame = message.finish(&header);
        self.sender.push(
            now,
            header.message_id,
            frame,
            payload,
            payload_type,
            content,
        );
    }

    /// A header with a new id, for stream data with the number 0.
    fn header(&mut self, now: Instant, payload_type: PayloadType) -> Message {
        Message {
            message_type: MessageType::InputStreamData,
            schema_version: SCHEMA_VERSION,
            created_date: self.clock.unix_ms(now),
            sequence_number: 0,
            flags: Flags::NONE,
            message_id: self.random.uuid(),
            payload_type,
            payload: Bytes::new(),
        }
    }

    /// Lowers the rate if what happened just now may be its fault.
    fn blame_rate(&mut self, now: Instant) {
        if let Some(rate) = self.sender.pacer().blame(now) {
            self.events.push_back(Event::RateLimit(rate));
        }
    }

    /// Raises a lowered rate that was borne for long enough.
    fn bear_rate(&mut self) {
        if let Some(rate) = self.sender.pacer().bear() {
            self.events.push_back(Event::RateLimit(rate));
        }
    }

    fn restart_handshake_timer(&mut self, now: Instant) {
        self.handshake_until = match self.phase {
            Phase::Handshaking(_) if self.link.is_some() => {
                now.checked_add(self.config.handshake_timeout)
            }
            Phase::Handshaking(_) | Phase::Established(_) | Phase::Failed | Phase::Closed => None,
        };
    }

    /// Ends the session without a further word.
    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.handshake_until = None;
        self.wants_budget = false;
        self.sender.clear();
        self.acknowledging.clear();
    }
}

/// Leaves the payloads, the keys and the token out.
impl fmt::Debug for DataChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataChannel")
            .field("client_id", &self.client_id)
            .field("link", &self.link)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
