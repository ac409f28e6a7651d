//! The simulator as a client sees it: over TCP, with a client written apart from the engine.

#[cfg(test)]
mod api;
#[cfg(test)]
mod channel;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod program;
#[cfg(test)]
mod support;
