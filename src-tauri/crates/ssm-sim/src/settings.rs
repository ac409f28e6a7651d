//! What the simulated service is like when nothing is wrong.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Everything that can be chosen before the start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; must be a loopback address. Default: 127.0.0.1, a free port.
    pub listen: SocketAddr,
    /// Seeds ids, keys and the random faults: the same seed, the same run.
    pub seed: u64,
    /// The credentials that are accepted; any region is.
    pub credentials: Credentials,
    /// Further credentials that are accepted, such as those of the next hour. Default: none.
    pub more_credentials: Vec<Credentials>,
    /// Managed nodes at the start.
    pub targets: Vec<Target>,
    /// What answers for a well-formed node id (`i-…`, `mi-…`) that is not in
    /// [`targets`](Self::targets). `None`: nothing does. Default: an online agent.
    pub unlisted_targets: Option<AgentSettings>,
    /// The message gateway.
    pub gateway: GatewaySettings,
    /// Ends a session over which no data passed for so long (1 to 60 min at AWS, 20 by
    /// default there). Default: `None`, never.
    pub idle_timeout: Option<Duration>,
    /// Ends a session this long after its start. Default: `None`, never.
    pub max_duration: Option<Duration>,
    /// How ResumeSession says that a session is over. Default: `EmptyToken`.
    pub session_gone: SessionGone,
    /// Key under which sessions are encrypted, port sessions as well: no agent up to 3.3.0.0 asks
    /// for that (docs/protocol.md, section 4), and a client has to be ready for one that does.
    /// Default: `None`, not encrypted.
    pub kms_key_id: Option<String>,
    /// The account's preferences for sessions, as GetDocument tells them. Default: none, unless
    /// there is a key for sessions. They are only told: what ends sessions here is
    /// [`idle_timeout`](Self::idle_timeout) and [`max_duration`](Self::max_duration).
    pub preferences: Option<Preferences>,
    /// Text for the user at the end of the handshake. Default: empty.
    pub customer_message: String,
    /// Says what is odd in the agent's handshake. Default: nothing.
    pub handshake: HandshakeVariation,
    /// Where the agent really connects for a destination `host:port`. Without an entry, only
    /// loopback names and addresses can be reached, and all others are refused.
    pub destinations: HashMap<String, SocketAddr>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            credentials: Credentials::default(),
            more_credentials: Vec::new(),
            targets: Vec::new(),
            unlisted_targets: Some(AgentSettings::default()),
            gateway: GatewaySettings::default(),
            idle_timeout: None,
            max_duration: None,
            session_gone: SessionGone::EmptyToken,
            kms_key_id: None,
            preferences: None,
            customer_message: String::new(),
            handshake: HandshakeVariation::Plain,
            destinations: HashMap::new(),
        }
    }
}

/// What an account has set for its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Minutes without data after which a session ends.
    pub idle_minutes: Option<u32>,
    /// Minutes after which it ends whatever it does.
    pub most_minutes: Option<u32>,
}

/// Credentials as a client signs with them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Must come with each request if there is one.
    pub session_token: Option<String>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            access_key: "AKIASIMULATED0000001".to_owned(),
            // Marked like every secret of the service, so that a check finds it where it must
            // not be.
            secret_key: "planted-secret/key/of/no/value/at/all000".to_owned(),
            session_token: None,
        }
    }
}

/// Leaves the secrets out.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

/// A managed node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `i-…` or `mi-…`.
    pub id: String,
    /// Whether its agent is there.
    pub ping: PingStatus,
    /// What DescribeInstanceInformation says: `Linux`, `Windows` or `MacOS`.
    pub platform: String,
    /// What DescribeInstanceInformation says as computer name.
    pub name: String,
    /// Its tags, by which DescribeInstanceInformation can be asked for it.
    pub tags: BTreeMap<String, String>,
    /// When it was registered: nodes outside of EC2 have that. Default: `None`, not told.
    pub registered: Option<SystemTime>,
    /// Its agent.
    pub agent: AgentSettings,
}

impl Target {
    /// An online Linux node with the default agent.
    pub fn online(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ping: PingStatus::Online,
            platform: "Linux".to_owned(),
            name: format!("{id}.internal"),
            tags: BTreeMap::new(),
            registered: None,
            agent: AgentSettings::default(),
        }
    }

    /// The same with one more tag.
    #[must_use]
    pub fn with_tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same, but its agent has not been heard of.
    pub fn offline(id: &str) -> Self {
        Self {
            ping: PingStatus::ConnectionLost,
            ..Self::online(id)
        }
    }
}

/// Whether the service hears from a node's agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingStatus {
    /// It does.
    Online,
    /// It does not; StartSession is refused.
    ConnectionLost,
}

