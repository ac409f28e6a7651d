//! What is kept of a tunnel's life.

use super::*;
use crate::evidence::{Asked, Attempts, DropEnd};

#[test]
fn each_change_of_state_is_kept_with_its_cause() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    for _ in 0..3 {
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        world.next_timer();
        world.expect_resume();
    }
    world.resume(key, "session-1");
    world.input(Input::Stop);
    let causes: Vec<_> = world
        .records()
        .into_iter()
        .filter_map(|what| match what {
            Happening::State { cause, .. } => Some(cause),
            Happening::Drop(_)
            | Happening::Renewed(_)
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Slept { .. }
            | Happening::Carried { .. }
            | Happening::Target(_) => None,
        })
        .collect();
    assert_eq!(
        causes,
        [
            Cause::Started,
            Cause::Established,
            Cause::Lost,
            Cause::Refused,
            Cause::Resumed,
            Cause::Stopped
        ]
    );
}

#[test]
fn a_drop_is_kept_with_what_was_answered_and_what_it_cost() {
    let (mut world, key) = World::up();
    for id in 1..=3 {
        world.input(Input::Accepted(RequestId(id)));
    }
    world.actions();
    world.now += SECOND * 3600;
    let vitals = Vitals {
        last_frame_ms: Some(40),
        unacknowledged: 7,
        ..Vitals::default()
    };
    let lost = Loss {
        vitals: vitals.clone(),
        ..loss(true)
    };
    world.input(Input::Lost(key, lost));
    world.expect_resume();
    world.now += SECOND;
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    world.next_timer();
    world.expect_resume();
    world.input(Input::Finished(key));
    world.resume(key, "session-1");

    let drops = world.drops();
    let [drop] = &drops[..] else {
        panic!("{drops:?}");
    };
    assert_eq!(drop.end, DropEnd::Resumed);
    assert_eq!((drop.connections, drop.survived), (3, 2));
    assert_eq!(drop.vitals, vitals);
    assert_eq!(drop.close.code, Some(1000));
    assert_eq!(drop.socket_age_ms, 3_600_000);
    let asked: Vec<_> = drop.attempts.iter().map(|kind| kind.asked).collect();
    assert_eq!(
        asked,
        [Asked::ResumeSession, Asked::ResumeSession, Asked::Upgrade]
    );
    assert_eq!(drop.attempts[0].took_ms, 1000);
    assert_eq!(drop.attempts[0].problem, Some(problem("trouble")));
    assert!(drop.lasted_ms >= 1000);
}

#[test]
fn a_drop_that_cost_connections_says_so_even_where_no_other_session_is_needed() {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::new(1, 2),
        ..plain()
    });
    let bulk = world.expect_start();
    world.bring_up(bulk);
    world.input(Input::Accepted(RequestId(1)));
    world.input(Input::Load(bulk, Load::Bulk));
    let Some(Action::Start(spare)) = world.actions().pop() else {
        panic!("no second session");
    };
    world.bring_up(spare);
    world.input(Input::Accepted(RequestId(2)));
    assert_eq!(world.actions(), [Action::Place(RequestId(2), spare)]);
    world.lose(spare);
    world.expect_resume();
    world.input(Input::Granted(spare, Err(failure(Next::NewSession))));
    world.actions();
    let Some((_, TunnelTimer::Attempt(next))) = world.tunnel.poll_timeout() else {
        panic!("{:?}", world.tunnel.poll_timeout());
    };
    world.next_timer();
    world.actions();
    world.records();
    world.input(Input::Granted(next, Err(failure(Next::Retry))));
    let drops = world.drops();
    let [drop] = &drops[..] else {
        panic!("{drops:?}");
    };
    assert!(matches!(drop.end, DropEnd::Replaced { .. }), "{drop:?}");
    assert_eq!((drop.connections, drop.survived), (1, 0));
    assert!(!drop.what.contains("Nobody"), "{}", drop.what);
}

