//! Values that are looked for because somebody said what they are.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt;

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

use crate::{Find, Kind, RedactError, canonical, pseudonyms, words};

/// Shorter ones would be found in every other word.
const SHORTEST: usize = 3;

/// From this length on a value is taken wherever it stands, in the middle of a word as well.
const TELLING: usize = 8;

/// More are not looked for: patterns find what they find.
const MOST: usize = 20_000;

/// Says whether a word tells nothing about anybody.
pub(crate) fn is_generic(value: &str) -> bool {
    words::GENERIC.contains(&value.to_ascii_lowercase().as_str())
}

#[derive(Default, Clone)]
pub(crate) struct Known {
    values: Vec<(Kind, String)>,
    /// By their text, to have each once.
    seen: HashSet<String>,
    finder: Option<AhoCorasick>,
    /// How many values the finder knows.
    found: usize,
}

impl Known {
    pub(crate) fn learn(&mut self, kind: Kind, value: &str) {
        let value = value.trim();
        if value.len() < SHORTEST
            || self.values.len() >= MOST
            || is_generic(value)
            || pseudonyms::has_one(value)
            || crate::host::is_harmless_value(kind, value)
            || self.seen.contains(value)
        {
            return;
        }
        let others = canonical::others(kind, value);
        for value in std::iter::once(value.to_owned()).chain(others) {
            if self.seen.insert(value.clone()) {
                self.values.push((kind, value));
            }
        }
    }

    /// Makes what was learned ready to be looked for.
    pub(crate) fn settle(&mut self) -> Result<(), RedactError> {
        if self.found != self.values.len() {
            self.finder = Some(self.build()?);
            self.found = self.values.len();
        }
        Ok(())
    }

    fn build(&self) -> Result<AhoCorasick, BuildError> {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(self.values.iter().map(|(_, value)| value))
    }

    /// Where known values stand in a plain text: of those that overlap the first, and of those that
    /// begin together the longest. Which one that is is asked of those alone that count there: one of
    /// another case, or within a word, hides no other.
    pub(crate) fn find(&self, text: &str) -> Vec<Find> {
        let Some(finder) = &self.finder else {
            return Vec::new();
        };
        let hits = finder.find_overlapping_iter(text).filter_map(|hit| {
            let (kind, value) = self.values.get(hit.pattern().as_usize())?;
            let at = hit.range();
            let written = text.get(at.clone())?;
            if !kind.ignores_case() && written != value {
                return None;
            }
            let telling = value.len() >= TELLING && !kind.stands_alone();
            let alone = telling || stands_alone(text, at.start, at.end);
            alone.then(|| Find {
                by: at.clone(),
                at,
                kind: *kind,
                value: value.clone(),
            })
        });
        let mut hits: Vec<_> = hits.collect();
        hits.sort_by_key(|found| (found.at.start, Reverse(found.at.end)));
        let mut done = 0;
        hits.retain(|found| {
            let is_apart = found.at.start >= done;
            if is_apart {
                done = found.at.end;
            }
            is_apart
        });
        hits
    }
}

/// Whether no letter or digit adjoins.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|text| text.chars().next_back());
    let after = text.get(end..).and_then(|text| text.chars().next());
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !joins(before) && !joins(after)
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What they are is nobody's business.
        f.debug_struct("Known")
            .field("count", &self.values.len())
            .finish_non_exhaustive()
    }
}
