//! A tunnel and its far end in virtual time: hours run in milliseconds, the same way each time,
//! from a seed.
//!
//! Nothing here has a socket or a clock. The client's two machines (policy and session) are
//! the real ones; the service, the gateway and the agent are a model of their own, with the
//! manners of docs/protocol.md, section 3. What a perfect tunnel would deliver is known for each
//! connection, and compared byte by byte.
//!
//! `rows` holds what must hold fault by fault (docs/reliability.md); `schedules` mixes the
//! faults by chance. A failure prints its seed and everything that was done.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "a model that can't go on fails its test, and says why"
)]

mod agent;
mod pipe;
mod random;
mod rows;
mod schedules;
mod service;
mod traffic;
mod world;
