//! Which words are names of hosts, and which hosts are everybody's.

use std::net::IpAddr;

use crate::Kind;

/// AWS's services that Culvert asks, as the first label of their hosts.
const SERVICES: [&str; 22] = [
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecs",
    "elasticache",
    "es",
    "iam",
    "kms",
    "logs",
    "oidc",
    "portal",
    "rds",
    "resource-groups",
    "s3",
    "secretsmanager",
    "signin",
    "sso",
    "ssm",
    "ssmmessages",
    "sts",
    "tagging",
    "monitoring",
];

/// Behind what a host of a service ends.
const AWS_DOMAINS: [&str; 7] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "signin.aws.amazon.com",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
];

/// Hosts that say nothing about whoever asks them.
const PUBLIC: [&str; 10] = [
    "docs.aws.amazon.com",
    "console.aws.amazon.com",
    "aws.amazon.com",
    "amazonaws.com",
    "github.com",
    "crates.io",
    "docs.rs",
    "rust-lang.org",
    "www.w3.org",
    "schemas.xmlsoap.org",
];

/// Ends of names of files, of which some are names of countries too.
const FILES: [&str; 52] = [
    "bak", "bin", "cert", "cfg", "conf", "config", "crt", "css", "csv", "db", "deb", "desktop",
    "dll", "dmg", "err", "exe", "go", "gz", "html", "ini", "js", "json", "jsonl", "key", "lock",
    "log", "lua", "md", "msi", "mjs", "out", "pem", "pid", "plist", "png", "ps1", "py", "rdp",
    "rpm", "rs", "service", "sh", "so", "sock", "socket", "svg", "tar", "tmp", "toml", "ts", "txt",
    "zip",
];

/// Ends of names of hosts that have two labels. Those of countries have two letters.
const TOP: [&str; 38] = [
    "app",
    "arpa",
    "aws",
    "biz",
    "cloud",
    "com",
    "corp",
    "dev",
    "edu",
    "example",
    "gov",
    "home",
    "info",
    "int",
    "internal",
    "intra",
    "intranet",
    "invalid",
    "io",
    "lan",
    "local",
    "localdomain",
    "mil",
    "name",
    "net",
    "network",
    "online",
    "org",
    "private",
    "prod",
    "pro",
    "site",
    "svc",
    "systems",
    "tech",
    "test",
    "work",
    "xyz",
];

/// Words with a dot in the middle that are no hosts: fields of logs, short forms.
const NO_TOP: [&str; 12] = [
    "as", "at", "be", "by", "id", "in", "is", "it", "me", "my", "no", "to",
];

/// Says whether a word of labels and dots is the name of a host that must go.
pub(crate) fn is_private_host(word: &str) -> bool {
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = word.split('.').collect();
    let Some((last, rest)) = labels.split_last() else {
        return false;
    };
    let well_formed = labels.iter().all(|label| {
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.len() <= 63
    });
    if rest.is_empty()
        || !well_formed
        || last.len() < 2
        || !last.bytes().all(|byte| byte.is_ascii_lowercase())
        || is_public(&word)
    {
        return false;
    }
    // A number in a word: 0.4.s, 1.2.rc.
    let numbered = rest
        .iter()
        .all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if numbered {
        return false;
    }
    if FILES.contains(last)
        && !rest
            .iter()
            .any(|label| *label == "rds" || *label == "internal")
    {
        return false;
    }
    let is_top = TOP.contains(last) || (last.len() == 2 && !NO_TOP.contains(last));
    match rest.len() {
        1 => is_top,
        // `tunnel.state.kind` is a field, `db.prod.acme` may be a host.
        _ => is_top || rest.len() >= 2,
    }
}

/// Hosts that everybody knows: AWS's services, documentation, loopback.
fn is_public(host: &str) -> bool {
    if PUBLIC.contains(&host) || host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    AWS_DOMAINS.iter().any(|domain| {
        let before = host
            .strip_suffix(domain)
            .and_then(|rest| rest.strip_suffix('.'));
        before.is_some_and(is_service)
    })
}

/// `ssm.eu-central-1`, `ssmmessages-fips.us-gov-west-1`, `portal.sso.eu-west-1`.
fn is_service(labels: &str) -> bool {
    labels.split('.').all(|label| {
        let plain = label.strip_suffix("-fips").unwrap_or(label);
        SERVICES.contains(&plain) || is_region(label)
    })
}

/// `eu-central-1`, `us-gov-west-1`.
pub(crate) fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let letters =
        |part: &&str| part.bytes().all(|byte| byte.is_ascii_lowercase()) && part.len() >= 2;
    match parts.split_last() {
        Some((number, rest)) => {
            (2..=3).contains(&rest.len())
                && rest.iter().all(letters)
                && rest.first().is_some_and(|first| first.len() <= 4)
                && (1..=2).contains(&number.len())
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => false,
    }
}

/// Says whether an address says nothing about anybody: loopback, none, the one where each
/// instance asks for its own facts.
pub(crate) fn is_harmless_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_broadcast()
                || matches!(address.octets(), [169, 254, 169 | 170, _])
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| address.is_loopback())
        }
    }
}

/// Says whether a value that was marked is one that stays readable.
pub(crate) fn is_harmless_value(kind: Kind, value: &str) -> bool {
    match kind {
        Kind::Host => {
            let plain = value.trim_matches(['[', ']']);
            is_public(&value.to_ascii_lowercase()) || plain.parse().is_ok_and(is_harmless_address)
        }
        Kind::Ip => value.parse().is_ok_and(is_harmless_address),
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Task
        | Kind::Mac
        | Kind::User
        | Kind::Email
        | Kind::Account
        | Kind::Name
        | Kind::Key
        | Kind::Token
        | Kind::Secret
        | Kind::Session
        | Kind::Tag
        | Kind::Portal
        | Kind::Tunnel
        | Kind::Id
        | Kind::Text => false,
    }
}
