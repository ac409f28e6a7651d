//! Accounts, shares and options of Windows.

use super::{Match, Rule, Split, Taken, whole};
use crate::words::is_common;
use crate::{Kind, host};

/// Domains that every Windows has, and keys of its registry.
const EVERYWHERE: &[&str] = &[
    "AUTHORITY",
    "APPPOOL",
    "BUILTIN",
    "CIMV2",
    "HKCC",
    "HKCR",
    "HKCU",
    "HKLM",
    "HKU",
    "IIS",
    "MANAGER",
    "NT",
    "ROOT",
    "SERVICE",
    "SOFTWARE",
    "SYSTEM",
    "UNC",
    "WINDOWS",
    "WORKGROUP",
];

/// Signs of a domain's short name, at most.
const DOMAIN_MOST: usize = 15;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r#"\b([A-Z][A-Z0-9-]{1,14})\\{1,8}([A-Za-z0-9\x80-\xff][A-Za-z0-9._$\x80-\xff-]*)"#,
            account,
        ),
        // In small letters where it is said that an account follows.
        Rule::new(
            r#"(?i)\b(?:user(?: ?name)?|account|login|logon|logged in|runs|as|owner)\b\\*["']?[ \t]*[:=]?[ \t]*\\*["']?([a-z][a-z0-9-]{1,14})\\{1,4}([a-z0-9\x80-\xff][a-z0-9._$\x80-\xff-]*)"#,
            account,
        ),
        Rule::new(r"\bS-1-(?:5-21|12-1)(?:-[0-9]+)+", |found, taken| {
            whole(Kind::User, found, taken);
        })
        .split(Split::Early(|_, _| true)),
        // A share, however often its backslashes are escaped.
        Rule::new(
            r#"(?:^|[\s"'=(<>\[,;:])(\\{2,8})([A-Za-z0-9][A-Za-z0-9_.-]*)(?:@[A-Za-z0-9@]+)?(\\{1,4})([^\s\\/"'<>|:*?,;]+)"#,
            |found, taken| {
                if found.of(1).len() == 2 * found.of(3).len() {
                    share(found, 2, 4, taken);
                }
            },
        )
        .raw()
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r#"(?i)\\{1,8}\?\\{1,4}UNC\\{1,4}([a-z0-9][a-z0-9_.-]*)\\{1,4}([^\s\\/"'<>|:*?,;]+)"#,
            |found, taken| share(found, 1, 2, taken),
        )
        .raw()
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r#"(?i)\b(?:cifs|smb3?|smbclient|smbfs)\b[^\r\n|]*?\s//([a-z0-9][a-z0-9_.-]*)/([^\s\\/"'<>|:*?,;]+)"#,
            |found, taken| share(found, 1, 2, taken),
        )
        .split(Split::Early(|found, joint| {
            found.at(1).is_some_and(|host| host.start <= joint && joint < host.end)
        })),
        Rule::new(
            r#"(?i)\blogonserver\b\\*["']?[ \t]*[=:][ \t]*\\*["']?\\+([a-z0-9-]+)"#,
            |found, taken| taken.add(Kind::Host, found.at(1)),
        ),
        // Options: `/user:NAME PASSWORD`, `/v:HOST`.
        Rule::new(
            r#"(?i)[ \t]/(?:(?:user|u):|ru[ \t]+)(?:[a-z0-9-]+\\{1,4})?([a-z0-9][^\s"'/\\:]*)(?:[ \t]+([^\s"'/][^\s"']*))?"#,
            |found, taken| {
                if !is_common(found.of(1)) {
                    taken.add(Kind::User, found.at(1));
                    taken.add(Kind::Secret, found.at(2));
                }
            },
        ),
        Rule::new(
            r#"(?i)[ \t]/(?:(?:pass(?:word)?|p):|rp[ \t]+)([^\s"'/:][^\s"']*)"#,
            |found, taken| taken.add(Kind::Secret, found.at(1)),
        ),
        Rule::new(r"(?i)[ \t]/v:([a-z0-9][a-z0-9_.-]*)", |found, taken| {
            if host::is_host_by_place(found.of(1)) && !is_common(found.of(1)) {
                taken.add(Kind::Host, found.at(1));
            }
        }),
        Rule::new(
            r#"(?i)\bconvertto-securestring\s+(?:-string\s+)?\\*["']([^"'\\\r\n]+)"#,
            |found, taken| taken.add(Kind::Secret, found.at(1)),
        ),
    ]
}

fn share(found: &Match<'_>, host: usize, name: usize, taken: &mut Taken<'_>) {
    if !is_common(found.of(host)) {
        taken.add(Kind::Host, found.at(host));
    }
    taken.add(Kind::Name, found.at(name));
}

/// `DOMAIN\user`, and no path, key of the registry or place in a file.
fn account(found: &Match<'_>, taken: &mut Taken<'_>) {
    let (domain, user) = (found.of(1), found.of(2).trim_end_matches(['.', '-']));
    let is_path = before_domain(found).ends_with(['\\', '/', '.', '-', '+', '='])
        && !before_domain(found).ends_with(" =")
        || found.after().starts_with(['\\', '/', ':'])
        || (user.contains('.') && host::is_whole(user) && !host::is_private_host(user));
    let is_everywhere = EVERYWHERE.contains(&domain.to_ascii_uppercase().as_str());
    if is_path || is_everywhere || is_common(domain) || domain.len() > DOMAIN_MOST {
        return;
    }
    taken.add(Kind::Name, found.at(1));
    if !is_common(user) {
        let at = found.at(2).map(|at| at.start..at.start + user.len());
        taken.add(Kind::User, at);
    }
}

fn before_domain<'a>(found: &Match<'a>) -> &'a str {
    let start = found.at(1).map_or(0, |at| at.start);
    found.text.get(..start).unwrap_or_default()
}

/// Whether a text ends with the name of a domain that is written in capitals: the backslash behind it
/// escapes nothing.
pub(crate) fn ends_with_domain(before: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    let name = &before[before.trim_end_matches(is_sign).len()..];
    let begins_word = before[..before.len() - name.len()]
        .chars()
        .next_back()
        .is_none_or(|c| " \"'=(:,;\n\t[`<>".contains(c));
    (2..=DOMAIN_MOST).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && begins_word
        && !is_common(name)
}
