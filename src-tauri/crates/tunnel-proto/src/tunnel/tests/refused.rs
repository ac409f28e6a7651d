//! Sessions that are refused what they need to come up: the keys of an encrypted one.

use super::*;

fn shaking_hands(world: &mut World, key: SessionKey) {
    world.input(Input::Granted(key, Ok(grant(7))));
    world.input(Input::Dialled(key, Ok(())));
    world.actions();
}

#[test]
fn what_only_permissions_can_mend_fails_at_once_and_ends_the_session() {
    let mut world = World::new();
    let key = world.expect_start();
    shaking_hands(&mut world, key);
    world.input(Input::Refused(key, failure(Next::Stop)));
    let actions = world.actions();
    assert!(
        actions.contains(&Action::Abandon("session-7".to_owned())),
        "{actions:?}"
    );
    assert!(
        !actions
            .iter()
            .any(|action| matches!(action, Action::Start(_))),
        "{actions:?}"
    );
    let State::Failed { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "trouble");
    // What the session says of it itself comes too late.
    world.input(Input::Over(key, problem, Vitals::default()));
    assert!(matches!(world.tunnel.state(), State::Failed { .. }));
}

#[test]
fn what_may_pass_is_tried_again_with_another_session() {
    for next in [Next::Retry, Next::AwaitNetwork, Next::NewCredentials] {
        let mut world = World::new();
        let key = world.expect_start();
        shaking_hands(&mut world, key);
        world.input(Input::Refused(key, failure(next)));
        world.actions();
        assert!(matches!(world.next_timer(), TunnelTimer::Attempt(_)));
        assert_ne!(world.expect_start(), key);
    }
}

#[test]
fn a_tunnel_whose_other_session_works_stays_up() {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::fixed(2),
        ..plain()
    });
    let first = world.expect_start();
    world.bring_up(first);
    let second = world.expect_start();
    shaking_hands(&mut world, second);
    world.input(Input::Refused(second, failure(Next::Stop)));
    let starts = |action: &Action| matches!(action, Action::Start(_));
    assert!(!world.actions().iter().any(starts), "not at once");
    assert!(matches!(
        world.tunnel.state(),
        State::Up { .. } | State::Degraded { .. }
    ));
}
