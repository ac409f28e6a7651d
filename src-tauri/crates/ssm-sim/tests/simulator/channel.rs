//! The gateway and the agent, without faults.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use serde_json::value::to_raw_value;
use ssm_message::payload::{
    ChannelClosed, EncryptionChallenge, Flag, HandshakeComplete, HandshakeRequest,
    JsonPayload as _, KmsEncryptionResult, SessionTypeRequest,
};
use ssm_message::{Flags, Message, MessageType, PayloadType};
use ssm_sim::{AgentSettings, HandshakeVariation, Settings, TerminatedBy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::{self, Message as Frame};

use crate::support::{
    Channel, Event, FIN, PSH, SYN, Signer, TARGET, Ticket, answer_to, call, closed_port, dial,
    echo, fast, frame, patiently, pattern, resume_session, serve, source, start,
    start_port_session, start_session,
};

#[tokio::test]
async fn the_handshake_names_agent_session_type_and_port() {
    let settings = Settings {
        customer_message: "be careful".to_owned(),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let mut channel = Channel::open(&sim, &start_port_session(&sim, 5432).await).await;
    let request = channel.expect(PayloadType::HandshakeRequest).await;
    assert_eq!((request.sequence_number, request.flags), (0, Flags::SYN));
    // To the byte what a captured agent sends for these parameters.
    let captured = r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"localPortNumber":"0","portNumber":"5432","type":"LocalPortForwarding"}}}]}"#;
    assert_eq!(request.payload, captured);
    let body = HandshakeRequest::decode(&request.payload).unwrap();
    let action: SessionTypeRequest = body.requested_client_actions[0].parameters().unwrap();
    let properties = action.properties.unwrap();
    assert_eq!(action.session_type, "Port");
    assert_eq!(properties.port_number.as_deref(), Some("5432"));
    assert_eq!(properties.kind.as_deref(), Some("LocalPortForwarding"));
    channel.respond(vec![answer_to("SessionType")]).await;
    let complete = channel.expect(PayloadType::HandshakeComplete).await;
    let complete = HandshakeComplete::decode(&complete.payload).unwrap();
    assert_eq!(complete.customer_message, "be careful");
    assert!(complete.handshake_time_to_complete > 0);
    let sessions = sim.wait_for(|all, _| all[0].handshake_complete).await;
    assert_eq!(sessions[0].client_version.as_deref(), Some("1.2.764.0"));
    sim.stop().await;
}

#[tokio::test]
async fn start_publication_may_come_before_anything_else() {
    let sim = start(Settings::default()).await;
    let mut channel = Channel::open(&sim, &start_port_session(&sim, 80).await).await;
    let Event::Message(first) = channel.next().await else {
        panic!("no message");
    };
    assert_eq!(first.message_type, MessageType::StartPublication);
    sim.stop().await;
}

#[tokio::test]
async fn a_stream_carries_bytes_both_ways_in_messages_of_1024_bytes() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 3, &[])).await;
    let data = pattern(3000);
    let bytes = frame(PSH, 3, &data);
    channel.output(bytes.slice(..700)).await;
    channel.output(bytes.slice(700..)).await;
    let first = channel.expect(PayloadType::Output).await;
    assert!(first.payload.len() <= 1024);
    channel.output.extend_from_slice(&first.payload);
    let mut back = Vec::new();
    while back.len() < data.len() {
        let (command, stream, part) = channel.read_frame().await;
        assert_eq!((command, stream), (PSH, 3));
        back.extend_from_slice(&part);
    }
    assert_eq!(back, data);
    channel.output(frame(FIN, 3, &[])).await;
    assert_eq!(channel.read_frame().await, (FIN, 3, Bytes::new()));
    channel.settle().await;
    let session = sim.sessions().remove(0);
    assert_eq!((session.connections, session.bytes_to_agent), (1, 3024));
    sim.stop().await;
}

#[tokio::test]
async fn a_large_download_and_a_large_upload_arrive_whole() {
    const SIZE: usize = 3_000_000;
    let sim = start(fast()).await;
    let (port, _source) = source(SIZE).await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 3, &[])).await;
    let mut got = Vec::new();
    while got.len() < SIZE {
        let (command, _, part) = channel.read_frame().await;
        assert_eq!(command, PSH);
        assert!(part.len() <= 32_768);
        got.extend_from_slice(&part);
    }
    assert!(got == pattern(SIZE));

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
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 5, &[])).await;
    for part in pattern(SIZE).chunks(60_000) {
        channel.output(frame(PSH, 5, part)).await;
    }
    channel.output(frame(FIN, 5, &[])).await;
    assert!(patiently(receiver).await.unwrap() == pattern(SIZE));
    sim.stop().await;
}

