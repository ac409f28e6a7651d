//! Which value has which pseudonym.

use std::collections::{BTreeMap, HashMap};

use crate::{Kind, canonical};

/// The pseudonyms that were given so far. The values are kept in memory alone.
#[derive(Default, Clone)]
pub(crate) struct Pseudonyms {
    given: HashMap<String, String>,
    last: BTreeMap<Kind, u32>,
}

impl Pseudonyms {
    /// The pseudonym of a value: the same each time, however it is written, whatever it is taken
    /// for later.
    pub(crate) fn of(&mut self, kind: Kind, value: &str) -> String {
        let plain = canonical::plain(kind, value);
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

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What they stand for is nobody's business.
        f.debug_struct("Pseudonyms")
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
