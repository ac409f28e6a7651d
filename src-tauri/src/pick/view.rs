//! What the form's lists are told.

use std::collections::BTreeMap;

use aws_access::{
    CredentialPath, Entry, ExecuteCommand, FileFault, Host, HostKind, HostRole, Listing, Part,
    Ping, ProfileFault, ProfileInfo, ProfileList, Query, Severity, Shortfall, SignIn, Source,
    Target, TargetKind,
};
use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::tunnel::{Problem, ProblemKind, access_problem};
use tunnel_manager::{Draft, WrittenAddress};
use tunnel_proto::{Candidate, TargetRule as Rule, TargetSpec};

use super::rule::{self, Offer, Typed};
use crate::view::ProblemView;

/// Tags of a target that are shown: no line has room for more.
const TAGS_MOST: usize = 3;

/// Whose account is looked into, as it is typed; null is as usual. Not to be printed: an address
/// may hold a password.
#[derive(Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AccountView {
    profile: Option<String>,
    keys: Option<String>,
    region: Option<String>,
    endpoint_url: Option<String>,
    endpoints: Option<String>,
}

/// The profiles of the AWS config files.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfilesView {
    profiles: Vec<ProfileView>,
    /// What is wrong with the files.
    faults: Vec<FaultView>,
    /// Where there could be some.
    files: Vec<String>,
}

/// A profile, without any secret of it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileView {
    name: String,
    /// How it comes to its credentials.
    way: WayView,
    region: Option<String>,
    /// 12 digits.
    account: Option<String>,
    /// Somebody has to sign in for it, now and then.
    signs_in: bool,
    /// What is wrong with it, the worst first.
    faults: Vec<FaultView>,
}

/// How a profile comes to its credentials.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum WayView {
    /// Keys in the files.
    Keys,
    /// A login of IAM Identity Center.
    IdentityCenter,
    /// A sign-in to the console.
    Console,
    /// A program that prints them.
    Program,
    /// A token of another identity provider.
    WebIdentity,
    /// The environment's variables.
    Environment,
    /// The role of the instance that this is.
    Instance,
    /// The role of the container that this is in.
    Container,
    /// A role that is assumed.
    Role,
    /// None: a fault is in the way.
    Unusable,
}

/// Something that is wrong with a profile or with a file.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FaultView {
    severity: SeverityView,
    /// Stable name.
    code: String,
    /// What the sentences name.
    facts: BTreeMap<String, String>,
    /// One sentence.
    what: String,
    /// One sentence.
    remedy: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SeverityView {
    /// It works; the reader should know.
    Note,
    /// Probably not what was meant.
    Warning,
    /// It can't work.
    Broken,
}

/// The targets that fit, the best first.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetsView {
    found: Vec<TargetView>,
    rules: Vec<RuleView>,
    /// The rules stand before the nodes.
    rules_first: bool,
    progress: ProgressView,
}

/// The hosts that fit, the best first.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostsView {
    found: Vec<HostView>,
    progress: ProgressView,
}

/// How far a list is.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProgressView {
    /// Entries that fit, those that are not shown included.
    fit: u32,
    /// Entries that there are.
    of: u32,
    /// Nothing more will come.
    is_complete: bool,
    /// What is missing, and why.
    lacks: Vec<LackView>,
}

/// A part of a list that is missing.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LackView {
    part: PartView,
    problem: ProblemView,
}

/// Where a part of a list comes from.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PartView {
    Nodes,
    Instances,
    Containers,
    Databases,
    Caches,
    ServerlessCaches,
    Domains,
}

/// A node or container.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetView {
    /// As the field for targets has it.
    value: String,
    id: String,
    name: Option<String>,
    ping: PingView,
    agent_version: Option<String>,
    platform: Option<String>,
    address: Option<String>,
    kind: TargetKindView,
    /// A few, as `KEY=VALUE`, without the name and those of AWS.
    tags: Vec<String>,
}

/// Whether the agent of a target is connected.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PingView {
    Online,
    Unknown,
    ConnectionLost,
    Inactive,
    NotRegistered,
}

/// What a target is.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum TargetKindView {
    /// An instance of EC2, in a state of EC2's such as `running`.
    Ec2 { state: Option<String> },
    /// A managed node outside of EC2.
    Managed,
    /// A container of an ECS task; without ExecuteCommand no session is possible.
    Ecs {
        cluster: String,
        task: String,
        can_execute: bool,
    },
}

/// A rule that finds nodes.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuleView {
    /// As the field for targets has it.
    value: String,
    /// A name, or `KEY=VALUE` of a tag.
    by: String,
    is_tag: bool,
    /// The one that was launched last, instead of the first by its id.
    newest: bool,
    /// Nodes that it finds and are online.
    online: u32,
    /// Nodes that it finds.
    of: u32,
}

