//! Each of the doctor's checks, made to fail for real: what it is called then, and what it
//! advises.

mod front;
mod policy;

use std::net::TcpListener;

use serde_json::Value;
use ssm_sim::{AgentSettings, Deny, HandshakeVariation, Preferences, Refusal, Settings, Target};
use tokio::process::Command;

use crate::json::object;
use crate::support::{Nobody, REGION, Running, TARGET, World, carries, fast, run};
use front::{Inspector, Parrot};

/// What a run has found.
#[derive(Debug)]
struct Report {
    code: Option<i32>,
    lines: Vec<Value>,
}

impl Report {
    /// What a check found; the first, if there are several of the name.
    fn of(&self, check: &str) -> &Value {
        let found = self.lines.iter().find(|line| line["check"] == check);
        found.unwrap_or_else(|| panic!("no check {check}: {self:#?}"))
    }

    fn verdict(&self, check: &str) -> &str {
        self.of(check)["verdict"].as_str().unwrap()
    }

    /// A check must have come out so, with this code, and say all of these words.
    fn says(&self, check: &str, verdict: &str, code: &str, words: &[&str]) {
        let found = self.of(check);
        assert_eq!(found["verdict"], verdict, "{found:#}");
        assert_eq!(found["code"], code, "{found:#}");
        for word in words {
            let told = format!("{} {}", found["what"], found["remedy"]);
            assert!(told.contains(word), "{word:?} is not said: {found:#}");
        }
    }

    /// These must have been skipped because of that one.
    fn skipped(&self, because: &str, checks: &[&str]) {
        for check in checks {
            let found = self.of(check);
            assert_eq!(found["verdict"], "skipped", "{found:#}");
            assert_eq!(found["because"], because, "{found:#}");
        }
    }

    /// No other check than these may be anything but in order.
    fn all_else_is_fine(&self, but: &[&str]) {
        for line in self.lines.iter().filter(|line| line["event"] == "check") {
            let check = line["check"].as_str().unwrap();
            let fine = line["verdict"] == "ok"
                || line["verdict"] == "skipped" && line.get("because").is_none();
            assert!(fine || but.contains(&check), "{line:#}");
        }
    }
}

/// `culvert doctor` for the usual tunnel, with further arguments.
fn doctor(world: &World, endpoint: &str, further: &[&str]) -> Command {
    let mut command = world.program();
    command
        .args(["doctor", "--target", TARGET, "--remote-port", "5432"])
        .args(["--region", REGION, "--endpoint-url", endpoint])
        .args(further);
    command
}

async fn reported(mut command: Command) -> Report {
    command.arg("--json");
    let ended = run(command).await;
    Report {
        code: ended.code,
        lines: ended.out.iter().map(|line| object(line)).collect(),
    }
}

