//! What the flight recorders of a tunnel's sessions hold: of those that live, and of the last that
//! ended.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tunnel_proto::{Recording, Snapshot};

use crate::look::Details;

/// Sessions that have ended and whose recordings are kept, the last: what is asked about later is
/// mostly the one that has just been replaced. Each takes 200 KiB.
const ENDED_MOST: usize = 4;

/// How long a session's task may take to answer: one that hangs must not keep the others from
/// being heard.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a tunnel may take to answer.
const TUNNEL_PATIENCE: Duration = Duration::from_secs(1);

/// A session and what was recorded of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRecording {
    /// Names it at the service; `None` before StartSession was answered.
    pub session_id: Option<String>,
    /// Whether it is over.
    pub ended: bool,
    /// Its last frames.
    pub recording: Recording,
}

/// Asked of a tunnel's task.
#[derive(Debug)]
pub(crate) enum Ask {
    /// How its sessions and connections are.
    Details(oneshot::Sender<Details>),
    /// What was recorded of its sessions.
    Recordings(oneshot::Sender<Vec<SessionRecording>>),
}

/// Looks at a tunnel, and does not keep it from ending. A clone looks at the same one.
#[derive(Debug, Clone)]
pub struct Observer {
    pub(crate) snapshot: watch::Receiver<Snapshot>,
    pub(crate) looks: mpsc::Sender<Ask>,
}

impl Observer {
    /// The present truth about the tunnel, or the last.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }

    /// How its sessions and connections are; `None` when it is over, or hangs.
    pub async fn details(&self) -> Option<Details> {
        self.ask(Ask::Details).await
    }

    /// What was recorded of its sessions, the oldest first; nothing when it is over.
    pub async fn recordings(&self) -> Vec<SessionRecording> {
        self.ask(Ask::Recordings).await.unwrap_or_default()
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Option<T> {
        let (answer, heard) = oneshot::channel();
        let answered = async {
            self.looks.send(ask(answer)).await.ok()?;
            heard.await.ok()
        };
        timeout(TUNNEL_PATIENCE, answered).await.ok().flatten()
    }
}

/// A session that was asked for its recording.
pub(crate) struct Awaited {
    pub(crate) session_id: Option<String>,
    pub(crate) heard: oneshot::Receiver<Recording>,
}

/// The recordings of sessions that have ended, the last four.
#[derive(Debug, Default)]
pub(crate) struct Ended(VecDeque<Last>);

#[derive(Debug)]
enum Last {
    /// Its task says it as the last thing that it does.
    Awaited(Option<String>, oneshot::Receiver<Recording>),
    Here(SessionRecording),
}

impl Ended {
    pub(crate) fn push(&mut self, session_id: Option<String>, heard: oneshot::Receiver<Recording>) {
        if self.0.len() == ENDED_MOST {
            self.0.pop_front();
        }
        self.0.push_back(Last::Awaited(session_id, heard));
    }

    /// Those that are here, the oldest first.
    pub(crate) fn recordings(&mut self) -> Vec<SessionRecording> {
        for last in &mut self.0 {
            if let Last::Awaited(session_id, heard) = last
                && let Ok(recording) = heard.try_recv()
            {
                *last = Last::Here(SessionRecording {
                    session_id: session_id.take(),
                    ended: true,
                    recording,
                });
            }
        }
        let here = self.0.iter().filter_map(|last| match last {
            Last::Here(recording) => Some(recording.clone()),
            Last::Awaited(..) => None,
        });
        here.collect()
    }
}

/// Adds what the sessions that live answer.
pub(crate) async fn gather(
    mut recordings: Vec<SessionRecording>,
    asked: Vec<Awaited>,
) -> Vec<SessionRecording> {
    let deadline = Instant::now() + PATIENCE;
    for Awaited { session_id, heard } in asked {
        if let Ok(Ok(recording)) = timeout_at(deadline, heard).await {
            recordings.push(SessionRecording {
                session_id,
                ended: false,
                recording,
            });
        }
    }
    recordings
}
