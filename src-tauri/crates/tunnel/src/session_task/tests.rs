//! A session's task that is told to end.

use std::io::ErrorKind;
use std::sync::Arc;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tunnel_proto::{
    Action, Clock, Problem, ProblemKind, SessionConfig, Tunnel as Policy, TunnelPolicy,
};

use super::*;
use crate::TunnelConfig;
use crate::config::Destination;
use crate::listen::{Caller, Local};
use crate::local_peer::LocalPeers;
use crate::route::Route;

/// The task of a session, what it is told over, and its time's beginning.
fn task(
    reports: mpsc::Sender<(SessionKey, Report)>,
) -> (SessionTask, mpsc::Sender<ToSession>, std::time::Instant) {
    let origin = std::time::Instant::now();
    let clock = Clock {
        origin,
        unix_ms_at_origin: 0,
    };
    let mut policy = Policy::new(TunnelPolicy::default(), origin, clock, [0; 32]);
    let Some(Action::Start(key)) = policy.poll_action() else {
        panic!("a tunnel begins with a session");
    };
    let config = TunnelConfig::new("i-0abc", Destination::Port(80));
    let surroundings = Surroundings {
        reports,
        figures: crate::driver::figures(),
        peers: LocalPeers::start(),
        clock,
        route: Arc::new(Route::of(&config)),
    };
    let (commands, queue) = mpsc::channel(8);
    let session = Session::new(SessionConfig::default(), clock, [1; 32]);
    let task = SessionTask::new(key, session, queue, surroundings);
    (task, commands, origin)
}

/// A session that is over is given a connection, and is to end, before its task runs.
async fn told_all_at_once(reports: mpsc::Sender<(SessionKey, Report)>, local: Local) {
    let (task, commands, origin) = task(reports);
    let refused = Problem::new(ProblemKind::Permission, "no-key", "No key.", "");
    let caller = Caller {
        local,
        since: origin,
    };
    for command in [
        ToSession::DataKey(Err(refused)),
        ToSession::Connect(caller),
        ToSession::Discard,
    ] {
        commands.try_send(command).unwrap();
    }
    Box::new(task).run().await;
}

#[tokio::test]
async fn a_connection_that_comes_with_the_end_of_its_session_is_given_back_after_that_is_told() {
    let (reports, mut told) = mpsc::channel(8);
    let local = Local::Stream(Box::new(tokio::io::empty()), Box::new(tokio::io::sink()));
    told_all_at_once(reports, local).await;
    match told.recv().await {
        Some((_, Report::Over(problem, _))) => assert_eq!(problem.code, "no-key"),
        other => panic!("{other:?}"),
    }
    match told.recv().await {
        Some((_, Report::Unopened(_, why))) => assert_eq!(why, Unopened::Over),
        other => panic!("{other:?}"),
    }
    assert!(told.recv().await.is_none());
}

/// What an asynchronous function is given lies in its future twice: as argument, and as what it
/// works with. A thousand idle tunnels have a thousand of each.
#[tokio::test]
async fn what_a_task_works_with_is_in_memory_once() {
    let (reports, _told) = mpsc::channel(8);
    let (task, _commands, _) = task(reports);
    let run = Box::new(task).run();
    assert!(size_of_val(&run) < 2_048, "{} bytes", size_of_val(&run));
}

#[tokio::test]
async fn a_connection_that_nobody_takes_back_is_reset() {
    let (reports, told) = mpsc::channel(8);
    drop(told);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut program = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    told_all_at_once(reports, Local::Tcp(accepted)).await;
    let read = program.read(&mut [0; 1]).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
}
