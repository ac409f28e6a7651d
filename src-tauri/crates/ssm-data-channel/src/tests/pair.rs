//! The channel and an agent over a bad link, in virtual time, from a seed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use ssm_message::{Message, MessageType};

use super::agent::Agent;
use super::rig::{control, ms};
use crate::{Clock, Config, DataChannel, Event, Transmit};

/// How bad the link is. Chances are out of 1,000.
#[derive(Debug, Clone, Copy)]
struct Link {
    latency: Duration,
    jitter: Duration,
    loss: u64,
    duplicates: u64,
    damage: u64,
    /// Between two resets of the client's socket.
    resets: Option<Duration>,
    /// Between two pauses by the gateway.
    pauses: Option<Duration>,
    /// The first data waits so long for its port.
    not_ready: Duration,
    max_payload: usize,
    up: usize,
    down: usize,
}

const CLEAN: Link = Link {
    latency: ms(10),
    jitter: ms(0),
    loss: 0,
    duplicates: 0,
    damage: 0,
    resets: None,
    pauses: None,
    not_ready: ms(0),
    max_payload: 16 * 1024,
    up: 400_000,
    down: 100_000,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum To {
    Client,
    Agent,
}

/// A frame under way: when it arrives, in which order, for whom, on which socket.
type OnWire = Reverse<(Instant, u64, To, u64, Bytes)>;

struct World {
    link: Link,
    random: ChaCha8Rng,
    now: Instant,
    client: DataChannel,
    agent: Agent,
    wire: BinaryHeap<OnWire>,
    order: u64,
    socket: u64,
    connected: bool,
    next_reset: Option<Instant>,
    reconnect_at: Option<Instant>,
    next_pause: Option<Instant>,
    start_at: Option<Instant>,
    to_send: usize,
    sent_up: usize,
    received: usize,
    /// When data messages went out in the last second.
    last_second: VecDeque<Instant>,
}

impl World {
    fn new(link: Link, seed: u64) -> Self {
        let now = Instant::now();
        let clock = Clock {
            origin: now,
            unix_ms_at_origin: 0,
        };
        let config = Config {
            max_payload: link.max_payload,
            ..Config::default()
        };
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut agent = Agent::new(now);
        agent.to_say = (0..link.down).map(byte).collect();
        agent.not_ready_until = Some(now + link.not_ready);
        let mut world = Self {
            link,
            random: ChaCha8Rng::seed_from_u64(seed),
            now,
            client: DataChannel::new(config, clock, key),
            agent,
            wire: BinaryHeap::new(),
            order: 0,
            socket: 0,
            connected: true,
            next_reset: None,
            reconnect_at: None,
            next_pause: None,
            start_at: None,
            to_send: link.up,
            sent_up: 0,
            received: 0,
            last_second: VecDeque::new(),
        };
        world.next_reset = link.resets.map(|every| world.now + world.about(every));
        world.next_pause = link.pauses.map(|every| world.now + world.about(every));
        world.client.handle_connected(now, "planted-token".into());
        world
    }

    fn run(&mut self) {
        let end = self.now + Duration::from_secs(3_600);
        let mut steps = 0;
        while !self.is_done() {
            steps += 1;
            assert!(steps < 1_000_000, "busy for ever");
            self.drive_client();
            self.drive_agent();
            self.now = self.next().max(self.now);
            assert!(
                self.now < end,
                "stuck: {:?}, {} of {} bytes up, {} of {} down",
                self.client.stats(),
                self.agent.heard.len(),
                self.link.up,
                self.received,
                self.link.down
            );
            self.step();
        }
    }

    fn is_done(&self) -> bool {
        self.received == self.link.down
            && self.agent.heard.len() == self.link.up
            && self.client.unacknowledged() == 0
            && self.agent.is_settled()
    }

    fn next(&self) -> Instant {
        [
            Some(self.agent.next_timer()),
            self.client.poll_timeout().map(|(at, _)| at),
            self.wire.peek().map(|Reverse((at, ..))| *at),
            self.next_reset,
            self.reconnect_at,
            self.next_pause,
            self.start_at,
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap()
    }

    fn step(&mut self) {
        let now = self.now;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.next_reset) {
            self.next_reset = None;
            self.connected = false;
            // Both directions lose what is under way.
            self.socket += 1;
            self.client
                .handle_disconnected(now, crate::SocketEnd::Broken);
            let gap = self.about(ms(150));
            self.reconnect_at = Some(now + gap);
        }
        if due(self.reconnect_at) {
            self.reconnect_at = None;
            self.connected = true;
            self.client.handle_connected(now, "planted-token".into());
            self.next_reset = self.link.resets.map(|every| now + self.about(every));
        }
        if due(self.next_pause) {
            self.next_pause = None;
            self.tell(MessageType::PausePublication);
            self.start_at = Some(now + ms(300));
        }
        if due(self.start_at) {
            self.start_at = None;
            self.tell(MessageType::StartPublication);
            self.next_pause = self.link.pauses.map(|every| now + self.about(every));
        }
        while let Some(Reverse((at, ..))) = self.wire.peek()
            && *at <= now
        {
            let Some(Reverse((_, _, to, socket, frame))) = self.wire.pop() else {
                break;
            };
            if socket != self.socket {
                continue;
            }
            match to {
                To::Client => {
                    self.client.handle_input(now, frame).unwrap();
                    while self.client.deliver_waiting(now).unwrap() {}
                }
                To::Agent => self.agent.input(now, &frame),
            }
        }
        self.client.handle_timeout(now);
        self.agent.timer(now);
    }

    fn drive_client(&mut self) {
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::Data(bytes) => {
                    for got in bytes {
                        assert_eq!(got, byte(self.received), "at {}", self.received);
                        self.received += 1;
                    }
                }
                Event::Failed(error) => panic!("{error}"),
                Event::HandshakeTimedOut(step) => panic!("{step:?}"),
                _ => {}
            }
        }
        loop {
            while let Some(transmit) = self.client.poll_transmit(self.now) {
                match transmit {
                    Transmit::Binary(frame) => {
                        self.count(&frame);
                        self.put(To::Agent, &frame);
                    }
                    Transmit::Text(text) => assert!(text.contains("token")),
                }
            }
            if self.to_send == self.sent_up {
                break;
            }
            let Some(budget) = self.client.send_budget(self.now) else {
                break;
            };
            let length = budget.min(self.to_send - self.sent_up);
            let mut message = self.client.start_message(length);
            let bytes: Vec<u8> = (self.sent_up..self.sent_up + length).map(byte).collect();
            message.payload_mut().extend_from_slice(&bytes);
            self.client.send(self.now, message).unwrap();
            self.sent_up += length;
        }
    }

    fn drive_agent(&mut self) {
        for frame in self.agent.take() {
            self.put(To::Client, &frame);
        }
        let heard = &self.agent.heard;
        assert!(heard.len() <= self.sent_up);
    }

    /// The gateway cuts who sends more than 1,000 data messages a second.
    fn count(&mut self, frame: &Bytes) {
        let message = Message::decode(frame).unwrap();
        if message.message_type != MessageType::InputStreamData {
            return;
        }
        self.last_second.push_back(self.now);
        while self.now - self.last_second[0] >= Duration::from_secs(1) {
            self.last_second.pop_front();
        }
        assert!(self.last_second.len() <= 1_000, "too many messages");
    }

    fn put(&mut self, to: To, frame: &Bytes) {
        if !self.connected || self.chance(self.link.loss) {
            return;
        }
        let copies = if self.chance(self.link.duplicates) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let mut frame = frame.clone();
            if self.chance(self.link.damage) {
                let mut bytes = frame.to_vec();
                let at = self.below(bytes.len());
                bytes[at] ^= 0x20;
                // The digest covers the payload alone; over TLS nothing is damaged at all.
                if at >= 120 {
                    frame = bytes.into();
                }
            }
            let jitter = self.link.jitter.as_micros() as usize;
            let delay = Duration::from_micros(self.below(jitter + 1) as u64);
            self.schedule(to, self.link.latency + delay, frame);
        }
    }

    /// The gateway itself says something to the client.
    fn tell(&mut self, message_type: MessageType) {
        let frame = control(message_type, Bytes::new());
        self.schedule(To::Client, self.link.latency, frame);
    }

    fn schedule(&mut self, to: To, delay: Duration, frame: Bytes) {
        self.order += 1;
        let at = self.now + delay;
        self.wire
            .push(Reverse((at, self.order, to, self.socket, frame)));
    }

    fn chance(&mut self, of_thousand: u64) -> bool {
        self.random.next_u64() % 1_000 < of_thousand
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.random.next_u64() % limit as u64).unwrap()
    }

    /// A time between half of and one and a half times as long.
    fn about(&mut self, time: Duration) -> Duration {
        let micros = time.as_micros() as usize;
        time / 2 + Duration::from_micros(self.below(micros + 1) as u64)
    }
}

