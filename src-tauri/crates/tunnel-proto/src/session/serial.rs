//! Sessions without smux: one connection at a time (docs/protocol.md, sections 6 and 7).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::ConnectionId;

/// What one connection may have waiting to be sent at most.
const SEND_LIMIT: usize = 256 * 1024;

/// What the current connection may have waiting to be read, before the driver stops reading
/// the WebSocket. There is no other connection that this could stall.
const RECEIVE_LIMIT: usize = 4 * 1024 * 1024;

/// Connections that may be open at once, the one that has the channel included. Each may have
/// [`SEND_LIMIT`] waiting, so this many hold 64 MiB at most.
const CONNECTIONS_MOST: usize = 256;

/// How long the destination may be silent after the local end of file, once it has begun to
/// answer or when nothing was asked.
const HALF_CLOSE_QUIET: Duration = Duration::from_secs(2);

/// How long an unanswered question is waited for after the local end of file.
const HALF_CLOSE_WAIT: Duration = Duration::from_secs(10 * 60);

/// How long the channel must be silent after the agent confirmed that it closed its
/// connection, before the next local one may use it. What comes until then belongs to the last.
const CHANGEOVER_QUIET: Duration = Duration::from_millis(250);

/// What the bytes of the session are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// TCP connections one after another; the agent dials again when data comes after the
    /// flag `DisconnectToPort`.
    Basic,
    /// One stream; its end is the session's end.
    Stream,
}

/// One connection after another over the plain bytes of a session.
///
/// ```text
///            first              end of file, all sent,
///  (none) ───────────▶ Current  ── destination quiet ──▶ Leaving ── flag confirmed, ──▶ next
///                         │                                 ▲         channel quiet
///                         └────────── local side gone ──────┘
/// ```
#[derive(Debug)]
pub(super) struct Serial {
    kind: Kind,
    next_id: u32,
    /// In the order of their arrival; the first one has the channel.
    connections: VecDeque<Connection>,
    /// The first connection's place in its life.
    stage: Stage,
    /// What came before there was any connection: the agent dials when the session starts, and
    /// destinations such as an ssh server speak first. `None` once a connection has it.
    early: Option<Inbound>,
    /// Bytes that a connection should have waiting to be sent at most.
    read_ahead: usize,
    events: VecDeque<SerialEvent>,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Current,
    /// The flag that closes the agent's connection is on its way.
    Leaving,
    /// The flag was confirmed; late bytes of the old connection are dropped.
    Changeover {
        quiet_until: Instant,
    },
}

#[derive(Debug)]
struct Connection {
    id: ConnectionId,
    outbound: VecDeque<Bytes>,
    outbound_bytes: usize,
    room: Room,
    inbound: Inbound,
    /// Something was read, and the silence is not counted anew yet: while something waited
    /// here, more may have waited on the way.
    was_read: bool,
    local: Local,
    last: Last,
}

/// What came in and was not read.
#[derive(Debug, Default)]
struct Inbound {
    chunks: VecDeque<Bytes>,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Local {
    Open,
    EndOfFile,
    /// It has nothing more to say, and the destination is taken to have said everything.
    Finished,
    Gone,
}

/// Whether the local side waits to say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Free,
    /// It was told to wait until half of what may be read ahead is free.
    Awaited,
}

/// Which way the last bytes went, and when.
#[derive(Debug, Clone, Copy)]
enum Last {
    Nothing(Instant),
    Outbound(Instant),
    Inbound(Instant),
}

/// What the session should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SerialEvent {
    Readable(ConnectionId),
    Writable(ConnectionId),
    /// Nothing comes any more; what came can still be read.
    Finished(ConnectionId),
    Closed(ConnectionId),
    /// Send the flag `DisconnectToPort`.
    Disconnect,
}

