//! Telling bulk from light.

use ssm_message::PayloadType;

use super::world::{FIN, PSH, World, frame, ms, secs};
use super::*;

#[test]
fn a_transfer_makes_the_session_bulk_and_its_end_makes_it_light_again() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    for _ in 0..20 {
        world.say(PayloadType::Output, frame(PSH, id, &[0; 16_000]));
        while world.session.read(world.now, id).is_some() {}
    }
    let bulk = world.said();
    assert_eq!(bulk.iter().filter(|said| *said == "bulk").count(), 1);
    world.run(secs(5));
    assert_eq!(world.said(), ["light"]);
    assert_eq!(world.timer(), Some(SessionTimer::Keepalive));
}

#[test]
fn an_upload_is_bulk_too_and_what_is_sent_again_does_not_count() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    world.acknowledges = false;
    world.write(id, vec![0; 200 * 1024]);
    world.run(secs(2));
    // All that is unanswered goes again on the next one.
    world.disconnect();
    world.connect();
    world.run(secs(2));
    assert!(world.payloads.iter().map(Bytes::len).sum::<usize>() > 256 * 1024);
    assert!(!world.said().contains(&"bulk".to_owned()));

    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    for _ in 0..4 {
        world.write(id, vec![0; 100 * 1024]);
        world.run(ms(10));
    }
    assert!(world.said().contains(&"bulk".to_owned()));
}

#[test]
fn a_talk_is_light_and_has_no_timer() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    for _ in 0..1_000 {
        world.write(id, vec![0; 100]);
        world.say(PayloadType::Output, frame(PSH, id, &[0; 100]));
        while world.session.read(world.now, id).is_some() {}
        assert_eq!(world.timer(), Some(SessionTimer::Keepalive));
        world.run(ms(10));
    }
    world.say(PayloadType::Output, frame(FIN, id, b""));
    assert!(!world.said().contains(&"bulk".to_owned()));
}

#[test]
fn what_goes_on_over_a_lost_websocket_is_told_again_on_the_next() {
    let mut world = World::multiplexed();
    let id = world.session.open(world.now).unwrap();
    for _ in 0..20 {
        world.say(PayloadType::Output, frame(PSH, id, &[0; 16_000]));
        while world.session.read(world.now, id).is_some() {}
    }
    world.said();
    world.disconnect();
    world.run(ms(100));
    world.connect();
    assert_eq!(world.said(), ["bulk"]);
    world.run(secs(5));
    world.disconnect();
    world.connect();
    assert_eq!(world.said(), ["light"]);
}
