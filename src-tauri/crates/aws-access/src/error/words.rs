//! What errors say to people.

use std::error::Error;
use std::io;

use tokio::time::error::Elapsed;

use super::cause::Cause;
use super::{AccessError, CalledHost};
use crate::credentials::ProcessFault;
use crate::network::{causes, chain_text};
use crate::profiles::regions::unquoted;
use crate::sign_in_fault::{quoted, run_sign_in};
use crate::sign_ins::written_time;
use crate::{Callee, Denial, NetworkFault, ProfileFault, WayError};

impl AccessError {
    /// What happened, in one sentence.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::UnknownProfile {
                profile,
                by_environment,
                ..
            } => {
                let named = if *by_environment {
                    ", which AWS_PROFILE names"
                } else {
                    ""
                };
                format!("The AWS config files have no profile named {profile}{named}.")
            }
            Self::ConfigFiles { .. } => "The AWS config files cannot be used as they are.".into(),
            Self::Profile { fault, .. } => fault.what(),
            Self::RegionMissing { profile, besides } => {
                let missing = match profile {
                    Some(profile) => {
                        format!("No region is set, and profile {profile} names none.")
                    }
                    None => "No AWS region is set.".into(),
                };
                match besides {
                    Some(fault) => format!("{missing} Besides: {}", fault.what()),
                    None => missing,
                }
            }
            Self::InvalidRegion { region } => match unquoted(region) {
                Some(_) => format!(
                    "The region {region} has quotes around it, which AWS takes for a part of it."
                ),
                None => format!("\"{region}\" is no AWS region."),
            },
            Self::InvalidEndpoint { endpoint, reason } => {
                format!("The endpoint \"{endpoint}\" cannot be used: {reason}.")
            }
            Self::InvalidProxy { proxy, reason } => {
                format!("The proxy \"{proxy}\" cannot be used: {reason}.")
            }
            Self::CaBundle { path, source } => {
                let path = path.display();
                if is_missing_file(source.as_ref()) {
                    return format!("The CA bundle {path} does not exist.");
                }
                format!("The CA bundle {path} cannot be used: {source}.")
            }
            Self::TlsSetup { .. } => "Secure connections could not be set up.".into(),
            Self::NoCredentials {
                profile: Some(profile),
                ..
            } => {
                format!("Profile {profile} holds no AWS credentials.")
            }
            Self::NoCredentials { profile: None, .. } => "No AWS credentials were found.".into(),
            Self::CredentialsFailed { profile, source } => {
                match (lack_of_answer(source.as_ref()), profile) {
                    (Some(lack), Some(profile)) => {
                        format!("The answer of the credential process of profile {profile} {lack}.")
                    }
                    (Some(lack), None) => format!("The answer of the credential process {lack}."),
                    (None, Some(profile)) => format!(
                        "The source of the credentials of profile {profile} reported an error."
                    ),
                    (None, None) => "The source of the AWS credentials reported an error.".into(),
                }
            }
            Self::CredentialsTimeout {
                profile,
                program,
                after,
            } => {
                let of = profile
                    .as_ref()
                    .map(|profile| format!(" for profile {profile}"));
                let by = program.as_ref().map(|program| {
                    format!(
                        "; the program that gives them is {}",
                        program.trim_end_matches('.')
                    )
                });
                format!(
                    "No AWS credentials came{} within {} s{}.",
                    of.unwrap_or_default(),
                    after.as_secs(),
                    by.unwrap_or_default()
                )
            }
            Self::SsoLoginExpired {
                profile: Some(profile),
                ..
            } => {
                format!("The AWS login of profile {profile} is missing or has expired.")
            }
            Self::SsoLoginExpired { profile: None, .. } => {
                "The AWS login is missing or has expired.".into()
            }
            Self::ExpiredToken {
                profile: Some(profile),
                ..
            } => format!("The AWS credentials of profile {profile} have expired."),
            Self::ExpiredToken { profile: None, .. } | Self::ExpiredEnvironment(_) => {
                "The AWS credentials have expired.".into()
            }
            Self::EndedByProcess { program, ended } => {
                let ended = written_time(*ended);
                format!("{program} gave credentials that ended at {ended}.")
            }
            Self::InvalidCredentials {
                profile: Some(profile),
                ..
            } => format!("AWS does not accept the credentials of profile {profile}."),
            Self::InvalidCredentials { profile: None, .. } => {
                "AWS does not accept the credentials.".into()
            }
            Self::ClockSkew {
                seconds: Some(seconds),
                ..
            } => {
                let direction = if *seconds < 0 { "behind" } else { "ahead" };
                format!(
                    "This computer's clock is {} s {direction}.",
                    seconds.unsigned_abs()
                )
            }
            Self::ClockSkew { seconds: None, .. } => "This computer's clock is wrong.".into(),
            Self::AccessDenied { action, answer } => {
                let denial = Denial::of(action, answer);
                match denial.resource {
                    Some(resource) => {
                        format!(
                            "The credentials do not allow {} on {resource}.",
                            denial.action
                        )
                    }
                    None => format!("The credentials do not allow {}.", denial.action),
                }
            }
            Self::RoleDenied { action, role, .. } => {
                format!("The credentials do not allow {action} on {role}.")
            }
            Self::InvalidRole { role, answer } => format!(
                "AWS rejects what the profile asks for with the role {role}: {}.",
                answer.message.trim_end_matches('.')
            ),
            Self::IdentityToken { role, .. } => {
                format!("AWS does not take the identity provider's token for the role {role}.")
            }
            Self::PortalRole { role, .. } => {
                format!("The AWS login does not give the role {role}.")
            }
            Self::NotEnabled(_) => "The account does not have this service or this region.".into(),
            Self::TargetNotConnected { target, .. } => {
                format!("{target} is not connected to Session Manager.")
            }
            Self::TargetNotFound { asked, .. } => {
                format!("No node that is online has {asked}.")
            }
            Self::TargetOffline {
                asked,
                fitting,
                seen,
            } if seen < fitting => format!(
                "{fitting} nodes have {asked}; the first {seen} were looked at, and none of them is \
                 connected to Session Manager."
            ),
            Self::TargetOffline {
                asked, fitting: 1, ..
            } => {
                format!("One node has {asked}, and it is not connected to Session Manager.")
            }
            Self::TargetOffline { asked, fitting, .. } => {
                format!("{fitting} nodes have {asked}, and none is connected to Session Manager.")
            }
            Self::InvalidDocument { document, .. } => {
                format!("The session document {document} cannot be used.")
            }
            Self::InvalidRequest(answer) if answer.message.is_empty() => match &answer.code {
                Some(code) => format!("AWS rejects the request: {code}."),
                None => "AWS rejects the request, and does not say why.".into(),
            },
            Self::InvalidRequest(answer) => format!(
                "AWS rejects the request: {}.",
                answer.message.trim_end_matches('.')
            ),
            Self::Throttled(_) => "AWS receives too many calls from this account.".into(),
            Self::SessionLimit(_) => "The account has as many sessions as it may have.".into(),
            Self::SessionOver { session_id, .. } => format!("The session {session_id} has ended."),
            Self::KmsKey { key_id, .. } => {
                format!("The KMS key {key_id}, which encrypts the session, cannot be used.")
            }
            Self::Network {
                fault,
                callee,
                at,
                proxy,
                doubt,
                source: _,
            } => {
                let name = named_as(*fault, *callee, at.as_deref());
                let what = fault.what_by(name, proxy.as_deref());
                let signer = at.as_ref().and_then(|at| at.signer.as_ref());
                match (doubt, signer) {
                    (Some(doubt), _) => format!("{what} {}", doubt.what()),
                    (None, Some(signer)) => format!("{what} {}", signer.signed()),
                    (None, None) => what,
                }
            }
            Self::Proxy(failure) => failure.what(),
            Self::Service(answer) => match &answer.code {
                Some(code) => format!("AWS reports {code}."),
                None if answer.request_id.is_some() => {
                    format!("AWS answers with HTTP status {}.", answer.status)
                }
                None => format!(
                    "AWS, or something in front of it, answers with HTTP status {}.",
                    answer.status
                ),
            },
            Self::Stranger { whom, answered } => match &answered.location {
                Some(location) => format!(
                    "Something else answers in place of {whom}, and sends the reader to {location}."
                ),
                None => {
                    format!("Something else answers in place of {whom}: what came is not AWS's.")
                }
            },
            Self::Unparsable { .. } => "AWS's answer is not as it should be.".into(),
            Self::Unsendable { .. } => "The request to AWS could not be made.".into(),
            Self::SignIn(fault) => fault.what(),
            Self::Keyring(fault) => fault.what(),
        }
    }

    /// What the reader can do, in one sentence.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::UnknownProfile {
                because: Some(fault),
                ..
            }
            | Self::ConfigFiles {
                because: Some(fault),
                ..
            } => format!("{}: {} {}", fault.place(), fault.what(), fault.remedy()),
            Self::UnknownProfile { known, .. } if known.is_empty() => {
                "Create one with \"aws configure\" or \"aws configure sso\".".into()
            }
            Self::UnknownProfile { known, .. } => {
                format!("Choose one of these: {}.", known.join(", "))
            }
            Self::ConfigFiles { because: None, .. } => {
                "Check ~/.aws/config and ~/.aws/credentials.".into()
            }
            Self::Profile { fault, .. } => fault.remedy(),
            Self::RegionMissing { besides: Some(fault), .. } => format!(
                "Give one, such as eu-central-1, in the profile or with --region. {}",
                fault.remedy()
            ),
            Self::RegionMissing { besides: None, .. } => "Give one, such as eu-central-1: with --region, in the \
                 settings of the tunnel or of the profile, or in AWS_REGION."
                .into(),
            Self::InvalidRegion { region } => match unquoted(region) {
                Some(bare) => format!("Write it without them: {bare}."),
                None => "Give a region, such as eu-central-1.".into(),
            },
            Self::InvalidEndpoint { .. } => {
                "Give a URL such as https://ssm.eu-central-1.amazonaws.com.".into()
            }
            Self::InvalidProxy { .. } => {
                "Give the proxy's address with the user's name in front, such as \
                 http://ann@proxy.example:8080."
                    .into()
            }
            Self::CaBundle { .. } => {
                "Give a PEM file of certificates: in the settings, in AWS_CA_BUNDLE, or as ca_bundle of \
                 the profile."
                    .into()
            }
            Self::TlsSetup { .. } | Self::Unsendable { .. } => {
                "Please report this, with the details.".into()
            }
            Self::NoCredentials { profile: Some(profile), .. } => {
                let profile = profile.clone();
                ProfileFault::NoCredentials { profile }.remedy()
            }
            Self::NoCredentials { profile: None, .. } => {
                "Choose a profile, run \"aws configure\" or \"aws configure sso\", or keep keys with \"culvert keys add NAME\".".into()
            }
            Self::CredentialsFailed { source, .. } if lack_of_answer(source.as_ref()).is_some() => {
                "Run it by hand: it has to print {\"Version\": 1, \"AccessKeyId\": \"…\", \"SecretAccessKey\": \"…\"} and nothing else.".into()
            }
            Self::CredentialsFailed { profile: Some(profile), .. } => format!(
                "Check what the details name; \"aws sts get-caller-identity --profile {}\" tells \
                 whether the AWS CLI gets them.",
                quoted(profile)
            ),
            Self::CredentialsFailed { profile: None, .. } => {
                "Check what the details name; \"aws sts get-caller-identity\" tells whether the \
                 AWS CLI gets them."
                    .into()
            }
            Self::CredentialsTimeout {
                program: Some(_),
                after,
                ..
            } => format!(
                "Run the program by hand to see what it waits for: it is given nothing to read, and has \
                 to answer within {} s.",
                after.as_secs()
            ),
            Self::CredentialsTimeout {
                profile: Some(profile),
                ..
            } => format!(
                "Check the network connection, and where profile {profile} gets its credentials."
            ),
            Self::CredentialsTimeout { .. } => {
                "Check the network connection, and where the credentials come from.".into()
            }
            Self::SsoLoginExpired { profile, .. } => run_sign_in(profile.as_deref()),
            Self::SignIn(fault) => fault.remedy(),
            Self::Keyring(fault) => fault.remedy(),
            Self::ExpiredToken { profile: Some(profile), .. } => format!(
                "Renew them where they come from: where keys lie in the AWS files, put new ones into \
                 profile {profile}."
            ),
            Self::ExpiredToken { profile: None, .. } => "Renew them where they come from.".into(),
            Self::EndedByProcess { .. } => "Have the program renew them, and check this computer's clock if it says that they are new.".into(),
            Self::ExpiredEnvironment(_) => "They come from environment variables, which Culvert reads only when it starts: set new ones, and start it again.".into(),
            Self::InvalidCredentials { .. } => "Check the access key, or renew the credentials.".into(),
            Self::ClockSkew { .. } => "Set the computer's date and time by the network.".into(),
            Self::AccessDenied { action, answer } if Denial::of(action, answer).explicit => {
                "A policy denies it outright, and a further permission does not help: ask the account's administrator which, and why."
                    .into()
            }
            // What tunnels need is printed; what lists are made of is asked for by itself.
            Self::AccessDenied { action, .. } if is_for_tunnels(action) => format!(
                "Ask for the permission {action} on this resource: \"culvert iam-policy\" prints the \
                 least policy that a tunnel needs."
            ),
            Self::AccessDenied { action, .. } => {
                format!("Ask for the permission {action} on this resource.")
            }
            Self::RoleDenied { .. } => {
                "Ask for the permission to assume the role, and for its trust policy to allow it, too.".into()
            }
            Self::InvalidRole { .. } => {
                "Check role_arn, external_id, role_session_name and duration_seconds of the profile.".into()
            }
            Self::IdentityToken { .. } => {
                "Let the identity provider write another token into the file, and check that the role trusts that provider.".into()
            }
            Self::PortalRole { .. } => {
                "Check sso_account_id and sso_role_name of the profile, or ask for that role in IAM Identity Center.".into()
            }
            Self::NotEnabled(_) => {
                "Enable it in the account's settings, or choose another region.".into()
            }
            Self::TargetNotFound { .. } => {
                "\"culvert targets\" shows which nodes there are in this account and region: give it the same --profile or --keys, and --region.".into()
            }
            Self::TargetNotConnected { target, .. } if !is_id(target) => {
                format!("Targets are i-…, mi-… and ecs:CLUSTER_TASK_RUNTIMEID; a node that is called so is name:{target}.")
            }
            Self::TargetNotConnected { .. } | Self::TargetOffline { .. } => {
                "Check that it runs in this region, that its SSM agent is up, and that it reaches the ssmmessages endpoint.".into()
            }
            Self::InvalidDocument { .. } => {
                "Check the document's name, and that it is a session document in this region.".into()
            }
            Self::InvalidRequest(_) => "Check the target, the ports and the host.".into(),
            Self::Throttled(_) => {
                "This passes when fewer calls are made: other programs may use the account, too.".into()
            }
            Self::SessionLimit(_) => {
                "End sessions that are no longer used: \"culvert doctor --sweep\" ends those that a crash of Culvert has left behind.".into()
            }
            Self::SessionOver { .. } => "Nothing to do: another session is started in its place.".into(),
            Self::KmsKey { .. } => {
                "Check that the key is enabled, and that the credentials allow kms:GenerateDataKey.".into()
            }
            Self::Network { doubt: Some(doubt), .. } => doubt.remedy(),
            Self::Network { fault, proxy, .. } => fault.remedy_by(proxy.as_deref()),
            Self::Proxy(failure) => failure.remedy(),
            Self::Service(answer) if answer.is_transient() => {
                "This is likely to pass; if it does not, the AWS Health Dashboard may say why.".into()
            }
            Self::Service(_) => {
                "Look the error up in AWS's documentation of the service, or give the details to \
                 whoever looks after the account."
                    .into()
            }
            Self::Stranger { answered, .. } => match &answered.location {
                Some(_) => {
                    "Open that page in a browser and sign in to the network; or check the proxy."
                }
                None => "Sign in to the network in a browser, or check the endpoint and the proxy.",
            }
            .into(),
            Self::Unparsable { .. } => {
                "Check the endpoint and the proxy; if it is AWS that answers, please report this, with the details.".into()
            }
        }
    }

    /// The raw text of whoever reported it; empty when there is none.
    #[must_use]
    pub fn details(&self) -> String {
        // All that they say stands in the sentence. Of a profile, the SDK would speak of providers.
        if let Self::CaBundle { .. }
        | Self::NoCredentials {
            profile: Some(_), ..
        } = self
        {
            return String::new();
        }
        match self.cause() {
            // That time has run out is all that it says, and that is in the sentence.
            Cause::Error(source) if source.is::<Elapsed>() => String::new(),
            Cause::Error(source) => {
                let way =
                    causes(source.as_ref()).find_map(|cause| cause.downcast_ref::<WayError>());
                way.map_or_else(|| chain_text(source.as_ref()), WayError::details)
            }
            Cause::Answer(answer) => answer.to_string(),
            Cause::SignIn(fault) => fault.details(),
            Cause::Keyring(fault) => fault.details(),
            Cause::Proxy(failure) => failure.details.clone(),
            Cause::Stranger(answered) => answered.details(),
            Cause::Text {
                status: Some(status),
                text: "",
            } => format!("HTTP {status}, with nothing in it"),
            Cause::Text {
                status: Some(status),
                text,
            } => format!("HTTP {status}: {text}"),
            Cause::Text { status: None, text } => text.to_owned(),
            Cause::None => String::new(),
        }
    }
}

