//! What a tunnel is made from.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use aws_access::{AccessSettings, StartSession};
use tunnel_proto::{SessionConfig, TargetSpec, TunnelPolicy};
use url::{Host, Url};

use crate::environment::Environment;
use crate::ledger::Ledger;

/// A tunnel's settings.
#[derive(Debug, Clone)]
pub struct TunnelConfig {
    /// What the user calls it; only for logs.
    pub name: String,
    /// Where sessions are opened to: nodes by id, name or tag, in the order in which they are
    /// tried. Looked up for each session that is started.
    pub target: TargetSpec,
    /// Where the target takes the connections.
    pub destination: Destination,
    /// Where local connections are accepted.
    pub listen: Listen,
    /// Goes into StartSession, for the account's audit trail. 1 to 256 characters.
    pub reason: Option<String>,
    /// Whose credentials, and which endpoints.
    pub access: AccessSettings,
    /// How many sessions, when to retry, and how long.
    pub policy: TunnelPolicy,
    /// How each session is run. Its shared memory is the environment's.
    pub session: SessionConfig,
    /// What the machine goes through; by default one in which nothing happens.
    pub environment: Environment,
    /// Where the sessions are noted that live, so that a crash leaves a trace. Default: nowhere.
    pub ledger: Ledger,
}

/// Where connections come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A port of the target itself.
    Port(u16),
    /// A port of a host that the target reaches.
    RemoteHost {
        /// Its name or address, as the target knows it.
        host: String,
        /// Its port.
        port: u16,
    },
    /// A raw byte stream to a port of the target, without multiplexer (`AWS-StartSSHSession`).
    Stream {
        /// The port, 22 for ssh.
        port: u16,
    },
    /// Any document for port sessions, with its parameters.
    Document {
        /// The document's name.
        name: String,
        /// Its parameters.
        parameters: BTreeMap<String, Vec<String>>,
    },
}

/// Where local connections are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The address, or the socket's path.
    pub address: BindAddress,
    /// The port; 0 takes any free one. Means nothing for a Unix socket.
    pub port: u16,
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindAddress {
    /// 127.0.0.1 and ::1, the same port on both: whatever `localhost` resolves to, it works.
    Localhost,
    /// One address. Anything but loopback lets other machines use the tunnel.
    Ip(IpAddr),
    /// A Unix socket, readable for its owner alone.
    Unix(PathBuf),
}

impl TunnelConfig {
    /// Makes the settings of a tunnel through the node with this id to `destination`, with
    /// everything else at its default: a free port of localhost, the default credentials.
    pub fn new(node: impl Into<String>, destination: Destination) -> Self {
        Self::to(TargetSpec::of_id(node), destination)
    }

    /// The same for any target.
    pub fn to(target: TargetSpec, destination: Destination) -> Self {
        Self {
            name: target.to_string(),
            target,
            destination,
            listen: Listen {
                address: BindAddress::Localhost,
                port: 0,
            },
            reason: None,
            access: AccessSettings::default(),
            policy: TunnelPolicy::default(),
            session: SessionConfig::default(),
            environment: Environment::still(),
            ledger: Ledger::none(),
        }
    }

    /// Whether the service is on this machine, and does not depend on its networks.
    pub(crate) fn is_local(&self) -> bool {
        let url = self
            .access
            .ssm_url()
            .and_then(|endpoint| Url::parse(endpoint).ok());
        match url.as_ref().and_then(Url::host) {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }

    /// The request that starts a session of this tunnel (docs/protocol.md, section 1). If its
    /// target has to be looked up, the node is still missing in it.
    pub(crate) fn start_request(&self, local_port: Option<u16>) -> StartSession {
        let one = |value: &dyn ToString| vec![value.to_string()];
        let mut parameters = BTreeMap::new();
        let document = match &self.destination {
            Destination::Port(port) => {
                parameters.insert("portNumber".to_owned(), one(port));
                "AWS-StartPortForwardingSession"
            }
            Destination::RemoteHost { host, port } => {
                parameters.insert("host".to_owned(), one(host));
                parameters.insert("portNumber".to_owned(), one(port));
                "AWS-StartPortForwardingSessionToRemoteHost"
            }
            Destination::Stream { port } => {
                parameters.insert("portNumber".to_owned(), one(port));
                "AWS-StartSSHSession"
            }
            Destination::Document {
                name,
                parameters: given,
            } => {
                parameters.clone_from(given);
                name
            }
        };
        let forwards = match &self.destination {
            Destination::Port(_) | Destination::RemoteHost { .. } => true,
            Destination::Stream { .. } | Destination::Document { .. } => false,
        };
        if let Some(port) = local_port
            && forwards
        {
            parameters.insert("localPortNumber".to_owned(), one(&port));
        }
        StartSession {
            target: self.target.only_id().unwrap_or_default().to_owned(),
            document: document.to_owned(),
            parameters,
            reason: self.reason.clone(),
        }
    }
}
