//! Hosts and addresses.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::people::without_signs;
use super::{Match, Rule, Split, Taken, whole};
use crate::words::is_common;
use crate::{Kind, canonical, host};

/// Schemes behind which no host stands.
const NO_HOSTS: &[&str] = &["culvert", "file", "s3", "s3a", "s3n", "unix", "gs", "npipe"];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        // Digests and fingerprints in pairs of digits, which are longer than the address of a card.
        Rule::new(r"\b[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){8,}\b", |found, taken| {
            whole(Kind::Id, found, taken);
        }),
        Rule::new(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b", |found, taken| {
            if !found.before().ends_with(':') && !found.after().starts_with(':') {
                whole(Kind::Mac, found, taken);
            }
        })
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r"\b[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\b",
            |found, taken| {
                if found.of(0).bytes().any(|byte| byte.is_ascii_alphabetic()) {
                    whole(Kind::Mac, found, taken);
                }
            },
        ),
        // Without signs where that is said.
        Rule::new(
            r#"(?i)\b(?:hwaddr|ether|lladdr|b?ssid|(?:mac|physical|hardware)(?:[ _-]?addr(?:ess)?)?)\b\\*["']?[ .\t]*[:=]?[ \t]*\\*["']?([0-9a-f]{6}[:-]?[0-9a-f]{6})\b"#,
            |found, taken| taken.add(Kind::Mac, found.at(1)),
        )
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r"[0-9A-Fa-f:]*:[0-9A-Fa-f]*:(?:[0-9A-Fa-f]+:)*[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]*",
            |found, taken| taken.add(Kind::Ip, ip6(found)),
        )
        .split(Split::Early(is_cut_address)),
        Rule::new(r"[0-9]{1,3}(?:[.-][0-9]{1,3}){3}", |found, taken| {
            if is_ip4(found) {
                whole(Kind::Ip, found, taken);
            }
        })
        .split(Split::Early(|found, joint| {
            is_cut_address(found, joint) && !found.of(0).contains('-')
        })),
        // As one number.
        Rule::new(
            r#"://(?:[^\s/"'<>\\]*@)?([0-9]{8,10}|0[xX][0-9A-Fa-f]{8})(?:[:/?#\s"'\\]|$)"#,
            |found, taken| {
                let address = canonical::number(found.of(1));
                if address.is_some_and(|address| !host::is_harmless_address(address)) {
                    taken.add(Kind::Ip, found.at(1));
                }
            },
        )
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r"(?i)[a-z0-9_\x80-\xff](?:[a-z0-9_\x80-\xff-]*[a-z0-9_\x80-\xff])?(?:\.[a-z0-9_\x80-\xff](?:[a-z0-9_\x80-\xff-]*[a-z0-9_\x80-\xff])?)+",
            any_host,
        )
        .split(Split::Early(is_cut_host)),
        // In the address of a URL a single word is one.
        Rule::new(
            r#"(?i)(?:\b([a-z][a-z0-9+.-]*):|@)//(?:[^\s/"'<>\\]*@)?([a-z0-9_\x80-\xff][a-z0-9_.\x80-\xff-]*)"#,
            url_host,
        ),
        // Several hosts, as drivers of databases take them.
        Rule::new(
            r#"://[^\s/"'<>\\,]+((?:,[^\s/"'<>\\,]+)+)"#,
            |found, taken| {
                let mut start = found.at(1).map_or(0, |at| at.start);
                for part in found.of(1).split(',') {
                    let name = part.split(':').next().unwrap_or_default();
                    if host::is_host_by_place(name) && !is_common(name) {
                        taken.add(Kind::Host, Some(start..start + name.len()));
                    }
                    start += part.len() + 1;
                }
            },
        )
        .split(Split::Early(|found, _| found.after().starts_with('/'))),
        // What lies there: a database, a share.
        Rule::new(
            r#"(?i)\b(?:postgres(?:ql)?|psql|pgsql|sqlserver|rediss?|amqps?|mysql|mariadb|mongodb(?:\+srv)?|redshift|clickhouse|mssql|smb|cifs|afp)://[^\s/"'<>\\]+/([a-z0-9_$][a-z0-9_.$-]*)"#,
            |found, taken| {
                if !is_common(found.of(1)) {
                    taken.add(Kind::Name, found.at(1));
                }
            },
        ),
        // `extra_hosts` of containers.
        Rule::new(
            r#"["']([A-Za-z][A-Za-z0-9._-]*)[:=][0-9]{1,3}(?:\.[0-9]{1,3}){3}["'\\]"#,
            |found, taken| {
                if !is_common(found.of(1)) {
                    taken.add(Kind::Host, found.at(1));
                }
            },
        ),
        // Before a port, too: `redis:6379`, where a word has a sign in it or the port is known for one.
        Rule::new(
            r"(?i)(?:^|[\s(\[=,;'@])([a-z][a-z0-9_-]*):([0-9]{2,5})\b",
            |found, taken| {
                let name = found.of(1);
                let is_telling = name.contains(['-', '_']) || name.bytes().any(|b| b.is_ascii_digit());
                let is_port = PORTS.contains(&found.of(2));
                let goes_on = found.after().starts_with(':');
                if is_port && !goes_on && (is_telling || name.len() >= 3) && !is_common(name) {
                    taken.add(Kind::Host, found.at(1));
                }
            },
        ),
    ]
}

