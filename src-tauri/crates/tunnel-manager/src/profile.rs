//! A saved tunnel.

mod draft;
mod filing;
mod production;
pub mod rules;
mod span;
mod upkeep;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tunnel::Endpoints;
use tunnel_proto::TargetSpec;
use uuid::Uuid;

pub use draft::Draft;
pub use filing::{Filing, Refiling};
pub use production::{Asks, Consent, Production, ProductionDraft};
pub use rules::{Field, Invalid, Rule};
pub use upkeep::Upkeep;

/// Namespace (RFC 9562, section 5.5) of the ids of tunnels that were written without one.
const UNNAMED: Uuid = Uuid::from_u128(0x5d1c_4a37_3c0e_4c43_9b0b_7c54_61f2_8d0e);

/// Names a saved tunnel for as long as it is saved, whatever else of it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileId(Uuid);

impl ProfileId {
    /// Makes an id that no other tunnel has.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Makes the id of a tunnel that was written by hand without one: the same each time that
    /// the file is read.
    pub(crate) fn of_unnamed(name: &str, ordinal: usize) -> Self {
        Self(Uuid::new_v5(
            &UNNAMED,
            format!("{ordinal} {name}").as_bytes(),
        ))
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for ProfileId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self)
    }
}

/// A saved tunnel, checked: it can be given to the engine as it is.
///
/// Made from a [`Draft`], the form in which people and files write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Stays the same when the tunnel is edited.
    pub id: ProfileId,
    /// What the user calls it.
    pub name: String,
    /// Where the user looks for it.
    pub filing: Filing,
    /// The managed nodes or ECS tasks that sessions are opened to, in the order in which they
    /// are tried.
    pub target: TargetSpec,
    /// Where connections end.
    pub destination: Destination,
    /// Where connections begin.
    pub listen: Listen,
    /// Whose credentials it uses.
    pub credentials: CredentialSource,
    /// Region; what the AWS configuration says without one.
    pub region: Option<String>,
    /// Endpoint to use instead of the region's.
    pub endpoint_url: Option<String>,
    /// Where single services are asked, instead of AWS's own addresses.
    pub endpoints: Endpoints,
    /// Reason that is recorded with each session.
    pub reason: Option<String>,
    /// How it is kept up.
    pub upkeep: Upkeep,
    /// It leads to production; `None` if it does not.
    pub production: Option<Production>,
}

/// Whose credentials a tunnel uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum CredentialSource {
    /// The default chain: the environment, the default profile, the machine's own role.
    #[default]
    Chain,
    /// A named profile of the AWS configuration.
    Profile(String),
    /// Keys in the system's keyring, by their name.
    Keys(String),
}

impl CredentialSource {
    /// The named profile, where there is one.
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Profile(name) => Some(name),
            Self::Chain | Self::Keys(_) => None,
        }
    }

    /// The name of the keys, where there are any.
    pub fn keys(&self) -> Option<&str> {
        match self {
            Self::Keys(name) => Some(name),
            Self::Chain | Self::Profile(_) => None,
        }
    }
}

/// Where a tunnel's connections end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A port of the target itself.
    Port(u16),
    /// A port of a host that the target can reach.
    RemoteHost {
        /// Name or address, resolved by the target.
        host: String,
        /// Its TCP port.
        port: u16,
    },
}

/// Where a tunnel listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The address to bind.
    pub address: BindAddress,
    /// The TCP port; 0 for any that is free. Means nothing for a Unix socket.
    pub port: u16,
}

/// An address to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindAddress {
    /// 127.0.0.1 and ::1 both.
    Localhost,
    /// Exactly this address.
    Ip(IpAddr),
    /// A Unix socket at this absolute path.
    Unix(PathBuf),
}

impl fmt::Display for BindAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Localhost => f.write_str("localhost"),
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

impl Profile {
    /// Says whether both make the same tunnel, whatever they are called and wherever they are
    /// filed.
    pub fn same_tunnel(&self, other: &Self) -> bool {
        self == &Self {
            name: self.name.clone(),
            filing: self.filing.clone(),
            ..other.clone()
        }
    }
}
