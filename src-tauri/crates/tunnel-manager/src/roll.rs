//! The tunnels that this process runs, for whoever asks from outside of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tunnel::{Observer, SessionDetails, SessionRecording, Tunnel, TunnelEvent, events};
use tunnel_proto::{DropEnd, Happening, Record, Snapshot, Vitals};

use crate::bundle::{DropCause, DropCauses};
use crate::history::TunnelName;

/// The tunnels that this process runs. A clone is the same roll.
#[derive(Debug, Clone, Default)]
pub struct Roll(Arc<Mutex<Vec<Arc<Entered>>>>);

#[derive(Debug)]
struct Entered {
    name: TunnelName,
    observer: Observer,
    losses: Mutex<Losses>,
}

/// WebSockets that were lost, by what that was.
#[derive(Debug, Clone, Default)]
struct Losses {
    all: BTreeMap<DropCause, u64>,
    resumed: BTreeMap<DropCause, u64>,
}

/// How a tunnel that runs is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TunnelFigures {
    /// Which.
    pub tunnel: TunnelName,
    /// What it does, and its figures.
    pub snapshot: Snapshot,
    /// WebSockets that were lost since it was started, by what that was. A renewal is none.
    pub drops: BTreeMap<DropCause, u64>,
    /// Of those: such that the session got another one, and nothing was lost.
    #[serde(default)]
    pub reconnects: BTreeMap<DropCause, u64>,
    /// Its sessions, the oldest first.
    pub sessions: Vec<SessionFigures>,
}

/// How a session of a tunnel is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionFigures {
    /// Names it within its tunnel.
    pub session: String,
    /// Names it at the service, once that is known.
    pub session_id: Option<String>,
    /// The node that it was started at, once that is known.
    pub node: Option<String>,
    /// Connections that were placed on it and have not ended.
    pub connections: u32,
    /// Payload bytes from its connections since it was started.
    pub bytes_up: u64,
    /// Payload bytes to its connections since it was started.
    pub bytes_down: u64,
    /// Its figures; `None` before it has a WebSocket.
    pub vitals: Option<Vitals>,
}

/// What was recorded of a tunnel's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TunnelRecordings {
    /// Which tunnel.
    pub tunnel: TunnelName,
    /// Its sessions, those that have ended first.
    pub sessions: Vec<SessionRecording>,
}

impl Roll {
    /// Enters a tunnel, until it is gone.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn enter(&self, name: TunnelName, tunnel: &Tunnel) {
        let entered = Arc::new(Entered {
            name,
            observer: tunnel.observer(),
            losses: Mutex::default(),
        });
        self.entries().push(Arc::clone(&entered));
        let (roll, events) = (self.clone(), tunnel.events());
        tokio::spawn(async move {
            entered.count(events).await;
            roll.entries().retain(|one| !Arc::ptr_eq(one, &entered));
        });
    }

    /// Whether one of exactly this name is among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries()
            .iter()
            .any(|entered| entered.name.name == name)
    }

    /// How they are now.
    pub async fn figures(&self) -> Vec<TunnelFigures> {
        let mut figures = Vec::new();
        for entered in self.all() {
            figures.push(entered.figures().await);
        }
        figures
    }

    /// What their flight recorders hold.
    pub async fn recordings(&self) -> Vec<TunnelRecordings> {
        let mut recordings = Vec::new();
        for entered in self.all() {
            recordings.push(TunnelRecordings {
                tunnel: entered.name.clone(),
                sessions: entered.observer.recordings().await,
            });
        }
        recordings
    }

    fn all(&self) -> Vec<Arc<Entered>> {
        self.entries().clone()
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Arc<Entered>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entered {
    /// Counts drops until the tunnel is gone.
    async fn count(&self, mut events: events::Receiver) {
        let mut causes = DropCauses::default();
        loop {
            match events.recv().await {
                Ok(TunnelEvent::Record(record)) => {
                    if let Some(cause) = causes.name(&record) {
                        self.losses().count(cause, &record);
                    }
                }
                Ok(
                    TunnelEvent::State(_)
                    | TunnelEvent::Lost { .. }
                    | TunnelEvent::Replaced { .. }
                    | TunnelEvent::Rested(_)
                    | TunnelEvent::Notice(_),
                )
                // What is missed in a flood is in the snapshot's numbers.
                | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn figures(&self) -> TunnelFigures {
        let details = self.observer.details().await.unwrap_or_default();
        let Losses { all, resumed } = self.losses().clone();
        TunnelFigures {
            tunnel: self.name.clone(),
            snapshot: self.observer.snapshot(),
            drops: all,
            reconnects: resumed,
            sessions: details.sessions.iter().map(session).collect(),
        }
    }

    fn losses(&self) -> MutexGuard<'_, Losses> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Losses {
    fn count(&mut self, cause: DropCause, record: &Record) {
        *self.all.entry(cause).or_default() += 1;
        let is_resumed = match &record.what {
            Happening::Drop(lost) => match lost.end {
                DropEnd::Resumed => true,
                DropEnd::Replaced { .. }
                | DropEnd::GivenUp { .. }
                | DropEnd::Stopped
                | DropEnd::LetGo => false,
            },
            Happening::State { .. }
            | Happening::Renewed(_)
            | Happening::Target(_)
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::Slept { .. }
            | Happening::EndedLate { .. }
            | Happening::Carried { .. } => false,
        };
        if is_resumed {
            *self.resumed.entry(cause).or_default() += 1;
        }
    }
}

fn session(details: &SessionDetails) -> SessionFigures {
    SessionFigures {
        session: details.status.key.to_string(),
        session_id: details.status.session_id.clone(),
        node: details.node.clone(),
        connections: details.status.connections,
        bytes_up: details.bytes_up,
        bytes_down: details.bytes_down,
        vitals: details.vitals.clone(),
    }
}
