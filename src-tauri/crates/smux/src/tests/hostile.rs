use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use crate::frame::Header;
use crate::receive::Parser;
use crate::{Command, Config, Error, Event, Mux, Role, StreamId, TimerReason};

fn control(command: Command, id: u32) -> Bytes {
    let mut out = BytesMut::new();
    Header::control(command, StreamId::new(id)).encode(&mut out);
    out.freeze()
}

fn push(id: u32, data: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    Header {
        command: Command::Psh,
        length: data.len().try_into().unwrap(),
        id: StreamId::new(id),
    }
    .encode(&mut out);
    out.extend_from_slice(data);
    out.freeze()
}

fn output(mux: &mut Mux) -> Bytes {
    let mut out = BytesMut::new();
    while mux.poll_transmit(Instant::now(), &mut out, 1024) > 0 {}
    out.freeze()
}

#[test]
fn an_error_is_final_and_what_came_before_it_can_be_read() {
    let now = Instant::now();
    let mut mux = Mux::new(Role::Server, Config::default());
    let id = StreamId::new(3);
    let input = [
        &control(Command::Syn, 3)[..],
        &push(3, b"good"),
        b"HTTP/1.1 400",
    ]
    .concat();
    let error = Error::Version {
        expected: 1,
        got: b'H',
    };
    assert_eq!(mux.handle_input(now, input.into()), Err(error.clone()));
    for _ in 0..3 {
        assert_eq!(mux.handle_input(now, push(3, b"never")), Err(error.clone()));
    }
    assert_eq!(mux.read(id), Some(Bytes::from_static(b"good")));
    assert_eq!(mux.read(id), None);
}

#[test]
fn a_second_syn_for_an_open_stream_is_an_error() {
    let now = Instant::now();
    let mut mux = Mux::new(Role::Server, Config::default());
    mux.handle_input(now, control(Command::Syn, 3)).unwrap();
    assert_eq!(
        mux.handle_input(now, control(Command::Syn, 3)),
        Err(Error::DuplicateStream(StreamId::new(3)))
    );
}

#[test]
fn a_client_refuses_streams_without_an_event() {
    let now = Instant::now();
    let mut mux = Mux::new(Role::Client, Config::default());
    mux.handle_input(now, control(Command::Syn, 2)).unwrap();
    mux.handle_input(now, push(2, b"into the void")).unwrap();
    assert_eq!(mux.poll_event(), None);
    assert_eq!(output(&mut mux), control(Command::Fin, 2));
    assert!(mux.is_empty());
}

#[test]
fn a_server_refuses_streams_beyond_its_limit_and_then_gives_up() {
    let now = Instant::now();
    let mut mux = Mux::new(
        Role::Server,
        Config {
            max_streams: 2,
            ..Config::default()
        },
    );
    for id in [3, 5, 7, 9] {
        mux.handle_input(now, control(Command::Syn, id)).unwrap();
    }
    assert_eq!(mux.stream_count(), 2);
    assert_eq!(
        mux.handle_input(now, control(Command::Syn, 11)),
        Err(Error::TooManyRefused { most: 2, got: 3 })
    );
    assert_eq!(
        output(&mut mux),
        [control(Command::Fin, 7), control(Command::Fin, 9)].concat()
    );
}

#[test]
fn late_frames_for_forgotten_streams_are_ignored() {
    let now = Instant::now();
    for role in [Role::Client, Role::Server] {
        let mut mux = Mux::new(role, Config::default());
        mux.handle_input(now, push(3, b"late")).unwrap();
        mux.handle_input(now, control(Command::Fin, 3)).unwrap();
        mux.handle_input(now, control(Command::Nop, 0)).unwrap();
        assert!(mux.is_empty());
        assert_eq!(output(&mut mux), Bytes::new());
    }
}

#[test]
fn an_empty_data_frame_says_nothing() {
    let now = Instant::now();
    let mut mux = Mux::new(Role::Server, Config::default());
    mux.handle_input(now, control(Command::Syn, 3)).unwrap();
    mux.handle_input(now, push(3, b"")).unwrap();
    mux.handle_input(now, push(3, b"x")).unwrap();
    let id = StreamId::new(3);
    assert_eq!(mux.poll_event(), Some(Event::Opened(id)));
    assert_eq!(mux.poll_event(), Some(Event::Readable(id)));
    assert_eq!(mux.read(id), Some(Bytes::from_static(b"x")));
}

#[test]
fn data_and_a_second_fin_after_a_fin_are_ignored() {
    let now = Instant::now();
    let mut mux = Mux::new(Role::Server, Config::default());
    let id = StreamId::new(3);
    for frame in [
        control(Command::Syn, 3),
        control(Command::Fin, 3),
        push(3, b"after the end"),
        control(Command::Fin, 3),
    ] {
        mux.handle_input(now, frame).unwrap();
    }
    assert_eq!(mux.poll_event(), Some(Event::Opened(id)));
    assert_eq!(mux.poll_event(), Some(Event::Finished(id)));
    assert_eq!(mux.poll_event(), None);
    assert!(mux.is_finished(id));
}

#[test]
fn a_fin_for_a_stream_whose_syn_is_not_sent_yet_is_borne() {
    let now = Instant::now();
    let mut mux = Mux::new(Role::Client, Config::default());
    let id = mux.open(now).unwrap();
    mux.handle_input(now, control(Command::Fin, id.get()))
        .unwrap();
    mux.close(now, id);
    assert_eq!(output(&mut mux), Bytes::new());
    assert_eq!(mux.poll_event(), Some(Event::Finished(id)));
    assert_eq!(mux.poll_event(), Some(Event::Closed(id)));
    assert!(mux.is_empty());
}

