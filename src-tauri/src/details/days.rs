//! What each of the last days of a tunnel came to, as its page sees it.

use std::cmp::Reverse;

use serde::Serialize;
use specta::Type;
use tunnel_manager::Summary;
use tunnel_manager::bundle::DropCause;

/// What a day came to.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DayView {
    /// Which, UTC: `2026-11-30`.
    day: String,
    /// How long it was up, milliseconds.
    up_ms: u64,
    /// How long it was wanted, as far as is recorded, milliseconds.
    wanted_ms: u64,
    /// WebSockets that were lost.
    drops: u32,
    /// What they were, the most frequent first.
    causes: Vec<CauseCountView>,
    /// The longest time in which no connection of a session could go on, milliseconds.
    longest_gap_ms: u64,
    /// Connections that lived through a drop or a renewal, counted at each.
    carried_through: u64,
    bytes_up: u64,
    bytes_down: u64,
}

/// How many drops of a day were the same.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CauseCountView {
    cause: CauseView,
    count: u32,
}

/// What a drop was.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CauseView {
    HourlyClose,
    GatewayClose,
    Login,
    Credentials,
    Sleep,
    Agent,
    Jam,
    Silence,
    NoNetwork,
    Broken,
    Renewal,
    SessionEnd,
}

impl From<&(String, Summary)> for DayView {
    fn from((day, sum): &(String, Summary)) -> Self {
        let counted = sum
            .drops_by_cause
            .iter()
            .map(|(&cause, &count)| CauseCountView {
                cause: cause.into(),
                count,
            });
        let mut causes: Vec<_> = counted.collect();
        causes.sort_by_key(|counted| Reverse(counted.count));
        Self {
            day: day.clone(),
            up_ms: sum.up_ms,
            wanted_ms: sum.wanted_ms,
            drops: sum.drops,
            causes,
            longest_gap_ms: sum.longest_gap_ms,
            carried_through: sum.carried_through,
            bytes_up: sum.bytes_up,
            bytes_down: sum.bytes_down,
        }
    }
}

impl From<DropCause> for CauseView {
    fn from(cause: DropCause) -> Self {
        match cause {
            DropCause::HourlyClose => Self::HourlyClose,
            DropCause::GatewayClose => Self::GatewayClose,
            DropCause::Login => Self::Login,
            DropCause::Credentials => Self::Credentials,
            DropCause::Sleep => Self::Sleep,
            DropCause::Agent => Self::Agent,
            DropCause::Jam => Self::Jam,
            DropCause::Silence => Self::Silence,
            DropCause::NoNetwork => Self::NoNetwork,
            DropCause::Broken => Self::Broken,
            DropCause::Renewal => Self::Renewal,
            DropCause::SessionEnd => Self::SessionEnd,
        }
    }
}
