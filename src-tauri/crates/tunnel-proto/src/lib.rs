//! tunnel-proto
mod snapshot;
pub use snapshot::{Close, Problem, Snapshot, State};
