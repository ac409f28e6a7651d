//! Each fault once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde_json::json;
use ssm_message::payload::{ChannelClosed, JsonPayload as _};
use ssm_message::{MessageType, PayloadType};
use ssm_sim::{
    Action, BlackHole, Direction, MessageFaults, Publication, RateLimit, Refusal, Settings,
    Simulator, TerminatedBy,
};
use tokio::io::AsyncReadExt as _;
use tokio_tungstenite::tungstenite::{self, Message as Frame};

use crate::support::{
    Channel, Event, FIN, PORT_DOCUMENT, PSH, SYN, Signer, TARGET, call, dial, echo, fast, frame,
    patiently, pattern, serve, source, start, start_port_session,
};

const SIZE: usize = 400_000;

/// Downloads, and resumes as often as the channel is cut.
async fn download_over_cuts(sim: &Simulator, channel: &mut Channel, size: usize) -> Vec<u8> {
    let session = sim.sessions().remove(0).id;
    let mut got = Vec::new();
    while got.len() < size {
        while !channel.read_or_end(8).await {
            channel.resume(sim, &session).await;
        }
        let length = usize::from(u16::from_le_bytes([channel.output[2], channel.output[3]]));
        while !channel.read_or_end(8 + length).await {
            channel.resume(sim, &session).await;
        }
        let (command, _, part) = channel.read_frame().await;
        assert_eq!(command, PSH);
        got.extend_from_slice(&part);
    }
    got
}

async fn downloads_over(action: Action, mut settings: Settings) {
    if let Some(agent) = &mut settings.unlisted_targets
        && agent.pace.is_zero()
    {
        // After a cut the agent sends again one message in each such period.
        agent.resend_period = Duration::from_millis(1);
    }
    let sim = start(settings).await;
    let (port, _source) = source(SIZE).await;
    let mut channel = Channel::to_port(&sim, port).await;
    let cut = sim
        .faults()
        .cut_after(Direction::ToClient, 150_000, action.clone());
    channel.output(frame(SYN, 3, &[])).await;
    if action == Action::Reset || action == Action::Drop {
        // What such a cut loses comes back at the agent's pace: enough to see that it does.
        let session = sim.sessions().remove(0).id;
        while channel.read_or_end(usize::MAX).await {}
        channel.resume(&sim, &session).await;
        let had = channel.output.len();
        assert!(channel.read_or_end(had + 1).await);
        let whole = frame(PSH, 3, &pattern(32_768));
        let same = channel.output.len().min(whole.len());
        assert!(channel.output[..same] == whole[..same]);
    } else {
        let got = download_over_cuts(&sim, &mut channel, SIZE).await;
        assert!(got == pattern(SIZE));
    }
    assert!(patiently(cut.happened()).await);
    assert_eq!(sim.sessions()[0].websockets, 2);
    sim.stop().await;
}

#[tokio::test]
async fn a_download_survives_a_close_in_mid_transfer() {
    let bye = Action::Close {
        code: 1000,
        reason: "Bye".to_owned(),
    };
    downloads_over(bye, Settings::default()).await;
}

#[tokio::test]
async fn a_reset_in_mid_download_loses_what_was_on_its_way_and_it_is_sent_again() {
    downloads_over(Action::Reset, fast()).await;
}

#[tokio::test]
async fn a_dropped_connection_in_mid_download_is_resumed() {
    downloads_over(Action::Drop, fast()).await;
}

#[tokio::test]
async fn an_upload_survives_a_reset_in_mid_transfer() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    let (port, _sink) = serve(move |mut socket| {
        let sender = sender.lock().unwrap().take();
        async move {
            let mut got = Vec::new();
            socket.read_to_end(&mut got).await.unwrap();
            sender.unwrap().send(got).unwrap();
        }
    })
    .await;
    let sim = start(fast()).await;
    let mut channel = Channel::to_port(&sim, port).await;
    let session = sim.sessions().remove(0).id;
    let cut = sim
        .faults()
        .cut_after(Direction::ToAgent, 100_000, Action::Reset);
    channel.output(frame(SYN, 3, &[])).await;
    for part in pattern(SIZE).chunks(8_000) {
        channel.output(frame(PSH, 3, part)).await;
    }
    channel.output(frame(FIN, 3, &[])).await;
    assert_eq!(channel.expect_end().await, None);
    assert!(patiently(cut.happened()).await);
    channel.resume(&sim, &session).await;
    assert!(patiently(receiver).await.unwrap() == pattern(SIZE));
    sim.stop().await;
}

