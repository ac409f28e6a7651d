//! A simulated Session Manager on loopback: the SSM API, the message gateway and the agent,
//! with faults on request. For tests, benchmarks and the demo tunnel.
//!
//! A client points its endpoint URL here and runs its whole engine: signed API calls, signed
//! WebSocket upgrade, data channel, handshake, smux, down to real TCP connections that the
//! simulated agent makes to destinations on loopback.
//!
//! The rules are those of docs/protocol.md; where that is silent about the real gateway,
//! [`GatewaySettings`] makes it a choice. Reliability and smux are written apart from the
//! client's crates, so that one misreading can't hide in both.
//!
//! ```no_run
//! # async fn example() -> Result<(), ssm_sim::StartError> {
//! use ssm_sim::{Action, Direction, Settings, Simulator};
//!
//! let sim = Simulator::start(Settings::default()).await?;
//! let endpoint = sim.endpoint_url();
//! let bye = Action::Close { code: 1000, reason: "Bye".to_owned() };
//! let cut = sim.faults().cut_after(Direction::ToClient, 1_000_000, bye);
//! // … start a client at `endpoint`, download, then:
//! assert!(cut.happened().await);
//! sim.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Faults
//! [`Faults`] makes things go wrong at once, for a time, or
//! [after so many bytes](Faults::cut_after), so that a test can cut in mid transfer without
//! waiting. [`Simulator::wait_for`] tells when something has happened.
//!
//! The same by HTTP: `GET /control/state` shows sessions and counters, `POST /control/<verb>`
//! takes a JSON object. Connections that begin with such a request pass whatever the network is
//! made to do, so that it can be ended. The verbs:
//!
//! | verb | object |
//! | --- | --- |
//! | `close` | `code` (1000), `reason` |
//! | `reset`, `drop`, `garbage-frame`, `text-frame`, `bad-smux-frame`, `expire-tokens`, `pause-publication`, `start-publication`, `agent-gone`, `agent-back`, `agent-lost`, `session-lost`, `freeze`, `thaw`, `end-black-hole`, `accept-upgrades`, `clear` | |
//! | `channel-closed` | `output` |
//! | `black-hole` | `kind`: `hold` or `swallow`; `milliseconds` |
//! | `latency`, `jitter` | `milliseconds` |
//! | `bandwidth` | `bytes_per_second` or `null` |
//! | `messages` | `direction`: `to_agent` or `to_client`; `loss`, `duplicates`, `reordering` in percent |
//! | `lose-next` | `direction`, `message_type`, `count` |
//! | `cut-after` | `direction`, `bytes`, `then`: an [`Action`], like `{"action": "reset"}` |
//! | `fail-api` | `operation`, `times` or `milliseconds`, `fault`: `{"kind": "error", "code": …, "message": …, "status": …}`, `{"kind": "hang"}`, `{"kind": "late", "milliseconds": …}` or `{"kind": "html"}` |
//! | `clear-api` | `operation` |
//! | `refuse-upgrades` | `status`, `body`, `times` or `milliseconds` |
//! | `stream-url` | `url` or `null` |
//! | `expire-credentials` | `expired` (true) |
//! | `expire-key` | `access_key`, `milliseconds` (0): from when on |
//! | `resume-while-connected` | `choice`: `allowed`, `refused` or `closes` |
//! | `session-gone` | `choice`: `empty_token`, `terminated` or `does_not_exist` |
//! | `deny` | `action`, such as `ssm:StartSession`; `on` or `except`: part of a resource's ARN; `explicit` |
//! | `clock` | `seconds`: how far the service's clock is ahead of this machine's |
//! | `idle-timeout`, `max-duration` | `milliseconds` or `null` |
//!
//! With `"session": "<id>"` in the object, what concerns a session concerns that one only.
//!
//! # What it is not
//! Random numbers come from [`Settings::seed`], keys and tokens included: nothing here is a
//! secret, and nothing but loopback is listened on or dialled.
//!
//! # How long things take
//! Timers run on tokio's clock. By default nothing is delayed but what the real agent delays:
//! 1 ms after each of its messages, and 100 ms between two looks at what to send again.

mod agent;
mod api;
mod control;
mod error;
mod faults;
mod gateway;
mod http;
mod link;
mod random;
mod rate;
mod service;
mod session;
mod settings;
mod sigv4;
mod simulator;
mod stats;
mod timeouts;

pub use error::StartError;
pub use faults::{
    Action, ApiFault, Deny, Direction, Faults, Lasting, MessageFaults, Operation, Refusal, Tripped,
};
pub use link::BlackHole;
pub use service::Caller;
pub use session::{SessionView, TerminatedBy};
pub use settings::{
    AgentMode, AgentSettings, Credentials, GatewaySettings, HandshakeVariation, PingStatus,
    Preferences, Publication, RateLimit, ResumeWhileConnected, SessionGone, Settings, Target,
};
pub use simulator::Simulator;
pub use stats::{SideStats, Stats};
