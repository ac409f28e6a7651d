//! What can be asked about sessions and nodes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::policy::CALLER;
use super::start::{is_node_id, is_target};
use super::{ApiError, epoch, page};
use crate::service::Service;
use crate::session::Session;
use crate::settings::{PingStatus, Target};

/// For how long nothing has been heard of a node that is lost.
const LOST_FOR: Duration = Duration::from_secs(2 * 60 * 60);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sessions {
    state: String,
    #[serde(default)]
    max_results: Option<usize>,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    filters: Vec<SessionFilter>,
}

#[derive(Deserialize)]
struct SessionFilter {
    key: String,
    value: String,
}

pub(super) fn describe_sessions(
    service: &Arc<Service>,
    input: &Sessions,
) -> Result<Value, ApiError> {
    let over = match input.state.as_str() {
        "Active" => false,
        "History" => true,
        _ => {
            return Err(ApiError::validation(
                "Value at 'state' failed to satisfy constraint: Member must satisfy enum value set: [Active, History]",
            ));
        }
    };
    let mut wanted = Vec::new();
    // Newest first, as the service does.
    for session in service.sessions().into_iter().rev() {
        if session.is_over() == over && fits(&session, &input.filters)? {
            wanted.push(describe(&session));
        }
    }
    let (rows, next) = page(wanted, input.max_results, input.next_token.as_deref())?;
    Ok(with_next("Sessions", rows, next))
}

fn fits(session: &Session, filters: &[SessionFilter]) -> Result<bool, ApiError> {
    for filter in filters {
        let value = match filter.key.as_str() {
            "Target" => &session.target,
            "SessionId" => &session.id,
            "Owner" if filter.value == CALLER => continue,
            "Owner" => return Ok(false),
            _ => {
                return Err(ApiError::new(
                    "InvalidFilterKey",
                    "The specified key isn't valid.",
                ));
            }
        };
        if *value != filter.value {
            return Ok(false);
        }
    }
    Ok(true)
}

