//! What happened, in words.

use tunnel_manager::tunnel::{
    Asked, Attempts, Cause, ClosedBy, DropRecord, Happening, Problem, Refusal, Renewal, State,
    TurnedAway,
};

use crate::output::problem_sentence;
use crate::words::{bytes, close, cost, count, one_line, span, turned_away_line};

/// What happened, in lines; the first stands behind the tunnel's name. `before` is the state that
/// the tunnel was in until then.
pub(super) fn about(what: &Happening, before: Option<&State>) -> Vec<String> {
    match what {
        Happening::State { state, cause } => vec![state_line(state, *cause, before)],
        Happening::Drop(lost) => drop_lines(lost),
        Happening::Renewed(renewal) => vec![renewal_line(renewal)],
        Happening::TurnedAway(turned_away) => turned_away_lines(turned_away),
        Happening::Unreached { count: 1, problem } => vec![problem_sentence(problem)],
        Happening::Unreached {
            count: more,
            problem,
        } => vec![format!(
            "{} within a minute: {}",
            count((*more).into(), "connection", "connections"),
            problem_sentence(problem)
        )],
        Happening::LeftBehind {
            session_id,
            problem,
        } => vec![
            format!(
                "The session {} could not be ended at the service.",
                one_line(session_id)
            ),
            problem_sentence(problem),
        ],
        Happening::EndedLate { session_id } => vec![format!(
            "The session {} is ended at the service after all.",
            one_line(session_id)
        )],
        Happening::Slept { asleep_ms } => {
            vec![format!("this machine slept for {}", span(*asleep_ms))]
        }
        Happening::Target(choice) => vec![one_line(&choice.what())],
        Happening::Carried {
            bytes_up,
            bytes_down,
        } => vec![format!(
            "{} sent and {} received",
            bytes(*bytes_up),
            bytes(*bytes_down)
        )],
    }
}

fn turned_away_lines(turned_away: &TurnedAway) -> Vec<String> {
    let mut lines = vec![turned_away_line(turned_away)];
    match (turned_away.why, &turned_away.problem) {
        // Nothing else in the history says what to do about it.
        (Refusal::NoSession, Some(problem)) if !problem.remedy.is_empty() => {
            lines.push(one_line(&problem.remedy));
        }
        (Refusal::NoSession | Refusal::WaitedOut | Refusal::TooMany, _) => {}
    }
    lines
}

fn state_line(state: &State, cause: Cause, before: Option<&State>) -> String {
    let because = |what: &str| format!("{what} ({})", cause_words(cause));
    let with = |what: &str, problem: &Problem| format!("{what}: {}", problem_sentence(problem));
    match state {
        State::Off if matches!(before, Some(State::NeedsSignIn { .. })) => {
            "off (it was stopped before it had credentials)".to_owned()
        }
        State::Off => because("off"),
        State::Listening => because("listening for a first connection"),
        State::Connecting { .. } => because("connecting"),
        State::Up { .. } => because("up"),
        State::Stopping => because("stopping"),
        State::Degraded {
            problem,
            session_id: Some(id),
            ..
        } => with(&format!("degraded, session {}", one_line(id)), problem),
        State::Degraded { problem, .. } => with("degraded", problem),
        State::Reconnecting { problem, .. } => with("reconnecting", problem),
        State::NeedsSignIn { problem, .. } => with("needs sign-in", problem),
        State::Failed { problem, .. } => with("failed", problem),
    }
}

fn cause_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Started => "it was started",
        Cause::Connection => "a connection came",
        Cause::Idle => "no connection for a while",
        Cause::Established => "a session is established",
        Cause::Resumed => "the session is resumed",
        Cause::Lost => "the connection to the gateway was lost",
        Cause::SessionOver => "a session is over",
        Cause::Refused => "a request was refused",
        Cause::Health => "the health of a session has changed",
        Cause::Network => "the network has changed",
        Cause::Power => "the machine sleeps or wakes",
        Cause::TriedNow => "an attempt was asked for",
        Cause::Timer => "the next attempt was due",
        Cause::Stopped => "it was stopped",
    }
}

fn renewal_line(renewal: &Renewal) -> String {
    let gap = match renewal.gap_ms {
        0 => "without a gap".to_owned(),
        gap => format!("with a gap of {}", span(gap)),
    };
    let age = span(renewal.socket_age_ms);
    let connections = count(renewal.connections.into(), "connection", "connections");
    format!("renewed after {age}, {gap}; {connections} lived on")
}

fn drop_lines(lost: &DropRecord) -> Vec<String> {
    let mut lines = vec![one_line(&lost.what), cost(lost), circumstances(lost)];
    if !lost.attempts.is_empty() {
        lines.push(attempts(lost));
    }
    if !lost.remedy.is_empty() {
        lines.push(one_line(&lost.remedy));
    }
    lines
}

/// Who closed, with which code, and how it was at that moment.
fn circumstances(lost: &DropRecord) -> String {
    let by = match lost.closed_by {
        ClosedBy::Gateway => "closed by the gateway",
        ClosedBy::Network => "broken on the way",
        ClosedBy::Deadline => "closed by Culvert, as no answer came,",
        ClosedBy::Renewal => "closed by Culvert, to renew it,",
        ClosedBy::SessionEnd => "closed by Culvert, as the session was over,",
    };
    let vitals = &lost.vitals;
    let last_frame = vitals
        .last_frame_ms
        .map(|age| format!("last message {} before", span(age)));
    let round_trip = vitals
        .round_trip_ms
        .map(|ms| format!("round trip {}", span(ms.into())));
    let parts = [
        Some(format!("{by} after {}", span(lost.socket_age_ms))),
        Some(close(&lost.close)),
        last_frame,
        round_trip,
        Some(format!(
            "{} sent and not acknowledged",
            vitals.unacknowledged
        )),
        Some(format!("{} received out of order", vitals.held)),
        lost.session_id
            .as_ref()
            .map(|id| format!("session {}", one_line(id))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn attempts(lost: &DropRecord) -> String {
    let left_out = lost.attempts_left_out;
    let before = (left_out > 0).then(|| {
        count(
            left_out.into(),
            "earlier attempt is left out",
            "earlier attempts are left out",
        )
    });
    let kinds = lost.attempts.iter().map(alike);
    before
        .into_iter()
        .chain(kinds)
        .collect::<Vec<_>>()
        .join("; ")
}

fn alike(attempts: &Attempts) -> String {
    let asked = match attempts.asked {
        Asked::StartSession => "StartSession",
        Asked::ResumeSession => "ResumeSession",
        Asked::Upgrade => "WebSocket",
    };
    let came = match &attempts.problem {
        None => "granted",
        Some(problem) => problem.code.as_str(),
    };
    let took = span(attempts.took_ms);
    let (first, last) = (span(attempts.first_after_ms), span(attempts.last_after_ms));
    match attempts.count {
        1 => format!("{asked} after {last}: {came}, in {took}"),
        many => {
            format!("{asked} {many} times, after {first} to {last}: {came}, the last in {took}")
        }
    }
}
