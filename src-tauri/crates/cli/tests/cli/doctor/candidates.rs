//! Targets with several candidates.

use super::*;

const LOST: &str = "i-0aaaaaaaaaaaaaaaa";

fn one_lost() -> Settings {
    Settings {
        targets: vec![Target::offline(LOST)],
        ..fast()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_is_lost_beside_one_that_is_online_is_a_warning() {
    let world = World::start_with(one_lost()).await;
    let endpoint = world.sim.endpoint_url();
    for (first, second) in [(LOST, TARGET), (TARGET, LOST)] {
        let report = reported(doctor_of(first, &world, &endpoint, &["--target", second])).await;
        assert_eq!(report.code, Some(0), "{report:#?}");
        let words = [LOST, TARGET, "is online", "passes over"];
        report.advises(
            "target",
            "warning",
            "target-not-connected",
            &words,
            &["agent is up"],
        );
        report.says("agent", "ok", &["can do all"]);
        report.says("start-session", "ok", &[LOST, TARGET]);
        report.all_else_is_fine(&["target"]);
    }
    let report = reported(doctor_of(
        LOST,
        &world,
        &endpoint,
        &["--target", "name:nobody"],
    ))
    .await;
    assert_eq!(report.code, Some(14), "{report:#?}");
    let words = [LOST, "nobody"];
    report.advises(
        "target",
        "failed",
        "target-not-connected",
        &words,
        &["agent is up"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn permission_is_asked_for_each_candidate_and_counts_where_a_session_can_be_had() {
    let denied = |on: &str| Deny {
        on: Some(on.to_owned()),
        ..Deny::action("ssm:StartSession")
    };
    let world = World::start_with(one_lost()).await;
    let endpoint = world.sim.endpoint_url();
    let both = ["--target", TARGET];
    world.sim.faults().deny(denied(LOST));
    let report = reported(doctor_of(LOST, &world, &endpoint, &both)).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.advises(
        "start-session",
        "warning",
        "access-denied",
        &[LOST, TARGET],
        &["iam-policy"],
    );

    world.sim.faults().clear();
    world.sim.faults().deny(denied(TARGET));
    let report = reported(doctor_of(LOST, &world, &endpoint, &both)).await;
    assert_eq!(report.code, Some(13), "{report:#?}");
    report.advises(
        "start-session",
        "failed",
        "access-denied",
        &[TARGET],
        &["iam-policy"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn more_candidates_than_a_tunnel_tries_are_refused_before_anything_is_asked() {
    let world = World::start().await;
    let many = [["--target", "i-1,i-2,i-3"]; 3].concat();
    for command in ["doctor", "iam-policy"] {
        let mut program = world.program();
        program
            .arg(command)
            .args(&many)
            .args(["--region", REGION])
            .args(["--endpoint-url", &world.sim.endpoint_url()]);
        let ended = run(program).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("at most 8"), "{ended:?}");
    }
    assert!(world.sim.stats().api_calls.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_without_a_statement_is_none_and_says_what_targets_look_like() {
    let world = World::start().await;
    let mut program = world.program();
    program
        .args(["iam-policy", "--target", "garbage", "--region", REGION])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let ended = run(program).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(
        ended.err.contains("ecs:CLUSTER_TASK_RUNTIMEID"),
        "{ended:?}"
    );
    assert!(ended.out.is_empty(), "{ended:?}");
}
