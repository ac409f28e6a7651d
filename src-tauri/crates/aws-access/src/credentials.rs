//! Finding credentials, from scratch each time.

use aws_config::ConfigLoader;
use aws_config::imds::client::error::ImdsError;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::Region;

use crate::error::Source;
use crate::network::causes;
use crate::{AccessError, NetworkFault, StaticCredentials};

/// Where credentials come from.
#[derive(Debug)]
pub(crate) struct CredentialSource {
    /// Known ones; nothing else is asked when there are.
    pub(crate) fixed: Option<StaticCredentials>,
    /// The profile that the settings name. The one in `AWS_PROFILE` is the chain's business.
    pub(crate) profile: Option<String>,
    /// The profile's name for people, from settings or environment.
    pub(crate) label: Option<String>,
    /// Whether that profile logs in by IAM Identity Center.
    pub(crate) uses_sso: bool,
    /// Region for whoever hands credentials out and has none of their own.
    pub(crate) region: Region,
    /// The config files.
    pub(crate) files: EnvConfigFiles,
    /// For STS, IAM Identity Center, and the metadata services.
    pub(crate) http: SharedHttpClient,
}

impl CredentialSource {
    /// Asks for credentials.
    ///
    /// The providers are made anew each time: those of the SDK parse the config files once
    /// and keep a login's token, so credentials that another program has renewed would never
    /// be seen.
    ///
    /// # Errors
    /// [`AccessError::NoCredentials`], [`AccessError::SsoLoginExpired`],
    /// [`AccessError::CredentialsFailed`] or [`AccessError::Network`].
    pub(crate) async fn resolve(&self) -> Result<Credentials, AccessError> {
        if let Some(fixed) = &self.fixed {
            return Ok(Credentials::new(
                fixed.access_key_id.clone(),
                fixed.secret_access_key.expose(),
                fixed
                    .session_token
                    .as_ref()
                    .map(|token| token.expose().to_owned()),
                None,
                "settings",
            ));
        }
        match &self.profile {
            Some(profile) => self.of_profile(profile).await,
            None => self.of_chain().await,
        }
        .map_err(|error| self.classify(error))
    }

    /// A profile that was named outright is not overruled by keys in the environment.
    async fn of_profile(&self, profile: &str) -> Result<Credentials, CredentialsError> {
        let config = ProviderConfig::without_region()
            .with_region(Some(self.region.clone()))
            .with_http_client(self.http.clone());
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(&config)
            .profile_files(self.files.clone())
            .profile_name(profile)
            .build();
        Box::pin(provider.provide_credentials()).await
    }

    async fn of_chain(&self) -> Result<Credentials, CredentialsError> {
        let loader: ConfigLoader = aws_config::from_env()
            .http_client(self.http.clone())
            .profile_files(self.files.clone())
            .region(self.region.clone());
        let config = Box::pin(loader.load()).await;
        match config.credentials_provider() {
            Some(provider) => Box::pin(provider.provide_credentials()).await,
            None => Err(CredentialsError::not_loaded_no_source()),
        }
    }

    fn classify(&self, error: CredentialsError) -> AccessError {
        if matches!(error, CredentialsError::CredentialsNotLoaded(_))
            || self.came_to_its_end(&error)
        {
            return AccessError::NoCredentials {
                profile: self.label.clone(),
                source: error.into(),
            };
        }
        if let Some(fault) = NetworkFault::of(&error) {
            let source: Source = error.into();
            return AccessError::Network {
                fault,
                service: "credentials",
                source,
            };
        }
        if self.login_expired(&error) {
            return AccessError::SsoLoginExpired {
                profile: self.label.clone(),
                source: error.into(),
            };
        }
        AccessError::CredentialsFailed {
            source: error.into(),
        }
    }

    /// Whether the chain found nothing: the instance's metadata service is the last that it
    /// asks, and in a container on somebody else's instance that service says no.
    fn came_to_its_end(&self, error: &CredentialsError) -> bool {
        self.profile.is_none() && causes(error).any(|cause| cause.is::<ImdsError>())
    }

    fn login_expired(&self, error: &CredentialsError) -> bool {
        let mut answered = false;
        for cause in causes(error) {
            // Only a login's token comes from a token provider.
            if cause.is::<TokenError>() {
                return true;
            }
            if let Some(refusal) = cause.downcast_ref::<GetRoleCredentialsError>() {
                return refusal.is_unauthorized_exception();
            }
            answered |= cause
                .downcast_ref::<AssumeRoleError>()
                .is_some_and(|e| e.code().is_some())
                || cause
                    .downcast_ref::<AssumeRoleWithWebIdentityError>()
                    .is_some();
        }
        // The older form of login has no type of its own for a token that is missing or
        // unreadable; what is left of such a profile's failures is that.
        self.uses_sso && !answered && matches!(error, CredentialsError::ProviderError(_))
    }
}
