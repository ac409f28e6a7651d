//! The tunnel that is lazy: the first connection starts its session.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn lazy() -> TunnelPolicy {
    TunnelPolicy {
        start: Start::Lazy { idle: MINUTE * 10 },
        ..plain()
    }
}

fn connect(world: &mut World, id: u64) -> Vec<Action> {
    world.input(Input::Accepted(RequestId(id)));
    world.actions()
}

#[test]
fn a_lazy_tunnel_starts_with_its_first_connection_and_ends_after_its_last() {
    let mut world = World::with(lazy());
    assert_eq!(world.tunnel.state(), State::Listening);
    assert_eq!(world.actions(), []);
    assert_eq!(world.tunnel.poll_timeout(), None);

    world.input(Input::Accepted(RequestId(1)));
    let key = world.expect_start();
    assert!(matches!(world.tunnel.state(), State::Connecting { .. }));
    world.bring_up(key);
    assert_eq!(world.actions(), [Action::Place(RequestId(1), key)]);
    world.pass(MINUTE * 60);
    world.input(Input::Finished(key));
    assert_eq!(world.next_timer(), TunnelTimer::Idle);
    assert_eq!(world.actions(), [Action::SendEnd(key)]);
    assert_eq!(world.tunnel.state(), State::Listening);
    world.input(Input::FlagDone(key));
    world.actions();
    world.input(Input::Terminated(key));
    assert_eq!(world.actions(), [Action::Discard(key)]);
    assert_eq!(world.tunnel.poll_timeout(), None);

    // The next one starts it again.
    world.input(Input::Accepted(RequestId(2)));
    world.expect_start();
}

#[test]
fn a_lazy_tunnel_that_is_lost_while_nobody_uses_it_just_listens() {
    let mut world = World::with(lazy());
    connect(&mut world, 1);
    let key = world.tunnel.slots[0].key;
    world.bring_up(key);
    world.actions();
    world.input(Input::Finished(key));
    world.lose(key);
    let abandon = Action::Abandon("session-1".to_owned());
    assert_eq!(world.actions(), [Action::Discard(key), abandon]);
    assert_eq!(world.tunnel.state(), State::Listening);
}

#[test]
fn an_unused_lazy_tunnel_of_two_sessions_starts_none_and_one_that_is_used_fills_up_with_pauses() {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::fixed(2),
        ..lazy()
    });
    connect(&mut world, 1);
    let first = world.tunnel.slots[0].key;
    world.bring_up(first);
    let [Action::Start(second), Action::Place(..)] = world.actions()[..] else {
        panic!("no second session");
    };
    world.bring_up(second);
    world.input(Input::Finished(first));
    world.lose(first);
    let abandon = Action::Abandon("session-1".to_owned());
    assert_eq!(world.actions(), [Action::Discard(first), abandon]);

    // Used again, it has two; the new one is refused when the last connection has just ended.
    world.input(Input::Accepted(RequestId(2)));
    let actions = world.actions();
    let [Action::Start(third), Action::Place(RequestId(2), placed)] = actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(placed, second);
    world.input(Input::Finished(second));
    world.input(Input::Granted(third, Err(failure(Next::Retry))));
    assert_eq!(world.actions(), [Action::Discard(third)]);
    // The next connection does not ask the service again at once, but in a minute.
    assert_eq!(
        connect(&mut world, 3),
        [Action::Place(RequestId(3), second)]
    );
    assert_eq!(world.next_timer(), TunnelTimer::Fill);
    assert_eq!(world.now - world.start, MINUTE);
    world.expect_start();
}

#[test]
fn a_connection_that_comes_while_a_lazy_tunnel_ends_its_session_gets_a_new_one() {
    let mut world = World::with(lazy());
    connect(&mut world, 1);
    let key = world.tunnel.slots[0].key;
    world.bring_up(key);
    world.actions();
    world.input(Input::Finished(key));
    world.next_timer();
    assert_eq!(world.actions(), [Action::SendEnd(key)]);
    world.input(Input::Accepted(RequestId(2)));
    let next = world.expect_start();
    world.bring_up(next);
    assert_eq!(world.actions(), [Action::Place(RequestId(2), next)]);
}

#[test]
fn a_lazy_tunnel_connects_since_it_is_wanted() {
    let mut world = World::with(lazy());
    world.pass(MINUTE * 60);
    world.input(Input::Accepted(RequestId(1)));
    let since = world.since_start();
    assert_eq!(world.tunnel.state(), State::Connecting { since });
}

#[test]
fn a_lazy_tunnel_that_is_wanted_without_a_network_says_so_and_starts_with_its_return() {
    let mut world = World::with(lazy());
    world.input(Input::Accepted(RequestId(1)));
    let key = world.expect_start();
    world.bring_up(key);
    world.input(Input::Finished(key));
    world.pass(MINUTE * 10);
    world.input(Input::Terminated(key));
    world.actions();

    world.input(Input::NetworkDown);
    assert_eq!(world.tunnel.state(), State::Listening);
    world.input(Input::Accepted(RequestId(2)));
    assert_eq!(world.actions(), []);
    let State::Reconnecting { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "network-down");
    world.input(Input::NetworkUp);
    world.expect_start();
    assert!(matches!(world.tunnel.state(), State::Connecting { .. }));
}

