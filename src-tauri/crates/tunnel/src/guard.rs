//! A session's task that ends by a fault of our own.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tunnel_proto::{Problem, ProblemKind, SessionKey, Vitals};

use crate::session_task::Report;

/// Runs a session's task. If it panics, the session is over like any other: nobody else would
/// tell the policy, which would take it for one that carries connections.
pub(crate) async fn guarded(
    key: SessionKey,
    task: impl Future<Output = ()>,
    reports: mpsc::Sender<(SessionKey, Report)>,
) {
    // Nothing of the task is used after it.
    if AssertUnwindSafe(task).catch_unwind().await.is_err() {
        let over = Report::Over(hung(), Vitals::default());
        // A tunnel that does not listen any more needs no session.
        let _ = reports.send((key, over)).await;
    }
}

/// A session's task that does not take what it is given, or is gone. It can only be replaced.
pub(crate) fn hung() -> Problem {
    Problem::new(
        ProblemKind::Protocol,
        "session-hangs",
        "A session of the tunnel does not go on.",
        "If it happens again, make a diagnostic bundle.",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tunnel_proto::{Action, Clock, Tunnel as Policy, TunnelPolicy};

    use super::*;

    #[tokio::test]
    async fn a_session_whose_task_panics_is_over_and_one_that_ends_says_nothing() {
        let origin = Instant::now();
        let clock = Clock {
            origin,
            unix_ms_at_origin: 0,
        };
        let mut policy = Policy::new(TunnelPolicy::default(), origin, clock, [0; 32]);
        let Some(Action::Start(key)) = policy.poll_action() else {
            panic!("a tunnel begins with a session");
        };
        let (reports, mut told) = mpsc::channel(1);
        guarded(key, async { panic!("as the test wants") }, reports.clone()).await;
        match told.recv().await {
            Some((of, Report::Over(problem, _))) => {
                assert_eq!((of, problem.code.as_str()), (key, "session-hangs"));
            }
            other => panic!("{other:?}"),
        }
        guarded(key, async {}, reports).await;
        assert!(told.recv().await.is_none());
    }
}
