//! Schedules, drawn from a seed.

use std::time::Duration;

use tunnel_proto::{PoolSize, Start, TunnelPolicy};

use super::{HOUR, MINUTE, SECOND};
use crate::agent::Manner;
use crate::random::Random;
use crate::service::{ABSENT, Conditions};
use crate::traffic::Plan;
use crate::world::{Mood, Way, World};

/// What the faults of a schedule may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Harmless,
    /// Sessions, and their connections with them.
    Deadly,
}

#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) conditions: Conditions,
    pub(super) policy: TunnelPolicy,
    pub(super) targets: usize,
    pub(super) steps: Vec<Step>,
}

/// One thing that happens. Those with a duration go on while others follow.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Run(Duration),
    Connect(Plan),
    Reset,
    Close(u16),
    BlackHole(Duration),
    Blackout(Duration),
    Freeze(Duration),
    FailResumes(u32),
    HangResumes(u32),
    Expired,
    SignedOut(Duration),
    RefuseConnected(Duration),
    RefuseUpgrades(Duration),
    HangUpgrades(Duration),
    FirstTargetAway(Duration),
    Latency(Duration, Duration),
    NetworkDown(Duration),
    Sleep(Duration, Way),
    /// Between its announcement and the sleep itself the WebSockets break.
    ResetInSleep(Duration, Duration),
    AgentsAway(Duration),
    // From here on they may cost sessions.
    /// At the service, without a word.
    Terminate,
    EndSessions,
    Manner(Manner),
    TargetAway(Duration),
}

impl Schedule {
    pub(super) fn from_seed(kind: Kind, seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x5EED);
        let conditions = Conditions {
            latency: Duration::from_millis(1) + random.duration(Duration::from_millis(100)),
            jitter: random.duration(Duration::from_millis(20)),
            loss: [0, 5, 20][random.below(3) as usize],
            duplicates: random.below(20) as u32,
            reordering: random.below(50) as u32,
            absent: ABSENT[random.below(3) as usize],
            room: None,
            uplink: (random.below(3) == 0).then(|| 1 + random.below(200) as usize),
            close_period: (random.below(2) == 0).then(|| {
                // Each new WebSocket starts the clock by which a jammed session is known.
                let least = match kind {
                    Kind::Harmless => SECOND * 20,
                    Kind::Deadly => SECOND * 60,
                };
                least + random.duration(MINUTE)
            }),
            idle_timeout: (kind == Kind::Deadly && random.below(2) == 0).then_some(MINUTE * 20),
        };
        let policy = TunnelPolicy {
            sessions: PoolSize::new(1 + (random.below(4) / 3) as u8, 1 + random.below(4) as u8),
            renew_after: (random.below(2) == 0).then(|| SECOND * 10 + random.duration(MINUTE)),
            start_budget: MINUTE,
            // Whoever waits is served, however long the faults last.
            wait_limit: match kind {
                Kind::Harmless => HOUR,
                Kind::Deadly => [Duration::ZERO, SECOND, SECOND * 30][random.below(3) as usize],
            },
            start: match random.below(4) {
                0 => Start::Lazy {
                    idle: SECOND + random.duration(MINUTE),
                },
                _ => Start::AtOnce,
            },
            ..TunnelPolicy::default()
        };
        let policy = match policy.start {
            // Whoever connects first has to wait.
            Start::Lazy { .. } => TunnelPolicy {
                wait_limit: policy.wait_limit.max(SECOND * 30),
                ..policy
            },
            Start::AtOnce => policy,
        };
        let targets = random.below(4) as usize;
        let mut steps = Vec::new();
        let mut away = false;
        for _ in 0..2 + random.below(5) {
            if random.below(3) > 0 {
                steps.push(Step::Connect(plan(&mut random)));
            }
            steps.push(Step::Run(pause(&mut random)));
            steps.push(match (kind, random.below(4)) {
                (Kind::Deadly, 0) => deadly(&mut random),
                (Kind::Deadly | Kind::Harmless, _) => harmless(&mut random, &mut away),
            });
        }
        steps.push(Step::Connect(plan(&mut random)));
        Self {
            conditions,
            policy,
            targets,
            steps,
        }
    }

    /// API calls that this many faults can cause in a minute, over all sessions: each of them
    /// makes an outage begin anew.
    ///
    /// It is what a tunnel asks for that is bounded here, and that its attempts are spread out. The
    /// calls themselves are bounded by the bucket that all tunnels of a process share, ten at once
    /// and then five a second (`rows/herd.rs`), which this model has not: it would hide a storm.
    pub(super) fn calls_a_minute(&self) -> usize {
        let faults = self.steps.len() / 2;
        usize::from(self.policy.sessions.most()) * (self.calls_of_a_session() + 5 * faults)
    }

    /// Calls for a session in a minute in which all fail: the shorter pauses at the begin, which
    /// may all be next to nothing, and then pauses drawn evenly between nothing and `longest`.
    ///
    /// A pause lasts 30 s at most, and 10 s while a connection waits that does so for 30 s or less
    /// (docs/behaviour.md, "Pauses"). More of them than are counted here fit into one minute of
    /// a hundred thousand: by the sum of evenly drawn numbers (Irwin, Hall), 12 of up to 30 s last
    /// less than a minute with a probability of 9e-6, and 24 of up to 10 s with 5e-6.
    fn calls_of_a_session(&self) -> usize {
        let longest = (self.policy.wait_limit / 3).clamp(SECOND * 10, SECOND * 30);
        // 200 ms, doubled until that is longer.
        if longest < SECOND * 30 {
            6 + 24
        } else {
            8 + 12
        }
    }
}

