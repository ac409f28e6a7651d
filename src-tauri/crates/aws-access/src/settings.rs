use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::{EndpointUrl, Endpoints, Keyring, Secret, Service, SignIns, WrittenAddress};

/// How long a call may take, credentials included, unless the settings say otherwise.
///
/// The reference client has no limit, so one hanging `ResumeSession` hangs its tunnel
/// (docs/protocol.md, section 3). Ten seconds are several times what a slow link needs.
pub const DEFAULT_API_TIMEOUT: Duration = Duration::from_secs(10);

/// Who calls AWS, where, and how long a call may take.
///
/// Settings that name a profile, or bring credentials, are *pinned*: what the environment says
/// of credentials, regions and endpoints does not redirect them. Heeded are still where the AWS
/// config files lie (`AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`), whom to trust
/// (`AWS_CA_BUNDLE`; `SSL_CERT_FILE` and `SSL_CERT_DIR` in place of the system's roots), proxies, a region where neither settings nor profile name one, and what
/// a profile itself asks for (`credential_source`).
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// Profile of the AWS config files. `None`: the SDK's default chain (environment,
    /// `AWS_PROFILE` or `default`, web identity, container, instance).
    pub profile: Option<String>,
    /// Region. `None`: the profile's, then `AWS_REGION`, `AWS_DEFAULT_REGION` if the settings are
    /// pinned; the variables first, as in the AWS CLI, if they are not.
    pub region: Option<String>,
    /// URL of SSM instead of AWS's own. One on this machine is also that of KMS, STS, and the
    /// services that are only read (EC2, ECS, RDS, ElastiCache, OpenSearch), unless they have
    /// places of their own. `None`: what [`endpoints`](Self::endpoints) says.
    pub endpoint_url: Option<WrittenAddress>,
    /// Where services are asked. What it leaves open say, unless the settings are pinned,
    /// `AWS_ENDPOINT_URL_…`, `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT` and
    /// `AWS_USE_DUALSTACK_ENDPOINT`; then the profile.
    pub endpoints: Endpoints,
    /// PEM file of certification authorities to trust besides the system's. `None`:
    /// `AWS_CA_BUNDLE`, then the profile's `ca_bundle`, or none.
    pub ca_bundle: Option<PathBuf>,
    /// How AWS is reached. Default: as the environment says.
    pub proxy: ProxyChoice,
    /// Longest duration of one call, finding credentials included. Default: 10 s.
    pub api_timeout: Duration,
    /// Fixed credentials; they win over the profile and the chain, and no config file is
    /// needed for them. Default: none.
    pub static_credentials: Option<StaticCredentials>,
    /// Name of keys in the [`keyring`](Self::keyring), which win over the profile and the chain.
    /// They are read at each call. Default: none.
    pub keys: Option<String>,
    /// Where keys lie, and passwords of proxies. Default: the user's keyring.
    pub keyring: Keyring,
    /// Where sign-ins are kept. Default: where the AWS CLI keeps them.
    pub sign_ins: SignIns,
}

/// Which proxy leads to AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    /// None, whatever the environment says.
    Direct,
    /// This one, for all but this machine itself and what `NO_PROXY` names. A password that it
    /// lacks comes from the keyring.
    Through(Url),
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            endpoints: Endpoints::default(),
            ca_bundle: None,
            proxy: ProxyChoice::Environment,
            api_timeout: DEFAULT_API_TIMEOUT,
            static_credentials: None,
            keys: None,
            keyring: Keyring::default(),
            sign_ins: SignIns::default(),
        }
    }
}

impl AccessSettings {
    /// Whether the environment must not redirect what these settings say.
    #[must_use]
    pub const fn is_pinned(&self) -> bool {
        self.profile.is_some() || self.static_credentials.is_some() || self.keys.is_some()
    }

    /// The URL of SSM, where these settings have one.
    #[must_use]
    pub fn ssm_url(&self) -> Option<&str> {
        let of_service = self.endpoints.urls.get(&Service::Ssm);
        of_service
            .map(EndpointUrl::as_str)
            .or(self.endpoint_url.as_deref())
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
