//! How a session is at one moment, for the records of what happened to it.

use serde::{Deserialize, Serialize};

/// How a session is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vitals {
    /// Age of the last inbound frame, milliseconds.
    pub last_frame_ms: Option<u64>,
    /// Smoothed round-trip time to the agent, milliseconds.
    pub round_trip_ms: Option<u32>,
    /// Messages of ours that are not acknowledged.
    pub unacknowledged: u32,
    /// Messages of the agent's that wait behind a missing one.
    pub held: u32,
    /// Messages that were sent for the first time.
    pub messages_sent: u64,
    /// Messages that were taken in.
    pub messages_received: u64,
    /// Messages that were sent again.
    pub retransmissions: u64,
}