#[tokio::test]
async fn the_destinations_end_closes_its_stream_and_no_other() {
    let sim = start(Settings::default()).await;
    let (port, _server) = serve(|mut socket| async move {
        let mut first = [0];
        socket.read_exact(&mut first).await.unwrap();
        socket.write_all(b"bye").await.unwrap();
    })
    .await;
    let mut channel = Channel::to_port(&sim, port).await;
    for stream in [3, 5] {
        channel.output(frame(SYN, stream, &[])).await;
    }
    channel.output(frame(PSH, 5, b"x")).await;
    assert_eq!(channel.read_frame().await.2, "bye");
    assert_eq!(channel.read_frame().await, (FIN, 5, Bytes::new()));
    channel.output(frame(PSH, 3, b"x")).await;
    assert_eq!(channel.read_frame().await, (PSH, 3, "bye".into()));
    sim.stop().await;
}

#[tokio::test]
async fn the_clients_fin_closes_the_destination_after_all_data() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    let (port, _server) = serve(move |mut socket| {
        let sender = sender.lock().unwrap().take();
        async move {
            let mut got = Vec::new();
            socket.read_to_end(&mut got).await.unwrap();
            sender.unwrap().send(got).unwrap();
            // Too late: nobody carries this any more.
            let _ = socket.write_all(b"late answer").await;
        }
    })
    .await;
    let sim = start(Settings::default()).await;
    let mut channel = Channel::to_port(&sim, port).await;
    let all = [
        frame(SYN, 3, &[]),
        frame(PSH, 3, b"question"),
        frame(FIN, 3, &[]),
    ];
    channel.output(all.concat()).await;
    assert_eq!(patiently(receiver).await.unwrap(), b"question");
    assert_eq!(channel.read_frame().await, (FIN, 3, Bytes::new()));
    sim.stop().await;
}

#[tokio::test]
async fn a_refused_destination_is_a_flag_and_then_a_fin() {
    let sim = start(Settings::default()).await;
    let mut channel = Channel::to_port(&sim, closed_port().await).await;
    channel.output(frame(SYN, 3, &[])).await;
    let flag = channel.expect(PayloadType::Flag).await;
    assert_eq!(
        Flag::decode(&flag.payload).unwrap(),
        Flag::ConnectToPortError
    );
    assert_eq!(channel.read_frame().await, (FIN, 3, Bytes::new()));
    assert_eq!(sim.sessions()[0].refused_connections, 1);
    sim.stop().await;
}

#[tokio::test]
async fn a_remote_host_is_reached_by_the_map_and_no_other_is() {
    let (port, _echo) = echo().await;
    let mut settings = Settings::default();
    let local = format!("127.0.0.1:{port}").parse().unwrap();
    settings
        .destinations
        .insert("db.internal:5432".to_owned(), local);
    let sim = start(settings).await;
    let document = "AWS-StartPortForwardingSessionToRemoteHost";
    for (host, command) in [("db.internal", PSH), ("192.0.2.1", FIN)] {
        let parameters = json!({"host": [host], "portNumber": ["5432"]});
        let ticket = start_session(&sim, document, &parameters).await;
        let mut channel = Channel::ready(&sim, &ticket).await;
        channel
            .output([frame(SYN, 3, &[]), frame(PSH, 3, b"hello")].concat())
            .await;
        if command == FIN {
            channel.expect(PayloadType::Flag).await;
        }
        assert_eq!(channel.read_frame().await.0, command, "{host}");
    }
    sim.stop().await;
}

#[tokio::test]
async fn bytes_that_are_not_smux_end_a_session_with_streams() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 3, &[])).await;
    channel.output(&b"GET / HTTP/1.1\r\n\r\n"[..]).await;
    channel.expect_control(MessageType::ChannelClosed).await;
    let session = sim.sessions().remove(0);
    assert_eq!(session.terminated_by, Some(TerminatedBy::Agent));
    sim.stop().await;
}

