//! Why there was no way through a proxy: told in one place, and said in the same words by an API
//! call, a data channel and the doctor.

use std::error::Error;
use std::fmt;

use crate::network::causes;
use crate::proxy_setting::{ProxyPlace, ProxySetting};
use crate::{NetworkFault, Next, ProxyUnreadable, TlsFault};

/// Why there was no way through a proxy to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyFailure {
    /// The proxy.
    pub proxy: ProxySetting,
    /// Host and port that it was asked for, or would have been.
    pub asked: String,
    /// What it did.
    pub fault: ProxyFault,
    /// What it said itself, as far as that is anybody's business; empty when it said nothing.
    pub details: String,
}

/// What a proxy did in place of connecting.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyFault {
    /// It is set with this scheme, such as `socks5`, which is not spoken here.
    Unsupported(String),
    /// What is set can't be read as an address.
    Unreadable(ProxyUnreadable),
    /// It could not be reached itself.
    Unreachable,
    /// It was reached, and there was no TLS with it, with which it is set (`https://`).
    Tls {
        /// Why.
        fault: TlsFault,
        /// Who signed the certificate that it shows, by that one's word.
        signer: Option<String>,
    },
    /// It took the connection, and did not answer in time.
    Silent,
    /// It wants a sign-in (RFC 9110, section 15.5.8).
    SignIn(ProxySignIn),
    /// It would not connect, with this HTTP status.
    Refused(u16),
    /// It got no connection itself: HTTP status 502, 503 or 504 (RFC 9110, section 15.6).
    NoWay(u16),
    /// It answered with a page of its own, or leads to one, as a captive portal does.
    Portal,
    /// It closed the connection, or did not behave like a proxy.
    Protocol,
}

/// How a sign-in stands that a proxy wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxySignIn {
    /// It was given no user and password.
    NotGiven,
    /// It was given a user and password, and does not accept them.
    NotAccepted,
    /// It offers these schemes alone, such as `NTLM`, none of which is spoken here.
    OtherSchemes(Vec<String>),
}

