//! The WebSocket upgrade (RFC 6455, section 4.1).

use std::io;

use aws_access::{Answered, Stream, WayTo};
use http::HeaderMap;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use url::Url;

use super::Socket;
use super::error::DialError;

/// Largest message and frame that is accepted. An agent's message is a little over 1 KiB, and
/// no payload may be larger than one of ours can be; the rest is room for a gateway's whims.
const MAX_INCOMING_BYTES: usize = 2 * 1024 * 1024;

/// Read in one go. Full speed is about 1 MB/s for a session, so that this is 16 ms' worth. The library
/// fills all of it with zeros before each read, so that an idle session has all of it in memory.
const READ_BUFFER_BYTES: usize = 16 * 1024;

/// Written in one go, when there is as much without a flush.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;

/// What may wait to be written while the connection takes nothing.
const MAX_WRITE_BUFFER_BYTES: usize = 1024 * 1024;

pub(super) async fn upgrade(
    url: &Url,
    headers: HeaderMap,
    stream: Stream,
    way: &WayTo,
) -> Result<Socket, DialError> {
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|error| DialError::Url {
            reason: error.to_string(),
        })?;
    request.headers_mut().extend(headers);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(MAX_WRITE_BUFFER_BYTES)
        .max_message_size(Some(MAX_INCOMING_BYTES))
        .max_frame_size(Some(MAX_INCOMING_BYTES));
    match Box::pin(client_async_with_config(request, stream, Some(config))).await {
        Ok((socket, _answer)) => Ok(socket),
        Err(error) => Err(failed(way, error)),
    }
}

fn failed(way: &WayTo, error: SocketError) -> DialError {
    let not_websocket = |excerpt| DialError::NotWebSocket {
        host: way.host().to_owned(),
        excerpt,
    };
    match error {
        SocketError::Http(answer) => {
            let body = answer.body().as_deref().unwrap_or_default();
            let answered = Answered::of(answer.status(), answer.headers(), body);
            DialError::of_answer(way.host(), answered)
                .unwrap_or_else(|| not_websocket("HTTP 101, and no WebSocket".to_owned()))
        }
        SocketError::Io(source) => way.failed(source).into(),
        SocketError::Protocol(ProtocolError::HandshakeIncomplete) => {
            way.failed(io::ErrorKind::UnexpectedEof.into()).into()
        }
        SocketError::Protocol(ProtocolError::HttparseError(source)) => {
            way.no_http(io::Error::other(source)).into()
        }
        SocketError::HttpFormat(source) => way.no_http(io::Error::other(source)).into(),
        SocketError::ConnectionClosed
        | SocketError::AlreadyClosed
        | SocketError::Tls(_)
        | SocketError::Capacity(_)
        | SocketError::Protocol(_)
        | SocketError::WriteBufferFull(_)
        | SocketError::Utf8(_)
        | SocketError::AttackAttempt
        | SocketError::Url(_) => not_websocket(error.to_string()),
    }
}