#[tokio::test]
async fn an_old_agent_serves_one_connection_after_the_other() {
    let settings = Settings {
        unlisted_targets: Some(AgentSettings::with_version("3.0.196.0")),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(&b"one"[..]).await;
    while !channel.output.ends_with(b"one") {
        // Data that comes before the destination is connected is not acknowledged: it is
        // for the client to send it again.
        sim.wait_for(|all, _| all[0].connections == 1).await;
        channel.resend().await;
        let message = channel.expect(PayloadType::Output).await;
        channel.output.extend_from_slice(&message.payload);
    }
    channel.output.clear();
    channel.flag(Flag::DisconnectToPort).await;
    channel.output(&b"two"[..]).await;
    assert_eq!(channel.read(3).await, "two");
    sim.wait_for(|all, _| all[0].connections == 2).await;
    channel.settle().await;
    sim.stop().await;
}

#[tokio::test]
async fn a_basic_session_to_a_closed_port_is_over_at_once() {
    let settings = Settings {
        unlisted_targets: Some(AgentSettings::with_version("2.3.1319.0")),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let mut channel = Channel::to_port(&sim, closed_port().await).await;
    let closed = channel.expect_control(MessageType::ChannelClosed).await;
    let body = ChannelClosed::decode(&closed.payload).unwrap();
    assert!(body.output.starts_with("Unable to connect"), "{body:?}");
    sim.stop().await;
}

#[tokio::test]
async fn a_standard_stream_ends_with_its_destination_after_all_its_bytes() {
    let sim = start(Settings::default()).await;
    let (port, _server) = serve(|mut socket| async move {
        socket.write_all(&pattern(5000)).await.unwrap();
    })
    .await;
    let parameters = json!({"portNumber": [port.to_string()]});
    let ticket = start_session(&sim, "AWS-StartSSHSession", &parameters).await;
    let mut channel = Channel::ready(&sim, &ticket).await;
    assert_eq!(channel.read(5000).await, pattern(5000));
    channel.expect_control(MessageType::ChannelClosed).await;
    assert_eq!(channel.expect_end().await.unwrap().0, 1000);
    sim.stop().await;
}

#[tokio::test]
async fn the_flag_terminate_session_is_acknowledged_and_ends_it() {
    let sim = start(Settings::default()).await;
    let mut channel = Channel::to_port(&sim, 80).await;
    channel.flag(Flag::TerminateSession).await;
    channel.settle().await;
    channel.expect_control(MessageType::ChannelClosed).await;
    let session = sim.sessions().remove(0);
    assert_eq!(session.terminated_by, Some(TerminatedBy::Flag));
    sim.stop().await;
}

#[tokio::test]
async fn an_agent_too_old_for_the_flag_only_acknowledges_it() {
    let settings = Settings {
        unlisted_targets: Some(AgentSettings::with_version("2.3.722.0")),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.flag(Flag::TerminateSession).await;
    channel.settle().await;
    assert_eq!(sim.sessions()[0].terminated_by, None);
    sim.stop().await;
}

#[tokio::test]
async fn a_token_is_good_for_one_websocket() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    let _first = Channel::open(&sim, &ticket).await;
    sim.wait_for(|all, _| all[0].websockets == 1).await;
    let mut second = Channel::open(&sim, &ticket).await;
    let (code, reason) = second.expect_end().await.unwrap();
    assert_eq!((code, reason.as_str()), (1008, "the token is not valid"));
    let stats = sim.stats();
    assert_eq!((stats.channels_opened, stats.channels_refused), (1, 1));
    assert!(sim.sessions()[0].client_connected);
    sim.stop().await;
}

#[tokio::test]
async fn a_token_that_waited_too_long_or_belongs_to_another_client_is_refused() {
    let mut settings = Settings::default();
    settings.gateway.token_lifetime = Duration::ZERO;
    let sim = start(settings).await;
    let ticket = start_port_session(&sim, 80).await;
    let mut late = Channel::open(&sim, &ticket).await;
    assert_eq!(late.expect_end().await.unwrap().1, "the token has expired");

    let sim = start(Settings::default()).await;
    let mut channel = Channel::to_port(&sim, 80).await;
    channel.client_id = ssm_message::Uuid::from_u128(78);
    let session = sim.sessions().remove(0).id;
    channel.resume(&sim, &session).await;
    let end = channel.expect_end().await.unwrap();
    assert_eq!(end.1, "the client id is another one");
    sim.stop().await;
}

#[tokio::test]
async fn a_newer_connection_replaces_the_older_and_nothing_is_lost() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    let session = sim.sessions().remove(0).id;
    channel.output(frame(SYN, 3, &[])).await;
    let ticket = resume_session(&sim, &session).await;
    let mut old = {
        let socket = dial(&Signer::of(&sim), &ticket.url).await.unwrap();
        std::mem::replace(&mut channel.socket, socket)
    };
    channel.show(&ticket.token).await;
    let ended = async { while old.next().await.is_some_and(|frame| frame.is_ok()) {} };
    patiently(ended).await;
    channel.resend().await;
    channel.output(frame(PSH, 3, b"still here")).await;
    assert_eq!(channel.read_frame().await.2, "still here");
    let session = sim.sessions().remove(0);
    assert_eq!((session.websockets, session.resumes), (2, 1));
    sim.stop().await;
}

#[tokio::test]
async fn what_is_not_open_data_channel_is_turned_away() {
    let sim = start(Settings::default()).await;
    for first in [
        Frame::Binary(Bytes::from_static(b"binary")),
        Frame::Text("{}".into()),
        Frame::Text("not json".into()),
    ] {
        let ticket = start_port_session(&sim, 80).await;
        let mut socket = dial(&Signer::of(&sim), &ticket.url).await.unwrap();
        socket.send(first).await.unwrap();
        let close = patiently(socket.next()).await.unwrap().unwrap();
        assert!(matches!(close, Frame::Close(Some(close)) if u16::from(close.code) == 1008));
    }
    sim.stop().await;
}

#[tokio::test]
async fn an_upgrade_must_be_signed_for_ssmmessages() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    let mut wrong = Signer::of(&sim);
    wrong.secret_key.push('x');
    let refused = dial(&wrong, &ticket.url).await;
    let Err(tungstenite::Error::Http(response)) = refused else {
        panic!("let in");
    };
    assert_eq!(response.status(), 403);
    let body = response.into_body().unwrap();
    assert!(String::from_utf8_lossy(&body).contains("SignatureDoesNotMatch"));
    let socket = tokio::net::TcpStream::connect(sim.address()).await.unwrap();
    let unsigned = tokio_tungstenite::client_async(&ticket.url, socket).await;
    assert!(matches!(unsigned, Err(tungstenite::Error::Http(_))));
    assert_eq!(sim.stats().upgrades_refused, 2);
    // The token has not been shown, so it is still good.
    Channel::ready(&sim, &ticket).await;
    sim.stop().await;

    let mut settings = Settings::default();
    settings.gateway.signed_upgrades = false;
    let sim = start(settings).await;
    let ticket = start_port_session(&sim, 80).await;
    let socket = tokio::net::TcpStream::connect(sim.address()).await.unwrap();
    tokio_tungstenite::client_async(&ticket.url, socket)
        .await
        .unwrap();
    sim.stop().await;
}

