//! One session: the data channel, what carries connections over it, and the path's liveness.

mod keepalive;
mod load;
mod serial;
mod vitals;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bytes::Bytes;
use smux::{Mux, ResetReason, StreamId, WriteError};
use ssm_data_channel::{
    Clock, DataChannel, DataKey, Error as ChannelError, Event as ChannelEvent, SessionKind,
    SocketEnd, TimerReason as ChannelTimer, Transmit as ChannelTransmit,
};
use ssm_message::payload::Flag;

use self::keepalive::Keepalive;
pub use self::load::Load;
use self::serial::{Kind, Serial, SerialEvent};
pub use self::vitals::Vitals;
use crate::{Problem, ProblemKind};

/// How often an agent of up to 3.1.1511.0 must hear something, or it ends the session after
/// 30 s (docs/protocol.md, section 4).
const OLD_AGENT_KEEPALIVE: Duration = Duration::from_secs(10);

/// Names one connection of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub(crate) u32);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a session is run.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The data channel's part.
    pub channel: ssm_data_channel::Config,
    /// The multiplexer's part.
    pub mux: smux::Config,
    /// After how long without inbound frames a WebSocket ping is sent; 20 s by default, which
    /// is inside the 30 s of the strictest idle timers on the way.
    pub ping_interval: Duration,
    /// How long a ping may go without any answer; 10 s by default.
    pub ping_patience: Duration,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            channel: ssm_data_channel::Config::default(),
            mux: smux::Config::default(),
            ping_interval: Duration::from_secs(20),
            ping_patience: Duration::from_secs(10),
        }
    }
}

/// What is to be sent on the session's WebSocket.
#[derive(Clone, PartialEq, Eq)]
pub enum Transmit {
    /// A text frame. It holds the token: never to be logged.
    Text(String),
    /// A binary frame.
    Binary(Bytes),
    /// A ping.
    Ping,
}

/// Leaves the text out: it holds the token.
impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text"),
            Self::Binary(frame) => f.debug_tuple("Binary").field(&frame.len()).finish(),
            Self::Ping => f.write_str("Ping"),
        }
    }
}

/// What a session has to say.
#[derive(Debug)]
pub enum SessionEvent {
    /// The handshake is done: connections may be opened.
    Established(Facts),
    /// Answer with [`Session::handle_data_key`].
    DataKeyNeeded {
        /// The key under which a data key is to be generated.
        key_id: String,
    },
    /// [`Session::read`] has something.
    Readable(ConnectionId),
    /// [`Session::send_capacity`] has grown.
    Writable(ConnectionId),
    /// The destination has closed; what it said before can still be read.
    Finished(ConnectionId),
    /// The destination could not be reached.
    ConnectFailed(ConnectionId),
    /// The connection was given up on our side.
    Reset(ConnectionId, ResetCause),
    /// Nothing is left of the connection.
    Closed(ConnectionId),
    /// The agent has acknowledged that the session ends.
    EndConfirmed,
    /// No sign of life within the deadline: the WebSocket is to be dropped.
    PathDead {
        /// How long nothing came.
        silence: Duration,
    },
    /// Something is wrong with the session, or no more.
    Degraded(Option<Problem>),
    /// The session can't go on.
    Over(Problem),
    /// Something the user should know.
    Notice(Problem),
    /// Something about the way to this target that its next sessions should start with.
    Learned(Learned),
}

/// What a session has found out about the way to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// Messages with more payload than this kill the channel; bytes.
    PayloadLimit(usize),
    /// More messages than this do; a second.
    MessageRate(NonZeroU32),
}

impl Learned {
    /// Makes the settings of the next sessions heed it. What is learned later counts.
    pub fn apply(self, config: &mut SessionConfig) {
        match self {
            Self::PayloadLimit(bytes) => config.channel.max_payload = bytes,
            Self::MessageRate(rate) => config.channel.message_rate = rate,
        }
    }
}

/// Why a connection was given up on our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetCause {
    /// Its reader was too slow, and others share the session with it.
    SlowReader,
}

