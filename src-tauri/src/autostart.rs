//! The start at login: what the system reads when somebody logs in is the only truth about it.
//!
//! On Linux and macOS that is a file of the user's, on Windows a value in the registry.

#[cfg(all(not(windows), any(target_os = "macos", test)))]
mod agent;
#[cfg(all(not(windows), any(not(target_os = "macos"), test)))]
mod entry;
#[cfg(not(windows))]
mod file;
#[cfg(windows)]
mod registry;

use std::io;
use std::path::PathBuf;

#[cfg(not(windows))]
use file::File as Place;
#[cfg(windows)]
use registry::Registry as Place;

/// What the system starts at login, if this system has a place to say so.
#[derive(Debug, Clone)]
pub(crate) struct Autostart {
    place: Option<Place>,
    program: Option<PathBuf>,
}

impl Autostart {
    /// This user's, for this program.
    pub(crate) fn of_user() -> Self {
        Self {
            place: Place::of_user(),
            program: program(),
        }
    }

    /// Whether the program starts at login; `None` where that can't be said or changed. Someone
    /// else may have changed it, so it is looked at anew each time.
    pub(crate) fn is_on(&self) -> Option<bool> {
        self.program.as_ref()?;
        Some(self.place.as_ref()?.is_on())
    }

    /// Switches it on or off.
    ///
    /// # Errors
    /// What the system says; it is as it was then.
    pub(crate) fn set(&self, on: bool) -> io::Result<()> {
        let (Some(place), Some(program)) = (&self.place, &self.program) else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        if on {
            place.add(program)
        } else {
            place.remove()
        }
    }
}

/// The program's own file; that of an AppImage is the image, since what runs is gone at its end.
fn program() -> Option<PathBuf> {
    let image = std::env::var_os("APPIMAGE").map(PathBuf::from);
    image
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::current_exe().ok())
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    fn autostart(place: Option<Place>) -> Autostart {
        Autostart {
            place,
            program: Some("/opt/culvert-desktop".into()),
        }
    }

    #[test]
    fn it_is_off_until_it_is_switched_on_and_leaves_nothing_behind() {
        let home = tempfile::tempdir().expect("a folder");
        for (name, form) in [
            ("culvert.desktop", entry::FORM),
            ("io.culvert.desktop.plist", agent::FORM),
        ] {
            let folder = home.path().join("autostart");
            let file = folder.join(name);
            let autostart = autostart(Some(Place::new(file.clone(), form)));
            assert_eq!(autostart.is_on(), Some(false));
            autostart.set(false).expect("nothing to do");
            autostart.set(true).expect("made");
            assert_eq!(autostart.is_on(), Some(true));
            let text = std::fs::read_to_string(&file).expect("there");
            assert!(
                text.contains("/opt/culvert-desktop") && text.contains("--at-login"),
                "{text}"
            );
            autostart.set(false).expect("removed");
            assert_eq!(std::fs::read_dir(folder).expect("there").count(), 0);
        }
    }

    #[test]
    fn where_there_is_no_such_place_it_is_not_offered() {
        let autostart = autostart(None);
        assert_eq!(autostart.is_on(), None);
        autostart.set(true).expect_err("refused");
    }
}
