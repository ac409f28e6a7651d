//! Every step against servers on loopback that do it well, badly, or not at all.

use aws_access::{ProxyRoutes, Trust};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use super::{HttpAnswer, Probe, ThroughProxy};
use crate::Problem;
use crate::dial::tests::{Authority, Proxy, Tls, answering, listen, no_proxies, proxies};

/// A name that can't be resolved (RFC 6761, section 6.4).
const NOWHERE: &str = "https://ssm.culvert.invalid";

/// A host that is not loopback, as far as the code can tell: a proxy leads there.
const BEHIND_A_PROXY: &str = "https://ssm.culvert.example";

fn probe(url: &str, trust: &Trust, proxies: ProxyRoutes) -> Probe {
    Probe::with_proxies(trust, &Url::parse(url).unwrap(), proxies).unwrap()
}

fn direct(url: &str) -> Probe {
    probe(url, &Trust::load(None).unwrap(), no_proxies())
}

/// Answers over TLS as the service does to a call without a signature.
async fn refuse(mut stream: Tls) {
    let _ = stream.read(&mut [0; 4096]).await;
    let answer = "HTTP/1.1 400 Bad Request\r\nx-amzn-requestid: 1\r\n\
                  date: Tue, 24 Nov 2026 12:00:00 GMT\r\ncontent-length: 2\r\n\r\n{}";
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

#[tokio::test]
async fn a_name_has_its_addresses_or_none() {
    let found = direct("http://localhost:1").look_up().await.unwrap();
    assert_eq!(found.name, "localhost");
    assert!(!found.addresses.is_empty());
    let problem = direct(NOWHERE).look_up().await.unwrap_err();
    assert_eq!(problem.code, "network-dns");
    assert_eq!(
        direct(NOWHERE).connect().await.unwrap_err().code,
        "network-dns"
    );
}

#[tokio::test]
async fn behind_a_proxy_the_proxy_is_looked_up_and_connected_to() {
    let trust = Trust::load(None).unwrap();
    let (address, _tasks) = listen(answering("")).await;
    let probe = probe(
        BEHIND_A_PROXY,
        &trust,
        proxies(&format!("http://{address}")),
    );
    assert!(probe.is_proxied());
    assert_eq!(probe.look_up().await.unwrap().name, "127.0.0.1");
    assert_eq!(probe.connect().await.unwrap().1, address);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named_by_the_step_that_fails_with_where_it_is_set() {
    let trust = Trust::load(None).unwrap();
    let behind = |proxy: &str| probe(BEHIND_A_PROXY, &trust, proxies(proxy));
    // Nothing listens at the discard port.
    let refused = behind("http://user:planted-secret@127.0.0.1:9");
    let unknown = behind("http://no.such.proxy.invalid:3128");
    for (problem, proxy, why) in [
        (
            refused.connect().await.unwrap_err(),
            "127.0.0.1:9",
            "refused",
        ),
        (
            unknown.look_up().await.unwrap_err(),
            "no.such.proxy.invalid:3128",
            "could not be resolved",
        ),
        (
            unknown.connect().await.unwrap_err(),
            "no.such.proxy.invalid:3128",
            "could not be resolved",
        ),
    ] {
        assert_eq!(problem.code, "proxy-unreachable", "{problem:?}");
        for word in [proxy, "ssm.culvert.example:443"] {
            assert!(problem.what.contains(word), "{problem:?}");
        }
        assert!(problem.remedy.contains("all_proxy"), "{problem:?}");
        assert!(problem.details.contains(why), "{problem:?}");
        assert!(!format!("{problem:?}").contains("planted-"), "{problem:?}");
    }
}

#[tokio::test]
async fn what_a_proxy_answers_is_told_with_its_address_and_without_its_password() {
    let trust = Trust::load(None).unwrap();
    let outcome = direct("http://127.0.0.1:1").through_proxy().await;
    assert!(matches!(outcome, ThroughProxy::Direct), "{outcome:?}");
    for (status, code) in [(407, "proxy-authentication"), (403, "proxy-refused")] {
        let proxy = Proxy::start(status, "<html>no</html>", ([127, 0, 0, 1], 1).into()).await;
        let url = format!("http://user:planted-secret@{}", proxy.address);
        let probe = probe(BEHIND_A_PROXY, &trust, proxies(&url));
        let ThroughProxy::Refused { problem } = probe.through_proxy().await else {
            panic!("it connected");
        };
        assert_eq!(problem.code, code);
        for word in [&proxy.address.to_string(), "ssm.culvert.example:443"] {
            assert!(problem.what.contains(word), "{problem:?}");
        }
        assert!(
            !format!("{problem:?}").contains("planted-secret"),
            "{problem:?}"
        );
    }
    let (address, _tasks) = listen(answering("")).await;
    let proxy = Proxy::start(200, "", address).await;
    let probe = probe(
        BEHIND_A_PROXY,
        &trust,
        proxies(&format!("http://{}", proxy.address)),
    );
    let outcome = probe.through_proxy().await;
    assert!(
        matches!(outcome, ThroughProxy::Connected { .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn certificates_are_shown_whether_or_not_they_are_trusted() {
    let authority = Authority::new("Culvert Test Authority");
    let (address, _tasks) = listen(authority.tls("localhost", refuse)).await;
    let url = format!("https://localhost:{}", address.port());

    let trusted = probe(&url, &authority.trust(), no_proxies());
    let shown = trusted.certificates().await.unwrap();
    assert_eq!(shown.problem, None);
    let name = shown.signers[0].common_name.as_deref();
    assert_eq!(name, Some("Culvert Test Authority"));

    let shown = direct(&url).certificates().await.unwrap();
    assert_eq!(shown.problem.unwrap().code, "tls-untrusted-issuer");
    let name = shown.signers[0].common_name.as_deref();
    assert_eq!(name, Some("Culvert Test Authority"));

    let stranger = probe(&url, &Authority::new("Another").trust(), no_proxies());
    let shown = stranger.certificates().await.unwrap();
    assert_eq!(shown.problem.unwrap().code, "tls-untrusted-issuer");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_as_that() {
    let (address, _tasks) = listen(answering("HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let probe = direct(&format!("https://localhost:{}", address.port()));
    assert_eq!(probe.certificates().await.unwrap_err().code, "not-tls");
}

#[tokio::test]
async fn the_services_answer_tells_its_time() {
    let authority = Authority::new("ours");
    let (address, _tasks) = listen(authority.tls("localhost", refuse)).await;
    let url = format!("https://localhost:{}", address.port());
    let answer = probe(&url, &authority.trust(), no_proxies())
        .ask()
        .await
        .unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.clock_ahead.is_some());
}

/// What RFC 6455, section 1.3, has as the answer to its key.
const ACCEPTED: &str = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

async fn upgraded(answer: &str) -> Result<HttpAnswer, Problem> {
    let (address, _tasks) = listen(answering(answer)).await;
    direct(&format!("http://{address}")).upgrade().await
}

#[tokio::test]
async fn an_upgrade_counts_with_the_answer_to_its_key_alone() {
    let with = |accept: &str| {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             {accept}\r\n"
        )
    };
    assert_eq!(upgraded(&with(ACCEPTED)).await.unwrap().status, 101);
    for accept in ["", "sec-websocket-accept: d3Jvbmc=\r\n"] {
        let problem = upgraded(&with(accept)).await.unwrap_err();
        assert_eq!(problem.code, "not-a-websocket", "{problem:?}");
        assert!(
            problem.details.contains("Sec-WebSocket-Accept"),
            "{problem:?}"
        );
    }
}
