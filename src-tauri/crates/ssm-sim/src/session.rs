//! One session: who takes part in it, and the gateway's way from one side to the other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bytes::Bytes;
use serde::Serialize;
use ssm_message::payload::{ChannelClosed, JsonPayload as _};
use ssm_message::{Flags, Message, MessageType, PayloadType, Uuid};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::agent::Input;
use crate::faults::{Direction, Due, Fate};
use crate::link::Breaker;
use crate::rate::RateMeter;
use crate::service::{Service, lock};
use crate::settings::{AgentSettings, Publication};

/// Messages that are kept for a side that is not there.
const MOST_HELD: usize = 10_000;

/// Items that may wait for a client that does not read: then it is cut. Data messages stop long
/// before; acknowledgements of what such a client sends do not.
const MOST_WAITING_FOR_CLIENT: usize = 100_000;

/// Tokens of a session that may be unused; then the older ones are worth nothing.
const MOST_TOKENS: usize = 1000;

/// Bytes that may wait for an agent that does not read. What comes on top is lost, and the
/// client sends it again: a gateway does not buffer without end.
const MOST_WAITING_FOR_AGENT: usize = 32 * 1024 * 1024;

/// What a test sees of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// The node.
    pub target: String,
    /// The document.
    pub document: String,
    /// The document's parameters as they were given, defaults filled in.
    pub parameters: BTreeMap<String, String>,
    /// The reason given for it.
    pub reason: Option<String>,
    /// `None` while it lives.
    pub terminated_by: Option<TerminatedBy>,
    /// Whether a client's WebSocket is open now.
    pub client_connected: bool,
    /// Whether the agent is connected to the gateway.
    pub agent_connected: bool,
    /// WebSockets opened with a valid token so far.
    pub websockets: u64,
    /// ResumeSession calls that were answered with a token.
    pub resumes: u64,
    /// What the client named itself when it opened the channel.
    pub client_version: Option<String>,
    /// Whether the handshake is complete.
    pub handshake_complete: bool,
    /// Whether the session's data is encrypted.
    pub encrypted: bool,
    /// Streams (or basic mode's connections) that reached their destination.
    pub connections: u64,
    /// Destinations that could not be reached.
    pub refused_connections: u64,
    /// Session data that arrived at the agent, each message once.
    pub bytes_to_agent: u64,
    /// Session data that the agent sent, each message once.
    pub bytes_to_client: u64,
    /// Messages of the agent that are not acknowledged.
    pub agent_unacknowledged: u64,
}

/// Who or what ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminatedBy {
    /// The client, by the flag TerminateSession.
    Flag,
    /// Somebody, by the operation TerminateSession.
    Api,
    /// The agent: handshake failed, destination refused or closed, mux broken.
    Agent,
    /// No data for the idle timeout.
    IdleTimeout,
    /// It lived as long as sessions may.
    MaxDuration,
    /// A fault that was asked for.
    Fault,
}

/// What goes to a client's WebSocket.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Frame(Bytes),
    Text(String),
    Close { code: u16, reason: String },
}

/// A client's WebSocket as the session sees it.
#[derive(Debug)]
pub(crate) struct ClientSocket {
    /// In order with the messages.
    pub(crate) queue: mpsc::UnboundedSender<Item>,
    /// Ahead of them.
    pub(crate) urgent: mpsc::UnboundedSender<Item>,
    /// Items in `queue`.
    pub(crate) backlog: Arc<AtomicUsize>,
    pub(crate) breaker: Breaker,
}

/// Why a channel is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Over,
    Token,
    TokenExpired,
    Client,
}

/// What the agent reports for [`SessionView`].
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) handshake_complete: AtomicU64,
    pub(crate) encrypted: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) refused_connections: AtomicU64,
    pub(crate) bytes_to_agent: AtomicU64,
    pub(crate) bytes_to_client: AtomicU64,
    pub(crate) unacknowledged: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) target: String,
    pub(crate) document: String,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) reason: Option<String>,
    pub(crate) started: SystemTime,
    pub(crate) agent: AgentSettings,
    pub(crate) progress: Progress,
    /// Cancelled when the session is over, so that its agent ends.
    pub(crate) over: CancellationToken,
    /// Cancelled when the agent has forgotten the session.
    pub(crate) forgotten: CancellationToken,
    agent_inbox: mpsc::UnboundedSender<Input>,
    waiting_for_agent: AtomicUsize,
    route: Mutex<Route>,
}

