//! How a session stands, for records and reports.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::Session;

/// A session's figures at one moment; they go on over all its WebSockets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vitals {
    /// Age of the last frame that came, pongs included; milliseconds. `None`: none ever came.
    pub last_frame_ms: Option<u64>,
    /// Smoothed round-trip time to the agent, once it is measured; milliseconds.
    pub round_trip_ms: Option<u32>,
    /// Messages of ours that the agent has not acknowledged.
    pub unacknowledged: u32,
    /// Messages of the agent's that wait behind a missing one.
    pub held: u32,
    /// Numbered messages sent, each counted once.
    pub messages_sent: u64,
    /// Numbered messages accepted, each counted once.
    pub messages_received: u64,
    /// Numbered messages sent again.
    pub retransmissions: u64,
}

impl Session {
    /// How the session stands. The loss of a WebSocket changes nothing in it, so it may be
    /// asked before or after [`handle_disconnected`](Self::handle_disconnected). Once the
    /// service has ended the session, nothing counts as unacknowledged.
    pub fn vitals(&self, now: Instant) -> Vitals {
        let stats = self.channel.stats();
        Vitals {
            last_frame_ms: self.last_frame.map(|frame| {
                let age = now.saturating_duration_since(frame);
                u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
            }),
            round_trip_ms: self
                .channel
                .rtt()
                .map(|rtt| u32::try_from(rtt.as_millis()).unwrap_or(u32::MAX)),
            unacknowledged: u32::try_from(stats.unacknowledged).unwrap_or(u32::MAX),
            held: u32::try_from(stats.reordered).unwrap_or(u32::MAX),
            messages_sent: stats.messages_sent,
            messages_received: stats.messages_received,
            retransmissions: stats.retransmissions,
        }
    }
}
