//! A client's WebSocket at the gateway, from OpenDataChannel to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use ssm_message::{Message as DataMessage, OpenDataChannel};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::faults::Direction;
use crate::link::Breaker;
use crate::service::Service;
use crate::session::{ClientSocket, Item, Passing, Refused, Session};

/// How long a client may take to say who it is.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the answer to a close may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Violates policy: the code for a channel that is not opened.
const POLICY: u16 = 1008;

/// Serves a client's WebSocket whose upgrade is complete.
pub(crate) async fn run<S>(service: Arc<Service>, stream: S, breaker: Breaker, path: String)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .max_message_size(Some(2 * ssm_message::MAX_PAYLOAD_LENGTH))
        .max_frame_size(Some(2 * ssm_message::MAX_PAYLOAD_LENGTH));
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;

    let mut frozen = service.frozen();
    let opening = timeout(OPEN_TIMEOUT, read_open(&service, &mut socket, &mut frozen));
    let Ok(opening) = opening.await else {
        close(&mut socket, POLICY, "OpenDataChannel did not come").await;
        return;
    };
    let open = match opening {
        Ok(open) => open,
        Err(reason) => {
            close(&mut socket, POLICY, reason).await;
            return;
        }
    };
    let (queue, queued) = mpsc::unbounded_channel();
    let (urgent, urgently) = mpsc::unbounded_channel();
    let backlog = Arc::new(AtomicUsize::new(0));
    let broken = breaker.clone();
    let client = ClientSocket {
        queue,
        urgent,
        backlog: Arc::clone(&backlog),
        breaker,
    };
    let admitted = admit(&service, &path, &open, client);
    service.with_stats(|stats| match &admitted {
        Ok(_) => stats.channels_opened += 1,
        Err(_) => stats.channels_refused += 1,
    });
    service.note_change();
    let (session, generation) = match admitted {
        Ok(admitted) => admitted,
        Err(reason) => {
            close(&mut socket, POLICY, reason).await;
            return;
        }
    };
    tracing::info!(session = %session.id, "channel opened");

    let (mut sink, mut source) = socket.split();
    let outgoing = Outgoing {
        queued,
        urgently,
        backlog,
        frozen: service.frozen(),
        close_period: service.settings.gateway.close_period,
        ping_period: service.settings.gateway.ping_period,
    };
    let closing = tokio::select! {
        closing = outgoing.write(&mut sink) => closing,
        () = read(&service, &session, &mut source, &mut frozen, &broken) => None,
    };
    if let Some((code, _)) = &closing {
        service.with_stats(|stats| *stats.closes.entry(*code).or_default() += 1);
    }
    session.client_gone(&service, generation);
    if let Some((code, reason)) = closing {
        let frame = Message::Close(Some(CloseFrame {
            code: CloseCode::from(code),
            reason: reason.into(),
        }));
        // What the client still sends is not read any more: it arrives nowhere.
        let farewell = async {
            sink.send(frame).await?;
            while source.next().await.transpose()?.is_some() {}
            Ok::<(), Error>(())
        };
        if let Ok(Err(error)) = timeout(CLOSE_TIMEOUT, farewell).await {
            tracing::debug!(%error, "the client did not wait for the close");
        }
    }
    tracing::info!(session = %session.id, "channel ended");
}

fn admit(
    service: &Arc<Service>,
    path: &str,
    open: &OpenDataChannel,
    client: ClientSocket,
) -> Result<(Arc<Session>, u64), &'static str> {
    let session = service.session(path).ok_or("no such session")?;
    let generation = session
        .open(
            service,
            &open.token_value,
            open.client_id,
            &open.client_version,
            client,
        )
        .map_err(|refused| match refused {
            Refused::Over => "Session is already terminated",
            Refused::Token => "the token is not valid",
            Refused::TokenExpired => "the token has expired",
            Refused::Client => "the client id is another one",
        })?;
    Ok((session, generation))
}

/// Waits for the message that shows the token; pings may come before it.
async fn read_open<S>(
    service: &Service,
    socket: &mut WebSocketStream<S>,
    frozen: &mut watch::Receiver<bool>,
) -> Result<OpenDataChannel, &'static str>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        thawed(frozen).await;
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let open: OpenDataChannel = serde_json::from_str(&text)
                    .map_err(|_| "OpenDataChannel is not the JSON it should be")?;
                return if open.message_schema_version == OpenDataChannel::SCHEMA_VERSION {
                    Ok(open)
                } else {
                    Err("MessageSchemaVersion is unknown")
                };
            }
            Some(Ok(Message::Ping(_))) => service.with_stats(|stats| stats.pings += 1),
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Binary(_))) => return Err("OpenDataChannel did not come first"),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err("gone"),
        }
    }
}

