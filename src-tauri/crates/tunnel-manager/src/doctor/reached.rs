//! Where a tunnel leads, and what was found out about it: for each of its candidates.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use aws_access::{ContainerId, ContainerState, ManagedNode, NodePick, NodePing, NodeQuery};
use diagnostics::judge::{self, AgentWants, Container, Node, OfCandidate, Ping};
use diagnostics::{Business, Fault, Judgement, Said, Verdict};
use futures_util::future::join_all;
use tokio::sync::OnceCell;
use tunnel::TunnelConfig;
use tunnel_proto::{Candidate, TargetRule};

use super::facts::Facts;
use super::words::access_fault;

/// Where a tunnel leads: its candidates, in the order in which they are tried.
pub(super) struct Reached {
    facts: Arc<Facts>,
    candidates: Vec<Aim>,
}

/// What a candidate leads to now.
pub(super) struct Found {
    /// The node that a session would be started on.
    pub(super) id: Result<String, Fault>,
    /// Whether a session can be had there, as far as can be told.
    pub(super) usable: bool,
}

/// One candidate.
struct Aim {
    candidate: Candidate,
    /// The node that a session would be started on now.
    id: OnceCell<Result<String, Fault>>,
    node: OnceLock<Option<ManagedNode>>,
    judged: OnceCell<Judgement>,
}

impl Reached {
    pub(super) fn new(facts: Arc<Facts>, tunnel: &TunnelConfig) -> Self {
        let aim = |candidate: &Candidate| Aim {
            candidate: candidate.clone(),
            id: OnceCell::new(),
            node: OnceLock::new(),
            judged: OnceCell::new(),
        };
        Self {
            facts,
            candidates: tunnel.target.candidates().iter().map(aim).collect(),
        }
    }

    /// The node that a session would be started on now: of the candidates that can be found the
    /// first that is online, or else the first.
    pub(super) async fn id(&self) -> Result<String, Fault> {
        let found = self.found().await;
        let is_found = |found: &&Found| found.id.is_ok();
        let online = found.iter().find(|found| found.id.is_ok() && found.usable);
        let any = online.or_else(|| found.iter().find(is_found));
        let any = any.or_else(|| found.first());
        any.map_or_else(|| Err(no_target()), |found| found.id.clone())
    }

    /// Judges whether the target is online.
    pub(super) async fn judge_target(&self) -> Judgement {
        let judging = self.candidates.iter().map(|aim| aim.judged(&self.facts));
        judge::candidates(&join_all(judging).await)
    }

    /// Judges the agents whose versions were found out with the target.
    pub(super) async fn judge_agent(&self, wants: AgentWants) -> Judgement {
        let are_several = self.candidates.len() > 1;
        let judging = self
            .candidates
            .iter()
            .map(|aim| aim.agent(&self.facts, wants, are_several));
        judge::agents(join_all(judging).await)
    }

    /// Each candidate's node, in their order.
    pub(super) async fn found(&self) -> Vec<Found> {
        let looking = self.candidates.iter().map(|aim| aim.found(&self.facts));
        join_all(looking).await
    }
}

impl Aim {
    async fn found(&self, facts: &Facts) -> Found {
        Found {
            id: self.id(facts).await,
            usable: is_usable(&self.judged(facts).await),
        }
    }

    async fn agent(&self, facts: &Facts, wants: AgentWants, is_named: bool) -> OfCandidate {
        let usable = is_usable(&self.judged(facts).await);
        let node = self.node.get().and_then(Option::as_ref);
        let version = node.and_then(|node| node.agent_version.as_deref());
        let judgement = judge::agent(version, wants);
        let judgement = match node {
            Some(node) if is_named => of_node(&node.id, judgement),
            Some(_) | None => judgement,
        };
        OfCandidate { usable, judgement }
    }

    /// The node, looked for once for all who want to know.
    async fn id(&self, facts: &Facts) -> Result<String, Fault> {
        let found = self.id.get_or_init(|| self.find(facts));
        found.await.clone()
    }

    async fn find(&self, facts: &Facts) -> Result<String, Fault> {
        let (query, rule) = match &self.candidate {
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
        let access = facts.access().await?;
        let found = access.find_node(&query, pick, &facts.calls).await;
        Ok(found.map_err(access_fault)?.id)
    }

    /// Whether it is online, looked at once for all who want to know.
    async fn judged(&self, facts: &Facts) -> Judgement {
        let judged = self.judged.get_or_init(|| self.judge(facts));
        judged.await.clone()
    }

    async fn judge(&self, facts: &Facts) -> Judgement {
        let id = match self.id(facts).await {
            Ok(id) => id,
            Err(fault) => return fault.into(),
        };
        if id.starts_with("i-") || id.starts_with("mi-") {
            return judge::target(&id, self.look_up(facts, &id).await);
        }
        let connected = async {
            let access = facts.caller_of_aws().await?;
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
            let access = facts.caller_of_aws().await?;
            let state = access.container_state(&container).await;
            state.map(container_of).map_err(access_fault)
        };
        judge::container(&id, unheard, state.await)
    }

    async fn look_up(&self, facts: &Facts, id: &str) -> Result<Option<Node>, Fault> {
        let access = facts.caller_of_aws().await?;
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
}

/// The judgement of one of several nodes.
fn of_node(id: &str, judgement: Judgement) -> Judgement {
    let mut said = judgement.said;
    if !said.is_empty() {
        said.insert(0, Said::of("of-node", [("node", &id)]));
    }
    Judgement {
        what: format!("{id}: {}", judgement.what),
        said,
        ..judgement
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

fn no_target() -> Fault {
    Fault {
        business: Business::Target,
        code: "target-not-found".to_owned(),
        what: "The tunnel names no target.".to_owned(),
        remedy: "Give one.".to_owned(),
        details: String::new(),
        facts: Box::new([("unnamed", String::new())].into()),
    }
}

fn is_usable(judgement: &Judgement) -> bool {
    match judgement.verdict {
        Verdict::Failed(_) => false,
        Verdict::Ok | Verdict::Warning | Verdict::Skipped(_) => true,
    }
}
