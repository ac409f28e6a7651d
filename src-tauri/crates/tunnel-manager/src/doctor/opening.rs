//! A real session that opens and closes.

use std::time::Duration;

use diagnostics::{Business, Fault};
use tokio::time::{Instant, timeout};
use tunnel::{
    BindAddress, Ledger, Listen, PoolSize, Start, State, Tunnel, TunnelConfig, TunnelPolicy,
};

use super::words::fault;

/// How long a session may take to open: longer than a tunnel that never was up is tried.
pub(super) const OPENING: Duration = Duration::from_secs(40);

/// Opens one session as the tunnel would, and closes it as soon as it is up, or after `limit`:
/// how long that took, and the agent's version. No connection is made to the destination.
pub(super) async fn open(
    tunnel: &TunnelConfig,
    ledger: Ledger,
    limit: Duration,
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
    let outcome = match timeout(limit, until_up(&opening, limit)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(too_slow(limit)),
    };
    let took = began.elapsed();
    opening.stop().await;
    outcome.map(|agent| (took, agent))
}

async fn until_up(tunnel: &Tunnel, limit: Duration) -> Result<Option<String>, Fault> {
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
            return Err(too_slow(limit));
        }
    }
}

fn too_slow(limit: Duration) -> Fault {
    Fault {
        business: Business::Service,
        code: "session-not-up".to_owned(),
        what: format!("No session was up within {} s.", limit.as_secs()),
        remedy: "Look at the checks above; \"culvert forward\" tells each attempt with --json."
            .to_owned(),
        details: String::new(),
        facts: Box::new([("seconds", limit.as_secs().to_string())].into()),
    }
}

#[cfg(test)]
mod tests {
    use aws_access::{AccessSettings, Secret, StaticCredentials};
    use diagnostics::{Verdict, judge};
    use ssm_sim::{HandshakeVariation, Settings, Simulator};
    use tunnel::Destination;

    use super::*;

    #[tokio::test]
    async fn a_session_that_does_not_come_up_in_time_is_given_up_and_ended() {
        let sim = Simulator::start(Settings {
            handshake: HandshakeVariation::Silent,
            ..Settings::default()
        })
        .await
        .unwrap();
        let (access_key_id, secret, token) = sim.credentials();
        let access = AccessSettings {
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(sim.endpoint_url().into()),
            static_credentials: Some(StaticCredentials {
                access_key_id,
                secret_access_key: Secret::new(secret),
                session_token: token.map(Secret::new),
            }),
            ..AccessSettings::default()
        };
        let tunnel = TunnelConfig {
            access,
            ..TunnelConfig::new("i-0123456789abcdef0", Destination::Port(80))
        };
        let limit = Duration::from_secs(1);
        let opened = open(&tunnel, Ledger::none(), limit).await;
        let found = judge::real_session(opened);
        assert_eq!(found.verdict, Verdict::Failed(Business::Service));
        assert_eq!(found.code, "session-not-up");
        assert_eq!(found.what, "No session was up within 1 s.");
        assert!(found.remedy.contains("checks above"), "{}", found.remedy);
        for session in sim.sessions() {
            assert!(session.terminated_by.is_some(), "{session:?} is open");
        }
        sim.stop().await;
    }
}
