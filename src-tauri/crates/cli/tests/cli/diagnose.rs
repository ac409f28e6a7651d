//! `culvert diagnose`: a bundle that can be given to a stranger.

mod unsaved;
mod waiting;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use zip::ZipArchive;

use crate::json::object;
use crate::support::{Ended, REGION, Running, TARGET, World, carries, run, soon};

/// A host behind the target that nobody may hear of.
const HOST: &str = "db.geheimkunde.internal";

/// What else stands in settings and logs.
const OTHERS: [&str; 7] = [
    "geheimkunde",
    "geheimprofil",
    "Geheimprojekt",
    "ninageheim",
    "Geheimgrund-4711",
    "410987654321",
    "10.17.3.42",
];

/// A company's settings, and a log in which much is said in many ways.
async fn company() -> World {
    let world = World::start().await;
    let (endpoint, port) = (world.sim.endpoint_url(), world.destination.port());
    let tunnel = |name: &str, further: &str| {
        format!(
            "[[tunnel]]\nname = '{name}'\ntarget = '{TARGET}'\nregion = '{REGION}'\n\
             endpoint_url = '{endpoint}'\nprofile = 'geheimprofil'\nreason = 'Geheimgrund-4711'\n\
             tags = ['Geheimprojekt']\n{further}\n\n"
        )
    };
    let text = format!(
        "version = 2\n\n{}{}",
        tunnel("Orders", &format!("remote_port = {port}")),
        tunnel(
            "Behind",
            &format!("remote_host = '{HOST}'\nremote_port = {port}")
        ),
    );
    fs::create_dir(world.path("config")).unwrap();
    fs::write(world.path("config/tunnels.toml"), text).unwrap();
    let (key, secret, _) = world.sim.credentials();
    fs::create_dir(world.path(".aws")).unwrap();
    fs::write(
        world.path(".aws/credentials"),
        format!(
            "[geheimprofil]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n\n\
             [other]\naws_access_key_id = AKIAZZZZZZZZZZZZZZZZ\n\
             aws_secret_access_key = planted-secret-key\naws_session_token = planted-session-token\n"
        ),
    )
    .unwrap();
    world
}

fn culvert(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.program();
    command
        .env("CULVERT_CONFIG_DIR", world.path("config"))
        .env("CULVERT_LOG", "info")
        .env("CULVERT_LOG_FILE", world.path("a.log"))
        .env("USER", "ninageheim")
        .current_dir(world.path(""))
        .args(arguments);
    command
}

async fn diagnose(world: &World, further: &[&str]) -> Ended {
    run(culvert(world, &[&["diagnose"], further].concat())).await
}

/// The time as a line of a log has it.
fn now() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}

/// Everything in a zip file: names and texts.
pub(crate) fn unpacked(path: &Path) -> Vec<(String, String)> {
    let mut zip = ZipArchive::new(File::open(path).unwrap()).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().to_owned(), text)
        })
        .collect()
}

