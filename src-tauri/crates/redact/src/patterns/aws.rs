//! What AWS calls things: ARNs, ids, accounts, sessions, targets.

use std::ops::Range;

use super::{Match, Rule, Split, Taken, whole};
use crate::Kind;
use crate::encoded::{UUID, is_uuid};
use crate::random::looks_drawn;

/// The first parts of a resource in an ARN that say what kind of thing it is. What is none of these is
/// somebody's choice: a bucket, a topic.
const TYPES: &[&str] = &[
    "access-point",
    "addon",
    "alarm",
    "alias",
    "apikey",
    "app",
    "association",
    "assumed-role",
    "automation-definition",
    "automation-execution",
    "cache",
    "certificate",
    "cluster",
    "cluster-endpoint",
    "container",
    "container-instance",
    "customer-gateway",
    "db",
    "document",
    "domain",
    "elastic-ip",
    "endpoint",
    "event-bus",
    "execution",
    "federated-user",
    "fleet",
    "function",
    "global-cluster",
    "group",
    "hostedzone",
    "image",
    "index",
    "instance",
    "instance-profile",
    "internet-gateway",
    "key",
    "key-pair",
    "launch-template",
    "layer",
    "listener",
    "listener-rule",
    "loadbalancer",
    "log-group",
    "log-stream",
    "maintenancewindow",
    "managed-instance",
    "mfa",
    "natgateway",
    "network-interface",
    "nodegroup",
    "oidc-provider",
    "opsitem",
    "parameter",
    "parametergroup",
    "patchbaseline",
    "permission-set",
    "pg",
    "policy",
    "proxy",
    "replicationgroup",
    "repository",
    "reserved-instances",
    "resourcegroup",
    "role",
    "route-table",
    "rule",
    "saml-provider",
    "secret",
    "security-group",
    "server-certificate",
    "service",
    "session",
    "snapshot",
    "stack",
    "state-machine",
    "stateMachine",
    "subgrp",
    "subnet",
    "table",
    "targetgroup",
    "task",
    "task-definition",
    "task-set",
    "transit-gateway",
    "user",
    "userpool",
    "volume",
    "vpc",
    "vpc-endpoint",
    "vpc-endpoint-service",
    "vpn-gateway",
    "workgroup",
];

/// Words before a number of twelve digits that make it no account, also as a part of a longer name.
const MEASURED: &[&str] = &[
    "bytes", "capacity", "count", "duration", "elapsed", "free", "length", "limit", "memory",
    "micros", "nanos", "offset", "packets", "rows", "sequence", "size", "time", "total", "until",
    "used",
];