#[tokio::test]
async fn pings_are_answered_and_the_gateway_pings_too() {
    let mut settings = Settings::default();
    settings.gateway.ping_period = Duration::from_millis(20);
    let sim = start(settings).await;
    let mut channel = Channel::to_port(&sim, 80).await;
    let ping = Frame::Ping(Bytes::from_static(b"keepalive"));
    channel.socket.send(ping).await.unwrap();
    let (mut pinged, mut answered) = (false, false);
    while !(pinged && answered) {
        match patiently(channel.socket.next()).await.unwrap().unwrap() {
            Frame::Ping(_) => pinged = true,
            Frame::Pong(payload) => answered |= payload == "keepalive",
            Frame::Text(_) | Frame::Binary(_) | Frame::Close(_) | Frame::Frame(_) => {}
        }
    }
    assert_eq!(sim.stats().pings, 1);
    sim.stop().await;
}

#[tokio::test]
async fn duplicates_are_acknowledged_again_and_delivered_once() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 3, &[])).await;
    let twice = channel.number(PayloadType::Output, frame(PSH, 3, b"once"));
    channel
        .socket
        .send(Frame::Binary(twice.clone()))
        .await
        .unwrap();
    channel.settle().await;
    channel.socket.send(Frame::Binary(twice)).await.unwrap();
    channel.expect_acknowledgement(2).await;
    channel.output(frame(PSH, 3, b" more")).await;
    let mut got = Vec::new();
    while got.len() < 9 {
        got.extend_from_slice(&channel.read_frame().await.2);
    }
    assert_eq!(got, b"once more");
    sim.stop().await;
}

