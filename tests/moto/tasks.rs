//! How a task stands, as a mock of ECS that nobody here wrote tells it, and from a list of tasks to a
//! tunnel.

use aws_access::{ContainerId, ContainerState};
use serde_json::json;
use ssm_sim::Target;

use crate::directory::{RUNTIME_ID, access, as_started, ecs, run_task};
use crate::profiles::{World, keys, profile};
use crate::relay::Relay;
use crate::server::Moto;

#[tokio::test]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_task_that_is_missing_stopped_or_without_execute_command_is_told_apart() {
    let moto = Moto::start().await;
    moto.keep_states_of("ecs::task").await;
    let access = access(&moto).await;
    let state = async |cluster: &str, task: &str| {
        let id = ContainerId::parse(&format!("ecs:{cluster}_{task}_{task}-1")).unwrap();
        access.container_state(&id).await.unwrap()
    };
    assert_eq!(state("shop", "0a1b").await, ContainerState::NoCluster);
    let task = run_task(&moto).await;
    assert_eq!(state("shop", "0a1b").await, ContainerState::NoTask);
    // This mock forgets that ExecuteCommand was asked for.
    assert_eq!(
        state("shop", &task).await,
        ContainerState::ExecuteCommandOff
    );
    let stop = json!({ "cluster": "shop", "task": task, "reason": "Scaled in" });
    ecs(&moto, "StopTask", stop).await;
    let stopped = ContainerState::Stopped {
        status: "STOPPED".to_owned(),
        reason: "Scaled in".to_owned(),
    };
    assert_eq!(state("shop", &task).await, stopped);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_task_of_the_list_is_a_target_of_a_tunnel() {
    let moto = Moto::start().await;
    moto.keep_states_of("ecs::task").await;
    let task = run_task(&moto).await;
    let id = format!("ecs:shop_{task}_{RUNTIME_ID}");
    let world = World::with_targets(moto, vec![Target::online(&id)]).await;
    let alice = world.user("alice").await;
    // The mock knows neither runtime ids nor the agents of ExecuteCommand.
    let lists = Relay::amending(&world.moto.url(), |_| {}, as_started).await;
    world.files_with_lists(&profile("alice", ""), &keys("alice", &alice), &lists.url());

    let (out, err) = world.said(&["targets", "--profile", "alice", "shop"]).await;
    let row = out.lines().find(|line| line.starts_with(&id));
    let row = row.unwrap_or_else(|| panic!("{out}{err}"));
    for part in [
        &format!("shop/{task}/app"),
        "online",
        "ecs, ExecuteCommand on",
    ] {
        assert!(row.contains(part), "{row}");
    }
    assert!(!err.contains("left out"), "{err}");

    let used = world.carries_to(&id, &["--profile", "alice"], &[]).await;
    assert_eq!(used, alice.access_key);
    let sessions = world.sim.sessions();
    assert!(
        sessions.iter().all(|session| session.target == id),
        "{sessions:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_task_that_has_not_started_is_said_to_be_left_out() {
    let world = World::start().await;
    world.moto.keep_states_of("ecs::task").await;
    let alice = world.user("alice").await;
    let task = run_task(&world.moto).await;
    let url = world.moto.url();
    world.files_with_lists(&profile("alice", ""), &keys("alice", &alice), &url);

    let (out, err) = world.said(&["targets", "--profile", "alice"]).await;
    assert!(!out.contains("ecs:"), "{out}");
    let told = "1 task of ECS is left out, since none of its containers has started: shop/";
    assert!(err.contains(&format!("{told}{task} (")), "{err}");
    let (out, _) = world
        .said(&["targets", "--profile", "alice", "--json"])
        .await;
    let left_out = out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|line| line["event"] == "left-out");
    let tasks = &left_out.unwrap_or_else(|| panic!("{out}"))["tasks"];
    assert_eq!(
        (&tasks[0]["cluster"], &tasks[0]["task"]),
        (&"shop".into(), &task.into())
    );
}
