//! What went wrong below HTTP, told from the types in an error's chain of causes.

use std::error::Error;
use std::io;

use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use rustls::CertificateError;

use crate::http_client::ViaProxy;
use crate::proxy_setting::ProxySetting;
use crate::way::WayError;

/// What kept a request from reaching the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkFault {
    /// The host's name has no address, or no name server answered.
    Dns,
    /// Nothing listens there, or a firewall says no.
    Refused,
    /// There is no route: the machine is likely offline.
    Unreachable,
    /// The connection broke before the answer.
    Broken,
    /// No connection in time: there is no way to the service, or something swallows what is
    /// sent to it.
    ConnectTimeout,
    /// Connected, but no answer in time.
    Timeout,
    /// Whoever answered speaks no HTTP.
    NotHttp,
    /// Whoever answered speaks no TLS.
    NotTls,
    /// No secure connection.
    Tls(TlsFault),
}

/// Why a secure connection was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsFault {
    /// The certificate's issuer is not trusted: often a proxy that inspects traffic.
    UntrustedIssuer,
    /// The certificate is for another host.
    WrongHost,
    /// The certificate has expired, or the clock is ahead.
    Expired,
    /// The certificate is not valid yet, or the clock is behind.
    NotYetValid,
    /// The certificate is an authority's own, which none may show as its server's.
    OfAuthority,
    /// Anything else: no TLS at all, no common version, a broken handshake.
    Handshake,
}

