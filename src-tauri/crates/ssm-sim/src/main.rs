//! The simulated service as a program: start it, and point any client at it.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use ssm_sim::{
    AgentMode, AgentSettings, Credentials, HandshakeVariation, Publication, RateLimit, Settings,
    Simulator, Target,
};

/// A simulated Session Manager: SSM API, message gateway and agent, on loopback.
///
/// Faults are made by POST to /control/<verb>; GET /control/state shows what is going on.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; loopback only
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    listen: SocketAddr,
    /// Managed node besides the default (every i-… and mi-… is online); may be repeated
    #[arg(long, value_name = "ID")]
    target: Vec<String>,
    /// Managed node that is not connected; may be repeated
    #[arg(long, value_name = "ID")]
    offline_target: Vec<String>,
    /// So many more managed nodes that are online, with made-up ids, names and tags
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    nodes: u32,
    /// The agents' version, which gates their features
    #[arg(long, default_value = "3.3.0.0", value_name = "VERSION")]
    agent_version: String,
    /// How port sessions carry connections
    #[arg(long, value_enum, default_value = "by-version")]
    agent_mode: Mode,
    /// The agent's sleep after each message
    #[arg(long, default_value = "1ms", value_parser = duration, value_name = "TIME")]
    agent_pace: Duration,
    /// How long after the handshake the agent is ready for data
    #[arg(long, default_value = "0ms", value_parser = duration, value_name = "TIME")]
    agent_start_delay: Duration,
    /// Close each WebSocket after this time (60m at AWS)
    #[arg(long, value_parser = duration, value_name = "TIME")]
    close_after: Option<Duration>,
    /// Most data messages a second of one side; 0 for no limit
    #[arg(long, default_value_t = 1000, value_name = "COUNT")]
    rate_limit: u32,
    /// What becomes of messages for a side that is not there
    #[arg(long, value_enum, default_value = "pause")]
    publication: Absent,
    /// Encrypt sessions under this key; real agents do not encrypt port sessions
    #[arg(long, value_name = "KEY")]
    kms_key: Option<String>,
    /// Text for the user at the end of the handshake
    #[arg(long, default_value = "", value_name = "TEXT")]
    customer_message: String,
    /// What is odd in the agent's handshake
    #[arg(long, value_enum, default_value = "plain")]
    handshake: Odd,
    /// One-way latency of every connection
    #[arg(long, default_value = "0ms", value_parser = duration, value_name = "TIME")]
    latency: Duration,
    /// The most by which the latency varies
    #[arg(long, default_value = "0ms", value_parser = duration, value_name = "TIME")]
    jitter: Duration,
    /// Bytes a second of each connection, each way
    #[arg(long, value_name = "BYTES")]
    bandwidth: Option<u64>,
    /// End sessions that are idle for this time
    #[arg(long, value_parser = duration, value_name = "TIME")]
    idle_timeout: Option<Duration>,
    /// End sessions that are this old
    #[arg(long, value_parser = duration, value_name = "TIME")]
    max_duration: Option<Duration>,
    /// Where a destination really is, as HOST:PORT=ADDR (loopback); may be repeated
    #[arg(long, value_parser = destination, value_name = "MAP")]
    destination: Vec<(String, SocketAddr)>,
    /// Require this session token with the credentials
    #[arg(long, value_name = "TOKEN")]
    session_token: Option<String>,
    /// Accept WebSocket upgrades that are not signed, as clients before 1.2.764.0 send them
    #[arg(long)]
    unsigned_upgrades: bool,
    /// Seed of ids and random faults
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    ByVersion,
    Mux,
    Basic,
}

#[derive(Clone, Copy, ValueEnum)]
enum Absent {
    Drop,
    Hold,
    Pause,
}

#[derive(Clone, Copy, ValueEnum)]
enum Odd {
    Plain,
    UnknownAction,
    UnknownSessionType,
    Garbage,
    Silent,
    NoPlugin,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody reads standard error, and there is nowhere else to say so.
            let _ = writeln!(io::stderr(), "ssm-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let (latency, jitter, bandwidth) = (arguments.latency, arguments.jitter, arguments.bandwidth);
    // Listened for before anything is said, so that no signal finds the program unprepared.
    let ended = end_signal()?;
    let sim = Simulator::start(settings(arguments)).await?;
    sim.faults().latency(latency);
    sim.faults().jitter(jitter);
    sim.faults().bandwidth(bandwidth);
    io::stdout().write_all(greeting(&sim).as_bytes())?;
    io::stdout().flush()?;
    ended.await;
    sim.stop().await;
    Ok(())
}

/// Returns what waits for SIGINT or SIGTERM.
#[cfg(unix)]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Returns what waits for Ctrl-C.
#[cfg(not(unix))]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "Ctrl-C can't be waited for");
            std::future::pending().await
        }
    })
}

