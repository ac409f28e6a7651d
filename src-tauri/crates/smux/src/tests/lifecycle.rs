use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::pair::{LIMIT, Pair, pattern};
use crate::{Config, Event, Mux, OpenError, Role, StreamId, TimerReason, WriteError};

#[test]
fn client_ids_are_odd_and_begin_with_3() {
    let mut pair = Pair::new(Config::default());
    let ids: Vec<u32> = (0..3).map(|_| pair.open().get()).collect();
    assert_eq!(ids, [3, 5, 7]);
}

#[test]
fn ids_run_out_with_a_typed_error() {
    let mut pair = Pair::new(Config::default());
    pair.client.mux.use_up_ids();
    assert_eq!(pair.open(), StreamId::new(u32::MAX));
    assert_eq!(pair.client.mux.open(pair.now), Err(OpenError::IdsExhausted));
}

#[test]
fn a_server_opens_no_streams() {
    let mut pair = Pair::new(Config::default());
    assert_eq!(pair.server.mux.open(pair.now), Err(OpenError::ServerRole));
}

#[test]
fn a_stream_too_many_is_refused_until_another_is_forgotten() {
    let mut pair = Pair::new(Config {
        max_streams: 2,
        ..Config::default()
    });
    let first = pair.open();
    pair.open();
    assert_eq!(
        pair.client.mux.open(pair.now),
        Err(OpenError::TooManyStreams { most: 2, got: 2 })
    );
    pair.client.mux.close(pair.now, first);
    pair.run();
    pair.server.mux.close(pair.now, first);
    pair.run();
    assert!(pair.client.has(Event::Closed(first)));
    pair.open();
}

#[test]
fn data_goes_both_ways_and_both_closes_forget_the_stream() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.say(id, b"ping");
    pair.answer(id, b"pong");
    assert_eq!(pair.server.received(id), b"ping");
    assert_eq!(pair.client.received(id), b"pong");

    pair.server.mux.close(pair.now, id);
    pair.run();
    assert!(pair.client.mux.is_finished(id));
    pair.client.mux.close(pair.now, id);
    pair.run();
    assert_eq!(
        pair.client.events,
        [Event::Readable(id), Event::Finished(id), Event::Closed(id)]
    );
    assert_eq!(
        pair.server.events,
        [Event::Opened(id), Event::Readable(id), Event::Closed(id)]
    );
    assert!(pair.client.mux.is_empty() && pair.server.mux.is_empty());
}

#[test]
fn a_stream_that_is_closed_before_the_peer_heard_of_it_is_never_sent() {
    let mut pair = Pair::new(Config::default());
    for _ in 0..10_000 {
        let id = pair.open();
        pair.client.mux.close_write(pair.now, id);
        pair.client.mux.close(pair.now, id);
        assert_eq!(pair.client.mux.poll_event(), Some(Event::Closed(id)));
    }
    assert!(pair.client.mux.is_empty());
    assert_eq!(pair.client.output(pair.now, LIMIT), Bytes::new());
}

#[test]
fn what_was_written_before_a_close_still_arrives() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    let data = pattern(1, 100_000);
    pair.client.mux.write(pair.now, id, data.clone()).unwrap();
    pair.client.mux.close(pair.now, id);
    pair.run();
    assert_eq!(pair.server.received(id), data);
    assert!(pair.server.mux.is_finished(id));
}

#[test]
fn data_that_arrives_after_a_close_is_dropped() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.run();
    pair.client.mux.close(pair.now, id);
    pair.answer(id, b"too late");
    assert_eq!(pair.client.received(id), b"");
    assert_eq!(pair.client.events, []);
    assert_eq!(pair.client.mux.unread_bytes(), 0);
}

