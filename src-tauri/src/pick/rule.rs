//! Rules instead of single nodes: whichever has a name, or a tag, and is online.

use std::collections::HashSet;

use aws_access::{Ping, Query, Target, TargetKind};
use tunnel_proto::{Candidate, TargetRule as Rule, TargetSpec};

/// Names for which rules are offered; more would hide the nodes.
const NAMES_MOST: usize = 2;

/// A rule that finds nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) by: Candidate,
    /// Nodes that it finds and are online.
    pub(super) online: usize,
    /// Nodes that it finds.
    pub(super) of: usize,
}

/// What somebody is looking for who types this into the field for targets: the text to search, and
/// whether it is a rule already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) query: String,
    rule: Option<Candidate>,
}

impl Typed {
    pub(super) fn read(typed: &str) -> Self {
        let candidates = typed.parse::<TargetSpec>().ok();
        let only = candidates
            .as_ref()
            .and_then(|spec| match spec.candidates() {
                [one] => Some(one.clone()),
                _ => None,
            });
        match only {
            Some(Candidate::Name(name, rule)) => Self {
                query: name.clone(),
                rule: Some(Candidate::Name(name, rule)),
            },
            Some(Candidate::Tag { key, value, rule }) => Self {
                query: format!("tag:{key}={value}"),
                rule: Some(Candidate::Tag { key, value, rule }),
            },
            // A rule that is only begun is searched for by what there is of it.
            Some(Candidate::Id(_)) | None => Self {
                query: typed.trim().trim_start_matches("name:").to_owned(),
                rule: None,
            },
        }
    }
}

/// The rules that fit what is typed: by the tag that it names, else by the names of the best
/// matches. The newest is offered where there are several.
pub(super) fn offers<'a>(
    typed: &Typed,
    all: impl Iterator<Item = &'a Target> + Clone,
    best: impl Iterator<Item = &'a Target>,
) -> Vec<Offer> {
    if let Some(Candidate::Tag { key, value, .. }) = &typed.rule {
        return by_tag(key, value, all);
    }
    if typed.query.is_empty() {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    best.filter_map(name_of)
        .filter(|name| seen.insert(*name))
        .take(NAMES_MOST)
        .flat_map(|name| by_name(name, all.clone()))
        .collect()
}

/// Whether rules are more likely meant than a node.
pub(super) fn come_first(typed: &Typed, offers: &[Offer]) -> bool {
    typed.rule.is_some() || offers.iter().any(|offer| offer.of > 1)
}

/// The name by which a rule finds a node.
fn name_of(target: &Target) -> Option<&str> {
    match target.kind {
        // An instance's own host name is none.
        TargetKind::Ec2 { .. } => {
            let mut tags = target.tags.iter();
            tags.find(|(key, _)| key == "Name")
                .map(|(_, value)| value.as_str())
                .filter(|name| !name.is_empty())
        }
        TargetKind::Managed => target.name.as_deref(),
        // A container has no name of its own among others.
        TargetKind::Ecs { .. } => None,
    }
}

fn by_name<'a>(name: &str, all: impl Iterator<Item = &'a Target>) -> Vec<Offer> {
    let named = all.filter(|target| name_of(target) == Some(name));
    both(named, |rule| Candidate::Name(name.to_owned(), rule))
}

/// Tags are compared as AWS does, capitals included; the list finds others, too.
fn by_tag<'a>(key: &str, value: &str, all: impl Iterator<Item = &'a Target>) -> Vec<Offer> {
    let is_node = |target: &Target| match target.kind {
        TargetKind::Ec2 { .. } | TargetKind::Managed => true,
        TargetKind::Ecs { .. } => false,
    };
    let is_tagged = |target: &Target| target.tags.iter().any(|(k, v)| k == key && v == value);
    let tagged = all.filter(|target| is_node(target) && is_tagged(target));
    both(tagged, |rule| Candidate::Tag {
        key: key.to_owned(),
        value: value.to_owned(),
        rule,
    })
}

