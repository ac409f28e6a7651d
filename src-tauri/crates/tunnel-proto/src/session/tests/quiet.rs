//! Quiet moments.

use bytes::Bytes;
use ssm_message::{MessageType, PayloadType};

use super::world::{World, ms, secs};
use super::*;

#[test]
fn an_idle_session_is_quiet_at_once_and_says_so_once() {
    let mut world = World::multiplexed();
    world.run(secs(1));
    world.session.await_quiet(world.now, None);
    assert_eq!(world.said(), ["quiet"]);
    world.run(secs(60));
    assert!(world.said().is_empty());
    world.session.await_quiet(world.now, Some(Duration::ZERO));
    assert_eq!(world.said(), ["quiet"]);
}

#[test]
fn quiet_begins_a_quarter_of_a_second_after_the_last_message_of_either_side() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    world.session.await_quiet(world.now, None);
    for _ in 0..20 {
        world.run(ms(100));
        world.write(id, b"question".to_vec());
        world.run(ms(100));
        world.say(PayloadType::Other(99), Bytes::new());
    }
    world.run(ms(249));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["quiet"]);
}

#[test]
fn nothing_is_quiet_while_something_is_unacknowledged_or_missing() {
    let mut world = World::multiplexed();
    world.acknowledges = false;
    let id = world.session.open(world.now).unwrap();
    world.write(id, b"a".to_vec());
    world.session.await_quiet(world.now, Some(secs(3)));
    world.run(secs(3));
    assert_eq!(world.said(), ["not quiet"]);
    let messages = std::mem::take(&mut world.unanswered);
    world.acknowledge(&messages[0]);

    let missing = world.sent;
    world.say_number(missing + 1, PayloadType::Other(99), Bytes::new());
    world.session.await_quiet(world.now, None);
    world.run(secs(3));
    assert!(world.said().is_empty());
    world.say_number(missing, PayloadType::Other(99), Bytes::new());
    world.run(ms(250));
    assert_eq!(world.said(), ["quiet"]);
}

#[test]
fn the_wait_outlives_a_websocket_but_not_its_patience() {
    let mut world = World::multiplexed();
    world.session.await_quiet(world.now, Some(secs(30)));
    world.disconnect();
    world.run(secs(20));
    assert!(world.said().is_empty());
    world.connect();
    world.run(ms(250));
    assert_eq!(world.said(), ["quiet"]);

    world.session.await_quiet(world.now, Some(secs(30)));
    assert_eq!(world.said(), ["quiet"]);
    world.disconnect();
    world.session.await_quiet(world.now, Some(secs(30)));
    world.run(secs(30));
    assert_eq!(world.said(), ["not quiet"]);
    assert_eq!(world.session.poll_timeout(), None);
}

#[test]
fn who_does_not_wait_is_not_woken() {
    let mut world = World::multiplexed();
    assert_eq!(world.timer(), Some(SessionTimer::Keepalive));
    world.session.await_quiet(world.now, None);
    assert_eq!(world.timer(), Some(SessionTimer::Quiet));
    world.session.cancel_quiet();
    assert_eq!(world.timer(), Some(SessionTimer::Keepalive));
    world.run(secs(1));
    assert!(world.said().is_empty());
}

#[test]
fn a_session_whose_input_is_not_read_is_not_quiet() {
    let mut world = World::raw();
    let id = world.session.open(world.now).unwrap();
    while world.session.wants_input() {
        world.say(PayloadType::Output, Bytes::from(vec![0; 16 * 1024]));
    }
    world.events();
    world.run(secs(10));
    world.events();
    world.session.await_quiet(world.now, None);
    world.answers_pings = false;
    let pings = world.pings;
    world.run(secs(100));
    assert!(world.said().is_empty());
    // What counts idle connections on the way hears of it all the same.
    assert_eq!(world.pings, pings + 5);
    while world.session.read(world.now, id).is_some() {}
    world.run(ms(250));
    assert_eq!(world.said(), ["quiet"]);
}

#[test]
fn nothing_is_quiet_while_something_waits_for_the_agent() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    world.settle();
    world.control(MessageType::PausePublication);
    world.write(id, b"question".to_vec());
    world.events();
    world.session.await_quiet(world.now, Some(secs(5)));
    world.run(secs(5));
    assert_eq!(world.said(), ["not quiet"]);
}

#[test]
fn a_sleep_has_no_quiet_moments() {
    let mut world = World::multiplexed();
    world.session.handle_sleep(world.now);
    world.session.await_quiet(world.now, None);
    world.run(secs(60));
    assert!(world.said().is_empty());
    world.session.check_path(world.now);
    assert_eq!(world.said(), ["quiet"]);
}
