//! A file of the user's that the system reads at login: its presence says that the program starts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a system wants to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// The file's text for a program.
    pub(super) text: fn(&Path) -> String,
    /// Whether the user has switched the file off without taking it away.
    pub(super) is_off: fn(&str) -> bool,
}

/// The file.
#[derive(Debug, Clone)]
pub(super) struct File {
    path: PathBuf,
    form: Form,
}

impl File {
    #[cfg(test)]
    pub(super) fn new(path: PathBuf, form: Form) -> Self {
        Self { path, form }
    }

    /// This user's; `None` where the system names no home folder.
    pub(super) fn of_user() -> Option<Self> {
        #[cfg(target_os = "macos")]
        use super::agent as system;
        #[cfg(not(target_os = "macos"))]
        use super::entry as system;

        Some(Self {
            path: system::path()?,
            form: system::FORM,
        })
    }

    pub(super) fn is_on(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|text| !(self.form.is_off)(&text))
    }

    /// Makes it, or makes it anew.
    pub(super) fn add(&self, program: &Path) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let file = tempfile::Builder::new().tempfile_in(folder)?;
        fs::write(file.path(), (self.form.text)(program))?;
        file.persist(&self.path)?;
        Ok(())
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
