//! A tunnel with a profile is that profile's, whatever the shell exports; and a data channel goes
//! to nobody but the service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use ssm_sim::{Caller, Credentials};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::support::{REGION, Running, TARGET, World, carries, run, soon};

/// What the profile must not become.
const OTHER_KEY: &str = "AKIASTRAY00000000001";

/// A service that nobody may ask.
struct Stray {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Stray {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stray {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            address,
            asked,
            task,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A world with two profiles: `production`, with the service's credentials and where it is, and
/// `other`, whose credentials the service takes as well.
async fn world() -> World {
    let world = World::start().await;
    let (access_key, secret_key, _) = world.sim.credentials();
    world.sim.accept(Credentials {
        access_key: OTHER_KEY.to_owned(),
        secret_key: "planted-stray-secret".to_owned(),
        session_token: None,
    });
    std::fs::create_dir(world.path(".aws")).unwrap();
    let config = format!(
        "[profile production]\nregion = {REGION}\nservices = here\n\
         [profile other]\nregion = us-west-2\nservices = here\n\
         [services here]\nssm =\n  endpoint_url = {}\n",
        world.sim.endpoint_url()
    );
    std::fs::write(world.path(".aws/config"), config).unwrap();
    let credentials = format!(
        "[production]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n\
         [other]\naws_access_key_id = {OTHER_KEY}\naws_secret_access_key = planted-stray-secret\n"
    );
    std::fs::write(world.path(".aws/credentials"), credentials).unwrap();
    std::fs::write(world.path("token"), "planted-token").unwrap();
    world
}

/// `culvert forward` in an environment of which nothing is left but where the home is.
fn forward(world: &World, profile: Option<&str>) -> Command {
    let mut command = world.program();
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        command.env_remove(name);
    }
    let port = world.destination.port().to_string();
    command
        .args(["forward", "--target", TARGET])
        .args(["--remote-port", &port, "--sessions", "1"]);
    if let Some(profile) = profile {
        command.args(["--profile", profile]);
    }
    command
}

/// Runs a tunnel until it has carried something; returns who called the service for it.
async fn callers(world: &World, command: Command) -> Vec<Caller> {
    let before = world.sim.callers().len();
    let mut culvert = Running::start(command);
    carries(&culvert.listening().await).await;
    let ended = culvert.stopped_by("TERM").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    world.sim.callers().split_off(before)
}

/// Everything of the environment that the AWS tools take for credentials, regions and places.
fn stray_variables(world: &World, stray: &Stray) -> Vec<(&'static str, String)> {
    let own = |text: &str| text.to_owned();
    vec![
        ("AWS_ACCESS_KEY_ID", own(OTHER_KEY)),
        ("AWS_SECRET_ACCESS_KEY", own("planted-stray-secret")),
        ("AWS_SESSION_TOKEN", own("planted-stray-token")),
        ("AWS_PROFILE", own("other")),
        ("AWS_DEFAULT_PROFILE", own("other")),
        ("AWS_REGION", own("us-west-2")),
        ("AWS_DEFAULT_REGION", own("us-west-1")),
        ("AWS_ENDPOINT_URL", stray.url()),
        ("AWS_ENDPOINT_URL_SSM", stray.url()),
        ("AWS_ENDPOINT_URL_SSMMESSAGES", stray.url()),
        ("AWS_ENDPOINT_URL_KMS", stray.url()),
        ("AWS_ENDPOINT_URL_STS", stray.url()),
        ("AWS_ENDPOINT_URL_SSO", stray.url()),
        ("AWS_ENDPOINT_URL_SSO_OIDC", stray.url()),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", own("true")),
        ("AWS_USE_FIPS_ENDPOINT", own("true")),
        ("AWS_USE_DUALSTACK_ENDPOINT", own("true")),
        ("AWS_ROLE_ARN", own("arn:aws:iam::999999999999:role/stray")),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            world.path("token").display().to_string(),
        ),
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            format!("{}/keys", stray.url()),
        ),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", own("planted-token")),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", stray.url()),
        ("AWS_SDK_LOAD_CONFIG", own("1")),
    ]
}

