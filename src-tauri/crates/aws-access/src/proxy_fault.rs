//! What a proxy on the way did in place of connecting: told from what the HTTP client reports of
//! it, and said in the same words wherever it happens.

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use tower_service::Service;

use crate::proxy_setting::ProxySetting;

/// What the HTTP client reports of a CONNECT. hyper-util has no name of its own for it in public.
pub(crate) type TunnelError = <Tunnel<HttpConnector> as Service<Uri>>::Error;

/// Why there was no way through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyFault {
    /// It is set with a scheme that is not spoken here, such as `socks5`.
    Unsupported,
    /// It could not be reached itself.
    Unreachable,
    /// It wants a user name and password, or others.
    Authentication,
    /// It would not connect. The HTTP client of API calls does not tell this from an answer that
    /// is no HTTP.
    Refused,
    /// It closed the connection, or did not behave like a proxy.
    Protocol,
}

/// Says in an error's chain that nothing was asked of a proxy, since its scheme is not spoken.
#[derive(Debug)]
pub(crate) struct UnsupportedScheme(pub(crate) String);

impl std::fmt::Display for UnsupportedScheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a proxy with {}:// is not supported", self.0)
    }
}

impl std::error::Error for UnsupportedScheme {}

impl ProxyFault {
    /// Tells the fault from one cause of an error; `None` when that is not about a proxy.
    pub(crate) fn of(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if cause.is::<UnsupportedScheme>() {
            return Some(Self::Unsupported);
        }
        Some(match cause.downcast_ref::<TunnelError>()? {
            TunnelError::ConnectFailed(_) => Self::Unreachable,
            TunnelError::ProxyAuthRequired => Self::Authentication,
            TunnelError::TunnelUnsuccessful => Self::Refused,
            TunnelError::Io(_)
            | TunnelError::MissingHost
            | TunnelError::ProxyHeadersTooLong
            | TunnelError::TunnelUnexpectedEof => Self::Protocol,
        })
    }

    /// The fault's stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unsupported => "proxy-unsupported",
            Self::Unreachable => "proxy-unreachable",
            Self::Authentication => "proxy-authentication",
            Self::Refused => "proxy-refused",
            Self::Protocol => "proxy-protocol",
        }
    }

    /// What happened on the way to `host`, as one sentence that names the proxy.
    #[must_use]
    pub fn what(self, host: &str, proxy: &ProxySetting) -> String {
        match (self, &proxy.lack) {
            (Self::Unsupported, _) => format!(
                "The proxy {proxy} is set in {} as one of a kind that is not supported.",
                proxy.place
            ),
            (Self::Unreachable, _) => {
                format!("The proxy {proxy} on the way to {host} could not be reached.")
            }
            (Self::Authentication, Some(lack)) => format!(
                "The proxy {proxy} on the way to {host} wants a password; {}.",
                lack.why()
            ),
            (Self::Authentication, None) => format!(
                "The proxy {proxy} on the way to {host} does not accept the user name and \
                 password, or wants some."
            ),
            (Self::Refused, _) => format!(
                "The proxy {proxy} refused to connect to {host}, or did not answer as a proxy does."
            ),
            (Self::Protocol, _) => {
                format!("The proxy {proxy} on the way to {host} did not answer as a proxy does.")
            }
        }
    }

    /// What the reader can do, as one sentence that says where the proxy is set.
    #[must_use]
    pub fn remedy(self, proxy: &ProxySetting) -> String {
        let place = proxy.place;
        match (self, &proxy.lack) {
            (Self::Unsupported, _) => format!("Set {place} to an http:// or https:// proxy."),
            (Self::Unreachable, _) => format!(
                "Check the network connection and the proxy's address in {place}, or put the \
                 host in NO_PROXY."
            ),
            (Self::Authentication, Some(lack)) => lack.remedy(),
            (Self::Authentication, None) => format!(
                "Put the user into {place}, as in http://user@proxy:8080, and keep the \
                 password with \"culvert keys add --proxy http://user@proxy:8080\"."
            ),
            (Self::Refused, _) => format!(
                "Ask whoever runs the proxy to let the host through; it is set in {place}, and \
                 \"culvert doctor\" shows what it answers."
            ),
            (Self::Protocol, _) => {
                format!("Check the proxy's address in {place}, or put the host in NO_PROXY.")
            }
        }
    }
}
