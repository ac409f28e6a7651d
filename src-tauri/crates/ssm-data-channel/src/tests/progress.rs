//! What the channel knows about whether it gets on.

use ssm_message::PayloadType;

use super::rig::{Rig, acknowledgement_of, ms};
use crate::Config;

#[test]
fn only_a_new_acknowledgement_is_progress_and_sending_again_is_none() {
    let mut rig = Rig::established(Config::default());
    assert_eq!(rig.channel.unanswered_since(), None);
    let start = rig.now;
    rig.send(b"a");
    rig.send(b"b");
    let sent = rig.sent();
    rig.now += ms(5_000);
    rig.channel.handle_timeout(rig.now);
    assert!(!rig.sent().is_empty());
    assert_eq!(rig.channel.unanswered_since(), Some(start));

    rig.input(acknowledgement_of(&sent[0]));
    let progress = rig.now;
    assert_eq!(rig.channel.unanswered_since(), Some(progress));
    rig.now += ms(100);
    rig.input(acknowledgement_of(&sent[0]));
    assert_eq!(rig.channel.unanswered_since(), Some(progress));
    rig.reconnect();
    assert_eq!(rig.channel.unanswered_since(), Some(progress));
    rig.input(acknowledgement_of(&sent[1]));
    assert_eq!(rig.channel.unanswered_since(), None);
}

#[test]
fn a_channel_is_settled_when_nothing_is_under_way_in_either_direction() {
    let mut rig = Rig::established(Config::default());
    assert!(rig.channel.is_settled());
    rig.send(b"a");
    assert!(!rig.channel.is_settled());
    let sent = rig.sent();
    rig.input(acknowledgement_of(&sent[0]));
    assert!(rig.channel.is_settled());

    rig.output(3, PayloadType::Output, b"early");
    assert_eq!(rig.acknowledged(), [3]);
    assert!(!rig.channel.is_settled());
    rig.output(2, PayloadType::Output, b"late");
    assert!(!rig.channel.is_settled());
    assert_eq!(rig.acknowledged(), [2]);
    assert!(rig.channel.is_settled());
}

#[test]
fn traffic_is_what_came_or_went_with_a_number() {
    let mut rig = Rig::established(Config::default());
    let mut latest = rig.channel.last_traffic();
    let mut moved =
        |rig: &Rig| std::mem::replace(&mut latest, rig.channel.last_traffic()) != latest;
    rig.now += ms(10);
    rig.channel.handle_timeout(rig.now);
    assert!(!moved(&rig));
    rig.send(b"a");
    assert!(!moved(&rig));
    let sent = rig.sent();
    assert!(moved(&rig));
    rig.now += ms(10);
    rig.input(acknowledgement_of(&sent[0]));
    assert!(moved(&rig));
    rig.now += ms(10);
    rig.output(0, PayloadType::Output, b"again");
    assert!(moved(&rig));
    rig.now += ms(10);
    assert_eq!(rig.acknowledged(), [0]);
    assert!(moved(&rig));
}
