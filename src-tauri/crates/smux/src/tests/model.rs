//! A pair against the simplest thing that could be right: a byte string a stream and direction.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::pair::pattern;
use crate::frame::Header;
use crate::{Command, Config, Event, HEADER_LENGTH, MAX_PAYLOAD_LENGTH, Mux, Role, StreamId};

#[derive(Debug, Clone)]
enum Step {
    Open,
    /// The how-manieth stream, who writes, how much.
    Write(usize, bool, usize),
    CloseWrite(usize, bool),
    /// Who sends, in messages of which size, cut again at which sizes.
    Move(bool, usize, Vec<usize>),
    Read(usize, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 0..6_usize;
    let size = prop_oneof![0..20_usize, 500..530_usize, 0..70_000_usize];
    prop_oneof![
        2 => Just(Step::Open),
        8 => (stream.clone(), any::<bool>(), size).prop_map(|(s, w, n)| Step::Write(s, w, n)),
        1 => (stream.clone(), any::<bool>()).prop_map(|(s, w)| Step::CloseWrite(s, w)),
        6 => (any::<bool>(), 9..40_000_usize, prop::collection::vec(1..3000_usize, 1..8))
            .prop_map(|(w, limit, cuts)| Step::Move(w, limit, cuts)),
        4 => (stream, any::<bool>()).prop_map(|(s, w)| Step::Read(s, w)),
    ]
}

struct Model {
    now: Instant,
    /// Client, server.
    muxes: [Mux; 2],
    ids: Vec<StreamId>,
    /// What each side wrote, and what each side read, by stream.
    written: [BTreeMap<StreamId, Vec<u8>>; 2],
    read: [BTreeMap<StreamId, Vec<u8>>; 2],
}

impl Model {
    fn new() -> Self {
        let config = Config {
            quantum: 700,
            ..Config::default()
        };
        Self {
            now: Instant::now(),
            muxes: [
                Mux::new(Role::Client, config.clone()),
                Mux::new(Role::Server, config),
            ],
            ids: Vec::new(),
            written: Default::default(),
            read: Default::default(),
        }
    }

    fn id(&self, n: usize) -> Option<StreamId> {
        let len = self.ids.len();
        (len > 0).then(|| self.ids[n % len])
    }

    fn apply(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Open => self.ids.push(self.muxes[0].open(now).unwrap()),
            Step::Write(n, server, len) => {
                let Some(id) = self.id(*n) else { return };
                let who = usize::from(*server);
                let data = pattern(*len, (*len).min(self.muxes[who].send_capacity(id)));
                if self.muxes[who].write(now, id, data.clone()).is_ok() {
                    let written = self.written[who].entry(id).or_default();
                    written.extend_from_slice(&data);
                }
            }
            Step::CloseWrite(n, server) => {
                if let Some(id) = self.id(*n) {
                    self.muxes[usize::from(*server)].close_write(now, id);
                }
            }
            Step::Move(server, limit, cuts) => self.transfer(usize::from(*server), *limit, cuts),
            Step::Read(n, server) => {
                if let Some(id) = self.id(*n) {
                    self.read_all(usize::from(*server), id);
                }
            }
        }
    }

    fn transfer(&mut self, from: usize, limit: usize, cuts: &[usize]) {
        let mut out = BytesMut::new();
        self.muxes[from].poll_transmit(self.now, &mut out, limit);
        let mut cuts = cuts.iter().cycle();
        while let Some(&cut) = cuts.next()
            && !out.is_empty()
        {
            let piece = out.split_to(cut.min(out.len())).freeze();
            self.muxes[1 - from].handle_input(self.now, piece).unwrap();
        }
        while self.muxes[1 - from].poll_event().is_some() {}
    }

    fn read_all(&mut self, who: usize, id: StreamId) {
        while let Some(piece) = self.muxes[who].read(id) {
            self.read[who]
                .entry(id)
                .or_default()
                .extend_from_slice(&piece);
        }
    }

    fn finish(mut self) {
        while self.muxes.iter().any(|mux| mux.pending_bytes() > 0) {
            self.transfer(0, 1024, &[1024]);
            self.transfer(1, 1024, &[1024]);
        }
        for id in self.ids.clone() {
            self.read_all(0, id);
            self.read_all(1, id);
        }
        assert_eq!(self.written[0], non_empty(&self.read[1], &self.written[0]));
        assert_eq!(self.written[1], non_empty(&self.read[0], &self.written[1]));
    }
}