fn are_productions(world: &World, callers: &[Caller], what: &str) {
    let (access_key, _, _) = world.sim.credentials();
    assert!(
        callers.iter().any(|caller| caller.service == "ssm"),
        "{what}: {callers:?}"
    );
    assert!(
        callers.iter().any(|caller| caller.service == "ssmmessages"),
        "{what}: {callers:?}"
    );
    for caller in callers {
        let who = (caller.access_key.as_str(), caller.region.as_str());
        assert_eq!(who, (access_key.as_str(), REGION), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_variable_redirects_a_tunnel_with_a_profile_neither_alone_nor_with_the_others() {
    let (world, stray) = (world().await, Stray::start().await);
    let variables = stray_variables(&world, &stray);
    for (name, value) in &variables {
        let mut command = forward(&world, Some("production"));
        command.env(name, value);
        are_productions(&world, &callers(&world, command).await, name);
    }
    let mut command = forward(&world, Some("production"));
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    are_productions(&world, &callers(&world, command).await, "all of them");
    assert_eq!(
        stray.asked.load(Ordering::SeqCst),
        0,
        "the stray service was asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_tunnel_is_its_profiles_and_its_endpoints_whatever_the_shell_exports() {
    let (world, stray) = (world().await, Stray::start().await);
    // The profile would lead elsewhere by itself.
    let config = format!(
        "[profile production]\nregion = {REGION}\nendpoint_url = {}\n",
        stray.url()
    );
    std::fs::write(world.path(".aws/config"), config).unwrap();
    let saved = format!(
        "version = 2\n[[tunnel]]\nname = 'Orders'\ntarget = '{TARGET}'\nremote_port = {}\n\
         profile = 'production'\nendpoints = 'ssm={}'\nsessions = 1\n",
        world.destination.port(),
        world.sim.endpoint_url(),
    );
    std::fs::write(world.path("tunnels.toml"), saved).unwrap();
    let mut command = world.program();
    command
        .args(["forward", "Orders"])
        .env("CULVERT_CONFIG_DIR", world.path(""))
        .envs(stray_variables(&world, &stray));
    are_productions(&world, &callers(&world, command).await, "all of them");
    assert_eq!(
        stray.asked.load(Ordering::SeqCst),
        0,
        "the stray service was asked"
    );
}

/// What shows that those variables are heard at all.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_profile_the_variables_choose() {
    let (world, stray) = (world().await, Stray::start().await);
    let other = |region: &str| Caller {
        access_key: OTHER_KEY.to_owned(),
        region: region.to_owned(),
        service: "ssm".to_owned(),
    };
    let mut command = forward(&world, None);
    command.env("AWS_PROFILE", "other");
    assert_eq!(callers(&world, command).await[0], other("us-west-2"));
    let mut command = forward(&world, None);
    command
        .env("AWS_ACCESS_KEY_ID", OTHER_KEY)
        .env("AWS_SECRET_ACCESS_KEY", "planted-stray-secret")
        .env("AWS_REGION", "us-east-2")
        .env("AWS_ENDPOINT_URL", world.sim.endpoint_url());
    assert_eq!(callers(&world, command).await[0], other("us-east-2"));
    let mut command = forward(&world, None);
    command
        .env("AWS_PROFILE", "other")
        .env("AWS_ENDPOINT_URL_SSM", stray.url());
    run(command).await;
    assert!(
        stray.asked.load(Ordering::SeqCst) > 0,
        "the variable was not heard"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_own_region_and_endpoints_win_over_the_profiles() {
    let (world, stray) = (world().await, Stray::start().await);
    let config = format!(
        "[profile production]\nregion = eu-west-3\nendpoint_url = {}\n",
        stray.url()
    );
    std::fs::write(world.path(".aws/config"), config).unwrap();
    let mut command = forward(&world, Some("production"));
    command
        .args(["--region", REGION])
        .args(["--endpoint", &format!("ssm={}", world.sim.endpoint_url())]);
    are_productions(&world, &callers(&world, command).await, "by options");
    assert_eq!(
        stray.asked.load(Ordering::SeqCst),
        0,
        "the profile's was asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_of_ssmmessages_takes_the_place_of_the_host_that_the_service_names() {
    let world = world().await;
    // What stands in for the service names a host that nobody here can reach.
    let elsewhere = grants("wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/x").await;
    let mut command = forward(&world, Some("production"));
    command
        .args(["--endpoint", &format!("ssm={}", elsewhere.url)])
        .args([
            "--endpoint",
            &format!("ssmmessages={}", world.sim.endpoint_url()),
        ]);
    let mut culvert = Running::start(command);
    culvert.close_stdin();
    // The token is none of the simulator's, so it refuses: it is the one who was asked.
    let is_asked = || {
        let callers = world.sim.callers();
        callers.iter().any(|caller| caller.service == "ssmmessages")
    };
    soon(world.sim.wait_for(|_, _| is_asked())).await;
    culvert.stopped_by("TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_never_sent_to_a_host_that_is_not_the_services() {
    let stray = Stray::start().await;
    for (given, code) in [
        (
            "wss://stranger.example/v1/data-channel/x".to_owned(),
            "foreign-stream-host",
        ),
        (
            "wss://ssmmessages.eu-central-1.amazonaws.com.stranger.example/x".to_owned(),
            "foreign-stream-host",
        ),
        (
            "ws://10.255.255.1/v1/data-channel/x".to_owned(),
            "foreign-stream-host",
        ),
        (format!("{}/x", stray.url()), "invalid-stream-url"),
        (
            format!("ws://planted-user@{}/x", stray.address),
            "invalid-stream-url",
        ),
    ] {
        let world = world().await;
        let service = grants(&given).await;
        let mut command = forward(&world, Some("production"));
        command
            .args(["--endpoint", &format!("ssm={}", service.url)])
            .arg("--json");
        let ended = run(command).await;
        assert_eq!(ended.code, Some(17), "{given}: {ended:?}");
        let last: Value = serde_json::from_str(ended.out.last().unwrap()).unwrap();
        assert_eq!(last["problem"]["code"], code, "{given}: {last}");
        let all = format!("{ended:?}");
        assert!(!all.contains("planted"), "{all}");
    }
    assert_eq!(
        stray.asked.load(Ordering::SeqCst),
        0,
        "somebody else was called"
    );
}

/// Stands in for SSM: answers each call with a session whose channel is at this address.
struct Grants {
    url: String,
    task: JoinHandle<()>,
}

impl Drop for Grants {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn grants(stream_url: &str) -> Grants {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = json!({
        "SessionId": "alice-0123",
        "StreamUrl": stream_url,
        "TokenValue": "planted-session-token",
    })
    .to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amzn-requestid: 1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let task = tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            // The request is small, and comes in one piece or two.
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while !is_whole(&request) {
                match tcp.read(&mut piece).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => request.extend_from_slice(&piece[..count]),
                }
            }
            let _ = tcp.write_all(answer.as_bytes()).await;
            let _ = tcp.shutdown().await;
        }
    });
    Grants { url, task }
}

/// Whether a request's head and as many bytes as it says have come.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.trim().parse::<usize>().ok());
    body.len() >= length.unwrap_or_default()
}
