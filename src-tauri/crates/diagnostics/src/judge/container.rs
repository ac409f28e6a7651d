//! A target that is a container of an ECS task, and why its agent is not heard of.
//!
//! The agent is put into a container when its task is started with ExecuteCommand, and never
//! later (ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec").

use super::{target, words};
use crate::{Business, Fault, Judgement, Said};

/// Runtime ids that are named at most where none fits.
const OTHERS_MOST: usize = 5;

const NEW_TASK: &str = "Take a task that runs: culvert targets lists them. A tunnel can't name \
                        an ECS service yet, so each new task means a new target.";

const START_AGAIN: &str = "Switch it on (aws ecs update-service --enable-execute-command \
                           --force-new-deployment, or run-task --enable-execute-command) with a \
                           task role that allows ssmmessages: only tasks that are started then \
                           have it, and they have other ids.";

const AGENT: &str = "Check that the task role allows the four actions of ssmmessages, that the \
                     container's file system can be written to, and that the task reaches the \
                     ssmmessages endpoint (port 443, by NAT or VPC endpoints); then start a new \
                     task.";

const ANY: &str = "Check that the task still runs (a new one has another id: see culvert \
                   targets), that it was started with ExecuteCommand enabled and a task role that \
                   allows ssmmessages, and that it reaches the ssmmessages endpoint.";

/// What ECS knows of a container: of the reasons against a session the first that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Container {
    /// The target is not written as those of ECS are.
    NoId,
    /// There is no such cluster.
    NoCluster,
    /// The cluster has no such task, or no more.
    NoTask,
    /// The task is not up yet.
    Starting {
        /// The service's word for it.
        status: String,
    },
    /// The task was stopped, or is being.
    Stopped {
        /// The service's word for it.
        status: String,
        /// The service's words for why; may be empty.
        reason: String,
    },
    /// The task was started without ExecuteCommand.
    ExecuteCommandOff,
    /// None of its containers has the runtime id.
    NoContainer {
        /// Those that it has: name and target.
        others: Vec<(String, String)>,
    },
    /// The container does not run.
    Down {
        /// Its name.
        name: String,
        /// The service's word for it; may be empty.
        status: String,
    },
    /// Its agent does not run.
    AgentDown {
        /// The container's name.
        name: String,
        /// The service's word for it; empty if there is no agent.
        status: String,
        /// The service's words for why; may be empty.
        reason: String,
    },
    /// Nothing stands against a session.
    Ready {
        /// Its name.
        name: String,
    },
}

/// Judges a target whose agent Systems Manager hears.
#[must_use]
pub fn connected(id: &str) -> Judgement {
    Judgement::ok(format!("{id} is online.")).saying("target-online", [("target", &id)])
}

/// Judges a container that is not known to be connected: `unheard` says why that is not known,
/// `None` that it is not; `state` what ECS says.
#[must_use]
pub fn container(id: &str, unheard: Option<Fault>, state: Result<Container, Fault>) -> Judgement {
    let no = |code: &str, what: String, remedy: &str| {
        Judgement::failed(Business::Target, code, what, remedy).with_fact("target", &id)
    };
    let state = match state {
        Ok(state) => state,
        Err(fault) => return not_told(id, unheard, fault),
    };
    match state {
        Container::NoId => no(
            "target-not-connected",
            format!("{id} is not connected, and is no target that Culvert knows."),
            "Targets are i-…, mi-… and ecs:CLUSTER_TASK_RUNTIMEID: see culvert targets.",
        )
        .with_fact("noTarget", &id),
        Container::NoCluster => no(
            "cluster-unknown",
            format!("ECS knows no cluster of the name in {id} in this account and region."),
            "Check the cluster's name, the region and the profile: culvert targets lists what \
             there is.",
        ),
        Container::NoTask => no(
            "task-unknown",
            format!(
                "ECS knows no task of the id in {id}, or no more: it forgets stopped ones after \
                 about an hour."
            ),
            NEW_TASK,
        ),
        Container::Starting { status } => no(
            "task-starting",
            format!("The task of {id} is not up yet: ECS says {status}."),
            "Wait until it runs.",
        )
        .with_fact("status", &status),
        Container::Stopped { status, reason } => no(
            "task-stopped",
            format!(
                "The task of {id} does not run any more: ECS says {}.",
                with_reason(&status, &reason)
            ),
            NEW_TASK,
        )
        .with_fact("status", &with_reason(&status, &reason)),
        Container::ExecuteCommandOff => no(
            "execute-command-off",
            format!(
                "The task of {id} was started without ExecuteCommand, so there is no agent in it."
            ),
            START_AGAIN,
        ),
        Container::NoContainer { others } => no(
            "container-unknown",
            format!(
                "The task of {id} runs, but has no container with this runtime id. {}",
                named(&others)
            ),
            "Take one of the task's own containers: culvert targets lists them.",
        )
        .with_fact("others", &others_of(&others)),
        Container::Down { name, status } => no(
            "container-stopped",
            format!(
                "The container {name} ({id}) does not run: ECS says {}.",
                or_nothing(&status)
            ),
            "Look at its log, and at why it ended; a new task has another id: see culvert targets.",
        )
        .with_fact("name", &name)
        .with_fact("status", &or_nothing(&status)),
        Container::AgentDown {
            name,
            status,
            reason,
        } => no(
            "execute-command-agent-down",
            format!(
                "ExecuteCommand is on, but its agent does not run in the container {name} ({id}): \
                 ECS says {}.",
                with_reason(&status, &reason)
            ),
            AGENT,
        )
        .with_fact("name", &name)
        .with_fact("status", &with_reason(&status, &reason)),
        Container::Ready { name } => ready(id, &name, unheard),
    }
}

