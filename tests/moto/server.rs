//! moto as a child process.

use std::io::{self, Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use culvert_tests::kept;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The region in which tests arrange what they need.
pub(crate) const REGION: &str = "eu-central-1";

/// Only a hanging program is ever waited for as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A mock of AWS with nothing in it, on a free port of loopback. It ends with its test.
pub(crate) struct Moto {
    authority: String,
    _process: Child,
    /// Takes what the process prints, so that it never waits for a reader.
    log: JoinHandle<()>,
}

impl Drop for Moto {
    fn drop(&mut self) {
        if kept::is_kept() {
            // A mock that is gone already has handed out nothing more.
            self.report_secrets().ok();
        }
        self.log.abort();
    }
}

impl Moto {
    /// Starts the program that `CULVERT_MOTO_SERVER` names.
    pub(crate) async fn start() -> Self {
        kept::log();
        let program = std::env::var_os("CULVERT_MOTO_SERVER")
            .expect("CULVERT_MOTO_SERVER names the program moto_server; npm test sets it");
        let mut process = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let authority = timeout(PATIENCE, async {
            loop {
                let line = lines.next_line().await.unwrap();
                let line = line.expect("moto ended before it listened");
                if let Some((_, authority)) = line.split_once("Running on http://") {
                    break authority.trim().to_owned();
                }
            }
        })
        .await
        .expect("moto does not listen");
        let log = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            authority,
            _process: process,
            log,
        }
    }

    /// Reports the keys and tokens that it has handed out, so that they are searched for in what
    /// the run wrote.
    fn report_secrets(&self) -> io::Result<()> {
        let mut stream = std::net::TcpStream::connect(&self.authority)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let host = &self.authority;
        write!(
            stream,
            "GET /moto-api/data.json HTTP/1.0\r\nHost: {host}\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        for secret in secrets_in(&String::from_utf8_lossy(&answer)) {
            kept::report_secret(secret)?;
        }
        Ok(())
    }

    /// Where it answers, for all services.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Calls an action of a service that speaks the Query protocol; answers its XML.
    pub(crate) async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> String {
        let all = [("Action", action), ("Version", version)];
        let body: Vec<String> = all
            .iter()
            .chain(parameters)
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.post(service, kind, &body.join("&")).await
    }

    /// Calls an action of a service that speaks JSON 1.1; answers its JSON.
    pub(crate) async fn json(&self, service: &str, target: &str, body: Value) -> Value {
        let kind =
            format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n");
        let answer = self.post(service, &kind, &body.to_string()).await;
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    }

    /// Leaves things of a kind in the state in which they are, such as `ecs::task`: without that
    /// each look at one of them moves it to the next.
    pub(crate) async fn keep_states_of(&self, model: &str) {
        let transition = json!({ "progression": "manual", "times": u16::MAX });
        let body = json!({ "model_name": model, "transition": transition });
        let kind = "Content-Type: application/json\r\n";
        let path = "/moto-api/state-manager/set-transition";
        self.send(path, kind, &body.to_string()).await;
    }

    /// It looks into the signature for the service's name and verifies nothing.
    async fn post(&self, service: &str, kind: &str, body: &str) -> String {
        let signed = format!(
            "{kind}Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\n",
        );
        self.send("/", &signed, body).await
    }

    async fn send(&self, path: &str, headers: &str, body: &str) -> String {
        let head = format!(
            "POST {path} HTTP/1.0\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n",
            self.authority,
            body.len(),
        );
        let answer = timeout(PATIENCE, async {
            let mut stream = TcpStream::connect(&self.authority).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        })
        .await
        .expect("moto does not answer");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1);
        assert!(
            matches!(status, Some("200" | "201")),
            "moto refuses:\n{answer}"
        );
        body.to_owned()
    }
}

/// The values of what is secret in moto's account of its own state.
fn secrets_in(state: &str) -> impl Iterator<Item = &str> {
    let names = ["secret_access_key", "session_token", "access_token"];
    let behind = |name: &'static str| state.split(name).skip(1);
    names.into_iter().flat_map(behind).filter_map(|rest| {
        let value = rest.strip_prefix("\":")?.trim_start().strip_prefix('"')?;
        value.split('"').next()
    })
}

/// A value as a form carries it.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value
        .bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}
