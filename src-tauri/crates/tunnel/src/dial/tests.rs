//! Every step against servers on loopback that do it well, badly, or not at all.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use aws_access::{
    Answered, NetworkFault, ProxyFailure, ProxyFault, ProxyPlace, ProxyRoutes, ProxySetting,
    Secret, SetProxy, TlsFault, Trust, WayError,
};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
pub(crate) use test_kit::listen;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tunnel_proto::Next;
use url::Url;

use super::{DIAL_TIMEOUT, DialError, Place, Socket, open};

mod proxies;
mod strangers;

/// A host that is not loopback, as far as the dialling code can tell: a proxy leads there.
const GATEWAY: &str = "gateway.example";

/// Where the proxies of these tests are set.
const SET: ProxyPlace = ProxyPlace::Variable("all_proxy");

#[tokio::test]
async fn a_data_channel_opens_in_the_clear_on_loopback() {
    let (address, _server) = listen(echo).await;
    let mut socket = dial(
        &format!("ws://{address}/x?role=r"),
        &Trust::load(None).unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(echoed(&mut socket).await, "hello");
}

#[tokio::test]
async fn the_upgrade_carries_the_headers_and_the_host_with_its_port() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&heads);
    let (address, _server) = listen(move |mut tcp: TcpStream| {
        let record = Arc::clone(&record);
        async move {
            let head = read_head(&mut tcp).await;
            record.lock().unwrap().push(head);
        }
    })
    .await;
    let url = Url::parse(&format!("ws://{address}/v1/data-channel/s?role=r")).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(
        "authorization",
        HeaderValue::from_static("AWS4-HMAC-SHA256 Credential=x"),
    );
    let trust = Trust::load(None).unwrap();
    let outcome = open(&url, headers, &trust, &no_proxies(), DIAL_TIMEOUT).await;
    assert!(outcome.is_err());
    let head = heads.lock().unwrap().concat().to_ascii_lowercase();
    assert!(
        head.starts_with("get /v1/data-channel/s?role=r http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains(&format!("\r\nhost: {address}\r\n")), "{head}");
    assert!(
        head.contains("\r\nauthorization: aws4-hmac-sha256 "),
        "{head}"
    );
}

#[tokio::test]
async fn the_bundles_authority_is_trusted() {
    let authority = Authority::new("ours");
    let (address, _server) = listen(authority.tls("localhost", echo)).await;
    let url = format!("wss://localhost:{}/x", address.port());
    let mut socket = dial(&url, &authority.trust()).await.unwrap();
    assert_eq!(echoed(&mut socket).await, "hello");
}

#[tokio::test]
async fn another_authority_and_another_host_are_refused() {
    let authority = Authority::new("ours");
    let (address, _server) = listen(authority.tls("localhost", echo)).await;
    let url = format!("wss://localhost:{}/x", address.port());
    for stranger in [Trust::load(None).unwrap(), Authority::new("theirs").trust()] {
        let error = dial(&url, &stranger).await.unwrap_err();
        assert_eq!(error.code(), "tls-untrusted-issuer");
        let what = error.what();
        assert!(what.contains("The certificate of localhost "), "{what}");
        assert!(what.ends_with(" It is signed by \"ours\"."), "{what}");
    }
    let url = format!("wss://127.0.0.1:{}/x", address.port());
    assert_eq!(code(dial(&url, &authority.trust()).await), "tls-wrong-host");
}

#[tokio::test]
async fn a_certificate_that_has_expired_says_so() {
    let authority = Authority::new("ours");
    let acceptor = authority.issuer.acceptor_of_the_past(&["localhost"]);
    let (address, _server) = listen(over_tls(acceptor, echo)).await;
    let url = format!("wss://localhost:{}/x", address.port());
    assert_eq!(
        code(dial(&url, &authority.trust()).await),
        "tls-certificate-expired"
    );
}

#[tokio::test]
async fn an_authoritys_certificate_in_place_of_a_servers_is_told_whether_or_not_it_is_trusted() {
    let authority = Authority::new("ours");
    let acceptor = authority.issuer.acceptor_as_authority(&["localhost"]);
    let (address, _server) = listen(over_tls(acceptor, echo)).await;
    let url = format!("wss://localhost:{}/x", address.port());
    for trust in [authority.trust(), Trust::load(None).unwrap()] {
        let error = dial(&url, &trust).await.unwrap_err();
        assert_eq!(error.code(), "tls-authority-certificate", "{error:?}");
        assert!(error.remedy().contains("CA:FALSE"), "{}", error.remedy());
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_as_that() {
    let (address, _server) = listen(answering("HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let url = format!("wss://localhost:{}/x", address.port());
    assert_eq!(
        code(dial(&url, &Trust::load(None).unwrap()).await),
        "not-tls"
    );
}

#[tokio::test]
async fn a_refused_upgrade_tells_status_and_text() {
    let answer = "HTTP/1.1 403 Forbidden\r\nx-amzn-requestid: 1\r\ncontent-length: 21\r\n\r\nthe signature expired";
    let (address, _server) = listen(answering(answer)).await;
    let error = dial(&format!("ws://{address}/x"), &Trust::load(None).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "upgrade-refused");
    assert_eq!(error.next(), Next::Retry);
    assert!(error.what().contains("403"), "{}", error.what());
    assert_eq!(error.details(), "HTTP 403: the signature expired");
}

#[tokio::test]
async fn an_upgrade_that_finds_nothing_wants_another_session() {
    for status in ["404 Not Found", "410 Gone"] {
        let answer =
            format!("HTTP/1.1 {status}\r\nx-amzn-requestid: 1\r\ncontent-length: 0\r\n\r\n");
        let (address, _server) = listen(answering(&answer)).await;
        let outcome = dial(&format!("ws://{address}/x"), &Trust::load(None).unwrap()).await;
        assert_eq!(outcome.unwrap_err().next(), Next::NewSession);
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_without_end() {
    let (address, _server) = listen(|mut tcp: TcpStream| async move {
        let _ = read_head(&mut tcp).await;
        let _ = tcp
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nx: ")
            .await;
        while tcp.write_all(&[b'a'; 4096]).await.is_ok() {}
    })
    .await;
    let outcome = dial(&format!("ws://{address}/x"), &Trust::load(None).unwrap()).await;
    assert!(matches!(
        outcome,
        Err(DialError::NotWebSocket { .. } | DialError::Way(_))
    ));
}

#[tokio::test]
async fn a_closed_port_and_a_dropped_connection_are_told_apart() {
    let trust = Trust::load(None).unwrap();
    let (address, server) = listen(|_| pending()).await;
    drop(server);
    tokio::task::yield_now().await;
    assert_eq!(
        code(dial(&format!("ws://{address}/x"), &trust).await),
        "network-refused"
    );
    let (address, _server) = listen(|tcp| async move { drop(tcp) }).await;
    let outcome = dial(&format!("ws://{address}/x"), &trust).await;
    assert!(
        matches!(
            outcome,
            Err(DialError::Way(_) | DialError::NotWebSocket { .. })
        ),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_times_out() {
    let (address, _server) = listen(|tcp| async move {
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    let error = dial(&format!("ws://{address}/x"), &Trust::load(None).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "network-timeout");
    assert_eq!(error.next(), Next::AwaitNetwork);
    assert!(error.details().contains("10 s"), "{}", error.details());
}

#[tokio::test]
async fn a_message_larger_than_two_megabytes_ends_the_connection() {
    let (address, _server) = listen(|tcp| async move {
        if let Ok(mut socket) = tokio_tungstenite::accept_async(tcp).await {
            let _ = socket
                .send(Message::Binary(vec![0; 3 * 1024 * 1024].into()))
                .await;
            let _ = socket.next().await;
        }
    })
    .await;
    let trust = Trust::load(None).unwrap();
    let mut socket = dial(&format!("ws://{address}/x"), &trust).await.unwrap();
    assert!(matches!(socket.next().await, Some(Err(_))));
}

#[test]
fn only_secure_or_loopback_urls_are_dialled() {
    let place = |url: &str| Place::of(&Url::parse(url).unwrap());
    for url in [
        "ws://gateway.example/x",
        "ws://10.0.0.1/x",
        "ws://localhost.example/x",
        "http://127.0.0.1/x",
        "https://gateway.example/x",
        "file:///etc/passwd",
        "wss://user:planted-password@gateway.example/x",
    ] {
        let error = place(url).unwrap_err();
        assert_eq!(
            (error.code(), error.next()),
            ("invalid-stream-url", Next::Stop),
            "{url}"
        );
        assert!(!format!("{error:?} {}", error.what()).contains("password@"));
    }
    for url in [
        "wss://gateway.example/x",
        "ws://localhost:1/x",
        "ws://[::1]:1/x",
        "ws://127.8.0.1/",
    ] {
        place(url).unwrap();
    }
    assert_eq!(
        place("wss://[fd00::1]/x")
            .unwrap()
            .way(&no_proxies())
            .unwrap()
            .authority(),
        "[fd00::1]:443"
    );
}

/// An error of the network, on a way without a proxy.
fn network(fault: NetworkFault) -> DialError {
    DialError::Way(WayError::Network {
        host: GATEWAY.to_owned(),
        fault,
        proxy: None,
        signer: None,
        source: io::Error::other("x"),
    })
}

#[test]
fn each_error_speaks_in_sentences() {
    let failure = network(NetworkFault::Timeout).failure();
    assert_eq!(failure.problem.code, "network-timeout");
    assert!(failure.problem.what.ends_with('.') && failure.problem.remedy.ends_with('.'));
}

#[test]
fn only_what_was_not_reached_is_awaited_for_as_long_as_it_takes() {
    let host = || GATEWAY.to_owned();
    let tls = |fault| network(NetworkFault::Tls(fault));
    let blocked = |status| DialError::Blocked {
        host: host(),
        answered: of_status(status),
    };
    let no_websocket = DialError::NotWebSocket {
        host: host(),
        excerpt: String::new(),
    };
    let proxy = DialError::Way(WayError::Proxy(Box::new(ProxyFailure {
        proxy: ProxySetting {
            address: "proxy:8080".to_owned(),
            place: SET,
            lack: None,
        },
        asked: GATEWAY.to_owned(),
        fault: ProxyFault::Unreachable,
        details: String::new(),
    })));
    for (error, next) in [
        (network(NetworkFault::Dns), Next::AwaitNetwork),
        (proxy, Next::AwaitNetwork),
        (network(NetworkFault::Refused), Next::AwaitNetwork),
        (network(NetworkFault::Unreachable), Next::AwaitNetwork),
        (network(NetworkFault::Timeout), Next::AwaitNetwork),
        (tls(TlsFault::UntrustedIssuer), Next::AwaitNetwork),
        (tls(TlsFault::WrongHost), Next::AwaitNetwork),
        // A captive portal's page.
        (blocked(200), Next::AwaitNetwork),
        (blocked(302), Next::AwaitNetwork),
        // Somebody was there.
        (network(NetworkFault::Broken), Next::Retry),
        (tls(TlsFault::Expired), Next::Retry),
        (blocked(403), Next::Retry),
        (blocked(404), Next::Retry),
        (blocked(503), Next::Retry),
        (no_websocket, Next::Retry),
    ] {
        assert_eq!(error.next(), next, "{error:?}");
    }
}

#[test]
fn a_gateway_in_trouble_is_not_blamed_on_permissions_and_a_refusal_is_not_on_the_gateway() {
    let host = || GATEWAY.to_owned();
    let trouble = |status| DialError::Trouble {
        host: host(),
        answered: of_status(status),
    };
    let refused = |status| DialError::Refused {
        host: host(),
        answered: of_status(status),
    };
    for status in [500, 502, 503, 504] {
        let remedy = trouble(status).remedy();
        assert!(remedy.contains("Health Dashboard"), "{status}: {remedy}");
        assert!(!remedy.contains("permission"), "{status}: {remedy}");
    }
    for status in [401, 403, 404, 499] {
        let remedy = refused(status).remedy();
        assert!(
            remedy.contains("ssmmessages:OpenDataChannel"),
            "{status}: {remedy}"
        );
    }
}

/// An answer with this status, and nothing else.
fn of_status(status: u16) -> Box<Answered> {
    let status = http::StatusCode::from_u16(status).unwrap();
    Box::new(Answered::of(status, &HeaderMap::new(), &[]))
}

pub(crate) fn no_proxies() -> ProxyRoutes {
    ProxyRoutes::new(None, None, "")
}

pub(crate) fn proxies(url: &str) -> ProxyRoutes {
    proxies_but(url, "")
}

/// The same but for these hosts.
fn proxies_but(url: &str, no: &str) -> ProxyRoutes {
    let set = SetProxy {
        text: Secret::new(url),
        place: SET,
        lack: None,
    };
    ProxyRoutes::new(Some(&set), Some(&set), no)
}

async fn dial(url: &str, trust: &Trust) -> Result<Socket, DialError> {
    let url = Url::parse(url).unwrap();
    open(&url, HeaderMap::new(), trust, &no_proxies(), DIAL_TIMEOUT).await
}

fn code(outcome: Result<Socket, DialError>) -> &'static str {
    match outcome {
        Ok(_) => "opened",
        Err(error) => error.code(),
    }
}

async fn echoed(socket: &mut Socket) -> String {
    socket.send(Message::text("hello")).await.unwrap();
    socket
        .next()
        .await
        .unwrap()
        .unwrap()
        .into_text()
        .unwrap()
        .to_string()
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Reads what is asked, answers with fixed text, and closes.
pub(crate) fn answering(
    answer: &str,
) -> impl Fn(TcpStream) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send + use<> {
    let answer = answer.to_owned();
    move |mut tcp| {
        let answer = answer.clone();
        Box::pin(async move {
            let _ = tcp.read(&mut [0; 4096]).await;
            let _ = tcp.write_all(answer.as_bytes()).await;
            let _ = tcp.shutdown().await;
            // Reads on, so that unread data does not turn the close into a reset.
            let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
        })
    }
}

async fn read_head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match tcp.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

type Asked = Arc<Mutex<Vec<(String, HeaderMap)>>>;

/// A CONNECT proxy that leads wherever it is asked to one address.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    asked: Asked,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start(status: u16, body: &'static str, destination: SocketAddr) -> Self {
        let asked = Asked::default();
        let record = Arc::clone(&asked);
        let (address, tasks) =
            listen(move |tcp| serve_proxy(tcp, Arc::clone(&record), status, body, destination))
                .await;
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }
}

async fn serve_proxy<S>(
    stream: S,
    asked: Asked,
    status: u16,
    body: &'static str,
    destination: SocketAddr,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let asked = Arc::clone(&asked);
        async move {
            assert_eq!(request.method(), Method::CONNECT);
            let place = request.uri().to_string();
            asked
                .lock()
                .unwrap()
                .push((place, request.headers().clone()));
            if status == 200 {
                tokio::spawn(relay(request, destination));
            }
            let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            Ok::<_, Infallible>(response)
        }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn relay(request: Request<Incoming>, destination: SocketAddr) {
    let Ok(upgraded) = hyper::upgrade::on(request).await else {
        return;
    };
    let mut there = TcpStream::connect(destination).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(upgraded), &mut there).await;
}

pub(crate) type Tls = tokio_rustls::server::TlsStream<TcpStream>;
pub(crate) type Handling = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn over_tls<F, Fut>(acceptor: TlsAcceptor, handle: F) -> impl Fn(TcpStream) -> Handling
where
    F: Fn(Tls) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    move |tcp| {
        let (acceptor, handle) = (acceptor.clone(), handle.clone());
        Box::pin(async move {
            if let Ok(stream) = acceptor.accept(tcp).await {
                handle(stream).await;
            }
        })
    }
}

/// A certification authority of the test's own, and its bundle.
pub(crate) struct Authority {
    issuer: test_kit::Authority,
    directory: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            issuer: test_kit::Authority::new(name, None),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        let bundle: PathBuf = self.directory.path().join("bundle.pem");
        std::fs::write(&bundle, self.issuer.pem()).unwrap();
        Trust::load(Some(&bundle)).unwrap()
    }

    pub(crate) fn tls<F, Fut>(
        &self,
        name: &str,
        handle: F,
    ) -> impl Fn(TcpStream) -> Handling + use<F, Fut>
    where
        F: Fn(Tls) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        over_tls(self.issuer.acceptor(&[name]), handle)
    }
}
