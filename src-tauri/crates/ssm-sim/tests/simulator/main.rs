//! The simulator as a client sees it: over TCP, with a client written apart from the engine.

mod api;
mod channel;
mod faults;
mod program;
mod support;
