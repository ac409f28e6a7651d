//! Known values that are not there as a whole, or so short that only their place tells what they are.

use std::ops::Range;

use crate::{Kind, lines, words};

/// Less of a secret tells nothing.
const HALF_SHORTEST: usize = 8;

/// Secrets of which halves are looked for are longer than one.
const HALVED_SHORTEST: usize = HALF_SHORTEST + 2;

/// Breaks within a value that are looked for, each by itself.
const BREAKS_MOST: usize = 8;

/// Words before a host.
const BEFORE_HOSTS: [&str; 6] = ["host", "server", "lookup", "resolve", "node", "hostname"];

/// The begin and the end by which a secret is known that the end of a line has cut.
pub(super) fn halves(kind: Kind, value: &str) -> Option<(&str, &str)> {
    let is_cut = match kind {
        Kind::Secret | Kind::Token => true,
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Task
        | Kind::Host
        | Kind::Ip
        | Kind::Mac
        | Kind::User
        | Kind::Email
        | Kind::Phone
        | Kind::Account
        | Kind::Name
        | Kind::Key
        | Kind::Session
        | Kind::Tag
        | Kind::Portal
        | Kind::Tunnel
        | Kind::Id
        | Kind::Text => false,
    };
    if !is_cut || value.len() < HALVED_SHORTEST {
        return None;
    }
    let end = value.len() - HALF_SHORTEST;
    value.get(..HALF_SHORTEST).zip(value.get(end..))
}

/// A value as it is when one of its spaces, or each, was where a line has ended, or all are written as a
/// query has them.
pub(super) fn broken(value: &str) -> Vec<String> {
    let mut broken: Vec<String> = value
        .match_indices(' ')
        .take(BREAKS_MOST)
        .map(|(at, _)| format!("{}{}", &value[..at], &value[at + 1..]))
        .collect();
    if !broken.is_empty() {
        broken.push(value.replace(' ', ""));
        broken.push(value.replace(' ', "+"));
    }
    broken
}

/// Where the begin of a secret stands that the end of a line, or of a quote, has cut: up to there.
pub(super) fn cut_behind(value: &str, text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let ends = |c: char| matches!(c, '\n' | '\r' | '"' | '…');
    let end = rest.find(ends).unwrap_or(rest.len());
    let part = rest[..end].trim_end_matches([' ', '\t', '\\']);
    let part = part.strip_suffix("...").unwrap_or(part);
    let is_half = is_half(part) && part.len() < value.len() && value.starts_with(part);
    (is_half && !joins(text[..start].chars().next_back())).then(|| start..start + part.len())
}

/// Where the end of a secret stands with which a line, or a quote, begins: from there.
pub(super) fn cut_before(value: &str, text: &str, end: usize) -> Option<Range<usize>> {
    let before = text.get(..end)?;
    let same = before
        .bytes()
        .rev()
        .zip(value.bytes().rev())
        .take_while(|(one, other)| one == other)
        .count();
    let start = end - same.min(value.len() - 1);
    let part = text.get(start..end)?;
    let outer = &text[..start];
    let line = outer.rsplit('\n').next().unwrap_or_default();
    let begins = line.trim_start_matches([' ', '\t']).is_empty()
        || line.ends_with(['"', '…'])
        || line.ends_with("...")
        || lines::is_prefix(line);
    (begins && is_half(part) && !joins(text[end..].chars().next())).then_some(start..end)
}

/// Whether a part of a secret tells more than a word.
fn is_half(part: &str) -> bool {
    part.len() >= HALF_SHORTEST && !words::is_common(part.trim())
}

fn joins(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// Whether a value of this kind has places where only it can stand.
pub(super) fn has_places(kind: Kind) -> bool {
    match kind {
        Kind::Host | Kind::User | Kind::Name | Kind::Tag | Kind::Tunnel => true,
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Task
        | Kind::Ip
        | Kind::Mac
        | Kind::Email
        | Kind::Phone
        | Kind::Account
        | Kind::Key
        | Kind::Token
        | Kind::Secret
        | Kind::Session
        | Kind::Portal
        | Kind::Id
        | Kind::Text => false,
    }
}

/// Whether a short value stands where what it is stands: in quotes by itself; a host before a port, in an
/// address, behind its name.
pub(super) fn is_in_place(kind: Kind, text: &str, at: &Range<usize>) -> bool {
    let (before, after) = (&text[..at.start], &text[at.end..]);
    let quotes = ['"', '\'', '`'];
    if before.ends_with(quotes) && after.trim_start_matches('\\').starts_with(quotes) {
        return true;
    }
    let begins_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    match kind {
        Kind::Host => {
            let is_before_port = after.strip_prefix(':').is_some_and(begins_with_digit)
                || after.starts_with(" port ")
                || after.starts_with(" on port ");
            let said = before.trim_end_matches([' ', '\t', '=', ':', '"', '\'', '\\']);
            let word = said.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
            let word = word.unwrap_or_default().to_ascii_lowercase();
            is_before_port
                || before.ends_with("//")
                || before.ends_with('@')
                || (said.len() < before.len() && BEFORE_HOSTS.contains(&word.as_str()))
        }
        Kind::User => after.starts_with('@') || before.ends_with("user=") || before.ends_with("//"),
        Kind::Name => before.ends_with("--profile ") || before.ends_with("profile "),
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Task
        | Kind::Ip
        | Kind::Mac
        | Kind::Email
        | Kind::Phone
        | Kind::Account
        | Kind::Key
        | Kind::Token
        | Kind::Secret
        | Kind::Session
        | Kind::Tag
        | Kind::Portal
        | Kind::Tunnel
        | Kind::Id
        | Kind::Text => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_secret_is_known_at_the_end_and_at_the_begin_of_a_line_alone() {
        let value = "planted-corr3ct-horse";
        for (text, half) in [
            ("it is planted-corr3ct", Some("planted-corr3ct")),
            ("it is planted-corr3ct…", Some("planted-corr3ct")),
            ("it is planted-corr3ct...\nnext", Some("planted-corr3ct")),
            ("{\"a\":\"planted-cor\"}", Some("planted-cor")),
            ("it is planted-corr3ct for you", None),
            ("unplanted-corr3ct", None),
        ] {
            let start = text.find("planted-").expect("it is there");
            let found = cut_behind(value, text, start);
            assert_eq!(found.map(|at| &text[at]), half, "{text}");
        }
        for (text, half) in [
            ("corr3ct-horse is it", Some("corr3ct-horse")),
            ("x\n  ct-horse is it", Some("ct-horse")),
            (
                "2026-11-30T08:10:24.123Z  INFO tunnel: corr3ct-horse",
                Some("corr3ct-horse"),
            ),
            ("it is corr3ct-horse", None),
            ("corr3ct-horses", None),
        ] {
            let end = text.find("horse").expect("it is there") + 5;
            let found = cut_before(value, text, end);
            assert_eq!(found.map(|at| &text[at]), half, "{text}");
        }
    }
}
