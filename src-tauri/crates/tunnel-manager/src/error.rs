//! What can go wrong with a request to the manager.

use std::error::Error as _;
use std::io;

use tunnel_proto::{Problem, ProblemKind};

use crate::profile::{Invalid, ProfileId};
use crate::store::StoreError;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagerError {
    /// The tunnel was removed in the meantime. Ask for the overview again.
    #[error("There is no tunnel {0}.")]
    UnknownTunnel(ProfileId),
    /// It was put back already, or is too long ago.
    #[error("What was deleted can't be put back any more.")]
    UnknownRemoval,
    /// The settings break these rules. Show each at its field.
    #[error("The tunnel's settings are incomplete or wrong.")]
    Invalid(Vec<Invalid>),
    /// The profile file could not be read or written; it is as it was.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tunnel leads to production: ask a person, and pass on what was said.
    #[error("The tunnel leads to production, so it starts only when a person says so.")]
    NeedsConsent(ProfileId),
    /// The demo tunnel is not saved, so it has no settings.
    #[error("The demo tunnel can't be edited.")]
    DemoIsFixed,
    /// The demo service did not start.
    #[error("{}", .0.what)]
    Demo(Problem),
    /// The program is ending.
    #[error("The program is ending.")]
    Closed,
}

impl ManagerError {
    /// Tells it to people and to programs.
    pub fn problem(&self) -> Problem {
        match self {
            Self::UnknownTunnel(_) => {
                settings("unknown-tunnel", self.to_string(), "Choose another one.")
            }
            Self::UnknownRemoval => settings("unknown-removal", self.to_string(), ""),
            Self::Invalid(wrong) => {
                let details: Vec<_> = wrong.iter().map(ToString::to_string).collect();
                settings(
                    "invalid-settings",
                    self.to_string(),
                    "Correct the marked fields.",
                )
                .with_details(details.join("\n"))
            }
            Self::Store(error) => error.problem(),
            Self::NeedsConsent(_) => settings(
                "needs-consent",
                self.to_string(),
                "Connect it by itself, and answer what is asked.",
            ),
            Self::DemoIsFixed => settings(
                "demo-is-fixed",
                self.to_string(),
                "Make a new tunnel for a destination of your own.",
            ),
            Self::Demo(problem) => problem.clone(),
            Self::Closed => settings("closed", self.to_string(), ""),
        }
    }
}

impl StoreError {
    /// Tells it to people and to programs.
    pub fn problem(&self) -> Problem {
        let (code, remedy) = match self {
            Self::NoFolder => ("no-settings-folder", "Set HOME, or CULVERT_CONFIG_DIR."),
            Self::Read { .. } => (
                "settings-unreadable",
                "Check who may read the file, then read it again.",
            ),
            Self::Write { source, .. } => ("settings-unwritable", unwritable(source.kind())),
            Self::Busy { .. } => (
                "settings-busy",
                "Try again; if that fails too, look for a program culvert that is frozen.",
            ),
            Self::TooLarge { .. } => ("settings-too-large", "Move the file away."),
            Self::TooMuch { .. } => (
                "settings-too-much",
                "Delete tunnels that you don't need, or shorten what you wrote. The file is as it was.",
            ),
            Self::Newer { .. } => (
                "settings-newer",
                "Use that version, or move the file away. It was not changed.",
            ),
            Self::Broken { .. } | Self::Invalid { .. } => (
                "settings-broken",
                "Correct that line. The file was not changed.",
            ),
        };
        let details = self.source().map(ToString::to_string).unwrap_or_default();
        let problem = settings(code, self.to_string(), remedy).with_details(details);
        match self {
            Self::NoFolder => problem,
            Self::Read { path, .. }
            | Self::Busy { path }
            | Self::TooLarge { path }
            | Self::TooMuch { path } => problem.with_fact("path", &path.display()),
            Self::Write { path, source } => {
                let problem = problem.with_fact("path", &path.display());
                match hindrance(source.kind()) {
                    Hindrance::NoRoom => problem.with_fact("full", &"disk"),
                    Hindrance::NotAllowed => problem.with_fact("denied", &"folder"),
                    Hindrance::Other => problem,
                }
            }
            Self::Newer { path, version } => problem
                .with_fact("path", &path.display())
                .with_fact("version", &version),
            Self::Broken {
                path, line, column, ..
            }
            | Self::Invalid {
                path, line, column, ..
            } => problem
                .with_fact("path", &path.display())
                .with_fact("line", &line)
                .with_fact("column", &column),
        }
    }
}

/// What keeps a file from being written.
enum Hindrance {
    NoRoom,
    NotAllowed,
    Other,
}

/// The kinds are the standard library's.
fn hindrance(kind: io::ErrorKind) -> Hindrance {
    let is_one_of = |kinds: [io::ErrorKind; 2]| kinds.contains(&kind);
    if is_one_of([io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded]) {
        Hindrance::NoRoom
    } else if is_one_of([
        io::ErrorKind::ReadOnlyFilesystem,
        io::ErrorKind::PermissionDenied,
    ]) {
        Hindrance::NotAllowed
    } else {
        Hindrance::Other
    }
}

/// What helps against a file that can't be written.
fn unwritable(kind: io::ErrorKind) -> &'static str {
    match hindrance(kind) {
        Hindrance::NoRoom => "The disk is full: make room and try again. The file is as it was.",
        Hindrance::NotAllowed => {
            "You may not write there: check the folder's permissions and try again. The file is as it was."
        }
        Hindrance::Other => "Check the folder and its disk, and try again. The file is as it was.",
    }
}

/// All that can go wrong here is the user's own: what is saved, or what was asked for.
fn settings(code: &str, what: String, remedy: &str) -> Problem {
    Problem::new(ProblemKind::Settings, code, what, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_folder_for_reading_only_are_told_apart_with_what_helps() {
        let told = |kind: io::ErrorKind| {
            StoreError::Write {
                path: "tunnels.toml".into(),
                source: kind.into(),
            }
            .problem()
        };
        for (kind, helps) in [
            (io::ErrorKind::StorageFull, "make room"),
            (io::ErrorKind::QuotaExceeded, "make room"),
            (io::ErrorKind::PermissionDenied, "permissions"),
            (io::ErrorKind::ReadOnlyFilesystem, "permissions"),
            (io::ErrorKind::TimedOut, "disk"),
        ] {
            let problem = told(kind);
            assert_eq!(problem.code, "settings-unwritable");
            assert!(problem.remedy.contains(helps), "{problem:?}");
            assert!(problem.remedy.ends_with("The file is as it was."));
        }
    }
}
