//! The keyring of this machine: a real Secret Service, in a session of its own.
//!
//! The tests need gnome-keyring and a message bus, which `npm test` installs, and are therefore
//! not among those of a plain `cargo test`: `npm test -- --only keyring` runs them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't even be set up fails"
)]

mod in_a_terminal;
mod proxy;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use culvert_tests::kept::{self, Home, Overheard};
use culvert_tests::{Bus, Destination, TARGET, echo};
use ssm_sim::{Settings, Simulator};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use proxy::Proxy;

const PATIENCE: Duration = Duration::from_secs(120);

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it hangs")
}

/// A user's session with a message bus, and with a keyring or without. It ends with its test.
struct Session {
    home: Home,
    bus: Bus,
    keyring: Option<Child>,
}

/// In which state the keyring is.
enum State {
    /// There is none on the bus.
    Absent,
    /// There is one, and its user has logged in.
    Unlocked,
}

impl Session {
    async fn start(state: State) -> Self {
        kept::log();
        let home = Home::new().unwrap();
        let bus = soon(Bus::start(home.path()))
            .await
            .expect("dbus-daemon is there");
        let mut session = Self {
            home,
            bus,
            keyring: None,
        };
        match state {
            State::Absent => {}
            State::Unlocked => session.log_in("planted-login").await,
        }
        session
    }

    /// Starts the keyring with the password that a login would hand over.
    async fn log_in(&mut self, password: &str) {
        let mut keyring = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("gnome-keyring-daemon is there");
        let mut stdin = keyring.stdin.take().unwrap();
        stdin.write_all(password.as_bytes()).await.unwrap();
        drop(stdin);
        self.keyring = Some(keyring);
        // It is there when it has its name on the bus.
        soon(async {
            let listed = |output: &Output| {
                String::from_utf8_lossy(&output.stdout).contains("org.freedesktop.secrets")
            };
            loop {
                let asked = self
                    .command("dbus-send")
                    .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus"])
                    .args(["/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames"])
                    .output();
                if listed(&asked.await.unwrap()) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    async fn log_out(&mut self) {
        let mut keyring = self.keyring.take().unwrap();
        keyring.kill().await.unwrap();
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus.address())
            .envs(self.home.log_variables())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// `culvert` with these arguments, and `input` on its standard input.
    async fn culvert(&self, arguments: &[&str], input: &str) -> Output {
        // Without a terminal, also where the tests have one: nobody is there to be asked.
        let mut command = self.command("setsid");
        command.arg("--wait").arg(culvert());
        command.args(arguments).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that wants none may have ended.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = heard_out(child).await;
        let all = format!("{output:?}");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(!shown.contains("planted-"), "{all}");
        output
    }

    /// Files of the home directory in which a text stands as it is.
    fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let bytes = std::fs::read(entry.path()).unwrap_or_default();
                    let text = text.as_bytes();
                    if bytes.windows(text.len()).any(|window| window == text) {
                        found.push(entry.path());
                    }
                }
            }
        }
        found
    }
}

fn lines(child: &mut Child) -> Lines<BufReader<Overheard<ChildStdout>>> {
    let said = Overheard::new(child.stdout.take().unwrap(), "out").unwrap();
    BufReader::new(said).lines()
}

/// Waits until a program has ended, and listens to what it says that nobody has heard.
async fn heard_out(mut child: Child) -> Output {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) =
        soon(async { tokio::join!(said(out, "out"), said(err, "err"), child.wait()) }).await;
    Output {
        status: status.unwrap(),
        stdout,
        stderr,
    }
}

async fn said(stream: Option<impl AsyncRead + Unpin>, name: &str) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(stream) = stream {
        let mut stream = Overheard::new(stream, name).unwrap();
        stream.read_to_end(&mut said).await.unwrap();
    }
    said
}

/// Kills a program, and listens to what it has said.
async fn killed(mut child: Child) -> Output {
    child.start_kill().unwrap();
    heard_out(child).await
}

