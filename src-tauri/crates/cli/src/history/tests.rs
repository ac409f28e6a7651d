//! What is printed of a history.

use clap::Parser as _;
use tunnel_manager::Reading;
use tunnel_manager::tunnel::{
    Asked, Attempts, Cause, DropEnd, DropRecord, Outlook, Record, Refusal, Renewal, State,
    TurnedAway,
};

use super::*;
use crate::words::tests::{problem, resumed};

/// Noon of 21 November 2026, UTC, at which the gateway closes.
const NOON: u64 = 1_795_262_400_000;
const HOUR: u64 = 60 * 60 * 1000;

#[derive(clap::Parser)]
struct CommandLine {
    #[command(flatten)]
    history: History,
}

fn history(arguments: &[&str]) -> History {
    let all = ["history"].iter().chain(arguments);
    CommandLine::try_parse_from(all).unwrap().history
}

fn state(at: u64, state: State, cause: Cause) -> Record {
    Record {
        at,
        what: Happening::State { state, cause },
    }
}

fn up(at: u64, cause: Cause) -> Record {
    state(at, State::Up { since: at }, cause)
}

fn reconnecting(at: u64) -> Record {
    let state_ = State::Reconnecting {
        since: at,
        attempt: 1,
        next_attempt: None,
        problem: problem(),
        outlook: Outlook::default(),
    };
    state(at, state_, Cause::Lost)
}

fn dropped(at: u64, lost: DropRecord) -> Record {
    Record {
        at,
        what: Happening::Drop(Box::new(lost)),
    }
}

fn reading(records: Vec<Record>) -> Reading {
    let tunnel = TunnelName::new(None, "db");
    let entry = |record| Entry {
        tunnel: tunnel.clone(),
        record,
    };
    Reading {
        entries: records.into_iter().map(entry).collect(),
        ..Reading::default()
    }
}

/// A day with one close of the gateway and one renewal.
fn a_day() -> Reading {
    let attempts = |asked, problem, count: u32| Attempts {
        asked,
        problem,
        count,
        first_after_ms: 10,
        last_after_ms: 10 + 12_000 * u64::from(count - 1),
        took_ms: 90,
    };
    let lost = DropRecord {
        attempts: vec![
            attempts(Asked::ResumeSession, Some(problem()), 7),
            attempts(Asked::ResumeSession, None, 1),
            attempts(Asked::Upgrade, None, 1),
        ],
        attempts_left_out: 2,
        ..resumed()
    };
    let renewal = Renewal {
        session_id: None,
        socket_age_ms: 50 * 60_000,
        gap_ms: 0,
        connections: 2,
    };
    reading(vec![
        state(NOON - HOUR, State::Connecting { since: 0 }, Cause::Started),
        up(NOON - HOUR + 1000, Cause::Established),
        reconnecting(NOON),
        dropped(NOON + 400, lost),
        up(NOON + 400, Cause::Resumed),
        Record {
            at: NOON + HOUR,
            what: Happening::Renewed(renewal),
        },
        state(NOON + 13 * HOUR, State::Off, Cause::Stopped),
    ])
}

#[test]
fn a_tunnel_that_ended_for_want_of_credentials_does_not_say_merely_that_it_was_stopped() {
    let waiting = State::NeedsSignIn {
        since: NOON,
        problem: problem(),
        renewed_by: Default::default(),
        next_attempt: None,
        outlook: Outlook::default(),
    };
    let reading = reading(vec![
        state(NOON - 2, State::Connecting { since: 0 }, Cause::Started),
        state(NOON, waiting, Cause::Refused),
        state(NOON + 1, State::Stopping, Cause::Stopped),
        state(NOON + 2, State::Off, Cause::Stopped),
    ]);
    let lines = history(&[]).sentences(&reading, 0, &TimeZone::UTC);
    let off = "db: off (it was stopped before it had credentials)";
    assert!(lines.iter().any(|line| line.ends_with(off)), "{lines:?}");
}

