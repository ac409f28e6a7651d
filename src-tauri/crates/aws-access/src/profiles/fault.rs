//! What can be wrong with a profile.

use std::path::PathBuf;

use super::regions;

/// What is wrong with a profile.
///
/// For people: [`what`](Self::what) and [`remedy`](Self::remedy). For programs:
/// [`code`](Self::code) and [`severity`](Self::severity). None of them holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileFault {
    /// `source_profile` leads to a profile that does not exist.
    SourceMissing {
        /// The one that does not exist.
        source: String,
    },
    /// `source_profile` leads back to where it came from.
    SourceLoop {
        /// The profiles in the order in which they lead to each other; the last was there before.
        profiles: Vec<String>,
    },
    /// A role without `source_profile`, `credential_source` and `web_identity_token_file`.
    RoleWithoutSource {
        /// The profile that names the role.
        profile: String,
    },
    /// A role with both `source_profile` and `credential_source`.
    TwoSources {
        /// The profile that names the role.
        profile: String,
    },
    /// `credential_source` names something that does not exist.
    UnknownCredentialSource {
        /// The profile that says so.
        profile: String,
        /// What it names.
        value: String,
    },
    /// More roles lead to each other than are followed.
    ChainTooLong {
        /// How many are followed.
        most: usize,
    },
    /// One key of a pair is missing.
    HalfKeys {
        /// The profile that has the other.
        profile: String,
        /// The key that is missing.
        missing: &'static str,
    },
    /// One key of a pair is among the environment's variables, without the other.
    HalfVariables {
        /// The variable that is missing.
        missing: &'static str,
    },
    /// `sso_session` names a section that does not exist.
    SsoSessionMissing {
        /// The profile that names it.
        profile: String,
        /// The section's name.
        session: String,
    },
    /// Something that a login of IAM Identity Center needs is missing.
    SsoIncomplete {
        /// The section where it should be.
        section: String,
        /// What is missing.
        missing: &'static str,
    },
    /// The profile and its `sso-session` differ in what belongs into the latter.
    SsoTwice {
        /// The profile.
        profile: String,
        /// The key.
        key: &'static str,
    },
    /// A token file, and no role to get for the token.
    TokenWithoutRole {
        /// The profile.
        profile: String,
    },
    /// The token file does not exist.
    TokenFileMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The program of `credential_process` does not exist.
    ProgramMissing {
        /// The program.
        program: String,
    },
    /// A sign-in to the console, which Culvert can't use by itself.
    ConsoleSignIn {
        /// The profile that has it.
        profile: String,
    },
    /// The profile has no credentials and no way to any.
    NoCredentials {
        /// The profile that has none.
        profile: String,
    },
    /// The profile names no region.
    NoRegion,
    /// A role asks for the code of an MFA device.
    MfaCode {
        /// The device.
        serial: String,
    },
    /// Both files have the same keys of the profile, with different values.
    InBothFiles {
        /// The keys. The values of the credentials file count.
        keys: Vec<String>,
    },
    /// The address of a service cannot be one.
    EndpointInvalid {
        /// What is wrong with it, in a sentence.
        what: String,
    },
    /// The profile names a `services` section that does not exist.
    ServicesMissing {
        /// The section's name.
        services: String,
    },
    /// A role's ARN cannot be one.
    RoleArnInvalid {
        /// The profile that names it.
        profile: String,
        /// What it names.
        arn: String,
    },
    /// A region cannot be one.
    RegionInvalid {
        /// `region` or `sso_region`.
        key: &'static str,
        /// What it is set to.
        region: String,
    },
    /// A region could be one, and is none that is known.
    RegionUnknown {
        /// What `region` is set to.
        region: String,
    },
    /// The file of `ca_bundle` does not exist.
    CaBundleMissing {
        /// Where it should be.
        path: PathBuf,
    },
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works; the reader should know.
    Note,
    /// It works, or part of it does not; probably it is not what was meant.
    Warning,
    /// It can't work.
    Broken,
}

impl Severity {
    /// The name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Broken => "broken",
        }
    }
}

