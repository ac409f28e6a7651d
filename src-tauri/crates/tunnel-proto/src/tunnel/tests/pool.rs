//! The session pool: growing, placing, shrinking.

use super::*;
use crate::DropEnd;

const MINUTE: Duration = Duration::from_secs(60);

fn pool(least: u8, most: u8) -> TunnelPolicy {
    TunnelPolicy {
        sessions: PoolSize::new(least, most),
        ..plain()
    }
}

/// A tunnel with one session up, and the bounds of its pool.
fn up(least: u8, most: u8) -> (World, SessionKey) {
    let mut world = World::with(pool(least, most));
    let key = world.expect_start();
    world.bring_up(key);
    (world, key)
}

fn connect(world: &mut World, id: u64) -> Vec<Action> {
    world.input(Input::Accepted(RequestId(id)));
    world.actions()
}

#[test]
fn an_idle_tunnel_holds_one_session() {
    let (mut world, key) = up(1, 4);
    assert_eq!(connect(&mut world, 1), [Action::Place(RequestId(1), key)]);
    world.pass(MINUTE * 60);
    assert_eq!(world.actions(), []);
    assert_eq!(world.tunnel.sessions_up(), 1);
}

#[test]
fn a_bulk_transfer_brings_a_second_session_to_which_new_connections_go() {
    let (mut world, bulk) = up(1, 4);
    connect(&mut world, 1);
    world.input(Input::Load(bulk, Load::Bulk));
    let spare = world.expect_start();
    // It waits for the session that will serve it well.
    assert_eq!(connect(&mut world, 2), []);
    world.bring_up(spare);
    assert_eq!(world.actions(), [Action::Place(RequestId(2), spare)]);
    world.pass(SECOND);
    assert_eq!(connect(&mut world, 3), [Action::Place(RequestId(3), spare)]);
    world.input(Input::Load(bulk, Load::Light));
    assert_eq!(world.actions(), []);
}

/// The sessions that are started now.
fn started(actions: &[Action]) -> Vec<SessionKey> {
    let started = actions.iter().map(|action| {
        let Action::Start(key) = action else {
            panic!("{action:?}");
        };
        *key
    });
    started.collect()
}

#[test]
fn connections_that_come_together_get_a_session_each() {
    let (mut world, first) = up(1, 6);
    assert_eq!(connect(&mut world, 1), [Action::Place(RequestId(1), first)]);
    let mut spares = Vec::new();
    for id in 2..=6 {
        spares.extend(started(&connect(&mut world, id)));
    }
    assert_eq!(spares.len(), 5);
    for (spare, id) in spares.into_iter().zip(2..) {
        world.bring_up(spare);
        assert_eq!(world.actions(), [Action::Place(RequestId(id), spare)]);
    }
    // One more shares with one of which nothing is known: there is nothing to wait for.
    assert_eq!(connect(&mut world, 7), [Action::Place(RequestId(7), first)]);
}

#[test]
fn connections_that_waited_for_the_first_session_are_spread_too() {
    let mut world = World::with(pool(1, 3));
    let first = world.expect_start();
    for id in 1..=3 {
        assert_eq!(connect(&mut world, id), []);
    }
    world.bring_up(first);
    let actions = world.actions();
    assert_eq!(actions[0], Action::Place(RequestId(1), first));
    assert_eq!(started(&actions[1..]).len(), 2);
}

#[test]
fn where_a_session_takes_long_to_start_no_connection_waits_for_one_of_its_own() {
    let mut world = World::with(pool(1, 4));
    let first = world.expect_start();
    world.pass(SECOND);
    world.bring_up(first);
    connect(&mut world, 1);
    let actions = connect(&mut world, 2);
    assert_eq!(started(&actions[..1]).len(), 1);
    assert_eq!(actions[1..], [Action::Place(RequestId(2), first)]);
}

#[test]
fn a_connection_waits_no_longer_than_until_it_is_known_what_the_others_carry() {
    let (mut world, first) = up(1, 4);
    connect(&mut world, 1);
    world.pass(SECOND / 4);
    started(&connect(&mut world, 2));
    let asked = world.now;
    assert_eq!(world.next_timer(), TunnelTimer::SparePatience(RequestId(2)));
    assert_eq!(world.actions(), [Action::Place(RequestId(2), first)]);
    assert_eq!(world.now - asked, SECOND / 4);
}

#[test]
fn connections_one_after_another_need_no_more_sessions() {
    let (mut world, first) = up(1, 4);
    for id in 1..=100 {
        let placed = [Action::Place(RequestId(id), first)];
        assert_eq!(connect(&mut world, id), placed);
        world.input(Input::Finished(first));
        assert_eq!(world.actions(), []);
    }
}

