//! The data channel alone, without a multiplexer: what is measured of it.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes};
use divan::Bencher;
use divan::counter::BytesCount;
use ssm_data_channel::{Clock, Config, DataChannel, Event, Transmit};
use ssm_message::PayloadType;

use super::MESSAGES;
use super::far_end::{FarEnd, PAYLOAD, UNIX_MS};

/// An established channel and its far end.
struct Pair {
    channel: DataChannel,
    far_end: FarEnd,
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let now = Instant::now();
        let clock = Clock {
            origin: now,
            unix_ms_at_origin: UNIX_MS,
        };
        let config = Config {
            initial_payload: PAYLOAD,
            message_rate: NonZeroU32::MAX,
            ..Config::default()
        };
        let mut pair = Self {
            channel: DataChannel::new(config, clock, [7; 32]),
            far_end: FarEnd::default(),
            now,
        };
        pair.channel.handle_connected(now, "token".into());
        for message in pair.far_end.handshake() {
            pair.take(message);
            let sent = pair.sent();
            for acknowledgement in pair.far_end.acknowledgements(&sent) {
                pair.take(acknowledgement);
            }
        }
        assert!(pair.channel.established().is_some());
        pair
    }

    fn take(&mut self, message: Bytes) -> usize {
        self.now += Duration::from_micros(1);
        let _ = self.channel.handle_input(self.now, message);
        let mut bytes = 0;
        while let Some(event) = self.channel.poll_event() {
            if let Event::Data(data) = event {
                bytes += data.len();
            }
        }
        bytes
    }

    fn sent(&mut self) -> Vec<Bytes> {
        let mut sent = Vec::new();
        while let Some(transmit) = self.channel.poll_transmit(self.now) {
            if let Transmit::Binary(frame) = transmit {
                sent.push(frame);
            }
        }
        sent
    }
}

/// With the far end's acknowledgements.
#[divan::bench]
fn upload(bencher: Bencher) {
    let data = vec![0xA5; PAYLOAD];
    bencher
        .counter(BytesCount::new(MESSAGES * PAYLOAD))
        .with_inputs(Pair::new)
        .bench_local_refs(|pair| {
            let mut left = MESSAGES;
            while left > 0 {
                while left > 0
                    && let Some(budget) = pair.channel.send_budget(pair.now)
                {
                    let mut message = pair.channel.start_message(budget);
                    message.payload_mut().put_slice(&data[..budget]);
                    let _ = pair.channel.send(pair.now, message);
                    left -= 1;
                }
                let sent = pair.sent();
                for acknowledgement in pair.far_end.acknowledgements(&sent) {
                    pair.take(acknowledgement);
                }
            }
        });
}

#[divan::bench]
fn download(bencher: Bencher) {
    bencher
        .counter(BytesCount::new(MESSAGES * PAYLOAD))
        .with_inputs(|| {
            let mut pair = Pair::new();
            let data = Bytes::from(vec![0xA5; PAYLOAD]);
            let messages: Vec<_> = (0..MESSAGES)
                .map(|_| pair.far_end.numbered(PayloadType::Output, data.clone()))
                .collect();
            (pair, messages)
        })
        .bench_local_values(|(mut pair, messages)| {
            let mut bytes = 0;
            for message in messages {
                bytes += pair.take(message);
                drop(pair.sent());
            }
            assert_eq!(bytes, MESSAGES * PAYLOAD);
            pair
        });
}
