//! What the page of one tunnel sees. As in [`crate::view`], a contract of its own.

use std::io;

use serde::Serialize;
use specta::Type;
use tunnel_manager::tunnel::{ConnectionDetails, Details, SessionDetails};
use tunnel_manager::{Condition, LostSocket, Past, Restless, Segment, TunnelStatus};
use tunnel_proto::{ClosedBy, DropEnd, RenewalOutlook, SessionState};

use super::days::DayView;
use crate::view::{CloseView, ProblemView};

/// One tunnel seen closely. Times are Unix milliseconds.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DetailsView {
    /// Which tunnel.
    tunnel: String,
    /// When this was so.
    at: u64,
    /// The node that its last session was started at, where there was a choice.
    node: Option<String>,
    /// How often its WebSockets were renewed ahead of time since it was started.
    renewals: u32,
    /// The oldest first.
    sessions: Vec<SessionView>,
    /// Sessions that it grows to.
    sessions_most: u32,
    /// The newest first: at most 200 of those that there are.
    connections: Vec<ConnectionView>,
    /// What became of it.
    past: Option<PastView>,
    /// Why that can't be read.
    past_problem: Option<String>,
    /// It is lost more often than it may.
    too_often: Option<ProblemView>,
}

/// One session.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionView {
    /// Tells it from the tunnel's other sessions.
    key: String,
    /// Its name at the service, once it has one.
    id: Option<String>,
    /// The node that it was started at.
    node: Option<String>,
    state: SessionStateView,
    /// When its first handshake was completed.
    established: Option<u64>,
    /// Since when its present WebSocket is in use.
    socket_since: Option<u64>,
    renewal: RenewalView,
    connections: u32,
    bytes_up: u64,
    bytes_down: u64,
    round_trip_ms: Option<u32>,
    /// Messages that the agent has not acknowledged.
    unacknowledged: u32,
    /// Messages that were sent again.
    sent_again: u64,
}

/// What a session does.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum SessionStateView {
    Starting,
    Up,
    Degraded {
        problem: ProblemView,
    },
    Reconnecting {
        next_attempt: Option<u64>,
        problem: ProblemView,
    },
    NeedsSignIn {
        problem: ProblemView,
    },
    Ending,
}

/// When a session gets another WebSocket.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum RenewalView {
    /// When the gateway closes the one that it has.
    None,
    /// At the first quiet moment from then on.
    Due { at: u64 },
    /// At the next quiet moment.
    AtQuiet,
    /// Now.
    UnderWay,
}

/// One live connection.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionView {
    /// Tells it from the tunnel's other connections.
    key: String,
    /// The session that carries it.
    session: Option<String>,
    since: u64,
    bytes_up: u64,
    bytes_down: u64,
    /// The address that it comes from; none for a Unix socket.
    peer: Option<String>,
    /// The program that opened it, when the system tells.
    program: Option<ProgramView>,
}

/// A program that runs on this machine.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProgramView {
    name: String,
    pid: u32,
}

/// What became of a tunnel.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PastView {
    /// When it was read: the end of the last segment.
    at: u64,
    /// The 24 hours until then, without a gap.
    day: Vec<SegmentView>,
    /// How long it was up in them, milliseconds.
    up_ms: u64,
    /// How long it was wanted in them, milliseconds.
    wanted_ms: u64,
    /// WebSockets that were lost in seven days, the newest first: at most 100 of them.
    drops: Vec<DropView>,
    drops_total: u32,
    /// How many were lost in the 24 hours.
    drops_day: u32,
    /// What each of the seven days (UTC) came to of which something is recorded, oldest first.
    days: Vec<DayView>,
}

/// A stretch of time in which the tunnel was the same.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SegmentView {
    condition: ConditionView,
    from: u64,
    until: u64,
}

/// How a tunnel was for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ConditionView {
    Up,
    Listening,
    Off,
    Unknown,
    Asleep,
    Connecting,
    Degraded,
    Failed,
    SignedOut,
    Reconnecting,
    Replaced,
}

