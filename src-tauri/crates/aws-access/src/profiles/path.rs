//! How a profile comes to its credentials: where they begin, and through which roles they go.

use std::path::PathBuf;

use aws_config::profile::{Profile, ProfileSet};

use super::fault::ProfileFault;

/// The way from where credentials begin to the profile's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialPath {
    /// Where they begin.
    pub source: Source,
    /// The profile that names the beginning: the profile itself, or the last one that
    /// `source_profile` leads to.
    pub source_profile: String,
    /// The roles that are assumed one with the other's credentials, in this order. The last is
    /// the profile's own. None for a profile that is no role.
    pub roles: Vec<Role>,
}

/// A role that is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The profile whose `role_arn` it is.
    pub profile: String,
    /// Its ARN.
    pub arn: String,
    /// `external_id`: what the role's owner wants to hear.
    pub external_id: Option<String>,
    /// `role_session_name`: what the account's records call the session.
    pub session_name: Option<String>,
    /// `duration_seconds`, when it is a number: for how long the credentials shall be good.
    pub duration_seconds: Option<i32>,
    /// `mfa_serial`: the device whose code is asked for.
    pub mfa_serial: Option<String>,
}

/// Where credentials begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Keys in the files.
    Keys {
        /// Whether a session token is with them, so that they end some day.
        temporary: bool,
        /// `aws_account_id`, where somebody has written it down.
        account: Option<String>,
    },
    /// A login of IAM Identity Center that is named by an `sso-session`.
    SsoSession {
        /// The section's name.
        session: String,
        /// `sso_start_url` of the section.
        start_url: String,
        /// `sso_region` of the section.
        region: String,
        /// The account.
        account: String,
        /// The role in it.
        role: String,
    },
    /// A login of IAM Identity Center as profiles had it before there were sections for it.
    SsoPortal {
        /// `sso_start_url`
        start_url: String,
        /// `sso_region`
        region: String,
        /// The account.
        account: String,
        /// The role in it.
        role: String,
    },
    /// A sign-in to the console (`login_session`).
    Console {
        /// The ARN of who has signed in.
        login_session: String,
    },
    /// A program that prints credentials (`credential_process`).
    Process {
        /// The program, without its arguments, which may be secrets.
        program: String,
        /// `aws_account_id`, where somebody has written it down.
        account: Option<String>,
    },
    /// A token in a file that another identity provider has written, for a role.
    WebIdentity {
        /// The role.
        role_arn: String,
        /// `web_identity_token_file`
        token_file: PathBuf,
        /// `role_session_name`
        session_name: Option<String>,
    },
    /// `credential_source = Environment`: the variables `AWS_ACCESS_KEY_ID` and so on.
    Environment,
    /// `credential_source = Ec2InstanceMetadata`: the role of the instance that this is.
    Instance,
    /// `credential_source = EcsContainer`: the role of the container that this is in.
    Container,
}

impl Source {
    /// The kind in a word or two. For programs, and stable.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Keys { .. } => "keys",
            Self::SsoSession { .. } => "sso",
            Self::SsoPortal { .. } => "sso-legacy",
            Self::Console { .. } => "console",
            Self::Process { .. } => "process",
            Self::WebIdentity { .. } => "web-identity",
            Self::Environment => "environment",
            Self::Instance => "instance",
            Self::Container => "container",
        }
    }
}

/// Finds a profile's way. Asks nobody, and looks for no file or program.
///
/// The rules are those of the AWS SDKs (SDKs and Tools Reference Guide, "Assume role credential
/// provider" and its neighbours), in the order in which the SDK for Rust looks.
///
/// # Errors
/// The fault for which there is no way.
pub(crate) fn of_profile(set: &ProfileSet, name: &str) -> Result<CredentialPath, ProfileFault> {
    let mut visited: Vec<String> = Vec::new();
    let mut roles = Vec::new();
    let mut current = name.to_owned();
    loop {
        let Some(profile) = set.get_profile(&current) else {
            return Err(ProfileFault::SourceMissing { source: current });
        };
        if visited.contains(&current) {
            visited.push(current);
            return Err(ProfileFault::SourceLoop { profiles: visited });
        }
        if visited.len() == CHAIN_MOST {
            return Err(ProfileFault::ChainTooLong { most: CHAIN_MOST });
        }
        visited.push(current.clone());
        let is_source = visited.len() > 1;
        let next = match role_of(profile) {
            // The keys of a source go before the role that it may be, too.
            Some(_) if is_source && has_keys(profile) => Next::Begin,
            Some(role) => {
                let next = next_of(profile)?;
                roles.push(role);
                next
            }
            None => Next::Begin,
        };
        let source = match next {
            Next::Profile(source) => {
                current = source;
                continue;
            }
            Next::Begin => begin(set, profile, is_source)?,
        };
        roles.reverse();
        return Ok(CredentialPath {
            source,
            source_profile: current,
            roles,
        });
    }
}

