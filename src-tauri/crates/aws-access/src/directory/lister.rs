//! The calls of one list: paged, bounded, with credentials that are found once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

use super::listing::{Part, Shortfall};
use crate::credentials::Origin;
use crate::reading::{Node, NodeFilter, Reader, Reading, nodes_page};
use crate::{Access, AccessError, Next};

/// The most pages that are read of one list.
const PAGES_MOST: usize = 2_000;

/// How long the pauses are after which a page is asked for again that was refused because there
/// were too many calls, or that the service could not give. Unlike a tunnel's calls these follow
/// each other closely, and nobody else would ask for the page again.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Whoever loads a list is told this.
#[derive(Debug)]
pub(super) enum Told<F> {
    /// A page.
    Page(Part, Vec<F>),
    /// Something is missing.
    Lacks(Shortfall),
    /// Nothing more comes from there.
    Done(Part),
}

/// Makes the calls of one list.
///
/// The credentials are asked for once, and again if they expire meanwhile: a hundred pages must
/// not be a hundred calls of AssumeRole, nor three parts three refusals.
#[derive(Debug, Clone)]
pub(super) struct Lister {
    access: Access,
    credentials: Arc<Mutex<Option<Found>>>,
}

/// What asking for credentials came to.
type Found = Result<Credentials, Arc<AccessError>>;

impl Lister {
    pub(super) fn new(access: Access) -> Self {
        Self {
            access,
            credentials: Arc::default(),
        }
    }

    pub(super) fn reader(&self) -> Reader {
        self.access.reader().clone()
    }

    /// Makes a call, again if that may help.
    pub(super) async fn call<T, F>(
        &self,
        reading: Reading,
        make: impl Fn(Credentials) -> F + Send + Sync,
    ) -> Result<T, Arc<AccessError>>
    where
        F: Future<Output = Result<T, AccessError>> + Send,
        T: Send,
    {
        let mut pauses = PAUSES.iter();
        let mut may_be_old = true;
        loop {
            let credentials = self.credentials().await?;
            let origin = Origin::of(&credentials);
            let used = credentials.access_key_id().to_owned();
            let answer = self.access.timed(reading, origin, make(credentials)).await;
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if may_be_old && matches!(error, AccessError::ExpiredToken { .. }) {
                may_be_old = false;
                self.forget(&used).await;
                continue;
            }
            match pauses.next() {
                Some(pause) if may_pass(&error) => sleep(*pause).await,
                Some(_) | None => return Err(Arc::new(error)),
            }
        }
    }

    async fn credentials(&self) -> Found {
        // Whoever asks meanwhile waits for the same answer.
        let mut known = self.credentials.lock().await;
        if let Some(found) = &*known {
            return found.clone();
        }
        let found = self.access.find_credentials().await.map_err(Arc::new);
        *known = Some(found.clone());
        found
    }

    /// Forgets credentials that have expired, unless others were found meanwhile.
    async fn forget(&self, used: &str) {
        let mut known = self.credentials.lock().await;
        if matches!(&*known, Some(Ok(found)) if found.access_key_id() == used) {
            *known = None;
        }
    }

    /// One page of managed nodes.
    pub(super) async fn nodes(
        &self,
        filters: &[NodeFilter],
        token: Option<String>,
    ) -> Result<(Vec<Node>, Option<String>), Arc<AccessError>> {
        self.call(Reading::Nodes, |credentials| {
            nodes_page(self.access.ssm(), filters, token.clone(), credentials)
        })
        .await
    }
}

/// Whether the same call may be answered a moment later.
fn may_pass(error: &AccessError) -> bool {
    matches!(error, AccessError::Throttled(_))
        || matches!(error, AccessError::Service(answer) if answer.is_transient())
}

/// Reads page after page to the last, or to a failure, which is handed on.
pub(super) async fn all<F, T, Fut>(
    part: Part,
    to: &mpsc::Sender<Told<F>>,
    mut page: impl FnMut(Option<String>) -> Fut,
) -> Vec<T>
where
    Fut: Future<Output = Result<(Vec<T>, Option<String>), Arc<AccessError>>>,
{
    let (mut all, mut token) = (Vec::new(), None);
    for _ in 0..PAGES_MOST {
        match page(token.take()).await {
            Ok((page, next)) => {
                all.extend(page);
                match next {
                    Some(next) => token = Some(next),
                    None => return all,
                }
            }
            Err(error) => {
                let _ = to
                    .send(Told::Lacks(Shortfall::Failed { part, error }))
                    .await;
                return all;
            }
        }
    }
    let _ = to.send(Told::Lacks(Shortfall::Cut { part })).await;
    all
}

/// Whether the next list from the same place is worth a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    /// It would fail like this one, after as long.
    Stop,
}

/// Reads page after page and hands them on, until the last, a failure, or nobody who listens.
pub(super) async fn pages<F, P, Fut>(part: Part, to: &mpsc::Sender<Told<F>>, mut page: P) -> Then
where
    P: FnMut(Option<String>) -> Fut,
    Fut: Future<Output = Result<(Vec<F>, Option<String>), Arc<AccessError>>>,
{
    let mut token = None;
    for _ in 0..PAGES_MOST {
        match page(token.take()).await {
            Ok((facts, next)) => {
                if to.send(Told::Page(part, facts)).await.is_err() {
                    return Then::Stop;
                }
                match next {
                    Some(next) => token = Some(next),
                    None => return Then::GoOn,
                }
            }
            Err(error) => {
                let then = match error.next() {
                    // What is refused here may be allowed there.
                    Next::Stop => Then::GoOn,
                    Next::Retry
                    | Next::AwaitNetwork
                    | Next::NewSession
                    | Next::AwaitTarget
                    | Next::NewCredentials
                    | Next::SignIn
                    | Next::Restart
                    | Next::AwaitSettings => Then::Stop,
                };
                let _ = to
                    .send(Told::Lacks(Shortfall::Failed { part, error }))
                    .await;
                return then;
            }
        }
    }
    let _ = to.send(Told::Lacks(Shortfall::Cut { part })).await;
    Then::GoOn
}
