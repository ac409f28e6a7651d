//! What the AWS config files say.

use std::borrow::Cow;

use aws_config::profile::ProfileSet;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use crate::AccessError;
use crate::sign_in::{self, SignIn};

/// The parts of the config files that are needed before any call.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    /// The profile's region.
    pub(crate) region: Option<String>,
    /// The profile's `ca_bundle`.
    pub(crate) ca_bundle: Option<String>,
    /// Whether the profile gets its credentials from IAM Identity Center.
    pub(crate) uses_sso: bool,
    /// The name of the profile, when one was asked for by settings or environment.
    pub(crate) name: Option<String>,
    /// Whether the profile sends KMS calls to a place of their own.
    pub(crate) kms_endpoint: bool,
}

/// Reads the files, and finds the profile that the settings or `AWS_PROFILE` name.
///
/// # Errors
/// [`AccessError::ConfigFiles`] for files that cannot be parsed,
/// [`AccessError::UnknownProfile`] when the named one is not there.
pub(crate) async fn read(
    files: &EnvConfigFiles,
    profile: Option<&str>,
) -> Result<Profiles, AccessError> {
    let chosen = profile.map(|name| Cow::Owned(name.to_owned()));
    let set = aws_config::profile::load(&Fs::real(), &Env::real(), files, chosen)
        .await
        .map_err(|error| AccessError::ConfigFiles {
            source: error.into(),
        })?;
    let named = profile
        .map(str::to_owned)
        .or_else(|| non_empty_env("AWS_PROFILE"));
    if let Some(name) = &named
        && set.get_profile(name).is_none()
    {
        let mut known: Vec<String> = set.profiles().map(str::to_owned).collect();
        known.sort_unstable();
        return Err(AccessError::UnknownProfile {
            profile: name.clone(),
            known,
        });
    }
    Ok(Profiles {
        region: set.get("region").map(str::to_owned),
        ca_bundle: set.get("ca_bundle").map(str::to_owned),
        uses_sso: match sign_in::of_profile(&set, set.selected_profile()) {
            SignIn::SsoSession(_) | SignIn::SsoPortal(_) => true,
            SignIn::Console(_) | SignIn::Profile(_) => false,
        },
        kms_endpoint: kms_endpoint(&set),
        name: named,
    })
}

/// Reads an environment variable; one that is set to nothing counts as not set.
pub(crate) fn non_empty_env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the profile's `services` section has an endpoint for KMS.
fn kms_endpoint(set: &ProfileSet) -> bool {
    use aws_runtime::env_config::property::PropertiesKey;
    let Some(services) = set.get("services") else {
        return false;
    };
    PropertiesKey::builder()
        .section_key("services")
        .section_name(services)
        .property_name("kms")
        .sub_property_name("endpoint_url")
        .build()
        .is_ok_and(|key| set.other_sections().get(&key).is_some())
}