impl ProfileFault {
    /// The fault's stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SourceMissing { .. } => "source-profile-missing",
            Self::SourceLoop { .. } => "source-profile-loop",
            Self::RoleWithoutSource { .. } => "role-without-source",
            Self::TwoSources { .. } => "two-credential-sources",
            Self::UnknownCredentialSource { .. } => "unknown-credential-source",
            Self::ChainTooLong { .. } => "role-chain-too-long",
            Self::HalfKeys { .. } | Self::HalfVariables { .. } => "half-key-pair",
            Self::SsoSessionMissing { .. } => "sso-session-missing",
            Self::SsoIncomplete { .. } => "sso-incomplete",
            Self::SsoTwice { .. } => "sso-contradiction",
            Self::TokenWithoutRole { .. } => "token-without-role",
            Self::TokenFileMissing { .. } => "token-file-missing",
            Self::ProgramMissing { .. } => "credential-process-missing",
            Self::ConsoleSignIn { .. } => "console-sign-in",
            Self::NoCredentials { .. } => "no-credentials",
            Self::NoRegion => "no-region",
            Self::MfaCode { .. } => "mfa-code",
            Self::InBothFiles { .. } => "in-both-files",
            Self::EndpointInvalid { .. } => "invalid-endpoint",
            Self::ServicesMissing { .. } => "services-missing",
            Self::RoleArnInvalid { .. } => "invalid-role-arn",
            Self::RegionInvalid { .. } => "invalid-region",
            Self::RegionUnknown { .. } => "unknown-region",
            Self::CaBundleMissing { .. } => "ca-bundle-missing",
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::SourceMissing { .. }
            | Self::SourceLoop { .. }
            | Self::RoleWithoutSource { .. }
            | Self::TwoSources { .. }
            | Self::UnknownCredentialSource { .. }
            | Self::ChainTooLong { .. }
            | Self::HalfKeys { .. }
            | Self::HalfVariables { .. }
            | Self::SsoSessionMissing { .. }
            | Self::SsoIncomplete { .. }
            | Self::SsoTwice { .. }
            | Self::TokenWithoutRole { .. }
            | Self::TokenFileMissing { .. }
            | Self::ProgramMissing { .. }
            | Self::ConsoleSignIn { .. }
            | Self::NoCredentials { .. }
            | Self::EndpointInvalid { .. }
            | Self::RoleArnInvalid { .. }
            | Self::RegionInvalid { .. }
            | Self::CaBundleMissing { .. } => Severity::Broken,
            Self::NoRegion
            | Self::InBothFiles { .. }
            | Self::ServicesMissing { .. }
            | Self::RegionUnknown { .. } => Severity::Warning,
            Self::MfaCode { .. } => Severity::Note,
        }
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::SourceMissing { source } => {
                format!("The source profile {source} does not exist.")
            }
            Self::SourceLoop { profiles } => format!(
                "The source profiles lead in a circle: {}.",
                profiles.join(" → ")
            ),
            Self::RoleWithoutSource { profile } => {
                format!("Profile {profile} names a role, and nobody who could assume it.")
            }
            Self::TwoSources { profile } => {
                format!("Profile {profile} has both a source_profile and a credential_source.")
            }
            Self::UnknownCredentialSource { profile, value } => {
                format!("Profile {profile} has credential_source = {value}, which does not exist.")
            }
            Self::ChainTooLong { most } => {
                format!("More than {most} source profiles lead to each other.")
            }
            Self::HalfKeys { profile, missing } => {
                format!("Profile {profile} has half a pair of keys: {missing} is missing.")
            }
            Self::HalfVariables { missing } => {
                format!("The environment has half a pair of keys: {missing} is missing.")
            }
            Self::SsoSessionMissing { profile, session } => {
                format!("Profile {profile} names the sso-session {session}, which does not exist.")
            }
            Self::SsoIncomplete { section, missing } => {
                format!("The section [{section}] has no {missing}.")
            }
            Self::SsoTwice { profile, key } => {
                format!("Profile {profile} and its sso-session differ in {key}.")
            }
            Self::TokenWithoutRole { profile } => {
                format!("Profile {profile} has a web_identity_token_file, and no role_arn.")
            }
            Self::TokenFileMissing { path } => {
                format!("The token file {} does not exist.", path.display())
            }
            Self::ProgramMissing { program } => {
                format!("The program {program} of credential_process does not exist.")
            }
            Self::ConsoleSignIn { profile } => {
                format!("Profile {profile} has a sign-in to the console, which Culvert can't use.")
            }
            Self::NoCredentials { profile } => {
                format!("Profile {profile} has no credentials, and no way to any.")
            }
            Self::NoRegion => "No region is named.".into(),
            Self::MfaCode { serial } => format!("A code of the MFA device {serial} is asked for."),
            Self::InBothFiles { keys } => format!(
                "Both files have {}, with different values.",
                keys.join(", ")
            ),
            Self::EndpointInvalid { what } => what.clone(),
            Self::ServicesMissing { services } => {
                format!("The services section {services} does not exist.")
            }
            Self::RoleArnInvalid { profile, arn } => {
                format!("Profile {profile} has role_arn = {arn}, which is not the ARN of a role.")
            }
            Self::RegionInvalid { key, region } => match regions::unquoted(region) {
                Some(_) => format!(
                    "{key} = {region} has quotes around it, which AWS takes for a part of it."
                ),
                None => format!("{key} = {region} names no AWS region."),
            },
            Self::RegionUnknown { region } => {
                format!("region = {region} names no AWS region that Culvert knows.")
            }
            Self::CaBundleMissing { path } => {
                format!("The CA bundle {} does not exist.", path.display())
            }
        }
    }

    /// What the reader can do, in one sentence.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::SourceMissing { source } => {
                format!("Add profile {source}, or correct source_profile.")
            }
            Self::ChainTooLong { .. } => {
                "Let a profile nearer to the first of them have credentials of its own.".into()
            }
            Self::SourceLoop { .. } => "Let one of these profiles have credentials of its own.".into(),
            Self::RoleWithoutSource { .. } => {
                "Add source_profile with the profile that may assume the role.".into()
            }
            Self::TwoSources { .. } => "Remove one of the two.".into(),
            Self::UnknownCredentialSource { .. } => {
                "Write Environment, Ec2InstanceMetadata or EcsContainer.".into()
            }
            Self::HalfKeys { profile, .. } => {
                format!("Run \"aws configure --profile {profile}\", which asks for both.")
            }
            Self::HalfVariables { missing } => {
                format!("Set {missing} too, or unset the other one.")
            }
            Self::SsoSessionMissing { session, .. } => {
                format!("Add a section [sso-session {session}], or run \"aws configure sso\".")
            }
            Self::SsoIncomplete { missing, .. } => {
                format!("Add {missing}, or run \"aws configure sso\".")
            }
            Self::SsoTwice { key, .. } => {
                format!("Remove {key} from the profile; the sso-session has it.")
            }
            Self::TokenWithoutRole { .. } => "Add the role_arn that the token is for.".into(),
            Self::TokenFileMissing { .. } => {
                "Correct web_identity_token_file, or have the token written there.".into()
            }
            Self::ProgramMissing { .. } => {
                "Install it, or write its full path in credential_process.".into()
            }
            Self::ConsoleSignIn { profile } => format!(
                "Add a profile with credential_process = aws configure export-credentials \
                 --profile {profile}."
            ),
            Self::NoCredentials { profile } => format!(
                "Run \"aws configure --profile {profile}\" or \"aws configure sso --profile \
                 {profile}\"."
            ),
            Self::NoRegion => {
                "Add region to the profile, or name one where the profile is used.".into()
            }
            Self::MfaCode { .. } => "Have the device at hand.".into(),
            Self::InBothFiles { .. } => {
                "Remove one; what the credentials file says is used.".into()
            }
            Self::EndpointInvalid { .. } => {
                "Give a URL such as https://ssm.eu-central-1.amazonaws.com.".into()
            }
            Self::ServicesMissing { services } => {
                format!("Add a section [services {services}], or remove services.")
            }
            Self::RoleArnInvalid { .. } => {
                "Write role_arn as arn:aws:iam::ACCOUNT:role/NAME, without quotes, with the account's 12 digits.".into()
            }
            Self::RegionInvalid { key, region } => match regions::unquoted(region) {
                Some(bare) => format!("Write {key} without them: {bare}."),
                None => format!("Write a region such as eu-central-1 into {key}."),
            },
            Self::RegionUnknown { region } => match regions::nearest(region) {
                Some(near) => format!("Correct it, if {near} is meant; one that is newer than this version of Culvert works all the same."),
                None => "Correct it; one that is newer than this version of Culvert works all the same.".into(),
            },
            Self::CaBundleMissing { path } if path.starts_with("~") => {
                "Write the whole path in ca_bundle: ~ means nothing there.".into()
            }
            Self::CaBundleMissing { .. } => "Correct ca_bundle, or put the file there.".into(),
        }
    }
}
