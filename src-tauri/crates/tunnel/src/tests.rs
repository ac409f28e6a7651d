//! Starting and ending tunnels against a service that counts what it is asked.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing::Level;

use super::*;

const SESSION: &str = "session-1";
const TOKEN: &str = "planted-opens-the-channel";

/// How the service does what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It starts sessions and ends them.
    Obliging,
    /// It forbids to start sessions.
    Forbidding,
    /// It starts sessions and does not answer when it is asked to end them.
    Silent,
    /// It answers nothing.
    Mute,
}

/// A service that starts sessions whose gateway answers nobody.
struct Service {
    address: SocketAddr,
    calls: watch::Receiver<Vec<String>>,
    _task: JoinSet<()>,
}

impl Service {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (noted, calls) = watch::channel(Vec::new());
        let noted = Arc::new(noted);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                connections.spawn(async move {
                    let answer = service_fn(|request| answer(request, manner, address, &noted));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(tcp), answer)
                        .await;
                });
            }
        });
        Self {
            address,
            calls,
            _task: task,
        }
    }

    fn config(&self) -> TunnelConfig {
        TunnelConfig {
            access: AccessSettings {
                region: Some("eu-central-1".to_owned()),
                endpoint_url: Some(format!("http://{}", self.address).into()),
                static_credentials: Some(StaticCredentials {
                    access_key_id: "AKIDEXAMPLE".to_owned(),
                    secret_access_key: Secret::new("secret".to_owned()),
                    session_token: None,
                }),
                ..AccessSettings::default()
            },
            ..TunnelConfig::new("i-0abc", Destination::Port(80))
        }
    }

    fn grant(&self) -> Grant {
        Grant {
            session_id: SESSION.to_owned(),
            stream_url: format!("ws://{}/", self.address),
            token: TOKEN.to_owned(),
        }
    }

    fn count(&self, call: &str) -> usize {
        let calls = self.calls.borrow();
        calls.iter().filter(|made| *made == call).count()
    }

    /// Waits until it is asked for that.
    async fn asked(&self, call: &str) {
        let mut calls = self.calls.clone();
        let made = calls.wait_for(|calls| calls.iter().any(|made| made == call));
        drop(made.await.unwrap());
    }
}

