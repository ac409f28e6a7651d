//! An afternoon in which all goes wrong, and what the bundle makes of it. Whoever has nothing but the
//! bundle can tell for each drop what it was.

use std::path::Path;
use std::time::Duration;

use culvert_tests::{Rig, echo, impatient, is_up};
use ssm_sim::{Action, BlackHole, Direction, MessageFaults};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tunnel_manager::tunnel::{
    Environment, EnvironmentControl, PoolSize, Snapshot, State, Tunnel, TunnelConfig,
};
use tunnel_manager::{Traces, TunnelName};

use crate::diagnose::unpacked;
use crate::support::{World, run};

/// Between two troubles, so that none is taken for the other's work.
const LATER: Duration = Duration::from_secs(10 * 60);

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What the gateway takes to be an hour passes in no time.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

struct Afternoon {
    world: World,
    control: EnvironmentControl,
    tunnel: Tunnel,
}

impl Afternoon {
    async fn begin(
        world: World,
        traces: &Traces,
        agent_patience: Duration,
    ) -> (Self, tunnel_manager::Following) {
        let (environment, control) = Environment::by_hand();
        let mut config = patient_with_nothing(&world, environment);
        config.session.agent_patience = agent_patience;
        let tunnel = Tunnel::start(config).await.unwrap();
        let following = traces.follow(TunnelName::new(None, "Orders"), &tunnel);
        is_up(&tunnel).await.unwrap();
        let afternoon = Self {
            world,
            control,
            tunnel,
        };
        (afternoon, following)
    }

    async fn wait_for(&self, wanted: impl FnMut(&Snapshot) -> bool) {
        let mut snapshot = self.tunnel.snapshot();
        let came = impatient(snapshot.wait_for(wanted)).await.map(|_| ());
        assert!(came.is_ok(), "{:?}", self.tunnel.snapshot().borrow());
    }

    async fn connect(&self) -> TcpStream {
        let address = self.tunnel.snapshot().borrow().addresses[0].clone();
        TcpStream::connect(address).await.unwrap()
    }

    /// Waits until the trouble is over, and connections are carried again.
    async fn well_again(&self) {
        let up = |snapshot: &Snapshot| matches!(snapshot.state, State::Up { .. });
        self.wait_for(up).await;
        let mut stream = self.connect().await;
        let back = impatient(echo(&mut stream, b"alive")).await.unwrap();
        assert_eq!(back.unwrap(), b"alive");
        drop(stream);
        self.wait_for(|snapshot| up(snapshot) && snapshot.connections == 0)
            .await;
    }

    /// Stops the tunnel, and gives what the summary of a bundle tells of it in bold, a line each.
    async fn told(self, state: &Path, following: tunnel_manager::Following) -> Vec<String> {
        let Self { world, tunnel, .. } = self;
        tunnel.stop().await;
        drop(tunnel);
        following.finished().await;
        let mut diagnose = world.program();
        diagnose
            .env("CULVERT_STATE_DIR", state)
            .current_dir(world.path(""))
            .args(["diagnose", "--no-checks", "--output", "bundle.zip"]);
        let ended = run(diagnose).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let files = unpacked(&world.path("bundle.zip"));
        let summary = &files[0].1;
        let of_tunnel = summary.split("## Orders").nth(1).unwrap_or_default();
        let lines = of_tunnel.lines().filter(|line| line.starts_with("* "));
        let bold = |line: &str| line.split("**").nth(1).unwrap_or(line).to_owned();
        lines.map(bold).collect()
    }
}

/// All that takes half a minute or more happens within a second.
fn patient_with_nothing(world: &World, environment: Environment) -> TunnelConfig {
    let mut config = Rig::config(&world.sim, &world.destination);
    config.environment = environment;
    config.policy.renew_after = None;
    config.policy.sessions = PoolSize::fixed(1);
    config.session.ping_interval = Duration::from_millis(500);
    config.session.ping_patience = Duration::from_millis(500);
    config.session.stall_after = Duration::from_millis(500);
    config.session.jam_after = Duration::from_secs(1);
    config
}