/// Adds the streams on which nothing, but that on purpose, was written.
fn non_empty(
    read: &BTreeMap<StreamId, Vec<u8>>,
    written: &BTreeMap<StreamId, Vec<u8>>,
) -> BTreeMap<StreamId, Vec<u8>> {
    let mut read = read.clone();
    for id in written.keys() {
        read.entry(*id).or_default();
    }
    read
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_one_side_writes_the_other_reads_whatever_the_cuts(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.apply(step);
        }
        model.finish();
    }
}

#[test]
fn frames_of_every_size_at_a_border_arrive_whole_at_every_cut() {
    let now = Instant::now();
    let sizes = [
        0,
        1,
        2,
        7,
        8,
        9,
        255,
        256,
        257,
        511,
        512,
        513,
        1015,
        1016,
        1017,
        1023,
        1024,
        1025,
        32_767,
        32_768,
        65_527,
        65_528,
        MAX_PAYLOAD_LENGTH - 1,
        MAX_PAYLOAD_LENGTH,
    ];
    for size in sizes {
        let data = pattern(size, size);
        let mut frame = BytesMut::new();
        Header::control(Command::Syn, StreamId::new(3)).encode(&mut frame);
        Header {
            command: Command::Psh,
            length: size.try_into().unwrap(),
            id: StreamId::new(3),
        }
        .encode(&mut frame);
        frame.extend_from_slice(&data);
        Header::control(Command::Fin, StreamId::new(3)).encode(&mut frame);
        let frame = frame.freeze();
        for cut in [
            1,
            3,
            HEADER_LENGTH,
            HEADER_LENGTH + 1,
            1024,
            MAX_PAYLOAD_LENGTH,
            frame.len(),
        ] {
            let mut mux = Mux::new(Role::Server, Config::default());
            for piece in frame.chunks(cut) {
                mux.handle_input(now, Bytes::copy_from_slice(piece))
                    .unwrap();
            }
            let mut read = Vec::new();
            while let Some(piece) = mux.read(StreamId::new(3)) {
                read.extend_from_slice(&piece);
            }
            assert_eq!(read, data, "size {size}, cut {cut}");
            assert!(mux.is_finished(StreamId::new(3)));
        }
    }
}

#[test]
fn every_frame_size_is_sent_as_it_fits_the_limit() {
    let now = Instant::now();
    for limit in [
        HEADER_LENGTH + 1,
        1024,
        MAX_PAYLOAD_LENGTH,
        MAX_PAYLOAD_LENGTH + HEADER_LENGTH,
        1 << 20,
    ] {
        for size in [1, 2, limit - HEADER_LENGTH, limit, 65_534, 65_535, 65_536] {
            let size = size.min(256 * 1024);
            let mut client = Mux::new(Role::Client, Config::default());
            let mut server = Mux::new(Role::Server, Config::default());
            let id = client.open(now).unwrap();
            let data = pattern(size, size);
            client.write(now, id, data.clone()).unwrap();
            let mut read = Vec::new();
            let mut out = BytesMut::new();
            while client.poll_transmit(now, &mut out, limit) > 0 {
                server.handle_input(now, out.split().freeze()).unwrap();
                while let Some(piece) = server.read(id) {
                    read.extend_from_slice(&piece);
                }
            }
            assert_eq!(read, data, "size {size}, limit {limit}");
        }
    }
}

#[test]
fn a_piece_that_comes_in_a_message_of_its_own_is_not_copied() {
    let now = Instant::now();
    let mut server = Mux::new(Role::Server, Config::default());
    let mut message = BytesMut::new();
    Header::control(Command::Syn, StreamId::new(3)).encode(&mut message);
    Header {
        command: Command::Psh,
        length: 1000,
        id: StreamId::new(3),
    }
    .encode(&mut message);
    message.extend_from_slice(&pattern(0, 1000));
    let message = message.freeze();
    server.handle_input(now, message.clone()).unwrap();
    assert_eq!(server.poll_event(), Some(Event::Opened(StreamId::new(3))));
    let piece = server.read(StreamId::new(3)).unwrap();
    assert_eq!(piece.as_ptr(), message[16..].as_ptr());
}