/// The byte at a place of either stream: any two places that are near each other differ.
fn byte(at: usize) -> u8 {
    at.wrapping_mul(0x9e37_79b9).to_le_bytes()[2]
}

fn world(link: Link, seed: u64) -> World {
    let mut world = World::new(link, seed);
    world.run();
    for (at, got) in world.agent.heard.iter().enumerate() {
        assert_eq!(*got, byte(at), "seed {seed} at {at}");
    }
    world
}

#[test]
fn over_a_clean_link_nothing_is_sent_twice() {
    let link = Link {
        up: 2_000_000,
        ..CLEAN
    };
    let stats = world(link, 1).client.stats();
    assert_eq!(stats.retransmissions, 0);
    assert_eq!(stats.duplicates, 0);
    assert_eq!(stats.proven_payload, 16 * 1024);
}

#[test]
fn over_a_link_that_loses_doubles_reorders_and_damages_every_byte_arrives_once_and_in_order() {
    for seed in 0..150 {
        let link = Link {
            jitter: ms(seed % 40),
            loss: seed % 30,
            duplicates: seed % 20,
            damage: seed % 7,
            up: 60_000,
            down: 20_000,
            ..CLEAN
        };
        world(link, seed);
    }
}

#[test]
fn resets_in_the_middle_of_transfers_lose_and_double_nothing() {
    for seed in 0..150 {
        let link = Link {
            latency: ms(5 + seed % 60),
            jitter: ms(seed % 5),
            loss: seed % 3,
            resets: Some(ms(1_500)),
            up: 300_000,
            down: 30_000,
            ..CLEAN
        };
        world(link, seed);
    }
}

