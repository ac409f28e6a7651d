//! `culvert forward` carries bytes, and says where in one line.

use culvert_tests::{Destination, digest, download, upload};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::support::{Running, World, carries, echo_singly, one_sentence, run, soon, with};

const MEGABYTE: u64 = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn one_line_says_where_it_listens_and_bytes_go_both_ways() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    let address = culvert.listening().await;
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    carries(&address).await;

    let mut stream = TcpStream::connect(&address).await.unwrap();
    let came = soon(download(&mut stream, MEGABYTE)).await.unwrap();
    assert_eq!(came, digest(MEGABYTE));
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let arrived = soon(upload(&mut stream, MEGABYTE)).await.unwrap();
    assert_eq!(arrived, digest(MEGABYTE));

    let ended = culvert.stopped_by("INT").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.is_empty(), "more than one line: {ended:?}");
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn localhost_is_listened_on_with_the_same_port_in_both_families() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    let address = culvert.listening().await;
    // Not every machine has IPv6.
    if TcpListener::bind("[::1]:0").await.is_ok() {
        carries(&address.replace("127.0.0.1", "[::1]")).await;
    }
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_asked_for_is_taken() {
    let world = World::start().await;
    let port = free_port().await.to_string();
    let mut culvert = Running::start(world.forward(&["--local-port", &port]));
    let address = culvert.listening().await;
    assert_eq!(address, format!("127.0.0.1:{port}"));
    carries(&address).await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.sim.sessions()[0].parameters["localPortNumber"], port);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_asked_for_is_the_only_one() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--bind", "127.0.0.2"]));
    let address = culvert.listening().await;
    let port = address.strip_prefix("127.0.0.2:").unwrap().to_owned();
    carries(&address).await;
    assert!(
        TcpStream::connect(format!("127.0.0.1:{port}"))
            .await
            .is_err()
    );
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_carries_bytes_and_is_gone_afterwards() {
    let world = World::start().await;
    let path = world.path("tunnel.sock");
    let bind = format!("unix:{}", path.display());
    let mut culvert = Running::start(world.forward(&["--bind", &bind]));
    assert_eq!(culvert.listening().await, path.display().to_string());
    let mut stream = UnixStream::connect(&path).await.unwrap();
    echo_singly(&mut stream, &[b"hello", b"\n", b"\n"]).await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert!(!path.exists(), "the socket was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_host_is_reached_through_the_target() {
    let destination = Destination::start().await.unwrap();
    let mut settings = crate::support::fast();
    settings.destinations.insert(
        "db.internal:5432".to_owned(),
        ([127, 0, 0, 1], destination.port()).into(),
    );
    let world = World::start_with(settings).await;
    let mut command = world.program();
    command
        .args(["forward", "--target", crate::support::TARGET])
        .args(["--remote-host", "db.internal", "--remote-port", "5432"])
        .args(["--reason", "a test"]);
    // Region and endpoint from the environment, as the AWS tools take them.
    command
        .env("AWS_REGION", crate::support::REGION)
        .env("AWS_ENDPOINT_URL_SSM", world.sim.endpoint_url());
    let mut culvert = Running::start(command);
    carries(&culvert.listening().await).await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    let session = &world.sim.sessions()[0];
    assert_eq!(session.parameters["host"], "db.internal");
    assert_eq!(session.reason.as_deref(), Some("a test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_sessions_are_held_and_all_are_ended() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--sessions", "3"]));
    let address = culvert.listening().await;
    soon(world.sim.wait_for(|sessions, _| {
        sessions.len() == 3 && sessions.iter().all(|session| session.handshake_complete)
    }))
    .await;
    carries(&address).await;
    assert_eq!(culvert.stopped_by("INT").await.code, Some(0));
    assert_eq!(world.living_sessions(), 0);
    assert_eq!(world.sim.sessions().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_names_region_endpoint_and_credentials() {
    let world = World::start().await;
    let (access_key, secret_key, _) = world.sim.credentials();
    std::fs::create_dir(world.path(".aws")).unwrap();
    std::fs::write(
        world.path(".aws/config"),
        format!(
            "[profile work]\nregion = eu-west-1\nendpoint_url = {}\n",
            world.sim.endpoint_url()
        ),
    )
    .unwrap();
    std::fs::write(
        world.path(".aws/credentials"),
        format!("[work]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"),
    )
    .unwrap();
    let mut command = world.program();
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .args(["forward", "--profile", "work"])
        .args(["--target", crate::support::TARGET]);
    let port = world.destination.port().to_string();
    let mut culvert = Running::start(with(command, "--remote-port", port));
    carries(&culvert.listening().await).await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_open_lives_through_a_close_of_the_gateway() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--sessions", "1"]));
    let address = culvert.listening().await;
    let bye = ssm_sim::Action::Close {
        code: 1000,
        reason: "Bye".to_owned(),
    };
    let direction = ssm_sim::Direction::ToClient;
    let cut = world.sim.faults().cut_after(direction, MEGABYTE / 2, bye);
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let came = soon(download(&mut stream, MEGABYTE)).await.unwrap();
    assert_eq!(came, digest(MEGABYTE));
    assert!(soon(cut.happened()).await);
    let ended = culvert.stopped_by("TERM").await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.contains("close code 1000"), "{ended:?}");
    assert_eq!(world.sim.sessions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_told_with_its_holder_and_a_free_one_and_costs_no_session() {
    let world = World::start().await;
    let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let ended = run(world.forward(&["--local-port", &port])).await;
    assert_eq!(ended.code, Some(11), "{ended:?}");
    let holder = format!("(process {})", std::process::id());
    one_sentence(&ended.err, &[port.as_str(), &holder, "or use port "]);
    assert!(ended.out.is_empty());
    let (_, proposed) = ended.err.split_once("or use port ").unwrap();
    let proposed: u16 = proposed.split(',').next().unwrap().parse().unwrap();
    assert!(
        TcpListener::bind(("127.0.0.1", proposed)).await.is_ok(),
        "{ended:?}"
    );
    assert_eq!(world.sim.stats().api_calls.get("StartSession"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_sockets_that_cannot_be_had_are_told() {
    let world = World::start().await;
    // TEST-NET-1 is no machine's.
    let ended = run(world.forward(&["--bind", "192.0.2.1"])).await;
    assert_eq!(ended.code, Some(11), "{ended:?}");
    one_sentence(&ended.err, &["192.0.2.1"]);

    let path = world.path("a-file");
    std::fs::write(&path, "precious").unwrap();
    let bind = format!("unix:{}", path.display());
    let ended = run(world.forward(&["--bind", &bind])).await;
    assert_eq!(ended.code, Some(11), "{ended:?}");
    one_sentence(&ended.err, &["a-file"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(world.sim.stats().api_calls.get("StartSession"), None);
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
