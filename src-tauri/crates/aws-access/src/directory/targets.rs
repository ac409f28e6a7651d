//! The list of targets: managed nodes, instances and containers, put together as pages come.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::lister::{Lister, Then, Told, all, pages};
use super::listing::{Findable, Listing, Part, Shortfall};
use super::query::Searched;
use crate::reading::{Container, Containers, Instance, Instances, Node, Reading, WaitingTask};
use crate::targets::{Ping, Target, TargetKind};

/// Pages that may wait to be put in.
const PAGES: usize = 4;

/// What a page brings.
#[derive(Debug)]
enum Fact {
    Node(Node),
    Instance(Instance),
    Container(Container),
    Waiting(WaitingTask),
}

/// Loads everything, tells what is there after each page, and returns all of it.
pub(super) async fn load(
    lister: Lister,
    publish: watch::Sender<Arc<Listing<Target>>>,
) -> Arc<Listing<Target>> {
    let (to, mut from) = mpsc::channel(PAGES);
    let mut parts = JoinSet::new();
    parts.spawn(nodes(lister.clone(), to.clone()));
    parts.spawn(instances(lister.clone(), to.clone()));
    parts.spawn(containers(lister, to));
    let mut assembly = Assembly::new();
    publish.send_replace(Arc::new(assembly.listing.clone()));
    while let Some(told) = from.recv().await {
        assembly.take(told);
        publish.send_replace(Arc::new(assembly.listing.clone()));
    }
    assembly.listing.is_over();
    let listing = Arc::new(assembly.listing);
    publish.send_replace(Arc::clone(&listing));
    listing
}

async fn nodes(lister: Lister, to: mpsc::Sender<Told<Fact>>) {
    pages(Part::Nodes, &to, |token| {
        let lister = &lister;
        async move {
            let (nodes, next) = lister.nodes(&[], token).await?;
            Ok((nodes.into_iter().map(Fact::Node).collect(), next))
        }
    })
    .await;
    let _ = to.send(Told::Done(Part::Nodes)).await;
}

async fn instances(lister: Lister, to: mpsc::Sender<Told<Fact>>) {
    let reader = &lister.reader();
    pages(Part::Instances, &to, |token| {
        let lister = &lister;
        async move {
            let token = token.as_deref();
            let (instances, next) = lister
                .call(Reading::Instances, |credentials| async move {
                    reader.instances(&Instances::All, token, &credentials).await
                })
                .await?;
            Ok((instances.into_iter().map(Fact::Instance).collect(), next))
        }
    })
    .await;
    let _ = to.send(Told::Done(Part::Instances)).await;
}

/// Cluster after cluster: two calls for a hundred tasks.
async fn containers(lister: Lister, to: mpsc::Sender<Told<Fact>>) {
    let reader = &lister.reader();
    let clusters: Vec<String> = all(Part::Containers, &to, |token| {
        let lister = &lister;
        async move {
            let token = token.as_deref();
            lister
                .call(Reading::Clusters, |credentials| async move {
                    reader.clusters(token, &credentials).await
                })
                .await
        }
    })
    .await;
    for cluster in &clusters {
        let then = pages(Part::Containers, &to, |token| {
            let lister = &lister;
            async move {
                let token = token.as_deref();
                let (tasks, next) = lister
                    .call(Reading::Tasks, |credentials| async move {
                        reader.tasks(cluster, token, &credentials).await
                    })
                    .await?;
                if tasks.is_empty() {
                    return Ok((Vec::new(), next));
                }
                let tasks = &tasks;
                let Containers { started, waiting } = lister
                    .call(Reading::TaskDetails, |credentials| async move {
                        reader.containers(cluster, tasks, &credentials).await
                    })
                    .await?;
                let started = started.into_iter().map(Fact::Container);
                let waiting = waiting.into_iter().map(Fact::Waiting);
                Ok((started.chain(waiting).collect(), next))
            }
        })
        .await;
        if then == Then::Stop {
            break;
        }
    }
    let _ = to.send(Told::Done(Part::Containers)).await;
}

