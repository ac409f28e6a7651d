//! Takes secrets and identities out of texts that are given to strangers, and puts stable
//! pseudonyms in their place: `i-#1`, `host-#2`. What was equal is equal afterwards, and what
//! differed differs, so that events can still be told apart and put together.
//!
//! Two ways work together. Whoever knows what a value is says so ([`Redactor::learn`],
//! [`Redactor::mark`]); it is then found in every text and every form: escaped, URL-encoded, in
//! Base64 or hexadecimal digits, wrapped, split over two lines of a log. Patterns find the rest.
//! They rather take a word too many than one too few; times, versions, close codes, sequence
//! numbers, regions and AWS's own hosts stay as they are.
//!
//! Nothing is read or written here.

mod canonical;
mod encoded;
mod fields;
mod host;
mod json;
mod kind;
mod known;
mod lines;
mod patterns;
mod pseudonyms;
mod quoted_printable;
mod random;
mod rests;
mod view;
mod words;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

pub use kind::Kind;

use known::Known;
use patterns::{Patterns, Stage};
use pseudonyms::Pseudonyms;
use view::View;

/// The patterns can't be used: a fault of the program. Nothing may be handed out then.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    /// One of them is no expression.
    #[error("a pattern can't be used")]
    Pattern(#[from] regex::Error),
    /// There are too many values to look for.
    #[error("there are too many values to look for")]
    Known(#[from] aho_corasick::BuildError),
}

/// Parts of a secret that are shorter tell nothing.
const PART_SHORTEST: usize = 8;

/// How often what was replaced.
pub type Counts = BTreeMap<Kind, u32>;

/// Something in a text that must go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Find {
    /// Where, in the text that was looked at.
    pub(crate) at: Range<usize>,
    pub(crate) kind: Kind,
    /// What it is, in plain.
    pub(crate) value: String,
    /// Where that stands by which it was found: itself, and what is said before it.
    pub(crate) by: Range<usize>,
}

/// Redacts the texts of one bundle: its pseudonyms are the same in all of them.
///
/// A clone goes on by itself.
#[derive(Debug, Clone)]
pub struct Redactor {
    patterns: Patterns,
    known: Known,
    pseudonyms: Pseudonyms,
    counts: Counts,
    /// Texts that were learned from, by their digests: none is gone through for that again.
    learned: HashSet<u64>,
}

impl Redactor {
    /// A redactor that knows no value yet.
    ///
    /// # Errors
    /// A pattern is wrong, which tests exclude.
    pub fn new() -> Result<Self, RedactError> {
        Ok(Self {
            patterns: Patterns::new()?,
            known: Known::default(),
            pseudonyms: Pseudonyms::default(),
            counts: Counts::new(),
            learned: HashSet::new(),
        })
    }

    /// Looks for this value from now on. Values under three characters, and words that say
    /// nothing about anybody (`root`), are only replaced where they are [marked](Self::mark).
    pub fn learn(&mut self, kind: Kind, value: &str) {
        self.known.learn(kind, value);
    }

    /// Learns what patterns find in a text, so that it is found in other texts and forms as well.
    pub fn learn_from(&mut self, text: &str) {
        self.learn_finds(text);
    }

    /// Learns from a text, and tells what patterns find in it as it is; nothing if it was learned from
    /// before.
    fn learn_finds(&mut self, text: &str) -> Option<Vec<Find>> {
        let mut digest = DefaultHasher::new();
        text.hash(&mut digest);
        if !self.learned.insert(digest.finish()) {
            return None;
        }
        for found in self.patterns.find_raw(text) {
            let decoded = View::decoded(&found.value).text;
            self.known.learn(found.kind, &decoded);
            self.known.learn(found.kind, &found.value);
            if matches!(found.kind, Kind::Secret) {
                self.learn_document(&found.value);
            }
        }
        let plain = self.patterns.find(text);
        self.learn_found(&plain);
        let decoded = View::decoded(text).text;
        if decoded != text {
            let found = self.patterns.find(&decoded);
            self.learn_found(&found);
        }
        Some(plain)
    }

