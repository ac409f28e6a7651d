//! What a channel is made with.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::receive::ReorderMemory;
use crate::recorder::RECORDED_FRAMES;
use crate::send::{INITIAL_WINDOW, LearnedRate};

/// The version that we tell the agent we behave like.
///
/// It gates the agent's features (docs/protocol.md, section 4): from 1.1.70 on it offers smux,
/// and only above 1.2.331.0 does it leave its own smux keepalive off, without which an idle
/// session ends after 30 s.
pub const CLIENT_VERSION: &str = "1.2.835.0";

/// The settings of a [`DataChannel`](crate::DataChannel). The defaults fit the public service.
#[derive(Debug, Clone)]
pub struct Config {
    /// The version told to the service and the agent. Default [`CLIENT_VERSION`].
    pub client_version: String,
    /// The most bytes of payload in one message. Default 16 KiB: with
    /// [`message_rate`](Self::message_rate) that is 14 MB/s, above what one session carries.
    /// Give what [`Event::PayloadLimit`](crate::Event::PayloadLimit) said for this target.
    pub max_payload: usize,
    /// Bytes of payload that a message may have before larger ones are known to work. Default
    /// 1,024, what the reference client sends.
    pub initial_payload: usize,
    /// How far the newest message may be ahead of the oldest unacknowledged one. Default 1,024:
    /// more than the message rate lets out in a round trip of a second, and well within what
    /// the oldest agents reorder (10,000).
    pub window_messages: usize,
    /// Payload bytes that may be unacknowledged at most. Default 4 MiB: the full rate over 250 ms.
    /// How many of them are used is found out: as many as the path carries with a queue of about 20 ms, so
    /// that a small message does not wait behind seconds of an upload.
    pub window_bytes: usize,
    /// How many of them are used to begin with. Default 128 KiB. All of them for whoever plays a recorded
    /// session, in which they were found out already.
    pub initial_window: usize,
    /// The most numbered messages a second, resent ones included, beside a burst of a tenth of
    /// them after a pause. Default 900: the gateway cuts channels with more than about 1,000
    /// (docs/protocol.md, section 3). A rate over which the channel was paused or cut is lowered
    /// by steps, to a third of this at most or 100, and raised again after a minute or more of
    /// sending at it.
    pub message_rate: NonZeroU32,
    /// What was learned of the way to this target ([`Event::RateLimit`](crate::Event::RateLimit)):
    /// the rate to begin with, if it is below [`message_rate`](Self::message_rate), and for how
    /// long it has to be sent at until it is raised by a step towards that. Default: none.
    pub learned_rate: Option<LearnedRate>,
    /// Memory, in bytes, that messages may take which wait for an earlier one. Default 128 MiB.
    /// It is taken only while they wait and given back as they are delivered.
    ///
    /// While n lost messages come again, ten a second, an agent at full speed sends another
    /// 93 x n of 1 KiB (docs/protocol.md, section 3), which cost 1.1 KiB each: so this holds
    /// what it takes to heal a gap of 1,200 messages, in two minutes. A bound that is outgrown
    /// ([`DataChannel::is_outgrown`](crate::DataChannel::is_outgrown)) makes the gap grow by
    /// whatever comes after.
    pub reorder_bytes: usize,
    /// Memory for such messages that several channels share, if they are given the same one: a
    /// channel takes from it what it needs beyond its first 1 MiB. Default 256 MiB of its own.
    pub reorder_memory: ReorderMemory,
    /// Frames whose headers are remembered. Default
    /// [`RECORDED_FRAMES`](crate::RECORDED_FRAMES), which is also the most; 0: none.
    pub recorded_frames: usize,
    /// How long each step of the handshake may take. Default 15 s, as long as the agent waits.
    pub handshake_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_version: CLIENT_VERSION.into(),
            max_payload: 16 * 1024,
            initial_payload: 1024,
            window_messages: 1024,
            window_bytes: 4 * 1024 * 1024,
            initial_window: INITIAL_WINDOW,
            message_rate: DEFAULT_MESSAGE_RATE,
            learned_rate: None,
            reorder_bytes: 128 * 1024 * 1024,
            reorder_memory: ReorderMemory::default(),
            recorded_frames: RECORDED_FRAMES,
            handshake_timeout: Duration::from_secs(15),
        }
    }
}

const DEFAULT_MESSAGE_RATE: NonZeroU32 = match NonZeroU32::new(900) {
    Some(rate) => rate,
    None => NonZeroU32::MIN,
};

/// Ties the monotonic clock to the calendar once, for the messages' `CreatedDate`: the wall
/// clock may jump later without any effect.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// A moment of the monotonic clock.
    pub origin: Instant,
    /// The Unix time of that moment, in milliseconds.
    pub unix_ms_at_origin: u64,
}

impl Clock {
    /// Returns the Unix time in milliseconds at `now`.
    pub fn unix_ms(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.origin).as_millis();
        self.unix_ms_at_origin
            .saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AgentVersion;

    #[test]
    fn our_version_is_above_every_gate_of_the_agent() {
        assert!(AgentVersion::parse(CLIENT_VERSION) > AgentVersion::new([1, 2, 331, 0]));
    }

    #[test]
    fn the_calendar_follows_the_monotonic_clock() {
        let origin = Instant::now();
        let clock = Clock {
            origin,
            unix_ms_at_origin: 1_000,
        };
        assert_eq!(clock.unix_ms(origin + Duration::from_millis(25)), 1_025);
    }
}
