//! What a record says: what happened and why, and what the reader can do.

use std::time::Duration;

use crate::evidence::{Asked, ClosedBy, DropEnd, DropRecord};
use crate::{Problem, ProblemKind};

/// What is known of a drop that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course<'a> {
    pub(super) record: &'a DropRecord,
    /// Why the session had to be given up, if it had.
    pub(super) replaced: Option<&'a Problem>,
    /// How many attempts to start another failed, and why the last did.
    pub(super) failed_starts: Option<&'a (u32, Problem)>,
}

impl Course<'_> {
    /// What happened, and why.
    pub(super) fn what(&self) -> String {
        let mut what = self.cause();
        match &self.record.end {
            DropEnd::Resumed => {
                if let Some(problem) = self.last_problem() {
                    what.push_str(&format!(" Resuming it took longer: {}", problem.what));
                }
            }
            DropEnd::Replaced { .. } => {
                self.say_replaced(&mut what);
                self.say_failed_starts(&mut what);
            }
            DropEnd::GivenUp { problem } => match self.replaced {
                None => {
                    let why = format!(" The session could not be resumed: {}", problem.what);
                    what.push_str(&why);
                }
                Some(_) => {
                    self.say_replaced(&mut what);
                    what.push_str(&format!(" No other session could be had: {}", problem.what));
                }
            },
            DropEnd::Stopped => match (self.replaced, self.last_problem()) {
                (Some(_), _) => {
                    self.say_replaced(&mut what);
                    self.say_failed_starts(&mut what);
                }
                (None, Some(problem)) => {
                    let why = format!(
                        " It had not been resumed when the tunnel was stopped: {}",
                        problem.what
                    );
                    what.push_str(&why);
                }
                (None, None) => {}
            },
            DropEnd::LetGo => what.push_str(" Nobody used the session, so it was let go."),
        }
        what
    }

    /// What the reader can do about it, now that it is over: about the tunnel, not about the
    /// session alone.
    pub(super) fn remedy(&self) -> String {
        match &self.record.end {
            DropEnd::Resumed => self.nothing_lost(match self.last_problem() {
                Some(problem) => after_a_hard_way_back(problem),
                None => after_an_easy_way_back(self.record.closed_by).to_owned(),
            }),
            DropEnd::Replaced { problem } => {
                let now = match self.record.connections {
                    0 => "Nothing to do now: the tunnel is up.",
                    _ => "Connect again: the tunnel is up.",
                };
                let then = match self.failed_starts {
                    Some((_, problem)) => after_a_hard_way_back(problem),
                    None => after_a_replacement(problem),
                };
                join(now, &then)
            }
            DropEnd::GivenUp { problem } => problem.remedy.clone(),
            DropEnd::Stopped | DropEnd::LetGo => String::new(),
        }
    }

    fn cause(&self) -> String {
        let DropRecord {
            closed_by,
            close,
            socket_age_ms,
            vitals,
            ..
        } = self.record;
        let age = Duration::from_millis(*socket_age_ms);
        match (closed_by, vitals.last_frame_ms, self.replaced) {
            (ClosedBy::Deadline, Some(silence), _) => format!(
                "Nothing came from the gateway for {} s, not even an answer to a ping.",
                silence / 1000
            ),
            (ClosedBy::Renewal, ..) => {
                "The connection was renewed before the gateway would have closed it.".to_owned()
            }
            (ClosedBy::SessionEnd, _, Some(problem)) => problem.what.clone(),
            (
                ClosedBy::Gateway | ClosedBy::Network | ClosedBy::Deadline | ClosedBy::SessionEnd,
                ..,
            ) => close.cause(age, *closed_by).to_owned(),
        }
    }

    /// Says why the session had to be given up, if that is not how it began.
    fn say_replaced(&self, what: &mut String) {
        match (self.record.closed_by, self.replaced) {
            (ClosedBy::SessionEnd, _) | (_, None) => {}
            (_, Some(problem)) => {
                what.push_str(" The session could not be resumed: ");
                what.push_str(&problem.what);
            }
        }
    }

    fn say_failed_starts(&self, what: &mut String) {
        let Some((count, problem)) = self.failed_starts else {
            return;
        };
        let tries = match count {
            1 => "1 attempt".to_owned(),
            more => format!("{more} attempts"),
        };
        let why = format!(" {tries} to start another failed: {}", problem.what);
        what.push_str(&why);
    }

    /// What was refused last on the way back.
    fn last_problem(&self) -> Option<&Problem> {
        let attempts = self.record.attempts.iter().rev();
        attempts.filter_map(|alike| alike.problem.as_ref()).next()
    }

    fn nothing_lost(&self, then: String) -> String {
        let all = self.record.survived == self.record.connections;
        match (all, then.as_str()) {
            (true, "") | (false, _) => then,
            (true, then) => join("Nothing was lost.", then),
        }
    }
}

