//! The policy in virtual time.

mod candidates;
mod evidence;
mod lazy;
mod outlook;
mod pool;
mod refused;
mod renewal;
mod replacing;
mod sessions;
mod settings;
mod surroundings;
mod turned_away;
mod unreached;

use super::ending::STOP_PATIENCE;
use super::retrying::SIGN_IN_PROBE;
use super::*;
use crate::evidence::{ClosedBy, DropRecord, Refusal, TurnedAway};
use crate::{Failure, Illness, Load, Next, Outlook, PoolSize, Problem, ProblemKind, Vitals};

const SECOND: Duration = Duration::from_secs(1);

/// A tunnel, its time, and everything it asked for so far.
struct World {
    tunnel: Tunnel,
    start: Instant,
    now: Instant,
    sessions: u32,
}

impl World {
    fn new() -> Self {
        Self::with(plain())
    }

    fn with(policy: TunnelPolicy) -> Self {
        let start = Instant::now();
        let clock = Clock {
            origin: start,
            unix_ms_at_origin: 1_000_000,
        };
        let tunnel = Tunnel::new(policy, start, clock, [7; 32]);
        Self {
            tunnel,
            start,
            now: start,
            sessions: 0,
        }
    }

    /// A tunnel whose first session is up.
    fn up() -> (Self, SessionKey) {
        let mut world = Self::new();
        let key = world.expect_start();
        world.bring_up(key);
        (world, key)
    }

    fn input(&mut self, input: Input) {
        self.tunnel.handle_input(self.now, input);
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.tunnel.poll_action()).collect()
    }

    fn events(&mut self) -> Vec<Event> {
        self.all_events()
            .filter(|event| !matches!(event, Event::Record(_)))
            .collect()
    }

    fn records(&mut self) -> Vec<Happening> {
        let record = |event| match event {
            Event::Record(record) => Some(record.what),
            Event::StateChanged(_)
            | Event::Lost { .. }
            | Event::Replaced { .. }
            | Event::Rested(_)
            | Event::Stopped
            | Event::Failed(_) => None,
        };
        self.all_events().filter_map(record).collect()
    }

    fn drops(&mut self) -> Vec<DropRecord> {
        let drop = |what| match what {
            Happening::Drop(record) => Some(*record),
            Happening::State { .. }
            | Happening::Renewed(_)
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Slept { .. }
            | Happening::Carried { .. }
            | Happening::Target(_) => None,
        };
        self.records().into_iter().filter_map(drop).collect()
    }

    fn turned_away(&mut self) -> Vec<TurnedAway> {
        let turned_away = |what| match what {
            Happening::TurnedAway(turned_away) => Some(turned_away),
            Happening::State { .. }
            | Happening::Drop(_)
            | Happening::Renewed(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Slept { .. }
            | Happening::Carried { .. }
            | Happening::Target(_) => None,
        };
        self.records().into_iter().filter_map(turned_away).collect()
    }

    fn all_events(&mut self) -> impl Iterator<Item = Event> {
        std::iter::from_fn(|| self.tunnel.poll_event())
    }

    fn expect_start(&mut self) -> SessionKey {
        match &self.actions()[..] {
            [Action::Start(key)] => *key,
            other => panic!("{other:?}"),
        }
    }

    fn expect_resume(&mut self) -> (SessionKey, String) {
        match &self.actions()[..] {
            [Action::Resume(key, session_id)] => (*key, session_id.clone()),
            other => panic!("{other:?}"),
        }
    }

    /// Answers StartSession and goes through the handshake.
    fn bring_up(&mut self, key: SessionKey) {
        self.sessions += 1;
        let grant = grant(self.sessions);
        self.input(Input::Granted(key, Ok(grant.clone())));
        assert_eq!(self.actions(), [Action::Dial(key, grant, Purpose::Connect)]);
        self.input(Input::Dialled(key, Ok(())));
        self.input(Input::Established(key));
    }

    /// The session's WebSocket is closed by the gateway before anything got through.
    fn lose(&mut self, session: SessionKey) {
        self.input(Input::Lost(session, loss(false)));
    }

    /// No answer to a ping has come on the session's WebSocket, nor anything else.
    fn fall_silent(&mut self, session: SessionKey) {
        let dead = Loss {
            closed_by: ClosedBy::Deadline,
            ..loss(false)
        };
        self.input(Input::Lost(session, dead));
    }

    /// Answers ResumeSession and opens the WebSocket.
    fn resume(&mut self, key: SessionKey, session_id: &str) {
        let grant = Grant {
            session_id: session_id.into(),
            ..grant(0)
        };
        self.input(Input::Granted(key, Ok(grant.clone())));
        assert_eq!(self.actions(), [Action::Dial(key, grant, Purpose::Connect)]);
        self.input(Input::Dialled(key, Ok(())));
    }

    /// Lets time pass until the next timer, and returns what it was.
    fn next_timer(&mut self) -> TunnelTimer {
        let (at, timer) = self.tunnel.poll_timeout().unwrap();
        self.now = self.now.max(at);
        self.tunnel.handle_timeout(self.now);
        timer
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some((at, _)) = self.tunnel.poll_timeout()
            && at <= until
        {
            self.next_timer();
        }
        self.now = until;
    }

    fn since_start(&self) -> u64 {
        let elapsed = self.now - self.start;
        1_000_000 + u64::try_from(elapsed.as_millis()).unwrap()
    }
}

