//! A small server that answers as it is told and keeps what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use test_kit::{Authority, listen};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::{Access, AccessSettings, Secret, StaticCredentials};

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) headers: HeaderMap,
    pub(super) body: serde_json::Value,
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            (
                "x-amzn-requestid",
                "7f2c9a1e-0000-4000-8000-00000000000a".to_owned(),
            ),
        ];
        Self {
            status,
            headers,
            body: body.to_string(),
        }
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(
            status,
            &serde_json::json!({ "__type": code, "message": message }),
        )
    }

    pub(super) fn html(status: u16) -> Self {
        Self {
            status,
            headers: vec![("content-type", "text/html".to_owned())],
            body: "<html>\n <title>Welcome to the hotel</title></html>".to_owned(),
        }
    }

    pub(super) fn grant() -> Self {
        Self::json(
            200,
            &serde_json::json!({
                "SessionId": "alice-0123",
                "StreamUrl": "wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/alice-0123?role=publish_subscribe",
                "TokenValue": "planted-token",
            }),
        )
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        response
            .body(Full::new(Bytes::from(self.body.clone())))
            .unwrap()
    }
}

/// Ends, with its connections, when it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) asked: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(super) async fn http(answer: Answer) -> Self {
        Self::start(answer, None).await
    }

    pub(super) async fn https(answer: Answer, authority: &Authority, name: &str) -> Self {
        Self::start(answer, Some(authority.acceptor(&[name]))).await
    }

    async fn start(answer: Answer, tls: Option<TlsAcceptor>) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        let (address, tasks) = listen(move |tcp| {
            let (tls, record, answer) = (tls.clone(), Arc::clone(&record), answer.clone());
            async move {
                match tls {
                    None => serve(tcp, record, answer).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(tcp).await {
                            serve(stream, record, answer).await;
                        }
                    }
                }
            }
        })
        .await;
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    pub(super) fn last(&self) -> Asked {
        self.asked
            .lock()
            .unwrap()
            .last()
            .cloned()
            .expect("the server was not asked")
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    record: Arc<Mutex<Vec<Asked>>>,
    answer: Answer,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (record, answer) = (Arc::clone(&record), answer.clone());
        async move {
            let headers = request.headers().clone();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            record.lock().unwrap().push(Asked { headers, body });
            Ok::<_, Infallible>(answer.response())
        }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A CONNECT proxy that leads wherever it is asked to one address.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    pub(super) asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(super) async fn to(destination: SocketAddr, status: StatusCode) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        let (address, tasks) = listen(move |tcp| {
            let record = Arc::clone(&record);
            async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let record = Arc::clone(&record);
                    async move {
                        assert_eq!(request.method(), Method::CONNECT);
                        let place = request.uri().to_string();
                        record
                            .lock()
                            .unwrap()
                            .push((place, request.headers().clone()));
                        if status.is_success() {
                            tokio::spawn(relay(request, destination));
                        }
                        let mut response = Response::new(Full::new(Bytes::new()));
                        *response.status_mut() = status;
                        Ok::<_, Infallible>(response)
                    }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(tcp), service)
                    .with_upgrades()
                    .await;
            }
        })
        .await;
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }
}

async fn relay(request: Request<Incoming>, destination: SocketAddr) {
    let Ok(upgraded) = hyper::upgrade::on(request).await else {
        return;
    };
    let mut there = TcpStream::connect(destination).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(upgraded), &mut there).await;
}

/// Takes calls, and never answers one.
pub(super) async fn silent() -> (String, JoinSet<()>) {
    let (address, tasks) = listen(|tcp| async move {
        let _tcp = tcp;
        std::future::pending::<()>().await;
    })
    .await;
    (format!("http://{address}"), tasks)
}

/// Waits so long that whatever has a limit has come to it. The clock must be paused.
pub(super) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    let day = std::time::Duration::from_secs(86_400);
    let outcome = tokio::time::timeout(day, future).await;
    outcome.expect("it has no limit")
}

/// Settings with the keys of AWS's documentation, for an endpoint.
pub(super) fn settings(endpoint: String) -> AccessSettings {
    AccessSettings {
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some(endpoint.into()),
        static_credentials: Some(StaticCredentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            session_token: Some(Secret::new("planted-session-token")),
        }),
        ..AccessSettings::default()
    }
}

/// Access with those settings to a server without TLS.
pub(super) async fn access(server: &Server) -> Access {
    Access::load(settings(format!("http://{}", server.address)))
        .await
        .unwrap()
}
