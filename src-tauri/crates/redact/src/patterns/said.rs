//! Secrets that sentences tell, and those that Redis is told.

use std::ops::Range;

use super::secrets::{is_secret, is_telling, quoted};
use super::{Match, Rule, Split, Taken};
use crate::Kind;
use crate::words::is_common;

/// Words that follow "the password is" and are none.
const STATES: &[&str] = &[
    "abgelaufen",
    "about",
    "again",
    "ago",
    "already",
    "also",
    "always",
    "asked",
    "auch",
    "bad",
    "blank",
    "changed",
    "checked",
    "correct",
    "das",
    "dead",
    "der",
    "die",
    "different",
    "due",
    "ein",
    "eine",
    "entered",
    "erforderlich",
    "exactly",
    "falsch",
    "fine",
    "free",
    "gesetzt",
    "gespeichert",
    "given",
    "good",
    "gone",
    "gültig",
    "hashed",
    "immer",
    "im",
    "incorrect",
    "kein",
    "kept",
    "known",
    "kurz",
    "leer",
    "likely",
    "locked",
    "longer",
    "looked",
    "nicht",
    "needed",
    "never",
    "nirgends",
    "nur",
    "nötig",
    "old",
    "only",
    "out",
    "over",
    "probably",
    "read",
    "richtig",
    "right",
    "saved",
    "schon",
    "sent",
    "set",
    "shorter",
    "still",
    "stored",
    "strong",
    "taken",
    "too",
    "typed",
    "unbekannt",
    "ungültig",
    "used",
    "valid",
    "very",
    "weak",
    "weg",
    "written",
    "zu",
];

/// How mail servers call ways to sign in: what stands behind one is the secret.
const MECHANISMS: &[&str] = &[
    "cram-md5",
    "digest-md5",
    "external",
    "gssapi",
    "login",
    "ntlm",
    "oauthbearer",
    "plain",
    "scram-sha-1",
    "scram-sha-256",
    "tls",
    "ssl",
    "xoauth2",
];

pub(super) fn rules() -> Vec<Rule> {
    let quotes = r#"(?:\\*["'`]|„|“|”|‚|‘|«|»|<)?"#;
    vec![
        Rule::new(
            format!(
                r#"(?i)\b(?:pass(?:word|phrase|code|wort)|kennwort|pwd|pin|secret|token|api[ -]?key|zugangscode|schlüssel)(?:[ \t]+(?:for|of|to|on|at|from|für|fuer|von|vom|zu|zum|zur|bei|auf|im|am|der|des)[ \t]+{quotes}((?:[^\s"'`:;,=]+[ \t]+){{0,3}}?[^\s"'`:;,=]+?){quotes})?[ \t]+(?:is|was|lautet|lauten|war|ist|heißt|heisst)\b(?:[ \t]+(?:now|still|jetzt|nun))?[ \t]*:?[ \t]*(?:„|“|‚|«|<)?"#
            ),
            sentence,
        )
        .split(Split::Early(|found, joint| {
            found.whole().end > joint || quoted(found.text, found.whole().end)
                .is_some_and(|value| value.contains(&joint))
        })),
        Rule::new(
            r#"\bAUTH[ \t]+\\*["']?([^\s"'\\,;|<>]+)\\*["']?(?:[ \t]+\\*["']?([^\s"'\\,;|<>]+))?"#,
            auth,
        )
        .split(Split::Early(|found, joint| {
            let goes_on = found.at(1).is_some_and(|user| {
                let rest = found.part(joint..user.end);
                user.start < joint && rest.starts_with(|c: char| c.is_alphanumeric())
            });
            goes_on && !found.of(2).is_empty()
        })),
        // In a list, and as Redis tells what it is sent.
        Rule::new(
            r#"\bAUTH\\*["'](?:[ \t]+|[ \t]*,[ \t]*)\\*["']([^\s"'\\]+)\\*["'](?:(?:[ \t]+|[ \t]*,[ \t]*)\\*["']([^\s"'\\]+))?"#,
            auth,
        ),
        Rule::new(
            r#"(?m)(?:^|> ?|redis-cli[^\r\n|]{0,80}? )auth[ \t]+([^\s"'\\,;|<>]+)(?:[ \t]+([^\s"'\\,;|<>]+))?"#,
            auth,
        ),
        // As it is sent.
        Rule::new(
            r"(?i)\bAUTH(?:\r?\n|(?:\\+r)?\\+n)\$[0-9]+(?:\r?\n|(?:\\+r)?\\+n)([^\s\\]+)(?:(?:\r?\n|(?:\\+r)?\\+n)\$[0-9]+(?:\r?\n|(?:\\+r)?\\+n)([^\s\\]+))?",
            |found, taken| match found.at(2) {
                Some(second) => {
                    taken.add(Kind::User, found.at(1));
                    taken.add(Kind::Secret, Some(second));
                }
                None => taken.add(Kind::Secret, found.at(1)),
            },
        ),
    ]
}