/// What the gateway knows of a session.
#[derive(Debug, Default)]
struct Route {
    over: Option<(TerminatedBy, SystemTime)>,
    tokens: HashMap<String, Instant>,
    client_id: Option<Uuid>,
    client_version: Option<String>,
    client: Option<ClientSocket>,
    generation: u64,
    agent_gone: bool,
    websockets: u64,
    resumes: u64,
    to_agent: Lane,
    to_client: Lane,
}

/// One direction of a route.
#[derive(Debug, Default)]
struct Lane {
    meter: RateMeter,
    /// The highest number that any message had; what is sent again is not above it.
    newest: Option<i64>,
    /// Kept for a side that is not there.
    held: VecDeque<Passing>,
    /// Kept back by the fault "reordering", until the next message has passed.
    kept_back: Option<Passing>,
}

impl Lane {
    /// Notes a number, and says whether it is higher than all before.
    fn is_new(&mut self, number: i64) -> bool {
        let is_new = self.newest.is_none_or(|newest| number > newest);
        if is_new {
            self.newest = Some(number);
        }
        is_new
    }
}

/// A message on its way through the gateway.
#[derive(Debug, Clone)]
pub(crate) struct Passing {
    pub(crate) message: Message,
    pub(crate) frame: Bytes,
}

impl Route {
    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::ToAgent => &mut self.to_agent,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// What StartSession says of a session.
pub(crate) struct NewSession {
    pub(crate) id: String,
    pub(crate) target: String,
    pub(crate) document: String,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) reason: Option<String>,
    pub(crate) agent: AgentSettings,
}

impl Session {
    /// Makes a session, and the inbox that its agent reads.
    pub(crate) fn new(new: NewSession) -> (Arc<Self>, mpsc::UnboundedReceiver<Input>) {
        let (agent_inbox, inbox) = mpsc::unbounded_channel();
        let session = Self {
            id: new.id,
            target: new.target,
            document: new.document,
            parameters: new.parameters,
            reason: new.reason,
            started: SystemTime::now(),
            agent: new.agent,
            progress: Progress::default(),
            over: CancellationToken::new(),
            forgotten: CancellationToken::new(),
            agent_inbox,
            waiting_for_agent: AtomicUsize::new(0),
            route: Mutex::default(),
        };
        (Arc::new(session), inbox)
    }

    pub(crate) fn view(&self) -> SessionView {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let route = lock(&self.route);
        SessionView {
            id: self.id.clone(),
            target: self.target.clone(),
            document: self.document.clone(),
            parameters: self.parameters.clone(),
            reason: self.reason.clone(),
            terminated_by: route.over.map(|(by, _)| by),
            client_connected: route.client.is_some(),
            agent_connected: !route.agent_gone,
            websockets: route.websockets,
            resumes: route.resumes,
            client_version: route.client_version.clone(),
            handshake_complete: count(&self.progress.handshake_complete) > 0,
            encrypted: count(&self.progress.encrypted) > 0,
            connections: count(&self.progress.connections),
            refused_connections: count(&self.progress.refused_connections),
            bytes_to_agent: count(&self.progress.bytes_to_agent),
            bytes_to_client: count(&self.progress.bytes_to_client),
            agent_unacknowledged: count(&self.progress.unacknowledged),
        }
    }

    /// Grows with each session data that passes, and with the handshake's end.
    pub(crate) fn data_passed(&self) -> u64 {
        let progress = &self.progress;
        progress.bytes_to_agent.load(Ordering::Relaxed)
            + progress.bytes_to_client.load(Ordering::Relaxed)
            + progress.handshake_complete.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        lock(&self.route).over.is_some()
    }

    pub(crate) fn ended(&self) -> Option<SystemTime> {
        lock(&self.route).over.map(|(_, at)| at)
    }

    /// Whether the node's agent is away, and not just started again.
    pub(crate) fn is_agent_away(&self) -> bool {
        lock(&self.route).agent_gone && !self.forgotten.is_cancelled()
    }

    pub(crate) fn is_client_connected(&self) -> bool {
        lock(&self.route).client.is_some()
    }

    pub(crate) fn add_token(&self, token: String, resumed: bool) {
        let mut route = lock(&self.route);
        if route.tokens.len() >= MOST_TOKENS {
            route.tokens.clear();
        }
        route.tokens.insert(token, Instant::now());
        route.resumes += u64::from(resumed);
    }

