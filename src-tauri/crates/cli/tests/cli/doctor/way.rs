//! The way to AWS, broken at each of its steps.

use std::net::SocketAddr;

use ssm_sim::Settings;
use tokio::net::{TcpListener as Listening, TcpSocket, TcpStream};

use super::front::{Inspector, Parrot};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_resolve_and_a_port_where_nobody_listens_end_the_way() {
    let world = World::start().await;
    let report = reported(doctor(&world, "https://ssm.culvert.invalid", &[])).await;
    assert_eq!(report.code, Some(15));
    report.advises(
        "dns",
        "failed",
        "network-dns",
        &["ssm.culvert.invalid"],
        &["region or endpoint"],
    );
    report.skipped(
        "dns",
        &[
            "tcp",
            "proxy",
            "tls",
            "captive-portal",
            "clock",
            "websocket",
        ],
    );
    report.skipped("dns", &["identity", "target"]);
    assert_eq!(report.verdict("credentials"), "ok");

    let nobody = Nobody::new();
    let endpoint = format!("http://{}", nobody.address());
    let report = reported(doctor(&world, &endpoint, &[])).await;
    assert_eq!(report.code, Some(15));
    report.advises(
        "tcp",
        "failed",
        "network-refused",
        &["127.0.0.1"],
        &["firewall"],
    );
    report.skipped("tcp", &["proxy", "tls", "clock", "identity"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_cannot_be_reached_is_named_with_where_it_is_set() {
    let world = World::start().await;
    let nobody = Nobody::new();
    for (proxy, check) in [
        (nobody.address().to_string(), "tcp"),
        ("no.such.proxy.invalid:3128".to_owned(), "dns"),
    ] {
        let mut command = doctor(&world, "https://ssm.culvert.example", &[]);
        command.env("HTTPS_PROXY", format!("http://{proxy}"));
        let report = reported(command).await;
        assert_eq!(report.code, Some(15), "{report:#?}");
        report.advises(
            check,
            "failed",
            "proxy-unreachable",
            &[&proxy, "ssm.culvert.example:443"],
            &["HTTPS_PROXY", "NO_PROXY"],
        );
        report.skipped(check, &["proxy", "tls", "identity"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_answers_407_or_a_page_is_named_with_what_it_wants() {
    let world = World::start().await;
    let endpoint = "https://ssm.culvert.example";
    for (status, code, what, advice) in [
        (
            "407 Proxy Authentication Required",
            "proxy-authentication",
            "user name and password",
            "in HTTPS_PROXY",
        ),
        (
            "403 Forbidden",
            "proxy-refused",
            "HTTP status 403",
            "ssm.culvert.example:443",
        ),
        (
            "502 Bad Gateway",
            "proxy-no-way",
            "HTTP status 502",
            "HTTPS_PROXY",
        ),
    ] {
        let proxy = Parrot::start(status, "text/html", "<html>No.</html>").await;
        let mut command = doctor(&world, endpoint, &[]);
        command.env(
            "HTTPS_PROXY",
            format!("http://me:planted-password@{}", proxy.address),
        );
        let report = reported(command).await;
        assert_eq!(report.code, Some(15), "{report:#?}");
        let address = proxy.address.to_string();
        let what = [what, &address, "ssm.culvert.example:443"];
        report.advises("proxy", "failed", code, &what, &[advice]);
        assert_eq!(report.of("proxy")["details"], "No.");
        report.skipped("proxy", &["tls", "captive-portal", "websocket", "identity"]);
        assert!(!format!("{report:?}").contains("planted-password"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_inspects_tls_is_named_whether_or_not_it_is_trusted() {
    let world = World::start().await;
    let inspector = Inspector::start("Zscaler Inc.", &world).await;
    let report = reported(doctor(&world, &inspector.url, &[])).await;
    assert_eq!(report.code, Some(15));
    report.advises(
        "tls",
        "failed",
        "tls-untrusted-issuer",
        &["Zscaler"],
        &["Zscaler", "AWS_CA_BUNDLE"],
    );
    report.skipped("tls", &["captive-portal", "clock", "websocket", "identity"]);

    let mut command = doctor(&world, &inspector.url, &[]);
    command.env("AWS_CA_BUNDLE", &inspector.bundle);
    let report = reported(command).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.advises(
        "tls",
        "warning",
        "tls-inspected",
        &["Zscaler"],
        &["excepted"],
    );
    report.all_else_is_fine(&["tls"]);

    let unknown = Inspector::start("Acme Networks", &world).await;
    let report = reported(doctor(&world, &unknown.url, &[])).await;
    report.advises(
        "tls",
        "failed",
        "tls-untrusted-issuer",
        &["Acme Networks Root"],
        &["AWS_CA_BUNDLE"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_names_the_host_and_who_signed_its_certificate_as_the_doctor_does() {
    let world = World::start().await;
    let inspector = Inspector::start("Zscaler Inc.", &world).await;
    for (endpoint, host, code, words) in [
        (
            inspector.url.as_str(),
            "localhost",
            "tls-untrusted-issuer",
            "of Zscaler Inc.",
        ),
        (
            "https://ssm.culvert.invalid",
            "ssm.culvert.invalid",
            "network-dns",
            "could not be resolved.",
        ),
    ] {
        let report = reported(doctor(&world, endpoint, &[])).await;
        let of_doctor = report.lines.iter().any(|check| check["code"] == code);
        assert!(of_doctor, "{report:#?}");
        let mut forward = world.program();
        forward
            .args(["forward", "--json", "--target", TARGET, "--region", REGION])
            .args(["--remote-port", "5432", "--endpoint-url", endpoint]);
        let ended = run(forward).await;
        assert_eq!(ended.code, Some(15), "{ended:?}");
        let failed = object(ended.out.last().unwrap());
        assert_eq!(failed["problem"]["code"], code, "{failed:#}");
        let what = failed["problem"]["what"].as_str().unwrap();
        assert!(what.contains(host) && what.contains(words), "{what}");
        assert!(
            !what.contains("Systems Manager") && !what.contains(".."),
            "{what}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captive_portal_is_told_from_the_service() {
    let world = World::start().await;
    let page = "<html><h1>Welcome to the hotel</h1></html>";
    let portal = Parrot::start("200 OK", "text/html", page).await;
    let report = reported(doctor(&world, &format!("http://{}", portal.address), &[])).await;
    assert_eq!(report.code, Some(15));
    report.advises(
        "captive-portal",
        "failed",
        "captive-portal",
        &["is not AWS's"],
        &["browser"],
    );
    assert!(
        report.of("captive-portal")["details"]
            .as_str()
            .unwrap()
            .contains("hotel")
    );
    report.skipped("captive-portal", &["clock", "identity", "target"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_told_by_how_much_and_keeps_no_check_from_being_made() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    for (ahead, words) in [
        (420, "7 min behind AWS's"),
        (-420, "7 min ahead of AWS's"),
        (90_000, "behind AWS's"),
    ] {
        world.sim.faults().clock(ahead);
        let report = reported(doctor(&world, &endpoint, &["--session"])).await;
        assert_eq!(report.code, Some(0), "{report:#?}");
        report.advises(
            "clock",
            "warning",
            "clock-skew",
            &[words, "Culvert corrects that", "other programs fail"],
            &["date and time"],
        );
        report.all_else_is_fine(&["clock"]);
    }
    // What is wrong with the keys is not the clock's fault.
    let mut command = doctor(&world, &endpoint, &[]);
    command.env("AWS_SECRET_ACCESS_KEY", "planted-wrong");
    let report = reported(command).await;
    assert_eq!(report.code, Some(12), "{report:#?}");
    assert_eq!(report.of("identity")["code"], "invalid-credentials");
    world.sim.faults().clock(100);
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.advises(
        "clock",
        "warning",
        "clock-drifts",
        &["behind AWS's"],
        &["NTP"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrades_that_are_kept_from_the_gateway_are_told_from_those_that_it_refuses() {
    let world = World::start().await;
    let page = "<html>not a WebSocket</html>";
    for (status, body) in [
        (200, page),
        (302, page),
        (403, page),
        (403, "Forbidden by policy"),
        (404, "Nothing is here"),
        (407, "Who are you?"),
        (503, page),
    ] {
        let refusal = Refusal::of_somebody_else(status, body);
        world.sim.faults().refuse_upgrades(refusal, None);
        let report = examined(&world).await;
        report.advises(
            "websocket",
            "failed",
            "websocket-blocked",
            &["answers a WebSocket upgrade itself", &status.to_string()],
            &["WebSockets to the ssmmessages host"],
        );
        // A page is shown without its tags.
        let shown = body
            .trim_start_matches("<html>")
            .trim_end_matches("</html>");
        holds(report.of("websocket"), "details", &[shown]);
        assert_eq!(report.code, Some(15), "{report:#?}");
        report.all_else_is_fine(&["websocket"]);
    }
    // A tunnel says the same.
    for (status, body) in [(403, "Forbidden by policy"), (407, "Who are you?")] {
        let refusal = Refusal::of_somebody_else(status, body);
        world.sim.faults().refuse_upgrades(refusal, None);
        let ended = run(world.forward(&[])).await;
        assert_eq!(ended.code, Some(15), "{ended:?}");
        for words in ["answers a WebSocket upgrade itself", "ssmmessages host"] {
            assert!(ended.err.contains(words), "{ended:?}");
        }
    }
    for refusal in [Some(Refusal::status(403)), None] {
        match refusal {
            Some(refusal) => world.sim.faults().refuse_upgrades(refusal, None),
            None => world.sim.faults().accept_upgrades(),
        }
        examined(&world)
            .await
            .says("websocket", "ok", &["refused this one"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_to_sts_and_kms_is_looked_at_where_a_call_to_them_does_not_come_through() {
    let settings = Settings {
        kms_key_id: Some("0123-4567".to_owned()),
        ..fast()
    };
    let world = World::start_with(settings).await;
    let endpoint = world.sim.endpoint_url();
    let nobody = Nobody::new();
    for (service, check, verdict) in [
        ("sts", "identity", "warning"),
        ("kms", "session-key", "warning"),
    ] {
        let place = format!("{service}=http://{}", nobody.address());
        let report = reported(doctor(&world, &endpoint, &["--endpoint", &place])).await;
        report.advises(
            check,
            verdict,
            "network-refused",
            &[service, "127.0.0.1"],
            &["firewall"],
        );
        report.all_else_is_fine(&[check, "resume-session", "terminate-session", "ghosts"]);
        if service == "sts" {
            // Nobody's sessions can be asked about.
            for unknown in ["resume-session", "terminate-session"] {
                report.advises(
                    unknown,
                    "warning",
                    "identity-unknown",
                    &["was not found out", "stays unknown"],
                    &["Identity"],
                );
            }
        }

        let place = format!("{service}=http://{service}.culvert.invalid");
        let report = reported(doctor(&world, &endpoint, &["--endpoint", &place])).await;
        report.advises(
            check,
            verdict,
            "network-dns",
            &[service, "culvert.invalid"],
            &["region or endpoint"],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sts_belongs_to_the_way_of_a_profile_that_is_a_role() {
    let world = World::start().await;
    let nobody = Nobody::new();
    let config = "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
         aws_secret_access_key = planted-base\n[profile role]\nsource_profile = base\n\
         role_arn = arn:aws:iam::111122223333:role/tunnels\n";
    // Only files of this name may hold keys.
    let file = world.path("with-a-role/.aws/config");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, config).unwrap();
    let place = format!("sts=http://{}", nobody.address());
    let endpoint = world.sim.endpoint_url();
    // Nobody is there: whoever looks at the way to it says so.
    for (profile, verdict) in [("role", "failed"), ("base", "ok")] {
        let further = ["--endpoint", &place, "--profile", profile];
        let mut command = doctor(&world, &endpoint, &further);
        command.env("AWS_CONFIG_FILE", &file);
        let report = reported(command).await;
        assert_eq!(report.verdict("tcp"), verdict, "{report:#?}");
    }
}

/// Takes no more connections, and says nothing about it, as a firewall that drops packets does.
struct Deaf {
    address: SocketAddr,
    _listener: Listening,
    _full: TcpStream,
}

impl Deaf {
    async fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        // One waits to be accepted, and the system drops what comes after it.
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let full = TcpStream::connect(address).await.unwrap();
        Self {
            address,
            _listener: listener,
            _full: full,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_hosts_that_do_not_answer_are_named_and_take_no_longer_than_one() {
    let world = World::start().await;
    let deaf = [
        Deaf::start().await,
        Deaf::start().await,
        Deaf::start().await,
    ];
    let config = "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
         aws_secret_access_key = planted-base\n[profile role]\nsource_profile = base\n\
         role_arn = arn:aws:iam::111122223333:role/tunnels\n";
    let file = world.path("with-a-role/.aws/config");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, config).unwrap();
    let places = ["ssm", "ssmmessages", "sts"];
    let places = places.iter().zip(&deaf);
    let places = places.map(|(service, deaf)| format!("{service}=http://{}", deaf.address));
    let mut further: Vec<_> = places
        .flat_map(|it| ["--endpoint".to_owned(), it])
        .collect();
    further.extend(["--profile".to_owned(), "role".to_owned()]);
    let further: Vec<_> = further.iter().map(String::as_str).collect();
    let mut command = world.program();
    command
        .args(["doctor", "--target", TARGET, "--region", REGION])
        .args(&further)
        .env("AWS_CONFIG_FILE", &file);
    let report = reported(command).await;
    let host = deaf[0].address.ip().to_string();
    report.advises(
        "tcp",
        "failed",
        "network-connect-timeout",
        &[&host],
        &["firewall"],
    );
}
