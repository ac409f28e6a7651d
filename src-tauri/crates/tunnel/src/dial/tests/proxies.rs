//! Proxies that do their part, and those that do anything else: told alike by a call, a data channel
//! and the doctor.

use std::collections::BTreeMap;
use std::pin::Pin;

use aws_access::{Access, AccessSettings, ProxyChoice, Secret, StartSession, StaticCredentials};
use tunnel_proto::Problem;

use super::*;
use crate::probe::{Probe, ThroughProxy};

#[test]
fn loopback_and_excluded_hosts_pass_the_proxy() {
    let proxies = proxies_but("http://proxy.example:8080", "internal.example");
    let proxied = |url: &str| {
        let place = Place::of(&Url::parse(url).unwrap()).unwrap();
        place.proxy(&proxies).unwrap().is_some()
    };
    assert!(proxied("wss://gateway.example/x"));
    for url in [
        "wss://a.internal.example/x",
        "wss://localhost/x",
        "wss://[::1]/x",
        "ws://127.0.0.1/x",
    ] {
        assert!(!proxied(url), "{url}");
    }
}

#[tokio::test]
async fn a_data_channel_opens_through_a_proxy_with_its_password() {
    let authority = Authority::new("ours");
    let (gateway, _server) = listen(authority.tls(GATEWAY, echo)).await;
    let proxy = Proxy::start(200, "", gateway).await;
    let proxies = proxies(&format!("http://alice:planted-p%40ss@{}", proxy.address));
    let mut socket = dial_through(&proxies, &authority.trust()).await.unwrap();
    assert_eq!(echoed(&mut socket).await, "hello");
    let asked = proxy.asked.lock().unwrap();
    let (place, headers) = &asked[0];
    assert_eq!(place, "gateway.example:443");
    assert_eq!(headers["host"], "gateway.example:443");
    assert_eq!(
        headers["proxy-authorization"],
        "Basic YWxpY2U6cGxhbnRlZC1wQHNz"
    );
}

#[tokio::test]
async fn a_proxy_may_itself_want_tls() {
    let authority = Authority::new("ours");
    let (gateway, _server) = listen(authority.tls(GATEWAY, echo)).await;
    let asked = Arc::default();
    let (address, _proxy) = listen(authority.tls("localhost", move |stream| {
        serve_proxy(stream, Arc::clone(&asked), 200, "", gateway)
    }))
    .await;
    let proxies = proxies(&format!("https://localhost:{}", address.port()));
    let mut socket = dial_through(&proxies, &authority.trust()).await.unwrap();
    assert_eq!(echoed(&mut socket).await, "hello");
}

#[tokio::test]
async fn a_proxys_refusals_are_told_apart() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    for (status, expected, next) in [
        (407, "proxy-authentication", Next::Stop),
        (403, "proxy-refused", Next::Retry),
        (503, "proxy-no-way", Next::Retry),
    ] {
        let proxy = Proxy::start(status, "<html>Ask the\n IT desk</html>", nowhere).await;
        let proxies = proxies(&format!("http://alice:planted-secret@{}", proxy.address));
        let error = dial_through(&proxies, &Trust::load(None).unwrap())
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.next()), (expected, next), "{status}");
        assert_eq!(error.details(), "Ask the IT desk");
        let named = format!("The proxy {} ", proxy.address);
        assert!(error.what().starts_with(&named), "{}", error.what());
        // What was asked of it, and where somebody has set it.
        let asked = "gateway.example:443";
        assert!(error.what().contains(asked), "{}", error.what());
        let remedy = error.remedy();
        assert!(remedy.contains("all_proxy"), "{remedy}");
        assert_eq!(remedy.contains(asked), status != 407, "{remedy}");
        let all = format!("{error:?} {error} {}", error.what());
        assert!(!all.contains("secret") && !all.contains("alice"), "{all}");
    }
}

#[tokio::test]
async fn what_is_no_proxy_is_a_protocol_error() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\n\r\nunasked",
    ] {
        let (address, _server) = listen(answering(answer)).await;
        let outcome = dial_through(
            &proxies(&format!("http://{address}")),
            &Trust::load(None).unwrap(),
        )
        .await;
        assert_eq!(code(outcome), "proxy-protocol", "{answer}");
    }
}

