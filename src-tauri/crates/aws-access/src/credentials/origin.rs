//! Which credentials came from the environment: what is refused of those is never renewed.

use aws_credential_types::Credentials;

use crate::AccessError;

/// Where credentials came from, as far as their errors' meaning depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The variables of this process, which nobody changes while it runs.
    Environment,
    /// A place that may hold others the next time.
    Elsewhere,
}

impl Origin {
    /// Where these came from.
    pub(crate) fn of(credentials: &Credentials) -> Self {
        let noted = credentials.get_property::<Self>();
        noted.copied().unwrap_or(Self::Elsewhere)
    }

    /// Notes it.
    pub(super) fn note(self, credentials: &mut Credentials) {
        credentials.set_property(self);
    }

    /// What the error of a call means that was made with such credentials.
    pub(crate) fn judge(self, error: AccessError) -> AccessError {
        match (self, error) {
            (Self::Environment, AccessError::ExpiredToken(answer)) => {
                AccessError::ExpiredEnvironment(answer)
            }
            (Self::Environment | Self::Elsewhere, error) => error,
        }
    }
}
