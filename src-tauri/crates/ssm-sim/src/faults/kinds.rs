//! Everything that can go wrong, as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::link::BlackHole;

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
    /// The agent was started again and has forgotten the session: nobody answers any more. The
    /// service does not know that, so the session stays resumable, and its node is connected.
    AgentLost,
    /// The session is over, and the client is told nothing: its TCP connection is reset.
    SessionLost,
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
    /// `AmazonSSM.GetDocument`
    GetDocument,
    /// `GetCallerIdentity` of STS
    GetCallerIdentity,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 9] = [
        Self::StartSession,
        Self::ResumeSession,
        Self::TerminateSession,
        Self::DescribeSessions,
        Self::GetConnectionStatus,
        Self::DescribeInstanceInformation,
        Self::GenerateDataKey,
        Self::GetDocument,
        Self::GetCallerIdentity,
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
            Self::GetDocument => "GetDocument",
            Self::GetCallerIdentity => "GetCallerIdentity",
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
    /// It is answered, rightly, but so much later.
    Late {
        /// How much.
        milliseconds: u64,
    },
    /// It is answered with 200 and a body that is not JSON, as a captive portal does.
    Html,
}

fn bad_request() -> u16 {
    400
}

/// What an account's policies do not allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deny {
    /// The IAM action, such as `ssm:StartSession`.
    pub action: String,
    /// Only on resources whose ARN contains this; on all if absent.
    #[serde(default)]
    pub on: Option<String>,
    /// Not on resources whose ARN contains this, as where a policy names what it allows.
    #[serde(default)]
    pub except: Option<String>,
    /// By a policy that denies it outright; otherwise none allows it.
    #[serde(default)]
    pub explicit: bool,
}

impl Deny {
    /// Denies an action on everything.
    pub fn action(action: &str) -> Self {
        Self {
            action: action.to_owned(),
            on: None,
            except: None,
            explicit: false,
        }
    }

    pub(crate) fn is_explicit(&self) -> bool {
        self.explicit
    }

    pub(crate) fn denies(&self, action: &str, resource: &str) -> bool {
        let has = |part: &Option<String>| part.as_deref().map(|part| resource.contains(part));
        self.action == action && has(&self.on) != Some(false) && has(&self.except) != Some(true)
    }
}

/// How WebSocket upgrades are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// HTTP status: 403, 500, or 200 for the HTML of a captive portal.
    pub status: u16,
    /// The answer's body: a page, a text of something in between, or (JSON, or nothing) the gateway's,
    /// which alone has a request id.
    #[serde(default)]
    pub body: String,
}

impl Refusal {
    /// The gateway's own, with this status.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            body: r#"{"message": "not a WebSocket"}"#.to_owned(),
        }
    }

    /// That of something in between, with this status and this text or page.
    pub fn of_somebody_else(status: u16, body: &str) -> Self {
        Self {
            status,
            body: body.to_owned(),
        }
    }
}

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// So many uses.
    Times(u32),
    /// So long.
    For(Duration),
    /// Until it is cleared.
    UntilCleared,
}

/// So many uses, or for ever.
impl From<Option<u32>> for Lasting {
    fn from(times: Option<u32>) -> Self {
        times.map_or(Self::UntilCleared, Self::Times)
    }
}

impl From<Duration> for Lasting {
    fn from(duration: Duration) -> Self {
        Self::For(duration)
    }
}
