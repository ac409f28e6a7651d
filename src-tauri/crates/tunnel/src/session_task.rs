//! The task of one session: everything on the hot path between the WebSocket and the local
//! connections. It decides nothing; the session engine and the tunnel's policy do.

use std::collections::HashMap;
use std::fmt;
use std::future::Future as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink as _, Stream as _};
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tunnel_proto::{
    Clock, Close, ClosedBy, ConnectionId, DataKey, Facts, Illness, Learned, Load, Loss, Problem,
    Session, SessionEvent, SessionKey, SocketEnd, TAKE_PATIENCE, Transmit, Vitals,
};

use crate::connection::{Connection, FromConnection};
use crate::dial::Socket;
use crate::listen::Caller;
use crate::local_peer::LocalPeers;
use crate::look::{CONNECTIONS_MOST, Seen, newest};
use crate::route::Route;

/// Frames, commands and chunks that are taken in one go, before what they cause is sent: one
/// write to the socket then carries many acknowledgements.
const BATCH: usize = 64;

/// Chunks of local connections that may wait for the session's task.
const INBOX: usize = 256;

/// How often the figures of a busy session are told.
const FIGURES_PERIOD: Duration = Duration::from_millis(500);

/// How long a WebSocket that is no longer wanted may take to be closed in order.
const CLOSE_PATIENCE: Duration = Duration::from_millis(300);

/// Where the timer stands when nothing is due.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Sent to a session's task.
#[derive(Debug)]
pub(crate) enum ToSession {
    /// A WebSocket, and the token that opens the channel on it.
    Socket(Box<Socket>, Token),
    /// A WebSocket that takes the place of the present one at a quiet moment.
    Renewal(Box<Socket>, Token),
    /// Say when nothing is on its way.
    AwaitQuiet,
    /// Close the WebSocket in order, and say nothing of it.
    Close,
    /// Find out whether the WebSocket still works.
    CheckPath,
    /// The machine is about to sleep.
    Sleep,
    /// A local connection to carry.
    Connect(Caller),
    /// The answer to [`Report::DataKeyNeeded`].
    DataKey(Result<DataKey, Problem>),
    /// Ask the agent to end the session.
    SendEnd,
    /// Say how the session and its connections are.
    Look(oneshot::Sender<Seen>),
    /// End the task, its WebSocket and its connections.
    Discard,
}

/// What opens the data channel. Secret.
pub(crate) struct Token(pub(crate) String);

/// Leaves the secret out.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Said by a session's task.
#[derive(Debug)]
pub(crate) enum Report {
    Established(Facts),
    DataKeyNeeded {
        key_id: String,
    },
    Lost(Loss),
    Over(Problem, Vitals),
    Degraded(Option<Illness>),
    Load(Load),
    /// Nothing is on its way.
    Quiet(Vitals),
    /// The WebSocket of a renewal is in use.
    Renewed,
    /// It was dropped.
    RenewalMissed,
    /// The agent has acknowledged that the session ends, or can't be told.
    FlagDone,
    Notice(Problem),
    /// The target could not connect to the destination for a connection.
    Unreached(Problem),
    /// The tunnel's next sessions should know this.
    Learned(Learned),
    /// A connection has ended.
    Finished,
    /// A connection that was placed on the session could not begin on it.
    Unopened(Caller, Unopened),
    /// The figures have changed.
    Figures,
}

/// Why a connection could not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// The session is over, which the tunnel hears at about the same time.
    Over,
    /// It carries as many as it can.
    Full,
}

/// Figures of a tunnel, summed over its sessions.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) bytes_up: AtomicU64,
    pub(crate) bytes_down: AtomicU64,
    /// Milliseconds; `u32::MAX` while it is not known.
    pub(crate) round_trip_ms: AtomicU32,
}

/// What a session's task needs of its tunnel.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) reports: mpsc::Sender<(SessionKey, Report)>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) peers: LocalPeers,
    pub(crate) clock: Clock,
    pub(crate) route: Arc<Route>,
}

