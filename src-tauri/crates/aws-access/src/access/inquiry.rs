//! Calls that only ask: who one is, which nodes and sessions there are, what the account has set.

use std::time::{Duration, SystemTime};

use aws_sdk_ssm::types::{
    InstanceInformationStringFilter, PingStatus, SessionFilter, SessionFilterKey, SessionState,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::operation::BuildError;
use serde::Deserialize;

use super::{Access, ssm_identity, sts_identity};
use crate::AccessError;
use crate::answer::{Call, Inquiry};

/// The document that holds the account's preferences for sessions (Systems Manager User Guide,
/// "Configure session preferences").
const PREFERENCES: &str = "SSM-SessionManagerRunShell";

/// Largest text of preferences that is read: documents have 64 KiB at most.
const PREFERENCES_MOST: usize = 64 * 1024;

/// Pages of open sessions that are read, 200 each: more than one person has.
const SESSION_PAGES: usize = 5;

/// What ends the id of a session that nobody has.
pub(super) const NO_SESSION: &str = "00000000000000000";

/// Longest id of a session (API reference, `TerminateSession`).
const SESSION_ID_MOST: usize = 96;

/// Whose the credentials are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account's number.
    pub account: String,
    /// The user, or the session of a role.
    pub arn: String,
}

impl Caller {
    /// The id of a session that would be the caller's, if there were one of that name. The
    /// service names sessions after the user, or the session of the role.
    #[must_use]
    pub fn session_that_is_not(&self) -> String {
        let name = self.arn.rsplit(['/', ':']).next().unwrap_or_default();
        let room = SESSION_ID_MOST - NO_SESSION.len() - 1;
        let name: String = name.chars().take(room).collect();
        format!("{name}-{NO_SESSION}")
    }
}

/// A managed node as Systems Manager knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedNode {
    /// Its id.
    pub id: String,
    /// Its computer's name.
    pub name: Option<String>,
    /// `Linux`, `Windows` or `MacOS`.
    pub platform: Option<String>,
    /// Whether its agent is heard of.
    pub ping: NodePing,
    /// When it was heard of last.
    pub heard_of: Option<SystemTime>,
    /// Its agent's version.
    pub agent_version: Option<String>,
}

/// Whether the service hears of a node's agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodePing {
    /// It does.
    Online,
    /// It does not.
    ConnectionLost,
    /// It has not for long.
    Inactive,
    /// A word that did not exist when this was written.
    Other(String),
}

/// The account's preferences for sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionPreferences {
    /// Minutes without data after which a session ends; `None`: not set.
    pub idle_minutes: Option<u32>,
    /// Minutes after which a session ends whatever it does; `None`: not set.
    pub most_minutes: Option<u32>,
    /// The KMS key under which sessions are encrypted; `None`: not set.
    pub kms_key: Option<String>,
}

/// A session that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Its id.
    pub id: String,
    /// Its target.
    pub target: Option<String>,
}

impl Access {
    /// Finds credentials and says until when they are good; `None` for such as do not end or
    /// whose source does not say.
    ///
    /// # Errors
    /// Any [`AccessError`] of finding credentials.
    pub async fn credentials_end(&self) -> Result<Option<SystemTime>, AccessError> {
        let credentials = self.credentials(self.deadline()).await?;
        Ok(credentials.expiry())
    }