fn grant(number: u32) -> Grant {
    Grant {
        session_id: format!("session-{number}"),
        stream_url: "wss://gateway/".into(),
        token: "planted-token".into(),
    }
}

fn failure(next: Next) -> Failure {
    Failure {
        next,
        problem: problem("trouble"),
    }
}

fn problem(code: &str) -> Problem {
    Problem::new(ProblemKind::Service, code, "What happened.", "What to do.")
}

fn illness(code: &str) -> Illness {
    Illness {
        problem: problem(code),
        until: None,
    }
}

/// One session, never renewed: what a test is not about stays out of its way.
fn plain() -> TunnelPolicy {
    TunnelPolicy {
        sessions: PoolSize::fixed(1),
        renew_after: None,
        ..TunnelPolicy::default()
    }
}

fn loss(progressed: bool) -> Loss {
    Loss {
        close: bye(),
        closed_by: ClosedBy::Gateway,
        progressed,
        vitals: Vitals::default(),
    }
}

fn bye() -> Close {
    Close {
        at: 0,
        code: Some(1000),
        reason: "Bye".into(),
    }
}

#[test]
fn a_tunnel_starts_by_itself_and_is_up_when_the_handshake_is_done() {
    let mut world = World::new();
    assert_eq!(world.tunnel.state(), State::Connecting { since: 1_000_000 });
    let key = world.expect_start();
    world.now += SECOND;
    world.bring_up(key);
    let up = State::Up { since: 1_001_000 };
    assert_eq!(world.tunnel.state(), up);
    assert_eq!(
        world.events(),
        [
            Event::StateChanged(State::Connecting { since: 1_000_000 }),
            Event::StateChanged(up)
        ]
    );
    assert_eq!(world.tunnel.poll_timeout(), None);
}

#[test]
fn a_lost_websocket_is_resumed_at_once_for_the_same_session() {
    let (mut world, key) = World::up();
    world.events();
    world.lose(key);
    let (resumed, session_id) = world.expect_resume();
    assert_eq!((resumed, session_id.as_str()), (key, "session-1"));
    let State::Reconnecting {
        attempt: 1,
        next_attempt: None,
        problem,
        ..
    } = world.tunnel.state()
    else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "gateway-close");
    assert!(matches!(
        &world.events()[..],
        [Event::Lost { .. }, Event::StateChanged(_)]
    ));

    world.resume(key, "session-1");
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    assert_eq!(world.tunnel.reconnects(), 1);
    assert_eq!(world.tunnel.replacements(), 0);
    let close = Close {
        at: world.since_start(),
        ..bye()
    };
    assert_eq!(world.tunnel.last_close(), Some(&close));
    assert_eq!(world.actions(), []);
}

#[test]
fn the_close_of_a_session_that_was_told_to_end_is_not_said_to_be_the_gateways_doing() {
    let (mut world, key) = World::up();
    world.input(Input::Stop);
    assert_eq!(world.actions(), [Action::SendEnd(key)]);
    world.events();
    world.lose(key);
    let closed_by = world.events().into_iter().find_map(|event| match event {
        Event::Lost { closed_by, .. } => Some(closed_by),
        Event::StateChanged(_)
        | Event::Replaced { .. }
        | Event::Rested(_)
        | Event::Record(_)
        | Event::Stopped
        | Event::Failed(_) => None,
    });
    assert_eq!(closed_by, Some(ClosedBy::SessionEnd));
}

