//! Finding credentials, from scratch each time.

use std::borrow::Cow;
use std::time::Duration;

use aws_config::imds::client::error::ImdsError;
use aws_config::profile::ProfileSet;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::region::Region;
use tokio::time::timeout;

mod origin;
mod process;
mod session_name;
mod steps;
mod witness;

use crate::answer::unreached;
use crate::keyring::Keyring;
use crate::network::causes;
use crate::profiles::{CredentialPath, ProfileFault, Role, Source, path};
use crate::sso::Portal;
use crate::variables::Variables;
use crate::{
    AccessError, Callee, NetworkFault, ProxyFailure, ResolvedEndpoints, StaticCredentials,
};
pub(crate) use origin::Origin;
pub(crate) use process::ProcessFault;
use steps::{Search, StepError};
use witness::{Trouble, Witness};

/// Where credentials come from.
#[derive(Debug)]
pub(crate) struct CredentialSource {
    /// Known ones; nothing else is asked when there are.
    pub(crate) fixed: Option<StaticCredentials>,
    /// The name of keys in the keyring; nothing else is asked when there is one.
    pub(crate) keys: Option<String>,
    /// Where those keys lie.
    pub(crate) keyring: Keyring,
    /// The profile that the settings name. The one in `AWS_PROFILE` is the chain's business.
    pub(crate) profile: Option<String>,
    /// The profile's name for people, from settings or environment.
    pub(crate) label: Option<String>,
    /// The region of the calls.
    pub(crate) region: Region,
    /// The environment: what a profile asks for, and the default chain.
    pub(crate) variables: Variables,
    /// What the clients of those who hand credentials out have in common.
    pub(crate) shared: SdkConfig,
    /// Where those are asked.
    pub(crate) endpoints: ResolvedEndpoints,
    /// The config files.
    pub(crate) files: EnvConfigFiles,
    /// For STS, IAM Identity Center, and the metadata services.
    pub(crate) http: SharedHttpClient,
    /// How long connecting to those may take.
    pub(crate) timeouts: TimeoutConfig,
    /// For logins, and for roles that want a code.
    pub(crate) portal: Portal,
}

impl CredentialSource {
    /// Asks for credentials.
    ///
    /// The providers are made anew each time: those of the SDK parse the config files once
    /// and keep a login's token, so credentials that another program has renewed would never
    /// be seen.
    ///
    /// # Errors
    /// [`AccessError::NoCredentials`], [`AccessError::Profile`], [`AccessError::SsoLoginExpired`],
    /// [`AccessError::ConfigFiles`], [`AccessError::CredentialsFailed`] or [`AccessError::Network`];
    /// of STS and IAM Identity Center also those of a call.
    pub(crate) async fn resolve(&self) -> Result<Credentials, AccessError> {
        if let Some(fixed) = &self.fixed {
            return Ok(credentials(fixed, "settings"));
        }
        if let Some(name) = &self.keys {
            return Ok(credentials(&self.keyring.keys(name).await?, "keyring"));
        }
        let witness = Witness::of(self.http.clone());
        match &self.profile {
            Some(profile) => self.of_profile(profile, witness.client()).await,
            None => self.of_chain(witness.client()).await,
        }
        .map_err(|error| self.classify(error, witness.trouble()))
    }

    /// A profile that was named outright is not overruled by keys in the environment.
    async fn of_profile(
        &self,
        profile: &str,
        http: SharedHttpClient,
    ) -> Result<Credentials, StepError> {
        Box::pin(Search::new(self, http).of_profile(profile)).await
    }

    async fn of_chain(&self, http: SharedHttpClient) -> Result<Credentials, StepError> {
        Box::pin(Search::new(self, http).of_chain()).await
    }

    /// The way to the credentials of the profile that is used, and the files that it is in;
    /// `None` where no profile gives them.
    ///
    /// # Errors
    /// [`AccessError::Profile`] for a profile that cannot be used, [`AccessError::ConfigFiles`].
    pub(crate) async fn way(&self) -> Result<Option<(ProfileSet, CredentialPath)>, AccessError> {
        if self.fixed.is_some()
            || self.keys.is_some()
            || self.heard().get("AWS_ACCESS_KEY_ID").is_some()
        {
            return Ok(None);
        }
        let set = self.profile_set(self.profile.as_deref()).await;
        let set = set.map_err(|source| AccessError::ConfigFiles {
            source: source.into(),
            because: None,
        })?;
        let name = set.selected_profile().to_owned();
        match path::of_profile(&set, &name) {
            Ok(path) => Ok(Some((set, path))),
            Err(ProfileFault::NoCredentials { .. }) => Ok(None),
            Err(ProfileFault::SourceMissing { source }) if source == name => Ok(None),
            Err(fault) => Err(AccessError::Profile {
                profile: self.label.clone(),
                fault,
            }),
        }
    }