#[test]
fn tiny_frames_for_a_stream_that_nobody_reads_do_not_keep_their_messages() {
    let now = Instant::now();
    let mut mux = Mux::new(Role::Server, Config::default());
    mux.handle_input(now, control(Command::Syn, 3)).unwrap();
    for _ in 0..1000 {
        let message = push(3, &[7; 600]);
        mux.handle_input(now, message.slice(..10)).unwrap();
        mux.handle_input(now, message.slice(10..)).unwrap();
        // The first large piece may stay as it came, until the next one arrives.
        assert!(mux.unread_bytes() <= 600 * 1001);
    }
    let mut pieces = 0;
    while mux.read(StreamId::new(3)).is_some() {
        pieces += 1;
    }
    assert!(pieces < 20, "{pieces} pieces");
    assert_eq!(mux.unread_bytes(), 0);
}

/// One call of the driver, or one message of the peer.
#[derive(Debug, Clone)]
enum Step {
    Garbage(Vec<u8>),
    Frame(u8, u32, Vec<u8>),
    Open,
    Write(u32, usize),
    Read(u32),
    CloseWrite(u32),
    Close(u32),
    Transmit(usize),
    Wait(u64),
    Pause,
    Resume,
    Events,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..12_u32;
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Garbage),
        20 => (0..4_u8, id.clone(), prop::collection::vec(any::<u8>(), 0..900))
            .prop_map(|(command, id, data)| Step::Frame(command, id, data)),
        6 => Just(Step::Open),
        6 => (id.clone(), 0..600_usize).prop_map(|(id, len)| Step::Write(id, len)),
        4 => id.clone().prop_map(Step::Read),
        3 => id.clone().prop_map(Step::CloseWrite),
        3 => id.prop_map(Step::Close),
        6 => (0..300_usize).prop_map(Step::Transmit),
        3 => (0..700_u64).prop_map(Step::Wait),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        3 => Just(Step::Events),
    ]
}

proptest! {
    #[test]
    fn garbage_never_panics(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
    ) {
        let now = Instant::now();
        for role in [Role::Client, Role::Server] {
            let mut mux = Mux::new(role, Config::default());
            for message in &messages {
                let _ = mux.handle_input(now, Bytes::copy_from_slice(message));
            }
        }
    }

    #[test]
    fn no_order_of_calls_and_frames_breaks_the_books(
        server in any::<bool>(),
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let config = Config {
            stream_receive_limit: 2000,
            total_receive_limit: 5000,
            stream_send_limit: 1000,
            max_streams: 5,
            quantum: 100,
            keepalive: Some(Duration::from_secs(100)),
            ..Config::default()
        };
        let mut now = Instant::now();
        let mut mux = Mux::new(role, config);
        let mut out = BytesMut::new();
        for step in steps {
            match step {
                Step::Garbage(bytes) => {
                    let _ = mux.handle_input(now, bytes.into());
                }
                Step::Frame(command, id, data) => {
                    let frame = match command {
                        0 => control(Command::Syn, id),
                        1 => control(Command::Fin, id),
                        2 => push(id, &data),
                        _ => control(Command::Nop, id),
                    };
                    let _ = mux.handle_input(now, frame);
                }
                Step::Open => {
                    let _ = mux.open(now);
                }
                Step::Write(id, len) => {
                    let id = StreamId::new(id);
                    let capacity = mux.send_capacity(id);
                    let written = mux.write(now, id, vec![0; len].into());
                    prop_assert!(written.is_ok() == (len <= capacity) || capacity == 0);
                }
                Step::Read(id) => {
                    mux.read(StreamId::new(id));
                }
                Step::CloseWrite(id) => mux.close_write(now, StreamId::new(id)),
                Step::Close(id) => mux.close(now, StreamId::new(id)),
                Step::Transmit(limit) => {
                    let pending = mux.pending_bytes() > 0;
                    let appended = mux.poll_transmit(now, &mut out, limit);
                    prop_assert!(appended <= limit);
                    // A NOP may fall due in the call itself.
                    prop_assert!(!pending || appended > 0 || limit <= 8);
                }
                Step::Wait(seconds) => {
                    now += Duration::from_secs(seconds);
                    mux.handle_timeout(now);
                    prop_assert!(mux.poll_timeout().is_none_or(|(at, _)| at > now));
                }
                Step::Pause => mux.pause(now),
                Step::Resume => mux.resume(now),
                Step::Events => while mux.poll_event().is_some() {},
            }
            prop_assert!(mux.unread_bytes() <= 5000 + 2000 + 128 * 1024 + 900);
            prop_assert!(mux.stream_count() <= 5);
        }
        // Whatever happened: the local side goes, the peer says its FINs, nothing is left.
        let all: Vec<_> = mux.streams.keys().copied().collect();
        for &id in &all {
            mux.close(now, id);
        }
        mux.resume(now);
        while mux.poll_transmit(now, &mut out, 100) > 0 {}
        for id in all {
            let _ = mux.handle_input(now, control(Command::Fin, id.get()));
        }
        if mux.failed.is_none() && matches!(mux.parser, Parser::Header { filled: 0, .. }) {
            prop_assert_eq!(mux.stream_count(), 0);
        }
        prop_assert_eq!(mux.pending_bytes(), 0);
        let timer = mux.poll_timeout();
        prop_assert!(timer.is_none_or(|(_, reason)| reason == TimerReason::Keepalive));
        prop_assert_eq!(mux.unread_bytes(), 0);
        prop_assert!(!mux.is_receive_blocked());
    }
}
