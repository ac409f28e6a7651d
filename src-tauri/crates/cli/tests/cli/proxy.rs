//! A proxy that does not let through is named, and its password is not.

use std::net::SocketAddr;

use ssm_sim::Simulator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::json::object;
use crate::support::{REGION, TARGET, World, run};

/// A proxy that gives each CONNECT the same answer.
pub(crate) struct Refusing {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Refusing {
    pub(crate) async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (mut tcp, _) = listener.accept().await.unwrap();
                open.spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match tcp.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    // It may have gone away.
                    let _ = tcp.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }
}

pub(crate) const REFUSALS: [&str; 3] = [
    "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\
     content-length: 0\r\n\r\n",
    "HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\nForbidden",
    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>Ask the IT desk</html>",
];

/// What a tunnel says that gives up since the proxy does not let it through: as JSON and as text
/// in one, and what the history says of it.
async fn said(
    answer: &'static str,
    endpoint: impl Fn(&Simulator) -> Vec<String>,
) -> (String, String) {
    let world = World::start().await;
    let proxy = Refusing::start(answer).await;
    let port = world.destination.port().to_string();
    let mut command = world.program();
    command
        .args(["forward", "--json", "--target", TARGET, "--region", REGION])
        .args(["--remote-port", &port, "--retry-for", "1min"])
        .args(endpoint(&world.sim))
        .env(
            "HTTPS_PROXY",
            format!("http://alice:planted-word@{}", proxy.address),
        );
    let ended = run(command).await;
    assert_eq!(ended.code, Some(15), "{ended:?}");
    let failed = object(ended.out.last().unwrap());
    assert_eq!(failed["event"], "failed", "{ended:?}");
    let mut history = world.program();
    history.args(["history", "--json"]);
    let history = run(history).await.out.join("\n");
    let named = proxy.address.to_string();
    let what = failed["problem"]["what"].as_str().unwrap().to_owned();
    for told in [&what, &ended.err, &history] {
        assert!(told.contains(&named), "{answer}: {told}");
    }
    (format!("{ended:?}"), history)
}

/// The same for each of the refusals.
async fn nothing_secret_is_said(endpoint: impl Fn(&Simulator) -> Vec<String>) {
    let [one, two, three] = REFUSALS.map(|answer| said(answer, &endpoint));
    for (said, history) in <[_; 3]>::from(tokio::join!(one, two, three)) {
        for secret in ["planted-", "alice"] {
            assert!(
                !said.contains(secret) && !history.contains(secret),
                "{said}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_the_calls_is_named_and_its_password_is_not() {
    nothing_secret_is_said(|_| {
        let url = "https://ssm.example".to_owned();
        vec!["--endpoint-url".to_owned(), url]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_the_websocket_is_named_and_its_password_is_not() {
    nothing_secret_is_said(|sim| {
        let gateway = "ssmmessages=https://gateway.example".to_owned();
        let mut arguments = vec!["--endpoint-url".to_owned(), sim.endpoint_url()];
        arguments.extend(["--endpoint".to_owned(), gateway]);
        arguments
    })
    .await;
}
