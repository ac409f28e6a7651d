//! What ECS knows of the container that a target means: why no session can be opened to it.

use crate::credentials::Origin;
use crate::reading::{Reading, Task};
use crate::{Access, AccessError};

/// A container of a task, as StartSession takes it: `ecs:CLUSTER_TASK_RUNTIMEID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerId {
    /// The cluster's name.
    pub cluster: String,
    /// The task's id.
    pub task: String,
    /// The container's runtime id.
    pub runtime: String,
}

/// How a container stands, of the reasons against a session the first that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// There is no such cluster.
    NoCluster,
    /// The cluster has no such task: ECS forgets those that were stopped after about an hour.
    NoTask,
    /// The task is not up yet.
    Starting {
        /// The service's word: `PROVISIONING`, `PENDING`, `ACTIVATING`.
        status: String,
    },
    /// The task was stopped, or is being.
    Stopped {
        /// The service's word: `STOPPED`, or what comes before it.
        status: String,
        /// The service's words for why; empty if it has none.
        reason: String,
    },
    /// The task was started without ExecuteCommand, and will never have it.
    ExecuteCommandOff,
    /// None of the task's containers has the runtime id.
    NoContainer {
        /// Those that it has: name, and target for StartSession.
        others: Vec<(String, String)>,
    },
    /// The container does not run.
    ContainerDown {
        /// Its name.
        name: String,
        /// The service's word; empty if it has none.
        status: String,
    },
    /// The agent in the container does not run.
    AgentDown {
        /// The container's name.
        name: String,
        /// The service's word; empty if the container was given no agent.
        status: String,
        /// The service's words for why; empty if it has none.
        reason: String,
    },
    /// Nothing that ECS knows stands against a session.
    Ready {
        /// The container's name.
        name: String,
    },
}

impl ContainerId {
    /// Reads a target; `None` for one that is no container of ECS.
    #[must_use]
    pub fn parse(target: &str) -> Option<Self> {
        // A cluster's name may hold underscores, the others do not.
        let mut parts = target.strip_prefix("ecs:")?.rsplitn(3, '_');
        let (runtime, task, cluster) = (parts.next()?, parts.next()?, parts.next()?);
        if [runtime, task, cluster].contains(&"") {
            return None;
        }
        Some(Self {
            cluster: cluster.to_owned(),
            task: task.to_owned(),
            runtime: runtime.to_owned(),
        })
    }

    fn sibling(&self, runtime: &str) -> String {
        format!("ecs:{}_{}_{runtime}", self.cluster, self.task)
    }
}

impl Access {
    /// Says how a container stands (ECS `DescribeTasks`).
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn container_state(&self, id: &ContainerId) -> Result<ContainerState, AccessError> {
        let credentials = self.find_credentials().await?;
        let origin = Origin::of(&credentials);
        let asked = self.reader().task(&id.cluster, &id.task, &credentials);
        match self.timed(Reading::TaskDetails, origin, asked).await {
            Ok(Some(task)) => Ok(state(id, task)),
            Ok(None) => Ok(ContainerState::NoTask),
            Err(AccessError::InvalidRequest(answer) | AccessError::Service(answer))
                if answer.code.as_deref() == Some("ClusterNotFoundException") =>
            {
                Ok(ContainerState::NoCluster)
            }
            Err(error) => Err(error),
        }
    }
}

fn state(id: &ContainerId, task: Task) -> ContainerState {
    match task.last_status.as_str() {
        "RUNNING" => {}
        // ECS Developer Guide, "Amazon ECS task lifecycle".
        "PROVISIONING" | "PENDING" | "ACTIVATING" => {
            return ContainerState::Starting {
                status: task.last_status,
            };
        }
        _ => {
            return ContainerState::Stopped {
                status: task.last_status,
                reason: task.stopped_reason.unwrap_or_default(),
            };
        }
    }
    if !task.enable_execute_command {
        return ContainerState::ExecuteCommandOff;
    }
    let has_id = |runtime: &Option<String>| runtime.as_deref() == Some(id.runtime.as_str());
    let found = task
        .containers
        .iter()
        .find(|found| has_id(&found.runtime_id));
    let Some(container) = found else {
        let others = task.containers.into_iter().filter_map(|other| {
            let runtime = other.runtime_id.filter(|runtime| !runtime.is_empty())?;
            Some((other.name, id.sibling(&runtime)))
        });
        return ContainerState::NoContainer {
            others: others.collect(),
        };
    };
    let name = container.name.clone();
    if !container.is_running() {
        return ContainerState::ContainerDown {
            name,
            status: container.last_status.clone().unwrap_or_default(),
        };
    }
    match container.agent() {
        Some(agent) if agent.is_running() => ContainerState::Ready { name },
        agent => ContainerState::AgentDown {
            name,
            status: agent
                .and_then(|agent| agent.last_status.clone())
                .unwrap_or_default(),
            reason: agent
                .and_then(|agent| agent.reason.clone())
                .unwrap_or_default(),
        },
    }
}
