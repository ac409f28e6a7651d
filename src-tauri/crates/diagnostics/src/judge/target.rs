//! The target, its agent, and a session with it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::words;
use crate::{Business, Fault, Judgement, Said};

/// From this version on an agent forwards to other hosts than its own (Systems Manager User
/// Guide, "Starting a session (port forwarding to remote host)").
const REMOTE_HOST: Version = Version([3, 1, 1374, 0]);

/// Up to this version an agent carries one connection at a time (docs/protocol.md, section 4).
const ONE_AT_A_TIME: Version = Version([3, 0, 196, 0]);

/// Up to this version an agent's multiplexer needs signs of life, which count as traffic
/// (docs/protocol.md, section 4).
const NEEDS_SIGNS_OF_LIFE: Version = Version([3, 1, 1511, 0]);

/// A managed node as the service knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its name, as its agent says.
    pub name: Option<String>,
    /// `Linux`, `Windows`, `MacOS`.
    pub platform: Option<String>,
    /// Whether it is heard of.
    pub ping: Ping,
    /// For how long nothing has been heard of it.
    pub silent_for: Option<Duration>,
    /// Its agent's version.
    pub agent: Option<String>,
}

/// Whether the service hears from an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ping {
    /// It does.
    Online,
    /// It does not.
    ConnectionLost,
    /// It has not for so long that the service has given the node up.
    Inactive,
    /// Something else, in the service's word.
    Other(String),
}

/// What a tunnel wants of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentWants {
    /// It forwards to another host than the node.
    pub remote_host: bool,
    /// It carries one byte stream and no more, as an ssh `ProxyCommand` does.
    pub single_stream: bool,
}

/// An agent's version: four numbers, compared one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 4]);

impl FromStr for Version {
    type Err = ();

