use std::time::{Duration, Instant};

/// Says which end of the session a [`Mux`](crate::Mux) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Opens streams, with the odd ids 3, 5, 7 …; refuses those that the peer opens.
    Client,
    /// Accepts the streams that its peer opens, and opens none.
    Server,
}

/// Sets the limits and times of a [`Mux`](crate::Mux).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Unread bytes of one stream above which it blocks the session or is reset. Default 16 MiB.
    ///
    /// Above the agent's own 4 MiB bucket several times over, so that a reader who pauses for
    /// seconds is forgiven at the 1 MB/s that a session can carry.
    pub stream_receive_limit: usize,
    /// Unread bytes of all streams above which the one with the most is reset. Default 64 MiB.
    pub total_receive_limit: usize,
    /// Bytes that one stream may queue to send at most. Default 256 KiB.
    ///
    /// Several of the largest messages; more would only hide from the local side how fast its
    /// data really goes. [`Mux::set_read_ahead`](crate::Mux::set_read_ahead) makes it less.
    pub stream_send_limit: usize,
    /// Streams that may exist at once, whoever opened them. Default 4,096.
    pub max_streams: usize,
    /// Bytes that a stream may send in its turn while others wait, and before all bulk in each round.
    /// Default 4 KiB; 0 counts as 1.
    ///
    /// Header cost is 8 bytes a frame: 0.2 % at this size. A stream alone is not cut at it.
    pub quantum: usize,
    /// Silence after which a FIN held since inbound data goes out. Default 5 s.
    ///
    /// Longer than the second that the agent may take to resend a lost message, short enough
    /// that a connection that the local side closed does not linger at the destination.
    pub half_close_quiet: Duration,
    /// Silence after which a FIN goes out once an answer has begun, or when nothing was ever
    /// said. Default 30 s.
    pub half_close_answer_quiet: Duration,
    /// Silence after which a FIN goes out while a question is unanswered. Default 10 min.
    pub half_close_wait: Duration,
    /// Interval of NOP frames. Default `None`: off.
    ///
    /// They count as data and defeat the account's idle timeout (docs/protocol.md, section 3).
    pub keepalive: Option<Duration>,
    /// When the NOP frames end. Default `None`: never.
    pub keepalive_until: Option<Instant>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stream_receive_limit: 16 * 1024 * 1024,
            total_receive_limit: 64 * 1024 * 1024,
            stream_send_limit: 256 * 1024,
            max_streams: 4096,
            quantum: 4096,
            half_close_quiet: Duration::from_secs(5),
            half_close_answer_quiet: Duration::from_secs(30),
            half_close_wait: Duration::from_secs(600),
            keepalive: None,
            keepalive_until: None,
        }
    }
}
