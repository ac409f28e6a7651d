//! The files of AWS settings, credentials and sign-ins: that they change, not what is in them.
//!
//! `aws sso login` in a terminal writes into `~/.aws/sso/cache`, and each tunnel that waits for
//! a sign-in shall hear of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::conditions::Board;

/// A sign-in writes two or three files, each in several steps.
const SETTLES: Duration = Duration::from_millis(300);

/// Entries of a cache that are looked at: a bound for a folder that is something else.
const ENTRIES: usize = 1024;

/// Where the files lie, by the rules of the AWS CLI and the SDKs (shared configuration and
/// credentials files, AWS SDKs and Tools Reference Guide).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Places {
    /// In the home directory, or where `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say.
    pub(super) fn of_this_user() -> Self {
        Self::find(std::env::home_dir().as_deref(), |name| {
            std::env::var_os(name)
        })
    }

    fn find(home: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let aws = home.map(|home| home.join(".aws"));
        let file = |name: &str, usual: &str| match variable(name) {
            Some(path) if !path.is_empty() => {
                Some(match (Path::new(&path).strip_prefix("~"), home) {
                    (Ok(rest), Some(home)) => home.join(rest),
                    (Ok(_), None) | (Err(_), _) => PathBuf::from(path),
                })
            }
            Some(_) | None => aws.as_ref().map(|aws| aws.join(usual)),
        };
        let files = [
            file("AWS_CONFIG_FILE", "config"),
            file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ];
        let caches = aws.iter();
        Self {
            files: files.into_iter().flatten().collect(),
            folders: caches
                .flat_map(|aws| [aws.join("sso").join("cache"), aws.join("cli").join("cache")])
                .collect(),
        }
    }

    /// The folders to watch: those of the files and the caches, or what there is above them. A
    /// file that is a link is watched at its end as well.
    fn watched(&self) -> BTreeSet<PathBuf> {
        let ends = self
            .files
            .iter()
            .filter_map(|file| file.canonicalize().ok());
        let mut folders = BTreeSet::new();
        for file in self.files.iter().cloned().chain(ends) {
            folders.extend(file.parent().and_then(nearest));
        }
        folders.extend(self.folders.iter().filter_map(|folder| nearest(folder)));
        folders
    }

    /// The names by which an event may be known.
    fn names(&self) -> Names {
        let ends = self
            .files
            .iter()
            .filter_map(|file| file.canonicalize().ok());
        let paths = self.files.iter().chain(&self.folders).cloned().chain(ends);
        let folders = self.folders.iter().filter_map(|folder| folder.file_name());
        Names {
            on_the_way: paths
                .flat_map(|path| path.iter().map(OsString::from).collect::<Vec<_>>())
                .collect(),
            folders: folders.map(OsString::from).collect(),
        }
    }

    /// What can be seen of the files from outside.
    fn look(&self) -> Fingerprint {
        let mut seen = Fingerprint::new();
        for file in &self.files {
            seen.extend(outside(file));
        }
        for folder in &self.folders {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            let entries = entries.flatten().take(ENTRIES);
            seen.extend(entries.filter_map(|entry| outside(&entry.path())));
        }
        seen
    }
}

/// Time of change and length of each file.
type Fingerprint = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

fn outside(path: &Path) -> Option<(PathBuf, (Option<SystemTime>, u64))> {
    let about = std::fs::metadata(path).ok()?;
    Some((path.to_owned(), (about.modified().ok(), about.len())))
}

/// The folder, or the nearest above it that exists. Not the root: nothing of ours will appear
/// there, and everything else is below it.
fn nearest(folder: &Path) -> Option<PathBuf> {
    let found = folder.ancestors().find(|folder| folder.is_dir())?;
    found.parent().map(|_| found.to_owned())
}

/// Follows the files on the board, for as long as it is polled.
pub(super) async fn watch(board: Arc<Board>, places: Places) {
    match spawn_blocking(move || Watched::start(places)).await {
        Ok(Ok(watched)) => follow(&board, watched).await,
        Ok(Err(error)) => {
            tracing::info!(%error, "files of AWS credentials can't be watched");
        }
        // The runtime ends.
        Err(_) => {}
    }
}

