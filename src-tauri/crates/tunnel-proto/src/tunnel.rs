//! The policy of one tunnel: when to start, resume, renew, replace and end its sessions, and
//! where its connections go.

mod answers;
mod candidates;
pub(crate) mod drops;
mod ending;
mod io;
mod loss;
mod pool;
mod renewal;
mod replacing;
mod retrying;
mod sessions;
mod state;
mod surroundings;
mod unreached;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;
use ssm_data_channel::Clock;

use crate::evidence::{Cause, Happening, Record};
use crate::slot::{Ending, Outage, Phase, Renewing, Slot};
use crate::{Candidate, Choice, Close, SessionKey, Start, State, TunnelPolicy};

pub use drops::Loss;
pub use ending::STOP_PATIENCE;
pub use io::{Action, Event, Grant, Input, Purpose, RequestId, TunnelTimer};
pub use renewal::TAKE_PATIENCE;
pub use retrying::SIGN_IN_PROBE;
pub use sessions::{RenewalOutlook, SessionState, SessionStatus};
use state::News;
use surroundings::{Network, Power};

/// How long a session must be healthy until the outage before it is forgotten. Restoring the
/// budget at once would let a session over which nothing gets through be retried for ever. Each
/// new WebSocket is pinged at once, and is degraded while the answer is missing: one that is well
/// for so long has been heard.
const HEALING: Duration = Duration::from_secs(60);

/// The least time between two events that differ in numbers alone: each connection that comes or
/// goes changes them.
const NUMBERS_PAUSE: Duration = Duration::from_secs(1);

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
    /// Counts the time asleep, too.
    clock: Clock,
    random: ChaCha12Rng,
    /// Where sessions may be started, in order.
    candidates: Vec<Candidate>,
    /// The time of the last call.
    now: Instant,
    /// The node that was chosen last.
    choice: Option<Choice>,
    intent: Intent,
    network: Network,
    power: Power,
    slots: Vec<Slot>,
    next_key: u32,
    waiting: VecDeque<Waiting>,
    /// Since when it connects, where no outage is the reason for it, Unix milliseconds: when it
    /// was made, or when a lazy one was wanted.
    started: u64,
    has_been_up: bool,
    /// Unix milliseconds.
    up_since: Option<u64>,
    /// Since when it is up and not well, Unix milliseconds.
    degraded_since: Option<u64>,
    /// A lazy tunnel's last session could not be had.
    rest: Option<ending::Rest>,
    /// Before that, the pool is not grown: the last attempt was refused.
    growth_refused_until: Option<Instant>,
    /// How long the latest session took from the request until it could carry connections.
    start_took: Option<Duration>,
    /// Since when no local connection has been there; only kept for a lazy tunnel.
    unused_since: Option<Instant>,
    reconnects: u32,
    renewals: u32,
    replacements: u32,
    last_close: Option<Close>,
    told: State,
    /// When that was told.
    told_at: Instant,
    /// When its numbers are to be told, which have changed since.
    numbers_due: Option<Instant>,
    /// The last connections that did not reach the destination.
    unreached: Option<unreached::Unreached>,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Waiting {
    request: RequestId,
    since: Instant,
}

impl Tunnel {
    /// Makes a tunnel. Unless it is lazy, it starts its first session at once.
    pub fn new(policy: TunnelPolicy, now: Instant, clock: Clock, seed: [u8; 32]) -> Self {
        let started = clock.unix_ms(now);
        let told = match policy.start {
            Start::AtOnce => State::Connecting { since: started },
            Start::Lazy { .. } => State::Listening,
        };
        let mut tunnel = Self {
            policy,
            clock,
            random: ChaCha12Rng::from_seed(seed),
            candidates: Vec::new(),
            now,
            choice: None,
            intent: Intent::Run,
            network: Network::Up,
            power: Power::Awake,
            slots: Vec::new(),
            next_key: 0,
            waiting: VecDeque::new(),
            started,
            has_been_up: false,
            up_since: None,
            degraded_since: None,
            rest: None,
            growth_refused_until: None,
            start_took: None,
            unused_since: None,
            reconnects: 0,
            renewals: 0,
            replacements: 0,
            last_close: None,
            told: told.clone(),
            told_at: now,
            numbers_due: None,
            unreached: None,
            actions: VecDeque::new(),
            events: VecDeque::from([Event::StateChanged(told.clone())]),
        };
        let what = Happening::State {
            state: told,
            cause: Cause::Started,
        };
        tunnel.record(now, what);
        if policy.start == Start::AtOnce {
            tunnel.start_session(now, None);
        }
        tunnel
    }