#[test]
fn failed_resumes_are_retried_after_growing_pauses_and_say_so() {
    let (mut world, key) = World::up();
    world.lose(key);
    for attempt in 2..40 {
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        let State::Reconnecting {
            attempt: told,
            next_attempt: Some(next),
            problem,
            ..
        } = world.tunnel.state()
        else {
            panic!("{:?}", world.tunnel.state());
        };
        assert_eq!((told, problem.code.as_str()), (attempt, "trouble"));
        assert!(next <= world.since_start() + 30_000);
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
    }
    world.expect_resume();
    world.resume(key, "session-1");
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

#[test]
fn what_hangs_now_and_then_does_not_give_the_service_back_what_its_refusals_took() {
    let (mut world, key) = World::up();
    world.lose(key);
    let mut refused = Duration::ZERO;
    for attempt in 0.. {
        world.expect_resume();
        // Each second answer does not come.
        let next = if attempt % 2 == 0 {
            Next::Retry
        } else {
            Next::AwaitNetwork
        };
        let from = world.now;
        world.now += SECOND * 10;
        world.input(Input::Granted(key, Err(failure(next))));
        if next == Next::Retry {
            refused += world.now - from;
        }
        if matches!(world.tunnel.state(), State::Failed { .. }) {
            break;
        }
        assert!(refused < plain().retry_budget, "{:?}", world.tunnel.state());
        world.next_timer();
    }
    // The pauses before what was refused are counted, too; what hung is not.
    assert!(world.now - world.start > plain().retry_budget);
}

#[test]
fn a_refused_dial_asks_for_a_new_token() {
    let mut world = World::new();
    let key = world.expect_start();
    world.input(Input::Granted(key, Ok(grant(1))));
    world.actions();
    world.input(Input::Dialled(key, Err(failure(Next::Retry))));
    assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
    assert_eq!(world.expect_resume(), (key, "session-1".into()));
    world.resume(key, "session-1");
    // The handshake is still to come.
    assert!(!matches!(world.tunnel.state(), State::Up { .. }));
    world.input(Input::Established(key));
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    assert_eq!(world.tunnel.reconnects(), 0);
}

#[test]
fn a_session_that_is_gone_is_replaced_and_waiting_connections_are_served() {
    for refusal in [Next::NewSession, Next::Stop] {
        let (mut world, key) = World::up();
        world.lose(key);
        world.actions();
        world.input(Input::Accepted(RequestId(1)));
        assert_eq!(world.actions(), []);
        assert_eq!(world.tunnel.waiting(), 1);

        world.input(Input::Granted(key, Err(failure(refusal))));
        assert_eq!(
            world.actions(),
            [Action::Discard(key), Action::Abandon("session-1".into())]
        );
        // It failed once already, so the new one is not started in a tight loop.
        assert!(matches!(world.next_timer(), TunnelTimer::Attempt(_)));
        let next = world.expect_start();
        assert_ne!(next, key);
        world.bring_up(next);
        assert_eq!(world.actions(), [Action::Place(RequestId(1), next)]);
        assert_eq!(world.tunnel.replacements(), 1);
    }
}

#[test]
fn a_session_that_ends_in_the_middle_of_its_life_is_replaced_at_once() {
    let (mut world, key) = World::up();
    world.input(Input::Over(
        key,
        problem("session-ended"),
        Vitals::default(),
    ));
    let actions = world.actions();
    let [
        Action::Discard(gone),
        Action::Abandon(_),
        Action::Start(next),
    ] = actions[..]
    else {
        panic!("{actions:?}");
    };
    assert_eq!(gone, key);
    world.bring_up(next);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

#[test]
fn a_session_that_never_comes_up_is_not_replaced_in_a_tight_loop() {
    let (mut world, key) = World::up();
    world.input(Input::Over(
        key,
        problem("session-ended"),
        Vitals::default(),
    ));
    let mut key = match world.actions()[..] {
        [.., Action::Start(next)] => next,
        ref other => panic!("{other:?}"),
    };
    for _ in 0..20 {
        world.input(Input::Granted(key, Ok(grant(9))));
        world.input(Input::Dialled(key, Ok(())));
        world.input(Input::Over(
            key,
            problem("handshake-timeout"),
            Vitals::default(),
        ));
        world.actions();
        assert!(matches!(world.next_timer(), TunnelTimer::Attempt(_)));
        key = world.expect_start();
    }
    assert!(world.now - world.start > Duration::from_secs(20));
}

#[test]
fn what_only_the_settings_can_mend_fails_at_once_and_leaves_nothing() {
    for refusal in [Next::Stop, Next::AwaitTarget] {
        let mut world = World::new();
        let key = world.expect_start();
        world.input(Input::Accepted(RequestId(1)));
        world.input(Input::Granted(key, Err(failure(refusal))));
        assert_eq!(
            world.actions(),
            [Action::Reject(RequestId(1)), Action::Discard(key)]
        );
        let failed = State::Failed {
            since: 1_000_000,
            problem: problem("trouble"),
        };
        assert_eq!(world.tunnel.state(), failed);
        assert!(world.events().contains(&Event::Failed(problem("trouble"))));
        world.input(Input::Accepted(RequestId(2)));
        assert_eq!(world.actions(), [Action::Reject(RequestId(2))]);
        assert_eq!(world.tunnel.poll_timeout(), None);
    }
}

#[test]
fn a_start_that_fails_for_a_while_is_retried_within_its_budget() {
    let mut world = World::new();
    let mut attempts = 0;
    while !matches!(world.tunnel.state(), State::Failed { .. }) {
        let key = world.expect_start();
        attempts += 1;
        world.now += SECOND / 10;
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        if world.tunnel.poll_timeout().is_some() {
            world.next_timer();
        }
    }
    assert!(attempts > 3, "{attempts} attempts");
    let took = world.now - world.start;
    assert!(
        took >= Duration::from_secs(10) && took < Duration::from_secs(45),
        "{took:?}"
    );
}

#[test]
fn a_tunnel_that_was_up_tries_for_half_an_hour() {
    let (mut world, key) = World::up();
    world.lose(key);
    while !matches!(world.tunnel.state(), State::Failed { .. }) {
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        if world.tunnel.poll_timeout().is_some() {
            world.next_timer();
        }
    }
    let took = world.now - world.start;
    assert!(took >= Duration::from_secs(30 * 60), "{took:?}");
    assert_eq!(
        world.actions(),
        [Action::Discard(key), Action::Abandon("session-1".into())]
    );
}

#[test]
fn a_target_that_is_away_is_waited_for_once_the_tunnel_was_up() {
    let (mut world, key) = World::up();
    world.input(Input::Over(
        key,
        problem("session-ended"),
        Vitals::default(),
    ));
    let actions = world.actions();
    let [.., Action::Start(key)] = actions[..] else {
        panic!("{actions:?}")
    };
    world.input(Input::Granted(key, Err(failure(Next::AwaitTarget))));
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
    world.next_timer();
    assert_eq!(world.expect_start(), key);
}

#[test]
fn an_expired_login_waits_for_the_user() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    let State::NeedsSignIn {
        next_attempt: Some(next),
        ..
    } = world.tunnel.state()
    else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(next, world.since_start() + 60_000);
    world.pass(Duration::from_secs(59));
    assert_eq!(world.actions(), []);
    world.input(Input::TryNow);
    world.expect_resume();
    world.resume(key, "session-1");
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

#[test]
fn credentials_are_looked_at_again_once_a_minute() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    assert_eq!(world.next_timer(), TunnelTimer::SignInProbe(key));
    assert_eq!(world.now - world.start, SIGN_IN_PROBE);
    world.expect_resume();
}

#[test]
fn a_login_that_is_looked_at_each_minute_is_told_once() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    world.records();
    for _ in 0..30 {
        world.next_timer();
        world.expect_resume();
        assert!(matches!(
            world.tunnel.state(),
            State::NeedsSignIn {
                next_attempt: None,
                ..
            }
        ));
        world.input(Input::Granted(key, Err(failure(Next::SignIn))));
    }
    assert_eq!(world.records(), []);
}

