//! Overviews for tests.

use std::sync::{Arc, mpsc};

use serde_json::Value;
use tauri::ipc::{Channel, InvokeResponseBody};
use tunnel_manager::{Draft, Overview, ProfileId, TunnelStatus};
use tunnel_proto::{Outlook, Problem, ProblemKind, Snapshot, State};

/// A tunnel of this name in this state.
pub(crate) fn tunnel(name: &str, state: State) -> TunnelStatus {
    let draft = Draft {
        name: name.to_owned(),
        target: "i-0123456789abcdef0".to_owned(),
        remote_port: 5432,
        ..Draft::default()
    };
    TunnelStatus {
        profile: Arc::new(draft.check(ProfileId::random()).expect("complete")),
        snapshot: Snapshot::new(state, Vec::new()),
        outdated: false,
        demo: false,
        free_port: None,
        closes: None,
    }
}

/// All of these and nothing else.
pub(crate) fn overview(tunnels: Vec<TunnelStatus>) -> Overview {
    Overview {
        tunnels,
        ..Overview::default()
    }
}

pub(crate) fn problem() -> Problem {
    Problem::new(
        ProblemKind::Network,
        "connection-lost",
        "The connection to the gateway broke.",
        "Nothing to do.",
    )
}

pub(crate) fn up() -> State {
    State::Up { since: 1 }
}

pub(crate) fn degraded() -> State {
    State::Degraded {
        since: 1,
        problem: problem(),
        session_id: None,
        others: 0,
        outlook: Outlook::default(),
    }
}

pub(crate) fn reconnecting() -> State {
    State::Reconnecting {
        since: 1,
        attempt: 3,
        next_attempt: Some(2),
        problem: problem(),
        outlook: Outlook::default(),
    }
}

pub(crate) fn needs_sign_in() -> State {
    State::NeedsSignIn {
        since: 1,
        renewed_by: tunnel_proto::RenewedBy::SignIn,
        next_attempt: None,
        problem: Problem::new(
            ProblemKind::Credentials,
            "expired-sign-in",
            "The sign-in has expired.",
            "Sign in again.",
        ),
        outlook: Outlook::default(),
    }
}

pub(crate) fn failed() -> State {
    State::Failed {
        since: 1,
        problem: problem(),
    }
}

/// A channel to the window, and what is told through it.
pub(crate) fn channel<V>() -> (Channel<V>, mpsc::Receiver<Value>) {
    let (sender, told) = mpsc::channel();
    let channel = Channel::new(move |body| {
        let InvokeResponseBody::Json(text) = body else {
            return Ok(());
        };
        sender.send(serde_json::from_str(&text)?).ok();
        Ok(())
    });
    (channel, told)
}
