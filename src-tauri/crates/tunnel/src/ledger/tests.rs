//! The ledger on a real disk, and what is read from one that a crash has left.

use std::fs;
use std::path::Path;

use aws_access::{Secret, StaticCredentials};
use tempfile::TempDir;

use super::book::{AGE_MOST, claim, ghosts};
use super::*;
use crate::CallBudget;

const NOW: u64 = 1_800_000_000_000;

fn session(name: &str, at: u64) -> Started {
    Started::in_environment(
        name.to_owned(),
        "eu-central-1",
        &AccessSettings::default(),
        at,
        |_| None,
    )
}

/// A session on a service of this machine where nobody listens any more.
fn session_of_a_demo(name: &str, port: u16) -> Started {
    Started {
        endpoint_url: Some(format!("http://127.0.0.1:{port}")),
        in_memory: true,
        ..session(name, crate::unix_ms_now())
    }
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn ids(ghosts: &[Started]) -> Vec<&str> {
    ghosts
        .iter()
        .map(|ghost| ghost.session_id.as_str())
        .collect()
}

/// What a dead process would have left: its file without its lock.
fn leave(folder: &Path, sessions: &[Started]) {
    fs::create_dir_all(folder).unwrap();
    let lines: String = sessions
        .iter()
        .map(|started| {
            serde_json::to_string(&Line::Started(Box::new(started.clone()))).unwrap() + "\n"
        })
        .collect();
    fs::write(folder.join("1-dead-1.jsonl"), lines).unwrap();
}

#[tokio::test]
async fn a_file_is_there_while_a_session_lives_and_no_longer() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("culvert/sessions");
    let ledger = Ledger::open(&folder);
    ledger.settled().await;
    assert!(!folder.exists(), "made for nothing");

    ledger.started(&session("a", NOW));
    ledger.started(&session("b", NOW));
    ledger.ended("a");
    ledger.settled().await;
    let [name] = &names(&folder)[..] else {
        panic!("not one file: {:?}", names(&folder));
    };
    let left = fs::read(folder.join(name)).unwrap();
    assert_eq!(ids(&ghosts(&left, NOW)), ["b"]);

    ledger.ended("b");
    ledger.ended("never started");
    ledger.settled().await;
    assert!(names(&folder).is_empty());

    ledger.started(&session("c", NOW));
    ledger.settled().await;
    assert_eq!(names(&folder).len(), 1);
}

#[tokio::test]
async fn what_is_noted_is_for_its_owner_alone_and_holds_no_credentials() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = TempDir::new().unwrap();
    let folder = home.path().join("sessions");
    let ledger = Ledger::open(&folder);
    let settings = AccessSettings {
        profile: Some("work".to_owned()),
        static_credentials: Some(StaticCredentials {
            access_key_id: "AKIAHIDDEN".to_owned(),
            secret_access_key: Secret::from("hidden-key".to_owned()),
            session_token: Some(Secret::from("hidden-token".to_owned())),
        }),
        ..AccessSettings::default()
    };
    ledger.started(&Started::new("a", "eu-central-1", &settings, NOW));
    ledger.settled().await;
    let file = folder.join(&names(&folder)[0]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&file), 0o600);
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("work"), "{text}");
    assert!(!text.to_ascii_lowercase().contains("hidden"), "{text}");
}

#[tokio::test]
async fn sessions_of_a_process_that_lives_are_left_alone() {
    let home = TempDir::new().unwrap();
    let alive = Ledger::open(home.path());
    alive.started(&session("a", crate::unix_ms_now()));
    alive.settled().await;
    let other = Ledger::open(home.path());
    assert_eq!(
        other
            .sweep(&CallBudget::default(), &AccessSettings::default())
            .await,
        []
    );
    assert_eq!(names(home.path()).len(), 1);
}

#[tokio::test]
async fn what_a_dead_demo_left_is_forgotten_at_once_and_its_file_is_gone() {
    let home = TempDir::new().unwrap();
    // Bound and not listening: refused, and nobody else gets the port.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = nobody.local_addr().unwrap().port();
    leave(home.path(), &[session_of_a_demo("a", port)]);
    let ledger = Ledger::open(home.path());
    let swept = ledger
        .sweep(&CallBudget::default(), &AccessSettings::default())
        .await;
    assert_eq!(swept.len(), 1);
    assert_eq!(swept[0].end, GhostEnd::Forgotten);
    assert!(names(home.path()).is_empty());
}

