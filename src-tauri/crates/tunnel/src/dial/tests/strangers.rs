//! Those who answer in place of AWS: told alike by a call or a data channel, and by the doctor.

use aws_access::{Access, AccessSettings, Secret, StaticCredentials};
use tunnel_proto::Problem;

use super::proxies::{BANNER, Serving, said_by_a_call, speaking};
use super::*;
use crate::probe::Probe;

/// Access to a server on loopback.
async fn access_to(endpoint: &str) -> Access {
    let settings = AccessSettings {
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some(endpoint.into()),
        static_credentials: Some(StaticCredentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("planted-key"),
            session_token: None,
        }),
        ..AccessSettings::default()
    };
    Access::load(settings).await.unwrap()
}

/// What a call and the doctor say of who answers a call; the former names the service and the
/// latter the host.
async fn said_of_calls(answer: &str) -> [Problem; 2] {
    let (address, _server) = listen(answering(answer)).await;
    let endpoint = format!("http://{address}");
    let access = access_to(&endpoint).await;
    let called = said_by_a_call(&access).await;
    let probe = Probe::new(&access, &Url::parse(&endpoint).unwrap()).unwrap();
    [called, probe.ask().await.unwrap_err()]
}

/// What a data channel and the doctor say of who answers an upgrade.
async fn said_of_upgrades(answer: &str) -> [Result<(), Problem>; 2] {
    let (address, _server) = listen(answering(answer)).await;
    let trust = Trust::load(None).unwrap();
    let dialled = dial(&format!("ws://{address}/x"), &trust).await;
    let endpoint = format!("http://{address}");
    let access = access_to(&endpoint).await;
    let probe = Probe::new(&access, &Url::parse(&endpoint).unwrap()).unwrap();
    let probed = probe.upgrade().await;
    [
        dialled.map(|_| ()).map_err(|error| error.failure().problem),
        probed.map(|_| ()),
    ]
}

#[tokio::test]
async fn whoever_answers_a_call_in_place_of_aws_is_told_alike_by_calls_and_the_doctor() {
    let led = "HTTP/1.1 302 Found\r\nlocation: http://portal/login?token=planted-1\r\n\
               content-length: 0\r\n\r\n";
    for (answer, code, words) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<title>Hotel</title>",
            "captive-portal",
            &["is not AWS's", "the page \"Hotel\""][..],
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n",
            "captive-portal",
            &["is not AWS's"],
        ),
        (
            led,
            "captive-portal",
            &["sends the reader to http://portal/login"],
        ),
        ("HTTP/1.1 511 No\r\n\r\n", "captive-portal", &["HTTP 511"]),
        ("HTTP/1.1 407 No\r\n\r\n", "captive-portal", &["HTTP 407"]),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\nby policy",
            "captive-portal",
            &["HTTP 403: by policy"],
        ),
        (
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "captive-portal",
            &["HTTP 404"],
        ),
        (
            "HTTP/1.1 503 Busy\r\n\r\n<html>No.</html>",
            "service-error",
            &[
                "something in front of it",
                "HTTP status 503",
                "Health Dashboard",
            ],
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\n\r\n",
            "service-error",
            &["something in front of it", "HTTP status 502"],
        ),
        (
            "SSH-2.0-OpenSSH_9.2\r\n",
            "not-http",
            &["speaks no HTTP", "port"],
        ),
        (
            "\u{1}\u{2}\u{3}garbage\r\n\r\n",
            "not-http",
            &["speaks no HTTP"],
        ),
        ("", "network-broken", &["broke before it answered"]),
        (
            "HTTP/1.1 20",
            "network-broken",
            &["broke before it answered"],
        ),
    ] {
        let said = said_of_calls(answer).await;
        for problem in &said {
            assert_eq!(problem.code, code, "{answer}: {problem:?}");
            let told = format!("{} {} {}", problem.what, problem.remedy, problem.details);
            for word in words {
                assert!(told.contains(word), "{answer}: {told}");
            }
            assert!(!format!("{problem:?}").contains("planted-"), "{problem:?}");
        }
        let [called, probed] = said;
        assert_eq!((called.kind, called.remedy), (probed.kind, probed.remedy));
    }
}