#[test]
fn a_day_is_told_in_local_time_with_all_that_is_known_of_a_drop() {
    let zone = TimeZone::fixed(jiff::tz::offset(1));
    let lines = history(&[]).sentences(&a_day(), 0, &zone);
    let expected = "\
Saturday 21 November 2026
12:00:00  db: connecting (it was started)
12:00:01  db: up (a session is established)
13:00:00  db: The gateway closed the connection, as it does about once an hour.
          Resumed after 0.4 s; 3 of 3 connections lived on.
          closed by the gateway after 1 h; close code 1000, Bye; last message 0.3 s before; round trip 34 ms; 2 sent and not acknowledged; 1 received out of order; session user-0123
          2 earlier attempts are left out; ResumeSession 7 times, after 10 ms to 1 min 12 s: session-over, the last in 90 ms; ResumeSession after 10 ms: granted, in 90 ms; WebSocket after 10 ms: granted, in 90 ms
14:00:00  db: renewed after 50 min, without a gap; 2 connections lived on

Sunday 22 November 2026
02:00:00  db: off (it was stopped)

db: up 99.99 % of the 14 h that are recorded, 1 drop (1 hourly close), 1 renewal, longest gap 0.4 s, 5 connections carried through, no connection lost.";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn the_states_of_an_outage_are_told_by_its_drop_and_others_are_not() {
    let shown = |records| {
        let lines = history(&[]).sentences(&reading(records), 0, &TimeZone::UTC);
        lines
            .iter()
            .filter(|line| line.contains("db: reconnecting"))
            .count()
    };
    assert_eq!(
        shown(vec![reconnecting(NOON), dropped(NOON + 400, resumed())]),
        0
    );
    // The drop of another run tells nothing of this one.
    assert_eq!(
        shown(vec![reconnecting(NOON - 1), dropped(NOON + 400, resumed())]),
        1
    );
    assert_eq!(shown(vec![reconnecting(NOON)]), 1);
}

#[test]
fn an_illness_that_is_only_the_begin_of_a_drop_is_told_by_it_and_another_is_not() {
    let degraded = |at, code: &str| {
        let problem = Problem::new(ProblemKind::Network, code, format!("It is {code}."), "");
        let outlook = Outlook::default();
        let state_ = State::Degraded {
            since: at,
            problem,
            session_id: None,
            others: 0,
            outlook,
        };
        state(at, state_, Cause::Lost)
    };
    let mut lost = resumed();
    lost.close.at = NOON;
    let records = vec![
        degraded(NOON, "gateway-close"),
        degraded(NOON + 1, "no-pong"),
        dropped(NOON + 400, lost),
    ];
    let said = history(&[]).sentences(&reading(records), 0, &TimeZone::UTC);
    let said = said.join("\n");
    assert!(!said.contains("It is gateway-close."), "{said}");
    assert!(said.contains("degraded: It is no-pong."), "{said}");
}

#[test]
fn time_in_which_it_was_degraded_is_told_apart_from_time_in_which_it_was_down() {
    let degraded = State::Degraded {
        since: NOON,
        problem: problem(),
        session_id: None,
        others: 1,
        outlook: Outlook::default(),
    };
    let records = vec![
        up(NOON, Cause::Established),
        state(NOON + HOUR, degraded, Cause::Health),
        up(NOON + 2 * HOUR, Cause::Health),
        reconnecting(NOON + 3 * HOUR),
        state(NOON + 4 * HOUR, State::Off, Cause::Stopped),
    ];
    let said = history(&[]).sentences(&reading(records), 0, &TimeZone::UTC);
    let sum = said.last().unwrap();
    assert_eq!(
        sum,
        "db: up 50 % and degraded 25 % of the 4 h that are recorded, no drops."
    );
}

#[test]
fn a_tunnel_that_never_was_up_says_so_and_why() {
    let records = vec![
        state(NOON, State::Connecting { since: 0 }, Cause::Started),
        reconnecting(NOON + 1_000),
        state(NOON + HOUR, State::Off, Cause::Stopped),
    ];
    let said = history(&[]).sentences(&reading(records), 0, &TimeZone::UTC);
    let sum = said.last().unwrap();
    let what = problem().what;
    assert_eq!(sum, &format!("db: never up in that time. {what}"));
}

#[test]
fn connections_that_did_not_reach_the_destination_are_told() {
    let refused = Problem::new(ProblemKind::Target, "x", "i-1 can't reach db:1.", "Look.");
    let unreached = |at, count| Record {
        at,
        what: Happening::Unreached {
            count,
            problem: refused.clone(),
        },
    };
    let records = vec![unreached(NOON, 1), unreached(NOON + 60_000, 7)];
    let said = history(&[]).sentences(&reading(records), 0, &TimeZone::UTC);
    let said = said.join("\n");
    assert!(
        said.contains("12:00:00  db: i-1 can't reach db:1. Look."),
        "{said}"
    );
    assert!(
        said.contains("db: 7 connections within a minute: i-1 can't reach db:1."),
        "{said}"
    );
}

#[test]
fn a_connection_that_no_session_could_be_had_for_says_what_to_do() {
    let what = Happening::TurnedAway(TurnedAway {
        count: 1,
        waited_ms: 10,
        why: Refusal::NoSession,
        problem: Some(Problem::new(
            ProblemKind::Permission,
            "x",
            "No.",
            "Ask for it.",
        )),
    });
    let records = vec![Record { at: NOON, what }];
    let said = history(&[]).sentences(&reading(records), 0, &TimeZone::UTC);
    assert!(
        said.iter().any(|line| line.trim() == "Ask for it."),
        "{said:?}"
    );
}

