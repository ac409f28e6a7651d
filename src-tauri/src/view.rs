//! What the window sees: the types that cross the bridge, from which its TypeScript types are
//! generated. They are a contract of their own, so that the engine's types may change without
//! the pages.
//!
//! Counts and times are `u64` here and `number` there, which is exact up to 2^53: nine petabytes,
//! or the year 287396.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::{
    BindAddress, Closes, Draft, Field, Invalid, ManagerError, Overview, ProductionDraft, ProfileId,
    Recent, Refiling, TunnelStatus, WrittenAddress,
};
use tunnel_proto::{Close, Problem, ProblemKind, RenewedBy, State, Then, Until};

/// Everything at one moment.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OverviewView {
    /// In the order in which they are shown.
    tunnels: Vec<TunnelView>,
    /// Why the saved tunnels could not be read.
    store: Option<ProblemView>,
}

/// One tunnel at one moment.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TunnelView {
    /// Names it in commands.
    id: String,
    /// Its saved settings.
    draft: DraftView,
    /// It listens at this host or path when it runs, as a person would write it.
    listen: String,
    /// What it does.
    state: StateView,
    /// Where it listens now.
    addresses: Vec<String>,
    /// Connections that it carries now.
    connections: u32,
    /// Connections that wait until it is up.
    waiting: u32,
    /// Sessions that can carry connections.
    sessions: u32,
    /// Payload bytes sent since it was started.
    bytes_up: u64,
    /// Payload bytes received since it was started.
    bytes_down: u64,
    /// How often it was resumed since it was started.
    reconnects: u32,
    /// How often a session had to be replaced since it was started.
    replacements: u32,
    /// How its last WebSocket ended.
    last_close: Option<CloseView>,
    /// Until when its credentials can resume it, Unix milliseconds; none when they have no end
    /// or none is known.
    credentials_until: Option<u64>,
    /// Version of the agent.
    agent_version: Option<String>,
    /// Round-trip time in milliseconds.
    round_trip_ms: Option<u32>,
    /// The account's text for those who connect.
    customer_message: Option<String>,
    /// Something to know that is no failure.
    notice: Option<ProblemView>,
    /// It runs with other settings than the saved ones.
    outdated: bool,
    /// It is the demo tunnel.
    demo: bool,
    /// Its port is in use; this one is free.
    free_port: Option<u16>,
    /// When it closes by itself, as tunnels to production do.
    closes: Option<ClosesView>,
    /// WebSockets that it lost in the last 24 hours; none where that is not known.
    drops_day: Option<u32>,
    /// When it was used last, Unix milliseconds; none of one that was not in seven days.
    last_used: Option<u64>,
}

/// When a tunnel closes by itself.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClosesView {
    /// Unix milliseconds.
    at: u64,
    /// So soon that it is said, and can be put off.
    is_soon: bool,
}

/// What a tunnel does. Times are Unix milliseconds.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum StateView {
    /// Not started, or stopped.
    Off,
    /// Starts at the first connection.
    Listening,
    /// Its first session is being started.
    Connecting { since: u64 },
    /// It carries connections.
    Up { since: u64 },
    /// It lives, but something is wrong. The connections that are held go on slowly, or not at all.
    Degraded {
        since: u64,
        problem: ProblemView,
        /// Sessions that serve new connections as if nothing were wrong.
        others: u32,
        held: u32,
        until: Option<UntilView>,
    },
    /// It is being resumed or replaced.
    Reconnecting {
        since: u64,
        attempt: u32,
        next_attempt: Option<u64>,
        problem: ProblemView,
        held: u32,
        until: Option<UntilView>,
    },
    /// Only the user can renew the credentials.
    NeedsSignIn {
        since: u64,
        next_attempt: Option<u64>,
        renewed_by: RenewedByView,
        problem: ProblemView,
        held: u32,
    },
    /// Its sessions are being ended.
    Stopping,
    /// Given up.
    Failed { since: u64, problem: ProblemView },
}

/// What gives a tunnel credentials again.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum RenewedByView {
    /// A sign-in, which the tunnel looks for by itself.
    SignIn,
    /// Nothing while this program runs.
    Restart,
}

/// When a state ends if nothing else ends it before.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UntilView {
    /// Unix milliseconds.
    at: u64,
    /// What happens then.
    then: ThenView,
}

