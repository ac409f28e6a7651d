//! The gateway closes, and connections break, again and again: under traffic, and idle.

use std::time::Duration;

use culvert_tests::{Rig, digest, download, echo, exchange, impatient, round, times};
use ssm_message::MessageType;
use ssm_sim::{Action, AgentSettings, Direction, Faults, MessageFaults, Stats};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tunnel::{PoolSize, TunnelConfig};

use crate::transfer::fast;

/// Gateway closes that a tunnel lives through here; more by this environment variable.
const CLOSES: (&str, u32) = ("CULVERT_CLOSES", 8);

/// TCP resets in mid transfer, each way; more by this environment variable.
const RESETS: (&str, u32) = ("CULVERT_RESETS", 100);

/// How often the gateway closes. A shorter life than a second would be resumed after a pause.
const PERIOD: Duration = Duration::from_millis(1050);

const COUNT: u64 = 256 * 1024;

/// What a repeated fault did, once it is told to end.
struct Storm(JoinHandle<u32>);

impl Storm {
    /// Does something after each `bytes` of session data in that direction, `most` times.
    fn start(
        faults: &Faults,
        direction: Direction,
        bytes: u64,
        most: u32,
        action: impl Fn(&Faults) -> Action + Send + 'static,
    ) -> Self {
        let faults = faults.clone();
        Self(tokio::spawn(async move {
            let mut done = 0;
            while done < most {
                let action = action(&faults);
                if !faults.cut_after(direction, bytes, action).happened().await {
                    break;
                }
                done += 1;
            }
            done
        }))
    }

    /// Whether it was done as often as it may be.
    fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    /// How often it was done.
    async fn end(self, faults: &Faults) -> u32 {
        faults.clear();
        impatient(self.0).await.unwrap().unwrap()
    }
}

fn bye() -> Action {
    Action::Close {
        code: 1000,
        reason: "Bye".to_owned(),
    }
}

fn closes(stats: &Stats) -> u64 {
    stats.closes.get(&1000).copied().unwrap_or_default()
}

/// All closes meet the same session.
fn one_session(config: &mut TunnelConfig) {
    config.policy.sessions = PoolSize::fixed(1);
}

/// An echo that is begun, and waits for its second half.
async fn half_an_echo(rig: &Rig) -> TcpStream {
    let mut stream = rig.connect().await.unwrap();
    stream.write_u8(b'E').await.unwrap();
    stream.write_u64(8).await.unwrap();
    stream.write_all(b"idle").await.unwrap();
    let mut half = [0; 4];
    impatient(stream.read_exact(&mut half))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&half, b"idle");
    stream
}

async fn the_other_half(mut stream: TcpStream) {
    stream.write_all(b"half").await.unwrap();
    let mut half = [0; 4];
    impatient(stream.read_exact(&mut half))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&half, b"half");
}

