//! What is found by its form. Each file below has the rules for one kind of thing.

mod aws;
mod clouds;
mod clusters;
mod commands;
mod connections;
mod digits;
mod directories;
mod listings;
mod markup;
mod names;
mod network;
mod people;
mod phones;
mod printed;
mod proxies;
mod said;
mod secrets;
mod stores;
mod told;
pub(crate) mod windows;

use std::ops::Range;
use std::sync::Arc;

use regex::bytes::{Captures, Regex};

use crate::view::View;
use crate::{Find, Kind, pseudonyms};

/// How far back a line is looked at, bytes.
const LINE_MOST: usize = 256;

/// The rules, in the order in which they have their way.
#[derive(Debug, Clone)]
pub(crate) struct Patterns {
    /// Shared by clones, with what an expression remembers of texts.
    rules: Arc<[(Regex, Rule)]>,
}

/// A form, and what is made of what has it.
#[derive(Debug, Clone)]
struct Rule {
    pattern: String,
    /// What of a match must go.
    take: fn(&Match<'_>, &mut Taken<'_>),
    split: Split,
    /// Whether it is heeded before a text is decoded as well: what is escaped in a value would end it.
    is_raw: bool,
}

/// Whether something of this form is looked for where a line ended within it.
#[derive(Debug, Clone, Copy)]
enum Split {
    /// It can come about by chance.
    Never,
    /// Before anything else is replaced: its parts look like something by themselves. The function says
    /// whether one with a line's end at this place of the text is one.
    Early(fn(&Match<'_>, usize) -> bool),
    /// The same for what has many lines: a key.
    Lines,
    /// When all that is whole has been replaced.
    Late(fn(&Match<'_>, usize) -> bool),
}

/// When a text is looked at whose lines are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before what is whole is replaced.
    Early,
    /// Afterwards.
    Late,
}

impl Rule {
    fn new(pattern: impl Into<String>, take: fn(&Match<'_>, &mut Taken<'_>)) -> Self {
        Self {
            pattern: pattern.into(),
            take,
            split: Split::Never,
            is_raw: false,
        }
    }

    /// That of all of a match, which is one wherever a line ends in it.
    fn late(self) -> Self {
        Self {
            split: Split::Late(|_, _| true),
            ..self
        }
    }

    fn split(self, split: Split) -> Self {
        Self { split, ..self }
    }

    fn raw(self) -> Self {
        Self {
            is_raw: true,
            ..self
        }
    }
}

/// What has the form of a rule.
struct Match<'a> {
    text: &'a str,
    captures: &'a Captures<'a>,
}

impl<'a> Match<'a> {
    fn at(&self, group: usize) -> Option<Range<usize>> {
        self.captures.get(group).map(|found| found.range())
    }

    fn whole(&self) -> Range<usize> {
        self.at(0).unwrap_or_default()
    }

    /// The text of a group; nothing if it is not there.
    fn of(&self, group: usize) -> &'a str {
        self.at(group).map_or("", |at| self.part(at))
    }

    fn part(&self, at: Range<usize>) -> &'a str {
        self.text.get(at).unwrap_or_default()
    }

    fn before(&self) -> &'a str {
        self.text.get(..self.whole().start).unwrap_or_default()
    }

    fn after(&self) -> &'a str {
        self.text.get(self.whole().end..).unwrap_or_default()
    }

    /// What stands before it in its line.
    fn line_before(&self) -> &'a str {
        let before = self.before();
        let from = before.len().saturating_sub(LINE_MOST);
        // A line may be as long as the text: what is told by its begin is told by a short one.
        let near = (from..=before.len()).find_map(|at| before.get(at..));
        near.and_then(|near| near.rsplit('\n').next())
            .unwrap_or_default()
    }
}

/// Takes what must go of a match.
struct Taken<'a> {
    text: &'a str,
    by: Range<usize>,
    finds: &'a mut Vec<Find>,
}

