//! The program as a child process, and a world for it: a service, a destination, an empty home.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use culvert_tests::Destination;
use culvert_tests::kept::{Home, Overheard};
use ssm_sim::{AgentSettings, Settings, Simulator};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    Lines,
};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The managed node of every test.
pub(crate) const TARGET: &str = "i-0123456789abcdef0";

pub(crate) const REGION: &str = "eu-central-1";

/// Whatever should have happened has not: only a hanging program is ever waited for as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Gives up on what never happens, so that a hanging test says where it hangs.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("it has not happened in {} s", PATIENCE.as_secs()))
}

/// A service whose agent does not dawdle.
pub(crate) fn fast() -> Settings {
    let mut settings = Settings {
        unlisted_targets: Some(AgentSettings {
            pace: Duration::ZERO,
            resend_period: Duration::from_millis(1),
            ..AgentSettings::default()
        }),
        ..Settings::default()
    };
    settings.gateway.rate_limit = None;
    settings
}

/// A service, a destination behind it, and an empty home.
pub(crate) struct World {
    pub(crate) sim: Simulator,
    pub(crate) destination: Destination,
    home: Home,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(fast()).await
    }

    pub(crate) async fn start_with(settings: Settings) -> Self {
        Self {
            sim: Simulator::start(settings).await.unwrap(),
            destination: Destination::start().await.unwrap(),
            home: Home::new().unwrap(),
        }
    }

    /// A path in the empty home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The program with nothing of the tester's environment but PATH, and the service's
    /// credentials.
    pub(crate) fn program(&self) -> Command {
        self.environment(Path::new(env!("CARGO_BIN_EXE_culvert")))
    }

    /// The program under the name by which the AWS CLI calls it.
    pub(crate) fn plugin_program(&self) -> Command {
        let link = self.path("session-manager-plugin");
        if !link.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_culvert"), &link).unwrap();
        }
        self.environment(&link)
    }

    fn environment(&self, program: &Path) -> Command {
        let (access_key, secret_key, session_token) = self.sim.credentials();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .envs(self.home.log_variables())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", access_key)
            .env("AWS_SECRET_ACCESS_KEY", secret_key);
        if let Some(token) = session_token {
            command.env("AWS_SESSION_TOKEN", token);
        }
        command
    }

    /// Writes a profile `p` whose keys this script gives, under that name in the empty home.
    pub(crate) fn keys_by_script(&self, name: &str, script: &str) {
        let program = self.path(name);
        std::fs::write(&program, script).unwrap();
        std::fs::create_dir_all(self.path(".aws")).unwrap();
        let text = format!(
            "[profile p]\ncredential_process = sh {}\n",
            program.display()
        );
        std::fs::write(self.path(".aws/config"), text).unwrap();
    }

    /// `culvert forward` to the destination, with further arguments.
    pub(crate) fn forward(&self, further: &[&str]) -> Command {
        let mut command = self.program();
        command
            .args(["forward", "--target", TARGET, "--region", REGION])
            .args(["--remote-port", &self.destination.port().to_string()])
            .args(["--endpoint-url", &self.sim.endpoint_url()])
            .args(further);
        command
    }

    /// Sessions that are not ended at the service.
    pub(crate) fn living_sessions(&self) -> usize {
        let sessions = self.sim.sessions();
        sessions
            .iter()
            .filter(|session| session.terminated_by.is_none())
            .count()
    }

    /// Waits until no session lives at the service.
    pub(crate) async fn all_ended(&self) {
        soon(self.sim.wait_for(|sessions, _| {
            sessions
                .iter()
                .all(|session| session.terminated_by.is_some())
        }))
        .await;
    }
}

/// A port of loopback where nobody listens, and that nobody else gets.
pub(crate) struct Nobody(TcpSocket);

