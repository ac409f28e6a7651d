//! The doctor: named checks, how facts are judged, and how the report reads.
//!
//! Three parts, none of which knows the network or the engine:
//!
//! * [`judge`]: pure functions from facts, which are plain data, to a [`Judgement`]: a verdict,
//!   a sentence of what it means and a sentence of what to do.
//! * [`Plan`]: checks that run at once, each with a deadline; one that needs another waits for
//!   it, and is skipped when that one failed.
//! * [`report`]: the findings as text for people and as JSON for programs.
//!
//! Whoever gathers the facts brings them as futures. [`iam`] writes the least policy that a
//! tunnel needs, [`words`] lengths of time and counts as people say them.

mod check;
mod finding;
pub mod iam;
mod inspector;
pub mod judge;
mod plan;
pub mod report;
pub mod words;

pub use check::Check;
pub use finding::{About, Business, Facts, Fault, Finding, Judgement, Said, Skipped, Verdict};
pub use plan::{JobId, Plan};
