//! For whom a tunnel that is not well is so, and until when.

use super::*;
use crate::{Deadline, Then, Until};

const MINUTE: Duration = Duration::from_secs(60);

/// The longest pause and the longest step after it, in milliseconds.
const LONGEST_STEP: u64 = 45_000;

fn of(state: &State) -> Option<Outlook> {
    match state {
        State::Degraded { outlook, .. }
        | State::Reconnecting { outlook, .. }
        | State::NeedsSignIn { outlook, .. } => Some(*outlook),
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Stopping
        | State::Failed { .. } => None,
    }
}

#[track_caller]
fn outlook(world: &World) -> Outlook {
    of(&world.tunnel.state()).unwrap()
}

/// The outlooks of the states that were told.
fn told(events: &[Event]) -> Vec<Outlook> {
    let outlook = |event: &Event| match event {
        Event::StateChanged(state) => of(state),
        Event::Lost { .. }
        | Event::Replaced { .. }
        | Event::Rested(_)
        | Event::Record(_)
        | Event::Stopped
        | Event::Failed(_) => None,
    };
    events.iter().filter_map(outlook).collect()
}

fn until(world: &World, from_now: Duration, then: Then) -> Option<Until> {
    Some(Until {
        at: world.since_start() + u64::try_from(from_now.as_millis()).unwrap(),
        then,
    })
}

fn connect(world: &mut World, numbers: std::ops::Range<u64>) {
    for number in numbers {
        world.input(Input::Accepted(RequestId(number)));
    }
}

#[test]
fn an_outage_says_how_many_connections_it_holds_up_and_when_the_tunnel_gives_up() {
    let (mut world, key) = World::up();
    connect(&mut world, 0..3);
    world.now += MINUTE * 5;
    world.lose(key);
    let end = until(&world, TunnelPolicy::default().retry_budget, Then::GivenUp);
    let held = |held, waiting| Outlook {
        held,
        waiting,
        until: end,
    };
    assert_eq!(outlook(&world), held(3, 0));
    world.actions();
    world.now += SECOND * 2;
    connect(&mut world, 3..5);
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    assert_eq!(outlook(&world), held(3, 2));
    world.input(Input::Finished(key));
    assert_eq!(outlook(&world), held(2, 2));
    world.pass(SECOND * 30);
    assert_eq!(outlook(&world), held(2, 0));
}

#[test]
fn the_tunnel_gives_up_when_it_has_said_and_not_before() {
    let (mut world, key) = World::up();
    world.lose(key);
    let end = outlook(&world).until.unwrap();
    assert_eq!(end.then, Then::GivenUp);
    let mut told = end;
    loop {
        world.actions();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        if matches!(world.tunnel.state(), State::Failed { .. }) {
            break;
        }
        told = outlook(&world).until.unwrap();
        assert!(end.at <= told.at, "{told:?}");
        assert!(
            told.at == end.at || end.at < told.at + LONGEST_STEP,
            "{told:?}"
        );
        world.next_timer();
    }
    assert!(world.since_start() >= end.at);
    assert!(world.since_start() <= told.at);
}

/// What an attempt comes to that no answer ends.
#[derive(Debug, Clone, Copy)]
enum Hangs {
    Call,
    Dial,
    Handshake,
}

#[test]
fn what_is_told_of_the_end_is_never_past_while_attempts_go_on() {
    for hangs in [Hangs::Call, Hangs::Dial, Hangs::Handshake] {
        let mut world = World::with(TunnelPolicy {
            start_budget: MINUTE * 2,
            ..plain()
        });
        let key = world.expect_start();
        if !matches!(hangs, Hangs::Handshake) {
            world.bring_up(key);
            world.lose(key);
            world.actions();
        }
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        let mut told = None;
        let mut attempts = 0;
        while !matches!(world.tunnel.state(), State::Failed { .. }) {
            assert!(world.now < world.start + MINUTE * 40, "{hangs:?}");
            for action in world.actions() {
                attempts += 1;
                go_on(&mut world, &action, hangs, &mut told);
            }
            tick(&mut world, &mut told);
        }
        assert!(attempts > 1, "{hangs:?}");
    }
}

