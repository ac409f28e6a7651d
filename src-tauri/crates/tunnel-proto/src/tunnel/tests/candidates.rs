//! Several targets, in their order.

use super::*;
use crate::{Candidate, Choice, Failure, PassedOver, TargetSpec};

/// A tunnel with the targets a, b and c that has asked for its first session.
fn three() -> (World, SessionKey) {
    let mut world = World::new();
    world
        .tunnel
        .set_targets(&"a, b, c".parse::<TargetSpec>().unwrap());
    let key = world.expect_start();
    (world, key)
}

fn fails(next: Next, kind: ProblemKind, code: &str) -> Failure {
    let what = format!("It is {code}.");
    Failure {
        next,
        problem: Problem::new(kind, code, what, "Look."),
    }
}

fn away() -> Failure {
    fails(Next::AwaitTarget, ProblemKind::Target, "away")
}

fn denied() -> Failure {
    fails(Next::Stop, ProblemKind::Permission, "denied")
}

fn candidate(world: &World, key: SessionKey) -> String {
    world.tunnel.candidate(key).unwrap().to_string()
}

/// StartSession is granted at the candidate that it was asked for at.
fn bring_up(world: &mut World, key: SessionKey) {
    let node = candidate(world, key);
    world.input(Input::Chosen(key, Choice::of_id(node)));
    world.bring_up(key);
}

#[test]
fn the_next_target_is_tried_at_once_when_one_is_away_or_denied() {
    let (mut world, key) = three();
    assert_eq!(candidate(&world, key), "a");
    world.input(Input::Granted(key, Err(away())));
    assert_eq!(world.expect_start(), key);
    assert_eq!(candidate(&world, key), "b");
    world.input(Input::Granted(key, Err(denied())));
    assert_eq!(world.expect_start(), key);
    assert_eq!(candidate(&world, key), "c");
    assert!(matches!(world.tunnel.state(), State::Connecting { .. }));
    world.records();
    bring_up(&mut world, key);
    let choice = world.tunnel.choice().cloned().unwrap();
    assert_eq!(choice.node, "c");
    let over: Vec<_> = choice
        .passed_over
        .iter()
        .map(|PassedOver { candidate, problem }| (candidate.as_str(), problem.code.as_str()))
        .collect();
    assert_eq!(over, [("a", "away"), ("b", "denied")]);
    let told = Happening::Target(Box::new(choice));
    assert!(world.records().contains(&told));
}

#[test]
fn a_start_at_which_no_target_can_be_used_fails_with_all_of_their_reasons() {
    let (mut world, key) = three();
    for failure in [denied(), away(), denied()] {
        world.input(Input::Granted(key, Err(failure)));
    }
    let State::Failed { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "no-target");
    assert_eq!(
        problem.what,
        "None of the 3 targets can be used. a: It is denied. b: It is away. c: It is denied."
    );
    assert_eq!(problem.kind, ProblemKind::Target);
}

#[test]
fn one_target_alone_fails_as_it_always_did() {
    let mut world = World::new();
    world
        .tunnel
        .set_targets(&"a".parse::<TargetSpec>().unwrap());
    let key = world.expect_start();
    world.input(Input::Granted(key, Err(away())));
    let State::Failed { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "away");
}

#[test]
fn a_tunnel_that_was_up_goes_on_trying_all_targets_in_their_order() {
    let (mut world, key) = three();
    bring_up(&mut world, key);
    world.pass(HEALING);
    world.input(Input::Over(key, problem("ended"), Vitals::default()));
    let key = world.expect_start_after();
    for _ in 0..3 {
        for expected in ["a", "b", "c"] {
            assert_eq!(candidate(&world, key), expected);
            world.input(Input::Granted(key, Err(away())));
            if expected != "c" {
                assert_eq!(world.expect_start(), key, "at once");
            }
        }
        assert!(world.actions().is_empty(), "only after a pause");
        assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
        assert_eq!(world.expect_start(), key);
    }
    // One that may come back keeps the tunnel alive, although the last was refused for good.
    world.input(Input::Granted(key, Err(away())));
    world.input(Input::Granted(key, Err(denied())));
    world.input(Input::Granted(key, Err(denied())));
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
}

