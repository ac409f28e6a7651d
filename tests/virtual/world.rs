//! The client's two machines, driven as the shell drives them, over the modelled service.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tunnel_proto::{
    Action, Clock, Close, ConnectionId, Event, Failure, Grant, Input, Next, Problem, ProblemKind,
    RequestId, Session, SessionConfig, SessionEvent, SessionKey, SocketEnd, Transmit, Tunnel,
    TunnelPolicy,
};

use crate::pipe::Item;
use crate::random::Random;
use crate::service::{Conditions, Service};
use crate::traffic::{Plan, Sink, Source};

/// How long an API call or a dial takes.
const CALL: Duration = Duration::from_millis(60);

/// What the service says to API calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Fine,
    /// ResumeSession fails with a service error so many more times.
    FailResumes(u32),
    /// Upgrades are refused so many more times.
    RefuseUpgrades(u32),
    /// Credentials have expired until the user signs in.
    SignedOut,
}

/// A local connection.
#[derive(Debug)]
pub(crate) struct Local {
    plan: Plan,
    source: Source,
    sink: Sink,
    head: Option<Bytes>,
    pub(crate) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Waiting,
    Live(SessionKey, ConnectionId),
    /// Every byte came, both ways.
    Done,
    /// Its session was replaced, or it waited too long.
    Reset,
}

struct Client {
    engine: Session,
    socket: Option<u64>,
}

/// An answer that is on its way to the client.
#[derive(Debug)]
enum Answer {
    Granted(SessionKey, Result<Grant, Failure>),
    Dialled(SessionKey, String, Result<u64, Failure>),
    Terminated(SessionKey),
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) start: Instant,
    pub(crate) tunnel: Tunnel,
    pub(crate) service: Service,
    pub(crate) mood: Mood,
    pub(crate) locals: Vec<Local>,
    /// Why sessions were given up.
    pub(crate) replaced: Vec<String>,
    pub(crate) calls: u32,
    clients: BTreeMap<SessionKey, Client>,
    answers: Vec<(Instant, Answer)>,
    clock: Clock,
    random: Random,
}

impl World {
    pub(crate) fn new(seed: u64, conditions: Conditions) -> Self {
        Self::with(seed, conditions, TunnelPolicy::default())
    }

    pub(crate) fn with(seed: u64, conditions: Conditions, policy: TunnelPolicy) -> Self {
        let mut random = Random::new(seed);
        let start = Instant::now();
        let clock = Clock {
            origin: start,
            unix_ms_at_origin: 1_800_000_000_000,
        };
        Self {
            now: start,
            start,
            tunnel: Tunnel::new(policy, start, clock, random.seed()),
            service: Service::new(conditions, Random::new(random.next())),
            mood: Mood::Fine,
            locals: Vec::new(),
            replaced: Vec::new(),
            calls: 0,
            clients: BTreeMap::new(),
            answers: Vec::new(),
            clock,
            random,
        }
    }

    /// A local program connects.
    pub(crate) fn connect(&mut self, plan: Plan) {
        let request = RequestId(self.locals.len() as u64);
        self.locals.push(Local {
            plan,
            source: Source::up(plan),
            sink: Sink::down(plan),
            head: Some(plan.head()),
            fate: Fate::Waiting,
        });
        self.tunnel.handle_input(self.now, Input::Accepted(request));
        self.settle();
    }