/// Words behind such a number that do so.
const UNITS: &[&str] = &[
    "b", "byte", "bytes", "gb", "gib", "kb", "kib", "mb", "mib", "ms", "ns", "octets", "packets",
    "rows", "s", "seconds", "us",
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r#"arn:(aws[a-z-]*):([a-z0-9-]*):([a-z0-9-]*):([0-9]{12}|aws|account-#[0-9]+)?:([^\s"'<>,;|(){}\[\]\\]+)"#,
            arn,
        )
        // A resource may end anywhere: what stands in the next line is none of it.
        .split(Split::Late(|found, joint| {
            found.at(5).is_some_and(|resource| joint < resource.start)
        })),
        Rule::new(
            r"(?i)\b(i|mi|vpc|subnet|sg|eni|ami|vol|vpce|vpce-svc|rtb|igw|nat|eipalloc|eipassoc|acl|pcx|tgw|tgw-attach|lt|snap|fs|fsap|cgw|vgw|vpn|dopt|pl|key|r|o|ou|p|ssoins|ps)-([0-9a-f]{16,17}|[0-9a-f]{8})\b",
            |found, taken| {
                let kind = match found.of(1).to_ascii_lowercase().as_str() {
                    "i" => Kind::Instance,
                    "mi" => Kind::ManagedNode,
                    _ => Kind::Resource,
                };
                whole(kind, found, taken);
            },
        )
        .late(),
        Rule::new(
            r"[A-Za-z0-9+=,.@_-]+-(?:[0-9a-f]{17}|[a-z0-9]{26})\b",
            session,
        )
        .late(),
        Rule::new(
            r"\becs:([A-Za-z0-9_-]+_[0-9a-f]{32}(?:_[0-9a-f]{32}-[0-9]+)?)",
            |found, taken| taken.add(Kind::Task, found.at(1)),
        )
        .late(),
        Rule::new(r#"\btag:(\\*"[^"\\,}\]:\s][^"\\\r\n]*\\*"|[^\s"'=,;\\]+)=(\\*"[^"\\,}\]:\s][^"\\\r\n]*\\*"|[^\s"'@,;&\\]+)"#, |found, taken| {
            taken.add(Kind::Tag, without_quotes(found, 1));
            taken.add(Kind::Tag, without_quotes(found, 2));
        })
        .split(Split::Early(|found, joint| {
            found.at(2).is_some_and(|value| joint <= value.start) || found.of(2).ends_with('"')
        })),
        Rule::new(r#"\bname:(\\*"[^"\\,}\]:\s][^"\\\r\n]*\\*"|[^\s"'@,;:=&{}\\]+)"#, |found, taken| {
            taken.add(Kind::Tag, without_quotes(found, 1));
        }),
        // The tags of a resource, as AWS answers them.
        Rule::new(
            r#"\\*"Key\\*"\s*:\s*\\*"([^"\\\r\n]*)\\*"\s*,\s*\\*"Value\\*"\s*:\s*\\*"([^"\\\r\n]*)\\*""#,
            |found, taken| {
                taken.add(Kind::Tag, found.at(1));
                taken.add(Kind::Tag, found.at(2));
            },
        )
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r#"\\*"Value\\*"\s*:\s*\\*"([^"\\\r\n]*)\\*"\s*,\s*\\*"Key\\*"\s*:\s*\\*"([^"\\\r\n]*)\\*""#,
            |found, taken| {
                taken.add(Kind::Tag, found.at(1));
                taken.add(Kind::Tag, found.at(2));
            },
        ),
        Rule::new(
            r"\b(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ANVA|APKA|ABIA|ACCA|AIPA|ASCA)[A-Z0-9]{12,124}\b",
            |found, taken| whole(Kind::Key, found, taken),
        )
        .late(),
        // Roles without their ARN.
        Rule::new(
            r"(?:^|[^A-Za-z0-9/_.-])(?:assumed-role|role|instance-profile)/([A-Za-z0-9+=,.@_/-]+)",
            |found, taken| {
                let path = found.at(1).unwrap_or_default();
                names_in(found.text, path, taken);
            },
        ),
        // Letters and underscores may adjoin it: `123456789012_ReadOnly` is a profile's name. Digits
        // may not, so the whole run is looked at.
        Rule::new(
            "[0-9]{4,}-[0-9]{4}-[0-9]{4,}|[0-9]{12,}",
            |found, taken| {
                let digits = found.of(0).bytes().filter(u8::is_ascii_digit).count();
                if digits == 12 && !is_measure(found) && !is_part_of_id(found) {
                    whole(Kind::Account, found, taken);
                }
            },
        )
        .split(Split::Early(|_, _| true)),
        // With spaces, where no other number adjoins.
        Rule::new(r"\b[0-9]{4} [0-9]{4} [0-9]{4}\b", |found, taken| {
            if is_spaced_account(found) {
                whole(Kind::Account, found, taken);
            }
        })
        .split(Split::Early(|_, _| true)),
        // Whatever adjoins it where that is said.
        Rule::new(
            r#"(?i)\b(?:accounts?|acct|konto)(?:[-_ ]?(?:id|no|nr|number))?\.?["']?\s*[:=]?\s*["'(]?([0-9]{4} [0-9]{4} [0-9]{4})\b"#,
            |found, taken| taken.add(Kind::Account, found.at(1)),
        )
        .split(Split::Early(|_, _| true)),
        // A directory of IAM Identity Center, the first label of its start page.
        Rule::new(r"(?i)\bd-[0-9a-f]{10}\b", |found, taken| {
            whole(Kind::Portal, found, taken);
        })
        .late(),
    ]
}

/// A group that may stand in quotes, without them.
fn without_quotes(found: &Match<'_>, group: usize) -> Option<Range<usize>> {
    let at = found.at(group)?;
    let text = found.of(group);
    let is_sign = |c: char| c == '"' || c == '\\';
    let begun = text.trim_start_matches(is_sign);
    // The end of a sentence is none of a name.
    let plain = begun.trim_end_matches(|c| is_sign(c) || c == '.');
    let start = at.start + text.len() - begun.len();
    Some(start..start + plain.len())
}

/// The account and what is named at the end of an ARN; AWS's own stay.
fn arn(found: &Match<'_>, taken: &mut Taken<'_>) {
    let is_aws = found.of(4) == "aws";
    if is_aws {
        return;
    }
    taken.add(Kind::Account, found.at(4));
    let Some(resource) = found.at(5) else { return };
    let whole = found.of(5);
    let first = whole.split(['/', ':']).next().unwrap_or_default();
    let is_type = TYPES.contains(&first) && first.len() < whole.len();
    let skipped = if is_type { first.len() + 1 } else { 0 };
    names_in(found.text, resource.start + skipped..resource.end, taken);
}