fn plan(random: &mut Random) -> Plan {
    match random.below(4) {
        0 => Plan::echo(),
        1 => Plan::paced(
            random.below(2_000),
            random.below(2_000),
            100,
            random.duration(SECOND * 2),
        ),
        2 => Plan::bulk(random.below(100_000), random.below(2_000)),
        _ => Plan::bulk(random.below(10_000), random.below(30_000)),
    }
}

/// Mostly short: faults that come one upon the other find more.
fn pause(random: &mut Random) -> Duration {
    match random.below(4) {
        0 => random.duration(SECOND / 10),
        1 => random.duration(SECOND),
        2 => random.duration(SECOND * 5),
        _ => random.duration(SECOND * 40),
    }
}

fn harmless(random: &mut Random, away: &mut bool) -> Step {
    match random.below(20) {
        0 | 1 => Step::Reset,
        2 => Step::Close(1000),
        3 => Step::Close(1001),
        4 if random.below(2) == 0 => Step::BlackHole(random.duration(SECOND * 90)),
        4 => Step::Blackout(random.duration(SECOND * 90)),
        5 => Step::Freeze(random.duration(SECOND * 90)),
        6 => Step::FailResumes(random.below(8) as u32),
        7 => Step::HangResumes(random.below(4) as u32),
        8 => Step::Expired,
        9 => Step::SignedOut(random.duration(MINUTE * 3)),
        10 => Step::RefuseConnected(random.duration(MINUTE * 3)),
        11 => Step::RefuseUpgrades(random.duration(SECOND * 40)),
        12 => Step::Latency(random.duration(SECOND * 2), random.duration(SECOND * 20)),
        13 => Step::NetworkDown(random.duration(MINUTE * 2)),
        14 => {
            let way = [Way::Kept, Way::Forgotten][random.below(2) as usize];
            Step::Sleep(random.duration(MINUTE * 15), way)
        }
        15 => Step::HangUpgrades(random.duration(MINUTE)),
        16 => Step::FirstTargetAway(random.duration(MINUTE * 2)),
        17 | 18 => Step::ResetInSleep(random.duration(SECOND * 30), random.duration(MINUTE * 15)),
        // Once: without a word to the client, two in a row look like one that lasts too long.
        _ if *away => Step::Reset,
        _ => {
            *away = true;
            Step::AgentsAway(random.duration(SECOND * 20))
        }
    }
}

fn deadly(random: &mut Random) -> Step {
    match random.below(6) {
        0 => Step::Terminate,
        1 => Step::EndSessions,
        2 => Step::Manner(Manner::Stuck),
        3 => Step::Manner(Manner::NeverResends),
        4 => Step::AgentsAway(random.duration(MINUTE * 5)),
        _ if random.below(2) == 0 => Step::Sleep(HOUR, Way::Forgotten),
        _ => Step::TargetAway(random.duration(MINUTE * 2)),
    }
}

impl Step {
    pub(super) fn take(self, world: &mut World) {
        match self {
            Self::Run(time) => world.run_for(time),
            Self::Connect(plan) => {
                world.note(plan);
                world.connect(plan);
            }
            Self::Reset => world.reset(),
            Self::Close(code) => world.close_all(code),
            Self::BlackHole(time) => world.black_hole(time),
            Self::Blackout(time) => world.blackout(time),
            Self::Freeze(time) => world.freeze(time),
            Self::FailResumes(times) => {
                world.mood_for(Mood::FailResumes("service-error", times), MINUTE * 10);
            }
            Self::HangResumes(times) => world.mood_for(Mood::HangResumes(times), MINUTE * 10),
            Self::Expired => world.mood_for(Mood::Expired(1), MINUTE * 10),
            Self::SignedOut(time) => world.sign_in_after(time),
            Self::RefuseConnected(time) => world.mood_for(Mood::RefuseConnected, time),
            Self::RefuseUpgrades(time) => world.refuse_upgrades(time),
            Self::HangUpgrades(time) => world.hang_upgrades(time),
            Self::FirstTargetAway(time) => world.mood_for(Mood::FirstTargetAway, time),
            Self::ResetInSleep(before, asleep) => {
                world.fall_asleep();
                world.reset();
                world.run_for(before);
                world.wake(asleep, Way::Forgotten);
            }
            Self::Latency(latency, time) => world.latency_for(latency, time),
            Self::NetworkDown(time) => world.network_down_for(time),
            Self::Sleep(time, way) => world.sleep(time, way),
            Self::AgentsAway(time) => world.agents_away(time),
            Self::Terminate => {
                world.note(self);
                for session in &mut world.service.sessions {
                    session.terminated = true;
                }
            }
            Self::EndSessions => {
                world.note(self);
                for session in 0..world.service.sessions.len() {
                    world.service.end_session(world.now, session);
                }
            }
            Self::Manner(manner) => {
                world.note(self);
                for session in &mut world.service.sessions {
                    session.agent.manner = manner;
                }
            }
            Self::TargetAway(time) => world.mood_for(Mood::TargetAway, time),
        }
    }
}
