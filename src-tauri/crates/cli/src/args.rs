//! The command line.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_access::{EndpointUrl, Endpoints, Service};
use clap::error::ErrorKind;
use clap::{Args as ClapArgs, CommandFactory as _, Parser, Subcommand};
use tunnel_manager::tunnel::{
    BindAddress, Destination, PoolSize, TargetError, TargetSpec, TunnelConfig,
};
use tunnel_manager::{Profile, Upkeep, rules};

use crate::exchange::Export;
use crate::history::History;
use crate::hosts::Hosts;
use crate::import::Import;
use crate::keys::Keys;
use crate::list::{List, Remove};
use crate::profiles::Profiles;
use crate::sign_in::SignIn;
use crate::targets::Targets;

/// A time that can be switched off. Not written out where it is an option's value: clap would
/// take the option for one that may be missing.
type OrOff = Option<Duration>;

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
    /// Find out what is wrong, and what to do: the way to AWS, credentials, permissions, target
    Doctor(Doctor),
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
    /// helps; 1-4 by default. Downloads past 1 MB/s need more than one
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
    /// Keys in the system's keyring, by the name that "culvert keys add" gave them
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    keys: Option<String>,
    /// Region
    #[arg(long)]
    region: Option<String>,
    /// URL of the service instead of AWS's own
    #[arg(long)]
    endpoint_url: Option<String>,
    #[command(flatten)]
    places: Places,
    /// Reason for the account's audit trail, 1 to 256 characters
    #[arg(long, value_parser = reason)]
    pub(crate) reason: Option<String>,
}

/// Where AWS is asked, service by service.
#[derive(Debug, ClapArgs)]
pub(crate) struct Places {
    /// URL of one service instead of AWS's own, such as sts=https://…; may be given for each.
    /// That of ssmmessages is where the data channels go
    #[arg(long = "endpoint", value_name = "SERVICE=URL", value_parser = endpoint)]
    endpoints: Vec<(Service, EndpointUrl)>,
    /// Use AWS's endpoints with validated cryptography (FIPS 140)
    #[arg(long)]
    fips: bool,
    /// Use AWS's endpoints that have IPv6 addresses, too
    #[arg(long)]
    dual_stack: bool,
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

impl Aws {
    fn names_account(&self) -> bool {
        let Self {
            profile,
            keys,
            region,
            endpoint_url,
            places,
            reason: _,
        } = self;
        let given = [profile, keys, region, endpoint_url];
        given.into_iter().any(Option::is_some) || places.are_given()
    }

    /// Sets what is given; the rest stays as it is.
    fn put_into(self, config: &mut TunnelConfig) {
        let access = &mut config.access;
        // Each takes the place of the other, where a saved tunnel has one.
        if self.keys.is_some() {
            access.profile = None;
        }
        if self.profile.is_some() {
            access.keys = None;
        }
        // A saved place of the same service would win over it.
        if self.endpoint_url.is_some() {
            access.endpoints.urls.remove(&Service::Ssm);
        }
        let given = [
            (self.reason, &mut config.reason),
            (self.profile, &mut access.profile),
            (self.keys, &mut access.keys),
            (self.region, &mut access.region),
            (self.endpoint_url, &mut access.endpoint_url),
        ];
        for (value, setting) in given {
            if value.is_some() {
                *setting = value;
            }
        }
        self.places.put_into(&mut access.endpoints);
    }
}

impl Places {
    fn are_given(&self) -> bool {
        let Self {
            endpoints,
            fips,
            dual_stack,
        } = self;
        !endpoints.is_empty() || *fips || *dual_stack
    }

