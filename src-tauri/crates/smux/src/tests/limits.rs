use bytes::Bytes;

use super::pair::{LIMIT, Pair, chunks, pattern};
use crate::{Config, Event, ResetReason, StreamId, WriteError};

fn small() -> Config {
    Config {
        stream_receive_limit: 100_000,
        total_receive_limit: 250_000,
        stream_send_limit: 10_000_000,
        ..Config::default()
    }
}

/// Sends down what the server has, message by message, until the client is blocked. Returns
/// what is left.
fn deliver(pair: &mut Pair, left: &mut Vec<Bytes>, reads: impl Fn(StreamId) -> bool) {
    left.extend(chunks(&pair.server.output(pair.now, LIMIT)));
    while !left.is_empty() && !pair.client.mux.is_receive_blocked() {
        pair.client
            .mux
            .handle_input(pair.now, left.remove(0))
            .unwrap();
        pair.client.drain(&reads);
    }
}

#[test]
fn a_stream_alone_blocks_the_session_and_loses_nothing() {
    let mut pair = Pair::new(small());
    let id = pair.open();
    pair.run();
    let data = pattern(1, 1_000_000);
    pair.server.mux.write(pair.now, id, data.clone()).unwrap();
    let mut left = Vec::new();
    let mut blocks = 0;
    loop {
        deliver(&mut pair, &mut left, |_| false);
        if left.is_empty() {
            break;
        }
        blocks += 1;
        assert!(pair.client.mux.unread_bytes() <= 100_000 + LIMIT);
        // Piece by piece: reading goes on at half of the limit, not before.
        while pair.client.mux.is_receive_blocked() {
            assert!(pair.client.mux.unread_bytes() > 50_000);
            let piece = pair.client.mux.read(id).unwrap();
            pair.client
                .received
                .entry(id)
                .or_default()
                .extend_from_slice(&piece);
        }
        assert!(pair.client.mux.unread_bytes() <= 50_000);
    }
    assert!(blocks > 5);
    pair.client.read(id);
    assert_eq!(pair.client.received(id), data);
}

#[test]
fn a_stream_with_a_neighbour_is_reset_and_the_neighbour_gets_everything() {
    let mut pair = Pair::new(small());
    let (stuck, good) = (pair.open(), pair.open());
    pair.run();
    let data = pattern(2, 500_000);
    pair.server
        .mux
        .write(pair.now, stuck, pattern(1, 500_000))
        .unwrap();
    pair.server.mux.write(pair.now, good, data.clone()).unwrap();
    let mut left = Vec::new();
    deliver(&mut pair, &mut left, |id| id == good);
    assert!(left.is_empty());
    assert_eq!(pair.client.received(good), data);
    let reset = Event::Reset {
        id: stuck,
        reason: ResetReason::ReceiveLimit,
    };
    assert!(pair.client.has(reset));
    assert_eq!(pair.client.mux.read(stuck), None);
    assert_eq!(pair.client.mux.unread_bytes(), 0);
    assert_eq!(
        pair.client
            .mux
            .write(pair.now, stuck, Bytes::from_static(b"x")),
        Err(WriteError::WriteClosed(stuck))
    );
    // The peer hears of it, and once it closes too, nothing is left.
    pair.run();
    assert!(pair.server.has(Event::Finished(stuck)));
    pair.server.mux.close(pair.now, stuck);
    pair.run();
    assert!(pair.client.has(Event::Closed(stuck)));
    assert!(!pair.client.has(Event::Finished(good)));
}

#[test]
fn a_blocked_stream_pays_when_a_second_one_opens() {
    let mut pair = Pair::new(small());
    let stuck = pair.open();
    pair.run();
    pair.server
        .mux
        .write(pair.now, stuck, pattern(1, 500_000))
        .unwrap();
    let mut left = Vec::new();
    deliver(&mut pair, &mut left, |_| false);
    assert!(pair.client.mux.is_receive_blocked());
    pair.open();
    assert!(!pair.client.mux.is_receive_blocked());
    pair.client.drain(|_| false);
    assert!(pair.client.has(Event::Reset {
        id: stuck,
        reason: ResetReason::ReceiveLimit
    }));
    assert_eq!(pair.client.mux.unread_bytes(), 0);
}

