use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use crate::frame::HEADER_LENGTH;
use crate::holds::Holds;
use crate::receive::{Blocked, Parser};
use crate::stream::{Direction, Hold, ReadSide, Stream, WriteSide};
use crate::turns::Turns;
use crate::{
    Config, Error, Event, OpenError, ResetReason, Role, StreamId, TimerReason, WriteError,
};

/// The ids of a client start here: the reference implementation skips 1.
const FIRST_CLIENT_ID: u32 = 3;

/// One smux session: many streams over one ordered stream of bytes.
///
/// The crate's documentation says in which loop to call these methods and what rules they follow.
#[derive(Debug)]
pub struct Mux {
    pub(crate) role: Role,
    pub(crate) config: Config,
    pub(crate) streams: BTreeMap<StreamId, Stream>,
    /// The id of the next stream to open; `None` when all are used.
    next_id: Option<u32>,
    pub(crate) events: VecDeque<Event>,

    /// Streams with something to send.
    pub(crate) turns: Turns,
    /// Streams that the peer opened and that are refused with a FIN.
    pub(crate) refused: VecDeque<StreamId>,
    pub(crate) nop_due: bool,
    pub(crate) next_nop: Option<Instant>,
    /// Bytes of data in all send queues.
    pub(crate) send_total: usize,
    /// Bytes that all of them should hold at most.
    read_ahead: usize,

    pub(crate) parser: Parser,
    pub(crate) failed: Option<Error>,
    /// What all unread data is charged with.
    pub(crate) receive_total: usize,
    /// Streams whose read side is open: those that a stop of reading would hurt.
    pub(crate) receiving: usize,
    pub(crate) blocked: Option<Blocked>,

    pub(crate) holds: Holds,
}

impl Mux {
    /// Makes a session without streams.
    pub fn new(role: Role, config: Config) -> Self {
        Self {
            role,
            read_ahead: usize::MAX,
            config,
            streams: BTreeMap::new(),
            next_id: Some(FIRST_CLIENT_ID),
            events: VecDeque::new(),
            turns: Turns::default(),
            refused: VecDeque::new(),
            nop_due: false,
            next_nop: None,
            send_total: 0,
            parser: Parser::default(),
            failed: None,
            receive_total: 0,
            receiving: 0,
            blocked: None,
            holds: Holds::default(),
        }
    }

    /// Opens a stream and queues its SYN. It can be written to at once.
    ///
    /// # Errors
    ///
    /// All ids are used, too many streams are open, or this is the server.
    pub fn open(&mut self, _now: Instant) -> Result<StreamId, OpenError> {
        match self.role {
            Role::Client => {}
            Role::Server => return Err(OpenError::ServerRole),
        }
        let id = self.next_id.ok_or(OpenError::IdsExhausted)?;
        if self.streams.len() >= self.config.max_streams {
            return Err(OpenError::TooManyStreams {
                most: self.config.max_streams,
                got: self.streams.len(),
            });
        }
        self.next_id = id.checked_add(2);
        let id = StreamId::new(id);
        self.insert(id, Stream::new(true));
        self.activate(id);
        Ok(id)
    }

    /// Says how many bytes all streams together should queue to send at most from now on, such as what
    /// the window below can send. Those that have something to send share them evenly, but for two
    /// turns that each may queue: one that is sent while the next is read. Before, and at most,
    /// each may queue [`Config::stream_send_limit`]. What is queued already stays.
    pub fn set_read_ahead(&mut self, bytes: usize) {
        self.read_ahead = bytes;
    }

    /// What each stream should queue at most.
    fn stream_read_ahead(&self) -> usize {
        let turns = self.config.quantum.saturating_mul(2);
        let part = self.read_ahead / self.turns.len().max(1);
        part.max(turns.min(self.read_ahead))
            .min(self.config.stream_send_limit)
    }

    /// Returns how many bytes to read of the local side now for [`write`](Self::write); 0 when the
    /// stream is closed for writing, by either side, or unknown.
    pub fn send_capacity(&self, id: StreamId) -> usize {
        match self.streams.get(&id) {
            Some(stream) if stream.write == WriteSide::Open && stream.read == ReadSide::Open => {
                self.stream_read_ahead().saturating_sub(stream.send.len())
            }
            Some(_) | None => 0,
        }
    }