/// Reads what the client sends, until it stops.
async fn read(
    service: &Arc<Service>,
    session: &Arc<Session>,
    source: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
    frozen: &mut watch::Receiver<bool>,
    broken: &Breaker,
) {
    loop {
        thawed(frozen).await;
        let next = tokio::select! {
            biased;
            // Not reading any more is what a frozen gateway does: pings go unanswered too.
            _ = frozen.wait_for(|frozen| *frozen) => continue,
            next = source.next() => next,
        };
        // What had arrived when the connection was cut arrives nowhere.
        if broken.is_broken() {
            return;
        }
        match next {
            Some(Ok(Message::Binary(frame))) => from_client(service, session, frame),
            Some(Ok(Message::Ping(_))) => {
                service.with_stats(|stats| stats.pings += 1);
                service.note_change();
            }
            Some(Ok(Message::Text(_))) => service.with_stats(|stats| stats.bad_frames += 1),
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => {}
            // The answer to a close is sent with the next read, which finds the end.
            Some(Ok(Message::Close(_))) => {}
            Some(Err(error)) => {
                tracing::debug!(session = %session.id, %error, "the client is gone");
                return;
            }
            None => return,
        }
    }
}

fn from_client(service: &Arc<Service>, session: &Arc<Session>, frame: Bytes) {
    match DataMessage::decode(&frame) {
        Ok(message) => session.pass(service, Direction::ToAgent, Passing { message, frame }),
        Err(error) => {
            tracing::warn!(session = %session.id, %error, "the client sent no message");
            service.with_stats(|stats| stats.bad_frames += 1);
        }
    }
}

async fn thawed(frozen: &mut watch::Receiver<bool>) {
    // The sender lives as long as the service.
    let _ = frozen.wait_for(|frozen| !frozen).await;
}

/// Everything that may go to the client.
struct Outgoing {
    queued: mpsc::UnboundedReceiver<Item>,
    urgently: mpsc::UnboundedReceiver<Item>,
    backlog: Arc<AtomicUsize>,
    frozen: watch::Receiver<bool>,
    close_period: Option<Duration>,
    ping_period: Duration,
}

impl Outgoing {
    /// Writes until the channel is to be closed (with which code and reason), or until the
    /// socket fails.
    async fn write(
        mut self,
        sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    ) -> Option<(u16, String)> {
        let opened = Instant::now();
        let closing = close_after(self.close_period);
        tokio::pin!(closing);
        let period = self.ping_period.max(Duration::from_millis(1));
        let mut pings = interval_at(opened + period, period);
        loop {
            thawed(&mut self.frozen).await;
            let item = tokio::select! {
                biased;
                item = self.urgently.recv() => item?,
                () = &mut closing => return Some((1000, "Bye".to_owned())),
                _ = pings.tick() => {
                    sink.send(Message::Ping(Bytes::from_static(b"gateway"))).await.ok()?;
                    continue;
                }
                item = self.queued.recv() => {
                    self.backlog.fetch_sub(1, Ordering::Relaxed);
                    item?
                }
            };
            thawed(&mut self.frozen).await;
            let message = match item {
                Item::Frame(frame) => Message::Binary(frame),
                Item::Text(text) => Message::Text(text.into()),
                Item::Close { code, reason } => return Some((code, reason)),
            };
            // Many waiting messages are written with one flush.
            sink.feed(message).await.ok()?;
            if self.queued.is_empty() {
                sink.flush().await.ok()?;
            }
        }
    }
}

async fn close_after(period: Option<Duration>) {
    match period {
        Some(period) => sleep(period).await,
        None => std::future::pending().await,
    }
}

async fn close<S>(socket: &mut WebSocketStream<S>, code: u16, reason: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tracing::debug!(code, reason, "channel refused");
    let frame = CloseFrame {
        code: CloseCode::from(code),
        reason: reason.into(),
    };
    let farewell = async {
        socket.close(Some(frame)).await?;
        while socket.next().await.transpose()?.is_some() {}
        Ok::<(), Error>(())
    };
    if let Ok(Err(error)) = timeout(CLOSE_TIMEOUT, farewell).await {
        tracing::debug!(%error, "the client did not wait for the close");
    }
}
