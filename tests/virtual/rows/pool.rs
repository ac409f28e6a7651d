//! The session pool, and tunnels that start with their first connection.

use std::time::Duration;

use tunnel_proto::{PoolSize, Start, State, TunnelPolicy};

use super::{HOUR, MINUTE, SECOND, assert_whole};
use crate::service::Conditions;
use crate::traffic::Plan;
use crate::world::{Fate, World};

/// Ten seconds at what one session can carry.
const DOWNLOAD: Plan = Plan::bulk(0, 10_000_000);

/// How long a question beside a download waits for its answer.
fn echo_beside_a_download(most: u8) -> (World, Duration) {
    let policy = TunnelPolicy {
        sessions: PoolSize::new(1, most),
        ..TunnelPolicy::default()
    };
    let mut world = World::with(1, Conditions::default(), policy);
    world.run_to(SECOND, World::is_up);
    world.connect(DOWNLOAD);
    world.run_for(SECOND * 2);
    let echo = world.connect(Plan::echo());
    let took = world.run_to(MINUTE, |world| world.locals[echo].fate == Fate::Done);
    (world, took)
}

#[test]
fn a_question_beside_a_bulk_download_is_answered_from_another_session() {
    let (_, behind) = echo_beside_a_download(1);
    let (mut world, took) = echo_beside_a_download(4);
    assert!(took < SECOND / 10, "{took:?}");
    assert!(took < behind, "{took:?}, behind it {behind:?}");
    assert_ne!(world.locals[0].session, world.locals[1].session);
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn a_resumed_bulk_download_is_still_known_as_one() {
    let mut world = World::new(2, Conditions::default());
    world.run_to(SECOND, World::is_up);
    world.connect(DOWNLOAD);
    world.run_for(SECOND * 2);
    // The other session has more connections, but none that moves anything.
    for _ in 0..3 {
        world.connect(Plan::paced(200, 200, 100, MINUTE));
    }
    world.run_for(SECOND);
    world.close_all(1000);
    world.run_for(SECOND);
    let echo = world.connect(Plan::echo());
    world.run_to(SECOND, |world| world.locals[echo].fate == Fate::Done);
    assert_ne!(world.locals[0].session, world.locals[echo].session);
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn four_downloads_are_spread_over_four_sessions() {
    let mut world = World::new(3, Conditions::default());
    world.run_to(SECOND, World::is_up);
    for _ in 0..4 {
        world.connect(DOWNLOAD);
        world.run_for(SECOND * 2);
    }
    let mut sessions: Vec<_> = world.locals.iter().map(|local| local.session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    assert_eq!(sessions.len(), 4);
    // One is spare, for what comes next.
    assert!(world.service.living() <= 5);
    world.run_out(MINUTE);
    assert_whole(&world);
}

#[test]
fn a_pool_shrinks_to_one_session_when_nobody_needs_more() {
    let mut world = World::new(4, Conditions::default());
    world.run_to(SECOND, World::is_up);
    for _ in 0..4 {
        world.connect(DOWNLOAD);
        world.run_for(SECOND * 2);
    }
    assert_eq!(world.service.living(), 5);
    world.run_out(MINUTE);
    world.run_for(MINUTE * 5);
    assert_eq!(world.service.living(), 1);
    assert!(world.is_up());
    assert_whole(&world);
    // Nothing grows again by itself.
    world.run_for(HOUR / 2);
    assert_eq!(world.calls(), 5);
}

/// How long the objects of a page take that come over six connections at once, as many as a browser opens.
fn page(policy: TunnelPolicy) -> Duration {
    let mut world = World::with(6, Conditions::default(), policy);
    world.run_to(SECOND, World::is_up);
    for _ in 0..6 {
        world.connect(Plan::bulk(0, 300_000));
    }
    let took = world.run_to(MINUTE, |world| {
        world.locals.iter().all(|local| local.fate == Fate::Done)
    });
    assert_whole(&world);
    took
}

#[test]
fn a_page_takes_a_third_of_its_time_over_one_session_although_the_tunnel_begins_with_one() {
    let one = page(TunnelPolicy {
        sessions: PoolSize::fixed(1),
        ..TunnelPolicy::default()
    });
    let took = page(TunnelPolicy::default());
    assert!(took < one / 3, "{took:?}, over one session {one:?}");
}

#[test]
fn a_lazy_tunnel_starts_with_its_first_connection_and_ends_when_it_is_idle() {
    let policy = TunnelPolicy {
        start: Start::Lazy { idle: MINUTE * 10 },
        ..TunnelPolicy::default()
    };
    let mut world = World::with(5, Conditions::default(), policy);
    for round in 1..=3 {
        world.run_for(HOUR);
        assert_eq!(world.tunnel.state(), State::Listening);
        assert_eq!(world.calls(), round - 1);
        assert_eq!(world.service.living(), 0);
        world.connect(Plan::echo());
        world.run_out(SECOND * 5);
        assert_whole(&world);
        world.run_for(MINUTE * 9);
        assert!(world.is_up());
        world.run_for(MINUTE * 2);
        world.assert_nothing_left();
    }
}
