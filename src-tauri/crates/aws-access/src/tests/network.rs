//! Requests that do not reach the service, and the ways through proxies and TLS.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::calls::request;
use super::server::{Answer, Proxy, Server, settings};
use crate::proxies::Proxies;
use crate::{Access, AccessError, AccessSettings, NetworkFault, Next};
use test_kit::{Authority, listen};

#[tokio::test]
async fn a_closed_port_is_a_refused_connection() {
    let (address, tasks) = listen(|_| pending()).await;
    drop(tasks);
    tokio::task::yield_now().await;
    let access = Access::load(settings(format!("http://{address}")))
        .await
        .unwrap();
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "network-refused", "{}", error.details());
    assert_eq!(error.next(), Next::AwaitNetwork);
}

#[tokio::test]
async fn a_connection_that_is_dropped_is_broken() {
    let (address, _tasks) = listen(|tcp| async move { drop(tcp) }).await;
    let access = Access::load(settings(format!("http://{address}")))
        .await
        .unwrap();
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "network-broken", "{}", error.details());
    // Somebody was there.
    assert_eq!(error.next(), Next::Retry);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_times_out() {
    let (address, _tasks) = listen(|tcp| async move {
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    let access = Access::load(settings(format!("http://{address}")))
        .await
        .unwrap();
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "network-timeout");
    assert_eq!(error.next(), Next::Retry);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_about_is_told_from_a_slow_answer() {
    let (address, _tasks) = listen(|tcp| async move {
        // Nothing is said, so that TLS never begins.
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    let access = Access::load(settings(format!("https://{address}")))
        .await
        .unwrap();
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(
        error.code(),
        "network-connect-timeout",
        "{}",
        error.details()
    );
    assert_eq!(error.next(), Next::AwaitNetwork);
}

#[test]
fn who_was_not_reached_is_waited_for_and_who_answered_is_not() {
    use crate::TlsFault;
    for fault in [
        NetworkFault::Dns,
        NetworkFault::Unreachable,
        NetworkFault::Tls(TlsFault::Handshake),
    ] {
        assert!(fault.is_unreachable(), "{fault:?}");
    }
    for fault in [
        NetworkFault::Tls(TlsFault::Expired),
        NetworkFault::Tls(TlsFault::NotYetValid),
    ] {
        assert!(!fault.is_unreachable(), "{fault:?}");
    }
}

#[test]
fn a_name_without_an_address_is_told_from_a_broken_connection() {
    let error = ResolveDnsError::new(io::Error::other("no such name"));
    assert_eq!(NetworkFault::of(&error), Some(NetworkFault::Dns));
    let error = io::Error::new(io::ErrorKind::ConnectionReset, "reset");
    assert_eq!(NetworkFault::of(&error), Some(NetworkFault::Broken));
    assert_eq!(NetworkFault::of(&io::Error::other("what?")), None);
}

#[tokio::test]
async fn a_host_without_an_address_is_named() {
    let access = Access::load(settings("https://ssm.culvert.invalid".to_owned()))
        .await
        .unwrap();
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "network-dns", "{}", error.details());
    assert!(error.what().contains("ssm.culvert.invalid"), "{error}");
    let facts = error.facts();
    let host = ("host", "ssm.culvert.invalid".to_owned());
    assert!(facts.contains(&host), "{facts:?}");
}

#[tokio::test]
async fn the_bundles_authority_is_trusted_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = directory.path().join("bundle.pem");
    let authority = Authority::new("Culvert Test Authority", None);
    std::fs::write(&bundle, authority.pem()).unwrap();
    let server = Server::https(Answer::grant(), &authority, "localhost").await;
    let endpoint = format!("https://localhost:{}", server.address.port());

    let trusting = AccessSettings {
        ca_bundle: Some(bundle.clone()),
        ..settings(endpoint.clone())
    };
    let access = Access::load(trusting).await.unwrap();
    assert_eq!(access.trust().bundle_roots(), 1);
    access.start_session(&request()).await.unwrap();

    let other = directory.path().join("other.pem");
    std::fs::write(&other, Authority::new("Culvert Test Authority", None).pem()).unwrap();
    let wary = AccessSettings {
        ca_bundle: Some(other),
        ..settings(endpoint)
    };
    let error = Access::load(wary)
        .await
        .unwrap()
        .start_session(&request())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "tls-untrusted-issuer", "{}", error.details());
    assert_eq!(error.next(), Next::AwaitNetwork);
    assert_eq!(
        error.what(),
        "The certificate of localhost is signed by an authority that is not trusted. It is signed \
         by \"Culvert Test Authority\"."
    );
    let signer = ("signer", "\"Culvert Test Authority\"".to_owned());
    let facts = error.facts();
    assert!(facts.contains(&signer), "{facts:?}");
    assert!(
        facts.contains(&("host", "localhost".to_owned())),
        "{facts:?}"
    );

    let wrong_name = format!("https://127.0.0.1:{}", server.address.port());
    let trusting = AccessSettings {
        ca_bundle: Some(bundle),
        ..settings(wrong_name)
    };
    let error = Access::load(trusting)
        .await
        .unwrap()
        .start_session(&request())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "tls-wrong-host", "{}", error.details());
    assert_eq!(error.next(), Next::AwaitNetwork);
}

