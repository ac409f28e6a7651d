//! Counters for snapshots and reports.

use std::num::NonZeroU32;
use std::time::Instant;

/// What a channel did and how it stands. Counters run from the channel's beginning, over all
/// its sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Numbered messages sent for the first time.
    pub messages_sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// Numbered messages sent again.
    pub retransmissions: u64,
    /// Acknowledgements sent.
    pub acknowledgements_sent: u64,
    /// Acknowledgements received that named an unacknowledged message.
    pub acknowledgements_received: u64,
    /// Numbered messages received and accepted.
    pub messages_received: u64,
    /// Their payload bytes.
    pub bytes_received: u64,
    /// Numbered messages received again.
    pub duplicates: u64,
    /// Numbered messages not accepted for want of room; the agent resends them.
    pub refused: u64,
    /// Frames that were no valid message.
    pub bad_frames: u64,
    /// Valid messages that mean nothing to a client.
    pub ignored: u64,
    /// Numbered messages now unacknowledged.
    pub unacknowledged: usize,
    /// Their payload bytes.
    pub unacknowledged_bytes: usize,
    /// When the oldest unacknowledged message was first sent.
    pub oldest_unacknowledged: Option<Instant>,
    /// Messages waiting for an earlier one, or for
    /// [`deliver_waiting`](crate::DataChannel::deliver_waiting).
    pub reordered: usize,
    /// Memory that they take, in bytes: at most
    /// [`Config::reorder_bytes`](crate::Config::reorder_bytes).
    pub reordered_bytes: usize,
    /// Messages missing before the newest that ever came.
    pub missing: u64,
    /// Numbered messages accepted after a later one had come: sent again, or overtaken.
    pub late: u64,
    /// Since when the message that the others wait for has been missing.
    pub reorder_gap_since: Option<Instant>,
    /// Payload bytes of the largest message of which it is known that the way to the agent bears it.
    /// What a message may have now is less while the window is small, and twice that for one
    /// message that tries the next size.
    pub proven_payload: usize,
    /// Numbered messages a second that may go out.
    pub message_rate: NonZeroU32,
}

/// The part of [`Stats`] that only ever grows.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) acknowledgements_sent: u64,
    pub(crate) acknowledgements_received: u64,
    pub(crate) messages_received: u64,
    pub(crate) bytes_received: u64,
    pub(crate) duplicates: u64,
    pub(crate) refused: u64,
    pub(crate) bad_frames: u64,
    pub(crate) ignored: u64,
}
