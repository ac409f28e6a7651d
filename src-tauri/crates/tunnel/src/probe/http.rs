//! Requests that want no more than an answer.

use std::time::{Duration, SystemTime};

use aws_access::{AnswerBody, Answered, Stream, WayTo, seconds_ahead};
use http::header::{
    CONNECTION, CONTENT_TYPE, DATE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use hyper::body::Bytes;
use tokio::time::Instant;

use crate::dial::DialError;

/// How much of an answer is read.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// The channel that nobody has.
const NO_CHANNEL: &str = "/v1/data-channel/culvert-doctor-00000000000000000?role=publish_subscribe";

/// The key of RFC 6455, section 1.3: what it holds means nothing.
const SOME_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a WebSocket server answers to that key, as the same section has it.
const ITS_ANSWER: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// How AWS answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    /// How far this machine's clock is ahead of the answer's date (behind, if negative), in
    /// seconds; `None` without a date.
    pub clock_ahead: Option<i64>,
}

/// Asks for the account's sessions, without a signature. Says who answered as well.
pub(super) async fn ask(stream: Stream, way: &WayTo) -> Result<(HttpAnswer, Answered), DialError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/")
        .header(CONTENT_TYPE, "application/x-amz-json-1.1")
        .header(
            HeaderName::from_static("x-amz-target"),
            "AmazonSSM.DescribeSessions",
        );
    let (answer, took) = exchange(stream, way, request).await?;
    let answered = Answered::of(answer.status(), answer.headers(), answer.body().begun());
    Ok((
        HttpAnswer::of(answer.status(), answer.headers(), took),
        answered,
    ))
}

/// Asks for a WebSocket (RFC 6455, section 4.1). Whoever switches protocols without the answer to
/// the key speaks none, and a tunnel would not take it for one, either. That the gateway refuses is
/// no error: the channel does not exist.
pub(super) async fn upgrade(stream: Stream, way: &WayTo) -> Result<HttpAnswer, DialError> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(NO_CHANNEL)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, SOME_KEY);
    let (answer, took) = exchange(stream, way, request).await?;
    let (status, headers) = (answer.status(), answer.headers());
    if status == StatusCode::SWITCHING_PROTOCOLS && !accepts_key(headers) {
        return Err(DialError::NotWebSocket {
            host: way.host().to_owned(),
            excerpt: "HTTP 101: Sec-WebSocket-Accept is missing or wrong".to_owned(),
        });
    }
    let answered = Answered::of(status, headers, answer.body().begun());
    match DialError::of_answer(way.host(), answered) {
        None | Some(DialError::Refused { .. }) => Ok(HttpAnswer::of(status, headers, took)),
        Some(error) => Err(error),
    }
}

fn accepts_key(headers: &HeaderMap) -> bool {
    let accept = headers.get(SEC_WEBSOCKET_ACCEPT);
    accept.is_some_and(|accept| accept == ITS_ANSWER)
}

/// Sends a request, and says how long its answer took.
async fn exchange(
    stream: Stream,
    way: &WayTo,
    request: http::request::Builder,
) -> Result<(Response<AnswerBody>, Duration), DialError> {
    let request = request.body(Bytes::new()).map_err(|error| DialError::Url {
        reason: error.to_string(),
    })?;
    let began = Instant::now();
    let answer = way.exchange(stream, request, MAX_ANSWER_BYTES).await?;
    Ok((answer, began.elapsed()))
}

impl HttpAnswer {
    fn of(status: StatusCode, headers: &HeaderMap, took: Duration) -> Self {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        // The date is from about the middle of the exchange.
        let clock_ahead = date.and_then(|date| seconds_ahead(date, SystemTime::now() - took / 2));
        Self {
            status: status.as_u16(),
            clock_ahead,
        }
    }
}
