//! What a tunnel says about itself: one value that the command line prints, the window draws,
//! the tray shows and the bundle holds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Choice, Outlook};

/// A tunnel at one moment. Times are Unix milliseconds, durations milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// What the tunnel does now, with that state's data.
    pub state: State,
    /// The node that the last session was started at, and why; `None` before the first, and
    /// where the settings name one node and there is nothing to choose.
    #[serde(default)]
    pub target: Option<Choice>,
    /// Where it listens: `127.0.0.1:5433`, `[::1]:5433`, or a Unix socket's path. Empty when
    /// it does not.
    pub addresses: Vec<String>,
    /// Local connections that are carried now.
    pub connections: u32,
    /// Accepted local connections that wait for a session.
    pub waiting: u32,
    /// Sessions that can carry connections now.
    pub sessions: u32,
    /// Payload bytes from local connections to the destination since the tunnel was started.
    pub bytes_up: u64,
    /// Payload bytes from the destination to local connections since the tunnel was started.
    pub bytes_down: u64,
    /// WebSockets that were lost and resumed since the tunnel was started.
    pub reconnects: u32,
    /// WebSockets that were renewed before the gateway would have closed them since the tunnel
    /// was started.
    pub renewals: u32,
    /// Sessions that ended and had to be replaced since the tunnel was started.
    pub replacements: u32,
    /// How the last WebSocket ended.
    pub last_close: Option<Close>,
    /// Until when the present credentials can resume a session, Unix milliseconds; `None` when
    /// they have no end, or it is not known.
    pub credentials_until: Option<u64>,
    /// Version of the agent at the far end, once it is known.
    pub agent_version: Option<String>,
    /// Smoothed round-trip time to the agent, once it is measured.
    pub round_trip_ms: Option<u32>,
    /// A text that the account's owner shows to everyone who connects.
    pub customer_message: Option<String>,
    /// The latest thing that the user should know and that is no failure: a destination that
    /// refused a connection, an agent that serves one connection at a time.
    pub notice: Option<Problem>,
}

/// What a tunnel does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum State {
    /// Not started, or stopped.
    Off,
    /// The port listens; the first connection starts the session.
    Listening,
    /// The first session is being started.
    Connecting {
        /// Since when.
        since: u64,
    },
    /// Connections are carried.
    Up {
        /// Since when, without counting times in which it was not.
        since: u64,
    },
    /// Connections are carried, but something is wrong with every session, or with one that has
    /// connections: those wait, whatever new ones can use.
    Degraded {
        /// Since when.
        since: u64,
        /// What is wrong.
        problem: Problem,
        /// The session that this is about: of those with which something is wrong, the one with
        /// the most connections. `None` if it is about all of them.
        #[serde(default)]
        session_id: Option<String>,
        /// Sessions with which nothing is wrong: new connections use them.
        #[serde(default)]
        others: u32,
        /// For whom, and until when: that of the session with the most connections.
        #[serde(flatten)]
        outlook: Outlook,
    },
    /// No session can carry connections; one is being resumed or replaced.
    Reconnecting {
        /// Since when.
        since: u64,
        /// Counts from 1.
        attempt: u32,
        /// When the next attempt starts; `None` while one is under way.
        next_attempt: Option<u64>,
        /// Why.
        problem: Problem,
        /// For whom, and until when it is tried.
        #[serde(flatten)]
        outlook: Outlook,
    },
    /// Credentials have expired and only the user can get new ones.
    NeedsSignIn {
        /// Since when.
        since: u64,
        /// When the credentials are looked at again; `None` while they are, and where that is in
        /// vain. A change of the AWS files brings that forward.
        next_attempt: Option<u64>,
        /// What gives it credentials again.
        #[serde(default)]
        renewed_by: RenewedBy,
        /// What the credentials' source said.
        problem: Problem,
        /// For whom. It has no end.
        #[serde(flatten)]
        outlook: Outlook,
    },
    /// Sessions are being ended at the service.
    Stopping,
    /// Given up: nothing but the user can help.
    Failed {
        /// Since when.
        since: u64,
        /// Why, and what to do.
        problem: Problem,
    },
}

