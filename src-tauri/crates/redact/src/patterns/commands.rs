//! What commands are told: hosts, users, databases and passwords behind options of one letter, or behind
//! none. Options that are words are known by their names, as fields are.

mod programs;

use std::ops::Range;

use programs::{COMMANDS, Is};

use super::secrets::quoted;
use super::{Match, Rule, Taken};
use crate::fields::told;
use crate::lines::is_prefix;
use crate::words::is_common;
use crate::{Kind, host};

/// Words of a command that are looked at.
const WORDS_MOST: usize = 64;

pub(super) fn rules() -> Vec<Rule> {
    let names: Vec<_> = COMMANDS
        .iter()
        .flat_map(|command| command.names)
        .copied()
        .collect();
    let names = names.join("|");
    vec![Rule::new(
        format!(r#"(?:^|[\s"'`/(\[|;&$=])({names})(?:\.exe)?(?:[ \t]|\\*["'],)"#),
        command,
    )]
}

fn command(found: &Match<'_>, taken: &mut Taken<'_>) {
    let name = found.of(1);
    let Some(command) = COMMANDS
        .iter()
        .find(|command| command.names.contains(&name))
    else {
        return;
    };
    let start = found.at(1).map_or(0, |at| at.end);
    let start = if found.part(start..found.text.len()).starts_with(".exe") {
        start + 4
    } else {
        start
    };
    let mut words = Words::new(found.text, start);
    let is_list = words.is_list;
    let mut has_options = false;
    let mut rest = command.rest.iter();
    // What stands behind no option, as long as no option has said that this is a command.
    let mut waiting = Vec::new();
    while let Some(word) = words.next() {
        let text = found.part(word.clone());
        let Some(option) = text.strip_prefix('-').filter(|option| !option.is_empty()) else {
            let Some(is) = rest.next() else {
                if waiting.is_empty() || has_options {
                    continue;
                }
                // More words than the command takes: a sentence.
                return;
            };
            match has_options || is_list {
                true => add(*is, found, word, taken),
                false => waiting.push((*is, word)),
            }
            continue;
        };
        has_options = true;
        for (is, word) in waiting.drain(..) {
            add(is, found, word, taken);
        }
        if let Some(name) = option.strip_prefix('-') {
            // A value behind it is found by the option's name.
            if !name.contains('=') && told(name).is_some() {
                words.next();
            }
            continue;
        }
        for (at, letter) in option.char_indices() {
            let is = command.options.iter().find(|(known, _)| *known == letter);
            if is.is_none() && !command.others.contains(letter) {
                continue;
            }
            let behind = word.start + 1 + at + letter.len_utf8();
            let value = if behind < word.end {
                Some(behind..word.end)
            } else {
                words.next()
            };
            if let (Some((_, is)), Some(value)) = (is, value) {
                add(*is, found, value, taken);
            }
            break;
        }
    }
    let is_alone = begins_command(found) && words.is_at_end();
    for (is, word) in waiting {
        let is_telling = found.part(word.clone()).contains(['@', ':', '/']);
        if is_alone || (is == Is::Remote && is_telling) || is == Is::Login && is_telling {
            add(is, found, word, taken);
        }
    }
}

/// Whether nothing of a sentence stands before a command.
fn begins_command(found: &Match<'_>) -> bool {
    let start = found.at(1).map_or(0, |at| at.start);
    let before = found.text.get(..start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let line = match line.ends_with('/') {
        true => line
            .rfind([' ', '\t', '"', '\'', '`'])
            .map_or("", |at| &line[..=at]),
        false => line,
    };
    let trimmed = line.trim_end();
    trimmed.is_empty()
        || trimmed.ends_with(['$', '#', '%', '>', '"', '\'', '`', '|', ';', '&', '+', '='])
        || is_prefix(line)
}

fn add(is: Is, found: &Match<'_>, at: Range<usize>, taken: &mut Taken<'_>) {
    let value = found.part(at.clone());
    let is_placeholder = value.starts_with(['$', '<', '{', '*', '[', '%']);
    // What carries a scheme or names its parts is looked at by itself.
    let is_address = value.contains("://") || (is != Is::Secret && value.contains('='));
    if is_placeholder || is_address {
        return;
    }
    let part = |from: usize, to: usize| at.start + from..at.start + to;
    match is {
        Is::Host => add_host(found, at, taken),
        Is::Hosts => {
            let mut start = at.start;
            for each in value.split(',') {
                add_host(found, start..start + each.len(), taken);
                start += each.len() + 1;
            }
        }
        Is::User => {
            let end = value.find(['%', '@']).unwrap_or(value.len());
            add_word(Kind::User, found, part(0, end), taken);
            if value[end..].starts_with('%') {
                taken.add(Kind::Secret, Some(part(end + 1, value.len())));
            }
        }
        Is::Name => add_word(Kind::Name, found, at, taken),
        Is::Secret => taken.add(Kind::Secret, Some(at)),
        Is::Forward => {
            // The destination is the last part but one.
            let is_port = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
            let parts: Vec<&str> = value.split(':').collect();
            let (before, host) = match parts.as_slice() {
                [before @ .., host, port] if is_port(port) => (before, host),
                // The line ends within it.
                [before @ .., host] => (before, host),
                [] => return,
            };
            let start = before.iter().map(|part| part.len() + 1).sum();
            add_host(found, part(start, start + host.len()), taken);
        }
        Is::Remote => {
            if let Some(end) = value.find(':').filter(|end| *end > 1) {
                add_host(found, part(0, end), taken);
            }
        }
        Is::Login => {
            let (login, host) = value.split_once('@').unwrap_or((value, ""));
            if let Some((user, password)) = login.split_once('/') {
                add_word(Kind::User, found, part(0, user.len()), taken);
                let from = user.len() + 1;
                taken.add(Kind::Secret, Some(part(from, from + password.len())));
                if !host.is_empty() {
                    add_host(found, part(value.len() - host.len(), value.len()), taken);
                }
            }
        }
    }
}

/// A host, with what may stand before and behind it.
pub(super) fn add_host(found: &Match<'_>, at: Range<usize>, taken: &mut Taken<'_>) {
    let mut start = at.start;
    let mut value = found.part(at);
    for protocol in ["tcp:", "np:", "lpc:", "admin:"] {
        if let Some(rest) = value.strip_prefix(protocol) {
            start += protocol.len();
            value = rest;
        }
    }
    if let Some((user, host)) = value.rsplit_once('@') {
        add_word(Kind::User, found, start..start + user.len(), taken);
        start += value.len() - host.len();
        value = host;
    }
    let name = value
        .split([':', ',', '\\', '/'])
        .next()
        .unwrap_or_default();
    if host::is_host_by_place(name) && !is_common(name) {
        taken.add(Kind::Host, Some(start..start + name.len()));
    }
}

/// A word that somebody has chosen.
fn add_word(kind: Kind, found: &Match<'_>, at: Range<usize>, taken: &mut Taken<'_>) {
    let word = found.part(at.clone());
    let is_number = word
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b':');
    if !is_number && !is_common(word) && !word.contains(['\\', '/']) {
        taken.add(kind, Some(at));
    }
}

/// The words of a command: apart by spaces, or, in a list, by quotes and commas.
struct Words<'a> {
    text: &'a str,
    at: usize,
    count: usize,
    is_list: bool,
}

