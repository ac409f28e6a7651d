//! Which address is chosen for each service, and who chose it.

use std::collections::BTreeMap;

use super::{EndpointUrl, Service, Suffixes};
use crate::profiles::Profiles;
use crate::variables::Variables;
use crate::{AccessError, AccessSettings};

/// Where each service is asked on behalf of one profile in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedEndpoints {
    region: String,
    suffixes: Suffixes,
    fips: bool,
    dual_stack: bool,
    chosen: BTreeMap<Service, Endpoint>,
}

/// Where a service is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub url: EndpointUrl,
    /// Who says so.
    pub origin: EndpointOrigin,
}

/// Who says where a service is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointOrigin {
    /// Nobody: it is AWS's own address.
    Aws,
    /// The settings.
    Settings,
    /// This environment variable.
    Variable(String),
    /// The profile, or the `services` section that it names.
    Profile,
}

impl ResolvedEndpoints {
    /// Chooses: the settings first, then the variables that are heard, then the profile.
    ///
    /// # Errors
    /// [`AccessError::InvalidEndpoint`] for an address that cannot be one, whoever wrote it.
    pub(crate) async fn of(
        region: &str,
        settings: &AccessSettings,
        profile: &Profiles,
        heard: &Variables,
    ) -> Result<Self, AccessError> {
        let suffixes = Suffixes::of(region).await;
        let given = &settings.endpoints;
        let fips = given
            .fips
            .or_else(|| heard.switch("AWS_USE_FIPS_ENDPOINT"))
            .or(profile.fips)
            .unwrap_or_default();
        let dual_stack = given
            .dual_stack
            .or_else(|| heard.switch("AWS_USE_DUALSTACK_ENDPOINT"))
            .or(profile.dual_stack)
            .unwrap_or_default();
        let mut chosen = BTreeMap::new();
        for service in Service::ALL {
            if let Some(endpoint) = choose(service, settings, profile, heard)? {
                chosen.insert(service, endpoint);
            }
        }
        for service in Service::ALL {
            let own = suffixes.url(service, region, fips, dual_stack);
            if let (false, Some(url)) = (chosen.contains_key(&service), own) {
                let origin = EndpointOrigin::Aws;
                chosen.insert(service, Endpoint { url, origin });
            }
        }
        Ok(Self {
            region: region.to_owned(),
            suffixes,
            fips,
            dual_stack,
            chosen,
        })
    }

    /// Where a service is asked. `None` only for AWS's own address in a region whose name
    /// can't be part of one.
    #[must_use]
    pub fn get(&self, service: Service) -> Option<&Endpoint> {
        self.chosen.get(&service)
    }

    /// The address that somebody chose instead of AWS's own.
    #[must_use]
    pub fn overridden(&self, service: Service) -> Option<&EndpointUrl> {
        self.get(service)
            .filter(|endpoint| match endpoint.origin {
                EndpointOrigin::Aws => false,
                EndpointOrigin::Settings
                | EndpointOrigin::Variable(_)
                | EndpointOrigin::Profile => true,
            })
            .map(|endpoint| &endpoint.url)
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether AWS's own endpoints are those with validated cryptography.
    #[must_use]
    pub const fn fips(&self) -> bool {
        self.fips
    }

    /// Whether AWS's own endpoints are those with IPv6 addresses.
    #[must_use]
    pub const fn dual_stack(&self) -> bool {
        self.dual_stack
    }

    pub(crate) const fn suffixes(&self) -> &Suffixes {
        &self.suffixes
    }
}

fn choose(
    service: Service,
    settings: &AccessSettings,
    profile: &Profiles,
    heard: &Variables,
) -> Result<Option<Endpoint>, AccessError> {
    let found = |text: &str, origin| {
        let url = EndpointUrl::parse(text)?;
        Ok(Some(Endpoint { url, origin }))
    };
    if let Some(url) = settings.endpoints.urls.get(&service) {
        let (url, origin) = (url.clone(), EndpointOrigin::Settings);
        return Ok(Some(Endpoint { url, origin }));
    }
    let one_for_all = settings.endpoint_url.as_deref();
    if let (Service::Ssm, Some(url)) = (service, one_for_all) {
        return found(url, EndpointOrigin::Settings);
    }
    let ignores = heard
        .switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .unwrap_or(profile.ignores_endpoint_urls);
    let own_variable = format!("AWS_ENDPOINT_URL_{}", service.name().to_ascii_uppercase());
    let variable = |name: &str| heard.get(name).filter(|_| !ignores);
    let in_services = profile.service_urls.get(&service).filter(|_| !ignores);
    // The simulator and the like are all services in one, unless one has a place of its own.
    // Elsewhere, the address of Systems Manager, such as that of a VPC endpoint, says nothing of
    // where the account's keys and databases are.
    let goes_along = match service {
        Service::Kms
        | Service::Ec2
        | Service::Sts
        | Service::Ecs
        | Service::Rds
        | Service::ElastiCache
        | Service::OpenSearch => {
            let url = one_for_all.and_then(|url| EndpointUrl::parse(url).ok());
            url.is_some_and(|url| url.is_loopback())
        }
        Service::Ssm | Service::SsmMessages | Service::Sso | Service::SsoOidc => false,
    };
    if let (true, Some(url)) = (goes_along, one_for_all)
        && variable(&own_variable).is_none()
        && in_services.is_none()
    {
        return found(url, EndpointOrigin::Settings);
    }
    // What names no service means those that the SDK knows. Of the gateway, the service itself
    // says where it is.
    let is_meant_by_all = service != Service::SsmMessages;
    let for_all = |name: &'static str| variable(name).filter(|_| is_meant_by_all);
    if let Some(text) = variable(&own_variable) {
        return found(&text, EndpointOrigin::Variable(own_variable));
    }
    if let Some(text) = for_all("AWS_ENDPOINT_URL") {
        return found(&text, EndpointOrigin::Variable("AWS_ENDPOINT_URL".into()));
    }
    if let Some(text) = in_services {
        return found(text, EndpointOrigin::Profile);
    }
    match &profile.endpoint_url {
        Some(text) if is_meant_by_all && !ignores => found(text, EndpointOrigin::Profile),
        Some(_) | None => Ok(None),
    }
}