/// Ports of services, before which a single word is a host.
const PORTS: &[&str] = &[
    "21", "22", "23", "25", "53", "80", "88", "110", "135", "139", "143", "389", "443", "445",
    "465", "587", "636", "993", "995", "1080", "1433", "1521", "2049", "2181", "2375", "2376",
    "2379", "3000", "3128", "3268", "3306", "3389", "4222", "5000", "5044", "5060", "5432", "5433",
    "5439", "5601", "5671", "5672", "5900", "5984", "6379", "6380", "6443", "7000", "7474", "7687",
    "8000", "8080", "8081", "8086", "8088", "8089", "8125", "8200", "8443", "8500", "8888", "9000",
    "9042", "9090", "9092", "9093", "9200", "9300", "9418", "9443", "11211", "15672", "27017",
    "27018", "50051",
];

/// What has versions of four large numbers.
const BROWSERS: &[&str] = &["chrome", "chromium", "edg", "edge", "opr", "webview2"];

fn any_host(found: &Match<'_>, taken: &mut Taken<'_>) {
    let at = without_signs(found);
    let word = found.part(at.clone());
    let is_reverse = word.to_ascii_lowercase().ends_with(".arpa");
    if found.before().ends_with("::") || (is_versioned(word) && !is_reverse) {
        return;
    }
    let before_port = || {
        let port = found.after().strip_prefix(':').unwrap_or_default();
        let digits = port.bytes().take_while(u8::is_ascii_digit).count();
        (2..=5).contains(&digits) && host::is_host_before_port(word)
    };
    if !host::is_named_endpoint(word) && (host::is_private_host(word) || before_port()) {
        add_host(word, at, taken);
    }
}

fn add_host(word: &str, at: Range<usize>, taken: &mut Taken<'_>) {
    let is_portal = word.to_ascii_lowercase().ends_with(".awsapps.com");
    taken.add(if is_portal { Kind::Portal } else { Kind::Host }, Some(at));
}

fn url_host(found: &Match<'_>, taken: &mut Taken<'_>) {
    let word = found.of(2).trim_end_matches(['.', '-']);
    let scheme = found.of(1).to_ascii_lowercase();
    let Some(at) = found.at(2).map(|at| at.start..at.start + word.len()) else {
        return;
    };
    let is_host = host::is_host_by_place(word) && !host::is_named_endpoint(word);
    if !NO_HOSTS.contains(&scheme.as_str()) && is_host && !is_common(word) {
        add_host(word, at, taken);
    }
}

/// Whether a host is cut by the end of a line: its first part is none by itself, and has a dot in it,
/// or the next line begins with one.
fn is_cut_host(found: &Match<'_>, joint: usize) -> bool {
    let first = found.part(found.whole().start..joint);
    let second = found.part(joint..found.whole().end);
    let is_begun = first.contains('.') && !first.ends_with('.') && !host::is_whole(first);
    is_begun || second.starts_with('.')
}

/// Whether an address is cut by the end of a line: its first part is none by itself.
fn is_cut_address(found: &Match<'_>, joint: usize) -> bool {
    canonical::address(found.part(found.whole().start..joint)).is_none()
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

/// Whether it is an address, and no version that looks like one.
fn is_ip4(found: &Match<'_>) -> bool {
    let dashed = found.of(0).contains('-');
    let Some(IpAddr::V4(address)) = canonical::address(found.of(0)) else {
        return false;
    };
    let (before, after) = (found.before(), found.after());
    // More numbers before or behind: a date, a version, an OID.
    let begins_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let goes_on = before.ends_with(|c: char| c.is_ascii_digit() || c == '.')
        || begins_with_digit(after)
        || after.strip_prefix('.').is_some_and(begins_with_digit);
    if goes_on {
        return false;
    }
    if dashed {
        // `ip-10-0-0-1`, as EC2 calls hosts. Elsewhere dashes are those of dates and ranges.
        return before.ends_with("ip-") || before.ends_with("ec2-");
    }
    !host::is_harmless_address(IpAddr::V4(address))
        && (address.is_private() || !is_version(before, address))
}

/// Whether `3.3.131.0` is said to be a version by what stands before it.
fn is_version(before: &str, address: Ipv4Addr) -> bool {
    let said = before.trim_end_matches([' ', '"', '\'', ':', '=', '\\', '>', '<', '(']);
    let short = said.char_indices().rev().nth(15).map_or(0, |(at, _)| at);
    let said = said[short..].to_ascii_lowercase();
    if before.ends_with('/')
        && BROWSERS
            .iter()
            .any(|name| said.trim_end_matches('/').ends_with(name))
    {
        return true;
    }
    let [first, ..] = address.octets();
    if first > 9 {
        return false;
    }
    let product = before
        .strip_suffix('/')
        .is_some_and(|name| name.ends_with(|c: char| c.is_ascii_alphanumeric()));
    said.contains("version") || said.ends_with("agent") || before.ends_with('v') || product
}

/// The IPv6 address in a run of digits and colons.
fn ip6(found: &Match<'_>) -> Option<Range<usize>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let run = found.of(0);
    let mut start = found.whole().start;
    if found.before().ends_with(is_word) {
        // `src:fe80::1`: what is before the first colon ends a word.
        start += run.find(':')? + 1;
    }
    if found.after().starts_with(is_word) {
        return None;
    }
    let run = found.part(start..found.whole().end);
    // Colons that belong to the sentence.
    let trimmed = match run.strip_suffix(':').filter(|rest| !rest.ends_with(':')) {
        Some(rest) => rest,
        None => run,
    };
    let word = trimmed
        .strip_prefix(':')
        .filter(|rest| !rest.starts_with(':'))
        .unwrap_or(trimmed);
    let start = start + trimmed.len() - word.len();
    let address = canonical::address(word)?;
    let telling = word.bytes().any(|byte| byte.is_ascii_digit()) || word.matches(':').count() > 3;
    (telling && word.contains(':') && !host::is_harmless_address(address))
        .then(|| start..start + word.len())
}
