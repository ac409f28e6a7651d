//! What every part of the simulated service shares.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hyper::http::request::Parts;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::faults::{Action, FaultState, garbage_frame};
use crate::link::{Hole, Link};
use crate::random::Random;
use crate::session::{Item, Session, TerminatedBy};
use crate::settings::{
    AgentSettings, Credentials, PingStatus, ResumeWhileConnected, SessionGone, Settings, Target,
};
use crate::sigv4::{self, SignatureError};
use crate::stats::Stats;

/// Sessions that are kept in memory after their end, for DescribeSessions and for tests.
const MOST_SESSIONS: usize = 10_000;

/// Data keys that are kept; then all are forgotten, which ends only handshakes under way.
const MOST_DATA_KEYS: usize = 10_000;

/// Callers that are remembered; tests look at the first ones.
const MOST_CALLERS: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) settings: Settings,
    pub(crate) address: SocketAddr,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    random: Mutex<Random>,
    nodes: Mutex<Vec<Target>>,
    sessions: Mutex<Vec<Arc<Session>>>,
    faults: Mutex<FaultState>,
    stats: Mutex<Stats>,
    data_keys: Mutex<HashMap<Vec<u8>, DataKey>>,
    /// Credentials that are accepted beside those of the settings.
    accepted: Mutex<Vec<Credentials>>,
    callers: Mutex<Vec<Caller>>,
    link: watch::Sender<Link>,
    frozen: watch::Sender<bool>,
    /// Notified whenever faults or sessions change.
    changed: watch::Sender<()>,
}

/// Who has signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Access key id.
    pub access_key: String,
    /// The region for which it is signed.
    pub region: String,
    /// The service for which it is signed.
    pub service: String,
}

/// What GenerateDataKey made, found again by its ciphertext.
#[derive(Clone)]
pub(crate) struct DataKey {
    pub(crate) plaintext: Vec<u8>,
    pub(crate) context: HashMap<String, String>,
}