#[test]
fn a_lazy_tunnel_whose_first_session_can_not_be_had_listens_again_and_says_why() {
    for refusal in [Next::Stop, Next::AwaitTarget] {
        let mut world = World::with(lazy());
        world.input(Input::Accepted(RequestId(1)));
        let key = world.expect_start();
        world.input(Input::Granted(key, Err(failure(refusal))));
        assert_eq!(
            world.actions(),
            [Action::Reject(RequestId(1)), Action::Discard(key)]
        );
        assert_eq!(world.tunnel.state(), State::Listening);
        let events: Vec<_> = world.all_events().collect();
        assert!(
            events.contains(&Event::Rested(problem("trouble"))),
            "{events:?}"
        );
        assert!(!events.iter().any(|event| matches!(event, Event::Failed(_))));
        let kept = events.iter().any(|event| {
            matches!(event, Event::Record(record)
                if matches!(&record.what, Happening::TurnedAway(turned) if turned.count == 1))
        });
        assert!(kept, "{events:?}");

        // The next connection finds that it is mended.
        world.now += SECOND;
        world.input(Input::Accepted(RequestId(2)));
        let key = world.expect_start();
        world.bring_up(key);
        assert_eq!(world.actions(), [Action::Place(RequestId(2), key)]);
    }
}

#[test]
fn a_lazy_tunnel_listens_again_when_its_budget_is_used_up() {
    let mut world = World::with(lazy());
    world.input(Input::Accepted(RequestId(1)));
    while !matches!(world.tunnel.state(), State::Listening) {
        let key = world.expect_start();
        world.now += SECOND;
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        if matches!(
            world.tunnel.poll_timeout(),
            Some((_, TunnelTimer::Attempt(_)))
        ) {
            world.next_timer();
        }
    }
    assert_eq!(world.turned_away().len(), 1);
}

#[test]
fn settings_that_are_refused_before_any_session_was_there_end_a_lazy_tunnel_too() {
    let mut world = World::with(lazy());
    world.input(Input::Accepted(RequestId(1)));
    let key = world.expect_start();
    let refused = Failure {
        next: Next::Stop,
        problem: Problem::new(ProblemKind::Settings, "x", "No such document.", ""),
    };
    world.input(Input::Granted(key, Err(refused.clone())));
    assert!(matches!(world.tunnel.state(), State::Failed { .. }));

    // Once it was up, they were good, and may be so again.
    let mut world = World::with(lazy());
    connect(&mut world, 1);
    let key = world.tunnel.slots[0].key;
    world.bring_up(key);
    world.input(Input::Finished(key));
    world.lose(key);
    world.actions();
    world.input(Input::Accepted(RequestId(2)));
    let key = world.expect_start();
    world.input(Input::Granted(key, Err(refused)));
    assert_eq!(world.tunnel.state(), State::Listening);
}

#[test]
fn a_program_that_connects_again_and_again_does_not_call_the_service_as_often() {
    let mut world = World::with(lazy());
    let mut calls = 0;
    let mut id = 0;
    while world.now - world.start < MINUTE * 5 {
        id += 1;
        world.input(Input::Accepted(RequestId(id)));
        while world.tunnel.state() != State::Listening {
            for action in world.actions() {
                if let Action::Start(key) = action {
                    calls += 1;
                    world.input(Input::Granted(key, Err(failure(Next::Stop))));
                }
            }
            if world.tunnel.state() != State::Listening {
                world.next_timer();
            }
        }
        world.now += Duration::from_millis(1);
    }
    // Pauses of up to a third of the wait: five seconds on average.
    assert!((10..90).contains(&calls), "{calls} calls in five minutes");
}

#[test]
fn a_lazy_tunnel_that_rests_says_what_it_waits_for() {
    let mut world = World::with(lazy());
    connect(&mut world, 1);
    let key = world.tunnel.slots[0].key;
    world.input(Input::Granted(key, Err(failure(Next::Stop))));
    world.actions();
    assert_eq!(connect(&mut world, 2), []);
    let State::Reconnecting {
        next_attempt: Some(_),
        problem: why,
        ..
    } = world.tunnel.state()
    else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(why, problem("trouble"));
}

#[test]
fn the_pause_after_a_session_that_could_not_be_had_is_no_longer_than_a_connection_can_bear() {
    for seed in 0..20 {
        let mut world = World::with(lazy());
        world.tunnel.random = ChaCha12Rng::from_seed([seed; 32]);
        for id in 1..40 {
            world.input(Input::Accepted(RequestId(id)));
            if let State::Reconnecting {
                next_attempt: Some(at),
                ..
            } = world.tunnel.state()
            {
                // A third of the 30 s for which it waits.
                assert!(at <= world.since_start() + 10_000, "{seed}: {at}");
                world.next_timer();
            }
            let key = world.expect_start();
            world.input(Input::Granted(key, Err(failure(Next::Stop))));
            world.actions();
        }
    }
}
