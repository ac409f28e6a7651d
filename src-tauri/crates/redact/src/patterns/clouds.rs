//! Tenants, subscriptions and projects of other clouds, and addresses that are secrets by themselves.

use super::{Match, Rule, Split, Taken};
use crate::Kind;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r#"(?i)\b(?:login\.microsoftonline\.(?:com|us|de)|login\.windows\.net|sts\.windows\.net)/([^\s/?#"'<>\\]+)"#,
            |found, taken| {
                if !["common", "organizations", "consumers"].contains(&found.of(1)) {
                    taken.add(Kind::Id, found.at(1));
                }
            },
        ),
        Rule::new(
            r#"(?i)/subscriptions/([0-9a-f-]{36})(?:/resourceGroups/([^\s/?#"'<>\\,]+))?"#,
            |found, taken| {
                taken.add(Kind::Id, found.at(1));
                taken.add(Kind::Name, found.at(2));
            },
        ),
        Rule::new(
            r"\bprojects/([a-z][a-z0-9-]{4,28}[a-z0-9])/(?:locations|zones|regions|instances|secrets|topics|subscriptions|serviceAccounts|global|databases|datasets)\b",
            name,
        )
        .split(Split::Early(|_, _| true)),
        // Whoever knows one may write there.
        Rule::new(
            r#"(?i)\b(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks|[a-z0-9.-]*webhook\.office\.com/[a-z0-9]+|api\.telegram\.org)/([^\s"'<>\\]+)"#,
            |found, taken| {
                let mut start = found.at(1).map_or(0, |at| at.start);
                for part in found.of(1).split(['/', ':']) {
                    if part.len() >= 6 {
                        taken.add(Kind::Token, Some(start..start + part.len()));
                    }
                    start += part.len() + 1;
                }
            },
        ),
        // A repository of source, and whose it is.
        Rule::new(
            r#"[/:]([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)\.git\b"#,
            |found, taken| {
                taken.add(Kind::Name, found.at(1));
                taken.add(Kind::Name, found.at(2));
            },
        )
        .split(Split::Early(|_, _| true)),
    ]
}

fn name(found: &Match<'_>, taken: &mut Taken<'_>) {
    taken.add(Kind::Name, found.at(1));
}