impl<'a> Words<'a> {
    fn new(text: &'a str, at: usize) -> Self {
        let is_list = in_list(text.get(at..).unwrap_or_default()).is_some();
        Self {
            text,
            at,
            count: 0,
            is_list,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Option<Range<usize>> {
        self.count += 1;
        let rest = self.rest();
        let gap = match self.is_list {
            true => in_list(rest)?,
            false => rest.len() - rest.trim_start_matches([' ', '\t']).len(),
        };
        if gap == 0 || self.count > WORDS_MOST {
            return None;
        }
        self.at += gap;
        if !self.is_list
            && let Some(inner) = quoted(self.text, self.at)
        {
            self.at = inner.end + (inner.start - self.at);
            return Some(inner);
        }
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || "|;&<>\"'`()".contains(c);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let behind = &rest[word.len()..];
        // Backslashes before a quote are its own.
        let word = match behind.starts_with(['"', '\'']) {
            true => word.trim_end_matches('\\'),
            false => word,
        };
        if word.is_empty() {
            return None;
        }
        let start = self.at;
        self.at += word.len();
        Some(start..self.at)
    }

    /// Whether the line, or what is quoted, ends here.
    fn is_at_end(&self) -> bool {
        let rest = self.rest().trim_start_matches([' ', '\t', '\\']);
        rest.is_empty() || rest.starts_with(['\n', '\r', '"', '\'', '`', '|', ';', '&', '>'])
    }
}

/// What stands between two words of a list: how long it is, up to the second word.
fn in_list(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches('\\').strip_prefix(['"', '\''])?;
    let rest = rest.trim_start().strip_prefix(',')?.trim_start();
    let rest = rest.trim_start_matches('\\').strip_prefix(['"', '\''])?;
    Some(text.len() - rest.len())
}
