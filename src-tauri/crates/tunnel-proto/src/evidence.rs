//! What is kept of a tunnel's life: each change of its state with the cause, and for each
//! WebSocket that was lost a record that says why, and what it cost.

use serde::{Deserialize, Serialize};

use crate::{Choice, Close, Problem, State, Vitals};

/// One thing that happened to a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// When, Unix milliseconds.
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Happening {
    /// The tunnel does something else now.
    State {
        /// What it does.
        state: State,
        /// What made it do so.
        cause: Cause,
    },
    /// A WebSocket was lost, and what followed is known.
    Drop(Box<DropRecord>),
    /// A WebSocket was renewed before the gateway would have closed it.
    Renewed(Renewal),
    /// A session was started at another node than the one before, or for another reason.
    Target(Box<Choice>),
    /// Local connections were closed that no session had carried.
    TurnedAway(TurnedAway),
    /// The target could not connect to the destination for local connections. The first is kept
    /// at once, those that follow within a minute as one.
    Unreached {
        /// How many.
        count: u32,
        /// Where the last wanted to go, and what to do.
        problem: Problem,
    },
    /// A session could not be ended at the service. It is tried again for as long as the process
    /// lives.
    LeftBehind {
        /// Which.
        session_id: String,
        /// Why not.
        problem: Problem,
    },
    /// The machine slept while the tunnel was on, and has just woken.
    Slept {
        /// For how long, milliseconds.
        asleep_ms: u64,
    },
    /// A session that was left behind is ended after all.
    EndedLate {
        /// Which.
        session_id: String,
    },
    /// Payload that was carried since the last record of this kind, or since the tunnel was started.
    /// The policy never sees a byte: whoever keeps the records writes it.
    Carried {
        /// From local connections to the destination.
        bytes_up: u64,
        /// From the destination to local connections.
        bytes_down: u64,
    },
}

/// Local connections that were closed without having been carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnedAway {
    /// How many.
    pub count: u32,
    /// How long the first of them had waited, milliseconds.
    pub waited_ms: u64,
    /// Why they were closed.
    pub why: Refusal,
    /// Why there was no session, as far as is known.
    pub problem: Option<Problem>,
}

/// Why a local connection was closed without having been carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// It had waited as long as it may ([`TunnelPolicy::wait_limit`]).
    ///
    /// [`TunnelPolicy::wait_limit`]: crate::TunnelPolicy::wait_limit
    WaitedOut,
    /// As many as may wait did so already ([`TunnelPolicy::waiting_most`]).
    ///
    /// [`TunnelPolicy::waiting_most`]: crate::TunnelPolicy::waiting_most
    TooMany,
    /// No session can be had.
    NoSession,
}

/// What made a tunnel change its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// It was started.
    Started,
    /// A local connection came.
    Connection,
    /// No local connection has been there for a while.
    Idle,
    /// A session's handshake was completed.
    Established,
    /// A session has a new WebSocket.
    Resumed,
    /// A WebSocket was lost.
    Lost,
    /// A session is over.
    SessionOver,
    /// The service, or the way to it, refused a request.
    Refused,
    /// The health of a session that lives has changed.
    Health,
    /// The machine's network has changed, gone or come back.
    Network,
    /// The machine sleeps or has woken up.
    Power,
    /// The user, or new credentials, asked for an attempt at once.
    TriedNow,
    /// The next attempt was due.
    Timer,
    /// The user stopped it.
    Stopped,
}

/// The loss of a WebSocket, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DropRecord {
    /// The session that it belonged to.
    pub session_id: Option<String>,
    /// Who ended it.
    pub closed_by: ClosedBy,
    /// When, with which code and reason.
    pub close: Close,
    /// How old the WebSocket was, milliseconds.
    pub socket_age_ms: u64,
    /// How the session was at that moment.
    pub vitals: Vitals,
    /// Local connections that the session carried at that moment.
    pub connections: u32,
    /// What was asked for until the drop was over, also in the name of the session that takes the
    /// place of this one; counted by what was asked and what came of it, in the order of the last
    /// of each. At most 12: those that came to an end longest ago are left out.
    pub attempts: Vec<Attempts>,
    /// How many attempts are left out.
    pub attempts_left_out: u32,
    /// How long no connection of the session could go on, milliseconds.
    pub lasted_ms: u64,
    /// Local connections that lived through it.
    pub survived: u32,
    /// How it ended.
    pub end: DropEnd,
    /// One sentence: what happened, and why.
    pub what: String,
    /// One sentence: what the reader can do; empty when there is nothing to do.
    pub remedy: String,
}

/// Who ended a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClosedBy {
    /// The gateway closed it in order.
    Gateway,
    /// The connection broke on the way.
    Network,
    /// Culvert, because no sign of life came within the deadline.
    Deadline,
    /// Culvert, to renew it.
    Renewal,
    /// Culvert, because the session was over.
    SessionEnd,
}

/// How a drop ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DropEnd {
    /// The session has a new WebSocket; nothing was lost.
    Resumed,
    /// Another session took its place; its connections were lost.
    Replaced {
        /// Why.
        problem: Problem,
    },
    /// The tunnel gave up.
    GivenUp {
        /// Why.
        problem: Problem,
    },
    /// The tunnel was stopped meanwhile.
    Stopped,
    /// Nobody used the session, and the tunnel did without it: a spare one of the pool, or any
    /// of a lazy tunnel. Nothing was lost.
    LetGo,
}

/// Attempts that asked for the same, and to which the service, or the way to it, answered the
/// same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempts {
    /// What was asked.
    pub asked: Asked,
    /// What was wrong with the last; all have its code. `None` if they were granted.
    pub problem: Option<Problem>,
    /// How many there were.
    pub count: u32,
    /// When the first was made: milliseconds after the loss.
    pub first_after_ms: u64,
    /// When the last was made: milliseconds after the loss.
    pub last_after_ms: u64,
    /// How long the answer to the last took, milliseconds.
    pub took_ms: u64,
}

/// What an attempt asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Asked {
    /// StartSession.
    StartSession,
    /// ResumeSession.
    ResumeSession,
    /// A WebSocket.
    Upgrade,
}

/// A WebSocket that was renewed ahead of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewal {
    /// The session.
    pub session_id: Option<String>,
    /// How old the WebSocket was, milliseconds.
    pub socket_age_ms: u64,
    /// How long no connection of the session could go on, milliseconds: nought when the new
    /// WebSocket was there before the old one was left.
    pub gap_ms: u64,
    /// Local connections that lived through it.
    pub connections: u32,
}
