//! A file of the configuration folder: how it is read, locked and replaced, not what is in it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::ProjectDirs;

use super::lock::{self, Lock};
use super::{CONFIG_DIR_VARIABLE, StoreError, place, whole};

/// A file that is larger was not written by people or by us; reading it could fill the memory.
pub(crate) const SIZE_MOST: u64 = 4 << 20;

/// The folder that [`CONFIG_DIR_VARIABLE`] or else the OS names.
///
/// # Errors
/// [`StoreError::NoFolder`] when the OS names none.
pub(crate) fn config_folder() -> Result<PathBuf, StoreError> {
    if let Some(folder) = std::env::var_os(CONFIG_DIR_VARIABLE).filter(|name| !name.is_empty()) {
        return Ok(folder.into());
    }
    let folders = ProjectDirs::from("", "", "culvert").ok_or(StoreError::NoFolder)?;
    Ok(folders.config_dir().to_owned())
}

/// A file of the configuration folder.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    /// Beside the file, never where a link leads: that may be a folder of somebody's own.
    lock: PathBuf,
}

impl ConfigFile {
    /// The file of this name, and its lock. Touches nothing.
    pub(crate) fn new(folder: &Path, name: &str, lock: &str) -> Self {
        Self {
            path: folder.join(name),
            lock: folder.join(lock),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's text; `None` if there is no file.
    pub(crate) fn text(&self) -> Result<Option<String>, StoreError> {
        match File::open(&self.path) {
            Ok(file) => self.read_text(file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Read {
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Waits until nobody else writes the file. Makes the folder if there is none.
    pub(crate) fn lock(&self) -> Result<Lock, StoreError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let taken =
            whole::make_folder(folder).and_then(|()| lock::take(&self.lock, lock::PATIENCE));
        match taken {
            Ok(Lock::Busy) => Err(StoreError::Busy {
                path: self.path.clone(),
            }),
            Ok(lock) => Ok(lock),
            Err(source) => Err(StoreError::Write {
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Removes what processes have left that were killed while they wrote the file. Where somebody
    /// writes it now, all stays for the next time.
    pub(crate) fn tidy(&self) {
        if whole::leftovers(&self.path).is_empty() {
            return;
        }
        match lock::take(&self.lock, Duration::ZERO) {
            Ok(_held @ Lock::Held { .. }) => whole::remove_leftovers(&self.path),
            Ok(Lock::Unknown | Lock::Busy) | Err(_) => {}
        }
    }

    fn read_text(&self, file: File) -> Result<String, StoreError> {
        let mut bytes = Vec::new();
        file.take(SIZE_MOST + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| StoreError::Read {
                path: self.path.clone(),
                source,
            })?;
        if bytes.len() as u64 > SIZE_MOST {
            return Err(StoreError::TooLarge {
                path: self.path.clone(),
            });
        }
        String::from_utf8(bytes).map_err(|error| {
            let good =
                String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()])
                    .into_owned();
            let (line, column) = place(&good, good.len());
            let message = "the text is not UTF-8".to_owned();
            StoreError::Broken {
                path: self.path.clone(),
                line,
                column,
                message,
            }
        })
    }

    /// Writes a new file and puts it in the place of the old one, as a whole. One that could not be
    /// read again is not written.
    pub(crate) fn write(&self, text: &str) -> Result<(), StoreError> {
        if text.len() as u64 > SIZE_MOST {
            return Err(StoreError::TooMuch {
                path: self.path.clone(),
            });
        }
        whole::replace(&self.path, text.as_bytes()).map_err(|source| StoreError::Write {
            path: self.path.clone(),
            source,
        })
    }
}
