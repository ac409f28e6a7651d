//! `culvert status`, the figures for a Prometheus server, and the flight recorder: what a tunnel that
//! runs tells other programs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::json::object;
use crate::support::{Ended, Running, World, carries, run, soon};

async fn status(world: &World, further: &[&str]) -> Ended {
    let mut command = world.program();
    command.arg("status").args(further);
    run(command).await
}

async fn objects(world: &World) -> Vec<Value> {
    let ended = status(world, &["--json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.out.iter().map(|line| object(line)).collect()
}

/// The sockets at which programs can be asked.
fn sockets(world: &World) -> Vec<PathBuf> {
    let listed = fs::read_dir(world.path(".local/state/culvert/run"));
    let paths = listed.into_iter().flatten().flatten();
    paths.map(|entry| entry.path()).collect()
}

/// What a server that collects figures gets.
async fn get(address: &str, path: &str, host: &str) -> String {
    let mut stream = soon(TcpStream::connect(address)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    soon(stream.read_to_string(&mut text)).await.unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_of_another_process_is_told_with_its_figures_and_only_to_its_owner() {
    let world = World::start().await;
    let none = status(&world, &[]).await;
    assert_eq!(none.out, ["No such tunnel runs now."]);
    assert!(objects(&world).await.is_empty());

    let mut culvert = Running::start(world.forward(&["--name", "Orders"]));
    let address = culvert.listening().await;
    carries(&address).await;
    let told = objects(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let told = &told[0];
    assert_eq!(told["program"], "culvert");
    assert_eq!(told["snapshot"]["state"]["kind"], "up");
    assert_eq!(told["snapshot"]["addresses"][0], address.as_str());
    assert!(told["snapshot"]["bytesUp"].as_u64().unwrap() > 0, "{told}");
    let vitals = &told["sessions"][0]["vitals"];
    assert!(vitals["messagesSent"].as_u64().unwrap() > 0, "{told}");
    let text = status(&world, &["ord"]).await;
    assert!(text.out[1].starts_with("Orders"), "{text:?}");
    assert!(text.out[1].contains(&address), "{text:?}");
    let other = status(&world, &["other"]).await;
    assert_eq!(other.out, ["No such tunnel runs now."]);

    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let sockets = sockets(&world);
    assert_eq!(sockets.len(), 1, "{sockets:?}");
    assert_eq!(mode(sockets[0].clone()), 0o600);
    assert_eq!(mode(world.path(".local/state/culvert/run")), 0o700);
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert!(self::sockets(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_killed_is_not_told_and_its_socket_goes() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    culvert.listening().await;
    assert_eq!(objects(&world).await.len(), 1);
    culvert.stopped_by("KILL").await;
    assert_eq!(sockets(&world).len(), 1);
    assert!(objects(&world).await.is_empty());
    assert!(sockets(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_hangs_is_told_by_its_number_and_is_a_lack_of_the_bundle() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--name", "Orders"]));
    culvert.listening().await;
    let pid = objects(&world).await[0]["pid"].as_u64().unwrap();
    culvert.signal("STOP").await;
    let told = objects(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["event"], "unanswered");
    assert_eq!(told[0]["pid"], pid);
    let text = status(&world, &[]).await;
    let line = format!(
        "A program of Culvert, process {pid}, runs and does not answer: its tunnels are not told."
    );
    assert_eq!(text.out, [line]);
    let mut diagnose = world.program();
    diagnose.args(["diagnose", "--no-checks", "--output"]);
    diagnose.arg(world.path("bundle.zip"));
    let ended = run(diagnose).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = crate::diagnose::unpacked(&world.path("bundle.zip"));
    let collecting = files.iter().find(|(path, _)| path == "collecting.txt");
    let collecting = &collecting.unwrap().1;
    let lack = format!("process id {pid} runs and does not answer");
    assert_eq!(collecting.matches(&lack).count(), 1, "{collecting}");
    culvert.signal("CONT").await;
    assert_eq!(objects(&world).await[0]["event"], "tunnel");
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_server_gets_the_figures_and_a_page_of_the_web_does_not() {
    let world = World::start().await;
    let mut culvert =
        Running::start(world.forward(&["--name", "Orders", "--json", "--metrics", "0"]));
    let line = culvert
        .line_with(|line| object(line)["event"] == "metrics")
        .await;
    let url = object(&line)["url"].as_str().unwrap().to_owned();
    let (host, _) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let line = culvert
        .line_with(|line| object(line)["event"] == "listening")
        .await;
    carries(object(&line)["address"].as_str().unwrap()).await;
    world.sim.faults().close(1000, "Bye");
    soon(async {
        let dropped = r#"culvert_tunnel_drops_total{tunnel="Orders",cause="gateway_close"} 1"#;
        while !get(host, "/metrics", host).await.contains(dropped) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let text = get(host, "/metrics", host).await;
    let resumed = r#"culvert_tunnel_reconnects_total{tunnel="Orders",cause="gateway_close"} 1"#;
    assert!(text.contains(resumed), "{text}");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("application/openmetrics-text"), "{text}");
    assert!(
        text.contains(r#"culvert_session_messages_total{tunnel="Orders""#),
        "{text}"
    );
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
    let other = get(host, "/metrics", "figures.example").await;
    assert!(other.starts_with("HTTP/1.1 403"), "{other}");
    let elsewhere = get(host, "/", host).await;
    assert!(elsewhere.starts_with("HTTP/1.1 404"), "{elsewhere}");
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_of_a_session_is_in_the_bundle_and_can_be_played_again() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--name", "Orders"]));
    let address = culvert.listening().await;
    carries(&address).await;
    let mut diagnose = world.program();
    diagnose.current_dir(world.path("")).args([
        "diagnose",
        "--no-checks",
        "--output",
        "bundle.zip",
    ]);
    let ended = run(diagnose).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = crate::diagnose::unpacked(&world.path("bundle.zip"));
    let text = |name: &str| {
        let found = files.iter().find(|(path, _)| path == name);
        found.map(|(_, text)| text.clone()).unwrap()
    };
    assert!(
        text("now.jsonl").contains(r#""kind":"up""#),
        "{}",
        text("now.jsonl")
    );
    let index = text("recordings/index.txt");
    assert!(
        index.contains("tunnel Orders, session session-#1, lives"),
        "{index}"
    );
    let recording = text("recordings/1.json");
    assert!(
        recording.contains(r#""kind":"input_stream_data""#),
        "{recording}"
    );
    assert!(!recording.contains("hello"), "{recording}");

    fs::write(world.path("recording.json"), &recording).unwrap();
    let mut replay = world.program();
    replay.arg("replay").arg(world.path("recording.json"));
    let played = run(replay).await;
    assert_eq!(played.code, Some(0), "{played:?}\n{recording}");
    assert_eq!(
        played.out.last().map(String::as_str),
        Some("The engine does what it did then.")
    );
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}
