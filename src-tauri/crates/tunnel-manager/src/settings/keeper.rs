//! Keeps the settings' file and the settings in step.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tunnel::Edits;
use tunnel_proto::Problem;

use super::file::{self, Read};
use super::{Fault, Key, Settings};
use crate::store::{ConfigFile, StoreError, config_folder};

const FILE_NAME: &str = "settings.toml";
const LOCK_NAME: &str = "settings.lock";

/// The settings at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsState {
    /// What counts.
    pub settings: Settings,
    /// Values of the file that are not what they must be, and count as usual.
    pub faults: Vec<Fault>,
    /// Why the file could not be read; what was read before counts.
    pub problem: Option<Problem>,
}

/// Why a setting was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// It must be something else: show it at its field.
    #[error("{}", .0.must())]
    Wrong(Key),
    /// The file could not be read or written; it is as it was.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The program is ending.
    #[error("The program is ending.")]
    Closed,
}

impl SettingError {
    /// Tells it to people and to programs.
    pub fn problem(&self) -> Problem {
        let settings = |code: &str| {
            Problem::new(
                tunnel_proto::ProblemKind::Settings,
                code,
                self.to_string(),
                "",
            )
        };
        match self {
            Self::Wrong(_) => settings("invalid-setting"),
            Self::Store(error) => error.problem(),
            Self::Closed => settings("closed"),
        }
    }
}

/// The settings and their file. A clone is the same one.
#[derive(Debug, Clone)]
pub struct SettingsKeeper {
    file: ConfigFile,
    state: Arc<watch::Sender<SettingsState>>,
}

impl SettingsKeeper {
    /// Reads the file in the configuration folder. Blocks for as long as that takes.
    ///
    /// # Errors
    /// [`StoreError::NoFolder`]. A file that can't be read is told by [`state`](Self::state).
    pub fn in_config_folder() -> Result<Self, StoreError> {
        Ok(Self::in_folder(&config_folder()?))
    }