impl NetworkFault {
    /// Tells the fault from the causes of an error; `None` when no cause is about the network. That
    /// a proxy did not do its part is a [`ProxyFailure`](crate::ProxyFailure).
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut fault = None;
        for cause in causes(error) {
            if let Some(WayError::Network { fault, .. }) = cause.downcast_ref() {
                return Some(*fault);
            }
            if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
                return Some(Self::Tls(TlsFault::of(tls)));
            }
            if cause.is::<ResolveDnsError>() {
                fault = Some(Self::Dns);
            } else if let Some(http) = cause.downcast_ref::<hyper::Error>() {
                fault = fault.or(is_no_http(http).then_some(Self::NotHttp));
            } else if let Some(io) = cause.downcast_ref::<io::Error>() {
                fault = fault.or(Self::of_io(io.kind()));
            } else if let Some(http) = cause.downcast_ref::<ConnectorError>()
                && http.is_timeout()
            {
                // The one time limit that the SDK's HTTP client has here is for connecting.
                fault = fault.or(Some(Self::ConnectTimeout));
            }
        }
        fault
    }

    /// The proxy that a request went through which failed so; `None` if it went through none.
    #[must_use]
    pub fn proxy_of(error: &(dyn Error + 'static)) -> Option<ProxySetting> {
        let via = causes(error).find_map(|cause| cause.downcast_ref::<ViaProxy>());
        via.map(|via| via.proxy.clone())
    }

    /// Says whether nobody was reached: the network may be down, or end at a captive portal.
    /// Then neither the service nor the settings need be at fault, and trying again costs the
    /// service nothing.
    ///
    /// A certificate of the wrong host or issuer counts, since that is how a captive portal
    /// shows; one that is out of date does not: that is the clock's, or the server's.
    #[must_use]
    pub fn is_unreachable(self) -> bool {
        match self {
            Self::Dns
            | Self::Refused
            | Self::Unreachable
            | Self::ConnectTimeout
            // A portal may answer in the clear on any port.
            | Self::NotTls
            | Self::Tls(
                TlsFault::UntrustedIssuer
                | TlsFault::WrongHost
                | TlsFault::OfAuthority
                | TlsFault::Handshake,
            ) => true,
            Self::Broken
            | Self::Timeout
            | Self::NotHttp
            | Self::Tls(TlsFault::Expired | TlsFault::NotYetValid) => false,
        }
    }

    fn of_io(kind: io::ErrorKind) -> Option<Self> {
        // `ErrorKind` grows with the standard library: only what we know is told apart.
        if kind == io::ErrorKind::ConnectionRefused {
            Some(Self::Refused)
        } else if kind == io::ErrorKind::HostUnreachable
            || kind == io::ErrorKind::NetworkUnreachable
            || kind == io::ErrorKind::NetworkDown
            || kind == io::ErrorKind::AddrNotAvailable
        {
            Some(Self::Unreachable)
        } else if kind == io::ErrorKind::TimedOut {
            Some(Self::Timeout)
        } else if kind == io::ErrorKind::ConnectionReset
            || kind == io::ErrorKind::ConnectionAborted
            || kind == io::ErrorKind::BrokenPipe
            || kind == io::ErrorKind::NotConnected
            || kind == io::ErrorKind::UnexpectedEof
        {
            Some(Self::Broken)
        } else {
            None
        }
    }

    /// The fault's stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Dns => "network-dns",
            Self::Refused => "network-refused",
            Self::Unreachable => "network-unreachable",
            Self::Broken => "network-broken",
            Self::ConnectTimeout => "network-connect-timeout",
            Self::Timeout => "network-timeout",
            Self::NotHttp => "not-http",
            Self::NotTls => "not-tls",
            Self::Tls(TlsFault::UntrustedIssuer) => "tls-untrusted-issuer",
            Self::Tls(TlsFault::WrongHost) => "tls-wrong-host",
            Self::Tls(TlsFault::Expired) => "tls-certificate-expired",
            Self::Tls(TlsFault::NotYetValid) => "tls-certificate-not-yet-valid",
            Self::Tls(TlsFault::OfAuthority) => "tls-authority-certificate",
            Self::Tls(TlsFault::Handshake) => "tls-handshake",
        }
    }

    /// What happened, as one sentence about the given host or service.
    #[must_use]
    pub fn what(self, host: &str) -> String {
        match self {
            Self::Dns => format!("The name of {host} could not be resolved."),
            Self::Refused => format!("The connection to {host} was refused."),
            Self::Unreachable => format!("There is no network route to {host}."),
            Self::Broken => format!("The connection to {host} broke before it answered."),
            Self::ConnectTimeout => format!("There was no connection in time to {host}."),
            Self::Timeout => format!("There was no answer in time from {host}."),
            Self::NotHttp => {
                format!("Something else answered in place of {host}: it speaks no HTTP.")
            }
            Self::NotTls => {
                format!("Something else answered in place of {host}: it speaks no TLS.")
            }
            Self::Tls(tls) => tls.what(host),
        }
    }

    /// The same, with the proxy on the way, if there is one.
    #[must_use]
    pub fn what_by(self, host: &str, proxy: Option<&ProxySetting>) -> String {
        match proxy {
            Some(proxy) => self.what(&format!("{host} (through the proxy {proxy})")),
            None => self.what(host),
        }
    }

    /// What the reader can do, as one sentence.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Dns => "Check the network connection, and that the region or endpoint exists.",
            Self::Refused => "Check the endpoint's address, and that no firewall forbids it.",
            Self::Unreachable | Self::Broken | Self::ConnectTimeout | Self::Timeout => {
                "Check the network connection, VPN and firewall."
            }
            Self::NotHttp | Self::NotTls => {
                "Check the endpoint's address and port, and any proxy or firewall in between."
            }
            Self::Tls(tls) => tls.remedy(),
        }
    }

    /// The same, with the proxy on the way, if there is one, and where that is set.
    #[must_use]
    pub fn remedy_by(self, proxy: Option<&ProxySetting>) -> String {
        match (self, proxy) {
            (Self::Broken | Self::ConnectTimeout | Self::Timeout, Some(proxy)) => format!(
                "Check the network connection and the proxy, which is set in {}, or put the host \
                 in NO_PROXY.",
                proxy.place
            ),
            (
                Self::Dns
                | Self::Refused
                | Self::Unreachable
                | Self::Broken
                | Self::ConnectTimeout
                | Self::Timeout
                | Self::NotHttp
                | Self::NotTls
                | Self::Tls(_),
                _,
            ) => self.remedy().to_owned(),
        }
    }
}

