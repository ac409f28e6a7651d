//! What goes into a policy and comes out of it, in words for the log. No secret is in them: of a grant
//! they tell the session's id alone.

use std::fmt;

use super::{Action, Input, Purpose, TunnelTimer};
use crate::evidence::ClosedBy;
use crate::tunnel::Loss;
use crate::{Failure, Load, Problem, State, Vitals};

/// What has happened, and to which session.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(key, Ok(grant)) => {
                write!(f, "session {key} is granted, {}", grant.session_id)
            }
            Self::Granted(key, Err(failure)) => {
                write!(f, "session {key} is not granted: {}", Refused(failure))
            }
            Self::Asked(key, _) => write!(f, "the call for session {key} is made"),
            Self::Dialled(key, Ok(())) => write!(f, "session {key} has a WebSocket"),
            Self::Dialled(key, Err(failure)) => {
                write!(f, "session {key} gets no WebSocket: {}", Refused(failure))
            }
            Self::Chosen(key, choice) => {
                write!(f, "session {key} is to go to {}", choice.node)
            }
            Self::Established(key) => write!(f, "session {key} is established"),
            Self::Lost(key, loss) => {
                write!(f, "the WebSocket of session {key} is lost, {}", Gone(loss))
            }
            Self::Over(key, problem, vitals) => {
                write!(
                    f,
                    "session {key} is over: {}; {}",
                    Said(problem),
                    Stand(vitals)
                )
            }
            Self::Refused(key, failure) => {
                write!(
                    f,
                    "session {key} is refused what it needs: {}",
                    Refused(failure)
                )
            }
            Self::Degraded(key, Some(illness)) => {
                write!(f, "session {key} is not well: {}", Said(&illness.problem))
            }
            Self::Degraded(key, None) => write!(f, "session {key} is well"),
            Self::Load(key, Load::Light) => write!(f, "session {key} carries little"),
            Self::Load(key, Load::Bulk) => write!(f, "session {key} carries a transfer"),
            Self::Quiet(key, vitals) => {
                write!(f, "session {key} is quiet; {}", Stand(vitals))
            }
            Self::Renewed(key) => write!(f, "the WebSocket of session {key} is renewed"),
            Self::RenewalMissed(key) => {
                write!(
                    f,
                    "session {key} was not quiet for long enough to be renewed"
                )
            }
            Self::FlagDone(key) => write!(f, "the agent was told that session {key} ends"),
            Self::Terminated(key) => write!(f, "the end of session {key} is answered"),
            Self::Accepted(request) => write!(f, "connection {} waits", request.0),
            Self::Returned(request, _) => write!(f, "connection {} waits again", request.0),
            Self::Finished(key) => write!(f, "a connection of session {key} has ended"),
            Self::Unreached(problem) => {
                write!(f, "the destination was not reached: {}", Said(problem))
            }
            Self::NetworkDown => f.write_str("the network is gone"),
            Self::NetworkUp => f.write_str("there is a network"),
            Self::Sleeping => f.write_str("the machine is about to sleep"),
            Self::Woke { asleep } => {
                write!(f, "the machine has woken after {} s", asleep.as_secs())
            }
            Self::CredentialsChanged => f.write_str("there are other credentials"),
            Self::TryNow => f.write_str("the user wants an attempt now"),
            Self::Stop => f.write_str("the tunnel is no longer wanted"),
        }
    }
}

/// What is due, and for which session.
impl fmt::Display for TunnelTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt(key) => write!(f, "the next attempt of session {key}"),
            Self::Healed(key) => write!(f, "session {key} forgets its last outage"),
            Self::Renewal(key) => write!(f, "the renewal of session {key}"),
            Self::SignInProbe(key) => write!(f, "another look at the credentials of session {key}"),
            Self::WaitLimit(request) => write!(f, "connection {} has waited enough", request.0),
            Self::SparePatience(request) => {
                write!(
                    f,
                    "connection {} waits no longer for a session of its own",
                    request.0
                )
            }
            Self::Shrink(key) => write!(f, "the end of session {key}, which helps no more"),
            Self::Fill => f.write_str("another session for the pool"),
            Self::Idle => f.write_str("the end of what nobody uses"),
            Self::EndConfirmation(key) => {
                write!(f, "the agent's answer to the end of session {key}")
            }
            Self::Unreached => {
                f.write_str("the sum of connections that did not reach the destination")
            }
            Self::Numbers => f.write_str("numbers that have changed"),
            Self::Lapse => f.write_str("the time that was told has come"),
            Self::StopLimit => f.write_str("the end of stopping"),
        }
    }
}

