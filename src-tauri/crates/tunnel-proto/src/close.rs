//! What the end of a WebSocket means, in words.

use std::ops::Range;
use std::time::Duration;

use crate::evidence::ClosedBy;
use crate::{Close, Problem, ProblemKind};

/// At this age of a WebSocket an orderly close is the gateway's hourly one: after about 60
/// minutes (docs/protocol.md, section 3).
const ABOUT_AN_HOUR: Range<Duration> = Duration::from_secs(50 * 60)..Duration::from_secs(70 * 60);

impl Close {
    /// Says in one sentence what the close code means (RFC 6455, section 7.4.1; what the
    /// gateway uses it for: docs/protocol.md, section 3) at the end of a WebSocket of that `age`.
    pub fn meaning(&self, age: Duration) -> &'static str {
        match self.code {
            Some(1000) if ABOUT_AN_HOUR.contains(&age) => {
                "The gateway closed the connection, as it does about once an hour."
            }
            Some(1001) => "The gateway is going away.",
            Some(1002) => "The gateway saw a protocol error.",
            Some(1003 | 1007) => "The gateway could not read what was sent.",
            Some(1008) => "The gateway refused to go on.",
            Some(1009) => "The gateway found a message too large.",
            Some(1011) => "The gateway had an internal error.",
            Some(1012) => "The gateway is being restarted.",
            Some(1013) => "The gateway is overloaded.",
            Some(_) => "The gateway closed the connection.",
            None => "The connection to the gateway broke on the way.",
        }
    }

    /// Says in one sentence why a WebSocket of that `age` is gone, whoever ended it.
    pub fn cause(&self, age: Duration, closed_by: ClosedBy) -> &'static str {
        match closed_by {
            ClosedBy::Gateway | ClosedBy::Network => self.meaning(age),
            ClosedBy::Deadline => "The gateway does not answer any more, not even a ping.",
            ClosedBy::Renewal => {
                "The connection was left, to renew it before the gateway closes it."
            }
            ClosedBy::SessionEnd => "The session is over.",
        }
    }

    /// The code of the problem that the close is while nothing else is known.
    pub fn problem_code(&self) -> &'static str {
        match self.code {
            Some(1000) => "gateway-close",
            Some(_) => "gateway-error",
            None => "connection-lost",
        }
    }

    /// The close as the cause of an outage.
    pub(crate) fn problem(&self, age: Duration, closed_by: ClosedBy) -> Problem {
        let kind = match self.code {
            Some(_) => ProblemKind::Service,
            None => ProblemKind::Network,
        };
        let problem = Problem::new(
            kind,
            self.problem_code(),
            self.cause(age, closed_by),
            "There is nothing to do: the session is being resumed.",
        )
        .with_details(self.reason.clone());
        match (closed_by, self.code) {
            (ClosedBy::Gateway | ClosedBy::Network, Some(1000)) if ABOUT_AN_HOUR.contains(&age) => {
                problem.with_fact("hourly", &1000)
            }
            (ClosedBy::Gateway | ClosedBy::Network, Some(code)) => {
                problem.with_fact("close", &code)
            }
            (ClosedBy::Gateway | ClosedBy::Network, None) => problem,
            (ClosedBy::Deadline, _) => problem.with_fact("deadline", &"ping"),
            (ClosedBy::Renewal, _) => problem.with_fact("renewal", &"renewal"),
            (ClosedBy::SessionEnd, _) => problem.with_fact("ended", &"session"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_close_after_about_an_hour_is_said_to_be_the_hourly_one() {
        let bye = Close {
            at: 0,
            code: Some(1000),
            reason: "Bye".to_owned(),
        };
        for (minutes, hourly) in [
            (0, false),
            (20, false),
            (60, true),
            (62, true),
            (600, false),
        ] {
            let meaning = bye.meaning(Duration::from_secs(minutes * 60));
            assert_eq!(meaning.contains("hour"), hourly, "{minutes} min: {meaning}");
        }
    }
}
