//! In which region calls are made.

use crate::profiles::Profiles;
use crate::variables::Variables;
use crate::{AccessError, AccessSettings};

/// Finds the region without asking the network for it.
pub(super) fn region(
    settings: &AccessSettings,
    profiles: &Profiles,
    environment: &Variables,
) -> Result<String, AccessError> {
    let variable = || {
        environment
            .get("AWS_REGION")
            .or_else(|| environment.get("AWS_DEFAULT_REGION"))
    };
    let of_profile = || profiles.region.clone();
    let found = match &settings.region {
        Some(region) => Some(region.clone()),
        // Without any region nothing would work at all, so the variable is better than none.
        None if settings.is_pinned() => of_profile().or_else(variable),
        None => variable().or_else(of_profile),
    };
    let region = found.ok_or_else(|| AccessError::RegionMissing {
        profile: profiles.name.clone(),
        besides: None,
    })?;
    checked_region(region)
}

/// Refuses what is no region. It becomes a label of a host's name (RFC 1123, section 2.1), so
/// anything else would send requests somewhere unforeseen.
pub(crate) fn checked_region(region: String) -> Result<String, AccessError> {
    let label = !region.is_empty()
        && region.len() <= 63
        && region
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !region.starts_with('-')
        && !region.ends_with('-');
    if label {
        Ok(region)
    } else {
        Err(AccessError::InvalidRegion { region })
    }
}