#[tokio::test]
async fn a_close_has_the_code_and_reason_asked_for_and_concerns_one_session() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut first = Channel::to_port(&sim, port).await;
    let mut second = Channel::to_port(&sim, port).await;
    let id = sim.sessions().remove(0).id;
    sim.faults().of_session(&id).close(1012, "restart");
    let end = first.expect_end().await;
    assert_eq!(end, Some((1012, "restart".to_owned())));
    second
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"on")].concat())
        .await;
    assert_eq!(second.read_frame().await.2, "on");
    sim.stop().await;
}

#[tokio::test]
async fn a_black_hole_that_holds_gives_all_bytes_back_when_it_ends() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.settle().await;
    sim.faults().black_hole(BlackHole::Hold, None);
    channel
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"held")].concat())
        .await;
    let nothing = tokio::time::timeout(Duration::from_millis(50), channel.socket.next()).await;
    assert!(nothing.is_err());
    sim.faults().end_black_hole();
    assert_eq!(channel.read_frame().await.2, "held");
    sim.stop().await;
}

#[tokio::test]
async fn a_black_hole_that_swallows_leaves_a_dead_connection_behind() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.settle().await;
    let session = sim.sessions().remove(0).id;
    sim.faults()
        .black_hole(BlackHole::Swallow, Some(Duration::from_millis(50)));
    let ping = Frame::Ping(Bytes::from_static(b"anybody there?"));
    channel.socket.send(ping.clone()).await.unwrap();
    let nothing = tokio::time::timeout(Duration::from_millis(200), channel.socket.next()).await;
    assert!(nothing.is_err());
    // The network is back; what was in the hole is not.
    channel.socket.send(ping).await.unwrap();
    channel.resume(&sim, &session).await;
    channel
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"new")].concat())
        .await;
    assert_eq!(channel.read_frame().await.2, "new");
    assert_eq!(sim.stats().pings, 0);
    sim.stop().await;
}

#[tokio::test]
async fn a_frozen_gateway_answers_calls_and_no_websocket() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.settle().await;
    sim.faults().freeze();
    let ping = Frame::Ping(Bytes::from_static(b"keepalive"));
    channel.socket.send(ping).await.unwrap();
    let status = json!({"Target": TARGET});
    for _ in 0..3 {
        let answer = call(&sim, "AmazonSSM.GetConnectionStatus", &status).await;
        assert_eq!(answer.status, 200);
    }
    assert!(channel.socket.next().now_or_never().is_none());
    assert_eq!(sim.stats().pings, 0);
    sim.faults().thaw();
    let pong = patiently(channel.socket.next()).await.unwrap().unwrap();
    assert!(matches!(pong, Frame::Pong(_)));
    sim.stop().await;
}

#[tokio::test]
async fn latency_and_bandwidth_take_their_time() {
    let sim = start(fast()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.settle().await;
    sim.faults().latency(Duration::from_millis(30));
    sim.faults().jitter(Duration::from_millis(5));
    let began = Instant::now();
    channel
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"far")].concat())
        .await;
    assert_eq!(channel.read_frame().await.2, "far");
    assert!(began.elapsed() >= Duration::from_millis(60));
    sim.faults().latency(Duration::ZERO);
    sim.faults().jitter(Duration::ZERO);
    sim.faults().bandwidth(Some(100_000));
    let began = Instant::now();
    channel.output(frame(PSH, 3, &pattern(5_000))).await;
    let mut got = 0;
    while got < 5_000 {
        got += channel.read_frame().await.2.len();
    }
    assert!(began.elapsed() >= Duration::from_millis(100));
    sim.stop().await;
}

