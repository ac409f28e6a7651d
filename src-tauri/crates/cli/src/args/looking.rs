//! What looks at tunnels and runs none: `culvert doctor` and `culvert iam-policy`.

use clap::Args as ClapArgs;
use tunnel_manager::tunnel::{BindAddress, TargetSpec};

use super::{Aws, Forward, bind_address, target};

/// What is looked at: one tunnel thoroughly, or without one everything that needs none, and all
/// saved tunnels briefly.
#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    /// A saved tunnel, by its name, the begin of its name, or its id
    pub(crate) name: Option<String>,
    /// Managed node: i-…, mi-…, ecs:CLUSTER_TASK_RUNTIME, name:NAME or tag:KEY=VALUE, the last two
    /// with @newest behind them or not; may be repeated: all of them are looked at
    #[arg(long, value_parser = target)]
    pub(crate) target: Vec<TargetSpec>,
    /// Port on the target, or on the remote host; 80 if left out
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    remote_port: Option<u16>,
    /// Host that the target connects to; the target itself if left out
    #[arg(long)]
    remote_host: Option<String>,
    /// Local port that shall be free; 0, or none, is any
    #[arg(long)]
    local_port: Option<u16>,
    /// Where to listen: localhost (IPv4 and IPv6, the default), an address, or unix:PATH
    #[arg(long, value_name = "ADDR", value_parser = bind_address)]
    bind: Option<BindAddress>,
    #[command(flatten)]
    aws: Aws,
    /// End the sessions of yours that nobody uses any more
    #[arg(long)]
    pub(crate) sweep: bool,
    /// Open a real session, and close it again; no connection is made to the destination
    #[arg(long)]
    pub(crate) session: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct IamPolicy {
    /// Saved tunnels, by their names, the begin of them, or their ids; all if left out
    #[arg(conflicts_with = "target")]
    pub(crate) names: Vec<String>,
    /// Managed node: i-…, mi-…, ecs:CLUSTER_TASK_RUNTIME, name:NAME or tag:KEY=VALUE, the last two
    /// with @newest behind them or not; may be repeated: the policy allows all of them
    #[arg(long, value_parser = target)]
    pub(crate) target: Vec<TargetSpec>,
    /// Port on the target, or on the remote host
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    remote_port: Option<u16>,
    /// Host that the target connects to; the target itself if left out
    #[arg(long)]
    remote_host: Option<String>,
    /// Print one JSON object with the policy and what is to be known of it
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    aws: Aws,
}

/// The port of a tunnel whose port makes no difference: that of the documents' own default.
const ANY_PORT: u16 = 80;

impl Doctor {
    /// Whether options say whose account is meant, or which way.
    pub(crate) fn names_account(&self) -> bool {
        self.aws.names_account()
    }

    /// The tunnel that would be run with these options.
    pub(crate) fn into_forward(self) -> Forward {
        let port = match self.name {
            Some(_) => self.remote_port,
            None => Some(self.remote_port.unwrap_or(ANY_PORT)),
        };
        Forward {
            local_port: self.local_port,
            bind: self.bind,
            ..Forward::looked_at(self.target, self.remote_host, port, self.aws)
        }
    }
}

impl IamPolicy {
    /// The tunnel that would be run with these options.
    pub(crate) fn into_forward(self) -> Forward {
        let port = Some(self.remote_port.unwrap_or(ANY_PORT));
        Forward::looked_at(self.target, self.remote_host, port, self.aws)
    }
}
