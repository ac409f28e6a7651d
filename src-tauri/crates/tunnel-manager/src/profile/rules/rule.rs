//! The fields of a tunnel, and what is told of one that breaks its rule.

use std::fmt;

use tunnel_proto::TargetError;

use super::{
    CLOSES_AFTER, GROUP_MOST, KEEP_SESSION_ALIVE, KEEPALIVE, LAZY, NAME_MOST, REASON_MOST,
    RENEW_AFTER, RETRY_FOR, SESSIONS_MOST, TAG_MOST, TAGS_MOST, WAIT, hours, minutes,
};

/// A field of a tunnel, named as in the profile file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// `name`
    Name,
    /// `group`
    Group,
    /// `tags`
    Tags,
    /// `target`
    Target,
    /// `remote_host`
    RemoteHost,
    /// `remote_port`
    RemotePort,
    /// `bind`
    Bind,
    /// `local_port`
    LocalPort,
    /// `profile`
    Profile,
    /// `keys`
    Keys,
    /// `region`
    Region,
    /// `endpoint_url`
    EndpointUrl,
    /// `endpoints`
    Endpoints,
    /// `reason`
    Reason,
    /// `sessions`
    Sessions,
    /// `keepalive`
    Keepalive,
    /// `renew_after`
    RenewAfter,
    /// `lazy`
    Lazy,
    /// `wait`
    Wait,
    /// `retry_for`
    RetryFor,
    /// `keep_session_alive`
    KeepSessionAlive,
    /// `production.reason`
    ProductionReason,
    /// `production.closes_after`
    ClosesAfter,
}

impl Field {
    /// The field's name in the profile file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Group => "group",
            Self::Tags => "tags",
            Self::Target => "target",
            Self::RemoteHost => "remote_host",
            Self::RemotePort => "remote_port",
            Self::Bind => "bind",
            Self::LocalPort => "local_port",
            Self::Profile => "profile",
            Self::Keys => "keys",
            Self::Region => "region",
            Self::EndpointUrl => "endpoint_url",
            Self::Endpoints => "endpoints",
            Self::Reason => "reason",
            Self::Sessions => "sessions",
            Self::Keepalive => "keepalive",
            Self::RenewAfter => "renew_after",
            Self::Lazy => "lazy",
            Self::Wait => "wait",
            Self::RetryFor => "retry_for",
            Self::KeepSessionAlive => "keep_session_alive",
            Self::ProductionReason => "production.reason",
            Self::ClosesAfter => "production.closes_after",
        }
    }
}

