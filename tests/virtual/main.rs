//! A tunnel and its far end in virtual time: hours run in milliseconds, the same way each time,
//! from a seed.
//!
//! Nothing here has a socket or a clock. The client's two machines (policy and session) are
//! the real ones; the service, the gateway and the agent are a model of their own, with the
//! manners of docs/protocol.md, section 3. What a perfect tunnel would deliver is known for each
//! connection, and compared byte by byte.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a model that can't go on fails its test"
)]

mod agent;
mod pipe;
mod random;
mod scenarios;
mod service;
mod traffic;
mod world;
