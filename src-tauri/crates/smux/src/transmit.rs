use std::time::Instant;

use bytes::BytesMut;

use crate::frame::{Command, HEADER_LENGTH, Header, MAX_PAYLOAD_LENGTH};
use crate::stream::{Direction, Stream, WriteSide};
use crate::turns::Place;
use crate::{Event, Mux, StreamId};

/// The least data worth a frame at the end of a message that has other frames already: for
/// less, eight bytes of header now and another eight for the rest are a waste.
const LEAST_FRAGMENT: usize = 64;

/// Why a stream's turn ended.
enum Turn {
    /// The stream has nothing left to send.
    Silent,
    /// It used up its share, or has more than that to send and is not to go before others.
    Over,
    /// The caller's limit is reached; the stream goes on where it was.
    Full,
}

impl Mux {
    /// Appends whole frames to `out`, at most `limit` bytes of them, and returns how many bytes.
    ///
    /// 0 means that there is nothing to send, or that `limit` is below 9: room for a header and
    /// one byte. Data is cut to fit, and many small frames are packed into one call; the frames
    /// may be cut anywhere on their way, so `limit` is only what one message should carry.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut BytesMut, limit: usize) -> usize {
        self.keep_alive(now);
        let start = out.len();
        // A frame that fits below 9 might be a lone FIN, but a caller with so little room is
        // mistaken: answering the same way every time is easier to notice.
        if limit <= HEADER_LENGTH {
            return 0;
        }
        let end = start.saturating_add(limit);
        self.transmit_unowned(out, end);
        let quantum = self.config.quantum.max(1);
        while let Some((place, id)) = self.turns.front(quantum) {
            let share = match self.turns.len() {
                // Nobody to be fair to: no need to cut.
                1 => usize::MAX,
                _ => quantum,
            };
            let round = self.turns.round();
            let before = out.len();
            let turn = match self.streams.get_mut(&id) {
                Some(stream) => {
                    let queued = stream.send.len();
                    let turn = take_turn(stream, id, place, (round, share), out, start, end);
                    self.send_total -= queued - stream.send.len();
                    turn
                }
                None => Turn::Silent,
            };
            self.turns.sent(place, out.len() - before);
            self.tell_room(id);
            match turn {
                Turn::Full => break,
                Turn::Over => self.turns.over(place),
                Turn::Silent => {
                    self.turns.silent(place);
                    if !self.holds.is_set(id) {
                        self.start_hold(now, id);
                    }
                    self.forget_if_over(id);
                }
            }
        }
        out.len() - start
    }

    /// Says that a stream's driver has the room that it waits for.
    fn tell_room(&mut self, id: StreamId) {
        let has_room = self
            .streams
            .get(&id)
            .is_some_and(|stream| self.has_awaited_room(stream));
        if has_room && let Some(stream) = self.streams.get_mut(&id) {
            stream.awaited_room = None;
            self.events.push_back(Event::Writable(id));
        }
    }

    /// Queues a NOP when its time has come; the first call starts the clock.
    pub(crate) fn keep_alive(&mut self, now: Instant) {
        let Some(interval) = self.config.keepalive else {
            return;
        };
        let until = self.config.keepalive_until;
        if until.is_some_and(|until| until <= now) {
            self.nop_due = false;
            self.end_keepalive();
            return;
        }
        match self.next_nop {
            Some(at) if at > now || self.holds.is_paused() => return,
            // One that still waits is enough.
            Some(_) => self.nop_due = true,
            None => {}
        }
        self.next_nop = now
            .checked_add(interval)
            .filter(|next| until.is_none_or(|until| *next < until));
        if self.next_nop.is_none() {
            self.end_keepalive();
        }
    }

    /// No NOP is queued any more, and none has a timer.
    fn end_keepalive(&mut self) {
        self.config.keepalive = None;
        self.next_nop = None;
    }

    /// Appends the frames that belong to no stream of ours.
    fn transmit_unowned(&mut self, out: &mut BytesMut, end: usize) {
        if self.nop_due && end - out.len() >= HEADER_LENGTH {
            Header::control(Command::Nop, StreamId::new(0)).encode(out);
            self.nop_due = false;
        }
        while end - out.len() >= HEADER_LENGTH
            && let Some(id) = self.refused.pop_front()
        {
            Header::control(Command::Fin, id).encode(out);
        }
    }
}

/// Lets a stream send until its share of the round or the room is used up: SYN, data, FIN, in that
/// order.
fn take_turn(
    stream: &mut Stream,
    id: StreamId,
    place: Place,
    (round, share): (u64, usize),
    out: &mut BytesMut,
    start: usize,
    end: usize,
) -> Turn {
    loop {
        let room = end - out.len();
        if !stream.has_to_send() {
            stream.active = false;
            return Turn::Silent;
        }
        if room < HEADER_LENGTH {
            return Turn::Full;
        }
        if stream.syn_due {
            Header::control(Command::Syn, id).encode(out);
            stream.syn_due = false;
        } else if stream.send.is_empty() {
            Header::control(Command::Fin, id).encode(out);
            stream.write = WriteSide::Sent;
        } else {
            let budget = stream.share.left(round, share);
            let queued = stream.send.len();
            let is_bulk = match place {
                Place::First => queued > budget,
                Place::Others => budget == 0,
            };
            if is_bulk {
                return Turn::Over;
            }
            let room = room - HEADER_LENGTH;
            let wanted = queued.min(budget).min(MAX_PAYLOAD_LENGTH);
            let size = wanted.min(room);
            if size == 0 || (size < wanted && size < LEAST_FRAGMENT && out.len() > start) {
                return Turn::Full;
            }
            let Ok(length) = u16::try_from(size) else {
                return Turn::Full;
            };
            Header {
                command: Command::Psh,
                length,
                id,
            }
            .encode(out);
            stream.send.move_to(out, size);
            stream.last = Some(Direction::Outbound);
            stream.share.spend(round, size);
        }
    }
}
