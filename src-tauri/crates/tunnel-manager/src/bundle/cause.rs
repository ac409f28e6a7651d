//! What a drop was, in the words of whoever has seen many.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tunnel_proto::{ClosedBy, DropEnd, DropRecord, Happening, ProblemKind, Record};

/// Younger WebSockets are not closed for their age: the gateway does so after an hour.
const HOURLY_FROM_MS: u64 = 50 * 60 * 1000;

/// A sleep that was noticed so long before or after a drop belongs to it.
const NEAR_MS: u64 = 2 * 60 * 1000;

/// Wakes that are remembered: those within the time in which one belongs to a drop.
const WAKES_MOST: usize = 16;

/// Names drops as their records come, one after the other.
#[derive(Debug, Default)]
pub struct DropCauses {
    wakes: VecDeque<u64>,
}

impl DropCauses {
    /// What the drop was that a record is about; `None` for another record.
    pub fn name(&mut self, record: &Record) -> Option<DropCause> {
        match &record.what {
            Happening::Drop(lost) => {
                let wakes = self.wakes.iter().copied();
                Some(DropCause::of(lost, record.at, wakes))
            }
            Happening::Slept { .. } => {
                if self.wakes.len() == WAKES_MOST {
                    self.wakes.pop_front();
                }
                self.wakes.push_back(record.at);
                None
            }
            Happening::State { .. }
            | Happening::Renewed(_)
            | Happening::Target(_)
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Carried { .. } => None,
        }
    }
}

/// What made a tunnel lose its connection to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DropCause {
    /// The gateway's close at about an hour.
    HourlyClose,
    /// The gateway closed it earlier.
    GatewayClose,
    /// The credentials had expired or were refused.
    Login,
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
    pub const ALL: [Self; 11] = [
        Self::HourlyClose,
        Self::GatewayClose,
        Self::Login,
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
            Self::Login => "an expired login: credentials were missing or refused",
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

    /// What a drop was, by its record and by when the machine woke (Unix milliseconds).
    pub fn of(lost: &DropRecord, ended_at: u64, mut wakes: impl Iterator<Item = u64>) -> Self {
        let begun_at = ended_at.saturating_sub(lost.lasted_ms);
        let near = |at: u64| at + NEAR_MS >= begun_at && at <= ended_at + NEAR_MS;
        let slept = wakes.any(near);
        let ending = match &lost.end {
            DropEnd::Replaced { problem } | DropEnd::GivenUp { problem } => Some(problem),
            DropEnd::Resumed | DropEnd::Stopped | DropEnd::LetGo => None,
        };
        let asked = lost
            .attempts
            .iter()
            .filter_map(|made| made.problem.as_ref());
        let mut said = ending.into_iter().chain(asked);
        let codes: Vec<&str> = said.clone().map(|problem| problem.code.as_str()).collect();
        let has = |code: &str| codes.contains(&code);
        if slept {
            return Self::Sleep;
        }
        if said.any(|problem| problem.kind == ProblemKind::Credentials) {
            return Self::Login;
        }
        if has("agent-gone") || has("agent-away") || has("target-not-connected") {
            return Self::Agent;
        }
        if has("stalled") || has("jammed") {
            return Self::Jam;
        }
        if has(tunnel_proto::NETWORK_DOWN) {
            return Self::NoNetwork;
        }
        match lost.closed_by {
            ClosedBy::Gateway if lost.socket_age_ms >= HOURLY_FROM_MS => Self::HourlyClose,
            ClosedBy::Gateway => Self::GatewayClose,
            ClosedBy::Network => Self::Broken,
            ClosedBy::Deadline => Self::Silence,
            ClosedBy::Renewal => Self::Renewal,
            ClosedBy::SessionEnd => Self::SessionEnd,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tunnel_proto::{Asked, Attempts, Close, Problem, Vitals};

    use super::*;

    const ENDED: u64 = 1_795_262_400_000;

    pub(crate) fn lost(closed_by: ClosedBy) -> DropRecord {
        DropRecord {
            session_id: None,
            closed_by,
            close: Close {
                at: ENDED,
                code: None,
                reason: String::new(),
            },
            socket_age_ms: 60_000,
            vitals: Vitals::default(),
            connections: 0,
            attempts: Vec::new(),
            attempts_left_out: 0,
            lasted_ms: 1_000,
            survived: 0,
            end: DropEnd::Resumed,
            what: String::new(),
            remedy: String::new(),
        }
    }

    fn record(at: u64, what: Happening) -> Record {
        Record { at, what }
    }

    fn problem(kind: ProblemKind, code: &str) -> Problem {
        Problem::new(kind, code, "", "")
    }

    fn replaced(kind: ProblemKind, code: &str) -> DropRecord {
        DropRecord {
            end: DropEnd::Replaced {
                problem: problem(kind, code),
            },
            ..lost(ClosedBy::SessionEnd)
        }
    }

    #[test]
    fn each_drop_of_an_afternoon_is_named() {
        let hourly = DropRecord {
            socket_age_ms: 60 * 60 * 1000,
            ..lost(ClosedBy::Gateway)
        };
        let login = DropRecord {
            attempts: vec![Attempts {
                asked: Asked::ResumeSession,
                problem: Some(problem(ProblemKind::Credentials, "expired-credentials")),
                count: 3,
                first_after_ms: 0,
                last_after_ms: 10,
                took_ms: 1,
            }],
            ..lost(ClosedBy::Gateway)
        };
        for (record, cause) in [
            (hourly, DropCause::HourlyClose),
            (lost(ClosedBy::Gateway), DropCause::GatewayClose),
            (lost(ClosedBy::Deadline), DropCause::Silence),
            (lost(ClosedBy::Network), DropCause::Broken),
            (login, DropCause::Login),
            (
                replaced(ProblemKind::Target, "agent-gone"),
                DropCause::Agent,
            ),
            (replaced(ProblemKind::Target, "jammed"), DropCause::Jam),
            (
                replaced(ProblemKind::Service, "session-ended"),
                DropCause::SessionEnd,
            ),
        ] {
            assert_eq!(DropCause::of(&record, ENDED, [].into_iter()), cause);
        }
    }

    #[test]
    fn a_drop_round_a_sleep_is_its_work() {
        let of = |wake| {
            let mut causes = DropCauses::default();
            let slept = Happening::Slept { asleep_ms: 1 };
            assert_eq!(causes.name(&record(wake, slept)), None);
            let lost = Box::new(lost(ClosedBy::Deadline));
            causes.name(&record(ENDED, Happening::Drop(lost)))
        };
        assert_eq!(of(ENDED - 1_000), Some(DropCause::Sleep));
        assert_eq!(of(ENDED - 3_600_000), Some(DropCause::Silence));
    }
}
