//! Windows: a value of the key that Explorer reads at login. The installer's uninstaller removes it.

use std::io;
use std::path::Path;

use winreg::RegKey;
use winreg::enums::{HKEY_CURRENT_USER, KEY_READ, KEY_WRITE};

use crate::arguments::AT_LOGIN;

/// What is started.
const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
/// What the user has switched off in the Task Manager.
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";
/// The value's name in both: that of the product, by which the uninstaller knows it.
const NAME: &str = "Culvert";

/// The user's part of the registry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registry;

impl Registry {
    pub(super) const fn of_user() -> Option<Self> {
        Some(Self)
    }

    pub(super) fn is_on(self) -> bool {
        let run: io::Result<String> = key(RUN, KEY_READ).and_then(|key| key.get_value(NAME));
        let approved = key(APPROVED, KEY_READ).and_then(|key| key.get_raw_value(NAME));
        // An odd first byte says that it is switched off.
        let is_off =
            approved.is_ok_and(|value| value.bytes.first().is_some_and(|byte| byte % 2 == 1));
        run.is_ok() && !is_off
    }

    pub(super) fn add(self, program: &Path) -> io::Result<()> {
        let command = format!("\"{}\" {AT_LOGIN}", program.display());
        key(RUN, KEY_WRITE)?.set_value(NAME, &command)?;
        forgotten(key(APPROVED, KEY_WRITE).and_then(|key| key.delete_value(NAME)))
    }

    pub(super) fn remove(self) -> io::Result<()> {
        forgotten(key(RUN, KEY_WRITE).and_then(|key| key.delete_value(NAME)))
    }
}

fn key(path: &str, access: u32) -> io::Result<RegKey> {
    RegKey::predef(HKEY_CURRENT_USER).open_subkey_with_flags(path, access)
}

/// What is not there need not be removed.
fn forgotten(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
