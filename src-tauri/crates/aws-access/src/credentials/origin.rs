//! Which credentials came from the environment: what is refused of those is never renewed.

use aws_credential_types::Credentials;

use crate::AccessError;

/// Where credentials came from, as far as their errors' meaning depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The variables of this process, which nobody changes while it runs.
    Environment,
    /// This profile, which may give others the next time.
    Profile(String),
    /// Another place that may hold others the next time.
    Elsewhere,
}

impl Origin {
    /// Where these came from.
    pub(crate) fn of(credentials: &Credentials) -> Self {
        let noted = credentials.get_property::<Self>();
        noted.cloned().unwrap_or(Self::Elsewhere)
    }

    /// Notes it.
    pub(super) fn note(self, credentials: &mut Credentials) {
        credentials.set_property(self);
    }

    /// What the error of a call means that was made with such credentials.
    pub(crate) fn judge(self, error: AccessError) -> AccessError {
        match (self, error) {
            (Self::Environment, AccessError::ExpiredToken { answer, .. }) => {
                AccessError::ExpiredEnvironment(answer)
            }
            (Self::Profile(profile), AccessError::ExpiredToken { answer, .. }) => {
                let profile = Some(profile);
                AccessError::ExpiredToken { profile, answer }
            }
            (Self::Profile(profile), AccessError::InvalidCredentials { answer, .. }) => {
                let profile = Some(profile);
                AccessError::InvalidCredentials { profile, answer }
            }
            (Self::Environment | Self::Profile(_) | Self::Elsewhere, error) => error,
        }
    }
}
