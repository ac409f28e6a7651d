//! Signals end the program: every session ended at the service, exit code 0, nothing left.

use ssm_sim::{ApiFault, BlackHole, Operation, TerminatedBy};
use tokio::net::TcpStream;

use crate::support::{Running, World, soon};

#[tokio::test(flavor = "multi_thread")]
async fn each_signal_ends_the_sessions_at_the_service() {
    for signal in ["INT", "TERM", "HUP"] {
        let world = World::start().await;
        let mut culvert = Running::start(world.forward(&["--sessions", "2"]));
        culvert.listening().await;
        soon(world.sim.wait_for(|sessions, _| {
            sessions.len() == 2 && sessions.iter().all(|session| session.handshake_complete)
        }))
        .await;
        let ended = culvert.stopped_by(signal).await;
        assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
        assert_eq!(world.living_sessions(), 0, "{signal}");
        // The flag is enough where the agent is there.
        assert_eq!(
            world.sim.sessions()[0].terminated_by,
            Some(TerminatedBy::Flag)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_connections_do_not_hold_the_end_up() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    let address = culvert.listening().await;
    let idle = TcpStream::connect(&address).await.unwrap();
    soon(
        world
            .sim
            .wait_for(|sessions, _| sessions.iter().any(|session| session.connections > 0)),
    )
    .await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.living_sessions(), 0);
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_gateway_is_frozen_is_ended_by_the_api() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    culvert.listening().await;
    world.sim.faults().freeze();
    assert_eq!(culvert.stopped_by("INT").await.code, Some(0));
    let sessions = world.sim.sessions();
    assert_eq!(sessions[0].terminated_by, Some(TerminatedBy::Api));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_nothing_does_not_keep_the_program() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    culvert.listening().await;
    world.sim.faults().black_hole(BlackHole::Swallow, None);
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_start_session_hangs_ends_the_program() {
    for signal in ["INT", "TERM"] {
        let world = World::start().await;
        world
            .sim
            .faults()
            .fail_api(Operation::StartSession, ApiFault::Hang, None);
        let culvert = Running::start(world.forward(&[]));
        called(&world, "StartSession").await;
        let ended = culvert.stopped_by(signal).await;
        assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
        assert!(ended.out.is_empty(), "{ended:?}");
        // If there is a session, nobody here will ever know its name.
        let said = "AWS had not answered yet whether it starts a session.";
        assert!(ended.err.contains(said), "{ended:?}");
        assert!(!ended.err.contains("The next start"), "{ended:?}");
        assert_eq!(world.living_sessions(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_granted_after_the_signal_is_ended_too() {
    let world = World::start().await;
    world
        .sim
        .faults()
        .fail_api(Operation::StartSession, ApiFault::Hang, None);
    let culvert = Running::start(world.forward(&[]));
    called(&world, "StartSession").await;
    culvert.signal("TERM").await;
    world.sim.faults().clear_api(Operation::StartSession);
    assert_eq!(culvert.ended().await.code, Some(0));
    world.all_ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_the_session_is_being_resumed_ends_it() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    culvert.listening().await;
    world
        .sim
        .faults()
        .fail_api(Operation::ResumeSession, ApiFault::Hang, None);
    world.sim.faults().close(1000, "Bye");
    called(&world, "ResumeSession").await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    let sessions = world.sim.sessions();
    assert_eq!(sessions[0].terminated_by, Some(TerminatedBy::Api));
}

/// Waits until an operation was called.
async fn called(world: &World, operation: &str) {
    soon(
        world
            .sim
            .wait_for(|_, stats| stats.api_calls.contains_key(operation)),
    )
    .await;
}
