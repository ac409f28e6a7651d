//! Messages that are lost, doubled, overtaken, sent to a side that is not there, or too many.

use std::time::{Duration, Instant};

use super::{BOTH_WAYS, HOUR, MINUTE, SECOND, assert_whole};
use crate::random::Random;
use crate::service::{Absent, Conditions};
use crate::traffic::Plan;
use crate::world::World;

/// Losses both ways from this seed on, for so many seeds.
fn losses(from: u64, seeds: u64, loss: u32) {
    for seed in from..from + seeds {
        let mut random = Random::new(seed);
        let conditions = Conditions {
            latency: random.duration(Duration::from_millis(100)),
            jitter: random.duration(Duration::from_millis(30)),
            loss,
            duplicates: random.below(100) as u32,
            reordering: random.below(200) as u32,
            ..Conditions::default()
        };
        let mut world = World::new(seed, conditions);
        for _ in 0..2 {
            world.connect(Plan::bulk(30_000, 10_000));
        }
        world.run_out(HOUR);
        assert_whole(&world);
    }
}

#[test]
fn one_per_cent_of_loss_and_doubled_and_overtaken_messages_are_borne_for_1000_seeds() {
    losses(0, 1_000, 10);
}

#[test]
fn ten_per_cent_of_loss_and_doubled_and_overtaken_messages_are_borne_for_1000_seeds() {
    losses(1_000, 1_000, 100);
}

#[test]
fn full_speed_both_ways_never_trips_the_gateways_limit() {
    let mut world = World::new(7, Conditions::default());
    for _ in 0..4 {
        world.connect(Plan::bulk(20_000_000, 3_000_000));
    }
    for _ in 0..5 {
        world.run_for(SECOND / 2);
        world.reset();
    }
    world.run_out(HOUR);
    assert_whole(&world);
    for session in &world.service.sessions {
        // More than 1,000 a second for more than two seconds is what trips it.
        let worst = most_within(&session.data_messages, SECOND * 2);
        assert!(worst <= 2_000, "{worst} messages in two seconds");
    }
    let first = &world.service.sessions[0].data_messages;
    assert!(most_within(first, SECOND) > 800, "that was not full speed");
}

/// The most moments that lie within one span.
fn most_within(moments: &[Instant], span: Duration) -> usize {
    let mut from = 0;
    let within = moments.iter().enumerate().map(|(at, last)| {
        while *last - moments[from] >= span {
            from += 1;
        }
        at + 1 - from
    });
    within.max().unwrap_or(0)
}

/// Clients and agents that are away in mid transfer, under one manner of the service.
fn away(absent: Absent) {
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let conditions = Conditions {
            absent,
            ..Conditions::default()
        };
        let mut world = World::new(seed, conditions);
        world.run_to(SECOND, World::is_up);
        for _ in 0..2 {
            world.connect(BOTH_WAYS);
        }
        world.run_for(random.duration(SECOND / 2));
        world.refuse_upgrades(random.duration(SECOND * 20));
        world.reset();
        world.run_to(MINUTE, |world| world.tunnel.reconnects() == 1);
        world.run_for(random.duration(SECOND / 2));
        world.agents_away(random.duration(SECOND * 20));
        world.run_out(HOUR);
        assert_whole(&world);
    }
}

#[test]
fn a_service_that_drops_what_is_sent_to_an_absent_side_costs_no_byte() {
    away(Absent::Drop);
}

#[test]
fn a_service_that_holds_what_is_sent_to_an_absent_side_costs_no_byte() {
    away(Absent::Hold);
}

#[test]
fn a_service_that_pauses_whoever_sends_to_an_absent_side_costs_no_byte() {
    away(Absent::Pause);
}
