//! Targets that are containers of ECS tasks, and why no session can be opened to them.

use super::front::Parrot;
use super::*;

/// What ECS answers about the task of `TASK`, with this in it.
macro_rules! task {
    ($changes:literal) => {
        concat!(
            r#"{"failures":[],"tasks":[{"taskArn":"arn:aws:ecs:eu-central-1:1:task/shop/0a1b2c3d","#,
            r#""clusterArn":"arn:aws:ecs:eu-central-1:1:cluster/shop","#,
            $changes,
            "}]}"
        )
    };
}

const MISSING: &str = r#"{"tasks":[],"failures":[{"reason":"MISSING"}]}"#;

const STOPPED: &str = task!(
    r#""lastStatus":"STOPPED","stoppedReason":"Scaling activity","enableExecuteCommand":true"#
);

const OFF: &str = task!(r#""lastStatus":"RUNNING","enableExecuteCommand":false"#);

const OTHER_CONTAINER: &str = task!(
    r#""lastStatus":"RUNNING","enableExecuteCommand":true,"containers":[{"name":"app",
    "runtimeId":"0a1b2c3d-99","lastStatus":"RUNNING"}]"#
);

const AGENT_DOWN: &str = task!(
    r#""lastStatus":"RUNNING","enableExecuteCommand":true,"containers":[{"name":"app",
    "runtimeId":"0a1b2c3d-1234567890","lastStatus":"RUNNING","managedAgents":[
    {"name":"ExecuteCommandAgent","lastStatus":"STOPPED","reason":"cannot write"}]}]"#
);

const READY: &str = task!(
    r#""lastStatus":"RUNNING","enableExecuteCommand":true,"containers":[{"name":"app",
    "runtimeId":"0a1b2c3d-1234567890","lastStatus":"RUNNING","managedAgents":[
    {"name":"ExecuteCommandAgent","lastStatus":"RUNNING"}]}]"#
);

const NO_CLUSTER: &str = r#"{"__type":"ClusterNotFoundException","message":"Cluster not found."}"#;

const DENIED: &str = r#"{"__type":"AccessDeniedException","message":"No."}"#;

/// A report about `TASK`, which is not connected, and of which ECS says this.
async fn told(world: &World, status: &'static str, body: &'static str) -> Report {
    let ecs = Parrot::start(status, "application/x-amz-json-1.1", body).await;
    let ecs = format!("ecs=http://{}", ecs.address);
    let endpoint = world.sim.endpoint_url();
    reported(doctor_of(TASK, world, &endpoint, &["--endpoint", &ecs])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_takes_no_session_is_told_with_the_reason_and_what_helps() {
    let settings = Settings {
        unlisted_targets: None,
        ..fast()
    };
    let world = World::start_with(settings).await;
    for (status, body, code, what, advice) in [
        (
            "400 Bad Request",
            NO_CLUSTER,
            "cluster-unknown",
            "no cluster",
            "region",
        ),
        (
            "200 OK",
            MISSING,
            "task-unknown",
            "no task",
            "culvert targets",
        ),
        (
            "200 OK",
            STOPPED,
            "task-stopped",
            "Scaling activity",
            "culvert targets",
        ),
        (
            "200 OK",
            OFF,
            "execute-command-off",
            "without ExecuteCommand",
            "--enable-execute-command",
        ),
        (
            "200 OK",
            OTHER_CONTAINER,
            "container-unknown",
            "ecs:shop_0a1b2c3d_0a1b2c3d-99 (app)",
            "culvert targets",
        ),
        (
            "200 OK",
            AGENT_DOWN,
            "execute-command-agent-down",
            "cannot write",
            "ssmmessages",
        ),
        (
            "200 OK",
            READY,
            "target-not-connected",
            "container app",
            "endpoint",
        ),
        (
            "400 Bad Request",
            DENIED,
            "target-not-connected",
            "was not found out",
            "Whoever may call ecs:DescribeTasks",
        ),
    ] {
        let report = told(&world, status, body).await;
        assert_eq!(report.code, Some(14), "{report:#?}");
        report.advises("target", "failed", code, &[TASK, what], &[advice]);
        report.skipped("target", &["agent"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_ask_systems_manager_is_told_what_ecs_knows() {
    let world = World::start().await;
    let deny = Deny::action("ssm:GetConnectionStatus");
    world.sim.faults().deny(deny);
    let report = told(&world, "200 OK", READY).await;
    let words = ["ssm:GetConnectionStatus", "agent in the container app runs"];
    report.advises(
        "target",
        "warning",
        "access-denied",
        &words,
        &["ssm:GetConnectionStatus"],
    );
    let report = told(&world, "200 OK", OFF).await;
    report.advises(
        "target",
        "failed",
        "execute-command-off",
        &[TASK],
        &["--enable-execute-command"],
    );
}
