//! The start at login: an entry of the desktop's autostart folder (Desktop Application Autostart
//! Specification), whose presence is the only truth about it.
//!
//! On other systems it is not offered.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::arguments::AT_LOGIN;

const FILE: &str = "culvert.desktop";

/// Where the entry is, if this system has such a place.
#[derive(Debug, Clone)]
pub(crate) struct Autostart {
    entry: Option<PathBuf>,
    program: Option<PathBuf>,
}

impl Autostart {
    /// This user's, for this program.
    pub(crate) fn of_user() -> Self {
        let entry = if cfg!(target_os = "linux") {
            folder(std::env::var_os("XDG_CONFIG_HOME"), std::env::home_dir())
        } else {
            None
        };
        Self {
            entry: entry.map(|folder| folder.join(FILE)),
            program: program(),
        }
    }

    /// Whether the program starts at login; `None` where that can't be said or changed. Someone
    /// else may have changed it, so it is looked at anew each time.
    pub(crate) fn is_on(&self) -> Option<bool> {
        self.program.as_ref()?;
        let text = std::fs::read_to_string(self.entry.as_ref()?);
        // Desktops switch an entry off by a key in it, rather than taking it away.
        Some(text.is_ok_and(|text| !text.lines().any(is_off)))
    }

    /// Makes or removes the entry.
    ///
    /// # Errors
    /// What the system says; it is as it was then.
    pub(crate) fn set(&self, on: bool) -> io::Result<()> {
        let (Some(entry), Some(program)) = (&self.entry, &self.program) else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        if on {
            let folder = entry.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            let file = tempfile::Builder::new().tempfile_in(folder)?;
            std::fs::write(file.path(), text(program))?;
            file.persist(entry)?;
            return Ok(());
        }
        match std::fs::remove_file(entry) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The folder that the specification names.
fn folder(config: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let config = config.map(PathBuf::from).filter(|path| path.is_absolute());
    let config = config.or_else(|| home.map(|home| home.join(".config")))?;
    Some(config.join("autostart"))
}

/// The program's own file; that of an AppImage is the image, since what runs is gone at its end.
fn program() -> Option<PathBuf> {
    let image = std::env::var_os("APPIMAGE").map(PathBuf::from);
    image
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::current_exe().ok())
}

/// An uninstalled program leaves an entry that does nothing: `TryExec` sees to that.
fn text(program: &Path) -> String {
    let path = program.display().to_string();
    // Desktop Entry Specification: in a quoted argument these four have a backslash, which is
    // itself escaped in a string; a percent sign is doubled.
    let quoted = path
        .replace('\\', r"\\\\")
        .replace('"', r#"\\""#)
        .replace('`', r"\\`")
        .replace('$', r"\\$")
        .replace('%', "%%");
    let tried = path.replace('\\', r"\\");
    format!(
        "[Desktop Entry]\nType=Application\nName=Culvert\nIcon=culvert-desktop\nTryExec={tried}\n\
         Exec=\"{quoted}\" {AT_LOGIN}\nX-GNOME-Autostart-enabled=true\n"
    )
}

fn is_off(line: &str) -> bool {
    let line = line.replace(' ', "");
    line == "Hidden=true" || line == "X-GNOME-Autostart-enabled=false"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_off_until_it_is_switched_on_and_leaves_nothing_behind() {
        let home = tempfile::tempdir().expect("a folder");
        let autostart = Autostart {
            entry: Some(home.path().join("autostart").join(FILE)),
            program: Some("/opt/a $b%c/culvert-desktop".into()),
        };
        assert_eq!(autostart.is_on(), Some(false));
        autostart.set(false).expect("nothing to do");
        autostart.set(true).expect("made");
        assert_eq!(autostart.is_on(), Some(true));
        let file = home.path().join("autostart").join(FILE);
        let text = std::fs::read_to_string(&file).expect("there");
        assert!(
            text.contains("Exec=\"/opt/a \\\\$b%%c/culvert-desktop\" --at-login\n"),
            "{text}"
        );
        std::fs::write(&file, text + "Hidden=true\n").expect("writable");
        assert_eq!(
            autostart.is_on(),
            Some(false),
            "the desktop has switched it off"
        );
        autostart.set(true).expect("made");
        assert_eq!(autostart.is_on(), Some(true));
        autostart.set(false).expect("removed");
        let left = std::fs::read_dir(home.path().join("autostart")).expect("there");
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn the_folder_is_the_one_of_the_specification() {
        let home = Some(PathBuf::from("/home/ann"));
        let of = |config: Option<&str>| folder(config.map(Into::into), home.clone());
        assert_eq!(of(None), Some("/home/ann/.config/autostart".into()));
        assert_eq!(
            of(Some("relative")),
            Some("/home/ann/.config/autostart".into())
        );
        assert_eq!(of(Some("/xdg")), Some("/xdg/autostart".into()));
        assert_eq!(folder(None, None), None);
    }

    #[test]
    fn where_there_is_no_such_place_it_is_not_offered() {
        let autostart = Autostart {
            entry: None,
            program: Some("/x".into()),
        };
        assert_eq!(autostart.is_on(), None);
        autostart.set(true).expect_err("refused");
    }
}
