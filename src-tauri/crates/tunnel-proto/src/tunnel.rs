//! The policy of one tunnel: when to start, resume, replace and end its sessions, and where
//! its connections go.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;
use ssm_data_channel::Clock;

use crate::backoff::Backoff;
use crate::slot::{Ending, Outage, Phase, Slot, Step};
use crate::{Close, Failure, Next, Problem, SessionKey, State, TunnelPolicy};

/// How long a session must be healthy until the outage before it is forgotten. Restoring the
/// budget at once would let a session over which nothing gets through be retried for ever.
const HEALING: Duration = Duration::from_secs(60);

/// A WebSocket that lived shorter than this is not resumed without a pause when the one before
/// was lost a short while ago.
const SHORT_LIFE: Duration = Duration::from_secs(1);

/// How long the agent has to acknowledge the flag that ends a session.
const FLAG_PATIENCE: Duration = Duration::from_millis(500);

/// How long stopping may take altogether.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// How often the credentials are looked at again while the user has to sign in. It costs no
/// prompt and no request that can be refused twice: an expired login fails locally.
const SIGN_IN_PROBE: Duration = Duration::from_secs(60);

/// The service's answer to StartSession or ResumeSession.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// Names the session at the service.
    pub session_id: String,
    /// Where the WebSocket is to be opened. May be pre-signed, so it is as secret as the token.
    pub stream_url: String,
    /// What the WebSocket's first message shows. Secret.
    pub token: String,
}

/// Leaves the secrets out.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("session_id", &self.session_id)
            .finish_non_exhaustive()
    }
}

/// Names an accepted local connection that has no session yet. Chosen by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// What happens to a tunnel.
#[derive(Debug)]
pub enum Input {
    /// The answer to [`Action::Start`] or [`Action::Resume`].
    Granted(SessionKey, Result<Grant, Failure>),
    /// The answer to [`Action::Dial`].
    Dialled(SessionKey, Result<(), Failure>),
    /// The session's handshake is done.
    Established(SessionKey),
    /// The session's WebSocket is gone.
    Lost {
        /// The session.
        session: SessionKey,
        /// How it ended.
        close: Close,
        /// Whether it had brought the session forward ([`Session::has_progressed`]).
        ///
        /// [`Session::has_progressed`]: crate::Session::has_progressed
        progressed: bool,
    },
    /// The session can't go on, whatever becomes of its WebSocket.
    Over(SessionKey, Problem),
    /// Something is wrong with a session that lives, or is so no more.
    Degraded(SessionKey, Option<Problem>),
    /// The agent acknowledged the flag that ends the session, or can't be sent it: it is too
    /// old, or not connected.
    FlagDone(SessionKey),
    /// TerminateSession was answered, one way or the other.
    Terminated(SessionKey),
    /// A local connection was accepted.
    Accepted(RequestId),
    /// A connection that was placed on this session has ended.
    Finished(SessionKey),
    /// The user has signed in, or does not want to wait for the next attempt: what waits is
    /// tried at once.
    SignedIn,
    /// The tunnel is no longer wanted.
    Stop,
}

/// What the driver is to do. Each is done once, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Call StartSession and make a session engine; answered by [`Input::Granted`].
    Start(SessionKey),
    /// Call ResumeSession; answered by [`Input::Granted`].
    Resume(SessionKey, String),
    /// Open a WebSocket and give it to the session's engine; answered by [`Input::Dialled`].
    Dial(SessionKey, Grant),
    /// Send the agent the flag that ends the session.
    SendEnd(SessionKey),
    /// Call TerminateSession; answered by [`Input::Terminated`].
    Terminate(SessionKey, String),
    /// Call TerminateSession for a session that is given up; nobody waits for the answer.
    Abandon(String),
    /// Drop the session's engine, its WebSocket and its connections.
    Discard(SessionKey),
    /// Carry a waiting connection on this session.
    Place(RequestId, SessionKey),
    /// Close a waiting connection.
    Reject(RequestId),
}

