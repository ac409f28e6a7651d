//! Bytes go through unchanged, each once and in order.

use std::time::Duration;

use culvert_tests::{Rig, digest, download, echo, exchange, impatient, upload};
use ssm_sim::{AgentSettings, Settings};
use tunnel::{PoolSize, TunnelConfig};

/// A service whose agent does not sleep and heals its gaps fast, for tests that are about bytes
/// and not about time.
pub(crate) fn fast() -> Settings {
    let agent = AgentSettings {
        pace: Duration::ZERO,
        resend_period: Duration::from_millis(1),
        ..AgentSettings::default()
    };
    let mut settings = Settings {
        unlisted_targets: Some(agent),
        ..Settings::default()
    };
    settings.gateway.rate_limit = None;
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_arrives_whole_in_both_directions() {
    const COUNT: u64 = 8 * 1024 * 1024;
    let rig = Rig::start(fast()).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(
        impatient(download(&mut stream, COUNT))
            .await
            .unwrap()
            .unwrap(),
        digest(COUNT)
    );
    let mut stream = rig.connect().await.unwrap();
    assert_eq!(
        impatient(upload(&mut stream, COUNT))
            .await
            .unwrap()
            .unwrap(),
        digest(COUNT)
    );
    let mut stream = rig.connect().await.unwrap();
    let both = impatient(exchange(&mut stream, COUNT))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(both, (digest(COUNT), digest(COUNT)));

    let snapshot = rig
        .wait_for(|snapshot| snapshot.connections == 0)
        .await
        .unwrap();
    assert!(snapshot.bytes_down >= 2 * COUNT, "{snapshot:?}");
    assert!(snapshot.bytes_up >= 2 * COUNT, "{snapshot:?}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_keeps_under_the_gateways_message_rate() {
    let rig = Rig::start(Settings::default()).await.unwrap();
    let mut up = rig.connect().await.unwrap();
    let mut down = rig.connect().await.unwrap();
    let (up, down) = impatient(async {
        tokio::join!(
            upload(&mut up, 24 * 1024 * 1024),
            download(&mut down, 2 * 1024 * 1024)
        )
    })
    .await
    .unwrap();
    assert_eq!(up.unwrap(), digest(24 * 1024 * 1024));
    assert_eq!(down.unwrap(), digest(2 * 1024 * 1024));
    assert_eq!(rig.sim.stats().rate_limit_trips, 0);
    assert_eq!(rig.snapshot().reconnects, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_single_byte_and_any_chunk_comes_back_as_it_went() {
    let rig = Rig::start(fast()).await.unwrap();
    for byte in [b'\n', b'\r', 0, 0xff] {
        let mut stream = rig.connect().await.unwrap();
        let back = impatient(echo(&mut stream, &[byte]))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(back, [byte]);
    }
    for length in [
        1, 7, 8, 9, 1015, 1016, 1017, 1024, 16_383, 16_384, 32_769, 65_535, 65_536,
    ] {
        let mut bytes = vec![0; length];
        culvert_tests::Pattern::default().fill(&mut bytes);
        let mut stream = rig.connect().await.unwrap();
        let back = impatient(echo(&mut stream, &bytes)).await.unwrap().unwrap();
        assert!(back == bytes, "{length} bytes came back changed");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_session_carries_the_same_bytes() {
    let settings = Settings {
        kms_key_id: Some("alias/sessions".to_owned()),
        ..fast()
    };
    let rig = Rig::start(settings).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    let both = impatient(exchange(&mut stream, 1024 * 1024))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(both, (digest(1024 * 1024), digest(1024 * 1024)));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_sessions_share_the_connections() {
    let sessions = |config: &mut TunnelConfig| config.policy.sessions = PoolSize::fixed(4);
    let rig = Rig::start_with(fast(), sessions).await.unwrap();
    rig.wait_for(|snapshot| snapshot.sessions == 4)
        .await
        .unwrap();
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(rig.connect().await.unwrap());
    }
    let transfers = streams
        .into_iter()
        .map(|mut stream| tokio::spawn(async move { download(&mut stream, 512 * 1024).await }));
    for transfer in transfers.collect::<Vec<_>>() {
        let came = impatient(transfer).await.unwrap().unwrap().unwrap();
        assert_eq!(came, digest(512 * 1024));
    }
    let used = rig
        .sim
        .sessions()
        .iter()
        .filter(|session| session.bytes_to_client > 512 * 1024)
        .count();
    assert_eq!(used, 4);
    rig.stop().await;
}

/// Counted in bytes that pass the gateway, so that a slow machine makes no difference.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_message_does_not_wait_behind_an_upload_over_a_slow_uplink() {
    const RATE: u64 = 4_000_000;
    const COUNT: u64 = 24_000_000;
    // 100 ms: a round trip, a queue of 20 ms, and what the system's buffers hold on a busy machine. It is a
    // tenth of what was under way before.
    const BEHIND: u64 = 400_000;
    let rig = Rig::start_with(fast(), |config| {
        config.policy.sessions = PoolSize::fixed(1);
    })
    .await
    .unwrap();
    rig.sim.faults().bandwidth(Some(RATE));
    let mut bulk = rig.connect().await.unwrap();
    let uploading = tokio::spawn(async move { upload(&mut bulk, COUNT).await });
    // By then it has found the uplink's rate.
    rig.wait_for(|snapshot| snapshot.bytes_up > COUNT / 3)
        .await
        .unwrap();
    let passed = || rig.sim.stats().from_clients.payload_bytes;
    let mut behind = Vec::new();
    for _ in 0..9 {
        let mut small = rig.connect().await.unwrap();
        let before = passed();
        impatient(echo(&mut small, b"x")).await.unwrap().unwrap();
        behind.push(passed() - before);
    }
    assert!(!uploading.is_finished(), "nothing to wait behind");
    behind.sort_unstable();
    assert!(behind[4] < BEHIND, "{behind:?}");
    assert_eq!(
        impatient(uploading).await.unwrap().unwrap().unwrap(),
        digest(COUNT)
    );
    rig.stop().await;
}