#[tokio::test(flavor = "multi_thread")]
async fn closes_again_and_again_are_lived_through_under_traffic_both_ways() {
    let wanted = u64::from(times(CLOSES.0, CLOSES.1));
    let mut settings = fast();
    settings.gateway.close_period = Some(PERIOD);
    let rig = Rig::start_with(settings, one_session).await.unwrap();
    let quiet = half_an_echo(&rig).await;
    while closes(&rig.sim.stats()) < wanted {
        let mut both = rig.connect().await.unwrap();
        let mut down = rig.connect().await.unwrap();
        let (both, down) = impatient(async {
            tokio::join!(exchange(&mut both, COUNT), download(&mut down, COUNT))
        })
        .await
        .unwrap();
        assert_eq!(both.unwrap(), (digest(COUNT), digest(COUNT)));
        assert_eq!(down.unwrap(), digest(COUNT));
    }
    the_other_half(quiet).await;
    assert_eq!(rig.snapshot().replacements, 0);
    assert_eq!(rig.sim.sessions().len(), 1);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_lives_through_closes_again_and_again() {
    let wanted = u64::from(times(CLOSES.0, CLOSES.1));
    let mut settings = fast();
    settings.gateway.close_period = Some(PERIOD);
    let rig = Rig::start_with(settings, one_session).await.unwrap();
    let quiet = half_an_echo(&rig).await;
    // On a session that brings nothing forward, the pauses between attempts grow.
    let wanted = wanted.div_ceil(2);
    impatient(rig.sim.wait_for(|_, stats| closes(stats) >= wanted))
        .await
        .unwrap();
    the_other_half(quiet).await;
    assert_eq!(rig.snapshot().replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closes_in_mid_transfer_with_messages_and_acknowledgements_lost_cost_no_byte() {
    const COUNT: u64 = 2 * 1024 * 1024;
    let rig = Rig::start(fast()).await.unwrap();
    let faults = rig.sim.faults();
    let some = MessageFaults {
        loss: 1.0,
        ..MessageFaults::default()
    };
    faults.messages(Direction::ToAgent, some);
    faults.messages(Direction::ToClient, some);
    // Round each close, too: the last messages and acknowledgements before it never arrive.
    let closing = |direction| {
        Storm::start(faults, direction, 300_000, 3, move |faults| {
            faults.lose_next(Direction::ToAgent, MessageType::Acknowledge, 20);
            faults.lose_next(Direction::ToClient, MessageType::Acknowledge, 20);
            faults.lose_next(Direction::ToAgent, MessageType::InputStreamData, 5);
            faults.lose_next(Direction::ToClient, MessageType::OutputStreamData, 5);
            bye()
        })
    };
    let (down, up) = (closing(Direction::ToClient), closing(Direction::ToAgent));
    // One transfer is enough, unless the storm stood still while it went on.
    while !(down.is_over() && up.is_over()) {
        let mut stream = rig.connect().await.unwrap();
        let both = impatient(exchange(&mut stream, COUNT)).await.unwrap();
        assert_eq!(both.unwrap(), (digest(COUNT), digest(COUNT)));
    }
    assert_eq!((down.end(faults).await, up.end(faults).await), (3, 3));
    assert!(rig.sim.stats().from_clients.lost > 50);
    assert!(rig.sim.stats().from_agents.lost > 50);
    assert_eq!(rig.snapshot().replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_in_mid_download_cost_no_byte() {
    resets(Direction::ToClient).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_in_mid_upload_cost_no_byte() {
    resets(Direction::ToAgent).await;
}

/// One connection, whose socket is reset as often as [`RESETS`] says while bytes go both ways.
async fn resets(direction: Direction) {
    const BETWEEN: u64 = 20_000;
    const ROUND: u64 = 200_000;
    let wanted = times(RESETS.0, RESETS.1);
    let mut settings = fast();
    if let Some(agent) = &mut settings.unlisted_targets {
        // As the real one: so that something has arrived on each socket before its reset.
        agent.pace = AgentSettings::default().pace;
    }
    let rig = Rig::start(settings).await.unwrap();
    let faults = rig.sim.faults();
    let storm = Storm::start(faults, direction, BETWEEN, u32::MAX, |_| Action::Reset);
    let mut stream = rig.connect().await.unwrap();
    let mut quiet = rig.connect().await.unwrap();
    let mut seed = 0;
    // A cut that finds no socket resets none, so that more of them may be due than are counted.
    while rig.sim.stats().breaks < u64::from(wanted) {
        let both = round(&mut stream, seed == 0, ROUND, seed);
        impatient(both).await.unwrap().unwrap();
        seed += 1;
    }
    assert!(storm.end(faults).await >= wanted);
    let back = impatient(echo(&mut quiet, b"still there")).await.unwrap();
    assert_eq!(back.unwrap(), b"still there");
    assert_eq!(rig.snapshot().replacements, 0);
    rig.stop().await;
}
