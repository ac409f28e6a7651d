//! Exit codes, by whose business the failure is.

use std::process::ExitCode;

use tunnel_manager::tunnel::{Problem, ProblemKind};

/// How the program ends. The numbers are part of the interface (README, "Exit codes").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The tunnel was stopped as it was asked to, or the demo held.
    Success,
    /// Anything that is nobody's business below.
    Failure,
    /// The command line.
    Usage,
    /// Nobody has said that a tunnel to production may start.
    NotAgreed,
    /// A tunnel that could not start, or was given up.
    Problem(ProblemKind),
}

impl Exit {
    /// The code that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NotAgreed => 18,
            Self::Problem(kind) => match kind {
                ProblemKind::Settings => 10,
                ProblemKind::Listen => 11,
                ProblemKind::Credentials => 12,
                ProblemKind::Permission => 13,
                ProblemKind::Target => 14,
                ProblemKind::Network => 15,
                ProblemKind::Service => 16,
                ProblemKind::Protocol => 17,
            },
        }
    }
}

impl From<&Problem> for Exit {
    fn from(problem: &Problem) -> Self {
        Self::Problem(problem.kind)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
