//! What errors come from.

use super::{AccessError, Source};
use crate::way::Answered;
use crate::{KeyringFault, ProxyFailure, ServiceAnswer, SignInFault};

/// What an error comes from: what its details show.
pub(super) enum Cause<'a> {
    /// Somebody else's error.
    Error(&'a Source),
    /// The service's answer.
    Answer(&'a ServiceAnswer),
    SignIn(&'a SignInFault),
    Keyring(&'a KeyringFault),
    Proxy(&'a ProxyFailure),
    /// Somebody else's answer.
    Stranger(&'a Answered),
    /// A text, and the HTTP status with which it came.
    Text {
        status: Option<u16>,
        text: &'a str,
    },
    /// Nothing but what the error says itself.
    None,
}

impl AccessError {
    pub(super) fn cause(&self) -> Cause<'_> {
        match self {
            Self::ConfigFiles { source, .. }
            | Self::CaBundle { source, .. }
            | Self::TlsSetup { source }
            | Self::NoCredentials { source, .. }
            | Self::CredentialsFailed { source, .. }
            | Self::SsoLoginExpired { source, .. }
            | Self::Network { source, .. }
            | Self::Unsendable { source } => Cause::Error(source),
            Self::SignIn(fault) => Cause::SignIn(fault),
            Self::Keyring(fault) => Cause::Keyring(fault),
            Self::Proxy(failure) => Cause::Proxy(failure),
            Self::ExpiredToken { answer, .. }
            | Self::ExpiredEnvironment(answer)
            | Self::InvalidCredentials { answer, .. }
            | Self::ClockSkew { answer, .. }
            | Self::AccessDenied { answer, .. }
            | Self::RoleDenied { answer, .. }
            | Self::InvalidRole { answer, .. }
            | Self::IdentityToken { answer, .. }
            | Self::PortalRole { answer, .. }
            | Self::NotEnabled(answer)
            | Self::TargetNotConnected { answer, .. }
            | Self::InvalidDocument { answer, .. }
            | Self::InvalidRequest(answer)
            | Self::Throttled(answer)
            | Self::SessionLimit(answer)
            | Self::KmsKey { answer, .. }
            | Self::Service(answer)
            | Self::SessionOver {
                answer: Some(answer),
                ..
            } => Cause::Answer(answer),
            Self::Stranger { answered, .. } => Cause::Stranger(answered),
            Self::Unparsable { status, excerpt } => Cause::Text {
                status: *status,
                text: excerpt,
            },
            Self::TargetNotFound { unseen, .. } => Cause::Text {
                status: None,
                text: unseen,
            },
            Self::UnknownProfile { .. }
            | Self::Profile { .. }
            | Self::RegionMissing { .. }
            | Self::InvalidRegion { .. }
            | Self::InvalidEndpoint { .. }
            | Self::InvalidProxy { .. }
            | Self::CredentialsTimeout { .. }
            | Self::EndedByProcess { .. }
            | Self::TargetOffline { .. }
            | Self::SessionOver { answer: None, .. } => Cause::None,
        }
    }
}
