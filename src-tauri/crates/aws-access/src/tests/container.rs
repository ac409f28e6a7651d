//! Why a container of ECS takes no session, told from what `DescribeTasks` answers.

use serde_json::{Value, json};

use super::account::{AccountServer, Reply};
use crate::{AccessError, ContainerId, ContainerState};

const TARGET: &str = "ecs:my_shop_0a1b_0a1b-1";

fn id() -> ContainerId {
    ContainerId::parse(TARGET).unwrap()
}

/// A task with one container, in order but for these changes.
fn task(changes: &[(&str, Value)]) -> Value {
    let mut task = json!({
        "taskArn": "arn:aws:ecs:eu-central-1:123456789012:task/my_shop/0a1b",
        "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/my_shop",
        "lastStatus": "RUNNING",
        "enableExecuteCommand": true,
        "containers": [{
            "name": "app",
            "runtimeId": "0a1b-1",
            "lastStatus": "RUNNING",
            "managedAgents": [{ "name": "ExecuteCommandAgent", "lastStatus": "RUNNING" }],
        }],
    });
    for (pointer, value) in changes {
        match task.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => task[pointer.trim_start_matches('/')] = value.clone(),
        }
    }
    task
}

async fn state_of(answer: Value) -> ContainerState {
    let server = AccountServer::start(move |_| Reply::json(&answer)).await;
    let state = server.access().await.container_state(&id()).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.action, "DescribeTasks");
    assert_eq!(asked.json["cluster"], "my_shop");
    assert_eq!(asked.json["tasks"], json!(["0a1b"]));
    state
}

async fn with(changes: &[(&str, Value)]) -> ContainerState {
    state_of(json!({ "tasks": [task(changes)], "failures": [] })).await
}

#[test]
fn a_target_of_ecs_is_cluster_task_and_runtime_id() {
    let read = id();
    let parts = (
        read.cluster.as_str(),
        read.task.as_str(),
        read.runtime.as_str(),
    );
    assert_eq!(parts, ("my_shop", "0a1b", "0a1b-1"));
    for other in [
        "i-0abc", "ecs:", "ecs:a_b", "ecs:_b_c", "ecs:a__c", "ecs:a_b_",
    ] {
        assert_eq!(ContainerId::parse(other), None, "{other}");
    }
}

#[tokio::test]
async fn each_reason_against_a_session_is_told_apart() {
    let status = |status: &str| ("/lastStatus", json!(status));
    assert_eq!(
        with(&[]).await,
        ContainerState::Ready {
            name: "app".to_owned()
        }
    );
    let starting = ContainerState::Starting {
        status: "PENDING".to_owned(),
    };
    assert_eq!(with(&[status("PENDING")]).await, starting);
    let stopped = ContainerState::Stopped {
        status: "STOPPED".to_owned(),
        reason: "Scaled in".to_owned(),
    };
    let why = ("/stoppedReason", json!("Scaled in"));
    assert_eq!(with(&[status("STOPPED"), why]).await, stopped);
    let off = ("/enableExecuteCommand", json!(false));
    assert_eq!(with(&[off]).await, ContainerState::ExecuteCommandOff);
    let other = ("/containers/0/runtimeId", json!("0a1b-2"));
    let others = vec![("app".to_owned(), "ecs:my_shop_0a1b_0a1b-2".to_owned())];
    assert_eq!(with(&[other]).await, ContainerState::NoContainer { others });
    let down = ContainerState::ContainerDown {
        name: "app".to_owned(),
        status: "STOPPED".to_owned(),
    };
    assert_eq!(
        with(&[("/containers/0/lastStatus", json!("STOPPED"))]).await,
        down
    );
    let agent = |status: &str, reason: &str| ContainerState::AgentDown {
        name: "app".to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
    };
    let agents = |agents: Value| ("/containers/0/managedAgents", agents);
    let stopped = json!([{
        "name": "ExecuteCommandAgent",
        "lastStatus": "STOPPED",
        "reason": "no route",
    }]);
    assert_eq!(with(&[agents(stopped)]).await, agent("STOPPED", "no route"));
    assert_eq!(with(&[agents(json!([]))]).await, agent("", ""));
}

#[tokio::test]
async fn a_task_and_a_cluster_that_are_not_there_are_told_apart_from_a_denial() {
    let missing = json!({ "tasks": [], "failures": [{ "reason": "MISSING" }] });
    assert_eq!(state_of(missing).await, ContainerState::NoTask);
    // An answer about another task says nothing of this one.
    let other = (
        "/taskArn",
        json!("arn:aws:ecs:eu-central-1:1:task/my_shop/ffff"),
    );
    assert_eq!(with(&[other]).await, ContainerState::NoTask);

    let asked = async |code: &'static str| {
        let server = AccountServer::start(move |_| Reply::error(400, code, "No.")).await;
        server.access().await.container_state(&id()).await
    };
    let state = asked("ClusterNotFoundException").await.unwrap();
    assert_eq!(state, ContainerState::NoCluster);
    // As some services write it: the message under both of its names.
    let twice = || Reply::Text {
        status: 400,
        kind: "application/x-amz-json-1.1",
        body: r#"{"__type":"ClusterNotFoundException","message":"No.","Message":"No."}"#.to_owned(),
    };
    let server = AccountServer::start(move |_| twice()).await;
    let state = server.access().await.container_state(&id()).await.unwrap();
    assert_eq!(state, ContainerState::NoCluster);
    let denied = asked("AccessDeniedException").await.unwrap_err();
    assert!(
        matches!(
            denied,
            AccessError::AccessDenied {
                action: "ecs:DescribeTasks",
                ..
            }
        ),
        "{denied:?}"
    );
}
