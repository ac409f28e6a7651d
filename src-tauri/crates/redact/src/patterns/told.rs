//! What a text says of a value: fields by their names, and sentences of programs that everybody uses.

use std::ops::Range;

use super::secrets::quoted;
use super::{Match, Rule, Split, Taken};
use crate::Kind;
use crate::fields::{OPTIONS, TELLING, option_told, told};
use crate::host;
use crate::lines::is_prefix;
use crate::words::is_common;

/// More of a list is not looked at.
const LIST_MOST: usize = 64;

pub(super) fn rules() -> Vec<Rule> {
    let names: Vec<String> = TELLING
        .iter()
        .flat_map(|(_, names)| names.iter())
        .map(|name| name.replace('_', "[-_ ]?"))
        .collect();
    let names = names.join("|");
    vec![
        Rule::new(
            format!(r#"(?i)\b_*(?:[a-z0-9]+[-_.])*({names})(\\*["'])?[ \t]*(=|:)[ \t]*"#),
            field,
        )
        .split(Split::Early(is_in_quotes)),
        Rule::new(
            format!(r#"(?i)(?:--|[\s"']-)({names}|{OPTIONS})(?:\s+-[ \t]+|[ \t]+|\\*["'][ \t]*,\s*)"#)
                .replace("[-_ ]?", "[-_]?"),
            option,
        )
        .split(Split::Early(is_in_quotes)),
        // Hosts.
        Rule::new(
            r#"(?i)\b(?:could not resolve(?: host(?:name)?| proxy)?|could not translate host name|can(?:'t|not) (?:resolve|reach)(?: host(?:name)?| the host)?|getaddrinfo(?: (?:enotfound|eai_again|failed for))?|unknownhostexception|no such host|name or service not known|enotfound|eai_again|unknown host|nodename nor servname provided)[: ]+["'`]?([A-Za-z0-9_\x80-\xff][A-Za-z0-9_.\x80-\xff-]*)"#,
            |found, taken| host_at(found, taken, true),
        ),
        Rule::new(
            r#"(?i)\b(?:lookup|connecting to|connected to|connect to(?: host)?|connection to(?: server at)?|server at|authenticating to|host|hostname|trying|login to|established to|ssh to|reach)\s+["'`]?([A-Za-z0-9_][A-Za-z0-9_.-]*)(["'`]|:[0-9]{2,5}\b|:\s|\s+(?:\[|\(|port\b|on [0-9])|\()?"#,
            |found, taken| host_at(found, taken, !found.of(2).is_empty()),
        )
        .split(Split::Early(|found, _| !found.of(2).is_empty())),
        Rule::new(
            r"(?i)\b(?:ping|telnet|nc|nslookup|dig|traceroute|tracepath|ssh)[ \t]+(?:-[^\s]+[ \t]+)*([a-z0-9][a-z0-9_.-]*)([ \t]+\(|[ \t]+[0-9]{2,5}\b)?",
            |found, taken| host_at(found, taken, !found.of(2).is_empty()),
        ),
        Rule::new(r"(?i)\bmachine\s+(\S+)\s+login\b", |found, taken| {
            host_at(found, taken, true);
        })
        .split(Split::Early(|_, _| true)),
        // The machine in a line of syslog.
        Rule::new(
            r"(?m)^[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} ([A-Za-z0-9][A-Za-z0-9._-]*) [A-Za-z0-9_./-]+(?:\[[0-9]+\])?: ",
            |found, taken| host_at(found, taken, true),
        ),
        Rule::new(
            r"(?m)^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9:]+) ([A-Za-z0-9][A-Za-z0-9._-]*) [A-Za-z0-9_./-]+\[[0-9]+\]: ",
            |found, taken| host_at(found, taken, true),
        ),
        Rule::new(
            r"(?i)\bnfs4?[ \t]+(?:-[^\s]+[ \t]+)*([a-z0-9][a-z0-9_.-]*):/",
            |found, taken| host_at(found, taken, true),
        )
        .split(Split::Early(|_, _| true)),
        // Users.
        Rule::new(
            r"[^\s]+ [^\s]+ ([^\s]+) \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:",
            |found, taken| user_at(found, 1, taken),
        )
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r#"(?i)\b(?:user|users|role|username|login|owner|account|as|for user|principal|database|schema|bucket|table|cluster|profile)\s+\\*["'`]([^"'`\\\r\n]{2,64})\\*["'`]"#,
            in_quotes,
        )
        .split(Split::Early(|found, _| !found.of(1).contains(char::is_whitespace))),
        Rule::new(
            r"(?i)\b(?:accepted|failed|invalid) (?:[a-z/-]+ )?(?:for )?(?:invalid )?user ([^\s]+)|\b(?:accepted|failed) [a-z/-]+ for ([^\s]+) from\b|\bsession (?:opened|closed) for user ([^\s(]+)|\bauthenticat(?:ed|ing) (?:as|user) ([^\s]+)",
            |found, taken| {
                for group in 1..=4 {
                    user_at(found, group, taken);
                }
            },
        )
        .split(Split::Early(|found, _| !found.of(2).is_empty())),
    ]
}

fn field(found: &Match<'_>, taken: &mut Taken<'_>) {
    let at = found.whole().end;
    let Some(kind) = told(found.of(1)) else {
        return;
    };
    if let Some(value) = quoted(found.text, at) {
        add(kind, found, value, taken);
        return;
    }
    if let Some(list) = found.part(at..found.text.len()).strip_prefix('[') {
        let start = found.text.len() - list.len();
        in_list(found.text, start, |value| add(kind, found, value, taken));
        return;
    }
    // In prose a colon says nothing: `the user: who signs in`.
    let begins_line = {
        let line = found.line_before();
        let before = line.trim();
        before.is_empty()
            || ["-", ">", "<", "*", "|"].contains(&before)
            || before.ends_with(['"', '='])
            || is_prefix(line)
    };
    if found.of(3) == ":" && !begins_line && found.of(2).is_empty() {
        return;
    }
    let rest = found.part(at..found.text.len());
    let ends = |c: char| c.is_whitespace() || "\"'<>,;&(){}[]|".contains(c);
    let value = &rest[..rest.find(ends).unwrap_or(rest.len())];
    // A backslash is a part of an account alone: `DOMAIN\user`.
    let value = match value.find('\\') {
        Some(sign) if !matches!(kind, Kind::User) || value.len() <= sign + 1 => &value[..sign],
        Some(_) | None => value,
    };
    let value = value.trim_end_matches(['.', ':', '!']);
    // The rest of such a line is none of a value: `user: who signs in`.
    let behind = rest[value.len()..].trim_start_matches([' ', '\t', '\r', '.']);
    let is_alone = behind.is_empty() || behind.starts_with(['\n', '"', '#', '/', ',', ':']);
    if found.of(3) == "=" || is_alone {
        add(kind, found, at..at + value.len(), taken);
    }
}

/// Whether a value in quotes behind a match is cut at this place.
pub(super) fn is_in_quotes(found: &Match<'_>, joint: usize) -> bool {
    let behind = found.after();
    let in_list = behind.len() - behind.trim_start_matches(['[', ' ']).len();
    let value = quoted(found.text, found.whole().end + in_list);
    value.is_some_and(|value| value.contains(&joint))
}

fn option(found: &Match<'_>, taken: &mut Taken<'_>) {
    let at = found.whole().end;
    let name = found.of(1);
    let Some(kind) = told(name).or_else(|| option_told(name)) else {
        return;
    };
    // A path of names: `--name /orders/db`.
    let at = match found.part(at..found.text.len()).strip_prefix('/') {
        Some(_) if matches!(kind, Kind::Name) => at + 1,
        Some(_) | None => at,
    };
    let rest = found.part(at..found.text.len());
    let value = quoted(found.text, at).unwrap_or_else(|| {
        let length = rest.find(|c: char| c.is_whitespace() || "\"'\\,;".contains(c));
        at..at + length.unwrap_or(rest.len())
    });
    if !found.part(value.clone()).starts_with('-') {
        add(kind, found, value, taken);
    }
}

/// What stands in quotes in a list, from behind its bracket on.
fn in_list(text: &str, start: usize, mut told: impl FnMut(Range<usize>)) {
    let mut at = start;
    for _ in 0..LIST_MOST {
        let rest = text.get(at..).unwrap_or_default();
        let begun = rest.trim_start_matches([' ', '\t', '\n', '\r', ',']);
        let begin = at + rest.len() - begun.len();
        let Some(value) = quoted(text, begin) else {
            return;
        };
        at = value.end + (value.start - begin);
        told(value);
    }
}

/// The value of a field, where it is one of its kind.
pub(super) fn add(kind: Kind, found: &Match<'_>, at: Range<usize>, taken: &mut Taken<'_>) {
    let value = found.part(at.clone());
    let is_number = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    let is_told = match kind {
        // What has a form of its own is found by it.
        Kind::Account => is_number && value.bytes().filter(u8::is_ascii_digit).count() == 12,
        Kind::Host => {
            let name = value.split(':').next().unwrap_or_default();
            host::is_host_by_place(name) && !is_common(name)
        }
        Kind::Email => value.contains('@'),
        Kind::Phone => value.bytes().filter(u8::is_ascii_digit).count() >= 6,
        Kind::Name if host::is_public_name(value) => false,
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Task
        | Kind::Ip
        | Kind::Mac
        | Kind::User
        | Kind::Name
        | Kind::Key
        | Kind::Token
        | Kind::Secret
        | Kind::Session
        | Kind::Tag
        | Kind::Portal
        | Kind::Tunnel
        | Kind::Id
        | Kind::Text => !is_number && !is_common(value) && value.len() >= 2,
    };
    let is_placeholder =
        value.starts_with(['$', '<', '{', '%', '(', '*', '/']) || value.contains("://");
    if !is_told || is_placeholder {
        return;
    }
    // Behind a host may stand its port.
    let length = match matches!(kind, Kind::Host) {
        true => value.find(':').unwrap_or(value.len()),
        false => value.len(),
    };
    let end = at.start + length;
    taken.add(kind, Some(at.start..end));
}

/// A host in a sentence. A word that may be one of the sentence's own is one only where what follows it
/// says so.
fn host_at(found: &Match<'_>, taken: &mut Taken<'_>, is_sure: bool) {
    let word = found.of(1).trim_end_matches(['.', '-', ':']);
    let is_telling =
        word.contains(['.', '-', '_']) || word.bytes().any(|byte| byte.is_ascii_digit());
    let Some(at) = found.at(1).map(|at| at.start..at.start + word.len()) else {
        return;
    };
    if (is_sure || is_telling) && host::is_host_by_place(word) && !is_common(word) && !is_file(word)
    {
        taken.add(Kind::Host, Some(at));
    }
}

fn is_file(word: &str) -> bool {
    word.contains('.') && !host::is_host_before_port(word)
}

fn in_quotes(found: &Match<'_>, taken: &mut Taken<'_>) {
    let kind = match found.of(0).split_whitespace().next() {
        Some(word)
            if [
                "database", "schema", "bucket", "table", "cluster", "profile",
            ]
            .contains(&word.to_ascii_lowercase().as_str()) =>
        {
            Kind::Name
        }
        Some(_) | None => Kind::User,
    };
    let has_letter = found.of(1).contains(char::is_alphabetic);
    if has_letter && !is_common(found.of(1)) {
        taken.add(kind, found.at(1));
    }
}

fn user_at(found: &Match<'_>, group: usize, taken: &mut Taken<'_>) {
    let name = found.of(group).trim_matches(['\'', '"', '.', ',', ':']);
    let Some(at) = found.at(group) else { return };
    let start = at.start + found.of(group).find(name).unwrap_or_default();
    if !is_common(name) {
        taken.add(Kind::User, Some(start..start + name.len()));
    }
}