    /// Queues data of a stream. A piece is not copied until it goes into a frame, unless it is small
    /// and others wait before it; so hand in pieces that own about as much memory as they are long, or that
    /// share theirs with their neighbours.
    ///
    /// # Errors
    ///
    /// The stream would have more than [`Config::stream_send_limit`] queued, or takes no data any
    /// more. Then nothing of it is queued. What [`send_capacity`](Self::send_capacity) once said is
    /// always taken, although it may be less by now.
    pub fn write(&mut self, _now: Instant, id: StreamId, data: Bytes) -> Result<(), WriteError> {
        let limit = self.config.stream_send_limit;
        let read_ahead = self.stream_read_ahead();
        let stream = self
            .streams
            .get_mut(&id)
            .ok_or(WriteError::UnknownStream(id))?;
        match (stream.write, stream.read) {
            (WriteSide::Open, ReadSide::Open) => {}
            (WriteSide::Open, ReadSide::Finished | ReadSide::Done | ReadSide::Discarding) => {
                return Err(WriteError::PeerClosed(id));
            }
            (WriteSide::Held(_) | WriteSide::Due | WriteSide::Sent, _) => {
                return Err(WriteError::WriteClosed(id));
            }
        }
        let most = limit.saturating_sub(stream.send.len());
        if data.len() > most {
            stream.awaited_room = Some(data.len());
            return Err(WriteError::Capacity {
                most,
                got: data.len(),
            });
        }
        if data.is_empty() {
            return Ok(());
        }
        stream.last = Some(Direction::Outbound);
        self.send_total += data.len();
        stream.send.push(data);
        if stream.send.len() > read_ahead / 2 {
            stream.awaited_room.get_or_insert(0);
        }
        self.activate(id);
        Ok(())
    }

    /// Takes the next piece of what the peer sent, or `None` when there is none now.
    ///
    /// A piece is never empty. It is a slice of the input where that is cheap to keep.
    pub fn read(&mut self, id: StreamId) -> Option<Bytes> {
        let stream = self.streams.get_mut(&id)?;
        let before = stream.receive.cost();
        let piece = stream.receive.pop();
        self.receive_total -= before - stream.receive.cost();
        if stream.receive.is_empty() {
            stream.announced = false;
        }
        self.unblock_if_read(id);
        piece
    }

    /// Returns whether the peer's FIN is here and everything before it was read.
    ///
    /// `false` for a stream that was closed here, was reset, or is unknown.
    pub fn is_finished(&self, id: StreamId) -> bool {
        self.streams
            .get(&id)
            .is_some_and(|s| s.read == ReadSide::Finished && s.receive.is_empty())
    }

    /// Notes that the local side has said everything: what is queued is sent, the FIN is held
    /// back as the crate's documentation explains.
    ///
    /// Does nothing when the stream is closed for writing already, or unknown.
    pub fn close_write(&mut self, now: Instant, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        if stream.write != WriteSide::Open {
            return;
        }
        stream.awaited_room = None;
        if stream.read != ReadSide::Open {
            self.fin(id);
            return;
        }
        stream.write = WriteSide::Held(match (stream.last, stream.send.is_empty()) {
            (_, false) | (Some(Direction::Outbound), true) => Hold::Wait,
            (Some(Direction::Inbound), true) => Hold::Quiet,
            (None, true) => Hold::AnswerQuiet,
        });
        self.start_hold(now, id);
    }

    /// Notes that the local side is wholly gone: the FIN follows what is queued to be sent, and
    /// whatever came or comes in for the stream is dropped.
    ///
    /// A stream of which the peer has heard nothing yet, and that has nothing to say, is
    /// forgotten at once: a SYN would only make the far end dial for nobody.
    ///
    /// Does nothing when the stream was closed or reset already, or is unknown.
    pub fn close(&mut self, _now: Instant, id: StreamId) {
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        let unheard = stream.syn_due && stream.send.is_empty();
        match stream.read {
            ReadSide::Open if unheard => self.end_read(id, ReadSide::Done),
            ReadSide::Open => self.end_read(id, ReadSide::Discarding),
            ReadSide::Finished => self.end_read(id, ReadSide::Done),
            ReadSide::Discarding | ReadSide::Done => return,
        }
        self.drop_unread(id);
        if unheard {
            self.withdraw(id);
        } else {
            self.fin(id);
        }
        self.forget_if_over(id);
    }

