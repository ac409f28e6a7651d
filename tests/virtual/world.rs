//! The client's two machines, driven as the shell drives them, over the modelled service.

mod faults;
mod shell;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tunnel_proto::{
    Clock, ClosedBy, ConnectionId, Event, Input, Record, Recording, RequestId, Session,
    SessionConfig, SessionEvent, SessionKey, State, Transmit, Tunnel, TunnelPolicy,
};

use crate::pipe::Item;
use crate::random::Random;
use crate::service::{Conditions, Service};
use crate::traffic::{Plan, Sink, Source};

use faults::{Later, Network};
pub(crate) use faults::{Mood, Way};
use shell::Answer;

/// A local connection.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) plan: Plan,
    source: Source,
    sink: Sink,
    head: Option<Bytes>,
    pub(crate) fate: Fate,
    /// The session that carried it.
    pub(crate) session: Option<SessionKey>,
    /// Which one of the service's that is.
    pub(crate) at_service: Option<usize>,
    pub(crate) ended: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Waiting,
    Live(ConnectionId),
    /// Every byte came, both ways.
    Done,
    /// Its session was replaced, or it waited too long.
    Reset,
}

struct Client {
    at_service: usize,
    engine: Session,
    socket: Option<u64>,
    /// Takes its place at the next quiet moment.
    next_socket: Option<(u64, String)>,
    /// What it carries.
    locals: Vec<usize>,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) start: Instant,
    pub(crate) tunnel: Tunnel,
    pub(crate) service: Service,
    pub(crate) mood: Mood,
    /// No WebSocket is upgraded before that.
    pub(crate) upgrades_refused: Option<Instant>,
    /// Nothing comes of WebSockets that are asked for before that.
    pub(crate) upgrades_hang: Option<Instant>,
    /// Upgrades are accepted by something on the way that swallows all the rest.
    pub(crate) upgrades_swallowed: bool,
    pub(crate) locals: Vec<Local>,
    /// Why sessions were given up.
    pub(crate) replaced: Vec<String>,
    /// When ResumeSession and StartSession were called.
    pub(crate) called_at: Vec<Instant>,
    /// What the tunnel wants to be kept.
    pub(crate) records: Vec<Record>,
    /// Pings that were sent.
    pub(crate) pings: u64,
    /// What the tunnel said that it did, and when.
    pub(crate) states: Vec<(Instant, State)>,
    /// What was wrong with sessions that lived, and when.
    pub(crate) degraded: Vec<(Instant, Option<String>)>,
    /// Sessions that could not be ended: the ledger's business.
    pub(crate) leftovers: Vec<String>,
    /// How the tunnel's sessions are run.
    pub(crate) session: SessionConfig,
    /// By how much the shell may notice a session's timer late; not at all by default.
    pub(crate) wakes_late: Duration,
    /// What was recorded of sessions that are over.
    pub(crate) recordings: Vec<Recording>,
    /// When the last fault that ends by itself does.
    pub(crate) calm_at: Instant,
    network: Network,
    /// Nothing gets through before that.
    hole_until: Option<Instant>,
    /// How many targets it has; 0 if none was set.
    targets: usize,
    /// Sessions that the tunnel has heard of.
    session_ids: BTreeSet<String>,
    later: Vec<(Instant, Later)>,
    clients: BTreeMap<SessionKey, Client>,
    answers: Vec<(Instant, Answer)>,
    clock: Clock,
    random: Random,
    seed: u64,
    /// What was done to it.
    log: Vec<(Instant, String)>,
}

impl World {
    pub(crate) fn new(seed: u64, conditions: Conditions) -> Self {
        Self::with(seed, conditions, TunnelPolicy::default())
    }

    pub(crate) fn with(seed: u64, conditions: Conditions, policy: TunnelPolicy) -> Self {
        Self::at(1_800_000_000_000, seed, conditions, policy)
    }

