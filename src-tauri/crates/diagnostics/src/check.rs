use serde::{Serialize, Serializer};

/// What is looked at. In the order in which a report tells them: from this machine outward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// Profile, region, endpoint and CA bundle can be read and used.
    Settings,
    /// The local port is free.
    LocalPort,
    /// Credentials are found, and until when they are good.
    Credentials,
    /// The names of the services have addresses.
    Dns,
    /// The services, or the proxy, take connections.
    Tcp,
    /// The proxy connects to the services.
    Proxy,
    /// The services show certificates that are trusted, and whose those are.
    Tls,
    /// It is AWS that answers, and no captive portal.
    CaptivePortal,
    /// This machine's clock agrees with AWS's.
    Clock,
    /// The gateway is asked to upgrade a connection to a WebSocket, and hears it.
    WebSocket,
    /// Whose the credentials are.
    Identity,
    /// The target is known and online.
    Target,
    /// The target's agent is new enough for what the tunnel wants.
    Agent,
    /// `ssm:StartSession` on the target and the document.
    StartSession,
    /// `ssm:ResumeSession`.
    ResumeSession,
    /// `ssm:TerminateSession`.
    TerminateSession,
    /// The account's preferences for sessions, and what they mean for the tunnel.
    Preferences,
    /// `kms:GenerateDataKey` on the key that encrypts sessions.
    SessionKey,
    /// Open sessions of ours that nobody uses.
    Ghosts,
    /// A real session opens and closes.
    Session,
}

impl Check {
    /// Every check, in the order of a report.
    pub const ALL: [Self; 20] = [
        Self::Settings,
        Self::LocalPort,
        Self::Credentials,
        Self::Dns,
        Self::Tcp,
        Self::Proxy,
        Self::Tls,
        Self::CaptivePortal,
        Self::Clock,
        Self::WebSocket,
        Self::Identity,
        Self::Target,
        Self::Agent,
        Self::StartSession,
        Self::ResumeSession,
        Self::TerminateSession,
        Self::Preferences,
        Self::SessionKey,
        Self::Ghosts,
        Self::Session,
    ];

    /// The check's stable name for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::LocalPort => "local-port",
            Self::Credentials => "credentials",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::CaptivePortal => "captive-portal",
            Self::Clock => "clock",
            Self::WebSocket => "websocket",
            Self::Identity => "identity",
            Self::Target => "target",
            Self::Agent => "agent",
            Self::StartSession => "start-session",
            Self::ResumeSession => "resume-session",
            Self::TerminateSession => "terminate-session",
            Self::Preferences => "preferences",
            Self::SessionKey => "session-key",
            Self::Ghosts => "ghosts",
            Self::Session => "session",
        }
    }

    /// The check's name for people, for the beginning of a line.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::LocalPort => "Local port",
            Self::Credentials => "Credentials",
            Self::Dns => "Name resolution",
            Self::Tcp => "Connection",
            Self::Proxy => "Proxy",
            Self::Tls => "Certificates",
            Self::CaptivePortal => "Who answers",
            Self::Clock => "Clock",
            Self::WebSocket => "WebSocket",
            Self::Identity => "Identity",
            Self::Target => "Target",
            Self::Agent => "Agent",
            Self::StartSession => "StartSession",
            Self::ResumeSession => "ResumeSession",
            Self::TerminateSession => "TerminateSession",
            Self::Preferences => "Session preferences",
            Self::SessionKey => "Session key",
            Self::Ghosts => "Open sessions",
            Self::Session => "A real session",
        }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_checks_share_a_code_or_a_title() {
        let codes: HashSet<_> = Check::ALL.iter().map(|check| check.code()).collect();
        let titles: HashSet<_> = Check::ALL.iter().map(|check| check.title()).collect();
        assert_eq!((codes.len(), titles.len()), (20, 20));
    }

    #[test]
    fn all_are_in_the_order_in_which_they_are_told() {
        assert!(Check::ALL.is_sorted());
    }
}
