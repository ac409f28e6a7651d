//! Figures for records.

use bytes::Bytes;
use ssm_message::PayloadType;

use super::world::{World, ms, secs};
use super::*;

#[test]
fn the_figures_are_those_of_the_channel_whenever_they_are_asked_for() {
    let mut world = World::multiplexed();
    world.acknowledges = false;
    let id = world.session.open(world.now).unwrap();
    world.write(id, b"a".to_vec());
    let early = world.sent + 1;
    world.say_number(early, PayloadType::Other(99), Bytes::new());
    let sent = world.session.vitals(world.now).messages_sent;
    world.run(ms(1_500));
    let before = world.session.vitals(world.now);
    assert_eq!(
        (before.last_frame_ms, before.unacknowledged, before.held),
        (Some(1_500), 1, 1)
    );
    assert_eq!((before.messages_sent, before.messages_received), (sent, 3));
    assert!(before.retransmissions > 0);
    assert!(before.round_trip_ms.is_some());
    world.disconnect();
    assert_eq!(world.session.vitals(world.now), before);
    world.now += secs(1);
    let later = world.session.vitals(world.now);
    assert_eq!(later.last_frame_ms, Some(2_500));
}

#[test]
fn a_session_that_heard_nothing_has_no_last_frame() {
    let mut world = World::before_handshake(SessionConfig::default());
    world.run(secs(5));
    assert_eq!(world.session.vitals(world.now), Vitals::default());
    // A pong is a frame.
    world.session.handle_life(world.now);
    let vitals = world.session.vitals(world.now);
    assert_eq!(vitals.last_frame_ms, Some(0));
}
