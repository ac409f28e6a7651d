//! The command line.

mod aws;
mod looking;

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::error::ErrorKind;
use clap::{Args as ClapArgs, CommandFactory as _, Parser, Subcommand};
use tunnel_manager::log::{LogFormat, LogLevel};
use tunnel_manager::tunnel::{
    BindAddress, Destination, PoolSize, TargetError, TargetSpec, TunnelConfig,
};
use tunnel_manager::{Profile, Upkeep, rules};

use crate::diagnose::Diagnose;
use crate::exchange::Export;
use crate::history::History;
use crate::hosts::Hosts;
use crate::import::Import;
use crate::keys::Keys;
use crate::list::{List, Remove};
use crate::log_level::LogLevelOf;
use crate::profiles::Profiles;
use crate::replay::Replay;
use crate::sign_in::SignIn;
use crate::status::Status;
use crate::targets::Targets;
pub(crate) use aws::{Aws, Whose};
pub(crate) use looking::{Doctor, IamPolicy};

fn log_level(text: &str) -> Result<LogLevel, &'static str> {
    LogLevel::of_name(text).ok_or("it must be error, warn, info, debug or trace")
}

fn log_format(text: &str) -> Result<LogFormat, &'static str> {
    LogFormat::of_name(text).ok_or("it must be text or json")
}

/// A time that can be switched off. Not written out where it is an option's value: clap would
/// take the option for one that may be missing.
type OrOff = Option<Duration>;

/// How many drops within an hour are borne in silence; any number if `None`.
type Drops = Option<NonZeroU32>;

fn drops_told(text: &str) -> Result<Drops, &'static str> {
    match (text, text.parse()) {
        ("off", _) => Ok(None),
        (_, Ok(drops)) => Ok(Some(drops)),
        (_, Err(_)) => Err("it must be 1 or more, or off"),
    }
}

