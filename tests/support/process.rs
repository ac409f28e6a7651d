//! A program that forwards a port, and what the system says of it.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use ssm_sim::Simulator;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::{Destination, REGION, TARGET};

/// How long the program may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the system says of a process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Resident memory.
    pub resident_kib: u64,
    /// The most resident memory so far.
    pub peak_kib: u64,
    /// Open file descriptors.
    pub files: u64,
    /// Time that its threads have had of the processor.
    pub cpu: Duration,
}

/// A program that runs; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    id: u32,
    out: Lines<BufReader<ChildStdout>>,
    /// What it keeps goes here, and with it.
    _state: TempDir,
}

impl Process {
    /// Starts it, without anything of this environment but a folder for what it keeps, and
    /// waits for the line in which `listens` finds where it listens.
    pub(crate) async fn start(
        mut command: Command,
        listens: impl Fn(&str) -> Option<SocketAddr>,
    ) -> Result<(Self, SocketAddr), Box<dyn Error>> {
        let program = command.as_std().get_program().to_owned();
        let state = tempfile::tempdir()?;
        let mut child = command
            .env("CULVERT_STATE_DIR", state.path())
            .env("HOME", state.path())
            // The reference client's socket has the same name again for the same session id, and
            // stays behind when it is killed.
            .env("TMPDIR", state.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // A line for each close is not worth keeping.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let id = child.id().ok_or("the program ended at once")?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut out = BufReader::new(stdout).lines();
        let mut said = Vec::new();
        let address = timeout(PATIENCE, async {
            while let Some(line) = out.next_line().await? {
                if let Some(address) = listens(&line) {
                    return Ok(address);
                }
                said.push(line);
            }
            Err::<_, Box<dyn Error>>(format!("instead of listening: {said:?}").into())
        })
        .await??;
        let process = Self {
            child,
            id,
            out,
            _state: state,
        };
        Ok((process, address))
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Memory, files and time, where the system tells.
    pub(crate) fn figures(&self) -> Option<Figures> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).ok()?;
        let files = fs::read_dir(format!("/proc/{}/fd", self.id)).ok()?.count();
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id)).ok()?;
        Some(Figures {
            resident_kib: kib(&status, "VmRSS:")?,
            peak_kib: kib(&status, "VmHWM:")?,
            files: files as u64,
            cpu: cpu(&stat)?,
        })
    }

    /// Ends it by SIGTERM; the fault if it does not end as it should.
    pub(crate) async fn end(self) -> Result<(), String> {
        let status = self.stop().await?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the program ended with {status}"))
        }
    }

    /// Ends it by SIGTERM, and tells how it ended; the fault if it does not end.
    pub(crate) async fn stop(mut self) -> Result<ExitStatus, String> {
        let kill = Command::new("kill")
            .args(["-TERM", &self.id.to_string()])
            .status()
            .await;
        if !kill.is_ok_and(|status| status.success()) {
            return Err("the program had ended before it was asked to".to_owned());
        }
        let ended = async {
            while let Ok(Some(_)) = self.out.next_line().await {}
            self.child.wait().await
        };
        match timeout(PATIENCE, ended).await {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(error)) => Err(format!("the program's end: {error}")),
            Err(_) => Err("the program did not end".to_owned()),
        }
    }
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Of `/proc/PID/stat`: user and system time, the 14th and 15th field (proc_pid_stat(5)), in
/// hundredths of a second on every Linux.
fn cpu(stat: &str) -> Option<Duration> {
    // The program's name, in brackets, may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis(10 * (user + system)))
}

/// `culvert forward` through a simulated service to a destination, with nothing of this
/// environment.
pub(crate) fn culvert_forward(
    program: &Path,
    sim: &Simulator,
    destination: &Destination,
) -> Command {
    let (access_key, secret_key, _) = sim.credentials();
    let mut command = Command::new(program);
    command
        .args(["forward", "--target", TARGET, "--region", REGION])
        .args(["--remote-port", &destination.port().to_string()])
        .args(["--endpoint-url", &sim.endpoint_url()])
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", access_key)
        .env("AWS_SECRET_ACCESS_KEY", secret_key);
    command
}

/// Where `culvert forward` says that it listens.
pub(crate) fn culvert_listens(line: &str) -> Option<SocketAddr> {
    line.strip_prefix("listening ")?.parse().ok()
}
