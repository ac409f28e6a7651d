//! The sign-ins that profiles need of a person, and how each stands.

use std::time::SystemTime;

use aws_access::{ProfileInfo, ProfileList, Role, SignIns, Source, Standing};

use crate::profile::CredentialSource;

/// A sign-in that a person can make, once for all profiles that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalSignIn {
    /// What it is.
    pub what: PersonalSignInKind,
    /// The profiles that it serves, in the order of the list; at least one. Signing in for the first
    /// serves all.
    pub profiles: Vec<String>,
    /// How it stands; `None` where only the AWS CLI knows.
    pub standing: Option<Standing>,
}

/// What a person signs in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonalSignInKind {
    /// IAM Identity Center, by an `sso-session`.
    Session {
        /// The section's name.
        name: String,
        /// The portal.
        start_url: String,
    },
    /// IAM Identity Center, by a portal that profiles name by themselves.
    Portal {
        /// The portal.
        start_url: String,
    },
    /// The console, by `aws login`: the AWS CLI makes it and keeps it, and Culvert can use it through a
    /// profile alone that asks the CLI for its credentials.
    Console {
        /// The ARN of the user or role that signs in.
        arn: String,
    },
    /// A role that is assumed with the code of an MFA device.
    Code {
        /// The role's ARN.
        role: String,
        /// The device: a serial number or an ARN.
        device: String,
    },
}

/// Lists the sign-ins that profiles need, each once, in the order of the first profile that needs it.
/// A profile whose role takes a code as well stands under both. Asks nobody.
pub async fn personal_sign_ins(
    list: &ProfileList,
    kept: &SignIns,
    now: SystemTime,
) -> Vec<PersonalSignIn> {
    let mut all: Vec<PersonalSignIn> = Vec::new();
    for profile in &list.profiles {
        let Some(path) = &profile.path else {
            continue;
        };
        if let Some(what) = login(&path.source)
            && !serve(&mut all, &what, profile)
        {
            let standing = kept.login_standing(&path.source, now).await;
            all.push(PersonalSignIn::new(what, profile, standing));
        }
        // Roles before it are kept when it is assumed.
        let with_code = path.roles.iter().rev().find_map(code);
        if let Some((role, what)) = with_code
            && !serve(&mut all, &what, profile)
            && let Some(standing) = kept.code_standing(role, now).await
        {
            let standing = Some(standing);
            all.push(PersonalSignIn::new(what, profile, standing));
        }
    }
    all
}

/// The profile that these credentials come from; `None` where they come from the system's keyring.
/// Without a name it is the one that `AWS_PROFILE` names, or `default`.
pub fn profile_of(credentials: &CredentialSource) -> Option<String> {
    match credentials {
        CredentialSource::Profile(name) => Some(name.clone()),
        CredentialSource::Keys(_) => None,
        CredentialSource::Chain => {
            let named = std::env::var("AWS_PROFILE").ok();
            let named = named.filter(|name| !name.is_empty());
            Some(named.unwrap_or_else(|| "default".to_owned()))
        }
    }
}

impl PersonalSignIn {
    fn new(what: PersonalSignInKind, profile: &ProfileInfo, standing: Option<Standing>) -> Self {
        Self {
            what,
            profiles: vec![profile.name.clone()],
            standing,
        }
    }
}

/// Adds a profile to a sign-in that is listed already; says whether it was.
fn serve(all: &mut [PersonalSignIn], what: &PersonalSignInKind, profile: &ProfileInfo) -> bool {
    let listed = all.iter_mut().find(|each| each.what == *what);
    listed
        .map(|each| each.profiles.push(profile.name.clone()))
        .is_some()
}

fn login(source: &Source) -> Option<PersonalSignInKind> {
    match source {
        Source::SsoSession {
            session, start_url, ..
        } => Some(PersonalSignInKind::Session {
            name: session.clone(),
            start_url: start_url.clone(),
        }),
        Source::SsoPortal { start_url, .. } => Some(PersonalSignInKind::Portal {
            start_url: start_url.clone(),
        }),
        Source::Console { login_session } => Some(PersonalSignInKind::Console {
            arn: login_session.clone(),
        }),
        Source::Keys { .. }
        | Source::Process { .. }
        | Source::WebIdentity { .. }
        | Source::Environment
        | Source::Instance
        | Source::Container => None,
    }
}