/// AWS Session Manager port forwards that stay up.
#[derive(Debug, Parser)]
#[command(name = "culvert", version, about, arg_required_else_help = true)]
pub(crate) struct Args {
    /// Keep a log of this level in the log folder: error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log_level)]
    pub(crate) log: Option<LogLevel>,
    /// How that log is written: text, or json with one object a line
    #[arg(long, global = true, value_name = "FORMAT", value_parser = log_format, requires = "log")]
    pub(crate) log_format: Option<LogFormat>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Forward a local port to a target, or through it to another host
    Forward(Forward),
    /// Save a tunnel from a command or an address that you have: aws ssm start-session in any
    /// shell's quoting, ssh -L, postgres://…
    Import(Import),
    /// Print saved tunnels as a file to give away; without secrets, since none is in them
    Export(Export),
    /// List the saved tunnels
    List(List),
    /// Forget a saved tunnel
    Remove(Remove),
    /// Carry standard input and output to a port of a target, as an ssh ProxyCommand does
    Stream(Stream),
    /// Show a tunnel through a simulated service: it is cut, and it holds
    Demo(Demo),
    /// Tell what happened to the tunnels: connections that were lost, why, and what it cost
    History(History),
    /// Tell how the tunnels are that run now, in the window and in terminals
    Status(Status),
    /// Switch how much is logged of a tunnel that runs, in the window or in a terminal, without a
    /// restart
    LogLevel(LogLevelOf),
    /// Find out what is wrong, and what to do: the way to AWS, credentials, permissions, target
    Doctor(Doctor),
    /// Write one file to give away with a report: what happened, how things are set up, logs, the
    /// doctor's findings; without secrets and names, and shown before
    Diagnose(Diagnose),
    /// Play a session's recording from a bundle again, in virtual time: does the engine do now what
    /// it did then?
    Replay(Replay),
    /// Print the least IAM policy that tunnels need
    IamPolicy(IamPolicy),
    /// List the profiles of the AWS config files, their kinds, and what is wrong with them
    Profiles(Profiles),
    /// Find what a session can be opened to: managed nodes, instances, containers
    Targets(Targets),
    /// Find what there may be behind a target: databases, caches, search domains
    Hosts(Hosts),
    /// Keep AWS keys, and passwords of proxies, in the system's keyring
    Keys(Keys),
    /// Sign in to AWS with a profile: a login through the browser, or an MFA code
    SignIn(SignIn),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Forward {
    /// A saved tunnel, by its name, the begin of its name, or its id. Options win over what is
    /// saved, for this once
    pub(crate) name: Option<String>,
    /// Managed node: i-…, mi-…, ecs:CLUSTER_TASK_RUNTIME, name:NAME or tag:KEY=VALUE, the last two
    /// with @newest behind them or not; may be repeated: then they are tried in that order
    #[arg(long, value_parser = target, required_unless_present = "name")]
    pub(crate) target: Vec<TargetSpec>,
    /// Port on the target, or on the remote host
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), required_unless_present = "name")]
    pub(crate) remote_port: Option<u16>,
    /// Host that the target connects to; the target itself if left out
    #[arg(long)]
    pub(crate) remote_host: Option<String>,
    /// Local port; 0, or none, takes a free one
    #[arg(long)]
    pub(crate) local_port: Option<u16>,
    /// Where to listen: localhost (IPv4 and IPv6, the default), an address, or unix:PATH
    #[arg(long, value_name = "ADDR", value_parser = bind_address)]
    pub(crate) bind: Option<BindAddress>,
    /// What the tunnel is called in the history and the log; its target and port if left out
    #[arg(long = "name", value_name = "NAME", value_parser = rules::name, conflicts_with = "name")]
    pub(crate) called: Option<String>,
    #[command(flatten)]
    pub(crate) aws: Aws,
    /// Sessions to hold, 1 to 8: a number, or a range within which the tunnel grows when it
    /// helps; 1-6 by default. Downloads past 1 MB/s need more than one
    #[arg(long, value_name = "N|N-M", value_parser = rules::sessions)]
    pub(crate) sessions: Option<PoolSize>,
    /// Start the session with the first connection, and end it after so many minutes without
    /// one; 10 if no number is given
    #[arg(
        long,
        value_name = "IDLE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "on",
        value_parser = rules::lazy
    )]
    pub(crate) lazy: Option<OrOff>,
    /// How long a connection waits while there is no session, 0 to 600; 30 by default
    #[arg(long, value_name = "SECONDS", value_parser = rules::wait)]
    pub(crate) wait: Option<Duration>,
    #[command(flatten)]
    pub(crate) lasting: Lasting,
    /// Keep idle sessions alive for so long from now, at most 24h, such as 90min or 8h. This
    /// defeats the idle timeout that your account's owner has set: be sure that you may
    #[arg(long, value_name = "DURATION|off", value_parser = rules::keep_session_alive)]
    pub(crate) keep_session_alive: Option<OrOff>,
    /// Answer a Prometheus server at this port of 127.0.0.1, path /metrics; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    pub(crate) metrics: Option<u16>,
    /// Say so once when the tunnel is lost more often than this within an hour, and why; 4 by
    /// default
    #[arg(long, value_name = "N|off", value_parser = drops_told)]
    pub(crate) drops_told: Option<Drops>,
    /// Start a tunnel to production without asking; where a reason is asked, give --reason as well
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Stream {
    /// Managed node: i-…, mi-…, ecs:CLUSTER_TASK_RUNTIME, name:NAME or tag:KEY=VALUE, the last two
    /// with @newest behind them or not; may be repeated: then they are tried in that order
    #[arg(long, value_parser = target, required = true)]
    pub(crate) target: Vec<TargetSpec>,
    /// Port on the target
    #[arg(long, default_value_t = 22, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) aws: Aws,
    #[command(flatten)]
    pub(crate) lasting: Lasting,
}

/// How a tunnel of any kind is made to last.
#[derive(Debug, ClapArgs)]
pub(crate) struct Lasting {
    /// How often to ping, 5 to 300, 20 by default: proxies drop what is silent for long
    #[arg(long, value_name = "SECONDS", value_parser = rules::keepalive)]
    keepalive: Option<Duration>,
    /// Renew each connection to the gateway at this age, 1 to 59, 50 by default, at a quiet
    /// moment; the gateway ends it at 60
    #[arg(long, value_name = "MINUTES|off", value_parser = rules::renew_after)]
    renew_after: Option<OrOff>,
    /// How long to bear failures of the service, such as 30min (the default), 4h or 7d
    #[arg(long, value_name = "DURATION", value_parser = rules::retry_for)]
    retry_for: Option<Duration>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl Args {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// What clap has to say: also that help or the version was asked for.
    pub(crate) fn read(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let args = Self::try_parse_from(arguments)?;
        match &args.command {
            // A socket has no port: whoever gives both expects something that will not be.
            Command::Forward(Forward {
                bind: Some(BindAddress::Unix(_)),
                local_port: Some(_),
                ..
            }) => Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                "the argument '--local-port <LOCAL_PORT>' cannot be used with '--bind unix:PATH': \
                 a Unix socket has no port",
            )),
            // Each may hold several; how many there are in all is only known now.
            Command::Forward(Forward { target, .. })
            | Command::Stream(Stream { target, .. })
            | Command::Doctor(Doctor { target, .. })
            | Command::IamPolicy(IamPolicy { target, .. })
                if TargetSpec::join(target.iter().cloned()) == Err(TargetError::TooMany) =>
            {
                let error = TargetError::TooMany.to_string();
                Err(Self::command().error(ErrorKind::TooManyValues, error))
            }
            Command::Forward(_)
            | Command::Import(_)
            | Command::Export(_)
            | Command::List(_)
            | Command::Remove(_)
            | Command::Stream(_)
            | Command::Demo(_)
            | Command::History(_)
            | Command::Doctor(_)
            | Command::Diagnose(_)
            | Command::Status(_)
            | Command::LogLevel(_)
            | Command::Replay(_)
            | Command::IamPolicy(_)
            | Command::Profiles(_)
            | Command::Targets(_)
            | Command::Hosts(_)
            | Command::Keys(_)
            | Command::SignIn(_) => Ok(args),
        }
    }
}

