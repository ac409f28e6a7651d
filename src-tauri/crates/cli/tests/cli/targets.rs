//! `culvert targets` shows what a session can be opened to, and what it could not look at.

use serde_json::Value;
use ssm_sim::{ApiFault, Lasting, Operation, Settings, Target};
use tokio::process::Command;

use crate::support::{REGION, Running, TARGET, World, carries, fast, one_sentence, run};

fn nodes() -> Settings {
    let with_name = |target: Target, name: &str| Target {
        name: name.to_owned(),
        ..target
    };
    Settings {
        targets: vec![
            with_name(Target::offline("i-00000000000000001"), "bastion-a"),
            with_name(Target::online("i-00000000000000002"), "bastion-b"),
            with_name(Target::online("mi-00000000000000003"), "plant"),
        ],
        ..fast()
    }
}

fn targets(world: &World, further: &[&str]) -> Command {
    looking(world, "targets", further)
}

fn looking(world: &World, for_what: &str, further: &[&str]) -> Command {
    let mut command = world.program();
    command
        .args([for_what, "--region", REGION])
        .args(["--endpoint-url", &world.sim.endpoint_url()])
        .args(further);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_listed_with_those_first_that_are_online() {
    let world = World::start_with(nodes()).await;
    let ended = run(targets(&world, &[])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let columns = |line: &str| -> Vec<String> {
        line.split("  ")
            .map(str::trim)
            .filter(|column| !column.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let table: Vec<_> = ended.out.iter().map(|line| columns(line)).collect();
    assert_eq!(
        table[0],
        ["ID", "NAME", "PING", "AGENT", "PLATFORM", "ADDRESS", "KIND"]
    );
    let ids: Vec<_> = table[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(
        ids,
        [
            "i-00000000000000002",
            "mi-00000000000000003",
            "i-00000000000000001"
        ]
    );
    assert_eq!(
        table[1][1..],
        [
            "bastion-b",
            "online",
            "3.3.0.0",
            "Simulated 1",
            "192.0.2.10",
            "ec2"
        ]
    );
    assert_eq!(table[2][6], "managed");
    assert_eq!(table[3][2], "connection lost");
    // The simulator is no EC2: that is told, and hides nothing.
    assert!(
        ended
            .err
            .contains("Names and tags of EC2 instances, containers of ECS tasks are missing"),
        "{}",
        ended.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_everything_from_being_looked_at_is_told_once() {
    let world = World::start_with(nodes()).await;
    for command in ["targets", "hosts"] {
        let mut command = looking(&world, command, &[]);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY");
        let ended = run(command).await;
        assert_eq!(ended.code, Some(12), "{ended:?}");
        one_sentence(
            &ended.err,
            &["No AWS credentials were found.", "culvert keys add"],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_nothing_fits_is_said_also_where_something_could_not_be_looked_at() {
    let world = World::start_with(nodes()).await;
    let ended = run(targets(&world, &["nowhere"])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("None of 3 targets fits."), "{ended:?}");
    assert!(ended.err.contains("are missing"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_narrow_the_list_and_programs_get_objects() {
    let world = World::start_with(nodes()).await;
    let ended = run(targets(&world, &["bastion", "--json"])).await;
    assert_eq!(ended.code, Some(0));
    let lines: Vec<Value> = ended
        .out
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |event: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["event"] == event).collect()
    };
    let found = of("target");
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["id"], "i-00000000000000002");
    assert_eq!(found[0]["ping"], "online");
    assert_eq!(found[0]["kind"], "ec2");
    assert_eq!(found[0]["agentVersion"], "3.3.0.0");
    assert_eq!(of("problem").len(), 2, "EC2 and ECS: {lines:?}");
    assert_eq!(of("summary")[0]["found"], 2);
    assert_eq!(of("summary")[0]["of"], 3);
    assert!(ended.err.is_empty(), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_problems_is_a_failure_that_names_the_permission() {
    let world = World::start_with(nodes()).await;
    world.sim.faults().fail_api(
        Operation::DescribeInstanceInformation,
        ApiFault::Error {
            code: "AccessDeniedException".to_owned(),
            message: "User is not authorized".to_owned(),
            status: 400,
        },
        Lasting::UntilCleared,
    );
    let ended = run(targets(&world, &[])).await;
    assert_eq!(ended.code, Some(13), "{ended:?}");
    assert!(ended.out.is_empty());
    assert!(
        ended.err.contains("ssm:DescribeInstanceInformation"),
        "{}",
        ended.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_wrong_are_told_before_any_call() {
    let world = World::start_with(nodes()).await;
    let ended = run(targets(&world, &["--profile", "nobody"])).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(ended.err.contains("nobody"), "{}", ended.err);
    let hosts = {
        let mut command = world.program();
        command.args(["hosts", "--profile", "nobody"]);
        run(command).await
    };
    assert_eq!(hosts.code, Some(10), "{hosts:?}");
    assert!(world.sim.stats().api_calls.is_empty());
}

/// Two nodes with a tag, of which the tester's usual target is none.
fn bastions() -> Settings {
    let settings = fast();
    let agent = settings.unlisted_targets.clone().unwrap();
    let bastion = |id: &str| Target {
        agent: agent.clone(),
        ..Target::online(id).with_tag("Role", "bastion")
    };
    Settings {
        targets: vec![
            bastion("i-0000000000000000b"),
            bastion("i-0000000000000000a"),
        ],
        unlisted_targets: None,
        ..settings
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_that_was_chosen_is_told_with_those_that_were_passed_over() {
    let world = World::start_with(bastions()).await;
    let mut culvert = Running::start(world.forward(&["--target", "tag:Role=bastion"]));
    carries(&culvert.listening().await).await;
    assert_eq!(world.sim.sessions()[0].target, "i-0000000000000000a");
    let ended = culvert.stopped_by("TERM").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let sentence = format!(
        "The session goes to i-0000000000000000a (i-0000000000000000a.internal), the first by id \
         of 2 nodes online that are tag:Role=bastion. Not to {TARGET}: {TARGET} is not connected \
         to Session Manager."
    );
    assert!(ended.err.contains(&sentence), "{}", ended.err);

    let mut history = world.program();
    history.arg("history");
    let history = run(history).await;
    assert!(
        history.out.iter().any(|line| line.contains(&sentence)),
        "{history:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_the_node_as_an_event() {
    let world = World::start_with(bastions()).await;
    let further = ["--target", "tag:Role=bastion", "--json"];
    let mut culvert = Running::start(world.forward(&further));
    let line = culvert
        .line_with(|line| line.contains("\"event\":\"target\""))
        .await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["node"], "i-0000000000000000a");
    assert_eq!(line["candidate"], "tag:Role=bastion");
    assert_eq!(line["found"]["online"], 2);
    assert_eq!(line["found"]["rule"], "first-online");
    assert_eq!(line["passedOver"][0]["candidate"], TARGET);
    assert_eq!(
        line["passedOver"][0]["problem"]["code"],
        "target-not-connected"
    );
    culvert.stopped_by("TERM").await;
}
