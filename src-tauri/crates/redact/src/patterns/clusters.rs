//! Clusters and databases by their names alone, where it is said what they are, and keys of KMS.

use super::{Match, Rule, Split, Taken};
use crate::words::is_common;
use crate::{Kind, host};

/// Words behind `cluster` that are no name of one.
const NO_NAMES: &[&str] = &[
    "active",
    "admin",
    "api",
    "arn",
    "arns",
    "autoscaler",
    "can't",
    "cannot",
    "cert",
    "config",
    "context",
    "creating",
    "deleting",
    "did",
    "do",
    "does",
    "dns",
    "doesn't",
    "endpoint",
    "endpoints",
    "events",
    "exists",
    "had",
    "health",
    "healthy",
    "id",
    "identifier",
    "ids",
    "info",
    "isn't",
    "ist",
    "logging",
    "logs",
    "member",
    "members",
    "mode",
    "must",
    "name",
    "named",
    "names",
    "needs",
    "nodes",
    "not",
    "parameter",
    "parameters",
    "policy",
    "reader",
    "ready",
    "role",
    "roles",
    "scope",
    "scoped",
    "security",
    "services",
    "should",
    "size",
    "snapshot",
    "still",
    "subnet",
    "tasks",
    "topology",
    "type",
    "und",
    "updating",
    "wide",
    "writer",
];

/// What makes it sure that a plain word behind it is a name.
const KINDS: &[&str] = &[
    "aurora",
    "db",
    "docdb",
    "documentdb",
    "ecs",
    "eks",
    "elasticache",
    "fargate",
    "kafka",
    "kubernetes",
    "k8s",
    "msk",
    "neptune",
    "rds",
    "redis",
    "redshift",
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r#"(?i)\b(?:([a-z0-9]+)[ -])?(?:cluster|node ?group|db instance|replication group)[ \t]+(?:(named|called|name|id|identifier)[ \t]+)?([a-z][a-z0-9_-]*[a-z0-9])"#,
            |found, taken| {
                if is_named(found) {
                    taken.add(Kind::Name, found.at(3));
                }
            },
        )
        // The next line goes on with what no line begins with.
        .split(Split::Early(|found, joint| {
            let name = found.at(3).unwrap_or_default();
            let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase());
            name.contains(&joint)
                && is_plain(found.part(name.start..joint))
                && !is_plain(found.part(joint..name.end))
                && !is_common(found.part(name.start..joint))
        })),
        Rule::new(
            r#"(?:^|[\s"'=(\[,:])(?:cluster|nodegroup|task-definition)/([A-Za-z][A-Za-z0-9_/-]*)"#,
            path,
        ),
        Rule::new(r"\balias/([A-Za-z0-9][A-Za-z0-9:/_-]*)", path)
            .split(Split::Early(|found, joint| {
                found.at(1).is_some_and(|name| joint <= name.start)
            })),
        Rule::new(r"\bmrk-[0-9a-f]{32}\b", |found, taken| {
            taken.add(Kind::Id, Some(found.whole()));
        })
        .late(),
        // A key's id is the same form as that of a request, which says nothing.
        Rule::new(
            r#"(?i)\b(?:(?:kms|master|target|source|encryption|cmk)[a-z_ -]{0,20}|key[-_ ]?(?:id|arn)?)\\*["']?[ \t]*[:=]?[ \t]*\\*["']?(?:key/)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b"#,
            |found, taken| taken.add(Kind::Id, found.at(1)),
        )
        .split(Split::Early(|found, joint| {
            found.at(1).is_some_and(|id| id.contains(&joint))
        })),
    ]
}

/// Whether the word behind `cluster` is a name: it looks like one, or what is said before or behind it
/// leaves nothing else.
fn is_named(found: &Match<'_>) -> bool {
    let name = found.of(3);
    let small = name.to_ascii_lowercase();
    let first = small.split(['-', '_']).next().unwrap_or_default();
    if is_common(name) || NO_NAMES.contains(&first) || host::is_region(&small) {
        return false;
    }
    // `cluster tunnel::driver`, `cluster name=x`: told by what follows.
    if found.after().starts_with("::") || found.after().starts_with(['=', '(']) {
        return false;
    }
    let is_telling = name.contains(['-', '_']) || name.bytes().any(|byte| byte.is_ascii_digit());
    let kind = found.of(1).to_ascii_lowercase();
    let is_sure = KINDS.contains(&kind.as_str()) || !found.of(2).is_empty();
    let behind = found.after().trim_start_matches([' ', '\t']);
    let goes_on = [
        "in eu-",
        "in us-",
        "in ap-",
        "is ACTIVE",
        "not found",
        "does not exist",
    ];
    is_telling || is_sure || goes_on.iter().any(|next| behind.starts_with(next))
}

/// Each part of a path of names; what AWS itself has named stays.
fn path(found: &Match<'_>, taken: &mut Taken<'_>) {
    let all = found.of(1);
    let is_file = found.after().starts_with('.') && !found.after()[1..].starts_with([' ', '\n']);
    if all.starts_with("aws/") || (is_file && found.after().len() > 1) {
        return;
    }
    let mut start = found.at(1).map_or(0, |at| at.start);
    for part in all.split(['/', ':']) {
        if !part.is_empty() && !is_common(part) {
            taken.add(Kind::Name, Some(start..start + part.len()));
        }
        start += part.len() + 1;
    }
}
