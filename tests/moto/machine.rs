//! Credentials of the machine that the program runs on: of an EC2 instance, as moto's metadata
//! service gives them, and of an ECS task. No mock that we know has the latter's endpoint, so that
//! one is a server of our own; what it hands out is of moto's STS.

use std::sync::{Arc, Mutex};

use serde_json::json;
use ssm_sim::Credentials;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::profiles::{World, profile, role};
use crate::relay::{Asked, Relay, element};
use crate::server::{Moto, REGION};

/// What moto's metadata service hands out.
fn of_moto() -> Credentials {
    Credentials {
        access_key: "test-key".to_owned(),
        secret_key: "test-secret-key".to_owned(),
        session_token: Some("test-session-token".to_owned()),
    }
}

fn lines(asked: Vec<Asked>) -> Vec<String> {
    asked.into_iter().map(|asked| asked.line).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn an_instance_opens_a_tunnel_with_the_role_that_it_has() {
    let world = World::start().await;
    world.sim.accept(of_moto());
    let instance = Relay::to_metadata(&world.moto.url()).await;
    world.files("", "");
    let ssm = format!("ssm={}", world.sim.endpoint_url());
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*instance.url()),
        ("AWS_REGION", REGION),
    ];
    let used = world.carries(&["--endpoint", &ssm], &variables).await;
    assert_eq!(used, "test-key");
    assert_eq!(
        lines(instance.asked())[..3],
        [
            "PUT /latest/api/token",
            "GET /latest/meta-data/iam/security-credentials/",
            "GET /latest/meta-data/iam/security-credentials/default-role",
        ],
        "version 2 of the service, which wants a token"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_profile_assumes_its_role_with_that_of_the_instance() {
    let world = World::start().await;
    let instance = Relay::to_metadata(&world.moto.url()).await;
    let stray = Relay::to_metadata(&world.moto.url()).await;
    let text = format!(
        "{}\ncredential_source = Ec2InstanceMetadata\nec2_metadata_service_endpoint = {}",
        role("ci"),
        instance.url()
    );
    world.files(&profile("ci", &text), "");
    // A profile that is named is not led elsewhere by the environment.
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*stray.url())];
    let used = world.carries(&["--profile", "ci"], &variables).await;
    assert_eq!(world.asked()[0], "test-key ci");
    assert!(world.handed_out().contains(&used));
    assert_eq!(lines(instance.asked())[0], "PUT /latest/api/token");
    assert!(stray.asked().is_empty(), "{:?}", stray.asked());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_task_opens_a_tunnel_with_the_role_that_it_has() {
    let world = World::start().await;
    let task = Task::start(&world.moto).await;
    world.sim.accept(task.credentials.clone());
    world.files("", "");
    let ssm = format!("ssm={}", world.sim.endpoint_url());
    let uri = task.uri();
    let mut variables = task.variables(&uri);
    variables.push(("AWS_REGION", REGION));
    let used = world.carries(&["--endpoint", &ssm], &variables).await;
    assert_eq!(used, task.credentials.access_key);
    assert!(task.asked_with().iter().all(|token| token == TASK_TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_profile_assumes_its_role_with_that_of_the_task() {
    let world = World::start().await;
    let task = Task::start(&world.moto).await;
    let text = format!("{}\ncredential_source = EcsContainer", role("ci"));
    world.files(&profile("ci", &text), "");
    let uri = task.uri();
    let used = world
        .carries(&["--profile", "ci"], &task.variables(&uri))
        .await;
    let of_task = &task.credentials.access_key;
    assert_eq!(world.asked()[0], format!("{of_task} ci"));
    assert!(world.handed_out().contains(&used));
    assert!(!task.asked_with().is_empty());
}

/// What whoever asks for the task's credentials has to show.
const TASK_TOKEN: &str = "planted-task-token";

/// Where a task gets its credentials (Amazon ECS Developer Guide, "Task IAM role"). It ends with
/// its test.
struct Task {
    authority: String,
    credentials: Credentials,
    /// The tokens that were shown.
    asked_with: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Task {
    async fn start(moto: &Moto) -> Self {
        let given = moto
            .query(
                "sts",
                "2011-06-15",
                "AssumeRole",
                &[
                    ("RoleArn", "arn:aws:iam::123456789012:role/task"),
                    ("RoleSessionName", "task"),
                ],
            )
            .await;
        let credentials = Credentials {
            access_key: element(&given, "AccessKeyId").unwrap(),
            secret_key: element(&given, "SecretAccessKey").unwrap(),
            session_token: element(&given, "SessionToken"),
        };
        let answer = json!({
            "RoleArn": "arn:aws:iam::123456789012:role/task",
            "AccessKeyId": credentials.access_key,
            "SecretAccessKey": credentials.secret_key,
            "Token": credentials.session_token,
            "Expiration": element(&given, "Expiration").unwrap(),
        })
        .to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let asked_with = Arc::new(Mutex::new(Vec::new()));
        let shown = Arc::clone(&asked_with);
        let serving = tokio::spawn(async move {
            let mut answering = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                answering.spawn(hand_out(tcp, answer.clone(), Arc::clone(&shown)));
            }
        });
        Self {
            authority,
            credentials,
            asked_with,
            serving,
        }
    }

    fn uri(&self) -> String {
        format!("http://{}/v2/credentials/of-the-task", self.authority)
    }

    fn variables<'a>(&self, uri: &'a str) -> Vec<(&'static str, &'a str)> {
        vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", TASK_TOKEN),
        ]
    }

    fn asked_with(&self) -> Vec<String> {
        self.asked_with.lock().unwrap().clone()
    }
}

/// Answers one request, if the token is the task's.
async fn hand_out(mut tcp: TcpStream, answer: String, shown: Arc<Mutex<Vec<String>>>) {
    let mut token = String::new();
    let mut lines = BufReader::new(&mut tcp).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("authorization")
        {
            value.trim().clone_into(&mut token);
        }
    }
    let is_the_tasks = token == TASK_TOKEN;
    shown.lock().unwrap().push(token);
    let (status, body) = match is_the_tasks {
        true => ("200 OK", answer),
        false => ("403 Forbidden", "{}".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    let _ = tcp.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = tcp.shutdown().await;
}
