//! Keys, tokens and passwords.

use std::ops::Range;

use super::told::is_in_quotes;
use super::{Match, Rule, Split, Taken, whole};
use crate::Kind;
use crate::canonical;
use crate::fields::{SECRETS, SECRETS_ALONE};
use crate::lines::is_prefix;

/// Words that stand for no secret behind `token=` and its like.
const NO_SECRETS: &[&str] = &[
    "null",
    "none",
    "nil",
    "true",
    "false",
    "empty",
    "missing",
    "expired",
    "invalid",
    "required",
    "unset",
    "redacted",
    "unknown",
    "denied",
    "refused",
    "rejected",
    "wrong",
    "failed",
    "incorrect",
    "disabled",
    "enabled",
    "revoked",
    "absent",
    "present",
    "optional",
    "undefined",
    "hidden",
    "string",
    "yes",
    "not",
];

/// Tokens that begin as their makers have it: Slack, Vault, npm, GitHub, GitLab, OpenAI, Stripe,
/// Google, DigitalOcean, PyPI, SendGrid, Docker, Shopify, Hugging Face, Grafana, Databricks, Tailscale,
/// Terraform, Atlassian, Linear, Doppler, RubyGems, Sentry, New Relic, age.
const TOKENS: &str = r"\b(?:xox[a-z]-[A-Za-z0-9-]{6,}|xapp-[A-Za-z0-9-]{6,}|hv[sbr]\.[A-Za-z0-9_-]{6,}|npm_[A-Za-z0-9]{10,}|gh[pousr]_[A-Za-z0-9]{10,}|github_pat_[A-Za-z0-9_]{10,}|gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas)-[A-Za-z0-9_.-]{8,}|sk-(?:[a-z]+-)*[A-Za-z0-9_]{16,}[A-Za-z0-9_-]*|(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=]{10,}|AIza[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{10,}|GOCSPX-[A-Za-z0-9_-]{10,}|do[opr]_v1_[a-f0-9]{16,}|pypi-[A-Za-z0-9_-]{16,}|SG\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|dckr_[a-z]+_[A-Za-z0-9_-]{10,}|shp(?:at|ca|pa|ss)_[A-Za-z0-9]{10,}|hf_[A-Za-z0-9]{16,}|gl(?:sa|c)_[A-Za-z0-9_+/=-]{16,}|dapi[a-f0-9]{24,}[0-9-]*|tskey-[a-z]+-[A-Za-z0-9-]{8,}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{20,}|ATATT3[A-Za-z0-9_=-]{20,}|lin_api_[A-Za-z0-9]{16,}|dp\.[a-z]{2,}\.[A-Za-z0-9]{16,}|rubygems_[a-f0-9]{16,}|sntry[su]_[A-Za-z0-9_+/=-]{16,}|NRAK-[A-Z0-9]{16,}|AGE-SECRET-KEY-1[A-Z0-9]{16,})";

/// More of a value in quotes is not looked at, bytes: what AWS Secrets Manager lets one be.
const QUOTED_MOST: usize = 64 << 10;

/// What stands before a name that begins its line: settings, scripts, lists of YAML.
const BEFORE_SETTINGS: [&str; 9] = ["", "-", "export", "set", "+", "env", "-e", "--env", ">"];