/// A WebSocket that was lost, and what became of it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DropView {
    closed_by: ClosedByView,
    close: CloseView,
    end: DropEndView,
    /// How long no connection could go on, milliseconds.
    lasted_ms: u64,
    /// Connections that it carried.
    connections: u32,
    /// Connections that lived through it.
    survived: u32,
    /// How old the WebSocket was, milliseconds.
    socket_age_ms: u64,
    /// Age of the last frame that had come, milliseconds.
    last_frame_ms: Option<u64>,
    round_trip_ms: Option<u32>,
    unacknowledged: u32,
    /// What was asked of the service until it was over, in calls and dials.
    attempts: u32,
    /// Why the session had to be given up, or the tunnel.
    ended_by: Option<ProblemView>,
    /// What was refused last on the way back.
    refused: Option<ProblemView>,
    /// One sentence: what happened, and why.
    what: String,
    /// One sentence, or empty.
    remedy: String,
}

/// Who ended a WebSocket.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ClosedByView {
    Gateway,
    Network,
    Deadline,
    Renewal,
    SessionEnd,
}

/// How a drop ended.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DropEndView {
    Resumed,
    Replaced,
    GivenUp,
    Stopped,
    LetGo,
}

impl DetailsView {
    /// Puts together what the page shows at `now`.
    pub(crate) fn new(
        now: u64,
        status: &TunnelStatus,
        details: &Details,
        past: &io::Result<Past>,
        restless: Option<Restless>,
    ) -> Self {
        let pool = status.profile.upkeep.policy().sessions;
        let target = status.snapshot.target.as_ref();
        Self {
            tunnel: status.profile.id.to_string(),
            at: now,
            node: target.map(|choice| choice.node.clone()),
            renewals: status.snapshot.renewals,
            sessions: details.sessions.iter().map(SessionView::from).collect(),
            sessions_most: u32::from(pool.most()),
            connections: details
                .connections
                .iter()
                .map(ConnectionView::from)
                .collect(),
            past: past.as_ref().ok().map(PastView::from),
            past_problem: past.as_ref().err().map(ToString::to_string),
            too_often: restless.map(|restless| ProblemView::from(&restless.often.problem())),
        }
    }
}

impl From<&SessionDetails> for SessionView {
    fn from(details: &SessionDetails) -> Self {
        let SessionDetails {
            status,
            node,
            vitals,
            bytes_up,
            bytes_down,
        } = details;
        let vitals = vitals.clone().unwrap_or_default();
        Self {
            key: status.key.to_string(),
            id: status.session_id.clone(),
            node: node.clone(),
            state: SessionStateView::from(&status.state),
            established: status.established,
            socket_since: status.socket_since,
            renewal: match status.renewal {
                RenewalOutlook::None => RenewalView::None,
                RenewalOutlook::Due(at) => RenewalView::Due { at },
                RenewalOutlook::AtQuiet => RenewalView::AtQuiet,
                RenewalOutlook::UnderWay => RenewalView::UnderWay,
            },
            connections: status.connections,
            bytes_up: *bytes_up,
            bytes_down: *bytes_down,
            round_trip_ms: vitals.round_trip_ms,
            unacknowledged: vitals.unacknowledged,
            sent_again: vitals.retransmissions,
        }
    }
}

impl From<&SessionState> for SessionStateView {
    fn from(state: &SessionState) -> Self {
        match state {
            SessionState::Starting => Self::Starting,
            SessionState::Up => Self::Up,
            SessionState::Degraded(problem) => Self::Degraded {
                problem: problem.into(),
            },
            SessionState::Reconnecting {
                next_attempt,
                problem,
            } => Self::Reconnecting {
                next_attempt: *next_attempt,
                problem: problem.into(),
            },
            SessionState::NeedsSignIn(problem) => Self::NeedsSignIn {
                problem: problem.into(),
            },
            SessionState::Ending => Self::Ending,
        }
    }
}

