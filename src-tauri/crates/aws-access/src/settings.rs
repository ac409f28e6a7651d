use std::path::PathBuf;
use std::time::Duration;

use crate::Secret;

/// How long a call may take, credentials included, unless the settings say otherwise.
///
/// The reference client has no limit, so one hanging `ResumeSession` hangs its tunnel
/// (docs/protocol.md, section 3). Ten seconds are several times what a slow link needs.
pub const DEFAULT_API_TIMEOUT: Duration = Duration::from_secs(10);

/// Who calls AWS, where, and how long a call may take.
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// Profile of the AWS config files. `None`: the SDK's default chain (environment,
    /// `AWS_PROFILE` or `default`, web identity, container, instance).
    pub profile: Option<String>,
    /// Region. `None`: `AWS_REGION`, `AWS_DEFAULT_REGION`, then the profile's.
    pub region: Option<String>,
    /// URL of the service instead of AWS's own; wins over the environment. `None`:
    /// `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL`, the profile's `endpoint_url`, or AWS's own.
    /// KMS goes there too, unless `AWS_ENDPOINT_URL_KMS` names another place.
    pub endpoint_url: Option<String>,
    /// PEM file of certification authorities to trust besides the system's. `None`:
    /// `AWS_CA_BUNDLE`, then the profile's `ca_bundle`, or none.
    pub ca_bundle: Option<PathBuf>,
    /// Longest duration of one call, finding credentials included. Default: 10 s.
    pub api_timeout: Duration,
    /// Fixed credentials; they win over the profile and the chain, and no config file is
    /// needed for them. Default: none.
    pub static_credentials: Option<StaticCredentials>,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            ca_bundle: None,
            api_timeout: DEFAULT_API_TIMEOUT,
            static_credentials: None,
        }
    }
}

/// Credentials that the caller knows already.
#[derive(Debug, Clone)]
pub struct StaticCredentials {
    /// The access key's id, which is not a secret.
    pub access_key_id: String,
    /// The access key itself.
    pub secret_access_key: Secret,
    /// Only temporary credentials have one.
    pub session_token: Option<Secret>,
}
