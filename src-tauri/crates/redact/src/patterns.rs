//! What is found by its form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use regex::bytes::{Captures, Regex};

use crate::known::is_generic;
use crate::random::looks_drawn;
use crate::{Find, Kind, host};

/// Words that stand for no secret behind `token=` and its like.
const NO_SECRETS: [&str; 12] = [
    "null", "none", "true", "false", "empty", "missing", "expired", "invalid", "required", "unset",
    "redacted", "unknown",
];

/// The patterns, in the order in which they have their way.
#[derive(Debug, Clone)]
pub(crate) struct Patterns {
    rules: Vec<(Regex, Rule)>,
}

/// What is made of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// A key or certificate in PEM.
    Pem,
    /// Name and password before a host.
    UserInfo,
    /// The value of a header, or behind `Bearer`.
    Credentials,
    /// `password=…`.
    Named,
    Jwt,
    /// `arn:aws:…`, part by part.
    Arn,
    /// `i-…`, `vpc-…`.
    ResourceId,
    Session,
    EcsTarget,
    /// `tag:KEY=VALUE`.
    TagTarget,
    /// `name:NAME`.
    NameTarget,
    Email,
    KeyId,
    /// `/home/NAME`.
    Home,
    Mac,
    Ip4,
    Ip6,
    Host,
    Account,
    /// A directory of IAM Identity Center, `d-…`.
    Directory,
}

