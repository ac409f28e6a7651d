//! What there is in an account, to be searched as somebody types.
//!
//! A [`Directory`] loads pages in tasks of its own and keeps what is complete for a while. A
//! [`Search`] shows what is there so far: searching it is one pass over a list in memory, waits
//! for nothing and nobody, so that each letter that is typed is answered at once. Dropping the
//! last search of a list that is being loaded ends the calls.

mod hosts;
mod lister;
mod listing;
mod query;
mod targets;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::access::Account;
use crate::{Access, Host, Target};

use lister::Lister;
pub use listing::{Entry, Listing, Matches, Part, Shortfall};
pub use query::Query;

/// How long a complete list is good: bastions come and go more seldom, and a person who waits for
/// one to come up refreshes.
const KEEP: Duration = Duration::from_secs(5 * 60);

/// Lists that are kept: more accounts and regions than somebody looks at within five minutes.
const SHELVES: usize = 16;

/// Lists of what there is, for each account and region. A clone shares them.
#[derive(Debug, Clone)]
pub struct Directory {
    targets: Shelves<Target>,
    hosts: Shelves<Host>,
}

/// A list that is being loaded, or was, and can be searched.
#[derive(Debug, Clone)]
pub struct Search<T> {
    listing: watch::Receiver<Arc<Listing<T>>>,
    /// Ends the calls when the last search is dropped.
    _loading: Option<Arc<Loading<T>>>,
}

impl Directory {
    /// Makes one that knows nothing yet. Complete lists are good for 5 min.
    pub fn new() -> Self {
        Self {
            targets: Shelves::default(),
            hosts: Shelves::default(),
        }
    }

    /// The managed nodes, instances and containers that `access` can see. Starts to load them
    /// unless they are there or on their way.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn targets(&self, access: &Access) -> Search<Target> {
        let lister = || Lister::new(access.clone());
        self.targets
            .search(access.account(), |publish| targets::load(lister(), publish))
    }

    /// The databases, caches and domains that `access` can see; the same way.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn hosts(&self, access: &Access) -> Search<Host> {
        let lister = || Lister::new(access.clone());
        self.hosts
            .search(access.account(), |publish| hosts::load(lister(), publish))
    }

    /// Forgets what is known of what `access` can see: the next search loads it anew.
    pub fn refresh(&self, access: &Access) {
        self.targets.forget(access.account());
        self.hosts.forget(access.account());
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Search<T> {
    /// What is there so far.
    pub fn listing(&self) -> Arc<Listing<T>> {
        Arc::clone(&self.listing.borrow())
    }

    /// The best matches for what was typed, at most `most`, among what is there so far.
    pub fn search(&self, typed: &str, most: usize) -> Matches<T> {
        self.listing().search(&Query::new(typed), most)
    }

    /// Waits until there is more than at the last look; `false` when nothing more will come.
    pub async fn changed(&mut self) -> bool {
        self.listing.changed().await.is_ok()
    }

    /// Waits until all of it is there.
    pub async fn complete(&mut self) -> Arc<Listing<T>> {
        // An error means that whoever loaded it is gone: what is there is all that there is.
        let _ = self.listing.wait_for(|listing| listing.is_complete()).await;
        self.listing()
    }
}

/// Lists of one kind.
#[derive(Debug)]
struct Shelves<T> {
    shelves: Arc<Mutex<HashMap<Account, Shelf<T>>>>,
}

#[derive(Debug)]
enum Shelf<T> {
    /// As long as somebody searches it.
    Loading(Weak<Loading<T>>),
    Complete(Arc<Listing<T>>, Instant),
}

#[derive(Debug)]
struct Loading<T> {
    listing: watch::Receiver<Arc<Listing<T>>>,
    task: JoinHandle<()>,
}

impl<T> Drop for Loading<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T: Send + Sync + 'static> Shelves<T> {
    fn search<F>(
        &self,
        account: &Account,
        load: impl FnOnce(watch::Sender<Arc<Listing<T>>>) -> F,
    ) -> Search<T>
    where
        F: Future<Output = Arc<Listing<T>>> + Send + 'static,
    {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        match shelves.get(account) {
            Some(Shelf::Complete(listing, at)) if at.elapsed() < KEEP => {
                return Search {
                    listing: watch::channel(Arc::clone(listing)).1,
                    _loading: None,
                };
            }
            Some(Shelf::Loading(loading)) => {
                if let Some(loading) = loading.upgrade() {
                    return Search {
                        listing: loading.listing.clone(),
                        _loading: Some(loading),
                    };
                }
            }
            Some(Shelf::Complete(..)) | None => {}
        }
        let (publish, listing) = watch::channel(Arc::default());
        let loads = load(publish);
        let loading = Arc::new_cyclic(|this: &Weak<Loading<T>>| {
            let (this, shelves) = (this.clone(), Arc::downgrade(&self.shelves));
            let account = account.clone();
            let task = async move {
                let listing = loads.await;
                if let Some(shelves) = shelves.upgrade() {
                    put_away(&shelves, account, &this, listing);
                }
            };
            Loading {
                listing: listing.clone(),
                task: tokio::spawn(task.in_current_span()),
            }
        });
        shelves.insert(account.clone(), Shelf::Loading(Arc::downgrade(&loading)));
        Search {
            listing,
            _loading: Some(loading),
        }
    }

    fn forget(&self, account: &Account) {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.remove(account);
    }
}

/// Keeps a list that is complete, unless it was forgotten or another has been begun meanwhile.
/// One that lacks something is not kept: whoever asks again may have more luck.
fn put_away<T>(
    shelves: &Mutex<HashMap<Account, Shelf<T>>>,
    account: Account,
    loading: &Weak<Loading<T>>,
    listing: Arc<Listing<T>>,
) {
    let mut shelves = shelves.lock().unwrap_or_else(PoisonError::into_inner);
    let is_ours = matches!(
        shelves.get(&account),
        Some(Shelf::Loading(ours)) if ours.ptr_eq(loading)
    );
    if !is_ours {
        return;
    }
    if !listing.shortfalls().is_empty() {
        shelves.remove(&account);
        return;
    }
    shelves.insert(account, Shelf::Complete(listing, Instant::now()));
    shelves.retain(|_, shelf| match shelf {
        Shelf::Loading(loading) => loading.strong_count() > 0,
        Shelf::Complete(_, at) => at.elapsed() < KEEP,
    });
    while shelves.len() > SHELVES {
        let oldest = shelves
            .iter()
            .filter_map(|(account, shelf)| match shelf {
                Shelf::Complete(_, at) => Some((*at, account.clone())),
                Shelf::Loading(_) => None,
            })
            .min_by_key(|(at, _)| *at);
        let Some((_, oldest)) = oldest else { return };
        shelves.remove(&oldest);
    }
}

impl<T> Clone for Shelves<T> {
    fn clone(&self) -> Self {
        Self {
            shelves: Arc::clone(&self.shelves),
        }
    }
}

impl<T> Default for Shelves<T> {
    fn default() -> Self {
        Self {
            shelves: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests;