#[test]
fn drops_alone_are_told_when_they_alone_are_asked_for() {
    let only = history(&["--drops"]);
    let lines = only.sentences(&a_day(), 0, &TimeZone::UTC);
    assert!(lines.iter().any(|line| line.contains("The gateway closed")));
    for unwanted in ["started", "renewed", "stopped"] {
        assert!(
            !lines.iter().any(|line| line.contains(unwanted)),
            "{lines:?}"
        );
    }
    let objects = only.objects(&a_day(), 0);
    assert_eq!(objects.len(), 2, "{objects:?}");
}

#[test]
fn what_each_day_comes_to_is_told_when_it_is_asked_for() {
    let asked = history(&["--days"]);
    let lines = asked.sentences(&a_day(), 0, &TimeZone::UTC);
    for begin in [
        "2026-11-21 (UTC), db: up 99.99 %",
        "2026-11-22 (UTC), db: up 100 %",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(begin)),
            "{lines:?}"
        );
    }
    let objects = asked.objects(&a_day(), 0);
    let days = objects
        .iter()
        .filter(|line| line.contains("\"event\":\"day\""));
    assert_eq!(days.count(), 2, "{objects:?}");
}

#[test]
fn what_was_before_is_not_told_but_says_how_it_was() {
    let lines = history(&[]).sentences(&a_day(), NOON + 12 * HOUR, &TimeZone::UTC);
    let expected = "\
Sunday 22 November 2026
01:00:00  db: off (it was stopped)

db: up 100 % of the 1 h that are recorded, no drops.";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn nothing_is_said_to_be_nothing() {
    let nothing = Reading::default();
    let lines = history(&[]).sentences(&nothing, 0, &TimeZone::UTC);
    assert_eq!(lines, ["No event is recorded in the last 24 h."]);
    let lines =
        history(&["db", "--drops", "--since", "30m"]).sentences(&nothing, 0, &TimeZone::UTC);
    let expected =
        "No lost connection of a tunnel with \"db\" in its name is recorded in the last 30 min.";
    assert_eq!(lines, [expected]);
    assert_eq!(history(&[]).objects(&nothing, 0), Vec::<String>::new());
}

#[test]
fn what_is_missing_is_said() {
    let gaps = Reading {
        left_out: 12,
        unreadable: 1,
        ..Reading::default()
    };
    let lines = history(&[]).sentences(&gaps, 0, &TimeZone::UTC).join("\n");
    assert!(lines.contains("12 records could not be kept"), "{lines}");
    assert!(
        lines.contains("1 line of the history can't be read"),
        "{lines}"
    );
    let objects = history(&[]).objects(&gaps, 0);
    assert_eq!(objects, [r#"{"event":"gaps","leftOut":12,"unreadable":1}"#]);
}

#[test]
fn a_drop_that_cost_a_session_names_it_and_what_to_do() {
    let lost = DropRecord {
        end: DropEnd::Replaced { problem: problem() },
        survived: 0,
        remedy: "Ask the account's owner.".to_owned(),
        ..resumed()
    };
    let reading = reading(vec![dropped(NOON, lost)]);
    let lines = history(&[])
        .sentences(&reading, 0, &TimeZone::UTC)
        .join("\n");
    assert!(lines.contains("3 connections were lost"), "{lines}");
    assert!(lines.contains("Ask the account's owner."), "{lines}");
    assert!(lines.contains("1 not resumed"), "{lines}");
}

#[test]
fn a_tunnel_is_asked_for_by_a_part_of_its_name_or_its_id() {
    let named = |name: &str| TunnelName::new(None, name);
    let wanted = history(&["DB"]);
    assert!(wanted.wants(&named("i-1 → db.internal:5432")));
    assert!(!wanted.wants(&named("web")));
    assert!(history(&[]).wants(&named("web")));
    let id = "5d1c4a37-3c0e-4c43-9b0b-7c5461f28d0e";
    let saved = TunnelName::new(id.parse().ok(), "web");
    assert!(history(&[id]).wants(&saved));
    assert!(!history(&[&id[..8]]).wants(&saved));
}

#[test]
fn how_far_back_is_read_with_a_unit_and_nothing_else() {
    let seconds = |text: &str| since(text).map(|span| span.as_secs());
    assert_eq!(seconds("30m"), Ok(1_800));
    assert_eq!(seconds("24h"), Ok(86_400));
    assert_eq!(seconds("7d"), Ok(604_800));
    for wrong in [
        "",
        "7",
        "h",
        "-1h",
        "1.5h",
        "7 d",
        "1y",
        "99999999999999999999d",
    ] {
        assert!(since(wrong).is_err(), "{wrong}");
    }
}
