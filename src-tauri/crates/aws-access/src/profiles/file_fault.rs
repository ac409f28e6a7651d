//! What can be wrong with one of the files.

use std::path::PathBuf;

use super::Severity;

/// What is wrong with one of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub kind: FileFaultKind,
}

/// What can be wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFaultKind {
    /// The system does not let it be read.
    Unreadable {
        /// What the system says.
        reason: String,
    },
    /// It is no text in UTF-8, so nothing in it counts.
    NotText,
    /// It is larger than such a file can be.
    TooLarge,
    /// A line that makes no sense, for which AWS's SDKs refuse the file.
    BadLine {
        /// What is wrong with it. Never the line itself, which may hold a secret.
        reason: &'static str,
    },
    /// A byte order mark before the first section, for which AWS's SDKs refuse the file.
    ByteOrderMark,
    /// A section of the config file whose name lacks `profile ` in front: it does not count.
    PrefixMissing {
        /// The name.
        section: String,
    },
    /// A section of the credentials file with `profile ` or another word in front: it does not
    /// count.
    PrefixInCredentials {
        /// The name.
        section: String,
    },
    /// A section of the config file of a kind that AWS does not know: it does not count.
    UnknownSection {
        /// The name, with the kind in front.
        section: String,
    },
    /// A section of a kind whose sections have names, without one: it does not count.
    NameMissing {
        /// The kind; empty if that is missing too.
        section: String,
    },
    /// A section whose name holds characters that no name may hold: it does not count.
    BadName {
        /// The name.
        section: String,
    },
    /// `[default]` beside `[profile default]`: only the latter counts.
    DefaultTwice,
    /// Other users of this machine can read keys in it.
    ReadableByOthers,
}

