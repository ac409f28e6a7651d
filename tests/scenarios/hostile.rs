//! A far end that says what it must not say: a sentence, a new session, never a panic.

use culvert_tests::{Destination, Rig, echo, impatient, is_up};
use ssm_sim::{Action, HandshakeVariation, Settings, Simulator};
use tunnel::{State, Tunnel, TunnelEvent};

use crate::transfer::fast;

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_no_messages_are_passed_over() {
    let rig = Rig::start(fast()).await.unwrap();
    rig.sim.faults().apply(&Action::GarbageFrame);
    rig.sim.faults().apply(&Action::TextFrame);
    let mut stream = rig.connect().await.unwrap();
    let back = impatient(echo(&mut stream, b"unimpressed"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(back, b"unimpressed");
    let snapshot = rig.snapshot();
    assert_eq!((snapshot.reconnects, snapshot.replacements), (0, 0));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_smux_frames_end_the_session_and_a_new_one_serves() {
    let rig = Rig::start(fast()).await.unwrap();
    let mut events = rig.tunnel.events();
    rig.sim.faults().apply(&Action::BadSmuxFrame);
    rig.wait_for(|snapshot| snapshot.replacements == 1)
        .await
        .unwrap();
    let mut stream = rig.connect().await.unwrap();
    let back = impatient(echo(&mut stream, b"served"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(back, b"served");
    let replaced = impatient(async {
        loop {
            if let TunnelEvent::Replaced {
                session_id,
                problem,
                ..
            } = events.recv().await.unwrap()
            {
                return (session_id, problem);
            }
        }
    });
    let (session_id, problem) = replaced.await.unwrap();
    assert_eq!(problem.code, "mux-framing");
    let first = rig.sim.sessions().into_iter().next().unwrap().id;
    assert_eq!(session_id, Some(first));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publication_messages_come_and_go() {
    let rig = Rig::start(fast()).await.unwrap();
    // Each step is told, even one that the next message of the agent undoes at once.
    let mut events = rig.tunnel.events();
    rig.sim.faults().apply(&Action::PausePublication);
    let degraded = impatient(async {
        loop {
            if let TunnelEvent::State(State::Degraded { problem, .. }) =
                events.recv().await.unwrap()
            {
                return problem;
            }
        }
    });
    assert_eq!(degraded.await.unwrap().code, "agent-away");
    rig.sim.faults().apply(&Action::StartPublication);
    rig.wait_for(|snapshot| matches!(snapshot.state, State::Up { .. }))
        .await
        .unwrap();
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(
        impatient(echo(&mut stream, b"on")).await.unwrap().unwrap(),
        b"on"
    );
    rig.stop().await;
}

async fn with_handshake(handshake: HandshakeVariation) -> Result<(), tunnel::Problem> {
    let sim = Simulator::start(Settings {
        handshake,
        ..fast()
    })
    .await
    .unwrap();
    let destination = Destination::start().await.unwrap();
    let mut config = Rig::config(&sim, &destination);
    config.policy.start_budget = std::time::Duration::ZERO;
    let tunnel = Tunnel::start(config).await.unwrap();
    let outcome = is_up(&tunnel).await;
    tunnel.stop().await;
    sim.stop().await;
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_unknown_is_declined_and_what_the_agent_makes_of_it_is_told() {
    // The reference agent ends a session whose client declines anything.
    let problem = with_handshake(HandshakeVariation::UnknownAction)
        .await
        .unwrap_err();
    assert_eq!(problem.code, "session-ended");
    assert!(problem.what.contains("FutureAction"), "{problem:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_type_that_is_unknown_and_a_handshake_of_garbage_are_told_in_words() {
    for handshake in [
        HandshakeVariation::UnknownSessionType,
        HandshakeVariation::Garbage,
    ] {
        let problem = with_handshake(handshake).await.unwrap_err();
        assert!(
            !problem.what.is_empty() && !problem.remedy.is_empty(),
            "{problem:?}"
        );
    }
}