/// Who is called, as a sentence about the fault names it: names, certificates and ports are a host's.
pub(super) fn named_as(fault: NetworkFault, callee: Callee, at: Option<&CalledHost>) -> &str {
    match (fault, at) {
        (NetworkFault::Dns | NetworkFault::Tls(_) | NetworkFault::NotTls, Some(at)) => &at.host,
        (NetworkFault::Dns | NetworkFault::Tls(_) | NetworkFault::NotTls, None)
        | (
            NetworkFault::Refused
            | NetworkFault::Unreachable
            | NetworkFault::Broken
            | NetworkFault::NotHttp
            | NetworkFault::ConnectTimeout
            | NetworkFault::Timeout,
            _,
        ) => callee.label(),
    }
}

/// Whether a file is not there, which no words of the system need tell.
fn is_missing_file(source: &(dyn Error + 'static)) -> bool {
    let io = source.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// What is wrong with the answer of a credential process, if that is what an error comes from.
pub(super) fn lack_of_answer(source: &(dyn Error + 'static)) -> Option<&'static str> {
    let fault = causes(source).find_map(|cause| cause.downcast_ref::<ProcessFault>());
    fault.and_then(ProcessFault::of_answer)
}

/// Whether an action is among those of the policy that is printed for tunnels.
pub(super) fn is_for_tunnels(action: &str) -> bool {
    [
        "ssm:",
        "ssmmessages:",
        "ec2:DescribeInstances",
        "ecs:DescribeTasks",
        "ecs:ListTasks",
    ]
    .iter()
    .any(|begin| action.starts_with(begin))
}

/// Says whether a target looks like an id (docs/protocol.md, section 1); AWS answers the same of a
/// name that nobody has as of a node that is off.
fn is_id(target: &str) -> bool {
    ["i-", "mi-", "ecs:"]
        .iter()
        .any(|kind| target.starts_with(kind))
}
