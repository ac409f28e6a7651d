//! What it costs to say how tunnels are.

use std::time::Instant;

use divan::Bencher;
use tunnel_proto::{
    Action, Clock, Close, ClosedBy, Grant, Input, Loss, Purpose, Snapshot, Tunnel, TunnelPolicy,
    Vitals,
};

use super::far_end::UNIX_MS;

const TUNNELS: usize = 50;

/// A tunnel that is up, and has been lost and resumed.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "it asks for nothing else on its way there"
)]
fn up() -> Tunnel {
    let now = Instant::now();
    let clock = Clock {
        origin: now,
        unix_ms_at_origin: UNIX_MS,
    };
    let mut tunnel = Tunnel::new(TunnelPolicy::default(), now, clock, [7; 32]);
    let mut losses = 1;
    let grant = || Grant {
        session_id: "session-0a1b2c3d4e5f60718".into(),
        stream_url: "wss://ssmmessages.eu-central-1.amazonaws.com/".into(),
        token: "token".into(),
    };
    while let Some(action) = tunnel.poll_action() {
        match action {
            Action::Start(key) | Action::Resume(key, _) => {
                tunnel.handle_input(now, Input::Granted(key, Ok(grant())));
            }
            Action::Dial(key, _, Purpose::Connect) => {
                tunnel.handle_input(now, Input::Dialled(key, Ok(())));
                tunnel.handle_input(now, Input::Established(key));
                if losses > 0 {
                    losses -= 1;
                    let close = Close {
                        at: UNIX_MS,
                        code: Some(1000),
                        reason: "Connection closed".into(),
                    };
                    let loss = Loss {
                        close,
                        closed_by: ClosedBy::Gateway,
                        progressed: true,
                        vitals: Vitals::default(),
                    };
                    tunnel.handle_input(now, Input::Lost(key, loss));
                }
            }
            other => unreachable!("{other:?}"),
        }
    }
    assert_eq!(tunnel.sessions_up(), 1);
    tunnel
}

fn snapshot(tunnel: &Tunnel) -> Snapshot {
    let mut snapshot = Snapshot::new(tunnel.state(), vec!["127.0.0.1:5433".into()]);
    snapshot.target = tunnel.choice().cloned();
    snapshot.connections = tunnel.connections();
    snapshot.sessions = u32::try_from(tunnel.sessions_up()).unwrap_or(u32::MAX);
    snapshot.reconnects = tunnel.reconnects();
    snapshot.last_close = tunnel.last_close().cloned();
    snapshot
}

/// Making those of all, and seeing that nothing is new.
#[divan::bench]
fn made_and_compared(bencher: Bencher) {
    let tunnels: Vec<_> = (0..TUNNELS).map(|_| up()).collect();
    let before: Vec<_> = tunnels.iter().map(snapshot).collect();
    bencher.bench_local(|| {
        let now = tunnels.iter().map(snapshot);
        assert!(now.eq(before.iter().cloned()));
    });
}

/// Writing them as the JSON that the window and other programs are given.
#[divan::bench]
fn written(bencher: Bencher) {
    let snapshots: Vec<_> = (0..TUNNELS).map(|_| snapshot(&up())).collect();
    bencher.bench_local(|| serde_json::to_vec(&snapshots));
}