#[test]
fn a_degraded_tunnel_is_so_since_it_is_not_since_it_is_up() {
    let (mut world, key) = World::up();
    world.now += SECOND * 100;
    world.input(Input::Degraded(key, Some(illness("no-pong"))));
    let since = world.since_start();
    let degraded = |code: &str| State::Degraded {
        since,
        problem: problem(code),
        session_id: Some("session-1".to_owned()),
        others: 0,
        outlook: Outlook::default(),
    };
    assert_eq!(world.tunnel.state(), degraded("no-pong"));
    world.now += SECOND;
    world.input(Input::Degraded(key, Some(illness("stalled"))));
    assert_eq!(world.tunnel.state(), degraded("stalled"));
    world.input(Input::Degraded(key, None));
    assert_eq!(world.tunnel.state(), State::Up { since: 1_000_000 });
    world.now += SECOND;
    world.input(Input::NetworkDown);
    let gone = world.since_start();
    assert!(matches!(world.tunnel.state(), State::Degraded { since, .. } if since == gone));
}

#[test]
fn refused_credentials_are_fetched_once_more_before_the_user_is_asked() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Granted(key, Err(failure(Next::NewCredentials))));
    assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::NewCredentials))));
    assert!(matches!(world.tunnel.state(), State::NeedsSignIn { .. }));
}