/// What an SSH server says before anybody has said anything (RFC 4253, section 4.2), with something
/// that no terminal should see.
pub(super) const BANNER: &str = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\u{1b}[2J\r\n";

/// Says this before anything is read, or after all has been read that came.
pub(super) fn speaking(before: &'static str, after: &'static str) -> impl Fn(TcpStream) -> Serving {
    move |mut tcp| {
        Box::pin(async move {
            let _ = tcp.write_all(before.as_bytes()).await;
            let _ = tcp.read(&mut [0; 4096]).await;
            let _ = tcp.write_all(after.as_bytes()).await;
            // It waits for its turn.
            let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
        })
    }
}

pub(super) type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

#[tokio::test]
async fn whoever_speaks_first_in_a_proxys_place_is_told_by_what_it_says_whenever_it_says_it() {
    for (before, after) in [(BANNER, ""), ("", BANNER)] {
        let (address, _server) = listen(speaking(before, after)).await;
        for problem in said_by_all(&format!("http://{address}")).await {
            assert_eq!(problem.code, "proxy-protocol", "{problem:?}");
            assert_eq!(
                problem.details,
                "it sent data of its own: SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3 [2J",
                "{before:?}, {after:?}"
            );
        }
    }
}

/// A page of a proxy's own, with a secret in it.
const PAGE: &str = "<html><head><title>Sign in to Acme</title></head>\
     <a href=\"http://portal.example/login?token=planted-1\">here</a></html>";

#[tokio::test]
async fn a_page_in_place_of_a_connection_is_a_portals_and_told_by_its_title() {
    let connected = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n";
    let led = "HTTP/1.1 302 Found\r\n\
               location: http://me:planted-2@portal.example/login?back=planted-3\r\n\
               content-length: 0\r\n\r\n";
    let wanted = format!(
        "HTTP/1.1 511 Network Authentication Required\r\ncontent-length: {}\r\n\r\n{PAGE}",
        PAGE.len()
    );
    for (first, later, details) in [
        // With the answer, or when TLS has begun.
        (format!("{connected}{PAGE}"), "", "Sign in to Acme"),
        (connected.to_owned(), PAGE, "Sign in to Acme"),
        (led.to_owned(), "", "to http://portal.example/login"),
        (wanted, "", "Sign in to Acme"),
    ] {
        let (address, _server) = listen(in_two_pieces(first.clone(), later)).await;
        let error = dial_through(
            &proxies(&format!("http://{address}")),
            &Trust::load(None).unwrap(),
        )
        .await
        .unwrap_err();
        let told = format!("{first}{later}: {error:?}");
        assert_eq!(error.code(), "proxy-portal", "{told}");
        assert_eq!(error.next(), Next::AwaitNetwork, "{told}");
        assert!(error.details().contains(details), "{told}");
        assert!(error.remedy().contains("browser"), "{told}");
        assert!(error.remedy().contains("all_proxy"), "{told}");
        assert!(!format!("{error:?}").contains("planted-"), "{error:?}");
    }
}

#[tokio::test]
async fn what_sign_in_a_proxy_wants_is_told_and_what_it_was_given() {
    let wants = |schemes: &str| {
        let schemes: String = schemes
            .split('|')
            .map(|scheme| format!("proxy-authenticate: {scheme}\r\n"))
            .collect();
        format!("HTTP/1.1 407 Nope\r\n{schemes}content-length: 0\r\n\r\n")
    };
    for (schemes, user, what, remedy) in [
        (
            "Negotiate|NTLM",
            "",
            &["Negotiate or NTLM", "Basic only"][..],
            &["px", "cntlm", "all_proxy"][..],
        ),
        (
            "NTLM, Digest realm=\"Basic, x\"",
            "me:planted-4@",
            &["NTLM or Digest", "Basic only"],
            &["cntlm"],
        ),
        (
            "Basic realm=\"x\"",
            "me:planted-5@",
            &["does not accept", "given"],
            &["Correct them", "all_proxy"],
        ),
        (
            "NTLM|Basic realm=\"x\"",
            "",
            &["none are given"],
            &["Put the user into all_proxy"],
        ),
    ] {
        let (address, _server) = listen(answering(&wants(schemes))).await;
        let proxies = proxies(&format!("http://{user}{address}"));
        let trust = Trust::load(None).unwrap();
        let error = dial_through(&proxies, &trust).await.unwrap_err();
        assert_eq!(error.code(), "proxy-authentication", "{schemes}: {error:?}");
        assert_eq!(error.next(), Next::Stop, "{schemes}: {error:?}");
        for word in what {
            assert!(error.what().contains(word), "{schemes}: {}", error.what());
        }
        for word in remedy {
            assert!(
                error.remedy().contains(word),
                "{schemes}: {}",
                error.remedy()
            );
        }
        assert!(!format!("{error:?}").contains("planted-"), "{error:?}");
    }
}

/// Access to an endpoint through a proxy.
async fn access_through(proxy: &str, endpoint: &str) -> Access {
    let settings = AccessSettings {
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some(endpoint.into()),
        proxy: ProxyChoice::Through(proxy.parse().unwrap()),
        static_credentials: Some(StaticCredentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("planted-key"),
            session_token: None,
        }),
        ..AccessSettings::default()
    };
    Access::load(settings).await.unwrap()
}