#[tokio::test]
async fn a_server_without_tls_is_told_as_that() {
    let server = Server::http(Answer::grant()).await;
    let access = Access::load(settings(format!("https://{}", server.address)))
        .await
        .unwrap();
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "not-tls", "{}", error.details());
}

pub(super) async fn through(proxy: String, settings: AccessSettings) -> Access {
    let files = EnvConfigFiles::default();
    Access::load_from(settings, files, &Proxies::Fixed(proxy))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_call_goes_through_the_proxy_with_its_password() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = directory.path().join("bundle.pem");
    let authority = Authority::new("Culvert Test Authority", None);
    std::fs::write(&bundle, authority.pem()).unwrap();
    let server = Server::https(Answer::grant(), &authority, "ssm.example").await;
    let proxy = Proxy::to(server.address, StatusCode::OK).await;
    let settings = AccessSettings {
        ca_bundle: Some(bundle),
        ..settings("https://ssm.example".to_owned())
    };
    let access = through(
        format!("http://alice:planted-secret@{}", proxy.address),
        settings,
    )
    .await;
    access.start_session(&request()).await.unwrap();
    let asked = proxy.asked.lock().unwrap();
    assert_eq!(asked[0].0, "ssm.example:443");
    assert_eq!(
        asked[0].1["proxy-authorization"],
        "Basic YWxpY2U6cGxhbnRlZC1zZWNyZXQ="
    );
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_as_the_culprit() {
    let proxy = Proxy::to(
        ([127, 0, 0, 1], 9).into(),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
    )
    .await;
    let settings = settings("https://ssm.example".to_owned());
    let access = through(
        format!("http://alice:planted-secret@{}", proxy.address),
        settings,
    )
    .await;
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "proxy-authentication", "{}", error.details());
    // The same user and password would be refused again.
    assert_eq!(error.next(), Next::Stop);
    assert!(error.what().contains("user name and password"), "{error:?}");
    assert!(
        error.what().contains(&proxy.address.to_string()),
        "{error:?}"
    );
    let all = format!("{error:?} {} {}", error.what(), error.details());
    assert!(!all.contains("secret@") && !all.contains("alice"), "{all}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told_from_one_that_refuses() {
    // Nothing listens at the discard port.
    let settings = settings("https://ssm.example".to_owned());
    let access = through("http://127.0.0.1:9".to_owned(), settings).await;
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "proxy-unreachable", "{}", error.details());
    assert!(error.what().contains(" 127.0.0.1:9 "), "{}", error.what());
    assert_eq!(error.next(), Next::AwaitNetwork);
}

#[tokio::test]
async fn a_call_in_the_clear_asks_the_proxy_for_the_whole_url_with_its_password() {
    let asked = Arc::new(Mutex::new(String::new()));
    let record = Arc::clone(&asked);
    let (address, _tasks) = listen(move |mut tcp| {
        let record = Arc::clone(&record);
        async move {
            let mut head = [0; 4096];
            let length = tcp.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..length]);
            record.lock().unwrap().push_str(&head.to_lowercase());
            let grant = Answer::grant().body;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nx-amzn-requestid: 1\r\ncontent-length: {}\r\n\r\n{grant}",
                grant.len()
            );
            let _ = tcp.write_all(answer.as_bytes()).await;
            let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
        }
    })
    .await;
    let settings = settings("http://ssm.example:8000".to_owned());
    let access = through(format!("http://alice:planted-secret@{address}"), settings).await;
    access.start_session(&request()).await.unwrap();
    let asked = asked.lock().unwrap();
    assert!(
        asked.starts_with("post http://ssm.example:8000/ http/1.1\r\n"),
        "{asked}"
    );
    for header in [
        "\r\nhost: ssm.example:8000\r\n",
        "\r\nproxy-authorization: basic ywxpy2u6cgxhbnrlzc1zzwnyzxq=\r\n",
        "\r\nauthorization: aws4-hmac-sha256 ",
    ] {
        assert!(asked.contains(header), "{asked}");
    }
}

#[tokio::test]
async fn each_call_makes_a_connection_of_its_own_whether_or_not_there_is_a_proxy() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let (address, _tasks) = listen(move |mut tcp| {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            let grant = Answer::grant().body;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nx-amzn-requestid: 1\r\ncontent-length: {}\r\n\r\n{grant}",
                grant.len()
            );
            // It would answer more over the same connection.
            while tcp.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                let _ = tcp.write_all(answer.as_bytes()).await;
            }
        }
    })
    .await;
    let proxy = format!("http://{address}");
    let direct = Access::load(settings(proxy.clone())).await.unwrap();
    let proxied = through(proxy, settings("http://ssm.example".to_owned())).await;
    for (access, expected) in [(direct, 3), (proxied, 6)] {
        for _ in 0..3 {
            access.start_session(&request()).await.unwrap();
        }
        assert_eq!(connections.load(Ordering::Relaxed), expected);
    }
}

