//! Many tunnels that lose the gateway at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tunnel_proto::{
    Action, CallBudget, Clock, Close, ClosedBy, Failure, Grant, Input, Loss, Next, Problem,
    ProblemKind, SessionKey, State, Tunnel, TunnelPolicy, Vitals,
};

use super::{MINUTE, SECOND};
use crate::random::Random;

const TUNNELS: usize = 200;
const BURST: u32 = 10;
const PER_SECOND: u32 = 5;
const CALL: Duration = Duration::from_millis(60);

/// What comes to a tunnel, in the order of time.
#[derive(Debug)]
enum Due {
    /// Its turn to call has come.
    Call(SessionKey, String),
    Input(Input),
    Timer,
}

/// Tunnels of one process, with one budget of calls. Their sessions are never looked into.
struct Herd {
    now: Instant,
    start: Instant,
    tunnels: Vec<Tunnel>,
    /// Each tunnel's session.
    keys: Vec<Option<SessionKey>>,
    budget: CallBudget,
    dues: BTreeMap<(Instant, u64), (usize, Due)>,
    next: u64,
    /// No WebSocket is upgraded before that.
    refused_until: Instant,
    /// When a call was wanted, and by which tunnel; and when calls were made.
    asked: Vec<(usize, Instant)>,
    calls: Vec<Instant>,
    /// When each tunnel was up again.
    up_at: Vec<Option<Instant>>,
}

impl Herd {
    fn new() -> Self {
        let start = Instant::now();
        let clock = Clock {
            origin: start,
            unix_ms_at_origin: 0,
        };
        let mut random = Random::new(1);
        let policy = TunnelPolicy {
            renew_after: None,
            ..TunnelPolicy::default()
        };
        let mut make = || Tunnel::new(policy, start, clock, random.seed());
        Self {
            now: start,
            start,
            tunnels: (0..TUNNELS).map(|_| make()).collect(),
            keys: vec![None; TUNNELS],
            budget: CallBudget::new(BURST, PER_SECOND),
            dues: BTreeMap::new(),
            next: 0,
            refused_until: start,
            asked: Vec::new(),
            calls: Vec::new(),
            up_at: vec![None; TUNNELS],
        }
    }

    fn due(&mut self, at: Instant, tunnel: usize, due: Due) {
        self.next += 1;
        self.dues.insert((at, self.next), (tunnel, due));
    }

    fn settle(&mut self, tunnel: usize) {
        while let Some(action) = self.tunnels[tunnel].poll_action() {
            match action {
                Action::Start(key) => self.call(tunnel, key, format!("session-{tunnel}")),
                Action::Resume(key, session_id) => self.call(tunnel, key, session_id),
                Action::Dial(key, ..) => {
                    let result = if self.now < self.refused_until {
                        let what = "The gateway is away.";
                        let problem = Problem::new(ProblemKind::Service, "gateway", what, "");
                        Err(Failure {
                            next: Next::Retry,
                            problem,
                        })
                    } else {
                        Ok(())
                    };
                    let up = result.is_ok();
                    let at = self.now + CALL;
                    self.due(at, tunnel, Due::Input(Input::Dialled(key, result)));
                    if up {
                        self.due(at, tunnel, Due::Input(Input::Established(key)));
                    }
                }
                Action::AwaitQuiet(_)
                | Action::GiveUp(_)
                | Action::Close(_)
                | Action::CheckPath(_)
                | Action::Sleep(_)
                | Action::SendEnd(_)
                | Action::Terminate(..)
                | Action::Abandon(_)
                | Action::Discard(_)
                | Action::Place(..)
                | Action::Reject(_) => panic!("{action:?}"),
            }
        }
        while self.tunnels[tunnel].poll_event().is_some() {}
        let up = matches!(self.tunnels[tunnel].state(), State::Up { .. });
        match (up, self.up_at[tunnel]) {
            (true, None) => self.up_at[tunnel] = Some(self.now),
            (false, Some(_)) => self.up_at[tunnel] = None,
            (true, Some(_)) | (false, None) => {}
        }
        if let Some((at, _)) = self.tunnels[tunnel].poll_timeout() {
            self.due(at.max(self.now), tunnel, Due::Timer);
        }
    }

    fn call(&mut self, tunnel: usize, key: SessionKey, session_id: String) {
        self.keys[tunnel] = Some(key);
        self.asked.push((tunnel, self.now));
        let at = self.budget.reserve(self.now);
        self.due(at, tunnel, Due::Call(key, session_id));
    }

