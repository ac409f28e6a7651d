//! Hosts behind a target: databases, caches and search domains of the account.

use std::fmt;

use serde::Serialize;

/// A host that a target may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// Whose it is.
    pub kind: HostKind,
    /// What the account calls the database, the cache or the domain.
    pub name: String,
    /// What it is good for.
    pub role: HostRole,
    /// Its name, as the target resolves it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Engine and version, such as `postgres 16.3`.
    pub engine: Option<String>,
    /// What its service says of it, such as `available`.
    pub status: Option<String>,
}

/// The kind of service that a host belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKind {
    /// A database of RDS, and of the services behind the same API (DocumentDB, Neptune).
    Rds,
    /// A database of Aurora.
    Aurora,
    /// A cache of ElastiCache.
    Elasticache,
    /// A domain of OpenSearch Service.
    Opensearch,
}

/// What a host is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostRole {
    /// Leads to whichever node takes writes.
    Writer,
    /// Leads to one of the nodes that can be read.
    Reader,
    /// A set of nodes that somebody has put together.
    Custom,
    /// Tells clients of a sharded cache where its nodes are.
    Configuration,
    /// One node.
    Instance,
    /// The one endpoint of what has no other.
    Endpoint,
}

impl Host {
    /// Whether its service says that it can be used now.
    pub fn is_available(&self) -> bool {
        self.status
            .as_deref()
            .is_none_or(|status| matches!(status, "available" | "active" | "in-use"))
    }
}

impl fmt::Display for HostKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rds => "rds",
            Self::Aurora => "aurora",
            Self::Elasticache => "elasticache",
            Self::Opensearch => "opensearch",
        })
    }
}

impl fmt::Display for HostRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Writer => "writer",
            Self::Reader => "reader",
            Self::Custom => "custom",
            Self::Configuration => "configuration",
            Self::Instance => "instance",
            Self::Endpoint => "endpoint",
        })
    }
}