impl TlsFault {
    /// Tells the fault from the TLS library's error.
    #[must_use]
    pub fn of(error: &rustls::Error) -> Self {
        let rustls::Error::InvalidCertificate(error) = error else {
            return Self::Handshake;
        };
        // A wrong signature is what a trusted issuer's namesake leaves: a renewed authority,
        // or one that somebody made up.
        if *error == CertificateError::UnknownIssuer || *error == CertificateError::BadSignature {
            return Self::UntrustedIssuer;
        }
        if *error == CertificateError::NotValidForName
            || matches!(error, CertificateError::NotValidForNameContext { .. })
        {
            return Self::WrongHost;
        }
        if *error == CertificateError::Expired
            || matches!(error, CertificateError::ExpiredContext { .. })
        {
            return Self::Expired;
        }
        if *error == CertificateError::NotValidYet
            || matches!(error, CertificateError::NotValidYetContext { .. })
        {
            return Self::NotYetValid;
        }
        if let CertificateError::Other(other) = error
            && let Some(webpki::Error::CaUsedAsEndEntity) = other.0.downcast_ref()
        {
            return Self::OfAuthority;
        }
        // A self-signed server certificate that is not among the roots may be refused as a
        // malformed end entity; what helps is the same: trusting its issuer.
        if matches!(error, CertificateError::Other(_)) {
            return Self::UntrustedIssuer;
        }
        Self::Handshake
    }

    /// What happened, as one sentence about the given host or service.
    #[must_use]
    pub fn what(self, host: &str) -> String {
        match self {
            Self::UntrustedIssuer => {
                format!("The certificate of {host} is signed by an authority that is not trusted.")
            }
            Self::WrongHost => format!("The certificate of {host} is for another host."),
            Self::Expired => format!("The certificate of {host} has expired."),
            Self::NotYetValid => format!("The certificate of {host} is not valid yet."),
            Self::OfAuthority => format!(
                "The certificate of {host} is one for an authority (CA), and not one for a server."
            ),
            Self::Handshake => format!("No secure connection could be made to {host}."),
        }
    }

    /// What the reader can do, as one sentence.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::UntrustedIssuer => {
                "If your company inspects traffic, name a file with its certificate in the settings or in AWS_CA_BUNDLE."
            }
            Self::WrongHost => {
                "Check the endpoint; a captive portal or proxy may be answering in its place."
            }
            Self::Expired | Self::NotYetValid => {
                "Check this computer's date and time; if they are right, tell the server's owner."
            }
            Self::OfAuthority => {
                "Trusting it does not help: whoever runs the server has to give it a certificate of its own, with CA:FALSE."
            }
            Self::Handshake => "Check the endpoint's address and port, and any proxy in between.",
        }
    }
}

/// Whether an error of the HTTP library says that what came is no HTTP: it can't be parsed, or came
/// unasked. The latter has no predicate of its own, and is the one error that a client's connection
/// has by itself and none of the predicates knows.
fn is_no_http(error: &hyper::Error) -> bool {
    let is_known = error.is_user()
        || error.is_canceled()
        || error.is_closed()
        || error.is_incomplete_message()
        || error.is_body_write_aborted()
        || error.is_shutdown()
        || error.is_timeout();
    error.is_parse() || !is_known && error.source().is_none()
}

/// Walks an error and all below it, payloads of I/O errors included.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // `io::Error::source` skips the error that it wraps, which is the interesting one.
    std::iter::successors(Some(error), |&error| {
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// Writes an error and its causes in one line, each said once.
pub(crate) fn chain_text(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !text.is_empty() && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}