impl Taken<'_> {
    fn add(&mut self, kind: Kind, at: Option<Range<usize>>) {
        let value = at.clone().and_then(|at| self.text.get(at));
        self.add_as(kind, at, value.unwrap_or_default().to_owned());
    }

    /// The same for what is written otherwise there than it is called.
    fn add_as(&mut self, kind: Kind, at: Option<Range<usize>>, value: String) {
        let Some(at) = at.filter(|at| !at.is_empty()) else {
            return;
        };
        let Some(written) = self.text.get(at.clone()) else {
            return;
        };
        // Pseudonyms stay, and so does each part of one.
        let behind = self.text.get(at.end..).unwrap_or_default();
        if !pseudonyms::is_cut_off(written, behind) && !pseudonyms::has_one(written) {
            self.finds.push(Find {
                kind,
                value,
                by: self.by.start.min(at.start)..self.by.end.max(at.end),
                at,
            });
        }
    }
}

impl Patterns {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        let all = [
            secrets::rules(),
            said::rules(),
            aws::rules(),
            stores::rules(),
            clusters::rules(),
            people::rules(),
            directories::rules(),
            windows::rules(),
            listings::rules(),
            names::rules(),
            commands::rules(),
            connections::rules(),
            clouds::rules(),
            markup::rules(),
            proxies::rules(),
            printed::rules(),
            digits::rules(),
            phones::rules(),
            network::rules(),
            told::rules(),
        ];
        // `(?-u)`: letters beyond ASCII are bytes here, named only where a word may have them.
        let rules = all.into_iter().flatten().map(|rule| {
            let regex = Regex::new(&format!("(?-u){}", rule.pattern))?;
            Ok((regex, rule))
        });
        Ok(Self {
            rules: rules.collect::<Result<_, regex::Error>>()?,
        })
    }

    /// What is found in a plain text.
    pub(crate) fn find(&self, text: &str) -> Vec<Find> {
        self.find_of(text, |_| true)
    }

    /// What has to be found before a text is decoded.
    pub(crate) fn find_raw(&self, text: &str) -> Vec<Find> {
        self.find_of(text, |rule| rule.is_raw)
    }

    /// What is found where the end of a line has cut it. Only what can't come about by chance.
    pub(crate) fn find_split(&self, view: &View, stage: Stage) -> Vec<Find> {
        let mut finds = Vec::new();
        for (regex, rule) in self.rules.iter() {
            let always: fn(&Match<'_>, usize) -> bool = |_, _| true;
            let (joins, is_one_line) = match (rule.split, stage) {
                (Split::Early(joins), Stage::Early) => (joins, true),
                (Split::Late(joins), Stage::Late) => (joins, false),
                (Split::Lines, Stage::Early) => (always, false),
                (Split::Never, Stage::Early | Stage::Late)
                | (Split::Early(_) | Split::Lines, Stage::Late)
                | (Split::Late(_), Stage::Early) => continue,
            };
            take_all(regex, rule, &view.text, |found, mut taken| {
                taken.retain_mut(|find| {
                    let Some(joint) = view.joint(&find.by) else {
                        return false;
                    };
                    // What goes on in the next line ends where that does.
                    let rest = joint.max(find.at.start)..find.at.end;
                    if let Some(end) = view.joint(&rest).filter(|_| is_one_line) {
                        find.at.end = end;
                        find.by.end = end;
                        find.value.clear();
                        find.value.push_str(&view.text[find.at.clone()]);
                    }
                    joins(found, joint)
                });
                finds.extend(taken);
            });
        }
        finds
    }

    /// What those rules find that are wanted.
    fn find_of(&self, text: &str, wanted: impl Fn(&Rule) -> bool) -> Vec<Find> {
        let mut finds = Vec::new();
        for (regex, rule) in self.rules.iter().filter(|(_, rule)| wanted(rule)) {
            take_all(regex, rule, text, |_, taken| finds.extend(taken));
        }
        finds
    }
}

/// Tells of each match what must go of it.
fn take_all(regex: &Regex, rule: &Rule, text: &str, mut told: impl FnMut(&Match<'_>, Vec<Find>)) {
    for captures in regex.captures_iter(text.as_bytes()) {
        let found = Match {
            text,
            captures: &captures,
        };
        let mut finds = Vec::new();
        let mut taken = Taken {
            text,
            by: found.whole(),
            finds: &mut finds,
        };
        (rule.take)(&found, &mut taken);
        if !finds.is_empty() {
            told(&found, finds);
        }
    }
}

/// All of a match.
fn whole(kind: Kind, found: &Match<'_>, taken: &mut Taken<'_>) {
    taken.add(kind, Some(found.whole()));
}
