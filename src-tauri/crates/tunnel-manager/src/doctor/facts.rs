//! What the checks of one account share: who asks, and what was found out already.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::SystemTime;

use aws_access::{
    Access, Caller, ContainerId, ContainerState, ManagedNode, NodePick, NodePing, NodeQuery,
    ProfileList, SessionPreferences, Source, utc,
};
use diagnostics::judge::{self, AgentWants, Container, Node, Ping, Port, PortTaken};
use diagnostics::{Business, Fault, Judgement};
use tokio::sync::OnceCell;
use tunnel::{
    AccessSettings, BindAddress, CallBudget, Destination, Listen, ListenError, TunnelConfig,
    can_listen, probe::Probe,
};
use tunnel_proto::{Candidate, TargetRule, TargetSpec};
use url::Url;

use super::words::{access_fault, fault};

/// What those programs are called that listen for tunnels.
const CULVERT: [&str; 3] = ["culvert", "culvert-desktop", "session-manager-plugin"];

/// What the checks of one account share.
pub(super) struct Facts {
    settings: AccessSettings,
    calls: CallBudget,
    access: OnceCell<Access>,
    caller: OnceLock<Caller>,
    pub(super) answer: OnceCell<Result<judge::Answer, Fault>>,
    pub(super) preferences: OnceLock<Option<SessionPreferences>>,
}

impl Facts {
    pub(super) fn new(settings: AccessSettings, calls: CallBudget) -> Self {
        Self {
            settings,
            calls,
            access: OnceCell::new(),
            caller: OnceLock::new(),
            answer: OnceCell::new(),
            preferences: OnceLock::new(),
        }
    }

    /// Reads the settings, and says in words where they lead.
    pub(super) async fn load(&self) -> Result<String, Fault> {
        let access = self.access().await?;
        let settings = &self.settings;
        let fixed = &settings.static_credentials;
        let who = match (fixed, &settings.keys, &settings.profile) {
            (Some(_), _, _) => "Keys of one's own".to_owned(),
            (None, Some(keys), _) => format!("Keys {keys} of the keyring"),
            (None, None, Some(profile)) => format!("Profile {profile}"),
            (None, None, None) => "The default credentials".to_owned(),
        };
        let mut words = format!("{who}, region {}.", access.region());
        if let Some(ssm) = access.endpoints().overridden(aws_access::Service::Ssm) {
            words.push_str(&format!(" Calls go to {ssm}, not to AWS's own address."));
        }
        let bundle = access.trust().bundle_roots();
        if bundle > 0 {
            words.push_str(&format!(
                " {bundle} of the trusted roots come from a CA bundle."
            ));
        }
        Ok(words)
    }

    /// Who asks.
    pub(super) async fn access(&self) -> Result<&Access, Fault> {
        let load = || async {
            Box::pin(Access::load(self.settings.clone()))
                .await
                .map_err(access_fault)
        };
        self.access.get_or_try_init(load).await
    }

    /// The same when it is this check's turn to call.
    pub(super) async fn caller_of_aws(&self) -> Result<&Access, Fault> {
        let access = self.access().await?;
        self.calls.permit().await;
        Ok(access)
    }

    pub(super) async fn credentials(&self) -> Result<judge::Credentials, Fault> {
        let access = self.access().await?;
        let until = access.credentials_end().await.map_err(access_fault)?;
        Ok(judge::Credentials {
            until: until.map(|until| {
                let left = until.duration_since(SystemTime::now());
                (left.unwrap_or_default(), utc(until))
            }),
        })
    }

    pub(super) async fn identity(&self) -> Result<judge::Identity, Fault> {
        let access = self.caller_of_aws().await?;
        let caller = access.caller().await.map_err(access_fault)?;
        let Caller { account, arn } = self.caller.get_or_init(|| caller).clone();
        Ok(judge::Identity { account, arn })
    }

    /// Whose the credentials are, if that was found out.
    pub(super) fn caller(&self) -> Result<&Caller, Fault> {
        self.caller.get().ok_or_else(|| Fault {
            business: Business::Service,
            code: "identity-unknown".to_owned(),
            what: "Whose the credentials are was not found out.".to_owned(),
            remedy: "See \"Identity\".".to_owned(),
            details: String::new(),
        })
    }

    /// The addresses that a tunnel needs: the service's, the gateway's if it is another, and that
    /// of STS if it is where the credentials come from.
    pub(super) async fn probes(&self) -> Result<Vec<Probe>, Fault> {
        let access = self.access().await?;
        let (ssm, gateway) = endpoints(access)?;
        let mut urls = vec![ssm, gateway];
        if self.asks_sts().await
            && let Some(sts) = access.endpoints().get(aws_access::Service::Sts)
        {
            urls.push(sts.url.url().clone());
        }
        let mut probes = Vec::new();
        let mut seen = HashSet::new();
        for url in urls.iter().filter(|url| seen.insert(*url)) {
            probes.push(Probe::new(access, url).map_err(fault)?);
        }
        Ok(probes)
    }

