//! The session's local connections.

use std::sync::atomic::Ordering;

use tokio::time::Instant;
use tunnel_proto::ConnectionId;

use super::{FIGURES_PERIOD, Report, SessionTask, Unopened};
use crate::connection::{Connection, FromConnection};
use crate::listen::Caller;

impl SessionTask {
    pub(super) fn handle_connection(&mut self, now: std::time::Instant, from: FromConnection) {
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

    /// Lets the local reader read as much as the session has room for.
    pub(super) fn settle(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.settle(self.session.send_capacity(id));
        }
    }

    pub(super) fn connect(&mut self, now: std::time::Instant, caller: Caller) {
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
    pub(super) fn pump(&mut self, now: std::time::Instant, id: ConnectionId) {
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
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Up,
    Down,
}