#[test]
fn a_session_that_nobody_uses_any_more_carries_no_transfer() {
    let (mut world, first) = up(2, 2);
    let second = world.expect_start();
    world.bring_up(second);
    connect(&mut world, 1);
    world.input(Input::Load(first, Load::Bulk));
    world.input(Input::Finished(first));
    // Its load is told later.
    assert_eq!(connect(&mut world, 2), [Action::Place(RequestId(2), first)]);
    assert_eq!(
        connect(&mut world, 3),
        [Action::Place(RequestId(3), second)]
    );
}

#[test]
fn a_connection_does_not_wait_long_for_a_session_of_its_own() {
    let (mut world, bulk) = up(1, 4);
    connect(&mut world, 1);
    world.input(Input::Load(bulk, Load::Bulk));
    world.expect_start();
    connect(&mut world, 2);
    assert_eq!(world.next_timer(), TunnelTimer::SparePatience(RequestId(2)));
    assert_eq!(world.actions(), [Action::Place(RequestId(2), bulk)]);
}

#[test]
fn a_connection_that_may_not_wait_takes_the_session_that_there_is() {
    for wait in [Duration::ZERO, SECOND / 2, SECOND] {
        let mut world = World::with(TunnelPolicy {
            wait_limit: wait,
            ..pool(1, 4)
        });
        let bulk = world.expect_start();
        world.bring_up(bulk);
        connect(&mut world, 1);
        world.input(Input::Load(bulk, Load::Bulk));
        world.expect_start();
        let mut actions = connect(&mut world, 2);
        if actions.is_empty() {
            world.pass(wait);
            actions = world.actions();
        }
        assert_eq!(actions, [Action::Place(RequestId(2), bulk)], "{wait:?}");
        // Nor is it closed where the process stood still until long after its time.
        let mut actions = connect(&mut world, 3);
        if actions.is_empty() {
            world.now += MINUTE;
            world.tunnel.handle_timeout(world.now);
            actions = world.actions();
        }
        assert_eq!(
            actions[..1],
            [Action::Place(RequestId(3), bulk)],
            "{wait:?}"
        );
        assert_eq!(world.turned_away(), []);
    }
}

#[test]
fn the_pool_grows_to_its_bound_and_not_beyond() {
    let (mut world, first) = up(1, 3);
    connect(&mut world, 1);
    let mut bulk = first;
    for id in 2..=3 {
        world.input(Input::Load(bulk, Load::Bulk));
        bulk = world.expect_start();
        world.bring_up(bulk);
        connect(&mut world, id);
    }
    world.input(Input::Load(bulk, Load::Bulk));
    assert_eq!(world.actions(), []);
    assert_eq!(world.tunnel.sessions_up(), 3);
}

#[test]
fn a_pool_of_fixed_size_neither_grows_nor_shrinks() {
    let (mut world, key) = up(1, 1);
    connect(&mut world, 1);
    world.input(Input::Load(key, Load::Bulk));
    assert_eq!(world.actions(), []);
    assert_eq!(connect(&mut world, 2), [Action::Place(RequestId(2), key)]);
}

#[test]
fn growth_that_the_service_refuses_costs_nothing_and_is_tried_again_later() {
    let (mut world, bulk) = up(1, 4);
    connect(&mut world, 1);
    world.input(Input::Load(bulk, Load::Bulk));
    let spare = world.expect_start();
    connect(&mut world, 2);
    world.input(Input::Granted(spare, Err(failure(Next::Stop))));
    assert_eq!(
        world.actions(),
        [Action::Discard(spare), Action::Place(RequestId(2), bulk)]
    );
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    connect(&mut world, 3);
    world.now += MINUTE;
    world.input(Input::Accepted(RequestId(4)));
    assert!(matches!(world.actions()[..], [Action::Start(_)]));
}

#[test]
fn growth_whose_handshake_fails_is_not_counted_as_a_session_that_was_lost() {
    let (mut world, bulk) = up(1, 4);
    connect(&mut world, 1);
    world.input(Input::Load(bulk, Load::Bulk));
    let spare = world.expect_start();
    world.input(Input::Granted(spare, Ok(grant(2))));
    world.input(Input::Dialled(spare, Ok(())));
    world.actions();
    let over = problem("handshake-timeout");
    world.input(Input::Over(spare, over, Vitals::default()));
    let abandon = Action::Abandon("session-2".to_owned());
    assert_eq!(world.actions(), [Action::Discard(spare), abandon]);
    assert_eq!(world.tunnel.replacements(), 0);
    // It is tried again, but not at once.
    assert_eq!(connect(&mut world, 2), [Action::Place(RequestId(2), bulk)]);
    world.now += MINUTE;
    world.input(Input::Accepted(RequestId(3)));
    assert!(matches!(world.actions()[..], [Action::Start(_)]));
}

