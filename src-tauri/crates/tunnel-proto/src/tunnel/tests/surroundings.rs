//! Networks that come and go, sleep, and credentials.

use super::*;
use crate::RenewedBy;

const HOUR: Duration = Duration::from_secs(3600);

fn code(state: &State) -> Option<&str> {
    match state {
        State::Degraded { problem, .. }
        | State::Reconnecting { problem, .. }
        | State::NeedsSignIn { problem, .. }
        | State::Failed { problem, .. } => Some(&problem.code),
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Stopping => None,
    }
}

#[test]
fn without_a_network_nothing_is_tried_for_as_long_as_it_takes() {
    let (mut world, key) = World::up();
    world.input(Input::NetworkDown);
    assert_eq!(code(&world.tunnel.state()), Some("network-down"));
    world.lose(key);
    assert_eq!(world.actions(), []);
    assert_eq!(world.tunnel.poll_timeout(), None);
    world.pass(HOUR * 2);
    assert_eq!(world.actions(), []);
    assert_eq!(code(&world.tunnel.state()), Some("network-down"));

    world.input(Input::NetworkUp);
    assert_eq!(world.expect_resume(), (key, "session-1".to_owned()));
    world.resume(key, "session-1");
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

#[test]
fn time_without_a_network_is_not_taken_off_the_budget() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    world.input(Input::NetworkDown);
    world.pass(HOUR * 2);
    world.input(Input::NetworkUp);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
}

#[test]
fn a_service_that_cannot_be_reached_is_tried_for_as_long_as_it_takes() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::AwaitNetwork))));
    let end = world.now + HOUR * 5;
    let mut attempts = 0;
    while world.now < end {
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::AwaitNetwork))));
        attempts += 1;
    }
    // Half of half a minute on average.
    assert!((600..2_400).contains(&attempts), "{attempts}");
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
}

#[test]
fn another_network_ends_the_wait_for_the_next_attempt_and_checks_what_lives() {
    let (mut world, key) = World::up();
    world.input(Input::NetworkUp);
    assert_eq!(world.actions(), [Action::CheckPath(key)]);
    world.lose(key);
    for _ in 0..20 {
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        world.next_timer();
    }
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    world.input(Input::NetworkUp);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    let (at, _) = world.tunnel.poll_timeout().unwrap();
    assert!(
        at <= world.now + Duration::from_millis(200),
        "backoff starts anew"
    );
}

#[test]
fn a_tunnel_that_was_never_up_says_soon_that_there_is_no_network() {
    let mut world = World::new();
    let key = world.expect_start();
    world.input(Input::NetworkDown);
    while !matches!(world.tunnel.state(), State::Failed { .. }) {
        world.input(Input::Granted(key, Err(failure(Next::AwaitNetwork))));
        if world.tunnel.poll_timeout().is_some() {
            world.next_timer();
            world.actions();
        }
    }
    assert!(world.now - world.start < SECOND * 42);
}

#[test]
fn a_sleeping_machine_tries_nothing_and_wakes_to_one_attempt() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    world.input(Input::Sleeping);
    assert_eq!(world.tunnel.poll_timeout(), None);
    world.input(Input::Woke { asleep: HOUR * 8 });
    assert_eq!(world.expect_resume(), (key, "session-1".to_owned()));
    world.input(Input::Granted(key, Err(failure(Next::NewSession))));
    world.next_timer();
    assert!(matches!(
        world.actions()[..],
        [Action::Discard(_), Action::Abandon(_), Action::Start(_)]
    ));
}

#[test]
fn a_session_that_lives_is_told_of_sleep_and_checked_after_it() {
    let (mut world, key) = World::up();
    world.input(Input::Sleeping);
    assert_eq!(world.actions(), [Action::Sleep(key)]);
    world.input(Input::Woke { asleep: HOUR });
    assert_eq!(world.actions(), [Action::CheckPath(key)]);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

#[test]
fn a_websocket_that_comes_in_a_sleep_is_told_of_it_too() {
    let (mut world, key) = World::up();
    world.input(Input::Sleeping);
    world.lose(key);
    assert_eq!(world.actions(), [Action::Sleep(key)]);
    // The user is there after all.
    world.input(Input::TryNow);
    assert_eq!(world.expect_resume(), (key, "session-1".to_owned()));
    world.resume(key, "session-1");
    assert_eq!(world.actions(), [Action::Sleep(key)]);
    world.input(Input::Woke {
        asleep: Duration::ZERO,
    });
    assert_eq!(world.actions(), [Action::CheckPath(key)]);
}

#[test]
fn what_is_told_after_a_sleep_has_the_right_time() {
    let (mut world, key) = World::up();
    world.input(Input::Woke { asleep: HOUR });
    world.lose(key);
    let close = world.tunnel.last_close().unwrap();
    assert_eq!(close.at, world.since_start() + 3_600_000);
}

#[test]
fn time_asleep_is_added_to_the_age_of_a_websocket_and_not_of_the_next_one() {
    let (mut world, key) = World::up();
    world.input(Input::Accepted(RequestId(1)));
    world.pass(HOUR / 3);
    world.input(Input::Woke {
        asleep: HOUR / 3 * 2,
    });
    world.actions();
    world.lose(key);
    let State::Reconnecting { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert!(problem.what.contains("once an hour"), "{}", problem.what);
    world.expect_resume();
    world.resume(key, "session-1");
    world.pass(SECOND);
    world.lose(key);
    world.next_timer();
    world.expect_resume();
    world.resume(key, "session-1");
    let ages: Vec<_> = world
        .drops()
        .iter()
        .map(|drop| drop.socket_age_ms)
        .collect();
    assert_eq!(ages, [3_600_000, 1_000]);
}

#[test]
fn waking_without_a_network_waits_for_it() {
    let (mut world, key) = World::up();
    world.input(Input::Sleeping);
    world.actions();
    world.input(Input::NetworkDown);
    world.lose(key);
    world.input(Input::Woke { asleep: HOUR });
    assert_eq!(world.actions(), []);
    world.input(Input::NetworkUp);
    world.expect_resume();
}

#[test]
fn new_credentials_wake_what_waits_for_them_and_nothing_else() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    world.input(Input::CredentialsChanged);
    assert_eq!(world.actions(), []);

    world.next_timer();
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    assert!(matches!(world.tunnel.state(), State::NeedsSignIn { .. }));
    world.input(Input::CredentialsChanged);
    world.expect_resume();
}

#[test]
fn the_user_may_try_even_what_we_think_is_of_no_use() {
    let (mut world, key) = World::up();
    world.input(Input::NetworkDown);
    world.lose(key);
    world.input(Input::TryNow);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::AwaitNetwork))));
    assert_eq!(world.tunnel.poll_timeout(), None);
}

