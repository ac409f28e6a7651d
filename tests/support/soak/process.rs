//! The program, and what the system says of it.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use ssm_sim::Simulator;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::{Destination, TARGET};

/// How long the program may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the system says of a process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Resident memory.
    pub resident_kib: u64,
    /// Open file descriptors.
    pub files: u64,
}

/// A running `culvert forward`; killed when it is dropped.
pub(super) struct Process {
    child: Child,
    id: u32,
    out: Lines<BufReader<ChildStdout>>,
    /// What it keeps goes here, and with it.
    _state: TempDir,
}

impl Process {
    /// Starts it, and waits until it listens.
    pub(super) async fn start(
        program: &Path,
        sim: &Simulator,
        destination: &Destination,
    ) -> Result<(Self, SocketAddr), Box<dyn Error>> {
        let (access_key, secret_key, _) = sim.credentials();
        let state = tempfile::tempdir()?;
        let mut child = Command::new(program)
            .args(["forward", "--target", TARGET, "--region", "eu-central-1"])
            .args(["--remote-port", &destination.port().to_string()])
            .args(["--endpoint-url", &sim.endpoint_url()])
            .env_clear()
            .env("CULVERT_STATE_DIR", state.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", access_key)
            .env("AWS_SECRET_ACCESS_KEY", secret_key)
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
        let line = timeout(PATIENCE, out.next_line()).await??;
        let address = line
            .as_deref()
            .and_then(|line| line.strip_prefix("listening "))
            .ok_or_else(|| format!("instead of listening: {line:?}"))?
            .parse()?;
        let process = Self {
            child,
            id,
            out,
            _state: state,
        };
        Ok((process, address))
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Memory and files, where the system tells.
    pub(super) fn figures(&self) -> Option<Figures> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).ok()?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?
            .trim()
            .strip_suffix(" kB")?;
        let files = fs::read_dir(format!("/proc/{}/fd", self.id)).ok()?.count();
        Some(Figures {
            resident_kib: resident.parse().ok()?,
            files: files as u64,
        })
    }

    /// Ends it by SIGTERM; the fault if it does not end as it should.
    pub(super) async fn end(mut self) -> Result<(), String> {
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
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("the program ended with {status}")),
            Ok(Err(error)) => Err(format!("the program's end: {error}")),
            Err(_) => Err("the program did not end".to_owned()),
        }
    }
}