impl Serial {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            next_id: 1,
            connections: VecDeque::new(),
            stage: Stage::Current,
            early: Some(Inbound::default()),
            read_ahead: SEND_LIMIT,
            events: VecDeque::new(),
        }
    }

    /// Says whether one more connection may wait for its turn.
    pub(super) fn has_room(&self) -> bool {
        self.connections.len() < CONNECTIONS_MOST
    }

    /// How many connections there are, those that wait for their turn included.
    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn open(&mut self, now: Instant) -> ConnectionId {
        let id = ConnectionId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        let inbound = self.early.take().unwrap_or_default();
        if !inbound.chunks.is_empty() {
            self.events.push_back(SerialEvent::Readable(id));
        }
        self.connections.push_back(Connection {
            id,
            outbound: VecDeque::new(),
            outbound_bytes: 0,
            room: Room::Free,
            inbound,
            was_read: false,
            local: Local::Open,
            last: Last::Nothing(now),
        });
        id
    }

    /// Says how many bytes a connection should have waiting to be sent at most from now on.
    pub(super) fn set_read_ahead(&mut self, bytes: usize) {
        self.read_ahead = bytes.min(SEND_LIMIT);
    }

    pub(super) fn send_capacity(&self, id: ConnectionId) -> usize {
        self.connections
            .iter()
            .find(|connection| connection.id == id)
            .map_or(0, |connection| {
                self.read_ahead.saturating_sub(connection.outbound_bytes)
            })
    }

    pub(super) fn write(&mut self, id: ConnectionId, data: Bytes) {
        let half = self.read_ahead / 2;
        if let Some(connection) = self.connection(id)
            && connection.local == Local::Open
        {
            connection.outbound_bytes += data.len();
            connection.outbound.push_back(data);
            if connection.outbound_bytes > half {
                connection.room = Room::Awaited;
            }
        }
    }

    pub(super) fn read(&mut self, id: ConnectionId) -> Option<Bytes> {
        let connection = self.connection(id)?;
        let data = connection.inbound.pop()?;
        connection.was_read = true;
        Some(data)
    }

    /// Says whether nothing comes any more and everything that came was read.
    pub(super) fn is_finished(&self, id: ConnectionId) -> bool {
        self.connections.iter().any(|connection| {
            connection.id == id
                && connection.local == Local::Finished
                && connection.inbound.chunks.is_empty()
        })
    }

    /// The session is over. That is how a stream ends; a connection of several is cut.
    pub(super) fn handle_over(&mut self) {
        match self.kind {
            Kind::Basic => {}
            Kind::Stream => {
                if let Some(first) = self.connections.front_mut()
                    && first.local != Local::Gone
                {
                    first.local = Local::Finished;
                    self.events.push_back(SerialEvent::Finished(first.id));
                }
            }
        }
    }

    pub(super) fn close_write(&mut self, now: Instant, id: ConnectionId) {
        if let Some(connection) = self.connection(id)
            && connection.local == Local::Open
        {
            connection.local = Local::EndOfFile;
        }
        self.settle(now);
    }

    pub(super) fn close(&mut self, now: Instant, id: ConnectionId) {
        if let Some(connection) = self.connection(id) {
            connection.local = Local::Gone;
            connection.inbound = Inbound::default();
        }
        self.settle(now);
    }

    /// Bytes of the session came in.
    pub(super) fn handle_input(&mut self, now: Instant, data: Bytes) {
        match &mut self.stage {
            Stage::Current => {}
            Stage::Leaving => return,
            Stage::Changeover { quiet_until } => {
                *quiet_until = now + CHANGEOVER_QUIET;
                return;
            }
        }
        if data.is_empty() {
            return;
        }
        if let Some(connection) = self.connections.front_mut() {
            connection.last = Last::Inbound(now);
            if connection.local != Local::Gone {
                connection.inbound.push(data);
                self.events.push_back(SerialEvent::Readable(connection.id));
            }
        } else if let Some(early) = &mut self.early {
            early.push(data);
        }
    }

    /// The agent confirmed that it has closed its connection.
    pub(super) fn handle_disconnected(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Leaving) {
            self.stage = Stage::Changeover {
                quiet_until: now + CHANGEOVER_QUIET,
            };
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.settle(now);
    }

    /// Appends what waits to be sent, at most `limit` bytes.
    pub(super) fn poll_transmit(&mut self, now: Instant, out: &mut BytesMut, limit: usize) {
        if !matches!(self.stage, Stage::Current) {
            return;
        }
        let Some(connection) = self.connections.front_mut() else {
            return;
        };
        let mut room = limit;
        while room > 0
            && let Some(data) = connection.outbound.front_mut()
        {
            let part = data.split_to(data.len().min(room));
            room -= part.len();
            out.extend_from_slice(&part);
            if data.is_empty() {
                connection.outbound.pop_front();
            }
        }
        if room < limit {
            connection.outbound_bytes -= limit - room;
            connection.last = Last::Outbound(now);
            if connection.room == Room::Awaited && connection.outbound_bytes <= self.read_ahead / 2
            {
                connection.room = Room::Free;
                self.events.push_back(SerialEvent::Writable(connection.id));
            }
        }
        self.settle(now);
    }

    pub(super) fn pending_bytes(&self) -> usize {
        match self.stage {
            Stage::Current => self
                .connections
                .front()
                .map_or(0, |first| first.outbound_bytes),
            Stage::Leaving | Stage::Changeover { .. } => 0,
        }
    }

    pub(super) fn poll_event(&mut self) -> Option<SerialEvent> {
        self.events.pop_front()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.stage {
            Stage::Current => self.connections.front().and_then(Connection::quiet_until),
            Stage::Leaving => None,
            Stage::Changeover { quiet_until } => Some(quiet_until),
        }
    }

    /// Says whether the current connection's reader is too slow for more input.
    pub(super) fn is_receive_blocked(&self) -> bool {
        let first = self.connections.front().map(|first| &first.inbound);
        first
            .or(self.early.as_ref())
            .is_some_and(|inbound| inbound.bytes >= RECEIVE_LIMIT)
    }

    fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections
            .iter_mut()
            .find(|connection| connection.id == id)
    }

    /// Lets the first connection go when it is done, and the next one have the channel.
    fn settle(&mut self, now: Instant) {
        // Those that only waited leave without a trace.
        let events = &mut self.events;
        let mut position = 0;
        self.connections.retain(|connection| {
            position += 1;
            let leaves = position > 1 && connection.local == Local::Gone;
            if leaves {
                events.push_back(SerialEvent::Closed(connection.id));
            }
            !leaves
        });
        match self.stage {
            Stage::Current => {
                let Some(first) = self.connections.front_mut() else {
                    return;
                };
                if std::mem::take(&mut first.was_read)
                    && let Last::Inbound(at) = &mut first.last
                {
                    *at = now;
                }
                let done = match first.local {
                    Local::Open | Local::Finished => false,
                    Local::EndOfFile => first.quiet_until().is_some_and(|until| until <= now),
                    Local::Gone => first.outbound_bytes == 0,
                };
                if !done {
                    return;
                }
                if first.local == Local::EndOfFile {
                    first.local = Local::Finished;
                    self.events.push_back(SerialEvent::Finished(first.id));
                }
                match (self.kind, first.local) {
                    (Kind::Basic, _) => {
                        self.events.push_back(SerialEvent::Disconnect);
                        self.stage = Stage::Leaving;
                    }
                    // The driver closes it once it has passed the end on.
                    (Kind::Stream, Local::Open | Local::EndOfFile | Local::Finished) => {}
                    (Kind::Stream, Local::Gone) => self.leave(),
                }
            }
            Stage::Leaving => {}
            Stage::Changeover { quiet_until } if quiet_until <= now => self.leave(),
            Stage::Changeover { .. } => {}
        }
    }

    fn leave(&mut self) {
        if let Some(first) = self.connections.pop_front() {
            self.events.push_back(SerialEvent::Closed(first.id));
        }
        self.stage = Stage::Current;
    }
}

