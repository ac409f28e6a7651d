//! Remote hosts, old agents, raw streams, other places to listen.

use std::net::SocketAddr;

use culvert_tests::{Destination, Rig, echo, impatient};
use ssm_sim::{AgentSettings, Settings, Simulator};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tunnel::{BindAddress, Destination as To, Tunnel, TunnelConfig};

use crate::transfer::fast;

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_host_is_reached_through_the_target() {
    let destination = Destination::start().await.unwrap();
    let real = SocketAddr::from(([127, 0, 0, 1], destination.port()));
    let mut settings = fast();
    settings
        .destinations
        .insert("db.internal:5432".to_owned(), real);
    let to = |config: &mut TunnelConfig| {
        config.destination = To::RemoteHost {
            host: "db.internal".to_owned(),
            port: 5432,
        };
        config.reason = Some("the scenario".to_owned());
    };
    let rig = Rig::start_with(settings, to).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(
        impatient(echo(&mut stream, b"hello"))
            .await
            .unwrap()
            .unwrap(),
        b"hello"
    );
    let session = &rig.sim.sessions()[0];
    assert_eq!(
        session.document,
        "AWS-StartPortForwardingSessionToRemoteHost"
    );
    assert_eq!(session.parameters["host"], "db.internal");
    assert_eq!(session.reason.as_deref(), Some("the scenario"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_agent_carries_one_connection_after_another_and_says_so() {
    let agent = AgentSettings::with_version("2.3.1319.0");
    let rig = Rig::start(Settings {
        unlisted_targets: Some(agent),
        ..fast()
    })
    .await
    .unwrap();
    for round in 0..3_u8 {
        let bytes = vec![round; 20_000];
        let mut stream = rig.connect().await.unwrap();
        assert!(impatient(echo(&mut stream, &bytes)).await.unwrap().unwrap() == bytes);
    }
    // Two at once: the second waits for the first, and gets its own bytes only.
    let mut first = rig.connect().await.unwrap();
    let mut second = rig.connect().await.unwrap();
    assert_eq!(
        impatient(echo(&mut first, b"first"))
            .await
            .unwrap()
            .unwrap(),
        b"first"
    );
    drop(first);
    assert_eq!(
        impatient(echo(&mut second, b"second"))
            .await
            .unwrap()
            .unwrap(),
        b"second"
    );
    let notice = rig.snapshot().notice.unwrap();
    assert_eq!(notice.code, "one-connection-at-a-time");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_stream_carries_bytes_both_ways_until_its_end() {
    let sim = Simulator::start(fast()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let destination = Destination::start().await.unwrap();
    let config = TunnelConfig {
        destination: To::Stream {
            port: listener.local_addr().unwrap().port(),
        },
        ..Rig::config(&sim, &destination)
    };
    let (near, far) = tokio::io::duplex(1024);
    let (reader, writer) = tokio::io::split(far);
    let tunnel = Tunnel::start_stream(config, None, reader, writer)
        .await
        .unwrap();
    let (mut reader, mut writer) = tokio::io::split(near);
    let (mut server, _) = impatient(listener.accept()).await.unwrap().unwrap();
    writer.write_all(b"SSH-2.0-client\r\n").await.unwrap();
    let mut line = [0; 16];
    impatient(server.read_exact(&mut line))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&line, b"SSH-2.0-client\r\n");
    server.write_all(b"SSH-2.0-server\r\n").await.unwrap();
    impatient(reader.read_exact(&mut line))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&line, b"SSH-2.0-server\r\n");
    assert_eq!(sim.sessions()[0].document, "AWS-StartSSHSession");
    tunnel.stop().await;
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_behind_a_raw_stream_or_an_old_agent_may_speak_first() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let greeter = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"SSH-2.0-server\r\n").await.unwrap();
            held.push(stream);
        }
    });
    let old = AgentSettings::with_version("2.3.1319.0");
    for agent in [AgentSettings::default(), old] {
        let settings = Settings {
            unlisted_targets: Some(agent),
            ..fast()
        };
        let sim = Simulator::start(settings).await.unwrap();
        let destination = Destination::start().await.unwrap();
        for _ in 0..10 {
            let config = TunnelConfig {
                destination: To::Stream { port },
                ..Rig::config(&sim, &destination)
            };
            let (near, far) = tokio::io::duplex(1024);
            let (reader, writer) = tokio::io::split(far);
            let tunnel = Tunnel::start_stream(config, None, reader, writer)
                .await
                .unwrap();
            let (mut reader, _writer) = tokio::io::split(near);
            let mut line = [0; 16];
            impatient(reader.read_exact(&mut line))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(&line, b"SSH-2.0-server\r\n");
            tunnel.stop().await;
        }
        sim.stop().await;
    }
    greeter.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_through_an_old_agent_comes_whole_and_ends_in_order() {
    let rig = Rig::start(Settings {
        unlisted_targets: Some(AgentSettings::with_version("2.3.1319.0")),
        ..fast()
    })
    .await
    .unwrap();
    let mut stream = rig.connect().await.unwrap();
    stream.write_u8(b'D').await.unwrap();
    stream.write_u64(300_000).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    impatient(stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.len(), 300_000);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn localhost_is_reached_by_both_families_on_one_port() {
    let rig = Rig::start(fast()).await.unwrap();
    for address in rig.snapshot().addresses {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        assert_eq!(
            impatient(echo(&mut stream, b"hi")).await.unwrap().unwrap(),
            b"hi"
        );
        assert!(
            address.ends_with(&format!(":{}", rig.address.port())),
            "{address}"
        );
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_carries_connections() {
    let sim = Simulator::start(fast()).await.unwrap();
    let destination = Destination::start().await.unwrap();
    let path = std::env::temp_dir().join(format!("culvert-{}.sock", std::process::id()));
    let mut config = Rig::config(&sim, &destination);
    config.listen.address = BindAddress::Unix(path.clone());
    let tunnel = Tunnel::start(config).await.unwrap();
    culvert_tests::is_up(&tunnel).await.unwrap();
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let mut question = [b'E'; 9];
    question[1..].copy_from_slice(&4_u64.to_be_bytes());
    stream.write_all(&question).await.unwrap();
    stream.write_all(b"unix").await.unwrap();
    let mut back = [0; 4];
    impatient(stream.read_exact(&mut back))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&back, b"unix");
    tunnel.stop().await;
    assert!(!path.exists());
    sim.stop().await;
}
