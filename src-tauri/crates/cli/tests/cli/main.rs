//! The program as its users have it: a process with arguments, environment, standard streams,
//! signals and an exit code, against the simulated service.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can't even be set up fails"
)]

mod afternoon;
mod demo;
mod diagnose;
mod doctor;
mod failures;
mod files;
mod forward;
mod frozen;
mod ghosts;
mod history;
mod import;
mod json;
mod log;
mod own_settings;
mod pinned;
mod plugin;
mod production;
mod profiles;
mod proxy;
mod saved;
mod secrets;
mod sign_in;
mod soak;
mod status;
mod stop;
mod stream;
mod support;
mod targets;
mod trouble;
mod usage;
