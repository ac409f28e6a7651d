//! The service and its gateway: sessions, tokens, and one WebSocket a session at a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ssm_message::payload::{ChannelClosed, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PayloadType, Uuid};

use crate::agent::{Agent, Manner};
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
    /// What becomes of messages to a side that is not there.
    pub(crate) absent: Absent,
    /// Messages for a client that the gateway and the way have room for while they don't get
    /// through; then nothing more is taken from the agent. `None`: no end of room.
    pub(crate) room: Option<usize>,
    /// What the client's socket takes before the other end has got it, in frames; then it is full.
    /// `None`: no end of room.
    pub(crate) uplink: Option<usize>,
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
            room: None,
            uplink: None,
            close_period: None,
            idle_timeout: None,
        }
    }
}

/// What becomes of messages to a side that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    Drop,
    Hold,
    /// They are dropped, and the other side is told to pause.
    Pause,
}

pub(crate) const ABSENT: [Absent; 3] = [Absent::Drop, Absent::Hold, Absent::Pause];

/// One WebSocket between client and gateway.
#[derive(Debug)]
pub(crate) struct Socket {
    session: usize,
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    /// The gateway has seen the token.
    open: bool,
    close_at: Option<Instant>,
    /// The gateway has closed its side.
    closed: bool,
    /// The client has gone, and the gateway does not know.
    deaf: bool,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) agent: Agent,
    pub(crate) terminated: bool,
    socket: Option<u64>,
    /// For the client.
    held: Vec<Bytes>,
    /// The agent's own way to the service is down until then.
    agent_away: Option<Instant>,
    /// For the agent.
    held_up: Vec<Bytes>,
    /// Waits to be overtaken, one for each direction.
    overtaken_up: Option<Bytes>,
    overtaken_down: Option<Bytes>,
    /// Numbered messages from the client: when they came, for the rate.
    pub(crate) data_messages: Vec<Instant>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) conditions: Conditions,
    pub(crate) sessions: Vec<Session>,
    pub(crate) sockets: BTreeMap<u64, Socket>,
    next_socket: u64,
    random: Random,
}

impl Session {
    /// Whether its agent will not bring anything more forward, though the gateway answers pings.
    pub(crate) fn is_silent(&self) -> bool {
        self.terminated || self.agent.manner != Manner::Reference
    }
}

fn name(session: usize) -> String {
    format!("session-{session:03}")
}

pub(crate) fn index(id: &str) -> usize {
    id.trim_start_matches("session-").parse().unwrap()
}

impl Service {
    pub(crate) fn new(conditions: Conditions, random: Random) -> Self {
        Self {
            conditions,
            sessions: Vec::new(),
            sockets: BTreeMap::new(),
            next_socket: 0,
            random,
        }
    }

    pub(crate) fn start_session(&mut self, now: Instant) -> String {
        let session = Session {
            agent: Agent::new(now),
            terminated: false,
            socket: None,
            held: Vec::new(),
            agent_away: None,
            held_up: Vec::new(),
            overtaken_up: None,
            overtaken_down: None,
            data_messages: Vec::new(),
        };
        self.sessions.push(session);
        name(self.sessions.len() - 1)
    }

    /// Whether the session can be resumed.
    pub(crate) fn lives(&self, id: &str) -> bool {
        let session = self.sessions.get(index(id));
        session.is_some_and(|session| !session.terminated)
    }

    /// Sessions that live.
    pub(crate) fn living(&self) -> usize {
        let lives = |session: &&Session| !session.terminated;
        self.sessions.iter().filter(lives).count()
    }

    /// Whether a client holds a session whose agent is silent.
    pub(crate) fn any_silent(&self) -> bool {
        // A WebSocket that is just being opened counts: nobody says on it that the session is over.
        let has_socket = |index| {
            let mut sockets = self.sockets.values();
            sockets.any(|socket| socket.session == index)
        };
        let mut sessions = self.sessions.iter().enumerate();
        sessions.any(|(index, session)| {
            session.is_silent() && (!session.terminated || has_socket(index))
        })
    }

    pub(crate) fn terminate(&mut self, id: &str) {
        self.sessions[index(id)].terminated = true;
    }

