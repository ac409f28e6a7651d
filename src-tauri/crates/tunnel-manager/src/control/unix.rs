//! Over Unix sockets.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::{Answer, Question, folder};
use crate::roll::Roll;

/// How long one question and its answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Questions that are answered at once; more wait.
const AT_ONCE: usize = 8;

/// No question is longer, bytes.
const QUESTION_MOST: u64 = 64;

/// No answer is longer, bytes: some hundred recordings.
const ANSWER_MOST: u64 = 64 << 20;

/// Programs that are asked, at most.
const PROGRAMS_MOST: usize = 64;

/// Answers those who ask, until it is dropped.
#[derive(Debug)]
pub struct Listening {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Listening {
    /// Listens for `program`. `None` where that can't be: the log says why, and nothing else
    /// comes of it.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn begin(roll: Roll, program: &str) -> Option<Self> {
        let path = folder()?.join(format!("{}.sock", std::process::id()));
        match bind(&path) {
            Ok(listener) => Some(Self {
                path,
                task: tokio::spawn(serve(listener, roll, program.to_owned())),
            }),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "nobody can ask how the tunnels are");
                None
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        // Whoever asks finds it dead otherwise, and removes it.
        let _ = fs::remove_file(&self.path);
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    // Under another name until it is whole: one that refuses counts as dead, and is removed.
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    fs::rename(&new, path)?;
    Ok(listener)
}

async fn serve(listener: UnixListener, roll: Roll, program: String) {
    let mut answering = JoinSet::new();
    loop {
        while answering.len() >= AT_ONCE {
            answering.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                let (roll, program) = (roll.clone(), program.clone());
                answering.spawn(async move {
                    // Whoever goes or hangs gets no answer.
                    let _ = timeout(PATIENCE, answer(stream, &roll, program)).await;
                });
            }
            Err(error) => {
                tracing::debug!(%error, "nobody can be answered");
                // Files may be short for a moment: until one who was answered gives some back.
                if answering.join_next().await.is_none() {
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        }
        while answering.try_join_next().is_some() {}
    }
}

async fn answer(mut stream: UnixStream, roll: &Roll, program: String) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    BufReader::new(reader.take(QUESTION_MOST))
        .read_line(&mut line)
        .await?;
    let mut answer = Answer {
        pid: std::process::id(),
        program,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        tunnels: Vec::new(),
        recordings: Vec::new(),
    };
    let asked = [Question::Status, Question::Recordings];
    match asked.iter().find(|asked| asked.word() == line.trim_end()) {
        Some(Question::Status) => answer.tunnels = roll.figures().await,
        Some(Question::Recordings) => answer.recordings = roll.recordings().await,
        // Of a later version, perhaps: it hears who this is.
        None => {}
    }
    let text = serde_json::to_vec(&answer)?;
    writer.write_all(&text).await?;
    writer.shutdown().await
}

/// Asks all programs of the user that run tunnels, and answers in the order of their process ids.
/// One that is dead is passed over, and its socket removed; so is one that does not answer in 3 s.
pub async fn ask(question: Question) -> Vec<Answer> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let sockets = listed
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "sock"));
    let mut asking: JoinSet<Option<Answer>> = sockets
        .take(PROGRAMS_MOST)
        .map(|path| async move {
            timeout(PATIENCE, ask_one(&path, question))
                .await
                .ok()
                .flatten()
        })
        .collect();
    let mut answers = Vec::new();
    while let Some(answered) = asking.join_next().await {
        answers.extend(answered.ok().flatten());
    }
    answers.sort_by_key(|answer| answer.pid);
    answers
}

async fn ask_one(path: &Path, question: Question) -> Option<Answer> {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            // Its process was killed.
            let _ = fs::remove_file(path);
            return None;
        }
        Err(_) => return None,
    };
    let line = format!("{}\n", question.word());
    stream.write_all(line.as_bytes()).await.ok()?;
    let mut text = Vec::new();
    stream.take(ANSWER_MOST).read_to_end(&mut text).await.ok()?;
    serde_json::from_slice(&text).ok()
}
