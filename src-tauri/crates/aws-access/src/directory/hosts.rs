//! The list of hosts behind a target.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::lister::{Lister, Told, pages};
use super::listing::{Findable, Listing, Part, Shortfall};
use super::query::Searched;
use crate::hosts::{Host, HostRole};
use crate::reading::{DESCRIBED, Reading};

/// Pages that may wait to be put in.
const PAGES: usize = 4;

/// Loads everything, tells what is there after each page, and returns all of it.
pub(super) async fn load(
    lister: Lister,
    publish: watch::Sender<Arc<Listing<Host>>>,
) -> Arc<Listing<Host>> {
    let (to, mut from) = mpsc::channel(PAGES);
    let mut parts = JoinSet::new();
    parts.spawn(databases(lister.clone(), to.clone()));
    parts.spawn(caches(lister.clone(), to.clone()));
    parts.spawn(serverless_caches(lister.clone(), to.clone()));
    parts.spawn(domains(lister, to));
    let mut listing = Listing::awaiting(&[
        Part::Databases,
        Part::Caches,
        Part::ServerlessCaches,
        Part::Domains,
    ]);
    let mut known: HashSet<(String, u16, HostRole)> = HashSet::new();
    publish.send_replace(Arc::new(listing.clone()));
    while let Some(told) = from.recv().await {
        match told {
            Told::Page(part, hosts) => {
                for host in hosts {
                    if !known.insert((host.host.clone(), host.port, host.role)) {
                        continue;
                    }
                    if listing.add(host).is_none() {
                        listing.lacks(Shortfall::Cut { part });
                        break;
                    }
                }
            }
            Told::Lacks(shortfall) => listing.lacks(shortfall),
            Told::Done(part) => listing.is_done(part),
        }
        publish.send_replace(Arc::new(listing.clone()));
    }
    listing.is_over();
    let listing = Arc::new(listing);
    publish.send_replace(Arc::clone(&listing));
    listing
}

async fn databases(lister: Lister, to: mpsc::Sender<Told<Host>>) {
    let (reader, lister) = (&lister.reader(), &lister);
    pages(Part::Databases, &to, |marker| async move {
        let marker = marker.as_deref();
        lister
            .call(Reading::DbClusters, |credentials| async move {
                reader.db_clusters(marker, &credentials).await
            })
            .await
    })
    .await;
    pages(Part::Databases, &to, |marker| async move {
        let marker = marker.as_deref();
        lister
            .call(Reading::DbInstances, |credentials| async move {
                reader.db_instances(marker, &credentials).await
            })
            .await
    })
    .await;
    let _ = to.send(Told::Done(Part::Databases)).await;
}

async fn caches(lister: Lister, to: mpsc::Sender<Told<Host>>) {
    let (reader, lister) = (&lister.reader(), &lister);
    pages(Part::Caches, &to, |marker| async move {
        let marker = marker.as_deref();
        lister
            .call(Reading::ReplicationGroups, |credentials| async move {
                reader.replication_groups(marker, &credentials).await
            })
            .await
    })
    .await;
    pages(Part::Caches, &to, |marker| async move {
        let marker = marker.as_deref();
        lister
            .call(Reading::CacheClusters, |credentials| async move {
                reader.cache_clusters(marker, &credentials).await
            })
            .await
    })
    .await;
    let _ = to.send(Told::Done(Part::Caches)).await;
}

async fn serverless_caches(lister: Lister, to: mpsc::Sender<Told<Host>>) {
    let (reader, lister) = (&lister.reader(), &lister);
    pages(Part::ServerlessCaches, &to, |token| async move {
        let token = token.as_deref();
        lister
            .call(Reading::ServerlessCaches, |credentials| async move {
                reader.serverless_caches(token, &credentials).await
            })
            .await
    })
    .await;
    let _ = to.send(Told::Done(Part::ServerlessCaches)).await;
}

async fn domains(lister: Lister, to: mpsc::Sender<Told<Host>>) {
    let part = Part::Domains;
    let (reader, lister) = (&lister.reader(), &lister);
    let names = lister
        .call(Reading::DomainNames, |credentials| async move {
            reader.domain_names(&credentials).await
        })
        .await;
    match names {
        Ok(names) => {
            for names in names.chunks(DESCRIBED) {
                let hosts = lister
                    .call(Reading::Domains, |credentials| async move {
                        reader.domains(names, &credentials).await
                    })
                    .await;
                let told = match hosts {
                    Ok(hosts) => Told::Page(part, hosts),
                    Err(error) => Told::Lacks(Shortfall::Failed { part, error }),
                };
                let is_failure = matches!(told, Told::Lacks(_));
                if to.send(told).await.is_err() || is_failure {
                    break;
                }
            }
        }
        Err(error) => {
            let _ = to
                .send(Told::Lacks(Shortfall::Failed { part, error }))
                .await;
        }
    }
    let _ = to.send(Told::Done(part)).await;
}

impl Findable for Host {
    fn searched(&self) -> Searched {
        // The last of the names is what a list is sorted by.
        Searched {
            names: vec![self.host.clone(), self.name.clone()],
            facts: [
                Some(self.kind.to_string()),
                Some(self.role.to_string()),
                Some(self.port.to_string()),
                self.engine.clone(),
                self.status.clone(),
            ]
            .into_iter()
            .flatten()
            .collect(),
            tags: Vec::new(),
        }
    }

    fn standing(&self) -> u32 {
        u32::from(!self.is_available())
    }
}