/// What is named in a path.
fn names_in(text: &str, path: Range<usize>, taken: &mut Taken<'_>) {
    let mut start = path.start;
    for part in text.get(path).unwrap_or_default().split(['/', ':']) {
        let here = start..start + part.len();
        start = here.end + 1;
        let is_public = part.is_empty()
            || part == "*"
            || part == "root"
            || part == "aws-service-role"
            || part == "service-role"
            || part.starts_with("AWS-")
            || part.starts_with("AWSServiceRole");
        if is_public {
            continue;
        }
        // Ids have their own kind.
        let is_id = |prefix: &str| {
            part.strip_prefix(prefix)
                .is_some_and(|id| id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        let kind = if is_id("i-") {
            Kind::Instance
        } else if is_id("mi-") {
            Kind::ManagedNode
        } else if part.len() >= 20 && looks_drawn(part) {
            Kind::Id
        } else {
            Kind::Name
        };
        // The end of a sentence is none of a name.
        let end = here.start + part.trim_end_matches(['.', ',']).len();
        taken.add(kind, Some(here.start..end));
    }
}

fn session(found: &Match<'_>, taken: &mut Taken<'_>) {
    // `session=user-0123…`: what is before the sign is a field.
    let (value, whole) = (found.of(0), found.whole());
    let skipped = value.rfind(['=', ',']).map_or(0, |found| found + 1);
    let rest = value.get(skipped..).unwrap_or_default();
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    if digits > 0 && rest.contains('-') {
        taken.add(Kind::Session, Some(whole.start + skipped..whole.end));
    }
}

/// Whether three groups of digits are those of an account: no years, no ports, no part of a table.
fn is_spaced_account(found: &Match<'_>) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let (before, after) = (found.before(), found.after());
    let adjoins = before.ends_with(['.', ',', ':', '-'])
        || digit(
            before
                .trim_end_matches([' ', '\t', ','])
                .chars()
                .next_back(),
        )
        || after.starts_with(['.', ',', ':', '-'])
            && digit(after[1..].trim_start_matches([' ', '\t']).chars().next())
        || digit(after.trim_start_matches([' ', '\t']).chars().next());
    let numbers = || {
        found
            .of(0)
            .split(' ')
            .filter_map(|part| part.parse::<u32>().ok())
    };
    let are_years = numbers().all(|number| (1900..2100).contains(&number));
    let are_close = numbers()
        .zip(numbers().skip(1))
        .all(|(one, next)| next.abs_diff(one) < 64);
    let are_round = numbers().all(|number| number % 500 == 0 || number.is_power_of_two());
    let named = before.trim_end().to_ascii_lowercase();
    let are_ports = named.ends_with("ports") || named.ends_with("pids");
    !adjoins && !are_years && !are_close && !are_round && !are_ports && !is_measure(found)
}

/// Whether it is a part of a UUID, or of a run of hexadecimal digits.
fn is_part_of_id(found: &Match<'_>) -> bool {
    let is_sign = |c: char| c.is_ascii_hexdigit() || c == '-';
    let behind = found.after();
    let before = found.before();
    let begin = before.trim_end_matches(is_sign).len();
    let length = behind.find(|c| !is_sign(c)).unwrap_or(behind.len());
    let (before, behind) = (&before[begin..], &behind[..length]);
    let run = format!("{before}{}{behind}", found.of(0));
    let mut starts = 0..=before.len();
    if starts.any(|start| run.get(start..start + UUID).is_some_and(is_uuid)) {
        return true;
    }
    let is_letter = |c: char| c.is_ascii_alphabetic();
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let adjoins = before.ends_with(is_letter) || behind.starts_with(is_letter);
    let is_longer = is_word(found.before()[..begin].chars().next_back())
        || is_word(found.after()[length..].chars().next());
    adjoins && !is_longer
}

/// Whether a number is said to be one of bytes or of time.
pub(super) fn is_measure(found: &Match<'_>) -> bool {
    let is_sign = |c: char| !c.is_ascii_alphabetic();
    let before = found.before().trim_end_matches([' ', '=', ':', '"', '\\']);
    // The labels of a metric say nothing of its unit.
    let before = match before.strip_suffix('}').and_then(|rest| rest.rfind('{')) {
        Some(labels) => &before[..labels],
        None => before,
    };
    let named = before.trim_end_matches("_total");
    let named = named.rsplit(is_sign).next().unwrap_or_default();
    let named = named.to_ascii_lowercase();
    let behind = found.after().trim_start_matches(' ');
    let unit = behind.split(is_sign).next().unwrap_or_default();
    let is_named = |word: &&str| named.starts_with(word) || named.ends_with(word);
    (!named.contains("account") && MEASURED.iter().any(is_named))
        || UNITS.contains(&unit.to_ascii_lowercase().as_str())
}