    /// The way to one service.
    pub(super) async fn probe(&self, service: aws_access::Service) -> Result<Probe, Fault> {
        let access = self.access().await?;
        let place = access.endpoints().get(service).ok_or_else(|| Fault {
            business: Business::Settings,
            code: "invalid-region".to_owned(),
            what: format!("There is no address of {service} in this region."),
            remedy: "Give a region, such as eu-central-1.".to_owned(),
            details: String::new(),
        })?;
        Probe::new(access, place.url.url()).map_err(fault)
    }

    /// Whether no credentials come without STS: the profile is a role.
    async fn asks_sts(&self) -> bool {
        let settings = &self.settings;
        let Some(name) = settings.profile.as_ref() else {
            return false;
        };
        if settings.static_credentials.is_some() || settings.keys.is_some() {
            return false;
        }
        let list = ProfileList::read().await;
        let path = list.get(name).and_then(|profile| profile.path.as_ref());
        path.is_some_and(|path| match path.source {
            Source::WebIdentity { .. } => true,
            Source::Keys { .. }
            | Source::SsoSession { .. }
            | Source::SsoPortal { .. }
            | Source::Console { .. }
            | Source::Process { .. }
            | Source::Environment
            | Source::Instance
            | Source::Container => !path.roles.is_empty(),
        })
    }

    pub(super) async fn ssm(&self) -> Result<Probe, Fault> {
        let access = self.access().await?;
        let (ssm, _) = endpoints(access)?;
        Probe::new(access, &ssm).map_err(fault)
    }

    pub(super) async fn gateway(&self) -> Result<Probe, Fault> {
        let access = self.access().await?;
        let (_, gateway) = endpoints(access)?;
        Probe::new(access, &gateway).map_err(fault)
    }
}

/// Where the service and the gateway are asked. The gateway of a service on this machine is
/// there as well.
fn endpoints(access: &Access) -> Result<(Url, Url), Fault> {
    use aws_access::Service::{Ssm, SsmMessages};
    let endpoints = access.endpoints();
    let of = |service| endpoints.get(service).map(|found| found.url.url().clone());
    let none = || Fault {
        business: Business::Settings,
        code: "invalid-region".to_owned(),
        what: format!("Region {} has no address of its own.", endpoints.region()),
        remedy: "Give a region, such as eu-central-1.".to_owned(),
        details: String::new(),
    };
    let ssm = of(Ssm).ok_or_else(none)?;
    let is_here = endpoints
        .overridden(Ssm)
        .is_some_and(|ssm| ssm.is_loopback());
    let gateway = match endpoints.overridden(SsmMessages) {
        None if is_here => ssm.clone(),
        Some(_) | None => of(SsmMessages).ok_or_else(none)?,
    };
    Ok((ssm, gateway))
}

/// Where a tunnel leads, and what was found out about it.
pub(super) struct Reached {
    facts: std::sync::Arc<Facts>,
    target: TargetSpec,
    id: OnceCell<Result<String, Fault>>,
    node: OnceLock<Option<ManagedNode>>,
}

impl Reached {
    pub(super) fn new(facts: std::sync::Arc<Facts>, tunnel: &TunnelConfig) -> Self {
        Self {
            facts,
            target: tunnel.target.clone(),
            id: OnceCell::new(),
            node: OnceLock::new(),
        }
    }

    /// The node that a session would be started on now: of the candidates the first that is
    /// found, looked for once for all who want to know.
    pub(super) async fn id(&self) -> Result<String, Fault> {
        let looked_for = self.id.get_or_init(|| async {
            let mut last = None;
            for candidate in self.target.candidates() {
                match self.find(candidate).await {
                    Ok(id) => return Ok(id),
                    Err(fault) => last = Some(fault),
                }
            }
            Err(last.unwrap_or_else(|| Fault {
                business: Business::Target,
                code: "target-not-found".to_owned(),
                what: "The tunnel names no target.".to_owned(),
                remedy: "Give one.".to_owned(),
                details: String::new(),
            }))
        });
        looked_for.await.clone()
    }