#[test]
fn a_drop_that_cost_the_session_ends_when_another_has_taken_its_place() {
    let (mut world, key) = World::up();
    world.input(Input::Accepted(RequestId(1)));
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::NewSession))));
    assert_eq!(world.drops(), []);
    let next = world.tunnel.slots[0].key;
    for _ in 0..7 {
        world.next_timer();
        world.actions();
        world.now += SECOND;
        world.input(Input::Granted(next, Err(failure(Next::Retry))));
    }
    assert_eq!(world.drops(), []);
    world.next_timer();
    world.actions();
    world.now += SECOND;
    world.bring_up(next);
    let drops = world.drops();
    let [drop] = &drops[..] else {
        panic!("{drops:?}");
    };
    assert!(matches!(drop.end, DropEnd::Replaced { .. }));
    let attempts = drop.attempts.iter();
    let attempts: Vec<_> = attempts
        .map(|kind| (kind.asked, kind.count, kind.problem.is_some()))
        .collect();
    assert_eq!(
        attempts,
        [
            (Asked::ResumeSession, 1, true),
            (Asked::StartSession, 7, true),
            (Asked::StartSession, 1, false),
            (Asked::Upgrade, 1, false)
        ]
    );
    assert!(drop.what.contains("7 attempts"), "{}", drop.what);
    assert_eq!((drop.connections, drop.survived), (1, 0));
    assert_eq!(drop.session_id.as_deref(), Some("session-1"));
    assert_eq!(
        (world.tunnel.reconnects(), world.tunnel.replacements()),
        (0, 1)
    );
}

#[test]
fn a_session_that_ends_by_itself_is_a_drop_with_its_cause() {
    let (mut world, key) = World::up();
    world.input(Input::Over(key, problem("jammed"), Vitals::default()));
    world.actions();
    let next = world.tunnel.slots[0].key;
    world.bring_up(next);
    let drops = world.drops();
    let [drop] = &drops[..] else {
        panic!("{drops:?}");
    };
    assert_eq!(drop.closed_by, ClosedBy::SessionEnd);
    assert_eq!(drop.what, "What happened.");
}

#[test]
fn giving_up_and_stopping_close_the_record() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Stop);
    assert_eq!(world.drops()[0].end, DropEnd::Stopped);

    let (mut world, key) = World::up();
    world.lose(key);
    loop {
        world.actions();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        if matches!(world.tunnel.state(), State::Failed { .. }) {
            break;
        }
        world.next_timer();
    }
    let drops = world.drops();
    assert!(matches!(&drops[..], [drop] if matches!(drop.end, DropEnd::GivenUp { .. })));
}

#[test]
fn what_comes_after_the_end_changes_nothing() {
    let (mut world, key) = World::up();
    world.input(Input::Over(key, problem("jammed"), Vitals::default()));
    world.actions();
    world.events();
    // The traps of a late close: whoever came first has decided.
    world.lose(key);
    world.input(Input::Over(
        key,
        problem("session-ended"),
        Vitals::default(),
    ));
    world.input(Input::Degraded(key, Some(illness("no-pong"))));
    world.input(Input::FlagDone(key));
    world.input(Input::Terminated(key));
    world.input(Input::Renewed(key));
    world.input(Input::Quiet(key, Vitals::default()));
    assert_eq!(world.actions(), []);
    assert_eq!(world.events(), []);

    world.input(Input::Stop);
    world.input(Input::Stop);
    world.actions();
    let next = world.tunnel.slots[0].key;
    world.input(Input::Granted(next, Err(failure(Next::Stop))));
    assert_eq!(world.tunnel.state(), State::Off);
    world.actions();
    world.events();
    world.input(Input::Stop);
    world.input(Input::TryNow);
    world.input(Input::NetworkUp);
    world.input(Input::Woke { asleep: SECOND });
    assert_eq!(world.tunnel.state(), State::Off);
    assert_eq!(world.events(), []);
    assert_eq!(world.actions(), []);
    assert_eq!(world.tunnel.poll_timeout(), None);
}

