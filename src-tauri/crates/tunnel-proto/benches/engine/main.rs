//! The engine alone (codec, data channel, smux) in memory, on one core: how many bytes a second it
//! takes and gives in messages of 16 KiB. Run by hand:
//!
//! ```text
//! cargo bench -p tunnel-proto --bench engine
//! ```

mod far_end;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use ssm_message::Message;

use far_end::{PAYLOAD, Pair};

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
