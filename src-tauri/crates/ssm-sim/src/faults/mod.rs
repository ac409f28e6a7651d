//! What can be made to go wrong, from code; the control API offers the same by HTTP.

mod kinds;
mod state;

use std::sync::Arc;
use std::time::Duration;

use ssm_message::MessageType;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::link::{BlackHole, Hole, Link};
use crate::service::Service;
use crate::settings::{ResumeWhileConnected, SessionGone};

pub use kinds::{Action, ApiFault, Deny, Direction, Lasting, MessageFaults, Operation, Refusal};
use state::{Cut, LoseNext};
pub(crate) use state::{Due, Fate, FaultState, Limited, garbage_frame};

/// Tells when a [`cut_after`](Faults::cut_after) has happened.
#[derive(Debug)]
pub struct Tripped(oneshot::Receiver<()>);

impl Tripped {
    /// Waits until the bytes have passed and the action is done. `false` if that can no longer
    /// happen because the faults were cleared or the simulator was stopped.
    pub async fn happened(self) -> bool {
        self.0.await.is_ok()
    }
}

/// The handle that makes things go wrong. Cheap to clone.
///
/// It acts on all sessions unless it was narrowed by [`of_session`](Self::of_session); what
/// concerns the network (latency, bandwidth, black holes), the API or freezing is always global.
#[derive(Debug, Clone)]
pub struct Faults {
    service: Arc<Service>,
    session: Option<String>,
}

