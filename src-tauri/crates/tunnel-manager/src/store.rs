//! The profile file: one readable TOML file in the OS's configuration folder.

mod config_file;
mod file;
mod lock;
mod whole;

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use config_file::{ConfigFile, SIZE_MOST, config_folder};
pub(crate) use file::{parse, place, render};
pub use whole::{remove_leftovers, replace as replace_file};

use crate::profile::{Invalid, Profile};

/// Environment variable that names the configuration folder, instead of the OS's own.
pub const CONFIG_DIR_VARIABLE: &str = "CULVERT_CONFIG_DIR";

const FILE_NAME: &str = "tunnels.toml";

const LOCK_NAME: &str = "tunnels.lock";

/// Reads and writes the saved tunnels.
///
/// Each change reads the file anew and alters in its text what it changes, under a lock that every
/// process of ours takes, so that what another one or an editor wrote in between is kept; the write
/// is atomic. A file that cannot be understood, or that a newer version wrote, is never written to.
#[derive(Debug, Clone)]
pub struct Store {
    file: ConfigFile,
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
    /// It would be larger than what is read again.
    #[error("{} would be larger than {} MiB, so it was not written.", path.display(), SIZE_MOST >> 20)]
    TooMuch {
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
        Ok(Self::in_folder(&config_folder()?))
    }

    /// Uses the file in this folder, which is made when it is first written to.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            file: ConfigFile::new(folder, FILE_NAME, LOCK_NAME),
        }
    }

    /// Removes what processes have left beside the file that were killed while they wrote it.
    pub fn tidy(&self) {
        self.file.tidy();
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Reads all tunnels, in the file's order; none when there is no file.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`]; those about the content say where in the file.
    pub fn read(&self) -> Result<Vec<Profile>, StoreError> {
        match self.file.text()? {
            Some(text) => parse(self.path(), &text),
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
        let _lock = self.file.lock()?;
        let text = self.file.text()?;
        let before = match &text {
            Some(text) => parse(self.path(), text)?,
            None => Vec::new(),
        };
        let mut profiles = before.clone();
        change(&mut profiles);
        if profiles != before {
            self.file.write(&match &text {
                Some(text) => file::change(text, &before, &profiles),
                None => render(&profiles),
            })?;
        }
        Ok(profiles)
    }
}

#[cfg(test)]
mod tests;
