//! A real session that opens and closes.

use std::time::Duration;

use diagnostics::{Business, Fault};
use tokio::time::{Instant, timeout};
use tunnel::{
    BindAddress, Ledger, Listen, PoolSize, Start, State, Tunnel, TunnelConfig, TunnelPolicy,
};

use super::words::fault;

/// How long a session may take to open: longer than a tunnel that never was up is tried.
const OPENING: Duration = Duration::from_secs(40);

/// Opens one session as the tunnel would, and closes it as soon as it is up: how long that
/// took, and the agent's version. No connection is made to the destination.
pub(super) async fn open(
    tunnel: &TunnelConfig,
    ledger: Ledger,
) -> Result<(Duration, Option<String>), Fault> {
    let config = TunnelConfig {
        // Nobody is meant to find it.
        listen: Listen {
            address: BindAddress::Localhost,
            port: 0,
        },
        policy: TunnelPolicy {
            sessions: PoolSize::fixed(1),
            start: Start::AtOnce,
            ..tunnel.policy
        },
        ledger,
        ..tunnel.clone()
    };
    let began = Instant::now();
    let opening = Tunnel::start(config)
        .await
        .map_err(|error| fault(error.problem()))?;
    let outcome = match timeout(OPENING, until_up(&opening)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(too_slow()),
    };
    let took = began.elapsed();
    opening.stop().await;
    outcome.map(|agent| (took, agent))
}

async fn until_up(tunnel: &Tunnel) -> Result<Option<String>, Fault> {
    let mut snapshot = tunnel.snapshot();
    loop {
        let now = snapshot.borrow_and_update().clone();
        match now.state {
            State::Up { .. } | State::Degraded { .. } => return Ok(now.agent_version),
            State::Failed { problem, .. } | State::NeedsSignIn { problem, .. } => {
                return Err(fault(problem));
            }
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Reconnecting { .. }
            | State::Stopping => {}
        }
        if snapshot.changed().await.is_err() {
            return Err(too_slow());
        }
    }
}

fn too_slow() -> Fault {
    Fault {
        business: Business::Service,
        code: "session-not-up".to_owned(),
        what: format!("No session was up within {} s.", OPENING.as_secs()),
        remedy: "Look at the checks above; \"culvert forward\" tells each attempt with --json."
            .to_owned(),
        details: String::new(),
    }
}
