//! A new WebSocket ahead of time.

use super::*;
use crate::evidence::Renewal;
use crate::slot::Renewing;

const MINUTE: Duration = Duration::from_secs(60);

fn renewing() -> TunnelPolicy {
    TunnelPolicy {
        renew_after: Some(MINUTE * 50),
        ..plain()
    }
}

/// A tunnel whose WebSocket is 50 minutes old and has just been asked for a quiet moment.
fn due() -> (World, SessionKey) {
    let mut world = World::with(renewing());
    let key = world.expect_start();
    world.bring_up(key);
    world.pass(MINUTE * 50 - SECOND);
    assert_eq!(world.actions(), []);
    assert_eq!(world.next_timer(), TunnelTimer::Renewal(key));
    assert_eq!(world.actions(), [Action::AwaitQuiet(key)]);
    (world, key)
}

fn grant_renewal(world: &mut World, key: SessionKey) {
    world.input(Input::Quiet(key, Vitals::default()));
    assert_eq!(world.expect_resume(), (key, "session-1".to_owned()));
    world.input(Input::Granted(key, Ok(grant(1))));
    assert_eq!(
        world.actions(),
        [Action::Dial(key, grant(1), Purpose::Renew)]
    );
}

#[test]
fn an_old_websocket_is_renewed_at_a_quiet_moment_while_connections_are_carried() {
    let (mut world, key) = due();
    assert_eq!(world.tunnel.poll_timeout(), None);
    world.now += MINUTE;
    grant_renewal(&mut world, key);
    world.input(Input::Dialled(key, Ok(())));
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    world.records();
    world.input(Input::Renewed(key));
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    let renewal = Renewal {
        session_id: Some("session-1".to_owned()),
        socket_age_ms: 51 * 60_000,
        gap_ms: 0,
        connections: 0,
    };
    assert_eq!(world.records(), [Happening::Renewed(renewal)]);
    assert_eq!((world.tunnel.renewals(), world.tunnel.reconnects()), (1, 0));
    let (at, timer) = world.tunnel.poll_timeout().unwrap();
    assert_eq!(timer, TunnelTimer::Renewal(key));
    assert_eq!(at, world.now + MINUTE * 50);
}

#[test]
fn renewal_can_be_switched_off() {
    let (mut world, _) = World::up();
    world.actions();
    world.pass(MINUTE * 600);
    assert_eq!(world.actions(), []);
}

#[test]
fn a_service_that_refuses_what_is_connected_gets_a_close_at_a_quiet_moment() {
    let (mut world, key) = due();
    world.input(Input::Quiet(key, Vitals::default()));
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Stop))));
    assert_eq!(world.actions(), [Action::AwaitQuiet(key)]);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    world.input(Input::Quiet(key, Vitals::default()));
    let resume = Action::Resume(key, "session-1".to_owned());
    assert_eq!(world.actions(), [Action::Close(key), resume]);
    world.now += SECOND;
    world.resume(key, "session-1");
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    assert_eq!((world.tunnel.renewals(), world.tunnel.reconnects()), (1, 0));
    assert_eq!(world.tunnel.last_close(), None);
    assert!(
        world
            .records()
            .iter()
            .any(|what| matches!(what, Happening::Renewed(Renewal { gap_ms: 1000, .. })))
    );
}

#[test]
fn a_refusal_of_what_is_connected_says_nothing_once_the_websocket_is_lost() {
    for refusal in [Next::Stop, Next::NewSession] {
        let (mut world, key) = due();
        world.input(Input::Quiet(key, Vitals::default()));
        world.expect_resume();
        world.lose(key);
        assert_eq!(world.actions(), []);
        world.input(Input::Granted(key, Err(failure(refusal))));
        assert_eq!(world.expect_resume(), (key, "session-1".to_owned()));
        // Asked for without a WebSocket, the same answer is the last word on this session.
        world.input(Input::Granted(key, Err(failure(refusal))));
        assert_eq!(world.tunnel.replacements(), 1);
    }
}

#[test]
fn what_may_pass_is_tried_again_and_nothing_else_changes() {
    for next in [Next::Retry, Next::AwaitNetwork, Next::SignIn] {
        let (mut world, key) = due();
        world.input(Input::Quiet(key, Vitals::default()));
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(next))));
        assert_eq!(world.actions(), []);
        assert!(matches!(world.tunnel.state(), State::Up { .. }));
        assert_eq!(world.next_timer(), TunnelTimer::Renewal(key));
        assert_eq!(world.actions(), [Action::AwaitQuiet(key)]);
    }
}

#[test]
fn a_session_that_the_service_calls_over_is_used_as_long_as_it_works() {
    let (mut world, key) = due();
    world.input(Input::Quiet(key, Vitals::default()));
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::NewSession))));
    assert_eq!(world.actions(), []);
    assert_eq!(world.tunnel.poll_timeout(), None);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

