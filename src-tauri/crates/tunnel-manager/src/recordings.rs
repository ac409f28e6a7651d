//! What flight recorders held when something went wrong, on the disk: the bundle of the next morning has
//! it although the program has ended. Headers alone, never payload.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout};
use tunnel::{Observer, SessionRecording, Tunnel, TunnelEvent, unix_ms_now};
use tunnel_proto::Happening;

use crate::history::TunnelName;
use crate::store::replace_file;

/// Sessions whose last recordings are kept, of all tunnels and programs: what a bundle has room for,
/// 10 MB at most.
const KEPT_MOST: usize = 24;

/// Bytes of one: 4,096 frames with room to spare. What is larger is none of ours.
const BYTES_MOST: u64 = 1 << 20;

/// A tunnel's recordings are written at most so often, however often it drops.
const PAUSE: Duration = Duration::from_secs(30);

/// A file that is half written for longer belongs to nobody.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60 * 60);

/// How long the end of a tunnel waits for them.
const PATIENCE: Duration = Duration::from_secs(1);

/// Keeps recordings in a folder, or nowhere. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptRecordings(Option<Arc<PathBuf>>);

/// Asks for one more of a tunnel's recordings before it ends. A clone asks the same.
#[derive(Debug, Clone)]
pub struct Recorder(mpsc::Sender<oneshot::Sender<()>>);

/// The last recording of a session, as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeptRecording {
    /// When it was kept, Unix milliseconds.
    pub(crate) at: u64,
    pub(crate) tunnel: TunnelName,
    pub(crate) session: SessionRecording,
}

impl Recorder {
    /// Keeps what is recorded by now. Takes 1 s at most.
    pub async fn keep(&self) {
        let (done, kept) = oneshot::channel();
        if self.0.try_send(done).is_ok() {
            let _ = timeout(PATIENCE, kept).await;
        }
    }
}

impl KeptRecordings {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(Some(Arc::new(folder.to_owned())))
    }

    /// Keeps a tunnel's recordings at its drops, and when it is asked for, until the tunnel is gone.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub(crate) fn follow(&self, name: TunnelName, tunnel: &Tunnel) -> Recorder {
        let (orders, mut ordered) = mpsc::channel::<oneshot::Sender<()>>(1);
        let Some(folder) = self.0.clone() else {
            return Recorder(orders);
        };
        let (observer, mut events) = (tunnel.observer(), tunnel.events());
        tokio::spawn(async move {
            let mut due: Option<Instant> = None;
            let mut earliest = Instant::now();
            loop {
                let at_due = async {
                    match due {
                        Some(due) => sleep_until(due).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    event = events.recv() => match event {
                        Ok(event) => {
                            if is_drop(&event) {
                                due.get_or_insert(earliest.max(Instant::now()));
                            }
                        }
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    },
                    Some(done) = ordered.recv() => {
                        keep(&folder, &name, &observer).await;
                        // Whoever asked may not have waited.
                        let _ = done.send(());
                    }
                    () = at_due => {
                        due = None;
                        keep(&folder, &name, &observer).await;
                        earliest = Instant::now() + PAUSE;
                    }
                }
            }
        });
        Recorder(orders)
    }
}

fn is_drop(event: &TunnelEvent) -> bool {
    match event {
        TunnelEvent::Record(record) => matches!(record.what, Happening::Drop(_)),
        TunnelEvent::State(_)
        | TunnelEvent::Lost { .. }
        | TunnelEvent::Replaced { .. }
        | TunnelEvent::Rested(_)
        | TunnelEvent::Notice(_) => false,
    }
}

async fn keep(folder: &Arc<PathBuf>, name: &TunnelName, observer: &Observer) {
    let recordings = observer.recordings().await;
    let at = unix_ms_now();
    let kept = recordings.into_iter().map(|session| KeptRecording {
        at,
        tunnel: name.clone(),
        session,
    });
    let kept: Vec<_> = kept
        .filter(|kept| !kept.session.recording.frames.is_empty())
        .collect();
    let folder = Arc::clone(folder);
    // A disk that hangs keeps no tunnel.
    let written = spawn_blocking(move || write(&folder, &kept)).await;
    if let Ok(Err(error)) = written {
        tracing::warn!(%error, "what was recorded of sessions can't be kept on disk");
    }
}

/// One file a session, in the place of what it had before; the oldest of all go.
fn write(folder: &Path, kept: &[KeptRecording]) -> io::Result<()> {
    for one in kept {
        // A session begins once: the time of its first frame that is known may be another later, and
        // its name at the service is none of the file's.
        let name = one.session.session_id.as_deref().unwrap_or_default();
        let name = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
        let text = serde_json::to_vec(one)?;
        replace_file(&folder.join(format!("{}.json", name.simple())), &text)?;
    }
    make_room(folder)
}