fn text_of<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    let found = files.iter().find(|(path, _)| path == name);
    found
        .map(|(_, text)| text.as_str())
        .unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_secret_or_names_anybody_is_in_the_bundle_of_a_real_run() {
    let world = company().await;
    let mut orders = Running::start(culvert(&world, &["forward", "Orders"]));
    let address = orders.listening().await;
    carries(&address).await;
    let resumed = || world.sim.stats().api_calls.get("ResumeSession").copied();
    world.sim.faults().close(1000, "Bye");
    soon(world.sim.wait_for(|_, _| resumed().is_some())).await;
    carries(&address).await;
    assert_eq!(orders.stopped_by("TERM").await.code, Some(0));

    let mut behind = Running::start(culvert(&world, &["forward", "Behind"]));
    // The target can't find that host: it may be reset before one has noticed that it was opened.
    if let Ok(mut open) = TcpStream::connect(behind.listening().await).await {
        let _ = soon(open.read(&mut [0; 1])).await;
    }
    assert_eq!(behind.stopped_by("TERM").await.code, Some(0));

    let mut log = fs::read_to_string(world.path("a.log")).unwrap();
    let at = now();
    log.push_str(&format!(
        "{at}  INFO tunnel: asked for https%3A%2F%2F{HOST}%2F as arn:aws:iam::410987654321:role/x from 10.17.3.42\n\
         eyJob3N0IjoiZGIuZ2VoZWlta3VuZGUuaW50ZXJuYWwifQ== and /home/ninageheim/.ssh\n\
         split db.geheim\n    kunde.internal\n"
    ));
    fs::write(world.path("a.log"), &log).unwrap();

    let ended = diagnose(&world, &["--output", "bundle.zip"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = unpacked(&world.path("bundle.zip"));
    let (_, secret, _) = world.sim.credentials();
    let sessions: Vec<_> = world
        .sim
        .sessions()
        .iter()
        .map(|session| session.id.clone())
        .collect();
    assert!(!sessions.is_empty());
    let secrets = ["planted-", TARGET, HOST, &secret, "ZGIuZ2VoZWlta3VuZGU"];
    let secrets = secrets
        .into_iter()
        .chain(OTHERS)
        .chain(sessions.iter().map(String::as_str));
    for secret in secrets {
        for (name, text) in &files {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(
                !name.contains(secret) && line.is_none(),
                "{secret} in {name}: {line:?}"
            );
        }
        assert!(
            !ended.out.concat().contains(secret),
            "{secret} is shown: {ended:?}"
        );
    }

    // Both programs have ended: what their flight recorders held has been left on the disk.
    let index = text_of(&files, "recordings/index.txt");
    for tunnel in ["Orders", "Behind"] {
        let kept = format!("tunnel {tunnel}, session session-#");
        assert!(
            index
                .lines()
                .any(|line| line.contains(&kept) && line.contains(", kept at ")),
            "{index}"
        );
    }
    assert!(text_of(&files, "recordings/1.json").contains("\"frames\":["));

    // What it is for is still there.
    let summary = text_of(&files, "summary.md");
    for words in [
        "## Orders",
        "a close by the gateway",
        "Close code 1000, reason \"Bye\"",
        "1 drop, ",
    ] {
        assert!(
            summary.contains(words),
            "{words:?} is not in it:\n{summary}"
        );
    }
    assert!(text_of(&files, "history.jsonl").contains("session-#1"));
    assert!(text_of(&files, "tunnels.json").contains("\"region\": \"eu-central-1\""));
    assert!(text_of(&files, "doctor.jsonl").contains("\"check\":\"settings\""));
    assert!(text_of(&files, "dependencies.txt").contains("\ntokio 1."));
    let asked = format!("{at}  INFO tunnel: asked");
    assert!(text_of(&files, "logs/developer.log").contains(&asked));
    let told = ended.out.join("\n");
    assert!(
        told.contains("SHA-256: ") && told.contains("replaced: "),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_it_writes_nothing_and_what_is_there_is_not_overwritten() {
    let world = company().await;
    let look = diagnose(&world, &["--preview", "--no-checks", "--json"]).await;
    assert_eq!(look.code, Some(0), "{look:?}");
    let objects: Vec<_> = look.out.iter().map(|line| object(line)).collect();
    assert!(
        objects.iter().any(|line| line["path"] == "summary.md"),
        "{objects:?}"
    );
    let zips = || {
        let listed = fs::read_dir(world.path("")).unwrap().flatten();
        listed
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "zip"))
            .count()
    };
    assert_eq!(zips(), 0);

    fs::write(world.path("mine.zip"), "mine").unwrap();
    let ended = diagnose(&world, &["--no-checks", "--output", "mine.zip"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("is there already"), "{ended:?}");
    assert_eq!(fs::read_to_string(world.path("mine.zip")).unwrap(), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_collected_is_a_line_in_the_bundle() {
    let world = company().await;
    let state = world.path("state");
    fs::create_dir(&state).unwrap();
    fs::write(state.join("history"), "no folder").unwrap();
    let mut command = culvert(
        &world,
        &["diagnose", "--no-checks", "--output", "bundle.zip"],
    );
    command.env("CULVERT_STATE_DIR", &state);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = unpacked(&world.path("bundle.zip"));
    assert!(
        text_of(&files, "collecting.txt").contains("can't be read"),
        "{files:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_of_one_tunnel_does_not_tell_of_another_by_the_log() {
    let world = company().await;
    let tunnels = fs::read_to_string(world.path("config/tunnels.toml")).unwrap();
    // A word by itself is known for a host by the tunnel's settings alone.
    fs::write(
        world.path("config/tunnels.toml"),
        tunnels.replace(HOST, "kundendb99"),
    )
    .unwrap();
    let at = now();
    fs::write(
        world.path("a.log"),
        format!(
            "{at}  INFO tunnel::environment: kundendb99 does not answer\n\
         {at}  INFO tunnel::driver \"Behind\" s1: theirs\n\
         {at}  INFO tunnel{{name=Behind}}: tunnel::driver: theirs\n\
         {{\"at\":\"{at}\",\"tunnel\":\"Behind\",\"message\":\"theirs\"}}\n\
         {at}  INFO tunnel::driver \"Orders\" s1: ours\n"
        ),
    )
    .unwrap();
    let mut command = culvert(
        &world,
        &[
            "diagnose",
            "Orders",
            "--no-checks",
            "--output",
            "bundle.zip",
        ],
    );
    command.env("CULVERT_LOG_FILE", world.path("a.log"));
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = unpacked(&world.path("bundle.zip"));
    let told: Vec<_> = files
        .iter()
        .filter(|(_, text)| text.contains("does not answer"))
        .collect();
    assert_eq!(told.len(), 1, "{files:?}");
    assert!(!told[0].1.contains("kundendb99"), "{told:?}");
    let log = text_of(&files, "logs/developer.log");
    assert!(
        log.contains("\"Orders\" s1: ours") && !log.contains("theirs"),
        "{log}"
    );
    let collecting = text_of(&files, "collecting.txt");
    let left_out = "3 lines are left out of logs/developer.log: ";
    assert!(collecting.contains(left_out), "{collecting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_told_without_its_host_its_user_and_its_password() {
    let world = company().await;
    let mut command = culvert(
        &world,
        &["diagnose", "--no-checks", "--output", "bundle.zip"],
    );
    command.env(
        "HTTPS_PROXY",
        "http://ann77:planted%40ss52w0rd@proxyhost52:3128",
    );
    command.env("NO_PROXY", "127.0.0.1,intern52,.firma52");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = unpacked(&world.path("bundle.zip"));
    let about = text_of(&files, "about.txt");
    assert!(about.contains("HTTPS_PROXY is set: http://"), "{about}");
    assert!(about.contains(":3128"), "{about}");
    for (name, text) in &files {
        for secret in ["ann77", "ss52w0rd", "proxyhost52", "intern52", "firma52"] {
            assert!(!text.contains(secret), "{secret} in {name}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_while_writing_leaves_no_half_file() {
    let world = company().await;
    for _ in 0..5 {
        let mut writing = Running::start(culvert(
            &world,
            &[
                "diagnose",
                "--no-checks",
                "--json",
                "--output",
                "bundle.zip",
            ],
        ));
        writing
            .line_with(|line| object(line)["stage"] == "writing")
            .await;
        writing.stopped_by("KILL").await;
        let path = world.path("bundle.zip");
        if path.exists() {
            assert!(!unpacked(&path).is_empty());
            fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_interrupts_it_gets_nothing() {
    let world = company().await;
    // A service that takes connections and says nothing keeps the doctor waiting.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let text = fs::read_to_string(world.path("config/tunnels.toml")).unwrap();
    let text = text.replace(&world.sim.endpoint_url(), &endpoint);
    fs::write(world.path("config/tunnels.toml"), text).unwrap();
    let mut checking = Running::start(culvert(
        &world,
        &["diagnose", "--json", "--output", "bundle.zip"],
    ));
    checking
        .line_with(|line| object(line)["stage"] == "checking")
        .await;
    let ended = checking.stopped_by("INT").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("Nothing was written"), "{ended:?}");
    assert!(!world.path("bundle.zip").exists());
}
