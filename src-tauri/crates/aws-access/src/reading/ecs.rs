//! Containers of ECS tasks: `ListClusters`, `ListTasks`, `DescribeTasks` (ECS API Reference,
//! version 2014-11-13; JSON 1.1).

use aws_credential_types::Credentials;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Reader, Reading, Request, malformed};
use crate::AccessError;

/// How many clusters or tasks a page has: the most of each, and the most that `DescribeTasks`
/// takes.
const PAGE: usize = 100;

/// Whether `ExecuteCommand`, and with it a session, is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExecuteCommand {
    /// It is switched on, and its agent runs.
    Running,
    /// It is switched on, but its agent does not run.
    AgentDown,
    /// The task was started without it.
    Off,
}

/// A container of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    /// As StartSession takes it: `ecs:CLUSTER_TASK_RUNTIMEID`.
    pub(crate) target: String,
    pub(crate) cluster: String,
    pub(crate) task: String,
    pub(crate) name: String,
    /// Such as `service:web` or `family:job`.
    pub(crate) group: Option<String>,
    pub(crate) execute_command: ExecuteCommand,
    /// The version of the agent of `ExecuteCommand` is not told; that of the platform is.
    pub(crate) platform: Option<String>,
    pub(crate) address: Option<String>,
    /// Unix milliseconds.
    pub(crate) started: Option<u64>,
    pub(crate) tags: Vec<(String, String)>,
}

/// A task whose containers have not started: without a runtime id there is no target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingTask {
    /// The cluster's name.
    pub cluster: String,
    /// The task's id.
    pub task: String,
    /// The service's word for how it stands, such as `PENDING`; may be empty.
    pub status: String,
}

/// What a page of tasks has.
#[derive(Debug, Default)]
pub(crate) struct Containers {
    pub(crate) started: Vec<Container>,
    pub(crate) waiting: Vec<WaitingTask>,
}

impl Reader {
    /// One page of the clusters' ARNs, and the token of the next one.
    pub(crate) async fn clusters(
        &self,
        token: Option<&str>,
        credentials: &Credentials,
    ) -> Result<(Vec<String>, Option<String>), AccessError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Output {
            #[serde(default)]
            cluster_arns: Vec<String>,
            next_token: Option<String>,
        }
        let input = json!({ "maxResults": PAGE, "nextToken": token });
        let Output {
            cluster_arns,
            next_token,
        } = self
            .ecs(
                Reading::Clusters,
                "AmazonEC2ContainerServiceV20141113.ListClusters",
                input,
                credentials,
            )
            .await?;
        Ok((cluster_arns, next_token))
    }

    /// One page of the running tasks' ARNs, and the token of the next one.
    pub(crate) async fn tasks(
        &self,
        cluster: &str,
        token: Option<&str>,
        credentials: &Credentials,
    ) -> Result<(Vec<String>, Option<String>), AccessError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Output {
            #[serde(default)]
            task_arns: Vec<String>,
            next_token: Option<String>,
        }
        let input = json!({
            "cluster": cluster,
            "desiredStatus": "RUNNING",
            "maxResults": PAGE,
            "nextToken": token,
        });
        let Output {
            task_arns,
            next_token,
        } = self
            .ecs(
                Reading::Tasks,
                "AmazonEC2ContainerServiceV20141113.ListTasks",
                input,
                credentials,
            )
            .await?;
        Ok((task_arns, next_token))
    }

    /// The containers of a page of tasks.
    pub(crate) async fn containers(
        &self,
        cluster: &str,
        tasks: &[String],
        credentials: &Credentials,
    ) -> Result<Containers, AccessError> {
        let mut found = Containers::default();
        for task in self.described(cluster, tasks, credentials).await? {
            let waiting = task.as_waiting();
            let containers = task.into_containers();
            if containers.is_empty() {
                found.waiting.push(waiting);
            }
            found.started.extend(containers);
        }
        Ok(found)
    }

    /// What ECS knows of one task; `None` if it knows none of that id, or no more.
    pub(crate) async fn task(
        &self,
        cluster: &str,
        task: &str,
        credentials: &Credentials,
    ) -> Result<Option<Task>, AccessError> {
        let tasks = self
            .described(cluster, &[task.to_owned()], credentials)
            .await?;
        let is_asked_for = |found: &Task| last(&found.task_arn) == task;
        Ok(tasks.into_iter().find(is_asked_for))
    }

    async fn described(
        &self,
        cluster: &str,
        tasks: &[String],
        credentials: &Credentials,
    ) -> Result<Vec<Task>, AccessError> {
        #[derive(Deserialize)]
        struct Output {
            #[serde(default)]
            tasks: Vec<Task>,
        }
        let tasks = &tasks[..tasks.len().min(PAGE)];
        let input = json!({ "cluster": cluster, "tasks": tasks, "include": ["TAGS"] });
        let Output { tasks } = self
            .ecs(
                Reading::TaskDetails,
                "AmazonEC2ContainerServiceV20141113.DescribeTasks",
                input,
                credentials,
            )
            .await?;
        Ok(tasks)
    }

    async fn ecs<T: for<'de> Deserialize<'de>>(
        &self,
        reading: Reading,
        target: &'static str,
        mut input: serde_json::Value,
        credentials: &Credentials,
    ) -> Result<T, AccessError> {
        if let Some(input) = input.as_object_mut() {
            input.retain(|_, value| !value.is_null());
        }
        let request = Request {
            method: "POST",
            path: "/",
            headers: vec![
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", target),
            ],
            body: input.to_string(),
        };
        let answer = self.call(reading, request, credentials).await?;
        serde_json::from_str(&answer).map_err(malformed)
    }
}

