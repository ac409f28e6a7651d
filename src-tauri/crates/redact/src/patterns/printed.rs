//! Names in sentences that the AWS CLI, databases, ssh, kubectl and terraform print.

use super::{Match, Rule, Taken};
use crate::words::is_common;
use crate::{Kind, host};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r"\b(?:Token for|refresh failed for|HeadObject operation: bucket|permission denied for (?:table|schema|database|sequence|view|relation)|resources found in) ([A-Za-z0-9][A-Za-z0-9_.-]*)",
            name,
        ),
        Rule::new(r"\bParameter /([A-Za-z0-9_.-]+)", name),
        Rule::new(
            r"\bCreation complete after [^\r\n\[]{1,20}\[(?:name|id)=([A-Za-z0-9][A-Za-z0-9_-]*)\]",
            name,
        ),
        Rule::new(
            r"# aws_[a-z0-9_]+\.([A-Za-z0-9_-]+) (?:will|must|has)",
            name,
        ),
        Rule::new(
            r"\b(?:connect to Redis at|Server is not found:|connect failed:|Permanently added) '?([A-Za-z0-9][A-Za-z0-9_.-]*)",
            |found, taken| {
                let word = found.of(1).trim_end_matches('.');
                let at = found.at(1).map(|at| at.start..at.start + word.len());
                if host::is_host_by_place(word) && !is_common(word) {
                    taken.add(Kind::Host, at);
                }
            },
        ),
        Rule::new(r"\bSHA256:([A-Za-z0-9+/]{40,43})", |found, taken| {
            taken.add(Kind::Id, found.at(1));
        }),
        // Squid's log.
        Rule::new(
            r"\bTCP_[A-Z_]+/[0-9]{3} [0-9]+ [A-Z]+ [^\s]+ ([^\s-][^\s]*) [A-Z]+_",
            |found, taken| taken.add(Kind::User, found.at(1)),
        ),
    ]
}

fn name(found: &Match<'_>, taken: &mut Taken<'_>) {
    let word = found.of(1).trim_end_matches('.');
    let at = found.at(1).map(|at| at.start..at.start + word.len());
    if !is_common(word) {
        taken.add(Kind::Name, at);
    }
}