/// A database, a cache or a search domain.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostView {
    host: String,
    port: u16,
    name: String,
    kind: HostKindView,
    role: HostRoleView,
    /// Such as `postgres 16.3`.
    engine: Option<String>,
    /// What its service says of it, such as `available`.
    status: Option<String>,
    is_available: bool,
}

/// The kind of service that a host belongs to.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum HostKindView {
    Rds,
    Aurora,
    ElastiCache,
    OpenSearch,
}

/// What a host is good for.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum HostRoleView {
    Writer,
    Reader,
    Custom,
    Configuration,
    Instance,
    Endpoint,
}

impl From<AccountView> for Draft {
    /// A tunnel of that account, whatever else it be.
    fn from(account: AccountView) -> Self {
        Self {
            name: "lists".to_owned(),
            target: "i-0123456789abcdef0".to_owned(),
            remote_port: 1,
            profile: account.profile,
            keys: account.keys,
            region: account.region,
            endpoint_url: account.endpoint_url.map(WrittenAddress::from),
            endpoints: account.endpoints.map(WrittenAddress::from),
            ..Self::default()
        }
    }
}

impl From<ProfileList> for ProfilesView {
    fn from(list: ProfileList) -> Self {
        let files = [&list.config, &list.credentials];
        Self {
            profiles: list.profiles.iter().map(ProfileView::from).collect(),
            faults: list.faults.iter().map(FaultView::from).collect(),
            files: files.map(|file| file.display().to_string()).into(),
        }
    }
}

impl From<&ProfileInfo> for ProfileView {
    fn from(profile: &ProfileInfo) -> Self {
        Self {
            name: profile.name.clone(),
            way: WayView::of(profile.path.as_ref()),
            region: profile.region.clone(),
            account: profile.account.clone(),
            signs_in: match profile.sign_in {
                SignIn::SsoSession(_) | SignIn::SsoPortal(_) | SignIn::Console(_) => true,
                SignIn::Profile(_) | SignIn::Keys(_) => false,
            },
            faults: profile.faults.iter().map(FaultView::from).collect(),
        }
    }
}

impl WayView {
    fn of(path: Option<&CredentialPath>) -> Self {
        let Some(path) = path else {
            return Self::Unusable;
        };
        if !path.roles.is_empty() {
            return Self::Role;
        }
        match path.source {
            Source::Keys { .. } => Self::Keys,
            Source::SsoSession { .. } | Source::SsoPortal { .. } => Self::IdentityCenter,
            Source::Console { .. } => Self::Console,
            Source::Process { .. } => Self::Program,
            Source::WebIdentity { .. } => Self::WebIdentity,
            Source::Environment => Self::Environment,
            Source::Instance => Self::Instance,
            Source::Container => Self::Container,
        }
    }
}

impl From<&ProfileFault> for FaultView {
    fn from(fault: &ProfileFault) -> Self {
        Self {
            severity: fault.severity().into(),
            code: fault.code().to_owned(),
            facts: named(fault.facts()),
            what: fault.what(),
            remedy: fault.remedy(),
        }
    }
}

impl From<&FileFault> for FaultView {
    fn from(fault: &FileFault) -> Self {
        let place = match fault.line {
            Some(line) => format!("{}, line {line}:", fault.path.display()),
            None => format!("{}:", fault.path.display()),
        };
        Self {
            severity: fault.severity().into(),
            code: fault.code().to_owned(),
            facts: named(fault.facts()),
            what: format!("{place} {}", fault.what()),
            remedy: fault.remedy(),
        }
    }
}

fn named(facts: Vec<(&'static str, String)>) -> BTreeMap<String, String> {
    let named = facts.into_iter();
    named
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

impl From<Severity> for SeverityView {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Note,
            Severity::Warning => Self::Warning,
            Severity::Broken => Self::Broken,
        }
    }
}

impl TargetsView {
    /// The best matches for what is typed into the field, at most `most`.
    pub(super) fn of(listing: &Listing<Target>, typed: &str, most: usize) -> Self {
        let typed = Typed::read(typed);
        let matches = listing.search(&rule::query(&typed), most);
        let offers = rule::offers(
            &typed,
            listing.entries().iter().map(|entry| &***entry),
            matches.best.iter().map(|entry| &***entry),
        );
        Self {
            rules_first: rule::come_first(&typed, &offers),
            rules: offers.iter().filter_map(RuleView::of).collect(),
            found: matches
                .best
                .iter()
                .map(|entry| TargetView::of(entry))
                .collect(),
            progress: ProgressView::of(listing, matches.found),
        }
    }
}

