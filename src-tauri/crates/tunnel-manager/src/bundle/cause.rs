//! What a drop was, in the words of whoever has seen many.

use serde::{Deserialize, Serialize};
use tunnel_proto::{Problem, ProblemKind};

/// What made a tunnel lose its connection to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DropCause {
    /// The gateway's close at about an hour.
    HourlyClose,
    /// The gateway closed it earlier.
    GatewayClose,
    /// The login had expired.
    Login,
    /// The credentials were missing or not accepted, and that not for their age.
    Credentials,
    /// The machine slept.
    Sleep,
    /// The agent at the far end was gone.
    Agent,
    /// Messages of the session no longer came through.
    Jam,
    /// No sign of life came any more: packets vanish on the way.
    Silence,
    /// This machine had no network.
    NoNetwork,
    /// The connection broke on the way.
    Broken,
    /// Culvert renewed it, and that failed.
    Renewal,
    /// The session was over.
    SessionEnd,
}

impl DropCause {
    /// Every cause.
    pub const ALL: [Self; 12] = [
        Self::HourlyClose,
        Self::GatewayClose,
        Self::Login,
        Self::Credentials,
        Self::Sleep,
        Self::Agent,
        Self::Jam,
        Self::Silence,
        Self::NoNetwork,
        Self::Broken,
        Self::Renewal,
        Self::SessionEnd,
    ];

    /// Its name where words have no room: `hourly_close`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HourlyClose => "hourly_close",
            Self::GatewayClose => "gateway_close",
            Self::Login => "login",
            Self::Credentials => "credentials",
            Self::Sleep => "sleep",
            Self::Agent => "agent",
            Self::Jam => "jam",
            Self::Silence => "silence",
            Self::NoNetwork => "no_network",
            Self::Broken => "broken",
            Self::Renewal => "renewal",
            Self::SessionEnd => "session_end",
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::HourlyClose => "the hourly close of the gateway",
            Self::GatewayClose => "a close by the gateway",
            Self::Login => "an expired login: the credentials had run out",
            Self::Credentials => "credentials that were missing or not accepted",
            Self::Sleep => "this machine slept",
            Self::Agent => "a dead agent: the node no longer answered",
            Self::Jam => "a jammed session: messages no longer came through",
            Self::Silence => "a black hole: no answer came, and nobody closed the connection",
            Self::NoNetwork => "this machine had no network",
            Self::Broken => "the connection broke on the way",
            Self::Renewal => "a renewal that failed",
            Self::SessionEnd => "the end of the session",
        }
    }

    /// In two or three words, for where several are counted.
    pub const fn brief(self) -> &'static str {
        match self {
            Self::HourlyClose => "hourly close",
            Self::GatewayClose => "early close by the gateway",
            Self::Login => "expired login",
            Self::Credentials => "refused credentials",
            Self::Sleep => "sleep of this machine",
            Self::Agent => "dead agent",
            Self::Jam => "jammed session",
            Self::Silence => "black hole",
            Self::NoNetwork => "no network",
            Self::Broken => "broken on the way",
            Self::Renewal => "failed renewal",
            Self::SessionEnd => "end of the session",
        }
    }

    /// What helps against it, in one or two sentences.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::HourlyClose => {
                "The gateway ends each connection after an hour: renew them before (--renew-after 50)."
            }
            Self::GatewayClose => {
                "Ask whoever keeps the account whether something ends its sessions or their \
                 connections."
            }
            Self::Login => {
                "Sign in anew, and have the sign-in last longer than an hour if your company lets you."
            }
            Self::Credentials => {
                "Look after the keys: whether they are there and active, and whether the profile is \
                 the right one."
            }
            Self::Sleep => "It comes back by itself when the machine wakes.",
            Self::Agent => {
                "Look after the node: whether it is overloaded or restarts, and whether its agent \
                 is up to date."
            }
            Self::Jam => {
                "Look after the node and what is behind it: programs that do not read what they \
                 get, an old agent, a node without memory."
            }
            Self::Silence => {
                "A proxy, firewall or VPN may drop what is silent: ping more often (--keepalive 10), \
                 or try another network."
            }
            Self::NoNetwork => "Look after this machine's network: Wi-Fi, cable, VPN.",
            Self::Broken => {
                "Something on the way ends connections: try without the VPN or proxy, or another \
                 network."
            }
            Self::Renewal => "The service did not let it be renewed: see what it answered.",
            Self::SessionEnd => {
                "Sessions end early: see the account's idle and maximum time in Session Manager's \
                 preferences."
            }
        }
    }

    /// What a problem says of its cause; `None` if nothing, as a failure of the service does.
    pub fn of_problem(problem: &Problem) -> Option<Self> {
        match (problem.kind, problem.code.as_str()) {
            // What was never there has not run out.
            (ProblemKind::Credentials, _) if is_never_signed_in(problem) => Some(Self::Credentials),
            (ProblemKind::Credentials, code) if EXPIRED.contains(&code) => Some(Self::Login),
            (ProblemKind::Credentials, _) => Some(Self::Credentials),
            (_, code) if AGENT.contains(&code) => Some(Self::Agent),
            (_, "stalled" | "jammed") => Some(Self::Jam),
            (_, tunnel_proto::NETWORK_DOWN) => Some(Self::NoNetwork),
            (_, "no-pong") => Some(Self::Silence),
            _ => None,
        }
    }
}

/// Says whether nobody has signed in so far, or somebody has signed out.
pub(super) fn is_never_signed_in(problem: &Problem) -> bool {
    problem.facts.get("never").is_some()
}

/// Codes of credentials that were good until their time was over.
const EXPIRED: [&str; 4] = [
    "sso-login-expired",
    "expired-token",
    "expired-environment",
    "mfa-code-needed",
];

/// Codes that say of the agent that it is not there, or does not answer.
const AGENT: [&str; 4] = [
    "agent-gone",
    "agent-away",
    "target-not-connected",
    "handshake-timeout",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_accepted_are_no_expired_login() {
        let of = |code| {
            let problem = Problem::new(ProblemKind::Credentials, code, "", "");
            DropCause::of_problem(&problem)
        };
        for code in EXPIRED {
            assert_eq!(of(code), Some(DropCause::Login), "{code}");
        }
        for code in [
            "invalid-credentials",
            "no-credentials",
            "credentials-failed",
        ] {
            assert_eq!(of(code), Some(DropCause::Credentials), "{code}");
        }
    }

    #[test]
    fn a_login_that_never_was_has_not_run_out() {
        let problem = Problem::new(ProblemKind::Credentials, "sso-login-expired", "", "");
        assert_eq!(DropCause::of_problem(&problem), Some(DropCause::Login));
        let never = problem.with_fact("never", &1);
        assert_eq!(DropCause::of_problem(&never), Some(DropCause::Credentials));
    }

    #[test]
    fn each_cause_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = DropCause::ALL.map(DropCause::name).into();
        assert_eq!(names.len(), DropCause::ALL.len());
    }
}
