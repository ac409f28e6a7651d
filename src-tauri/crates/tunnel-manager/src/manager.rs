//! The handle to the actor that owns all tunnels.

mod actor;
mod needs;
mod order;
mod run;

use tokio::sync::{mpsc, oneshot, watch};
use tracing::Instrument as _;
use tunnel::{Details, Edits};

use crate::closing::{self, Clock};
use crate::demo::DemoCut;
use crate::engine::Engine;
use crate::error::ManagerError;
use crate::exchange::{Choice, Offer};
use crate::overview::Overview;
use crate::profile::{Consent, Draft, Profile, ProfileId, Refiling};
use crate::store::Store;

/// Requests that may wait for the actor; each is one act of a person.
const REQUESTS_MOST: usize = 16;

/// Owns many tunnels. Cheap to clone; when the last clone goes, all tunnels are stopped.
#[derive(Debug, Clone)]
pub struct Manager {
    requests: mpsc::Sender<Request>,
    overview: watch::Receiver<Overview>,
}

/// Names what was removed together, so that it can be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovalId(pub u32);

type Answer<T> = oneshot::Sender<Result<T, ManagerError>>;

#[derive(Debug)]
enum Request {
    Add(Draft, Answer<ProfileId>),
    Update(ProfileId, Draft, Answer<()>),
    Remove(Vec<ProfileId>, Answer<RemovalId>),
    Restore(RemovalId, Answer<()>),
    Move(ProfileId, Option<ProfileId>, Answer<()>),
    Refile(Vec<ProfileId>, Refiling, Answer<()>),
    Compare(Vec<Profile>, Answer<Vec<Offer>>),
    Merge(Vec<(Offer, Choice)>, Answer<()>),
    Connect(ProfileId, Option<Consent>, Answer<()>),
    KeepOpen(ProfileId, Answer<()>),
    Disconnect(ProfileId, Answer<()>),
    TryNow(ProfileId, Answer<()>),
    Look(ProfileId, oneshot::Sender<Details>),
    StartDemo(Answer<ProfileId>),
    CutDemo(DemoCut, Answer<()>),
    Reload(Answer<()>),
    StopAll(Answer<()>),
}

