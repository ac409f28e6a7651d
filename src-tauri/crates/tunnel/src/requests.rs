//! Requests that are under way, each of which is answered whatever becomes of it.

use std::collections::HashMap;
use std::future::Future;

use tokio::task::{Id, JoinSet};
use tracing::Instrument as _;

/// Tasks that each give one answer. Of one that panics the answer is the one that was given in
/// advance: nobody waits for ever for what a fault of our own has swallowed.
#[derive(Debug)]
pub(crate) struct Requests<T> {
    tasks: JoinSet<T>,
    if_lost: HashMap<Id, T>,
}

impl<T: Send + 'static> Requests<T> {
    pub(crate) fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            if_lost: HashMap::new(),
        }
    }

    /// Starts a request.
    pub(crate) fn start(&mut self, if_lost: T, request: impl Future<Output = T> + Send + 'static) {
        let id = self.tasks.spawn(request.in_current_span()).id();
        self.if_lost.insert(id, if_lost);
    }

    /// The next answer; `None` while no request is under way.
    pub(crate) async fn next(&mut self) -> Option<T> {
        let (id, answer) = match self.tasks.join_next_with_id().await? {
            Ok((id, answer)) => (id, Some(answer)),
            Err(error) => (error.id(), None),
        };
        let if_lost = self.if_lost.remove(&id);
        answer.or(if_lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_that_panics_is_answered_too() {
        let mut requests = Requests::new();
        requests.start("lost", async { panic!("as the test wants") });
        assert_eq!(requests.next().await, Some("lost"));
        requests.start("lost", async { "answered" });
        assert_eq!(requests.next().await, Some("answered"));
        assert_eq!(requests.next().await, None);
        assert!(requests.if_lost.is_empty());
    }
}
