//! The address of a proxy as somebody has written it, and what it comes to.

use std::fmt;

use http::Uri;
use http::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use url::{Host, ParseError, Url};

use crate::WrittenAddress;

/// What is written as a proxy's address.
#[derive(Debug, Clone)]
pub(crate) enum ProxyAddress {
    /// A proxy that can be spoken to.
    Http(HttpProxy),
    /// One with a scheme that is not spoken here, such as `socks5`.
    Unsupported {
        /// The scheme.
        scheme: String,
        /// Its `host:port`, as far as it names them.
        address: String,
    },
    /// No address.
    Unreadable(ProxyUnreadable),
}

/// A proxy that is spoken to by HTTP.
#[derive(Clone)]
pub(crate) struct HttpProxy {
    /// Name or address, an IPv6 one without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether it is spoken to over TLS.
    pub(crate) is_secure: bool,
    /// What signs its user in.
    pub(crate) authorization: Option<HeaderValue>,
}

/// Why a text can't be read as a proxy's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyUnreadable {
    /// It names no host.
    NoHost,
    /// Its port is none.
    BadPort,
    /// A user or password in it has characters that end an address.
    BadUser,
    /// It looks like no address at all.
    NoAddress,
}

/// Leaves out user and password.
impl fmt::Debug for HttpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpProxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl ProxyAddress {
    /// Reads an address; one without a scheme means http, as everywhere.
    pub(crate) fn read(text: &str) -> Self {
        match WrittenAddress::from(text).url() {
            Ok(url) => Self::of(&url),
            Err(error) => Self::Unreadable(ProxyUnreadable::of(text, error)),
        }
    }

    fn of(url: &Url) -> Self {
        let is_secure = match url.scheme() {
            "http" => false,
            "https" => true,
            scheme => {
                let host = url.host_str().unwrap_or_default();
                let port = url.port().map(|port| format!(":{port}"));
                return Self::Unsupported {
                    scheme: scheme.to_owned(),
                    address: format!("{host}{}", port.unwrap_or_default()),
                };
            }
        };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Self::Unreadable(ProxyUnreadable::NoHost);
        };
        if port == 0 {
            return Self::Unreadable(ProxyUnreadable::BadPort);
        }
        // How user and password are written for the proxy is known there.
        let anywhere = Uri::from_static("http://anywhere.invalid/");
        let all = Matcher::builder().all(url.as_str()).build();
        let Some(spoken) = all.intercept(&anywhere) else {
            return Self::Unreadable(ProxyUnreadable::NoAddress);
        };
        Self::Http(HttpProxy {
            host: match host {
                Host::Domain(name) => name.to_owned(),
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            },
            port,
            is_secure,
            authorization: spoken.basic_auth().cloned(),
        })
    }
}

impl ProxyUnreadable {
    fn of(text: &str, error: ParseError) -> Self {
        let (_, address) = text.split_once("://").unwrap_or(("", text));
        // What stands before the last "@" is a user and password, whatever ends an address there.
        let ends_early = match (address.find(['/', '?', '#']), address.rfind('@')) {
            (Some(end), Some(at)) => end < at,
            (Some(_) | None, _) => false,
        };
        if ends_early {
            Self::BadUser
        } else if error == ParseError::EmptyHost {
            Self::NoHost
        } else if error == ParseError::InvalidPort {
            Self::BadPort
        } else {
            Self::NoAddress
        }
    }

    /// Why, as the rest of a sentence. Nothing of the text is in it, which may hold a password.
    pub(crate) const fn why(self) -> &'static str {
        match self {
            Self::NoHost => "it names no host",
            Self::BadPort => "its port is no number from 1 to 65535",
            Self::BadUser => {
                "its user name or password has a character that ends an address, such as / or #, \
                 which is written %2F or %23"
            }
            Self::NoAddress => "it is no address",
        }
    }

    /// The same as a fact, for other languages.
    pub(crate) const fn fact(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::NoHost => Some(("missing", "host")),
            Self::BadPort => Some(("wrong", "port")),
            Self::BadUser => Some(("unescaped", "user")),
            Self::NoAddress => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_can_be_used_is_read_and_one_that_can_not_says_why() {
        for (text, host, port, is_secure) in [
            ("http://proxy.example:8080", "proxy.example", 8080, false),
            ("https://ann@proxy.example", "proxy.example", 443, true),
            (" proxy.example\n", "proxy.example", 80, false),
            ("http://[fd00::1]:3128/", "fd00::1", 3128, false),
            (
                "http://ann:planted-p@ss@proxy.example:1",
                "proxy.example",
                1,
                false,
            ),
            ("http://bücher.example", "xn--bcher-kva.example", 80, false),
        ] {
            let ProxyAddress::Http(read) = ProxyAddress::read(text) else {
                panic!("{text}");
            };
            assert_eq!((read.host.as_str(), read.port), (host, port), "{text}");
            assert_eq!(read.is_secure, is_secure, "{text}");
            assert!(!format!("{read:?}").contains("planted-"), "{read:?}");
        }
        for (text, why) in [
            ("not a url", ProxyUnreadable::NoAddress),
            ("http://", ProxyUnreadable::NoHost),
            ("http://:8080", ProxyUnreadable::NoHost),
            ("http://proxy.example:99999", ProxyUnreadable::BadPort),
            ("http://proxy.example:0", ProxyUnreadable::BadPort),
            ("http://ann:planted-x", ProxyUnreadable::BadPort),
            ("ann:planted/x@proxy.example", ProxyUnreadable::BadUser),
            ("http://[fd00::1", ProxyUnreadable::NoAddress),
        ] {
            let ProxyAddress::Unreadable(read) = ProxyAddress::read(text) else {
                panic!("{text}");
            };
            assert_eq!(read, why, "{text}");
        }
        for (text, named) in [
            ("socks5://proxy.example:1080", "socks5"),
            ("ftp://proxy.example", "ftp"),
        ] {
            let ProxyAddress::Unsupported { scheme, .. } = ProxyAddress::read(text) else {
                panic!("{text}");
            };
            assert_eq!(scheme, named);
        }
    }
}
