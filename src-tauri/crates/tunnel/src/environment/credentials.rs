//! The files of AWS settings, credentials and sign-ins: that they change, not what is in them.
//!
//! `aws sso login` in a terminal writes into `~/.aws/sso/cache`, and each tunnel that waits for
//! a sign-in shall hear of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::conditions::Board;
use super::files::{self, Places, Watched};

/// Where the files lie, by the rules of the AWS CLI and the SDKs (shared configuration and
/// credentials files, AWS SDKs and Tools Reference Guide): in the home directory, or where
/// `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say.
pub(super) fn of_this_user() -> Places {
    find(std::env::home_dir().as_deref(), |name| {
        std::env::var_os(name)
    })
}

fn find(home: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Places {
    let aws = home.map(|home| home.join(".aws"));
    let file = |name: &str, usual: &str| match variable(name) {
        Some(path) if !path.is_empty() => Some(match (Path::new(&path).strip_prefix("~"), home) {
            (Ok(rest), Some(home)) => home.join(rest),
            (Ok(_), None) | (Err(_), _) => PathBuf::from(path),
        }),
        Some(_) | None => aws.as_ref().map(|aws| aws.join(usual)),
    };
    let files = [
        file("AWS_CONFIG_FILE", "config"),
        file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ];
    let caches = aws.iter();
    Places {
        files: files.into_iter().flatten().collect(),
        folders: caches
            .flat_map(|aws| [aws.join("sso").join("cache"), aws.join("cli").join("cache")])
            .collect(),
    }
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

async fn follow(board: &Board, watched: Watched) {
    let tell = || {
        tracing::info!("files of AWS settings or credentials have changed");
        board.credentials_changed();
    };
    files::follow(watched, tell).await;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::time::Duration;

    use notify::event::{AccessKind, CreateKind};
    use notify::{Event, EventKind};
    use tempfile::TempDir;
    use tokio::sync::watch;
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::*;
    use crate::environment::Conditions;
    use crate::environment::files::concerns;

    fn none(_: &str) -> Option<OsString> {
        None
    }

    #[test]
    fn files_lie_in_the_home_directory() {
        let places = find(Some(Path::new("/home/ann")), none);
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
        let places = find(Some(Path::new("/home/ann")), |name| match name {
            "AWS_CONFIG_FILE" => Some("/etc/aws/config".into()),
            _ => Some("~/keys".into()),
        });
        let expected: [PathBuf; 2] = ["/etc/aws/config".into(), "/home/ann/keys".into()];
        assert_eq!(places.files, expected);
    }

    #[test]
    fn without_a_home_there_is_nothing_to_watch() {
        let places = find(None, none);
        assert_eq!(places, Places::default());
        assert!(places.watched().is_empty());
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        let places = find(Some(Path::new("/home/ann")), |_| Some(OsString::new()));
        assert_eq!(places, find(Some(Path::new("/home/ann")), none));
    }

    #[test]
    fn reading_a_file_and_other_files_in_the_home_directory_do_not_concern() {
        let names = find(Some(Path::new("/home/ann")), none).names();
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
        let places = find(Some(home.path()), none);
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
        let places = find(Some(home.path()), none);
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
