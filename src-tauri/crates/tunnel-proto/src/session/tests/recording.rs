//! Recordings, and what becomes of them when they are played again.

use ssm_data_channel::{FrameKind, RECORDED_FRAMES};
use ssm_message::{MessageType, PayloadType};

use super::world::{FIN, PSH, World, frame, ms, secs};
use super::*;
use crate::{Replayed, replay};

fn recording(world: &mut World) -> Recording {
    world.settle();
    world.session.recording(world.now)
}

/// Plays it again, some other time.
fn played(recording: &Recording) -> Replayed {
    replay(recording, Instant::now() + secs(1_000_000))
}

fn said(replayed: &Replayed) -> Vec<&str> {
    let steps = replayed.steps.iter();
    let what = steps.map(|step| step.what.split(':').next().unwrap_or_default());
    what.collect()
}

/// A connection that says something and is answered, again and again.
fn talk(world: &mut World, id: ConnectionId, times: usize) {
    for _ in 0..times {
        world.write(id, b"what?".to_vec());
        world.say(PayloadType::Output, frame(PSH, id, b"that"));
        world.run(ms(100));
        let _ = world.session.read(world.now, id);
    }
}

#[test]
fn a_recording_has_the_headers_of_what_went_and_came_and_nothing_that_they_carried() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    world.write(id, b"planted-question".to_vec());
    world.run(ms(10));
    world.say(PayloadType::Output, frame(PSH, id, b"planted-answer"));
    let recording = recording(&mut world);
    let text = serde_json::to_string(&recording).unwrap();
    assert!(!text.contains("planted"), "{text}");
    let of = |kind, way| {
        let frames = recording.frames.iter();
        let those = frames.filter(|frame| frame.kind == kind && frame.way == way);
        those.copied().collect::<Vec<_>>()
    };
    assert_eq!(of(FrameKind::Opened, Way::Out).len(), 1);
    assert_eq!(of(FrameKind::Opening, Way::Out).len(), 1);
    let data = FrameKind::Message(MessageType::InputStreamData);
    let sent = of(data, Way::Out);
    assert_eq!(sent.last().unwrap().sequence, 1);
    assert_eq!(sent.last().unwrap().length, 8 + 8 + 16);
    let acknowledge = FrameKind::Message(MessageType::Acknowledge);
    let named: Vec<_> = of(acknowledge, Way::Out)
        .iter()
        .map(|frame| frame.sequence)
        .collect();
    assert_eq!(named, [0, 1, 2]);
    assert_eq!(of(acknowledge, Way::In).last().unwrap().sequence, 1);
    let answer = of(FrameKind::Message(MessageType::OutputStreamData), Way::In)[2];
    assert_eq!((answer.us, answer.sequence, answer.length), (10_000, 2, 22));

    let again: Recording = serde_json::from_str(&text).unwrap();
    assert_eq!(again, recording);
}

#[test]
fn a_session_that_goes_well_goes_well_when_it_is_played_again() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    talk(&mut world, id, 20);
    world.disconnect();
    world.run(secs(2));
    world.connect();
    talk(&mut world, id, 20);
    world.say(PayloadType::Output, frame(FIN, id, b""));
    world.run(secs(60));
    let recording = recording(&mut world);
    assert_eq!((recording.left_out, &recording.outcome), (0, &None));
    let replayed = played(&recording);
    assert!(replayed.agrees(&recording), "{replayed:?}");
    assert_eq!(said(&replayed), ["the handshake is done"]);
    assert_eq!(replayed.played, replayed.recorded);
}

#[test]
fn what_jammed_a_session_jams_it_when_it_is_played_again() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    talk(&mut world, id, 3);
    world.acknowledges = false;
    world.write(id, b"is anybody there?".to_vec());
    world.run(secs(31));
    let recording = recording(&mut world);
    assert_eq!(recording.outcome.as_deref(), Some("jammed"));
    let replayed = played(&recording);
    assert!(replayed.agrees(&recording), "{replayed:?}");
    assert_eq!(
        said(&replayed),
        ["the handshake is done", "degraded", "over"]
    );
    assert!(replayed.played.sent_again > 0);
}

#[test]
fn an_engine_that_is_run_in_another_way_is_found_out() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    talk(&mut world, id, 3);
    world.acknowledges = false;
    world.write(id, b"is anybody there?".to_vec());
    world.run(secs(31));
    let recording = recording(&mut world);
    assert!(played(&recording).agrees(&recording));
    let mut patient = recording.clone();
    patient.settings.jam_after *= 2;
    let replayed = played(&patient);
    assert_eq!(replayed.outcome, None);
    assert!(!replayed.agrees(&patient));
    // One that went again less often, too.
    let mut less = recording.clone();
    let data = FrameKind::Message(MessageType::InputStreamData);
    let last = recording
        .frames
        .iter()
        .rposition(|frame| frame.kind == data);
    less.frames.remove(last.unwrap());
    let replayed = played(&less);
    assert_eq!(replayed.resent.as_ref().map(Vec::len), Some(1));
    assert!(!replayed.agrees(&less));
    // Of a recording that begins in its middle that can't be told.
    less.left_out = 1;
    assert_eq!(played(&less).resent, None);
}

#[test]
fn a_recording_of_the_first_form_is_read_as_one_with_the_usual_settings() {
    let mut world = World::multiplexed();
    let recording = recording(&mut world);
    let mut json = serde_json::to_value(&recording).unwrap();
    let fields = json.as_object_mut().unwrap();
    fields.remove("version");
    fields.remove("settings");
    let read: Recording = serde_json::from_value(json).unwrap();
    assert_eq!((read.version, recording.version), (1, 2));
    assert_eq!(read.settings, recording.settings);
}

#[test]
fn a_recording_that_begins_in_the_middle_can_be_played() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    talk(&mut world, id, RECORDED_FRAMES / 4 + 100);
    world.acknowledges = false;
    world.write(id, b"is anybody there?".to_vec());
    world.run(secs(31));
    let recording = recording(&mut world);
    assert_eq!(recording.frames.len(), RECORDED_FRAMES);
    assert!(recording.left_out > 0);
    let replayed = played(&recording);
    assert!(replayed.agrees(&recording), "{replayed:?}");
    assert_eq!(replayed.outcome.as_deref(), Some("jammed"));
}

#[test]
fn an_engine_that_does_something_else_is_found_out() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    talk(&mut world, id, 5);
    let mut recording = recording(&mut world);
    recording.outcome = Some("jammed".to_owned());
    assert!(!played(&recording).agrees(&recording));
    recording.outcome = None;
    // Nobody who is not connected can acknowledge anything.
    let opened = |frame: &crate::RecordedFrame| frame.kind == FrameKind::Opened;
    recording.frames.retain(|frame| !opened(frame));
    assert!(!played(&recording).agrees(&recording));
}

#[test]
fn whatever_a_recording_says_it_can_be_played() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    talk(&mut world, id, 30);
    let whole = recording(&mut world);
    for step in (1..whole.frames.len()).step_by(9) {
        let mut odd = whole.clone();
        odd.frames.rotate_left(step);
        odd.frames[0].sequence = i64::MAX;
        odd.frames[1].sequence = i64::MIN;
        odd.frames[2].length = u32::MAX;
        odd.frames[3].us = u64::MAX;
        played(&odd);
    }
    let mut text = whole;
    text.outcome = Some("Nina's code".to_owned());
    assert_eq!(text.checked().outcome, None);
}
