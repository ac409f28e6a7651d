//! Names in certificates, clusters and plans.

use super::{Match, Rule, Split, Taken};
use crate::words::is_common;
use crate::{Kind, fields};

/// Makers of certificates and of proxies that inspect TLS: whose certificate it is that somebody is shown
/// is half of an answer, and tells nothing about whoever is shown it.
const MAKERS: &[&str] = &[
    "actalis",
    "amazon",
    "avast",
    "baltimore",
    "barracuda",
    "bitdefender",
    "blue coat",
    "burp",
    "certum",
    "charles",
    "check point",
    "cisco",
    "cloudflare",
    "comodo",
    "cybertrust",
    "d-trust",
    "digicert",
    "dst",
    "entrust",
    "eset",
    "f5",
    "fiddler",
    "forcepoint",
    "fortigate",
    "fortinet",
    "geotrust",
    "globalsign",
    "godaddy",
    "google",
    "gts",
    "iboss",
    "identrust",
    "isrg",
    "kaspersky",
    "let's encrypt",
    "mcafee",
    "menlo",
    "microsoft",
    "mitmproxy",
    "netskope",
    "palo alto",
    "portswigger",
    "proxyman",
    "quovadis",
    "sectigo",
    "skyhigh",
    "sonicwall",
    "sophos",
    "squid",
    "ssl.com",
    "starfield",
    "swisssign",
    "symantec",
    "t-telesec",
    "telekom",
    "thawte",
    "trend micro",
    "usertrust",
    "verisign",
    "watchguard",
    "zscaler",
];

/// What else the names of such certificates are made of.
const OF_MAKERS: &[&str] = &[
    "a",
    "ab",
    "ag",
    "and",
    "ca",
    "cert",
    "certificate",
    "certification",
    "class",
    "client",
    "corp",
    "corporation",
    "cn",
    "de",
    "default",
    "dv",
    "ecc",
    "ecdsa",
    "encrypt",
    "ev",
    "firewall",
    "for",
    "gateway",
    "global",
    "gmbh",
    "high",
    "inc",
    "inspection",
    "inspect",
    "intermediate",
    "internet",
    "issuing",
    "let's",
    "limited",
    "llc",
    "ltd",
    "micro",
    "networks",
    "of",
    "on",
    "ov",
    "p256",
    "primary",
    "private",
    "proxy",
    "public",
    "root",
    "rsa",
    "secure",
    "security",
    "server",
    "service",
    "services",
    "sha2",
    "sha256",
    "sha384",
    "ssl",
    "systems",
    "technologies",
    "the",
    "tls",
    "trust",
    "trusted",
    "umbrella",
    "untrusted",
    "validation",
    "web",
    "x1",
    "x2",
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r#"(?i)\b(CN|commonName|OU|organizationalUnitName|DC|UID|O|organizationName|L|localityName|ST|stateOrProvinceName|STREET|GN|SN|emailAddress|serialNumber)\s?=\s?(\\*"[^"\\\r\n]+|(?:\\+[,+;=#]|[^,/+;"\\<>(){}\[\]\r\n=])+)"#,
            in_certificate,
        ),
        // Objects of Kubernetes.
        Rule::new(
            r#"(?i)\b(?:pods?|deployments?(?:\.apps)?|replicasets?(?:\.apps)?|statefulsets?(?:\.apps)?|services?|secrets?|configmaps?|nodes?|namespaces?|ingress(?:es)?(?:\.[a-z0-9.]+)?|persistentvolumeclaims?|serviceaccounts?|jobs?(?:\.batch)?|cronjobs?(?:\.batch)?|containers?|context|cluster)\s+\\*["']([a-z0-9][A-Za-z0-9:._/@-]*)\\*["']"#,
            name,
        ),
        Rule::new(
            r"\b(?:pod|deployment(?:\.apps)?|replicaset(?:\.apps)?|statefulset(?:\.apps)?|configmap|serviceaccount|ingress|namespace|daemonset(?:\.apps)?|cronjob|svc)/([a-z0-9][a-z0-9.-]*)",
            name,
        ),
        Rule::new(
            r"\bsystem:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)",
            |found, taken| {
                taken.add(Kind::Name, found.at(1));
                taken.add(Kind::Name, found.at(2));
            },
        ),
        // Settings as Terraform shows them.
        Rule::new(
            r#"(?i)\b(?:[a-z0-9]+_)*(?:name|bucket|identifier|cluster|database|role|username|host|description)"?\s+(?:=|\+|->)\s+"([^"\\\r\n$]{2,200})""#,
            name,
        )
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r#"(?m)^[ \t]*"?([A-Za-z][A-Za-z0-9_:/.-]*)"?[ \t]+= "([^"\\\r\n$]{2,200})"$"#,
            |found, taken| {
                let kind = fields::told(found.of(1)).filter(|_| !is_common(found.of(2)));
                if let Some(kind) = kind {
                    taken.add(kind, found.at(2));
                }
            },
        ),
    ]
}