#[tokio::test]
async fn each_of_six_troubles_of_an_afternoon_is_named_in_the_summary() {
    let world = World::start().await;
    let state = world.path("state");
    let traces = Traces::in_folder(&state);
    let soon = Duration::from_millis(500);
    let (afternoon, following) = Afternoon::begin(world, &traces, soon).await;
    let sim = &afternoon.world.sim;
    let faults = sim.faults();
    let reconnects = |count| move |snapshot: &Snapshot| snapshot.reconnects == count;

    pass(HOUR).await;
    faults.close(1000, "Bye");
    afternoon.wait_for(reconnects(1)).await;
    afternoon.well_again().await;

    pass(LATER).await;
    faults.freeze();
    let gone = |snapshot: &Snapshot| !matches!(snapshot.state, State::Up { .. });
    afternoon
        .wait_for(|snapshot| {
            gone(snapshot)
                && (snapshot.last_close.as_ref()).is_some_and(|close| close.code.is_none())
        })
        .await;
    faults.thaw();
    afternoon.wait_for(reconnects(2)).await;
    afternoon.well_again().await;

    pass(LATER).await;
    faults.expire_credentials(true);
    faults.close(1000, "Bye");
    afternoon
        .wait_for(|snapshot| matches!(snapshot.state, State::NeedsSignIn { .. }))
        .await;
    faults.expire_credentials(false);
    afternoon.tunnel.try_now();
    afternoon.well_again().await;

    pass(LATER).await;
    faults.agent_gone();
    afternoon.wait_for(gone).await;
    afternoon
        .wait_for(|snapshot| matches!(snapshot.state, State::Reconnecting { .. }))
        .await;
    faults.agent_back();
    afternoon.tunnel.try_now();
    afternoon.well_again().await;

    pass(LATER).await;
    afternoon.control.sleep();
    faults.black_hole(BlackHole::Swallow, Some(Duration::from_secs(1)));
    pass(Duration::from_millis(10)).await;
    afternoon.control.wake(HOUR);
    afternoon.wait_for(reconnects(4)).await;
    afternoon.well_again().await;

    pass(LATER).await;
    let mut stream = afternoon.connect().await;
    let back = impatient(echo(&mut stream, b"alive")).await.unwrap();
    assert_eq!(back.unwrap(), b"alive");
    let mut stuck = afternoon.connect().await;
    let all = MessageFaults {
        loss: 100.0,
        duplicates: 0.0,
        reordering: 0.0,
    };
    let replacements = afternoon.tunnel.snapshot().borrow().replacements;
    faults.messages(Direction::ToAgent, all);
    stuck.write_all(b"E").await.unwrap();
    afternoon
        .wait_for(|snapshot| snapshot.replacements > replacements)
        .await;
    faults.messages(Direction::ToAgent, MessageFaults::default());
    afternoon.well_again().await;

    assert_eq!(
        afternoon.told(&state, following).await,
        [
            "the hourly close of the gateway",
            "a black hole: no answer came, and nobody closed the connection",
            "an expired login: the credentials had run out",
            "a dead agent: the node no longer answered",
            "this machine slept",
            "a jammed session: messages no longer came through",
        ]
    );
}

/// An agent that is away is told by the gateway; what becomes of the session shows when it is back.
#[tokio::test]
async fn a_dead_agent_is_named_whether_the_session_outlives_it_or_comes_back_jammed() {
    let world = World::start().await;
    let state = world.path("state");
    let traces = Traces::in_folder(&state);
    let patient = Duration::from_secs(600);
    let (afternoon, following) = Afternoon::begin(world, &traces, patient).await;
    let faults = afternoon.world.sim.faults();
    let agent_is_away = |snapshot: &Snapshot| matches!(&snapshot.state, State::Degraded { problem, .. } if problem.code == "agent-away");

    faults.agent_gone();
    afternoon.wait_for(agent_is_away).await;
    faults.agent_back();
    afternoon.well_again().await;

    pass(LATER).await;
    let mut stuck = afternoon.connect().await;
    let back = impatient(echo(&mut stuck, b"alive")).await.unwrap();
    assert_eq!(back.unwrap(), b"alive");
    faults.agent_lost();
    afternoon.wait_for(agent_is_away).await;
    // It is there again, started anew: it does not know the session any more.
    faults.apply(&Action::StartPublication);
    stuck.write_all(b"E").await.unwrap();
    afternoon
        .wait_for(|snapshot| snapshot.replacements == 1)
        .await;
    afternoon.well_again().await;

    let agent = "a dead agent: the node no longer answered";
    assert_eq!(afternoon.told(&state, following).await, [agent, agent]);
}
