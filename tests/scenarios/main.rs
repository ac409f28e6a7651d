//! The whole engine over real sockets: a tunnel through the simulated service, down to a
//! destination that checks each byte.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a scenario that can't even be set up fails"
)]

mod closes;
mod connections;
mod faults;
mod gaps;
mod hostile;
mod machine;
mod modes;
mod parked;
mod paths;
mod pool;
mod renewal;
mod service;
mod start;
mod targets;
mod transfer;
