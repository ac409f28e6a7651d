//! What errors name in their sentences, for whoever says them in another language.

use super::AccessError;
use super::words::{is_for_tunnels, lack_of_answer, named_as};
use crate::profiles::regions;
use crate::sign_ins::written_time;
use crate::{Denial, FileFault, FileFaultKind, KeyringFault, ProfileFault, SignInFault};

type Named = (&'static str, String);

impl AccessError {
    /// The values in its sentences, each under its name.
    #[must_use]
    pub fn facts(&self) -> Vec<Named> {
        match self {
            Self::UnknownProfile { profile, .. } => vec![("profile", profile.clone())],
            Self::Profile { fault, .. } => of_profile(fault),
            Self::RegionMissing { profile, .. }
            | Self::NoCredentials { profile, .. }
            | Self::ExpiredToken { profile, .. }
            | Self::InvalidCredentials { profile, .. } => named("profile", profile.as_ref()),
            Self::SsoLoginExpired { profile, never, .. } => {
                let mut facts = named("profile", profile.as_ref());
                facts.extend(never.then(|| ("never", "1".to_owned())));
                facts
            }
            Self::CredentialsFailed { profile, source } => {
                let mut facts = named("profile", profile.as_ref());
                facts.extend(lack_of_answer(source.as_ref()).map(|lack| ("lack", lack.to_owned())));
                facts
            }
            Self::EndedByProcess { program, ended } => vec![
                ("program", program.clone()),
                ("ended", written_time(*ended)),
            ],
            Self::InvalidRegion { region } => vec![("region", region.clone())],
            Self::InvalidEndpoint { endpoint, .. } => vec![("endpoint", endpoint.clone())],
            Self::InvalidProxy { proxy, .. } => vec![("proxy", proxy.clone())],
            Self::CaBundle { path, .. } => vec![("path", path.display().to_string())],
            Self::CredentialsTimeout {
                profile,
                program,
                after,
            } => {
                let mut facts = named("profile", profile.as_ref());
                facts.extend(named("program", program.as_ref()));
                facts.push(("seconds", after.as_secs().to_string()));
                facts
            }
            Self::ClockSkew { seconds, .. } => match seconds {
                Some(seconds @ ..0) => vec![("behind", seconds.unsigned_abs().to_string())],
                Some(seconds) => vec![("ahead", seconds.to_string())],
                None => Vec::new(),
            },
            Self::AccessDenied { action, answer } => {
                let denial = Denial::of(action, answer);
                let mut facts = named("resource", denial.resource.as_ref());
                if denial.explicit {
                    facts.extend(named("deny", denial.because.as_ref()));
                } else if is_for_tunnels(action) {
                    facts.push(("ofTunnels", "yes".to_owned()));
                }
                facts.push(("action", denial.action));
                facts
            }
            Self::RoleDenied { action, role, .. } => {
                vec![("action", (*action).to_owned()), ("resource", role.clone())]
            }
            Self::InvalidRole { role, answer } => vec![
                ("role", role.clone()),
                ("said", answer.message.trim_end_matches('.').to_owned()),
            ],
            Self::IdentityToken { role, .. } | Self::PortalRole { role, .. } => {
                vec![("role", role.clone())]
            }
            Self::TargetNotConnected { target, .. } => vec![("target", target.clone())],
            Self::TargetNotFound { asked, .. } => vec![("target", asked.clone())],
            Self::TargetOffline { asked, fitting, .. } => {
                vec![("target", asked.clone()), ("count", fitting.to_string())]
            }
            Self::InvalidDocument { document, .. } => vec![("document", document.clone())],
            Self::InvalidRequest(answer) if answer.message.is_empty() => {
                named("said", answer.code.as_ref())
            }
            Self::InvalidRequest(answer) => {
                vec![("said", answer.message.trim_end_matches('.').to_owned())]
            }
            Self::SessionOver { session_id, .. } => vec![("session", session_id.clone())],
            Self::KmsKey { key_id, .. } => vec![("key", key_id.clone())],
            Self::Network {
                fault,
                callee,
                at,
                proxy,
                doubt,
                source: _,
            } => {
                let name = named_as(*fault, *callee, at.as_deref());
                let mut facts = vec![("host", name.to_owned())];
                let signer = at.as_ref().and_then(|at| at.signer.as_ref());
                facts.extend(signer.map(|signer| ("signer", signer.in_any_language())));
                facts.extend(doubt.iter().flat_map(|doubt| of_profile(doubt)));
                if let Some(proxy) = proxy {
                    facts.push(("proxy", proxy.to_string()));
                    facts.push(("place", proxy.place.name().to_owned()));
                }
                facts
            }
            Self::Proxy(failure) => failure.facts(),
            Self::Service(answer) => match &answer.code {
                Some(code) => vec![("said", code.clone())],
                None => {
                    let mut facts = vec![("status", answer.status.to_string())];
                    if answer.request_id.is_none() {
                        facts.push(("host", "AWS".to_owned()));
                    }
                    facts
                }
            },
            Self::Stranger { whom, answered } => {
                let mut facts = vec![("host", whom.clone())];
                facts.extend(named("location", answered.location.as_ref()));
                facts
            }
            Self::SignIn(fault) => of_sign_in(fault),
            Self::Keyring(fault) => of_keyring(fault),
            Self::ConfigFiles { .. }
            | Self::TlsSetup { .. }
            | Self::ExpiredEnvironment(_)
            | Self::NotEnabled(_)
            | Self::Throttled(_)
            | Self::SessionLimit(_)
            | Self::Unparsable { .. }
            | Self::Unsendable { .. } => Vec::new(),
        }
    }
}

fn named(name: &'static str, value: Option<&String>) -> Vec<Named> {
    value
        .map(|value| (name, value.clone()))
        .into_iter()
        .collect()
}

impl ProfileFault {
    /// The values in its sentences, each under its name.
    #[must_use]
    pub fn facts(&self) -> Vec<Named> {
        of_profile(self)
    }
}

impl FileFault {
    /// The values in its sentences, each under its name: where it is with the line (`place`) and without
    /// (`path`), and what it is about.
    #[must_use]
    pub fn facts(&self) -> Vec<Named> {
        let place = ("place", self.place());
        let path = ("path", self.path.display().to_string());
        let mut facts = vec![place, path];
        facts.extend(match &self.kind {
            FileFaultKind::Unreadable { reason } => Some(("reason", reason.clone())),
            FileFaultKind::BadLine { .. } => None,
            FileFaultKind::PrefixMissing { section }
            | FileFaultKind::PrefixInCredentials { section }
            | FileFaultKind::UnknownSection { section }
            | FileFaultKind::NameMissing { section }
            | FileFaultKind::BadName { section } => Some(("section", section.clone())),
            FileFaultKind::NotText
            | FileFaultKind::TooLarge
            | FileFaultKind::ByteOrderMark
            | FileFaultKind::DefaultTwice
            | FileFaultKind::ReadableByOthers => None,
        });
        facts
    }
}

fn of_profile(fault: &ProfileFault) -> Vec<Named> {
    let profile = |profile: &String| ("profile", profile.clone());
    let name = |name: &str| ("name", name.to_owned());
    match fault {
        ProfileFault::SourceMissing { source } => vec![name(source)],
        ProfileFault::SourceLoop { profiles } => vec![name(&profiles.join(" → "))],
        ProfileFault::RoleWithoutSource { profile: of }
        | ProfileFault::TwoSources { profile: of }
        | ProfileFault::TokenWithoutRole { profile: of }
        | ProfileFault::ConsoleSignIn { profile: of }
        | ProfileFault::NoCredentials { profile: of } => vec![profile(of)],
        ProfileFault::UnknownCredentialSource { profile: of, value } => {
            vec![profile(of), name(value)]
        }
        ProfileFault::ChainTooLong { most } => vec![name(&most.to_string())],
        ProfileFault::HalfKeys {
            profile: of,
            missing,
        } => vec![profile(of), name(missing)],
        ProfileFault::HalfVariables { missing } => vec![name(missing)],
        ProfileFault::SsoSessionMissing {
            profile: of,
            session,
        } => vec![profile(of), name(session)],
        ProfileFault::SsoIncomplete { section, missing } => {
            vec![("section", section.clone()), name(missing)]
        }
        ProfileFault::SsoTwice { profile: of, key } => vec![profile(of), name(key)],
        ProfileFault::TokenFileMissing { path } => vec![name(&path.display().to_string())],
        ProfileFault::ProgramMissing { program } => vec![name(program)],
        ProfileFault::MfaCode { serial } => vec![name(serial)],
        ProfileFault::InBothFiles { keys } => vec![name(&keys.join(", "))],
        ProfileFault::ServicesMissing { services } => vec![name(services)],
        ProfileFault::RoleArnInvalid { profile: of, arn } => vec![profile(of), name(arn)],
        ProfileFault::RegionInvalid { key, region } => {
            let mut facts = vec![("key", (*key).to_owned()), ("region", region.clone())];
            facts.extend(regions::unquoted(region).map(|bare| ("bare", bare.to_owned())));
            facts
        }
        ProfileFault::RegionUnknown { region } => {
            let mut facts = vec![("region", region.clone())];
            facts.extend(regions::nearest(region).map(|near| ("near", near.to_owned())));
            facts
        }
        ProfileFault::CaBundleMissing { path } => vec![("path", path.display().to_string())],
        ProfileFault::NoRegion | ProfileFault::EndpointInvalid { .. } => Vec::new(),
    }
}

fn of_sign_in(fault: &SignInFault) -> Vec<Named> {
    match fault {
        SignInFault::CodeNeeded { profile, device } => {
            let mut facts = named("profile", profile.as_ref());
            facts.push(("device", device.clone()));
            facts
        }
        SignInFault::NotKept { path, .. } => vec![("path", path.display().to_string())],
        SignInFault::Denied
        | SignInFault::TimedOut
        | SignInFault::Refused(_)
        | SignInFault::CodeRefused(_)
        | SignInFault::NoCode => Vec::new(),
    }
}

fn of_keyring(fault: &KeyringFault) -> Vec<Named> {
    match fault {
        KeyringFault::NotFound { name } | KeyringFault::Foreign { name } => {
            vec![("name", name.clone())]
        }
        KeyringFault::Absent
        | KeyringFault::Locked
        | KeyringFault::Failed { .. }
        | KeyringFault::BadName => Vec::new(),
    }
}