/// What a call says that fails.
pub(super) async fn said_by_a_call(access: &Access) -> Problem {
    let start = StartSession {
        target: "i-0123456789abcdef0".to_owned(),
        document: "AWS-StartPortForwardingSession".to_owned(),
        parameters: BTreeMap::new(),
        reason: None,
    };
    crate::access::problem(&access.start_session(&start).await.unwrap_err())
}

/// What the doctor says of the way to an endpoint.
async fn said_by_the_doctor(access: &Access, endpoint: &str) -> Problem {
    let probe = Probe::new(access, &Url::parse(endpoint).unwrap()).unwrap();
    match probe.through_proxy().await {
        ThroughProxy::Refused { problem } => problem,
        ThroughProxy::Direct | ThroughProxy::Connected { .. } => {
            probe.certificates().await.unwrap_err()
        }
    }
}

/// What a call, a data channel and the doctor say of a proxy, all with the same settings.
async fn said_by_all(proxy: &str) -> [Problem; 3] {
    let endpoint = format!("https://{GATEWAY}");
    let access = access_through(proxy, &endpoint).await;
    let called = said_by_a_call(&access).await;
    let dialled = dial_through(&access.proxies(), access.trust()).await;
    let dialled = dialled.unwrap_err().failure().problem;
    [
        called,
        dialled,
        said_by_the_doctor(&access, &endpoint).await,
    ]
}

/// What a call and the doctor say of a proxy that is asked for what is not encrypted.
async fn said_in_the_clear(proxy: &str) -> [Problem; 2] {
    let endpoint = format!("http://{GATEWAY}");
    let access = access_through(proxy, &endpoint).await;
    let called = said_by_a_call(&access).await;
    [called, said_by_the_doctor(&access, &endpoint).await]
}

/// Proxies that need no server to be faulty, and the code of each.
async fn without_a_server() -> Vec<(String, &'static str)> {
    let (nobody, server) = listen(|_| pending()).await;
    drop(server);
    tokio::task::yield_now().await;
    vec![
        (format!("socks5://{nobody}"), "proxy-unsupported"),
        ("http://proxy.example:0".to_owned(), "proxy-setting-invalid"),
        (format!("http://{nobody}"), "proxy-unreachable"),
    ]
}