impl Connection {
    /// Until when the destination may answer after the local end of file. Its silence means
    /// nothing while something waits in either direction.
    fn quiet_until(&self) -> Option<Instant> {
        let waits = self.outbound_bytes > 0 || !self.inbound.chunks.is_empty();
        if self.local != Local::EndOfFile || waits {
            return None;
        }
        Some(match self.last {
            Last::Nothing(at) | Last::Inbound(at) => at + HALF_CLOSE_QUIET,
            Last::Outbound(at) => at + HALF_CLOSE_WAIT,
        })
    }
}

impl Inbound {
    fn push(&mut self, data: Bytes) {
        self.bytes += data.len();
        self.chunks.push_back(data);
    }

    fn pop(&mut self) -> Option<Bytes> {
        let data = self.chunks.pop_front()?;
        self.bytes -= data.len();
        Some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(serial: &mut Serial) -> Vec<SerialEvent> {
        std::iter::from_fn(|| serial.poll_event()).collect()
    }

    fn sent(serial: &mut Serial, now: Instant, limit: usize) -> Vec<u8> {
        let mut out = BytesMut::new();
        serial.poll_transmit(now, &mut out, limit);
        out.to_vec()
    }

    #[test]
    fn a_second_connection_waits_until_the_first_has_left() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Basic);
        let first = serial.open(now);
        let second = serial.open(now);
        serial.write(second, Bytes::from_static(b"second"));
        serial.write(first, Bytes::from_static(b"first"));
        assert_eq!(sent(&mut serial, now, 3), b"fir");
        assert_eq!(sent(&mut serial, now, 100), b"st");
        assert_eq!(sent(&mut serial, now, 100), b"");

