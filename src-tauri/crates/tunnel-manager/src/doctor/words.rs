//! From the words of the engine to those of the report.

use aws_access::{AccessError, Denial};
use diagnostics::judge::Reply;
use diagnostics::{Business, Fault};
use tunnel::{Problem, ProblemKind, StartError};

pub(super) fn fault(problem: Problem) -> Fault {
    let Problem {
        kind,
        code,
        what,
        remedy,
        details,
        facts,
    } = problem;
    Fault {
        business: match kind {
            ProblemKind::Settings => Business::Settings,
            ProblemKind::Listen => Business::Listen,
            ProblemKind::Credentials => Business::Credentials,
            ProblemKind::Permission => Business::Permission,
            ProblemKind::Target => Business::Target,
            ProblemKind::Network => Business::Network,
            ProblemKind::Service => Business::Service,
            ProblemKind::Protocol => Business::Protocol,
        },
        code,
        what,
        remedy,
        details,
        facts: Box::new(facts.all()),
    }
}

pub(super) fn access_fault(error: AccessError) -> Fault {
    fault(StartError::from(error).problem())
}

/// Whether AWS has given no answer for a reason that passes.
fn passes(error: &AccessError) -> bool {
    matches!(error, AccessError::Throttled(_))
        || matches!(error, AccessError::Service(answer) if answer.is_transient())
}

/// What the question whether something is allowed came to.
pub(super) fn reply(asked: Result<(), AccessError>) -> Reply {
    let error = match asked {
        Ok(()) => return Reply::Passed,
        Err(error) => error,
    };
    match error.denial() {
        Some(denial) => {
            let details = error.details();
            let Denial {
                action,
                resource,
                because,
                explicit,
                encoded: _,
            } = denial;
            Reply::Denied(diagnostics::judge::Denial {
                action,
                resource,
                because,
                explicit,
                details,
            })
        }
        None if passes(&error) => Reply::Unanswered(access_fault(error)),
        None => Reply::Unknown(access_fault(error)),
    }
}
