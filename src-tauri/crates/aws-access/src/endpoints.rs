//! Where the services of AWS are asked.

mod own;
mod resolved;
mod stream;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use crate::AccessError;

pub(crate) use own::Suffixes;
pub use resolved::{Endpoint, EndpointOrigin, ResolvedEndpoints};
pub use stream::{StreamUrl, StreamUrlFault};
use written::without_userinfo;
pub use written::{NamedInAddress, WrittenAddress};

/// A service of AWS that Culvert talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Systems Manager: sessions, managed nodes.
    Ssm,
    /// The gateway of Session Manager, to which the data channels go.
    SsmMessages,
    /// Key Management Service: the keys of encrypted sessions.
    Kms,
    /// Elastic Compute Cloud: names and tags of instances.
    Ec2,
    /// Security Token Service: roles, and whose credentials these are.
    Sts,
    /// Elastic Container Service: tasks.
    Ecs,
    /// Relational Database Service: databases.
    Rds,
    /// ElastiCache: caches.
    ElastiCache,
    /// OpenSearch Service: domains.
    OpenSearch,
    /// The portal of IAM Identity Center, which hands out credentials of roles.
    Sso,
    /// The sign-in of IAM Identity Center.
    SsoOidc,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Ssm,
        Self::SsmMessages,
        Self::Kms,
        Self::Ec2,
        Self::Sts,
        Self::Ecs,
        Self::Rds,
        Self::ElastiCache,
        Self::OpenSearch,
        Self::Sso,
        Self::SsoOidc,
    ];

    /// The name in settings and on the command line: that of the `services` section of the AWS
    /// config file, and in capitals that of `AWS_ENDPOINT_URL_…` (AWS SDKs and Tools Reference
    /// Guide, "Service-specific endpoints"). `ssmmessages`, of which that guide knows nothing,
    /// has its name by analogy.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ssm => "ssm",
            Self::SsmMessages => "ssmmessages",
            Self::Kms => "kms",
            Self::Ec2 => "ec2",
            Self::Sts => "sts",
            Self::Ecs => "ecs",
            Self::Rds => "rds",
            Self::ElastiCache => "elasticache",
            Self::OpenSearch => "opensearch",
            Self::Sso => "sso",
            Self::SsoOidc => "sso_oidc",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no such service, or none that Culvert talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownService;

impl fmt::Display for UnknownService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Service::ALL.map(Service::name).join(", ");
        write!(f, "the service is one of {names}")
    }
}

impl std::error::Error for UnknownService {}

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|service| service.name() == text)
            .ok_or(UnknownService)
    }
}

/// The address of a service: an http or https URL without user, password, query and fragment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AccessError::InvalidEndpoint`], which says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, AccessError> {
        let invalid = |reason: &str| AccessError::InvalidEndpoint {
            endpoint: without_userinfo(text),
            reason: reason.to_owned(),
        };
        let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("it must begin with https:// or http://"));
        }
        if url.host().is_none() {
            return Err(invalid("it names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must not have a query"));
        }
        Ok(Self(url))
    }

    /// The address without a slash at its end, which a path follows.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The address as a URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EndpointUrl {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Whether a URL's host is this machine: an address of loopback, or `localhost` and what is
/// under it (RFC 6761, section 6.3).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Where services are asked, as settings have it. Default: where the profile says, or AWS's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// Addresses instead of AWS's own, such as those of VPC endpoints.
    ///
    /// That of [`Service::SsmMessages`] takes the place of host and port in the address that
    /// the service gives for a data channel.
    pub urls: BTreeMap<Service, EndpointUrl>,
    /// Whether to use AWS's endpoints with validated cryptography (FIPS 140). `None`: what the
    /// profile says in `use_fips_endpoint`, or no. An address in [`urls`](Self::urls) stays.
    pub fips: Option<bool>,
    /// Whether to use AWS's endpoints that have IPv6 addresses beside those of IPv4. `None`:
    /// what the profile says in `use_dualstack_endpoint`, or no.
    pub dual_stack: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_is_known_by_its_name() {
        for service in Service::ALL {
            assert_eq!(service.name().parse(), Ok(service));
        }
        let error = "s3".parse::<Service>().unwrap_err();
        assert!(error.to_string().contains("ssmmessages"), "{error}");
    }

    #[test]
    fn an_address_is_kept_as_it_was_written_but_for_its_last_slash() {
        for (written, kept) in [
            ("https://ssm.example", "https://ssm.example"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            (
                "https://gateway.example/ssm/",
                "https://gateway.example/ssm",
            ),
        ] {
            assert_eq!(EndpointUrl::parse(written).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_address_of_a_service_is_refused() {
        for text in [
            "",
            "ssm.example",
            "ftp://h",
            "http://",
            "https://h/?x=1",
            "https://h/#x",
            "https://alice:planted-secret@h",
            "http://planted-secret@h",
            "alice:planted-secret@h",
        ] {
            let error = EndpointUrl::parse(text).unwrap_err();
            assert_eq!(error.code(), "invalid-endpoint", "{text}");
            assert!(!error.what().contains("planted"), "{}", error.what());
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for here in [
            "http://127.0.0.1:1",
            "http://[::1]",
            "https://localhost",
            "https://a.localhost",
        ] {
            assert!(EndpointUrl::parse(here).unwrap().is_loopback(), "{here}");
        }
        for there in [
            "http://10.0.0.1",
            "https://localhost.example",
            "https://[fd00::1]",
        ] {
            assert!(!EndpointUrl::parse(there).unwrap().is_loopback(), "{there}");
        }
    }
}
