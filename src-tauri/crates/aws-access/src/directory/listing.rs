//! A list as far as it is loaded, and what fits a query in it.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::query::{Query, Searched};
use crate::AccessError;
use crate::reading::WaitingTask;

/// The most entries that a list takes: several times what the largest accounts have in a region.
pub(super) const ENTRIES_MOST: usize = 50_000;

/// A list as far as it is loaded.
#[derive(Debug)]
pub struct Listing<T> {
    entries: Vec<Arc<Entry<T>>>,
    shortfalls: Vec<Arc<Shortfall>>,
    waiting: Vec<WaitingTask>,
    pending: Vec<Part>,
    complete: bool,
}

/// One of a list.
#[derive(Debug)]
pub struct Entry<T> {
    item: T,
    searched: Searched,
    /// Those that can be used now come first.
    standing: u32,
}

/// Where a part of a list comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Managed nodes of Systems Manager.
    Nodes,
    /// Instances of EC2, with names and tags.
    Instances,
    /// Containers of ECS tasks.
    Containers,
    /// Databases of RDS and Aurora.
    Databases,
    /// Replication groups and clusters of ElastiCache.
    Caches,
    /// Serverless caches of ElastiCache.
    ServerlessCaches,
    /// Domains of OpenSearch Service.
    Domains,
}

/// What a list lacks, and why.
#[derive(Debug)]
pub enum Shortfall {
    /// The call failed: nothing, or nothing more, came from there.
    Failed {
        /// Where it would have come from.
        part: Part,
        /// Why; several parts may have one reason.
        error: Arc<AccessError>,
    },
    /// There is more than a list takes.
    Cut {
        /// Where there is more.
        part: Part,
    },
}

/// What fits a query, the best first.
#[derive(Debug)]
pub struct Matches<T> {
    /// The best of them.
    pub best: Vec<Arc<Entry<T>>>,
    /// How many there are.
    pub found: usize,
    /// How many entries were looked at: each of the list once, whatever was typed.
    pub looked_at: usize,
}

/// What can be searched.
pub(super) trait Findable {
    /// What of it is searched, in whatever letters.
    fn searched(&self) -> Searched;
    /// Those that can be used now have the least.
    fn standing(&self) -> u32;
}

impl<T> Entry<T> {
    pub(super) fn new(item: T) -> Self
    where
        T: Findable,
    {
        let Searched { names, facts, tags } = item.searched();
        let small = |texts: Vec<String>| texts.iter().map(|text| text.to_lowercase()).collect();
        let tags = tags
            .iter()
            .map(|(key, value)| (key.to_lowercase(), value.to_lowercase()));
        Self {
            standing: item.standing(),
            searched: Searched {
                names: small(names),
                facts: small(facts),
                tags: tags.collect(),
            },
            item,
        }
    }
}

impl<T> Deref for Entry<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T> Listing<T> {
    /// What is there, in no order.
    pub fn entries(&self) -> &[Arc<Entry<T>>] {
        &self.entries
    }

    /// What it lacks.
    pub fn shortfalls(&self) -> &[Arc<Shortfall>] {
        &self.shortfalls
    }

    /// Tasks of ECS that are left out, for none of their containers has started.
    pub fn waiting(&self) -> &[WaitingTask] {
        &self.waiting
    }

    /// Where more may come from.
    pub fn pending(&self) -> &[Part] {
        &self.pending
    }

    /// Whether nothing more will come.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The best matches, at most `most`. Looks at each entry once, and asks nobody.
    pub fn search(&self, query: &Query, most: usize) -> Matches<T> {
        let mut looked_at = 0;
        let mut fitting: Vec<_> = self
            .entries
            .iter()
            .inspect(|_| looked_at += 1)
            .filter_map(|entry| Some((query.fit(&entry.searched)?, entry)))
            .collect();
        let found = fitting.len();
        if most == 0 {
            fitting.clear();
        } else if most < found {
            fitting.select_nth_unstable_by(most - 1, order);
            fitting.truncate(most);
        }
        fitting.sort_unstable_by(order);
        Matches {
            best: fitting
                .into_iter()
                .map(|(_, entry)| Arc::clone(entry))
                .collect(),
            found,
            looked_at,
        }
    }
}

