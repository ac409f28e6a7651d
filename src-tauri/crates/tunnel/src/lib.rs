//! One tunnel at work: the tokio shell round `tunnel-proto`.
//!
//! [`Tunnel::start`] listens, starts the first session and returns. From then on a task of the
//! tunnel feeds the policy ([`tunnel_proto::Tunnel`]) and does what it says; each session has
//! a task of its own that moves bytes between its WebSocket and its local connections. The
//! shell decides nothing: it moves bytes and time.
//!
//! ```text
//!  listener ─▶ tunnel's task ─────▶ session's task ◀──────▶ connection's task ◀─▶ local socket
//!              (policy, API calls,  (session engine,        (one for each
//!               dialling)            WebSocket)               local connection)
//! ```
//!
//! What the tunnel does can be watched: [`Tunnel::snapshot`] is always the present truth,
//! [`Tunnel::events`] tells each step.

mod access;
mod call_budget;
mod changes;
mod config;
mod connection;
mod dial;
mod driver;
mod environment;
pub mod events;
mod guard;
mod learned;
mod ledger;
mod leftovers;
mod listen;
mod local_peer;
mod look;
mod outcome;
pub mod probe;
mod program;
mod recordings;
mod requests;
mod resolve;
mod route;
mod session_task;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use aws_access::{
    Access, AccessError, AccessSettings, EndpointUrl, Endpoints, Secret, Service, StaticCredentials,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tracing::{Instrument as _, Span};
use tunnel_proto::{Clock, Tunnel as Policy};

pub use access::{START_UNANSWERED, problem as access_problem};
pub use call_budget::CallBudget;
pub use config::{BindAddress, Destination, Listen, TunnelConfig};
pub use environment::{
    Conditions, Edits, EditsControl, Environment, EnvironmentControl, Network, Power,
};
pub use ledger::{Ghost, GhostEnd, Ledger, Noted, Started};
pub use listen::{ListenError, can_listen};
pub use look::{ConnectionDetails, Details, SessionDetails};
pub use outcome::Outcome;
pub use program::Holder;
pub use recordings::{Observer, SessionRecording};
pub use tunnel_proto::{
    Asked, Attempts, CANDIDATES_MOST, CLIENT_VERSION, Candidate, Cause, Choice, Close, ClosedBy,
    DropEnd, DropRecord, Found, Grant, Happening, NETWORK_DOWN, Outlook, PassedOver, PoolSize,
    Problem, ProblemKind, RECORDING_VERSION, Record, Recording, Refusal, Renewal, RenewalOutlook,
    RenewedBy, Replayed, SIGN_IN_PROBE, SessionConfig, SessionState, Snapshot, Start, State, Step,
    Sums, TargetError, TargetRule, TargetSpec, Then, TunnelPolicy, TurnedAway, Until, Vitals,
    replay,
};

use crate::changes::Changes;
use crate::driver::{Driver, Order, Parts};
use crate::listen::Local;
use crate::local_peer::LocalPeers;
use crate::recordings::Ask;
use crate::route::Route;
use crate::session_task::Surroundings;

/// Accepted connections that may wait for the tunnel's task; more wait in the kernel.
const ACCEPTED: usize = 64;

/// How long the end of a session that can't be used may keep the user from hearing why: as long
/// as a healthy service takes on a bad line.
const GIVE_BACK_PATIENCE: Duration = Duration::from_secs(2);

/// Events that a slow listener may be behind before it misses some.
const EVENTS: usize = 256;

/// Reports of sessions that may wait for the tunnel's task.
const REPORTS: usize = 256;

/// What happened to a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelEvent {
    /// It does something else now.
    State(State),
    /// A WebSocket is gone.
    Lost {
        /// The session that it belonged to.
        session_id: Option<String>,
        /// How it ended.
        close: Close,
        /// Who ended it.
        closed_by: ClosedBy,
        /// How old it was; zero if it was never in use.
        socket_age: Duration,
    },
    /// A session could not go on, and another is started in its place.
    Replaced {
        /// The session with which the loss began that is not over: this one, or one that it was
        /// to take the place of. `None` if nothing was lost. The record of the drop names it.
        drop_of: Option<String>,
        /// The session that is over; `None` if it had no id yet.
        session_id: Option<String>,
        /// Local connections that are lost with it.
        connections: u32,
        /// Why.
        problem: Problem,
    },
    /// A lazy tunnel could not get a session that was wanted, for this reason. It listens again,
    /// and tries anew for the next connection.
    Rested(Problem),
    /// Something that the user should know and that is no failure of the tunnel.
    Notice(Problem),
    /// Something to be kept: a change of state with its cause, a drop and what became of it.
    Record(Box<Record>),
}

