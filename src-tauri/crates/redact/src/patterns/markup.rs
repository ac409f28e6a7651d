//! XML: answers of AWS, assertions, settings. An element is known by its name, as a field is.

use super::{Match, Rule, Split, Taken, told};
use crate::Kind;
use crate::fields::{SECRETS, told as field_told};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r#"<(?:[A-Za-z0-9]+:)?([A-Za-z][A-Za-z0-9_.-]{2,40})(?:\s[^<>]*)?>\s*([^<>\s](?:[^<>]*[^<>\s])?)\s*</"#,
            element,
        )
        .split(Split::Early(|found, joint| found.at(2).is_some_and(|value| value.contains(&joint)))),
        // A field of a form.
        Rule::new(
            format!(r#"(?i)<input\b[^<>]*\bname\s*=\s*\\*["'](?:[a-z0-9]*(?:{SECRETS}|samlresponse|relaystate))\\*["'][^<>]*\bvalue\s*=\s*\\*["']([^"'\\<>\r\n]+)"#),
            |found, taken| taken.add(Kind::Secret, found.at(1)),
        ),
    ]
}

fn element(found: &Match<'_>, taken: &mut Taken<'_>) {
    let Some(at) = found.at(2) else { return };
    let name = found.of(1);
    let kind = match name.to_ascii_lowercase().as_str() {
        "nameid" => Some(Kind::User),
        "attributevalue" => Some(Kind::Text),
        _ => field_told(name),
    };
    match kind {
        Some(kind) => told::add(kind, found, at, taken),
        None if is_secret(name) => taken.add(Kind::Secret, Some(at)),
        None => {}
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "password",
        "passwd",
        "secret",
        "token",
        "secretaccesskey",
        "privatekey",
        "apikey",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}
