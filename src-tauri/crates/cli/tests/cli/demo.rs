//! `culvert demo` needs nothing and shows that it holds.

use crate::json::object;
use crate::support::{Running, World, run};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_cut_and_holds() {
    let world = World::start().await;
    let mut command = world.program();
    // Nobody's credentials are needed for it, and nobody's are used.
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .arg("demo");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said = ended.out.join("\n");
    for words in ["listening 127.0.0.1:", "Close 1000", "Bye", "It holds"] {
        assert!(said.contains(words), "{words:?} is not said: {said}");
    }
    assert!(ended.err.is_empty(), "{ended:?}");
    assert_eq!(
        world.sim.stats().connections,
        0,
        "it went to another service"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_as_json_is_one_object_a_line() {
    let world = World::start().await;
    let mut command = world.program();
    command.args(["demo", "--json"]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let events: Vec<_> = ended
        .out
        .iter()
        .map(|line| object(line)["event"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        events.iter().any(|event| event == "listening"),
        "{events:?}"
    );
    assert!(events.iter().any(|event| event == "message"), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_of_another_service_does_not_lead_the_demo_astray() {
    let world = World::start().await;
    let mut command = world.program();
    command
        .arg("demo")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_REGION", "eu-west-1")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("HTTPS_PROXY", "http://127.0.0.1:1");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_demo() {
    let world = World::start().await;
    let mut command = world.program();
    command.arg("demo");
    let mut culvert = Running::start(command);
    culvert
        .line_with(|line| line.starts_with("listening "))
        .await;
    assert_eq!(culvert.stopped_by("INT").await.code, Some(0));
}