/// Profiles that are followed. Each role is a call, so that a chain of as many would take
/// longer than anybody waits for credentials; and a file of thousands must be listed at once.
const CHAIN_MOST: usize = 64;

enum Next {
    /// Credentials begin in this profile.
    Begin,
    /// They come from that one.
    Profile(String),
}

/// A value; one that is empty counts as absent.
pub(crate) fn value<'a>(profile: &'a Profile, key: &str) -> Option<&'a str> {
    profile.get(key).filter(|value| !value.is_empty())
}

fn owned(profile: &Profile, key: &str) -> Option<String> {
    value(profile, key).map(str::to_owned)
}

fn role_of(profile: &Profile) -> Option<Role> {
    // With a token it is where credentials begin.
    if value(profile, "web_identity_token_file").is_some() {
        return None;
    }
    Some(Role {
        profile: profile.name().to_owned(),
        arn: owned(profile, "role_arn")?,
        external_id: owned(profile, "external_id"),
        session_name: owned(profile, "role_session_name"),
        duration_seconds: value(profile, "duration_seconds").and_then(|text| text.parse().ok()),
        mfa_serial: owned(profile, "mfa_serial"),
    })
}

fn next_of(profile: &Profile) -> Result<Next, ProfileFault> {
    match (
        value(profile, "source_profile"),
        value(profile, "credential_source"),
    ) {
        (Some(_), Some(_)) => Err(ProfileFault::TwoSources {
            profile: profile.name().to_owned(),
        }),
        (None, None) => Err(ProfileFault::RoleWithoutSource {
            profile: profile.name().to_owned(),
        }),
        (Some(source), None) if source != profile.name() => Ok(Next::Profile(source.to_owned())),
        (Some(_), None) | (None, Some(_)) => Ok(Next::Begin),
    }
}

fn has_keys(profile: &Profile) -> bool {
    value(profile, "aws_access_key_id").is_some()
        && value(profile, "aws_secret_access_key").is_some()
}

fn begin(set: &ProfileSet, profile: &Profile, is_source: bool) -> Result<Source, ProfileFault> {
    if is_source && has_keys(profile) {
        return keys(profile);
    }
    if let Some(source) = value(profile, "credential_source") {
        return named(profile, source);
    }
    if let Some(token_file) = value(profile, "web_identity_token_file") {
        let role_arn =
            owned(profile, "role_arn").ok_or_else(|| ProfileFault::TokenWithoutRole {
                profile: profile.name().to_owned(),
            })?;
        return Ok(Source::WebIdentity {
            role_arn,
            token_file: token_file.into(),
            session_name: owned(profile, "role_session_name"),
        });
    }
    if let Some(sso) = sso(set, profile) {
        return sso;
    }
    if let Some(login_session) = owned(profile, "login_session") {
        return Ok(Source::Console { login_session });
    }
    if let Some(command) = value(profile, "credential_process") {
        return Ok(Source::Process {
            program: first_word(command).to_owned(),
            account: owned(profile, "aws_account_id"),
        });
    }
    keys(profile)
}

/// The sources that `credential_source` can name, in any case.
fn named(profile: &Profile, source: &str) -> Result<Source, ProfileFault> {
    [
        ("Environment", Source::Environment),
        ("Ec2InstanceMetadata", Source::Instance),
        ("EcsContainer", Source::Container),
    ]
    .into_iter()
    .find(|(name, _)| name.eq_ignore_ascii_case(source))
    .map(|(_, source)| source)
    .ok_or_else(|| ProfileFault::UnknownCredentialSource {
        profile: profile.name().to_owned(),
        value: source.to_owned(),
    })
}

fn keys(profile: &Profile) -> Result<Source, ProfileFault> {
    let token = value(profile, "aws_session_token");
    let half = |missing| {
        Err(ProfileFault::HalfKeys {
            profile: profile.name().to_owned(),
            missing,
        })
    };
    match (
        value(profile, "aws_access_key_id"),
        value(profile, "aws_secret_access_key"),
    ) {
        (Some(_), Some(_)) => Ok(Source::Keys {
            temporary: token.is_some(),
            account: owned(profile, "aws_account_id"),
        }),
        (Some(_), None) => half("aws_secret_access_key"),
        (None, Some(_)) => half("aws_access_key_id"),
        (None, None) if token.is_some() => half("aws_access_key_id"),
        (None, None) => Err(ProfileFault::NoCredentials {
            profile: profile.name().to_owned(),
        }),
    }
}

