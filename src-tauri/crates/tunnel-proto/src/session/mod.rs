//! One session: the data channel, what carries connections over it, and the path's liveness.

mod config;
mod connections;
mod event;
mod keepalive;
mod layers;
mod serial;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use smux::Mux;
use ssm_data_channel::{Clock, DataChannel, DataKey, Error as ChannelError, SocketEnd};
use ssm_message::payload::Flag;

use self::keepalive::Keepalive;
use self::serial::Serial;
use crate::{Problem, ProblemKind};

pub use self::config::SessionConfig;
pub use self::event::{
    ConnectionId, Facts, Learned, ResetCause, SessionEvent, SessionTimer, Transmit,
};

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
