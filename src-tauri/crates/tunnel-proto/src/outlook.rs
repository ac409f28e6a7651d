//! What it means for connections that a tunnel is not well, and until when.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::Problem;

/// What it means for local connections that a tunnel is not well, and when that ends if nothing
/// else ends it before. The numbers are those of the moment; a change of them alone is told
/// once a second at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    /// Connections that are carried by sessions with which something is wrong, or which have no
    /// WebSocket: they go on slowly, or not at all.
    #[serde(default)]
    pub held: u32,
    /// Accepted connections that wait for a session.
    #[serde(default)]
    pub waiting: u32,
    /// When it ends by time alone; `None` if time alone does not end it (the network, or a
    /// sign-in, takes as long as it takes), or that time has come and what is due is under way.
    #[serde(default)]
    pub until: Option<Until>,
}

/// When a state ends if nothing comes that ends it before, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Until {
    /// Unix milliseconds; never in the past when it is told, and told no longer once it is.
    ///
    /// Where attempts are made, these go on until then: to the end of the budget for them, or of
    /// the step of an attempt (a call, a WebSocket, the handshake) that is under way or next, with
    /// all the time that it may take, where that ends later. So it moves on with the last attempts;
    /// an answer to one of them may end them sooner, and not before the budget does.
    pub at: u64,
    /// What happens then.
    pub then: Then,
}

/// What happens when a state has lasted as long as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Then {
    /// The session gets another WebSocket; nothing is lost.
    Resumed,
    /// The session is given up and its connections are reset; another takes its place.
    Replaced,
    /// What was lost on the way has come again: an estimate, by the rate at which it comes.
    CaughtUp,
    /// The tunnel gives up.
    GivenUp,
    /// The tunnel, a lazy one, gives up this session and listens: the next connection starts
    /// another.
    Listening,
}

/// What is wrong with a session that lives, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Illness {
    /// What is wrong.
    pub problem: Problem,
    /// When it ends by time alone, if it does.
    pub until: Option<Deadline>,
}

/// [`Until`], in the engine's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Instant,
    /// What happens then.
    pub then: Then,
}
