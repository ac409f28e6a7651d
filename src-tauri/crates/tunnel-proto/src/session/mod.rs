//! One session: the data channel, what carries connections over it, and the path's liveness.

mod backlog;
mod catching_up;
mod config;
mod connections;
mod event;
mod healing;
mod health;
mod inflow;
mod keepalive;
mod layers;
mod load;
mod problem;
mod quiet;
mod serial;
mod trickle;
mod vitals;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use smux::Mux;
use ssm_data_channel::{Clock, DataChannel, DataKey, SocketEnd, Way};
use ssm_message::payload::Flag;

use self::backlog::Backlog;
use self::catching_up::Gap;
use self::health::{Health, Ill, Signs, Verdict};
use self::keepalive::Keepalive;
use self::load::Meter;
use self::quiet::{Outcome, Quiet};
use self::serial::Serial;
use self::trickle::Trickle;
use crate::recording::USUALLY_LATE;
use crate::{Illness, Problem, RecordedSettings, Recording};

pub use self::config::{HoldOpen, SessionConfig};
pub use self::event::{
    ConnectionId, Facts, Learned, ResetCause, SessionEvent, SessionTimer, Transmit,
};
pub use self::load::Load;
pub use self::vitals::Vitals;

/// One session. Sans-IO: see the crate's documentation for the contract.
pub struct Session {
    channel: DataChannel,
    carrier: Carrier,
    /// Why it can't go on: what was told first. What came before can still be read.
    outcome: Option<Problem>,
    /// That is what was said of the key: no judgement of this machine.
    is_key_refused: bool,
    settings: RecordedSettings,
    /// Since when nobody has taken all that there is to send.
    unsent: Option<Unsent>,
    /// When something last came, or a timer was noticed.
    looked: Option<Instant>,
    mux_config: smux::Config,
    hold_open: Option<HoldOpen>,
    jam_after: Duration,
    agent_patience: Duration,
    keepalive: Keepalive,
    health: Health,
    quiet: Quiet,
    load: Meter,
    backlog: Backlog,
    trickle: Trickle,
    /// When the present WebSocket was opened; `None` while there is none.
    up_since: Option<Instant>,
    last_frame: Option<Instant>,
    /// [`progress`](Self::progress) when the present WebSocket was opened.
    progress_before: u64,
    /// `ConnectToPortError` flags whose stream has not shown itself yet.
    refused: u32,
    /// Multiplexed connections whose destination has not said anything yet.
    silent: HashSet<ConnectionId>,
    events: VecDeque<SessionEvent>,
}

/// There may be something to send, and nobody has asked until there was nothing.
#[derive(Debug, Clone, Copy)]
struct Unsent {
    since: Instant,
    is_recorded: bool,
}

