//! What goes wrong with signing in.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::{Next, ServiceAnswer};

/// Why a sign-in did not succeed, or which one is needed.
#[derive(Debug)]
pub enum SignInFault {
    /// Whoever was asked in the browser said no.
    Denied,
    /// Nobody answered in the browser as long as the question was good.
    TimedOut,
    /// The service refuses to sign anybody in this way; its answer says why.
    Refused(ServiceAnswer),
    /// A role wants an MFA code, and none was given within its duration.
    CodeNeeded {
        /// The profile to sign in with; `None` for the default one.
        profile: Option<String>,
        /// The device: a serial number or an ARN.
        device: String,
    },
    /// AWS does not accept the MFA code, or the role with it.
    CodeRefused(ServiceAnswer),
    /// No MFA code was given when it was asked for.
    NoCode,
    /// The sign-in is good for as long as this process lives, but could not be written down.
    NotKept {
        /// Where to.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SignInFault {
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Denied => "sign-in-denied",
            Self::TimedOut => "sign-in-timed-out",
            Self::Refused(_) => "sign-in-refused",
            Self::CodeNeeded { .. } => "mfa-code-needed",
            Self::CodeRefused(_) => "mfa-code-refused",
            Self::NoCode => "no-mfa-code",
            Self::NotKept { .. } => "sign-in-not-kept",
        }
    }

    pub(crate) const fn next(&self) -> Next {
        match self {
            Self::CodeNeeded { .. } => Next::SignIn,
            Self::Denied
            | Self::TimedOut
            | Self::Refused(_)
            | Self::CodeRefused(_)
            | Self::NoCode
            | Self::NotKept { .. } => Next::Stop,
        }
    }

    pub(crate) fn what(&self) -> String {
        match self {
            Self::Denied => "The sign-in was denied in the browser.".into(),
            Self::TimedOut => "Nobody signed in in time.".into(),
            Self::Refused(_) => "IAM Identity Center refuses the sign-in.".into(),
            Self::CodeNeeded {
                profile: Some(profile),
                device,
            } => format!("Profile {profile} needs a code from the MFA device {device}."),
            Self::CodeNeeded {
                profile: None,
                device,
            } => format!("A code from the MFA device {device} is needed."),
            Self::CodeRefused(_) => "AWS does not accept the MFA code for this role.".into(),
            Self::NoCode => "No MFA code was given.".into(),
            Self::NotKept { path, .. } => {
                format!("The sign-in could not be written to {}.", path.display())
            }
        }
    }

    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::Denied | Self::TimedOut | Self::NoCode => "Sign in again.".into(),
            Self::Refused(_) => {
                "Check sso_start_url, sso_region and sso_registration_scopes in the AWS config file."
                    .into()
            }
            Self::CodeNeeded { profile, .. } => run_sign_in(profile.as_deref()),
            Self::CodeRefused(_) => {
                "Wait for the device's next code, and check mfa_serial and role_arn of the profile."
                    .into()
            }
            Self::NotKept { .. } => "Check who may write there, and that the disk has room.".into(),
        }
    }

    pub(crate) fn details(&self) -> String {
        match self {
            Self::Refused(answer) | Self::CodeRefused(answer) => answer.to_string(),
            Self::NotKept { source, .. } => source.to_string(),
            Self::Denied | Self::TimedOut | Self::CodeNeeded { .. } | Self::NoCode => String::new(),
        }
    }

    pub(crate) fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(answer) | Self::CodeRefused(answer) => Some(answer),
            Self::NotKept { source, .. } => Some(source),
            Self::Denied | Self::TimedOut | Self::CodeNeeded { .. } | Self::NoCode => None,
        }
    }
}

/// What to do about a profile that waits for a person.
pub(crate) fn run_sign_in(profile: Option<&str>) -> String {
    match profile {
        Some(profile) => format!("Run \"culvert sign-in {}\".", quoted(profile)),
        None => "Run \"culvert sign-in\".".into(),
    }
}

/// A profile's name as a shell takes it.
pub(crate) fn quoted(profile: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@+/:".contains(c);
    if !profile.is_empty() && profile.chars().all(plain) {
        profile.to_owned()
    } else {
        format!("'{}'", profile.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profiles_name_is_written_so_that_the_line_can_be_pasted() {
        assert_eq!(
            run_sign_in(Some("prod.eu")),
            "Run \"culvert sign-in prod.eu\"."
        );
        assert_eq!(
            run_sign_in(Some("my prod")),
            "Run \"culvert sign-in 'my prod'\"."
        );
        assert_eq!(run_sign_in(None), "Run \"culvert sign-in\".");
    }
}