#[tokio::test]
async fn duplicates_and_reordering_change_no_byte() {
    let sim = start(fast()).await;
    let (port, _source) = source(SIZE).await;
    let mut channel = Channel::to_port(&sim, port).await;
    for direction in [Direction::ToClient, Direction::ToAgent] {
        let messages = MessageFaults {
            duplicates: 20.0,
            reordering: 20.0,
            ..MessageFaults::default()
        };
        sim.faults().messages(direction, messages);
    }
    channel.output(frame(SYN, 3, &[])).await;
    // Kept back until another message passes.
    channel.output(frame(3, 0, &[])).await;
    let got = download_over_cuts(&sim, &mut channel, SIZE).await;
    assert!(got == pattern(SIZE));
    sim.stop().await;
}

#[tokio::test]
async fn a_lost_message_comes_again() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.settle().await;
    sim.faults()
        .lose_next(Direction::ToClient, MessageType::OutputStreamData, 1);
    channel
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"lost")].concat())
        .await;
    assert_eq!(channel.read_frame().await.2, "lost");
    let stats = sim.stats();
    assert_eq!(stats.from_agents.lost, 1);
    let all_lost = MessageFaults {
        loss: 100.0,
        ..MessageFaults::default()
    };
    sim.faults().messages(Direction::ToAgent, all_lost);
    channel.output(frame(PSH, 3, b"gone")).await;
    let ping = Frame::Ping(Bytes::from_static(b"after it"));
    channel.socket.send(ping).await.unwrap();
    patiently(sim.wait_for(|_, stats| stats.pings == 1)).await;
    assert!(sim.stats().from_clients.lost >= 1);
    sim.faults().clear();
    channel.resend().await;
    assert_eq!(channel.read_frame().await.2, "gone");
    sim.stop().await;
}

#[tokio::test]
async fn upgrades_are_refused_with_a_status_or_a_portals_page() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    for status in [403, 500, 200] {
        sim.faults()
            .refuse_upgrades(Refusal::status(status), Some(1));
        let refused = dial(&Signer::of(&sim), &ticket.url).await;
        let Err(tungstenite::Error::Http(response)) = refused else {
            panic!("let in: {refused:?}");
        };
        assert_eq!(response.status(), status);
    }
    Channel::ready(&sim, &ticket).await;
    sim.faults().expire_credentials(true);
    let ticket_url = ticket.url.as_str();
    let refused = dial(&Signer::of(&sim), ticket_url).await;
    assert!(matches!(refused, Err(tungstenite::Error::Http(response)) if response.status() == 403));
    sim.stop().await;
}

#[tokio::test]
async fn a_stream_url_may_be_no_websocket() {
    let sim = start(Settings::default()).await;
    let url = format!("ws://{}/not-a-websocket", sim.address());
    sim.faults().stream_url(Some(&url));
    let ticket = start_port_session(&sim, 80).await;
    assert_eq!(ticket.url, url);
    let refused = dial(&Signer::of(&sim), &url).await;
    assert!(matches!(refused, Err(tungstenite::Error::Http(response)) if response.status() == 200));
    sim.faults().stream_url(None);
    assert_ne!(start_port_session(&sim, 80).await.url, url);
    sim.stop().await;
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    sim.faults().expire_tokens();
    let mut channel = Channel::open(&sim, &ticket).await;
    assert_eq!(channel.expect_end().await.unwrap().0, 1008);
    sim.stop().await;
}

#[tokio::test]
async fn an_agent_that_is_gone_pauses_the_client_and_comes_back() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.settle().await;
    sim.faults().agent_gone();
    channel.expect_control(MessageType::PausePublication).await;
    channel
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"back")].concat())
        .await;
    let status = json!({"Target": TARGET});
    let answer = call(&sim, "AmazonSSM.GetConnectionStatus", &status).await;
    assert_eq!(answer.json()["Status"], "notconnected");
    sim.faults().agent_back();
    channel.expect_control(MessageType::StartPublication).await;
    channel.resend().await;
    assert_eq!(channel.read_frame().await.2, "back");
    assert!(sim.stats().from_clients.lost >= 1);
    sim.stop().await;
}

