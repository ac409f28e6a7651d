//! Each of the doctor's checks, made to fail for real: what it is called then, and what it
//! advises.

mod account;
mod candidates;
mod front;
mod policy;
mod proxies;
mod saved;
mod session;
mod tasks;
mod way;

use std::net::TcpListener;

use serde_json::Value;
use ssm_sim::{AgentSettings, Deny, Preferences, Refusal, Settings, Target};
use tokio::process::Command;

use crate::json::object;
use crate::support::{Nobody, REGION, Running, TARGET, World, carries, fast, run};

/// A container of a task, as StartSession takes it.
const TASK: &str = "ecs:shop_0a1b2c3d_0a1b2c3d-1234567890";

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

    /// A check must have come out so, and say all of these words, and there is nothing to do.
    fn says(&self, check: &str, verdict: &str, words: &[&str]) {
        let found = self.of(check);
        assert_eq!(found["verdict"], verdict, "{found:#}");
        for nothing in ["code", "remedy"] {
            assert_eq!(found[nothing], "", "{found:#}");
        }
        holds(found, "what", words);
    }

    /// A check must have come out so, with this code, say all of `what`, and give all of `advice`.
    fn advises(&self, check: &str, verdict: &str, code: &str, what: &[&str], advice: &[&str]) {
        let found = self.of(check);
        assert_eq!(found["verdict"], verdict, "{found:#}");
        assert_eq!(found["code"], code, "{found:#}");
        assert!(!what.is_empty() && !advice.is_empty(), "both are wanted");
        holds(found, "what", what);
        holds(found, "remedy", advice);
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

/// A field of a finding must hold all of these words.
fn holds(found: &Value, field: &str, words: &[&str]) {
    let text = found[field].as_str().unwrap_or_default();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {field}: {found:#}");
    }
}

/// `culvert doctor` for the usual tunnel, with further arguments.
fn doctor(world: &World, endpoint: &str, further: &[&str]) -> Command {
    doctor_of(TARGET, world, endpoint, further)
}

fn doctor_of(target: &str, world: &World, endpoint: &str, further: &[&str]) -> Command {
    let mut command = world.program();
    command
        .args(["doctor", "--target", target, "--remote-port", "5432"])
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
        &["assumed-role/Simulated/person", "123456789012"],
    );
    report.says(
        "start-session",
        "ok",
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
async fn a_config_file_that_the_tools_pass_over_in_silence_is_told_with_the_settings() {
    let world = World::start().await;
    std::fs::create_dir_all(world.path(".aws")).unwrap();
    std::fs::write(world.path(".aws/config"), b"\xff\xfe[\0p\0").unwrap();
    let report = examined(&world).await;
    report.advises(
        "settings",
        "warning",
        "file-not-text",
        &[".aws/config"],
        &["UTF-8"],
    );
    report.all_else_is_fine(&["settings"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_read_fail_and_all_that_needs_them_is_skipped() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    let report = reported(doctor(&world, &endpoint, &["--profile", "nobody"])).await;
    assert_eq!(report.code, Some(10));
    report.advises(
        "settings",
        "failed",
        "unknown-profile",
        &["nobody"],
        &["aws configure"],
    );
    report.skipped(
        "settings",
        &["credentials", "dns", "tls", "identity", "target"],
    );
    assert_eq!(report.verdict("local-port"), "ok");

    std::fs::create_dir(world.path(".aws")).unwrap();
    std::fs::write(world.path(".aws/config"), "[profile broken\nregion").unwrap();
    let report = reported(doctor(&world, &endpoint, &[])).await;
    assert_eq!(report.code, Some(10));
    report.advises(
        "settings",
        "failed",
        "invalid-config-files",
        &["AWS config files"],
        &[".aws/config:1"],
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
    let holder = format!("(process {})", std::process::id());
    let what = [port.as_str(), &holder];
    report.advises(
        "local-port",
        "failed",
        "port-in-use",
        &what,
        &["which is free"],
    );
    report.all_else_is_fine(&["local-port"]);

    let mut tunnel = Running::start(world.forward(&[]));
    let address = tunnel.listening().await;
    let (_, port) = address.rsplit_once(':').unwrap();
    let report = reported(doctor(&world, &endpoint, &["--local-port", port])).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.advises(
        "local-port",
        "warning",
        "port-in-use-by-culvert",
        &["running already"],
        &["use another port"],
    );
    assert_eq!(tunnel.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_tunnels_that_cannot_be_read_are_a_finding_and_the_account_is_looked_at() {
    let world = World::start().await;
    let folder = world.path("config");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("tunnels.toml"), "version = 2\ngarbage = [").unwrap();
    let mut command = world.program();
    command
        .env("CULVERT_CONFIG_DIR", &folder)
        .args(["doctor", "--region", REGION])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let report = reported(command).await;
    assert_eq!(report.code, Some(10), "{report:#?}");
    let settings: Vec<_> = report
        .lines
        .iter()
        .filter(|line| line["check"] == "settings")
        .collect();
    assert_eq!(settings[0]["verdict"], "failed", "{settings:#?}");
    assert_eq!(settings[0]["about"], "tunnels.toml");
    assert_eq!(settings[0]["code"], "settings-broken");
    holds(settings[0], "what", &["line 2"]);
    assert_ne!(settings[0]["remedy"], "");
    assert_eq!(settings[1]["verdict"], "ok", "{settings:#?}");
    assert_eq!(report.verdict("identity"), "ok");
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
    report.advises(
        "credentials",
        "failed",
        "no-credentials",
        &["No AWS credentials"],
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
    report.advises(
        "identity",
        "failed",
        "invalid-credentials",
        &["does not accept"],
        &["Check the access key"],
    );
    assert!(!format!("{report:?}").contains("planted-wrong-key"));

    world.sim.faults().expire_credentials(true);
    let report = examined(&world).await;
    assert_eq!(report.code, Some(12));
    report.advises(
        "identity",
        "failed",
        "expired-environment",
        &["have expired"],
        &["set new ones"],
    );
    report.skipped("identity", &["target", "start-session", "preferences"]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_a_program_gives_though_they_ended_are_told_as_that() {
    let world = World::start().await;
    let answer = "{\"Version\": 1, \"AccessKeyId\": \"AKIAIOSFODNN7EXAMPLE\", \
                  \"SecretAccessKey\": \"planted-old\", \"Expiration\": \"2020-01-01T00:00:00Z\"}";
    world.keys_by_script("give-keys", &format!("echo '{answer}'"));
    let endpoint = world.sim.endpoint_url();
    let mut command = doctor(&world, &endpoint, &["--profile", "p"]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let report = reported(command).await;
    assert_eq!(report.code, Some(12), "{report:#?}");
    report.advises(
        "credentials",
        "failed",
        "expired-token",
        &["sh gave credentials that ended at 2020-01-01"],
        &["renew them"],
    );
    let ended = run(world.forward(&["--profile", "p"])).await;
    assert_eq!(ended.code, Some(12), "{ended:?}");
    assert!(ended.err.contains("ended at 2020-01-01"), "{ended:?}");
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
    report.advises(
        "target",
        "failed",
        "target-not-connected",
        &[TARGET, "2 h"],
        &["ssmmessages"],
    );
    report.skipped("target", &["agent"]);

    let settings = Settings {
        unlisted_targets: None,
        ..fast()
    };
    let world = World::start_with(settings).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(14));
    report.advises("target", "failed", "target-unknown", &[TARGET], &["region"]);
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
    report.advises(
        "agent",
        "failed",
        "agent-too-old",
        &["3.1.1374.0"],
        &["AWS-UpdateSSMAgent"],
    );

    let world = World::start_with(old("3.0.196.0")).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.advises(
        "agent",
        "warning",
        "one-connection-at-a-time",
        &["3.0.196.0"],
        &["Update"],
    );
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
    // It is for one tunnel, and that is said.
    report.says("start-session", "skipped", &["culvert doctor TUNNEL"]);
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
    report.advises(
        "target",
        "failed",
        "target-not-found",
        &["nobody"],
        &["culvert targets"],
    );
    report.skipped("target", &["agent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_connected_is_online_and_ecs_is_not_asked() {
    let settings = Settings {
        unlisted_targets: None,
        targets: vec![Target::online(TASK)],
        ..fast()
    };
    let world = World::start_with(settings).await;
    let endpoint = world.sim.endpoint_url();
    let report = reported(doctor_of(TASK, &world, &endpoint, &[])).await;
    report.says("target", "ok", &[TASK, "online"]);
    report.says("agent", "skipped", &["version is not known"]);
    report.all_else_is_fine(&[]);
}