#[test]
fn a_finished_stream_is_finished_only_once_all_was_read() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.run();
    pair.server
        .mux
        .write(pair.now, id, Bytes::from_static(b"last words"))
        .unwrap();
    pair.server.mux.close(pair.now, id);
    let down = pair.server.output(pair.now, LIMIT);
    pair.client.mux.handle_input(pair.now, down).unwrap();
    pair.client.drain(|_| false);
    assert!(pair.client.has(Event::Finished(id)));
    assert!(!pair.client.mux.is_finished(id));
    pair.client.read(id);
    assert!(pair.client.mux.is_finished(id));
    assert_eq!(pair.client.received(id), b"last words");
}

#[test]
fn a_stream_that_the_peer_finished_takes_no_data_and_drops_what_waited() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.run();
    pair.client
        .mux
        .write(pair.now, id, pattern(0, 1000))
        .unwrap();
    pair.server.mux.close(pair.now, id);
    let down = pair.server.output(pair.now, LIMIT);
    pair.client.mux.handle_input(pair.now, down).unwrap();
    assert_eq!(pair.client.mux.send_capacity(id), 0);
    assert_eq!(
        pair.client
            .mux
            .write(pair.now, id, Bytes::from_static(b"x")),
        Err(WriteError::PeerClosed(id))
    );
    assert_eq!(pair.client.output(pair.now, LIMIT), Bytes::new());
}

#[test]
fn a_stream_closed_here_takes_no_data() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.client.mux.close_write(pair.now, id);
    assert_eq!(
        pair.client
            .mux
            .write(pair.now, id, Bytes::from_static(b"x")),
        Err(WriteError::WriteClosed(id))
    );
}

#[test]
fn unknown_streams_are_harmless() {
    let mut pair = Pair::new(Config::default());
    let id = StreamId::new(99);
    let mux = &mut pair.client.mux;
    assert_eq!(
        mux.write(pair.now, id, Bytes::from_static(b"x")),
        Err(WriteError::UnknownStream(id))
    );
    mux.close_write(pair.now, id);
    mux.close(pair.now, id);
    assert_eq!(mux.read(id), None);
    assert_eq!(mux.send_capacity(id), 0);
    assert!(!mux.is_finished(id));
    assert!(mux.is_empty());
}

#[test]
fn a_write_over_the_capacity_is_refused_whole_and_writable_follows_when_it_fits() {
    let mut pair = Pair::new(Config {
        stream_send_limit: 1000,
        ..Config::default()
    });
    let id = pair.open();
    let mux = &mut pair.client.mux;
    mux.write(pair.now, id, pattern(0, 300)).unwrap();
    assert_eq!(mux.send_capacity(id), 700);
    assert_eq!(
        mux.write(pair.now, id, pattern(0, 900)),
        Err(WriteError::Capacity {
            most: 700,
            got: 900
        })
    );
    assert_eq!(mux.pending_bytes(), 308);
    let mut out = BytesMut::new();
    // SYN and a PSH of 184: 116 are left, the 900 would not fit.
    assert_eq!(mux.poll_transmit(pair.now, &mut out, 200), 200);
    assert_eq!(mux.poll_event(), None);
    mux.poll_transmit(pair.now, &mut out, 108);
    assert_eq!(mux.poll_event(), Some(Event::Writable(id)));
    mux.write(pair.now, id, pattern(0, 900)).unwrap();
}

#[test]
fn writable_comes_once_when_a_full_queue_is_half_empty() {
    let mut pair = Pair::new(Config {
        stream_send_limit: 1000,
        ..Config::default()
    });
    let id = pair.open();
    let mux = &mut pair.client.mux;
    mux.write(pair.now, id, pattern(0, 1000)).unwrap();
    assert_eq!(mux.send_capacity(id), 0);
    let mut out = BytesMut::new();
    mux.poll_transmit(pair.now, &mut out, 500);
    assert_eq!(mux.poll_event(), None);
    mux.poll_transmit(pair.now, &mut out, 100);
    assert_eq!(mux.poll_event(), Some(Event::Writable(id)));
    mux.poll_transmit(pair.now, &mut out, 1000);
    assert_eq!(mux.poll_event(), None);
    assert_eq!(mux.send_capacity(id), 1000);
}

