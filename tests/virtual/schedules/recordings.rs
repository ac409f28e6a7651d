//! Sessions that schedules of faults were thrown at are recorded, and played again: an engine that is
//! unchanged does what it did then, and one that is run in another way does not.

use std::time::{Duration, Instant};

use tunnel_proto::{Recording, Replayed, Start, replay};

use super::steps::{Kind, Schedule};
use super::{HOUR, MINUTE, SECOND, assert_works, schedules};
use crate::traffic::Plan;
use crate::world::World;

/// What was recorded under a schedule, by a shell that notices timers up to so late.
fn recorded(kind: Kind, seed: u64, wakes_late: Duration) -> Vec<Recording> {
    let schedule = Schedule::from_seed(kind, seed);
    let mut world = World::with(seed, schedule.conditions, schedule.policy);
    world.wakes_late = wakes_late;
    world.set_targets(schedule.targets);
    world.note(kind);
    if let Start::Lazy { .. } = schedule.policy.start {
        world.connect(Plan::echo());
    }
    world.run_to(MINUTE, World::is_up);
    for step in &schedule.steps {
        step.take(&mut world);
    }
    let calm = world.calm_at.saturating_duration_since(world.now);
    world.run_for(calm);
    assert_works(&mut world);
    world.run_to(HOUR * 3, World::is_over);
    world.tell(tunnel_proto::Input::Stop);
    world.run_for(SECOND * 14);
    std::mem::take(&mut world.recordings)
}

fn played(recording: &Recording) -> Replayed {
    replay(recording, Instant::now())
}

fn told(seed: u64, number: usize, recording: &Recording, replayed: &Replayed) -> String {
    let Replayed {
        steps,
        outcome,
        recorded,
        played,
        held_back,
        unacknowledged,
        resent,
    } = replayed;
    format!(
        "seed {seed}, session {number}, {} forgotten: {:?} then, {outcome:?} now; {recorded:?} then, {played:?} \
         now; {held_back} held back, {unacknowledged} not acknowledged; sent again otherwise: {resent:?}; {steps:?}",
        recording.left_out, recording.outcome
    )
}

/// Plays what is recorded of a part of the schedules.
fn all_agree(kind: Kind, wakes_late: Duration) {
    let (mut all, mut others) = (0, Vec::new());
    for seed in 0..schedules().div_ceil(50) {
        for (number, recording) in recorded(kind, seed, wakes_late).iter().enumerate() {
            all += 1;
            let replayed = played(recording);
            if !replayed.agrees(recording) {
                others.push(told(seed, number, recording, &replayed));
            }
        }
    }
    assert!(
        others.is_empty(),
        "{} of {all} differ:\n{}",
        others.len(),
        others.join("\n")
    );
}

#[test]
fn an_unchanged_engine_does_what_it_did_under_harmless_faults() {
    all_agree(Kind::Harmless, Duration::ZERO);
}

#[test]
fn so_it_does_where_sessions_die() {
    all_agree(Kind::Deadly, Duration::ZERO);
}

#[test]
fn so_it_does_where_the_shell_is_late_under_harmless_faults() {
    all_agree(Kind::Harmless, Duration::from_micros(1500));
}

#[test]
fn so_it_does_where_the_shell_is_late_and_sessions_die() {
    all_agree(Kind::Deadly, Duration::from_micros(1500));
}