    pub(crate) fn expire_tokens(&self) {
        lock(&self.route).tokens.clear();
    }

    /// Lets a client in; a newer connection replaces the older one. Returns what tells this
    /// connection from others.
    pub(crate) fn open(
        &self,
        service: &Arc<Service>,
        token: &str,
        client_id: Uuid,
        client_version: &str,
        client: ClientSocket,
    ) -> Result<u64, Refused> {
        let mut route = lock(&self.route);
        if route.over.is_some() {
            return Err(Refused::Over);
        }
        let issued = route.tokens.remove(token).ok_or(Refused::Token)?;
        if issued.elapsed() > service.settings.gateway.token_lifetime {
            return Err(Refused::TokenExpired);
        }
        if route.client_id.is_some_and(|known| known != client_id) {
            return Err(Refused::Client);
        }
        if let Some(older) = route.client.take() {
            let close = Item::Close {
                code: 1000,
                reason: "replaced by a newer connection".to_owned(),
            };
            // It may be gone already.
            let _ = older.urgent.send(close);
        }
        route.client_id = Some(client_id);
        route.client_version = Some(client_version.to_owned());
        route.websockets += 1;
        route.generation += 1;
        route.client = Some(client);
        if service.settings.gateway.announce_publication && !route.agent_gone {
            send_item(&route, Item::Frame(publication_frame(service, true)));
        }
        for held in std::mem::take(&mut route.to_client.held) {
            send_item(&route, Item::Frame(held.frame));
        }
        if !route.agent_gone {
            self.tell_agent(Input::ClientOpened);
            self.tell_agent(Input::StartPublication);
        }
        let generation = route.generation;
        drop(route);
        service.note_change();
        Ok(generation)
    }

    /// Notes that a client's WebSocket has ended.
    pub(crate) fn client_gone(&self, service: &Service, generation: u64) {
        let mut route = lock(&self.route);
        if route.generation != generation || route.client.is_none() {
            return;
        }
        route.client = None;
        if service.settings.gateway.publication == Publication::Pause && !route.agent_gone {
            self.tell_agent(Input::PausePublication);
        }
        drop(route);
        service.note_change();
    }

    pub(crate) fn close_client(&self, code: u16, reason: &str) {
        let route = lock(&self.route);
        if let Some(client) = &route.client {
            let reason = reason.to_owned();
            // It may be gone already.
            let _ = client.urgent.send(Item::Close { code, reason });
        }
    }

    pub(crate) fn break_client(&self, service: &Service, how: impl FnOnce(&Breaker)) {
        if let Some(client) = &lock(&self.route).client {
            service.with_stats(|stats| stats.breaks += 1);
            how(&client.breaker);
        }
    }

    pub(crate) fn to_client_raw(&self, item: Item) {
        send_item(&lock(&self.route), item);
    }

    /// Messages that wait for the client's WebSocket.
    pub(crate) fn client_backlog(&self) -> usize {
        lock(&self.route)
            .client
            .as_ref()
            .map_or(0, |client| client.backlog.load(Ordering::Relaxed))
    }

    /// Tells the client that the agent's side is there, or not.
    pub(crate) fn announce(&self, service: &Service, started: bool) {
        self.to_client_raw(Item::Frame(publication_frame(service, started)));
    }

    pub(crate) fn agent_gone(&self, service: &Service) {
        let mut route = lock(&self.route);
        if std::mem::replace(&mut route.agent_gone, true) {
            return;
        }
        if service.settings.gateway.publication == Publication::Pause {
            send_item(&route, Item::Frame(publication_frame(service, false)));
        }
        drop(route);
        service.note_change();
    }

    /// Lets the agent forget the session, for ever.
    pub(crate) fn agent_lost(&self, service: &Service) {
        self.forgotten.cancel();
        self.agent_gone(service);
    }

    pub(crate) fn agent_back(&self, service: &Service) {
        if self.forgotten.is_cancelled() {
            return;
        }
        let mut route = lock(&self.route);
        if !std::mem::replace(&mut route.agent_gone, false) {
            return;
        }
        if service.settings.gateway.publication == Publication::Pause {
            send_item(&route, Item::Frame(publication_frame(service, true)));
        }
        for held in std::mem::take(&mut route.to_agent.held) {
            self.give_agent(held.message);
        }
        if route.websockets > 0 {
            self.tell_agent(Input::ClientOpened);
        }
        self.tell_agent(if route.client.is_some() {
            Input::StartPublication
        } else {
            Input::PausePublication
        });
        drop(route);
        service.note_change();
    }