/// What happens when a state has lasted as long as it may.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ThenView {
    /// The session gets another WebSocket; nothing is lost.
    Resumed,
    /// The session's connections are reset, and another takes its place.
    Replaced,
    /// What was lost on the way has come again: an estimate.
    CaughtUp,
    /// The tunnel gives up.
    GivenUp,
    /// The tunnel listens, and the next connection starts another session.
    Listening,
}

/// Something that went wrong: what, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProblemView {
    /// Whose business it is.
    kind: ProblemKindView,
    /// Stable name.
    code: String,
    /// One sentence.
    what: String,
    /// One sentence, or empty.
    remedy: String,
    /// Raw text, or empty.
    details: String,
    /// What the sentences name, each value under its name: for other languages.
    facts: BTreeMap<&'static str, String>,
}

/// What has to change before it can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ProblemKindView {
    /// The tunnel's settings.
    Settings,
    /// The local port or address.
    Listen,
    /// Credentials.
    Credentials,
    /// What the account allows.
    Permission,
    /// The target or what is behind it.
    Target,
    /// The way to AWS.
    Network,
    /// AWS itself.
    Service,
    /// The far end's manners.
    Protocol,
}

/// How a WebSocket ended.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloseView {
    /// Unix milliseconds.
    at: u64,
    /// Close code of RFC 6455; none when the connection just broke.
    code: Option<u16>,
    /// What the service said, or how it broke.
    reason: String,
}

/// A tunnel's settings as the form has them. Those from `sessions` on are texts as they are
/// typed; one that is null is as usual.
#[derive(Clone, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DraftView {
    name: String,
    group: Option<String>,
    tags: Vec<String>,
    favourite: bool,
    target: String,
    remote_host: Option<String>,
    remote_port: u32,
    bind: String,
    local_port: u32,
    profile: Option<String>,
    keys: Option<String>,
    region: Option<String>,
    endpoint_url: Option<String>,
    endpoints: Option<String>,
    reason: Option<String>,
    sessions: Option<String>,
    keepalive: Option<String>,
    renew_after: Option<String>,
    lazy: Option<String>,
    wait: Option<String>,
    retry_for: Option<String>,
    keep_session_alive: Option<String>,
    production: Option<ProductionView>,
}

/// What a tunnel to production asks, and when it closes by itself, as they are typed; null is as
/// usual.
#[derive(Debug, Clone, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProductionView {
    /// `ask`, as usual, or `none`.
    reason: Option<String>,
    /// Such as `8h`, as usual, or `off`.
    closes_after: Option<String>,
}

/// How tunnels are filed anew.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(tag = "what", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum RefilingView {
    /// Under this group, or under none.
    Group { group: Option<String> },
    /// With this tag as well.
    Tag { tag: String },
    /// Without this tag.
    Untag { tag: String },
    /// As favourites, or not.
    Favourite { favourite: bool },
}

/// Characters of an id that is none: more than one has.
const ID_SHOWN: usize = 40;

/// Why a command was not done.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefusalView {
    /// What to tell.
    problem: Box<ProblemView>,
    /// Fields of the form that have to change.
    fields: Vec<InvalidView>,
}

/// A field of the form that has to change.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvalidView {
    /// Which.
    field: FieldView,
    /// Stable name of the rule that it breaks.
    rule: &'static str,
    /// One sentence: what it must be.
    message: String,
}

/// A field of the form, named as in the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FieldView {
    Name,
    Group,
    Tags,
    Target,
    RemoteHost,
    RemotePort,
    Bind,
    LocalPort,
    Profile,
    Keys,
    Region,
    EndpointUrl,
    Endpoints,
    Reason,
    Sessions,
    Keepalive,
    RenewAfter,
    Lazy,
    Wait,
    RetryFor,
    KeepSessionAlive,
    ProductionReason,
    ClosesAfter,
}

impl OverviewView {
    /// `recents` is what became of the tunnels, if that is known.
    pub(crate) fn new(overview: &Overview, recents: Option<&HashMap<ProfileId, Recent>>) -> Self {
        let recent = |status: &TunnelStatus| {
            recents.map(|all| all.get(&status.profile.id).copied().unwrap_or_default())
        };
        let tunnels = overview.tunnels.iter();
        Self {
            tunnels: tunnels
                .map(|status| TunnelView::new(status, recent(status)))
                .collect(),
            store: overview.store.as_ref().map(ProblemView::from),
        }
    }
}

