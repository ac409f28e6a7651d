//! Lengths of time and lost connections in words.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tunnel_manager::tunnel::{Close, ClosedBy, DropEnd, DropRecord, Refusal, TurnedAway};
use tunnel_manager::words;
pub(crate) use tunnel_manager::words::{bytes, count, percent};

/// A length of time as people say it: `40 ms`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`,
/// `3 d 4 h`. What is cut off is smaller than the last unit.
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 if ms < 100 => format!("{ms} ms"),
        0..10 => format!("{seconds}.{} s", ms % 1000 / 100),
        _ => words::span(Duration::from_millis(ms)),
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// The time of day here.
pub(crate) fn clock(unix_ms: u64) -> String {
    let timestamp = i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or_default();
    let local = timestamp.to_zoned(TimeZone::system());
    local.strftime("%H:%M:%S").to_string()
}

/// A drop that is over, in one line: what happened, how it ended, what it cost.
pub(crate) fn drop_line(lost: &DropRecord) -> String {
    let mut line = format!("{} {}", one_line(&lost.what), cost(lost));
    match lost.end {
        // What to do about it is said with the tunnel's end.
        DropEnd::GivenUp { .. } => {}
        DropEnd::Resumed | DropEnd::Replaced { .. } | DropEnd::Stopped | DropEnd::LetGo => {
            if !lost.remedy.is_empty() {
                line.push(' ');
                line.push_str(&one_line(&lost.remedy));
            }
        }
    }
    // With a session's end, it is Culvert that has left, without a code.
    if lost.closed_by != ClosedBy::SessionEnd {
        line.push_str(&format!(" ({})", close(&lost.close)));
    }
    line
}

/// How a drop ended and what it cost, as a sentence.
pub(crate) fn cost(lost: &DropRecord) -> String {
    let lasted = span(lost.lasted_ms);
    let DropRecord {
        connections,
        survived,
        ..
    } = lost;
    let connections_lost = match connections.saturating_sub(*survived) {
        0 => "no connection was open".to_owned(),
        1 => "1 connection was lost".to_owned(),
        many => format!("{many} connections were lost"),
    };
    match &lost.end {
        DropEnd::Resumed => match connections {
            0 => format!("Resumed after {lasted}; no connection was open."),
            1 => format!("Resumed after {lasted}; {survived} of 1 connection lived on."),
            many => format!("Resumed after {lasted}; {survived} of {many} connections lived on."),
        },
        DropEnd::Replaced { .. } => {
            format!("Another session took its place after {lasted}; {connections_lost}.")
        }
        DropEnd::GivenUp { .. } => format!("Given up after {lasted}; {connections_lost}."),
        DropEnd::Stopped => format!("Stopped after {lasted}; {connections_lost}."),
        DropEnd::LetGo => "No connection was open.".to_owned(),
    }
}

/// Connections that were closed without having been carried, in one line.
pub(crate) fn turned_away_line(turned_away: &TurnedAway) -> String {
    let TurnedAway {
        count: number,
        waited_ms,
        why,
        problem,
    } = turned_away;
    let connections = count((*number).into(), "connection was", "connections were");
    let waited = span(*waited_ms);
    let mut line = match why {
        // Whoever waits does so for whole seconds.
        Refusal::WaitedOut if *waited_ms < 1_000 => format!(
            "{connections} closed at once: there was no session, and the tunnel is set to let \
             none wait."
        ),
        Refusal::WaitedOut => {
            format!("{connections} closed after waiting {waited} for a session.")
        }
        Refusal::TooMany => {
            format!("{connections} closed: as many as may wait for a session do so already.")
        }
        Refusal::NoSession => format!("{connections} closed: no session could be had."),
    };
    if let Some(problem) = problem {
        line.push(' ');
        line.push_str(&one_line(&problem.what));
    }
    line.push_str(match why {
        Refusal::WaitedOut | Refusal::TooMany => " Connect again once the tunnel is up.",
        // The reason has a remedy of its own.
        Refusal::NoSession => "",
    });
    line
}