/// Where it listens, and the variables by which the AWS CLI and SDKs find it.
fn greeting(sim: &Simulator) -> String {
    let url = sim.endpoint_url();
    let (access_key, secret_key, session_token) = sim.credentials();
    let mut text = format!(
        "listening {url}\n\
         export AWS_ENDPOINT_URL={url}\n\
         export AWS_ACCESS_KEY_ID={access_key}\n\
         export AWS_SECRET_ACCESS_KEY={secret_key}\n\
         export AWS_REGION=us-east-1\n\
         export AWS_DEFAULT_REGION=us-east-1\n"
    );
    text.push_str(&match session_token {
        Some(token) => format!("export AWS_SESSION_TOKEN={token}\n"),
        None => "unset AWS_SESSION_TOKEN\n".to_owned(),
    });
    text
}

fn settings(arguments: Arguments) -> Settings {
    let agent = AgentSettings {
        version: arguments.agent_version,
        mode: match arguments.agent_mode {
            Mode::ByVersion => AgentMode::ByVersion,
            Mode::Mux => AgentMode::Mux,
            Mode::Basic => AgentMode::Basic,
        },
        pace: arguments.agent_pace,
        start_delay: arguments.agent_start_delay,
        ..AgentSettings::default()
    };
    let with_agent = |target| Target {
        agent: agent.clone(),
        ..target
    };
    let online = arguments.target.iter().map(|id| Target::online(id));
    let offline = arguments
        .offline_target
        .iter()
        .map(|id| Target::offline(id));
    let mut settings = Settings {
        listen: arguments.listen,
        seed: arguments.seed,
        credentials: Credentials {
            session_token: arguments.session_token,
            ..Credentials::default()
        },
        targets: online
            .chain(offline)
            .chain((0..arguments.nodes).map(made_up))
            .map(with_agent)
            .collect(),
        unlisted_targets: Some(agent.clone()),
        idle_timeout: arguments.idle_timeout,
        max_duration: arguments.max_duration,
        kms_key_id: arguments.kms_key,
        customer_message: arguments.customer_message,
        handshake: match arguments.handshake {
            Odd::Plain => HandshakeVariation::Plain,
            Odd::UnknownAction => HandshakeVariation::UnknownAction,
            Odd::UnknownSessionType => HandshakeVariation::UnknownSessionType,
            Odd::Garbage => HandshakeVariation::Garbage,
            Odd::Silent => HandshakeVariation::Silent,
            Odd::NoPlugin => HandshakeVariation::NoPlugin,
        },
        destinations: arguments.destination.into_iter().collect(),
        ..Settings::default()
    };
    settings.gateway.close_period = arguments.close_after;
    settings.gateway.signed_upgrades = !arguments.unsigned_upgrades;
    settings.gateway.publication = match arguments.publication {
        Absent::Drop => Publication::Drop,
        Absent::Hold => Publication::Hold,
        Absent::Pause => Publication::Pause,
    };
    settings.gateway.rate_limit = (arguments.rate_limit > 0).then(|| RateLimit {
        messages_per_second: arguments.rate_limit,
        ..RateLimit::default()
    });
    settings
}

fn made_up(number: u32) -> Target {
    let (role, env) = match number % 10 {
        0 => ("bastion", "prod"),
        1..=3 => ("worker", "test"),
        _ => ("web", "prod"),
    };
    let node = Target::online(&format!("i-{number:017x}"))
        .with_tag("Name", &format!("{role}-{number}"))
        .with_tag("Role", role)
        .with_tag("env", env);
    Target {
        name: format!("{role}-{number}.internal"),
        ..node
    }
}

/// Reads `250ms`, `20s`, `60m` or `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("a number and ms, s, m or h, like 20ms".to_owned()),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(milliseconds))
        .map(Duration::from_millis)
        .ok_or_else(|| "a whole number and a unit, like 20ms".to_owned())
}

fn destination(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, address) = text
        .split_once('=')
        .ok_or("HOST:PORT=ADDR, like db.internal:5432=127.0.0.1:15432")?;
    let address: SocketAddr = address
        .parse()
        .map_err(|_| format!("{address} is not an address with a port"))?;
    if !address.ip().is_loopback() {
        return Err(format!("{address} is not a loopback address"));
    }
    Ok((name.to_owned(), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_number_and_a_unit() {
        assert_eq!(duration("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(duration("60m"), Ok(Duration::from_secs(3600)));
        for bad in ["", "20", "ms", "1.5s", "-1s", "9999999999999999999h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn destinations_are_on_loopback() {
        assert!(destination("db.internal:5432=127.0.0.1:15432").is_ok());
        assert!(destination("db.internal:5432=192.0.2.1:15432").is_err());
        assert!(destination("db.internal:5432").is_err());
    }
}