#[test]
fn a_blocked_stream_that_is_read_below_its_limit_survives_a_second_one() {
    let mut pair = Pair::new(Config {
        stream_receive_limit: 200_000,
        ..small()
    });
    let slow = pair.open();
    pair.run();
    pair.server
        .mux
        .write(pair.now, slow, pattern(1, 500_000))
        .unwrap();
    let mut left = Vec::new();
    deliver(&mut pair, &mut left, |_| false);
    pair.client.mux.read(slow).unwrap();
    assert!(pair.client.mux.is_receive_blocked());
    pair.open();
    assert!(!pair.client.mux.is_receive_blocked());
    assert!(pair.client.mux.unread_bytes() > 0);
}

#[test]
fn a_blocked_stream_that_is_closed_blocks_no_longer() {
    let mut pair = Pair::new(small());
    let id = pair.open();
    pair.run();
    pair.server
        .mux
        .write(pair.now, id, pattern(1, 500_000))
        .unwrap();
    let mut left = Vec::new();
    deliver(&mut pair, &mut left, |_| false);
    assert!(pair.client.mux.is_receive_blocked());
    pair.client.mux.close(pair.now, id);
    assert!(!pair.client.mux.is_receive_blocked());
    assert_eq!(pair.client.mux.unread_bytes(), 0);
}

#[test]
fn streams_that_receive_nothing_any_more_are_no_neighbours() {
    let mut pair = Pair::new(small());
    let (closed, finished, alone) = (pair.open(), pair.open(), pair.open());
    pair.run();
    pair.client.mux.close(pair.now, closed);
    pair.server.mux.close(pair.now, finished);
    let mut left = Vec::new();
    deliver(&mut pair, &mut left, |_| true);
    pair.server
        .mux
        .write(pair.now, alone, pattern(1, 300_000))
        .unwrap();
    deliver(&mut pair, &mut left, |_| false);
    assert!(pair.client.mux.is_receive_blocked());
}

#[test]
fn a_half_closed_stream_that_awaits_its_answer_is_a_neighbour() {
    let mut pair = Pair::new(small());
    let (held, stuck) = (pair.open(), pair.open());
    pair.run();
    pair.client.mux.close_write(pair.now, held);
    pair.server
        .mux
        .write(pair.now, stuck, pattern(1, 300_000))
        .unwrap();
    let mut left = Vec::new();
    deliver(&mut pair, &mut left, |_| false);
    assert!(!pair.client.mux.is_receive_blocked());
    assert!(pair.client.has(Event::Reset {
        id: stuck,
        reason: ResetReason::ReceiveLimit
    }));
}

#[test]
fn the_largest_pays_when_the_total_is_exceeded() {
    let mut pair = Pair::new(small());
    let ids: Vec<_> = (0..4).map(|_| pair.open()).collect();
    pair.run();
    for (n, &id) in ids.iter().enumerate() {
        pair.server
            .mux
            .write(
                pair.now,
                id,
                pattern(n, [95_000, 70_000, 60_000, 50_000][n]),
            )
            .unwrap();
    }
    let mut left = Vec::new();
    deliver(&mut pair, &mut left, |_| false);
    let resets: Vec<_> = pair
        .client
        .events
        .iter()
        .filter(|e| matches!(e, Event::Reset { .. }))
        .collect();
    assert_eq!(
        resets,
        [&Event::Reset {
            id: ids[0],
            reason: ResetReason::TotalReceiveLimit
        }]
    );
    for (n, &id) in ids.iter().enumerate().skip(1) {
        pair.client.read(id);
        assert_eq!(
            pair.client.received(id),
            pattern(n, [0, 70_000, 60_000, 50_000][n])
        );
    }
}

#[test]
fn a_driver_that_does_not_stop_does_not_fill_the_memory() {
    let mut pair = Pair::new(small());
    let id = pair.open();
    pair.run();
    pair.server
        .mux
        .write(pair.now, id, pattern(1, 1_000_000))
        .unwrap();
    for message in chunks(&pair.server.output(pair.now, LIMIT)) {
        pair.client.mux.handle_input(pair.now, message).unwrap();
        assert!(pair.client.mux.unread_bytes() < 350_000);
    }
    pair.client.drain(|_| false);
    assert!(pair.client.has(Event::Reset {
        id,
        reason: ResetReason::ReceiveLimit
    }));
}
