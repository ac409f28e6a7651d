//! The simulator as a client sees it: over TCP, with a client written apart from the engine.

#[cfg(test)]
mod account;
mod api;
#[cfg(test)]
mod channel;
#[cfg(test)]
mod faults;
// It ends the program as a service manager does, by a signal.
#[cfg(test)]
#[cfg(unix)]
mod program;
#[cfg(test)]
mod service;
#[cfg(test)]
mod support;
