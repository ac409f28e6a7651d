//! The other half of a value that the end of a line has cut: what stands before the end was found and is a
//! pseudonym by now, and the rest of it begins the next line.
//!
//! Each half has a pseudonym of its own, so that a value that was whole after all stays equal to itself.
//! All is judged by what was replaced already: who does it twice finds nothing new.

use std::collections::HashSet;
use std::ops::Range;

use crate::fields::told;
use crate::view::View;
use crate::words::is_common;
use crate::{Find, Kind, pseudonyms};

/// Words that begin lines of settings of ssh, besides those that name a user or a host.
const KEYWORDS: &[&str] = &[
    "certificatefile",
    "controlmaster",
    "controlpath",
    "forwardagent",
    "identitiesonly",
    "identityfile",
    "localforward",
    "proxycommand",
    "remoteforward",
    "serveraliveinterval",
    "stricthostkeychecking",
    "userknownhostsfile",
];

/// What stands at the end of a line, and what follows.
struct Cut<'a> {
    kind: Kind,
    /// Where the next line begins.
    joint: usize,
    /// What stands between the lines.
    between: &'a str,
}

/// The rests of values in a text in which all that is whole was replaced, whose lines are put together.
pub(crate) fn find(text: &str, view: &View) -> Vec<Find> {
    let mut cuts = Vec::new();
    let mut begins = Vec::new();
    let mut whole: HashSet<&str> = HashSet::new();
    let mut rest_at = None;
    for (at, kind) in pseudonyms::all(&view.text, |at| view.is_joint(at)) {
        // Digits with which the next line begins are none of its number.
        let number = at.end
            - view.text[at.clone()]
                .bytes()
                .rev()
                .take_while(u8::is_ascii_digit)
                .count();
        let end = (number + 1..at.end)
            .find(|end| view.is_joint(*end))
            .unwrap_or(at.end);
        let at = at.start..end;
        let name = &view.text[at.clone()];
        let behind = &view.text[at.end..];
        let spaces = behind.len() - behind.trim_start_matches(' ').len();
        let joint = (at.end..=at.end + spaces).find(|joint| view.is_joint(*joint));
        let is_rest = rest_at == Some((at.start, kind));
        if view.is_joint(at.start) {
            begins.push((name, at.start, kind));
        }
        match joint.filter(|_| !is_rest) {
            Some(joint) => {
                rest_at = Some((joint, kind));
                let between = view.between(joint).and_then(|between| text.get(between));
                let between = between.unwrap_or_default();
                cuts.push((
                    name,
                    Cut {
                        kind,
                        joint,
                        between,
                    },
                ));
            }
            None if view.is_joint(at.start) => {}
            None => {
                whole.insert(name);
            }
        }
    }
    // What stands within a line as well is no half.
    let cuts = cuts.iter().filter(|(name, _)| !whole.contains(name));
    let begins = begins.iter().filter(|(name, ..)| !whole.contains(name));
    let rests = cuts.filter_map(|(_, cut)| rest(view, cut));
    rests
        .chain(begins.filter_map(|(_, joint, kind)| begin(view, *joint, *kind)))
        .collect()
}

/// The begin of a value, at the end of the line before the one that begins with the rest: only a word that no
/// sentence ends with.
fn begin(view: &View, joint: usize, kind: Kind) -> Option<Find> {
    let is_free = match kind {
        Kind::Secret
        | Kind::Token
        | Kind::Email
        | Kind::User
        | Kind::Name
        | Kind::Host
        | Kind::Tag
        | Kind::Ip => true,
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Task
        | Kind::Mac
        | Kind::Phone
        | Kind::Account
        | Kind::Key
        | Kind::Session
        | Kind::Portal
        | Kind::Tunnel
        | Kind::Id
        | Kind::Text => false,
    };
    let before = view.text.get(..joint).filter(|_| is_free)?;
    let ends = |c: char| c.is_whitespace() || "\"'`<>,;&(){}[]|=".contains(c);
    let start = before.rfind(ends).map_or(0, |at| {
        at + before[at..].chars().next().map_or(1, char::len_utf8)
    });
    // A line that is this word alone.
    let start = (start + 1..joint)
        .rev()
        .find(|at| view.is_joint(*at))
        .unwrap_or(start);
    let word = before.get(start..)?;
    let is_open = word.ends_with(['.', '-', '_', ':', '@']) && word.len() > 3;
    let plain = word.trim_end_matches(['.', '-', '_', ':', '@']);
    let has_letter = plain.contains(char::is_alphabetic);
    let is_one = match is_open {
        true => {
            is_telling(plain)
                || (plain.len() > 3 && !word.ends_with(['.', ':']))
                || kind == Kind::Host
        }
        false => is_telling(plain) && !plain.contains('/'),
    };
    let is_known = is_common(plain)
        || told(plain).is_some()
        || (crate::host::is_whole(plain) && !is_open && kind != Kind::Ip);
    let is_harmless = pseudonyms::has_one(word) || is_known || !(has_letter || is_open);
    (is_one && !is_harmless).then(|| Find {
        by: start..joint + 1,
        kind,
        value: word.to_owned(),
        at: start..joint,
    })
}

