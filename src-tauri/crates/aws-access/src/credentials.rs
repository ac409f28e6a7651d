//! Finding credentials, from scratch each time.

use std::borrow::Cow;

use aws_config::imds::client::error::ImdsError;
use aws_config::profile::ProfileSet;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::region::Region;

mod steps;
mod witness;

use crate::answer::is_throttling;
use crate::error::Source;
use crate::network::causes;
use crate::variables::Variables;
use crate::{AccessError, NetworkFault, ResolvedEndpoints, ServiceAnswer, StaticCredentials};
use steps::{Search, StepError};
use witness::{Trouble, Witness};

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
    /// [`AccessError::ConfigFiles`], [`AccessError::CredentialsFailed`] or [`AccessError::Network`].
    /// The kinds of [`NetworkFault`], of [`ServiceAnswer`] and [`AccessError::Throttled`] are
    /// those of whoever hands credentials out.
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
        // The SDK keeps to itself why it could not renew a login and calls it expired, which it
        // is not as long as nobody has been asked.
        match trouble {
            Some(Trouble::Network(fault)) => {
                return AccessError::Network {
                    fault,
                    service: "credentials",
                    source: error.into(),
                };
            }
            Some(Trouble::Service(answer)) if answer.is_transient() => {
                return AccessError::Service(answer);
            }
            Some(Trouble::Service(_)) | None => {}
        }
        if let Some(answer) = throttled(&error) {
            return AccessError::Throttled(answer);
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

/// The answer of an STS that gets too many calls. It says so with the status of a bad request.
fn throttled(error: &CredentialsError) -> Option<ServiceAnswer> {
    let meta = causes(error).find_map(|cause| {
        cause
            .downcast_ref::<AssumeRoleError>()
            .map(ProvideErrorMetadata::meta)
            .or_else(|| {
                cause
                    .downcast_ref::<AssumeRoleWithWebIdentityError>()
                    .map(ProvideErrorMetadata::meta)
            })
    })?;
    meta.code()
        .filter(|code| is_throttling(code))
        .map(|code| ServiceAnswer {
            code: Some(code.to_owned()),
            status: 400,
            message: meta.message().unwrap_or_default().to_owned(),
            request_id: None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_client::{Proxies, http_client};
    use crate::profiles::Profiles;
    use crate::{AccessSettings, Trust};

    async fn source() -> CredentialSource {
        let trust = Trust::load(None).unwrap();
        let region = "eu-central-1";
        let (settings, profiles) = (AccessSettings::default(), Profiles::default());
        let endpoints =
            ResolvedEndpoints::of(region, &settings, &profiles, &Variables::none()).await;
        CredentialSource {
            fixed: None,
            profile: Some("p".to_owned()),
            label: Some("p".to_owned()),
            uses_sso: true,
            region: Region::from_static(region),
            variables: Variables::none(),
            shared: SdkConfig::builder().build(),
            endpoints: endpoints.unwrap(),
            files: EnvConfigFiles::default(),
            http: http_client(&trust, &Proxies::Environment).unwrap(),
            timeouts: TimeoutConfig::builder().build(),
        }
    }

    /// What the SDK says of a login that it could not renew, whatever the reason.
    fn not_renewed() -> CredentialsError {
        CredentialsError::provider_error(TokenError::provider_error("the token has expired"))
    }

    #[tokio::test]
    async fn a_login_that_could_not_be_renewed_for_want_of_an_answer_has_not_expired() {
        let fault = Trouble::Network(NetworkFault::Dns);
        let error = source().await.classify(not_renewed(), Some(fault));
        assert_eq!(error.code(), "network-dns");

        let answer = |status| {
            Trouble::Service(ServiceAnswer {
                code: None,
                status,
                message: String::new(),
                request_id: None,
            })
        };
        let error = source().await.classify(not_renewed(), Some(answer(503)));
        assert_eq!(error.code(), "service-error");
        for trouble in [None, Some(answer(400))] {
            let error = source().await.classify(not_renewed(), trouble);
            assert_eq!(error.code(), "sso-login-expired");
        }
    }
}