async fn follow(board: &Board, mut watched: Watched) {
    loop {
        watched.alarm.notified().await;
        sleep(SETTLES).await;
        // A home directory may lie on a network that is down.
        let look = spawn_blocking(move || {
            let differs = watched.look_again();
            (watched, differs)
        });
        // Ends with the runtime.
        let Ok((then, differs)) = look.await else {
            return;
        };
        watched = then;
        if differs {
            tracing::info!("files of AWS settings or credentials have changed");
            board.credentials_changed();
        }
    }
}

/// The watch of the folders, and what was last seen in them.
struct Watched {
    places: Places,
    watcher: RecommendedWatcher,
    /// Rings when there may be something to see.
    alarm: Arc<Notify>,
    seen: Fingerprint,
}

impl Watched {
    fn start(places: Places) -> notify::Result<Self> {
        let names = places.names();
        let alarm = Arc::new(Notify::new());
        let bell = Arc::clone(&alarm);
        let hear = move |event: notify::Result<Event>| {
            // An error is news as well: events may be lost.
            if event.map_or(true, |event| concerns(&event, &names)) {
                bell.notify_one();
            }
        };
        let mut watched = Self {
            places,
            watcher: RecommendedWatcher::new(hear, Config::default())?,
            alarm,
            seen: Fingerprint::new(),
        };
        watched.look_again();
        Ok(watched)
    }

    /// Tells whether a file has changed since the last look.
    ///
    /// First it watches what there is to watch now: a folder may be new, or be another one of
    /// the same name. What appears after that rings again; what came before it is seen.
    fn look_again(&mut self) -> bool {
        for folder in self.places.watched() {
            if let Err(error) = self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                tracing::debug!(%error, "a folder can't be watched");
            }
        }
        let now = self.places.look();
        let differs = now != self.seen;
        self.seen = now;
        differs
    }
}

/// Names, and not paths, since a system may tell of a file by another path than it was asked for.
/// An event that has none of them is of something else: a home directory without `.aws` is
/// watched too, and busy.
struct Names {
    /// Of each file and all that it lies in.
    on_the_way: BTreeSet<OsString>,
    /// Of the folders in which every file counts.
    folders: BTreeSet<OsString>,
}

