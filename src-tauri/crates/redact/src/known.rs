//! Values that are looked for because somebody said what they are.

mod parts;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt;

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

use crate::{Find, Kind, RedactError, canonical, pseudonyms, words};

/// Shorter ones would be found in every other word.
const SHORTEST: usize = 3;

/// Those of two letters are looked for where only what they are can stand.
const SHORT: usize = 2;

/// From this length on a value is taken wherever it stands, in the middle of a word as well.
const TELLING: usize = 8;

/// More are not looked for: patterns find what they find.
const MOST: usize = 20_000;

/// Says whether a word tells nothing about anybody.
pub(crate) fn is_generic(value: &str) -> bool {
    words::GENERIC.contains(&value.to_ascii_lowercase().as_str())
}

/// What is looked for, and which value it stands for.
#[derive(Clone)]
struct Needle {
    text: String,
    /// The place of the value that it is, or is a part of.
    of: usize,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// All of the value, in one of the ways to write it.
    Whole,
    /// All of a value that is too short to be taken wherever it stands.
    Short,
    /// How it begins: the end of a line may have cut the rest off.
    Begin,
    /// How it ends: the begin may stand in a line that is not there.
    End,
}

#[derive(Default, Clone)]
pub(crate) struct Known {
    values: Vec<(Kind, String)>,
    needles: Vec<Needle>,
    /// By their text, to have each once.
    seen: HashSet<String>,
    finder: Option<AhoCorasick>,
    /// How much the finder looks for.
    settled: usize,
}

impl Known {
    pub(crate) fn learn(&mut self, kind: Kind, value: &str) {
        let value = value.trim();
        if value.len() < SHORT
            || self.values.len() >= MOST
            || is_generic(value)
            || pseudonyms::has_one(value)
            || crate::host::is_harmless_value(kind, value)
            || self.seen.contains(value)
        {
            return;
        }
        let of = self.values.len();
        if value.len() < SHORTEST {
            if parts::has_places(kind) {
                self.seen.insert(value.to_owned());
                self.values.push((kind, value.to_owned()));
                self.add(value.to_owned(), of, Form::Short);
            }
            return;
        }
        self.values.push((kind, value.to_owned()));
        let others = canonical::others(kind, value);
        let broken = parts::broken(value);
        for text in std::iter::once(value.to_owned())
            .chain(others)
            .chain(broken)
        {
            if self.seen.insert(text.clone()) {
                self.add(text, of, Form::Whole);
            }
        }
        if let Some((begin, end)) = parts::halves(kind, value) {
            self.add(begin.to_owned(), of, Form::Begin);
            self.add(end.to_owned(), of, Form::End);
        }
    }

    fn add(&mut self, text: String, of: usize, form: Form) {
        self.needles.push(Needle { text, of, form });
    }

    /// Makes what was learned ready to be looked for.
    pub(crate) fn settle(&mut self) -> Result<(), RedactError> {
        if self.settled != self.needles.len() {
            self.finder = Some(self.build()?);
            self.settled = self.needles.len();
        }
        Ok(())
    }

    fn build(&self) -> Result<AhoCorasick, BuildError> {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(self.needles.iter().map(|needle| &needle.text))
    }

    /// Where known values stand in a plain text: of those that overlap the first, and of those that
    /// begin together the longest. Which one that is is asked of those alone that count there: one of
    /// another case, or within a word, hides no other.
    pub(crate) fn find(&self, text: &str) -> Vec<Find> {
        self.find_all(text).0
    }

    /// The same, and apart from them the halves of secrets: what else is found has its way before those.
    pub(crate) fn find_all(&self, text: &str) -> (Vec<Find>, Vec<Find>) {
        let Some(finder) = &self.finder else {
            return (Vec::new(), Vec::new());
        };
        let hits = finder.find_overlapping_iter(text).filter_map(|hit| {
            let needle = self.needles.get(hit.pattern().as_usize())?;
            let (kind, value) = self.values.get(needle.of)?;
            let at = hit.range();
            let written = text.get(at.clone())?;
            if !kind.ignores_case() && written != needle.text {
                return None;
            }
            let at = match needle.form {
                Form::Whole => {
                    let telling = needle.text.len() >= TELLING && !kind.stands_alone();
                    (telling || stands_alone(text, at.start, at.end)).then_some(at)
                }
                Form::Short => (stands_alone(text, at.start, at.end)
                    && parts::is_in_place(*kind, text, &at))
                .then_some(at),
                Form::Begin => parts::cut_behind(value, text, at.start),
                Form::End => parts::cut_before(value, text, at.end),
            }?;
            let found = Find {
                by: at.clone(),
                at,
                kind: *kind,
                value: value.clone(),
            };
            Some((needle.form, found))
        });
        let (halves, whole): (Vec<_>, Vec<_>) =
            hits.partition(|(form, _)| matches!(form, Form::Begin | Form::End));
        (first_and_longest(whole), first_and_longest(halves))
    }
}

fn first_and_longest(hits: Vec<(Form, Find)>) -> Vec<Find> {
    let mut hits: Vec<_> = hits.into_iter().map(|(_, found)| found).collect();
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
