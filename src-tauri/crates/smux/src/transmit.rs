use std::time::Instant;

use bytes::BytesMut;

use crate::frame::{Command, HEADER_LENGTH, Header, MAX_PAYLOAD_LENGTH};
use crate::stream::{Direction, Stream, WriteSide};
use crate::{Event, Mux, StreamId};

/// The least data worth a frame at the end of a message that has other frames already: for
/// less, eight bytes of header now and another eight for the rest are a waste.
const LEAST_FRAGMENT: usize = 64;

/// Why a stream's turn ended.
enum Turn {
    /// The stream has nothing left to send.
    Empty,
    /// It used up its share.
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
        while let Some(&id) = self.active.front() {
            let alone = self.active.len() == 1;
            let turn = match self.streams.get_mut(&id) {
                Some(stream) => {
                    let before = stream.send.len();
                    let quantum = self.config.quantum.max(1);
                    let turn = take_turn(stream, id, quantum, alone, out, start, end);
                    self.send_total -= before - stream.send.len();
                    if stream
                        .writable_at
                        .is_some_and(|at| stream.send.len() <= at && before > at)
                    {
                        stream.writable_at = None;
                        self.events.push_back(Event::Writable(id));
                    }
                    turn
                }
                None => Turn::Empty,
            };
            match turn {
                Turn::Full => break,
                Turn::Over => self.active.rotate_left(1),
                Turn::Empty => {
                    self.active.pop_front();
                    if !self.holds.is_set(id) {
                        self.start_hold(now, id);
                    }
                    self.forget_if_over(id);
                }
            }
        }
        out.len() - start
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

/// Lets a stream send until its share or the room is used up: SYN, data, FIN, in that order.
fn take_turn(
    stream: &mut Stream,
    id: StreamId,
    quantum: usize,
    alone: bool,
    out: &mut BytesMut,
    start: usize,
    end: usize,
) -> Turn {
    let mut share = stream.turn.unwrap_or(quantum);
    loop {
        stream.turn = Some(share);
        let room = end - out.len();
        if !stream.has_to_send() {
            stream.active = false;
            stream.turn = None;
            return Turn::Empty;
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
            // Nobody to be fair to: no need to cut.
            let budget = if alone { MAX_PAYLOAD_LENGTH } else { share };
            if budget == 0 {
                stream.turn = None;
                return Turn::Over;
            }
            let queued = stream.send.len();
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
            share = share.saturating_sub(size);
        }
    }
}