impl ProxyFailure {
    /// Tells the failure from the causes of an error; `None` when it is not about a proxy.
    #[must_use]
    pub fn of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        causes(error).find_map(|cause| cause.downcast_ref::<Self>())
    }

    /// The failure's stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.fault {
            ProxyFault::Unsupported(_) => "proxy-unsupported",
            ProxyFault::Unreadable(_) => "proxy-setting-invalid",
            ProxyFault::Unreachable => "proxy-unreachable",
            ProxyFault::Tls {
                fault: TlsFault::Handshake,
                ..
            } => "proxy-tls",
            ProxyFault::Tls {
                fault:
                    TlsFault::UntrustedIssuer
                    | TlsFault::WrongHost
                    | TlsFault::Expired
                    | TlsFault::NotYetValid
                    | TlsFault::OfAuthority,
                ..
            } => "proxy-certificate",
            ProxyFault::Silent => "proxy-timeout",
            ProxyFault::SignIn(_) => "proxy-authentication",
            ProxyFault::Refused(_) => "proxy-refused",
            ProxyFault::NoWay(_) => "proxy-no-way",
            ProxyFault::Portal => "proxy-portal",
            ProxyFault::Protocol => "proxy-protocol",
        }
    }

    /// Whether nothing was tried, since what is set can't be used: that is no matter of the network.
    #[must_use]
    pub fn is_of_settings(&self) -> bool {
        match self.fault {
            ProxyFault::Unreadable(_) => true,
            ProxyFault::Unsupported(_)
            | ProxyFault::Unreachable
            | ProxyFault::Tls { .. }
            | ProxyFault::Silent
            | ProxyFault::SignIn(_)
            | ProxyFault::Refused(_)
            | ProxyFault::NoWay(_)
            | ProxyFault::Portal
            | ProxyFault::Protocol => false,
        }
    }

    /// What a program should do next.
    #[must_use]
    pub fn next(&self) -> Next {
        match (&self.fault, &self.proxy.lack) {
            (ProxyFault::Tls { fault, .. }, _) if !NetworkFault::Tls(*fault).is_unreachable() => {
                Next::Retry
            }
            // Where nobody was reached, or a person has to sign in to the network, the way has to
            // come back.
            (
                ProxyFault::Unreachable
                | ProxyFault::Tls { .. }
                | ProxyFault::Silent
                | ProxyFault::Portal,
                _,
            ) => Next::AwaitNetwork,
            // The keyring is asked again at each attempt.
            (ProxyFault::SignIn(ProxySignIn::NotGiven | ProxySignIn::NotAccepted), Some(_))
            | (ProxyFault::Refused(_) | ProxyFault::NoWay(_) | ProxyFault::Protocol, _) => {
                Next::Retry
            }
            // The same user and password are refused again.
            (ProxyFault::Unsupported(_) | ProxyFault::Unreadable(_) | ProxyFault::SignIn(_), _) => {
                Next::Stop
            }
        }
    }

    /// What happened, as one sentence that names the proxy and what it was asked for.
    #[must_use]
    pub fn what(&self) -> String {
        let Self { proxy, asked, .. } = self;
        match (&self.fault, &proxy.lack) {
            (ProxyFault::Unsupported(scheme), _) => format!(
                "The proxy {proxy} is set with {scheme}:// in {}, which is not supported.",
                proxy.place
            ),
            (ProxyFault::Unreadable(unreadable), _) => format!(
                "The proxy in {} can't be used: {}.",
                proxy.place,
                unreadable.why()
            ),
            (ProxyFault::Unreachable, _) => {
                format!("The proxy {proxy} on the way to {asked} could not be reached.")
            }
            (
                ProxyFault::Tls {
                    fault: TlsFault::Handshake,
                    ..
                },
                _,
            ) => format!(
                "The proxy {proxy} on the way to {asked} does not answer with TLS, which https:// \
                 in {} asks for.",
                proxy.place
            ),
            (
                ProxyFault::Tls {
                    fault: TlsFault::UntrustedIssuer,
                    signer: Some(signer),
                },
                _,
            ) => format!(
                "The certificate of the proxy {proxy} on the way to {asked} is signed by {signer}, \
                 which is not trusted."
            ),
            (ProxyFault::Tls { fault, .. }, _) => {
                fault.what(&format!("the proxy {proxy} on the way to {asked}"))
            }
            (ProxyFault::Silent, _) => format!(
                "The proxy {proxy} took the connection, and did not answer when it was asked for \
                 {asked}."
            ),
            (ProxyFault::SignIn(ProxySignIn::OtherSchemes(schemes)), _) => format!(
                "The proxy {proxy} on the way to {asked} wants a sign-in by {}; Culvert speaks \
                 Basic only.",
                schemes.join(" or ")
            ),
            (ProxyFault::SignIn(_), Some(lack)) => format!(
                "The proxy {proxy} on the way to {asked} wants a password; {}.",
                lack.why()
            ),
            (ProxyFault::SignIn(ProxySignIn::NotGiven), None) => format!(
                "The proxy {proxy} on the way to {asked} wants a user name and password, and none \
                 are given."
            ),
            (ProxyFault::SignIn(ProxySignIn::NotAccepted), None) => format!(
                "The proxy {proxy} on the way to {asked} does not accept the user name and \
                 password that it was given."
            ),
            (ProxyFault::Refused(status), _) => format!(
                "The proxy {proxy} refused to connect to {asked}, with HTTP status {status}."
            ),
            (ProxyFault::NoWay(status), _) => format!(
                "The proxy {proxy} could not reach {asked}: it says so with HTTP status {status}."
            ),
            (ProxyFault::Portal, _) => format!(
                "The proxy {proxy} answered with a page of its own instead of connecting to \
                 {asked}."
            ),
            (ProxyFault::Protocol, _) => {
                format!("The proxy {proxy} on the way to {asked} did not answer as a proxy does.")
            }
        }
    }

    /// What the reader can do, as one sentence that says where the proxy is set.
    #[must_use]
    pub fn remedy(&self) -> String {
        let (place, asked) = (self.proxy.place, &self.asked);
        match (&self.fault, &self.proxy.lack) {
            (ProxyFault::Unsupported(_), _) => {
                format!("Set {place} to an http:// or https:// proxy.")
            }
            (ProxyFault::Unreadable(_), _) => match place {
                ProxyPlace::Variable(name) => format!(
                    "Correct {name}, as in http://proxy.example:8080, or unset it where there is \
                     no proxy."
                ),
                ProxyPlace::Settings => {
                    "Correct the setting \"proxy\", as in http://proxy.example:8080, or set it to \
                     \"none\" where there is no proxy."
                        .to_owned()
                }
            },
            (ProxyFault::Tls { fault, .. }, _) => match fault {
                TlsFault::Handshake => format!(
                    "Write http:// in place of https:// in {place}: most proxies are spoken to \
                     without TLS, and what they pass on to AWS is encrypted all the same."
                ),
                TlsFault::UntrustedIssuer => format!(
                    "Name a PEM file with that authority's certificate in the settings or in \
                     AWS_CA_BUNDLE; or write http:// in {place}, if the proxy takes that."
                ),
                TlsFault::WrongHost => {
                    format!("Name the proxy in {place} as its certificate does.")
                }
                TlsFault::Expired | TlsFault::NotYetValid | TlsFault::OfAuthority => {
                    fault.remedy().to_owned()
                }
            },
            (ProxyFault::Unreachable, _) => format!(
                "Check the network connection and the proxy's address in {place}, or put the \
                 host in NO_PROXY."
            ),
            (ProxyFault::Silent, _) => format!(
                "Check the proxy's address in {place}, or ask whoever runs it whether it gets to \
                 {asked}."
            ),
            (ProxyFault::SignIn(ProxySignIn::OtherSchemes(_)), _) => format!(
                "Run a helper on this computer that signs in for it, such as px or cntlm, and name \
                 that in {place}; or ask whoever runs the proxy to let {asked} through without."
            ),
            (ProxyFault::SignIn(_), Some(lack)) => lack.remedy(),
            (ProxyFault::SignIn(ProxySignIn::NotGiven), None) => format!(
                "Put the user into {place}, as in http://user@proxy:8080, and keep the \
                 password with \"culvert keys add --proxy http://user@proxy:8080\"."
            ),
            (ProxyFault::SignIn(ProxySignIn::NotAccepted), None) => format!(
                "Correct them where they are: in {place}, or in the keyring with \"culvert keys \
                 add --proxy http://user@proxy:8080\"."
            ),
            (ProxyFault::Refused(_), _) => {
                format!("Ask whoever runs the proxy to let {asked} through; it is set in {place}.")
            }
            (ProxyFault::NoWay(_), _) => format!(
                "Check that {asked} exists; ask whoever runs the proxy, which is set in {place}, \
                 whether it gets there, or put the host in NO_PROXY if this computer does."
            ),
            (ProxyFault::Portal, _) => format!(
                "Sign in to the network in a browser; if no page asks for that, ask whoever runs \
                 the proxy, which is set in {place}."
            ),
            (ProxyFault::Protocol, _) => {
                format!("Check the proxy's address in {place}, or put the host in NO_PROXY.")
            }
        }
    }

    /// The values in its sentences, each under its name.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![
            ("place", self.proxy.place.name().to_owned()),
            ("host", self.asked.clone()),
        ];
        let of_fault = match (&self.fault, &self.proxy.lack) {
            (ProxyFault::Unreadable(unreadable), _) => {
                let why = unreadable.fact();
                facts.extend(why.map(|(name, value)| (name, value.to_owned())));
                return facts;
            }
            (ProxyFault::Unsupported(scheme), _) => Some(("scheme", scheme.clone())),
            (ProxyFault::Refused(status) | ProxyFault::NoWay(status), _) => {
                Some(("status", status.to_string()))
            }
            (ProxyFault::SignIn(ProxySignIn::OtherSchemes(schemes)), _) => {
                Some(("schemes", schemes.join(", ")))
            }
            (ProxyFault::SignIn(_), Some(lack)) => match lack.without_keyring() {
                Some(_) => Some(("lacksKeyring", "password".to_owned())),
                None => Some(("lacks", "password".to_owned())),
            },
            (ProxyFault::SignIn(ProxySignIn::NotAccepted), None) => {
                Some(("refused", "password".to_owned()))
            }
            (ProxyFault::Tls { fault, signer }, _) => match fault {
                TlsFault::UntrustedIssuer => signer.clone().map(|signer| ("signer", signer)),
                TlsFault::WrongHost => Some(("certificateOf", "another host".to_owned())),
                TlsFault::Expired | TlsFault::NotYetValid => {
                    Some(("certificateOutOf", "date".to_owned()))
                }
                TlsFault::OfAuthority => Some(("certificateFor", "an authority".to_owned())),
                TlsFault::Handshake => None,
            },
            (
                ProxyFault::SignIn(ProxySignIn::NotGiven)
                | ProxyFault::Unreachable
                | ProxyFault::Silent
                | ProxyFault::Portal
                | ProxyFault::Protocol,
                _,
            ) => None,
        };
        facts.push(("proxy", self.proxy.to_string()));
        facts.extend(of_fault);
        facts
    }
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())
    }
}

impl Error for ProxyFailure {}
