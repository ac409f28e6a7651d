//! The program of a `credential_process`: it is run, listened to, and ended with all that it has
//! started when nobody waits for it any more.
//!
//! It gets nothing to read. Its standard input would be this program's own, which may carry
//! somebody's bytes (`culvert stream`). And it is no process of a terminal's foreground, which alone
//! may read there (POSIX, General Terminal Interface, section 11.1.4): its question would take
//! keystrokes that are meant for something else, once for each call.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdout, Command};
use zeroize::Zeroizing;

use crate::holder::OfAccount;
use crate::sign_ins::{Written, read_time, written_time};

/// Most bytes of an answer. One with a long session token has 3 KiB.
const ANSWER_MOST: usize = 64 * 1024;

/// Credentials that ended longer ago than this are not tried. This computer's clock may be off, by its
/// time zone say, which harms no call: whether later ones have ended is for AWS to tell.
const LONG_ENDED: Duration = Duration::from_secs(24 * 60 * 60);

/// The form of an answer that there is (SDKs and Tools Reference Guide, "Process credential
/// provider").
const VERSION: u64 = 1;

/// Asks the program for credentials. Dropped on the way, it ends the program.
///
/// # Errors
/// [`ProcessFault`]; nothing in it is the program's own word.
pub(super) async fn ask(command: &str) -> Result<Credentials, ProcessFault> {
    let (mut running, out) = Running::start(command).map_err(ProcessFault::NotStarted)?;
    let (answer, status) = tokio::try_join!(answer(out), running.ended())?;
    // Only now: what it has started may go on talking in its place.
    running.is_over = true;
    if status.success() {
        credentials(&answer, SystemTime::now())
    } else {
        Err(ProcessFault::Failed(status))
    }
}

/// Why a program gives no credentials.
#[derive(Debug)]
pub(crate) enum ProcessFault {
    /// It could not be started.
    NotStarted(io::Error),
    /// It could not be listened to.
    Broken(io::Error),
    /// It says more than any answer has.
    TooLong,
    /// It reports an error.
    Failed(ExitStatus),
    /// Its answer is not JSON of the form that there is.
    NotUnderstood(Lack),
    /// Its credentials ended long ago, at this time.
    Ended(SystemTime),
}

/// What an answer lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    Form,
    Version,
    Keys,
    Expiration,
}

impl fmt::Display for ProcessFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(_) => f.write_str("the credential process could not be started"),
            Self::Broken(_) => f.write_str("the credential process could not be listened to"),
            Self::TooLong => write!(
                f,
                "the credential process says more than {} KiB",
                ANSWER_MOST / 1024
            ),
            Self::Failed(status) => write!(
                f,
                "the credential process ended with {status}; what it said may hold secrets and is not kept: \
                 run it by hand to see it"
            ),
            Self::NotUnderstood(lack) => {
                write!(f, "the answer of the credential process {}", lack.words())
            }
            Self::Ended(at) => write!(
                f,
                "the credential process gave credentials that ended at {}",
                written_time(*at)
            ),
        }
    }
}

impl ProcessFault {
    /// What is wrong with the answer, as the rest of a sentence that begins with it; `None` where there
    /// is none.
    pub(crate) fn of_answer(&self) -> Option<&'static str> {
        match self {
            Self::NotUnderstood(lack) => Some(lack.words()),
            Self::NotStarted(_)
            | Self::Broken(_)
            | Self::TooLong
            | Self::Failed(_)
            | Self::Ended(_) => None,
        }
    }
}

impl Lack {
    fn words(self) -> &'static str {
        match self {
            Self::Form => "is not the JSON that it must be",
            Self::Version => "lacks \"Version\": 1",
            Self::Keys => "lacks AccessKeyId or SecretAccessKey",
            Self::Expiration => "has an Expiration that is no ISO 8601 time",
        }
    }
}

impl Error for ProcessFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotStarted(error) | Self::Broken(error) => Some(error),
            Self::TooLong | Self::Failed(_) | Self::NotUnderstood(_) | Self::Ended(_) => None,
        }
    }
}

