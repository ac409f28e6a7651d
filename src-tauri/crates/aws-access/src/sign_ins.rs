//! Where sign-ins are kept: the AWS CLI's own caches, so that either can use the other's.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha1::{Digest as _, Sha1};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use crate::{AccessError, Secret, SignInFault};

/// Largest file that is read. Those of the AWS CLI have 2 to 5 KiB.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// The AWS CLI empties a file before it writes it, so one that is half there is looked at again.
const READS: u32 = 4;

/// How long the AWS CLI is given to write a file to its end.
const HALF_WRITTEN: Duration = Duration::from_millis(15);

/// Between two attempts to get a turn.
const PAUSE: Duration = Duration::from_millis(50);

/// Where sign-ins are kept. By default `~/.aws`, as the AWS CLI has it: `sso/cache` for logins of
/// IAM Identity Center, `cli/cache` for roles that were assumed with an MFA code.
///
/// What finds no room on disk is kept in this process's memory; a clone shares it.
#[derive(Clone)]
pub struct SignIns {
    folder: Option<PathBuf>,
    unwritten: Arc<Mutex<BTreeMap<PathBuf, Zeroizing<Vec<u8>>>>>,
}

impl SignIns {
    /// In another folder than `~/.aws`.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(folder.into()),
            unwritten: Arc::default(),
        }
    }

    /// Reads what is kept in a place, whether on disk or in memory: what is good for longer.
    /// What is not there, or not what it should be, is nothing.
    pub(crate) fn read<K: Kept>(&self, place: &Place) -> Option<K> {
        let path = self.path(place);
        let in_memory = {
            let unwritten = self
                .unwritten
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            unwritten.get(&path).and_then(|text| K::parse(text))
        };
        let on_disk = self.folder.as_ref().and_then(|_| read_file(&path));
        in_memory.into_iter().chain(on_disk).max_by_key(K::until)
    }

    /// Keeps it, on disk if that can be, and readable for its owner alone.
    ///
    /// # Errors
    /// [`SignInFault::NotKept`]; it is in memory then, for as long as this process lives.
    pub(crate) fn keep<K: Kept>(&self, place: &Place, kept: &K) -> Result<(), AccessError> {
        let path = self.path(place);
        let text = kept.text();
        let written = match &self.folder {
            Some(_) => write_file(&path, &text),
            None => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "there is no home directory",
            )),
        };
        let mut unwritten = self
            .unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(()) => {
                unwritten.remove(&path);
                Ok(())
            }
            Err(source) => {
                unwritten.insert(path.clone(), text);
                Err(AccessError::SignIn(SignInFault::NotKept { path, source }))
            }
        }
    }

    /// Waits for its turn to renew a login, at most so long.
    ///
    /// A token of IAM Identity Center is renewed with a refresh token that counts once, so of
    /// all tunnels and processes one may do it. A file beside the cache, since those in it are
    /// replaced.
    pub(crate) async fn turn(&self, patience: Duration) -> Turn {
        let Some(folder) = &self.folder else {
            return Turn::Unknown;
        };
        let folder = folder.join(SSO_CACHE);
        let open = move || {
            make_folder(&folder)?;
            File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(folder.join("culvert.lock"))
        };
        let mut file = match spawn_blocking(open)
            .await
            .map_err(io::Error::other)
            .flatten()
        {
            Ok(file) => file,
            Err(error) => return Turn::without(&error),
        };
        let end = Instant::now() + patience;
        loop {
            // Each attempt for itself, so that no thread waits.
            let attempt = move || {
                let locked = file.try_lock();
                (file, locked)
            };
            match spawn_blocking(attempt).await {
                Ok((file, Ok(()))) => return Turn::Ours { _lock: file },
                Ok((_, Err(TryLockError::Error(error)))) => return Turn::without(&error),
                Ok((_, Err(TryLockError::WouldBlock))) if Instant::now() >= end => {
                    return Turn::Busy;
                }
                Ok((again, Err(TryLockError::WouldBlock))) => file = again,
                Err(error) => return Turn::without(&io::Error::other(error)),
            }
            sleep(PAUSE).await;
        }
    }

    fn path(&self, place: &Place) -> PathBuf {
        let (cache, name) = match place {
            Place::Sso(name) => (SSO_CACHE, name),
            Place::Role(name) => ("cli/cache", name),
        };
        let folder = self.folder.clone().unwrap_or_default();
        folder.join(cache).join(format!("{name}.json"))
    }
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            folder: std::env::home_dir().map(|home| home.join(".aws")),
            unwritten: Arc::default(),
        }
    }
}

impl fmt::Debug for SignIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIns")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// What became of the wish for a turn.
#[derive(Debug)]
pub(crate) enum Turn {
    /// It lasts as long as the file is open; a crash ends it, too.
    Ours { _lock: File },
    /// There are no turns: no folder, or a file system without locks.
    Unknown,
    /// Somebody else has it, and does not let go.
    Busy,
}

impl Turn {
    fn without(error: &io::Error) -> Self {
        tracing::debug!(%error, "no turn to renew a login can be had");
        Self::Unknown
    }
}

const SSO_CACHE: &str = "sso/cache";

/// A place in one of the caches, by the name of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A login of IAM Identity Center, or the registration of a client with it.
    Sso(String),
    /// A role that was assumed.
    Role(String),
}

/// What can be kept.
pub(crate) trait Kept: Sized {
    /// Reads it from the text of its file.
    fn parse(text: &[u8]) -> Option<Self>;

    /// The text of its file.
    fn text(&self) -> Zeroizing<Vec<u8>>;