    /// The credentials that a way begins with, within the time of one call.
    pub(crate) async fn beginning(
        &self,
        set: &ProfileSet,
        path: &CredentialPath,
    ) -> Result<Credentials, AccessError> {
        let witness = Witness::of(self.http.clone());
        let search = Search::new(self, witness.client());
        let name = set.selected_profile();
        let found = self.timed(search.begin(set, name, path)).await?;
        found.map_err(|error| self.classify(error, witness.trouble()))
    }

    /// The credentials of a role, got with others, within the time of one call. Asks for no code.
    pub(crate) async fn assume(
        &self,
        role: &Role,
        with: Credentials,
    ) -> Result<Credentials, AccessError> {
        let witness = Witness::of(self.http.clone());
        let search = Search::new(self, witness.client());
        let found = self.timed(search.assume(role, with)).await?;
        found.map_err(|error| self.classify(error, witness.trouble()))
    }

    /// Gives a step the time of one call.
    pub(crate) async fn timed<T>(&self, step: impl Future<Output = T>) -> Result<T, AccessError> {
        let after = self.portal.issuers.api_timeout();
        match timeout(after, Box::pin(step)).await {
            Ok(outcome) => Ok(outcome),
            Err(_) => Err(self.overdue(after).await),
        }
    }

    /// What it means that no credentials came in time, with what is known of who should have given
    /// them.
    pub(crate) async fn overdue(&self, after: Duration) -> AccessError {
        let program = match self.way().await {
            Ok(Some((_, path))) => match path.source {
                Source::Process { program, .. } => Some(program),
                Source::Keys { .. }
                | Source::SsoSession { .. }
                | Source::SsoPortal { .. }
                | Source::Console { .. }
                | Source::WebIdentity { .. }
                | Source::Environment
                | Source::Instance
                | Source::Container => None,
            },
            Ok(None) | Err(_) => None,
        };
        AccessError::CredentialsTimeout {
            profile: self.label.clone(),
            program,
            after,
        }
    }

    /// Reads the config files, with the profile selected that is asked for, or the one that the
    /// environment names.
    async fn profile_set(&self, name: Option<&str>) -> Result<ProfileSet, CredentialsError> {
        let named = name
            .map(str::to_owned)
            .or_else(|| self.heard().get("AWS_PROFILE"))
            .map_or(Cow::Borrowed("default"), Cow::Owned);
        aws_config::profile::load(&Fs::real(), &Env::real(), &self.files, Some(named))
            .await
            .map_err(CredentialsError::invalid_configuration)
    }

    /// The variables that may say where credentials come from.
    fn heard(&self) -> Variables {
        match self.profile {
            Some(_) => Variables::none(),
            None => self.variables.clone(),
        }
    }

    fn classify(&self, error: impl Into<StepError>, trouble: Option<Trouble>) -> AccessError {
        let error = match error.into() {
            StepError::Sdk(error) => error,
            StepError::Access(error) => return *error,
            StepError::Profile(fault) => {
                let profile = self.label.clone();
                return AccessError::Profile { profile, fault };
            }
        };
        if matches!(error, CredentialsError::CredentialsNotLoaded(_))
            || self.came_to_its_end(&error)
        {
            return AccessError::NoCredentials {
                profile: self.label.clone(),
                source: error.into(),
            };
        }
        // Read anew at each call: it may be half saved.
        if matches!(error, CredentialsError::InvalidConfiguration(_)) {
            return AccessError::ConfigFiles {
                source: error.into(),
                because: None,
            };
        }
        if NetworkFault::of(&error).is_some() || ProxyFailure::of(&error).is_some() {
            return unreached(Callee::Credentials, error.into(), NetworkFault::Broken);
        }
        // Some of the SDK's providers keep to themselves why they failed.
        match trouble {
            Some(Trouble::Network { fault, at, proxy }) => {
                return AccessError::Network {
                    fault,
                    callee: Callee::Credentials,
                    at,
                    proxy,
                    doubt: None,
                    source: error.into(),
                };
            }
            Some(Trouble::Proxy(failure)) => return AccessError::Proxy(failure),
            Some(Trouble::Service(answer)) if answer.is_transient() => {
                return AccessError::Service(answer);
            }
            Some(Trouble::Service(_)) | None => {}
        }
        AccessError::CredentialsFailed {
            profile: self.label.clone(),
            source: error.into(),
        }
    }

    /// Whether the chain found nothing: the instance's metadata service is the last that it
    /// asks, and in a container on somebody else's instance that service says no.
    fn came_to_its_end(&self, error: &CredentialsError) -> bool {
        self.profile.is_none() && causes(error).any(|cause| cause.is::<ImdsError>())
    }
}

fn credentials(known: &StaticCredentials, origin: &'static str) -> Credentials {
    let token = known.session_token.as_ref();
    Credentials::new(
        known.access_key_id.clone(),
        known.secret_access_key.expose(),
        token.map(|token| token.expose().to_owned()),
        None,
        origin,
    )
}