/// A rule that a field breaks. Its text is a sentence that says what the field must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Nothing is there.
    #[error("Give the tunnel a name.")]
    NameMissing,
    /// It is too long for its row.
    #[error("A name has at most {NAME_MOST} characters.")]
    NameTooLong,
    /// It is too long for its line, or more than one.
    #[error("A group is one line of at most {GROUP_MOST} characters.")]
    Group,
    /// It is empty, too long, or more than one word to find a tunnel by.
    #[error("A tag has 1 to {TAG_MOST} characters, and no comma.")]
    Tag,
    /// There are more than anybody looks for.
    #[error("A tunnel has at most {TAGS_MOST} tags.")]
    TooManyTags,
    /// It is no target, and no list of such.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It cannot be the name of a host.
    #[error("A host is a name or an address such as db.internal, without a port.")]
    Host,
    /// It is no TCP port.
    #[error("A port is a number from 1 to 65535.")]
    Port,
    /// It is neither a TCP port nor 0.
    #[error("A port is a number from 1 to 65535, or 0 for any that is free.")]
    PortOrAny,
    /// It is nothing that can be listened at.
    #[error("Listen at localhost, at an IP address, or at an absolute path.")]
    BindAddress,
    /// It cannot be the name of an AWS profile.
    #[error("An AWS profile is the name of a section of your AWS configuration.")]
    AwsProfile,
    /// It cannot be the name of keys in the keyring.
    #[error(
        "Keys of the keyring have a name of 1 to 64 letters, digits, and the characters - _ . @."
    )]
    Keys,
    /// There are both, and nobody could say which of them counts.
    #[error("A tunnel uses a profile or keys of the keyring, not both.")]
    KeysAndProfile,
    /// It cannot be the name of a region.
    #[error("A region is a name such as eu-west-1.")]
    Region,
    /// It is no HTTP address.
    #[error("An endpoint is an address such as https://ssm.eu-west-1.amazonaws.com.")]
    EndpointUrl,
    /// It is no endpoint of a service, and none of the two words.
    #[error(
        "Endpoints are such as sts=https://sts.example, fips and dual-stack, with spaces between."
    )]
    Endpoints,
    /// The service would not take it.
    #[error("A reason has at most {REASON_MOST} characters.")]
    Reason,
    /// A tunnel to production asks for one each time.
    #[error("Say why: the reason is recorded by AWS with each session.")]
    ReasonMissing,
    /// It is no number of sessions, and no range of such.
    #[error("Sessions are a number from 1 to {SESSIONS_MOST}, or a range such as 1-4.")]
    Sessions,
    /// It is no time, or out of bounds.
    #[error(
        "Keepalive is {} to {} seconds.",
        KEEPALIVE.start().as_secs(),
        KEEPALIVE.end().as_secs()
    )]
    Keepalive,
    /// It is no time, or out of bounds.
    #[error(
        "Renew after {} to {} minutes, or say off.",
        minutes(*RENEW_AFTER.start()),
        minutes(*RENEW_AFTER.end())
    )]
    RenewAfter,
    /// It is no time, or out of bounds.
    #[error(
        "A session that starts on demand ends after {} to {} idle minutes; or say off.",
        minutes(*LAZY.start()),
        minutes(*LAZY.end())
    )]
    Lazy,
    /// It is no time, or out of bounds.
    #[error(
        "Connections wait {} to {} seconds.",
        WAIT.start().as_secs(),
        WAIT.end().as_secs()
    )]
    Wait,
    /// It is no time with a unit, or out of bounds.
    #[error(
        "Retry for {} min to {} days, such as 30min, 4h or 2d.",
        minutes(*RETRY_FOR.start()),
        hours(*RETRY_FOR.end()) / 24
    )]
    RetryFor,
    /// It is no time with a unit, or out of bounds.
    #[error(
        "Keep a session alive for {} min to {} h, such as 90min or 8h, or say off.",
        minutes(*KEEP_SESSION_ALIVE.start()),
        hours(*KEEP_SESSION_ALIVE.end())
    )]
    KeepSessionAlive,
    /// It is neither of the two words.
    #[error("A tunnel to production asks for a reason or not: say ask or none.")]
    ProductionReason,
    /// It is no time with a unit, or out of bounds.
    #[error(
        "A tunnel to production closes after {} min to {} days, such as 30min or 8h; or say off.",
        minutes(*CLOSES_AFTER.start()),
        hours(*CLOSES_AFTER.end()) / 24
    )]
    ClosesAfter,
}

impl Rule {
    /// The rule's stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Target(error) => error.code(),
            Self::NameMissing => "name-missing",
            Self::NameTooLong => "name-too-long",
            Self::Group => "group",
            Self::Tag => "tag",
            Self::TooManyTags => "too-many-tags",
            Self::Host => "host",
            Self::Port => "port",
            Self::PortOrAny => "port-or-any",
            Self::BindAddress => "bind-address",
            Self::AwsProfile => "aws-profile",
            Self::Keys => "keys",
            Self::KeysAndProfile => "keys-and-profile",
            Self::Region => "region",
            Self::EndpointUrl => "endpoint-url",
            Self::Endpoints => "endpoints",
            Self::Reason => "reason",
            Self::ReasonMissing => "reason-missing",
            Self::Sessions => "sessions",
            Self::Keepalive => "keepalive",
            Self::RenewAfter => "renew-after",
            Self::Lazy => "lazy",
            Self::Wait => "wait",
            Self::RetryFor => "retry-for",
            Self::KeepSessionAlive => "keep-session-alive",
            Self::ProductionReason => "production-reason",
            Self::ClosesAfter => "closes-after",
        }
    }
}

/// A field and the rule that it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// The field.
    pub field: Field,
    /// What it should be.
    pub rule: Rule,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field.key(), self.rule)
    }
}
