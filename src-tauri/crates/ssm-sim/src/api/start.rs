//! StartSession.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::policy::Asked;
use crate::agent;
use crate::service::Service;
use crate::session::{NewSession, Session};
use crate::timeouts;

/// The document for a port on the target.
pub(crate) const PORT: &str = "AWS-StartPortForwardingSession";
/// The document for a port of a host that the target reaches.
pub(crate) const REMOTE_HOST: &str = "AWS-StartPortForwardingSessionToRemoteHost";
/// The document for one byte stream to a port on the target.
pub(crate) const SSH: &str = "AWS-StartSSHSession";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    target: String,
    #[serde(default)]
    document_name: Option<String>,
    #[serde(default)]
    parameters: Option<HashMap<String, Vec<String>>>,
    #[serde(default)]
    reason: Option<String>,
}

pub(super) fn start_session(
    service: &Arc<Service>,
    asked: &Asked<'_>,
    input: &Input,
) -> Result<Value, ApiError> {
    let length = input.target.chars().count();
    if !(1..=400).contains(&length) {
        return Err(ApiError::validation(
            "1 validation error detected: Value at 'target' failed to satisfy constraint: Member must have length between 1 and 400",
        ));
    }
    if let Some(reason) = &input.reason
        && !(1..=256).contains(&reason.chars().count())
    {
        return Err(ApiError::validation(
            "1 validation error detected: Value at 'reason' failed to satisfy constraint: Member must have length between 1 and 256",
        ));
    }
    let document = input
        .document_name
        .clone()
        .unwrap_or_else(|| "SSM-SessionManagerRunShell".to_owned());
    // IAM is asked before anything is looked for.
    let resources = [asked.node(&input.target), asked.document(&document)];
    asked.allow("ssm:StartSession", &resources)?;
    let parameters = parameters(&document, input.parameters.as_ref())?;
    let settings = is_target(&input.target)
        .then(|| service.agent_of(&input.target))
        .flatten();
    let Some(settings) = settings else {
        return Err(ApiError::new(
            "TargetNotConnected",
            format!("{} is not connected.", input.target),
        ));
    };

    let id = service.with_random(|random| format!("simulated-{}", random.hex(17)));
    let (session, inbox) = Session::new(NewSession {
        id,
        target: input.target.clone(),
        document,
        parameters,
        reason: input.reason.clone(),
        agent: settings,
    });
    service.add_session(Arc::clone(&session));
    service.spawn(agent::run(Arc::clone(service), Arc::clone(&session), inbox));
    service.spawn(timeouts::watch(Arc::clone(service), Arc::clone(&session)));
    tracing::info!(session = %session.id, target = %session.target, "session started");
    Ok(admission(service, &session, false))
}

/// What StartSession and ResumeSession answer: where to go, and the token to show there.
pub(super) fn admission(service: &Service, session: &Session, resumed: bool) -> Value {
    // Marked, so that a check finds it where it must not be.
    let token = service.with_random(|random| format!("planted-{}", random.hex(64)));
    session.add_token(token.clone(), resumed);
    service.note_change();
    let url = service
        .with_faults_quietly(|faults| faults.stream_url.clone())
        .unwrap_or_else(|| {
            format!(
                "ws://{}/v1/data-channel/{}?role=publish_subscribe",
                service.address, session.id
            )
        });
    json!({"SessionId": session.id, "StreamUrl": url, "TokenValue": token})
}

/// What a session can be started on: a node, or a container of an ECS task
/// (`ecs:CLUSTER_TASK_RUNTIMEID`; ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec").
pub(super) fn is_target(target: &str) -> bool {
    let is_container = |parts: &str| {
        let mut parts = parts.rsplitn(3, '_');
        (0..3).all(|_| parts.next().is_some_and(|part| !part.is_empty()))
    };
    is_node_id(target) || target.strip_prefix("ecs:").is_some_and(is_container)
}

pub(super) fn is_node_id(target: &str) -> bool {
    let digits = target
        .strip_prefix("mi-")
        .or_else(|| target.strip_prefix("i-"));
    // Ids are drawn by chance: the one of zeros alone is nobody's.
    digits.is_some_and(|digits| {
        (1..=17).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
            && digits.bytes().any(|digit| digit != b'0')
    })
}

