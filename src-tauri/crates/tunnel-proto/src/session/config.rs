//! How a session is run.

use std::time::Duration;

/// How a session is run.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The data channel's part.
    pub channel: ssm_data_channel::Config,
    /// The multiplexer's part.
    pub mux: smux::Config,
    /// After how long without inbound frames a WebSocket ping is sent; 20 s by default, which
    /// is inside the 30 s of the strictest idle timers on the way.
    pub ping_interval: Duration,
    /// How long a ping may go without any answer; 10 s by default.
    pub ping_patience: Duration,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            channel: ssm_data_channel::Config::default(),
            mux: smux::Config::default(),
            ping_interval: Duration::from_secs(20),
            ping_patience: Duration::from_secs(10),
        }
    }
}