/// What the handshake told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The agent's version, as it wrote it.
    pub agent_version: String,
    /// The session carries one connection at a time.
    pub serial: bool,
    /// A text of the account's owner for the user; not empty.
    pub customer_message: Option<String>,
    /// The agent understands the flag that ends a session.
    pub terminate_flag: bool,
}

/// Why [`Session::handle_timeout`] wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionTimer {
    /// The data channel: retransmission, pacing, handshake.
    Channel(ChannelTimer),
    /// The multiplexer: half-closed streams, keepalive.
    Mux(smux::TimerReason),
    /// A half-closed or leaving connection of a session without multiplexer.
    Serial,
    /// The ping, or its deadline.
    Keepalive,
}

/// One session. Sans-IO: see the crate's documentation for the contract.
pub struct Session {
    channel: DataChannel,
    carrier: Carrier,
    /// It can't go on. What came before can still be read.
    over: bool,
    mux_config: smux::Config,
    keepalive: Keepalive,
    heard: Option<Instant>,
    /// [`progress`](Self::progress) when the present WebSocket was opened.
    progress_before: u64,
    /// `ConnectToPortError` flags whose stream has not shown itself yet.
    refused: u32,
    /// Multiplexed connections whose destination has not said anything yet.
    silent: HashSet<ConnectionId>,
    events: VecDeque<SessionEvent>,
}

/// What carries connections.
enum Carrier {
    /// The handshake is not done.
    None,
    Mux(Box<Mux>),
    Serial(Serial),
}

impl Session {
    /// Makes a session that has no WebSocket yet. The seed must be random and secret: message
    /// ids, the client id and encryption nonces are drawn from it.
    pub fn new(config: SessionConfig, clock: Clock, seed: [u8; 32]) -> Self {
        Self {
            channel: DataChannel::new(config.channel, clock, seed),
            carrier: Carrier::None,
            over: false,
            mux_config: config.mux,
            keepalive: Keepalive::new(config.ping_interval, config.ping_patience),
            heard: None,
            progress_before: 0,
            refused: 0,
            silent: HashSet::new(),
            events: VecDeque::new(),
        }
    }

    /// A WebSocket is open.
    pub fn handle_connected(&mut self, now: Instant, token: String) {
        self.heard = Some(now);
        self.progress_before = self.progress();
        self.keepalive.handle_connected(now);
        self.channel.handle_connected(now, token);
        if let Carrier::Mux(mux) = &mut self.carrier {
            mux.resume(now);
        }
        self.collect(now);
    }

    /// Whether the present WebSocket, or the last one, has brought the session forward: a
    /// message or an acknowledgement has come on it.
    pub fn has_progressed(&self) -> bool {
        self.progress() > self.progress_before
    }

    /// The WebSocket is gone. What was sent and not acknowledged is kept for the next one.
    pub fn handle_disconnected(&mut self, now: Instant, end: SocketEnd) {
        self.keepalive.handle_disconnected();
        self.channel.handle_disconnected(now, end);
        if let Carrier::Mux(mux) = &mut self.carrier {
            // While nothing can come, silence says nothing about an answer.
            mux.pause(now);
        }
        self.collect(now);
    }

    /// A binary frame came in.
    pub fn handle_input(&mut self, now: Instant, frame: Bytes) {
        self.handle_life(now);
        if let Err(error) = self.channel.handle_input(now, frame) {
            self.end(channel_problem(&error));
        }
        self.collect(now);
    }

    /// Any frame without payload for us came in: a ping, a pong.
    pub fn handle_life(&mut self, now: Instant) {
        self.heard = Some(now);
        self.keepalive.handle_life(now);
    }