fn describe(session: &Session) -> Value {
    let status = match (session.ended(), session.view().client_connected) {
        (Some(_), _) => "Terminated",
        (None, true) => "Connected",
        (None, false) => "Disconnected",
    };
    let mut row = json!({
        "SessionId": session.id,
        "Target": session.target,
        "Status": status,
        "StartDate": epoch(session.started),
        "DocumentName": session.document,
        "Owner": CALLER,
    });
    if let (Some(reason), Some(object)) = (&session.reason, row.as_object_mut()) {
        object.insert("Reason".to_owned(), json!(reason));
    }
    if let (Some(ended), Some(object)) = (session.ended(), row.as_object_mut()) {
        object.insert("EndDate".to_owned(), epoch(ended));
    }
    row
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Connection {
    target: String,
}

pub(super) fn get_connection_status(service: &Arc<Service>, input: &Connection) -> Value {
    let status = if is_target(&input.target) && service.agent_of(&input.target).is_some() {
        "connected"
    } else {
        "notconnected"
    };
    json!({"Target": input.target, "Status": status})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Instances {
    #[serde(default)]
    max_results: Option<usize>,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    filters: Vec<InstanceFilter>,
    #[serde(default)]
    instance_information_filter_list: Vec<OldInstanceFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceFilter {
    key: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldInstanceFilter {
    key: String,
    value_set: Vec<String>,
}

pub(super) fn describe_instance_information(
    service: &Arc<Service>,
    input: &Instances,
) -> Result<Value, ApiError> {
    let filters: Vec<(&str, &[String])> = input
        .filters
        .iter()
        .map(|filter| (filter.key.as_str(), filter.values.as_slice()))
        .chain(
            input
                .instance_information_filter_list
                .iter()
                .map(|filter| (filter.key.as_str(), filter.value_set.as_slice())),
        )
        .collect();
    let (mut nodes, silent) = (service.nodes(), service.silent_nodes());
    let more = unlisted(service, &nodes, &filters);
    nodes.extend(more);
    // Containers of tasks are no managed nodes.
    nodes.retain(|node| !node.id.starts_with("ecs:"));
    let all_gone = service.agents_are_gone();
    let ping = |node: &Target| match node.ping {
        PingStatus::Online if !all_gone && !silent.contains(&node.id) => "Online",
        PingStatus::Online | PingStatus::ConnectionLost => "ConnectionLost",
    };
    let mut fitting = Vec::new();
    for node in &nodes {
        if matches(node, ping(node), &filters)? {
            fitting.push(node);
        }
    }
    let (fitting, next) = page(fitting, input.max_results, input.next_token.as_deref())?;
    let rows = fitting.into_iter().map(|node| instance(node, ping(node)));
    Ok(with_next("InstanceInformationList", rows.collect(), next))
}

/// The nodes that are asked for by name and answer though they are not listed.
fn unlisted(service: &Service, nodes: &[Target], filters: &[(&str, &[String])]) -> Vec<Target> {
    let Some(agent) = &service.settings.unlisted_targets else {
        return Vec::new();
    };
    let listed = |id: &String| nodes.iter().any(|node| node.id == *id);
    let named = filters.iter().filter(|(key, _)| *key == "InstanceIds");
    named
        .flat_map(|(_, ids)| ids.iter())
        .filter(|id| is_node_id(id) && !listed(id))
        .map(|id| Target {
            agent: agent.clone(),
            ..Target::online(id)
        })
        .collect()
}

fn matches(node: &Target, ping: &str, filters: &[(&str, &[String])]) -> Result<bool, ApiError> {
    for (key, values) in filters {
        let value = match *key {
            "InstanceIds" => Some(node.id.as_str()),
            "PingStatus" => Some(ping),
            "PlatformTypes" => Some(node.platform.as_str()),
            "AgentVersion" => Some(node.agent.version.as_str()),
            "ResourceType" => Some(resource_type(node)),
            "tag-key" => {
                if !values.iter().any(|key| node.tags.contains_key(key)) {
                    return Ok(false);
                }
                continue;
            }
            key => match key.strip_prefix("tag:") {
                Some(key) => node.tags.get(key).map(String::as_str),
                None => {
                    return Err(ApiError::new(
                        "InvalidInstanceInformationFilterValue",
                        "The specified filter value isn't valid.",
                    ));
                }
            },
        };
        if !values.iter().any(|wanted| Some(wanted.as_str()) == value) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn resource_type(node: &Target) -> &'static str {
    if node.id.starts_with("mi-") {
        "ManagedInstance"
    } else {
        "EC2Instance"
    }
}

fn instance(node: &Target, ping: &str) -> Value {
    let mut row = json!({
        "InstanceId": node.id,
        "PingStatus": ping,
        "LastPingDateTime": epoch(heard_of(ping)),
        "AgentVersion": node.agent.version,
        "IsLatestVersion": false,
        "PlatformType": node.platform,
        "PlatformName": "Simulated",
        "PlatformVersion": "1",
        "ResourceType": resource_type(node),
        "IPAddress": "192.0.2.10",
        "ComputerName": node.name,
    });
    if let (Some(registered), Some(row)) = (node.registered, row.as_object_mut()) {
        row.insert("RegistrationDate".to_owned(), epoch(registered));
    }
    row
}

/// A node that is lost has been for a while.
fn heard_of(ping: &str) -> SystemTime {
    let now = SystemTime::now();
    if ping == "Online" {
        now
    } else {
        now - LOST_FOR
    }
}

fn with_next(name: &str, rows: Vec<Value>, next: Option<String>) -> Value {
    let mut answer = Map::new();
    answer.insert(name.to_owned(), Value::Array(rows));
    if let Some(next) = next {
        answer.insert("NextToken".to_owned(), Value::String(next));
    }
    Value::Object(answer)
}
