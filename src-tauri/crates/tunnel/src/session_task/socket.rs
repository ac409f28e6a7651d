//! The session's WebSocket: what goes out and comes in over it, and its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink as _, Stream as _};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tunnel_proto::{Close, ClosedBy, Loss, SocketEnd, Transmit};

use super::{BATCH, Batch, Report, SessionTask, Token};
use crate::dial::Socket;

/// How long a WebSocket that is no longer wanted may take to be closed in order.
pub(super) const CLOSE_PATIENCE: Duration = Duration::from_millis(300);

impl SessionTask {
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        let Some(socket) = &mut self.socket else {
            return Poll::Pending;
        };
        let mut socket = Pin::new(&mut **socket);
        let now = Instant::now().into_std();
        loop {
            if socket.as_mut().poll_ready(cx)?.is_pending() {
                return Poll::Pending;
            }
            let Some(transmit) = self.session.poll_transmit(now) else {
                break;
            };
            let message = match transmit {
                Transmit::Text(text) => Message::text(text),
                Transmit::Binary(frame) => Message::Binary(frame),
                Transmit::Ping => Message::Ping(Bytes::new()),
            };
            socket.as_mut().start_send(message)?;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(socket.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>, batch: &mut Batch) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        while batch.frames.len() < BATCH {
            let Poll::Ready(next) = Pin::new(&mut **socket).poll_next(cx) else {
                if !batch.frames.is_empty() {
                    let gather = self.session.gather();
                    self.gathers_until = gather.map(|gather| Instant::now() + gather);
                }
                return;
            };
            match next {
                Some(Ok(Message::Binary(frame))) => batch.frames.push(frame),
                // Text carries nothing in this direction.
                Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_),
                )) => {
                    batch.life = true;
                    // The answer to a ping waits in the socket's buffer.
                    self.unflushed = true;
                }
                Some(Ok(Message::Close(frame))) => {
                    batch.lost = Some(self.closed(frame));
                    return;
                }
                Some(Err(error)) => {
                    batch.lost = Some(self.broken(&error));
                    return;
                }
                None => {
                    let close = self.close_record(None, "the connection ended");
                    batch.lost = Some((close, ClosedBy::Network));
                    return;
                }
            }
        }
        // There may be more: come back after these.
        cx.waker().wake_by_ref();
    }

    /// The WebSocket is gone. Whoever ended it first is named; what comes later finds none.
    pub(super) fn drop_socket(
        &mut self,
        now: std::time::Instant,
        close: Close,
        closed_by: ClosedBy,
    ) {
        if self.socket.take().is_none() {
            return;
        }
        let loss = Loss {
            vitals: self.session.vitals(now),
            progressed: self.session.has_progressed(),
            close,
            closed_by,
        };
        let end = match loss.close.code {
            Some(1000) => SocketEnd::Orderly,
            Some(_) | None => SocketEnd::Broken,
        };
        self.session.handle_disconnected(now, end);
        self.report(Report::Lost(loss));
        // The one that was to take its place does so now.
        if let Some((socket, token)) = self.next_socket.take() {
            self.session.cancel_quiet();
            self.use_socket(now, socket, token);
            self.report(Report::Renewed);
        }
    }

    pub(super) fn use_socket(
        &mut self,
        now: std::time::Instant,
        socket: Box<Socket>,
        Token(token): Token,
    ) {
        tracing::debug!("a WebSocket is in use");
        self.socket = Some(socket);
        self.unflushed = false;
        self.session.handle_connected(now, token);
    }

    pub(super) fn close_record(&self, code: Option<u16>, reason: impl Into<String>) -> Close {
        let at = self.surroundings.clock.unix_ms(Instant::now().into_std());
        Close {
            at,
            code,
            reason: reason.into(),
        }
    }

    /// The gateway closed the WebSocket in order.
    fn closed(&self, frame: Option<CloseFrame>) -> (Close, ClosedBy) {
        let close = match frame {
            Some(frame) => self.close_record(Some(frame.code.into()), frame.reason.as_str()),
            // RFC 6455, section 7.1.5: a close frame without a body counts as 1005.
            None => self.close_record(Some(1005), ""),
        };
        (close, ClosedBy::Gateway)
    }

    /// The connection under the WebSocket broke.
    pub(super) fn broken(&self, error: &SocketError) -> (Close, ClosedBy) {
        (
            self.close_record(None, error.to_string()),
            ClosedBy::Network,
        )
    }
}

/// Closes a WebSocket that nobody waits for any more.
pub(super) fn close_beside(mut socket: Box<Socket>) {
    tokio::spawn(async move {
        let _ = tokio::time::timeout(CLOSE_PATIENCE, close(&mut socket)).await;
    });
}

pub(super) async fn close(socket: &mut Socket) {
    let frame = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    // The other side may be gone; there is nobody to tell.
    let _ = socket.close(Some(frame)).await;
}
