//! What the program and the machine are.

use std::env;
use std::fs;
use std::path::Path;

use super::Raw;
use super::day_time::utc;

/// Variables that say how a desktop is set up, and nothing about anybody.
const DESKTOP: [&str; 7] = [
    "XDG_SESSION_TYPE",
    "XDG_CURRENT_DESKTOP",
    "LANG",
    "LC_ALL",
    "TZ",
    "WSL_DISTRO_NAME",
    "CULVERT_LOG",
];

/// Variables by which AWS and the network are reached. Their values are told where they are no
/// secret: the redactor knows addresses.
const ADDRESSES: [&str; 16] = [
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_EC2_METADATA_DISABLED",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// Variables of which only is told whether they are set.
const SECRETS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Files that hold the system's roots.
const ROOTS: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// More of a file of certificates is not counted, bytes.
const CERTIFICATES_MOST: u64 = 4 << 20;

pub(super) fn file(program: &str, since: u64, now: u64) -> Raw {
    let mut lines = vec![
        format!("program: {program}"),
        format!("collected: {}", utc(now)),
        format!("from: {}", utc(since)),
        format!("system: {} on {}", env::consts::OS, env::consts::ARCH),
    ];
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    if let Some(pretty) = pretty {
        lines.push(format!("distribution: {}", pretty.trim_matches('"')));
    }
    if let Ok(kernel) = fs::read_to_string("/proc/sys/kernel/osrelease") {
        lines.push(format!("kernel: {}", kernel.trim()));
    }
    for name in DESKTOP.into_iter().chain(ADDRESSES) {
        // Proxies are heeded in small letters as well.
        for name in [name.to_owned(), name.to_lowercase()] {
            if let Some(value) = env::var_os(&name).filter(|value| !value.is_empty()) {
                lines.push(format!("{name} is set: {}", value.to_string_lossy()));
            }
        }
    }
    for name in SECRETS {
        if env::var_os(name).is_some_and(|value| !value.is_empty()) {
            lines.push(format!("{name} is set"));
        }
    }
    let bundles = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].map(env::var_os);
    let bundles = bundles.into_iter().flatten().map(std::path::PathBuf::from);
    for path in bundles.chain(ROOTS.map(Into::into)) {
        if let Some(line) = certificates(&path) {
            lines.push(line);
        }
    }
    Raw {
        path: "about.txt".to_owned(),
        text: lines.join("\n") + "\n",
    }
}

/// How many certificates a file has.
fn certificates(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = fs::File::open(path).ok()?;
    file.take(CERTIFICATES_MOST)
        .read_to_string(&mut text)
        .ok()?;
    let count = text.matches("-----BEGIN CERTIFICATE-----").count();
    Some(format!("certificates in {}: {count}", path.display()))
}
