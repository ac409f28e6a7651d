//! Counters of everything that passed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::faults::Operation;

/// What the service has counted since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// API calls by operation, those that failed included.
    pub api_calls: BTreeMap<String, u64>,
    /// API calls that were answered with an error, by error code.
    pub api_errors: BTreeMap<String, u64>,
    /// WebSocket upgrades that were let through.
    pub upgrades: u64,
    /// WebSocket upgrades that were refused, for whatever reason.
    pub upgrades_refused: u64,
    /// Data channels opened with a valid token.
    pub channels_opened: u64,
    /// Data channels refused: token used, unknown, too old, or another client.
    pub channels_refused: u64,
    /// WebSockets that the gateway closed, by close code; those of channels that it refused to
    /// open are not among them.
    pub closes: BTreeMap<u16, u64>,
    /// TCP connections that a fault has reset or dropped under an open channel.
    pub breaks: u64,
    /// TCP connections accepted.
    pub connections: u64,
    /// What clients sent.
    pub from_clients: SideStats,
    /// What agents sent.
    pub from_agents: SideStats,
    /// Frames of clients that are no messages.
    pub bad_frames: u64,
    /// Pings of clients.
    pub pings: u64,
    /// How often a side sent too many messages a second.
    pub rate_limit_trips: u64,
}

impl Stats {
    /// Calls of an operation, those that failed included.
    pub fn calls(&self, operation: Operation) -> u64 {
        self.api_calls
            .get(operation.name())
            .copied()
            .unwrap_or_default()
    }
}

/// Counters of one direction, over all sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SideStats {
    /// Numbered messages, resent ones included.
    pub data_messages: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// Acknowledgements.
    pub acknowledgements: u64,
    /// The most numbered messages that one session passed within one second.
    pub most_a_second: u64,
    /// The largest payload of a numbered message.
    pub largest_payload: u64,
    /// Messages that a fault or an absent side lost.
    pub lost: u64,
}
