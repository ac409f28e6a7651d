//! Requests that want no more than an answer.

use std::time::{Duration, SystemTime};

use aws_access::{Stream, WayTo, excerpt, seconds_ahead};
use http::header::{
    CONNECTION, CONTENT_TYPE, DATE, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderName, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::dial::answer::{Answered, has_request_id, is_page, leads_to};
use crate::dial::{DialError, Place};

/// How much of an answer is read.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// The channel that nobody has.
const NO_CHANNEL: &str = "/v1/data-channel/culvert-doctor-00000000000000000?role=publish_subscribe";

/// The key of RFC 6455, section 1.3: what it holds means nothing.
const SOME_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a WebSocket server answers to that key, as the same section has it.
const ITS_ANSWER: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    /// Whether it carries the id that the service gives to each request.
    pub has_request_id: bool,
    /// Whether the body is JSON, by its first character.
    pub is_json: bool,
    /// Whether the body is a page, by its type or, where it is not AWS's, its first character.
    pub is_page: bool,
    /// Whether the key of an upgrade is answered as a WebSocket server does.
    accepts_key: bool,
    /// Where a redirect leads, without what may be secret in it.
    pub location: Option<String>,
    /// The first characters of the body, on one line.
    pub excerpt: String,
    /// How far this machine's clock is ahead of the answer's date (behind, if negative), in
    /// seconds; `None` without a date.
    pub clock_ahead: Option<i64>,
    /// From the request to the head of the answer.
    pub took: Duration,
}

/// Asks for the account's sessions, without a signature.
pub(super) async fn ask(stream: Stream, to: (&Place, &WayTo)) -> Result<HttpAnswer, DialError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/")
        .header(HOST, host(to.0))
        .header(CONTENT_TYPE, "application/x-amz-json-1.1")
        .header(
            HeaderName::from_static("x-amz-target"),
            "AmazonSSM.DescribeSessions",
        );
    exchange(stream, to, request).await
}

/// Asks for a WebSocket (RFC 6455, section 4.1). Whoever switches protocols without the answer to
/// the key speaks none, and a tunnel would not take it for one, either.
pub(super) async fn upgrade(stream: Stream, to: (&Place, &WayTo)) -> Result<HttpAnswer, DialError> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(NO_CHANNEL)
        .header(HOST, host(to.0))
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, SOME_KEY);
    let answer = exchange(stream, to, request).await?;
    if answer.status == StatusCode::SWITCHING_PROTOCOLS.as_u16() && !answer.accepts_key {
        return Err(DialError::NotWebSocket {
            host: to.0.host.clone(),
            excerpt: "HTTP 101: Sec-WebSocket-Accept is missing or wrong".to_owned(),
        });
    }
    let answered = Answered {
        status: answer.status,
        is_page: answer.is_page,
        has_request_id: answer.has_request_id,
        location: answer.location.as_deref(),
        excerpt: &answer.excerpt,
    };
    match answered.of_somebody_else(&to.0.host) {
        Some(blocked) => Err(blocked),
        None => Ok(answer),
    }
}

/// The usual port is not written (RFC 9110, section 7.2).
fn host(place: &Place) -> String {
    let usual = if place.tls.is_some() { 443 } else { 80 };
    let authority = place.authority();
    match authority.strip_suffix(&format!(":{usual}")) {
        Some(host) => host.to_owned(),
        None => authority,
    }
}

async fn exchange(
    stream: Stream,
    (place, way): (&Place, &WayTo),
    request: http::request::Builder,
) -> Result<HttpAnswer, DialError> {
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| DialError::Url {
            reason: error.to_string(),
        })?;
    let failed = |error: hyper::Error| failure(place, way, &error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let asked = async {
        let began = Instant::now();
        let answer = sender.send_request(request).await.map_err(failed)?;
        Ok(read(answer, began.elapsed()).await)
    };
    // It has to be driven for the exchange to go on.
    let driven = async {
        let _ = connection.with_upgrades().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        outcome = asked => outcome,
        () = driven => Err(DialError::NotHttp {
            host: place.host.clone(),
            reason: String::new(),
        }),
    }
}

async fn read(answer: Response<Incoming>, took: Duration) -> HttpAnswer {
    let (head, body) = answer.into_parts();
    let header = |name: HeaderName| head.headers.get(name)?.to_str().ok();
    let clock_ahead = header(DATE).and_then(|date| {
        // The date is from about the middle of the exchange.
        seconds_ahead(date, SystemTime::now() - took / 2)
    });
    let accepts_key = header(SEC_WEBSOCKET_ACCEPT) == Some(ITS_ANSWER);
    let body = if head.status.is_informational() {
        Bytes::new()
    } else {
        let read = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
        // What is too long or breaks off has told who it is by its head.
        read.map(http_body_util::Collected::to_bytes)
            .unwrap_or_default()
    };
    let first = body.trim_ascii_start().first().copied();
    HttpAnswer {
        status: head.status.as_u16(),
        has_request_id: has_request_id(&head.headers),
        is_json: first == Some(b'{'),
        is_page: is_page(&head.headers, &body),
        accepts_key,
        location: leads_to(&head.headers),
        excerpt: excerpt(&body),
        clock_ahead,
        took,
    }
}

fn failure(place: &Place, way: &WayTo, error: &hyper::Error) -> DialError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if let Some(io) = found.downcast_ref::<std::io::Error>() {
            let copy = match io.get_ref() {
                Some(inner) => std::io::Error::new(io.kind(), inner.to_string()),
                None => io.kind().into(),
            };
            return way.failed(copy).into();
        }
        cause = found.source();
    }
    DialError::NotHttp {
        host: place.host.clone(),
        reason: error.to_string(),
    }
}
