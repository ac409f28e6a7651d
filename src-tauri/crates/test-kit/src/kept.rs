//! What is kept of a run of the checks: the folders that programs under test wrote to, their logs
//! and what they said, and the logs of the tests that run our code in their own process. `npm test`
//! names a folder, and searches it at the end for planted secrets.

use std::env;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process;
use std::sync::{Mutex, Once};
use std::task::{Context, Poll, ready};

use tempfile::{Builder, TempDir};
use tokio::io::{AsyncRead, ReadBuf};
use tracing_subscriber::EnvFilter;

/// Names the folder in which a run keeps things. Without it nothing is kept.
const KEEP_VARIABLE: &str = "CULVERT_TEST_KEEP";

/// In that folder: secrets that somebody else made, one a line. `npm test` knows the name.
const REPORTED: &str = "reported-secrets";

/// All that our crates can log. Of libraries no more than the programs let through: what the SDK
/// writes at `trace` holds keys.
const LOGGED: &str = "info,aws_access=trace,ssm_sim=trace,tunnel=trace,tunnel_manager=trace";

/// Keeps what our code logs in this process from now on, if the run keeps anything: one file a
/// process. Whatever sets a test up calls it; all calls but the first do nothing.
///
/// # Panics
/// The file can't be made.
pub fn log() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let Some(folder) = folder() else { return };
        let path = folder.join(format!("log-{}-{}.log", program(), process::id()));
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(path).unwrap();
        let _ = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(LOGGED))
            .with_ansi(false)
            .with_writer(Mutex::new(file))
            // A test that looks at logs may have set its own.
            .try_init();
    });
}

/// What these tests are called: cargo puts a hash behind it.
fn program() -> String {
    let path = env::current_exe().unwrap_or_default();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let (name, _hash) = name.rsplit_once('-').unwrap_or((&name, ""));
    name.to_owned()
}

fn folder() -> Option<PathBuf> {
    let folder = env::var_os(KEEP_VARIABLE).filter(|folder| !folder.is_empty());
    folder.map(PathBuf::from)
}

/// A home folder for programs under test, empty at first. It ends with its test, unless the run
/// keeps it.
#[derive(Debug)]
pub struct Home(TempDir);

impl Home {
    /// Makes one.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> io::Result<Self> {
        let mut builder = Builder::new();
        let made = match folder() {
            Some(folder) => builder
                .prefix("home-")
                .disable_cleanup(true)
                .tempdir_in(folder),
            None => builder.tempdir(),
        };
        made.map(Self)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// What programs have to find in their environment, so that all that they can log is in this
    /// folder. Nothing unless the run keeps it.
    pub fn log_variables(&self) -> Vec<(&'static str, OsString)> {
        match folder() {
            Some(_) => vec![
                ("CULVERT_LOG", "trace".into()),
                ("CULVERT_LOG_FILE", self.path().join("culvert.log").into()),
            ],
            None => Vec::new(),
        }
    }
}

/// Reports a secret that the test did not choose itself, such as one that a mock of AWS has made,
/// so that it is searched for as well.
///
/// # Errors
/// What the system says.
pub fn report_secret(secret: &str) -> io::Result<()> {
    let Some(folder) = folder() else {
        return Ok(());
    };
    let mut options = OpenOptions::new();
    let mut file = options
        .append(true)
        .create(true)
        .open(folder.join(REPORTED))?;
    // In one write: several tests may do so at once.
    file.write_all(format!("{secret}\n").as_bytes())
}

/// Whether the run keeps anything.
pub fn is_kept() -> bool {
    folder().is_some()
}

/// Passes on what a program says, and keeps it if the run does.
#[derive(Debug)]
pub struct Overheard<R> {
    said: R,
    kept: Option<File>,
}

impl<R> Overheard<R> {
    /// Listens to what a program says. `stream` is `out` or `err`.
    ///
    /// # Errors
    /// The file to keep it in can't be made.
    pub fn new(said: R, stream: &str) -> io::Result<Self> {
        let kept = match folder() {
            Some(folder) => {
                let mut builder = Builder::new();
                let suffix = format!(".{stream}");
                let named = builder
                    .prefix("said-")
                    .suffix(&suffix)
                    .tempfile_in(folder)?;
                let (_, path) = named.keep().map_err(|error| error.error)?;
                Some(OpenOptions::new().append(true).open(path)?)
            }
            None => None,
        };
        Ok(Self { said, kept })
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Overheard<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.said).poll_read(context, buffer))?;
        if let Some(kept) = &mut self.kept {
            kept.write_all(&buffer.filled()[before..])?;
        }
        Poll::Ready(Ok(()))
    }
}