/// Why a tunnel could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It can't listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Its profile, region or certificates can't be used.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The system gives no random numbers, without which nothing can be encrypted.
    #[error("the system gives no random numbers")]
    Randomness,
}

impl StartError {
    /// The error for people and programs.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Listen(error) => error.problem(),
            Self::Access(error) => access::problem(error),
            Self::Randomness => access::no_randomness().problem,
        }
    }
}

/// A tunnel that was started. Dropping it stops it and ends its sessions, without making anybody
/// wait for that; dropping it while it is being stopped gives them up.
#[derive(Debug)]
pub struct Tunnel {
    orders: mpsc::Sender<Order>,
    snapshot: watch::Receiver<Snapshot>,
    events: events::Sender,
    /// Has heard all of them, until somebody takes it.
    from_start: Mutex<Option<events::Receiver>>,
    /// Set when the tunnel is over.
    outcome: watch::Receiver<Option<Outcome>>,
    looks: mpsc::Sender<Ask>,
    endpoint: Option<String>,
}

impl Tunnel {
    /// Where the calls go that start and resume sessions. `None` for AWS's own address in a
    /// region whose name can't be part of one.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Listens, and starts the first session. Returns as soon as it listens: connections that
    /// come before the session is up wait for it.
    ///
    /// # Errors
    /// [`StartError`] when it can't listen or its settings can't be used. What goes wrong
    /// later, the snapshot says.
    pub async fn start(config: TunnelConfig) -> Result<Self, StartError> {
        Self::start_with(config, None).await
    }

    /// The same for a session that somebody else has started, as the AWS CLI does for its
    /// plugin. Sessions that replace it are started with the settings. If it can't listen, it ends
    /// that session, which nobody would use.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn start_granted(config: TunnelConfig, granted: Grant) -> Result<Self, StartError> {
        Self::start_with(config, Some(granted)).await
    }

    async fn start_with(config: TunnelConfig, granted: Option<Grant>) -> Result<Self, StartError> {
        let access = Access::load(config.access.clone()).await?;
        let session_id = granted.as_ref().map(|grant| grant.session_id.clone());
        let started = Self::listen(&config, access.clone(), granted).await;
        if let (Err(_), Some(session_id)) = (&started, session_id) {
            give_back(&access, &session_id).await;
        }
        started
    }

    async fn listen(
        config: &TunnelConfig,
        access: Access,
        granted: Option<Grant>,
    ) -> Result<Self, StartError> {
        let listeners = listen::bind(&config.listen).await?;
        let addresses = listeners.iter().map(ToString::to_string).collect();
        let port = listeners.iter().find_map(listen::Listener::port);
        let (accepted, connections) = mpsc::channel(ACCEPTED);
        let span = span_of(config);
        let door = Door {
            port,
            addresses,
            acceptors: driver::accept(listeners, &accepted, &span),
            accepted: connections,
            span,
        };
        launch(config, access, granted, door)
    }

    /// Starts a tunnel that listens nowhere: it carries one connection, from `reader` to
    /// `writer`, as an ssh `ProxyCommand` does.
    ///
    /// # Errors
    /// As for [`start`](Self::start), but for listening.
    pub async fn start_stream(
        config: TunnelConfig,
        granted: Option<Grant>,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, StartError> {
        let access = Access::load(config.access.clone()).await?;
        let (accepted, connections) = mpsc::channel(ACCEPTED);
        // The channel is empty: there is room.
        let _ = accepted.try_send(Local::Stream(Box::new(reader), Box::new(writer)));
        let door = Door {
            port: None,
            addresses: Vec::new(),
            acceptors: JoinSet::new(),
            accepted: connections,
            span: span_of(&config),
        };
        launch(&config, access, granted, door)
    }

    /// The present truth about the tunnel.
    pub fn snapshot(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.clone()
    }

    /// Each step from now on. A listener that falls 256 events behind misses some.
    pub fn events(&self) -> events::Receiver {
        self.events.subscribe()
    }

    /// Each step since the tunnel was started, for the first who asks; whoever asks after him
    /// gets [`events`](Self::events). For the records: they begin with the start.
    pub fn events_from_start(&self) -> events::Receiver {
        let mut from_start = self
            .from_start
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        from_start.take().unwrap_or_else(|| self.events())
    }

    /// Answers how the tunnel's sessions and connections are. The answer is dropped when the
    /// tunnel is over, or is asked faster than it answers.
    pub fn look(&self, answer: oneshot::Sender<Details>) {
        // Dropping it says so.
        let _ = self.looks.try_send(Ask::Details(answer));
    }

    /// Looks at it from elsewhere, also when it is owned by somebody else.
    pub fn observer(&self) -> Observer {
        Observer {
            snapshot: self.snapshot.clone(),
            looks: self.looks.clone(),
        }
    }

    /// Tries at once what the tunnel waits for: after the user has signed in, or does not want
    /// to wait for the next attempt.
    pub fn try_now(&self) {
        // A full queue holds such an order already.
        let _ = self.orders.try_send(Order::TryNow);
    }

    /// Stops listening, ends every session at the service, and says how the tunnel ended: for a
    /// tunnel that has failed or was stopped before, that. Takes 5 s at most, and well under one
    /// if the service answers. Whoever will not wait drops the tunnel: then it ends at once.
    pub async fn stop(&self) -> Outcome {
        // One that is over takes no orders.
        let _ = self.orders.send(Order::Stop).await;
        let mut outcome = self.outcome.clone();
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or_else(Outcome::lost),
            Err(_) => Outcome::lost(),
        }
    }

    /// How the tunnel ended; `None` until it is over and nothing of it is left.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome.borrow().clone()
    }
}

