//! A process is stopped for a while, as a laptop's lid or a debugger does it: ours, and the
//! service's.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use culvert_tests::{digest, exchange};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use crate::support::{REGION, Running, TARGET, World, carries, fast, soon};

const COUNT: u64 = 2 * 1024 * 1024;

/// How long a process stands still. Nothing is waited for: its standing still is what is tested.
const STANDSTILL: Duration = Duration::from_secs(3);

/// A transfer both ways that has begun and can't be over yet.
async fn transfer(address: &str) -> tokio::task::JoinHandle<()> {
    let mut stream = soon(TcpStream::connect(address)).await.unwrap();
    tokio::spawn(async move {
        let both = exchange(&mut stream, COUNT).await.unwrap();
        assert_eq!(both, (digest(COUNT), digest(COUNT)));
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_stands_still_in_mid_transfer_goes_on_and_loses_nothing() {
    let world = World::start_with(ssm_sim::Settings::default()).await;
    let mut culvert = Running::start(world.forward(&[]));
    let address = culvert.listening().await;
    let passed = world.sim.faults().cut_after(
        ssm_sim::Direction::ToClient,
        COUNT / 4,
        ssm_sim::Action::Thaw,
    );
    let transfer = transfer(&address).await;
    assert!(soon(passed.happened()).await);
    culvert.signal("STOP").await;
    sleep(STANDSTILL).await;
    assert!(!transfer.is_finished());
    culvert.signal("CONT").await;
    soon(transfer).await.unwrap();
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_while_the_program_stands_still_is_resumed_when_it_goes_on() {
    let world = World::start_with(fast()).await;
    let mut culvert = Running::start(world.forward(&["--sessions", "1"]));
    let address = culvert.listening().await;
    let half = world.sim.faults().cut_after(
        ssm_sim::Direction::ToClient,
        COUNT / 4,
        ssm_sim::Action::Thaw,
    );
    let transfer = transfer(&address).await;
    assert!(soon(half.happened()).await);
    culvert.signal("STOP").await;
    world.sim.faults().close(1000, "Bye");
    soon(
        world
            .sim
            .wait_for(|sessions, _| !sessions[0].client_connected),
    )
    .await;
    culvert.signal("CONT").await;
    soon(transfer).await.unwrap();
    let sessions = world.sim.sessions();
    assert_eq!((sessions.len(), sessions[0].resumes), (1, 1));
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}

/// The program `ssm-sim`, in a process of its own; killed when it is dropped.
struct Service {
    child: Child,
    url: String,
    keys: Vec<(String, String)>,
}

impl Service {
    fn start() -> Option<Self> {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_culvert"))
            .with_file_name(format!("ssm-sim{}", std::env::consts::EXE_SUFFIX));
        let mut child = std::process::Command::new(program)
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let lines = BufReader::new(child.stdout.take()?).lines();
        let said: Vec<String> = lines.take(4).collect::<Result<_, _>>().ok()?;
        let url = said.first()?.strip_prefix("listening ")?.to_owned();
        let keys = said
            .iter()
            .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(Self { child, url, keys })
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(soon(sent).await.unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stands_still_in_mid_transfer_goes_on_and_nothing_is_lost() {
    let world = World::start().await;
    let service = Service::start().expect("ssm-sim is built by `cargo build --bins`");
    let mut command = world.program();
    command
        .args(["forward", "--target", TARGET, "--region", REGION])
        .args(["--remote-port", &world.destination.port().to_string()])
        .args(["--endpoint-url", &service.url])
        .envs(service.keys.iter().cloned());
    let mut culvert = Running::start(command);
    let address = culvert.listening().await;
    carries(&address).await;
    let transfer = transfer(&address).await;
    service.signal("STOP").await;
    sleep(STANDSTILL).await;
    assert!(!transfer.is_finished());
    service.signal("CONT").await;
    soon(transfer).await.unwrap();
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
}
