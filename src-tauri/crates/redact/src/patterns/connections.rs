//! Connection strings of ADO, ODBC, JDBC and Oracle, and MySQL's accounts.

use super::commands::add_host;
use super::{Match, Rule, Split, Taken};
use crate::words::is_common;
use crate::{Kind, host};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        // Apart by semicolons: what stands alone is known by its name elsewhere, or is a header.
        Rule::new(
            r#"(?i)\b(server|data source|addr|address|network address|failover partner|host(?:name)?|dsn|database|initial catalog|db|dbname|uid|user(?: ?id| ?name)?)[ \t]*=[ \t]*([^;"'{}\r\n]+)"#,
            setting,
        )
        .split(Split::Early(|found, _| {
            let is_word = |c: char| c.is_alphanumeric() || "._:,\\@-".contains(c);
            found.of(2).chars().all(is_word) && is_before_setting(found.after())
        })),
        // `'user'@'host'`
        Rule::new(
            r#"\\*["'`]([^"'`\s\\@]+)\\*["'`]@\\*["'`]([^"'`\s\\@]+)\\*["'`]"#,
            |found, taken| {
                if !is_common(found.of(1)) {
                    taken.add(Kind::User, found.at(1));
                }
                if host::is_host_by_place(found.of(2)) && !is_common(found.of(2)) {
                    taken.add(Kind::Host, found.at(2));
                }
            },
        )
        .split(Split::Early(|_, _| true)),
        // Oracle's descriptors, and what its driver takes.
        Rule::new(
            r"(?i)\((service_name|sid|host)\s*=\s*([^()\s]+)\)",
            |found, taken| match found.of(1).eq_ignore_ascii_case("host") {
                true => add_host(found, found.at(2).unwrap_or_default(), taken),
                false => taken.add(Kind::Name, found.at(2)),
            },
        ),
        Rule::new(
            r#"jdbc:oracle:[a-z0-9]+:[^\s@"']*@(?://)?([A-Za-z0-9_.-]+)(?::[0-9]+)?[:/]([A-Za-z0-9_$.-]+)"#,
            |found, taken| {
                add_host(found, found.at(1).unwrap_or_default(), taken);
                taken.add(Kind::Name, found.at(2));
            },
        )
        .split(Split::Early(|_, _| true)),
    ]
}

/// Whether another setting follows: what stands before it is whole.
fn is_before_setting(behind: &str) -> bool {
    let next = behind.strip_prefix(';').unwrap_or_default();
    let key = next.find(['=', ';', '\n', '"']).map(|end| &next[end..]);
    key.is_some_and(|sign| sign.starts_with('='))
}

fn setting(found: &Match<'_>, taken: &mut Taken<'_>) {
    let is_one_of_several =
        found.after().starts_with(';') || found.before().trim_end().ends_with(';');
    let Some(at) = found.at(2).filter(|_| is_one_of_several) else {
        return;
    };
    let value = found.of(2).trim_end();
    let at = at.start..at.start + value.len();
    let key = found.of(1).to_ascii_lowercase();
    match key.as_str() {
        "server" | "data source" | "addr" | "address" | "network address" | "failover partner"
        | "host" | "hostname" => add_host(found, at, taken),
        _ if is_common(value) || value.bytes().all(|byte| byte.is_ascii_digit()) => {}
        "dsn" | "database" | "initial catalog" | "db" | "dbname" => taken.add(Kind::Name, Some(at)),
        _ => taken.add(Kind::User, Some(at)),
    }
}
