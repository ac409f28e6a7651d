use std::io;
use std::time::Duration;

use aws_access::{NetworkFault, ProxyFault, ProxySetting, StreamUrlFault, TlsFault};
use tunnel_proto::{Failure, Named, Next, Problem, ProblemKind};

/// How much of a foreign answer is kept.
const EXCERPT_CHARS: usize = 200;

/// Why a WebSocket could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// The service gave a URL that must not or cannot be dialled.
    #[error("the stream URL cannot be used: {reason}")]
    Url {
        /// What is wrong with it. Never the URL, which may hold a signature.
        reason: String,
    },
    /// The service gave a URL that leads to somebody else.
    #[error("{host} is no host of Session Manager")]
    Stranger { host: String },
    /// The host's name has no address.
    #[error("{host} could not be resolved")]
    Dns { host: String, source: io::Error },
    /// No TCP connection, or it broke before the upgrade was answered.
    #[error("{host} could not be reached")]
    Connect {
        host: String,
        fault: NetworkFault,
        source: io::Error,
    },
    /// Not all steps were done in time.
    #[error("{host} did not answer within {after:?}")]
    Timeout { host: String, after: Duration },
    /// No secure connection.
    #[error("no secure connection to {host}")]
    Tls {
        host: String,
        fault: TlsFault,
        source: io::Error,
    },
    /// The proxy is of a kind that is not spoken here.
    #[error("a proxy with {scheme}:// is not supported")]
    ProxyScheme {
        proxy: Box<ProxySetting>,
        scheme: String,
    },
    /// The proxy itself could not be reached.
    #[error("the proxy {proxy} could not be reached")]
    ProxyUnreachable {
        proxy: Box<ProxySetting>,
        /// Host and port that it would have been asked for.
        asked: String,
        source: Box<DialError>,
    },
    /// The proxy wants a user name and password, or others.
    #[error("the proxy {proxy} wants authentication")]
    ProxyAuthentication {
        proxy: Box<ProxySetting>,
        asked: String,
        excerpt: String,
    },
    /// The proxy would not connect.
    #[error("the proxy {proxy} refused with HTTP status {status}")]
    ProxyRefused {
        proxy: Box<ProxySetting>,
        asked: String,
        status: u16,
        excerpt: String,
    },
    /// What is said to be a proxy does not behave like one.
    #[error("the proxy {proxy} broke the protocol: {reason}")]
    ProxyProtocol {
        proxy: Box<ProxySetting>,
        asked: String,
        reason: String,
    },
    /// The gateway refused the upgrade.
    #[error("{host} refused with HTTP status {status}")]
    Refused {
        host: String,
        status: u16,
        excerpt: String,
    },
    /// Whoever answered speaks no WebSocket.
    #[error("{host} did not answer as a WebSocket")]
    NotWebSocket {
        host: String,
        status: Option<u16>,
        excerpt: String,
    },
    /// Whoever answered speaks no HTTP.
    #[error("{host} did not answer as an HTTP server: {reason}")]
    NotHttp { host: String, reason: String },
}

impl DialError {
    pub(crate) fn connect(host: &str, source: io::Error) -> Self {
        let host = host.to_owned();
        match NetworkFault::of(&source) {
            // TLS 1.3 reports some refusals only when the first bytes are read.
            Some(NetworkFault::Tls(fault)) => Self::Tls {
                host,
                fault,
                source,
            },
            Some(fault) => Self::Connect {
                host,
                fault,
                source,
            },
            None => Self::Connect {
                host,
                fault: NetworkFault::Broken,
                source,
            },
        }
    }

    pub(super) fn tls(host: &str, source: io::Error) -> Self {
        match NetworkFault::of(&source) {
            Some(NetworkFault::Tls(fault)) => Self::Tls {
                host: host.to_owned(),
                fault,
                source,
            },
            Some(_) | None => Self::connect(host, source),
        }
    }

