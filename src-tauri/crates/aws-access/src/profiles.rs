//! What the AWS config files say.

mod fault;
mod file_fault;
mod list;
pub(crate) mod path;
mod program;
pub(crate) mod regions;
mod scan;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use aws_config::profile::ProfileSet;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::property::PropertiesKey;
use aws_types::os_shim_internal::{Env, Fs};

use crate::variables::{Variables, switch};
use crate::{AccessError, Service};
pub use fault::{ProfileFault, Severity};
pub use file_fault::{FileFault, FileFaultKind};
pub use list::{ProfileInfo, ProfileList};
pub(crate) use list::{lacks_program, region_doubt};
pub use path::{CredentialPath, Role, Source};

/// The parts of the config files that are needed before any call.
#[derive(Default)]
pub(crate) struct Profiles {
    /// The profile's region.
    pub(crate) region: Option<String>,
    /// The profile's `ca_bundle`.
    pub(crate) ca_bundle: Option<String>,
    /// The name of the profile, when one was asked for by settings or environment.
    pub(crate) name: Option<String>,
    /// The profile's `endpoint_url`, for all services.
    pub(crate) endpoint_url: Option<String>,
    /// The addresses in the `services` section that the profile names.
    pub(crate) service_urls: BTreeMap<Service, String>,
    /// The profile's `ignore_configured_endpoint_urls`.
    pub(crate) ignores_endpoint_urls: bool,
    /// The profile's `use_fips_endpoint`.
    pub(crate) fips: Option<bool>,
    /// The profile's `use_dualstack_endpoint`.
    pub(crate) dual_stack: Option<bool>,
}

/// Leaves out addresses: somebody may have written a password into one.
impl fmt::Debug for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiles")
            .field("name", &self.name)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// Reads the files, and finds the profile that the settings or `AWS_PROFILE` name.
///
/// # Errors
/// [`AccessError::ConfigFiles`] for files that cannot be parsed,
/// [`AccessError::UnknownProfile`] when the named one is not there.
pub(crate) async fn read(
    files: &EnvConfigFiles,
    profile: Option<&str>,
    heard: &Variables,
) -> Result<Profiles, AccessError> {
    let named = profile
        .map(str::to_owned)
        .or_else(|| heard.get("AWS_PROFILE"));
    let chosen = Some(named.clone().map_or("default".into(), Cow::Owned));
    let set = aws_config::profile::load(&Fs::real(), &Env::real(), files, chosen)
        .await
        .map_err(|error| AccessError::ConfigFiles {
            source: error.into(),
            because: None,
        })?;
    if let Some(name) = &named
        && set.get_profile(name).is_none()
    {
        return Err(unknown(&set, name, profile.is_none()));
    }
    Ok(Profiles {
        region: set.get("region").map(str::to_owned),
        ca_bundle: set.get("ca_bundle").map(str::to_owned),
        endpoint_url: set.get("endpoint_url").map(str::to_owned),
        service_urls: set
            .get("services")
            .map(|section| service_urls(&set, section))
            .unwrap_or_default(),
        ignores_endpoint_urls: switched(&set, "ignore_configured_endpoint_urls")
            .unwrap_or_default(),
        fips: switched(&set, "use_fips_endpoint"),
        dual_stack: switched(&set, "use_dualstack_endpoint"),
        name: named,
    })
}

/// That the files have no such profile, and which they have.
pub(crate) fn unknown(set: &ProfileSet, name: &str, by_environment: bool) -> AccessError {
    let mut known: Vec<String> = set.profiles().map(str::to_owned).collect();
    known.sort_unstable();
    AccessError::UnknownProfile {
        profile: name.to_owned(),
        known,
        by_environment,
        because: None,
    }
}

fn switched(set: &ProfileSet, key: &str) -> Option<bool> {
    switch(key, set.get(key)?)
}

/// What a `services` section says of addresses.
fn service_urls(set: &ProfileSet, section: &str) -> BTreeMap<Service, String> {
    let url = |service: Service| {
        let key = PropertiesKey::builder()
            .section_key("services")
            .section_name(section)
            .property_name(service.name())
            .sub_property_name("endpoint_url")
            .build()
            .ok()?;
        set.other_sections().get(&key).cloned()
    };
    Service::ALL
        .into_iter()
        .filter_map(|service| Some((service, url(service)?)))
        .collect()
}