/// Online before everything else, then how well it fits, then by name and id.
fn order<T>(one: &(u32, &Arc<Entry<T>>), other: &(u32, &Arc<Entry<T>>)) -> Ordering {
    let ((fit, entry), (other_fit, other)) = (one, other);
    entry
        .standing
        .cmp(&other.standing)
        .then(fit.cmp(other_fit))
        .then_with(|| {
            entry
                .searched
                .names
                .last()
                .cmp(&other.searched.names.last())
        })
        .then_with(|| {
            entry
                .searched
                .names
                .first()
                .cmp(&other.searched.names.first())
        })
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            shortfalls: Vec::new(),
            waiting: Vec::new(),
            pending: Vec::new(),
            complete: false,
        }
    }
}

impl<T> Clone for Listing<T> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            shortfalls: self.shortfalls.clone(),
            waiting: self.waiting.clone(),
            pending: self.pending.clone(),
            complete: self.complete,
        }
    }
}

/// For whoever loads it.
impl<T> Listing<T> {
    pub(super) fn awaiting(parts: &[Part]) -> Self {
        Self {
            pending: parts.to_vec(),
            ..Self::default()
        }
    }

    /// Adds an entry; says where it is, or `None` if the list is full.
    pub(super) fn add(&mut self, item: T) -> Option<usize>
    where
        T: Findable,
    {
        if self.entries.len() >= ENTRIES_MOST {
            return None;
        }
        self.entries.push(Arc::new(Entry::new(item)));
        Some(self.entries.len() - 1)
    }

    /// Notes a task that can be no entry yet; `false` if there are too many.
    pub(super) fn leave_out(&mut self, task: WaitingTask) -> bool {
        let has_room = self.waiting.len() < ENTRIES_MOST;
        if has_room {
            self.waiting.push(task);
        }
        has_room
    }

    /// Puts another in an entry's place.
    pub(super) fn replace(&mut self, at: usize, item: T)
    where
        T: Findable,
    {
        if let Some(entry) = self.entries.get_mut(at) {
            *entry = Arc::new(Entry::new(item));
        }
    }

    /// What is missing from one place for one reason is told once: a denial of each of a hundred
    /// clusters is one.
    pub(super) fn lacks(&mut self, shortfall: Shortfall) {
        let is_told = |told: &Arc<Shortfall>| {
            told.part() == shortfall.part() && told.reason() == shortfall.reason()
        };
        if !self.shortfalls.iter().any(is_told) {
            self.shortfalls.push(Arc::new(shortfall));
        }
    }

    /// Nothing more comes from there.
    pub(super) fn is_done(&mut self, part: Part) {
        self.pending.retain(|pending| *pending != part);
        self.complete = self.pending.is_empty();
    }

    /// Nothing more comes from anywhere.
    pub(super) fn is_over(&mut self) {
        self.pending.clear();
        self.complete = true;
    }
}

impl Shortfall {
    /// Where it would have come from.
    pub fn part(&self) -> Part {
        match self {
            Self::Failed { part, .. } | Self::Cut { part } => *part,
        }
    }

    /// The code of why; `None` where there is only too much.
    fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Failed { error, .. } => Some(error.code()),
            Self::Cut { .. } => None,
        }
    }

    /// What is missing and why, in one or two sentences.
    pub fn what(&self) -> String {
        match self {
            Self::Failed { part, error } => {
                format!("{part} are missing. {}", error.what())
            }
            Self::Cut { part } => {
                format!("{part} are not shown beyond the first {ENTRIES_MOST}.")
            }
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nodes => "Managed nodes",
            Self::Instances => "Names and tags of EC2 instances",
            Self::Containers => "Containers of ECS tasks",
            Self::Databases => "Databases of RDS",
            Self::Caches => "Caches of ElastiCache",
            Self::ServerlessCaches => "Serverless caches of ElastiCache",
            Self::Domains => "Domains of OpenSearch Service",
        })
    }
}
