//! What can be made to go wrong, from code; the control API offers the same by HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use ssm_message::MessageType;
use tokio::sync::oneshot;

use crate::link::{BlackHole, Hole, Link};
use crate::random::Random;
use crate::service::Service;
use crate::session::Session;

/// One way through the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the client: uploads.
    ToAgent,
    /// From the agent: downloads.
    ToClient,
}

/// Something that goes wrong once, now or after so many bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// The gateway closes the client's WebSocket.
    Close {
        /// WebSocket close code.
        code: u16,
        /// Close reason.
        #[serde(default)]
        reason: String,
    },
    /// The client's TCP connection is reset (RST); what was on its way is lost.
    Reset,
    /// The client's TCP connection is closed without a WebSocket close.
    Drop,
    /// No byte passes any connection, new ones included.
    BlackHole {
        /// What becomes of the bytes.
        #[serde(default)]
        kind: BlackHole,
        /// For how long, in milliseconds; for ever (until
        /// [`end_black_hole`](Faults::end_black_hole)) if absent.
        #[serde(default)]
        milliseconds: Option<u64>,
    },
    /// The gateway stops serving its WebSockets: they stay open, nothing is answered, pings
    /// neither. API calls still are.
    Freeze,
    /// Ends [`Freeze`](Self::Freeze).
    Thaw,
    /// The agent's connection to the gateway is lost. It sends on into the void; its node
    /// is not connected either.
    AgentGone,
    /// The agent is back; its session lives on.
    AgentBack,
    /// The session is ended with `channel_closed`.
    ChannelClosed {
        /// Its text.
        #[serde(default)]
        output: String,
    },
    /// The client gets a binary frame that is no message.
    GarbageFrame,
    /// The client gets a text frame, which never comes after OpenDataChannel.
    TextFrame,
    /// The client gets a well-formed message whose payload is no smux frame.
    BadSmuxFrame,
    /// The client is told `pause_publication`.
    PausePublication,
    /// The client is told `start_publication`.
    StartPublication,
    /// Every token that was given out and not used yet is worth nothing.
    ExpireTokens,
}

/// Random faults of messages in one direction, in percent of messages. Acknowledgements are
/// messages too.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageFaults {
    /// Messages that are lost.
    pub loss: f64,
    /// Messages that come twice.
    pub duplicates: f64,
    /// Messages that come after the one that follows them.
    pub reordering: f64,
}

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// `AmazonSSM.StartSession`
    StartSession,
    /// `AmazonSSM.ResumeSession`
    ResumeSession,
    /// `AmazonSSM.TerminateSession`
    TerminateSession,
    /// `AmazonSSM.DescribeSessions`
    DescribeSessions,
    /// `AmazonSSM.GetConnectionStatus`
    GetConnectionStatus,
    /// `AmazonSSM.DescribeInstanceInformation`
    DescribeInstanceInformation,
    /// `TrentService.GenerateDataKey`
    GenerateDataKey,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 7] = [
        Self::StartSession,
        Self::ResumeSession,
        Self::TerminateSession,
        Self::DescribeSessions,
        Self::GetConnectionStatus,
        Self::DescribeInstanceInformation,
        Self::GenerateDataKey,
    ];

    /// Returns the operation's name, as it stands in `X-Amz-Target`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StartSession => "StartSession",
            Self::ResumeSession => "ResumeSession",
            Self::TerminateSession => "TerminateSession",
            Self::DescribeSessions => "DescribeSessions",
            Self::GetConnectionStatus => "GetConnectionStatus",
            Self::DescribeInstanceInformation => "DescribeInstanceInformation",
            Self::GenerateDataKey => "GenerateDataKey",
        }
    }
}

/// How an operation fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ApiFault {
    /// It is answered with an error.
    Error {
        /// `ThrottlingException`, `AccessDeniedException`, …
        code: String,
        /// The error's message.
        #[serde(default)]
        message: String,
        /// HTTP status.
        #[serde(default = "bad_request")]
        status: u16,
    },
    /// It is never answered while the fault lasts; the client must give up.
    Hang,
    /// It is answered with 200 and a body that is not JSON, as a captive portal does.
    Html,
}

fn bad_request() -> u16 {
    400
}

/// How WebSocket upgrades are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// HTTP status: 403, 500, or 200 for the HTML of a captive portal.
    pub status: u16,
    /// The answer's body.
    #[serde(default)]
    pub body: String,
}

