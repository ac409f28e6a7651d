//! What tests of several crates share, and no program has in it: what is kept of a run of the
//! checks, servers on loopback, and certificates for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't even be set up fails"
)]

mod authority;
pub mod kept;
mod loopback;

pub use authority::Authority;
pub use loopback::listen;
