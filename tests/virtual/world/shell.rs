//! What the shell does for the tunnel's policy: API calls, WebSockets, sessions.

use std::time::{Duration, Instant};

use tunnel_proto::{
    Action, Choice, Close, ClosedBy, Failure, Grant, Input, Loss, Next, Problem, ProblemKind,
    Purpose, Session, SessionKey, SocketEnd, TAKE_PATIENCE,
};

use super::faults::Network;
use super::{Client, Fate, Mood, World};
use crate::pipe::Item;
use crate::service::index;

/// How long an API call or a dial takes.
const CALL: Duration = Duration::from_millis(60);

/// How long the shell waits for an answer.
pub(super) const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// An answer that is on its way to the client.
#[derive(Debug)]
pub(super) enum Answer {
    Granted(SessionKey, Result<Grant, Failure>),
    Dialled(SessionKey, Purpose, String, Result<u64, Failure>),
    Terminated(SessionKey),
}

/// What the service is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Start {
        is_first: bool,
    },
    /// While its WebSocket is open, or not.
    Resume {
        connected: bool,
    },
}

impl World {
    pub(super) fn perform(&mut self, action: Action) {
        match action {
            Action::Start(key) => {
                self.called_at.push(self.now);
                let candidate = self.tunnel.candidate(key).map(ToString::to_string);
                let is_first = candidate.as_deref() == Some("i-0") && self.targets > 1;
                let result = match self.refusal(Call::Start { is_first }) {
                    Some(refusal) => Err(refusal),
                    None => Ok(grant(self.service.start_session(self.now))),
                };
                if let (Ok(_), Some(node)) = (&result, candidate) {
                    self.input(Input::Chosen(key, Choice::of_id(node)));
                }
                self.answer(Answer::Granted(key, result));
            }
            Action::Resume(key, session_id) => {
                self.called_at.push(self.now);
                let client = self.clients.get(&key);
                let connected = client.is_some_and(|client| client.socket.is_some());
                let result = match self.refusal(Call::Resume { connected }) {
                    Some(refusal) => Err(refusal),
                    None if self.service.lives(&session_id) => Ok(grant(session_id)),
                    None => Err(failure(Next::NewSession, "session-over")),
                };
                self.answer(Answer::Granted(key, result));
            }
            Action::Dial(key, grant, purpose) => {
                let refused = self.upgrades_refused.is_some_and(|until| self.now < until);
                let hangs = self.upgrades_hang.is_some_and(|until| self.now < until);
                let result = if self.network == Network::Down {
                    Err(failure(Next::AwaitNetwork, "unreachable"))
                } else if hangs || self.is_hopeless() {
                    Err(failure(Next::AwaitNetwork, "hangs"))
                } else if refused {
                    Err(failure(Next::Retry, "upgrade-refused"))
                } else {
                    let from = self.out_of_the_hole();
                    let socket = self.service.upgrade(self.now, &grant.session_id);
                    self.service.hold(socket, from);
                    if self.upgrades_swallowed {
                        self.service.forget_way(socket);
                    }
                    Ok(socket)
                };
                let seed = self.random.seed();
                self.clients.entry(key).or_insert_with(|| Client {
                    at_service: index(&grant.session_id),
                    engine: Session::new(self.session.clone(), self.clock, seed),
                    socket: None,
                    next_socket: None,
                    locals: Vec::new(),
                });
                self.answer(Answer::Dialled(key, purpose, grant.token, result));
            }
            Action::AwaitQuiet(key) => {
                self.engine(key, |engine, now| engine.await_quiet(now, None));
            }
            Action::GiveUp(key) => self.give_up(key),
            Action::CheckPath(key) => self.engine(key, Session::check_path),
            Action::Sleep(key) => self.engine(key, Session::handle_sleep),
            Action::Close(key) => {
                if let Some(client) = self.clients.get_mut(&key)
                    && let Some(socket) = client.socket.take()
                {
                    client
                        .engine
                        .handle_disconnected(self.now, SocketEnd::Orderly);
                    self.service.drop_socket(self.now, socket);
                }
            }
            Action::SendEnd(key) => {
                let client = self.clients.get_mut(&key);
                if !client.is_some_and(|client| client.engine.send_end(self.now)) {
                    self.input(Input::FlagDone(key));
                }
            }
            Action::Terminate(key, session_id) => {
                self.terminate(session_id);
                self.answer(Answer::Terminated(key));
            }
            Action::Abandon(session_id) => self.terminate(session_id),
            Action::Discard(key) => self.discard(key),
            Action::Place(request, key) => {
                let client = self.clients.get_mut(&key);
                let opened = client.and_then(|client| client.engine.open(self.now));
                let number = request.0 as usize;
                match (opened, self.clients.get_mut(&key)) {
                    (Some(id), Some(client)) => {
                        client.locals.push(number);
                        self.locals[number].fate = Fate::Live(id);
                        self.locals[number].session = Some(key);
                        self.locals[number].at_service = Some(client.at_service);
                    }
                    _ => {
                        self.reset_local(number);
                        self.input(Input::Finished(key));
                    }
                }
            }
            Action::Reject(request) => self.reset_local(request.0 as usize),
        }
    }