/// ECS has nothing against it.
fn ready(id: &str, name: &str, unheard: Option<Fault>) -> Judgement {
    match unheard {
        Some(fault) => {
            let told = format!("ECS says that the agent in the container {name} runs.");
            fault.of_question((Said::of("ecs-says-runs", [("name", &name)]), &told))
        }
        None => Judgement::failed(
            Business::Target,
            "target-not-connected",
            format!(
                "{id} is not connected, though ECS says that the agent in the container {name} \
                 runs."
            ),
            "Check that the task reaches the ssmmessages endpoint (port 443, by NAT or VPC \
             endpoints) and that its role allows ssmmessages.",
        )
        .with_fact("target", &id)
        .saying("ecs-says-runs", [("name", &name)]),
    }
}

/// ECS does not tell.
fn not_told(id: &str, unheard: Option<Fault>, fault: Fault) -> Judgement {
    match unheard {
        Some(unheard) => unheard.of_question(target::online_open()),
        None => {
            let remedy = match fault.business {
                Business::Permission => {
                    format!("{ANY} Whoever may call ecs:DescribeTasks is told which of it is so.")
                }
                Business::Settings
                | Business::Listen
                | Business::Credentials
                | Business::Target
                | Business::Network
                | Business::Service
                | Business::Protocol => ANY.to_owned(),
            };
            Judgement::failed(
                Business::Target,
                "target-not-connected",
                format!(
                    "{id} is not connected. Why was not found out: {}",
                    fault.what
                ),
                remedy,
            )
            .with_fact("target", &id)
            .saying("why-open", [])
            .of(fault.code, *fault.facts)
            .with_details(fault.details)
        }
    }
}

fn or_nothing(word: &str) -> &str {
    match word {
        "" => "nothing of it",
        word => word,
    }
}

fn with_reason(status: &str, reason: &str) -> String {
    match reason {
        "" => or_nothing(status).to_owned(),
        reason => format!(
            "{} (\"{}\")",
            or_nothing(status),
            reason.trim_end_matches('.')
        ),
    }
}

/// The same without a word of ours.
fn others_of(others: &[(String, String)]) -> String {
    match others.len() {
        0 => "-".to_owned(),
        1..=OTHERS_MOST => shown(others).join(", "),
        _ => format!("{}, …", shown(others).join(", ")),
    }
}

fn shown(others: &[(String, String)]) -> Vec<String> {
    let shown = others.iter().take(OTHERS_MOST);
    shown.map(|(name, id)| format!("{id} ({name})")).collect()
}

fn named(others: &[(String, String)]) -> String {
    let mut shown = shown(others);
    match others.len().saturating_sub(OTHERS_MOST) {
        0 => {}
        more => shown.push(words::count(more, "more", "more")),
    }
    match shown.is_empty() {
        true => "It has none yet.".to_owned(),
        false => format!("It has {}.", words::list(&shown)),
    }
}

#[cfg(test)]
mod tests;