    /// Sets what is given; the rest stays as it is.
    pub(crate) fn put_into(self, endpoints: &mut Endpoints) {
        endpoints.urls.extend(self.endpoints);
        if self.fips {
            endpoints.fips = Some(true);
        }
        if self.dual_stack {
            endpoints.dual_stack = Some(true);
        }
    }
}

/// Reads one `--target`, which may hold several with commas between them.
fn target(value: &str) -> Result<TargetSpec, TargetError> {
    value.parse()
}

fn endpoint(value: &str) -> Result<(Service, EndpointUrl), String> {
    let (service, url) = value
        .split_once('=')
        .ok_or_else(|| "give a service and its URL, such as sts=https://sts.example".to_owned())?;
    let service = service
        .parse::<Service>()
        .map_err(|error| error.to_string())?;
    let url = url.parse::<EndpointUrl>().map_err(|error| error.what())?;
    Ok((service, url))
}

/// StartSession takes a reason of 1 to 256 characters (docs/protocol.md, section 1).
fn reason(value: &str) -> Result<String, String> {
    match value.chars().count() {
        1..=256 => Ok(value.to_owned()),
        _ => Err("a reason has 1 to 256 characters".to_owned()),
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
    use tunnel_manager::tunnel::{Listen, SessionConfig, Start, TunnelPolicy};
    use tunnel_manager::{Draft, ProfileId};

    use super::*;

    fn forward(arguments: &[&str]) -> Result<TunnelConfig, clap::Error> {
        let all = ["culvert", "forward"].iter().chain(arguments);
        match Args::read(all)?.command {
            Command::Forward(forward) => Ok(forward.into_config(None)),
            Command::Import(_)
            | Command::Export(_)
            | Command::List(_)
            | Command::Remove(_)
            | Command::Stream(_)
            | Command::Demo(_)
            | Command::History(_)
            | Command::Doctor(_)
            | Command::IamPolicy(_)
            | Command::Profiles(_)
            | Command::Targets(_)
            | Command::Hosts(_)
            | Command::Keys(_)
            | Command::SignIn(_) => panic!("not forward"),
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
        assert_eq!(
            config.session.ping_interval,
            SessionConfig::default().ping_interval
        );
        assert_eq!(config.session.hold_open, None, "only when it is asked for");
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
            "--endpoint",
            "sts=https://sts.example",
            "--endpoint",
            "ssmmessages=https://vpce.example",
            "--fips",
            "--dual-stack",
            "--reason",
            "why",
            "--sessions",
            "4",
            "--keepalive",
            "15",
            "--renew-after",
            "off",
            "--lazy=25",
            "--wait",
            "5",
            "--retry-for",
            "4h",
            "--keep-session-alive",
            "8h",
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
        let url = |text| EndpointUrl::parse(text).unwrap();
        let endpoints = Endpoints {
            urls: [
                (Service::Sts, url("https://sts.example")),
                (Service::SsmMessages, url("https://vpce.example")),
            ]
            .into(),
            fips: Some(true),
            dual_stack: Some(true),
        };
        assert_eq!(config.access.endpoints, endpoints);
        assert_eq!(config.reason.as_deref(), Some("why"));
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(
            config.policy,
            TunnelPolicy {
                sessions: PoolSize::fixed(4),
                start: Start::Lazy { idle: minutes(25) },
                renew_after: None,
                retry_budget: minutes(240),
                wait_limit: Duration::from_secs(5),
                ..TunnelPolicy::default()
            }
        );
        assert_eq!(config.session.ping_interval, Duration::from_secs(15));
        assert!(config.session.hold_open.is_some());
    }

    #[test]
    fn a_saved_tunnel_is_as_it_was_saved_but_for_what_the_options_say() {
        let text = |text: &str| Some(text.to_owned());
        let saved = Draft {
            name: "Orders".to_owned(),
            target: "i-0123456789abcdef0".to_owned(),
            remote_host: text("db.internal"),
            remote_port: 5432,
            local_port: 5433,
            profile: text("prod"),
            region: text("eu-west-1"),
            keepalive: text("15"),
            lazy: text("10"),
            endpoints: text("ssm=https://saved.example sts=https://sts.example"),
            ..Draft::default()
        };
        let saved = saved.check(ProfileId::random()).unwrap();
        let forward = |arguments: &[&str]| {
            let all = ["culvert", "forward", "orders"].iter().chain(arguments);
            let Command::Forward(forward) = Args::read(all).unwrap().command else {
                panic!("not forward");
            };
            forward.into_config(Some(&saved))
        };
        let host = |host: &str, port| Destination::RemoteHost {
            host: host.to_owned(),
            port,
        };
        let config = forward(&[]);
        assert_eq!(config.name, "Orders");
        assert_eq!(config.target.only_id(), Some("i-0123456789abcdef0"));
        assert_eq!(config.destination, host("db.internal", 5432));
        assert_eq!(config.listen.port, 5433);
        assert_eq!(config.access.profile.as_deref(), Some("prod"));
        assert_eq!(config.session.ping_interval, Duration::from_secs(15));
        assert_eq!(config.policy, saved.upkeep.policy());

        let config = forward(&["--local-port", "0", "--remote-port", "6432", "--lazy=off"]);
        assert_eq!(config.destination, host("db.internal", 6432));
        assert_eq!(config.listen.port, 0);
        assert_eq!(config.policy.start, Start::AtOnce);
        assert_eq!(config.session.ping_interval, Duration::from_secs(15));

        assert_eq!(config.access.ssm_url(), Some("https://saved.example"));

        let url = ["--endpoint-url", "https://given.example"];
        let config = forward(&url);
        assert_eq!(config.access.ssm_url(), Some("https://given.example"));
        assert!(config.access.endpoints.urls.contains_key(&Service::Sts));
        let both = [&url[..], &["--endpoint", "ssm=https://own.example"]].concat();
        assert_eq!(forward(&both).access.ssm_url(), Some("https://own.example"));

        let config = forward(&["--target", "i-1", "--remote-host", "b", "--profile", "dev"]);
        assert_eq!(config.name, "Orders");
        assert_eq!(config.target.only_id(), Some("i-1"));
        assert_eq!(config.destination, host("b", 5432));
        assert_eq!(config.access.profile.as_deref(), Some("dev"));
        assert_eq!(config.access.region.as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn an_endpoint_is_one_of_a_service_that_there_is() {
        let target = ["--target", "i-0123456789abcdef0", "--remote-port", "1"];
        for (endpoint, word) in [
            ("https://sts.example", "such as"),
            ("s3=https://s3.example", "ssmmessages"),
            ("sts=sts.example", "cannot be used"),
            ("sts=https://alice:planted@sts.example", "password"),
        ] {
            let arguments = [&target[..], &["--endpoint", endpoint]].concat();
            let error = forward(&arguments).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ValueValidation, "{endpoint}");
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn a_lazy_tunnel_needs_no_number() {
        let target = ["--target", "i-0123456789abcdef0", "--remote-port", "1"];
        let config = forward(&[&target[..], &["--lazy"]].concat()).unwrap();
        let idle = Duration::from_secs(600);
        assert_eq!(config.policy.start, Start::Lazy { idle });
        let config = forward(&[&["--lazy"], &target[..]].concat()).unwrap();
        assert_eq!(config.policy.start, Start::Lazy { idle });
    }

    #[test]
    fn a_stream_has_one_session_and_is_made_to_last_like_any_tunnel() {
        let arguments = ["culvert", "stream", "--target", "i-1", "--keepalive", "60"];
        let Command::Stream(stream) = Args::read(arguments).unwrap().command else {
            panic!("not stream");
        };
        let config = stream.into_config();
        assert_eq!(config.session.ping_interval, Duration::from_secs(60));
        assert_eq!(config.policy.sessions, PoolSize::fixed(1));
    }

    #[test]
    fn a_socket_has_no_port() {
        let target = ["--target", "i-0123456789abcdef0", "--remote-port", "1"];
        let socket = ["--bind", "unix:/run/db"];
        assert!(forward(&[&target[..], &socket].concat()).is_ok());
        for port in ["0", "5432"] {
            let both = [&target[..], &socket, &["--local-port", port]].concat();
            let error = forward(&both).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
            assert!(error.to_string().contains("--local-port"), "{error}");
        }
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
    fn targets_may_be_repeated_and_are_tried_in_that_order() {
        let targets = ["--target", "name:a@newest", "--target", "tag:b=c, i-1"];
        let config = forward(&[&targets[..], &["--remote-port", "1"]].concat()).unwrap();
        assert_eq!(config.target.to_string(), "name:a@newest, tag:b=c, i-1");
        assert_eq!(config.name, config.target.to_string());
    }

    #[test]
    fn what_the_service_would_refuse_is_refused_here() {
        let target = "i-0123456789abcdef0";
        assert!(forward(&["--target", target, "--remote-port", "0"]).is_err());
        assert!(forward(&["--target", target, "--remote-port", "65536"]).is_err());
        assert!(forward(&["--target", "", "--remote-port", "1"]).is_err());
        assert!(forward(&["--target", &"x".repeat(401), "--remote-port", "1"]).is_err());
        let wrong = forward(&["--target", "name:a@oldest", "--remote-port", "1"]).unwrap_err();
        assert!(
            wrong.to_string().contains("first-online or newest"),
            "{wrong}"
        );
        let many = [["--target", "i-1,i-2,i-3"]; 3].concat();
        for command in ["forward", "stream", "doctor", "iam-policy"] {
            let port = match command {
                "stream" => "--port",
                _ => "--remote-port",
            };
            let all = [&["culvert", command][..], &many, &[port, "1"]].concat();
            let many = Args::read(all).unwrap_err();
            assert!(many.to_string().contains("at most 8"), "{command}: {many}");
        }
        let long = "x".repeat(257);
        assert!(forward(&["--target", target, "--remote-port", "1", "--reason", &long]).is_err());
        assert!(forward(&["--target", target, "--remote-port", "1", "--sessions", "9"]).is_err());
        for [option, value] in [
            ["--keepalive", "4"],
            ["--renew-after", "60"],
            ["--wait", "601"],
            ["--retry-for", "30"],
            ["--keep-session-alive", "25h"],
        ] {
            let wrong = ["--target", target, "--remote-port", "1", option, value];
            let error = forward(&wrong).unwrap_err().to_string();
            assert!(error.contains(option), "{error}");
        }
    }
}