fn sso(set: &ProfileSet, profile: &Profile) -> Option<Result<Source, ProfileFault>> {
    let session = value(profile, "sso_session");
    let start_url = value(profile, "sso_start_url");
    let (account, role) = (
        value(profile, "sso_account_id"),
        value(profile, "sso_role_name"),
    );
    session.or(start_url).or(account).or(role)?;
    Some(match session {
        Some(session) => sso_session(set, profile, session),
        None => sso_portal(profile),
    })
}

fn sso_session(set: &ProfileSet, profile: &Profile, session: &str) -> Result<Source, ProfileFault> {
    let name = profile.name();
    for key in ["sso_start_url", "sso_region"] {
        let of_section = set
            .sso_session(session)
            .and_then(|section| section.get(key));
        // Nobody could say which of the two is meant. The AWS CLI, too, refuses what differs.
        if value(profile, key).is_some_and(|own| Some(own) != of_section) {
            return Err(ProfileFault::SsoTwice {
                profile: name.to_owned(),
                key,
            });
        }
    }
    let Some(section) = set.sso_session(session) else {
        return Err(ProfileFault::SsoSessionMissing {
            profile: name.to_owned(),
            session: session.to_owned(),
        });
    };
    let of_section = |key| {
        section
            .get(key)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| ProfileFault::SsoIncomplete {
                section: format!("sso-session {session}"),
                missing: key,
            })
    };
    Ok(Source::SsoSession {
        session: session.to_owned(),
        start_url: of_section("sso_start_url")?,
        region: of_section("sso_region")?,
        account: sso_value(profile, "sso_account_id")?,
        role: sso_value(profile, "sso_role_name")?,
    })
}

fn sso_portal(profile: &Profile) -> Result<Source, ProfileFault> {
    Ok(Source::SsoPortal {
        start_url: sso_value(profile, "sso_start_url")?,
        region: sso_value(profile, "sso_region")?,
        account: sso_value(profile, "sso_account_id")?,
        role: sso_value(profile, "sso_role_name")?,
    })
}

fn sso_value(profile: &Profile, key: &'static str) -> Result<String, ProfileFault> {
    owned(profile, key).ok_or_else(|| ProfileFault::SsoIncomplete {
        section: format!("profile {}", profile.name()),
        missing: key,
    })
}

/// The program of a command: its first word, which may be in quotes.
pub(crate) fn first_word(command: &str) -> &str {
    let command = command.trim_start();
    for quote in ['"', '\''] {
        if let Some(rest) = command.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or(rest);
        }
    }
    command.split_whitespace().next().unwrap_or(command)
}

/// The account in an ARN (`arn:PARTITION:SERVICE:REGION:ACCOUNT:…`), if it has one.
pub(crate) fn account_of_arn(arn: &str) -> Option<&str> {
    arn.split(':')
        .nth(4)
        .filter(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text has the form `arn:PARTITION:iam::ACCOUNT:role/NAME` (IAM User Guide, "IAM ARNs").
fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, partition, _, _, _, resource] = parts[..] else {
        return false;
    };
    text.starts_with("arn:aws")
        && parts[2..4] == ["iam", ""]
        && partition
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && account_of_arn(text).is_some()
        && resource
            .strip_prefix("role/")
            .is_some_and(|name| !name.is_empty())
        && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '\'')
}

impl CredentialPath {
    /// The kind in a word or two. For programs, and stable.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        if self.roles.is_empty() {
            self.source.kind()
        } else {
            "role"
        }
    }

    /// What is wrong with the ARNs of the roles on the way, and of that which a token is for.
    pub(crate) fn faults_of_roles(&self) -> Vec<ProfileFault> {
        let assumed = self.roles.iter().map(|role| (&role.profile, &role.arn));
        let for_token = match &self.source {
            Source::WebIdentity { role_arn, .. } => Some((&self.source_profile, role_arn)),
            Source::Keys { .. }
            | Source::SsoSession { .. }
            | Source::SsoPortal { .. }
            | Source::Console { .. }
            | Source::Process { .. }
            | Source::Environment
            | Source::Instance
            | Source::Container => None,
        };
        let wrong = assumed
            .chain(for_token)
            .filter(|(_, arn)| !is_role_arn(arn));
        wrong
            .map(|(profile, arn)| ProfileFault::RoleArnInvalid {
                profile: profile.clone(),
                arn: arn.clone(),
            })
            .collect()
    }

    /// The account that the credentials are for, where the files tell it.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match (self.roles.last(), &self.source) {
            (Some(role), _) => account_of_arn(&role.arn),
            (None, Source::SsoSession { account, .. } | Source::SsoPortal { account, .. }) => {
                Some(account)
            }
            (None, Source::Keys { account, .. } | Source::Process { account, .. }) => {
                account.as_deref()
            }
            (None, Source::WebIdentity { role_arn: arn, .. })
            | (None, Source::Console { login_session: arn }) => account_of_arn(arn),
            (None, Source::Environment | Source::Instance | Source::Container) => None,
        }
    }
}
