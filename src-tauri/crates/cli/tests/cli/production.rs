//! Tunnels to production on the command line.

use std::fs;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::json::object;
use crate::support::{REGION, Running, TARGET, World, carries, run};

/// A saved tunnel to production, marked as these words say.
async fn world(mark: &str) -> World {
    let world = World::start().await;
    let (endpoint, port) = (world.sim.endpoint_url(), world.destination.port());
    let text = format!(
        "version = 2\n\n[[tunnel]]\nname = 'Orders'\ntarget = '{TARGET}'\nremote_port = {port}\n\
         region = '{REGION}'\nendpoint_url = '{endpoint}'\nbind = '127.0.0.1'\n\
         production = {mark}\n"
    );
    fs::create_dir(world.path("config")).unwrap();
    fs::write(world.path("config/tunnels.toml"), text).unwrap();
    world
}

/// The program in a session of its own: no terminal is its own.
fn culvert(world: &World, arguments: &[&str]) -> Command {
    let inner = world.program();
    let inner = inner.as_std();
    let mut command = Command::new("setsid");
    command
        .arg("--wait")
        .arg(inner.get_program())
        .args(arguments);
    command.env_clear();
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("CULVERT_CONFIG_DIR", world.path("config"));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_production_is_not_started_and_the_end_has_a_code_of_its_own() {
    let world = world("true").await;
    for arguments in [
        &["forward", "Orders"][..],
        &["forward", "Orders", "--yes"],
        &["forward", "Orders", "--reason", "ticket 7"],
    ] {
        let ended = run(culvert(&world, arguments)).await;
        assert_eq!(ended.code, Some(18), "{arguments:?}: {ended:?}");
        let said = &ended.err;
        assert!(said.contains("leads to production"), "{said}");
        assert!(said.contains("--yes"), "{said}");
    }
    assert!(world.sim.sessions().is_empty(), "a session was started");
    let ended = run(culvert(&world, &["forward", "Orders", "--json"])).await;
    let last = object(ended.out.last().unwrap());
    assert_eq!(last["problem"]["code"], "production-nobody-asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_yes_and_a_reason_it_is_started_and_the_reason_is_recorded() {
    let world = world("true").await;
    let arguments = ["forward", "Orders", "--yes", "--reason", "ticket 7"];
    let mut command = world.program();
    command
        .env("CULVERT_CONFIG_DIR", world.path("config"))
        .args(arguments);
    let mut tunnel = Running::start(command);
    carries(&tunnel.listening().await).await;
    let reasons: Vec<_> = world
        .sim
        .sessions()
        .iter()
        .map(|s| s.reason.clone())
        .collect();
    assert_eq!(reasons, [Some("ticket 7".to_owned())]);
    assert_eq!(tunnel.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_which_are_production() {
    let world = world("{ reason = 'none', closes_after = '2h' }").await;
    let ended = run(culvert(&world, &["list"])).await;
    assert!(ended.out[1].ends_with("production"), "{ended:?}");
    let ended = run(culvert(&world, &["list", "--json"])).await;
    let mark = object(&ended.out[0])["production"].clone();
    assert_eq!(mark["reason"], "none");
    assert_eq!(mark["closesAfter"], "2h");
}

/// The program at a terminal, at which somebody types this.
async fn at_a_terminal(world: &World, arguments: &str, typed: &str) -> crate::support::Ended {
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_culvert"));
    let inner = world.program();
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.env_clear().env("SHELL", "/bin/sh");
    for (name, value) in inner.as_std().get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("CULVERT_CONFIG_DIR", world.path("config"));
    let mut program = Running::start(command);
    program.stdin().write_all(typed.as_bytes()).await.unwrap();
    program.ended().await
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_a_person_is_asked_why_and_may_decline() {
    let world = world("true").await;
    let ended = at_a_terminal(&world, "forward Orders", "\n").await;
    assert_eq!(ended.code, Some(18), "{ended:?}");
    let said = ended.out.concat();
    assert!(said.contains("Why do you connect?"), "{said}");
    assert!(said.contains("was not started"), "{said}");
    assert!(world.sim.sessions().is_empty(), "a session was started");
    // Whoever says why is not asked more; what comes then is the network's business.
    let nowhere = "forward Orders --endpoint-url http://127.0.0.1:1";
    let ended = at_a_terminal(&world, nowhere, "ticket 9\n").await;
    assert_eq!(ended.code, Some(15), "{ended:?}");
}
