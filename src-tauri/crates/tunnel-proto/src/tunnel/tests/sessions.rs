//! What is said of each session.

use super::*;
use crate::{RenewalOutlook, SessionState, SessionStatus};

const MINUTE: Duration = Duration::from_secs(60);

impl World {
    fn only_session(&self) -> SessionStatus {
        let all: Vec<_> = self.tunnel.sessions(self.now).collect();
        match &all[..] {
            [one] => one.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn now_ms(&self) -> u64 {
        self.tunnel.unix_ms(self.now)
    }
}

fn renewing() -> World {
    World::with(TunnelPolicy {
        renew_after: Some(MINUTE * 50),
        ..plain()
    })
}

#[test]
fn a_session_is_starting_until_its_handshake_and_up_from_then_on() {
    let mut world = renewing();
    let key = world.expect_start();
    let starting = world.only_session();
    assert_eq!(starting.state, SessionState::Starting);
    assert_eq!((starting.session_id, starting.socket_since), (None, None));
    assert_eq!(starting.renewal, RenewalOutlook::None);

    world.bring_up(key);
    let began = world.now_ms();
    world.pass(MINUTE * 10);
    let up = world.only_session();
    assert_eq!(up.state, SessionState::Up);
    assert_eq!(up.session_id.as_deref(), Some("session-1"));
    assert_eq!(
        (up.established, up.socket_since),
        (Some(began), Some(began))
    );
    assert_eq!(up.renewal, RenewalOutlook::Due(began + 50 * 60_000));
}

#[test]
fn a_lost_session_says_when_it_is_tried_again_and_keeps_its_age() {
    let mut world = renewing();
    let key = world.expect_start();
    world.bring_up(key);
    let began = world.now_ms();
    world.pass(MINUTE);
    world.lose(key);
    world.expect_resume();
    let lost = world.only_session();
    assert!(matches!(
        lost.state,
        SessionState::Reconnecting {
            next_attempt: None,
            ..
        }
    ));
    assert_eq!((lost.established, lost.socket_since), (Some(began), None));

    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    let (due, _) = world.tunnel.poll_timeout().unwrap();
    let due = world.tunnel.unix_ms(due);
    assert!(matches!(
        world.only_session().state,
        SessionState::Reconnecting { next_attempt: Some(at), .. } if at == due
    ));
}

#[test]
fn the_age_of_a_websocket_counts_the_time_asleep_and_so_does_its_renewal() {
    let mut world = renewing();
    let key = world.expect_start();
    world.bring_up(key);
    let began = world.now_ms();
    world.input(Input::Sleeping);
    world.input(Input::Woke {
        asleep: MINUTE * 20,
    });
    let woken = world.only_session();
    assert_eq!(world.now_ms(), began + 20 * 60_000);
    assert_eq!(woken.socket_since, Some(began));
    assert_eq!(woken.renewal, RenewalOutlook::Due(began + 50 * 60_000));
}

#[test]
fn a_renewal_is_told_from_the_wait_for_it() {
    let mut world = renewing();
    let key = world.expect_start();
    world.bring_up(key);
    world.next_timer();
    assert_eq!(world.only_session().renewal, RenewalOutlook::AtQuiet);
    world.input(Input::Quiet(key, Vitals::default()));
    assert_eq!(world.only_session().renewal, RenewalOutlook::UnderWay);
}

#[test]
fn a_sleep_is_recorded_with_its_length() {
    let mut world = renewing();
    let key = world.expect_start();
    world.bring_up(key);
    world.records();
    world.input(Input::Sleeping);
    world.input(Input::Woke {
        asleep: MINUTE * 20,
    });
    assert!(world.records().contains(&Happening::Slept {
        asleep_ms: 20 * 60_000
    }));
}