/// What gives a tunnel credentials again that only the user can renew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RenewedBy {
    /// A sign-in, or a change of the AWS files, which the tunnel looks for by itself.
    #[default]
    SignIn,
    /// Nothing while this program runs: they come from its environment variables.
    Restart,
}

/// Something that went wrong, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Whose business it is.
    pub kind: ProblemKind,
    /// Stable name for programs, such as `target-not-connected`.
    pub code: String,
    /// One sentence: what happened and why.
    pub what: String,
    /// One sentence: what the reader can do; empty when there is nothing to do.
    pub remedy: String,
    /// The raw text of whoever reported it; empty when there is none.
    pub details: String,
    /// What the sentences name, such as `target`, for whoever says them in another language. Not
    /// written down with the rest.
    #[serde(skip)]
    pub facts: Named,
}

/// What sentences name: each value under its name. Most name nothing, and have no map for that: a
/// problem is part of many errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named(Option<Arc<BTreeMap<&'static str, String>>>);

impl Named {
    /// Adds a value; one that was there under this name is gone.
    pub fn insert(&mut self, name: &'static str, value: String) {
        Arc::make_mut(self.0.get_or_insert_default()).insert(name, value);
    }

    /// The value under this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.get(name).map(String::as_str)
    }

    /// All of them, by their names.
    pub fn all(&self) -> BTreeMap<&'static str, String> {
        self.0.as_deref().cloned().unwrap_or_default()
    }
}

impl<const N: usize> From<[(&'static str, String); N]> for Named {
    fn from(values: [(&'static str, String); N]) -> Self {
        Self((N > 0).then(|| Arc::new(values.into())))
    }
}

/// The code of the problem that this machine has no network: nothing is tried until it is back.
pub const NETWORK_DOWN: &str = "network-down";

/// Whose business a problem is: what kind of thing has to change before it can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProblemKind {
    /// The tunnel's settings: a profile, a region, a document that does not exist.
    Settings,
    /// The local port, address or socket.
    Listen,
    /// Credentials are missing or have expired.
    Credentials,
    /// The account does not allow it.
    Permission,
    /// The target, its agent, or the destination behind it.
    Target,
    /// The way to AWS: DNS, proxy, TLS, a connection that broke.
    Network,
    /// AWS: throttling, quotas, errors of the service, the gateway's closes.
    Service,
    /// The far end said something that it must not say.
    Protocol,
}

/// How a WebSocket ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Close {
    /// When, Unix milliseconds.
    pub at: u64,
    /// The close code of RFC 6455, section 7.4; `None` when the connection just broke.
    pub code: Option<u16>,
    /// The close reason that the service gave, or how the connection broke.
    pub reason: String,
}

impl Snapshot {
    /// The snapshot of a tunnel that has just been made and listens at `addresses`.
    pub fn new(state: State, addresses: Vec<String>) -> Self {
        Self {
            target: None,
            state,
            addresses,
            connections: 0,
            waiting: 0,
            sessions: 0,
            bytes_up: 0,
            bytes_down: 0,
            reconnects: 0,
            renewals: 0,
            replacements: 0,
            last_close: None,
            credentials_until: None,
            agent_version: None,
            round_trip_ms: None,
            customer_message: None,
            notice: None,
        }
    }

    /// The snapshot of a tunnel that is not started.
    pub fn off() -> Self {
        Self::new(State::Off, Vec::new())
    }
}

impl State {
    /// Says whether the tunnel does nothing until it is started: it is off, or was given up.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Off | Self::Failed { .. } => true,
            Self::Listening
            | Self::Connecting { .. }
            | Self::Up { .. }
            | Self::Degraded { .. }
            | Self::Reconnecting { .. }
            | Self::NeedsSignIn { .. }
            | Self::Stopping => false,
        }
    }
}

impl Problem {
    /// Makes a problem that has no raw text to show.
    pub fn new(
        kind: ProblemKind,
        code: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            what: what.into(),
            remedy: remedy.into(),
            details: String::new(),
            facts: Named::default(),
        }
    }

    /// Adds what its sentences name.
    #[must_use]
    pub fn with_fact(mut self, name: &'static str, value: &dyn fmt::Display) -> Self {
        self.facts.insert(name, value.to_string());
        self
    }

    /// Adds the raw text of whoever reported it.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }
}
