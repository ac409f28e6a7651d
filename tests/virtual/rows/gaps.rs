//! Large gaps under a download that goes on at full speed: the agent sends ten of the missing
//! messages a second, and a thousand new ones.

use std::time::Duration;

use tunnel_proto::{State, TunnelPolicy};

use super::{HOUR, MINUTE, SECOND, assert_whole, one_session};
use crate::service::{Absent, Conditions};
use crate::traffic::Plan;
use crate::world::{Fate, World};

/// What the way and the gateway were seen to hold when nothing got through for 45 s.
const ROOM: Option<usize> = Some(951);

/// A download at full speed into a black hole, up to the moment at which the session has its
/// next WebSocket.
fn download(seed: u64, room: Option<usize>, hole: Duration, policy: TunnelPolicy) -> World {
    let conditions = Conditions {
        room,
        absent: Absent::Drop,
        ..Conditions::default()
    };
    let mut world = World::with(seed, conditions, policy);
    world.run_to(SECOND, World::is_up);
    world.connect(Plan::bulk(0, 170_000_000));
    world.run_for(SECOND * 2);
    world.black_hole(hole);
    world.run_to(SECOND * 45, |world| world.tunnel.reconnects() == 1);
    world
}

/// Runs until then, and checks each second that nobody is told that all is well.
#[track_caller]
fn assert_never_up(world: &mut World, most: Duration, until: impl Fn(&World) -> bool) -> Duration {
    let from = world.now;
    // What is missing shows with the first messages; a second later it is said.
    world.run_for(SECOND + SECOND / 2);
    while !until(world) {
        assert!(world.now - from < most, "{:?}", world.tunnel.state());
        assert!(!world.is_up(), "after {:?}", world.now - from);
        world.run_for(SECOND);
    }
    world.now - from
}

/// Nothing is unacknowledged but what may be on its way.
fn is_healed(world: &World) -> bool {
    world.service.sessions[0].agent.unacknowledged() < 100
}

#[test]
fn a_gap_of_a_thousand_messages_heals_under_a_download_at_full_speed() {
    for (seed, hole) in [(40, SECOND * 45), (41, SECOND * 90)] {
        let mut world = download(seed, ROOM, hole, one_session());
        let took = assert_never_up(&mut world, MINUTE * 3, is_healed);
        // Ten a second.
        assert!(took > SECOND * 90, "{took:?}");
        world.run_to(SECOND * 12, World::is_up);
        assert_eq!(world.live(), 1, "the download ended too early");
        world.run_out(MINUTE * 5);
        assert_whole(&world);
    }
}

#[test]
fn a_gap_that_would_take_too_long_to_heal_is_told_and_its_session_replaced_within_a_minute() {
    let mut world = download(42, None, SECOND * 90, TunnelPolicy::default());
    // Meanwhile others use another session.
    world.run_for(SECOND * 3);
    let echo = world.connect(Plan::echo());
    // That its path is silent, too, was asked about at once.
    world.run_to(SECOND * 2, |world| world.locals[echo].fate == Fate::Done);
    assert_ne!(world.locals[echo].session, world.locals[0].session);
    world.run_to(MINUTE, |world| !world.replaced.is_empty());
    assert_eq!(world.replaced, ["jammed"]);
    assert_eq!(world.locals[0].fate, Fate::Reset);
    let echo = world.connect(Plan::echo());
    world.run_to(SECOND * 2, |world| world.locals[echo].fate == Fate::Done);
    assert!(world.is_up());
}

#[test]
fn a_session_alone_with_a_gap_that_cannot_heal_is_never_said_to_be_up() {
    let mut world = download(43, None, SECOND * 90, one_session());
    let replaced = |world: &World| !world.replaced.is_empty();
    let took = assert_never_up(&mut world, MINUTE, replaced);
    assert!(took < SECOND * 25, "{took:?}");
    assert_eq!(world.locals[0].fate, Fate::Reset);
    let problem = world.states.iter().find_map(|(_, state)| {
        if let State::Reconnecting { problem, .. } = state {
            Some(problem).filter(|problem| problem.code == "jammed")
        } else {
            None
        }
    });
    let problem = problem.unwrap();
    assert!(problem.what.contains("are missing"), "{problem:?}");
    assert!(problem.what.contains("1 connection."), "{problem:?}");
    world.run_to(SECOND * 2, World::is_up);
}

#[test]
fn messages_that_outgrow_the_memory_for_them_jam_the_session_at_once() {
    let mut world = World::with(
        44,
        Conditions {
            room: ROOM,
            ..Conditions::default()
        },
        one_session(),
    );
    world.session.channel.reorder_bytes = 8 * 1024 * 1024;
    world.connect(Plan::bulk(0, 170_000_000));
    world.run_for(SECOND * 2);
    world.black_hole(SECOND * 45);
    world.run_to(SECOND * 45, |world| world.tunnel.reconnects() == 1);
    let replaced = |world: &World| !world.replaced.is_empty();
    let took = assert_never_up(&mut world, MINUTE, replaced);
    assert!(took < SECOND * 10, "{took:?}");
    assert_eq!(world.replaced, ["jammed"]);
    assert_eq!(world.locals[0].fate, Fate::Reset);
}

#[test]
fn a_large_gap_heals_as_long_as_it_takes_when_little_comes_behind_it() {
    let conditions = Conditions {
        absent: Absent::Drop,
        ..Conditions::default()
    };
    let mut world = World::with(45, conditions, one_session());
    world.connect(Plan::bulk(0, 5_000_000));
    world.connect(Plan::paced(0, 2_000_000, 2_000, SECOND));
    world.run_for(SECOND);
    world.black_hole(SECOND * 90);
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn the_end_of_a_download_that_comes_again_message_by_message_is_never_said_to_be_well() {
    let conditions = Conditions {
        absent: Absent::Drop,
        ..Conditions::default()
    };
    let mut world = World::with(46, conditions, one_session());
    world.connect(Plan::bulk(0, 3_000_000));
    world.run_for(SECOND);
    world.black_hole(SECOND * 90);
    world.run_to(SECOND * 45, |world| world.tunnel.reconnects() == 1);
    let took = assert_never_up(&mut world, MINUTE * 5, |world| world.live() == 0);
    assert!(took > MINUTE * 3, "{took:?}");
    assert_whole(&world);
    world.run_to(SECOND * 4, World::is_up);
}
