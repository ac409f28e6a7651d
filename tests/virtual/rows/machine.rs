//! The machine sleeps, and loses its network.

use std::time::Duration;

use tunnel_proto::{Input, State, TunnelPolicy};

use super::{BOTH_WAYS, HOUR, LONG, MINUTE, SECOND, assert_whole, one_session};
use crate::service::Conditions;
use crate::traffic::Plan;
use crate::world::{Fate, Mood, Way, World};

/// Says a word each way, and another much later.
const IDLE: Plan = Plan::paced(200, 200, 100, Duration::from_secs(60));

#[test]
fn a_sleep_of_eight_hours_is_followed_by_one_attempt_and_every_connection_lives() {
    for way in [Way::Kept, Way::Forgotten] {
        for plan in [IDLE, LONG] {
            let conditions = Conditions {
                close_period: Some(HOUR),
                ..Conditions::default()
            };
            let mut world = World::with(1, conditions, one_session());
            world.connect(plan);
            world.run_for(SECOND * 3);
            world.sleep(HOUR * 8, way);
            // A quiet session is renewed before its old WebSocket's ping is overdue.
            let back = |world: &World| world.tunnel.reconnects() + world.tunnel.renewals() == 1;
            world.run_to(SECOND * 4, back);
            world.run_for(MINUTE);
            assert_eq!(world.calls(), 1 + 1);
            world.run_out(HOUR);
            assert_whole(&world);
        }
    }
}

#[test]
fn a_session_that_timed_out_in_a_sleep_is_replaced_in_one_attempt() {
    for way in [Way::Kept, Way::Forgotten] {
        let conditions = Conditions {
            close_period: Some(HOUR),
            idle_timeout: Some(MINUTE * 20),
            ..Conditions::default()
        };
        let mut world = World::with(2, conditions, one_session());
        world.connect(IDLE);
        world.run_for(SECOND * 3);
        world.sleep(HOUR * 8, way);
        let parked = world.connect(BOTH_WAYS);
        world.run_to(SECOND * 5, |world| world.tunnel.replacements() == 1);
        world.run_for(MINUTE);
        // One ResumeSession, which says that it is over, and one StartSession.
        assert_eq!(world.calls(), 1 + 2);
        assert_eq!(world.locals[0].fate, Fate::Reset);
        // It came before anybody could know, so it was placed on what there was.
        assert_ne!(world.locals[parked].fate, Fate::Waiting);
        let after = world.connect(BOTH_WAYS);
        world.run_out(MINUTE);
        assert_eq!(world.locals[after].fate, Fate::Done);
        assert_eq!(world.service.living(), 1);
    }
}

#[test]
fn a_short_sleep_that_nothing_noticed_costs_no_attempt() {
    let mut world = World::with(3, Conditions::default(), one_session());
    world.connect(LONG);
    world.run_for(SECOND);
    world.sleep(MINUTE, Way::Kept);
    world.run_out(MINUTE);
    assert_whole(&world);
    assert_eq!(world.calls(), 1);
}

#[test]
fn two_hours_without_a_network_cost_no_attempt_and_end_within_three_seconds() {
    for (seed, plan) in [(4, IDLE), (5, LONG)] {
        let conditions = Conditions {
            close_period: Some(HOUR),
            ..Conditions::default()
        };
        let mut world = World::with(seed, conditions, one_session());
        world.connect(plan);
        world.run_for(SECOND * 3);
        world.network_down();
        world.run_for(SECOND);
        let State::Degraded { problem, .. } = world.tunnel.state() else {
            panic!("{:?}", world.tunnel.state());
        };
        assert_eq!(problem.code, "network-down");
        world.run_for(HOUR * 2);
        assert_eq!(world.calls(), 1);
        let State::Reconnecting { problem, .. } = world.tunnel.state() else {
            panic!("{:?}", world.tunnel.state());
        };
        assert_eq!(problem.code, "network-down");
        world.network_up();
        world.run_to(SECOND * 3, |world| world.tunnel.reconnects() == 1);
        assert_eq!(world.calls(), 1 + 1);
        world.run_out(HOUR);
        assert_whole(&world);
    }
}

#[test]
fn a_network_that_changes_under_a_transfer_is_noticed_by_one_ping() {
    let mut world = World::with(6, Conditions::default(), one_session());
    world.connect(LONG);
    world.run_for(SECOND);
    world.network_down();
    world.run_for(SECOND * 2);
    world.network_up();
    // The ping's deadline is three seconds; then the session is resumed.
    world.run_to(SECOND * 4, |world| world.tunnel.reconnects() == 1);
    assert_eq!(world.calls(), 1 + 1);
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn connections_that_come_without_a_network_are_parked_and_served() {
    let policy = TunnelPolicy {
        wait_limit: HOUR,
        ..one_session()
    };
    let mut world = World::with(7, Conditions::default(), policy);
    world.run_to(SECOND, World::is_up);
    world.network_down();
    world.run_for(MINUTE * 2);
    for _ in 0..20 {
        world.connect(Plan::echo());
    }
    world.run_for(MINUTE * 2);
    assert_eq!(world.count(Fate::Waiting), 20);
    world.network_up();
    world.run_out(SECOND * 3);
    assert_whole(&world);
}

#[test]
fn a_websocket_that_was_lost_in_a_sleep_is_followed_by_one_that_is_watched() {
    // Lost between the announcement of the sleep and the sleep itself, which may be called off.
    for asleep in [Duration::ZERO, HOUR * 8] {
        for plan in [IDLE, LONG] {
            let mut world = World::with(8, Conditions::default(), one_session());
            world.connect(plan);
            world.run_for(SECOND * 3);
            world.fall_asleep();
            world.reset();
            world.run_for(SECOND * 30);
            assert_eq!(world.calls(), 1);
            world.wake(asleep, Way::Forgotten);
            world.run_to(SECOND * 2, |world| world.tunnel.reconnects() == 1);
            // Dead after it.
            world.run_for(SECOND);
            world.forget_ways();
            world.run_to(SECOND * 32, |world| world.tunnel.reconnects() == 2);
            assert_eq!(world.calls(), 1 + 2);
            world.run_out(HOUR);
            assert_whole(&world);
        }
    }
}

#[test]
fn a_call_that_hangs_is_given_up_with_the_network_that_it_was_made_over() {
    let mut world = World::with(12, Conditions::default(), one_session());
    world.connect(LONG);
    world.run_for(SECOND);
    world.mood = Mood::HangResumes(1);
    world.reset();
    world.run_for(SECOND);
    assert_eq!(world.calls(), 1 + 1);
    world.tell(Input::NetworkUp);
    world.run_to(SECOND, |world| world.tunnel.reconnects() == 1);
    assert_eq!(world.calls(), 1 + 2);
    // Nothing comes of a dial over a network that is no more, either.
    world.hang_upgrades(SECOND);
    world.reset();
    world.run_for(SECOND * 2);
    world.tell(Input::NetworkUp);
    world.run_to(SECOND, |world| world.tunnel.reconnects() == 2);
    world.run_out(MINUTE);
    assert_whole(&world);
}
