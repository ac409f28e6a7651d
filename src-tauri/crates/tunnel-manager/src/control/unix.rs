//! Over Unix sockets.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;

use tunnel::unix_ms_now;

use super::{Answer, Asked, LogSwitched, Question, folder};
use crate::history::History;
use crate::log::{LogLevel, LogSwitch};
use crate::roll::Roll;

/// How long one question and its answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long an answer waits for a disk that hangs.
const DISK_PATIENCE: Duration = Duration::from_secs(1);

/// Questions that are answered at once; more wait.
const AT_ONCE: usize = 8;

/// No question is longer, bytes: the longest has a tunnel's name in it.
const QUESTION_MOST: u64 = 4 << 10;

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
    pub fn begin(roll: Roll, history: History, log: LogSwitch, program: &str) -> Option<Self> {
        let path = folder()?.join(format!("{}.sock", std::process::id()));
        match bind(&path) {
            Ok(listener) => Some(Self {
                path,
                task: tokio::spawn(serve(
                    listener,
                    Told {
                        roll,
                        history,
                        log,
                        program: program.to_owned(),
                    },
                )),
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

/// What those who ask are told of. A clone is the same.
#[derive(Debug, Clone)]
struct Told {
    roll: Roll,
    history: History,
    log: LogSwitch,
    program: String,
}

async fn serve(listener: UnixListener, told: Told) {
    let mut answering = JoinSet::new();
    loop {
        while answering.len() >= AT_ONCE {
            answering.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                let told = told.clone();
                answering.spawn(async move {
                    // Whoever goes or hangs gets no answer.
                    let _ = timeout(PATIENCE, answer(stream, told)).await;
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

async fn answer(mut stream: UnixStream, told: Told) -> io::Result<()> {
    let Told {
        roll,
        history,
        log,
        program,
    } = told;
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
        pending: Vec::new(),
        log: None,
        recordings: Vec::new(),
    };
    match Question::read(line.trim_end_matches('\n')) {
        Some(Question::Status) => {
            // What is no longer pending is on the disk then, whose turn it is after this answer.
            let _ = timeout(DISK_PATIENCE, history.settled()).await;
            answer.pending = history.pending(unix_ms_now());
            answer.tunnels = roll.figures().await;
        }
        Some(Question::Recordings) => answer.recordings = roll.recordings().await,
        Some(Question::LogLevel(level, tunnel)) => {
            answer.log = Some(switch(&roll, log, level, tunnel).await);
        }
        // Of a later version, perhaps: it hears who this is.
        None => {}
    }
    let text = serde_json::to_vec(&answer)?;
    writer.write_all(&text).await?;
    writer.shutdown().await
}

async fn switch(
    roll: &Roll,
    log: LogSwitch,
    level: Option<LogLevel>,
    tunnel: String,
) -> LogSwitched {
    if !roll.has(&tunnel) {
        return LogSwitched::NotHere;
    }
    let refused = |why: String| LogSwitched::Refused { why };
    match spawn_blocking(move || log.set(&tunnel, level)).await {
        Ok(Ok(folder)) => LogSwitched::Done { folder },
        Ok(Err(error)) => refused(error.to_string()),
        Err(error) => refused(error.to_string()),
    }
}

/// Asks all programs of the user that run tunnels; takes 3 s at most. One that is dead is passed
/// over, and its socket removed.
pub async fn ask(question: Question) -> Asked {
    ask_within(question, PATIENCE).await
}

/// Asks them in the same way, and takes so long at most.
pub async fn ask_within(question: Question, patience: Duration) -> Asked {
    match folder() {
        Some(folder) => ask_all(&folder, &question, patience).await,
        None => Asked::default(),
    }
}

async fn ask_all(folder: &Path, question: &Question, patience: Duration) -> Asked {
    let line = question.line();
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let sockets = listed
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "sock"));
    let mut asking: JoinSet<(Option<u32>, Heard)> = sockets
        .take(PROGRAMS_MOST)
        .map(|path| {
            let line = line.clone();
            async move {
                let heard = timeout(patience, ask_one(&path, &line)).await;
                (pid_of(&path), heard.unwrap_or(Heard::Nothing))
            }
        })
        .collect();
    let mut asked = Asked::default();
    while let Some(answered) = asking.join_next().await {
        match answered {
            Ok((_, Heard::Answer(answer))) => asked.answers.push(*answer),
            Ok((pid, Heard::Nothing)) => asked.silent.extend(pid),
            Ok((_, Heard::Dead)) | Err(_) => {}
        }
    }
    asked.answers.sort_by_key(|answer| answer.pid);
    asked.silent.sort_unstable();
    asked
}

/// The process that listens at a socket.
fn pid_of(path: &Path) -> Option<u32> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// What came of asking one program.
#[derive(Debug)]
enum Heard {
    Answer(Box<Answer>),
    /// It lives, and says nothing, or nothing that can be understood.
    Nothing,
    /// It has ended.
    Dead,
}

async fn ask_one(path: &Path, line: &str) -> Heard {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            // Its process was killed.
            let _ = fs::remove_file(path);
            return Heard::Dead;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Heard::Dead,
        // As many wait already as the system lets wait.
        Err(_) => return Heard::Nothing,
    };
    let mut text = Vec::new();
    let said = async {
        stream.write_all(line.as_bytes()).await?;
        stream.take(ANSWER_MOST).read_to_end(&mut text).await
    };
    match (said.await, serde_json::from_slice(&text)) {
        (Ok(_), Ok(answer)) => Heard::Answer(Box::new(answer)),
        // It went while it was asked.
        (Err(_), _) => Heard::Dead,
        (Ok(_), Err(_)) if text.is_empty() => Heard::Dead,
        (Ok(_), Err(_)) => Heard::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_that_lives_and_does_not_answer_is_told_from_one_that_is_dead() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // The first never accepts, as a process that is stopped; the second was killed.
        let _silent = UnixListener::bind(path("7.sock")).unwrap();
        drop(UnixListener::bind(path("8.sock")).unwrap());
        let program = std::process::id().to_string();
        let lives = UnixListener::bind(path(&format!("{program}.sock"))).unwrap();
        let told = Told {
            roll: Roll::default(),
            history: History::none(),
            log: LogSwitch::default(),
            program: "culvert".to_owned(),
        };
        let serving = tokio::spawn(serve(lives, told));
        let patience = Duration::from_secs(5);
        let asked = ask_all(folder.path(), &Question::Status, patience).await;
        assert_eq!(asked.silent, [7]);
        let pids: Vec<u32> = asked.answers.iter().map(|answer| answer.pid).collect();
        assert_eq!(pids, [std::process::id()]);
        assert!(path("7.sock").exists() && !path("8.sock").exists());
        serving.abort();
    }
}