/// For the log: what is to be done, and of which session.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(key) => write!(f, "start session {key}"),
            Self::Resume(key, id) => write!(f, "resume session {key}, {id}"),
            Self::Dial(key, grant, Purpose::Connect) => {
                write!(
                    f,
                    "open a WebSocket for session {key}, {}",
                    grant.session_id
                )
            }
            Self::Dial(key, grant, Purpose::Renew) => {
                write!(
                    f,
                    "renew the WebSocket of session {key}, {}",
                    grant.session_id
                )
            }
            Self::AwaitQuiet(key) => write!(f, "await a quiet moment of session {key}"),
            Self::Close(key) => write!(f, "close the WebSocket of session {key}"),
            Self::GiveUp(key) => write!(f, "give up the call or dial for session {key}"),
            Self::CheckPath(key) => write!(f, "check the path of session {key}"),
            Self::Sleep(key) => write!(f, "prepare session {key} for sleep"),
            Self::SendEnd(key) => write!(f, "tell the agent that session {key} ends"),
            Self::Terminate(key, id) => write!(f, "end session {key}, {id}, at the service"),
            Self::Abandon(id) => write!(f, "end {id} at the service, and wait for no answer"),
            Self::Discard(key) => write!(f, "forget session {key}"),
            Self::Place(request, key) => {
                write!(f, "carry waiting connection {} on session {key}", request.0)
            }
            Self::Reject(request) => write!(f, "refuse waiting connection {}", request.0),
        }
    }
}

/// For the log: what the tunnel does, and why where it is not well.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Listening => f.write_str("listening"),
            Self::Connecting { .. } => f.write_str("connecting"),
            Self::Up { .. } => f.write_str("up"),
            Self::Degraded { problem, .. } => write!(f, "degraded: {}", Said(problem)),
            Self::Reconnecting {
                attempt, problem, ..
            } => write!(f, "reconnecting, attempt {attempt}: {}", Said(problem)),
            Self::NeedsSignIn { problem, .. } => write!(f, "needs a sign-in: {}", Said(problem)),
            Self::Stopping => f.write_str("stopping"),
            Self::Failed { problem, .. } => write!(f, "failed: {}", Said(problem)),
        }
    }
}

/// A problem: its code, then its sentence.
struct Said<'a>(&'a Problem);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.0.code, self.0.what)
    }
}

/// A failure: its problem, and the raw text of whoever reported it.
struct Refused<'a>(&'a Failure);

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Said(&self.0.problem).fmt(f)?;
        match self.0.problem.details.as_str() {
            "" => Ok(()),
            details => write!(f, " ({details})"),
        }
    }
}

/// How a WebSocket ended.
struct Gone<'a>(&'a Loss);

impl fmt::Display for Gone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loss = self.0;
        f.write_str(match loss.closed_by {
            ClosedBy::Gateway => "closed by the gateway",
            ClosedBy::Network => "broken on the way",
            ClosedBy::Deadline => "as no answer came",
            ClosedBy::Renewal => "to renew it",
            ClosedBy::SessionEnd => "as the session is over",
        })?;
        if let Some(code) = loss.close.code {
            write!(f, ", code {code}")?;
        }
        if !loss.close.reason.is_empty() {
            write!(f, ", {:?}", loss.close.reason)?;
        }
        write!(f, "; {}", Stand(&loss.vitals))
    }
}

/// How a session stands, as far as it tells what is under way.
struct Stand<'a>(&'a Vitals);

impl fmt::Display for Stand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vitals = self.0;
        if let Some(age) = vitals.last_frame_ms {
            write!(f, "last frame {age} ms ago, ")?;
        }
        write!(
            f,
            "{} unacknowledged, {} out of order",
            vitals.unacknowledged, vitals.held
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Close, Grant, Next, ProblemKind, SessionKey};

    fn problem() -> Problem {
        Problem::new(
            ProblemKind::Service,
            "throttled",
            "AWS was asked too often.",
            "Wait.",
        )
    }

    #[test]
    fn what_a_policy_hears_is_told_in_words_with_its_figures_and_without_its_secrets() {
        let grant = Grant {
            session_id: "nina-0".to_owned(),
            stream_url: "wss://planted-url".to_owned(),
            token: "planted-token".to_owned(),
        };
        let failure = Failure {
            next: Next::Retry,
            problem: problem().with_details("HTTP 429"),
        };
        let loss = Loss {
            close: Close {
                at: 0,
                code: Some(1006),
                reason: "cut".to_owned(),
            },
            closed_by: ClosedBy::Network,
            progressed: true,
            vitals: Vitals {
                last_frame_ms: Some(12),
                unacknowledged: 3,
                ..Vitals::default()
            },
        };
        let key = SessionKey(2);
        for (input, words) in [
            (
                Input::Granted(key, Ok(grant)),
                "session 2 is granted, nina-0",
            ),
            (
                Input::Granted(key, Err(failure)),
                "session 2 is not granted: throttled, AWS was asked too often. (HTTP 429)",
            ),
            (
                Input::Lost(key, loss),
                "the WebSocket of session 2 is lost, broken on the way, code 1006, \"cut\"; last \
                 frame 12 ms ago, 3 unacknowledged, 0 out of order",
            ),
            (Input::Load(key, Load::Bulk), "session 2 carries a transfer"),
            (
                Input::Woke {
                    asleep: Duration::from_secs(90),
                },
                "the machine has woken after 90 s",
            ),
        ] {
            assert_eq!(input.to_string(), words);
        }
        assert_eq!(
            TunnelTimer::Attempt(key).to_string(),
            "the next attempt of session 2"
        );
    }

    #[test]
    fn a_state_says_why_it_is_none_that_one_wants() {
        let failed = State::Failed {
            since: 7,
            problem: problem(),
        };
        assert_eq!(
            failed.to_string(),
            "failed: throttled, AWS was asked too often."
        );
        assert_eq!(State::Up { since: 7 }.to_string(), "up");
    }
}