impl TunnelView {
    fn new(status: &TunnelStatus, recent: Option<Recent>) -> Self {
        let TunnelStatus {
            profile,
            snapshot,
            outdated,
            demo,
            free_port,
            closes,
        } = status;
        Self {
            id: profile.id.to_string(),
            draft: DraftView::from(Draft::from(&**profile)),
            listen: listen(&profile.listen.address, profile.listen.port),
            state: StateView::from(&snapshot.state),
            addresses: snapshot.addresses.clone(),
            connections: snapshot.connections,
            waiting: snapshot.waiting,
            sessions: snapshot.sessions,
            bytes_up: snapshot.bytes_up,
            bytes_down: snapshot.bytes_down,
            reconnects: snapshot.reconnects,
            replacements: snapshot.replacements,
            last_close: snapshot.last_close.as_ref().map(CloseView::from),
            credentials_until: snapshot.credentials_until,
            agent_version: snapshot.agent_version.clone(),
            round_trip_ms: snapshot.round_trip_ms,
            customer_message: snapshot.customer_message.clone(),
            notice: snapshot.notice.as_ref().map(ProblemView::from),
            outdated: *outdated,
            demo: *demo,
            free_port: *free_port,
            closes: closes.map(|Closes { at, is_soon }| ClosesView { at, is_soon }),
            drops_day: recent.map(|recent| recent.drops_day),
            last_used: recent.and_then(|recent| recent.last_used),
        }
    }
}

impl From<&State> for StateView {
    fn from(state: &State) -> Self {
        match state {
            State::Off => Self::Off,
            State::Listening => Self::Listening,
            State::Connecting { since } => Self::Connecting { since: *since },
            State::Up { since } => Self::Up { since: *since },
            State::Degraded {
                since,
                problem,
                session_id: _,
                others,
                outlook,
            } => Self::Degraded {
                since: *since,
                problem: problem.into(),
                others: *others,
                held: outlook.held,
                until: outlook.until.map(UntilView::from),
            },
            State::Reconnecting {
                since,
                attempt,
                next_attempt,
                problem,
                outlook,
            } => Self::Reconnecting {
                since: *since,
                attempt: *attempt,
                next_attempt: *next_attempt,
                problem: problem.into(),
                held: outlook.held,
                until: outlook.until.map(UntilView::from),
            },
            State::NeedsSignIn {
                since,
                next_attempt,
                renewed_by,
                problem,
                outlook,
            } => Self::NeedsSignIn {
                since: *since,
                next_attempt: *next_attempt,
                renewed_by: match renewed_by {
                    RenewedBy::SignIn => RenewedByView::SignIn,
                    RenewedBy::Restart => RenewedByView::Restart,
                },
                problem: problem.into(),
                held: outlook.held,
            },
            State::Stopping => Self::Stopping,
            State::Failed { since, problem } => Self::Failed {
                since: *since,
                problem: problem.into(),
            },
        }
    }
}

impl From<Until> for UntilView {
    fn from(Until { at, then }: Until) -> Self {
        let then = match then {
            Then::Resumed => ThenView::Resumed,
            Then::Replaced => ThenView::Replaced,
            Then::CaughtUp => ThenView::CaughtUp,
            Then::GivenUp => ThenView::GivenUp,
            Then::Listening => ThenView::Listening,
        };
        Self { at, then }
    }
}

impl From<&Problem> for ProblemView {
    fn from(problem: &Problem) -> Self {
        let kind = match problem.kind {
            ProblemKind::Settings => ProblemKindView::Settings,
            ProblemKind::Listen => ProblemKindView::Listen,
            ProblemKind::Credentials => ProblemKindView::Credentials,
            ProblemKind::Permission => ProblemKindView::Permission,
            ProblemKind::Target => ProblemKindView::Target,
            ProblemKind::Network => ProblemKindView::Network,
            ProblemKind::Service => ProblemKindView::Service,
            ProblemKind::Protocol => ProblemKindView::Protocol,
        };
        Self {
            kind,
            code: problem.code.clone(),
            what: problem.what.clone(),
            remedy: problem.remedy.clone(),
            details: problem.details.clone(),
            facts: problem.facts.all(),
        }
    }
}