impl Unsent {
    const fn since(since: Instant) -> Self {
        Self {
            since,
            is_recorded: false,
        }
    }
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
            health: Health::new(&config),
            settings: RecordedSettings::of(&config),
            channel: DataChannel::new(config.channel, clock, seed),
            carrier: Carrier::None,
            outcome: None,
            is_key_refused: false,
            unsent: None,
            looked: None,
            mux_config: config.mux,
            hold_open: config.hold_open,
            jam_after: config.jam_after,
            agent_patience: config.agent_patience,
            keepalive: Keepalive::new(config.ping_interval, config.ping_patience),
            quiet: Quiet::NotAwaited,
            load: Meter::new(),
            backlog: Backlog::default(),
            trickle: Trickle::default(),
            up_since: None,
            last_frame: None,
            progress_before: 0,
            refused: 0,
            silent: HashSet::new(),
            events: VecDeque::new(),
        }
    }

    /// A WebSocket is open. A session that is over has no use for one, and says nothing on it.
    pub fn handle_connected(&mut self, now: Instant, token: String) {
        if self.outcome.is_some() {
            return;
        }
        self.up_since = Some(now);
        self.unsent = None;
        self.progress_before = self.progress();
        self.keepalive.handle_connected(now);
        match &self.carrier {
            // The handshake has a patience of its own.
            Carrier::None => {}
            // An upgrade that was accepted is no sign of life: a proxy may swallow all the rest.
            Carrier::Mux(_) | Carrier::Serial(_) => self.keepalive.ask(now),
        }
        self.health.reset();
        match self.load.load() {
            Load::Light => {}
            bulk @ Load::Bulk => self.events.push_back(SessionEvent::Load(bulk)),
        }
        self.channel.handle_connected(now, token);
        self.resume_carrier(now);
        self.collect(now);
    }

    /// Whether the present WebSocket, or the last one, has brought the session forward: a
    /// message or an acknowledgement has come on it.
    pub fn has_progressed(&self) -> bool {
        self.progress() > self.progress_before
    }

    /// The WebSocket is gone. What was sent and not acknowledged is kept for the next one.
    /// Nothing happens when there is none.
    pub fn handle_disconnected(&mut self, now: Instant, end: SocketEnd) {
        let Some(opened) = self.up_since.take() else {
            return;
        };
        // While an answer is awaited, the path may be dead: only what came is sure to have.
        let sure_until = if self.keepalive.is_answer_due() {
            self.last_frame.map_or(opened, |frame| frame.max(opened))
        } else {
            now
        };
        self.keepalive.handle_disconnected();
        self.trickle.reset();
        self.health
            .handle_disconnected(now.saturating_duration_since(opened), sure_until);
        // Once the session is over, the way in which its WebSocket goes says nothing.
        let end = match self.outcome {
            Some(_) => SocketEnd::Orderly,
            None => end,
        };
        self.channel.handle_disconnected(now, end);
        if let Carrier::Mux(mux) = &mut self.carrier {
            // While nothing can come, silence says nothing about an answer.
            mux.pause(now);
        }
        self.collect(now);
    }

    /// A binary frame came in.
    pub fn handle_input(&mut self, now: Instant, frame: Bytes) {
        self.record_late(now);
        self.unsent.get_or_insert(Unsent::since(now));
        self.last_frame = Some(now);
        self.keepalive.handle_frame(now, frame.len());
        if let Err(error) = self.channel.handle_input(now, frame) {
            self.end(problem::channel(&error));
        }
        if let Some(age) = self.channel.take_age() {
            self.trickle.handle_message(now, age);
        }
        self.collect(now);
    }

    /// A frame without payload for us came in: a pong, a ping.
    pub fn handle_life(&mut self, now: Instant) {
        self.record_late(now);
        self.last_frame = Some(now);
        self.channel.record_ping(now, Way::In);
        self.keepalive.handle_life(now);
        self.collect(now);
    }

    /// The machine is about to sleep. Until [`check_path`](Self::check_path), or the next
    /// WebSocket, there are no pings and no NOPs, and silence is held against nobody. Without a
    /// WebSocket it does nothing: whoever opens one in a sleep says so once more.
    pub fn handle_sleep(&mut self, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        self.channel.record_sleep(now);
        self.keepalive.handle_sleep();
        if let Carrier::Mux(mux) = &mut self.carrier {
            mux.pause(now);
        }
        self.collect(now);
    }

    /// The machine woke up, or the network has changed: one ping goes out at once, and a sign
    /// of life must come within 3 s, or [`SessionEvent::PathDead`] follows. Does not move the
    /// deadline of a check that is out. Without a WebSocket it does nothing.
    pub fn check_path(&mut self, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        self.channel.record_check(now);
        self.keepalive.check(now);
        if self.up_since.is_some() {
            self.resume_carrier(now);
        }
        self.collect(now);
    }

    /// Waits for a moment at which nothing is under way and nothing has moved for 250 ms:
    /// [`SessionEvent::Quiet`] says that it is now, [`SessionEvent::NotQuiet`] that it did not
    /// come within `patience` (`None`: for as long as it takes). One of them comes once, unless
    /// the session is over before or the wait is cancelled. The loss of a WebSocket does not end
    /// the wait. Asking again starts it anew.
    pub fn await_quiet(&mut self, now: Instant, patience: Option<Duration>) {
        if self.outcome.is_none() {
            self.quiet.start(now, patience);
            self.collect(now);
        }
    }

    /// Nobody waits for a quiet moment any more.
    pub fn cancel_quiet(&mut self) {
        self.quiet.cancel();
    }

    /// The answer to [`SessionEvent::DataKeyNeeded`].
    pub fn handle_data_key(&mut self, now: Instant, key: Result<DataKey, Problem>) {
        match key {
            Ok(key) => {
                if let Err(error) = self.channel.handle_data_key(now, key) {
                    self.end(problem::channel(&error));
                }
            }
            Err(problem) => {
                self.is_key_refused = self.outcome.is_none();
                self.channel
                    .handle_data_key_failed(now, problem.what.clone());
                self.end(problem);
            }
        }
        self.collect(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.record_delays(now);
        if !self.wants_input() {
            self.keepalive.handle_unread(now);
        }
        let is_path_dead = self.keepalive.handle_timeout(now);
        self.channel.handle_timeout(now);
        match &mut self.carrier {
            Carrier::Mux(_) | Carrier::Serial(_) if self.outcome.is_some() => {}
            Carrier::Mux(mux) => mux.handle_timeout(now),
            Carrier::Serial(serial) => serial.handle_timeout(now),
            Carrier::None => {}
        }
        if let Some(load) = self.load.handle_timeout(now) {
            self.events.push_back(SessionEvent::Load(load));
        }
        self.collect(now);
        if is_path_dead && self.outcome.is_none() {
            let heard = self.last_frame.max(self.up_since);
            let silence = heard.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
            self.events.push_back(SessionEvent::PathDead { silence });
        }
    }

    /// The next frame to send. Ask again until there is none, and whenever the session was
    /// told something.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        let transmit = self.next_transmit(now);
        self.unsent = transmit.as_ref().map(|_| Unsent::since(now));
        transmit
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// Whether [`poll_event`](Self::poll_event) has something: sending, too, makes events.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Why the session can't go on; `None` while it can. Whoever ended it first decides, and
    /// nothing that happens later changes it.
    pub fn outcome(&self) -> Option<&Problem> {
        self.outcome.as_ref()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next, and why. Once the
    /// session is over and has no WebSocket, never.
    pub fn poll_timeout(&self) -> Option<(Instant, SessionTimer)> {
        let channel = self
            .channel
            .poll_timeout()
            .map(|(at, reason)| (at, SessionTimer::Channel(reason)));
        if self.outcome.is_some() {
            return channel;
        }
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
        let health = self.health.poll_timeout();
        let quiet = if self.quiet.is_awaited() {
            self.quiet.poll_timeout(self.still_since())
        } else {
            None
        };
        let quiet = quiet.map(|at| (at, SessionTimer::Quiet));
        let load = self.load.poll_timeout().map(|at| (at, SessionTimer::Load));
        let backlog = self
            .backlog
            .poll_timeout()
            .map(|at| (at, SessionTimer::Backlog));
        let trickle = self
            .trickle
            .poll_timeout()
            .map(|at| (at, SessionTimer::CatchingUp));
        [
            channel, carrier, keepalive, health, quiet, load, backlog, trickle,
        ]
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
    /// is so slow that its buffer is full, nor while readers are still busy with what a closed
    /// gap has set free.
    pub fn wants_input(&self) -> bool {
        if self.channel.is_ready() {
            return false;
        }
        match &self.carrier {
            Carrier::Mux(mux) => !mux.is_receive_blocked(),
            Carrier::Serial(serial) => !serial.is_receive_blocked(),
            Carrier::None => true,
        }
    }

    /// How long the driver should let frames gather after it has read all that were there: `None` to read
    /// the next one as soon as it comes. A download costs a third of the work so.
    pub fn gather(&self) -> Option<Duration> {
        self.load.gather()
    }

    /// Smoothed round-trip time to the agent.
    pub fn round_trip(&self) -> Option<Duration> {
        self.channel.rtt()
    }

    /// The headers of the last 4,096 frames, as they can be handed out: nothing of what they
    /// carried is in them.
    pub fn recording(&self, now: Instant) -> Recording {
        let own = self.outcome.as_ref().filter(|_| !self.is_key_refused);
        let outcome = own.map(|problem| problem.code.as_str());
        let left_out = self.channel.forgotten_frames();
        let frames = self.channel.recorded_frames();
        let settings = self.settings;
        Recording::new(
            self.channel.clock(),
            now,
            frames,
            left_out,
            outcome,
            settings,
        )
    }

    fn next_transmit(&mut self, now: Instant) -> Option<Transmit> {
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
        // What was read meanwhile may have set clocks free.
        self.review(now);
        let ping = self.keepalive.poll_ping();
        if ping {
            self.channel.record_ping(now, Way::Out);
        }
        ping.then_some(Transmit::Ping)
    }

    /// Records that a timer should have been noticed long before: this process stood still. Costs a
    /// comparison where something came of late.
    fn record_late(&mut self, now: Instant) {
        let looked = self.looked.replace(now);
        if looked.is_none_or(|looked| now.saturating_duration_since(looked) <= USUALLY_LATE) {
            return;
        }
        let due = self.poll_timeout().map(|(due, _)| due);
        let late = due.map(|due| now.saturating_duration_since(due));
        if let Some(late) = late.filter(|late| *late > USUALLY_LATE) {
            self.channel.record_late(now, late);
        }
    }

    /// Records that this timer is noticed late, and that the WebSocket takes nothing: without that
    /// nobody could tell from a recording why the engine did something later than it wanted.
    fn record_delays(&mut self, now: Instant) {
        self.record_late(now);
        if self.up_since.is_none() {
            return;
        }
        let unsent = self.unsent.get_or_insert(Unsent::since(now));
        if unsent.since < now && !unsent.is_recorded {
            unsent.is_recorded = true;
            let time = now.saturating_duration_since(unsent.since);
            self.channel.record_full(now, time);
        }
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
            Carrier::Mux(_) | Carrier::Serial(_) if self.outcome.is_some() => 0,
            Carrier::Mux(mux) => mux.pending_bytes(),
            Carrier::Serial(serial) => serial.pending_bytes(),
            Carrier::None => 0,
        }
    }

    /// The session can't go on; said once.
    fn end(&mut self, problem: Problem) {
        if self.outcome.is_some() {
            return;
        }
        self.outcome = Some(problem.clone());
        self.keepalive.handle_disconnected();
        self.quiet.cancel();
        if let Carrier::Serial(serial) = &mut self.carrier {
            serial.handle_over();
        }
        self.events.push_back(SessionEvent::Over(problem));
    }

    /// Lets the carrier's time run, unless the machine sleeps.
    fn resume_carrier(&mut self, now: Instant) {
        if let Carrier::Mux(mux) = &mut self.carrier
            && !self.keepalive.is_asleep()
        {
            mux.resume(now);
        }
    }

    /// Sees what follows from how things stand now. Cheap: every call that takes `now` ends
    /// here.
    fn review(&mut self, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        let gap = self.gap(now);
        if self.channel.is_outgrown() {
            let stats = self.channel.stats();
            let connections = self.connections();
            let problem = problem::outgrown(stats.missing, stats.reordered_bytes, connections);
            return self.end(problem);
        }
        let missing = [self.channel.unanswered_since(), self.channel.gap_since()];
        let signs = Signs {
            watched: self.is_attended(),
            no_pong: self.keepalive.late_until(),
            missing_since: missing.into_iter().flatten().min(),
            gap,
            last_frame: self.last_frame,
        };
        match self.health.review(now, signs) {
            Verdict::GoOn => {}
            Verdict::Ask => self.keepalive.ask(now),
            Verdict::Jammed => {
                return self.end(problem::jammed(self.jam_after, self.connections()));
            }
            Verdict::Hopeless(hopeless) => {
                return self.end(problem::hopeless(hopeless, self.connections()));
            }
            Verdict::AgentGone => return self.end(problem::agent_gone(self.agent_patience)),
        }
        if let Some(worst) = self.health.poll_news() {
            let illness = worst.map(|Ill { reason, until }| Illness {
                problem: reason.problem(),
                until,
            });
            self.events.push_back(SessionEvent::Degraded(illness));
        }
        if self.quiet.is_awaited() {
            match self.quiet.review(now, self.still_since()) {
                Some(Outcome::Quiet) => self.events.push_back(SessionEvent::Quiet),
                Some(Outcome::PatienceOver) => self.events.push_back(SessionEvent::NotQuiet),
                None => {}
            }
        }
    }

    fn gap(&mut self, now: Instant) -> Option<Gap> {
        let since = match self.channel.gap_since() {
            Some(since) => {
                self.trickle.reset();
                since
            }
            None => self.trickle.since(now)?,
        };
        let stats = self.channel.stats();
        Some(Gap {
            held: stats.reordered,
            missing: stats.missing,
            late: stats.late,
            since,
        })
    }

    /// Whether something that is due could come and would be noticed: the WebSocket is up and
    /// read, the session established, the machine awake.
    fn is_attended(&self) -> bool {
        let established = match &self.carrier {
            Carrier::Mux(_) | Carrier::Serial(_) => true,
            Carrier::None => false,
        };
        established && self.up_since.is_some() && !self.keepalive.is_asleep() && self.wants_input()
    }

    /// When something last moved, if nothing is under way now. A new WebSocket counts as
    /// movement: what the agent holds back comes then.
    fn still_since(&self) -> Option<Instant> {
        let still = self.is_attended() && self.channel.is_settled() && self.pending_bytes() == 0;
        let up_since = self.up_since.filter(|_| still);
        up_since.max(self.channel.last_traffic().filter(|_| still))
    }

    fn connections(&self) -> usize {
        match &self.carrier {
            Carrier::Mux(mux) => mux.stream_count(),
            Carrier::Serial(serial) => serial.len(),
            Carrier::None => 0,
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