impl From<&ConnectionDetails> for ConnectionView {
    fn from(details: &ConnectionDetails) -> Self {
        let session = details.session_id.as_deref().unwrap_or_default();
        Self {
            key: format!("{session}/{}", details.id),
            session: details.session_id.clone(),
            since: details.since,
            bytes_up: details.bytes_up,
            bytes_down: details.bytes_down,
            peer: details.peer.map(|peer| peer.to_string()),
            program: details.program.as_ref().map(|holder| ProgramView {
                name: holder.name.clone(),
                pid: holder.pid,
            }),
        }
    }
}

impl From<&Past> for PastView {
    fn from(past: &Past) -> Self {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            at: past.at,
            day: past.day.segments.iter().map(SegmentView::from).collect(),
            up_ms: past.day.up_ms,
            wanted_ms: past.day.wanted_ms,
            drops: past.drops.iter().map(DropView::from).collect(),
            drops_total: count(past.drops_total),
            drops_day: count(past.drops_day),
            days: past.days.iter().map(DayView::from).collect(),
        }
    }
}

impl From<&Segment> for SegmentView {
    fn from(segment: &Segment) -> Self {
        Self {
            condition: match segment.condition {
                Condition::Up => ConditionView::Up,
                Condition::Listening => ConditionView::Listening,
                Condition::Off => ConditionView::Off,
                Condition::Unknown => ConditionView::Unknown,
                Condition::Asleep => ConditionView::Asleep,
                Condition::Connecting => ConditionView::Connecting,
                Condition::Degraded => ConditionView::Degraded,
                Condition::Failed => ConditionView::Failed,
                Condition::SignedOut => ConditionView::SignedOut,
                Condition::Reconnecting => ConditionView::Reconnecting,
                Condition::Replaced => ConditionView::Replaced,
            },
            from: segment.from,
            until: segment.until,
        }
    }
}

impl From<&LostSocket> for DropView {
    fn from(lost: &LostSocket) -> Self {
        let record = &lost.record;
        let counted = record.attempts.iter().map(|attempts| attempts.count);
        let counted = counted.fold(record.attempts_left_out, u32::saturating_add);
        Self {
            closed_by: match record.closed_by {
                ClosedBy::Gateway => ClosedByView::Gateway,
                ClosedBy::Network => ClosedByView::Network,
                ClosedBy::Deadline => ClosedByView::Deadline,
                ClosedBy::Renewal => ClosedByView::Renewal,
                ClosedBy::SessionEnd => ClosedByView::SessionEnd,
            },
            close: CloseView::from(&record.close),
            end: match record.end {
                DropEnd::Resumed => DropEndView::Resumed,
                DropEnd::Replaced { .. } => DropEndView::Replaced,
                DropEnd::GivenUp { .. } => DropEndView::GivenUp,
                DropEnd::Stopped => DropEndView::Stopped,
                DropEnd::LetGo => DropEndView::LetGo,
            },
            lasted_ms: record.lasted_ms,
            connections: record.connections,
            survived: record.survived,
            socket_age_ms: record.socket_age_ms,
            last_frame_ms: record.vitals.last_frame_ms,
            round_trip_ms: record.vitals.round_trip_ms,
            unacknowledged: record.vitals.unacknowledged,
            attempts: counted,
            ended_by: match &record.end {
                DropEnd::Replaced { problem } | DropEnd::GivenUp { problem } => {
                    Some(problem.into())
                }
                DropEnd::Resumed | DropEnd::Stopped | DropEnd::LetGo => None,
            },
            refused: {
                let alike = record.attempts.iter().rev();
                let refused = alike.filter_map(|alike| alike.problem.as_ref()).next();
                refused.map(ProblemView::from)
            },
            what: record.what.clone(),
            remedy: record.remedy.clone(),
        }
    }
}
