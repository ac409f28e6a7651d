//! The client's two machines, driven as the shell drives them, over the modelled service.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tunnel_proto::{
    Action, Clock, Close, ClosedBy, ConnectionId, Event, Failure, Grant, Input, Loss, Next,
    Problem, ProblemKind, Purpose, Record, RequestId, Session, SessionConfig, SessionEvent,
    SessionKey, SocketEnd, TAKE_PATIENCE, Transmit, Tunnel, TunnelPolicy,
};

use crate::pipe::Item;
use crate::random::Random;
use crate::service::{Conditions, Service};
use crate::traffic::{Plan, Sink, Source};

/// How long an API call or a dial takes.
const CALL: Duration = Duration::from_millis(60);

/// How long the shell waits for an answer.
const CALL_DEADLINE: Duration = Duration::from_secs(10);

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
    /// ResumeSession is refused while the session's WebSocket is open.
    RefuseConnected,
    /// ResumeSession is answered only after the client has given up waiting.
    HangResumes(u32),
}

/// Whether anything gets out of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Network {
    Up,
    Down,
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
    /// Takes its place at the next quiet moment.
    next_socket: Option<(u64, String)>,
}

/// An answer that is on its way to the client.
#[derive(Debug)]
enum Answer {
    Granted(SessionKey, Result<Grant, Failure>),
    Dialled(SessionKey, Purpose, String, Result<u64, Failure>),
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
    /// When ResumeSession and StartSession were called.
    pub(crate) called_at: Vec<Instant>,
    /// What the tunnel wants to be kept.
    pub(crate) records: Vec<Record>,
    /// How the tunnel's sessions are run.
    pub(crate) session: SessionConfig,
    network: Network,
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
            called_at: Vec::new(),
            records: Vec::new(),
            session: SessionConfig::default(),
            network: Network::Up,
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
            self.lose(key, None, "reset", ClosedBy::Network);
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
                match event {
                    Event::Replaced { problem, .. } => self.replaced.push(problem.code),
                    Event::Record(record) => self.records.push(*record),
                    Event::StateChanged(_)
                    | Event::Lost { .. }
                    | Event::Stopped
                    | Event::Failed(_) => {}
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
                self.count_call();
                let result = match self.mood {
                    _ if self.network == Network::Down => Err(failure(Next::AwaitNetwork)),
                    Mood::SignedOut => Err(failure(Next::SignIn)),
                    Mood::Fine
                    | Mood::FailResumes(_)
                    | Mood::RefuseUpgrades(_)
                    | Mood::RefuseConnected
                    | Mood::HangResumes(_) => Ok(grant(self.service.start_session(self.now))),
                };
                self.answer(Answer::Granted(key, result));
            }
            Action::Resume(key, session_id) => {
                self.count_call();
                let connected = self
                    .clients
                    .get(&key)
                    .is_some_and(|client| client.socket.is_some());
                if let Mood::HangResumes(left) = &mut self.mood
                    && *left > 0
                {
                    *left -= 1;
                    let answer = Answer::Granted(key, Err(failure(Next::AwaitNetwork)));
                    self.answers.push((self.now + CALL_DEADLINE, answer));
                    return;
                }
                let result = match &mut self.mood {
                    _ if self.network == Network::Down => Err(failure(Next::AwaitNetwork)),
                    Mood::SignedOut => Err(failure(Next::SignIn)),
                    Mood::RefuseConnected if connected => Err(failure(Next::Stop)),
                    Mood::FailResumes(left) if *left > 0 => {
                        *left -= 1;
                        Err(failure(Next::Retry))
                    }
                    Mood::Fine
                    | Mood::FailResumes(_)
                    | Mood::RefuseUpgrades(_)
                    | Mood::RefuseConnected
                    | Mood::HangResumes(_) => {
                        if self.service.lives(&session_id) {
                            Ok(grant(session_id))
                        } else {
                            Err(failure(Next::NewSession))
                        }
                    }
                };
                self.answer(Answer::Granted(key, result));
            }
            Action::Dial(key, grant, purpose) => {
                let result = match &mut self.mood {
                    _ if self.network == Network::Down => Err(failure(Next::AwaitNetwork)),
                    Mood::RefuseUpgrades(left) if *left > 0 => {
                        *left -= 1;
                        Err(failure(Next::Retry))
                    }
                    Mood::Fine
                    | Mood::FailResumes(_)
                    | Mood::RefuseUpgrades(_)
                    | Mood::RefuseConnected
                    | Mood::HangResumes(_)
                    | Mood::SignedOut => Ok(self.service.upgrade(self.now, grant.session_id)),
                };
                let seed = self.random.seed();
                self.clients.entry(key).or_insert_with(|| Client {
                    engine: Session::new(self.session.clone(), self.clock, seed),
                    socket: None,
                    next_socket: None,
                });
                self.answer(Answer::Dialled(key, purpose, grant.token, result));
            }
            Action::AwaitQuiet(key) => {
                self.engine(key, |engine, now| engine.await_quiet(now, None))
            }
            Action::CheckPath(key) => self.engine(key, Session::check_path),
            Action::Sleep(key) => self.engine(key, Session::handle_sleep),
            Action::Close(key) => {
                if let Some(client) = self.clients.get_mut(&key)
                    && let Some(socket) = client.socket.take()
                {
                    client
                        .engine
                        .handle_disconnected(self.now, SocketEnd::Orderly);
                    self.service.drop_socket(socket);
                }
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
                if let Some(client) = self.clients.remove(&key) {
                    let next = client.next_socket.map(|(socket, _)| socket);
                    for socket in client.socket.into_iter().chain(next) {
                        self.service.drop_socket(socket);
                    }
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

    fn count_call(&mut self) {
        self.calls += 1;
        self.called_at.push(self.now);
    }

    fn engine(&mut self, key: SessionKey, act: impl FnOnce(&mut Session, Instant)) {
        if let Some(client) = self.clients.get_mut(&key) {
            act(&mut client.engine, self.now);
        }
    }

    /// The machine loses its network: nothing gets through, and it knows.
    pub(crate) fn network_down(&mut self) {
        self.network = Network::Down;
        for socket in self.service.sockets.values_mut() {
            socket.up.cut();
            socket.down.cut();
        }
        self.input(Input::NetworkDown);
        self.settle();
    }

    /// The machine has a network again: another one, over which no old WebSocket works.
    pub(crate) fn network_up(&mut self) {
        self.network = Network::Up;
        self.input(Input::NetworkUp);
        self.settle();
    }

    /// The machine sleeps for so long. Its own clock stands still; the service's does not.
    pub(crate) fn sleep(&mut self, asleep: Duration) {
        self.input(Input::Sleeping);
        self.settle();
        self.service.pass(self.now, asleep);
        self.input(Input::Woke { asleep });
        self.settle();
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
                Answer::Dialled(key, _, _, Err(failure)) => {
                    self.input(Input::Dialled(key, Err(failure)));
                }
                Answer::Dialled(key, purpose, token, Ok(socket)) => {
                    self.input(Input::Dialled(key, Ok(())));
                    self.take_socket(key, purpose, socket, token);
                }
            }
        }
    }