async fn answer(
    request: Request<Incoming>,
    manner: Manner,
    address: SocketAddr,
    noted: &watch::Sender<Vec<String>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers().get("x-amz-target");
    let call = target
        .and_then(|target| target.to_str().ok()?.split('.').nth(1))
        .unwrap_or("upgrade")
        .to_owned();
    noted.send_modify(|calls| calls.push(call.clone()));
    let (status, body) = match (call.as_str(), manner) {
        ("upgrade", _) | ("TerminateSession", Manner::Silent) | (_, Manner::Mute) => {
            std::future::pending().await
        }
        ("StartSession", Manner::Forbidding) => (
            StatusCode::BAD_REQUEST,
            r#"{"__type":"AccessDeniedException","message":"no"}"#.to_owned(),
        ),
        ("StartSession", Manner::Obliging | Manner::Silent) => (
            StatusCode::OK,
            format!(
                r#"{{"SessionId":"{SESSION}","StreamUrl":"ws://{address}/","TokenValue":"{TOKEN}"}}"#
            ),
        ),
        _ => (StatusCode::OK, format!(r#"{{"SessionId":"{SESSION}"}}"#)),
    };
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    Ok(response)
}

/// Waits until a tunnel's task has ended.
async fn over(mut snapshot: watch::Receiver<Snapshot>) {
    while snapshot.changed().await.is_ok() {}
}

#[tokio::test]
async fn however_often_it_is_stopped_a_session_is_ended_once_and_everybody_hears_the_same() {
    let service = Service::start(Manner::Obliging).await;
    let tunnel = Tunnel::start(service.config()).await.unwrap();
    let address = tunnel.snapshot().borrow().addresses[0].clone();
    service.asked("upgrade").await;
    assert_eq!(tunnel.outcome(), None);
    let both = tokio::join!(tunnel.stop(), tunnel.stop());
    assert_eq!(both, (Outcome::Stopped, Outcome::Stopped));
    assert_eq!(tunnel.snapshot().borrow().state, State::Off);
    assert_eq!(tunnel.stop().await, Outcome::Stopped);
    assert_eq!(tunnel.outcome(), Some(Outcome::Stopped));
    assert_eq!(service.count("TerminateSession"), 1);
    // It listens no more.
    assert!(TcpListener::bind(&address).await.is_ok());
}

#[tokio::test]
async fn a_tunnel_that_has_failed_has_failed_whoever_stops_it_later() {
    let service = Service::start(Manner::Forbidding).await;
    let tunnel = Tunnel::start(service.config()).await.unwrap();
    let mut snapshot = tunnel.snapshot();
    let failed = |snapshot: &Snapshot| matches!(snapshot.state, State::Failed { .. });
    drop(snapshot.wait_for(failed).await.unwrap());
    for _ in 0..2 {
        let Outcome::Failed(problem) = tunnel.stop().await else {
            panic!("it was stopped");
        };
        assert_eq!(problem.kind, ProblemKind::Permission, "{problem:?}");
    }
    assert!(failed(&tunnel.snapshot().borrow()));
}

#[tokio::test]
async fn a_dropped_tunnel_ends_its_session() {
    let service = Service::start(Manner::Obliging).await;
    let tunnel = Tunnel::start(service.config()).await.unwrap();
    service.asked("upgrade").await;
    let snapshot = tunnel.snapshot();
    drop(tunnel);
    over(snapshot.clone()).await;
    assert_eq!(snapshot.borrow().state, State::Off);
    assert_eq!(service.count("TerminateSession"), 1);
}

#[tokio::test]
async fn whoever_will_not_wait_for_a_silent_service_need_not() {
    let service = Service::start(Manner::Silent).await;
    let tunnel = Tunnel::start(service.config()).await.unwrap();
    service.asked("upgrade").await;
    let snapshot = tunnel.snapshot();
    {
        let mut stop = std::pin::pin!(tunnel.stop());
        tokio::select! {
            outcome = &mut stop => panic!("{outcome:?}"),
            () = service.asked("TerminateSession") => {}
        }
        // From here on nothing comes from outside: time passes only where somebody waits for it.
        tokio::time::pause();
    }
    let dropped = Instant::now();
    drop(tunnel);
    over(snapshot.clone()).await;
    assert_eq!(dropped.elapsed(), Duration::ZERO);
    assert_eq!(snapshot.borrow().state, State::Off);
    assert!(snapshot.borrow().addresses.is_empty());
}

#[tokio::test]
async fn a_silent_service_is_not_waited_for_for_ever() {
    let service = Service::start(Manner::Silent).await;
    let tunnel = Tunnel::start(service.config()).await.unwrap();
    service.asked("upgrade").await;
    let stop = async { tokio::join!(tunnel.stop(), tunnel.stop()) };
    let ((), both) = tokio::join!(
        async {
            service.asked("TerminateSession").await;
            tokio::time::pause();
        },
        stop
    );
    assert_eq!(both, (Outcome::Stopped, Outcome::Stopped));
    assert_eq!(service.count("TerminateSession"), 1);
}

#[tokio::test]
async fn a_session_that_was_handed_over_is_ended_if_the_port_is_taken() {
    let service = Service::start(Manner::Obliging).await;
    let mut config = service.config();
    config.listen.port = service.address.port();
    let start = Tunnel::start_granted(config, service.grant()).await;
    assert!(matches!(start, Err(StartError::Listen(_))), "{start:?}");
    assert_eq!(service.count("TerminateSession"), 1);
    assert_eq!(service.count("StartSession"), 0);
}

#[tokio::test]
async fn a_taken_port_is_told_even_if_the_service_is_silent() {
    let service = Service::start(Manner::Silent).await;
    let mut config = service.config();
    config.listen.port = service.address.port();
    let ((), start) = tokio::join!(
        async {
            service.asked("TerminateSession").await;
            tokio::time::pause();
        },
        Tunnel::start_granted(config, service.grant())
    );
    assert!(matches!(start, Err(StartError::Listen(_))), "{start:?}");
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts a tunnel and stops it, and returns what that logs.
async fn log_of_a_tunnel(level: Level) -> String {
    // What a thread without a subscriber comes by first would be taken for never wanted by
    // anybody, were there not one for all threads.
    let of_all = tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .with_writer(io::sink);
    // The other test may have set it.
    let _ = tracing::subscriber::set_global_default(of_all.finish());
    let log = Log::default();
    let to_log = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(move || to_log.clone())
        .finish();
    let logging = tracing::subscriber::set_default(subscriber);
    let service = Service::start(Manner::Obliging).await;
    let mut config = service.config();
    config.name = "orders".to_owned();
    let tunnel = Tunnel::start(config).await.unwrap();
    service.asked("upgrade").await;
    tunnel.stop().await;
    drop(logging);
    let log = std::mem::take(&mut *log.0.lock().unwrap());
    String::from_utf8(log).unwrap()
}

#[tokio::test]
async fn the_log_tells_whose_policy_wants_what_and_no_secret() {
    let log = log_of_a_tunnel(Level::DEBUG).await;
    let ours = || log.lines().filter(|line| line.contains(" tunnel::"));
    for told in [
        "wants=start session 0",
        "session 0 is granted",
        "wants=open a WebSocket for session 0",
        "the tunnel is no longer wanted",
        "wants=end session 0",
        "the end of session 0 is answered",
    ] {
        assert!(ours().any(|line| line.contains(told)), "{told}: {log}");
    }
    for line in ours() {
        assert!(line.contains("tunnel{name=orders}"), "{line}");
        assert!(!line.contains(TOKEN), "{line}");
    }
    assert!(ours().any(|line| line.contains(SESSION)), "{log}");
}

#[tokio::test]
async fn what_is_as_it_should_be_is_not_in_the_log_of_a_quiet_level() {
    let log = log_of_a_tunnel(Level::INFO).await;
    assert!(!log.contains(" tunnel::"), "{log}");
}

#[tokio::test]
async fn a_start_that_is_never_answered_keeps_a_stop_for_three_seconds() {
    let service = Service::start(Manner::Mute).await;
    let tunnel = Tunnel::start(service.config()).await.unwrap();
    service.asked("StartSession").await;
    tokio::time::pause();
    let stopped = Instant::now();
    assert_eq!(tunnel.stop().await, Outcome::Stopped);
    let took = stopped.elapsed();
    assert!(took < Duration::from_millis(3_100), "{took:?}");
}
