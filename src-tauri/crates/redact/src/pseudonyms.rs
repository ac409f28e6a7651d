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

/// Whether a text is a pseudonym, or has one in it: `i-#1`. `Ticket-#1` is none.
pub(crate) fn has_one(text: &str) -> bool {
    let mut places = text.match_indices("-#");
    places.any(|(at, _)| ends_with_label(&text[..at]) && begins_with_digit(&text[at + 2..]))
}

/// Where pseudonyms stand in a text, and of what kind each is. Before a place that `is_begin` says no letter
/// of a label can stand.
pub(crate) fn all(
    text: &str,
    is_begin: impl Fn(usize) -> bool,
) -> impl Iterator<Item = (std::ops::Range<usize>, Kind)> {
    text.match_indices("-#").filter_map(move |(at, _)| {
        let begun =
            |kind: &Kind| text[..at].ends_with(kind.label()) && is_begin(at - kind.label().len());
        let kind = label_before(&text[..at]).or_else(|| Kind::ALL.into_iter().find(begun))?;
        let number = &text[at + 2..];
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0).then(|| (at - kind.label().len()..at + 2 + digits, kind))
    })
}

/// Whether a part of a text, and what is behind it, are parts of one pseudonym.
pub(crate) fn is_cut_off(part: &str, behind: &str) -> bool {
    if let Some(number) = behind.strip_prefix("-#") {
        return ends_with_label(part) && begins_with_digit(number);
    }
    match (part.strip_suffix('-'), behind.strip_prefix('#')) {
        (Some(label), Some(number)) => ends_with_label(label) && begins_with_digit(number),
        (Some(_) | None, Some(_) | None) => false,
    }
}

fn ends_with_label(text: &str) -> bool {
    label_before(text).is_some()
}

fn label_before(text: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| {
        let before = text.strip_suffix(kind.label());
        before.is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric()))
    })
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What they stand for is nobody's business.
        f.debug_struct("Pseudonyms")
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_is_taken_for_a_pseudonym() {
        for (text, is_one) in [
            ("i-#1", true),
            ("tag:tag-#4=x", true),
            ("arn:aws:iam::account-#12:role/name-#1", true),
            ("Blau-#3", false),
            ("Ticket-#4711", false),
            ("Geheim-#Zwei", false),
            ("host-#", false),
        ] {
            assert_eq!(has_one(text), is_one, "{text}");
        }
        assert!(is_cut_off("host", "-#1.") && is_cut_off("host-", "#1"));
        assert!(!is_cut_off("Blau", "-#1") && !is_cut_off("host", "-#x") && !is_cut_off("a-", ""));
        assert_eq!(
            Kind::ALL
                .map(Kind::label)
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            21
        );
    }
}
