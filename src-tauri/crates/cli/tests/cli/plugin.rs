//! The program under the name `session-manager-plugin`, called as the AWS CLI calls it
//! (docs/protocol.md, section 8).

use std::collections::BTreeMap;

use aws_access::{Access, AccessSettings, Secret, StartSession, StaticCredentials};
use serde_json::{Value, json};
use ssm_sim::TerminatedBy;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::json::object;
use crate::support::{
    REGION, Running, TARGET, World, carries, echo_question, one_sentence, run, soon,
};

const PORT_DOCUMENT: &str = "AWS-StartPortForwardingSession";
const STREAM_DOCUMENT: &str = "AWS-StartSSHSession";

/// What the AWS CLI has when it calls the plugin.
struct Handover {
    session_id: String,
    token: String,
    response: String,
    request: String,
    endpoint: String,
}

impl Handover {
    /// Starts a session as the AWS CLI does.
    async fn start(world: &World, document: &str, parameters: &[(&str, String)]) -> Self {
        let (access_key_id, secret, session_token) = world.sim.credentials();
        let access = Access::load(AccessSettings {
            region: Some(REGION.to_owned()),
            endpoint_url: Some(world.sim.endpoint_url().into()),
            static_credentials: Some(StaticCredentials {
                access_key_id,
                secret_access_key: Secret::new(secret),
                session_token: session_token.map(Secret::new),
            }),
            ..AccessSettings::default()
        })
        .await
        .unwrap();
        let parameters: BTreeMap<_, _> = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![value.clone()]))
            .collect();
        let request = json!({
            "Target": TARGET,
            "DocumentName": document,
            "Parameters": parameters,
        });
        let grant = access
            .start_session(&StartSession {
                target: TARGET.to_owned(),
                document: document.to_owned(),
                parameters,
                reason: None,
            })
            .await
            .unwrap();
        let token = grant.token.expose().to_owned();
        let response = json!({
            "SessionId": grant.session_id,
            "TokenValue": token,
            "StreamUrl": grant.stream_url.to_string(),
            "ResponseMetadata": {"HTTPStatusCode": 200},
        });
        Self {
            session_id: grant.session_id,
            token,
            response: response.to_string(),
            request: request.to_string(),
            endpoint: world.sim.endpoint_url(),
        }
    }

    /// A port session to the world's destination.
    async fn to_port(world: &World, local_port: &str) -> Self {
        let port = world.destination.port().to_string();
        let parameters = [
            ("portNumber", port),
            ("localPortNumber", local_port.to_owned()),
        ];
        Self::start(world, PORT_DOCUMENT, &parameters).await
    }

    /// The call with the response itself among the arguments.
    fn call(&self, world: &World) -> Command {
        self.call_with(world, &self.response)
    }

    /// The call of newer AWS CLIs, which name a variable.
    fn call_by_variable(&self, world: &World) -> Command {
        let name = "AWS_SSM_START_SESSION_RESPONSE";
        let mut command = self.call_with(world, name);
        command.env(name, &self.response);
        command
    }

    fn call_with(&self, world: &World, first: &str) -> Command {
        let mut command = world.plugin_program();
        command.args([
            first,
            REGION,
            "StartSession",
            "",
            &self.request,
            &self.endpoint,
        ]);
        command
    }

    /// Reads what scripts wait for; returns the port.
    async fn opened(&self, plugin: &mut Running) -> String {
        let id = &self.session_id;
        let starting = format!("Starting session with SessionId: {id}");
        plugin.line_with(|line| line == starting).await;
        let end = format!(" opened for sessionId {id}.");
        let line = plugin.line_with(|line| line.starts_with("Port ")).await;
        let port = line
            .strip_prefix("Port ")
            .and_then(|rest| rest.strip_suffix(&end))
            .unwrap_or_else(|| panic!("another line: {line}"))
            .to_owned();
        assert_eq!(
            plugin.line().await.as_deref(),
            Some("Waiting for connections...")
        );
        port
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_that_it_is_installed_and_its_version() {
    let world = World::start().await;
    let ended = run(world.plugin_program()).await;
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.out.concat().contains("installed successfully"),
        "{ended:?}"
    );

    let mut command = world.plugin_program();
    command.arg("--version");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0));
    // The AWS CLI hands over by a variable only to a version above 1.2.497.0.
    let parts: Vec<u32> = ended
        .out
        .concat()
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(parts.as_slice() > [1, 2, 497, 0].as_slice(), "{parts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_its_port_is_told_its_whole_name_and_the_doctor_knows_it_for_culvert() {
    let world = World::start().await;
    let handover = Handover::to_port(&world, "0").await;
    let mut plugin = Running::start(handover.call(&world));
    let port = handover.opened(&mut plugin).await;

    let refused = run(world.forward(&["--local-port", &port])).await;
    assert_eq!(refused.code, Some(11), "{refused:?}");
    one_sentence(&refused.err, &["by session-manager-plugin (process "]);

    let mut doctor = world.program();
    doctor
        .args(["doctor", "--target", TARGET, "--remote-port", "1"])
        .args(["--region", REGION, "--local-port", &port, "--json"])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let examined = run(doctor).await;
    let mut found = examined.out.iter().map(|line| object(line));
    let found = found.find(|line| line["check"] == "local-port").unwrap();
    assert_eq!(found["code"], "port-in-use-by-culvert", "{found:#}");
    assert_eq!(found["verdict"], "warning", "{found:#}");
    assert_eq!(plugin.stopped_by("INT").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_session_says_the_lines_and_carries_bytes() {
    let world = World::start().await;
    let handover = Handover::to_port(&world, "0").await;
    let mut plugin = Running::start(handover.call(&world));
    let port = handover.opened(&mut plugin).await;
    carries(&format!("127.0.0.1:{port}")).await;
    let ended = plugin.stopped_by("INT").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let sessions = world.sim.sessions();
    assert_eq!(
        sessions.len(),
        1,
        "the session that was handed over is not used"
    );
    assert_eq!(sessions[0].terminated_by, Some(TerminatedBy::Flag));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_may_come_in_a_variable_and_lives_through_a_close() {
    let world = World::start().await;
    let handover = Handover::to_port(&world, "0").await;
    let mut plugin = Running::start(handover.call_by_variable(&world));
    let port = handover.opened(&mut plugin).await;
    let address = format!("127.0.0.1:{port}");
    carries(&address).await;
    world.sim.faults().close(1000, "Bye");
    soon(world.sim.wait_for(|sessions, _| sessions[0].resumes == 1)).await;
    carries(&address).await;
    let ended = plugin.stopped_by("TERM").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!format!("{ended:?}").contains(&handover.token));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_aws_cli_gives_fewer_arguments() {
    let world = World::start().await;
    let handover = Handover::to_port(&world, "0").await;
    let mut command = world.plugin_program();
    command
        .args([&handover.response, REGION, "StartSession"])
        .env("AWS_ENDPOINT_URL", &handover.endpoint);
    let mut plugin = Running::start(command);
    let port = handover.opened(&mut plugin).await;
    carries(&format!("127.0.0.1:{port}")).await;
    assert_eq!(plugin.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_to_listen_on_comes_from_the_environment() {
    let world = World::start().await;
    let handover = Handover::to_port(&world, "0").await;
    let mut command = handover.call(&world);
    command.env("SSM_PLUGIN_LOCAL_HOST", "127.0.0.2");
    let mut plugin = Running::start(command);
    let port = handover.opened(&mut plugin).await;
    carries(&format!("127.0.0.2:{port}")).await;
    assert_eq!(plugin.stopped_by("TERM").await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_told_and_the_session_given_back() {
    let world = World::start().await;
    let held = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let handover = Handover::to_port(&world, &port).await;
    let ended = run(handover.call(&world)).await;
    assert_eq!(ended.code, Some(11), "{ended:?}");
    one_sentence(&ended.err, &[&port]);
    assert_eq!(world.living_sessions(), 0, "the session was left behind");
    let ends = world
        .sim
        .stats()
        .calls(ssm_sim::Operation::TerminateSession);
    assert_eq!(ends, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_session_carries_standard_input_and_output() {
    let world = World::start().await;
    let port = world.destination.port().to_string();
    let handover = Handover::start(&world, STREAM_DOCUMENT, &[("portNumber", port)]).await;
    let mut plugin = Running::start(handover.call_by_variable(&world));
    let question = echo_question(&[b"SSH-2.0-x\r\n", b"\n"]);
    plugin.stdin().write_all(&question).await.unwrap();
    plugin.stdin().write_all(b"SSH-2.0-x\r\n").await.unwrap();
    // Nothing but the destination's bytes may come before them.
    assert_eq!(plugin.read_exact(11).await, b"SSH-2.0-x\r\n");
    plugin.close_stdin();
    let ended = plugin.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.is_empty(), "{ended:?}");
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_understood_is_told_in_words_without_the_token() {
    let world = World::start().await;
    let response = r#"{"SessionId":"s-1","TokenValue":"planted-secret","StreamUrl":"ws://x/"}"#;
    let mut cut = response.to_owned();
    cut.truncate(cut.len() - 2);
    let wrong_type = json!({"SessionId": 1, "TokenValue": "planted-secret"}).to_string();
    let variable = "AWS_SSM_START_SESSION_RESPONSE";
    let request = json!({"Target": TARGET, "Parameters": Value::Null}).to_string();
    let cases: [&[&str]; 7] = [
        &["nonsense"],
        &[&cut, REGION, "StartSession"],
        &[&wrong_type, REGION, "StartSession"],
        &[response, REGION, "ResumeSession"],
        &[variable, REGION, "StartSession"],
        &[response, REGION, "StartSession", "", "{"],
        &[response, REGION, "StartSession", "", &request],
    ];
    for arguments in cases {
        let mut command = world.plugin_program();
        command.args(arguments);
        let ended = run(command).await;
        assert_eq!(ended.code, Some(10), "{arguments:?}: {ended:?}");
        one_sentence(&ended.err, &["AWS CLI"]);
        assert!(!format!("{ended:?}").contains("planted-secret"));
        assert!(ended.out.is_empty(), "{ended:?}");
    }
    assert_eq!(world.sim.stats().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_already_ends_the_plugin_in_words() {
    let world = World::start().await;
    let handover = Handover::to_port(&world, "0").await;
    world.sim.faults().channel_closed("ended by an operator");
    world.sim.faults().fail_api(
        ssm_sim::Operation::StartSession,
        ssm_sim::ApiFault::Error {
            code: "AccessDeniedException".to_owned(),
            message: String::new(),
            status: 400,
        },
        None,
    );
    let ended = run(handover.call(&world)).await;
    assert!(matches!(ended.code, Some(10..=17)), "{ended:?}");
    // First what happened to the session, then why there is no other.
    let last = ended.err.lines().last().unwrap_or_default();
    one_sentence(last, &["ssm:StartSession"]);
    assert!(!format!("{ended:?}").contains(&handover.token));
}
