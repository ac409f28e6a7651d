//! Finding the one node that a name or a tag means now.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;

use aws_credential_types::Credentials;

use crate::credentials::Origin;
use crate::reading::{FILTER_VALUES, Instance, Instances, Node, NodeFilter, PingStatus, Reading};
use crate::reading::{NODES_PAGE, nodes_page};
use crate::{Access, AccessError};

/// How many pages of nodes, and of instances, are read at most to find one: whoever gives a thousand
/// nodes one name does not care which of them it is.
const PAGES_MOST: usize = 20;

/// By what a node is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeQuery {
    /// Its tag `Name`; of a node outside of EC2 also what it was registered as, or its host name.
    Name(String),
    /// A tag.
    Tag {
        /// The key.
        key: String,
        /// The value, exactly.
        value: String,
    },
}

/// Which of several nodes is meant that are online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodePick {
    /// The first by its id.
    First,
    /// The one that was launched, or registered, last.
    Newest,
}

/// A node that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundNode {
    /// Its id.
    pub id: String,
    /// Its name, if it was told.
    pub name: Option<String>,
    /// How many nodes fit and are online, this one among them, of those that were looked at.
    pub online: usize,
}

/// Says when the next call may be made.
pub trait CallPace: Sync {
    /// Waits until one call may be made.
    fn permit(&self) -> impl Future<Output = ()> + Send;
}

impl fmt::Display for NodeQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "the name {name}"),
            Self::Tag { key, value } => write!(f, "the tag {key}={value}"),
        }
    }
}

impl NodeQuery {
    fn tag(&self) -> (String, String) {
        match self {
            Self::Name(name) => ("Name".to_owned(), name.clone()),
            Self::Tag { key, value } => (key.clone(), value.clone()),
        }
    }
}

impl Access {
    /// Finds a node that is online. Each call waits for its turn at `pace`: usually one, one more
    /// for the newest of several, and up to three kinds of call when none is found.
    ///
    /// # Errors
    /// [`AccessError::TargetNotFound`] when no node fits, [`AccessError::TargetOffline`] when
    /// none of those that do is online; any other [`AccessError`] of a call.
    pub async fn find_node(
        &self,
        query: &NodeQuery,
        pick: NodePick,
        pace: &impl CallPace,
    ) -> Result<FoundNode, AccessError> {
        let credentials = self.find_credentials().await?;
        let search = Finder {
            access: self,
            pace,
            credentials,
        };
        let (key, value) = query.tag();
        let tagged = [NodeFilter::Tag(key, value), NodeFilter::Online];
        let mut online = search.nodes(&tagged, |_| true).await?;
        if online.is_empty() {
            online = search.elsewhere(query, pick).await?;
        }
        search.pick(query, pick, online).await
    }
}

/// The calls of one search.
struct Finder<'a, P> {
    access: &'a Access,
    pace: &'a P,
    credentials: Credentials,
}