/// Whose it is, and what it is.
fn sentence(found: &Match<'_>, taken: &mut Taken<'_>) {
    let at = found.whole().end;
    let value = value_at(found, at);
    let Some(value) = value else { return };
    taken.add(Kind::Secret, Some(value));
    let whose = found.of(1);
    // Articles before it say nothing.
    let name = whose.rsplit([' ', '\t']).next().unwrap_or_default();
    if let Some(whole) = found.at(1)
        && !is_common(name)
        && !name.contains(['@', '/', '\\'])
    {
        taken.add(Kind::User, Some(whole.end - name.len()..whole.end));
    }
}

/// The secret that a sentence goes on with.
fn value_at(found: &Match<'_>, at: usize) -> Option<Range<usize>> {
    if let Some(value) = quoted(found.text, at) {
        return is_secret(found.part(value.clone())).then_some(value);
    }
    let rest = found.part(at..found.text.len());
    let ends = |c: char| c.is_whitespace() || "\"'`<>“”‘’»\\".contains(c);
    let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
    let behind =
        rest[word.len()..].trim_start_matches(['.', ',', ';', '!', '?', ')', '“', '”', '"']);
    let ends_sentence = behind.trim_start_matches([' ', '\t', '\r']).is_empty()
        || behind.starts_with(['\n', '\r'])
        || rest[word.len()..].starts_with(['.', ',', ';', '!', '"']);
    let small = word.to_lowercase();
    let is_state = STATES.contains(&small.as_str()) || is_common(&small);
    let is_one = is_telling(word) || (ends_sentence && word.len() >= 4);
    (is_secret(word) && !is_state && is_one).then(|| at..at + word.len())
}

/// `AUTH password`, `AUTH user password`; `AUTH failed` is a sentence.
fn auth(found: &Match<'_>, taken: &mut Taken<'_>) {
    let (first, second) = (found.of(1), found.of(2));
    let is_mechanism = MECHANISMS.contains(&first.to_ascii_lowercase().as_str());
    let is_word = |word: &str| !is_secret(word) || is_common(word) || is_state(word);
    let behind = found
        .after()
        .trim_start_matches(['"', '\'', '\\', ']', ')', '}']);
    let is_alone = behind.trim_start_matches([' ', '\t', '\r']).is_empty()
        || behind.starts_with(['\n', '\r', ';', '|', ',']);
    match (second.is_empty(), is_mechanism) {
        (true, false) if !is_word(first) && (is_alone || is_telling(first)) => {
            taken.add(Kind::Secret, found.at(1));
        }
        (false, true) if !is_word(second) && is_telling(second) => {
            let is_other = MECHANISMS.contains(&second.to_ascii_lowercase().as_str());
            taken.add(Kind::Secret, found.at(2).filter(|_| !is_other));
        }
        (false, false) if is_telling(second) && !is_word(second) => {
            if !is_common(first) {
                taken.add(Kind::User, found.at(1));
            }
            taken.add(Kind::Secret, found.at(2));
        }
        (false, false) if is_alone && first.len() > 2 && !is_word(second) && !is_state(first) => {
            if !is_common(first) {
                taken.add(Kind::User, found.at(1));
            }
            taken.add(Kind::Secret, found.at(2));
        }
        // More words follow.
        (false, false) if is_telling(first) && !is_word(first) => {
            taken.add(Kind::Secret, found.at(1));
        }
        (true, _) | (false, _) => {}
    }
}

fn is_state(word: &str) -> bool {
    STATES.contains(&word.to_lowercase().as_str())
}