    /// Says whose the credentials are (STS `GetCallerIdentity`, which needs no permission).
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn caller(&self) -> Result<Caller, AccessError> {
        let answer = self
            .call(Call::Inquire(Inquiry::Caller), |credentials| {
                self.sts()
                    .get_caller_identity()
                    .customize()
                    .config_override(sts_identity(credentials))
                    .send()
            })
            .await?;
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Caller { account, arn }),
            (Some(_) | None, _) => Err(super::foreign("an answer without account or ARN")),
        }
    }

    /// Says what the service knows of a node; `None` if it knows none of that id (SSM
    /// `DescribeInstanceInformation`).
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn managed_node(&self, id: &str) -> Result<Option<ManagedNode>, AccessError> {
        let filter = InstanceInformationStringFilter::builder()
            .key("InstanceIds")
            .values(id)
            .build()
            .map_err(unsendable)?;
        let asked = self
            .call(Call::Inquire(Inquiry::Node), |credentials| {
                self.inner
                    .ssm
                    .describe_instance_information()
                    .filters(filter.clone())
                    .customize()
                    .config_override(ssm_identity(credentials))
                    .send()
            })
            .await;
        let answer = match asked {
            Ok(answer) => answer,
            // What is no id of any node is none that is known.
            Err(AccessError::InvalidRequest(answer))
                if answer.code.as_deref() == Some("InvalidInstanceId") =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let nodes = answer.instance_information_list.unwrap_or_default();
        let found = nodes
            .into_iter()
            .find(|node| node.instance_id.as_deref() == Some(id));
        Ok(found.map(|node| ManagedNode {
            id: id.to_owned(),
            name: node.computer_name,
            platform: node.platform_type.map(|platform| platform.to_string()),
            ping: match node.ping_status {
                Some(PingStatus::Online) => NodePing::Online,
                Some(PingStatus::ConnectionLost) => NodePing::ConnectionLost,
                Some(PingStatus::Inactive) => NodePing::Inactive,
                Some(other) => NodePing::Other(other.to_string()),
                None => NodePing::Other(String::new()),
            },
            heard_of: node
                .last_ping_date_time
                .and_then(|at| SystemTime::try_from(at).ok()),
            agent_version: node.agent_version,
        }))
    }

    /// Says whether a target of any kind is connected (SSM `GetConnectionStatus`).
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn is_connected(&self, target: &str) -> Result<bool, AccessError> {
        let answer = self
            .call(Call::Inquire(Inquiry::Connection), |credentials| {
                self.inner
                    .ssm
                    .get_connection_status()
                    .target(target)
                    .customize()
                    .config_override(ssm_identity(credentials))
                    .send()
            })
            .await?;
        Ok(answer
            .status
            .is_some_and(|status| status.as_str().eq_ignore_ascii_case("connected")))
    }

    /// Reads the account's preferences for sessions; `None` if it has set none (SSM
    /// `GetDocument`).
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn session_preferences(&self) -> Result<Option<SessionPreferences>, AccessError> {
        let asked = self
            .call(Call::Inquire(Inquiry::Preferences), |credentials| {
                self.inner
                    .ssm
                    .get_document()
                    .name(PREFERENCES)
                    .customize()
                    .config_override(ssm_identity(credentials))
                    .send()
            })
            .await;
        match asked {
            Ok(answer) => preferences(answer.content.as_deref().unwrap_or_default()).map(Some),
            // There is none until somebody has set something.
            Err(AccessError::Service(answer))
                if answer.code.as_deref() == Some("InvalidDocument") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Lists the open sessions of a user or role, newest first, 1,000 at most (SSM
    /// `DescribeSessions`).
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn open_sessions(&self, owner: &str) -> Result<Vec<OpenSession>, AccessError> {
        self.sessions_with(SessionFilterKey::Owner, owner).await
    }

    /// Finds a session if it is open, whoever has started it (SSM `DescribeSessions`).
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn open_session(&self, id: &str) -> Result<Option<OpenSession>, AccessError> {
        let found = self.sessions_with(SessionFilterKey::SessionId, id).await?;
        Ok(found.into_iter().find(|session| session.id == id))
    }

    async fn sessions_with(
        &self,
        key: SessionFilterKey,
        value: &str,
    ) -> Result<Vec<OpenSession>, AccessError> {
        let filter = SessionFilter::builder()
            .key(key)
            .value(value)
            .build()
            .map_err(unsendable)?;
        let deadline = self.deadline();
        let mut token = None;
        let mut open = Vec::new();
        for _ in 0..SESSION_PAGES {
            let page = |credentials| {
                self.inner
                    .ssm
                    .describe_sessions()
                    .state(SessionState::Active)
                    .max_results(200)
                    .filters(filter.clone())
                    .set_next_token(token.clone())
                    .customize()
                    .config_override(ssm_identity(credentials))
                    .send()
            };
            let call = Call::Inquire(Inquiry::Sessions);
            let answer = self.call_by(deadline, call, page).await?;
            for session in answer.sessions.unwrap_or_default() {
                if let Some(id) = session.session_id {
                    let target = session.target;
                    open.push(OpenSession { id, target });
                }
            }
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(open)
    }
}

/// Writes a moment as people and programs read it: `2026-11-24T17:40:00Z`.
#[must_use]
pub fn utc(moment: SystemTime) -> String {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    let whole = Duration::from_secs(since.unwrap_or_default().as_secs());
    DateTime::from(SystemTime::UNIX_EPOCH + whole)
        .fmt(Format::DateTime)
        .unwrap_or_default()
}

fn unsendable(error: BuildError) -> AccessError {
    AccessError::Unsendable {
        source: error.into(),
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    inputs: Inputs,
}

/// What a document holds of ours. Numbers are written as text; older documents lack some.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Inputs {
    idle_session_timeout: Option<String>,
    max_session_duration: Option<String>,
    kms_key_id: Option<String>,
}

fn preferences(content: &str) -> Result<SessionPreferences, AccessError> {
    let unreadable = |what: &str| AccessError::Unparsable {
        status: Some(200),
        excerpt: format!("the document {PREFERENCES}: {what}"),
    };
    if content.len() > PREFERENCES_MOST {
        return Err(unreadable("it is too long"));
    }
    let document: Document =
        serde_json::from_str(content).map_err(|error| unreadable(&error.to_string()))?;
    let minutes = |text: Option<String>| text.and_then(|text| text.trim().parse().ok());
    Ok(SessionPreferences {
        idle_minutes: minutes(document.inputs.idle_session_timeout),
        most_minutes: minutes(document.inputs.max_session_duration),
        kms_key: document.inputs.kms_key_id.filter(|key| !key.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_and_what_is_not_set_is_nothing() {
        let all = r#"{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{
            "idleSessionTimeout":"7","maxSessionDuration":"90","kmsKeyId":"alias/s",
            "runAsEnabled":false}}"#;
        assert_eq!(
            preferences(all).unwrap(),
            SessionPreferences {
                idle_minutes: Some(7),
                most_minutes: Some(90),
                kms_key: Some("alias/s".to_owned()),
            }
        );
        let usual = r#"{"inputs":{"idleSessionTimeout":"","kmsKeyId":""}}"#;
        assert_eq!(preferences(usual).unwrap(), SessionPreferences::default());
        assert_eq!(preferences("{}").unwrap(), SessionPreferences::default());
        for broken in ["", "schemaVersion: 1.0", "7"] {
            assert_eq!(preferences(broken).unwrap_err().code(), "unparsable-answer");
        }
        let long = format!("{{\"x\":\"{}\"}}", "x".repeat(PREFERENCES_MOST));
        assert!(preferences(&long).is_err());
    }

    #[test]
    fn a_session_that_is_not_is_named_as_one_of_the_callers_would_be() {
        let of = |arn: &str| {
            let (account, arn) = ("123456789012".to_owned(), arn.to_owned());
            Caller { account, arn }.session_that_is_not()
        };
        assert_eq!(
            of("arn:aws:iam::123456789012:user/team/alice"),
            "alice-00000000000000000"
        );
        assert_eq!(
            of("arn:aws:sts::123456789012:assumed-role/r/me@example.com"),
            "me@example.com-00000000000000000"
        );
        assert_eq!(of("arn:aws:iam::1:root"), "root-00000000000000000");
        assert_eq!(of(&format!("x/{}", "n".repeat(200))).len(), SESSION_ID_MOST);
    }

    #[test]
    fn moments_are_written_to_the_second() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_249_800_250);
        assert_eq!(utc(moment), "2026-11-21T08:30:00Z");
    }
}
