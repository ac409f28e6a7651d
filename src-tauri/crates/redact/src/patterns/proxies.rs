//! What proxies say of themselves, and for which hosts none is asked.

use super::{Match, Rule, Split, Taken};
use crate::words::is_common;
use crate::{Kind, host};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r#"(?i)\bvia\b\\*["']?\s*[:=]\s*\\*["']?(?:[a-z]+/)?[0-9](?:\.[0-9])?[ \t]+([a-z0-9][a-z0-9_.-]*)"#,
            |found, taken| machine(found, 1, taken),
        ),
        Rule::new(
            r"(?i)\b(?:hit|miss|none) from ([a-z0-9][a-z0-9_.-]*)",
            |found, taken| {
                machine(found, 1, taken);
            },
        ),
        Rule::new(
            r"(?i)\bby ([a-z0-9][a-z0-9_.-]*) \((?:squid|varnish|apachetrafficserver|haproxy)",
            |found, taken| machine(found, 1, taken),
        )
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r#"(?i)\bno_?proxy\b(?: is set)?\\*["']?\s*[:=]\s*\\*["']?([^\s"'\\;]+)"#,
            |found, taken| {
                let mut start = found.at(1).map_or(0, |at| at.start);
                for part in found.of(1).split(',') {
                    let name = part.trim_start_matches(['.', '*']);
                    let begin = start + part.len() - name.len();
                    let name = name.split(':').next().unwrap_or_default();
                    if host::is_host_by_place(name) && !is_common(name) {
                        taken.add(Kind::Host, Some(begin..begin + name.len()));
                    }
                    start += part.len() + 1;
                }
            },
        ),
    ]
}

fn machine(found: &Match<'_>, group: usize, taken: &mut Taken<'_>) {
    let name = found.of(group).trim_end_matches(['.', '-']);
    if host::is_host_by_place(name) && !is_common(name) {
        let at = found.at(group).map(|at| at.start..at.start + name.len());
        taken.add(Kind::Host, at);
    }
}
