use aws_access::{EndpointUrl, Endpoints, Service};
use tunnel_manager::tunnel::{Listen, SessionConfig, Start, TunnelPolicy};
use tunnel_manager::{Draft, ProfileId};

use super::*;

fn forward(arguments: &[&str]) -> Result<TunnelConfig, clap::Error> {
    let all = ["culvert", "forward"].iter().chain(arguments);
    match Args::read(all)?.command {
        Command::Forward(forward) => Ok(forward.into_config(None)),
        Command::Import(_)
        | Command::Export(_)
        | Command::List(_)
        | Command::Remove(_)
        | Command::Stream(_)
        | Command::Demo(_)
        | Command::History(_)
        | Command::Doctor(_)
        | Command::Diagnose(_)
        | Command::Status(_)
        | Command::LogLevel(_)
        | Command::Replay(_)
        | Command::IamPolicy(_)
        | Command::Profiles(_)
        | Command::Targets(_)
        | Command::Hosts(_)
        | Command::Keys(_)
        | Command::SignIn(_) => panic!("not forward"),
    }
}

#[test]
fn a_port_of_the_target_needs_no_more_than_target_and_port() {
    let config = forward(&["--target", "i-0123456789abcdef0", "--remote-port", "5432"]).unwrap();
    assert_eq!(config.destination, Destination::Port(5432));
    assert_eq!(
        config.listen,
        Listen {
            address: BindAddress::Localhost,
            port: 0
        }
    );
    assert_eq!(config.policy, TunnelPolicy::default());
    assert_eq!(
        config.session.ping_interval,
        SessionConfig::default().ping_interval
    );
    assert_eq!(config.session.hold_open, None, "only when it is asked for");
}

#[test]
fn every_option_finds_its_place() {
    let config = forward(&[
        "--target",
        "i-0123456789abcdef0",
        "--remote-port",
        "5432",
        "--remote-host",
        "db.internal",
        "--local-port",
        "5433",
        "--bind",
        "0.0.0.0",
        "--profile",
        "p",
        "--region",
        "eu-central-1",
        "--endpoint-url",
        "http://127.0.0.1:1",
        "--endpoint",
        "sts=https://sts.example",
        "--endpoint",
        "ssmmessages=https://vpce.example",
        "--fips",
        "--dual-stack",
        "--reason",
        "why",
        "--sessions",
        "4",
        "--keepalive",
        "15",
        "--renew-after",
        "off",
        "--lazy=25",
        "--wait",
        "5",
        "--retry-for",
        "4h",
        "--keep-session-alive",
        "8h",
    ])
    .unwrap();
    let host = "db.internal".to_owned();
    assert_eq!(
        config.destination,
        Destination::RemoteHost { host, port: 5432 }
    );
    let address = BindAddress::Ip("0.0.0.0".parse().unwrap());
    assert_eq!(
        config.listen,
        Listen {
            address,
            port: 5433
        }
    );
    assert_eq!(config.access.profile.as_deref(), Some("p"));
    assert_eq!(config.access.region.as_deref(), Some("eu-central-1"));
    assert_eq!(
        config.access.endpoint_url.as_deref(),
        Some("http://127.0.0.1:1")
    );
    let url = |text| EndpointUrl::parse(text).unwrap();
    let endpoints = Endpoints {
        urls: [
            (Service::Sts, url("https://sts.example")),
            (Service::SsmMessages, url("https://vpce.example")),
        ]
        .into(),
        fips: Some(true),
        dual_stack: Some(true),
    };
    assert_eq!(config.access.endpoints, endpoints);
    assert_eq!(config.reason.as_deref(), Some("why"));
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert_eq!(
        config.policy,
        TunnelPolicy {
            sessions: PoolSize::fixed(4),
            start: Start::Lazy { idle: minutes(25) },
            renew_after: None,
            retry_budget: minutes(240),
            wait_limit: Duration::from_secs(5),
            ..TunnelPolicy::default()
        }
    );
    assert_eq!(config.session.ping_interval, Duration::from_secs(15));
    assert!(config.session.hold_open.is_some());
}

#[test]
fn a_saved_tunnel_is_as_it_was_saved_but_for_what_the_options_say() {
    let text = |text: &str| Some(text.to_owned());
    let saved = Draft {
        name: "Orders".to_owned(),
        target: "i-0123456789abcdef0".to_owned(),
        remote_host: text("db.internal"),
        remote_port: 5432,
        local_port: 5433,
        profile: text("prod"),
        region: text("eu-west-1"),
        keepalive: text("15"),
        lazy: text("10"),
        endpoints: Some("ssm=https://saved.example sts=https://sts.example".into()),
        ..Draft::default()
    };
    let saved = saved.check(ProfileId::random()).unwrap();
    let forward = |arguments: &[&str]| {
        let all = ["culvert", "forward", "orders"].iter().chain(arguments);
        let Command::Forward(forward) = Args::read(all).unwrap().command else {
            panic!("not forward");
        };
        forward.into_config(Some(&saved))
    };
    let host = |host: &str, port| Destination::RemoteHost {
        host: host.to_owned(),
        port,
    };
    let config = forward(&[]);
    assert_eq!(config.name, "Orders");
    assert_eq!(config.target.only_id(), Some("i-0123456789abcdef0"));
    assert_eq!(config.destination, host("db.internal", 5432));
    assert_eq!(config.listen.port, 5433);
    assert_eq!(config.access.profile.as_deref(), Some("prod"));
    assert_eq!(config.session.ping_interval, Duration::from_secs(15));
    assert_eq!(config.policy, saved.upkeep.policy());

    let config = forward(&["--local-port", "0", "--remote-port", "6432", "--lazy=off"]);
    assert_eq!(config.destination, host("db.internal", 6432));
    assert_eq!(config.listen.port, 0);
    assert_eq!(config.policy.start, Start::AtOnce);
    assert_eq!(config.session.ping_interval, Duration::from_secs(15));

    assert_eq!(config.access.ssm_url(), Some("https://saved.example"));

    let url = ["--endpoint-url", "https://given.example"];
    let config = forward(&url);
    assert_eq!(config.access.ssm_url(), Some("https://given.example"));
    assert!(config.access.endpoints.urls.contains_key(&Service::Sts));
    let both = [&url[..], &["--endpoint", "ssm=https://own.example"]].concat();
    assert_eq!(forward(&both).access.ssm_url(), Some("https://own.example"));

    let config = forward(&["--target", "i-1", "--remote-host", "b", "--profile", "dev"]);
    assert_eq!(config.name, "Orders");
    assert_eq!(config.target.only_id(), Some("i-1"));
    assert_eq!(config.destination, host("b", 5432));
    assert_eq!(config.access.profile.as_deref(), Some("dev"));
    assert_eq!(config.access.region.as_deref(), Some("eu-west-1"));
}

