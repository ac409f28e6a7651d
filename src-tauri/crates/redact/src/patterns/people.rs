//! Who somebody is: addresses, home folders, keys that carry a name.

use std::ops::Range;

use super::{Match, Rule, Split, Taken};
use crate::known::is_generic;
use crate::words::is_common;
use crate::{Kind, canonical, host};

/// Words behind an at sign that are no host: rules of our targets, versions of packages.
const NO_HOSTS: &[&str] = &[
    "first-online",
    "head",
    "home",
    "latest",
    "main",
    "master",
    "newest",
    "next",
    "rc",
    "beta",
    "alpha",
    "stable",
];

/// Words of a home folder's name, at most.
const HOME_WORDS: usize = 4;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        // A public key names its owner, and what is written behind it even more so.
        Rule::new(
            r#"(?m)(?:^([^\s#|"'\\]+)[ \t]+)?(?:sk-)?(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp[0-9]+)(?:@openssh\.com)?[ \t]+(AAAA[A-Za-z0-9+/=]+)(?:[ \t]+([^\r\n"'\\]+))?"#,
            |found, taken| {
                for host in split_at(found, 1, ',') {
                    let name = found.part(host.clone());
                    if host::is_host_by_place(name) && !is_common(name) {
                        taken.add(Kind::Host, Some(host));
                    }
                }
                taken.add(Kind::Key, found.at(2));
                taken.add(Kind::Text, found.at(3));
            },
        ),
        Rule::new(
            r"[A-Za-z0-9._%+\x80-\xff-]+@[A-Za-z0-9\x80-\xff-]+(?:\.[A-Za-z0-9\x80-\xff-]+)+",
            email,
        )
        .late(),
        // Whose address it is.
        Rule::new(
            r#"([A-Z\x80-\xff][A-Za-z\x80-\xff.'-]*(?: [A-Z\x80-\xff][A-Za-z\x80-\xff.'-]*){1,3})(?:\\*["'])?[ \t]*<[^\s<>@]+@"#,
            |found, taken| taken.add(Kind::User, found.at(1)),
        )
        .split(Split::Early(|_, _| true)),
        // A single word behind the sign, as ssh has it.
        Rule::new(
            r"[A-Za-z_\x80-\xff][A-Za-z0-9._\x80-\xff-]*@[A-Za-z][A-Za-z0-9-]*",
            at_host,
        ),
        Rule::new(
            r"(?i)(?:[/\\]+(?:home|users|documents and settings|run/media)[/\\]+)",
            home,
        ),
        // `~user/`
        Rule::new(
            r#"(?:^|[\s"'`=:(\[,])~([a-z_][a-z0-9._-]*)[/\\]"#,
            |found, taken| {
                if !is_common(found.of(1)) {
                    taken.add(Kind::User, found.at(1));
                }
            },
        )
        .split(Split::Early(|found, joint| {
            found.at(1).is_some_and(|name| name.start < joint)
        })),
        // Where mail and timetables of somebody lie.
        Rule::new(
            r"/var/(?:spool/)?(?:mail|cron(?:/crontabs)?)/([a-z_][a-z0-9._-]*)",
            |found, taken| {
                if !is_common(found.of(1)) {
                    taken.add(Kind::User, found.at(1));
                }
            },
        ),
    ]
}

/// The parts of a group.
fn split_at(found: &Match<'_>, group: usize, sign: char) -> Vec<Range<usize>> {
    let mut start = found.at(group).map_or(0, |at| at.start);
    let parts = found.of(group).split(sign);
    parts
        .map(|part| {
            let here = start..start + part.len();
            start = here.end + sign.len_utf8();
            here
        })
        .collect()
}