#[test]
fn the_budget_comes_back_after_a_healthy_minute_and_not_before() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.resume(key, "session-1");

    world.pass(SECOND * 59);
    world.fall_silent(key);
    assert_eq!(world.actions(), []);
    assert!(matches!(
        world.tunnel.state(),
        State::Reconnecting { attempt: 2, .. }
    ));
    world.next_timer();
    world.expect_resume();
    world.resume(key, "session-1");

    world.pass(SECOND * 61);
    world.lose(key);
    world.expect_resume();
    assert!(matches!(
        world.tunnel.state(),
        State::Reconnecting { attempt: 1, .. }
    ));
}

#[test]
fn a_minute_in_which_a_session_is_ill_is_no_healthy_one() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.resume(key, "session-1");
    world.pass(SECOND * 3);
    world.input(Input::Degraded(key, Some(illness("no-pong"))));
    world.pass(SECOND * 300);
    world.input(Input::Degraded(key, Some(illness("stalled"))));
    world.input(Input::Degraded(key, None));
    world.pass(SECOND * 59);
    world.fall_silent(key);
    assert_eq!(world.actions(), []);
    assert!(matches!(
        world.tunnel.state(),
        State::Reconnecting { attempt: 2, .. }
    ));
}

#[test]
fn credentials_that_expire_again_in_a_long_outage_are_fetched_once_more_again() {
    let (mut world, key) = World::up();
    world.lose(key);
    for _ in 0..3 {
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::NewCredentials))));
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
        world.expect_resume();
        // The new ones are good, and the service has other troubles.
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
    }
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::NewCredentials))));
    world.next_timer();
    // Granted, they are good as well, whatever becomes of the WebSocket.
    world.expect_resume();
    world.input(Input::Granted(key, Ok(grant(1))));
    world.actions();
    world.input(Input::Dialled(key, Err(failure(Next::AwaitNetwork))));
    world.next_timer();
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::NewCredentials))));
    assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
}

#[test]
fn times_beyond_the_end_of_the_clock_never_come() {
    let mut world = World::with(TunnelPolicy {
        start: Start::Lazy {
            idle: Duration::MAX,
        },
        renew_after: Some(Duration::MAX),
        start_budget: Duration::MAX,
        retry_budget: Duration::MAX,
        wait_limit: Duration::MAX,
        sessions: PoolSize::fixed(2),
        ..TunnelPolicy::default()
    });
    world.input(Input::Accepted(RequestId(1)));
    assert_eq!(world.tunnel.poll_timeout(), None);
    let first = world.expect_start();
    world.bring_up(first);
    let [Action::Start(second), Action::Place(..)] = world.actions()[..] else {
        panic!("no second session");
    };
    world.input(Input::Granted(second, Err(failure(Next::Stop))));
    assert_eq!(world.next_timer(), TunnelTimer::Attempt(second));
    world.expect_start();
    world.bring_up(second);
    world.actions();
    world.input(Input::Finished(first));
    world.pass(HEALING);
    assert_eq!(world.actions(), []);
    assert_eq!(world.tunnel.poll_timeout(), None);
}

#[test]
fn a_sign_in_is_asked_for_although_another_session_waits_for_its_next_attempt_in_half_an_hour() {
    let (mut world, first, third) = one_of_two_up();
    world.lose(first);
    world.expect_resume();
    world.input(Input::Granted(third, Err(failure(Next::Stop))));
    world.input(Input::Granted(first, Err(failure(Next::SignIn))));
    assert!(
        matches!(world.tunnel.state(), State::NeedsSignIn { .. }),
        "{:?}",
        world.tunnel.state()
    );
}