impl Nobody {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// A running program. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    out: Lines<BufReader<Overheard<ChildStdout>>>,
    err: JoinHandle<String>,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` if a signal killed it.
    pub(crate) code: Option<i32>,
    /// The lines of standard output that were not read before.
    pub(crate) out: Vec<String>,
    /// Standard error.
    pub(crate) err: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = Overheard::new(child.stdout.take().unwrap(), "out").unwrap();
        let out = BufReader::new(stdout).lines();
        let mut stderr = Overheard::new(child.stderr.take().unwrap(), "err").unwrap();
        let err = tokio::spawn(async move {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).await.unwrap();
            String::from_utf8(text).unwrap()
        });
        Self {
            child,
            stdin,
            out,
            err,
        }
    }

    /// The next line of standard output; `None` at its end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        soon(self.out.next_line()).await.unwrap()
    }

    /// The first line of standard output that is as wanted.
    pub(crate) async fn line_with(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            match self.line().await {
                Some(line) if wanted(&line) => return line,
                Some(_) => {}
                None => panic!("standard output has ended without it"),
            }
        }
    }

    /// Waits until it listens; returns where.
    pub(crate) async fn listening(&mut self) -> String {
        let Some(line) = self.line().await else {
            let err = soon(&mut self.err).await.unwrap();
            panic!("it ended without listening: {err}");
        };
        match line.strip_prefix("listening ") {
            Some(address) => address.to_owned(),
            None => panic!("instead of listening: {line}"),
        }
    }

    pub(crate) fn stdin(&mut self) -> &mut ChildStdin {
        self.stdin.as_mut().unwrap()
    }

    /// Ends its standard input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Reads standard output as bytes.
    pub(crate) async fn read_exact(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        soon(self.out.get_mut().read_exact(&mut bytes))
            .await
            .unwrap();
        bytes
    }

    /// Sends a signal by its name, such as `INT`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &id])
            .status();
        assert!(soon(sent).await.unwrap().success());
    }

    /// Waits until it has ended. Its standard input stays as it is.
    pub(crate) async fn ended(mut self) -> Ended {
        let mut out = Vec::new();
        while let Some(line) = self.line().await {
            out.push(line);
        }
        let status = soon(self.child.wait()).await.unwrap();
        let err = soon(self.err).await.unwrap();
        Ended {
            code: status.code(),
            out,
            err,
        }
    }

    /// Sends a signal, and waits until it has ended.
    pub(crate) async fn stopped_by(self, signal: &str) -> Ended {
        self.signal(signal).await;
        self.ended().await
    }
}

/// Runs a program that ends by itself.
pub(crate) async fn run(command: Command) -> Ended {
    let mut running = Running::start(command);
    running.close_stdin();
    running.ended().await
}

/// Asks the destination to echo `chunks`, each of which goes out only when the one before is
/// back, so that each travels alone.
pub(crate) async fn echo_singly(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    chunks: &[&[u8]],
) {
    stream.write_all(&echo_question(chunks)).await.unwrap();
    for chunk in chunks {
        stream.write_all(chunk).await.unwrap();
        let mut back = vec![0; chunk.len()];
        soon(stream.read_exact(&mut back)).await.unwrap();
        assert!(back == *chunk, "other bytes came back");
    }
    assert_eq!(soon(stream.read(&mut [0; 1])).await.unwrap(), 0);
}

/// What asks the destination to echo as many bytes as `chunks` have.
pub(crate) fn echo_question(chunks: &[&[u8]]) -> [u8; 9] {
    let count: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let mut question = [b'E'; 9];
    question[1..].copy_from_slice(&(count as u64).to_be_bytes());
    question
}

/// Closes the WebSocket as the gateway does, and waits until the session is resumed.
pub(crate) async fn cut(world: &World) {
    let before = world.sim.stats().api_calls.get("ResumeSession").copied();
    world.sim.faults().close(1000, "Bye");
    soon(world.sim.wait_for(|sessions, stats| {
        stats.api_calls.get("ResumeSession").copied() > before
            && sessions.iter().any(|session| session.handshake_complete)
    }))
    .await;
}

/// Opens a connection through the tunnel and has bytes of every kind echoed, single line feeds
/// among them.
pub(crate) async fn carries(address: &str) {
    let mut stream = soon(TcpStream::connect(address)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let every: Vec<u8> = (0..=255).collect();
    echo_singly(&mut stream, &[b"hello", b"\n", b"\r", b"\n", &every]).await;
}

/// Asserts that exactly one sentence came on standard error, from Culvert, with these words.
pub(crate) fn one_sentence(err: &str, words: &[impl AsRef<str>]) {
    assert!(err.starts_with("culvert: "), "not Culvert's: {err:?}");
    assert_eq!(err.lines().count(), 1, "not one line: {err:?}");
    for word in words {
        let word = word.as_ref();
        assert!(err.contains(word), "{word:?} is not said: {err:?}");
    }
}

/// The command with one more argument pair.
pub(crate) fn with(mut command: Command, name: &str, value: impl AsRef<OsStr>) -> Command {
    command.arg(name).arg(value);
    command
}