/// A task in the service's words.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    task_arn: String,
    cluster_arn: String,
    group: Option<String>,
    platform_family: Option<String>,
    #[serde(default)]
    pub(crate) last_status: String,
    /// Why it was stopped, or is being.
    pub(crate) stopped_reason: Option<String>,
    #[serde(default)]
    pub(crate) enable_execute_command: bool,
    /// Unix seconds.
    started_at: Option<f64>,
    #[serde(default)]
    pub(crate) containers: Vec<TaskContainer>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// A container in the service's words.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskContainer {
    #[serde(default)]
    pub(crate) name: String,
    /// None before it is started.
    pub(crate) runtime_id: Option<String>,
    pub(crate) last_status: Option<String>,
    #[serde(default)]
    managed_agents: Vec<ManagedAgent>,
    #[serde(default)]
    network_interfaces: Vec<NetworkInterface>,
}

/// A program of the service's own in a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManagedAgent {
    name: Option<String>,
    pub(crate) last_status: Option<String>,
    pub(crate) reason: Option<String>,
}

impl TaskContainer {
    /// The agent that sessions go to, if the container was given one.
    pub(crate) fn agent(&self) -> Option<&ManagedAgent> {
        let mut agents = self.managed_agents.iter();
        agents.find(|agent| agent.name.as_deref() == Some("ExecuteCommandAgent"))
    }

    pub(crate) fn is_running(&self) -> bool {
        self.last_status.as_deref() == Some("RUNNING")
    }
}

impl ManagedAgent {
    pub(crate) fn is_running(&self) -> bool {
        self.last_status.as_deref() == Some("RUNNING")
    }
}

/// The id at the end of an ARN.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NetworkInterface {
    private_ipv4_address: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl Task {
    fn as_waiting(&self) -> WaitingTask {
        WaitingTask {
            cluster: last(&self.cluster_arn).to_owned(),
            task: last(&self.task_arn).to_owned(),
            status: self.last_status.clone(),
        }
    }

    /// The containers that have been given a runtime id: without one there is no target.
    fn into_containers(self) -> Vec<Container> {
        let (cluster, task) = (last(&self.cluster_arn), last(&self.task_arn));
        let (cluster, task) = (cluster.to_owned(), task.to_owned());
        let tags: Vec<_> = self
            .tags
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect();
        let (group, platform) = (self.group, self.platform_family);
        let started = self.started_at.and_then(unix_ms);
        let is_on = self.enable_execute_command;
        let container = |container: TaskContainer| {
            let runtime = container
                .runtime_id
                .as_deref()
                .filter(|id| !id.is_empty())?;
            let agent_runs = container.agent().is_some_and(ManagedAgent::is_running);
            let execute_command = match (is_on, container.is_running() && agent_runs) {
                (true, true) => ExecuteCommand::Running,
                (true, false) => ExecuteCommand::AgentDown,
                (false, _) => ExecuteCommand::Off,
            };
            Some(Container {
                target: format!("ecs:{cluster}_{task}_{runtime}"),
                cluster: cluster.clone(),
                task: task.clone(),
                name: container.name,
                group: group.clone(),
                execute_command,
                platform: platform.clone(),
                address: container
                    .network_interfaces
                    .into_iter()
                    .find_map(|interface| interface.private_ipv4_address),
                started,
                tags: tags.clone(),
            })
        };
        self.containers.into_iter().filter_map(container).collect()
    }
}

fn unix_ms(seconds: f64) -> Option<u64> {
    let time = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(time.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_named_as_startsession_takes_it_and_says_whether_it_can_be_entered() {
        let task = |on: bool, agent: &str| -> Task {
            serde_json::from_value(json!({
                "taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/prod/0123abc",
                "clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
                "group": "service:web",
                "enableExecuteCommand": on,
                "startedAt": 1_795_521_600.5,
                "containers": [
                    {
                        "name": "app",
                        "runtimeId": "0123abc-456",
                        "lastStatus": "RUNNING",
                        "managedAgents": [{ "name": "ExecuteCommandAgent", "lastStatus": agent }],
                        "networkInterfaces": [{ "privateIpv4Address": "10.0.0.7" }],
                    },
                    { "name": "pending" },
                ],
                "tags": [{ "key": "env", "value": "prod" }],
            }))
            .unwrap()
        };
        let containers = task(true, "RUNNING").into_containers();
        assert_eq!(containers.len(), 1, "one has no runtime id yet");
        let container = &containers[0];
        assert_eq!(container.target, "ecs:prod_0123abc_0123abc-456");
        assert_eq!(container.started, Some(1_795_521_600_500));
        assert_eq!(container.address.as_deref(), Some("10.0.0.7"));
        assert_eq!(container.tags, [("env".to_owned(), "prod".to_owned())]);
        let execute = |task: Task| task.into_containers()[0].execute_command;
        assert_eq!(execute(task(true, "RUNNING")), ExecuteCommand::Running);
        assert_eq!(execute(task(true, "STOPPED")), ExecuteCommand::AgentDown);
        assert_eq!(execute(task(false, "RUNNING")), ExecuteCommand::Off);
    }
}