#[test]
fn records_survive_being_written_and_read() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.resume(key, "session-1");
    for event in world.all_events().collect::<Vec<_>>() {
        if let Event::Record(record) = event {
            let line = serde_json::to_string(&record).unwrap();
            let read: Record = serde_json::from_str(&line).unwrap();
            // What problems name goes into no record: the sentences say it.
            assert_eq!(serde_json::to_string(&read).unwrap(), line);
        }
    }
}

#[test]
fn a_lazy_tunnel_that_nobody_uses_is_said_to_listen_for_that_reason() {
    let mut world = World::with(TunnelPolicy {
        start: Start::Lazy { idle: SECOND },
        ..plain()
    });
    world.input(Input::Accepted(RequestId(1)));
    let key = world.expect_start();
    world.bring_up(key);
    world.actions();
    world.input(Input::Finished(key));
    world.records();
    assert_eq!(world.next_timer(), TunnelTimer::Idle);
    let what = Happening::State {
        state: State::Listening,
        cause: Cause::Idle,
    };
    assert_eq!(world.records(), [what]);
}

#[test]
fn each_outage_counts_from_its_own_loss() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.resume(key, "session-1");
    world.now += SECOND * 2;
    world.lose(key);
    let lost = world.since_start();
    let State::Reconnecting { since, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(since, lost);
}

#[test]
fn a_websocket_that_nothing_had_to_pass_is_resumed_at_once_if_it_lived_for_a_while() {
    let (mut world, key) = World::up();
    world.lose(key);
    for _ in 0..6 {
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        world.next_timer();
    }
    world.expect_resume();
    world.resume(key, "session-1");
    world.now += SECOND * 11;
    world.lose(key);
    world.expect_resume();

    // But not if it was dead all the time.
    world.resume(key, "session-1");
    world.now += SECOND * 30;
    world.fall_silent(key);
    assert_eq!(world.actions(), []);
}

#[test]
fn a_call_that_is_under_way_when_the_drop_ends_is_in_its_record() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.pass(SECOND * 7);
    world.input(Input::Stop);
    let drops = world.drops();
    let [DropRecord { attempts, what, .. }] = &drops[..] else {
        panic!("{drops:?}");
    };
    let [pending] = &attempts[..] else {
        panic!("{attempts:?}");
    };
    assert_eq!(
        (pending.asked, pending.took_ms),
        (Asked::ResumeSession, 7_000)
    );
    assert_eq!(
        pending
            .problem
            .as_ref()
            .map(|problem| problem.code.as_str()),
        Some("unanswered")
    );
    assert!(
        what.contains("AWS had not answered ResumeSession yet."),
        "{what}"
    );
}

#[test]
fn a_call_that_was_answered_is_not_said_to_be_under_way_when_the_tunnel_gives_up() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::NewSession))));
    world.actions();
    world.next_timer();
    let key = world.expect_start();
    world.input(Input::Granted(key, Err(failure(Next::Stop))));
    let drops = world.drops();
    let [DropRecord { attempts, .. }] = &drops[..] else {
        panic!("{drops:?}");
    };
    let count = |attempts: &[Attempts]| attempts.iter().map(|alike| alike.count).sum::<u32>();
    assert_eq!(count(attempts), 2, "{attempts:?}");
}

#[test]
fn what_a_call_took_leaves_out_the_time_that_it_waited_for_its_turn() {
    let (mut world, key) = World::up();
    let lost = world.now;
    world.lose(key);
    world.expect_resume();
    world.input(Input::Asked(key, lost + SECOND * 20));
    world.now += SECOND * 21;
    world.resume(key, "session-1");
    let [drop] = &world.drops()[..] else {
        panic!("not one drop");
    };
    let call = &drop.attempts[0];
    assert_eq!((call.first_after_ms, call.took_ms), (20_000, 1_000));
}
