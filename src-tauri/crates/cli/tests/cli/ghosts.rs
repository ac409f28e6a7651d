//! A process that dies leaves its sessions behind; the next one ends them.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use ssm_sim::{Credentials, TerminatedBy};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::json::object;
use crate::support::{REGION, Running, TARGET, World, carries, run, soon};

fn sessions_folder(world: &World) -> PathBuf {
    world.path(".local/state/culvert/sessions")
}

fn files(world: &World) -> usize {
    let Ok(entries) = fs::read_dir(sessions_folder(world)) else {
        return 0;
    };
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".jsonl"))
        .count()
}

/// Lines in all files.
fn noted(world: &World) -> usize {
    let entries = fs::read_dir(sessions_folder(world)).into_iter().flatten();
    let texts = entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap_or_default());
    texts.map(|text| text.lines().count()).sum()
}

/// Waits until there are so many files.
async fn files_are(world: &World, count: usize) {
    soon(async {
        while files(world) != count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until a session, by its place, is ended by TerminateSession.
async fn ended_by_the_api(world: &World, place: usize) {
    soon(world.sim.wait_for(|sessions, _| {
        sessions
            .get(place)
            .is_some_and(|session| session.terminated_by == Some(TerminatedBy::Api))
    }))
    .await;
}

/// Reads what a program with `--json` says until it listens and has ended what was left
/// behind; returns where, and how many.
async fn listening_and_swept(culvert: &mut Running) -> (String, u64) {
    let (mut address, mut ended) = (None, None);
    loop {
        if let (Some(address), Some(ended)) = (&address, ended) {
            return (String::clone(address), ended);
        }
        let line = culvert.line().await.unwrap();
        let line = object(&line);
        match line["event"].as_str() {
            Some("listening") => address = line["address"].as_str().map(str::to_owned),
            Some("swept") => ended = line["ended"].as_u64(),
            _ => {}
        }
    }
}

/// Starts `culvert forward`, waits until it is up, and kills it.
async fn killed(world: &World) {
    let before = files(world);
    let mut culvert = Running::start(world.forward(&[]));
    culvert.listening().await;
    // The session is on disk soon, not at once.
    files_are(world, before + 1).await;
    let ended = culvert.stopped_by("KILL").await;
    assert_eq!(ended.code, None, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_behind_is_ended_by_the_next_and_nothing_else_is() {
    let world = World::start().await;
    killed(&world).await;
    assert_eq!(world.living_sessions(), 1);
    assert_eq!(files(&world), 1);

    let mut second = Running::start(world.forward(&["--json"]));
    let (address, ended) = listening_and_swept(&mut second).await;
    assert_eq!(ended, 1);
    carries(&address).await;
    let sessions = world.sim.sessions();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0].terminated_by, Some(TerminatedBy::Api));
    assert_eq!(sessions[1].terminated_by, None, "its own session is swept");
    assert_eq!(files(&world), 1, "only its own");

    assert_eq!(second.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.living_sessions(), 0);
    assert_eq!(files(&world), 0, "a file is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_in_one_line() {
    let world = World::start().await;
    let mut first = Running::start(world.forward(&["--sessions", "2"]));
    first.listening().await;
    soon(world.sim.wait_for(|sessions, _| {
        sessions.len() == 2 && sessions.iter().all(|session| session.handshake_complete)
    }))
    .await;
    soon(async {
        while noted(&world) < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    first.stopped_by("KILL").await;
    let mut second = world
        .forward(&[])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut err = BufReader::new(second.stderr.take().unwrap()).lines();
    let line = soon(err.next_line()).await.unwrap();
    assert_eq!(
        line.as_deref(),
        Some("culvert: Ended 2 sessions that earlier runs had left behind.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_a_process_that_is_frozen_are_left_alone() {
    let world = World::start().await;
    let mut frozen = Running::start(world.forward(&[]));
    let address = frozen.listening().await;
    // What is dead is swept, so that it can be seen when the sweep is over.
    killed(&world).await;
    frozen.signal("STOP").await;
    let mut second = Running::start(world.forward(&["--json"]));
    let (_, ended) = listening_and_swept(&mut second).await;
    assert_eq!(ended, 1);
    let sessions = world.sim.sessions();
    assert_eq!(sessions[0].terminated_by, None);
    assert_eq!(sessions[1].terminated_by, Some(TerminatedBy::Api));
    assert_eq!(second.stopped_by("TERM").await.code, Some(0));

    frozen.signal("CONT").await;
    carries(&address).await;
    assert_eq!(frozen.stopped_by("TERM").await.code, Some(0));
    assert_eq!(world.living_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ghosts_that_cannot_be_ended_hold_up_no_tunnel_and_are_ended_when_they_can_be() {
    let world = World::start().await;
    killed(&world).await;
    let mut denied = world.forward(&[]);
    // Whoever has no keys can't end it, and fails for that reason alone.
    denied
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    assert_eq!(run(denied).await.code, Some(12));
    assert_eq!(files(&world), 1, "what could not be ended is forgotten");
    assert_eq!(world.living_sessions(), 1);

    let mut third = Running::start(world.forward(&[]));
    third.listening().await;
    ended_by_the_api(&world, 0).await;
    assert_eq!(third.stopped_by("TERM").await.code, Some(0));
    assert_eq!(files(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ghosts_of_a_service_that_is_gone_from_this_machine_are_forgotten() {
    let world = World::start().await;
    let other = World::start().await;
    killed(&other).await;
    // As if the dead process had been this user's.
    let from = sessions_folder(&other);
    let file = fs::read_dir(&from).unwrap().next().unwrap().unwrap();
    fs::create_dir_all(sessions_folder(&world)).unwrap();
    fs::copy(file.path(), sessions_folder(&world).join(file.file_name())).unwrap();
    drop(other);

    let mut culvert = Running::start(world.forward(&[]));
    culvert.listening().await;
    files_are(&world, 1).await;
    let ended = culvert.stopped_by("TERM").await;
    assert!(ended.err.is_empty(), "{ended:?}");
}

/// Who a profile is.
#[derive(Clone, Copy)]
struct Who {
    key: &'static str,
    account: Option<&'static str>,
}

/// The account that the simulated STS tells everybody.
const OF_STS: &str = "123456789012";

/// Lets the profile work be somebody, whom the service knows.
fn work_is(world: &World, who: Who) {
    let Who { key, account } = who;
    let secret = "planted-secret-of-a-profile";
    world.sim.accept(Credentials {
        access_key: key.to_owned(),
        secret_key: secret.to_owned(),
        session_token: None,
    });
    let account = account.map_or_else(String::new, |id| format!("aws_account_id = {id}\n"));
    let config = format!(
        "[profile work]\nregion = {REGION}\naws_access_key_id = {key}\n\
         aws_secret_access_key = {secret}\n{account}"
    );
    fs::create_dir_all(world.path(".aws")).unwrap();
    fs::write(world.path(".aws/config"), config).unwrap();
}

/// What `culvert doctor` says of open sessions.
async fn ghosts(world: &World, further: &[&str]) -> serde_json::Value {
    let mut command = world.program();
    command
        .args(["doctor", "--json", "--target", TARGET, "--profile", "work"])
        .args(["--endpoint-url", &world.sim.endpoint_url()])
        .args(further);
    let ended = run(command).await;
    let lines = ended.out.iter().map(|line| object(line));
    let mut of_check = lines.filter(|line| line["check"] == "ghosts");
    of_check.next().unwrap_or_else(|| panic!("{ended:?}"))
}

/// A session that was started as `then` is left by a crash, and swept as `now`: ended or not.
async fn swept(then: Who, now: Who) -> (World, serde_json::Value) {
    let world = World::start().await;
    work_is(&world, then);
    let mut culvert = Running::start(world.forward(&["--profile", "work"]));
    culvert.listening().await;
    files_are(&world, 1).await;
    culvert.stopped_by("KILL").await;
    work_is(&world, now);
    let told = ghosts(&world, &["--sweep"]).await;
    (world, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_leads_to_another_account_by_now_ends_no_session_of_the_one_before() {
    let of = |key, account| Who { key, account };
    let (one, other) = (Some("111111111111"), Some("222222222222"));
    for (then, now) in [
        (of("AKIAONE", one), of("AKIATWO", other)),
        // Nothing says that they are of one account.
        (of("AKIAONE", None), of("AKIATWO", None)),
        // STS says that they are not.
        (of("AKIAONE", one), of("AKIATWO", None)),
    ] {
        let (world, told) = swept(then, now).await;
        assert_eq!(told["code"], "ghosts-left", "{told:#}");
        let what = told["what"].as_str().unwrap();
        assert!(what.contains("other credentials"), "{told:#}");
        assert_eq!(world.living_sessions(), 1);
        assert_eq!(files(&world), 1, "it is forgotten");
        // As soon as the profile is what it was, it is ended.
        work_is(&world, then);
        let told = ghosts(&world, &["--sweep"]).await;
        assert_eq!(told["verdict"], "ok", "{told:#}");
        assert_eq!(world.living_sessions(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_of_the_same_account_end_what_the_old_ones_have_left() {
    let of = |key, account| Who { key, account };
    for (then, now) in [
        (of("AKIAONE", Some(OF_STS)), of("AKIATWO", Some(OF_STS))),
        (of("AKIAONE", Some(OF_STS)), of("AKIATWO", None)),
        // A key is one account's: it need not be known which.
        (of("AKIAONE", None), of("AKIAONE", None)),
    ] {
        let (world, told) = swept(then, now).await;
        assert_eq!(told["verdict"], "ok", "{told:#}");
        assert_eq!(world.living_sessions(), 0);
        assert_eq!(files(&world), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_another_account_is_not_said_to_be_over_because_this_one_does_not_list_it() {
    let of = |key, account| Who { key, account };
    let world = World::start().await;
    work_is(&world, of("AKIAONE", Some("111111111111")));
    let mut culvert = Running::start(world.forward(&["--profile", "work"]));
    culvert.listening().await;
    files_are(&world, 1).await;
    culvert.stopped_by("KILL").await;
    // The other account's service, which knows nothing of it.
    let other = World::start().await;
    work_is(&other, of("AKIATWO", Some(OF_STS)));
    fs::create_dir_all(sessions_folder(&other)).unwrap();
    let file = fs::read_dir(sessions_folder(&world)).unwrap().next();
    let file = file.unwrap().unwrap();
    let text = fs::read_to_string(file.path()).unwrap();
    let moved = text.replace(&world.sim.endpoint_url(), &other.sim.endpoint_url());
    fs::write(sessions_folder(&other).join(file.file_name()), moved).unwrap();
    let told = ghosts(&other, &[]).await;
    let what = told["what"].as_str().unwrap();
    assert!(what.contains("1 session of ours may be open"), "{told:#}");
}