/// Removes the oldest recordings, and what a killed process has left half written.
fn make_room(folder: &Path) -> io::Result<()> {
    let (kept, half_written): (Vec<_>, Vec<_>) = files(folder)?
        .into_iter()
        .partition(|(_, path)| is_whole(path));
    let newest = kept.first().map(|(at, _)| *at);
    let abandoned = half_written.into_iter().filter(|(at, _)| {
        // Others are written at this moment, by this program or another one.
        newest
            .and_then(|newest| newest.duration_since(*at).ok())
            .is_some_and(|age| age > WRITTEN_WITHIN)
    });
    for (_, path) in abandoned.chain(kept.into_iter().skip(KEPT_MOST)) {
        // One that is gone already need not be removed.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

fn is_whole(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("json"))
}

/// What lies there, the newest first.
fn files(folder: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let files = listed.flatten().filter_map(|entry| {
        let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some((about.modified().ok()?, entry.path()))
    });
    let mut files: Vec<_> = files.collect();
    files.sort_by(|one, other| other.cmp(one));
    Ok(files)
}

/// Reads those that were kept since a time (Unix milliseconds), the newest first, and how many files
/// are none. Blocks.
///
/// # Errors
/// The folder can't be read.
pub(crate) fn read(folder: &Path, since: u64) -> io::Result<(Vec<KeptRecording>, usize)> {
    let (mut kept, mut unreadable) = (Vec::new(), 0);
    let files = files(folder)?;
    for path in files
        .iter()
        .map(|(_, path)| path)
        .filter(|path| is_whole(path))
        .take(KEPT_MOST)
    {
        match read_one(path) {
            Some(one) if one.at >= since => kept.push(one),
            Some(_) => {}
            None => unreadable += 1,
        }
    }
    Ok((kept, unreadable))
}

fn read_one(path: &Path) -> Option<KeptRecording> {
    if fs::metadata(path).ok()?.len() > BYTES_MOST {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use tunnel_proto::Recording;

    use super::*;

    fn kept(at: u64, session: &str) -> KeptRecording {
        KeptRecording {
            at,
            tunnel: TunnelName::new(None, "Orders"),
            session: SessionRecording {
                session_id: Some(session.to_owned()),
                ended: false,
                recording: Recording {
                    version: tunnel_proto::RECORDING_VERSION,
                    settings: tunnel_proto::RecordedSettings::default(),
                    began: at,
                    left_out: 0,
                    outcome: None,
                    until: 5,
                    frames: Vec::new(),
                },
            },
        }
    }

    #[test]
    fn of_each_session_the_last_is_kept_and_of_all_the_newest() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().join("recordings");
        assert_eq!(read(&at, 0).expect("nothing yet"), (Vec::new(), 0));
        write(&at, &[kept(1, "nina-1")]).expect("written");
        write(&at, &[kept(2, "nina-1")]).expect("written");
        let (last, unreadable) = read(&at, 0).expect("there");
        let last: Vec<_> = last.iter().map(|kept| kept.at).collect();
        assert_eq!((last, unreadable), (vec![2], 0));
        assert_eq!(read(&at, 3).expect("there"), (Vec::new(), 0));
        for number in 0..KEPT_MOST + 3 {
            write(&at, &[kept(9, &number.to_string())]).expect("written");
        }
        assert_eq!(files(&at).expect("there").len(), KEPT_MOST);
        let names: Vec<_> = files(&at).expect("there");
        assert!(
            names
                .iter()
                .all(|(_, path)| !path.display().to_string().contains("nina"))
        );
    }

    #[test]
    fn what_another_tunnel_is_writing_stays_and_what_nobody_writes_any_more_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let written_now = folder.path().join(".one.json.x.tmp");
        let abandoned = folder.path().join(".other.json.x.tmp");
        for path in [&written_now, &abandoned] {
            fs::write(path, "{").expect("written");
        }
        let old = SystemTime::now() - WRITTEN_WITHIN * 2;
        let file = fs::File::options().append(true).open(&abandoned);
        file.and_then(|file| file.set_modified(old)).expect("dated");
        for number in 0..KEPT_MOST * 2 {
            write(folder.path(), &[kept(9, &number.to_string())]).expect("written");
        }
        assert!(written_now.exists());
        assert!(!abandoned.exists());
        let (all, _) = read(folder.path(), 0).expect("there");
        assert_eq!(all.len(), KEPT_MOST);
    }

    #[test]
    fn what_a_killed_process_has_left_is_no_recording_and_what_is_none_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("half.json.tmp"), "{\"at\":1,").expect("written");
        fs::write(folder.path().join("other.json"), "{\"at\":1,").expect("written");
        assert_eq!(read(folder.path(), 0).expect("there"), (Vec::new(), 1));
    }
}