/// The program as `cargo build` leaves it, beside the tests.
fn culvert() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let program = folder.join("culvert");
    assert!(
        program.exists(),
        "build it first: cargo build -p culvert-cli"
    );
    program
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const KEYS: &str = "AKIAIOSFODNN7EXAMPLE\nplanted-secret-access-key\n";

/// A tunnel that calls AWS at `service`.
fn forward<'a>(service: &'a str, further: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["forward", "--target", "i-0123456789abcdef0"];
    arguments.extend(["--remote-port", "1", "--region", "eu-central-1"]);
    arguments.extend(["--endpoint-url", service]);
    arguments.extend(further);
    arguments
}

/// Takes one request, answers nothing to it, and returns its head.
async fn head_of_request(service: &TcpListener) -> String {
    let (mut tcp, _) = service.accept().await.unwrap();
    let mut head = String::new();
    let mut lines = BufReader::new(&mut tcp).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    head
}

#[tokio::test]
#[ignore = "needs gnome-keyring: npm test -- --only keyring"]
async fn keys_are_kept_in_the_keyring_alone_used_by_name_and_forgotten() {
    let mut session = Session::start(State::Unlocked).await;
    let added = session.culvert(&["keys", "add", "mine"], KEYS).await;
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    assert_eq!(out(&session.culvert(&["keys", "list"], "").await), "mine\n");

    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", service.local_addr().unwrap());
    let arguments = forward(&endpoint, &["--keys", "mine"]);
    let culvert = session.command(culvert()).args(&arguments).spawn().unwrap();
    let head = soon(head_of_request(&service)).await;
    killed(culvert).await;
    assert!(head.contains("Credential=AKIAIOSFODNN7EXAMPLE/"), "{head}");
    assert_eq!(session.files_with("planted-secret"), Vec::<PathBuf>::new());

    // Another login, another process: they are still there.
    session.log_out().await;
    session.log_in("planted-login").await;
    assert_eq!(out(&session.culvert(&["keys", "list"], "").await), "mine\n");
    let removed = session.culvert(&["keys", "remove", "mine"], "").await;
    assert_eq!(removed.status.code(), Some(0), "{removed:?}");
    let none = session.culvert(&["keys", "list"], "").await;
    assert_eq!(out(&none), "");
    assert!(err(&none).contains("holds no keys"), "{none:?}");
    let again = session.culvert(&["keys", "remove", "mine"], "").await;
    assert!(err(&again).contains("culvert keys list"), "{again:?}");
    let bad = session.culvert(&["keys", "add", "bad name"], KEYS).await;
    assert!(err(&bad).contains("Keys have a name"), "{bad:?}");
    for arguments in [
        vec!["keys", "remove", "mine"],
        forward("http://127.0.0.1:9", &["--keys", "mine"]),
    ] {
        let gone = session.culvert(&arguments, "").await;
        assert_eq!(gone.status.code(), Some(12), "{gone:?}");
        assert!(err(&gone).contains("holds nothing for mine"), "{gone:?}");
    }
}