    /// Makes a world whose wall clock shows that Unix time, in milliseconds.
    pub(crate) fn at(
        unix_ms: u64,
        seed: u64,
        conditions: Conditions,
        policy: TunnelPolicy,
    ) -> Self {
        let mut random = Random::new(seed);
        let start = Instant::now();
        let clock = Clock {
            origin: start,
            unix_ms_at_origin: unix_ms,
        };
        Self {
            now: start,
            start,
            tunnel: Tunnel::new(policy, start, clock, random.seed()),
            service: Service::new(conditions, Random::new(random.next())),
            mood: Mood::Fine,
            upgrades_refused: None,
            upgrades_hang: None,
            upgrades_swallowed: false,
            hole_until: None,
            targets: 0,
            session_ids: BTreeSet::new(),
            locals: Vec::new(),
            replaced: Vec::new(),
            called_at: Vec::new(),
            records: Vec::new(),
            pings: 0,
            states: Vec::new(),
            degraded: Vec::new(),
            leftovers: Vec::new(),
            session: SessionConfig::default(),
            wakes_late: Duration::ZERO,
            recordings: Vec::new(),
            calm_at: start,
            network: Network::Up,
            later: Vec::new(),
            clients: BTreeMap::new(),
            answers: Vec::new(),
            clock,
            random,
            seed,
            log: Vec::new(),
        }
    }

    /// Gives the tunnel that many targets; before anything runs.
    pub(crate) fn set_targets(&mut self, targets: usize) {
        let names: Vec<_> = (0..targets).map(|number| format!("i-{number}")).collect();
        if let Ok(spec) = names.join(", ").parse() {
            self.tunnel.set_targets(&spec);
            self.targets = targets;
        }
    }

    /// A local program connects.
    pub(crate) fn connect(&mut self, plan: Plan) -> usize {
        let number = self.locals.len();
        self.locals.push(Local {
            plan,
            source: Source::up(plan, self.now),
            sink: Sink::down(plan),
            head: Some(plan.head()),
            fate: Fate::Waiting,
            session: None,
            at_service: None,
            ended: None,
        });
        self.input(Input::Accepted(RequestId(number as u64)));
        self.settle();
        number
    }

    /// The tunnel is told something.
    pub(crate) fn tell(&mut self, input: Input) {
        self.note(&input);
        self.input(input);
        self.settle();
    }

