//! `culvert stream`: standard input and output to a port, as an ssh ProxyCommand.

use ssm_sim::TerminatedBy;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::support::{
    Nobody, REGION, Running, TARGET, World, echo_question, one_sentence, run, soon, with,
};

fn stream(world: &World, port: u16) -> Command {
    let mut command = world.program();
    command
        .args(["stream", "--target", TARGET, "--region", REGION])
        .args(["--port", &port.to_string()])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_both_ways_unchanged_until_the_far_side_ends() {
    let world = World::start().await;
    let mut culvert = Running::start(stream(&world, world.destination.port()));
    let bulk: Vec<u8> = (0..=255).cycle().take(4 * 1024).collect();
    let chunks: [&[u8]; 4] = [b"SSH-2.0-test\r\n", b"\n", b"\r", &bulk];
    let stdin = culvert.stdin();
    stdin.write_all(&echo_question(&chunks)).await.unwrap();
    for chunk in chunks {
        culvert.stdin().write_all(chunk).await.unwrap();
        assert!(culvert.read_exact(chunk.len()).await == chunk);
    }
    // The destination ends after so many bytes; standard input stays open.
    let ended = culvert.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.is_empty(), "something was added: {ended:?}");
    world.all_ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_standard_input_ends_the_session() {
    let world = World::start().await;
    let mut culvert = Running::start(stream(&world, world.destination.port()));
    // One byte more is promised than ever comes: only standard input's end can end it.
    let question = echo_question(&[b"\n", b"?"]);
    culvert.stdin().write_all(&question).await.unwrap();
    culvert.stdin().write_all(b"\n").await.unwrap();
    assert_eq!(culvert.read_exact(1).await, b"\n");
    culvert.close_stdin();
    let ended = culvert.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let sessions = world.sim.sessions();
    assert_eq!(sessions[0].document, "AWS-StartSSHSession");
    assert_eq!(sessions[0].terminated_by, Some(TerminatedBy::Flag));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_of_the_gateway_is_not_noticed_by_the_stream() {
    let world = World::start().await;
    let mut culvert = Running::start(stream(&world, world.destination.port()));
    let question = echo_question(&[b"before", b"after!"]);
    culvert.stdin().write_all(&question).await.unwrap();
    culvert.stdin().write_all(b"before").await.unwrap();
    assert_eq!(culvert.read_exact(6).await, b"before");
    world.sim.faults().close(1000, "Bye");
    culvert.stdin().write_all(b"after!").await.unwrap();
    assert_eq!(culvert.read_exact(6).await, b"after!");
    assert_eq!(culvert.ended().await.code, Some(0));
    assert_eq!(world.sim.sessions()[0].websockets, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_stream_and_its_session() {
    let world = World::start().await;
    let culvert = Running::start(stream(&world, world.destination.port()));
    soon(
        world
            .sim
            .wait_for(|sessions, _| sessions.iter().any(|session| session.handshake_complete)),
    )
    .await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_cannot_start_is_told_on_standard_error_alone() {
    let world = World::start().await;
    world.sim.faults().expire_credentials(true);
    let ended = run(stream(&world, 22)).await;
    assert_eq!(ended.code, Some(12), "{ended:?}");
    one_sentence(&ended.err, &["have expired"]);
    assert!(ended.out.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_refuses_fails_the_stream() {
    let world = World::start().await;
    let nobody = Nobody::new();
    let port = nobody.address().port();
    let culvert = Running::start(stream(&world, port));
    let ended = culvert.ended().await;
    assert_eq!(ended.code, Some(14), "{ended:?}");
    one_sentence(&ended.err, &[port.to_string()]);
    world.all_ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_of_input_does_not_hide_that_the_destination_refuses() {
    let world = World::start().await;
    let nobody = Nobody::new();
    let port = nobody.address().port();
    for _ in 0..5 {
        let mut culvert = Running::start(stream(&world, port));
        culvert.stdin().write_all(b"hi\n").await.unwrap();
        culvert.close_stdin();
        let ended = culvert.ended().await;
        assert_eq!(ended.code, Some(14), "{ended:?}");
        one_sentence(&ended.err, &[port.to_string()]);
    }
    world.all_ended().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_credential_process_that_reads_takes_nothing_of_the_stream() {
    let world = World::start().await;
    let (id, secret, token) = world.sim.credentials();
    let answer = serde_json::json!({
        "Version": 1,
        "AccessKeyId": id,
        "SecretAccessKey": secret,
        "SessionToken": token,
    });
    // It reads whatever there is, as a program does that asks for a code.
    let script = format!("head -c 4 >&2\ncat <<'END'\n{answer}\nEND\n");
    world.keys_by_script("give-keys", &script);
    let port = world.destination.port();
    let mut culvert = Running::start(with(stream(&world, port), "--profile", "p"));
    let question = echo_question(&[b"SSH-2.0-test\r\n"]);
    culvert.stdin().write_all(&question).await.unwrap();
    culvert
        .stdin()
        .write_all(b"SSH-2.0-test\r\n")
        .await
        .unwrap();
    assert_eq!(culvert.read_exact(14).await, b"SSH-2.0-test\r\n");
    let ended = culvert.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