    fn learn_found(&mut self, finds: &[Find]) {
        for found in finds {
            self.known.learn(found.kind, &found.value);
            if let (Kind::Email, Some((user, _))) = (found.kind, found.value.rsplit_once('@'))
                && words::is_person(user)
            {
                self.known.learn(Kind::User, user);
            }
            // A key over several lines, a header with several values: each is one.
            if matches!(found.kind, Kind::Secret) {
                let parts = found
                    .value
                    .split(|c: char| c.is_whitespace() || "=;,".contains(c));
                let parts = parts.map(|part| part.trim_matches(['"', '\'', '\\']));
                for part in parts.filter(|part| part.len() >= PART_SHORTEST) {
                    self.known.learn(Kind::Secret, part);
                }
            }
        }
    }

    /// Learns what is in a secret that is a document of JSON, escaped as often as may be.
    fn learn_document(&mut self, text: &str) {
        let mut text = text.to_owned();
        for _ in 0..view::LAYERS {
            if let Ok(document) = serde_json::from_str::<serde_json::Value>(&text) {
                self.learn_secrets(&document);
                return;
            }
            match serde_json::from_str(&format!("\"{text}\"")) {
                Ok(plain) => text = plain,
                Err(_) => return,
            }
        }
    }

    fn learn_secrets(&mut self, document: &serde_json::Value) {
        use serde_json::Value;
        match document {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) if text.len() < PART_SHORTEST || words::is_common(text) => {}
            Value::String(text) => self.known.learn(Kind::Secret, text),
            Value::Array(values) => values.iter().for_each(|value| self.learn_secrets(value)),
            Value::Object(fields) => fields.values().for_each(|value| self.learn_secrets(value)),
        }
    }

    /// The pseudonym of a value whose nature is known: a field of something structured. An empty
    /// value stays empty.
    pub fn mark(&mut self, kind: Kind, value: &str) -> String {
        if value.is_empty() || host::is_harmless_value(kind, value) {
            return value.to_owned();
        }
        self.known.learn(kind, value);
        self.count(kind);
        self.pseudonyms.of(kind, value)
    }

    /// The text without what must go.
    ///
    /// # Errors
    /// There are too many values.
    pub fn text(&mut self, text: &str) -> Result<String, RedactError> {
        let told = self.learn_finds(text);
        self.known.settle()?;
        let given = text;
        let mut text = given.to_owned();
        // What is split or escaped goes first: afterwards its parts would not be known for such.
        if text.contains("=\n") || text.contains("=\r\n") {
            text = self.pass(text, View::mail, |_, view, redactor| {
                redactor.all(&view.text, redactor.patterns.find(&view.text))
            });
        }
        if text.contains('\n') {
            text = self.cut_pass(text);
        }
        text = self.pass(text, View::decoded, |_, view, redactor| {
            redactor.all(&view.text, redactor.patterns.find(&view.text))
        });
        // What patterns find in it is known as long as nothing was replaced.
        let told = told.filter(|_| text == given);
        text = self.whole_pass(&text, told);
        if text.contains('\n') {
            text = self.pass(text, View::unwrapped, |text, view, redactor| {
                let mut finds = redactor.patterns.find_split(view, Stage::Late);
                finds.extend(rests::find(text, view));
                finds
            });
        }
        Ok(text)
    }

    /// Replaces what the ends of lines have cut.
    fn cut_pass(&mut self, text: String) -> String {
        self.pass(text, View::unwrapped, |_, view, redactor| {
            let cut = encoded::find(&view.text, &redactor.known, &redactor.patterns);
            // Two words that the end of a line keeps apart are no secret.
            let is_one = |found: &Find| match view.joint(&found.at) {
                Some(joint) => {
                    let first = view.text.get(found.at.start..joint);
                    let next = view.text.get(joint..found.at.end);
                    let ends_line = view.ends_line(found.at.end);
                    encoded::is_cut(
                        first.unwrap_or_default(),
                        next.unwrap_or_default(),
                        ends_line,
                    )
                }
                None => true,
            };
            let mut finds = redactor.known.find(&view.text);
            finds.extend(redactor.patterns.find_split(view, Stage::Early));
            finds.extend(cut.into_iter().filter(is_one));
            // What is whole is left to the pass over the text: what stands beside it tells more there.
            finds.retain(|found| view.joint(&found.by).is_some());
            finds
        })
    }

    /// What was replaced since this was asked last, by kind.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Everything that is to be found in a plain text, in which patterns find this.
    fn all(&self, text: &str, told: Vec<Find>) -> Vec<Find> {
        let (mut finds, halves) = self.known.find_all(text);
        finds.extend(told);
        finds.extend(encoded::find(text, &self.known, &self.patterns));
        finds.extend(halves);
        finds
    }

    /// Replaces what is found in a view of the text and is written otherwise there than in the text
    /// itself: what is not split or escaped is left to the pass over the text as it is.
    fn pass(
        &mut self,
        text: String,
        view: impl Fn(&str) -> View,
        find: impl Fn(&str, &View, &Self) -> Vec<Find>,
    ) -> String {
        let view = view(&text);
        if view.text == text {
            return text;
        }
        let finds = find(&text, &view, self);
        let finds = finds.into_iter().filter_map(|found| {
            let differs = view.differs(&found.by);
            let (at, by) = (view.raw(found.at.clone())?, view.raw(found.by.clone())?);
            differs.then_some(Find { at, by, ..found })
        });
        let finds = apart(finds.collect());
        self.replace(&text, &finds)
    }

    fn whole_pass(&mut self, text: &str, told: Option<Vec<Find>>) -> String {
        let told = told.unwrap_or_else(|| self.patterns.find(text));
        let finds = apart(self.all(text, told));
        self.replace(text, &finds)
    }

    fn replace(&mut self, text: &str, finds: &[Find]) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut done = 0;
        for found in finds {
            let Some(between) = text.get(done..found.at.start) else {
                continue;
            };
            replaced.push_str(between);
            replaced.push_str(&self.pseudonyms.of(found.kind, &found.value));
            replaced.push_str(&records_between(text, &found.at));
            self.count(found.kind);
            done = found.at.end;
        }
        replaced.push_str(text.get(done..).unwrap_or_default());
        replaced
    }

    fn count(&mut self, kind: Kind) {
        *self.counts.entry(kind).or_default() += 1;
    }
}