#[tokio::test]
async fn messages_that_come_early_are_acknowledged_and_wait_their_turn() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    let first = channel.number(PayloadType::Output, frame(SYN, 3, &[]));
    channel.output(frame(PSH, 3, b"early")).await;
    channel.expect_acknowledgement(2).await;
    channel.socket.send(Frame::Binary(first)).await.unwrap();
    assert_eq!(channel.read_frame().await.2, "early");
    sim.stop().await;
}

#[tokio::test]
async fn data_before_the_handshake_is_acknowledged_and_dropped() {
    let sim = start(Settings::default()).await;
    let (port, _echo) = echo().await;
    let ticket = start_port_session(&sim, port).await;
    let mut channel = Channel::open(&sim, &ticket).await;
    channel.output(frame(SYN, 3, &[])).await;
    channel.handshake().await;
    channel.settle().await;
    channel.output(frame(SYN, 5, &[])).await;
    channel.output(frame(PSH, 5, b"x")).await;
    assert_eq!(channel.read_frame().await.1, 5);
    assert_eq!(sim.sessions()[0].connections, 1);
    sim.stop().await;
}

#[tokio::test]
async fn the_agent_resends_its_oldest_message_until_it_is_acknowledged() {
    let sim = start(Settings::default()).await;
    let ticket = start_port_session(&sim, 80).await;
    let mut channel = Channel::open(&sim, &ticket).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let frame = patiently(channel.socket.next()).await.unwrap().unwrap();
        if let Frame::Binary(frame) = frame {
            let message = Message::decode(&frame).unwrap();
            if message.message_type == MessageType::OutputStreamData {
                seen.push(message);
            }
        }
    }
    assert!(seen.iter().all(|message| *message == seen[0]));
    sim.stop().await;
}

