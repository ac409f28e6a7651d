//! What is known of values by where they stand on this machine: the files and variables that hold
//! secrets, and who uses it. What is read there is only looked for elsewhere, and told nowhere. Settings
//! are told, each field redacted as what it is.

use std::env;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aws_access::WrittenAddress;
use directories::BaseDirs;
use redact::{Kind, Redactor};
use serde_json::{Map, Value, json};
use tunnel_proto::Candidate;

use super::Lack;
use super::named::node;
use crate::profile::{Draft, Profile};
use crate::settings::{Key, SettingsKeeper};
use crate::store::Store;

/// More of a file with secrets is not looked at, bytes.
const FILE_MOST: u64 = 1 << 20;

/// More files of a cache are not looked at.
const CACHED_MOST: usize = 64;

/// All saved tunnels.
pub(super) fn saved(lacks: &mut Vec<Lack>) -> Vec<Profile> {
    match Store::in_config_folder().and_then(|store| store.read()) {
        Ok(profiles) => profiles,
        Err(error) => {
            lacks.push(Lack::saved_unread(&error.problem().what));
            Vec::new()
        }
    }
}

/// A proxy's host, which may be a single word, and who is known there.
fn learn_proxy(redactor: &mut Redactor, written: &str) {
    if let Some(named) = WrittenAddress::from(written).named() {
        redactor.learn(Kind::Host, &named.host);
        redactor.learn(Kind::User, &named.user);
        redactor.learn(Kind::Secret, named.password.expose());
    }
}

/// Hosts that are reached without a proxy.
fn learn_bypassed(redactor: &mut Redactor, written: &str) {
    for entry in written.split(',').map(str::trim) {
        let entry = entry.trim_start_matches(['*', '.']);
        // Names alone: addresses are known by their form, with their ports and networks.
        let host = entry.split(':').next().unwrap_or_default();
        if host.parse::<std::net::Ipv4Addr>().is_err() && !host.contains('/') {
            redactor.learn(Kind::Host, host);
        }
    }
}

/// Who uses this machine, and the secrets that it holds.
pub(super) fn learn_machine(redactor: &mut Redactor) {
    for name in ["USER", "LOGNAME", "USERNAME"] {
        learn_variable(redactor, Kind::User, name);
    }
    learn_variable(redactor, Kind::Host, "HOSTNAME");
    learn_variable(redactor, Kind::Host, "COMPUTERNAME");
    for path in ["/proc/sys/kernel/hostname", "/etc/hostname"] {
        if let Ok(name) = fs::read_to_string(path) {
            redactor.learn(Kind::Host, name.trim());
        }
    }
    learn_variable(redactor, Kind::Key, "AWS_ACCESS_KEY_ID");
    learn_variable(redactor, Kind::Secret, "AWS_SECRET_ACCESS_KEY");
    learn_variable(redactor, Kind::Token, "AWS_SESSION_TOKEN");
    learn_variable(redactor, Kind::Name, "AWS_PROFILE");
    for name in [
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
        "https_proxy",
        "http_proxy",
        "all_proxy",
    ] {
        learn_proxy(redactor, &env::var(name).unwrap_or_default());
    }
    for name in ["NO_PROXY", "no_proxy"] {
        learn_bypassed(redactor, &env::var(name).unwrap_or_default());
    }
    let Some(home) = BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()) else {
        return;
    };
    if let Some(name) = home.file_name().and_then(|name| name.to_str()) {
        redactor.learn(Kind::User, name);
    }
    let aws = home.join(".aws");
    let named = |variable: &str, name: &str| {
        env::var_os(variable).map_or_else(|| aws.join(name), PathBuf::from)
    };
    learn_settings(redactor, &named("AWS_CONFIG_FILE", "config"));
    learn_settings(
        redactor,
        &named("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    );
    for cache in ["sso/cache", "cli/cache"] {
        let files = fs::read_dir(aws.join(cache))
            .into_iter()
            .flatten()
            .flatten();
        for file in files.take(CACHED_MOST) {
            if let Ok(value) = serde_json::from_str(&head(&file.path())) {
                redactor.learn_from_json(&value);
            }
        }
    }
}

fn learn_variable(redactor: &mut Redactor, kind: Kind, name: &str) {
    if let Ok(value) = env::var(name) {
        redactor.learn(kind, &value);
    }
}

/// The keys and names in a file of AWS settings.
fn learn_settings(redactor: &mut Redactor, path: &Path) {
    let text = head(path);
    for line in text.lines().map(str::trim) {
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            let name = section.rsplit(' ').next().unwrap_or_default();
            redactor.learn(Kind::Name, name);
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "aws_access_key_id" => redactor.learn(Kind::Key, value),
            "aws_secret_access_key" => redactor.learn(Kind::Secret, value),
            "aws_session_token" => redactor.learn(Kind::Token, value),
            "external_id" => redactor.learn(Kind::Secret, value),
            "sso_account_id" => redactor.learn(Kind::Account, value),
            "sso_role_name" | "role_session_name" | "sso_session" | "source_profile" => {
                redactor.learn(Kind::Name, value);
            }
            _ => {}
        }
    }
    redactor.learn_from(&text);
}