    /// The answer to [`SessionEvent::DataKeyNeeded`].
    pub fn handle_data_key(&mut self, now: Instant, key: Result<DataKey, Problem>) {
        match key {
            Ok(key) => {
                if let Err(error) = self.channel.handle_data_key(now, key) {
                    self.end(channel_problem(&error));
                }
            }
            Err(problem) => {
                self.channel
                    .handle_data_key_failed(now, problem.what.clone());
                self.end(problem);
            }
        }
        self.collect(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.wants_input() {
            // Nothing is read, so silence says nothing.
            self.keepalive.handle_life(now);
        }
        if self.keepalive.handle_timeout(now) {
            let silence = self
                .heard
                .map_or(Duration::ZERO, |heard| now.saturating_duration_since(heard));
            self.events.push_back(SessionEvent::PathDead { silence });
        }
        self.channel.handle_timeout(now);
        match &mut self.carrier {
            Carrier::Mux(mux) => mux.handle_timeout(now),
            Carrier::Serial(serial) => serial.handle_timeout(now),
            Carrier::None => {}
        }
        self.collect(now);
    }

    /// The next frame to send. Ask again until there is none, and whenever the session was
    /// told something.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if let Some(transmit) = self.channel.poll_transmit(now) {
            return Some(transmit.into());
        }
        if self.pending_bytes() > 0
            && let Some(budget) = self.channel.send_budget(now)
        {
            self.fill_message(now, budget);
            if let Some(transmit) = self.channel.poll_transmit(now) {
                return Some(transmit.into());
            }
        }
        self.keepalive.poll_ping().then_some(Transmit::Ping)
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// Whether [`poll_event`](Self::poll_event) has something: sending, too, makes events.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, SessionTimer)> {
        let channel = self
            .channel
            .poll_timeout()
            .map(|(at, reason)| (at, SessionTimer::Channel(reason)));
        let carrier = match &self.carrier {
            Carrier::Mux(mux) => mux
                .poll_timeout()
                .map(|(at, reason)| (at, SessionTimer::Mux(reason))),
            Carrier::Serial(serial) => serial.poll_timeout().map(|at| (at, SessionTimer::Serial)),
            Carrier::None => None,
        };
        let keepalive = self
            .keepalive
            .poll_timeout()
            .map(|at| (at, SessionTimer::Keepalive));
        [channel, carrier, keepalive]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    /// Opens a connection.
    ///
    /// Returns `None` when the session can't take one: it is not established, over, or has
    /// its most streams.
    pub fn open(&mut self, now: Instant) -> Option<ConnectionId> {
        if self.over {
            return None;
        }
        let id = match &mut self.carrier {
            Carrier::Mux(mux) => {
                let id = mux.open(now).ok().map(connection);
                self.silent.extend(id);
                id
            }
            Carrier::Serial(serial) => serial.has_room().then(|| serial.open(now)),
            Carrier::None => None,
        };
        self.collect(now);
        id
    }

    /// How many bytes [`write`](Self::write) takes for this connection now.
    pub fn send_capacity(&self, id: ConnectionId) -> usize {
        match &self.carrier {
            Carrier::Mux(mux) => mux.send_capacity(stream(id)),
            Carrier::Serial(serial) => serial.send_capacity(id),
            Carrier::None => 0,
        }
    }

    /// How many bytes of this connection have been taken and not yet been sent.
    pub fn unsent(&self, id: ConnectionId) -> usize {
        match &self.carrier {
            Carrier::Mux(mux) => self
                .mux_config
                .stream_send_limit
                .saturating_sub(mux.send_capacity(stream(id))),
            Carrier::Serial(serial) => serial.unsent(id),
            Carrier::None => 0,
        }
    }

    /// Takes bytes of a local connection. What comes after the destination has closed is
    /// dropped: nobody takes it there, and what the destination said can still be read. More
    /// than [`send_capacity`](Self::send_capacity) is an error of the driver and ends the
    /// connection.
    pub fn write(&mut self, now: Instant, id: ConnectionId, data: Bytes) {
        match &mut self.carrier {
            Carrier::Mux(mux) => {
                if let Err(error) = mux.write(now, stream(id), data)
                    && !matches!(error, WriteError::PeerClosed(_))
                {
                    mux.close(now, stream(id));
                }
            }
            Carrier::Serial(serial) => serial.write(id, data),
            Carrier::None => {}
        }
        self.collect(now);
    }