/// What the driver may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The tunnel's public state is another one now.
    StateChanged(State),
    /// A WebSocket is gone.
    Lost {
        /// Whose it was.
        session: SessionKey,
        /// How it ended.
        close: Close,
    },
    /// A session had to be given up; a new one takes its place.
    Replaced {
        /// The session that was given up.
        session: SessionKey,
        /// Why.
        problem: Problem,
    },
    /// Every session is ended: the tunnel is off.
    Stopped,
    /// The tunnel has given up; it does nothing any more.
    Failed(Problem),
}

/// Why [`Tunnel::handle_timeout`] wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelTimer {
    /// A session's next attempt is due.
    Attempt(SessionKey),
    /// A session was healthy for long enough to forget its last outage.
    Healed(SessionKey),
    /// The credentials are to be looked at again.
    SignInProbe(SessionKey),
    /// A waiting connection has waited long enough.
    WaitLimit(RequestId),
    /// The agent did not acknowledge the end of its session.
    EndConfirmation(SessionKey),
    /// Stopping has taken long enough.
    StopLimit,
}

/// What the tunnel is meant to be.
#[derive(Debug)]
enum Intent {
    Run,
    Stop {
        deadline: Instant,
    },
    /// Stopped or failed; the state that is left.
    Over(State),
}

/// The policy of one tunnel. Sans-IO: see the crate's documentation for the contract.
#[derive(Debug)]
pub struct Tunnel {
    policy: TunnelPolicy,
    clock: Clock,
    random: ChaCha12Rng,
    intent: Intent,
    slots: Vec<Slot>,
    next_key: u32,
    waiting: VecDeque<Waiting>,
    /// When the tunnel was made: the time of its first connecting.
    started: Instant,
    has_been_up: bool,
    up_since: Option<Instant>,
    reconnects: u32,
    replacements: u32,
    last_close: Option<Close>,
    told: State,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Waiting {
    request: RequestId,
    deadline: Instant,
}

impl Tunnel {
    /// Makes a tunnel that starts its first session at once.
    pub fn new(policy: TunnelPolicy, now: Instant, clock: Clock, seed: [u8; 32]) -> Self {
        let told = State::Connecting {
            since: clock.unix_ms(now),
        };
        let mut tunnel = Self {
            policy,
            clock,
            random: ChaCha12Rng::from_seed(seed),
            intent: Intent::Run,
            slots: Vec::new(),
            next_key: 0,
            waiting: VecDeque::new(),
            started: now,
            has_been_up: false,
            up_since: None,
            reconnects: 0,
            replacements: 0,
            last_close: None,
            told: told.clone(),
            actions: VecDeque::new(),
            events: VecDeque::from([Event::StateChanged(told)]),
        };
        tunnel.start_session(None);
        tunnel
    }

