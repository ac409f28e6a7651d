//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use tunnel_manager::tunnel::{
    AccessSettings, BindAddress, Destination, Listen, PoolSize, TunnelConfig, TunnelPolicy,
};

/// AWS Session Manager port forwards that stay up.
#[derive(Debug, Parser)]
#[command(name = "culvert", version, about, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Forward a local port to a target, or through it to another host
    Forward(Forward),
    /// Carry standard input and output to a port of a target, as an ssh ProxyCommand does
    Stream(Stream),
    /// Show a tunnel through a simulated service: it is cut, and it holds
    Demo(Demo),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Forward {
    /// Managed node: i-…, mi-…, or ecs:CLUSTER_TASK_RUNTIME
    #[arg(long, value_parser = target)]
    pub(crate) target: String,
    /// Port on the target, or on the remote host
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) remote_port: u16,
    /// Host that the target connects to; the target itself if left out
    #[arg(long)]
    pub(crate) remote_host: Option<String>,
    /// Local port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) local_port: u16,
    /// Where to listen: localhost (IPv4 and IPv6), an address, or unix:PATH
    #[arg(long, value_name = "ADDR", default_value = "localhost", value_parser = bind_address)]
    pub(crate) bind: BindAddress,
    #[command(flatten)]
    pub(crate) aws: Aws,
    /// Sessions to hold, 1 to 8: a number, or a range within which the tunnel grows when it
    /// helps. Downloads past 1 MB/s need more than one
    #[arg(long, value_name = "N|N-M", default_value = "1-4", value_parser = pool_size)]
    pub(crate) sessions: PoolSize,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Stream {
    /// Managed node: i-…, mi-…, or ecs:CLUSTER_TASK_RUNTIME
    #[arg(long, value_parser = target)]
    pub(crate) target: String,
    /// Port on the target
    #[arg(long, default_value_t = 22, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) aws: Aws,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose account, and which endpoints.
#[derive(Debug, ClapArgs)]
pub(crate) struct Aws {
    /// Profile of the AWS config files
    #[arg(long)]
    profile: Option<String>,
    /// Region
    #[arg(long)]
    region: Option<String>,
    /// URL of the service instead of AWS's own
    #[arg(long)]
    endpoint_url: Option<String>,
    /// Reason for the account's audit trail, 1 to 256 characters
    #[arg(long, value_parser = reason)]
    reason: Option<String>,
}

impl Forward {
    pub(crate) fn into_config(self) -> TunnelConfig {
        let port = self.remote_port;
        let destination = match self.remote_host {
            Some(host) => Destination::RemoteHost { host, port },
            None => Destination::Port(port),
        };
        TunnelConfig {
            listen: Listen {
                address: self.bind,
                port: self.local_port,
            },
            policy: TunnelPolicy {
                sessions: self.sessions,
                ..TunnelPolicy::default()
            },
            ..self.aws.config(self.target, destination)
        }
    }
}

impl Stream {
    pub(crate) fn into_config(self) -> TunnelConfig {
        self.aws
            .config(self.target, Destination::Stream { port: self.port })
    }
}

impl Aws {
    fn config(self, target: String, destination: Destination) -> TunnelConfig {
        TunnelConfig {
            reason: self.reason,
            access: AccessSettings {
                profile: self.profile,
                region: self.region,
                endpoint_url: self.endpoint_url,
                ..AccessSettings::default()
            },
            ..TunnelConfig::new(target, destination)
        }
    }
}

/// StartSession takes a target of 1 to 400 characters (docs/protocol.md, section 1).
fn target(value: &str) -> Result<String, String> {
    match value.chars().count() {
        1..=400 if !value.contains(char::is_whitespace) => Ok(value.to_owned()),
        _ => Err("a target has 1 to 400 characters and no spaces".to_owned()),
    }
}

/// StartSession takes a reason of 1 to 256 characters (docs/protocol.md, section 1).
fn reason(value: &str) -> Result<String, String> {
    match value.chars().count() {
        1..=256 => Ok(value.to_owned()),
        _ => Err("a reason has 1 to 256 characters".to_owned()),
    }
}

fn pool_size(value: &str) -> Result<PoolSize, String> {
    let (least, most) = value.split_once('-').unwrap_or((value, value));
    let number = |text: &str| text.parse::<u8>().ok().filter(|n| (1..=8).contains(n));
    match (number(least), number(most)) {
        (Some(least), Some(most)) if least <= most => Ok(PoolSize::new(least, most)),
        _ => Err("give a number from 1 to 8, or a range such as 1-4".to_owned()),
    }
}

pub(crate) fn bind_address(value: &str) -> Result<BindAddress, String> {
    if value == "localhost" {
        return Ok(BindAddress::Localhost);
    }
    if let Some(path) = value.strip_prefix("unix:") {
        return match path {
            "" => Err("unix: needs a path behind it".to_owned()),
            path => Ok(BindAddress::Unix(PathBuf::from(path))),
        };
    }
    let bare = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(value);
    bare.parse::<IpAddr>().map(BindAddress::Ip).map_err(|_| {
        "give localhost, an IP address such as 0.0.0.0 or ::1, or unix:PATH".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(arguments: &[&str]) -> Result<TunnelConfig, clap::Error> {
        let all = ["culvert", "forward"].iter().chain(arguments);
        match Args::try_parse_from(all)?.command {
            Command::Forward(forward) => Ok(forward.into_config()),
            Command::Stream(_) | Command::Demo(_) => panic!("not forward"),
        }
    }

    #[test]
    fn a_port_of_the_target_needs_no_more_than_target_and_port() {
        let config =
            forward(&["--target", "i-0123456789abcdef0", "--remote-port", "5432"]).unwrap();
        assert_eq!(config.destination, Destination::Port(5432));
        assert_eq!(
            config.listen,
            Listen {
                address: BindAddress::Localhost,
                port: 0
            }
        );
        assert_eq!(config.policy, TunnelPolicy::default());
    }

    #[test]
    fn every_option_finds_its_place() {
        let config = forward(&[
            "--target",
            "i-0123456789abcdef0",
            "--remote-port",
            "5432",
            "--remote-host",
            "db.internal",
            "--local-port",
            "5433",
            "--bind",
            "0.0.0.0",
            "--profile",
            "p",
            "--region",
            "eu-central-1",
            "--endpoint-url",
            "http://127.0.0.1:1",
            "--reason",
            "why",
            "--sessions",
            "4",
        ])
        .unwrap();
        let host = "db.internal".to_owned();
        assert_eq!(
            config.destination,
            Destination::RemoteHost { host, port: 5432 }
        );
        let address = BindAddress::Ip("0.0.0.0".parse().unwrap());
        assert_eq!(
            config.listen,
            Listen {
                address,
                port: 5433
            }
        );
        assert_eq!(config.access.profile.as_deref(), Some("p"));
        assert_eq!(config.access.region.as_deref(), Some("eu-central-1"));
        assert_eq!(
            config.access.endpoint_url.as_deref(),
            Some("http://127.0.0.1:1")
        );
        assert_eq!(config.reason.as_deref(), Some("why"));
        assert_eq!(config.policy.sessions, PoolSize::fixed(4));
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        assert_eq!(bind_address("localhost"), Ok(BindAddress::Localhost));
        assert_eq!(
            bind_address("[::1]"),
            Ok(BindAddress::Ip("::1".parse().unwrap()))
        );
        assert_eq!(
            bind_address("unix:/run/db"),
            Ok(BindAddress::Unix("/run/db".into()))
        );
        assert!(bind_address("unix:").is_err());
        assert!(bind_address("db.internal").is_err());
    }

    #[test]
    fn what_the_service_would_refuse_is_refused_here() {
        let target = "i-0123456789abcdef0";
        assert!(forward(&["--target", target, "--remote-port", "0"]).is_err());
        assert!(forward(&["--target", target, "--remote-port", "65536"]).is_err());
        assert!(forward(&["--target", "", "--remote-port", "1"]).is_err());
        assert!(forward(&["--target", &"x".repeat(401), "--remote-port", "1"]).is_err());
        let long = "x".repeat(257);
        assert!(forward(&["--target", target, "--remote-port", "1", "--reason", &long]).is_err());
        assert!(forward(&["--target", target, "--remote-port", "1", "--sessions", "9"]).is_err());
        for wrong in ["0", "3-2", "2-9", "-", "1-", "x"] {
            assert!(pool_size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(pool_size("2-6"), Ok(PoolSize::new(2, 6)));
    }
}