#[test]
fn an_attempt_that_takes_longer_than_any_has_no_end_that_is_past() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    let mut told = None;
    // The shell has not begun with it.
    for _ in 0..60 * 60 {
        tick(&mut world, &mut told);
    }
    assert_eq!(outlook(&world).until, None);
    assert_eq!(told, None);
    // It says that it does so now.
    world.input(Input::Asked(key, world.now));
    assert_eq!(
        outlook(&world).until,
        until(&world, SECOND * 10, Then::GivenUp)
    );
}

/// Takes an attempt as far as it comes, which fails when its last step has taken all the time that
/// it may.
fn go_on(world: &mut World, action: &Action, hangs: Hangs, told: &mut Option<u64>) {
    let refused = || failure(Next::Retry);
    let (&Action::Start(key) | &Action::Resume(key, _)) = action else {
        return;
    };
    if let Hangs::Call = hangs {
        last(world, 10, told);
        return world.input(Input::Granted(key, Err(refused())));
    }
    last(world, 9, told);
    world.input(Input::Granted(key, Ok(grant(1))));
    if let Hangs::Dial = hangs {
        last(world, 10, told);
        return world.input(Input::Dialled(key, Err(refused())));
    }
    last(world, 9, told);
    world.input(Input::Dialled(key, Ok(())));
    last(world, 15, told);
    world.input(Input::Over(key, problem("handshake"), Vitals::default()));
}

/// Lets so many seconds pass, but for the last millisecond.
fn last(world: &mut World, seconds: u32, told: &mut Option<u64>) {
    for _ in 1..seconds {
        tick(world, told);
    }
    world.pass(SECOND - Duration::from_millis(1));
    check(world, told);
}

fn tick(world: &mut World, told: &mut Option<u64>) {
    world.pass(SECOND);
    check(world, told);
}

/// What was told last, and what would be told now, is not past.
fn check(world: &mut World, told: &mut Option<u64>) {
    let now = world.since_start();
    let at = |outlook: Outlook| outlook.until.map(|until| until.at);
    for event in world.all_events().collect::<Vec<_>>() {
        if let Event::StateChanged(state) = event {
            *told = of(&state).and_then(at);
        }
    }
    // Numbers alone are told once a second.
    assert!(
        told.is_none_or(|told| now <= told + 1000),
        "{told:?}, {now}"
    );
    if let Some(outlook) = of(&world.tunnel.state())
        && let Some(at) = at(outlook)
    {
        assert!(now <= at, "{at}, {now}");
    }
}

#[test]
fn a_start_that_fails_has_the_end_of_its_next_call_and_a_lazy_tunnel_listens_again() {
    let lazy = Start::Lazy { idle: MINUTE };
    for (start, then) in [(Start::AtOnce, Then::GivenUp), (lazy, Then::Listening)] {
        let mut world = World::with(TunnelPolicy { start, ..plain() });
        connect(&mut world, 0..1);
        let key = world.expect_start();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        // The budget is as long as the call that is next, and has begun.
        let (next, _) = world.tunnel.poll_timeout().unwrap();
        let end = until(&world, next - world.now + SECOND * 10, then);
        let expected = Outlook {
            held: 0,
            waiting: 1,
            until: end,
        };
        assert_eq!(outlook(&world), expected, "{start:?}");
    }
}

#[test]
fn what_no_time_ends_has_no_end() {
    let (mut world, key) = World::up();
    connect(&mut world, 0..2);
    world.input(Input::NetworkDown);
    let endless = Outlook {
        held: 2,
        ..Outlook::default()
    };
    // The WebSocket may outlive it.
    assert_eq!(outlook(&world), endless);
    world.lose(key);
    assert_eq!(outlook(&world), endless);
    world.input(Input::NetworkUp);
    assert!(outlook(&world).until.is_some());
    world.actions();
    // No way to the service.
    world.input(Input::Granted(key, Err(failure(Next::AwaitNetwork))));
    assert_eq!(outlook(&world), endless);
    world.next_timer();
    assert_eq!(outlook(&world), endless);
    // A sign-in, and the look at what came of it.
    world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    assert_eq!(outlook(&world), endless);
    world.next_timer();
    assert!(matches!(world.tunnel.state(), State::NeedsSignIn { .. }));
    assert_eq!(outlook(&world), endless);
}

