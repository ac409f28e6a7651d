//! Files that are saved for the user, among the downloads.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager as _};

use crate::view::RefusalView;

/// Names that are tried when a file of that name is there: nobody has more of the same.
const NAMES_MOST: u32 = 100;

/// Saves a text as a new file among the user's downloads, or in the home folder where there is no
/// such place, and answers its path.
///
/// # Errors
///
/// The folder can't be written to.
pub(crate) async fn save_for_user(
    app: &AppHandle,
    stem: String,
    end: &'static str,
    text: String,
) -> Result<String, RefusalView> {
    let folder = folder(app)?;
    let saved = tauri::async_runtime::spawn_blocking(move || save(&folder, &stem, end, &text));
    match saved.await {
        Ok(Ok(path)) => Ok(path.display().to_string()),
        Ok(Err(error)) => Err(RefusalView::not_saved(&error)),
        Err(error) => Err(RefusalView::not_saved(&error)),
    }
}

/// Answers where files are saved for the user: among the downloads, or in the home folder where there is no
/// such place.
///
/// # Errors
///
/// There is no home folder.
pub(crate) fn folder(app: &AppHandle) -> Result<PathBuf, RefusalView> {
    let paths = app.path();
    let downloads = paths.download_dir().ok().filter(|folder| folder.is_dir());
    downloads
        .map_or_else(|| paths.home_dir(), Ok)
        .map_err(|error| RefusalView::not_saved(&error))
}

/// Names that a file may have, the best one first: `stem.end`, and then with a number.
pub(crate) fn names(stem: &str, end: &str) -> impl Iterator<Item = String> {
    (1..=NAMES_MOST).map(move |number| match number {
        1 => format!("{stem}.{end}"),
        number => format!("{stem} ({number}).{end}"),
    })
}

/// Writes a text into a file `stem.end` of a folder, beside whatever is there, and returns its path.
///
/// # Errors
///
/// The folder can't be written to.
pub(crate) fn save(folder: &Path, stem: &str, end: &str, text: &str) -> io::Result<PathBuf> {
    let mut refused = io::Error::from(io::ErrorKind::AlreadyExists);
    for name in names(stem, end) {
        let path = folder.join(name);
        // What is there belongs to somebody.
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                return match file.write_all(text.as_bytes()) {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        // A part of it is no use to anybody; the first error is the one to tell.
                        std::fs::remove_file(&path).ok();
                        Err(error)
                    }
                };
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_no_other_files_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = save(folder.path(), "Culvert tunnels", "toml", "one").expect("written");
        assert_eq!(first, folder.path().join("Culvert tunnels.toml"));
        let second = save(folder.path(), "Culvert tunnels", "toml", "two").expect("written");
        assert_eq!(second, folder.path().join("Culvert tunnels (2).toml"));
        assert_eq!(std::fs::read_to_string(first).expect("there"), "one");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("missing");
        assert!(save(&missing, "a", "toml", "").is_err());
    }
}
