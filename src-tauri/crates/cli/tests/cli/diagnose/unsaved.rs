//! What is told of a tunnel that nobody has saved.

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;

use super::{diagnose, text_of, unpacked};
use crate::support::{REGION, Running, TARGET, World, soon};

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