fn both<'a>(
    nodes: impl Iterator<Item = &'a Target>,
    candidate: impl Fn(Rule) -> Candidate,
) -> Vec<Offer> {
    let (mut online, mut of) = (0, 0);
    for node in nodes {
        of += 1;
        online += usize::from(node.ping == Ping::Online);
    }
    let offer = |rule| Offer {
        by: candidate(rule),
        online,
        of,
    };
    match of {
        0 => Vec::new(),
        1 => vec![offer(Rule::FirstOnline)],
        _ => vec![offer(Rule::FirstOnline), offer(Rule::Newest)],
    }
}

/// The query of what is typed.
pub(super) fn query(typed: &Typed) -> Query {
    Query::new(&typed.query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_searched_by_what_it_says() {
        let query = |typed: &str| Typed::read(typed).query;
        assert_eq!(query("web 10.0"), "web 10.0");
        assert_eq!(query("name:bastion@newest"), "bastion");
        assert_eq!(query("name:\"a, b\""), "a, b");
        assert_eq!(query("name:"), "");
        assert_eq!(query("tag:Role=web@newest"), "tag:Role=web");
        assert_eq!(query("tag:Role"), "tag:Role");
        assert_eq!(query(" i-0123 "), "i-0123");
    }

    fn node(id: &str, name: Option<&str>, ping: Ping, tags: &[(&str, &str)]) -> Target {
        let own = tags.iter().copied();
        let all = name.map(|name| ("Name", name)).into_iter().chain(own);
        Target {
            id: id.to_owned(),
            name: name.map(str::to_owned),
            ping,
            agent_version: None,
            platform: None,
            address: None,
            since: None,
            tags: all.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            kind: TargetKind::Ec2 { state: None },
        }
    }

    fn offered(typed: &str, nodes: &[Target]) -> (Vec<String>, bool) {
        let typed = Typed::read(typed);
        let offers = offers(&typed, nodes.iter(), nodes.iter());
        let first = come_first(&typed, &offers);
        let said = |offer: &Offer| format!("{} {}/{}", offer.by, offer.online, offer.of);
        (offers.iter().map(said).collect(), first)
    }

    #[test]
    fn several_nodes_of_a_name_are_offered_as_one_and_before_each_by_itself() {
        let nodes = [
            node("i-1", Some("web"), Ping::Online, &[]),
            node("i-2", Some("web"), Ping::ConnectionLost, &[]),
            node("i-3", None, Ping::Online, &[]),
        ];
        let both = vec!["name:web 1/2".to_owned(), "name:web@newest 1/2".to_owned()];
        assert_eq!(offered("we", &nodes), (both, true));
        assert_eq!(offered("", &nodes), (Vec::new(), false));
    }

    #[test]
    fn one_node_can_be_followed_by_its_name_and_an_unnamed_one_can_not() {
        let nodes = [node("i-1", Some("web, old"), Ping::Online, &[])];
        let rule = vec!["name:\"web, old\" 1/1".to_owned()];
        assert_eq!(offered("web", &nodes), (rule, false));
        // Its own host name is no name that a rule would find.
        let mut unnamed = node("i-2", None, Ping::Online, &[]);
        unnamed.name = Some("ip-10-0-0-1".to_owned());
        assert_eq!(offered("ip", &[unnamed.clone()]).0, Vec::<String>::new());
        // Outside of EC2 it is.
        unnamed.kind = TargetKind::Managed;
        assert_eq!(offered("ip", &[unnamed]).0, ["name:ip-10-0-0-1 1/1"]);
    }

    #[test]
    fn a_tag_that_is_typed_is_a_rule_if_some_node_has_it() {
        let nodes = [
            node("i-1", Some("a"), Ping::Online, &[("Role", "db")]),
            node("i-2", Some("b"), Ping::Online, &[("Role", "db")]),
        ];
        let both = vec![
            "tag:Role=db 2/2".to_owned(),
            "tag:Role=db@newest 2/2".to_owned(),
        ];
        assert_eq!(offered("tag:Role=db", &nodes), (both, true));
        assert_eq!(offered("tag:Role=d", &nodes).0, Vec::<String>::new());
    }
}
