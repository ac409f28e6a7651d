//! The connections that a session carries.

use std::time::Instant;

use bytes::Bytes;
use smux::{StreamId, WriteError};

use super::{Carrier, ConnectionId, Session};

/// Read ahead of the local sides at least, in bytes, so that one stream alone fills the path: the least
/// window (`ssm-data-channel/src/send/congestion.rs`), all of which may be acknowledged at once. The window is
/// smaller only for the moment in which it is let run empty.
const LEAST_READ_AHEAD: usize = 16 * 1024;

impl Session {
    /// Opens a connection.
    ///
    /// Returns `None` when the session can't take one: it is not established, over, or has
    /// its most streams.
    pub fn open(&mut self, now: Instant) -> Option<ConnectionId> {
        if self.outcome.is_some() {
            return None;
        }
        let id = match &mut self.carrier {
            Carrier::Mux(mux) => {
                let id = mux.open(now).ok().map(connection);
                self.silent.extend(id);
                id
            }
            Carrier::Serial(serial) => serial.has_room().then(|| serial.open(now)),
            Carrier::None => None,
        };
        self.limit_read_ahead();
        self.collect(now);
        id
    }

    /// How many bytes to read of this local connection now for [`write`](Self::write): of all
    /// that have something to send not more than the window can send, since more would only wait here.
    pub fn send_capacity(&self, id: ConnectionId) -> usize {
        match &self.carrier {
            Carrier::Mux(mux) => mux.send_capacity(stream(id)),
            Carrier::Serial(serial) => serial.send_capacity(id),
            Carrier::None => 0,
        }
    }

    /// Takes bytes of a local connection. What comes after the destination has closed is
    /// dropped: nobody takes it there, and what the destination said can still be read. What
    /// [`send_capacity`](Self::send_capacity) has once said is taken, although it may say less by
    /// now; more is an error of the driver and ends the connection.
    pub fn write(&mut self, now: Instant, id: ConnectionId, data: Bytes) {
        self.limit_read_ahead();
        match &mut self.carrier {
            Carrier::Mux(mux) => {
                if let Err(error) = mux.write(now, stream(id), data)
                    && !matches!(error, WriteError::PeerClosed(_))
                {
                    mux.close(now, stream(id));
                }
            }
            Carrier::Serial(serial) => serial.write(id, data),
            Carrier::None => {}
        }
        self.collect(now);
    }

    /// The next bytes of the destination for this connection. What came before the session's
    /// end can be read after it.
    pub fn read(&mut self, now: Instant, id: ConnectionId) -> Option<Bytes> {
        let data = match &mut self.carrier {
            Carrier::Mux(mux) => mux.read(stream(id)),
            Carrier::Serial(serial) => serial.read(id),
            Carrier::None => None,
        };
        if data.is_some() && self.channel.is_ready() {
            self.collect(now);
        }
        data
    }

    /// The destination has closed, and everything that it said was read. `false` for a
    /// connection that the session's end has cut: its local side must not see an orderly end.
    pub fn is_finished(&self, id: ConnectionId) -> bool {
        match &self.carrier {
            Carrier::Mux(mux) => mux.is_finished(stream(id)),
            Carrier::Serial(serial) => serial.is_finished(id),
            Carrier::None => false,
        }
    }

    /// The local side has nothing more to say, but may still listen.
    pub fn close_write(&mut self, now: Instant, id: ConnectionId) {
        match &mut self.carrier {
            Carrier::Mux(mux) => mux.close_write(now, stream(id)),
            Carrier::Serial(serial) => serial.close_write(now, id),
            Carrier::None => {}
        }
        self.collect(now);
    }

    /// Ties what is read ahead of the local sides to what the window can send.
    pub(super) fn limit_read_ahead(&mut self) {
        let bytes = self.channel.window_bytes().max(LEAST_READ_AHEAD);
        match &mut self.carrier {
            Carrier::Mux(mux) => mux.set_read_ahead(bytes),
            Carrier::Serial(serial) => serial.set_read_ahead(bytes),
            Carrier::None => {}
        }
    }

    /// The local side is wholly gone.
    pub fn close(&mut self, now: Instant, id: ConnectionId) {
        match &mut self.carrier {
            Carrier::Mux(mux) => mux.close(now, stream(id)),
            Carrier::Serial(serial) => serial.close(now, id),
            Carrier::None => {}
        }
        self.collect(now);
    }
}

pub(super) fn stream(id: ConnectionId) -> StreamId {
    StreamId::new(id.0)
}

pub(super) fn connection(stream: StreamId) -> ConnectionId {
    ConnectionId(stream.get())
}
