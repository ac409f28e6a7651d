//! Renewing a WebSocket before the gateway closes it.

use std::time::Duration;

use tunnel_proto::{Happening, Renewal};

use super::{HOUR, MINUTE, SECOND, assert_whole, one_session};
use crate::service::Conditions;
use crate::traffic::Plan;
use crate::world::{Mood, World};

/// Two hours with a close every hour.
fn two_hours(seed: u64, mood: Mood, plan: Plan) -> World {
    let conditions = Conditions {
        close_period: Some(HOUR),
        ..Conditions::default()
    };
    let mut world = World::with(seed, conditions, one_session());
    world.run_to(SECOND, World::is_up);
    world.mood = mood;
    world.connect(plan);
    world.run_for(HOUR * 2);
    world
}

fn renewals(world: &World) -> Vec<&Renewal> {
    let records = world.records.iter();
    records
        .filter_map(|record| match &record.what {
            Happening::Renewed(renewal) => Some(renewal),
            Happening::State { .. }
            | Happening::Drop(_)
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Slept { .. }
            | Happening::Carried { .. }
            | Happening::Target(_) => None,
        })
        .collect()
}

const TRICKLE: Plan = Plan::paced(8_000 * 50, 8_000 * 50, 50, SECOND);

#[test]
fn a_renewal_takes_its_place_without_a_gap() {
    let mut world = two_hours(1, Mood::Fine, TRICKLE);
    let renewals = renewals(&world);
    assert_eq!(renewals.len(), 2);
    for renewal in renewals {
        let age = Duration::from_millis(renewal.socket_age_ms);
        assert!((MINUTE * 50..MINUTE * 51).contains(&age), "{age:?}");
        assert_eq!((renewal.gap_ms, renewal.connections), (0, 1));
    }
    assert_eq!(world.tunnel.reconnects(), 0);
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn a_service_that_refuses_what_is_connected_is_closed_and_resumed_at_a_quiet_moment() {
    let mut world = two_hours(2, Mood::RefuseConnected, TRICKLE);
    let renewals = renewals(&world);
    assert_eq!(renewals.len(), 2);
    for renewal in renewals {
        assert!((1..1_000).contains(&renewal.gap_ms), "{}", renewal.gap_ms);
        assert_eq!(renewal.connections, 1);
    }
    assert_eq!(world.tunnel.reconnects(), 0);
    assert!(world.is_up());
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn a_session_that_is_never_quiet_is_resumed_after_the_gateways_close() {
    // A word each way every tenth of a second, so nothing is ever quiet for a quarter of one.
    let busy = Plan::paced(80_000 * 20, 80_000 * 20, 20, Duration::from_millis(100));
    let mut world = two_hours(3, Mood::Fine, busy);
    assert!(renewals(&world).is_empty());
    assert_eq!(world.tunnel.reconnects(), 1);
    // It is cut again at any moment now.
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn a_renewal_that_fails_is_tried_again_before_the_hour_is_up() {
    let conditions = Conditions {
        close_period: Some(HOUR),
        ..Conditions::default()
    };
    let mut world = World::with(4, conditions, one_session());
    world.connect(TRICKLE);
    world.run_for(MINUTE * 49);
    world.mood_for(Mood::FailResumes("service-error", u32::MAX), MINUTE * 5);
    world.run_for(MINUTE * 10);
    assert_eq!((world.tunnel.renewals(), world.tunnel.reconnects()), (1, 0));
    assert!(world.calls() < 10, "{}", world.calls());
    assert!(world.replaced.is_empty());
}
