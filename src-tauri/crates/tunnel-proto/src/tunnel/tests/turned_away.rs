//! Connections that no session has carried.

use super::*;

fn waited_out(count: u32, waited_ms: u64, problem: Option<Problem>) -> TurnedAway {
    TurnedAway {
        count,
        waited_ms,
        why: Refusal::WaitedOut,
        problem,
    }
}

#[test]
fn connections_that_waited_in_vain_are_kept_with_the_reason() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    world.input(Input::Accepted(RequestId(1)));
    world.input(Input::Accepted(RequestId(2)));
    world.now += SECOND;
    world.input(Input::Accepted(RequestId(3)));
    assert_eq!(world.next_timer(), TunnelTimer::WaitLimit(RequestId(1)));
    let trouble = || Some(problem("trouble"));
    assert_eq!(world.turned_away(), [waited_out(2, 30_000, trouble())]);
    assert_eq!(world.next_timer(), TunnelTimer::WaitLimit(RequestId(3)));
    assert_eq!(world.turned_away(), [waited_out(1, 30_000, trouble())]);
}

#[test]
fn a_connection_that_waited_in_vain_for_a_first_session_is_kept() {
    let mut world = World::with(TunnelPolicy {
        wait_limit: SECOND,
        ..plain()
    });
    world.expect_start();
    world.input(Input::Accepted(RequestId(1)));
    world.next_timer();
    assert_eq!(world.turned_away(), [waited_out(1, 1_000, None)]);
}

#[test]
fn a_connection_for_which_there_is_no_room_is_kept() {
    let mut world = World::with(TunnelPolicy {
        waiting_most: 1,
        ..plain()
    });
    world.input(Input::Accepted(RequestId(1)));
    world.input(Input::Accepted(RequestId(2)));
    let too_many = TurnedAway {
        count: 1,
        waited_ms: 0,
        why: Refusal::TooMany,
        problem: None,
    };
    assert_eq!(world.turned_away(), [too_many]);
}

#[test]
fn connections_that_go_with_the_tunnel_are_kept_if_it_failed_and_are_no_news_if_it_was_stopped() {
    let mut world = World::new();
    let key = world.expect_start();
    world.input(Input::Accepted(RequestId(1)));
    world.input(Input::Granted(key, Err(failure(Next::Stop))));
    let no_session = TurnedAway {
        count: 1,
        waited_ms: 0,
        why: Refusal::NoSession,
        problem: Some(problem("trouble")),
    };
    assert_eq!(world.turned_away(), [no_session]);

    let mut world = World::new();
    world.input(Input::Accepted(RequestId(1)));
    world.input(Input::Stop);
    world.input(Input::Accepted(RequestId(2)));
    assert_eq!(world.turned_away(), []);
}

#[test]
fn a_connection_that_is_placed_anew_waits_no_longer_for_it() {
    let (mut world, key) = World::up();
    let early = world.now;
    world.input(Input::Accepted(RequestId(1)));
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    world.now += SECOND * 10;
    world.input(Input::Accepted(RequestId(2)));
    world.now += SECOND * 10;
    world.input(Input::Returned(RequestId(3), early));
    assert_eq!(world.next_timer(), TunnelTimer::WaitLimit(RequestId(3)));
    assert_eq!(world.now, early + SECOND * 30);
    assert_eq!(world.next_timer(), TunnelTimer::WaitLimit(RequestId(2)));
    assert_eq!(world.now, early + SECOND * 40);
}
