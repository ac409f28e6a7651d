mod cause;
mod facts;
mod next;
mod words;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::way::Answered;
use crate::{
    Callee, CertificateName, Denial, FileFault, KeyringFault, NetworkFault, ProfileFault,
    ProfileList, ProxyFailure, ProxySetting, ServiceAnswer, Severity, SignInFault,
};

use crate::toward::Toward;

use cause::Cause;
pub use next::Next;

/// A cause that is kept.
pub(crate) type Source = Box<dyn Error + Send + Sync>;

/// Why access to AWS failed.
///
/// For people: [`what`](Self::what), [`remedy`](Self::remedy) and [`details`](Self::details).
/// For programs: [`code`](Self::code) and [`next`](Self::next). None of them holds a secret.
#[derive(Debug)]
pub enum AccessError {
    /// The named profile is in no AWS config file.
    UnknownProfile {
        /// The name asked for.
        profile: String,
        /// The names there are, sorted.
        known: Vec<String>,
        /// Whether it was `AWS_PROFILE` that asked for it.
        by_environment: bool,
        /// What is wrong with the files that may be why.
        because: Option<Box<FileFault>>,
    },
    /// The AWS config files cannot be read or parsed.
    ConfigFiles {
        /// What is wrong with them.
        source: Source,
        /// The same, found by reading them line by line.
        because: Option<Box<FileFault>>,
    },
    /// The profile can't be used as it is written.
    Profile {
        /// The profile that was looked into; `None` for the default one.
        profile: Option<String>,
        /// What is wrong with it, or with one that it leads to.
        fault: ProfileFault,
    },
    /// Neither the settings nor the environment nor the profile names a region.
    RegionMissing {
        /// The profile that was looked into.
        profile: Option<String>,
        /// What else keeps the profile from being used.
        besides: Option<Box<ProfileFault>>,
    },
    /// The region cannot be one: it becomes part of a host's name.
    InvalidRegion {
        /// The region asked for.
        region: String,
    },
    /// The endpoint override is no http or https URL.
    InvalidEndpoint {
        /// The URL asked for.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address of a proxy, with a user, is none.
    InvalidProxy {
        /// What was given, without a password.
        proxy: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The custom CA bundle cannot be used.
    CaBundle {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong with it.
        source: Source,
    },
    /// The TLS library cannot be set up; a fault of this program.
    TlsSetup {
        /// What it says.
        source: Source,
    },
    /// No place holds credentials.
    NoCredentials {
        /// The profile that was looked into; `None` for the default chain.
        profile: Option<String>,
        /// What the SDK says.
        source: Source,
    },
    /// There is a source of credentials, but it failed: a credential process that exits with
    /// an error, a role that cannot be assumed.
    CredentialsFailed {
        /// The profile that was looked into; `None` for the default chain.
        profile: Option<String>,
        /// What the SDK says.
        source: Source,
    },
    /// The source of credentials took too long.
    CredentialsTimeout {
        /// The profile that was looked into; `None` for the default chain.
        profile: Option<String>,
        /// The program that they begin with, without its arguments, if one gives them.
        program: Option<String>,
        /// The limit.
        after: Duration,
    },
    /// The IAM Identity Center login is missing or has expired.
    SsoLoginExpired {
        /// The profile to log in with; `None` for the default one.
        profile: Option<String>,
        /// Whether there is none that could have expired: nobody has signed in, or somebody has signed out.
        never: bool,
        /// What the SDK says.
        source: Source,
    },
    /// The service says that the credentials have expired.
    ExpiredToken {
        /// The profile that they came from, where one did.
        profile: Option<String>,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// The same of credentials that came from this program's environment, which never changes
    /// while it runs.
    ExpiredEnvironment(ServiceAnswer),
    /// A `credential_process` gave credentials that had ended more than a day before, by this
    /// computer's clock.
    EndedByProcess {
        /// The program.
        program: String,
        /// When they ended.
        ended: SystemTime,
    },
    /// The service knows no such credentials, or their signature is wrong.
    InvalidCredentials {
        /// The profile that they came from, where one did.
        profile: Option<String>,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// The service refuses the signature because this computer's clock is wrong.
    ClockSkew {
        /// How far the clock is ahead (behind, if negative), in seconds, when known.
        seconds: Option<i64>,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// The credentials are good, but a policy does not allow the action.
    AccessDenied {
        /// The IAM action, such as `ssm:StartSession`.
        action: &'static str,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// The role may not be assumed: by its own policy of trust, or by those of whoever asks.
    RoleDenied {
        /// `sts:AssumeRole` or `sts:AssumeRoleWithWebIdentity`.
        action: &'static str,
        /// The role's ARN.
        role: String,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// STS finds fault with what the profile says of the role.
    InvalidRole {
        /// The role's ARN.
        role: String,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// STS does not take the token of another identity provider.
    IdentityToken {
        /// The ARN of the role that was to be got for it.
        role: String,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// The login of IAM Identity Center is good, and does not give this role.
    PortalRole {
        /// The role and its account: `reader of the account 111111111111`.
        role: String,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// The account does not have this service, or not in this region.
    NotEnabled(ServiceAnswer),
    /// The target's agent is not connected to the service.
    TargetNotConnected {
        /// The target asked for.
        target: String,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// No node has the name or the tag that is looked for.
    TargetNotFound {
        /// What it was looked for by, such as `the name bastion`.
        asked: String,
        /// Why not everything could be looked at; empty if it could.
        unseen: String,
    },
    /// Nodes have the name or the tag, but none of them is connected.
    TargetOffline {
        /// What they were looked for by.
        asked: String,
        /// How many there are.
        fitting: usize,
        /// How many of them were looked at.
        seen: usize,
    },
    /// There is no such session document, or it is not for sessions.
    InvalidDocument {
        /// The document asked for.
        document: String,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// The service finds fault with the request's values.
    InvalidRequest(ServiceAnswer),
    /// Too many calls.
    Throttled(ServiceAnswer),
    /// The account has as many sessions as it may.
    SessionLimit(ServiceAnswer),
    /// The session has been terminated, or has timed out.
    SessionOver {
        /// The session asked for.
        session_id: String,
        /// The service's answer; `None` when it answered with an empty token.
        answer: Option<ServiceAnswer>,
    },
    /// The KMS key of the session cannot be used.
    KmsKey {
        /// The key asked for.
        key_id: String,
        /// The service's answer.
        answer: ServiceAnswer,
    },
    /// The service was not reached.
    Network {
        /// What kept the request from reaching it.
        fault: NetworkFault,
        /// Who was called.
        callee: Callee,
        /// At which host, as far as is known, and who signed its certificate.
        at: Option<Box<CalledHost>>,
        /// The proxy on the way, if there is one.
        proxy: Option<Box<ProxySetting>>,
        /// That nobody knows the region, where a name has no address: which may be why.
        doubt: Option<Box<ProfileFault>>,
        /// The causes.
        source: Source,
    },
    /// There was no way to the service through the proxy.
    Proxy(Box<ProxyFailure>),
    /// The service reports an error of another kind.
    Service(ServiceAnswer),
    /// The answer is not AWS's: a web page from a captive portal, say.
    Stranger {
        /// The service, or the host, in place of which it came.
        whom: String,
        /// The answer.
        answered: Box<Answered>,
    },
    /// The answer is the service's, and not as documented.
    Unparsable {
        /// HTTP status, when there was one.
        status: Option<u16>,
        /// Its first characters.
        excerpt: String,
    },
    /// A request that could not even be made.
    Unsendable {
        /// What the SDK says.
        source: Source,
    },
    /// A sign-in did not succeed, or one is needed.
    SignIn(SignInFault),
    /// The keyring does not give what is wanted of it.
    Keyring(KeyringFault),
}

/// The host that a call was to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledHost {
    /// Its name or address.
    pub host: String,
    /// Who signed the certificate that it showed, where that is not good.
    pub signer: Option<CertificateName>,
}

impl CalledHost {
    /// Tells it from the causes of an error.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let (host, signer) = Toward::of(error)?;
        Some(Self {
            host: host.to_owned(),
            signer: signer.cloned(),
        })
    }
}

impl AccessError {
    /// The same with what may be wrong with the region, where that may be why a name has no address.
    pub(crate) fn with_doubt(mut self, region: Option<ProfileFault>) -> Self {
        if let Self::Network {
            fault: NetworkFault::Dns,
            doubt,
            ..
        } = &mut self
        {
            *doubt = region.map(Box::new);
        }
        self
    }

    /// The code of [`Self::ExpiredEnvironment`]: while the program runs, no look at the
    /// credentials finds others.
    pub const EXPIRED_ENVIRONMENT: &'static str = "expired-environment";

    /// The same with what is wrong with the files, where that may be why, or would be told next.
    pub(crate) async fn with_file_fault(self) -> Self {
        if let Self::UnknownProfile {
            profile,
            known,
            by_environment,
            because: None,
        } = self
        {
            let faults = ProfileList::read().await.faults;
            return Self::UnknownProfile {
                because: FileFault::that_hides(&faults, &profile)
                    .cloned()
                    .map(Box::new),
                profile,
                known,
                by_environment,
            };
        }
        if let Self::RegionMissing {
            profile,
            besides: None,
        } = self
        {
            let list = ProfileList::read().await;
            let info = list.get(profile.as_deref().unwrap_or("default"));
            let mut faults = info.into_iter().flat_map(|info| &info.faults);
            let broken = faults.find(|fault| fault.severity() == Severity::Broken);
            return Self::RegionMissing {
                besides: broken.cloned().map(Box::new),
                profile,
            };
        }
        if let Self::ConfigFiles {
            source,
            because: None,
        } = self
        {
            let faults = ProfileList::read().await.faults;
            return Self::ConfigFiles {
                because: faults
                    .into_iter()
                    .find(FileFault::stops_the_sdk)
                    .map(Box::new),
                source,
            };
        }
        self
    }

    /// The error's stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownProfile { .. } => "unknown-profile",
            Self::ConfigFiles { .. } => "invalid-config-files",
            Self::Profile { fault, .. } => fault.code(),
            Self::RegionMissing { .. } => "region-missing",
            Self::InvalidRegion { .. } => "invalid-region",
            Self::InvalidEndpoint { .. } => "invalid-endpoint",
            Self::InvalidProxy { .. } => "invalid-proxy",
            Self::CaBundle { .. } => "invalid-ca-bundle",
            Self::TlsSetup { .. } => "tls-setup",
            Self::NoCredentials { .. } => "no-credentials",
            Self::CredentialsFailed { .. } => "credentials-failed",
            Self::CredentialsTimeout { .. } => "credentials-timeout",
            Self::SsoLoginExpired { .. } => "sso-login-expired",
            Self::ExpiredToken { .. } | Self::EndedByProcess { .. } => "expired-token",
            Self::ExpiredEnvironment(_) => Self::EXPIRED_ENVIRONMENT,
            Self::InvalidCredentials { .. } => "invalid-credentials",
            Self::ClockSkew { .. } => "clock-skew",
            Self::AccessDenied { .. } | Self::RoleDenied { .. } => "access-denied",
            Self::InvalidRole { .. } => "invalid-role",
            Self::IdentityToken { .. } => "identity-token-refused",
            Self::PortalRole { .. } => "sso-role-unavailable",
            Self::NotEnabled(_) => "not-enabled",
            Self::TargetNotConnected { .. } => "target-not-connected",
            Self::TargetNotFound { .. } => "target-not-found",
            Self::TargetOffline { .. } => "target-offline",
            Self::InvalidDocument { .. } => "invalid-document",
            Self::InvalidRequest(_) => "invalid-request",
            Self::Throttled(_) => "throttled",
            Self::SessionLimit(_) => "session-limit",
            Self::SessionOver { .. } => "session-over",
            Self::KmsKey { .. } => "kms-key-unusable",
            Self::Network { fault, .. } => fault.code(),
            Self::Proxy(failure) => failure.code(),
            Self::Service(_) => "service-error",
            Self::Stranger { .. } => "captive-portal",
            Self::Unparsable { .. } => "unparsable-answer",
            Self::Unsendable { .. } => "unsendable-request",
            Self::SignIn(fault) => fault.code(),
            Self::Keyring(fault) => fault.code(),
        }
    }

    /// What a denial says of itself: which action on what, and why; `None` for other errors.
    #[must_use]
    pub fn denial(&self) -> Option<Denial> {
        match self {
            Self::AccessDenied { action, answer } => Some(Denial::of(action, answer)),
            Self::RoleDenied {
                action,
                role,
                answer,
            } => {
                let denial = Denial::of(action, answer);
                Some(Denial {
                    resource: denial.resource.or_else(|| Some(role.clone())),
                    ..denial
                })
            }
            Self::UnknownProfile { .. }
            | Self::ConfigFiles { .. }
            | Self::Profile { .. }
            | Self::RegionMissing { .. }
            | Self::InvalidRegion { .. }
            | Self::InvalidEndpoint { .. }
            | Self::InvalidProxy { .. }
            | Self::CaBundle { .. }
            | Self::TlsSetup { .. }
            | Self::NoCredentials { .. }
            | Self::CredentialsFailed { .. }
            | Self::CredentialsTimeout { .. }
            | Self::SsoLoginExpired { .. }
            | Self::ExpiredToken { .. }
            | Self::ExpiredEnvironment(_)
            | Self::EndedByProcess { .. }
            | Self::InvalidCredentials { .. }
            | Self::ClockSkew { .. }
            | Self::InvalidRole { .. }
            | Self::IdentityToken { .. }
            | Self::PortalRole { .. }
            | Self::NotEnabled(_)
            | Self::TargetNotConnected { .. }
            | Self::TargetNotFound { .. }
            | Self::TargetOffline { .. }
            | Self::InvalidDocument { .. }
            | Self::InvalidRequest(_)
            | Self::Throttled(_)
            | Self::SessionLimit(_)
            | Self::SessionOver { .. }
            | Self::KmsKey { .. }
            | Self::Network { .. }
            | Self::Proxy(_)
            | Self::Service(_)
            | Self::Stranger { .. }
            | Self::Unparsable { .. }
            | Self::Unsendable { .. }
            | Self::SignIn(_)
            | Self::Keyring(_) => None,
        }
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())
    }
}

impl Error for AccessError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.cause() {
            Cause::Error(source) => Some(source.as_ref()),
            Cause::Answer(answer) => Some(answer),
            Cause::SignIn(fault) => fault.source(),
            Cause::Keyring(fault) => Some(fault),
            Cause::Proxy(failure) => Some(failure),
            Cause::Stranger(_) | Cause::Text { .. } | Cause::None => None,
        }
    }
}

impl From<KeyringFault> for AccessError {
    fn from(fault: KeyringFault) -> Self {
        Self::Keyring(fault)
    }
}