#[test]
fn what_is_read_ahead_can_be_made_less_and_what_was_announced_is_still_taken() {
    let mut pair = Pair::new(Config {
        stream_send_limit: 1000,
        ..Config::default()
    });
    let id = pair.open();
    let mux = &mut pair.client.mux;
    let announced = mux.send_capacity(id);
    mux.set_read_ahead(200);
    assert_eq!(mux.send_capacity(id), 200);
    mux.write(pair.now, id, pattern(0, announced)).unwrap();
    assert_eq!(mux.send_capacity(id), 0);
    let mut out = BytesMut::new();
    // SYN and a PSH: 101 are left, which is more than half of what may be.
    mux.poll_transmit(pair.now, &mut out, 8 + 8 + 899);
    assert_eq!(mux.poll_event(), None);
    mux.poll_transmit(pair.now, &mut out, 8 + 1);
    assert_eq!(mux.poll_event(), Some(Event::Writable(id)));
    assert_eq!(mux.send_capacity(id), 100);
    // No more than was configured.
    mux.set_read_ahead(10_000);
    assert_eq!(mux.send_capacity(id), 900);
}

#[test]
fn what_may_be_read_ahead_is_shared_by_those_that_have_something_to_send() {
    let mut pair = Pair::new(Config::default());
    let ids: Vec<_> = (0..4).map(|_| pair.open()).collect();
    let mux = &mut pair.client.mux;
    mux.set_read_ahead(100_000);
    for &id in &ids {
        let room = mux.send_capacity(id);
        mux.write(pair.now, id, pattern(0, room)).unwrap();
    }
    assert_eq!(mux.pending_bytes(), 100_000 + 4 * 8);
    // Each may have a turn queued, and the next.
    mux.set_read_ahead(20_000);
    let mut out = BytesMut::new();
    while mux.poll_transmit(pair.now, &mut out, 1 << 20) > 0 {}
    for &id in &ids {
        mux.write(pair.now, id, pattern(0, 1)).unwrap();
    }
    let room: Vec<_> = ids.iter().map(|&id| mux.send_capacity(id)).collect();
    assert_eq!(room, [2 * 4096 - 1; 4]);
}

#[test]
fn writable_comes_when_what_may_be_read_ahead_has_grown_past_what_is_queued() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    let mux = &mut pair.client.mux;
    mux.set_read_ahead(10_000);
    mux.write(pair.now, id, pattern(0, 10_000)).unwrap();
    mux.set_read_ahead(100_000);
    let mut out = BytesMut::new();
    mux.poll_transmit(pair.now, &mut out, 100);
    assert_eq!(mux.poll_event(), Some(Event::Writable(id)));
}

#[test]
fn a_readable_event_comes_again_only_after_everything_was_read() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open();
    pair.run();
    for _ in 0..3 {
        for _ in 0..2 {
            pair.server
                .mux
                .write(pair.now, id, Bytes::from_static(b"x"))
                .unwrap();
            let down = pair.server.output(pair.now, LIMIT);
            pair.client.mux.handle_input(pair.now, down).unwrap();
        }
        pair.client.drain(|_| false);
        assert_eq!(pair.client.read(id), 2);
    }
    assert_eq!(pair.client.events, [Event::Readable(id); 3]);
}

