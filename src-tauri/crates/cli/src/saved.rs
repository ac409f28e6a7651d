//! The saved tunnels, as the command line finds and shows them.

use std::net::IpAddr;

use serde::Serialize;
use tunnel_manager::bundle::ChosenTunnel;
use tunnel_manager::tunnel::{Problem, ProblemKind};
use tunnel_manager::{BindAddress, Destination, Draft, Profile, ProfileId, Store, WrittenAddress};

use crate::words::one_line;

/// How many names a sentence lists.
const NAMES_MOST: usize = 8;

/// Opens the tunnels' file.
pub(crate) fn store() -> Result<Store, Problem> {
    Store::in_config_folder().map_err(|error| error.problem())
}

/// Finds a saved tunnel by its name, the begin of its name, or its id.
pub(crate) fn find(wanted: &str) -> Result<Profile, Problem> {
    let profiles = store()?.read().map_err(|error| error.problem())?;
    let found = choose(&profiles, wanted)?;
    Ok(found.clone())
}

/// Finds a tunnel among the saved ones in the same way; then, if it is none of them, among others by
/// their names.
pub(crate) fn find_also(wanted: &str, others: &[String]) -> Result<ChosenTunnel, Problem> {
    let profiles = store()?.read().map_err(|error| error.problem())?;
    let lower = wanted.to_lowercase();
    let rules: [&dyn Fn(&String) -> bool; 3] = [
        &|name| *name == wanted,
        &|name| name.to_lowercase() == lower,
        &|name| !lower.trim().is_empty() && name.to_lowercase().starts_with(&lower),
    ];
    let unsaved = rules.into_iter().find_map(|rule| {
        let found: Vec<_> = others.iter().filter(|name| rule(name)).collect();
        (!found.is_empty()).then_some(found)
    });
    match (choose(&profiles, wanted), unsaved.as_deref()) {
        (Ok(saved), _) => Ok(ChosenTunnel::Saved(Box::new(saved.clone()))),
        (Err(_), Some([name])) => Ok(ChosenTunnel::Unsaved((*name).clone())),
        (Err(unknown), None | Some([])) => Err(unknown),
        (Err(_), Some(several)) => Err(Problem::new(
            ProblemKind::Settings,
            "ambiguous-tunnel",
            format!(
                "{} tunnels are meant by {wanted}: {}.",
                several.len(),
                listed(several.iter().map(|name| (*name).clone()))
            ),
            "Give the whole name.",
        )),
    }
}

/// The tunnel that is meant: the one of exactly this id or name; else the only one of this name
/// when capitals do not count; else the only one whose name begins so. Nothing is the begin of no
/// name: a script whose variable is empty must not start whatever there is.
fn choose<'a>(profiles: &'a [Profile], wanted: &str) -> Result<&'a Profile, Problem> {
    let lower = wanted.to_lowercase();
    if lower.trim().is_empty() {
        return Err(unknown(wanted, profiles));
    }
    let rules: [&dyn Fn(&Profile) -> bool; 4] = [
        &|profile| profile.id.to_string() == lower,
        &|profile| profile.name == wanted,
        &|profile| profile.name.to_lowercase() == lower,
        &|profile| profile.name.to_lowercase().starts_with(&lower),
    ];
    for rule in rules {
        let found: Vec<_> = profiles.iter().filter(|profile| rule(profile)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(one),
            several => return Err(ambiguous(wanted, several)),
        }
    }
    Err(unknown(wanted, profiles))
}

/// Finds a saved tunnel by exactly its name or its id: for what can't be undone.
pub(crate) fn find_exactly<'a>(
    profiles: &'a [Profile],
    wanted: &str,
) -> Result<&'a Profile, Problem> {
    let lower = wanted.to_lowercase();
    let is = |profile: &&Profile| profile.name == wanted || profile.id.to_string() == lower;
    let found: Vec<_> = profiles.iter().filter(is).collect();
    match found.as_slice() {
        [] => Err(unknown(wanted, profiles)),
        [one] => Ok(one),
        several => Err(ambiguous(wanted, several)),
    }
}

fn ambiguous(wanted: &str, found: &[&Profile]) -> Problem {
    // Names that are the same tell nobody anything.
    let same = found.iter().all(|profile| profile.name == found[0].name);
    let label = |profile: &&Profile| match same {
        true => profile.id.to_string(),
        false => profile.name.clone(),
    };
    Problem::new(
        ProblemKind::Settings,
        "ambiguous-tunnel",
        format!(
            "{} saved tunnels are meant by {wanted}: {}.",
            found.len(),
            listed(found.iter().map(label))
        ),
        match same {
            true => "Give the id of one of them.",
            false => "Give the whole name.",
        },
    )
}

fn unknown(wanted: &str, profiles: &[Profile]) -> Problem {
    let names = match profiles {
        [] => "There are none yet.".to_owned(),
        profiles => {
            let names = profiles.iter().map(|profile| profile.name.clone());
            format!("There are: {}.", listed(names))
        }
    };
    Problem::new(
        ProblemKind::Settings,
        "unknown-tunnel",
        format!("There is no saved tunnel {wanted}. {names}"),
        "See culvert list, or save one with culvert import.",
    )
}

fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMES_MOST);
    let shown: Vec<_> = names.take(NAMES_MOST).collect();
    let shown = shown.join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A tunnel for programs: the keys are those of the tunnels' file, in the manner of JSON. What
/// is as usual is not there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Object {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ProfileId>,
    name: String,
    #[serde(flatten)]
    filing: Filed,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_host: Option<String>,
    remote_port: u32,
    bind: String,
    local_port: u32,
    #[serde(flatten)]
    further: Further,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Filed {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    favourite: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Further {
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoints: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keepalive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renew_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lazy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_session_alive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    production: Option<Mark>,
}

/// It leads to production.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_after: Option<String>,
}

impl Object {
    /// A tunnel that may not be saved yet.
    pub(crate) fn new(id: Option<ProfileId>, draft: Draft) -> Self {
        let further = Further {
            profile: draft.profile,
            keys: draft.keys,
            region: draft.region,
            endpoint_url: draft.endpoint_url.as_ref().map(WrittenAddress::shown),
            endpoints: draft.endpoints.as_ref().map(WrittenAddress::shown),
            reason: draft.reason,
            sessions: draft.sessions,
            keepalive: draft.keepalive,
            renew_after: draft.renew_after,
            lazy: draft.lazy,
            wait: draft.wait,
            retry_for: draft.retry_for,
            keep_session_alive: draft.keep_session_alive,
            production: draft.production.map(|mark| Mark {
                reason: mark.reason,
                closes_after: mark.closes_after,
            }),
        };
        let bind = match draft.bind.as_str() {
            "" => "localhost".to_owned(),
            _ => draft.bind,
        };
        let filing = Filed {
            group: draft.group,
            tags: draft.tags,
            favourite: draft.favourite,
        };
        Self {
            id,
            name: draft.name,
            filing,
            target: draft.target,
            remote_host: draft.remote_host,
            remote_port: draft.remote_port,
            bind,
            local_port: draft.local_port,
            further,
        }
    }
}

/// Where a tunnel listens, in one line.
pub(crate) fn listens_at(profile: &Profile) -> String {
    let port = profile.listen.port;
    match (&profile.listen.address, port) {
        (BindAddress::Unix(path), _) => one_line(&path.display().to_string()),
        (address, 0) => format!("{address}, any free port"),
        (BindAddress::Ip(IpAddr::V6(address)), port) => format!("[{address}]:{port}"),
        (address, port) => format!("{address}:{port}"),
    }
}

/// Where a tunnel's connections end, in one line.
pub(crate) fn leads_to(destination: &Destination) -> String {
    match destination {
        Destination::Port(port) => format!("port {port} of the target"),
        Destination::RemoteHost { host, port } if host.contains(':') => format!("[{host}]:{port}"),
        Destination::RemoteHost { host, port } => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles(names: &[&str]) -> Vec<Profile> {
        let draft = |name: &&str| Draft {
            name: (*name).to_owned(),
            target: "i-0123456789abcdef0".to_owned(),
            remote_port: 80,
            ..Draft::default()
        };
        let drafts = names.iter().map(draft);
        drafts
            .map(|draft| draft.check(ProfileId::random()).unwrap())
            .collect()
    }

    fn chosen(names: &[&str], wanted: &str) -> Result<usize, String> {
        let profiles = profiles(names);
        let found = choose(&profiles, wanted).map_err(|problem| problem.code)?;
        Ok(profiles.iter().position(|one| one.id == found.id).unwrap())
    }

    #[test]
    fn a_name_its_begin_or_an_id_finds_a_tunnel() {
        let names = ["Orders", "orders-dev", "Billing"];
        assert_eq!(chosen(&names, "Orders"), Ok(0));
        assert_eq!(chosen(&names, "ORDERS"), Ok(0));
        assert_eq!(chosen(&names, "orders-"), Ok(1));
        assert_eq!(chosen(&names, "b"), Ok(2));
        let all = profiles(&names);
        let by_id = choose(&all, &all[2].id.to_string().to_uppercase()).unwrap();
        assert_eq!(by_id.name, "Billing");
    }

    #[test]
    fn a_name_that_means_several_tunnels_or_none_is_refused() {
        let names = ["Orders", "orders-dev", "Billing"];
        assert_eq!(chosen(&names, "o"), Err("ambiguous-tunnel".to_owned()));
        assert_eq!(chosen(&names, "x"), Err("unknown-tunnel".to_owned()));
        assert_eq!(chosen(&[], "x"), Err("unknown-tunnel".to_owned()));
        let twins = profiles(&["Orders", "Orders"]);
        let problem = choose(&twins, "Orders").unwrap_err();
        assert!(
            problem.what.contains(&twins[0].id.to_string()),
            "{problem:?}"
        );
    }

    #[test]
    fn only_the_whole_name_is_exact() {
        let all = profiles(&["Orders", "orders"]);
        assert_eq!(find_exactly(&all, "Orders").unwrap().id, all[0].id);
        assert!(find_exactly(&all, "Order").is_err());
        assert!(find_exactly(&all, "ORDERS").is_err());
    }
}