#[tokio::test]
async fn whatever_a_proxy_does_a_call_a_data_channel_and_the_doctor_say_the_same() {
    let mut asked = without_a_server().await;
    let mut servers = Vec::new();
    for (first, later, code) in [
        (
            "HTTP/1.1 200 OK\r\n\r\n",
            "<html>No.</html>",
            "proxy-portal",
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n<html>No.</html>",
            "",
            "proxy-portal",
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0-x\r\n", "proxy-protocol"),
        ("HTTP/1.1 200 OK\r\n\r\n", "", "network-broken"),
        (
            "HTTP/1.1 302 Found\r\nlocation: /x\r\n\r\n",
            "",
            "proxy-portal",
        ),
        ("HTTP/1.1 407 No\r\n\r\n", "", "proxy-authentication"),
        ("HTTP/1.1 403 No\r\n\r\n", "", "proxy-refused"),
        ("HTTP/1.1 502 No\r\n\r\n", "", "proxy-no-way"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "", "proxy-protocol"),
        ("", "", "proxy-protocol"),
    ] {
        let (address, server) = listen(in_two_pieces(first.to_owned(), later)).await;
        servers.push(server);
        asked.push((format!("http://{address}"), code));
    }
    for (proxy, code) in asked {
        let [called, dialled, probed] = said_by_all(&proxy).await;
        assert_eq!(called.code, code, "{proxy}: {called:?}");
        for other in [dialled, probed] {
            assert_eq!(other.code, code, "{proxy}: {other:?}");
            assert_eq!(other.remedy, called.remedy, "{proxy}");
            // A call that has got past the proxy names the service and not the host.
            if code.starts_with("proxy-") {
                assert_eq!(other.what, called.what, "{proxy}");
                assert_eq!(other.facts, called.facts, "{proxy}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_is_told_alike_by_all_with_where_it_is_set() {
    let (address, _server) = listen(|tcp| async move {
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    for problem in said_by_all(&format!("http://{address}")).await {
        assert_eq!(problem.code, "proxy-timeout", "{problem:?}");
        assert!(problem.what.contains(&address.to_string()), "{problem:?}");
        assert!(problem.remedy.contains("setting \"proxy\""), "{problem:?}");
    }
}

#[tokio::test]
async fn whatever_a_proxy_does_in_the_clear_a_call_and_the_doctor_say_the_same() {
    let mut asked = without_a_server().await;
    let mut servers = Vec::new();
    for (answer, code) in [
        ("407 No\r\n\r\n", "proxy-authentication"),
        ("503 Busy\r\n\r\n<html>No.</html>", "proxy-no-way"),
        ("502 Bad Gateway\r\n\r\n", "proxy-no-way"),
        ("403 No\r\n\r\nby policy", "proxy-refused"),
        ("200 OK\r\n\r\n<html>No.</html>", "proxy-portal"),
        ("302 Found\r\nlocation: /x\r\n\r\n", "proxy-portal"),
        ("511 No\r\n\r\n", "proxy-portal"),
        ("200 OK\r\n\r\nHello", "proxy-protocol"),
    ] {
        let (address, server) = listen(answering(&format!("HTTP/1.1 {answer}"))).await;
        servers.push(server);
        asked.push((format!("http://{address}"), code));
    }
    for answer in ["SSH-2.0-OpenSSH_9.2\r\n", ""] {
        let (address, server) = listen(answering(answer)).await;
        servers.push(server);
        asked.push((format!("http://{address}"), "proxy-protocol"));
    }
    for (proxy, code) in asked {
        let [called, probed] = said_in_the_clear(&proxy).await;
        assert_eq!(called.code, code, "{proxy}: {called:?}");
        assert_eq!(called, probed, "{proxy}");
        let told = format!("{} {}", called.what, called.remedy);
        assert!(told.contains("setting \"proxy\""), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_in_the_clear_is_told_alike_with_where_it_is_set() {
    let (address, _server) = listen(|tcp| async move {
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    for problem in said_in_the_clear(&format!("http://{address}")).await {
        assert_eq!(problem.code, "proxy-timeout", "{problem:?}");
        assert!(problem.what.contains(&address.to_string()), "{problem:?}");
        assert!(problem.what.contains("gateway.example:80"), "{problem:?}");
        assert!(problem.remedy.contains("setting \"proxy\""), "{problem:?}");
    }
}

#[tokio::test]
async fn a_proxy_in_the_clear_that_passes_on_what_aws_answers_is_not_in_its_way() {
    let refused = "HTTP/1.1 403 Forbidden\r\nx-amzn-requestid: 1\r\ncontent-length: 46\r\n\r\n\
                   {\"__type\":\"AccessDeniedException\",\"message\":1}";
    let (address, _server) = listen(answering(refused)).await;
    let endpoint = format!("http://{GATEWAY}");
    let access = access_through(&format!("http://{address}"), &endpoint).await;
    assert_eq!(said_by_a_call(&access).await.code, "access-denied");
    let probe = Probe::new(&access, &Url::parse(&endpoint).unwrap()).unwrap();
    assert!(probe.is_proxied());
    let outcome = probe.through_proxy().await;
    assert!(
        matches!(outcome, ThroughProxy::Connected { .. }),
        "{outcome:?}"
    );
    probe.ask().await.unwrap();
}

#[tokio::test]
async fn a_proxy_without_the_tls_that_it_is_set_with_is_told_alike_by_all() {
    let authority = Authority::new("Acme Proxies");
    let (plain, _plain) = listen(answering("HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let (mute, _mute) = listen(answering("")).await;
    let (untrusted, _untrusted) = listen(authority.tls("localhost", |_| pending())).await;
    for (port, code, words) in [
        (
            plain.port(),
            "proxy-tls",
            &["with TLS", "http:// in place"][..],
        ),
        (mute.port(), "proxy-tls", &["with TLS", "http:// in place"]),
        (
            untrusted.port(),
            "proxy-certificate",
            &["signed by Acme Proxies", "AWS_CA_BUNDLE"],
        ),
    ] {
        let proxy = format!("https://localhost:{port}");
        let said = said_by_all(&proxy).await;
        let clear = said_in_the_clear(&proxy).await;
        for problem in said.iter().chain(&clear) {
            assert_eq!(problem.code, code, "{problem:?}");
            let told = format!("{} {}", problem.what, problem.remedy);
            let named = format!("the proxy localhost:{port}");
            for word in words.iter().chain([&named.as_str()]) {
                assert!(told.to_lowercase().contains(&word.to_lowercase()), "{told}");
            }
        }
        assert_eq!(said[0], said[1]);
        assert_eq!(said[0], said[2]);
    }
}

#[tokio::test]
async fn a_trusted_proxys_certificate_for_another_host_or_of_the_past_is_told_as_that() {
    let authority = Authority::new("ours");
    let past = authority.issuer.acceptor_of_the_past(&["localhost"]);
    let (past, _past) = listen(over_tls(past, |_: Tls| pending())).await;
    let (other, _other) = listen(authority.tls("other.example", |_| pending())).await;
    for (port, words) in [
        (past.port(), ["has expired", "date and time"]),
        (other.port(), ["for another host", "all_proxy"]),
    ] {
        let proxies = proxies(&format!("https://localhost:{port}"));
        let error = dial_through(&proxies, &authority.trust())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "proxy-certificate", "{error:?}");
        let told = format!("{} {}", error.what(), error.remedy());
        for word in words {
            assert!(told.contains(word), "{told}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_waits_while_tls_begins_is_told_as_one_without_tls() {
    let (address, _server) = listen(|tcp| async move {
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    let proxy = format!("https://{address}");
    let said = said_by_all(&proxy).await;
    for problem in said.iter().chain(&said_in_the_clear(&proxy).await) {
        assert_eq!(problem.code, "proxy-tls", "{problem:?}");
        assert!(problem.remedy.starts_with("Write http://"), "{problem:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let (address, server) = listen(|_| pending()).await;
    drop(server);
    tokio::task::yield_now().await;
    let proxies = proxies(&format!("http://alice:planted-secret@{address}"));
    let error = dial_through(&proxies, &Trust::load(None).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "proxy-unreachable");
    assert!(error.what().contains(&address.to_string()) && !error.what().contains("secret"));
    assert!(error.details().contains("refused"), "{}", error.details());
}

#[tokio::test]
async fn a_proxy_of_another_kind_is_said_to_be_unsupported() {
    let outcome = dial_through(
        &proxies("socks5://127.0.0.1:9"),
        &Trust::load(None).unwrap(),
    )
    .await;
    assert_eq!(code(outcome), "proxy-unsupported");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_never_answers_times_out() {
    let (address, _server) = listen(|tcp| async move {
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    let outcome = dial_through(
        &proxies(&format!("http://{address}")),
        &Trust::load(None).unwrap(),
    )
    .await;
    assert_eq!(code(outcome), "proxy-timeout");
}

async fn dial_through(proxies: &ProxyRoutes, trust: &Trust) -> Result<Socket, DialError> {
    let url = Url::parse(&format!("wss://{GATEWAY}/x")).unwrap();
    open(&url, HeaderMap::new(), trust, proxies, DIAL_TIMEOUT).await
}

/// Answers with this, and when more is asked with that, and closes.
fn in_two_pieces(
    first: String,
    later: &'static str,
) -> impl Fn(TcpStream) -> Handling + Send + 'static {
    move |mut tcp| {
        let first = first.clone();
        Box::pin(async move {
            let _ = read_head(&mut tcp).await;
            let _ = tcp.write_all(first.as_bytes()).await;
            if !later.is_empty() {
                let _ = tcp.read(&mut [0; 4096]).await;
                let _ = tcp.write_all(later.as_bytes()).await;
            }
            let _ = tcp.shutdown().await;
            // Reads on, so that unread data does not turn the close into a reset.
            let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
        })
    }
}