pub(crate) struct SessionTask {
    key: SessionKey,
    session: Session,
    socket: Option<Box<Socket>>,
    /// The WebSocket that is to take its place at the next quiet moment.
    next_socket: Option<(Box<Socket>, Token)>,
    /// Something was given to the socket that has not been flushed.
    unflushed: bool,
    commands: mpsc::Receiver<ToSession>,
    inbox: mpsc::Receiver<FromConnection>,
    to_inbox: mpsc::Sender<FromConnection>,
    connections: HashMap<ConnectionId, Connection>,
    surroundings: Surroundings,
    timer: Pin<Box<Sleep>>,
    /// When the figures are to be told; `None` while they have not changed.
    figures_due: Option<Instant>,
    /// Payload bytes from its connections since it was started.
    bytes_up: u64,
    /// Payload bytes to its connections since it was started.
    bytes_down: u64,
    /// Reports that have not been sent yet.
    outbox: Vec<Report>,
}

/// What one look around has found.
#[derive(Default)]
struct Batch {
    commands: Vec<ToSession>,
    chunks: Vec<FromConnection>,
    frames: Vec<Bytes>,
    /// The session has events.
    events: bool,
    /// A ping or pong came.
    life: bool,
    lost: Option<(Close, ClosedBy)>,
    timer: bool,
    /// Nobody can send commands any more.
    orphaned: bool,
}

impl SessionTask {
    pub(crate) fn new(
        key: SessionKey,
        session: Session,
        commands: mpsc::Receiver<ToSession>,
        surroundings: Surroundings,
    ) -> Self {
        let (to_inbox, inbox) = mpsc::channel(INBOX);
        Self {
            key,
            session,
            socket: None,
            next_socket: None,
            unflushed: false,
            commands,
            inbox,
            to_inbox,
            connections: HashMap::new(),
            surroundings,
            timer: Box::pin(sleep_until(Instant::now())),
            figures_due: None,
            bytes_up: 0,
            bytes_down: 0,
            outbox: Vec::new(),
        }
    }

    /// Runs until it is told to end.
    pub(crate) async fn run(mut self) {
        loop {
            self.deliver(Instant::now().into_std());
            self.send_reports().await;
            let batch = poll_fn(|cx| self.poll(cx)).await;
            if self.handle(batch).is_break() {
                break;
            }
        }
        self.connections.clear();
        // What could not begin here is still to be placed elsewhere.
        self.send_reports().await;
        if let Some(mut socket) = self.socket.take() {
            let _ = tokio::time::timeout(CLOSE_PATIENCE, close(&mut socket)).await;
        }
    }

    async fn send_reports(&mut self) {
        for report in self.outbox.drain(..) {
            let sent = self.surroundings.reports.send((self.key, report)).await;
            // A tunnel that does not listen any more is about to drop the commands too.
            if let Err(SendError((_, Report::Unopened(caller, _)))) = sent {
                caller.local.refuse();
            }
        }
    }