impl Refusal {
    /// A status with a short HTML body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            body: "<html><body>not a WebSocket</body></html>".to_owned(),
        }
    }
}

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

    /// Ends the session with `channel_closed` and this text.
    pub fn channel_closed(&self, output: &str) {
        self.apply(&Action::ChannelClosed {
            output: output.to_owned(),
        });
    }

    /// Does something as soon as so many bytes of session data (payloads of type Output) have
    /// passed in that direction, counted from now. The message that completes them passes.
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

    /// Lets an operation fail, so many times or (`None`) until
    /// [`clear_api`](Self::clear_api).
    pub fn fail_api(&self, operation: Operation, fault: ApiFault, times: Option<u32>) {
        self.service.with_faults(|faults| {
            faults.api.insert(
                operation,
                Limited {
                    what: fault,
                    remaining: times,
                },
            );
        });
    }

    /// Lets an operation work again, the calls that hang included (they are answered now).
    pub fn clear_api(&self, operation: Operation) {
        self.service.with_faults(|faults| {
            faults.api.remove(&operation);
        });
    }

    /// Refuses WebSocket upgrades, so many times or (`None`) until
    /// [`accept_upgrades`](Self::accept_upgrades).
    pub fn refuse_upgrades(&self, refusal: Refusal, times: Option<u32>) {
        self.service.with_faults(|faults| {
            faults.upgrades = Some(Limited {
                what: refusal,
                remaining: times,
            });
        });
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

/// The faults that last.
#[derive(Debug)]
pub(crate) struct FaultState {
    pub(crate) random: Random,
    pub(crate) api: BTreeMap<Operation, Limited<ApiFault>>,
    pub(crate) upgrades: Option<Limited<Refusal>>,
    pub(crate) stream_url: Option<String>,
    pub(crate) credentials_expired: bool,
    /// All of them.
    pub(crate) agents_gone: bool,
    to_agent: MessageFaults,
    to_client: MessageFaults,
    cuts: Vec<Cut>,
    lose_next: Vec<LoseNext>,
}

/// A fault that may wear off by being used.
#[derive(Debug)]
pub(crate) struct Limited<T> {
    pub(crate) what: T,
    pub(crate) remaining: Option<u32>,
}

impl<T: Clone> Limited<T> {
    /// Returns the fault if it is still to be used, and counts that use.
    pub(crate) fn take(&mut self) -> Option<T> {
        match &mut self.remaining {
            None => Some(self.what.clone()),
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                Some(self.what.clone())
            }
        }
    }
}

#[derive(Debug)]
struct Cut {
    session: Option<String>,
    direction: Direction,
    remaining: u64,
    action: Action,
    tripped: Option<oneshot::Sender<()>>,
}

#[derive(Debug)]
struct LoseNext {
    session: Option<String>,
    direction: Direction,
    message_type: MessageType,
    remaining: u32,
}

/// What the faults do to one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    Lose,
    Twice,
    AfterNext,
}

/// A cut whose bytes have passed.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) action: Action,
    tripped: Option<oneshot::Sender<()>>,
}

impl Due {
    /// Tells whoever waits that the action is done.
    pub(crate) fn done(self) {
        if let Some(tripped) = self.tripped {
            // Nobody needs to wait.
            let _ = tripped.send(());
        }
    }
}

impl FaultState {
    pub(crate) fn new(random: Random) -> Self {
        Self {
            random,
            api: BTreeMap::new(),
            upgrades: None,
            stream_url: None,
            credentials_expired: false,
            agents_gone: false,
            to_agent: MessageFaults::default(),
            to_client: MessageFaults::default(),
            cuts: Vec::new(),
            lose_next: Vec::new(),
        }
    }

    pub(crate) fn messages(&self, direction: Direction) -> &MessageFaults {
        match direction {
            Direction::ToAgent => &self.to_agent,
            Direction::ToClient => &self.to_client,
        }
    }

    fn messages_mut(&mut self, direction: Direction) -> &mut MessageFaults {
        match direction {
            Direction::ToAgent => &mut self.to_agent,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Decides what becomes of one message.
    pub(crate) fn fate(
        &mut self,
        session: &Session,
        direction: Direction,
        message_type: MessageType,
    ) -> Fate {
        let lost = self.lose_next.iter_mut().find(|lose| {
            lose.remaining > 0
                && lose.direction == direction
                && lose.message_type == message_type
                && concerns(lose.session.as_deref(), session)
        });
        if let Some(lose) = lost {
            lose.remaining -= 1;
            return Fate::Lose;
        }
        let faults = *self.messages(direction);
        if self.random.chance(faults.loss) {
            Fate::Lose
        } else if self.random.chance(faults.duplicates) {
            Fate::Twice
        } else if self.random.chance(faults.reordering) {
            Fate::AfterNext
        } else {
            Fate::Pass
        }
    }

    /// Counts session data that passed and returns the cuts that are due by it.
    pub(crate) fn passed(
        &mut self,
        session: &Session,
        direction: Direction,
        bytes: u64,
    ) -> Vec<Due> {
        if self.cuts.is_empty() {
            return Vec::new();
        }
        for cut in &mut self.cuts {
            if cut.direction == direction && concerns(cut.session.as_deref(), session) {
                cut.remaining = cut.remaining.saturating_sub(bytes);
            }
        }
        self.cuts
            .extract_if(.., |cut| {
                cut.remaining == 0
                    && cut.direction == direction
                    && concerns(cut.session.as_deref(), session)
            })
            .map(|cut| Due {
                action: cut.action,
                tripped: cut.tripped,
            })
            .collect()
    }
}

fn concerns(wanted: Option<&str>, session: &Session) -> bool {
    wanted.is_none_or(|id| id == session.id)
}

/// A frame that starts like a message and isn't one.
pub(crate) fn garbage_frame(random: &mut Random) -> Bytes {
    random.bytes(200).into()
}
