//! The steps by which credentials are got: where they begin, and the roles in between.
//!
//! The SDK's own profile provider takes addresses from the environment even for a profile that
//! is named, lets nobody name others, and knows no MFA. So the way is found by
//! [`crate::profiles::path`], which also lists it for people, and each step is one call.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::{Profile, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::session_name::session_name;
use super::{CredentialSource, Origin, ProcessFault, process};
use crate::access::at;
use crate::answer::{Call, call_error};
use crate::holder::OfAccount;
use crate::profiles;
use crate::profiles::path::{self, CredentialPath, Role, Source, value};
use crate::roles::RoleSession;
use crate::sso::PortalRole;
use crate::variables::Variables;
use crate::{AccessError, ProfileFault, Service, SignInFault};

/// The longest token of a web identity that is read, in bytes: AWS takes 20,000 characters (STS API
/// Reference, AssumeRoleWithWebIdentity).
const TOKEN_MOST: u64 = 64 * 1024;

/// Where the instance's metadata service is (EC2 User Guide, "Retrieve instance metadata").
const METADATA_SERVICE: &str = "http://169.254.169.254";

/// The same where only IPv6 is spoken.
const METADATA_SERVICE_IPV6: &str = "http://[fd00:ec2::254]";

/// Why a step has failed.
#[derive(Debug)]
pub(super) enum StepError {
    /// The SDK says why.
    Sdk(CredentialsError),
    /// The profile can't be used as it is.
    Profile(ProfileFault),
    /// It is known already what that means.
    Access(Box<AccessError>),
}

impl From<CredentialsError> for StepError {
    fn from(error: CredentialsError) -> Self {
        Self::Sdk(error)
    }
}

impl From<AccessError> for StepError {
    fn from(error: AccessError) -> Self {
        Self::Access(Box::new(error))
    }
}

/// One search for credentials.
#[derive(Debug)]
pub(super) struct Search<'a> {
    source: &'a CredentialSource,
    http: SharedHttpClient,
}

impl<'a> Search<'a> {
    pub(super) fn new(source: &'a CredentialSource, http: SharedHttpClient) -> Self {
        Self { source, http }
    }

    /// Those of a profile that was named outright: nothing else is looked at.
    pub(super) async fn of_profile(&self, name: &str) -> Result<Credentials, StepError> {
        let set = self.source.profile_set(Some(name)).await?;
        if set.get_profile(name).is_none() {
            return Err(profiles::unknown(&set, name, false).into());
        }
        let path = match path::of_profile(&set, name) {
            Ok(path) => path,
            Err(ProfileFault::NoCredentials { profile }) if profile == name => {
                return Err(CredentialsError::not_loaded_no_source().into());
            }
            Err(fault) => return Err(StepError::Profile(fault)),
        };
        self.walk(&set, name, &path).await
    }

    /// Those that the SDK's default chain would find: the environment's keys, then the profile
    /// that `AWS_PROFILE` names or the default one, a token file, the container, the instance
    /// (SDKs and Tools Reference Guide, "Standardized credential providers").
    pub(super) async fn of_chain(&self) -> Result<Credentials, StepError> {
        if let Some(keys) = environment(&self.source.variables).map_err(StepError::Profile)? {
            return Ok(keys);
        }
        let set = self.source.profile_set(None).await?;
        let name = set.selected_profile().to_owned();
        if set.get_profile(&name).is_some() {
            match path::of_profile(&set, &name) {
                Ok(path) => return self.walk(&set, &name, &path).await,
                Err(ProfileFault::NoCredentials { profile }) if profile == name => {}
                Err(fault) => return Err(StepError::Profile(fault)),
            }
        }
        if let (Some(token_file), Some(role_arn)) = (
            self.source.variables.get("AWS_WEB_IDENTITY_TOKEN_FILE"),
            self.source.variables.get("AWS_ROLE_ARN"),
        ) {
            let session_name = self.source.variables.get("AWS_ROLE_SESSION_NAME");
            let found = self
                .web_identity(Path::new(&token_file), &role_arn, session_name.as_deref())
                .await;
            return found.map(|mut credentials| {
                OfAccount::note(path::account_of_arn(&role_arn), &mut credentials);
                credentials
            });
        }
        match self.container().await {
            Err(CredentialsError::CredentialsNotLoaded(_)) => {}
            found => return Ok(found?),
        }
        Ok(self.instance(set.get_profile(&name)).await?)
    }

