//! Proxies that do anything but connect: the doctor and a tunnel say the same of each.

use super::*;
use crate::proxy::Refusing;

const ENDPOINT: &str = "https://ssm.culvert.example";

const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n\
     <html><head><title>Sign in \u{2013} Acme</title></head>\
     <a href=\"https://portal.example/?token=planted-page\">here</a></html>";

const LED: &str = "HTTP/1.1 302 Found\r\n\
     location: https://portal.example/login?session=planted-session\r\n\
     content-length: 0\r\n\r\n";

const NTLM: &str = "HTTP/1.1 407 Proxy Authentication Required\r\n\
     proxy-authenticate: Negotiate\r\nproxy-authenticate: NTLM\r\ncontent-length: 0\r\n\r\n";

const BASIC: &str = "HTTP/1.1 407 Proxy Authentication Required\r\n\
     proxy-authenticate: Basic realm=\"Acme\"\r\ncontent-length: 0\r\n\r\n";

/// What the doctor finds of a proxy, and what a tunnel says as it gives up.
async fn of(proxy: &str) -> [Value; 2] {
    with(&[("HTTPS_PROXY", proxy)], ENDPOINT, 15).await
}

/// The same with these variables and this endpoint; both end with this code.
async fn with(variables: &[(&str, &str)], endpoint: &str, code: i32) -> [Value; 2] {
    let world = World::start().await;
    let mut examined = doctor(&world, endpoint, &[]);
    examined.envs(variables.iter().copied());
    let mut forward = world.program();
    forward
        .args(["forward", "--json", "--target", TARGET, "--region", REGION])
        .args(["--remote-port", "5432", "--endpoint-url", endpoint])
        .args(["--retry-for", "1min"])
        .envs(variables.iter().copied());
    let (report, ended) = tokio::join!(reported(examined), run(forward));
    assert_eq!(report.code, Some(code), "{report:#?}");
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for told in [format!("{report:?}"), format!("{ended:?}")] {
        assert!(!told.contains("planted-"), "{told}");
    }
    let failed = object(ended.out.last().unwrap());
    assert_eq!(failed["event"], "failed", "{ended:?}");
    report.skipped("proxy", &["tls", "captive-portal", "websocket", "identity"]);
    [report.of("proxy").clone(), failed["problem"].clone()]
}

