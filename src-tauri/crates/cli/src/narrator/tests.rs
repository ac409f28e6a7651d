//! What is told of a tunnel, when, and what is not told again.

use aws_access::AccessError;
use tunnel_manager::tunnel::{
    Close, ClosedBy, NETWORK_DOWN, Outlook, ProblemKind, Record, Refusal, RenewedBy,
    START_UNANSWERED, Then, Until,
};

use super::starting::A_MOMENT;
use super::*;
use crate::words::tests::resumed;

const GOES_ON: &str = "It is tried for as long as it takes.";

const UNDER_WAY: &str = "It is being tried again.";

/// The line of an outage since the beginning of time.
fn since(what: &str) -> String {
    format!("reconnecting since {}: {what}", words::clock(0))
}

fn reconnecting(attempt: u32, what: &str) -> TunnelEvent {
    TunnelEvent::State(State::Reconnecting {
        since: 0,
        attempt,
        next_attempt: None,
        problem: Problem::new(ProblemKind::Network, "x", what, ""),
        outlook: Outlook::default(),
    })
}

/// One of a tunnel that is up.
fn running() -> (Narrator, Instant) {
    let now = Instant::now();
    let mut narrator = Narrator::new(now, 0);
    assert_eq!(narrator.handle(now, &up()), None);
    (narrator, now)
}

fn up() -> TunnelEvent {
    TunnelEvent::State(State::Up { since: 0 })
}

fn dropped() -> TunnelEvent {
    recorded(Happening::Drop(Box::new(resumed())))
}