#[tokio::test]
async fn whoever_answers_an_upgrade_in_place_of_the_gateway_is_told_alike_by_tunnels_and_the_doctor()
 {
    let id = "x-amzn-requestid: 1\r\n";
    let page = "content-type: text/html\r\n\r\n<html>No.</html>";
    let switched = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                    upgrade: websocket\r\n";
    for (answer, code, words) in [
        (
            format!("HTTP/1.1 200 OK\r\n{page}"),
            "websocket-blocked",
            "HTTP status 200",
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{id}\r\n{{}}"),
            "websocket-blocked",
            "HTTP status 200",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://portal/\r\n\r\n".to_owned(),
            "websocket-blocked",
            "to http://portal/",
        ),
        (
            format!("HTTP/1.1 407 No\r\n{id}\r\n"),
            "websocket-blocked",
            "HTTP status 407",
        ),
        (
            format!("HTTP/1.1 403 No\r\n{id}{page}"),
            "websocket-blocked",
            "HTTP status 403",
        ),
        (
            "HTTP/1.1 403 No\r\n\r\nby policy".to_owned(),
            "websocket-blocked",
            "HTTP 403: by policy",
        ),
        (
            "HTTP/1.1 404 No\r\n\r\n".to_owned(),
            "websocket-blocked",
            "HTTP status 404",
        ),
        (
            format!("HTTP/1.1 503 No\r\n{page}"),
            "websocket-blocked",
            "HTTP status 503",
        ),
        (
            "HTTP/1.1 511 No\r\n\r\n".to_owned(),
            "websocket-blocked",
            "HTTP status 511",
        ),
        (
            "HTTP/1.1 426 No\r\n\r\n".to_owned(),
            "websocket-blocked",
            "HTTP status 426",
        ),
        // The gateway's word: it saw no upgrade.
        (
            format!("HTTP/1.1 400 No\r\n{id}\r\n{{}}"),
            "websocket-blocked",
            "takes it out",
        ),
        (
            format!("HTTP/1.1 426 No\r\n{id}\r\n"),
            "websocket-blocked",
            "takes it out",
        ),
        (
            format!("HTTP/1.1 503 No\r\n{id}\r\n{{}}"),
            "gateway-error",
            "HTTP status 503",
        ),
        (
            "HTTP/1.1 502 No\r\n\r\n".to_owned(),
            "gateway-error",
            "in front of it",
        ),
        (
            format!("{switched}sec-websocket-accept: d3Jvbmc=\r\n\r\n"),
            "not-a-websocket",
            "Something else answered",
        ),
        (
            "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
            "not-http",
            "speaks no HTTP",
        ),
        ("garbage\r\n\r\n".to_owned(), "not-http", "speaks no HTTP"),
        (String::new(), "network-broken", "broke before it answered"),
    ] {
        let [dialled, probed] = said_of_upgrades(&answer).await.map(Result::unwrap_err);
        assert_eq!(dialled.code, code, "{answer}: {dialled:?}");
        let told = format!("{} {}", dialled.what, dialled.details);
        assert!(told.contains(words), "{answer}: {told}");
        // What reads an answer says it in words of its own, and knows the port or not.
        let (dialled, probed) = (
            Problem {
                details: String::new(),
                ..dialled
            },
            Problem {
                details: String::new(),
                ..probed
            },
        );
        assert_eq!(dialled, probed, "{answer}");
    }
}

#[tokio::test]
async fn a_greeting_that_comes_before_anything_is_asked_is_no_http() {
    let (address, _server) = listen(|mut tcp: TcpStream| async move {
        let _ = tcp.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
        let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
    })
    .await;
    let endpoint = format!("http://{address}");
    let access = access_to(&endpoint).await;
    let probe = Probe::new(&access, &Url::parse(&endpoint).unwrap()).unwrap();
    assert_eq!(probe.ask().await.unwrap_err().code, "not-http");
    assert_eq!(probe.upgrade().await.unwrap_err().code, "not-http");
    let trust = Trust::load(None).unwrap();
    let dialled = dial(&format!("ws://{address}/x"), &trust).await;
    assert_eq!(code(dialled), "not-http");
}

#[tokio::test]
async fn a_refusal_of_the_gateway_is_one_for_a_tunnel_and_fine_for_the_doctor() {
    // AWS may write XML.
    for body in ["<Error/>", "{}"] {
        let answer = format!("HTTP/1.1 403 No\r\nx-amzn-requestid: 1\r\n\r\n{body}");
        let [dialled, probed] = said_of_upgrades(&answer).await;
        assert_eq!(dialled.unwrap_err().code, "upgrade-refused", "{body}");
        assert_eq!(probed, Ok(()), "{body}");
    }
}

/// Says this and hangs up without having read anything, so that whoever writes to it is told of a
/// connection that broke.
fn hanging_up(greeting: &'static str) -> impl Fn(TcpStream) -> Serving {
    move |mut tcp| {
        Box::pin(async move {
            let _ = tcp.write_all(greeting.as_bytes()).await;
            let _ = tcp.set_zero_linger();
        })
    }
}

/// What a call, a data channel and the doctor say of who is there in place of a host with TLS.
async fn said_over_tls(address: SocketAddr) -> [Problem; 4] {
    let endpoint = format!("https://localhost:{}", address.port());
    let access = access_to(&endpoint).await;
    let probe = Probe::new(&access, &Url::parse(&endpoint).unwrap()).unwrap();
    let trust = Trust::load(None).unwrap();
    let dialled = dial(&format!("wss://localhost:{}/x", address.port()), &trust).await;
    [
        said_by_a_call(&access).await,
        dialled.map(|_| ()).unwrap_err().failure().problem,
        probe.certificates().await.unwrap_err(),
        probe.ask().await.unwrap_err(),
    ]
}

#[tokio::test]
async fn whoever_speaks_no_tls_is_told_alike_by_all_by_what_it_says_whenever_it_says_it() {
    let servers = [
        listen(speaking(BANNER, "")).await,
        listen(speaking("", BANNER)).await,
        listen(hanging_up(BANNER)).await,
    ];
    for (at, (address, _server)) in servers.iter().enumerate() {
        for problem in said_over_tls(*address).await {
            assert_eq!(problem.code, "not-tls", "{at}: {problem:?}");
            assert_eq!(
                problem.what,
                "Something else answered in place of localhost: it speaks no TLS."
            );
            assert!(problem.remedy.contains("address and port"), "{problem:?}");
            let said = "it sent data of its own: SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3 [2J";
            assert_eq!(problem.details, said, "{at}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_anything_was_said_is_no_stranger() {
    let (address, _server) = listen(hanging_up("")).await;
    for problem in said_over_tls(address).await {
        assert_eq!(problem.code, "network-broken", "{problem:?}");
    }
}