impl From<&Close> for CloseView {
    fn from(close: &Close) -> Self {
        Self {
            at: close.at,
            code: close.code,
            reason: close.reason.clone(),
        }
    }
}

impl From<Draft> for DraftView {
    fn from(draft: Draft) -> Self {
        Self {
            name: draft.name,
            group: draft.group,
            tags: draft.tags,
            favourite: draft.favourite,
            target: draft.target,
            remote_host: draft.remote_host,
            remote_port: draft.remote_port,
            bind: draft.bind,
            local_port: draft.local_port,
            profile: draft.profile,
            keys: draft.keys,
            region: draft.region,
            endpoint_url: draft.endpoint_url.map(WrittenAddress::into_text),
            endpoints: draft.endpoints.map(WrittenAddress::into_text),
            reason: draft.reason,
            sessions: draft.sessions,
            keepalive: draft.keepalive,
            renew_after: draft.renew_after,
            lazy: draft.lazy,
            wait: draft.wait,
            retry_for: draft.retry_for,
            keep_session_alive: draft.keep_session_alive,
            production: draft.production.map(|mark| ProductionView {
                reason: mark.reason,
                closes_after: mark.closes_after,
            }),
        }
    }
}

/// As the draft shows itself: without passwords in addresses.
impl fmt::Debug for DraftView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Draft::from(self.clone()), f)
    }
}

impl From<DraftView> for Draft {
    fn from(draft: DraftView) -> Self {
        Self {
            name: draft.name,
            group: draft.group,
            tags: draft.tags,
            favourite: draft.favourite,
            target: draft.target,
            remote_host: draft.remote_host,
            remote_port: draft.remote_port,
            bind: draft.bind,
            local_port: draft.local_port,
            profile: draft.profile,
            keys: draft.keys,
            region: draft.region,
            endpoint_url: draft.endpoint_url.map(WrittenAddress::from),
            endpoints: draft.endpoints.map(WrittenAddress::from),
            reason: draft.reason,
            sessions: draft.sessions,
            keepalive: draft.keepalive,
            renew_after: draft.renew_after,
            lazy: draft.lazy,
            wait: draft.wait,
            retry_for: draft.retry_for,
            keep_session_alive: draft.keep_session_alive,
            production: draft.production.map(|mark| ProductionDraft {
                reason: mark.reason,
                closes_after: mark.closes_after,
            }),
        }
    }
}

impl From<RefilingView> for Refiling {
    fn from(to: RefilingView) -> Self {
        match to {
            RefilingView::Group { group } => Self::Group(group),
            RefilingView::Tag { tag } => Self::Tag(tag),
            RefilingView::Untag { tag } => Self::Untag(tag),
            RefilingView::Favourite { favourite } => Self::Favourite(favourite),
        }
    }
}

impl RefusalView {
    pub(crate) fn new(error: &ManagerError) -> Self {
        let fields = if let ManagerError::Invalid(wrong) = error {
            wrong.iter().map(InvalidView::from).collect()
        } else {
            Vec::new()
        };
        Self {
            problem: Box::new((&error.problem()).into()),
            fields,
        }
    }

    /// A problem that is no field's.
    pub(crate) fn told(problem: &Problem) -> Self {
        Self {
            problem: Box::new(problem.into()),
            fields: Vec::new(),
        }
    }

    /// An id that the shell never gave out.
    pub(crate) fn bad_id(id: &str) -> Self {
        // Whoever asks may have sent anything.
        let plain = id.chars().filter(|each| !each.is_control());
        let id: String = plain.take(ID_SHOWN).collect();
        Self::plain(
            ProblemKind::Settings,
            "unknown-tunnel",
            format!("There is no tunnel {id}."),
        )
    }

    /// The system could not open a browser.
    pub(crate) fn no_browser(url: &str, error: &dyn Display) -> Self {
        let what = "No browser could be opened.".to_owned();
        let mut refusal = Self::plain(ProblemKind::Settings, "no-browser", what);
        refusal.problem.remedy = format!("Open {url} yourself.");
        refusal.problem.details = error.to_string();
        refusal
    }

    /// A file could not be written.
    pub(crate) fn not_saved(error: &dyn Display) -> Self {
        let what = "The file could not be saved.".to_owned();
        let mut refusal = Self::plain(ProblemKind::Settings, "not-saved", what);
        refusal.problem.remedy = "Make room, or let your programs write there.".to_owned();
        refusal.problem.details = error.to_string();
        refusal
    }

