//! One tunnel, sans-IO: its sessions, and the policy that starts, resumes, replaces and ends
//! them.
//!
//! Two machines share the work. A [`Session`] is the hot path: data channel, multiplexer and
//! keepalive of one session, over as many WebSockets as it takes. A [`Tunnel`] is the policy
//! over one or more sessions; it never sees a payload byte.
//!
//! # The contract
//!
//! Both know no sockets and no clock; the driver gives them time, and randomness as a seed.
//! After *any* call that takes `now`, the driver
//!
//! 1. sends what `poll_transmit` returns ([`Session`]), or does what `poll_action` returns
//!    ([`Tunnel`]), until it returns `None`;
//! 2. takes what `poll_event` returns, until it returns `None`;
//! 3. calls `handle_timeout` at the time that `poll_timeout` returns, unless something else
//!    happened before: then it asks again.
//!
//! A driver that can't send at the moment (its socket is full) simply stops step 1; what
//! acknowledgements and data wait is bounded by the machines.

mod backoff;
mod call_budget;
mod choice;
mod close;
mod evidence;
mod failure;
mod leftovers;
mod outlook;
mod policy;
mod recording;
mod replay;
mod session;
mod slot;
mod snapshot;
mod target;
mod tunnel;

pub use call_budget::CallBudget;
pub use choice::{Choice, Found, PassedOver};
pub use evidence::{
    Asked, Attempts, Cause, ClosedBy, DropEnd, DropRecord, Happening, Record, Refusal, Renewal,
    TurnedAway,
};
pub use failure::{Failure, Next};
pub use leftovers::{Leftover, LeftoverAction, Leftovers, Place};
pub use outlook::{Deadline, Illness, Outlook, Then, Until};
pub use policy::{PoolSize, SESSIONS_MOST, Start, TunnelPolicy};
pub use recording::{RECORDING_VERSION, RecordedFrame, RecordedSettings, Recording};
pub use replay::{Replayed, Step, Sums, replay};
pub use session::{
    ConnectionId, Facts, HoldOpen, Learned, Load, ResetCause, Session, SessionConfig, SessionEvent,
    SessionTimer, Transmit, Vitals,
};
pub use slot::{CALL_LIMIT, DIAL_LIMIT, SessionKey};
pub use snapshot::{Close, NETWORK_DOWN, Named, Problem, ProblemKind, RenewedBy, Snapshot, State};
pub use ssm_data_channel::{CLIENT_VERSION, Clock, DataKey, LearnedRate, ReorderMemory, SocketEnd};
pub use target::{CANDIDATES_MOST, Candidate, Rule as TargetRule, TargetError, TargetSpec};
pub use tunnel::{
    Action, Event, Grant, Input, Loss, Purpose, RenewalOutlook, RequestId, SIGN_IN_PROBE,
    STOP_PATIENCE, SessionState, SessionStatus, TAKE_PATIENCE, Tunnel, TunnelTimer,
};
