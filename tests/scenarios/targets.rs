//! Targets by name and tag: a node that is replaced takes no tunnel with it.

use culvert_tests::{Destination, Rig, is_up};
use ssm_sim::{Settings, Simulator, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tunnel::{Happening, ProblemKind, State, TargetSpec, Tunnel, TunnelEvent};

use crate::transfer::fast;

const OLD: &str = "i-0000000000000000a";
const NEW: &str = "i-0000000000000000b";

/// A service that knows these nodes and no others.
fn with_nodes(targets: Vec<Target>) -> Settings {
    Settings {
        targets,
        unlisted_targets: None,
        ..fast()
    }
}

fn bastion(id: &str) -> Target {
    let node = Target::online(id)
        .with_tag("Role", "bastion")
        .with_tag("Name", "bastion");
    Target {
        agent: fast().unlisted_targets.unwrap_or_default(),
        ..node
    }
}

fn target(text: &str) -> TargetSpec {
    text.parse().unwrap()
}

/// The node to which each session was opened so far.
fn nodes(sim: &Simulator) -> Vec<String> {
    let sessions = sim.sessions().into_iter();
    sessions.map(|session| session.target).collect()
}

async fn carries(rig: &Rig) {
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(b"E\0\0\0\0\0\0\0\x05hello").await.unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bastion_that_is_replaced_does_not_break_the_tunnel() {
    let settings = with_nodes(vec![bastion(OLD)]);
    let rig = Rig::start_with(settings, |config| {
        config.target = target("tag:Role=bastion");
    })
    .await
    .unwrap();
    let mut events = rig.tunnel.events();
    assert_eq!(nodes(&rig.sim), [OLD]);
    let choice = rig.snapshot().target.unwrap();
    assert_eq!(
        (choice.node.as_str(), choice.candidate.as_str()),
        (OLD, "tag:Role=bastion")
    );
    carries(&rig).await;

    // The old one is terminated, and with it its session; the new one has the same tag.
    rig.sim.set_nodes(vec![bastion(NEW)]);
    rig.sim.faults().session_lost();
    let snapshot = rig
        .wait_for(|snapshot| {
            matches!(snapshot.state, State::Up { .. }) && snapshot.replacements == 1
        })
        .await
        .unwrap();
    assert_eq!(snapshot.target.unwrap().node, NEW);
    assert_eq!(nodes(&rig.sim), [OLD, NEW]);
    assert_eq!(
        rig.snapshot().addresses.first(),
        Some(&rig.address.to_string()),
        "the listener stayed"
    );
    carries(&rig).await;

    let told = std::iter::from_fn(|| events.try_recv().ok()).find_map(|event| match event {
        TunnelEvent::Record(record) => match record.what {
            Happening::Target(choice) => Some(choice.what()),
            Happening::State { .. }
            | Happening::Drop(_)
            | Happening::Renewed(_)
            | Happening::Unreached { .. }
            | Happening::TurnedAway(_)
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Carried { .. }
            | Happening::Slept { .. } => None,
        },
        TunnelEvent::State(_)
        | TunnelEvent::Lost { .. }
        | TunnelEvent::Replaced { .. }
        | TunnelEvent::Rested(_)
        | TunnelEvent::Notice(_) => None,
    });
    let sentence = format!(
        "The session goes to {NEW} ({NEW}.internal), the only node online that is \
         tag:Role=bastion."
    );
    assert_eq!(told, Some(sentence));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_whose_bastion_is_away_waits_for_the_next_one() {
    let settings = with_nodes(vec![bastion(OLD)]);
    let rig = Rig::start_with(settings, |config| config.target = target("name:bastion"))
        .await
        .unwrap();
    rig.sim.set_nodes(Vec::new());
    rig.sim.faults().session_lost();
    let away = |snapshot: &tunnel::Snapshot| {
        matches!(&snapshot.state, State::Reconnecting { problem, .. }
            if problem.code == "target-not-found")
    };
    rig.wait_for(away).await.unwrap();
    rig.sim.set_nodes(vec![bastion(NEW)]);
    rig.wait_for(|snapshot| matches!(snapshot.state, State::Up { .. }))
        .await
        .unwrap();
    assert_eq!(rig.snapshot().target.unwrap().node, NEW);
    carries(&rig).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_are_tried_in_their_order_and_the_first_counts_again_next_time() {
    let first = "i-00000000000000001";
    let away = Target::offline(first);
    let settings = with_nodes(vec![away, bastion(OLD), bastion(NEW)]);
    let list = format!("{first}, name:nobody, tag:Role=bastion");
    let rig = Rig::start_with(settings, |config| config.target = target(&list))
        .await
        .unwrap();
    let choice = rig.snapshot().target.unwrap();
    assert_eq!(choice.node, OLD, "the first by id of two");
    assert_eq!(choice.found.unwrap().online, 2);
    let over: Vec<_> = choice
        .passed_over
        .iter()
        .map(|one| (one.candidate.as_str(), one.problem.code.as_str()))
        .collect();
    assert_eq!(
        over,
        [
            (first, "target-not-connected"),
            ("name:nobody", "target-not-found")
        ]
    );
    carries(&rig).await;

    let back = Target {
        id: first.to_owned(),
        ..bastion(first)
    };
    rig.sim.set_nodes(vec![back, bastion(OLD), bastion(NEW)]);
    rig.sim.faults().session_lost();
    rig.wait_for(|snapshot| {
        matches!(snapshot.state, State::Up { .. }) && snapshot.replacements == 1
    })
    .await
    .unwrap();
    let choice = rig.snapshot().target.unwrap();
    assert_eq!((choice.node.as_str(), choice.passed_over.len()), (first, 0));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_finds_no_node_at_its_start_says_so_at_once() {
    let sim = Simulator::start(with_nodes(vec![Target::offline(OLD)]))
        .await
        .unwrap();
    let destination = Destination::start().await.unwrap();
    let mut config = Rig::config(&sim, &destination);
    config.target = target(&format!("{OLD}, tag:Role=bastion"));
    let tunnel = Tunnel::start(config).await.unwrap();
    let problem = is_up(&tunnel).await.unwrap_err();
    assert_eq!(
        (problem.code.as_str(), problem.kind),
        ("no-target", ProblemKind::Target)
    );
    assert_eq!(
        problem.what,
        format!(
            "None of the 2 targets can be used. {OLD}: {OLD} is not connected to Session Manager. \
             tag:Role=bastion: No node that is online has the tag Role=bastion."
        )
    );
    tunnel.stop().await;
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_for_a_node_counts_against_the_budget_of_calls_and_a_resume_looks_for_none() {
    let settings = with_nodes(vec![bastion(OLD)]);
    let rig = Rig::start_with(settings, |config| {
        config.target = target("tag:Role=bastion");
    })
    .await
    .unwrap();
    let calls = |name: &str| {
        rig.sim
            .stats()
            .api_calls
            .get(name)
            .copied()
            .unwrap_or_default()
    };
    assert_eq!(calls("DescribeInstanceInformation"), calls("StartSession"));
    let looked = calls("DescribeInstanceInformation");
    rig.sim.faults().reset();
    rig.wait_for(|snapshot| matches!(snapshot.state, State::Up { .. }) && snapshot.reconnects == 1)
        .await
        .unwrap();
    assert_eq!(calls("DescribeInstanceInformation"), looked);
    assert_eq!(rig.snapshot().target.unwrap().node, OLD);
    rig.stop().await;
}
