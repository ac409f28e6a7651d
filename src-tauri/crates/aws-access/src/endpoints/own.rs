//! AWS's own addresses, from what the SDK knows of AWS's partitions.

use aws_sdk_ssm::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use url::Url;

use super::{EndpointUrl, Service};

/// What follows the region in the names of a partition's hosts.
///
/// The SDK keeps its table of partitions to itself, but has to answer for the address of SSM,
/// which is `ssm.REGION.SUFFIX` everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suffixes {
    /// Such as `amazonaws.com`, or `amazonaws.com.cn` in China.
    pub(crate) dns: String,
    /// Such as `api.aws`, where IPv6 addresses are; some partitions have none.
    pub(crate) dual_stack: Option<String>,
}

impl Suffixes {
    /// Finds those of a region's partition. A region that the SDK does not know yet belongs to
    /// the partition that its name tells, or to AWS's first one.
    pub(crate) async fn of(region: &str) -> Self {
        Self {
            dns: suffix(region, false)
                .await
                .unwrap_or_else(|| "amazonaws.com".to_owned()),
            dual_stack: suffix(region, true).await,
        }
    }

    /// AWS's own address of a service.
    ///
    /// Names as in AWS General Reference, "Service endpoints and quotas". Where there is no
    /// such endpoint the name has no address, and the call says so.
    pub(crate) fn url(
        &self,
        service: Service,
        region: &str,
        fips: bool,
        dual_stack: bool,
    ) -> Option<EndpointUrl> {
        let name = match service {
            Service::Ssm => "ssm",
            Service::SsmMessages => "ssmmessages",
            Service::Kms => "kms",
            Service::Ec2 => "ec2",
            Service::Sts => "sts",
            Service::Ecs => "ecs",
            Service::Rds => "rds",
            Service::ElastiCache => "elasticache",
            Service::OpenSearch => "es",
            Service::Sso => "portal.sso",
            Service::SsoOidc => "oidc",
        };
        let suffix = match &self.dual_stack {
            Some(suffix) if dual_stack => suffix,
            Some(_) | None => &self.dns,
        };
        // In GovCloud the plain endpoints are the validated ones, but for KMS and SSM messages; of
        // those with IPv6 the names say which are.
        let is_validated = region.starts_with("us-gov-")
            && !(dual_stack && self.dual_stack.is_some())
            && match service {
                Service::Ssm
                | Service::Ec2
                | Service::Sts
                | Service::Rds
                | Service::ElastiCache
                | Service::Sso
                | Service::SsoOidc => true,
                Service::SsmMessages | Service::Kms | Service::Ecs | Service::OpenSearch => false,
            };
        let fips = if fips && !is_validated { "-fips" } else { "" };
        EndpointUrl::parse(&format!("https://{name}{fips}.{region}.{suffix}")).ok()
    }
}

