//! What follows from an error.

use super::AccessError;
use crate::KeyringFault;

/// What a program should do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Next {
    /// The same again, after a while.
    Retry,
    /// The service was not reached at all. It can be asked again for as long as that is so, at
    /// no cost, and at once when the network changes.
    AwaitNetwork,
    /// The session is over: start another.
    NewSession,
    /// The target is not connected. It may come back.
    AwaitTarget,
    /// The credentials were refused, but their source may hand out newer ones without a
    /// person: ask again, and if that gives the same, tell the user.
    NewCredentials,
    /// Only a person can renew the credentials.
    SignIn,
    /// Only a person can, and only by starting this program anew: to ask again gives the same for
    /// as long as it runs.
    Restart,
    /// The settings can't be used as they are now; somebody may be about to save them.
    AwaitSettings,
    /// Nothing but a change of settings or permissions helps.
    Stop,
}

impl AccessError {
    /// What a program should do next.
    #[must_use]
    pub fn next(&self) -> Next {
        match self {
            Self::Network { fault, .. } if fault.is_unreachable() => Next::AwaitNetwork,
            Self::Proxy(failure) => failure.next(),
            // Whoever answers in place of AWS does so in this network.
            Self::Stranger { .. } => Next::AwaitNetwork,
            Self::Throttled(_)
            | Self::Network { .. }
            | Self::Unparsable { .. }
            | Self::ClockSkew { .. }
            | Self::SessionLimit(_)
            | Self::CredentialsTimeout { .. } => Next::Retry,
            Self::Service(answer) if answer.is_transient() => Next::Retry,
            Self::SessionOver { .. } => Next::NewSession,
            // A node that is replaced has no name until the next one has come up.
            Self::TargetNotConnected { .. }
            | Self::TargetNotFound { .. }
            | Self::TargetOffline { .. } => Next::AwaitTarget,
            Self::ExpiredToken { .. }
            | Self::EndedByProcess { .. }
            | Self::InvalidCredentials { .. }
            // Another sign-in, or another token, may be given what this one is not.
            | Self::RoleDenied { .. }
            | Self::IdentityToken { .. }
            | Self::PortalRole { .. }
            | Self::CredentialsFailed { .. } => Next::NewCredentials,
            Self::ExpiredEnvironment(_) => Next::Restart,
            Self::SsoLoginExpired { .. }
            | Self::NoCredentials { .. } => Next::SignIn,
            // A file that is being saved may lack a part for a moment.
            Self::ConfigFiles { .. }
            | Self::UnknownProfile { .. }
            // The file may be corrected at any time, and is looked at again.
            | Self::Profile { .. }
            | Self::InvalidRole { .. } => Next::AwaitSettings,
            Self::SignIn(fault) => fault.next(),
            Self::Keyring(fault) => match fault {
                KeyringFault::NotFound { .. } | KeyringFault::Absent | KeyringFault::Locked => {
                    Next::SignIn
                }
                KeyringFault::Failed { .. } => Next::NewCredentials,
                KeyringFault::Foreign { .. } | KeyringFault::BadName => Next::Stop,
            },
            Self::Service(_)
            | Self::RegionMissing { .. }
            | Self::InvalidRegion { .. }
            | Self::InvalidEndpoint { .. }
            | Self::InvalidProxy { .. }
            | Self::CaBundle { .. }
            | Self::TlsSetup { .. }
            | Self::AccessDenied { .. }
            | Self::NotEnabled(_)
            | Self::InvalidDocument { .. }
            | Self::InvalidRequest(_)
            | Self::KmsKey { .. }
            | Self::Unsendable { .. } => Next::Stop,
        }
    }
}