/// What a call says through a proxy of which each connection is served so.
async fn failed_through<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> AccessError
where
    F: Future<Output = ()> + Send + 'static,
{
    let (address, _tasks) = listen(serve).await;
    let settings = settings("https://ssm.example".to_owned());
    let access = through(format!("http://{address}"), settings).await;
    let error = access.start_session(&request()).await.unwrap_err();
    let told = error.what();
    assert!(told.contains(&address.to_string()), "{told}");
    error
}

/// Reads a CONNECT, answers it, and hangs up.
async fn answered(mut tcp: TcpStream, answer: &'static str) {
    let _ = tcp.read(&mut [0; 4096]).await;
    let _ = tcp.write_all(answer.as_bytes()).await;
    let _ = tcp.shutdown().await;
    let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
}

#[tokio::test]
async fn what_a_proxy_does_to_a_call_is_told_apart_and_passwords_are_spoken_of_where_one_is_wanted()
{
    for (answer, code, next) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "proxy-authentication",
            Next::Stop,
        ),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\n",
            "proxy-refused",
            Next::Retry,
        ),
        ("HTTP/1.1 503 Busy\r\n\r\n", "proxy-no-way", Next::Retry),
        ("HTTP/1.1 502 No\r\n\r\n", "proxy-no-way", Next::Retry),
        ("HTTP/1.1 504 No\r\n\r\n", "proxy-no-way", Next::Retry),
        ("HTTP/1.1 501 No\r\n\r\n", "proxy-refused", Next::Retry),
        ("SSH-2.0-x\r\n\r\n", "proxy-protocol", Next::Retry),
        ("", "proxy-protocol", Next::Retry),
        // A page in place of the host.
        (
            "HTTP/1.1 200 OK\r\n\r\n<html>No.</html>",
            "proxy-portal",
            Next::AwaitNetwork,
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://portal/\r\n\r\n",
            "proxy-portal",
            Next::AwaitNetwork,
        ),
        // It connects, and then there is nobody.
        ("HTTP/1.1 200 OK\r\n\r\n", "network-broken", Next::Retry),
    ] {
        let error = failed_through(move |tcp| answered(tcp, answer)).await;
        let told = format!("{} {}", error.what(), error.remedy());
        assert_eq!(error.code(), code, "{answer}: {told} {}", error.details());
        assert_eq!(error.next(), next, "{answer}: {told}");
        assert!(told.contains("setting \"proxy\""), "{told}");
        assert_eq!(
            told.contains("password"),
            code == "proxy-authentication",
            "{told}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_is_not_said_to_be_out_of_reach() {
    let error = failed_through(|tcp| async move {
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    assert_eq!(error.code(), "proxy-timeout", "{error:?}");
    assert_eq!(error.next(), Next::AwaitNetwork);
    assert!(!error.what().contains("reached"), "{}", error.what());
    assert!(error.remedy().contains("setting \"proxy\""), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_through_a_proxy_in_time_names_it_and_where_it_is_set() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = directory.path().join("bundle.pem");
    let authority = Authority::new("Culvert Test Authority", None);
    std::fs::write(&bundle, authority.pem()).unwrap();
    let acceptor = authority.acceptor(&["ssm.example"]);
    let (silent, _tasks) = listen(move |tcp| {
        let acceptor = acceptor.clone();
        async move {
            let _secure = acceptor.accept(tcp).await;
            pending::<()>().await;
        }
    })
    .await;
    let proxy = Proxy::to(silent, StatusCode::OK).await;
    let settings = AccessSettings {
        ca_bundle: Some(bundle),
        ..settings("https://ssm.example".to_owned())
    };
    let access = through(format!("http://{}", proxy.address), settings).await;
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "network-timeout", "{error:?}");
    let told = format!("{} {}", error.what(), error.remedy());
    assert!(told.contains(&proxy.address.to_string()), "{told}");
    assert!(told.contains("setting \"proxy\""), "{told}");
}

#[tokio::test]
async fn a_proxy_of_another_kind_is_refused_before_anything_is_sent_to_it() {
    let settings = settings("https://ssm.example".to_owned());
    // Nothing listens at the discard port: whoever went there would say so.
    let access = through("socks5://127.0.0.1:9".to_owned(), settings).await;
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "proxy-unsupported", "{}", error.details());
    assert_eq!(error.next(), Next::Stop);
    assert!(error.remedy().contains("http://"), "{}", error.remedy());
    assert!(error.what().contains("socks5"), "{}", error.what());
}

#[tokio::test]
async fn loopback_is_never_asked_of_a_proxy() {
    let server = Server::http(Answer::grant()).await;
    let settings = settings(format!("http://{}", server.address));
    // Nothing listens at the discard port.
    let access = through("http://127.0.0.1:9".to_owned(), settings).await;
    access.start_session(&request()).await.unwrap();
}
