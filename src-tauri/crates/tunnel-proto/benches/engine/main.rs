//! The engine alone (codec, data channel, smux) in memory, on one core: how many bytes a second it
//! takes and gives in messages of 16 KiB, what of it is the codec's, the data channel's and the multiplexer's,
//! and what it costs to say how a session stands, and how 50 tunnels are. Run by hand:
//!
//! ```text
//! cargo bench -p tunnel-proto --bench engine
//! ```

mod channel;
mod far_end;
mod snapshot;

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use divan::Bencher;
use divan::counter::BytesCount;
use smux::{Config, Event, Mux, Role};
use ssm_message::Message;

use far_end::{DATA, PAYLOAD, Pair};

/// Messages in one sample.
const MESSAGES: usize = 1024;

/// What a driver reads of a local socket at once.
const PIECE: usize = 32 * 1024;

fn main() {
    divan::main();
}

/// With the far end's acknowledgements, which cost a twentieth of it or so.
#[divan::bench]
fn upload(bencher: Bencher) {
    let data = Bytes::from(vec![0xA5; PIECE]);
    bencher
        .counter(BytesCount::new(MESSAGES * PAYLOAD))
        .with_inputs(|| (Pair::new(), Vec::with_capacity(2 * MESSAGES)))
        .bench_local_refs(|(pair, sent)| {
            for _ in 0..MESSAGES * PAYLOAD / PIECE {
                pair.send(data.clone(), sent);
                while !sent.is_empty() {
                    let acknowledgements = pair.acknowledgements(sent);
                    sent.clear();
                    for acknowledgement in acknowledgements {
                        pair.settle(acknowledgement, sent);
                    }
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
            let messages = pair.messages(MESSAGES);
            (pair, messages)
        })
        .bench_local_values(|(mut pair, messages)| {
            for message in messages {
                divan::black_box(pair.download(message));
            }
            pair
        });
}

/// What of a download is the codec's: mostly the digest.
#[divan::bench]
fn decode(bencher: Bencher) {
    let messages = Pair::new().messages(MESSAGES);
    bencher
        .counter(BytesCount::new(MESSAGES * PAYLOAD))
        .bench_local(|| {
            for message in &messages {
                let _ = divan::black_box(Message::decode(message));
            }
        });
}

/// What of an upload is the codec's, the digest again.
#[divan::bench]
fn encode(bencher: Bencher) {
    let frames = Pair::new().messages(MESSAGES);
    let messages: Vec<_> = frames.iter().flat_map(Message::decode).collect();
    bencher
        .counter(BytesCount::new(messages.len() * PAYLOAD))
        .bench_local(|| {
            for message in &messages {
                divan::black_box(message.encode());
            }
        });
}

/// What of both is the multiplexer's: one writes, the other reads.
#[divan::bench(args = [1, 8])]
fn multiplex(bencher: Bencher, streams: usize) {
    let data = Bytes::from(vec![0xA5; DATA]);
    let now = Instant::now();
    bencher
        .counter(BytesCount::new(MESSAGES * DATA))
        .with_inputs(|| {
            let mut client = Mux::new(Role::Client, Config::default());
            let ids: Vec<_> = (0..streams).flat_map(|_| client.open(now)).collect();
            (client, Mux::new(Role::Server, Config::default()), ids)
        })
        .bench_local_refs(|(client, server, ids)| {
            let mut read = 0;
            for message in 0..MESSAGES {
                let _ = client.write(now, ids[message % ids.len()], data.clone());
                let mut frames = BytesMut::with_capacity(PAYLOAD);
                while client.poll_transmit(now, &mut frames, PAYLOAD) > 0 {
                    let _ = server.handle_input(now, frames.split().freeze());
                }
                while let Some(event) = server.poll_event() {
                    if let Event::Readable(id) = event {
                        while let Some(piece) = server.read(id) {
                            read += piece.len();
                        }
                    }
                }
            }
            assert_eq!(read, MESSAGES * DATA);
        });
}

/// What a snapshot of a tunnel asks of each of its sessions, at most four times a second.
#[divan::bench]
fn vitals(bencher: Bencher) {
    let mut pair = Pair::new();
    for message in pair.messages(MESSAGES) {
        pair.download(message);
    }
    bencher.bench_local(|| divan::black_box(pair.vitals()));
}