    /// The next bytes of the destination for this connection. What came before the session's
    /// end can be read after it.
    pub fn read(&mut self, id: ConnectionId) -> Option<Bytes> {
        match &mut self.carrier {
            Carrier::Mux(mux) => mux.read(stream(id)),
            Carrier::Serial(serial) => serial.read(id),
            Carrier::None => None,
        }
    }

    /// The destination has closed, and everything that it said was read. `false` for a
    /// connection that the session's end has cut: its local side must not see an orderly end.
    pub fn is_finished(&self, id: ConnectionId) -> bool {
        match &self.carrier {
            Carrier::Mux(mux) => mux.is_finished(stream(id)),
            Carrier::Serial(serial) => serial.is_finished(id),
            Carrier::None => false,
        }
    }

    /// The local side has nothing more to say, but may still listen.
    pub fn close_write(&mut self, now: Instant, id: ConnectionId) {
        match &mut self.carrier {
            Carrier::Mux(mux) => mux.close_write(now, stream(id)),
            Carrier::Serial(serial) => serial.close_write(now, id),
            Carrier::None => {}
        }
        self.collect(now);
    }

    /// The local side is wholly gone.
    pub fn close(&mut self, now: Instant, id: ConnectionId) {
        match &mut self.carrier {
            Carrier::Mux(mux) => mux.close(now, stream(id)),
            Carrier::Serial(serial) => serial.close(now, id),
            Carrier::None => {}
        }
        self.collect(now);
    }

    /// Asks the agent to end the session; [`SessionEvent::EndConfirmed`] says that it heard.
    ///
    /// Returns whether it can be asked: an old agent can't, nor one whose handshake is not done.
    pub fn send_end(&mut self, now: Instant) -> bool {
        self.channel
            .established()
            .is_some_and(|facts| facts.features.terminate_flag)
            && self.channel.send_flag(now, Flag::TerminateSession)
    }

    /// Whether the driver should read the WebSocket: not while the only connection's reader
    /// is so slow that its buffer is full.
    pub fn wants_input(&self) -> bool {
        match &self.carrier {
            Carrier::Mux(mux) => !mux.is_receive_blocked(),
            Carrier::Serial(serial) => !serial.is_receive_blocked(),
            Carrier::None => true,
        }
    }

    /// Smoothed round-trip time to the agent.
    pub fn round_trip(&self) -> Option<Duration> {
        self.channel.rtt()
    }

    /// Messages and acknowledgements that have come so far.
    fn progress(&self) -> u64 {
        let stats = self.channel.stats();
        stats
            .messages_received
            .saturating_add(stats.acknowledgements_received)
    }

    fn pending_bytes(&self) -> usize {
        match &self.carrier {
            Carrier::Mux(_) | Carrier::Serial(_) if self.over => 0,
            Carrier::Mux(mux) => mux.pending_bytes(),
            Carrier::Serial(serial) => serial.pending_bytes(),
            Carrier::None => 0,
        }
    }

    /// Makes one data message out of what waits.
    fn fill_message(&mut self, now: Instant, budget: usize) {
        let mut message = self.channel.start_message();
        match &mut self.carrier {
            Carrier::Mux(mux) => {
                mux.poll_transmit(now, message.payload_mut(), budget);
            }
            Carrier::Serial(serial) => serial.poll_transmit(now, message.payload_mut(), budget),
            Carrier::None => return,
        }
        if let Err(error) = self.channel.send(now, message) {
            self.end(channel_problem(&error));
        }
        self.collect(now);
    }

    /// Moves what the layers have to say upwards.
    fn collect(&mut self, now: Instant) {
        while let Some(event) = self.channel.poll_event() {
            self.handle_channel_event(now, event);
        }
        loop {
            match &mut self.carrier {
                Carrier::Mux(mux) => {
                    let Some(event) = mux.poll_event() else {
                        return;
                    };
                    self.handle_mux_event(event);
                }
                Carrier::Serial(serial) => {
                    let Some(event) = serial.poll_event() else {
                        return;
                    };
                    self.handle_serial_event(now, event);
                }
                Carrier::None => return,
            }
        }
    }