    /// The service ends a session of its own accord, and says so.
    pub(crate) fn end_session(&mut self, now: Instant, session: usize) {
        let closed = ChannelClosed {
            message_type: "channel_closed".to_owned(),
            session_id: name(session),
            output: "The session has reached its maximum duration.".to_owned(),
            ..ChannelClosed::default()
        };
        self.tell_client(now, session, MessageType::ChannelClosed, closed.encode());
        self.sessions[session].terminated = true;
        if let Some(socket) = self.sessions[session].socket {
            self.close(now, socket, 1000);
        }
    }

    /// The agents lose their own way to the service for so long.
    pub(crate) fn agents_away(&mut self, now: Instant, time: Duration) {
        for session in 0..self.sessions.len() {
            let until = self.sessions[session].agent_away.max(Some(now + time));
            self.sessions[session].agent_away = until;
            if self.conditions.absent == Absent::Pause {
                self.tell_client(now, session, MessageType::PausePublication, Bytes::new());
            }
        }
    }

    /// A WebSocket for this session was upgraded.
    pub(crate) fn upgrade(&mut self, now: Instant, session_id: &str) -> u64 {
        let close_at = self.conditions.close_period.map(|period| now + period);
        let socket = Socket {
            session: index(session_id),
            up: Pipe::default(),
            down: Pipe::default(),
            open: false,
            close_at,
            closed: false,
            deaf: false,
        };
        self.next_socket += 1;
        self.sockets.insert(self.next_socket, socket);
        self.next_socket
    }

