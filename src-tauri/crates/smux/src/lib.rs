//! The stream multiplexer smux, version 1, in both roles, as a state machine without I/O.
//!
//! One [`Mux`] carries many byte streams over one ordered byte stream: the concatenated Output
//! payloads of a data channel (docs/protocol.md, section 5). It knows no sockets and no clock:
//! its driver moves bytes and says what time it is.
//!
//! # The drive loop
//!
//! After every call that takes `&mut self`, the driver
//!
//! 1. takes frames with [`Mux::poll_transmit`] for as long as its data channel takes them and
//!    the answer is not 0,
//! 2. takes events with [`Mux::poll_event`] until there is none, and acts on them
//!    ([`Mux::read`] until `None` after [`Event::Readable`], and so on),
//! 3. sets its timer to [`Mux::poll_timeout`], and calls [`Mux::handle_timeout`] when it fires.
//!
//! It stops handing in data while [`Mux::is_receive_blocked`] says so, and it calls
//! [`Mux::pause`] and [`Mux::resume`] when the way to the peer is lost and found again.
//!
//! ```
//! use std::time::Instant;
//!
//! use bytes::{Bytes, BytesMut};
//! use smux::{Config, Event, Mux, Role};
//!
//! let now = Instant::now();
//! let mut client = Mux::new(Role::Client, Config::default());
//! let mut server = Mux::new(Role::Server, Config::default());
//!
//! let id = client.open(now)?;
//! client.write(now, id, Bytes::from_static(b"hello"))?;
//! let mut frames = BytesMut::new();
//! client.poll_transmit(now, &mut frames, 1024);
//!
//! server.handle_input(now, frames.freeze())?;
//! assert_eq!(server.poll_event(), Some(Event::Opened(id)));
//! assert_eq!(server.poll_event(), Some(Event::Readable(id)));
//! assert_eq!(server.read(id), Some(Bytes::from_static(b"hello")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Sending: nobody waits for a bulk stream
//!
//! Streams that have something to send take turns, and a turn is worth [`Config::quantum`]
//! bytes (deficit round robin). A stream that has sent less than that since its last turn, such as a
//! new one or one that somebody types into, goes before all others: what it says does not wait for
//! bulk, however many bulk streams there are. However many such streams there are, bulk has a fifth.
//! What one stream says stays in order: SYN, data, FIN.
//!
//! All streams together should queue no more than their driver says ([`Mux::set_read_ahead`]), at most
//! [`Config::stream_send_limit`] bytes; [`Event::Writable`] says when there is room again.
//!
//! # Receiving: one stream pays
//!
//! Version 1 has no window for a stream: a receiver cannot ask its peer to hold back one stream
//! only. All it can do is to stop reading altogether, which stalls every stream of the session, or
//! to give up the stream that nobody reads. So:
//!
//! * unread bytes are counted for each stream ([`Config::stream_receive_limit`]) and in all
//!   ([`Config::total_receive_limit`]);
//! * a stream over its limit that is the **only** one still receiving hurts nobody:
//!   [`Mux::is_receive_blocked`] turns true, the driver stops reading, and goes on once half of
//!   it is read. Nothing is lost, however long it takes;
//! * as soon as a second stream could receive, the over-full one pays: it is reset (its unread
//!   data dropped, a FIN sent, [`Event::Reset`]). The others notice nothing. When only the
//!   total is exceeded, the stream with the most unread bytes is the one that pays;
//! * a driver that goes on handing in data while the mux is blocked gets the stream reset at
//!   about twice the limit, so that memory stays bounded whatever happens.
//!
//! A slice of a message keeps the whole message in memory. A stream whose reader keeps up gets
//! such slices, uncopied; they count as the input that they keep. As soon as something unread
//! piles up, or the piece is small, it is copied into blocks that belong to the stream alone,
//! and the messages are let go. So at most one message a stream is kept for a part of it, and
//! what is allocated stays within about twice of what is counted, however small the pieces are.
//!
//! # Half-close: when a FIN is held back
//!
//! The peer that matters, the agent, closes the destination in both directions when our FIN
//! arrives, together with whatever the destination still had to say. And the local side's end
//! of data can mean "I am done asking, now answer" (`shutdown(SHUT_WR)`) or "I am gone"
//! (`close`): TCP shows both in the same way. So [`Mux::close_write`] sends what is queued at once, but
//! holds the FIN until one of these says that no answer is cut off:
//!
//! | when the local side ended | the FIN goes when | timer |
//! | --- | --- | --- |
//! | in any state | the peer's FIN is here | none |
//! | after inbound data: the answer looks complete, this is probably a full close | [`Config::half_close_quiet`] passed without inbound data | [`TimerReason::HalfCloseQuiet`] |
//! | before any data at all | [`Config::half_close_answer_quiet`] passed without inbound data: a far end that speaks first may still be dialled | [`TimerReason::HalfCloseAnswerQuiet`] |
//! | after outbound data: a question is open | [`Config::half_close_wait`] passed without inbound data | [`TimerReason::HalfCloseWait`] |
//! | … and then inbound data came | [`Config::half_close_answer_quiet`] passed without more of it | [`TimerReason::HalfCloseAnswerQuiet`] |
//!
//! The time starts when all that was queued has been sent, and stands still between
//! [`Mux::pause`] and [`Mux::resume`]. A driver that learns that the local side is wholly gone
//! (a write to it fails) calls [`Mux::close`], which waits for nothing. When a timer sent the
//! FIN, whatever still arrives until the peer's FIN is delivered: it is part of the answer.
//!
//! # What is an error
//!
//! A wrong version, an unknown command, or a SYN, FIN or NOP with a length: there is no way to
//! find the next frame after that, the session is over ([`Error`]). The reference
//! implementation never sends such a length, and ignores it when it gets one, but takes what
//! may follow for the next header; we can't know which was meant. Data and FINs for a stream
//! that is not there are late, not wrong: they are ignored.

mod config;
mod error;
mod event;
mod frame;
mod holds;
mod mux;
mod queue;
mod receive;
mod stream;
mod transmit;
mod turns;

pub use config::{Config, Role};
pub use error::{Error, OpenError, WriteError};
pub use event::{Event, ResetReason, TimerReason};
pub use frame::{Command, HEADER_LENGTH, MAX_PAYLOAD_LENGTH, StreamId, VERSION};
pub use mux::Mux;

#[cfg(test)]
mod tests;