/// `(?-u)`: bytes beyond ASCII are no part of any word here, and stay where they are.
const RULES: [(Rule, &str); 27] = [
    (
        Rule::Pem,
        r"-----BEGIN [A-Z0-9 ]+-----[A-Za-z0-9+/=\s\\:,-]*?-----END [A-Z0-9 ]+-----",
    ),
    (
        Rule::Pem,
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*",
    ),
    (
        Rule::UserInfo,
        // Up to the last one: a password that was decoded may hold an at sign.
        r#"://([^\s/@:"'<>\\]*)(?::([^\s/"'<>\\]*))?@"#,
    ),
    (
        Rule::Credentials,
        r#"(?i)\b(?:proxy-)?authorization\b["']?\s*[:=]\s*["']?([^\r\n"']+)"#,
    ),
    (
        Rule::Credentials,
        r#"(?i)\b(?:set-)?cookie\b["']?\s*[:=]\s*["']?([^\r\n"']+)"#,
    ),
    (
        Rule::Credentials,
        r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{8,})",
    ),
    (
        Rule::Named,
        r#"(?i)((?:[a-z0-9]+[-_.])*[a-z]*(?:secret|password|passwd|passphrase|pwd|token|tokenvalue|apikey|api[-_]key|access[-_]?key(?:[-_]?id)?|private[-_]?key|signature|credential|sig|code[-_]?verifier|external[-_]?id|mfa[-_]?code|device[-_]?code|user[-_]?code)(?:[-_]?id|[-_]?value)?)["']?\s*(=>|[:=])\s*["']?([^\s"'<>,;&\\(){}\[\]]+)"#,
    ),
    // In quotes a value may have spaces.
    (
        Rule::Named,
        r#"(?i)((?:[a-z0-9]+[-_.])*(?:[a-z]*(?:secret|password|passwd|passphrase|passwort|kennwort|pwd)|pass))["']?\s*(=>|[:=])\s*"([^"\\\r\n]{1,200})""#,
    ),
    (
        Rule::Named,
        r#"(?i)((?:[a-z0-9]+[-_.])*(?:[a-z]*(?:secret|password|passwd|passphrase|passwort|kennwort|pwd)|pass))["']?\s*(=>|[:=])\s*'([^'\\\r\n]{1,200})'"#,
    ),
    (
        Rule::Named,
        r#"(?i)\b((?:[a-z0-9]+[-_.])*(?:pass|passcode|passwort|kennwort|otp))["']?\s*(=>|[:=])\s*["']?([^\s"'<>,;&\\(){}\[\]]+)"#,
    ),
    (Rule::Named, r"(?i)\b(pwd)(=)\{([^}\r\n]{1,200})\}"),
    // The same as an option of a command.
    (
        Rule::Named,
        r#"(?i)(--(?:[a-z0-9]+-)*(?:secret|password|passwd|passphrase|pwd|token|apikey|api-key|access-key|private-key|credential|external-id|mfa-code)(?:-value)?)(\s+)["']?([^\s"'<>,;&\\(){}\[\]]+)"#,
    ),
    (
        Rule::Jwt,
        r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*",
    ),
    (
        Rule::Arn,
        r#"arn:(aws[a-z-]*):([a-z0-9-]*):([a-z0-9-]*):([0-9]{12}|aws|account-#[0-9]+)?:([^\s"'<>,;|(){}\[\]\\]+)"#,
    ),
    (
        Rule::ResourceId,
        r"\b(i|mi|vpc|subnet|sg|eni|ami|vol|vpce|vpce-svc|rtb|igw|nat|eipalloc|acl|pcx|tgw|lt|snap|fs|r|o|ou|p)-([0-9a-f]{17}|[0-9a-f]{8})\b",
    ),
    (
        Rule::Session,
        r"[A-Za-z0-9+=,.@_-]+-(?:[0-9a-f]{17}|[a-z0-9]{26})\b",
    ),
    (
        Rule::EcsTarget,
        r"\becs:([A-Za-z0-9_-]+_[0-9a-f]{32}(?:_[0-9a-f]{32}-[0-9]+)?)",
    ),
    (Rule::TagTarget, r#"\btag:([^\s"'=,;]+)=([^\s"'@,;&]+)"#),
    (Rule::NameTarget, r#"\bname:([^\s"'@,;:=&{}]+)"#),
    (
        Rule::Email,
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    ),
    (
        Rule::KeyId,
        r"\b(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ANVA|APKA|ABIA|ACCA|AIPA)[A-Z0-9]{12,124}\b",
    ),
    (
        Rule::Home,
        r#"(?i)(?:/home/|/users/|/var/home/|[a-z]:[\\/]+users[\\/]+|[a-z]:[\\/]+documents and settings[\\/]+)([^\s/\\"'<>:;,|=&?*%]+)"#,
    ),
    (Rule::Mac, r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b"),
    (
        Rule::Ip6,
        r"[0-9A-Fa-f:]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?",
    ),
    (Rule::Ip4, r"[0-9]{1,3}(?:[.-][0-9]{1,3}){3}"),
    (
        Rule::Host,
        r"(?i)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+",
    ),
    (Rule::Account, r"\b[0-9]{4}-?[0-9]{4}-?[0-9]{4}\b"),
];

/// The directories of IAM Identity Center: the first label of its start pages.
const DIRECTORY: &str = r"\bd-[0-9a-f]{10}\b";

impl Patterns {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        let all = RULES.into_iter().chain([(Rule::Directory, DIRECTORY)]);
        let rules = all.map(|(rule, pattern)| Ok((Regex::new(&format!("(?-u){pattern}"))?, rule)));
        Ok(Self {
            rules: rules.collect::<Result<_, regex::Error>>()?,
        })
    }

    /// What is found in a plain text.
    pub(crate) fn find(&self, text: &str) -> Vec<Find> {
        self.find_of(text, |_| true)
    }

    /// Who is named in addresses, and their passwords.
    pub(crate) fn find_users(&self, text: &str) -> Vec<Find> {
        self.find_of(text, |rule| matches!(rule, Rule::UserInfo))
    }

    /// What is found where lines were put together. Only of what can't come about by chance.
    pub(crate) fn find_split(&self, text: &str) -> Vec<Find> {
        self.find_of(text, |rule| match rule {
            Rule::Pem
            | Rule::Jwt
            | Rule::Arn
            | Rule::ResourceId
            | Rule::Session
            | Rule::EcsTarget
            | Rule::Email
            | Rule::KeyId
            | Rule::Directory => true,
            Rule::UserInfo
            | Rule::Credentials
            | Rule::Named
            | Rule::TagTarget
            | Rule::NameTarget
            | Rule::Home
            | Rule::Mac
            | Rule::Ip4
            | Rule::Ip6
            | Rule::Host
            | Rule::Account => false,
        })
    }

    fn find_of(&self, text: &str, wanted: impl Fn(Rule) -> bool) -> Vec<Find> {
        let mut finds = Vec::new();
        for (regex, rule) in self.rules.iter().filter(|(_, rule)| wanted(*rule)) {
            for captures in regex.captures_iter(text.as_bytes()) {
                take(&mut finds, *rule, text, &captures);
            }
        }
        finds
    }
}

/// Takes what a match comes to.
fn take(finds: &mut Vec<Find>, rule: Rule, text: &str, captures: &Captures<'_>) {
    let at = |group: usize| captures.get(group).map(|found| found.range());
    let Some(whole) = at(0) else { return };
    let by = whole.clone();
    let mut add = |kind: Kind, at: Option<Range<usize>>| {
        let Some(at) = at.filter(|at| !at.is_empty()) else {
            return;
        };
        let Some(value) = text.get(at.clone()) else {
            return;
        };
        // Pseudonyms stay.
        if !value.contains("-#") {
            finds.push(Find {
                kind,
                value: value.to_owned(),
                at,
                by: by.clone(),
            });
        }
    };
    let of = |at: Option<Range<usize>>| at.and_then(|at| text.get(at)).unwrap_or_default();
    match rule {
        Rule::Pem => add(Kind::Secret, Some(whole)),
        Rule::UserInfo => {
            add(Kind::User, at(1));
            add(Kind::Secret, at(2));
        }
        Rule::Credentials => {
            let value = of(at(1));
            // `Basic authentication` is prose.
            let is_word = value.bytes().all(|byte| byte.is_ascii_alphabetic());
            if !is_word {
                add(Kind::Secret, at(1));
            }
        }
        Rule::Named => {
            if is_secret_value(of(at(2)), of(at(3)), of(Some(0..whole.start))) {
                add(Kind::Secret, at(3));
            }
        }
        Rule::Jwt => add(Kind::Token, Some(whole)),
        Rule::Arn => arn(&mut add, text, at(4), at(5)),
        Rule::ResourceId => {
            let kind = match of(at(1)) {
                "i" => Kind::Instance,
                "mi" => Kind::ManagedNode,
                _ => Kind::Resource,
            };
            add(kind, Some(whole));
        }
        Rule::Session => {
            // `session=user-0123…`: what is before the sign is a field.
            let value = of(Some(whole.clone()));
            let skipped = value.rfind(['=', ',']).map_or(0, |found| found + 1);
            let start = whole.start + skipped;
            let rest = value.get(skipped..).unwrap_or_default();
            let digits = rest.bytes().filter(u8::is_ascii_digit).count();
            if digits > 0 && rest.contains('-') {
                add(Kind::Session, Some(start..whole.end));
            }
        }
        Rule::EcsTarget => add(Kind::Task, at(1)),
        Rule::TagTarget => {
            add(Kind::Tag, at(1));
            add(Kind::Tag, at(2));
        }
        Rule::NameTarget => add(Kind::Tag, at(1)),
        // What follows the sign of a pseudonym was put there by an earlier pass.
        Rule::Email if of(Some(0..whole.start)).ends_with('#') => {}
        Rule::Email => add(Kind::Email, Some(whole)),
        Rule::KeyId => add(Kind::Key, Some(whole)),
        Rule::Home => {
            if !is_generic(of(at(1))) {
                add(Kind::User, at(1));
            }
        }
        Rule::Mac => add(Kind::Mac, Some(whole)),
        Rule::Ip4 => {
            if is_ip4(text, &whole) {
                add(Kind::Ip, Some(whole));
            }
        }
        Rule::Ip6 => {
            if let Some(at) = ip6(text, whole) {
                add(Kind::Ip, Some(at));
            }
        }
        Rule::Host => {
            let word = of(Some(whole.clone()));
            let is_path = text
                .get(..whole.start)
                .is_some_and(|before| before.ends_with("::"));
            if !is_path && host::is_private_host(word) && !is_versioned(word) {
                let portal = word.to_ascii_lowercase().ends_with(".awsapps.com");
                add(if portal { Kind::Portal } else { Kind::Host }, Some(whole));
            }
        }
        Rule::Account => add(Kind::Account, Some(whole)),
        Rule::Directory => add(Kind::Portal, Some(whole)),
    }
}

/// `libfoo.so.2`, `1.2.3-rc.beta`: a part of it is a number by itself.
fn is_versioned(word: &str) -> bool {
    let mut labels = word.split('.');
    let first = labels.next().unwrap_or_default();
    first.bytes().all(|byte| byte.is_ascii_digit())
        && labels.next().is_some_and(|second| {
            second
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_digit())
        })
}