#[tokio::test]
async fn what_cannot_be_ended_is_left_for_the_next_start_while_others_are_done_with() {
    let home = TempDir::new().unwrap();
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listens = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let left = [
        session_of_a_demo("gone", nobody.local_addr().unwrap().port()),
        session_of_a_demo("there", listens.local_addr().unwrap().port()),
    ];
    leave(home.path(), &left);
    let ledger = Ledger::open(home.path());
    for expected in [2, 1, 1] {
        let swept = ledger
            .sweep(&CallBudget::default(), &AccessSettings::default())
            .await;
        assert_eq!(swept.len(), expected, "{swept:?}");
        let there = swept.iter().find(|ghost| ghost.session_id == "there");
        let Some(GhostEnd::Left(problem)) = there.map(|ghost| &ghost.end) else {
            panic!("ended without keys: {swept:?}");
        };
        assert_eq!(problem.code, "ghost-keys-gone");
    }
}

#[tokio::test]
async fn a_session_that_two_files_of_a_dead_process_name_is_told_and_ended_once() {
    let home = TempDir::new().unwrap();
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = nobody.local_addr().unwrap().port();
    leave(home.path(), &[session_of_a_demo("a", port)]);
    let twice = home.path().join("1-dead-2.jsonl");
    fs::copy(home.path().join("1-dead-1.jsonl"), twice).unwrap();
    let ledger = Ledger::open(home.path());
    assert_eq!(ledger.survey().await.len(), 1);
    let swept = ledger
        .sweep(&CallBudget::default(), &AccessSettings::default())
        .await;
    assert_eq!(swept.len(), 1);
    assert!(names(home.path()).is_empty());
}

#[test]
fn credentials_of_the_environment_count_for_the_sessions_that_were_started_with_them_alone() {
    type Variables<'a> = &'a [(&'a str, &'a str)];
    let variable = |variables: Variables<'_>, name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let started = |profile: Option<&str>, variables: Variables<'_>| {
        let settings = AccessSettings {
            profile: profile.map(str::to_owned),
            ..AccessSettings::default()
        };
        let of = |name: &str| variable(variables, name);
        Started::in_environment("a".to_owned(), "eu-central-1", &settings, NOW, of)
    };
    let one: Variables<'_> = &[("AWS_ACCESS_KEY_ID", "AKIAONE")];
    let other: Variables<'_> = &[("AWS_ACCESS_KEY_ID", "AKIAOTHER")];
    let work: Variables<'_> = &[("AWS_PROFILE", "work")];
    for (session, now, expected) in [
        (started(None, one), one, true),
        (started(None, one), other, false),
        (started(None, one), work, false),
        (started(None, one), &[], false),
        (started(None, &[]), &[], true),
        (started(None, &[]), work, false),
        // A profile has a name, whoever named it.
        (started(None, work), other, true),
        (started(Some("work"), one), other, true),
    ] {
        let found = session.has_its_credentials(|name| variable(now, name));
        assert_eq!(found, expected, "{session:?} {now:?}");
    }
}

#[tokio::test]
async fn no_ledger_keeps_and_sweeps_nothing() {
    let ledger = Ledger::none();
    ledger.started(&session("a", NOW));
    ledger.settled().await;
    assert_eq!(
        ledger
            .sweep(&CallBudget::default(), &AccessSettings::default())
            .await,
        []
    );
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_to_disturbs_nobody_and_gets_all_that_lives_later() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("sessions");
    fs::write(&folder, "a file where the folder should be").unwrap();
    let ledger = Ledger::open(&folder);
    ledger.started(&session("a", NOW));
    ledger.settled().await;
    assert!(folder.is_file());
    fs::remove_file(&folder).unwrap();
    ledger.started(&session("b", NOW + 1));
    ledger.settled().await;
    let left = fs::read(folder.join(&names(&folder)[0])).unwrap();
    assert_eq!(ids(&ghosts(&left, NOW)), ["a", "b"]);
}

#[tokio::test]
async fn a_file_does_not_grow_with_what_is_over() {
    let home = TempDir::new().unwrap();
    let ledger = Ledger::open(home.path());
    ledger.started(&session("stays", NOW));
    for n in 0..200 {
        let name = format!("s-{n}");
        ledger.started(&session(&name, NOW));
        ledger.ended(&name);
        ledger.settled().await;
    }
    let [name] = &names(home.path())[..] else {
        panic!("not one file: {:?}", names(home.path()));
    };
    let left = fs::read(home.path().join(name)).unwrap();
    assert_eq!(ids(&ghosts(&left, NOW)), ["stays"]);
    let lines = left.split(|byte| *byte == b'\n').count();
    assert!(lines < 300, "{lines} lines");
}

#[test]
fn torn_and_foreign_lines_cost_only_themselves() {
    let started =
        |name: &str| serde_json::to_string(&Line::Started(Box::new(session(name, NOW)))).unwrap();
    let whole = format!(
        "{}\n\u{0}\u{0}garbage\n{{\"event\":\"danced\"}}\n{}\n{}",
        started("a"),
        started("b"),
        &started("c")[..20],
    );
    assert_eq!(ids(&ghosts(whole.as_bytes(), NOW)), ["a", "b"]);
}

