//! One port for everything: API calls, WebSocket upgrades, and the control of faults.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, DATE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::DuplexStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::api::{self, Answer};
use crate::control;
use crate::gateway;
use crate::link::Breaker;
use crate::service::Service;

/// What a captive portal answers to everything.
pub(crate) const PORTAL: &str =
    "<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>";

/// Largest body of a request: the API's own limit is far below.
const MOST_BODY: usize = 1024 * 1024;

const CHANNEL_PATH: &str = "/v1/data-channel/";

/// Serves one connection to its end.
pub(crate) async fn serve(service: Arc<Service>, stream: DuplexStream, breaker: Breaker) {
    let handler = service_fn(move |request| {
        let (service, breaker) = (Arc::clone(&service), breaker.clone());
        async move {
            let mut response = handle(&service, breaker, request).await;
            // Its own clock, and not that of the HTTP library.
            let date = httpdate::fmt_http_date(service.clock());
            if let Ok(date) = date.parse() {
                response.headers_mut().insert(DATE, date);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), handler)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended");
    }
}

async fn handle(
    service: &Arc<Service>,
    breaker: Breaker,
    mut request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    if let Some(session) = request.uri().path().strip_prefix(CHANNEL_PATH) {
        let session = session.to_owned();
        return upgrade(service, breaker, &mut request, session);
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MOST_BODY).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
    };
    let body = body.to_bytes();
    let path = parts.uri.path();
    if let Some(verb) = path.strip_prefix("/control/") {
        return respond(&control::handle(service, &parts.method, verb, &body));
    }
    if path == "/not-a-websocket" {
        return respond(&portal());
    }
    if path == "/" && parts.method == Method::POST {
        return respond(&api::call(service, &parts, &body).await);
    }
    plain(StatusCode::NOT_FOUND, "nothing is here")
}

/// Lets a client's WebSocket in, if its request is one and is signed.
fn upgrade(
    service: &Arc<Service>,
    breaker: Breaker,
    request: &mut Request<Incoming>,
    session: String,
) -> Response<Full<Bytes>> {
    let on_upgrade = hyper::upgrade::on(&mut *request);
    match admit(service, request) {
        Ok(key) => {
            service.with_stats(|stats| stats.upgrades += 1);
            let task = Arc::clone(service);
            service.spawn(async move {
                match on_upgrade.await {
                    Ok(upgraded) => {
                        let stream = TokioIo::new(upgraded);
                        gateway::run(task, stream, breaker, session).await;
                    }
                    Err(error) => tracing::debug!(%error, "the upgrade was not completed"),
                }
            });
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = response.headers_mut();
            headers.insert(
                CONNECTION,
                hyper::header::HeaderValue::from_static("Upgrade"),
            );
            headers.insert(
                UPGRADE,
                hyper::header::HeaderValue::from_static("websocket"),
            );
            if let Ok(key) = key.parse() {
                headers.insert(SEC_WEBSOCKET_ACCEPT, key);
            }
            response
        }
        Err(answer) => {
            service.with_stats(|stats| stats.upgrades_refused += 1);
            service.note_change();
            respond(&answer)
        }
    }
}

/// Returns the key that accepts the upgrade, or the answer that refuses it.
fn admit(service: &Service, request: &Request<Incoming>) -> Result<String, Answer> {
    let refusal =
        service.with_faults_quietly(|faults| faults.upgrades.as_mut()?.take(Instant::now()));
    if let Some(refusal) = refusal {
        return Err(Answer {
            status: refusal.status,
            content_type: match refusal.body.bytes().next() {
                Some(b'<') => "text/html",
                Some(b'{') | None => "application/json",
                Some(_) => "text/plain",
            },
            body: refusal.body,
        });
    }
    let says = |name, wanted: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value
                    .split(',')
                    .any(|token| token.trim().eq_ignore_ascii_case(wanted))
            })
    };
    let key = request
        .headers()
        .get(SEC_WEBSOCKET_KEY)
        .filter(|_| {
            request.method() == Method::GET
                && says(CONNECTION, "upgrade")
                && says(UPGRADE, "websocket")
                && says(SEC_WEBSOCKET_VERSION, "13")
        })
        .ok_or_else(|| denied(400, "BadRequest", "The request is no WebSocket upgrade."))?;
    verify(service, request)?;
    Ok(derive_accept_key(key.as_bytes()))
}

fn verify(service: &Service, request: &Request<Incoming>) -> Result<(), Answer> {
    let is_signed = request.headers().contains_key("authorization");
    if !is_signed && !service.settings.gateway.signed_upgrades {
        return Ok(());
    }
    let parts = parts_of(request);
    service
        .verify(&parts, b"", "ssmmessages")
        .map_err(|error| denied(403, error.upgrade_code(), &error.to_string()))
}

/// A request's head without its body.
fn parts_of(request: &Request<Incoming>) -> Parts {
    let mut head = Request::new(());
    head.method_mut().clone_from(request.method());
    head.uri_mut().clone_from(request.uri());
    head.headers_mut().clone_from(request.headers());
    head.into_parts().0
}

fn denied(status: u16, code: &str, message: &str) -> Answer {
    tracing::debug!(code, message, "upgrade refused");
    Answer {
        status,
        content_type: "application/json",
        body: json!({"__type": code, "message": message}).to_string(),
    }
}

fn portal() -> Answer {
    Answer {
        status: 200,
        content_type: "text/html",
        body: PORTAL.to_owned(),
    }
}

fn respond(answer: &Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(answer.body.clone()));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static(answer.content_type),
    );
    // Pages and plain texts are those of something in between.
    if !["text/html", "text/plain"].contains(&answer.content_type) {
        headers.insert(
            "x-amzn-requestid",
            hyper::header::HeaderValue::from_static("00000000-0000-4000-8000-000000000000"),
        );
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