/// Whether what stands behind a name like `token` is a secret.
fn is_secret_value(sign: &str, value: &str, before: &str) -> bool {
    let word = value.trim_matches(['.', '!', '?', ':', '*', '`']);
    if word.len() < 3 || NO_SECRETS.contains(&word.to_ascii_lowercase().as_str()) {
        return false;
    }
    // What carries a scheme is looked at by itself: `credential: https://…`.
    if value.starts_with("//") || value.starts_with(':') {
        return false;
    }
    if sign == "=" || before.ends_with('"') {
        return true;
    }
    // Prose: `no token: the service has …`.
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let has_sign = word.bytes().any(|byte| !byte.is_ascii_alphanumeric());
    has_digit || has_sign || word.len() >= 16
}

/// The account and what is named at the end of an ARN; AWS's own stay.
fn arn(
    add: &mut impl FnMut(Kind, Option<Range<usize>>),
    text: &str,
    account: Option<Range<usize>>,
    resource: Option<Range<usize>>,
) {
    let of = |at: &Range<usize>| text.get(at.clone()).unwrap_or_default().to_owned();
    let is_aws = account.as_ref().is_some_and(|at| of(at) == "aws");
    if let Some(account) = account.filter(|_| !is_aws) {
        add(Kind::Account, Some(account));
    }
    let Some(resource) = resource.filter(|_| !is_aws) else {
        return;
    };
    let whole = of(&resource);
    let mut start = resource.start;
    for (index, part) in whole.split(['/', ':']).enumerate() {
        let here = start..start + part.len();
        start = here.end + 1;
        // `role/`, `instance/`, `log-group:`: what kind of thing it is.
        let is_type = index == 0 && here.end < resource.end;
        let is_public =
            part.is_empty() || part == "*" || part == "root" || part.starts_with("AWS-");
        if is_type || is_public {
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
        add(kind, Some(here));
    }
}

/// An address, and no version that looks like one.
fn is_ip4(text: &str, at: &Range<usize>) -> bool {
    let word = text.get(at.clone()).unwrap_or_default();
    let dashed = word.contains('-');
    let Ok(address) = word.replace('-', ".").parse::<Ipv4Addr>() else {
        return false;
    };
    let bytes = text.as_bytes();
    let before = at
        .start
        .checked_sub(1)
        .and_then(|at| bytes.get(at))
        .copied();
    let after = bytes.get(at.end).copied();
    // More numbers before or behind: a date, a version, an OID.
    let goes_on = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let next_digit = after == Some(b'.') && goes_on(bytes.get(at.end + 1).copied());
    if goes_on(before) || goes_on(after) || next_digit || before == Some(b'.') {
        return false;
    }
    if dashed {
        // `ip-10-0-0-1`, as EC2 calls hosts. Elsewhere dashes are those of dates and ranges.
        return text
            .get(..at.start)
            .is_some_and(|before| before.ends_with("ip-") || before.ends_with("ec2-"));
    }
    if host::is_harmless_address(IpAddr::V4(address)) {
        return false;
    }
    address.is_private() || !is_version(text.get(..at.start).unwrap_or_default(), address)
}

/// Whether `3.3.131.0` is said to be a version by what stands before it.
fn is_version(before: &str, address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    if first > 9 {
        return false;
    }
    let said = before.trim_end_matches([' ', '"', '\'', ':', '=', '\\', '>', '<', '(']);
    let lower: String = said
        .chars()
        .rev()
        .take(8)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let lower = lower.to_ascii_lowercase();
    let product = before
        .strip_suffix('/')
        .is_some_and(|name| name.ends_with(|c: char| c.is_ascii_alphanumeric()));
    lower.ends_with("version") || lower.ends_with("agent") || before.ends_with('v') || product
}

/// The IPv6 address in a run of digits and colons.
fn ip6(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let before = at
        .start
        .checked_sub(1)
        .and_then(|at| bytes.get(at))
        .copied();
    let after = bytes.get(at.end).copied();
    if before.is_some_and(is_word) || after.is_some_and(is_word) {
        return None;
    }
    let run = text.get(at.clone())?;
    // A colon that belongs to the sentence.
    let trimmed = match run.strip_suffix(':').filter(|rest| !rest.ends_with(':')) {
        Some(rest) => rest,
        None => run,
    };
    let skipped = trimmed.len()
        - trimmed
            .strip_prefix(':')
            .filter(|rest| !rest.starts_with(':'))
            .unwrap_or(trimmed)
            .len();
    let word = trimmed.get(skipped..)?;
    let address: Ipv6Addr = word.parse().ok()?;
    let telling = word.bytes().any(|byte| byte.is_ascii_digit()) || word.matches(':').count() > 3;
    (telling && !host::is_harmless_address(IpAddr::V6(address)))
        .then(|| at.start + skipped..at.start + skipped + word.len())
}
