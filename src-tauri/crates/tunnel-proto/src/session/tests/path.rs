//! Pings, their deadlines, and sleep.

use super::world::{World, secs};

#[test]
fn an_answer_that_is_late_is_told_and_gone_with_the_next_frame() {
    let mut world = World::multiplexed();
    world.answers_pings = false;
    world.run(secs(22));
    assert_eq!(world.pings, 1);
    assert!(world.said().is_empty());
    world.run(secs(1));
    assert_eq!(world.said(), ["degraded: no-pong"]);
    world.session.handle_life(world.now);
    assert_eq!(world.said(), ["fine"]);
}

#[test]
fn a_silent_path_is_dead_within_half_a_minute_and_the_session_lives_on() {
    let mut world = World::multiplexed();
    world.answers_pings = false;
    world.run(secs(30));
    assert_eq!(world.said(), ["degraded: no-pong", "path dead"]);
    world.disconnect();
    assert_eq!(world.said(), ["fine"]);
    assert_eq!(world.session.outcome(), None);
    assert_eq!(world.session.poll_timeout(), None);
    world.answers_pings = true;
    world.connect();
    world.run(secs(600));
    assert!(world.said().is_empty());
}

#[test]
fn after_a_change_of_network_a_dead_path_is_known_within_three_seconds() {
    let mut world = World::multiplexed();
    world.answers_pings = false;
    world.session.check_path(world.now);
    world.run(secs(1));
    assert_eq!(world.pings, 1);
    world.session.check_path(world.now);
    world.run(secs(1));
    assert_eq!((world.pings, world.said().len()), (1, 0));
    world.run(secs(1));
    assert_eq!(world.said(), ["degraded: no-pong", "path dead"]);
}

#[test]
fn after_a_change_of_network_a_path_that_answers_is_kept() {
    let mut world = World::multiplexed();
    world.session.check_path(world.now);
    world.run(secs(10));
    assert_eq!((world.pings, world.said().len()), (1, 0));
}

#[test]
fn a_night_asleep_costs_nothing_and_ends_with_one_ping() {
    let mut world = World::multiplexed();
    world.answers_pings = false;
    world.session.handle_sleep(world.now);
    assert_eq!(world.session.poll_timeout(), None);
    world.run(secs(8 * 3600));
    world.session.handle_timeout(world.now);
    assert_eq!((world.pings, world.said().len()), (0, 0));
    world.session.check_path(world.now);
    world.settle();
    assert_eq!(world.pings, 1);
    world.session.handle_life(world.now);
    world.run(secs(19));
    assert!(world.said().is_empty());
}

#[test]
fn what_was_missing_before_a_sleep_is_not_held_against_the_session_after_it() {
    let mut world = World::multiplexed();
    world.acknowledges = false;
    let id = world.session.open(world.now).unwrap();
    world.write(id, b"a".to_vec());
    world.run(secs(6));
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.session.handle_sleep(world.now);
    assert_eq!(world.said(), ["fine"]);
    world.run(secs(3600));
    assert!(world.said().is_empty());
    world.session.check_path(world.now);
    world.run(secs(4));
    assert!(world.said().is_empty());
    world.run(secs(1));
    assert_eq!(world.said(), ["degraded: stalled"]);
}

#[test]
fn a_websocket_that_comes_in_a_sleep_is_left_alone_until_the_wake() {
    let mut world = World::multiplexed();
    world.session.handle_sleep(world.now);
    world.disconnect();
    world.answers_pings = false;
    world.connect();
    world.session.handle_sleep(world.now);
    world.run(secs(3600));
    // That of the new WebSocket.
    assert_eq!((world.pings, world.said().len()), (1, 0));
    world.session.check_path(world.now);
    world.settle();
    assert_eq!(world.pings, 2);
}

#[test]
fn a_new_websocket_is_pinged_at_once_and_left_when_nothing_comes_on_it() {
    let mut world = World::multiplexed();
    world.disconnect();
    world.said();
    world.answers_pings = false;
    world.connect();
    assert_eq!(world.pings, 1);
    world.run(secs(10));
    assert_eq!(world.said(), ["degraded: no-pong", "path dead"]);
}

#[test]
fn a_websocket_that_comes_after_a_sleep_in_which_the_old_one_was_lost_is_watched() {
    let mut world = World::multiplexed();
    world.session.handle_sleep(world.now);
    world.disconnect();
    world.run(secs(3600));
    world.connect();
    world.answers_pings = false;
    world.run(secs(31));
    assert_eq!(world.said(), ["degraded: no-pong", "path dead"]);
}

#[test]
fn without_a_websocket_a_check_does_nothing() {
    let mut world = World::multiplexed();
    world.disconnect();
    world.session.check_path(world.now);
    world.run(secs(3600));
    assert_eq!((world.pings, world.said().len()), (0, 0));
    assert_eq!(world.timer(), None);
}