impl<P: CallPace> Finder<'_, P> {
    /// The nodes that are online and fit, of as many as are read at most.
    async fn nodes(
        &self,
        filters: &[NodeFilter],
        fits: impl Fn(&Node) -> bool + Send,
    ) -> Result<Vec<Node>, AccessError> {
        let (mut nodes, mut token) = (Vec::new(), None);
        for _ in 0..PAGES_MOST {
            self.pace.permit().await;
            let page = nodes_page(
                self.access.ssm(),
                filters,
                token.take(),
                self.credentials.clone(),
            );
            let (page, next) = self.timed(Reading::Nodes, page).await?;
            let online = |node: &Node| node.ping == Some(PingStatus::Online);
            nodes.extend(page.into_iter().filter(|node| online(node) && fits(node)));
            match next {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        Ok(nodes)
    }

    /// The instances that fit, of as many as are read at most.
    async fn instances(
        &self,
        wanted: &Instances,
        fits: impl Fn(&Instance) -> bool + Send,
    ) -> Result<Vec<Instance>, AccessError> {
        let (mut instances, mut token) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MOST {
            self.pace.permit().await;
            let reader = self.access.reader();
            let page = reader.instances(wanted, token.as_deref(), &self.credentials);
            let (page, next) = self.timed(Reading::Instances, page).await?;
            instances.extend(page.into_iter().filter(&fits));
            match next {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        Ok(instances)
    }

    async fn timed<T>(
        &self,
        reading: Reading,
        call: impl Future<Output = Result<T, AccessError>>,
    ) -> Result<T, AccessError> {
        let origin = Origin::of(&self.credentials);
        self.access.timed(reading, origin, call).await
    }

    /// Looks where Systems Manager does not look by itself: at the tags of EC2, and at the names
    /// of nodes outside of it.
    async fn elsewhere(&self, query: &NodeQuery, pick: NodePick) -> Result<Vec<Node>, AccessError> {
        let tag = query.tag();
        let running = Instances::RunningWithTag(tag.0.clone(), tag.1.clone());
        let has_tag = |instance: &Instance| instance.tags.contains(&tag);
        // Whoever may not ask EC2, or has no way to it from a network that leads to Systems
        // Manager alone, has found none: that much is sure without it.
        let (instances, unseen) = match self.instances(&running, has_tag).await {
            Ok(instances) => (instances, String::new()),
            Err(error @ AccessError::Throttled(_)) => return Err(error),
            Err(error) => (Vec::new(), error.to_string()),
        };
        let fitting = instances.len();
        let ids = in_order(instances, pick);
        let mut seen = 0;
        for ids in ids.chunks(NODES_PAGE).take(PAGES_MOST) {
            seen += ids.len();
            let online = self
                .nodes(&[NodeFilter::Ids(ids.to_vec())], |_| true)
                .await?;
            // The one that is picked is among the first that are online.
            if !online.is_empty() {
                return Ok(online);
            }
        }
        if let NodeQuery::Name(name) = query {
            let filters = [NodeFilter::OutsideOfEc2, NodeFilter::Online];
            let name = Some(name.as_str());
            let named =
                |node: &Node| node.name.as_deref() == name || node.computer_name.as_deref() == name;
            let online = self.nodes(&filters, named).await?;
            if !online.is_empty() {
                return Ok(online);
            }
        }
        let asked = query.to_string();
        Err(match fitting {
            0 => AccessError::TargetNotFound { asked, unseen },
            fitting => AccessError::TargetOffline {
                asked,
                fitting,
                seen,
            },
        })
    }

    async fn pick(
        &self,
        query: &NodeQuery,
        pick: NodePick,
        mut online: Vec<Node>,
    ) -> Result<FoundNode, AccessError> {
        let count = online.len();
        let newest = match pick {
            NodePick::Newest if count > 1 => self.newest(&online).await?,
            NodePick::Newest | NodePick::First => None,
        };
        online.sort_by(|one, other| one.id.cmp(&other.id));
        let found = online
            .into_iter()
            .find(|node| newest.as_ref().is_none_or(|id| node.id == *id));
        let Some(node) = found else {
            return Err(AccessError::TargetNotFound {
                asked: query.to_string(),
                unseen: String::new(),
            });
        };
        let name = match query {
            NodeQuery::Name(name) => Some(name.clone()),
            NodeQuery::Tag { .. } => node.name.or(node.computer_name),
        };
        Ok(FoundNode {
            id: node.id,
            name,
            online: count,
        })
    }

    /// The id of the node that was launched or registered last; `None` if nobody has told of any.
    async fn newest(&self, online: &[Node]) -> Result<Option<String>, AccessError> {
        let ids: Vec<_> = online
            .iter()
            .filter(|node| node.id.starts_with("i-"))
            .map(|node| node.id.clone())
            .collect();
        let mut since: HashMap<&str, u64> = online
            .iter()
            .filter_map(|node| Some((node.id.as_str(), node.registered?)))
            .collect();
        let mut launched = Vec::new();
        for ids in ids.chunks(FILTER_VALUES) {
            let wanted = Instances::WithIds(ids.to_vec());
            launched.extend(self.instances(&wanted, |_| true).await?);
        }
        for instance in &launched {
            if let Some(at) = instance.launched {
                since.insert(&instance.id, at);
            }
        }
        let newest = since.into_iter().max_by_key(|(id, at)| (*at, *id));
        Ok(newest.map(|(id, _)| id.to_owned()))
    }
}

/// The ids in the order in which they are looked at: the one that is to be picked comes first.
fn in_order(mut instances: Vec<Instance>, pick: NodePick) -> Vec<String> {
    instances.sort_by(|one, other| match pick {
        NodePick::First => one.id.cmp(&other.id),
        NodePick::Newest => (other.launched, &other.id).cmp(&(one.launched, &one.id)),
    });
    instances.into_iter().map(|instance| instance.id).collect()
}