    /// The error's stable name.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "invalid-stream-url",
            Self::Stranger { .. } => "foreign-stream-host",
            Self::Dns { .. } => NetworkFault::Dns.code(),
            Self::Connect { fault, .. } => fault.code(),
            Self::Timeout { .. } => NetworkFault::Timeout.code(),
            Self::Tls { fault, .. } => NetworkFault::Tls(*fault).code(),
            Self::ProxyScheme { .. } => ProxyFault::Unsupported.code(),
            Self::ProxyUnreachable { .. } => ProxyFault::Unreachable.code(),
            Self::ProxyAuthentication { .. } => ProxyFault::Authentication.code(),
            Self::ProxyRefused { .. } => ProxyFault::Refused.code(),
            Self::ProxyProtocol { .. } => ProxyFault::Protocol.code(),
            Self::Refused { .. } => "upgrade-refused",
            Self::NotWebSocket { .. } => "not-a-websocket",
            Self::NotHttp { .. } => "not-http",
        }
    }

    /// What should happen next.
    ///
    /// A refused upgrade is tried again: that asks for another token first, and the answer to
    /// that says for sure whether the session or the credentials are over.
    pub(crate) fn next(&self) -> Next {
        match self {
            Self::Dns { .. } => unless_reached(NetworkFault::Dns),
            Self::Connect { fault, .. } => unless_reached(*fault),
            Self::Tls { fault, .. } => unless_reached(NetworkFault::Tls(*fault)),
            // A packet filter and a dead path look like this, too.
            Self::Timeout { .. } | Self::ProxyUnreachable { .. } => Next::AwaitNetwork,
            // The page of a captive portal.
            Self::NotWebSocket {
                status: Some(..500),
                ..
            } => Next::AwaitNetwork,
            Self::ProxyRefused { .. }
            | Self::ProxyProtocol { .. }
            | Self::NotWebSocket { .. }
            | Self::NotHttp { .. } => Next::Retry,
            // The keyring is asked again at each attempt.
            Self::ProxyAuthentication { proxy, .. } => match proxy.lack {
                Some(_) => Next::Retry,
                None => Next::Stop,
            },
            // Not found, or gone: no token helps.
            Self::Refused {
                status: 404 | 410, ..
            } => Next::NewSession,
            Self::Refused { .. } => Next::Retry,
            Self::Url { .. } | Self::Stranger { .. } | Self::ProxyScheme { .. } => Next::Stop,
        }
    }

    fn kind(&self) -> ProblemKind {
        match self {
            Self::Url { .. } | Self::Stranger { .. } => ProblemKind::Protocol,
            Self::Refused { .. } => ProblemKind::Service,
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Tls { .. }
            | Self::ProxyScheme { .. }
            | Self::ProxyUnreachable { .. }
            | Self::ProxyAuthentication { .. }
            | Self::ProxyRefused { .. }
            | Self::ProxyProtocol { .. }
            | Self::NotWebSocket { .. }
            | Self::NotHttp { .. } => ProblemKind::Network,
        }
    }

    /// What happened, in one sentence.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Url { reason } => {
                format!("The service gave an address that cannot be used: {reason}.")
            }
            Self::Stranger { host } => format!(
                "The service sends the session to {host}, which is no host of Session Manager."
            ),
            Self::Dns { host, .. } => NetworkFault::Dns.what(host),
            Self::Connect { host, fault, .. } => fault.what(host),
            Self::Timeout { host, after } => {
                format!(
                    "There was no answer within {} s from {host}.",
                    after.as_secs()
                )
            }
            Self::Tls { host, fault, .. } => fault.what(host),
            Self::ProxyScheme { proxy, scheme } => format!(
                "The proxy {proxy} is set with {scheme}:// in {}, which is not supported.",
                proxy.place
            ),
            Self::ProxyUnreachable { proxy, asked, .. } => {
                ProxyFault::Unreachable.what(asked, proxy)
            }
            Self::ProxyAuthentication { proxy, asked, .. } => {
                ProxyFault::Authentication.what(asked, proxy)
            }
            Self::ProxyRefused {
                proxy,
                asked,
                status,
                ..
            } => format!(
                "The proxy {proxy} refused to connect to {asked}, with HTTP status {status}."
            ),
            Self::ProxyProtocol { proxy, asked, .. } => ProxyFault::Protocol.what(asked, proxy),
            Self::Refused { host, status, .. } => {
                format!("The gateway {host} refused the data channel, with HTTP status {status}.")
            }
            Self::NotWebSocket { host, .. } | Self::NotHttp { host, .. } => {
                format!("Something else answered in place of {host}.")
            }
        }
    }

    /// What the reader can do, in one sentence.
    pub(crate) fn remedy(&self) -> String {
        let remedy = match self {
            Self::Url { .. } => {
                "Check the endpoint; only wss:// is accepted, or ws:// on this computer."
            }
            Self::Stranger { .. } => {
                "Nothing was sent there; check the endpoint, and if the host is yours, set it as the endpoint of ssmmessages."
            }
            Self::Dns { .. } => NetworkFault::Dns.remedy(),
            Self::Connect { fault, .. } => fault.remedy(),
            Self::Timeout { .. } => NetworkFault::Timeout.remedy(),
            Self::Tls { fault, .. } => fault.remedy(),
            Self::ProxyScheme { proxy, .. } => {
                return ProxyFault::Unsupported.remedy(proxy);
            }
            Self::ProxyUnreachable { proxy, .. } => return ProxyFault::Unreachable.remedy(proxy),
            Self::ProxyProtocol { proxy, .. } => return ProxyFault::Protocol.remedy(proxy),
            Self::ProxyAuthentication { proxy, .. } => {
                return ProxyFault::Authentication.remedy(proxy);
            }
            Self::ProxyRefused { proxy, asked, .. } => {
                return format!(
                    "Ask whoever runs the proxy to let {asked} through; it is set in {}.",
                    proxy.place
                );
            }
            // RFC 9110, section 15.6: the fault is the server's.
            Self::Refused { status: 500.., .. } => {
                "The gateway has trouble, and nothing here can mend it: see the AWS Health Dashboard if it lasts."
            }
            Self::Refused { .. } => {
                "Check the permission ssmmessages:OpenDataChannel and this computer's clock."
            }
            Self::NotWebSocket { .. } | Self::NotHttp { .. } => {
                "Sign in to the network in a browser, or check proxy and firewall."
            }
        };
        remedy.to_owned()
    }

    /// The raw text of whoever reported it; empty when there is none.
    pub(crate) fn details(&self) -> String {
        match self {
            Self::Dns { source, .. } | Self::Connect { source, .. } | Self::Tls { source, .. } => {
                source.to_string()
            }
            Self::ProxyUnreachable { source, .. } => {
                format!("{} {}", source.what(), source.details())
            }
            Self::ProxyAuthentication { excerpt, .. } | Self::ProxyRefused { excerpt, .. } => {
                excerpt.clone()
            }
            Self::ProxyProtocol { reason, .. } | Self::NotHttp { reason, .. } => reason.clone(),
            Self::Refused { excerpt, .. }
            | Self::NotWebSocket {
                status: None,
                excerpt,
                ..
            } => excerpt.clone(),
            Self::NotWebSocket {
                status: Some(status),
                excerpt,
                ..
            } if excerpt.is_empty() => format!("HTTP {status}, with nothing in it"),
            Self::NotWebSocket {
                status: Some(status),
                excerpt,
                ..
            } => format!("HTTP {status}: {excerpt}"),
            Self::Url { .. }
            | Self::Stranger { .. }
            | Self::Timeout { .. }
            | Self::ProxyScheme { .. } => String::new(),
        }
    }

    /// The error as the tunnel's policy takes it.
    pub(crate) fn failure(&self) -> Failure {
        Failure {
            next: self.next(),
            problem: Problem {
                kind: self.kind(),
                code: self.code().to_owned(),
                what: self.what(),
                remedy: self.remedy(),
                details: self.details(),
                facts: self.facts(),
            },
        }
    }

    /// What the sentences name.
    fn facts(&self) -> Named {
        let proxied = |proxy: &ProxySetting, host: &str| {
            Named::from([
                ("proxy", proxy.to_string()),
                ("place", proxy.place.to_string()),
                ("host", host.to_owned()),
            ])
        };
        let of_host = |host: &String| Named::from([("host", host.clone())]);
        match self {
            Self::Url { .. } => Named::default(),
            Self::Stranger { host }
            | Self::Dns { host, .. }
            | Self::Connect { host, .. }
            | Self::Tls { host, .. }
            | Self::NotWebSocket { host, .. }
            | Self::NotHttp { host, .. }
            | Self::Timeout { host, .. } => of_host(host),
            Self::Refused { host, status, .. } => {
                let mut facts = of_host(host);
                facts.insert("status", status.to_string());
                facts
            }
            Self::ProxyScheme { proxy, .. } => proxied(proxy, ""),
            Self::ProxyUnreachable { proxy, asked, .. }
            | Self::ProxyAuthentication { proxy, asked, .. }
            | Self::ProxyProtocol { proxy, asked, .. }
            | Self::ProxyRefused { proxy, asked, .. } => proxied(proxy, asked),
        }
    }
}

impl From<StreamUrlFault> for DialError {
    fn from(fault: StreamUrlFault) -> Self {
        match fault {
            StreamUrlFault::Malformed { reason } => Self::Url { reason },
            StreamUrlFault::InTheClear { .. } => Self::Url {
                reason: "only wss:// is secure".to_owned(),
            },
            StreamUrlFault::Stranger { host } => Self::Stranger { host },
        }
    }
}

/// What a fault of the network asks for: where nobody was reached, the way there has to come
/// back.
fn unless_reached(fault: NetworkFault) -> Next {
    if fault.is_unreachable() {
        Next::AwaitNetwork
    } else {
        Next::Retry
    }
}

/// The first characters of a text, on one line.
pub(crate) fn excerpt(body: &[u8]) -> String {
    // Four bytes a character at most, and room for what is left out.
    let head = &body[..body.len().min(EXCERPT_CHARS * 8)];
    let text = String::from_utf8_lossy(head);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(EXCERPT_CHARS)
        .collect()
}
