//! The service and its gateway: sessions, tokens, and one WebSocket a session at a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::agent::Agent;
use crate::pipe::{Item, Pipe};
use crate::random::Random;

/// How the way between client and agent treats messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditions {
    /// One way between client and gateway.
    pub(crate) latency: Duration,
    /// What is added to it by chance.
    pub(crate) jitter: Duration,
    /// Messages that the gateway loses, each way, per mille.
    pub(crate) loss: u32,
    /// Messages that come twice, per mille.
    pub(crate) duplicates: u32,
    /// Messages that come after the next one, per mille.
    pub(crate) reordering: u32,
    /// What becomes of messages to a client that is not there.
    pub(crate) absent: Absent,
    /// How long a WebSocket lives before the gateway closes it with 1000 "Bye".
    pub(crate) close_period: Option<Duration>,
    /// After how long without a client the service ends a session.
    pub(crate) idle_timeout: Option<Duration>,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: 0,
            duplicates: 0,
            reordering: 0,
            absent: Absent::Pause,
            close_period: None,
            idle_timeout: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    Drop,
    Hold,
    Pause,
}

/// One WebSocket between client and gateway.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) session_id: String,
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    /// The gateway has seen the token.
    open: bool,
    close_at: Option<Instant>,
    /// The gateway has closed its side.
    closed: bool,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) agent: Agent,
    pub(crate) terminated: bool,
    socket: Option<u64>,
    held: Vec<Bytes>,
    /// Waits to be overtaken, one for each direction.
    overtaken_up: Option<Bytes>,
    overtaken_down: Option<Bytes>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) conditions: Conditions,
    pub(crate) sessions: BTreeMap<String, Session>,
    pub(crate) sockets: BTreeMap<u64, Socket>,
    next: u64,
    random: Random,
    /// Numbered messages from clients: when they came, for the rate.
    pub(crate) data_messages: Vec<Instant>,
}

impl Service {
    pub(crate) fn new(conditions: Conditions, random: Random) -> Self {
        Self {
            conditions,
            sessions: BTreeMap::new(),
            sockets: BTreeMap::new(),
            next: 0,
            random,
            data_messages: Vec::new(),
        }
    }

    pub(crate) fn start_session(&mut self, now: Instant) -> String {
        self.next += 1;
        let id = format!("session-{:03}", self.next);
        let session = Session {
            agent: Agent::new(now),
            terminated: false,
            socket: None,
            held: Vec::new(),
            overtaken_up: None,
            overtaken_down: None,
        };
        self.sessions.insert(id.clone(), session);
        id
    }

    /// Whether the session can be resumed.
    pub(crate) fn lives(&self, id: &str) -> bool {
        self.sessions
            .get(id)
            .is_some_and(|session| !session.terminated)
    }

