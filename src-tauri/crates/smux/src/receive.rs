use std::time::Instant;

use bytes::{Buf, Bytes};

use crate::frame::{Command, HEADER_LENGTH, Header};
use crate::stream::{Direction, Hold, ReadSide, Stream, WriteSide};
use crate::{Error, Event, Mux, ResetReason, Role, StreamId};

/// What may come in beyond the limit after the driver was asked to stop reading: the rest of a
/// message, and what the socket's buffers held.
const LIMIT_SLACK: usize = 128 * 1024;

/// Where in a frame the input was cut.
#[derive(Debug)]
pub(crate) enum Parser {
    /// In the header, of which `filled` bytes are here.
    Header {
        bytes: [u8; HEADER_LENGTH],
        filled: usize,
    },
    /// In the data of a frame, of which `left` bytes are missing.
    Data { id: StreamId, left: usize },
}

impl Default for Parser {
    fn default() -> Self {
        Self::Header {
            bytes: [0; HEADER_LENGTH],
            filled: 0,
        }
    }
}

/// The one stream whose unread data stops the session's reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocked {
    pub(crate) id: StreamId,
    /// Reading goes on when no more than this is unread.
    pub(crate) until: usize,
}

impl Mux {
    /// Takes the next bytes from the peer, cut anywhere.
    ///
    /// Data is kept as slices of `data` where possible, so hand in one message at a time, not a
    /// large buffer that many messages share.
    ///
    /// # Errors
    ///
    /// The peer does not speak smux version 1. The session is over: every further call returns
    /// the same error. What came before it can still be read.
    pub fn handle_input(&mut self, now: Instant, mut data: Bytes) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let source = data.len();
        while !data.is_empty() {
            if let Err(error) = self.step(now, &mut data, source) {
                self.failed = Some(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Returns whether the driver should stop handing in data: the only stream that receives
    /// is over its limit. Turns false again when half of that was read, or when another stream
    /// opens.
    pub fn is_receive_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// Ends the block, when the blocked stream was read down to what it may keep.
    pub(crate) fn unblock_if_read(&mut self, id: StreamId) {
        if let Some(blocked) = self.blocked
            && blocked.id == id
            && self
                .streams
                .get(&id)
                .is_none_or(|s| s.receive.cost() <= blocked.until)
        {
            self.blocked = None;
        }
    }

    /// Ends the block because another stream wants to receive: the blocked one pays, if it is
    /// still over a limit.
    pub(crate) fn end_block(&mut self) {
        if let Some(Blocked { id, .. }) = self.blocked.take() {
            self.enforce_limits(id);
        }
    }

    /// Returns what unread data costs, of all streams together; bytes.
    pub fn unread_bytes(&self) -> usize {
        self.receive_total
    }

    /// Takes one header, one piece of data, or a part of either.
    fn step(&mut self, now: Instant, data: &mut Bytes, source: usize) -> Result<(), Error> {
        match &mut self.parser {
            Parser::Header { bytes, filled } => {
                let part = data.len().min(HEADER_LENGTH - *filled);
                data.copy_to_slice(&mut bytes[*filled..*filled + part]);
                *filled += part;
                if *filled < HEADER_LENGTH {
                    return Ok(());
                }
                let header = Header::decode(*bytes)?;
                self.parser = match usize::from(header.length) {
                    0 => Parser::default(),
                    left => Parser::Data {
                        id: header.id,
                        left,
                    },
                };
                self.handle_frame(header)
            }
            Parser::Data { id, left } => {
                let id = *id;
                let piece = data.split_to(data.len().min(*left));
                *left -= piece.len();
                if *left == 0 {
                    self.parser = Parser::default();
                }
                self.handle_data(now, id, piece, source);
                Ok(())
            }
        }
    }

    fn handle_frame(&mut self, header: Header) -> Result<(), Error> {
        match header.command {
            Command::Syn => self.handle_syn(header.id),
            Command::Fin => {
                self.handle_fin(header.id);
                Ok(())
            }
            // The data of a PSH follows piece by piece.
            Command::Psh | Command::Nop => Ok(()),
        }
    }

    fn handle_syn(&mut self, id: StreamId) -> Result<(), Error> {
        if self.streams.contains_key(&id) {
            return Err(Error::DuplicateStream(id));
        }
        let most = self.config.max_streams;
        let accepted = match self.role {
            Role::Server => self.streams.len() < most,
            Role::Client => false,
        };
        if accepted {
            self.insert(id, Stream::new(false));
            self.events.push_back(Event::Opened(id));
            return Ok(());
        }
        if self.refused.len() >= most {
            return Err(Error::TooManyRefused {
                most,
                got: self.refused.len() + 1,
            });
        }
        self.refused.push_back(id);
        Ok(())
    }

    fn handle_fin(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        match stream.read {
            ReadSide::Open => {
                self.end_read(id, ReadSide::Finished);
                self.events.push_back(Event::Finished(id));
            }
            ReadSide::Discarding => self.end_read(id, ReadSide::Done),
            ReadSide::Finished | ReadSide::Done => return,
        }
        // The reference implementation forgets a stream when it sends its FIN: what we still
        // had to say would be thrown away there.
        self.drop_unsent(id);
        if let Some(stream) = self.streams.get(&id) {
            match stream.write {
                WriteSide::Held(_) => self.fin(id),
                WriteSide::Open | WriteSide::Due | WriteSide::Sent => {}
            }
        }
        self.forget_if_over(id);
    }

    fn handle_data(&mut self, now: Instant, id: StreamId, piece: Bytes, source: usize) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        match stream.read {
            ReadSide::Open => {}
            ReadSide::Finished | ReadSide::Discarding | ReadSide::Done => return,
        }
        stream.last = Some(Direction::Inbound);
        let before = stream.receive.cost();
        stream.receive.push_slice(piece, source);
        self.receive_total = self.receive_total + stream.receive.cost() - before;
        if !stream.announced {
            stream.announced = true;
            self.events.push_back(Event::Readable(id));
        }
        if let WriteSide::Held(hold) = &mut stream.write {
            // While a part of the question is still here, this is no answer to it.
            if *hold == Hold::Wait && stream.send.is_empty() {
                *hold = Hold::AnswerQuiet;
            }
            self.start_hold(now, id);
        }
        self.enforce_limits(id);
    }

    /// Blocks the session or resets a stream when there is too much unread data; `id` is the
    /// stream that got the last of it.
    fn enforce_limits(&mut self, id: StreamId) {
        let cost = |stream: &Stream| stream.receive.cost();
        let limit = self.config.stream_receive_limit;
        let own = self.streams.get(&id).map_or(0, cost);
        if own > limit {
            self.pay(id, own, ResetReason::ReceiveLimit);
        }
        // A look at every stream, but only when one of them is about to be given up.
        while self.receive_total > self.config.total_receive_limit
            && self.blocked.is_none()
            && let Some((&largest, stream)) = self.streams.iter().max_by_key(|(_, s)| cost(s))
            && cost(stream) > 0
        {
            let own = cost(stream);
            self.pay(largest, own, ResetReason::TotalReceiveLimit);
        }
    }

    /// Makes the stream `id`, with `cost` unread, pay: by stopping the session's reading when
    /// that hurts nobody else, by a reset otherwise.
    fn pay(&mut self, id: StreamId, cost: usize, reason: ResetReason) {
        let limit = self
            .config
            .stream_receive_limit
            .min(self.config.total_receive_limit);
        let alone = self.receiving == 1
            && self
                .streams
                .get(&id)
                .is_some_and(|s| s.read == ReadSide::Open);
        if alone && cost <= limit.saturating_mul(2).saturating_add(LIMIT_SLACK) {
            self.blocked.get_or_insert(Blocked {
                id,
                until: limit.min(cost) / 2,
            });
        } else {
            self.reset(id, reason);
        }
    }
}
