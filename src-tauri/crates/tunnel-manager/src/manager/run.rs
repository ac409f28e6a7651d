//! One tunnel from the request to start it until it is off.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;
use tunnel::{Details, unix_ms_now};
use tunnel_proto::{Snapshot, State};

use crate::engine::{Engine, Launch, RunningTunnel as _};
use crate::profile::ProfileId;

/// How long a stop may take. The tunnel bounds its own calls to the service more tightly; this
/// only keeps a fault in there from holding up the end of the program.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// What a run tells the actor.
#[derive(Debug)]
pub(super) enum Progress {
    /// The tunnel says this of itself.
    Changed(Snapshot),
    /// The run is over. Off, or failed: then with the next free port, if that would help.
    Ended(Snapshot, Option<u16>),
}

/// What a run is told.
#[derive(Debug)]
pub(super) struct Orders {
    /// Stop. Comes once.
    pub(super) stop: oneshot::Receiver<()>,
    /// Don't wait for the next attempt.
    pub(super) try_now: Arc<Notify>,
    /// Say how the sessions and connections are.
    pub(super) looks: mpsc::Receiver<oneshot::Sender<Details>>,
}

/// Starts the tunnel, passes on what it says, and stops it when asked to.
///
/// The sessions of a tunnel that was given up are ended as well, and its port is free again.
pub(super) async fn run<E: Engine>(
    engine: Arc<E>,
    launch: Launch,
    orders: Orders,
    progress: mpsc::Sender<(ProfileId, Progress)>,
) {
    let Orders {
        mut stop,
        try_now,
        mut looks,
    } = orders;
    let id = launch.profile.id;
    let tell = async |what| {
        // Without an actor there is nobody to tell; the tunnel is stopped all the same.
        progress.send((id, what)).await.ok();
    };
    let mut last = idle(State::Connecting {
        since: unix_ms_now(),
    });
    tell(Progress::Changed(last.clone())).await;

    let starting = engine.start(launch);
    tokio::pin!(starting);
    let started = tokio::select! {
        started = &mut starting => started,
        _ = &mut stop => {
            tell(Progress::Changed(idle(State::Stopping))).await;
            // It may already have a session, which only it can end.
            if let Ok(Ok(tunnel)) = timeout(STOP_LIMIT, starting).await {
                timeout(STOP_LIMIT, tunnel.stop()).await.ok();
            }
            return tell(Progress::Ended(idle(State::Off), None)).await;
        }
    };
    let tunnel = match started {
        Ok(tunnel) => tunnel,
        Err(failure) => {
            let failed = State::Failed {
                since: unix_ms_now(),
                problem: failure.problem,
            };
            return tell(Progress::Ended(idle(failed), failure.free_port)).await;
        }
    };

    let mut snapshots = tunnel.snapshot();
    snapshots.mark_changed();
    let asked = loop {
        tokio::select! {
            changed = snapshots.changed() => {
                if changed.is_err() {
                    break false;
                }
                last = snapshots.borrow_and_update().clone();
                if last.state.is_over() {
                    break false;
                }
                tell(Progress::Changed(last.clone())).await;
            }
            () = try_now.notified() => tunnel.try_now(),
            Some(answer) = looks.recv() => tunnel.look(answer),
            _ = &mut stop => break true,
        }
    };
    if asked {
        last.state = State::Stopping;
        tell(Progress::Changed(last.clone())).await;
    }
    if timeout(STOP_LIMIT, tunnel.stop()).await.is_err() {
        tracing::warn!(tunnel = %id, "the tunnel did not stop in time");
    }
    // What a failed tunnel said last stays to be read; any other is simply off.
    let end = if matches!(last.state, State::Failed { .. }) {
        Snapshot {
            addresses: Vec::new(),
            connections: 0,
            waiting: 0,
            sessions: 0,
            ..last
        }
    } else {
        Snapshot {
            last_close: last.last_close,
            ..idle(State::Off)
        }
    };
    tell(Progress::Ended(end, None)).await;
}

/// What is known of a tunnel that does not run.
pub(super) fn idle(state: State) -> Snapshot {
    Snapshot::new(state, Vec::new())
}
