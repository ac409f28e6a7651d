//! What is replaced.

use serde::Serialize;

/// What something is that must not be handed out. It is the first part of its pseudonym.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// An EC2 instance, `i-…`.
    Instance,
    /// A managed node that is no instance, `mi-…`.
    ManagedNode,
    /// Another resource of AWS by its id: `vpc-…`, `sg-…`.
    Resource,
    /// A task or container of ECS.
    Task,
    /// A host name.
    Host,
    /// An IP address. Loopback stays.
    Ip,
    /// The address of a network card.
    Mac,
    /// Somebody's name on a machine or in an account.
    User,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// An AWS account.
    Account,
    /// What somebody has called something: a profile, a role, a cluster.
    Name,
    /// The id of an access key.
    Key,
    /// A token, or what looks like one.
    Token,
    /// A secret key, a password.
    Secret,
    /// A session of Session Manager, which has a user's name in it.
    Session,
    /// A tag's key or value.
    Tag,
    /// The start page of IAM Identity Center.
    Portal,
    /// The name of a tunnel.
    Tunnel,
    /// An id that says nothing by itself: a run of hexadecimal digits.
    Id,
    /// What somebody has written, such as the reason of a session.
    Text,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 21] = [
        Self::Instance,
        Self::ManagedNode,
        Self::Resource,
        Self::Task,
        Self::Host,
        Self::Ip,
        Self::Mac,
        Self::User,
        Self::Email,
        Self::Phone,
        Self::Account,
        Self::Name,
        Self::Key,
        Self::Token,
        Self::Secret,
        Self::Session,
        Self::Tag,
        Self::Portal,
        Self::Tunnel,
        Self::Id,
        Self::Text,
    ];

    /// The first part of its pseudonyms.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Instance => "i",
            Self::ManagedNode => "mi",
            Self::Resource => "resource",
            Self::Task => "task",
            Self::Host => "host",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::User => "user",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Account => "account",
            Self::Name => "name",
            Self::Key => "key",
            Self::Token => "token",
            Self::Secret => "secret",
            Self::Session => "session",
            Self::Tag => "tag",
            Self::Portal => "sso",
            Self::Tunnel => "tunnel",
            Self::Id => "id",
            Self::Text => "text",
        }
    }

    /// Whether a value of it is one only where no letter or digit adjoins: `10.0.0.4` is no part
    /// of `10.0.0.42`.
    pub(crate) const fn stands_alone(self) -> bool {
        match self {
            Self::Ip
            | Self::Account
            | Self::Mac
            | Self::Name
            | Self::Phone
            | Self::Tag
            | Self::Text => true,
            Self::Instance
            | Self::ManagedNode
            | Self::Resource
            | Self::Task
            | Self::Host
            | Self::User
            | Self::Email
            | Self::Key
            | Self::Token
            | Self::Secret
            | Self::Session
            | Self::Portal
            | Self::Tunnel
            | Self::Id => false,
        }
    }

    /// Whether capitals make no difference to what is meant.
    pub(crate) const fn ignores_case(self) -> bool {
        match self {
            Self::Instance
            | Self::ManagedNode
            | Self::Resource
            | Self::Host
            | Self::Email
            | Self::Mac
            | Self::Portal
            | Self::Id => true,
            Self::Task
            | Self::Ip
            | Self::User
            | Self::Phone
            | Self::Account
            | Self::Name
            | Self::Key
            | Self::Token
            | Self::Secret
            | Self::Session
            | Self::Tag
            | Self::Tunnel
            | Self::Text => false,
        }
    }
}
