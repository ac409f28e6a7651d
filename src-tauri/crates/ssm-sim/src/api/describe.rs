//! What can be asked about sessions and nodes.

use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ApiError, epoch, page};
use crate::service::Service;
use crate::session::Session;
use crate::settings::Target;

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
            "Owner" => return Ok(true),
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
        "Owner": "arn:aws:sts::123456789012:assumed-role/Simulated/person",
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
    let status = if service.agent_of(&input.target).is_some() {
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
    let mut rows = Vec::new();
    for node in &service.settings.targets {
        let online = service.agent_of(&node.id).is_some();
        let ping = if online { "Online" } else { "ConnectionLost" };
        if matches(node, ping, &filters)? {
            rows.push(instance(node, ping));
        }
    }
    let (rows, next) = page(rows, input.max_results, input.next_token.as_deref())?;
    Ok(with_next("InstanceInformationList", rows, next))
}

fn matches(node: &Target, ping: &str, filters: &[(&str, &[String])]) -> Result<bool, ApiError> {
    for (key, values) in filters {
        let value = match *key {
            "InstanceIds" => node.id.as_str(),
            "PingStatus" => ping,
            "PlatformTypes" => node.platform.as_str(),
            "AgentVersion" => node.agent.version.as_str(),
            _ => {
                return Err(ApiError::new(
                    "InvalidInstanceInformationFilterValue",
                    "The specified filter value isn't valid.",
                ));
            }
        };
        if !values.iter().any(|wanted| wanted == value) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn instance(node: &Target, ping: &str) -> Value {
    json!({
        "InstanceId": node.id,
        "PingStatus": ping,
        "LastPingDateTime": epoch(SystemTime::now()),
        "AgentVersion": node.agent.version,
        "IsLatestVersion": false,
        "PlatformType": node.platform,
        "PlatformName": "Simulated",
        "PlatformVersion": "1",
        "ResourceType": if node.id.starts_with("mi-") { "ManagedInstance" } else { "EC2Instance" },
        "IPAddress": "192.0.2.10",
        "ComputerName": node.name,
    })
}

fn with_next(name: &str, rows: Vec<Value>, next: Option<String>) -> Value {
    let mut answer = Map::new();
    answer.insert(name.to_owned(), Value::Array(rows));
    if let Some(next) = next {
        answer.insert("NextToken".to_owned(), Value::String(next));
    }
    Value::Object(answer)
}