impl Manager {
    /// Reads the saved tunnels and starts the actor. No tunnel is started.
    ///
    /// The file is read again at each of `edits`: tunnels that run go on with the settings that
    /// they were started with, and are marked where those have changed. A profile file that
    /// cannot be read is told in the overview until it can, and the tunnels stay as they were.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(store: Store, engine: impl Engine, edits: Edits) -> Self {
        Self::start_at(store, engine, edits, closing::wall_clock())
    }

    /// The same by another clock.
    fn start_at(store: Store, engine: impl Engine, edits: Edits, clock: Clock) -> Self {
        let (request_sender, requests) = mpsc::channel(REQUESTS_MOST);
        let (overview_sender, overview) = watch::channel(Overview::default());
        let actor = actor::Actor::new(store, engine, edits, overview_sender, clock);
        tokio::spawn(
            actor
                .run(requests)
                .instrument(tracing::debug_span!("tunnels")),
        );
        Self {
            requests: request_sender,
            overview,
        }
    }

    /// All tunnels, now and from now on.
    ///
    /// It changes with each snapshot of each tunnel: whoever draws it takes the latest at its
    /// own pace.
    pub fn overview(&self) -> watch::Receiver<Overview> {
        self.overview.clone()
    }

    /// Saves a new tunnel. It is not started.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Invalid`], [`ManagerError::Store`]; nothing is saved then.
    pub async fn add(&self, draft: Draft) -> Result<ProfileId, ManagerError> {
        self.ask(|answer| Request::Add(draft, answer)).await
    }

    /// Saves other settings of a tunnel. One that runs keeps those that it was started with.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Invalid`], [`ManagerError::Store`], [`ManagerError::UnknownTunnel`],
    /// [`ManagerError::DemoIsFixed`]; nothing is saved then.
    pub async fn update(&self, id: ProfileId, draft: Draft) -> Result<(), ManagerError> {
        self.ask(|answer| Request::Update(id, draft, answer)).await
    }

    /// Forgets tunnels. Those that run are stopped. The demo tunnel's service ends with it.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Store`], [`ManagerError::UnknownTunnel`] if one of them is not there;
    /// nothing happens then.
    pub async fn remove(&self, ids: Vec<ProfileId>) -> Result<RemovalId, ManagerError> {
        self.ask(|answer| Request::Remove(ids, answer)).await
    }

    /// Puts back what was removed together, with the same ids and at the same places. It is not
    /// started. The last few removals of this process can be undone, each once, in any order; the
    /// demo tunnel is not put back.
    ///
    /// # Errors
    ///
    /// [`ManagerError::UnknownRemoval`], [`ManagerError::Store`]; nothing happens then.
    pub async fn restore(&self, removal: RemovalId) -> Result<(), ManagerError> {
        self.ask(|answer| Request::Restore(removal, answer)).await
    }

    /// Moves a tunnel in the order of the list, to before another one or, without one, to the
    /// end.
    ///
    /// # Errors
    ///
    /// [`ManagerError::UnknownTunnel`], [`ManagerError::DemoIsFixed`], [`ManagerError::Store`];
    /// nothing happens then.
    pub async fn move_to(
        &self,
        id: ProfileId,
        before: Option<ProfileId>,
    ) -> Result<(), ManagerError> {
        self.ask(|answer| Request::Move(id, before, answer)).await
    }

    /// Files tunnels anew, all in the same way. Those that run are not touched.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Invalid`], [`ManagerError::UnknownTunnel`], [`ManagerError::DemoIsFixed`],
    /// [`ManagerError::Store`]; nothing is saved then.
    pub async fn refile(
        &self,
        ids: Vec<ProfileId>,
        refiling: Refiling,
    ) -> Result<(), ManagerError> {
        self.ask(|answer| Request::Refile(ids, refiling, answer))
            .await
    }

    /// Compares tunnels of a file that somebody has given with those that are saved now.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Closed`].
    pub async fn compare(&self, offered: Vec<Profile>) -> Result<Vec<Offer>, ManagerError> {
        self.ask(|answer| Request::Compare(offered, answer)).await
    }

    /// Saves what was chosen of what [`compare`](Self::compare) has told, all of it or nothing. Tunnels
    /// that run go on with the settings that they were started with.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Store`]; nothing is saved then.
    pub async fn merge(&self, chosen: Vec<(Offer, Choice)>) -> Result<(), ManagerError> {
        self.ask(|answer| Request::Merge(chosen, answer)).await
    }

    /// Starts a tunnel and returns at once: the overview tells how it goes. One that is being
    /// stopped starts when that is done; one that runs goes on.
    ///
    /// # Errors
    ///
    /// [`ManagerError::UnknownTunnel`]; [`ManagerError::NeedsConsent`] for one that leads to
    /// production and does not run.
    pub async fn connect(&self, id: ProfileId) -> Result<(), ManagerError> {
        self.ask(|answer| Request::Connect(id, None, answer)).await
    }

    /// Starts a tunnel to production, as [`connect`](Self::connect) does others: a person has just
    /// said so.
    ///
    /// # Errors
    ///
    /// [`ManagerError::UnknownTunnel`]; [`ManagerError::Invalid`] for a reason that is asked and
    /// missing, or too long.
    pub async fn connect_with(&self, id: ProfileId, consent: Consent) -> Result<(), ManagerError> {
        self.ask(|answer| Request::Connect(id, Some(consent), answer))
            .await
    }

    /// Gives a tunnel that is about to close by itself all of its time again, from now. Does
    /// nothing to others.
    ///
    /// # Errors
    ///
    /// [`ManagerError::UnknownTunnel`].
    pub async fn keep_open(&self, id: ProfileId) -> Result<(), ManagerError> {
        self.ask(|answer| Request::KeepOpen(id, answer)).await
    }

    /// Stops a tunnel and returns at once: the overview tells when it is off.
    ///
    /// # Errors
    ///
    /// [`ManagerError::UnknownTunnel`].
    pub async fn disconnect(&self, id: ProfileId) -> Result<(), ManagerError> {
        self.ask(|answer| Request::Disconnect(id, answer)).await
    }

    /// Lets a tunnel try at once what it waits for: the next attempt, or a sign-in. Does nothing
    /// to one that does not run.
    ///
    /// # Errors
    ///
    /// [`ManagerError::UnknownTunnel`].
    pub async fn try_now(&self, id: ProfileId) -> Result<(), ManagerError> {
        self.ask(|answer| Request::TryNow(id, answer)).await
    }

    /// How a tunnel's sessions and connections are; none of one that is off or was asked again
    /// before it has answered. It costs the tunnel a moment: for what somebody looks at.
    pub async fn look(&self, id: ProfileId) -> Option<Details> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Look(id, answer)).await.ok()?;
        answered.await.ok()
    }

    /// Adds the demo tunnel, unless it is there, and starts it.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Demo`] when its service does not start.
    pub async fn start_demo(&self) -> Result<ProfileId, ManagerError> {
        self.ask(Request::StartDemo).await
    }

    /// Does something to the demo tunnel's connection. Does nothing without a demo tunnel.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Closed`].
    pub async fn cut_demo(&self, cut: DemoCut) -> Result<(), ManagerError> {
        self.ask(|answer| Request::CutDemo(cut, answer)).await
    }

    /// Reads the profile file again. Tunnels that run go on, those that it no longer names
    /// included.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Store`]; the tunnels stay as they were.
    pub async fn reload(&self) -> Result<(), ManagerError> {
        self.ask(Request::Reload).await
    }

    /// Stops every tunnel and returns when all are off.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Closed`].
    pub async fn stop_all(&self) -> Result<(), ManagerError> {
        self.ask(Request::StopAll).await
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, ManagerError> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(request(answer))
            .await
            .map_err(|_| ManagerError::Closed)?;
        answered.await.map_err(|_| ManagerError::Closed)?
    }
}

#[cfg(test)]
mod tests;
