//! Where a data channel may go.

use std::fmt;

use url::{Host, Url};

use super::{EndpointUrl, ResolvedEndpoints, Service, is_loopback};

/// The gateway's first label, and the one of its endpoints with validated cryptography (AWS
/// General Reference, "AWS Systems Manager endpoints and quotas").
const GATEWAYS: [&str; 2] = ["ssmmessages", "ssmmessages-fips"];

/// The address of a data channel to which a token may be sent.
///
/// Made by [`ResolvedEndpoints::stream_url`] alone. Its query may hold a signature, so it does
/// not show in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamUrl(Url);

impl StreamUrl {
    /// The address.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for StreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host) = (self.0.scheme(), self.0.host_str().unwrap_or_default());
        match self.0.port() {
            Some(port) => write!(f, "StreamUrl({scheme}://{host}:{port}/…)"),
            None => write!(f, "StreamUrl({scheme}://{host}/…)"),
        }
    }
}

/// Why an address is none for a data channel. Its text holds nothing of the address but the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamUrlFault {
    /// It is no address at all, or none of a WebSocket.
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// It would send the token in the clear to another machine.
    InTheClear {
        /// The host.
        host: String,
    },
    /// It leads to a host that is neither the service's nor one that was set.
    Stranger {
        /// The host, with its port if it is an unusual one.
        host: String,
    },
}

impl fmt::Display for StreamUrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { reason } => f.write_str(reason),
            Self::InTheClear { host } => write!(f, "only wss:// is secure on the way to {host}"),
            Self::Stranger { host } => write!(f, "{host} is no host of Session Manager"),
        }
    }
}

impl std::error::Error for StreamUrlFault {}

