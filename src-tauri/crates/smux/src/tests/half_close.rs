use std::time::Duration;

use bytes::Bytes;

use super::pair::{LIMIT, Pair, pattern};
use crate::{Config, Event, TimerReason};

const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn a_fin_is_held_until_the_peers_fin_and_the_whole_answer_arrives() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.client
        .mux
        .write(pair.now, id, Bytes::from_static(b"question"))
        .unwrap();
    pair.client.mux.close_write(pair.now, id);
    pair.run();
    assert_eq!(pair.server.received(id), b"question");
    assert!(!pair.server.has(Event::Finished(id)));

    let answer = pattern(3, 100_000);
    pair.server.mux.write(pair.now, id, answer.clone()).unwrap();
    pair.server.mux.close(pair.now, id);
    pair.run();
    assert_eq!(pair.client.received(id), answer);
    assert!(pair.client.mux.is_finished(id));
    assert!(
        pair.server.has(Event::Closed(id)),
        "our FIN follows the peer's at once"
    );
    assert_eq!(pair.client.mux.poll_timeout(), None);
}

#[test]
fn after_inbound_data_the_fin_goes_when_it_was_quiet() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.say(id, b"question");
    pair.answer(id, b"answer");
    pair.client.mux.close_write(pair.now, id);
    pair.run();
    assert_eq!(
        pair.client.mux.poll_timeout(),
        Some((
            pair.now + config.half_close_quiet,
            TimerReason::HalfCloseQuiet
        ))
    );
    pair.wait(config.half_close_quiet - MOMENT);
    assert!(!pair.server.has(Event::Finished(id)));
    // More of it came: the quiet starts over.
    pair.answer(id, b" and more");
    pair.wait(config.half_close_quiet - MOMENT);
    assert!(!pair.server.has(Event::Finished(id)));
    pair.wait(MOMENT);
    assert!(pair.server.has(Event::Finished(id)));
    assert_eq!(pair.client.mux.poll_timeout(), None);
}

#[test]
fn after_outbound_data_the_fin_waits_long_for_an_answer_and_then_for_its_end() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.say(id, b"question");
    pair.client.mux.close_write(pair.now, id);
    pair.run();
    assert_eq!(
        pair.client.mux.poll_timeout(),
        Some((
            pair.now + config.half_close_wait,
            TimerReason::HalfCloseWait
        ))
    );
    pair.wait(config.half_close_wait - MOMENT);
    assert!(!pair.server.has(Event::Finished(id)));
    pair.answer(id, b"the first part");
    assert_eq!(
        pair.client.mux.poll_timeout(),
        Some((
            pair.now + config.half_close_answer_quiet,
            TimerReason::HalfCloseAnswerQuiet
        ))
    );
    pair.wait(config.half_close_answer_quiet - MOMENT);
    assert!(!pair.server.has(Event::Finished(id)));
    pair.wait(MOMENT);
    assert!(pair.server.has(Event::Finished(id)));
}

#[test]
fn a_question_that_is_never_answered_ends_at_last() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.say(id, b"question");
    pair.client.mux.close_write(pair.now, id);
    pair.wait(config.half_close_wait);
    assert!(pair.server.has(Event::Finished(id)));
}

#[test]
fn a_stream_on_which_nothing_was_said_leaves_the_far_end_time_to_speak_first() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.client.mux.close_write(pair.now, id);
    pair.run();
    assert_eq!(
        pair.client.mux.poll_timeout(),
        Some((
            pair.now + config.half_close_answer_quiet,
            TimerReason::HalfCloseAnswerQuiet
        ))
    );
    pair.answer(id, b"220 ready");
    assert_eq!(pair.client.received(id), b"220 ready");
}

#[test]
fn the_wait_begins_when_the_question_is_sent() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.client
        .mux
        .write(pair.now, id, pattern(0, 5000))
        .unwrap();
    pair.client.mux.close_write(pair.now, id);
    assert_eq!(pair.client.mux.poll_timeout(), None);
    pair.now += 2 * config.half_close_wait;
    pair.client.mux.handle_timeout(pair.now);
    pair.run();
    assert!(!pair.server.has(Event::Finished(id)));
    assert_eq!(
        pair.client.mux.poll_timeout(),
        Some((
            pair.now + config.half_close_wait,
            TimerReason::HalfCloseWait
        ))
    );
}

