//! The endpoint: HTTP on this machine alone, read only.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::text;
use crate::roll::Roll;

/// What OpenMetrics' text is called.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Those who ask at once; more wait.
const AT_ONCE: usize = 4;

/// How long one may take to ask and to be answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nobody can ask for the figures.
#[derive(Debug, thiserror::Error)]
#[error("port {port} of this machine can't be listened at")]
pub struct MetricsError {
    /// The port that was wanted.
    pub port: u16,
    /// What the system says.
    pub source: io::Error,
}

/// Answers `GET /metrics` until it is dropped.
#[derive(Debug)]
pub struct MetricsServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl MetricsServer {
    /// Listens at a port of 127.0.0.1; 0 takes a free one.
    ///
    /// # Errors
    /// The port is taken, or not allowed.
    pub async fn begin(roll: Roll, port: u16) -> Result<Self, MetricsError> {
        let failed = |source| MetricsError { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(failed)?;
        Ok(Self {
            address: listener.local_addr().map_err(failed)?,
            task: tokio::spawn(serve(listener, roll)),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, roll: Roll) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        // It is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let roll = roll.clone();
                tokio::spawn(async move {
                    let _ = timeout(PATIENCE, connection(stream, roll)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "nobody can ask for figures");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, roll: Roll) {
    let service = service_fn(move |request| {
        let roll = roll.clone();
        async move { Ok::<_, Infallible>(answer(&request, &roll).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "somebody who asked for figures has gone");
    }
}

async fn answer(request: &Request<Incoming>, roll: &Roll) -> Response<Full<Bytes>> {
    // A page of the web that has its name point here must not read them.
    if !is_for_this_machine(request) {
        return said(StatusCode::FORBIDDEN, "Ask for 127.0.0.1 or localhost.\n");
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => match text(&roll.figures().await) {
            Ok(text) => {
                let mut response = Response::new(Full::from(text));
                let kind = hyper::header::HeaderValue::from_static(OPEN_METRICS);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            Err(error) => {
                tracing::warn!(%error, "figures can't be written down");
                said(StatusCode::INTERNAL_SERVER_ERROR, "They can't be told.\n")
            }
        },
        (_, "/metrics") => said(StatusCode::METHOD_NOT_ALLOWED, "They can only be read.\n"),
        _ => said(StatusCode::NOT_FOUND, "They are at /metrics.\n"),
    }
}

fn is_for_this_machine(request: &Request<Incoming>) -> bool {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    matches!(name, Some("127.0.0.1" | "localhost"))
}

fn said(status: StatusCode, what: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(what));
    *response.status_mut() = status;
    response
}