fn name(found: &Match<'_>, taken: &mut Taken<'_>) {
    if !is_common(found.of(1)) {
        taken.add(Kind::Name, found.at(1));
    }
}

/// `CN=Nina Huber,OU=Sales`, but `CN=Amazon RSA 2048 M01`.
fn in_certificate(found: &Match<'_>, taken: &mut Taken<'_>) {
    let short = found.of(1).len() <= 2
        && !["CN", "OU", "DC"].contains(&found.of(1).to_ascii_uppercase().as_str());
    let before = found.before().trim_end_matches(' ');
    let is_among_others =
        before.ends_with([',', '/', '+', ';']) || found.after().starts_with([',', '/', '+']);
    // `o=1` may be anything.
    if short && !is_among_others {
        return;
    }
    let Some(at) = found.at(2) else { return };
    let text = found.of(2);
    let value = text.trim_start_matches(['\\', '"', ' ']);
    let start = at.start + text.len() - value.len();
    let value = value[..end_of_name(value)].trim_end_matches([' ', '\'', '.']);
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    if value.is_empty() || is_number || is_of_maker(value) {
        return;
    }
    let kind = match found.of(1).to_ascii_lowercase().as_str() {
        "cn" | "commonname" if value.contains('.') && !value.contains(' ') => Kind::Host,
        "uid" => Kind::User,
        "emailaddress" => Kind::Email,
        _ => Kind::Name,
    };
    // `Huber\, Nina`: each of them is a name.
    let mut start = start;
    for part in value.split_inclusive(',') {
        let name = part.trim_matches([' ', ',', '\\']);
        let begin = start + part.len() - part.trim_start_matches([' ', ',', '\\']).len();
        start += part.len();
        if !is_common(name) {
            taken.add(kind, Some(begin..begin + name.len()));
        }
    }
}

/// Where the words of a sentence begin behind a name.
fn end_of_name(value: &str) -> usize {
    let ends = [
        " is ", " was ", " has ", " which ", " at ", " in ", " not ", " does ", " can't ",
        " expired", " of the ", ": ", ". ",
    ];
    let found = ends.iter().filter_map(|end| value.find(end)).min();
    found.unwrap_or_else(|| value.trim_end_matches('.').len())
}

fn is_of_maker(value: &str) -> bool {
    let value = value.to_lowercase();
    // `R3`, `WE1`: how some call those that they sign with.
    let letters = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = value.len() - letters.len();
    if matches!(letters, "r" | "e" | "x" | "wr" | "we") && (1..=2).contains(&digits) {
        return true;
    }
    let mut rest = value.clone();
    for maker in MAKERS {
        rest = rest.replace(maker, " ");
    }
    let is_number = |word: &str| word.len() <= 4 && word.bytes().any(|byte| byte.is_ascii_digit());
    let mut words = rest
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty());
    rest != value && words.all(|word| OF_MAKERS.contains(&word) || is_number(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_well_known_makers_are_told_from_names_of_their_users() {
        for known in [
            "Amazon RSA 2048 M01",
            "Zscaler Intermediate Root CA",
            "Let's Encrypt",
            "R3 Let's Encrypt",
            "Palo Alto Networks Inc.",
            "DigiCert Global Root G2",
        ] {
            assert!(is_of_maker(known), "{known}");
        }
        for own in [
            "Firma Proxy CA",
            "Zscaler Root CA Firma",
            "nina",
            "Root CA",
            "*.firma.example",
        ] {
            assert!(!is_of_maker(own), "{own}");
        }
    }
}
