//! Linux: an entry of the desktop's autostart folder (Desktop Application Autostart Specification).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::file::Form;
use crate::arguments::AT_LOGIN;

pub(super) const FORM: Form = Form { text, is_off };

/// Where the entry is.
#[cfg_attr(target_os = "macos", expect(dead_code, reason = "tested everywhere"))]
pub(super) fn path() -> Option<PathBuf> {
    let folder = folder(std::env::var_os("XDG_CONFIG_HOME"), std::env::home_dir())?;
    Some(folder.join("culvert.desktop"))
}

/// The folder that the specification names.
fn folder(config: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let config = config.map(PathBuf::from).filter(|path| path.is_absolute());
    let config = config.or_else(|| home.map(|home| home.join(".config")))?;
    Some(config.join("autostart"))
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

/// Desktops switch an entry off by a key in it, rather than taking it away.
fn is_off(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.replace(' ', "");
        line == "Hidden=true" || line == "X-GNOME-Autostart-enabled=false"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_as_the_specification_wants_it() {
        let text = text(Path::new("/opt/a $b%c/culvert-desktop"));
        assert!(
            text.contains("Exec=\"/opt/a \\\\$b%%c/culvert-desktop\" --at-login\n"),
            "{text}"
        );
    }

    #[test]
    fn an_entry_that_the_desktop_has_switched_off_is_off() {
        let text = text(Path::new("/opt/culvert-desktop"));
        assert!(!is_off(&text));
        assert!(is_off(&format!("{text}Hidden=true\n")));
        assert!(is_off("X-GNOME-Autostart-enabled = false"));
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
}