#[tokio::test]
async fn a_session_with_a_key_is_encrypted() {
    let settings = Settings {
        kms_key_id: Some("key-1".to_owned()),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let ticket = start_port_session(&sim, port).await;
    let mut channel = Channel::open(&sim, &ticket).await;
    let keys = encrypted_handshake(&sim, &mut channel, &ticket, &ticket.session).await;
    let complete = channel.expect(PayloadType::HandshakeComplete).await;
    let complete = HandshakeComplete::decode(&complete.payload).unwrap();
    assert!(complete.customer_message.contains("encrypted"));
    let hello = [frame(SYN, 3, &[]), frame(PSH, 3, b"hello")].concat();
    channel.output(keys.encrypt(&hello)).await;
    let message = channel.expect(PayloadType::Output).await;
    assert_eq!(keys.decrypt(&message.payload), frame(PSH, 3, b"hello"));
    assert!(sim.sessions()[0].encrypted);
    sim.stop().await;
}

#[tokio::test]
async fn a_data_key_made_for_another_session_is_refused() {
    let settings = Settings {
        kms_key_id: Some("key-1".to_owned()),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let ticket = start_port_session(&sim, 80).await;
    let mut channel = Channel::open(&sim, &ticket).await;
    respond_with_key(&sim, &mut channel, "another-session").await;
    let closed = channel.expect_control(MessageType::ChannelClosed).await;
    let body = ChannelClosed::decode(&closed.payload).unwrap();
    assert!(body.output.contains("encryption context"), "{body:?}");
    sim.stop().await;
}

/// The client's keys: the first half decrypts, the second encrypts.
struct Keys {
    data_key: Vec<u8>,
}

impl Keys {
    fn cipher(half: &[u8]) -> aes_gcm::Aes256Gcm {
        use aes_gcm::aead::KeyInit as _;
        aes_gcm::Aes256Gcm::new_from_slice(half).unwrap()
    }

    fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        use aes_gcm::aead::Aead as _;
        let nonce = [7; 12];
        let sealed = Self::cipher(&self.data_key[32..]).encrypt(&nonce.into(), plain);
        [nonce.to_vec(), sealed.unwrap()].concat()
    }

    fn decrypt(&self, message: &[u8]) -> Vec<u8> {
        use aes_gcm::aead::Aead as _;
        let nonce: [u8; 12] = message[..12].try_into().unwrap();
        Self::cipher(&self.data_key[..32])
            .decrypt(&nonce.into(), &message[12..])
            .unwrap()
    }
}

async fn respond_with_key(sim: &ssm_sim::Simulator, channel: &mut Channel, session: &str) -> Keys {
    let request = channel.expect(PayloadType::HandshakeRequest).await;
    let request = HandshakeRequest::decode(&request.payload).unwrap();
    assert_eq!(
        request.requested_client_actions[1].action_type,
        "KMSEncryption"
    );
    let body = json!({
        "KeyId": "key-1",
        "NumberOfBytes": 64,
        "EncryptionContext": {"aws:ssm:SessionId": session, "aws:ssm:TargetId": TARGET},
    });
    let key = call(sim, "TrentService.GenerateDataKey", &body)
        .await
        .json();
    let mut encryption = answer_to("SessionType");
    encryption.action_type = "KMSEncryption".to_owned();
    let result = KmsEncryptionResult {
        kms_cipher_text_key: key["CiphertextBlob"].as_str().unwrap().to_owned(),
        kms_cipher_text_hash: String::new(),
    };
    encryption.action_result = Some(to_raw_value(&result).unwrap());
    channel
        .respond(vec![answer_to("SessionType"), encryption])
        .await;
    Keys {
        data_key: STANDARD.decode(key["Plaintext"].as_str().unwrap()).unwrap(),
    }
}

async fn encrypted_handshake(
    sim: &ssm_sim::Simulator,
    channel: &mut Channel,
    ticket: &Ticket,
    session: &str,
) -> Keys {
    assert_eq!(ticket.session, session);
    let keys = respond_with_key(sim, channel, session).await;
    let question = channel.expect(PayloadType::EncChallengeRequest).await;
    let question = EncryptionChallenge::decode(&question.payload).unwrap();
    let challenge = keys.decrypt(&STANDARD.decode(question.challenge).unwrap());
    let answer = EncryptionChallenge {
        challenge: STANDARD.encode(keys.encrypt(&challenge)),
    };
    channel
        .send(PayloadType::EncChallengeResponse, answer.encode())
        .await;
    keys
}

#[tokio::test]
async fn a_client_that_refuses_an_action_ends_the_session() {
    let settings = Settings {
        handshake: HandshakeVariation::UnknownAction,
        ..Settings::default()
    };
    let sim = start(settings).await;
    let ticket = start_port_session(&sim, 80).await;
    let mut channel = Channel::open(&sim, &ticket).await;
    let request = channel.expect(PayloadType::HandshakeRequest).await;
    let request = HandshakeRequest::decode(&request.payload).unwrap();
    let answers = request
        .requested_client_actions
        .iter()
        .map(|action| answer_to(&action.action_type));
    channel.respond(answers.collect()).await;
    let closed = channel.expect_control(MessageType::ChannelClosed).await;
    let body = ChannelClosed::decode(&closed.payload).unwrap();
    assert!(body.output.contains("FutureAction failed on client"));
    sim.stop().await;
}

#[tokio::test]
async fn odd_handshakes_reach_the_client_as_they_are() {
    for (variation, is_json) in [
        (HandshakeVariation::UnknownSessionType, true),
        (HandshakeVariation::Garbage, false),
    ] {
        let settings = Settings {
            handshake: variation,
            ..Settings::default()
        };
        let sim = start(settings).await;
        let ticket = start_port_session(&sim, 80).await;
        let mut channel = Channel::open(&sim, &ticket).await;
        let request = channel.expect(PayloadType::HandshakeRequest).await;
        assert_eq!(HandshakeRequest::decode(&request.payload).is_ok(), is_json);
        sim.stop().await;
    }
}

#[tokio::test]
async fn an_agent_without_the_plugin_ends_the_session_and_says_so() {
    let settings = Settings {
        handshake: HandshakeVariation::NoPlugin,
        ..Settings::default()
    };
    let sim = start(settings).await;
    let ticket = start_port_session(&sim, 80).await;
    let mut channel = Channel::open(&sim, &ticket).await;
    let closed = channel.expect_control(MessageType::ChannelClosed).await;
    let body = ChannelClosed::decode(&closed.payload).unwrap();
    let said = body.output;
    assert!(said.starts_with("Plugin with name Port is not"), "{said}");
    sim.stop().await;
}

#[tokio::test]
async fn sessions_end_when_they_are_silent_or_old_for_too_long() {
    let short = Some(Duration::from_millis(1));
    for (idle, most, by) in [
        (short, None, TerminatedBy::IdleTimeout),
        (None, short, TerminatedBy::MaxDuration),
    ] {
        let settings = Settings {
            idle_timeout: idle,
            max_duration: most,
            ..Settings::default()
        };
        let sim = start(settings).await;
        start_port_session(&sim, 80).await;
        let all = patiently(sim.wait_for(|all, _| all[0].terminated_by.is_some())).await;
        assert_eq!(all[0].terminated_by, Some(by));
        sim.stop().await;
    }
}

#[tokio::test]
async fn the_gateway_closes_with_bye_after_its_period_and_the_session_goes_on() {
    let mut settings = Settings::default();
    settings.gateway.close_period = Some(Duration::from_millis(300));
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    let session = sim.sessions().remove(0).id;
    channel.output(frame(SYN, 3, &[])).await;
    assert_eq!(channel.expect_end().await, Some((1000, "Bye".to_owned())));
    channel.resume(&sim, &session).await;
    channel.output(frame(PSH, 3, b"again")).await;
    assert_eq!(channel.read_frame().await.2, "again");
    sim.stop().await;
}

#[tokio::test]
async fn an_agent_that_is_not_ready_yet_acknowledges_nothing() {
    let agent = AgentSettings {
        start_delay: Duration::from_millis(1),
        ..AgentSettings::default()
    };
    let settings = Settings {
        unlisted_targets: Some(agent),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    let hello = [frame(SYN, 3, &[]), frame(PSH, 3, b"hello")].concat();
    channel.output(hello).await;
    let mut tries = 0;
    while sim.sessions()[0].connections == 0 {
        channel.resend().await;
        tries += 1;
        tokio::task::yield_now().await;
    }
    assert!(tries > 1);
    assert_eq!(channel.read_frame().await.2, "hello");
    sim.stop().await;
}

#[tokio::test]
async fn an_old_agent_ends_a_session_in_which_nothing_arrives() {
    let agent = AgentSettings {
        smux_ping: Duration::from_millis(1),
        smux_timeout: Duration::from_millis(400),
        ..AgentSettings::with_version("3.1.1511.0")
    };
    let settings = Settings {
        unlisted_targets: Some(agent),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let (port, _echo) = echo().await;
    let mut channel = Channel::to_port(&sim, port).await;
    assert_eq!(channel.read_frame().await, (3, 0, Bytes::new()));
    channel.expect_control(MessageType::ChannelClosed).await;
    let session = sim.sessions().remove(0);
    assert_eq!(session.terminated_by, Some(TerminatedBy::Agent));
    sim.stop().await;
}

#[tokio::test]
async fn a_destination_that_does_not_read_stops_all_acknowledgements_and_no_pong() {
    let agent = AgentSettings {
        receive_bucket: 10_000,
        ..AgentSettings::default()
    };
    let settings = Settings {
        unlisted_targets: Some(agent),
        ..Settings::default()
    };
    let sim = start(settings).await;
    let (go_on, wait) = tokio::sync::watch::channel(false);
    let (port, _server) = serve(move |mut socket| {
        let mut wait = wait.clone();
        async move {
            let _ = wait.wait_for(|go_on| *go_on).await;
            let (mut read, mut write) = socket.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        }
    })
    .await;
    let mut channel = Channel::to_port(&sim, port).await;
    channel.output(frame(SYN, 3, &[])).await;
    // More than the sockets of the operating system take.
    let part = pattern(60_000);
    for _ in 0..200 {
        channel.output(frame(PSH, 3, &part)).await;
    }
    let ping = Frame::Ping(Bytes::from_static(b"alive?"));
    channel.socket.send(ping).await.unwrap();
    while !matches!(
        patiently(channel.socket.next()).await.unwrap().unwrap(),
        Frame::Pong(_)
    ) {}
    assert!(sim.sessions()[0].bytes_to_agent < 200 * 60_000);
    go_on.send_replace(true);
    channel.resend().await;
    let mut got = 0;
    while got < 100_000 {
        got += channel.read_frame().await.2.len();
    }
    sim.stop().await;
}
