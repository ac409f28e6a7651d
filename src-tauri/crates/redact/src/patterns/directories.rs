//! Kerberos and LDAP.

use super::{Match, Rule, Split, Taken};
use crate::words::is_common;
use crate::{Kind, host};

/// Services in the names of principals.
const SERVICES: &[&str] = &[
    "afs",
    "cifs",
    "dns",
    "ftp",
    "gc",
    "host",
    "http",
    "https",
    "imap",
    "kadmin",
    "krbtgt",
    "ldap",
    "mssqlsvc",
    "nfs",
    "oracle",
    "pop",
    "postgres",
    "restrictedkrbhost",
    "smtp",
    "termsrv",
    "wsman",
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        // `user/admin@REALM`, `host/machine@REALM`.
        Rule::new(
            r"\b([A-Za-z][A-Za-z0-9._$-]*)/([A-Za-z0-9][A-Za-z0-9._-]*)(?::[0-9]+)?@([A-Z][A-Z0-9-]{2,}(?:\.[A-Z0-9-]+)*)\b",
            principal,
        )
        .split(Split::Early(|found, joint| {
            found.at(2).is_some_and(|of| of.start < joint && joint < of.end)
        })),
        // In a filter.
        Rule::new(
            r"(?i)\((cn|uid|mail|samaccountname|userprincipalname|member|memberof|givenname|sn|displayname)[~<>]?=([^()*]+)\)",
            |found, taken| {
                let value = found.of(2);
                let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
                if !is_number && !is_common(value) && !value.contains('=') {
                    taken.add(Kind::User, found.at(2));
                }
            },
        ),
    ]
}

fn principal(found: &Match<'_>, taken: &mut Taken<'_>) {
    if ["HEAD", "LATEST", "MAIN"].contains(&found.of(3)) {
        return;
    }
    let first = found.of(1).to_ascii_lowercase();
    match SERVICES.contains(&first.as_str()) {
        true if host::is_host_by_place(found.of(2)) => taken.add(Kind::Host, found.at(2)),
        true => {}
        false => taken.add(Kind::User, found.at(1)),
    }
    taken.add(Kind::Name, found.at(3));
}
