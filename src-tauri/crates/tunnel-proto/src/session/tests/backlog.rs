//! What a gap has held back and sets free all at once.

use std::time::Duration;

use bytes::Bytes;
use ssm_message::PayloadType;

use super::world::{PSH, World, frame, secs};
use super::*;

const MIB: usize = 1024 * 1024;

/// Lets so many messages of 16 KiB for a connection come behind a missing one, which is
/// returned.
fn hold_back(world: &mut World, id: ConnectionId, count: usize) -> i64 {
    let missing = world.sent;
    world.sent += 1;
    let data = frame(PSH, id, &[7; 16 * 1024]);
    for _ in 0..count {
        world.say(PayloadType::Output, data.clone());
    }
    missing
}

/// What was missing comes.
fn fill(world: &mut World, missing: i64) {
    world.say_number(missing, PayloadType::Other(99), Bytes::new());
}

/// Reads a connection until there is nothing; returns how much.
fn read(world: &mut World, id: ConnectionId) -> usize {
    let mut bytes = 0;
    while let Some(data) = world.session.read(world.now, id) {
        bytes += data.len();
    }
    bytes
}

#[test]
fn a_closed_gap_does_not_cost_a_reader_that_is_slow_whoever_is_beside_it() {
    for neighbours in [0, 3] {
        let mut world = World::multiplexed();
        let id = world.session.open(world.now).unwrap();
        for _ in 0..neighbours {
            world.session.open(world.now).unwrap();
        }
        let missing = hold_back(&mut world, id, 4_000);
        assert!(world.session.wants_input());
        fill(&mut world, missing);
        // 62 MiB at about 250 KB/s, four seconds of pause between two reads.
        let mut bytes = 0;
        while bytes < 4_000 * 16 * 1024 {
            assert!(!world.session.wants_input() || bytes > 60 * MIB);
            bytes += world.session.read(world.now, id).unwrap().len();
            if bytes.is_multiple_of(MIB) {
                world.run(secs(4));
            }
        }
        world.run(secs(2));
        assert!(world.session.wants_input());
        assert_eq!(world.session.vitals(world.now).held, 0);
        let events = world.events();
        let reset = |event: &SessionEvent| matches!(event, SessionEvent::Reset(..));
        assert!(!events.iter().any(reset), "{events:?}");
        assert_eq!(world.session.outcome(), None);
    }
}

#[test]
fn what_a_closed_gap_sets_free_waits_for_its_reader_as_long_as_it_is_alone() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    let missing = hold_back(&mut world, id, 4_000);
    fill(&mut world, missing);
    world.run(secs(3_600));
    assert!(!world.session.wants_input());
    assert_eq!(read(&mut world, id), 4_000 * 16 * 1024);
    assert!(world.session.wants_input());
}

#[test]
fn a_reader_that_has_stopped_pays_for_a_closed_gap_and_those_beside_it_go_on() {
    let mut world = World::multiplexed();
    let stopped = world.session.open(world.now).unwrap();
    let other = world.session.open(world.now).unwrap();
    let missing = hold_back(&mut world, stopped, 4_000);
    world.say(PayloadType::Output, frame(PSH, other, b"next"));
    fill(&mut world, missing);
    world.run(secs(5) - Duration::from_millis(1));
    assert_eq!(read(&mut world, other), 0);
    world.run(Duration::from_millis(1));
    assert_eq!(read(&mut world, other), 4);
    let events = world.events();
    let paid = |event: &SessionEvent| matches!(event, SessionEvent::Reset(id, _) if *id == stopped);
    assert!(events.iter().any(paid), "{events:?}");
    assert!(world.session.wants_input());
}

#[test]
fn what_has_its_turn_is_read_without_a_websocket_too() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    let missing = hold_back(&mut world, id, 500);
    fill(&mut world, missing);
    world.disconnect();
    assert_eq!(read(&mut world, id), 500 * 16 * 1024);
}