    /// Runs until then, or until nothing is left to happen.
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
        let until = self.now + most;
        self.run_until(until, |world| world.live() == 0);
        assert_eq!(
            self.live(),
            0,
            "after {most:?}: {:?}, {:?}",
            self.tunnel.state(),
            self.locals
        );
    }

    pub(crate) fn live(&self) -> usize {
        let open = |local: &&Local| matches!(local.fate, Fate::Waiting | Fate::Live(..));
        self.locals.iter().filter(open).count()
    }

    pub(crate) fn count(&self, fate: Fate) -> usize {
        self.locals
            .iter()
            .filter(|local| local.fate == fate)
            .count()
    }

    /// Breaks every WebSocket: what is on its way is lost, and both ends know at once.
    pub(crate) fn reset(&mut self) {
        let keys: Vec<_> = self.clients.keys().copied().collect();
        for key in keys {
            self.lose(key, None, "reset");
        }
        self.settle();
    }

    /// Nothing gets through any WebSocket for so long.
    pub(crate) fn black_hole(&mut self, time: Duration) {
        let until = self.now + time;
        for socket in self.service.sockets.values_mut() {
            socket.up.hold(until);
            socket.down.hold(until);
        }
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
                "time stands still at {:?}",
                self.now - self.start
            );
            self.now = self.now.max(next);
            self.service.handle_timeout(self.now);
            self.take_answers();
            self.receive();
            for client in self.clients.values_mut() {
                if client
                    .engine
                    .poll_timeout()
                    .is_some_and(|(at, _)| at <= self.now)
                {
                    client.engine.handle_timeout(self.now);
                }
            }
            if self
                .tunnel
                .poll_timeout()
                .is_some_and(|(at, _)| at <= self.now)
            {
                self.tunnel.handle_timeout(self.now);
            }
            self.settle();
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let service = self.service.poll_timeout();
        // What has come for a client that has not taken the WebSocket over yet, or does not
        // want to read, waits.
        let down = self
            .clients
            .values()
            .filter(|client| client.engine.wants_input())
            .filter_map(|client| self.service.sockets.get(&client.socket?)?.down.due())
            .min();
        let answers = self.answers.iter().map(|(at, _)| *at).min();
        let engines = self
            .clients
            .values()
            .filter_map(|client| client.engine.poll_timeout().map(|(at, _)| at))
            .min();
        let tunnel = self.tunnel.poll_timeout().map(|(at, _)| at);
        [service, down, answers, engines, tunnel]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does everything that follows from what has happened, without time passing.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut progress = false;
            while let Some(action) = self.tunnel.poll_action() {
                self.perform(action);
                progress = true;
            }
            while let Some(event) = self.tunnel.poll_event() {
                if let Event::Replaced { problem, .. } = event {
                    self.replaced.push(problem.code);
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

    fn perform(&mut self, action: Action) {
        match action {
            Action::Start(key) => {
                self.calls += 1;
                let result = match self.mood {
                    Mood::SignedOut => Err(failure(Next::SignIn)),
                    Mood::Fine | Mood::FailResumes(_) | Mood::RefuseUpgrades(_) => {
                        Ok(grant(self.service.start_session(self.now)))
                    }
                };
                self.answer(Answer::Granted(key, result));
            }
            Action::Resume(key, session_id) => {
                self.calls += 1;
                let result = match &mut self.mood {
                    Mood::SignedOut => Err(failure(Next::SignIn)),
                    Mood::FailResumes(left) if *left > 0 => {
                        *left -= 1;
                        Err(failure(Next::Retry))
                    }
                    Mood::Fine | Mood::FailResumes(_) | Mood::RefuseUpgrades(_) => {
                        if self.service.lives(&session_id) {
                            Ok(grant(session_id))
                        } else {
                            Err(failure(Next::NewSession))
                        }
                    }
                };
                self.answer(Answer::Granted(key, result));
            }
            Action::Dial(key, grant) => {
                let result = match &mut self.mood {
                    Mood::RefuseUpgrades(left) if *left > 0 => {
                        *left -= 1;
                        Err(failure(Next::Retry))
                    }
                    Mood::Fine
                    | Mood::FailResumes(_)
                    | Mood::RefuseUpgrades(_)
                    | Mood::SignedOut => Ok(self.service.upgrade(self.now, grant.session_id)),
                };
                let seed = self.random.seed();
                self.clients.entry(key).or_insert_with(|| Client {
                    engine: Session::new(SessionConfig::default(), self.clock, seed),
                    socket: None,
                });
                self.answer(Answer::Dialled(key, grant.token, result));
            }
            Action::SendEnd(key) => {
                let sent = self
                    .clients
                    .get_mut(&key)
                    .is_some_and(|client| client.engine.send_end(self.now));
                if !sent {
                    self.input(Input::FlagDone(key));
                }
            }
            Action::Terminate(key, session_id) => {
                self.service.terminate(&session_id);
                self.answer(Answer::Terminated(key));
            }
            Action::Abandon(session_id) => self.service.terminate(&session_id),
            Action::Discard(key) => {
                if let Some(client) = self.clients.remove(&key)
                    && let Some(socket) = client.socket
                {
                    self.service.drop_socket(socket);
                }
                for local in &mut self.locals {
                    if matches!(local.fate, Fate::Live(session, _) if session == key) {
                        local.fate = Fate::Reset;
                    }
                }
            }
            Action::Place(request, key) => {
                let opened = self
                    .clients
                    .get_mut(&key)
                    .and_then(|client| client.engine.open(self.now));
                let local = &mut self.locals[request.0 as usize];
                match opened {
                    Some(id) => local.fate = Fate::Live(key, id),
                    None => {
                        local.fate = Fate::Reset;
                        self.input(Input::Finished(key));
                    }
                }
            }
            Action::Reject(request) => self.locals[request.0 as usize].fate = Fate::Reset,
        }
    }

    fn input(&mut self, input: Input) {
        self.tunnel.handle_input(self.now, input);
    }

    fn answer(&mut self, answer: Answer) {
        self.answers.push((self.now + CALL, answer));
    }

    fn take_answers(&mut self) {
        while let Some(at) = self.answers.iter().position(|(due, _)| *due <= self.now) {
            let (_, answer) = self.answers.remove(at);
            match answer {
                Answer::Granted(key, result) => self.input(Input::Granted(key, result)),
                Answer::Terminated(key) => self.input(Input::Terminated(key)),
                Answer::Dialled(key, _, Err(failure)) => {
                    self.input(Input::Dialled(key, Err(failure)));
                }
                Answer::Dialled(key, token, Ok(socket)) => {
                    match self.clients.get_mut(&key) {
                        Some(client) => {
                            client.socket = Some(socket);
                            client.engine.handle_connected(self.now, token);
                        }
                        None => self.service.drop_socket(socket),
                    }
                    self.input(Input::Dialled(key, Ok(())));
                }
            }
        }
    }

    /// Takes in what has arrived at the client's ends of the WebSockets.
    fn receive(&mut self) {
        let keys: Vec<_> = self.clients.keys().copied().collect();
        for key in keys {
            while let Some(client) = self.clients.get_mut(&key)
                && client.engine.wants_input()
                && let Some(id) = client.socket
                && let Some(socket) = self.service.sockets.get_mut(&id)
                && let Some(item) = socket.down.pop(self.now)
            {
                match item {
                    Item::Binary(frame) => client.engine.handle_input(self.now, frame),
                    Item::Pong | Item::Ping => client.engine.handle_life(self.now),
                    Item::Close(code, reason) => self.lose(key, Some(code), reason),
                    Item::Text => {}
                }
            }
        }
    }

    fn lose(&mut self, key: SessionKey, code: Option<u16>, reason: &str) {
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        let Some(socket) = client.socket.take() else {
            return;
        };
        let progressed = client.engine.has_progressed();
        let end = if code == Some(1000) {
            SocketEnd::Orderly
        } else {
            SocketEnd::Broken
        };
        client.engine.handle_disconnected(self.now, end);
        self.service.drop_socket(socket);
        let close = Close {
            at: 0,
            code,
            reason: reason.to_owned(),
        };
        self.input(Input::Lost {
            session: key,
            close,
            progressed,
        });
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
                SessionEvent::PathDead { .. } => self.lose(key, None, "no answer"),
                SessionEvent::Degraded(problem) => self.input(Input::Degraded(key, problem)),
                SessionEvent::EndConfirmed => self.input(Input::FlagDone(key)),
                SessionEvent::Over(problem) => self.input(Input::Over(key, problem)),
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
        let mut progress = false;
        for local in &mut self.locals {
            let Fate::Live(session, id) = local.fate else {
                continue;
            };
            if session != key {
                continue;
            }
            if let Some(head) = local.head.take() {
                client.engine.write(self.now, id, head);
                progress = true;
            }
            while let Some(data) = local.source.take(client.engine.send_capacity(id)) {
                client.engine.write(self.now, id, data);
                progress = true;
            }
            while let Some(data) = client.engine.read(id) {
                local.sink.accept(&data);
                progress = true;
            }
            if client.engine.is_finished(id) {
                assert!(local.sink.is_done(), "{:?} ended early", local.plan);
                assert!(
                    local.source.is_done(),
                    "{:?} ended before all was sent",
                    local.plan
                );
                client.engine.close(self.now, id);
                local.fate = Fate::Done;
                progress = true;
            }
        }
        progress
    }

    fn transmit(&mut self, key: SessionKey) -> bool {
        let mut progress = false;
        while let Some(client) = self.clients.get_mut(&key)
            && let Some(id) = client.socket
            && let Some(transmit) = client.engine.poll_transmit(self.now)
        {
            progress = true;
            let item = match transmit {
                Transmit::Text(_) => Item::Text,
                Transmit::Binary(frame) => Item::Binary(frame),
                Transmit::Ping => Item::Ping,
            };
            let latency = self.service.latency();
            if let Some(socket) = self.service.sockets.get_mut(&id) {
                socket.up.push(self.now, latency, item);
            }
        }
        progress
    }
}

fn grant(session_id: String) -> Grant {
    Grant {
        session_id,
        stream_url: "wss://gateway/".to_owned(),
        token: "token".to_owned(),
    }
}

fn failure(next: Next) -> Failure {
    let problem = Problem::new(ProblemKind::Service, "model", "The model says no.", "");
    Failure { next, problem }
}