#[test]
fn a_session_that_is_ill_says_so_with_its_own_end_and_the_connections_of_all_that_are() {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::fixed(2),
        ..plain()
    });
    let first = world.expect_start();
    world.bring_up(first);
    let second = world.expect_start();
    world.bring_up(second);
    connect(&mut world, 0..4);
    world.input(Input::Finished(second));
    let deadline = Deadline {
        at: world.now + SECOND * 30,
        then: Then::Replaced,
    };
    world.input(Input::Degraded(
        first,
        Some(Illness {
            until: Some(deadline),
            ..illness("stalled")
        }),
    ));
    let expected = |held| Outlook {
        held,
        waiting: 0,
        until: until(&world, SECOND * 30, Then::Replaced),
    };
    let (two, three) = (expected(2), expected(3));
    assert_eq!(outlook(&world), two);
    world.lose(second);
    assert_eq!(outlook(&world), three);
    // The session that is being resumed is tried for as long as the other carries the tunnel.
    world.input(Input::Degraded(first, None));
    let one = Outlook {
        held: 1,
        ..Outlook::default()
    };
    assert_eq!(outlook(&world), one);
}

#[test]
fn numbers_that_change_are_told_once_a_second_at_most_and_are_no_record() {
    let (mut world, key) = World::up();
    connect(&mut world, 0..200);
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    let first = told(&world.all_events().collect::<Vec<_>>());
    assert_eq!(first.last().map(|outlook| outlook.held), Some(200));
    let start = world.now;
    for _ in 0..150 {
        world.input(Input::Finished(key));
        // Always live.
        world.pass(Duration::from_millis(20));
    }
    assert_eq!(world.now - start, SECOND * 3);
    assert_eq!(outlook(&world).held, 50);
    let events: Vec<_> = world.all_events().collect();
    let records = events
        .iter()
        .filter(|event| matches!(event, Event::Record(_)));
    assert_eq!(records.count(), 0);
    let held: Vec<_> = told(&events).iter().map(|outlook| outlook.held).collect();
    assert_eq!(held, [150, 100, 50]);
    // Nothing is told of what is as it was told when its time comes.
    connect(&mut world, 200..201);
    assert!(world.tunnel.poll_timeout().is_some());
    world.pass(SECOND * 10);
    connect(&mut world, 201..202);
    world.pass(SECOND * 30);
    let events: Vec<_> = world.all_events().collect();
    let waiting: Vec<_> = told(&events)
        .iter()
        .map(|outlook| outlook.waiting)
        .collect();
    assert_eq!(waiting, [1, 2, 1, 0]);
}

#[test]
fn an_outlook_is_part_of_the_states_json_and_is_not_missed_in_old_records() {
    let state = State::Reconnecting {
        since: 1,
        attempt: 2,
        next_attempt: None,
        problem: problem("x"),
        outlook: Outlook {
            held: 3,
            waiting: 4,
            until: Some(Until {
                at: 5,
                then: Then::GivenUp,
            }),
        },
    };
    let mut json = serde_json::to_value(&state).unwrap();
    assert_eq!(json["held"], 3);
    assert_eq!(json["waiting"], 4);
    assert_eq!(json["until"]["at"], 5);
    assert_eq!(json["until"]["then"], "givenUp");
    assert_eq!(
        serde_json::from_value::<State>(json.clone()).unwrap(),
        state
    );
    let fields = json.as_object_mut().unwrap();
    for field in ["held", "waiting", "until"] {
        fields.remove(field);
    }
    let old = serde_json::from_value::<State>(json).unwrap();
    assert!(matches!(old, State::Reconnecting { outlook, .. } if outlook == Outlook::default()));
}