#[tokio::test]
#[ignore = "needs gnome-keyring: npm test -- --only keyring"]
async fn a_saved_tunnel_names_its_keys_and_the_file_holds_no_more_than_the_name() {
    let session = Session::start(State::Unlocked).await;
    session.culvert(&["keys", "add", "mine"], KEYS).await;
    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ssm=http://{}", service.local_addr().unwrap());
    let target = ["--target", "i-0123456789abcdef0", "--name", "Orders"];
    let mut arguments = vec!["import", "--keys", "mine"];
    arguments.extend(target);
    arguments.extend([
        "--local-port",
        "0",
        "--region",
        "eu-central-1",
        "ssh -L 5432:db.internal:5432 x",
    ]);
    let saved = session.culvert(&arguments, "").await;
    assert_eq!(saved.status.code(), Some(0), "{saved:?}");
    assert!(out(&saved).contains("mine"), "{saved:?}");
    let listed = session.culvert(&["list", "--json"], "").await;
    let tunnel: serde_json::Value = serde_json::from_str(&out(&listed)).unwrap();
    assert_eq!(tunnel["keys"], "mine");
    assert_eq!(tunnel.get("profile"), None);

    let mut command = session.command(culvert());
    command.args(["forward", "Orders", "--endpoint", &endpoint]);
    let culvert = command.spawn().unwrap();
    let head = soon(head_of_request(&service)).await;
    killed(culvert).await;
    assert!(head.contains("Credential=AKIAIOSFODNN7EXAMPLE/"), "{head}");
    assert_eq!(session.files_with("planted-secret"), Vec::<PathBuf>::new());

    // Without them the tunnel says which are missing, and so does the doctor.
    session.culvert(&["keys", "remove", "mine"], "").await;
    let gone = session.culvert(&["forward", "Orders"], "").await;
    assert_eq!(gone.status.code(), Some(12), "{gone:?}");
    assert!(err(&gone).contains("holds nothing for mine"), "{gone:?}");
    let told = session
        .culvert(&["doctor", "Orders", "--json", "--endpoint", &endpoint], "")
        .await;
    let credentials = out(&told)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|line| line["check"] == "credentials")
        .expect("the check of credentials");
    assert_eq!(credentials["verdict"], "failed", "{credentials}");
    assert_eq!(credentials["code"], "not-in-keyring", "{credentials}");
}

#[tokio::test]
#[ignore = "needs gnome-keyring: npm test -- --only keyring"]
async fn a_machine_without_a_keyring_says_so_and_keeps_nothing() {
    let session = Session::start(State::Absent).await;
    for arguments in [
        vec!["keys", "add", "mine"],
        vec!["keys", "list"],
        forward("http://127.0.0.1:9", &["--keys", "mine"]),
    ] {
        let refused = session.culvert(&arguments, KEYS).await;
        assert_eq!(refused.status.code(), Some(12), "{refused:?}");
        let said = err(&refused);
        assert!(said.contains("This machine has no keyring"), "{said}");
        // Nobody is sent to a plain file.
        assert!(said.contains("in memory"), "{said}");
        assert!(!said.contains("aws configure"), "{said}");
    }
    assert_eq!(session.files_with("planted-secret"), Vec::<PathBuf>::new());

    // Nor does it matter why there is none.
    let mut command = session.command(culvert());
    command.env_remove("DBUS_SESSION_BUS_ADDRESS");
    let output = heard_out(command.args(["keys", "list"]).spawn().unwrap()).await;
    assert!(err(&output).contains("has no keyring"), "{output:?}");
}

#[tokio::test]
#[ignore = "needs gnome-keyring: npm test -- --only keyring"]
async fn a_keyring_that_is_locked_is_told_from_one_that_is_absent_and_nobody_waits_for_it() {
    let mut session = Session::start(State::Unlocked).await;
    session.culvert(&["keys", "add", "mine"], KEYS).await;
    session.log_out().await;
    // A login with another password starts it all the same, and does not unlock it.
    session.log_in("planted-wrong").await;
    let arguments = forward("http://127.0.0.1:9", &["--keys", "mine"]);
    let locked = session.culvert(&arguments, "").await;
    assert_eq!(locked.status.code(), Some(12), "{locked:?}");
    assert!(
        err(&locked).contains("The keyring is locked."),
        "{locked:?}"
    );
    // A list without them would say that they are gone.
    let listed = session.culvert(&["keys", "list"], "").await;
    assert!(
        err(&listed).contains("The keyring is locked."),
        "{listed:?}"
    );
}