    /// Runs until then, whether anything happens or not.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        self.run_until(until, |_| false);
        self.now = until;
    }

    /// Runs until every connection has met its fate.
    ///
    /// # Panics
    /// It takes longer than `most`.
    pub(crate) fn run_out(&mut self, most: Duration) {
        self.run_to(most, |world| world.live() == 0);
    }

    /// Runs until something is so, and returns how long that took.
    ///
    /// # Panics
    /// It takes longer than `most`.
    #[track_caller]
    pub(crate) fn run_to(&mut self, most: Duration, done: impl Fn(&Self) -> bool) -> Duration {
        let from = self.now;
        self.run_until(from + most, &done);
        assert!(
            done(self),
            "after {most:?}: {:?}, {:?}",
            self.tunnel.state(),
            self.locals
        );
        self.now - from
    }

    /// What the time is, in Unix milliseconds.
    pub(crate) fn unix_ms(&self) -> u64 {
        self.clock.unix_ms(self.now)
    }

    /// Says whether any session has a WebSocket.
    pub(crate) fn has_socket(&self) -> bool {
        self.clients.values().any(|client| client.socket.is_some())
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.tunnel.state(), State::Up { .. })
    }

    /// Whether every connection has met its fate, but those whose far end has fallen silent for
    /// good: nobody can tell it from a destination that has nothing to say.
    pub(crate) fn is_over(&self) -> bool {
        let silent = |local: &Local| {
            let session = local.at_service.map(|at| &self.service.sessions[at]);
            session.is_some_and(|session| session.is_silent())
        };
        self.locals.iter().all(|local| match local.fate {
            Fate::Done | Fate::Reset => true,
            Fate::Live(_) => silent(local),
            Fate::Waiting => false,
        })
    }

    pub(crate) fn live(&self) -> usize {
        let open = |local: &&Local| matches!(local.fate, Fate::Waiting | Fate::Live(..));
        self.locals.iter().filter(open).count()
    }

    pub(crate) fn count(&self, fate: Fate) -> usize {
        let met = |local: &&Local| local.fate == fate;
        self.locals.iter().filter(met).count()
    }

    /// ResumeSession and StartSession, so many times.
    pub(crate) fn calls(&self) -> u32 {
        self.called_at.len() as u32
    }

    /// Bytes that destinations have got within a time.
    pub(crate) fn delivered(&self, from: Instant, time: Duration) -> usize {
        let sessions = self.service.sessions.iter();
        sessions
            .flat_map(|session| &session.agent.delivered)
            .filter(|(at, _)| (from..from + time).contains(at))
            .map(|(_, bytes)| *bytes)
            .sum()
    }

    /// Nothing is left in the driver: no session, no answer that is awaited, no timer.
    pub(crate) fn assert_nothing_left(&self) {
        assert!(self.clients.is_empty(), "sessions are left");
        assert!(self.answers.is_empty(), "{:?}", self.answers);
        assert_eq!(self.tunnel.poll_timeout(), None);
        for (number, session) in self.service.sessions.iter().enumerate() {
            let id = format!("session-{number:03}");
            assert!(
                session.terminated || self.leftovers.contains(&id),
                "{id} is left at the service"
            );
        }
    }

    /// Keeps what was done, for the report of a failure.
    pub(crate) fn note(&mut self, what: impl fmt::Debug) {
        self.log.push((self.now, format!("{what:?}")));
    }

    fn input(&mut self, input: Input) {
        self.tunnel.handle_input(self.now, input);
    }

    /// Drives everything that is due, in the order of its time.
    fn run_until(&mut self, until: Instant, done: impl Fn(&Self) -> bool) {
        self.settle();
        let mut stuck = 0;
        while !done(self) {
            let Some(next) = self.next_due() else { return };
            if next > until {
                return;
            }
            stuck = if next <= self.now { stuck + 1 } else { 0 };
            assert!(
                stuck < 10_000,
                "time stands still at {:?}: {:?}",
                self.now - self.start,
                self.timers()
            );
            self.now = self.now.max(next);
            self.take_later();
            self.service.handle_timeout(self.now);
            self.take_answers();
            self.receive();
            let (start, late, now) = (self.start, self.wakes_late, self.now);
            for client in self.clients.values_mut() {
                let due = client.engine.poll_timeout();
                if due.is_some_and(|(at, _)| noticed(start, late, at) <= now) {
                    client.engine.handle_timeout(now);
                }
            }
            let due = self.tunnel.poll_timeout();
            if due.is_some_and(|(at, _)| at <= self.now) {
                self.tunnel.handle_timeout(self.now);
            }
            self.settle();
        }
    }

    /// What the engines and the tunnel wait for next, for the report of a failure.
    fn timers(&self) -> Vec<String> {
        let engines = self.clients.iter();
        let engines = engines.map(|(key, client)| {
            let timer = client.engine.poll_timeout();
            let timer = timer.map(|(at, why)| (at.saturating_duration_since(self.start), why));
            let socket = client.socket.and_then(|id| self.service.sockets.get(&id));
            let queued = socket.map(|socket| (socket.up.len(), socket.down.len()));
            format!("{key:?}: {timer:?}, on the way {queued:?}")
        });
        let tunnel = self.tunnel.poll_timeout();
        let tunnel = tunnel.map(|(at, why)| (at.saturating_duration_since(self.start), why));
        let tunnel = format!("{tunnel:?}, {:?}", self.tunnel.state());
        engines.chain([tunnel]).collect()
    }

    fn next_due(&self) -> Option<Instant> {
        let mut next = self.service.poll_timeout(self.now);
        let mut note = |at: Option<Instant>| {
            next = match (next, at) {
                (Some(next), Some(at)) => Some(next.min(at)),
                (next, at) => next.or(at),
            };
        };
        for client in self.clients.values() {
            let due = client.engine.poll_timeout().map(|(at, _)| at);
            note(due.map(|at| noticed(self.start, self.wakes_late, at)));
            // What has come for a client that has not taken the WebSocket over yet, or does not
            // want to read, waits.
            if client.engine.wants_input()
                && let Some(socket) = client.socket
                && let Some(socket) = self.service.sockets.get(&socket)
            {
                note(socket.down.due());
            }
            for local in &client.locals {
                note(self.locals[*local].source.due(self.now));
            }
        }
        note(self.answers.iter().map(|(at, _)| *at).min());
        note(self.later.iter().map(|(at, _)| *at).min());
        note(self.tunnel.poll_timeout().map(|(at, _)| at));
        next
    }

    /// Does everything that follows from what has happened, without time passing.
    fn settle(&mut self) {
        loop {
            let mut progress = false;
            while let Some(action) = self.tunnel.poll_action() {
                self.perform(action);
                progress = true;
            }
            while let Some(event) = self.tunnel.poll_event() {
                match event {
                    Event::StateChanged(state) => self.states.push((self.now, state)),
                    Event::Replaced { problem, .. } => self.replaced.push(problem.code),
                    Event::Record(record) => self.records.push(*record),
                    Event::Lost { .. } | Event::Rested(_) | Event::Stopped | Event::Failed(_) => {}
                }
            }
            let keys: Vec<_> = self.clients.keys().copied().collect();
            for key in keys {
                progress |= self.deliver(key);
                progress |= self.pump(key);
                progress |= self.transmit(key);
            }
            self.service.forward(self.now);
            if !progress {
                return;
            }
        }
    }

    /// Takes what a session has to say.
    fn deliver(&mut self, key: SessionKey) -> bool {
        let mut progress = false;
        while let Some(event) = self
            .clients
            .get_mut(&key)
            .and_then(|client| client.engine.poll_event())
        {
            progress = true;
            match event {
                SessionEvent::Established(_) => self.input(Input::Established(key)),
                SessionEvent::PathDead { .. } => {
                    self.lose(key, None, "no answer", ClosedBy::Deadline);
                }
                SessionEvent::Degraded(illness) => {
                    let code = illness.as_ref().map(|illness| illness.problem.code.clone());
                    if self.degraded.last().map(|(_, told)| told) != Some(&code) {
                        self.degraded.push((self.now, code));
                    }
                    self.input(Input::Degraded(key, illness));
                }
                SessionEvent::EndConfirmed => self.input(Input::FlagDone(key)),
                SessionEvent::Over(problem) => {
                    let vitals = self.clients[&key].engine.vitals(self.now);
                    self.input(Input::Over(key, problem, vitals));
                }
                SessionEvent::Load(load) => self.input(Input::Load(key, load)),
                SessionEvent::Quiet => self.handle_quiet(key),
                SessionEvent::NotQuiet => self.handle_not_quiet(key),
                SessionEvent::Closed(_) => self.input(Input::Finished(key)),
                SessionEvent::Reset(id, cause) => panic!("{id} was reset: {cause:?}"),
                SessionEvent::ConnectFailed(id) => panic!("{id} was refused"),
                SessionEvent::DataKeyNeeded { .. }
                | SessionEvent::Readable(_)
                | SessionEvent::Writable(_)
                | SessionEvent::Finished(_)
                | SessionEvent::Notice(_)
                | SessionEvent::Learned(_) => {}
            }
        }
        progress
    }

    /// Moves bytes between the local connections and their session.
    fn pump(&mut self, key: SessionKey) -> bool {
        let Some(client) = self.clients.get_mut(&key) else {
            return false;
        };
        let (now, mut progress) = (self.now, false);
        client.locals.retain(|number| {
            let local = &mut self.locals[*number];
            let Fate::Live(id) = local.fate else {
                return false;
            };
            if let Some(head) = local.head.take() {
                client.engine.write(now, id, head);
                progress = true;
            }
            while let Some(data) = local.source.take(now, client.engine.send_capacity(id)) {
                client.engine.write(now, id, data);
                progress = true;
            }
            while let Some(data) = client.engine.read(now, id) {
                local.sink.accept(&data);
                progress = true;
            }
            if client.engine.is_finished(id) {
                assert!(local.sink.is_done(), "{:?} ended early", local.plan);
                let said = local.source.is_done();
                assert!(said, "{:?} ended before all was sent", local.plan);
                client.engine.close(now, id);
                local.fate = Fate::Done;
                local.ended = Some(now);
                progress = true;
            }
            local.fate != Fate::Done
        });
        progress
    }

    fn transmit(&mut self, key: SessionKey) -> bool {
        let mut progress = false;
        let room = self.service.conditions.uplink.unwrap_or(usize::MAX);
        while let Some(client) = self.clients.get_mut(&key)
            && let Some(id) = client.socket
            && self
                .service
                .sockets
                .get(&id)
                .is_none_or(|socket| socket.up.len() < room)
            && let Some(transmit) = client.engine.poll_transmit(self.now)
        {
            progress = true;
            let item = match transmit {
                Transmit::Text(_) => Item::Text,
                Transmit::Binary(frame) => Item::Binary(frame),
                Transmit::Ping => {
                    self.pings += 1;
                    Item::Ping
                }
            };
            let latency = self.service.latency();
            if let Some(socket) = self.service.sockets.get_mut(&id) {
                socket.up.push(self.now, latency, item);
            }
        }
        progress
    }
}

/// When the shell notices a timer that is due then: some time later, but each timer always as much.
fn noticed(start: Instant, late: Duration, due: Instant) -> Instant {
    let nanos = due.saturating_duration_since(start).as_nanos() as u64;
    due + Random::new(nanos).duration(late)
}

/// A failure says what can be run again.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}, {:?}", self.seed, self.service.conditions);
            for (at, what) in &self.log {
                eprintln!("{:>12.3?} {what}", *at - self.start);
            }
            eprintln!("{:>12.3?} failed", self.now - self.start);
        }
    }
}