    /// Takes in what happened. Poll for actions and events afterwards.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        self.now = now;
        let cause = match input {
            Input::Granted(key, result) => self.handle_granted(now, key, result),
            Input::Asked(key, at) => self.handle_asked(key, at),
            Input::Dialled(key, result) => self.handle_dialled(now, key, result),
            Input::Chosen(key, choice) => {
                self.handle_chosen(now, key, choice);
                Cause::Started
            }
            Input::Established(key) => self.handle_established(now, key),
            Input::Lost(key, loss) => self.handle_lost(now, key, loss),
            Input::Over(key, problem, vitals) => self.handle_over(now, key, problem, vitals),
            Input::Refused(key, failure) => self.handle_refused(now, key, failure),
            Input::Degraded(key, illness) => self.handle_degraded(now, key, illness),
            Input::Load(key, load) => self.handle_load(key, load),
            Input::Quiet(key, vitals) => self.handle_quiet(now, key, vitals),
            Input::Renewed(key) => self.handle_renewed(now, key),
            Input::RenewalMissed(key) => self.handle_renewal_missed(now, key),
            Input::FlagDone(key) => self.handle_flag_done(key),
            Input::Terminated(key) => self.handle_terminated(key),
            Input::Accepted(request) => self.handle_accepted(now, request, now),
            Input::Returned(request, since) => self.handle_accepted(now, request, since),
            Input::Finished(key) => self.handle_finished(now, key),
            Input::Unreached(problem) => self.handle_unreached(now, problem),
            Input::NetworkDown => self.handle_network_down(),
            Input::NetworkUp => self.handle_network_up(now),
            Input::Sleeping => self.handle_sleeping(),
            Input::Woke { asleep } => self.handle_woke(now, asleep),
            Input::CredentialsChanged => self.handle_credentials_changed(now),
            Input::TryNow => self.handle_try_now(now),
            Input::Stop => self.handle_stop(now),
        };
        self.settle(now, cause);
    }

    /// Does what is due. Call it when the time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        if let Intent::Stop { deadline } = self.intent
            && deadline <= now
        {
            for slot in std::mem::take(&mut self.slots) {
                self.actions.push_back(Action::Discard(slot.key));
                // The process stood still for longer than the agent was to be waited for.
                if let (Phase::Ending(Ending::Flag { .. }), Some(id)) =
                    (slot.phase, slot.session_id)
                {
                    self.actions.push_back(Action::Abandon(id));
                }
            }
        }
        for at in 0..self.slots.len() {
            self.handle_slot_timeout(now, at);
        }
        self.place_waiting(now);
        self.reject_overdue(now);
        self.sum_up_unreached(now);
        let cause = match self.intent {
            Intent::Run if self.is_unused(now) => Cause::Idle,
            Intent::Run => Cause::Timer,
            Intent::Stop { .. } | Intent::Over(_) => Cause::Stopped,
        };
        self.settle(now, cause);
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
        let slots = self.slots.iter().filter_map(|slot| self.slot_timeout(slot));
        let stop = match self.intent {
            Intent::Stop { deadline } => Some((deadline, TunnelTimer::StopLimit)),
            Intent::Run | Intent::Over(_) => None,
        };
        let numbers = self.numbers_due.map(|due| (due, TunnelTimer::Numbers));
        slots
            .chain(self.unreached_timeout())
            .chain(self.pool_timeout())
            .chain(stop)
            .chain(numbers)
            .chain(self.lapse())
            .min_by_key(|(at, _)| *at)
    }

    /// Unix milliseconds at `now`, the time asleep included.
    pub fn unix_ms(&self, now: Instant) -> u64 {
        self.clock.unix_ms(now)
    }

    /// WebSockets that were lost and resumed so far.
    pub fn reconnects(&self) -> u32 {
        self.reconnects
    }

    /// WebSockets that were renewed ahead of time so far.
    pub fn renewals(&self) -> u32 {
        self.renewals
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
            .map(|slot| slot.connections())
            .fold(0, u32::saturating_add)
    }

    /// Sessions that can carry connections now.
    pub fn sessions_up(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_up()).count()
    }

    fn slot_timeout(&self, slot: &Slot) -> Option<(Instant, TunnelTimer)> {
        match &slot.phase {
            Phase::Waiting { until, .. } => Some((*until, TunnelTimer::Attempt(slot.key))),
            Phase::AwaitingSignIn { probe, .. } => {
                probe.map(|probe| (probe, TunnelTimer::SignInProbe(slot.key)))
            }
            Phase::Up(up) => {
                let healed = up.well_since().filter(|_| up.healing.is_some());
                let healed = healed.map(|since| (since + HEALING, TunnelTimer::Healed(slot.key)));
                let renewal = match up.renewing {
                    Renewing::Due { at } if self.power == Power::Awake => {
                        Some((at, TunnelTimer::Renewal(slot.key)))
                    }
                    Renewing::Due { .. }
                    | Renewing::Off
                    | Renewing::Quiet
                    | Renewing::Resuming
                    | Renewing::Dialling
                    | Renewing::Taking
                    | Renewing::QuietToClose => None,
                };
                healed.into_iter().chain(renewal).min_by_key(|(at, _)| *at)
            }
            Phase::Ending(Ending::Flag { until }) => {
                Some((*until, TunnelTimer::EndConfirmation(slot.key)))
            }
            Phase::Ending(Ending::Grant | Ending::Terminate)
            | Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Held { .. } => None,
        }
    }

    fn handle_slot_timeout(&mut self, now: Instant, at: usize) {
        match &mut self.slots[at].phase {
            Phase::Waiting {
                outage,
                until: due,
                step,
            }
            | Phase::AwaitingSignIn {
                outage,
                probe: Some(due),
                step,
            } if *due <= now => {
                let (outage, step) = (outage.clone(), *step);
                self.attempt(now, at, step, outage);
            }
            Phase::Up(up) => {
                if up.well_since().is_some_and(|since| since + HEALING <= now) {
                    up.healing = None;
                }
                self.renew_if_due(now, at);
            }
            Phase::Ending(Ending::Flag { until }) if *until <= now => self.terminate(at),
            Phase::Waiting { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(_)
            | Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Dialling { .. }
            | Phase::Handshaking { .. }
            | Phase::Held { .. } => {}
        }
    }

    fn start_session(&mut self, now: Instant, outage: Option<Outage>) {
        let key = self.next_key();
        self.slots.push(Slot::new(key, now, outage));
        self.actions.push_back(Action::Start(key));
    }

    fn next_key(&mut self) -> SessionKey {
        let key = SessionKey(self.next_key);
        self.next_key = self.next_key.wrapping_add(1);
        key
    }

    /// Draws the conclusions that follow from any change: the pool has its size, connections
    /// are placed, an ended tunnel says so, a changed state is told.
    fn settle(&mut self, now: Instant, cause: Cause) {
        match self.intent {
            Intent::Run => self.tend_pool(now),
            Intent::Stop { .. } if self.slots.is_empty() => {
                self.intent = Intent::Over(State::Off);
                self.events.push_back(Event::Stopped);
            }
            Intent::Stop { .. } | Intent::Over(_) => {}
        }
        self.up_since = match (self.slots.iter().any(Slot::is_up), self.up_since) {
            (true, None) => Some(self.clock.unix_ms(now)),
            (true, since) => since,
            (false, _) => None,
        };
        let degraded = self.up_since.is_some() && self.is_degraded();
        self.degraded_since = match (degraded, self.degraded_since) {
            (true, None) => Some(self.clock.unix_ms(now)),
            (true, since) => since,
            (false, _) => None,
        };
        self.place_waiting(now);
        self.tell_state(now, cause);
    }

    fn tell_state(&mut self, now: Instant, cause: Cause) {
        let state = self.state();
        let numbers_due = self.told_at + NUMBERS_PAUSE;
        self.numbers_due = None;
        match state::news(&self.told, &state) {
            News::None => return,
            News::Outlook if now < numbers_due => {
                self.numbers_due = Some(numbers_due);
                return;
            }
            News::Outlook => {}
            // No news for the history: the drop's record will list the answers.
            News::Attempt => {}
            News::State => {
                let what = Happening::State {
                    state: state.clone(),
                    cause,
                };
                self.record(now, what);
            }
        }
        self.told = state.clone();
        self.told_at = now;
        self.events.push_back(Event::StateChanged(state));
    }

    fn record(&mut self, now: Instant, what: Happening) {
        let at = self.clock.unix_ms(now);
        self.events
            .push_back(Event::Record(Box::new(Record { at, what })));
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
