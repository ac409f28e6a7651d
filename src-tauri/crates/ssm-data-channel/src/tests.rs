//! The whole channel: alone, with frames made by hand, and against an agent in virtual time.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at the variants that it is about"
)]

mod agent;
mod encryption;
mod handshake;
mod hostile;
mod pair;
mod progress;
mod receiving;
mod rig;
mod sending;