    /// Until when it is good.
    fn until(&self) -> SystemTime;
}

/// A secret on its way to or from a file that its owner alone can read.
#[derive(Clone)]
pub(crate) struct Written(pub(crate) Secret);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

/// The text of a file of these fields.
pub(crate) fn json(file: &impl Serialize) -> Zeroizing<Vec<u8>> {
    // Texts and lists of texts always have a form in JSON.
    Zeroizing::new(serde_json::to_vec(file).unwrap_or_default())
}

/// Escapes what is beyond ASCII, as Python's `json` does: in units of UTF-16.
pub(crate) fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            escaped.push(c);
            continue;
        }
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped
}

/// A text as Python's `json` writes it.
pub(crate) fn python_text(text: &str) -> String {
    ascii(&serde_json::Value::from(text).to_string())
}

/// SHA-1 of a text, in hexadecimal: how the AWS CLI names the files of its caches.
pub(crate) fn name_of(text: &str) -> String {
    let digest = Sha1::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A time as the caches have it: whole seconds, UTC.
pub(crate) fn written_time(time: SystemTime) -> String {
    let seconds = DateTime::from(time).secs();
    DateTime::from_secs(seconds)
        .fmt(Format::DateTime)
        .unwrap_or_default()
}

/// Reads a time. Older versions of the AWS CLI write `UTC` instead of `Z`.
pub(crate) fn read_time(text: &str) -> Option<SystemTime> {
    let text = text
        .strip_suffix("UTC")
        .map_or_else(|| text.to_owned(), |without| format!("{without}Z"));
    let time = DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(time).ok()
}

fn read_file<K: Kept>(path: &Path) -> Option<K> {
    for read in 1..=READS {
        let mut text = Zeroizing::new(Vec::new());
        let file = File::open(path).ok()?;
        file.take(MAX_FILE_BYTES).read_to_end(&mut text).ok()?;
        if let Some(kept) = K::parse(&text) {
            return Some(kept);
        }
        if read < READS {
            std::thread::sleep(HALF_WRITTEN);
        }
    }
    tracing::debug!(path = %path.display(), "a kept sign-in is not what it should be");
    None
}

/// Replaces a file in one step, so that nobody reads half of it. Temporary files are for their
/// owner alone.
fn write_file(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    make_folder(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".culvert-")
        .tempfile_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Number(u64);

    impl Kept for Number {
        fn parse(text: &[u8]) -> Option<Self> {
            std::str::from_utf8(text).ok()?.parse().ok().map(Self)
        }

        fn text(&self) -> Zeroizing<Vec<u8>> {
            Zeroizing::new(self.0.to_string().into_bytes())
        }

        fn until(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_secs(self.0)
        }
    }

    fn place() -> Place {
        Place::Sso(name_of("company"))
    }

    #[test]
    fn what_is_kept_lies_where_the_aws_cli_looks_and_its_owner_alone_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let kept = SignIns::in_folder(folder.path().join(".aws"));
        kept.keep(&place(), &Number(7)).unwrap();
        let name = format!("{}.json", name_of("company"));
        let path = folder.path().join(".aws/sso/cache").join(name);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "7");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(kept.read(&place()), Some(Number(7)));
        let others = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(others, 1, "no temporary file is left");
    }

    #[test]
    fn files_are_named_by_sha_1() {
        // FIPS 180-2, appendix A.1.
        assert_eq!(name_of("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_written_is_kept_in_memory_and_its_clones_share_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a-file");
        std::fs::write(&file, "").unwrap();
        let kept = SignIns::in_folder(file);
        let error = kept.keep(&place(), &Number(7)).unwrap_err();
        assert_eq!(error.code(), "sign-in-not-kept");
        let clone = kept.clone();
        drop(kept);
        assert_eq!(clone.read(&place()), Some(Number(7)));
        assert_eq!(
            SignIns::in_folder(folder.path()).read::<Number>(&place()),
            None
        );
    }

    #[test]
    fn a_later_sign_in_by_another_program_wins_over_what_is_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("sso");
        std::fs::write(&blocked, "").unwrap();
        let kept = SignIns::in_folder(folder.path());
        kept.keep(&place(), &Number(7)).unwrap_err();
        std::fs::remove_file(blocked).unwrap();
        SignIns::in_folder(folder.path())
            .keep(&place(), &Number(9))
            .unwrap();
        assert_eq!(kept.read(&place()), Some(Number(9)));
        SignIns::in_folder(folder.path())
            .keep(&place(), &Number(5))
            .unwrap();
        assert_eq!(kept.read(&place()), Some(Number(7)));
    }

    #[test]
    fn a_file_that_is_something_else_counts_as_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("sso/cache");
        std::fs::create_dir_all(&cache).unwrap();
        let path = cache.join(format!("{}.json", name_of("company")));
        std::fs::write(path, "\u{0}\u{1}").unwrap();
        assert_eq!(
            SignIns::in_folder(folder.path()).read::<Number>(&place()),
            None
        );
    }

    #[test]
    fn times_are_read_as_any_version_of_the_aws_cli_writes_them() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_640_467_800);
        for text in [
            "2021-12-25T21:30:00Z",
            "2021-12-25T21:30:00UTC",
            "2021-12-25T21:30:00+00:00",
            "2021-12-25T22:30:00+01:00",
        ] {
            assert_eq!(read_time(text), Some(time), "{text}");
        }
        assert_eq!(
            written_time(time + Duration::from_millis(9)),
            "2021-12-25T21:30:00Z"
        );
        assert_eq!(read_time("tomorrow"), None);
    }
}