#[tokio::test]
async fn without_agents_no_session_starts() {
    let sim = start(Settings::default()).await;
    sim.faults().agent_gone();
    let body = json!({"Target": TARGET, "DocumentName": PORT_DOCUMENT});
    let answer = call(&sim, "AmazonSSM.StartSession", &body).await;
    assert_eq!(answer.code(), "TargetNotConnected");
    sim.faults().agent_back();
    start_port_session(&sim, 80).await;
    sim.stop().await;
}

#[tokio::test]
async fn an_agent_that_sends_too_many_messages_is_cut_and_the_client_paused() {
    let mut settings = fast();
    settings.gateway.rate_limit = Some(RateLimit {
        messages_per_second: 100,
        seconds: 0,
    });
    let sim = start(settings).await;
    let (port, _source) = source(SIZE).await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 3, &[])).await;
    channel.expect_control(MessageType::PausePublication).await;
    channel.expect_control(MessageType::StartPublication).await;
    assert!(sim.stats().rate_limit_trips >= 1);
    sim.stop().await;
}

#[tokio::test]
async fn what_is_held_for_an_absent_side_is_delivered_when_it_is_back() {
    let mut settings = Settings::default();
    settings.gateway.publication = Publication::Hold;
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    sim.faults().agent_gone();
    channel
        .output([frame(SYN, 3, &[]), frame(PSH, 3, b"held")].concat())
        .await;
    sim.faults().agent_back();
    assert_eq!(channel.read_frame().await.2, "held");
    assert_eq!(sim.stats().from_clients.lost, 0);
    sim.stop().await;
}

#[tokio::test]
async fn channel_closed_says_why_and_ends_the_session() {
    let sim = start(Settings::default()).await;
    let mut channel = Channel::to_port(&sim, 80).await;
    sim.faults().channel_closed("the instance is being stopped");
    let closed = channel.expect_control(MessageType::ChannelClosed).await;
    assert_eq!(closed.payload_type, PayloadType::Other(261));
    let body = ChannelClosed::decode(&closed.payload).unwrap();
    assert_eq!(body.output, "the instance is being stopped");
    assert_eq!(channel.expect_end().await.unwrap().0, 1000);
    let session = sim.sessions().remove(0);
    assert_eq!(session.terminated_by, Some(TerminatedBy::Fault));
    sim.stop().await;
}

#[tokio::test]
async fn frames_that_are_no_messages_reach_the_client() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    sim.faults().apply(&Action::GarbageFrame);
    assert!(matches!(channel.next().await, Event::Garbage(frame) if !frame.is_empty()));
    sim.faults().apply(&Action::TextFrame);
    assert!(matches!(channel.next().await, Event::Text(text) if !text.is_empty()));
    sim.faults().apply(&Action::BadSmuxFrame);
    assert_eq!(channel.read(9).await, [9; 9].as_slice());
    channel
        .socket
        .send(Frame::Binary(Bytes::from_static(b"x")))
        .await
        .unwrap();
    channel.output(frame(SYN, 3, &[])).await;
    channel.output(frame(PSH, 3, b"on")).await;
    assert_eq!(channel.read_frame().await.2, "on");
    assert_eq!(sim.stats().bad_frames, 1);
    sim.stop().await;
}

#[tokio::test]
async fn a_client_that_sends_too_many_messages_is_cut() {
    let mut settings = Settings::default();
    settings.gateway.rate_limit = Some(RateLimit {
        messages_per_second: 100,
        seconds: 0,
    });
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 3, &[])).await;
    for _ in 0..150 {
        channel.output(frame(PSH, 3, b"x")).await;
    }
    channel.expect_end().await;
    let stats = sim.stats();
    assert_eq!(stats.rate_limit_trips, 1);
    assert!(stats.from_clients.most_a_second > 100);
    sim.stop().await;
}

#[tokio::test]
async fn a_stopped_simulator_closes_every_connection() {
    let sim = start(Settings::default()).await;
    let mut channel = Channel::to_port(&sim, 80).await;
    let address = sim.address();
    let cut = sim.faults().cut_after(Direction::ToAgent, 1, Action::Reset);
    sim.stop().await;
    assert_eq!(channel.expect_end().await, None);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    drop(cut);
}
