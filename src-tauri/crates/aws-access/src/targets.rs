//! What a session can be opened to: managed nodes and containers of the account.

use std::fmt;

use serde::Serialize;

use crate::reading::{Container, ExecuteCommand as Theirs, Instance, Node, PingStatus};

/// A node or container that a session can be opened to, or could if its agent were there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// As StartSession takes it: `i-…`, `mi-…` or `ecs:CLUSTER_TASK_RUNTIMEID`.
    pub id: String,
    /// What it is called: its tag `Name`, what it was registered as, or its host name; of a
    /// container, its name.
    pub name: Option<String>,
    /// Whether its agent is there.
    pub ping: Ping,
    /// Version of its SSM agent.
    pub agent_version: Option<String>,
    /// System and version, such as `Amazon Linux 2023`.
    pub platform: Option<String>,
    /// Its private address.
    pub address: Option<String>,
    /// When it was launched, registered or started last, Unix milliseconds.
    pub since: Option<u64>,
    /// Its tags; of nodes outside of EC2 they are not known.
    pub tags: Vec<(String, String)>,
    /// What it is.
    #[serde(flatten)]
    pub kind: TargetKind,
}

/// What a target is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum TargetKind {
    /// An instance of EC2.
    Ec2 {
        /// Such as `running`; `None` where EC2 has not told it.
        state: Option<String>,
    },
    /// A managed node outside of EC2.
    Managed,
    /// A container of an ECS task.
    Ecs {
        /// The cluster's name.
        cluster: String,
        /// The task's id.
        task: String,
        /// Such as `service:web`.
        group: Option<String>,
        /// Whether a session is possible.
        execute_command: ExecuteCommand,
    },
}

/// Whether the agent of a target is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ping {
    /// It was heard of within the last minutes.
    Online,
    /// Nobody has told.
    Unknown,
    /// It has not been heard of for a while.
    ConnectionLost,
    /// It has not been heard of for long.
    Inactive,
    /// It is no managed node: it has no agent, or may not register, or its task was started
    /// without ExecuteCommand.
    NotRegistered,
}

/// Whether `ExecuteCommand`, and with it a session, is possible in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecuteCommand {
    /// It is on, and its agent runs.
    On,
    /// It is on, but its agent does not run.
    AgentDown,
    /// The task was started without it.
    Off,
}

impl Target {
    /// Puts together what Systems Manager and EC2 say of one node; at least one of them has said
    /// something. `ping` is what it counts as if Systems Manager has not.
    pub(crate) fn of_node(
        id: &str,
        node: Option<&Node>,
        instance: Option<&Instance>,
        ping: Ping,
    ) -> Self {
        let name = instance
            .and_then(Instance::name)
            .or(node.and_then(|node| node.name.as_deref()))
            .or(node.and_then(|node| node.computer_name.as_deref()));
        let platform = node
            .and_then(|node| node.platform.clone())
            .or(instance.and_then(|instance| instance.platform.clone()));
        let address = node
            .and_then(|node| node.address.clone())
            .or(instance.and_then(|instance| instance.private_address.clone()));
        let launched = instance.and_then(|instance| instance.launched);
        Self {
            id: id.to_owned(),
            name: name.map(str::to_owned),
            ping: match node {
                Some(node) => node.ping.map_or(Ping::Unknown, Ping::from),
                None => ping,
            },
            agent_version: node.and_then(|node| node.agent_version.clone()),
            platform,
            address,
            since: launched.or(node.and_then(|node| node.registered)),
            tags: instance.map_or_else(Vec::new, |instance| instance.tags.clone()),
            kind: if id.starts_with("mi-") {
                TargetKind::Managed
            } else {
                TargetKind::Ec2 {
                    state: instance.and_then(|instance| instance.state.clone()),
                }
            },
        }
    }
}

impl From<Container> for Target {
    fn from(container: Container) -> Self {
        let (ping, execute_command) = match container.execute_command {
            Theirs::Running => (Ping::Online, ExecuteCommand::On),
            Theirs::AgentDown => (Ping::ConnectionLost, ExecuteCommand::AgentDown),
            Theirs::Off => (Ping::NotRegistered, ExecuteCommand::Off),
        };
        Self {
            id: container.target,
            name: Some(container.name).filter(|name| !name.is_empty()),
            ping,
            agent_version: None,
            platform: container.platform,
            address: container.address,
            since: container.started,
            tags: container.tags,
            kind: TargetKind::Ecs {
                cluster: container.cluster,
                task: container.task,
                group: container.group,
                execute_command,
            },
        }
    }
}

impl From<PingStatus> for Ping {
    fn from(ping: PingStatus) -> Self {
        match ping {
            PingStatus::Online => Self::Online,
            PingStatus::ConnectionLost => Self::ConnectionLost,
            PingStatus::Inactive => Self::Inactive,
        }
    }
}

impl TargetKind {
    /// Its name in tables and queries.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Ec2 { .. } => "ec2",
            Self::Managed => "managed",
            Self::Ecs { .. } => "ecs",
        }
    }
}

impl fmt::Display for Ping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Online => "online",
            Self::Unknown => "unknown",
            Self::ConnectionLost => "connection lost",
            Self::Inactive => "inactive",
            Self::NotRegistered => "not registered",
        })
    }
}

impl fmt::Display for ExecuteCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::On => "on",
            Self::AgentDown => "agent down",
            Self::Off => "off",
        })
    }
}