fn code(role: &Role) -> Option<(&Role, PersonalSignInKind)> {
    let device = role.mfa_serial.clone()?;
    let what = PersonalSignInKind::Code {
        role: role.arn.clone(),
        device,
    };
    Some((role, what))
}

#[cfg(test)]
mod tests {
    use aws_access::{CredentialPath, SignIn};

    use super::*;

    fn profile(name: &str, source: Source, roles: Vec<Role>) -> ProfileInfo {
        ProfileInfo {
            name: name.to_owned(),
            path: Some(CredentialPath {
                source,
                source_profile: name.to_owned(),
                roles,
            }),
            region: None,
            account: None,
            sign_in: SignIn::Profile(name.to_owned()),
            faults: Vec::new(),
        }
    }

    fn company() -> Source {
        Source::SsoSession {
            session: "company".to_owned(),
            start_url: "https://company.invalid/start".to_owned(),
            region: "eu-central-1".to_owned(),
            account: "111111111111".to_owned(),
            role: "reader".to_owned(),
        }
    }

    fn keys() -> Source {
        Source::Keys {
            temporary: false,
            account: None,
        }
    }

    fn role(mfa: Option<&str>) -> Role {
        Role {
            profile: "admin".to_owned(),
            arn: "arn:aws:iam::111111111111:role/admin".to_owned(),
            external_id: None,
            session_name: None,
            duration_seconds: None,
            mfa_serial: mfa.map(str::to_owned),
        }
    }

    async fn listed(profiles: Vec<ProfileInfo>) -> Vec<(String, Vec<String>)> {
        let list = ProfileList {
            profiles,
            faults: Vec::new(),
            config: "config".into(),
            credentials: "credentials".into(),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let kept = SignIns::in_folder(folder.path());
        let all = personal_sign_ins(&list, &kept, SystemTime::UNIX_EPOCH).await;
        all.into_iter()
            .map(|each| {
                let is_known = !matches!(each.what, PersonalSignInKind::Console { .. });
                assert_eq!(each.standing, is_known.then_some(Standing::Never));
                let what = match each.what {
                    PersonalSignInKind::Session { name, .. } => name,
                    PersonalSignInKind::Console { arn } => arn,
                    PersonalSignInKind::Portal { start_url } => start_url,
                    PersonalSignInKind::Code { device, .. } => device,
                };
                (what, each.profiles)
            })
            .collect()
    }

    #[tokio::test]
    async fn profiles_of_one_session_share_an_entry_and_what_needs_nobody_has_none() {
        let profiles = vec![
            profile("orders", company(), Vec::new()),
            profile("keys", keys(), Vec::new()),
            profile("ledger", company(), vec![role(None)]),
        ];
        let both = vec!["orders".to_owned(), "ledger".to_owned()];
        assert_eq!(listed(profiles).await, [("company".to_owned(), both)]);
    }

    #[tokio::test]
    async fn a_role_with_a_code_has_an_entry_of_its_own_beside_the_login_that_it_begins_with() {
        let profiles = vec![
            profile("admin", company(), vec![role(Some("mfa/alice"))]),
            profile("plain", keys(), vec![role(Some("mfa/bob")), role(None)]),
        ];
        let names = |name: &str| vec![name.to_owned()];
        assert_eq!(
            listed(profiles).await,
            [
                ("company".to_owned(), names("admin")),
                ("mfa/alice".to_owned(), names("admin")),
                ("mfa/bob".to_owned(), names("plain")),
            ]
        );
    }

    #[tokio::test]
    async fn a_sign_in_to_the_console_is_listed_though_only_the_aws_cli_makes_it() {
        let alice = "arn:aws:iam::111111111111:user/alice".to_owned();
        let console = || Source::Console {
            login_session: alice.clone(),
        };
        let profiles = vec![
            profile("console", console(), Vec::new()),
            profile("admin", console(), vec![role(None)]),
        ];
        let both = vec!["console".to_owned(), "admin".to_owned()];
        assert_eq!(listed(profiles).await, [(alice.clone(), both)]);
    }

    #[test]
    fn only_profiles_are_signed_in_for() {
        let keys = CredentialSource::Keys("work".to_owned());
        assert_eq!(profile_of(&keys), None);
        let named = CredentialSource::Profile("orders".to_owned());
        assert_eq!(profile_of(&named).as_deref(), Some("orders"));
    }
}