fn rest(view: &View, cut: &Cut<'_>) -> Option<Find> {
    let at = word(view, cut)?;
    let word = view.text.get(at.clone())?;
    let behind = view.text.get(at.end..).unwrap_or_default();
    let is_value = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '"']);
    let is_name = behind.starts_with('=')
        || behind.starts_with("\":")
        || behind.strip_prefix(':').is_some_and(is_value);
    let is_key = is_name && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_plain = word.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_known = is_common(word)
        || (is_plain && told(word).is_some())
        || KEYWORDS.contains(&word.to_ascii_lowercase().as_str());
    // A path that begins a line of its own.
    let is_path = word.starts_with('/') && !is_wrapped(cut, true);
    let is_option = word.starts_with("--") || (word.starts_with('-') && word.len() == 2);
    let has_letter = word.contains(char::is_alphabetic);
    let is_setting = word.trim_matches('=').contains('=');
    if is_key
        || is_known
        || is_option
        || is_path
        || !has_letter
        || is_setting
        || pseudonyms::has_one(word)
    {
        return None;
    }
    let goes_on = !view.ends_line(at.end) && !behind.is_empty();
    (is_telling(word) || is_wrapped(cut, goes_on)).then(|| Find {
        by: cut.joint.saturating_sub(1)..at.end,
        kind: cut.kind,
        value: word.to_owned(),
        at,
    })
}

/// Whether what stands between the lines says that one goes on in the next, whatever the word.
fn is_wrapped(cut: &Cut<'_>, goes_on: bool) -> bool {
    let indent = cut.between.trim_start_matches(['\\', '\r', '\n']);
    let is_record = !indent.trim_matches([' ', '\t']).is_empty();
    let is_indented = !is_record && indent.len() >= 2;
    is_indented || is_record || (is_secret(cut.kind) && !goes_on)
}

fn is_secret(kind: Kind) -> bool {
    matches!(kind, Kind::Secret | Kind::Token)
}

/// Whether a word is none of a sentence: digits among letters, signs within, capitals behind small letters.
fn is_telling(word: &str) -> bool {
    let is_sign = |c: char| "-_.@/+%~!#$\\:".contains(c);
    let is_mixed = word.bytes().any(|byte| byte.is_ascii_digit());
    let is_signed = word.starts_with(is_sign) || word.trim_matches(is_sign).contains(is_sign);
    let is_humped = word
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    word.len() > 2 && (is_mixed || is_signed || is_humped)
}

/// The word with which the next line begins, as far as it may be one of such a value; `None` for what has a
/// form of its own, by which it is found where it is cut.
fn word(view: &View, cut: &Cut<'_>) -> Option<Range<usize>> {
    let signs = match cut.kind {
        Kind::Secret | Kind::Token | Kind::Email | Kind::Session | Kind::Task => "",
        Kind::User | Kind::Name | Kind::Host | Kind::Tag | Kind::Tunnel | Kind::Text => "/\\:%@=",
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Ip
        | Kind::Mac
        | Kind::Phone
        | Kind::Account
        | Kind::Key
        | Kind::Portal
        | Kind::Id => return None,
    };
    let rest = view.text.get(cut.joint..)?;
    let ends = |c: char| c.is_whitespace() || "\"'`<>,;&(){}[]|".contains(c) || signs.contains(c);
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let end = rest
        .get(first..)?
        .find(ends)
        .map_or(rest.len(), |end| first + end);
    // The next line may be this word alone.
    let end = (1..end)
        .find(|at| view.is_joint(cut.joint + at))
        .unwrap_or(end);
    let word = rest.get(..end)?.trim_end_matches(['.', ':', '!', '?', '…']);
    (word.len() >= 2).then(|| cut.joint..cut.joint + word.len())
}