pub(super) fn rules() -> Vec<Rule> {
    let names = format!("(?:[a-z0-9]*(?:{SECRETS})|{SECRETS_ALONE})(?:[-_]?(?:id|value|base))?");
    vec![
        Rule::new(
            r"-----BEGIN [A-Z0-9 ]+-----[A-Za-z0-9+/=\s\\:,.()@<>_-]*?-----END [A-Z0-9 ]+-----",
            secret,
        )
        .split(Split::Lines),
        Rule::new(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:\s*(?:Version|Comment|Hash|Charset|Proc-Type|DEK-Info): [^\r\n]*)*[A-Za-z0-9+/=\s\\]*",
            secret,
        )
        .late(),
        // PuTTY's.
        Rule::new(
            r"\bPrivate-Lines:\s*[0-9]+[\s\\nr]+([A-Za-z0-9+/=\s\\]+?)[\s\\nr]*Private-MAC",
            first,
        )
        .split(Split::Lines),
        // Up to the last sign: a password that was decoded may hold one.
        Rule::new(r#"://([^\s/@:"'<>\\]*)(?::([^\s/"'<>\\]*))?@"#, user_info)
            .raw()
            .split(Split::Early(|found, _| {
                let password = found.of(2);
                !password.is_empty() && !password.bytes().all(|byte| byte.is_ascii_digit())
            })),
        // With a slash in it that nobody has escaped.
        Rule::new(r#"://([^\s/@:"'<>\\]+):([^\s"'<>\\]+)@"#, user_info)
            .raw()
            .split(Split::Early(has_password)),
        // What Oracle's driver takes.
        Rule::new(
            r#"(?i)jdbc:oracle:[a-z0-9]+:([^\s/@"']+)/([^\s@"']+)@"#,
            user_info,
        )
        .split(Split::Early(has_password)),
        Rule::new(
            r#"(?i)\b(?:(?:proxy-)?authorization|(?:set-)?cookie)\b\\*["']?\s*[:=]\s*\[?\\*["']?((?:="[^"\r\n\\]*"|[^\r\n"'\\])+)"#,
            credentials,
        )
        .split(Split::Early(|found, joint| {
            let before = found.at(1).map(|at| found.part(at.start..joint));
            before.is_some_and(|before| before.matches('"').count() % 2 == 1)
        })),
        Rule::new(
            r"(?i)\b(?:bearer|basic|negotiate|ntlm|dpop|apikey|sharedkey(?:lite)?)\s+([A-Za-z0-9._~+/=:-]{8,})",
            credentials,
        ),
        Rule::new(
            format!(r#"(?i)\b_*((?:[a-z0-9]+[-_.]+)*{names})(\\*["'`])?\s*(=>|:=|[:=])\s*\[?"#),
            named,
        )
        .raw()
        // What is closed by a quote or a brace.
        .split(Split::Early(|found, joint| {
            let at = found.whole().end;
            let value = quoted(found.text, at).or_else(|| braced(found, at));
            value.is_some_and(|value| value.contains(&joint))
        })),
        // An option of a command.
        Rule::new(format!(r#"(?i)((?:--|[\s"']-)(?:[a-z0-9]+-)*{names}|\b(?:setx|env)[ \t]+(?:[a-z0-9]+[-_.]+)*{names})(?:\s+-[ \t]+|[ \t]+|\\*["'][ \t]*,\s*)"#), option).raw().split(Split::Early(is_in_quotes)),
        // Commands that take a password in a way of their own.
        Rule::new(
            r#"(?i)\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\r\n|]*?\s-p([^\s"'-][^\s"']*)"#,
            first,
        ),
        Rule::new(r#"(?i)\bsshpass\s+-p\s*["']?([^\s"']+)"#, first),
        Rule::new(
            r#"(?i)\b(?:docker|podman|helm|oras|nerdctl|az|registry)\s+login\b[^\r\n|]*?\s-p\s+["']?([^\s"']+)"#,
            first,
        ),
        Rule::new(
            r#"(?i)(?:\s-u\s+|--(?:proxy-)?user[\s=]+)["']?([^\s:"'=]+):([^\s"']+)"#,
            |found, taken| {
                let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                if !(is_number(found.of(1)) && is_number(found.of(2))) {
                    user_info(found, taken);
                }
            },
        ),
        Rule::new(
            r#"(?i)\b(?:identified (?:with \S+ )?by|with (?:encrypted )?password|requirepass|masterauth)\s+["']?([^\s"';]+)"#,
            first,
        ),
        // `.netrc`, `.pgpass`.
        Rule::new(r#"(?i)\blogin\s+(\S+)\s+password\s+([^\s"\\]+)"#, user_info),
        Rule::new(
            r#"(?:^|[\s"'`=])([^\s:#/"'`=]+):(?:[0-9]{2,5}|\*):([^\s:"']+):([^\s:"']+):((?:[^\s:"'\\]|\\+[:\\])+)(?:$|[\s"'\\])"#,
            |found, taken| {
                let server = found.of(1);
                let is_server = canonical::address(server).is_some()
                    || server.starts_with(|c: char| c.is_alphabetic() || c == '*');
                if is_server {
                    taken.add(Kind::Name, found.at(2));
                    taken.add(Kind::User, found.at(3));
                    taken.add(Kind::Secret, found.at(4));
                }
            },
        )
        .split(Split::Early(|found, joint| {
            found.at(4).is_some_and(|password| joint < password.start)
        })),
        Rule::new(
            r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*",
            token,
        )
        .late(),
        Rule::new(TOKENS, token).late(),
        // What comes back from a sign-in, in an address.
        Rule::new(
            r#"(?i)[?&](?:code|state|nonce|ticket|login_hint|id_token_hint)=([^&\s"'<>\\#]+)"#,
            |found, taken| {
                let value = found.of(1);
                let is_code = value.bytes().all(|byte| byte.is_ascii_digit()) && value.len() < 6;
                if is_telling(value) && !is_code {
                    taken.add(Kind::Secret, found.at(1));
                }
            },
        ),
    ]
}

fn secret(found: &Match<'_>, taken: &mut Taken<'_>) {
    whole(Kind::Secret, found, taken);
}

fn token(found: &Match<'_>, taken: &mut Taken<'_>) {
    whole(Kind::Token, found, taken);
}

fn first(found: &Match<'_>, taken: &mut Taken<'_>) {
    taken.add(Kind::Secret, found.at(1));
}

/// Whether what stands before a sign is no port alone.
fn has_password(found: &Match<'_>, _: usize) -> bool {
    let password = found.of(2);
    !password.is_empty() && !password.bytes().all(|byte| byte.is_ascii_digit())
}

fn user_info(found: &Match<'_>, taken: &mut Taken<'_>) {
    // A port and a path before a sign of another meaning.
    let password = found.of(2);
    let is_port = password
        .split('/')
        .next()
        .is_some_and(|port| password.contains('/') && port.bytes().all(|b| b.is_ascii_digit()));
    if !is_port {
        taken.add(Kind::User, found.at(1));
        taken.add(Kind::Secret, found.at(2));
    }
}

/// What stands behind the name of a scheme, or a header, in sentences.
const PROSE: &[&str] = &[
    "authentication",
    "authorization",
    "credentials",
    "challenge",
    "functionality",
    "function",
    "information",
    "instructions",
    "required",
    "settings",
    "supported",
    "tokens",
];

fn credentials(found: &Match<'_>, taken: &mut Taken<'_>) {
    // `Basic authentication` is prose; in what is encoded capitals follow small letters.
    let value = found.of(1);
    let is_prose = value.bytes().all(|byte| byte.is_ascii_lowercase()) && PROSE.contains(&value);
    let is_scheme = value.len() < 8 && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !is_prose && !is_scheme {
        taken.add(Kind::Secret, found.at(1));
    }
}

/// The value behind the name of a secret and a sign.
fn named(found: &Match<'_>, taken: &mut Taken<'_>) {
    let (sign, at) = (found.of(3), found.whole().end);
    let line = found.line_before();
    let begins_line =
        BEFORE_SETTINGS.contains(&line.trim()) || line.ends_with('"') || is_prefix(line);
    if let Some(value) = braced(found, at) {
        taken.add(Kind::Secret, Some(value));
        return;
    }
    if let Some(value) = quoted(found.text, at) {
        let word = found.part(value.clone());
        if is_secret(word) {
            taken.add(Kind::Secret, Some(value));
        }
        return;
    }
    let lines = block(found, at);
    if !lines.is_empty() {
        for line in lines {
            taken.add(Kind::Secret, Some(line));
        }
        return;
    }
    // A quote that nobody closes.
    let all = found.part(at..found.text.len());
    let rest = all.trim_start_matches(['\\', '"', '\'', '`']);
    let at = at + all.len() - rest.len();
    // `PWD={…}`, as ODBC has it.
    if let Some(braced) = rest.strip_prefix('{').filter(|_| sign == "=") {
        let end = braced.find(['}', '\n', '"']);
        if let Some(end) = end.filter(|end| braced[*end..].starts_with('}')) {
            taken.add(Kind::Secret, Some(at + 1..at + 1 + end));
        }
        return;
    }
    let value = unquoted(rest, begins_line);
    if is_secret(value) && (sign != ":" || is_no_prose(found, value, begins_line)) {
        taken.add(Kind::Secret, Some(at..at + value.len()));
    }
}

fn option(found: &Match<'_>, taken: &mut Taken<'_>) {
    let at = found.whole().end;
    if let Some(value) = quoted(found.text, at) {
        taken.add(Kind::Secret, Some(value));
        return;
    }
    let rest = found.part(at..found.text.len());
    let value = unquoted(rest, true);
    let behind = rest[value.len()..].trim_start_matches([' ', '\t']);
    let is_command =
        behind.is_empty() || behind.starts_with(['-', '\r', '\n', '"', '\'', '\\', '|']);
    if is_secret(value) && !value.starts_with('-') && (is_command || is_telling(value)) {
        taken.add(Kind::Secret, Some(at..at + value.len()));
    }
}

/// What stands in quotes here, however deep they are escaped: up to those that are escaped as deep.
pub(super) fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let depth = rest.bytes().take_while(|byte| *byte == b'\\').count();
    let quote = rest
        .as_bytes()
        .get(depth)
        .copied()
        .filter(|byte| b"\"'`".contains(byte))?;
    let start = at + depth + 1;
    let mut escapes = 0;
    for (index, byte) in text.as_bytes()[start..]
        .iter()
        .take(QUOTED_MOST)
        .enumerate()
    {
        match *byte {
            b'\n' => return None,
            b'\\' => escapes += 1,
            byte if byte == quote && escapes == depth => {
                return Some(start..start + index - depth);
            }
            _ => escapes = 0,
        }
    }
    None
}

/// The lines of a block in YAML: `password: |`, and what is indented below.
fn block(found: &Match<'_>, at: usize) -> Vec<Range<usize>> {
    let rest = found.part(at..found.text.len());
    // What follows is looked for only where it is one.
    let head = rest.get(..rest.len().min(8)).unwrap_or_default();
    let Some((sign, lines)) = head.find('\n').map(|end| (&rest[..end], &rest[end + 1..])) else {
        return Vec::new();
    };
    if !["|", ">", "|-", ">-", "|+", ">+"].contains(&sign.trim_end()) {
        return Vec::new();
    }
    let own = found.line_before();
    let own = own.len() - own.trim_start().len();
    let mut start = at + sign.len() + 1;
    let mut found = Vec::new();
    for line in lines.split_inclusive('\n') {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if !text.is_empty() && indent <= own {
            break;
        }
        let begin = start + indent;
        start += line.len();
        if !text.is_empty() {
            found.push(begin..begin + text.trim_end().len());
        }
    }
    found
}

/// The document that a `SecretString` is, where its quotes can't be told from those round it any
/// more: up to the brace that closes it.
fn braced(found: &Match<'_>, at: usize) -> Option<Range<usize>> {
    if !found.of(1).to_ascii_lowercase().contains("secretstring") {
        return None;
    }
    let rest = found.part(at..found.text.len());
    let start = at + rest.find(|c: char| c != '"' && c != '\\')?;
    let mut depth = 0_u32;
    for (index, byte) in found.text.as_bytes()[start..]
        .iter()
        .take(QUOTED_MOST)
        .enumerate()
    {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(start..start + index + 1),
            b'}' => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn unquoted(rest: &str, begins_line: bool) -> &str {
    let ends = |c: char| match begins_line {
        // Nothing else stands in such a line.
        true => c.is_whitespace() || "\"'<>\\".contains(c),
        false => c.is_whitespace() || "\"'<>,;&\\(){}[]".contains(c),
    };
    let value = &rest[..rest.find(ends).unwrap_or(rest.len())];
    // Unless it is one of several that are sent together.
    let is_sent = |at: &usize| value[at + 1..].contains('=');
    &value[..value.find('&').filter(is_sent).unwrap_or(value.len())]
}

/// Whether what stands behind a name like `token` is a secret.
pub(super) fn is_secret(value: &str) -> bool {
    let word = value.trim_matches(['.', '!', '?', ':', '*', '`', ',', ' ']);
    // What carries a scheme is looked at by itself: `credential: https://…`.
    word.len() >= 3
        && word.contains(char::is_alphanumeric)
        && !NO_SECRETS.contains(&word.to_ascii_lowercase().as_str())
        && !value.starts_with("//")
        && !value.starts_with(':')
        && !value.starts_with("${")
}

/// Whether a value behind a colon is none of a sentence: `no token: the service has …`.
fn is_no_prose(found: &Match<'_>, value: &str, begins_line: bool) -> bool {
    let end = found.whole().end + value.len();
    let behind = found.part(end..found.text.len());
    let ends_line = behind.is_empty()
        || behind
            .trim_start_matches([' ', '\t', '\r'])
            .starts_with(['\n', '"']);
    // `"token": x`, `DB_PASSWORD: x`.
    let is_setting = !found.of(1).bytes().any(|byte| byte.is_ascii_lowercase());
    !found.of(2).is_empty() || is_setting || (begins_line && ends_line) || is_telling(value)
}

pub(super) fn is_telling(value: &str) -> bool {
    let word = value.trim_matches(['.', '!', '?', ':', '*', '`']);
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let has_sign = word.bytes().any(|byte| !byte.is_ascii_alphanumeric());
    has_digit || has_sign || word.len() >= 16
}
