//! What is told of a tunnel that nobody has saved.

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;

use super::{culvert, diagnose, now, text_of, unpacked};
use crate::support::{REGION, Running, TARGET, World, carries, run, soon};

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_by_arguments_is_not_told_by_the_history_and_the_log_that_it_leaves() {
    let world = World::start().await;
    std::fs::create_dir(world.path("firmenordner")).unwrap();
    let socket = world.path("firmenordner/lieferung.sock");
    let mut command = world.program();
    command
        .env("CULVERT_LOG", "debug")
        .env("CULVERT_LOG_FILE", world.path("a.log"))
        .args(["forward", "--region", REGION])
        // The first is nowhere, and passed over.
        .args(["--target", &format!("name:\"haupt knoten\", {TARGET}")])
        .args(["--remote-host", "kundendb", "--remote-port", "5432"])
        .args(["--bind", &format!("unix:{}", socket.display())])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let mut running = Running::start(command);
    running.listening().await;
    let mut open = UnixStream::connect(&socket).await.unwrap();
    // The target knows no such host.
    let _ = soon(open.read(&mut [0; 1])).await;
    assert_eq!(running.stopped_by("TERM").await.code, Some(0));
    let log = std::fs::read_to_string(world.path("a.log")).unwrap();
    assert!(log.contains("kundendb"), "{log}");

    let ended = diagnose(&world, &["--no-checks", "--output", "bundle.zip"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = unpacked(&world.path("bundle.zip"));
    for part in [
        "kundendb",
        "haupt",
        "knoten",
        "firmenordner",
        "lieferung",
        TARGET,
    ] {
        for (name, text) in &files {
            let line = text.lines().find(|line| line.contains(part));
            assert!(line.is_none(), "{part} in {name}: {line:?}");
        }
    }
    // What it is for is still there.
    let summary = text_of(&files, "summary.md");
    assert!(summary.contains("destination-refused"), "{summary}");
}

/// `culvert forward` under a name, with a log.
async fn forward(world: &World, name: &str) -> Running {
    let mut running = Running::start(world.forward(&["--name", name, "--log", "info"]));
    carries(&running.listening().await).await;
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_by_arguments_is_chosen_by_its_name_while_it_runs_and_when_it_is_over() {
    let world = World::start().await;
    let orders = forward(&world, "Orders").await;
    let billing = forward(&world, "Billing").await;
    let chosen = async |zip: &str| {
        let ended = diagnose(&world, &["ord", "--no-checks", "--output", zip]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let files = unpacked(&world.path(zip));
        assert!(text_of(&files, "summary.md").contains("## Orders"));
        assert!(text_of(&files, "history.jsonl").contains("\"Orders\""));
        for (name, text) in &files {
            assert!(!text.contains("Billing"), "{name}: {text}");
        }
        files
    };
    let files = chosen("running.zip").await;
    assert!(text_of(&files, "now.jsonl").contains("\"Orders\""));
    let noted = files
        .iter()
        .filter(|(name, _)| name.starts_with("sessions/"));
    assert_eq!(noted.count(), 1, "{files:?}");
    for running in [orders, billing] {
        assert_eq!(running.stopped_by("TERM").await.code, Some(0));
    }
    chosen("over.zip").await;
    let ended = diagnose(&world, &["nobody", "--no-checks"]).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_log_only_what_falls_into_the_time_that_is_asked_for_is_told() {
    let world = World::start().await;
    let line = |at: &str, what: &str| format!("{at}  INFO tunnel::driver \"Orders\": {what}\n");
    let text = line("2026-11-01T07:37:19.123Z", "earlier") + &line(&now(), "lately");
    std::fs::write(world.path("a.log"), text).unwrap();
    let arguments = [
        "diagnose",
        "--no-checks",
        "--since",
        "1h",
        "--output",
        "bundle.zip",
    ];
    let ended = run(culvert(&world, &arguments)).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = unpacked(&world.path("bundle.zip"));
    let log = text_of(&files, "logs/developer.log");
    assert!(log.contains("lately") && !log.contains("earlier"), "{log}");
}