#[test]
fn websockets_that_get_something_through_are_resumed_for_ever() {
    let (mut world, key) = World::up();
    let lost = |world: &mut World| {
        world.input(Input::Lost(key, loss(true)));
    };
    for _ in 0..400 {
        lost(&mut world);
        world.expect_resume();
        world.resume(key, "session-1");
        world.pass(SECOND * 10);
    }
    // An hour of this is over, and one failed request changes nothing.
    lost(&mut world);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
}

#[test]
fn a_service_that_cuts_every_websocket_at_once_is_not_called_without_a_pause() {
    let (mut world, key) = World::up();
    let mut pauses = Duration::ZERO;
    world.lose(key);
    for _ in 0..50 {
        world.expect_resume();
        world.resume(key, "session-1");
        world.input(Input::Lost(key, loss(true)));
        assert_eq!(world.actions(), []);
        let before = world.now;
        assert_eq!(world.next_timer(), TunnelTimer::Attempt(key));
        let pause = world.now - before;
        assert!(pause <= SECOND / 5, "{pause:?}");
        pauses += pause;
    }
    assert!(pauses >= SECOND * 2, "{pauses:?}");
}

#[test]
fn a_service_that_is_back_and_knows_the_session_no_more_gives_another_soon() {
    let (mut world, key) = World::up();
    world.lose(key);
    for _ in 0..15 {
        world.expect_resume();
        world.input(Input::Granted(key, Err(failure(Next::Retry))));
        world.next_timer();
    }
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::NewSession))));
    world.actions();
    let before = world.now;
    world.next_timer();
    assert!(world.now - before <= SECOND / 5, "{:?}", world.now - before);
    world.expect_start();
}

#[test]
fn a_waiting_connection_is_turned_away_after_its_time() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Accepted(RequestId(1)));
    world.now += SECOND;
    world.input(Input::Accepted(RequestId(2)));
    assert_eq!(world.next_timer(), TunnelTimer::WaitLimit(RequestId(1)));
    assert_eq!(world.now - world.start, Duration::from_secs(30));
    assert_eq!(world.actions(), [Action::Reject(RequestId(1))]);
}

#[test]
fn only_so_many_connections_may_wait() {
    let mut world = World::with(TunnelPolicy {
        waiting_most: 2,
        ..plain()
    });
    world.expect_start();
    for number in 0..3 {
        world.input(Input::Accepted(RequestId(number)));
    }
    assert_eq!(world.actions(), [Action::Reject(RequestId(2))]);
}

#[test]
fn stopping_tells_the_agent_first_and_then_the_service() {
    let (mut world, key) = World::up();
    world.input(Input::Stop);
    assert_eq!(world.tunnel.state(), State::Stopping);
    assert_eq!(world.actions(), [Action::SendEnd(key)]);
    world.input(Input::FlagDone(key));
    assert_eq!(
        world.actions(),
        [Action::Terminate(key, "session-1".into())]
    );
    world.input(Input::Terminated(key));
    assert_eq!(world.actions(), [Action::Discard(key)]);
    assert_eq!(world.tunnel.state(), State::Off);
    assert!(world.events().contains(&Event::Stopped));
}

#[test]
fn an_agent_that_does_not_confirm_is_ended_at_the_service() {
    let (mut world, key) = World::up();
    world.input(Input::Stop);
    world.actions();
    assert_eq!(world.next_timer(), TunnelTimer::EndConfirmation(key));
    assert_eq!(
        world.actions(),
        [Action::Terminate(key, "session-1".into())]
    );
    world.input(Input::Terminated(key));
    assert_eq!(world.tunnel.state(), State::Off);
}

#[test]
fn a_dial_that_can_never_work_fails_at_once_and_leaves_no_session() {
    let mut world = World::new();
    let key = world.expect_start();
    world.input(Input::Granted(key, Ok(grant(1))));
    world.actions();
    world.input(Input::Dialled(key, Err(failure(Next::Stop))));
    assert!(matches!(world.tunnel.state(), State::Failed { .. }));
    assert_eq!(
        world.actions(),
        [Action::Discard(key), Action::Abandon("session-1".into())]
    );
}