/// What stands between the records of a log over which a value is cut: that is none of it.
fn records_between(text: &str, part: &Range<usize>) -> String {
    let mut between = String::new();
    let mut at = part.start;
    while let Some(rest) = text.get(at..).filter(|_| at < part.end) {
        let taken = lines::between_records(rest).filter(|taken| at + taken <= part.end);
        between.push_str(rest.get(..taken.unwrap_or_default()).unwrap_or_default());
        let next = rest.chars().next().map_or(1, char::len_utf8);
        at += taken.unwrap_or(next);
    }
    between
}

/// Those that overlap no other, in the order of the text. Of two that do, the one that holds the other
/// wins: two addresses at one host that is known are two. Else the one that was found first does, and
/// takes what the other has beyond it as well.
fn apart(finds: Vec<Find>) -> Vec<Find> {
    let mut ranked: Vec<_> = finds.into_iter().enumerate().collect();
    ranked.sort_by_key(|(rank, found)| (found.at.start, Reverse(found.at.end), *rank));
    let mut kept: Vec<(usize, Find)> = Vec::new();
    for (rank, found) in ranked {
        match kept.last_mut() {
            Some((best, last)) if found.at.start < last.at.end => {
                let end = last.at.end.max(found.at.end);
                if found.at.end > last.at.end && rank < *best {
                    let start = last.at.start;
                    *last = found;
                    last.at.start = start;
                    *best = rank;
                }
                last.at.end = end;
            }
            Some(_) | None => kept.push((rank, found)),
        }
    }
    kept.into_iter().map(|(_, found)| found).collect()
}