impl HostsView {
    pub(super) fn of(listing: &Listing<Host>, query: &Query, most: usize) -> Self {
        let matches = listing.search(query, most);
        Self {
            found: matches
                .best
                .iter()
                .map(|entry| HostView::of(entry))
                .collect(),
            progress: ProgressView::of(listing, matches.found),
        }
    }
}

impl ProgressView {
    fn of<T>(listing: &Listing<T>, fit: usize) -> Self {
        let mut lacks: Vec<_> = listing.shortfalls().iter().collect();
        lacks.sort_by_key(|shortfall| shortfall.part());
        Self {
            fit: count(fit),
            of: count(listing.entries().len()),
            is_complete: listing.is_complete(),
            lacks: lacks.into_iter().map(|lack| LackView::of(lack)).collect(),
        }
    }
}

impl LackView {
    fn of(shortfall: &Shortfall) -> Self {
        let problem = match shortfall {
            Shortfall::Failed { part: _, error } => access_problem(error),
            Shortfall::Cut { part: _ } => Problem::new(
                ProblemKind::Service,
                "too-many",
                shortfall.what(),
                "Type the id of the one that is meant.",
            ),
        };
        let part = match shortfall.part() {
            Part::Nodes => PartView::Nodes,
            Part::Instances => PartView::Instances,
            Part::Containers => PartView::Containers,
            Part::Databases => PartView::Databases,
            Part::Caches => PartView::Caches,
            Part::ServerlessCaches => PartView::ServerlessCaches,
            Part::Domains => PartView::Domains,
        };
        Self {
            part,
            problem: (&problem).into(),
        }
    }
}

impl TargetView {
    fn of(target: &Entry<Target>) -> Self {
        let tags = target.tags.iter();
        let own = tags.filter(|(key, _)| key != "Name" && !key.starts_with("aws:"));
        Self {
            value: TargetSpec::of_id(&target.id).to_string(),
            id: target.id.clone(),
            name: target.name.clone(),
            ping: target.ping.into(),
            agent_version: target.agent_version.clone(),
            platform: target.platform.clone(),
            address: target.address.clone(),
            kind: (&target.kind).into(),
            tags: own
                .take(TAGS_MOST)
                .map(|(key, value)| format!("{key}={value}"))
                .collect(),
        }
    }
}

impl From<Ping> for PingView {
    fn from(ping: Ping) -> Self {
        match ping {
            Ping::Online => Self::Online,
            Ping::Unknown => Self::Unknown,
            Ping::ConnectionLost => Self::ConnectionLost,
            Ping::Inactive => Self::Inactive,
            Ping::NotRegistered => Self::NotRegistered,
        }
    }
}

impl From<&TargetKind> for TargetKindView {
    fn from(kind: &TargetKind) -> Self {
        match kind {
            TargetKind::Ec2 { state } => Self::Ec2 {
                state: state.clone(),
            },
            TargetKind::Managed => Self::Managed,
            TargetKind::Ecs {
                cluster,
                task,
                group: _,
                execute_command,
            } => Self::Ecs {
                cluster: cluster.clone(),
                task: task.clone(),
                can_execute: match execute_command {
                    ExecuteCommand::On => true,
                    ExecuteCommand::AgentDown | ExecuteCommand::Off => false,
                },
            },
        }
    }
}

impl RuleView {
    /// None for an id, which is no rule.
    fn of(offer: &Offer) -> Option<Self> {
        let (by, is_tag, rule) = match &offer.by {
            Candidate::Name(name, rule) => (name.clone(), false, *rule),
            Candidate::Tag { key, value, rule } => (format!("{key}={value}"), true, *rule),
            Candidate::Id(_) => return None,
        };
        Some(Self {
            value: offer.by.to_string(),
            by,
            is_tag,
            newest: rule == Rule::Newest,
            online: count(offer.online),
            of: count(offer.of),
        })
    }
}

impl HostView {
    fn of(host: &Entry<Host>) -> Self {
        Self {
            host: host.host.clone(),
            port: host.port,
            name: host.name.clone(),
            kind: match host.kind {
                HostKind::Rds => HostKindView::Rds,
                HostKind::Aurora => HostKindView::Aurora,
                HostKind::Elasticache => HostKindView::ElastiCache,
                HostKind::Opensearch => HostKindView::OpenSearch,
            },
            role: match host.role {
                HostRole::Writer => HostRoleView::Writer,
                HostRole::Reader => HostRoleView::Reader,
                HostRole::Custom => HostRoleView::Custom,
                HostRole::Configuration => HostRoleView::Configuration,
                HostRole::Instance => HostRoleView::Instance,
                HostRole::Endpoint => HostRoleView::Endpoint,
            },
            engine: host.engine.clone(),
            status: host.status.clone(),
            is_available: host.is_available(),
        }
    }
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
