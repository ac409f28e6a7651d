//! Addresses as somebody has written them.

use std::fmt;
use std::ops::Deref;

/// An address as somebody has written it, or several in one text: it may be none, and may hold a
/// password where nobody wants one. Its `Debug` leaves out what stands before an `@`; whoever
/// reads it otherwise must not print it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct WrittenAddress(String);

impl WrittenAddress {
    /// The text as it may be shown to anybody: without what stands before an `@`.
    #[must_use]
    pub fn shown(&self) -> String {
        without_userinfo(&self.0)
    }

    /// The text, whole.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl From<String> for WrittenAddress {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for WrittenAddress {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Deref for WrittenAddress {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WrittenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown(), f)
    }
}

/// A password is not to be repeated in an error, not even one in a place where it is wrong.
pub(super) fn without_userinfo(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            format!("{}…{}", &text[..scheme + 3], &text[at..])
        }
        (None, Some(at)) => format!("…{}", &text[at..]),
        (Some(_) | None, Some(_) | None) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AccessSettings;

    #[test]
    fn what_stands_before_an_at_sign_is_shown_by_nobody() {
        for (written, shown) in [
            ("https://ssm.example", "https://ssm.example"),
            (
                "https://ann:planted-pw@ssm.example",
                "https://…@ssm.example",
            ),
            ("ann:planted-pw@ssm.example", "…@ssm.example"),
            (
                "ssm=https://ann:planted-1@a.example kms=https://ann:planted-2@b.example",
                "ssm=https://…@b.example",
            ),
        ] {
            let address = WrittenAddress::from(written);
            assert_eq!(format!("{address:?}"), format!("{shown:?}"));
            assert_eq!(&*address, written);
        }
        let settings = AccessSettings {
            endpoint_url: Some("https://ann:planted-pw@ssm.example".into()),
            ..AccessSettings::default()
        };
        let shown = format!("{settings:?} {settings:#?}");
        assert!(!shown.contains("planted-"), "{shown}");
        assert!(shown.contains("ssm.example"), "{shown}");
    }
}
