//! What the end of a WebSocket means, in words.

use crate::{Close, Problem, ProblemKind};

impl Close {
    /// Says in one sentence what the close code means (RFC 6455, section 7.4.1; what the
    /// gateway uses it for: docs/protocol.md, section 3).
    pub fn meaning(&self) -> &'static str {
        match self.code {
            Some(1000) => "The gateway closed the connection, as it does about once an hour.",
            Some(1001) => "The gateway is going away.",
            Some(1002) => "The gateway saw a protocol error.",
            Some(1003 | 1007) => "The gateway could not read what was sent.",
            Some(1008) => "The gateway refused to go on.",
            Some(1009) => "The gateway found a message too large.",
            Some(1011) => "The gateway had an internal error.",
            Some(1012) => "The gateway is being restarted.",
            Some(1013) => "The gateway is overloaded.",
            Some(_) => "The gateway closed the connection.",
            None => "The connection to the gateway broke.",
        }
    }

    /// The close as the cause of an outage.
    pub(crate) fn problem(&self) -> Problem {
        let (kind, code) = match self.code {
            Some(1000) => (ProblemKind::Service, "gateway-close"),
            Some(_) => (ProblemKind::Service, "gateway-error"),
            None => (ProblemKind::Network, "connection-lost"),
        };
        Problem::new(
            kind,
            code,
            self.meaning(),
            "There is nothing to do: the session is being resumed.",
        )
        .with_details(self.reason.clone())
    }
}