    /// Nobody waits any more for what a session has asked for.
    fn give_up(&mut self, key: SessionKey) {
        let overtaken = || failure(Next::Retry, "overtaken");
        for (due, answer) in &mut self.answers {
            let given_up = match answer {
                Answer::Granted(of, _) if *of == key => Answer::Granted(key, Err(overtaken())),
                Answer::Dialled(of, purpose, token, result) if *of == key => {
                    if let Ok(socket) = result {
                        self.service.drop_socket(self.now, *socket);
                    }
                    let token = std::mem::take(token);
                    Answer::Dialled(key, *purpose, token, Err(overtaken()))
                }
                Answer::Granted(..) | Answer::Dialled(..) | Answer::Terminated(_) => continue,
            };
            (*due, *answer) = (self.now, given_up);
        }
    }

    pub(super) fn take_answers(&mut self) {
        while let Some(at) = self.answers.iter().position(|(due, _)| *due <= self.now) {
            let (_, answer) = self.answers.remove(at);
            match answer {
                Answer::Granted(key, result) => {
                    if let Ok(grant) = &result {
                        self.session_ids.insert(grant.session_id.clone());
                    }
                    self.input(Input::Granted(key, result));
                }
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

    /// Takes in what has arrived at the client's ends of the WebSockets.
    pub(super) fn receive(&mut self) {
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
                        // What came before counts before the end does.
                        self.deliver(key);
                        self.lose(key, Some(code), reason, ClosedBy::Gateway);
                    }
                    Item::Text => {}
                }
            }
        }
    }

    /// A WebSocket is gone.
    pub(super) fn lose(&mut self, key: SessionKey, code: Option<u16>, why: &str, by: ClosedBy) {
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        let Some(socket) = client.socket.take() else {
            return;
        };
        let loss = Loss {
            close: Close {
                at: 0,
                code,
                reason: why.to_owned(),
            },
            closed_by: by,
            progressed: client.engine.has_progressed(),
            vitals: client.engine.vitals(self.now),
        };
        let next = client.next_socket.take();
        let end = match code {
            Some(1000) => SocketEnd::Orderly,
            Some(_) | None => SocketEnd::Broken,
        };
        client.engine.handle_disconnected(self.now, end);
        self.service.drop_socket(self.now, socket);
        self.input(Input::Lost(key, loss));
        if let Some((socket, token)) = next {
            self.engine(key, |engine, _| engine.cancel_quiet());
            self.take_socket(key, Purpose::Renew, socket, token);
        }
    }

    pub(super) fn handle_quiet(&mut self, key: SessionKey) {
        let now = self.now;
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        let Some((socket, token)) = client.next_socket.take() else {
            let vitals = client.engine.vitals(now);
            return self.input(Input::Quiet(key, vitals));
        };
        if let Some(old) = client.socket.replace(socket) {
            client.engine.handle_disconnected(now, SocketEnd::Orderly);
            self.service.drop_socket(now, old);
        }
        client.engine.handle_connected(now, token);
        self.input(Input::Renewed(key));
    }

    pub(super) fn handle_not_quiet(&mut self, key: SessionKey) {
        let client = self.clients.get_mut(&key);
        if let Some((socket, _)) = client.and_then(|client| client.next_socket.take()) {
            self.service.drop_socket(self.now, socket);
            self.input(Input::RenewalMissed(key));
        }
    }

    /// What the shell's session task does with a WebSocket.
    fn take_socket(&mut self, key: SessionKey, purpose: Purpose, socket: u64, token: String) {
        let now = self.now;
        let Some(client) = self.clients.get_mut(&key) else {
            return self.service.drop_socket(now, socket);
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

    /// What the service says no to.
    fn refusal(&mut self, call: Call) -> Option<Failure> {
        if self.network == Network::Down {
            return Some(failure(Next::AwaitNetwork, "unreachable"));
        }
        if self.is_hopeless() {
            return Some(failure(Next::AwaitNetwork, "hangs"));
        }
        let (next, code, left) = match (&mut self.mood, call) {
            (Mood::SignedOut, _) => return Some(failure(Next::SignIn, "sign-in")),
            (Mood::TargetAway, _) | (Mood::FirstTargetAway, Call::Start { is_first: true }) => {
                return Some(away());
            }
            (Mood::RefuseConnected, Call::Resume { connected: true }) => {
                return Some(failure(Next::Stop, "connected"));
            }
            (Mood::FailResumes(code, left), Call::Resume { .. }) => (Next::Retry, *code, left),
            (Mood::Expired(left), _) => (Next::NewCredentials, "expired", left),
            (Mood::HangResumes(left), Call::Resume { .. }) => (Next::AwaitNetwork, "hangs", left),
            (
                Mood::Fine
                | Mood::RefuseConnected
                | Mood::FailResumes(..)
                | Mood::HangResumes(_)
                | Mood::FirstTargetAway,
                Call::Start { .. } | Call::Resume { .. },
            ) => return None,
        };
        *left = left.checked_sub(1)?;
        Some(failure(next, code))
    }

    fn answer(&mut self, answer: Answer) {
        let hangs = match &answer {
            Answer::Granted(_, Err(failure)) | Answer::Dialled(_, _, _, Err(failure)) => {
                failure.problem.code == "hangs"
            }
            Answer::Terminated(_) => self.is_hopeless(),
            Answer::Granted(_, Ok(_)) | Answer::Dialled(_, _, _, Ok(_)) => false,
        };
        let due = if hangs {
            self.now + CALL_DEADLINE
        } else {
            self.out_of_the_hole() + CALL
        };
        self.answers.push((due, answer));
    }

    /// An answer that is under way would come then, because nothing gets through before. Nobody
    /// waits for one that takes too long: what was asked for is done all the same.
    pub(super) fn answer_out_of_a_hole(&mut self, due: Instant, answer: Answer) {
        let given_up = self.now + CALL_DEADLINE;
        if due < given_up {
            self.answers.push((due, answer));
            return;
        }
        let hangs = || failure(Next::AwaitNetwork, "hangs");
        let answer = match answer {
            Answer::Granted(key, Ok(grant)) => {
                // A new session that nobody has heard of; one that is resumed is known.
                if self.session_ids.insert(grant.session_id.clone()) {
                    self.leftovers.push(grant.session_id);
                }
                Answer::Granted(key, Err(hangs()))
            }
            Answer::Dialled(key, purpose, token, Ok(socket)) => {
                self.service.drop_socket(self.now, socket);
                Answer::Dialled(key, purpose, token, Err(hangs()))
            }
            Answer::Granted(key, Err(_)) => Answer::Granted(key, Err(hangs())),
            Answer::Dialled(key, purpose, token, Err(_)) => {
                Answer::Dialled(key, purpose, token, Err(hangs()))
            }
            terminated @ Answer::Terminated(_) => terminated,
        };
        self.answers.push((given_up, answer));
    }

    fn terminate(&mut self, session_id: String) {
        match self.network {
            Network::Up if !self.is_hopeless() => self.service.terminate(&session_id),
            Network::Up | Network::Down => self.leftovers.push(session_id),
        }
    }

    fn discard(&mut self, key: SessionKey) {
        let Some(client) = self.clients.remove(&key) else {
            return;
        };
        self.recordings.push(client.engine.recording(self.now));
        let next = client.next_socket.map(|(socket, _)| socket);
        for socket in client.socket.into_iter().chain(next) {
            self.service.drop_socket(self.now, socket);
        }
        for number in client.locals {
            self.reset_local(number);
        }
    }

    fn reset_local(&mut self, number: usize) {
        let local = &mut self.locals[number];
        local.fate = Fate::Reset;
        local.ended = Some(self.now);
    }

    fn engine(&mut self, key: SessionKey, act: impl FnOnce(&mut Session, Instant)) {
        if let Some(client) = self.clients.get_mut(&key) {
            act(&mut client.engine, self.now);
        }
    }
}

fn away() -> Failure {
    let what = "The model's target is away.";
    Failure {
        next: Next::AwaitTarget,
        problem: Problem::new(ProblemKind::Target, "target-away", what, ""),
    }
}

fn grant(session_id: String) -> Grant {
    Grant {
        session_id,
        stream_url: "wss://gateway/".to_owned(),
        token: "planted-token".to_owned(),
    }
}

fn failure(next: Next, code: &str) -> Failure {
    let problem = Problem::new(ProblemKind::Service, code, "The model says no.", "");
    Failure { next, problem }
}