    /// Nothing gets through this WebSocket before that.
    pub(crate) fn hold(&mut self, socket: u64, until: Instant) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.up.hold(until);
            socket.down.hold(until);
        }
    }

    /// This WebSocket carries nothing any more, and neither end is told.
    pub(crate) fn forget_way(&mut self, socket: u64) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.up.cut();
            socket.down.cut();
        }
    }

    /// The client's end is gone, or the connection broke: what was on its way is lost. Over a
    /// way that carries nothing the gateway does not hear of it.
    pub(crate) fn drop_socket(&mut self, now: Instant, id: u64) {
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        if socket.open && !socket.closed && !socket.up.is_open(now) {
            socket.deaf = true;
            socket.up.cut();
            socket.down.cut();
        } else {
            let session = socket.session;
            self.sockets.remove(&id);
            self.client_left(session, id);
        }
    }

    fn client_left(&mut self, session: usize, socket: u64) {
        let session = &mut self.sessions[session];
        if session.socket == Some(socket) {
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
        let session = socket.session;
        if socket.deaf {
            self.sockets.remove(&id);
        } else if !socket.closed {
            socket.closed = true;
            socket.close_at = None;
            socket.down.push(now, latency, Item::Close(code, "Bye"));
        }
        self.client_left(session, id);
    }

    /// Time passes that the client does not notice: it sleeps.
    pub(crate) fn pass(&mut self, now: Instant, time: Duration) {
        for socket in self.sockets.values_mut() {
            socket.close_at = socket
                .close_at
                .map(|at| at.checked_sub(time).unwrap_or(now).max(now));
        }
        let idle = self.conditions.idle_timeout;
        for session in &mut self.sessions {
            session.terminated |= idle.is_some_and(|idle| idle <= time);
        }
    }

    pub(crate) fn latency(&mut self) -> Duration {
        self.conditions.latency + self.random.duration(self.conditions.jitter)
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let sockets = self.sockets.iter();
        let due: Vec<_> = sockets
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
        for session in 0..self.sessions.len() {
            if self.sessions[session]
                .agent_away
                .is_some_and(|until| until <= now)
            {
                self.agent_back(now, session);
            }
            let session = &mut self.sessions[session];
            if session.agent_away.is_none() && !session.terminated {
                session.agent.handle_timeout(now);
            }
        }
        self.forward(now);
    }

    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let sockets = self
            .sockets
            .values()
            .flat_map(|socket| [socket.up.due(), socket.close_at]);
        let living = self.sessions.iter().filter(|session| !session.terminated);
        let agents = living.map(|session| match session.agent_away {
            Some(back) => Some(back),
            None => session.agent.poll_timeout(now),
        });
        sockets.chain(agents).flatten().min()
    }

    fn agent_back(&mut self, now: Instant, session: usize) {
        let back = &mut self.sessions[session];
        back.agent_away = None;
        if back.socket.is_some() {
            back.agent.client_arrived(now);
        }
        for frame in std::mem::take(&mut back.held_up) {
            back.agent.handle_frame(now, &frame);
        }
        if self.conditions.absent == Absent::Pause {
            self.tell_client(now, session, MessageType::StartPublication, Bytes::new());
        }
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
                let session = socket.session;
                if let Some(older) = self.sessions[session].socket.replace(id) {
                    self.close(now, older, 1008);
                }
                self.client_arrived(now, session);
            }
            Item::Ping => socket.down.push(now, latency, Item::Pong),
            Item::Binary(frame) => {
                assert!(socket.open, "data came before the token");
                let session = socket.session;
                self.pass_to_agent(now, session, frame);
            }
            Item::Pong | Item::Close(..) => {}
        }
    }

    fn client_arrived(&mut self, now: Instant, session: usize) {
        let there = &mut self.sessions[session];
        if there.agent_away.is_some() {
            if self.conditions.absent == Absent::Pause {
                self.tell_client(now, session, MessageType::PausePublication, Bytes::new());
            }
        } else if !there.terminated {
            there.agent.client_arrived(now);
        }
        for frame in std::mem::take(&mut self.sessions[session].held) {
            self.pass_to_client(now, session, frame);
        }
    }

    fn pass_to_agent(&mut self, now: Instant, session: usize, frame: Bytes) {
        let conditions = self.conditions;
        let session = &mut self.sessions[session];
        if session.terminated {
            return;
        }
        if frame.get(4..9) == Some(b"input") {
            session.data_messages.push(now);
        }
        if session.agent_away.is_some() {
            match conditions.absent {
                Absent::Hold => session.held_up.push(frame),
                Absent::Drop | Absent::Pause => {}
            }
            return;
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
        for session in 0..self.sessions.len() {
            while let Some(frame) = self.sessions[session].agent.poll_frame() {
                self.pass_from_agent(now, session, frame);
            }
            let socket = self.sessions[session].socket;
            let waiting = socket.and_then(|id| self.sockets.get(&id));
            let waiting = waiting.map_or(0, |socket| socket.down.len());
            let full = self.conditions.room.is_some_and(|room| waiting >= room);
            self.sessions[session].agent.blocked = full;
        }
    }

    fn pass_from_agent(&mut self, now: Instant, session: usize, frame: Bytes) {
        let conditions = self.conditions;
        if self.sessions[session].agent_away.is_some() || self.random.per_mille(conditions.loss) {
            return;
        }
        if self.random.per_mille(conditions.duplicates) {
            self.pass_to_client(now, session, frame.clone());
        }
        let reorder = self.random.per_mille(conditions.reordering);
        let overtaken = &mut self.sessions[session].overtaken_down;
        if overtaken.is_none() && reorder {
            *overtaken = Some(frame);
            return;
        }
        let late = overtaken.take();
        self.pass_to_client(now, session, frame);
        if let Some(late) = late {
            self.pass_to_client(now, session, late);
        }
    }

    fn pass_to_client(&mut self, now: Instant, session: usize, frame: Bytes) {
        let latency = self.latency();
        let session = &mut self.sessions[session];
        match session.socket.and_then(|id| self.sockets.get_mut(&id)) {
            Some(socket) => socket.down.push(now, latency, Item::Binary(frame)),
            None => match self.conditions.absent {
                Absent::Hold => session.held.push(frame),
                Absent::Drop | Absent::Pause => {}
            },
        }
    }

    /// Says something to the client that is no agent's word.
    fn tell_client(&mut self, now: Instant, session: usize, what: MessageType, payload: Bytes) {
        let message = Message {
            message_type: what,
            schema_version: 1,
            created_date: 0,
            sequence_number: 0,
            flags: Flags::NONE,
            message_id: Uuid::nil(),
            payload_type: PayloadType::Other(0),
            payload,
        };
        let latency = self.conditions.latency;
        let socket = self.sessions[session].socket;
        if let Some(socket) = socket.and_then(|id| self.sockets.get_mut(&id)) {
            let frame = Item::Binary(message.encode());
            socket.down.push(now, latency, frame);
        }
    }
}
