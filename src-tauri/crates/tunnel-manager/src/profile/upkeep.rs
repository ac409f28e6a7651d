//! How a tunnel is kept up: settings whose defaults suit most tunnels.

use std::time::{Duration, Instant};

use tunnel_proto::{HoldOpen, PoolSize, SessionConfig, Start, TunnelPolicy};

/// How often a session that is kept alive says something: twice within the shortest idle
/// timeout that an account can set, a minute (docs/protocol.md, section 3).
const HOLD_OPEN_INTERVAL: Duration = Duration::from_secs(30);

/// How a tunnel is kept up. What each of them may be, [`rules`](super::rules) say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upkeep {
    /// How many sessions share the tunnel's connections. 1 to 6 by default.
    pub sessions: PoolSize,
    /// How often a WebSocket is pinged. 20 s by default.
    pub keepalive: Duration,
    /// At which age a WebSocket is renewed, at the next quiet moment; `None` leaves it to the
    /// gateway to close it. 50 min by default.
    pub renew_after: Option<Duration>,
    /// The first connection starts the session, and it ends after so long without any. `None`,
    /// the default, starts it with the tunnel.
    pub lazy: Option<Duration>,
    /// How long an accepted connection waits for a session. 30 s by default.
    pub wait: Duration,
    /// How long failures of the service are borne. 30 min by default.
    pub retry_for: Duration,
    /// For how long after the tunnel's start sessions are kept from counting as idle, against
    /// the account's idle timeout. `None`, the default, lets them idle.
    pub keep_session_alive: Option<Duration>,
}

impl Default for Upkeep {
    fn default() -> Self {
        let policy = TunnelPolicy::default();
        Self {
            sessions: policy.sessions,
            keepalive: SessionConfig::default().ping_interval,
            renew_after: policy.renew_after,
            lazy: None,
            wait: policy.wait_limit,
            retry_for: policy.retry_budget,
            keep_session_alive: None,
        }
    }
}

impl Upkeep {
    /// The policy of a tunnel that is kept like this.
    pub fn policy(&self) -> TunnelPolicy {
        TunnelPolicy {
            sessions: self.sessions,
            start: match self.lazy {
                Some(idle) => Start::Lazy { idle },
                None => Start::AtOnce,
            },
            renew_after: self.renew_after,
            retry_budget: self.retry_for,
            wait_limit: self.wait,
            ..TunnelPolicy::default()
        }
    }

    /// The settings of each session of a tunnel that is kept like this and starts now.
    pub fn session(&self, now: Instant) -> SessionConfig {
        SessionConfig {
            ping_interval: self.keepalive,
            hold_open: self.keep_session_alive.map(|span| HoldOpen {
                interval: HOLD_OPEN_INTERVAL,
                until: now + span,
            }),
            ..SessionConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_wish_a_tunnel_is_kept_as_the_engine_does_by_itself() {
        let upkeep = Upkeep::default();
        assert_eq!(upkeep.policy(), TunnelPolicy::default());
        let session = upkeep.session(Instant::now());
        let usual = SessionConfig::default();
        assert_eq!(session.ping_interval, usual.ping_interval);
        assert_eq!(session.hold_open, usual.hold_open);
    }

    #[test]
    fn each_wish_reaches_the_engine() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let upkeep = Upkeep {
            sessions: PoolSize::new(2, 3),
            keepalive: Duration::from_secs(7),
            renew_after: None,
            lazy: Some(minutes(11)),
            wait: Duration::ZERO,
            retry_for: minutes(12),
            keep_session_alive: Some(minutes(480)),
        };
        assert_eq!(
            upkeep.policy(),
            TunnelPolicy {
                sessions: PoolSize::new(2, 3),
                start: Start::Lazy { idle: minutes(11) },
                renew_after: None,
                retry_budget: minutes(12),
                wait_limit: Duration::ZERO,
                ..TunnelPolicy::default()
            }
        );
        let now = Instant::now();
        let session = upkeep.session(now);
        assert_eq!(session.ping_interval, Duration::from_secs(7));
        assert_eq!(
            session.hold_open.map(|hold_open| hold_open.until),
            Some(now + minutes(480))
        );
    }
}