    /// The same in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        let keeper = Self {
            file: ConfigFile::new(folder, FILE_NAME, LOCK_NAME),
            state: Arc::new(watch::Sender::default()),
        };
        keeper.file.tidy();
        keeper.read_again();
        keeper
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The settings now and from now on.
    pub fn state(&self) -> watch::Receiver<SettingsState> {
        self.state.subscribe()
    }

    /// The settings now.
    pub fn settings(&self) -> Settings {
        self.state.borrow().settings.clone()
    }

    /// Reads the file again at each edit, for as long as it is polled.
    pub async fn follow(self, mut edits: Edits) {
        loop {
            edits.next().await;
            let keeper = self.clone();
            // Ends with the runtime.
            if spawn_blocking(move || keeper.read_again()).await.is_err() {
                return;
            }
        }
    }

    /// Changes a setting and saves it.
    ///
    /// # Errors
    /// Any [`SettingError`]; nothing has changed then.
    pub async fn change(&self, key: Key, text: String) -> Result<(), SettingError> {
        let keeper = self.clone();
        let changing = spawn_blocking(move || keeper.change_now(key, &text));
        // The task can only be cancelled by the runtime's end.
        changing.await.map_err(|_| SettingError::Closed)?
    }

    fn change_now(&self, key: Key, text: &str) -> Result<(), SettingError> {
        let _lock = self.file.lock()?;
        let there = self.file.text()?;
        let mut read = match &there {
            Some(there) => file::read(self.path(), there)?,
            None => Read::default(),
        };
        if !read.settings.take(key, text) {
            return Err(SettingError::Wrong(key));
        }
        let written = file::change(self.path(), there.as_deref(), key, &read.settings)?;
        if there.as_ref() != Some(&written) {
            self.file.write(&written)?;
        }
        self.adopt(file::read(self.path(), &written));
        Ok(())
    }

    fn read_again(&self) {
        let read = self.file.text().and_then(|text| match text {
            Some(text) => file::read(self.path(), &text),
            None => Ok(Read::default()),
        });
        self.adopt(read);
    }

    fn adopt(&self, read: Result<Read, StoreError>) {
        self.state.send_if_modified(|state| {
            let next = match read {
                Ok(Read { settings, faults }) => SettingsState {
                    settings,
                    faults,
                    problem: None,
                },
                Err(error) => {
                    tracing::warn!(%error, "the settings' file");
                    SettingsState {
                        problem: Some(error.problem()),
                        ..state.clone()
                    }
                }
            };
            let changes = *state != next;
            *state = next;
            changes
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn keeper() -> (TempDir, SettingsKeeper) {
        let folder = TempDir::new().expect("a folder");
        let keeper = SettingsKeeper::in_folder(folder.path());
        (folder, keeper)
    }

    #[tokio::test]
    async fn a_change_counts_at_once_and_after_a_restart() {
        let (folder, keeper) = keeper();
        keeper.change(Key::Zoom, "150".into()).await.expect("saved");
        assert_eq!(keeper.settings().zoom, 150);
        assert_eq!(
            SettingsKeeper::in_folder(folder.path()).settings().zoom,
            150
        );
        let wrong = keeper.change(Key::Zoom, "7".into()).await;
        assert!(matches!(wrong, Err(SettingError::Wrong(Key::Zoom))));
        assert_eq!(keeper.settings().zoom, 150);
    }

    #[tokio::test]
    async fn an_edit_counts_and_a_broken_one_is_told_until_it_is_mended() {
        let (_folder, keeper) = keeper();
        let (edits, hand) = Edits::by_hand();
        let following = tokio::spawn(keeper.clone().follow(edits));
        let mut state = keeper.state();
        let mut edit = async |text: &str| {
            fs::write(keeper.path(), text).expect("writable");
            hand.edit();
            state.changed().await.expect("lives");
            state.borrow_and_update().clone()
        };
        let good = edit("[appearance]\nzoom = 120\n").await;
        assert_eq!((good.settings.zoom, good.problem), (120, None));
        let broken = edit("[appearance\nzoom = 130\n").await;
        assert_eq!(broken.settings.zoom, 120, "the last good state runs on");
        let problem = broken.problem.expect("a problem");
        assert!(problem.what.contains("line 1, column"), "{problem:?}");
        let refused = keeper.change(Key::Zoom, "140".into()).await;
        assert!(matches!(refused, Err(SettingError::Store(_))));
        let mended = edit("[appearance]\nzoom = 130\n").await;
        assert_eq!((mended.settings.zoom, mended.problem), (130, None));
        following.abort();
    }

    #[tokio::test]
    async fn a_file_of_a_newer_version_is_told_and_left_alone() {
        let folder = TempDir::new().expect("a folder");
        let newer = "version = 99\n[appearance]\nzoom = 150\n";
        fs::write(folder.path().join(FILE_NAME), newer).expect("writable");
        let keeper = SettingsKeeper::in_folder(folder.path());
        assert_eq!(keeper.settings(), Settings::default());
        let problem = keeper.state().borrow().problem.clone().expect("a problem");
        assert_eq!(problem.code, "settings-newer");
        let refused = keeper.change(Key::Zoom, "140".into()).await;
        assert!(matches!(
            refused,
            Err(SettingError::Store(StoreError::Newer { .. }))
        ));
        assert_eq!(fs::read_to_string(keeper.path()).expect("there"), newer);
    }

    #[tokio::test]
    async fn what_cannot_be_saved_does_not_count() {
        let (folder, keeper) = keeper();
        keeper.change(Key::Zoom, "150".into()).await.expect("saved");
        let there = fs::read_to_string(keeper.path()).expect("there");
        fs::remove_file(folder.path().join(LOCK_NAME)).expect("writable");
        fs::create_dir(folder.path().join(LOCK_NAME)).expect("writable");
        let refused = keeper.change(Key::Zoom, "110".into()).await;
        assert!(matches!(
            refused,
            Err(SettingError::Store(StoreError::Write { .. }))
        ));
        assert_eq!(keeper.settings().zoom, 150);
        assert_eq!(fs::read_to_string(keeper.path()).expect("there"), there);
    }

    #[tokio::test]
    async fn what_the_keeper_writes_itself_is_no_edit() {
        let (_folder, keeper) = keeper();
        keeper.change(Key::Zoom, "150".into()).await.expect("saved");
        let state = keeper.state();
        keeper.read_again();
        assert!(!state.has_changed().expect("lives"));
    }
}