#[test]
fn stopping_takes_three_seconds_at_most() {
    let (mut world, _) = World::up();
    let stop = world.now;
    world.input(Input::Stop);
    while world.tunnel.poll_timeout().is_some() {
        world.next_timer();
    }
    assert_eq!(world.tunnel.state(), State::Off);
    assert_eq!(world.now - stop, STOP_PATIENCE);
}

#[test]
fn a_stop_in_which_the_process_stood_still_leaves_no_session() {
    let (mut world, key) = World::up();
    world.input(Input::Stop);
    assert_eq!(world.actions(), [Action::SendEnd(key)]);
    world.now += STOP_PATIENCE;
    world.tunnel.handle_timeout(world.now);
    let abandon = Action::Abandon("session-1".to_owned());
    assert_eq!(world.actions(), [Action::Discard(key), abandon]);
    assert_eq!(world.tunnel.state(), State::Off);
}

#[test]
fn a_session_that_is_being_started_when_the_tunnel_stops_is_ended() {
    let mut world = World::new();
    let key = world.expect_start();
    world.input(Input::Stop);
    assert_eq!(world.actions(), []);
    world.input(Input::Granted(key, Ok(grant(1))));
    assert_eq!(
        world.actions(),
        [Action::Terminate(key, "session-1".into())]
    );

    // And one whose answer comes after everything is over.
    let mut world = World::new();
    let key = world.expect_start();
    world.input(Input::Stop);
    world.pass(SECOND * 4);
    assert_eq!(world.tunnel.state(), State::Off);
    world.actions();
    world.input(Input::Granted(key, Ok(grant(1))));
    assert_eq!(world.actions(), [Action::Abandon("session-1".into())]);
}

#[test]
fn stopping_in_an_outage_ends_the_session_at_the_service() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.actions();
    world.input(Input::Stop);
    assert_eq!(
        world.actions(),
        [Action::Terminate(key, "session-1".into())]
    );
}

#[test]
fn connections_are_spread_over_the_sessions_that_are_up() {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::fixed(2),
        ..plain()
    });
    let first = world.expect_start();
    world.bring_up(first);
    let second = world.expect_start();
    world.bring_up(second);
    assert_eq!(world.tunnel.sessions_up(), 2);

    let placed = |world: &mut World, number| {
        world.input(Input::Accepted(RequestId(number)));
        match world.actions()[..] {
            [Action::Place(request, key)] if request == RequestId(number) => key,
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(placed(&mut world, 1), first);
    assert_eq!(placed(&mut world, 2), second);
    world.input(Input::Finished(second));
    assert_eq!(placed(&mut world, 3), second);

    // A session that is being resumed gets none; what it carries waits, and that is said.
    let waits = |world: &World| {
        let State::Degraded { outlook, .. } = world.tunnel.state() else {
            return false;
        };
        outlook.held == 1
    };
    world.lose(second);
    world.actions();
    assert!(waits(&world), "{:?}", world.tunnel.state());
    assert_eq!(placed(&mut world, 4), first);

    // Nor does one whose agent is away.
    world.resume(second, "session-2");
    world.input(Input::Degraded(second, Some(illness("agent-away"))));
    assert!(waits(&world), "{:?}", world.tunnel.state());
    assert_eq!(placed(&mut world, 5), first);
    world.input(Input::Degraded(first, Some(illness("agent-away"))));
    assert!(matches!(world.tunnel.state(), State::Degraded { .. }));
    world.input(Input::Degraded(first, None));
    assert!(waits(&world), "{:?}", world.tunnel.state());
    // Nobody waits for it any more.
    world.input(Input::Finished(second));
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

/// A tunnel with two sessions, of which the second was lost and can't be replaced for as long
/// as the budget lasts, while the first carries the tunnel. Returns the first, and the one that
/// is to take the second's place.
fn one_of_two_up() -> (World, SessionKey, SessionKey) {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::fixed(2),
        ..plain()
    });
    let first = world.expect_start();
    world.bring_up(first);
    let second = world.expect_start();
    world.bring_up(second);
    world.input(Input::Over(
        second,
        problem("session-ended"),
        Vitals::default(),
    ));
    let actions = world.actions();
    let [.., Action::Start(third)] = actions[..] else {
        panic!("{actions:?}")
    };
    while world.now - world.start < TunnelPolicy::default().retry_budget {
        world.input(Input::Granted(third, Err(failure(Next::Retry))));
        assert!(matches!(world.next_timer(), TunnelTimer::Attempt(_)));
        assert_eq!(world.expect_start(), third);
    }
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    (world, first, third)
}