/// Where a tunnel's connections come in.
struct Door {
    port: Option<u16>,
    addresses: Vec<String>,
    acceptors: JoinSet<()>,
    accepted: mpsc::Receiver<Local>,
    /// Names the tunnel in the log.
    span: Span,
}

/// What every line about a tunnel stands in. It is there at each level: a warning has to say
/// whose it is, too.
fn span_of(config: &TunnelConfig) -> Span {
    tracing::error_span!("tunnel", name = %config.name)
}

/// Puts a tunnel's parts together and starts its task.
fn launch(
    config: &TunnelConfig,
    access: Access,
    granted: Option<Grant>,
    door: Door,
) -> Result<Tunnel, StartError> {
    let now = Instant::now().into_std();
    let clock = Clock {
        origin: now,
        unix_ms_at_origin: unix_ms_now(),
    };
    let seed = random_seed().map_err(|_| StartError::Randomness)?;
    let mut policy = Policy::new(config.policy, now, clock, seed);
    policy.set_targets(&config.target);
    let (orders, to_orders) = mpsc::channel(4);
    let (snapshot, watched) = watch::channel(Snapshot::new(policy.state(), door.addresses));
    let (events, from_start) = events::channel(EVENTS);
    let (reports, to_reports) = mpsc::channel(REPORTS);
    let (looks, to_looks) = mpsc::channel(1);
    let surroundings = Surroundings {
        reports,
        figures: driver::figures(),
        peers: LocalPeers::start(),
        clock,
        route: Arc::new(Route::of(config)),
    };
    let environment = config.environment.clone();
    let ssm = access.endpoints().get(Service::Ssm);
    let endpoint = ssm.map(|endpoint| endpoint.url.as_str().to_owned());
    let parts = Parts {
        policy,
        clock,
        session: config.session.clone(),
        name: config.name.clone(),
        ledger: config.ledger.clone(),
        settings: config.access.clone(),
        place: leftovers::place(config.is_local()),
        changes: Changes::of(&environment, config.is_local()),
        environment,
        access,
        request: config.start_request(door.port),
        has_choice: config.target.only_id().is_none(),
        granted,
        acceptors: door.acceptors,
        accepted: door.accepted,
        looks: to_looks,
        snapshot,
        events: events.clone(),
    };
    let driver = Box::new(Driver::new(parts, surroundings, to_reports));
    let (ended, outcome) = watch::channel(None);
    let run = async move {
        let outcome = driver.run(to_orders).await;
        tracing::debug!(%outcome, "the tunnel is over");
        ended.send_replace(Some(outcome));
    };
    tokio::spawn(run.instrument(door.span));
    Ok(Tunnel {
        orders,
        snapshot: watched,
        events,
        from_start: Mutex::new(Some(from_start)),
        outcome,
        looks,
        endpoint,
    })
}

/// Ends a session that can't be used: left behind it would count against the account until its
/// idle timeout.
async fn give_back(access: &Access, session_id: &str) {
    match timeout(GIVE_BACK_PATIENCE, access.terminate_session(session_id)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::info!(%error, "a session that can't be used could not be ended"),
        Err(_) => tracing::info!("a session that can't be used could not be ended in time"),
    }
}

fn random_seed() -> Result<[u8; 32], getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(seed)
}

/// Reads the wall clock: Unix milliseconds. A tunnel does so once, when it starts: from then on its
/// time is monotonic, so that a clock that is set back changes nothing.
pub fn unix_ms_now() -> u64 {
    unix_ms(SystemTime::now())
}

pub(crate) fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
