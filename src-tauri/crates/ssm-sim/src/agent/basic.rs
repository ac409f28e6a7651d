//! Basic mode: the session is the bytes of one TCP connection after the other (docs/protocol.md,
//! sections 6 and 7).

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::dial::Destination;
use super::mux::{Bucket, Chunk};
use super::{Event, Wires};
use crate::service::Service;

/// The connection of a basic session.
///
/// ```text
/// Dialling ──dialled──▶ Connected ──DisconnectToPort, or the destination's EOF──▶ Closed
///                           ▲                                                       │
///                           └──────────────── next data: dialled anew ──────────────┘
/// ```
enum Connection {
    /// The first dial: data is not accepted yet, so the client sends it again.
    Dialling(mpsc::UnboundedSender<Chunk>),
    Connected(mpsc::UnboundedSender<Chunk>),
    Closed,
}

pub(super) struct Basic {
    service: Arc<Service>,
    wires: Wires,
    destination: Destination,
    bucket: Arc<Bucket>,
    connection: Connection,
    /// Counts connections, so that an old one's end is not taken for the new one's.
    generation: u32,
    /// Stops the current connection's reading.
    stop_reading: CancellationToken,
    end: CancellationToken,
    _ends_with_the_session: DropGuard,
}

impl Basic {
    pub(super) fn new(
        service: &Arc<Service>,
        wires: Wires,
        destination: Destination,
        bucket: Arc<Bucket>,
    ) -> Self {
        let end = CancellationToken::new();
        let mut basic = Self {
            service: Arc::clone(service),
            wires,
            destination,
            bucket,
            connection: Connection::Closed,
            generation: 0,
            stop_reading: CancellationToken::new(),
            end: end.clone(),
            _ends_with_the_session: end.drop_guard(),
        };
        let to_destination = basic.connect();
        basic.connection = Connection::Dialling(to_destination);
        basic
    }

    /// Takes session data; `false` if it can't be taken yet.
    pub(super) fn input(&mut self, data: Bytes) -> bool {
        match &self.connection {
            Connection::Dialling(_) => return false,
            Connection::Connected(_) => {}
            Connection::Closed => self.connection = Connection::Connected(self.connect()),
        }
        let chunk = Chunk::new(data, &self.bucket);
        if let Connection::Connected(to_destination) = &self.connection
            && let Err(mpsc::error::SendError(chunk)) = to_destination.send(chunk)
        {
            // The connection has just ended, and its event is under way: it is dialled anew.
            let to_destination = self.connect();
            // It was made in this moment and takes what comes.
            let _ = to_destination.send(chunk);
            self.connection = Connection::Connected(to_destination);
        }
        true
    }

    /// The client's connection has ended: so does the destination's, after what is still to
    /// be written to it.
    pub(super) fn disconnect(&mut self) {
        self.stop_reading.cancel();
        self.connection = Connection::Closed;
    }

    /// The first dial has succeeded.
    pub(super) fn dialled(&mut self) {
        if let Connection::Dialling(to_destination) = &self.connection {
            self.connection = Connection::Connected(to_destination.clone());
        }
    }

    /// A connection has ended; says whether it was the current one.
    pub(super) fn ended(&mut self, generation: u32) -> bool {
        let current = generation == self.generation && !self.stop_reading.is_cancelled();
        if current {
            self.connection = Connection::Closed;
        }
        current
    }

    fn connect(&mut self) -> mpsc::UnboundedSender<Chunk> {
        let (to_destination, from_client) = mpsc::unbounded_channel();
        self.generation += 1;
        self.stop_reading = CancellationToken::new();
        let task = run(
            self.destination.clone(),
            from_client,
            self.wires.clone(),
            self.stop_reading.clone(),
            self.generation,
        );
        let end = self.end.clone();
        self.service.spawn(async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = task => {}
            }
        });
        to_destination
    }
}

async fn run(
    destination: Destination,
    from_client: mpsc::UnboundedReceiver<Chunk>,
    wires: Wires,
    stop_reading: CancellationToken,
    generation: u32,
) {
    let socket = match destination.dial().await {
        Ok(socket) => socket,
        Err(error) => {
            let text = format!("Unable to connect to specified port: {error}");
            wires.event(Event::BasicFailed(text));
            return;
        }
    };
    wires.event(Event::Connected);
    transfer(socket, from_client, &wires, &stop_reading).await;
    wires.event(Event::BasicEnded(generation));
}

async fn transfer(
    mut socket: TcpStream,
    mut from_client: mpsc::UnboundedReceiver<Chunk>,
    wires: &Wires,
    stop_reading: &CancellationToken,
) {
    let (mut read, mut write) = socket.split();
    let up = async {
        while let Some(chunk) = from_client.recv().await {
            if write.write_all(&chunk.data).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let count = tokio::select! {
                biased;
                () = stop_reading.cancelled() => return,
                count = read.read(&mut buffer) => count,
            };
            match count {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    let data = buffer.get(..count).unwrap_or_default();
                    wires.output(Bytes::copy_from_slice(data)).await;
                }
            }
        }
    };
    tokio::pin!(up, down);
    tokio::select! {
        () = &mut up => {}
        () = &mut down => {
            if stop_reading.is_cancelled() {
                up.await;
            }
        }
    }
}
