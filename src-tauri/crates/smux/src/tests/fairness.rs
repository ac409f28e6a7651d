use std::collections::BTreeMap;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};

use super::pair::{LIMIT, Pair, pattern};
use crate::frame::Header;
use crate::{Command, Config, HEADER_LENGTH, MAX_PAYLOAD_LENGTH, Mux, Role, StreamId};

/// Splits a byte stream of whole frames.
fn frames(mut bytes: Bytes) -> Vec<(Command, StreamId, Bytes)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let mut header = [0; HEADER_LENGTH];
        bytes.copy_to_slice(&mut header);
        let header = Header::decode(header).unwrap();
        let data = bytes.split_to(usize::from(header.length));
        frames.push((header.command, header.id, data));
    }
    frames
}

#[test]
fn a_streams_frames_are_syn_data_fin_in_this_order() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    let mux = &mut pair.client.mux;
    for part in [&b"one "[..], b"two ", b"three"] {
        mux.write(pair.now, id, Bytes::copy_from_slice(part))
            .unwrap();
    }
    mux.close(pair.now, id);
    let sent = frames(pair.client.output(pair.now, LIMIT));
    assert_eq!(
        sent,
        [
            (Command::Syn, id, Bytes::new()),
            (Command::Psh, id, Bytes::from_static(b"one two three")),
            (Command::Fin, id, Bytes::new()),
        ]
    );
}

#[test]
fn small_frames_of_many_streams_share_one_message() {
    let mut pair = Pair::new(Config::default());
    for _ in 0..50 {
        let id = pair.open();
        pair.client
            .mux
            .write(pair.now, id, Bytes::from_static(b"1234"))
            .unwrap();
    }
    let mut out = BytesMut::new();
    assert_eq!(
        pair.client.mux.poll_transmit(pair.now, &mut out, LIMIT),
        50 * 20
    );
}

#[test]
fn a_small_frame_waits_for_at_most_one_quantum_of_each_other_stream() {
    const BULK: usize = 20;
    let config = Config {
        quantum: 2000,
        ..Config::default()
    };
    for limit in [9, 100, 1024, 16 * 1024, 1 << 20] {
        let now = Instant::now();
        let mut mux = Mux::new(Role::Client, config.clone());
        let mut out = BytesMut::new();
        let bulk: Vec<_> = (0..BULK).map(|_| mux.open(now).unwrap()).collect();
        let small = mux.open(now).unwrap();
        while mux.poll_transmit(now, &mut out, 1024) > 0 {}
        for &id in &bulk {
            mux.write(now, id, pattern(0, 10_000)).unwrap();
        }
        // In the middle of somebody's turn.
        out.clear();
        for _ in 0..3 {
            mux.poll_transmit(now, &mut out, limit.min(5000));
        }
        out.clear();
        mux.write(now, small, Bytes::from_static(b"keystroke"))
            .unwrap();
        while mux.poll_transmit(now, &mut out, limit) > 0 {}
        let mut before: BTreeMap<StreamId, usize> = BTreeMap::new();
        for (_, id, data) in frames(out.split().freeze()) {
            if id == small {
                break;
            }
            *before.entry(id).or_default() += data.len();
        }
        assert!(
            before.values().all(|&bytes| bytes <= config.quantum),
            "limit {limit}: {before:?}"
        );
    }
}

#[test]
fn bulk_streams_share_evenly() {
    let mut pair = Pair::new(Config::default());
    let ids: Vec<_> = (0..7).map(|_| pair.open()).collect();
    for &id in &ids {
        pair.client
            .mux
            .write(pair.now, id, pattern(0, 250_000))
            .unwrap();
    }
    let mut out = BytesMut::new();
    while out.len() < 700_000 {
        pair.client.mux.poll_transmit(pair.now, &mut out, LIMIT);
    }
    let mut sent: BTreeMap<StreamId, usize> = BTreeMap::new();
    for (_, id, data) in frames(out.freeze()) {
        *sent.entry(id).or_default() += data.len();
    }
    let quantum = Config::default().quantum;
    let (most, least) = (sent.values().max().unwrap(), sent.values().min().unwrap());
    assert!(most - least <= quantum, "{sent:?}");
}

#[test]
fn a_stream_alone_is_cut_only_by_the_limit_and_the_length_field() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.client
        .mux
        .write(pair.now, id, pattern(0, 200_000))
        .unwrap();
    let mut out = BytesMut::new();
    pair.client.mux.poll_transmit(pair.now, &mut out, 1 << 20);
    let sizes: Vec<_> = frames(out.freeze()).iter().map(|f| f.2.len()).collect();
    assert_eq!(
        sizes,
        [
            0,
            MAX_PAYLOAD_LENGTH,
            MAX_PAYLOAD_LENGTH,
            MAX_PAYLOAD_LENGTH,
            200_000 - 3 * MAX_PAYLOAD_LENGTH
        ]
    );
}

#[test]
fn no_limit_is_exceeded_and_each_above_eight_makes_progress() {
    let now = Instant::now();
    for limit in 0..200 {
        let mut mux = Mux::new(Role::Client, Config::default());
        for _ in 0..3 {
            let id = mux.open(now).unwrap();
            mux.write(now, id, pattern(0, 300)).unwrap();
            mux.close(now, id);
        }
        let mut out = BytesMut::new();
        loop {
            let start = out.len();
            let appended = mux.poll_transmit(now, &mut out, limit);
            assert!(appended <= limit);
            assert_eq!(out.len() - start, appended);
            if appended == 0 {
                break;
            }
        }
        let data: usize = frames(out.freeze()).iter().map(|f| f.2.len()).sum();
        assert_eq!(data, if limit > HEADER_LENGTH { 900 } else { 0 });
        assert_eq!(mux.pending_bytes() == 0, limit > HEADER_LENGTH);
    }
}
