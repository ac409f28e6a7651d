use tunnel_proto::TargetError;

use super::*;

#[test]
fn targets_are_nodes_by_id_name_or_tag_and_tasks() {
    for good in [
        "i-0123456789abcdef0",
        "mi-0123",
        "ecs:cluster_0a1b_0a1b-1234",
        "name:bastion@newest, tag:Role=bastion, i-0123",
    ] {
        assert_eq!(
            target(good).map(|target| target.to_string()),
            Ok(good.to_owned())
        );
    }
    assert_eq!(target("  "), Err(Rule::Target(TargetError::Missing)));
    assert_eq!(target("two words"), Err(Rule::Target(TargetError::Id)));
    assert_eq!(target("name:a@b"), Err(Rule::Target(TargetError::Rule)));
}

#[test]
fn hosts_carry_no_port_scheme_or_path() {
    for good in ["db.internal", "10.0.0.7", "fd00::7", "my_host-1"] {
        assert_eq!(host(good).as_deref(), Ok(good));
    }
    for bad in ["db:5432", "http://db", "db/x", "[fd00::7]", "a b"] {
        assert_eq!(host(bad), Err(Rule::Host), "{bad}");
    }
}

#[test]
fn endpoints_are_http_addresses_without_a_password() {
    for good in [
        "https://ssm.eu-west-1.amazonaws.com",
        "http://127.0.0.1:4566/x",
    ] {
        assert_eq!(endpoint_url(good).as_deref(), Ok(good));
    }
    for bad in [
        "ssm.eu-west-1.amazonaws.com",
        "ftp://x",
        "https://u:p@x",
        "file:///etc",
    ] {
        assert_eq!(endpoint_url(bad), Err(Rule::EndpointUrl), "{bad}");
    }
    let long = format!("https://a/{}", "x".repeat(ADDRESS_MOST));
    assert_eq!(endpoint_url(&long), Err(Rule::EndpointUrl));
    let all = format!("ssm={}", "x".repeat(ADDRESSES_MOST));
    assert_eq!(endpoints(&all), Err(Rule::Endpoints));
}

#[test]
fn endpoints_are_urls_of_services_and_two_words() {
    for text in [
        "ssm=https://vpce-1.example ssmmessages=https://vpce-2.example:8443",
        "sts=http://127.0.0.1:1 fips",
        "fips dual-stack",
    ] {
        let read = endpoints(text).unwrap();
        assert_eq!(endpoints_text(&read).as_deref(), Some(text));
    }
    assert_eq!(endpoints_text(&endpoints("  ").unwrap()), None);
    for bad in [
        "https://vpce-1.example",
        "s3=https://s3.example",
        "ssm=vpce-1.example",
        "ssm=https://alice:planted@vpce-1.example",
        "ssm=https://a.example ssm=https://b.example",
        "FIPS",
    ] {
        assert_eq!(endpoints(bad), Err(Rule::Endpoints), "{bad}");
    }
}

#[test]
fn regions_cannot_smuggle_a_host_into_an_endpoint() {
    assert_eq!(region("us-gov-west-1").as_deref(), Ok("us-gov-west-1"));
    for bad in ["evil.example/", "EU-WEST-1", "here", ""] {
        assert_eq!(region(bad), Err(Rule::Region), "{bad}");
    }
}

#[test]
fn sessions_are_one_to_eight_or_a_range_of_these() {
    assert_eq!(sessions("1"), Ok(PoolSize::fixed(1)));
    assert_eq!(sessions(" 8 "), Ok(PoolSize::fixed(8)));
    assert_eq!(sessions("2 - 6"), Ok(PoolSize::new(2, 6)));
    for bad in ["0", "9", "264", "3-2", "2-9", "-", "1-", "1-2-3", "x", ""] {
        assert_eq!(sessions(bad), Err(Rule::Sessions), "{bad}");
    }
    for size in [PoolSize::fixed(3), PoolSize::new(1, 8)] {
        assert_eq!(sessions(&sessions_text(size)), Ok(size));
    }
}

#[test]
fn times_are_bounded_at_both_ends() {
    let seconds = Duration::from_secs;
    assert_eq!(keepalive("5"), Ok(seconds(5)));
    assert_eq!(keepalive("5min"), Ok(seconds(300)));
    for bad in ["4", "301", "off", ""] {
        assert_eq!(keepalive(bad), Err(Rule::Keepalive), "{bad}");
    }
    assert_eq!(renew_after("1"), Ok(Some(seconds(60))));
    assert_eq!(renew_after("59 min"), Ok(Some(seconds(59 * 60))));
    assert_eq!(renew_after("Off"), Ok(None));
    for bad in ["0", "60", "59s", "never"] {
        assert_eq!(renew_after(bad), Err(Rule::RenewAfter), "{bad}");
    }
    assert_eq!(lazy("on"), Ok(Some(seconds(600))));
    assert_eq!(lazy("1"), Ok(Some(seconds(60))));
    assert_eq!(lazy("1d"), Ok(Some(seconds(86_400))));
    assert_eq!(lazy("off"), Ok(None));
    for bad in ["0", "25h", "yes"] {
        assert_eq!(lazy(bad), Err(Rule::Lazy), "{bad}");
    }
    assert_eq!(wait("0"), Ok(Duration::ZERO));
    assert_eq!(wait("600"), Ok(seconds(600)));
    for bad in ["601", "-1", "off"] {
        assert_eq!(wait(bad), Err(Rule::Wait), "{bad}");
    }
    assert_eq!(retry_for("1min"), Ok(seconds(60)));
    assert_eq!(retry_for("7d"), Ok(seconds(7 * 86_400)));
    for bad in ["30", "59s", "8d", "off"] {
        assert_eq!(retry_for(bad), Err(Rule::RetryFor), "{bad}");
    }
    assert_eq!(keep_session_alive("24h"), Ok(Some(seconds(86_400))));
    assert_eq!(keep_session_alive("off"), Ok(None));
    for bad in ["8", "25h", "30s", "on"] {
        assert_eq!(
            keep_session_alive(bad),
            Err(Rule::KeepSessionAlive),
            "{bad}"
        );
    }
}

#[test]
fn production_asks_for_a_reason_or_not_and_closes_after_a_time_or_not() {
    assert_eq!(asks("Ask"), Ok(Asks::Reason));
    assert_eq!(asks(" none "), Ok(Asks::Consent));
    for bad in ["", "yes", "true"] {
        assert_eq!(asks(bad), Err(Rule::ProductionReason), "{bad}");
    }
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    assert_eq!(closes_after("8h"), Ok(hours(8)));
    assert_eq!(closes_after("7d"), Ok(hours(168)));
    assert_eq!(closes_after("off"), Ok(None));
    for bad in ["8", "59s", "8d", "never"] {
        assert_eq!(closes_after(bad), Err(Rule::ClosesAfter), "{bad}");
    }
}

#[test]
fn a_broken_bound_is_said_in_words() {
    for (rule, words) in [
        (Rule::Keepalive, "5 to 300 seconds"),
        (Rule::RenewAfter, "1 to 59 minutes"),
        (Rule::Lazy, "1 to 1440 idle minutes"),
        (Rule::Wait, "0 to 600 seconds"),
        (Rule::RetryFor, "1 min to 7 days"),
        (Rule::KeepSessionAlive, "1 min to 24 h"),
        (Rule::ClosesAfter, "1 min to 7 days"),
    ] {
        assert!(rule.to_string().contains(words), "{rule}");
    }
}
