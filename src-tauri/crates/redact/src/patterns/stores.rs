//! Buckets, queues and images by their addresses, tags in filters, and names that AWS's own programs say.

use super::{Match, Rule, Split, Taken};
use crate::words::is_common;
use crate::{Kind, host};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(r"(?i)\bs3[an]?://([a-z0-9][a-z0-9._-]*)", name),
        Rule::new(
            r"(?i)\bs3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?(?::[0-9]+)?/([a-z0-9][a-z0-9._-]{2,62})",
            name,
        ),
        // With the bucket, or the alias of an account, before AWS's own part of the host.
        Rule::new(
            r"(?i)(#)?\b([a-z0-9][a-z0-9.-]*[a-z0-9])\.(?:s3(?:[.-](?:dualstack\.)?[a-z]{2,4}-[a-z0-9-]+)?\.amazonaws\.com|signin\.aws\.amazon\.com)\b",
            |found, taken| {
                if found.of(1).is_empty()
                    && !is_common(found.of(2))
                    && !host::is_region(found.of(2))
                {
                    taken.add(Kind::Name, found.at(2));
                }
            },
        ),
        Rule::new(
            r"amazonaws\.com(?:\.cn)?/(?:[0-9]{12}|account-#[0-9]+)/([A-Za-z0-9_-]+(?:\.fifo)?)",
            name,
        ),
        Rule::new(
            r#"(?i)\bqueue\s+(\\*["'`])?([A-Za-z0-9_-]+(?:\.fifo)?)"#,
            |found, taken| {
                let is_quoted = !found.of(1).is_empty();
                let queue = found.of(2);
                let is_telling = is_quoted || queue.ends_with(".fifo");
                if is_telling
                    && !is_common(queue)
                    && queue.contains(|c: char| c.is_ascii_alphabetic())
                {
                    taken.add(Kind::Name, found.at(2));
                }
            },
        )
        .split(Split::Early(|_, _| true)),
        // Images: whose registry it is, and each part of the repository's name.
        Rule::new(
            r"\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/([a-z0-9][a-z0-9._/-]*)",
            |found, taken| {
                let mut start = found.at(1).map_or(0, |at| at.start);
                for part in found.of(1).split('/') {
                    taken.add(Kind::Name, Some(start..start + part.len()));
                    start += part.len() + 1;
                }
            },
        ),
        // Filters: `Name=tag:Name,Values=a,b`, and the same in JSON.
        Rule::new(
            r#"\btag:([^\s"'=,;\\]+),Values=([^\s"'\\]+)"#,
            |found, taken| {
                taken.add(Kind::Tag, found.at(1));
                taken.add(Kind::Tag, found.at(2));
            },
        ),
        Rule::new(
            r#"\\*"tag:([^"\\]+)\\*"\s*,\s*\\*"Values\\*"\s*:\s*\[([^\]]*)\]"#,
            |found, taken| {
                taken.add(Kind::Tag, found.at(1));
                let mut start = found.at(2).map_or(0, |at| at.start);
                for part in found.of(2).split(',') {
                    let plain = part.trim_start_matches([' ', '\n', '\\', '"']);
                    let begin = start + part.len() - plain.len();
                    let plain = plain.trim_end_matches([' ', '\n', '\\', '"']);
                    taken.add(Kind::Tag, Some(begin..begin + plain.len()));
                    start += part.len() + 1;
                }
            },
        )
        .split(Split::Early(|_, _| true)),
        // Roles that IAM Identity Center makes.
        Rule::new(
            r"\bAWSReservedSSO_([A-Za-z0-9+=,.@-]+)_[0-9a-f]{16}\b",
            name,
        )
        .split(Split::Early(|_, _| true)),
        // Profiles, as settings head them and as AWS's programs say them.
        Rule::new(
            r#"\[(?:profile|sso-session|services)[ \t]+\\*["']?([^\]"'\\\r\n]+?)\\*["']?\]"#,
            name,
        )
        .split(Split::Early(|_, _| true)),
        Rule::new(r"\bprofile \(([^()\r\n]{2,64})\)", name).split(Split::Early(|_, _| true)),
        // What somebody types to sign in.
        Rule::new(
            r"(?i)\bcode\b(?:[^\r\n]{0,24}?|:\s{1,6})\b([A-Z]{4}-[A-Z]{4})\b",
            |found, taken| {
                if found
                    .of(1)
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'-')
                {
                    taken.add(Kind::Secret, found.at(1));
                }
            },
        )
        .split(Split::Early(|_, _| true)),
    ]
}

fn name(found: &Match<'_>, taken: &mut Taken<'_>) {
    if !is_common(found.of(1)) {
        taken.add(Kind::Name, found.at(1));
    }
}