    pub(crate) fn inject_into_agent(&self) {
        self.tell_agent(Input::Inject(Bytes::from_static(&[
            9, 9, 9, 9, 9, 9, 9, 9, 9,
        ])));
    }

    /// Ends the session: both sides are told, the client's WebSocket is closed. Does nothing
    /// if it is over already.
    pub(crate) fn end(&self, service: &Service, by: TerminatedBy, output: &str) {
        let mut route = lock(&self.route);
        if route.over.is_some() {
            return;
        }
        tracing::info!(session = %self.id, ?by, output, "session over");
        route.over = Some((by, SystemTime::now()));
        route.tokens.clear();
        send_item(
            &route,
            Item::Frame(channel_closed_frame(service, &self.id, output)),
        );
        send_item(
            &route,
            Item::Close {
                code: 1000,
                reason: "session over".to_owned(),
            },
        );
        drop(route);
        self.over.cancel();
        service.note_change();
    }

    /// Takes a message from one side, does to it what the faults say, counts it, and delivers
    /// it to the other.
    pub(crate) fn pass(
        self: &Arc<Self>,
        service: &Arc<Service>,
        direction: Direction,
        passing: Passing,
    ) {
        let message_type = passing.message.message_type;
        let payload = passing.message.payload.len() as u64;
        let is_data = is_data(message_type);

        let mut route = lock(&self.route);
        let carries_new_data = is_data
            && route
                .lane(direction)
                .is_new(passing.message.sequence_number)
            && passing.message.payload_type == PayloadType::Output;
        let limit = service.settings.gateway.rate_limit;
        let (rate, too_fast) = if is_data {
            route.lane(direction).meter.count(Instant::now(), limit)
        } else {
            (0, false)
        };
        service.with_stats(|stats| {
            stats.rate_limit_trips += u64::from(too_fast);
            let side = match direction {
                Direction::ToAgent => &mut stats.from_clients,
                Direction::ToClient => &mut stats.from_agents,
            };
            if is_data {
                side.data_messages += 1;
                side.payload_bytes += payload;
                side.most_a_second = side.most_a_second.max(u64::from(rate));
                side.largest_payload = side.largest_payload.max(payload);
            } else if message_type == MessageType::Acknowledge {
                side.acknowledgements += 1;
            }
        });

        let (fate, due) = service.with_faults_quietly(|faults| {
            let fate = faults.fate(self, direction, message_type);
            let due = if carries_new_data && fate != Fate::Lose {
                faults.passed(self, direction, payload)
            } else {
                Vec::new()
            };
            (fate, due)
        });
        let kept_back = route.lane(direction).kept_back.take();
        match fate {
            Fate::Lose => count_lost(service, direction),
            Fate::Pass => self.deliver(service, &mut route, direction, passing),
            Fate::Twice => {
                self.deliver(service, &mut route, direction, passing.clone());
                self.deliver(service, &mut route, direction, passing);
            }
            Fate::AfterNext => route.lane(direction).kept_back = Some(passing),
        }
        if let Some(kept_back) = kept_back {
            self.deliver(service, &mut route, direction, kept_back);
        }
        if too_fast {
            self.punish(service, &route, direction);
        }
        drop(route);
        if too_fast && direction == Direction::ToClient {
            self.cut_agent(service);
        }
        self.do_due(service, due);
    }

    fn do_due(&self, service: &Arc<Service>, due: Vec<Due>) {
        for cut in due {
            service.apply(&cut.action, Some(&self.id));
            cut.done();
        }
    }

    fn deliver(
        &self,
        service: &Service,
        route: &mut Route,
        direction: Direction,
        passing: Passing,
    ) {
        let present = match direction {
            Direction::ToAgent => !route.agent_gone,
            Direction::ToClient => route.client.is_some() && !route.agent_gone,
        };
        if present {
            match direction {
                Direction::ToAgent => {
                    if !self.give_agent(passing.message) {
                        count_lost(service, direction);
                    }
                }
                Direction::ToClient => send_item(route, Item::Frame(passing.frame)),
            }
            return;
        }
        let agent_sends_into_the_void = direction == Direction::ToClient && route.agent_gone;
        let lane = route.lane(direction);
        let held = match service.settings.gateway.publication {
            Publication::Hold => !agent_sends_into_the_void && lane.held.len() < MOST_HELD,
            Publication::Drop | Publication::Pause => false,
        };
        if held {
            lane.held.push_back(passing);
        } else {
            count_lost(service, direction);
        }
    }