/// The part of a match that is left when signs before it are taken away that belong to the sentence,
/// such as quotes and arrows: letters of any language stay.
pub(super) fn without_signs(found: &Match<'_>) -> Range<usize> {
    let whole = found.whole();
    let text = found.of(0);
    let is_sign = |c: char| matches!(c, '\u{a0}'..='\u{bf}' | '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{303f}');
    let begin = text.rfind(is_sign).map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    });
    // Behind it, too: then what is before the sign is meant.
    match begin == text.len() || !text[begin..].contains(['@', '.']) {
        true => {
            let end = text.find(is_sign).unwrap_or(text.len());
            whole.start..whole.start + end
        }
        false => whole.start + begin..whole.end,
    }
}

fn email(found: &Match<'_>, taken: &mut Taken<'_>) {
    // What follows the sign of a pseudonym was put there by an earlier pass.
    if found.before().ends_with('#') {
        return;
    }
    let at = without_signs(found);
    let Some((user, host)) = found.part(at.clone()).rsplit_once('@') else {
        return;
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    if !last.starts_with(|c: char| c.is_ascii_digit()) {
        taken.add(Kind::Email, Some(at));
    } else if canonical::address(host).is_some() && !is_common(user) {
        // `nina@10.0.0.1`; but `react@18.2.0` is a version.
        taken.add(Kind::User, Some(at.start..at.start + user.len()));
    }
}

fn at_host(found: &Match<'_>, taken: &mut Taken<'_>) {
    let whole = without_signs(found);
    let text = found.part(whole.clone());
    let Some((user, host)) = text.split_once('@') else {
        return;
    };
    let is_version = host.strip_prefix('v').is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    // `@scope/package`, and what an earlier pass has put there.
    let is_part = found.before().ends_with(['@', '#', '-', '/']) && !found.before().ends_with("//");
    // An address that goes on: `user@host.example`.
    let mut behind = found.after().chars();
    let goes_on = match behind.next() {
        Some('.') => behind.next().is_some_and(char::is_alphanumeric),
        Some('@') => true,
        Some(_) | None => false,
    };
    if is_version || is_part || goes_on || NO_HOSTS.contains(&host.to_ascii_lowercase().as_str()) {
        return;
    }
    if !is_common(user) {
        taken.add(Kind::User, Some(whole.start..whole.start + user.len()));
    }
    if host::is_host_by_place(host) && !is_common(host) {
        taken.add(Kind::Host, Some(whole.end - host.len()..whole.end));
    }
}

/// The name of a home folder, which may have spaces in it where that is how it goes on.
fn home(found: &Match<'_>, taken: &mut Taken<'_>) {
    let start = found.whole().end;
    let rest = found.after();
    let ends = |c: char| "/\\\"'<>:;,|=&?*%`()\r\n\t".contains(c);
    let segment = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let behind = rest[segment.len()..].chars().next();
    let in_quotes = |quote: char| found.line_before().matches(quote).count() % 2 == 1;
    let is_whole = match behind {
        Some('/' | '\\') => true,
        Some(quote @ ('"' | '\'')) => in_quotes(quote),
        Some(_) | None => false,
    };
    let words = segment.split(' ').count();
    let has_spaces = words > 1
        && words <= HOME_WORDS
        && is_whole
        && !segment.starts_with(' ')
        && !segment.ends_with(' ');
    let name = match has_spaces {
        true => segment,
        false => segment.split(' ').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches(['.', ']', '}', '!']);
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_generic(name) || is_number {
        return;
    }
    taken.add(Kind::User, Some(start..start + name.len()));
    // `/home/firma.example/nina`: folders of a domain's users.
    let below = name
        .contains('.')
        .then(|| rest[name.len()..].strip_prefix('/'))
        .flatten();
    if let Some(below) = below.filter(|_| host::is_private_host(name)) {
        let length = below.find(|c: char| ends(c) || c == ' ');
        let user = &below[..length.unwrap_or(below.len())];
        if !user.is_empty() && !is_common(user) && !user.starts_with('.') {
            let start = start + name.len() + 1;
            taken.add(Kind::User, Some(start..start + user.len()));
        }
    }
}