/// Checks a document's parameters, and fills in the defaults.
fn parameters(
    document: &str,
    given: Option<&HashMap<String, Vec<String>>>,
) -> Result<BTreeMap<String, String>, ApiError> {
    let defaults: &[(&str, &str)] = match document {
        PORT => &[("portNumber", "80"), ("localPortNumber", "0")],
        REMOTE_HOST => &[
            ("host", "localhost"),
            ("portNumber", "80"),
            ("localPortNumber", "0"),
        ],
        SSH => &[("portNumber", "22")],
        _ => {
            return Err(ApiError::new(
                "InvalidDocument",
                format!("Document with name {document} does not exist."),
            ));
        }
    };
    let mut parameters: BTreeMap<String, String> = defaults
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for (name, values) in given.into_iter().flatten() {
        let Some(slot) = parameters.get_mut(name) else {
            return Err(ApiError::new(
                "InvalidParameters",
                format!("Parameter \"{name}\" is not defined in the document."),
            ));
        };
        let [value] = values.as_slice() else {
            return Err(ApiError::new(
                "InvalidParameters",
                format!("Parameter \"{name}\" must have one value."),
            ));
        };
        let fits = match name.as_str() {
            "portNumber" => matches!(value.parse::<u16>(), Ok(1..)),
            "localPortNumber" => value.parse::<u16>().is_ok(),
            _ => is_host(value),
        };
        if !fits {
            return Err(ApiError::new(
                "InvalidParameters",
                format!(
                    "Parameter \"{name}\" with value \"{value}\" must match its allowed pattern."
                ),
            ));
        }
        slot.clone_from(value);
    }
    Ok(parameters)
}

fn is_host(value: &str) -> bool {
    value.len() >= 3 && !value.contains([',', '$', '^', '&', '*', '(', ')', '\\', '/', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, values: &[&str]) -> HashMap<String, Vec<String>> {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        HashMap::from([(name.to_owned(), values)])
    }

    #[test]
    fn a_documents_defaults_fill_in_what_is_not_given() {
        let all = parameters(REMOTE_HOST, Some(&given("portNumber", &["5432"]))).unwrap();
        assert_eq!(all["host"], "localhost");
        assert_eq!(all["portNumber"], "5432");
        assert_eq!(parameters(SSH, None).unwrap()["portNumber"], "22");
    }

    #[test]
    fn a_document_that_does_not_exist_is_an_invalid_document() {
        assert_eq!(
            parameters("Nope", None).unwrap_err().code,
            "InvalidDocument"
        );
    }

    #[test]
    fn parameters_that_do_not_fit_are_refused() {
        for (name, values) in [
            ("portNumber", &["0"][..]),
            ("portNumber", &["65536"]),
            ("portNumber", &["http"]),
            ("portNumber", &["1", "2"]),
            ("portNumber", &[]),
            ("host", &["a/b/c"]),
            ("colour", &["red"]),
        ] {
            let error = parameters(REMOTE_HOST, Some(&given(name, values))).unwrap_err();
            assert_eq!(error.code, "InvalidParameters", "{name} {values:?}");
        }
        assert!(parameters(SSH, Some(&given("host", &["db.internal"]))).is_err());
    }

    #[test]
    fn node_ids_are_told_from_other_text() {
        for good in ["i-0123456789abcdef0", "mi-0123456789abcdef0", "i-1"] {
            assert!(is_node_id(good), "{good}");
        }
        for bad in [
            "i-",
            "i-00000000000000000",
            "web-1",
            "i-xyz",
            "i-0123456789abcdef012",
        ] {
            assert!(!is_node_id(bad), "{bad}");
        }
    }

    #[test]
    fn a_session_may_go_to_a_node_or_to_a_container() {
        for good in ["i-1", "ecs:shop_0a1b_0a1b-12", "ecs:my_shop_0a1b_0a1b-12"] {
            assert!(is_target(good), "{good}");
        }
        for bad in ["web-1", "ecs:", "ecs:shop_0a1b", "ecs:shop__0a1b-12"] {
            assert!(!is_target(bad), "{bad}");
        }
    }
}