#[test]
fn data_that_comes_before_the_question_is_out_is_not_its_answer() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.run();
    pair.client
        .mux
        .write(pair.now, id, pattern(0, 5000))
        .unwrap();
    pair.client.mux.close_write(pair.now, id);
    pair.server
        .mux
        .write(pair.now, id, Bytes::from_static(b"banner"))
        .unwrap();
    let down = pair.server.output(pair.now, LIMIT);
    pair.client.mux.handle_input(pair.now, down).unwrap();
    pair.run();
    assert_eq!(
        pair.client.mux.poll_timeout(),
        Some((
            pair.now + config.half_close_wait,
            TimerReason::HalfCloseWait
        ))
    );
}

#[test]
fn what_arrives_after_a_timer_sent_the_fin_is_still_delivered() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.say(id, b"question");
    pair.answer(id, b"answer");
    pair.client.mux.close_write(pair.now, id);
    pair.now += config.half_close_quiet;
    pair.client.mux.handle_timeout(pair.now);
    pair.server
        .mux
        .write(pair.now, id, Bytes::from_static(b", on its way"))
        .unwrap();
    let down = pair.server.output(pair.now, LIMIT);
    pair.client.output(pair.now, LIMIT);
    pair.client.mux.handle_input(pair.now, down).unwrap();
    pair.client.drain(|_| true);
    assert_eq!(pair.client.received(id), b"answer, on its way");
    assert_eq!(pair.client.mux.poll_timeout(), None);
}

#[test]
fn a_close_does_not_wait() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.say(id, b"question");
    pair.client.mux.close_write(pair.now, id);
    pair.run();
    pair.client.mux.close(pair.now, id);
    assert_eq!(pair.client.mux.poll_timeout(), None);
    pair.run();
    assert!(pair.server.has(Event::Finished(id)));
}

#[test]
fn a_pause_stops_the_clock_and_a_resume_adds_time_for_what_was_lost() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.say(id, b"question");
    pair.answer(id, b"answer");
    pair.client.mux.close_write(pair.now, id);
    pair.wait(config.half_close_quiet - MOMENT);
    pair.client.mux.pause(pair.now);
    assert_eq!(pair.client.mux.poll_timeout(), None);
    pair.wait(Duration::from_secs(3600));
    assert!(!pair.server.has(Event::Finished(id)));
    pair.client.mux.resume(pair.now);
    assert_eq!(
        pair.client.mux.poll_timeout(),
        Some((
            pair.now + MOMENT + config.half_close_quiet,
            TimerReason::HalfCloseQuiet
        ))
    );
    pair.wait(MOMENT + config.half_close_quiet);
    assert!(pair.server.has(Event::Finished(id)));
}

#[test]
fn a_hold_that_begins_in_a_pause_runs_from_its_end() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let id = pair.open();
    pair.run();
    pair.client.mux.pause(pair.now);
    pair.now += Duration::from_secs(60);
    pair.client.mux.close_write(pair.now, id);
    pair.now += Duration::from_secs(60);
    pair.client.mux.resume(pair.now);
    let (at, _) = pair.client.mux.poll_timeout().unwrap();
    assert!(at >= pair.now + config.half_close_answer_quiet);
}

#[test]
fn thousands_of_held_fins_go_in_the_order_of_their_deadlines() {
    let config = Config::default();
    let mut pair = Pair::new(config.clone());
    let mut ids = Vec::new();
    for _ in 0..4000 {
        let id = pair.open();
        ids.push(id);
        pair.client.mux.close_write(pair.now, id);
        pair.now += MOMENT;
    }
    pair.run();
    let start = pair.now;
    let mut woken = 0;
    while let Some((at, reason)) = pair.client.mux.poll_timeout() {
        assert_eq!(reason, TimerReason::HalfCloseAnswerQuiet);
        pair.client.mux.handle_timeout(at);
        pair.now = at;
        woken += 1;
    }
    assert!(woken <= 4000);
    assert!(pair.now <= start + config.half_close_answer_quiet);
    pair.run();
    let finished: Vec<_> = ids
        .iter()
        .copied()
        .filter(|&id| pair.server.has(Event::Finished(id)))
        .collect();
    assert_eq!(finished, ids);
}
