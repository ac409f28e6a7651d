//! How a task stands, as a mock of ECS that nobody here wrote tells it.

use aws_access::{ContainerId, ContainerState};
use serde_json::json;

use crate::directory::{access, ecs, run_task};
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
