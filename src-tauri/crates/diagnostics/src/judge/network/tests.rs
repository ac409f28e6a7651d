use super::*;
use crate::{Business, Skipped, Verdict};

const SSM: &str = "ssm.eu-central-1.amazonaws.com";

fn fault(code: &str) -> Fault {
    Fault {
        business: Business::Network,
        code: code.to_owned(),
        what: "It went wrong.".to_owned(),
        remedy: "Mend it.".to_owned(),
        details: "raw".to_owned(),
        facts: Box::default(),
    }
}

fn answer() -> Answer {
    Answer {
        host: SSM.to_owned(),
        clock_ahead: Some(0),
    }
}

#[test]
fn names_are_told_with_their_addresses_and_one_without_fails() {
    let resolved = |name: &str, proxy_of: Option<&str>| Resolved {
        name: name.to_owned(),
        proxy_of: proxy_of.map(str::to_owned),
        addresses: vec!["192.0.2.1".to_owned()],
    };
    let found = dns(vec![Ok(resolved("a", None)), Ok(resolved("b", None))]);
    assert_eq!(found.what, "a is 192.0.2.1. b is 192.0.2.1.");
    let address = dns(vec![Ok(resolved("192.0.2.1", None))]);
    assert_eq!(address.what, "192.0.2.1 is an address already.");
    let proxied = |host| Ok(resolved("proxy", Some(host)));
    let found = dns(vec![proxied("a"), proxied("b")]);
    assert_eq!(found.what, "The proxy proxy is 192.0.2.1.");
    let found = dns(vec![Ok(resolved("a", None)), Err(fault("network-dns"))]);
    assert_eq!(found.verdict, Verdict::Failed(Business::Network));
    assert_eq!(found.code, "network-dns");
}

#[test]
fn a_proxy_that_is_not_there_is_nothing_to_check_and_one_that_refuses_is_named() {
    let none = proxy(vec![("a".to_owned(), Proxied::Direct)]);
    assert_eq!(none.verdict, Verdict::Skipped(Skipped::NothingToCheck));
    let address = || "proxy:8080".to_owned();
    let fine = proxy(vec![(
        "a".to_owned(),
        Proxied::Connected { proxy: address() },
    )]);
    assert_eq!(fine.what, "It connects: a through proxy:8080.");
    let refused = Proxied::Failed {
        fault: fault("proxy-authentication"),
    };
    let refused = proxy(vec![("a".to_owned(), refused)]);
    assert_eq!(refused.code, "proxy-authentication");
    assert_eq!(refused.what, fault("").what, "it names the proxy already");
}

#[test]
fn awss_answer_is_fine_and_anybody_elses_is_told_as_it_is() {
    assert_eq!(captive_portal(Ok(&answer())).verdict, Verdict::Ok);
    let found = captive_portal(Err(fault("captive-portal")));
    assert_eq!(found.verdict, Verdict::Failed(Business::Network));
    assert_eq!(found.code, "captive-portal");
    assert_eq!(found.details, "raw");
}

#[test]
fn a_clock_that_is_off_is_told_from_a_minute_on_and_fails_no_tunnel() {
    let with = |seconds| {
        clock(Ok(&Answer {
            clock_ahead: seconds,
            ..answer()
        }))
    };
    for seconds in [0, 2, -40, 60] {
        assert_eq!(with(Some(seconds)).verdict, Verdict::Ok, "{seconds}");
    }
    for seconds in [61, -240, 240] {
        assert_eq!(with(Some(seconds)).code, "clock-drifts", "{seconds}");
    }
    let ahead = with(Some(420));
    assert_eq!(ahead.verdict, Verdict::Warning);
    assert_eq!(ahead.code, "clock-skew");
    assert!(
        ahead.what.contains("7 min ahead of AWS's"),
        "{}",
        ahead.what
    );
    let behind = with(Some(-3600));
    assert!(behind.what.contains("1 h behind AWS's"), "{}", behind.what);
    assert_eq!(with(None).code, "clock-unknown");
}

#[test]
fn the_gateways_refusal_is_fine_and_anybody_elses_answer_is_not() {
    for status in [101, 401, 403, 404, 410] {
        let host = "ssmmessages".to_owned();
        let judged = websocket(Ok(Upgrade { host, status }));
        assert_eq!(judged.verdict, Verdict::Ok, "{status}");
    }
    let blocked = websocket(Err(fault("websocket-blocked")));
    assert_eq!(blocked.verdict, Verdict::Failed(Business::Network));
    assert_eq!(websocket(Err(fault("tls-handshake"))).code, "tls-handshake");
}
