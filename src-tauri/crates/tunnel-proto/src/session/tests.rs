//! A session with an agent that is written here by hand.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at the variants that it is about"
)]

mod backlog;
mod health;
mod held_open;
mod illness;
mod load;
mod outcome;
mod path;
mod quiet;
mod read_ahead;
mod recording;
mod vitals;
mod world;

use std::num::NonZeroU32;

use ssm_data_channel::LearnedRate;
use ssm_message::PayloadType;

use self::world::{FIN, PSH, World, frame};
use super::*;

#[test]
fn what_was_learned_holds_for_the_next_sessions() {
    let mut config = SessionConfig::default();
    Learned::PayloadLimit(1_024).apply(&mut config);
    assert_eq!(config.channel.max_payload, 1_024);
    // It was a coincidence after all.
    Learned::PayloadLimit(16_384).apply(&mut config);
    assert_eq!(config.channel.max_payload, 16_384);
    let learned = LearnedRate {
        rate: NonZeroU32::MIN,
        raise_after: Duration::from_secs(120),
    };
    Learned::MessageRate(learned).apply(&mut config);
    assert_eq!(config.channel.learned_rate, Some(learned));
}

#[test]
fn what_came_before_the_sessions_end_is_read_and_what_it_cut_has_no_orderly_end() {
    let mut world = World::multiplexed();
    let whole = world.session.open(world.now).unwrap();
    let cut = world.session.open(world.now).unwrap();
    world.say(PayloadType::Output, frame(PSH, whole, b"whole"));
    world.say(PayloadType::Output, frame(FIN, whole, b""));
    world.say(PayloadType::Output, frame(PSH, cut, b"half"));
    world.close_channel();
    let events = world.events();
    let over = |event: &SessionEvent| matches!(event, SessionEvent::Over(_));
    assert_eq!(events.iter().filter(|event| over(event)).count(), 1);
    for id in [whole, cut] {
        let readable =
            |event: &SessionEvent| matches!(event, SessionEvent::Readable(of) if *of == id);
        assert!(events.iter().any(readable), "{events:?}");
    }

    let World { session, now, .. } = &mut world;
    assert_eq!(session.read(*now, whole).unwrap(), "whole");
    assert!(session.is_finished(whole));
    assert_eq!(session.read(*now, cut).unwrap(), "half");
    assert!(!session.is_finished(cut));
    assert_eq!(session.open(*now), None);
}

#[test]
fn a_raw_stream_ends_with_its_session() {
    let mut world = World::raw();
    let id = world.session.open(world.now).unwrap();
    world.say(PayloadType::Output, Bytes::from_static(b"bye"));
    world.close_channel();
    let session = &mut world.session;
    assert!(!session.is_finished(id));
    assert_eq!(session.read(world.now, id).unwrap(), "bye");
    assert!(session.is_finished(id));
}

#[test]
fn bytes_for_a_destination_that_has_closed_do_not_cost_its_answer() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    world.say(PayloadType::Output, frame(PSH, id, b"answer"));
    world.say(PayloadType::Output, frame(FIN, id, b""));
    let World { session, now, .. } = &mut world;
    session.write(*now, id, Bytes::from_static(b"too late"));
    assert_eq!(session.read(*now, id).unwrap(), "answer");
    assert!(session.is_finished(id));
}

#[test]
fn a_refusal_that_was_for_a_connection_that_is_gone_is_not_anothers() {
    let mut world = World::multiplexed();
    let gone = world.session.open(world.now).unwrap();
    let other = world.session.open(world.now).unwrap();
    world.events();
    world.session.close(world.now, gone);
    let refusal = Flag::ConnectToPortError.encode();
    world.say(PayloadType::Flag, refusal);
    world.say(PayloadType::Output, frame(FIN, gone, b""));
    let events = world.events();
    assert!(
        matches!(events[..], [SessionEvent::Closed(id)] if id == gone),
        "{events:?}"
    );
    world.say(PayloadType::Output, frame(FIN, other, b""));
    let events = world.events();
    assert!(
        matches!(events[..], [SessionEvent::Finished(id)] if id == other),
        "{events:?}"
    );
}
