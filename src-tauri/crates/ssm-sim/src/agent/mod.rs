//! The agent's part of one session: a task that reads what the gateway passes, and carries
//! bytes to and from destinations (docs/protocol.md, sections 3 to 7).

mod basic;
mod channel;
mod cipher;
mod dial;
mod handshake;
mod mux;
mod version;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ssm_message::payload::{Acknowledgement, Flag, JsonPayload as _};
use ssm_message::{Message, MessageType, PayloadType};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use self::basic::Basic;
use self::channel::{Arrival, Channel};
use self::cipher::Cipher;
use self::dial::Destination;
use self::handshake::{Handshake, Opening};
use self::mux::{Bucket, Mux};
use crate::faults::Direction;
use crate::random::Random;
use crate::service::Service;
use crate::session::{Passing, Session, TerminatedBy};
use crate::settings::AgentMode;

/// What reaches an agent from the gateway.
#[derive(Debug)]
pub(crate) enum Input {
    /// A client has opened the channel.
    ClientOpened,
    Message(Message),
    StartPublication,
    PausePublication,
    /// A fault: bytes to be sent as if they were session data.
    Inject(Bytes),
}

/// What a session's connections tell.
#[derive(Debug)]
enum Event {
    Connected,
    /// A stream's destination could not be dialled.
    DialFailed(u32),
    StreamEnded(u32),
    BasicFailed(String),
    BasicEnded(u32),
}

/// The way from a session's connections to its agent.
#[derive(Debug, Clone)]
struct Wires {
    output: mpsc::Sender<Bytes>,
    events: mpsc::UnboundedSender<Event>,
}

impl Wires {
    /// Hands over bytes for the client; waits while the agent has enough of them.
    async fn output(&self, bytes: Bytes) {
        // The agent has ended, and this connection will.
        let _ = self.output.send(bytes).await;
    }

    fn event(&self, event: Event) {
        // The same.
        let _ = self.events.send(event);
    }
}

enum Mode {
    Mux(Mux),
    Basic(Basic),
}

/// What became of a message in its turn.
#[derive(Debug, PartialEq, Eq)]
enum Processed {
    Done,
    /// Not acknowledged; the client sends it again.
    NotReady,
}

/// Blocks of output that may wait between connections and the agent: about what the socket
/// between the real agent's two halves holds.
const OUTPUT_BLOCKS: usize = 6;

/// What a sleep of Go takes on top of the time asked for.
const SLEEP_OVERHEAD: Duration = Duration::from_micros(60);

/// How often timeouts are looked at.
const HOUSEKEEPING: Duration = Duration::from_millis(100);

/// Messages that may wait in the gateway for a client that reads slowly.
const MOST_BACKLOG: usize = 256;

/// How long the agent waits for acknowledgements of what it sent before it ends a session.
const LAST_ACKNOWLEDGEMENTS: Duration = Duration::from_secs(2);

/// Runs an agent's part of a session until that is over.
pub(crate) async fn run(
    service: Arc<Service>,
    session: Arc<Session>,
    inbox: mpsc::UnboundedReceiver<Input>,
) {
    let (over, forgotten) = (session.over.clone(), session.forgotten.clone());
    let agent = Agent::new(service, session);
    tokio::select! {
        () = over.cancelled() => {}
        () = forgotten.cancelled() => {}
        () = Box::pin(agent.run(inbox)) => {}
    }
}

/// Waits without the timer's granularity of a millisecond if the moment is there already.
async fn wait_until(moment: Instant) {
    if moment > Instant::now() {
        sleep_until(moment).await;
    }
}

struct Agent {
    service: Arc<Service>,
    session: Arc<Session>,
    random: Random,
    channel: Channel,
    handshake: Handshake,
    cipher: Option<Cipher>,
    mode: Option<Mode>,
    /// When the agent gets ready after the handshake, and the client's version.
    starts: Option<(Instant, String)>,
    bucket: Arc<Bucket>,
    wires: Wires,
    output: mpsc::Receiver<Bytes>,
    events: mpsc::UnboundedReceiver<Event>,
    /// Bytes that are not yet in a message.
    unsent: BytesMut,
    /// When the sleep after the last message is over.
    awake: Instant,
    keepalive: Option<Keepalive>,
    /// The destination of a standard stream is gone: the session ends when all is
    /// acknowledged, or then.
    ending: Option<Instant>,
}

