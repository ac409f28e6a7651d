//! The profile file: one readable TOML file in the OS's configuration folder.

mod file;
mod lock;
mod whole;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use lock::Lock;

use crate::profile::{Invalid, Profile};

/// Environment variable that names the configuration folder, instead of the OS's own.
pub const CONFIG_DIR_VARIABLE: &str = "CULVERT_CONFIG_DIR";

const FILE_NAME: &str = "tunnels.toml";

/// Beside the file, never where a link leads: that may be a folder of somebody's own.
const LOCK_NAME: &str = "tunnels.lock";

/// A file that is larger was not written by people or by us; reading it could fill the memory.
const SIZE_MOST: u64 = 4 << 20;

/// Reads and writes the saved tunnels.
///
/// Each change reads the file anew and alters in its text what it changes, under a lock that every
/// process of ours takes, so that what another one or an editor wrote in between is kept; the write
/// is atomic. A file that cannot be understood, or that a newer version wrote, is never written to.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

/// Why the profile file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The OS names no configuration folder, for example because there is no home folder.
    #[error("There is no folder for settings: the system names no home folder.")]
    NoFolder,
    /// The file cannot be read. See the source.
    #[error("{} could not be read.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the OS says.
        source: io::Error,
    },
    /// The file cannot be written. See the source.
    #[error("{} could not be written.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the OS says.
        source: io::Error,
    },
    /// Another process has been writing it for longer than writing takes.
    #[error("{} is being written by another process, which does not end.", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It is larger than any list of tunnels.
    #[error("{} is larger than {} MiB, so it was not read.", path.display(), SIZE_MOST >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Another version of the program wrote it.
    #[error("{} was written by a newer version (format {version}).", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format that it says it has.
        version: i64,
    },
    /// It is not TOML, or not the TOML that it should be.
    #[error("{} can't be understood at line {line}, column {column}: {message}.", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// Counts characters from 1.
        column: usize,
        /// What the parser says, in one line.
        message: String,
    },
    /// A tunnel in it breaks a rule.
    #[error("{} has a tunnel that can't work at line {line}, column {column}: {invalid}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where the tunnel begins, from 1.
        line: usize,
        /// Counts characters from 1.
        column: usize,
        /// The first rule that it breaks.
        invalid: Invalid,
    },
}

impl Store {
    /// Uses the file in the folder that [`CONFIG_DIR_VARIABLE`] or else the OS names. Touches
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoFolder`] when the OS names none.
    pub fn in_config_folder() -> Result<Self, StoreError> {
        if let Some(folder) = std::env::var_os(CONFIG_DIR_VARIABLE).filter(|name| !name.is_empty())
        {
            return Ok(Self::in_folder(Path::new(&folder)));
        }
        let folders = ProjectDirs::from("", "", "culvert").ok_or(StoreError::NoFolder)?;
        Ok(Self::in_folder(folders.config_dir()))
    }

    /// Uses the file in this folder, which is made when it is first written to.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE_NAME),
        }
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all tunnels, in the file's order; none when there is no file.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`]; those about the content say where in the file.
    pub fn read(&self) -> Result<Vec<Profile>, StoreError> {
        match self.text()? {
            Some(text) => file::parse(&self.path, &text),
            None => Ok(Vec::new()),
        }
    }

    /// Reads all tunnels, lets `change` alter them and writes what it changed: comments, order and
    /// spacing of all else stay as they are.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`], and then the file is as it was.
    pub fn update(
        &self,
        change: impl FnOnce(&mut Vec<Profile>),
    ) -> Result<Vec<Profile>, StoreError> {
        let _lock = self.lock()?;
        let text = self.text()?;
        let before = match &text {
            Some(text) => file::parse(&self.path, text)?,
            None => Vec::new(),
        };
        let mut profiles = before.clone();
        change(&mut profiles);
        if profiles != before {
            self.write(&match &text {
                Some(text) => file::change(text, &before, &profiles),
                None => file::render(&profiles),
            })?;
        }
        Ok(profiles)
    }

    /// The file's text; `None` if there is no file.
    fn text(&self) -> Result<Option<String>, StoreError> {
        match File::open(&self.path) {
            Ok(file) => self.read_text(file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Read {
                path: self.path.clone(),
                source,
            }),
        }
    }

    fn lock(&self) -> Result<Lock, StoreError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let taken = whole::make_folder(folder)
            .and_then(|()| lock::take(&folder.join(LOCK_NAME), lock::PATIENCE));
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
            let (line, column) = file::place(&good, good.len());
            let message = "the text is not UTF-8".to_owned();
            StoreError::Broken {
                path: self.path.clone(),
                line,
                column,
                message,
            }
        })
    }

    fn write(&self, text: &str) -> Result<(), StoreError> {
        whole::replace(&self.path, text.as_bytes()).map_err(|source| StoreError::Write {
            path: self.path.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests;
