//! How far local sides are read ahead of what goes out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ssm_message::Message;

use super::world::{World, ms, secs};
use super::*;

/// A path with a narrowest place, and a local side that always has more to say and says it as soon as it
/// is told that there is room.
struct Path {
    world: World,
    id: ConnectionId,
    /// Bytes a second that the narrowest place carries, and the round trip without a queue.
    rate: f64,
    rtt: Duration,
    busy_until: Instant,
    under_way: VecDeque<(Instant, Message)>,
    said: usize,
    sent: usize,
    /// The most that was said and not sent, with what the local side might say more.
    ahead: usize,
}

impl Path {
    fn new(rate: f64, rtt: Duration) -> Self {
        let mut world = World::multiplexed();
        world.acknowledges = false;
        let id = world.session.open(world.now).unwrap();
        let mut path = Self {
            busy_until: world.now,
            world,
            id,
            rate,
            rtt,
            under_way: VecDeque::new(),
            said: 0,
            sent: 0,
            ahead: 0,
        };
        path.say();
        path
    }

    fn say(&mut self) {
        let room = self.world.session.send_capacity(self.id);
        self.said += room;
        self.world.write(self.id, vec![0; room]);
    }

    /// Sends for so long. Returns the bytes a second that arrived.
    fn send(&mut self, time: Duration) -> f64 {
        let began = self.world.now;
        let mut arrived = 0;
        self.ahead = 0;
        while self.world.now - began < time {
            let wants_more = self
                .world
                .events()
                .iter()
                .any(|event| matches!(event, SessionEvent::Writable(_)));
            if wants_more {
                self.say();
            }
            for message in std::mem::take(&mut self.world.unanswered) {
                let start = self.busy_until.max(self.world.now);
                let size = message.payload.len();
                // One frame in each message.
                self.sent += size.saturating_sub(8);
                self.busy_until = start + Duration::from_secs_f64(size as f64 / self.rate);
                self.under_way
                    .push_back((self.busy_until + self.rtt, message));
            }
            let ahead = self.said.saturating_sub(self.sent);
            let room = self.world.session.send_capacity(self.id);
            self.ahead = self.ahead.max(ahead + room);
            let (arrives, message) = self.under_way.pop_front().expect("something");
            self.world.run(arrives - self.world.now);
            arrived += message.payload.len();
            self.world.acknowledge(&message);
        }
        arrived as f64 / (self.world.now - began).as_secs_f64()
    }
}

#[test]
fn a_local_side_is_not_read_ahead_further_than_the_window_can_send_and_fills_the_path_alone() {
    for (rate, rtt) in [(1e6, ms(20)), (1e5, ms(100)), (3e6, ms(5))] {
        let mut path = Path::new(rate, rtt);
        path.send(secs(40));
        let carried = path.send(secs(20));
        assert!(carried > 0.9 * rate, "{carried} of {rate}");
        // What the path carries in a round trip, and the queue of 20 ms that the window aims at, or
        // twice that for a moment.
        let window = rate * (rtt + ms(40)).as_secs_f64();
        let ahead = path.ahead as f64;
        assert!(ahead <= window.max(24_576.0), "{ahead} of {window}");
    }
}

#[test]
fn connections_that_all_have_much_to_say_share_what_the_window_can_send() {
    let mut world = World::multiplexed();
    world.acknowledges = false;
    let window = 128 * 1024;
    let mut said = 0;
    for _ in 0..8 {
        let id = world.session.open(world.now).unwrap();
        let room = world.session.send_capacity(id);
        said += room;
        world.session.write(world.now, id, vec![0; room].into());
    }
    // The first found the window unshared; from then on they have their parts of it.
    assert!(said <= 3 * window, "{said}");
    world.run(secs(1));
    let room: usize = (3..19)
        .step_by(2)
        .map(|id| world.session.send_capacity(ConnectionId(id)))
        .sum();
    assert!(room <= window, "{room}");
}

#[test]
fn a_serial_connection_is_read_ahead_no_further_than_the_window_either() {
    let mut world = World::raw();
    let id = world.session.open(world.now).unwrap();
    // What the window is to begin with.
    assert_eq!(world.session.send_capacity(id), 128 * 1024);
}