    /// Takes in what happened. Poll for actions and events afterwards.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Granted(key, result) => self.handle_granted(now, key, result),
            Input::Dialled(key, result) => self.handle_dialled(now, key, result),
            Input::Established(key) => self.handle_established(now, key),
            Input::Lost {
                session,
                close,
                progressed,
            } => {
                self.handle_lost(now, session, close, progressed);
            }
            Input::Over(key, problem) => {
                let outage = self.slot(key).and_then(Slot::take_outage);
                self.replace(now, key, problem, outage);
            }
            Input::Degraded(key, problem) => self.handle_degraded(key, problem),
            Input::FlagDone(key) => self.handle_flag_done(key),
            Input::Terminated(key) => self.handle_terminated(key),
            Input::Accepted(request) => self.handle_accepted(now, request),
            Input::Finished(key) => {
                if let Some(slot) = self.slot(key) {
                    slot.connections = slot.connections.saturating_sub(1);
                }
            }
            Input::SignedIn => self.handle_signed_in(),
            Input::Stop => self.handle_stop(now),
        }
        self.settle(now);
    }

    /// Does what is due. Call it when the time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Intent::Stop { deadline } = self.intent
            && deadline <= now
        {
            for slot in std::mem::take(&mut self.slots) {
                self.actions.push_back(Action::Discard(slot.key));
            }
        }
        for at in 0..self.slots.len() {
            self.handle_slot_timeout(now, at);
        }
        while let Some(waiting) = self.waiting.front()
            && waiting.deadline <= now
        {
            self.actions.push_back(Action::Reject(waiting.request));
            self.waiting.pop_front();
        }
        self.settle(now);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, TunnelTimer)> {
        let slots = self.slots.iter().filter_map(|slot| match &slot.phase {
            Phase::Waiting { until, .. } => Some((*until, TunnelTimer::Attempt(slot.key))),
            Phase::AwaitingSignIn { probe, .. } => {
                Some((*probe, TunnelTimer::SignInProbe(slot.key)))
            }
            Phase::Up {
                since,
                healing: Some(_),
                ..
            } => Some((*since + HEALING, TunnelTimer::Healed(slot.key))),
            Phase::Ending(Ending::Flag { until }) => {
                Some((*until, TunnelTimer::EndConfirmation(slot.key)))
            }
            Phase::Ending(Ending::Grant | Ending::Terminate)
            | Phase::Up { healing: None, .. }
            | Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. } => None,
        });
        let waiting = self
            .waiting
            .front()
            .map(|waiting| (waiting.deadline, TunnelTimer::WaitLimit(waiting.request)));
        let stop = match self.intent {
            Intent::Stop { deadline } => Some((deadline, TunnelTimer::StopLimit)),
            Intent::Run | Intent::Over(_) => None,
        };
        slots.chain(waiting).chain(stop).min_by_key(|(at, _)| *at)
    }

    /// The tunnel's public state.
    pub fn state(&self) -> State {
        match &self.intent {
            Intent::Run => self.running_state(),
            Intent::Stop { .. } => State::Stopping,
            Intent::Over(state) => state.clone(),
        }
    }

    /// WebSockets that were lost and resumed so far.
    pub fn reconnects(&self) -> u32 {
        self.reconnects
    }

    /// Sessions that were given up and replaced so far.
    pub fn replacements(&self) -> u32 {
        self.replacements
    }

    /// How the last WebSocket ended.
    pub fn last_close(&self) -> Option<&Close> {
        self.last_close.as_ref()
    }

    /// Accepted connections that wait for a session.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Connections that are placed on sessions and have not ended.
    pub fn connections(&self) -> u32 {
        self.slots
            .iter()
            .map(|slot| slot.connections)
            .fold(0, u32::saturating_add)
    }

    /// Sessions that can carry connections now.
    pub fn sessions_up(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_up()).count()
    }

    fn handle_granted(&mut self, now: Instant, key: SessionKey, result: Result<Grant, Failure>) {
        let Some(at) = self.position(key) else {
            // The slot was given up meanwhile: what was granted must not be left behind.
            if let Ok(grant) = result {
                self.actions.push_back(Action::Abandon(grant.session_id));
            }
            return;
        };
        let slot = &mut self.slots[at];
        let step = match &slot.phase {
            Phase::Starting { .. } => Step::Start,
            Phase::Resuming { .. } => Step::Resume,
            Phase::Ending(Ending::Grant) => return self.end_granted(at, result),
            Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Up { .. }
            | Phase::Waiting { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(Ending::Flag { .. } | Ending::Terminate) => return,
        };
        match result {
            Ok(grant) => {
                slot.accept(&grant);
                slot.phase = Phase::Dialling {
                    outage: slot.take_outage(),
                };
                self.actions.push_back(Action::Dial(key, grant));
            }
            Err(failure) => self.handle_failure(now, at, step, failure),
        }
    }

    fn handle_dialled(&mut self, now: Instant, key: SessionKey, result: Result<(), Failure>) {
        let Some(at) = self.position(key) else { return };
        let slot = &mut self.slots[at];
        let Phase::Dialling { outage } = &mut slot.phase else {
            return;
        };
        match result {
            Ok(()) if slot.established => {
                slot.phase = Phase::Up {
                    since: now,
                    healing: outage.take(),
                    degraded: None,
                };
                self.reconnects = self.reconnects.saturating_add(1);
            }
            Ok(()) => {
                slot.phase = Phase::Handshaking {
                    outage: outage.take(),
                }
            }
            // A token is good for one WebSocket and for a short time: ask for a new one.
            Err(failure) => self.handle_failure(now, at, Step::Resume, failure),
        }
    }

    fn handle_established(&mut self, now: Instant, key: SessionKey) {
        let Some(slot) = self.slot(key) else { return };
        slot.established = true;
        if let Phase::Handshaking { outage } = &mut slot.phase {
            slot.phase = Phase::Up {
                since: now,
                healing: outage.take(),
                degraded: None,
            };
        }
        if !self.has_been_up {
            self.has_been_up = true;
            while self.slots.len() < usize::from(self.policy.sessions.least()) {
                self.start_session(None);
            }
        }
    }

    fn handle_lost(&mut self, now: Instant, key: SessionKey, close: Close, progressed: bool) {
        // The last words of a session that was given up are nobody's business any more.
        let Some(at) = self.position(key) else { return };
        let problem = close.problem();
        self.last_close = Some(close.clone());
        self.events.push_back(Event::Lost {
            session: key,
            close,
        });
        let slot = &mut self.slots[at];
        let lived = match &slot.phase {
            Phase::Up { since, .. } => now.saturating_duration_since(*since),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Waiting { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(_) => Duration::ZERO,
        };
        match &slot.phase {
            Phase::Up { .. } | Phase::Handshaking { .. } => match slot.take_outage() {
                None => self.attempt(at, Step::Resume, Outage::new(now, problem)),
                // It broke again soon, but something got through: it works, if badly. A long
                // pause would only slow the bytes down; none at all would call the service as
                // fast as it cuts.
                Some(_) if progressed && lived >= SHORT_LIFE => {
                    self.attempt(at, Step::Resume, Outage::new(now, problem));
                }
                Some(_) if progressed => {
                    self.retry(now, at, Step::Resume, Outage::new(now, problem));
                }
                // It broke again before anything got through: the budget in time runs on.
                Some(outage) => self.retry(now, at, Step::Resume, Outage { problem, ..outage }),
            },
            // The flag may not have arrived.
            Phase::Ending(Ending::Flag { .. }) => self.terminate(at),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Waiting { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(Ending::Grant | Ending::Terminate) => {}
        }
    }

    fn handle_degraded(&mut self, key: SessionKey, problem: Option<Problem>) {
        if let Some(slot) = self.slot(key)
            && let Phase::Up { degraded, .. } = &mut slot.phase
        {
            *degraded = problem;
        }
    }

    /// Decides what follows a request that failed.
    fn handle_failure(&mut self, now: Instant, at: usize, step: Step, failure: Failure) {
        let Failure { next, problem } = failure;
        let slot = &mut self.slots[at];
        let outage = match slot.take_outage() {
            Some(outage) => Outage {
                problem: problem.clone(),
                ..outage
            },
            None => Outage::new(now, problem.clone()),
        };
        let was_up = self.has_been_up;
        match (next, step) {
            (Next::Retry, step) => self.retry(now, at, step, outage),
            (Next::AwaitTarget, step) if was_up => self.retry(now, at, step, outage),
            // Credentials are asked for anew with each attempt: one more tells whether the
            // source has newer ones.
            (Next::NewCredentials, step) if outage.attempt <= 1 => {
                self.retry(now, at, step, outage);
            }
            (Next::NewCredentials | Next::SignIn, step) => {
                self.slots[at].phase = Phase::AwaitingSignIn {
                    outage,
                    probe: now + SIGN_IN_PROBE,
                    step,
                };
            }
            (Next::AwaitTarget | Next::Stop, Step::Resume) if !was_up => self.fail(now, problem),
            // There is no use in resuming it: the next step is another session.
            (Next::NewSession | Next::AwaitTarget | Next::Stop, Step::Resume) => {
                let slot = &self.slots[at];
                // The service answers again: what was waited for while it did not is over.
                let backoff = if slot.established {
                    Backoff::default()
                } else {
                    outage.backoff
                };
                let (key, outage) = (slot.key, Outage { backoff, ..outage });
                self.replace(now, key, problem, Some(outage));
            }
            (Next::NewSession, Step::Start) => self.retry(now, at, Step::Start, outage),
            (Next::AwaitTarget | Next::Stop, Step::Start) => self.give_up_slot(now, at, outage),
        }
    }

    /// Waits for the next attempt, as long as the budget lasts.
    fn retry(&mut self, now: Instant, at: usize, step: Step, mut outage: Outage) {
        let others = || {
            self.others(at)
                .any(|slot| self.has_time(now, slot.outage()))
        };
        if !self.has_time(now, Some(&outage)) && !others() {
            return self.fail(now, outage.problem);
        }
        let until = now + outage.backoff.next(&mut self.random);
        outage.attempt = outage.attempt.saturating_add(1);
        self.slots[at].phase = Phase::Waiting {
            outage,
            until,
            step,
        };
    }

    /// Nothing can be done for this slot; the tunnel goes on while others carry it, or are
    /// being resumed.
    fn give_up_slot(&mut self, now: Instant, at: usize, outage: Outage) {
        let live = |slot: &Slot| slot.session_id.is_some() && self.has_time(now, slot.outage());
        if self.others(at).any(live) {
            // What is refused now may be allowed later; the pool asks again, seldom.
            let until = now + self.policy.retry_budget;
            self.slots[at].phase = Phase::Waiting {
                outage,
                until,
                step: Step::Start,
            };
        } else {
            self.fail(now, outage.problem);
        }
    }

    /// Whether an outage, if there is one, is within its budget.
    fn has_time(&self, now: Instant, outage: Option<&Outage>) -> bool {
        let budget = if self.has_been_up {
            self.policy.retry_budget
        } else {
            self.policy.start_budget
        };
        outage.is_none_or(|outage| now.saturating_duration_since(outage.since) < budget)
    }

    /// Every slot but this.
    fn others(&self, at: usize) -> impl Iterator<Item = &Slot> {
        let slots = self.slots.iter().enumerate();
        slots
            .filter(move |(other, _)| *other != at)
            .map(|(_, slot)| slot)
    }

    /// Starts an attempt now.
    fn attempt(&mut self, at: usize, step: Step, outage: Outage) {
        let slot = &mut self.slots[at];
        match (step, &slot.session_id) {
            (Step::Resume, Some(session_id)) => {
                self.actions
                    .push_back(Action::Resume(slot.key, session_id.clone()));
                slot.phase = Phase::Resuming { outage };
            }
            (Step::Start, _) | (Step::Resume, None) => {
                self.actions.push_back(Action::Start(slot.key));
                slot.phase = Phase::Starting {
                    outage: Some(outage),
                };
            }
        }
    }

    /// Gives a session up and starts another in its place: at once if it worked until now,
    /// otherwise after a pause, so that one that does not even come up is not replaced in a
    /// tight loop.
    fn replace(&mut self, now: Instant, key: SessionKey, problem: Problem, outage: Option<Outage>) {
        let Some(at) = self.position(key) else { return };
        if matches!(self.slots[at].phase, Phase::Ending(_)) {
            return self.handle_flag_done(key);
        }
        let slot = self.slots.remove(at);
        self.actions.push_back(Action::Discard(key));
        if let Some(session_id) = slot.session_id {
            self.actions.push_back(Action::Abandon(session_id));
        }
        self.replacements = self.replacements.saturating_add(1);
        self.events.push_back(Event::Replaced {
            session: key,
            problem: problem.clone(),
        });
        match outage {
            None if slot.established => self.start_session(Some(Outage::new(now, problem))),
            outage => {
                let outage = match outage {
                    Some(outage) => Outage { problem, ..outage },
                    None => Outage::new(now, problem),
                };
                let key = self.next_key();
                self.slots.push(Slot::new(key, None));
                self.retry(now, self.slots.len() - 1, Step::Start, outage);
            }
        }
    }

    fn start_session(&mut self, outage: Option<Outage>) {
        let key = self.next_key();
        self.slots.push(Slot::new(key, outage));
        self.actions.push_back(Action::Start(key));
    }

    fn next_key(&mut self) -> SessionKey {
        let key = SessionKey(self.next_key);
        self.next_key = self.next_key.wrapping_add(1);
        key
    }

    fn handle_accepted(&mut self, now: Instant, request: RequestId) {
        let running = matches!(self.intent, Intent::Run);
        if !running || self.waiting.len() >= self.policy.waiting_most {
            self.actions.push_back(Action::Reject(request));
            return;
        }
        self.waiting.push_back(Waiting {
            request,
            deadline: now + self.policy.wait_limit,
        });
    }

    /// Hands waiting connections to the session that carries the fewest.
    fn place_waiting(&mut self) {
        while !self.waiting.is_empty() {
            let up = self.slots.iter_mut().filter(|slot| slot.is_up());
            let best = up.min_by_key(|slot| (!slot.is_healthy(), slot.connections));
            let Some(slot) = best else { return };
            let Some(waiting) = self.waiting.pop_front() else {
                return;
            };
            slot.connections = slot.connections.saturating_add(1);
            self.actions
                .push_back(Action::Place(waiting.request, slot.key));
        }
    }

    fn handle_signed_in(&mut self) {
        for at in 0..self.slots.len() {
            if let Phase::AwaitingSignIn { outage, step, .. }
            | Phase::Waiting { outage, step, .. } = &self.slots[at].phase
            {
                let (outage, step) = (outage.clone(), *step);
                self.attempt(at, step, outage);
            }
        }
    }

    fn handle_slot_timeout(&mut self, now: Instant, at: usize) {
        match &mut self.slots[at].phase {
            Phase::Waiting {
                outage,
                until,
                step,
            } if *until <= now => {
                let (outage, step) = (outage.clone(), *step);
                self.attempt(at, step, outage);
            }
            Phase::AwaitingSignIn {
                outage,
                probe,
                step,
            } if *probe <= now => {
                let (outage, step) = (outage.clone(), *step);
                self.attempt(at, step, outage);
            }
            Phase::Up { since, healing, .. } if *since + HEALING <= now => *healing = None,
            Phase::Ending(Ending::Flag { until }) if *until <= now => self.terminate(at),
            Phase::Waiting { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Up { .. }
            | Phase::Ending(_)
            | Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. } => {}
        }
    }

    fn handle_stop(&mut self, now: Instant) {
        match self.intent {
            Intent::Run => {}
            Intent::Stop { .. } | Intent::Over(_) => return,
        }
        self.intent = Intent::Stop {
            deadline: now + STOP_PATIENCE,
        };
        self.reject_waiting();
        for at in (0..self.slots.len()).rev() {
            let slot = &mut self.slots[at];
            match (&slot.phase, &slot.session_id) {
                (Phase::Up { .. }, Some(_)) => {
                    slot.phase = Phase::Ending(Ending::Flag {
                        until: now + FLAG_PATIENCE,
                    });
                    self.actions.push_back(Action::SendEnd(slot.key));
                }
                (Phase::Starting { .. }, _) => slot.phase = Phase::Ending(Ending::Grant),
                (_, Some(_)) => self.terminate(at),
                (_, None) => self.remove(at),
            }
        }
    }

    fn end_granted(&mut self, at: usize, result: Result<Grant, Failure>) {
        match result {
            Ok(grant) => {
                self.slots[at].accept(&grant);
                self.terminate(at);
            }
            Err(_) => self.remove(at),
        }
    }

    /// The agent has heard, or never will. Either way the service is told as well: an agent
    /// that acknowledges the flag has been seen not to end.
    fn handle_flag_done(&mut self, key: SessionKey) {
        if let Some(at) = self.position(key)
            && matches!(self.slots[at].phase, Phase::Ending(Ending::Flag { .. }))
        {
            self.terminate(at);
        }
    }

    fn handle_terminated(&mut self, key: SessionKey) {
        if let Some(at) = self.position(key) {
            self.remove(at);
        }
    }

    fn terminate(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        match &slot.session_id {
            Some(session_id) => {
                self.actions
                    .push_back(Action::Terminate(slot.key, session_id.clone()));
                slot.phase = Phase::Ending(Ending::Terminate);
            }
            None => self.remove(at),
        }
    }

    fn remove(&mut self, at: usize) {
        let slot = self.slots.remove(at);
        self.actions.push_back(Action::Discard(slot.key));
    }

    fn reject_waiting(&mut self) {
        for waiting in self.waiting.drain(..) {
            self.actions.push_back(Action::Reject(waiting.request));
        }
    }

    /// Gives the tunnel up: nothing is left behind at the service or in the driver.
    fn fail(&mut self, now: Instant, problem: Problem) {
        self.reject_waiting();
        for slot in std::mem::take(&mut self.slots) {
            self.actions.push_back(Action::Discard(slot.key));
            if let Some(session_id) = slot.session_id {
                self.actions.push_back(Action::Abandon(session_id));
            }
        }
        let since = self.clock.unix_ms(now);
        self.intent = Intent::Over(State::Failed {
            since,
            problem: problem.clone(),
        });
        self.events.push_back(Event::Failed(problem));
    }

    /// Draws the conclusions that follow from any change: connections are placed, an ended
    /// tunnel says so, a changed state is told.
    fn settle(&mut self, now: Instant) {
        if let Intent::Stop { .. } = self.intent
            && self.slots.is_empty()
        {
            self.intent = Intent::Over(State::Off);
            self.events.push_back(Event::Stopped);
        }
        self.up_since = match (self.slots.iter().any(Slot::is_up), self.up_since) {
            (true, None) => Some(now),
            (true, since) => since,
            (false, _) => None,
        };
        self.place_waiting();
        let state = self.state();
        if state != self.told {
            self.told = state.clone();
            self.events.push_back(Event::StateChanged(state));
        }
    }

    fn running_state(&self) -> State {
        if let Some(since) = self.up_since {
            let since = self.clock.unix_ms(since);
            let degraded = self.slots.iter().find_map(|slot| match &slot.phase {
                Phase::Up {
                    degraded: Some(problem),
                    ..
                } => Some(problem.clone()),
                Phase::Up { degraded: None, .. }
                | Phase::Starting { .. }
                | Phase::Resuming { .. }
                | Phase::Dialling { .. }
                | Phase::Handshaking { .. }
                | Phase::Waiting { .. }
                | Phase::AwaitingSignIn { .. }
                | Phase::Ending(_) => None,
            });
            return match degraded {
                Some(problem) if !self.slots.iter().any(Slot::is_healthy) => {
                    State::Degraded { since, problem }
                }
                Some(_) | None => State::Up { since },
            };
        }
        // The slot that comes back first speaks for the tunnel; one that is being started for
        // the first time has nothing to say.
        let out = self.slots.iter().filter(|slot| slot.outage().is_some());
        let next = out.min_by_key(|slot| match &slot.phase {
            Phase::AwaitingSignIn { .. } => (1, None),
            Phase::Waiting { until, .. } => (0, Some(*until)),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Up { .. }
            | Phase::Ending(_) => (0, None),
        });
        let Some((slot, outage)) = next.and_then(|slot| Some((slot, slot.outage()?))) else {
            return State::Connecting {
                since: self.clock.unix_ms(self.started),
            };
        };
        let since = self.clock.unix_ms(outage.since);
        let problem = outage.problem.clone();
        let next_attempt = match &slot.phase {
            Phase::AwaitingSignIn { .. } => return State::NeedsSignIn { since, problem },
            Phase::Waiting { until, .. } => Some(self.clock.unix_ms(*until)),
            Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Up { .. }
            | Phase::Ending(_) => None,
        };
        State::Reconnecting {
            since,
            attempt: outage.attempt,
            next_attempt,
            problem,
        }
    }

    fn position(&self, key: SessionKey) -> Option<usize> {
        self.slots.iter().position(|slot| slot.key == key)
    }

    fn slot(&mut self, key: SessionKey) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.key == key)
    }
}

#[cfg(test)]
mod tests;