/// Both must have this code, and hold all of these words.
fn both(found: &[Value; 2], code: &str, words: &[(&str, &[&str])]) {
    for told in found {
        assert_eq!(told["code"], code, "{told:#}");
        for (field, words) in words {
            holds(told, field, words);
        }
    }
    for field in ["what", "remedy", "details"] {
        assert_eq!(
            found[0][field], found[1][field],
            "the doctor and a tunnel differ"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_or_a_redirect_in_place_of_a_connection_leads_to_the_browser() {
    let (page, led) = tokio::join!(Refusing::start(PAGE), Refusing::start(LED));
    let [of_page, of_led] = [&page, &led].map(|proxy| format!("http://{}", proxy.address));
    let (of_page, of_led) = tokio::join!(of(&of_page), of(&of_led));
    for (proxy, found, details) in [
        (page, of_page, "Sign in \u{2013} Acme"),
        (led, of_led, "https://portal.example/login"),
    ] {
        let address = proxy.address.to_string();
        both(
            &found,
            "proxy-portal",
            &[
                ("what", &[&address, "ssm.culvert.example:443", "page"]),
                (
                    "remedy",
                    &["Sign in to the network in a browser", "HTTPS_PROXY"],
                ),
                ("details", &[details]),
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_wants_another_sign_in_than_a_password_is_told_with_what_helps() {
    let proxy = Refusing::start(NTLM).await;
    both(
        &of(&format!("http://me:planted-word@{}", proxy.address)).await,
        "proxy-authentication",
        &[
            ("what", &["Negotiate or NTLM", "Basic only"]),
            ("remedy", &["px or cntlm", "HTTPS_PROXY"]),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_a_proxy_refuses_is_told_from_one_that_was_not_given() {
    let proxy = Refusing::start(BASIC).await;
    both(
        &of(&format!("http://me:planted-word@{}", proxy.address)).await,
        "proxy-authentication",
        &[
            ("what", &["does not accept"]),
            ("remedy", &["Correct them"]),
        ],
    );
    both(
        &of(&format!("http://{}", proxy.address)).await,
        "proxy-authentication",
        &[
            ("what", &["none are given"]),
            ("remedy", &["Put the user into HTTPS_PROXY"]),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_proxy_or_one_of_another_kind_is_told_as_that() {
    let ssh = Refusing::start("SSH-2.0-OpenSSH_9.2\r\n").await;
    both(
        &of(&format!("http://{}", ssh.address)).await,
        "proxy-protocol",
        &[
            ("remedy", &["HTTPS_PROXY"]),
            ("details", &["SSH-2.0-OpenSSH_9.2"]),
        ],
    );
    let nobody = Nobody::new();
    both(
        &of(&format!("socks5://{}", nobody.address())).await,
        "proxy-unsupported",
        &[
            ("what", &["socks5", "HTTPS_PROXY"]),
            ("remedy", &["http://"]),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_an_endpoint_without_tls_is_asked_by_the_doctor_and_by_a_tunnel() {
    let busy = Refusing::start("HTTP/1.1 503 Busy\r\n\r\nNo way there").await;
    let basic = Refusing::start(BASIC).await;
    let [of_busy, of_basic] =
        [&busy, &basic].map(|proxy| format!("http://me:planted-word@{}", proxy.address));
    let asked = |proxy: &str| {
        let both = [("HTTP_PROXY", proxy), ("HTTPS_PROXY", proxy)];
        let both = both.map(|(name, proxy)| (name, proxy.to_owned()));
        async move {
            let both = both.each_ref().map(|(name, proxy)| (*name, proxy.as_str()));
            with(&both, "http://ssm.culvert.example", 15).await
        }
    };
    let (of_busy, of_basic) = tokio::join!(asked(&of_busy), asked(&of_basic));
    let asked = "ssm.culvert.example:80";
    both(
        &of_busy,
        "proxy-no-way",
        &[
            ("what", &["HTTP status 503", asked]),
            ("remedy", &["set in HTTP_PROXY"]),
            ("details", &["No way there"]),
        ],
    );
    both(
        &of_basic,
        "proxy-authentication",
        &[
            ("what", &["does not accept", asked]),
            ("remedy", &["in HTTP_PROXY"]),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_can_not_be_read_is_a_fault_of_the_settings_that_names_the_variable_and_why() {
    for (name, text, why) in [
        ("HTTPS_PROXY", "not a url planted-1", "no address"),
        ("https_proxy", "http://", "no host"),
        ("ALL_PROXY", "http://proxy.example:99999", "1 to 65535"),
        ("all_proxy", "http://me:planted/2@proxy.example", "%2F"),
    ] {
        both(
            &with(&[(name, text)], ENDPOINT, 10).await,
            "proxy-setting-invalid",
            &[
                ("what", &[&format!("The proxy in {name} "), why]),
                (
                    "remedy",
                    &[&format!("Correct {name}"), "http://proxy.example:8080"],
                ),
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_without_the_tls_that_it_is_set_with_is_told_with_what_to_write() {
    let plain = Refusing::start("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    // Nothing in it ends a line, which such a proxy waits for.
    both(
        &of(&format!("https://{}", plain.address)).await,
        "proxy-tls",
        &[
            ("what", &["does not answer with TLS", "HTTPS_PROXY"]),
            (
                "remedy",
                &["Write http:// in place of https:// in HTTPS_PROXY"],
            ),
        ],
    );
    let authority = test_kit::Authority::new("Acme Proxies", None);
    let acceptor = authority.acceptor(&["localhost"]);
    let (address, _tasks) = test_kit::listen(move |tcp| {
        let acceptor = acceptor.clone();
        async move {
            let _ = acceptor.accept(tcp).await;
        }
    })
    .await;
    both(
        &of(&format!("https://localhost:{}", address.port())).await,
        "proxy-certificate",
        &[
            (
                "what",
                &["signed by Acme Proxies", &address.port().to_string()],
            ),
            ("remedy", &["AWS_CA_BUNDLE", "HTTPS_PROXY"]),
        ],
    );
}
