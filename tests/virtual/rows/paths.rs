//! What the way between client and gateway does: resets, black holes, frozen processes, latency.

use std::time::Duration;

use tunnel_proto::{SessionConfig, State, TunnelPolicy};

use super::{HOUR, LONG, MINUTE, SECOND, assert_whole, one_session};
use crate::random::Random;
use crate::service::Conditions;
use crate::traffic::Plan;
use crate::world::{Fate, World};

#[test]
fn a_reset_in_mid_transfer_costs_no_byte() {
    for seed in 0..50 {
        let mut world = World::with(seed, Conditions::default(), one_session());
        world.connect(LONG);
        world.run_for(Random::new(seed).duration(SECOND * 4));
        world.reset();
        world.run_to(SECOND, |world| world.tunnel.reconnects() == 1);
        world.run_out(SECOND * 120);
        assert_whole(&world);
        assert_eq!(world.tunnel.reconnects(), 1);
    }
}

#[test]
fn a_thousand_resets_in_mid_transfer_up_and_down_cost_no_byte() {
    let mut world = World::with(1, Conditions::default(), one_session());
    let mut random = Random::new(1);
    world.connect(Plan::paced(
        60_000_000,
        10_000_000,
        2_500,
        Duration::from_millis(50),
    ));
    for _ in 0..1_000 {
        world.run_for(SECOND / 5 + random.duration(SECOND));
        world.reset();
    }
    assert_eq!(world.live(), 1, "the transfer ended too early");
    assert!(
        world.tunnel.reconnects() >= 900,
        "{}",
        world.tunnel.reconnects()
    );
    // The agent has lost messages each time, and sends ten of them a second.
    world.run_out(HOUR * 5);
    assert_whole(&world);
}

#[test]
fn a_black_hole_of_ninety_seconds_is_noticed_and_outlived() {
    for (seed, plan) in [(2, LONG), (3, Plan::paced(9_000, 9_000, 9, SECOND))] {
        let mut world = World::with(seed, Conditions::default(), one_session());
        world.connect(plan);
        world.run_for(SECOND);
        world.blackout(SECOND * 90);
        // Known within half a minute; what is asked for then is swallowed as well, each for the
        // ten seconds after which it is given up.
        let reconnecting =
            |world: &World| matches!(world.tunnel.state(), State::Reconnecting { .. });
        let known = world.run_to(SECOND * 32, reconnecting);
        let calls = world.calls();
        world.run_for(SECOND * 90 - known);
        assert!(world.calls() - calls <= 8, "{}", world.calls());
        assert_eq!(world.tunnel.reconnects(), 0);
        // The last call that fell into the hole, and the pause after it.
        world.run_to(SECOND * 20, |world| world.tunnel.reconnects() == 1);
        // What the agent sent into the hole comes back at its own pace.
        world.run_out(HOUR * 3);
        assert_whole(&world);
    }
}

/// How long it takes until a black hole has led to a new WebSocket.
fn noticed_after(plan: Option<Plan>) -> Duration {
    let mut world = World::with(30, Conditions::default(), one_session());
    world.run_to(SECOND, World::is_up);
    if let Some(plan) = plan {
        world.connect(plan);
    }
    world.run_for(SECOND * 3);
    world.black_hole(SECOND * 90);
    world.run_to(SECOND * 35, |world| world.tunnel.reconnects() == 1)
}

#[test]
fn a_black_hole_under_a_download_is_noticed_within_twelve_seconds_and_any_within_thirty() {
    let download = noticed_after(Some(Plan::bulk(0, 50_000_000)));
    assert!(download > SECOND * 11, "{download:?}");
    assert!(download < SECOND * 13, "{download:?}");
    let idle = noticed_after(None);
    assert!(idle > SECOND * 25, "{idle:?}");
    assert!(idle < SECOND * 31, "{idle:?}");
}

#[test]
fn an_idle_day_has_a_ping_each_twenty_seconds_and_each_download_adds_one_at_its_end() {
    let mut world = World::with(31, Conditions::default(), one_session());
    world.run_for(HOUR * 24);
    let idle = world.pings;
    assert!((4_200..=4_320).contains(&idle), "{idle}");
    for _ in 0..10 {
        let download = world.connect(Plan::bulk(0, 2_000_000));
        world.run_to(SECOND * 10, |world| {
            world.locals[download].fate == Fate::Done
        });
        world.run_for(MINUTE);
    }
    let more = world.pings - idle;
    assert!((30..=50).contains(&more), "{more}");
}

#[test]
fn a_process_that_was_frozen_for_ninety_seconds_goes_on_where_it_was() {
    let plans = [
        LONG,
        Plan::paced(90_000, 90_000, 100, SECOND / 4),
        Plan::paced(200, 200, 100, SECOND * 200),
    ];
    for close_period in [None, Some(SECOND * 60)] {
        for (seed, plan) in (4..).zip(plans) {
            let conditions = Conditions {
                close_period,
                ..Conditions::default()
            };
            let mut world = World::new(seed, conditions);
            world.connect(plan);
            world.run_for(SECOND * 2);
            world.freeze(SECOND * 90);
            world.run_to(SECOND * 2, |world| {
                world.is_up() && world.tunnel.reconnects() == u32::from(close_period.is_some())
            });
            world.run_out(HOUR);
            assert_whole(&world);
        }
    }
}

#[test]
fn latency_between_twenty_milliseconds_and_two_seconds_costs_no_byte_and_no_websocket() {
    for seed in 0..10 {
        let mut random = Random::new(seed);
        let conditions = Conditions {
            latency: Duration::from_millis(20),
            jitter: Duration::from_millis(5),
            ..Conditions::default()
        };
        let mut world = World::new(seed, conditions);
        world.connect(LONG);
        world.connect(Plan::paced(20_000, 20_000, 100, SECOND / 2));
        for _ in 0..10 {
            let millis = 20 + random.below(1_981);
            world.service.conditions.latency = Duration::from_millis(millis);
            world.run_for(random.duration(SECOND * 15));
        }
        world.run_out(SECOND * 300);
        assert_whole(&world);
        assert_eq!(world.tunnel.reconnects(), 0);
    }
}

#[test]
fn a_way_that_accepts_websockets_and_swallows_the_rest_uses_up_the_budget() {
    let policy = TunnelPolicy {
        retry_budget: MINUTE * 10,
        ..one_session()
    };
    let mut world = World::with(9, Conditions::default(), policy);
    world.session = SessionConfig {
        ping_interval: MINUTE * 5,
        ..SessionConfig::default()
    };
    world.connect(Plan::paced(200, 200, 100, MINUTE * 20));
    world.run_for(SECOND * 3);
    world.upgrades_swallowed = true;
    world.reset();
    let failed = |world: &World| matches!(world.tunnel.state(), State::Failed { .. });
    world.run_to(MINUTE * 12, failed);
    // Each is given up after the ten seconds of its first ping, with a growing pause.
    assert!(world.calls() < 62, "{}", world.calls());
}
