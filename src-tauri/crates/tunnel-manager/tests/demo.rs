//! The manager over the engine that the product runs on, against the demo's simulated service.

#![expect(clippy::expect_used, reason = "a test fails by it")]

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tunnel_manager::demo::{Demo, DemoCut, FLOW};
use tunnel_manager::tunnel::{Edits, Environment, SessionState};
use tunnel_manager::{Draft, Manager, Overview, SessionManager, Store, Traces, TunnelStatus};
use tunnel_proto::{DropEnd, State};

fn manager() -> (TempDir, Manager) {
    let folder = TempDir::new().expect("a folder");
    let manager = Manager::start(
        Store::in_folder(folder.path()),
        SessionManager::default(),
        Edits::default(),
    );
    (folder, manager)
}

/// Waits until the only tunnel is as wanted.
async fn until(
    overview: &mut watch::Receiver<Overview>,
    mut wanted: impl FnMut(&TunnelStatus) -> bool,
) -> TunnelStatus {
    let overview = overview
        .wait_for(|overview| overview.tunnels.first().is_some_and(&mut wanted))
        .await
        .expect("the manager lives");
    overview.tunnels[0].clone()
}

fn is_up(tunnel: &TunnelStatus) -> bool {
    matches!(tunnel.snapshot.state, State::Up { .. })
}

