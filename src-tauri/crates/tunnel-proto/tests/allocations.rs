//! What a message on the hot path asks of the allocator: a buffer, with the counter of those that
//! share it, and nothing else.

#[path = "../benches/engine/far_end.rs"]
mod far_end;

use allocation_counter::measure;
use bytes::Bytes;

use far_end::{DATA, Pair};

/// Messages before those that are counted: then all queues have got their sizes.
const BEFORE: usize = 5_000;

const COUNTED: usize = 1_000;

/// The buffer and its counter.
const BUFFER: u64 = 2;

#[test]
fn a_message_that_is_sent_costs_one_buffer_and_its_acknowledgement_none() {
    let mut pair = Pair::new();
    let data = Bytes::from_static(&[0xA5; DATA]);
    for round in 0..BEFORE + COUNTED {
        let mut sent = Vec::with_capacity(8);
        let sending = measure(|| pair.send(data.clone(), &mut sent));
        let acknowledgements = pair.acknowledgements(&sent);
        let messages = sent.len();
        let settling = measure(|| {
            for acknowledgement in acknowledgements {
                pair.settle(acknowledgement, &mut sent);
            }
        });
        assert_eq!(sent.len(), messages, "everything went out at once");
        if round >= BEFORE {
            assert_eq!(messages, 1);
            assert_eq!(sending.count_total, BUFFER, "round {round}");
            // What the test's own list of acknowledgements gives back is no allocation.
            assert_eq!(settling.count_total, 0, "round {round}");
        }
    }
}

#[test]
fn a_small_message_is_written_where_it_is_kept_and_keeps_no_more_than_it_needs() {
    let mut pair = Pair::new();
    let data = Bytes::from(vec![0xA5; 20]);
    for round in 0..BEFORE + COUNTED {
        let mut sent = Vec::with_capacity(8);
        let sending = measure(|| pair.send(data.clone(), &mut sent));
        for acknowledgement in pair.acknowledgements(&sent) {
            pair.settle(acknowledgement, &mut sent);
        }
        if round >= BEFORE {
            assert_eq!(sending.count_total, BUFFER, "round {round}");
            assert!(sending.bytes_total < 512, "{} bytes", sending.bytes_total);
        }
    }
}

#[test]
fn a_message_that_comes_costs_the_buffer_of_its_acknowledgement() {
    let mut pair = Pair::new();
    for (round, message) in pair.messages(BEFORE + COUNTED).into_iter().enumerate() {
        let mut read = 0;
        let taking = measure(|| read = pair.download(message));
        assert_eq!(read, DATA, "round {round}");
        if round >= BEFORE {
            assert_eq!(taking.count_total, BUFFER, "round {round}");
        }
    }
}
