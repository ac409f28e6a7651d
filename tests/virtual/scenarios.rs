//! What must hold, fault by fault.

use std::time::Duration;

use tunnel_proto::{PoolSize, State, TunnelPolicy};

use crate::random::Random;
use crate::service::{Absent, Conditions};
use crate::traffic::Plan;
use crate::world::{Fate, Mood, World};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

const BOTH_WAYS: Plan = Plan {
    up: 300_000,
    down: 100_000,
};

/// Takes the agent five seconds.
const LONG: Plan = Plan {
    up: 1_000_000,
    down: 5_000_000,
};

/// Every connection got every byte, and no session was given up.
fn assert_whole(world: &World) {
    assert_eq!(
        world.count(Fate::Done),
        world.locals.len(),
        "{:?}",
        world.locals
    );
    assert!(world.replaced.is_empty(), "{:?}", world.replaced);
}

#[test]
fn a_quiet_way_carries_every_byte() {
    let mut world = World::new(1, Conditions::default());
    for _ in 0..5 {
        world.connect(BOTH_WAYS);
    }
    world.run_out(SECOND * 60);
    assert_whole(&world);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

#[test]
fn a_day_of_hourly_closes_under_traffic_costs_no_connection() {
    let conditions = Conditions {
        close_period: Some(HOUR),
        ..Conditions::default()
    };
    let policy = TunnelPolicy {
        renew_after: None,
        sessions: PoolSize::fixed(1),
        ..TunnelPolicy::default()
    };
    let mut world = World::with(2, conditions, policy);
    for _ in 0..24 * 6 {
        world.connect(Plan {
            up: 20_000,
            down: 20_000,
        });
        world.run_for(SECOND * 600);
    }
    world.run_out(SECOND * 60);
    assert_whole(&world);
    assert!(
        world.tunnel.reconnects() >= 23,
        "{}",
        world.tunnel.reconnects()
    );
    assert_eq!(world.calls, 1 + world.tunnel.reconnects());
}

#[test]
fn closes_in_the_middle_of_transfers_lose_and_double_nothing() {
    for absent in [Absent::Drop, Absent::Hold, Absent::Pause] {
        for seed in 0..20 {
            let mut world = World::new(
                seed,
                Conditions {
                    absent,
                    ..Conditions::default()
                },
            );
            let mut random = Random::new(seed);
            for _ in 0..3 {
                world.connect(BOTH_WAYS);
            }
            for _ in 0..5 {
                world.run_for(random.duration(SECOND));
                let now = world.now;
                world.service.close_all(now, 1000);
            }
            world.run_out(SECOND * 600);
            assert_whole(&world);
        }
    }
}

#[test]
fn resets_in_the_middle_of_transfers_lose_and_double_nothing() {
    for seed in 0..20 {
        let mut world = World::new(seed, Conditions::default());
        let mut random = Random::new(seed);
        world.connect(Plan {
            up: 2_000_000,
            down: 200_000,
        });
        while world.live() > 0 && world.tunnel.reconnects() < 50 {
            world.run_for(SECOND / 5 + random.duration(SECOND / 5));
            world.reset();
        }
        world.run_out(SECOND * 600);
        assert_whole(&world);
    }
}

#[test]
fn lost_doubled_and_reordered_messages_are_borne_for_every_seed() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let conditions = Conditions {
            latency: random.duration(Duration::from_millis(100)),
            jitter: random.duration(Duration::from_millis(30)),
            loss: random.below(100) as u32,
            duplicates: random.below(100) as u32,
            reordering: random.below(200) as u32,
            ..Conditions::default()
        };
        let mut world = World::new(seed, conditions);
        for _ in 0..3 {
            world.connect(Plan {
                up: 60_000,
                down: 30_000,
            });
        }
        world.run_out(SECOND * 900);
        assert_eq!(world.count(Fate::Done), 3, "seed {seed}");
    }
}

#[test]
fn a_black_hole_of_ninety_seconds_is_noticed_and_outlived() {
    let mut world = World::new(3, Conditions::default());
    world.connect(LONG);
    world.run_for(SECOND);
    world.black_hole(SECOND * 90);
    // Known within half a minute, and a new WebSocket is there long before the hole ends.
    world.run_for(SECOND * 32);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
    assert_eq!(world.tunnel.reconnects(), 1);
    // What the agent sent into the hole comes back at its own pace, ten messages a second.
    world.run_out(HOUR);
    assert_whole(&world);
}

#[test]
fn failing_resumes_and_refused_upgrades_are_tried_until_they_work() {
    for mood in [Mood::FailResumes(30), Mood::RefuseUpgrades(20)] {
        let mut world = World::new(4, Conditions::default());
        world.connect(LONG);
        world.run_for(SECOND);
        world.mood = mood;
        world.reset();
        world.run_for(SECOND);
        assert!(matches!(world.tunnel.state(), State::Reconnecting { .. }));
        world.run_out(HOUR);
        assert_whole(&world);
    }
}