fn recorded(what: Happening) -> TunnelEvent {
    TunnelEvent::Record(Box::new(Record { at: 0, what }))
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn a_drop_that_is_over_soon_is_one_line() {
    let (mut narrator, now) = running();
    assert_eq!(narrator.handle(now, &reconnecting(1, "Gone.")), None);
    assert_eq!(narrator.handle_due(now + seconds(2)), None);
    let line = narrator.handle(now + seconds(2), &dropped()).unwrap();
    assert!(line.contains("3 of 3 connections lived on"), "{line}");
    assert_eq!(narrator.handle(now + seconds(2), &up()), None);
    assert_eq!(narrator.due(), None);
}

#[test]
fn an_outage_is_told_once_when_it_lasts_and_again_when_its_reason_changes() {
    let (mut narrator, now) = running();
    assert_eq!(narrator.handle(now, &reconnecting(1, "Gone.")), None);
    let due = narrator.due().unwrap();
    assert_eq!(due, now + PATIENCE);
    let told = narrator.handle_due(due);
    assert_eq!(told, Some(since(&format!("Gone. {GOES_ON}"))));
    for attempt in 2..50 {
        let again = reconnecting(attempt, "Gone.");
        assert_eq!(narrator.handle(due + seconds(50), &again), None);
    }
    assert_eq!(
        narrator.handle_due(now + seconds(60)).as_deref(),
        Some("still reconnecting after 1 min, 49 attempts so far. It is being tried again.")
    );
    assert_eq!(narrator.handle_due(now + seconds(119)), None);
    let other = narrator.handle(due + seconds(61), &reconnecting(50, "Throttled."));
    assert_eq!(other, None, "it may pass in a moment");
    let other = narrator.handle_due(due + seconds(61) + A_MOMENT);
    assert_eq!(
        other,
        Some(since(&format!("Throttled. {GOES_ON} {UNDER_WAY}")))
    );
    assert_eq!(
        gave_up(&narrator, now + seconds(70)).as_deref(),
        Some("gave up after 1 min 10 s and 50 attempts with calls to https://ssm.example: ")
    );
    assert!(narrator.handle(due + seconds(70), &dropped()).is_some());
    let end = narrator.handle(due + seconds(70), &up());
    assert_eq!(end.as_deref(), Some("up"));
    assert_eq!(gave_up(&narrator, due + seconds(80)), None);
}

/// The beginning of the last sentence.
fn gave_up(narrator: &Narrator, now: Instant) -> Option<String> {
    let ill = Problem::new(ProblemKind::Service, "x", "AWS is ill.", "");
    let after = narrator.gave_up(now, &ill, Some("https://ssm.example"));
    after.map(|after| after.to_string())
}

fn refused(since: u64, attempt: u32, next_attempt: Option<u64>) -> TunnelEvent {
    TunnelEvent::State(State::Reconnecting {
        since,
        attempt,
        next_attempt,
        problem: Problem::new(ProblemKind::Service, "x", "AWS is ill.", ""),
        outlook: Outlook {
            held: 1,
            waiting: 0,
            until: Some(Until {
                at: 1_800_000,
                then: Then::GivenUp,
            }),
        },
    })
}

#[test]
fn an_outage_of_the_service_is_told_with_its_end_and_one_without_a_network_without() {
    let (mut narrator, now) = running();
    narrator.handle(now, &refused(0, 2, Some(90_000)));
    let end = words::clock(1_800_000);
    let until = format!("1 connection waits. It is tried until {end}.");
    let told = narrator.handle_due(now + PATIENCE);
    let next = "Next attempt in 1 min 27 s.";
    assert_eq!(told, Some(since(&format!("AWS is ill. {next} {until}"))));
    assert_eq!(
        narrator.handle_due(now + seconds(60)),
        Some(format!(
            "still reconnecting after 1 min, 1 attempt so far. Next attempt in 30 s. {until}"
        ))
    );

    let (mut narrator, now) = running();
    let down = TunnelEvent::State(State::Reconnecting {
        since: 0,
        attempt: 1,
        next_attempt: None,
        problem: Problem::new(ProblemKind::Network, NETWORK_DOWN, "No network.", ""),
        outlook: Outlook::default(),
    });
    narrator.handle(now, &down);
    let told = narrator.handle_due(now + PATIENCE);
    assert_eq!(told, Some(since("No network.")));
    assert_eq!(
        narrator.handle_due(now + seconds(60)).as_deref(),
        Some("still without a network after 1 min.")
    );
}

#[test]
fn an_attempt_that_was_announced_and_not_made_is_not_counted() {
    let (mut narrator, now) = running();
    narrator.handle(now, &refused(0, 3, Some(9_000)));
    let begin = |now| {
        let said = gave_up(&narrator, now).unwrap();
        said.split(" with").next().unwrap().to_owned()
    };
    assert_eq!(
        begin(now + seconds(1)),
        "gave up after 1.0 s and 2 attempts"
    );
    narrator.handle(now, &refused(0, 3, None));
    let said = gave_up(&narrator, now + seconds(10)).unwrap();
    assert!(
        said.starts_with("gave up after 10 s and 3 attempts"),
        "{said}"
    );
}

#[test]
fn what_was_tried_is_counted_from_the_start_and_calls_are_named_only_if_they_failed() {
    let now = Instant::now();
    let mut narrator = Narrator::new(now, 1_000);
    narrator.handle(now + seconds(15), &not_up_yet("No.", None));
    let silent = Problem::new(ProblemKind::Target, "x", "It is silent.", "");
    let after = narrator.gave_up(now + seconds(30), &silent, Some("https://ssm.example"));
    assert_eq!(
        after.unwrap().to_string(),
        "gave up after 30 s and 2 attempts: "
    );
}

fn lost() -> TunnelEvent {
    TunnelEvent::Lost {
        session_id: None,
        close: Close {
            at: 0,
            code: None,
            reason: String::new(),
        },
        closed_by: ClosedBy::Network,
        socket_age: Duration::ZERO,
    }
}

fn replaced(connections: u32) -> TunnelEvent {
    replaced_at("s-0", connections)
}

/// One in the place of the session with which it began.
fn replaced_at(place: &str, connections: u32) -> TunnelEvent {
    TunnelEvent::Replaced {
        drop_of: Some(place.to_owned()),
        session_id: None,
        connections,
        problem: Problem::new(
            ProblemKind::Service,
            "over",
            "The session is over.",
            "Wait.",
        ),
    }
}

fn replaced_drop(place: &str) -> TunnelEvent {
    let mut lost = resumed();
    lost.session_id = Some(place.to_owned());
    lost.end = DropEnd::Replaced {
        problem: Problem::new(ProblemKind::Service, "over", "The session is over.", ""),
    };
    recorded(Happening::Drop(Box::new(lost)))
}

#[test]
fn an_outage_says_how_it_began_and_that_once() {
    let (mut narrator, now) = running();
    narrator.handle(now, &lost());
    narrator.handle(now, &replaced(2));
    narrator.handle(now, &refused(0, 2, None));
    let told = narrator.handle_due(now + PATIENCE).unwrap();
    let begin = since(
        "The connection to the gateway broke on the way. The session is over. 2 connections were \
         lost. AWS is ill. It is being tried again. 1 connection waits.",
    );
    assert!(told.starts_with(&begin), "{told}");
    narrator.handle(now + seconds(5), &reconnecting(3, "No way."));
    let told = narrator.handle_due(now + seconds(6)).unwrap();
    assert!(told.starts_with(&since("No way.")), "{told}");
    // Once it is up, it is forgotten.
    narrator.handle(now + seconds(7), &up());
    narrator.handle(now + seconds(8), &refused(0, 1, None));
    let told = narrator.handle_due(now + seconds(20)).unwrap();
    assert!(told.starts_with(&since("AWS is ill.")), "{told}");
}

#[test]
fn trouble_does_not_begin_with_the_end_of_a_session_that_was_let_go_or_a_drop_that_is_over() {
    let (mut narrator, now) = running();
    // The pool shrinks.
    let mut ended = lost();
    if let TunnelEvent::Lost { closed_by, .. } = &mut ended {
        *closed_by = ClosedBy::SessionEnd;
    }
    narrator.handle(now, &ended);
    narrator.handle(now + seconds(60), &refused(60_000, 2, None));
    let told = narrator.handle_due(now + seconds(63)).unwrap();
    assert!(told.contains(": AWS is ill."), "{told}");

    // One that carries nothing is resumed beside others.
    for end in [DropEnd::Resumed, DropEnd::LetGo] {
        let (mut narrator, now) = running();
        narrator.handle(now, &lost());
        let mut over = resumed();
        over.end = end;
        narrator.handle(now, &recorded(Happening::Drop(Box::new(over))));
        narrator.handle(now + seconds(60), &refused(60_000, 2, None));
        let told = narrator.handle_due(now + seconds(63)).unwrap();
        assert!(told.contains(": AWS is ill."), "{told}");
    }
}

#[test]
fn what_to_do_about_a_tunnel_that_is_given_up_is_said_with_its_end_alone() {
    let (mut narrator, now) = running();
    narrator.handle(now, &refused(0, 2, None));
    let mut given_up = resumed();
    given_up.end = DropEnd::GivenUp {
        problem: Problem::new(ProblemKind::Service, "x", "AWS is ill.", "Wait."),
    };
    given_up.remedy = "Wait.".to_owned();
    let told = narrator.handle(now, &recorded(Happening::Drop(Box::new(given_up))));
    let told = told.unwrap();
    assert!(
        told.contains("Given up after") && !told.contains("Wait."),
        "{told}"
    );
}

#[test]
fn a_start_that_is_not_answered_at_the_end_is_said_to_leave_a_session_perhaps() {
    let (mut narrator, _) = running();
    let unanswered = Problem::new(
        ProblemKind::Service,
        START_UNANSWERED,
        "It may be left.",
        "",
    );
    let other = Problem::new(ProblemKind::Service, "x", "Something else.", "");
    assert!(!narrator.handle_last(&TunnelEvent::Notice(other)));
    assert!(narrator.handle_last(&TunnelEvent::Notice(unanswered)));
    assert_eq!(narrator.last_words(true), ["It may be left."]);
}

#[test]
fn a_replacement_that_lasts_while_others_carry_the_tunnel_is_told_once_and_so_is_its_end() {
    let (mut narrator, now) = running();
    for (place, connections) in [("s-1", 1), ("s-2", 2)] {
        let event = replaced_at(place, connections);
        assert_eq!(narrator.handle(now, &event), None);
    }
    assert_eq!(narrator.due(), Some(now + PATIENCE));
    assert_eq!(
        narrator.handle_due(now + PATIENCE).as_deref(),
        Some(
            "replacing 2 sessions: The session is over. 3 connections were lost. New \
             connections use the other sessions."
        )
    );
    for _ in 0..9 {
        let successor = replaced_at("s-1", 0);
        assert_eq!(narrator.handle(now + seconds(4), &successor), None);
    }
    assert_eq!(narrator.due(), None);
    for place in ["s-1", "s-2"] {
        let end = narrator.handle(now + seconds(9), &replaced_drop(place));
        let end = end.unwrap();
        assert!(end.contains("Another session took its place"), "{end}");
    }
}

#[test]
fn successors_that_fail_before_they_are_up_leave_no_replacement_behind() {
    let (mut narrator, now) = running();
    for _ in 0..3 {
        assert_eq!(narrator.handle(now, &replaced_at("s-1", 0)), None);
    }
    assert!(
        narrator
            .handle(now + seconds(1), &replaced_drop("s-1"))
            .is_some()
    );
    assert_eq!(narrator.due(), None);
    // The next is news again.
    narrator.handle(now + seconds(60), &replaced_at("s-2", 1));
    let told = narrator.handle_due(now + seconds(63)).unwrap();
    let begin = "replacing a session: The session is over. 1 connection was lost.";
    assert!(told.starts_with(begin), "{told}");
}

#[test]
fn a_replacement_whose_end_may_have_been_missed_is_forgotten() {
    let (mut narrator, now) = running();
    narrator.handle(now, &replaced(1));
    narrator.missed();
    assert_eq!(narrator.due(), None);
}

#[test]
fn a_replacement_that_is_over_soon_or_without_which_nothing_is_up_has_no_line_of_its_own() {
    let (mut narrator, now) = running();
    narrator.handle(now, &replaced(1));
    let line = narrator.handle(now + seconds(1), &replaced_drop("s-0"));
    assert!(line.is_some_and(|line| line.contains("took its place")));
    assert_eq!(narrator.due(), None);

    narrator.handle(now, &replaced(1));
    narrator.handle(now, &refused(0, 2, None));
    let told = narrator.handle_due(now + PATIENCE).unwrap();
    assert!(told.starts_with(&since("The session is over.")), "{told}");
    assert_eq!(narrator.handle_due(now + seconds(9)), None);
    // That others are up again does not make it news.
    narrator.handle(now + seconds(10), &up());
    assert_eq!(narrator.handle_due(now + seconds(20)), None);
}

#[test]
fn an_outage_counts_what_was_lost_with_all_of_its_sessions() {
    let (mut narrator, now) = running();
    for _ in 0..2 {
        narrator.handle(now, &lost());
        narrator.handle(now, &replaced(1));
    }
    narrator.handle(now, &refused(0, 2, None));
    let told = narrator.handle_due(now + PATIENCE).unwrap();
    assert!(told.contains(" 2 connections were lost."), "{told}");
}

#[test]
fn until_when_a_start_is_tried_is_said_with_the_reason() {
    let now = Instant::now();
    let mut narrator = Narrator::new(now, 0);
    narrator.handle(now, &refused(0, 2, None));
    let told = narrator.handle_due(now + A_MOMENT).unwrap();
    let until = format!("It is tried until {}.", words::clock(1_800_000));
    assert!(told.starts_with("not up yet: AWS is ill."), "{told}");
    assert!(told.ends_with(&until), "{told}");
}

#[test]
fn a_state_that_follows_told_trouble_and_is_over_in_a_moment_is_not_told() {
    let (mut narrator, now) = running();
    narrator.handle(now, &reconnecting(1, "No answer."));
    assert!(narrator.handle_due(now + PATIENCE).is_some());
    let then = now + seconds(9);
    assert_eq!(narrator.handle(then, &reconnecting(2, "Broken.")), None);
    let line = narrator.handle(then + A_MOMENT / 2, &dropped());
    assert!(line.is_some_and(|line| line.contains("Resumed")));
    let end = narrator.handle(then + A_MOMENT / 2, &up());
    assert_eq!(end.as_deref(), Some("up"));
    assert_eq!(narrator.due(), None);
}

#[test]
fn the_end_of_trouble_that_was_told_is_not_held_back() {
    let (mut narrator, now) = running();
    assert!(narrator.handle(now, &dropped()).is_some());
    narrator.handle(now, &reconnecting(1, "Gone."));
    assert!(narrator.handle_due(now + PATIENCE).is_some());
    assert!(narrator.handle(now + seconds(5), &dropped()).is_some());
}

#[test]
fn what_is_worth_knowing_is_told_once_and_what_repeats_it_is_summed_up() {
    let (mut narrator, now) = running();
    let refused = Problem::new(ProblemKind::Target, "x", "It refuses.", "Look there.");
    let notice = TunnelEvent::Notice(refused);
    let told = narrator.handle(now, &notice);
    assert_eq!(told.as_deref(), Some("It refuses. Look there."));
    for _ in 0..99 {
        assert_eq!(narrator.handle(now + seconds(1), &notice), None);
    }
    let sum = narrator.handle_due(now + seconds(10)).unwrap();
    assert!(sum.starts_with("… and 99 more like that"), "{sum}");
    // One that goes on is no news each ten seconds.
    narrator.handle(now + seconds(20), &notice);
    assert_eq!(narrator.handle_due(now + seconds(69)), None);
    assert!(narrator.handle_due(now + seconds(70)).is_some());
    // One that comes after a while is told at once.
    let (mut narrator, now) = running();
    assert!(narrator.handle(now, &notice).is_some());
    assert!(narrator.handle(now + seconds(11), &notice).is_some());
    // An hour later it is news again.
    let told = narrator.handle(now + seconds(3_600), &notice);
    assert_eq!(told.as_deref(), Some("It refuses. Look there."));
}

#[test]
fn keys_of_the_environment_are_not_said_to_be_looked_at_again() {
    let (mut narrator, now) = running();
    let problem = Problem::new(
        ProblemKind::Credentials,
        AccessError::EXPIRED_ENVIRONMENT,
        "Expired.",
        "Start again.",
    );
    let told = narrator.handle(
        now,
        &TunnelEvent::State(State::NeedsSignIn {
            since: 0,
            next_attempt: None,
            renewed_by: RenewedBy::Restart,
            problem,
            outlook: Outlook::default(),
        }),
    );
    assert_eq!(
        told.as_deref(),
        Some("needs sign-in: Expired. Start again.")
    );
}

#[test]
fn a_degraded_tunnel_says_how_many_wait_when_it_is_told_and_is_not_told_anew_for_that() {
    let (mut narrator, now) = running();
    let degraded = |held| {
        TunnelEvent::State(State::Degraded {
            since: 0,
            problem: Problem::new(ProblemKind::Target, "x", "Stuck.", ""),
            session_id: Some("user-0\u{1b}123".to_owned()),
            others: 1,
            outlook: Outlook {
                held,
                ..Outlook::default()
            },
        })
    };
    assert_eq!(narrator.handle(now, &degraded(9)), None);
    assert_eq!(narrator.handle(now + seconds(1), &degraded(7)), None);
    assert_eq!(
        narrator.handle_due(now + PATIENCE).as_deref(),
        Some(
            format!(
                "degraded since {}, session user-0 123: Stuck. New connections use another session. \
                 7 connections wait.",
                words::clock(0)
            )
            .as_str()
        )
    );
    assert_eq!(narrator.handle(now + seconds(9), &degraded(2)), None);
    assert_eq!(narrator.handle_due(now + seconds(60)), None);
}

#[test]
fn trouble_that_was_told_and_passed_without_a_drop_ends_with_up() {
    let (mut narrator, now) = running();
    let problem = Problem::new(ProblemKind::Network, "x", "No answer.", "");
    let degraded = TunnelEvent::State(State::Degraded {
        since: 0,
        problem,
        session_id: None,
        others: 0,
        outlook: Outlook::default(),
    });
    assert_eq!(narrator.handle(now, &degraded), None);
    assert!(narrator.handle_due(now + PATIENCE).is_some());
    let end = narrator.handle(now + seconds(9), &up());
    assert_eq!(end.as_deref(), Some("up"));
    assert_eq!(narrator.handle(now + seconds(10), &up()), None);
}

#[test]
fn what_only_the_user_can_mend_is_told_at_once() {
    let (mut narrator, now) = running();
    let problem = Problem::new(ProblemKind::Credentials, "x", "Expired.", "Sign in.");
    let needs_sign_in = |next_attempt| {
        let problem = problem.clone();
        TunnelEvent::State(State::NeedsSignIn {
            since: 0,
            next_attempt,
            renewed_by: RenewedBy::default(),
            problem,
            outlook: Outlook::default(),
        })
    };
    let told = narrator.handle(now, &needs_sign_in(Some(60_000)));
    assert_eq!(
        told.as_deref(),
        Some(
            "needs sign-in: Expired. Sign in. New ones are looked for every 60 s, and as soon \
             as the AWS files change."
        )
    );
    assert_eq!(narrator.handle(now, &needs_sign_in(None)), None);
    assert_eq!(narrator.handle(now, &needs_sign_in(Some(120_000))), None);

    // They are good again, and nothing else is known yet.
    let problem = problem.clone();
    let again = TunnelEvent::State(State::Reconnecting {
        since: 0,
        attempt: 2,
        next_attempt: None,
        problem,
        outlook: Outlook::default(),
    });
    assert_eq!(narrator.handle(now, &again), None);
    assert_eq!(narrator.handle_due(now + seconds(9)), None);
    assert_eq!(narrator.handle(now, &up()).as_deref(), Some("up"));
}

fn not_up_yet(what: &str, next_attempt: Option<u64>) -> TunnelEvent {
    TunnelEvent::State(State::Reconnecting {
        since: 0,
        attempt: 2,
        next_attempt,
        problem: Problem::new(ProblemKind::Service, "x", what, "Wait."),
        outlook: Outlook::default(),
    })
}

#[test]
fn each_reason_for_not_coming_up_is_told_once_as_it_happens() {
    let now = Instant::now();
    let mut narrator = Narrator::new(now, 1_000);
    let no = not_up_yet("No.", Some(3_000));
    assert_eq!(narrator.handle(now, &no), None);
    assert_eq!(narrator.due(), Some(now + A_MOMENT));
    assert_eq!(
        narrator.handle_due(now + A_MOMENT).as_deref(),
        Some("not up yet: No. Wait. Next attempt in 1.5 s.")
    );
    for event in [not_up_yet("No.", None), no, dropped()] {
        assert_eq!(narrator.handle(now + seconds(2), &event), None);
    }
    assert_eq!(narrator.due(), None);

    // One that another follows is told, though that one came soon.
    let two = now + seconds(2);
    assert_eq!(narrator.handle(two, &not_up_yet("Never.", None)), None);
    assert_eq!(
        narrator.handle(two, &not_up_yet("Later.", None)).as_deref(),
        Some("not up yet: Never. Wait. It is being tried again.")
    );
    // One that has passed in a moment is not.
    assert_eq!(narrator.handle(two, &up()), None);
    assert_eq!(narrator.due(), None);
}

#[test]
fn a_start_that_is_not_answered_does_not_stay_silent() {
    let now = Instant::now();
    let mut narrator = Narrator::new(now, 0);
    let connecting = TunnelEvent::State(State::Connecting { since: 0 });
    assert_eq!(narrator.handle(now, &connecting), None);
    assert!(narrator.handle_due(now + PATIENCE).is_some());
    assert_eq!(narrator.handle_due(now + seconds(9)), None);

    // That of a lazy tunnel's next session is nobody's who looks at a terminal.
    let (mut narrator, now) = running();
    assert_eq!(narrator.handle(now, &connecting), None);
    assert_eq!(narrator.due(), None);
}

#[test]
fn sixty_resets_in_nine_seconds_are_two_lines() {
    let (mut narrator, now) = running();
    let mut lines = 0;
    for n in 0..60 {
        let at = now + Duration::from_millis(150) * n;
        lines += usize::from(narrator.handle(at, &dropped()).is_some());
    }
    assert_eq!(lines, 1);
    let sum = narrator.handle_due(now + seconds(10)).unwrap();
    assert!(sum.starts_with("… and 59 more like that from "), "{sum}");
    assert_eq!(narrator.last_words(true), [] as [String; 0]);
}

#[test]
fn a_session_of_the_pool_that_nobody_needed_is_no_news() {
    let (mut narrator, now) = running();
    let mut lost = resumed();
    lost.end = DropEnd::LetGo;
    let event = recorded(Happening::Drop(Box::new(lost)));
    assert_eq!(narrator.handle(now, &event), None);
    assert_eq!(narrator.due(), None);
}

#[test]
fn a_connection_that_waited_in_vain_is_told_and_many_are_summed_up() {
    let (mut narrator, now) = running();
    let turned_away = recorded(Happening::TurnedAway(TurnedAway {
        count: 1,
        waited_ms: 30_000,
        why: Refusal::WaitedOut,
        problem: None,
    }));
    let line = narrator.handle(now, &turned_away).unwrap();
    assert_eq!(
        line,
        "1 connection was closed after waiting 30 s for a session. Connect again once the \
             tunnel is up."
    );
    for _ in 0..3 {
        assert_eq!(narrator.handle(now, &turned_away), None);
    }
    let words = narrator.last_words(true);
    assert!(words[0].contains("3 more"), "{words:?}");
}

#[test]
fn a_lazy_tunnel_that_gives_a_session_up_says_all_of_it_in_one_line() {
    let (mut narrator, now) = running();
    let ill = Problem::new(ProblemKind::Service, "x", "AWS is ill.", "Wait.");
    narrator.handle(now, &refused(0, 2, None));
    let events = [
        TunnelEvent::Rested(ill.clone()),
        recorded(Happening::TurnedAway(TurnedAway {
            count: 2,
            waited_ms: 10,
            why: Refusal::NoSession,
            problem: Some(ill),
        })),
    ];
    for event in &events {
        assert_eq!(narrator.handle(now, event), None);
    }
    let listening = TunnelEvent::State(State::Listening);
    assert_eq!(
        narrator.handle(now, &listening).as_deref(),
        Some(
            "no session: AWS is ill. Wait. 2 connections were closed. The next connection tries \
             again."
        )
    );
    assert_eq!(narrator.due(), None);
    // Right after it, the same is no news; it is summed up.
    for event in events.iter().chain([&listening]) {
        assert_eq!(narrator.handle(now + seconds(1), event), None);
    }
    assert!(narrator.handle_due(now + seconds(10)).is_some());
}

#[test]
fn connections_of_a_tunnel_that_lets_none_wait_are_not_said_to_have_waited() {
    let (mut narrator, now) = running();
    let turned_away = recorded(Happening::TurnedAway(TurnedAway {
        count: 1,
        waited_ms: 1,
        why: Refusal::WaitedOut,
        problem: None,
    }));
    let line = narrator.handle(now, &turned_away).unwrap();
    assert!(
        line.starts_with("1 connection was closed at once"),
        "{line}"
    );
}

#[test]
fn why_there_was_no_session_is_said_of_connections_that_waited_in_vain() {
    let (mut narrator, now) = running();
    let turned_away = recorded(Happening::TurnedAway(TurnedAway {
        count: 1,
        waited_ms: 30_000,
        why: Refusal::WaitedOut,
        problem: Some(Problem::new(ProblemKind::Service, "x", "AWS is ill.", "")),
    }));
    let line = narrator.handle(now, &turned_away).unwrap();
    assert!(line.contains("AWS is ill."), "{line}");
}

#[test]
fn what_may_not_be_ended_is_not_promised_to_the_next_start() {
    let (mut narrator, now) = running();
    let problem = Problem::new(ProblemKind::Permission, "x", "Not allowed.", "");
    let left = recorded(Happening::LeftBehind {
        session_id: "s".to_owned(),
        problem,
    });
    assert!(narrator.handle(now, &left).is_some());
    let words = narrator.last_words(true);
    assert!(words[0].ends_with("by its idle timeout."), "{words:?}");
}

#[test]
fn what_stays_behind_at_the_service_is_said_at_the_end() {
    let (mut narrator, now) = running();
    let problem = Problem::new(ProblemKind::Network, "x", "No answer came.", "Wait.");
    let left = |id: &str| {
        recorded(Happening::LeftBehind {
            session_id: id.to_owned(),
            problem: problem.clone(),
        })
    };
    let told = narrator.handle(now, &left("s-1"));
    assert_eq!(
        told.as_deref(),
        Some("A session could not be ended at the service; it is tried again. No answer came.")
    );
    let ended = recorded(Happening::EndedLate {
        session_id: "s-1".to_owned(),
    });
    assert!(narrator.handle(now, &ended).is_some());
    assert_eq!(narrator.last_words(true), [] as [String; 0]);

    assert!(narrator.handle_last(&left("s-2")));
    assert!(!narrator.handle_last(&dropped()));
    let words = narrator.last_words(true);
    assert_eq!(
        words,
        [
            "1 session is left open at the service. No answer came. The next start of Culvert \
              ends what is left."
        ]
    );
    let words = narrator.last_words(false);
    assert!(words[0].ends_with("by its idle timeout."), "{words:?}");
}
