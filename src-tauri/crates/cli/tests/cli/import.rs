//! `culvert import`: from a command that the user has to a tunnel that is saved and runs.

use std::fs;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::json::object;
use crate::support::{Ended, REGION, Running, TARGET, World, carries, run};

fn culvert(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.program();
    command
        .env("CULVERT_CONFIG_DIR", world.path("config"))
        .args(arguments);
    command
}

async fn done(world: &World, arguments: &[&str]) -> Ended {
    run(culvert(world, arguments)).await
}

fn file(world: &World) -> String {
    fs::read_to_string(world.path("config/tunnels.toml")).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_that_somebody_uses_becomes_a_tunnel_that_carries_connections() {
    let world = World::start().await;
    let port = world.destination.port();
    let text = format!(
        "$ AWS_REGION={REGION} aws ssm start-session \\\n    --target {TARGET} \\\n    \
         --document-name AWS-StartPortForwardingSession \\\n    \
         --parameters '{{\"portNumber\":[\"{port}\"]}}' --endpoint-url {}",
        world.sim.endpoint_url()
    );
    let ended = done(&world, &["import", "--name", "Orders", &text]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.is_empty(), "{ended:?}");
    let said = ended.out.join("\n");
    for words in [
        "Orders",
        "localhost, any free port",
        &format!("port {port} of the target"),
        TARGET,
        REGION,
        "culvert forward Orders",
    ] {
        assert!(said.contains(words), "{words:?} is not said:\n{said}");
    }

    let mut tunnel = Running::start(culvert(&world, &["forward", "ord"]));
    let address = tunnel.listening().await;
    carries(&address).await;
    assert_eq!(tunnel.stopped_by("TERM").await.code, Some(0));
    world.all_ended().await;

    // Its history has its name.
    let told = done(&world, &["history", "orders"]).await;
    assert!(told.out.concat().contains("Orders"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_taken_as_it_is_from_the_command_line_and_from_a_pipe() {
    let world = World::start().await;
    let words: Vec<_> = format!(
        "import aws ssm start-session --target {TARGET} --document-name \
         AWS-StartPortForwardingSessionToRemoteHost --parameters \
         host=db.internal,portNumber=5432,localPortNumber=5433 --profile prod"
    )
    .split(' ')
    .map(str::to_owned)
    .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let ended = done(&world, &words).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        file(&world).contains("profile = \"prod\""),
        "{}",
        file(&world)
    );

    // The same again is no second tunnel.
    for arguments in [&["import"][..], &["import", "-"]] {
        let mut piped = Running::start(culvert(&world, arguments));
        let text = words[1..].join(" ");
        piped.stdin().write_all(text.as_bytes()).await.unwrap();
        piped.close_stdin();
        let ended = piped.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.out.concat().contains("was saved before"), "{ended:?}");
    }
    assert_eq!(file(&world).matches("[[tunnel]]").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_text_does_not_say_is_asked_for_by_option_and_nothing_is_saved() {
    let world = World::start().await;
    let url = "postgres://me:planted-password@db.internal/orders";
    let ended = done(&world, &["import", url]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("--target"), "{ended:?}");
    assert!(ended.err.contains("Nothing was saved."), "{ended:?}");
    assert_eq!(file(&world), "");

    let ended = done(&world, &["import", "--target", TARGET, url]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.err.contains("password in the address was left out"),
        "{ended:?}"
    );
    assert!(
        file(&world).contains("remote_port = 5432"),
        "{}",
        file(&world)
    );
    for kept in [format!("{ended:?}"), file(&world)] {
        assert!(!kept.contains("planted-"), "{kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_and_saves_nothing() {
    let world = World::start().await;
    let text = format!("ssh -N -L 5433:db.internal:5432 -L 6380:cache.internal:6379 me@{TARGET}");
    let ended = done(&world, &["import", "--dry-run", "--json", &text]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(file(&world), "");
    let objects: Vec<_> = ended.out.iter().map(|line| object(line)).collect();
    assert_eq!(objects.len(), 3, "{objects:?}");
    assert_eq!(objects[0]["event"], "tunnel");
    assert_eq!(objects[0]["name"], "db.internal:5432");
    assert_eq!(objects[0]["localPort"], 5433);
    assert_eq!(objects[0]["saved"], "no");
    assert_eq!(objects[1]["remoteHost"], "cache.internal");
    assert_eq!(objects[2]["event"], "note");
    assert_eq!(objects[2]["code"], "ssh-login-left-out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_tunnel_is_refused_with_its_place() {
    let world = World::start().await;
    let text = "aws ssm start-session --target $BASTION --document-name x";
    let ended = done(&world, &["import", text]).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    for words in ["BASTION", "line 1, column 32"] {
        assert!(
            ended.err.contains(words),
            "{words:?} is not said: {ended:?}"
        );
    }
    let ended = done(&world, &["import", "--json", "aws s3 ls"]).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert_eq!(
        object(&ended.out[0])["problem"]["code"],
        "paste-other-aws-command"
    );
    // Nothing is piped in.
    let ended = done(&world, &["import"]).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(
        ended.err.contains("There is nothing in the text."),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_chosen_so_that_each_means_one_tunnel() {
    let world = World::start().await;
    let text = |node: &str| format!("ssh -L 1:db.internal:5432 {node}");
    for (node, name) in [
        ("i-0aaaaaaaaaaaaaaaa", "db.internal:5432"),
        ("i-0bbbbbbbbbbbbbbbb", "db.internal:5432 (2)"),
    ] {
        let ended = done(&world, &["import", &text(node)]).await;
        assert_eq!(ended.out[0], name, "{ended:?}");
    }
    let ended = done(
        &world,
        &[
            "import",
            "--name",
            "db.internal:5432",
            &text("i-0cccccccccccccccc"),
        ],
    )
    .await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(
        ended.err.contains("is called db.internal:5432"),
        "{ended:?}"
    );
    let both = format!("{} -L 2:b:3", text("i-0cccccccccccccccc"));
    let ended = done(&world, &["import", "--name", "x", &both]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