async fn suffix(region: &str, dual_stack: bool) -> Option<String> {
    let params = Params::builder()
        .region(region)
        .use_fips(false)
        .use_dual_stack(dual_stack)
        .build()
        .ok()?;
    let endpoint = DefaultResolver::new()
        .resolve_endpoint(&params)
        .await
        .ok()?;
    let url = Url::parse(endpoint.url()).ok()?;
    let rest = url.host_str()?.strip_prefix("ssm.")?;
    let suffix = rest.strip_prefix(region)?.strip_prefix('.')?;
    Some(suffix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_partition_has_its_suffixes() {
        for (region, dns, dual_stack) in [
            ("eu-central-1", "amazonaws.com", Some("api.aws")),
            ("us-gov-west-1", "amazonaws.com", Some("api.aws")),
            (
                "cn-north-1",
                "amazonaws.com.cn",
                Some("api.amazonwebservices.com.cn"),
            ),
            ("us-iso-east-1", "c2s.ic.gov", Some("api.aws.ic.gov")),
            ("us-isob-east-1", "sc2s.sgov.gov", Some("api.aws.scloud")),
            (
                "eusc-de-east-1",
                "amazonaws.eu",
                Some("api.amazonwebservices.eu"),
            ),
            // One that does not exist yet.
            ("eu-north-9", "amazonaws.com", Some("api.aws")),
        ] {
            let suffixes = Suffixes::of(region).await;
            assert_eq!(suffixes.dns, dns, "{region}");
            assert_eq!(suffixes.dual_stack.as_deref(), dual_stack, "{region}");
        }
    }

    #[tokio::test]
    async fn addresses_are_those_of_awss_reference() {
        for (service, region, fips, dual_stack, expected) in [
            (
                Service::Ec2,
                "eu-central-1",
                false,
                false,
                "https://ec2.eu-central-1.amazonaws.com",
            ),
            (
                Service::Ec2,
                "us-east-1",
                true,
                false,
                "https://ec2-fips.us-east-1.amazonaws.com",
            ),
            (
                Service::Ec2,
                "us-east-1",
                false,
                true,
                "https://ec2.us-east-1.api.aws",
            ),
            (
                Service::Ec2,
                "us-gov-west-1",
                true,
                false,
                "https://ec2.us-gov-west-1.amazonaws.com",
            ),
            (
                Service::SsmMessages,
                "us-east-2",
                true,
                false,
                "https://ssmmessages-fips.us-east-2.amazonaws.com",
            ),
            (
                Service::SsmMessages,
                "cn-north-1",
                false,
                false,
                "https://ssmmessages.cn-north-1.amazonaws.com.cn",
            ),
            (
                Service::Kms,
                "us-gov-east-1",
                true,
                false,
                "https://kms-fips.us-gov-east-1.amazonaws.com",
            ),
            (
                Service::Sso,
                "eu-west-1",
                false,
                false,
                "https://portal.sso.eu-west-1.amazonaws.com",
            ),
            (
                Service::SsoOidc,
                "eu-west-1",
                false,
                false,
                "https://oidc.eu-west-1.amazonaws.com",
            ),
            (
                Service::OpenSearch,
                "eu-west-1",
                false,
                false,
                "https://es.eu-west-1.amazonaws.com",
            ),
        ] {
            let url = Suffixes::of(region)
                .await
                .url(service, region, fips, dual_stack);
            assert_eq!(url.unwrap().as_str(), expected);
        }
    }

    /// Of the gateway no SDK knows anything, so each name has its source:
    ///
    /// * without FIPS and dual-stack: API reference of StartSession, `StreamUrl`;
    /// * FIPS: Systems Manager User Guide, "Working with SSM Agent", "Configuring SSM Agent for use with
    ///   the Federal Information Processing Standard", with these regions (2026-12-01);
    /// * FIPS in GovCloud: amazon-ssm-agent issue #558, of an agent that reports there;
    /// * dual-stack: `TestResolveSSMMessagesDualStackEndpoint` of amazon-ecs-agent
    ///   (`ecs-agent/utils/endpoints`), by which AWS's own agent finds it (2026-12-01);
    /// * both: the pattern of the partition for all services (botocore, `endpoints.json`, `variants`
    ///   with the tags `dualstack` and `fips`).
    #[tokio::test]
    async fn the_gateways_names_are_those_that_aws_has_written_somewhere() {
        let documented = [
            (
                "eu-central-1",
                false,
                false,
                "ssmmessages.eu-central-1.amazonaws.com",
            ),
            (
                "cn-north-1",
                false,
                false,
                "ssmmessages.cn-north-1.amazonaws.com.cn",
            ),
            (
                "us-gov-west-1",
                false,
                false,
                "ssmmessages.us-gov-west-1.amazonaws.com",
            ),
            (
                "us-east-1",
                true,
                false,
                "ssmmessages-fips.us-east-1.amazonaws.com",
            ),
            (
                "us-east-2",
                true,
                false,
                "ssmmessages-fips.us-east-2.amazonaws.com",
            ),
            (
                "us-west-1",
                true,
                false,
                "ssmmessages-fips.us-west-1.amazonaws.com",
            ),
            (
                "us-west-2",
                true,
                false,
                "ssmmessages-fips.us-west-2.amazonaws.com",
            ),
            (
                "ca-west-1",
                true,
                false,
                "ssmmessages-fips.ca-west-1.amazonaws.com",
            ),
            (
                "us-gov-east-1",
                true,
                false,
                "ssmmessages-fips.us-gov-east-1.amazonaws.com",
            ),
            ("us-east-1", false, true, "ssmmessages.us-east-1.api.aws"),
            ("us-west-2", false, true, "ssmmessages.us-west-2.api.aws"),
            ("eu-west-1", false, true, "ssmmessages.eu-west-1.api.aws"),
            (
                "ap-northeast-1",
                false,
                true,
                "ssmmessages.ap-northeast-1.api.aws",
            ),
            ("sa-east-1", false, true, "ssmmessages.sa-east-1.api.aws"),
            (
                "cn-north-1",
                false,
                true,
                "ssmmessages.cn-north-1.api.amazonwebservices.com.cn",
            ),
            (
                "cn-northwest-1",
                false,
                true,
                "ssmmessages.cn-northwest-1.api.amazonwebservices.com.cn",
            ),
            (
                "us-gov-west-1",
                false,
                true,
                "ssmmessages.us-gov-west-1.api.aws",
            ),
            (
                "us-gov-east-1",
                false,
                true,
                "ssmmessages.us-gov-east-1.api.aws",
            ),
            (
                "us-east-1",
                true,
                true,
                "ssmmessages-fips.us-east-1.api.aws",
            ),
            (
                "us-gov-west-1",
                true,
                true,
                "ssmmessages-fips.us-gov-west-1.api.aws",
            ),
        ];
        for (region, fips, dual_stack, host) in documented {
            let suffixes = Suffixes::of(region).await;
            let url = suffixes.url(Service::SsmMessages, region, fips, dual_stack);
            let url = url.unwrap();
            assert_eq!(
                url.url().host_str(),
                Some(host),
                "{region} {fips} {dual_stack}"
            );
        }
    }

    /// Ours are written beside the SDK's: they must say the same of what both know.
    #[tokio::test]
    async fn the_sdk_has_the_same_addresses_for_ssm() {
        for region in ["eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1"] {
            for (fips, dual_stack) in [(false, false), (true, false), (false, true), (true, true)] {
                let params = Params::builder()
                    .region(region)
                    .use_fips(fips)
                    .use_dual_stack(dual_stack)
                    .build()
                    .unwrap();
                let resolver = DefaultResolver::new();
                let theirs = resolver.resolve_endpoint(&params).await.unwrap();
                let ours = Suffixes::of(region)
                    .await
                    .url(Service::Ssm, region, fips, dual_stack);
                assert_eq!(
                    ours.unwrap().as_str(),
                    theirs.url(),
                    "{region} {fips} {dual_stack}"
                );
            }
        }
    }
}
