//! What must hold, fault by fault.

mod closes;
mod gaps;
mod herd;
mod losses;
mod machine;
mod paths;
mod pool;
mod renewal;
mod service;
mod wall_clock;

use std::time::Duration;

use tunnel_proto::{PoolSize, State, TunnelPolicy};

use crate::traffic::Plan;
use crate::world::{Fate, World};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

const BOTH_WAYS: Plan = Plan::bulk(300_000, 100_000);

/// Takes the agent five seconds.
const LONG: Plan = Plan::bulk(1_000_000, 5_000_000);

fn one_session() -> TunnelPolicy {
    TunnelPolicy {
        sessions: PoolSize::fixed(1),
        ..TunnelPolicy::default()
    }
}

/// Every connection got every byte, and no session was given up.
#[track_caller]
fn assert_whole(world: &World) {
    assert_eq!(world.count(Fate::Done), world.locals.len());
    assert!(world.replaced.is_empty(), "{:?}", world.replaced);
}

/// Why the tunnel said that it was reconnecting, each reason once, in order.
fn reasons(world: &World) -> Vec<&str> {
    let mut reasons: Vec<_> = world
        .states
        .iter()
        .filter_map(|(_, state)| match state {
            State::Reconnecting { problem, .. } => Some(problem.code.as_str()),
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Degraded { .. }
            | State::NeedsSignIn { .. }
            | State::Stopping
            | State::Failed { .. } => None,
        })
        .collect();
    reasons.dedup();
    reasons
}