#[test]
fn a_hundred_thousand_streams_leave_nothing_behind() {
    let mut pair = Pair::new(Config::default());
    for round in 0..1000 {
        let ids: Vec<_> = (0..100).map(|_| pair.open()).collect();
        for (n, &id) in ids.iter().enumerate() {
            pair.client
                .mux
                .write(pair.now, id, Bytes::from_static(b"question"))
                .unwrap();
            // Every way to end: here, there, half, both at once.
            if n % 4 == 0 {
                pair.client.mux.close_write(pair.now, id);
            }
        }
        pair.run();
        for (n, &id) in ids.iter().enumerate() {
            if n % 4 < 2 {
                pair.server.mux.close(pair.now, id);
            }
            if n % 4 > 0 {
                pair.client.mux.close(pair.now, id);
            }
        }
        pair.run();
        for &id in &ids {
            pair.client.mux.close(pair.now, id);
            pair.server.mux.close(pair.now, id);
        }
        pair.run();
        for side in [&mut pair.client, &mut pair.server] {
            assert!(side.mux.is_empty(), "something is left in round {round}");
            let closed = |e: &&Event| matches!(e, Event::Closed(_));
            assert_eq!(side.events.iter().filter(closed).count(), 100);
            side.events.clear();
            side.received.clear();
        }
    }
    assert_eq!(pair.open().get(), 200_003);
}

#[test]
fn nops_are_sent_only_when_asked_for() {
    let now = Instant::now();
    let mut mux = Mux::new(Role::Client, Config::default());
    let mut out = BytesMut::new();
    assert_eq!(mux.poll_transmit(now, &mut out, LIMIT), 0);
    assert_eq!(mux.poll_timeout(), None);

    let interval = Duration::from_secs(10);
    let mut mux = Mux::new(
        Role::Client,
        Config {
            keepalive: Some(interval),
            ..Config::default()
        },
    );
    assert_eq!(mux.poll_transmit(now, &mut out, LIMIT), 0);
    assert_eq!(
        mux.poll_timeout(),
        Some((now + interval, TimerReason::Keepalive))
    );
    mux.handle_timeout(now + interval);
    assert_eq!(mux.pending_bytes(), 8);
    assert_eq!(mux.poll_transmit(now + interval, &mut out, LIMIT), 8);
    assert_eq!(out[..], [1, 3, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        mux.poll_timeout(),
        Some((now + 2 * interval, TimerReason::Keepalive))
    );
}

#[test]
fn nops_do_not_pile_up_while_the_way_is_lost() {
    let now = Instant::now();
    let interval = Duration::from_secs(10);
    let mut mux = Mux::new(
        Role::Client,
        Config {
            keepalive: Some(interval),
            ..Config::default()
        },
    );
    mux.handle_timeout(now);
    mux.pause(now);
    assert_eq!(mux.poll_timeout(), None);
    for n in 1..100 {
        mux.handle_timeout(now + n * interval);
    }
    mux.resume(now + 100 * interval);
    mux.handle_timeout(now + 100 * interval);
    assert_eq!(mux.pending_bytes(), 8);
}

#[test]
fn nops_end_when_they_should_and_leave_no_timer() {
    let now = Instant::now();
    let interval = Duration::from_secs(10);
    let config = Config {
        keepalive: Some(interval),
        keepalive_until: Some(now + Duration::from_secs(35)),
        ..Config::default()
    };
    let mut mux = Mux::new(Role::Client, config.clone());
    let mut out = BytesMut::new();
    mux.handle_timeout(now);
    let mut last = now;
    while let Some((at, _)) = mux.poll_timeout() {
        last = at;
        mux.handle_timeout(at);
        mux.poll_transmit(at, &mut out, LIMIT);
    }
    assert_eq!(out.len(), 3 * 8);
    assert_eq!(last, now + 3 * interval);
    mux.handle_timeout(now + 9 * interval);
    assert_eq!(mux.pending_bytes(), 0);

    // The end falls into a time in which nothing can be sent.
    let mut mux = Mux::new(Role::Client, config);
    mux.handle_timeout(now);
    mux.pause(now + Duration::from_secs(5));
    mux.resume(now + Duration::from_secs(60));
    mux.handle_timeout(now + Duration::from_secs(60));
    assert_eq!(mux.pending_bytes(), 0);
    assert_eq!(mux.poll_timeout(), None);
}
