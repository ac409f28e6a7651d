//! Until when it is said that something is wrong, and whether that is so.

use bytes::Bytes;
use ssm_message::{MessageType, PayloadType};

use super::world::{World, ms, secs};
use super::*;
use crate::{Deadline, Then};

/// What is wrong by what was said last, and until when.
#[track_caller]
fn ill(world: &mut World) -> (String, Option<Deadline>) {
    let events = world.events();
    match events.last() {
        Some(SessionEvent::Degraded(Some(illness))) => {
            (illness.problem.code.clone(), illness.until)
        }
        _ => panic!("{events:?}"),
    }
}

fn deadline(at: Instant, then: Then) -> Option<Deadline> {
    Some(Deadline { at, then })
}

fn stuck() -> World {
    let mut world = World::multiplexed();
    world.acknowledges = false;
    let id = world.session.open(world.now).unwrap();
    world.write(id, b"a".to_vec());
    world
}

#[test]
fn a_stall_is_told_with_the_end_of_the_jam_clock_and_the_session_is_given_up_then() {
    let mut world = stuck();
    let stuck_since = world.now;
    world.run(secs(6));
    let (code, until) = ill(&mut world);
    assert_eq!(code, "stalled");
    assert_eq!(until, deadline(stuck_since + secs(30), Then::Replaced));
    world.run(ms(23_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["over: jammed"]);
}

#[test]
fn what_was_endured_before_brings_the_end_of_the_jam_clock_forward() {
    let mut world = stuck();
    world.run(secs(21));
    world.disconnect();
    world.events();
    world.connect();
    let connected = world.now;
    world.run(secs(6));
    let (_, until) = ill(&mut world);
    let Some(Deadline { at, then }) = until else {
        panic!("{until:?}")
    };
    assert_eq!(then, Then::Replaced);
    assert!(at < connected + secs(30), "{:?}", at - connected);
    world.run(at - world.now);
    assert_eq!(world.said(), ["over: jammed"]);
}

#[test]
fn an_agent_that_is_away_is_told_with_the_end_of_the_patience_with_it() {
    let mut world = World::multiplexed();
    world.run(secs(3));
    world.control(MessageType::PausePublication);
    let (code, until) = ill(&mut world);
    assert_eq!(code, "agent-away");
    let end = world.now + secs(120);
    assert_eq!(until, deadline(end, Then::Replaced));
    world.run(end - world.now - ms(1));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["over: agent-gone"]);
}

#[test]
fn an_answer_that_takes_long_is_told_with_the_end_of_the_websocket() {
    let mut world = World::multiplexed();
    world.answers_pings = false;
    world.run(secs(24));
    let (code, until) = ill(&mut world);
    assert_eq!(code, "no-pong");
    let Some(Deadline { at, then }) = until else {
        panic!("{until:?}")
    };
    assert_eq!(then, Then::Resumed);
    world.run(at - world.now - ms(1));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["path dead"]);
}

/// The agent's messages come, but for every second of `count` pairs; then so many of the lost
/// ones come, one each `pause`.
fn heal(world: &mut World, count: i64, come: usize, pause: Duration) {
    let first = world.sent;
    world.sent += 2 * count;
    for pair in 0..count {
        world.say_number(first + 2 * pair + 1, PayloadType::Other(99), Bytes::new());
    }
    for pair in (0..count).take(come) {
        world.run(pause);
        world.say_number(first + 2 * pair, PayloadType::Other(99), Bytes::new());
    }
}

#[test]
fn a_gap_that_heals_is_told_with_an_estimate_that_is_not_told_anew_while_it_is_kept() {
    let mut world = World::multiplexed();
    let start = world.now;
    heal(&mut world, 600, 500, ms(100));
    let (code, until) = ill(&mut world);
    assert_eq!(code, "catching-up");
    let Some(Deadline { at, then }) = until else {
        panic!("{until:?}")
    };
    assert_eq!(then, Then::CaughtUp);
    let takes = at - start;
    assert!(secs(59) < takes && takes < secs(62), "{takes:?}");
}

#[test]
fn a_gap_that_heals_more_slowly_than_was_thought_has_another_estimate_soon() {
    let mut world = World::multiplexed();
    let start = world.now;
    heal(&mut world, 300, 60, ms(300));
    let untils: Vec<_> = world
        .events()
        .into_iter()
        .filter_map(|event| match event {
            SessionEvent::Degraded(Some(illness)) => illness.until,
            _ => None,
        })
        .map(|until| until.at - start)
        .collect();
    let [first, second] = untils[..] else {
        panic!("{untils:?}");
    };
    assert!(first < secs(32), "{first:?}");
    assert!(secs(85) < second && second < secs(100), "{second:?}");
}
