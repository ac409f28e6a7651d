//! The settings that the window has, too, as far as every command follows them.

use std::path::Path;

use tokio::process::Command;

use crate::json::object;
use crate::proxy::{REFUSALS, Refusing};
use crate::support::{REGION, TARGET, World, run};

fn settings(world: &World, text: &str) {
    std::fs::create_dir_all(world.path(".config/culvert")).unwrap();
    std::fs::write(world.path(".config/culvert/settings.toml"), text).unwrap();
}

fn proxied(world: &World, proxy: &Refusing) {
    let text = format!("[network]\nproxy = \"http://{}\"\n", proxy.address);
    settings(world, &text);
}

/// A command that would ask a service that only a proxy could reach.
fn asking(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.program();
    command
        .args(arguments)
        .args(["--region", REGION, "--endpoint-url", "https://ssm.example"]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_asks_aws_goes_through_the_proxy_of_the_settings() {
    let world = World::start().await;
    let proxy = Refusing::start(REFUSALS[1]).await;
    proxied(&world, &proxy);
    let named = proxy.address.to_string();
    for arguments in [
        &["targets"][..],
        &["hosts", "--endpoint", "rds=https://rds.example"],
        &["doctor"],
        &["doctor", "--target", TARGET],
        &["stream", "--target", TARGET, "--retry-for", "1min"],
        &[
            "forward",
            "--target",
            TARGET,
            "--remote-port",
            "1",
            "--retry-for",
            "1min",
        ],
    ] {
        let ended = run(asking(&world, arguments)).await;
        assert_eq!(ended.code, Some(15), "{arguments:?}: {ended:?}");
        assert!(
            format!("{ended:?}").contains(&named),
            "{arguments:?}: {ended:?}"
        );
    }
    std::fs::create_dir_all(world.path(".aws")).unwrap();
    let config = "[profile sso]\nsso_start_url = https://example.awsapps.com/start\n\
                  sso_region = eu-central-1\nsso_account_id = 123456789012\n\
                  sso_role_name = reader\nregion = eu-central-1\n";
    std::fs::write(world.path(".aws/config"), config).unwrap();
    let mut sign_in = world.program();
    sign_in.args(["sign-in", "sso", "--no-browser"]);
    let ended = run(sign_in).await;
    assert_eq!(ended.code, Some(15), "{ended:?}");
    assert!(ended.err.contains(&named), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_proxy_goes_before_that_of_the_environment_and_none_means_none() {
    let world = World::start().await;
    let proxy = Refusing::start(REFUSALS[1]).await;
    let other = Refusing::start(REFUSALS[1]).await;
    proxied(&world, &proxy);
    let told = async || {
        let mut command = asking(&world, &["targets"]);
        command.env("HTTPS_PROXY", format!("http://{}", other.address));
        run(command).await.err
    };
    let said = told().await;
    assert!(said.contains(&proxy.address.to_string()), "{said}");
    settings(&world, "[network]\nproxy = \"environment\"\n");
    let said = told().await;
    assert!(said.contains(&other.address.to_string()), "{said}");
    settings(&world, "[network]\nproxy = \"none\"\n");
    let said = told().await;
    assert!(!said.contains("127.0.0.1"), "{said}");
    assert!(said.contains("could not be resolved"), "{said}");
}

/// The doctor, who finds that all is well.
fn looking(world: &World, further: &[&str]) -> Command {
    let mut command = world.program();
    command
        .args(["doctor", "--region", REGION])
        .args(["--endpoint-url", &world.sim.endpoint_url()])
        .args(further);
    command
}

/// What a process that is dead has noted of a session at a service that only a proxy reaches.
fn leave(world: &World) {
    let (key, ..) = world.sim.credentials();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let line = serde_json::json!({
        "event": "started",
        "sessionId": "left-0123456789abcdef0",
        "at": u64::try_from(now.unwrap().as_millis()).unwrap(),
        "region": REGION,
        "endpointUrl": "https://ssm.example",
        "environmentKey": key,
        "accessKeyId": key,
    });
    let folder = world.path(".local/state/culvert/sessions");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("1-dead-1.jsonl"), format!("{line}\n")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_were_left_are_ended_through_the_proxy_of_the_settings() {
    let world = World::start().await;
    let proxy = Refusing::start(REFUSALS[1]).await;
    proxied(&world, &proxy);
    leave(&world);
    let ended = run(looking(&world, &["--sweep", "--json"])).await;
    let mut lines = ended.out.iter().map(|line| object(line));
    let ghosts = lines.find(|line| line["check"] == "ghosts").unwrap();
    assert_eq!(ghosts["code"], "ghosts-left", "{ghosts:#}");
    let what = ghosts["what"].as_str().unwrap();
    assert!(what.contains(&proxy.address.to_string()), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_the_settings_is_told_by_its_place_and_counts_as_usual() {
    let world = World::start().await;
    let found = async |json: bool| {
        let ended = run(looking(&world, json.then_some("--json").as_slice())).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    };
    let path = world.path(".config/culvert/settings.toml");
    let named = |said: &str, path: &Path| said.contains(&path.display().to_string());
    settings(
        &world,
        "[network]\nproxy = \"proxy.example\"\nkeepalive = 1\n",
    );
    let said = found(false).await.err;
    assert!(named(&said, &path) && said.contains("line 2"), "{said}");
    assert!(
        said.contains("network.proxy") && said.contains("http://"),
        "{said}"
    );
    // What is no business of this command is left to the window.
    assert!(!said.contains("keepalive"), "{said}");
    let first = object(&found(true).await.out[0]);
    assert_eq!(first["event"], "notice");
    assert_eq!(first["problem"]["code"], "invalid-setting");

    settings(&world, "[network\n");
    let said = found(false).await.err;
    assert!(named(&said, &path) && said.contains("line 1"), "{said}");
}