    async fn walk(
        &self,
        set: &ProfileSet,
        name: &str,
        path: &CredentialPath,
    ) -> Result<Credentials, StepError> {
        // It is said here, before anybody is asked who would not know where it stands.
        if let Some(fault) = path.faults_of_roles().into_iter().next() {
            return Err(StepError::Profile(fault));
        }
        // What lies before a role that was assumed with a code is not needed.
        let coded = path
            .roles
            .iter()
            .rposition(|role| role.mfa_serial.is_some());
        let (mut credentials, rest) = match coded {
            Some(at) => (
                self.with_code(&path.roles[at]).await?,
                &path.roles[at + 1..],
            ),
            None => (self.begin(set, name, path).await?, path.roles.as_slice()),
        };
        for role in rest {
            credentials = self.assume(role, credentials).await?;
        }
        OfAccount::note(path.account(), &mut credentials);
        if let Origin::Elsewhere = Origin::of(&credentials) {
            Origin::Profile(name.to_owned()).note(&mut credentials);
        }
        Ok(credentials)
    }

    /// A role that was assumed with a code. Nobody is asked for one here.
    async fn with_code(&self, role: &Role) -> Result<Credentials, StepError> {
        match RoleSession::kept(&self.source.portal.sign_ins, role).await {
            Some(session) => Ok(session.credentials()),
            None => Err(AccessError::SignIn(SignInFault::CodeNeeded {
                profile: self.source.label.clone(),
                device: role.mfa_serial.clone().unwrap_or_default(),
            })
            .into()),
        }
    }

    pub(super) async fn begin(
        &self,
        set: &ProfileSet,
        name: &str,
        path: &CredentialPath,
    ) -> Result<Credentials, StepError> {
        let of_source = |key| {
            set.get_profile(&path.source_profile)
                .and_then(|profile| value(profile, key))
        };
        let found = match &path.source {
            Source::Keys { .. } => Ok(Credentials::new(
                of_source("aws_access_key_id").unwrap_or_default(),
                of_source("aws_secret_access_key").unwrap_or_default(),
                of_source("aws_session_token").map(str::to_owned),
                None,
                "profile",
            )),
            Source::SsoSession { .. } | Source::SsoPortal { .. } => {
                return match PortalRole::of(set, &path.source)? {
                    Some(role) => Ok(Box::pin(self.source.portal.credentials(&role)).await?),
                    None => Err(nothing().into()),
                };
            }
            Source::Console { .. } => {
                return Err(StepError::Profile(ProfileFault::ConsoleSignIn {
                    profile: path.source_profile.clone(),
                }));
            }
            Source::Process { program, .. } => {
                let command = of_source("credential_process").unwrap_or_default();
                let asked = Box::pin(process::ask(command)).await;
                if let Err(ProcessFault::Ended(ended)) = asked {
                    let program = program.clone();
                    return Err(AccessError::EndedByProcess { program, ended }.into());
                }
                // A shell says so in its own words, and in those of its language.
                if asked.is_err() && profiles::lacks_program(program, &self.source.variables).await
                {
                    let program = program.clone();
                    return Err(StepError::Profile(ProfileFault::ProgramMissing { program }));
                }
                asked.map_err(CredentialsError::provider_error)
            }
            Source::WebIdentity {
                role_arn,
                token_file,
                session_name,
            } => {
                return self
                    .web_identity(token_file, role_arn, session_name.as_deref())
                    .await;
            }
            Source::Environment => {
                let found = environment(&self.source.variables).map_err(StepError::Profile)?;
                found.ok_or_else(|| CredentialsError::not_loaded("the environment holds no keys"))
            }
            Source::Instance => self.instance(set.get_profile(name)).await,
            Source::Container => self.container().await,
        };
        // Not found is what the profile as a whole may be, not what it leads to.
        Ok(found.map_err(CredentialsError::provider_error)?)
    }

    pub(super) async fn assume(
        &self,
        role: &Role,
        credentials: Credentials,
    ) -> Result<Credentials, StepError> {
        let origin = Origin::of(&credentials);
        let identity = aws_sdk_sts::Config::builder().credentials_provider(credentials);
        let answer = aws_sdk_sts::Client::new(&self.config(Service::Sts))
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(session_name(
                role.session_name.as_deref(),
                &self.source.variables,
            ))
            .set_external_id(role.external_id.clone())
            .set_duration_seconds(role.duration_seconds)
            .customize()
            .config_override(identity)
            .send()
            .await
            .map_err(|error| {
                origin.judge(call_error(Call::AssumeRole { role: &role.arn }, error))
            })?;
        Ok(handed_out(answer.credentials)?)
    }