/// Whether an event may be of the files. Reading is none: tunnels read them all the time.
fn concerns(event: &Event, names: &Names) -> bool {
    let named = |path: Option<&Path>, names: &BTreeSet<OsString>| {
        let name = path.and_then(Path::file_name);
        name.is_some_and(|name| names.contains(name))
    };
    let near = |path: &PathBuf| {
        named(Some(path), &names.on_the_way) || named(path.parent(), &names.folders)
    };
    match event.kind {
        EventKind::Access(_) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => {
            event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(near)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use notify::event::{AccessKind, CreateKind};
    use tempfile::TempDir;
    use tokio::sync::watch;
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::*;
    use crate::environment::Conditions;

    fn none(_: &str) -> Option<OsString> {
        None
    }

    #[test]
    fn files_lie_in_the_home_directory() {
        let places = Places::find(Some(Path::new("/home/ann")), none);
        let expected = Places {
            files: vec![
                "/home/ann/.aws/config".into(),
                "/home/ann/.aws/credentials".into(),
            ],
            folders: vec![
                "/home/ann/.aws/sso/cache".into(),
                "/home/ann/.aws/cli/cache".into(),
            ],
        };
        assert_eq!(places, expected);
    }

    #[test]
    fn files_lie_where_the_environment_says() {
        let places = Places::find(Some(Path::new("/home/ann")), |name| match name {
            "AWS_CONFIG_FILE" => Some("/etc/aws/config".into()),
            _ => Some("~/keys".into()),
        });
        let expected: [PathBuf; 2] = ["/etc/aws/config".into(), "/home/ann/keys".into()];
        assert_eq!(places.files, expected);
    }

    #[test]
    fn without_a_home_there_is_nothing_to_watch() {
        let places = Places::find(None, none);
        assert_eq!(places, Places::default());
        assert!(places.watched().is_empty());
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        let places = Places::find(Some(Path::new("/home/ann")), |_| Some(OsString::new()));
        assert_eq!(places, Places::find(Some(Path::new("/home/ann")), none));
    }

    #[test]
    fn reading_a_file_and_other_files_in_the_home_directory_do_not_concern() {
        let names = Places::find(Some(Path::new("/home/ann")), none).names();
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        let created = EventKind::Create(CreateKind::Any);
        assert!(concerns(&event(created, "/home/ann/.aws"), &names));
        assert!(concerns(
            &event(created, "/home/ann/.aws/sso/cache/1.json"),
            &names
        ));
        assert!(!concerns(
            &event(created, "/home/ann/.bash_history"),
            &names
        ));
        let read = EventKind::Access(AccessKind::Any);
        assert!(!concerns(&event(read, "/home/ann/.aws/config"), &names));
    }

    /// The watch of a home directory, and where its changes are seen.
    fn follow_home(home: &TempDir) -> (watch::Receiver<Conditions>, JoinSet<()>) {
        let board = Board::new();
        let seen = board.watch();
        let places = Places::find(Some(home.path()), none);
        let watched = Watched::start(places).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { follow(&board, watched).await });
        (seen, tasks)
    }

    async fn next_change(seen: &mut watch::Receiver<Conditions>) {
        let changed = timeout(Duration::from_secs(10), seen.changed()).await;
        changed.expect("a change is seen").unwrap();
    }

    #[tokio::test]
    async fn a_sign_in_is_seen_though_its_folders_were_not_there() {
        let home = TempDir::new().unwrap();
        let (mut seen, _tasks) = follow_home(&home);
        let cache = home.path().join(".aws").join("sso").join("cache");
        fs::create_dir_all(&cache).unwrap();
        fs::write(cache.join("token.json"), "{}").unwrap();
        next_change(&mut seen).await;
        fs::write(cache.join("token.json"), "{\"again\": 1}").unwrap();
        next_change(&mut seen).await;
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_by_another_is_seen() {
        let home = TempDir::new().unwrap();
        let aws = home.path().join(".aws");
        fs::create_dir(&aws).unwrap();
        fs::write(aws.join("credentials"), "old").unwrap();
        let (mut seen, _tasks) = follow_home(&home);
        fs::write(aws.join("new"), "longer than it was").unwrap();
        fs::rename(aws.join("new"), aws.join("credentials")).unwrap();
        next_change(&mut seen).await;
    }

    #[tokio::test]
    async fn reading_the_files_is_no_change() {
        let home = TempDir::new().unwrap();
        let aws = home.path().join(".aws");
        fs::create_dir(&aws).unwrap();
        fs::write(aws.join("config"), "x").unwrap();
        let (mut seen, _tasks) = follow_home(&home);
        fs::read(aws.join("config")).unwrap();
        fs::write(aws.join("credentials"), "x").unwrap();
        next_change(&mut seen).await;
        assert_eq!(seen.borrow().credentials, 1);
    }

    #[test]
    fn what_is_not_there_is_waited_for_where_it_will_appear_and_never_made() {
        let home = TempDir::new().unwrap();
        let places = Places::find(Some(home.path()), none);
        assert_eq!(places.watched(), BTreeSet::from([home.path().to_owned()]));
        let mut watched = Watched::start(places).unwrap();
        assert!(!watched.look_again());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);

        fs::create_dir(home.path().join(".aws")).unwrap();
        assert!(!watched.look_again());
        let expected = BTreeSet::from([home.path().join(".aws")]);
        assert_eq!(watched.places.watched(), expected);
        fs::write(home.path().join(".aws").join("config"), "").unwrap();
        assert!(watched.look_again());
        assert!(!watched.look_again());
    }
}
