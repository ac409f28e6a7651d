//! What the account allows, what it has set, and what is left open in it.

use ssm_sim::{ApiFault, Operation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_start_names_action_and_resource_and_a_strict_policy_is_not_taken_for_one() {
    let deny = |on: Option<&str>, except: Option<&str>| Deny {
        on: on.map(str::to_owned),
        except: except.map(str::to_owned),
        ..Deny::action("ssm:StartSession")
    };
    let with = async |denied: &[Deny]| {
        let world = World::start().await;
        for deny in denied {
            world.sim.faults().deny(deny.clone());
        }
        examined(&world).await
    };
    let report = with(&[deny(Some(TARGET), None)]).await;
    assert_eq!(report.code, Some(13));
    let arn = format!("arn:aws:ec2:{REGION}:123456789012:instance/{TARGET}");
    report.advises(
        "start-session",
        "failed",
        "access-denied",
        &["ssm:StartSession", &arn],
        &["culvert iam-policy"],
    );
    let details = report.of("start-session")["details"].as_str().unwrap();
    assert!(
        details.contains("is not authorized to perform"),
        "{details}"
    );
    report.all_else_is_fine(&["start-session"]);

    let report = with(&[deny(Some("document/AWS-StartPort"), None)]).await;
    assert_eq!(report.code, Some(13));
    report.advises(
        "start-session",
        "failed",
        "access-denied",
        &["use the document"],
        &["culvert iam-policy"],
    );

    // Only this target and AWS's documents are allowed: all made-up ones are refused.
    let target = Deny {
        on: Some("instance/".to_owned()),
        ..deny(None, Some(TARGET))
    };
    let document = Deny {
        on: Some(":document/".to_owned()),
        ..deny(None, Some("document/AWS-"))
    };
    let report = with(&[target, document]).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.advises(
        "start-session",
        "warning",
        "start-session-unproven",
        &["without starting a session"],
        &["--session"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_actions_on_sessions_are_told_with_what_a_tunnel_loses() {
    for (check, action, loses) in [
        ("resume-session", "ssm:ResumeSession", "hourly close"),
        ("terminate-session", "ssm:TerminateSession", "stay open"),
    ] {
        let world = World::start().await;
        world.sim.faults().deny(Deny::action(action));
        let report = examined(&world).await;
        assert_eq!(report.code, Some(0), "{report:#?}");
        report.advises(
            check,
            "warning",
            "access-denied",
            &[action, loses, "session/person-"],
            &["iam-policy"],
        );
        report.all_else_is_fine(&[check]);

        world.sim.faults().clear();
        world.sim.faults().deny(Deny {
            explicit: true,
            ..Deny::action(action)
        });
        let report = examined(&world).await;
        assert_eq!(report.code, Some(13), "{report:#?}");
        report.advises(
            check,
            "failed",
            "access-denied",
            &[action, loses],
            &["outright"],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_preferences_are_told_with_what_they_mean_and_may_be_hidden() {
    let settings = Settings {
        preferences: Some(Preferences {
            idle_minutes: Some(7),
            most_minutes: Some(90),
        }),
        ..fast()
    };
    let world = World::start_with(settings).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0));
    report.says("preferences", "ok", &["7 min without data", "90 min after"]);

    world.sim.faults().deny(Deny::action("ssm:GetDocument"));
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0));
    report.advises(
        "preferences",
        "warning",
        "access-denied",
        &["ssm:GetDocument", "can do without"],
        &["ssm:GetDocument"],
    );
    report.says("session-key", "skipped", &["not known"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_account_is_said_to_be_for_shells_and_its_denial_fails_no_tunnel() {
    let settings = Settings {
        kms_key_id: Some("0123-4567".to_owned()),
        ..fast()
    };
    let world = World::start_with(settings).await;
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    let words = [
        "0123-4567",
        "shell sessions",
        "do not encrypt port sessions",
    ];
    report.says("preferences", "ok", &words);
    report.says(
        "session-key",
        "ok",
        &["kms:GenerateDataKey", "0123-4567", "works without it"],
    );
    assert_eq!(world.sim.stats().api_calls["GenerateDataKey"], 1);

    world.sim.faults().deny(Deny::action("kms:GenerateDataKey"));
    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.advises(
        "session-key",
        "warning",
        "access-denied",
        &["kms:GenerateDataKey", "0123-4567", "works without it"],
        &["Nothing for this tunnel", "administrator"],
    );
    report.all_else_is_fine(&["session-key"]);

    world.sim.faults().clear();
    for code in [
        "NotFoundException",
        "DisabledException",
        "KMSInvalidStateException",
    ] {
        let refused = ApiFault::Error {
            code: code.to_owned(),
            message: "The key is of no use.".to_owned(),
            status: 400,
        };
        let faults = world.sim.faults();
        faults.fail_api(Operation::GenerateDataKey, refused, None);
        let report = examined(&world).await;
        report.advises(
            "session-key",
            "warning",
            "kms-key-unusable",
            &["0123-4567", "cannot be used", "works without it"],
            &["is enabled"],
        );
        let details = report.of("session-key")["details"].as_str().unwrap();
        assert!(details.contains("The key is of no use."), "{details}");
        report.all_else_is_fine(&["session-key"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_a_crash_left_are_ghosts_and_a_sweep_ends_them_and_no_others() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    let mut killed = Running::start(world.forward(&[]));
    killed.listening().await;
    noted(&world, 1).await;
    killed.stopped_by("KILL").await;
    // Another machine's, under the same name.
    let elsewhere = World::start().await;
    let mut foreign = Running::start(command_at(&elsewhere, &world));
    let address = foreign.listening().await;

    let report = examined(&world).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.advises(
        "ghosts",
        "warning",
        "ghosts",
        &["1 session of ours is open"],
        &["--sweep"],
    );
    assert_eq!(world.living_sessions(), 2, "looking ends nothing");

    let report = reported(doctor(&world, &endpoint, &["--sweep"])).await;
    report.says("ghosts", "ok", &["Ended 1 session", "knows nothing of"]);
    assert_eq!(
        world.living_sessions(),
        1,
        "the other machine's is left alone"
    );
    carries(&address).await;
    assert_eq!(foreign.stopped_by("TERM").await.code, Some(0));

    world
        .sim
        .faults()
        .deny(Deny::action("ssm:DescribeSessions"));
    let report = examined(&world).await;
    report.advises(
        "ghosts",
        "warning",
        "access-denied",
        &["ssm:DescribeSessions"],
        &["ssm:DescribeSessions"],
    );
}

/// Tells everybody that the credentials are a role's under this name of its session.
async fn whose(session_name: &str) -> (String, tokio::task::JoinSet<()>) {
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/Simulated/{session_name}\
         </Arn><UserId>AROASIMULATED:{session_name}</UserId><Account>123456789012</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\nx-amzn-requestid: 1\r\ncontent-type: text/xml\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let (address, server) = test_kit::listen(move |mut tcp| {
        let answer = answer.clone();
        async move {
            let _ = tcp.read(&mut [0; 16 * 1024]).await;
            let _ = tcp.write_all(answer.as_bytes()).await;
            // It waits for its turn.
            let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
        }
    })
    .await;
    (format!("sts=http://{address}"), server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ghost_is_found_by_whoever_has_the_role_under_another_name_by_now() {
    let world = World::start().await;
    let endpoint = world.sim.endpoint_url();
    let (sts, _server) = whose("later").await;
    let at = ["--endpoint", sts.as_str()];
    let mut killed = Running::start(world.forward(&at));
    killed.listening().await;
    noted(&world, 1).await;
    killed.stopped_by("KILL").await;
    // The service lists by the name of whoever has started a session, and that was another.
    let report = reported(doctor(&world, &endpoint, &at)).await;
    report.advises(
        "ghosts",
        "warning",
        "ghosts",
        &["1 session of ours is open"],
        &["--sweep"],
    );
    let report = reported(doctor(&world, &endpoint, &[&at[..], &["--sweep"]].concat())).await;
    report.says("ghosts", "ok", &["Ended 1 session"]);
    assert_eq!(world.living_sessions(), 0);
    let report = reported(doctor(&world, &endpoint, &at)).await;
    report.says("ghosts", "ok", &["None."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_were_left_in_another_region_are_told_and_are_not_said_to_be_open() {
    let world = World::start().await;
    let mut command = world.program();
    command
        .args(["forward", "--target", TARGET, "--region", "eu-west-3"])
        .args(["--remote-port", &world.destination.port().to_string()])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let mut killed = Running::start(command);
    killed.listening().await;
    noted(&world, 1).await;
    killed.stopped_by("KILL").await;
    let elsewhere = World::start().await;
    // The same machine looks at another service, where that session is none.
    let report = reported(doctor(&world, &elsewhere.sim.endpoint_url(), &[])).await;
    report.advises(
        "ghosts",
        "warning",
        "ghosts",
        &["1 session of ours may be open"],
        &["--sweep"],
    );

    let further = ["--sweep"];
    let report = reported(doctor(&world, &elsewhere.sim.endpoint_url(), &further)).await;
    report.says("ghosts", "ok", &["Ended 1 session"]);
    assert_eq!(world.living_sessions(), 0);
}

/// `culvert forward` of another home to the service of this world.
fn command_at(home: &World, service: &World) -> Command {
    let mut command = home.program();
    command
        .args(["forward", "--target", TARGET, "--region", REGION])
        .args(["--remote-port", &service.destination.port().to_string()])
        .args(["--endpoint-url", &service.sim.endpoint_url()]);
    command
}

/// Waits until so many files of sessions are on disk.
async fn noted(world: &World, files: usize) {
    let folder = world.path(".local/state/culvert/sessions");
    crate::support::soon(async {
        loop {
            let found = std::fs::read_dir(&folder).into_iter().flatten();
            let named = found.filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().ends_with(".jsonl")
            });
            if named.count() == files {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_throttled_proves_nothing() {
    let world = World::start().await;
    let throttled = ApiFault::Error {
        code: "ThrottlingException".to_owned(),
        message: "Rate exceeded".to_owned(),
        status: 400,
    };
    let faults = world.sim.faults();
    faults.fail_api(Operation::StartSession, throttled, None);
    let report = examined(&world).await;
    report.advises(
        "start-session",
        "warning",
        "throttled",
        &["too many calls", "stays unknown"],
        &["passes"],
    );
    report.all_else_is_fine(&["start-session"]);
}
