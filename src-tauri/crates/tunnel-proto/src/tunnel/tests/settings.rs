//! Settings that are being edited while a tunnel runs.

use super::*;

#[test]
fn a_tunnel_that_was_up_bears_settings_that_are_half_saved() {
    let (mut world, key) = World::up();
    world.lose(key);
    for _ in 0..5 {
        assert_eq!(world.expect_resume(), (key, "session-1".to_owned()));
        world.input(Input::Granted(key, Err(failure(Next::AwaitSettings))));
        assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
    }
    world.expect_resume();
    world.resume(key, "session-1");
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    assert_eq!(world.tunnel.replacements(), 0);
}

#[test]
fn settings_that_were_saved_are_tried_at_once() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::AwaitSettings))));
    world.input(Input::CredentialsChanged);
    world.expect_resume();
}

#[test]
fn settings_that_can_not_be_used_are_said_at_once_at_the_start() {
    let mut world = World::new();
    let key = world.expect_start();
    world.input(Input::Granted(key, Err(failure(Next::AwaitSettings))));
    assert!(matches!(world.tunnel.state(), State::Failed { .. }));

    let mut world = World::new();
    let key = world.expect_start();
    world.input(Input::Granted(key, Ok(grant(1))));
    world.actions();
    world.input(Input::Dialled(key, Err(failure(Next::AwaitSettings))));
    assert!(matches!(world.tunnel.state(), State::Failed { .. }));
}

#[test]
fn settings_that_are_not_mended_end_the_tunnel_with_its_budget() {
    let (mut world, key) = World::up();
    world.lose(key);
    while !matches!(world.tunnel.state(), State::Failed { .. }) {
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::AwaitSettings))));
        if world.tunnel.poll_timeout().is_some() {
            world.next_timer();
        }
    }
    assert!(world.now - world.start >= TunnelPolicy::default().retry_budget);
}