    pub(crate) fn terminate(&mut self, id: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.terminated = true;
        }
    }

    /// A WebSocket for this session was upgraded.
    pub(crate) fn upgrade(&mut self, now: Instant, session_id: String) -> u64 {
        self.next += 1;
        let close_at = self.conditions.close_period.map(|period| now + period);
        let socket = Socket {
            session_id,
            up: Pipe::default(),
            down: Pipe::default(),
            open: false,
            close_at,
            closed: false,
        };
        self.sockets.insert(self.next, socket);
        self.next
    }

    /// The client's end is gone, or the connection broke: what was on its way is lost.
    pub(crate) fn drop_socket(&mut self, id: u64) {
        let Some(socket) = self.sockets.remove(&id) else {
            return;
        };
        if let Some(session) = self.sessions.get_mut(&socket.session_id)
            && session.socket == Some(id)
        {
            session.socket = None;
            if self.conditions.absent == Absent::Pause {
                session.agent.pause();
            }
        }
    }

    /// The gateway closes every WebSocket.
    pub(crate) fn close_all(&mut self, now: Instant, code: u16) {
        let ids: Vec<_> = self.sockets.keys().copied().collect();
        for id in ids {
            self.close(now, id, code);
        }
    }

    fn close(&mut self, now: Instant, id: u64, code: u16) {
        let latency = self.conditions.latency;
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        if !socket.closed {
            socket.closed = true;
            socket.close_at = None;
            socket.down.push(now, latency, Item::Close(code, "Bye"));
        }
        if let Some(session) = self.sessions.get_mut(&socket.session_id)
            && session.socket == Some(id)
        {
            session.socket = None;
            if self.conditions.absent == Absent::Pause {
                session.agent.pause();
            }
        }
    }

    /// Time passes that the client does not notice: it sleeps.
    pub(crate) fn pass(&mut self, now: Instant, time: Duration) {
        for socket in self.sockets.values_mut() {
            socket.close_at = socket
                .close_at
                .map(|at| at.checked_sub(time).unwrap_or(now).max(now));
        }
        for session in self.sessions.values_mut() {
            session.terminated |= self
                .conditions
                .idle_timeout
                .is_some_and(|idle| idle <= time);
        }
    }

    pub(crate) fn latency(&mut self) -> Duration {
        self.conditions.latency + self.random.duration(self.conditions.jitter)
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let due: Vec<_> = self
            .sockets
            .iter()
            .filter(|(_, socket)| socket.close_at.is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.close(now, id, 1000);
        }
        let ids: Vec<_> = self.sockets.keys().copied().collect();
        for id in ids {
            while let Some(item) = self
                .sockets
                .get_mut(&id)
                .and_then(|socket| socket.up.pop(now))
            {
                self.handle_item(now, id, item);
            }
        }
        for session in self.sessions.values_mut() {
            session.agent.handle_timeout(now);
        }
        self.forward(now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let sockets = self
            .sockets
            .values()
            .flat_map(|socket| [socket.up.due(), socket.close_at]);
        let agents = self.sessions.values().map(|session| {
            if session.terminated {
                None
            } else {
                session.agent.poll_timeout()
            }
        });
        sockets.chain(agents).flatten().min()
    }

    fn handle_item(&mut self, now: Instant, id: u64, item: Item) {
        let latency = self.latency();
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        if socket.closed {
            return;
        }
        match item {
            Item::Text => {
                socket.open = true;
                let session_id = socket.session_id.clone();
                let Some(session) = self.sessions.get_mut(&session_id) else {
                    return;
                };
                if let Some(older) = session.socket.replace(id) {
                    self.close(now, older, 1008);
                }
                let Some(session) = self.sessions.get_mut(&session_id) else {
                    return;
                };
                session.agent.client_arrived(now);
                let held = std::mem::take(&mut session.held);
                for frame in held {
                    self.pass_to_client(now, &session_id, frame);
                }
            }
            Item::Ping => socket.down.push(now, latency, Item::Pong),
            Item::Binary(frame) => {
                assert!(socket.open, "data came before the token");
                let session_id = socket.session_id.clone();
                self.pass_to_agent(now, &session_id, frame);
            }
            Item::Pong | Item::Close(..) => {}
        }
    }

    fn pass_to_agent(&mut self, now: Instant, session_id: &str, frame: Bytes) {
        let conditions = self.conditions;
        let Some(session) = self.sessions.get_mut(session_id) else {
            return;
        };
        if session.terminated {
            return;
        }
        if frame.get(4..9) == Some(b"input") {
            self.data_messages.push(now);
        }
        if self.random.per_mille(conditions.loss) {
            return;
        }
        if self.random.per_mille(conditions.duplicates) {
            session.agent.handle_frame(now, &frame);
        }
        if session.overtaken_up.is_none() && self.random.per_mille(conditions.reordering) {
            session.overtaken_up = Some(frame);
            return;
        }
        session.agent.handle_frame(now, &frame);
        if let Some(late) = session.overtaken_up.take() {
            session.agent.handle_frame(now, &late);
        }
    }

    /// Takes what the agents have to say to their clients.
    pub(crate) fn forward(&mut self, now: Instant) {
        let ids: Vec<_> = self.sessions.keys().cloned().collect();
        for id in ids {
            while let Some(frame) = self
                .sessions
                .get_mut(&id)
                .and_then(|session| session.agent.poll_frame())
            {
                self.pass_from_agent(now, &id, frame);
            }
        }
    }

    fn pass_from_agent(&mut self, now: Instant, session_id: &str, frame: Bytes) {
        let conditions = self.conditions;
        if self.random.per_mille(conditions.loss) {
            return;
        }
        if self.random.per_mille(conditions.duplicates) {
            self.pass_to_client(now, session_id, frame.clone());
        }
        let reorder = self.random.per_mille(conditions.reordering);
        let Some(session) = self.sessions.get_mut(session_id) else {
            return;
        };
        if session.overtaken_down.is_none() && reorder {
            session.overtaken_down = Some(frame);
            return;
        }
        let late = session.overtaken_down.take();
        self.pass_to_client(now, session_id, frame);
        if let Some(late) = late {
            self.pass_to_client(now, session_id, late);
        }
    }

    fn pass_to_client(&mut self, now: Instant, session_id: &str, frame: Bytes) {
        let latency = self.latency();
        let Some(session) = self.sessions.get_mut(session_id) else {
            return;
        };
        match session.socket.and_then(|id| self.sockets.get_mut(&id)) {
            Some(socket) => socket.down.push(now, latency, Item::Binary(frame)),
            None => match self.conditions.absent {
                Absent::Hold => session.held.push(frame),
                Absent::Drop | Absent::Pause => {}
            },
        }
    }
}
