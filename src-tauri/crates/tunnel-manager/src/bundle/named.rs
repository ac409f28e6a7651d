//! What tunnels are said to be by the types that tell of them: saved settings, the history, programs that
//! run. The log is of all of them, those included that are not asked about, were never saved, or are gone.

use std::collections::HashSet;
use std::path::Path;

use redact::{Kind, Redactor};

use tunnel_proto::{Candidate, Choice, Happening, TargetSpec};
use url::Url;

use crate::history::{Entry, TunnelName, Way};
use crate::profile::{BindAddress, Draft, Filing, Profile};

/// Folders that every machine has.
const FOLDERS: [&str; 16] = [
    "/", "cache", "config", "etc", "home", "lib", "local", "opt", "private", "run", "share",
    "state", "tmp", "user", "usr", "var",
];

/// What is named by tunnels that need not be saved: gathered from the history, and from what programs
/// that run say of theirs.
#[derive(Debug, Default)]
pub(super) struct Named {
    ways: HashSet<Way>,
    names: HashSet<String>,
    choices: Vec<(Kind, String)>,
    seen: HashSet<String>,
}

impl Named {
    /// Takes what names a tunnel.
    pub(super) fn tunnel(&mut self, tunnel: &TunnelName) {
        let TunnelName {
            id: _,
            name,
            run: _,
            way,
        } = tunnel;
        self.names.insert(name.clone());
        if let Some(way) = way {
            self.ways.insert(Way::clone(way));
        }
    }

    /// Takes what a tunnel is called.
    pub(super) fn name(&mut self, name: String) {
        self.names.insert(name);
    }

    /// Takes what a record of the history names.
    pub(super) fn entry(&mut self, entry: &Entry) {
        self.tunnel(&entry.tunnel);
        let session = match &entry.record.what {
            Happening::Drop(lost) => lost.session_id.as_deref(),
            Happening::Renewed(renewal) => renewal.session_id.as_deref(),
            Happening::LeftBehind { session_id, .. } | Happening::EndedLate { session_id } => {
                Some(session_id.as_str())
            }
            Happening::Target(choice) => {
                self.choice(choice);
                None
            }
            Happening::State { .. }
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::Slept { .. }
            | Happening::Carried { .. } => None,
        };
        if let Some(session) = session {
            self.add(Kind::Session, session);
        }
    }

    /// Takes the node that was chosen, and what it was chosen by.
    fn choice(&mut self, choice: &Choice) {
        let Choice {
            node: id,
            name,
            candidate,
            found: _,
            passed_over,
        } = choice;
        self.add(node(id), id);
        self.add(Kind::Tag, name.as_deref().unwrap_or_default());
        let candidates = passed_over.iter().map(|passed| &passed.candidate);
        for candidate in candidates.chain([candidate]) {
            for (kind, value) in of_target(candidate) {
                self.add(kind, &value);
            }
        }
    }

    fn add(&mut self, kind: Kind, value: &str) {
        if self.seen.insert(value.to_owned()) {
            self.choices.push((kind, value.to_owned()));
        }
    }

    /// Has it looked for.
    pub(super) fn learn(&self, redactor: &mut Redactor, hides_names: bool) {
        if hides_names {
            for name in &self.names {
                redactor.learn(Kind::Tunnel, name);
            }
        }
        for way in &self.ways {
            learn_way(redactor, way);
        }
        for (kind, value) in &self.choices {
            redactor.learn(*kind, value);
        }
    }
}

fn learn_way(redactor: &mut Redactor, way: &Way) {
    let Way {
        target,
        remote_host,
        document,
        bind,
        profile,
    } = way;
    for (kind, value) in of_target(target) {
        redactor.learn(kind, &value);
    }
    redactor.learn(Kind::Host, remote_host.as_deref().unwrap_or_default());
    if let Some(document) = document.as_deref().filter(|name| !name.starts_with("AWS-")) {
        redactor.learn(Kind::Name, document);
    }
    match bind.as_deref() {
        Some(path) if path.contains(['/', '\\']) => learn_path(redactor, path),
        Some(address) => redactor.learn(Kind::Ip, address),
        None => {}
    }
    redactor.learn(Kind::Name, profile.as_deref().unwrap_or_default());
}

/// A socket's path, and whoever chose its folders.
fn learn_path(redactor: &mut Redactor, path: &str) {
    redactor.learn(Kind::Name, path);
    for part in Path::new(path) {
        let part = part.to_string_lossy();
        let plain = part.trim_start_matches('.');
        let is_number = plain.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number && !FOLDERS.contains(&plain) {
            redactor.learn(Kind::Name, &part);
        }
    }
}

/// What a target names, as it is written.
fn of_target(target: &str) -> Vec<(Kind, String)> {
    let owned = |(kind, value): (Kind, &str)| (kind, value.to_owned());
    match target.parse::<TargetSpec>() {
        Ok(spec) => spec
            .candidates()
            .iter()
            .flat_map(of_candidate)
            .map(owned)
            .collect(),
        Err(_) => vec![(Kind::Tag, target.to_owned())],
    }
}

