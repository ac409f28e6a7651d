//! How a session is run.

use std::time::{Duration, Instant};

/// How a session is run.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The data channel's part.
    pub channel: ssm_data_channel::Config,
    /// The multiplexer's part.
    pub mux: smux::Config,
    /// After how long without inbound frames a WebSocket ping is sent; 20 s by default, which
    /// is inside the 30 s of the strictest idle timers on the way (docs/protocol.md,
    /// section 3). Each new WebSocket of a session is pinged at once, and one in the middle of a
    /// download after 2 s.
    pub ping_interval: Duration,
    /// How long a ping may go without any answer; 10 s by default.
    pub ping_patience: Duration,
    /// After how long without progress, while something is missing and the WebSocket lives,
    /// the session counts as stalled; 5 s by default: several of the longest retransmission
    /// timeouts of an agent (1 s, docs/protocol.md, section 3).
    pub stall_after: Duration,
    /// After how long without progress it counts as jammed and is over; 30 s by default
    /// (docs/protocol.md, section 3). Longer by at most `ping_patience` when the path's life
    /// has to be proven first.
    pub jam_after: Duration,
    /// How long a gap in what the agent has sent may still need to heal, by the rate at which
    /// what is missing comes, before the session counts as jammed and is over; 10 min by
    /// default: 6,000 messages at the agent's ten a second (docs/protocol.md, section 3), for
    /// which few programs wait.
    pub heal_patience: Duration,
    /// How long the agent may be away while the WebSocket is up before the session is over;
    /// 2 min by default: the reference agent gives up reconnecting after 5 tries in about 15 s
    /// (docs/protocol.md, section 3), so by then it has been gone for good for long.
    pub agent_patience: Duration,
    /// Keeps the account's idle timer from ending the session, for a while; not by default.
    pub hold_open: Option<HoldOpen>,
}

/// A session that is held open by traffic that carries nothing: NOP frames of its multiplexer.
/// They defeat the idle timer that the account's owner has set, so somebody must have asked for
/// it, and it must have an end. Without effect on sessions that have no multiplexer, and on
/// those of old agents, which need such frames always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldOpen {
    /// Time between two frames; less than 10 s counts as 10 s.
    pub interval: Duration,
    /// No frame is sent from this moment on.
    pub until: Instant,
}

impl HoldOpen {
    /// The shortest idle timer that an account can set is a minute (docs/protocol.md,
    /// section 3); more traffic than this would serve nobody.
    const LEAST_INTERVAL: Duration = Duration::from_secs(10);

    /// Makes a multiplexer send these frames.
    pub(super) fn apply(self, config: &mut smux::Config) {
        config.keepalive = Some(self.interval.max(Self::LEAST_INTERVAL));
        config.keepalive_until = Some(self.until);
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            channel: ssm_data_channel::Config::default(),
            mux: smux::Config::default(),
            ping_interval: Duration::from_secs(20),
            ping_patience: Duration::from_secs(10),
            stall_after: Duration::from_secs(5),
            jam_after: Duration::from_secs(30),
            heal_patience: Duration::from_secs(10 * 60),
            agent_patience: Duration::from_secs(2 * 60),
            hold_open: None,
        }
    }
}
