//! What the service and the agent do: refusals, expired credentials, sessions that end.

use std::time::Duration;

use tunnel_proto::{ClosedBy, DropEnd, Happening, Input, State, Then};

use super::{BOTH_WAYS, HOUR, LONG, MINUTE, SECOND, assert_whole, one_session, reasons};
use crate::agent::Manner;
use crate::service::{Absent, Conditions};
use crate::traffic::Plan;
use crate::world::{Fate, Mood, World};

/// A tunnel in mid transfer.
fn transferring(seed: u64) -> World {
    let mut world = World::with(seed, Conditions::default(), one_session());
    world.connect(LONG);
    world.run_for(SECOND);
    world
}

#[test]
fn resumes_that_fail_thirty_times_in_a_row_are_tried_until_they_work() {
    for code in ["service-error", "throttled"] {
        let mut world = transferring(1);
        world.mood = Mood::FailResumes(code, 30);
        world.reset();
        world.run_for(SECOND);
        assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
        world.run_out(HOUR);
        assert_whole(&world);
        assert_eq!(reasons(&world), ["connection-lost", code]);
        assert_eq!(world.calls(), 1 + 30 + 1);
    }
}

#[test]
fn resumes_that_hang_for_a_minute_are_given_up_after_ten_seconds_each() {
    let mut world = transferring(2);
    world.mood_for(Mood::HangResumes(u32::MAX), MINUTE);
    world.reset();
    world.run_to(MINUTE * 2, World::is_up);
    assert_eq!(reasons(&world), ["connection-lost", "hangs"]);
    // Ten seconds each, and a pause after each.
    assert!((5..=1 + 7).contains(&world.calls()), "{}", world.calls());
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn resumes_that_hang_thirty_times_in_a_row_are_tried_until_one_is_answered() {
    let mut world = transferring(2);
    world.mood = Mood::HangResumes(30);
    world.reset();
    world.run_to(HOUR, World::is_up);
    assert_eq!(reasons(&world), ["connection-lost", "hangs"]);
    assert_eq!(world.calls(), 1 + 30 + 1);
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn upgrades_that_are_refused_for_ten_minutes_are_tried_with_pauses_until_they_work() {
    let mut world = transferring(3);
    world.refuse_upgrades(MINUTE * 10);
    world.reset();
    world.run_for(MINUTE * 9);
    assert_eq!(reasons(&world), ["connection-lost", "upgrade-refused"]);
    // Half a minute is the longest pause: back within one.
    world.run_to(SECOND * 92, World::is_up);
    assert!((20..120).contains(&world.calls()), "{}", world.calls());
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn a_service_that_fails_for_longer_than_the_budget_ends_the_tunnel_with_its_reason() {
    let mut world = transferring(4);
    world.mood = Mood::FailResumes("service-error", u32::MAX);
    world.reset();
    world.run_for(MINUTE * 29);
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
    world.run_for(MINUTE * 2);
    let State::Failed { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "service-error");
    assert_eq!(world.locals[0].fate, Fate::Reset);
    world.assert_nothing_left();
}

#[test]
fn an_expired_role_is_assumed_anew_and_the_session_resumed_at_the_next_try() {
    let mut world = transferring(5);
    world.mood = Mood::Expired(1);
    world.reset();
    world.run_to(SECOND, World::is_up);
    assert_eq!(world.calls(), 1 + 2);
    world.run_out(MINUTE);
    assert_whole(&world);
}

#[test]
fn an_expired_login_waits_without_vain_calls_and_is_resumed_by_the_sign_in() {
    // Refused by the service, or known to be expired before it is asked.
    for mood in [Mood::Expired(u32::MAX), Mood::SignedOut] {
        let mut world = transferring(6);
        world.mood = mood;
        world.reset();
        world.run_for(MINUTE * 10);
        assert!(matches!(world.tunnel.state(), State::NeedsSignIn { .. }));
        // One look at the credentials a minute.
        let calls = world.calls();
        assert!(calls <= 1 + 2 + 10, "{calls}");
        world.mood = Mood::Fine;
        world.tell(Input::CredentialsChanged);
        world.run_to(SECOND / 2, World::is_up);
        assert_eq!(world.calls(), calls + 1);
        world.run_out(MINUTE);
        assert_whole(&world);
    }
}

#[test]
fn a_sign_in_that_nobody_tells_of_is_found_within_a_minute() {
    let mut world = transferring(7);
    world.mood = Mood::SignedOut;
    world.reset();
    world.run_for(MINUTE * 5);
    world.mood = Mood::Fine;
    world.run_to(MINUTE + SECOND, World::is_up);
    world.run_out(MINUTE);
    assert_whole(&world);
}

/// The session is replaced within a while: its connection is reset, those that come meanwhile
/// wait and are served, and nothing of the old session is left.
#[track_caller]
fn assert_replaced_within(world: &mut World, most: Duration, why: &str) {
    let from = world.now;
    while world.replaced.is_empty() {
        assert!(world.now - from < most, "{:?}", world.tunnel.state());
        world.run_for(SECOND / 10);
    }
    assert_eq!(world.locals[0].fate, Fate::Reset);
    let parked = world.connect(BOTH_WAYS);
    world.run_to(MINUTE, |world| world.locals[parked].fate == Fate::Done);
    assert!(world.is_up());
    assert_eq!(world.replaced, [why]);
    assert_eq!(world.tunnel.replacements(), 1);
    assert_eq!(world.service.living(), 1);
    assert_eq!(
        world.count(Fate::Reset) + world.count(Fate::Done),
        world.locals.len()
    );
    assert_eq!(world.count(Fate::Reset), 1);
}

#[test]
fn a_session_that_cannot_be_resumed_is_replaced_and_waiting_connections_are_served() {
    let mut world = transferring(8);
    world.service.terminate("session-000");
    world.reset();
    world.connect(BOTH_WAYS);
    assert_replaced_within(&mut world, SECOND, "session-over");
}

#[test]
fn a_session_that_the_service_ends_is_replaced_at_once() {
    let mut world = transferring(9);
    world.service.end_session(world.now, 0);
    assert_replaced_within(&mut world, SECOND, "session-ended");
}

#[test]
fn an_agent_that_is_away_for_half_a_minute_costs_no_byte_and_is_told() {
    let mut world = transferring(10);
    world.agents_away(SECOND * 30);
    world.run_for(SECOND * 2);
    let State::Degraded { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "agent-away");
    world.connect(BOTH_WAYS);
    world.run_out(HOUR);
    assert_whole(&world);
    assert!(world.is_up());
    assert_eq!(world.calls(), 1);
}

#[test]
fn an_agent_that_is_gone_for_more_than_two_minutes_is_replaced() {
    let mut world = transferring(11);
    world.agents_away(HOUR);
    world.run_for(SECOND * 119);
    assert!(world.replaced.is_empty());
    assert_replaced_within(&mut world, SECOND * 15, "agent-gone");
}

#[test]
fn a_target_that_goes_away_and_comes_back_gets_a_new_session() {
    let mut world = transferring(12);
    world.service.terminate("session-000");
    world.mood_for(Mood::TargetAway, MINUTE * 10);
    world.reset();
    world.run_for(MINUTE * 9);
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
    assert!(world.calls() < 60, "{}", world.calls());
    world.run_for(SECOND * 50);
    let parked = world.connect(BOTH_WAYS);
    world.run_to(MINUTE, |world| world.locals[parked].fate == Fate::Done);
    assert!(world.is_up());
}

#[test]
fn a_connection_waits_for_a_session_for_half_a_minute_and_no_longer() {
    let mut world = transferring(13);
    world.refuse_upgrades(MINUTE * 2);
    world.reset();
    let parked = world.connect(BOTH_WAYS);
    world.run_for(SECOND * 29);
    assert_eq!(world.locals[parked].fate, Fate::Waiting);
    world.run_for(SECOND * 2);
    assert_eq!(world.locals[parked].fate, Fate::Reset);
}

#[test]
fn a_session_is_jammed_after_thirty_seconds_when_its_agent_never_resends() {
    let conditions = Conditions {
        absent: Absent::Drop,
        ..Conditions::default()
    };
    let mut world = World::with(14, conditions, one_session());
    world.connect(Plan::bulk(0, 500_000));
    world.run_for(SECOND / 4);
    world.service.sessions[0].agent.manner = Manner::NeverResends;
    world.reset();
    world.run_to(SECOND, |world| world.tunnel.reconnects() == 1);
    world.run_for(SECOND * 29);
    assert!(world.replaced.is_empty());
    assert_replaced_within(&mut world, SECOND * 12, "jammed");
}

#[test]
fn a_session_whose_destination_does_not_read_is_jammed_though_pongs_go_on() {
    let mut world = World::with(15, Conditions::default(), one_session());
    world.connect(Plan::bulk(50_000_000, 0));
    world.run_for(SECOND);
    world.service.sessions[0].agent.manner = Manner::Stuck;
    world.run_for(SECOND * 10);
    let State::Degraded {
        problem, outlook, ..
    } = world.tunnel.state()
    else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "stalled");
    assert_eq!(outlook.held, 1);
    let end = outlook.until.unwrap();
    assert_eq!(end.then, Then::Replaced);
    // It is as was said, but for the last ping.
    let left = Duration::from_millis(end.at - world.unix_ms());
    world.run_for(left - SECOND / 2);
    assert!(world.replaced.is_empty());
    assert_replaced_within(&mut world, SECOND, "jammed");
    assert_eq!(world.tunnel.reconnects(), 0);
}

#[test]
fn a_stuck_agent_whose_websockets_are_cut_early_or_late_is_replaced_and_the_jam_has_its_own_record()
{
    for life in [SECOND * 4, SECOND * 8, SECOND * 29] {
        let mut world = World::with(17, Conditions::default(), one_session());
        world.connect(Plan::bulk(50_000_000, 0));
        world.run_for(SECOND);
        world.service.sessions[0].agent.manner = Manner::Stuck;
        let from = world.now;
        let mut cuts = 0;
        while world.replaced.is_empty() {
            world.run_to(MINUTE, World::has_socket);
            let until = world.now + life;
            while world.now < until && world.replaced.is_empty() {
                world.run_for(SECOND / 10);
            }
            if world.replaced.is_empty() {
                world.reset();
                cuts += 1;
            }
            assert!(world.now - from < MINUTE * 5, "{life:?}");
        }
        assert_eq!(world.replaced, ["jammed"], "{life:?}");
        world.run_to(MINUTE, World::is_up);
        let drops: Vec<_> = world
            .records
            .iter()
            .filter_map(|record| match &record.what {
                Happening::Drop(lost) => Some((lost.closed_by, &lost.end)),
                Happening::State { .. }
                | Happening::Renewed(_)
                | Happening::Unreached { .. }
                | Happening::Target(_)
                | Happening::TurnedAway(_)
                | Happening::LeftBehind { .. }
                | Happening::EndedLate { .. }
                | Happening::Carried { .. }
                | Happening::Slept { .. } => None,
            })
            .collect();
        let (jam, resumed) = drops.split_last().unwrap();
        assert_eq!(resumed.len(), cuts, "{life:?}: {drops:?}");
        for drop in resumed {
            assert_eq!(*drop, (ClosedBy::Network, &DropEnd::Resumed), "{life:?}");
        }
        let (ClosedBy::SessionEnd, DropEnd::Replaced { problem }) = jam else {
            panic!("{life:?}: {jam:?}");
        };
        assert_eq!(problem.code, "jammed");
    }
}

#[test]
fn a_stop_ends_every_session_at_the_service() {
    let mut world = World::new(16, Conditions::default());
    world.connect(BOTH_WAYS);
    world.run_out(MINUTE);
    world.connect(LONG);
    world.run_for(SECOND * 2);
    world.tell(Input::Stop);
    world.run_for(SECOND * 3);
    assert_eq!(world.tunnel.state(), State::Off);
    assert!(world.service.sessions[0].agent.ended);
    assert_eq!(world.live(), 0);
    world.assert_nothing_left();
}

#[test]
fn whoever_connects_just_before_the_service_is_back_is_served_within_its_wait() {
    for seed in 60..100 {
        let mut world = World::with(seed, Conditions::default(), one_session());
        world.run_to(SECOND, World::is_up);
        let away = MINUTE * 5;
        world.refuse_upgrades(away);
        world.reset();
        world.run_for(away - SECOND);
        let calls = world.calls();
        let late = world.connect(BOTH_WAYS);
        world.run_to(SECOND * 12, |world| {
            world.locals[late].fate != Fate::Waiting
        });
        assert_ne!(world.locals[late].fate, Fate::Reset);
        assert!(
            world.calls() - calls <= 4,
            "{} calls",
            world.calls() - calls
        );
        world.run_out(MINUTE);
    }
}

#[test]
fn a_program_that_connects_all_the_time_has_the_service_asked_every_few_seconds_at_most() {
    let mut world = World::with(100, Conditions::default(), one_session());
    world.run_to(SECOND, World::is_up);
    world.mood = Mood::FailResumes("service-error", u32::MAX);
    world.reset();
    world.run_for(MINUTE);
    let calls = world.calls();
    for _ in 0..600 {
        world.connect(BOTH_WAYS);
        world.run_for(SECOND);
    }
    // Half of a third of the wait on average.
    let calls = world.calls() - calls;
    assert!((60..240).contains(&calls), "{calls}");
}
