//! What stands between the program and the mock: it passes everything on, and remembers who
//! asked for what, and what was handed out.

use std::sync::{Arc, Mutex, PoisonError};

use ssm_sim::Credentials;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Largest request or answer: those of STS have two or three KiB.
const MESSAGE_MOST: usize = 256 * 1024;

/// How long a token of the metadata service is good, in seconds: the longest there is (EC2 User
/// Guide, "Use the Instance Metadata Service").
const TOKEN_SECONDS: u32 = 21_600;

/// A call of STS, or a question to the metadata service of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Method and path: `PUT /latest/api/token`.
    pub(crate) line: String,
    /// With whose key; `None` for calls that nobody signs.
    pub(crate) access_key: Option<String>,
    /// The role that was asked for.
    pub(crate) role: String,
    /// What its session is to be called.
    pub(crate) session: String,
}

#[derive(Debug, Default)]
struct Record {
    asked: Vec<Asked>,
    handed_out: Vec<String>,
}

/// What becomes of an answer on its way.
type Amend = fn(&Asked, Vec<u8>) -> Vec<u8>;

/// A relay to the mock. It ends with its test.
pub(crate) struct Relay {
    authority: String,
    record: Arc<Mutex<Record>>,
    task: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    /// To this URL. `handed_out` is told of all credentials before the program gets them.
    pub(crate) async fn to(
        url: &str,
        handed_out: impl Fn(Credentials) + Send + Sync + 'static,
    ) -> Self {
        Self::amending(url, handed_out, |_, answer| answer).await
    }

    /// To the metadata service at this URL. The mock's answer with a token lacks the header that
    /// says how long it is good, without which no SDK takes it: it is added here.
    pub(crate) async fn to_metadata(url: &str) -> Self {
        Self::amending(url, |_| {}, with_lifetime).await
    }

    /// The same, with a change to what is answered.
    pub(crate) async fn amending(
        url: &str,
        handed_out: impl Fn(Credentials) + Send + Sync + 'static,
        amend: Amend,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let to = url.strip_prefix("http://").unwrap().to_owned();
        let record = Arc::new(Mutex::new(Record::default()));
        let (kept, handed_out) = (Arc::clone(&record), Arc::new(handed_out));
        let task = tokio::spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (to, record) = (to.clone(), Arc::clone(&kept));
                let handed_out = Arc::clone(&handed_out);
                passing.spawn(async move { pass(client, &to, &record, &*handed_out, amend).await });
            }
        });
        Self {
            authority,
            record,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Who asked for which role, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        lock(&self.record).asked.clone()
    }

    /// The ids of the keys that were handed out, in order.
    pub(crate) fn handed_out(&self) -> Vec<String> {
        lock(&self.record).handed_out.clone()
    }
}

fn lock(record: &Mutex<Record>) -> std::sync::MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes on one request and its answer.
async fn pass(
    mut client: TcpStream,
    to: &str,
    record: &Mutex<Record>,
    handed_out: &(dyn Fn(Credentials) + Send + Sync),
    amend: Amend,
) {
    let request = message(&mut client).await;
    let text = String::from_utf8_lossy(&request).into_owned();
    let mut words = text.split_whitespace();
    let line = [words.next(), words.next()].map(Option::unwrap_or_default);
    let asked = Asked {
        line: line.join(" "),
        access_key: text
            .split_once("Credential=")
            .and_then(|(_, rest)| rest.split('/').next())
            .map(str::to_owned),
        role: parameter(&text, "RoleArn="),
        session: parameter(&text, "RoleSessionName="),
    };
    let Ok(mut server) = TcpStream::connect(to).await else {
        return;
    };
    if server.write_all(&request).await.is_err() {
        return;
    }
    let answer = amend(&asked, message(&mut server).await);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let given = (
        element(&text, "AccessKeyId"),
        element(&text, "SecretAccessKey"),
        element(&text, "SessionToken"),
    );
    lock(record).asked.push(asked);
    if let (Some(access_key), Some(secret_key), session_token) = given {
        lock(record).handed_out.push(access_key.clone());
        handed_out(Credentials {
            access_key,
            secret_key,
            session_token,
        });
    }
    let _ = client.write_all(&answer).await;
    let _ = client.shutdown().await;
}

/// A parameter of a call by its name.
fn parameter(text: &str, name: &str) -> String {
    let mut pairs = text.split(['&', '\n']);
    let value = pairs.find_map(|pair| pair.strip_prefix(name));
    let value = value.unwrap_or_default();
    value.replace("%3A", ":").replace("%2F", "/")
}

/// Adds how long a token is good.
fn with_lifetime(asked: &Asked, mut answer: Vec<u8>) -> Vec<u8> {
    let end_of_status = answer.windows(2).position(|two| two == b"\r\n");
    if let (Some(at), "PUT /latest/api/token") = (end_of_status, asked.line.as_str()) {
        let header = format!("\r\nX-aws-ec2-metadata-token-ttl-seconds: {TOKEN_SECONDS}");
        answer.splice(at..at, header.into_bytes());
    }
    answer
}

/// The text of the first XML element with this name.
pub(crate) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.to_owned())
}

/// Reads a request or an answer whose length is said.
async fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    while !is_whole(&bytes) && bytes.len() < MESSAGE_MOST {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
    bytes
}

fn is_whole(bytes: &[u8]) -> bool {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse::<usize>().ok());
    bytes.len() >= end + 4 + length.unwrap_or_default()
}
