//! Connections that the target could not pass on to the destination.

use super::*;

fn unreached(world: &mut World) -> Vec<u32> {
    let records = world.records().into_iter();
    let count = |what| match what {
        Happening::Unreached { count, .. } => Some(count),
        Happening::State { .. }
        | Happening::Drop(_)
        | Happening::Renewed(_)
        | Happening::TurnedAway(_)
        | Happening::LeftBehind { .. }
        | Happening::EndedLate { .. }
        | Happening::Slept { .. }
        | Happening::Carried { .. }
        | Happening::Target(_) => None,
    };
    records.filter_map(count).collect()
}

#[test]
fn the_first_is_kept_at_once_and_what_follows_is_summed_up() {
    let (mut world, _) = World::up();
    world.input(Input::Unreached(problem("refused")));
    assert_eq!(unreached(&mut world), [1]);
    for _ in 0..30 {
        world.pass(SECOND);
        world.input(Input::Unreached(problem("refused")));
    }
    assert_eq!(unreached(&mut world), [] as [u32; 0]);
    world.pass(SECOND * 30);
    assert_eq!(unreached(&mut world), [30]);
    // Then nothing comes any more, and nothing is told.
    world.pass(SECOND * 300);
    assert_eq!(unreached(&mut world), [] as [u32; 0]);
    world.input(Input::Unreached(problem("refused")));
    assert_eq!(unreached(&mut world), [1]);
}

#[test]
fn what_is_not_kept_when_the_tunnel_is_stopped_is_kept_then() {
    let (mut world, _) = World::up();
    for _ in 0..3 {
        world.input(Input::Unreached(problem("refused")));
    }
    world.input(Input::Stop);
    assert_eq!(unreached(&mut world), [1, 2]);
}