    /// "Swift termination": the other end is paused, the fast one is cut.
    fn punish(&self, service: &Service, route: &Route, direction: Direction) {
        tracing::info!(session = %self.id, ?direction, "too many messages a second");
        match direction {
            Direction::ToAgent => {
                self.tell_agent(Input::PausePublication);
                if let Some(client) = &route.client {
                    client.breaker.drop_connection();
                }
            }
            Direction::ToClient => {
                send_item(route, Item::Frame(publication_frame(service, false)));
            }
        }
    }

    /// Cuts the agent's connection, which it makes anew after the delay of its first retry.
    fn cut_agent(self: &Arc<Self>, service: &Arc<Service>) {
        self.agent_gone(service);
        let session = Arc::clone(self);
        let again = Arc::clone(service);
        service.spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            session.agent_back(&again);
        });
    }

    fn tell_agent(&self, input: Input) {
        // An agent that is gone needs to be told nothing.
        let _ = self.agent_inbox.send(input);
    }

    /// Puts a message into the agent's inbox; `false` if too much waits there already.
    fn give_agent(&self, message: Message) -> bool {
        let size = message.payload.len() + ssm_message::PAYLOAD_OFFSET;
        if self.waiting_for_agent.load(Ordering::Relaxed) + size > MOST_WAITING_FOR_AGENT {
            return false;
        }
        self.waiting_for_agent.fetch_add(size, Ordering::Relaxed);
        self.tell_agent(Input::Message(message));
        true
    }

    /// The agent has taken a message out of its inbox.
    pub(crate) fn agent_took(&self, message: &Message) {
        let size = message.payload.len() + ssm_message::PAYLOAD_OFFSET;
        self.waiting_for_agent.fetch_sub(size, Ordering::Relaxed);
    }
}

fn is_data(message_type: MessageType) -> bool {
    match message_type {
        MessageType::InputStreamData | MessageType::OutputStreamData => true,
        MessageType::Acknowledge
        | MessageType::ChannelClosed
        | MessageType::StartPublication
        | MessageType::PausePublication
        | MessageType::AgentSessionState => false,
    }
}

fn count_lost(service: &Service, direction: Direction) {
    service.with_stats(|stats| match direction {
        Direction::ToAgent => stats.from_clients.lost += 1,
        Direction::ToClient => stats.from_agents.lost += 1,
    });
}

fn send_item(route: &Route, item: Item) {
    if let Some(client) = &route.client {
        if client.backlog.fetch_add(1, Ordering::Relaxed) >= MOST_WAITING_FOR_CLIENT {
            client.breaker.drop_connection();
        }
        // A WebSocket that is just ending takes nothing any more.
        let _ = client.queue.send(item);
    }
}

fn control_message(service: &Service, message_type: MessageType, payload: Bytes) -> Message {
    Message {
        message_type,
        schema_version: 1,
        created_date: unix_millis(),
        sequence_number: 0,
        flags: Flags::NONE,
        message_id: service.with_random(crate::random::Random::uuid),
        payload_type: PayloadType::Other(0),
        payload,
    }
}

/// These two carry a wrong length and no digest (docs/protocol.md, section 3).
fn publication_frame(service: &Service, started: bool) -> Bytes {
    let message_type = if started {
        MessageType::StartPublication
    } else {
        MessageType::PausePublication
    };
    let frame = control_message(service, message_type, Bytes::new()).encode();
    let mut frame = Vec::from(frame);
    if let Some(digest) = frame.get_mut(80..112) {
        digest.fill(0);
    }
    if let Some(last) = frame.get_mut(119) {
        *last = 7;
    }
    frame.into()
}

fn channel_closed_frame(service: &Service, session: &str, output: &str) -> Bytes {
    let body = ChannelClosed {
        message_id: service.with_random(crate::random::Random::uuid).to_string(),
        created_date: unix_millis().to_string(),
        destination_id: session.to_owned(),
        session_id: session.to_owned(),
        message_type: MessageType::ChannelClosed.name().to_owned(),
        schema_version: 1,
        output: output.to_owned(),
    };
    let mut message = control_message(service, MessageType::ChannelClosed, body.encode());
    message.payload_type = PayloadType::Other(261);
    message.encode()
}

pub(crate) fn unix_millis() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}