    /// Sends what can be sent and collects everything that is there.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Batch> {
        let mut batch = Batch::default();
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            batch.lost = Some(self.broken(&error));
        }
        // Sending may have given local readers room, and started timers.
        batch.events = self.session.has_events();
        self.arm_timer();
        match self.commands.poll_recv_many(cx, &mut batch.commands, BATCH) {
            Poll::Ready(0) => batch.orphaned = true,
            Poll::Ready(_) | Poll::Pending => {}
        }
        let _ = self.inbox.poll_recv_many(cx, &mut batch.chunks, BATCH);
        if batch.lost.is_none() && self.session.wants_input() {
            self.poll_receive(cx, &mut batch);
        }
        batch.timer = self.timer.as_mut().poll(cx).is_ready();
        if batch.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(batch)
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        let Some(socket) = &mut self.socket else {
            return Poll::Pending;
        };
        let mut socket = Pin::new(&mut **socket);
        let now = Instant::now().into_std();
        loop {
            if socket.as_mut().poll_ready(cx)?.is_pending() {
                return Poll::Pending;
            }
            let Some(transmit) = self.session.poll_transmit(now) else {
                break;
            };
            let message = match transmit {
                Transmit::Text(text) => Message::text(text),
                Transmit::Binary(frame) => Message::Binary(frame),
                Transmit::Ping => Message::Ping(Bytes::new()),
            };
            socket.as_mut().start_send(message)?;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(socket.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, batch: &mut Batch) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        while batch.frames.len() < BATCH {
            let Poll::Ready(next) = Pin::new(&mut **socket).poll_next(cx) else {
                return;
            };
            match next {
                Some(Ok(Message::Binary(frame))) => batch.frames.push(frame),
                // Text carries nothing in this direction.
                Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_),
                )) => {
                    batch.life = true;
                    // The answer to a ping waits in the socket's buffer.
                    self.unflushed = true;
                }
                Some(Ok(Message::Close(frame))) => {
                    batch.lost = Some(self.closed(frame));
                    return;
                }
                Some(Err(error)) => {
                    batch.lost = Some(self.broken(&error));
                    return;
                }
                None => {
                    let close = self.close_record(None, "the connection ended");
                    batch.lost = Some((close, ClosedBy::Network));
                    return;
                }
            }
        }
        // There may be more: come back after these.
        cx.waker().wake_by_ref();
    }

    fn handle(&mut self, batch: Batch) -> std::ops::ControlFlow<()> {
        let now = Instant::now().into_std();
        if batch.orphaned {
            return std::ops::ControlFlow::Break(());
        }
        for frame in batch.frames {
            self.session.handle_input(now, frame);
        }
        if batch.life {
            self.session.handle_life(now);
        }
        for chunk in batch.chunks {
            self.handle_connection(now, chunk);
        }
        if batch.timer {
            self.session.handle_timeout(now);
            self.tell_figures();
        }
        // What came on the old WebSocket counts before its end does.
        self.deliver(now);
        if let Some((close, by)) = batch.lost {
            self.drop_socket(now, close, by);
        }
        for command in batch.commands {
            match command {
                ToSession::Socket(socket, token) => self.use_socket(now, socket, token),
                ToSession::Renewal(socket, token) if self.socket.is_none() => {
                    self.use_socket(now, socket, token);
                    self.report(Report::Renewed);
                }
                ToSession::Renewal(socket, token) => {
                    self.next_socket = Some((socket, token));
                    self.session.await_quiet(now, Some(TAKE_PATIENCE));
                }
                ToSession::AwaitQuiet => self.session.await_quiet(now, None),
                ToSession::Close => {
                    if let Some(socket) = self.socket.take() {
                        close_beside(socket);
                        self.session.handle_disconnected(now, SocketEnd::Orderly);
                    }
                }
                ToSession::CheckPath => self.session.check_path(now),
                ToSession::Sleep => self.session.handle_sleep(now),
                ToSession::Connect(caller) => self.connect(now, caller),
                ToSession::DataKey(key) => self.session.handle_data_key(now, key),
                ToSession::SendEnd => {
                    if !self.session.send_end(now) {
                        self.report(Report::FlagDone);
                    }
                }
                // Whoever asked may have gone.
                ToSession::Look(answer) => drop(answer.send(self.look(now))),
                ToSession::Discard => return std::ops::ControlFlow::Break(()),
            }
        }
        std::ops::ControlFlow::Continue(())
    }

    fn handle_connection(&mut self, now: std::time::Instant, from: FromConnection) {
        match from {
            FromConnection::Data(id, data) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    let count = data.len();
                    connection.take(count);
                    self.session.write(now, id, data);
                    self.count(Direction::Up, count);
                    self.settle(id);
                }
            }
            FromConnection::EndOfFile(id) => self.session.close_write(now, id),
            FromConnection::Gone(id) => {
                self.connections.remove(&id);
                self.session.close(now, id);
            }
            FromConnection::Drained(id) => self.pump(now, id),
        }
    }

    /// Gives the local reader back what the session has sent on.
    fn settle(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.settle(self.session.unsent(id));
        }
    }

    fn connect(&mut self, now: std::time::Instant, caller: Caller) {
        let Some(id) = self.session.open(now) else {
            // Whoever places it anew has to know first what has become of this session.
            self.deliver(now);
            let why = match self.session.outcome() {
                Some(_) => Unopened::Over,
                None => Unopened::Full,
            };
            self.report(Report::Unopened(caller, why));
            return;
        };
        tracing::debug!(connection = %id, "a connection begins");
        let capacity = self.session.send_capacity(id);
        let connection = Connection::start(
            id,
            caller.local,
            capacity,
            self.to_inbox.clone(),
            self.surroundings.peers.clone(),
        );
        self.connections.insert(id, connection);
    }

    /// Moves what the session has for a connection to its writer.
    fn pump(&mut self, now: std::time::Instant, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let mut count = 0;
        while connection.can_write()
            && let Some(data) = self.session.read(now, id)
        {
            count += data.len();
            connection.write(data);
        }
        if count > 0 {
            connection.count_down(count);
            self.count(Direction::Down, count);
        }
        if self.session.is_finished(id)
            && let Some(connection) = self.connections.remove(&id)
        {
            connection.finish();
            self.session.close(now, id);
        }
    }

    /// Acts on what the session says about connections, and passes the rest on.
    fn deliver(&mut self, now: std::time::Instant) {
        while let Some(event) = self.session.poll_event() {
            match event {
                SessionEvent::Readable(id) | SessionEvent::Finished(id) => self.pump(now, id),
                SessionEvent::Writable(id) => self.settle(id),
                SessionEvent::ConnectFailed(id) => {
                    let connection = self.connections.remove(&id);
                    let from = connection.and_then(|one| one.seen().far_end.address());
                    self.session.close(now, id);
                    let refused = self.surroundings.route.refused(from);
                    self.report(Report::Unreached(refused));
                }
                SessionEvent::Reset(id, cause) => {
                    tracing::warn!(connection = %id, ?cause, "a connection was given up");
                    self.connections.remove(&id);
                    let slow = self.surroundings.route.slow_reader();
                    self.report(Report::Notice(slow));
                }
                SessionEvent::Closed(id) => {
                    tracing::debug!(connection = %id, "a connection is over");
                    self.connections.remove(&id);
                    self.report(Report::Finished);
                }
                SessionEvent::Established(facts) => self.report(Report::Established(facts)),
                SessionEvent::DataKeyNeeded { key_id } => {
                    self.report(Report::DataKeyNeeded { key_id });
                }
                SessionEvent::EndConfirmed => self.report(Report::FlagDone),
                SessionEvent::PathDead { silence } => {
                    let seconds = silence.as_secs();
                    let reason = format!("no answer for {seconds} s");
                    self.drop_socket(now, self.close_record(None, reason), ClosedBy::Deadline);
                }
                SessionEvent::Degraded(illness) => self.report(Report::Degraded(illness)),
                SessionEvent::Load(load) => self.report(Report::Load(load)),
                SessionEvent::Quiet => self.handle_quiet(now),
                SessionEvent::NotQuiet => {
                    if let Some((socket, _)) = self.next_socket.take() {
                        close_beside(socket);
                        self.report(Report::RenewalMissed);
                    }
                }
                SessionEvent::Over(problem) => {
                    let vitals = self.session.vitals(now);
                    self.report(Report::Over(problem, vitals));
                }
                SessionEvent::Notice(problem) => self.report(Report::Notice(problem)),
                SessionEvent::Learned(learned) => self.report(Report::Learned(learned)),
            }
        }
    }

    /// The WebSocket is gone. Whoever ended it first is named; what comes later finds none.
    fn drop_socket(&mut self, now: std::time::Instant, close: Close, closed_by: ClosedBy) {
        if self.socket.take().is_none() {
            return;
        }
        let loss = Loss {
            vitals: self.session.vitals(now),
            progressed: self.session.has_progressed(),
            close,
            closed_by,
        };
        let end = match loss.close.code {
            Some(1000) => SocketEnd::Orderly,
            Some(_) | None => SocketEnd::Broken,
        };
        self.session.handle_disconnected(now, end);
        self.report(Report::Lost(loss));
        // The one that was to take its place does so now.
        if let Some((socket, token)) = self.next_socket.take() {
            self.session.cancel_quiet();
            self.use_socket(now, socket, token);
            self.report(Report::Renewed);
        }
    }

    fn use_socket(&mut self, now: std::time::Instant, socket: Box<Socket>, Token(token): Token) {
        tracing::debug!("a WebSocket is in use");
        self.socket = Some(socket);
        self.unflushed = false;
        self.session.handle_connected(now, token);
    }

    /// Nothing is on its way: the moment for a new WebSocket.
    fn handle_quiet(&mut self, now: std::time::Instant) {
        let Some((socket, token)) = self.next_socket.take() else {
            let vitals = self.session.vitals(now);
            return self.report(Report::Quiet(vitals));
        };
        if let Some(old) = self.socket.take() {
            close_beside(old);
            self.session.handle_disconnected(now, SocketEnd::Orderly);
        }
        self.use_socket(now, socket, token);
        self.report(Report::Renewed);
    }

    /// How the session and its connections are, for somebody who looks at the tunnel.
    fn look(&self, now: std::time::Instant) -> Seen {
        let connections = self.connections.values().map(Connection::seen).collect();
        Seen {
            vitals: self.session.vitals(now),
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
            connections: newest(connections, CONNECTIONS_MOST),
        }
    }

    fn report(&mut self, report: Report) {
        self.outbox.push(report);
    }

    fn count(&mut self, direction: Direction, bytes: usize) {
        let figures = &self.surroundings.figures;
        let (counter, own) = match direction {
            Direction::Up => (&figures.bytes_up, &mut self.bytes_up),
            Direction::Down => (&figures.bytes_down, &mut self.bytes_down),
        };
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
        *own += bytes as u64;
        if self.figures_due.is_none() {
            self.figures_due = Some(Instant::now() + FIGURES_PERIOD);
        }
    }

    fn tell_figures(&mut self) {
        if self.figures_due.is_some_and(|due| due <= Instant::now()) {
            self.figures_due = None;
            let round_trip = self.session.round_trip().map(|rtt| rtt.as_millis());
            if let Some(Ok(millis)) = round_trip.map(u32::try_from) {
                self.surroundings
                    .figures
                    .round_trip_ms
                    .store(millis, Ordering::Relaxed);
            }
            self.report(Report::Figures);
        }
    }

    /// Sets the timer if it would ring too late. Ringing early costs less than setting it anew
    /// for each frame, which moves the next ping's time.
    fn arm_timer(&mut self) {
        let session = self
            .session
            .poll_timeout()
            .map(|(at, _)| Instant::from_std(at));
        let next = [session, self.figures_due].into_iter().flatten().min();
        let next = next.unwrap_or_else(|| Instant::now() + NEVER);
        if self.timer.is_elapsed() || next < self.timer.deadline() {
            self.timer.as_mut().reset(next);
        }
    }

    fn close_record(&self, code: Option<u16>, reason: impl Into<String>) -> Close {
        let at = self.surroundings.clock.unix_ms(Instant::now().into_std());
        Close {
            at,
            code,
            reason: reason.into(),
        }
    }

    /// The gateway closed the WebSocket in order.
    fn closed(&self, frame: Option<CloseFrame>) -> (Close, ClosedBy) {
        let close = match frame {
            Some(frame) => self.close_record(Some(frame.code.into()), frame.reason.as_str()),
            // RFC 6455, section 7.1.5: a close frame without a body counts as 1005.
            None => self.close_record(Some(1005), ""),
        };
        (close, ClosedBy::Gateway)
    }

    /// The connection under the WebSocket broke.
    fn broken(&self, error: &SocketError) -> (Close, ClosedBy) {
        (
            self.close_record(None, error.to_string()),
            ClosedBy::Network,
        )
    }
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Up,
    Down,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.commands.is_empty()
            && self.chunks.is_empty()
            && self.frames.is_empty()
            && self.lost.is_none()
            && !self.events
            && !self.life
            && !self.timer
            && !self.orphaned
    }
}

/// Closes a WebSocket that nobody waits for any more.
fn close_beside(mut socket: Box<Socket>) {
    tokio::spawn(async move {
        let _ = tokio::time::timeout(CLOSE_PATIENCE, close(&mut socket)).await;
    });
}

async fn close(socket: &mut Socket) {
    let frame = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    // The other side may be gone; there is nobody to tell.
    let _ = socket.close(Some(frame)).await;
}

#[cfg(test)]
mod tests;