impl Faults {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        Self {
            service,
            session: None,
        }
    }

    /// Returns a handle whose actions, and whose [`cut_after`](Self::cut_after), concern one
    /// session only.
    pub fn of_session(&self, id: &str) -> Self {
        Self {
            service: Arc::clone(&self.service),
            session: Some(id.to_owned()),
        }
    }

    /// Does something now.
    pub fn apply(&self, action: &Action) {
        self.service.apply(action, self.session.as_deref());
    }

    /// Closes the client's WebSocket.
    pub fn close(&self, code: u16, reason: &str) {
        self.apply(&Action::Close {
            code,
            reason: reason.to_owned(),
        });
    }

    /// Resets the client's TCP connection.
    pub fn reset(&self) {
        self.apply(&Action::Reset);
    }

    /// Lets no byte pass, for a time or until [`end_black_hole`](Self::end_black_hole).
    pub fn black_hole(&self, kind: BlackHole, duration: Option<Duration>) {
        self.apply(&Action::BlackHole {
            kind,
            milliseconds: duration.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
        });
    }

    /// Lets bytes pass again. Connections whose bytes were swallowed stay dead.
    pub fn end_black_hole(&self) {
        self.service.set_hole(Hole::None);
    }

    /// Stops the gateway's WebSockets without closing them.
    pub fn freeze(&self) {
        self.apply(&Action::Freeze);
    }

    /// Ends [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.apply(&Action::Thaw);
    }

    /// Takes the agents away, those of nodes without a session, too.
    pub fn agent_gone(&self) {
        self.apply(&Action::AgentGone);
    }

    /// Brings the agents back.
    pub fn agent_back(&self) {
        self.apply(&Action::AgentBack);
    }

    /// Lets the agents forget their sessions; those stay resumable and nobody answers.
    pub fn agent_lost(&self) {
        self.apply(&Action::AgentLost);
    }

    /// Ends the session without a word: the client's TCP connection is reset.
    pub fn session_lost(&self) {
        self.apply(&Action::SessionLost);
    }

    /// Ends the session with `channel_closed` and this text.
    pub fn channel_closed(&self, output: &str) {
        self.apply(&Action::ChannelClosed {
            output: output.to_owned(),
        });
    }

    /// Does something as soon as so many bytes of session data (payloads of type Output) have
    /// passed in that direction, counted from now, what is sent again not included. The message
    /// that completes them passes.
    pub fn cut_after(&self, direction: Direction, bytes: u64, action: Action) -> Tripped {
        let (tripped, handle) = oneshot::channel();
        self.service.with_faults(|faults| {
            faults.cuts.push(Cut {
                session: self.session.clone(),
                direction,
                remaining: bytes,
                action,
                tripped: Some(tripped),
            });
        });
        Tripped(handle)
    }

    /// Sets one-way latency of every connection; a round trip takes twice as long.
    pub fn latency(&self, latency: Duration) {
        self.service.change_link(|link| link.latency = latency);
    }

    /// Sets the most by which the latency varies; order is kept.
    pub fn jitter(&self, jitter: Duration) {
        self.service.change_link(|link| link.jitter = jitter);
    }

    /// Limits each connection, each way, to so many bytes a second; `None`: no limit.
    pub fn bandwidth(&self, bytes_per_second: Option<u64>) {
        self.service
            .change_link(|link| link.bandwidth = bytes_per_second);
    }

    /// Sets the random faults of messages in one direction.
    pub fn messages(&self, direction: Direction, messages: MessageFaults) {
        self.service
            .with_faults(|faults| *faults.messages_mut(direction) = messages);
    }

    /// Loses the next so many messages of a type in one direction.
    pub fn lose_next(&self, direction: Direction, message_type: MessageType, count: u32) {
        self.service.with_faults(|faults| {
            faults.lose_next.push(LoseNext {
                session: self.session.clone(),
                direction,
                message_type,
                remaining: count,
            });
        });
    }

    /// Lets an operation fail: so many times (`Some(3)`), for a [`Duration`], or (`None`) until
    /// [`clear_api`](Self::clear_api).
    pub fn fail_api(&self, operation: Operation, fault: ApiFault, lasting: impl Into<Lasting>) {
        let limited = Limited::new(fault, lasting.into(), Instant::now());
        self.service.with_faults(|faults| {
            faults.api.insert(operation, limited);
        });
    }

    /// Lets an operation work again, the calls that hang included (they are answered now).
    pub fn clear_api(&self, operation: Operation) {
        self.service.with_faults(|faults| {
            faults.api.remove(&operation);
        });
    }

    /// Refuses WebSocket upgrades: so many times (`Some(3)`), for a [`Duration`], or (`None`)
    /// until [`accept_upgrades`](Self::accept_upgrades).
    pub fn refuse_upgrades(&self, refusal: Refusal, lasting: impl Into<Lasting>) {
        let limited = Limited::new(refusal, lasting.into(), Instant::now());
        self.service
            .with_faults(|faults| faults.upgrades = Some(limited));
    }

    /// Lets WebSocket upgrades work again.
    pub fn accept_upgrades(&self) {
        self.service.with_faults(|faults| faults.upgrades = None);
    }

    /// Makes StartSession and ResumeSession answer this `StreamUrl`; `None`: the right one.
    /// `/not-a-websocket` of the endpoint answers any request with HTML.
    pub fn stream_url(&self, url: Option<&str>) {
        self.service
            .with_faults(|faults| faults.stream_url = url.map(str::to_owned));
    }

    /// Makes every unused token worthless.
    pub fn expire_tokens(&self) {
        self.apply(&Action::ExpireTokens);
    }

    /// Makes the credentials expired (or valid again): API calls get ExpiredTokenException,
    /// upgrades a 403.
    pub fn expire_credentials(&self, expired: bool) {
        self.service
            .with_faults(|faults| faults.credentials_expired = expired);
    }

    /// Makes the credentials with this access key id expired from then on: what is signed with
    /// them gets ExpiredTokenException, upgrades a 403.
    pub fn expire_key(&self, access_key: &str, after: Duration) {
        let at = Instant::now() + after;
        self.service.with_faults(|faults| {
            faults.expired_keys.insert(access_key.to_owned(), at);
        });
    }

    /// Denies an action, until [`clear`](Self::clear).
    pub fn deny(&self, deny: Deny) {
        self.service.with_faults(|faults| faults.denied.push(deny));
    }

    /// Sets the service's clock ahead of this machine's by so many seconds (behind, if
    /// negative): its dates say so, and signatures are refused accordingly.
    pub fn clock(&self, ahead: i64) {
        self.service
            .with_faults(|faults| faults.clock_ahead = ahead);
    }

    /// Chooses what ResumeSession does while a client's WebSocket is open.
    pub fn resume_while_connected(&self, choice: ResumeWhileConnected) {
        self.service
            .with_faults(|faults| faults.resume_while_connected = Some(choice));
    }

    /// Chooses how ResumeSession says that a session is over.
    pub fn session_gone(&self, choice: SessionGone) {
        self.service
            .with_faults(|faults| faults.session_gone = Some(choice));
    }

    /// Ends sessions, those that live included, over which no data passed for so long; `None`:
    /// as [`Settings::idle_timeout`](crate::Settings::idle_timeout) says.
    pub fn idle_timeout(&self, timeout: Option<Duration>) {
        self.service
            .with_faults(|faults| faults.idle_timeout = timeout);
    }

    /// Ends sessions, those that live included, that are so old; `None`: as
    /// [`Settings::max_duration`](crate::Settings::max_duration) says.
    pub fn max_duration(&self, duration: Option<Duration>) {
        self.service
            .with_faults(|faults| faults.max_duration = duration);
    }

    /// Ends every fault that lasts; what has happened stays so.
    pub fn clear(&self) {
        self.service.with_faults(|faults| {
            let random = faults.random.clone();
            *faults = FaultState::new(random);
        });
        self.service.change_link(|link| *link = Link::default());
        self.apply(&Action::Thaw);
        self.apply(&Action::AgentBack);
    }
}