/// Leaves the key out.
impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataKey")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn new(settings: Settings, address: SocketAddr) -> Self {
        let mut random = Random::new(settings.seed);
        let faults = FaultState::new(Random::new(random.next()));
        Self {
            nodes: Mutex::new(settings.targets.clone()),
            settings,
            address,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            random: Mutex::new(random),
            sessions: Mutex::default(),
            faults: Mutex::new(faults),
            stats: Mutex::default(),
            data_keys: Mutex::default(),
            accepted: Mutex::default(),
            callers: Mutex::default(),
            link: watch::Sender::new(Link::default()),
            frozen: watch::Sender::new(false),
            changed: watch::Sender::new(()),
        }
    }

    /// Starts a task that ends with the simulator at the latest.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    pub(crate) fn with_random<T>(&self, use_it: impl FnOnce(&mut Random) -> T) -> T {
        use_it(&mut lock(&self.random))
    }

    pub(crate) fn with_stats<T>(&self, use_it: impl FnOnce(&mut Stats) -> T) -> T {
        use_it(&mut lock(&self.stats))
    }

    /// Gives access to the faults, and wakes those who wait for a change of them.
    pub(crate) fn with_faults<T>(&self, use_it: impl FnOnce(&mut FaultState) -> T) -> T {
        let result = use_it(&mut lock(&self.faults));
        self.note_change();
        result
    }

    /// The same for the path that each message takes, where nothing changes that anyone
    /// waits for.
    pub(crate) fn with_faults_quietly<T>(&self, use_it: impl FnOnce(&mut FaultState) -> T) -> T {
        use_it(&mut lock(&self.faults))
    }

    pub(crate) fn note_change(&self) {
        self.changed.send_replace(());
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    pub(crate) fn change_link(&self, change: impl FnOnce(&mut Link)) {
        self.link.send_modify(change);
    }

    pub(crate) fn set_hole(&self, hole: Hole) {
        self.change_link(|link| link.hole = hole);
    }

    pub(crate) fn frozen(&self) -> watch::Receiver<bool> {
        self.frozen.subscribe()
    }

    pub(crate) fn add_session(&self, session: Arc<Session>) {
        let mut sessions = lock(&self.sessions);
        if sessions.len() >= MOST_SESSIONS
            && let Some(old) = sessions.iter().position(|session| session.is_over())
        {
            sessions.remove(old);
        }
        sessions.push(session);
        drop(sessions);
        self.note_change();
    }

    pub(crate) fn session(&self, id: &str) -> Option<Arc<Session>> {
        self.sessions().into_iter().find(|session| session.id == id)
    }

    pub(crate) fn sessions(&self) -> Vec<Arc<Session>> {
        lock(&self.sessions).clone()
    }

    pub(crate) fn add_data_key(&self, ciphertext: Vec<u8>, key: DataKey) {
        let mut keys = lock(&self.data_keys);
        if keys.len() >= MOST_DATA_KEYS {
            keys.clear();
        }
        keys.insert(ciphertext, key);
    }

    pub(crate) fn data_key(&self, ciphertext: &[u8]) -> Option<DataKey> {
        lock(&self.data_keys).get(ciphertext).cloned()
    }

    /// Checks a request's signature, and that its credentials have not expired.
    pub(crate) fn verify(
        &self,
        request: &Parts,
        body: &[u8],
        signing_name: &str,
    ) -> Result<(), SignatureError> {
        let further = lock(&self.accepted).clone();
        let accepted = std::iter::once(&self.settings.credentials)
            .chain(self.settings.more_credentials.iter())
            .chain(further.iter());
        let (used, region) = sigv4::verify(request, body, accepted, signing_name, self.clock())?;
        let mut callers = lock(&self.callers);
        if callers.len() < MOST_CALLERS {
            callers.push(Caller {
                access_key: used.access_key.clone(),
                region,
                service: signing_name.to_owned(),
            });
        }
        drop(callers);
        self.note_change();
        let now = Instant::now();
        if self.with_faults_quietly(|faults| faults.is_expired(&used.access_key, now)) {
            return Err(SignatureError::ExpiredToken);
        }
        Ok(())
    }

    pub(crate) fn accept(&self, credentials: Credentials) {
        lock(&self.accepted).push(credentials);
    }

    pub(crate) fn callers(&self) -> Vec<Caller> {
        lock(&self.callers).clone()
    }

    /// The service's own time, which may be wrong.
    pub(crate) fn clock(&self) -> SystemTime {
        let ahead = self.with_faults_quietly(|faults| faults.clock_ahead);
        let by = Duration::from_secs(ahead.unsigned_abs());
        let now = SystemTime::now();
        let wrong = if ahead < 0 {
            now.checked_sub(by)
        } else {
            now.checked_add(by)
        };
        wrong.unwrap_or(now)
    }

    pub(crate) fn resume_while_connected(&self) -> ResumeWhileConnected {
        self.with_faults_quietly(|faults| faults.resume_while_connected)
            .unwrap_or(self.settings.gateway.resume_while_connected)
    }

    pub(crate) fn session_gone(&self) -> SessionGone {
        self.with_faults_quietly(|faults| faults.session_gone)
            .unwrap_or(self.settings.session_gone)
    }

    pub(crate) fn idle_timeout(&self) -> Option<Duration> {
        self.with_faults_quietly(|faults| faults.idle_timeout)
            .or(self.settings.idle_timeout)
    }

    pub(crate) fn max_duration(&self) -> Option<Duration> {
        self.with_faults_quietly(|faults| faults.max_duration)
            .or(self.settings.max_duration)
    }

    /// Returns the agent of a node, if the service hears from it.
    pub(crate) fn agent_of(&self, target: &str) -> Option<AgentSettings> {
        let one_is_gone = || {
            let sessions = self.sessions();
            let mut of_node = sessions
                .iter()
                .filter(|session| session.target == target && !session.is_over());
            of_node.any(|session| session.is_agent_away())
        };
        if self.with_faults_quietly(|faults| faults.agents_gone) || one_is_gone() {
            return None;
        }
        match lock(&self.nodes).iter().find(|node| node.id == target) {
            Some(node) => match node.ping {
                PingStatus::Online => Some(node.agent.clone()),
                PingStatus::ConnectionLost => None,
            },
            None => self.settings.unlisted_targets.clone(),
        }
    }

    /// The managed nodes as they are now.
    pub(crate) fn nodes(&self) -> Vec<Target> {
        lock(&self.nodes).clone()
    }

    /// Puts others in their place.
    pub(crate) fn set_nodes(&self, nodes: Vec<Target>) {
        *lock(&self.nodes) = nodes;
        self.note_change();
    }

    /// The nodes of which a session shows that their agents are away.
    pub(crate) fn silent_nodes(&self) -> HashSet<String> {
        self.sessions()
            .iter()
            .filter(|session| !session.is_over() && session.is_agent_away())
            .map(|session| session.target.clone())
            .collect()
    }

    /// Whether no agent is heard of at all.
    pub(crate) fn agents_are_gone(&self) -> bool {
        self.with_faults_quietly(|faults| faults.agents_gone)
    }

    /// Does what a fault says, to one session or to all.
    pub(crate) fn apply(self: &Arc<Self>, action: &Action, session: Option<&str>) {
        tracing::info!(?action, session, "fault");
        match action {
            Action::BlackHole { kind, milliseconds } => {
                self.set_hole(Hole::Of(*kind));
                if let Some(milliseconds) = *milliseconds {
                    let service = Arc::clone(self);
                    self.spawn(async move {
                        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                        service.set_hole(Hole::None);
                    });
                }
            }
            Action::Freeze => {
                self.frozen.send_replace(true);
            }
            Action::Thaw => {
                self.frozen.send_replace(false);
            }
            Action::AgentGone | Action::AgentBack if session.is_none() => {
                let gone = *action == Action::AgentGone;
                self.with_faults(|faults| faults.agents_gone = gone);
                self.apply_to_each(action, None);
            }
            Action::Close { .. }
            | Action::Reset
            | Action::Drop
            | Action::AgentGone
            | Action::AgentBack
            | Action::AgentLost
            | Action::SessionLost
            | Action::ChannelClosed { .. }
            | Action::GarbageFrame
            | Action::TextFrame
            | Action::BadSmuxFrame
            | Action::PausePublication
            | Action::StartPublication
            | Action::ExpireTokens => self.apply_to_each(action, session),
        }
    }

    fn apply_to_each(self: &Arc<Self>, action: &Action, session: Option<&str>) {
        for each in self.sessions() {
            if session.is_none_or(|id| id == each.id) && !each.is_over() {
                self.apply_to(action, &each);
            }
        }
    }

    fn apply_to(self: &Arc<Self>, action: &Action, session: &Arc<Session>) {
        match action {
            Action::Close { code, reason } => session.close_client(*code, reason),
            Action::Reset => session.break_client(self, crate::link::Breaker::reset),
            Action::Drop => session.break_client(self, crate::link::Breaker::drop_connection),
            Action::AgentGone => session.agent_gone(self),
            Action::AgentBack => session.agent_back(self),
            Action::AgentLost => session.agent_lost(self),
            Action::SessionLost => {
                session.break_client(self, crate::link::Breaker::reset);
                session.end(self, TerminatedBy::Fault, "");
            }
            Action::ChannelClosed { output } => session.end(self, TerminatedBy::Fault, output),
            Action::GarbageFrame => {
                let frame = self.with_random(garbage_frame);
                session.to_client_raw(Item::Frame(frame));
            }
            Action::TextFrame => session.to_client_raw(Item::Text("not a message".to_owned())),
            Action::BadSmuxFrame => session.inject_into_agent(),
            Action::PausePublication => session.announce(self, false),
            Action::StartPublication => session.announce(self, true),
            Action::ExpireTokens => session.expire_tokens(),
            // These concern no single session.
            Action::BlackHole { .. } | Action::Freeze | Action::Thaw => {}
        }
    }

    /// Forgets the sessions, so that nothing is kept alive by a circle.
    pub(crate) fn shut_down(&self) {
        self.stop.cancel();
        self.tasks.close();
        lock(&self.sessions).clear();
    }
}

/// A lock that a panicking test thread poisoned still guards consistent data: every change
/// under these locks is complete before anything can panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