#[test]
fn what_is_older_than_any_session_can_be_is_forgotten() {
    let home = TempDir::new().unwrap();
    let day = u64::try_from(AGE_MOST.as_millis()).unwrap();
    leave(home.path(), &[session("a", NOW)]);
    assert_eq!(claim(home.path(), "own", NOW + day).len(), 1);
    assert_eq!(claim(home.path(), "own", NOW + day + 1).len(), 0);
    assert!(names(home.path()).is_empty(), "the file stays");
}

#[test]
fn two_sweeps_do_not_get_the_same_file() {
    let home = TempDir::new().unwrap();
    leave(home.path(), &[session("a", NOW)]);
    let first = claim(home.path(), "own", NOW);
    assert_eq!(ids(&first[0].ghosts), ["a"]);
    assert!(claim(home.path(), "other", NOW).is_empty());
}

#[test]
fn a_file_that_never_got_its_name_is_removed() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("1-dead-1.new"), "").unwrap();
    fs::write(home.path().join("notes.txt"), "mine").unwrap();
    assert!(claim(home.path(), "own", NOW).is_empty());
    assert_eq!(names(home.path()), ["notes.txt"]);
}

#[test]
fn the_environments_profile_and_endpoint_are_noted_unless_keys_or_settings_win() {
    let noted = |settings: &AccessSettings, keys: bool| {
        let variable = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" => keys.then(|| "AKIA".to_owned()),
            "AWS_PROFILE" => Some("of-environment".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://environment".to_owned()),
            _ => None,
        };
        Started::in_environment("a".to_owned(), "r", settings, NOW, variable)
    };
    let nothing = AccessSettings::default();
    let started = noted(&nothing, false);
    assert_eq!(started.profile.as_deref(), Some("of-environment"));
    assert_eq!(started.endpoint_url.as_deref(), Some("http://environment"));
    assert_eq!(noted(&nothing, true).profile, None);
    let own = AccessSettings {
        profile: Some("own".to_owned()),
        endpoint_url: Some("http://own".into()),
        ..AccessSettings::default()
    };
    let started = noted(&own, true);
    assert_eq!(started.profile.as_deref(), Some("own"));
    assert_eq!(started.endpoint_url.as_deref(), Some("http://own"));
    let pinned = AccessSettings {
        profile: Some("own".to_owned()),
        ..AccessSettings::default()
    };
    assert_eq!(noted(&pinned, false).endpoint_url, None);
}

#[test]
fn the_endpoints_that_were_set_are_noted_and_found_again() {
    let url = |text| aws_access::EndpointUrl::parse(text).unwrap();
    let endpoints = aws_access::Endpoints {
        urls: [
            (aws_access::Service::Ssm, url("https://ssm.example")),
            (aws_access::Service::Sts, url("https://sts.example")),
        ]
        .into(),
        fips: Some(true),
        dual_stack: None,
    };
    let settings = AccessSettings {
        endpoints: endpoints.clone(),
        ..AccessSettings::default()
    };
    let started = Started::in_environment("a".to_owned(), "r", &settings, NOW, |_| None);
    assert_eq!(started.endpoint_url.as_deref(), Some("https://ssm.example"));
    let text = serde_json::to_string(&started).unwrap();
    let read: Started = serde_json::from_str(&text).unwrap();
    assert_eq!(sweep::endpoints(&read), endpoints);
}

#[tokio::test]
async fn a_survey_tells_the_sessions_of_the_living_from_those_of_the_dead_and_ends_none() {
    let folder = tempfile::tempdir().unwrap();
    let living = Ledger::open(folder.path());
    let settings = AccessSettings::default();
    let started = |id: &str| Started::new(id, "eu-central-1", &settings, crate::unix_ms_now());
    living.started(&started("held"));
    living.settled().await;
    let dead = format!(
        "{{\"event\":\"started\",\"sessionId\":\"left\",\"at\":{},\"region\":\"eu-central-1\"}}\n",
        crate::unix_ms_now()
    );
    fs::write(folder.path().join("1-dead-1.jsonl"), dead).unwrap();
    for _ in 0..2 {
        let mut noted = living.survey().await;
        noted.sort_by(|a, b| a.session.session_id.cmp(&b.session.session_id));
        let told: Vec<_> = noted
            .iter()
            .map(|noted| (noted.session.session_id.as_str(), noted.is_held))
            .collect();
        assert_eq!(told, [("held", true), ("left", false)]);
    }
    assert!(Ledger::none().survey().await.is_empty());
}
