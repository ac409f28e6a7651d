//! What the program says while something is wrong, and what it does about it: read as somebody
//! would who looks for help.

use std::time::Duration;

use ssm_sim::{ApiFault, Operation, Refusal};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::json::object;
use crate::support::{Ended, REGION, Running, TARGET, World, carries, run, soon};

fn error(code: &str, status: u16) -> ApiFault {
    ApiFault::Error {
        code: code.to_owned(),
        message: "as the test wants".to_owned(),
        status,
    }
}

/// What it said on standard error, line by line, but for what it says on a slow machine alone.
fn said(ended: &Ended) -> Vec<&str> {
    let lines = ended.err.lines();
    lines
        .map(|line| line.strip_prefix("culvert: ").unwrap_or(line))
        .filter(|line| !line.starts_with("still connecting: ") && !line.starts_with("stopping: "))
        .collect()
}

/// Connects, and waits until that is closed without an answer.
async fn closed_unanswered(address: &str) {
    let mut stream = soon(TcpStream::connect(address)).await.unwrap();
    let end = soon(stream.read(&mut [0; 1])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_be_ended_is_told_and_the_next_start_ends_it() {
    let world = World::start().await;
    let mut first = Running::start(world.forward(&[]));
    first.listening().await;
    // The agent can't be told, and the service does not want to hear it.
    let faults = world.sim.faults();
    faults.freeze();
    faults.fail_api(
        Operation::TerminateSession,
        error("InternalServerError", 500),
        None,
    );
    let ended = first.stopped_by("INT").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = said(&ended);
    let [line] = lines[..] else {
        panic!("not one line: {ended:?}");
    };
    assert!(
        line.starts_with("1 session is left open at the service."),
        "{line}"
    );
    assert!(line.contains("InternalServerError"), "{line}");
    assert!(line.contains("The next start of Culvert ends"), "{line}");
    assert_eq!(world.living_sessions(), 1);

    faults.thaw();
    faults.clear_api(Operation::TerminateSession);
    let mut second = Running::start(world.forward(&[]));
    second.listening().await;
    soon(
        world
            .sim
            .wait_for(|sessions, _| sessions[0].terminated_by.is_some()),
    )
    .await;
    let ended = second.stopped_by("TERM").await;
    // It may have been told to end before the sweep could say what it has done.
    for line in said(&ended) {
        assert_eq!(line, "Ended 1 session that an earlier run had left behind.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_be_ended_is_an_object_for_programs() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--json"]));
    culvert
        .line_with(|line| object(line)["event"] == "listening")
        .await;
    let faults = world.sim.faults();
    faults.freeze();
    let denied = error("AccessDeniedException", 400);
    faults.fail_api(Operation::TerminateSession, denied, None);
    let ended = culvert.stopped_by("TERM").await;
    let left = ended
        .out
        .iter()
        .map(|line| object(line))
        .find(|line| line["event"] == "leftBehind");
    let left = left.unwrap_or_else(|| panic!("{ended:?}"));
    assert_eq!(left["sessionId"], world.sim.sessions()[0].id, "{left}");
    assert_eq!(left["problem"]["code"], "access-denied", "{left}");
    assert!(ended.err.is_empty(), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_waits_in_vain_is_told() {
    let world = World::start().await;
    let hang = || error("InternalServerError", 500);
    let faults = world.sim.faults();
    let mut culvert = Running::start(world.forward(&["--wait", "1", "--json"]));
    let listening = culvert
        .line_with(|line| object(line)["event"] == "listening")
        .await;
    let address = object(&listening)["address"].as_str().unwrap().to_owned();
    faults.fail_api(Operation::ResumeSession, hang(), None);
    faults.reset();
    culvert
        .line_with(|line| object(line)["state"]["kind"] == "reconnecting")
        .await;
    closed_unanswered(&address).await;
    let told = culvert
        .line_with(|line| object(line)["event"] == "turnedAway")
        .await;
    let told = object(&told);
    assert_eq!(
        (&told["count"], &told["why"]),
        (&1.into(), &"waitedOut".into())
    );
    assert_eq!(told["problem"]["code"], "service-error", "{told}");
    culvert.stopped_by("KILL").await;

    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--wait", "1"]));
    let address = culvert.listening().await;
    let faults = world.sim.faults();
    faults.fail_api(Operation::ResumeSession, hang(), None);
    faults.reset();
    soon(
        world
            .sim
            .wait_for(|_, stats| stats.calls(Operation::ResumeSession) > 0),
    )
    .await;
    closed_unanswered(&address).await;
    let ended = culvert.stopped_by("TERM").await;
    assert!(
        said(&ended).iter().any(|line| line
            .starts_with("1 connection was closed after waiting 1.0 s")
            && line.contains("InternalServerError")),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_is_given_up_says_after_how_long_and_how_many_attempts() {
    let world = World::start().await;
    let faults = world.sim.faults();
    faults.fail_api(
        Operation::StartSession,
        error("InternalServerError", 500),
        None,
    );
    let ended = run(world.forward(&[])).await;
    assert_eq!(ended.code, Some(16), "{ended:?}");
    let last = *said(&ended).last().unwrap();
    assert!(last.starts_with("gave up after "), "{ended:?}");
    let calls = format!(" attempts with calls to {}", world.sim.endpoint_url());
    assert!(last.contains(&calls), "{ended:?}");
    assert!(last.contains(": AWS reports "), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_given_up_says_so() {
    let world = World::start().await;
    let faults = world.sim.faults();
    let ill = error("InternalServerError", 500);
    faults.fail_api(Operation::StartSession, ill, None);
    let mut command = world.program();
    command
        .args(["stream", "--target", TARGET, "--region", REGION])
        .args(["--port", "22", "--endpoint-url", &world.sim.endpoint_url()]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(16), "{ended:?}");
    let lines = said(&ended);
    let [line] = lines[..] else {
        panic!("not one line: {ended:?}");
    };
    assert!(line.starts_with("gave up after "), "{line}");
    assert!(line.contains(&world.sim.endpoint_url()), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_environment_that_have_expired_are_not_said_to_be_looked_at_again() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--json"]));
    culvert
        .line_with(|line| object(line)["event"] == "listening")
        .await;
    world.sim.faults().expire_credentials(true);
    world.sim.faults().reset();
    let told = culvert
        .line_with(|line| object(line)["state"]["kind"] == "needsSignIn")
        .await;
    let told = object(&told);
    let problem = &told["state"]["problem"];
    assert_eq!(problem["code"], "expired-environment", "{told}");
    assert_eq!(
        told["state"]["nextAttempt"],
        serde_json::Value::Null,
        "{told}"
    );
    assert_eq!(told["state"]["renewedBy"], "restart", "{told}");
    let remedy = problem["remedy"].as_str().unwrap();
    assert!(remedy.contains("environment variables"), "{told}");
    culvert.stopped_by("TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_keys_of_the_environment_are_told_as_such_while_a_target_is_looked_for() {
    let world = World::start().await;
    world.sim.faults().expire_credentials(true);
    for target in ["name:bastion", "tag:Role=bastion"] {
        let mut command = world.program();
        command
            .args(["forward", "--json", "--target", target, "--region", REGION])
            .args(["--remote-port", "80"])
            .args(["--endpoint-url", &world.sim.endpoint_url()]);
        let ended = run(command).await;
        assert_eq!(ended.code, Some(12), "{ended:?}");
        let last = object(ended.out.last().unwrap());
        let problem = &last["problem"];
        assert_eq!(problem["code"], "expired-environment", "{last}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_the_gateway_fails_is_told_as_its_trouble() {
    let world = World::start().await;
    let faults = world.sim.faults();
    let mut culvert = Running::start(world.forward(&["--sessions", "1"]));
    let address = culvert.listening().await;
    faults.refuse_upgrades(Refusal::status(503), Some(1));
    faults.close(1000, "Bye");
    soon(
        world
            .sim
            .wait_for(|sessions, _| sessions[0].websockets == 2),
    )
    .await;
    carries(&address).await;
    let ended = culvert.stopped_by("TERM").await;
    let lines = said(&ended);
    let gateway = "The gateway 127.0.0.1, or something in front of it,";
    assert!(lines[0].contains(gateway), "{ended:?}");
    assert!(lines[0].contains("The gateway has trouble"), "{ended:?}");
    assert!(!lines[0].contains("calls"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_ended_is_not_promised_to_the_next_start() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    culvert.listening().await;
    let faults = world.sim.faults();
    faults.freeze();
    let denied = error("AccessDeniedException", 400);
    faults.fail_api(Operation::TerminateSession, denied, None);
    let ended = culvert.stopped_by("TERM").await;
    assert!(ended.err.contains("by its idle timeout."), "{ended:?}");
    assert!(!ended.err.contains("The next start"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_tunnel_is_not_up_yet_is_said_once_and_with_the_next_attempt() {
    let world = World::start().await;
    let faults = world.sim.faults();
    let throttled = error("ThrottlingException", 400);
    faults.fail_api(Operation::StartSession, throttled, Some(5));
    let mut culvert = Running::start(world.forward(&[]));
    culvert.listening().await;
    let ended = culvert.stopped_by("TERM").await;
    let lines = said(&ended);
    let [line] = lines[..] else {
        panic!("not one line: {ended:?}");
    };
    assert!(
        line.starts_with("not up yet: AWS receives too many calls"),
        "{line}"
    );
    // On a busy machine the next attempt is under way when the line is written.
    let next = [
        "Next attempt in ",
        "It is tried again at once.",
        "It is being tried again.",
    ];
    assert!(next.iter().any(|next| line.contains(next)), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lazy_tunnel_listens_on_when_its_session_cannot_be_had() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--lazy"]));
    let address = culvert.listening().await;
    let faults = world.sim.faults();
    let denied = error("AccessDeniedException", 400);
    faults.fail_api(Operation::StartSession, denied, None);
    closed_unanswered(&address).await;
    closed_unanswered(&address).await;
    faults.clear_api(Operation::StartSession);
    carries(&address).await;
    let ended = culvert.stopped_by("TERM").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The second is summed up with the first.
    let lines = said(&ended);
    for line in lines.iter().filter(|line| !line.starts_with("up")) {
        assert!(line.contains("no session: "), "{ended:?}");
        assert!(line.contains("ssm:StartSession"), "{ended:?}");
        let closed = "1 connection was closed. The next connection tries again.";
        assert!(line.ends_with(closed), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_file_that_is_half_saved_ends_no_tunnel() {
    let world = World::start().await;
    let (access_key, secret_key, _) = world.sim.credentials();
    let whole = format!(
        "[profile work]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
    );
    let config = world.path(".aws/config");
    std::fs::create_dir(world.path(".aws")).unwrap();
    std::fs::write(&config, &whole).unwrap();
    let mut command = world.forward(&["--profile", "work", "--json"]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let mut culvert = Running::start(command);
    let listening = culvert
        .line_with(|line| object(line)["event"] == "listening")
        .await;
    std::fs::write(&config, "[profile work").unwrap();
    world.sim.faults().close(1000, "Bye");
    culvert
        .line_with(|line| object(line)["state"]["problem"]["code"] == "invalid-config-files")
        .await;
    std::fs::write(&config, &whole).unwrap();
    culvert
        .line_with(|line| object(line)["state"]["kind"] == "up")
        .await;
    let address = object(&listening)["address"].as_str().unwrap().to_owned();
    carries(&address).await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.sim.sessions().len(), 1, "the session was given up");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_says_of_a_sessions_end_is_said() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--sessions", "1"]));
    let address = culvert.listening().await;
    let words = "Session timed out due to inactivity\n\u{1b}[31m";
    world.sim.faults().channel_closed(words);
    soon(world.sim.wait_for(|sessions, _| {
        sessions.len() == 2 && sessions.iter().all(|session| session.handshake_complete)
    }))
    .await;
    carries(&address).await;
    let ended = culvert.stopped_by("TERM").await;
    let lines = said(&ended);
    let quoted = "It says: \"Session timed out due to inactivity [31m\".";
    assert!(lines.iter().any(|line| line.contains(quoted)), "{ended:?}");
    assert!(!ended.err.contains('\u{1b}'), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_that_comes_early_is_not_said_to_be_the_hourly_one() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&[]));
    let address = culvert.listening().await;
    world.sim.faults().close(1000, "Bye");
    soon(
        world
            .sim
            .wait_for(|sessions, _| sessions[0].websockets == 2),
    )
    .await;
    carries(&address).await;
    let ended = culvert.stopped_by("TERM").await;
    let lines = said(&ended);
    assert!(
        lines[0].starts_with("The gateway closed the connection. "),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tunnels_to_one_place_can_have_names_of_their_own() {
    let world = World::start().await;
    for name in ["left door", "right door"] {
        let mut culvert = Running::start(world.forward(&["--name", name]));
        culvert.listening().await;
        assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    }
    let mut history = world.program();
    history.arg("history");
    let told = run(history).await.out.join("\n");
    assert!(
        told.contains("left door: up") && told.contains("right door: up"),
        "{told}"
    );
    assert!(!told.contains(TARGET), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_beside_a_session_that_stays_up_is_told_and_so_is_its_end() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--sessions", "2"]));
    culvert.listening().await;
    soon(world.sim.wait_for(|sessions, _| {
        sessions.len() == 2 && sessions.iter().all(|session| session.handshake_complete)
    }))
    .await;
    let ids: Vec<_> = world.sim.sessions().into_iter().map(|one| one.id).collect();
    let faults = world.sim.faults();
    // The successor comes when people have been told that it is waited for.
    let ill = error("InternalServerError", 500);
    faults.fail_api(Operation::StartSession, ill, Duration::from_secs(4));
    faults.of_session(&ids[1]).session_lost();
    soon(world.sim.wait_for(|sessions, _| {
        sessions.len() == 3 && sessions.iter().all(|session| session.handshake_complete)
    }))
    .await;
    let ended = culvert.stopped_by("TERM").await;
    let lines = said(&ended);
    let begin = lines
        .iter()
        .position(|line| line.starts_with("replacing a session: "));
    let begin = begin.unwrap_or_else(|| panic!("{ended:?}"));
    assert!(lines[begin].contains("has ended."), "{ended:?}");
    assert!(lines[begin].ends_with("New connections use the other sessions."));
    let of_sort = |line: &&&str| line.starts_with("replacing ");
    assert_eq!(lines.iter().filter(of_sort).count(), 1, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_hear_of_the_begin_and_of_the_end() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--json"]));
    let first = object(&culvert.line().await.unwrap());
    assert_eq!(first["event"], "state", "{first}");
    culvert
        .line_with(|line| object(line)["event"] == "listening")
        .await;
    let ended = culvert.stopped_by("TERM").await;
    let kinds: Vec<_> = ended
        .out
        .iter()
        .filter_map(|line| object(line)["state"]["kind"].as_str().map(str::to_owned))
        .collect();
    let last = ["stopping".to_owned(), "off".to_owned()];
    assert!(kinds.ends_with(&last), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_hear_what_was_tried_before_a_tunnel_was_given_up() {
    let world = World::start().await;
    let ill = error("InternalServerError", 500);
    let faults = world.sim.faults();
    faults.fail_api(Operation::StartSession, ill, None);
    let ended = run(world.forward(&["--json"])).await;
    let failed = object(ended.out.last().unwrap());
    assert_eq!(failed["event"], "failed", "{ended:?}");
    assert!(failed["attempts"].as_u64().unwrap() > 1, "{failed}");
    assert!(failed["lastedMs"].as_u64().unwrap() > 0, "{failed}");
    let endpoint = world.sim.endpoint_url();
    let named = failed["endpoint"].as_str().unwrap();
    assert_eq!(named.trim_end_matches('/'), endpoint.trim_end_matches('/'));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_says_how_it_began_and_until_when_it_is_tried() {
    let world = World::start().await;
    let faults = world.sim.faults();
    let mut culvert = Running::start(world.forward(&["--sessions", "1"]));
    culvert.listening().await;
    let ill = error("InternalServerError", 500);
    faults.fail_api(Operation::ResumeSession, ill, Duration::from_secs(4));
    faults.close(1000, "Bye");
    soon(
        world
            .sim
            .wait_for(|sessions, _| sessions[0].websockets == 2),
    )
    .await;
    let ended = culvert.stopped_by("TERM").await;
    let lines = said(&ended);
    assert!(lines[0].starts_with("reconnecting since "), "{ended:?}");
    let begin = ": The gateway closed the connection. AWS reports";
    assert!(lines[0].contains(begin), "{ended:?}");
    assert!(lines[0].contains(" It is tried until "), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_is_lost_too_often_says_so_once_and_why() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--drops-told", "2"]));
    let address = culvert.listening().await;
    carries(&address).await;
    for drops in 1..=5 {
        world.sim.faults().close(1000, "Bye");
        soon(world.sim.wait_for(|sessions, stats| {
            stats.api_calls.get("ResumeSession").copied() == Some(drops)
                && sessions.iter().any(|session| session.handshake_complete)
        }))
        .await;
        carries(&address).await;
    }
    let ended = culvert.stopped_by("TERM").await;
    let said: Vec<_> = ended
        .err
        .lines()
        .filter(|line| line.contains("within an hour"))
        .collect();
    assert_eq!(said.len(), 1, "{ended:?}");
    for words in ["3 times", "a close by the gateway", "culvert doctor"] {
        assert!(said[0].contains(words), "{words:?}: {said:?}");
    }
}