    async fn find(&self, candidate: &Candidate) -> Result<String, Fault> {
        let (query, rule) = match candidate {
            Candidate::Id(id) => return Ok(id.clone()),
            Candidate::Name(name, rule) => (NodeQuery::Name(name.clone()), rule),
            Candidate::Tag { key, value, rule } => {
                let (key, value) = (key.clone(), value.clone());
                (NodeQuery::Tag { key, value }, rule)
            }
        };
        let pick = match rule {
            TargetRule::FirstOnline => NodePick::First,
            TargetRule::Newest => NodePick::Newest,
        };
        let access = self.facts.access().await?;
        let found = access.find_node(&query, pick, &self.facts.calls).await;
        Ok(found.map_err(access_fault)?.id)
    }

    pub(super) async fn judge_target(&self) -> Judgement {
        let id = match self.id().await {
            Ok(id) => id,
            Err(fault) => return fault.into(),
        };
        if id.starts_with("i-") || id.starts_with("mi-") {
            return judge::target(&id, self.look_up(&id).await);
        }
        let connected = async {
            let access = self.facts.caller_of_aws().await?;
            access.is_connected(&id).await.map_err(access_fault)
        };
        // Why an agent is silent is asked of nobody as long as it is heard.
        let unheard = match connected.await {
            Ok(true) => return judge::connected(&id),
            Ok(false) => None,
            Err(fault) => Some(fault),
        };
        let state = async {
            let Some(container) = ContainerId::parse(&id) else {
                return Ok(Container::NoId);
            };
            let access = self.facts.caller_of_aws().await?;
            let state = access.container_state(&container).await;
            state.map(container_of).map_err(access_fault)
        };
        judge::container(&id, unheard, state.await)
    }

    async fn look_up(&self, id: &str) -> Result<Option<Node>, Fault> {
        let access = self.facts.caller_of_aws().await?;
        let found = access.managed_node(id).await.map_err(access_fault)?;
        let found = self.node.get_or_init(|| found);
        Ok(found.clone().map(|node| Node {
            id: node.id,
            name: node.name,
            platform: node.platform,
            ping: match node.ping {
                NodePing::Online => Ping::Online,
                NodePing::ConnectionLost => Ping::ConnectionLost,
                NodePing::Inactive => Ping::Inactive,
                NodePing::Other(word) => Ping::Other(word),
            },
            silent_for: node
                .heard_of
                .and_then(|at| SystemTime::now().duration_since(at).ok()),
            agent: node.agent_version,
        }))
    }

    /// The agent's version, if it was found out with the target.
    pub(super) async fn agent_version(&self) -> Option<String> {
        let node = self.node.get()?.as_ref()?;
        node.agent_version.clone()
    }
}

fn container_of(state: ContainerState) -> Container {
    match state {
        ContainerState::NoCluster => Container::NoCluster,
        ContainerState::NoTask => Container::NoTask,
        ContainerState::Starting { status } => Container::Starting { status },
        ContainerState::Stopped { status, reason } => Container::Stopped { status, reason },
        ContainerState::ExecuteCommandOff => Container::ExecuteCommandOff,
        ContainerState::NoContainer { others } => Container::NoContainer { others },
        ContainerState::ContainerDown { name, status } => Container::Down { name, status },
        ContainerState::AgentDown {
            name,
            status,
            reason,
        } => Container::AgentDown {
            name,
            status,
            reason,
        },
        ContainerState::Ready { name } => Container::Ready { name },
    }
}

pub(super) fn agent_wants(tunnel: &TunnelConfig) -> AgentWants {
    let (remote_host, single_stream) = match &tunnel.destination {
        Destination::Port(_) => (false, false),
        Destination::RemoteHost { .. } => (true, false),
        Destination::Stream { .. } => (false, true),
        Destination::Document { parameters, .. } => (parameters.contains_key("host"), false),
    };
    AgentWants {
        remote_host,
        single_stream,
    }
}

/// Tries whether a tunnel could listen.
pub(super) async fn port(listen: &Listen) -> Port {
    let place = match &listen.address {
        BindAddress::Localhost => format!("localhost:{}", listen.port),
        BindAddress::Ip(address) => std::net::SocketAddr::from((*address, listen.port)).to_string(),
        BindAddress::Unix(path) => path.display().to_string(),
    };
    let is_any = match &listen.address {
        BindAddress::Localhost | BindAddress::Ip(_) => listen.port == 0,
        BindAddress::Unix(_) => false,
    };
    match can_listen(listen).await {
        Ok(()) if is_any => Port::Any,
        Ok(()) => Port::Free(place),
        Err(ListenError::PortInUse {
            holder: Some(holder),
            ..
        }) if CULVERT.contains(&holder.name.as_str()) => Port::Culvert(PortTaken {
            place,
            pid: holder.pid,
        }),
        Err(error) => Port::Unusable(fault(error.problem())),
    }
}
