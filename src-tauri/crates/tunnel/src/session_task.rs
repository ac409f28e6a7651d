//! The task of one session: everything on the hot path between the WebSocket and the local
//! connections. It decides nothing; the session engine and the tunnel's policy do.

mod local;
mod messages;
mod socket;

use std::collections::HashMap;
use std::future::Future as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;
use tokio::time::{Instant, Sleep, sleep_until};
use tunnel_proto::{
    Close, ClosedBy, ConnectionId, ResetCause, Session, SessionEvent, SessionKey, SocketEnd,
    TAKE_PATIENCE,
};

use self::socket::{CLOSE_PATIENCE, close, close_beside};
use crate::connection::{Connection, FromConnection};
use crate::dial::Socket;
use crate::look::{CONNECTIONS_MOST, Seen, newest};

pub(crate) use self::messages::{Figures, Report, Surroundings, ToSession, Token, Unopened};

/// Frames, commands and chunks that are taken in one go, before what they cause is sent: one
/// write to the socket then carries many acknowledgements.
const BATCH: usize = 64;

/// Chunks of local connections that may wait for the session's task.
const INBOX: usize = 256;

/// How often the figures of a busy session are told.
const FIGURES_PERIOD: Duration = Duration::from_millis(500);

/// Where the timer stands when nothing is due.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct SessionTask {
    key: SessionKey,
    session: Session,
    socket: Option<Box<Socket>>,
    /// The WebSocket that is to take its place at the next quiet moment.
    next_socket: Option<(Box<Socket>, Token)>,
    /// Something was given to the socket that has not been flushed.
    unflushed: bool,
    /// Until then, frames gather.
    gathers_until: Option<Instant>,
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
            gathers_until: None,
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

    /// Runs until it is told to end. Boxed, because what is given to an asynchronous function lies in
    /// its future twice.
    pub(crate) async fn run(mut self: Box<Self>) {
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
        if batch.lost.is_none() && self.session.wants_input() && !self.gathers() {
            self.poll_receive(cx, &mut batch);
        }
        batch.timer = self.timer.as_mut().poll(cx).is_ready();
        if batch.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(batch)
        }
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
                ToSession::Record(answer) => drop(answer.send(self.session.recording(now))),
                ToSession::Discard => return std::ops::ControlFlow::Break(()),
            }
        }
        std::ops::ControlFlow::Continue(())
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
                    let why = match cause {
                        ResetCause::SlowReader => "its reader is too slow",
                    };
                    tracing::warn!(connection = %id, why, "a connection was given up");
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

    /// Whether frames are let gather. The timer rings when they are not any more.
    fn gathers(&mut self) -> bool {
        let now = Instant::now();
        self.gathers_until = self.gathers_until.filter(|until| now < *until);
        self.gathers_until.is_some()
    }

    /// Sets the timer if it would ring too late. Ringing early costs less than setting it anew
    /// for each frame, which moves the next ping's time.
    fn arm_timer(&mut self) {
        let session = self
            .session
            .poll_timeout()
            .map(|(at, _)| Instant::from_std(at));
        let next = [session, self.figures_due, self.gathers_until];
        let next = next.into_iter().flatten().min();
        let next = next.unwrap_or_else(|| Instant::now() + NEVER);
        if self.timer.is_elapsed() || next < self.timer.deadline() {
            self.timer.as_mut().reset(next);
        }
    }
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

#[cfg(test)]
mod tests;
