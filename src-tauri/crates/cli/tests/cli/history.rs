//! `culvert history`: what happened, told by another process than the one to which it happened.

use serde_json::Value;
use tokio::net::TcpStream;

use crate::json::object;
use crate::support::{Ended, Running, World, carries, cut, run, soon};

async fn history(world: &World, further: &[&str]) -> Ended {
    let mut command = world.program();
    command.env("TZ", "UTC").arg("history").args(further);
    run(command).await
}

async fn objects(world: &World, further: &[&str]) -> Vec<Value> {
    let ended = history(world, &[&["--json"], further].concat()).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.out.iter().map(|line| object(line)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_where_nothing_happened() {
    let world = World::start().await;
    let ended = history(&world, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out, ["No event is recorded in the last 24 h."]);
    assert!(ended.err.is_empty(), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tunnel_that_runs_has_carried_is_told_at_once() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--name", "Orders"]));
    let address = culvert.listening().await;
    let sent = async || {
        let told = objects(&world, &["Orders", "--days"]).await;
        let of = |event: &str| {
            let line = told.iter().find(|line| line["event"] == event);
            line.map(|line| line["bytesUp"].as_u64().unwrap())
        };
        (of("summary"), of("day"))
    };
    carries(&address).await;
    let (first, of_day) = sent().await;
    assert!(first > Some(0), "{first:?}");
    assert_eq!(first, of_day);
    carries(&address).await;
    let (second, _) = sent().await;
    assert!(second > first, "{second:?} after {first:?}");
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert!(sent().await.0 >= second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_is_told_while_the_tunnel_runs_and_when_it_is_over() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    let address = culvert.listening().await;
    let open = TcpStream::connect(&address).await.unwrap();
    soon(
        world
            .sim
            .wait_for(|sessions, _| sessions.iter().any(|session| session.connections > 0)),
    )
    .await;
    cut(&world).await;
    carries(&address).await;
    // It is on disk soon, not at once.
    soon(async {
        let lived = "1 of 1 connection lived on";
        while !history(&world, &["--drops"])
            .await
            .out
            .concat()
            .contains(lived)
        {}
    })
    .await;
    drop(open);

    let ended = culvert.stopped_by("TERM").await;
    // One calm line, and nothing of attempts.
    let lines: Vec<_> = ended.err.lines().collect();
    assert_eq!(lines.len(), 1, "{ended:?}");
    assert!(
        lines[0].starts_with("culvert: The gateway closed the connection"),
        "{ended:?}"
    );
    assert!(lines[0].contains("1 of 1 connection lived on"), "{ended:?}");
    assert!(lines[0].contains("close code 1000, Bye"), "{ended:?}");

    let told = history(&world, &[]).await;
    assert_eq!(told.code, Some(0), "{told:?}");
    let told = told.out.join("\n");
    let target = format!("{} → {}", crate::support::TARGET, world.destination.port());
    for words in [
        target.as_str(),
        "connecting (it was started)",
        "closed by the gateway",
        "close code 1000, Bye",
        "ResumeSession after",
        "off (it was stopped)",
        "1 drop (1 early close by the gateway)",
        " sent and ",
        "no connection lost",
    ] {
        assert!(told.contains(words), "{words:?} is not told:\n{told}");
    }
    assert!(!told.contains("reconnecting"), "told twice:\n{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_what_is_kept_and_what_it_comes_to() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--json"]));
    let line = culvert
        .line_with(|line| object(line)["event"] == "listening")
        .await;
    carries(object(&line)["address"].as_str().unwrap()).await;
    world.sim.faults().close(1000, "Bye");
    let line = culvert
        .line_with(|line| object(line)["event"] == "drop")
        .await;
    let printed = object(&line);
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));

    let all = objects(&world, &[]).await;
    let mut kept = all
        .iter()
        .find(|line| line["event"] == "drop")
        .unwrap()
        .clone();
    let tunnel = kept.as_object_mut().unwrap().remove("tunnel").unwrap();
    assert_eq!(kept, printed, "what is kept is what was printed");
    assert_eq!(kept["sessionId"], world.sim.sessions()[0].id);
    assert_eq!(kept["closedBy"], "gateway");
    assert!(
        tunnel["name"]
            .as_str()
            .unwrap()
            .starts_with(crate::support::TARGET)
    );
    let summary = all.last().unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["drops"], 1);
    let causes = serde_json::json!({"gatewayClose": 1});
    assert_eq!(summary["dropsByCause"], causes);
    for way in ["bytesUp", "bytesDown"] {
        assert!(summary[way].as_u64().unwrap() > 256, "{summary}");
    }
    assert_eq!(summary["name"], tunnel["name"]);

    let drops = objects(&world, &["--drops"]).await;
    assert_eq!(drops.len(), 2, "{drops:?}");
    let others = objects(&world, &["another"]).await;
    assert_eq!(others, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_plugin_and_a_stream_go_through_is_kept_too() {
    let world = World::start().await;
    let mut command = world.program();
    command
        .args(["stream", "--target", crate::support::TARGET])
        .args(["--region", crate::support::REGION])
        .args(["--port", &world.destination.port().to_string()])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let mut stream = Running::start(command);
    let question = crate::support::echo_question(&[b"hello"]);
    let stdin = stream.stdin();
    tokio::io::AsyncWriteExt::write_all(stdin, &[&question[..], b"hello"].concat())
        .await
        .unwrap();
    assert_eq!(stream.read_exact(5).await, b"hello");
    assert_eq!(stream.ended().await.code, Some(0));
    let all = objects(&world, &[]).await;
    assert!(
        all.iter().any(|line| line["state"]["kind"] == "up"),
        "{all:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_cannot_be_read_is_a_failure_with_its_code() {
    let world = World::start().await;
    let folder = world.path("state");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("history"), "no folder").unwrap();
    let mut command = world.program();
    command.env("CULVERT_STATE_DIR", &folder).arg("history");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    crate::support::one_sentence(&ended.err, &["can't be read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_written_to_disturbs_no_tunnel() {
    let world = World::start().await;
    let nowhere = world.path("file");
    std::fs::write(&nowhere, "no folder").unwrap();
    let mut command = world.forward(&[]);
    command.env("CULVERT_STATE_DIR", &nowhere);
    let mut culvert = Running::start(command);
    carries(&culvert.listening().await).await;
    let ended = culvert.stopped_by("TERM").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(world.living_sessions(), 0);
    let told = format!("nothing can be written in {}", nowhere.display());
    let said = ended.err.lines().filter(|line| line.contains(&told));
    assert_eq!(said.count(), 1, "{ended:?}");

    let mut command = world.forward(&["--json"]);
    command.env("CULVERT_STATE_DIR", &nowhere);
    let mut culvert = Running::start(command);
    let told = culvert
        .line_with(|line| object(line)["event"] == "notice")
        .await;
    assert_eq!(object(&told)["problem"]["code"], "state-unwritable");
    culvert
        .line_with(|line| object(line)["event"] == "listening")
        .await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_none_is_refused() {
    let world = World::start().await;
    let ended = history(&world, &["--since", "yesterday"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("24h"), "{ended:?}");
}