#[test]
fn pauses_and_a_port_that_is_slow_to_connect_lose_nothing() {
    for seed in 0..50 {
        let link = Link {
            jitter: ms(seed % 10),
            loss: seed % 5,
            pauses: Some(ms(700)),
            not_ready: ms(400),
            up: 200_000,
            down: 20_000,
            ..CLEAN
        };
        world(link, seed);
    }
}

#[test]
fn the_message_rate_holds_over_losses_and_resets_too() {
    for seed in 0..4 {
        let link = Link {
            loss: seed,
            resets: (seed % 2 == 0).then_some(ms(2_500)),
            max_payload: 1_024,
            up: 4_000_000,
            down: 0,
            ..CLEAN
        };
        // World::count looks at every second of it.
        let sent = world(link, seed).client.stats();
        assert!(sent.messages_sent >= 4_000_000 / 1_024);
    }
}

#[test]
fn after_a_lost_burst_an_upload_heals_in_round_trips_not_in_timers() {
    let mut world = World::new(
        Link {
            up: 3_000_000,
            down: 0,
            ..CLEAN
        },
        7,
    );
    let start = world.now;
    // Every socket dies after a second, and takes what is under way with it.
    world.link.resets = Some(ms(1_000));
    world.next_reset = Some(start + ms(1_000));
    world.run();
    assert!(world.now - start < Duration::from_secs(10));
}