/// Fetches the demo's page over a connection of its own.
async fn fetch(address: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("listens");
    let request = "GET / HTTP/1.1\r\nhost: demo.internal\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    let mut buffer = vec![0; 4096];
    while !answer.contains("</html>") {
        let count = stream.read(&mut buffer).await.expect("answered");
        assert_ne!(count, 0, "{answer}");
        answer.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_tunnel_carries_its_page_before_and_after_a_cut() {
    let (_folder, manager) = manager();
    let mut overview = manager.overview();
    manager.start_demo().await.expect("starts");
    let up = until(&mut overview, is_up).await;
    let address = up.snapshot.addresses.first().expect("it listens").clone();
    assert!(
        fetch(&address)
            .await
            .contains("You are looking through a tunnel")
    );

    manager.cut_demo(DemoCut::Close).await.expect("cut");
    let cut = until(&mut overview, |tunnel| tunnel.snapshot.last_close.is_some()).await;
    assert_eq!(
        cut.snapshot.last_close.and_then(|close| close.code),
        Some(1000)
    );
    let resumed = until(&mut overview, |tunnel| {
        is_up(tunnel) && tunnel.snapshot.reconnects == 1
    });
    assert_eq!(resumed.await.snapshot.replacements, 0);
    assert!(
        fetch(&address)
            .await
            .contains("You are looking through a tunnel")
    );

    manager.stop_all().await.expect("stops");
    let off = until(&mut overview, |tunnel| tunnel.snapshot.state == State::Off).await;
    assert!(off.snapshot.addresses.is_empty());
    TcpStream::connect(&address)
        .await
        .expect_err("it no longer listens");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_tunnel_leaves_no_session_at_the_service() {
    let demo = Demo::start().await.expect("loopback");
    let mut config = tunnel::TunnelConfig::new(
        demo.tunnel().target,
        tunnel::Destination::RemoteHost {
            host: "demo.internal".to_owned(),
            port: 80,
        },
    );
    let access = demo.access();
    config.access = tunnel::AccessSettings {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(demo.endpoint_url().into()),
        static_credentials: Some(tunnel::StaticCredentials {
            access_key_id: access.access_key,
            secret_access_key: tunnel::Secret::new(access.secret_key),
            session_token: access.session_token.map(tunnel::Secret::new),
        }),
        ..tunnel::AccessSettings::default()
    };
    let running = tunnel::Tunnel::start(config).await.expect("listens");
    let mut snapshot = running.snapshot();
    snapshot
        .wait_for(|now| matches!(now.state, State::Up { .. }))
        .await
        .expect("lives");
    running.stop().await;
    assert!(
        demo.simulator()
            .sessions()
            .iter()
            .all(|session| session.terminated_by.is_some())
    );
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_port_is_told_with_the_next_free_one() {
    let (_folder, manager) = manager();
    let mut overview = manager.overview();
    let holder = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = holder.local_addr().expect("bound").port();
    let draft = Draft {
        name: "Busy".to_owned(),
        target: "i-0123456789abcdef0".to_owned(),
        remote_port: 22,
        bind: "127.0.0.1".to_owned(),
        local_port: port.into(),
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some("http://127.0.0.1:1".into()),
        ..Draft::default()
    };
    let id = manager.add(draft).await.expect("saved");
    manager.connect(id).await.expect("known");
    let failed = until(&mut overview, |tunnel| {
        matches!(tunnel.snapshot.state, State::Failed { .. })
    })
    .await;
    let State::Failed { problem, .. } = failed.snapshot.state else {
        panic!("just seen")
    };
    assert!(problem.what.contains(&port.to_string()), "{}", problem.what);
    assert!(failed.free_port.is_some_and(|free| free != port));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_connection_is_seen_with_its_session_and_program_and_a_cut_in_the_past() {
    let folder = TempDir::new().expect("a folder");
    let traces = Traces::in_folder(&folder.path().join("state"));
    let history = traces.history.clone();
    let engine = SessionManager::new(traces, Environment::default(), None);
    let manager = Manager::start(Store::in_folder(folder.path()), engine, Edits::default());
    let mut overview = manager.overview();
    let id = manager.start_demo().await.expect("starts");
    let up = until(&mut overview, is_up).await;
    let address = up.snapshot.addresses.first().expect("it listens").clone();

    let mut stream = TcpStream::connect(&address).await.expect("listens");
    let request = b"GET /ticks HTTP/1.1\r\nhost: demo.internal\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let mut buffer = [0; 1024];
    assert_ne!(stream.read(&mut buffer).await.expect("answered"), 0);

    let details = manager.look(id).await.expect("it runs");
    let session = &details.sessions[0];
    assert_eq!(session.status.state, SessionState::Up);
    assert!(session.status.established.is_some() && session.vitals.is_some());
    let connection = &details.connections[0];
    assert_eq!(connection.session_id, session.status.session_id);
    assert_eq!(connection.peer, stream.local_addr().ok());
    assert_eq!(connection.bytes_up, request.len() as u64);
    assert!(connection.bytes_down > 0);
    assert_eq!(session.bytes_up, connection.bytes_up);
    let program = connection.program.as_ref().map(|program| program.pid);
    let ours = cfg!(target_os = "linux").then(std::process::id);
    assert_eq!(program, ours);

    let mut recorded = history.recorded();
    manager.cut_demo(DemoCut::Close).await.expect("cut");
    let past = loop {
        recorded.changed().await.expect("it is kept");
        let past = history.past(id, now_ms(), true).await.expect("read");
        if past.drops_total > 0 {
            break past;
        }
    };
    assert_eq!(past.drops[0].record.close.code, Some(1000));
    assert_eq!(past.drops[0].record.end, DropEnd::Resumed);

    manager.stop_all().await.expect("stops");
    assert_eq!(manager.look(id).await, None);
}

fn now_ms() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    u64::try_from(since.as_millis()).expect("before the end of time")
}

/// Reads the numbers that the page counts over one connection.
struct Counting(BufReader<TcpStream>);

impl Counting {
    async fn through(address: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("listens");
        let request = format!("GET {FLOW} HTTP/1.1\r\nhost: demo.internal\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        Self(BufReader::new(stream))
    }

    async fn next(&mut self) -> u64 {
        loop {
            let mut line = String::new();
            let count = self.0.read_line(&mut line).await.expect("it lives");
            assert_ne!(count, 0, "the connection ended");
            if let Some(number) = line.strip_prefix("data: ") {
                return number.trim_end().parse().expect("a number");
            }
        }
    }
}

/// Cuts the demo tunnel in this way; the connection that counts has to live through it with no number
/// missing. Returns the tunnel once it is well again.
async fn lives_through(
    cut: DemoCut,
    noticed: impl Fn(&TunnelStatus) -> bool,
    well: impl Fn(&TunnelStatus) -> bool,
) -> TunnelStatus {
    let (_folder, manager) = manager();
    let mut overview = manager.overview();
    manager.start_demo().await.expect("starts");
    let up = until(&mut overview, is_up).await;
    let address = up.snapshot.addresses.first().expect("it listens");
    let mut counting = Counting::through(address).await;
    assert_eq!(counting.next().await, 1);

    manager.cut_demo(cut).await.expect("cut");
    let (after, ()) = tokio::join!(
        async {
            until(&mut overview, noticed).await;
            until(&mut overview, |tunnel| is_up(tunnel) && well(tunnel)).await
        },
        async {
            for number in 2..=20 {
                assert_eq!(counting.next().await, number);
            }
        }
    );
    manager.stop_all().await.expect("stops");
    after
}

fn is_cut(tunnel: &TunnelStatus) -> bool {
    tunnel.snapshot.last_close.is_some()
}

fn is_resumed(tunnel: &TunnelStatus) -> bool {
    tunnel.snapshot.reconnects == 1 && tunnel.snapshot.replacements == 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_costs_the_demos_connection_nothing() {
    let after = lives_through(DemoCut::Reset, is_cut, is_resumed).await;
    assert_eq!(after.snapshot.last_close.and_then(|close| close.code), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumes_that_are_refused_are_tried_until_one_is_accepted() {
    let refused = |tunnel: &TunnelStatus| {
        matches!(
            &tunnel.snapshot.state,
            State::Reconnecting { problem, .. } if problem.code == "throttled"
        )
    };
    lives_through(DemoCut::RefusedResume, refused, is_resumed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_black_hole_is_noticed_and_costs_the_demos_connection_nothing() {
    lives_through(DemoCut::BlackHole, |tunnel| !is_up(tunnel), is_resumed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_comes_back_goes_on_with_the_same_session() {
    let same = |tunnel: &TunnelStatus| tunnel.snapshot.replacements == 0;
    lives_through(DemoCut::AgentGone, |tunnel| !is_up(tunnel), same).await;
}