#[test]
fn the_time_that_a_sign_in_takes_is_not_taken_off_the_budget() {
    let wake: [fn(&mut World); 2] = [
        |world| world.input(Input::CredentialsChanged),
        |world| world.input(Input::TryNow),
    ];
    for wake in wake {
        let (mut world, key) = World::up();
        world.lose(key);
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::SignIn))));
        let end = world.now + HOUR * 2;
        while world.now < end {
            world.next_timer();
            world.expect_resume();
            world.input(Input::Granted(key, Err(failure(Next::SignIn))));
        }
        wake(&mut world);
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
    }
}

#[test]
fn credentials_that_are_refused_after_other_troubles_are_fetched_once_more_too() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    for next in [Next::AwaitNetwork, Next::NewCredentials] {
        world.input(Input::Granted(key, Err(failure(next))));
        assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
        world.expect_resume();
    }
    world.input(Input::Granted(key, Err(failure(Next::NewCredentials))));
    assert!(matches!(world.tunnel.state(), State::NeedsSignIn { .. }));
}

#[test]
fn credentials_that_only_a_restart_renews_are_not_looked_at_again_and_again() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::Restart))));
    let needs_sign_in = |world: &World| {
        let State::NeedsSignIn {
            next_attempt,
            renewed_by,
            ..
        } = world.tunnel.state()
        else {
            panic!("{:?}", world.tunnel.state());
        };
        assert_eq!((next_attempt, renewed_by), (None, RenewedBy::Restart));
        let json = serde_json::to_value(world.tunnel.state()).unwrap();
        assert_eq!(json["nextAttempt"], serde_json::Value::Null);
        assert_eq!(json["renewedBy"], "restart");
    };
    needs_sign_in(&world);
    // Nothing is due, and the AWS files have no say in it.
    assert_eq!(world.tunnel.poll_timeout(), None);
    world.pass(SECOND * 3_600);
    world.input(Input::CredentialsChanged);
    assert_eq!(world.actions(), []);
    needs_sign_in(&world);
    // Whoever asks for it has it looked at.
    world.input(Input::TryNow);
    world.expect_resume();
    needs_sign_in(&world);
    world.input(Input::Granted(key, Err(failure(Next::Restart))));
    needs_sign_in(&world);
}

#[test]
fn what_is_asked_over_a_network_that_is_no_more_is_given_up() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.input(Input::NetworkUp);
    assert_eq!(world.actions(), [Action::GiveUp(key)]);
    // It goes on with the answer to it, which says so.
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
    world.expect_resume();

    world.input(Input::Granted(key, Ok(grant(1))));
    world.actions();
    let asleep = HOUR;
    world.input(Input::Woke { asleep });
    assert_eq!(world.actions(), [Action::GiveUp(key)]);
}

#[test]
fn a_start_is_never_given_up_for_what_it_grants_would_be_left_behind() {
    let mut world = World::new();
    world.expect_start();
    world.input(Input::NetworkUp);
    assert_eq!(world.actions(), []);
}

#[test]
fn where_one_path_is_dead_those_of_the_other_sessions_are_checked_at_once() {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::fixed(2),
        ..plain()
    });
    let first = world.expect_start();
    world.bring_up(first);
    let second = world.expect_start();
    world.bring_up(second);
    // A close says nothing of the others.
    world.lose(first);
    world.expect_resume();
    world.resume(first, "session-1");
    world.fall_silent(first);
    let actions = world.actions();
    assert!(
        actions.contains(&Action::CheckPath(second)) && actions.len() <= 2,
        "{actions:?}"
    );
}