#[tokio::test]
#[ignore = "needs gnome-keyring: npm test -- --only keyring"]
async fn the_password_of_a_proxy_comes_from_the_keyring_for_api_calls() {
    let session = Session::start(State::Unlocked).await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://DOM%5Cann@{}", proxy.local_addr().unwrap());
    let kept = session
        .culvert(&["keys", "add", "--proxy", &address], "planted-p@ss:word\n")
        .await;
    assert_eq!(kept.status.code(), Some(0), "{kept:?}");
    session.culvert(&["keys", "add", "mine"], KEYS).await;

    let arguments = forward("https://ssm.example", &["--keys", "mine"]);
    let mut command = session.command(culvert());
    command.env("HTTPS_PROXY", &address).args(&arguments);
    let culvert = command.spawn().unwrap();
    let head = soon(head_of_request(&proxy)).await;
    killed(culvert).await;
    assert!(head.starts_with("CONNECT ssm.example:443 "), "{head}");
    let expected = STANDARD.encode("DOM\\ann:planted-p@ss:word");
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let name = name.eq_ignore_ascii_case("proxy-authorization");
        name.then(|| value.to_owned())
    });
    assert_eq!(line, Some(format!("Basic {expected}")));

    let with_password = address.replacen('@', ":planted-x@", 1);
    let refused = session
        .culvert(&["keys", "add", "--proxy", &with_password], "")
        .await;
    assert_eq!(refused.status.code(), Some(10), "{refused:?}");
    assert!(err(&refused).contains("history"), "{refused:?}");
}

