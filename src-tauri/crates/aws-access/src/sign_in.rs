//! Which profiles share a sign-in.

use std::borrow::Cow;

use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use crate::profiles::{CredentialPath, Source, path};

/// What a person signs in to, so that profiles can call AWS. Profiles with the same one need
/// one sign-in between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SignIn {
    /// An `sso-session` of the config file: its login is kept under its name.
    SsoSession(String),
    /// A portal of IAM Identity Center that profiles name by themselves: its login is kept
    /// under its address.
    SsoPortal(String),
    /// A console login (`login_session`), kept under the user's or role's ARN.
    Console(String),
    /// Keys of the system's keyring, by their name.
    Keys(String),
    /// Nothing that is shared: the keys, the process or the role of this profile.
    Profile(String),
}

/// Says what the profile needs a person to sign in to; without one, what `AWS_PROFILE` or the
/// default profile does.
///
/// Reads the config files, anew each time, and asks nobody. Where they cannot be read, each
/// profile is on its own.
pub async fn sign_in(profile: Option<&str>) -> SignIn {
    sign_in_from(&EnvConfigFiles::default(), profile).await
}

pub(crate) async fn sign_in_from(files: &EnvConfigFiles, profile: Option<&str>) -> SignIn {
    let chosen = profile.map(|name| Cow::Owned(name.to_owned()));
    match aws_config::profile::load(&Fs::real(), &Env::real(), files, chosen).await {
        Ok(set) => {
            let name = set.selected_profile();
            of_path(path::of_profile(&set, name).ok().as_ref(), name)
        }
        Err(_) => SignIn::Profile(profile.unwrap_or("default").to_owned()),
    }
}

/// A role's credentials come from those of its source profile, so an expired login there is an
/// expired login here. A profile that leads nowhere is on its own.
pub(crate) fn of_path(path: Option<&CredentialPath>, name: &str) -> SignIn {
    let Some(path) = path else {
        return SignIn::Profile(name.to_owned());
    };
    match &path.source {
        Source::SsoSession { session, .. } => SignIn::SsoSession(session.clone()),
        Source::SsoPortal { start_url, .. } => SignIn::SsoPortal(start_url.clone()),
        Source::Console { login_session } => SignIn::Console(login_session.clone()),
        Source::Keys { .. }
        | Source::Process { .. }
        | Source::WebIdentity { .. }
        | Source::Environment
        | Source::Instance
        | Source::Container => SignIn::Profile(path.source_profile.clone()),
    }
}

#[cfg(test)]
mod tests {
    use aws_runtime::env_config::file::EnvConfigFileKind;

    use super::*;

    const CONFIG: &str = "\
[sso-session company]
sso_region = eu-central-1
sso_start_url = https://company.invalid/start
[profile orders]
sso_session = company
sso_account_id = 111111111111
sso_role_name = reader
[profile ledger]
sso_session = company
sso_account_id = 222222222222
sso_role_name = writer
[profile admin]
role_arn = arn:aws:iam::222222222222:role/admin
source_profile = ledger
[profile old-a]
sso_start_url = https://old.invalid/start
sso_region = eu-central-1
sso_account_id = 333333333333
sso_role_name = reader
[profile old-b]
sso_start_url = https://old.invalid/start
sso_region = eu-west-1
sso_account_id = 333333333333
sso_role_name = reader
[profile console]
login_session = arn:aws:iam::111111111111:user/alice
[profile keys]
aws_access_key_id = a
aws_secret_access_key = b
[profile keys-role]
role_arn = arn:aws:iam::222222222222:role/admin
source_profile = keys
[profile both]
source_profile = ledger
aws_access_key_id = a
aws_secret_access_key = b
[profile loop-a]
source_profile = loop-b
[profile loop-b]
source_profile = loop-a
";

    async fn of(profile: &str) -> SignIn {
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, CONFIG)
            .build();
        sign_in_from(&files, Some(profile)).await
    }

    #[tokio::test]
    async fn profiles_of_one_sso_session_share_its_login_and_so_do_roles_behind_them() {
        let company = SignIn::SsoSession("company".to_owned());
        for profile in ["orders", "ledger", "admin"] {
            assert_eq!(of(profile).await, company, "{profile}");
        }
    }

    #[tokio::test]
    async fn profiles_that_name_one_portal_share_its_login() {
        assert_eq!(of("old-a").await, of("old-b").await);
        assert_ne!(of("old-a").await, of("orders").await);
    }

    #[tokio::test]
    async fn what_is_not_shared_is_told_by_the_profile_at_the_end_of_the_chain() {
        let keys = SignIn::Profile("keys".to_owned());
        assert_eq!(of("keys").await, keys);
        assert_eq!(of("keys-role").await, keys);
        // A source profile counts for roles alone.
        assert_eq!(of("both").await, SignIn::Profile("both".to_owned()));
        assert_eq!(of("nobody").await, SignIn::Profile("nobody".to_owned()));
        let alice = "arn:aws:iam::111111111111:user/alice".to_owned();
        assert_eq!(of("console").await, SignIn::Console(alice));
    }

    #[tokio::test]
    async fn a_loop_of_sources_has_an_end() {
        assert!(matches!(of("loop-a").await, SignIn::Profile(_)));
    }

    #[tokio::test]
    async fn files_that_cannot_be_read_share_nothing() {
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, "[profile p\nnot a config file")
            .build();
        let of = async |name| sign_in_from(&files, Some(name)).await;
        assert_eq!(of("p").await, SignIn::Profile("p".to_owned()));
        assert_ne!(of("p").await, of("q").await);
    }
}