    /// What the shell's session task does with a WebSocket.
    fn take_socket(&mut self, key: SessionKey, purpose: Purpose, socket: u64, token: String) {
        let now = self.now;
        let Some(client) = self.clients.get_mut(&key) else {
            return self.service.drop_socket(socket);
        };
        if client.socket.is_some() {
            client.next_socket = Some((socket, token));
            client.engine.await_quiet(now, Some(TAKE_PATIENCE));
            return;
        }
        client.socket = Some(socket);
        client.engine.handle_connected(now, token);
        if purpose == Purpose::Renew {
            self.input(Input::Renewed(key));
        }
    }

    fn handle_quiet(&mut self, key: SessionKey) {
        let now = self.now;
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        let Some((socket, token)) = client.next_socket.take() else {
            return self.input(Input::Quiet(key));
        };
        if let Some(old) = client.socket.replace(socket) {
            client.engine.handle_disconnected(now, SocketEnd::Orderly);
            self.service.drop_socket(old);
        }
        client.engine.handle_connected(now, token);
        self.input(Input::Renewed(key));
    }

    fn handle_not_quiet(&mut self, key: SessionKey) {
        let next = self
            .clients
            .get_mut(&key)
            .and_then(|client| client.next_socket.take());
        if let Some((socket, _)) = next {
            self.service.drop_socket(socket);
            self.input(Input::RenewalMissed(key));
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
                    Item::Close(code, reason) => {
                        self.lose(key, Some(code), reason, ClosedBy::Gateway);
                    }
                    Item::Text => {}
                }
            }
        }
    }

    fn lose(&mut self, key: SessionKey, code: Option<u16>, reason: &str, closed_by: ClosedBy) {
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        let Some(socket) = client.socket.take() else {
            return;
        };
        let progressed = client.engine.has_progressed();
        let vitals = client.engine.vitals(self.now);
        let next = client.next_socket.take();
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
        let loss = Loss {
            close,
            closed_by,
            progressed,
            vitals,
        };
        self.input(Input::Lost(key, loss));
        if let Some((socket, token)) = next {
            self.engine(key, |engine, _| engine.cancel_quiet());
            self.take_socket(key, Purpose::Renew, socket, token);
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
                SessionEvent::Degraded(problem) => self.input(Input::Degraded(key, problem)),
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