    /// Sends the FINs and the NOP whose time has come. Call it at
    /// [`poll_timeout`](Self::poll_timeout); at any other time it does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(id) = self.holds.pop_due(now) {
            self.fin(id);
        }
        self.keep_alive(now);
    }

    /// Returns the next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout), and what for.
    ///
    /// It may change with every call that takes `&mut self`. The interval of NOPs begins with
    /// the first call of [`poll_transmit`](Self::poll_transmit) or `handle_timeout`.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerReason)> {
        let nop = self
            .next_nop
            .filter(|_| !self.holds.is_paused())
            .map(|at| (at, TimerReason::Keepalive));
        match (self.holds.next(), nop) {
            (Some(hold), Some(nop)) => Some(hold.min(nop)),
            (hold, nop) => hold.or(nop),
        }
    }

    /// Stops the time of held FINs and NOPs: the way to the peer is lost, so that its silence
    /// means nothing. Does nothing when paused.
    pub fn pause(&mut self, now: Instant) {
        self.holds.pause(now);
    }

    /// Lets the time of held FINs and NOPs run on. Each FIN waits for
    /// [`Config::half_close_quiet`] more than was left, because what was lost on the way has to
    /// be sent again first. Does nothing when not paused.
    pub fn resume(&mut self, now: Instant) {
        self.holds.resume(now, self.config.half_close_quiet);
    }

    /// Returns how many streams are not forgotten yet, those included of which only the peer's
    /// FIN is missing.
    pub fn stream_count(&self) -> usize {
        self.streams.len()
    }

    /// Returns about how many bytes [`poll_transmit`](Self::poll_transmit) has to give, headers
    /// included; 0 exactly when it has nothing.
    pub fn pending_bytes(&self) -> usize {
        let frames = self.turns.len() + self.refused.len() + usize::from(self.nop_due);
        self.send_total + frames * HEADER_LENGTH
    }

    /// Says whether a stream's driver waits for room, and has it.
    pub(crate) fn has_awaited_room(&self, stream: &Stream) -> bool {
        stream.awaited_room.is_some_and(|room| {
            let fits = self.config.stream_send_limit.saturating_sub(room);
            stream.send.len() <= fits.min(self.stream_read_ahead() / 2)
        })
    }

    /// Adds a stream that can receive.
    pub(crate) fn insert(&mut self, id: StreamId, stream: Stream) {
        self.streams.insert(id, stream);
        self.receiving += 1;
        self.end_block();
    }

    /// Puts a stream into the round of those that send.
    pub(crate) fn activate(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id)
            && !stream.active
        {
            stream.active = true;
            self.turns
                .join(id, stream.share, self.config.quantum.max(1));
        }
    }

    /// Takes a stream out of the round. Looks at all that are in it, so this is for streams
    /// that end with something unsent, not for the normal way out.
    fn deactivate(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.active
        {
            stream.active = false;
            self.turns.remove(id);
        }
    }

    /// Moves the read side on; from `Open` it stops counting as one that receives.
    pub(crate) fn end_read(&mut self, id: StreamId, to: ReadSide) {
        if let Some(stream) = self.streams.get_mut(&id) {
            if stream.read == ReadSide::Open {
                self.receiving -= 1;
                self.blocked = self.blocked.filter(|blocked| blocked.id != id);
            }
            stream.read = to;
        }
    }

    /// Lets the FIN go, behind what is queued, unless it has gone.
    pub(crate) fn fin(&mut self, id: StreamId) {
        self.holds.clear(id);
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.write != WriteSide::Sent
        {
            stream.write = WriteSide::Due;
            stream.awaited_room = None;
            self.activate(id);
        }
    }

    /// Gives a stream up that was not sent, as if its FIN had gone.
    fn withdraw(&mut self, id: StreamId) {
        self.holds.clear(id);
        self.deactivate(id);
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.syn_due = false;
            stream.write = WriteSide::Sent;
        }
    }

    /// Starts the timer of a held FIN, when nothing of the stream waits to be sent.
    pub(crate) fn start_hold(&mut self, now: Instant, id: StreamId) {
        if let Some(stream) = self.streams.get(&id)
            && let WriteSide::Held(hold) = stream.write
            && stream.send.is_empty()
        {
            let (reason, period) = match hold {
                Hold::Quiet => (TimerReason::HalfCloseQuiet, self.config.half_close_quiet),
                Hold::AnswerQuiet => (
                    TimerReason::HalfCloseAnswerQuiet,
                    self.config.half_close_answer_quiet,
                ),
                Hold::Wait => (TimerReason::HalfCloseWait, self.config.half_close_wait),
            };
            self.holds.set(now, id, reason, period);
        }
    }

    /// Gives a stream up to protect the others.
    pub(crate) fn reset(&mut self, id: StreamId, reason: ResetReason) {
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        match stream.read {
            ReadSide::Open => self.end_read(id, ReadSide::Discarding),
            ReadSide::Finished => self.end_read(id, ReadSide::Done),
            ReadSide::Discarding | ReadSide::Done => return,
        }
        self.drop_unread(id);
        self.drop_unsent(id);
        self.fin(id);
        self.events.push_back(Event::Reset { id, reason });
        self.forget_if_over(id);
    }

    pub(crate) fn drop_unread(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            self.receive_total -= stream.receive.cost();
            stream.receive.clear();
        }
    }

    pub(crate) fn drop_unsent(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            self.send_total -= stream.send.len();
            stream.send.clear();
            stream.awaited_room = None;
            if !stream.has_to_send() {
                self.deactivate(id);
            }
        }
    }

    pub(crate) fn forget_if_over(&mut self, id: StreamId) {
        if self.streams.get(&id).is_some_and(Stream::is_over) {
            self.streams.remove(&id);
            self.holds.clear(id);
            self.events.push_back(Event::Closed(id));
        }
    }
}

#[cfg(test)]
impl Mux {
    /// Makes the next stream the last one that has an id.
    pub(crate) fn use_up_ids(&mut self) {
        self.next_id = Some(u32::MAX);
    }

    /// Returns whether nothing is left of any stream.
    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty()
            && self.turns.len() == 0
            && self.refused.is_empty()
            && self.events.is_empty()
            && self.holds.next().is_none()
            && (self.send_total, self.receive_total, self.receiving) == (0, 0, 0)
    }
}