#[test]
fn a_close_in_the_middle_of_a_renewal_uses_what_was_asked_for() {
    // While ResumeSession is under way.
    let (mut world, key) = due();
    world.input(Input::Quiet(key, Vitals::default()));
    world.expect_resume();
    world.lose(key);
    assert_eq!(world.actions(), []);
    world.resume(key, "session-1");
    assert!(matches!(world.tunnel.state(), State::Up { .. }));

    // While the WebSocket is being opened.
    let (mut world, key) = due();
    grant_renewal(&mut world, key);
    world.lose(key);
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
    world.input(Input::Dialled(key, Ok(())));
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    world.input(Input::Renewed(key));
    assert_eq!((world.tunnel.renewals(), world.tunnel.reconnects()), (0, 1));

    // While it waits for a quiet moment.
    let (mut world, key) = due();
    grant_renewal(&mut world, key);
    world.input(Input::Dialled(key, Ok(())));
    world.lose(key);
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
    world.input(Input::Renewed(key));
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    assert_eq!((world.tunnel.renewals(), world.tunnel.reconnects()), (0, 1));
    assert_eq!(world.actions(), []);
}

#[test]
fn a_session_that_is_never_quiet_is_asked_again_after_a_pause() {
    let (mut world, key) = due();
    grant_renewal(&mut world, key);
    world.input(Input::Dialled(key, Ok(())));
    world.input(Input::RenewalMissed(key));
    let before = world.now;
    assert_eq!(world.next_timer(), TunnelTimer::Renewal(key));
    assert!(world.now - before >= SECOND * 30);
    assert_eq!(world.actions(), [Action::AwaitQuiet(key)]);
}

#[test]
fn time_asleep_counts_for_the_age_of_a_websocket() {
    let mut world = World::with(renewing());
    let key = world.expect_start();
    world.bring_up(key);
    world.input(Input::Woke {
        asleep: MINUTE * 49,
    });
    world.actions();
    let (at, _) = world.tunnel.poll_timeout().unwrap();
    assert_eq!(at, world.now + MINUTE);
}

#[test]
fn a_stop_in_the_middle_of_a_renewal_ends_the_session() {
    let (mut world, key) = due();
    grant_renewal(&mut world, key);
    world.input(Input::Stop);
    assert_eq!(world.actions(), [Action::SendEnd(key)]);
    world.input(Input::Dialled(key, Ok(())));
    world.input(Input::Renewed(key));
    world.input(Input::FlagDone(key));
    let terminate = Action::Terminate(key, "session-1".to_owned());
    assert_eq!(world.actions(), [terminate]);
    assert_eq!(
        world.tunnel.slots[0].up().map(|up| up.renewing),
        None::<Renewing>
    );
}

#[test]
fn no_websocket_is_closed_for_a_renewal_while_there_is_no_network() {
    let (mut world, key) = due();
    world.input(Input::Quiet(key, Vitals::default()));
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Stop))));
    assert_eq!(world.actions(), [Action::AwaitQuiet(key)]);
    world.input(Input::NetworkDown);
    world.input(Input::Quiet(key, Vitals::default()));
    assert_eq!(world.actions(), []);
    world.input(Input::NetworkUp);
    assert_eq!(world.actions(), [Action::CheckPath(key)]);
    assert_eq!(world.next_timer(), TunnelTimer::Renewal(key));
    assert_eq!(world.actions(), [Action::AwaitQuiet(key)]);
}

#[test]
fn a_websocket_that_works_is_not_closed_because_no_other_can_be_opened() {
    let (mut world, key) = due();
    world.input(Input::Quiet(key, Vitals::default()));
    grant_renewal(&mut world, key);
    world.input(Input::Dialled(key, Err(failure(Next::Stop))));
    assert_eq!(world.actions(), []);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    assert_eq!(world.next_timer(), TunnelTimer::Renewal(key));
}

#[test]
fn a_refusal_right_after_our_close_costs_no_session_and_counts_once_the_close_must_be_known() {
    let (mut world, key) = due();
    world.input(Input::Quiet(key, Vitals::default()));
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Stop))));
    let vitals = Vitals {
        messages_sent: 7,
        ..Vitals::default()
    };
    world.input(Input::Quiet(key, vitals.clone()));
    world.actions();
    let closed = world.now;
    for _ in 0..3 {
        world.input(Input::Granted(key, Err(failure(Next::Stop))));
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
        assert_eq!(world.expect_resume(), (key, "session-1".to_owned()));
    }
    assert_eq!(world.tunnel.replacements(), 0);
    world.now = closed + SECOND * 10;
    world.input(Input::Granted(key, Err(failure(Next::Stop))));
    assert_eq!(world.tunnel.replacements(), 1);
    // What is kept of it says how the session was when it was closed.
    world.actions();
    world.input(Input::Stop);
    let vitals_kept: Vec<_> = world.drops().into_iter().map(|drop| drop.vitals).collect();
    assert_eq!(vitals_kept, [vitals]);
}

#[test]
fn a_renewal_that_is_under_way_is_given_up_with_its_network_and_its_websocket_checked() {
    let (mut world, key) = due();
    let given_up = [Action::GiveUp(key), Action::CheckPath(key)];
    world.input(Input::Quiet(key, Vitals::default()));
    world.expect_resume();
    world.input(Input::NetworkUp);
    assert_eq!(world.actions(), given_up);
    world.input(Input::Granted(key, Ok(grant(1))));
    world.actions();
    world.input(Input::NetworkUp);
    assert_eq!(world.actions(), given_up);
}