        serial.close(now, first);
        assert_eq!(events(&mut serial), [SerialEvent::Disconnect]);
        // What the agent still sent for the first is not the second's.
        serial.handle_input(now, Bytes::from_static(b"late"));
        serial.handle_disconnected(now);
        serial.handle_input(now, Bytes::from_static(b"later"));
        assert_eq!(sent(&mut serial, now, 100), b"");
        let then = serial.poll_timeout().unwrap();
        serial.handle_timeout(then);
        assert_eq!(events(&mut serial), [SerialEvent::Closed(first)]);
        assert_eq!(sent(&mut serial, then, 100), b"second");
        serial.handle_input(then, Bytes::from_static(b"answer"));
        assert_eq!(serial.read(second).unwrap(), "answer");
        assert!(serial.read(first).is_none());
    }

    #[test]
    fn the_answer_to_a_half_closed_question_is_waited_for() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Basic);
        let id = serial.open(now);
        serial.write(id, Bytes::from_static(b"question"));
        serial.close_write(now, id);
        sent(&mut serial, now, 100);
        assert_eq!(serial.poll_timeout(), Some(now + HALF_CLOSE_WAIT));
        let later = now + Duration::from_secs(60);
        serial.handle_timeout(later);
        serial.handle_input(later, Bytes::from_static(b"answer"));
        assert_eq!(serial.read(id).unwrap(), "answer");
        serial.handle_timeout(later);
        assert_eq!(serial.poll_timeout(), Some(later + HALF_CLOSE_QUIET));
        events(&mut serial);
        serial.handle_timeout(later + HALF_CLOSE_QUIET);
        assert_eq!(
            events(&mut serial),
            [SerialEvent::Finished(id), SerialEvent::Disconnect]
        );
    }

    #[test]
    fn a_connection_that_leaves_while_it_waits_disturbs_nobody() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Basic);
        let first = serial.open(now);
        let second = serial.open(now);
        serial.close(now, second);
        assert_eq!(events(&mut serial), [SerialEvent::Closed(second)]);
        serial.write(first, Bytes::from_static(b"x"));
        assert_eq!(sent(&mut serial, now, 100), b"x");
    }

    #[test]
    fn what_is_read_ahead_follows_what_it_is_told() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Basic);
        let id = serial.open(now);
        serial.set_read_ahead(1_000);
        assert_eq!(serial.send_capacity(id), 1_000);
        serial.write(id, vec![0; 1_000].into());
        // Half of what may be is free at once now, and is told when the next bytes go.
        serial.set_read_ahead(3_000);
        assert_eq!(sent(&mut serial, now, 1).len(), 1);
        assert_eq!(events(&mut serial), [SerialEvent::Writable(id)]);
        serial.write(id, vec![0; 2_001].into());
        serial.set_read_ahead(200);
        assert_eq!(serial.send_capacity(id), 0);
        assert_eq!(sent(&mut serial, now, 2_899).len(), 2_899);
        assert_eq!(events(&mut serial), []);
        sent(&mut serial, now, 1);
        assert_eq!(events(&mut serial), [SerialEvent::Writable(id)]);
        assert_eq!(serial.send_capacity(id), 100);
    }

    #[test]
    fn a_reader_that_does_not_read_blocks_the_input() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Stream);
        let id = serial.open(now);
        for _ in 0..4 {
            assert!(!serial.is_receive_blocked());
            serial.handle_input(now, vec![0; RECEIVE_LIMIT / 4].into());
        }
        assert!(serial.is_receive_blocked());
        serial.read(id);
        assert!(!serial.is_receive_blocked());
    }

    #[test]
    fn the_end_of_a_stream_needs_no_flag() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Stream);
        let id = serial.open(now);
        serial.close(now, id);
        assert_eq!(events(&mut serial), [SerialEvent::Closed(id)]);
    }

    #[test]
    fn what_the_destination_says_first_waits_for_the_first_connection() {
        let now = Instant::now();
        for kind in [Kind::Basic, Kind::Stream] {
            let mut serial = Serial::new(kind);
            serial.handle_input(now, Bytes::from_static(b"SSH-2.0-"));
            serial.handle_input(now, Bytes::from_static(b"server\r\n"));
            assert_eq!(events(&mut serial), []);
            let id = serial.open(now);
            assert_eq!(events(&mut serial), [SerialEvent::Readable(id)]);
            assert_eq!(serial.read(id).unwrap(), "SSH-2.0-");
            assert_eq!(serial.read(id).unwrap(), "server\r\n");
            assert_eq!(serial.read(id), None);
        }
    }

    #[test]
    fn what_nobody_reads_before_the_first_connection_blocks_the_input() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Stream);
        serial.handle_input(now, vec![0; RECEIVE_LIMIT].into());
        assert!(serial.is_receive_blocked());
        let id = serial.open(now);
        assert!(serial.is_receive_blocked());
        serial.read(id);
        assert!(!serial.is_receive_blocked());
    }

    #[test]
    fn an_answer_that_is_read_slowly_is_not_cut_off_after_a_half_close() {
        let now = Instant::now();
        for kind in [Kind::Basic, Kind::Stream] {
            let mut serial = Serial::new(kind);
            let id = serial.open(now);
            serial.close_write(now, id);
            serial.handle_input(now, Bytes::from_static(b"answer"));
            assert_eq!(serial.poll_timeout(), None);
            let later = now + Duration::from_secs(60);
            serial.handle_timeout(later);
            assert_eq!(events(&mut serial), [SerialEvent::Readable(id)]);
            assert!(!serial.is_finished(id));
            // Nothing could come while nobody read: only now does silence mean anything.
            assert_eq!(serial.read(id).unwrap(), "answer");
            assert!(serial.poll_timeout().is_some_and(|at| at <= later));
            serial.handle_timeout(later);
            assert_eq!(serial.poll_timeout(), Some(later + HALF_CLOSE_QUIET));
        }
    }

    #[test]
    fn a_half_closed_connection_ends_in_order() {
        let now = Instant::now();
        let then = now + HALF_CLOSE_QUIET;
        let mut serial = Serial::new(Kind::Basic);
        let id = serial.open(now);
        serial.close_write(now, id);
        serial.handle_timeout(then);
        assert_eq!(
            events(&mut serial),
            [SerialEvent::Finished(id), SerialEvent::Disconnect]
        );
        assert!(serial.is_finished(id));

        let mut serial = Serial::new(Kind::Stream);
        let id = serial.open(now);
        serial.close_write(now, id);
        serial.handle_timeout(then);
        assert_eq!(events(&mut serial), [SerialEvent::Finished(id)]);
        assert!(serial.is_finished(id));
        assert_eq!(serial.poll_timeout(), None);
        serial.close(then, id);
        assert_eq!(events(&mut serial), [SerialEvent::Closed(id)]);
    }

    #[test]
    fn the_end_of_the_session_is_the_end_of_its_stream_behind_what_came_before() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Stream);
        let id = serial.open(now);
        serial.handle_input(now, Bytes::from_static(b"bye"));
        serial.handle_over();
        assert!(!serial.is_finished(id));
        assert_eq!(
            events(&mut serial),
            [SerialEvent::Readable(id), SerialEvent::Finished(id)]
        );
        assert_eq!(serial.read(id).unwrap(), "bye");
        assert!(serial.is_finished(id));

        // One TCP connection of several: whether its destination had closed, nobody knows.
        let mut serial = Serial::new(Kind::Basic);
        let id = serial.open(now);
        serial.handle_over();
        assert!(!serial.is_finished(id));
    }

    #[test]
    fn only_so_many_connections_wait_for_their_turn() {
        let now = Instant::now();
        let mut serial = Serial::new(Kind::Basic);
        for _ in 0..CONNECTIONS_MOST {
            assert!(serial.has_room());
            serial.open(now);
        }
        assert!(!serial.has_room());
    }
}
