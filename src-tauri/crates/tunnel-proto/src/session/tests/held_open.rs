//! NOP frames: for old agents, and on demand.

use super::world::{FORWARDING, World, secs};
use super::*;

const NOP: [u8; 8] = [1, 3, 0, 0, 0, 0, 0, 0];

fn nops(world: &World) -> usize {
    world
        .payloads
        .iter()
        .filter(|sent| **sent == NOP[..])
        .count()
}

/// Settings that hold a session open, and its first moment.
fn held_open(interval: Duration, period: Duration) -> SessionConfig {
    SessionConfig {
        hold_open: Some(HoldOpen {
            interval,
            until: Instant::now() + period,
        }),
        ..SessionConfig::default()
    }
}

#[test]
fn no_session_is_held_open_unless_somebody_asked_for_it() {
    let mut world = World::multiplexed();
    world.run(secs(3600));
    assert_eq!(nops(&world), 0);
}

#[test]
fn a_session_is_held_open_until_the_end_and_no_longer() {
    let mut world = World::with(held_open(secs(60), secs(3_570)));
    world.run(secs(3_600));
    assert_eq!(nops(&world), 59);
    world.run(secs(3_600));
    assert_eq!(nops(&world), 59);
    assert_eq!(world.timer(), Some(SessionTimer::Keepalive));
    assert!(world.said().is_empty());
}

#[test]
fn an_interval_that_is_too_short_counts_as_ten_seconds() {
    let mut world = World::with(held_open(Duration::ZERO, secs(3_600)));
    world.run(secs(95));
    assert_eq!(nops(&world), 9);
}

#[test]
fn nothing_holds_a_session_open_in_a_sleep_or_without_a_websocket() {
    let mut world = World::with(held_open(secs(60), secs(36_000)));
    world.session.handle_sleep(world.now);
    world.run(secs(3_600));
    world.session.check_path(world.now);
    world.disconnect();
    world.run(secs(3_600));
    assert_eq!(nops(&world), 0);
    world.connect();
    world.session.handle_sleep(world.now);
    world.run(secs(3_600));
    assert_eq!(nops(&world), 0);
    world.session.check_path(world.now);
    world.run(secs(600));
    assert_eq!(nops(&world), 11);
}

#[test]
fn an_old_agent_hears_something_well_within_its_half_minute_and_the_user_is_told() {
    let (mut world, said) = World::old(held_open(secs(60), secs(60)));
    assert_eq!(said[0], "notice: idle-timer-defeated");
    assert_eq!(said.len(), 2);
    world.run(secs(10));
    assert_eq!(nops(&world), 1);
    world.run(secs(3_590));
    assert_eq!(nops(&world), 360);
    world.disconnect();
    world.connect();
    assert!(world.said().is_empty());
}

#[test]
fn nops_leave_room_for_quiet() {
    let mut world = World::with(held_open(secs(10), secs(3_600)));
    world.run(secs(10));
    assert_eq!(nops(&world), 1);
    world.session.await_quiet(world.now, Some(secs(1)));
    assert!(world.said().is_empty());
    world.run(secs(1));
    assert_eq!(world.said(), ["quiet"]);
}

#[test]
fn a_session_that_is_established_in_a_sleep_is_held_open_after_it() {
    let mut world = World::before_handshake(held_open(secs(60), secs(36_000)));
    world.session.handle_sleep(world.now);
    world.handshake("3.3.0.0", FORWARDING);
    world.run(secs(3_600));
    assert_eq!(nops(&world), 0);
    world.session.check_path(world.now);
    world.run(secs(120));
    assert!(nops(&world) > 0);
}
