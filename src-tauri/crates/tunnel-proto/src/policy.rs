//! What a tunnel may do.

use std::time::Duration;

/// The most sessions that a tunnel may hold. About 10 MB/s over all sessions is what one host
/// was seen to get (docs/protocol.md, section 3): more sessions bring nothing.
pub const SESSIONS_MOST: u8 = 8;

/// What a tunnel may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelPolicy {
    /// How many sessions the tunnel holds.
    pub sessions: PoolSize,
    /// Whether the first session is started at once, or by the first connection. At once by
    /// default.
    pub start: Start,
    /// At which age a WebSocket is renewed, at the next quiet moment; 50 min by default, ten
    /// minutes before the gateway would close it. `None` never renews ahead of time.
    pub renew_after: Option<Duration>,
    /// How long a tunnel that has never been up tries again after failures that may pass;
    /// 10 s by default.
    pub start_budget: Duration,
    /// How long a tunnel that has been up tries again after failures of the service that may
    /// pass; 30 min by default. While the network is down no time is counted.
    pub retry_budget: Duration,
    /// How long an accepted connection waits for a session; 30 s by default.
    pub wait_limit: Duration,
    /// How many accepted connections may wait; 256 by default.
    pub waiting_most: usize,
}

impl Default for TunnelPolicy {
    fn default() -> Self {
        Self {
            sessions: PoolSize::default(),
            start: Start::AtOnce,
            renew_after: Some(Duration::from_secs(50 * 60)),
            start_budget: Duration::from_secs(10),
            retry_budget: Duration::from_secs(30 * 60),
            wait_limit: Duration::from_secs(30),
            waiting_most: 256,
        }
    }
}

/// When a tunnel's first session is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the tunnel.
    AtOnce,
    /// With the first connection; and the last one's end ends the sessions, after a while.
    Lazy {
        /// How long no connection may be there until the sessions are ended.
        idle: Duration,
    },
}

/// How many sessions a tunnel holds: at least so many, and more while they help, up to a
/// bound. Past about 1 MB/s of download only more sessions help (docs/protocol.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    least: u8,
    most: u8,
}

impl PoolSize {
    /// Makes a pool of `least` to `most` sessions. What is out of bounds is brought within
    /// 1 to 8, and `most` is at least `least`.
    pub fn new(least: u8, most: u8) -> Self {
        let least = least.clamp(1, SESSIONS_MOST);
        Self {
            least,
            most: most.clamp(least, SESSIONS_MOST),
        }
    }

    /// Makes a pool that always holds so many sessions.
    pub fn fixed(sessions: u8) -> Self {
        Self::new(sessions, sessions)
    }

    /// Sessions that are always held.
    pub fn least(self) -> u8 {
        self.least
    }

    /// Sessions that are held at most.
    pub fn most(self) -> u8 {
        self.most
    }
}

/// One session, growing to six: a browser opens six connections to a server, and the objects of a page,
/// which one agent sends at 1 MB/s together, come six times as fast over six. More would help transfers
/// by eight at once alone, and each is a process on the target.
impl Default for PoolSize {
    fn default() -> Self {
        Self::new(1, 6)
    }
}