/// What has come, and the list that is made of it.
struct Assembly {
    listing: Listing<Target>,
    nodes: HashMap<String, Node>,
    instances: HashMap<String, Instance>,
    places: HashMap<String, usize>,
    /// What an instance counts as of which Systems Manager has said nothing.
    unheard_of: Ping,
}

impl Assembly {
    fn new() -> Self {
        Self {
            listing: Listing::awaiting(&[Part::Nodes, Part::Instances, Part::Containers]),
            nodes: HashMap::new(),
            instances: HashMap::new(),
            places: HashMap::new(),
            unheard_of: Ping::Unknown,
        }
    }

    fn take(&mut self, told: Told<Fact>) {
        match told {
            Told::Page(part, facts) => {
                let mut is_full = false;
                for fact in facts {
                    is_full |= !self.put(fact);
                }
                let is_told = || {
                    let mut lacks = self.listing.shortfalls().iter();
                    lacks.any(|shortfall| shortfall.part() == part)
                };
                if is_full && !is_told() {
                    self.listing.lacks(Shortfall::Cut { part });
                }
            }
            Told::Lacks(shortfall) => self.listing.lacks(shortfall),
            Told::Done(part) => {
                self.listing.is_done(part);
                if part == Part::Nodes {
                    self.nodes_are_done();
                }
            }
        }
    }

    /// Puts one fact in; `false` if there is no room for it.
    fn put(&mut self, fact: Fact) -> bool {
        match fact {
            Fact::Container(container) => self.listing.add(container.into()).is_some(),
            Fact::Waiting(task) => self.listing.leave_out(task),
            Fact::Node(node) => {
                let id = node.id.clone();
                self.nodes.insert(id.clone(), node);
                self.put_node(&id)
            }
            Fact::Instance(instance) => {
                let id = instance.id.clone();
                self.instances.insert(id.clone(), instance);
                self.put_node(&id)
            }
        }
    }

    fn put_node(&mut self, id: &str) -> bool {
        let (node, instance) = (self.nodes.get(id), self.instances.get(id));
        let target = Target::of_node(id, node, instance, self.unheard_of);
        match self.places.get(id) {
            Some(at) => {
                self.listing.replace(*at, target);
                true
            }
            None => match self.listing.add(target) {
                Some(at) => {
                    self.places.insert(id.to_owned(), at);
                    true
                }
                None => {
                    self.nodes.remove(id);
                    self.instances.remove(id);
                    false
                }
            },
        }
    }

    /// All managed nodes are known: an instance that is not among them is none, if nothing is
    /// missing.
    fn nodes_are_done(&mut self) {
        let mut shortfalls = self.listing.shortfalls().iter();
        if shortfalls.any(|shortfall| shortfall.part() == Part::Nodes) {
            return;
        }
        self.unheard_of = Ping::NotRegistered;
        let others: Vec<_> = self
            .instances
            .keys()
            .filter(|id| !self.nodes.contains_key(*id))
            .cloned()
            .collect();
        for id in others {
            self.put_node(&id);
        }
    }
}

impl Findable for Target {
    fn searched(&self) -> Searched {
        // The last of the names is what a list is sorted by.
        let mut names = vec![self.id.clone()];
        let mut facts = vec![self.kind.label().to_owned()];
        match &self.kind {
            TargetKind::Ec2 { state } => facts.extend(state.clone()),
            TargetKind::Managed => {}
            TargetKind::Ecs {
                cluster,
                task,
                group,
                execute_command: _,
            } => {
                names.extend([cluster.clone(), task.clone()]);
                names.extend(group.clone());
            }
        }
        names.extend(self.name.clone());
        facts.extend(self.address.clone());
        facts.extend(self.platform.clone());
        facts.extend(self.agent_version.clone());
        Searched {
            names,
            facts,
            tags: self.tags.clone(),
        }
    }

    fn standing(&self) -> u32 {
        match self.ping {
            Ping::Online => 0,
            Ping::Unknown => 1,
            Ping::ConnectionLost => 2,
            Ping::Inactive => 3,
            Ping::NotRegistered => 4,
        }
    }
}
