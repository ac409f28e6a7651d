//! The gateway's closes, hourly and in mid transfer.

use std::time::Duration;

use tunnel_proto::{PoolSize, State, TunnelPolicy};

use super::{BOTH_WAYS, HOUR, SECOND, assert_whole, one_session};
use crate::random::Random;
use crate::service::{ABSENT, Absent, Conditions};
use crate::traffic::Plan;
use crate::world::{Fate, World};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Twenty-four hours with a close every hour.
fn day(seed: u64, renew_after: Option<Duration>, plans: &[Plan]) -> World {
    let conditions = Conditions {
        close_period: Some(HOUR),
        ..Conditions::default()
    };
    let policy = TunnelPolicy {
        renew_after,
        ..one_session()
    };
    let mut world = World::with(seed, conditions, policy);
    for plan in plans {
        world.connect(*plan);
    }
    world.run_for(DAY);
    world
}

/// Both ways all day long, at paces that meet the closes at any moment.
const TRAFFIC: [Plan; 2] = [
    Plan::paced(86_500 * 256, 86_500 * 128, 256, Duration::from_secs(1)),
    Plan::paced(3_500 * 4_096, 3_500 * 4_096, 4_096, Duration::from_secs(25)),
];

/// Says something when it is opened and again a day later.
const IDLE: [Plan; 2] = [Plan::paced(200, 200, 100, Duration::from_secs(24 * 3600 + 10)); 2];

fn renewing() -> Option<Duration> {
    TunnelPolicy::default().renew_after
}

#[test]
fn a_day_of_hourly_closes_under_traffic_both_ways_costs_no_connection() {
    let mut world = day(1, None, &TRAFFIC);
    assert_eq!(world.count(Fate::Done), 0, "traffic ended too early");
    world.run_out(HOUR);
    assert_whole(&world);
    assert!(world.tunnel.reconnects() >= 23);
    assert_eq!(world.calls(), 1 + world.tunnel.reconnects());
}

#[test]
fn a_day_of_hourly_closes_under_traffic_is_renewed_away_at_quiet_moments() {
    let mut world = day(2, renewing(), &TRAFFIC);
    assert_eq!(world.count(Fate::Done), 0, "traffic ended too early");
    world.run_out(HOUR);
    assert_whole(&world);
    assert!(world.tunnel.renewals() >= 27, "{}", world.tunnel.renewals());
    assert_eq!(world.tunnel.reconnects(), 0);
}

#[test]
fn a_day_of_hourly_closes_costs_idle_connections_nothing() {
    let mut world = day(3, None, &IDLE);
    world.run_out(HOUR);
    assert_whole(&world);
    assert!(world.tunnel.reconnects() >= 23);
    assert_eq!(world.calls(), 1 + world.tunnel.reconnects());
}

#[test]
fn a_day_of_hourly_closes_is_renewed_away_while_connections_are_idle() {
    let mut world = day(4, renewing(), &IDLE);
    world.run_out(HOUR);
    assert_whole(&world);
    assert!(world.tunnel.renewals() >= 27);
    assert_eq!(world.tunnel.reconnects(), 0);
}

#[test]
fn a_day_of_hourly_closes_leaves_a_tunnel_that_nobody_uses_up() {
    for renew_after in [None, renewing()] {
        let mut world = day(5, renew_after, &[]);
        assert!(world.is_up());
        assert_eq!(world.service.sessions.len(), 1);
        world.connect(BOTH_WAYS);
        world.run_out(SECOND * 60);
        assert_whole(&world);
    }
}

#[test]
fn closes_in_mid_transfer_while_both_ways_lose_messages_cost_no_byte() {
    for absent in ABSENT {
        for seed in 0..20 {
            let conditions = Conditions {
                absent,
                loss: 20,
                ..Conditions::default()
            };
            let mut world = World::new(seed, conditions);
            let mut random = Random::new(seed);
            for _ in 0..3 {
                world.connect(BOTH_WAYS);
            }
            for _ in 0..5 {
                world.run_for(random.duration(SECOND));
                world.close_all(1000);
            }
            world.run_out(HOUR);
            assert_whole(&world);
        }
    }
}

#[test]
fn an_upload_is_back_at_full_speed_within_two_seconds_of_a_close_in_mid_transfer() {
    for absent in ABSENT {
        let conditions = Conditions {
            latency: Duration::from_millis(20),
            absent,
            ..Conditions::default()
        };
        let mut world = World::with(6, conditions, one_session());
        world.connect(Plan::bulk(1_000_000_000, 0));
        world.run_for(SECOND * 4);
        let full = world.delivered(world.now - SECOND, SECOND);
        assert!(full > 12_000_000, "{full}");
        // What is under way both ways is lost, and a while on a part of everything.
        world.service.conditions.loss = 100;
        world.run_for(SECOND / 4);
        world.close_all(1000);
        world.run_for(SECOND / 4);
        world.service.conditions.loss = 0;
        world.run_to(SECOND, World::is_up);
        let resumed = world.now;
        world.run_for(SECOND * 3);
        let after = world.delivered(resumed + SECOND, SECOND);
        assert!(after > full * 9 / 10, "{after} of {full}");
    }
}

/// A download whose agent had no word of the client's absence, so that a good part of it has
/// to come again at the agent's own pace: ten messages a second.
fn download_with_a_gap(most: u8) -> World {
    let conditions = Conditions {
        latency: Duration::from_millis(50),
        absent: Absent::Drop,
        ..Conditions::default()
    };
    let policy = TunnelPolicy {
        sessions: PoolSize::new(1, most),
        ..TunnelPolicy::default()
    };
    let mut world = World::with(7, conditions, policy);
    world.run_to(SECOND, World::is_up);
    world.connect(Plan::bulk(0, 4_000_000));
    world.run_for(SECOND * 2);
    world.close_all(1000);
    world.run_to(SECOND, |world| world.tunnel.reconnects() > 0);
    world
}

#[test]
fn new_connections_go_elsewhere_while_an_agent_resends_message_by_message() {
    let mut world = download_with_a_gap(4);
    for _ in 0..10 {
        world.run_for(SECOND);
        let echo = world.connect(Plan::echo());
        world.run_to(SECOND * 2, |world| world.locals[echo].fate == Fate::Done);
        assert_ne!(world.locals[echo].session, world.locals[0].session);
    }
    let resent = world.service.sessions[0].agent.resent;
    assert!(resent > 50, "no gap to fill: {resent}");
    assert_eq!(world.locals[0].ended, None, "the gap is filled too soon");
    let told = world.degraded.iter().map(|(_, code)| code.as_deref());
    assert!(told.eq([Some("catching-up")]), "{:?}", world.degraded);
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn a_session_that_catches_up_alone_says_so_until_it_has() {
    let mut world = download_with_a_gap(1);
    world.run_for(SECOND * 5);
    let State::Degraded { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "catching-up");
    world.run_out(HOUR);
    world.run_for(SECOND);
    assert!(world.is_up());
    assert_whole(&world);
}