#[test]
fn a_session_that_can_not_be_replaced_does_not_end_the_tunnel_while_another_is_resumed() {
    for refusal in [Next::Retry, Next::AwaitTarget, Next::Stop] {
        let (mut world, first, third) = one_of_two_up();
        world.lose(first);
        assert_eq!(world.expect_resume(), (first, "session-1".into()));
        world.input(Input::Granted(third, Err(failure(refusal))));
        assert_eq!(world.actions(), []);
        assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
        world.resume(first, "session-1");
        assert!(matches!(world.tunnel.state(), State::Up { .. }));
    }
}

#[test]
fn a_tunnel_whose_sessions_are_all_refused_fails() {
    let (mut world, first, third) = one_of_two_up();
    world.lose(first);
    world.expect_resume();
    world.input(Input::Granted(third, Err(failure(Next::Stop))));
    world.input(Input::Granted(first, Err(failure(Next::Stop))));
    world.actions();
    while let Some((_, timer)) = world.tunnel.poll_timeout()
        && let TunnelTimer::Attempt(key) = timer
    {
        world.next_timer();
        world.actions();
        world.input(Input::Granted(key, Err(failure(Next::Stop))));
    }
    assert!(matches!(world.tunnel.state(), State::Failed { .. }));
    // At once, not when the one that was given up first is tried again.
    assert!(world.now - world.start < Duration::from_secs(32 * 60));
}

#[test]
fn who_does_not_want_to_wait_for_the_next_attempt_need_not() {
    let (mut world, key) = World::up();
    world.lose(key);
    world.expect_resume();
    world.input(Input::Granted(key, Err(failure(Next::Retry))));
    assert_eq!(world.actions(), []);
    world.input(Input::TryNow);
    assert_eq!(world.expect_resume(), (key, "session-1".into()));
    // No other attempt is due.
    let due = world.tunnel.poll_timeout().map(|(_, timer)| timer);
    assert_eq!(due, Some(TunnelTimer::Lapse));
}

#[test]
fn connections_that_went_with_their_session_are_counted_no_more() {
    let (mut world, key) = World::up();
    world.input(Input::Accepted(RequestId(1)));
    world.input(Input::Accepted(RequestId(2)));
    assert_eq!(world.tunnel.connections(), 2);
    world.input(Input::Finished(key));
    assert_eq!(world.tunnel.connections(), 1);
    world.input(Input::Over(
        key,
        problem("session-ended"),
        Vitals::default(),
    ));
    assert_eq!(world.tunnel.connections(), 0);
    // What its task said last comes late.
    world.input(Input::Finished(key));
    assert_eq!(world.tunnel.connections(), 0);
}

#[test]
fn a_session_that_was_given_up_does_not_tell_of_its_websocket_any_more() {
    let (mut world, key) = World::up();
    world.input(Input::Over(
        key,
        problem("session-ended"),
        Vitals::default(),
    ));
    world.events();
    world.lose(key);
    assert_eq!(world.events(), []);
    assert_eq!(world.tunnel.last_close(), None);
}

#[test]
fn a_tunnel_that_was_up_says_reconnecting_while_any_session_is_in_an_outage() {
    let mut world = World::with(TunnelPolicy {
        sessions: PoolSize::fixed(2),
        ..plain()
    });
    let first = world.expect_start();
    world.bring_up(first);
    let second = world.expect_start();
    // The second's first start is under way when the first has to be replaced.
    world.input(Input::Over(
        first,
        problem("session-ended"),
        Vitals::default(),
    ));
    assert_ne!(first, second);
    let State::Reconnecting { problem, .. } = world.tunnel.state() else {
        panic!("{:?}", world.tunnel.state());
    };
    assert_eq!(problem.code, "session-ended");
}

#[test]
fn the_token_is_not_shown() {
    let text = format!(
        "{:?}",
        Action::Dial(SessionKey(1), grant(1), Purpose::Connect)
    );
    assert!(text.contains("session-1"));
    assert!(!text.contains("token") && !text.contains("wss:"), "{text}");
}