impl FileFault {
    /// The one of these for which the files may have no profile of this name.
    #[must_use]
    pub fn that_hides<'a>(faults: &'a [Self], profile: &str) -> Option<&'a Self> {
        let is_of_profile = |section: &str| {
            let name = section
                .split_once([' ', '\t'])
                .map_or(section, |(_, name)| name.trim());
            name == profile || section == profile
        };
        let by_name = faults.iter().find(|fault| match &fault.kind {
            FileFaultKind::PrefixMissing { section }
            | FileFaultKind::PrefixInCredentials { section }
            | FileFaultKind::UnknownSection { section }
            | FileFaultKind::BadName { section } => is_of_profile(section),
            FileFaultKind::Unreadable { .. }
            | FileFaultKind::NotText
            | FileFaultKind::TooLarge
            | FileFaultKind::BadLine { .. }
            | FileFaultKind::ByteOrderMark
            | FileFaultKind::NameMissing { .. }
            | FileFaultKind::DefaultTwice
            | FileFaultKind::ReadableByOthers => false,
        });
        by_name.or_else(|| {
            faults
                .iter()
                .find(|fault| fault.severity() == Severity::Broken)
        })
    }

    /// Whether the AWS SDKs refuse the file for it.
    pub(crate) fn stops_the_sdk(&self) -> bool {
        match self.kind {
            FileFaultKind::BadLine { .. } | FileFaultKind::ByteOrderMark => true,
            FileFaultKind::Unreadable { .. }
            | FileFaultKind::NotText
            | FileFaultKind::TooLarge
            | FileFaultKind::PrefixMissing { .. }
            | FileFaultKind::PrefixInCredentials { .. }
            | FileFaultKind::UnknownSection { .. }
            | FileFaultKind::NameMissing { .. }
            | FileFaultKind::BadName { .. }
            | FileFaultKind::DefaultTwice
            | FileFaultKind::ReadableByOthers => false,
        }
    }

    /// Where it is: the file, and the line if there is one.
    #[must_use]
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }

    /// The fault's stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.kind {
            FileFaultKind::Unreadable { .. } => "file-unreadable",
            FileFaultKind::NotText => "file-not-text",
            FileFaultKind::TooLarge => "file-too-large",
            FileFaultKind::BadLine { .. } => "bad-line",
            FileFaultKind::ByteOrderMark => "byte-order-mark",
            FileFaultKind::PrefixMissing { .. } => "profile-prefix-missing",
            FileFaultKind::PrefixInCredentials { .. } => "prefix-in-credentials",
            FileFaultKind::UnknownSection { .. } => "unknown-section",
            FileFaultKind::NameMissing { .. } => "section-without-name",
            FileFaultKind::BadName { .. } => "bad-section-name",
            FileFaultKind::DefaultTwice => "default-twice",
            FileFaultKind::ReadableByOthers => "readable-by-others",
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match &self.kind {
            FileFaultKind::Unreadable { .. }
            | FileFaultKind::NotText
            | FileFaultKind::TooLarge
            | FileFaultKind::BadLine { .. }
            | FileFaultKind::ByteOrderMark => Severity::Broken,
            FileFaultKind::PrefixMissing { .. }
            | FileFaultKind::PrefixInCredentials { .. }
            | FileFaultKind::UnknownSection { .. }
            | FileFaultKind::NameMissing { .. }
            | FileFaultKind::BadName { .. }
            | FileFaultKind::DefaultTwice
            | FileFaultKind::ReadableByOthers => Severity::Warning,
        }
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn what(&self) -> String {
        match &self.kind {
            FileFaultKind::Unreadable { reason } => format!("It can't be read: {reason}."),
            FileFaultKind::NotText => "It is no text in UTF-8, so nothing in it counts.".into(),
            FileFaultKind::TooLarge => "It is far too large for such a file.".into(),
            FileFaultKind::BadLine { reason } => {
                format!("{reason}: the AWS SDKs, and Culvert with them, use no profile then.")
            }
            FileFaultKind::ByteOrderMark => "It begins with a byte order mark: the AWS SDKs, and \
                 Culvert with them, use no profile then."
                .into(),
            FileFaultKind::PrefixMissing { section } => {
                format!(
                    "The section [{section}] does not count: it is not called [profile {section}]."
                )
            }
            FileFaultKind::PrefixInCredentials { section } => {
                format!("The section [{section}] does not count in the credentials file.")
            }
            FileFaultKind::UnknownSection { section } => format!(
                "The section [{section}] does not count: AWS knows [profile NAME], [sso-session \
                 NAME] and [services NAME]."
            ),
            FileFaultKind::NameMissing { section } => {
                format!("The section [{section}] does not count: it has no name.")
            }
            FileFaultKind::BadName { section } => {
                format!("The section [{section}] does not count: no name may hold such characters.")
            }
            FileFaultKind::DefaultTwice => {
                "The section [default] does not count beside [profile default].".into()
            }
            FileFaultKind::ReadableByOthers => {
                "Other users of this computer can read the keys in it.".into()
            }
        }
    }

    /// What the reader can do, in one sentence.
    #[must_use]
    pub fn remedy(&self) -> String {
        let path = self.path.display();
        match &self.kind {
            FileFaultKind::Unreadable { .. } => format!("Check who may read {path}."),
            FileFaultKind::NotText => "Save it as UTF-8.".into(),
            FileFaultKind::TooLarge => format!("Check whether {path} is the right file."),
            FileFaultKind::BadLine { .. } => "Correct the line, or put # in front of it.".into(),
            FileFaultKind::ByteOrderMark => {
                "Save it as UTF-8 without a byte order mark (BOM).".into()
            }
            FileFaultKind::PrefixMissing { section } => {
                format!("Write [profile {section}].")
            }
            FileFaultKind::PrefixInCredentials { .. } => {
                "Write the name of the profile alone, or move the section to the config file."
                    .into()
            }
            FileFaultKind::UnknownSection { section } => {
                let name = section
                    .split_once([' ', '\t'])
                    .map_or(section.as_str(), |(_, name)| name.trim());
                format!("Write [profile {name}], if it is meant as a profile.")
            }
            FileFaultKind::NameMissing { section } if section.is_empty() => {
                "Write [profile NAME].".into()
            }
            FileFaultKind::NameMissing { section } => format!("Write [{section} NAME]."),
            FileFaultKind::BadName { .. } => {
                "Use letters, digits and _ - / . % @ : + alone.".into()
            }
            FileFaultKind::DefaultTwice => "Put both into [default].".into(),
            FileFaultKind::ReadableByOthers => format!("Run \"chmod 600 {path}\"."),
        }
    }
}