/// smux keepalive of agents that have it on.
struct Keepalive {
    last_ping: Instant,
    last_input: Instant,
}

impl Agent {
    fn new(service: Arc<Service>, session: Arc<Session>) -> Self {
        let mut random = Random::new(service.with_random(Random::next));
        let (output_sender, output) = mpsc::channel(OUTPUT_BLOCKS);
        let (event_sender, events) = mpsc::unbounded_channel();
        let now = Instant::now();
        Self {
            channel: Channel::new(&session.agent.version, Random::new(random.next())),
            bucket: Bucket::new(session.agent.receive_bucket),
            service,
            session,
            random,
            handshake: Handshake::Waiting,
            cipher: None,
            mode: None,
            starts: None,
            wires: Wires {
                output: output_sender,
                events: event_sender,
            },
            output,
            events,
            unsent: BytesMut::new(),
            awake: now,
            keepalive: None,
            ending: None,
        }
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Input>) {
        let start = Instant::now();
        let resend = self
            .session
            .agent
            .resend_period
            .max(Duration::from_millis(1));
        let mut resend = interval_at(start + resend, resend);
        resend.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut housekeeping = interval_at(start + HOUSEKEEPING, HOUSEKEEPING);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let payload_size = self.session.agent.payload_size.max(1);
        loop {
            self.collect_output(payload_size);
            // A full bucket blocks the agent's reader: nothing is acknowledged any more.
            let reads = self.bucket.has_room();
            let active = !self.channel.paused;
            let sends = active && !self.unsent.is_empty();
            tokio::select! {
                input = inbox.recv(), if reads => match input {
                    Some(input) => self.input(input),
                    None => return,
                },
                event = self.events.recv() => if let Some(event) = event { self.event(event) },
                () = self.bucket.room(), if !reads => self.process_early(),
                output = self.output.recv(), if active && self.unsent.len() < payload_size => {
                    if let Some(output) = output {
                        self.unsent.extend_from_slice(&output);
                    }
                }
                () = wait_until(self.awake), if sends => self.send_chunk(payload_size),
                _ = resend.tick() => {
                    if let Some(passing) = self.channel.resend(Instant::now()) {
                        self.to_gateway(passing);
                    }
                }
                _ = housekeeping.tick() => self.look_at_timeouts(),
            }
            self.end_if_drained();
            self.session
                .progress
                .unacknowledged
                .store(self.channel.unacknowledged() as u64, Ordering::Relaxed);
        }
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::ClientOpened => self.begin(),
            Input::Message(message) => {
                self.session.agent_took(&message);
                self.message(&message);
            }
            Input::StartPublication => self.channel.paused = false,
            Input::PausePublication => self.channel.paused = true,
            // The boundary between two frames: what waits here is whole frames.
            Input::Inject(bytes) => self.unsent.extend_from_slice(&bytes),
        }
    }

    /// Starts the handshake with the first client. The real agent is told of the session over
    /// another way, which takes about as long as a client takes to come.
    fn begin(&mut self) {
        if !matches!(self.handshake, Handshake::Waiting) {
            return;
        }
        let now = Instant::now();
        self.handshake = Handshake::Requested {
            began: now,
            step: now,
        };
        match handshake::opening(&self.service.settings, &self.session) {
            Opening::Request(request) => self.send(PayloadType::HandshakeRequest, request),
            Opening::End(words) => self.session.end(&self.service, TerminatedBy::Agent, words),
            Opening::Silence => {}
        }
    }

    fn message(&mut self, message: &Message) {
        match message.message_type {
            MessageType::InputStreamData => self.data(message),
            MessageType::Acknowledge => {
                self.channel.paused = false;
                match Acknowledgement::decode(&message.payload) {
                    Ok(body) => self
                        .channel
                        .acknowledged(Instant::now(), body.sequence_number),
                    Err(error) => tracing::warn!(%error, "the client acknowledged nothing"),
                }
            }
            MessageType::OutputStreamData
            | MessageType::ChannelClosed
            | MessageType::StartPublication
            | MessageType::PausePublication
            | MessageType::AgentSessionState => {
                tracing::warn!(kind = %message.message_type, "no message for an agent");
            }
        }
    }

    fn data(&mut self, message: &Message) {
        self.channel.paused = false;
        match self.channel.arrived(message) {
            Arrival::Next => {
                if self.process(message) == Processed::NotReady {
                    return;
                }
                let acknowledgement = self.channel.acknowledge(message);
                self.to_gateway(acknowledgement);
                self.channel.processed();
                self.after_acknowledgement(message);
                self.process_early();
            }
            Arrival::Early | Arrival::Duplicate => {
                let acknowledgement = self.channel.acknowledge(message);
                self.to_gateway(acknowledgement);
            }
            Arrival::NoRoom => {}
        }
    }

    /// Goes on with messages that came early, as far as they follow one another.
    fn process_early(&mut self) {
        while self.bucket.has_room()
            && let Some(message) = self.channel.next_early()
        {
            if self.process(&message) == Processed::NotReady {
                self.channel.put_back(message);
                return;
            }
            self.channel.processed();
            self.after_acknowledgement(&message);
        }
    }

    fn process(&mut self, message: &Message) -> Processed {
        match message.payload_type {
            PayloadType::HandshakeResponse => self.handshake_response(&message.payload),
            PayloadType::EncChallengeResponse => self.challenge_response(&message.payload),
            PayloadType::Output => return self.session_data(&message.payload),
            PayloadType::Flag => self.flag(&message.payload),
            PayloadType::Error
            | PayloadType::Size
            | PayloadType::Parameter
            | PayloadType::HandshakeRequest
            | PayloadType::HandshakeComplete
            | PayloadType::EncChallengeRequest
            | PayloadType::StdErr
            | PayloadType::ExitCode
            | PayloadType::Other(_) => {}
        }
        Processed::Done
    }

    fn session_data(&mut self, payload: &Bytes) -> Processed {
        // Before the handshake is complete it is acknowledged and thrown away.
        if !self.handshake.is_complete() {
            return Processed::Done;
        }
        let plain = match &self.cipher {
            None => payload.clone(),
            Some(cipher) => match cipher.decrypt(payload) {
                Some(plain) => plain.into(),
                None => {
                    tracing::warn!("a message that can't be decrypted");
                    return Processed::NotReady;
                }
            },
        };
        let now = Instant::now();
        let length = plain.len() as u64;
        let result = match &mut self.mode {
            None => return Processed::NotReady,
            Some(Mode::Basic(basic)) => {
                if !basic.input(plain) {
                    return Processed::NotReady;
                }
                Ok(())
            }
            Some(Mode::Mux(mux)) => mux.input(&plain).map_err(|_| mux.has_streams()),
        };
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.last_input = now;
        }
        self.session
            .progress
            .bytes_to_agent
            .fetch_add(length, Ordering::Relaxed);
        if let Err(streams_end) = result {
            tracing::warn!(session = %self.session.id, "the client's bytes are not smux");
            // The real agent notices when a stream of it ends; without streams it goes
            // silent.
            if streams_end {
                self.fail("the mux session is broken");
            }
        }
        Processed::Done
    }

    fn flag(&mut self, payload: &[u8]) {
        if !self.handshake.is_complete() {
            return;
        }
        match Flag::decode(payload) {
            Ok(Flag::DisconnectToPort) => {
                if let Some(Mode::Basic(basic)) = &mut self.mode {
                    basic.disconnect();
                }
            }
            // TerminateSession comes into effect once it is acknowledged.
            Ok(Flag::TerminateSession | Flag::ConnectToPortError) => {}
            Err(error) => tracing::warn!(%error, "bad flag"),
        }
    }

    fn after_acknowledgement(&mut self, message: &Message) {
        let ends = message.payload_type == PayloadType::Flag
            && self.handshake.is_complete()
            && matches!(Flag::decode(&message.payload), Ok(Flag::TerminateSession))
            && version::is_above(&self.session.agent.version, "2.3.722.0");
        if ends {
            self.session.end(&self.service, TerminatedBy::Flag, "");
        }
    }

    fn handshake_response(&mut self, payload: &[u8]) {
        let Handshake::Requested { began, .. } = self.handshake else {
            return;
        };
        let (client_version, cipher) =
            match handshake::response(&self.service, &self.session, payload) {
                Ok(response) => response,
                Err(text) => return self.fail(&text),
            };
        let Some(cipher) = cipher else {
            return self.complete(began, &client_version);
        };
        let Some((challenge, question)) = handshake::challenge(&mut self.random, &cipher) else {
            return self.fail("the challenge can't be encrypted");
        };
        self.cipher = Some(cipher);
        self.handshake = Handshake::Challenged {
            began,
            step: Instant::now(),
            challenge,
            client_version,
        };
        self.send(PayloadType::EncChallengeRequest, question);
    }

    fn challenge_response(&mut self, payload: &[u8]) {
        let Handshake::Challenged {
            began,
            challenge,
            client_version,
            ..
        } = &self.handshake
        else {
            return;
        };
        let met = self
            .cipher
            .as_ref()
            .is_some_and(|cipher| handshake::is_met(cipher, challenge, payload));
        if !met {
            return self.fail("Encryption challenge does not match!");
        }
        let (began, client_version) = (*began, client_version.clone());
        self.session.progress.encrypted.store(1, Ordering::Relaxed);
        self.complete(began, &client_version);
    }

    /// Ends the handshake.
    fn complete(&mut self, began: Instant, client_version: &str) {
        let body = handshake::complete(&self.service.settings, began);
        self.send(PayloadType::HandshakeComplete, body);
        self.handshake = Handshake::Complete;
        self.session
            .progress
            .handshake_complete
            .store(1, Ordering::Relaxed);
        let delay = self.session.agent.start_delay;
        if delay.is_zero() {
            self.start(client_version);
        } else {
            self.starts = Some((Instant::now() + delay, client_version.to_owned()));
        }
        self.service.note_change();
    }

    /// Gets ready for session data.
    fn start(&mut self, client_version: &str) {
        let properties = handshake::properties(&self.session);
        let port = properties.port_number.as_deref().unwrap_or_default();
        let settings = &self.service.settings;
        let destination = match Destination::find(settings, properties.host.as_deref(), port) {
            Ok(destination) => destination,
            Err(text) => return self.fail(&text),
        };
        let forwards = properties.kind.is_some();
        let agent = &self.session.agent;
        let muxes = match agent.mode {
            AgentMode::ByVersion => version::is_above(&agent.version, "3.0.196.0"),
            AgentMode::Mux => true,
            AgentMode::Basic => false,
        };
        let wires = self.wires.clone();
        let bucket = Arc::clone(&self.bucket);
        if forwards && muxes && version::is_at_least(client_version, "1.1.70") {
            let keepalive_is_off = version::is_above(&agent.version, "3.1.1511.0")
                && version::is_above(client_version, "1.2.331.0");
            let now = Instant::now();
            self.keepalive = (!keepalive_is_off).then_some(Keepalive {
                last_ping: now,
                last_input: now,
            });
            let mux = Mux::new(&self.service, wires, destination, bucket);
            self.mode = Some(Mode::Mux(mux));
        } else {
            let basic = Basic::new(&self.service, wires, destination, bucket);
            self.mode = Some(Mode::Basic(basic));
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected => {
                self.session
                    .progress
                    .connections
                    .fetch_add(1, Ordering::Relaxed);
                if let Some(Mode::Basic(basic)) = &mut self.mode {
                    basic.dialled();
                    self.process_early();
                }
                self.service.note_change();
            }
            Event::DialFailed(stream) => {
                self.count_refused();
                // The flag overtakes the FIN, which waits its turn behind other data.
                self.send(PayloadType::Flag, Flag::ConnectToPortError.encode());
                self.unsent.extend_from_slice(&mux::fin(stream));
                self.stream_ended(stream);
            }
            Event::StreamEnded(stream) => self.stream_ended(stream),
            Event::BasicFailed(text) => {
                self.count_refused();
                self.fail(&text);
            }
            Event::BasicEnded(generation) => {
                let Some(Mode::Basic(basic)) = &mut self.mode else {
                    return;
                };
                // A forwarded port is dialled anew with the next data; a standard stream
                // lives as long as its one connection.
                let is_stream = handshake::properties(&self.session).kind.is_none();
                if basic.ended(generation) && is_stream {
                    self.ending = Some(Instant::now() + LAST_ACKNOWLEDGEMENTS);
                }
            }
        }
    }

    fn stream_ended(&mut self, stream: u32) {
        if let Some(Mode::Mux(mux)) = &mut self.mode {
            mux.ended(stream);
        }
    }

    fn count_refused(&self) {
        self.session
            .progress
            .refused_connections
            .fetch_add(1, Ordering::Relaxed);
        self.service.note_change();
    }

    /// Takes over output that is ready, as one read of a socket takes what is there.
    fn collect_output(&mut self, payload_size: usize) {
        while !self.channel.paused && self.unsent.len() < payload_size {
            match self.output.try_recv() {
                Ok(output) => self.unsent.extend_from_slice(&output),
                Err(_) => return,
            }
        }
    }

    fn send_chunk(&mut self, payload_size: usize) {
        let now = Instant::now();
        if self.session.client_backlog() > MOST_BACKLOG {
            self.awake = now + Duration::from_millis(1);
            return;
        }
        let length = self.unsent.len().min(payload_size);
        let chunk = self.unsent.split_to(length).freeze();
        self.session
            .progress
            .bytes_to_client
            .fetch_add(length as u64, Ordering::Relaxed);
        let chunk = match &self.cipher {
            None => chunk,
            Some(cipher) => match cipher.encrypt(&mut self.random, &chunk) {
                Some(sealed) => sealed.into(),
                None => return self.fail("a message can't be encrypted"),
            },
        };
        self.send(PayloadType::Output, chunk);
        let pace = self.session.agent.pace;
        if pace.is_zero() {
            self.awake = now;
        } else {
            // Timers here are coarser than the real agent's sleep; a few messages at once
            // make up for that.
            let pace = pace + SLEEP_OVERHEAD;
            let least = now.checked_sub(5 * pace).unwrap_or(now);
            self.awake = self.awake.max(least) + pace;
        }
    }

    fn send(&mut self, payload_type: PayloadType, payload: Bytes) {
        if let Some(passing) = self.channel.send(Instant::now(), payload_type, payload) {
            self.to_gateway(passing);
        }
    }

    fn to_gateway(&self, passing: Passing) {
        self.session
            .pass(&self.service, Direction::ToClient, passing);
    }

    fn look_at_timeouts(&mut self) {
        let now = Instant::now();
        if let Some((began, text)) = self.handshake.step()
            && now.duration_since(began) >= self.session.agent.handshake_timeout
        {
            return self.fail(text);
        }
        if let Some((_, version)) = self.starts.take_if(|(at, _)| *at <= now) {
            self.start(&version);
            self.process_early();
        }
        let Some(keepalive) = &mut self.keepalive else {
            return;
        };
        if now.duration_since(keepalive.last_ping) >= self.session.agent.smux_ping {
            keepalive.last_ping = now;
            self.unsent.extend_from_slice(&mux::nop());
        }
        if now.duration_since(keepalive.last_input) >= self.session.agent.smux_timeout {
            self.fail("smux keepalive timeout");
        }
    }

    /// Ends a standard stream whose destination is gone, once all it said is acknowledged.
    fn end_if_drained(&mut self) {
        let Some(deadline) = self.ending else {
            return;
        };
        let drained = self.unsent.is_empty() && self.output.is_empty();
        if (drained && self.channel.unacknowledged() == 0) || Instant::now() >= deadline {
            self.ending = None;
            self.session.end(&self.service, TerminatedBy::Agent, "");
        }
    }

    fn fail(&self, text: &str) {
        self.session.end(&self.service, TerminatedBy::Agent, text);
    }
}
