//! Which value has which pseudonym.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::Kind;

/// The pseudonyms that were given so far. The values are kept in memory alone.
#[derive(Default, Clone)]
pub(crate) struct Pseudonyms {
    given: HashMap<String, String>,
    last: BTreeMap<Kind, u32>,
}

impl Pseudonyms {
    /// The pseudonym of a value: the same each time, whatever it is taken for later.
    pub(crate) fn of(&mut self, kind: Kind, value: &str) -> String {
        let plain = plain(kind, value);
        if let Some(given) = self.given.get(plain.as_ref()) {
            return given.clone();
        }
        let number = self.last.entry(kind).or_default();
        *number += 1;
        let pseudonym = format!("{}-#{number}", kind.label());
        self.given.insert(plain.into_owned(), pseudonym.clone());
        pseudonym
    }
}

/// The one way to write a value that can be written in several.
fn plain(kind: Kind, value: &str) -> Cow<'_, str> {
    if kind == Kind::Ip
        && let Ok(address) = value.parse::<IpAddr>()
    {
        return address.to_string().into();
    }
    match kind.ignores_case() {
        true => value.trim_end_matches('.').to_ascii_lowercase().into(),
        false => value.into(),
    }
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What they stand for is nobody's business.
        f.debug_struct("Pseudonyms")
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
