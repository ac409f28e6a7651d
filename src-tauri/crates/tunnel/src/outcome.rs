//! How a tunnel ended.

use std::fmt;

use crate::{Problem, ProblemKind};

/// How a tunnel ended. Whoever closes it first decides: what comes later, another stop or a
/// failure on the way out, changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody stopped it.
    Stopped,
    /// It was given up.
    Failed(Problem),
}

/// For the log.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Failed(problem) => write!(f, "failed: {}, {}", problem.code, problem.what),
        }
    }
}

impl Outcome {
    /// Its task is gone and has not said how it ended.
    pub(crate) fn lost() -> Self {
        Self::Failed(Problem::new(
            ProblemKind::Protocol,
            "tunnel-lost",
            "The tunnel was lost by a fault of Culvert.",
            "Start it again, and please report this with the log.",
        ))
    }
}