    /// Nobody could connect to the tunnel now.
    pub(crate) fn not_listening() -> Self {
        let what = "The tunnel listens at no port now.".to_owned();
        let mut refusal = Self::plain(ProblemKind::Listen, "not-listening", what);
        refusal.problem.remedy = "Connect it first.".to_owned();
        refusal
    }

    /// What something else than the manager says.
    pub(crate) fn of_problem(problem: &Problem) -> Self {
        Self {
            problem: Box::new(problem.into()),
            fields: Vec::new(),
        }
    }

    /// The start at login could not be switched.
    pub(crate) fn no_autostart(error: &dyn Display) -> Self {
        let what = "The start at login could not be changed.";
        let remedy = "Check who may write to the autostart folder, and that the disk has room.";
        let problem = Problem::new(ProblemKind::Settings, "autostart", what, remedy);
        Self::of_problem(&problem.with_details(error.to_string()))
    }

    fn plain(kind: ProblemKind, code: &str, what: String) -> Self {
        Self {
            problem: Box::new((&Problem::new(kind, code, what, "")).into()),
            fields: Vec::new(),
        }
    }
}

impl From<Field> for FieldView {
    fn from(field: Field) -> Self {
        match field {
            Field::Name => FieldView::Name,
            Field::Group => FieldView::Group,
            Field::Tags => FieldView::Tags,
            Field::Target => FieldView::Target,
            Field::RemoteHost => FieldView::RemoteHost,
            Field::RemotePort => FieldView::RemotePort,
            Field::Bind => FieldView::Bind,
            Field::LocalPort => FieldView::LocalPort,
            Field::Profile => FieldView::Profile,
            Field::Keys => FieldView::Keys,
            Field::Region => FieldView::Region,
            Field::EndpointUrl => FieldView::EndpointUrl,
            Field::Endpoints => FieldView::Endpoints,
            Field::Reason => FieldView::Reason,
            Field::Sessions => FieldView::Sessions,
            Field::Keepalive => FieldView::Keepalive,
            Field::RenewAfter => FieldView::RenewAfter,
            Field::Lazy => FieldView::Lazy,
            Field::Wait => FieldView::Wait,
            Field::RetryFor => FieldView::RetryFor,
            Field::KeepSessionAlive => FieldView::KeepSessionAlive,
            Field::ProductionReason => FieldView::ProductionReason,
            Field::ClosesAfter => FieldView::ClosesAfter,
        }
    }
}

impl From<&Invalid> for InvalidView {
    fn from(invalid: &Invalid) -> Self {
        Self {
            field: invalid.field.into(),
            rule: invalid.rule.code(),
            message: invalid.rule.to_string(),
        }
    }
}

/// The address that a person would connect to once the tunnel runs.
fn listen(address: &BindAddress, port: u16) -> String {
    let host = match address {
        BindAddress::Localhost => "127.0.0.1".to_owned(),
        BindAddress::Ip(IpAddr::V4(address)) => address.to_string(),
        BindAddress::Ip(IpAddr::V6(address)) => format!("[{address}]"),
        BindAddress::Unix(path) => return path.display().to_string(),
    };
    match (port, address) {
        (0, BindAddress::Localhost) => "any free port".to_owned(),
        (0, BindAddress::Ip(_) | BindAddress::Unix(_)) => format!("any free port of {host}"),
        (port, _) => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn where_a_tunnel_will_listen_is_said_as_it_is_typed() {
        assert_eq!(listen(&BindAddress::Localhost, 5433), "127.0.0.1:5433");
        assert_eq!(
            listen(&BindAddress::Ip(Ipv6Addr::LOCALHOST.into()), 80),
            "[::1]:80"
        );
        assert_eq!(
            listen(&BindAddress::Unix("/run/db.sock".into()), 0),
            "/run/db.sock"
        );
        assert_eq!(listen(&BindAddress::Localhost, 0), "any free port");
    }

    #[test]
    fn an_id_that_is_none_is_told_in_one_short_line() {
        let refusal = RefusalView::bad_id(&"a\n".repeat(1000));
        assert_eq!(
            refusal.problem.what,
            format!("There is no tunnel {}.", "a".repeat(ID_SHOWN))
        );
    }
}