    fn handle_channel_event(&mut self, now: Instant, event: ChannelEvent) {
        match event {
            ChannelEvent::Established => self.establish(),
            ChannelEvent::Data(data) => self.handle_data(now, data),
            ChannelEvent::DataKeyNeeded { key_id } => {
                self.events
                    .push_back(SessionEvent::DataKeyNeeded { key_id });
            }
            ChannelEvent::Paused => {
                let problem = Problem::new(
                    ProblemKind::Target,
                    "agent-away",
                    "The service says that the target's agent is not connected.",
                    "Nothing to do if it comes back; otherwise check that the target runs.",
                );
                self.events.push_back(SessionEvent::Degraded(Some(problem)));
            }
            ChannelEvent::Started => self.events.push_back(SessionEvent::Degraded(None)),
            ChannelEvent::ConnectToPortError => self.refused = self.refused.saturating_add(1),
            ChannelEvent::ChannelClosed { output } => {
                let problem = Problem::new(
                    ProblemKind::Service,
                    "session-ended",
                    "The service has ended the session.",
                    "A new session is started for new connections.",
                );
                self.end(problem.with_details(output));
            }
            ChannelEvent::FlagAcknowledged(Flag::TerminateSession) => {
                self.events.push_back(SessionEvent::EndConfirmed);
            }
            ChannelEvent::FlagAcknowledged(Flag::DisconnectToPort) => {
                if let Carrier::Serial(serial) = &mut self.carrier {
                    serial.handle_disconnected(now);
                }
            }
            ChannelEvent::HandshakeTimedOut(_) => {
                let problem = Problem::new(
                    ProblemKind::Target,
                    "handshake-timeout",
                    "The target's agent did not answer in time.",
                    "Check that the target runs and that its agent is up to date.",
                );
                self.end(problem);
            }
            ChannelEvent::Failed(error) => self.end(channel_problem(&error)),
            ChannelEvent::PayloadLimit(bytes) => {
                self.events
                    .push_back(SessionEvent::Learned(Learned::PayloadLimit(bytes)));
            }
            ChannelEvent::RateLimit(rate) => {
                self.events
                    .push_back(SessionEvent::Learned(Learned::MessageRate(rate)));
            }
            // Standard error and the exit code belong to session kinds that carry no port; a
            // bad frame was dropped and counted.
            ChannelEvent::StdErr(_)
            | ChannelEvent::ExitCode(_)
            | ChannelEvent::BadFrame(_)
            | ChannelEvent::FlagAcknowledged(Flag::ConnectToPortError) => {}
        }
    }

    fn establish(&mut self) {
        let Some(established) = self.channel.established().filter(|_| !self.over) else {
            return;
        };
        let facts = Facts {
            agent_version: established.agent_version.to_string(),
            serial: !matches!(established.kind, SessionKind::Port { mux: true, .. }),
            customer_message: Some(established.customer_message.clone())
                .filter(|message| !message.is_empty()),
            terminate_flag: established.features.terminate_flag,
        };
        self.carrier = match &established.kind {
            SessionKind::Port { mux: true, .. } => {
                let mut config = self.mux_config.clone();
                if established.features.smux_keepalive_needed {
                    config.keepalive = Some(OLD_AGENT_KEEPALIVE);
                }
                Carrier::Mux(Box::new(Mux::new(smux::Role::Client, config)))
            }
            SessionKind::Port { mux: false, .. } => {
                let problem = Problem::new(
                    ProblemKind::Target,
                    "one-connection-at-a-time",
                    format!(
                        "The target's agent ({}) carries one connection at a time; others wait \
                         their turn.",
                        facts.agent_version
                    ),
                    "Update the agent to a version after 3.0.196.0.",
                );
                self.events.push_back(SessionEvent::Notice(problem));
                Carrier::Serial(Serial::new(Kind::Basic))
            }
            SessionKind::StandardStream => Carrier::Serial(Serial::new(Kind::Stream)),
            SessionKind::Other(kind) => {
                let problem = Problem::new(
                    ProblemKind::Settings,
                    "unsupported-session",
                    format!("The session is of the type {kind:?}, which carries no port."),
                    "Use a document for port forwarding.",
                );
                return self.end(problem);
            }
        };
        self.events.push_back(SessionEvent::Established(facts));
    }

