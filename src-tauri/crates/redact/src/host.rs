//! Which words are names of hosts, and which hosts are everybody's.

use std::net::IpAddr;

use crate::{Kind, canonical};

/// AWS's services that Culvert asks, as the first label of their hosts.
const SERVICES: &[&str] = &[
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
    // Others that people have in their texts. `dkr.ecr`: behind the account.
    "api",
    "cloudformation",
    "cloudtrail",
    "device",
    "dkr",
    "dynamodb",
    "ecr",
    "ec2-instance-connect",
    "eks",
    "elasticloadbalancing",
    "events",
    "identitystore",
    "lambda",
    "route53",
    "sns",
    "sqs",
    "view",
];

/// Behind what a host of a service ends.
const AWS_DOMAINS: [&str; 9] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "signin.aws.amazon.com",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "console.aws.amazon.com",
    "signin.aws",
];

/// Hosts that say nothing about whoever asks them.
const PUBLIC: [&str; 11] = [
    "docs.aws.amazon.com",
    "console.aws.amazon.com",
    "aws.amazon.com",
    "amazonaws.com",
    "github.com",
    "crates.io",
    "docs.rs",
    "rust-lang.org",
    "public.ecr.aws",
    "www.w3.org",
    "schemas.xmlsoap.org",
];

/// Begins of names that are built like hosts and are none: classes, services of a bus, endpoint services.
const REVERSED: [&str; 8] = [
    "com.amazonaws.",
    "java.io.",
    "java.lang.",
    "java.net.",
    "java.sql.",
    "java.util.",
    "javax.net.",
    "org.freedesktop.",
];

/// Ends of names of files, of which some are names of countries too.
const FILES: &[&str] = &[
    "bak", "bin", "bat", "cert", "cfg", "cjs", "cmd", "conf", "config", "cpp", "crt", "cs", "css",
    "csv", "db", "deb", "desktop", "dll", "dmg", "dylib", "env", "err", "exe", "go", "gz", "hpp",
    "htm", "html", "ini", "jar", "java", "js", "json", "jsonl", "jsx", "key", "kt", "lock", "log",
    "lua", "md", "mjs", "msi", "out", "pem", "php", "pid", "plist", "png", "ps1", "py", "rb",
    "rdp", "rpm", "rs", "scala", "service", "sh", "so", "sock", "socket", "sql", "svg", "swift",
    "tar", "tf", "tfstate", "tfvars", "tmp", "toml", "ts", "tsx", "txt", "xml", "yaml", "yml",
    "zip",
];

/// Ends of names of hosts that have two labels. Those of countries have two letters.
const TOP: &[&str] = &[
    "agency",
    "app",
    "arpa",
    "asia",
    "aws",
    "bank",
    "bayern",
    "berlin",
    "biz",
    "cloud",
    "com",
    "company",
    "consul",
    "corp",
    "dev",
    "digital",
    "dmz",
    "docker",
    "domain",
    "edu",
    "example",
    "global",
    "gmbh",
    "gov",
    "hamburg",
    "home",
    "info",
    "infra",
    "int",
    "intern",
    "internal",
    "intra",
    "intranet",
    "invalid",
    "io",
    "koeln",
    "lab",
    "lan",
    "loc",
    "local",
    "localdomain",
    "mgmt",
    "mil",
    "mobi",
    "name",
    "net",
    "network",
    "office",
    "online",
    "onprem",
    "org",
    "priv",
    "private",
    "prod",
    "pro",
    "ruhr",
    "saarland",
    "shop",
    "site",
    "software",
    "solutions",
    "stage",
    "staging",
    "svc",
    "swiss",
    "systems",
    "tech",
    "technology",
    "test",
    "tirol",
    "vpn",
    "wien",
    "work",
    "xyz",
];

/// Words with a dot in the middle that are no hosts: fields of logs, short forms.
const NO_TOP: [&str; 12] = [
    "as", "at", "be", "by", "id", "in", "is", "it", "me", "my", "no", "to",
];