    /// Takes one to four numbers with dots between them; those that are missing are zero.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = [0; 4];
        let mut parts = text.trim().split('.');
        for number in &mut numbers {
            match parts.next() {
                Some(part) => *number = part.parse().map_err(|_| ())?,
                None => break,
            }
        }
        if text.trim().is_empty() || parts.next().is_some() {
            return Err(());
        }
        Ok(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

/// Judges what the service knows of the target: `None` if it knows no such node.
#[must_use]
pub fn target(id: &str, looked_up: Result<Option<Node>, Fault>) -> Judgement {
    let node = match looked_up {
        Ok(Some(node)) => node,
        Ok(None) => {
            return Judgement::failed(
                Business::Target,
                "target-unknown",
                format!("Systems Manager knows no node {id} in this account and region."),
                "Check the id, the region and the profile; a node shows up once its SSM agent \
                 runs with an instance profile (or a hybrid activation) that lets it register.",
            )
            .with_fact("target", &id);
        }
        Err(fault) => return fault.of_question(online_open()),
    };
    let name = match &node.name {
        Some(name) if !name.is_empty() => format!("{} ({name})", node.id),
        Some(_) | None => node.id.clone(),
    };
    let platform = match &node.platform {
        Some(platform) => format!(" It runs {platform}."),
        None => String::new(),
    };
    let silent = match node.silent_for {
        Some(silent) => format!(" for {}", words::span(silent)),
        None => String::new(),
    };
    let remedy = "Check that it runs, that its SSM agent is up, and that it reaches the \
                  ssmmessages endpoint (port 443, by NAT or VPC endpoints).";
    match node.ping {
        Ping::Online => {
            let judgement = Judgement::ok(format!("{name} is online.{platform}"))
                .saying("target-online", [("target", &name)]);
            match &node.platform {
                Some(platform) => judgement.saying("target-runs", [("platform", platform)]),
                None => judgement,
            }
        }
        Ping::ConnectionLost => Judgement::failed(
            Business::Target,
            "target-not-connected",
            format!("{name} is not connected: nothing has been heard of its agent{silent}."),
            remedy,
        )
        .with_fact("target", &name)
        .silent_for(node.silent_for),
        Ping::Inactive => Judgement::failed(
            Business::Target,
            "target-not-connected",
            format!(
                "{name} is inactive: nothing has been heard of its agent{silent}, and the \
                 service has given it up."
            ),
            remedy,
        )
        .with_fact("target", &name)
        .silent_for(node.silent_for)
        .saying("target-given-up", []),
        Ping::Other(word) => Judgement::warning(
            "target-status",
            format!("The service says of {name}: \"{word}\", which Culvert does not know."),
            "Nothing if tunnels work.",
        )
        .with_fact("target", &name)
        .with_fact("word", &word),
    }
}

/// What a check that could not ask has not found out.
pub(super) fn online_open() -> (Said, &'static str) {
    (
        Said::of("online-open", []),
        "Whether the target is online stays unknown.",
    )
}

impl Judgement {
    /// Says how long an agent was not heard of, where that is known.
    fn silent_for(self, silent: Option<Duration>) -> Self {
        match silent {
            Some(silent) => self.saying("agent-silent", [("span", &words::span(silent))]),
            None => self,
        }
    }
}

/// Judges whether the agent can do what the tunnel wants; `None` if its version is not known.
#[must_use]
pub fn agent(version: Option<&str>, wants: AgentWants) -> Judgement {
    let Some(text) = version else {
        return version_open();
    };
    let Ok(version) = text.parse::<Version>() else {
        return Judgement::warning(
            "agent-version-unreadable",
            format!("The agent says that its version is \"{text}\", which is none."),
            "Nothing if tunnels work; otherwise update the agent.",
        )
        .with_fact("agent", &text);
    };
    if wants.remote_host && version < REMOTE_HOST {
        return Judgement::failed(
            Business::Target,
            "agent-too-old",
            format!(
                "The agent ({version}) can't forward to another host than its own: that takes \
                 {REMOTE_HOST} or later."
            ),
            "Update the SSM agent on the target (document AWS-UpdateSSMAgent), or forward to a \
             port of the target itself.",
        )
        .with_fact("agent", &version)
        .with_fact("needed", &REMOTE_HOST);
    }
    if version <= ONE_AT_A_TIME && !wants.single_stream {
        return Judgement::warning(
            "one-connection-at-a-time",
            format!(
                "The agent ({version}) carries one connection at a time, and others wait: many \
                 at once take a version after {ONE_AT_A_TIME}."
            ),
            "Update the SSM agent on the target (document AWS-UpdateSSMAgent).",
        )
        .with_fact("agent", &version);
    }
    if version <= NEEDS_SIGNS_OF_LIFE && !wants.single_stream {
        return Judgement::warning(
            "idle-timer-defeated",
            format!(
                "The agent ({version}) needs a sign of life every 10 s, which counts as traffic: \
                 the account's idle timeout does not end this tunnel's sessions. That takes a \
                 version after {NEEDS_SIGNS_OF_LIFE}."
            ),
            "Update the SSM agent on the target, or stop the tunnel when it is not needed.",
        )
        .with_fact("agent", &version);
    }
    Judgement::ok(format!(
        "Version {version} can do all that this tunnel wants."
    ))
    .saying("agent-able", [("agent", &version)])
}

/// That there is no version to judge.
pub(super) fn version_open() -> Judgement {
    Judgement::nothing_to_check("The agent's version is not known.").saying("version-open", [])
}

/// Judges a real session that was opened and closed: how long opening took, and with which
/// agent.
#[must_use]
pub fn real_session(opened: Result<(Duration, Option<String>), Fault>) -> Judgement {
    match opened {
        Ok((took, agent)) => {
            let took = took.as_millis();
            let with = match &agent {
                Some(version) => format!(" with agent {version}"),
                None => String::new(),
            };
            let judgement = Judgement::ok(format!(
                "A session{with} was up after {took} ms, and was ended. No connection was made to \
                 the destination."
            ));
            match agent {
                Some(agent) => {
                    judgement.saying("session-of-agent", [("agent", &agent), ("ms", &took)])
                }
                None => judgement.saying("session-was-up", [("ms", &took)]),
            }
        }
        Err(fault) => fault.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    const PORT: AgentWants = AgentWants {
        remote_host: false,
        single_stream: false,
    };
    const REMOTE: AgentWants = AgentWants {
        remote_host: true,
        single_stream: false,
    };
    const STREAM: AgentWants = AgentWants {
        remote_host: false,
        single_stream: true,
    };

    fn node(ping: Ping) -> Node {
        Node {
            id: "i-0abc".to_owned(),
            name: Some("bastion".to_owned()),
            platform: Some("Linux".to_owned()),
            ping,
            silent_for: Some(Duration::from_secs(7200)),
            agent: None,
        }
    }

    #[test]
    fn versions_are_compared_part_by_part() {
        let of = |text: &str| text.parse::<Version>();
        assert!(of("3.1.1374.0").unwrap() > of("3.1.999.0").unwrap());
        assert!(of("10.0.0.0").unwrap() > of("9.9.9.9").unwrap());
        assert_eq!(of("3.2"), of("3.2.0.0"));
        for bad in ["", "3.x", "1.2.3.4.5", "3..1", "-1"] {
            assert_eq!(of(bad), Err(()), "{bad:?}");
        }
    }

    #[test]
    fn what_an_old_agent_lacks_is_told_with_the_version_that_has_it() {
        let code = |version, wants| agent(Some(version), wants).code;
        let too_old = agent(Some("3.1.1373.9"), REMOTE);
        assert_eq!(too_old.verdict, Verdict::Failed(Business::Target));
        assert_eq!(too_old.code, "agent-too-old");
        assert!(too_old.what.contains("3.1.1374.0"), "{}", too_old.what);
        assert_eq!(code("3.1.1374.0", REMOTE), "idle-timer-defeated");
        assert_eq!(code("3.1.1512.0", REMOTE), "");
        assert_eq!(code("3.0.196.0", PORT), "one-connection-at-a-time");
        assert_eq!(code("3.0.197.0", PORT), "idle-timer-defeated");
        assert_eq!(code("2.3.672.0", STREAM), "", "a stream needs neither");
        assert_eq!(code("latest", PORT), "agent-version-unreadable");
        assert_eq!(
            agent(None, PORT).verdict,
            Verdict::Skipped(crate::Skipped::NothingToCheck)
        );
    }

    #[test]
    fn a_target_is_online_lost_given_up_or_not_there() {
        let fine = target("i-0abc", Ok(Some(node(Ping::Online))));
        assert_eq!(fine.verdict, Verdict::Ok);
        assert_eq!(fine.what, "i-0abc (bastion) is online. It runs Linux.");
        for (ping, word) in [(Ping::ConnectionLost, "2 h"), (Ping::Inactive, "inactive")] {
            let found = target("i-0abc", Ok(Some(node(ping))));
            assert_eq!(found.verdict, Verdict::Failed(Business::Target));
            assert_eq!(found.code, "target-not-connected");
            assert!(found.what.contains(word), "{}", found.what);
            assert!(found.remedy.contains("ssmmessages"), "{}", found.remedy);
        }
        let found = target("i-0abc", Ok(None));
        assert_eq!(found.code, "target-unknown");
        assert!(found.what.contains("i-0abc"), "{}", found.what);
        let odd = target("i-0abc", Ok(Some(node(Ping::Other("Dozing".to_owned())))));
        assert_eq!(odd.verdict, Verdict::Warning);
    }

    #[test]
    fn whoever_may_not_look_at_nodes_is_warned_and_other_failures_fail() {
        let fault = |business| Fault {
            business,
            code: "x".to_owned(),
            what: "No.".to_owned(),
            remedy: String::new(),
            details: String::new(),
            facts: Box::default(),
        };
        let denied = target("i-0abc", Err(fault(Business::Permission)));
        assert_eq!(denied.verdict, Verdict::Warning);
        let broken = target("i-0abc", Err(fault(Business::Network)));
        assert_eq!(broken.verdict, Verdict::Failed(Business::Network));
    }
}