/// The report of the usual tunnel.
async fn examined(world: &World) -> Report {
    reported(doctor(world, &world.sim.endpoint_url(), &[])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_all_checks_say_so_and_no_session_is_started() {
    let world = World::start().await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.all_else_is_fine(&[]);
    let checks = report.lines.iter().filter(|line| line["event"] == "check");
    assert_eq!(checks.count(), 19, "all but a real session");
    report.says(
        "identity",
        "ok",
        "",
        &["assumed-role/Simulated/person", "123456789012"],
    );
    report.says(
        "start-session",
        "ok",
        "",
        &[TARGET, "AWS-StartPortForwardingSession"],
    );
    let summary = report.lines.last().unwrap();
    assert_eq!(
        (&summary["event"], &summary["exitCode"]),
        (&"summary".into(), &0.into())
    );
    assert!(world.sim.sessions().is_empty(), "a session was started");

    let ended = run(doctor(&world, &world.sim.endpoint_url(), &[])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.is_empty(), "{ended:?}");
    for line in &ended.out {
        assert!(line.chars().count() <= 80, "{line:?}");
    }
    let last = ended.out.last().unwrap();
    assert!(last.starts_with("0 failed, 0 warnings, "), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_read_fail_and_all_that_needs_them_is_skipped() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    let report = reported(doctor(&world, &endpoint, &["--profile", "nobody"])).await;
    assert_eq!(report.code, Some(10));
    report.says("settings", "failed", "unknown-profile", &["nobody"]);
    report.skipped(
        "settings",
        &["credentials", "dns", "tls", "identity", "target"],
    );
    assert_eq!(report.verdict("local-port"), "ok");

    std::fs::create_dir(world.path(".aws")).unwrap();
    std::fs::write(world.path(".aws/config"), "[profile broken\nregion").unwrap();
    let report = reported(doctor(&world, &endpoint, &[])).await;
    assert_eq!(report.code, Some(10));
    report.says(
        "settings",
        "failed",
        "invalid-config-files",
        &["~/.aws/config"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_names_a_free_one_and_a_running_tunnel_is_no_failure() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let report = reported(doctor(&world, &endpoint, &["--local-port", &port])).await;
    assert_eq!(report.code, Some(11));
    report.says(
        "local-port",
        "failed",
        "port-in-use",
        &[&port, "which is free"],
    );
    report.all_else_is_fine(&["local-port"]);

    let mut tunnel = Running::start(world.forward(&[]));
    let address = tunnel.listening().await;
    let (_, port) = address.rsplit_once(':').unwrap();
    let report = reported(doctor(&world, &endpoint, &["--local-port", port])).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says(
        "local-port",
        "warning",
        "port-in-use-by-culvert",
        &["running already"],
    );
    assert_eq!(tunnel.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_expired_and_wrong_credentials_are_told_apart() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    let mut command = doctor(&world, &endpoint, &[]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let report = reported(command).await;
    assert_eq!(report.code, Some(12));
    report.says(
        "credentials",
        "failed",
        "no-credentials",
        &["aws configure"],
    );
    report.skipped("credentials", &["identity", "start-session", "ghosts"]);
    assert_eq!(
        report.verdict("clock"),
        "ok",
        "the way is looked at all the same"
    );

    let mut command = doctor(&world, &endpoint, &[]);
    command.env("AWS_SECRET_ACCESS_KEY", "planted-wrong-key");
    let report = reported(command).await;
    assert_eq!(report.code, Some(12));
    report.says("identity", "failed", "invalid-credentials", &[]);
    assert!(!format!("{report:?}").contains("planted-wrong-key"));

    world.sim.faults().expire_credentials(true);
    let report = examined(&world).await;
    assert_eq!(report.code, Some(12));
    report.says("identity", "failed", "expired-token", &["have expired"]);
    report.skipped("identity", &["target", "start-session", "preferences"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_resolve_and_a_port_where_nobody_listens_end_the_way() {
    let world = World::start().await;
    let report = reported(doctor(&world, "https://ssm.culvert.invalid", &[])).await;
    assert_eq!(report.code, Some(15));
    report.says(
        "dns",
        "failed",
        "network-dns",
        &["ssm.culvert.invalid", "region or endpoint"],
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
    report.says("tcp", "failed", "network-refused", &["firewall"]);
    report.skipped("tcp", &["proxy", "tls", "clock", "identity"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_answers_407_or_a_page_is_named_with_what_it_wants() {
    let world = World::start().await;
    for (status, code, words) in [
        (
            "407 Proxy Authentication Required",
            "proxy-authentication",
            ["user", "HTTPS_PROXY"],
        ),
        ("403 Forbidden", "proxy-refused", ["403", "ssmmessages"]),
        ("502 Bad Gateway", "proxy-refused", ["502", "ssmmessages"]),
    ] {
        let proxy = Parrot::start(status, "text/html", "<html>No.</html>").await;
        let mut command = doctor(&world, "https://ssm.culvert.example", &[]);
        command.env(
            "HTTPS_PROXY",
            format!("http://me:planted-password@{}", proxy.address),
        );
        let report = reported(command).await;
        assert_eq!(report.code, Some(15), "{report:#?}");
        report.says("proxy", "failed", code, &words);
        report.says("proxy", "failed", code, &[&proxy.address.to_string()]);
        assert_eq!(report.of("proxy")["details"], "<html>No.</html>");
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
    report.says(
        "tls",
        "failed",
        "tls-untrusted-issuer",
        &["Zscaler", "AWS_CA_BUNDLE"],
    );
    report.skipped("tls", &["captive-portal", "clock", "websocket", "identity"]);

    let mut command = doctor(&world, &inspector.url, &[]);
    command.env("AWS_CA_BUNDLE", &inspector.bundle);
    let report = reported(command).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says("tls", "warning", "tls-inspected", &["Zscaler", "excepted"]);
    report.all_else_is_fine(&["tls"]);

    let unknown = Inspector::start("Acme Networks", &world).await;
    let report = reported(doctor(&world, &unknown.url, &[])).await;
    report.says(
        "tls",
        "failed",
        "tls-untrusted-issuer",
        &["Acme Networks Root"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captive_portal_is_told_from_the_service() {
    let world = World::start().await;
    let page = "<html><h1>Welcome to the hotel</h1></html>";
    let portal = Parrot::start("200 OK", "text/html", page).await;
    let report = reported(doctor(&world, &format!("http://{}", portal.address), &[])).await;
    assert_eq!(report.code, Some(15));
    report.says("captive-portal", "failed", "captive-portal", &["browser"]);
    assert!(
        report.of("captive-portal")["details"]
            .as_str()
            .unwrap()
            .contains("hotel")
    );
    report.skipped("captive-portal", &["clock", "identity", "target"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_told_by_how_much_before_anything_is_signed_with_it() {
    let world = World::start().await;
    for (ahead, words) in [(420, "behind AWS's"), (-420, "ahead of AWS's")] {
        world.sim.faults().clock(ahead);
        let report = examined(&world).await;
        assert_eq!(report.code, Some(10));
        report.says("clock", "failed", "clock-skew", &[words, "date and time"]);
        report.skipped("clock", &["identity", "start-session", "target", "ghosts"]);
    }
    world.sim.faults().clock(100);
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says("clock", "warning", "clock-drifts", &["NTP"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrades_that_are_kept_from_the_gateway_are_told_from_those_that_it_refuses() {
    let world = World::start().await;
    for (status, code) in [
        (200, "websocket-blocked"),
        (403, "websocket-blocked"),
        (503, "websocket-blocked"),
    ] {
        world
            .sim
            .faults()
            .refuse_upgrades(Refusal::status(status), None);
        let report = examined(&world).await;
        report.says("websocket", "failed", code, &["WebSocket"]);
        assert_eq!(report.code, Some(15), "{report:#?}");
        report.all_else_is_fine(&["websocket"]);
    }
    world.sim.faults().accept_upgrades();
    examined(&world)
        .await
        .says("websocket", "ok", "", &["refused this one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_lost_or_unknown_is_told_with_what_to_look_at() {
    let settings = Settings {
        targets: vec![Target::offline(TARGET)],
        ..fast()
    };
    let world = World::start_with(settings).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(14));
    report.says(
        "target",
        "failed",
        "target-not-connected",
        &[TARGET, "2 h", "ssmmessages"],
    );
    report.skipped("target", &["agent"]);

    let settings = Settings {
        unlisted_targets: None,
        ..fast()
    };
    let world = World::start_with(settings).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(14));
    report.says("target", "failed", "target-unknown", &[TARGET, "region"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_too_old_is_told_with_the_version_that_it_takes() {
    let old = |version| Settings {
        unlisted_targets: Some(AgentSettings::with_version(version)),
        ..fast()
    };
    let world = World::start_with(old("3.1.1373.0")).await;
    let endpoint = world.sim.endpoint_url();
    let remote = ["--remote-host", "db.internal"];
    let report = reported(doctor(&world, &endpoint, &remote)).await;
    assert_eq!(report.code, Some(14));
    report.says(
        "agent",
        "failed",
        "agent-too-old",
        &["3.1.1374.0", "AWS-UpdateSSMAgent"],
    );

    let world = World::start_with(old("3.0.196.0")).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says(
        "agent",
        "warning",
        "one-connection-at-a-time",
        &["3.0.196.0", "Update"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_start_names_action_and_resource_and_a_strict_policy_is_not_taken_for_one() {
    let deny = |on: Option<&str>, except: Option<&str>| Deny {
        on: on.map(str::to_owned),
        except: except.map(str::to_owned),
        ..Deny::action("ssm:StartSession")
    };
    let with = async |denied: &[Deny]| {
        let world = World::start().await;
        for deny in denied {
            world.sim.faults().deny(deny.clone());
        }
        examined(&world).await
    };
    let report = with(&[deny(Some(TARGET), None)]).await;
    assert_eq!(report.code, Some(13));
    let arn = format!("arn:aws:ec2:{REGION}:123456789012:instance/{TARGET}");
    report.says(
        "start-session",
        "failed",
        "access-denied",
        &["ssm:StartSession", &arn, "culvert iam-policy"],
    );
    let details = report.of("start-session")["details"].as_str().unwrap();
    assert!(
        details.contains("is not authorized to perform"),
        "{details}"
    );
    report.all_else_is_fine(&["start-session"]);

    let report = with(&[deny(Some("document/AWS-StartPort"), None)]).await;
    assert_eq!(report.code, Some(13));
    report.says(
        "start-session",
        "failed",
        "access-denied",
        &["use the document"],
    );

    // Only this target and AWS's documents are allowed: all made-up ones are refused.
    let target = Deny {
        on: Some("instance/".to_owned()),
        ..deny(None, Some(TARGET))
    };
    let document = Deny {
        on: Some(":document/".to_owned()),
        ..deny(None, Some("document/AWS-"))
    };
    let report = with(&[target, document]).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says(
        "start-session",
        "warning",
        "start-session-unproven",
        &["--session"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_actions_on_sessions_are_told_with_what_a_tunnel_loses() {
    for (check, action, loses) in [
        ("resume-session", "ssm:ResumeSession", "hourly close"),
        ("terminate-session", "ssm:TerminateSession", "stay open"),
    ] {
        let world = World::start().await;
        world.sim.faults().deny(Deny::action(action));
        let report = examined(&world).await;
        assert_eq!(report.code, Some(0), "{report:#?}");
        report.says(
            check,
            "warning",
            "access-denied",
            &[action, loses, "session/person-", "iam-policy"],
        );
        report.all_else_is_fine(&[check]);

        world.sim.faults().clear();
        world.sim.faults().deny(Deny {
            explicit: true,
            ..Deny::action(action)
        });
        let report = examined(&world).await;
        assert_eq!(report.code, Some(13), "{report:#?}");
        report.says(
            check,
            "failed",
            "access-denied",
            &[action, loses, "outright"],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_preferences_are_told_with_what_they_mean_and_may_be_hidden() {
    let settings = Settings {
        preferences: Some(Preferences {
            idle_minutes: Some(7),
            most_minutes: Some(90),
        }),
        ..fast()
    };
    let world = World::start_with(settings).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0));
    report.says(
        "preferences",
        "ok",
        "",
        &["7 min without data", "90 min after"],
    );

    world.sim.faults().deny(Deny::action("ssm:GetDocument"));
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0));
    report.says(
        "preferences",
        "warning",
        "access-denied",
        &["ssm:GetDocument", "can do without"],
    );
    report.says("session-key", "skipped", "", &["not known"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_account_that_may_not_be_used_fails() {
    let settings = Settings {
        kms_key_id: Some("0123-4567".to_owned()),
        ..fast()
    };
    let world = World::start_with(settings).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says(
        "session-key",
        "ok",
        "",
        &["kms:GenerateDataKey", "0123-4567"],
    );
    assert_eq!(world.sim.stats().api_calls["GenerateDataKey"], 1);

    world.sim.faults().deny(Deny::action("kms:GenerateDataKey"));
    let report = examined(&world).await;
    assert_eq!(report.code, Some(13));
    report.says(
        "session-key",
        "failed",
        "access-denied",
        &["kms:GenerateDataKey", "0123-4567", "iam-policy"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_a_crash_left_are_ghosts_and_a_sweep_ends_them_and_no_others() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    let mut killed = Running::start(world.forward(&[]));
    killed.listening().await;
    noted(&world, 1).await;
    killed.stopped_by("KILL").await;
    // Another machine's, under the same name.
    let elsewhere = World::start().await;
    let mut foreign = Running::start(command_at(&elsewhere, &world));
    let address = foreign.listening().await;

    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says(
        "ghosts",
        "warning",
        "ghosts",
        &["1 session of ours is open", "--sweep"],
    );
    assert_eq!(world.living_sessions(), 2, "looking ends nothing");

    let report = reported(doctor(&world, &endpoint, &["--sweep"])).await;
    report.says("ghosts", "ok", "", &["Ended 1 session", "knows nothing of"]);
    assert_eq!(
        world.living_sessions(),
        1,
        "the other machine's is left alone"
    );
    carries(&address).await;
    assert_eq!(foreign.stopped_by("TERM").await.code, Some(0));

    world
        .sim
        .faults()
        .deny(Deny::action("ssm:DescribeSessions"));
    let report = examined(&world).await;
    report.says(
        "ghosts",
        "warning",
        "access-denied",
        &["ssm:DescribeSessions"],
    );
}

/// `culvert forward` of another home to the service of this world.
fn command_at(home: &World, service: &World) -> Command {
    let mut command = home.program();
    command
        .args(["forward", "--target", TARGET, "--region", REGION])
        .args(["--remote-port", &service.destination.port().to_string()])
        .args(["--endpoint-url", &service.sim.endpoint_url()]);
    command
}

/// Waits until so many files of sessions are on disk.
async fn noted(world: &World, files: usize) {
    let folder = world.path(".local/state/culvert/sessions");
    crate::support::soon(async {
        loop {
            let found = std::fs::read_dir(&folder).into_iter().flatten();
            let named = found.filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().ends_with(".jsonl")
            });
            if named.count() == files {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_session_is_opened_and_closed_only_when_it_is_asked_for() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    let report = reported(doctor(&world, &endpoint, &["--session"])).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.says("session", "ok", "", &["was ended", "3.3.0.0"]);
    let sessions = world.sim.sessions();
    assert_eq!(sessions.len(), 1);
    assert_eq!(world.living_sessions(), 0);
    assert_eq!(sessions[0].connections, 0, "the destination was dialled");

    let settings = Settings {
        handshake: HandshakeVariation::Garbage,
        ..fast()
    };
    let world = World::start_with(settings).await;
    let report = reported(doctor(&world, &world.sim.endpoint_url(), &["--session"])).await;
    assert_eq!(report.code, Some(17), "{report:#?}");
    assert_eq!(report.verdict("session"), "failed");
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tunnel_all_saved_ones_are_looked_at_briefly() {
    let settings = Settings {
        targets: vec![Target::offline("i-0aaaaaaaaaaaaaaaa")],
        ..fast()
    };
    let world = World::start_with(settings).await;
    policy::save(&world, "good", TARGET);
    policy::save(&world, "lost", "i-0aaaaaaaaaaaaaaaa");
    let mut command = world.program();
    command
        .args(["doctor", "--region", REGION])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let report = reported(command).await;
    assert_eq!(report.code, Some(14), "{report:#?}");
    let target = |name: &str| {
        let found = report
            .lines
            .iter()
            .find(|line| line["check"] == "target" && line["about"] == name);
        found.unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(target("good"), "ok");
    assert_eq!(target("lost"), "failed");
    assert_eq!(report.verdict("identity"), "ok");
    assert!(world.sim.sessions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_by_name_is_looked_for_as_a_session_would() {
    let world = World::start().await;
    let mut command = world.program();
    command
        .args(["doctor", "--target", "name:nobody", "--remote-port", "1"])
        .args(["--region", REGION])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let report = reported(command).await;
    assert_eq!(report.code, Some(14), "{report:#?}");
    report.says("target", "failed", "target-not-found", &["nobody"]);
    report.skipped("target", &["agent"]);
}
