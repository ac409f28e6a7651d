//! Stalls, jams, and an agent that is away.

use bytes::Bytes;
use ssm_message::{MessageType, PayloadType};

use super::world::{World, ms, secs};
use super::*;

const PAUSE: MessageType = MessageType::PausePublication;
const START: MessageType = MessageType::StartPublication;

/// A session of which a message is never acknowledged.
fn stuck(config: SessionConfig) -> World {
    let mut world = World::with(config);
    world.acknowledges = false;
    let id = world.session.open(world.now).unwrap();
    world.write(id, b"a".to_vec());
    world
}

#[test]
fn a_session_that_gets_nothing_acknowledged_is_stalled_and_then_jammed() {
    let mut world = stuck(SessionConfig::default());
    world.run(ms(4_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.run(ms(24_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["over: jammed"]);
    let problem = world.session.outcome().unwrap();
    assert!(problem.what.contains("1 connection."), "{problem:?}");
    assert!(problem.remedy.contains("does not read"), "{problem:?}");
}

#[test]
fn any_new_acknowledgement_starts_the_clock_anew() {
    let mut world = stuck(SessionConfig::default());
    let id = world.session.open(world.now).unwrap();
    world.run(secs(29));
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.write(id, b"b".to_vec());
    let first = world.unanswered.remove(0);
    world.acknowledge(&first);
    assert_eq!(world.said(), ["fine"]);
    // Again is not new.
    world.run(secs(4));
    world.acknowledge(&first);
    world.run(secs(1));
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.run(secs(25));
    assert_eq!(world.said(), ["over: jammed"]);
}

/// Makes every second of `count` pairs of the agent's messages come, and returns the numbers of
/// the others.
fn lose(world: &mut World, count: i64) -> Vec<i64> {
    let first = world.sent;
    world.sent += 2 * count;
    let lost: Vec<_> = (0..count).map(|pair| first + 2 * pair).collect();
    for number in &lost {
        world.say_number(number + 1, PayloadType::Other(99), Bytes::new());
    }
    lost
}

/// What was lost comes, one message every 100 ms.
fn heal(world: &mut World, lost: &[i64]) {
    for number in lost {
        world.run(ms(100));
        world.say_number(*number, PayloadType::Other(99), Bytes::new());
    }
}

#[test]
fn a_gap_that_is_healed_head_by_head_is_no_stall_and_is_told_until_it_is_closed() {
    let mut world = World::multiplexed();
    let lost = lose(&mut world, 200);
    heal(&mut world, &lost[..9]);
    world.run(ms(99));
    assert!(world.said().is_empty());
    world.run(ms(1));
    let events = world.events();
    let [SessionEvent::Degraded(Some(Illness { problem, .. }))] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(problem.code, "catching-up");
    assert!(problem.what.contains("191 messages"), "{problem:?}");
    heal(&mut world, &lost[9..]);
    assert_eq!(world.session.vitals(world.now).held, 0);
    world.run(ms(999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["fine"]);
}

#[test]
fn a_gap_that_closes_within_a_second_is_not_worth_a_word() {
    let mut world = World::multiplexed();
    for _ in 0..20 {
        let lost = lose(&mut world, 9);
        heal(&mut world, &lost);
    }
    world.run(secs(2));
    assert!(world.said().is_empty());
}

#[test]
fn one_gap_soon_after_the_other_is_one_time_of_catching_up() {
    let mut world = World::multiplexed();
    for _ in 0..20 {
        let lost = lose(&mut world, 15);
        heal(&mut world, &lost);
        world.run(ms(900));
    }
    assert_eq!(world.said(), ["degraded: catching-up"]);
    world.run(ms(100));
    assert_eq!(world.said(), ["fine"]);
}

#[test]
fn catching_up_that_comes_to_a_stand_is_a_stall() {
    let mut world = World::multiplexed();
    let lost = lose(&mut world, 20);
    heal(&mut world, &lost[..15]);
    assert_eq!(world.said(), ["degraded: catching-up"]);
    world.run(secs(5));
    assert_eq!(world.said(), ["degraded: stalled"]);
    heal(&mut world, &lost[15..]);
    assert_eq!(world.said(), ["degraded: catching-up"]);
    world.control(PAUSE);
    assert_eq!(world.said(), ["degraded: agent-away"]);
}

#[test]
fn catching_up_ends_with_the_websocket_and_is_told_anew_on_the_next() {
    let mut world = World::multiplexed();
    let lost = lose(&mut world, 60);
    heal(&mut world, &lost[..20]);
    world.disconnect();
    assert_eq!(world.said(), ["degraded: catching-up", "fine"]);
    world.run(secs(10));
    world.connect();
    heal(&mut world, &lost[20..29]);
    assert!(world.said().is_empty());
    heal(&mut world, &lost[29..32]);
    assert_eq!(world.said(), ["degraded: catching-up"]);
}

#[test]
fn a_gap_that_stays_is_a_jam_whatever_else_comes() {
    let mut world = World::multiplexed();
    let missing = world.sent;
    for number in 1..=300 {
        world.say_number(missing + number, PayloadType::Other(99), Bytes::new());
        world.run(ms(100));
    }
    assert_eq!(world.said(), ["degraded: stalled", "over: jammed"]);
    let problem = world.session.outcome().unwrap();
    assert!(problem.what.contains("no connection."), "{problem:?}");
}

#[test]
fn a_path_that_is_silent_is_not_taken_for_a_jam() {
    for ping_interval in [secs(20), secs(300)] {
        let mut world = stuck(SessionConfig {
            ping_interval,
            ..SessionConfig::default()
        });
        world.answers_pings = false;
        world.run(secs(40));
        let said = world.said();
        assert!(said.contains(&"path dead".to_owned()), "{said:?}");
        assert_eq!(world.session.outcome(), None);
    }
}

#[test]
fn a_stall_is_told_only_once_the_gateway_has_answered_and_silence_is_told_as_such() {
    let mut world = stuck(SessionConfig::default());
    world.answers_pings = false;
    world.run(ms(7_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["degraded: no-pong"]);
    world.session.handle_life(world.now);
    assert_eq!(world.said(), ["degraded: stalled"]);
}

#[test]
fn a_stuck_agent_whose_websockets_are_cut_before_a_regular_ping_is_jammed_all_the_same() {
    let mut world = stuck(SessionConfig::default());
    for _ in 0..3 {
        world.run(secs(8));
        assert_eq!(world.said(), ["degraded: stalled"]);
        world.disconnect();
        assert_eq!(world.said(), ["fine"]);
        world.connect();
    }
    world.run(secs(10));
    assert_eq!(world.said(), ["degraded: stalled", "over: jammed"]);
}

#[test]
fn a_stuck_agent_whose_websockets_are_cut_before_a_stall_shows_is_jammed_all_the_same() {
    for (life, pause) in [
        (secs(4), secs(1)),
        (ms(2_500), secs(20)),
        (ms(1_100), secs(1)),
    ] {
        let mut world = stuck(SessionConfig::default());
        let mut open = Duration::ZERO;
        while open + life < secs(30) {
            world.run(life);
            open += life;
            assert!(world.said().is_empty());
            world.disconnect();
            world.run(pause);
            world.connect();
        }
        world.run(life);
        assert_eq!(
            world.said(),
            ["degraded: stalled", "over: jammed"],
            "{life:?}"
        );
    }
}

#[test]
fn what_a_silent_path_has_taken_is_not_held_against_the_agent() {
    let mut world = stuck(SessionConfig::default());
    world.answers_pings = false;
    for _ in 0..20 {
        world.run(secs(15));
        assert_eq!(world.said(), ["degraded: no-pong", "path dead"]);
        world.disconnect();
        world.events();
        world.connect();
    }
    // The last of them is cut as it begins: its first ping was swallowed too.
    world.disconnect();
    world.answers_pings = true;
    world.connect();
    world.run(secs(29));
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.run(secs(1));
    assert_eq!(world.said(), ["over: jammed"]);
}

#[test]
fn silence_while_this_process_did_not_run_says_nothing() {
    let mut world = stuck(SessionConfig::default());
    world.run(secs(6));
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.now += secs(90);
    world.session.handle_timeout(world.now);
    assert_eq!(world.said(), ["fine"]);
    world.run(secs(29));
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.run(secs(1));
    assert_eq!(world.said(), ["over: jammed"]);
}

#[test]
fn a_stuck_agent_whose_websockets_are_cut_is_jammed_all_the_same() {
    let mut world = stuck(SessionConfig::default());
    // Pongs come after 5 s and 25 s, and nothing after that counts.
    world.run(secs(29));
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.disconnect();
    assert_eq!(world.said(), ["fine"]);
    world.run(secs(60));
    assert!(world.said().is_empty());
    world.connect();
    world.run(ms(4_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["degraded: stalled", "over: jammed"]);
}

#[test]
fn progress_on_one_websocket_forgives_what_others_endured() {
    let mut world = stuck(SessionConfig::default());
    for _ in 0..9 {
        world.run(secs(29));
        assert_eq!(world.said(), ["degraded: stalled"]);
        world.disconnect();
        world.connect();
        assert_eq!(world.said(), ["fine"]);
        let id = world.session.open(world.now).unwrap();
        let before = std::mem::take(&mut world.unanswered);
        world.write(id, b"b".to_vec());
        world.acknowledge(&before[0]);
    }
}

#[test]
fn websockets_on_which_nothing_comes_are_not_the_agents_fault() {
    let mut world = stuck(SessionConfig::default());
    world.answers_pings = false;
    for _ in 0..9 {
        world.run(secs(31));
        let said = world.said();
        assert!(said.contains(&"path dead".to_owned()), "{said:?}");
        world.disconnect();
        world.connect();
        world.said();
    }
    assert_eq!(world.session.outcome(), None);
}

#[test]
fn what_is_missing_while_nothing_is_read_is_nobodys_fault() {
    let mut world = World::raw();
    let id = world.session.open(world.now).unwrap();
    while world.session.wants_input() {
        world.say(PayloadType::Output, Bytes::from(vec![0; 16 * 1024]));
    }
    world.acknowledges = false;
    world.write(id, b"a".to_vec());
    // Until its load is told.
    world.run(secs(10));
    world.events();
    world.run(secs(300));
    assert!(world.said().is_empty());
    while world.session.read(world.now, id).is_some() {}
    world.run(ms(4_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["degraded: stalled"]);
}

#[test]
fn an_agent_that_is_away_is_told_and_gone_after_two_minutes() {
    let mut world = stuck(SessionConfig::default());
    world.control(PAUSE);
    assert_eq!(world.said(), ["degraded: agent-away"]);
    world.run(ms(119_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["over: agent-gone"]);
}

#[test]
fn an_agent_that_comes_back_has_its_patience_anew() {
    let mut world = stuck(SessionConfig::default());
    for round in 0..9 {
        world.control(PAUSE);
        world.run(secs(119));
        assert_eq!(world.said(), ["degraded: agent-away"]);
        if round % 2 == 0 {
            world.control(START);
        } else {
            world.say(PayloadType::Other(99), Bytes::new());
        }
        // What it could not acknowledge meanwhile is not missing yet.
        world.run(secs(4));
        assert_eq!(world.said(), ["fine"]);
    }
}

#[test]
fn an_agent_that_may_be_back_behind_a_silent_path_is_not_given_up() {
    let mut world = World::with(SessionConfig {
        ping_interval: secs(300),
        ..SessionConfig::default()
    });
    world.answers_pings = false;
    world.control(PAUSE);
    world.run(secs(130));
    assert_eq!(world.said(), ["degraded: agent-away", "path dead"]);
    assert_eq!(world.session.outcome(), None);
}

#[test]
fn the_worst_of_several_reasons_is_told_when_it_changes() {
    let mut world = stuck(SessionConfig::default());
    world.answers_pings = false;
    world.run(secs(8));
    assert_eq!(world.said(), ["degraded: no-pong"]);
    world.answers_pings = true;
    world.session.handle_life(world.now);
    assert_eq!(world.said(), ["degraded: stalled"]);
    world.control(PAUSE);
    assert_eq!(world.said(), ["degraded: agent-away"]);
    // Not even a stall counts while the agent is away.
    world.control(PAUSE);
    world.control(START);
    assert_eq!(world.said(), ["fine"]);
    world.run(secs(5));
    world.control(PAUSE);
    world.disconnect();
    assert_eq!(
        world.said(),
        ["degraded: stalled", "degraded: agent-away", "fine"]
    );
}

#[test]
fn patience_without_end_has_no_timer() {
    let mut world = stuck(SessionConfig {
        stall_after: Duration::MAX,
        agent_patience: Duration::MAX,
        ..SessionConfig::default()
    });
    world.run(secs(600));
    world.control(PAUSE);
    world.run(secs(600));
    assert_eq!(world.said(), ["degraded: agent-away"]);
}

#[test]
fn what_an_agent_missed_in_a_short_absence_may_take_its_time() {
    let mut world = stuck(SessionConfig::default());
    world.control(PAUSE);
    world.run(secs(6));
    world.control(START);
    assert_eq!(world.said(), ["degraded: agent-away", "fine"]);
    world.run(ms(4_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["degraded: stalled"]);
}

/// Messages that were made at one moment come now, one every so often.
fn trickle(world: &mut World, made: Instant, every: Duration, count: u32) {
    for _ in 0..count {
        world.run(every);
        world.say_old(made);
    }
}

#[test]
fn the_end_of_a_download_that_comes_again_message_by_message_is_told_though_nothing_waits() {
    let mut world = World::multiplexed();
    let made = world.now;
    world.run(secs(30));
    trickle(&mut world, made, ms(100), 11);
    assert!(world.said().is_empty());
    trickle(&mut world, made, ms(100), 1);
    let events = world.events();
    let [SessionEvent::Degraded(Some(Illness { problem, .. }))] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(problem.code, "catching-up");
    assert!(problem.what.contains("is not known"), "{problem:?}");
    trickle(&mut world, made, ms(900), 300);
    assert!(world.said().is_empty());
    world.run(ms(2_999));
    assert!(world.said().is_empty());
    world.run(ms(1));
    assert_eq!(world.said(), ["fine"]);
}

#[test]
fn messages_that_are_slow_or_were_held_or_come_in_time_are_no_trickle() {
    let mut world = World::multiplexed();
    let made = world.now;
    world.run(secs(30));
    // Held on the way, and set free.
    trickle(&mut world, made, ms(1), 3_000);
    // On a slow way.
    for _ in 0..300 {
        world.run(ms(100));
        let made = world.now - ms(4_999);
        world.say_old(made);
    }
    // In time.
    for _ in 0..300 {
        world.run(ms(100));
        world.say(PayloadType::Other(99), Bytes::new());
    }
    assert!(world.said().is_empty());
}