#[test]
fn a_session_that_helps_no_more_is_ended_after_a_while() {
    let (mut world, bulk) = up(1, 4);
    connect(&mut world, 1);
    world.input(Input::Load(bulk, Load::Bulk));
    let spare = world.expect_start();
    world.bring_up(spare);
    connect(&mut world, 2);
    // As long as it keeps connections away from the bulk transfer, it helps.
    world.input(Input::Finished(spare));
    world.pass(MINUTE * 5);
    assert_eq!(world.actions(), []);

    world.input(Input::Load(bulk, Load::Light));
    assert_eq!(world.actions(), [Action::SendEnd(spare)]);
    world.input(Input::FlagDone(spare));
    let terminate = Action::Terminate(spare, "session-2".to_owned());
    assert_eq!(world.actions(), [terminate]);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    world.input(Input::Terminated(spare));
    assert_eq!(world.actions(), [Action::Discard(spare)]);
    assert_eq!(world.tunnel.sessions_up(), 1);
    assert_eq!(world.tunnel.replacements(), 0);
}

#[test]
fn a_session_with_connections_is_never_ended_for_being_one_too_many() {
    let (mut world, bulk) = up(1, 4);
    connect(&mut world, 1);
    world.input(Input::Load(bulk, Load::Bulk));
    let spare = world.expect_start();
    world.bring_up(spare);
    connect(&mut world, 2);
    world.input(Input::Load(bulk, Load::Light));
    world.pass(MINUTE * 60);
    assert_eq!(world.actions(), []);
}

#[test]
fn nobody_resumes_a_session_that_nobody_uses() {
    let (mut world, bulk) = up(1, 4);
    connect(&mut world, 1);
    world.input(Input::Load(bulk, Load::Bulk));
    let spare = world.expect_start();
    world.bring_up(spare);
    world.input(Input::Load(bulk, Load::Light));
    world.lose(spare);
    let abandon = Action::Abandon("session-2".to_owned());
    assert_eq!(world.actions(), [Action::Discard(spare), abandon]);
    let drops = world.drops();
    assert!(
        matches!(&drops[..], [drop] if drop.end == DropEnd::LetGo),
        "{drops:?}"
    );
}

#[test]
fn new_connections_keep_away_from_a_session_that_is_stalled() {
    let (mut world, stalled) = up(1, 4);
    connect(&mut world, 1);
    world.input(Input::Degraded(stalled, Some(illness("stalled"))));
    assert_eq!(world.actions(), []);
    world.input(Input::Accepted(RequestId(2)));
    let spare = world.expect_start();
    world.bring_up(spare);
    assert_eq!(world.actions(), [Action::Place(RequestId(2), spare)]);
}

#[test]
fn new_connections_keep_away_from_a_websocket_that_is_about_to_be_cut() {
    let (mut world, old) = up(1, 4);
    connect(&mut world, 1);
    world.pass(MINUTE * 18);
    world.input(Input::Woke {
        asleep: MINUTE * 40,
    });
    assert_eq!(world.actions(), [Action::CheckPath(old)]);
    world.input(Input::Accepted(RequestId(2)));
    let spare = world.expect_start();
    world.bring_up(spare);
    assert_eq!(world.actions(), [Action::Place(RequestId(2), spare)]);
    // The gateway keeps other hours: it is as good as any.
    world.input(Input::Finished(spare));
    world.input(Input::Finished(old));
    world.pass(MINUTE * 6);
    assert_eq!(world.tunnel.sessions_up() + world.tunnel.waiting(), 1);
}

#[test]
fn a_session_that_is_never_quiet_is_drained_and_replaced_before_its_hour_is_up() {
    let (mut world, first) = up(1, 4);
    assert_eq!(connect(&mut world, 1), [Action::Place(RequestId(1), first)]);
    world.pass(Duration::from_secs(57 * 60));
    let actions = connect(&mut world, 2);
    let [Action::Start(second)] = actions[..] else {
        panic!("{actions:?}");
    };
    world.bring_up(second);
    assert_eq!(world.actions(), [Action::Place(RequestId(2), second)]);
    // What the old one carried ends in its own time, and nothing new has come to it.
    world.pass(SECOND * 30);
    assert_eq!(
        connect(&mut world, 3),
        [Action::Place(RequestId(3), second)]
    );
    world.input(Input::Finished(first));
    world.pass(SECOND * 60);
    assert_eq!(world.actions(), [Action::SendEnd(first)]);
    assert!(world.now - world.start < Duration::from_secs(60 * 60));
    assert!(world.drops().is_empty());
}