/// The code and the reason of a close.
pub(crate) fn close(close: &Close) -> String {
    let reason = one_line(&close.reason);
    match (close.code, reason.as_str()) {
        (Some(code), "") => format!("close code {code}"),
        (Some(code), reason) => format!("close code {code}, {reason}"),
        (None, "") => "no close code".to_owned(),
        (None, reason) => format!("no close code, {reason}"),
    }
}

/// Text of somebody else's as part of a line of ours.
pub(crate) fn one_line(text: &str) -> String {
    let plain = text.replace(char::is_control, " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use tunnel_manager::tunnel::{Problem, ProblemKind, Vitals};

    use super::*;

    /// A drop that cost nothing.
    pub(crate) fn resumed() -> DropRecord {
        DropRecord {
            session_id: Some("user-0123".to_owned()),
            closed_by: ClosedBy::Gateway,
            close: Close {
                at: 1_795_262_400_000,
                code: Some(1000),
                reason: "Bye".to_owned(),
            },
            socket_age_ms: 3_600_000,
            vitals: Vitals {
                last_frame_ms: Some(300),
                round_trip_ms: Some(34),
                unacknowledged: 2,
                held: 1,
                ..Vitals::default()
            },
            connections: 3,
            attempts: Vec::new(),
            attempts_left_out: 0,
            lasted_ms: 400,
            survived: 3,
            end: DropEnd::Resumed,
            what: "The gateway closed the connection, as it does about once an hour.".to_owned(),
            remedy: String::new(),
        }
    }

    pub(crate) fn problem() -> Problem {
        Problem::new(
            ProblemKind::Service,
            "session-over",
            "The session has ended.",
            "",
        )
    }

    #[test]
    fn lengths_of_time_are_said_as_people_do() {
        for (ms, words) in [
            (0, "0 ms"),
            (99, "99 ms"),
            (100, "0.1 s"),
            (400, "0.4 s"),
            (9_999, "9.9 s"),
            (12_999, "12 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (86_400_000, "1 d"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(span(ms), words);
        }
    }

    #[test]
    fn a_drop_says_why_how_long_and_what_lived_on() {
        assert_eq!(
            drop_line(&resumed()),
            "The gateway closed the connection, as it does about once an hour. Resumed after \
             0.4 s; 3 of 3 connections lived on. (close code 1000, Bye)"
        );
    }

    #[test]
    fn a_drop_that_cost_something_says_so() {
        let problem = problem();
        let end = DropEnd::Replaced { problem };
        let replaced = |connections| {
            cost(&DropRecord {
                connections,
                survived: 0,
                lasted_ms: 12_000,
                end: end.clone(),
                ..resumed()
            })
        };
        let begin = "Another session took its place after 12 s;";
        assert_eq!(replaced(0), format!("{begin} no connection was open."));
        assert_eq!(replaced(1), format!("{begin} 1 connection was lost."));
        assert_eq!(replaced(3), format!("{begin} 3 connections were lost."));
        let partly = DropRecord {
            survived: 2,
            ..resumed()
        };
        assert_eq!(
            cost(&partly),
            "Resumed after 0.4 s; 2 of 3 connections lived on."
        );
    }

    #[test]
    fn a_drop_in_which_the_tunnel_was_stopped_says_what_that_cost() {
        let stopped = DropRecord {
            survived: 0,
            end: DropEnd::Stopped,
            ..resumed()
        };
        assert_eq!(
            cost(&stopped),
            "Stopped after 0.4 s; 3 connections were lost."
        );
    }

    #[test]
    fn what_others_say_stays_in_its_line_and_steers_no_terminal() {
        let broken = Close {
            at: 0,
            code: None,
            reason: "reset\n\u{1b}[31mby peer".to_owned(),
        };
        assert_eq!(close(&broken), "no close code, reset [31mby peer");
    }
}
