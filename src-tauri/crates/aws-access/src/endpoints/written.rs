//! Addresses as somebody has written them.

use std::fmt;
use std::ops::Deref;

use percent_encoding::percent_decode_str;
use url::{ParseError, Url};

use crate::Secret;

/// An address as somebody has written it, or several in one text: it may be none, and may hold a
/// password where nobody wants one. Its `Debug` leaves out what stands before an `@`; whoever
/// reads it otherwise must not print it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct WrittenAddress(String);

/// What an address names. What it lacks is empty.
#[derive(Debug, Clone)]
pub struct NamedInAddress {
    /// The host, an IPv6 address in brackets.
    pub host: String,
    /// Who is known there.
    pub user: String,
    /// The user's password.
    pub password: Secret,
}

impl WrittenAddress {
    /// The text as it may be shown to anybody: without what stands before an `@`.
    #[must_use]
    pub fn shown(&self) -> String {
        without_userinfo(&self.0)
    }

    /// The address, if it is one. One without a scheme means http, as everywhere.
    pub(crate) fn url(&self) -> Result<Url, ParseError> {
        let text = self.0.trim();
        match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("http://{text}")),
        }
    }

    /// What it names, if it is an address.
    #[must_use]
    pub fn named(&self) -> Option<NamedInAddress> {
        let url = self.url().ok()?;
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some(NamedInAddress {
            host: url.host_str().unwrap_or_default().to_owned(),
            user: plain(url.username()),
            password: Secret::new(plain(url.password().unwrap_or_default())),
        })
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
    fn an_address_says_what_it_names_with_a_scheme_and_without_one() {
        for text in ["http://ann:p%40ss@proxy7:3128", "ann:p%40ss@proxy7:3128"] {
            let named = WrittenAddress::from(text).named().unwrap();
            assert_eq!(
                (named.host.as_str(), named.user.as_str()),
                ("proxy7", "ann")
            );
            assert_eq!(named.password.expose(), "p@ss");
        }
        let plain = WrittenAddress::from("proxy7").named().unwrap();
        assert_eq!((plain.host.as_str(), plain.user.as_str()), ("proxy7", ""));
        assert!(WrittenAddress::from("http://").named().is_none());
    }

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
