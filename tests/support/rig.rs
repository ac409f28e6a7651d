//! A simulated service and tunnels through it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ssm_sim::{Settings, Simulator};
use tokio::net::TcpStream;
use tunnel::{
    AccessSettings, Destination as To, Problem, Secret, Snapshot, State, StaticCredentials, Tunnel,
    TunnelConfig,
};

use crate::Destination;

/// The managed node of every scenario.
pub const TARGET: &str = "i-0123456789abcdef0";

/// The region of every scenario.
pub const REGION: &str = "eu-central-1";

/// Whatever should have happened has not: only a hanging test ever waits as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A service, a destination behind it, and a tunnel there.
#[derive(Debug)]
pub struct Rig {
    /// The service.
    pub sim: Simulator,
    /// The destination.
    pub destination: Destination,
    /// The tunnel.
    pub tunnel: Tunnel,
    /// Where the tunnel listens.
    pub address: SocketAddr,
}

impl Rig {
    /// Starts all three; returns when the tunnel is up.
    ///
    /// # Errors
    /// Whatever kept one of them from starting.
    pub async fn start(settings: Settings) -> Result<Self, Box<dyn std::error::Error>> {
        Self::start_with(settings, |_| {}).await
    }

    /// The same, with a change to the tunnel's settings.
    ///
    /// # Errors
    /// Whatever kept one of them from starting.
    pub async fn start_with(
        settings: Settings,
        change: impl FnOnce(&mut TunnelConfig),
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let sim = Simulator::start(settings).await?;
        let destination = Destination::start().await?;
        let mut config = Self::config(&sim, &destination);
        change(&mut config);
        let tunnel = Tunnel::start(config).await?;
        is_up(&tunnel).await.map_err(|problem| problem.what)?;
        let address = tunnel
            .snapshot()
            .borrow()
            .addresses
            .first()
            .cloned()
            .unwrap_or_default();
        Ok(Self {
            sim,
            destination,
            tunnel,
            address: address.parse()?,
        })
    }

    /// The settings of a tunnel through `sim` to `destination`.
    pub fn config(sim: &Simulator, destination: &Destination) -> TunnelConfig {
        let (access_key_id, secret, token) = sim.credentials();
        TunnelConfig {
            access: AccessSettings {
                region: Some(REGION.to_owned()),
                endpoint_url: Some(sim.endpoint_url().into()),
                static_credentials: Some(StaticCredentials {
                    access_key_id,
                    secret_access_key: Secret::new(secret),
                    session_token: token.map(Secret::new),
                }),
                ..AccessSettings::default()
            },
            ..TunnelConfig::new(TARGET, To::Port(destination.port()))
        }
    }

    /// Opens a connection through the tunnel.
    ///
    /// # Errors
    /// What the local socket says.
    pub async fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect(self.address).await
    }

    /// The tunnel as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.tunnel.snapshot().borrow().clone()
    }

    /// Waits until the tunnel is as wanted, and returns how it is then.
    ///
    /// # Errors
    /// A sentence with the last snapshot if that does not come.
    pub async fn wait_for(
        &self,
        wanted: impl FnMut(&Snapshot) -> bool,
    ) -> Result<Snapshot, String> {
        let mut snapshot = self.tunnel.snapshot();
        if let Ok(Ok(snapshot)) = impatient(snapshot.wait_for(wanted)).await {
            return Ok(snapshot.clone());
        }
        let last = snapshot.borrow().clone();
        Err(format!("it never came to that: {last:?}"))
    }

    /// Stops the tunnel, then the service.
    pub async fn stop(self) {
        self.tunnel.stop().await;
        self.sim.stop().await;
    }
}

/// Waits until a tunnel carries connections.
///
/// # Errors
/// Why it does not.
pub async fn is_up(tunnel: &Tunnel) -> Result<(), Problem> {
    let mut snapshot = tunnel.snapshot();
    let settled = snapshot.wait_for(|snapshot| match snapshot.state {
        State::Up { .. } | State::Failed { .. } | State::NeedsSignIn { .. } => true,
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Degraded { .. }
        | State::Reconnecting { .. }
        | State::Stopping => false,
    });
    match impatient(settled).await {
        Ok(Ok(snapshot)) => match &snapshot.state {
            State::Failed { problem, .. } | State::NeedsSignIn { problem, .. } => {
                Err(problem.clone())
            }
            State::Up { .. }
            | State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Degraded { .. }
            | State::Reconnecting { .. }
            | State::Stopping => Ok(()),
        },
        Ok(Err(_)) | Err(_) => Err(Problem::new(
            tunnel::ProblemKind::Protocol,
            "never-up",
            "The tunnel neither came up nor failed.",
            "",
        )),
    }
}

/// Gives up on what never happens, so that a hanging test says where it hangs.
///
/// # Errors
/// The time is over.
pub async fn impatient<T>(
    future: impl Future<Output = T>,
) -> Result<T, tokio::time::error::Elapsed> {
    tokio::time::timeout(PATIENCE, future).await
}
