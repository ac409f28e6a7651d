//! From where to where a run of a tunnel leads.

use serde::{Deserialize, Serialize};
use tunnel::{BindAddress, Destination, TunnelConfig};

/// From where to where a run of a tunnel leads, as its settings have it: kept with its records, since what
/// is said of a tunnel that was never saved, or was removed since, names what nobody else knows any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Way {
    /// The nodes, in the target's own grammar.
    pub target: String,
    /// The host that the target reaches; `None` if it is the target itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<String>,
    /// A document of the account's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The address, or the path of the socket, where connections are accepted; `None` if it is the
    /// usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind: Option<String>,
    /// The profile of the AWS configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

impl Way {
    /// What the settings of a run say.
    pub fn of(config: &TunnelConfig) -> Self {
        let (remote_host, document) = match &config.destination {
            Destination::Port(_) | Destination::Stream { .. } => (None, None),
            Destination::RemoteHost { host, .. } => (Some(host.clone()), None),
            Destination::Document { name, parameters } => (
                parameters
                    .get("host")
                    .and_then(|hosts| hosts.first())
                    .cloned(),
                Some(name.clone()),
            ),
        };
        let bind = match &config.listen.address {
            BindAddress::Localhost => None,
            BindAddress::Ip(address) => Some(address.to_string()),
            BindAddress::Unix(path) => Some(path.display().to_string()),
        };
        Self {
            target: config.target.to_string(),
            remote_host,
            document,
            bind,
            profile: config.access.profile.clone(),
        }
    }
}