    async fn web_identity(
        &self,
        token_file: &Path,
        role_arn: &str,
        session: Option<&str>,
    ) -> Result<Credentials, StepError> {
        let token = match token_of(token_file).await {
            Ok(token) => token,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = token_file.to_owned();
                return Err(StepError::Profile(ProfileFault::TokenFileMissing { path }));
            }
            Err(error) => return Err(CredentialsError::provider_error(error).into()),
        };
        let answer = aws_sdk_sts::Client::new(&self.config(Service::Sts))
            .assume_role_with_web_identity()
            .role_arn(role_arn)
            .role_session_name(session_name(session, &self.source.variables))
            .web_identity_token(token.trim())
            .send()
            .await
            .map_err(|error| call_error(Call::WebIdentity { role: role_arn }, error))?;
        Ok(handed_out(answer.credentials)?)
    }

    async fn container(&self) -> Result<Credentials, CredentialsError> {
        let provider = EcsCredentialsProvider::builder()
            .configure(&self.provider_config())
            .build();
        Box::pin(provider.provide_credentials()).await
    }

    /// The service's address is the profile's, or the usual one. That of the environment is
    /// heard where no profile was named.
    async fn instance(&self, profile: Option<&Profile>) -> Result<Credentials, CredentialsError> {
        let heard = |name| self.source.heard().get(name);
        let of_profile = |key| profile.and_then(|profile| value(profile, key));
        let mode = heard("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
            .or_else(|| of_profile("ec2_metadata_service_endpoint_mode").map(str::to_owned));
        let usual = match mode {
            Some(mode) if mode.eq_ignore_ascii_case("ipv6") => METADATA_SERVICE_IPV6,
            Some(_) | None => METADATA_SERVICE,
        };
        let endpoint = heard("AWS_EC2_METADATA_SERVICE_ENDPOINT")
            .or_else(|| of_profile("ec2_metadata_service_endpoint").map(str::to_owned))
            .unwrap_or_else(|| usual.to_owned());
        let client = imds::Client::builder()
            .configure(&self.provider_config())
            .endpoint(&endpoint)
            .map_err(CredentialsError::invalid_configuration)?
            .build();
        let provider = ImdsCredentialsProvider::builder()
            .configure(&self.provider_config())
            .imds_client(client)
            .build();
        Box::pin(provider.provide_credentials()).await
    }

    fn provider_config(&self) -> ProviderConfig {
        ProviderConfig::without_region()
            .with_region(Some(self.source.region.clone()))
            .with_retry_config(RetryConfig::disabled())
            .with_timeout_config(self.source.timeouts.clone())
            .with_http_client(self.http.clone())
    }

    fn config(&self, service: Service) -> SdkConfig {
        at(&self.source.shared, &self.source.endpoints, service)
            .into_builder()
            .http_client(self.http.clone())
            .build()
    }
}

/// The keys in the environment (SDKs and Tools Reference Guide, "AWS access keys"). Half a pair is
/// not passed over for the keys of somebody else.
fn environment(variables: &Variables) -> Result<Option<Credentials>, ProfileFault> {
    let id = variables.get("AWS_ACCESS_KEY_ID");
    let secret = variables
        .get("AWS_SECRET_ACCESS_KEY")
        .or_else(|| variables.get("SECRET_ACCESS_KEY"));
    let (id, secret) = match (id, secret) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(half("AWS_ACCESS_KEY_ID")),
        (Some(_), None) => return Err(half("AWS_SECRET_ACCESS_KEY")),
    };
    let token = variables.get("AWS_SESSION_TOKEN");
    let mut keys = Credentials::new(id, secret, token, None, "environment");
    Origin::Environment.note(&mut keys);
    OfAccount::note(variables.get("AWS_ACCOUNT_ID").as_deref(), &mut keys);
    Ok(Some(keys))
}

fn half(missing: &'static str) -> ProfileFault {
    ProfileFault::HalfVariables { missing }
}

/// Reads a web identity's token; one that is longer than any is cut, and refused by AWS.
async fn token_of(file: &Path) -> io::Result<String> {
    let mut token = String::new();
    let file = File::open(file).await?;
    file.take(TOKEN_MOST).read_to_string(&mut token).await?;
    Ok(token)
}

fn handed_out(
    given: Option<aws_sdk_sts::types::Credentials>,
) -> Result<Credentials, CredentialsError> {
    let given = given.ok_or_else(nothing)?;
    Ok(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        SystemTime::try_from(given.expiration).ok(),
        "sts",
    ))
}

fn nothing() -> CredentialsError {
    CredentialsError::provider_error("an answer without credentials")
}