/// What tunnels' settings name.
pub(super) fn learn_tunnels(redactor: &mut Redactor, tunnels: &[Profile], hides_names: bool) {
    for tunnel in tunnels {
        let Draft {
            remote_host,
            profile,
            keys,
            reason,
            ..
        } = Draft::from(tunnel);
        if hides_names {
            redactor.learn(Kind::Tunnel, &tunnel.name);
        }
        let marked = [
            (Kind::Host, remote_host),
            (Kind::Name, profile),
            (Kind::Name, keys),
            (Kind::Text, reason),
        ];
        for (kind, value) in marked {
            if let Some(value) = value {
                redactor.learn(kind, &value);
            }
        }
        let urls = tunnel
            .endpoint_url
            .iter()
            .filter_map(|url| Url::parse(url).ok());
        for url in urls.chain(
            tunnel
                .endpoints
                .urls
                .values()
                .filter_map(|url| url.as_str().parse().ok()),
        ) {
            redactor.learn(Kind::Host, url.host_str().unwrap_or_default());
        }
        for (kind, value) in tunnel.target.candidates().iter().flat_map(of_candidate) {
            redactor.learn(kind, value);
        }
        if let BindAddress::Unix(path) = &tunnel.listen.address {
            learn_path(redactor, &path.display().to_string());
        }
        let Filing {
            group,
            tags,
            favourite: _,
        } = &tunnel.filing;
        for value in group.iter().chain(tags) {
            redactor.learn(Kind::Tag, value);
        }
    }
}

/// What a candidate of a target names.
fn of_candidate(candidate: &Candidate) -> Vec<(Kind, &str)> {
    match candidate {
        Candidate::Id(id) => vec![(node(id), id)],
        Candidate::Name(name, _) => vec![(Kind::Tag, name)],
        Candidate::Tag {
            key,
            value,
            rule: _,
        } => vec![(Kind::Tag, key), (Kind::Tag, value)],
    }
}

/// What kind of node an id is of.
pub(super) fn node(id: &str) -> Kind {
    if id.starts_with("mi-") {
        Kind::ManagedNode
    } else if id.starts_with("ecs:") {
        Kind::Task
    } else {
        Kind::Instance
    }
}

#[cfg(test)]
mod tests {
    use tunnel_proto::{PassedOver, Problem, ProblemKind, Record};

    use super::*;

    fn told(entries: &[Entry], text: &str) -> String {
        let mut named = Named::default();
        for entry in entries {
            named.entry(entry);
        }
        let mut redactor = Redactor::new().unwrap();
        named.learn(&mut redactor, false);
        redactor.text(text).unwrap()
    }

    fn entry(way: Option<Way>, what: Happening) -> Entry {
        let way = way.map(Box::new);
        Entry {
            tunnel: TunnelName {
                way,
                ..TunnelName::new(None, "x")
            },
            record: Record { at: 1, what },
        }
    }

    #[test]
    fn a_tunnel_that_was_never_saved_is_known_by_its_records() {
        let way = Way {
            target: "tag:\"Rolle im Haus\"=\"Geheim Werk\"@newest, name:\"zweiter teil\""
                .to_owned(),
            remote_host: Some("kundendb".to_owned()),
            document: Some("Kunden-Dokument".to_owned()),
            bind: Some("/run/user/1000/geheimordner/kunden.sock".to_owned()),
            profile: Some("kundenprofil".to_owned()),
        };
        let slept = Happening::Slept { asleep_ms: 1 };
        let text = "kundendb of Geheim Werk is not there; Rolle im Haus; zweiter teil by Kunden-Dokument \
                    at /run/user/1000/geheimordner/kunden.sock in geheimordner as kundenprofil";
        let told = told(&[entry(Some(way), slept)], text);
        for part in [
            "kundendb", "Geheim", "Werk", "Rolle", "Haus", "zweiter", "teil", "Dokument", "geheim",
            "kunden",
        ] {
            assert!(!told.contains(part), "{part}: {told}");
        }
        assert!(told.contains("is not there"), "{told}");
    }

    #[test]
    fn a_node_that_was_chosen_is_known_and_so_are_those_that_were_passed_over() {
        let choice = Choice {
            node: "mi-0123456789abcdef0".to_owned(),
            name: Some("haupt knoten".to_owned()),
            candidate: "tag:Werk=nord".to_owned(),
            found: None,
            passed_over: vec![PassedOver {
                candidate: "name:\"ersatz knoten\"".to_owned(),
                problem: Problem::new(ProblemKind::Target, "x", "It is away.", ""),
            }],
        };
        let target = entry(None, Happening::Target(Box::new(choice)));
        let told = told(&[target], "haupt knoten for ersatz knoten by nord in Werk");
        for part in ["haupt", "knoten", "ersatz", "nord", "Werk"] {
            assert!(!told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn records_of_earlier_versions_say_less_and_are_read() {
        let line = "{\"tunnel\":{\"name\":\"db\"},\"at\":1,\"event\":\"slept\",\"asleepMs\":5}";
        let entry: Entry = serde_json::from_str(line).unwrap();
        assert_eq!(entry.tunnel.way, None);
        assert_eq!(told(&[entry], "nothing"), "nothing");
    }
}
