//! A display and a bus, and Culvert on them.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use culvert_tests::kept::{Home, Overheard};
use culvert_tests::{Bus, Destination};
use ssm_sim::{ApiFault, Operation, Settings, Simulator};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::soon;

/// A user's session, and a service with a destination behind it.
pub(crate) struct Desktop {
    pub(crate) home: Home,
    pub(crate) bus: Bus,
    pub(crate) display: String,
    pub(crate) sim: Simulator,
    destination: Destination,
    _server: Child,
}

impl Desktop {
    pub(crate) async fn start() -> Self {
        let home = Home::new().unwrap();
        std::fs::create_dir_all(home.path().join("config")).unwrap();
        let bus = soon(Bus::start(home.path())).await;
        let (display, server) = soon(start_display()).await;
        Self {
            bus: bus.expect("dbus-daemon is there"),
            display,
            sim: Simulator::start(Settings::default()).await.unwrap(),
            destination: Destination::start().await.unwrap(),
            home,
            _server: server,
        }
    }

    /// Saves tunnels of these names to the destination.
    pub(crate) fn save(&self, names: &[&str]) {
        let mut text = "version = 2\n".to_owned();
        for name in names {
            text.push_str(&format!(
                "[[tunnel]]\nname = \"{name}\"\ntarget = \"i-0123456789abcdef0\"\n\
                 remote_port = {}\nregion = \"eu-central-1\"\nendpoint_url = \"{}\"\n",
                self.destination.port(),
                self.sim.endpoint_url()
            ));
        }
        std::fs::write(self.home.path().join("config/tunnels.toml"), text).unwrap();
    }

    /// Saves a tunnel to production that closes by itself after a minute, and has its reason ready.
    pub(crate) fn save_production(&self, name: &str) {
        self.save(&[name]);
        let path = self.home.path().join("config/tunnels.toml");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("reason = \"as the test wants\"\nproduction = { closes_after = \"1min\" }\n");
        std::fs::write(path, text).unwrap();
    }

    /// Saves the language that is spoken.
    pub(crate) fn speak(&self, language: &str) {
        self.set(&format!("[general]\nlanguage = \"{language}\""));
    }

    /// Saves settings of the program, in the place of all that were saved before.
    pub(crate) fn set(&self, settings: &str) {
        let text = format!("version = 1\n{settings}\n");
        std::fs::write(self.home.path().join("config/settings.toml"), text).unwrap();
    }

    /// Has the service refuse to start sessions, in these words.
    pub(crate) fn deny_sessions(&self, message: &str) {
        let denied = ApiFault::Error {
            code: "AccessDeniedException".to_owned(),
            message: message.to_owned(),
            status: 400,
        };
        let faults = self.sim.faults();
        faults.fail_api(Operation::StartSession, denied, None);
    }

    /// Starts Culvert.
    pub(crate) fn culvert(&self, arguments: &[&str]) -> Culvert {
        self.start_culvert(arguments, self.bus.address())
    }

    /// Starts Culvert where there is no message bus.
    pub(crate) fn culvert_without_bus(&self) -> Culvert {
        let nowhere = self.home.path().join("no-bus");
        self.start_culvert(&[], &format!("unix:path={}", nowhere.display()))
    }

    fn start_culvert(&self, arguments: &[&str], bus: &str) -> Culvert {
        let (id, secret, token) = self.sim.credentials();
        let log = self.home.path().join("culvert.log");
        let mut child = Command::new(program())
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("CULVERT_CONFIG_DIR", self.home.path().join("config"))
            .env("CULVERT_STATE_DIR", self.home.path().join("state"))
            .env("CULVERT_LOG_FILE", &log)
            .envs(self.home.log_variables())
            .env("DBUS_SESSION_BUS_ADDRESS", bus)
            .env("DISPLAY", &self.display)
            .env("GDK_BACKEND", "x11")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("NO_AT_BRIDGE", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .envs(token.map(|token| ("AWS_SESSION_TOKEN", token)))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = Overheard::new(child.stderr.take().unwrap(), "err").unwrap();
        // Read, so that it is never held up by what it says.
        tokio::spawn(async move {
            let mut all = String::new();
            said.read_to_string(&mut all).await
        });
        Culvert { child, log }
    }
}

/// The program while it runs. It ends with its test.
pub(crate) struct Culvert {
    child: Child,
    log: PathBuf,
}

impl Culvert {
    pub(crate) fn process(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        soon(self.child.wait()).await.unwrap()
    }

    /// Waits until it has logged this.
    pub(crate) async fn logged(&self, text: &str) {
        soon(async {
            while !self.log().contains(text) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

async fn start_display() -> (String, Child) {
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1280x900x24"])
        .args(["-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("Xvfb is there");
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let number = lines.next_line().await.unwrap().expect("a display");
    (format!(":{number}"), server)
}

/// The program as `cargo build` leaves it, beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let program = folder.join("culvert-desktop");
    assert!(
        program.exists(),
        "build it first: cargo build --workspace --bins"
    );
    program
}