impl Lasting {
    /// What is not given is as in `base`.
    fn upkeep(&self, base: Upkeep) -> Upkeep {
        Upkeep {
            keepalive: self.keepalive.unwrap_or(base.keepalive),
            renew_after: self.renew_after.unwrap_or(base.renew_after),
            retry_for: self.retry_for.unwrap_or(base.retry_for),
            ..base
        }
    }
}

impl Forward {
    /// A tunnel that is looked at, and not run: with nothing of how it is made to last.
    fn looked_at(
        target: Vec<TargetSpec>,
        remote_host: Option<String>,
        remote_port: Option<u16>,
        aws: Aws,
    ) -> Self {
        Self {
            name: None,
            target,
            remote_port,
            remote_host,
            local_port: None,
            bind: None,
            aws,
            sessions: None,
            lazy: None,
            wait: None,
            lasting: Lasting {
                keepalive: None,
                renew_after: None,
                retry_for: None,
            },
            called: None,
            keep_session_alive: None,
            drops_told: None,
            metrics: None,
            yes: false,
            json: false,
        }
    }

    /// The tunnel to run: the saved one with what the options say instead, or one of options
    /// alone.
    pub(crate) fn into_config(self, saved: Option<&Profile>) -> TunnelConfig {
        let mut config = match saved {
            Some(profile) => profile.tunnel_config(),
            None => TunnelConfig::new(String::new(), Destination::Port(0)),
        };
        // Without any, those that are saved.
        if let Ok(target) = TargetSpec::join(self.target) {
            if saved.is_none() {
                config.name = target.to_string();
            }
            config.target = target;
        }
        if let Some(called) = self.called {
            config.name = called;
        }
        config.destination = destination(config.destination, self.remote_host, self.remote_port);
        if let Some(address) = self.bind {
            config.listen.address = address;
        }
        if let Some(port) = self.local_port {
            config.listen.port = port;
        }
        let usual = saved.map_or_else(Upkeep::default, |profile| profile.upkeep);
        let base = self.lasting.upkeep(usual);
        let upkeep = Upkeep {
            sessions: self.sessions.unwrap_or(base.sessions),
            lazy: self.lazy.unwrap_or(base.lazy),
            wait: self.wait.unwrap_or(base.wait),
            keep_session_alive: self.keep_session_alive.unwrap_or(base.keep_session_alive),
            ..base
        };
        config.policy = upkeep.policy();
        config.session = upkeep.session(Instant::now());
        self.aws.put_into(&mut config);
        config
    }
}

/// Another host, another port, or both.
fn destination(saved: Destination, host: Option<String>, port: Option<u16>) -> Destination {
    match saved {
        Destination::Port(old) => match host {
            Some(host) => Destination::RemoteHost {
                host,
                port: port.unwrap_or(old),
            },
            None => Destination::Port(port.unwrap_or(old)),
        },
        Destination::RemoteHost { host: old, port: p } => Destination::RemoteHost {
            host: host.unwrap_or(old),
            port: port.unwrap_or(p),
        },
        // Neither is ever saved.
        Destination::Stream { .. } | Destination::Document { .. } => saved,
    }
}

impl Stream {
    pub(crate) fn into_config(self) -> TunnelConfig {
        let upkeep = self.lasting.upkeep(Upkeep::default());
        let destination = Destination::Stream { port: self.port };
        let mut config = TunnelConfig {
            // The stream is one connection: it has one session, and no other can help it.
            policy: Upkeep {
                sessions: PoolSize::fixed(1),
                ..upkeep
            }
            .policy(),
            session: upkeep.session(Instant::now()),
            ..match TargetSpec::join(self.target) {
                Ok(target) => TunnelConfig::to(target, destination),
                // There is at least one, and no more than may be: the command line was read.
                Err(_) => TunnelConfig::new(String::new(), destination),
            }
        };
        self.aws.put_into(&mut config);
        config
    }
}

/// Reads one `--target`, which may hold several with commas between them.
fn target(value: &str) -> Result<TargetSpec, TargetError> {
    value.parse()
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
mod tests;