    fn run_until(&mut self, until: Instant) {
        while let Some(entry) = self.dues.first_entry()
            && entry.key().0 <= until
        {
            self.now = entry.key().0;
            let (tunnel, due) = entry.remove();
            match due {
                Due::Call(key, session_id) => {
                    self.calls.push(self.now);
                    let grant = Grant {
                        session_id,
                        stream_url: String::new(),
                        token: String::new(),
                    };
                    let answer = Due::Input(Input::Granted(key, Ok(grant)));
                    self.due(self.now + CALL, tunnel, answer);
                    continue;
                }
                Due::Input(input) => self.tunnels[tunnel].handle_input(self.now, input),
                Due::Timer => {
                    let due = self.tunnels[tunnel].poll_timeout();
                    if due.is_none_or(|(at, _)| at > self.now) {
                        continue;
                    }
                    self.tunnels[tunnel].handle_timeout(self.now);
                }
            }
            self.settle(tunnel);
        }
        self.now = until;
    }

    fn lose_the_gateway(&mut self) {
        for tunnel in 0..TUNNELS {
            let loss = Loss {
                close: Close {
                    at: 0,
                    code: Some(1001),
                    reason: "going away".to_owned(),
                },
                closed_by: ClosedBy::Gateway,
                progressed: true,
                vitals: Vitals::default(),
            };
            let key = self.keys[tunnel].unwrap();
            self.tunnels[tunnel].handle_input(self.now, Input::Lost(key, loss));
            self.settle(tunnel);
        }
    }

    /// All tunnels, up.
    fn up() -> Self {
        let mut herd = Self::new();
        for tunnel in 0..TUNNELS {
            herd.settle(tunnel);
        }
        herd.run_until(herd.start + MINUTE * 2);
        assert!(herd.up_at.iter().all(Option::is_some));
        assert_eq!(herd.calls.len(), TUNNELS);
        herd
    }

    /// Within no span were more calls made than a burst and the rate.
    fn assert_bounded(&self) {
        for (at, first) in self.calls.iter().enumerate() {
            for (count, last) in (1..).zip(&self.calls[at..]) {
                let most = f64::from(BURST) + (*last - *first).as_secs_f64() * 5.0;
                assert!(f64::from(count) <= most + 0.001, "{count} calls, {most}");
            }
        }
    }
}

#[test]
fn two_hundred_tunnels_that_start_at_once_are_up_within_the_budgets_forty_seconds() {
    let herd = Herd::up();
    herd.assert_bounded();
    let last = herd.up_at.iter().flatten().max().unwrap();
    assert!(*last - herd.start < SECOND * 40);
}

#[test]
fn two_hundred_tunnels_that_lose_a_gateway_that_is_there_are_back_within_forty_seconds() {
    let mut herd = Herd::up();
    let lost = herd.now;
    herd.lose_the_gateway();
    herd.run_until(lost + MINUTE * 2);
    herd.assert_bounded();
    assert_eq!(herd.calls.len(), TUNNELS * 2, "one attempt each");
    for up_at in &herd.up_at {
        assert!(up_at.unwrap() - lost < SECOND * 40);
    }
}

#[test]
fn two_hundred_tunnels_that_lose_a_gateway_for_half_a_minute_spread_their_attempts() {
    let mut herd = Herd::up();
    let lost = herd.now;
    let before = herd.asked.len();
    herd.refused_until = lost + SECOND * 30;
    herd.lose_the_gateway();
    herd.run_until(lost + MINUTE * 5);
    herd.assert_bounded();
    // None starves: the last is back soon after the first could be.
    for up_at in &herd.up_at {
        let took = up_at.unwrap() - herd.refused_until;
        assert!(took < MINUTE * 2, "{took:?}");
    }
    // The first ten fail at the same moment, and none of them asks again with another.
    let first = &herd.asked[before..];
    assert!(first[..TUNNELS].iter().all(|(_, at)| *at == lost));
    let burst = BURST as usize;
    let mut again: Vec<_> = (0..burst)
        .map(|tunnel| {
            let mut asked = first[TUNNELS..].iter();
            let (_, at) = asked.find(|(asking, _)| *asking == tunnel).unwrap();
            *at
        })
        .collect();
    again.sort_unstable();
    again.dedup();
    assert_eq!(again.len(), burst);
    assert!(*again.last().unwrap() - again[0] > Duration::from_millis(50));
}
