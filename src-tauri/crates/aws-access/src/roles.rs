//! Roles that are assumed with the code of an MFA device.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::answer::{Call, call_error};
use crate::credentials::Origin;
use crate::issuers::Issuers;
use crate::profiles::Role;
use crate::sign_ins::{
    Kept, Place, SignIns, Written, json, name_of, python_text, read_time, written_time,
};
use crate::{AccessError, Denial, Secret, SignInFault};

/// A role that was assumed with a code, as the AWS CLI keeps it: under the SHA-1 of what it was
/// assumed with (botocore, `AssumeRoleCredentialFetcher`).
#[derive(Debug, Clone)]
pub(crate) struct RoleSession {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Secret,
    pub(crate) until: SystemTime,
    /// The ARN and the id of who this is now.
    user: Option<(String, String)>,
}

impl RoleSession {
    /// What is kept of the role, if it is still good.
    pub(crate) async fn kept(sign_ins: &SignIns, role: &Role) -> Option<Self> {
        let (sign_ins, place) = (sign_ins.clone(), place(role));
        tokio::task::spawn_blocking(move || sign_ins.read::<Self>(&place))
            .await
            .ok()
            .flatten()
            .filter(|session| session.until > SystemTime::now())
    }

    /// Keeps it.
    ///
    /// # Errors
    /// [`SignInFault::NotKept`]; it is in memory then.
    pub(crate) async fn keep(&self, sign_ins: &SignIns, role: &Role) -> Result<(), AccessError> {
        let (sign_ins, place, session) = (sign_ins.clone(), place(role), self.clone());
        let kept = tokio::task::spawn_blocking(move || sign_ins.keep(&place, &session)).await;
        kept.unwrap_or(Ok(()))
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::new(
            &self.access_key_id,
            self.secret_access_key.expose(),
            Some(self.session_token.expose().to_owned()),
            Some(self.until),
            "role",
        )
    }
}

/// Assumes a role with the code of its device.
///
/// # Errors
/// [`SignInFault::CodeRefused`] when the code is refused, or when it is not said what is;
/// [`AccessError::RoleDenied`] when it is the role; those of a call.
pub(crate) async fn assume_with_code(
    issuers: &Issuers,
    role: &Role,
    region: &str,
    with: Credentials,
    code: &Secret,
) -> Result<RoleSession, AccessError> {
    let call = Call::AssumeRole { role: &role.arn };
    let origin = Origin::of(&with);
    let asking = async {
        request(issuers, role, region)
            .set_serial_number(role.mfa_serial.clone())
            .token_code(code.expose())
            .customize()
            .config_override(identity(with))
            .send()
            .await
            .map_err(|error| by_code(origin.judge(call_error(call, error))))
    };
    session(issuers.timed(call, asking).await?)
}

/// What the error of a call means that was made with a code. STS denies a wrong code as it denies a
/// role, by the same error code. But a denial by IAM names what it denies, in the form that all of
/// its denials have, and what is said of a code does not.
fn by_code(error: AccessError) -> AccessError {
    let refused = |answer| AccessError::SignIn(SignInFault::CodeRefused(answer));
    if let AccessError::RoleDenied { action, answer, .. } = &error {
        return match Denial::of(action, answer).resource {
            Some(_) => error,
            None => refused(answer.clone()),
        };
    }
    error
}

fn request(issuers: &Issuers, role: &Role, region: &str) -> AssumeRoleFluentBuilder {
    let name = role.session_name.clone().unwrap_or_else(|| {
        let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        format!("culvert-{}", seconds.unwrap_or_default().as_secs())
    });
    issuers
        .sts(region)
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(name)
        .set_external_id(role.external_id.clone())
        .set_duration_seconds(role.duration_seconds)
}

fn identity(credentials: Credentials) -> aws_sdk_sts::config::Builder {
    aws_sdk_sts::Config::builder().credentials_provider(SharedCredentialsProvider::new(credentials))
}

fn session(
    answer: aws_sdk_sts::operation::assume_role::AssumeRoleOutput,
) -> Result<RoleSession, AccessError> {
    let foreign = || AccessError::Unparsable {
        status: None,
        excerpt: "an answer without credentials".into(),
    };
    let given = answer.credentials.ok_or_else(foreign)?;
    let until = SystemTime::try_from(given.expiration).map_err(|_| foreign())?;
    Ok(RoleSession {
        access_key_id: given.access_key_id,
        secret_access_key: Secret::new(given.secret_access_key),
        session_token: Secret::new(given.session_token),
        until,
        user: answer
            .assumed_role_user
            .map(|user| (user.arn, user.assumed_role_id)),
    })
}

pub(crate) fn place(role: &Role) -> Place {
    let texts = [
        ("ExternalId", role.external_id.as_deref()),
        ("RoleArn", Some(role.arn.as_str())),
        ("RoleSessionName", role.session_name.as_deref()),
        ("SerialNumber", role.mfa_serial.as_deref()),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(name, value)| Some(format!("\"{name}\": {}", python_text(value?))));
    let duration = role.duration_seconds;
    let arguments: Vec<_> = duration
        .map(|seconds| format!("\"DurationSeconds\": {seconds}"))
        .into_iter()
        .chain(texts)
        .collect();
    Place::Role(name_of(&format!("{{{}}}", arguments.join(", "))))
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    credentials: Keys,
    #[serde(skip_serializing_if = "Option::is_none")]
    assumed_role_user: Option<User>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: Written,
    session_token: Written,
    expiration: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    #[serde(default)]
    assumed_role_id: String,
    #[serde(default)]
    arn: String,
}

impl Kept for RoleSession {
    fn parse(text: &[u8]) -> Option<Self> {
        let file: File = serde_json::from_slice(text).ok()?;
        Some(Self {
            access_key_id: file.credentials.access_key_id,
            secret_access_key: file.credentials.secret_access_key.0,
            session_token: file.credentials.session_token.0,
            until: read_time(&file.credentials.expiration)?,
            user: file
                .assumed_role_user
                .map(|user| (user.arn, user.assumed_role_id)),
        })
    }

    fn text(&self) -> Zeroizing<Vec<u8>> {
        json(&File {
            credentials: Keys {
                access_key_id: self.access_key_id.clone(),
                secret_access_key: Written(self.secret_access_key.clone()),
                session_token: Written(self.session_token.clone()),
                expiration: written_time(self.until),
            },
            assumed_role_user: self.user.clone().map(|(arn, assumed_role_id)| User {
                assumed_role_id,
                arn,
            }),
        })
    }

    fn until(&self) -> SystemTime {
        self.until
    }
}