/// A program that runs, with all that it starts.
struct Running {
    child: Child,
    /// Of the program, and of its group.
    id: Option<u32>,
    /// It has ended, and nobody says anything in its place. What it has left behind with a
    /// purpose, such as an agent, may stay.
    is_over: bool,
}

impl Running {
    fn start(command: &str) -> io::Result<(Self, ChildStdout)> {
        let mut shell = shell(command);
        shell
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Nobody can say what of a foreign program's complaint is a secret.
            .stderr(Stdio::null())
            .kill_on_drop(true);
        // Its processes can be ended together.
        #[cfg(unix)]
        shell.process_group(0);
        let child = shell.spawn()?;
        let id = child.id();
        let mut running = Self {
            child,
            id,
            is_over: false,
        };
        let out = running.child.stdout.take();
        let out = out.ok_or_else(|| io::Error::other("it has no output"))?;
        Ok((running, out))
    }

    async fn ended(&mut self) -> Result<ExitStatus, ProcessFault> {
        self.child.wait().await.map_err(ProcessFault::Broken)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (false, Some(id)) = (self.is_over, self.id) {
            end_group(id);
        }
    }
}

#[cfg(unix)]
fn end_group(id: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let group = i32::try_from(id).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // It may have ended by itself just now.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(windows)]
fn end_group(id: u32) {
    let mut ending = std::process::Command::new("taskkill");
    ending.args(["/F", "/T", "/PID", &id.to_string()]);
    ending
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Err(error) = ending.spawn() {
        tracing::debug!(%error, "what a credential process has started");
    }
}

/// The command as a shell takes it, which is how the AWS SDKs have it.
#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// The same. `cmd` takes off the outermost quotes, and those alone.
#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd.exe");
    shell.arg("/C").raw_arg(format!("\"{command}\""));
    shell
}

async fn answer(out: ChildStdout) -> Result<Zeroizing<Vec<u8>>, ProcessFault> {
    let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER_MOST + 1));
    out.take(ANSWER_MOST as u64 + 1)
        .read_to_end(&mut answer)
        .await
        .map_err(ProcessFault::Broken)?;
    if answer.len() > ANSWER_MOST {
        return Err(ProcessFault::TooLong);
    }
    Ok(answer)
}

/// An answer as it is written (SDKs and Tools Reference Guide, "Process credential provider").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    version: Option<u64>,
    access_key_id: Option<String>,
    secret_access_key: Option<Written>,
    session_token: Option<Written>,
    expiration: Option<String>,
    account_id: Option<String>,
}

fn credentials(answer: &[u8], now: SystemTime) -> Result<Credentials, ProcessFault> {
    let lacks = ProcessFault::NotUnderstood;
    // The error's text may hold what was read.
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| lacks(Lack::Form))?;
    if answer.version != Some(VERSION) {
        return Err(lacks(Lack::Version));
    }
    let id = answer.access_key_id.filter(|id| !id.is_empty());
    let secret = answer.secret_access_key.map(|secret| secret.0);
    let secret = secret.filter(|secret| !secret.is_empty());
    let (Some(id), Some(secret)) = (id, secret) else {
        return Err(lacks(Lack::Keys));
    };
    let expiry = match answer.expiration {
        Some(time) => Some(read_time(&time).ok_or(lacks(Lack::Expiration))?),
        None => None,
    };
    let since = |end: &SystemTime| now.duration_since(*end).unwrap_or_default();
    if let Some(ended) = expiry.filter(|end| since(end) > LONG_ENDED) {
        return Err(ProcessFault::Ended(ended));
    }
    let token = answer
        .session_token
        .map(|token| token.0.expose().to_owned());
    let mut given = Credentials::new(id, secret.expose(), token, expiry, "credential_process");
    OfAccount::note(answer.account_id.as_deref(), &mut given);
    Ok(given)
}