/// Hosts that no resolver knows: only a proxy leads there.
const SSM: &str = "ssm.culvert.example";
const SSM_MESSAGES: &str = "ssmmessages.culvert.example";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs gnome-keyring: npm test -- --only keyring"]
async fn a_tunnel_and_the_doctor_pass_a_proxy_that_wants_the_password_of_the_keyring() {
    let session = Session::start(State::Unlocked).await;
    let sim = Simulator::start(Settings::default()).await.unwrap();
    let destination = Destination::start().await.unwrap();
    let (id, secret, token) = sim.credentials();
    let keys = [Some(id), Some(secret), token];
    let keys = keys.into_iter().flatten().collect::<Vec<_>>().join("\n");
    session.culvert(&["keys", "add", "mine"], &keys).await;

    let expected = STANDARD.encode("DOM\\ann:planted-p@ss:word");
    let bundle = session.home.path().join("authority.pem");
    let hosts = [SSM, SSM_MESSAGES];
    let authorization = format!("Basic {expected}");
    let proxy = Proxy::start(authorization, &hosts, &bundle, sim.address()).await;
    let address = format!("http://DOM%5Cann@{}", proxy.address);
    let (ssm, messages) = (
        format!("ssm=https://{SSM}"),
        format!("ssmmessages=https://{SSM_MESSAGES}"),
    );
    let port = destination.port().to_string();
    let command = |verb: &str, further: &[&str]| {
        let mut command = session.command(culvert());
        command
            .env("HTTPS_PROXY", &address)
            .env("AWS_CA_BUNDLE", &bundle)
            .args([verb, "--target", TARGET, "--remote-port", &port])
            .args(["--region", "eu-central-1", "--keys", "mine"])
            .args(["--endpoint", &ssm, "--endpoint", &messages])
            .args(further);
        command
    };
    let proxy_of = async || {
        let output = heard_out(command("doctor", &["--json"]).spawn().unwrap()).await;
        let told = out(&output);
        assert!(!told.contains("planted-"), "{told}");
        let mut findings = told.lines().filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            (line["check"] == "proxy").then_some(line)
        });
        findings.next().expect("the check of the proxy")
    };

    // Without the password, both are turned away.
    let refused = proxy_of().await;
    assert_eq!(refused["verdict"], "failed", "{refused}");
    assert_eq!(refused["code"], "proxy-authentication", "{refused}");
    let told = refused.to_string();
    assert!(
        told.contains("nor the keyring holds its password"),
        "{told}"
    );
    assert!(told.contains("culvert keys add --proxy"), "{told}");
    assert!(proxy.asked().iter().all(|asked| !asked.let_through));
    let before = proxy.asked().len();

    let kept = session
        .culvert(&["keys", "add", "--proxy", &address], "planted-p@ss:word\n")
        .await;
    assert_eq!(kept.status.code(), Some(0), "{kept:?}");
    let mut tunnel = command("forward", &[]).spawn().unwrap();
    let mut lines = lines(&mut tunnel);
    let line = soon(lines.next_line()).await.unwrap().expect("a line");
    let listens = line.strip_prefix("listening ").expect("an address");
    let mut stream = TcpStream::connect(listens).await.unwrap();
    assert_eq!(soon(echo(&mut stream, b"hello")).await.unwrap(), b"hello");
    drop(stream);
    killed(tunnel).await;
    let asked = proxy.asked().split_off(before);
    assert!(asked.iter().all(|asked| asked.let_through), "{asked:?}");
    for host in hosts {
        let to = |asked: &proxy::Asked| asked.authority == format!("{host}:443");
        assert!(asked.iter().any(to), "{host}: {asked:?}");
    }

    let passed = proxy_of().await;
    assert_eq!(passed["verdict"], "ok", "{passed}");
    assert_eq!(session.files_with("planted-p@ss"), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs gnome-keyring: npm test -- --only keyring"]
async fn a_tunnel_says_that_the_keyring_with_its_proxys_password_is_locked_and_goes_on_when_it_is_not()
 {
    let mut session = Session::start(State::Unlocked).await;
    let sim = Simulator::start(Settings::default()).await.unwrap();
    let destination = Destination::start().await.unwrap();
    let (id, secret, token) = sim.credentials();
    let expected = STANDARD.encode("DOM\\ann:planted-p@ss:word");
    let bundle = session.home.path().join("authority.pem");
    let hosts = [SSM, SSM_MESSAGES];
    let authorization = format!("Basic {expected}");
    let proxy = Proxy::start(authorization, &hosts, &bundle, sim.address()).await;
    let address = format!("http://DOM%5Cann@{}", proxy.address);
    let kept = session
        .culvert(&["keys", "add", "--proxy", &address], "planted-p@ss:word\n")
        .await;
    assert_eq!(kept.status.code(), Some(0), "{kept:?}");
    session.log_out().await;
    session.log_in("planted-wrong").await;

    let (ssm, messages) = (
        format!("ssm=https://{SSM}"),
        format!("ssmmessages=https://{SSM_MESSAGES}"),
    );
    let port = destination.port().to_string();
    let mut command = session.command(culvert());
    command
        .env("HTTPS_PROXY", &address)
        .env("AWS_CA_BUNDLE", &bundle)
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .args(["forward", "--json", "--target", TARGET])
        .args(["--remote-port", &port, "--region", "eu-central-1"])
        .args(["--endpoint", &ssm, "--endpoint", &messages]);
    if let Some(token) = token {
        command.env("AWS_SESSION_TOKEN", token);
    }
    let mut tunnel = command.spawn().unwrap();
    let mut lines = lines(&mut tunnel);
    let told = loop {
        let line = soon(lines.next_line()).await.unwrap().expect("a line");
        if line.contains("\"remedy\"") {
            break line;
        }
    };
    assert!(told.contains("is locked"), "{told}");
    assert!(told.contains("Unlock the keyring"), "{told}");
    assert!(!told.contains("ann@"), "{told}");

    session.log_out().await;
    session.log_in("planted-login").await;
    let listens = loop {
        let line = soon(lines.next_line()).await.unwrap().expect("a line");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["event"] == "listening" {
            break line["address"].as_str().unwrap().to_owned();
        }
    };
    let mut stream = TcpStream::connect(listens).await.unwrap();
    assert_eq!(soon(echo(&mut stream, b"hello")).await.unwrap(), b"hello");
    killed(tunnel).await;
    assert_eq!(session.files_with("planted-p@ss"), Vec::<PathBuf>::new());
}