fn head(path: &Path) -> String {
    let mut bytes = Vec::new();
    // What can't be read holds nothing that could be told.
    if let Ok(file) = fs::File::open(path) {
        let _ = file.take(FILE_MOST).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The tunnels' settings, each field redacted as what it is.
pub(super) fn tunnels(redactor: &mut Redactor, tunnels: &[Profile]) -> String {
    let all: Vec<Value> = tunnels
        .iter()
        .map(|tunnel| redacted(redactor, tunnel))
        .collect();
    let text = serde_json::to_string_pretty(&all).unwrap_or_default();
    text + "\n"
}

fn redacted(redactor: &mut Redactor, tunnel: &Profile) -> Value {
    let target: Vec<String> = tunnel
        .target
        .candidates()
        .iter()
        .map(|candidate| match candidate {
            Candidate::Id(id) => redactor.mark(node(id), id),
            Candidate::Name(name, rule) => {
                format!("name:{}, {rule:?}", redactor.mark(Kind::Tag, name))
            }
            Candidate::Tag { key, value, rule } => format!(
                "tag:{}={}, {rule:?}",
                redactor.mark(Kind::Tag, key),
                redactor.mark(Kind::Tag, value)
            ),
        })
        .collect();
    let draft = Draft::from(tunnel);
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            fields.insert(key.to_owned(), value);
        }
    };
    let mut mark = |kind: Kind, value: &Option<String>| match value {
        Some(value) => json!(redactor.mark(kind, value)),
        None => Value::Null,
    };
    put("id", json!(tunnel.id));
    put("name", json!(draft.name));
    put("group", mark(Kind::Tag, &draft.group));
    put("target", json!(target));
    put("remoteHost", mark(Kind::Host, &draft.remote_host));
    put("remotePort", json!(draft.remote_port));
    put("bind", json!(draft.bind));
    put("localPort", json!(draft.local_port));
    put("profile", mark(Kind::Name, &draft.profile));
    put("keys", mark(Kind::Name, &draft.keys));
    put("reason", mark(Kind::Text, &draft.reason));
    put("region", json!(draft.region));
    let shown = |written: Option<WrittenAddress>| json!(written.map(|written| written.shown()));
    put("endpointUrl", shown(draft.endpoint_url));
    put("endpoints", shown(draft.endpoints));
    put("sessions", json!(draft.sessions));
    put("keepalive", json!(draft.keepalive));
    put("renewAfter", json!(draft.renew_after));
    put("lazy", json!(draft.lazy));
    put("wait", json!(draft.wait));
    put("retryFor", json!(draft.retry_for));
    put("keepSessionAlive", json!(draft.keep_session_alive));
    put("production", json!(draft.production.is_some()));
    Value::Object(fields)
}

/// The program's settings, as they count.
pub(super) fn settings() -> String {
    let Ok(keeper) = SettingsKeeper::in_config_folder() else {
        return "{}\n".to_owned();
    };
    let settings = keeper.settings();
    let fields: Map<String, Value> = Key::ALL
        .into_iter()
        .map(|key| {
            let (table, name) = key.place();
            (format!("{table}.{name}"), Value::String(settings.text(key)))
        })
        .collect();
    serde_json::to_string_pretty(&fields).unwrap_or_default() + "\n"
}