/// Says whether a word of labels and dots is the name of a host that must go.
pub(crate) fn is_private_host(word: &str) -> bool {
    let word = word.trim_end_matches('.').to_lowercase();
    let labels: Vec<&str> = word.split('.').collect();
    let Some((last, rest)) = labels.split_last() else {
        return false;
    };
    if rest.is_empty() || !labels.iter().all(is_label) || !is_end(last) || is_public(&word) {
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
    let is_top = TOP.contains(last)
        || !last.is_ascii()
        || last.starts_with("xn--")
        || (last.len() == 2 && !NO_TOP.contains(last));
    match rest.len() {
        1 => is_top,
        // `tunnel.state.kind` is a field, `db.prod.acme` may be a host.
        _ => is_top || rest.len() >= 2,
    }
}

fn is_label(label: &&str) -> bool {
    let is_sign = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    !label.is_empty()
        && label.chars().all(is_sign)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.len() <= 63
}

/// Whether a label can be the last one of a host.
fn is_end(label: &str) -> bool {
    let is_plain = label.chars().count() >= 2 && label.chars().all(char::is_alphabetic);
    is_plain || label.starts_with("xn--")
}

/// Says whether a word is a host that must go where it is sure that a host stands there: in the
/// address of a URL, before a port. There it may be a single word.
pub(crate) fn is_host_by_place(word: &str) -> bool {
    let word = word.trim_end_matches('.').to_lowercase();
    let labels: Vec<&str> = word.split('.').collect();
    let is_numeric = labels
        .iter()
        .all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    word.len() >= 2 && labels.iter().all(is_label) && !is_numeric && !is_public(&word)
}

/// Says whether a word of several labels before a port is a host: `srv.kunde:5432`, and no place in a
/// file.
pub(crate) fn is_host_before_port(word: &str) -> bool {
    let last = word.rsplit('.').next().unwrap_or_default().to_lowercase();
    word.contains('.') && is_end(&last) && !is_file(&last) && is_host_by_place(word)
}

/// Says whether a word that a line ends with is whole by itself: a host, a file, a number.
pub(crate) fn is_whole(word: &str) -> bool {
    let word = word.to_lowercase();
    let last = word.rsplit('.').next().unwrap_or_default();
    is_private_host(&word)
        || is_public(&word)
        || is_file(last)
        || !last.chars().all(|c| c.is_alphanumeric() || c == '-')
        || word.split('.').all(|label| label.parse::<u64>().is_ok())
}

fn is_file(ending: &str) -> bool {
    FILES.contains(&ending)
}

/// Hosts that everybody knows: AWS's services, documentation, loopback.
fn is_public(host: &str) -> bool {
    if PUBLIC.contains(&host)
        || host == "localhost"
        || host.ends_with(".localhost")
        || REVERSED.iter().any(|begin| host.starts_with(begin))
    {
        return true;
    }
    AWS_DOMAINS.iter().any(|domain| {
        let before = host
            .strip_suffix(domain)
            .and_then(|rest| rest.strip_suffix('.'));
        before.is_some_and(is_service)
    })
}

/// Says whether a host is one of AWS's with a name of somebody's before it, which is found by itself: a
/// bucket, the alias of an account.
pub(crate) fn is_named_endpoint(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.ends_with(".signin.aws.amazon.com")
        || word
            .strip_suffix(".cn")
            .unwrap_or(&word)
            .strip_suffix(".amazonaws.com")
            .and_then(|labels| labels.rsplit_once(".s3"))
            .is_some_and(|(_, rest)| {
                rest.is_empty()
                    || rest.strip_prefix(['.', '-']).is_some_and(|labels| {
                        let labels = labels.strip_prefix("dualstack.").unwrap_or(labels);
                        is_region(labels)
                    })
            })
}

/// `ssm.eu-central-1`, `ssmmessages-fips.us-gov-west-1`, `portal.sso.eu-west-1`.
fn is_service(labels: &str) -> bool {
    labels.split('.').all(|label| {
        let plain = label.strip_suffix("-fips").unwrap_or(label);
        // The account before a registry is found by itself.
        let is_number = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
        SERVICES.contains(&plain) || is_region(label) || is_number
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
                // Where each instance asks for its own facts.
                || address.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| address.is_loopback())
        }
    }
}

/// Says whether a name is one that AWS, or Kubernetes, has given.
pub(crate) fn is_public_name(value: &str) -> bool {
    [
        "AWS-Apply",
        "AWS-Configure",
        "AWS-Run",
        "AWS-Start",
        "AWS-Update",
        "AWS/",
        "AWSServiceRole",
        "AmazonEC2",
        "AmazonSSM",
        "SSM-SessionManagerRunShell",
        "com.amazonaws.",
        "kube-",
    ]
    .iter()
    .any(|begin| value.starts_with(begin))
}

/// Says whether a value that was marked is one that stays readable.
pub(crate) fn is_harmless_value(kind: Kind, value: &str) -> bool {
    match kind {
        Kind::Host => {
            is_public(&value.to_ascii_lowercase())
                || canonical::address(value).is_some_and(is_harmless_address)
        }
        Kind::Ip => canonical::address(value).is_some_and(is_harmless_address),
        Kind::Name => is_public_name(value),
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Task
        | Kind::Mac
        | Kind::User
        | Kind::Email
        | Kind::Phone
        | Kind::Account
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
