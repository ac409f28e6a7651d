//! Sessions that take each other's place again and again.

use super::*;

/// The session that takes the place of one that is over, and how long it was waited for.
fn replace(world: &mut World, key: SessionKey) -> (SessionKey, Duration) {
    let over = world.now;
    world.input(Input::Over(key, problem("ended"), Vitals::default()));
    loop {
        if let Some(Action::Start(key)) = world.actions().last() {
            return (*key, world.now - over);
        }
        world.next_timer();
    }
}

#[test]
fn sessions_that_each_end_soon_after_they_came_up_are_not_started_in_a_tight_loop() {
    let (mut world, mut key) = World::up();
    for _ in 0..30 {
        (key, _) = replace(&mut world, key);
        world.bring_up(key);
    }
    assert!(world.now - world.start > SECOND * 30);
}

#[test]
fn sessions_that_each_end_soon_are_given_up_with_the_budget() {
    let (mut world, mut key) = World::up();
    let mut starts = 0;
    loop {
        world.input(Input::Over(key, problem("ended"), Vitals::default()));
        if let State::Failed { problem, .. } = world.tunnel.state() {
            assert_eq!(problem.code, "ended");
            break;
        }
        starts += 1;
        assert!(starts < 1_000);
        if world.tunnel.poll_timeout().is_some() {
            world.next_timer();
        }
        let actions = world.actions();
        let Some(Action::Start(next)) = actions.last() else {
            panic!("{actions:?}")
        };
        key = *next;
        world.bring_up(key);
    }
    assert!(world.now - world.start >= plain().retry_budget);
}

#[test]
fn a_session_that_lived_for_a_minute_is_replaced_at_once_however_it_came_about() {
    let (mut world, mut key) = World::up();
    for _ in 0..30 {
        (key, _) = replace(&mut world, key);
        world.bring_up(key);
    }
    world.pass(HEALING);
    assert_eq!(replace(&mut world, key).1, Duration::ZERO);
}

#[test]
fn a_session_that_is_over_right_after_a_long_outage_is_replaced_at_once() {
    let (mut world, key) = World::up();
    world.pass(HEALING);
    world.lose(key);
    world.expect_resume();
    for _ in 0..30 {
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        world.next_timer();
        world.expect_resume();
    }
    world.resume(key, "session-1");
    assert_eq!(replace(&mut world, key).1, Duration::ZERO);
}

#[test]
fn whatever_fails_in_the_place_of_a_lost_session_belongs_to_the_same_drop() {
    let (mut world, key) = World::up();
    world.pass(HEALING);
    let (next, _) = replace(&mut world, key);
    world.input(Input::Granted(next, Ok(grant(2))));
    world.input(Input::Dialled(next, Ok(())));
    let (last, _) = replace(&mut world, next);
    let drop_of = |event| match event {
        Event::Replaced { drop_of, .. } => Some(drop_of),
        Event::StateChanged(_)
        | Event::Lost { .. }
        | Event::Rested(_)
        | Event::Record(_)
        | Event::Stopped
        | Event::Failed(_) => None,
    };
    let places: Vec<_> = world.all_events().filter_map(drop_of).collect();
    let first = || Some("session-1".to_owned());
    assert_eq!(places, [first(), first()]);
    world.bring_up(last);
    assert_eq!(world.drops()[0].session_id, first());
}
