//! The first end counts, and nothing is left over.

use ssm_message::{MessageType, PayloadType};

use super::world::{World, ms, secs};
use super::*;

/// A session that is jammed.
fn jammed() -> World {
    let mut world = World::multiplexed();
    world.acknowledges = false;
    let id = world.session.open(world.now).unwrap();
    world.write(id, b"a".to_vec());
    world.run(secs(30));
    assert_eq!(world.said(), ["degraded: stalled", "over: jammed"]);
    world
}

fn code(world: &World) -> &str {
    &world.session.outcome().unwrap().code
}

#[test]
fn a_session_that_goes_on_has_no_outcome() {
    let mut world = World::multiplexed();
    world.run(secs(60));
    world.disconnect();
    assert_eq!(world.session.outcome(), None);
}

#[test]
fn whatever_comes_after_a_jam_changes_nothing() {
    let mut world = jammed();
    let pings = world.pings;
    world.close_channel();
    world.say(PayloadType::Output, b"no smux frame".as_slice().into());
    world.control(MessageType::PausePublication);
    world.answers_pings = false;
    world.session.check_path(world.now);
    world.session.await_quiet(world.now, Some(secs(1)));
    world.session.handle_sleep(world.now);
    world.run(secs(600));
    world.session.handle_timeout(world.now);
    assert!(world.said().is_empty());
    assert_eq!(code(&world), "jammed");
    assert_eq!(world.pings, pings);
}

#[test]
fn a_jam_after_the_services_end_changes_nothing() {
    let mut world = World::multiplexed();
    world.acknowledges = false;
    let id = world.session.open(world.now).unwrap();
    world.write(id, b"a".to_vec());
    world.run(secs(29));
    world.close_channel();
    world.run(secs(600));
    assert_eq!(world.said(), ["degraded: stalled", "over: session-ended"]);
    assert_eq!(code(&world), "session-ended");
}

#[test]
fn a_pong_that_is_due_when_the_websocket_goes_in_order_is_not_missed_later() {
    let mut world = World::multiplexed();
    world.answers_pings = false;
    world.run(ms(29_999));
    assert_eq!(world.said(), ["degraded: no-pong"]);
    world
        .session
        .handle_disconnected(world.now, SocketEnd::Orderly);
    world.now += ms(1);
    world.session.handle_timeout(world.now);
    assert_eq!(world.said(), ["fine"]);
    assert_eq!(world.session.poll_timeout(), None);
}

#[test]
fn a_pong_that_is_due_when_the_session_ends_is_not_missed() {
    let mut world = World::multiplexed();
    world.answers_pings = false;
    world.run(ms(29_999));
    world.close_channel();
    world.run(secs(60));
    assert_eq!(world.said(), ["degraded: no-pong", "over: session-ended"]);
}

#[test]
fn a_path_is_dead_once() {
    let mut world = World::multiplexed();
    world.answers_pings = false;
    world.run(secs(30));
    world.session.handle_timeout(world.now);
    world.session.handle_life(world.now);
    world.run(secs(600));
    let said = world.said();
    assert_eq!(said.iter().filter(|said| *said == "path dead").count(), 1);
}

#[test]
fn a_websocket_is_lost_once() {
    let mut world = World::multiplexed();
    world.control(MessageType::PausePublication);
    world.disconnect();
    assert_eq!(world.said(), ["degraded: agent-away", "fine"]);
    world.disconnect();
    world.run(secs(600));
    world.disconnect();
    assert!(world.said().is_empty());
    assert_eq!(world.session.poll_timeout(), None);
}

#[test]
fn a_session_that_is_over_and_has_no_websocket_has_no_timer() {
    let endings: [fn(&mut World); 3] = [
        World::close_channel,
        |world| world.say(PayloadType::Output, b"no smux frame".as_slice().into()),
        |world| {
            world.acknowledges = false;
            world.control(MessageType::PausePublication);
            world.run(secs(120));
        },
    ];
    for end in endings {
        let mut world = World::multiplexed();
        let id = world.session.open(world.now).unwrap();
        world.session.close_write(world.now, id);
        world.write(id, vec![0; 100_000]);
        world.session.await_quiet(world.now, Some(secs(3_600)));
        end(&mut world);
        assert!(world.session.outcome().is_some());
        world.disconnect();
        assert_eq!(world.session.poll_timeout(), None);
        world.session.handle_timeout(world.now + secs(9_999));
        assert_eq!(world.session.poll_timeout(), None);
    }
}

#[test]
fn a_session_that_is_over_takes_no_websocket() {
    let mut world = jammed();
    world.disconnect();
    world.connect();
    assert_eq!(world.session.poll_transmit(world.now), None);
    assert_eq!(world.session.poll_timeout(), None);
}

#[test]
fn the_agent_can_still_be_told_that_a_jammed_session_ends() {
    let mut world = jammed();
    world.acknowledges = true;
    assert!(world.session.send_end(world.now));
    assert!(world.said().contains(&"EndConfirmed".to_owned()));
    assert_eq!(code(&world), "jammed");
}

#[test]
fn a_path_that_dies_in_the_moment_of_the_sessions_end_is_not_told() {
    let mut world = World::before_handshake(SessionConfig {
        ping_interval: secs(5),
        ping_patience: secs(10),
        ..SessionConfig::default()
    });
    world.answers_pings = false;
    world.run(secs(15));
    assert_eq!(
        world.said(),
        ["degraded: no-pong", "over: handshake-timeout"]
    );
}

#[test]
fn nothing_is_learned_from_how_the_websocket_of_an_ended_session_goes() {
    for ends in [false, true] {
        let mut world = World::multiplexed();
        let id = world.session.open(world.now).unwrap();
        // Enough for larger messages to be tried, one of which is under way at the end.
        world.write(id, vec![0; 8 * 1024]);
        world.acknowledges = false;
        world.write(id, vec![0; 60_000]);
        if ends {
            world.say(PayloadType::Output, b"no smux frame".as_slice().into());
            assert_eq!(code(&world), "mux-framing");
        }
        world.events();
        world.disconnect();
        let learned = world.said().iter().any(|said| said.contains("Learned"));
        assert_eq!(learned, !ends);
    }
}