#[test]
fn what_is_no_fault_of_the_target_is_tried_again_from_the_first() {
    for failure in [
        fails(Next::Retry, ProblemKind::Service, "throttled"),
        fails(Next::AwaitNetwork, ProblemKind::Network, "dns"),
    ] {
        let (mut world, key) = three();
        world.input(Input::Granted(key, Err(away())));
        world.expect_start();
        world.input(Input::Granted(key, Err(failure)));
        assert!(world.actions().is_empty(), "only after a pause");
        world.next_timer();
        assert_eq!(world.expect_start(), key);
        assert_eq!(candidate(&world, key), "a");
        bring_up(&mut world, key);
        assert!(world.tunnel.choice().unwrap().passed_over.is_empty());
    }
}

#[test]
fn a_session_that_never_comes_up_is_replaced_at_the_next_target() {
    let (mut world, key) = three();
    world.input(Input::Chosen(key, Choice::of_id("a")));
    world.input(Input::Granted(key, Ok(grant(1))));
    world.actions();
    world.input(Input::Dialled(key, Ok(())));
    let silent = Problem::new(ProblemKind::Target, "silent", "It says nothing.", "");
    world.input(Input::Over(key, silent, Vitals::default()));
    let key = world.expect_start_after();
    assert_eq!(candidate(&world, key), "b");
    bring_up(&mut world, key);
    let choice = world.tunnel.choice().unwrap();
    assert_eq!((choice.node.as_str(), choice.passed_over.len()), ("b", 1));
}

#[test]
fn an_agent_that_says_nothing_may_do_so_another_time_and_each_target_is_named() {
    let (mut world, key) = three();
    bring_up(&mut world, key);
    world.pass(HEALING);
    world.input(Input::Over(key, problem("ended"), Vitals::default()));
    let key = world.expect_start_after();
    world.input(Input::Granted(key, Err(denied())));
    assert_eq!(world.expect_start(), key);
    // The second is chosen and its agent never answers.
    world.input(Input::Chosen(key, Choice::of_id("b")));
    world.input(Input::Granted(key, Ok(grant(2))));
    world.actions();
    world.input(Input::Dialled(key, Ok(())));
    let silent = Problem::new(ProblemKind::Target, "silent", "It says nothing.", "");
    world.input(Input::Over(key, silent, Vitals::default()));
    let key = world.expect_start_after();
    assert_eq!(candidate(&world, key), "c");
    world.input(Input::Granted(key, Err(denied())));
    let State::Reconnecting { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(
        problem.what,
        "None of the 3 targets can be used. a: It is denied. b: It says nothing. c: It is denied."
    );
}

#[test]
fn a_session_that_worked_is_replaced_from_the_first_target() {
    let (mut world, key) = three();
    world.input(Input::Granted(key, Err(away())));
    world.expect_start();
    bring_up(&mut world, key);
    world.pass(HEALING);
    world.input(Input::Over(key, problem("ended"), Vitals::default()));
    let key = world.expect_start_after();
    assert_eq!(candidate(&world, key), "a");
}

#[test]
fn the_choice_is_told_once_for_all_sessions_and_again_when_it_is_another() {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::fixed(2),
        ..plain()
    });
    world
        .tunnel
        .set_targets(&"a, b".parse::<TargetSpec>().unwrap());
    let keys: Vec<_> = world
        .actions()
        .into_iter()
        .filter_map(|action| {
            if let Action::Start(key) = action {
                Some(key)
            } else {
                None
            }
        })
        .collect();
    let told = |world: &mut World| {
        let records = world.records().into_iter();
        records
            .filter(|what| matches!(what, Happening::Target(_)))
            .count()
    };
    for key in &keys {
        world.input(Input::Chosen(*key, Choice::of_id("a")));
    }
    assert_eq!(told(&mut world), 1);
    world.input(Input::Chosen(keys[0], Choice::of_id("b")));
    assert_eq!(told(&mut world), 1);
}

#[test]
fn a_candidate_is_known_before_any_session_is_asked_for() {
    let mut world = World::new();
    let key = world.expect_start();
    assert_eq!(world.tunnel.candidate(key), None, "none was set");
    world
        .tunnel
        .set_targets(&"a".parse::<TargetSpec>().unwrap());
    assert_eq!(
        world.tunnel.candidate(key),
        Some(&Candidate::Id("a".to_owned()))
    );
}

impl World {
    /// The session that is asked for, now or after a pause.
    fn expect_start_after(&mut self) -> SessionKey {
        loop {
            if let Some(Action::Start(key)) = self.actions().last() {
                return *key;
            }
            self.next_timer();
        }
    }
}
