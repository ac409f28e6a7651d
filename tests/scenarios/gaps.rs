//! Gaps under a download that goes on at full speed. The agent sends a thousand new messages a
//! second, as the real one; of those that were lost it sends a hundred a second here, not ten.

use std::time::Duration;

use culvert_tests::{Rig, digest, download, echo, impatient};
use ssm_sim::{Action, AgentSettings, BlackHole, Direction, Settings};
use tunnel::{PoolSize, State, TunnelConfig};

/// How soon a dead path is noticed here; 30 s by default.
const DEADLINE: Duration = Duration::from_millis(600);

const COUNT: u64 = 12 * 1024 * 1024;

fn steady() -> Settings {
    Settings {
        unlisted_targets: Some(AgentSettings {
            resend_period: Duration::from_millis(10),
            ..AgentSettings::default()
        }),
        ..Settings::default()
    }
}

fn alone(config: &mut TunnelConfig) {
    config.session.ping_interval = DEADLINE / 2;
    config.session.ping_patience = DEADLINE / 2;
    config.policy.sessions = PoolSize::fixed(1);
}

fn hole(rig: &Rig) -> ssm_sim::Tripped {
    let hole = Action::BlackHole {
        kind: BlackHole::Hold,
        milliseconds: Some(2_000),
    };
    rig.sim
        .faults()
        .cut_after(Direction::ToClient, 512 * 1024, hole)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_under_a_download_at_full_speed_is_told_and_heals() {
    let rig = Rig::start_with(steady(), alone).await.unwrap();
    let cut = hole(&rig);
    let mut stream = rig.connect().await.unwrap();
    let down = tokio::spawn(async move { download(&mut stream, COUNT).await });
    assert!(cut.happened().await);
    rig.wait_for(|snapshot| matches!(&snapshot.state, State::Degraded { problem, .. } if problem.code == "catching-up"))
        .await
        .unwrap();
    let down = impatient(down).await.unwrap().unwrap();
    assert_eq!(down.unwrap(), digest(COUNT));
    let snapshot = rig.snapshot();
    assert!(snapshot.reconnects >= 1, "{snapshot:?}");
    assert_eq!(snapshot.replacements, 0, "{snapshot:?}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_outgrows_the_memory_for_it_costs_its_connections_and_not_the_next_ones() {
    let small = |config: &mut TunnelConfig| {
        alone(config);
        config.session.channel.reorder_bytes = 256 * 1024;
    };
    let rig = Rig::start_with(steady(), small).await.unwrap();
    let cut = hole(&rig);
    let mut stream = rig.connect().await.unwrap();
    let down = tokio::spawn(async move { download(&mut stream, COUNT).await });
    assert!(cut.happened().await);
    rig.wait_for(|snapshot| snapshot.replacements == 1)
        .await
        .unwrap();
    // Reset, not ended.
    impatient(down).await.unwrap().unwrap().unwrap_err();
    let mut stream = rig.connect().await.unwrap();
    let back = impatient(echo(&mut stream, b"next")).await.unwrap();
    assert_eq!(back.unwrap(), b"next");
    rig.stop().await;
}
