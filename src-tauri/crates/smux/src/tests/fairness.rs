use std::collections::BTreeMap;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use proptest::prelude::*;

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

/// Streams that always have more to send, and others beside them.
struct Crowd {
    mux: Mux,
    now: Instant,
    bulk: Vec<StreamId>,
    out: BytesMut,
}

impl Crowd {
    /// In steady state, in the middle of somebody's turn.
    fn new(bulk: usize) -> Self {
        let now = Instant::now();
        let mut mux = Mux::new(Role::Client, Config::default());
        let bulk = (0..bulk).map(|_| mux.open(now).unwrap()).collect();
        let mut crowd = Self {
            mux,
            now,
            bulk,
            out: BytesMut::new(),
        };
        for _ in 0..100 {
            crowd.sent(1_500);
        }
        crowd
    }

    fn say(&mut self, id: StreamId, bytes: usize) {
        self.mux.write(self.now, id, pattern(0, bytes)).unwrap();
    }

    /// One message of at most so many bytes: which stream sent how much, in order.
    fn sent(&mut self, limit: usize) -> Vec<(StreamId, usize)> {
        for &id in &self.bulk {
            let room = self.mux.send_capacity(id);
            self.mux.write(self.now, id, pattern(0, room)).unwrap();
        }
        self.out.clear();
        self.mux.poll_transmit(self.now, &mut self.out, limit);
        while self.mux.poll_event().is_some() {}
        frames(self.out.split().freeze())
            .into_iter()
            .map(|(_, id, data)| (id, data.len()))
            .collect()
    }

    /// Bytes of bulk that go before everything that the others have queued is sent.
    fn bulk_before(&mut self, limit: usize, others: &[StreamId]) -> usize {
        let mut bulk = 0;
        loop {
            let queued =
                |id: &StreamId| self.mux.streams.get(id).is_some_and(|s| !s.send.is_empty());
            if !others.iter().any(queued) {
                return bulk;
            }
            let sent = self.sent(limit);
            let last = sent.iter().rposition(|(id, _)| others.contains(id));
            let until = match others
                .iter()
                .any(|id| !self.mux.streams[id].send.is_empty())
            {
                true => sent.len(),
                false => last.map_or(0, |last| last + 1),
            };
            let before = sent[..until].iter();
            bulk += before
                .filter(|(id, _)| !others.contains(id))
                .map(|(_, n)| n)
                .sum::<usize>();
        }
    }
}

/// What a path of 1 MB/s carries in 20 ms.
const TWENTY_MS: usize = 20_000;

#[test]
fn a_small_message_goes_before_all_bulk_however_many_streams_that_is() {
    for bulk in [1, 8, 100] {
        for limit in [100, 1024, 5_000, 16 * 1024] {
            let mut crowd = Crowd::new(bulk);
            let id = crowd.mux.open(crowd.now).unwrap();
            crowd.say(id, 100);
            assert_eq!(crowd.bulk_before(limit, &[id]), 0, "{bulk} x bulk, {limit}");
        }
    }
}

#[test]
fn whoever_says_little_again_and_again_is_before_bulk_each_time() {
    for bulk in [1, 8, 100] {
        let mut crowd = Crowd::new(bulk);
        let id = crowd.mux.open(crowd.now).unwrap();
        // A quantum in all, which is what everybody has in a round.
        for n in 0..40 {
            crowd.say(id, 100);
            assert_eq!(crowd.bulk_before(1_024, &[id]), 0, "{n}, {bulk} x bulk");
        }
    }
}

#[test]
fn a_small_message_in_a_crowd_of_others_waits_for_less_than_20_ms_of_bulk() {
    let mut crowd = Crowd::new(8);
    let ids: Vec<_> = (0..100)
        .map(|_| crowd.mux.open(crowd.now).unwrap())
        .collect();
    for &id in &ids {
        crowd.say(id, 200);
    }
    let bulk = crowd.bulk_before(5_000, &ids);
    assert!(bulk < TWENTY_MS, "{bulk} bytes of bulk");
}

#[test]
fn whoever_opens_ever_new_streams_leaves_bulk_a_fifth() {
    let mut crowd = Crowd::new(2);
    let (mut bulk, mut all) = (0, 0);
    for _ in 0..2_000 {
        for _ in 0..4 {
            let id = crowd.mux.open(crowd.now).unwrap();
            crowd.say(id, 1_000);
            crowd.mux.close(crowd.now, id);
        }
        for (id, bytes) in crowd.sent(1_024) {
            all += bytes;
            bulk += if crowd.bulk.contains(&id) { bytes } else { 0 };
        }
        if crowd.mux.stream_count() > 4_000 {
            break;
        }
    }
    assert!(bulk * 6 > all, "{bulk} of {all}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_starves_whatever_the_others_say_and_when(
        bulk in 1..6_usize,
        says in prop::collection::vec((0..12_usize, 1..9_000_usize, 20..20_000_usize), 50..200),
    ) {
        let mut crowd = Crowd::new(bulk);
        let mut sent: BTreeMap<StreamId, usize> = crowd.bulk.iter().map(|&id| (id, 0)).collect();
        let others: Vec<_> = (0..12).map(|_| crowd.mux.open(crowd.now).unwrap()).collect();
        let mut all = 0;
        for (who, bytes, limit) in says {
            let id = others[who];
            let room = crowd.mux.send_capacity(id);
            crowd.say(id, bytes.min(room));
            for (id, bytes) in crowd.sent(limit) {
                all += bytes;
                if let Some(sent) = sent.get_mut(&id) {
                    *sent += bytes;
                }
            }
        }
        let quantum = Config::default().quantum;
        let (most, least) = (sent.values().max().unwrap(), sent.values().min().unwrap());
        prop_assert!(most - least <= 2 * quantum, "{sent:?}");
        // Of all that was sent, what a fair share among everybody is, but for what is not whole yet.
        let share = all / (bulk + others.len()).max(5 * bulk);
        prop_assert!(*least + 4 * quantum >= share, "{least} of {all}: less than {share}");
        // And what the others have said is all sent in the end.
        let mut patience = 1_000;
        while others.iter().any(|id| !crowd.mux.streams[id].send.is_empty()) {
            crowd.sent(16 * 1024);
            patience -= 1;
            prop_assert!(patience > 0, "something is never sent");
        }
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
