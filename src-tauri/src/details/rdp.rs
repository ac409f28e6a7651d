//! Files that a remote desktop client opens.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Names that are tried when a file of that name is there: nobody has more of the same tunnel.
const NAMES_MOST: u32 = 100;

/// Writes a file for the tunnel of this name that listens at this address into a folder, beside
/// whatever is there, and returns its path.
///
/// # Errors
///
/// The folder can't be written to.
pub(crate) fn save(folder: &Path, name: &str, address: &str) -> io::Result<PathBuf> {
    let stem = stem(name);
    let mut refused = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 1..=NAMES_MOST {
        let path = folder.join(match number {
            1 => format!("{stem}.rdp"),
            number => format!("{stem} ({number}).rdp"),
        });
        // What is there belongs to somebody.
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text(address).as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

/// The settings of a connection to this address; the client asks for the account.
fn text(address: &str) -> String {
    format!(
        "full address:s:{address}\r\nprompt for credentials:i:1\r\nautoreconnection enabled:i:1\r\n"
    )
}

/// A tunnel's name as a file's name on every system.
fn stem(name: &str) -> String {
    let plain = |each: char| each.is_alphanumeric() || matches!(each, ' ' | '-' | '_');
    let named: String = name
        .chars()
        .map(|each| if plain(each) { each } else { '-' })
        .take(80)
        .collect();
    let named = named.trim();
    if named.is_empty() {
        "tunnel".to_owned()
    } else {
        named.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_where_to_connect_and_takes_no_other_files_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = save(folder.path(), "Billing RDP", "127.0.0.1:13389").expect("written");
        assert_eq!(first, folder.path().join("Billing RDP.rdp"));
        let written = std::fs::read_to_string(&first).expect("there");
        assert!(written.starts_with("full address:s:127.0.0.1:13389\r\n"));
        let second = save(folder.path(), "Billing RDP", "[::1]:13389").expect("written");
        assert_eq!(second, folder.path().join("Billing RDP (2).rdp"));
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert_eq!(stem("../../.ssh/config"), "-------ssh-config");
        assert_eq!(stem("C:\\x"), "C--x");
        assert_eq!(stem(" \u{1F680}\n "), "--");
        assert_eq!(stem("  "), "tunnel");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("missing");
        assert!(save(&missing, "a", "127.0.0.1:1").is_err());
    }
}
