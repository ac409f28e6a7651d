//! The way to the service is bad: black holes, and latency that changes.

use std::time::Duration;

use culvert_tests::{Rig, digest, download, echo, exchange, impatient, upload};
use ssm_sim::{Action, BlackHole, Direction};
use tunnel::TunnelConfig;

use crate::transfer::fast;

const COUNT: u64 = 1024 * 1024;

/// How soon a dead path is noticed here; 30 s by default.
const DEADLINE: Duration = Duration::from_millis(600);

fn quick_pings(config: &mut TunnelConfig) {
    config.session.ping_interval = DEADLINE / 2;
    config.session.ping_patience = DEADLINE / 2;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_that_swallows_in_mid_upload_costs_no_byte() {
    black_hole(BlackHole::Swallow, Direction::ToAgent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_that_holds_in_mid_download_costs_no_byte() {
    black_hole(BlackHole::Hold, Direction::ToClient).await;
}

/// A black hole of several deadlines, so that the path is given up before it ends.
async fn black_hole(kind: BlackHole, direction: Direction) {
    let rig = Rig::start_with(fast(), quick_pings).await.unwrap();
    let hole = Action::BlackHole {
        kind,
        milliseconds: Some(2_000),
    };
    let cut = rig.sim.faults().cut_after(direction, COUNT / 2, hole);
    let mut quiet = rig.connect().await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    let both = impatient(exchange(&mut stream, COUNT)).await.unwrap();
    assert_eq!(both.unwrap(), (digest(COUNT), digest(COUNT)), "{kind:?}");
    assert!(cut.happened().await);
    let back = impatient(echo(&mut quiet, b"quiet")).await.unwrap();
    assert_eq!(back.unwrap(), b"quiet");
    let snapshot = rig.snapshot();
    assert!(snapshot.reconnects >= 1, "{snapshot:?}");
    assert_eq!(snapshot.replacements, 0, "{snapshot:?}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_freezes_in_mid_transfer_is_left_and_costs_no_byte() {
    for direction in [Direction::ToAgent, Direction::ToClient] {
        let rig = Rig::start_with(fast(), quick_pings).await.unwrap();
        let frozen = rig
            .sim
            .faults()
            .cut_after(direction, COUNT / 2, Action::Freeze);
        let mut stream = rig.connect().await.unwrap();
        let transfer = tokio::spawn(async move { exchange(&mut stream, COUNT).await });
        assert!(impatient(frozen.happened()).await.unwrap());
        rig.wait_for(|snapshot| snapshot.last_close.is_some())
            .await
            .unwrap();
        rig.sim.faults().thaw();
        let both = impatient(transfer).await.unwrap().unwrap();
        assert_eq!(both.unwrap(), (digest(COUNT), digest(COUNT)));
        assert_eq!(rig.snapshot().replacements, 0);
        rig.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_that_jumps_from_20_ms_to_2_s_and_back_costs_no_byte_and_no_connection() {
    const COUNT: u64 = 2 * 1024 * 1024;
    let rig = Rig::start(fast()).await.unwrap();
    let faults = rig.sim.faults();
    let round_trip = |round_trip: Duration| {
        faults.latency(round_trip / 2);
        faults.jitter(round_trip / 10);
    };
    round_trip(Duration::from_millis(20));
    let mut up = rig.connect().await.unwrap();
    let mut down = rig.connect().await.unwrap();
    // Something harmless marks that a third has passed.
    let third = faults.cut_after(Direction::ToClient, COUNT / 3, Action::Thaw);
    let two_thirds = faults.cut_after(Direction::ToClient, COUNT / 3 * 2, Action::Thaw);
    let changes = async {
        assert!(third.happened().await);
        round_trip(Duration::from_secs(2));
        assert!(two_thirds.happened().await);
        round_trip(Duration::from_millis(20));
    };
    let (up, down, ()) = impatient(async {
        tokio::join!(upload(&mut up, COUNT), download(&mut down, COUNT), changes)
    })
    .await
    .unwrap();
    assert_eq!(up.unwrap(), digest(COUNT));
    assert_eq!(down.unwrap(), digest(COUNT));
    assert_eq!(rig.snapshot().reconnects, 0);
    rig.stop().await;
}
