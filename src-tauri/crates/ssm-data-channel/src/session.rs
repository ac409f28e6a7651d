//! What a completed handshake settled.

use ssm_message::payload::{PortProperties, SessionTypeRequest};

use crate::AgentVersion;

/// What is known once the handshake is complete.
#[derive(Debug, Clone)]
pub struct Established {
    /// The agent's version; 0.0.0.0 if there was no handshake.
    pub agent_version: AgentVersion,
    /// What the session's bytes are.
    pub kind: SessionKind,
    /// What this agent can do and needs.
    pub features: AgentFeatures,
    /// A text of the account's owner for the user; often empty. At most 2,048 characters.
    pub customer_message: String,
    /// Says whether payloads are encrypted between the agent and us.
    pub encrypted: bool,
}

/// What the bytes of a session are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionKind {
    /// Forwarded TCP (docs/protocol.md, sections 5 and 6).
    Port {
        /// With smux inside; otherwise one connection at a time.
        mux: bool,
        /// Where the agent dials.
        properties: PortProperties,
    },
    /// One byte stream that the session lives and dies with (section 7): a port session whose
    /// properties do not have the type `LocalPortForwarding`.
    StandardStream,
    /// A session that forwards nothing: a shell or a command. Holds the name on the wire.
    Other(String),
}

impl SessionKind {
    /// The session type of agents that know no handshake: they send a shell's output at once.
    pub(crate) const SHELL: &'static str = "Standard_Stream";
    const INTERACTIVE_COMMANDS: &'static str = "InteractiveCommands";
    const NON_INTERACTIVE_COMMANDS: &'static str = "NonInteractiveCommands";
    const PORT: &'static str = "Port";
    const LOCAL_PORT_FORWARDING: &'static str = "LocalPortForwarding";

    /// Returns the kind that an agent of this version means; `None` if it is unknown.
    pub(crate) fn of(request: SessionTypeRequest, agent: AgentVersion) -> Option<Self> {
        match request.session_type.as_str() {
            Self::PORT => {
                let properties = request.properties.unwrap_or_default();
                if properties.kind.as_deref() != Some(Self::LOCAL_PORT_FORWARDING) {
                    return Some(Self::StandardStream);
                }
                Some(Self::Port {
                    mux: agent > AgentFeatures::MUX_ABOVE,
                    properties,
                })
            }
            Self::SHELL | Self::INTERACTIVE_COMMANDS | Self::NON_INTERACTIVE_COMMANDS => {
                Some(Self::Other(request.session_type))
            }
            _ => None,
        }
    }

    fn is_mux(&self) -> bool {
        match self {
            Self::Port { mux, .. } => *mux,
            Self::StandardStream | Self::Other(_) => false,
        }
    }
}

/// What an agent can do and needs, by its version (docs/protocol.md, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentFeatures {
    /// The session carries smux.
    pub mux: bool,
    /// The agent ends a session in which nothing arrived for 30 s: send a smux NOP every 10 s.
    pub smux_keepalive_needed: bool,
    /// The agent understands the flag TerminateSession; otherwise only the API call ends it.
    pub terminate_flag: bool,
}

impl AgentFeatures {
    const MUX_ABOVE: AgentVersion = AgentVersion::new([3, 0, 196, 0]);
    const NO_KEEPALIVE_ABOVE: AgentVersion = AgentVersion::new([3, 1, 1511, 0]);
    const TERMINATE_FLAG_ABOVE: AgentVersion = AgentVersion::new([2, 3, 722, 0]);

    pub(crate) fn of(agent: AgentVersion, kind: &SessionKind) -> Self {
        let mux = kind.is_mux();
        Self {
            mux,
            smux_keepalive_needed: mux && agent <= Self::NO_KEEPALIVE_ABOVE,
            terminate_flag: agent > Self::TERMINATE_FLAG_ABOVE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(session_type: &str, kind: Option<&str>, agent: &str) -> Option<SessionKind> {
        let request = SessionTypeRequest {
            session_type: session_type.into(),
            properties: Some(PortProperties {
                kind: kind.map(Into::into),
                ..PortProperties::default()
            }),
        };
        SessionKind::of(request, AgentVersion::parse(agent))
    }

    fn features(agent: &str) -> AgentFeatures {
        let version = AgentVersion::parse(agent);
        let kind = kind("Port", Some("LocalPortForwarding"), agent).unwrap();
        AgentFeatures::of(version, &kind)
    }

    #[test]
    fn the_named_version_itself_does_not_have_the_feature_yet() {
        assert!(!features("3.0.196.0").mux);
        assert!(features("3.0.196.1").mux);
        assert!(features("3.1.1511.0").smux_keepalive_needed);
        assert!(!features("3.1.1511.1").smux_keepalive_needed);
        assert!(!features("2.3.722.0").terminate_flag);
        assert!(features("2.3.1319.0").terminate_flag);
    }

    #[test]
    fn an_agent_without_smux_needs_no_keepalive_of_it() {
        assert!(!features("2.3.1319.0").smux_keepalive_needed);
    }

    #[test]
    fn a_port_session_without_the_forwarding_type_is_one_stream() {
        assert_eq!(
            kind("Port", None, "3.3.0.0"),
            Some(SessionKind::StandardStream)
        );
        assert!(matches!(
            kind("Port", Some("LocalPortForwarding"), "3.3.0.0"),
            Some(SessionKind::Port { mux: true, .. })
        ));
    }

    #[test]
    fn shells_are_known_and_anything_else_is_not() {
        assert_eq!(
            kind("InteractiveCommands", None, "3.3.0.0"),
            Some(SessionKind::Other("InteractiveCommands".into()))
        );
        assert_eq!(kind("Telepathy", None, "3.3.0.0"), None);
    }
}