    fn handle_data(&mut self, now: Instant, data: Bytes) {
        if self.over {
            return;
        }
        match &mut self.carrier {
            Carrier::Mux(mux) => {
                if let Err(error) = mux.handle_input(now, data) {
                    let problem = Problem::new(
                        ProblemKind::Protocol,
                        "mux-framing",
                        "The agent sent bytes that are not smux frames.",
                        "A new session is started; if it happens again, update the agent.",
                    );
                    self.end(problem.with_details(error.to_string()));
                }
            }
            Carrier::Serial(serial) => serial.handle_input(now, data),
            Carrier::None => {}
        }
    }

    fn handle_mux_event(&mut self, event: smux::Event) {
        let event = match event {
            smux::Event::Readable(stream) => {
                self.silent.remove(&connection(stream));
                SessionEvent::Readable(connection(stream))
            }
            smux::Event::Writable(stream) => SessionEvent::Writable(connection(stream)),
            smux::Event::Finished(stream) => {
                // The flag that came before names no stream: it is the one that ends without
                // having said anything (docs/protocol.md, section 3).
                let silent = self.silent.remove(&connection(stream));
                if self.refused > 0 && silent {
                    self.refused -= 1;
                    SessionEvent::ConnectFailed(connection(stream))
                } else {
                    SessionEvent::Finished(connection(stream))
                }
            }
            smux::Event::Reset { id, reason } => {
                let cause = match reason {
                    ResetReason::ReceiveLimit | ResetReason::TotalReceiveLimit => {
                        ResetCause::SlowReader
                    }
                };
                SessionEvent::Reset(connection(id), cause)
            }
            smux::Event::Closed(stream) => {
                // One that was closed on our side meanwhile: the flag was perhaps for it, and
                // must not be taken for another's later.
                if self.silent.remove(&connection(stream)) {
                    self.refused = self.refused.saturating_sub(1);
                }
                SessionEvent::Closed(connection(stream))
            }
            // Agents open no streams; the client role refuses them.
            smux::Event::Opened(_) => return,
        };
        self.events.push_back(event);
    }

    fn handle_serial_event(&mut self, now: Instant, event: SerialEvent) {
        let event = match event {
            SerialEvent::Readable(id) => SessionEvent::Readable(id),
            SerialEvent::Writable(id) => SessionEvent::Writable(id),
            SerialEvent::Finished(id) => SessionEvent::Finished(id),
            SerialEvent::Closed(id) => SessionEvent::Closed(id),
            SerialEvent::Disconnect => {
                self.channel.send_flag(now, Flag::DisconnectToPort);
                return;
            }
        };
        self.events.push_back(event);
    }

    /// The session can't go on; said once.
    fn end(&mut self, problem: Problem) {
        if self.over {
            return;
        }
        self.over = true;
        if let Carrier::Serial(serial) = &mut self.carrier {
            serial.handle_over();
        }
        self.events.push_back(SessionEvent::Over(problem));
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl From<ChannelTransmit> for Transmit {
    fn from(transmit: ChannelTransmit) -> Self {
        match transmit {
            ChannelTransmit::Text(text) => Self::Text(text),
            ChannelTransmit::Binary(frame) => Self::Binary(frame),
        }
    }
}

fn stream(id: ConnectionId) -> StreamId {
    StreamId::new(id.0)
}

fn connection(stream: StreamId) -> ConnectionId {
    ConnectionId(stream.get())
}

fn channel_problem(error: &ChannelError) -> Problem {
    Problem::new(
        ProblemKind::Protocol,
        error.code(),
        format!("The session can't go on: {error}."),
        "A new session is started; if it happens again, make a diagnostic bundle.",
    )
}

#[cfg(test)]
mod tests;