/// How an agent behaves (docs/protocol.md, sections 3 to 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSettings {
    /// Gates features by the thresholds of docs/protocol.md, section 4. Default: 3.3.0.0.
    pub version: String,
    /// Default: as the version says.
    pub mode: AgentMode,
    /// The most bytes that it puts into one message. Default: 1,024.
    pub payload_size: usize,
    /// How long it sleeps after each message. Default: 1 ms.
    pub pace: Duration,
    /// How often it looks whether its oldest message must be sent again. Default: 100 ms.
    pub resend_period: Duration,
    /// How long it waits for each step of the handshake. Default: 15 s.
    pub handshake_timeout: Duration,
    /// How long after the handshake it is ready for data; what comes before is not
    /// acknowledged. Default: zero.
    pub start_delay: Duration,
    /// How often an agent whose smux keepalive is on sends a NOP. Default: 10 s.
    pub smux_ping: Duration,
    /// When such an agent ends a session in which nothing arrived. Default: 30 s.
    pub smux_timeout: Duration,
    /// Bytes that may wait for all destinations of a session together before it stops
    /// reading. Default: 4 MiB.
    pub receive_bucket: usize,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            version: "3.3.0.0".to_owned(),
            mode: AgentMode::ByVersion,
            payload_size: 1024,
            pace: Duration::from_millis(1),
            resend_period: Duration::from_millis(100),
            handshake_timeout: Duration::from_secs(15),
            start_delay: Duration::ZERO,
            smux_ping: Duration::from_secs(10),
            smux_timeout: Duration::from_secs(30),
            receive_bucket: 4 * 1024 * 1024,
        }
    }
}

impl AgentSettings {
    /// The default agent under another version.
    pub fn with_version(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            ..Self::default()
        }
    }
}

/// How port sessions carry connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentMode {
    /// smux for versions above 3.0.196.0, basic mode otherwise.
    ByVersion,
    /// smux whatever the version says.
    Mux,
    /// One connection at a time whatever the version says.
    Basic,
}

/// The message gateway. What is not known of the real one is a choice here.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// Closes each WebSocket this long after it opened, with 1000 "Bye". The real one does
    /// after about 60 min. Default: `None`, never.
    pub close_period: Option<Duration>,
    /// Default: 1,000 messages a second for 2 s.
    pub rate_limit: Option<RateLimit>,
    /// What becomes of messages for a side that is not there. Default: `Pause`.
    pub publication: Publication,
    /// What ResumeSession does while a client's WebSocket is open. Default: `Allowed`.
    pub resume_while_connected: ResumeWhileConnected,
    /// Whether a client that arrives is told `start_publication` before anything else.
    /// Default: `true`.
    pub announce_publication: bool,
    /// How often it pings the client. Default: 54 s.
    pub ping_period: Duration,
    /// How long the token of StartSession or ResumeSession may wait for its WebSocket.
    /// Default: 5 min.
    pub token_lifetime: Duration,
    /// Refuses a WebSocket upgrade without a SigV4 signature. Default: `true`.
    pub signed_upgrades: bool,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            close_period: None,
            rate_limit: Some(RateLimit::default()),
            publication: Publication::Pause,
            resume_while_connected: ResumeWhileConnected::Allowed,
            announce_publication: true,
            ping_period: Duration::from_secs(54),
            token_lifetime: Duration::from_secs(300),
            signed_upgrades: true,
        }
    }
}

/// Most data messages of one side: above it, the other side is paused and the fast one cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Acknowledgements are not counted.
    pub messages_per_second: u32,
    /// Whole seconds in a row that may be above it; with 0, the first message too many in a
    /// second is one too many.
    pub seconds: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            messages_per_second: 1000,
            seconds: 2,
        }
    }
}

/// What becomes of messages for a side that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publication {
    /// They are lost.
    Drop,
    /// They are kept (a bounded number) and delivered when it is back.
    Hold,
    /// They are lost, and the sender is told `pause_publication`, later `start_publication`.
    Pause,
}

/// What ResumeSession does while a client's WebSocket is open. What the real service does is
/// not known: its reference speaks of disconnected sessions only ("Reconnects a session to a
/// managed node after it has been disconnected").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumeWhileConnected {
    /// It gives a new token. The old WebSocket lives until a new one opens its channel.
    Allowed,
    /// It is refused with `ValidationException`, "Session is not in a valid state". A guess:
    /// it is what the service says since 2026 to TerminateSession of a session that is over,
    /// and the reference names no better error.
    Refused,
    /// It gives a new token and closes the old WebSocket at once.
    Closes,
}

/// How ResumeSession says that a session is over (docs/protocol.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionGone {
    /// 200 with empty `TokenValue` and `StreamUrl`.
    EmptyToken,
    /// An error that says "terminated".
    Terminated,
    /// `DoesNotExistException`.
    DoesNotExist,
}

/// What is odd in the agent's handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeVariation {
    /// Nothing.
    Plain,
    /// One more action, of a type that no client knows.
    UnknownAction,
    /// A session type that no port client knows.
    UnknownSessionType,
    /// A HandshakeRequest that is not JSON.
    Garbage,
    /// No handshake at all: the agent stays silent.
    Silent,
    /// None either: the agent does not know the plugin `Port`, and the session is ended with its
    /// words.
    NoPlugin,
}