fn join(one: &str, other: &str) -> String {
    match other {
        "" => one.to_owned(),
        other => format!("{one} {other}"),
    }
}

/// An attempt was given up before it was answered.
pub(super) fn unanswered(asked: Asked) -> Problem {
    let what = match asked {
        Asked::StartSession => "StartSession",
        Asked::ResumeSession => "ResumeSession",
        Asked::Upgrade => "the request for a WebSocket",
    };
    Problem::new(
        ProblemKind::Service,
        "unanswered",
        format!("AWS had not answered {what} yet."),
        "",
    )
}

/// What to do about a loss after which everything that was asked for was granted.
fn after_an_easy_way_back(closed_by: ClosedBy) -> &'static str {
    match closed_by {
        ClosedBy::Gateway | ClosedBy::Renewal | ClosedBy::SessionEnd => "",
        ClosedBy::Network => ON_THE_WAY,
        ClosedBy::Deadline => {
            "If it happens often, something on the way forgets idle connections: set a shorter \
             keepalive."
        }
    }
}

const ON_THE_WAY: &str =
    "If it happens often, look at the network, the VPN or the proxy on the way.";

const ENDS_TOO_SOON: &str = "If it happens often, the credentials end too soon: let them live \
                             longer, or sign in before they end.";

/// What to do about a loss after which something was refused for a while: that took the time,
/// and is what can be looked at.
fn after_a_hard_way_back(problem: &Problem) -> String {
    match problem.kind {
        ProblemKind::Network => ON_THE_WAY.to_owned(),
        ProblemKind::Credentials => ENDS_TOO_SOON.to_owned(),
        // It has passed.
        ProblemKind::Service if problem.remedy.is_empty() => String::new(),
        ProblemKind::Service => format!("If it comes again: {}", problem.remedy),
        ProblemKind::Settings
        | ProblemKind::Listen
        | ProblemKind::Permission
        | ProblemKind::Target
        | ProblemKind::Protocol => problem.remedy.clone(),
    }
}

/// What to do about a session that could not go on, now that another has taken its place without
/// trouble.
fn after_a_replacement(problem: &Problem) -> String {
    match problem.kind {
        ProblemKind::Network => ON_THE_WAY.to_owned(),
        ProblemKind::Credentials => ENDS_TOO_SOON.to_owned(),
        ProblemKind::Permission => join(
            &problem.remedy,
            "Until then, each loss of the connection to the gateway costs the connections that \
             are open.",
        ),
        ProblemKind::Target => {
            "If it happens often, look at the target and its agent, and for a destination that \
             does not read what it is sent."
                .to_owned()
        }
        // An idle timeout, a longest duration, an administrator: what the service says of it.
        ProblemKind::Service => String::new(),
        ProblemKind::Settings | ProblemKind::Listen | ProblemKind::Protocol => {
            problem.remedy.clone()
        }
    }
}
