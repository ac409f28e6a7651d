use aws_access::{Answered, NetworkFault, StreamUrlFault, Upgraded, WayError};
use tunnel_proto::{Failure, Named, Next, Problem, ProblemKind};

use crate::access;

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
    /// The way there could not be gone, or no answer came over it.
    #[error(transparent)]
    Way(#[from] WayError),
    /// The gateway refused the upgrade.
    #[error("{host} refused with HTTP status {}", answered.status)]
    Refused {
        host: String,
        answered: Box<Answered>,
    },
    /// The gateway saw no upgrade in what was one.
    #[error("{host} saw no upgrade, with HTTP status {}", answered.status)]
    TakenOut {
        host: String,
        answered: Box<Answered>,
    },
    /// The gateway, or a load balancer in front of it, has trouble.
    #[error("{host} has trouble, with HTTP status {}", answered.status)]
    Trouble {
        host: String,
        answered: Box<Answered>,
    },
    /// Something in between answered the upgrade itself.
    #[error("something before {host} answered with HTTP status {}", answered.status)]
    Blocked {
        host: String,
        answered: Box<Answered>,
    },
    /// Whoever answered speaks no WebSocket.
    #[error("{host} did not answer as a WebSocket")]
    NotWebSocket { host: String, excerpt: String },
}

impl DialError {
    /// What the answer to an upgrade means; `None` for one that switches protocols.
    pub(crate) fn of_answer(host: &str, answered: Answered) -> Option<Self> {
        let (host, answered) = (host.to_owned(), Box::new(answered));
        match answered.to_upgrade() {
            Upgraded::Switched => None,
            Upgraded::Refused => Some(Self::Refused { host, answered }),
            Upgraded::TakenOut => Some(Self::TakenOut { host, answered }),
            Upgraded::Between => Some(Self::Blocked { host, answered }),
            Upgraded::Trouble => Some(Self::Trouble { host, answered }),
        }
    }

    /// The error's stable name.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "invalid-stream-url",
            Self::Stranger { .. } => "foreign-stream-host",
            Self::Way(error) => error.code(),
            Self::Refused { .. } => "upgrade-refused",
            Self::Trouble { .. } => "gateway-error",
            Self::TakenOut { .. } | Self::Blocked { .. } => "websocket-blocked",
            Self::NotWebSocket { .. } => "not-a-websocket",
        }
    }

    /// What should happen next.
    ///
    /// A refused upgrade is tried again: that asks for another token first, and the answer to
    /// that says for sure whether the session or the credentials are over.
    pub(crate) fn next(&self) -> Next {
        match self {
            Self::Way(WayError::Proxy(failure)) => access::next(failure.next()),
            // A packet filter and a dead path look like this, too.
            Self::Way(WayError::Network {
                fault: NetworkFault::Timeout,
                ..
            }) => Next::AwaitNetwork,
            // Where nobody was reached, the way there has to come back.
            Self::Way(WayError::Network { fault, .. }) if fault.is_unreachable() => {
                Next::AwaitNetwork
            }
            // The page of a captive portal. What refuses may be a rule of the network's: to wait for
            // another network is no help.
            Self::Blocked { answered, .. } if matches!(answered.status, ..400 | 511) => {
                Next::AwaitNetwork
            }
            // Not found, or gone: no token helps.
            Self::Refused { answered, .. } if matches!(answered.status, 404 | 410) => {
                Next::NewSession
            }
            Self::Way(WayError::Network { .. })
            | Self::Refused { .. }
            | Self::TakenOut { .. }
            | Self::Trouble { .. }
            | Self::Blocked { .. }
            | Self::NotWebSocket { .. } => Next::Retry,
            Self::Url { .. } | Self::Stranger { .. } => Next::Stop,
        }
    }

    fn kind(&self) -> ProblemKind {
        match self {
            Self::Url { .. } | Self::Stranger { .. } => ProblemKind::Protocol,
            Self::Refused { .. } | Self::Trouble { .. } => ProblemKind::Service,
            Self::Way(WayError::Proxy(failure)) => access::of_proxy(failure),
            Self::Way(WayError::Network { .. })
            | Self::TakenOut { .. }
            | Self::Blocked { .. }
            | Self::NotWebSocket { .. } => ProblemKind::Network,
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
            Self::Way(error) => error.what(),
            Self::Refused { host, answered } => format!(
                "The gateway {host} refused the data channel, with HTTP status {}.",
                answered.status
            ),
            Self::TakenOut { host, .. } => format!(
                "{host} saw no WebSocket upgrade in a request for one: something in between takes \
                 it out."
            ),
            Self::Trouble { host, answered } => format!(
                "The gateway {host}, or something in front of it, answers with HTTP status {}.",
                answered.status
            ),
            Self::Blocked { host, answered } => format!(
                "Something between here and {host} answers a WebSocket upgrade itself, with HTTP status \
                 {}.",
                answered.status
            ),
            Self::NotWebSocket { host, .. } => {
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
            Self::Way(error) => return error.remedy(),
            Self::TakenOut { .. } => {
                "Ask for WebSockets to the ssmmessages host to be let through: proxies often have a setting of their own for them."
            }
            Self::Trouble { .. } => {
                "The gateway has trouble, and nothing here can mend it: see the AWS Health Dashboard if it lasts."
            }
            Self::Refused { .. } => {
                "Check the permission ssmmessages:OpenDataChannel and this computer's clock."
            }
            Self::Blocked { .. } => {
                "Sign in to the network in a browser if it wants that, or ask for WebSockets to the ssmmessages host to be let through: proxies often have a setting of their own for them."
            }
            Self::NotWebSocket { .. } => {
                "Sign in to the network in a browser, or check proxy and firewall."
            }
        };
        remedy.to_owned()
    }

    /// The raw text of whoever reported it; empty when there is none.
    pub(crate) fn details(&self) -> String {
        match self {
            Self::Way(error) => error.details(),
            Self::NotWebSocket { excerpt, .. } => excerpt.clone(),
            Self::Refused { answered, .. }
            | Self::TakenOut { answered, .. }
            | Self::Trouble { answered, .. }
            | Self::Blocked { answered, .. } => answered.details(),
            Self::Url { .. } | Self::Stranger { .. } => String::new(),
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
        let of_host = |host: &String| Named::from([("host", host.clone())]);
        match self {
            Self::Url { .. } => Named::default(),
            Self::Way(error) => {
                let mut facts = Named::default();
                for (name, value) in error.facts() {
                    facts.insert(name, value);
                }
                facts
            }
            Self::Stranger { host } | Self::NotWebSocket { host, .. } => of_host(host),
            Self::Blocked { host, answered } => with_status("before", host, answered),
            Self::TakenOut { host, answered } => with_status("strippedFor", host, answered),
            Self::Refused { host, answered } | Self::Trouble { host, answered } => {
                with_status("host", host, answered)
            }
        }
    }
}

fn with_status(name: &'static str, host: &str, answered: &Answered) -> Named {
    Named::from([
        (name, host.to_owned()),
        ("status", answered.status.to_string()),
    ])
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