#[test]
fn an_endpoint_is_one_of_a_service_that_there_is() {
    let target = ["--target", "i-0123456789abcdef0", "--remote-port", "1"];
    for (endpoint, word) in [
        ("https://sts.example", "such as"),
        ("s3=https://s3.example", "ssmmessages"),
        ("sts=sts.example", "cannot be used"),
        ("sts=https://alice:planted@sts.example", "password"),
    ] {
        let arguments = [&target[..], &["--endpoint", endpoint]].concat();
        let error = forward(&arguments).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueValidation, "{endpoint}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_lazy_tunnel_needs_no_number() {
    let target = ["--target", "i-0123456789abcdef0", "--remote-port", "1"];
    let config = forward(&[&target[..], &["--lazy"]].concat()).unwrap();
    let idle = Duration::from_secs(600);
    assert_eq!(config.policy.start, Start::Lazy { idle });
    let config = forward(&[&["--lazy"], &target[..]].concat()).unwrap();
    assert_eq!(config.policy.start, Start::Lazy { idle });
}

#[test]
fn a_stream_has_one_session_and_is_made_to_last_like_any_tunnel() {
    let arguments = ["culvert", "stream", "--target", "i-1", "--keepalive", "60"];
    let Command::Stream(stream) = Args::read(arguments).unwrap().command else {
        panic!("not stream");
    };
    let config = stream.into_config();
    assert_eq!(config.session.ping_interval, Duration::from_secs(60));
    assert_eq!(config.policy.sessions, PoolSize::fixed(1));
}

#[test]
fn a_socket_has_no_port() {
    let target = ["--target", "i-0123456789abcdef0", "--remote-port", "1"];
    let socket = ["--bind", "unix:/run/db"];
    assert!(forward(&[&target[..], &socket].concat()).is_ok());
    for port in ["0", "5432"] {
        let both = [&target[..], &socket, &["--local-port", port]].concat();
        let error = forward(&both).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
        assert!(error.to_string().contains("--local-port"), "{error}");
    }
}

#[test]
fn addresses_are_read_as_people_write_them() {
    assert_eq!(bind_address("localhost"), Ok(BindAddress::Localhost));
    assert_eq!(
        bind_address("[::1]"),
        Ok(BindAddress::Ip("::1".parse().unwrap()))
    );
    assert_eq!(
        bind_address("unix:/run/db"),
        Ok(BindAddress::Unix("/run/db".into()))
    );
    assert!(bind_address("unix:").is_err());
    assert!(bind_address("db.internal").is_err());
}

#[test]
fn targets_may_be_repeated_and_are_tried_in_that_order() {
    let targets = ["--target", "name:a@newest", "--target", "tag:b=c, i-1"];
    let config = forward(&[&targets[..], &["--remote-port", "1"]].concat()).unwrap();
    assert_eq!(config.target.to_string(), "name:a@newest, tag:b=c, i-1");
    assert_eq!(config.name, config.target.to_string());
}

#[test]
fn what_the_service_would_refuse_is_refused_here() {
    let target = "i-0123456789abcdef0";
    assert!(forward(&["--target", target, "--remote-port", "0"]).is_err());
    assert!(forward(&["--target", target, "--remote-port", "65536"]).is_err());
    assert!(forward(&["--target", "", "--remote-port", "1"]).is_err());
    assert!(forward(&["--target", &"x".repeat(401), "--remote-port", "1"]).is_err());
    let wrong = forward(&["--target", "name:a@oldest", "--remote-port", "1"]).unwrap_err();
    assert!(
        wrong.to_string().contains("first-online or newest"),
        "{wrong}"
    );
    let many = [["--target", "i-1,i-2,i-3"]; 3].concat();
    for command in ["forward", "stream", "doctor", "iam-policy"] {
        let port = match command {
            "stream" => "--port",
            _ => "--remote-port",
        };
        let all = [&["culvert", command][..], &many, &[port, "1"]].concat();
        let many = Args::read(all).unwrap_err();
        assert!(many.to_string().contains("at most 8"), "{command}: {many}");
    }
    let long = "x".repeat(257);
    assert!(forward(&["--target", target, "--remote-port", "1", "--reason", &long]).is_err());
    assert!(forward(&["--target", target, "--remote-port", "1", "--sessions", "9"]).is_err());
    for [option, value] in [
        ["--keepalive", "4"],
        ["--renew-after", "60"],
        ["--wait", "601"],
        ["--retry-for", "30"],
        ["--keep-session-alive", "25h"],
    ] {
        let wrong = ["--target", target, "--remote-port", "1", option, value];
        let error = forward(&wrong).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    }
}
