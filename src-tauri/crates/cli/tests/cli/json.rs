//! `--json`: one object a line for whoever drives the program.

use serde_json::Value;
use ssm_sim::{ApiFault, Operation};

use crate::support::{Nobody, Running, World, carries, run};

/// The object in a line, which must have an event.
pub(crate) fn object(line: &str) -> Value {
    let value: Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    assert!(value.is_object(), "not an object: {line:?}");
    assert!(value["event"].is_string(), "no event: {line:?}");
    value
}

/// Reads lines until one is as wanted; each must be an object.
pub(crate) async fn until(culvert: &mut Running, wanted: impl Fn(&Value) -> bool) -> Value {
    object(&culvert.line_with(|line| wanted(&object(line))).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn listening_close_and_states_come_as_objects() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--json"]));
    let listening = until(&mut culvert, |line| line["event"] == "listening").await;
    let address = listening["address"].as_str().unwrap().to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{listening}");
    let addresses = listening["addresses"].as_array().unwrap();
    assert!(addresses.contains(&listening["address"]), "{listening}");
    carries(&address).await;

    world.sim.faults().close(1000, "Bye");
    let close = until(&mut culvert, |line| line["event"] == "close").await;
    assert_eq!(close["close"]["code"], 1000, "{close}");
    assert_eq!(close["closedBy"], "gateway", "{close}");
    assert_eq!(close["close"]["reason"], "Bye", "{close}");
    assert_eq!(close["sessionId"], world.sim.sessions()[0].id, "{close}");
    assert!(!close["meaning"].as_str().unwrap().is_empty(), "{close}");
    until(&mut culvert, |line| {
        line["event"] == "state" && line["state"]["kind"] == "reconnecting"
    })
    .await;
    until(&mut culvert, |line| {
        line["event"] == "state" && line["state"]["kind"] == "up"
    })
    .await;
    carries(&address).await;

    let ended = culvert.stopped_by("TERM").await;
    assert_eq!(ended.code, Some(0));
    for line in &ended.out {
        object(line);
    }
    assert!(
        ended.err.is_empty(),
        "JSON and sentences at once: {ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_by_the_service_is_told_as_replaced() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--json"]));
    let listening = until(&mut culvert, |line| line["event"] == "listening").await;
    world.sim.faults().channel_closed("ended by an operator");
    let replaced = until(&mut culvert, |line| line["event"] == "replaced").await;
    assert_eq!(replaced["problem"]["code"], "session-ended", "{replaced}");
    assert_eq!(
        replaced["sessionId"],
        world.sim.sessions()[0].id,
        "{replaced}"
    );
    assert_eq!(replaced["connections"], 0, "{replaced}");
    until(&mut culvert, |line| {
        line["event"] == "state" && line["state"]["kind"] == "up"
    })
    .await;
    carries(listening["address"].as_str().unwrap()).await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_refuses_is_a_notice() {
    let world = World::start().await;
    let nobody = Nobody::new();
    let port = nobody.address().port().to_string();
    let mut command = world.program();
    command
        .args(["forward", "--json", "--target", crate::support::TARGET])
        .args(["--region", crate::support::REGION, "--remote-port", &port])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let mut culvert = Running::start(command);
    let listening = until(&mut culvert, |line| line["event"] == "listening").await;
    let address = listening["address"].as_str().unwrap();
    // It may be closed again before the system has told that it was opened.
    let refused = tokio::net::TcpStream::connect(address).await;
    let notice = until(&mut culvert, |line| line["event"] == "notice").await;
    assert_eq!(notice["problem"]["code"], "destination-refused", "{notice}");
    let details = notice["problem"]["details"].as_str().unwrap();
    let from = details.strip_prefix("for the local connection from ");
    assert!(
        from.is_some_and(|from| from.starts_with("127.0.0.1:")),
        "{notice}"
    );
    drop(refused);
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_an_object_with_its_code() {
    let world = World::start().await;
    let denied = ApiFault::Error {
        code: "AccessDeniedException".to_owned(),
        message: String::new(),
        status: 400,
    };
    let faults = world.sim.faults();
    faults.fail_api(Operation::StartSession, denied, None);
    let ended = run(world.forward(&["--json"])).await;
    assert_eq!(ended.code, Some(13), "{ended:?}");
    let failed = object(ended.out.last().unwrap());
    assert_eq!(failed["event"], "failed");
    assert_eq!(failed["problem"]["code"], "access-denied");
    assert_eq!(failed["problem"]["kind"], "permission");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_hear_of_the_end_as_it_comes_and_of_the_rest_when_it_is_not_waited_for() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--json"]));
    until(&mut culvert, |line| line["event"] == "listening").await;
    let faults = world.sim.faults();
    faults.freeze();
    faults.fail_api(Operation::TerminateSession, ApiFault::Hang, None);
    culvert.signal("INT").await;
    until(&mut culvert, |line| line["state"]["kind"] == "stopping").await;
    let ended = culvert.stopped_by("INT").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<_> = ended.out.iter().map(|line| object(line)).collect();
    let [left, off] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(left["event"], "leftBehind");
    assert_eq!(left["sessionId"], world.sim.sessions()[0].id, "{left}");
    assert_eq!(off["state"]["kind"], "off");
    assert!(ended.err.is_empty(), "{ended:?}");

    let mut history = world.program();
    history.args(["history", "--json"]);
    let told = run(history).await.out.join("\n");
    for wanted in [r#""event":"leftBehind""#, r#""kind":"off""#] {
        assert!(told.contains(wanted), "{told}");
    }
}