#[test]
fn a_session_that_is_gone_is_replaced_and_waiting_connections_are_served() {
    let mut world = World::new(5, Conditions::default());
    world.connect(LONG);
    world.run_for(SECOND);
    world.service.terminate("session-001");
    world.reset();
    world.connect(BOTH_WAYS);
    world.run_out(SECOND * 60);
    assert_eq!((world.count(Fate::Reset), world.count(Fate::Done)), (1, 1));
    assert_eq!(world.tunnel.replacements(), 1);
    assert!(matches!(world.tunnel.state(), State::Up { .. }));
}

#[test]
fn an_expired_login_waits_without_calls_and_goes_on_after_the_sign_in() {
    let mut world = World::new(6, Conditions::default());
    world.connect(LONG);
    world.run_for(SECOND);
    world.mood = Mood::SignedOut;
    world.reset();
    world.run_for(SECOND * 30);
    assert!(matches!(world.tunnel.state(), State::NeedsSignIn { .. }));
    let calls = world.calls;
    world.mood = Mood::Fine;
    world
        .tunnel
        .handle_input(world.now, tunnel_proto::Input::CredentialsChanged);
    world.run_out(SECOND * 60);
    assert_whole(&world);
    // One to resume, and one for a session beside the bulk transfer.
    assert!(world.calls <= calls + 2, "{}", world.calls - calls);
}

#[test]
fn an_upload_at_full_speed_stays_under_the_gateways_limit() {
    let mut world = World::new(7, Conditions::default());
    for _ in 0..4 {
        world.connect(Plan {
            up: 20_000_000,
            down: 0,
        });
    }
    for _ in 0..5 {
        world.run_for(SECOND / 2);
        world.reset();
    }
    world.run_out(SECOND * 60);
    assert_whole(&world);
    let came = &world.service.data_messages;
    // More than 1,000 a second for more than two seconds is what trips it.
    let worst = came
        .iter()
        .enumerate()
        .map(|(at, first)| {
            came[at..]
                .iter()
                .take_while(|next| **next - *first < SECOND * 2)
                .count()
        })
        .max()
        .unwrap();
    assert!(worst <= 2_000, "{worst} messages in two seconds");
}

#[test]
fn a_stop_ends_every_session_at_the_service() {
    let mut world = World::new(8, Conditions::default());
    world.connect(BOTH_WAYS);
    world.run_out(SECOND * 60);
    world
        .tunnel
        .handle_input(world.now, tunnel_proto::Input::Stop);
    world.run_for(SECOND * 3);
    assert_eq!(world.tunnel.state(), State::Off);
    assert!(
        world
            .service
            .sessions
            .values()
            .all(|session| session.terminated)
    );
    assert!(
        world
            .service
            .sessions
            .values()
            .all(|session| session.agent.ended || session.terminated)
    );
    assert!(
        world
            .service
            .sessions
            .values()
            .all(|session| session.agent.is_idle())
    );
}

/// Random schedules of every fault that must cost nothing, against what a perfect tunnel would
/// deliver. `CULVERT_SCHEDULES` asks for more of them.
#[test]
fn random_schedules_of_faults_cost_no_byte() {
    let schedules = std::env::var("CULVERT_SCHEDULES")
        .ok()
        .and_then(|count| count.parse().ok());
    for seed in 0..schedules.unwrap_or(300) {
        let mut random = Random::new(seed ^ 0x5EED);
        let conditions = Conditions {
            latency: random.duration(Duration::from_millis(150)),
            jitter: random.duration(Duration::from_millis(20)),
            loss: random.below(20) as u32,
            duplicates: random.below(20) as u32,
            reordering: random.below(50) as u32,
            absent: match random.below(3) {
                0 => Absent::Drop,
                1 => Absent::Hold,
                _ => Absent::Pause,
            },
            close_period: (random.below(2) == 0)
                .then(|| SECOND * 30 + random.duration(SECOND * 60)),
            ..Conditions::default()
        };
        let mut world = World::new(seed, conditions);
        while !matches!(world.tunnel.state(), State::Up { .. }) {
            world.run_for(SECOND);
        }
        for _ in 0..random.below(8) {
            let plan = Plan {
                up: random.below(200_000),
                down: random.below(60_000),
            };
            world.connect(plan);
            world.run_for(random.duration(SECOND * 3));
            match random.below(5) {
                0 => world.reset(),
                1 => {
                    let now = world.now;
                    world.service.close_all(now, 1001);
                }
                2 => world.black_hole(random.duration(SECOND * 20)),
                3 => world.mood = Mood::FailResumes(random.below(4) as u32),
                _ => world.mood = Mood::RefuseUpgrades(random.below(4) as u32),
            }
        }
        world.mood = Mood::Fine;
        world.run_out(HOUR);
        let done = world.count(Fate::Done);
        assert_eq!(
            done,
            world.locals.len(),
            "seed {seed}: {:?}",
            world.replaced
        );
        assert!(
            world.replaced.is_empty(),
            "seed {seed}: {:?}",
            world.replaced
        );
    }
}