impl ResolvedEndpoints {
    /// Checks the address that the service has given for a data channel.
    ///
    /// Whoever gets the token has the session, and whoever can answer in place of the service
    /// can name any address. So a data channel goes to nobody but
    ///
    /// * the host that was set for `ssmmessages`, which takes the place of the one given;
    /// * `ssmmessages` or `ssmmessages-fips` in this region, by the suffixes of its partition,
    ///   and VPC endpoints of it (`vpce-….ssmmessages.REGION.vpce.SUFFIX`), over TLS, port 443;
    /// * this machine, when SSM's endpoint is on this machine.
    ///
    /// Where endpoints with validated cryptography are asked for and the service names its plain
    /// host, `ssmmessages-fips` takes its place: which of the two the API answers with is not
    /// documented, and a promise of validated cryptography must not hang on it.
    ///
    /// # Errors
    /// [`StreamUrlFault`]
    pub fn stream_url(&self, given: &str) -> Result<StreamUrl, StreamUrlFault> {
        let malformed = |reason: &str| StreamUrlFault::Malformed {
            reason: reason.to_owned(),
        };
        let url = Url::parse(given).map_err(|error| malformed(&error.to_string()))?;
        if !matches!(url.scheme(), "wss" | "ws") {
            return Err(malformed("it does not begin with wss://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(malformed("it holds a user name or password"));
        }
        if url.host().is_none() {
            return Err(malformed("it names no host"));
        }
        if let Some(instead) = self.overridden(Service::SsmMessages) {
            return replaced(&url, instead);
        }
        let here = self
            .get(Service::Ssm)
            .is_some_and(|ssm| is_this_machine(ssm.url.url()));
        if here && is_loopback(&url) {
            return Ok(StreamUrl(url));
        }
        if !self.is_gateway(&url) {
            return Err(StreamUrlFault::Stranger { host: host(&url) });
        }
        if url.scheme() != "wss" {
            return Err(StreamUrlFault::InTheClear { host: host(&url) });
        }
        match self.validated(&url) {
            Some(instead) => replaced(&url, &instead),
            None => Ok(StreamUrl(url)),
        }
    }

    /// The service's host with validated cryptography, if that is asked for and the address is
    /// its plain one.
    fn validated(&self, url: &Url) -> Option<EndpointUrl> {
        if !self.fips() {
            return None;
        }
        let [plain, validated] = GATEWAYS;
        let rest = url.host_str()?.strip_prefix(plain)?.strip_prefix('.')?;
        EndpointUrl::parse(&format!("https://{validated}.{rest}")).ok()
    }

    /// Whether it is the service's own host, to the letter: a name with a dot at its end, or
    /// a port of its own, is nothing that the service says.
    fn is_gateway(&self, url: &Url) -> bool {
        let (Some(Host::Domain(name)), None) = (url.host(), url.port()) else {
            return false;
        };
        let region = self.region();
        let suffixes = self.suffixes();
        let both = std::iter::once(&suffixes.dns).chain(&suffixes.dual_stack);
        let mut own =
            both.flat_map(|suffix| GATEWAYS.map(|gateway| format!("{gateway}.{region}.{suffix}")));
        own.any(|expected| name == expected) || self.is_vpc_endpoint(name)
    }

    fn is_vpc_endpoint(&self, name: &str) -> bool {
        let Some((id, rest)) = name.split_once('.') else {
            return false;
        };
        let (region, suffix) = (self.region(), &self.suffixes().dns);
        id.strip_prefix("vpce-").is_some_and(|id| !id.is_empty())
            && GATEWAYS
                .iter()
                .any(|gateway| rest == format!("{gateway}.{region}.vpce.{suffix}"))
    }
}

/// The address with the host, the port and the security of another.
fn replaced(given: &Url, instead: &EndpointUrl) -> Result<StreamUrl, StreamUrlFault> {
    let scheme = match instead.url().scheme() {
        "https" => "wss",
        _ if instead.is_loopback() => "ws",
        _ => {
            let host = host(instead.url());
            return Err(StreamUrlFault::InTheClear { host });
        }
    };
    let authority = host(instead.url());
    let query = given.query().map(|query| format!("?{query}"));
    let text = format!(
        "{scheme}://{authority}{}{}",
        given.path(),
        query.unwrap_or_default()
    );
    Url::parse(&text)
        .map(StreamUrl)
        .map_err(|error| StreamUrlFault::Malformed {
            reason: error.to_string(),
        })
}

/// What reaches this machine when it is connected to: loopback, and the address that stands for
/// all of its own.
fn is_this_machine(url: &Url) -> bool {
    is_loopback(url)
        || match url.host() {
            Some(Host::Ipv4(address)) => address.is_unspecified(),
            Some(Host::Ipv6(address)) => address.is_unspecified(),
            Some(Host::Domain(_)) | None => false,
        }
}

/// Host and port as a URL writes them.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Profiles;
    use crate::variables::Variables;
    use crate::{AccessSettings, Endpoints};

    const PATH: &str = "/v1/data-channel/alice-0123?role=publish_subscribe&cell-number=AAE%2B";

    async fn endpoints(region: &str, urls: &[(Service, &str)]) -> ResolvedEndpoints {
        let urls = urls
            .iter()
            .map(|(service, url)| (*service, EndpointUrl::parse(url).unwrap()));
        let settings = AccessSettings {
            endpoints: Endpoints {
                urls: urls.collect(),
                ..Endpoints::default()
            },
            ..AccessSettings::default()
        };
        ResolvedEndpoints::of(region, &settings, &Profiles::default(), &Variables::none())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_services_own_hosts_are_accepted_in_each_partition() {
        for (region, host) in [
            ("eu-central-1", "ssmmessages.eu-central-1.amazonaws.com"),
            ("us-east-2", "ssmmessages-fips.us-east-2.amazonaws.com"),
            ("us-east-2", "ssmmessages.us-east-2.api.aws"),
            ("us-east-2", "ssmmessages-fips.us-east-2.api.aws"),
            ("us-gov-west-1", "ssmmessages.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "ssmmessages.cn-north-1.amazonaws.com.cn"),
            (
                "cn-north-1",
                "ssmmessages.cn-north-1.api.amazonwebservices.com.cn",
            ),
            ("us-iso-east-1", "ssmmessages.us-iso-east-1.c2s.ic.gov"),
            ("eusc-de-east-1", "ssmmessages.eusc-de-east-1.amazonaws.eu"),
            (
                "eu-central-1",
                "vpce-0123456789abcdef0-abcdefgh.ssmmessages.eu-central-1.vpce.amazonaws.com",
            ),
            (
                "cn-north-1",
                "vpce-0a-1b-cn-north-1a.ssmmessages.cn-north-1.vpce.amazonaws.com.cn",
            ),
            // Case is nothing in a name, and 443 is what wss means.
            ("eu-central-1", "SSMMESSAGES.eu-central-1.AmazonAWS.com"),
            ("eu-central-1", "ssmmessages.eu-central-1.amazonaws.com:443"),
        ] {
            let given = format!("wss://{host}{PATH}");
            let url = endpoints(region, &[]).await.stream_url(&given).unwrap();
            assert!(url.url().as_str().ends_with(PATH), "{url:?}");
            assert!(!format!("{url:?}").contains("cell-number"), "{url:?}");
        }
    }

    #[tokio::test]
    async fn where_validated_cryptography_is_asked_for_the_plain_host_is_replaced() {
        let with = async |region: &str, fips: bool| {
            let settings = AccessSettings {
                endpoints: Endpoints {
                    fips: Some(fips),
                    ..Endpoints::default()
                },
                ..AccessSettings::default()
            };
            ResolvedEndpoints::of(region, &settings, &Profiles::default(), &Variables::none())
                .await
                .unwrap()
        };
        let vpc = "vpce-0a-1b.ssmmessages.us-east-2.vpce.amazonaws.com";
        for (region, given, expected) in [
            (
                "us-east-2",
                "ssmmessages.us-east-2.amazonaws.com",
                "ssmmessages-fips.us-east-2.amazonaws.com",
            ),
            (
                "us-east-2",
                "ssmmessages.us-east-2.api.aws",
                "ssmmessages-fips.us-east-2.api.aws",
            ),
            (
                "us-gov-west-1",
                "ssmmessages.us-gov-west-1.amazonaws.com",
                "ssmmessages-fips.us-gov-west-1.amazonaws.com",
            ),
            (
                "us-east-2",
                "ssmmessages-fips.us-east-2.amazonaws.com",
                "ssmmessages-fips.us-east-2.amazonaws.com",
            ),
            // What stands at the other end of a VPC endpoint its name does not say.
            ("us-east-2", vpc, vpc),
        ] {
            let given = format!("wss://{given}{PATH}");
            let url = with(region, true).await.stream_url(&given).unwrap();
            assert_eq!(url.url().as_str(), format!("wss://{expected}{PATH}"));
            let url = with(region, false).await.stream_url(&given).unwrap();
            assert_eq!(url.url().as_str(), given, "as the service says");
        }
    }

    #[tokio::test]
    async fn a_stranger_is_refused_however_the_host_is_dressed_up() {
        let ours = endpoints("eu-central-1", &[]).await;
        for host in [
            "evil.example",
            "ssmmessages.eu-central-1.amazonaws.com.evil.example",
            "evil-ssmmessages.eu-central-1.amazonaws.com",
            "x.ssmmessages.eu-central-1.amazonaws.com",
            "ssmmessages.eu-central-1.amazonaws.com.",
            "ssmmessages.eu-central-1.amazonaws.com.cn",
            "ssmmessages.eu-west-1.amazonaws.com",
            "ssmmessages.amazonaws.com",
            "ssmmessages.eu-central-1.evil.amazonaws.com",
            "ssmmessages.eu-central-1.s3.amazonaws.com",
            "ssmmessages-fips-x.eu-central-1.amazonaws.com",
            "ssm.eu-central-1.amazonaws.com",
            "vpce.amazonaws.com",
            "vpce-.ssmmessages.eu-central-1.vpce.amazonaws.com",
            "vpce-1.evil.ssmmessages.eu-central-1.vpce.amazonaws.com",
            "vpce-1.ssmmessages.eu-central-1.vpce.amazonaws.com.evil.example",
            "vpce-1.s3.eu-central-1.vpce.amazonaws.com",
            // A Cyrillic letter, which is another name.
            "ssmmessages.eu-central-1.аmazonaws.com",
            "ssmmessages.eu-central-1.amazonaws.com:8443",
            "127.0.0.1",
            "127.0.0.1:8080",
            "0x7f.1",
            "2130706433",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "169.254.169.254",
            "10.0.0.1",
        ] {
            let fault = ours.stream_url(&format!("wss://{host}{PATH}")).unwrap_err();
            assert!(
                matches!(fault, StreamUrlFault::Stranger { .. }),
                "{host}: {fault:?}"
            );
            assert!(
                !format!("{fault:?} {fault}").contains("cell-number"),
                "{fault:?}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_address_of_a_websocket_is_refused() {
        let ours = endpoints("eu-central-1", &[]).await;
        let host = "ssmmessages.eu-central-1.amazonaws.com";
        for given in [
            "",
            "nonsense",
            "wss://",
            &format!("https://{host}{PATH}"),
            &format!("http://{host}{PATH}"),
            &format!("wss://planted-user@{host}{PATH}"),
            &format!("wss://{host}:planted-password@evil.example{PATH}"),
            &format!("wss://{host}@evil.example{PATH}"),
            &format!("file:///{host}"),
            "wss://[::1",
            "wss://ssmmessages.eu-central-1.amazonaws.com:99999/x",
        ] {
            let fault = ours.stream_url(given).unwrap_err();
            assert!(
                matches!(fault, StreamUrlFault::Malformed { .. }),
                "{given}: {fault:?}"
            );
            assert!(!format!("{fault:?}").contains("planted"), "{fault:?}");
        }
        let fault = ours.stream_url(&format!("ws://{host}{PATH}")).unwrap_err();
        assert!(
            matches!(fault, StreamUrlFault::InTheClear { .. }),
            "{fault:?}"
        );
        // Backslashes, tabs and a host behind them are what a browser makes of them, too.
        let fault = ours
            .stream_url(&format!("wss:\\\\evil.example\\@{host}/"))
            .unwrap_err();
        assert!(
            matches!(fault, StreamUrlFault::Stranger { .. }),
            "{fault:?}"
        );
    }

    #[tokio::test]
    async fn a_service_on_this_machine_may_send_to_this_machine_and_nowhere_else() {
        for ssm in [
            "http://127.0.0.1:8080",
            "http://localhost:8080",
            "http://[::1]:1",
            "http://0.0.0.0:1",
        ] {
            let ours = endpoints("eu-central-1", &[(Service::Ssm, ssm)]).await;
            for here in ["ws://127.0.0.1:8080", "wss://localhost:1", "ws://[::1]:1"] {
                ours.stream_url(&format!("{here}{PATH}")).unwrap();
            }
            for there in [
                "ws://10.0.0.1",
                "wss://evil.example",
                "wss://localhost.evil.example",
            ] {
                let fault = ours.stream_url(&format!("{there}{PATH}")).unwrap_err();
                assert!(
                    matches!(fault, StreamUrlFault::Stranger { .. }),
                    "{fault:?}"
                );
            }
        }
        // One elsewhere may not send here: something else may listen on that port.
        let elsewhere = [(Service::Ssm, "https://ssm.example")];
        let ours = endpoints("eu-central-1", &elsewhere).await;
        for host in ["127.0.0.1:8080", "ssm.example"] {
            let fault = ours.stream_url(&format!("wss://{host}{PATH}")).unwrap_err();
            assert!(
                matches!(fault, StreamUrlFault::Stranger { .. }),
                "{fault:?}"
            );
        }
    }

    #[tokio::test]
    async fn the_host_that_was_set_takes_the_place_of_the_one_given() {
        for (set, expected) in [
            ("https://vpce-1.example", "wss://vpce-1.example"),
            ("https://vpce-1.example:8443/", "wss://vpce-1.example:8443"),
            ("http://127.0.0.1:9", "ws://127.0.0.1:9"),
            ("http://[::1]:9", "ws://[::1]:9"),
        ] {
            let ours = endpoints("eu-central-1", &[(Service::SsmMessages, set)]).await;
            for given in ["ssmmessages.eu-central-1.amazonaws.com", "evil.example:81"] {
                let url = ours.stream_url(&format!("wss://{given}{PATH}")).unwrap();
                assert_eq!(url.url().as_str(), format!("{expected}{PATH}"));
            }
        }
        let clear = [(Service::SsmMessages, "http://vpce-1.example")];
        let ours = endpoints("eu-central-1", &clear).await;
        let fault = ours.stream_url(&format!("wss://x{PATH}")).unwrap_err();
        assert!(
            matches!(fault, StreamUrlFault::InTheClear { .. }),
            "{fault:?}"
        );
    }
}
